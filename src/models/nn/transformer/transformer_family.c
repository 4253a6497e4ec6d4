#include "models/nn/transformer/transformer_family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"

/* Options -------------------------------------------------------------------------------------- */

#define FIELD(name)    offsetof(struct ws_transformer_settings, name)
#define FORM(name)     offsetof(struct ws_transformer_settings, form.name)
#define TRAINING(name) offsetof(struct ws_transformer_settings, training.name)
#define DECODING(name) offsetof(struct ws_transformer_settings, decoding.name)

static const struct ws_option options[] = {
    {"base", WS_OPTION_TEXT, FIELD(base), 0, 0, "", NULL, WS_OPTION_INPUT,
     "directory of the Hugging Face model that every fit starts from, with its own start token and "
     "shape; empty: fresh models"},
    {"start", WS_OPTION_FLAG, FIELD(start), 0, 0, "true", NULL, 0,
     "predict blocks from a start token on; false: from their own first token on"},
    {"start_token", WS_OPTION_WHOLE, FIELD(start_token), 0, 4294967294.0, "0", NULL, 0,
     "the start token of fresh models; a base model has its own"},
    {"continue", WS_OPTION_FLAG, FIELD(continues), 0, 0, "false", NULL, 0,
     "make items by continuing the original ones by a block; false: from the start token"},
    WS_FORM_OPTIONS(FORM),
    WS_TRAIN_OPTIONS(TRAINING),
    WS_DECODING_OPTIONS(DECODING),
};

/* Descriptions --------------------------------------------------------------------------------- */

static bool has_base(const struct ws_transformer_settings *settings)
{
    return settings->base && settings->base[0] != '\0';
}

/* Whatever a base model has of its own. */
static bool is_for_fresh(const char *name)
{
    return strcmp(name, "start_token") == 0 || ws_option_find(&ws_form_options, name);
}

/* Whether it asks for validations. */
static bool wants_validation(const struct ws_train_settings *training, const char *name)
{
    return (strcmp(name, "validate_every") == 0 && training->validate_every > 0) ||
           (strcmp(name, "patience") == 0 && training->patience > 0) ||
           (strcmp(name, "keep_best") == 0 && training->keep_best);
}

static const char *ignores(const void *untyped, bool validated, const char *name)
{
    const struct ws_transformer_settings *settings = untyped;
    if (has_base(settings) && is_for_fresh(name))
        return "beside 'base', whose model has its own";
    if (!validated && wants_validation(&settings->training, name))
        return "without validation data: set 'validation_items' or 'validation_corpus'";
    return NULL;
}

/* A base's tokens from `types` on are cut off: data of its tokenizer have none of them. */
static void cut_vocabulary(struct ws_description *d, uint32_t types)
{
    uint32_t *const special[] = {&d->bos, &d->eos, &d->pad};
    d->vocabulary = types;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (*special[i] >= types)
            *special[i] = WS_NO_TOKEN;
}

static enum ws_status describe_base(const struct ws_transformer_settings *settings, uint32_t types,
                                    struct ws_arena *arena, struct ws_description *out,
                                    struct ws_error *err)
{
    WS_TRY(ws_hf_describe(settings->base, arena, out, err));
    if (out->vocabulary < types)
        return ws_fail(err, WS_INVALID,
                       "'%s' has %" PRIu32 " tokens, the data have %" PRIu32
                       ": wanted the tokenizer of the base model, tokenizer=base",
                       settings->base, out->vocabulary, types);
    cut_vocabulary(out, types);
    return WS_OK;
}

enum ws_status ws_transformer_describe(const struct ws_transformer_settings *settings,
                                       uint32_t types, const struct ws_allocator *allocator,
                                       struct ws_description *out, struct ws_error *err)
{
    struct ws_arena arena;
    if (!has_base(settings)) {
        if (settings->start_token >= types)
            return ws_fail(err, WS_INVALID,
                           "'start_token' is %" PRIu64 ", the data have %" PRIu32 " tokens",
                           settings->start_token, types);
        return ws_form_describe(&settings->form, types, (uint32_t)settings->start_token, out, err);
    }
    ws_arena_init(&arena, allocator);
    enum ws_status status = describe_base(settings, types, &arena, out, err);
    ws_arena_release(&arena);
    return status;
}

uint32_t ws_transformer_prompt(const struct ws_transformer_settings *settings,
                               const struct ws_description *d)
{
    return has_base(settings) ? d->bos : (uint32_t)settings->start_token;
}

uint32_t ws_transformer_start(const struct ws_transformer_settings *settings,
                              const struct ws_description *d)
{
    return settings->start ? ws_transformer_prompt(settings, d) : WS_NO_TOKEN;
}

uint64_t ws_transformer_longest_prompt(const struct ws_transformer_settings *settings,
                                       uint64_t block)
{
    return settings->continues ? block : 1;
}

