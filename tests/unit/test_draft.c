/*
 * Drafts: long work inside a step is stored while it goes on, and taken up where it was; what is of
 * other work, or damaged, is as if it were not there.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/checkpoint.h"
#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"

#define SETTINGS                                                                                   \
    "policies: [replace, accumulate]\ngenerations: 3\nseeds: 2\nthreads: 2\ncheckpoint_seconds: "  \
    "0\n"

/* A family that counts to PARTS before it answers, for every fit and every sample: 2 arms and the
 * control, 2 seeds, 3 fits and 3 samples for metrics; and 2 samples for all but the control. */
enum { PARTS = 5, PHASES = 3 * 2 * (3 + 3) + 2 * 2 * 2 };

static unsigned parts_made; /* of all calls, atomic */
static unsigned stop_after; /* parts; 0: never */
static volatile sig_atomic_t stopped;
static unsigned threads_seen; /* the most that a call was given */
static bool vanishes;         /* stopping is a fault, as if the process had died */

/* Of a clock that stands still but for parts and drafts, in runs of one thread. */
static bool has_clock;
static double now, part_seconds, draft_seconds;
static uint64_t draft_size; /* as the family says; 0: as it is */
static unsigned drafts_made;

static uint32_t parts_of(struct ws_bytes stored)
{
    return stored.size == 4 ? load32_le(stored.data) : 0;
}

static enum ws_status count(const struct ws_job *job, struct ws_error *err)
{
    const struct ws_draft *draft = job->draft;
    if (job->threads > __atomic_load_n(&threads_seen, __ATOMIC_RELAXED))
        __atomic_store_n(&threads_seen, job->threads, __ATOMIC_RELAXED);
    for (uint32_t parts = parts_of(draft->stored); parts < PARTS;) {
        unsigned made = __atomic_add_fetch(&parts_made, 1, __ATOMIC_RELAXED);
        uint8_t bytes[4];
        store32_le(bytes, ++parts);
        bool stops = stop_after > 0 && made == stop_after;
        if (stops && vanishes)
            return ws_fail(err, WS_IO, "the lights went out");
        if (stops)
            __atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
        if (has_clock)
            now += part_seconds;
        if (!draft->due(draft->user, (double)parts / PARTS,
                        draft_size > 0 ? draft_size : sizeof bytes))
            continue;
        if (has_clock) {
            now += draft_seconds;
            drafts_made++;
        }
        WS_TRY(draft->store(draft->user, ws_bytes_of(bytes, sizeof bytes), err));
    }
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    WS_TRY(count(job, err));
    return ws_family_ngram.fit(settings, chains, data, init, job, arena, models, err);
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    WS_TRY(count(job, err));
    return ws_family_ngram.sample(chains, models, counts, keys, job, arena, out, err);
}

struct fixture {
    struct laboratory lab;
    struct ws_family_ops slow;
    struct place straight, place;
};

static enum ws_status run(struct fixture *f, const struct place *place, struct ws_error *err)
{
    const struct ws_run_options options = {.directory = place->path, .stop = &stopped};
    struct ws_run_result result;
    stopped = 0;
    enum ws_status status =
        ws_run_execute(&f->lab.experiment, f->lab.human, &options, &result, err);
    ws_arena_release(&result.arena);
    return status;
}

/* A run that nothing stopped in f->straight, and a place for one that is. */
static void set_up(struct fixture *f, const char *settings)
{
    struct ws_error err = {.message = ""};
    if (!laboratory_open(&f->lab, laboratory_texts[2], settings, NULL, &err))
        fail_msg("%s", err.message);
    f->slow = ws_family_ngram;
    f->slow.fit = fit;
    f->slow.sample = sample;
    f->slow.keeps_first = true;
    f->lab.experiment.family = &f->slow;
    new_place(&f->straight);
    new_place(&f->place);
    parts_made = stop_after = threads_seen = 0;
    vanishes = false;
    if (run(f, &f->straight, &err) != WS_OK)
        fail_msg("%s", err.message);
    parts_made = 0;
}

static void tear_down(struct fixture *f)
{
    remove_place(&f->straight);
    remove_place(&f->place);
    laboratory_close(&f->lab);
}

static void draft__stopped_again_and_again_no_work_is_done_twice(void **state)
{
    (void)state;
    struct fixture f;
    struct ws_error err;
    set_up(&f, SETTINGS);
    enum ws_status status = WS_INTERRUPTED;
    unsigned runs = 0;
    for (; status == WS_INTERRUPTED; runs++) {
        stop_after = parts_made + 7;
        status = run(&f, &f.place, &err);
    }
    assert_int_equal(status, WS_OK);
    assert_true(runs > 5);
    assert_int_equal(parts_made, PHASES * PARTS);
    assert_same_run(&f.straight, &f.place);
    tear_down(&f);
}

