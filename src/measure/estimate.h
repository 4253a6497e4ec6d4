/*
 * One number of many independent chains, and how well it is known: its standard error.
 *
 * Values are of one chain each. NaN values are left out and not counted. Infinite ones are values:
 * a mean of them is infinite and has no standard error (NaN). Contract:
 * tests/unit/test_estimate.c.
 */
#ifndef WS_MEASURE_ESTIMATE_H
#define WS_MEASURE_ESTIMATE_H

#include <stddef.h>

struct ws_estimate {
    double value;          /* NaN without values */
    double standard_error; /* NaN where it is not known */
    size_t count;          /* chains that have a value */
};

/* All sort or change `values`. */

struct ws_estimate ws_estimate_mean(double *values, size_t count);
/* Of the quantile q by linear interpolation (measure/summary.h): half the distance between the
 * order statistics one standard deviation of a binomial count below and above. */
struct ws_estimate ws_estimate_quantile(double *values, size_t count, double q);
/* The standard deviation (divisor n - 1), by the delta method from the fourth moment. */
struct ws_estimate ws_estimate_deviation(double *values, size_t count);
/* The share of values above `bound`. The standard error is that of (x + 2) / (n + 4), which is not
 * 0 where none or all are above (Agresti and Coull 1998). */
struct ws_estimate ws_estimate_share(double *values, size_t count, double bound);
/* The mean of `values` over that of `base`, of the same chains in the same order, by the delta
 * method. Pairs with a NaN are left out. */
struct ws_estimate ws_estimate_ratio(double *values, double *base, size_t count);

/* Where the mean is least: the vertex of the parabola that fits the means of `values[i]` at
 * `places[i]` best, i < place_count, 3 at least. The chains are the same at every place, and should
 * share their random numbers. The standard error is the jackknife's over 20 groups of chains
 * (Miller 1974). Chains with a NaN are left out; NaN where there is no lowest point. `scratch`:
 * (place_count). */
struct ws_estimate ws_estimate_minimum(const double *places, double *const *values,
                                       size_t place_count, size_t count, double *scratch);

/* How many values lie at each of `cells` numbers, within `width`, against the shares that are
 * expected: the p-value of Pearson's chi-squared statistic; 0 when a value lies at none. Cells want
 * 5 expected values at least (NaN when one has fewer). It has no standard error. */
struct ws_estimate ws_estimate_chi_squared(const double *values, size_t count, const double *cells,
                                           const double *shares, size_t cell_count, double width);

#endif
