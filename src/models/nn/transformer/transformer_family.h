/*
 * Transformers as a family of the laboratory: fitted to blocks of tokens, sampled in blocks.
 *
 * A fit starts from fresh parameters or from a base model (a Hugging Face directory), the same one
 * at every generation, and goes on as train.h says. Two ways of seeing a block: from a start token
 * (its tokens are predicted from the first on), or shifted (from the second on, as fine-tuning
 * does). Two ways of making items: from nothing but the start token, or as continuations of prompts
 * by as many tokens as a block has (Shumailov et al. 2024). Every item has exactly the tokens of a
 * block.
 *
 * Keys. Fresh parameters draw from the init key; order and dropout from a key made of it. Item i of
 * a sample draws from item i of its key; which prompts are continued, from item 2^64 - 1.
 *
 * Long work: a fit stores its trainer, a sample the items it has, after whole batches.
 *
 * Stored form: docs/formats/transformer.md; fuzz target tests/fuzz/fuzz_transformer.c.
 * Contract: tests/unit/test_families.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRANSFORMER_FAMILY_H
#define WS_MODELS_NN_TRANSFORMER_TRANSFORMER_FAMILY_H

#include "models/family.h"
#include "models/nn/transformer/form.h"
#include "models/nn/transformer/generate.h"
#include "models/nn/transformer/train.h"

struct ws_transformer_settings {
    struct ws_form form;  /* of a fresh model */
    const char *base;     /* a Hugging Face directory; "": fresh */
    bool start;           /* predict each block from a start token */
    uint64_t start_token; /* of a fresh model; a base model has its own */
    bool continues;       /* items continue prompts */
    struct ws_train_settings training;
    struct ws_decoding decoding; /* lengths follow from the blocks */
};

struct ws_transformer_model {
    struct ws_model base;
    struct ws_transformer transformer;
    uint64_t block; /* tokens of an item that is sampled: of the longest it was fitted on */
    const struct ws_loss_point *curve; /* of the fit; a model that was loaded has none */
    size_t curve_count;
};

/* What the parts of the family share. ------------------------------------------------------------
 */

/* What a model that is fitted to `types` tokens looks like: reads the base model's config. */
WS_MUST_CHECK enum ws_status ws_transformer_describe(const struct ws_transformer_settings *settings,
                                                     uint32_t types,
                                                     const struct ws_allocator *allocator,
                                                     struct ws_description *out,
                                                     struct ws_error *err);

/* What blocks are predicted from: WS_NO_TOKEN when they are shifted. */
uint32_t ws_transformer_start(const struct ws_transformer_settings *settings,
                              const struct ws_description *d);

/* What items that continue nothing are made from; WS_NO_TOKEN when there is no such token. */
uint32_t ws_transformer_prompt(const struct ws_transformer_settings *settings,
                               const struct ws_description *d);

/* How items of `block` tokens are made, and the tokens of the longest prompt of one. */
struct ws_decoding ws_transformer_decoding(const struct ws_transformer_settings *settings,
                                           uint64_t block);
uint64_t ws_transformer_longest_prompt(const struct ws_transformer_settings *settings,
                                       uint64_t block);

/* The items of a dataset, copied one behind the other into `arena`. */
WS_MUST_CHECK enum ws_status ws_transformer_blocks(const struct ws_dataset *data,
                                                   struct ws_arena *arena, struct ws_blocks *out,
                                                   struct ws_error *err);

/* The switches, approximate both. */
enum ws_status ws_transformer_enlarge(const void *untyped, const struct ws_deal *truth,
                                      struct ws_arena *arena, struct ws_switch *out,
                                      struct ws_error *err);
enum ws_status ws_transformer_fit_exactly(const void *untyped, const struct ws_deal *truth,
                                          struct ws_arena *arena, struct ws_switch *out,
                                          struct ws_error *err);

/* The model of the settings' base as it is, not fitted to anything. `settings` outlive it. */
WS_MUST_CHECK enum ws_status ws_transformer_of_base(const struct ws_transformer_settings *settings,
                                                    uint32_t types, uint64_t block,
                                                    struct ws_arena *arena,
                                                    const struct ws_model **out,
                                                    struct ws_error *err);

enum ws_status ws_transformer_fit(const void *settings, size_t chains,
                                  const struct ws_dataset *const data[],
                                  const struct ws_rng_key init[], const struct ws_job *job,
                                  struct ws_arena *arena, const struct ws_model *models[],
                                  struct ws_error *err);
enum ws_status ws_transformer_sample(size_t chains, const struct ws_model *const models[],
                                     const uint64_t counts[], const struct ws_rng_key keys[],
                                     const struct ws_job *job, struct ws_arena *arena,
                                     const struct ws_payload *out[], struct ws_error *err);
void ws_transformer_assist(const struct ws_job *job, const struct ws_allocator *allocator);
enum ws_status ws_transformer_score(const struct ws_model *base, const struct ws_dataset *data,
                                    const struct ws_job *job, struct ws_arena *scratch,
                                    struct ws_item_score out[], struct ws_error *err);
void ws_transformer_save(const struct ws_model *base, struct ws_buffer *out);
enum ws_status ws_transformer_load(const void *settings, struct ws_bytes bytes,
                                   struct ws_arena *arena, const struct ws_model **out,
                                   struct ws_error *err);

#endif
