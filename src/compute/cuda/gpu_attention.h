/*
 * What the kernels of attention share: how the work is cut, and what an element of it is.
 *
 * The scores of one head of one sequence are a square, of which the part on and below the diagonal
 * is wanted. It is cut into squares of TILE queries by TILE keys. A block has the queries of a row
 * of them, or the keys of a column, and goes through its squares in order: so no sum depends on
 * which block is first. cuda_attention_bf16.cu multiplies bf16 by matrix instructions,
 * cuda_attention_f32.cu has plain f32 for whatever else there is; cuda_attention.cu chooses.
 *
 * With P = softmax of the scores S, f the factors of dropout, dP = f dY V^T and D = the row sums of
 * dY Y, which are those of P dP:
 *     dV = (P f)^T dY, dS = P (dP - D) / sqrt(size), dQ = dS K, dK = dS^T Q.
 * P is made again from the log of its sums, lse. (Dao, "FlashAttention-2: faster attention with
 * better parallelism and work partitioning", 2023.)
 *
 * Private to compute/cuda/. Contract: tests/unit/test_cuda.c.
 */
#ifndef WS_COMPUTE_CUDA_GPU_ATTENTION_H
#define WS_COMPUTE_CUDA_GPU_ATTENTION_H

#include "compute/cuda/gpu_philox.h"

enum { TILE = 64 }; /* queries, keys */

/* A tile of a sequence. */
struct attention_tile {
    uint32_t start;  /* the sequence's first token */
    uint32_t length; /* of the sequence */
    uint32_t first;  /* of the tile's tokens, from the sequence's start */
    uint64_t number; /* of the sequence's first element, for dropout */
};

struct attention_shape {
    uint32_t heads;
    uint32_t kv_heads;
    uint32_t size;
    float scale;     /* of scores: 1 / sqrt(size) */
    float log_scale; /* the same for powers of 2 */
};

/* One call of either operation. */
struct attention_call {
    struct ws_cuda *cuda;
    attention_shape shape;
    gpu_dropout dropout;
    const attention_tile *tiles; /* the device's; those of sequences longer than TILE first, and a
                                    sequence's last tile first: it takes longest */
    size_t tile_count;
    size_t long_count; /* of tiles of sequences longer than TILE */
    size_t tokens;
};

/* Arrays as compute.h has them. */
void ws_cuda_attention_bf16(const attention_call *call, bf16 *y, float *lse, const bf16 *qkv);
void ws_cuda_attention_bf16_backward(const attention_call *call, bf16 *dqkv, const bf16 *dy,
                                     const bf16 *y, const float *lse, const bf16 *qkv);
template <class T>
void ws_cuda_attention_f32(const attention_call *call, T *y, float *lse, const T *qkv);
template <class T>
void ws_cuda_attention_f32_backward(const attention_call *call, T *dqkv, const T *dy, const T *y,
                                    const float *lse, const T *qkv);

#define ATTENTION_LOG2_E 1.44269504088896341F
#define ATTENTION_LN_2   0.69314718055994531F

/* Where a head lies in the rows of qkv, and of its gradient. */
struct attention_columns {
    size_t width; /* of a row */
    size_t query, key, value;
};

static __device__ __forceinline__ attention_columns columns_of(const attention_shape &shape,
                                                               uint32_t head, uint32_t kv_head)
{
    return {(size_t)(shape.heads + 2 * shape.kv_heads) * shape.size, (size_t)head * shape.size,
            (size_t)(shape.heads + kv_head) * shape.size,
            (size_t)(shape.heads + shape.kv_heads + kv_head) * shape.size};
}

/* The number of the element of `head`, `query` and `key`, both from the sequence's start. */
static __device__ __forceinline__ uint64_t element_of(const attention_tile &tile, uint32_t head,
                                                      uint32_t query, uint32_t key)
{
    return tile.number + ((uint64_t)head * tile.length + query) * tile.length + key;
}

/* Tokens of the tile that begins at `first`. */
static __device__ __forceinline__ int tokens_of(const attention_tile &tile, uint32_t first)
{
    return (int)min((uint32_t)TILE, tile.length - first);
}

static __device__ __forceinline__ uint32_t kept_of_block(const gpu_dropout &dropout,
                                                         uint64_t number)
{
    float factors[4];
    gpu_dropout_factors(dropout, number, factors);
    uint32_t kept = 0;
#pragma unroll
    for (int i = 0; i < 4; i++)
        kept |= factors[i] > 0 ? 1U << 4 * i : 0;
    return kept;
}

/* Whether elements number, number + 16, number + 32 and number + 48 are kept, in bits 0, 4, 8 and
 * 12. Higher bits are anything. */
static __device__ __forceinline__ uint32_t kept_of(const gpu_dropout &dropout, uint64_t number)
{
    uint64_t block = number / DROPOUT_GROUP * DROPOUT_GROUP + number % DROPOUT_BLOCKS;
    unsigned word = number / DROPOUT_BLOCKS % 4;
    uint32_t kept = kept_of_block(dropout, block);
    if (word > 0)
        kept |= kept_of_block(dropout, block + DROPOUT_GROUP) << 16;
    return kept >> 4 * word;
}

#endif
