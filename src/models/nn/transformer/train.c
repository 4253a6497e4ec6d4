/*
 * A step at a time: examples in the epoch's order, a gradient made of micro-batches, AdamW.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/nn/transformer/train_internal.h"

/* Steps that a training may have. */
static const uint64_t STEPS_MOST = UINT64_C(1) << 40;

/* Options -------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct ws_train_settings, name)

static const struct ws_option options[] = {WS_TRAIN_OPTIONS(FIELD)};

const struct ws_option_table ws_train_options = {"training", options,
                                                 sizeof options / sizeof *options};

/* The plan ------------------------------------------------------------------------------------- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* As many tokens as keep their activations below a size, within bounds. */
static uint64_t micro_tokens(const struct ws_description *d, const struct ws_batching *batching)
{
    const size_t least = batching->trained_tokens_least;
    uint64_t few = ws_network_memory(d, least, true);
    uint64_t more = ws_network_memory(d, 2 * least, true);
    uint64_t fit = batching->trained_bytes * least / (more - few);
    return smaller(fit > least ? fit : least, batching->trained_tokens_most);
}

/* Bytes with so many tokens at a time. */
static uint64_t memory_of(const struct ws_train_settings *settings, const struct ws_description *d,
                          size_t tokens)
{
    struct ws_layout layout;
    ws_layout_of(d, &layout);
    uint64_t blocks = 2U + settings->keep_best + (settings->parts > 1);
    return ws_network_memory(d, tokens, true) + blocks * layout.size * sizeof(float);
}

/* Halved until it fits, of a device's own memory, into the three quarters that its scratch and
 * copies leave. */
static uint64_t micro_batch_of(const struct ws_train_settings *settings,
                               const struct ws_device *device, const struct ws_description *d,
                               uint64_t examples, uint64_t longest)
{
    uint64_t batch = smaller(settings->batch, examples);
    uint64_t parts = smaller(settings->parts, batch);
    assert(parts > 0);
    uint64_t part = (batch + parts - 1) / parts;
    if (settings->micro_batch > 0)
        return smaller(settings->micro_batch, part);
    uint64_t tokens = micro_tokens(d, device ? ws_batching_of(device) : &ws_cpu_batching);
    uint64_t micro = longest < tokens ? smaller(tokens / longest, part) : 1;
    uint64_t room = device ? device->memory - device->memory / 4 : 0;
    while (room > 0 && micro > 1 && memory_of(settings, d, (size_t)(micro * longest)) > room)
        micro /= 2;
    return micro;
}

/* Tokens at a time: of a micro-batch, or the longest to validate on. */
static size_t tokens_at_a_time(const struct ws_train_settings *settings,
                               const struct ws_device *device, const struct ws_description *d,
                               uint64_t examples, size_t longest, size_t longest_validation)
{
    size_t most = (size_t)micro_batch_of(settings, device, d, examples, longest) * longest;
    return most > longest_validation ? most : longest_validation;
}

uint64_t ws_trainer_memory(const struct ws_train_settings *settings, const struct ws_device *device,
                           const struct ws_description *description, uint64_t examples,
                           size_t longest, size_t longest_validation)
{
    return memory_of(
        settings, description,
        tokens_at_a_time(settings, device, description, examples, longest, longest_validation));
}

static enum ws_status check_tokens(const struct ws_description *d, const uint32_t *tokens,
                                   size_t count, bool masks, const char *what, uint64_t example,
                                   struct ws_error *err)
{
    for (size_t t = 0; t < count; t++)
        if (tokens[t] >= d->vocabulary && !(masks && tokens[t] == WS_NO_TARGET))
            return ws_fail(err, WS_INVALID,
                           "%s %" PRIu64 " has token %" PRIu32
                           ", the model's vocabulary has %" PRIu32,
                           what, example, tokens[t], d->vocabulary);
    return WS_OK;
}

