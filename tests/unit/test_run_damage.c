/*
 * Damage in a run is told by name, and what is whole goes on; what is lost is made again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/effort.h"
#include "support/laboratory.h"
#include "support/place.h"
#include "support/running.h"

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

/* Long runs: several parts, seeds and generations raised between them and inside of them; with
 * little effort a single block of chains. */
static void run__parts_are_the_same_however_a_run_grew(void **state)
{
    (void)state;
    const size_t blocks = by_effort(0, 1, 1), many = 6 + 64 * blocks;
    const uint64_t generations = 300 + 300 * blocks;
    struct laboratory lab;
    struct place whole, place;
    struct ws_arena arena;
    open_laboratory(&lab, 1,
                    "policies: [replace, accumulate-subsample, mix:0.5:0.25:0.25]\n"
                    "threads: 2\n");
    set(&lab, generations, many);
    new_place(&whole);
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &whole);
    static const struct {
        uint64_t generations, seeds;
    } stages[] = {{100, 3}, {256, 5}, {300, 5}, {512, 66}, {513, 66}, {600, 70}};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        set(&lab, stages[i].generations < generations ? stages[i].generations : generations,
            stages[i].seeds < many ? stages[i].seeds : many);
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
    assert_int_equal(went.failed, many);
    assert_int_equal(went.already_complete, 3 * many);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__a_damaged_checkpoint_is_named_and_the_others_go_on),
        cmocka_unit_test(run__a_checkpoint_of_another_chain_is_named),
        cmocka_unit_test(run__a_torn_tail_of_texts_is_cut),
        cmocka_unit_test(run__parts_are_the_same_however_a_run_grew),
        cmocka_unit_test(run__a_lost_summary_is_made_again),
        cmocka_unit_test(run__a_lost_checkpoint_is_a_chain_that_starts_again),
        cmocka_unit_test(run__a_chain_that_fails_is_told_and_can_be_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
