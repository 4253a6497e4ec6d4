/*
 * Parquet files: hyparquet read these bytes of a small table back when they were first made;
 * tests/cli/parquet.sh has it read large ones each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/parquet.h"
#include "support/failing_heap.h"

static const struct ws_column columns[] = {
    {"arm", WS_COLUMN_TEXT}, {"n", WS_COLUMN_WHOLE}, {"value", WS_COLUMN_REAL}};
static const union ws_cell rows[][3] = {
    {{.text = "replace"}, {.whole = 1}, {.real = 0.5}},
    {{.text = "keep:0.1"}, {.whole = 258}, {.real = -1}},
    {{.text = "replace"}, {.whole = 3}, {.real = 2}},
};

static enum ws_status write_table(const struct ws_allocator *allocator, struct ws_buffer *out,
                                  struct ws_error *err)
{
    struct ws_parquet file = {.chunks = NULL};
    enum ws_status status = ws_parquet_begin(&file, columns, 3, allocator, out, err);
    for (size_t i = 0; i < 3 && status == WS_OK; i++)
        status = ws_parquet_add(&file, rows[i], out, err);
    if (status == WS_OK)
        status = ws_parquet_end(&file, out, err);
    ws_parquet_release(&file);
    return status;
}

static void parquet__a_small_table_is_these_bytes(void **state)
{
    (void)state;
    static const char expected[] =
        "PAR1\x15\x04\x15.\x15.L\x15\x04\x15\x00\x00"
        "\x00\x07\x00\x00\x00replace\x08\x00\x00\x00"
        "keep:0.1\x15\x00\x15\x06\x15\x06,\x15"
        "\x06\x15\x10\x15\x06\x15\x06\x00\x00\x01\x03\x02\x15\x00\x15"
        "0"
        "\x15"
        "0,\x15\x06\x15\x00\x15\x06\x15\x06\x00\x00\x01\x00\x00"
        "\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00\x03\x00\x00"
        "\x00\x00\x00\x00\x00\x15\x00\x15"
        "0\x15"
        "0,\x15\x06\x15\x00"
        "\x15\x06\x15\x06\x00\x00\x00\x00\x00\x00\x00\x00\xe0\x3f\x00\x00"
        "\x00\x00\x00\x00\xf0\xbf\x00\x00\x00\x00\x00\x00\x00@\x15\x02"
        "\x19LH\x06schema\x15\x06\x00\x15\x0c%"
        "\x00\x18\x03"
        "arm%\x00\x00\x15\x04%\x00\x18\x01n"
        "\x00\x15\x0a%\x00\x18\x05value\x00\x16\x06\x19"
        "\x1c\x19<&\x08\x1c\x15\x0c\x19%\x00\x10\x19\x18\x03"
        "a"
        "rm\x15\x00\x16\x06\x16p\x16p&P&\x08\x00\x00"
        "&x\x1c\x15\x04\x19\x15\x00\x19\x18\x01n\x15\x00\x16\x06"
        "\x16R\x16R&x\x00\x00&\xca\x01\x1c\x15\x0a\x19\x15"
        "\x00\x19\x18\x05value\x15\x00\x16\x06\x16R\x16"
        "R&\xca\x01\x00\x00\x16\x94\x02\x16\x06\x00(\x0awe"
        "llspring\x00\x9b\x00\x00\x00PAR"
        "1";
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(write_table(NULL, &out, NULL), WS_OK);
    assert_int_equal(out.size, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.size);
    ws_buffer_release(&out);
}

static void parquet__a_table_may_have_no_rows(void **state)
{
    (void)state;
    struct ws_parquet file;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 16);
    assert_int_equal(ws_parquet_begin(&file, columns, 3, NULL, &out, NULL), WS_OK);
    assert_int_equal(ws_parquet_end(&file, &out, NULL), WS_OK);
    ws_parquet_release(&file);
    /* Nothing but the footer, and how long it is. */
    uint32_t size = 0;
    for (size_t i = 0; i < 4; i++)
        size |= (uint32_t)(uint8_t)out.data[out.size - 8 + i] << 8 * i;
    assert_int_equal(size, out.size - 12);
    assert_memory_equal(out.data, "PAR1", 4);
    assert_memory_equal(out.data + out.size - 4, "PAR1", 4);
    ws_buffer_release(&out);
}

static void parquet__every_allocation_may_fail(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_error err;
        struct ws_buffer out;
        ws_buffer_init(&out, &allocator, 1 << 16);
        status = write_table(&allocator, &out, &err);
        ws_buffer_release(&out);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parquet__a_small_table_is_these_bytes),
        cmocka_unit_test(parquet__a_table_may_have_no_rows),
        cmocka_unit_test(parquet__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