static enum ws_status check_examples(const struct ws_description *d,
                                     const struct ws_examples *examples, const char *what,
                                     struct ws_error *err)
{
    for (uint64_t i = 0; i < examples->count; i++) {
        uint64_t start = ws_example_start(examples, i);
        size_t size = ws_example_size(examples, i);
        if (size == 0)
            return ws_fail(err, WS_INVALID, "%s %" PRIu64 " has no tokens", what, i);
        if (size > d->context)
            return ws_fail(err, WS_INVALID,
                           "%s %" PRIu64 " has %zu tokens, the model's context is %" PRIu32, what,
                           i, size, d->context);
        WS_TRY(check_tokens(d, examples->tokens + start, size, false, what, i, err));
        WS_TRY(check_tokens(d, examples->targets + start, size, true, what, i, err));
    }
    if (ws_examples_targets(examples, NULL, examples->count) == 0)
        return ws_fail(err, WS_INVALID, "there is no %s with anything to predict", what);
    return WS_OK;
}

static enum ws_status check_training(const struct ws_train_settings *settings,
                                     const struct ws_device *device, const struct ws_description *d,
                                     const struct ws_examples *examples,
                                     const struct ws_examples *validation, struct ws_error *err)
{
    WS_TRY(check_examples(d, examples, "training example", err));
    bool validates = validation && validation->count > 0;
    if (validates)
        WS_TRY(check_examples(d, validation, "validation example", err));
    if (!validates && (settings->keep_best || settings->patience > 0))
        return ws_fail(err, WS_INVALID, "'%s' needs examples to validate on, and there are none",
                       settings->keep_best ? "keep_best" : "patience");
    uint64_t longest = ws_examples_longest(examples);
    double tokens =
        (double)micro_batch_of(settings, device, d, examples->count, longest) * (double)longest;
    if (tokens > WS_NETWORK_TOKENS)
        return ws_fail(err, WS_LIMIT,
                       "a micro-batch of %.0f tokens, the limit is %d: set 'micro_batch' lower",
                       tokens, WS_NETWORK_TOKENS);
    return WS_OK;
}

static enum ws_status plan_steps(struct ws_trainer *t, struct ws_error *err)
{
    t->batch = smaller(t->settings.batch, t->examples.count);
    t->micro_batch = micro_batch_of(&t->settings, t->device, &t->description, t->examples.count,
                                    ws_examples_longest(&t->examples));
    t->parts = smaller(t->settings.parts, t->batch);
    t->epoch_steps = t->examples.count / t->batch;
    t->steps = t->settings.steps;
    if (t->steps == 0 && t->settings.epochs <= STEPS_MOST / t->epoch_steps)
        t->steps = t->settings.epochs * t->epoch_steps;
    if (t->steps == 0 || t->steps > STEPS_MOST)
        return ws_fail(err, WS_LIMIT, "%" PRIu64 " epochs of %" PRIu64 " steps are over the limit",
                       t->settings.epochs, t->epoch_steps);
    return WS_OK;
}

/* Opening and closing -------------------------------------------------------------------------- */

/* Goes on to tensors first .. end - 1, which lie one after another. */
static void add_turns(struct ws_trainer *t, enum ws_tensor_kind first, enum ws_tensor_kind end,
                      uint32_t layer)
{
    for (enum ws_tensor_kind kind = first; kind < end; kind++) {
        struct ws_tensor tensor = ws_layout_at(ws_network_layout(t->network), kind, layer);
        bool decays = t->turn_count % 2 == 0;
        if (tensor.rows > 0 && ws_tensor_is_vector(kind) == decays)
            t->turns[t->turn_count++] = tensor.offset;
    }
}

/* Where tensors that decay and those that do not meet, in the order of the layout. */
static enum ws_status find_turns(struct ws_trainer *t, struct ws_error *err)
{
    const uint32_t layers = ws_network_layout(t->network)->layers;
    if (t->settings.decay_on == WS_DECAY_ALL)
        return WS_OK;
    t->turns = WS_ARENA_NEW(&t->arena, size_t, WS_TENSOR_KIND_COUNT * ((size_t)layers + 1));
    if (!t->turns)
        return ws_fail_memory(err, "a trainer");
    add_turns(t, WS_TENSOR_TOKENS, WS_TENSOR_NORM1, 0);
    for (uint32_t layer = 0; layer < layers; layer++)
        add_turns(t, WS_TENSOR_NORM1, WS_TENSOR_NORM, layer);
    add_turns(t, WS_TENSOR_NORM, WS_TENSOR_KIND_COUNT, 0);
    return WS_OK;
}

