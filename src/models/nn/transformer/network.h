/*
 * A transformer at work on a device: forward, loss, backward.
 *
 * A network owns three blocks of the device: parameters, gradients (when it trains), and one for
 * all activations, sized when it opens for a number of tokens. A batch is sequences of any length
 * laid one after another. Dropout is used by ws_network_train alone.
 *
 * Contract: tests/unit/test_network.c (finite differences, batches of any cut),
 * tests/conformance/test_models.c (logits, loss and gradients of transformers' own models).
 */
#ifndef WS_MODELS_NN_TRANSFORMER_NETWORK_H
#define WS_MODELS_NN_TRANSFORMER_NETWORK_H

#include "models/nn/transformer/transformer.h"

/* Host memory throughout. */
struct ws_batch {
    size_t sequences;
    const uint32_t *starts;  /* (sequences + 1): sequence s is tokens starts[s] .. starts[s + 1] */
    const uint32_t *tokens;  /* (starts[sequences]) */
    const uint32_t *targets; /* the token wanted after each; WS_NO_TARGET: not part of the loss */
};

struct ws_network;

enum { WS_NETWORK_TOKENS = 1 << 24 };

/* For batches of up to `tokens` tokens. WS_NO_MEMORY says how much it needs; WS_LIMIT: more than
 * WS_NETWORK_TOKENS. */
WS_MUST_CHECK enum ws_status ws_network_open(struct ws_device *device,
                                             const struct ws_description *description,
                                             size_t tokens, bool trains,
                                             const struct ws_allocator *allocator,
                                             struct ws_network **out, struct ws_error *err);
void ws_network_close(struct ws_network *network); /* NULL is fine */
/* Bytes that opening takes from the device. */
uint64_t ws_network_memory(const struct ws_description *description, size_t tokens, bool trains);

size_t ws_network_tokens(const struct ws_network *network); /* it was opened for */
const struct ws_allocator *ws_network_allocator(const struct ws_network *network);
const struct ws_layout *ws_network_layout(const struct ws_network *network);
/* Device memory, (layout.size). The gradients are NULL when it does not train. */
float *ws_network_parameters(struct ws_network *network);
float *ws_network_gradients(struct ws_network *network);
void ws_network_write(struct ws_network *network, const float *parameters); /* from the host */
void ws_network_read(struct ws_network *network, float *parameters);        /* to the host */

/* loss, entropy: (tokens), nats, each may be NULL; see ws_head in compute.h. WS_INVALID: a token
 * out of the vocabulary, a sequence that is empty or longer than the context, a batch over the
 * size. */
WS_MUST_CHECK enum ws_status ws_network_score(struct ws_network *network,
                                              const struct ws_batch *batch, float *loss,
                                              float *entropy, struct ws_error *err);
/* Logits in pieces: `visit` is given those of rows first .. first + rows - 1, (rows, vocabulary),
 * on the host, in order. The whole is never held. */
typedef void ws_logits_visit(void *context, const float *logits, size_t first, size_t rows);
WS_MUST_CHECK enum ws_status ws_network_visit_logits(struct ws_network *network,
                                                     const struct ws_batch *batch,
                                                     ws_logits_visit *visit, void *context,
                                                     struct ws_error *err);
/* Whole logits, (tokens, vocabulary), on the host: for comparisons of small models. */
WS_MUST_CHECK enum ws_status ws_network_logits(struct ws_network *network,
                                               const struct ws_batch *batch, float *logits,
                                               struct ws_error *err);
/* Adds to the gradients those of scale * (sum of the losses). Dropout is a function of `dropout`,
 * which must be another for each batch, and of the place; NULL: none. */
WS_MUST_CHECK enum ws_status ws_network_train(struct ws_network *network,
                                              const struct ws_batch *batch, float scale,
                                              const struct ws_rng_key *dropout, float *loss,
                                              struct ws_error *err);

/* The same, but nobody waits for the device: losses are there after its next check. */
WS_MUST_CHECK enum ws_status ws_network_train_ahead(struct ws_network *network,
                                                    const struct ws_batch *batch, float scale,
                                                    const struct ws_rng_key *dropout, float *loss,
                                                    struct ws_error *err);

/* What ws_rotary of compute.h takes, host, (context, rotated / 2) each. */
void ws_rotary_tables(const struct ws_description *d, float *cosines, float *sines);

#endif
