/*
 * The squared L2 distance between the densities of two Gaussian mixtures, in closed form:
 *
 *     integral of (f - g)^2 = <f, f> + <g, g> - 2 <f, g>,
 *     <f, g> = sum over i, j of a_i b_j N(m_i - n_j; 0, S_i + T_j).
 *
 * It is what the notebook of Shumailov et al. 2024 draws against generations. Equal mixtures have
 * distance 0 exactly; rounding below 0 is 0. Contract: tests/unit/test_mixture_metrics.c.
 */
#ifndef WS_MEASURE_MIXTURE_DISTANCE_H
#define WS_MEASURE_MIXTURE_DISTANCE_H

#include "models/gmm.h"

/* Both have the same dimension. */
WS_MUST_CHECK enum ws_status ws_gmm_l2_squared(const struct ws_gmm *f, const struct ws_gmm *g,
                                               struct ws_arena *scratch, double *out,
                                               struct ws_error *err);

/* sqrt(tr S / d) of component k: the deviation of a coordinate, root mean square over them. */
double ws_gmm_spread(const struct ws_gmm *mixture, uint32_t k);

#endif
