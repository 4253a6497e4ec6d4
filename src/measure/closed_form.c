#include "measure/closed_form.h"

#include <assert.h>
#include <inttypes.h>
#include <lapacke.h>
#include <math.h>

#include "data/truth.h"

/* Gamma(x + 1/2) / Gamma(x) for x > 0: upwards by the recurrence of Gamma, then the asymptotic
 * series (Tricomi and Erdelyi 1951). */
static double gamma_half_step(double x)
{
    double factor = 1;
    for (; x < 64; x++)
        factor *= x / (x + 0.5);
    double y = 1 / x;
    double series = -399.0 / 262144 + y * (869.0 / 4194304);
    series = -21.0 / 32768 + y * series;
    series = 5.0 / 1024 + y * series;
    series = 1.0 / 128 + y * series;
    series = -1.0 / 8 + y * series;
    return factor * sqrt(x) * (1 + y * series);
}

/* psi(x) - log(x) for x > 0 (Abramowitz and Stegun 6.3.5 and 6.3.18). */
static double digamma_minus_log(double x)
{
    double start = x;
    double shift = 0;
    for (; x < 16; x++)
        shift -= 1 / x;
    double y = 1 / (x * x);
    double series = 1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760));
    series = 1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * series));
    return shift + log(x / start) - 0.5 / x - y * series;
}

/* a^n. */
static double power(double a, uint64_t n)
{
    return pow(a, (double)n);
}

double ws_theory_c4(uint64_t M)
{
    assert(M >= 2);
    double half = (double)(M - 1) / 2;
    return gamma_half_step(half) / sqrt(half);
}

/* What maximum likelihood multiplies E[sigma^2] by: 1 - 1/M. */
static double shrinkage(enum ws_gaussian_estimator e, uint64_t M)
{
    return e == WS_GAUSSIAN_MLE ? 1 - 1 / (double)M : 1;
}

double ws_theory_gaussian_variance(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    return power(shrinkage(e, M), n);
}

double ws_theory_gaussian_deviation(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    return power(ws_theory_c4(M) * sqrt(shrinkage(e, M)), n);
}

double ws_theory_gaussian_log_variance(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    assert(M >= 2);
    double step = digamma_minus_log((double)(M - 1) / 2) + log(shrinkage(e, M));
    return (double)n * step;
}

/* The mean's steps are independent of variance E[sigma_k^2] / M: their sum. */
double ws_theory_gaussian_mean_error(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    if (e == WS_GAUSSIAN_MLE)
        return 1 - ws_theory_gaussian_variance(e, M, n);
    return (double)n / (double)M;
}

/* In one dimension W2^2 = mu^2 + (sigma - 1)^2. */
double ws_theory_gaussian_w2_squared(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    double deviation = ws_theory_gaussian_deviation(e, M, n);
    return ws_theory_gaussian_mean_error(e, M, n) + ws_theory_gaussian_variance(e, M, n) + 1 -
           2 * deviation;
}

/* E[s^2] - E[s]^2. */
double ws_theory_gaussian_deviation_spread(enum ws_gaussian_estimator e, uint64_t M)
{
    double c4 = ws_theory_c4(M);
    return sqrt(shrinkage(e, M) * (1 - c4 * c4));
}

double ws_theory_gaussian_wide_bound(double epsilon, uint64_t M, uint64_t n)
{
    return fmin(1, exp(-(double)n / (4 * (double)M - 1)) / epsilon);
}

double ws_theory_gaussian_wide_bound_c4(double epsilon, uint64_t M, uint64_t n)
{
    return fmin(1, power(ws_theory_c4(M), n) / epsilon);
}

double ws_theory_gaussian_median_bound(uint64_t M, uint64_t n)
{
    const double deviation = 2 * exp(-(double)n / (4 * (double)M - 1));
    return deviation * deviation;
}

double ws_theory_gaussian_median_bound_c4(uint64_t M, uint64_t n)
{
    return 4 * power(ws_theory_c4(M), 2 * n);
}

double ws_theory_gaussian_w2_leading(uint64_t M, uint64_t n)
{
    return 1.5 * (double)n / (double)M;
}

