/*
 * The n-gram family: its settings, its samplers, and what it tells about itself.
 *
 * Item i of a sample has its own sequence, ws_rng_init(&rng, key, i).
 */
#include <math.h>
#include <string.h>

#include "models/ngram_model.h"

/* For plans, by token, measured on trigrams of 250,000 to 2,500,000 words: one core of an x86-64
 * server of 2021. Lower orders cost less. */
static const double FIT_SECONDS = 1.2e-7;
static const double SAMPLE_SECONDS[] = {[WS_NGRAM_MLE] = 4e-8, [WS_NGRAM_KNESER_NEY] = 1.2e-7};
static const double MODEL_BYTES = 40;

enum { SIDE_BY_SIDE = 8 };

static const struct ws_option options[] = {
    {"order", WS_OPTION_WHOLE, offsetof(struct ws_ngram_settings, order), 1, WS_NGRAM_ORDER_LIMIT,
     "3", NULL, 0, "tokens in an n-gram: the one that is predicted and its context"},
    {"sampling", WS_OPTION_CHOICE, offsetof(struct ws_ngram_settings, sampling), 0, 0, "mle",
     "mle|kneser-ney", 0, "the law that makes text; scores are always Kneser-Ney's"},
};

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)item_size;
    (void)settings;
    if (example->kind != WS_DATA_TOKENS)
        return ws_fail(err, WS_INVALID, "family 'ngram' needs token sequences, the data are %s",
                       ws_data_kind_name(example->kind));
    if (example->types < 1 || example->types > 1U << 31)
        return ws_fail(err, WS_INVALID, "family 'ngram' needs 1 to 2^31 types, the data have %u",
                       example->types);
    if (items < 1)
        return ws_fail(err, WS_INVALID, "family 'ngram' needs at least one item to train on");
    return WS_OK;
}

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

enum ws_status ws_ngram_complete(struct ws_ngram_model *model, struct ws_arena *scratch,
                                 struct ws_arena *arena, struct ws_error *err)
{
    uint32_t nodes = ws_ngram_nodes(&model->trie);
    uint32_t *next = WS_ARENA_NEW(arena, uint32_t, nodes);
    uint32_t *before = WS_ARENA_NEW(arena, uint32_t, (size_t)nodes + 1);
    if (!next || !before)
        return ws_fail_memory(err, "an n-gram model");
    const uint32_t *adjusted;
    WS_TRY(ws_ngram_kneser_ney(model, scratch, arena, &adjusted, err));
    link_states(model, next);
    const uint32_t *weight = model->sampling == WS_NGRAM_KNESER_NEY ? adjusted : model->trie.count;
    before[0] = 0;
    for (uint32_t node = 0; node < nodes; node++)
        before[node + 1] = before[node] + (node ? weight[node] : 0);
    model->next = next;
    model->before = before;
    model->start = next[ws_ngram_block_starts(&model->trie, 1)];
    return WS_OK;
}

static enum ws_status fit_one(const struct ws_ngram_settings *settings,
                              const struct ws_dataset *data, struct ws_arena *scratch,
                              struct ws_arena *arena, const struct ws_model **out,
                              struct ws_error *err)
{
    WS_TRY(check(settings, data, data->count, 0, err));
    struct ws_ngram_model *model = WS_ARENA_ZNEW(arena, struct ws_ngram_model, 1);
    if (!model)
        return ws_fail_memory(err, "an n-gram model");
    model->base = (struct ws_model){&ws_family_ngram, settings, data->count};
    model->sampling = settings->sampling;
    model->block = ws_dataset_lengths(data).longest;
    WS_TRY(ws_ngram_count(data, (uint32_t)settings->order, scratch, arena, &model->trie, err));
    WS_TRY(ws_ngram_complete(model, scratch, arena, err));
    *out = &model->base;
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    (void)init; /* counting has no starting point */
    (void)job;
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = WS_OK;
    for (size_t c = 0; c < chains && status == WS_OK; c++) {
        status = fit_one(settings, data[c], &scratch, arena, &models[c], err);
        ws_arena_reset(&scratch);
    }
    ws_arena_release(&scratch);
    return status;
}

/* A child of `context`, with probability proportional to its weight: the last one that has at most
 * `target` before it. The start token has weight 0 and comes last, so it is never found. */
