/*
 * The inside of an n-gram model: a trie of counts, laid out level by level.
 *
 * Node 0 is the empty context. The nodes of level k are the distinct k-grams seen inside blocks;
 * they follow those of level k - 1 and are sorted by parent (the k-gram without its last token),
 * then token. The children of consecutive nodes are therefore consecutive, and one ascending array
 * says where they begin. A start-of-block token, numbered `types`, stands before each block: it is
 * a context and never predicted, so its node has count 0. Being the largest token, it is the last
 * node of level 1, and the k-grams that begin with it are the last of level k.
 *
 * A context is a node below level `order`. Sampling and scoring walk over states: contexts that
 * have a continuation. Every suffix of a state is a state, down to node 0.
 *
 * Contract: tests/unit/test_ngram.c.
 */
#ifndef WS_MODELS_NGRAM_MODEL_H
#define WS_MODELS_NGRAM_MODEL_H

#include "base/arena.h"
#include "models/ngram.h"

enum { WS_NGRAM_ORDER_LIMIT = 5 };

/* Tokens and blocks together that a model may be fitted on: each adds at most one node a level, and
 * node numbers fit 32 bits; so do sums of counts over all nodes. */
static inline uint64_t ws_ngram_token_limit(uint32_t order)
{
    const uint64_t most = UINT64_C(1) << 30, nodes = UINT32_MAX - 2;
    return nodes / order < most ? nodes / order : most;
}

struct ws_ngram_trie {
    uint32_t types;
    uint32_t order;
    /* The nodes of level k are level[k] .. level[k + 1] - 1; level[order + 1] counts all. */
    uint32_t level[WS_NGRAM_ORDER_LIMIT + 2];
    const uint32_t *token;       /* (nodes) the last of the k-gram */
    const uint32_t *count;       /* (nodes) how often it followed its context */
    const uint32_t *suffix;      /* (nodes) the k-gram without its first token */
    const uint32_t *first_child; /* (contexts + 1) */
};

/* A node as what is drawn. The children of a context share the mass that it keeps, one after the
 * other. */
struct ws_ngram_outcome {
    double below; /* the mass of the context's children before this one */
    uint32_t token;
    uint32_t next; /* the state that follows once this k-gram was seen */
};

/* A context as what is drawn from. */
struct ws_ngram_context {
    double kept;  /* mass of its children, discounts taken off: what is left of `total` */
    double parts; /* children / kept: the guide's parts in a unit of mass; 0 where there is none */
    uint32_t total; /* weight of its children; the rest of it goes to the suffix */
    uint32_t first; /* its first child, and how many */
    uint32_t children;
    uint32_t suffix;
};

struct ws_ngram_model {
    struct ws_model base;
    struct ws_ngram_trie trie;
    enum ws_ngram_sampling sampling;
    bool biased;        /* contexts and outcomes are no longer those of the counts */
    bool of_population; /* counts stand for the shares of a text without end */
    uint64_t block;     /* tokens in a sampled item */
    uint32_t start;     /* the state at the start of a block */
    uint32_t states;    /* how many there are */

    const struct ws_ngram_outcome *outcomes; /* (nodes) */
    const struct ws_ngram_context *contexts; /* (contexts) */
    const uint32_t *guide; /* (nodes) see ngram_sample.c; of contexts with many children only */

    /* Kneser-Ney: P(token | context) of each node, and the mass each context leaves to its suffix.
     * discount[k][r] is taken from k-grams of count r; r = 3 stands for 3 and more. [0] is 0. */
    const double *probability; /* (nodes) */
    const double *backoff;     /* (contexts) */
    double discount[WS_NGRAM_ORDER_LIMIT + 1][4];
};

static inline uint32_t ws_ngram_nodes(const struct ws_ngram_trie *trie)
{
    return trie->level[trie->order + 1];
}

static inline uint32_t ws_ngram_contexts(const struct ws_ngram_trie *trie)
{
    return trie->level[trie->order];
}

/* The first k-gram that begins a block: from here to the end of level k all do. */
static inline uint32_t ws_ngram_block_starts(const struct ws_ngram_trie *trie, uint32_t k)
{
    uint32_t first = trie->level[2] - 1; /* the start token itself */
    for (uint32_t below = 1; below < k; below++)
        first = trie->first_child[first];
    return first;
}

