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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repair__leaves_characters_alone),
        cmocka_unit_test(repair__puts_one_mark_for_each_maximal_part),
        cmocka_unit_test(repair__ends_with_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
