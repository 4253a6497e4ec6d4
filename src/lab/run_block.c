/* A block of chains at work: step by step to its end, saved as it goes, drafts inside a step. */
#include <inttypes.h>
#include <math.h>

#include "base/pool.h"
#include "lab/chain_files.h"
#include "lab/run_internal.h"

enum { WAITING_TEXTS = 1 << 25 }; /* bytes a block keeps in memory before it saves them */

/* A unit at work. */
struct worker {
    struct ws_runner *runner;
    const struct ws_unit *unit;
    const struct ws_device_choice *device;
    const struct ws_team *team; /* that shares its fits, or NULL */
    struct ws_block block;
    uint32_t step;
    uint64_t noted;       /* work of this step that progress has heard of */
    double heard;         /* when it last heard */
    struct ws_pool *pool; /* to divide the block's chains among, or NULL */
    unsigned pool_threads;
    double stepped;      /* when the last step was over that was timed */
    double step_seconds; /* how long it took, or each of those before it that were not */
    unsigned untimed;    /* steps since then */
    double saved;        /* when what is done was last made durable */
    double save_seconds; /* how long the last save took */
    double draft_asked;  /* when a draft was last found to be due */
    double draft_seconds[WS_PHASE_COUNT]; /* how long it took to make and store the last; 0: none */
};

static bool is_running(const struct ws_chain *chain)
{
    return chain->started && chain->status == WS_OK;
}

/* `work` of the step is done by `now`, or the step is `taken`; `finished` chains are at their end.
 */
