#include "measure/closed_form_name.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"
#include "measure/loop_moments.h"

struct ws_form {
    const char *name;
    const char *parameters[WS_FORM_PARAMETERS_MOST + 1]; /* the last one NULL */
    bool needs_counts;
    const char *meaning;
    enum ws_status (*value)(const double *arguments, const struct ws_form_setting *setting,
                            struct ws_arena *scratch, double *out, struct ws_error *err);
};

/* Parameters ----------------------------------------------------------------------------------- */

/* What a parameter may be: its name says it. */
static const struct parameter {
    const char *name;
    bool whole;
    double least, most;
    const char *wanted;
} parameters[] = {
    {"M", true, 2, 1e12, "a whole number from 2 to 1e12"},
    {"K", true, 1, 1e9, "a whole number from 1 to 1e9"},
    {"d", true, 1, 1e6, "a whole number from 1 to 1e6"},
    {"p", false, 0, 1, "a number from 0 to 1"},
    {"lambda", false, 1e-300, 1e300, "a number above 0"},
    {"start", false, 0, 1, "a number from 0 to 1"},
    {"epsilon", false, 1e-300, 1e300, "a number above 0"},
    {"human", true, 0, 1e12, "a whole number from 0 to 1e12"},
    {"model", true, 0, 1e12, "a whole number from 0 to 1e12"},
    {"weight", false, 0, 1, "a number from 0 to 1"},
    {"bias", false, 0, 1, "a number from 0 to 1"},
    {"exponent", false, 0, 100, "a number from 0 to 100"},
    {"linear", false, 0, 1e6, "a number from 0 to 1e6"},
    {"power", false, 0, 100, "a number from 0 to 100"},
    {"geometric", false, 1, 1e6, "a number from 1 to 1e6"},
    {"shift", false, -0.999, 1e9, "a number from -0.999 to 1e9"},
};

static const struct parameter *find_parameter(const char *name)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (strcmp(parameters[i].name, name) == 0)
            return &parameters[i];
    return NULL;
}

/* An estimator is kept as its number. */
static bool read_estimator(const char *text, double *out)
{
    *out = strcmp(text, "mle") == 0 ? WS_GAUSSIAN_MLE : WS_GAUSSIAN_UNBIASED;
    return strcmp(text, "mle") == 0 || strcmp(text, "unbiased") == 0;
}

static enum ws_status read_argument(const char *name, const char *text, double *out,
                                    struct ws_error *err)
{
    const struct parameter *parameter = find_parameter(name);
    if (!parameter) {
        if (read_estimator(text, out))
            return WS_OK;
        return ws_fail(err, WS_INVALID, "'%s' is '%.60s', wanted unbiased or mle", name, text);
    }
    uint64_t whole = 0;
    bool read = parameter->whole ? ws_whole_parse(text, &whole) : ws_real_parse(text, out);
    if (read && parameter->whole)
        *out = (double)whole;
    if (!read || *out < parameter->least || *out > parameter->most)
        return ws_fail(err, WS_INVALID, "'%s' is '%.60s', wanted %s", name, text,
                       parameter->wanted);
    return WS_OK;
}

/* The forms ------------------------------------------------------------------------------------ */

static uint64_t whole(double argument)
{
    return (uint64_t)argument;
}

/* A form whose value is an expression of arguments a and n. */
#define FORM(name, expression)                                                                     \
    static enum ws_status name(const double *a, const struct ws_form_setting *setting,             \
                               struct ws_arena *scratch, double *out, struct ws_error *err)        \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)scratch;                                                                             \
        (void)err;                                                                                 \
        const uint64_t n = setting->n;                                                             \
        (void)n;                                                                                   \
        *out = (expression);                                                                       \
        return WS_OK;                                                                              \
    }

#define ESTIMATOR (enum ws_gaussian_estimator) a[0]

