#include "lab/run.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "lab/chain_files.h"
#include "lab/plan.h"
#include "lab/run_progress.h"
#include "lab/summarise.h"

enum {
    WAITING_TEXTS = 1 << 25, /* bytes a block keeps in memory before it saves them */
    TELL_SECONDS = 1,        /* between two records of how far the run is */
};

/* A block of chains that has something left to do. */
struct unit {
    const struct ws_arm *arm;
    uint64_t first_seed;
    size_t count;
    const uint32_t *steps; /* (count), that its chains go on with */
    uint32_t first_step;   /* the lowest of them */
    uint32_t last_step;    /* the highest */
    uint64_t work;         /* items left to handle */
};

struct runner {
    const struct ws_experiment *experiment;
    const struct ws_human *human;
    const struct ws_run_options *options;
    const struct ws_clock *clock;
    struct ws_run_result *result;
    struct ws_arena arena; /* paths and units */
    struct unit *units;
    size_t unit_count;
    size_t next_unit; /* atomic */
    unsigned threads;
    unsigned lanes; /* units at a time: one a thread, or one a GPU */
    struct ws_device_choice device;
    struct ws_team team; /* of ranks that share a block; count 0: there are none */
    const char *compute_class;
    bool stopped; /* this rank, or any other that rank 0 has heard of, was told to */
    bool is_new;  /* the directory had no run: no chain has a file */
    double begun;
    size_t units_left;     /* not finished; atomic */
    bool failed_fast;      /* a chain failed, and the others are to stop; atomic */
    pthread_mutex_t mutex; /* guards what follows, the result, events.log and the observer */
    struct ws_progress progress;
    struct ws_process_name process;
    double told; /* when others were last told of it */
};

static uint32_t generations(const struct runner *r)
{
    return (uint32_t)r->experiment->settings.generations;
}

static bool stop_asked(const struct runner *r)
{
    return __atomic_load_n(&r->failed_fast, __ATOMIC_RELAXED) ||
           (r->options->stop && __atomic_load_n(r->options->stop, __ATOMIC_RELAXED));
}

/* Whether this process writes what all ranks share. */
static bool leads(const struct runner *r)
{
    return !r->options->ranks || r->options->ranks->rank == 0;
}

static double elapsed(const struct runner *r)
{
    return r->clock->elapsed(r->clock->user) - r->begun;
}

/* Events and failures -------------------------------------------------------------------------- */

static enum ws_status log_event(struct runner *r, const char *text, struct ws_error *err)
{
    char time[32];
    ws_clock_text(r->clock->wall(r->clock->user), time);
    struct ws_arena arena;
    ws_arena_init(&arena, r->options->allocator);
    char *path = ws_run_path(&arena, r->options->directory, "events.log");
    char *line = ws_arena_format(&arena, "%s %s\n", time, text);
    uint64_t size = 0;
    enum ws_status status = path && line ? WS_OK : ws_fail_memory(err, "events.log");
    if (status == WS_OK && ws_file_exists(path))
        status = ws_file_size(path, &size, err);
    struct ws_append_file file = {.descriptor = -1};
    if (status == WS_OK)
        status = ws_append_open(&file, path, size, err);
    if (status == WS_OK)
        status = ws_append_write(&file, ws_bytes_of_text(line), path, err);
    ws_append_close(&file);
    ws_arena_release(&arena);
    return status;
}

static bool comes_before(const struct ws_failure *failure, const struct ws_arm *arm, uint64_t seed)
{
    return failure->arm < arm || (failure->arm == arm && failure->seed < seed);
}

/* Adds to the list, in order of arm and seed. The mutex is held. */
static void add_failure(struct runner *r, const struct ws_arm *arm, uint64_t seed,
                        const struct ws_error *error)
{
    r->result->failed++;
    r->progress.chains_done++;
    if (r->experiment->settings.fail_fast)
        __atomic_store_n(&r->failed_fast, true, __ATOMIC_RELAXED);
    struct ws_failure *failure = WS_ARENA_NEW(&r->result->arena, struct ws_failure, 1);
    if (!failure)
        return;
    struct ws_failure **link = &r->result->failures;
    while (*link && comes_before(*link, arm, seed))
        link = &(*link)->next;
    *failure = (struct ws_failure){arm, seed, *error, *link};
    *link = failure;
    char *text = ws_arena_format(&r->result->arena, "failed: arm %s seed %" PRIu64 ": %s",
                                 arm->name, seed, error->message);
    if (text && leads(r))
        (void)log_event(r, text, NULL); /* the failure itself is reported anyway */
}

static void report_failure(struct runner *r, const struct ws_arm *arm, uint64_t seed,
                           const struct ws_error *error)
{
    pthread_mutex_lock(&r->mutex);
    add_failure(r, arm, seed, error);
    pthread_mutex_unlock(&r->mutex);
}

/* One unit ------------------------------------------------------------------------------------- */

/* A unit at work. */
struct worker {
    struct runner *runner;
    const struct unit *unit;
    const struct ws_device_choice *device;
    const struct ws_team *team; /* that shares its fits, or NULL */
    struct ws_block block;
    uint32_t step;
    uint64_t noted;       /* work of this step that progress has heard of */
    double heard;         /* when it last heard */
    struct ws_pool *pool; /* to divide the block's chains among, or NULL */
    unsigned pool_threads;
    double stepped;      /* when the last step was noted */
    double step_seconds; /* how long it took */
    double saved;        /* when what is done was last made durable */
    double save_seconds; /* how long it took to store a draft, or to save, when it was done last */
};

static bool is_running(const struct ws_chain *chain)
{
    return chain->started && chain->status == WS_OK;
}

/* Tells whoever watches from outside, if it is time to. The mutex is held, or no thread works yet.
 */
