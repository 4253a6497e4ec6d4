#include "lab/known_form.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "data/truth.h"
#include "lab/policy.h"

/* Arms -----------------------------------------------------------------------------------------
 */

/* What fits from the second one on are of. */
enum regime {
    CONTROL = 1, /* human items alone, always so many */
    REPLACE = 2, /* as many of the latest model's */
    FRESH = 4,   /* some of the latest model's, weighted or biased, and fresh human ones, or none */
    KEPT = 8,    /* some of the latest model's, and original ones */
    ACCUMULATE = 16, /* everything */
    SUBSAMPLE = 32,  /* a part of everything */
    OTHER = 0,
};

struct arm {
    const struct ws_run_description *run;
    const struct ws_run_arm *description;
    enum regime regime;
    struct ws_policy policy;
    uint64_t items; /* of the first fit */
    struct ws_growth growth;
    uint64_t human, model; /* of the others, under FRESH and KEPT */
    double weight;         /* of the human ones together */
};

static const char *setting(const struct arm *arm, const char *name)
{
    const struct ws_run_arm *own = arm->description;
    for (size_t i = 0; i < own->varied_count; i++)
        if (strcmp(own->varied[i].name, name) == 0)
            return own->varied[i].value;
    const char *value = ws_run_setting(arm->run, name);
    return value ? value : "";
}

static double number(const struct arm *arm, const char *name)
{
    double value;
    return ws_real_parse(setting(arm, name), &value) ? value : NAN;
}

static enum regime regime_of(const struct ws_policy *policy, const struct ws_step *step,
                             uint64_t items)
{
    bool human = step->original + step->fresh > 0;
    if (policy->filter_count > 0 || policy->oversample != 1)
        return OTHER;
    if (policy->control)
        return CONTROL;
    if (policy->pool != 0 && policy->bias == 1 && step->pool == step->gathered)
        return policy->pool == WS_SHARE_ALL ? ACCUMULATE : SUBSAMPLE;
    if (step->original + step->fresh + step->generated != step->gathered || step->gathered < 2)
        return OTHER;
    if (!human && step->generated == items && policy->bias == 1)
        return REPLACE;
    if (step->original > 0)
        return step->fresh > 0 ? OTHER : KEPT;
    return FRESH;
}

/* As many items as a corpus has: no form of one asks how many. */
enum { WHOLE_CORPUS = 1000 };

static enum ws_status read_arm(struct arm *arm, struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_growth constant = {WS_GROWTH_CONSTANT, 0};
    struct ws_step first, second;
    if (!ws_whole_parse(setting(arm, "items"), &arm->items))
        return WS_OK;
    if (arm->items == 0)
        arm->items = WHOLE_CORPUS;
    enum ws_status status = ws_growth_parse(setting(arm, "growth"), &arm->growth, err);
    if (status == WS_OK)
        status = ws_policy_parse(arm->description->policy, arena, &arm->policy, err);
    if (status == WS_OK)
        status = ws_policy_step(&arm->policy, &constant, arm->items, 0, NULL, &first, err);
    if (status == WS_OK)
        status = ws_policy_step(&arm->policy, &constant, arm->items, 1, &first, &second, err);
    if (status != WS_OK)
        return status == WS_INVALID ? WS_CORRUPT : status;
    arm->regime = regime_of(&arm->policy, &second, arm->items);
    arm->human = second.original + second.fresh;
    arm->model = second.generated;
    arm->weight = arm->policy.weight > 0 ? arm->policy.weight
                                         : (double)arm->human / (double)(arm->human + arm->model);
    return WS_OK;
}

/* Rows ----------------------------------------------------------------------------------------- */

/* What is wanted of an arm besides what `wants` says. */
enum {
    ENOUGH = 1,      /* of a regression: more items than inputs + 1 */
    TRUE_ITEMS = 2,  /* of a regression: a model's items are as the truth's, but for its weights */
    SAME_SAMPLE = 4, /* metrics look at a sample as large as the training set */
    UNWEIGHTED = 8,  /* items all weigh the same */
    WEIGHTED = 16,
    UNBIASED_OUTPUT = 32, /* the latest model's items are its own */
    BIASED_OUTPUT = 64,
    MIXED = 128,     /* both human items and the model's */
    FEW_ITEMS = 256, /* few enough for a Wright-Fisher chain */
    GROWS = 512,     /* samples grow; where it is not asked for they must not */
};

