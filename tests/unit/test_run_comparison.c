/*
 * Runs side by side, from run directories made by hand: which settings differ, what is paired with
 * what, and what does not compare.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/run_comparison.h"
#include "support/made_run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define SETTINGS_A "\"family\":\"discrete\",\"seeds\":\"5\",\"generations\":\"2\",\"types\":\"9\""
#define SETTINGS_B                                                                                 \
    "\"family\":\"discrete\",\"seeds\":\"7\",\"generations\":\"3\",\"types\":\"9\",\"new\":\"1\""

static const struct ws_record metrics_a[] = {
    RECORD("replace", 1, 0, "types", 10, 9),
    RECORD("replace", 1, 1, "mix/human", 10, 0.5),
    RECORD("replace", 1, 1, "mix/model/1", 10, 0.5),
    RECORD("replace", 1, 1, "types", 10, 4),
    RECORD("replace", 1, 1, "heterozygosity", 10, 0.5),
    RECORD("replace", 2, 1, "mix/human", 10, 1),
    RECORD("replace", 2, 1, "types", 10, 5),
    RECORD("replace", 3, 1, "mix/human", 10, 1),
    RECORD("replace", 3, 1, "types", 10, 7),
    RECORD("control", 1, 1, "mix/human", 10, 1),
    RECORD("control", 1, 1, "types", 10, 8),
    RECORD("control", 1, 1, "heterozygosity", 20, 0.5),
    RECORD("control", 3, 1, "types", 10, 10),
};

/* Has a later generation, one seed of two, another n and another definition. */
static const struct ws_record metrics_b[] = {
    RECORD("replace", 2, 1, "types", 10, 1),
    RECORD("replace", 3, 1, "types", 10, 4.5),
    RECORD("replace", 2, 2, "types", 10, 1),
    RECORD("replace", 7, 1, "types", 10, 100),
    {{"replace", 1, 1}, "heterozygosity", "heterozygosity/2", 10, 0.25},
    RECORD("control", 1, 1, "types", 11, 8),
    RECORD("fresh:0.1", 1, 1, "types", 10, 8)};

/* `corpus` is its hash, and what settings that change no result are. */
static void make(struct place *place, const char *settings, const char *corpus,
                 const struct ws_record *records, size_t count)
{
    char all[300], inputs[100];
    (void)snprintf(all, sizeof all, "%s,\"threads\":\"%s\",\"title\":\"%s\"", settings, corpus,
                   corpus);
    (void)snprintf(inputs, sizeof inputs, "\"corpus_sha256\":\"%s\"", corpus);
    make_run_of(place, all, inputs, records, count);
}

static const struct ws_compared *row_of(const struct ws_comparison *comparison, const char *metric,
                                        const char *arm, size_t run)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct ws_compared *row = &comparison->rows[i];
        if (strcmp(row->metric, metric) == 0 && strcmp(row->arm, arm) == 0 && row->run == run)
            return row;
    }
    return NULL;
}