static void tell_progress(struct runner *r, bool now)
{
    const struct ws_progress *p = &r->progress;
    if (!leads(r) || (!now && p->elapsed - r->told < TELL_SECONDS))
        return;
    r->told = p->elapsed;
    const struct ws_run_progress told = {
        .process = r->process,
        /* Of several ranks each would have to be told. */
        .stops = r->options->stops_on_signal && !r->options->ranks,
        .elapsed = p->elapsed,
        .work = p->work,
        .work_left = p->work_left,
        .chains = p->chains,
        .chains_done = p->chains_done,
        .arm = p->arm ? p->arm : "",
        .first_seed = p->first_seed,
        .seeds = p->seeds,
        .generation = p->generation,
    };
    (void)!ws_progress_write(r->options->directory, &told, NULL); /* the run is not for it */
}

/* `work` of the step is done by `now`, or the step is `taken`; `finished` chains are at their end.
 */
static void note_progress(struct worker *w, double now, uint64_t work, bool taken, size_t finished)
{
    struct runner *r = w->runner;
    uint64_t more = work > w->noted ? work - w->noted : 0;
    w->noted += more;
    pthread_mutex_lock(&r->mutex);
    struct ws_progress *p = &r->progress;
    p->work += more;
    p->work_left -= more < p->work_left ? more : p->work_left;
    p->chains_done += finished;
    p->elapsed = w->heard = now;
    p->arm = w->unit->arm->name;
    p->first_seed = w->unit->first_seed;
    p->seeds = w->unit->count;
    p->generation = w->step;
    p->taken = taken;
    tell_progress(r, false);
    if (r->options->progress)
        r->options->progress(r->options->user, p);
    pthread_mutex_unlock(&r->mutex);
}

/* Chains that are healthy and have begun. */
static size_t count_running(const struct worker *w)
{
    size_t running = 0;
    for (size_t c = 0; c < w->block.count; c++)
        running += is_running(&w->block.chains[c]);
    return running;
}

/* The step is taken. */
static void note_step(struct worker *w, double now, uint64_t work)
{
    note_progress(w, now, work, true, w->step + 1 == generations(w->runner) ? count_running(w) : 0);
    w->noted = 0;
    w->step_seconds = w->heard - w->stepped;
    w->stepped = w->heard;
}

/* Fails the chain for good and says so once. */
static void fail_chain(struct runner *r, struct ws_chain *chain, enum ws_status status)
{
    chain->status = status;
    chain->reported = true;
    report_failure(r, chain->arm, chain->seed, &chain->error);
}

/* Starts those chains that go on with this step. */
static void join_chains(struct worker *w)
{
    struct runner *r = w->runner;
    struct ws_block *block = &w->block;
    struct ws_arena arena;
    struct ws_chains_file file = {.path = NULL};
    struct ws_error error;
    enum ws_status opened = WS_OK;
    ws_arena_init(&arena, r->options->allocator);
    for (size_t c = 0; c < block->count; c++) {
        struct ws_chain *chain = &block->chains[c];
        if (w->unit->steps[c] != w->step)
            continue;
        if (w->step > 0 && opened == WS_OK && !file.path) {
            const struct ws_block_place place = ws_block_place(r->options->directory, r->experiment,
                                                               block->arm, w->unit->first_seed);
            opened = ws_chain_files_open(&place, &arena, &file, &error);
        }
        enum ws_status status = opened;
        if (status != WS_OK)
            chain->error = error;
        else
            status = ws_chain_start(block, chain, &chain->error);
        if (status == WS_OK && w->step > 0)
            status = ws_chain_files_load(r->options->directory, block, c, &file, &chain->error);
        if (status != WS_OK)
            fail_chain(r, chain, status);
    }
    ws_chains_file_close(&file);
    ws_arena_release(&arena);
}

/* Removes what unfinished replacements of a killed process left in `path`. */
static enum ws_status remove_unfinished(const char *path, struct ws_arena *arena,
                                        struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(path, arena, &names, err));
    for (size_t i = 0; i < names.count; i++) {
        if (!strstr(names.items[i], WS_FILE_DRAFT))
            continue;
        char *unfinished = ws_run_path(arena, path, names.items[i]);
        if (!unfinished)
            return ws_fail_memory(err, "the run directory");
        (void)unlink(unfinished); /* one that stays does no harm */
    }
    return WS_OK;
}

/* The chain's model with the data's tokenizer, as a directory that other programs read. Before the
 * checkpoint, so that a chain that is saved has it. */
static enum ws_status export_model(const struct runner *r, const struct ws_chain *chain,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer = ws_human_tokenizer(r->human);
    ws_arena_init(&arena, r->options->allocator);
    char *path = ws_arena_format(&arena, "%s/models/%s/seed-%" PRIu64 "/generation-%" PRIu32,
                                 r->options->directory, chain->arm->directory, chain->seed,
                                 chain->next_step - 1);
    enum ws_status status = path ? WS_OK : ws_fail_memory(err, "a model's directory");
    if (status == WS_OK && ws_directory_exists(path))
        status = remove_unfinished(path, &arena, err);
    if (status == WS_OK)
        status = chain->model->ops->export(chain->model, path, &arena, err);
    if (status == WS_OK && tokenizer)
        status = ws_tokenizer_save(tokenizer, path, err);
    ws_arena_release(&arena);
    return status;
}

static void export_models(struct runner *r, struct ws_block *block)
{
    if (!r->experiment->settings.keep_models || !r->experiment->family->export)
        return;
    for (size_t c = 0; c < block->count; c++) {
        struct ws_chain *chain = &block->chains[c];
        if (!is_running(chain))
            continue;
        enum ws_status status = export_model(r, chain, &chain->error);
        if (status != WS_OK)
            fail_chain(r, chain, status);
    }
}

