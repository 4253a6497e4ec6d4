#include <lapacke.h>
#include <math.h>

#include "measure/metric_set.h"
#include "measure/wasserstein.h"

static enum ws_status moments_of(const struct ws_law *truth, struct ws_arena *scratch,
                                 struct ws_gaussian *out, struct ws_error *err)
{
    size_t d = truth->dimension;
    double *mean = WS_ARENA_NEW(scratch, double, d);
    double *covariance = WS_ARENA_NEW(scratch, double, d *d);
    if (!mean || !covariance)
        return ws_fail_memory(err, "the true mean and covariance");
    truth->row->moments(truth, mean, covariance);
    *out = (struct ws_gaussian){truth->dimension, mean, covariance};
    return WS_OK;
}

/* The log determinant over the dimension; -infinity when it is singular. */
static enum ws_status mean_log_variance(struct ws_gaussian g, struct ws_arena *scratch, double *out,
                                        struct ws_error *err)
{
    size_t d = g.dimension;
    double *factor = ws_arena_copy(scratch, g.covariance, d * d * sizeof *factor);
    if (!factor)
        return ws_fail_memory(err, "the true covariance");
    lapack_int info =
        LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (lapack_int)d, factor, (lapack_int)d);
    double sum = info == 0 ? 0 : -INFINITY;
    for (size_t i = 0; i < d; i++)
        sum += 2 * log(factor[i * d + i]);
    *out = info == 0 ? sum / (double)d : -INFINITY;
    return WS_OK;
}

static double trace_of(const double *covariance, size_t d)
{
    double trace = 0;
    for (size_t i = 0; i < d; i++)
        trace += covariance[i * d + i];
    return trace;
}

enum ws_status ws_measure_gaussian(const struct ws_gaussian_model *model,
                                   const struct ws_law *truth, struct ws_arena *scratch,
                                   struct ws_metric_set *set, struct ws_error *err)
{
    size_t d = model->dimension;
    uint64_t n = model->base.training_items;
    struct ws_gaussian human;
    WS_TRY(moments_of(truth, scratch, &human, err));
    if (truth->gaussian) {
        struct ws_gaussian fitted = {model->dimension, model->mean, model->covariance};
        double w2_squared;
        WS_TRY(ws_gaussian_w2_squared(fitted, human, scratch, &w2_squared, err));
        ws_metric_put(set, WS_METRIC_W2_SQUARED, n, w2_squared);
    }
    double true_trace = (double)d * truth->isotropic_variance;
    double true_log_variance = log(truth->isotropic_variance);
    if (truth->isotropic_variance == 0) {
        true_trace = trace_of(human.covariance, d);
        WS_TRY(mean_log_variance(human, scratch, &true_log_variance, err));
    }
    double log_determinant;
    WS_TRY(ws_gaussian_log_determinant(model, scratch, &log_determinant, err));
    double mean_error = 0;
    for (size_t i = 0; i < d; i++)
        mean_error += (model->mean[i] - human.mean[i]) * (model->mean[i] - human.mean[i]);
    ws_metric_put(set, WS_METRIC_LOG_VARIANCE, n, log_determinant / (double)d - true_log_variance);
    const double variance_ratio = trace_of(model->covariance, d) / true_trace;
    ws_metric_put(set, WS_METRIC_VARIANCE_RATIO, n, variance_ratio);
    ws_metric_put(set, WS_METRIC_DEVIATION_RATIO, n, sqrt(variance_ratio));
    ws_metric_put(set, WS_METRIC_MEAN_ERROR, n, mean_error);
    return WS_OK;
}
