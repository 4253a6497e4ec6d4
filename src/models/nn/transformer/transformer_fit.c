/*
 * Fitting and scoring in the laboratory: a trainer with its drafts, and losses item by item.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/transformer_family.h"

enum { CURVE_POINTS = 50 };

/* Where a fit starts ----------------------------------------------------------------------------
 */

/* The base model without the tokens that the data do not have. */
static void copy_base(const struct ws_transformer *base, const struct ws_layout *layout,
                      float *parameters)
{
    for (enum ws_tensor_kind kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
        uint32_t layers = ws_tensor_in_layer(kind) ? layout->layers : 1;
        for (uint32_t l = 0; l < layers; l++) {
            struct ws_tensor to = ws_layout_at(layout, kind, l);
            struct ws_tensor from = ws_layout_at(&base->layout, kind, l);
            memcpy(parameters + to.offset, base->parameters + from.offset,
                   to.rows * to.columns * sizeof *parameters);
        }
    }
}

static enum ws_status begin_from_base(const struct ws_transformer_settings *settings,
                                      const struct ws_layout *layout, float *parameters,
                                      const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_transformer base;
    ws_arena_init(&arena, allocator);
    enum ws_status status = ws_hf_open(settings->base, &arena, &base, err);
    if (status == WS_OK)
        copy_base(&base, layout, parameters);
    ws_arena_release(&arena);
    return status;
}

/* Description, layout and first parameters of `out`, the latter in `scratch`. */
static enum ws_status begin(const struct ws_transformer_settings *settings, uint32_t types,
                            struct ws_rng_key key, struct ws_arena *scratch,
                            struct ws_transformer *out, struct ws_error *err)
{
    WS_TRY(ws_transformer_describe(settings, types, scratch->allocator, &out->description, err));
    ws_layout_of(&out->description, &out->layout);
    float *parameters = WS_ARENA_ZNEW(scratch, float, out->layout.size);
    if (!parameters)
        return ws_fail_memory(err, "a transformer's parameters");
    if (settings->base && settings->base[0] != '\0')
        WS_TRY(begin_from_base(settings, &out->layout, parameters, scratch->allocator, err));
    else
        ws_transformer_init(&out->description, &out->layout, key, parameters);
    out->parameters = parameters;
    return WS_OK;
}

enum ws_status ws_transformer_of_base(const struct ws_transformer_settings *settings,
                                      uint32_t types, uint64_t block, struct ws_arena *arena,
                                      const struct ws_model **out, struct ws_error *err)
{
    struct ws_transformer_model *model = WS_ARENA_ZNEW(arena, struct ws_transformer_model, 1);
    const struct ws_rng_key unused = {{0, 0}, 0};
    if (!model)
        return ws_fail_memory(err, "a transformer");
    model->base = (struct ws_model){&ws_family_transformer, settings, 0};
    model->block = block;
    WS_TRY(begin(settings, types, unused, arena, &model->transformer, err));
    *out = &model->base;
    return WS_OK;
}

/* Order and dropout may not use the numbers that the parameters were made of. */
static struct ws_rng_key training_key(struct ws_rng_key init)
{
    const uint32_t counter[4] = {0x64726f70, 0x6f726472, 0, 0};
    uint32_t out[4];
    ws_philox(counter, init.word, out);
    return (struct ws_rng_key){{out[0], out[1]}, init.generation};
}

static enum ws_status examples_of(const struct ws_dataset *data, uint32_t start,
                                  struct ws_arena *arena, struct ws_examples *out,
                                  struct ws_error *err)
{
    struct ws_blocks blocks;
    WS_TRY(ws_transformer_blocks(data, arena, &blocks, err));
    return ws_examples_of(&blocks, start, arena, out, err);
}

/* Training --------------------------------------------------------------------------------------
 */

/* A draft of another training, or of another version, is none. */
static enum ws_status take_up(struct ws_trainer *trainer, const struct ws_draft *draft,
                              struct ws_error *err)
{
    struct ws_reader in;
    if (!draft || draft->stored.size == 0)
        return WS_OK;
    ws_reader_init(&in, draft->stored);
    enum ws_status status = ws_trainer_read(trainer, &in, err);
    return status == WS_NO_MEMORY ? status : WS_OK;
}

static enum ws_status store(struct ws_trainer *trainer, const struct ws_draft *draft,
                            const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, allocator, SIZE_MAX);
    ws_trainer_write(trainer, &bytes);
    enum ws_status status = ws_buffer_check(&bytes, "a draft", err);
    if (status == WS_OK)
        status = draft->store(draft->user, ws_buffer_bytes(&bytes), err);
    ws_buffer_release(&bytes);
    return status;
}

