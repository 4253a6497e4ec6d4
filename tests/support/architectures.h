/*
 * What each architecture has, whatever its size, and published models of them.
 */
#ifndef WS_TESTS_ARCHITECTURES_H
#define WS_TESTS_ARCHITECTURES_H

#include "models/nn/transformer/transformer.h"

#define BIASED     .qkv_bias = true, .out_bias = true, .feed_bias = true
#define LAYER_NORM .norm = WS_NORM_LAYER, .norm_epsilon = 1e-5F
#define RMS_NORM   .norm = WS_NORM_RMS, .norm_epsilon = 1e-5F
#define LEARNED    .learned_positions = true, .tied = true, .initial_deviation = 0.02F

#define OPT_PARTS                                                                                  \
    .architecture = WS_ARCHITECTURE_OPT, .activation = WS_ACTIVATION_RELU, LAYER_NORM, BIASED,     \
    LEARNED, .position_offset = 2, .bos = 2, .eos = 2, .pad = 1
#define GPT2_PARTS                                                                                 \
    .architecture = WS_ARCHITECTURE_GPT2, .activation = WS_ACTIVATION_GELU_TANH, LAYER_NORM,       \
    BIASED, LEARNED, .pad = WS_NO_TOKEN
#define LLAMA_PARTS                                                                                \
    .architecture = WS_ARCHITECTURE_LLAMA, .activation = WS_ACTIVATION_SILU, RMS_NORM,             \
    .gated = true, .pad = WS_NO_TOKEN
#define NEOX_PARTS                                                                                 \
    .architecture = WS_ARCHITECTURE_NEOX, .activation = WS_ACTIVATION_GELU, LAYER_NORM, BIASED,    \
    .parallel_residual = true, .initial_deviation = 0.02F, .bos = 0, .eos = 0, .pad = WS_NO_TOKEN

/* Their dropouts are of training and not named here. */
static const struct ws_description opt_125m = {
    OPT_PARTS,   .vocabulary = 50272, .context = 2048, .width = 768,  .layers = 12,
    .heads = 12, .kv_heads = 12,      .head_size = 64, .inner = 3072,
};
static const struct ws_description gpt2_small = {
    GPT2_PARTS,     .vocabulary = 50257, .context = 1024, .width = 768, .layers = 12, .heads = 12,
    .kv_heads = 12, .head_size = 64,     .inner = 3072,   .bos = 50256, .eos = 50256,
};
static const struct ws_description smollm2_135m = {
    LLAMA_PARTS,
    .vocabulary = 49152,
    .context = 8192,
    .width = 576,
    .layers = 30,
    .heads = 9,
    .kv_heads = 3,
    .head_size = 64,
    .inner = 1536,
    .rotated = 64,
    .rotary_base = 100000,
    .tied = true,
    .bos = 0,
    .eos = 0,
    .initial_deviation = 0.041666666666666664F,
};
static const struct ws_description pythia_70m = {
    NEOX_PARTS,    .vocabulary = 50304, .context = 2048,      .width = 512,
    .layers = 6,   .heads = 8,          .kv_heads = 8,        .head_size = 64,
    .inner = 2048, .rotated = 16,       .rotary_base = 10000,
};

#endif
