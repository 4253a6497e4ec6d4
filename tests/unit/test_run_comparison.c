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

#define LINE_OF(arm, seed, generation, metric, definition, n, value)                               \
    "{\"arm\":\"" arm "\",\"seed\":" seed ",\"generation\":" generation ",\"metric\":\"" metric    \
    "\",\"definition\":\"" definition "\",\"n\":" n ",\"value\":" value "}\n"
#define LINE(arm, seed, generation, metric, n, value)                                              \
    LINE_OF(arm, seed, generation, metric, metric "/1", n, value)

#define SETTINGS_A "\"family\":\"discrete\",\"seeds\":\"3\",\"generations\":\"2\",\"types\":\"9\""
#define SETTINGS_B                                                                                 \
    "\"family\":\"discrete\",\"seeds\":\"2\",\"generations\":\"3\",\"types\":\"9\",\"new\":\"1\""

static const char metrics_a[] = LINE("replace", "1", "0", "types", "10", "9.0") //
    LINE("replace", "1", "1", "mix/human", "10", "0.5")                         //
    LINE("replace", "1", "1", "mix/model/1", "10", "0.5")                       //
    LINE("replace", "1", "1", "types", "10", "4.0")                             //
    LINE("replace", "1", "1", "heterozygosity", "10", "0.5")                    //
    LINE("replace", "2", "1", "mix/human", "10", "1.0")                         //
    LINE("replace", "2", "1", "types", "10", "5.0")                             //
    LINE("replace", "3", "1", "mix/human", "10", "1.0")                         //
    LINE("replace", "3", "1", "types", "10", "7.0")                             //
    LINE("control", "1", "1", "mix/human", "10", "1.0")                         //
    LINE("control", "1", "1", "types", "10", "8.0")                             //
    LINE("control", "1", "1", "heterozygosity", "20", "0.5")                    //
    LINE("control", "3", "1", "types", "10", "10.0");

/* Has a later generation, one seed of two, another n and another definition. */
static const char metrics_b[] = LINE("replace", "2", "1", "types", "10", "1.0")      //
    LINE("replace", "3", "1", "types", "10", "4.5")                                  //
    LINE("replace", "7", "1", "types", "10", "100.0")                                //
    LINE_OF("replace", "1", "1", "heterozygosity", "heterozygosity/2", "10", "0.25") //
    LINE("control", "1", "1", "types", "11", "8.0")                                  //
    LINE("fresh:0.1", "1", "1", "types", "10", "8.0")                                //
    LINE("replace", "2", "2", "types", "10", "1.0");

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_run(char directory[40], const char *settings, const char *corpus,
                     const char *metrics)
{
    char run[2000];
    (void)snprintf(directory, 40, "/tmp/ws-comparison-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(run, sizeof run,
                   "{\"format\":\"" WS_RUN_FORMAT "\",\"version\":\"0\",\"name\":\"x\","
                   "\"title\":\"\",\"state\":\"complete\",\"started\":\"\",\"finished\":\"\","
                   "\"settings\":{%s,\"threads\":\"%s\",\"title\":\"%s\"},"
                   "\"inputs\":{\"corpus_sha256\":\"%s\"},"
                   "\"arms\":[{\"name\":\"replace\"},{\"name\":\"control\"},"
                   "{\"name\":\"fresh:0.1\"}],"
                   "\"machine\":{\"compute_class\":\"c\"}}",
                   settings, corpus, corpus, corpus);
    write_file(directory, "run.json", run);
    if (metrics)
        write_file(directory, "metrics.jsonl", metrics);
}

static void remove_run(const char *directory)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/run.json", directory);
    (void)unlink(path);
    assert_int_equal(rmdir(directory), 0);
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
    char a[40];
    struct ws_arena arena;
    struct ws_comparison comparison;
    make_run(a, SETTINGS_A, "1", metrics_a);
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a};
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
    remove_run(a);
}

static void two__arms_are_compared_with_those_of_the_first(void **state)
{
    (void)state;
    char a[40], b[40];
    struct ws_arena arena;
    struct ws_comparison comparison;
    make_run(a, SETTINGS_A, "1", metrics_a);
    make_run(b, SETTINGS_B, "2", metrics_b);
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a, b};
    assert_int_equal(ws_compare_runs(directories, 2, WS_LAST_GENERATION, &arena, &comparison, NULL),
                     WS_OK);
    assert_int_equal(comparison.generation, 1);

    /* What changes no result (threads, title) is no difference. */
    static const char *const differing[] = {"seeds", "generations", "corpus_sha256", "new"};
    assert_int_equal(comparison.setting_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(comparison.settings[i].name, differing[i]);
    assert_string_equal(comparison.settings[0].values[1], "2");
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
    remove_run(a);
    remove_run(b);
}

static void two__seeds_that_are_not_in_both_are_two_samples(void **state)
{
    (void)state;
    static const char left[] = LINE("replace", "1", "0", "types", "10", "4.0") //
        LINE("replace", "2", "0", "types", "10", "6.0");
    static const char right[] = LINE("replace", "3", "0", "types", "10", "1.0") //
        LINE("replace", "4", "0", "types", "10", "2.0")                         //
        LINE("replace", "5", "0", "types", "12", "2.0");
    char a[40], b[40];
    struct ws_arena arena;
    struct ws_comparison comparison;
    make_run(a, SETTINGS_A, "1", left);
    make_run(b, SETTINGS_A, "1", right);
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a, b};
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, NULL), WS_OK);
    assert_int_equal(comparison.setting_count, 0);
    const struct ws_compared *row = row_of(&comparison, "types", "replace", 1);
    assert_false(row->uniform);
    assert_false(ws_compares(row));

    remove_run(b);
    make_run(b, SETTINGS_A, "1",
             LINE("replace", "3", "0", "types", "10", "1.0") //
             LINE("replace", "4", "0", "types", "10", "2.0"));
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, NULL), WS_OK);
    row = row_of(&comparison, "types", "replace", 1);
    assert_true(ws_compares(row) && !row->paired);
    assert_true(row->difference.estimate == -3.5);
    assert_true(row->difference.low == -5 && row->difference.high == -2);
    ws_arena_release(&arena);
    remove_run(a);
    remove_run(b);
}

static void runs__that_are_not_there_or_have_nothing_are_named(void **state)
{
    (void)state;
    char a[40], b[40];
    struct ws_arena arena;
    struct ws_comparison comparison;
    struct ws_error error;
    make_run(a, SETTINGS_A, "1", metrics_a);
    make_run(b, SETTINGS_A, "1", NULL);
    ws_arena_init(&arena, NULL);
    const char *directories[] = {a, b, "/nowhere"};
    assert_int_equal(ws_compare_runs(directories, 2, 0, &arena, &comparison, &error), WS_NOT_FOUND);
    assert_non_null(strstr(error.message, b));
    assert_int_equal(ws_compare_runs(directories, 3, 0, &arena, &comparison, &error), WS_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere"));
    remove_run(b);
    make_run(b, SETTINGS_A, "1", LINE("replace", "1", "7", "types", "10", "4.0"));
    assert_int_equal(
        ws_compare_runs(directories, 2, WS_LAST_GENERATION, &arena, &comparison, &error),
        WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_run(a);
    remove_run(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one__arms_are_compared_with_the_control),
        cmocka_unit_test(two__arms_are_compared_with_those_of_the_first),
        cmocka_unit_test(two__seeds_that_are_not_in_both_are_two_samples),
        cmocka_unit_test(runs__that_are_not_there_or_have_nothing_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
