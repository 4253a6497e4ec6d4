/*
 * A comparison of runs as JSON: what `wellspring compare --json` prints and the dashboard shows.
 * Contract: tests/cli/compare.sh.
 */
#ifndef WS_VIEW_COMPARISON_JSON_H
#define WS_VIEW_COMPARISON_JSON_H

#include "base/json.h"
#include "lab/run_comparison.h"

/* Rows of metrics that `shown` says yes to. NULL when memory is out; the caller gives it back with
 * json_decref. */
json_t *ws_comparison_json(const struct ws_comparison *comparison,
                           bool (*shown)(void *user, const char *metric), void *user);

/* Why there is no difference between a row and its base, for people. */
void ws_why_not_compared(const struct ws_compared *row, char *out, size_t size);

#endif
