/*
 * The collapse profile of a run: what is called collapse by eight published definitions (Schaeffer
 * et al. 2025, arXiv 2503.03150), each by a metric of the run and a stated test.
 *
 * A definition has a short list of metrics that tell, and the first that a run measured is taken. A
 * test looks at each seed: at how its last measured generation differs from its first, for the
 * worse. The verdict is from the interval of 95 % of the median over seeds, which assumes nothing
 * of their distribution (measure/interval.h) and takes 6 seeds; a definition that the run does not
 * measure is said to be so. Contract: tests/unit/test_profile.c.
 */
#ifndef WS_LAB_PROFILE_H
#define WS_LAB_PROFILE_H

#include <stdbool.h>

#include "lab/run_directory.h"
#include "measure/interval.h"

enum { WS_DEFINITIONS = 8 };

struct ws_definition {
    const char *name;  /* "any increase of population risk" */
    const char *wants; /* what a run must have to be measured by it, in words */
};
extern const struct ws_definition ws_definitions[WS_DEFINITIONS];

/* The definition of the scaling law, from 0: its rows are of several arms. */
enum { WS_DEFINITION_SCALING = 3 };

enum ws_verdict {
    WS_VERDICT_SHOWN,     /* the interval lies on the bad side */
    WS_VERDICT_NOT_SHOWN, /* it does not */
    WS_VERDICT_TOO_FEW,   /* seeds or generations */
    WS_VERDICT_NOT_MEASURED,
};
const char *ws_verdict_name(enum ws_verdict verdict);

struct ws_profile_row {
    size_t definition; /* its number, from 0 */
    const char *arm;
    enum ws_verdict verdict;
    const char *metric;     /* NULL where it is not measured */
    const char *test;       /* what is asked of the metric, in words; NULL likewise */
    const char *would_do;   /* too few: what would be enough, else NULL */
    double first, last;     /* medians at the first and the last generation, of the metric or, of a
                               scaling law, its exponent */
    struct ws_interval bad; /* what the test looks at, above 0 where it is bad */
    bool has_since;
    uint32_t since; /* shown: from this generation on, to the last */
    /* Arms that differ in `items` alone have one scaling law, and the same row: that of this arm,
     * the first of them. Of other definitions the arm's own number. */
    size_t group;
};

/* What an arm's rows come to. */
enum ws_stage {
    WS_STAGE_NONE,    /* neither of the next two is shown; by other definitions it may collapse */
    WS_STAGE_EARLY,   /* the tail goes, while the variance stays and the risk is not catastrophic */
    WS_STAGE_LATE,    /* the variance fell to a tenth, or the risk is catastrophic */
    WS_STAGE_UNKNOWN, /* what would tell is not measured, or by too few seeds */
};
const char *ws_stage_name(enum ws_stage stage);

struct ws_profile {
    struct ws_profile_row *rows; /* (arm_count, WS_DEFINITIONS) */
    enum ws_stage *stages;       /* (arm_count) */
    const char **damage; /* (arm_count): why its records cannot be read, some or all, so that
                            nothing of it is measured here; NULL: they can */
    const char **arms;
    size_t arm_count;
    uint32_t first, last; /* generations that are compared */
    struct ws_run_description run;
};

/* WS_NOT_FOUND when the run has no results or one generation alone. */
WS_MUST_CHECK enum ws_status ws_profile_make(const char *directory, struct ws_arena *arena,
                                             struct ws_profile *out, struct ws_error *err);

#endif
