#include "lab/chain.h"

#include <string.h>

#include "lab/chain_internal.h"
#include "lab/sample_text.h"

enum {
    BLOCK_NUMBERS = 1 << 16, /* that the chains of a block train on at a step, about */
    PART_NUMBERS = 1 << 22,  /* that models make for the pools of a block in a part, about */
#ifdef WS_SMALL_LIMITS
    PART_MEASURED = 3, /* generations of a part that are measured, at most */
#else
    PART_MEASURED = 256,
#endif
    ABSORBED_EVERY = 8, /* steps, of looks for chains that can no longer change */
    TEXTS_LIMIT = 1 << 26,
};

/* Numbers that a training set of the base size holds, about. */
static uint64_t base_numbers(const struct ws_arm_data *data)
{
    return data->items * data->item_size;
}

/* In place of an arm's key where arms share their streams. Not 0, which the streams have that all
 * arms always share, and human samples (ws_reference_prepare). */
static const uint64_t ALL_ARMS = 1;

size_t ws_block_size(const struct ws_experiment *e)
{
    uint64_t numbers = 0;
    for (size_t v = 0; v < e->variant_count; v++)
        if (base_numbers(&e->variants[v]) > numbers)
            numbers = base_numbers(&e->variants[v]);
    uint64_t size = BLOCK_NUMBERS / (numbers + 1);
    if (size > e->family->batch)
        size = e->family->batch;
    return size > 0 ? (size_t)size : 1;
}

