/* Exact moments of loops: by hand, and against forms that were derived another way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/closed_form.h"
#include "measure/loop_moments.h"

static const enum ws_gaussian_estimator U = WS_GAUSSIAN_UNBIASED;
static const enum ws_gaussian_estimator L = WS_GAUSSIAN_MLE;

static void assert_near(double seen, double wanted, double relative)
{
    if (!(fabs(seen - wanted) <= relative * fabs(wanted)))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

/* Two items of the first fit, one human and one of the model's in the second. Fresh: E[mu^2] = 1/4
 * + 1/4 (1/2 + 1), the mean square is 1/2 + 1/2 (1/2 + 1), and half of what is left is lost to the
 * divisor. Kept: twice 1/4 times 1/2 more, for the human item is in mu already. */
static void loop_moments__of_two_items_by_hand(void **state)
{
    (void)state;
    struct ws_gaussian_loop loop = {{2, 1, 1, false}, U, 0.5, 1};
    struct ws_gaussian_moments fresh = ws_gaussian_loop_moments(&loop, 2);
    assert_near(fresh.mean_error, 0.625, 1e-15);
    assert_near(fresh.variance, 1.25, 1e-15);
    loop.items.again = true;
    struct ws_gaussian_moments kept = ws_gaussian_loop_moments(&loop, 2);
    assert_near(kept.mean_error, 0.875, 1e-15);
    assert_near(kept.variance, 0.75, 1e-15);
    loop.estimator = L;
    assert_near(ws_gaussian_loop_moments(&loop, 1).variance, 0.5, 1e-15);
}

static void loop_moments__without_human_items_are_those_of_replace(void **state)
{
    (void)state;
    static const uint64_t fits[] = {1, 2, 17, 100};
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        for (int e = 0; e < 2; e++) {
            const struct ws_gaussian_loop loop = {{50, 0, 50, false}, e == 0 ? U : L, 0, 1};
            struct ws_gaussian_moments seen = ws_gaussian_loop_moments(&loop, fits[i]);
            assert_near(seen.variance, ws_theory_gaussian_variance(loop.estimator, 50, fits[i]),
                        1e-12);
            assert_near(seen.mean_error, ws_theory_gaussian_mean_error(loop.estimator, 50, fits[i]),
                        1e-12);
        }
}

/* All human: every fit is as good as the first. Biased alone: lambda a generation (Alemohammad et
 * al. 2023). */
static void loop_moments__at_the_ends_of_their_settings(void **state)
{
    (void)state;
    const struct ws_gaussian_loop human = {{10, 10, 0, false}, U, 1, 1};
    assert_near(ws_gaussian_loop_moments(&human, 30).mean_error, 0.1, 1e-14);
    assert_near(ws_gaussian_loop_moments(&human, 30).variance, 1, 1e-14);
    const struct ws_gaussian_loop biased = {{10, 0, 10, false}, U, 0, 0.9};
    assert_near(ws_gaussian_loop_moments(&biased, 5).variance, pow(0.9, 4), 1e-14);
}

/* The published limits, to the order of 1/M. */
static void loop_moments__go_to_what_is_published(void **state)
{
    (void)state;
    const uint64_t M = 1000000;
    const struct ws_gaussian_loop fresh = {{M, M / 4, 3 * (M / 4), false}, U, 0.25, 1};
    assert_near(ws_gaussian_loop_moments(&fresh, 300).mean_error,
                ws_theory_fresh_mean_error(0.25, M), 1e-5);
    const double golden = (sqrt(5) - 1) / 2;
    const struct ws_gaussian_loop weighted = {{M, M, M, false}, U, golden, 1};
    assert_near(ws_gaussian_loop_moments(&weighted, 300).mean_error,
                ws_theory_weighted_mean_error(golden, M, M), 1e-5);
    assert_near(ws_theory_weighted_mean_error(golden, M, M), golden / (double)M, 1e-12);
    const struct ws_gaussian_loop biased = {{M, M / 2, M / 2, false}, U, 0.5, 0.9};
    assert_near(ws_gaussian_loop_moments(&biased, 300).variance,
                ws_theory_biased_variance(0.5, 0.9), 1e-5);
}