static void save_block(struct worker *w, bool keep)
{
    struct ws_error error;
    double begun = elapsed(w->runner);
    enum ws_status status =
        ws_chain_files_save(w->runner->options->directory, &w->block, keep, &error);
    for (size_t c = 0; status != WS_OK && c < w->block.count; c++) {
        struct ws_chain *chain = &w->block.chains[c];
        if (!is_running(chain))
            continue;
        chain->error = error;
        fail_chain(w->runner, chain, status);
    }
    w->saved = elapsed(w->runner);
    w->save_seconds = w->saved - begun;
}

/* Drafts: what a step has half done --------------------------------------------------------------
 */

/* What is large takes a while to write: of the time, a twentieth at most. */
enum { SAVE_SHARE = 20 };

static bool draft_is_due(void *user, const struct ws_chain *chain, double done, double work)
{
    struct worker *w = user;
    (void)chain;
    double now = elapsed(w->runner);
    note_progress(w, now, (uint64_t)work, false, 0);
    double limit = w->runner->experiment->settings.checkpoint_seconds;
    if (stop_asked(w->runner) || limit == 0)
        return true;
    if (done >= 1) /* what is whole is not half done again for want of a little time */
        limit /= 4;
    return now - w->saved >= limit && now - w->saved >= SAVE_SHARE * w->save_seconds;
}

/* The draft is of the step after the checkpoint, so the chain is saved first. */
static enum ws_status store_draft(void *user, struct ws_chain *chain, enum ws_phase phase,
                                  struct ws_bytes bytes, struct ws_error *err)
{
    struct worker *w = user;
    const char *directory = w->runner->options->directory;
    double begun = elapsed(w->runner);
    if (chain->next_step != chain->saved_step)
        WS_TRY(ws_chain_files_save(directory, &w->block, false, err));
    WS_TRY(ws_chain_files_save_draft(directory, chain, phase, bytes, err));
    w->saved = elapsed(w->runner);
    w->save_seconds = w->saved - begun;
    if (stop_asked(w->runner))
        return ws_fail(err, WS_INTERRUPTED, "stopped inside generation %" PRIu32, w->step);
    return WS_OK;
}

static enum ws_status load_draft(void *user, const struct ws_chain *chain, enum ws_phase phase,
                                 struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err)
{
    const struct worker *w = user;
    *out = (struct ws_bytes){0};
    if (w->runner->is_new || w->step != w->unit->first_step)
        return WS_OK;
    return ws_chain_files_load_draft(w->runner->options->directory, chain, phase, arena, out, err);
}

/* Steps -----------------------------------------------------------------------------------------*/

static const double DIVIDED_SECONDS = 0.002;

/* Threads for the work inside a unit: few large chains use all, many use one each. */
static unsigned threads_inside(struct runner *r)
{
    size_t units = __atomic_load_n(&r->units_left, __ATOMIC_RELAXED);
    size_t running = units < r->lanes ? units : r->lanes;
    return running >= r->threads ? 1 : (unsigned)(r->threads / running);
}

/* Reports the chains that this step broke. They are saved as they were before it, so that what they
 * leave does not depend on when they were last saved. A draft that is of the broken step stays. */
static void report_broken(struct worker *w)
{
    (void)!ws_chain_files_save(w->runner->options->directory, &w->block, false, NULL);
    for (size_t c = 0; c < w->block.count; c++) {
        struct ws_chain *chain = &w->block.chains[c];
        if (chain->status != WS_OK && !chain->reported)
            fail_chain(w->runner, chain, chain->status);
    }
}

/* A block after a step. */
struct tally {
    size_t running;
    size_t left;    /* chains that run, or wait for their step */
    size_t stopped; /* healthy ones that were told to stop inside the step */
    size_t broken;  /* by the step */
};

static struct tally take_tally(const struct worker *w)
{
    struct tally tally = {0};
    for (size_t c = 0; c < w->block.count; c++) {
        const struct ws_chain *chain = &w->block.chains[c];
        const uint32_t first = w->unit->steps[c];
        const bool running = is_running(chain);
        tally.running += running;
        tally.left += running || (first > w->step && first < generations(w->runner));
        tally.stopped += running && chain->next_step == w->step;
        tally.broken += chain->status != WS_OK && !chain->reported;
    }
    return tally;
}

/* The pool for so many threads, or NULL where the block's chains are not worth dividing: few of
 * them, or steps that end before other threads are awake. A step is judged by the one before it. */
static struct ws_pool *step_pool(struct worker *w, unsigned threads)
{
    if (threads == 1 || w->block.count == 1 || w->step_seconds < DIVIDED_SECONDS || w->team)
        return NULL;
    if (w->pool_threads != threads) {
        ws_pool_free(w->pool);
        w->pool = NULL;
        w->pool_threads = threads;
        (void)!ws_pool_new(threads, w->runner->options->allocator, &w->pool, NULL);
    }
    return w->pool;
}

/* Shorter steps are not told of. */
#define TOLD_STEP_SECONDS 0.5

/* A line of events.log about a long step. */
static void log_step(struct worker *w, const struct ws_step_times *times, double seconds)
{
    struct runner *r = w->runner;
    struct ws_arena arena;
    if (seconds < TOLD_STEP_SECONDS || !leads(r))
        return;
    ws_arena_init(&arena, r->options->allocator);
    char *text = ws_arena_format(
        &arena,
        "arm %s seed %" PRIu64 " generation %" PRIu32
        ": output %.2f s, fit %.2f s, sample %.2f s, metrics %.2f s, rest %.2f s",
        w->unit->arm->name, w->unit->first_seed, w->step, times->phases[WS_PHASE_OUTPUT],
        times->phases[WS_PHASE_FIT], times->phases[WS_PHASE_SAMPLE], times->metrics,
        seconds - times->phases[WS_PHASE_OUTPUT] - times->phases[WS_PHASE_FIT] -
            times->phases[WS_PHASE_SAMPLE] - times->metrics);
    pthread_mutex_lock(&r->mutex);
    if (text)
        (void)log_event(r, text, NULL); /* for people: nothing is lost without it */
    pthread_mutex_unlock(&r->mutex);
    ws_arena_release(&arena);
}

