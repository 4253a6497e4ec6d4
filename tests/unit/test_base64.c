/* Base64: the vectors of RFC 4648, section 10, and what no encoder writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static const char *const pairs[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff", "+/8="},
};

static void base64__writes_and_reads_the_vectors(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct ws_buffer out;
        struct ws_bytes bytes, plain = ws_bytes_of_text(pairs[i][0]);
        ws_buffer_init(&out, NULL, 100);
        ws_base64_append(&out, plain);
        assert_string_equal(ws_buffer_string(&out), pairs[i][1]);
        assert_int_equal(ws_base64_read(ws_buffer_bytes(&out), &arena, &bytes, NULL), WS_OK);
        assert_int_equal(bytes.size, plain.size);
        assert_memory_equal(bytes.data, plain.data, plain.size);
        ws_buffer_release(&out);
    }
    ws_arena_release(&arena);
}

/* What decoders in use let pass, and would give one signature several texts. */
static void base64__refuses_what_is_not_canonical(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg",       "Zg=",  "Zh==", "Zm9=", " Zm9v", "Zm9v\n", "Zm 9v",
        "Zm9v====", "=m9v", "Z===", "Zm-v", "Zm9v=", "====",   "Zg==Zg=="};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_bytes bytes;
        struct ws_error err;
        assert_int_equal(ws_base64_read(ws_bytes_of_text(bad[i]), &arena, &bytes, &err),
                         WS_CORRUPT);
    }
    ws_arena_release(&arena);
}

static void base64__of_fixed_size_takes_that_size_alone(void **state)
{
    (void)state;
    uint8_t out[3] = {0};
    assert_true(ws_base64_read_fixed(ws_bytes_of_text("Zm9v"), out, 3));
    assert_memory_equal(out, "foo", 3);
    assert_true(ws_base64_read_fixed(ws_bytes_of_text("Zm8="), out, 2));
    assert_false(ws_base64_read_fixed(ws_bytes_of_text("Zm8="), out, 3));
    assert_false(ws_base64_read_fixed(ws_bytes_of_text("Zm9v"), out, 2));
    assert_false(ws_base64_read_fixed(ws_bytes_of_text(""), out, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64__writes_and_reads_the_vectors),
        cmocka_unit_test(base64__refuses_what_is_not_canonical),
        cmocka_unit_test(base64__of_fixed_size_takes_that_size_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
