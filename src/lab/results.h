/*
 * Reading a run's metrics back: every record, or as curves over generations and seeds, which the
 * run has summed up (lab/summarise.h).
 *
 * Contract: tests/unit/test_results.c.
 */
#ifndef WS_LAB_RESULTS_H
#define WS_LAB_RESULTS_H

#include "base/buffer.h"
#include "lab/record.h"
#include "lab/run_directory.h"
#include "measure/summary.h"

/* Calls `visit` for every record in (arm, seed, generation) order; its texts are valid during the
 * call only. Stops at the first status that is not WS_OK. WS_NOT_FOUND when the run has no results
 * yet; WS_CORRUPT names the file. */
WS_MUST_CHECK enum ws_status ws_results_visit(
    const char *directory, const struct ws_allocator *allocator,
    enum ws_status (*visit)(void *user, const struct ws_record *record, struct ws_error *err),
    void *user, struct ws_error *err);

/* Chains of a run whose files cannot be read. */
struct ws_lost_chains {
    const char *arm;
    uint64_t first_seed, last_seed;
    const char *why; /* names the file */
};

/* Appends "left out arm 'replace' seed 1-64: <why>". */
void ws_lost_chains_append(const struct ws_lost_chains *lost, struct ws_buffer *out);

/* What is told of a run's records. */
struct ws_results_visitor {
    enum ws_status (*visit)(void *user, const struct ws_record *record, struct ws_error *err);
    /* Chains that are lost are passed over once it was told; NULL: they end the visit. */
    enum ws_status (*lose)(void *user, const struct ws_lost_chains *lost, struct ws_error *err);
    void *user;
};

/* Likewise, and WS_CORRUPT when all chains are lost. */
WS_MUST_CHECK enum ws_status ws_results_visit_whole(const char *directory,
                                                    const struct ws_allocator *allocator,
                                                    const struct ws_results_visitor *visitor,
                                                    struct ws_error *err);

/* One metric of one arm at one generation, over seeds. A seed without a record of a share (of an
 * origin, "mix/...", or of a histogram's bin, "perplexity_histogram/...") has a share of zero. */
struct ws_point {
    uint32_t generation;
    uint64_t n;
    struct ws_summary summary;
};

struct ws_curve {
    const char *arm;
    const char *metric;
    const char *definition;
    size_t point_count;
    struct ws_point *points; /* ascending generations */
};

struct ws_results {
    struct ws_curve *curves; /* arm by arm, in the order in which their metrics first came */
    size_t count;
};

/* WS_NOT_FOUND when the run has no results yet; WS_CORRUPT, WS_UNSUPPORTED. */
WS_MUST_CHECK enum ws_status ws_results_load(const char *directory, struct ws_arena *arena,
                                             struct ws_results *out, struct ws_error *err);

const struct ws_curve *ws_results_find(const struct ws_results *results, const char *arm,
                                       const char *metric); /* NULL when there is none */

/* The median over seeds of the metric's noise floor; NaN where it has none. */
double ws_results_floor(const struct ws_results *results, const char *arm, const char *metric);

#endif
