/*
 * Results: curves over generations and seeds from records that were made by hand, and what other
 * programs get of them.
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

#include "lab/export.h"
#include "lab/summarise.h"
#include "support/failing_heap.h"
#include "support/made_run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Two arms, three seeds, two generations of which seed 3 has only one. */
static const struct ws_record records[] = {
    RECORD("replace", 1, 0, "types", 10, 4),  RECORD("replace", 1, 0, "entropy", 10, 1.5),
    RECORD("replace", 1, 1, "types", 10, 3),  RECORD("replace", 1, 1, "entropy", 10, -INFINITY),
    RECORD("replace", 2, 0, "types", 10, 6),  RECORD("replace", 2, 0, "entropy", 10, NAN),
    RECORD("replace", 2, 1, "types", 10, 1),  RECORD("replace", 3, 0, "types", 10, 5),
    RECORD("keep:0.1", 1, 0, "types", 12, 7), RECORD("keep:0.1", 1, 1, "types", 12, 8),
};

static void load(const struct place *place, struct ws_arena *arena, struct ws_results *results)
{
    struct ws_error err;
    ws_arena_init(arena, NULL);
    if (ws_results_load(place->path, arena, results, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* Curves --------------------------------------------------------------------------------------- */

static enum ws_status pass_over(void *user, const struct ws_record *record, struct ws_error *err)
{
    (void)user;
    (void)record;
    (void)err;
    return WS_OK;
}

/* What was summed up before it went on is of less than its records are. */
static void results__a_run_that_has_not_ended_has_none(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    struct ws_error err;
    make_run(&place, records, COUNT(records));
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_results_visit(place.path, NULL, pass_over, NULL, &err), WS_OK);
    struct ws_bytes json = contents(&arena, join(&arena, place.path, "run.json"));
    const char *complete = memmem(json.data, json.size, "complete\",", 10);
    assert_non_null(complete);
    damage(&place, "run.json", complete - (const char *)json.data, "running\" ,");
    assert_int_equal(ws_results_visit(place.path, NULL, pass_over, NULL, &err), WS_NOT_FOUND);
    assert_int_equal(ws_results_load(place.path, &arena, &results, &err), WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_place(&place);
}

static void results__curves_hold_every_generation_over_seeds(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    make_run(&place, records, COUNT(records));
    load(&place, &arena, &results);
    assert_int_equal(results.count, 3);

    const struct ws_curve *types = ws_results_find(&results, "replace", "types");
    assert_non_null(types);
    assert_string_equal(types->definition, "types/1");
    assert_int_equal(types->point_count, 2);
    assert_int_equal(types->points[0].generation, 0);
    assert_int_equal(types->points[0].n, 10);
    /* Of 4, 5, 6: quantile q lies at place 2 q between order statistics (type 7). */
    const struct ws_summary *first = &types->points[0].summary;
    assert_int_equal(first->count, 3);
    assert_true(first->median == 5 && first->mean == 5);
    assert_true(fabs(first->low - 4.2) < 1e-12 && fabs(first->high - 5.8) < 1e-12);
    assert_true(fabs(first->standard_error - 1 / sqrt(3)) < 1e-12);
    /* Of 1 and 3. */
    const struct ws_summary *second = &types->points[1].summary;
    assert_int_equal(types->points[1].generation, 1);
    assert_int_equal(second->count, 2);
    assert_true(second->median == 2 && second->mean == 2 && second->standard_error == 1);

    const struct ws_curve *entropy = ws_results_find(&results, "replace", "entropy");
    assert_non_null(entropy);
    assert_int_equal(entropy->points[0].summary.count, 1);
    assert_int_equal(entropy->points[0].summary.missing, 1);
    assert_true(entropy->points[0].summary.median == 1.5);
    assert_true(entropy->points[1].summary.median == -INFINITY);

    const struct ws_curve *keep = ws_results_find(&results, "keep:0.1", "types");
    assert_non_null(keep);
    assert_true(keep->points[1].summary.median == 8);
    assert_true(isnan(keep->points[1].summary.standard_error));
    assert_null(ws_results_find(&results, "keep:0.1", "entropy"));
    assert_null(ws_results_find(&results, "keep", "types"));
    ws_arena_release(&arena);
    remove_place(&place);
}

/* Three seeds, of which one has no item of depth 2: its share is zero, not missing. The third alone
 * has sequences in a bin of a histogram. */
static void results__a_share_without_a_record_is_zero(void **state)
{
    (void)state;
    static const struct ws_record shares[] = {
        RECORD("mix:a", 1, 4, "mix/human", 10, 0.3),
        RECORD("mix:a", 1, 4, "mix/model/2", 10, 0.7),
        RECORD("mix:a", 2, 4, "mix/human", 10, 1.0),
        RECORD("mix:a", 3, 4, "mix/human", 10, 0.5),
        RECORD("mix:a", 3, 4, "mix/model/2", 10, 0.5),
        RECORD("mix:a", 3, 4, "perplexity_histogram/10.000", 8, 0.75)};
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    make_run(&place, shares, COUNT(shares));
    load(&place, &arena, &results);
    const struct ws_curve *human = ws_results_find(&results, "mix:a", "mix/human");
    const struct ws_curve *model = ws_results_find(&results, "mix:a", "mix/model/2");
    assert_int_equal(human->points[0].summary.count, 3);
    assert_int_equal(model->points[0].summary.count, 3);
    assert_true(fabs(human->points[0].summary.mean - 0.6) < 1e-12);
    assert_true(fabs(model->points[0].summary.mean - 0.4) < 1e-12);
    assert_true(model->points[0].summary.median == 0.5);
    const struct ws_curve *bin = ws_results_find(&results, "mix:a", "perplexity_histogram/10.000");
    assert_int_equal(bin->points[0].summary.count, 3);
    assert_true(bin->points[0].summary.median == 0 && bin->points[0].summary.mean == 0.25);
    ws_arena_release(&arena);
    remove_place(&place);
}

/* Metrics that come and go, over several parts: each curve has the generations that have it. */
static void results__generations_of_all_parts_are_there(void **state)
{
    (void)state;
    enum { GENERATIONS = 7, SEEDS = 5 };
    struct ws_record many[GENERATIONS * SEEDS * 2];
    size_t count = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (uint32_t g = 0; g < GENERATIONS; g++) {
            many[count++] = (struct ws_record)RECORD("a", seed, g, "mix/human", 9, (double)seed);
            if (g % 3 == 0)
                many[count++] = (struct ws_record)RECORD("a", seed, g, "third", 9 + g, g);
        }
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    make_run(&place, many, count);
    load(&place, &arena, &results);
    assert_int_equal(results.count, 2);
    const struct ws_curve *human = ws_results_find(&results, "a", "mix/human");
    assert_int_equal(human->point_count, GENERATIONS);
    for (uint32_t g = 0; g < GENERATIONS; g++) {
        assert_int_equal(human->points[g].generation, g);
        assert_int_equal(human->points[g].summary.count, SEEDS);
        assert_true(human->points[g].summary.median == 3);
    }
    const struct ws_curve *third = ws_results_find(&results, "a", "third");
    assert_int_equal(third->point_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(third->points[i].generation, 3 * i);
        assert_int_equal(third->points[i].n, 9 + 3 * i);
        assert_true(third->points[i].summary.mean == 3 * i);
    }
    ws_arena_release(&arena);
    remove_place(&place);
}

static void results__no_records_are_no_curves(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    make_run(&place, NULL, 0);
    load(&place, &arena, &results);
    assert_int_equal(results.count, 0);
    ws_arena_release(&arena);
    remove_place(&place);
}

static void results__a_run_that_was_not_summed_up_is_not_found(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_results results;
    int visited = 0;
    make_run(&place, records, COUNT(records));
    ws_arena_init(&arena, NULL);
    assert_int_equal(unlink(join(&arena, place.path, "summary")), 0);
    assert_int_equal(ws_results_load(place.path, &arena, &results, NULL), WS_NOT_FOUND);
    assert_int_equal(ws_results_visit(place.path, NULL, NULL, &visited, NULL), WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_place(&place);
}

static enum ws_status count_one(void *user, const struct ws_record *record, struct ws_error *err)
{
    (void)record;
    (void)err;
    ++*(int *)user;
    return WS_OK;
}

/* Damages one file of the run, and what is said when results and summary are made of it. */
static void check_damage(const char *name, long at, const char *bytes, const char *message)
{
    struct place place;
    struct ws_error err;
    char expected[300];
    int visited = 0;
    make_run(&place, records, COUNT(records));
    (void)snprintf(expected, sizeof expected, "'%s/%s'%s", place.path, name, message);
    if (bytes) {
        damage(&place, name, at, bytes);
    } else {
        char path[200];
        (void)snprintf(path, sizeof path, "%s/%s", place.path, name);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(ws_results_visit(place.path, NULL, count_one, &visited, &err), WS_CORRUPT);
    assert_string_equal(err.message, expected);
    assert_int_equal(sum_up(&place, NULL, &err), WS_CORRUPT);
    assert_string_equal(err.message, expected);
    remove_place(&place);
}

static void results__damaged_records_are_named(void **state)
{
    (void)state;
    check_damage("arms/arm-0/seeds-3-4.checkpoint", 30, "x",
                 ": the checkpoint's bytes do not match its hash");
    check_damage("arms/arm-0/seeds-1-2.steps-0-1", 30, "x",
                 ": the checkpoint's bytes do not match its hash");
    check_damage("arms/arm-0/seeds-1-2.steps-0-1", 0, NULL, " is missing");
}

static void results__a_damaged_summary_is_named(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_run_description run;
    struct ws_results results;
    struct ws_error err;
    make_run(&place, records, COUNT(records));
    ws_arena_init(&arena, NULL);
    struct ws_bytes bytes = contents(&arena, join(&arena, place.path, "summary"));
    char *changed = ws_arena_copy(&arena, bytes.data, bytes.size);
    char *path = join(&arena, place.path, "summary");
    for (size_t i = 0; i < bytes.size; i++) {
        changed[i] ^= 0x10;
        assert_int_equal(ws_file_replace(path, ws_bytes_of(changed, bytes.size), NULL), WS_OK);
        assert_int_equal(ws_results_load(place.path, &arena, &results, &err),
                         i >= 8 && i < 12 ? WS_UNSUPPORTED : WS_CORRUPT);
        assert_non_null(strstr(err.message, "/summary': "));
        changed[i] ^= 0x10;
    }
    /* It is then made anew by whoever goes on with the run. */
    assert_int_equal(ws_run_read(place.path, &arena, &run, NULL), WS_OK);
    assert_false(ws_summary_is_of(place.path, &run));
    ws_arena_release(&arena);
    remove_place(&place);
}

/* Three seeds of two arms, of which two chains ended. */
static void results__a_summary_says_what_it_is_of(void **state)
{
    (void)state;
    static const struct ws_record whole[] = {RECORD("a", 1, 0, "types", 1, 1),
                                             RECORD("a", 1, 1, "types", 1, 1)};
    struct place place;
    struct ws_arena arena;
    struct ws_run_description run;
    ws_arena_init(&arena, NULL);
    make_run(&place, whole, COUNT(whole));
    assert_int_equal(ws_run_read(place.path, &arena, &run, NULL), WS_OK);
    assert_true(ws_summary_is_of(place.path, &run));
    run.generations = 3;
    assert_false(ws_summary_is_of(place.path, &run));
    remove_place(&place);
    make_run(&place, records, COUNT(records));
    assert_int_equal(ws_run_read(place.path, &arena, &run, NULL), WS_OK);
    assert_false(ws_summary_is_of(place.path, &run)); /* a seed has one generation of two */
    ws_arena_release(&arena);
    remove_place(&place);
}

static enum ws_status stop_at_third(void *user, const struct ws_record *record,
                                    struct ws_error *err)
{
    (void)record;
    if (++*(int *)user < 3)
        return WS_OK;
    return ws_fail(err, WS_INTERRUPTED, "enough");
}

static void results__a_visit_ends_when_the_visitor_says_so(void **state)
{
    (void)state;
    struct place place;
    int visited = 0;
    struct ws_error err;
    make_run(&place, records, COUNT(records));
    assert_int_equal(ws_results_visit(place.path, NULL, stop_at_third, &visited, &err),
                     WS_INTERRUPTED);
    assert_int_equal(visited, 3);
    assert_string_equal(err.message, "enough");
    remove_place(&place);
}

static enum ws_status append(void *user, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_buffer *out = user;
    ws_buffer_append(out, bytes.data, bytes.size);
    return ws_buffer_check(out, "a test", err);
}

static void assert_export(const struct place *place, bool summary, enum ws_export_format format,
                          const char *expected)
{
    struct ws_buffer out;
    const struct ws_export_target target = {.write = append, .user = &out};
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(summary ? ws_export_summary(place->path, format, NULL, &target, NULL)
                             : ws_export_records(place->path, format, NULL, &target, NULL),
                     WS_OK);
    assert_string_equal(ws_buffer_string(&out), expected);
    ws_buffer_release(&out);
}

#define LINE(arm, seed, generation, metric, n, value)                                              \
    "{\"arm\":\"" arm "\",\"seed\":" seed ",\"generation\":" generation ",\"metric\":\"" metric    \
    "\",\"definition\":\"" metric "/1\",\"n\":" n ",\"value\":" value ",\"floor\":\"nan\"}\n"

static void export__records_are_rows(void **state)
{
    (void)state;
    static const struct ws_record some[] = {
        RECORD("replace", 1, 0, "types", 10, 4.5),
        RECORD("a,\"b\"", 2, 7, "entropy", 3, -INFINITY),
    };
    struct place place;
    make_run(&place, some, COUNT(some));
    assert_export(&place, false, WS_EXPORT_CSV,
                  "arm,seed,generation,metric,definition,n,value,floor\r\n"
                  "replace,1,0,types,types/1,10,4.5,nan\r\n"
                  "\"a,\"\"b\"\"\",2,7,entropy,entropy/1,3,-inf,nan\r\n");
    assert_export(&place, false, WS_EXPORT_JSONL,
                  LINE("replace", "1", "0", "types", "10", "4.5")
                      LINE("a,\\\"b\\\"", "2", "7", "entropy", "3", "\"-inf\""));
    remove_place(&place);
}

static void export__summaries_are_rows(void **state)
{
    (void)state;
    static const struct ws_record some[] = {
        RECORD("replace", 1, 0, "types", 10, 0),
        RECORD("replace", 1, 1, "types", 10, 0.1),
        RECORD("replace", 2, 0, "types", 10, 10),
    };
    struct place place;
    make_run(&place, some, COUNT(some));
    assert_export(
        &place, true, WS_EXPORT_CSV,
        "arm,generation,metric,definition,n,seeds,median,low,high,mean,standard_error,floor\r\n"
        "replace,0,types,types/1,10,2,5,1,9,5,5,nan\r\n"
        "replace,1,types,types/1,10,1,0.1,0.1,0.1,0.1,nan,nan\r\n");
    remove_place(&place);
}

/* A floor stands beside every value of its chain, and of no other. */
static void export__floors_stand_beside_values(void **state)
{
    (void)state;
    static const struct ws_record some[] = {
        RECORD("replace", 1, 0, "mix/human", 8, 1), RECORD("replace", 1, 0, "floor/types", 10, 6),
        RECORD("replace", 1, 0, "types", 10, 5),    RECORD("replace", 1, 1, "mix/human", 8, 0),
        RECORD("replace", 1, 1, "types", 10, 4),    RECORD("replace", 2, 0, "mix/human", 8, 1),
        RECORD("replace", 2, 0, "types", 10, 3),
    };
    struct place place;
    make_run(&place, some, COUNT(some));
    assert_export(&place, false, WS_EXPORT_CSV,
                  "arm,seed,generation,metric,definition,n,value,floor\r\n"
                  "replace,1,0,mix/human,mix/human/1,8,1,nan\r\n"
                  "replace,1,0,floor/types,floor/types/1,10,6,nan\r\n"
                  "replace,1,0,types,types/1,10,5,6\r\n"
                  "replace,1,1,mix/human,mix/human/1,8,0,nan\r\n"
                  "replace,1,1,types,types/1,10,4,6\r\n"
                  "replace,2,0,mix/human,mix/human/1,8,1,nan\r\n"
                  "replace,2,0,types,types/1,10,3,nan\r\n");
    assert_export(&place, true, WS_EXPORT_CSV,
                  "arm,generation,metric,definition,n,seeds,median,low,high,mean,standard_error,"
                  "floor\r\n"
                  "replace,0,mix/human,mix/human/1,8,2,1,1,1,1,0,nan\r\n"
                  "replace,1,mix/human,mix/human/1,8,1,0,0,0,0,nan,nan\r\n"
                  "replace,0,floor/types,floor/types/1,10,1,6,6,6,6,nan,nan\r\n"
                  "replace,0,types,types/1,10,2,4,3.2,4.8,4,1,6\r\n"
                  "replace,1,types,types/1,10,1,4,4,4,4,nan,6\r\n");
    remove_place(&place);
}

static void results__every_allocation_may_fail(void **state)
{
    (void)state;
    struct place place;
    make_run(&place, records, COUNT(records));
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_error err;
        struct ws_buffer out;
        const struct ws_export_target target = {.write = append, .user = &out};
        ws_buffer_init(&out, &allocator, 1 << 16);
        status = sum_up(&place, &allocator, &err);
        if (status == WS_OK)
            status = ws_export_summary(place.path, WS_EXPORT_JSONL, &allocator, &target, &err);
        if (status == WS_OK)
            status = ws_export_records(place.path, WS_EXPORT_JSONL, &allocator, &target, &err);
        if (status == WS_CORRUPT)
            fail_msg("%s", err.message);
        ws_buffer_release(&out);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results__a_run_that_has_not_ended_has_none),
        cmocka_unit_test(results__curves_hold_every_generation_over_seeds),
        cmocka_unit_test(results__a_share_without_a_record_is_zero),
        cmocka_unit_test(results__generations_of_all_parts_are_there),
        cmocka_unit_test(results__no_records_are_no_curves),
        cmocka_unit_test(results__a_run_that_was_not_summed_up_is_not_found),
        cmocka_unit_test(results__damaged_records_are_named),
        cmocka_unit_test(results__a_damaged_summary_is_named),
        cmocka_unit_test(results__a_summary_says_what_it_is_of),
        cmocka_unit_test(results__a_visit_ends_when_the_visitor_says_so),
        cmocka_unit_test(export__records_are_rows),
        cmocka_unit_test(export__summaries_are_rows),
        cmocka_unit_test(export__floors_stand_beside_values),
        cmocka_unit_test(results__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
