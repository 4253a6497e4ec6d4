/*
 * Numbers as people read them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/number_words.h"

static void assert_words(enum ws_number_form form, double value, const char *wanted)
{
    char words[WS_NUMBER_WORDS_SIZE];
    ws_number_words(form, value, words);
    assert_string_equal(words, wanted);
}

static void words__counts(void **state)
{
    (void)state;
    assert_words(WS_NUMBER_COUNT, 0, "0");
    assert_words(WS_NUMBER_COUNT, 999, "999");
    assert_words(WS_NUMBER_COUNT, 1000, "1,000");
    assert_words(WS_NUMBER_COUNT, 250000, "250,000");
    assert_words(WS_NUMBER_COUNT, 1e14, "100,000,000,000,000");
    assert_words(WS_NUMBER_COUNT, -1234, "-1,234");
    assert_words(WS_NUMBER_COUNT, 1e300, "1.0e+300");
}

static void words__shares(void **state)
{
    (void)state;
    assert_words(WS_NUMBER_PERCENT, 0.406, "41 %");
    assert_words(WS_NUMBER_PERCENT, 0.0214, "2.1 %");
    assert_words(WS_NUMBER_PERCENT, 1.015, "101 %");
    assert_words(WS_NUMBER_PERCENT, 3e9, "3.0e+11 %");
}

static void words__reals(void **state)
{
    (void)state;
    assert_words(WS_NUMBER_REAL, 215.2, "215");
    assert_words(WS_NUMBER_REAL, 4.684, "4.68");
    assert_words(WS_NUMBER_REAL, 0.0321, "0.032");
    assert_words(WS_NUMBER_REAL, 0.00001, "1.0e-05");
    assert_words(WS_NUMBER_REAL, -2e9, "-2.0e+09");
    assert_words(WS_NUMBER_REAL, 0, "0.000");
}

static void words__what_is_not_finite(void **state)
{
    (void)state;
    assert_words(WS_NUMBER_PERCENT, NAN, "not a number");
    assert_words(WS_NUMBER_COUNT, INFINITY, "infinity");
    assert_words(WS_NUMBER_REAL, -INFINITY, "minus infinity");
}

/* As wide as words or narrower. */
static void cells__are_short(void **state)
{
    static const struct {
        enum ws_number_form form;
        double value;
        const char *wanted;
    } cells[] = {
        {WS_NUMBER_COUNT, 1234, "1,234"},    {WS_NUMBER_PERCENT, 0.406, "41 %"},
        {WS_NUMBER_REAL, 4.684, "4.68"},     {WS_NUMBER_REAL, -2e9, "-2e+09"},
        {WS_NUMBER_COUNT, 1e300, "1e+300"},  {WS_NUMBER_PERCENT, 3e9, "3e+11 %"},
        {WS_NUMBER_REAL, NAN, "nan"},        {WS_NUMBER_PERCENT, INFINITY, "inf"},
        {WS_NUMBER_REAL, -INFINITY, "-inf"},
    };
    char seen[WS_NUMBER_WORDS_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        ws_number_cell(cells[i].form, cells[i].value, seen);
        assert_string_equal(seen, cells[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__counts),    cmocka_unit_test(words__shares),
        cmocka_unit_test(words__reals),     cmocka_unit_test(words__what_is_not_finite),
        cmocka_unit_test(cells__are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
