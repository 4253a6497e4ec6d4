/*
 * Results: curves over generations and seeds from a metrics.jsonl that was made by hand, and what
 * other programs get of it.
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
#include "support/failing_heap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define LINE(arm, seed, generation, metric, n, value)                                              \
    "{\"arm\":\"" arm "\",\"seed\":" seed ",\"generation\":" generation ",\"metric\":\"" metric    \
    "\",\"definition\":\"" metric "/1\",\"n\":" n ",\"value\":" value "}\n"

/* Two arms, three seeds, two generations of which seed 3 has only one. */
static const char text[] = LINE("replace", "1", "0", "types", "10", "4.0") //
    LINE("replace", "1", "0", "entropy", "10", "1.5")                      //
    LINE("replace", "1", "1", "types", "10", "3.0")                        //
    LINE("replace", "1", "1", "entropy", "10", "\"-inf\"")                 //
    LINE("replace", "2", "0", "types", "10", "6.0")                        //
    LINE("replace", "2", "0", "entropy", "10", "\"nan\"")                  //
    LINE("replace", "2", "1", "types", "10", "1.0")                        //
    LINE("replace", "3", "0", "types", "10", "5.0")                        //
    LINE("keep:0.1", "1", "0", "types", "12", "7.0")                       //
    LINE("keep:0.1", "1", "1", "types", "12", "8.0");

static void make_run(char directory[40], const char *metrics)
{
    char path[80];
    (void)snprintf(directory, 40, "/tmp/ws-results-XXXXXX");
    assert_non_null(mkdtemp(directory));
    if (!metrics)
        return;
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(metrics, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_run(const char *directory)
{
    char path[80];
    (void)snprintf(path, sizeof path, "%s/metrics.jsonl", directory);
    (void)unlink(path);
    assert_int_equal(rmdir(directory), 0);
}

static void results__curves_hold_every_generation_over_seeds(void **state)
{
    (void)state;
    char directory[40];
    struct ws_arena arena;
    struct ws_results results;
    make_run(directory, text);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_results_load(directory, &arena, &results, NULL), WS_OK);
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
    remove_run(directory);
}

/* Three seeds, of which one has no item of depth 2: its share is zero, not missing. The third alone
 * has sequences in a bin of a histogram. */
static void results__a_share_without_a_record_is_zero(void **state)
{
    (void)state;
    static const char shares[] = LINE("mix:a", "1", "4", "mix/human", "10", "0.3") //
        LINE("mix:a", "1", "4", "mix/model/2", "10", "0.7")                        //
        LINE("mix:a", "2", "4", "mix/human", "10", "1.0")                          //
        LINE("mix:a", "3", "4", "mix/human", "10", "0.5")                          //
        LINE("mix:a", "3", "4", "mix/model/2", "10", "0.5")                        //
        LINE("mix:a", "3", "4", "perplexity_histogram/10.000", "8", "0.75");
    char directory[40];
    struct ws_arena arena;
    struct ws_results results;
    make_run(directory, shares);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_results_load(directory, &arena, &results, NULL), WS_OK);
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
    remove_run(directory);
}

static void results__no_records_are_no_curves(void **state)
{
    (void)state;
    char directory[40];
    struct ws_arena arena;
    struct ws_results results;
    make_run(directory, "");
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_results_load(directory, &arena, &results, NULL), WS_OK);
    assert_int_equal(results.count, 0);
    ws_arena_release(&arena);
    remove_run(directory);
}

static void results__a_run_without_metrics_is_not_found(void **state)
{
    (void)state;
    char directory[40];
    struct ws_arena arena;
    struct ws_results results;
    make_run(directory, NULL);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_results_load(directory, &arena, &results, NULL), WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_run(directory);
}