static uint64_t first_model(const struct ws_arm *arm, uint64_t seed)
{
    const uint32_t counter[4] = {0, (uint32_t)seed, (uint32_t)(seed >> 32), 0};
    const uint32_t key[2] = {(uint32_t)arm->key, (uint32_t)(arm->key >> 32)};
    uint32_t out[4];
    ws_philox(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

uint32_t ws_part_steps(const struct ws_experiment *e, const struct ws_arm *arm)
{
    uint64_t steps = UINT32_MAX;
    if (e->settings.measure_every < UINT32_MAX / PART_MEASURED)
        steps = PART_MEASURED * e->settings.measure_every;
    if (ws_policy_keeps_outputs(&arm->policy)) {
        uint64_t pooled = PART_NUMBERS / (ws_block_size(e) * base_numbers(arm->data));
        steps = pooled < steps ? pooled : steps;
    }
    return steps > 0 ? (uint32_t)steps : 1;
}

/* So that there are `count` at least. */
static void open_lanes(struct ws_block *block, size_t count)
{
    const struct ws_allocator *allocator = block->life.allocator;
    for (; block->lane_count < count; block->lane_count++) {
        struct ws_lane *lane = &block->lanes[block->lane_count];
        ws_arena_init(&lane->life, allocator);
        ws_arena_init(&lane->steps[0], allocator);
        ws_arena_init(&lane->steps[1], allocator);
        ws_arena_init(&lane->scratch, allocator);
    }
}

enum ws_status ws_block_init(struct ws_block *block, const struct ws_experiment *experiment,
                             const struct ws_human *human, const struct ws_arm *arm,
                             uint64_t first_seed, size_t count,
                             const struct ws_allocator *allocator, struct ws_error *err)
{
    *block = (struct ws_block){.experiment = experiment,
                               .human = ws_human_variant(human, arm->variant),
                               .arm = arm,
                               .count = count};
    ws_arena_init(&block->life, allocator);
    block->chains = WS_ARENA_ZNEW(&block->life, struct ws_chain, count);
    block->lanes = WS_ARENA_ZNEW(&block->life, struct ws_lane, count);
    if (!block->chains || !block->lanes) {
        block->chains = NULL;
        ws_block_release(block);
        return ws_fail_memory(err, "the chains");
    }
    open_lanes(block, 1);
    for (size_t c = 0; c < count; c++) {
        struct ws_chain *chain = &block->chains[c];
        chain->arm = arm;
        chain->seed = first_seed + c;
        chain->first_model = first_model(arm, chain->seed);
        ws_records_init(&chain->records, allocator);
        ws_buffer_init(&chain->texts, allocator, TEXTS_LIMIT);
        uint64_t own = experiment->settings.pair == WS_PAIR_ALL ? ALL_ARMS : arm->key;
        for (unsigned s = WS_STREAM_INIT; s < WS_STREAM_COUNT; s++)
            chain->keys[s - WS_STREAM_INIT] = ws_rng_key((enum ws_stream)s, chain->seed, own, 0);
    }
    return WS_OK;
}

void ws_block_release(struct ws_block *block)
{
    for (size_t c = 0; block->chains && c < block->count; c++) {
        ws_records_release(&block->chains[c].records);
        ws_buffer_release(&block->chains[c].texts);
    }
    for (size_t l = 0; l < block->lane_count; l++) {
        ws_arena_release(&block->lanes[l].life);
        ws_arena_release(&block->lanes[l].steps[0]);
        ws_arena_release(&block->lanes[l].steps[1]);
        ws_arena_release(&block->lanes[l].scratch);
    }
    ws_arena_release(&block->life);
    block->chains = NULL;
    block->lane_count = 0;
}

enum ws_status ws_chain_start(struct ws_block *block, struct ws_chain *chain, struct ws_error *err)
{
    WS_TRY(ws_human_deal(block->human, chain->seed, &block->life, &chain->deal, err));
    WS_TRY(ws_reference_prepare(&chain->deal, chain->arm->data->sample_items, &block->life,
                                &chain->reference, err));
    chain->started = true;
    return WS_OK;
}

uint64_t ws_chain_work(const struct ws_experiment *experiment, const struct ws_arm *arm,
                       const struct ws_step *plan, uint32_t step)
{
    uint64_t work = plan->training + plan->output;
    if (step % experiment->settings.measure_every == 0)
        work += arm->data->sample_items;
    return work;
}

/* One step of some chains ---------------------------------------------------------------------- */

/* What some steps make for a chain beside its output and its model. */
struct extras {
    struct ws_dataset training;      /* where it is not the output as it is */
    struct ws_filtered *filtered;    /* one for each filter; NULL where none was at work */
    const struct ws_payload *sample; /* that metrics saw; or NULL */
    const struct ws_measurement *measurements; /* in `scratch` */
    size_t measurement_count;
    const struct ws_measurement *floors; /* likewise; at step 0 */
    size_t floor_count;
};

/* What a batch hands to the family's operations, each an array of one a chain. They are made once,
 * for to make them takes a short step a while. */
struct ws_desk {
    const struct ws_model **models; /* that outputs are drawn from; then those of this step */
    const struct ws_dataset **data; /* training sets */
    const struct ws_payload **payloads;
    struct ws_dataset *outputs;
    struct ws_segment *segments; /* of outputs that no later step sees */
    uint64_t *counts;
    struct ws_rng_key *keys;
};

/* What it makes becomes the chains' state only when all of it has been made. */
struct batch {
    const struct ws_block *block;
    struct ws_lane *lane;
    const struct ws_step_support *support; /* or NULL */
    struct ws_step_times *times;           /* or NULL */
    const struct ws_step *plan;
    uint32_t step;
    bool measured;
    bool pooled;     /* outputs are kept */
    bool as_it_is;   /* the latest output is the training set */
    bool keeps_more; /* than models */
    size_t count;
    struct ws_chain *const *chains;
    struct ws_desk desk;                  /* the lane's */
    struct extras *extras;                /* NULL where nothing is built, measured or kept */
    const struct ws_dataset **prompts;    /* one a chain; NULL where the family does not look */
    const struct ws_dataset **validation; /* likewise */
};

static struct ws_arena *step_arena(const struct batch *b)
{
    return &b->lane->steps[b->step % 2];
}

static bool has_outputs(const struct batch *b)
{
    return b->plan->output > 0;
}

/* Of what the model of the step before makes. */
static struct ws_origin output_origin(const struct ws_chain *chain, uint32_t step)
{
    return (struct ws_origin){WS_SOURCE_MODEL, chain->model_depth + 1,
                              chain->first_model + step - 1};
}

enum ws_status ws_chain_plan_steps(struct ws_block *block, uint32_t step, struct ws_error *err)
{
    const struct ws_arm *arm = block->arm;
    if (block->planned > step + 1)
        block->planned = 0;
    for (; block->planned <= step; block->planned++) {
        const struct ws_step before = block->plan;
        WS_TRY(ws_policy_step(&arm->policy, &block->experiment->growth, arm->data->items,
                              block->planned, &before, &block->plan, err));
    }
    return WS_OK;
}

bool ws_chain_keeps_first(const struct ws_block *block)
{
    return block->experiment->family->keeps_first ||
           ws_policy_filters(&block->arm->policy, WS_FILTER_NEEDS_FIRST);
}

/* Jobs ----------------------------------------------------------------------------------------- */

/* One phase of a batch as a family sees it. */
struct job {
    struct ws_job job;
    struct ws_draft draft;
    const struct batch *batch;
    enum ws_phase phase;
    double work_before; /* of the step, when the phase began */
    double work;        /* of the whole phase */
    double first_asked; /* when it was, whether a draft is due; 0: not yet */
    double last_asked;  /* likewise, or when one was stored after that */
};

/* The time, or 0 where nobody asks. */
static double time_of(const struct batch *b)
{
    return b->times ? b->times->clock->elapsed(b->times->clock->user) : 0;
}

static bool draft_is_due(void *user, double done, uint64_t size)
{
    struct job *j = user;
    const struct ws_step_support *support = j->batch->support;
    const struct ws_draft_moment moment = {j->batch->chains[0], j->phase, done,
                                           j->work_before + done * j->work, size};
    j->last_asked = time_of(j->batch);
    if (j->first_asked == 0)
        j->first_asked = j->last_asked;
    return support->due(support->user, &moment);
}

static enum ws_status store_draft(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct job *j = user;
    const struct ws_step_support *support = j->batch->support;
    enum ws_status status =
        support->store(support->user, j->batch->chains[0], j->phase, bytes, err);
    if (j->batch->times) {
        const double asked = j->last_asked;
        j->last_asked = time_of(j->batch);
        j->batch->times->drafts += j->last_asked - asked;
    }
    return status;
}

static enum ws_status open_job(struct job *j, const struct batch *b, enum ws_phase phase,
                               struct ws_error *err)
{
    const struct ws_step_support *support = b->support;
    const double work[WS_PHASE_COUNT] = {
        [WS_PHASE_OUTPUT] = (double)b->plan->output,
        [WS_PHASE_FIT] = (double)b->plan->training,
        [WS_PHASE_SAMPLE] = (double)b->block->arm->data->sample_items,
    };
    *j = (struct job){.batch = b, .phase = phase, .work = work[phase]};
    for (enum ws_phase before = 0; before < phase; before++)
        j->work_before += work[before];
    j->job = (struct ws_job){.threads = support ? support->threads : 1,
                             .prompts = b->prompts,
                             .validation = b->validation,
                             .device = support ? support->device : NULL,
                             .team = support && phase == WS_PHASE_FIT ? support->team : NULL};
    if (!support || !support->load || b->count > 1)
        return WS_OK;
    j->draft = (struct ws_draft){.user = j, .due = draft_is_due, .store = store_draft};
    j->job.draft = &j->draft;
    return support->load(support->user, b->chains[0], phase, step_arena(b), &j->draft.stored, err);
}

static enum ws_status sample_models(struct batch *b, enum ws_phase phase, uint64_t items,
                                    struct ws_arena *arena, struct ws_error *err)
{
    enum ws_stream stream = phase == WS_PHASE_OUTPUT ? WS_STREAM_SAMPLING : WS_STREAM_METRIC;
    struct job job;
    for (size_t i = 0; i < b->count; i++) {
        b->desk.counts[i] = items;
        b->desk.keys[i] = ws_chain_key(b->chains[i], stream, b->step);
    }
    WS_TRY(open_job(&job, b, phase, err));
    return b->block->experiment->family->sample(b->count, b->desk.models, b->desk.counts,
                                                b->desk.keys, &job.job, arena, b->desk.payloads,
                                                err);
}

/* Phases --------------------------------------------------------------------------------------- */

/* The seconds since the last note, or the step's beginning, were spent on this. */
static void note_time(struct ws_step_times *times, double *spent)
{
    const double now = times->clock->elapsed(times->clock->user);
    *spent += now - times->noted;
    times->noted = now;
}

static void note_phase(const struct batch *b, enum ws_phase phase)
{
    if (b->times)
        note_time(b->times, &b->times->phases[phase]);
}

/* The chains' models as their outputs are drawn from them. */
static enum ws_status choose_models(struct batch *b, struct ws_error *err)
{
    const double bias = b->block->arm->policy.bias;
    for (size_t i = 0; i < b->count; i++)
        b->desk.models[i] = b->chains[i]->model;
    for (size_t i = 0; i < b->count && bias != 1; i++)
        WS_TRY(b->desk.models[i]->ops->bias(b->desk.models[i], bias, step_arena(b),
                                            &b->desk.models[i], err));
    return WS_OK;
}

static enum ws_status make_outputs(struct batch *b, struct ws_error *err)
{
    if (!has_outputs(b))
        return WS_OK;
    const struct ws_dataset *human = ws_human_shape(b->block->human);
    struct ws_arena *arena = b->pooled ? &b->lane->life : step_arena(b);
    struct ws_segment *segments =
        b->pooled ? WS_ARENA_NEW(arena, struct ws_segment, b->count) : b->desk.segments;
    if (!segments)
        return ws_fail_memory(err, "a step");
    WS_TRY(choose_models(b, err));
    WS_TRY(sample_models(b, WS_PHASE_OUTPUT, b->plan->output, arena, err));
    for (size_t i = 0; i < b->count; i++) {
        b->desk.outputs[i] =
            ws_dataset_in(&segments[i], b->desk.payloads[i], output_origin(b->chains[i], b->step));
        WS_TRY(ws_chain_check_data(b->block->arm->data, human, b->step, &b->desk.outputs[i], err));
    }
    return WS_OK;
}

bool ws_chain_keeps_makers(const struct ws_block *block)
{
    return block->experiment->settings.fit_to == WS_FIT_POPULATIONS &&
           ws_policy_keeps_outputs(&block->arm->policy);
}

enum ws_status ws_chain_reserve_output(const struct ws_block *block, struct ws_arena *life,
                                       struct ws_chain *chain, struct ws_error *err)
{
    if (chain->output_count < chain->output_capacity)
        return WS_OK;
    size_t capacity = chain->output_capacity ? 2 * chain->output_capacity : 8;
    struct ws_dataset *outputs = WS_ARENA_NEW(life, struct ws_dataset, capacity);
    const struct ws_model **makers = NULL;
    if (ws_chain_keeps_makers(block))
        makers = WS_ARENA_NEW(life, const struct ws_model *, capacity);
    if (!outputs || (ws_chain_keeps_makers(block) && !makers))
        return ws_fail_memory(err, "the pool");
    for (size_t i = 0; i < chain->output_count; i++) {
        outputs[i] = chain->outputs[i];
        if (makers && chain->makers)
            makers[i] = chain->makers[i];
    }
    chain->outputs = outputs;
    chain->makers = makers;
    chain->output_capacity = capacity;
    return WS_OK;
}

static enum ws_status filter_training(const struct batch *b, const struct ws_chain *chain,
                                      struct extras *extras, struct ws_rng_key key,
                                      struct ws_error *err)
{
    const struct ws_policy *policy = &b->block->arm->policy;
    const struct ws_filter_view view = {
        .latest = chain->model,
        .first = chain->first,
        .law = chain->deal.law,
        .threads = b->support ? b->support->threads : 1,
        .device = b->support ? b->support->device : NULL,
    };
    extras->filtered = WS_ARENA_NEW(step_arena(b), struct ws_filtered, policy->filter_count);
    if (!extras->filtered)
        return ws_fail_memory(err, "a step");
    return ws_filters_apply(policy, &view, &extras->training, key, step_arena(b), &extras->training,
                            extras->filtered, err);
}

static enum ws_status build_training(struct batch *b, size_t i, struct ws_error *err)
{
    struct ws_chain *chain = b->chains[i];
    struct ws_dataset *training = &b->extras[i].training;
    const struct ws_policy *policy = &b->block->arm->policy;
    struct ws_sources sources = {
        .deal = &chain->deal,
        .previous = &chain->training,
        .outputs = &b->desk.outputs[i],
        .output_count = has_outputs(b) ? 1 : 0,
    };
    if (b->pooled && has_outputs(b)) {
        WS_TRY(ws_chain_reserve_output(b->block, &b->lane->life, chain, err));
        chain->outputs[chain->output_count] = b->desk.outputs[i];
        if (chain->makers)
            chain->makers[chain->output_count] = chain->model;
        sources.outputs = chain->outputs;
        sources.output_count = chain->output_count + 1;
    }
    struct ws_rng_key key = ws_chain_key(chain, WS_STREAM_POLICY, b->step);
    WS_TRY(ws_policy_build(policy, b->plan, b->step, &sources, key, step_arena(b), training, err));
    if (b->step == 0)
        return WS_OK;
    if (policy->filter_count > 0)
        WS_TRY(filter_training(b, chain, &b->extras[i], key, err));
    return ws_policy_weigh(policy, training, step_arena(b), training, err);
}

static enum ws_status build_trainings(struct batch *b, struct ws_error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        b->desk.data[i] = b->as_it_is ? &b->desk.outputs[i] : &b->extras[i].training;
        if (!b->as_it_is)
            WS_TRY(build_training(b, i, err));
    }
    return WS_OK;
}

/* Where the time of a fit went, which begins where what was noted last ends, that is not its
 * steps'. */
static void note_fit(const struct batch *b, const struct job *job)
{
    if (!b->times || job->first_asked == 0)
        return;
    b->times->fit_begins += job->first_asked - b->times->noted;
    b->times->fit_ends += time_of(b) - job->last_asked;
}

/* Who made a segment: model g made output g. */
static const struct ws_model *maker_of(const struct ws_chain *chain, const struct ws_origin *origin)
{
    return chain->makers ? chain->makers[origin->model - chain->first_model] : chain->model;
}

/* Of the law of the training set a part for human items, and one for each model's, by what they
 * weigh. */
static size_t list_parts(const struct ws_chain *chain, const struct ws_dataset *training,
                         struct ws_population_part *parts)
{
    const double all = ws_dataset_weights(training).sum;
    size_t count = 1;
    parts[0] = (struct ws_population_part){0, NULL};
    for (size_t s = 0; s < training->segment_count; s++) {
        const struct ws_segment *segment = &training->segments[s];
        const double share = (double)segment->count * segment->weight / all;
        if (ws_origin_is_human(&segment->origin))
            parts[0].share += share;
        else
            parts[count++] = (struct ws_population_part){share, maker_of(chain, &segment->origin)};
    }
    if (parts[0].share > 0)
        return count;
    memmove(parts, parts + 1, --count * sizeof *parts);
    return count;
}

/* In place of a fit to the training set, one to its law. */
static enum ws_status fit_population(const struct batch *b, size_t i, struct ws_arena *arena,
                                     struct ws_error *err)
{
    const struct ws_dataset *training = b->desk.data[i];
    const struct ws_chain *chain = b->chains[i];
    struct ws_population_part *parts =
        WS_ARENA_NEW(step_arena(b), struct ws_population_part, training->segment_count + 1);
    if (!parts)
        return ws_fail_memory(err, "a population");
    const struct ws_population population = {
        .truth = &chain->deal,
        .parts = parts,
        .part_count = list_parts(chain, training, parts),
        .items = training->count,
        .init = b->desk.keys[i],
    };
    return b->block->experiment->family->fit_population(b->block->arm->family_settings, &population,
                                                        arena, &b->desk.models[i], err);
}

static enum ws_status fit_models(struct batch *b, struct ws_error *err)
{
    const struct ws_family_ops *family = b->block->experiment->family;
    const bool stays = ws_chain_keeps_makers(b->block) || (b->step == 0 && family->keeps_first);
    struct ws_arena *arena = stays ? &b->lane->life : step_arena(b);
    struct job job;
    WS_TRY(build_trainings(b, err));
    for (size_t i = 0; i < b->count; i++)
        b->desk.keys[i] = ws_chain_key(b->chains[i], WS_STREAM_INIT, b->step);
    if (b->block->experiment->settings.fit_to == WS_FIT_POPULATIONS) {
        for (size_t i = 0; i < b->count; i++)
            WS_TRY(fit_population(b, i, arena, err));
    } else {
        WS_TRY(open_job(&job, b, WS_PHASE_FIT, err));
        WS_TRY(family->fit(b->block->arm->family_settings, b->count, b->desk.data, b->desk.keys,
                           &job.job, arena, b->desk.models, err));
        note_fit(b, &job);
    }
    return WS_OK;
}

/* Absorbed chains ------------------------------------------------------------------------------ */

/* Trains on the last model's output alone, always as much of it. */
static bool is_closed(const struct ws_block *block)
{
    const struct ws_policy *policy = &block->arm->policy;
    return policy->filter_count == 0 && policy->oversample == 1 && policy->generated > 0 &&
           policy->original == 0 && policy->fresh == 0 && policy->previous == 0 &&
           !ws_policy_keeps_outputs(policy) && block->experiment->growth.law == WS_GROWTH_CONSTANT;
}

/* What tells whether a chain's next model is its last one again; NULL where no chain is asked. It
 * is asked now and then: it saves work and never shows in a result, and who is absorbed stays so.
 */
static bool (*absorbed_test(const struct ws_block *block, uint32_t step))(const struct ws_model *)
{
    bool asked =
        block->experiment->settings.skip_absorbed && step % ABSORBED_EVERY == 0 && is_closed(block);
    return asked ? block->experiment->family->absorbed : NULL;
}

/* A model in `life`, where it outlives the steps. */
static enum ws_status settle(const struct batch *b, const struct ws_model *model,
                             const struct ws_model **out, struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, b->lane->life.allocator, SIZE_MAX);
    model->ops->save(model, &bytes);
    enum ws_status status = ws_buffer_check(&bytes, "a model", err);
    if (status == WS_OK)
        status = model->ops->load(b->block->arm->family_settings, ws_buffer_bytes(&bytes),
                                  &b->lane->life, out, err);
    ws_buffer_release(&bytes);
    return status;
}

