/* Distributions of one count: Poisson, binomial, hypergeometric. */
#include "base/sampler.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* Below this mean a Poisson or binomial count is found by inversion, from 0 upwards; from it on by
 * transformed rejection, whose constants hold for means of at least 10. */
#define INVERSION_MEAN 10.0

/* What Stirling's formula leaves out of log Gamma(y), y >= 1 whole:
 * log Gamma(y) - ((y - 1/2) log y - y + log(2 pi) / 2). */
static double stirling_rest(double y)
{
    static const double first[] = {
        0.08106146679532726,  0.0413406959554093,   0.02767792568499834, 0.020790672103765093,
        0.016644691189821193, 0.013876128823070748, 0.01189670994589177, 0.010411265261972096,
        0.009255462182712733, 0.00833056343336287,
    };
    if (y <= 10)
        return first[(int)y - 1];
    double z = 1 / (y * y);
    return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / y;
}

/* log(f(k) sqrt(2 pi mean)), f the Poisson density. In terms of y = k + 1, how far it is from the
 * mean, and log1p, so that it stays accurate where k! has no useful logarithm. It serves all three
 * distributions, for a binomial density is, but for a factor, f(k; n p) f(n - k; n q), and a
 * hypergeometric one is the product of two binomials. */
static double log_poisson(uint64_t k, double mean)
{
    double y = (double)(int64_t)k + 1;
    double distance = y - mean;
    return distance - (y - 0.5) * log1p(distance / mean) - stirling_rest(y);
}

/* The count at which a uniform draw is used up by f(0), f(1), ..., where f(k) = f(k - 1) (a / k -
 * r). `most` bounds the support. Counts past FAR have no chance for a mean below INVERSION_MEAN
 * (less than 1e-80): what gets there is the rounding of sums near 1, and is drawn again. */
static uint64_t invert(struct ws_rng *rng, double first, double a, double r, uint64_t most)
{
    enum { FAR = 128 };
    uint64_t last = most < FAR ? most : FAR;
    for (;;) {
        double left = ws_rng_uniform(rng);
        double f = first;
        for (uint64_t k = 0; k <= last; k++) {
            if (left < f)
                return k;
            left -= f;
            f *= a / (double)(int64_t)(k + 1) - r;
        }
    }
}

/* floor(offset) + start when it lies in 0 .. most. The offset, not the sum, is what double holds
 * exactly for counts of more than 53 bits. */
static bool land(uint64_t start, double offset, uint64_t most, uint64_t *out)
{
    double whole = floor(offset);
    if (!(fabs(whole) < 0x1p62))
        return false;
    int64_t k = (int64_t)start + (int64_t)whole;
    *out = (uint64_t)k;
    return k >= 0 && (uint64_t)k <= most;
}

/* Hormann, "The transformed rejection method for generating Poisson random variables", Insurance:
 * Mathematics and Economics 12 (1993), algorithm PTRS, with a hat 1 % higher and a smaller region
 * of quick acceptance: with the published constants the density rises above the hat by up to 0.6 %
 * for means up to 1300 (evaluated over a grid of means), which loses a part in 10^6 of the counts.
 */
static uint64_t poisson_by_rejection(struct ws_rng *rng, double mean)
{
    const double two_pi = 6.283185307179586;
    uint64_t start = (uint64_t)mean;
    double middle = mean - (double)(int64_t)start + 0.43;
    double root = sqrt(mean);
    double b = 0.931 + 2.53 * root;
    double a = -0.059 + 0.02483 * b;
    double v_quick = 0.91 - 3.6224 / (b - 2);
    double scale = 1.01 * (1.1239 + 1.1328 / (b - 3.4)) * sqrt(two_pi) * root;
    for (;;) {
        double u = ws_rng_uniform_open(rng) - 0.5;
        double v = ws_rng_uniform_open(rng);
        double us = 0.5 - fabs(u);
        uint64_t k;
        if (!land(start, (2 * a / us + b) * u + middle, UINT64_C(1) << 63, &k))
            continue;
        if (us >= 0.07 && v <= v_quick)
            return k;
        if (log(v * scale / (a / (us * us) + b)) <= log_poisson(k, mean))
            return k;
    }
}

uint64_t ws_sample_poisson(struct ws_rng *rng, double mean)
{
    assert(mean >= 0 && mean <= 0x1p62);
    if (mean < INVERSION_MEAN)
        return invert(rng, exp(-mean), mean, 0, UINT64_MAX);
    return poisson_by_rejection(rng, mean);
}

/* Hormann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46 (1993),
 * algorithm BTRS. */
