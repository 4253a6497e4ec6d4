/*
 * The tail of a distribution of counts as a power law, p(c) ~ c^-a for c >= x_min, fitted as
 * Clauset, Shalizi and Newman 2009 (SIAM Review 51, 661) say.
 *
 * Of each x_min that is a count of the sample, a has the largest likelihood under the discrete law
 * p(c) = c^-a / zeta(a, x_min); of all x_min the one counts whose law is nearest to the sample by
 * the Kolmogorov-Smirnov distance, the smaller of two equals. An x_min leaves WS_POWER_TAIL_LEAST
 * counts or more, and two different ones. A line through logarithms, the usual way, is biased.
 * Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_POWER_TAIL_H
#define WS_MEASURE_POWER_TAIL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { WS_POWER_TAIL_LEAST = 50 }; /* counts in the tail: below, the authors say, do not trust it */

struct ws_power_tail {
    double exponent; /* a > 1 */
    uint64_t from;   /* x_min */
    uint64_t count;  /* of counts >= x_min */
    double distance; /* Kolmogorov-Smirnov */
};

/* counts[i] >= 1. WS_INVALID where there are too few for any x_min: it says how many would do. */
WS_MUST_CHECK enum ws_status ws_power_tail(const uint64_t *counts, size_t size,
                                           struct ws_arena *scratch, struct ws_power_tail *out,
                                           struct ws_error *err);

/* The exponent alone, for a given x_min. */
double ws_power_tail_exponent(const uint64_t *counts, size_t size, uint64_t from);

/* Hurwitz's zeta function, the sum over k >= 0 of (q + k)^-s, s > 1, q >= 1, by Euler and
 * Maclaurin's sum, to a few last digits. *log_sum, unless NULL: the sum of log(q + k) (q + k)^-s.
 */
double ws_hurwitz_zeta(double s, double q, double *log_sum);

#endif
