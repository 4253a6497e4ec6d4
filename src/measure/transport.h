/*
 * The 2-Wasserstein distance between two samples of vectors: exact in one dimension, sliced in
 * more.
 *
 * In one dimension the best coupling pairs equal quantiles, so W2^2 is the integral over u in (0,
 * 1) of (F^-1(u) - G^-1(u))^2: a sum over the steps of two sorted samples, which need not be
 * equally large. Sliced W2 (Rabin et al. 2011; Bonneel et al. 2015) is the root of the mean of W2^2
 * over projections on WS_SLICES directions, independent and uniform on the sphere. The directions
 * and the reference's sorted projections are made once, and shared by all that is compared with it.
 * In one dimension there is one direction, and sliced W2 is W2. Contract:
 * tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_TRANSPORT_H
#define WS_MEASURE_TRANSPORT_H

#include "data/dataset.h"

enum { WS_SLICES = 64 };

/* The squared distance of two ascending samples, neither of them empty. */
double ws_w2_squared_sorted(const double *a, size_t a_count, const double *b, size_t b_count);

/* Ascending, least significant digit first; no value is NaN. `work` has room for 2 `count` numbers;
 * `out` may be `values`. */
void ws_sort_reals(const double *values, size_t count, uint64_t *work, double *out);

struct ws_slices {
    size_t count;
    uint32_t dimension;
    const double *direction; /* (count, dimension), of length 1 */
    uint64_t items;          /* of the reference */
    const double *sorted;    /* (count, items), ascending in each direction */
};

/* Directions from item `item` of `key`; `reference` has vectors, at least one. */
WS_MUST_CHECK enum ws_status ws_slices_draw(uint32_t dimension, struct ws_rng_key key,
                                            uint64_t item, struct ws_arena *arena,
                                            struct ws_slices *out, struct ws_error *err);
/* Fills `items` and `sorted`. */
WS_MUST_CHECK enum ws_status ws_slices_project(struct ws_slices *slices,
                                               const struct ws_dataset *reference,
                                               struct ws_arena *arena, struct ws_error *err);
/* The distance of `sample`, which has vectors of the same dimension, at least one. */
WS_MUST_CHECK enum ws_status ws_sliced_w2(const struct ws_slices *slices,
                                          const struct ws_dataset *sample, struct ws_arena *scratch,
                                          double *out, struct ws_error *err);

#endif
