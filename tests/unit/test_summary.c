/*
 * Numbers over seeds, worked out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/summary.h"

static void assert_close(double seen, double wanted)
{
    if (!(fabs(seen - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

static void summary__interpolates_between_order_statistics(void **state)
{
    (void)state;
    double values[] = {4, NAN, 1, 2, 3};
    struct ws_summary summary = ws_summarise(values, 5);
    assert_int_equal(summary.count, 4);
    assert_int_equal(summary.missing, 1);
    assert_close(summary.median, 2.5);
    assert_close(summary.low, 1.3);
    assert_close(summary.high, 3.7);
    assert_close(summary.mean, 2.5);
    assert_close(summary.standard_error, sqrt(5.0 / 12));
    static const double sorted[] = {10, 20, 40};
    assert_close(ws_quantile(sorted, 3, 0), 10);
    assert_close(ws_quantile(sorted, 3, 0.75), 30);
    assert_close(ws_quantile(sorted, 3, 1), 40);
}

static void summary__of_few_values_is_what_there_is(void **state)
{
    (void)state;
    double one[] = {NAN, 7};
    struct ws_summary summary = ws_summarise(one, 2);
    assert_true(summary.count == 1 && summary.median == 7 && summary.low == 7 && summary.mean == 7);
    assert_true(isnan(summary.standard_error));
    double none[] = {NAN};
    summary = ws_summarise(none, 1);
    assert_true(summary.count == 0 && summary.missing == 1 && isnan(summary.median) &&
                isnan(summary.mean));
    assert_true(isnan(ws_summarise(NULL, 0).median));
}

static void summary__keeps_infinities(void **state)
{
    (void)state;
    double values[] = {1, -INFINITY, -INFINITY, 3};
    struct ws_summary summary = ws_summarise(values, 4);
    assert_true(summary.count == 4 && summary.low == -INFINITY && summary.mean == -INFINITY);
    assert_true(summary.median == -INFINITY);
    assert_close(summary.high, 2.4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary__interpolates_between_order_statistics),
        cmocka_unit_test(summary__of_few_values_is_what_there_is),
        cmocka_unit_test(summary__keeps_infinities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