/* In place of outputs and fits. What the training sets hold is of no more interest, only how many
 * items of which origin. */
static enum ws_status repeat_models(struct batch *b, struct ws_error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        struct ws_chain *chain = b->chains[i];
        struct ws_payload *items = WS_ARENA_ZNEW(step_arena(b), struct ws_payload, 1);
        if (!items)
            return ws_fail_memory(err, "a step");
        items->kind = chain->deal.original.kind;
        items->count = b->plan->training;
        WS_TRY(ws_dataset_of(items, output_origin(chain, b->step), step_arena(b),
                             &b->desk.outputs[i], err));
        b->desk.data[i] = &b->desk.outputs[i];
        if (!chain->settled)
            WS_TRY(settle(b, chain->model, &chain->settled, err));
        b->desk.models[i] = chain->settled;
    }
    return WS_OK;
}

/* The noise floor is of human data alone, so once for each chain is enough. */
static enum ws_status measure_floor(const struct ws_chain *chain, const struct ws_job *job,
                                    struct ws_arena *scratch, struct extras *extras,
                                    struct ws_error *err)
{
    struct ws_measurement *room =
        WS_ARENA_NEW(scratch, struct ws_measurement, WS_MEASUREMENT_LIMIT);
    if (!room)
        return ws_fail_memory(err, "measurements");
    WS_TRY(ws_measure_floor(&chain->reference, job, scratch, room, &extras->floor_count, err));
    extras->floors = room;
    return WS_OK;
}