static enum ws_status take_memory(struct ws_trainer *t, struct ws_error *err)
{
    size_t tokens =
        tokens_at_a_time(&t->settings, t->device, &t->description, t->examples.count,
                         ws_examples_longest(&t->examples), ws_examples_longest(&t->validation));
    t->order = WS_ARENA_NEW(&t->arena, uint64_t, t->examples.count);
    t->piece = WS_ARENA_NEW(&t->arena, uint32_t, WS_STATE_PIECE);
    if (!t->order || !t->piece)
        return ws_fail_memory(err, "a trainer");
    WS_TRY(ws_batch_room_take(&t->room, tokens, &t->arena, err));
    WS_TRY(
        ws_network_open(t->device, &t->description, tokens, true, t->allocator, &t->network, err));
    WS_TRY(find_turns(t, err));
    t->size = ws_network_layout(t->network)->size;
    t->first = t->ops->alloc(t->device, t->size * sizeof(float));
    t->second = t->ops->alloc(t->device, t->size * sizeof(float));
    if (t->settings.parts > 1)
        t->sum = t->ops->alloc(t->device, t->size * sizeof(float));
    if (t->settings.keep_best)
        t->best = t->ops->alloc(t->device, t->size * sizeof(float));
    return t->ops->check(t->device, err);
}

static enum ws_status start(struct ws_trainer *t, const float *parameters, struct ws_error *err)
{
    WS_TRY(plan_steps(t, err));
    enum ws_status status = take_memory(t, err);
    if (status == WS_NO_MEMORY)
        return ws_fail(err, status, "no memory for this training, which takes %" PRIu64 " MiB",
                       (ws_trainer_memory(&t->settings, t->device, &t->description,
                                          t->examples.count, ws_examples_longest(&t->examples),
                                          ws_examples_longest(&t->validation)) >>
                        20) +
                           1);
    WS_TRY(status);
    ws_network_write(t->network, parameters);
    WS_TRY(t->ops->check(t->device, err));
    return ws_trainer_identify(t, parameters, err);
}

enum ws_status ws_trainer_open(const struct ws_train_settings *settings, struct ws_device *device,
                               const struct ws_description *description, const float *parameters,
                               const struct ws_examples *examples,
                               const struct ws_examples *validation, struct ws_rng_key key,
                               const struct ws_allocator *allocator, struct ws_trainer **out,
                               struct ws_error *err)
{
    WS_TRY(check_training(settings, device, description, examples, validation, err));
    struct ws_trainer *t = ws_realloc(allocator, NULL, 0, sizeof *t);
    if (!t)
        return ws_fail_memory(err, "a trainer");
    *t = (struct ws_trainer){
        .settings = *settings,
        .description = *description,
        .examples = *examples,
        .validation = validation ? *validation : (struct ws_examples){.count = 0},
        .key = key,
        .best_loss = (double)INFINITY,
        .device = device,
        .ops = device->ops,
        .allocator = allocator,
        .epoch = UINT64_MAX,
    };
    if (settings->dropout >= 0)
        ws_description_set_dropout(&t->description, (float)settings->dropout);
    ws_arena_init(&t->arena, allocator);
    ws_buffer_init(&t->identity, allocator, SIZE_MAX);
    ws_buffer_init(&t->curve, allocator, SIZE_MAX);
    ws_buffer_init(&t->validations, allocator, SIZE_MAX);
    enum ws_status status = start(t, parameters, err);
    if (status != WS_OK)
        ws_trainer_close(t);
    else
        *out = t;
    return status;
}

void ws_trainer_close(struct ws_trainer *trainer)
{
    struct ws_trainer *t = trainer;
    if (!t)
        return;
    size_t size = t->size * sizeof(float);
    ws_trainer_unshare(t);
    t->ops->release(t->device, t->best, size);
    t->ops->release(t->device, t->sum, size);
    t->ops->release(t->device, t->second, size);
    t->ops->release(t->device, t->first, size);
    ws_network_close(t->network);
    ws_buffer_release(&t->validations);
    ws_buffer_release(&t->curve);
    ws_buffer_release(&t->identity);
    ws_arena_release(&t->arena);
    ws_free(t->allocator, t, sizeof *t);
}

