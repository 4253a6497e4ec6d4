/*
 * Intervals that assume nothing of a distribution but that values are independent draws of it.
 *
 * The interval of a median lies between two order statistics: the i-th smallest of n values is
 * above the true median when fewer than i of them are below it, and how many are is a binomial
 * number (n, 1/2) whatever the distribution (Thompson 1936; for one with ties it covers at least as
 * often). Infinite values are values like others; NaN values are left out and counted. Contract:
 * tests/unit/test_interval.c.
 */
#ifndef WS_MEASURE_INTERVAL_H
#define WS_MEASURE_INTERVAL_H

#include <stddef.h>

#define WS_INTERVAL_LEVEL 0.95

struct ws_interval {
    size_t count;   /* values, or pairs, used */
    size_t missing; /* NaN, or pairs with one */
    double estimate;
    double low, high; /* NaN below two values */
    double level; /* of covering the truth; below WS_INTERVAL_LEVEL where so few values cannot */
};

/* The median, and the narrowest interval of the i-th smallest to the i-th largest value whose level
 * is at least `level`, else the smallest to the largest. Sorts `values` in place. */
struct ws_interval ws_median_interval(double *values, size_t count, double level);

/* The median of y[i] - x[i], which are written to `differences` (count). Equal values differ by 0,
 * infinite ones too. */
struct ws_interval ws_paired_interval(const double *x, const double *y, size_t count,
                                      double *differences);

/* Of samples that have nothing to do with each other: the difference of the medians of y and x,
 * between the differences of the opposite ends of their intervals. Those miss together at most as
 * often as both one by one, so each has half of what may be missed (Bonferroni). Sorts both. */
struct ws_interval ws_unpaired_interval(double *x, size_t x_count, double *y, size_t y_count);

#endif
