/*
 * k-means: Lloyd's algorithm from a k-means++ start (Arthur and Vassilvitskii 2007).
 *
 * The start is drawn from the caller's key, rounds are at most WS_K_MEANS_ROUNDS, sums go in the
 * order of the points: the same points and key give the same clusters everywhere. One start, for a
 * measure that is taken at every generation. Contract: tests/unit/test_metric_text.c.
 */
#ifndef WS_MEASURE_K_MEANS_H
#define WS_MEASURE_K_MEANS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/status.h"

enum { WS_K_MEANS_ROUNDS = 10, WS_K_MEANS_LANES = 16 };

struct ws_points {
    const float *values; /* (count, dimension), row-major */
    size_t count;
    size_t dimension; /* a multiple of WS_K_MEANS_LANES */
};

/* cluster[i] < clusters says where point i belongs: to the nearest centre, the first of several.
 * A cluster may be empty. At least one point, one cluster and one thread, of which any number give
 * the same. */
WS_MUST_CHECK enum ws_status ws_k_means(const struct ws_points *points, size_t clusters,
                                        struct ws_rng_key key, uint64_t item, unsigned threads,
                                        struct ws_arena *scratch, uint32_t *cluster,
                                        struct ws_error *err);

#endif
