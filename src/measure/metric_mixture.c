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

enum ws_status ws_measure_mixture(const struct ws_gmm_model *model,
                                  const struct ws_gmm_model *first, struct ws_arena *scratch,
                                  struct ws_metric_set *set, struct ws_error *err)
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
    if (!first)
        return WS_OK;
    double distance;
    WS_TRY(ws_gmm_l2_squared(&model->mixture, &first->mixture, scratch, &distance, err));
    ws_metric_put(set, WS_METRIC_MIXTURE_L2_SQUARED, n, distance);
    return WS_OK;
}
