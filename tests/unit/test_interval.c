/*
 * Intervals of medians and of differences: worked by hand, against binomial sums computed as whole
 * numbers, and by how often they cover.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "measure/interval.h"
#include "support/statistics.h"

enum { VALUES_MOST = 60 };

static void ascending(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (double)(i + 1);
}

static uint64_t choose(unsigned n, unsigned k)
{
    uint64_t ways = 1;
    for (unsigned i = 0; i < k; i++)
        ways = ways * (n - i) / (i + 1);
    return ways;
}

/* The textbook's table of the sign test at 5 %: of 1 to n the interval is i to n + 1 - i. */
static void median__reaches_to_the_order_statistics_of_the_sign_test(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        double low;
    } known[] = {{2, 1},  {5, 1},  {6, 1},  {8, 1},  {9, 2},
                 {11, 2}, {12, 3}, {20, 6}, {25, 8}, {50, 18}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        double values[VALUES_MOST];
        const size_t n = known[k].count;
        ascending(values, n);
        struct ws_interval interval = ws_median_interval(values, n, 0.95);
        assert_int_equal(interval.count, n);
        assert_true(interval.low == known[k].low);
        assert_true(interval.high == (double)n + 1 - known[k].low);
        assert_true(interval.estimate == ((double)n + 1) / 2);
    }
}

static void median__level_is_a_binomial_sum(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= VALUES_MOST; n++) {
        double values[VALUES_MOST];
        ascending(values, n);
        struct ws_interval interval = ws_median_interval(values, n, 0.95);
        const unsigned i = (unsigned)interval.low;
        double covered = 0, more = 0;
        for (unsigned k = i; k <= n - i; k++)
            covered += (double)choose(n, k) / pow(2, n);
        for (unsigned k = i + 1; k + i + 1 <= n; k++)
            more += (double)choose(n, k) / pow(2, n);
        assert_true(fabs(interval.level - covered) < 1e-12);
        assert_true(more < 0.95);
        assert_true(n < 6 ? i == 1 && covered < 0.95 : covered >= 0.95);
    }
}

static void median__of_many_values_is_found_without_underflow(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static double values[MANY];
    ascending(values, MANY);
    struct ws_interval interval = ws_median_interval(values, MANY, 0.95);
    /* From the same sum in whole numbers. */
    assert_true(interval.low == 49690 && interval.high == 50311);
    assert_true(fabs(interval.level - 0.950444285) < 1e-8);
}

static void median__leaves_nan_out_and_takes_infinities(void **state)
{
    (void)state;
    double values[] = {NAN, -INFINITY, 3, -INFINITY, 1, 2, NAN, INFINITY};
    struct ws_interval interval = ws_median_interval(values, 8, 0.95);
    assert_int_equal(interval.count, 6);
    assert_int_equal(interval.missing, 2);
    assert_true(interval.estimate == 1.5);
    assert_true(interval.low == -INFINITY && interval.high == INFINITY);
    assert_true(fabs(interval.level - 31.0 / 32) < 1e-15);

    double one[] = {4};
    interval = ws_median_interval(one, 1, 0.95);
    assert_true(interval.estimate == 4 && isnan(interval.low) && isnan(interval.level));
    interval = ws_median_interval(one, 0, 0.95);
    assert_true(interval.count == 0 && isnan(interval.estimate) && isnan(interval.high));
}

static void paired__is_of_the_differences(void **state)
{
    (void)state;
    const double x[] = {10, 20, 30, 40, 50, -INFINITY, 7};
    const double y[] = {11, 22, 29, 44, 55, -INFINITY, NAN};
    double differences[7];
    struct ws_interval interval = ws_paired_interval(x, y, 7, differences);
    assert_int_equal(interval.count, 6);
    assert_int_equal(interval.missing, 1);
    assert_true(interval.low == -1 && interval.high == 5); /* of -1 0 1 2 4 5 */
    assert_true(interval.estimate == 1.5);
}

static void unpaired__takes_opposite_ends(void **state)
{
    (void)state;
    double x[20], y[20];
    ascending(x, 20);
    ascending(y, 20);
    for (size_t i = 0; i < 20; i++)
        y[i] += 100;
    /* At 97.5 %: P(5 <= B <= 15) = 0.98818, P(6 <= B <= 14) = 0.9586: from the 5th to the 16th. */
    struct ws_interval interval = ws_unpaired_interval(x, 20, y, 20);
    assert_true(interval.estimate == 100);
    assert_true(interval.low == 105 - 16 && interval.high == 116 - 5);
    assert_int_equal(interval.count, 40);
    assert_true(fabs(interval.level - (1 - 2 * (1 - 0.988181))) < 1e-5);

    interval = ws_unpaired_interval(x, 1, y, 20);
    assert_true(interval.estimate == 110.5 - 1);
    assert_true(isnan(interval.low) && isnan(interval.high) && isnan(interval.level));
}