uint64_t ws_trainer_micro_batch(const struct ws_trainer *trainer)
{
    return trainer->micro_batch;
}

uint64_t ws_trainer_steps(const struct ws_trainer *trainer)
{
    return trainer->steps;
}

uint64_t ws_trainer_step_count(const struct ws_trainer *trainer)
{
    return trainer->step;
}

uint64_t ws_trainer_tokens(const struct ws_trainer *trainer)
{
    return trainer->tokens;
}

bool ws_trainer_done(const struct ws_trainer *trainer)
{
    const struct ws_trainer *t = trainer;
    bool out_of_patience = t->settings.patience > 0 && t->since_best >= t->settings.patience;
    return t->step == t->steps || out_of_patience;
}

static const struct ws_train_point *points(const struct ws_buffer *buffer, size_t *count)
{
    *count = buffer->size / sizeof(struct ws_train_point);
    return (const struct ws_train_point *)(const void *)buffer->data;
}

const struct ws_train_point *ws_trainer_curve(const struct ws_trainer *trainer, size_t *count)
{
    return points(&trainer->curve, count);
}

const struct ws_train_point *ws_trainer_validations(const struct ws_trainer *trainer, size_t *count)
{
    return points(&trainer->validations, count);
}

const struct ws_description *ws_trainer_description(const struct ws_trainer *trainer)
{
    return &trainer->description;
}

void ws_trainer_parameters(struct ws_trainer *trainer, float *out)
{
    struct ws_trainer *t = trainer;
    bool has_best = t->best && t->best_loss < (double)INFINITY;
    t->ops->read(t->device, out, has_best ? t->best : ws_network_parameters(t->network),
                 t->size * sizeof(float));
}

/* A step --------------------------------------------------------------------------------------- */

/* Item e of the key orders epoch e; of this item on, item s drops in step s. */
static const uint64_t DROPOUT_ITEMS = UINT64_C(1) << 63;

/* Fisher and Yates's shuffle. */
static void order_epoch(struct ws_trainer *t, uint64_t epoch)
{
    if (t->epoch == epoch)
        return;
    struct ws_rng rng;
    ws_rng_init(&rng, t->key, epoch);
    for (uint64_t i = 0; i < t->examples.count; i++)
        t->order[i] = i;
    for (uint64_t left = t->settings.shuffle ? t->examples.count : 0; left > 1; left--) {
        uint64_t pick = ws_rng_below(&rng, left);
        uint64_t last = t->order[left - 1];
        t->order[left - 1] = t->order[pick];
        t->order[pick] = last;
    }
    t->epoch = epoch;
}

static double rate_of(const struct ws_trainer *t)
{
    const struct ws_train_settings *s = &t->settings;
    if (t->step < s->warmup)
        return s->learning_rate * ((double)t->step + 1) / (double)s->warmup;
    double progress = (double)(t->step - s->warmup) / (double)(t->steps - s->warmup);
    double left = 1;
    if (s->schedule == WS_SCHEDULE_LINEAR)
        left = 1 - progress;
    else if (s->schedule == WS_SCHEDULE_COSINE)
        left = (1 + cos(M_PI * progress)) / 2;
    return s->learning_rate * (s->final_rate + (1 - s->final_rate) * left);
}

static bool drops(const struct ws_description *d)
{
    return d->embedding_dropout > 0 || d->residual_dropout > 0 || d->attention_dropout > 0;
}

static struct ws_rng_key next_dropout(const struct ws_trainer *t, struct ws_rng *rng)
{
    uint32_t low = ws_rng_u32(rng);
    return (struct ws_rng_key){{low, ws_rng_u32(rng)}, t->key.generation};
}

/* What makes one step's gradient. */
struct making {
    struct ws_trainer *trainer;
    const uint64_t *picks;
    float scale;       /* 1 / targets */
    struct ws_rng rng; /* of dropout, two words for each micro-batch */
    size_t rows;       /* of the last micro-batch, whose losses are still to come */
    double loss;       /* of the part at hand, without those */
};

