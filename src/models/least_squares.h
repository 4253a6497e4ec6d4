/*
 * Normal equations: sums of products over items, and their solution by Cholesky's factor.
 *
 * Sums are added four items at a time in the data's order, wherever segments begin, so equal items
 * give equal sums. A triangle is the lower one of a symmetric matrix, row by row, `stride` numbers
 * a row; what lies above it is not looked at. Contract: tests/unit/test_least_squares.c.
 */
#ifndef WS_MODELS_LEAST_SQUARES_H
#define WS_MODELS_LEAST_SQUARES_H

#include <math.h>
#include <stdbool.h>

#include "data/dataset.h"

static inline double ws_dot(const double *x, const double *y, size_t size)
{
    double sum = 0;
    for (size_t j = 0; j < size; j++)
        sum += x[j] * y[j];
    return sum;
}

static inline bool ws_all_finite(const double *x, size_t size)
{
    for (size_t j = 0; j < size; j++)
        if (!isfinite(x[j]))
            return false;
    return true;
}

/* Numbers in a row of a triangle of `size` rows that products are added to: whole vectors. */
static inline size_t ws_products_stride(size_t size)
{
    return (size + 7) / 8 * 8;
}

/* Adds weight x x' of each item x, of `size` numbers, to a triangle. Items wait until there are
 * many. */
enum { WS_PRODUCTS_WAITING = 64 };
struct ws_products {
    const struct ws_product_ops *ops; /* models/product_ops.h */
    size_t size;
    double *triangle; /* (size, ws_products_stride(size)) */
    const double *item[WS_PRODUCTS_WAITING];
    double weight[WS_PRODUCTS_WAITING];
    unsigned waiting;
};
void ws_products_begin(struct ws_products *products, size_t size, double *triangle);
void ws_products_add(struct ws_products *products, const double *item, double weight);
void ws_products_end(struct ws_products *products); /* adds those that wait */

/* Of all items of a dataset of vectors, with their weights, from zero. */
void ws_products_of(const struct ws_dataset *data, double *triangle);

/* Solves A w = b for the positive A of `size` rows whose triangle is given, and becomes its factor.
 * `work` holds `size` numbers. WS_NUMERIC when A or b is not finite, and when A is singular: when
 * of some row less than 1e-12 is left, or nothing, once the rows before it have had their share. */
WS_MUST_CHECK enum ws_status ws_solve_positive(double *triangle, size_t size, size_t stride,
                                               const double *b, double *w, double *work,
                                               struct ws_error *err);

#endif
