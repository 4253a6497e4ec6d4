/*
 * Vectors of doubles as wide as the instruction set has them.
 *
 * Sources here are compiled once for each instruction set. What is done to an item is done in the
 * same order on each of them and, without contraction, rounds the same way; sums over items are
 * kept in SUMS lanes whatever the width and added in one order. So the results are the same bytes.
 * Private to models/vector/.
 */
#ifndef WS_MODELS_VECTOR_DOUBLES_H
#define WS_MODELS_VECTOR_DOUBLES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 8 };
#elif defined(__AVX2__)
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

enum {
    SUMS = 8,
    PARTS = SUMS / LANES, /* vectors that hold one sum */
    GROUP = 4,            /* vectors at once, where the next step of each waits for the last */
};

typedef double reals __attribute__((vector_size(8 * LANES)));
typedef int64_t wholes __attribute__((vector_size(8 * LANES)));

/* Inlined always: handing a vector from function to function depends on the instruction set. */
#define VECTOR_INLINE static inline __attribute__((always_inline))

VECTOR_INLINE reals splat(double x)
{
    return x - (reals){0};
}

VECTOR_INLINE reals load(const double *x)
{
    reals v;
    memcpy(&v, x, sizeof v);
    return v;
}

VECTOR_INLINE void store(double *y, reals v)
{
    memcpy(y, &v, sizeof v);
}

/* b where either is no number: what the instructions do. */
VECTOR_INLINE reals larger(reals a, reals b)
{
#if defined(__AVX512F__)
    return _mm512_max_pd(a, b);
#elif defined(__AVX2__)
    return _mm256_max_pd(a, b);
#elif defined(__SSE2__)
    return _mm_max_pd(a, b);
#else
    for (int i = 0; i < LANES; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
#endif
}

VECTOR_INLINE reals smaller(reals a, reals b)
{
#if defined(__AVX512F__)
    return _mm512_min_pd(a, b);
#elif defined(__AVX2__)
    return _mm256_min_pd(a, b);
#elif defined(__SSE2__)
    return _mm_min_pd(a, b);
#else
    for (int i = 0; i < LANES; i++)
        a[i] = a[i] < b[i] ? a[i] : b[i];
    return a;
#endif
}

/* As ws_sums_total (base/sum.h). */
VECTOR_INLINE double add_sums(const reals parts[PARTS])
{
#if defined(__AVX512F__)
    __m256d four = _mm512_castpd512_pd256(parts[0]) + _mm512_extractf64x4_pd(parts[0], 1);
    __m128d two = _mm256_castpd256_pd128(four) + _mm256_extractf128_pd(four, 1);
#elif defined(__AVX2__)
    __m256d four = parts[0] + parts[1];
    __m128d two = _mm256_castpd256_pd128(four) + _mm256_extractf128_pd(four, 1);
#else
    reals two = (parts[0] + parts[2]) + (parts[1] + parts[3]);
#endif
    return two[0] + two[1];
}

/* e^x for x <= 0, within 1.1 ulp; 0 below -700. x = n ln 2 + r with |r| <= ln(2) / 2; e^r is
 * 1 + r + r^2 P(r), P fitted there to 1.3e-17 (minimax). */
VECTOR_INLINE reals exponential(reals x)
{
    const double least = -700;
    reals inside = larger(x, splat(least));
    /* Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits. */
    const double round = 0x1.8p52;
    reals shifted = inside * 0x1.71547652b82fep+0 + round;
    reals whole = shifted - round;
    /* ln 2 in two parts, the first so short that its product with n is exact. */
    reals r = (inside - whole * 0x1.62e42feep-1) - whole * 0x1.a39ef35793c76p-33;
    reals r2 = r * r;
    reals p01 = 0x1.5555555555556p-3 * r + 0x1.0000000000001p-1;
    reals p23 = 0x1.11111111109b3p-7 * r + 0x1.5555555553d63p-5;
    reals p45 = 0x1.a01a01a7c41d5p-13 * r + 0x1.6c16c1788bd90p-10;
    reals p67 = 0x1.71de0dae63bb3p-19 * r + 0x1.a019b90d2ae7ap-16;
    reals p89 = 0x1.af38a9b0ec855p-26 * r + 0x1.289185613a3d6p-22;
    reals p = (p01 + p23 * r2) + (r2 * r2) * ((p45 + p67 * r2) + (r2 * r2) * p89);
    reals y = (p * r2 + r) + 1.0;
    /* times 2^n: n is added to the exponent */
    wholes bits = (wholes)y + ((wholes)shifted << 52);
    return (reals)(bits & (wholes)(x >= least));
}

#endif
