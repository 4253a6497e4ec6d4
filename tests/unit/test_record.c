/*
 * Metric records: what is written of a model, the bytes it is kept in, and bytes that were not
 * written here.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/record.h"
#include "support/failing_heap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What is written ------------------------------------------------------------------------------ */

/* "generation metric definition n value" of every record, a line each. */
static enum ws_status show(struct ws_bytes bytes, struct ws_buffer *out,
                           const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_records_reader reader;
    struct ws_record record;
    bool more;
    ws_records_open(&reader, bytes, allocator);
    enum ws_status status = ws_records_next_generation(&reader, &more, err);
    while (status == WS_OK && more) {
        status = ws_records_next(&reader, &record, &more, err);
        if (status == WS_OK && more)
            ws_buffer_format(out, "%u %s %s %llu %.17g\n", (unsigned)reader.generation,
                             record.metric, record.definition, (unsigned long long)record.n,
                             record.value);
        else if (status == WS_OK)
            status = ws_records_next_generation(&reader, &more, err);
    }
    ws_records_close(&reader);
    return status;
}

static void assert_shown(struct ws_bytes bytes, const char *expected)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(show(bytes, &out, NULL, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&out), expected);
    ws_buffer_release(&out);
}

static void assert_written(struct ws_records *records, const char *expected)
{
    assert_int_equal(ws_records_end(records, NULL), WS_OK);
    assert_shown(ws_buffer_bytes(&records->bytes), expected);
    ws_records_release(records);
}

static void begin(struct ws_records *records)
{
    ws_records_init(records, NULL);
    ws_records_begin(records, 3);
}

static void assert_mix(const struct ws_mix_part *parts, size_t count, uint64_t items,
                       bool whole_pool, const char *expected)
{
    struct ws_records records;
    begin(&records);
    ws_record_mix(&records, parts, count, items, whole_pool);
    assert_written(&records, expected);
}

#define MIX(name, n, value) "3 mix/" name " mix.items/1 " n " " value "\n"

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
               MIX("human", "8", "0.375") MIX("unknown/0", "8", "0.125")
                   MIX("original/0", "8", "0.25") MIX("fresh/0", "8", "0.125")
                       MIX("model/3", "8", "0.5"));
}

static void record__a_mix_without_human_items_says_so(void **state)
{
    (void)state;
    static const struct ws_mix_part parts[] = {{WS_SOURCE_MODEL, 1, 2}, {WS_SOURCE_MODEL, 2, 2}};
    assert_mix(parts, 2, 4, false,
               MIX("human", "4", "0") MIX("model/1", "4", "0.5") MIX("model/2", "4", "0.5"));
}

static void record__neighbouring_depths_of_a_whole_pool_share_a_record(void **state)
{
    (void)state;
    static const struct ws_mix_part parts[] = {
        {WS_SOURCE_ORIGINAL, 0, 2}, {WS_SOURCE_MODEL, 1, 2}, {WS_SOURCE_MODEL, 2, 2},
        {WS_SOURCE_MODEL, 3, 2},    {WS_SOURCE_MODEL, 4, 1}, {WS_SOURCE_MODEL, 6, 1},
        {WS_SOURCE_MODEL, 7, 1},    {WS_SOURCE_MODEL, 8, 5},
    };
    assert_mix(parts, 8, 16, true,
               MIX("human", "16", "0.125") MIX("original/0", "16", "0.125")
                   MIX("model/1..3", "16", "0.375") MIX("model/4", "16", "0.0625")
                       MIX("model/6..7", "16", "0.125") MIX("model/8", "16", "0.3125"));
}

static void record__measurements_come_in_their_order(void **state)
{
    (void)state;
    static const struct ws_measurement measurements[] = {
        {WS_METRIC_TYPES, 250000, 8123, 0},        {WS_METRIC_ENTROPY, 250000, 0.1, 0},
        {WS_METRIC_RARE_KEPT, 7, NAN, 0},          {WS_METRIC_TEST_NLL, 7, INFINITY, 0},
        {WS_METRIC_LOG_VARIANCE, 7, -INFINITY, 0},
    };
    struct ws_records records;
    begin(&records);
    ws_record_measurements(&records, measurements, COUNT(measurements));
    assert_written(&records, "3 types types.sample/1 250000 8123\n"
                             "3 entropy entropy.plug-in/1 250000 0.10000000000000001\n"
                             "3 rare_kept rare2.reference.ratio/1 7 nan\n"
                             "3 test_nll nll.reference/1 7 inf\n"
                             "3 log_variance log-variance.truth/1 7 -inf\n");
}