static void results__a_damaged_line_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *metrics, *rest;
    } cases[] = {
        {LINE("a", "1", "0", "types", "1", "1") "{\"arm\":\n",
         ":2: record:1: unexpected token near end of file"},
        {LINE("a", "1", "0", "types", "1", "1") LINE("a", "1", "1", "types", "1", "1") "\n",
         ":3: record:1: '[' or '{' expected near end of file"},
        {LINE("a", "1", "0", "types", "1", "null"),
         ":1: record: 'value' is null, wanted a number, 'nan', 'inf' or '-inf'"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char directory[40], expected[300];
        struct ws_arena arena;
        struct ws_results results;
        struct ws_error err;
        make_run(directory, cases[i].metrics);
        ws_arena_init(&arena, NULL);
        assert_int_equal(ws_results_load(directory, &arena, &results, &err), WS_CORRUPT);
        (void)snprintf(expected, sizeof expected, "%s/metrics.jsonl%s", directory, cases[i].rest);
        assert_string_equal(err.message, expected);
        ws_arena_release(&arena);
        remove_run(directory);
    }
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
    char directory[40];
    int visited = 0;
    struct ws_error err;
    make_run(directory, text);
    assert_int_equal(ws_results_visit(directory, NULL, stop_at_third, &visited, &err),
                     WS_INTERRUPTED);
    assert_int_equal(visited, 3);
    assert_string_equal(err.message, "enough");
    remove_run(directory);
}

static void assert_export(const char *directory, bool summary, enum ws_export_format format,
                          const char *expected)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(summary ? ws_export_summary(directory, format, &out, NULL)
                             : ws_export_records(directory, format, &out, NULL),
                     WS_OK);
    assert_string_equal(ws_buffer_string(&out), expected);
    ws_buffer_release(&out);
}

static void export__records_are_rows(void **state)
{
    (void)state;
    char directory[40];
    make_run(directory, LINE("replace", "1", "0", "types", "10", "4.5")
                            LINE("a,\\\"b\\\"", "2", "7", "entropy", "3", "\"-inf\""));
    assert_export(directory, false, WS_EXPORT_CSV,
                  "arm,seed,generation,metric,definition,n,value\r\n"
                  "replace,1,0,types,types/1,10,4.5\r\n"
                  "\"a,\"\"b\"\"\",2,7,entropy,entropy/1,3,-inf\r\n");
    assert_export(directory, false, WS_EXPORT_JSONL,
                  LINE("replace", "1", "0", "types", "10", "4.5")
                      LINE("a,\\\"b\\\"", "2", "7", "entropy", "3", "\"-inf\""));
    remove_run(directory);
}

static void export__summaries_are_rows(void **state)
{
    (void)state;
    char directory[40];
    make_run(directory, LINE("replace", "1", "0", "types", "10", "0")
                            LINE("replace", "2", "0", "types", "10", "10")
                                LINE("replace", "1", "1", "types", "10", "0.1"));
    assert_export(directory, true, WS_EXPORT_CSV,
                  "arm,generation,metric,definition,n,seeds,median,low,high,mean,standard_error\r\n"
                  "replace,0,types,types/1,10,2,5,1,9,5,5\r\n"
                  "replace,1,types,types/1,10,1,0.1,0.1,0.1,0.1,nan\r\n");
    remove_run(directory);
}

static void results__every_allocation_may_fail(void **state)
{
    (void)state;
    char directory[40];
    make_run(directory, text);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_buffer out;
        ws_buffer_init(&out, &allocator, 1 << 16);
        status = ws_export_summary(directory, WS_EXPORT_JSONL, &out, NULL);
        ws_buffer_release(&out);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    remove_run(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results__curves_hold_every_generation_over_seeds),
        cmocka_unit_test(results__a_share_without_a_record_is_zero),
        cmocka_unit_test(results__no_records_are_no_curves),
        cmocka_unit_test(results__a_run_without_metrics_is_not_found),
        cmocka_unit_test(results__a_damaged_line_is_named),
        cmocka_unit_test(results__a_visit_ends_when_the_visitor_says_so),
        cmocka_unit_test(export__records_are_rows),
        cmocka_unit_test(export__summaries_are_rows),
        cmocka_unit_test(results__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
