#include "models/least_squares.h"

#include <assert.h>
#include <lapacke.h>
#include <string.h>

#include "models/product_ops.h"

/* What a row must have left beside the rows before it, as a share of itself. The solution errs by
 * about 2^-53 over this: beyond it, few digits would be right. */
static const double SHARE_LEFT = 1e-12;

static void add_waiting(struct ws_products *p)
{
    p->ops->add_fours(p->item, p->weight, p->waiting / 4, p->size, p->triangle,
                      ws_products_stride(p->size));
    p->waiting = 0;
}

void ws_products_begin(struct ws_products *products, size_t size, double *triangle)
{
    *products = (struct ws_products){.ops = ws_product_pick(), .size = size, .triangle = triangle};
    memset(triangle, 0, size * ws_products_stride(size) * sizeof *triangle);
}

void ws_products_add(struct ws_products *products, const double *item, double weight)
{
    products->item[products->waiting] = item;
    products->weight[products->waiting++] = weight;
    if (products->waiting == WS_PRODUCTS_WAITING)
        add_waiting(products);
}

void ws_products_end(struct ws_products *products)
{
    for (; products->waiting % 4 != 0; products->waiting++) {
        products->item[products->waiting] = products->item[0];
        products->weight[products->waiting] = 0;
    }
    add_waiting(products);
}

void ws_products_of(const struct ws_dataset *data, double *triangle)
{
    size_t size = data->dimension;
    struct ws_products products;
    ws_products_begin(&products, size, triangle);
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++)
            ws_products_add(&products,
                            segment->payload->vectors + ws_segment_item(segment, i) * size,
                            segment->weight);
    }
    ws_products_end(&products);
}

static enum ws_status singular(size_t row, struct ws_error *err)
{
    return ws_fail(err, WS_NUMERIC,
                   "input %zu is, but for rounding, made of those before it: there is no one "
                   "solution (a ridge above 0 gives one)",
                   row + 1);
}

/* Sums of products overflow long before items do. */
static bool is_finite(const double *triangle, size_t size, size_t stride)
{
    for (size_t i = 0; i < size; i++)
        if (!ws_all_finite(triangle + i * stride, i + 1))
            return false;
    return true;
}

/* LAPACK's own block: within one, dpotrf halves the matrix down to single numbers, which takes a
 * small one twice as long as column by column. */
enum { ONE_BLOCK = 64 };

/* A lower triangle row by row is an upper one column by column, as LAPACK counts. */
enum ws_status ws_solve_positive(double *triangle, size_t size, size_t stride, const double *b,
                                 double *w, double *work, struct ws_error *err)
{
    lapack_int order = (lapack_int)size, lead = (lapack_int)stride;
    if (!is_finite(triangle, size, stride) || !ws_all_finite(b, size))
        return ws_fail(err, WS_NUMERIC,
                       "sums of products of items are not finite: the items are too large");
    for (size_t i = 0; i < size; i++)
        work[i] = triangle[i * stride + i];
    lapack_int info = 0;
    if (size <= ONE_BLOCK)
        LAPACK_dpotf2("U", &order, triangle, &lead, &info);
    else
        info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', order, triangle, lead);
    if (info > 0)
        return singular((size_t)info - 1, err);
    for (size_t i = 0; info == 0 && i < size; i++) {
        double pivot = triangle[i * stride + i];
        if (!(pivot * pivot > SHARE_LEFT * work[i]))
            return singular(i, err);
    }
    memcpy(w, b, size * sizeof *w);
    if (info == 0)
        info = LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'U', order, 1, triangle, lead, w, order);
    if (info != 0)
        return ws_fail(err, WS_NUMERIC, "LAPACK cannot solve normal equations (%d)", (int)info);
    return WS_OK;
}