FORM(gaussian_variance, ws_theory_gaussian_variance(ESTIMATOR, whole(a[1]), n))
FORM(gaussian_deviation, ws_theory_gaussian_deviation(ESTIMATOR, whole(a[1]), n))
FORM(gaussian_deviation_spread, ws_theory_gaussian_deviation_spread(ESTIMATOR, whole(a[1])))
FORM(gaussian_log_variance, ws_theory_gaussian_log_variance(ESTIMATOR, whole(a[1]), n))
FORM(gaussian_mean_error, ws_theory_gaussian_mean_error(ESTIMATOR, whole(a[1]), n))
FORM(gaussian_w2_squared, ws_theory_gaussian_w2_squared(ESTIMATOR, whole(a[1]), n))
FORM(gaussian_sample_variance, ws_theory_gaussian_variance(ESTIMATOR, whole(a[1]), n) +
                                   ws_theory_gaussian_mean_error(ESTIMATOR, whole(a[1]), n))
FORM(accumulate_variance, ws_theory_gaussian_accumulate_variance(whole(a[0]), n))
FORM(accumulate_mean_error, 1 - ws_theory_gaussian_accumulate_variance(whole(a[0]), n))
FORM(wide_bound, ws_theory_gaussian_wide_bound(a[0], whole(a[1]), n))
FORM(wide_bound_c4, ws_theory_gaussian_wide_bound_c4(a[0], whole(a[1]), n))
FORM(accumulate_variance_unbiased,
     ws_gaussian_pool_moments(WS_GAUSSIAN_UNBIASED, whole(a[0]), n).variance)
FORM(accumulate_mean_error_unbiased,
     ws_gaussian_pool_moments(WS_GAUSSIAN_UNBIASED, whole(a[0]), n).mean_error)
FORM(accumulate_variance_limit, ws_theory_gaussian_accumulate_limit(whole(a[0])))
FORM(accumulate_mean_error_limit, 1 - ws_theory_gaussian_accumulate_limit(whole(a[0])))
FORM(median_bound, ws_theory_gaussian_median_bound(whole(a[0]), n))
FORM(median_bound_c4, ws_theory_gaussian_median_bound_c4(whole(a[0]), n))
FORM(mean_error_limit, 1)
FORM(w2_limit, 2)
FORM(types_limit, 1)
FORM(survival_limit, a[0])
FORM(mean_of_counts, a[0])
FORM(w2_leading, ws_theory_gaussian_w2_leading(whole(a[0]), n))
FORM(fresh_mean_error, ws_theory_fresh_mean_error(a[0], whole(a[1])))
FORM(biased_variance, ws_theory_biased_variance(a[0], a[1]))
FORM(replace_growth, (double)n)
FORM(accumulate_growth, ws_theory_accumulate_growth(n))
FORM(subsample_growth, ws_theory_subsample_growth(n))
FORM(accumulate_growth_limit, WS_THEORY_ACCUMULATE_GROWTH_LIMIT)
FORM(subsample_growth_limit, WS_THEORY_SUBSAMPLE_GROWTH_LIMIT)
FORM(heterozygosity, ws_theory_heterozygosity(a[0], whole(a[1]), n))
FORM(accumulate_heterozygosity, ws_theory_accumulate_heterozygosity(a[0], whole(a[1]), n))
FORM(accumulate_heterozygosity_limit, a[0] * ws_theory_gaussian_accumulate_limit(whole(a[1])))
FORM(survival_least, ws_theory_bernoulli_alive(a[0], whole(a[1]), n).least)
FORM(survival_most, ws_theory_bernoulli_alive(a[0], whole(a[1]), n).most)
FORM(both_least, ws_theory_both_alive(a[0], whole(a[1]), n).least)
FORM(both_most, ws_theory_both_alive(a[0], whole(a[1]), n).most)
FORM(poisson_alive, ws_theory_poisson_alive(a[0], whole(a[1]), n))

/* Of the human data's types, the share that is left. */
FORM(vocabulary_least,
     ws_theory_types_left(setting->counts, setting->types, n) / (double)setting->types)
