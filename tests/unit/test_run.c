/*
 * Runs in a directory: whatever the threads, stops, resumes and raises, the same bytes; damage and
 * strangers are told by name, and what is whole goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/laboratory.h"
#include "support/place.h"

#define SETTINGS                                                                                   \
    "policies: [replace, mix:0.5:0.25:0.25, accumulate, fresh:0.1]\ngenerations: 4\nseeds: 3\n"    \
    "threads: 2\n"

enum { ARMS = 5, GENERATIONS = 4, RUN_SEEDS = 3, CHAINS = ARMS * RUN_SEEDS };

/* Running -------------------------------------------------------------------------------------- */

/* How a run went. */
struct went {
    enum ws_status status;
    struct ws_error error;
    size_t resumed, already_complete, failed;
    char failures[600]; /* "arm seed: message\n" for each */
};

static struct went run_with(const struct laboratory *lab, const struct ws_run_options *options)
{
    struct went went = {.error = {.message = ""}};
    struct ws_run_result result;
    went.status = ws_run_execute(&lab->experiment, lab->human, options, &result, &went.error);
    went.resumed = result.resumed;
    went.already_complete = result.already_complete;
    went.failed = result.failed;
    size_t size = 0;
    for (const struct ws_failure *f = result.failures; f && size < sizeof went.failures;
         f = f->next)
        size += (size_t)snprintf(went.failures + size, sizeof went.failures - size, "%s %d: %s\n",
                                 f->arm->name, (int)f->seed, f->error.message);
    ws_arena_release(&result.arena);
    return went;
}

static struct went run(const struct laboratory *lab, const struct place *place)
{
    return run_with(lab, &(struct ws_run_options){.directory = place->path});
}

static void run_well(const struct laboratory *lab, const struct place *place)
{
    struct went went = run(lab, place);
    if (went.status != WS_OK)
        fail_msg("%s", went.error.message);
}

static void open_laboratory(struct laboratory *lab, size_t family, const char *settings)
{
    struct ws_error err = {.message = ""};
    if (!laboratory_open(lab, laboratory_texts[family], settings, NULL, &err))
        fail_msg("%s", err.message);
}

static void set(struct laboratory *lab, uint64_t generations, uint64_t seeds)
{
    lab->experiment.settings.generations = generations;
    lab->experiment.settings.seeds = seeds;
}

static struct ws_run_description described(struct ws_arena *arena, const struct place *place)
{
    struct ws_run_description run_json;
    struct ws_error err;
    if (ws_run_read(place->path, arena, &run_json, &err) != WS_OK)
        fail_msg("%s", err.message);
    return run_json;
}

static void assert_state(const struct place *place, const char *expected)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_string_equal(described(&arena, place).state, expected);
    ws_arena_release(&arena);
}

/* Time that a test sets. */
static double test_time(void *user)
{
    return *(double *)user;
}

/* The order of records ------------------------------------------------------------------- */

struct order {
    const struct ws_experiment *experiment;
    size_t arm;
    uint64_t seed;
    uint32_t generation;
    int metric; /* -1: the mix, and the loss curve behind it */
    size_t models;
};

/* Of a histogram too: "perplexity_histogram/3.162". */
static int metric_number(const char *name)
{
    size_t size = strcspn(name, "/");
    for (int i = 0; i < WS_METRIC_COUNT; i++) {
        const char *known = ws_metric((enum ws_metric_id)i)->name;
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return i;
    }
    return -1;
}

/* The mix, and a histogram, have several records. */
static bool has_several(int metric)
{
    return metric < 0 || ws_metric_is_histogram((enum ws_metric_id)metric);
}

