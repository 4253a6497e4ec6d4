/*
 * What the parts of a trainer share: train.c takes steps, train_examples.c makes batches,
 * train_state.c writes and reads the whole. Private to them.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRAIN_INTERNAL_H
#define WS_MODELS_NN_TRANSFORMER_TRAIN_INTERNAL_H

#include "models/nn/transformer/train.h"

/* Host memory for one batch of a network. */
struct ws_batch_room {
    uint32_t *starts;
    uint32_t *tokens;
    uint32_t *targets;
    float *loss;
};

WS_MUST_CHECK enum ws_status ws_batch_room_take(struct ws_batch_room *room, size_t tokens,
                                                struct ws_arena *arena, struct ws_error *err);
/* Puts the examples `picks[0 .. count)`, or `first ..` when picks is NULL, behind one another. */
struct ws_batch ws_batch_of(const struct ws_batch_room *room, const struct ws_examples *examples,
                            const uint64_t *picks, uint64_t first, uint64_t count);

/* ws_network_mean_loss with memory that is there already. */
WS_MUST_CHECK enum ws_status ws_examples_loss(const struct ws_examples *examples,
                                              struct ws_network *network,
                                              const struct ws_batch_room *room, double *loss,
                                              uint64_t *targets, struct ws_error *err);

enum { WS_STATE_PIECE = 1 << 18 };

struct ws_trainer {
    /* Given. */
    struct ws_train_settings settings;
    struct ws_description description; /* with the training's dropout */
    struct ws_examples examples;
    struct ws_examples validation;
    struct ws_rng_key key;
    /* Follows from it. */
    uint64_t batch, micro_batch, epoch_steps, steps;
    struct ws_buffer identity; /* text: what a state must be of to be read, see train_state.c */
    /* Where it stands. */
    uint64_t step, tokens;
    struct ws_buffer curve;       /* struct ws_train_point */
    struct ws_buffer validations; /* struct ws_train_point */
    double best_loss;             /* of the validations; INFINITY before the first */
    uint64_t since_best;          /* validations */
    /* Its device, and what it has there. */
    struct ws_device *device;
    const struct ws_device_ops *ops;
    struct ws_network *network;
    size_t size; /* floats of a block */
    float *first, *second;
    size_t *turns; /* see struct ws_adamw; host */
    size_t turn_count;
    float *best; /* keep_best only */
    /* Its memory on the host. */
    const struct ws_allocator *allocator;
    struct ws_arena arena;
    struct ws_batch_room room;
    uint64_t *order; /* of the epoch's examples */
    uint64_t epoch;  /* that `order` is of; UINT64_MAX: none yet */
    uint32_t *piece; /* (WS_STATE_PIECE): numbers on their way from or to the device */
};

/* Takes a validation's loss into account; says whether it is the best so far. */
bool ws_trainer_judge(struct ws_trainer *trainer, double loss);

/* Makes `identity`. */
WS_MUST_CHECK enum ws_status ws_trainer_identify(struct ws_trainer *trainer,
                                                 const float *parameters, struct ws_error *err);

#endif
