/*
 * MTLD: how many tokens it takes, on average, until the share of distinct ones among them falls to
 * 0.72 (McCarthy and Jarvis 2010). Unlike distinct-n it hardly depends on the length of the text.
 *
 * Forwards from the first token and backwards from the last: a stretch ends, and counts as one
 * factor, as soon as its distinct tokens over its tokens are at or below 0.72. What is left at the
 * end counts as the part (1 - its share) / (1 - 0.72) of one. MTLD is tokens over factors, the mean
 * of both directions. Infinite where no token comes twice. Contract:
 * tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_MTLD_H
#define WS_MEASURE_MTLD_H

#include "data/dataset.h"

enum { WS_MTLD_LEAST = 100 }; /* tokens: the authors' least */

/* Of all items, one after the other. WS_INVALID below WS_MTLD_LEAST tokens. */
WS_MUST_CHECK enum ws_status ws_mtld(const struct ws_payload *text, struct ws_arena *scratch,
                                     double *out, struct ws_error *err);

#endif
