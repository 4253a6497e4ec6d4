/*
 * Axes as numbers: ticks that a person reads.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/scale.h"

static struct ws_ticks ticks_of(double low, double high, bool log, bool percent, int most)
{
    const struct ws_scale scale = {low, high, log, percent, false};
    struct ws_ticks ticks;
    ws_scale_ticks(&scale, most, &ticks);
    return ticks;
}

static void are(const struct ws_ticks *ticks, size_t count, const char *const texts[])
{
    assert_int_equal(ticks->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(ticks->texts[i], texts[i]);
}

static void test_linear_ticks_are_round(void **state)
{
    (void)state;
    struct ws_ticks t = ticks_of(0, 10, false, false, 5);
    are(&t, 6, (const char *[]){"0", "2", "4", "6", "8", "10"});
    t = ticks_of(-1.1, 1.1, false, false, 5);
    are(&t, 5, (const char *[]){"−1.0", "−0.5", "0.0", "0.5", "1.0"});
    t = ticks_of(0, 20000, false, false, 4);
    are(&t, 5, (const char *[]){"0", "5000", "10,000", "15,000", "20,000"});
    t = ticks_of(0, 3e-6, false, false, 3);
    are(&t, 4, (const char *[]){"0", "1×10⁻⁶", "2×10⁻⁶", "3×10⁻⁶"});
    t = ticks_of(0.2, 0.81, false, true, 4);
    are(&t, 4, (const char *[]){"20 %", "40 %", "60 %", "80 %"});
}

static void test_logarithmic_ticks_are_powers(void **state)
{
    (void)state;
    struct ws_ticks t = ticks_of(0.5, 2000, true, false, 6);
    are(&t, 4, (const char *[]){"1", "10", "100", "1000"});
    assert_true(t.minor_count > 20);
    t = ticks_of(1e-9, 1e3, true, false, 5);
    for (size_t i = 0; i < t.count; i++)
        assert_memory_equal(t.texts[i], "10", 2); /* one form for all */
    assert_true(t.count >= 3 && t.count <= 6);
    t = ticks_of(0.016, 0.21, true, true, 6); /* within two powers */
    are(&t, 4, (const char *[]){"2 %", "5 %", "10 %", "20 %"});
}

/* Whatever is asked for, ticks lie inside, ascend, and are at least two and not too many. */
static void test_any_range_has_ticks(void **state)
{
    (void)state;
    for (int e = -12; e <= 12; e += 3)
        for (double span = 1.02; span < 1e7; span *= 1.7)
            for (int log = 0; log <= 1; log++)
                for (int most = 2; most <= 8; most += 3) {
                    double low = 1.234 * pow(10, e);
                    const struct ws_scale scale = {low, low * span, log, false, false};
                    struct ws_ticks t = ticks_of(low, low * span, log, false, most);
                    if (t.count < 2)
                        fail_msg("%zu ticks from %g to %g, %d at most", t.count, low, low * span,
                                 most);
                    assert_true((int)t.count <= (log ? 9 : most + 2));
                    for (size_t i = 0; i < t.count; i++) {
                        double place = ws_scale_place(&scale, t.at[i]);
                        assert_true(place > -1e-5 && place < 1 + 1e-5);
                        assert_true(i == 0 || t.at[i] > t.at[i - 1]);
                        assert_true(i == 0 || strcmp(t.texts[i], t.texts[i - 1]) != 0);
                    }
                }
}

static const double nowhere[] = {NAN, INFINITY, -1};

static void test_scales_pass_over_what_has_no_place(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 3, 4}, y[] = {NAN, INFINITY, 5, 50, -2};
    const struct ws_series series = {.mark = WS_MARK_LINE, .count = 5, .x = x, .y = y};
    struct ws_panel panel = {.series = &series, .series_count = 1};
    struct ws_scale scale = ws_scale_of(&panel, WS_ALONG_Y);
    assert_true(scale.low < -2 && scale.low > -10 && scale.high > 50 && scale.high < 60);
    assert_true(isnan(ws_scale_place(&scale, NAN)));
    assert_true(ws_scale_place(&scale, INFINITY) == INFINITY);
    panel.y.log = true;
    scale = ws_scale_of(&panel, WS_ALONG_Y);
    assert_true(scale.low > 0 && scale.low < 5 && scale.high > 50);
    assert_true(ws_scale_place(&scale, -2) == -INFINITY);
    assert_true(ws_scale_place(&scale, 0) == -INFINITY);
    const struct ws_series strange = {.mark = WS_MARK_LINE, .count = 3, .x = x, .y = nowhere};
    panel.series = &strange;
    scale = ws_scale_of(&panel, WS_ALONG_Y);
    assert_true(scale.low > 0 && scale.low < scale.high && isfinite(scale.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_ticks_are_round),
        cmocka_unit_test(test_logarithmic_ticks_are_powers),
        cmocka_unit_test(test_any_range_has_ticks),
        cmocka_unit_test(test_scales_pass_over_what_has_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
