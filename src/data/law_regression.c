#include "data/law_regression.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

static uint32_t dimension_of(const struct ws_law_settings *settings)
{
    assert(settings->inputs >= 1 && settings->inputs < UINT32_MAX);
    return (uint32_t)settings->inputs + 1;
}

/* ---- Linear ---- */

static enum ws_status open_linear(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                  struct ws_error *err)
{
    const struct ws_law_settings *settings = law->settings;
    size_t inputs = law->dimension - 1;
    struct ws_linear_truth *truth = WS_ARENA_NEW(arena, struct ws_linear_truth, 1);
    double *weights = WS_ARENA_NEW(arena, double, inputs);
    if (!truth || !weights)
        return ws_fail_memory(err, "the true weights");
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, seed, 0, 0), WS_LAW_TRUTH);
    ws_sample_normals(&rng, 0, sqrt(settings->weight_variance), weights, inputs);
    *truth = (struct ws_linear_truth){
        .inputs = (uint32_t)inputs,
        .weights = weights,
        .input_variance = settings->input_variance,
        .noise_variance = settings->noise_variance,
    };
    law->deviation = 1;
    law->gaussian = true;
    law->state = truth;
    return WS_OK;
}

static double predict(const struct ws_linear_truth *truth, const double *x)
{
    double sum = 0;
    for (size_t j = 0; j < truth->inputs; j++)
        sum += x[j] * truth->weights[j];
    return sum;
}

static void make_linear(const struct ws_law *law, const double *uniforms, size_t count,
                        double *values)
{
    const struct ws_linear_truth *truth = law->state;
    double deviation = sqrt(truth->input_variance), noise = sqrt(truth->noise_variance);
    (void)uniforms;
    for (size_t i = 0; i < count; i++) {
        double *x = values + i * law->dimension;
        for (size_t j = 0; j < truth->inputs; j++)
            x[j] *= deviation;
        x[truth->inputs] = predict(truth, x) + noise * x[truth->inputs];
    }
}

static void moments_of_linear(const struct ws_law *law, double *mean, double *covariance)
{
    const struct ws_linear_truth *truth = law->state;
    size_t d = law->dimension, last = d - 1;
    double target = truth->noise_variance;
    memset(mean, 0, d * sizeof *mean);
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t j = 0; j < last; j++) {
        double shared = truth->input_variance * truth->weights[j];
        covariance[j * d + j] = truth->input_variance;
        covariance[j * d + last] = covariance[last * d + j] = shared;
        target += shared * truth->weights[j];
    }
    covariance[d * d - 1] = target;
}

static double log_normal(double square, double variance)
{
    return variance > 0 ? -(square / variance + log(2 * M_PI * variance)) / 2 : -INFINITY;
}

static double log_density_of_linear(const struct ws_law *law, const double *vector)
{
    const struct ws_linear_truth *truth = law->state;
    double residual = vector[truth->inputs] - predict(truth, vector);
    double sum = log_normal(residual * residual, truth->noise_variance);
    for (size_t j = 0; j < truth->inputs; j++)
        sum += log_normal(vector[j] * vector[j], truth->input_variance);
    return sum;
}

const struct ws_law_row ws_law_linear = {
    .name = "linear",
    .settings = {"inputs", "input_variance", "weight_variance", "noise_variance"},
    .dimension = dimension_of,
    .open = open_linear,
    .make = make_linear,
    .moments = moments_of_linear,
    .log_density = log_density_of_linear,
};

const struct ws_linear_truth *ws_law_linear_truth(const struct ws_law *law)
{
    return law && law->row == &ws_law_linear ? law->state : NULL;
}

/* ---- Two classes ---- */

enum { UNIFORM_SIDE, UNIFORM_WRONG, UNIFORMS };

static enum ws_status open_two_class(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                     struct ws_error *err)
{
    const struct ws_law_settings *settings = law->settings;
    struct ws_two_class_truth *truth = WS_ARENA_NEW(arena, struct ws_two_class_truth, 1);
    (void)seed;
    if (!truth)
        return ws_fail_memory(err, "the true classes");
    *truth = (struct ws_two_class_truth){
        .inputs = law->dimension - 1,
        .centre = settings->separation / sqrt((double)(law->dimension - 1)),
        .input_variance = settings->input_variance,
        .label_noise = settings->label_noise,
    };
    law->deviation = sqrt(settings->input_variance);
    law->state = truth;
    return WS_OK;
}

static void make_two_class(const struct ws_law *law, const double *uniforms, size_t count,
                           double *values)
{
    const struct ws_two_class_truth *truth = law->state;
    for (size_t i = 0; i < count; i++) {
        double *x = values + i * law->dimension;
        bool label = uniforms[i * UNIFORMS + UNIFORM_SIDE] < 0.5;
        for (size_t j = 0; j < truth->inputs; j++)
            x[j] += label ? truth->centre : -truth->centre;
        x[truth->inputs] = label != (uniforms[i * UNIFORMS + UNIFORM_WRONG] < truth->label_noise);
    }
}

static void moments_of_two_class(const struct ws_law *law, double *mean, double *covariance)
{
    const struct ws_two_class_truth *truth = law->state;
    size_t d = law->dimension, last = d - 1;
    memset(mean, 0, d * sizeof *mean);
    mean[last] = 0.5;
    for (size_t i = 0; i < last; i++) {
        for (size_t j = 0; j < last; j++)
            covariance[i * d + j] =
                truth->centre * truth->centre + (i == j ? truth->input_variance : 0);
        covariance[i * d + last] = covariance[last * d + i] =
            truth->centre / 2 * (1 - 2 * truth->label_noise);
    }
    covariance[d * d - 1] = 0.25;
}

/* The nearer centre's label. */
static bool is_right_of_two_class(const struct ws_law *law, const double *vector)
{
    const struct ws_two_class_truth *truth = law->state;
    double sum = 0;
    for (size_t j = 0; j < truth->inputs; j++)
        sum += vector[j];
    return (vector[truth->inputs] > 0.5) == (sum > 0);
}

const struct ws_law_row ws_law_two_class = {
    .name = "two-class",
    .settings = {"inputs", "input_variance", "separation", "label_noise"},
    .uniforms = UNIFORMS,
    .dimension = dimension_of,
    .open = open_two_class,
    .make = make_two_class,
    .moments = moments_of_two_class,
    .is_right = is_right_of_two_class,
};

const struct ws_two_class_truth *ws_law_two_class_truth(const struct ws_law *law)
{
    return law && law->row == &ws_law_two_class ? law->state : NULL;
}
