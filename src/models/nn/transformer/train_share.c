/*
 * Steps that several processes take together.
 *
 * The leader says what is trained, and each helper opens a trainer of the same settings, examples
 * and numbers. Part p of a step is made by member p mod members, round by round. Of the gradient
 * every member owns a stretch: in each round it is dealt that stretch of all parts that were made
 * and adds them in their order, so that sums are those of a process that makes all parts itself.
 * When the last round is through, all get all stretches, and take the same step of AdamW. What is
 * validated, stored and kept is the leader's affair alone.
 */
#include <assert.h>
#include <string.h>

#include "models/nn/transformer/train_internal.h"

/* What helpers are told first. */
struct task {
    struct ws_train_settings settings;
    struct ws_description description;
    struct ws_rng_key key;
    uint64_t examples, tokens; /* counts */
    uint64_t parameters;       /* floats */
    uint64_t step;             /* taken */
};

/* Rounds --------------------------------------------------------------------------------------- */

/* Alignment of devices' wide loads, in floats. */
enum { STRETCH_UNIT = 16 };

static size_t stretch_size(const struct ws_trainer *t, unsigned members)
{
    assert(members > 0);
    const size_t each = (t->size + members - 1) / members;
    return (each + STRETCH_UNIT - 1) / STRETCH_UNIT * STRETCH_UNIT;
}

static struct ws_stretch stretch_of(const struct ws_trainer *t, unsigned members, unsigned member)
{
    const size_t each = stretch_size(t, members);
    const size_t first = each * member < t->size ? each * member : t->size;
    return (struct ws_stretch){first, t->size - first < each ? t->size - first : each};
}

/* Everyone gives each owner its stretch of the part that it made. */
static void deal(struct ws_trainer *t, uint64_t count)
{
    struct ws_sharing *s = t->sharing;
    const unsigned self = s->team->member;
    const size_t each = stretch_size(t, s->team->count);
    for (unsigned m = 0; m < s->team->count; m++) {
        s->to[m] = self < count ? s->owned[m] : (struct ws_stretch){0, 0};
        s->from[m] = (struct ws_stretch){m * each, m < count ? s->owned[self].count : 0};
    }
    s->exchange->trade(s->exchange, ws_network_gradients(t->network), s->to, s->dealt, s->from);
}

enum ws_status ws_trainer_settle(struct ws_trainer *trainer, uint64_t first, uint64_t count,
                                 enum ws_status status, double mine, double *sum,
                                 struct ws_error *err)
{
    struct ws_trainer *t = trainer;
    struct ws_sharing *s = t->sharing;
    const struct ws_stretch own = s->owned[s->team->member];
    const size_t each = stretch_size(t, s->team->count);
    WS_TRY(ws_team_meet(s->team, status, mine, err));
    deal(t, count);
    for (uint64_t m = 0; m < count; m++) {
        *sum += s->team->words[m].number;
        if (first + m == 0)
            t->ops->copy(t->device, t->sum, s->dealt, own.count * sizeof(float));
        else
            t->ops->accumulate(t->device, t->sum, s->dealt + m * each, own.count);
    }
    return WS_OK;
}

void ws_trainer_spread(struct ws_trainer *trainer)
{
    struct ws_trainer *t = trainer;
    struct ws_sharing *s = t->sharing;
    for (unsigned m = 0; m < s->team->count; m++) {
        s->to[m] = (struct ws_stretch){0, s->owned[s->team->member].count};
        s->from[m] = s->owned[m];
    }
    s->exchange->trade(s->exchange, t->sum, s->to, ws_network_gradients(t->network), s->from);
}

/* Beginning and end ---------------------------------------------------------------------------- */

static void release(struct ws_trainer *t)
{
    struct ws_sharing *s = t->sharing;
    const unsigned members = s->team->count;
    t->ops->release(t->device, s->dealt, members * stretch_size(t, members) * sizeof(float));
    ws_exchange_close(s->exchange);
    t->sharing = NULL;
}

