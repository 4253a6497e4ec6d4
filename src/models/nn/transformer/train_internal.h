/*
 * What the parts of a trainer share: train.c takes steps, train_examples.c makes batches,
 * train_share.c divides a step among processes, train_state.c writes and reads the whole. Private
 * to them.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRAIN_INTERNAL_H
#define WS_MODELS_NN_TRANSFORMER_TRAIN_INTERNAL_H

#include "compute/team.h"
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
    uint64_t parts;            /* of a batch */
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
    float *best;                /* keep_best only */
    float *sum;                 /* of the parts' gradients; NULL where there is one part alone */
    struct ws_sharing *sharing; /* NULL: this process takes its steps alone */
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

/* Of the parts of a step each member of a team makes every so many'th, and of the gradient each
 * adds up one stretch. The parts' gradients are added in their order, whoever made them. */
struct ws_sharing {
    const struct ws_team *team;
    struct ws_exchange *exchange;
    struct ws_stretch *owned;     /* (members): what of the gradient each adds up */
    struct ws_stretch *to, *from; /* (members): of the exchange at hand */
    float *dealt;                 /* device: the owned stretch of each part of a round */
};

/* A round of a shared step: `count` parts from `first` on were made, one by each of the first
 * members; of this one's, if it made one, its loss, the gradient in the network, and how that went.
 * Adds all of them to the sums. */
WS_MUST_CHECK enum ws_status ws_trainer_settle(struct ws_trainer *trainer, uint64_t first,
                                               uint64_t count, enum ws_status status, double mine,
                                               double *sum, struct ws_error *err);
/* The whole sum becomes everyone's, in the network's gradients. */
void ws_trainer_spread(struct ws_trainer *trainer);
/* Tells the others that no step follows, and gives back what sharing took. */
void ws_trainer_unshare(struct ws_trainer *trainer);

/* Makes `identity`. */
WS_MUST_CHECK enum ws_status ws_trainer_identify(struct ws_trainer *trainer,
                                                 const float *parameters, struct ws_error *err);

#endif
