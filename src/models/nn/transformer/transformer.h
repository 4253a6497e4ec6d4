/*
 * Decoder-only transformers: what one looks like, and where its numbers lie.
 *
 * One implementation, driven by a description, serves OPT, GPT-2, Llama and GPT-NeoX: nothing below
 * asks which of them it is except the reader and writer of Hugging Face directories
 * (hugging_face.h). All parameters lie in one block of f32, so that an optimiser, a checkpoint or a
 * device sees one array; the layout says where each tensor is.
 *
 * Contract: tests/unit/test_transformer.c, tests/conformance/.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRANSFORMER_H
#define WS_MODELS_NN_TRANSFORMER_TRANSFORMER_H

#include "base/arena.h"
#include "base/rng.h"
#include "compute/compute.h"

#define WS_NO_TOKEN UINT32_MAX

enum ws_architecture {
    WS_ARCHITECTURE_OPT,
    WS_ARCHITECTURE_GPT2,
    WS_ARCHITECTURE_LLAMA,
    WS_ARCHITECTURE_NEOX,
};

struct ws_description {
    enum ws_architecture architecture; /* of its Hugging Face form */
    uint32_t vocabulary;
    uint32_t context; /* positions */
    uint32_t width;   /* channels of the residual stream */
    uint32_t layers;
    uint32_t heads;
    uint32_t kv_heads;
    uint32_t head_size;
    uint32_t inner; /* channels inside the feed-forward block */

    enum ws_norm norm;
    float norm_epsilon;
    enum ws_activation activation;
    bool gated; /* feed-forward: down(activation(gate x) * up x), else down(activation(up x)) */
    bool learned_positions;
    uint32_t position_offset; /* rows of the position table before position 0 (OPT: 2) */
    uint32_t rotated;         /* numbers of a head that turn with the position; 0: none */
    float rotary_base;
    bool parallel_residual; /* x + attention(norm1 x) + feed_forward(norm2 x) */
    bool qkv_bias, out_bias, feed_bias;
    bool tied; /* the output layer is the token table */

    float embedding_dropout;
    float residual_dropout; /* of what attention and feed-forward add */
    float attention_dropout;
    float initial_deviation; /* of a fresh model's weights */
    uint32_t bos, eos, pad;  /* ids or WS_NO_TOKEN */
};

/* Drops with this probability wherever the architecture's models in `transformers` can, and nowhere
 * else: OPT has no dropout of embeddings, Llama has only that of attention. */
void ws_description_set_dropout(struct ws_description *d, float dropout);

/* WS_INVALID or WS_UNSUPPORTED: sizes of 0, heads that do not divide, a product over 2^40, ... */
WS_MUST_CHECK enum ws_status ws_description_check(const struct ws_description *d,
                                                  struct ws_error *err);

enum ws_tensor_kind {
    WS_TENSOR_TOKENS, /* (vocabulary, width) */
    WS_TENSOR_PLACES, /* (position_offset + context, width), learned positions only */
    WS_TENSOR_NORM1,  /* (width); of each layer from here ... */
    WS_TENSOR_NORM1_BIAS,
    WS_TENSOR_QKV, /* ((heads + 2 kv_heads) head_size, width): queries, keys, values */
    WS_TENSOR_QKV_BIAS,
    WS_TENSOR_OUT, /* (width, heads head_size) */
    WS_TENSOR_OUT_BIAS,
    WS_TENSOR_NORM2,
    WS_TENSOR_NORM2_BIAS,
    WS_TENSOR_UP, /* (inner, width); gated: (2 inner, width), gate first */
    WS_TENSOR_UP_BIAS,
    WS_TENSOR_DOWN,      /* (width, inner) */
    WS_TENSOR_DOWN_BIAS, /* ... to here */
    WS_TENSOR_NORM,      /* before the output layer */
    WS_TENSOR_NORM_BIAS,
    WS_TENSOR_HEAD, /* (vocabulary, width), not tied only */
    WS_TENSOR_KIND_COUNT
};

/* rows x columns numbers at `offset` of the block; a vector has one row. Absent: rows == 0. */
struct ws_tensor {
    size_t offset; /* a multiple of 16 */
    size_t rows;
    size_t columns;
};

/* What an absent tensor has for an offset is 0; ask `rows`. */
struct ws_layout {
    uint32_t layers;
    size_t size;       /* floats of the block, with the padding between tensors, which is 0 */
    size_t parameters; /* without it */
    struct ws_tensor global[WS_TENSOR_KIND_COUNT];      /* those outside layers */
    struct ws_tensor first_layer[WS_TENSOR_KIND_COUNT]; /* those of layer 0 ... */
    size_t layer_stride; /* ... and of layer l, `l * layer_stride` further on */
};

void ws_layout_of(const struct ws_description *d, struct ws_layout *out);

static inline bool ws_tensor_in_layer(enum ws_tensor_kind kind)
{
    return kind >= WS_TENSOR_NORM1 && kind <= WS_TENSOR_DOWN_BIAS;
}

/* By the number of its dimensions: a matrix may have one row. */
static inline bool ws_tensor_is_vector(enum ws_tensor_kind kind)
{
    switch (kind) {
    case WS_TENSOR_TOKENS:
    case WS_TENSOR_PLACES:
    case WS_TENSOR_QKV:
    case WS_TENSOR_OUT:
    case WS_TENSOR_UP:
    case WS_TENSOR_DOWN:
    case WS_TENSOR_HEAD:
        return false;
    default:
        return true;
    }
}

/* `layer` is ignored for tensors outside layers. */
static inline struct ws_tensor ws_layout_at(const struct ws_layout *layout,
                                            enum ws_tensor_kind kind, uint32_t layer)
{
    if (!ws_tensor_in_layer(kind))
        return layout->global[kind];
    struct ws_tensor tensor = layout->first_layer[kind];
    tensor.offset += layer * layout->layer_stride;
    return tensor;
}

/* The address of a tensor in a block of parameters or gradients; NULL when it is absent. */
static inline float *ws_layout_find(const struct ws_layout *layout, float *block,
                                    enum ws_tensor_kind kind, uint32_t layer)
{
    struct ws_tensor tensor = ws_layout_at(layout, kind, layer);
    return tensor.rows > 0 ? block + tensor.offset : NULL;
}

/* A model on the host. Immutable once made. */
struct ws_transformer {
    struct ws_description description;
    struct ws_layout layout;
    const float *parameters; /* (layout.size) */
};

/* GPT-2's initialisation (Radford et al. 2019): normal(0, initial_deviation), projections onto the
 * residual stream (OUT, DOWN) divided by sqrt(2 layers), biases 0, norms 1. Tensor t of
 * (kind, layer) draws from item `kind + WS_TENSOR_KIND_COUNT * layer` of `key`. */
void ws_transformer_init(const struct ws_description *d, const struct ws_layout *layout,
                         struct ws_rng_key key, float *parameters);

#endif