/* Maximum likelihood against the published product; unbiased of two items by hand: V_1 = 1, E[mu^2]
 * = 1/2 and then 1/8 more; the pool's mean square is 5/4, and 4/3 (5/4 - 5/8) its variance. */
static void loop_moments__of_a_pool(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 100; n += 11) {
        struct ws_gaussian_moments seen = ws_gaussian_pool_moments(L, 10, n);
        assert_near(seen.variance, ws_theory_gaussian_accumulate_variance(10, n), 1e-13);
        assert_near(seen.mean_error, 1 - ws_theory_gaussian_accumulate_variance(10, n), 1e-12);
    }
    assert_near(ws_gaussian_pool_moments(U, 2, 1).variance, 1, 1e-15);
    assert_near(ws_gaussian_pool_moments(U, 2, 2).mean_error, 0.625, 1e-15);
    assert_near(ws_gaussian_pool_moments(U, 2, 2).variance, 4.0 / 3 * 0.625, 1e-15);
    assert_near(ws_theory_gaussian_accumulate_limit(10),
                ws_theory_gaussian_accumulate_variance(10, 1000000), 1e-6);
}

/* Two symbols, two items: two draws are alike with 1/2, of one sample with 3/4. Then one human item
 * and one of the model's: they are the same item half the time. */
static void loop_moments__of_symbols(void **state)
{
    (void)state;
    struct ws_loop loop = {2, 1, 1, false};
    assert_near(ws_loop_heterozygosity(&loop, 0.5, 1), 0.25, 1e-15);
    assert_near(ws_loop_heterozygosity(&loop, 0.5, 2), 0.25, 1e-15);
    loop.again = true;
    assert_near(ws_loop_heterozygosity(&loop, 0.5, 2), 0.125, 1e-15);
    const struct ws_loop replace = {40, 0, 40, false};
    assert_near(ws_loop_heterozygosity(&replace, 0.8, 25), ws_theory_heterozygosity(0.8, 40, 25),
                1e-12);
}

static struct ws_gaussian_spread spread_of(enum ws_gaussian_estimator e, uint64_t M, uint64_t n)
{
    return ws_gaussian_replace_spread(e, &(struct ws_growing){M, 0, 0, 1}, n);
}

/* mu^2 of three items after two fits: E[mu^4] = 3 E[(1 + s^2)^2] / M^2 with E[s^4] = 2. */
static void loop_moments__how_widely_chains_differ(void **state)
{
    (void)state;
    assert_near(spread_of(U, 100, 1).mean_error, 2, 1e-14);
    assert_near(spread_of(U, 101, 1).variance, 0.02, 1e-13);
    assert_near(spread_of(U, 3, 2).mean_error, 2.75, 1e-14);
    assert_near(spread_of(U, 3, 2).variance, 3, 1e-14);
    /* The estimator is a factor of s^2, and no more. */
    assert_near(spread_of(L, 20, 30).variance, spread_of(U, 20, 30).variance, 1e-12);
    assert_near(spread_of(L, 20, 30).variance, pow(21.0 / 19, 30) - 1, 1e-12);
    assert_near(spread_of(L, 2, 3).deviation, pow(M_PI / 2, 3) - 1, 1e-12);
    const struct ws_growing growing = {3, 1, 0, 1}; /* 3 and 6 items */
    assert_near(ws_gaussian_replace_spread(U, &growing, 2).variance, 2 * 7.0 / 5 - 1, 1e-12);
    assert_true(isfinite(spread_of(U, 1000, 20000).mean_error));
    /* F of 1 and 10 degrees of freedom, of 5 and 5, and of a design that is too small. */
    assert_near(ws_regression_risk_spread(1, 10), 3, 1e-14);
    assert_near(ws_regression_risk_spread(5, 9), 3.2, 1e-14);
    assert_true(ws_regression_risk_spread(5, 8) == INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_moments__of_two_items_by_hand),
        cmocka_unit_test(loop_moments__without_human_items_are_those_of_replace),
        cmocka_unit_test(loop_moments__at_the_ends_of_their_settings),
        cmocka_unit_test(loop_moments__go_to_what_is_published),
        cmocka_unit_test(loop_moments__of_a_pool),
        cmocka_unit_test(loop_moments__of_symbols),
        cmocka_unit_test(loop_moments__how_widely_chains_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
