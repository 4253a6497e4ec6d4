/*
 * Vectors of 16 floats, written once and compiled for each instruction set.
 *
 * GCC's and clang's vector extensions: the compiler makes one 512-bit, two 256-bit or four 128-bit
 * operations of each, and without contraction every lane rounds the same way on each of them, so
 * the results are the same bytes. Sums keep 16 lanes and add them in one order. Tails shorter
 * than 16 are filled up. Private to compute/cpu/vector/.
 */
#ifndef WS_COMPUTE_CPU_VECTOR_H
#define WS_COMPUTE_CPU_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where GCC makes several operations of what is one. */
#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { LANES = 16 };

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef double v8d __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));

/* Inlined always: handing a vector from function to function depends on the instruction set. */
#define VECTOR_INLINE static inline __attribute__((always_inline))

VECTOR_INLINE v16 splat(float x)
{
    return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

VECTOR_INLINE v16 load(const float *x)
{
    v16 v;
    memcpy(&v, x, sizeof v);
    return v;
}

VECTOR_INLINE void store(float *y, v16 v)
{
    memcpy(y, &v, sizeof v);
}

/* The first `count` < 16 lanes; the others are `rest`. */
VECTOR_INLINE v16 load_part(const float *x, size_t count, float rest)
{
    v16 v = splat(rest);
    memcpy(&v, x, count * sizeof *x);
    return v;
}

VECTOR_INLINE void store_part(float *y, v16 v, size_t count)
{
    memcpy(y, &v, count * sizeof *y);
}

/* mask lanes are all ones or zero, as comparisons make them */
VECTOR_INLINE v16 choose(i16 mask, v16 yes, v16 no)
{
    return (v16)((mask & (i16)yes) | (~mask & (i16)no));
}

/* b where either is no number: the definition, and what the instruction does. */
VECTOR_INLINE v16 larger(v16 a, v16 b)
{
#ifdef __AVX512F__
    return _mm512_max_ps(a, b);
#else
    return choose(a > b, a, b);
#endif
}

VECTOR_INLINE v16 smaller(v16 a, v16 b)
{
#ifdef __AVX512F__
    return _mm512_min_ps(a, b);
#else
    return choose(a < b, a, b);
#endif
}

VECTOR_INLINE float sum_lanes(v16 v)
{
    v8 eights[2];
    memcpy(eights, &v, sizeof v);
    v8 eight = eights[0] + eights[1];
    v4 fours[2];
    memcpy(fours, &eight, sizeof eight);
    v4 four = fours[0] + fours[1];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

VECTOR_INLINE float largest_lane(v16 v)
{
    float most[LANES];
    memcpy(most, &v, sizeof v);
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++)
            most[i] = most[i] > most[i + width] ? most[i] : most[i + width];
    return most[0];
}

/* Adds the lanes to sums that are kept in double, for long rows. */
VECTOR_INLINE void add_wide(v8d sums[2], v16 v)
{
    v8 halves[2];
    memcpy(halves, &v, sizeof v);
#ifdef __AVX512F__
    sums[0] += _mm512_cvtps_pd(halves[0]);
    sums[1] += _mm512_cvtps_pd(halves[1]);
#else
    sums[0] += __builtin_convertvector(halves[0], v8d);
    sums[1] += __builtin_convertvector(halves[1], v8d);
#endif
}

VECTOR_INLINE double sum_wide(const v8d sums[2])
{
    v8d both = sums[0] + sums[1];
    double lanes[LANES / 2];
    memcpy(lanes, &both, sizeof both);
    for (size_t width = LANES / 4; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    return lanes[0];
}

/* 2^n for -126 <= n <= 127 */
VECTOR_INLINE v16 power_of_two(i16 n)
{
    return (v16)((n + 127) << 23);
}

/* e^x within 1.1 ulp on the whole range, infinities and NaN included. x = n ln 2 + r with
 * |r| <= ln(2) / 2; e^r is 1 + r + r^2 P(r), P fitted there to 3.1e-9 relative (minimax); 2^n is
 * applied in two steps, because it may lie outside the normal range where the result does not. */
VECTOR_INLINE v16 exp16(v16 x)
{
    const float most = 89, least = -104;
    x = larger(splat(least), smaller(splat(most), x));
    /* Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits. */
    const v16 round = splat(0x1.8p23F);
    v16 shifted = x * splat(0x1.715476p0F) + round;
    i16 n = (i16)shifted - (i16)round;
    v16 whole = shifted - round;
    /* ln 2 in two parts, the first so short that its product with n is exact. */
    v16 r = (x - whole * splat(0x1.63p-1F)) - whole * splat(-0x1.bd0106p-13F);
    v16 p = splat(0x1.6a234cp-10F);
    p = p * r + splat(0x1.123a6cp-7F);
    p = p * r + splat(0x1.5558f4p-5F);
    p = p * r + splat(0x1.55549p-3F);
    p = p * r + splat(0x1.fffffcp-2F);
    p = p * (r * r) + r + splat(1);
    i16 half = n >> 1;
    return p * power_of_two(half) * power_of_two(n - half);
}

#endif
