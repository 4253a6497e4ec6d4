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

static void add_four(const double *const item[4], const double weight[4], size_t size,
                     double *triangle, size_t stride)
{
    const double *a = item[0], *b = item[1], *c = item[2], *d = item[3];
    for (size_t from = 0; from < size; from += LANES) {
        const reals av = load_part(a, from, size), bv = load_part(b, from, size);
        const reals cv = load_part(c, from, size), dv = load_part(d, from, size);
        for (size_t i = from; i < size; i++) {
            double *row = triangle + i * stride + from;
            reals ab = weight[0] * a[i] * av + weight[1] * b[i] * bv;
            reals cd = weight[2] * c[i] * cv + weight[3] * d[i] * dv;
            store(row, load(row) + (ab + cd));
        }
    }
}

const struct ws_product_ops OF_SET(ws_product, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), add_four};
