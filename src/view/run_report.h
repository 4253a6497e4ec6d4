/*
 * The report of runs: reads what they have stored, says in words what was lost and what kept it,
 * and makes one HTML file of it (report/report.h).
 *
 * A run that cannot be read, of another version say, is left out when another can; the file names
 * it. Contract: tests/cli/report.sh, tests/browser/.
 */
#ifndef WS_VIEW_RUN_REPORT_H
#define WS_VIEW_RUN_REPORT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

enum { WS_REPORT_RUNS_MOST = 1000 };

struct ws_run_report_settings {
    const char *title;           /* NULL: the runs' own */
    const char *counterfactuals; /* the directory that 'attribute --runs' made of the only run;
                                    NULL: no attribution */
    uint64_t factor;             /* as of 'attribute --factor'; 0: its default */
};

/* A run that is not in the report; its texts live in the arena. */
struct ws_run_report_skipped {
    const char *directory, *why;
};

struct ws_run_report_outcome {
    size_t shown;
    const struct ws_run_report_skipped *skipped;
    size_t skipped_count;
};

/* Appends the file to `out`. `settings` and `outcome` may be NULL; what the outcome names lives in
 * `arena`, which the rest of the work uses too. WS_INVALID: no run or too many; else, when none
 * can be read, what is wrong with the first: WS_NOT_FOUND (no run, or no results yet), WS_CORRUPT,
 * WS_UNSUPPORTED. */
WS_MUST_CHECK enum ws_status ws_run_report(const char *const *directories, size_t count,
                                           const struct ws_run_report_settings *settings,
                                           struct ws_arena *arena, struct ws_buffer *out,
                                           struct ws_run_report_outcome *outcome,
                                           struct ws_error *err);

#endif
