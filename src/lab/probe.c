#include "lab/probe.h"

#include <math.h>
#include <string.h>

#include "lab/chain.h"

static const double ENOUGH = 0.25; /* seconds of a kind of work */
static const double ENOUGH_OF_A_BATCH = 1;
static const double LEAST = 2e-3; /* that can be timed: what is shorter is repeated */

double ws_costing_items(const struct ws_dataset *shape, uint64_t items)
{
    return shape->kind == WS_DATA_COUNTS && items > shape->types ? shape->types : (double)items;
}

double ws_looked_at(const struct ws_dataset *shape, uint64_t reference, uint64_t sample)
{
    return fmax(ws_costing_items(shape, reference) + ws_costing_items(shape, sample), 1);
}

struct probing {
    const struct ws_experiment *experiment;
    const struct ws_clock *clock;
    struct ws_block block; /* of one chain, never stepped: its human data */
    struct ws_arena keep;  /* the model */
    struct ws_arena ready; /* what is prepared for a try */
    struct ws_arena work;  /* of one try */
    const struct ws_model *model;
    void *settings;         /* of the family, for a fit as short as it goes */
    struct ws_dataset data; /* to fit */
    size_t measurements;
    double drawn_each;   /* as in struct ws_probe */
    struct ws_deal deal; /* what is measured: part of the reference, ... */
    struct ws_reference reference;
    const struct ws_payload *sample; /* ... and a sample */
    uint64_t sample_items;
    struct ws_job alone; /* one thread, on the device */
    struct ws_error *err;
};

static double now(const struct probing *p)
{
    return p->clock->elapsed(p->clock->user);
}

static struct ws_rng_key key_of(const struct probing *p, enum ws_stream stream)
{
    return ws_chain_key(&p->block.chains[0], stream, 0);
}

/* Growing work ----------------------------------------------------------------------------------
 */

struct work {
    enum ws_status (*prepare)(struct probing *p, uint64_t items); /* not timed; or NULL */
    enum ws_status (*run)(struct probing *p, uint64_t items);
};

static enum ws_status time_work(struct probing *p, struct work work, uint64_t items,
                                double *seconds)
{
    ws_arena_reset(&p->ready);
    if (work.prepare)
        WS_TRY(work.prepare(p, items));
    const double start = now(p);
    double spent, times = 0;
    do {
        ws_arena_reset(&p->work);
        WS_TRY(work.run(p, items));
        spent = now(p) - start;
        times++;
    } while (spent < LEAST && times < 1e4);
    *seconds = spent / times;
    return WS_OK;
}

/* Few items may leave a fit without an answer: then with twice as many. */
static enum ws_status time_enough(struct probing *p, struct work work, uint64_t *items,
                                  uint64_t most, double *seconds)
{
    enum ws_status status = time_work(p, work, *items, seconds);
    while (status == WS_NUMERIC && *items < most) {
        *items = *items < most / 2 ? 2 * *items : most;
        status = time_work(p, work, *items, seconds);
    }
    return status;
}

/* Twice as many items each time, until they take long enough or are `most`. Where `batch` items are
 * handled together, a part of what they cost is the same for fewer: the first try and the last tell
 * how large it is. */
static enum ws_status grow(struct probing *p, struct work work, uint64_t least, uint64_t most,
                           double batch, struct ws_probed *out)
{
    uint64_t items = least < most ? least : most;
    double first_seconds, seconds;
    WS_TRY(time_enough(p, work, &items, most, &first_seconds));
    const uint64_t first_items = items;
    seconds = first_seconds;
    while (items < most && seconds < (batch > (double)items ? ENOUGH_OF_A_BATCH : ENOUGH)) {
        items = items < most / 2 ? 2 * items : most;
        WS_TRY(time_enough(p, work, &items, most, &seconds));
    }
    *out = (struct ws_probed){.items = items, .seconds = seconds};
    out->each = seconds / ws_costing_items(ws_human_shape(p->block.human), items);
    if (items > first_items && batch > (double)items) {
        double slope = fmax(0, seconds - first_seconds) / (double)(items - first_items);
        out->each = (seconds + slope * (batch - (double)items)) / batch;
    }
    return WS_OK;
}

/* Fits ------------------------------------------------------------------------------------------
 */

/* A number of the family's settings, if it has one of that name. */
static enum ws_status set(struct probing *p, const char *name, const char *value)
{
    const struct ws_option *option = ws_option_find(&p->experiment->family->options, name);
    if (!option)
        return WS_OK;
    return ws_option_set(option, p->settings, value, "the probe", &p->keep, p->err);
}

