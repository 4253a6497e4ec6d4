#include <math.h>

#include "measure/metric_set.h"
#include "measure/wasserstein.h"

/* N(0, variance I). */
static enum ws_status truth_of(uint32_t dimension, double variance, struct ws_arena *scratch,
                               struct ws_gaussian *out, struct ws_error *err)
{
    size_t d = dimension;
    double *mean = WS_ARENA_ZNEW(scratch, double, d);
    double *covariance = WS_ARENA_ZNEW(scratch, double, d *d);
    if (!mean || !covariance)
        return ws_fail_memory(err, "the true Gaussian");
    for (size_t i = 0; i < d; i++)
        covariance[i * d + i] = variance;
    *out = (struct ws_gaussian){dimension, mean, covariance};
    return WS_OK;
}

enum ws_status ws_measure_gaussian(const struct ws_gaussian_model *model, double variance,
                                   struct ws_arena *scratch, struct ws_metric_set *set,
                                   struct ws_error *err)
{
    size_t d = model->dimension;
    uint64_t n = model->base.training_items;
    struct ws_gaussian truth;
    WS_TRY(truth_of(model->dimension, variance, scratch, &truth, err));
    struct ws_gaussian fitted = {model->dimension, model->mean, model->covariance};
    double w2_squared;
    double log_determinant;
    WS_TRY(ws_gaussian_w2_squared(fitted, truth, scratch, &w2_squared, err));
    WS_TRY(ws_gaussian_log_determinant(model, scratch, &log_determinant, err));
    double trace = 0;
    double mean_error = 0;
    for (size_t i = 0; i < d; i++) {
        trace += model->covariance[i * d + i];
        mean_error += model->mean[i] * model->mean[i];
    }
    ws_metric_put(set, WS_METRIC_W2_SQUARED, n, w2_squared);
    ws_metric_put(set, WS_METRIC_LOG_VARIANCE, n, log_determinant / (double)d - log(variance));
    ws_metric_put(set, WS_METRIC_VARIANCE_RATIO, n, trace / ((double)d * variance));
    ws_metric_put(set, WS_METRIC_MEAN_ERROR, n, mean_error);
    return WS_OK;
}