double ws_theory_gaussian_accumulate_limit(uint64_t M)
{
    const double x = M_PI / sqrt((double)M);
    return sin(x) / x;
}

double ws_theory_fresh_mean_error(double p, uint64_t M)
{
    return 1 / ((double)M * (1 - (1 - p) * (1 - p)));
}

double ws_theory_weighted_mean_error(double w, uint64_t human, uint64_t model)
{
    const double own = 1 - w;
    return (w * w / (double)human + own * own / (double)model) / (1 - own * own);
}

double ws_theory_biased_variance(double p, double bias)
{
    return p / (1 - (1 - p) * bias);
}

double ws_theory_gaussian_accumulate_variance(uint64_t M, uint64_t n)
{
    double product = 1;
    for (uint64_t k = 1; k <= n; k++)
        product *= 1 - 1 / ((double)M * (double)k * (double)k);
    return product;
}

double ws_theory_heterozygosity(double start, uint64_t M, uint64_t n)
{
    return start * power(1 - 1 / (double)M, n);
}

double ws_theory_accumulate_heterozygosity(double start, uint64_t M, uint64_t n)
{
    return start * ws_theory_gaussian_accumulate_variance(M, n);
}

double ws_theory_survival_rate(uint64_t k)
{
    double rate = INFINITY;
    for (uint64_t i = 0; i < k; i++)
        rate = -expm1(-rate);
    return rate;
}

/* `rate` is that of k resamplings. */
static struct ws_theory_bounds bernoulli_alive(double p0, uint64_t n, uint64_t k, double rate)
{
    double exponent = -(double)n * p0 * rate;
    double slack = 3 * (double)n * p0 * p0 + 3 * (double)k * p0;
    double most = 1 - (1 - slack) * exp(exponent);
    return (struct ws_theory_bounds){-expm1(exponent), fmin(most, 1)};
}

struct ws_theory_bounds ws_theory_bernoulli_alive(double p0, uint64_t n, uint64_t k)
{
    return bernoulli_alive(p0, n, k, ws_theory_survival_rate(k));
}

enum { TRUTH_TYPES_LIMIT = 1 << 20 };

enum ws_status ws_theory_truth_types(uint32_t types, double exponent, double shift, uint64_t n,
                                     uint64_t k, struct ws_arena *scratch,
                                     struct ws_theory_bounds *out, struct ws_error *err)
{
    const double rate = ws_theory_survival_rate(k);
    struct ws_truth truth;
    struct ws_theory_bounds sum = {0, 0};
    if (types > TRUTH_TYPES_LIMIT)
        return ws_fail(err, WS_LIMIT, "bounds over %" PRIu32 " types, at most %d are done", types,
                       TRUTH_TYPES_LIMIT);
    WS_TRY(ws_truth_init(&truth, types, exponent, 1 + shift, scratch, err));
    for (uint32_t i = 0; i < types; i++) {
        struct ws_theory_bounds one = bernoulli_alive(ws_truth_of(&truth, i), n, k, rate);
        sum.least += one.least;
        sum.most += one.most;
    }
    *out = sum;
    return WS_OK;
}

struct ws_theory_bounds ws_theory_both_alive(double p0, uint64_t n, uint64_t k)
{
    double mixed = p0 * (1 - p0) * power(1 - 1 / (double)n, k);
    return (struct ws_theory_bounds){4 * mixed, fmin(2 * (double)n * mixed, 1)};
}

double ws_theory_poisson_alive(double lambda0, uint64_t n, uint64_t k)
{
    return -expm1(-(double)n * lambda0 * ws_theory_survival_rate(k));
}

double ws_theory_regression_risk(uint64_t d, uint64_t n)
{
    assert(n > d + 1);
    return (double)d / (double)(n - d - 1);
}

double ws_theory_regression_design_risk(uint64_t d, uint64_t n)
{
    return (double)d / (double)n;
}

/* A pool of g outputs has the mean of their means, of which the last is that of the pool before
 * with one error more: the error grows by 1 / g of a fit's. */
