/*
 * How n-gram models make text.
 *
 * A token costs what memory makes one wait for, so its path is short: the state's context says
 * whether the token comes from its children or from a shorter context, a guide says near which
 * child, and the child holds the token and the next state. Blocks are independent: many grow side
 * by side, in two passes for each token, and each pass asks for the memory that the next one needs.
 *
 * Item i of a sample has its own sequence, ws_rng_init(&rng, key, i).
 */
#include <math.h>
#include <string.h>

#include "models/ngram_model.h"

enum {
    SIDE_BY_SIDE = 32,
    FEW = 16, /* children that are searched without a guide */
};

/* Laying out ---------------------------------------------------------------------------------- */

/* The longest suffix of each node that is a context with a continuation. Suffixes have smaller
 * numbers, so theirs is known. The empty context always has one. */
static void link_states(struct ws_ngram_model *model, uint32_t *next)
{
    const struct ws_ngram_trie *trie = &model->trie;
    for (uint32_t node = 0; node < ws_ngram_nodes(trie); node++) {
        bool is_state =
            node < ws_ngram_contexts(trie) && trie->first_child[node] < trie->first_child[node + 1];
        next[node] = is_state ? node : next[trie->suffix[node]];
        model->states += is_state;
    }
}

/* In which of its `children` parts of equal mass a point of a context lies: never falling as the
 * point rises, however it is rounded, which is all that the guide needs. */
static inline uint32_t part_of(const struct ws_ngram_context *context, double point)
{
    uint32_t part = (uint32_t)(point * context->parts);
    return part < context->children ? part : context->children - 1;
}

/* guide[first + b]: the last child that begins in a part before b, or the first child. */
static void guide_context(struct ws_ngram_context *context, const struct ws_ngram_outcome *outcomes,
                          uint32_t *guide)
{
    context->parts = context->children / context->kept;
    uint32_t part = 0;
    for (uint32_t i = 0; i < context->children; i++) {
        uint32_t here = part_of(context, outcomes[context->first + i].below);
        for (; part <= here; part++)
            guide[context->first + part] = context->first + (i > 0 ? i - 1 : 0);
    }
    for (; part < context->children; part++)
        guide[context->first + part] = context->first + context->children - 1;
}

/* A context and its children, whose masses are their weights without their discounts. */
static void lay_out_context(const struct ws_ngram_trie *trie, uint32_t node, const uint32_t *next,
                            const uint32_t *weight, const double discount[4],
                            struct ws_ngram_context *context, struct ws_ngram_outcome *outcomes)
{
    const uint32_t *first_child = trie->first_child + node;
    *context = (struct ws_ngram_context){
        .first = first_child[0],
        .children = first_child[1] - first_child[0],
        .suffix = trie->suffix[node],
    };
    for (uint32_t child = first_child[0]; child < first_child[1]; child++) {
        outcomes[child] = (struct ws_ngram_outcome){context->kept, trie->token[child], next[child]};
        context->total += weight[child];
        context->kept += weight[child] - discount[weight[child] < 3 ? weight[child] : 3];
    }
}

/* Maximum likelihood keeps all that was counted, Kneser-Ney what its discounts leave. */
enum ws_status ws_ngram_lay_out(struct ws_ngram_model *model, const uint32_t *adjusted,
                                struct ws_arena *scratch, struct ws_arena *arena,
                                struct ws_error *err)
{
    static const double NONE[4] = {0};
    const struct ws_ngram_trie *trie = &model->trie;
    bool smoothed = model->sampling == WS_NGRAM_KNESER_NEY;
    uint32_t count = ws_ngram_contexts(trie), nodes = ws_ngram_nodes(trie);
    uint32_t *next = WS_ARENA_NEW(scratch, uint32_t, nodes);
    struct ws_ngram_outcome *outcomes = WS_ARENA_NEW(arena, struct ws_ngram_outcome, nodes);
    struct ws_ngram_context *contexts = WS_ARENA_NEW(arena, struct ws_ngram_context, count);
    uint32_t *guide = WS_ARENA_NEW(arena, uint32_t, nodes);
    if (!next || !outcomes || !contexts || !guide)
        return ws_fail_memory(err, "an n-gram model");
    link_states(model, next);
    outcomes[0] = (struct ws_ngram_outcome){0}; /* child of none; leads to the empty context */
    uint32_t level = 1;                         /* of the children */
    for (uint32_t node = 0; node < count; node++) {
        level += node >= trie->level[level];
        lay_out_context(trie, node, next, smoothed ? adjusted : trie->count,
                        smoothed ? ws_ngram_discount(model, level, node) : NONE, &contexts[node],
                        outcomes);
        if (contexts[node].children > FEW)
            guide_context(&contexts[node], outcomes, guide);
    }
    model->outcomes = outcomes;
    model->contexts = contexts;
    model->guide = guide;
    model->start = next[ws_ngram_block_starts(trie, 1)];
    return WS_OK;
}