/* How many took the step. */
static size_t step_chains(struct worker *w, struct ws_step_times *times)
{
    const unsigned threads = threads_inside(w->runner);
    const struct ws_step_support support = {
        .threads = threads,
        .pool = step_pool(w, threads),
        .device = w->device,
        .times = times,
        .team = w->team,
        .user = w,
        .load = load_draft,
        .due = draft_is_due,
        .store = store_draft,
    };
    return ws_block_step(&w->block, w->step, &support);
}

/* Bytes of texts in memory. */
static size_t waiting_texts(const struct ws_block *block)
{
    size_t waiting = 0;
    for (size_t c = 0; c < block->count; c++)
        waiting += block->chains[c].texts.size;
    return waiting;
}

/* Whether enough is at risk to save it: work since the last time, or texts that measuring left. */
static bool save_is_due(const struct worker *w, double now)
{
    const struct ws_experiment_settings *settings = &w->runner->experiment->settings;
    double limit = settings->checkpoint_seconds;
    double since = now - w->saved;
    return limit == 0 || (since >= limit && since >= SAVE_SHARE * w->save_seconds) ||
           (w->step % settings->measure_every == 0 && waiting_texts(&w->block) >= WAITING_TEXTS);
}

static void run_block(struct worker *w)
{
    struct runner *r = w->runner;
    const struct ws_experiment_settings *settings = &r->experiment->settings;
    const uint32_t part_steps = ws_part_steps(r->experiment, w->unit->arm);
    w->saved = w->stepped = elapsed(r);
    for (w->step = w->unit->first_step; w->step < generations(r); w->step++) {
        if (stop_asked(r)) {
            save_block(w, false);
            return;
        }
        if (w->step <= w->unit->last_step)
            join_chains(w);
        struct ws_step_times times = {.clock = r->clock};
        const bool all = step_chains(w, &times) == w->block.count;
        const struct tally tally =
            all ? (struct tally){.running = w->block.count, .left = w->block.count} : take_tally(w);
        if (tally.broken > 0)
            report_broken(w);
        if (tally.left == 0)
            return;
        if (tally.stopped > 0) { /* its draft is stored */
            save_block(w, false);
            return;
        }
        bool last = w->step + 1 == generations(r);
        bool keep = settings->keep_every > 0 && w->step % settings->keep_every == 0;
        bool part_ends = (w->step + 1) % part_steps == 0;
        if (last || keep)
            export_models(r, &w->block);
        double now = elapsed(r);
        if (last || keep || part_ends || save_is_due(w, now)) {
            save_block(w, keep);
            now = w->saved;
        }
        log_step(w, &times, now - w->stepped);
        note_step(w, now,
                  tally.running *
                      ws_chain_work(r->experiment, w->unit->arm, &w->block.plan, w->step));
    }
}

static void run_unit(struct runner *r, const struct unit *unit,
                     const struct ws_device_choice *device)
{
    struct worker worker = {
        .runner = r, .unit = unit, .device = device, .team = r->team.count > 1 ? &r->team : NULL};
    struct ws_error error;
    if (!stop_asked(r)) {
        if (ws_block_init(&worker.block, r->experiment, r->human, unit->arm, unit->first_seed,
                          unit->count, r->options->allocator, &error) == WS_OK) {
            run_block(&worker);
            ws_pool_free(worker.pool);
            ws_block_release(&worker.block);
        } else {
            for (size_t c = 0; c < unit->count; c++)
                if (unit->steps[c] < generations(r))
                    report_failure(r, unit->arm, unit->first_seed + c, &error);
        }
    }
    (void)__atomic_sub_fetch(&r->units_left, 1, __ATOMIC_RELAXED);
}

/* One unit after another, on a GPU of its own where there are GPUs. */
static void run_lane(void *context, size_t lane)
{
    struct runner *r = context;
    struct ws_device_choice device = r->device;
    if (device.count > 0) {
        device.number += (unsigned)lane;
        device.count = 1;
    }
    for (;;) {
        size_t next = __atomic_fetch_add(&r->next_unit, 1, __ATOMIC_RELAXED);
        if (next >= r->unit_count)
            return;
        run_unit(r, &r->units[next], &device);
    }
}

/* Scheduling ----------------------------------------------------------------------------------- */

static enum ws_status work_from(const struct runner *r, const struct ws_arm *arm,
                                uint32_t first_step, uint64_t *out, struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    struct ws_step plan = {0};
    uint64_t work = 0;
    for (uint32_t step = 0; step < generations(r); step++) {
        struct ws_step before = plan;
        WS_TRY(
            ws_policy_step(&arm->policy, &e->growth, arm->data->items, step, &before, &plan, err));
        if (step >= first_step)
            work += ws_chain_work(e, arm, &plan, step);
    }
    *out = work;
    return WS_OK;
}

/* Of a chain from a step on. */
struct chain_work {
    const struct ws_arm *arm;
    uint32_t step;
    uint64_t work;
};

static int longest_first(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    if (x->arm != y->arm)
        return x->arm < y->arm ? -1 : 1;
    return x->first_seed < y->first_seed ? -1 : 1;
}

/* What the chains of a block still have to do. `known` is of a chain that was asked for before:
 * most are at the same step of the same arm. */
static enum ws_status add_work(struct runner *r, struct unit *unit, struct chain_work *known,
                               struct ws_error *err)
{
    for (size_t c = 0; c < unit->count; c++) {
        if (known->arm != unit->arm || known->step != unit->steps[c]) {
            WS_TRY(work_from(r, unit->arm, unit->steps[c], &known->work, err));
            known->arm = unit->arm;
            known->step = unit->steps[c];
        }
        unit->work += known->work;
    }
    r->progress.work_left += unit->work;
    return WS_OK;
}

