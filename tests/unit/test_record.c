/*
 * Metric records: the bytes that are written, and lines that were not written here.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/record.h"
#include "support/failing_heap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct ws_record_place place = {"keep:0.1", 2, 3};

static void assert_mix(const struct ws_mix_part *parts, size_t count, uint64_t items,
                       bool whole_pool, const char *expected)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(ws_record_mix(&place, parts, count, items, whole_pool, &out, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&out), expected);
    ws_buffer_release(&out);
}

#define MIX_LINE(name, n, value)                                                                   \
    "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"mix/" name                     \
    "\",\"definition\":\"mix.items/1\",\"n\":" n ",\"value\":" value "}\n"

static void record__a_mix_is_the_share_of_each_origin(void **state)
{
    (void)state;
    static const struct ws_mix_part parts[] = {
        {WS_SOURCE_UNKNOWN, 0, 1},
        {WS_SOURCE_ORIGINAL, 0, 2},
        {WS_SOURCE_FRESH, 0, 1},
        {WS_SOURCE_MODEL, 3, 4},
    };
    assert_mix(parts, 4, 8, false,
               MIX_LINE("human", "8", "0.375") MIX_LINE("unknown/0", "8", "0.125")
                   MIX_LINE("original/0", "8", "0.25") MIX_LINE("fresh/0", "8", "0.125")
                       MIX_LINE("model/3", "8", "0.5"));
}

static void record__a_mix_without_human_items_says_so(void **state)
{
    (void)state;
    static const struct ws_mix_part parts[] = {{WS_SOURCE_MODEL, 1, 2}, {WS_SOURCE_MODEL, 2, 2}};
    assert_mix(parts, 2, 4, false,
               MIX_LINE("human", "4", "0.0") MIX_LINE("model/1", "4", "0.5")
                   MIX_LINE("model/2", "4", "0.5"));
}

static void record__neighbouring_depths_of_a_whole_pool_share_a_line(void **state)
{
    (void)state;
    static const struct ws_mix_part parts[] = {
        {WS_SOURCE_ORIGINAL, 0, 2}, {WS_SOURCE_MODEL, 1, 2}, {WS_SOURCE_MODEL, 2, 2},
        {WS_SOURCE_MODEL, 3, 2},    {WS_SOURCE_MODEL, 4, 1}, {WS_SOURCE_MODEL, 6, 1},
        {WS_SOURCE_MODEL, 7, 1},    {WS_SOURCE_MODEL, 8, 5},
    };
    assert_mix(parts, 8, 16, true,
               MIX_LINE("human", "16", "0.125") MIX_LINE("original/0", "16", "0.125")
                   MIX_LINE("model/1..3", "16", "0.375") MIX_LINE("model/4", "16", "0.0625")
                       MIX_LINE("model/6..7", "16", "0.125") MIX_LINE("model/8", "16", "0.3125"));
}

static void record__measurements_are_lines_in_their_order(void **state)
{
    (void)state;
    static const struct ws_measurement measurements[] = {
        {WS_METRIC_TYPES, 250000, 8123, 0},        {WS_METRIC_ENTROPY, 250000, 0.1, 0},
        {WS_METRIC_RARE_KEPT, 7, NAN, 0},          {WS_METRIC_TEST_NLL, 7, INFINITY, 0},
        {WS_METRIC_LOG_VARIANCE, 7, -INFINITY, 0},
    };
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(ws_record_measurements(&place, measurements, COUNT(measurements), &out, NULL),
                     WS_OK);
    assert_string_equal(
        ws_buffer_string(&out),
        "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"types\","
        "\"definition\":\"types.sample/1\",\"n\":250000,\"value\":8123.0}\n"
        "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"entropy\","
        "\"definition\":\"entropy.plug-in/1\",\"n\":250000,\"value\":0.10000000000000001}\n"
        "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"rare_kept\","
        "\"definition\":\"rare2.reference.ratio/1\",\"n\":7,\"value\":\"nan\"}\n"
        "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"test_nll\","
        "\"definition\":\"nll.reference/1\",\"n\":7,\"value\":\"inf\"}\n"
        "{\"arm\":\"keep:0.1\",\"seed\":2,\"generation\":3,\"metric\":\"log_variance\","
        "\"definition\":\"log-variance.truth/1\",\"n\":7,\"value\":\"-inf\"}\n");
    ws_buffer_release(&out);
}

static void record__a_histogram_has_a_line_for_each_bin(void **state)
{
    (void)state;
    static const struct ws_measurement measurements[] = {
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.25, 0},
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.5, 12},
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.25, WS_PERPLEXITY_BINS - 1},
        {WS_METRIC_OWN_TEXT_PERPLEXITY_HISTOGRAM, 5, 1, 8},
    };
    static const char *const names[] = {"perplexity_histogram/1.000", "perplexity_histogram/31.623",
                                        "perplexity_histogram/100000.000",
                                        "own_text_perplexity_histogram/10.000"};
    static const char *const definitions[] = {
        "perplexity.reference.under-model.bins/1", "perplexity.reference.under-model.bins/1",
        "perplexity.reference.under-model.bins/1", "perplexity.sample.under-first.bins/1"};
    struct ws_arena arena;
    struct ws_buffer out;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&out, NULL, 1 << 16);
    for (size_t i = 0; i < COUNT(measurements); i++) {
        struct ws_record record;
        ws_buffer_reset(&out);
        assert_int_equal(ws_record_measurements(&place, &measurements[i], 1, &out, NULL), WS_OK);
        assert_int_equal(
            ws_record_parse(ws_bytes_of(out.data, out.size - 1), "line", &arena, &record, NULL),
            WS_OK);
        assert_string_equal(record.metric, names[i]);
        assert_string_equal(record.definition, definitions[i]);
        assert_int_equal(record.n, measurements[i].n);
        assert_true(record.value == measurements[i].value);
    }
    ws_buffer_release(&out);
    ws_arena_release(&arena);
}

/* Reads a line; `record`'s texts live in `arena`. */
static enum ws_status parse(const char *line, struct ws_arena *arena, struct ws_record *record,
                            struct ws_error *err)
{
    return ws_record_parse(ws_bytes_of_text(line), "line", arena, record, err);
}

