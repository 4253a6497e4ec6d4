/*
 * The Gaussian family: mean and full covariance in any dimension, with the estimator named.
 *
 * The estimator decides what happens to the loop: unbiased (divisor n - 1) keeps E[sigma^2] while
 * sigma^2 -> 0 almost surely and E[W2^2] diverges; maximum likelihood (divisor n) shrinks
 * E[sigma^2] by 1 - 1/n a generation and E[W2^2] tends to 2 sigma^2 (measure/closed_form.h).
 *
 * Items may have weights: mean = sum w x / W with W = sum w, and the covariance has the divisor W
 * (mle) or W - sum w^2 / W (unbiased, which it is for items of one distribution).
 *
 * Biased by lambda it is N(mean, lambda covariance), as Alemohammad et al. 2023 model guidance.
 *
 * A singular covariance is a model like any other: it can be sampled, its log density is -infinity.
 * What lies below the rounding of the data is zero, and stays zero: draws have no spread in
 * directions beyond the rank, so a chain that trains on its own draws alone never gets one back.
 * The stored covariance is the fitted one, with what rounding put there.
 *
 * Contract: tests/unit/test_families.c. Stored form: docs/formats/gaussian.md.
 */
#ifndef WS_MODELS_GAUSSIAN_H
#define WS_MODELS_GAUSSIAN_H

#include "models/family.h"

enum ws_gaussian_estimator {
    WS_GAUSSIAN_UNBIASED, /* 1 / (n - 1) */
    WS_GAUSSIAN_MLE,      /* 1 / n */
};

enum { WS_GAUSSIAN_DIMENSION_LIMIT = 4096 };

struct ws_gaussian_settings {
    uint32_t estimator; /* enum ws_gaussian_estimator */
};

struct ws_gaussian_model {
    struct ws_model base;
    uint32_t dimension;
    const double *mean;       /* (dimension) */
    const double *covariance; /* (dimension, dimension), symmetric, positive semi-definite */
};

/*
 * How many directions have spread: the pivots of the covariance's Cholesky factor, largest first,
 * that are above
 *     dimension * max(sqrt(items) * 2^-51 * largest variance, (2^-50 * largest |mean|)^2),
 * `items` being those it was fitted on. In one dimension: 1 if the variance is above 0.
 */
WS_MUST_CHECK enum ws_status ws_gaussian_rank(const struct ws_gaussian_model *model,
                                              struct ws_arena *scratch, uint32_t *out,
                                              struct ws_error *err);

/* log det(covariance), -infinity when the rank is below the dimension. */
WS_MUST_CHECK enum ws_status ws_gaussian_log_determinant(const struct ws_gaussian_model *model,
                                                         struct ws_arena *scratch, double *out,
                                                         struct ws_error *err);

#endif
