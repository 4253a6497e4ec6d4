/*
 * What theory says an experiment should give. `n` counts fits: n = 1 is the first fit on real data,
 * so a model of step g has n = g + 1. M >= 2 is the sample size of every fit; the truth has mean 0
 * and variance 1 where nothing else is said.
 *
 * Sources: Shumailov et al. 2024 (theorem 3.1), Suresh et al. 2024 (arXiv 2412.17646), Kazdan et
 * al. 2024 (arXiv 2410.16713), Bertrand et al. 2024 (arXiv 2310.00429), Dohmatob et al. 2024 (arXiv
 * 2402.07712), Gerstgrasser et al. 2024 (arXiv 2404.01413), Dey and Donoho 2024 (arXiv 2410.22812)
 * and classical population genetics. Contract: tests/unit/test_closed_form.c (values computed
 * elsewhere), tests/statistical/.
 */
#ifndef WS_MEASURE_CLOSED_FORM_H
#define WS_MEASURE_CLOSED_FORM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "models/gaussian.h"

/* E[s] / sigma of one unbiased fit of M samples: sqrt(2/(M-1)) Gamma(M/2) / Gamma((M-1)/2). */
double ws_theory_c4(uint64_t M);

/* One-dimensional Gaussian under replace. */
double ws_theory_gaussian_variance(enum ws_gaussian_estimator e, uint64_t M, uint64_t n);
double ws_theory_gaussian_deviation(enum ws_gaussian_estimator e, uint64_t M, uint64_t n);
double ws_theory_gaussian_log_variance(enum ws_gaussian_estimator e, uint64_t M, uint64_t n);
double ws_theory_gaussian_mean_error(enum ws_gaussian_estimator e, uint64_t M, uint64_t n);
double ws_theory_gaussian_w2_squared(enum ws_gaussian_estimator e, uint64_t M, uint64_t n);
/* Of the deviation s over fits: sqrt(Var s), one fit. */
double ws_theory_gaussian_deviation_spread(enum ws_gaussian_estimator e, uint64_t M);
/* Maximum likelihood under accumulate: prod over k = 1..n of 1 - 1 / (M k^2). */
double ws_theory_gaussian_accumulate_variance(uint64_t M, uint64_t n);
/* Bounds on P(s > epsilon): Suresh et al., theorem 3, exp(-n / (4M - 1)) / epsilon; Bertrand et
 * al., c4^n / epsilon; at most 1. */
double ws_theory_gaussian_wide_bound(double epsilon, uint64_t M, uint64_t n);
double ws_theory_gaussian_wide_bound_c4(double epsilon, uint64_t M, uint64_t n);
/* The same as a bound on the median of s^2, which theorem 3 gives for epsilon = 2 exp(-n / (4M -
 * 1)). */
double ws_theory_gaussian_median_bound(uint64_t M, uint64_t n);
/* Likewise by Bertrand et al.: (2 c4^n)^2. It is the lower one. */
double ws_theory_gaussian_median_bound_c4(uint64_t M, uint64_t n);
/* What E[W2^2] is to leading order (Shumailov et al., arXiv 2305.17493, section 4): 3n / 2M. */
double ws_theory_gaussian_w2_leading(uint64_t M, uint64_t n);
/* Maximum likelihood under accumulate, n without end: sin(x) / x for x = pi / sqrt(M). */
double ws_theory_gaussian_accumulate_limit(uint64_t M);
/* The limit of E[mu^2] when a share p of every M samples is fresh: 1 / (M (1 - (1-p)^2)), so that a
 * real sample as good is 2 - p times as large as the fresh one. Derived; to the order of 1/M. */
double ws_theory_fresh_mean_error(double p, uint64_t M);
/* The same of `human` fresh items that weigh w together and `model` ones that weigh 1 - w (He et
 * al. 2025, arXiv 2502.18049): (w^2/human + (1-w)^2/model) / (1 - (1-w)^2), at the best w w/human.
 */
double ws_theory_weighted_mean_error(double w, uint64_t human, uint64_t model);
/* The limit of E[s^2] with a fresh share p beside output of `bias` times the model's variance
 * (Alemohammad et al. 2023): p / (1 - (1-p) bias). To the order of 1/M. */
double ws_theory_biased_variance(double p, double bias);

/* Discrete under replace, started at the truth. */
double ws_theory_heterozygosity(double start, uint64_t M, uint64_t n); /* (1 - 1/M)^n start */
/* Under accumulate: start times the product of the Gaussian's variance (derived likewise). */
double ws_theory_accumulate_heterozygosity(double start, uint64_t M, uint64_t n);

