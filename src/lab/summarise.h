/*
 * Summing up a run: its metrics over seeds, from the records of all chains, kept in the run's
 * `summary` for whoever wants a table. Goes through the records generation by generation, so that
 * memory is for one generation of one arm at a time. Contract: tests/unit/test_results.c.
 */
#ifndef WS_LAB_SUMMARISE_H
#define WS_LAB_SUMMARISE_H

#include "lab/results.h"

/* Replaces the summary. Blocks of which `is_damaged` says so (the number of the arm, the block's
 * first seed), and those without files, are left out. */
WS_MUST_CHECK enum ws_status
ws_summary_make(const char *directory, const struct ws_run_description *run,
                const struct ws_allocator *allocator,
                bool (*is_damaged)(void *user, size_t arm, uint64_t first_seed), void *user,
                struct ws_error *err);

/* Whether there is a summary that holds every chain and generation of the run. */
bool ws_summary_is_of(const char *directory, const struct ws_run_description *run);

#endif