static void one__arms_are_compared_with_the_control(void **state)
{
    (void)state;
    struct place a;
    struct ws_arena arena;
    struct ws_comparison comparison;
    make(&a, SETTINGS_A, "1", metrics_a, COUNT(metrics_a));
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a.path};
    assert_int_equal(ws_compare_runs(directories, 1, WS_LAST_GENERATION, &arena, &comparison, NULL),
                     WS_OK);
    assert_int_equal(comparison.generation, 1);
    assert_int_equal(comparison.setting_count, 0);

    /* Seeds 1 and 3 are in both: 4 - 8 and 7 - 10. */
    const struct ws_compared *replace = row_of(&comparison, "types", "replace", 0);
    assert_non_null(replace);
    assert_int_equal(replace->count, 3);
    assert_true(replace->median.estimate == 5);
    assert_ptr_equal(replace->base, row_of(&comparison, "types", "control", 0));
    assert_true(ws_compares(replace) && replace->paired);
    assert_int_equal(replace->difference.count, 2);
    assert_true(replace->difference.estimate == -3.5);
    assert_true(replace->difference.low == -4 && replace->difference.high == -3);
    assert_null(row_of(&comparison, "types", "control", 0)->base);

    /* Another n; and a seed without a share has none of it. */
    const struct ws_compared *other = row_of(&comparison, "heterozygosity", "replace", 0);
    assert_non_null(other->base);
    assert_false(ws_compares(other));
    const struct ws_compared *share = row_of(&comparison, "mix/model/1", "replace", 0);
    assert_int_equal(share->count, 3);
    assert_true(share->values[0].value == 0.5 && share->values[2].value == 0);

    assert_int_equal(ws_compare_runs(directories, 1, 0, &arena, &comparison, NULL), WS_OK);
    assert_int_equal(comparison.row_count, 1);
    assert_null(comparison.rows[0].base);
    struct ws_error error;
    assert_int_equal(ws_compare_runs(directories, 1, 2, &arena, &comparison, &error), WS_NOT_FOUND);
    assert_non_null(strstr(error.message, "the last is 1"));
    ws_arena_release(&arena);
    remove_place(&a);
}

/* Floors are of each chain's first generation, whichever is looked at: the median of 6, 7 and 9,
 * and none of an arm that has none, of another metric or of a number that is none. */
static void one__a_floor_stands_beside_every_generation(void **state)
{
    (void)state;
    static const struct ws_record records[] = {
        RECORD("replace", 1, 0, "floor/types", 10, 9),
        RECORD("replace", 1, 0, "floor/entropy", 10, 2),
        RECORD("replace", 1, 1, "types", 10, 4),
        RECORD("replace", 1, 1, "heterozygosity", 10, 0.5),
        RECORD("replace", 2, 0, "floor/types", 10, 6),
        RECORD("replace", 2, 0, "floor/entropy", 10, NAN),
        RECORD("replace", 2, 1, "types", 10, 4),
        RECORD("replace", 3, 0, "floor/types", 10, 7),
        RECORD("replace", 3, 1, "types", 10, 4),
        RECORD("replace", 3, 1, "entropy", 10, 1),
        RECORD("control", 1, 1, "types", 10, 8),
    };
    struct place a;
    struct ws_arena arena;
    struct ws_comparison comparison;
    make(&a, SETTINGS_A, "1", records, COUNT(records));
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a.path};
    assert_int_equal(ws_compare_runs(directories, 1, WS_LAST_GENERATION, &arena, &comparison, NULL),
                     WS_OK);
    assert_true(row_of(&comparison, "types", "replace", 0)->floor == 7);
    assert_true(row_of(&comparison, "entropy", "replace", 0)->floor == 2);
    assert_true(isnan(row_of(&comparison, "heterozygosity", "replace", 0)->floor));
    assert_true(isnan(row_of(&comparison, "types", "control", 0)->floor));
    ws_arena_release(&arena);
    remove_place(&a);
}

