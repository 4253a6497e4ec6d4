/*
 * The rows of claims, measured: what a run's records give, beside what was expected.
 *
 * Contract: tests/unit/test_claim_rows.c, tests/cli/reproduce.sh.
 */
#ifndef WS_LAB_CLAIM_ROWS_H
#define WS_LAB_CLAIM_ROWS_H

#include "lab/reproduction.h"

enum ws_row_status {
    WS_ROW_SKIPPED, /* was not measured: its data are not there, or it takes longer */
    WS_ROW_PASS,
    WS_ROW_FAIL,
    WS_ROW_UNVERIFIED, /* its source is from memory: it decides nothing */
};

struct ws_row_result {
    enum ws_row_status status;
    struct ws_estimate measured;
    struct ws_expected expected;
    struct ws_judgement judgement;
};

const char *ws_row_status_name(enum ws_row_status status); /* "pass" */

/* Fills the results of every row of the experiment that is of `tier` or below; `results` are of
 * all rows of the reproduction. The run in `directory` is complete; `human` are its data. Besides
 * what reading a run gives, WS_INVALID where a closed form cannot be computed. */
WS_MUST_CHECK enum ws_status
ws_claim_rows_measure(const struct ws_reproduction *reproduction, size_t experiment,
                      enum ws_tier tier, const char *directory, const struct ws_human *human,
                      const struct ws_allocator *allocator, struct ws_row_result *results,
                      struct ws_error *err);

#endif
