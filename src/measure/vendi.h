/*
 * The Vendi score of order q: how many items that have nothing in common would be as diverse as
 * these (Friedman and Dieng 2023, TMLR, arXiv 2210.02410; orders: Pasarkar and Dieng 2024, arXiv
 * 2310.12952). 1: all the same; n: all different.
 *
 * Of a kernel K with 1 on its diagonal the eigenvalues l of K/n sum to 1, and the score is the Hill
 * number of them, (sum l^q)^(1 / (1 - q)): for q = 1 exp of their entropy, for q = infinity
 * 1 / max l. Small orders count rare kinds, large ones the common ones.
 * Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_VENDI_H
#define WS_MEASURE_VENDI_H

#include "base/arena.h"
#include "base/status.h"

enum {
    WS_VENDI_LEAST = 20
}; /* items, in runs: of fewer a score is hardly more than their number */

/* `size` eigenvalues, which need not be scaled: they are divided by their sum; those at or below
 * 1e-12 of it are rounding and count as 0. q >= 0, maybe infinite. NaN when all are 0. */
double ws_hill_number(const double *eigenvalues, size_t size, double q);

/* Ascending, of a symmetric matrix (size, size) of numbers that are no larger than about 1, whose
 * lower half is read and overwritten. WS_NUMERIC. */
WS_MUST_CHECK enum ws_status ws_symmetric_eigenvalues(double *matrix, size_t size,
                                                      struct ws_arena *scratch, double *out,
                                                      struct ws_error *err);

/* The eigenvalues, other than 0, of the kernel of inner products of `count` points of length 1:
 * those of the smaller matrix of products of coordinates. `out` (dimension). */
WS_MUST_CHECK enum ws_status ws_linear_kernel_eigenvalues(const float *points, size_t count,
                                                          size_t dimension,
                                                          struct ws_arena *scratch, double *out,
                                                          struct ws_error *err);

/* Of the kernel exp(-|x - y|^2 / 2 width^2) of `count` vectors. `out` (count). */
WS_MUST_CHECK enum ws_status ws_gaussian_kernel_eigenvalues(const double *vectors, size_t count,
                                                            size_t dimension, double width,
                                                            struct ws_arena *scratch, double *out,
                                                            struct ws_error *err);

#endif