static uint64_t part_start(const struct ws_trainer *t, uint64_t part)
{
    return part * t->batch / t->parts;
}

/* Waits for the device. */
static enum ws_status add_losses(struct making *m, struct ws_error *err)
{
    struct ws_trainer *t = m->trainer;
    WS_TRY(t->ops->check(t->device, err));
    for (size_t i = 0; i < m->rows; i++)
        m->loss += (double)t->room.loss[i];
    m->rows = 0;
    return WS_OK;
}

/* The gradient of a part, made from nothing, micro-batch by micro-batch. Nobody waits for the last
 * of them: add_losses is still to be called. */
static enum ws_status make_part(struct making *m, uint64_t part, struct ws_error *err)
{
    struct ws_trainer *t = m->trainer;
    const uint64_t first = part_start(t, part), end = part_start(t, part + 1);
    m->loss = 0;
    t->ops->zero(t->device, ws_network_gradients(t->network), t->size * sizeof(float));
    for (uint64_t done = first; done < end; done += t->micro_batch) {
        if (done > first)
            WS_TRY(add_losses(m, err));
        const uint64_t count = smaller(t->micro_batch, end - done);
        const struct ws_rng_key dropout = next_dropout(t, &m->rng);
        struct ws_batch batch = ws_batch_of(&t->room, &t->examples, m->picks + done, 0, count);
        WS_TRY(ws_network_train_ahead(t->network, &batch, m->scale,
                                      drops(&t->description) ? &dropout : NULL, t->room.loss, err));
        m->rows = batch.starts[count];
    }
    return WS_OK;
}

/* One that another process makes. */
static void pass_over_part(struct making *m, uint64_t part)
{
    const struct ws_trainer *t = m->trainer;
    for (uint64_t done = part_start(t, part); done < part_start(t, part + 1);
         done += t->micro_batch)
        (void)next_dropout(t, &m->rng);
}

/* All parts, by this process alone. */
static enum ws_status make_alone(struct making *m, double *sum, struct ws_error *err)
{
    struct ws_trainer *t = m->trainer;
    const float *gradients = ws_network_gradients(t->network);
    WS_TRY(make_part(m, 0, err));
    if (t->sum)
        t->ops->copy(t->device, t->sum, gradients, t->size * sizeof(float));
    for (uint64_t part = 1; part < t->parts; part++) {
        WS_TRY(add_losses(m, err));
        *sum += m->loss;
        WS_TRY(make_part(m, part, err));
        t->ops->accumulate(t->device, t->sum, gradients, t->size);
    }
    return WS_OK;
}

/* The same with a team, in rounds of one part for each member. */
static enum ws_status make_together(struct making *m, double *sum, struct ws_error *err)
{
    struct ws_trainer *t = m->trainer;
    const struct ws_team *team = t->sharing->team;
    for (uint64_t first = 0; first < t->parts; first += team->count) {
        const uint64_t count = smaller(team->count, t->parts - first);
        enum ws_status status = WS_OK;
        for (uint64_t i = 0; i < count; i++) {
            if (i == team->member)
                status = make_part(m, first + i, err);
            else
                pass_over_part(m, first + i);
        }
        if (status == WS_OK)
            status = add_losses(m, err);
        WS_TRY(ws_trainer_settle(t, first, count, status, m->loss, sum, err));
    }
    ws_trainer_spread(t);
    m->loss = 0; /* it is in the sum */
    return WS_OK;
}

/* Where the gradient of a step is. */
static const float *gradient_of(const struct ws_trainer *t)
{
    return t->sum && !t->sharing ? t->sum : ws_network_gradients(t->network);
}

/* The gradient of the mean loss over the picks, and its norm. Of one micro-batch nobody waits for
 * the device before all is under way. */
static enum ws_status make_gradient(struct ws_trainer *t, const uint64_t *picks, double *loss,
                                    double *norm, struct ws_error *err)
{
    const uint64_t targets = ws_examples_targets(&t->examples, picks, t->batch);
    struct making making = {
        .trainer = t,
        .picks = picks,
        .scale = targets > 0 ? (float)(1 / (double)targets) : 0,
    };
    double sum = 0;
    ws_rng_init(&making.rng, t->key, DROPOUT_ITEMS + t->step);
    WS_TRY(t->sharing ? make_together(&making, &sum, err) : make_alone(&making, &sum, err));
    *norm = sqrt(t->ops->sum_squares(t->device, gradient_of(t), t->size));
    WS_TRY(add_losses(&making, err));
    sum += making.loss;
    *loss = targets > 0 ? sum / (double)targets : 0;
    return WS_OK;
}