FORM(vocabulary_most,
     ws_theory_types_left_most(setting->counts, setting->types, n) / (double)setting->types)

static enum ws_status require_enough(const double *a, struct ws_error *err)
{
    if (a[1] > a[0] + 1)
        return WS_OK;
    return ws_fail(err, WS_INVALID, "%g items of %g inputs, wanted more than inputs + 1", a[1],
                   a[0]);
}

/* The first fit's risk, times how much more there is after n. */
static enum ws_status regression_risk(const double *a, double growth, double *out,
                                      struct ws_error *err)
{
    WS_TRY(require_enough(a, err));
    *out = growth * ws_theory_regression_risk(whole(a[0]), whole(a[1]));
    return WS_OK;
}

#define REGRESSION(name, growth)                                                                   \
    static enum ws_status name(const double *a, const struct ws_form_setting *setting,             \
                               struct ws_arena *scratch, double *out, struct ws_error *err)        \
    {                                                                                              \
        (void)scratch;                                                                             \
        const uint64_t n = setting->n;                                                             \
        return regression_risk(a, growth, out, err);                                               \
    }

REGRESSION(regression_replace, (double)n)
REGRESSION(regression_accumulate, ws_theory_accumulate_growth(n))
REGRESSION(regression_accumulate_limit, ((void)n, WS_THEORY_ACCUMULATE_GROWTH_LIMIT))
REGRESSION(regression_subsample, ws_theory_subsample_growth(n))
REGRESSION(regression_subsample_limit, ((void)n, WS_THEORY_SUBSAMPLE_GROWTH_LIMIT))

FORM(design_replace, (double)n *ws_theory_regression_design_risk(whole(a[0]), whole(a[1])))
FORM(design_accumulate,
     ws_theory_accumulate_growth(n) * ws_theory_regression_design_risk(whole(a[0]), whole(a[1])))

/* Samples that grow: M, linear, power, geometric. */
static struct ws_growing growing_of(const double *a)
{
    return (struct ws_growing){whole(a[0]), a[1], a[2], a[3]};
}

#define GROWING(name, expression)                                                                  \
    static enum ws_status name(const double *a, const struct ws_form_setting *setting,             \
                               struct ws_arena *scratch, double *out, struct ws_error *err)        \
    {                                                                                              \
        (void)scratch;                                                                             \
        (void)err;                                                                                 \
        const uint64_t n = setting->n;                                                             \
        const struct ws_growing growing = growing_of(a + 1);                                       \
        const struct ws_growing_moments m = ws_growing_moments(ESTIMATOR, &growing, n);            \
        *out = (expression);                                                                       \
        return WS_OK;                                                                              \
    }

GROWING(growing_variance, m.variance)
GROWING(growing_deviation, m.deviation)
GROWING(growing_log_variance, m.log_variance)
GROWING(growing_mean_error, m.mean_error)
GROWING(growing_w2_squared, m.mean_error + m.variance + 1 - 2 * m.deviation)
GROWING(growing_w2_leading, 1.5 * m.parts)
GROWING(growing_sample_variance, m.mean_error + m.variance)

/* Symbols lose what the likeliest variance loses. */
static double growing_symbols(const double *a, uint64_t n)
{
    const struct ws_growing growing = growing_of(a + 1);
    return a[0] * ws_growing_moments(WS_GAUSSIAN_MLE, &growing, n).variance;
}

FORM(growing_heterozygosity, growing_symbols(a, n))

static enum ws_status growing_regression(const double *a, const struct ws_form_setting *setting,
                                         struct ws_arena *scratch, double *out,
                                         struct ws_error *err)
{
    (void)scratch;
    const struct ws_growing growing = growing_of(a + 1);
    WS_TRY(require_enough(a, err));
    *out = ws_growing_regression_risk(whole(a[0]), &growing, setting->n);
    return WS_OK;
}

