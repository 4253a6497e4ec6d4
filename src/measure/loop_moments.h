/*
 * Exact moments of loops that train on human items and on the latest model's: linear recursions,
 * which take the place of a closed form where human items take part.
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

/* How widely chains under replace differ: the variance over chains divided by the mean's square, of
 * s^2 and of mu^2. It is what the number of chains must be large against for their mean to say
 * something: means under replace are soon carried by few chains. */
struct ws_gaussian_spread {
    double variance;
    double mean_error; /* >= 2, that of any centred normal number's square */
};
struct ws_gaussian_spread ws_gaussian_replace_spread(enum ws_gaussian_estimator e, uint64_t M,
                                                     uint64_t n);

/* The same of the excess risk of least squares on M normal inputs of dimension d, after any number
 * of fits with one design: that of d F / (M - d + 1) for F of (d, M - d + 1) degrees of freedom.
 * Infinite for M <= d + 3. */
double ws_regression_risk_spread(uint64_t d, uint64_t M);

#endif