/* One call for all: a device is faster at one large update than at a hundred small ones. */
static void update(struct ws_trainer *t, double rate, double scale)
{
    const struct ws_train_settings *s = &t->settings;
    const struct ws_adamw adamw = {
        .rate = (float)rate,
        .beta1 = (float)s->beta1,
        .beta2 = (float)s->beta2,
        .epsilon = (float)s->epsilon,
        .decay = (float)s->weight_decay,
        .scale = (float)scale,
        .step = t->step + 1,
        .turns = t->turns,
        .turn_count = t->turn_count,
    };
    t->ops->adamw(t->device, ws_network_parameters(t->network), t->first, t->second, gradient_of(t),
                  &adamw, t->size);
}

bool ws_trainer_judge(struct ws_trainer *trainer, double loss)
{
    bool better = loss < trainer->best_loss;
    trainer->since_best = better ? 0 : trainer->since_best + 1;
    if (better)
        trainer->best_loss = loss;
    return better;
}

/* For messages: printf shows the sign of what is no number. */
static double without_sign(double value)
{
    return isnan(value) ? (double)NAN : value;
}

static enum ws_status validate(struct ws_trainer *t, struct ws_error *err)
{
    struct ws_train_point point = {.step = t->step};
    uint64_t targets;
    WS_TRY(ws_examples_loss(&t->validation, t->network, &t->room, &point.loss, &targets, err));
    if (!isfinite(point.loss))
        return ws_fail(err, WS_NUMERIC, "the validation loss after step %" PRIu64 " is %g", t->step,
                       without_sign(point.loss));
    ws_buffer_append(&t->validations, &point, sizeof point);
    WS_TRY(ws_buffer_check(&t->validations, "the validation points", err));
    if (ws_trainer_judge(t, point.loss) && t->best)
        t->ops->copy(t->device, t->best, ws_network_parameters(t->network),
                     t->size * sizeof(float));
    return t->ops->check(t->device, err);
}

static bool validation_is_due(const struct ws_trainer *t)
{
    uint64_t every = t->settings.validate_every > 0 ? t->settings.validate_every : t->epoch_steps;
    return t->validation.count > 0 && (t->step % every == 0 || t->step == t->steps);
}

enum ws_status ws_trainer_step(struct ws_trainer *trainer, struct ws_error *err)
{
    struct ws_trainer *t = trainer;
    assert(!ws_trainer_done(t));
    struct ws_train_point point = {.step = t->step + 1, .rate = rate_of(t)};
    if (t->sharing && t->sharing->team->member == 0)
        ws_team_say(t->sharing->team, WS_TEAM_STEP);
    order_epoch(t, t->step / t->epoch_steps);
    const uint64_t *picks = t->order + t->step % t->epoch_steps * t->batch;
    WS_TRY(make_gradient(t, picks, &point.loss, &point.norm, err));
    if (!isfinite(point.loss) || !isfinite(point.norm))
        return ws_fail(err, WS_NUMERIC,
                       "the loss at step %" PRIu64 " is %g and its gradient's norm %g; a lower "
                       "learning rate or longer warm-up may help",
                       point.step, without_sign(point.loss), without_sign(point.norm));
    ws_buffer_append(&t->curve, &point, sizeof point);
    WS_TRY(ws_buffer_check(&t->curve, "the loss curve", err));
    double clip = t->settings.clip;
    /* Whether that fails is seen when the device is asked next, before anything is made of it. */
    update(t, point.rate, clip > 0 ? fmin(1, clip / (point.norm + 1e-6)) : 1);
    for (uint64_t i = 0; i < t->batch; i++)
        t->tokens += ws_example_size(&t->examples, picks[i]);
    t->step++;
    return validation_is_due(t) ? validate(t, err) : WS_OK;
}
