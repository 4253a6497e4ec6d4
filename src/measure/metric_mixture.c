#include <math.h>

#include "measure/metric_set.h"
#include "measure/mixture_distance.h"

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
    if (!first)
        return WS_OK;
    double distance;
    WS_TRY(ws_gmm_l2_squared(&model->mixture, &first->mixture, scratch, &distance, err));
    ws_metric_put(set, WS_METRIC_MIXTURE_L2_SQUARED, n, distance);
    return WS_OK;
}