/* Loops in which human items take part: M, human, model from argument `at` on. */
static enum ws_status read_loop(const double *a, size_t at, bool again, struct ws_loop *out,
                                struct ws_error *err)
{
    *out = (struct ws_loop){whole(a[at]), whole(a[at + 1]), whole(a[at + 2]), again};
    if (out->human + out->model < 2 || (again && out->human > out->first))
        return ws_fail(err, WS_INVALID, "%g human items and %g of the model, wanted 2 or more%s",
                       a[at + 1], a[at + 2], again ? ", and no more human ones than M" : "");
    return WS_OK;
}

static enum ws_status gaussian_loop(const double *a, bool again, uint64_t n,
                                    struct ws_gaussian_moments *out, struct ws_error *err)
{
    struct ws_gaussian_loop loop = {
        .estimator = ESTIMATOR,
        .weight = a[4],
        .bias = a[5],
    };
    WS_TRY(read_loop(a, 1, again, &loop.items, err));
    *out = ws_gaussian_loop_moments(&loop, n);
    return WS_OK;
}

#define GAUSSIAN_LOOP(name, again, moment)                                                         \
    static enum ws_status name(const double *a, const struct ws_form_setting *setting,             \
                               struct ws_arena *scratch, double *out, struct ws_error *err)        \
    {                                                                                              \
        (void)scratch;                                                                             \
        struct ws_gaussian_moments moments;                                                        \
        WS_TRY(gaussian_loop(a, again, setting->n, &moments, err));                                \
        *out = moments.moment;                                                                     \
        return WS_OK;                                                                              \
    }

GAUSSIAN_LOOP(fresh_loop_variance, false, variance)
GAUSSIAN_LOOP(fresh_loop_mean_error, false, mean_error)
GAUSSIAN_LOOP(kept_loop_variance, true, variance)
GAUSSIAN_LOOP(kept_loop_mean_error, true, mean_error)

#define HETEROZYGOSITY_LOOP(name, again)                                                           \
    static enum ws_status name(const double *a, const struct ws_form_setting *setting,             \
                               struct ws_arena *scratch, double *out, struct ws_error *err)        \
    {                                                                                              \
        (void)scratch;                                                                             \
        struct ws_loop loop;                                                                       \
        WS_TRY(read_loop(a, 1, again, &loop, err));                                                \
        *out = ws_loop_heterozygosity(&loop, a[0], setting->n);                                    \
        return WS_OK;                                                                              \
    }

HETEROZYGOSITY_LOOP(fresh_loop_heterozygosity, false)
HETEROZYGOSITY_LOOP(kept_loop_heterozygosity, true)

static enum ws_status weighted_mean_error(const double *a, const struct ws_form_setting *setting,
                                          struct ws_arena *scratch, double *out,
                                          struct ws_error *err)
{
    (void)setting;
    (void)scratch;
    if (a[0] <= 0 || a[1] < 1 || a[2] < 1)
        return ws_fail(err, WS_INVALID,
                       "weight %g of %g human items beside %g of the model, wanted all above 0",
                       a[0], a[1], a[2]);
    *out = ws_theory_weighted_mean_error(a[0], whole(a[1]), whole(a[2]));
    return WS_OK;
}

/* K, exponent, shift, M: how many types are left of Zipf's law. */
static enum ws_status zipf_types(const double *a, uint64_t n, struct ws_arena *scratch,
                                 struct ws_theory_bounds *out, struct ws_error *err)
{
    return ws_theory_truth_types((uint32_t)a[0], a[1], a[2], whole(a[3]), n, scratch, out, err);
}

static enum ws_status zipf_types_least(const double *a, const struct ws_form_setting *setting,
                                       struct ws_arena *scratch, double *out, struct ws_error *err)
{
    struct ws_theory_bounds bounds;
    WS_TRY(zipf_types(a, setting->n, scratch, &bounds, err));
    *out = bounds.least;
    return WS_OK;
}

