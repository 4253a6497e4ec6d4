/*
 * A run in one look: a table of the family's headline metrics, first generation against last, with
 * a sparkline and the spread over seeds; or the same as JSON.
 */
#ifndef WS_CLI_OVERVIEW_H
#define WS_CLI_OVERVIEW_H

#include "lab/results.h"
#include "lab/shortage.h"

/* On stdout, at most 100 columns: on a narrower terminal with fewer metrics. Nothing for a run that
 * has none of its family's. */
void print_overview(const struct ws_run_description *run, const struct ws_results *results);

/* What was not measured, and why, with the least that would do, on stdout; nothing where all was.
 */
void print_shortages(const struct ws_shortage *shortages, size_t count, size_t arm_count);

/* Every metric of every arm at its first and last generation, and what was not measured, one JSON
 * object on stdout. */
WS_MUST_CHECK enum ws_status print_overview_json(const char *directory,
                                                 const struct ws_run_description *run,
                                                 const struct ws_results *results,
                                                 const struct ws_shortage *shortages, size_t count,
                                                 struct ws_error *err);

#endif
