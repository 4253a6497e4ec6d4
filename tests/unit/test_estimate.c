/* Numbers of many chains and their standard errors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "measure/estimate.h"

static void assert_near(double seen, double wanted, double width)
{
    if (!(fabs(seen - wanted) <= width))
        fail_msg("%.17g, wanted %.17g within %g", seen, wanted, width);
}

/* By hand: mean 3, squared deviations 4 1 0 1 4, variance 10/4, standard error sqrt(2.5/5). */
static void estimate__of_a_mean(void **state)
{
    (void)state;
    double values[] = {1, NAN, 2, 3, 4, 5};
    struct ws_estimate mean = ws_estimate_mean(values, 6);
    assert_int_equal(mean.count, 5);
    assert_near(mean.value, 3, 0);
    assert_near(mean.standard_error, sqrt(0.5), 1e-15);
    double one[] = {7};
    mean = ws_estimate_mean(one, 1);
    assert_near(mean.value, 7, 0);
    assert_true(isnan(mean.standard_error));
    double none[] = {NAN};
    mean = ws_estimate_mean(none, 1);
    assert_int_equal(mean.count, 0);
    assert_true(isnan(mean.value));
}

/* 1 to 99: the median is 50. A binomial count of 99 halves has the deviation 4.97, so half the
 * distance between the order statistics that far below and above is sqrt(0.25 / 99) * 98. */
static void estimate__of_a_quantile(void **state)
{
    (void)state;
    double values[99];
    for (int i = 0; i < 99; i++)
        values[i] = 99 - i;
    struct ws_estimate median = ws_estimate_quantile(values, 99, 0.5);
    assert_near(median.value, 50, 0);
    assert_near(median.standard_error, sqrt(0.25 / 99) * 98, 1e-9);
    assert_near(ws_estimate_quantile(values, 99, 1).value, 99, 0);
}

/* -1 and 1 in equal numbers: s^2 = n / (n - 1), and m4 = m2^2, so that it is known exactly. */
static void estimate__of_a_deviation(void **state)
{
    (void)state;
    double values[] = {-1, 1, -1, 1};
    struct ws_estimate deviation = ws_estimate_deviation(values, 4);
    assert_near(deviation.value, sqrt(4.0 / 3), 1e-15);
    assert_near(deviation.standard_error, 0, 0);
    double same[] = {2, 2, 2};
    deviation = ws_estimate_deviation(same, 3);
    assert_near(deviation.value, 0, 0);
    assert_near(deviation.standard_error, 0, 0);
    /* m2 = 2, m4 = 6.8 about the mean 3: sqrt((6.8 - 4) / 5) / (2 sqrt(2.5)) */
    double five[] = {1, 2, 3, 4, 5};
    deviation = ws_estimate_deviation(five, 5);
    assert_near(deviation.value, sqrt(2.5), 1e-15);
    assert_near(deviation.standard_error, sqrt(2.8 / 5) / (2 * sqrt(2.5)), 1e-15);
    assert_true(isnan(ws_estimate_deviation(five, 1).value));
}

static void estimate__of_a_share(void **state)
{
    (void)state;
    double values[] = {0.1, 0.2, 0.3, 0.4};
    struct ws_estimate share = ws_estimate_share(values, 4, 0.3);
    assert_near(share.value, 0.25, 0); /* above, not at */
    assert_near(share.standard_error, sqrt(0.375 * 0.625 / 8), 1e-15);
    share = ws_estimate_share(values, 4, 1);
    assert_near(share.value, 0, 0);
    assert_near(share.standard_error, sqrt(0.25 * 0.75 / 8), 1e-15);
}

/* Where values are twice their bases the ratio is known exactly, however the bases spread. */
static void estimate__of_a_ratio(void **state)
{
    (void)state;
    double values[] = {2, 20, NAN, 6}, base[] = {1, 10, 5, 3};
    struct ws_estimate ratio = ws_estimate_ratio(values, base, 4);
    assert_int_equal(ratio.count, 3);
    assert_near(ratio.value, 2, 1e-15);
    assert_near(ratio.standard_error, 0, 1e-15);
    /* r = 3/2; residuals 1 - 1.5 and 5 - 4.5: variance 0.5, sqrt(0.5 / 2) / 2 */
    double other[] = {1, 5}, below[] = {1, 3};
    ratio = ws_estimate_ratio(other, below, 2);
    assert_near(ratio.value, 1.5, 0);
    assert_near(ratio.standard_error, 0.25, 1e-15);
}

/* (x - 0.3)^2 + 1 for 20 chains, each with a constant of its own: the vertex is known exactly.
 * Upside down there is none. */
static void estimate__of_a_minimum(void **state)
{
    (void)state;
    const double places[] = {-1, 0, 0.5, 2};
    double values[4][21], scratch[4];
    double *all[] = {values[0], values[1], values[2], values[3]};
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < 21; i++)
            values[p][i] = (places[p] - 0.3) * (places[p] - 0.3) + i;
    values[2][7] = NAN;
    struct ws_estimate least = ws_estimate_minimum(places, all, 4, 21, scratch);
    assert_int_equal(least.count, 20);
    assert_near(least.value, 0.3, 1e-12);
    assert_near(least.standard_error, 0, 1e-9);
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < 21; i++)
            values[p][i] = -places[p] * places[p];
    assert_true(isnan(ws_estimate_minimum(places, all, 4, 21, scratch).value));
}

