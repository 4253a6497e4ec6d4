/*
 * The Gaussian family: mean and full covariance in any dimension, with the estimator named.
 *
 * The estimator decides what happens to the loop: unbiased (divisor n - 1) keeps E[sigma^2] while
 * sigma^2 -> 0 almost surely and E[W2^2] diverges; maximum likelihood (divisor n) shrinks
 * E[sigma^2] by 1 - 1/n a generation and E[W2^2] tends to 2 sigma^2 (published-results, table 3b).
 */
#ifndef WS_MODELS_GAUSSIAN_H
#define WS_MODELS_GAUSSIAN_H

#include "models/family.h"

enum ws_gaussian_estimator {
    WS_GAUSSIAN_UNBIASED, /* 1 / (n - 1) */
    WS_GAUSSIAN_MLE,      /* 1 / n */
};

struct ws_gaussian_settings {
    uint32_t estimator; /* enum ws_gaussian_estimator */
};

struct ws_gaussian_model {
    struct ws_model base;
    uint32_t dimension;
    const double *mean;       /* (dimension) */
    const double *covariance; /* (dimension, dimension), symmetric, positive semi-definite */
};

#endif
