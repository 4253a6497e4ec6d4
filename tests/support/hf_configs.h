/*
 * Config files of models for tests: read, written, compared. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_HF_CONFIGS_H
#define WS_TESTS_HF_CONFIGS_H

#include <string.h>

#include "models/nn/transformer/hugging_face.h"

static inline struct ws_description parse_config(const char *json)
{
    struct ws_description d;
    struct ws_error err = {.message = ""};
    if (ws_hf_config_parse(ws_bytes_of_text(json), "config.json", &d, &err) != WS_OK)
        fail_msg("%s", err.message);
    return d;
}

static inline void write_config(const struct ws_description *d, struct ws_buffer *out)
{
    struct ws_error err = {.message = ""};
    ws_buffer_init(out, NULL, SIZE_MAX);
    if (ws_hf_config_write(d, WS_DTYPE_F32, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* Every member, so that none is forgotten: they differ in bytes only where they differ. */
static inline void require_same(const struct ws_description *a, const struct ws_description *b)
{
#define SAME(part) assert_true(a->part == b->part)
    SAME(architecture), SAME(vocabulary), SAME(context), SAME(width), SAME(layers);
    SAME(heads), SAME(kv_heads), SAME(head_size), SAME(inner);
    SAME(norm), SAME(norm_epsilon), SAME(activation), SAME(gated), SAME(learned_positions);
    SAME(position_offset), SAME(rotated), SAME(rotary_base), SAME(parallel_residual);
    SAME(qkv_bias), SAME(out_bias), SAME(feed_bias), SAME(tied);
    SAME(embedding_dropout), SAME(residual_dropout), SAME(attention_dropout);
    SAME(initial_deviation), SAME(bos), SAME(eos), SAME(pad);
#undef SAME
}

#endif