static void record__a_histogram_has_a_record_for_each_bin(void **state)
{
    (void)state;
    static const struct ws_measurement measurements[] = {
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.25, 0},
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.5, 12},
        {WS_METRIC_PERPLEXITY_HISTOGRAM, 4, 0.25, WS_PERPLEXITY_BINS - 1},
        {WS_METRIC_OWN_TEXT_PERPLEXITY_HISTOGRAM, 5, 1, 8},
    };
    struct ws_records records;
    begin(&records);
    ws_record_measurements(&records, measurements, COUNT(measurements));
    assert_written(
        &records,
        "3 perplexity_histogram/1.000 perplexity.reference.under-model.bins/1 4 0.25\n"
        "3 perplexity_histogram/31.623 perplexity.reference.under-model.bins/1 4 0.5\n"
        "3 perplexity_histogram/100000.000 perplexity.reference.under-model.bins/1 4 0.25\n"
        "3 own_text_perplexity_histogram/10.000 perplexity.sample.under-first.bins/1 5 1\n");
}

static void record__a_loss_curve_has_a_record_for_each_point(void **state)
{
    (void)state;
    static const struct ws_loss_point points[] = {
        {false, 10, 640, 2.5}, {true, 10, 99, 3}, {false, 20, 640, 2}};
    struct ws_records records;
    begin(&records);
    ws_record_curve(&records, points, COUNT(points));
    assert_written(&records, "3 training_loss/10 loss.training/1 640 2.5\n"
                             "3 validation_loss/10 loss.validation/1 99 3\n"
                             "3 training_loss/20 loss.training/1 640 2\n");
}

/* The bytes ------------------------------------------------------------------------------------ */

/* Names of every shape, the same and others as time goes on, sizes that change and stay. */
static void write_generation(struct ws_records *records, uint32_t g)
{
    char name[40];
    ws_records_begin(records, g);
    ws_records_add(records, "mix/human", "mix.items/1", 100, 1.0 / (g + 1));
    (void)snprintf(name, sizeof name, "mix/model/%u", (unsigned)g);
    ws_records_add(records, name, "mix.items/1", 100, 0.5);
    ws_records_add(records, "types", "types.sample/1", 100 + g / 2, g);
    if (g % 2)
        ws_records_add(records, "distinct_1", "distinct-1.pooled/1", 0, NAN);
    ws_records_add(records, "histogram/10.000", "bins/1", INT64_MAX, -0.0);
    ws_records_add(records, "007", "bond/1", 7, 1e-300);
    ws_records_add(records, "99999999999999999999", "long/1", 7, 1);
    assert_int_equal(ws_records_end(records, NULL), WS_OK);
}

static const char shown[] = "0 mix/human mix.items/1 100 1\n"
                            "0 mix/model/0 mix.items/1 100 0.5\n"
                            "0 types types.sample/1 100 0\n"
                            "0 histogram/10.000 bins/1 9223372036854775807 -0\n"
                            "0 007 bond/1 7 1e-300\n"
                            "0 99999999999999999999 long/1 7 1\n"
                            "1 mix/human mix.items/1 100 0.5\n"
                            "1 mix/model/1 mix.items/1 100 0.5\n"
                            "1 types types.sample/1 100 1\n"
                            "1 distinct_1 distinct-1.pooled/1 0 nan\n"
                            "1 histogram/10.000 bins/1 9223372036854775807 -0\n"
                            "1 007 bond/1 7 1e-300\n"
                            "1 99999999999999999999 long/1 7 1\n";

static void record__what_is_written_is_read_back(void **state)
{
    (void)state;
    struct ws_records records;
    ws_records_init(&records, NULL);
    write_generation(&records, 0);
    write_generation(&records, 1);
    assert_shown(ws_buffer_bytes(&records.bytes), shown);
    ws_records_release(&records);
}

