/* The n-gram family: its settings, how it scores, and what it tells about itself. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/ngram_model.h"
#include "models/teacher.h"

/* For plans, by token and order, measured on the six novels of the default corpus, 729,000 words:
 * one core of an x86-64 server of 2023. Bytes and letters cost less. */
static const struct {
    double fit_seconds;
    double sample_seconds[2]; /* by enum ws_ngram_sampling */
    double model_bytes;
} COSTS[WS_NGRAM_ORDER_LIMIT + 1] = {
    {0},
    {2.0e-8, {1.5e-8, 1.5e-8}, 1},
    {5.0e-8, {3.0e-8, 3.5e-8}, 15},
    {1.2e-7, {4.0e-8, 8.0e-8}, 55},
    {2.2e-7, {4.0e-8, 1.4e-7}, 125},
    {3.5e-7, {4.0e-8, 1.8e-7}, 205},
};

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

enum ws_status ws_ngram_complete(struct ws_ngram_model *model, struct ws_arena *scratch,
                                 struct ws_arena *arena, struct ws_error *err)
{
    const uint32_t *adjusted;
    WS_TRY(ws_ngram_kneser_ney(model, scratch, arena, &adjusted, err));
    return ws_ngram_lay_out(model, adjusted, scratch, arena, err);
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
    __builtin_prefetch(&model->outcomes[first]);
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
 * own. Few logarithms are taken: no probability is below 1e-100, so no product vanishes but that of
 * a text which a population never has. */
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

/* Its distribution is a mixture over contexts, which would have to be normalised anew for each. */
static const char *cannot_bias(const void *settings)
{
    const struct ws_ngram_settings *ngram = settings;
    return ngram->sampling == WS_NGRAM_KNESER_NEY ? "with sampling=kneser-ney" : NULL;
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
        .fit_seconds = COSTS[ngram->order].fit_seconds * item_size,
        .sample_seconds = COSTS[ngram->order].sample_seconds[ngram->sampling] * item_size,
        .measure_seconds = COSTS[ngram->order].fit_seconds * item_size,
        .item_bytes = COSTS[ngram->order].model_bytes * item_size,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    const struct ws_ngram_settings *ngram = settings;
    const struct ws_model *teacher = ws_teacher_of(truth);
    if (!teacher || teacher->ops != &ws_family_ngram) {
        *out = ws_switch_refuse("no n-gram holds a truth that is no n-gram");
        return WS_OK;
    }
    const uint64_t order = ((const struct ws_ngram_settings *)teacher->settings)->order;
    *out = ws_switch_none("an n-gram of the teacher's order holds it");
    if (ngram->order >= order)
        return WS_OK;
    const char *value = ws_arena_format(arena, "%" PRIu64, order);
    if (!value)
        return ws_fail_memory(err, "a switch");
    ws_switch_change(out, "order", value);
    return WS_OK;
}

/* What Kneser-Ney takes off is less the longer the text, and on a population nothing. */
static enum ws_status fit_exactly(const void *settings, const struct ws_deal *truth,
                                  struct ws_arena *arena, struct ws_switch *out,
                                  struct ws_error *err)
{
    const struct ws_ngram_settings *ngram = settings;
    if (ngram->sampling == WS_NGRAM_MLE)
        return ws_fit_is_closed_form(settings, truth, arena, out, err);
    *out = ws_switch_none("texts are drawn by maximum likelihood, which nothing smoothes");
    ws_switch_change(out, "sampling", "mle");
    return WS_OK;
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
    .sample = ws_ngram_sample,
    .score = score,
    .bias = ws_ngram_bias,
    .cannot_bias = cannot_bias,
    .edit = ws_ngram_edit,
    .save = ws_ngram_save,
    .load = ws_ngram_load,
    .describe = describe,
    .cost = cost,
    .fit_population = ws_ngram_fit_population,
    .enlarge = enlarge,
    .fit_exactly = fit_exactly,
};
