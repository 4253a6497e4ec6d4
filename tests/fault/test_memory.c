/*
 * Memory runs out at every allocation of a small run, once or from then on, in our heap or in
 * jansson's: the status is WS_NO_MEMORY, nothing leaks, and the same work with memory then ends in
 * the bytes of a run that never failed.
 *
 * One thread, so that allocation n is always the same one. jansson is asked ten times as often as
 * we are, for the same things again and again: of its allocations each is tried at thorough effort.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "lab/export.h"
#include "lab/run.h"
#include "support/effort.h"
#include "support/failing_jansson.h"

/* Of the allocations that are refused; for good is much the same again. */
static long stride_of(bool jansson, bool for_good)
{
    const size_t one_in = jansson ? by_effort(17, 5, 1) : by_effort(3, 1, 1);
    return (for_good ? 11 : 1) * (long)one_in;
}

/* Places --------------------------------------------------------------------------------------- */

static char place[64];

static char *path_in(struct ws_arena *arena, const char *directory, const char *name)
{
    char *path = ws_arena_format(arena, "%s/%s", directory, name);
    assert_non_null(path);
    return path;
}

static int make_place(void **state)
{
    (void)state;
    (void)snprintf(place, sizeof place, "%s/ws-memory-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(place))
        return -1;
    char corpus[80];
    (void)snprintf(corpus, sizeof corpus, "%s/corpus.txt", place);
    FILE *file = fopen(corpus, "w");
    for (unsigned i = 0; file && i < 400; i++)
        (void)fprintf(file, "w%u%s", i * i % 41, i % 10 == 9 ? ".\n" : " ");
    return file && fclose(file) == 0 ? 0 : -1;
}

static void remove_tree(const char *path)
{
    struct ws_arena arena;
    struct ws_names names;
    ws_arena_init(&arena, NULL);
    if (ws_directory_exists(path)) {
        assert_int_equal(ws_directory_list(path, &arena, &names, NULL), WS_OK);
        for (size_t i = 0; i < names.count; i++)
            remove_tree(path_in(&arena, path, names.items[i]));
        (void)rmdir(path);
    } else {
        (void)unlink(path);
    }
    ws_arena_release(&arena);
}

static int remove_place(void **state)
{
    (void)state;
    remove_tree(place);
    return 0;
}

/* The same files with the same bytes, but for times and machine. */
static void assert_same_tree(const char *a, const char *b)
{
    struct ws_arena arena;
    struct ws_names in_a, in_b;
    ws_arena_init(&arena, NULL);
    if (ws_directory_exists(a)) {
        assert_int_equal(ws_directory_list(a, &arena, &in_a, NULL), WS_OK);
        assert_int_equal(ws_directory_list(b, &arena, &in_b, NULL), WS_OK);
        assert_int_equal(in_a.count, in_b.count);
        for (size_t i = 0; i < in_a.count; i++) {
            const char *name = in_a.items[i];
            assert_string_equal(name, in_b.items[i]);
            if (strcmp(name, "run.json") != 0 && strcmp(name, "events.log") != 0)
                assert_same_tree(path_in(&arena, a, name), path_in(&arena, b, name));
        }
    } else {
        struct ws_bytes bytes_a, bytes_b;
        assert_int_equal(ws_file_read(a, SIZE_MAX, &arena, &bytes_a, NULL), WS_OK);
        assert_int_equal(ws_file_read(b, SIZE_MAX, &arena, &bytes_b, NULL), WS_OK);
        assert_int_equal(bytes_a.size, bytes_b.size);
        assert_memory_equal(bytes_a.data, bytes_b.data, bytes_a.size);
    }
    ws_arena_release(&arena);
}

/* The work ------------------------------------------------------------------------------------- */

static enum ws_status forget(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    (void)user;
    (void)bytes;
    (void)err;
    return WS_OK;
}

static enum ws_status export_all(const char *directory, enum ws_export_format first,
                                 const struct ws_allocator *allocator, struct ws_error *err)
{
    static const struct ws_export_target target = {.write = forget};
    for (int format = (int)first; format <= WS_EXPORT_PARQUET; format++) {
        WS_TRY(
            ws_export_records(directory, (enum ws_export_format)format, allocator, &target, err));
        WS_TRY(
            ws_export_summary(directory, (enum ws_export_format)format, allocator, &target, err));
    }
    return WS_OK;
}

static enum ws_status run(struct ws_experiment *experiment, const char *directory,
                          const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_human *human;
    WS_TRY(ws_experiment_open_human(experiment, allocator, &human, err));
    const struct ws_run_options options = {.directory = directory, .allocator = allocator};
    struct ws_run_result result;
    enum ws_status status = ws_run_execute(experiment, human, &options, &result, err);
    ws_arena_release(&result.arena);
    ws_human_close(human);
    return status;
}

/* An experiment in a directory. jansson is asked for memory so often that its turn is a smaller
 * one. */
struct job {
    const char *yaml;
    bool small;
    char directory[80];
};

static enum ws_status work(const struct job *job, const struct ws_allocator *allocator,
                           struct ws_error *err)
{
    char corpus[80];
    (void)snprintf(corpus, sizeof corpus, "%s/corpus.txt", place);
    struct ws_override overrides[8] = {{"threads", "1"}, {"checkpoint_seconds", "0"}};
    size_t count = 2;
    if (strstr(job->yaml, "source: text"))
        overrides[count++] = (struct ws_override){"corpus", corpus};
    if (job->small) {
        overrides[count++] = (struct ws_override){"seeds", "1"};
        overrides[count++] = (struct ws_override){"generations", "2"};
        overrides[count++] = (struct ws_override){"measure_every", "2"};
        overrides[count++] = (struct ws_override){"control", "false"};
    }
    struct ws_experiment experiment;
    enum ws_status status =
        ws_experiment_parse(ws_bytes_of_text(job->yaml), "memory", "memory.yaml", overrides, count,
                            allocator, &experiment, err);
    if (status != WS_OK)
        return status;
    jansson_reads = false; /* a new run only writes JSON */
    status = run(&experiment, job->directory, allocator, err);
    jansson_reads = true;
    if (status == WS_OK)
        status = export_all(job->directory, job->small ? WS_EXPORT_JSONL : WS_EXPORT_CSV, allocator,
                            err);
    ws_experiment_release(&experiment);
    return status;
}

/* Which allocations are refused, counted from 0; FAILING_HEAP_NEVER is none. */
struct refusal {
    long ours, jansson;
    bool for_good;
};

static struct failing_heap our_heap;
static const struct ws_allocator our_allocator = {failing_realloc, &our_heap};

static void refuse(struct refusal refusal)
{
    our_heap = (struct failing_heap){.countdown = refusal.ours, .for_good = refusal.for_good};
    jansson_heap =
        (struct failing_heap){.countdown = refusal.jansson, .for_good = refusal.for_good};
}

/* The work is refused memory and then done again, in the same directory. Whether it was. */
static bool fails_and_recovers(const char *yaml, bool small, struct refusal refusal,
                               const char *straight)
{
    struct job job = {.yaml = yaml, .small = small};
    struct ws_error err = {.message = ""};
    (void)snprintf(job.directory, sizeof job.directory, "%s/run", place);
    refuse(refusal);
    enum ws_status status = work(&job, &our_allocator, &err);
    bool refused = our_heap.failures + jansson_heap.failures > 0;
    bool clean = failing_heap_is_clean(&our_heap) && failing_heap_is_clean(&jansson_heap);
    /* What can do without, a batch of chains or a text that is read again, may succeed. */
    bool told = status == WS_NO_MEMORY && strstr(err.message, "out of memory");
    if (!clean || !(told || status == WS_OK) || (status != WS_OK && !refused))
        fail_msg("allocation %ld of ours or %ld of jansson's: %s, status %d, %s", refusal.ours,
                 refusal.jansson, clean ? "clean" : "leaks", (int)status, err.message);
    refuse((struct refusal){FAILING_HEAP_NEVER, FAILING_HEAP_NEVER, false});
    if (status != WS_OK && work(&job, &our_allocator, &err) != WS_OK)
        fail_msg("after allocation %ld of ours or %ld of jansson's: %s", refusal.ours,
                 refusal.jansson, err.message);
    assert_same_tree(straight, job.directory);
    remove_tree(job.directory);
    return refused;
}

/* Refuses every `stride`-th allocation of ours, or of jansson's, in its turn. */
static void exhaust(const char *yaml, bool jansson)
{
    struct job job = {.yaml = yaml, .small = jansson};
    struct ws_error err = {.message = ""};
    (void)snprintf(job.directory, sizeof job.directory, "%s/straight", place);
    remove_tree(job.directory); /* of a test that failed */
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    refuse((struct refusal){FAILING_HEAP_NEVER, FAILING_HEAP_NEVER, false});
    if (work(&job, &our_allocator, &err) != WS_OK)
        fail_msg("%s", err.message);
    long left = jansson ? jansson_heap.countdown : our_heap.countdown;
    long total = FAILING_HEAP_NEVER - left;
    assert_true(total > 50);
    for (int for_good = 0; for_good < 2; for_good++) {
        bool refused = true;
        long n = 0;
        for (; refused; n += stride_of(jansson, for_good)) {
            struct refusal refusal = {jansson ? FAILING_HEAP_NEVER : n,
                                      jansson ? n : FAILING_HEAP_NEVER, for_good};
            refused = fails_and_recovers(yaml, jansson, refusal, job.directory);
        }
        /* In which order a directory's names come decides of one or two. */
        assert_true(n > total - total / 20);
    }
    json_set_alloc_funcs(malloc, free);
    remove_tree(job.directory);
    print_message("%ld allocations of %s\n", total, jansson ? "jansson's" : "ours");
}

static void exhaust_both(const char *yaml)
{
    exhaust(yaml, false);
    exhaust(yaml, true);
}

static void memory__discrete_run_survives_every_failure(void **state)
{
    (void)state;
    exhaust_both(
        "family: discrete\nsource: zipf\ntypes: 8\nitems: 12\ntest_items: 6\n"
        "policies: [mix:0.4:0.3:0.3, accumulate]\ncontrol: false\ngenerations: 3\nseeds: 2\n"
        "measure_every: 2\n");
}

static void memory__gaussian_run_survives_every_failure(void **state)
{
    (void)state;
    exhaust_both("family: gaussian\ndimension: 2\nitems: 5\ntest_items: 3\n"
                 "policies: [fresh:0.4]\ncontrol: true\ngenerations: 2\nseeds: 3\n");
}

static void memory__density_runs_survive_every_failure(void **state)
{
    (void)state;
    exhaust_both("family: gmm\ndimension: 2\nitems: 5\ntest_items: 3\nstarts: 2\n"
                 "policies: [accumulate]\ncontrol: false\ngenerations: 3\nseeds: 1\n");
    exhaust_both("family: kde\ndimension: 2\nitems: 5\ntest_items: 3\nrule: scott\n"
                 "policies: [accumulate]\ncontrol: false\ngenerations: 3\nseeds: 1\n");
}

static void memory__ngram_run_survives_every_failure(void **state)
{
    (void)state;
    exhaust_both("family: ngram\norder: 2\nsource: text\nblock: 10\nitems: 6\ntest_items: 4\n"
                 "fresh_items: 6\npolicies: [fresh:0.5, accumulate-subsample]\ncontrol: false\n"
                 "generations: 2\nseeds: 1\nkeep_every: 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__discrete_run_survives_every_failure),
        cmocka_unit_test(memory__gaussian_run_survives_every_failure),
        cmocka_unit_test(memory__density_runs_survive_every_failure),
        cmocka_unit_test(memory__ngram_run_survives_every_failure),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