static void record__what_is_written_is_read_back(void **state)
{
    (void)state;
    static const double values[] = {8123, 0.1, -1e-300, 0, NAN, INFINITY, -INFINITY};
    struct ws_arena arena;
    struct ws_buffer out;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&out, NULL, 1 << 16);
    for (size_t i = 0; i < COUNT(values); i++) {
        const struct ws_measurement measurement = {WS_METRIC_DISTINCT_2, 40 + i, values[i], 0};
        struct ws_record record;
        ws_buffer_reset(&out);
        assert_int_equal(ws_record_measurements(&place, &measurement, 1, &out, NULL), WS_OK);
        assert_int_equal(
            ws_record_parse(ws_bytes_of(out.data, out.size - 1), "line", &arena, &record, NULL),
            WS_OK);
        assert_string_equal(record.place.arm, "keep:0.1");
        assert_int_equal(record.place.seed, 2);
        assert_int_equal(record.place.generation, 3);
        assert_string_equal(record.metric, "distinct_2");
        assert_string_equal(record.definition, "distinct-2.pooled/1");
        assert_int_equal(record.n, 40 + i);
        assert_true(record.value == values[i] || (isnan(record.value) && isnan(values[i])));
    }
    ws_buffer_release(&out);
    ws_arena_release(&arena);
}

static void record__a_whole_number_is_a_value_too(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_record record;
    ws_arena_init(&arena, NULL);
    assert_int_equal(parse("{\"value\":7,\"n\":1,\"metric\":\"m\",\"arm\":\"a\",\"seed\":1,"
                           "\"definition\":\"d\",\"generation\":4294967295}",
                           &arena, &record, NULL),
                     WS_OK);
    assert_true(record.value == 7);
    assert_int_equal(record.place.generation, UINT32_MAX);
    ws_arena_release(&arena);
}

#define START "{\"arm\":\"a\",\"seed\":1,"
#define END   ",\"metric\":\"m\",\"definition\":\"d\",\"n\":1,\"value\":1}"

static void record__what_is_no_record_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"", "line:1: '[' or '{' expected near end of file"},
        {"[]", "line: 'arm' is missing, wanted a text"},
        {START "\"generation\":1", "line:1: '}' expected near end of file"},
        {START "\"generation\":-1" END,
         "line: 'generation' is a number, wanted a whole number of at least 0"},
        {START "\"generation\":1.5" END,
         "line: 'generation' is a number, wanted a whole number of at least 0"},
        {START "\"generation\":4294967296" END, "line: generation 4294967296 is out of range"},
        {START "\"generation\":\"1\"" END,
         "line: 'generation' is the text '1', wanted a whole number of at least 0"},
        {START "\"seed\":1,\"generation\":1" END, "line:1: duplicate object key near '\"seed\"'"},
        {"{\"arm\":\"a\",\"seed\":1,\"generation\":1,\"metric\":\"m\",\"definition\":\"d\","
         "\"n\":1,\"value\":\"NaN\"}",
         "line: 'value' is the text 'NaN', wanted a number, 'nan', 'inf' or '-inf'"},
        {"{\"arm\":\"a\",\"seed\":1,\"generation\":1,\"metric\":\"m\",\"definition\":\"d\","
         "\"n\":1,\"value\":null}",
         "line: 'value' is null, wanted a number, 'nan', 'inf' or '-inf'"},
        {"{\"arm\":\"a\",\"seed\":1,\"generation\":1,\"metric\":\"m\",\"n\":1,\"value\":1}",
         "line: 'definition' is missing, wanted a text"},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ws_record record = {.n = 99};
        struct ws_error err;
        assert_int_equal(parse(cases[i].line, &arena, &record, &err), WS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(record.n, 99); /* outputs are set only on success */
    }
    ws_arena_release(&arena);
}

static void record__every_allocation_may_fail(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        static const struct ws_mix_part part = {WS_SOURCE_ORIGINAL, 0, 2};
        static const struct ws_measurement measurement = {WS_METRIC_TYPES, 7, 1, 0};
        struct ws_arena arena;
        struct ws_buffer out;
        struct ws_record record;
        ws_arena_init(&arena, &allocator);
        ws_buffer_init(&out, &allocator, 1 << 16);
        status = ws_record_mix(&place, &part, 1, 2, false, &out, NULL);
        if (status == WS_OK)
            status = ws_record_measurements(&place, &measurement, 1, &out, NULL);
        if (status == WS_OK)
            status = parse(START "\"generation\":1" END, &arena, &record, NULL);
        ws_buffer_release(&out);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record__a_mix_is_the_share_of_each_origin),
        cmocka_unit_test(record__a_mix_without_human_items_says_so),
        cmocka_unit_test(record__neighbouring_depths_of_a_whole_pool_share_a_line),
        cmocka_unit_test(record__measurements_are_lines_in_their_order),
        cmocka_unit_test(record__a_histogram_has_a_line_for_each_bin),
        cmocka_unit_test(record__what_is_written_is_read_back),
        cmocka_unit_test(record__a_whole_number_is_a_value_too),
        cmocka_unit_test(record__what_is_no_record_is_told),
        cmocka_unit_test(record__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