static inline uint32_t draw_child(const struct ws_ngram_model *model, uint32_t context,
                                  struct ws_rng *rng)
{
    uint32_t first = model->trie.first_child[context];
    uint32_t end = model->trie.first_child[context + 1];
    const uint32_t *found = model->before + first;
    uint32_t total = model->before[end] - *found;
    uint32_t target = *found + (uint32_t)ws_rng_below(rng, total);
    for (uint32_t left = end - first; left > 1;) { /* halving without a branch to mispredict */
        uint32_t half = left / 2;
        found = found[half] <= target ? found + half : found;
        left -= half;
    }
    return (uint32_t)(found - model->before);
}

static inline uint32_t draw_likelihood(const struct ws_ngram_model *model, uint32_t *state,
                                       struct ws_rng *rng)
{
    uint32_t child = draw_child(model, *state, rng);
    *state = model->next[child];
    return model->trie.token[child];
}

/* With probability (a - D) / a, where a is the child's count and D its discount. */
static inline bool is_accepted(const struct ws_ngram_model *model, uint32_t child,
                               struct ws_rng *rng)
{
    uint32_t count = model->before[child + 1] - model->before[child];
    uint32_t k = 1;
    while (child >= model->trie.level[k + 1])
        k++;
    return ws_rng_uniform(rng) * count >= model->discount[k][count < 3 ? count : 3];
}

/* The state after `token`, which was drawn as `child` (0 when it is in none) of `drawn`, a suffix
 * of `state`: it may also have been seen after a longer one. */
static uint32_t state_after(const struct ws_ngram_model *model, uint32_t state, uint32_t drawn,
                            uint32_t child, uint32_t token)
{
    for (uint32_t context = state; context != drawn; context = model->trie.suffix[context]) {
        uint32_t longest = ws_ngram_child(&model->trie, context, token);
        if (longest)
            return model->next[longest];
    }
    return model->next[child]; /* next[0] is 0, the empty context */
}

/*
 * One token by Kneser-Ney, without a table of probabilities. Draw a child w of the context in
 * proportion to its count a(cw) and accept it with probability (a(cw) - D) / a(cw): it is drawn and
 * accepted with probability (a(cw) - D) / a(c.), the first term of P(w | c). All refusals together
 * have probability sum D / a(c.) = backoff(c), the weight of the second term, which is a draw by
 * the same rule in the next shorter context; below the empty one it is uniform over all types.
 */
static uint32_t draw_kneser_ney(const struct ws_ngram_model *model, uint32_t *state,
                                struct ws_rng *rng)
{
    const struct ws_ngram_trie *trie = &model->trie;
    for (uint32_t context = *state;; context = trie->suffix[context]) {
        uint32_t child = draw_child(model, context, rng);
        bool accepted = is_accepted(model, child, rng);
        if (!accepted && context > 0)
            continue;
        uint32_t token = accepted ? trie->token[child] : (uint32_t)ws_rng_below(rng, trie->types);
        if (!accepted)
            child = ws_ngram_child(trie, 0, token);
        *state = state_after(model, *state, context, child, token);
        return token;
    }
}

/* Blocks are independent, so several grow side by side: while one waits for memory, the others do
 * not (50 -> 24 ns a token on trigrams of 250,000 words, eight instead of one). */