static enum ws_status measure_models(struct batch *b, struct ws_error *err)
{
    const struct ws_experiment *e = b->block->experiment;
    if (!b->measured)
        return WS_OK;
    struct ws_arena *scratch = &b->lane->scratch;
    const struct ws_job job = {.threads = b->support ? b->support->threads : 1,
                               .device = b->support ? b->support->device : NULL};
    bool sampled = b->block->arm->data->sample_items > 0;
    if (sampled)
        WS_TRY(sample_models(b, WS_PHASE_SAMPLE, b->block->arm->data->sample_items, scratch, err));
    note_phase(b, WS_PHASE_SAMPLE);
    struct ws_measurement *room =
        WS_ARENA_NEW(scratch, struct ws_measurement, WS_MEASUREMENT_LIMIT);
    if (!room)
        return ws_fail_memory(err, "measurements");
    for (size_t i = 0; i < b->count; i++) {
        const struct ws_chain *chain = b->chains[i];
        struct extras *extras = &b->extras[i];
        const struct ws_model *first = b->step == 0 ? b->desk.models[i] : chain->first;
        extras->sample = sampled ? b->desk.payloads[i] : NULL;
        WS_TRY(ws_measure(&chain->reference, b->desk.models[i],
                          e->family->keeps_first ? first : NULL, extras->sample, &job, scratch,
                          room, &extras->measurement_count, err));
        extras->measurements =
            ws_arena_copy(scratch, room, extras->measurement_count * sizeof *room);
        if (!extras->measurements)
            return ws_fail_memory(err, "measurements");
        if (b->step == 0)
            WS_TRY(measure_floor(chain, &job, scratch, extras, err));
    }
    if (b->times)
        note_time(b->times, &b->times->metrics);
    return WS_OK;
}

