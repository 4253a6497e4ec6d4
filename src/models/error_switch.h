/*
 * Switching an error source off: what a family offers for it (models/family.h).
 *
 * A loop loses what it loses by three errors (Shumailov et al. 2024): statistical, for samples are
 * finite; of expressivity, for the family does not hold the truth; of approximation, for the fit
 * does not find the best model that there is. The first is off in a loop that fits populations, the
 * laws that items come from, in place of items. The other two are off under other settings, which a
 * family names. Contract: tests/unit/test_attribution.c.
 */
#ifndef WS_MODELS_ERROR_SWITCH_H
#define WS_MODELS_ERROR_SWITCH_H

#include "data/human.h"

struct ws_model;

/* What an item of a training set may come from. */
struct ws_population_part {
    double share;                 /* of the items, above 0; all of them sum to 1 */
    const struct ws_model *model; /* of the same family; NULL: the truth */
};

struct ws_population {
    const struct ws_deal *truth;            /* its law is that of one seed */
    const struct ws_population_part *parts; /* a model may be in several */
    size_t part_count;                      /* >= 1 */
    uint64_t items;         /* what a model gives as the number that it was fitted on */
    struct ws_rng_key init; /* where an iterative fit starts, as of `fit` */
};

/* A setting of an experiment in place of its own. */
struct ws_change {
    const char *name, *value;
};

enum { WS_CHANGES_MOST = 16 };

struct ws_switch {
    bool possible;
    bool is_approximate; /* what is left of the error counts as the others' */
    const char *why;     /* for people: how it is off, or what is missing */
    struct ws_change changes[WS_CHANGES_MOST];
    size_t change_count; /* 0 where it is possible: the error is not made */
};

/* The switch of an error that is not made, and of one that cannot be switched off. `why` is not
 * copied. */
struct ws_switch ws_switch_none(const char *why);
struct ws_switch ws_switch_refuse(const char *why);
/* One more change of a switch; texts are not copied. Asserts that there is room. */
void ws_switch_change(struct ws_switch *out, const char *name, const char *value);

/* The mean of counts under the truth; NaN where the items are no symbols or it is not known. */
double ws_truth_mean_count(const struct ws_deal *truth);

/* Another family that holds a law of vectors: a Gaussian for a Gaussian, a mixture for modes, its
 * fit converged; for others kernels of no width, which are the items themselves. */
WS_MUST_CHECK enum ws_status ws_switch_to_holder(const struct ws_deal *truth,
                                                 struct ws_arena *arena, struct ws_switch *out,
                                                 struct ws_error *err);

/* The operation fit_exactly of families whose fit is a closed form: nothing is approximated. */
WS_MUST_CHECK enum ws_status ws_fit_is_closed_form(const void *settings,
                                                   const struct ws_deal *truth,
                                                   struct ws_arena *arena, struct ws_switch *out,
                                                   struct ws_error *err);

/* A fit of a mixture that iterates as long as this is taken as converged. */
#define WS_CONVERGED_TOLERANCE  "1e-09"
#define WS_CONVERGED_ITERATIONS "10000"

#endif
