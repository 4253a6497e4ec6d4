/*
 * Training a transformer: examples, schedule, AdamW, validation, and exact resumption.
 *
 * A trainer goes through its examples epoch by epoch, in an order drawn for each epoch or as they
 * stand, a batch a step. Everything is a function of settings, examples and key: a trainer that was
 * written out in the middle of an epoch and read back makes the same bytes as one that never
 * stopped.
 *
 * A batch may be cut into parts, whose gradients are each made from nothing and then added in their
 * order. Several processes can share the parts, and the bytes are those of one: ws_trainer_share.
 *
 * AdamW: Loshchilov and Hutter 2019, decay decoupled. Clipping by the global norm: Pascanu et al.
 * 2013. Contract: tests/unit/test_train.c, test_train_state.c, tests/conformance/test_models.c (ten
 * losses).
 */
#ifndef WS_MODELS_NN_TRANSFORMER_TRAIN_H
#define WS_MODELS_NN_TRANSFORMER_TRAIN_H

#include "base/option.h"
#include "compute/device.h"
#include "compute/team.h"
#include "models/nn/transformer/network.h"

/* The rate of step i, i = 0, 1, ... of `steps`, with the share f = final_rate and the progress
 * p = (i - warmup) / (steps - warmup):
 *
 *     i < warmup    learning_rate * (i + 1) / warmup
 *     constant      learning_rate
 *     linear        learning_rate * (f + (1 - f) * (1 - p))
 *     cosine        learning_rate * (f + (1 - f) * (1 + cos(pi p)) / 2)
 *
 * so that the last two would reach f at step `steps`, which is not taken. */
enum ws_schedule {
    WS_SCHEDULE_CONSTANT,
    WS_SCHEDULE_LINEAR,
    WS_SCHEDULE_COSINE,
};

enum ws_decay_on {
    WS_DECAY_MATRICES, /* every tensor of two dimensions, embeddings included */
    WS_DECAY_ALL,
};

/* The loss of a step is the mean over its targets. */
struct ws_train_settings {
    uint64_t epochs;
    uint64_t steps; /* 0: as many as the epochs have; else exactly so many */
    uint64_t batch; /* examples a step, or all when there are fewer; an epoch's incomplete last
                       batch is dropped */
    uint64_t parts; /* of a batch, in order and of nearly the same size; no more than examples */
    bool shuffle;   /* each epoch's order is drawn; else it is that of the examples */
    uint64_t micro_batch; /* examples of a part at a time; 0: chosen by shape */
    double learning_rate;
    uint64_t warmup;   /* steps */
    uint32_t schedule; /* enum ws_schedule */
    double final_rate; /* share of learning_rate at the end of a linear or cosine schedule */
    double beta1, beta2, epsilon;
    double weight_decay;
    uint32_t decay_on;       /* enum ws_decay_on */
    double clip;             /* gradients are multiplied by min(1, clip / (norm + 1e-6)); 0: not */
    double dropout;          /* see ws_description_set_dropout; negative: as the model's */
    uint64_t validate_every; /* steps; 0: after each epoch. After the last step always. */
    uint64_t patience; /* validations without a better loss before it stops; 0: never stops early */
    bool keep_best;    /* the model is that of the best validation, not the last */
};

/* The rows of an option table whose field `x` lies at FIELD(x), so that larger settings may hold
 * these. */