static enum ws_status zipf_types_most(const double *a, const struct ws_form_setting *setting,
                                      struct ws_arena *scratch, double *out, struct ws_error *err)
{
    struct ws_theory_bounds bounds;
    WS_TRY(zipf_types(a, setting->n, scratch, &bounds, err));
    *out = bounds.most;
    return WS_OK;
}

static enum ws_status survival(const double *a, const struct ws_form_setting *setting,
                               struct ws_arena *scratch, double *out, struct ws_error *err)
{
    return ws_theory_survival(a[0], whole(a[1]), setting->n, scratch, out, err);
}

static enum ws_status lost_at(const double *a, const uint64_t *n, size_t count,
                              struct ws_arena *scratch, double *out, struct ws_error *err)
{
    WS_TRY(ws_theory_survivals(a[0], whole(a[1]), n, count, scratch, out, err));
    for (size_t i = 0; i < count; i++)
        out[i] = 1 - out[i];
    return WS_OK;
}

static enum ws_status lost(const double *a, const struct ws_form_setting *setting,
                           struct ws_arena *scratch, double *out, struct ws_error *err)
{
    return lost_at(a, &setting->n, 1, scratch, out, err);
}

/* Of two types one is lost or the other, never both. */
static enum ws_status both_at(const double *a, const uint64_t *n, size_t count,
                              struct ws_arena *scratch, double *out, struct ws_error *err)
{
    double *other = WS_ARENA_NEW(scratch, double, count);
    if (!other)
        return ws_fail_memory(err, "the theory");
    WS_TRY(ws_theory_survivals(a[0], whole(a[1]), n, count, scratch, out, err));
    WS_TRY(ws_theory_survivals(1 - a[0], whole(a[1]), n, count, scratch, other, err));
    for (size_t i = 0; i < count; i++)
        out[i] = fmax(out[i] + other[i] - 1, 0);
    return WS_OK;
}

static enum ws_status both(const double *a, const struct ws_form_setting *setting,
                           struct ws_arena *scratch, double *out, struct ws_error *err)
{
    return both_at(a, &setting->n, 1, scratch, out, err);
}

static enum ws_status absorption_time(const double *a, const struct ws_form_setting *setting,
                                      struct ws_arena *scratch, double *out, struct ws_error *err)
{
    (void)setting;
    return ws_theory_absorption_time(whole(a[0]), whole(a[1]), scratch, out, err);
}

