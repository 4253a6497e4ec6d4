#include "lab/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "lab/chain.h"
#include "lab/plan.h"
#include "lab/run_internal.h"
#include "lab/summarise.h"

enum { TELL_SECONDS = 1 }; /* between two records of how far the run is */

/* Events and failures -------------------------------------------------------------------------- */

enum ws_status ws_run_log_event(struct ws_runner *r, const char *text, struct ws_error *err)
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
static void add_failure(struct ws_runner *r, const struct ws_arm *arm, uint64_t seed,
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
    if (text && ws_runner_leads(r))
        (void)ws_run_log_event(r, text, NULL); /* the failure itself is reported anyway */
}

void ws_run_report_failure(struct ws_runner *r, const struct ws_arm *arm, uint64_t seed,
                           const struct ws_error *error)
{
    pthread_mutex_lock(&r->mutex);
    add_failure(r, arm, seed, error);
    pthread_mutex_unlock(&r->mutex);
}

void ws_run_tell_progress(struct ws_runner *r, bool now)
{
    const struct ws_progress *p = &r->progress;
    if (!ws_runner_leads(r) || (!now && p->elapsed - r->told < TELL_SECONDS))
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

enum ws_status ws_run_remove_unfinished(const char *path, struct ws_arena *arena,
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

static enum ws_status check_compute_class(const struct ws_runner *r,
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
static enum ws_status meet_directory(struct ws_runner *r, char started[32], struct ws_error *err)
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
static enum ws_status save_tokenizer(struct ws_runner *r, struct ws_error *err)
{
    const struct ws_tokenizer *tokenizer = ws_human_tokenizer(r->human);
    if (!tokenizer)
        return WS_OK;
    char *path = ws_run_path(&r->arena, r->options->directory, "tokenizer");
    if (!path)
        return ws_fail_memory(err, "the run directory");
    WS_TRY(ws_tokenizer_save(tokenizer, path, err));
    return ws_run_remove_unfinished(path, &r->arena, err);
}

static const char *arm_path(struct ws_runner *r, size_t arm)
{
    return ws_arena_format(&r->arena, "%s/arms/%s", r->options->directory,
                           r->experiment->arms[arm].directory);
}

static enum ws_status make_arm_directories(struct ws_runner *r, struct ws_error *err)
{
    WS_TRY(ws_run_remove_unfinished(r->options->directory, &r->arena, err));
    for (size_t a = 0; a < r->experiment->arm_count; a++) {
        const char *path = arm_path(r, a);
        if (!path)
            return ws_fail_memory(err, "the run directory");
        WS_TRY(ws_directory_make(path, err));
        WS_TRY(ws_run_remove_unfinished(path, &r->arena, err));
    }
    return WS_OK;
}

static bool is_damaged(void *user, size_t arm, uint64_t first_seed)
{
    const struct ws_runner *r = user;
    for (const struct ws_failure *f = r->result->failures; f; f = f->next)
        if (f->arm == &r->experiment->arms[arm] && f->seed == first_seed)
            return f->error.status == WS_CORRUPT || f->error.status == WS_UNSUPPORTED;
    return false;
}

/* What a summary needs to know of the run. */
static enum ws_status describe(struct ws_runner *r, struct ws_run_description *out,
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
static enum ws_status summarise(struct ws_runner *r, struct ws_error *err)
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
static enum ws_status check_memory(struct ws_runner *r, struct ws_error *err)
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

/* So that what says that the run is complete is not durable before its checkpoints are. */
static enum ws_status sync_arms(struct ws_runner *r, struct ws_error *err)
{
    for (size_t a = 0; a < r->experiment->arm_count; a++) {
        const char *path = arm_path(r, a);
        if (!path)
            return ws_fail_memory(err, "the run directory");
        WS_TRY(ws_directory_sync(path, err));
    }
    return WS_OK;
}

static enum ws_status run_units(struct ws_runner *r, struct ws_error *err)
{
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(r->lanes, r->options->allocator, &pool, err));
    r->units_left = r->unit_count;
    ws_pool_run(pool, r->lanes, ws_run_lane, r);
    ws_pool_free(pool);
    return WS_OK;
}

static enum ws_status finish(struct ws_runner *r, struct ws_run_state state, struct ws_error *err)
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
        (void)!ws_run_log_event(r, "failed: no summary", NULL);
        return summed_up;
    }
    WS_TRY(ws_run_write(r->options->directory, r->experiment, &state, err));
    WS_TRY(ws_run_log_event(r, state.state, err));
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
static void write_report(const struct ws_runner *r, struct ws_buffer *out)
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

static enum ws_status read_report(struct ws_runner *r, struct ws_bytes bytes, struct ws_error *err)
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
            ws_run_report_failure(r, &r->experiment->arms[arm], seed, &error);
    }
    if (!ws_reader_at_end(&reader))
        return ws_fail(err, WS_CORRUPT, "a rank's report is damaged");
    r->progress.chains_done += done - (r->result->failed - before); /* those are counted */
    r->result->failed = before + failed;
    return WS_OK;
}