struct row {
    const char *family, *source, *metric;
    unsigned regimes;
    enum ws_form_kind kind;
    const char *form;        /* {NAME} stands for a setting, or for what write_value knows */
    const char *by;          /* who says so */
    const char *times[2];    /* settings that the form's value is multiplied by */
    const char *over;        /* the setting that it is divided by */
    const char *wants[3][2]; /* settings that must be so */
    unsigned needs;          /* of the enumeration above */
    enum ws_form_spread spread;
    uint32_t ahead; /* fits, or resamplings, that generation 0 has behind it; 0 is for 1 */
    bool of_median;
    bool left_out; /* a share of about 1 / items, or inputs / items */
    bool of_original;
};

#define DERIVED      "derived"
#define SURESH       "Suresh et al. 2024, arXiv 2412.17646"
#define FRESH_LOOP   "derived for the loop of Alemohammad et al. 2023, arXiv 2307.01850; many items"
#define GERSTGRASSER "Gerstgrasser et al. 2024, arXiv 2404.01413"
#define PLAIN(design)                                                                              \
    {                                                                                              \
        {"design", design}, {"ridge", "0"},                                                        \
        {                                                                                          \
            "sample_noise", "known"                                                                \
        }                                                                                          \
    }
#define FIXED_PLAIN PLAIN("fixed")
#define NEW_INPUTS  PLAIN("fresh")
#define NO_MORE     .needs = 0 /* compilers ask for one member more */
#define LOOP_FORM                                                                                  \
    "estimator={estimator} M={items} human={human} model={model} weight={weight} "                 \
    "bias={bias}"

#define GROWTH     "M={items} linear={linear} power={power} geometric={geometric}"
#define DEY_DONOHO "Dey and Donoho 2024, arXiv 2410.22812; many items"
#define NAT        "Shumailov et al. 2024, Nature 631"

/* clang-format off */
/* Of least squares; `left` as left_out. */
#define OF_INPUTS "d={inputs} M={items}"
#define RISK(metric_, over_, regimes, kind, form, by, wants_, also, left)                          \
    {"regression", "linear", metric_, regimes, kind, form, by,                                     \
     .times = {"noise_variance"}, .over = over_, .wants = wants_,                                  \
     .needs = ENOUGH | TRUE_ITEMS | (also), .spread = WS_SPREAD_RISK, .left_out = left}
#define ANY_INPUTS {{"ridge", "0"}, {"sample_noise", "known"}}
#define LEAST_SQUARES(metric, over)                                                                \
    RISK(metric, over, CONTROL | REPLACE, WS_FORM_EXACT, "regression-replace " OF_INPUTS,          \
         "Dohmatob et al. 2024, arXiv 2402.07712", ANY_INPUTS, 0, false),                          \
    RISK(metric, over, REPLACE, WS_FORM_EXACT, "growing-regression d={inputs} " GROWTH,            \
         DERIVED, NEW_INPUTS, GROWS, false),                                                       \
    RISK(metric, over, ACCUMULATE, WS_FORM_EXACT, "regression-accumulate " OF_INPUTS,              \
         GERSTGRASSER, FIXED_PLAIN, 0, false),                                                     \
    RISK(metric, over, ACCUMULATE, WS_FORM_AT_MOST, "regression-accumulate-limit " OF_INPUTS,      \
         GERSTGRASSER, FIXED_PLAIN, 0, false),                                                     \
    RISK(metric, over, ACCUMULATE, WS_FORM_LIMIT, "regression-accumulate-limit " OF_INPUTS,        \
         GERSTGRASSER, FIXED_PLAIN, 0, false),                                                     \
    RISK(metric, over, SUBSAMPLE, WS_FORM_ABOUT, "regression-subsample " OF_INPUTS,                \
         DEY_DONOHO, FIXED_PLAIN, 0, true),                                                        \
    RISK(metric, over, SUBSAMPLE, WS_FORM_LIMIT, "regression-subsample-limit " OF_INPUTS,          \
         DEY_DONOHO, FIXED_PLAIN, 0, true)