static enum ws_status check_order(void *user, const struct ws_record *record, struct ws_error *err)
{
    (void)err;
    struct order *order = user;
    int metric = metric_number(record->metric);
    assert_true(metric >= 0 || strncmp(record->metric, "mix/", 4) == 0 ||
                strncmp(record->metric, "training_loss/", 14) == 0);
    bool same_model = order->models > 0 && record->place.generation == order->generation &&
                      record->place.seed == order->seed &&
                      strcmp(record->place.arm, order->experiment->arms[order->arm].name) == 0;
    if (same_model) {
        assert_true(metric > order->metric || (metric == order->metric && has_several(metric)));
    } else {
        /* The next in (arm, seed, generation) order, and its mix first. */
        size_t n = order->models++;
        order->arm = n / ((size_t)RUN_SEEDS * GENERATIONS);
        order->seed = n / GENERATIONS % RUN_SEEDS + 1;
        order->generation = (uint32_t)(n % GENERATIONS);
        assert_string_equal(record->place.arm, order->experiment->arms[order->arm].name);
        assert_int_equal(record->place.seed, order->seed);
        assert_int_equal(record->place.generation, order->generation);
        assert_int_equal(metric, -1);
    }
    order->metric = metric;
    return WS_OK;
}

static void run__its_metrics_lie_in_order(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place place;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&place);
        run_well(&lab, &place);
        assert_state(&place, "complete");
        struct order order = {.experiment = &lab.experiment};
        assert_int_equal(ws_results_visit(place.path, NULL, check_order, &order, NULL), WS_OK);
        assert_int_equal(order.models, CHAINS * GENERATIONS);
        remove_place(&place);
        laboratory_close(&lab);
    }
}

/* Same bytes ------------------------------------------------------------------------------------
 */

static void run__any_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place alone;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&alone);
        lab.experiment.settings.threads = 1;
        run_well(&lab, &alone);
        for (unsigned threads = 2; threads <= 7; threads += 5) {
            struct place other;
            new_place(&other);
            lab.experiment.settings.threads = threads;
            run_well(&lab, &other);
            assert_same_run(&alone, &other);
            remove_place(&other);
        }
        remove_place(&alone);
        laboratory_close(&lab);
    }
}

struct stopper {
    sig_atomic_t stop;
    size_t left; /* steps until it stops */
};

static void count_down(void *user, const struct ws_progress *progress)
{
    struct stopper *stopper = user;
    assert_true(progress->chains_done <= progress->chains && progress->generation < GENERATIONS);
    if (stopper->left > 0 && --stopper->left == 0)
        __atomic_store_n(&stopper->stop, 1, __ATOMIC_RELAXED);
}

static struct went run_until(const struct laboratory *lab, const struct place *place, size_t steps)
{
    struct stopper stopper = {.left = steps};
    return run_with(lab, &(struct ws_run_options){.directory = place->path,
                                                  .stop = &stopper.stop,
                                                  .progress = count_down,
                                                  .user = &stopper});
}

static void run__stopped_at_any_step_it_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place whole;
        open_laboratory(&lab, family,
                        "policies: [mix:0.5:0.25:0.25, accumulate]\ncontrol: false\n"
                        "generations: 4\nseeds: 2\nkeep_every: 3\n");
        new_place(&whole);
        lab.experiment.settings.threads = 1;
        run_well(&lab, &whole);
        enum ws_status status = WS_INTERRUPTED;
        size_t steps = 1;
        for (; status == WS_INTERRUPTED; steps++) {
            struct place place;
            new_place(&place);
            struct went went = run_until(&lab, &place, steps);
            status = went.status;
            if (status == WS_INTERRUPTED) {
                assert_string_equal(went.error.message, "stopped; the same command goes on");
                assert_state(&place, "stopped");
                run_well(&lab, &place);
            }
            assert_same_run(&whole, &place);
            remove_place(&place);
        }
        assert_int_equal(status, WS_OK);
        assert_true(steps > 2 * GENERATIONS);
        remove_place(&whole);
        laboratory_close(&lab);
    }
}