/* Counts the chains that are complete, and makes a unit of the block if some are not. */
static enum ws_status add_unit(struct runner *r, struct unit unit, struct chain_work *known,
                               struct ws_error *err)
{
    size_t complete = 0;
    unit.first_step = UINT32_MAX;
    for (size_t c = 0; c < unit.count; c++) {
        if (unit.steps[c] < unit.first_step)
            unit.first_step = unit.steps[c];
        if (unit.steps[c] > unit.last_step)
            unit.last_step = unit.steps[c];
        if (unit.steps[c] >= generations(r))
            complete++;
        else
            r->result->resumed += unit.steps[c] > 0;
    }
    r->result->already_complete += complete;
    r->progress.chains_done += complete;
    if (complete == unit.count)
        return WS_OK;
    WS_TRY(add_work(r, &unit, known, err));
    r->units[r->unit_count++] = unit;
    return WS_OK;
}

static enum ws_status look_at_block(struct runner *r, const struct ws_arm *arm, uint64_t first_seed,
                                    size_t count, struct chain_work *known, struct ws_error *err)
{
    const char *directory = r->options->directory;
    struct ws_error error;
    uint32_t *steps = WS_ARENA_ZNEW(&r->arena, uint32_t, count);
    if (!steps)
        return ws_fail_memory(err, "the schedule");
    if (!r->is_new && ws_chain_files_steps(directory, r->experiment, arm, first_seed, count,
                                           r->options->allocator, steps, &error) != WS_OK) {
        for (size_t c = 0; c < count; c++)
            report_failure(r, arm, first_seed + c, &error);
        return WS_OK;
    }
    /* A kill between a last checkpoint and the removal of drafts leaves them. */
    if (count == 1 && steps[0] >= generations(r))
        ws_chain_files_drop_drafts(directory, arm, first_seed, r->options->allocator);
    return add_unit(
        r, (struct unit){.arm = arm, .first_seed = first_seed, .count = count, .steps = steps},
        known, err);
}

static uint64_t count_blocks(const struct ws_experiment *e)
{
    const uint64_t block = ws_block_size(e);
    return e->arm_count * ((e->settings.seeds + block - 1) / block);
}

/* Every block as a unit. */
static enum ws_status list_blocks(struct runner *r, struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    const uint64_t seeds = e->settings.seeds, block = ws_block_size(e);
    r->units = WS_ARENA_NEW(&r->arena, struct unit, count_blocks(e));
    if (!r->units)
        return ws_fail_memory(err, "the schedule");
    for (size_t a = 0; a < e->arm_count; a++)
        for (uint64_t seed = 1; seed <= seeds; seed += block) {
            uint64_t left = seeds - seed + 1;
            r->units[r->unit_count++] = (struct unit){
                .arm = &e->arms[a], .first_seed = seed, .count = left < block ? left : block};
        }
    return WS_OK;
}

/* Keeps this rank's blocks: the longest come first, and each goes to the rank that has least so
 * far. By what blocks are from their first step on, so that all ranks find the same without a word.
 */
static enum ws_status keep_own_blocks(struct runner *r, struct ws_error *err)
{
    const struct ws_ranks *ranks = r->options->ranks;
    uint64_t *loads = WS_ARENA_ZNEW(&r->arena, uint64_t, ranks->count);
    const struct ws_arm *arm = NULL;
    uint64_t work = 0;
    if (!loads)
        return ws_fail_memory(err, "the schedule");
    for (size_t i = 0; i < r->unit_count; i++) {
        if (r->units[i].arm != arm)
            WS_TRY(work_from(r, r->units[i].arm, 0, &work, err));
        arm = r->units[i].arm;
        r->units[i].work = work * r->units[i].count;
    }
    qsort(r->units, r->unit_count, sizeof *r->units, longest_first);
    size_t own = 0;
    for (size_t i = 0; i < r->unit_count; i++) {
        unsigned least = 0;
        for (unsigned rank = 1; rank < ranks->count; rank++)
            if (loads[rank] < loads[least])
                least = rank;
        loads[least] += r->units[i].work;
        if (least == ranks->rank)
            r->units[own++] = r->units[i];
    }
    r->unit_count = own;
    return WS_OK;
}

static enum ws_status make_units(struct runner *r, struct ws_error *err)
{
    WS_TRY(list_blocks(r, err));
    if (r->options->ranks)
        WS_TRY(keep_own_blocks(r, err));
    const size_t blocks = r->unit_count;
    struct chain_work known = {.arm = NULL};
    for (size_t i = 0; i < blocks; i++)
        r->progress.chains += r->units[i].count;
    r->unit_count = 0;
    for (size_t i = 0; i < blocks && !stop_asked(r); i++) {
        const struct unit block = r->units[i];
        WS_TRY(look_at_block(r, block.arm, block.first_seed, block.count, &known, err));
    }
    qsort(r->units, r->unit_count, sizeof *r->units, longest_first);
    return WS_OK;
}

/* The directory -------------------------------------------------------------------------------- */

/* A directory without run.json must be new, or one whose run was killed at its very start. */
static enum ws_status check_is_ours(const char *directory, struct ws_arena *arena,
                                    struct ws_error *err)
{
    static const char draft[] = "run.json" WS_FILE_DRAFT;
    struct ws_names names;
    WS_TRY(ws_directory_list(directory, arena, &names, err));
    for (size_t i = 0; i < names.count; i++)
        if (strcmp(names.items[i], "run.json") == 0)
            return WS_OK;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        if (strcmp(name, "lock") != 0 && strncmp(name, draft, strlen(draft)) != 0)
            return ws_fail(err, WS_CONFLICT,
                           "'%s' holds '%s' and no run.json; give a new directory with -o",
                           directory, name);
    }
    return WS_OK;
}

static enum ws_status check_compute_class(const struct runner *r,
                                          const struct ws_run_description *there,
                                          struct ws_error *err)
{
    if (r->options->allow_other_machine || strcmp(r->compute_class, there->compute_class) == 0)
        return WS_OK;
    return ws_fail(err, WS_CONFLICT,
                   "'%s' was begun on '%.150s', this is '%.150s': the last bits of results may "
                   "differ; --allow-other-machine goes on all the same",
                   r->options->directory, there->compute_class, r->compute_class);
}