/* A name that came before takes a byte, and so do its number and its sample size. */
static void record__a_value_takes_eleven_bytes(void **state)
{
    (void)state;
    struct ws_records records;
    ws_records_init(&records, NULL);
    ws_records_begin(&records, 0);
    ws_records_add(&records, "types", "types.sample/1", 250000, 8123);
    assert_int_equal(ws_records_end(&records, NULL), WS_OK);
    size_t before = records.bytes.size;
    ws_records_begin(&records, 1);
    ws_records_add(&records, "types", "types.sample/1", 250000, 8100);
    assert_int_equal(ws_records_end(&records, NULL), WS_OK);
    assert_int_equal(records.bytes.size - before, 1 + 11 + 1);
    ws_records_release(&records);
}

/* The example of docs/formats/metrics.md. */
static void record__its_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    static const unsigned char expected[] =
        "\x00\x01mix/human\0mix.items/1\0\x00\x07\x00\x00\x00\x00\x00\x00\xf0\x3f"
        "\x02mix/model/\0mix.items/1\0\x02\x07\x00\x00\x00\x00\x00\x00\xe0\x3f\x00"
        "\x01\x01\x00\x0d\x00\x00\x00\x00\x00\x00\xe0\x3f"
        "\x02\x03\x0d\x00\x00\x00\x00\x00\x00\xe0\x3f\x00";
    struct ws_records records;
    ws_records_init(&records, NULL);
    ws_records_begin(&records, 0);
    ws_records_add(&records, "mix/human", "mix.items/1", 6, 1);
    ws_records_add(&records, "mix/model/1", "mix.items/1", 6, 0.5);
    assert_int_equal(ws_records_end(&records, NULL), WS_OK);
    ws_records_begin(&records, 1);
    ws_records_add(&records, "mix/human", "mix.items/1", 12, 0.5);
    ws_records_add(&records, "mix/model/2", "mix.items/1", 12, 0.5);
    assert_int_equal(ws_records_end(&records, NULL), WS_OK);
    assert_int_equal(records.bytes.size, sizeof expected - 1);
    assert_memory_equal(records.bytes.data, expected, sizeof expected - 1);
    ws_records_release(&records);
}

static void record__gone_on_with_the_bytes_are_the_same(void **state)
{
    (void)state;
    struct ws_records whole, begun, resumed;
    ws_records_init(&whole, NULL);
    ws_records_init(&begun, NULL);
    ws_records_init(&resumed, NULL);
    write_generation(&whole, 0);
    write_generation(&begun, 0);
    size_t size = begun.bytes.size;
    assert_int_equal(ws_records_resume(&resumed, ws_buffer_bytes(&begun.bytes), NULL), WS_OK);
    write_generation(&whole, 1);
    write_generation(&resumed, 1);
    assert_int_equal(resumed.bytes.size, whole.bytes.size);
    assert_memory_equal(resumed.bytes.data, whole.bytes.data, whole.bytes.size);
    /* And when a generation was taken back. */
    ws_records_begin(&begun, 1);
    ws_records_add(&begun, "other", "other/1", 5, 5);
    ws_records_cut(&begun, size);
    write_generation(&begun, 1);
    assert_int_equal(begun.bytes.size, whole.bytes.size);
    assert_memory_equal(begun.bytes.data, whole.bytes.data, whole.bytes.size);
    /* What follows a reset stands by itself. */
    ws_records_reset(&begun);
    write_generation(&begun, 0);
    assert_int_equal(begun.bytes.size, size);
    assert_memory_equal(begun.bytes.data, whole.bytes.data, size);
    ws_records_release(&whole);
    ws_records_release(&begun);
    ws_records_release(&resumed);
}

