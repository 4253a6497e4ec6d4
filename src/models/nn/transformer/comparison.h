/*
 * A model against numbers that another implementation made of it.
 *
 * The numbers are in a safetensors file, each part of which may be missing but the first:
 *
 *     input_ids      (sequences, length), integers
 *     logits         (sequences, length, vocabulary)
 *     loss           one number: mean cross-entropy, nats, labels = inputs
 *     adamw_losses   (steps): the loss before each of so many steps of AdamW on all of input_ids,
 *                    rate 1e-3, betas 0.9 and 0.95, epsilon 1e-8, decay 0.1 on every parameter,
 *                    gradients clipped to a norm of 1, no dropout
 *     greedy, beam5  (sequences, 8 + new), integers: the first 8 tokens of each sequence and what
 *                    follows them, without stopping at an end of sequence; 5 beams, length penalty
 * 1
 *
 * and the gradients of that loss in grads.safetensors beside it, named as the parameters are.
 *
 * Contract: tests/conformance/test_models.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_COMPARISON_H
#define WS_MODELS_NN_TRANSFORMER_COMPARISON_H

#include "models/nn/transformer/transformer.h"

/* How a difference is measured, b being the reference's. */
enum ws_difference {
    WS_DIFFERENCE_LARGEST,  /* max |a - b| / max |b| */
    WS_DIFFERENCE_RELATIVE, /* |a - b| / |b|, the largest of several */
    WS_DIFFERENCE_NORM,     /* |a - b| / |b|, Euclidean; a gradient of less than 1e-6 of the whole's
                               norm is 0 but for rounding and is measured against the whole */
    WS_DIFFERENCE_COUNT,    /* sequences that differ */
};

struct ws_comparison {
    const char *what; /* "logits", "gradient of model.norm.weight" */
    enum ws_difference kind;
    bool absent;       /* from the reference; then the rest is 0 */
    bool ok;           /* difference <= tolerance, or absent */
    double difference; /* NaN, which is not ok, when the model gives no number */
    double tolerance;
};

struct ws_comparisons {
    const struct ws_comparison *rows;
    size_t count;
    const char *const *others; /* tensors of the reference, of names not above, that are not
                                  compared */
    size_t other_count;
};

/* One line about a kind, for people. */
const char *ws_difference_text(enum ws_difference kind);

/* Rows live in `arena`. WS_CORRUPT when the reference is of another model, a shape or a token that
 * does not fit, or when it and the gradients hold nothing to compare. */
WS_MUST_CHECK enum ws_status ws_reference_compare(struct ws_device *device,
                                                  const struct ws_transformer *model,
                                                  const char *path, struct ws_arena *arena,
                                                  struct ws_comparisons *out, struct ws_error *err);

#endif
