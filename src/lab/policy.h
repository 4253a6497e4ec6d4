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
 *   accumulate                                              pool: all       Gerstgrasser et al. 24
 *   accumulate-subsample                                    pool: 1         Kazdan et al. 2024
 *   augment[:L]           all                     L                         Alemohammad et al. 23,
 *                                                                           Bertrand et al. 2024
 *   window:W              all                               recent: W       Alemohammad et al. 23
 *   recent:W                                                recent: W       replace, of W models
 *   history:X[:A]         A                       1 - X     history: X      Drayson et al. 2025
 *   fresh:X                        X              1 - X                     Alemohammad et al. 23
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
 * before.
 *
 * Behind a policy's name filters may stand, each after a '|': "replace|biased:0.8". They look at
 * what the sources gave for a step, one after the other, and what passes all of them is trained on.
 * The sources keep everything: a pool holds what a filter held back. Step 0 has no filters. Items
 * are looked at one by one, each anew at every step.
 *
 *   name                what it does                                          source
 *   biased:L            output is drawn from the model biased by L            Alemohammad et al. 23
 *                       (`bias` of models/family.h)
 *   oversample:F        F times as much output is made, to choose from
 *   drop-detected:C:F   drops a model's item with probability C, a human
 *                       one with F
 *   confidence:M:H      scores by a simulated detector: U^(1/M) for a model's
 *                       items, 1 - U^(1/H) for human ones, U uniform on
 *                       (0, 1); 1 knows nothing
 *   likelihood          scores by the rank r of an item's likelihood under
 *                       model 0, (r + 1/2) / n, the likeliest highest
 *   drop-above:T        drops what is scored T or more                        hard labels
 *   resample:B:R:S      draws S times as many items as there are, without     Drayson et al. 2025
 *                       replacement, from R of each, by weights (1 - score)^B
 *   keep-surprising:S   keeps the share S that is least likely under the      Gambetta et al. 2024
 *                       latest model
 *   keep-correct:P:Q    keeps an item with probability P where its label is   Feng et al. 2024
 *                       right, with Q where it is wrong, whoever made it
 *                       (`is_right` of data/law.h)
 *   keep-chosen:K:B     puts a model's items together by K, at random, and    Ferbach et al. 2024
 *                       keeps one of each, with probability ~ exp(B reward)
 *   edit:P              draws anew every token of a human text that has       Zhu et al. 2025
 *                       probability P or more under the latest model
 *
 * The reward of a vector is its first coordinate, of a symbol its number over that of all types, of
 * a text its distinct tokens over all. What filters do: lab/filter.h.
 * Contract: tests/unit/test_policy.c, tests/unit/test_filter.c.
 */
#ifndef WS_LAB_POLICY_H
#define WS_LAB_POLICY_H

#include <stdbool.h>

#include "data/human.h"
#include "models/family.h"

#define WS_SHARE_ALL (-1.0) /* every item the source has */

enum ws_filter_kind {
    WS_FILTER_DROP_DETECTED,
    WS_FILTER_CONFIDENCE,
    WS_FILTER_LIKELIHOOD,
    WS_FILTER_DROP_ABOVE,
    WS_FILTER_RESAMPLE,
    WS_FILTER_KEEP_SURPRISING,
    WS_FILTER_KEEP_CORRECT,
    WS_FILTER_KEEP_CHOSEN,
    WS_FILTER_EDIT,
};

/* What a filter needs and does. */
enum {
    WS_FILTER_SCORES = 1,         /* gives items their scores, and removes none */
    WS_FILTER_READS_SCORES = 2,   /* looks at those of a filter before it */
    WS_FILTER_NEEDS_FIRST = 4,    /* the model of step 0 */
    WS_FILTER_NEEDS_DENSITY = 8,  /* how likely a model finds an item */
    WS_FILTER_NEEDS_LABELS = 16,  /* which of the human data's items are right */
    WS_FILTER_NEEDS_EDITOR = 32,  /* a family that edits */
    WS_FILTER_CHANGES_COUNT = 64, /* of items */
};