/* clang-format off */
#define WS_TRAIN_OPTIONS(FIELD)                                                                    \
    {"epochs", WS_OPTION_WHOLE, FIELD(epochs), 1, 1e6, "1", NULL, 0,                               \
     "times that every example is seen"},                                                          \
    {"steps", WS_OPTION_WHOLE, FIELD(steps), 0, 1e12, "0", NULL, 0,                                \
     "exactly so many steps instead of epochs; 0: as many as the epochs have"},                    \
    {"batch", WS_OPTION_WHOLE, FIELD(batch), 1, 1e6, "16", NULL, 0, "examples a step"},            \
    {"shuffle", WS_OPTION_FLAG, FIELD(shuffle), 0, 0, "true", NULL, 0,                             \
     "draw an order of the examples for each epoch; false: as they stand"},                        \
    {"micro_batch", WS_OPTION_WHOLE, FIELD(micro_batch), 0, 1e6, "0", NULL, 0,                     \
     "examples at a time, their gradients added up; 0: chosen by their length"},                   \
    {"parts", WS_OPTION_WHOLE, FIELD(parts), 1, 1e4, "1", NULL, WS_OPTION_LATER,                   \
     "that a batch is cut into, so that as many processes of mpirun can share a step"},            \
    {"learning_rate", WS_OPTION_REAL, FIELD(learning_rate), 0, 10, "3e-4", NULL, 0,                \
     "highest learning rate"},                                                                     \
    {"warmup", WS_OPTION_WHOLE, FIELD(warmup), 0, 1e12, "0", NULL, 0,                              \
     "steps in which the rate rises to it"},                                                       \
    {"schedule", WS_OPTION_CHOICE, FIELD(schedule), 0, 0, "constant", "constant|linear|cosine", 0, \
     "how the rate falls afterwards"},                                                             \
    {"final_rate", WS_OPTION_REAL, FIELD(final_rate), 0, 1, "0", NULL, 0,                          \
     "share of the learning rate at the end of a linear or cosine schedule"},                      \
    {"beta1", WS_OPTION_REAL, FIELD(beta1), 0, 0.999999, "0.9", NULL, 0,                           \
     "AdamW: decay of the mean of gradients"},                                                     \
    {"beta2", WS_OPTION_REAL, FIELD(beta2), 0, 0.999999, "0.95", NULL, 0,                          \
     "AdamW: decay of the mean of their squares"},                                                 \
    {"epsilon", WS_OPTION_REAL, FIELD(epsilon), 1e-16, 1, "1e-8", NULL, 0,                         \
     "AdamW: added to the root of that"},                                                          \
    {"weight_decay", WS_OPTION_REAL, FIELD(weight_decay), 0, 100, "0.1", NULL, 0,                  \
     "share of a weight that is taken away a step, times the rate"},                               \
    {"decay_on", WS_OPTION_CHOICE, FIELD(decay_on), 0, 0, "matrices", "matrices|all", 0,           \
     "which tensors: those of two dimensions, embeddings included, or all"},                       \
    {"clip", WS_OPTION_REAL, FIELD(clip), 0, 1e30, "1", NULL, 0,                                   \
     "longest gradient; longer ones are made as short; 0: any"},                                   \
    {"dropout", WS_OPTION_REAL, FIELD(dropout), -1, 0.99, "-1", NULL, 0,                           \
     "probability in embeddings, residuals and attention; negative: the model's"},                 \
    {"validate_every", WS_OPTION_WHOLE, FIELD(validate_every), 0, 1e12, "0", NULL, 0,              \
     "steps between validations; 0: after each epoch"},                                            \
    {"patience", WS_OPTION_WHOLE, FIELD(patience), 0, 1e6, "0", NULL, 0,                           \
     "validations without a better loss before it stops; 0: never"},                               \
    {"keep_best", WS_OPTION_FLAG, FIELD(keep_best), 0, 0, "false", NULL, 0,                        \
     "keep the model of the best validation, not the last"}
/* clang-format on */

/* For lab settings and the command line alike. */
extern const struct ws_option_table ws_train_options;

/* Examples on the host: example i is tokens ends[i - 1] .. ends[i] of `tokens`, and `targets` says
 * what is wanted after each (WS_NO_TARGET: masked). */
struct ws_examples {
    uint64_t count;
    const uint64_t *ends;
    const uint32_t *tokens;
    const uint32_t *targets;
};

uint64_t ws_example_start(const struct ws_examples *examples, uint64_t i);
size_t ws_example_size(const struct ws_examples *examples, uint64_t i);
size_t ws_examples_longest(const struct ws_examples *examples);
/* How many targets the examples `picks[0 .. count)`, or the first `count` when picks is NULL, have.
 */
uint64_t ws_examples_targets(const struct ws_examples *examples, const uint64_t *picks,
                             uint64_t count);
/* How many examples from `first` on have at most `tokens` together: at least 1, at most `tokens`,
 * as if none were empty. */
uint64_t ws_examples_that_fit(const struct ws_examples *examples, uint64_t first, size_t tokens);

/* How blocks of text become examples. From a start: the input is `start` and all but the last
 * token, the target the block. Shifted (start == WS_NO_TOKEN): the input is the block, the target
 * its tokens from the second on, and the last has none. */
struct ws_blocks {
    uint64_t count;
    const uint64_t *ends;
    const uint32_t *tokens;
};
WS_MUST_CHECK enum ws_status ws_examples_of(const struct ws_blocks *blocks, uint32_t start,
                                            struct ws_arena *arena, struct ws_examples *out,
                                            struct ws_error *err);

/* A point of the loss curve. */
struct ws_train_point {
    uint64_t step; /* steps taken */
    double loss;   /* mean over the step's (validation: all) tokens, nats */
    double rate;   /* training points only */
    double norm;   /* of the gradient before clipping; training points only */
};

struct ws_trainer;

/* Bytes that a training takes from the device (NULL: a CPU), not counting the device's own scratch:
 * so many examples, the tokens of the longest, and of the longest to validate on. */
uint64_t ws_trainer_memory(const struct ws_train_settings *settings, const struct ws_device *device,
                           const struct ws_description *description, uint64_t examples,
                           size_t longest, size_t longest_validation);

