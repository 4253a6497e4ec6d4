/* How far off a measured number may be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/tolerance.h"

static struct ws_judgement judge(const char *text, double precision, struct ws_expected expected,
                                 double value, double error)
{
    struct ws_tolerance tolerance;
    struct ws_error err = {.message = ""};
    if (ws_tolerance_parse(text, &tolerance, &err) != WS_OK)
        fail_msg("%s", err.message);
    tolerance.precision = precision;
    const struct ws_estimate measured = {value, error, 100};
    return ws_tolerance_judge(&tolerance, &expected, &measured);
}

static void assert_between(struct ws_judgement j, double low, double high)
{
    assert_true(j.low == low || fabs(j.low - low) < 1e-12);
    assert_true(j.high == high || fabs(j.high - high) < 1e-12);
}

static void tolerance__of_standard_errors(void **state)
{
    (void)state;
    const struct ws_expected exact = {10, 0}, published = {10, 0.4};
    assert_between(judge("4 se", 1, exact, 10, 0.25), 9, 11);
    assert_true(judge("4 se", 1, exact, 11, 0.25).holds);
    assert_false(judge("4 se", 1, exact, 11.01, 0.25).holds);
    assert_false(judge("4 se", 1, exact, NAN, 0.25).holds);
    assert_between(judge("4 se", 1, published, 10, 0.3), 8, 12); /* hypot(0.3, 0.4) is 0.5 */
    assert_between(judge("4 se", 1, published, 10, NAN), 8.4, 11.6);
}

/* A test that nothing could fail is none. */
static void tolerance__wants_standard_errors_to_resolve(void **state)
{
    (void)state;
    const struct ws_expected exact = {-10, 0};
    assert_true(judge("4 se", 0.1, exact, -10, 0.25).resolves);
    assert_false(judge("4 se", 0.1, exact, -10, 0.2501).resolves);
    assert_true(judge("4 se + absolute 0.1", 0.1, exact, -10, 3).resolves);
    assert_true(judge("relative 0.5", 0.1, exact, -10, 3).resolves);
    assert_true(judge("at most", 0.1, exact, -10, 3).resolves);
    assert_false(judge("at most", 0.1, exact, -9.9, 3).resolves);
    assert_true(judge("at least", 0.1, exact, -9.9, 3).resolves);
    assert_false(judge("at least", 0.1, exact, -10.1, 3).resolves);
}

static void tolerance__of_other_kinds(void **state)
{
    (void)state;
    const struct ws_expected ten = {10, 0}, below = {-10, 0};
    assert_between(judge("relative 0.05", 1, ten, 10, 1), 9.5, 10.5);
    assert_between(judge("relative 0.05", 1, below, 10, 1), -10.5, -9.5);
    assert_between(judge("absolute 0.5", 1, ten, 10, 1), 9.5, 10.5);
    assert_between(judge("factor 2", 1, ten, 10, 1), 5, 20);
    assert_between(judge("factor 2", 1, below, 10, 1), -20, -5);
    assert_between(judge("absolute 0.5 + 2 se", 1, ten, 10, 1), 7.5, 12.5);
    assert_between(judge("factor 2 + 1 se", 1, ten, 10, 1), 4, 21);
}

static void tolerance__of_bounds(void **state)
{
    (void)state;
    const struct ws_expected ten = {10, 0};
    struct ws_judgement least = judge("at least", 1, ten, 9.6, 0.1);
    assert_true(least.holds && isinf(least.high) && fabs(least.low - 9.6) < 1e-12);
    assert_false(judge("at least", 1, ten, 9.59, 0.1).holds);
    assert_true(judge("at least", 1, ten, 1e300, 0.1).holds);
    struct ws_judgement most = judge("at most + absolute 1", 1, ten, 11, 0);
    assert_true(most.holds && isinf(most.low));
    assert_false(judge("at most", 1, ten, 11, 0.1).holds);
}

static void tolerance__refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "4",
        "se",
        "0 se",
        "-4 se",
        "4 se +",
        "4 se+1 se",
        "relative",
        "relative 0",
        "relative x",
        "factor 0.5",
        "absolute -1",
        "nearly 4",
        "at leastwise",
        "4 se + + absolute 1",
        "absolute 1 + absolute 00000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_tolerance tolerance;
        struct ws_error err = {.message = ""};
        if (ws_tolerance_parse(bad[i], &tolerance, &err) != WS_INVALID)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(err.message[0] == '\'');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerance__of_standard_errors),
        cmocka_unit_test(tolerance__wants_standard_errors_to_resolve),
        cmocka_unit_test(tolerance__of_other_kinds),
        cmocka_unit_test(tolerance__of_bounds),
        cmocka_unit_test(tolerance__refuses_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
