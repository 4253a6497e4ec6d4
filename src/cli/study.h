/*
 * A published experiment that was run, and what came of it: as a table and as JSON.
 */
#ifndef WS_CLI_STUDY_H
#define WS_CLI_STUDY_H

#include "lab/claim_rows.h"

struct study {
    struct ws_reproduction reproduction;
    struct ws_row_result *results; /* (row_count) */
    const char **skipped;          /* (experiment_count): why it was not run; or NULL */
};

/* Rows by what became of them. */
struct study_tally {
    size_t of[WS_ROW_UNVERIFIED + 1]; /* by enum ws_row_status; skipped ones for want of data */
    size_t later;                     /* rows that take longer than was asked for */
};

/* Adds the study's rows. */
void study_count(const struct study *study, enum ws_tier tier, struct study_tally *tally);

/* Every claim with its rows, in lines of at most 100 columns; 80 where the terminal has no more. */
void study_print(const struct study *study, enum ws_tier tier);

/* An object with the rows of all, and how many there are of each status. */
WS_MUST_CHECK enum ws_status studies_print_json(const struct study *studies, size_t count,
                                                enum ws_tier tier, const struct study_tally *tally,
                                                struct ws_error *err);

#endif
