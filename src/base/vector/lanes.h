/*
 * Vectors as wide as the instruction set has them, and the generator's words in them.
 *
 * Sources here are compiled once for each instruction set: WS_VECTOR_SET is baseline, avx2 or
 * avx512, said by the build. Every lane does what the plain functions of base/ do, in their order,
 * so the results are the same bytes. Private to base/vector/.
 */
#ifndef WS_BASE_VECTOR_LANES_H
#define WS_BASE_VECTOR_LANES_H

#include <stdint.h>
#include <string.h>

#include "base/draw.h"

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

typedef double reals __attribute__((vector_size(8 * LANES)));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));

/* Inlined always: handing a vector from function to function depends on the instruction set. */
#define VECTOR_INLINE static inline __attribute__((always_inline))

enum {
    ROUNDS = 10,
    VECTORS = WS_RNG_BLOCKS / LANES, /* of each word of the blocks that are made at once */
};

/* ---- what vectors have no operator for ---- */

/* Of the low 32 bits of each lane. */
VECTOR_INLINE words multiply(words x, uint64_t factor)
{
#if defined(__AVX512F__)
    return (words)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi64((long long)factor));
#elif defined(__AVX2__)
    return (words)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi64x((long long)factor));
#elif defined(__SSE2__)
    return (words)_mm_mul_epu32((__m128i)x, _mm_set1_epi64x((long long)factor));
#else
    return (x & UINT32_MAX) * factor;
#endif
}

VECTOR_INLINE reals root(reals x)
{
#if defined(__AVX512F__)
    return _mm512_sqrt_pd(x);
#elif defined(__AVX2__)
    return _mm256_sqrt_pd(x);
#elif defined(__SSE2__)
    return _mm_sqrt_pd(x);
#else
    for (int i = 0; i < LANES; i++)
        x[i] = __builtin_sqrt(x[i]);
    return x;
#endif
}

VECTOR_INLINE words first_numbers(void)
{
#if defined(__AVX512F__)
    return (words){0, 1, 2, 3, 4, 5, 6, 7};
#elif defined(__AVX2__)
    return (words){0, 1, 2, 3};
#else
    return (words){0, 1};
#endif
}

/* out = a[0], b[0], a[1], b[1], ... */
VECTOR_INLINE void store_in_turns(void *out, words a, words b)
{
#if defined(__AVX512F__)
    words low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    words high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif defined(__AVX2__)
    words low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    words high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#else
    words low = __builtin_shufflevector(a, b, 0, 2);
    words high = __builtin_shufflevector(a, b, 1, 3);
#endif
    memcpy(out, &low, sizeof low);
    memcpy((char *)out + sizeof low, &high, sizeof high);
}

/* ---- random words ---- */

/* Word by word, a block in each lane. What lies above the low 32 bits of a lane means nothing. */
struct group {
    words a[VECTORS], b[VECTORS], c[VECTORS], d[VECTORS];
};

VECTOR_INLINE void philox_round(struct group *x, int i, words key0, words key1)
{
    words product0 = multiply(x->a[i], WS_PHILOX_MULTIPLIER_0);
    words product1 = multiply(x->c[i], WS_PHILOX_MULTIPLIER_1);
    x->a[i] = product1 >> 32 ^ x->b[i] ^ key0;
    x->b[i] = product1;
    x->c[i] = product0 >> 32 ^ x->d[i] ^ key1;
    x->d[i] = product0;
}

/* Blocks of one sequence, one after the other. */
VECTOR_INLINE void make_words(struct group *x, const struct ws_draw_place *from, uint32_t block)
{
    struct ws_rng_key key = from->key;
    const words zero = {0};
    for (int i = 0; i < VECTORS; i++) {
        x->a[i] = first_numbers() + (uint64_t)(from->block + block + (uint32_t)(i * LANES));
        x->b[i] = zero + from->item;
        x->c[i] = zero + (from->item >> 32);
        x->d[i] = zero + (uint64_t)key.generation;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < VECTORS; i++)
            philox_round(x, i, zero + (uint64_t)key.word[0], zero + (uint64_t)key.word[1]);
        key.word[0] += WS_PHILOX_WEYL_0;
        key.word[1] += WS_PHILOX_WEYL_1;
    }
}

/* Blocks of many sequences: the counter and the key of each in its lane. The key's words grow past
 * 32 bits, which no lane minds. */
VECTOR_INLINE void make_words_of(struct group *x, const words key0[VECTORS],
                                 const words key1[VECTORS])
{
    for (uint64_t round = 0; round < ROUNDS; round++)
        for (int i = 0; i < VECTORS; i++)
            philox_round(x, i, key0[i] + round * WS_PHILOX_WEYL_0,
                         key1[i] + round * WS_PHILOX_WEYL_1);
}

#endif
