/*
 * Goodness of fit for tests of random things.
 *
 * A statistical test has a fixed seed chosen beforehand and fails when chance alone would do worse
 * with a probability below that of 4 standard errors. At small effort it runs a hundredth of the
 * draws and only has to come to an end.
 */
#ifndef WS_TESTS_SUPPORT_STATISTICS_H
#define WS_TESTS_SUPPORT_STATISTICS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/effort.h"

/* The two-sided probability of 4 standard errors. */
#define STATISTICS_LEAST_P 6.334e-5

/* Whether there are draws enough to decide anything. */
static inline bool statistics_decide(void)
{
    return effort() > EFFORT_SMALL;
}

/* One in how many of the draws that a test wants is made. */
static inline size_t statistics_share(void)
{
    return by_effort(100, 1, 1);
}

/* How many draws to make where `wanted` are wanted. */
static inline size_t statistics_draws(size_t wanted)
{
    return wanted / statistics_share();
}

/* Whether a test passes whose p-value is `p`; says so when not. */
static inline bool statistics_accept(const char *what, double p)
{
    bool accepted = p >= STATISTICS_LEAST_P || !statistics_decide();
    if (!accepted)
        fprintf(stderr, "%s: p = %g\n", what, p);
    return accepted;
}

/* P(|Z| > |z|) of a standard normal Z. */
static inline double statistics_normal_p(double z)
{
    return erfc(fabs(z) / sqrt(2));
}

/* Q(a, x) = Gamma(a, x) / Gamma(a): its series below a + 1, its continued fraction (Lentz) above.
 */
static inline double statistics_upper_gamma(double a, double x)
{
    if (x <= 0)
        return 1;
    double front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, total = term;
        for (double n = 1; term > 1e-17 * total; n++) {
            term *= x / (a + n);
            total += term;
        }
        return 1 - front * total;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d, change = 0;
    for (double n = 1; fabs(change - 1) > 1e-15 && n < 1e6; n++) {
        double step = -n * (n - a);
        b += 2;
        d = 1 / (step * d + b);
        c = b + step / c;
        change = d * c;
        fraction *= change;
    }
    return front * fraction;
}

/* The p-value of Pearson's statistic. Neighbouring cells are pooled until 5 are expected in each;
 * `expected` sums to the number of draws. */
static inline double statistics_chi_squared_p(const uint64_t *observed, const double *expected,
                                              size_t cells)
{
    double rest = 0;
    for (size_t i = 0; i < cells; i++)
        rest += expected[i];
    double statistic = 0, seen = 0, wanted = 0;
    size_t pools = 0;
    for (size_t i = 0; i < cells; i++) {
        seen += (double)observed[i];
        wanted += expected[i];
        rest -= expected[i];
        if ((wanted < 5 || rest < 5) && i + 1 < cells)
            continue;
        if (wanted > 0)
            statistic += (seen - wanted) * (seen - wanted) / wanted;
        else if (seen > 0)
            return 0;
        pools++;
        seen = wanted = 0;
    }
    return pools < 2 ? 1 : statistics_upper_gamma((double)(pools - 1) / 2, statistic / 2);
}

static inline int statistics_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The p-value of the Kolmogorov-Smirnov statistic against `cdf`, whose context is `law`; sorts the
 * values. Stephens' correction (J. R. Stat. Soc. B 32, 1970) for finite counts. */
static inline double statistics_ks_p(double *values, size_t count,
                                     double (*cdf)(const void *law, double x), const void *law)
{
    qsort(values, count, sizeof *values, statistics_compare);
    double n = (double)count, distance = 0;
    for (size_t i = 0; i < count; i++) {
        double p = cdf(law, values[i]);
        distance = fmax(distance, fmax((double)(i + 1) / n - p, p - (double)i / n));
    }
    double root = sqrt(n);
    double x = (root + 0.12 + 0.11 / root) * distance;
    double total = 0;
    for (int j = 1; j <= 100; j++)
        total += (j % 2 ? 2 : -2) * exp(-2.0 * j * j * x * x);
    return x < 0.2 ? 1 : fmin(1, fmax(0, total));
}

#endif
