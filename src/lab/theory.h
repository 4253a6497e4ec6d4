/*
 * Theory beside measurement: the closed forms, bounds and limits that are known for the curves of a
 * run (lab/known_form.h), at every measured generation, and whether what was measured over seeds
 * agrees.
 *
 * The test is of four standard errors; of so many more where few seeds estimate them that the same
 * is as rare (Student). An exact form must lie within them, a bound must not lie beyond. Chains
 * under replace soon differ so widely that a few seeds carry the mean, and a sample without these
 * has a small standard error about a wrong mean: where theory says how widely they differ, the
 * standard error is at least that, and where four of them are more than the mean itself there are
 * too few seeds, which is said with how many would do. A bound on a median is held against the
 * quantiles of 0.1 and 0.9, beyond which the true median lies as rarely with 25 seeds. A limit is
 * held against the last generation alone.
 *
 * The one place that knows: `wellspring theory`, exports and figures show these rows. Contract:
 * tests/unit/test_theory.c, tests/cli/theory.sh.
 */
#ifndef WS_LAB_THEORY_H
#define WS_LAB_THEORY_H

#include "lab/known_form.h"
#include "lab/results.h"

enum ws_theory_verdict {
    WS_THEORY_AGREES,
    WS_THEORY_DIFFERS,
    WS_THEORY_REACHED,     /* a limit, within the errors */
    WS_THEORY_NOT_REACHED, /* a limit, and this is the last generation */
    WS_THEORY_NOT_YET,     /* a limit, and this is not */
    WS_THEORY_TOO_FEW,     /* seeds */
    WS_THEORY_NO_MEAN,     /* what was measured is infinite, or nothing */
};
const char *ws_theory_verdict_name(enum ws_theory_verdict verdict); /* "too few seeds" */

struct ws_theory_row {
    const char *arm;
    const char *metric;
    const char *form; /* "gaussian-variance estimator=mle M=100" */
    const char *source;
    enum ws_form_kind kind;
    bool of_median;
    uint32_t generation;
    size_t seeds;
    double measured;       /* mean over seeds, or median */
    double standard_error; /* of the mean: the larger of the seeds' and theory's; NaN of a median */
    double expected;
    double allowed; /* how far they may be apart */
    enum ws_theory_verdict verdict;
    double seeds_wanted; /* so many would do, infinite where no number does; where there are too
                            few, else 0 */
};

struct ws_theory {
    struct ws_theory_row *rows; /* form by form, in the order of the curves */
    size_t count;
    const char *left_out; /* why some forms are missing; NULL where none is */
};

/* A run of whose curves no form is known has no rows. What ws_run_read and ws_results_load give. */
WS_MUST_CHECK enum ws_status ws_theory_read(const char *directory, struct ws_arena *arena,
                                            struct ws_theory *out, struct ws_error *err);

/* Fills in what the row says of what was measured; `point` is the last of its curve or not, and
 * form, kind and expected are there. `n` are the fits behind it. */
void ws_theory_judge(const struct ws_known_form *known, uint64_t n, const struct ws_point *point,
                     bool is_last, struct ws_theory_row *row);

/* How many standard errors that `count` values told are exceeded as rarely as `errors` true ones
 * are: Student's quantile (Wallace 1959, inverted). count >= 2. */
double ws_theory_errors(double errors, size_t count);

#endif
