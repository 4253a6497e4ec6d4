#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "measure/metric_set.h"
#include "measure/mixture_distance.h"

/* Components whose variance in some direction is at most twice the floor, so that the floor is half
 * of it or more: what is left of the covariance without that much has no factor. */
static enum ws_status count_floored(const struct ws_gmm_model *model, struct ws_arena *scratch,
                                    uint32_t *out, struct ws_error *err)
{
    const struct ws_gmm_settings *settings = model->base.settings;
    size_t d = model->mixture.dimension;
    double *left = WS_ARENA_NEW(scratch, double, d *d);
    if (!left)
        return ws_fail_memory(err, "the metrics of a mixture");
    *out = 0;
    for (uint32_t k = 0; k < model->mixture.components; k++) {
        memcpy(left, model->mixture.covariances + k * d * d, d * d * sizeof *left);
        for (size_t i = 0; i < d; i++)
            left[i * (d + 1)] -= 2 * settings->floor;
        *out += LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (lapack_int)d, left, (lapack_int)d) != 0;
    }
    return WS_OK;
}

/* A truth of round Gaussians as a mixture; false where it is none, or has no density. */
static bool is_mixture(const struct ws_law *truth)
{
    return truth && (truth->mode_count > 0 || truth->row == &ws_law_normal) && truth->deviation > 0;
}

static enum ws_status mixture_of(const struct ws_law *truth, struct ws_arena *scratch,
                                 struct ws_gmm *out, struct ws_error *err)
{
    const size_t d = truth->dimension, modes = truth->mode_count > 0 ? truth->mode_count : 1;
    double *weights = WS_ARENA_NEW(scratch, double, modes);
    double *means = WS_ARENA_ZNEW(scratch, double, modes *d);
    double *covariances = WS_ARENA_ZNEW(scratch, double, modes *d *d);
    if (!weights || !means || !covariances)
        return ws_fail_memory(err, "the distance of two mixtures");
    for (size_t k = 0; k < modes; k++) {
        weights[k] = 1 / (double)modes;
        for (size_t i = 0; i < d; i++)
            covariances[(k * d + i) * d + i] = truth->deviation * truth->deviation;
    }
    if (truth->mode_count > 0)
        memcpy(means, truth->modes, modes * d * sizeof *means);
    *out = (struct ws_gmm){.components = (uint32_t)modes,
                           .dimension = truth->dimension,
                           .weights = weights,
                           .means = means,
                           .covariances = covariances};
    return WS_OK;
}

static enum ws_status put_distance(const struct ws_gmm_model *model, const struct ws_gmm *other,
                                   enum ws_metric_id id, struct ws_arena *scratch,
                                   struct ws_metric_set *set, struct ws_error *err)
{
    double distance;
    WS_TRY(ws_gmm_l2_squared(&model->mixture, other, scratch, &distance, err));
    ws_metric_put(set, id, model->base.training_items, distance);
    return WS_OK;
}

enum ws_status ws_measure_mixture(const struct ws_gmm_model *model,
                                  const struct ws_gmm_model *first, const struct ws_law *truth,
                                  struct ws_arena *scratch, struct ws_metric_set *set,
                                  struct ws_error *err)
{
    uint64_t n = model->base.training_items;
    double least = INFINITY, most = 0;
    for (uint32_t k = 0; k < model->mixture.components; k++) {
        double spread = ws_gmm_spread(&model->mixture, k);
        least = fmin(least, spread);
        most = fmax(most, spread);
    }
    ws_metric_put(set, WS_METRIC_SPREAD_LEAST, n, least);
    ws_metric_put(set, WS_METRIC_SPREAD_MOST, n, most);
    uint32_t floored;
    WS_TRY(count_floored(model, scratch, &floored, err));
    ws_metric_put(set, WS_METRIC_COMPONENTS_FLOORED, n, floored);
    if (first)
        WS_TRY(
            put_distance(model, &first->mixture, WS_METRIC_MIXTURE_L2_SQUARED, scratch, set, err));
    if (!is_mixture(truth))
        return WS_OK;
    struct ws_gmm known;
    WS_TRY(mixture_of(truth, scratch, &known, err));
    return put_distance(model, &known, WS_METRIC_MIXTURE_L2_TRUTH, scratch, set, err);
}
