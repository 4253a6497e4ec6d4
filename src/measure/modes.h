/*
 * What a sample keeps of the modes of a mixture whose truth is known (data/law.h).
 *
 * Each item belongs to the mode whose centre is nearest, and is good when it lies within the radius
 * that 98.9 % of the truth's items lie in: 3 standard deviations in two dimensions, as is usual
 * (Srivastava et al. 2017, VEEGAN, arXiv 1705.07761); as far in more, by the cube-root
 * approximation of chi-squared (Wilson and Hilferty 1931). A mode is covered when it has a good
 * item and at least a tenth of as many as the truth would give it. Contract:
 * tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_MODES_H
#define WS_MEASURE_MODES_H

#include "data/dataset.h"
#include "data/law.h"

struct ws_modes_kept {
    double covered;  /* share of the modes */
    double good;     /* share of the items */
    double variance; /* mean over modes with two items or more of the trace of their covariance
                        (divisor n - 1) over the truth's; NaN when there is none */
};

double ws_modes_radius(uint32_t dimension); /* in deviations */

/* `truth` has modes; `sample` has vectors of its dimension, at least one. */
WS_MUST_CHECK enum ws_status ws_modes_measure(const struct ws_law *truth,
                                              const struct ws_dataset *sample,
                                              struct ws_arena *scratch, struct ws_modes_kept *out,
                                              struct ws_error *err);

#endif
