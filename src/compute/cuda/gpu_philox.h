/*
 * Which elements dropout keeps, on the GPU: the law at struct ws_dropout, and Philox of base/rng.h.
 *
 * Private to compute/cuda/. Contract: tests/unit/test_cuda.c (the same masks as on the CPU).
 */
#ifndef WS_COMPUTE_CUDA_GPU_PHILOX_H
#define WS_COMPUTE_CUDA_GPU_PHILOX_H

#include "compute/cuda/cuda_device.h"

/* A struct ws_dropout as kernels take it, by value. */
struct gpu_dropout {
    uint32_t key[2];
    uint32_t generation, site;
    uint32_t least; /* the word that keeps an element is at least it; 0: all are kept */
    float kept;     /* what kept elements are multiplied by */
};

enum {
    DROPOUT_BLOCKS = 16,                /* of Philox in a group */
    DROPOUT_GROUP = 4 * DROPOUT_BLOCKS, /* elements whose words these blocks are */
};

static inline bool gpu_dropout_is_on(const struct ws_dropout *dropout)
{
    return dropout && dropout->p > 0;
}

/* dropout may be NULL. p < 1. */
static inline struct gpu_dropout gpu_dropout_of(const struct ws_dropout *dropout)
{
    if (!gpu_dropout_is_on(dropout))
        return gpu_dropout{{0, 0}, 0, 0, 0, 1};
    return gpu_dropout{{dropout->key.word[0], dropout->key.word[1]},
                       dropout->key.generation,
                       dropout->site,
                       (uint32_t)((double)dropout->p * 4294967296.0),
                       1 / (1 - dropout->p)};
}

/* out = philox4x32-10(counter, key) */
static __device__ __forceinline__ void gpu_philox(const uint32_t counter[4], const uint32_t key[2],
                                                  uint32_t out[4])
{
    enum { ROUNDS = 10 };
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t product0 = (uint64_t)WS_PHILOX_MULTIPLIER_0 * a;
        uint64_t product1 = (uint64_t)WS_PHILOX_MULTIPLIER_1 * c;
        a = (uint32_t)(product1 >> 32) ^ b ^ key0;
        b = (uint32_t)product1;
        c = (uint32_t)(product0 >> 32) ^ d ^ key1;
        d = (uint32_t)product0;
        key0 += WS_PHILOX_WEYL_0;
        key1 += WS_PHILOX_WEYL_1;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* What elements number, number + 16, number + 32 and number + 48 are multiplied by, where
 * number % 64 < 16: one block of Philox. */
static __device__ __forceinline__ void gpu_dropout_factors(const gpu_dropout &dropout,
                                                           uint64_t number, float factors[4])
{
    uint64_t block = number / DROPOUT_GROUP * DROPOUT_BLOCKS + number % DROPOUT_BLOCKS;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), dropout.site,
                           dropout.generation};
    uint32_t words[4];
    gpu_philox(counter, dropout.key, words);
    for (int i = 0; i < 4; i++)
        factors[i] = words[i] >= dropout.least ? dropout.kept : 0;
}

/* What element `number` is multiplied by. */
static __device__ __forceinline__ float gpu_dropout_factor(const gpu_dropout &dropout,
                                                           uint64_t number)
{
    float factors[4];
    gpu_dropout_factors(dropout, number / DROPOUT_GROUP * DROPOUT_GROUP + number % DROPOUT_BLOCKS,
                        factors);
    unsigned word = number / DROPOUT_BLOCKS % 4; /* no address of a register: */
    float low = word & 1 ? factors[1] : factors[0], high = word & 1 ? factors[3] : factors[2];
    return word & 2 ? high : low;
}

#endif