/* All that a member needs beside its trainer. */
static enum ws_status prepare(struct ws_trainer *t, const struct ws_team *team,
                              struct ws_error *err)
{
    const unsigned members = team->count;
    struct ws_sharing *s = WS_ARENA_ZNEW(&t->arena, struct ws_sharing, 1);
    if (!s)
        return ws_fail_memory(err, "what members of a team share");
    s->team = team;
    s->owned = WS_ARENA_NEW(&t->arena, struct ws_stretch, members);
    s->to = WS_ARENA_NEW(&t->arena, struct ws_stretch, members);
    s->from = WS_ARENA_NEW(&t->arena, struct ws_stretch, members);
    if (!s->owned || !s->to || !s->from)
        return ws_fail_memory(err, "what members of a team share");
    for (unsigned m = 0; m < members; m++)
        s->owned[m] = stretch_of(t, members, m);
    t->sharing = s;
    s->dealt = t->ops->alloc(t->device, members * stretch_size(t, members) * sizeof(float));
    return t->ops->check(t->device, err);
}

/* Leader and helpers alike; `status` is what a helper's trainer came to, which is NULL then. */
static enum ws_status join(struct ws_trainer *t, const struct ws_team *team, enum ws_status status,
                           struct ws_error *err)
{
    if (status == WS_OK)
        status = prepare(t, team, err);
    status = ws_team_meet(team, status, 0, err);
    if (status == WS_OK) {
        status = ws_exchange_open(team, t->device, stretch_size(t, team->count) * team->count,
                                  t->allocator, &t->sharing->exchange, err);
        status = ws_team_meet(team, status, 0, err);
    }
    if (status != WS_OK && t && t->sharing)
        release(t);
    return status;
}

void ws_trainer_unshare(struct ws_trainer *trainer)
{
    struct ws_trainer *t = trainer;
    if (!t->sharing)
        return;
    if (t->sharing->team->member == 0)
        ws_team_say(t->sharing->team, WS_TEAM_LEAVE);
    release(t);
}

/* The numbers that a training has come to go from the leader's device to the helpers'. */
static void tell_numbers(struct ws_trainer *t, const struct ws_team *team)
{
    float *const blocks[] = {ws_network_parameters(t->network), t->first, t->second};
    float *piece = (float *)(void *)t->piece;
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (size_t at = 0, count; at < t->size; at += count) {
            count = t->size - at < WS_STATE_PIECE ? t->size - at : WS_STATE_PIECE;
            if (team->member == 0) {
                t->ops->read(t->device, piece, blocks[b] + at, count * sizeof *piece);
                (void)!t->ops->check(t->device, NULL); /* asked for when members meet */
            }
            team->tell(team->user, piece, count * sizeof *piece);
            if (team->member > 0)
                t->ops->write(t->device, blocks[b] + at, piece, count * sizeof *piece);
        }
}

/* The leader ----------------------------------------------------------------------------------- */

static void tell_task(const struct ws_trainer *t, const struct ws_team *team)
{
    struct task task = {
        .settings = t->settings,
        .description = t->description,
        .key = t->key,
        .examples = t->examples.count,
        .tokens = ws_example_start(&t->examples, t->examples.count),
        .parameters = t->size,
        .step = t->step,
    };
    task.settings.micro_batch = t->micro_batch;
    task.settings.steps = t->steps;
    task.settings.patience = 0;
    task.settings.keep_best = false;
    ws_team_say(team, WS_TEAM_TRAIN);
    team->tell(team->user, &task, sizeof task);
}

/* They are told, not asked: the others' arrays are what changes. */
static void tell_examples(const struct ws_trainer *t, const struct ws_team *team)
{
    const uint64_t tokens = ws_example_start(&t->examples, t->examples.count);
    team->tell(team->user, (void *)(uintptr_t)t->examples.ends,
               t->examples.count * sizeof(uint64_t));
    team->tell(team->user, (void *)(uintptr_t)t->examples.tokens, tokens * sizeof(uint32_t));
    team->tell(team->user, (void *)(uintptr_t)t->examples.targets, tokens * sizeof(uint32_t));
}