/* `parameters` (host) are where it starts; they are copied, as are settings and description.
 * Examples outlive the trainer. `validation` may be NULL or empty. Memory is taken before it
 * starts, and WS_NO_MEMORY says how much was needed. WS_INVALID: no examples, one that is empty or
 * longer than the context, a token out of the vocabulary, patience or keep_best without validation.
 */
WS_MUST_CHECK enum ws_status
ws_trainer_open(const struct ws_train_settings *settings, struct ws_device *device,
                const struct ws_description *description, const float *parameters,
                const struct ws_examples *examples, const struct ws_examples *validation,
                struct ws_rng_key key, const struct ws_allocator *allocator,
                struct ws_trainer **out, struct ws_error *err);
void ws_trainer_close(struct ws_trainer *trainer); /* NULL is fine */

/* Examples at a time. Where they are chosen, and the device has memory of its own, there are no
 * more than fit into what of it was free; the identity below says how many were taken. */
uint64_t ws_trainer_micro_batch(const struct ws_trainer *trainer);
uint64_t ws_trainer_steps(const struct ws_trainer *trainer);      /* planned in all */
uint64_t ws_trainer_step_count(const struct ws_trainer *trainer); /* taken */
bool ws_trainer_done(const struct ws_trainer *trainer); /* all steps taken, or stopped early */
uint64_t ws_trainer_tokens(const struct ws_trainer *trainer); /* trained on so far */

/* One step, and the validation that falls due after it. WS_NUMERIC when the loss or the gradient is
 * not finite: says at which step; the trainer is as it was before the step. Also when a validation
 * loss is not: then the step has been taken, and the trainer is of no more use. */
WS_MUST_CHECK enum ws_status ws_trainer_step(struct ws_trainer *trainer, struct ws_error *err);

/* Shares the steps that are left with a team, whose leader calls this between two steps, while each
 * of the others hears WS_TEAM_TRAIN and calls ws_trainer_assist. Nothing happens where a batch is
 * one part. WS_NO_MEMORY, and whatever another member is at fault of; the team is free again then.
 * Closing the trainer frees it, too. */
WS_MUST_CHECK enum ws_status ws_trainer_share(struct ws_trainer *trainer,
                                              const struct ws_team *team, struct ws_error *err);

/* Takes part in one training that the leader shares, to its end, on a device of its own. That it
 * failed, and why, the leader knows by then. */
void ws_trainer_assist(const struct ws_team *team, const struct ws_device_choice *device,
                       unsigned threads, const struct ws_allocator *allocator);

/* Every training and validation point so far. */
const struct ws_train_point *ws_trainer_curve(const struct ws_trainer *trainer, size_t *count);
const struct ws_train_point *ws_trainer_validations(const struct ws_trainer *trainer,
                                                    size_t *count);

/* Of the trained model: as given, but for the training's dropout. */
const struct ws_description *ws_trainer_description(const struct ws_trainer *trainer);

/* The trained parameters (the best ones with keep_best), to the host, (layout.size). */
void ws_trainer_parameters(struct ws_trainer *trainer, float *out);

/* Mean loss over the targets of `examples`, and how many there are. */
WS_MUST_CHECK enum ws_status ws_network_mean_loss(struct ws_network *network,
                                                  const struct ws_examples *examples, double *loss,
                                                  uint64_t *targets, struct ws_error *err);

/* What the training is of, a line "name=value" each: settings, and hashes of model and text. It
 * lives as long as the trainer. Comparing gives WS_CONFLICT, naming what differs. */
struct ws_bytes ws_trainer_identity(const struct ws_trainer *trainer);
WS_MUST_CHECK enum ws_status ws_trainer_compare(const struct ws_trainer *trainer,
                                                struct ws_bytes identity, struct ws_error *err);

/* The whole state between two steps, and back into a trainer opened with the same arguments (the
 * device may have another number of threads). Reading is a pure function of hostile bytes:
 * WS_CORRUPT, WS_UNSUPPORTED for another version, WS_CONFLICT when it is of another training, with
 * what differs; the trainer is as it was then. Format: docs/formats/trainer.md. Fuzz target:
 * tests/fuzz/fuzz_trainer.c. */
void ws_trainer_write(struct ws_trainer *trainer, struct ws_buffer *out);
WS_MUST_CHECK enum ws_status ws_trainer_read(struct ws_trainer *trainer, struct ws_reader *in,
                                             struct ws_error *err);

/* Bytes that writing it takes. */
uint64_t ws_trainer_state_size(const struct ws_trainer *trainer);

/* The same as a file, replaced as a whole and never held in memory. WS_NOT_FOUND when there is
 * none. */
WS_MUST_CHECK enum ws_status ws_trainer_save(struct ws_trainer *trainer, const char *path,
                                             struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_trainer_load(struct ws_trainer *trainer, const char *path,
                                             struct ws_error *err);

#endif