/* The first arm's, with one epoch and without validation: those are counted apart. */
static enum ws_status shorten(struct probing *p)
{
    size_t size = p->experiment->family->settings_size;
    p->settings =
        ws_arena_copy(&p->keep, p->experiment->arms[0].family_settings, size > 0 ? size : 1);
    if (!p->settings)
        return ws_fail_memory(p->err, "the probe");
    WS_TRY(set(p, "steps", "0"));
    WS_TRY(set(p, "keep_best", "false"));
    WS_TRY(set(p, "patience", "0"));
    return set(p, "epochs", "1");
}

static enum ws_status some_items(const struct probing *p, const struct ws_dataset *from,
                                 uint64_t items, struct ws_arena *arena, struct ws_dataset *out)
{
    struct ws_rng rng;
    ws_rng_init(&rng, key_of(p, WS_STREAM_POLICY), 0);
    return ws_dataset_subset(from, items, &rng, arena, out, p->err);
}

static enum ws_status choose_items(struct probing *p, uint64_t items)
{
    return some_items(p, &p->block.chains[0].deal.original, items, &p->ready, &p->data);
}

static enum ws_status fit(struct probing *p, uint64_t items)
{
    const struct ws_dataset *const sets[] = {&p->data};
    const struct ws_rng_key keys[] = {key_of(p, WS_STREAM_INIT)};
    (void)items;
    return p->experiment->family->fit(p->settings, 1, sets, keys, &p->alone, &p->work, &p->model,
                                      p->err);
}

/* The model of the last try, where the next ones do not overwrite it. */
static enum ws_status keep_model(struct probing *p)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, p->keep.allocator, SIZE_MAX);
    p->model->ops->save(p->model, &bytes);
    enum ws_status status = ws_buffer_check(&bytes, "a model", p->err);
    if (status == WS_OK)
        status = p->model->ops->load(p->experiment->arms[0].family_settings,
                                     ws_buffer_bytes(&bytes), &p->keep, &p->model, p->err);
    ws_buffer_release(&bytes);
    return status;
}

/* Samples and measurements ----------------------------------------------------------------------
 */

static enum ws_status sample_items(struct probing *p, uint64_t items, struct ws_arena *arena,
                                   const struct ws_payload **out)
{
    const struct ws_dataset *const prompts[] = {&p->block.chains[0].deal.original};
    struct ws_job job = p->alone;
    job.prompts = prompts;
    const struct ws_rng_key keys[] = {key_of(p, WS_STREAM_SAMPLING)};
    return p->experiment->family->sample(1, &p->model, &items, keys, &job, arena, out, p->err);
}

/* Sizes -----------------------------------------------------------------------------------------
 */

/* A heap that knows how much of it was ever in use at once. */
struct counting {
    const struct ws_allocator *below;
    size_t used, peak;
};

static void *counting_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct counting *heap = user;
    void *moved = NULL;
    if (new_size == 0)
        ws_free(heap->below, block, old_size);
    else
        moved = ws_realloc(heap->below, block, old_size, new_size);
    if (new_size > 0 && !moved)
        return NULL;
    heap->used += new_size - old_size;
    heap->peak = heap->used > heap->peak ? heap->used : heap->peak;
    return moved;
}

/* Of one fit on the data. */
struct sizes {
    double model, stored, work;
};

static enum ws_status size_fit(struct probing *p, struct sizes *out)
{
    struct counting heap = {.below = p->keep.allocator};
    const struct ws_allocator counting = {counting_realloc, &heap};
    const struct ws_model *kept = p->model;
    struct ws_buffer bytes;
    ws_arena_release(&p->work);
    ws_arena_init(&p->work, &counting);
    ws_buffer_init(&bytes, p->keep.allocator, SIZE_MAX);
    enum ws_status status = fit(p, p->data.count);
    if (status == WS_OK) {
        p->model->ops->save(p->model, &bytes);
        status = ws_buffer_check(&bytes, "a model", p->err);
    }
    *out = (struct sizes){.model = (double)p->work.size,
                          .stored = (double)bytes.size,
                          .work = fmax(0, (double)heap.peak - (double)p->work.size)};
    ws_buffer_release(&bytes);
    ws_arena_release(&p->work);
    ws_arena_init(&p->work, p->keep.allocator);
    p->model = kept;
    return status;
}

/* Whether some arm trains on more items than the base number, and models grow with them. */
static bool models_grow(const struct ws_experiment *e, const struct ws_family_cost *cost)
{
    for (size_t a = 0; a < e->arm_count; a++)
        if (e->arms[a].totals.largest > e->arms[a].data->items)
            return cost->item_bytes > 0 && !cost->bytes_are_sure;
    return false;
}