static enum ws_status show_sample(const struct batch *b, size_t i, struct ws_error *err)
{
    const struct ws_sample_sink *sink = b->support ? b->support->samples : NULL;
    const struct ws_sampled sampled = {
        .experiment = b->block->experiment,
        .human = b->block->human,
        .arm = b->block->arm,
        .seed = b->chains[i]->seed,
        .generation = b->step,
        .model = b->desk.models[i],
        .training = b->desk.data[i],
        .sample = b->extras[i].sample,
    };
    return sink ? sink->take(sink->user, &sampled, err) : WS_OK;
}

static enum ws_status write_records(const struct batch *b, size_t i, struct ws_error *err)
{
    struct ws_chain *chain = b->chains[i];
    const struct ws_model *model = b->desk.models[i];
    const struct extras *extras = &b->extras[i];
    struct ws_records *records = &chain->records;
    struct ws_mix_part *parts;
    size_t part_count;
    WS_TRY(ws_dataset_mix(b->desk.data[i], &b->lane->scratch, &parts, &part_count, err));
    ws_records_begin(records, b->step);
    ws_record_mix(records, parts, part_count, b->desk.data[i]->count,
                  chain->arm->policy.pool == WS_SHARE_ALL || chain->arm->policy.recent > 0);
    if (extras->filtered)
        ws_record_filters(records, extras->filtered, chain->arm->policy.filter_count);
    if (model->ops->curve) {
        size_t count;
        const struct ws_loss_point *points = model->ops->curve(model, &count);
        ws_record_curve(records, points, count);
    }
    ws_record_floors(records, extras->floors, extras->floor_count);
    ws_record_measurements(records, extras->measurements, extras->measurement_count);
    WS_TRY(ws_records_end(records, err));
    if (!extras->sample)
        return WS_OK;
    WS_TRY(ws_sample_text_append(b->block->human, extras->sample, b->step,
                                 b->block->experiment->settings.keep_texts, &chain->texts, err));
    return show_sample(b, i, err);
}

