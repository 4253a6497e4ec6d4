/*
 * Runs side by side: the settings that differ, and metrics at one generation with the difference to
 * a base. Of several runs the base of an arm is the same arm of the first run; of one run alone it
 * is the control of the same variation. A difference is paired by seed where two seeds or more are
 * in both, else it is of two samples (measure/interval.h). Numbers of different definition or
 * sample size have none: they do not compare. Nor do numbers of runs whose texts were cut into
 * other tokens, but for what counts items.
 *
 * Contract: tests/unit/test_run_comparison.c, tests/cli/compare.sh.
 */
#ifndef WS_LAB_RUN_COMPARISON_H
#define WS_LAB_RUN_COMPARISON_H

#include "lab/results.h"
#include "measure/interval.h"

struct ws_seed_value {
    uint64_t seed;
    double value; /* may be NaN */
};

/* One metric of one arm of one run at the generation. */
struct ws_compared {
    const char *metric;
    const char *arm;
    size_t run;
    const char *definition;
    uint64_t n;                   /* sample size, of the first seed */
    const char *tokens;           /* what it counts in, where that are tokens; or "" */
    bool uniform;                 /* all seeds have that definition and n */
    struct ws_seed_value *values; /* (count), ascending seeds */
    size_t count;
    struct ws_interval median;
    double floor; /* median over seeds of another human sample's; NaN where there is none */
    const struct ws_compared *base; /* NULL: it is a base itself, or has none */
    bool paired;
    struct ws_interval difference; /* this less its base; nothing where they do not compare */
};

/* Whether a row may stand beside its base: the same definition, tokens and sample size, in every
 * seed. */
bool ws_compares(const struct ws_compared *row);

/* What a token of the run's texts is, where the metric is of tokens; else "". Numbers of other
 * tokens do not compare. */
const char *ws_compared_tokens(const struct ws_run_description *run, const char *metric);

/* A setting, an input or the compute class that is not the same in all runs. */
struct ws_setting_difference {
    const char *name;
    const char **values; /* (run_count), NULL where a run has no such setting */
};

struct ws_comparison {
    size_t run_count;
    const char *const *directories;
    struct ws_run_description *runs;
    struct ws_setting_difference *settings;
    size_t setting_count;
    uint32_t generation;
    struct ws_compared *rows; /* metric by metric, in each arm by arm, in each run by run */
    size_t row_count;
};

enum { WS_COMPARED_RUNS_MOST = 64 };
#define WS_LAST_GENERATION UINT32_MAX /* the last one that every run has measured */

/* Everything lives in `arena` or is an argument. WS_NOT_FOUND: no run, no metrics yet, or no such
 * generation (then it says which is the
 * last); WS_INVALID: too many runs. */
WS_MUST_CHECK enum ws_status ws_compare_runs(const char *const *directories, size_t run_count,
                                             uint32_t generation, struct ws_arena *arena,
                                             struct ws_comparison *out, struct ws_error *err);

#endif