/* Reads the run that is there, if any, and sets when it was begun. */
static enum ws_status meet_directory(struct runner *r, char started[32], struct ws_error *err)
{
    const char *directory = r->options->directory;
    struct ws_run_description there;
    enum ws_status status = ws_run_read(directory, &r->arena, &there, err);
    if (status == WS_NOT_FOUND) {
        r->is_new = true;
        return WS_OK;
    }
    if (status != WS_OK)
        return status;
    WS_TRY(ws_run_compare(&there, r->experiment, directory, err));
    WS_TRY(check_compute_class(r, &there, err));
    (void)snprintf(started, 32, "%s", there.started);
    return WS_OK;
}

/* So that tokens of the run can be read, and its models used. */
static enum ws_status save_tokenizer(struct runner *r, struct ws_error *err)
{
    const struct ws_tokenizer *tokenizer = ws_human_tokenizer(r->human);
    if (!tokenizer)
        return WS_OK;
    char *path = ws_run_path(&r->arena, r->options->directory, "tokenizer");
    if (!path)
        return ws_fail_memory(err, "the run directory");
    WS_TRY(ws_tokenizer_save(tokenizer, path, err));
    return remove_unfinished(path, &r->arena, err);
}

static enum ws_status make_arm_directories(struct runner *r, struct ws_error *err)
{
    WS_TRY(remove_unfinished(r->options->directory, &r->arena, err));
    for (size_t a = 0; a < r->experiment->arm_count; a++) {
        char *path = ws_arena_format(&r->arena, "%s/arms/%s", r->options->directory,
                                     r->experiment->arms[a].directory);
        if (!path)
            return ws_fail_memory(err, "the run directory");
        WS_TRY(ws_directory_make(path, err));
        WS_TRY(remove_unfinished(path, &r->arena, err));
    }
    return WS_OK;
}

static bool is_damaged(void *user, size_t arm, uint64_t first_seed)
{
    const struct runner *r = user;
    for (const struct ws_failure *f = r->result->failures; f; f = f->next)
        if (f->arm == &r->experiment->arms[arm] && f->seed == first_seed)
            return f->error.status == WS_CORRUPT || f->error.status == WS_UNSUPPORTED;
    return false;
}

/* What a summary needs to know of the run. */
static enum ws_status describe(struct runner *r, struct ws_run_description *out,
                               struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    *out = (struct ws_run_description){
        .generations = e->settings.generations,
        .seeds = e->settings.seeds,
        .block = ws_block_size(e),
        .arms = WS_ARENA_ZNEW(&r->arena, struct ws_run_arm, e->arm_count),
        .arm_count = e->arm_count,
    };
    if (!out->arms)
        return ws_fail_memory(err, "the summary");
    for (size_t a = 0; a < e->arm_count; a++) {
        out->arms[a].name = e->arms[a].name;
        out->arms[a].directory = e->arms[a].directory;
    }
    return WS_OK;
}

/* One that was made before is made anew unless nothing has changed since. */
static enum ws_status summarise(struct runner *r, struct ws_error *err)
{
    struct ws_run_description run;
    bool nothing_done = r->result->already_complete == r->result->chains;
    WS_TRY(describe(r, &run, err));
    r->result->summarised = nothing_done && ws_summary_is_of(r->options->directory, &run);
    if (r->result->summarised)
        return WS_OK;
    WS_TRY(ws_summary_make(r->options->directory, &run, r->options->allocator, is_damaged, r, err));
    r->result->summarised = true;
    return WS_OK;
}

/* A run that was begun goes on: what it needs, it had. */
static enum ws_status check_memory(struct runner *r, struct ws_error *err)
{
    struct ws_cost cost;
    char *begun = ws_run_path(&r->arena, r->options->directory, "run.json");
    if (!begun)
        return ws_fail_memory(err, "the run directory");
    if (ws_file_exists(begun))
        return WS_OK;
    WS_TRY(ws_plan_cost(r->experiment, r->human, &r->device, NULL, ws_processor_count(), &r->arena,
                        &cost, err));
    return ws_plan_check_memory(&cost, ws_memory_available(), err);
}

/* Work and end --------------------------------------------------------------------------------- */

static enum ws_status run_units(struct runner *r, struct ws_error *err)
{
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(r->lanes, r->options->allocator, &pool, err));
    r->units_left = r->unit_count;
    ws_pool_run(pool, r->lanes, run_lane, r);
    ws_pool_free(pool);
    return WS_OK;
}

static enum ws_status finish(struct runner *r, struct ws_run_state state, struct ws_error *err)
{
    bool stopped = r->stopped && r->progress.chains_done < r->result->chains;
    enum ws_status summed_up = stopped ? WS_OK : summarise(r, err);
    bool failed = r->result->failed > 0 || summed_up != WS_OK;
    char finished[32];
    ws_clock_text(r->clock->wall(r->clock->user), finished);
    state.state = stopped ? "stopped" : failed ? "failed" : "complete";
    state.finished = finished;
    if (summed_up != WS_OK) {
        /* What an earlier call summed up is of less than the records are. */
        char *summary = ws_run_path(&r->arena, r->options->directory, "summary");
        if (summary)
            (void)!ws_file_remove(summary, NULL);
        (void)!ws_run_write(r->options->directory, r->experiment, &state, NULL);
        (void)!log_event(r, "failed: no summary", NULL);
        return summed_up;
    }
    WS_TRY(ws_run_write(r->options->directory, r->experiment, &state, err));
    WS_TRY(log_event(r, state.state, err));
    if (stopped && !r->failed_fast)
        return ws_fail(err, WS_INTERRUPTED, "stopped; the same command goes on");
    const struct ws_failure *first = r->result->failures;
    if (first)
        return ws_fail(err, first->error.status, "arm '%s' seed %" PRIu64 ": %s", first->arm->name,
                       first->seed, first->error.message);
    return failed ? ws_fail_memory(err, "a chain") : WS_OK;
}