/* The training set in an arena of the next step, free of the payloads it was picked from. */
static enum ws_status keep_training(const struct batch *b, size_t i, struct ws_dataset *out,
                                    struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, b->lane->life.allocator, SIZE_MAX);
    ws_dataset_write(b->desk.data[i], &bytes);
    enum ws_status status = ws_buffer_check(&bytes, "the training set", err);
    if (status == WS_OK) {
        struct ws_reader reader;
        ws_reader_init(&reader, ws_buffer_bytes(&bytes));
        status = ws_dataset_read(&reader, step_arena(b), out, err);
    }
    ws_buffer_release(&bytes);
    return status;
}

/* Families whose metrics look at it fit it where it stays. */
static enum ws_status keep_first(const struct batch *b, const struct ws_model *model,
                                 const struct ws_model **out, struct ws_error *err)
{
    if (b->block->experiment->family->keeps_first)
        *out = model;
    else if (ws_chain_keeps_first(b->block))
        return settle(b, model, out, err);
    return WS_OK;
}

/* Takes up the step's records, or leaves everything as it was. */
static enum ws_status keep_records(const struct batch *b, size_t i, struct ws_error *err)
{
    struct ws_chain *chain = b->chains[i];
    const size_t records = chain->records.bytes.size, texts = chain->texts.size;
    enum ws_status status = write_records(b, i, err);
    if (status != WS_OK) {
        ws_records_cut(&chain->records, records);
        chain->texts.size = texts;
    }
    return status;
}