struct ws_filter {
    enum ws_filter_kind kind;
    const char *name; /* canonical: "drop-detected:0.9:0.05" */
    unsigned traits;  /* of the enumeration above */
    double x[3];      /* its arguments */
};

/* `share` of so many items, to the nearest. */
uint64_t ws_filter_share(double share, uint64_t items);

struct ws_policy {
    const char *name; /* canonical: "keep:0.1|biased:0.8" */
    double original;
    double fresh;
    double previous;
    double generated;
    double history;
    double pool;
    uint32_t recent;   /* outputs; 0: none */
    double weight;     /* of the human items together; 0: every item weighs 1 */
    double bias;       /* lambda; 1: output is the model's own */
    double oversample; /* times as much output as is asked for */
    bool control;
    const struct ws_filter *filters;
    size_t filter_count;
};

/* Whether it draws on outputs of earlier steps. */
bool ws_policy_keeps_outputs(const struct ws_policy *policy);
/* Whether training items are human or a model's, all of these and as they come, so that a training
 * set is a sample of a mixture of known laws in known shares. Items that are drawn from those of
 * several models come from each as chance will have it. */
bool ws_policy_is_of_laws(const struct ws_policy *policy);
/* Whether one of its filters has one of the traits. */
bool ws_policy_filters(const struct ws_policy *policy, unsigned traits);

/* A pure function of the text. WS_INVALID names the policy, what was seen and what was wanted. */
WS_MUST_CHECK enum ws_status ws_policy_parse(const char *text, struct ws_arena *arena,
                                             struct ws_policy *out, struct ws_error *err);

/* Whether models of the family with these settings can be trained by it; WS_INVALID says why not.
 */
WS_MUST_CHECK enum ws_status ws_policy_check(const struct ws_policy *policy,
                                             const struct ws_family_ops *family,
                                             const void *family_settings, struct ws_error *err);
/* Likewise of human data with these settings. */
WS_MUST_CHECK enum ws_status ws_policy_check_data(const struct ws_policy *policy,
                                                  const struct ws_human_settings *data,
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
    uint64_t fresh_used; /* items of the fresh stream that earlier steps took */
    uint64_t gathered;   /* the sum of what is used */
    uint64_t training;   /* items trained on: those, or as many as filters leave of them at most */
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
    uint64_t trained;  /* items trained on, over all steps; where filters leave no sure number, the
                          most it can be */
    uint64_t sampled;  /* items sampled for training */
    uint64_t largest;  /* items of the largest training set */
    uint64_t fresh;    /* items of the fresh stream used */
    uint64_t gathered; /* items that the sources give, over all steps, before filters */
    uint64_t widest;   /* the most of them at a step */
};
WS_MUST_CHECK enum ws_status ws_policy_plan(const struct ws_policy *policy,
                                            const struct ws_growth *growth, uint64_t base,
                                            uint64_t fresh_items, uint32_t generations,
                                            struct ws_policy_totals *out, struct ws_error *err);

/* What a step builds from. */
struct ws_sources {
    const struct ws_deal *deal;
    const struct ws_dataset *previous; /* training set of the step before; NULL when not needed */
    const struct ws_dataset *outputs;  /* of all steps so far, this one's last; for a policy that
                                          keeps none only the last */
    size_t output_count;
};

/* What the sources give for `step`, as planned, before filters and weights. `key`: the arm's policy
 * stream at this step. Nothing is copied but counts, so `out` must not outlive the sources. */
WS_MUST_CHECK enum ws_status ws_policy_build(const struct ws_policy *policy,
                                             const struct ws_step *plan, uint32_t step,
                                             const struct ws_sources *sources,
                                             struct ws_rng_key key, struct ws_arena *arena,
                                             struct ws_dataset *out, struct ws_error *err);

/* Every human item weighs W N / h, every other (1 - W) N / m, for h and m of them among N: W and
 * 1 - W of what all weigh. Of one kind alone, or under a policy that does not weigh, all weigh what
 * they did. */
WS_MUST_CHECK enum ws_status ws_policy_weigh(const struct ws_policy *policy,
                                             const struct ws_dataset *data, struct ws_arena *arena,
                                             struct ws_dataset *out, struct ws_error *err);

#endif
