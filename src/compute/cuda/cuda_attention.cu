#include "compute/cuda/gpu_attention.h"

#include <assert.h>
#include <math.h>

/* Tiles of the sequences that are longer than TILE, or of those that are not; gives how many. `out`
 * may be NULL. */
static size_t list_tiles(struct attention_tile *out, const struct ws_attention *a, bool longer)
{
    size_t count = 0;
    uint64_t number = 0;
    for (size_t s = 0; s < a->sequences; s++) {
        uint32_t start = a->starts[s], length = a->starts[s + 1] - start;
        uint32_t tiles = (length + TILE - 1) / TILE;
        if ((length > TILE) == longer) {
            for (uint32_t i = 0; out && i < tiles; i++)
                out[count + i] = attention_tile{start, length, (tiles - 1 - i) * TILE, number};
            count += tiles;
        }
        number += (uint64_t)a->heads * length * length;
    }
    return count;
}

/* False where there is nothing to do. */
static bool begin(struct attention_call *call, struct ws_device *device,
                  const struct ws_attention *a, const struct ws_dropout *dropout)
{
    assert(a->heads % a->kv_heads == 0 && a->starts[0] == 0);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || a->starts[a->sequences] == 0)
        return false;
    size_t long_count = list_tiles(NULL, a, true);
    size_t count = long_count + list_tiles(NULL, a, false);
    float scale = 1 / sqrtf((float)a->size);
    *call = attention_call{.cuda = cuda,
                           .shape = {(uint32_t)a->heads, (uint32_t)a->kv_heads, (uint32_t)a->size,
                                     scale, scale * ATTENTION_LOG2_E},
                           .dropout = gpu_dropout_of(dropout),
                           .tiles = NULL,
                           .tile_count = count,
                           .long_count = long_count,
                           .tokens = a->starts[a->sequences]};
    size_t size = count * sizeof(attention_tile);
    attention_tile *tiles = (attention_tile *)ws_realloc(cuda->allocator, NULL, 0, size);
    if (!tiles) {
        ws_cuda_fail(cuda, WS_NO_MEMORY, "no memory for the tiles of attention");
        return false;
    }
    (void)list_tiles(tiles, a, true);
    (void)list_tiles(tiles + long_count, a, false);
    call->tiles = (const attention_tile *)ws_cuda_send(cuda, tiles, size);
    ws_free(cuda->allocator, tiles, size);
    return call->tiles;
}

/* Of heads whose rows are whole WIDEs, and fit. */
static bool has_matrix_kernels(size_t size)
{
    return size % wide<bf16>::COUNT == 0 && size <= 128;
}

void ws_cuda_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                       const struct ws_attention *a, const struct ws_dropout *dropout)
{
    struct attention_call call;
    if (!begin(&call, device, a, dropout))
        return;
    if (call.cuda->precision != WS_PRECISION_BF16)
        ws_cuda_attention_f32(&call, y, lse, qkv);
    else if (has_matrix_kernels(a->size))
        ws_cuda_attention_bf16(&call, activations<bf16>(y), lse, activations<bf16>(qkv));
    else
        ws_cuda_attention_f32(&call, activations<bf16>(y), lse, activations<bf16>(qkv));
}

void ws_cuda_attention_backward(struct ws_device *device, float *dqkv, const float *dy,
                                const float *y, const float *lse, const float *qkv,
                                const struct ws_attention *a, const struct ws_dropout *dropout)
{
    struct attention_call call;
    if (!begin(&call, device, a, dropout))
        return;
    if (call.cuda->precision != WS_PRECISION_BF16)
        ws_cuda_attention_f32_backward(&call, dqkv, dy, y, lse, qkv);
    else if (has_matrix_kernels(a->size))
        ws_cuda_attention_bf16_backward(&call, activations<bf16>(dqkv), activations<bf16>(dy),
                                        activations<bf16>(y), lse, activations<bf16>(qkv));
    else
        ws_cuda_attention_f32_backward(&call, activations<bf16>(dqkv), activations<bf16>(dy),
                                       activations<bf16>(y), lse, activations<bf16>(qkv));
}