/* All that a step leaves beside its model, or nothing. */
static enum ws_status keep_more(const struct batch *b, size_t i, struct ws_error *err)
{
    struct ws_chain *chain = b->chains[i];
    struct ws_dataset training = chain->training;
    const struct ws_model *first = chain->first;
    if (b->block->arm->policy.previous > 0)
        WS_TRY(keep_training(b, i, &training, err));
    if (b->step == 0)
        WS_TRY(keep_first(b, b->desk.models[i], &first, err));
    if (b->measured)
        WS_TRY(keep_records(b, i, err));
    chain->training = training;
    chain->first = first;
    return WS_OK;
}

static enum ws_status commit(const struct batch *b, struct ws_error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        struct ws_chain *chain = b->chains[i];
        if (b->keeps_more)
            WS_TRY(keep_more(b, i, err));
        chain->model = b->desk.models[i];
        chain->model_depth = b->desk.data[i]->depth;
        if (b->pooled && has_outputs(b))
            chain->output_count++;
        chain->next_step = b->step + 1;
    }
    return WS_OK;
}

/* What the family looks at of the human data. */
static enum ws_status list_human(struct batch *b, struct ws_error *err)
{
    const struct ws_family_ops *family = b->block->experiment->family;
    if (family->prompted)
        b->prompts = WS_ARENA_NEW(step_arena(b), const struct ws_dataset *, b->count);
    if (family->validates)
        b->validation = WS_ARENA_NEW(step_arena(b), const struct ws_dataset *, b->count);
    if ((family->prompted && !b->prompts) || (family->validates && !b->validation))
        return ws_fail_memory(err, "a step");
    for (size_t i = 0; i < b->count && family->prompted; i++)
        b->prompts[i] = &b->chains[i]->deal.original;
    for (size_t i = 0; i < b->count && family->validates; i++)
        b->validation[i] = &b->chains[i]->deal.validation;
    return WS_OK;
}

/* NULL when memory is out. */
static struct ws_desk *new_desk(struct ws_arena *life, size_t count)
{
    struct ws_desk *desk = WS_ARENA_NEW(life, struct ws_desk, 1);
    if (!desk)
        return NULL;
    *desk = (struct ws_desk){
        .models = WS_ARENA_NEW(life, const struct ws_model *, count),
        .data = WS_ARENA_NEW(life, const struct ws_dataset *, count),
        .payloads = WS_ARENA_NEW(life, const struct ws_payload *, count),
        .outputs = WS_ARENA_NEW(life, struct ws_dataset, count),
        .segments = WS_ARENA_NEW(life, struct ws_segment, count),
        .counts = WS_ARENA_NEW(life, uint64_t, count),
        .keys = WS_ARENA_NEW(life, struct ws_rng_key, count),
    };
    const bool whole = desk->models && desk->data && desk->payloads && desk->outputs &&
                       desk->segments && desk->counts && desk->keys;
    return whole ? desk : NULL;
}

static enum ws_status new_batch(struct batch *b, struct ws_error *err)
{
    const bool plain = b->as_it_is && !b->keeps_more;
    if (!b->lane->desk)
        b->lane->desk = new_desk(&b->lane->life, b->block->count);
    if (!plain)
        b->extras = WS_ARENA_ZNEW(step_arena(b), struct extras, b->count);
    if (!b->lane->desk || (!plain && !b->extras))
        return ws_fail_memory(err, "a step");
    b->desk = *b->lane->desk;
    return list_human(b, err);
}