/* The node of `token` after `context`, or 0. */
static inline uint32_t ws_ngram_child(const struct ws_ngram_trie *trie, uint32_t context,
                                      uint32_t token)
{
    uint32_t first = trie->first_child[context];
    uint32_t left = trie->first_child[context + 1] - first;
    if (left == 0)
        return 0;
    const uint32_t *found = trie->token + first;
    while (left > 1) { /* halving without a branch to mispredict */
        uint32_t half = left / 2;
        found = found[half] <= token ? found + half : found;
        left -= half;
    }
    return *found == token ? (uint32_t)(found - trie->token) : 0;
}

/* Counts the k-grams of `data`, which has at least one item. WS_LIMIT beyond the token limit. What
 * is in `scratch` is not needed afterwards. */
WS_MUST_CHECK enum ws_status ws_ngram_count(const struct ws_dataset *data, uint32_t order,
                                            struct ws_arena *scratch, struct ws_arena *arena,
                                            struct ws_ngram_trie *out, struct ws_error *err);

/* Fills the states, what sampling needs, and the Kneser-Ney estimates, from `trie` and `sampling`.
 */
WS_MUST_CHECK enum ws_status ws_ngram_complete(struct ws_ngram_model *model,
                                               struct ws_arena *scratch, struct ws_arena *arena,
                                               struct ws_error *err);

/* The Kneser-Ney counts of all nodes (nodes, in `arena`), then discounts, probabilities and
 * back-off masses of the model. */
WS_MUST_CHECK enum ws_status ws_ngram_kneser_ney(struct ws_ngram_model *model,
                                                 struct ws_arena *scratch, struct ws_arena *arena,
                                                 const uint32_t **counts, struct ws_error *err);

/* States, outcomes, contexts and their guide; `adjusted`: the Kneser-Ney counts of all nodes. */
WS_MUST_CHECK enum ws_status ws_ngram_lay_out(struct ws_ngram_model *model,
                                              const uint32_t *adjusted, struct ws_arena *scratch,
                                              struct ws_arena *arena, struct ws_error *err);

/* What Kneser-Ney takes off the children of a context, at level k. Nothing, where counts are those
 * of a text without end: they are beyond any discount, and only numbers of left neighbours are not.
 */
static inline const double *ws_ngram_discount(const struct ws_ngram_model *model, uint32_t k,
                                              uint32_t context)
{
    const bool counted =
        k == model->trie.order || (k > 1 && context >= ws_ngram_block_starts(&model->trie, k - 1));
    return model->discount[model->of_population && counted ? 0 : k];
}

/* Operations of the family. */
enum ws_status ws_ngram_fit_population(const void *settings, const struct ws_population *population,
                                       struct ws_arena *arena, const struct ws_model **out,
                                       struct ws_error *err);
enum ws_status ws_ngram_sample(size_t chains, const struct ws_model *const models[],
                               const uint64_t counts[], const struct ws_rng_key keys[],
                               const struct ws_job *job, struct ws_arena *arena,
                               const struct ws_payload *out[], struct ws_error *err);

/* The operations `bias` (maximum likelihood alone) and `edit`. */
enum ws_status ws_ngram_bias(const struct ws_model *base, double lambda, struct ws_arena *arena,
                             const struct ws_model **out, struct ws_error *err);
enum ws_status ws_ngram_edit(const struct ws_model *base, const struct ws_dataset *data,
                             double likely, struct ws_rng_key key, uint64_t first,
                             struct ws_arena *arena, const struct ws_payload **out,
                             uint64_t *changed, struct ws_error *err);

/* P(token | state) by Kneser-Ney; moves on to the state after the token. */
double ws_ngram_score(const struct ws_ngram_model *model, uint32_t *state, uint32_t token);

/* The stored form: see docs/formats/ngram.md. */
void ws_ngram_save(const struct ws_model *base, struct ws_buffer *out);
enum ws_status ws_ngram_load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                             const struct ws_model **out, struct ws_error *err);

#endif