/* As after a kill: nothing is said, and what was stored last counts. */
static void draft__of_a_process_that_died_is_taken_up(void **state)
{
    (void)state;
    struct fixture f;
    struct ws_error err;
    set_up(&f, SETTINGS "control: false\n");
    vanishes = true;
    enum ws_status status = WS_IO;
    unsigned deaths = 0;
    for (; status == WS_IO && deaths < 200; deaths++) {
        stop_after = parts_made + 8;
        status = run(&f, &f.place, &err);
    }
    assert_int_equal(status, WS_OK);
    assert_true(deaths > 5);
    /* Only what was between two drafts is done again. */
    assert_int_equal(parts_made, (PHASES - 12) * PARTS + deaths - 1);
    assert_same_run(&f.straight, &f.place);
    tear_down(&f);
}

/* Stops a run inside the fit of a generation; the draft's path. */
static char *stop_inside(struct fixture *f, struct ws_arena *arena, const char *name)
{
    struct ws_error err;
    stop_after = 3 * PARTS - 1; /* fit, sample and output are done but for one part */
    assert_int_equal(run(f, &f->place, &err), WS_INTERRUPTED);
    char *path = join(arena, f->place.path, name);
    assert_true(ws_file_exists(path));
    return path;
}

static void draft__of_other_work_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    static const char one_chain[] =
        "policies: [replace]\ncontrol: false\ngenerations: 3\nseeds: 1\n"
        "threads: 2\ncheckpoint_seconds: 0\n";
    static const char output[] = "arms/replace/seed-1.output.draft";
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (int turn = 0; turn < 5; turn++) {
        struct fixture f;
        struct ws_error err;
        set_up(&f, one_chain);
        char *path = stop_inside(&f, &arena, output);
        struct ws_bytes bytes = contents(&arena, path);
        struct ws_stored_draft draft;
        assert_int_equal(ws_stored_draft_open(bytes, &draft, NULL), WS_OK);
        assert_int_equal(draft.step, 1);
        assert_int_equal(draft.phase, WS_PHASE_OUTPUT);
        assert_int_equal(parts_of(draft.bytes), PARTS - 1);
        /* One that fits in all but one thing. */
        draft.step += turn == 0;
        draft.phase = turn == 1 ? WS_PHASE_FIT : draft.phase;
        draft.arm_key += turn == 2;
        draft.seed += turn == 3;
        uint8_t header[WS_DRAFT_HEADER_SIZE];
        struct ws_hash hash;
        struct ws_buffer changed;
        assert_int_equal(ws_stored_draft_frame(&draft, header, &hash, NULL), WS_OK);
        ws_buffer_init(&changed, NULL, 1 << 10);
        ws_buffer_append(&changed, header, sizeof header);
        ws_buffer_append(&changed, draft.bytes.data, draft.bytes.size);
        ws_buffer_append(&changed, hash.bytes, WS_HASH_SIZE);
        if (turn == 4)
            changed.data[WS_DRAFT_HEADER_SIZE] ^= 1;
        assert_int_equal(ws_file_replace(path, ws_buffer_bytes(&changed), NULL), WS_OK);
        ws_buffer_release(&changed);
        unsigned before = parts_made;
        stop_after = 0;
        assert_int_equal(run(&f, &f.place, &err), WS_OK);
        /* The whole of the output is made again: 8 phases less the two before it. */
        assert_int_equal(parts_made - before, 6 * PARTS);
        assert_same_run(&f.straight, &f.place);
        tear_down(&f);
    }
    ws_arena_release(&arena);
}

static void draft__none_is_left_when_a_run_is_complete(void **state)
{
    (void)state;
    struct fixture f;
    struct ws_error err;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    set_up(&f, SETTINGS);
    assert_int_equal(run(&f, &f.place, &err), WS_OK);
    /* What a kill between the last checkpoint and the removal would leave. */
    char *path = join(&arena, f.place.path, "arms/accumulate/seed-2.sample.draft");
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text("old"), NULL), WS_OK);
    assert_int_equal(run(&f, &f.place, &err), WS_OK);
    assert_false(ws_file_exists(path));
    assert_same_run(&f.straight, &f.place);
    ws_arena_release(&arena);
    tear_down(&f);
}