/* Parabolas whose vertices lie at 0.5 + e, e of deviation 0.1: the mean parabola's is their mean,
 * and its standard error 0.1 / sqrt(n). Averaged over 200 trials the jackknife's square is within
 * 10 % (its cv is that of a chi-squared of 19 degrees: 32 % / sqrt(200) is 2.3 %). */
static void estimate__of_a_minimum_by_the_jackknife(void **state)
{
    (void)state;
    enum { TRIALS = 200, CHAINS = 100 };
    const double places[] = {0, 0.4, 1};
    double values[3][CHAINS], scratch[3], squares = 0;
    double *all[] = {values[0], values[1], values[2]};
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 4, 5, 6), 0);
    for (int t = 0; t < TRIALS; t++) {
        for (int i = 0; i < CHAINS; i++) {
            double vertex = 0.5 + 0.1 * sqrt(12) * (ws_rng_uniform(&rng) - 0.5);
            for (int p = 0; p < 3; p++)
                values[p][i] = places[p] * places[p] - 2 * places[p] * vertex;
        }
        double error = ws_estimate_minimum(places, all, 3, CHAINS, scratch).standard_error;
        squares += error * error / TRIALS;
    }
    assert_near(squares, 0.01 / CHAINS, 0.1 * 0.01 / CHAINS);
}

/* The statistic of 30 and 70 where 40 and 60 are expected is 100/40 + 100/60 = 4.1667; for one
 * degree of freedom P(> x) = erfc(sqrt(x/2)). */
static void estimate__of_chi_squared(void **state)
{
    (void)state;
    double values[100];
    for (int i = 0; i < 100; i++)
        values[i] = i < 30 ? 0.1 : 0.2;
    const double cells[] = {0.1, 0.2}, shares[] = {0.4, 0.6};
    struct ws_estimate p = ws_estimate_chi_squared(values, 100, cells, shares, 2, 1e-9);
    assert_near(p.value, erfc(sqrt(25.0 / 6 / 2)), 1e-12);
    values[3] = 0.15;
    assert_near(ws_estimate_chi_squared(values, 100, cells, shares, 2, 1e-9).value, 0, 0);
    values[3] = NAN;
    assert_near(ws_estimate_chi_squared(values, 100, cells, shares, 2, 1e-9).value, 0, 0);
    assert_true(isnan(ws_estimate_chi_squared(values, 8, cells, shares, 2, 1e-9).value));
    /* Three cells, two degrees of freedom: exp(-x/2), on both sides of the series' end. */
    const double three[] = {0, 1, 2}, thirds[] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
    for (int more = 1; more <= 20; more += 19) {
        for (int i = 0; i < 90; i++)
            values[i] = i < 30 + more ? 0 : i < 60 ? 1 : 2;
        double statistic = 2.0 * more * more / 30;
        assert_near(ws_estimate_chi_squared(values, 90, three, thirds, 3, 0).value,
                    exp(-statistic / 2), 1e-12);
    }
}

/* What standard errors are for: the share of estimates within one of the truth is 68 %. 2,000
 * trials: standard error 1.04 %, four of them 4.2 %. Exponential values: mean 1, median log 2,
 * deviation 1, share above 1 of 1/e, and the ratio of two means 1. */
static void estimate__standard_errors_cover(void **state)
{
    (void)state;
    enum { TRIALS = 2000, CHAINS = 400 };
    const double truths[] = {1, log(2), 1, exp(-1), 1};
    int covered[5] = {0};
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 2, 3), 0);
    for (int t = 0; t < TRIALS; t++) {
        double x[CHAINS], y[CHAINS], copy[CHAINS];
        for (int i = 0; i < CHAINS; i++) {
            x[i] = -log(ws_rng_uniform_open(&rng));
            y[i] = -log(ws_rng_uniform_open(&rng));
        }
        struct ws_estimate found[5];
        memcpy(copy, x, sizeof x);
        found[0] = ws_estimate_mean(copy, CHAINS);
        found[1] = ws_estimate_quantile(copy, CHAINS, 0.5);
        found[2] = ws_estimate_deviation(copy, CHAINS);
        found[3] = ws_estimate_share(copy, CHAINS, 1);
        found[4] = ws_estimate_ratio(x, y, CHAINS);
        for (int k = 0; k < 5; k++)
            covered[k] += fabs(found[k].value - truths[k]) <= found[k].standard_error;
    }
    for (int k = 0; k < 5; k++)
        assert_near((double)covered[k] / TRIALS, 0.6827, 0.042);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimate__of_a_mean),
        cmocka_unit_test(estimate__of_a_quantile),
        cmocka_unit_test(estimate__of_a_deviation),
        cmocka_unit_test(estimate__of_a_share),
        cmocka_unit_test(estimate__of_a_ratio),
        cmocka_unit_test(estimate__of_a_minimum),
        cmocka_unit_test(estimate__of_a_minimum_by_the_jackknife),
        cmocka_unit_test(estimate__of_chi_squared),
        cmocka_unit_test(estimate__standard_errors_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
