/*
 * Counterfactual experiments: what an experiment would be without one or several of the three
 * errors (models/error_switch.h), in all combinations.
 *
 * A set of errors is a number: bit i says that error i is made. Each set has the experiment itself
 * with other settings; sets that come to the same settings share one. Without the statistical error
 * models are fitted to populations where family and policy allow it; else to `factor` times as many
 * items, and what is left of the error then counts as the others'. Everything that is random is
 * keyed by the seed, so seeds pair the experiments. Contract: tests/unit/test_attribution.c.
 */
#ifndef WS_LAB_COUNTERFACTUAL_H
#define WS_LAB_COUNTERFACTUAL_H

#include "lab/experiment.h"

enum ws_error_source {
    WS_ERROR_STATISTICAL,
    WS_ERROR_EXPRESSIVITY,
    WS_ERROR_APPROXIMATION,
    WS_ERROR_SOURCES,
};

/* "statistical" */
const char *ws_error_source_name(enum ws_error_source source);

enum {
    WS_ERROR_SETS = 1 << WS_ERROR_SOURCES,
    WS_ALL_ERRORS = WS_ERROR_SETS - 1,
    WS_COUNTERFACTUALS_MOST = 2 * WS_ERROR_SETS,
};

struct ws_counterfactual {
    const char *name; /* "statistical,approximation": the errors made; fit for a file */
    unsigned sets;    /* bit s: it is the one of error set s, for its arms */
    struct ws_experiment experiment;
};

struct ws_counterfactuals {
    struct ws_arena arena;              /* holds what is below; experiments have their own */
    const char *how[WS_ERROR_SOURCES];  /* for people: how each is off */
    bool made[WS_ERROR_SOURCES];        /* false: the experiment does not make the error at all */
    bool approximate[WS_ERROR_SOURCES]; /* it is off but for a part that is not known */
    bool on_populations;                /* arms under policies that allow it are fitted to them */
    uint64_t factor;                    /* of the items of other arms; 0: nothing stands for more */
    struct ws_counterfactual all[WS_COUNTERFACTUALS_MOST];
    size_t count; /* >= 1; the first has all errors */
};

/* What of an experiment is looked at: the arms that share the variation of one of them. */
struct ws_subject {
    size_t arm;
    bool alone;     /* that arm and no other */
    uint64_t seeds; /* the first ones */
};

/* The experiment of the subject alone, in which nothing is varied. It has the subject's human data;
 * what else is random is its own where the experiment is varied, for arms' names key it. On failure
 * `out` needs no release. */
WS_MUST_CHECK enum ws_status ws_subject_make(const struct ws_experiment *experiment,
                                             const struct ws_subject *subject,
                                             const struct ws_allocator *allocator,
                                             struct ws_experiment *out, struct ws_error *err);

/* What can be told before any data are open: WS_INVALID where arms differ in more than policies,
 * WS_UNSUPPORTED for a family without switches and a truth that is not known. */
WS_MUST_CHECK enum ws_status ws_counterfactuals_check(const struct ws_experiment *experiment,
                                                      struct ws_error *err);

/* Of an experiment whose arms differ in their policies alone. WS_INVALID where they differ in more,
 * WS_UNSUPPORTED where the truth is not known or an error cannot be switched off: says what is
 * missing. `factor` >= 2. On failure `out` needs no release. */
WS_MUST_CHECK enum ws_status ws_counterfactuals_make(const struct ws_experiment *experiment,
                                                     const struct ws_human *human, uint64_t factor,
                                                     const struct ws_allocator *allocator,
                                                     struct ws_counterfactuals *out,
                                                     struct ws_error *err);
/* Factors that are taken in turn, each STEP times the one before, where none is asked for: the next
 * one as long as what is left of the statistical error shows. */
enum { WS_FACTOR_FIRST = 16, WS_FACTOR_STEP = 4, WS_FACTOR_LAST = 1024 };

/* The same for what was run before: `factor` 0 takes the largest of those factors whose runs are
 * all complete in `directory`, and the first where none has all. */
WS_MUST_CHECK enum ws_status ws_counterfactuals_find(const struct ws_experiment *experiment,
                                                     const struct ws_human *human, uint64_t factor,
                                                     const char *directory,
                                                     const struct ws_allocator *allocator,
                                                     struct ws_counterfactuals *out,
                                                     struct ws_error *err);
/* How many times as many items stand for a population under this policy; 0 where models are fitted
 * to one. */
uint64_t ws_counterfactuals_factor(const struct ws_counterfactuals *counterfactuals,
                                   const struct ws_policy *policy);
void ws_counterfactuals_release(struct ws_counterfactuals *counterfactuals);

#endif
