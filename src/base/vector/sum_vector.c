#include <stdint.h>
#include <string.h>

#include "base/sum.h"
#include "base/vector/set.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define VECTOR_INLINE static inline __attribute__((always_inline))

/* As wide as the sums, whatever the instruction set makes of it; its halves; their halves. */
typedef double sums __attribute__((vector_size(8 * WS_SUM_LANES)));
typedef double half __attribute__((vector_size(4 * WS_SUM_LANES)));
typedef double quarter __attribute__((vector_size(2 * WS_SUM_LANES)));

VECTOR_INLINE double total(sums s)
{
    half two =
        __builtin_shufflevector(s, s, 0, 1, 2, 3) + __builtin_shufflevector(s, s, 4, 5, 6, 7);
    quarter four =
        __builtin_shufflevector(two, two, 0, 1) + __builtin_shufflevector(two, two, 2, 3);
    return four[0] + four[1];
}

VECTOR_INLINE sums load(const double *x)
{
    sums all;
    memcpy(&all, x, sizeof all);
    return all;
}

/* The first `count` < 8 numbers of x; `origin`, which adds nothing, in place of the others. */
VECTOR_INLINE sums load_first(const double *x, size_t count, double origin)
{
#ifdef __AVX512F__
    return _mm512_mask_loadu_pd(_mm512_set1_pd(origin), (__mmask8)((1u << count) - 1), x);
#else
    sums some = {origin, origin, origin, origin, origin, origin, origin, origin};
    for (size_t i = 0; i < count; i++)
        some[i] = x[i];
    return some;
#endif
}

static struct ws_moments all_moments(const double *x, size_t count, double origin)
{
    sums deviations = {0}, squares = {0};
    size_t i = 0;
    for (; i + WS_SUM_LANES <= count; i += WS_SUM_LANES) {
        sums deviation = load(x + i) - origin;
        deviations += deviation;
        squares += deviation * deviation;
    }
    if (i < count) {
        sums deviation = load_first(x + i, count - i, origin) - origin;
        deviations += deviation;
        squares += deviation * deviation;
    }
    return (struct ws_moments){total(deviations), total(squares)};
}

const struct ws_sum_ops OF_SET(ws_sum, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), all_moments};
