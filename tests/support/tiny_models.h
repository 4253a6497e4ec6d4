/*
 * The four architectures, too small to be of use and with nothing left out, and parameters for them
 * that are large enough for every part to matter.
 */
#ifndef WS_TESTS_TINY_MODELS_H
#define WS_TESTS_TINY_MODELS_H

#include <string.h>

#include "models/nn/transformer/transformer.h"
#include "support/architectures.h"

enum { TINY_MODELS = 4 };

static const struct ws_description tiny_models[TINY_MODELS] = {
    {
        OPT_PARTS,
        .vocabulary = 13,
        .context = 8,
        .width = 8,
        .layers = 2,
        .heads = 2,
        .kv_heads = 2,
        .head_size = 4,
        .inner = 20,
    },
    {
        GPT2_PARTS,
        .vocabulary = 17,
        .context = 8,
        .width = 12,
        .layers = 2,
        .heads = 3,
        .kv_heads = 3,
        .head_size = 4,
        .inner = 24,
        .bos = 16,
        .eos = 16,
    },
    {
        LLAMA_PARTS,
        .vocabulary = 11,
        .context = 8,
        .width = 12,
        .layers = 2,
        .heads = 4,
        .kv_heads = 2,
        .head_size = 4,
        .inner = 10,
        .rotated = 4,
        .rotary_base = 10000,
        .initial_deviation = 0.02F,
        .bos = 1,
        .eos = 2,
    },
    {
        NEOX_PARTS,
        .vocabulary = 14,
        .context = 8,
        .width = 12,
        .layers = 2,
        .heads = 2,
        .kv_heads = 2,
        .head_size = 6,
        .inner = 16,
        .rotated = 4,
        .rotary_base = 100,
    },
};

static inline float tiny_uniform(struct ws_rng *rng, float from, float to)
{
    return from + (to - from) * (float)ws_rng_uniform(rng);
}

/* Norms about 1, everything else within 0.6 of 0; the padding stays 0. */
static inline void tiny_parameters(const struct ws_layout *layout, uint64_t seed, float *out)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_INIT, seed, 0, 0), 0);
    memset(out, 0, layout->size * sizeof *out);
    for (int k = 0; k < WS_TENSOR_KIND_COUNT; k++) {
        enum ws_tensor_kind kind = (enum ws_tensor_kind)k;
        bool scale = kind == WS_TENSOR_NORM1 || kind == WS_TENSOR_NORM2 || kind == WS_TENSOR_NORM;
        for (uint32_t l = 0; l < (ws_tensor_in_layer(kind) ? layout->layers : 1); l++) {
            struct ws_tensor tensor = ws_layout_at(layout, kind, l);
            for (size_t i = 0; i < tensor.rows * tensor.columns; i++)
                out[tensor.offset + i] = tiny_uniform(&rng, -0.6F, 0.6F) + (scale ? 1 : 0);
        }
    }
}

#endif
