/*
 * What a text model makes of a text: each token's log probability and the spread of what might
 * have stood there, and from them the loss, the perplexity and Fast-DetectGPT.
 *
 * With l(v) = log p(v | what came before) over the vocabulary, a token has its l, the entropy
 * -E[l] and the variance of l. Fast-DetectGPT (Bao et al. 2024, arXiv:2310.05130, section 3.2 with
 * the scoring model as its own sampling model) says how much likelier a passage is than what the
 * model itself would have written:
 *
 *     (sum of l + sum of entropies) / sqrt(sum of variances)
 *
 * Natural logarithms throughout. Contract: tests/conformance/test_models.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_SCORE_H
#define WS_MODELS_NN_TRANSFORMER_SCORE_H

#include "base/pool.h"
#include "models/nn/transformer/train.h"

/* All 0 where there is no target. */
struct ws_token_score {
    double log_probability;
    double entropy;
    double variance;
};

/* out: (tokens). `pool` works on the rows of logits. Fails as ws_network_score does. */
WS_MUST_CHECK enum ws_status ws_score_tokens(struct ws_network *network, struct ws_pool *pool,
                                             const struct ws_batch *batch,
                                             struct ws_token_score *out, struct ws_error *err);

/* Of the tokens of one passage; NaN when it has none with a target. */
double ws_fast_detectgpt(const struct ws_token_score *scores, size_t count);

/* Means over tokens with a target, and over passages. NaN where there are none. */
struct ws_text_score {
    uint64_t tokens;   /* with a target */
    uint64_t passages; /* with such a token */
    double loss;       /* nats a token; its exponential is the perplexity */
    double entropy;    /* nats a token */
    double fast_detectgpt;
};

struct ws_scorer {
    struct ws_network *network;
    struct ws_pool *pool;
    const struct ws_allocator *allocator;
    /* Told after each batch how many examples are done; may be NULL. */
    void (*progress)(void *user, uint64_t done);
    void *user;
};

/* Each example is a passage. WS_INVALID when one is longer than the network was opened for. */
WS_MUST_CHECK enum ws_status ws_score_examples(const struct ws_scorer *scorer,
                                               const struct ws_examples *examples,
                                               struct ws_text_score *out, struct ws_error *err);

#endif