enum ws_status ws_trainer_share(struct ws_trainer *trainer, const struct ws_team *team,
                                struct ws_error *err)
{
    struct ws_trainer *t = trainer;
    if (team->count == 1 || t->parts == 1 || ws_trainer_done(t))
        return WS_OK;
    tell_task(t, team);
    WS_TRY(ws_team_meet(team, WS_OK, 0, err));
    tell_examples(t, team);
    WS_TRY(join(t, team, WS_OK, err));
    tell_numbers(t, team);
    return WS_OK;
}

/* Helpers -------------------------------------------------------------------------------------- */

/* What a helper works with. */
struct help {
    const struct ws_team *team;
    struct ws_arena arena;
    struct task task;
    uint64_t *ends;
    uint32_t *tokens, *targets;
    float *parameters; /* to open a trainer with, before the numbers come */
    struct ws_device *device;
    struct ws_trainer *trainer;
};

static enum ws_status take_room(struct help *h, struct ws_error *err)
{
    h->ends = WS_ARENA_NEW(&h->arena, uint64_t, h->task.examples);
    h->tokens = WS_ARENA_NEW(&h->arena, uint32_t, h->task.tokens);
    h->targets = WS_ARENA_NEW(&h->arena, uint32_t, h->task.tokens);
    h->parameters = WS_ARENA_ZNEW(&h->arena, float, h->task.parameters);
    return h->ends && h->tokens && h->targets && h->parameters
               ? WS_OK
               : ws_fail_memory(err, "the examples of a training");
}

static void hear_examples(const struct help *h)
{
    h->team->tell(h->team->user, h->ends, h->task.examples * sizeof *h->ends);
    h->team->tell(h->team->user, h->tokens, h->task.tokens * sizeof *h->tokens);
    h->team->tell(h->team->user, h->targets, h->task.tokens * sizeof *h->targets);
}

static enum ws_status open_trainer(struct help *h, const struct ws_device_choice *device,
                                   unsigned threads, struct ws_error *err)
{
    const struct ws_allocator *allocator = h->arena.allocator;
    const struct ws_examples examples = {h->task.examples, h->ends, h->tokens, h->targets};
    WS_TRY(ws_device_open(device, threads, allocator, &h->device, err));
    return ws_trainer_open(&h->task.settings, h->device, &h->task.description, h->parameters,
                           &examples, NULL, h->task.key, allocator, &h->trainer, err);
}

/* A member that failed still comes to the first round of the step, and says so. */
static enum ws_status refuse(struct ws_trainer *t, enum ws_status status, struct ws_error *err)
{
    double unheard = 0;
    return ws_trainer_settle(t, 0, 0, status, 0, &unheard, err);
}

static void take_steps(struct help *h, struct ws_error *err)
{
    enum ws_status status = WS_OK;
    h->trainer->step = h->task.step;
    tell_numbers(h->trainer, h->team);
    while (ws_team_hear(h->team) == WS_TEAM_STEP)
        status =
            status == WS_OK ? ws_trainer_step(h->trainer, err) : refuse(h->trainer, status, err);
}

void ws_trainer_assist(const struct ws_team *team, const struct ws_device_choice *device,
                       unsigned threads, const struct ws_allocator *allocator)
{
    struct help h = {.team = team};
    struct ws_error error;
    ws_arena_init(&h.arena, allocator);
    team->tell(team->user, &h.task, sizeof h.task);
    enum ws_status status = take_room(&h, &error);
    if (ws_team_meet(team, status, 0, &error) == WS_OK) {
        hear_examples(&h);
        status = open_trainer(&h, device, threads, &error);
        if (join(h.trainer, team, status, &error) == WS_OK)
            take_steps(&h, &error);
        ws_trainer_close(h.trainer);
        if (h.device)
            h.device->ops->close(h.device);
    }
    ws_arena_release(&h.arena);
}