struct ws_decoding ws_transformer_decoding(const struct ws_transformer_settings *settings,
                                           uint64_t block)
{
    struct ws_decoding decoding = settings->decoding;
    decoding.new_tokens = block;
    /* A continuation has no end inside it; a fresh block is drawn as it comes. */
    decoding.min_new_tokens = settings->continues ? block : 0;
    decoding.stop_at_end = false;
    return decoding;
}

/* Data ----------------------------------------------------------------------------------------- */

enum ws_status ws_transformer_blocks(const struct ws_dataset *data, struct ws_arena *arena,
                                     struct ws_blocks *out, struct ws_error *err)
{
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, data->count);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, ws_dataset_lengths(data).total);
    if (!ends || !tokens)
        return ws_fail_memory(err, "blocks of tokens");
    uint64_t total = 0, item = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            size_t size;
            const uint32_t *from =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            memcpy(tokens + total, from, size * sizeof *tokens);
            total += size;
            ends[item++] = total;
        }
    }
    *out = (struct ws_blocks){data->count, ends, tokens};
    return WS_OK;
}

/* Checks --------------------------------------------------------------------------------------- */

static enum ws_status check_lengths(const struct ws_transformer_settings *settings,
                                    const struct ws_description *d, uint64_t block,
                                    struct ws_error *err)
{
    uint64_t positions = settings->continues ? 2 * block - 1 : block;
    if (positions > d->context)
        return ws_fail(err, WS_INVALID,
                       "blocks of %" PRIu64 " tokens%s need %" PRIu64
                       " positions, the model's 'context' has %" PRIu32,
                       block, settings->continues ? " that are continued by as many" : "",
                       positions, d->context);
    bool needs_prompt = settings->start || !settings->continues;
    if (needs_prompt && ws_transformer_prompt(settings, d) == WS_NO_TOKEN)
        return ws_fail(err, WS_INVALID,
                       "'%s' has no token that begins a text: set 'start' to false and 'continue' "
                       "to true",
                       settings->base);
    if (!settings->start && block == 1)
        return ws_fail(err, WS_INVALID,
                       "blocks of 1 token have nothing to predict without 'start'");
    return WS_OK;
}

static enum ws_status check(const void *untyped, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    const struct ws_transformer_settings *settings = untyped;
    (void)items;
    struct ws_description d;
    if (example->kind != WS_DATA_TOKENS)
        return ws_fail(err, WS_INVALID, "family 'transformer' takes token sequences, not %s",
                       ws_data_kind_name(example->kind));
    struct ws_decoding decoding = settings->decoding;
    decoding.new_tokens = 1; /* lengths follow from the blocks */
    decoding.min_new_tokens = 0;
    WS_TRY(ws_decoding_check(&decoding, err));
    WS_TRY(ws_transformer_describe(settings, example->types, NULL, &d, err));
    if (item_size == 0)
        return WS_OK;
    WS_TRY(check_lengths(settings, &d, item_size, err));
    decoding = ws_transformer_decoding(settings, item_size);
    return ws_decoding_fits(&decoding, &d, ws_transformer_longest_prompt(settings, item_size),
                            &ws_cpu_batching, err);
}

/* What a model is ------------------------------------------------------------------------------ */

static const struct ws_transformer_model *model_of(const struct ws_model *model)
{
    return (const struct ws_transformer_model *)model;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    static const char *const names[] = {"OPT", "GPT-2", "Llama", "GPT-NeoX"};
    const struct ws_transformer *t = &model_of(base)->transformer;
    const struct ws_description *d = &t->description;
    ws_buffer_format(out, "%s, %zu parameters, %" PRIu32 " layers x %" PRIu32 ", context %" PRIu32,
                     names[d->architecture], t->layout.parameters, d->layers, d->width, d->context);
}

static const struct ws_loss_point *curve(const struct ws_model *base, size_t *count)
{
    *count = model_of(base)->curve_count;
    return model_of(base)->curve;
}

static enum ws_status export(const struct ws_model *base, const char *directory,
                             struct ws_arena *scratch, struct ws_error *err) {
    return ws_hf_save(&model_of(base)->transformer, WS_DTYPE_F32, directory, scratch, err);
}

/* Costs ---------------------------------------------------------------------------------------- */

/* Floating-point operations a second of one core, training and drawing token by token; a step of
 * training does 6 a parameter and token, a forward pass 2. */
#define TRAINING_RATE 7e10
#define SAMPLING_RATE 3e10

/* Bytes a device keeps for itself: of a piece of the logits and of a transposed weight. */
#define DEVICE_BYTES 48e6

/* What a cost follows from. */
struct work {
    const struct ws_transformer_settings *settings;
    struct ws_description description;
    uint64_t items, block;
    double model; /* bytes of the parameters */
};

/* Beside the trainer: parameters to begin from, blocks and the examples made of them, and what is
 * stored half-way: the trainer's state, and before it a checkpoint of two models. */
static double fit_bytes(const struct work *w)
{
    const struct ws_train_settings *training = &w->settings->training;
    double state = training->keep_best ? 4 : 3;
    double tokens = (double)w->items * (double)w->block;
    return (double)ws_trainer_memory(training, NULL, &w->description, w->items, w->block,
                                     w->block) +
           (1 + state + 2) * w->model + 3 * sizeof(uint32_t) * tokens;
}

