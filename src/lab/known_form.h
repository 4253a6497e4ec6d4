/*
 * Which closed forms, bounds and limits are known for a curve: by the arm's policy, its settings
 * and the metric.
 *
 * The forms themselves, with what they hold for, are measure/closed_form.h and
 * measure/loop_moments.h. One is known only where it holds as it stands: fits to samples,
 * policies without filters but `biased`, and what else its row says. Contract:
 * tests/unit/test_theory.c, tests/cli/theory.sh.
 */
#ifndef WS_LAB_KNOWN_FORM_H
#define WS_LAB_KNOWN_FORM_H

#include "lab/run_directory.h"
#include "measure/loop_moments.h"

enum ws_form_kind {
    WS_FORM_EXACT,    /* the mean is that */
    WS_FORM_ABOUT,    /* as it was published or derived, to leading order */
    WS_FORM_AT_LEAST, /* a lower bound */
    WS_FORM_AT_MOST,  /* an upper bound */
    WS_FORM_LIMIT,    /* where it goes in the end */
};
const char *ws_form_kind_name(enum ws_form_kind kind); /* "exact", "about", "at-least", ... */

/* How widely chains differ, by theory, where it is known: it decides how many are needed. */
enum ws_form_spread {
    WS_SPREAD_MEASURED,      /* as the chains of the run do */
    WS_SPREAD_VARIANCE,      /* of a Gaussian under replace */
    WS_SPREAD_DEVIATION,     /* likewise */
    WS_SPREAD_MEAN_ERROR,    /* likewise */
    WS_SPREAD_NORMAL_SQUARE, /* the square of a centred normal vector, at least */
    WS_SPREAD_RISK,          /* of a regression on random inputs */
    WS_SPREAD_CHANCE,        /* of 1, or of 0 */
    WS_SPREAD_TYPES,         /* the share of `dimension` equally likely types that are there, or
                                lost, at most */
    WS_SPREAD_POISSON,       /* of the mean of counts under replace */
    WS_SPREAD_ENDING,        /* from 0 to 1, and 0 for ever once it is 0 */
};

struct ws_known_form {
    const char *form;   /* "gaussian-variance estimator=mle M=100", for ws_form_parse */
    const char *source; /* who says so */
    enum ws_form_kind kind;
    bool of_median;   /* it is of the median over chains, else of the mean */
    double factor;    /* of the form's value */
    double left_out;  /* by what share of itself it may be off */
    bool stands;      /* the same at every generation: a control's */
    uint32_t ahead;   /* the form's n at generation g is g + ahead; where it stands, `ahead` */
    bool of_original; /* its counts are of each chain's original data */
    enum ws_form_spread spread;
    double dimension; /* what `spread` depends on, and the next two */
    struct ws_growing items;
    bool mle;
};

/* Variance over chains by the mean's square, after n fits, of a mean that is `expected`; 0 where
 * it is only measured. */
double ws_known_form_spread(const struct ws_known_form *known, uint64_t n, double expected);

enum { WS_KNOWN_FORMS_MOST = 8 };

/* Those of a metric of an arm of the run; their texts live in `arena`. WS_CORRUPT where the run
 * says what no run can. */
WS_MUST_CHECK enum ws_status ws_known_forms(const struct ws_run_description *run,
                                            const struct ws_run_arm *arm, const char *metric,
                                            struct ws_arena *arena,
                                            struct ws_known_form out[WS_KNOWN_FORMS_MOST],
                                            size_t *count, struct ws_error *err);

#endif