/* Continuations with their shares to the power of 1 / lambda: a softmax of temperature lambda. */
static void bias_context(const struct ws_ngram_trie *trie, double lambda,
                         struct ws_ngram_context *context, struct ws_ngram_outcome *outcomes)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < context->children; i++)
        if (trie->count[context->first + i] > most)
            most = trie->count[context->first + i];
    context->kept = 0;
    for (uint32_t i = 0; i < context->children; i++) {
        double share = (double)trie->count[context->first + i] / most;
        outcomes[context->first + i].below = context->kept;
        context->kept += pow(share, 1 / lambda);
    }
}

enum ws_status ws_ngram_bias(const struct ws_model *base, double lambda, struct ws_arena *arena,
                             const struct ws_model **out, struct ws_error *err)
{
    const struct ws_ngram_model *model = (const struct ws_ngram_model *)base;
    const struct ws_ngram_trie *trie = &model->trie;
    const uint32_t count = ws_ngram_contexts(trie), nodes = ws_ngram_nodes(trie);
    struct ws_ngram_model *biased = ws_arena_copy(arena, model, sizeof *model);
    struct ws_ngram_outcome *outcomes =
        ws_arena_copy(arena, model->outcomes, nodes * sizeof *outcomes);
    struct ws_ngram_context *contexts =
        ws_arena_copy(arena, model->contexts, count * sizeof *contexts);
    uint32_t *guide = WS_ARENA_NEW(arena, uint32_t, nodes);
    if (!biased || !outcomes || !contexts || !guide)
        return ws_fail_memory(err, "a biased n-gram model");
    for (uint32_t node = 0; node < count; node++) {
        bias_context(trie, lambda, &contexts[node], outcomes);
        if (contexts[node].children > FEW)
            guide_context(&contexts[node], outcomes, guide);
    }
    biased->biased = true;
    biased->outcomes = outcomes;
    biased->contexts = contexts;
    biased->guide = guide;
    *out = &biased->base;
    return WS_OK;
}

/* Drawing ------------------------------------------------------------------------------------- */

/* A block that grows, and between the passes where its next token comes from. */
struct growing {
    struct ws_rng rng;
    uint32_t state;
    uint32_t context; /* the state or a suffix of it, whose child is drawn */
    double point;     /* in the mass that the context keeps; above it: any token at all */
};

static inline void choose_by_likelihood(const struct ws_ngram_model *model, struct growing *it)
{
    it->context = it->state;
    it->point = (double)ws_rng_below(&it->rng, model->contexts[it->context].total);
}

/*
 * A point of the whole mass of the context. Up to what its discounts leave it falls on a child w
 * with probability (a(cw) - D) / a(c.), the first term of P(w | c). Beyond, with probability
 * sum D / a(c.) = backoff(c), the weight of the second term, the token is drawn by the same rule in
 * the next shorter context; beyond the empty one it is uniform over all types.
 */
static inline void choose_by_kneser_ney(const struct ws_ngram_model *model, struct growing *it)
{
    for (it->context = it->state;; it->context = model->contexts[it->context].suffix) {
        const struct ws_ngram_context *context = &model->contexts[it->context];
        it->point = ws_rng_uniform(&it->rng) * context->total;
        if (it->point < context->kept || it->context == 0)
            return;
    }
}

static inline void choose_by_bias(const struct ws_ngram_model *model, struct growing *it)
{
    it->context = it->state;
    it->point = ws_rng_uniform(&it->rng) * model->contexts[it->context].kept;
}