static enum ws_status train(struct ws_trainer *trainer, const struct ws_draft *draft,
                            const struct ws_team *team, const struct ws_allocator *allocator,
                            struct ws_error *err)
{
    WS_TRY(take_up(trainer, draft, err));
    if (team)
        WS_TRY(ws_trainer_share(trainer, team, err));
    while (!ws_trainer_done(trainer)) {
        WS_TRY(ws_trainer_step(trainer, err));
        double done = (double)ws_trainer_step_count(trainer) / (double)ws_trainer_steps(trainer);
        if (draft && draft->due(draft->user, ws_trainer_done(trainer) ? 1 : done,
                                ws_trainer_state_size(trainer)))
            WS_TRY(store(trainer, draft, allocator, err));
    }
    return WS_OK;
}

/* The loss curve: training in at most CURVE_POINTS stretches of equally many steps, then every
 * validation. */
static enum ws_status keep_curve(const struct ws_trainer *trainer, uint64_t validated,
                                 struct ws_arena *arena, struct ws_transformer_model *model,
                                 struct ws_error *err)
{
    size_t steps, validations;
    const struct ws_train_point *training = ws_trainer_curve(trainer, &steps);
    const struct ws_train_point *validation = ws_trainer_validations(trainer, &validations);
    size_t stretches = steps < CURVE_POINTS ? steps : CURVE_POINTS;
    struct ws_loss_point *points =
        WS_ARENA_NEW(arena, struct ws_loss_point, stretches + validations);
    if (!points)
        return ws_fail_memory(err, "a loss curve");
    uint64_t tokens = steps > 0 ? ws_trainer_tokens(trainer) / steps : 0;
    for (size_t i = 0; i < stretches; i++) {
        size_t first = i * steps / stretches, end = (i + 1) * steps / stretches;
        double sum = 0;
        for (size_t s = first; s < end; s++)
            sum += training[s].loss;
        points[i] = (struct ws_loss_point){
            .step = end, .tokens = tokens * (end - first), .loss = sum / (double)(end - first)};
    }
    for (size_t i = 0; i < validations; i++)
        points[stretches + i] =
            (struct ws_loss_point){true, validation[i].step, validated, validation[i].loss};
    model->curve = points;
    model->curve_count = stretches + validations;
    return WS_OK;
}

/* What one fit works with. */
struct fit {
    const struct ws_transformer_settings *settings;
    const struct ws_dataset *data;
    const struct ws_dataset *validation; /* or NULL */
    const struct ws_draft *draft;        /* or NULL */
    const struct ws_team *team;          /* or NULL */
    struct ws_rng_key init;
    struct ws_device *device;
    struct ws_arena *scratch;
};

static enum ws_status keep_model(const struct fit *f, struct ws_trainer *trainer,
                                 const struct ws_transformer *first, struct ws_arena *arena,
                                 struct ws_transformer_model **out, struct ws_error *err)
{
    struct ws_transformer_model *model = WS_ARENA_ZNEW(arena, struct ws_transformer_model, 1);
    float *parameters = WS_ARENA_NEW(arena, float, first->layout.size);
    if (!model || !parameters)
        return ws_fail_memory(err, "a transformer");
    ws_trainer_parameters(trainer, parameters);
    WS_TRY(f->device->ops->check(f->device, err));
    model->base = (struct ws_model){&ws_family_transformer, f->settings, f->data->count};
    model->transformer = *first;
    model->transformer.description = *ws_trainer_description(trainer);
    model->transformer.parameters = parameters;
    model->block = ws_dataset_lengths(f->data).longest;
    *out = model;
    return WS_OK;
}

static enum ws_status fit_one(const struct fit *f, struct ws_arena *arena,
                              const struct ws_model **out, struct ws_error *err)
{
    struct ws_transformer first;
    struct ws_examples examples, validation = {.count = 0};
    struct ws_trainer *trainer;
    struct ws_transformer_model *model;
    WS_TRY(begin(f->settings, f->data->types, f->init, f->scratch, &first, err));
    uint32_t start = ws_transformer_start(f->settings, &first.description);
    WS_TRY(examples_of(f->data, start, f->scratch, &examples, err));
    if (f->validation && f->validation->count > 0)
        WS_TRY(examples_of(f->validation, start, f->scratch, &validation, err));
    WS_TRY(ws_trainer_open(&f->settings->training, f->device, &first.description, first.parameters,
                           &examples, &validation, training_key(f->init), f->scratch->allocator,
                           &trainer, err));
    enum ws_status status = train(trainer, f->draft, f->team, f->scratch->allocator, err);
    if (status == WS_OK)
        status = keep_model(f, trainer, &first, arena, &model, err);
    if (status == WS_OK)
        status = keep_curve(trainer, ws_examples_targets(&validation, NULL, validation.count),
                            arena, model, err);
    ws_trainer_close(trainer);
    if (status == WS_OK)
        *out = &model->base;
    return status;
}

