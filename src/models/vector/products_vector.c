#include "base/vector/set.h"
#include "models/product_ops.h"
#include "models/vector/doubles.h"

/* The first `count` < LANES numbers of x, and zeros: items have no padding. */
VECTOR_INLINE reals load_first(const double *x, size_t count)
{
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), x);
#elif defined(__AVX2__)
    static const int64_t ends[2 * LANES] = {-1, -1, -1, -1};
    __m256i some;
    memcpy(&some, ends + LANES - count, sizeof some);
    return _mm256_maskload_pd(x, some);
#else
    reals v = {0};
    for (size_t i = 0; i < count; i++)
        v[i] = x[i];
    return v;
#endif
}

VECTOR_INLINE reals load_part(const double *x, size_t from, size_t size)
{
    return from + LANES <= size ? load(x + from) : load_first(x + from, size - from);
}

/* So many rows of the triangle at once as registers hold. */
enum { ROWS = 8 };

/* Numbers `from` and after, one vector, of `rows` rows. They stay in registers over all items. */
VECTOR_INLINE void add_to_rows(const double *const item[], const double weight[], size_t fours,
                               size_t first_row, size_t rows, size_t from, size_t size,
                               double *triangle, size_t stride)
{
    reals sum[ROWS];
    for (size_t r = 0; r < rows; r++)
        sum[r] = load(triangle + (first_row + r) * stride + from);
    for (size_t f = 0; f < fours; f++, item += 4, weight += 4) {
        const double *a = item[0] + first_row, *b = item[1] + first_row;
        const double *c = item[2] + first_row, *d = item[3] + first_row;
        const reals av = weight[0] * load_part(item[0], from, size);
        const reals bv = weight[1] * load_part(item[1], from, size);
        const reals cv = weight[2] * load_part(item[2], from, size);
        const reals dv = weight[3] * load_part(item[3], from, size);
        for (size_t r = 0; r < rows; r++)
            sum[r] += (a[r] * av + b[r] * bv) + (c[r] * cv + d[r] * dv);
    }
    for (size_t r = 0; r < rows; r++)
        store(triangle + (first_row + r) * stride + from, sum[r]);
}

/* A number of rows that the compiler knows lets it keep their sums in registers. */
static void add_fours(const double *const item[], const double weight[], size_t fours, size_t size,
                      double *triangle, size_t stride)
{
#define ADD_TO_ROWS(rows)                                                                          \
    case rows:                                                                                     \
        add_to_rows(item, weight, fours, row, rows, from, size, triangle, stride);                 \
        break
    for (size_t from = 0; from < size; from += LANES)
        for (size_t row = from; row < size; row += ROWS)
            switch (size - row) {
                ADD_TO_ROWS(1);
                ADD_TO_ROWS(2);
                ADD_TO_ROWS(3);
                ADD_TO_ROWS(4);
                ADD_TO_ROWS(5);
                ADD_TO_ROWS(6);
                ADD_TO_ROWS(7);
            default:
                add_to_rows(item, weight, fours, row, ROWS, from, size, triangle, stride);
            }
#undef ADD_TO_ROWS
}

/* Vector `part` of eight numbers from x on, of which `count` are there. */
VECTOR_INLINE reals load_lanes(const double *x, size_t part, size_t count)
{
    const size_t from = part * LANES;
    if (from >= count)
        return splat(0);
    return load_part(x, from, count);
}

static void weigh(const double *items, size_t count, size_t stride, const double *w, size_t size,
                  double *out)
{
    for (size_t i = 0; i < count; i++) {
        const double *x = items + i * stride;
        reals sums[PARTS];
        for (size_t p = 0; p < PARTS; p++)
            sums[p] = splat(0);
        size_t j = 0;
        for (; j + SUMS <= size; j += SUMS)
            for (size_t p = 0; p < PARTS; p++)
                sums[p] += load(x + j + p * LANES) * load(w + j + p * LANES);
        if (j < size)
            for (size_t p = 0; p < PARTS; p++)
                sums[p] += load_lanes(x + j, p, size - j) * load_lanes(w + j, p, size - j);
        out[i] = add_sums(sums);
    }
}

const struct ws_product_ops OF_SET(ws_product, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), add_fours,
                                                                 weigh};
