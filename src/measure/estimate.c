#include "measure/estimate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure/summary.h"

static const struct ws_estimate unknown = {NAN, NAN, 0};

/* Moves NaN values out; the number of values left. */
static size_t drop_missing(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    return kept;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

/* The mean of (x - centre)^k. */
static double moment(const double *values, size_t count, double centre, int k)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double square = (values[i] - centre) * (values[i] - centre);
        sum += k == 4 ? square * square : square;
    }
    return sum / (double)count;
}

/* Of the mean of values whose mean squared distance from it is `variance`. */
static double error_of_mean(double variance, size_t count)
{
    return count > 1 ? sqrt(variance / (double)(count - 1)) : NAN;
}

struct ws_estimate ws_estimate_mean(double *values, size_t count)
{
    size_t kept = drop_missing(values, count);
    if (kept == 0)
        return unknown;
    double mean = mean_of(values, kept);
    double error = error_of_mean(moment(values, kept, mean, 2), kept);
    return (struct ws_estimate){mean, error, kept};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct ws_estimate ws_estimate_quantile(double *values, size_t count, double q)
{
    size_t kept = drop_missing(values, count);
    if (kept == 0)
        return unknown;
    qsort(values, kept, sizeof *values, compare);
    double step = sqrt(q * (1 - q) / (double)kept);
    double low = ws_quantile(values, kept, fmax(q - step, 0));
    double high = ws_quantile(values, kept, fmin(q + step, 1));
    return (struct ws_estimate){ws_quantile(values, kept, q), kept > 1 ? (high - low) / 2 : NAN,
                                kept};
}

/* Var(s^2) is about (m4 - m2^2) / n, and ds = d(s^2) / 2s. */
struct ws_estimate ws_estimate_deviation(double *values, size_t count)
{
    size_t kept = drop_missing(values, count);
    if (kept < 2)
        return (struct ws_estimate){NAN, NAN, kept};
    double mean = mean_of(values, kept), n = (double)kept;
    double second = moment(values, kept, mean, 2), fourth = moment(values, kept, mean, 4);
    double deviation = sqrt(second * n / (n - 1));
    double error = sqrt(fmax(fourth - second * second, 0) / n) / (2 * deviation);
    return (struct ws_estimate){deviation, deviation > 0 ? error : 0, kept};
}

struct ws_estimate ws_estimate_share(double *values, size_t count, double bound)
{
    size_t kept = drop_missing(values, count), above = 0;
    if (kept == 0)
        return unknown;
    for (size_t i = 0; i < kept; i++)
        above += values[i] > bound;
    double n = (double)kept, share = ((double)above + 2) / (n + 4);
    return (struct ws_estimate){(double)above / n, sqrt(share * (1 - share) / (n + 4)), kept};
}

/* With r = mean(a) / mean(b) the error of r is that of mean(a - r b), over mean(b). */
struct ws_estimate ws_estimate_ratio(double *values, double *base, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]) && !isnan(base[i])) {
            values[kept] = values[i];
            base[kept++] = base[i];
        }
    if (kept == 0)
        return unknown;
    double below = mean_of(base, kept), ratio = mean_of(values, kept) / below;
    for (size_t i = 0; i < kept; i++)
        values[i] -= ratio * base[i];
    double error = error_of_mean(moment(values, kept, 0, 2), kept) / fabs(below);
    return (struct ws_estimate){ratio, error, kept};
}

/* The vertex of the least-squares parabola through (x, y), or NaN. In terms of u = x - mean(x) it
 * is a + b u + c u^2. */
static double vertex(const double *x, const double *y, size_t count)
{
    double n = (double)count, centre = mean_of(x, count);
    double s2 = 0, s3 = 0, s4 = 0, y0 = 0, y1 = 0, y2 = 0;
    for (size_t i = 0; i < count; i++) {
        double u = x[i] - centre;
        s2 += u * u;
        s3 += u * u * u;
        s4 += u * u * u * u;
        y0 += y[i];
        y1 += u * y[i];
        y2 += u * u * y[i];
    }
    /* The normal equations without a: of b and c. */
    double determinant = s2 * (s4 - s2 * s2 / n) - s3 * s3;
    double free2 = y2 - s2 * y0 / n;
    double b = (y1 * (s4 - s2 * s2 / n) - s3 * free2) / determinant;
    double c = (s2 * free2 - s3 * y1) / determinant;
    return c > 0 ? centre - b / (2 * c) : NAN;
}

/* Moves the chains that have a number at every place to the front; how many there are. */
static size_t keep_whole(double *const *values, size_t place_count, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool whole = true;
        for (size_t p = 0; p < place_count; p++) {
            values[p][kept] = values[p][i];
            whole = whole && !isnan(values[p][i]);
        }
        kept += whole;
    }
    return kept;
}

enum { GROUPS = 20 };

/* The vertex without the chains of a group, those whose number is it modulo GROUPS; with all where
 * it is GROUPS. */
static double vertex_without(const double *places, double *const *values, size_t place_count,
                             size_t count, size_t group, double *means)
{
    for (size_t p = 0; p < place_count; p++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += i % GROUPS == group ? 0 : values[p][i];
        means[p] = sum;
    }
    return vertex(places, means, place_count); /* of sums: the same */
}

struct ws_estimate ws_estimate_minimum(const double *places, double *const *values,
                                       size_t place_count, size_t count, double *scratch)
{
    size_t kept = keep_whole(values, place_count, count);
    struct ws_estimate all = {NAN, NAN, kept};
    if (kept == 0)
        return all;
    all.value = vertex_without(places, values, place_count, kept, GROUPS, scratch);
    if (kept < GROUPS)
        return all;
    double without[GROUPS];
    for (size_t g = 0; g < GROUPS; g++)
        without[g] = vertex_without(places, values, place_count, kept, g, scratch);
    double spread = moment(without, GROUPS, mean_of(without, GROUPS), 2);
    all.standard_error = sqrt((GROUPS - 1) * spread);
    return all;
}

/* Q(a, x) = Gamma(a, x) / Gamma(a): its series below a + 1, its continued fraction (Lentz) above.
 */
static double upper_gamma(double a, double x)
{
    if (x <= 0)
        return 1;
    int sign;
    double front = exp(a * log(x) - x - lgamma_r(a, &sign));
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

static size_t count_at(const double *values, size_t count, double cell, double width)
{
    size_t here = 0;
    for (size_t i = 0; i < count; i++)
        here += fabs(values[i] - cell) <= width;
    return here;
}

struct ws_estimate ws_estimate_chi_squared(const double *values, size_t count, const double *cells,
                                           const double *shares, size_t cell_count, double width)
{
    double statistic = 0;
    size_t placed = 0;
    for (size_t c = 0; c < cell_count; c++) {
        size_t here = count_at(values, count, cells[c], width);
        double expected = shares[c] * (double)count;
        if (expected < 5)
            return (struct ws_estimate){NAN, NAN, count};
        placed += here;
        statistic += ((double)here - expected) * ((double)here - expected) / expected;
    }
    double p = upper_gamma((double)(cell_count - 1) / 2, statistic / 2);
    return (struct ws_estimate){placed == count ? p : 0, NAN, count};
}