enum ws_status ws_transformer_fit(const void *settings, size_t chains,
                                  const struct ws_dataset *const data[],
                                  const struct ws_rng_key init[], const struct ws_job *job,
                                  struct ws_arena *arena, const struct ws_model *models[],
                                  struct ws_error *err)
{
    struct ws_device *device;
    WS_TRY(ws_job_open_device(job, arena->allocator, &device, err));
    enum ws_status status = WS_OK;
    for (size_t c = 0; c < chains && status == WS_OK; c++) {
        struct ws_arena scratch;
        ws_arena_init(&scratch, arena->allocator);
        const struct fit fit = {
            .settings = settings,
            .data = data[c],
            .validation = job && job->validation ? job->validation[c] : NULL,
            .draft = job ? job->draft : NULL,
            .team = job ? job->team : NULL,
            .init = init[c],
            .device = device,
            .scratch = &scratch,
        };
        status = fit_one(&fit, arena, &models[c], err);
        ws_arena_release(&scratch);
    }
    device->ops->close(device);
    return status;
}

void ws_transformer_assist(const struct ws_job *job, const struct ws_allocator *allocator)
{
    while (ws_team_hear(job->team) == WS_TEAM_TRAIN)
        ws_trainer_assist(job->team, job->device, ws_job_threads(job), allocator);
}

/* Scoring ---------------------------------------------------------------------------------------
 */

struct scoring {
    struct ws_network *network;
    const struct ws_examples *examples;
    uint32_t *starts; /* of a batch */
    float *loss, *entropy;
    struct ws_item_score *out;
};

static enum ws_status score_batch(const struct scoring *s, uint64_t first, uint64_t count,
                                  struct ws_error *err)
{
    const struct ws_examples *examples = s->examples;
    uint64_t begin = ws_example_start(examples, first);
    for (uint64_t i = 0; i <= count; i++)
        s->starts[i] = (uint32_t)(ws_example_start(examples, first + i) - begin);
    const struct ws_batch batch = {count, s->starts, examples->tokens + begin,
                                   examples->targets + begin};
    WS_TRY(ws_network_score(s->network, &batch, s->loss, s->entropy, err));
    for (uint64_t i = 0; i < count; i++) {
        struct ws_item_score score = {0, 0, 0};
        for (uint32_t t = s->starts[i]; t < s->starts[i + 1]; t++) {
            if (batch.targets[t] == WS_NO_TARGET)
                continue;
            score.log_probability -= (double)s->loss[t];
            score.entropy += (double)s->entropy[t];
            score.tokens++;
        }
        if (isnan(score.log_probability))
            return ws_fail(err, WS_NUMERIC, "the model has no number for item %" PRIu64, first + i);
        s->out[first + i] = score;
    }
    return WS_OK;
}

static enum ws_status score_all(const struct ws_transformer *model, struct ws_device *device,
                                struct scoring *s, struct ws_arena *arena, struct ws_error *err)
{
    size_t longest = ws_examples_longest(s->examples);
    const size_t most = ws_batching_of(device)->scored_tokens;
    size_t tokens = longest > most ? longest : most;
    s->starts = WS_ARENA_NEW(arena, uint32_t, tokens + 1);
    s->loss = WS_ARENA_NEW(arena, float, tokens);
    s->entropy = WS_ARENA_NEW(arena, float, tokens);
    if (!s->starts || !s->loss || !s->entropy)
        return ws_fail_memory(err, "scores");
    WS_TRY(ws_network_open(device, &model->description, tokens, false, arena->allocator,
                           &s->network, err));
    ws_network_write(s->network, model->parameters);
    enum ws_status status = device->ops->check(device, err);
    for (uint64_t first = 0, count; first < s->examples->count && status == WS_OK; first += count) {
        count = ws_examples_that_fit(s->examples, first, tokens);
        status = score_batch(s, first, count, err);
    }
    ws_network_close(s->network);
    return status;
}

enum ws_status ws_transformer_score(const struct ws_model *base, const struct ws_dataset *data,
                                    const struct ws_job *job, struct ws_arena *scratch,
                                    struct ws_item_score out[], struct ws_error *err)
{
    const struct ws_transformer_model *model = (const struct ws_transformer_model *)base;
    const struct ws_transformer *transformer = &model->transformer;
    struct ws_examples examples;
    struct ws_device *device;
    WS_TRY(examples_of(data, ws_transformer_start(base->settings, &transformer->description),
                       scratch, &examples, err));
    WS_TRY(ws_job_open_device(job, scratch->allocator, &device, err));
    struct scoring scoring = {.examples = &examples, .out = out};
    enum ws_status status = score_all(transformer, device, &scoring, scratch, err);
    device->ops->close(device);
    return status;
}