static void two__arms_are_compared_with_those_of_the_first(void **state)
{
    (void)state;
    struct place a, b;
    struct ws_arena arena;
    struct ws_comparison comparison;
    make(&a, SETTINGS_A, "1", metrics_a, COUNT(metrics_a));
    make(&b, SETTINGS_B, "2", metrics_b, COUNT(metrics_b));
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a.path, b.path};
    assert_int_equal(ws_compare_runs(directories, 2, WS_LAST_GENERATION, &arena, &comparison, NULL),
                     WS_OK);
    assert_int_equal(comparison.generation, 1);

    /* What changes no result (threads, title) is no difference. */
    static const char *const differing[] = {"seeds", "generations", "corpus_sha256", "new"};
    assert_int_equal(comparison.setting_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(comparison.settings[i].name, differing[i]);
    assert_string_equal(comparison.settings[0].values[1], "7");
    assert_null(comparison.settings[3].values[0]);

    /* Seeds 2 and 3: 1 - 5 and 4.5 - 7. */
    const struct ws_compared *replace = row_of(&comparison, "types", "replace", 1);
    assert_ptr_equal(replace->base, row_of(&comparison, "types", "replace", 0));
    assert_true(replace->paired && replace->difference.count == 2);
    assert_true(replace->difference.low == -4 && replace->difference.high == -2.5);
    assert_true(replace->median.estimate == 4.5);
    assert_null(replace->base->base);

    assert_false(ws_compares(row_of(&comparison, "types", "control", 1)));          /* n */
    assert_false(ws_compares(row_of(&comparison, "heterozygosity", "replace", 1))); /* definition */
    const struct ws_compared *alone = row_of(&comparison, "types", "fresh:0.1", 1);
    assert_true(alone && !alone->base && !ws_compares(alone));
    ws_arena_release(&arena);
    remove_place(&a);
    remove_place(&b);
}

static void two__seeds_that_are_not_in_both_are_two_samples(void **state)
{
    (void)state;
    static const struct ws_record left[] = {
        RECORD("replace", 1, 0, "types", 10, 4),
        RECORD("replace", 2, 0, "types", 10, 6),
    };
    static const struct ws_record right[] = {
        RECORD("replace", 3, 0, "types", 10, 1),
        RECORD("replace", 4, 0, "types", 10, 2),
        RECORD("replace", 5, 0, "types", 12, 2),
    };
    struct place a, b;
    struct ws_arena arena;
    struct ws_comparison comparison;
    make(&a, SETTINGS_A, "1", left, COUNT(left));
    make(&b, SETTINGS_A, "1", right, COUNT(right));
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a.path, b.path};
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, NULL), WS_OK);
    assert_int_equal(comparison.setting_count, 0);
    const struct ws_compared *row = row_of(&comparison, "types", "replace", 1);
    assert_false(row->uniform);
    assert_false(ws_compares(row));

    remove_place(&b);
    make(&b, SETTINGS_A, "1", right, 2);
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, NULL), WS_OK);
    row = row_of(&comparison, "types", "replace", 1);
    assert_true(ws_compares(row) && !row->paired);
    assert_true(row->difference.estimate == -3.5);
    assert_true(row->difference.low == -5 && row->difference.high == -2);
    ws_arena_release(&arena);
    remove_place(&a);
    remove_place(&b);
}

static void runs__that_are_not_there_or_have_nothing_are_named(void **state)
{
    (void)state;
    struct place a, b;
    struct ws_arena arena;
    struct ws_comparison comparison;
    struct ws_error error;
    static const struct ws_record late[] = {RECORD("replace", 1, 7, "types", 10, 4)};
    make(&a, SETTINGS_A, "1", metrics_a, COUNT(metrics_a));
    make(&b, SETTINGS_A, "1", metrics_a, COUNT(metrics_a));
    ws_arena_init(&arena, NULL);
    remove_tree(&arena, join(&arena, b.path, "summary"));
    const char *directories[] = {a.path, b.path, "/nowhere"};
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, &error), WS_NOT_FOUND);
    assert_non_null(strstr(error.message, b.path));
    assert_int_equal(ws_compare_runs(directories, 3, 0, &arena, &comparison, &error), WS_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere"));
    remove_place(&b);
    make(&b, SETTINGS_A, "1", late, COUNT(late));
    assert_int_equal(
        ws_compare_runs(directories, 2, WS_LAST_GENERATION, &arena, &comparison, &error),
        WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_place(&a);
    remove_place(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one__arms_are_compared_with_the_control),
        cmocka_unit_test(one__a_floor_stands_beside_every_generation),
        cmocka_unit_test(two__arms_are_compared_with_those_of_the_first),
        cmocka_unit_test(two__seeds_that_are_not_in_both_are_two_samples),
        cmocka_unit_test(runs__that_are_not_there_or_have_nothing_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
