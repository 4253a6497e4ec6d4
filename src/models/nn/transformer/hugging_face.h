/*
 * Hugging Face model directories: config.json and weights, read and written.
 *
 * Four model types: opt, gpt2, llama, gpt_neox. A setting of config.json that is neither followed
 * nor known to change nothing is WS_UNSUPPORTED and named. What is written has the keys, shapes,
 * types and config that `transformers` expects. Names, transpositions (GPT-2 stores (in, out)) and
 * the order of fused queries, keys and values (GPT-NeoX interleaves them by head) are dealt with
 * here and nowhere else.
 *
 * Contract: tests/conformance/test_hugging_face.c. Fuzz targets: tests/fuzz/fuzz_hf_config.c,
 * tests/fuzz/fuzz_safetensors.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_HUGGING_FACE_H
#define WS_MODELS_NN_TRANSFORMER_HUGGING_FACE_H

#include "base/buffer.h"
#include "data/safetensors.h"
#include "models/nn/transformer/transformer.h"

/* config.json; a pure function of bytes. `name` starts messages. */
WS_MUST_CHECK enum ws_status ws_hf_config_parse(struct ws_bytes json, const char *name,
                                                struct ws_description *out, struct ws_error *err);
void ws_hf_config_write(const struct ws_description *d, struct ws_buffer *out);

/* A whole directory; the parameters live in `arena`. WS_CORRUPT for a wrong shape, a missing or an
 * unknown tensor, named. */
WS_MUST_CHECK enum ws_status ws_hf_open(const char *directory, struct ws_arena *arena,
                                        struct ws_transformer *out, struct ws_error *err);

/* config.json and model.safetensors (sharded above 5 GB), each replaced atomically, config last;
 * also generation_config.json. The tokenizer saves itself. */
WS_MUST_CHECK enum ws_status ws_hf_save(const struct ws_transformer *model, enum ws_dtype dtype,
                                        const char *directory, struct ws_arena *scratch,
                                        struct ws_error *err);

/* A block laid out as `layout` (parameters, or gradients) as tensors with Hugging Face names and
 * shapes, f32, in `arena`; and back, where `weights` may be any named tensors. The optional prefix
 * of base models ("transformer.", "model.") may be missing from what is read. */
struct ws_hf_tensor {
    const char *name;
    size_t rank;
    uint64_t shape[2];
    const float *values;
};
WS_MUST_CHECK enum ws_status ws_hf_export(const struct ws_description *d,
                                          const struct ws_layout *layout, const float *block,
                                          struct ws_arena *arena, struct ws_hf_tensor **out,
                                          size_t *count, struct ws_error *err);

#endif