static void run__stopped_after_every_step_it_still_ends(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 1, SETTINGS);
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    enum ws_status status = WS_INTERRUPTED;
    size_t calls = 0;
    for (; status == WS_INTERRUPTED; calls++)
        status = run_until(&lab, &place, 1).status;
    assert_int_equal(status, WS_OK);
    assert_true(calls > GENERATIONS);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__generations_and_seeds_may_be_raised(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place whole, place;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&whole);
        new_place(&place);
        run_well(&lab, &whole);

        set(&lab, 2, 2);
        run_well(&lab, &place);
        set(&lab, 2, RUN_SEEDS);
        struct went went = run(&lab, &place);
        assert_int_equal(went.status, WS_OK);
        assert_int_equal(went.already_complete, ARMS * 2);
        assert_int_equal(went.resumed, 0);
        set(&lab, GENERATIONS, RUN_SEEDS);
        went = run(&lab, &place);
        assert_int_equal(went.status, WS_OK);
        assert_int_equal(went.already_complete, 0);
        assert_int_equal(went.resumed, CHAINS);
        assert_same_run(&whole, &place);
        went = run(&lab, &place);
        assert_int_equal(went.already_complete, CHAINS);
        assert_same_run(&whole, &place);
        remove_place(&whole);
        remove_place(&place);
        laboratory_close(&lab);
    }
}

static void run__every_kth_model_is_kept(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "generations: 6\nseeds: 1\ncontrol: false\nkeep_every: 2\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    for (uint32_t g = 0; g < 6; g++) {
        struct ws_checkpoint checkpoint;
        char *path = ws_arena_format(&arena, "%s/arms/replace/seed-1.%u.checkpoint", place.path,
                                     (unsigned)g);
        assert_int_equal(ws_file_exists(path), g % 2 == 0);
        if (g % 2 > 0)
            continue;
        assert_int_equal(ws_checkpoint_open(contents(&arena, path), &arena, &checkpoint, NULL),
                         WS_OK);
        assert_int_equal(checkpoint.count, 1);
        assert_int_equal(checkpoint.chains[0].seed, 1);
        assert_int_equal(checkpoint.chains[0].next_step, g + 1);
    }
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

/* `pattern` with the path for each '@'. */
static void expand(char *out, size_t size, const char *pattern, const char *path)
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *at; (at = strchr(pattern, '@')); pattern = at + 1)
        used +=
            (size_t)snprintf(out + used, size - used, "%.*s%s", (int)(at - pattern), pattern, path);
    assert_true(used > 0);
    (void)snprintf(out + used, size - used, "%s", pattern);
}

/* Refusals ---------------------------------------------------------------------------------------
 */

static void assert_refused(const struct laboratory *lab, const struct place *place,
                           enum ws_status status, const char *message)
{
    char expected[sizeof((struct ws_error *)0)->message];
    struct went went = run(lab, place);
    assert_int_equal(went.status, status);
    expand(expected, sizeof expected, message, place->path);
    assert_string_equal(went.error.message, expected);
}

static void run__other_settings_are_refused_with_the_difference(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"items: 41\n", "'@' was begun with items=40, now it is items=41; give another directory "
                        "with -o, or the old setting"},
        {"items: 40\nexponent: 2\n", "'@' was begun with exponent=1, now it is exponent=2; give "
                                     "another directory with -o, or the old setting"},
        {"items: 40\ncontrol: false\n",
         "'@' was begun with control=true, now it is control=false; give another directory with "
         "-o, or the old setting"},
        {"items: 40\npolicies: [replace, augment]\n",
         "'@' was begun with policies=replace, now it is policies=replace,augment; give another "
         "directory with -o, or the old setting"},
        {"items: 40\ngenerations: 9\n",
         "'@' was begun with generations=10, which may be raised but not lowered to 9"},
        {"items: 40\nseeds: 4\n",
         "'@' was begun with seeds=5, which may be raised but not lowered to 4"},
    };
    static const char text[] = "family: discrete\nsource: zipf\n";
    struct laboratory lab, whole;
    struct place place, kept;
    struct ws_error err;
    new_place(&place);
    new_place(&kept);
    assert_true(laboratory_open(&whole, text, "items: 40\n", NULL, &err));
    run_well(&whole, &place);
    run_well(&whole, &kept);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(laboratory_open(&lab, text, cases[i].settings, NULL, &err));
        assert_refused(&lab, &place, WS_CONFLICT, cases[i].message);
        laboratory_close(&lab);
    }
    assert_same_run(&place, &kept);
    /* How it runs may change. */
    assert_true(laboratory_open(
        &lab, text, "items: 40\nthreads: 3\ntitle: other\ncheckpoint_seconds: 0\n", NULL, &err));
    run_well(&lab, &place);
    laboratory_close(&lab);
    laboratory_close(&whole);
    remove_place(&place);
    remove_place(&kept);
}

