/*
 * Perplexity of texts, from what a model scored: over all tokens, by sequence, and how it spreads
 * over sequences.
 *
 * The histogram has eight bins a decade, bin b from 10^(b/8) on; the last one, from 100,000 on, is
 * open. A sequence without a scored token is left out. Contract: tests/unit/test_metric_text.c.
 */
#ifndef WS_MEASURE_PERPLEXITY_H
#define WS_MEASURE_PERPLEXITY_H

#include "models/family.h"

enum { WS_PERPLEXITY_DECADE = 8, WS_PERPLEXITY_BINS = 5 * WS_PERPLEXITY_DECADE + 1 };

struct ws_perplexity {
    uint64_t tokens;
    uint64_t sequences;
    double pooled;  /* exp of the mean negative log probability of a token */
    double mean;    /* over sequences, of the same of each */
    double entropy; /* nats: mean over tokens of the next token's; NaN where one is not known */
    uint64_t bin[WS_PERPLEXITY_BINS]; /* sequences */
};

/* WS_NUMERIC when a score is no number. */
WS_MUST_CHECK enum ws_status ws_perplexity_of(const struct ws_item_score *scores, uint64_t count,
                                              struct ws_perplexity *out, struct ws_error *err);

double ws_perplexity_edge(unsigned bin); /* its lower one */

#endif
