/*
 * Numbers over seeds: median and quantiles, by linear interpolation between order statistics
 * (Hyndman and Fan 1996, type 7). NaN values are left out and counted.
 * Contract: tests/unit/test_summary.c.
 */
#ifndef WS_MEASURE_SUMMARY_H
#define WS_MEASURE_SUMMARY_H

#include <stddef.h>

struct ws_summary {
    size_t count;   /* finite or infinite values used */
    size_t missing; /* NaN */
    double median;
    double low;  /* 0.1 quantile */
    double high; /* 0.9 quantile */
    double mean;
    double standard_error; /* of the mean; NaN below two values */
};

/* Sorts `values` in place. */
struct ws_summary ws_summarise(double *values, size_t count);
double ws_quantile(const double *sorted, size_t count, double q); /* count >= 1 */

#endif