/* By which of them the model makes text. */
enum choice { BY_LIKELIHOOD, BY_KNESER_NEY, BY_BIAS };

static enum choice choice_of(const struct ws_ngram_model *model)
{
    if (model->sampling == WS_NGRAM_KNESER_NEY)
        return BY_KNESER_NEY;
    return model->biased ? BY_BIAS : BY_LIKELIHOOD;
}

static inline void choose(const struct ws_ngram_model *model, enum choice how, struct growing *it)
{
    if (how == BY_KNESER_NEY)
        choose_by_kneser_ney(model, it);
    else if (how == BY_LIKELIHOOD)
        choose_by_likelihood(model, it);
    else
        choose_by_bias(model, it);
}

static inline void fetch_children(const struct ws_ngram_model *model, const struct growing *it)
{
    const struct ws_ngram_context *context = &model->contexts[it->context];
    if (context->children <= FEW)
        __builtin_prefetch(&model->outcomes[context->first]);
    else if (it->point < context->kept)
        __builtin_prefetch(&model->guide[context->first + part_of(context, it->point)]);
}

static inline uint32_t find_by_guide(const struct ws_ngram_model *model,
                                     const struct ws_ngram_context *context, double point)
{
    uint32_t last = context->first + context->children - 1;
    uint32_t child = model->guide[context->first + part_of(context, point)];
    while (child < last && model->outcomes[child + 1].below <= point)
        child++;
    return child;
}

/* Halving without a branch to mispredict. */
static inline uint32_t find_by_halves(const struct ws_ngram_model *model,
                                      const struct ws_ngram_context *context, double point)
{
    const struct ws_ngram_outcome *found = model->outcomes + context->first;
    for (uint32_t left = context->children; left > 1;) {
        uint32_t half = left / 2;
        found = found[half].below <= point ? found + half : found;
        left -= half;
    }
    return (uint32_t)(found - model->outcomes);
}

/* The last child that begins at the point or before it. The start token comes last and begins at
 * the end of what is kept, so it is never found. */
static inline uint32_t find_child(const struct ws_ngram_model *model,
                                  const struct ws_ngram_context *context, double point)
{
    return context->children > FEW ? find_by_guide(model, context, point)
                                   : find_by_halves(model, context, point);
}

/* The state after `token`, which was drawn as `child` (0 when it is in none) of `drawn`, a suffix
 * of `state`: it may also have been seen after a longer one. A context of the longest kind need not
 * be asked, for a k-gram of the highest order is no context and leads where its suffix leads. */
static uint32_t state_after(const struct ws_ngram_model *model, uint32_t state, uint32_t drawn,
                            uint32_t child, uint32_t token)
{
    const struct ws_ngram_trie *trie = &model->trie;
    if (state != drawn && state >= trie->level[trie->order - 1])
        state = trie->suffix[state];
    for (uint32_t context = state; context != drawn; context = trie->suffix[context]) {
        uint32_t longest = ws_ngram_child(trie, context, token);
        if (longest)
            return model->outcomes[longest].next;
    }
    return model->outcomes[child].next; /* that of node 0 is 0, the empty context */
}

static inline uint32_t take_token(const struct ws_ngram_model *model, struct growing *it)
{
    const struct ws_ngram_context *context = &model->contexts[it->context];
    uint32_t child, token;
    if (it->point < context->kept) {
        child = find_child(model, context, it->point);
        token = model->outcomes[child].token;
    } else {
        token = (uint32_t)ws_rng_below(&it->rng, model->trie.types);
        child = ws_ngram_child(&model->trie, 0, token);
    }
    it->state = it->context == it->state ? model->outcomes[child].next
                                         : state_after(model, it->state, it->context, child, token);
    __builtin_prefetch(&model->contexts[it->state]);
    return token;
}

static void sample_blocks(const struct ws_ngram_model *model, struct ws_rng_key key, uint64_t first,
                          unsigned blocks, uint32_t *out)
{
    struct growing growing[SIDE_BY_SIDE];
    const enum choice how = choice_of(model);
    for (unsigned b = 0; b < blocks; b++) {
        ws_rng_init(&growing[b].rng, key, first + b);
        growing[b].state = model->start;
    }
    for (uint64_t i = 0; i < model->block; i++) {
        for (unsigned b = 0; b < blocks; b++) {
            choose(model, how, &growing[b]);
            fetch_children(model, &growing[b]);
        }
        for (unsigned b = 0; b < blocks; b++)
            out[b * model->block + i] = take_token(model, &growing[b]);
    }
}