/* Ranks ---------------------------------------------------------------------------------------- */

enum { FAILURES_TOLD = 10000 }; /* by a rank, at most; it logs none itself */

/* What a rank has done, for rank 0. Both ends are the same program. */
static void write_report(const struct runner *r, struct ws_buffer *out)
{
    ws_buffer_u64(out, r->progress.chains_done);
    ws_buffer_u64(out, r->result->already_complete);
    ws_buffer_u64(out, r->result->resumed);
    ws_buffer_u64(out, r->result->failed);
    ws_buffer_u8(out, r->stopped);
    ws_buffer_u8(out, r->failed_fast);
    const struct ws_failure *f = r->result->failures;
    for (int told = 0; f && told < FAILURES_TOLD; told++, f = f->next) {
        ws_buffer_u64(out, (uint64_t)(f->arm - r->experiment->arms));
        ws_buffer_u64(out, f->seed);
        ws_buffer_u32(out, f->error.status);
        ws_buffer_append(out, f->error.message, strlen(f->error.message) + 1);
    }
}

static enum ws_status read_report(struct runner *r, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_reader reader;
    ws_reader_init(&reader, bytes);
    size_t done = ws_read_u64(&reader);
    r->result->already_complete += ws_read_u64(&reader);
    r->result->resumed += ws_read_u64(&reader);
    size_t failed = ws_read_u64(&reader);
    r->stopped |= ws_read_u8(&reader) != 0;
    r->failed_fast |= ws_read_u8(&reader) != 0;
    const size_t before = r->result->failed;
    while (reader.left > 0 && ws_reader_ok(&reader)) {
        const uint64_t arm = ws_read_u64(&reader), seed = ws_read_u64(&reader);
        struct ws_error error = {.status = (enum ws_status)ws_read_u32(&reader)};
        (void)snprintf(error.message, sizeof error.message, "%s", ws_read_text(&reader));
        if (ws_reader_ok(&reader) && arm < r->experiment->arm_count)
            report_failure(r, &r->experiment->arms[arm], seed, &error);
    }
    if (!ws_reader_at_end(&reader))
        return ws_fail(err, WS_CORRUPT, "a rank's report is damaged");
    r->progress.chains_done += done - (r->result->failed - before); /* those are counted */
    r->result->failed = before + failed;
    return WS_OK;
}

/* Rank 0 hears what the others did. */
static enum ws_status gather_reports(struct runner *r, struct ws_error *err)
{
    const struct ws_ranks *ranks = r->options->ranks;
    struct ws_buffer mine;
    struct ws_bytes *all = WS_ARENA_NEW(&r->arena, struct ws_bytes, ranks->count);
    ws_buffer_init(&mine, r->options->allocator, INT32_MAX);
    write_report(r, &mine);
    enum ws_status status = all ? ws_buffer_check(&mine, "what a rank did", err)
                                : ws_fail_memory(err, "what ranks did");
    status = ws_ranks_agree(ranks, status, r->options->allocator, err);
    if (status == WS_OK)
        status = ws_ranks_exchange(ranks, ws_buffer_bytes(&mine), &r->arena, all, err);
    for (unsigned rank = 1; ranks->rank == 0 && rank < ranks->count && status == WS_OK; rank++)
        status = read_report(r, all[rank], err);
    ws_buffer_release(&mine);
    return status;
}

/* Ranks that are more than the blocks help: with whose, follows from how blocks are kept, one by
 * each of the first ranks. */
static bool has_helpers(const struct runner *r)
{
    const struct ws_ranks *ranks = r->options->ranks;
    return ranks && ranks->form_team && r->experiment->family->assist &&
           count_blocks(r->experiment) < ranks->count;
}

static enum ws_status make_room_for_team(struct runner *r, struct ws_word **words,
                                         struct ws_error *err)
{
    *words =
        has_helpers(r) ? WS_ARENA_NEW(&r->arena, struct ws_word, r->options->ranks->count) : NULL;
    return *words || !has_helpers(r) ? WS_OK : ws_fail_memory(err, "a team");
}

static void form_team(struct runner *r, struct ws_word *words)
{
    const struct ws_ranks *ranks = r->options->ranks;
    if (!words || !ranks->form_team(ranks->user,
                                    ranks->rank % (unsigned)count_blocks(r->experiment), &r->team))
        return;
    r->team.words = words;
}

/* The GPUs of this machine are divided among its ranks, or shared where ranks are more. */
static void take_share_of_gpus(struct ws_device_choice *device, const struct ws_ranks *ranks)
{
    if (device->count == 0 || !ranks || ranks->locals < 2)
        return;
    const unsigned each = device->count / ranks->locals;
    device->number += each > 0 ? ranks->local * each : ranks->local % device->count;
    device->count = each > 0 ? each : 1;
}

/* The whole ------------------------------------------------------------------------------------ */