static void note_progress(struct worker *w, double now, uint64_t work, bool taken, size_t finished)
{
    struct ws_runner *r = w->runner;
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
    ws_run_tell_progress(r, false);
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

enum { UNTIMED_STEPS = 15 };
static const double UNTIMED_SECONDS = 0.001;

/* To look at the clock takes as long as a chain's share of a short step, so it is looked at once
 * for some of those: before so many or so much time went by. */
static bool is_timed(const struct worker *w)
{
    const struct ws_experiment_settings *settings = &w->runner->experiment->settings;
    return w->step == w->unit->first_step || w->step % settings->measure_every == 0 ||
           settings->checkpoint_seconds == 0 || w->untimed == UNTIMED_STEPS ||
           (w->untimed + 1) * w->step_seconds > UNTIMED_SECONDS;
}

/* The step is taken. */
static void note_step(struct worker *w, bool timed, double now, uint64_t work)
{
    note_progress(w, now, work, true,
                  w->step + 1 == ws_runner_generations(w->runner) ? count_running(w) : 0);
    w->noted = 0;
    w->untimed++;
    if (!timed)
        return;
    w->step_seconds = (w->heard - w->stepped) / w->untimed;
    w->stepped = w->heard;
    w->untimed = 0;
}

/* Fails the chain for good and says so once. */
static void fail_chain(struct ws_runner *r, struct ws_chain *chain, enum ws_status status)
{
    chain->status = status;
    chain->reported = true;
    ws_run_report_failure(r, chain->arm, chain->seed, &chain->error);
}

/* Starts those chains that go on with this step. */
static void join_chains(struct worker *w)
{
    struct ws_runner *r = w->runner;
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

/* The chain's model with the data's tokenizer, as a directory that other programs read. Before the
 * checkpoint, so that a chain that is saved has it. */
static enum ws_status export_model(const struct ws_runner *r, const struct ws_chain *chain,
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
        status = ws_run_remove_unfinished(path, &arena, err);
    if (status == WS_OK)
        status = chain->model->ops->export(chain->model, path, &arena, err);
    if (status == WS_OK && tokenizer)
        status = ws_tokenizer_save(tokenizer, path, err);
    ws_arena_release(&arena);
    return status;
}

static void export_models(struct ws_runner *r, struct ws_block *block)
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
    double begun = ws_runner_elapsed(w->runner);
    enum ws_status status =
        ws_chain_files_save(w->runner->options->directory, &w->block, keep, &error);
    for (size_t c = 0; status != WS_OK && c < w->block.count; c++) {
        struct ws_chain *chain = &w->block.chains[c];
        if (!is_running(chain))
            continue;
        chain->error = error;
        fail_chain(w->runner, chain, status);
    }
    w->saved = ws_runner_elapsed(w->runner);
    w->save_seconds = w->saved - begun;
}

/* Drafts: what a step has half done --------------------------------------------------------------
 */

/* What is large takes a while to write: of the time, a twentieth at most. */
enum { SAVE_SHARE = 20 };

/* Bytes a second at which a draft is taken from a device, hashed twice and written to a disk that
 * is not the fastest, until one was stored. */
#define DRAFT_RATE 2e8

/* A draft is of the step after the checkpoint, so the chain is saved first. */
static bool wants_saving(const struct ws_chain *chain)
{
    return chain->next_step != chain->saved_step;
}

/* How long storing it takes, likely. */
static double seconds_of(const struct worker *w, const struct ws_draft_moment *moment)
{
    const double last = w->draft_seconds[moment->phase];
    return (last > 0 ? last : (double)moment->size / DRAFT_RATE) +
           (wants_saving(moment->chain) ? w->save_seconds : 0);
}

static bool draft_is_due(void *user, const struct ws_draft_moment *moment)
{
    struct worker *w = user;
    double now = ws_runner_elapsed(w->runner);
    note_progress(w, now, (uint64_t)moment->work, false, 0);
    double limit = w->runner->experiment->settings.checkpoint_seconds;
    const bool told = ws_runner_stop_asked(w->runner) || limit == 0;
    if (moment->done >= 1) /* what is whole is not half done again for want of a little time */
        limit /= 4;
    limit = fmax(limit, SAVE_SHARE * seconds_of(w, moment));
    const bool due = told || now - w->saved >= limit;
    if (due)
        w->draft_asked = now;
    return due;
}

static enum ws_status store_draft(void *user, struct ws_chain *chain, enum ws_phase phase,
                                  struct ws_bytes bytes, struct ws_error *err)
{
    struct worker *w = user;
    const char *directory = w->runner->options->directory;
    double saving = 0;
    if (wants_saving(chain)) {
        const double begun = ws_runner_elapsed(w->runner);
        WS_TRY(ws_chain_files_save(directory, &w->block, false, err));
        w->save_seconds = saving = ws_runner_elapsed(w->runner) - begun;
    }
    WS_TRY(ws_chain_files_save_draft(directory, chain, phase, bytes, err));
    w->saved = ws_runner_elapsed(w->runner);
    w->draft_seconds[phase] = w->saved - w->draft_asked - saving;
    if (ws_runner_stop_asked(w->runner))
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
static unsigned threads_inside(struct ws_runner *r)
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
        tally.left += running || (first > w->step && first < ws_runner_generations(w->runner));
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
static void log_step(struct worker *w, const struct ws_step_times *times, double saving,
                     double seconds)
{
    struct ws_runner *r = w->runner;
    struct ws_arena arena;
    if (seconds < TOLD_STEP_SECONDS || !ws_runner_leads(r))
        return;
    ws_arena_init(&arena, r->options->allocator);
    char *text = ws_arena_format(
        &arena,
        "arm %s seed %" PRIu64 " generation %" PRIu32
        ": output %.2f s, fit %.2f s, sample %.2f s, metrics %.2f s, saving %.2f s, rest %.2f s; "
        "of these %.2f s to the fit's first step, %.2f s after its last, %.2f s for drafts",
        w->unit->arm->name, w->unit->first_seed, w->step, times->phases[WS_PHASE_OUTPUT],
        times->phases[WS_PHASE_FIT], times->phases[WS_PHASE_SAMPLE], times->metrics, saving,
        seconds - times->phases[WS_PHASE_OUTPUT] - times->phases[WS_PHASE_FIT] -
            times->phases[WS_PHASE_SAMPLE] - times->metrics - saving,
        times->fit_begins, times->fit_ends, times->drafts);
    pthread_mutex_lock(&r->mutex);
    if (text)
        (void)ws_run_log_event(r, text, NULL); /* for people: nothing is lost without it */
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
        .samples = w->runner->options->samples,
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
    struct ws_runner *r = w->runner;
    const struct ws_experiment_settings *settings = &r->experiment->settings;
    const uint32_t part_steps = ws_part_steps(r->experiment, w->unit->arm);
    w->saved = w->stepped = ws_runner_elapsed(r);
    for (w->step = w->unit->first_step; w->step < ws_runner_generations(r); w->step++) {
        if (ws_runner_stop_asked(r)) {
            save_block(w, false);
            return;
        }
        double begun = w->stepped;
        if (w->step <= w->unit->last_step) {
            join_chains(w);
            begun = ws_runner_elapsed(r);
        }
        const bool timed = is_timed(w);
        struct ws_step_times times = {.clock = r->clock, .noted = r->begun + begun};
        const bool all = step_chains(w, timed ? &times : NULL) == w->block.count;
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
        bool last = w->step + 1 == ws_runner_generations(r);
        bool keep = settings->keep_every > 0 && w->step % settings->keep_every == 0;
        bool part_ends = (w->step + 1) % part_steps == 0;
        if (last || keep)
            export_models(r, &w->block);
        double now = timed ? ws_runner_elapsed(r) : w->stepped, saving = 0;
        if (last || keep || part_ends || save_is_due(w, now)) {
            save_block(w, keep);
            saving = w->save_seconds;
            now = w->saved;
        }
        if (timed)
            log_step(w, &times, saving, now - w->stepped);
        note_step(w, timed, now,
                  tally.running *
                      ws_chain_work(r->experiment, w->unit->arm, &w->block.plan, w->step));
    }
}

static void run_unit(struct ws_runner *r, const struct ws_unit *unit,
                     const struct ws_device_choice *device)
{
    struct worker worker = {
        .runner = r, .unit = unit, .device = device, .team = r->team.count > 1 ? &r->team : NULL};
    struct ws_error error;
    if (!ws_runner_stop_asked(r)) {
        if (ws_block_init(&worker.block, r->experiment, r->human, unit->arm, unit->first_seed,
                          unit->count, r->options->allocator, &error) == WS_OK) {
            run_block(&worker);
            ws_pool_free(worker.pool);
            ws_block_release(&worker.block);
        } else {
            for (size_t c = 0; c < unit->count; c++)
                if (unit->steps[c] < ws_runner_generations(r))
                    ws_run_report_failure(r, unit->arm, unit->first_seed + c, &error);
        }
    }
    (void)__atomic_sub_fetch(&r->units_left, 1, __ATOMIC_RELAXED);
}

void ws_run_lane(void *context, size_t lane)
{
    struct ws_runner *r = context;
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