static double read_clock(void *user)
{
    (void)user;
    return now;
}

/* How many drafts of `size` bytes, each the work of `making` seconds, a run stores that has five
 * phases of five parts of 4 s: fit and sample, then output, fit and sample. */
static unsigned count_drafts(uint64_t size, double making)
{
    static const char one_chain[] =
        "policies: [replace]\ncontrol: false\ngenerations: 2\nseeds: 1\nthreads: 1\n"
        "checkpoint_seconds: 5\n";
    const struct ws_clock clock = {read_clock, read_clock, NULL};
    struct fixture f;
    struct ws_run_result result;
    struct ws_error err;
    set_up(&f, one_chain);
    const struct ws_run_options options = {.directory = f.place.path, .clock = &clock};
    has_clock = true;
    now = 0;
    part_seconds = 4;
    draft_seconds = making;
    draft_size = size;
    drafts_made = 0;
    assert_int_equal(ws_run_execute(&f.lab.experiment, f.lab.human, &options, &result, &err),
                     WS_OK);
    ws_arena_release(&result.arena);
    assert_same_run(&f.straight, &f.place);
    tear_down(&f);
    has_clock = false;
    draft_size = 0;
    return drafts_made;
}

static void draft__storing_takes_a_twentieth_of_the_time_at_most(void **state)
{
    (void)state;
    /* 5 s are at risk: after every other part, and when a phase is done. */
    assert_int_equal(count_drafts(4, 0), 5 * 3);
    /* 5 s each, expected: the next would be due after 100 s, where the run ends. */
    assert_int_equal(count_drafts(1000000000, 0), 0);
    /* What making them takes counts: 20 s apart in each phase that has stored one. */
    assert_int_equal(count_drafts(4, 1), 5);
}

static void draft__work_gets_the_threads_that_chains_leave(void **state)
{
    (void)state;
    static const char one_chain[] =
        "policies: [replace]\ncontrol: false\ngenerations: 2\nseeds: 1\nthreads: 7\n";
    static const char seven_chains[] =
        "policies: [replace]\ncontrol: false\ngenerations: 1\nseeds: 7\nthreads: 3\n";
    struct fixture f;
    set_up(&f, one_chain);
    assert_int_equal(threads_seen, 7);
    tear_down(&f);
    set_up(&f, seven_chains); /* the last one alone may have all */
    assert_in_range(threads_seen, 1, 3);
    tear_down(&f);
}

/* Bytes ---------------------------------------------------------------------------------------- */

static void draft__no_byte_can_change_unseen(void **state)
{
    (void)state;
    const struct ws_stored_draft draft = {0x1234, 7, 3, WS_PHASE_FIT,
                                          ws_bytes_of_text("half done")};
    uint8_t bytes[WS_DRAFT_HEADER_SIZE + 9 + WS_HASH_SIZE];
    struct ws_hash hash;
    struct ws_stored_draft read;
    assert_int_equal(ws_stored_draft_frame(&draft, bytes, &hash, NULL), WS_OK);
    memcpy(bytes + WS_DRAFT_HEADER_SIZE, draft.bytes.data, 9);
    memcpy(bytes + WS_DRAFT_HEADER_SIZE + 9, hash.bytes, WS_HASH_SIZE);
    assert_int_equal(ws_stored_draft_open(ws_bytes_of(bytes, sizeof bytes), &read, NULL), WS_OK);
    assert_true(read.arm_key == 0x1234 && read.seed == 7 && read.step == 3);
    assert_int_equal(read.phase, WS_PHASE_FIT);
    assert_int_equal(read.bytes.size, 9);
    assert_memory_equal(read.bytes.data, "half done", 9);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        assert_int_equal(ws_stored_draft_open(ws_bytes_of(bytes, sizeof bytes), &read, NULL),
                         WS_CORRUPT);
        bytes[i] ^= 1;
        assert_int_equal(ws_stored_draft_open(ws_bytes_of(bytes, i), &read, NULL), WS_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draft__stopped_again_and_again_no_work_is_done_twice),
        cmocka_unit_test(draft__of_a_process_that_died_is_taken_up),
        cmocka_unit_test(draft__of_other_work_is_as_if_it_were_not_there),
        cmocka_unit_test(draft__none_is_left_when_a_run_is_complete),
        cmocka_unit_test(draft__storing_takes_a_twentieth_of_the_time_at_most),
        cmocka_unit_test(draft__work_gets_the_threads_that_chains_leave),
        cmocka_unit_test(draft__no_byte_can_change_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
