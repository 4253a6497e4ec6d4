/*
 * Exact moments of loops that train on human items and on the latest model's, or on more items at
 * each generation: recursions, which take the place of a closed form.
 *
 * Of a Gaussian in one dimension; the truth has mean 0 and variance 1, and each coordinate of an
 * isotropic one in more dimensions is such a chain. Of symbols: the probability that two draws are
 * alike. `n` counts fits, as in measure/closed_form.h. Derived. Contract:
 * tests/unit/test_loop_moments.c, tests/cli/theory.sh.
 */
#ifndef WS_MEASURE_LOOP_MOMENTS_H
#define WS_MEASURE_LOOP_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/gaussian.h"

struct ws_loop {
    uint64_t first; /* human items of the first fit */
    uint64_t human; /* of every later fit; human + model >= 2 */
    uint64_t model; /* items of the latest model */
    bool again;     /* the human ones are drawn, at each fit, from those of the first; else fresh */
};

struct ws_gaussian_loop {
    struct ws_loop items;
    enum ws_gaussian_estimator estimator;
    double weight; /* of the human items together: their share where every item weighs the same */
    double bias;   /* the model's items are drawn with so much of its variance */
};

struct ws_gaussian_moments {
    double mean_error; /* E[mu^2] */
    double variance;   /* E[s^2] */
};
struct ws_gaussian_moments ws_gaussian_loop_moments(const struct ws_gaussian_loop *loop,
                                                    uint64_t n);

/* Under accumulate: every fit is of all items so far, M of each model. */
struct ws_gaussian_moments ws_gaussian_pool_moments(enum ws_gaussian_estimator e, uint64_t M,
                                                    uint64_t n);

/* E[1 - sum p^2] of symbols; `start` is that of the truth. */
double ws_loop_heterozygosity(const struct ws_loop *loop, double start, uint64_t n);

/* Samples that grow: fit g + 1 is of first (1 + linear g) (g + 1)^power geometric^g items, to the
 * nearest, as settings ask for (lab/policy.h). {M, 0, 0, 1} are always M. */
struct ws_growing {
    uint64_t first; /* >= 2 */
    double linear, power, geometric;
};
uint64_t ws_growing_items(const struct ws_growing *growing, uint64_t g);

/* A Gaussian under replace. Shumailov et al. 2023 (arXiv 2305.17493, section 4) have mean_error +
 * variance, 1 + the sum of 1/M_i, of the unbiased estimator. */
struct ws_growing_moments {
    double mean_error;   /* E[mu^2] */
    double variance;     /* E[s^2]; of maximum likelihood also what is left of E[1 - sum p^2] */
    double deviation;    /* E[s] */
    double log_variance; /* E[log s^2] */
    double parts;        /* the sum of 1/M_i */
};
struct ws_growing_moments ws_growing_moments(enum ws_gaussian_estimator e,
                                             const struct ws_growing *growing, uint64_t n);

/* Likewise the excess risk of least squares with new inputs at each fit, noise of variance 1: the
 * sum of d / (M_i - d - 1). first > d + 1. */
double ws_growing_regression_risk(uint64_t d, const struct ws_growing *growing, uint64_t n);

/* How widely chains under replace differ: the variance over chains divided by the mean's square, of
 * s^2, s and mu^2. It is what the number of chains must be large against for their mean to say
 * something: means under replace are soon carried by few chains. */
struct ws_gaussian_spread {
    double variance;
    double deviation;
    double mean_error; /* >= 2, that of any centred normal number's square */
};
struct ws_gaussian_spread ws_gaussian_replace_spread(enum ws_gaussian_estimator e,
                                                     const struct ws_growing *growing, uint64_t n);

/* The same of the excess risk of least squares on M normal inputs of dimension d, after any number
 * of fits with one design: that of d F / (M - d + 1) for F of (d, M - d + 1) degrees of freedom.
 * Infinite for M <= d + 3. */
double ws_regression_risk_spread(uint64_t d, uint64_t M);

#endif