static void sample_blocks(const struct ws_ngram_model *model, struct ws_rng_key key, uint64_t first,
                          unsigned blocks, uint32_t *out)
{
    struct ws_rng rng[SIDE_BY_SIDE];
    uint32_t state[SIDE_BY_SIDE];
    bool smoothed = model->sampling == WS_NGRAM_KNESER_NEY;
    for (unsigned b = 0; b < blocks; b++) {
        ws_rng_init(&rng[b], key, first + b);
        state[b] = model->start;
    }
    for (uint64_t i = 0; i < model->block; i++)
        for (unsigned b = 0; b < blocks; b++)
            out[b * model->block + i] = smoothed ? draw_kneser_ney(model, &state[b], &rng[b])
                                                 : draw_likelihood(model, &state[b], &rng[b]);
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

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
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

/* A sequence that is being scored. */
struct scored {
    const uint32_t *item;
    size_t size;
    uint32_t state;
    double product; /* of the probabilities since the last logarithm was taken */
    double sum;
};

/* What scoring a token after `state` will look at first, if that has few continuations. */
static inline void fetch_children(const struct ws_ngram_model *model, uint32_t state)
{
    uint32_t first = model->trie.first_child[state];
    __builtin_prefetch(&model->trie.token[first]);
    __builtin_prefetch(&model->probability[first]);
    __builtin_prefetch(&model->next[first]);
}

static inline void score_token(const struct ws_ngram_model *model, struct scored *it,
                               uint32_t token)
{
    static const double SMALL = 1e-200;
    it->product *= ws_ngram_score(model, &it->state, token);
    __builtin_prefetch(&model->trie.first_child[it->state]);
    if (it->product < SMALL) {
        it->sum += log(it->product);
        it->product = 1;
    }
}

/* Side by side, as they are sampled: 115 -> 45 ns a token of held-out words, 48 -> 20 of a model's
 * own. Few logarithms are taken: no probability is below 1e-100, so no product vanishes. */
static struct ws_item_score *score_items(const struct ws_ngram_model *model, struct scored *items,
                                         unsigned count, struct ws_item_score *out)
{
    size_t longest = 0;
    for (unsigned i = 0; i < count; i++)
        longest = items[i].size > longest ? items[i].size : longest;
    for (size_t t = 0; t < longest; t++) {
        for (unsigned i = 0; i < count; i++)
            fetch_children(model, items[i].state);
        for (unsigned i = 0; i < count; i++)
            if (t < items[i].size)
                score_token(model, &items[i], items[i].item[t]);
    }
    for (unsigned i = 0; i < count; i++)
        *out++ = (struct ws_item_score){items[i].sum + log(items[i].product), NAN, items[i].size};
    return out;
}

static enum ws_status score(const struct ws_model *base, const struct ws_dataset *data,
                            const struct ws_job *job, struct ws_arena *scratch,
                            struct ws_item_score out[], struct ws_error *err)
{
    (void)job;
    (void)scratch;
    const struct ws_ngram_model *model = (const struct ws_ngram_model *)base;
    if (data->kind != WS_DATA_TOKENS || data->types != model->trie.types)
        return ws_fail(err, WS_INVALID,
                       "the model scores token sequences of %u types, the data are %s of %u",
                       model->trie.types, ws_data_kind_name(data->kind), data->types);
    struct scored items[SIDE_BY_SIDE];
    unsigned waiting = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            struct scored *it = &items[waiting++];
            *it = (struct scored){.state = model->start, .product = 1};
            it->item = ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &it->size);
            if (waiting == SIDE_BY_SIDE) {
                out = score_items(model, items, waiting, out);
                waiting = 0;
            }
        }
    }
    (void)score_items(model, items, waiting, out);
    return WS_OK;
}

/* 61334 as "61,334". */
static void put_grouped(struct ws_buffer *out, uint32_t value)
{
    if (value >= 1000) {
        put_grouped(out, value / 1000);
        ws_buffer_format(out, ",%03u", value % 1000);
    } else {
        ws_buffer_format(out, "%u", value);
    }
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_ngram_model *model = (const struct ws_ngram_model *)base;
    ws_buffer_format(out, "%u-gram, ", model->trie.order);
    put_grouped(out, model->states);
    ws_buffer_text(out, " contexts, ");
    put_grouped(out, model->trie.level[2] - model->trie.level[1] - 1);
    ws_buffer_text(out, " types");
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)example;
    (void)items;
    const struct ws_ngram_settings *ngram = settings;
    *out = (struct ws_family_cost){
        .fit_seconds = FIT_SECONDS * item_size,
        .sample_seconds = SAMPLE_SECONDS[ngram->sampling] * item_size,
        .measure_seconds = FIT_SECONDS * item_size,
        .item_bytes = MODEL_BYTES * item_size,
    };
}

const struct ws_family_ops ws_family_ngram = {
    .name = "ngram",
    .summary = "n-gram language model over words or bytes",
    .options = {"family ngram", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_ngram_settings),
    .accepts = 1U << WS_DATA_TOKENS,
    .batch = 1,
    .keeps_first = true,
    .check = check,
    .fit = fit,
    .sample = sample,
    .score = score,
    .save = ws_ngram_save,
    .load = ws_ngram_load,
    .describe = describe,
    .cost = cost,
};
