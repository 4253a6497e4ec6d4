#include "lab/theory.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "data/truth.h"
#include "measure/closed_form_name.h"

/* A form and for what it holds. What it is of is then a factor times the form's value. */
struct known {
    const char *family, *source, *policy, *metric;
    const char *form;        /* without its arguments */
    const char *factor;      /* the data's setting that is the factor; NULL: 1 */
    const char *wants[3][2]; /* settings that must be so */
};

static const struct known all_known[] = {
    {"gaussian",
     "normal",
     "replace",
     "variance_ratio",
     "gaussian-variance",
     NULL,
     {{"dimension", "1"}}},
    {"gaussian",
     "normal",
     "replace",
     "log_variance",
     "gaussian-log-variance",
     NULL,
     {{"dimension", "1"}}},
    {"gaussian",
     "normal",
     "replace",
     "mean_error_squared",
     "gaussian-mean-error",
     "variance",
     {{"dimension", "1"}}},
    {"gaussian",
     "normal",
     "replace",
     "w2_squared",
     "gaussian-w2-squared",
     "variance",
     {{"dimension", "1"}}},
    {"gaussian",
     "normal",
     "accumulate",
     "variance_ratio",
     "accumulate-variance",
     NULL,
     {{"dimension", "1"}, {"estimator", "mle"}}},
    {"gaussian",
     "normal",
     "accumulate",
     "mean_error_squared",
     "accumulate-mean-error",
     "variance",
     {{"dimension", "1"}, {"estimator", "mle"}}},
    {"discrete", "uniform", "replace", "heterozygosity", "heterozygosity", NULL, {{NULL}}},
    {"discrete", "zipf", "replace", "heterozygosity", "heterozygosity", NULL, {{NULL}}},
    {"discrete",
     "uniform",
     "accumulate",
     "heterozygosity",
     "accumulate-heterozygosity",
     NULL,
     {{NULL}}},
    {"discrete",
     "zipf",
     "accumulate",
     "heterozygosity",
     "accumulate-heterozygosity",
     NULL,
     {{NULL}}},
    {"bernoulli", "bernoulli", "replace", "alive", "survival", NULL, {{NULL}}},
    {"poisson", "poisson", "replace", "alive", "poisson-alive", NULL, {{NULL}}},
    {"regression",
     "linear",
     "replace",
     "excess_risk",
     "regression-replace",
     "noise_variance",
     {{"design", "fixed"}, {"ridge", "0"}, {"sample_noise", "known"}}},
    {"regression",
     "linear",
     "accumulate",
     "excess_risk",
     "regression-accumulate",
     "noise_variance",
     {{"design", "fixed"}, {"ridge", "0"}, {"sample_noise", "known"}}},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *setting(const struct ws_run_description *run, const char *name)
{
    const char *value = ws_run_setting(run, name);
    return value ? value : "";
}

static double number(const struct ws_run_description *run, const char *name)
{
    double value;
    return ws_real_parse(setting(run, name), &value) ? value : NAN;
}

/* Whether models are fitted to samples of one size, drawn as the literature draws them. */
static bool is_plain(const struct ws_run_description *run)
{
    const char *fit_to = ws_run_setting(run, "fit_to");
    return strcmp(setting(run, "growth"), "constant") == 0 &&
           (!fit_to || strcmp(fit_to, "samples") == 0);
}

/* A model's items have the noise of the truth. */
static bool has_true_noise(const struct ws_run_description *run)
{
    return strcmp(run->family, "regression") != 0 ||
           number(run, "known_variance") == number(run, "noise_variance");
}

static bool holds(const struct known *known, const struct ws_run_description *run,
                  const struct ws_curve *curve)
{
    bool so = strcmp(known->family, run->family) == 0 &&
              strcmp(known->source, setting(run, "source")) == 0 &&
              strcmp(known->policy, curve->arm) == 0 && strcmp(known->metric, curve->metric) == 0 &&
              has_true_noise(run);
    for (size_t i = 0; so && i < COUNT(known->wants) && known->wants[i][0]; i++)
        so = strcmp(setting(run, known->wants[i][0]), known->wants[i][1]) == 0;
    return so;
}

/* 1 - sum p^2 of the truth. */
static enum ws_status true_heterozygosity(const struct ws_run_description *run,
                                          struct ws_arena *arena, double *out, struct ws_error *err)
{
    const bool uniform = strcmp(setting(run, "source"), "uniform") == 0;
    const double types = number(run, "types");
    struct ws_truth truth;
    WS_TRY(ws_truth_init(&truth, (uint32_t)types, uniform ? 0 : number(run, "exponent"),
                         uniform ? 1 : 1 + number(run, "shift"), arena, err));
    *out = 1;
    for (uint32_t i = 0; i < (uint32_t)types; i++)
        *out -= ws_truth_of(&truth, i) * ws_truth_of(&truth, i);
    return WS_OK;
}

/* The form with its arguments, as text that ws_form_parse reads. */
static enum ws_status write_form(const struct known *known, const struct ws_run_description *run,
                                 struct ws_arena *arena, const char **out, struct ws_error *err)
{
    const char *items = setting(run, "items");
    double start;
    if (strcmp(run->family, "gaussian") == 0 && strncmp(known->form, "gaussian", 8) == 0) {
        *out = ws_arena_format(arena, "%s estimator=%s M=%s", known->form,
                               setting(run, "estimator"), items);
    } else if (strcmp(run->family, "discrete") == 0) {
        WS_TRY(true_heterozygosity(run, arena, &start, err));
        *out = ws_arena_format(arena, "%s start=%.17g M=%s", known->form, start, items);
    } else if (strcmp(run->family, "bernoulli") == 0) {
        *out =
            ws_arena_format(arena, "%s p=%s M=%s", known->form, setting(run, "probability"), items);
    } else if (strcmp(run->family, "poisson") == 0) {
        *out =
            ws_arena_format(arena, "%s lambda=%s M=%s", known->form, setting(run, "rate"), items);
    } else if (strcmp(run->family, "regression") == 0) {
        *out = ws_arena_format(arena, "%s d=%s M=%s", known->form, setting(run, "inputs"), items);
    } else {
        *out = ws_arena_format(arena, "%s M=%s", known->form, items);
    }
    return *out ? WS_OK : ws_fail_memory(err, "the theory");
}

static const double ERRORS = 4; /* standard errors that a mean may be off */

static void judge(const struct ws_point *point, struct ws_theory_row *row)
{
    row->generation = point->generation;
    row->seeds = point->summary.count;
    row->mean = point->summary.mean;
    row->standard_error = point->summary.standard_error;
    row->is_known = isfinite(row->mean) && isfinite(row->standard_error);
    /* Of seeds that are all alike the error is not 0, but what one seed more could change. */
    double least = 1 / ((double)row->seeds + 4);
    double error = row->standard_error > 0 ? row->standard_error : least * fabs(row->expected);
    row->agrees = row->is_known && fabs(row->mean - row->expected) <= ERRORS * error;
}

static enum ws_status add_curve(const struct known *known, const struct ws_run_description *run,
                                const struct ws_curve *curve, struct ws_arena *arena,
                                struct ws_theory *out, struct ws_error *err)
{
    const char *form;
    struct ws_form_call call;
    WS_TRY(write_form(known, run, arena, &form, err));
    WS_TRY(ws_form_parse(form, &call, err));
    for (size_t i = 0; i < curve->point_count; i++) {
        struct ws_theory_row *row = &out->rows[out->count];
        const struct ws_form_setting at = {.n = (uint64_t)curve->points[i].generation + 1};
        double value;
        enum ws_status status = ws_form_value(&call, &at, arena, &value, err);
        if (status == WS_LIMIT) /* exact only for sizes that can be computed */
            return WS_OK;
        WS_TRY(status);
        *row = (struct ws_theory_row){.arm = curve->arm, .metric = curve->metric, .form = form};
        row->expected = value * (known->factor ? number(run, known->factor) : 1);
        judge(&curve->points[i], row);
        out->count++;
    }
    return WS_OK;
}

static enum ws_status add_curves(const struct ws_run_description *run,
                                 const struct ws_results *results, struct ws_arena *arena,
                                 struct ws_theory *out, struct ws_error *err)
{
    size_t points = 0;
    for (size_t i = 0; i < results->count; i++)
        points += results->curves[i].point_count;
    out->rows = WS_ARENA_NEW(arena, struct ws_theory_row, points + 1);
    if (!out->rows)
        return ws_fail_memory(err, "the theory");
    for (size_t i = 0; i < results->count && is_plain(run); i++)
        for (size_t k = 0; k < COUNT(all_known); k++)
            if (holds(&all_known[k], run, &results->curves[i]))
                WS_TRY(add_curve(&all_known[k], run, &results->curves[i], arena, out, err));
    return WS_OK;
}

enum ws_status ws_theory_read(const char *directory, struct ws_arena *arena, struct ws_theory *out,
                              struct ws_error *err)
{
    struct ws_run_description run;
    struct ws_results results;
    *out = (struct ws_theory){.count = 0};
    WS_TRY(ws_run_read(directory, arena, &run, err));
    WS_TRY(ws_results_load(directory, arena, &results, err));
    WS_TRY(add_curves(&run, &results, arena, out, err));
    if (out->count > 0)
        return WS_OK;
    return ws_fail(
        err, WS_NOT_FOUND,
        "no closed form is known for '%s'; there are some for generators under replace "
        "and accumulate: gaussian (normal, one dimension), discrete, bernoulli, poisson, "
        "regression (linear, fixed design)",
        directory);
}