static void run__another_family_is_refused(void **state)
{
    (void)state;
    struct laboratory discrete, gaussian;
    struct place place;
    open_laboratory(&discrete, 0, "seeds: 1\n");
    open_laboratory(&gaussian, 1, "seeds: 1\n");
    new_place(&place);
    run_well(&discrete, &place);
    assert_refused(&gaussian, &place, WS_CONFLICT,
                   "'@' was begun with family=discrete, now it is family=gaussian; give another "
                   "directory with -o, or the old setting");
    remove_place(&place);
    laboratory_close(&discrete);
    laboratory_close(&gaussian);
}

static void run__a_corpus_is_known_by_its_bytes(void **state)
{
    (void)state;
    struct laboratory lab, moved;
    struct place place;
    open_laboratory(&lab, 2, "seeds: 1\ngenerations: 2\n");
    new_place(&place);
    run_well(&lab, &place);
    open_laboratory(&moved, 2, "seeds: 1\ngenerations: 3\n");
    assert_string_not_equal(lab.corpus, moved.corpus);
    run_well(&moved, &place);

    FILE *file = fopen(moved.corpus, "a");
    assert_non_null(file);
    assert_true(fputs("another word", file) >= 0);
    assert_int_equal(fclose(file), 0);
    ws_human_close(moved.human);
    assert_int_equal(ws_experiment_open_human(&moved.experiment, NULL, &moved.human, NULL), WS_OK);
    struct went went = run(&moved, &place);
    assert_int_equal(went.status, WS_CONFLICT);
    assert_non_null(strstr(went.error.message, "was begun with the SHA-256 of 'corpus'="));
    remove_place(&place);
    laboratory_close(&lab);
    laboratory_close(&moved);
}

static void run__one_process_has_the_directory(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    char path[80];
    int lock;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    (void)snprintf(path, sizeof path, "%s/lock", place.path);
    assert_int_equal(ws_lock_take(path, &lock, NULL), WS_OK);
    assert_refused(&lab, &place, WS_BUSY,
                   "'@/lock' is held by another process; wait until it ends");
    ws_lock_drop(lock);
    run_well(&lab, &place);
    remove_place(&place);
    laboratory_close(&lab);
}

static void write_file(const struct place *place, const char *name, const char *text)
{
    char path[120];
    (void)snprintf(path, sizeof path, "%s/%s", place->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void run__a_directory_of_others_is_left_alone(void **state)
{
    (void)state;
    static const char *const strangers[] = {"notes.txt", "lockers", "arms", "summary",
                                            "run.json.old"};
    struct laboratory lab;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "seeds: 1\n");
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct place place;
        char message[200];
        new_place(&place);
        write_file(&place, strangers[i], "mine");
        (void)snprintf(message, sizeof message,
                       "'@' holds '%s' and no run.json; give a new directory with -o",
                       strangers[i]);
        assert_refused(&lab, &place, WS_CONFLICT, message);
        assert_int_equal(names_in(&arena, place.path).count, 1);
        remove_place(&place);
    }
    ws_arena_release(&arena);
    laboratory_close(&lab);
}