/* All of the chains are absorbed, or none of them is. */
static enum ws_status take_step(const struct ws_block *block, struct ws_lane *lane,
                                struct ws_chain *const *chains, size_t count, uint32_t step,
                                const struct ws_step_support *support, struct ws_error *err)
{
    const struct ws_policy *policy = &block->arm->policy;
    struct batch b = {
        .block = block,
        .lane = lane,
        .support = support,
        .times = support ? support->times : NULL,
        .plan = &block->plan,
        .step = step,
        .measured = step % block->experiment->settings.measure_every == 0,
        .pooled = ws_policy_keeps_outputs(policy),
        .count = count,
        .chains = chains,
    };
    b.keeps_more = b.measured || step == 0 || policy->previous > 0;
    b.as_it_is = b.plan->gathered == b.plan->generated && policy->filter_count == 0 && !b.pooled;
    if (b.measured)
        ws_arena_reset(&lane->scratch);
    WS_TRY(new_batch(&b, err));
    if (chains[0]->absorbed) {
        WS_TRY(repeat_models(&b, err));
    } else {
        WS_TRY(make_outputs(&b, err));
        note_phase(&b, WS_PHASE_OUTPUT);
        WS_TRY(fit_models(&b, err));
        note_phase(&b, WS_PHASE_FIT);
    }
    WS_TRY(measure_models(&b, err));
    return commit(&b, err);
}

/* How many of them took it. */
static size_t step_chains(const struct ws_block *block, struct ws_lane *lane,
                          struct ws_chain **ready, size_t count, uint32_t step,
                          const struct ws_step_support *support)
{
    struct ws_error ignored;
    if (count > 1 && take_step(block, lane, ready, count, step, support, &ignored) == WS_OK)
        return count;
    /* One chain spoilt the batch, or there is but one: each by itself, to tell which. */
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        struct ws_chain *chain = ready[i];
        if (chain->next_step == step)
            chain->status = take_step(block, lane, &ready[i], 1, step, support, &chain->error);
        if (chain->status == WS_INTERRUPTED)
            chain->status = WS_OK;
        taken += chain->next_step > step;
    }
    return taken;
}

/* Chains that are divided among lanes, in their order and as evenly as can be. */
struct division {
    const struct ws_block *block;
    struct ws_chain **ready;
    size_t count;
    size_t lanes;
    uint32_t step;
    size_t taken;                   /* atomic */
    struct ws_step_support support; /* of each lane */
};

static void step_lane(void *context, size_t lane)
{
    struct division *d = context;
    const size_t first = d->count * lane / d->lanes, end = d->count * (lane + 1) / d->lanes;
    const size_t taken = step_chains(d->block, &d->block->lanes[lane], d->ready + first,
                                     end - first, d->step, &d->support);
    (void)__atomic_fetch_add(&d->taken, taken, __ATOMIC_RELAXED);
}

/* Nothing is stored inside a step that several chains take, divided or not. */
static size_t divide_chains(struct ws_block *block, struct ws_chain **ready, size_t count,
                            uint32_t step, const struct ws_step_support *support)
{
    struct division division = {
        .block = block,
        .ready = ready,
        .count = count,
        .lanes = count < support->threads ? count : support->threads,
        .step = step,
        .support = {.device = support->device, .samples = support->samples},
    };
    division.support.threads = support->threads / (unsigned)division.lanes;
    open_lanes(block, division.lanes);
    ws_pool_run(support->pool, division.lanes, step_lane, &division);
    return division.taken;
}

size_t ws_block_step(struct ws_block *block, uint32_t step, const struct ws_step_support *support)
{
    struct ws_error error;
    for (size_t l = 0; l < block->lane_count; l++)
        ws_arena_reset(&block->lanes[l].steps[step % 2]);
    struct ws_lane *lane = &block->lanes[0];
    struct ws_chain **ready = WS_ARENA_NEW(&lane->steps[step % 2], struct ws_chain *, block->count);
    const enum ws_status status =
        ready ? ws_chain_plan_steps(block, step, &error) : ws_fail_memory(&error, "a step");
    /* Those that change from the front, absorbed ones from the back. */
    bool (*is_absorbed)(const struct ws_model *model) = absorbed_test(block, step);
    size_t changing = 0, absorbed = 0, taken = 0;
    for (size_t c = 0; c < block->count; c++) {
        struct ws_chain *chain = &block->chains[c];
        if (!chain->started || chain->status != WS_OK || chain->next_step != step)
            continue;
        if (is_absorbed && chain->model)
            chain->absorbed = is_absorbed(chain->model);
        if (status != WS_OK) {
            chain->status = status;
            chain->error = error;
        } else if (chain->absorbed) {
            ready[block->count - ++absorbed] = chain;
        } else {
            ready[changing++] = chain;
        }
    }
    if (changing > 1 && support && support->pool)
        taken = divide_chains(block, ready, changing, step, support);
    else if (changing > 0)
        taken = step_chains(block, lane, ready, changing, step, support);
    if (absorbed > 0)
        taken += step_chains(block, lane, ready + block->count - absorbed, absorbed, step, support);
    return taken;
}
