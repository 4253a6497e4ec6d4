/*
 * The loops of models/least_squares.h over the numbers of items.
 *
 * One table for each instruction set (base/draw.h does the same): they do the same operations in
 * the same order and give the same bytes, so which one runs never shows. Contract:
 * tests/unit/test_least_squares.c.
 */
#ifndef WS_MODELS_PRODUCT_OPS_H
#define WS_MODELS_PRODUCT_OPS_H

#include <stddef.h>

struct ws_product_ops {
    const char *name;
    /* row i, number j += sum over four items of x_i (weight x_j), for i < size and j <= i; then for
     * the next four, `fours` times. What lies beyond, up to the row's end, may become anything;
     * `stride` is a multiple of 8. */
    void (*add_fours)(const double *const item[], const double weight[], size_t fours, size_t size,
                      double *triangle, size_t stride);
    /* out[i] = the sum over j < size of items[i * stride + j] w[j], each lane of eight summed alone
     * and lanes added as ws_sums_total (base/sum.h) does. */
    void (*weigh)(const double *items, size_t count, size_t stride, const double *w, size_t size,
                  double *out);
};

extern const struct ws_product_ops ws_product_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_product_ops ws_product_avx2;
extern const struct ws_product_ops ws_product_avx512;
#endif

/* The fastest for this processor. */
const struct ws_product_ops *ws_product_pick(void);

/* All that this processor can run, from slow to fast; how many there are. */
enum { WS_PRODUCT_SETS = 3 };
size_t ws_product_list(const struct ws_product_ops *out[WS_PRODUCT_SETS]);

#endif