static uint64_t binomial_by_rejection(struct ws_rng *rng, uint64_t n, double p)
{
    double q = 1 - p;
    double count = (double)(int64_t)n;
    double mean = count * p;
    uint64_t mode = (uint64_t)((count + 1) * p);
    double middle = mean - (double)(int64_t)mode + 0.5;
    double root = sqrt(mean * q);
    double b = 1.15 + 2.53 * root;
    double a = -0.0873 + 0.0248 * b + 0.01 * p;
    double v_quick = 0.92 - 4.2 / b;
    for (;;) {
        double u = ws_rng_uniform_open(rng) - 0.5;
        double v = ws_rng_uniform_open(rng);
        double us = 0.5 - fabs(u);
        uint64_t k;
        if (!land(mode, (2 * a / us + b) * u + middle, n, &k))
            continue;
        if (us >= 0.07 && v <= v_quick)
            return k;
        double peak = log_poisson(mode, mean) + log_poisson(n - mode, count * q);
        double here = log_poisson(k, mean) + log_poisson(n - k, count * q);
        if (log(v * (2.83 + 5.1 / b) * root / (a / (us * us) + b)) <= here - peak)
            return k;
    }
}

static uint64_t binomial_below_half(struct ws_rng *rng, uint64_t n, double p)
{
    double count = (double)(int64_t)n;
    if (count * p >= INVERSION_MEAN)
        return binomial_by_rejection(rng, n, p);
    double odds = p / (1 - p);
    return invert(rng, exp(count * log1p(-p)), (count + 1) * odds, odds, n);
}

uint64_t ws_sample_binomial(struct ws_rng *rng, uint64_t n, double p)
{
    assert(n <= WS_SAMPLE_MAX && p >= 0 && p <= 1);
    if (n == 0 || p == 0)
        return 0;
    if (p == 1)
        return n;
    return p <= 0.5 ? binomial_below_half(rng, n, p) : n - binomial_below_half(rng, n, 1 - p);
}

/* Item by item out of the urn. */
static uint64_t hypergeometric_by_item(struct ws_rng *rng, uint64_t good, uint64_t total,
                                       uint64_t draws)
{
    uint64_t k = 0;
    for (uint64_t i = 0; i < draws; i++)
        k += ws_rng_below(rng, total - i) < good - k;
    return k;
}

/* The log of the density of k but for a constant. */
static double log_hypergeometric(uint64_t k, uint64_t good, uint64_t bad, uint64_t draws,
                                 double share)
{
    double g = (double)(int64_t)good, b = (double)(int64_t)bad;
    return log_poisson(k, g * share) + log_poisson(good - k, g * (1 - share)) +
           log_poisson(draws - k, b * share) + log_poisson(bad - (draws - k), b * (1 - share));
}

/* Stadlober, "The ratio of uniforms approach for generating discrete random variates", J. Comput.
 * Appl. Math. 31 (1990), algorithm HRUE. draws <= good and draws <= bad. */
static uint64_t hypergeometric_by_ratio(struct ws_rng *rng, uint64_t good, uint64_t bad,
                                        uint64_t draws)
{
    const double width_slope = 1.7155277699214135; /* 2 sqrt(2 / e) */
    const double width_start = 0.8989161620588988; /* 3 - 2 sqrt(3 / e) */
    double total = (double)(int64_t)(good + bad);
    double n = (double)(int64_t)draws;
    double share = n / total;
    double p = (double)(int64_t)good / total;
    double variance = n * p * (1 - p) * ((total - n) / (total - 1));
    double width = width_slope * sqrt(variance + 0.5) + width_start;
    uint64_t mode = (uint64_t)((n + 1) * ((double)(int64_t)good + 1) / (total + 2));
    double middle = n * p - (double)(int64_t)mode + 0.5;
    double peak = log_hypergeometric(mode, good, bad, draws, share);
    for (;;) {
        double u = ws_rng_uniform_open(rng);
        double v = ws_rng_uniform_open(rng) - 0.5;
        uint64_t k;
        if (!land(mode, width * v / u + middle, draws, &k))
            continue;
        if (2 * log(u) <= log_hypergeometric(k, good, bad, draws, share) - peak)
            return k;
    }
}

/* Three symmetries make `draws` the smallest of draws, good and bad: what is not drawn, what is
 * not good, and that drawing marks items just as being good does. */
uint64_t ws_sample_hypergeometric(struct ws_rng *rng, uint64_t good, uint64_t bad, uint64_t draws)
{
    enum { FEW = 16 };
    assert(good <= WS_SAMPLE_MAX && bad <= WS_SAMPLE_MAX - good && draws <= good + bad);
    uint64_t total = good + bad;
    if (draws > total - draws)
        return good - ws_sample_hypergeometric(rng, good, bad, total - draws);
    if (good > bad)
        return draws - ws_sample_hypergeometric(rng, bad, good, draws);
    if (draws > good)
        return ws_sample_hypergeometric(rng, draws, total - draws, good);
    if (draws <= FEW)
        return hypergeometric_by_item(rng, good, total, draws);
    return hypergeometric_by_ratio(rng, good, bad, draws);
}
