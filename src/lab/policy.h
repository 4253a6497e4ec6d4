/*
 * Data policies: the rule that builds the training set of each step from the sources.
 *
 * A policy is data, not code: how many items each source gives, in units of the step's size. Every
 * policy of the literature is a row of these parameters with a name. Step 0 always trains on the
 * original data (a control on human items). Items of one source are drawn uniformly without
 * replacement; parts of a step are rounded so that they sum to its size (largest remainder).
 *
 *   name                  original fresh previous generated kept outputs    source
 *   replace                                       1                         Shumailov et al. 2024
 *   keep:X                X                       1 - X                     Shumailov et al. 2024
 *   mix:A:B:C             C              B        A                         the same, general form
 *   accumulate                                              pool: all       Gerstgrasser et al.
 * 2024 accumulate-subsample                                    pool: 1         Kazdan et al. 2024
 *   augment               all                     1                         Alemohammad et al. 2023
 *   window:W              all                               recent: W       Alemohammad et al. 2023
 *   recent:W                                                recent: W       replace, of W models
 *   history:X[:A]         A                       1 - X     history: X      Drayson et al. 2025
 *   fresh:X                        X              1 - X                     Alemohammad et al. 2023
 *   weighted:W[:K]                 1              1 / K     weight: W       He et al. 2025
 *   golden-ratio[:K]               1              1 / K     weight: w*(K)   He et al. 2025
 *   naive[:K]                      1              1 / K                     He et al. 2025
 *   control               (human items only, the base number, at every step)
 *
 * `previous` are items of the training set of the step before, with the origins they had there.
 * `pool` is the original data and every output so far; each step adds one output of its size.
 * `recent` are the latest W outputs whole, each of its step's size. `history` is the original data
 * and every output but the latest. A weight W is that of all human items together, the model's
 * weigh 1 - W; K, human over generated items, is 1 unless it is given, and w*(K) = (sqrt(K^2 + 4 K)
 * - K) / 2 is the best one for a mean that is estimated from n fresh items and n / K of the model
 * before. Contract: tests/unit/test_policy.c.
 */
#ifndef WS_LAB_POLICY_H
#define WS_LAB_POLICY_H

#include <stdbool.h>

#include "data/human.h"
#include "models/family.h"

#define WS_SHARE_ALL (-1.0) /* every item the source has */

struct ws_policy {
    const char *name; /* canonical: "keep:0.1" */
    double original;
    double fresh;
    double previous;
    double generated;
    double history;
    double pool;
    uint32_t recent; /* outputs; 0: none */
    double weight;   /* of the human items together; 0: every item weighs 1 */
    bool control;
};

/* Whether it draws on outputs of earlier steps. */
bool ws_policy_keeps_outputs(const struct ws_policy *policy);

/* A pure function of the text. WS_INVALID names the policy, what was seen and what was wanted. */
WS_MUST_CHECK enum ws_status ws_policy_parse(const char *text, struct ws_arena *arena,
                                             struct ws_policy *out, struct ws_error *err);

/* Whether models of the family can be trained by it; WS_INVALID says why not. */
WS_MUST_CHECK enum ws_status ws_policy_check(const struct ws_policy *policy,
                                             const struct ws_family_ops *family,
                                             struct ws_error *err);

/* The size of step g, from the base size n: constant n; linear:R n (1 + R g); power:E n (g + 1)^E;
 * geometric:R n R^g; rounded to the nearest item. */
struct ws_growth {
    enum ws_growth_law {
        WS_GROWTH_CONSTANT,
        WS_GROWTH_LINEAR,
        WS_GROWTH_POWER,
        WS_GROWTH_GEOMETRIC
    } law;
    double rate;
};

WS_MUST_CHECK enum ws_status ws_growth_parse(const char *text, struct ws_growth *out,
                                             struct ws_error *err);

/* How many items each source gives at a step, and how many the latest model must make for it. */
struct ws_step {
    uint64_t original;
    uint64_t fresh;
    uint64_t previous;
    uint64_t generated;  /* used directly */
    uint64_t history;    /* drawn from the original data and earlier outputs */
    uint64_t recent;     /* of the latest outputs */
    uint64_t pool;       /* drawn from the pool; all of it when equal to pool_items */
    uint64_t human;      /* control */
    uint64_t output;     /* items to sample from the latest model before this step */
    uint64_t pool_items; /* original items and those of all kept outputs, this step's included */
    uint64_t training;   /* the sum: items trained on */
};

/* Plans `step` from its predecessor (NULL for step 0). WS_INVALID when a source cannot give what
 * the policy asks, for instance more original items than there are. */
WS_MUST_CHECK enum ws_status ws_policy_step(const struct ws_policy *policy,
                                            const struct ws_growth *growth, uint64_t base,
                                            uint32_t step, const struct ws_step *before,
                                            struct ws_step *out, struct ws_error *err);

/* Plans all steps: whether the policy can be carried out for `generations` steps with a fresh
 * stream of `fresh_items`, and what it costs. */
#define WS_FRESH_ENDLESS UINT64_MAX /* a generator's stream */
struct ws_policy_totals {
    uint64_t trained; /* items trained on, over all steps */
    uint64_t sampled; /* items sampled for training */
    uint64_t largest; /* items of the largest training set */
    uint64_t fresh;   /* items of the fresh stream used */
};
WS_MUST_CHECK enum ws_status ws_policy_plan(const struct ws_policy *policy,
                                            const struct ws_growth *growth, uint64_t base,
                                            uint64_t fresh_items, uint32_t generations,
                                            struct ws_policy_totals *out, struct ws_error *err);

/* What a step builds from. */
struct ws_sources {
    const struct ws_deal *deal;
    uint64_t fresh_used;               /* items of the fresh stream that earlier steps took */
    const struct ws_dataset *previous; /* training set of the step before; NULL when not needed */
    const struct ws_dataset *outputs;  /* of all steps so far, this one's last; for a policy that
                                          keeps none only the last */
    size_t output_count;
};

/* The training set of `step` as planned. `key`: the arm's policy stream at this step. Nothing is
 * copied but counts, so `out` must not outlive the sources. */
WS_MUST_CHECK enum ws_status ws_policy_build(const struct ws_policy *policy,
                                             const struct ws_step *plan, uint32_t step,
                                             const struct ws_sources *sources,
                                             struct ws_rng_key key, struct ws_arena *arena,
                                             struct ws_dataset *out, struct ws_error *err);

#endif
