/*
 * The Wasserstein distance between Gaussians, in closed form (Dowson and Landau 1982):
 * W2^2 = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2).
 * Singular covariances are fine. Contract: tests/unit/test_metric.c.
 */
#ifndef WS_MEASURE_WASSERSTEIN_H
#define WS_MEASURE_WASSERSTEIN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct ws_gaussian {
    uint32_t dimension;
    const double *mean;       /* (dimension) */
    const double *covariance; /* (dimension, dimension), symmetric, positive semi-definite */
};

/* W2^2, not its root. Both have the same dimension. */
WS_MUST_CHECK enum ws_status ws_gaussian_w2_squared(struct ws_gaussian a, struct ws_gaussian b,
                                                    struct ws_arena *scratch, double *out,
                                                    struct ws_error *err);

#endif