/* Half-way a checkpoint is stored here too. */
static double sample_bytes(const struct work *w)
{
    const struct ws_decoding decoding = ws_transformer_decoding(w->settings, w->block);
    uint64_t longest = ws_transformer_longest_prompt(w->settings, w->block);
    return (double)ws_generator_memory(&w->description, &decoding, longest, &ws_cpu_batching) +
           2 * w->model;
}

static double score_bytes(const struct work *w)
{
    const size_t most = ws_cpu_batching.scored_tokens;
    size_t tokens = w->block > most ? w->block : most;
    return (double)ws_network_memory(&w->description, tokens, false);
}

static double work_bytes(const struct work *w)
{
    return DEVICE_BYTES + fmax(fit_bytes(w), fmax(sample_bytes(w), score_bytes(w)));
}

static void cost(const void *untyped, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    struct work w = {.settings = untyped, .items = items, .block = (uint64_t)item_size};
    struct ws_layout layout;
    *out = (struct ws_family_cost){.uses_threads = true, .bytes_are_sure = true};
    if (ws_transformer_describe(w.settings, example->types, NULL, &w.description, NULL) != WS_OK)
        return; /* `check` has said why */
    ws_layout_of(&w.description, &layout);
    const struct ws_train_settings *training = &w.settings->training;
    double parameters = (double)layout.size;
    double trains = 6 * parameters * item_size / TRAINING_RATE; /* an item, once */
    double batch = fmin((double)training->batch, (double)items);
    double beams = (double)w.settings->decoding.beams;
    w.model = parameters * sizeof(float);
    out->fit_seconds = training->steps > 0 ? 0 : trains * (double)training->epochs;
    out->fit_whole = trains * batch * (double)training->steps;
    out->sample_seconds = 2 * parameters * item_size * beams / SAMPLING_RATE;
    out->fit_batch = batch;
    const struct ws_decoding decoding = ws_transformer_decoding(w.settings, w.block);
    out->sample_batch = (double)ws_generator_batch_of(
        &w.description, &decoding, ws_transformer_longest_prompt(w.settings, w.block),
        &ws_cpu_batching);
    double epoch = fmax(1, floor((double)items / fmax(1, batch)));
    double steps = training->steps > 0 ? (double)training->steps : epoch * (double)training->epochs;
    double every = training->validate_every > 0 ? (double)training->validate_every : epoch;
    out->validations = ceil(steps / every);
    out->measure_seconds = 2 * parameters * item_size / TRAINING_RATE;
    out->model_bytes = w.model;
    out->work_bytes = work_bytes(&w);
}

/* What the base model is, however its files say it: its config and its numbers. */
static enum ws_status hash_base(const struct ws_transformer *base, struct ws_buffer *config,
                                struct ws_hash *out, struct ws_error *err)
{
    struct ws_hasher hasher;
    WS_TRY(ws_hf_config_write(&base->description, WS_DTYPE_F32, config, err));
    WS_TRY(ws_buffer_check(config, "the base model's config", err));
    WS_TRY(ws_hasher_init(&hasher, err));
    ws_hasher_update(&hasher, ws_buffer_bytes(config));
    ws_hasher_update(&hasher, ws_bytes_of(base->parameters, base->layout.size * sizeof(float)));
    enum ws_status status = ws_hasher_finish(&hasher, out, err);
    ws_hasher_release(&hasher);
    return status;
}

static enum ws_status identify(const void *untyped, struct ws_arena *scratch, const char **name,
                               struct ws_hash *out, struct ws_error *err)
{
    const struct ws_transformer_settings *settings = untyped;
    struct ws_transformer base;
    *name = has_base(settings) ? "base" : NULL;
    if (!*name)
        return WS_OK;
    WS_TRY(ws_hf_open(settings->base, scratch, &base, err));
    struct ws_buffer config;
    ws_buffer_init(&config, scratch->allocator, 1 << 20);
    enum ws_status status = hash_base(&base, &config, out, err);
    ws_buffer_release(&config);
    return status;
}

const struct ws_family_ops ws_family_transformer = {
    .name = "transformer",
    .summary = "decoder-only transformer language model, fresh or fine-tuned",
    .options = {"family transformer", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_transformer_settings),
    .accepts = 1U << WS_DATA_TOKENS,
    .batch = 1,
    .prompted = true,
    .validates = true,
    .computes = true,
    .keeps_first = true,
    .ignores = ignores,
    .check = check,
    .fit = ws_transformer_fit,
    .sample = ws_transformer_sample,
    .score = ws_transformer_score,
    .save = ws_transformer_save,
    .load = ws_transformer_load,
    .describe = describe,
    .cost = cost,
    .curve = curve,
    .identify = identify,
    .export = export,
    .assist = ws_transformer_assist,
    .enlarge = ws_transformer_enlarge,
    .fit_exactly = ws_transformer_fit_exactly,
};