static enum ws_status sample_one(const struct ws_ngram_model *model, uint64_t count,
                                 struct ws_rng_key key, struct ws_arena *arena,
                                 const struct ws_payload **out, struct ws_error *err)
{
    uint64_t tokens;
    if (__builtin_mul_overflow(count, model->block, &tokens))
        return ws_fail_memory(err, "an n-gram sample");
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, tokens);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, count);
    if (!payload || !ids || !ends)
        return ws_fail_memory(err, "an n-gram sample");
    for (uint64_t i = 0; i < count; i += SIDE_BY_SIDE) {
        unsigned blocks = count - i < SIDE_BY_SIDE ? (unsigned)(count - i) : SIDE_BY_SIDE;
        sample_blocks(model, key, i, blocks, ids + i * model->block);
    }
    for (uint64_t i = 0; i < count; i++)
        ends[i] = (i + 1) * model->block;
    payload->kind = WS_DATA_TOKENS;
    payload->count = count;
    payload->types = model->trie.types;
    payload->tokens.ids = ids;
    payload->tokens.ends = ends;
    *out = payload;
    return WS_OK;
}

enum ws_status ws_ngram_sample(size_t chains, const struct ws_model *const models[],
                               const uint64_t counts[], const struct ws_rng_key keys[],
                               const struct ws_job *job, struct ws_arena *arena,
                               const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    for (size_t c = 0; c < chains; c++)
        WS_TRY(sample_one((const struct ws_ngram_model *)models[c], counts[c], keys[c], arena,
                          &out[c], err));
    return WS_OK;
}

/* Editing -------------------------------------------------------------------------------------- */

/* P(token | state) by the law that makes text; moves on to the state after the token. */
static double probability_of(const struct ws_ngram_model *model, uint32_t *state, uint32_t token)
{
    const uint32_t before = *state;
    double smoothed = ws_ngram_score(model, state, token);
    if (model->sampling == WS_NGRAM_KNESER_NEY)
        return smoothed;
    uint32_t child = ws_ngram_child(&model->trie, before, token);
    return child ? (double)model->trie.count[child] / model->contexts[before].total : 0;
}

/* The tokens of one text into `out`; how many were drawn. All are given what was there before, so
 * that an edit does not change what follows. */
static uint64_t edit_text(const struct ws_ngram_model *model, const uint32_t *text, size_t size,
                          double likely, struct growing *it, uint32_t *out)
{
    uint32_t state = model->start;
    uint64_t changed = 0;
    for (size_t i = 0; i < size; i++) {
        it->state = state;
        out[i] = text[i];
        if (probability_of(model, &state, text[i]) < likely)
            continue;
        choose(model, choice_of(model), it);
        out[i] = take_token(model, it);
        changed++;
    }
    return changed;
}

enum ws_status ws_ngram_edit(const struct ws_model *base, const struct ws_dataset *data,
                             double likely, struct ws_rng_key key, uint64_t first,
                             struct ws_arena *arena, const struct ws_payload **out,
                             uint64_t *changed, struct ws_error *err)
{
    const struct ws_ngram_model *model = (const struct ws_ngram_model *)base;
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, ws_dataset_lengths(data).total);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, data->count);
    if (!payload || !ids || !ends)
        return ws_fail_memory(err, "edited texts");
    uint64_t end = 0, item = 0;
    *changed = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++, item++) {
            size_t size;
            const uint32_t *text =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            struct growing it;
            ws_rng_init(&it.rng, key, first + item);
            *changed += edit_text(model, text, size, likely, &it, ids + end);
            ends[item] = end += size;
        }
    }
    payload->kind = WS_DATA_TOKENS;
    payload->count = data->count;
    payload->types = data->types;
    payload->tokens.ids = ids;
    payload->tokens.ends = ends;
    *out = payload;
    return WS_OK;
}