/* Exact: probability that a type of probability p is still there after n resamplings of M, from
 * the two-allele Wright-Fisher matrix. O(n M^2). WS_LIMIT for M over 4,096, here and below. */
WS_MUST_CHECK enum ws_status ws_theory_survival(double p, uint64_t M, uint64_t n,
                                                struct ws_arena *scratch, double *out,
                                                struct ws_error *err);
/* The same for `count` numbers of resamplings n, ascending, at the price of the largest. */
WS_MUST_CHECK enum ws_status ws_theory_survivals(double p, uint64_t M, const uint64_t *n,
                                                 size_t count, struct ws_arena *scratch,
                                                 double *out, struct ws_error *err);
/* Exact mean number of resamplings until one of K equally likely types is left. O(M^3). */
WS_MUST_CHECK enum ws_status ws_theory_absorption_time(uint64_t K, uint64_t M,
                                                       struct ws_arena *scratch, double *out,
                                                       struct ws_error *err);

/* Probability that a Bernoulli chain started at p0 is not at 0 after k fits of n items, from below
 * and above (Suresh et al., theorem 1; the second is 1 where they give more). ws_theory_survival is
 * the exact number. */
struct ws_theory_bounds {
    double least, most;
};
struct ws_theory_bounds ws_theory_bernoulli_alive(double p0, uint64_t n, uint64_t k);
/* The number of types that are left of a truth after k resamplings of n, likewise (corollary 1):
 * the sum over its types. WS_LIMIT for more than 2^20 types. */
WS_MUST_CHECK enum ws_status ws_theory_truth_types(uint32_t types, double exponent, double shift,
                                                   uint64_t n, uint64_t k, struct ws_arena *scratch,
                                                   struct ws_theory_bounds *out,
                                                   struct ws_error *err);
/* Probability that neither of two types, of probabilities p0 and 1 - p0, is lost after k
 * resamplings of n: from 4 p0 (1 - p0) (1 - 1/n)^k to 2 n p0 (1 - p0) (1 - 1/n)^k, or 1 (Seddik et
 * al. 2024, arXiv 2404.05090, as cited by Suresh et al.). */
struct ws_theory_bounds ws_theory_both_alive(double p0, uint64_t n, uint64_t k);
/* Probability that a Poisson chain started at mean lambda0 is not at 0, exactly (theorem 2). */
double ws_theory_poisson_alive(double lambda0, uint64_t n, uint64_t k);

/* Linear regression by least squares: the first fit's expected excess risk, noise of variance 1.
 * Over the law of normal inputs (n > d + 1): d / (n - d - 1); over the n inputs it was fitted on: d
 * / n. */
double ws_theory_regression_risk(uint64_t d, uint64_t n);
double ws_theory_regression_design_risk(uint64_t d, uint64_t n);

/* By how much more a mean errs (in squares) after g fits than after the first: any unbiased mean of
 * n equally weighted parts, a Gaussian's mean and a regression of fixed design among them, and in
 * the limit of many items each exponential family (Dey and Donoho 2024). Under replace it is g.
 * Accumulate: the sum of 1 / i^2, at most pi^2 / 6. Accumulate-subsample: the limit of many items,
 * at most pi^2 / 2 - 2. */
double ws_theory_accumulate_growth(uint64_t g);
double ws_theory_subsample_growth(uint64_t g);
#define WS_THEORY_ACCUMULATE_GROWTH_LIMIT (M_PI * M_PI / 6)
#define WS_THEORY_SUBSAMPLE_GROWTH_LIMIT  (M_PI * M_PI / 2 - 2)

/* g_k of Suresh et al.: g_0 = infinity, g_1 = 1, g_{k+1} = 1 - exp(-g_k). A type seen c times is
 * still there after k resamplings with probability at least 1 - exp(-c g_k); tight for large M. */
double ws_theory_survival_rate(uint64_t k);
/* The sum of that bound over type counts: a lower bound of the expected number of types left. */
double ws_theory_types_left(const uint64_t *counts, size_t types, uint64_t k);
/* The upper bound of the same (corollary 1): the sum of 1 - max(0, 1 - 3 c^2/N - 3 k c/N)
 * exp(-c g_k), N the sum of all counts. */
double ws_theory_types_left_most(const uint64_t *counts, size_t types, uint64_t k);

#endif
