/*
 * A run as a report reads it, and what of it becomes the parts of a report. Everything lives in the
 * arena. Contract: tests/cli/report.sh.
 */
#ifndef WS_VIEW_RUN_SOURCE_H
#define WS_VIEW_RUN_SOURCE_H

#include "lab/results.h"
#include "report/report.h"

struct ws_run_source {
    const char *directory;
    struct ws_run_description run;
    struct ws_results results;
    struct ws_arena *arena;
};

/* The number of the arm of that name; the count of arms where there is none. */
size_t ws_source_arm(const struct ws_run_source *source, const char *name);

/* Damaged records are borne: `out` says so, the summary of them is left. Any other status of
 * reading them stays as it is. `err` is not NULL. */
WS_MUST_CHECK enum ws_status ws_source_bear(const struct ws_run_source *source,
                                            enum ws_status status, struct ws_report_run *out,
                                            struct ws_error *err);

/* Headlines that the run has, and the curves of all metrics but shares of origins and histograms,
 * with the values of each seed for headlines of few seeds where records can be read. */
WS_MUST_CHECK enum ws_status ws_source_curves(const struct ws_run_source *source,
                                              struct ws_report_run *out, struct ws_error *err);

/* Profile and theory; nothing where the run can have none, and no profile of damaged records. */
WS_MUST_CHECK enum ws_status ws_source_explained(const struct ws_run_source *source,
                                                 struct ws_report_run *out, struct ws_error *err);

/* From the runs that 'attribute --runs' left in `counterfactuals`. */
WS_MUST_CHECK enum ws_status ws_source_attribution(const struct ws_run_source *source,
                                                   const char *counterfactuals, uint64_t factor,
                                                   struct ws_report_attribution *out,
                                                   struct ws_error *err);

/* The beginning of what models wrote, at a few generations; nothing of data that cannot be read. */
WS_MUST_CHECK enum ws_status ws_source_texts(const struct ws_run_source *source,
                                             struct ws_report_run *out, struct ws_error *err);

/* The summary in words, from curves and profile that are there already. */
WS_MUST_CHECK enum ws_status ws_source_words(const struct ws_run_source *source,
                                             struct ws_report_run *out, struct ws_error *err);

#endif