/* The directory is there and is ours; what all ranks share is written. */
static enum ws_status prepare(struct runner *r, struct ws_run_state *state, int *lock,
                              struct ws_error *err)
{
    const struct ws_experiment *e = r->experiment;
    const char *directory = r->options->directory;
    const char *lock_path = ws_run_path(&r->arena, directory, "lock");
    char *started = WS_ARENA_NEW(&r->arena, char, 32);
    if (!lock_path || !started)
        return ws_fail_memory(err, "the run directory");
    WS_TRY(check_memory(r, err));
    WS_TRY(ws_directory_make(directory, err));
    WS_TRY(check_is_ours(directory, &r->arena, err)); /* before a lock is left in it */
    WS_TRY(ws_lock_take(lock_path, lock, err));
    ws_progress_remove(directory); /* of one that was killed */
    ws_clock_text(r->clock->wall(r->clock->user), started);
    WS_TRY(meet_directory(r, started, err));
    *state = (struct ws_run_state){"running", started, "", r->threads, r->compute_class};
    WS_TRY(ws_run_write(directory, e, state, err));
    WS_TRY(make_arm_directories(r, err));
    WS_TRY(save_tokenizer(r, err));
    char *text = ws_arena_format(
        &r->arena, "started: %zu arms x %" PRIu64 " seeds x %" PRIu64 " generations, %u threads",
        e->arm_count, e->settings.seeds, e->settings.generations, r->threads);
    if (text && r->options->ranks)
        text = ws_arena_format(
            &r->arena, "%s on each of %u ranks%s", text, r->options->ranks->count,
            has_helpers(r) ? "; those without a block help where 'parts' is set" : "");
    if (!text)
        return ws_fail_memory(err, "events.log");
    WS_TRY(log_event(r, text, err));
    return r->options->ranks ? ws_lock_share(*lock, lock_path, err) : WS_OK;
}

static enum ws_status name_compute_class(struct runner *r, const struct ws_device *device,
                                         struct ws_error *err)
{
    struct ws_buffer class;
    ws_buffer_init(&class, r->options->allocator, 4096);
    ws_compute_class(device, &class);
    enum ws_status status = ws_buffer_check(&class, "the compute class", err);
    if (status == WS_OK)
        r->compute_class = ws_arena_text(&r->arena, ws_buffer_string(&class));
    ws_buffer_release(&class);
    WS_TRY(status);
    return r->compute_class ? WS_OK : ws_fail_memory(err, "the compute class");
}

/* What this process computes on. A GPU is opened to see whether it can be, and what it is. */
static enum ws_status choose_device(struct runner *r, struct ws_error *err)
{
    struct ws_device *device;
    if (r->experiment->family->computes)
        WS_TRY(ws_device_choose(&r->experiment->settings.device, r->options->cuda_module,
                                &r->device, err));
    if (r->device.count == 0)
        return name_compute_class(r, NULL, err);
    take_share_of_gpus(&r->device, r->options->ranks);
    r->lanes = r->device.count;
    WS_TRY(ws_device_open(&r->device, 1, r->options->allocator, &device, err));
    enum ws_status status = name_compute_class(r, device, err);
    device->ops->close(device);
    return status;
}

/* The other ranks, when rank 0 is through with that. */
static enum ws_status join_run(struct runner *r, int *lock, struct ws_error *err)
{
    struct ws_run_description there;
    const char *lock_path = ws_run_path(&r->arena, r->options->directory, "lock");
    if (!lock_path)
        return ws_fail_memory(err, "the run directory");
    WS_TRY(ws_lock_join(lock_path, lock, err));
    WS_TRY(ws_run_read(r->options->directory, &r->arena, &there, err));
    return check_compute_class(r, &there, err);
}

static enum ws_status work_on_blocks(struct runner *r, struct ws_error *err)
{
    WS_TRY(make_units(r, err));
    r->process = ws_process_name(&r->arena);
    r->progress.elapsed = elapsed(r);
    tell_progress(r, true);
    return run_units(r, err);
}

static enum ws_status work(struct runner *r, struct ws_error *err)
{
    const struct ws_job job = {.threads = r->threads, .device = &r->device, .team = &r->team};
    enum ws_status status = WS_OK;
    r->result->chains = r->experiment->arm_count * r->experiment->settings.seeds;
    if (r->options->begun)
        r->options->begun(r->options->user);
    if (r->team.member > 0)
        r->experiment->family->assist(&job, r->options->allocator);
    else
        status = work_on_blocks(r, err);
    if (r->team.count > 1 && r->team.member == 0)
        ws_team_say(&r->team, WS_TEAM_LEAVE);
    r->stopped = stop_asked(r);
    return status;
}

/* All ranks take part in whatever one of them takes part in, failed or not. */
static enum ws_status run_together(struct runner *r, int *lock, struct ws_error *err)
{
    const struct ws_ranks *ranks = r->options->ranks;
    const struct ws_allocator *allocator = r->options->allocator;
    struct ws_run_state state = {.state = NULL};
    struct ws_word *words = NULL;
    enum ws_status status = choose_device(r, err);
    if (status == WS_OK && leads(r))
        status = prepare(r, &state, lock, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    status = leads(r) ? WS_OK : join_run(r, lock, err);
    if (status == WS_OK)
        status = make_room_for_team(r, &words, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    form_team(r, words);
    status = work(r, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    if (ranks)
        WS_TRY(gather_reports(r, err));
    status = leads(r) ? finish(r, state, err) : WS_OK;
    return ws_ranks_agree(ranks, status, allocator, err);
}

enum ws_status ws_run_execute(const struct ws_experiment *experiment, const struct ws_human *human,
                              const struct ws_run_options *options, struct ws_run_result *result,
                              struct ws_error *err)
{
    struct ws_error unheard;
    struct runner r = {
        .experiment = experiment,
        .human = human,
        .options = options,
        .clock = options->clock ? options->clock : &ws_system_clock,
        .result = result,
        .threads = experiment->settings.threads ? (unsigned)experiment->settings.threads
                                                : ws_processor_count(),
    };
    *result = (struct ws_run_result){.chains = 0};
    ws_arena_init(&result->arena, options->allocator);
    ws_arena_init(&r.arena, options->allocator);
    r.lanes = r.threads;
    r.begun = r.clock->elapsed(r.clock->user);
    int lock = -1;
    pthread_mutex_init(&r.mutex, NULL);
    enum ws_status status = run_together(&r, &lock, err ? err : &unheard);
    pthread_mutex_destroy(&r.mutex);
    if (leads(&r) && lock >= 0)
        ws_progress_remove(options->directory);
    ws_lock_drop(lock);
    ws_arena_release(&r.arena);
    return status;
}