double ws_theory_accumulate_growth(uint64_t g)
{
    double sum = 0;
    for (uint64_t i = g; i > 0; i--)
        sum += 1 / ((double)i * (double)i);
    return sum;
}

/* With B the error of the whole pool's mean: an output adds a fit's own error, 1, and that of the
 * choice of n out of the g n items that its model was fitted on, 1 - 1 / g, and moves the pool by a
 * part in g + 1. The next fit adds its own choice. */
double ws_theory_subsample_growth(uint64_t g)
{
    double pool = 1;
    for (uint64_t i = 1; i < g; i++) {
        double next = (double)i + 1;
        pool += (2 - 1 / (double)i) / (next * next);
    }
    return pool + 1 - 1 / (double)g;
}

double ws_theory_types_left(const uint64_t *counts, size_t types, uint64_t k)
{
    double rate = ws_theory_survival_rate(k);
    double left = 0;
    for (size_t i = 0; i < types; i++)
        if (counts[i] > 0)
            left -= expm1(-(double)counts[i] * rate);
    return left;
}

/* 1 - max(0, 1 - 3 c^2/N - 3 k c/N) exp(-c g): of a type with c of N copies. */
static double survival_most(double c, double N, uint64_t k, double rate)
{
    double slack = 1 - 3 * c * c / N - 3 * (double)k * c / N;
    return 1 - fmax(slack, 0) * exp(-c * rate);
}

double ws_theory_types_left_most(const uint64_t *counts, size_t types, uint64_t k)
{
    double rate = ws_theory_survival_rate(k);
    double N = 0, left = 0;
    for (size_t i = 0; i < types; i++)
        N += (double)counts[i];
    for (size_t i = 0; i < types; i++)
        if (counts[i] > 0)
            left += survival_most((double)counts[i], N, k, rate);
    return left;
}

/* The two-allele Wright-Fisher chain on 0..M copies. */
struct wright_fisher {
    uint64_t M;
    double *log_factorial; /* (M + 1) */
};

enum { WRIGHT_FISHER_LIMIT = 4096 }; /* its matrix: 128 MiB */

static enum ws_status wright_fisher_init(struct wright_fisher *chain, uint64_t M,
                                         struct ws_arena *scratch, struct ws_error *err)
{
    if (M > WRIGHT_FISHER_LIMIT)
        return ws_fail(err, WS_LIMIT, "exact theory for %" PRIu64 " samples, at most %d are done",
                       M, WRIGHT_FISHER_LIMIT);
    chain->M = M;
    chain->log_factorial = WS_ARENA_NEW(scratch, double, M + 1);
    if (!chain->log_factorial)
        return ws_fail_memory(err, "a Wright-Fisher chain");
    chain->log_factorial[0] = 0;
    for (uint64_t k = 1; k <= M; k++)
        chain->log_factorial[k] = chain->log_factorial[k - 1] + log((double)k);
    return WS_OK;
}

/* P(Binomial(M, p) = k). */
static double binomial(const struct wright_fisher *chain, double p, uint64_t k)
{
    uint64_t M = chain->M;
    if (p <= 0)
        return k == 0;
    if (p >= 1)
        return k == M;
    const double *lf = chain->log_factorial;
    return exp(lf[M] - lf[k] - lf[M - k] + (double)k * log(p) + (double)(M - k) * log1p(-p));
}

/* The matrix of steps from j to k copies, 1 <= j, k <= M - 1 (the states that are not absorbing),
 * row by row. */
static double *transient_matrix(const struct wright_fisher *chain, struct ws_arena *scratch)
{
    uint64_t size = chain->M - 1;
    double *matrix = WS_ARENA_NEW(scratch, double, size *size);
    for (uint64_t j = 1; matrix && j <= size; j++)
        for (uint64_t k = 1; k <= size; k++)
            matrix[(j - 1) * size + k - 1] = binomial(chain, (double)j / (double)chain->M, k);
    return matrix;
}

/* One resampling backwards: from the chance of being alive later, by copies 0..M, to the chance
 * before it. */
