/*
 * What a run could not measure, because its samples were too small: which metrics, in which arms,
 * and the least that would have done. Found by the metrics that are there beside those that are
 * not (measure/metric_need.h), so that nothing is missing without a word.
 *
 * Contract: tests/unit/test_shortage.c.
 */
#ifndef WS_LAB_SHORTAGE_H
#define WS_LAB_SHORTAGE_H

#include "lab/results.h"

struct ws_shortage {
    const char **metrics; /* (metric_count); none: the noise floor of all */
    size_t metric_count;
    const char *wanted; /* "tokens in a sample" */
    uint64_t least;     /* of what is wanted; 0: it is not known in numbers */
    double seen;        /* NaN: it is not known. Where it differs, of the first arm at `from` */
    uint32_t from;      /* the first generation, in any arm */
    const char **arms;  /* (arm_count) that lack them at some generation */
    size_t arm_count;
};

/* In the order of metrics. Texts live in `arena` or are the run's. */
WS_MUST_CHECK enum ws_status ws_shortages_of(const struct ws_run_description *run,
                                             const struct ws_results *results,
                                             struct ws_arena *arena, struct ws_shortage **out,
                                             size_t *count, struct ws_error *err);

#endif