static const struct ws_form forms[] = {
    {"gaussian-variance", {"estimator", "M"}, false, "E[s^2]", gaussian_variance},
    {"gaussian-deviation", {"estimator", "M"}, false, "E[s]", gaussian_deviation},
    {"gaussian-deviation-spread",
     {"estimator", "M"},
     false,
     "the standard deviation of s after one fit",
     gaussian_deviation_spread},
    {"gaussian-log-variance", {"estimator", "M"}, false, "E[log s^2]", gaussian_log_variance},
    {"gaussian-mean-error", {"estimator", "M"}, false, "E[mu^2]", gaussian_mean_error},
    {"gaussian-w2-squared", {"estimator", "M"}, false, "E[W2^2]", gaussian_w2_squared},
    {"gaussian-sample-variance",
     {"estimator", "M"},
     false,
     "Var(X) of a sample: E[mu^2] + E[s^2]",
     gaussian_sample_variance},
    {"gaussian-wide-bound",
     {"epsilon", "M"},
     false,
     "at most this is P(s > epsilon): Suresh et al.",
     wide_bound},
    {"gaussian-wide-bound-c4", {"epsilon", "M"}, false, "the same: Bertrand et al.", wide_bound_c4},
    {"accumulate-variance", {"M"}, false, "E[s^2], mle, accumulate", accumulate_variance},
    {"accumulate-mean-error", {"M"}, false, "E[mu^2], mle, accumulate", accumulate_mean_error},
    {"gaussian-median-bound",
     {"M"},
     false,
     "at most this is the median of s^2: Suresh et al.",
     median_bound},
    {"gaussian-median-bound-c4",
     {"M"},
     false,
     "at most this is the median of s^2: Bertrand et al.",
     median_bound_c4},
    {"gaussian-mean-error-limit", {NULL}, false, "limit of E[mu^2], mle: 1", mean_error_limit},
    {"gaussian-w2-limit", {NULL}, false, "limit of E[W2^2], mle: 2", w2_limit},
    {"gaussian-w2-leading", {"M"}, false, "E[W2^2] to leading order, 3n / 2M", w2_leading},
    {"growing-variance",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[s^2], samples that grow",
     growing_variance},
    {"growing-deviation",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[s], samples that grow",
     growing_deviation},
    {"growing-log-variance",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[log s^2], samples that grow",
     growing_log_variance},
    {"growing-mean-error",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[mu^2], samples that grow",
     growing_mean_error},
    {"growing-w2-squared",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[W2^2], samples that grow",
     growing_w2_squared},
    {"growing-w2-leading",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "E[W2^2] to leading order, 3/2 of the sum of 1/M_i",
     growing_w2_leading},
    {"growing-sample-variance",
     {"estimator", "M", "linear", "power", "geometric"},
     false,
     "Var(X) of a sample, samples that grow",
     growing_sample_variance},
    {"accumulate-variance-limit", {"M"}, false, "its limit", accumulate_variance_limit},
    {"accumulate-mean-error-limit", {"M"}, false, "its limit", accumulate_mean_error_limit},
    {"accumulate-variance-unbiased",
     {"M"},
     false,
     "E[s^2], unbiased, accumulate",
     accumulate_variance_unbiased},
    {"accumulate-mean-error-unbiased",
     {"M"},
     false,
     "E[mu^2], unbiased, accumulate",
     accumulate_mean_error_unbiased},
    {"fresh-loop-variance",
     {"estimator", "M", "human", "model", "weight", "bias"},
     false,
     "E[s^2] with fresh human items in every fit",
     fresh_loop_variance},
    {"fresh-loop-mean-error",
     {"estimator", "M", "human", "model", "weight", "bias"},
     false,
     "E[mu^2], likewise",
     fresh_loop_mean_error},
    {"kept-loop-variance",
     {"estimator", "M", "human", "model", "weight", "bias"},
     false,
     "E[s^2] with human items of the first fit in every one",
     kept_loop_variance},
    {"kept-loop-mean-error",
     {"estimator", "M", "human", "model", "weight", "bias"},
     false,
     "E[mu^2], likewise",
     kept_loop_mean_error},
    {"weighted-mean-error",
     {"weight", "human", "model"},
     false,
     "limit of E[mu^2] with weighted fresh items",
     weighted_mean_error},
    {"biased-variance",
     {"p", "bias"},
     false,
     "limit of E[s^2] with a fresh share p beside biased output",
     biased_variance},
    {"fresh-mean-error",
     {"p", "M"},
     false,
     "limit of E[mu^2] with a fresh share p",
     fresh_mean_error},
    {"replace-growth", {NULL}, false, "error over the first one's: n", replace_growth},
    {"accumulate-growth", {NULL}, false, "the same, all data kept", accumulate_growth},
    {"subsample-growth", {NULL}, false, "the same, a subsample of all data kept", subsample_growth},
    {"accumulate-growth-limit", {NULL}, false, "pi^2 / 6", accumulate_growth_limit},
    {"subsample-growth-limit", {NULL}, false, "pi^2 / 2 - 2", subsample_growth_limit},
    {"heterozygosity", {"start", "M"}, false, "E[1 - sum p^2]", heterozygosity},
    {"growing-heterozygosity",
     {"start", "M", "linear", "power", "geometric"},
     false,
     "the same, samples that grow",
     growing_heterozygosity},
    {"fresh-loop-heterozygosity",
     {"start", "M", "human", "model"},
     false,
     "the same with fresh human items in every fit",
     fresh_loop_heterozygosity},
    {"kept-loop-heterozygosity",
     {"start", "M", "human", "model"},
     false,
     "the same with human items of the first fit in every one",
     kept_loop_heterozygosity},
    {"accumulate-heterozygosity-limit",
     {"start", "M"},
     false,
     "the limit where all data are kept",
     accumulate_heterozygosity_limit},
    {"accumulate-heterozygosity",
     {"start", "M"},
     false,
     "the same, all data kept",
     accumulate_heterozygosity},
    {"absorption-time",
     {"K", "M"},
     false,
     "E[resamplings until one type is left]",
     absorption_time},
    {"survival", {"p", "M"}, false, "P(a type is still there), exact", survival},
    {"survival-least", {"p", "M"}, false, "at least this: Suresh et al.", survival_least},
    {"survival-most", {"p", "M"}, false, "at most this: Suresh et al.", survival_most},
    {"zipf-types-least",
     {"K", "exponent", "shift", "M"},
     false,
     "at least so many types are left of Zipf's law: Suresh et al.",
     zipf_types_least},
    {"zipf-types-most",
     {"K", "exponent", "shift", "M"},
     false,
     "at most so many: Suresh et al.",
     zipf_types_most},
    {"types-limit", {NULL}, false, "types that are left in the end: 1", types_limit},
    {"survival-limit", {"p"}, false, "P(a type is there in the end): p", survival_limit},
    {"lost", {"p", "M"}, false, "P(a type is lost), exact", lost},
    {"both", {"p", "M"}, false, "P(neither of two types is lost), exact", both},
    {"both-least",
     {"p", "M"},
     false,
     "P(neither of two types is lost), at least: Seddik et al.",
     both_least},
    {"both-most", {"p", "M"}, false, "at most this: Seddik et al.", both_most},
    {"bernoulli-mean", {"p"}, false, "E[mean of 0 and 1]: p for ever", mean_of_counts},
    {"poisson-mean", {"lambda"}, false, "E[mean of counts]: lambda for ever", mean_of_counts},
    {"poisson-alive", {"lambda", "M"}, false, "P(counts are not all 0), exact", poisson_alive},
    {"regression-replace",
     {"d", "M"},
     false,
     "excess risk, noise of variance 1",
     regression_replace},
    {"regression-accumulate", {"d", "M"}, false, "the same, all data kept", regression_accumulate},
    {"regression-accumulate-limit",
     {"d", "M"},
     false,
     "its limit, pi^2 / 6 of the first",
     regression_accumulate_limit},
    {"regression-subsample-limit",
     {"d", "M"},
     false,
     "its limit, pi^2 / 2 - 2 of the first",
     regression_subsample_limit},
    {"growing-regression",
     {"d", "M", "linear", "power", "geometric"},
     false,
     "excess risk with new inputs, samples that grow",
     growing_regression},
    {"design-replace", {"d", "M"}, false, "risk on the original inputs", design_replace},
    {"design-accumulate", {"d", "M"}, false, "the same, all data kept", design_accumulate},
    {"regression-subsample",
     {"d", "M"},
     false,
     "the same, a subsample of all data kept",
     regression_subsample},
    {"vocabulary-least",
     {NULL},
     true,
     "least expected share of the data's types left",
     vocabulary_least},
    {"vocabulary-most", {NULL}, true, "most expected share of them", vocabulary_most},
};
enum { FORM_COUNT = sizeof forms / sizeof *forms };