/* Adds to the data as many items of the kept model as there are. */
static enum ws_status add_outputs(struct probing *p)
{
    static const struct ws_origin origin = {WS_SOURCE_MODEL, 1, 1};
    const struct ws_payload *sample;
    struct ws_dataset parts[] = {p->data, {.count = 0}};
    WS_TRY(sample_items(p, p->data.count, &p->ready, &sample));
    WS_TRY(ws_dataset_of(sample, origin, &p->ready, &parts[1], p->err));
    return ws_dataset_concat(parts, 2, &p->ready, &p->data, p->err);
}

/* Sizes of the last fit, and of one on twice as many items. */
static enum ws_status probe_sizes(struct probing *p, const struct ws_family_cost *cost,
                                  struct ws_probe *out)
{
    struct sizes one, two;
    WS_TRY(size_fit(p, &one));
    out->model = (struct ws_probed_size){.bytes = one.model};
    out->stored = (struct ws_probed_size){.bytes = one.stored};
    out->work = (struct ws_probed_size){.bytes = one.work};
    if (!models_grow(p->experiment, cost))
        return WS_OK;
    const double added = (double)p->data.count;
    WS_TRY(add_outputs(p));
    WS_TRY(size_fit(p, &two));
    out->model.growth = fmax(0, two.model - one.model) / added;
    out->stored.growth = fmax(0, two.stored - one.stored) / added;
    out->work.growth = fmax(0, two.work - one.work) / added;
    return WS_OK;
}

/* Trying both -----------------------------------------------------------------------------------
 */

static enum ws_status draw_sample(struct probing *p, uint64_t items)
{
    const struct ws_payload *sample;
    WS_TRY(sample_items(p, items, &p->work, &sample));
    if (sample->kind == WS_DATA_COUNTS)
        p->drawn_each =
            (double)sample->counts.size / ws_costing_items(ws_human_shape(p->block.human), items);
    return WS_OK;
}

/* As many items of the reference and of a sample as there are, up to `items`. */
static enum ws_status prepare_measurement(struct probing *p, uint64_t items)
{
    const uint64_t most = p->experiment->arms[0].data->sample_items;
    p->deal = p->block.chains[0].deal;
    if (p->deal.reference.count > items)
        WS_TRY(some_items(p, &p->deal.reference, items, &p->ready, &p->deal.reference));
    p->sample_items = items < most ? items : most;
    WS_TRY(ws_reference_prepare(&p->deal, p->sample_items, &p->ready, &p->reference, p->err));
    p->sample = NULL;
    if (p->sample_items == 0)
        return WS_OK;
    return sample_items(p, p->sample_items, &p->ready, &p->sample);
}

static enum ws_status measure(struct probing *p, uint64_t items)
{
    struct ws_measurement *out =
        WS_ARENA_NEW(&p->work, struct ws_measurement, WS_MEASUREMENT_LIMIT);
    (void)items;
    if (!out)
        return ws_fail_memory(p->err, "the probe");
    return ws_measure(&p->reference, p->model, p->experiment->family->keeps_first ? p->model : NULL,
                      p->sample, &p->alone, &p->work, out, &p->measurements, p->err);
}

/* Chains ----------------------------------------------------------------------------------------
 */

/* What is known of a step that was taken. */
static double known(const struct probing *p, const struct ws_probe *probe, const struct ws_arm *arm,
                    const struct ws_step *plan, bool measured)
{
    const struct ws_dataset *shape = ws_human_shape(ws_human_variant(p->block.human, arm->variant));
    double sampled = ws_costing_items(shape, plan->output);
    double looked_at = 0;
    if (ws_policy_filters(&arm->policy, WS_FILTER_NEEDS_DENSITY))
        looked_at += ws_costing_items(shape, plan->gathered);
    if (measured) {
        sampled += ws_costing_items(shape, arm->data->sample_items);
        looked_at += ws_looked_at(shape, probe->reference_items, arm->data->sample_items);
    }
    return probe->fit.each * ws_costing_items(shape, plan->training) +
           probe->sample.each * sampled + probe->measure.each * looked_at;
}

/* The first steps of real chains, less what is known of them, in about `enough` seconds. */
static enum ws_status take_steps(struct probing *p, struct ws_block *block, double enough,
                                 const struct ws_probe *probe, double *each)
{
    const struct ws_experiment *e = p->experiment;
    const struct ws_step_support support = {.threads = 1, .device = p->alone.device};
    double spent = 0, expected = 0, steps = 0;
    for (size_t c = 0; c < block->count; c++)
        WS_TRY(ws_chain_start(block, &block->chains[c], p->err));
    for (uint32_t step = 0; step < e->settings.generations && spent < enough; step++) {
        const double before = now(p);
        ws_block_step(block, step, &support);
        if (block->chains[0].status != WS_OK) {
            *p->err = block->chains[0].error;
            return block->chains[0].status;
        }
        spent += now(p) - before;
        expected +=
            known(p, probe, block->arm, &block->plan, step % e->settings.measure_every == 0);
        steps++;
    }
    *each = fmax(0, spent / (double)block->count - expected) / steps;
    return WS_OK;
}

