/*
 * Nearest neighbours of vectors by brute force: distances to the k-th, and who lies in whose ball.
 *
 * Squared distances come from matrix products in f32 (compute/compute.h), tile by tile, never held
 * whole. Whatever rounding could decide, a neighbour that may or may not be the k-th, a distance
 * about as large as a radius, is computed again in double from the vectors themselves. So the
 * answers are those of doubles throughout, on every machine and for any number of threads. Vectors
 * that lie nearly all in one place are left to doubles altogether, which is slower.
 * Contract: tests/unit/test_neighbours.c; speed: bench/bench_knn.sh.
 */
#ifndef WS_MEASURE_NEIGHBOURS_H
#define WS_MEASURE_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct ws_cloud {
    const double *vectors; /* (count, dimension), row-major, finite */
    size_t count;
    size_t dimension;
};

enum { WS_NEIGHBOURS_MOST = 32 }; /* k */

/* out[i]: the squared distance of vector i to its k-th nearest other one, 1 <= k <=
 * WS_NEIGHBOURS_MOST. WS_INVALID unless there are k + 1 vectors. */
WS_MUST_CHECK enum ws_status ws_neighbour_distances(const struct ws_cloud *cloud, size_t k,
                                                    unsigned threads, struct ws_arena *scratch,
                                                    double *out, struct ws_error *err);

/* Two clouds, and a ball about each of their vectors: its squared radius. A vector lies in a ball
 * when it is nearer than the radius: strictly, so that nothing lies in a ball of radius 0. */
struct ws_balls {
    struct ws_cloud human, model;
    const double *human_radius; /* (human.count) */
    const double *model_radius; /* (model.count) */
    double far;                 /* one more squared radius, about every human vector */
};

struct ws_ball_counts {
    uint32_t *balls;    /* (model.count) human balls that the vector lies in */
    uint32_t *near;     /* (model.count) human vectors nearer to it than `far` */
    bool *human_filled; /* (human.count) a vector of the model lies in its ball */
    bool *human_found;  /* (human.count) lies in a ball of the model */
};

/* Into arrays of the caller's. WS_INVALID when dimensions differ. */
WS_MUST_CHECK enum ws_status ws_count_balls(const struct ws_balls *balls, unsigned threads,
                                            struct ws_arena *scratch, struct ws_ball_counts *out,
                                            struct ws_error *err);

#endif