const char *ws_form_name(size_t i)
{
    return i < FORM_COUNT ? forms[i].name : NULL;
}

const char *ws_form_meaning(size_t i)
{
    return i < FORM_COUNT ? forms[i].meaning : NULL;
}

/* Reading -------------------------------------------------------------------------------------- */

enum { WORD_SIZE = 64 };

/* Takes the next word off `*text`; false when there is none. A word too long is cut, and then is
 * none that is known. */
static bool next_word(const char **text, char out[WORD_SIZE])
{
    *text += strspn(*text, " ");
    size_t size = strcspn(*text, " ");
    size_t kept = size < WORD_SIZE ? size : WORD_SIZE - 1;
    memcpy(out, *text, kept);
    out[kept] = '\0';
    *text += size;
    return size > 0;
}

static enum ws_status find_form(const char *name, const struct ws_form **out, struct ws_error *err)
{
    const char *names[FORM_COUNT];
    for (size_t i = 0; i < FORM_COUNT; i++) {
        names[i] = forms[i].name;
        if (strcmp(name, names[i]) == 0) {
            *out = &forms[i];
            return WS_OK;
        }
    }
    const char *nearest = ws_nearest_name(name, names, FORM_COUNT);
    return ws_fail(err, WS_INVALID, "'%s' is no number and no closed form%s%s%s", name,
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The index of the parameter that `word`, NAME=VALUE, gives. */
static enum ws_status find_place(const struct ws_form *form, const char *word, size_t *out,
                                 struct ws_error *err)
{
    size_t size = strcspn(word, "=");
    for (size_t i = 0; word[size] == '=' && form->parameters[i]; i++)
        if (strlen(form->parameters[i]) == size && memcmp(form->parameters[i], word, size) == 0) {
            *out = i;
            return WS_OK;
        }
    return ws_fail(err, WS_INVALID, "'%s' is no parameter of '%s'", word, form->name);
}

enum ws_status ws_form_parse(const char *text, struct ws_form_call *out, struct ws_error *err)
{
    char word[WORD_SIZE];
    bool given[WS_FORM_PARAMETERS_MOST] = {false};
    struct ws_form_call call = {.form = NULL};
    if (!next_word(&text, word))
        return ws_fail(err, WS_INVALID, "empty, wanted a number or a closed form");
    WS_TRY(find_form(word, &call.form, err));
    while (next_word(&text, word)) {
        size_t i = 0;
        WS_TRY(find_place(call.form, word, &i, err));
        const char *name = call.form->parameters[i];
        if (given[i])
            return ws_fail(err, WS_INVALID, "'%s' of '%s' is given twice", name, call.form->name);
        given[i] = true;
        WS_TRY(read_argument(name, word + strlen(name) + 1, &call.arguments[i], err));
    }
    for (size_t i = 0; call.form->parameters[i]; i++)
        if (!given[i])
            return ws_fail(err, WS_INVALID, "'%s' wants '%s='", call.form->name,
                           call.form->parameters[i]);
    *out = call;
    return WS_OK;
}

bool ws_form_needs_counts(const struct ws_form_call *call)
{
    return call->form->needs_counts;
}

enum ws_status ws_form_value(const struct ws_form_call *call, const struct ws_form_setting *setting,
                             struct ws_arena *scratch, double *out, struct ws_error *err)
{
    if (call->form->needs_counts && !setting->counts)
        return ws_fail(err, WS_INVALID, "'%s' is of types that are counted, the data have none",
                       call->form->name);
    return call->form->value(call->arguments, setting, scratch, out, err);
}

enum ws_status ws_form_values(const struct ws_form_call *call,
                              const struct ws_form_setting *setting, const uint64_t *n,
                              size_t count, struct ws_arena *scratch, double *out,
                              struct ws_error *err)
{
    /* Its matrix is made once. */
    if (call->form->value == survival)
        return ws_theory_survivals(call->arguments[0], whole(call->arguments[1]), n, count, scratch,
                                   out, err);
    if (call->form->value == lost)
        return lost_at(call->arguments, n, count, scratch, out, err);
    if (call->form->value == both)
        return both_at(call->arguments, n, count, scratch, out, err);
    for (size_t i = 0; i < count; i++) {
        struct ws_form_setting at = *setting;
        at.n = n[i];
        ws_arena_reset(scratch);
        WS_TRY(ws_form_value(call, &at, scratch, &out[i], err));
    }
    return WS_OK;
}
