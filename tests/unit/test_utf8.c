/*
 * Contract of base/utf8.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"

#define BROKEN "\xEF\xBF\xBD"

static void require_repaired(const char *text, size_t size, const char *wanted, size_t wanted_size)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1000);
    ws_utf8_repair(ws_bytes_of(text, size), &out);
    assert_int_equal(out.size, wanted_size);
    assert_memory_equal(ws_buffer_string(&out), wanted, wanted_size);
    ws_buffer_release(&out);
}

#define REQUIRE(text, wanted) require_repaired(text, sizeof(text) - 1, wanted, sizeof(wanted) - 1)

static void repair__leaves_characters_alone(void **state)
{
    (void)state;
    REQUIRE("", "");
    REQUIRE("plain", "plain");
    REQUIRE("a\0b", "a\0b");
    REQUIRE("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    REQUIRE("\xEE\x80\x80\xF4\x8F\xBF\xBF", "\xEE\x80\x80\xF4\x8F\xBF\xBF");
}

/* The Unicode Standard 16, tables 3-8 to 3-11. */
static void repair__puts_one_mark_for_each_maximal_part(void **state)
{
    (void)state;
    REQUIRE("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
            BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN "A");
    REQUIRE("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41",
            BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN BROKEN "A");
    REQUIRE("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42",
            BROKEN BROKEN BROKEN BROKEN BROKEN "A" BROKEN BROKEN "B");
    REQUIRE("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", BROKEN BROKEN BROKEN BROKEN "A");
}

static void repair__ends_with_the_text(void **state)
{
    (void)state;
    REQUIRE("a\xC3", "a" BROKEN);
    REQUIRE("a\xF0\x9F\x98", "a" BROKEN);
    REQUIRE("\xE2\x82", BROKEN);
}

static void decode__waits_for_the_bytes_that_decide(void **state)
{
    (void)state;
    int32_t character;
    const char *grin = "\xF0\x9F\x98\x80";
    for (size_t size = 1; size < 4; size++) {
        assert_int_equal(ws_utf8_decode(ws_bytes_of(grin, size), true, &character), 0);
        assert_int_equal(ws_utf8_decode(ws_bytes_of(grin, size), false, &character), size);
        assert_int_equal(character, -1);
    }
    assert_int_equal(ws_utf8_decode(ws_bytes_of(grin, 4), true, &character), 4);
    assert_int_equal(character, 0x1F600);
    /* More bytes would not help these. */
    assert_int_equal(ws_utf8_decode(ws_bytes_of_text("\xFF"), true, &character), 1);
    assert_int_equal(ws_utf8_decode(ws_bytes_of_text("\xE0\x80"), true, &character), 1);
    assert_int_equal(ws_utf8_decode(ws_bytes_of_text("\xF0\x9F "), true, &character), 2);
    assert_int_equal(character, -1);
}

static void encode__is_undone_by_decode(void **state)
{
    (void)state;
    for (int32_t wanted = 0; wanted < 0x110000; wanted++) {
        uint8_t bytes[4];
        int32_t character;
        if (wanted >= 0xD800 && wanted < 0xE000)
            continue;
        size_t size = ws_utf8_encode(wanted, bytes);
        assert_int_equal(ws_utf8_decode(ws_bytes_of(bytes, size), false, &character), size);
        assert_int_equal(character, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode__waits_for_the_bytes_that_decide),
        cmocka_unit_test(encode__is_undone_by_decode),
        cmocka_unit_test(repair__leaves_characters_alone),
        cmocka_unit_test(repair__puts_one_mark_for_each_maximal_part),
        cmocka_unit_test(repair__ends_with_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