/* Rank 0 hears what the others did. */
static enum ws_status gather_reports(struct ws_runner *r, struct ws_error *err)
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
static bool has_helpers(const struct ws_runner *r)
{
    const struct ws_ranks *ranks = r->options->ranks;
    return ranks && ranks->form_team && r->experiment->family->assist &&
           ws_run_count_blocks(r->experiment) < ranks->count;
}

static enum ws_status make_room_for_team(struct ws_runner *r, struct ws_word **words,
                                         struct ws_error *err)
{
    *words =
        has_helpers(r) ? WS_ARENA_NEW(&r->arena, struct ws_word, r->options->ranks->count) : NULL;
    return *words || !has_helpers(r) ? WS_OK : ws_fail_memory(err, "a team");
}

static void form_team(struct ws_runner *r, struct ws_word *words)
{
    const struct ws_ranks *ranks = r->options->ranks;
    if (!words ||
        !ranks->form_team(ranks->user, ranks->rank % (unsigned)ws_run_count_blocks(r->experiment),
                          &r->team))
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
static enum ws_status prepare(struct ws_runner *r, struct ws_run_state *state, int *lock,
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
    WS_TRY(ws_run_log_event(r, text, err));
    return r->options->ranks ? ws_lock_share(*lock, lock_path, err) : WS_OK;
}

static enum ws_status name_compute_class(struct ws_runner *r, const struct ws_device *device,
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
static enum ws_status choose_device(struct ws_runner *r, struct ws_error *err)
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
static enum ws_status join_run(struct ws_runner *r, int *lock, struct ws_error *err)
{
    struct ws_run_description there;
    const char *lock_path = ws_run_path(&r->arena, r->options->directory, "lock");
    if (!lock_path)
        return ws_fail_memory(err, "the run directory");
    WS_TRY(ws_lock_join(lock_path, lock, err));
    WS_TRY(ws_run_read(r->options->directory, &r->arena, &there, err));
    return check_compute_class(r, &there, err);
}

static enum ws_status work_on_blocks(struct ws_runner *r, struct ws_error *err)
{
    WS_TRY(ws_run_make_units(r, err));
    r->process = ws_process_name(&r->arena);
    r->progress.elapsed = ws_runner_elapsed(r);
    ws_run_tell_progress(r, true);
    WS_TRY(run_units(r, err));
    return sync_arms(r, err);
}

static enum ws_status work(struct ws_runner *r, struct ws_error *err)
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
    r->stopped = ws_runner_stop_asked(r);
    return status;
}

/* All ranks take part in whatever one of them takes part in, failed or not. */
static enum ws_status run_together(struct ws_runner *r, int *lock, struct ws_error *err)
{
    const struct ws_ranks *ranks = r->options->ranks;
    const struct ws_allocator *allocator = r->options->allocator;
    struct ws_run_state state = {.state = NULL};
    struct ws_word *words = NULL;
    enum ws_status status = choose_device(r, err);
    if (status == WS_OK && ws_runner_leads(r))
        status = prepare(r, &state, lock, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    status = ws_runner_leads(r) ? WS_OK : join_run(r, lock, err);
    if (status == WS_OK)
        status = make_room_for_team(r, &words, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    form_team(r, words);
    status = work(r, err);
    WS_TRY(ws_ranks_agree(ranks, status, allocator, err));
    if (ranks)
        WS_TRY(gather_reports(r, err));
    status = ws_runner_leads(r) ? finish(r, state, err) : WS_OK;
    return ws_ranks_agree(ranks, status, allocator, err);
}

enum ws_status ws_run_execute(const struct ws_experiment *experiment, const struct ws_human *human,
                              const struct ws_run_options *options, struct ws_run_result *result,
                              struct ws_error *err)
{
    struct ws_error unheard;
    struct ws_runner r = {
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
    if (ws_runner_leads(&r) && lock >= 0)
        ws_progress_remove(options->directory);
    ws_lock_drop(lock);
    ws_arena_release(&r.arena);
    return status;
}
