/*
 * Theory beside measurement: the closed form or bound that is known for a curve of a run, and
 * whether the mean over seeds agrees with it.
 *
 * A form is known of an arm by its policy and the run's settings (measure/closed_form_name.h has
 * the forms and their sources). The test is of four standard errors of the mean, at each
 * generation. Means of numbers with heavy tails, variances after many generations among them, are
 * missed by few seeds, and their standard errors are then too small. Contract:
 * tests/cli/theory.sh.
 */
#ifndef WS_LAB_THEORY_H
#define WS_LAB_THEORY_H

#include "lab/results.h"

struct ws_theory_row {
    const char *arm;
    const char *metric;
    const char *form; /* "gaussian-variance estimator=mle M=100" */
    uint32_t generation;
    size_t seeds;
    double mean, standard_error; /* measured */
    double expected;
    bool is_known; /* false: fewer than two seeds, or no finite mean */
    bool agrees;
};

struct ws_theory {
    struct ws_theory_row *rows;
    size_t count;
};

/* WS_NOT_FOUND when no form is known for any curve of the run: says for which runs there are. */
WS_MUST_CHECK enum ws_status ws_theory_read(const char *directory, struct ws_arena *arena,
                                            struct ws_theory *out, struct ws_error *err);

#endif