/* Coverage ------------------------------------------------------------------------------------- */

/* Skewed (median log 2), heavy-tailed (0), and one with its mass at two ends (0). */
static double draw(struct ws_rng *rng, int law)
{
    double u = ws_rng_uniform_open(rng);
    if (law == 0)
        return -log1p(-u);
    if (law == 1)
        return tan(3.14159265358979323846 * (u - 0.5));
    return u < 0.5 ? u - 1 : u;
}

static double median_of(int law)
{
    return law == 0 ? log(2) : 0;
}

static bool covers(const struct ws_interval *interval, double truth)
{
    return interval->low <= truth && truth <= interval->high;
}

static double standard_error(double p, size_t draws)
{
    return sqrt(p * (1 - p) / (double)draws);
}

static void median__covers_as_often_as_it_says(void **state)
{
    (void)state;
    static const size_t counts[] = {2, 5, 6, 10, 25};
    const size_t repeats = statistics_draws(40000);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int law = 0; law < 3; law++) {
            struct ws_rng rng;
            struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 5, (uint64_t)law, 0);
            ws_rng_init(&rng, key, c);
            size_t covered = 0;
            double level = 0;
            for (size_t r = 0; r < repeats; r++) {
                double values[25];
                for (size_t i = 0; i < counts[c]; i++)
                    values[i] = draw(&rng, law);
                struct ws_interval interval = ws_median_interval(values, counts[c], 0.95);
                covered += covers(&interval, median_of(law));
                level = interval.level;
            }
            double z = ((double)covered / (double)repeats - level) / standard_error(level, repeats);
            assert_true(!statistics_decide() || fabs(z) <= 4);
        }
}

/* Pairs share a large part, as arms of one seed do, and differ by one of the laws. */
static void paired__covers_as_often_as_it_says(void **state)
{
    (void)state;
    const size_t repeats = statistics_draws(40000);
    for (int law = 0; law < 3; law++) {
        struct ws_rng rng;
        struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 6, (uint64_t)law, 0);
        ws_rng_init(&rng, key, 0);
        size_t covered = 0;
        double level = 0;
        for (size_t r = 0; r < repeats; r++) {
            double x[12], y[12], differences[12];
            for (size_t i = 0; i < 12; i++) {
                x[i] = 1000 * ws_rng_uniform_open(&rng);
                y[i] = x[i] + draw(&rng, law);
            }
            struct ws_interval interval = ws_paired_interval(x, y, 12, differences);
            covered += covers(&interval, median_of(law));
            level = interval.level;
        }
        double z = ((double)covered / (double)repeats - level) / standard_error(level, repeats);
        assert_true(!statistics_decide() || fabs(z) <= 4);
    }
}

/* Of two laws, which are no shifts of each other, at least as often. */
static void unpaired__covers_at_least_as_often_as_it_says(void **state)
{
    (void)state;
    const size_t repeats = statistics_draws(20000);
    for (int x_law = 0; x_law < 3; x_law++)
        for (int y_law = 0; y_law < 3; y_law++) {
            struct ws_rng rng;
            struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 7, (uint64_t)x_law, 0);
            ws_rng_init(&rng, key, (uint64_t)y_law);
            size_t covered = 0;
            double level = 0;
            for (size_t r = 0; r < repeats; r++) {
                double x[8], y[11];
                for (size_t i = 0; i < 8; i++)
                    x[i] = draw(&rng, x_law);
                for (size_t i = 0; i < 11; i++)
                    y[i] = draw(&rng, y_law);
                struct ws_interval interval = ws_unpaired_interval(x, 8, y, 11);
                covered += covers(&interval, median_of(y_law) - median_of(x_law));
                level = interval.level;
            }
            double z = ((double)covered / (double)repeats - level) / standard_error(level, repeats);
            assert_true(level >= 0.95);
            assert_true(!statistics_decide() || z >= -4);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median__reaches_to_the_order_statistics_of_the_sign_test),
        cmocka_unit_test(median__level_is_a_binomial_sum),
        cmocka_unit_test(median__of_many_values_is_found_without_underflow),
        cmocka_unit_test(median__leaves_nan_out_and_takes_infinities),
        cmocka_unit_test(paired__is_of_the_differences),
        cmocka_unit_test(unpaired__takes_opposite_ends),
        cmocka_unit_test(median__covers_as_often_as_it_says),
        cmocka_unit_test(paired__covers_as_often_as_it_says),
        cmocka_unit_test(unpaired__covers_at_least_as_often_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