static const struct row rows[] = {
    /* One Gaussian on normal data: every coordinate is a chain of one dimension. */
    {"gaussian", "normal", "variance_ratio", CONTROL | REPLACE, WS_FORM_EXACT,
     "gaussian-variance estimator={estimator} M={items}", DERIVED,
     .spread = WS_SPREAD_VARIANCE},
    {"gaussian", "normal", "deviation_ratio", CONTROL | REPLACE, WS_FORM_EXACT,
     "gaussian-deviation estimator={estimator} M={items}",
     "Bertrand et al. 2024, arXiv 2310.00429; mle: derived",
     .wants = {{"dimension", "1"}}, .spread = WS_SPREAD_DEVIATION},
    {"gaussian", "normal", "log_variance", CONTROL | REPLACE, WS_FORM_EXACT,
     "gaussian-log-variance estimator={estimator} M={items}", DERIVED,
     .wants = {{"dimension", "1"}}},
    {"gaussian", "normal", "mean_error_squared", CONTROL | REPLACE, WS_FORM_EXACT,
     "gaussian-mean-error estimator={estimator} M={items}", DERIVED,
     .times = {"variance", "dimension"}, .spread = WS_SPREAD_MEAN_ERROR},
    /* Theorem 3.1 of Shumailov et al. 2024 says of it that it grows without end, and has no number;
     * with the divisor n it goes to 2. */
    {"gaussian", "normal", "w2_squared", CONTROL | REPLACE, WS_FORM_EXACT,
     "gaussian-w2-squared estimator={estimator} M={items}", DERIVED,
     .times = {"variance"}, .wants = {{"dimension", "1"}}, .spread = WS_SPREAD_MEAN_ERROR},
    {"gaussian", "normal", "w2_squared", REPLACE, WS_FORM_ABOUT,
     "gaussian-w2-leading M={items}", "Shumailov et al. 2023, arXiv 2305.17493; not verified",
     .times = {"variance"}, .wants = {{"dimension", "1"}, {"estimator", "unbiased"}},
     .spread = WS_SPREAD_MEAN_ERROR},
    {"gaussian", "normal", "variance_ratio", REPLACE, WS_FORM_AT_MOST,
     "gaussian-median-bound M={items}", SURESH ", theorem 3",
     .wants = {{"dimension", "1"}}, .of_median = true},
    {"gaussian", "normal", "variance_ratio", REPLACE, WS_FORM_AT_MOST,
     "gaussian-median-bound-c4 M={items}", "Bertrand et al. 2024, arXiv 2310.00429",
     .wants = {{"dimension", "1"}}, .of_median = true},
    {"gaussian", "normal", "mean_error_squared", REPLACE, WS_FORM_LIMIT,
     "gaussian-mean-error-limit", DERIVED,
     .times = {"variance", "dimension"}, .wants = {{"estimator", "mle"}},
     .spread = WS_SPREAD_MEAN_ERROR},
    {"gaussian", "normal", "w2_squared", REPLACE, WS_FORM_LIMIT,
     "gaussian-w2-limit", DERIVED,
     .times = {"variance"}, .wants = {{"dimension", "1"}, {"estimator", "mle"}},
     .spread = WS_SPREAD_MEAN_ERROR},

    /* The same on samples that grow. With the unbiased estimator the variance of an item is the
     * published 1 + sum of 1/M_i: the mean's error and the variance, which stays. */
    {"gaussian", "normal", "variance_ratio", REPLACE, WS_FORM_EXACT,
     "growing-variance estimator={estimator} " GROWTH, DERIVED,
     .needs = GROWS, .spread = WS_SPREAD_VARIANCE},
    {"gaussian", "normal", "deviation_ratio", REPLACE, WS_FORM_EXACT,
     "growing-deviation estimator={estimator} " GROWTH, DERIVED,
     .wants = {{"dimension", "1"}}, .needs = GROWS, .spread = WS_SPREAD_DEVIATION},
    {"gaussian", "normal", "log_variance", REPLACE, WS_FORM_EXACT,
     "growing-log-variance estimator={estimator} " GROWTH, DERIVED,
     .wants = {{"dimension", "1"}}, .needs = GROWS},
    {"gaussian", "normal", "mean_error_squared", REPLACE, WS_FORM_EXACT,
     "growing-mean-error estimator={estimator} " GROWTH, DERIVED,
     .times = {"variance", "dimension"}, .needs = GROWS, .spread = WS_SPREAD_MEAN_ERROR},
    {"gaussian", "normal", "w2_squared", REPLACE, WS_FORM_EXACT,
     "growing-w2-squared estimator={estimator} " GROWTH, DERIVED,
     .times = {"variance"}, .wants = {{"dimension", "1"}}, .needs = GROWS,
     .spread = WS_SPREAD_MEAN_ERROR},
    {"gaussian", "normal", "w2_squared", REPLACE, WS_FORM_ABOUT,
     "growing-w2-leading estimator={estimator} " GROWTH,
     "Shumailov et al. 2023, arXiv 2305.17493; not verified",
     .times = {"variance"}, .wants = {{"dimension", "1"}, {"estimator", "unbiased"}},
     .needs = GROWS, .spread = WS_SPREAD_MEAN_ERROR},

    {"gaussian", "normal", "variance_ratio", FRESH, WS_FORM_EXACT,
     "fresh-loop-variance " LOOP_FORM, DERIVED, NO_MORE},
    {"gaussian", "normal", "mean_error_squared", FRESH, WS_FORM_EXACT,
     "fresh-loop-mean-error " LOOP_FORM, DERIVED,
     .times = {"variance", "dimension"}, .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "mean_error_squared", FRESH, WS_FORM_LIMIT,
     "fresh-mean-error p={weight} M={trained}", FRESH_LOOP,
     .times = {"variance", "dimension"}, .needs = MIXED | UNWEIGHTED | UNBIASED_OUTPUT,
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "mean_error_squared", FRESH, WS_FORM_LIMIT,
     "weighted-mean-error weight={weight} human={human} model={model}",
     "He et al. 2025, arXiv 2502.18049",
     .times = {"variance", "dimension"}, .needs = MIXED | WEIGHTED | UNBIASED_OUTPUT,
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "variance_ratio", FRESH, WS_FORM_LIMIT,
     "biased-variance p={weight} bias={bias}", FRESH_LOOP,
     .needs = MIXED | UNWEIGHTED | BIASED_OUTPUT},
    {"gaussian", "normal", "variance_ratio", KEPT, WS_FORM_EXACT,
     "kept-loop-variance " LOOP_FORM, DERIVED, NO_MORE},
    {"gaussian", "normal", "mean_error_squared", KEPT, WS_FORM_EXACT,
     "kept-loop-mean-error " LOOP_FORM, DERIVED,
     .times = {"variance", "dimension"}, .spread = WS_SPREAD_NORMAL_SQUARE},

    {"gaussian", "normal", "variance_ratio", ACCUMULATE, WS_FORM_EXACT,
     "accumulate-variance M={items}", "Kazdan et al. 2024, arXiv 2410.16713",
     .wants = {{"estimator", "mle"}}},
    {"gaussian", "normal", "mean_error_squared", ACCUMULATE, WS_FORM_EXACT,
     "accumulate-mean-error M={items}", "Kazdan et al. 2024, arXiv 2410.16713",
     .times = {"variance", "dimension"}, .wants = {{"estimator", "mle"}},
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "variance_ratio", ACCUMULATE, WS_FORM_LIMIT,
     "accumulate-variance-limit M={items}", "Kazdan et al. 2024, arXiv 2410.16713",
     .wants = {{"estimator", "mle"}}},
    {"gaussian", "normal", "mean_error_squared", ACCUMULATE, WS_FORM_LIMIT,
     "accumulate-mean-error-limit M={items}", "Kazdan et al. 2024, arXiv 2410.16713",
     .times = {"variance", "dimension"}, .wants = {{"estimator", "mle"}},
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "variance_ratio", ACCUMULATE, WS_FORM_EXACT,
     "accumulate-variance-unbiased M={items}", DERIVED, .wants = {{"estimator", "unbiased"}}},
    {"gaussian", "normal", "mean_error_squared", ACCUMULATE, WS_FORM_EXACT,
     "accumulate-mean-error-unbiased M={items}", DERIVED,
     .times = {"variance", "dimension"}, .wants = {{"estimator", "unbiased"}},
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "mean_error_squared", SUBSAMPLE, WS_FORM_ABOUT,
     "subsample-growth", DEY_DONOHO,
     .times = {"variance", "dimension"}, .over = "items", .left_out = true,
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"gaussian", "normal", "mean_error_squared", SUBSAMPLE, WS_FORM_LIMIT,
     "subsample-growth-limit", DEY_DONOHO,
     .times = {"variance", "dimension"}, .over = "items", .left_out = true,
     .spread = WS_SPREAD_NORMAL_SQUARE},

    /* Symbols. */
    {"discrete", "uniform|zipf", "heterozygosity", CONTROL | REPLACE, WS_FORM_EXACT,
     "heterozygosity start={start} M={items}", DERIVED, .spread = WS_SPREAD_ENDING},
    {"discrete", "uniform|zipf", "heterozygosity", REPLACE, WS_FORM_EXACT,
     "growing-heterozygosity start={start} " GROWTH, DERIVED,
     .needs = GROWS, .spread = WS_SPREAD_ENDING},
    {"discrete", "uniform|zipf", "heterozygosity", FRESH, WS_FORM_EXACT,
     "fresh-loop-heterozygosity start={start} M={items} human={human} model={model}", DERIVED,
     .needs = UNWEIGHTED | UNBIASED_OUTPUT},
    {"discrete", "uniform|zipf", "heterozygosity", KEPT, WS_FORM_EXACT,
     "kept-loop-heterozygosity start={start} M={items} human={human} model={model}", DERIVED,
     .needs = UNWEIGHTED | UNBIASED_OUTPUT},
    {"discrete", "uniform|zipf", "heterozygosity", ACCUMULATE, WS_FORM_EXACT,
     "accumulate-heterozygosity start={start} M={items}", DERIVED, NO_MORE},
    {"discrete", "uniform|zipf", "heterozygosity", ACCUMULATE, WS_FORM_LIMIT,
     "accumulate-heterozygosity-limit start={start} M={items}", DERIVED, NO_MORE},
    {"discrete", "uniform", "types", CONTROL | REPLACE, WS_FORM_EXACT,
     "survival p={each} M={items}", DERIVED,
     .times = {"types"}, .needs = SAME_SAMPLE | FEW_ITEMS, .spread = WS_SPREAD_TYPES, .ahead = 2},
    {"discrete", "uniform", "types", CONTROL | REPLACE, WS_FORM_AT_LEAST,
     "survival-least p={each} M={items}", SURESH ", theorem 1",
     .times = {"types"}, .needs = SAME_SAMPLE, .spread = WS_SPREAD_TYPES, .ahead = 2},
    {"discrete", "uniform", "types", CONTROL | REPLACE, WS_FORM_AT_MOST,
     "survival-most p={each} M={items}", SURESH ", theorem 1",
     .times = {"types"}, .needs = SAME_SAMPLE, .spread = WS_SPREAD_TYPES, .ahead = 2},
    {"discrete", "uniform", "mass_lost_truth", CONTROL | REPLACE, WS_FORM_EXACT,
     "lost p={each} M={items}", DERIVED,
     .needs = SAME_SAMPLE | FEW_ITEMS, .spread = WS_SPREAD_TYPES, .ahead = 2},
    {"discrete", "zipf", "types", CONTROL | REPLACE, WS_FORM_AT_LEAST,
     "zipf-types-least K={types} exponent={exponent} shift={shift} M={items}",
     SURESH ", corollary 1", .needs = SAME_SAMPLE, .ahead = 2},
    {"discrete", "zipf", "types", CONTROL | REPLACE, WS_FORM_AT_MOST,
     "zipf-types-most K={types} exponent={exponent} shift={shift} M={items}",
     SURESH ", corollary 1", .needs = SAME_SAMPLE, .ahead = 2},
    {"discrete", "uniform|zipf|words", "types", REPLACE, WS_FORM_LIMIT,
     "types-limit", NAT, NO_MORE},

    /* Words. Of text whose next word depends on the one before the bounds are not proved. */
    {"discrete", "words", "support_kept", REPLACE, WS_FORM_AT_LEAST,
     "vocabulary-least", SURESH ", corollary 1", .needs = SAME_SAMPLE, .of_original = true},
    {"discrete", "words", "support_kept", REPLACE, WS_FORM_AT_MOST,
     "vocabulary-most", SURESH ", corollary 1", .needs = SAME_SAMPLE, .of_original = true},
    {"ngram", "text", "support_kept", REPLACE, WS_FORM_AT_LEAST,
     "vocabulary-least", "Suresh et al. 2024, corollary 1 put to n-grams; not proved",
     .wants = {{"sampling", "mle"}}, .needs = SAME_SAMPLE, .of_original = true},
    {"ngram", "text", "support_kept", REPLACE, WS_FORM_AT_MOST,
     "vocabulary-most", "Suresh et al. 2024, corollary 1 put to n-grams; not proved",
     .wants = {{"sampling", "mle"}}, .needs = SAME_SAMPLE, .of_original = true},

    /* Means of counts. */
    {"bernoulli", "bernoulli", "alive", CONTROL | REPLACE, WS_FORM_EXACT,
     "survival p={probability} M={items}", DERIVED,
     .needs = FEW_ITEMS, .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "alive", CONTROL | REPLACE, WS_FORM_AT_LEAST,
     "survival-least p={probability} M={items}", SURESH ", theorem 1",
     .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "alive", CONTROL | REPLACE, WS_FORM_AT_MOST,
     "survival-most p={probability} M={items}", SURESH ", theorem 1",
     .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "alive", REPLACE, WS_FORM_LIMIT,
     "survival-limit p={probability}", NAT, .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "both_alive", CONTROL | REPLACE, WS_FORM_EXACT,
     "both p={probability} M={items}", DERIVED,
     .needs = FEW_ITEMS, .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "both_alive", CONTROL | REPLACE, WS_FORM_AT_LEAST,
     "both-least p={probability} M={items}", "Seddik et al. 2024, arXiv 2404.05090",
     .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "both_alive", CONTROL | REPLACE, WS_FORM_AT_MOST,
     "both-most p={probability} M={items}", "Seddik et al. 2024, arXiv 2404.05090",
     .spread = WS_SPREAD_CHANCE},
    {"bernoulli", "bernoulli", "count_mean", CONTROL | REPLACE, WS_FORM_EXACT,
     "bernoulli-mean p={probability}", DERIVED, .spread = WS_SPREAD_CHANCE},
    {"poisson", "poisson", "count_mean", CONTROL | REPLACE, WS_FORM_EXACT,
     "poisson-mean lambda={rate}", DERIVED, .spread = WS_SPREAD_POISSON},
    {"poisson", "poisson", "alive", CONTROL | REPLACE, WS_FORM_EXACT,
     "poisson-alive lambda={rate} M={items}", SURESH ", theorem 2", .spread = WS_SPREAD_CHANCE},

    /* Least squares. Over new inputs the risk is the weights' error times the inputs' variance. */
    LEAST_SQUARES("excess_risk", NULL),
    LEAST_SQUARES("weight_error_squared", "input_variance"),
    {"regression", "linear", "design_risk", REPLACE, WS_FORM_EXACT,
     "design-replace d={inputs} M={items}", DERIVED,
     .times = {"noise_variance"}, .wants = FIXED_PLAIN, .needs = ENOUGH | TRUE_ITEMS,
     .spread = WS_SPREAD_NORMAL_SQUARE},
    {"regression", "linear", "design_risk", ACCUMULATE, WS_FORM_EXACT,
     "design-accumulate d={inputs} M={items}", DERIVED,
     .times = {"noise_variance"}, .wants = FIXED_PLAIN, .needs = ENOUGH | TRUE_ITEMS,
     .spread = WS_SPREAD_NORMAL_SQUARE},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *ws_form_kind_name(enum ws_form_kind kind)
{
    static const char *const names[] = {"exact", "about", "at-least", "at-most", "limit"};
    return names[kind];
}

/* Whether `name` is one of those that '|' separates in `names`. */
static bool is_one_of(const char *name, const char *names)
{
    const size_t size = strlen(name);
    for (const char *next = names; next; next = strchr(next, '|')) {
        next += *next == '|';
        if (strncmp(next, name, size) == 0 && (next[size] == '\0' || next[size] == '|'))
            return size > 0;
    }
    return false;
}

/* Whether a Wright-Fisher matrix and its product for each generation take seconds at most. */
static bool is_small_chain(const struct arm *arm)
{
    const double items = (double)arm->items;
    return items <= 4096 && items * items * (double)arm->run->generations <= 4e9;
}

/* A control has always as many items. */
static bool grows(const struct arm *arm)
{
    return arm->growth.law != WS_GROWTH_CONSTANT && arm->regime != CONTROL;
}

/* A control has none of a model's. */
static bool has_true_items(const struct arm *arm)
{
    const bool fresh = strcmp(setting(arm, "design"), "fresh") == 0;
    if (arm->regime == CONTROL)
        return true;
    return number(arm, "known_variance") == number(arm, "noise_variance") &&
           (!fresh || number(arm, "design_variance") == number(arm, "input_variance"));
}

static bool has_what_is_needed(const struct arm *arm, unsigned needs)
{
    const double inputs = number(arm, "inputs"), sample = number(arm, "metric_items");
    const bool lacks[] = {
        (needs & ENOUGH) && !((double)arm->items > inputs + 1),
        (needs & TRUE_ITEMS) && !has_true_items(arm),
        (needs & SAME_SAMPLE) && sample != 0 && sample != (double)arm->items,
        (needs & UNWEIGHTED) && arm->policy.weight > 0,
        (needs & WEIGHTED) && !(arm->policy.weight > 0),
        (needs & UNBIASED_OUTPUT) && arm->policy.bias != 1,
        (needs & BIASED_OUTPUT) && arm->policy.bias == 1,
        (needs & MIXED) && (arm->human == 0 || arm->model == 0),
        (needs & FEW_ITEMS) && !is_small_chain(arm),
        ((needs & GROWS) != 0) != grows(arm),
    };
    for (size_t i = 0; i < COUNT(lacks); i++)
        if (lacks[i])
            return false;
    return true;
}

static bool holds(const struct row *row, const struct arm *arm, const char *metric)
{
    bool so = strcmp(row->metric, metric) == 0 && strcmp(row->family, arm->run->family) == 0 &&
              (row->regimes & arm->regime) && is_one_of(setting(arm, "source"), row->source);
    for (size_t i = 0; so && i < COUNT(row->wants) && row->wants[i][0]; i++)
        so = strcmp(setting(arm, row->wants[i][0]), row->wants[i][1]) == 0;
    /* The counts are of data that all arms share. */
    so = so && !(row->of_original && arm->description->varied_count > 0);
    return so && has_what_is_needed(arm, row->needs);
}

/* Their texts -----------------------------------------------------------------------------------
 */

/* 1 - sum p^2 of the truth. */
static enum ws_status true_heterozygosity(const struct arm *arm, struct ws_arena *arena,
                                          double *out, struct ws_error *err)
{
    const bool uniform = strcmp(setting(arm, "source"), "uniform") == 0;
    const uint32_t types = (uint32_t)number(arm, "types");
    struct ws_truth truth;
    WS_TRY(ws_truth_init(&truth, types, uniform ? 0 : number(arm, "exponent"),
                         uniform ? 1 : 1 + number(arm, "shift"), arena, err));
    *out = 1;
    for (uint32_t i = 0; i < types; i++)
        *out -= ws_truth_of(&truth, i) * ws_truth_of(&truth, i);
    return WS_OK;
}

static struct ws_growing growing_of(const struct arm *arm)
{
    const enum ws_growth_law law = arm->growth.law;
    const double rate = arm->growth.rate;
    return (struct ws_growing){
        .first = arm->items,
        .linear = law == WS_GROWTH_LINEAR ? rate : 0,
        .power = law == WS_GROWTH_POWER ? rate : 0,
        .geometric = law == WS_GROWTH_GEOMETRIC ? rate : 1,
    };
}

/* What {NAME} stands for. Of numbers that are computed ten digits are kept: more than runs tell. */
static enum ws_status write_value(const struct arm *arm, const char *name, struct ws_arena *arena,
                                  struct ws_buffer *out, struct ws_error *err)
{
    double value;
    if (strcmp(name, "human") == 0)
        value = (double)arm->human;
    else if (strcmp(name, "model") == 0)
        value = (double)arm->model;
    else if (strcmp(name, "trained") == 0)
        value = (double)(arm->human + arm->model);
    else if (strcmp(name, "weight") == 0)
        value = arm->weight;
    else if (strcmp(name, "bias") == 0)
        value = arm->policy.bias;
    else if (strcmp(name, "linear") == 0)
        value = growing_of(arm).linear;
    else if (strcmp(name, "power") == 0)
        value = growing_of(arm).power;
    else if (strcmp(name, "geometric") == 0)
        value = growing_of(arm).geometric;
    else if (strcmp(name, "each") == 0)
        value = 1 / number(arm, "types");
    else if (strcmp(name, "start") == 0)
        WS_TRY(true_heterozygosity(arm, arena, &value, err));
    else {
        ws_buffer_text(out, setting(arm, name));
        return WS_OK;
    }
    ws_buffer_format(out, "%.10g", value);
    return WS_OK;
}

static enum ws_status write_form(const struct arm *arm, const char *pattern, struct ws_arena *arena,
                                 struct ws_buffer *out, struct ws_error *err)
{
    while (*pattern) {
        const size_t plain = strcspn(pattern, "{");
        ws_buffer_append(out, pattern, plain);
        pattern += plain;
        if (*pattern == '\0')
            break;
        char name[32] = "";
        const size_t size = strcspn(++pattern, "}");
        memcpy(name, pattern, size < sizeof name ? size : sizeof name - 1);
        WS_TRY(write_value(arm, name, arena, out, err));
        pattern += size + 1;
    }
    return ws_buffer_check(out, "the theory", err);
}

static enum ws_status make_form(const struct row *row, const struct arm *arm,
                                struct ws_arena *arena, struct ws_known_form *out,
                                struct ws_error *err)
{
    const bool control = arm->regime == CONTROL;
    struct ws_buffer text;
    const double inputs = number(arm, "inputs"), dimension = number(arm, "dimension");
    const double fitted = isfinite(inputs) ? inputs : 1;
    *out = (struct ws_known_form){
        .source = row->by,
        .kind = row->kind,
        .of_median = row->of_median,
        .factor = row->over ? 1 / number(arm, row->over) : 1,
        .left_out = row->left_out ? fitted / (double)arm->items : 0,
        .stands = control,
        .ahead = row->ahead > 0 ? row->ahead : 1,
        .of_original = row->of_original,
        .spread = row->spread,
        .dimension = row->spread == WS_SPREAD_TYPES ? number(arm, "types")
                     : isfinite(inputs)             ? inputs
                     : isfinite(dimension)          ? dimension
                                                    : 1,
        .items = growing_of(arm),
        .mle = strcmp(setting(arm, "estimator"), "mle") == 0,
    };
    for (size_t i = 0; i < COUNT(row->times) && row->times[i]; i++)
        out->factor *= number(arm, row->times[i]);
    ws_buffer_init(&text, arena->allocator, SIZE_MAX);
    enum ws_status status = write_form(arm, row->form, arena, &text, err);
    if (status == WS_OK) {
        out->form = ws_arena_text(arena, ws_buffer_string(&text));
        status = out->form ? WS_OK : ws_fail_memory(err, "the theory");
    }
    ws_buffer_release(&text);
    return status;
}

enum ws_status ws_known_forms(const struct ws_run_description *run, const struct ws_run_arm *arm,
                              const char *metric, struct ws_arena *arena,
                              struct ws_known_form out[WS_KNOWN_FORMS_MOST], size_t *count,
                              struct ws_error *err)
{
    struct arm about = {.run = run, .description = arm};
    const char *fit_to = ws_run_setting(run, "fit_to");
    *count = 0;
    if (fit_to && strcmp(fit_to, "samples") != 0)
        return WS_OK;
    WS_TRY(read_arm(&about, arena, err));
    for (size_t i = 0; i < COUNT(rows); i++)
        if (holds(&rows[i], &about, metric)) {
            if (*count == WS_KNOWN_FORMS_MOST)
                return ws_fail(err, WS_LIMIT, "more than %d forms of '%.100s'", WS_KNOWN_FORMS_MOST,
                               metric);
            WS_TRY(make_form(&rows[i], &about, arena, &out[*count], err));
            ++*count;
        }
    return WS_OK;
}

double ws_known_form_spread(const struct ws_known_form *known, uint64_t n, double expected)
{
    const enum ws_gaussian_estimator e = known->mle ? WS_GAUSSIAN_MLE : WS_GAUSSIAN_UNBIASED;
    switch (known->spread) {
    case WS_SPREAD_MEASURED:
        return 0;
    case WS_SPREAD_VARIANCE:
        return ws_gaussian_replace_spread(e, &known->items, n).variance;
    case WS_SPREAD_DEVIATION:
        return ws_gaussian_replace_spread(e, &known->items, n).deviation;
    case WS_SPREAD_MEAN_ERROR:
        return ws_gaussian_replace_spread(e, &known->items, n).mean_error;
    case WS_SPREAD_NORMAL_SQUARE:
        return 2 / known->dimension;
    case WS_SPREAD_RISK:
        return ws_regression_risk_spread((uint64_t)known->dimension, known->items.first);
    case WS_SPREAD_POISSON:
        return (double)n / ((double)known->items.first * expected);
    case WS_SPREAD_CHANCE:
    case WS_SPREAD_ENDING:
        return expected > 0 ? fmax(1 / expected - 1, 0) : INFINITY;
    case WS_SPREAD_TYPES: /* one being there makes others rarer: as if they were independent */
        return expected > 0 ? fmax(1 / expected - 1, 0) / known->dimension : INFINITY;
    }
    return 0;
}
