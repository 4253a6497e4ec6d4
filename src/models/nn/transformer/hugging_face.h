/*
 * Hugging Face model directories: config.json and weights, read and written.
 *
 * Four model types: opt, gpt2, llama, gpt_neox, as `transformers` 4 and 5 spell their settings. A
 * setting of config.json is followed, or has a value that is known to change nothing, or is
 * WS_UNSUPPORTED and named. generation_config.json is not read: decoding settings are a command's
 * own, and config.json must have none that would change them. What is written has the keys, shapes,
 * types and config that both versions read. Names, transpositions (GPT-2 stores (in, out)) and the
 * order of fused queries, keys and values (GPT-NeoX interleaves them by head) are dealt with here
 * and nowhere else.
 *
 * Contract: tests/conformance/test_hf_config.c, test_hf_weights.c. Fuzz targets:
 * tests/fuzz/fuzz_hf_config.c, fuzz_hf_weights.c, fuzz_safetensors.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_HUGGING_FACE_H
#define WS_MODELS_NN_TRANSFORMER_HUGGING_FACE_H

#include "base/buffer.h"
#include "data/safetensors.h"
#include "models/nn/transformer/transformer.h"

/* config.json; a pure function of bytes. `name` starts messages. WS_CORRUPT for what is no config
 * and for sizes that do not fit together. Settings that are missing have the values that
 * `transformers` gives them; a token id of -1 is none. */
WS_MUST_CHECK enum ws_status ws_hf_config_parse(struct ws_bytes json, const char *name,
                                                struct ws_description *out, struct ws_error *err);
/* Reads back as the same description. WS_UNSUPPORTED, naming the part, when the architecture's
 * config has no way of saying it. `dtype` is that of the weights. */
WS_MUST_CHECK enum ws_status ws_hf_config_write(const struct ws_description *d, enum ws_dtype dtype,
                                                struct ws_buffer *out, struct ws_error *err);

/* The config.json of a directory. The path lives in `arena`. */
WS_MUST_CHECK enum ws_status ws_hf_describe(const char *directory, struct ws_arena *arena,
                                            struct ws_description *out, struct ws_error *err);

/* A whole directory; the parameters live in `arena`. WS_CORRUPT for a wrong shape, a missing or an
 * unknown tensor, named. WS_NO_MEMORY says how much the parameters need. */
WS_MUST_CHECK enum ws_status ws_hf_open(const char *directory, struct ws_arena *arena,
                                        struct ws_transformer *out, struct ws_error *err);

/* config.json, generation_config.json and model.safetensors (sharded above
 * WS_WEIGHTS_SHARD_LIMIT), each replaced whole, config.json last. The directory is made. The
 * tokenizer saves itself. WS_LIMIT, before anything is replaced, for a number that `dtype` has no
 * room for. */
WS_MUST_CHECK enum ws_status ws_hf_save(const struct ws_transformer *model, enum ws_dtype dtype,
                                        const char *directory, struct ws_arena *scratch,
                                        struct ws_error *err);

/* A block laid out as `layout` (parameters, or their gradients) as tensors with Hugging Face names
 * and shapes, in the order of the layout. Values are views of the block where its order is theirs,
 * else live in `arena` with names and shapes. */
WS_MUST_CHECK enum ws_status ws_hf_export(const struct ws_description *d,
                                          const struct ws_layout *layout, const float *block,
                                          enum ws_dtype dtype, struct ws_arena *arena,
                                          struct ws_tensor_source **out, size_t *count,
                                          struct ws_error *err);

/* The way back, into all of `block`; `name` starts messages. The prefix of base models
 * ("transformer.", "model.") may be missing. Buffers that older versions stored are passed over; a
 * tied output layer may be there if it is the token table. */
WS_MUST_CHECK enum ws_status ws_hf_import(const struct ws_description *d,
                                          const struct ws_layout *layout,
                                          const struct ws_safetensors *tensors, const char *name,
                                          const struct ws_allocator *allocator, float *block,
                                          struct ws_error *err);

#endif