static void step_back(const double *matrix, uint64_t M, const double *escape, const double *later,
                      double *before)
{
    uint64_t size = M - 1;
    before[0] = 0;
    before[M] = 1;
    for (uint64_t j = 1; j <= size; j++) {
        double sum = escape[j];
        for (uint64_t k = 1; k <= size; k++)
            sum += matrix[(j - 1) * size + k - 1] * later[k];
        before[j] = sum;
    }
}

/* P(alive) of a type of probability p, when that from each number of copies is known. */
static double over_first_draw(const struct wright_fisher *chain, double p, const double *alive)
{
    double sum = 0;
    for (uint64_t k = 1; k <= chain->M; k++)
        sum += binomial(chain, p, k) * alive[k];
    return sum;
}

enum ws_status ws_theory_survivals(double p, uint64_t M, const uint64_t *n, size_t count,
                                   struct ws_arena *scratch, double *out, struct ws_error *err)
{
    struct wright_fisher chain;
    WS_TRY(wright_fisher_init(&chain, M, scratch, err));
    double *matrix = transient_matrix(&chain, scratch);
    double *alive = WS_ARENA_NEW(scratch, double, M + 1);
    double *before = WS_ARENA_NEW(scratch, double, M + 1);
    double *escape = WS_ARENA_NEW(scratch, double, M + 1); /* straight to M copies */
    if (!matrix || !alive || !before || !escape)
        return ws_fail_memory(err, "a Wright-Fisher chain");
    for (uint64_t j = 0; j <= M; j++) {
        alive[j] = j > 0;
        escape[j] = power((double)j / (double)M, M);
    }
    uint64_t done = 1; /* resamplings */
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || n[i] >= n[i - 1]);
        for (; done < n[i]; done++) {
            step_back(matrix, M, escape, alive, before);
            double *swap = alive;
            alive = before;
            before = swap;
        }
        out[i] = n[i] == 0 ? p > 0 : over_first_draw(&chain, p, alive);
    }
    return WS_OK;
}

enum ws_status ws_theory_survival(double p, uint64_t M, uint64_t n, struct ws_arena *scratch,
                                  double *out, struct ws_error *err)
{
    return ws_theory_survivals(p, M, &n, 1, scratch, out, err);
}

/* With F_t the chance that one type has taken over by t, P(T > t) = 1 - K F_t, and F_t rises to
 * 1/K. So E[T], the sum of P(T > t), is K times w = E[time to take over; it does], which solves
 * (I - Q) w = h over the transient states, h(j) = j/M being the chance to take over. */
enum ws_status ws_theory_absorption_time(uint64_t K, uint64_t M, struct ws_arena *scratch,
                                         double *out, struct ws_error *err)
{
    if (K <= 1 || M <= 1) {
        *out = K > 1;
        return WS_OK;
    }
    struct wright_fisher chain;
    WS_TRY(wright_fisher_init(&chain, M, scratch, err));
    uint64_t size = M - 1;
    double *matrix = transient_matrix(&chain, scratch);
    double *w = WS_ARENA_NEW(scratch, double, size);
    lapack_int *pivots = WS_ARENA_NEW(scratch, lapack_int, size);
    if (!matrix || !w || !pivots)
        return ws_fail_memory(err, "a Wright-Fisher chain");
    for (uint64_t i = 0; i < size * size; i++)
        matrix[i] = (i % (size + 1) == 0) - matrix[i];
    for (uint64_t j = 1; j <= size; j++)
        w[j - 1] = (double)j / (double)M;
    /* Row by row is the transpose for LAPACK. */
    lapack_int order = (lapack_int)size;
    lapack_int info = LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, order, order, matrix, order, pivots);
    if (info == 0)
        info =
            LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, 'T', order, 1, matrix, order, pivots, w, order);
    if (info != 0)
        return ws_fail(err, WS_NUMERIC,
                       "the absorption time of %" PRIu64 " samples: LAPACK says %d", M, (int)info);
    double time = 1; /* t = 0 */
    for (uint64_t k = 1; k <= size; k++)
        time += (double)K * binomial(&chain, 1 / (double)K, k) * w[k - 1];
    *out = time;
    return WS_OK;
}
