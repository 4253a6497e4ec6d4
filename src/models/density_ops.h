/*
 * The loops over blocks of vectors that mixtures and kernels spend their time in.
 *
 * One table for each instruction set (base/draw.h does the same): they do the same operations in
 * the same order and give the same bytes, so which one runs never shows. The plain formulas that
 * they are held to are in the test: tests/unit/test_density_ops.c.
 */
#ifndef WS_MODELS_DENSITY_OPS_H
#define WS_MODELS_DENSITY_OPS_H

#include "models/packed.h"

/* Gaussians as the loops want them. The log of weight times density of component k at x is
 * constant[k] - |inverse[k] (x - mean[k])|^2. */
struct ws_mixture {
    uint32_t components;
    uint32_t dimension;
    const double *constant; /* (components) */
    const double *mean;     /* (components, dimension) */
    const double *inverse;  /* (components, dimension * (dimension + 1) / 2): lower triangles row by
                               row, the inverse of the covariance's Cholesky factor over sqrt(2) */
};

/* Squares from here on count as this, so that no difference of two is no number. The log density
 * of such an item is below any that has a meaning. */
#define WS_DISTANCE_MOST 1e300

/* Numbers of scratch that `moments` and `responsibilities` need for a block of `width`; it begins
 * at a multiple of 64 bytes. */
static inline size_t ws_density_room(uint32_t dimension, uint32_t width)
{
    return 2 * (size_t)dimension * width;
}

/* Sums that `moments` makes: of r, r z, and r z z' as a lower triangle row by row. */
static inline size_t ws_moment_count(size_t dimension)
{
    return 1 + dimension + dimension * (dimension + 1) / 2;
}

struct ws_density_ops {
    const char *name;

    /* r (components, width) = the share of each component in the density of each item, 0 for the
     * padding. Gives the sum over items of log density, weights left out. */
    double (*responsibilities)(const struct ws_mixture *mixture,
                               const struct ws_packed_block *block, double *room, double *r);

    /* out (ws_moment_count) += the block's weight times the sums over items, with z = x - mean;
     * r (width). */
    void (*moments)(const struct ws_packed_block *block, uint32_t dimension, const double *r,
                    const double *mean, double *room, double *out);

    /* What is nearer to `centre` than `distance` (width), a squared distance, says: gets `name`
     * (in `nearest`, width) and the smaller distance. */
    void (*approach)(const struct ws_packed_block *block, uint32_t dimension, const double *centre,
                     double name, double *distance, double *nearest);

    /* out (1 + dimension) += the block's weight times the number and the sums of the items whose
     * `nearest` (width) is `name`; the padding's must be another. */
    void (*gather)(const struct ws_packed_block *block, uint32_t dimension, const double *nearest,
                   double name, double *out);

    /* For each item of `at`: least[i] and sum[i] (width) begin as INFINITY and 0; after all blocks
     * the sum of weight times exp(-scale |x - item|^2), over the items x of all blocks, is
     * sum exp(-least). */
    void (*kernels)(const struct ws_packed_block *block, const struct ws_packed_block *at,
                    uint32_t dimension, double scale, double *least, double *sum);
};

extern const struct ws_density_ops ws_density_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_density_ops ws_density_avx2;
extern const struct ws_density_ops ws_density_avx512;
#endif

/* The fastest for this processor. */
const struct ws_density_ops *ws_density_pick(void);

/* All that this processor can run; how many there are. */
enum { WS_DENSITY_SETS = 3 };
size_t ws_density_list(const struct ws_density_ops *out[WS_DENSITY_SETS]);

#endif
