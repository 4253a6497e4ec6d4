/*
 * A transformer's forward pass with a key-value cache: prompts first, then one token at a time for
 * many sequences together.
 *
 * The matrices are packed when a decoder opens, once for all products with them; what else there is
 * of the model lies in one block. Each running sequence has a slot of the cache. Rows are whatever
 * the caller lists: they may skip slots, so finished sequences cost nothing once they are not
 * listed any more.
 *
 * Private to generation; contract: tests/unit/test_generate.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_DECODE_H
#define WS_MODELS_NN_TRANSFORMER_DECODE_H

#include "models/nn/transformer/transformer.h"

struct ws_decoder_size {
    size_t slots;    /* also the most rows of a step, and the most prompts at once */
    size_t capacity; /* positions of a slot */
    size_t prompt;   /* tokens of the longest prompt */
    size_t group;    /* tokens of prompts that go through the layers together, about */
    bool reorders;   /* ws_decoder_reorder will be called */
};

struct ws_decoder;

/* The model's parameters are copied. WS_NO_MEMORY says how much it needs. */
WS_MUST_CHECK enum ws_status ws_decoder_open(struct ws_device *device,
                                             const struct ws_transformer *model,
                                             const struct ws_decoder_size *size,
                                             const struct ws_allocator *allocator,
                                             struct ws_decoder **out, struct ws_error *err);
void ws_decoder_close(struct ws_decoder *decoder); /* NULL is fine */
/* Bytes that opening takes, of which a packed matrix is taken to have its numbers and no more. */
uint64_t ws_decoder_memory(const struct ws_description *d, const struct ws_decoder_size *size);

/* Device memory, (slots, vocabulary): row r of the last call's prompts or rows. */
float *ws_decoder_logits(struct ws_decoder *decoder);

/* Sequence s, tokens starts[s] .. starts[s + 1], fills slot slots[s] from position 0. Host. */
void ws_decoder_begin(struct ws_decoder *decoder, size_t sequences, const uint32_t *starts,
                      const uint32_t *tokens, const uint32_t *slots);
/* Row r is a token at positions[r] of slot slots[r], whose earlier positions are filled. Host. */
void ws_decoder_step(struct ws_decoder *decoder, size_t rows, const uint32_t *tokens,
                     const uint32_t *slots, const uint32_t *positions);
/* As cache_move of compute.h, in every layer. Host, (slots). */
void ws_decoder_reorder(struct ws_decoder *decoder, const uint32_t *parents, const uint32_t *firsts,
                        const uint32_t *lengths);

#endif