static void run__what_a_killed_start_leaves_is_no_stranger(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    write_file(&place, "lock", "");
    write_file(&place, "run.json" WS_FILE_DRAFT "0123456789abcdef", "{\"format");
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__a_place_that_cannot_be_is_told(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    char path[80];
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    write_file(&place, "file", "");
    (void)snprintf(path, sizeof path, "%s/file/run", place.path);
    struct went went = run_with(&lab, &(struct ws_run_options){.directory = path});
    assert_int_equal(went.status, WS_IO);
    assert_non_null(strstr(went.error.message, "/file'"));
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__another_machine_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "seeds: 1\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    char *path = join(&arena, place.path, "run.json");
    struct ws_bytes bytes = contents(&arena, path);
    char *text = ws_arena_format(&arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_non_null(text);
    char *glibc = strstr(text, "glibc-");
    assert_non_null(glibc);
    glibc[6] = '9';
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text(text), NULL), WS_OK);
    set(&lab, 11, 1);
    struct went went = run(&lab, &place);
    assert_int_equal(went.status, WS_CONFLICT);
    assert_non_null(strstr(went.error.message, "--allow-other-machine goes on all the same"));
    went = run_with(&lab,
                    &(struct ws_run_options){.directory = place.path, .allow_other_machine = true});
    assert_int_equal(went.status, WS_OK);
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

/* Damage -----------------------------------------------------------------------------------------
 */

/* Damages a finished run of three arms and two seeds, raises it, and sees that the others went on.
 */
static void check_damage(size_t family, const char *name, long at, const char *text,
                         const char *failures)
{
    struct laboratory lab;
    struct place place, whole;
    struct ws_arena arena;
    struct ws_results results;
    char expected[600];
    size_t failed = 0;
    open_laboratory(&lab, family, "policies: [replace, augment]\ngenerations: 3\nseeds: 2\n");
    new_place(&place);
    new_place(&whole);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    damage(&place, name, at, text);
    for (const char *line = failures; *line; line = strchr(line, '\n') + 1)
        failed++;
    struct went went = run(&lab, &place);
    assert_int_equal(went.failed, failed);
    assert_int_equal(went.already_complete, 6 - failed);

    set(&lab, 5, 2);
    run_well(&lab, &whole);
    went = run(&lab, &place);
    assert_int_equal(went.status, WS_CORRUPT);
    assert_int_equal(went.failed, failed);
    assert_int_equal(went.resumed, 6 - failed);
    expand(expected, sizeof expected, failures, place.path);
    assert_string_equal(went.failures, expected);
    assert_state(&place, "failed");

    /* The others are summed up and as they should be. */
    assert_int_equal(ws_results_load(place.path, &arena, &results, NULL), WS_OK);
    const struct ws_curve *types = ws_results_find(&results, "replace", "mix/human");
    assert_non_null(types);
    assert_int_equal(types->points[4].summary.count, 2);
    const struct ws_curve *damaged = ws_results_find(&results, "augment", "mix/human");
    assert_int_equal(damaged ? damaged->points[4].summary.count : 0, 2 - failed);
    assert_same_tree(&arena, join(&arena, whole.path, "arms/replace"),
                     join(&arena, place.path, "arms/replace"));
    ws_arena_release(&arena);
    remove_place(&place);
    remove_place(&whole);
    laboratory_close(&lab);
}

#define SHARED "'@/arms/augment/seeds-1-64.checkpoint': "

static void run__a_damaged_checkpoint_is_named_and_the_others_go_on(void **state)
{
    (void)state;
    check_damage(2, "arms/augment/seed-2.checkpoint", 100, "x",
                 "augment 2: '@/arms/augment/seed-2.checkpoint': the checkpoint's bytes do not "
                 "match its hash\n");
    check_damage(2, "arms/augment/seed-2.checkpoint", 0, "x",
                 "augment 2: '@/arms/augment/seed-2.checkpoint': not a checkpoint\n");
    /* Chains that share files share their fate. */
    check_damage(0, "arms/augment/seeds-1-64.checkpoint", 100, "x",
                 "augment 1: " SHARED "the checkpoint's bytes do not match its hash\n"
                 "augment 2: " SHARED "the checkpoint's bytes do not match its hash\n");
}

static void run__a_checkpoint_of_another_chain_is_named(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    open_laboratory(&lab, 2, "seeds: 2\npolicies: [replace, augment]\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    char *from = join(&arena, place.path, "arms/replace/seed-1.checkpoint");
    char *to = join(&arena, place.path, "arms/replace/seed-2.checkpoint");
    assert_int_equal(rename(from, to), 0);
    struct went went = run(&lab, &place);
    assert_int_equal(went.failed, 1);
    assert_non_null(strstr(went.failures, "replace 2: "));
    assert_non_null(strstr(went.failures, "the checkpoint is of another arm or seed\n"));
    from = join(&arena, place.path, "arms/augment/seed-2.checkpoint");
    assert_int_equal(rename(from, to), 0);
    went = run(&lab, &place);
    assert_int_equal(went.failed, 1);
    assert_non_null(strstr(went.failures, "replace 2: "));
    assert_non_null(strstr(went.failures, "the checkpoint is of another arm or seed\n"));
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__a_torn_tail_of_texts_is_cut(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 2, SETTINGS);
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    set(&lab, 2, RUN_SEEDS);
    run_well(&lab, &place);
    damage(&place, "arms/replace/seed-1.texts.jsonl", -1, "{\"generation\":2");
    damage(&place, "arms/fresh-0.1/seed-3.texts.jsonl", -1, "torn");
    set(&lab, GENERATIONS, RUN_SEEDS);
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    /* And when there was nothing left to do. */
    damage(&place, "arms/replace/seed-1.texts.jsonl", -1, "{\"generation\":2");
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

/* Removes every file of the run whose name ends so. */
static size_t remove_files(struct ws_arena *arena, const char *directory, const char *ending)
{
    struct ws_names names = names_in(arena, directory);
    size_t removed = 0;
    for (size_t i = 0; i < names.count; i++) {
        char *path = join(arena, directory, names.items[i]);
        size_t size = strlen(path), end = strlen(ending);
        if (ws_directory_exists(path))
            removed += remove_files(arena, path, ending);
        else if (size > end && strcmp(path + size - end, ending) == 0)
            removed += unlink(path) == 0;
    }
    return removed;
}

/* Long runs: several parts, seeds and generations raised between them and inside of them. */
static void run__parts_are_the_same_however_a_run_grew(void **state)
{
    (void)state;
    enum { LONG = 600, MANY = 70 };
    struct laboratory lab;
    struct place whole, place;
    struct ws_arena arena;
    open_laboratory(&lab, 1,
                    "policies: [replace, accumulate-subsample, mix:0.5:0.25:0.25]\n"
                    "generations: 600\nseeds: 70\nthreads: 2\n");
    new_place(&whole);
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &whole);
    static const struct {
        uint64_t generations, seeds;
    } stages[] = {{100, 3}, {256, 5}, {300, 5}, {512, 66}, {513, 66}, {LONG, MANY}};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        set(&lab, stages[i].generations, stages[i].seeds);
        lab.experiment.settings.threads = i % 2 ? 7 : 1;
        lab.experiment.settings.checkpoint_seconds = i % 3 ? 5 : 0.01;
        run_well(&lab, &place);
    }
    assert_same_run(&whole, &place);
    /* A part that is lost is damage. */
    assert_true(remove_files(&arena, join(&arena, place.path, "arms/replace"), "-255") > 0 ||
                remove_files(&arena, join(&arena, place.path, "arms/replace"), "-2") > 0);
    struct went went = run(&lab, &place);
    assert_int_equal(went.status, WS_CORRUPT);
    assert_int_equal(went.failed, MANY);
    assert_int_equal(went.already_complete, 3 * MANY);
    assert_non_null(strstr(went.failures, "' is missing\n"));
    /* The chains of the block start again where their checkpoint is removed. */
    assert_true(remove_files(&arena, join(&arena, place.path, "arms/replace"), ".checkpoint") > 0);
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    ws_arena_release(&arena);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

/* The summary is made again when it was lost, and left alone when nothing was done. */
static void run__a_lost_summary_is_made_again(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    struct ws_arena arena;
    open_laboratory(&lab, 0, SETTINGS);
    new_place(&whole);
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &whole);
    run_well(&lab, &place);
    char *path = join(&arena, place.path, "summary");
    assert_int_equal(unlink(path), 0);
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    damage(&place, "summary", 40, "x");
    run_well(&lab, &place);
    assert_same_run(&whole, &place);
    ws_arena_release(&arena);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__a_lost_checkpoint_is_a_chain_that_starts_again(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    struct ws_arena arena;
    open_laboratory(&lab, 2, SETTINGS);
    new_place(&whole);
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &whole);
    run_well(&lab, &place);
    assert_int_equal(unlink(join(&arena, place.path, "arms/replace/seed-2.checkpoint")), 0);
    struct went went = run(&lab, &place);
    assert_int_equal(went.status, WS_OK);
    assert_int_equal(went.already_complete, CHAINS - 1);
    assert_same_run(&whole, &place);
    ws_arena_release(&arena);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static enum ws_status fit_none_at_2(const void *settings, size_t chains,
                                    const struct ws_dataset *const data[],
                                    const struct ws_rng_key init[], const struct ws_job *job,
                                    struct ws_arena *arena, const struct ws_model *models[],
                                    struct ws_error *err)
{
    struct ws_rng_key sick = ws_rng_key(WS_STREAM_INIT, 2, 0, 2);
    for (size_t c = 0; c < chains; c++)
        if (memcmp(init[c].word, sick.word, sizeof sick.word) == 0 && init[c].generation == 2)
            return ws_fail(err, WS_NUMERIC, "no finite answer");
    return ws_family_discrete.fit(settings, chains, data, init, job, arena, models, err);
}

static void run__a_chain_that_fails_is_told_and_can_be_run_again(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 0, SETTINGS);
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    struct ws_family_ops sick = ws_family_discrete;
    sick.fit = fit_none_at_2;
    lab.experiment.family = &sick;
    struct went went = run(&lab, &place);
    assert_int_equal(went.status, WS_NUMERIC);
    assert_string_equal(went.error.message, "arm 'replace' seed 2: no finite answer");
    assert_int_equal(went.failed, ARMS);
    assert_string_equal(went.failures, "replace 2: no finite answer\n"
                                       "mix:0.5:0.25:0.25 2: no finite answer\n"
                                       "accumulate 2: no finite answer\n"
                                       "fresh:0.1 2: no finite answer\n"
                                       "control 2: no finite answer\n");
    assert_state(&place, "failed");
    lab.experiment.family = &ws_family_discrete;
    went = run(&lab, &place);
    assert_int_equal(went.status, WS_OK);
    assert_int_equal(went.already_complete, CHAINS - ARMS);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

/* run.json ---------------------------------------------------------------------------------------
 */

static void run__its_description_says_what_ran_and_when(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    double now = 86400; /* 1970-01-02 */
    const struct ws_clock clock = {test_time, test_time, &now};
    const struct ws_run_options options = {.directory = place.path, .clock = &clock};
    open_laboratory(&lab, 2, "title: words of one corpus\npolicies: accumulate\nseeds: 2\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    assert_int_equal(run_with(&lab, &options).status, WS_OK);
    now += 3600;
    set(&lab, 11, 2);
    assert_int_equal(run_with(&lab, &options).status, WS_OK);

    struct ws_run_description it = described(&arena, &place);
    char hash[WS_HASH_TEXT_SIZE];
    size_t inputs;
    ws_hash_text(&ws_human_inputs(lab.human, &inputs)->hash, hash);
    assert_string_equal(it.name, "test");
    assert_string_equal(it.title, "words of one corpus");
    assert_string_equal(it.state, "complete");
    assert_string_equal(it.family, "ngram");
    assert_int_equal(it.input_count, 1);
    assert_string_equal(it.inputs[0].name, "corpus_sha256");
    assert_string_equal(it.inputs[0].value, hash);
    assert_string_equal(it.started, "1970-01-02T00:00:00Z");
    assert_string_equal(it.finished, "1970-01-02T01:00:00Z");
    assert_int_equal(it.generations, 11);
    assert_int_equal(it.seeds, 2);
    assert_int_equal(it.arm_count, 2);
    assert_string_equal(it.arms[0].name, "accumulate");
    assert_true(it.arms[0].outgrows_control);
    assert_false(it.arms[1].outgrows_control);
    assert_string_equal(ws_run_setting(&it, "block"), "5");
    assert_null(ws_run_setting(&it, "types"));

    struct ws_bytes log = contents(&arena, join(&arena, place.path, "events.log"));
    char *events = ws_arena_format(&arena, "%.*s", (int)log.size, (const char *)log.data);
    assert_non_null(events);
    assert_non_null(strstr(events, "1970-01-02T00:00:00Z started: 2 arms x 2 seeds x 10 "
                                   "generations, "));
    assert_non_null(strstr(events, "1970-01-02T01:00:00Z complete\n"));
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

#define DESCRIPTION(format, settings)                                                              \
    "{\"format\":\"" format "\",\"version\":\"0.1.0\",\"name\":\"n\",\"title\":\"\","              \
    "\"state\":\"complete\",\"started\":\"a\",\"finished\":\"b\",\"settings\":{" settings          \
    "},\"inputs\":{\"corpus_sha256\":\"\"},\"block\":64,\"arms\":[{\"name\":\"replace\","          \
    "\"policy\":\"replace\",\"variation\":\"\",\"directory\":\"replace\"}],"                       \
    "\"machine\":{\"compute_class\":\"c\"}}"

static void run__a_description_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ws_status status;
        const char *message;
    } cases[] = {
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":\"3\",\"seeds\":\"2\""),
         WS_OK, ""},
        {DESCRIPTION("wellspring-run/9", ""), WS_UNSUPPORTED,
         "run.json: format 'wellspring-run/9', this program reads 'wellspring-run/2': a run of "
         "another version of the program cannot be read or gone on with"},
        {DESCRIPTION("wellspring-run/2", ""), WS_CORRUPT, "run.json: setting 'family' is missing"},
        {DESCRIPTION("wellspring-run/2", "\"family\":\"gaussian\""), WS_CORRUPT,
         "run.json: setting 'generations' is missing"},
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":\"0\",\"seeds\":\"2\""),
         WS_CORRUPT, "run.json: setting 'generations' is '0'"},
        {DESCRIPTION("wellspring-run/2",
                     "\"family\":\"gaussian\",\"generations\":3,\"seeds\":\"2\""),
         WS_CORRUPT, "run.json: 'generations' in 'settings' is not a text"},
        {"{}", WS_CORRUPT, "run.json: 'format' is missing, wanted a text"},
        {"", WS_CORRUPT, "run.json:1: '[' or '{' expected near end of file"},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_run_description it;
        struct ws_error err = {.message = ""};
        assert_int_equal(
            ws_run_parse(ws_bytes_of_text(cases[i].text), "run.json", &arena, &it, &err),
            cases[i].status);
        assert_string_equal(err.message, cases[i].message);
    }
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__its_metrics_lie_in_order),
        cmocka_unit_test(run__any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(run__stopped_at_any_step_it_goes_on_to_the_same_bytes),
        cmocka_unit_test(run__stopped_after_every_step_it_still_ends),
        cmocka_unit_test(run__generations_and_seeds_may_be_raised),
        cmocka_unit_test(run__every_kth_model_is_kept),
        cmocka_unit_test(run__other_settings_are_refused_with_the_difference),
        cmocka_unit_test(run__another_family_is_refused),
        cmocka_unit_test(run__a_corpus_is_known_by_its_bytes),
        cmocka_unit_test(run__one_process_has_the_directory),
        cmocka_unit_test(run__a_directory_of_others_is_left_alone),
        cmocka_unit_test(run__what_a_killed_start_leaves_is_no_stranger),
        cmocka_unit_test(run__a_place_that_cannot_be_is_told),
        cmocka_unit_test(run__another_machine_is_refused_unless_allowed),
        cmocka_unit_test(run__a_damaged_checkpoint_is_named_and_the_others_go_on),
        cmocka_unit_test(run__a_checkpoint_of_another_chain_is_named),
        cmocka_unit_test(run__a_torn_tail_of_texts_is_cut),
        cmocka_unit_test(run__parts_are_the_same_however_a_run_grew),
        cmocka_unit_test(run__a_lost_summary_is_made_again),
        cmocka_unit_test(run__a_lost_checkpoint_is_a_chain_that_starts_again),
        cmocka_unit_test(run__a_chain_that_fails_is_told_and_can_be_run_again),
        cmocka_unit_test(run__its_description_says_what_ran_and_when),
        cmocka_unit_test(run__a_description_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