static void record__damaged_bytes_are_told(void **state)
{
    (void)state;
    struct ws_records records;
    struct ws_buffer out;
    struct ws_error err;
    ws_records_init(&records, NULL);
    write_generation(&records, 0);
    size_t first = records.bytes.size;
    write_generation(&records, 1);
    for (size_t size = 1; size < records.bytes.size; size++) {
        ws_buffer_init(&out, NULL, 1 << 16);
        enum ws_status status = show(ws_bytes_of(records.bytes.data, size), &out, NULL, &err);
        assert_int_equal(status, size == first ? WS_OK : WS_CORRUPT);
        if (status != WS_OK)
            assert_string_equal(err.message, "its metric records are damaged");
        ws_buffer_release(&out);
    }
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x00\x02", 2},                 /* a metric before the first */
        {"\x00\x80\x00", 3},             /* a number longer than it needs */
        {"\xff\xff\xff\xff\x1f\x00", 6}, /* a generation beyond 2^32 */
        {"\x00\x01m\0d\0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 17}, /* no size at all */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ws_buffer_init(&out, NULL, 1 << 16);
        assert_int_equal(show(ws_bytes_of(cases[i].bytes, cases[i].size), &out, NULL, &err),
                         WS_CORRUPT);
        ws_buffer_release(&out);
    }
    ws_records_release(&records);
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
        struct ws_records records, again;
        struct ws_buffer out;
        ws_records_init(&records, &allocator);
        ws_records_init(&again, &allocator);
        ws_buffer_init(&out, NULL, 1 << 16);
        ws_records_begin(&records, 0);
        ws_record_mix(&records, &part, 1, 2, false);
        ws_record_measurements(&records, &measurement, 1);
        status = ws_records_end(&records, NULL);
        if (status == WS_OK)
            status = show(ws_buffer_bytes(&records.bytes), &out, &allocator, NULL);
        if (status == WS_OK)
            status = ws_records_resume(&again, ws_buffer_bytes(&records.bytes), NULL);
        ws_records_release(&records);
        ws_records_release(&again);
        ws_buffer_release(&out);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

/* Every metric there is, so that the bytes and the keys have to grow. */
static enum ws_status write_all_metrics(struct ws_records *records, uint32_t generation)
{
    ws_records_begin(records, generation);
    for (int i = 0; i < WS_METRIC_COUNT; i++) {
        const struct ws_metric *metric = ws_metric((enum ws_metric_id)i);
        ws_records_add(records, metric->name, metric->definition, 5, i);
    }
    return ws_records_end(records, NULL);
}

static void record__a_generation_for_which_memory_was_out_is_taken_back(void **state)
{
    (void)state;
    struct ws_records whole;
    ws_records_init(&whole, NULL);
    write_generation(&whole, 0);
    const size_t size = whole.bytes.size;
    assert_int_equal(write_all_metrics(&whole, 1), WS_OK);
    long taken_back = 0;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status != WS_OK; n++) {
        struct failing_heap heap = {.countdown = LONG_MAX};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_records records;
        ws_records_init(&records, &allocator);
        write_generation(&records, 0);
        heap.countdown = n;
        status = write_all_metrics(&records, 1);
        if (status != WS_OK) {
            ws_records_cut(&records, size);
            assert_int_equal(records.bytes.size, size);
            assert_memory_equal(records.bytes.data, whole.bytes.data, size);
            assert_int_equal(write_all_metrics(&records, 1), WS_OK);
            taken_back++;
        }
        assert_int_equal(records.bytes.size, whole.bytes.size);
        assert_memory_equal(records.bytes.data, whole.bytes.data, whole.bytes.size);
        ws_records_release(&records);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_true(taken_back >= 2);
    ws_records_release(&whole);
}

static void share__is_of_an_origin_or_a_bin(void **state)
{
    (void)state;
    assert_true(ws_record_is_share("mix/human"));
    assert_true(ws_record_is_share("mix/model/2..7"));
    assert_true(ws_record_is_share("own_text_perplexity_histogram/31.623"));
    assert_false(ws_record_is_share("types"));
    /* A fit that stopped early has no losses of later steps: that is not a loss of 0. */
    assert_false(ws_record_is_share("training_loss/100"));
    assert_false(ws_record_is_share("validation_loss/100"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share__is_of_an_origin_or_a_bin),
        cmocka_unit_test(record__a_mix_is_the_share_of_each_origin),
        cmocka_unit_test(record__a_mix_without_human_items_says_so),
        cmocka_unit_test(record__neighbouring_depths_of_a_whole_pool_share_a_record),
        cmocka_unit_test(record__measurements_come_in_their_order),
        cmocka_unit_test(record__a_histogram_has_a_record_for_each_bin),
        cmocka_unit_test(record__a_loss_curve_has_a_record_for_each_point),
        cmocka_unit_test(record__what_is_written_is_read_back),
        cmocka_unit_test(record__a_value_takes_eleven_bytes),
        cmocka_unit_test(record__its_bytes_are_those_of_the_format),
        cmocka_unit_test(record__gone_on_with_the_bytes_are_the_same),
        cmocka_unit_test(record__damaged_bytes_are_told),
        cmocka_unit_test(record__every_allocation_may_fail),
        cmocka_unit_test(record__a_generation_for_which_memory_was_out_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
