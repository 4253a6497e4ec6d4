/*
 * The inside of a generator: what sampling and beam search share.
 *
 * Private to generation; contract: tests/unit/test_generate.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_GENERATOR_H
#define WS_MODELS_NN_TRANSFORMER_GENERATOR_H

#include "models/nn/transformer/decode.h"
#include "models/nn/transformer/generate.h"

/* A prompt and what was made of it so far. */
struct ws_sequence {
    uint32_t *tokens; /* room for the generator's `stride` */
    uint32_t prompt;  /* so many of them are the prompt's */
    uint32_t length;
};

/* The rows of a step: slot, and the token at a position. */
struct ws_rows {
    size_t count;
    uint32_t *slots;
    uint32_t *tokens;
    uint32_t *positions;
};

/* What struct ws_edits of compute.h points to. */
struct ws_edit_lists {
    size_t rows;
    size_t *seen_ends;
    uint32_t *seen;
    size_t *banned_ends;
    uint32_t *banned;
};

struct ws_beams; /* what beam search needs beside */

struct ws_generator {
    struct ws_device *device;
    const struct ws_device_ops *ops;
    const struct ws_allocator *allocator;
    struct ws_decoder *decoder;
    struct ws_decoding decoding;
    uint32_t vocabulary;
    uint32_t context;
    uint32_t eos;
    size_t batch;                  /* prompts */
    size_t slots;                  /* batch * beams */
    size_t longest;                /* prompt */
    size_t stride;                 /* tokens of the longest sequence */
    struct ws_arena arena;         /* of what follows */
    struct ws_sequence *sequences; /* (slots) */
    struct ws_rows rows;           /* (slots) */
    struct ws_edit_lists edits;
    uint32_t *starts;  /* (batch + 1) */
    uint32_t *prompts; /* (batch * longest): tokens of prompts, one after another */
    uint32_t *chosen;  /* sampling: (batch) */
    double *uniforms;
    struct ws_rng *rngs;
    struct ws_beams *beams; /* NULL without beam search */
};

/* Empties the lists; then adds rows in order. */
void ws_edits_begin(struct ws_edit_lists *lists);
void ws_edits_add(struct ws_edit_lists *lists, const struct ws_decoding *decoding, uint32_t eos,
                  const struct ws_sequence *sequence);
struct ws_edits ws_edits_of(const struct ws_edit_lists *lists, const struct ws_decoding *decoding);

/* How the settings say to choose tokens for the rows that the edits are of. */
struct ws_pick ws_pick_of(const struct ws_generator *generator, size_t rows);

/* Whether it is as long as it may become, or its end was made. */
bool ws_sequence_ends(const struct ws_generator *generator, const struct ws_sequence *sequence);

/* The last token of each row's sequence goes through the model. */
void ws_generator_step(struct ws_generator *generator);

/* The prompts' last tokens have their logits in rows 0 .. count - 1. `sequences` b * beams of the
 * generator are prompts first + b. */
WS_MUST_CHECK enum ws_status ws_generate_sampled(struct ws_generator *generator, uint64_t first,
                                                 size_t count, struct ws_rng_key key,
                                                 struct ws_error *err);
/* Leaves the best sequence of prompt b in sequences[b * beams]. */
WS_MUST_CHECK enum ws_status ws_generate_beams(struct ws_generator *generator, uint64_t first,
                                               size_t count, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_beams_take_memory(struct ws_generator *generator,
                                                  struct ws_error *err);

/* WS_NUMERIC: the model gave `prompt` (numbered from 0) no score that is a number. */
enum ws_status ws_fail_scores(struct ws_error *err, uint64_t prompt, uint32_t position);

#endif