/* Where a step is long its bookkeeping is of no account, and it is not taken. */
static enum ws_status probe_steps(struct probing *p, struct ws_arena *arena, struct ws_probe *probe)
{
    enum { MOST_CHAINS = 16 }; /* as good as a whole block, and all steps can be taken */
    const struct ws_experiment *e = p->experiment;
    const struct ws_step first = {.training = e->arms[0].data->items,
                                  .output = e->arms[0].data->items};
    const double enough = ENOUGH / (double)e->arm_count;
    const double chains = floor(enough / known(p, probe, &e->arms[0], &first, true));
    double *steps = WS_ARENA_ZNEW(arena, double, e->arm_count);
    if (!steps)
        return ws_fail_memory(p->err, "the probe");
    probe->steps = steps;
    enum ws_status status = WS_OK;
    for (size_t a = 0; a < e->arm_count && chains >= 1 && status == WS_OK; a++) {
        struct ws_block block;
        WS_TRY(ws_block_init(&block, e, p->block.human, &e->arms[a], 1,
                             (size_t)fmin(chains, MOST_CHAINS), p->keep.allocator, p->err));
        status = take_steps(p, &block, enough, probe, &steps[a]);
        ws_block_release(&block);
    }
    return status;
}

/* Whole -----------------------------------------------------------------------------------------
 */

static enum ws_status probe_parts(struct probing *p, struct ws_arena *arena, struct ws_probe *out)
{
    const struct ws_experiment *e = p->experiment;
    const struct ws_chain *chain = &p->block.chains[0];
    const struct ws_dataset *shape = ws_human_shape(p->block.human);
    struct ws_family_cost cost;
    double start = now(p);
    WS_TRY(ws_chain_start(&p->block, &p->block.chains[0], p->err));
    out->start = now(p) - start;
    out->reference_items = chain->deal.reference.count;
    out->validation_items = chain->deal.validation.count;
    WS_TRY(shorten(p));
    e->family->cost(p->settings, shape, e->arms[0].data->items, (double)e->arms[0].data->item_size,
                    &cost);
    WS_TRY(grow(p, (struct work){choose_items, fit}, 2, e->arms[0].data->items, cost.fit_batch,
                &out->fit));
    out->fit.factor =
        out->fit.each / (cost.fit_seconds + cost.fit_whole / (double)e->arms[0].data->items);
    WS_TRY(keep_model(p));
    WS_TRY(probe_sizes(p, &cost, out));
    uint64_t most = e->arms[0].data->items > e->arms[0].data->sample_items
                        ? e->arms[0].data->items
                        : e->arms[0].data->sample_items;
    WS_TRY(grow(p, (struct work){NULL, draw_sample}, 1, most, cost.sample_batch, &out->sample));
    out->sample.factor = out->sample.each / cost.sample_seconds;
    most = out->sample.items;
    WS_TRY(grow(p, (struct work){prepare_measurement, measure}, 1, most, 0, &out->measure));
    out->measure.each =
        out->measure.seconds / ws_looked_at(shape, p->deal.reference.count, p->sample_items);
    out->measure.factor = out->measure.each / cost.measure_seconds;
    out->measurements = p->measurements;
    out->drawn_each = p->drawn_each;
    return probe_steps(p, arena, out);
}

enum ws_status ws_probe(const struct ws_experiment *experiment, const struct ws_human *human,
                        const struct ws_device_choice *device, const struct ws_clock *clock,
                        struct ws_arena *arena, struct ws_probe *out, struct ws_error *err)
{
    const struct ws_allocator *allocator = arena->allocator;
    struct probing p = {
        .experiment = experiment,
        .clock = clock,
        .drawn_each = 1,
        .alone = {.threads = 1, .device = device},
        .err = err,
    };
    *out = (struct ws_probe){.start = 0};
    WS_TRY(ws_block_init(&p.block, experiment, human, &experiment->arms[0], 1, 1, allocator, err));
    ws_arena_init(&p.keep, allocator);
    ws_arena_init(&p.ready, allocator);
    ws_arena_init(&p.work, allocator);
    enum ws_status status = probe_parts(&p, arena, out);
    ws_arena_release(&p.work);
    ws_arena_release(&p.ready);
    ws_arena_release(&p.keep);
    ws_block_release(&p.block);
    return status;
}
