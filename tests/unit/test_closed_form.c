/*
 * Expected values: published-law tables evaluated with mpmath 1.3.0 at 30 digits (Gamma, psi and
 * linear solves of its own), and values that can be worked out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/closed_form.h"

static const enum ws_gaussian_estimator U = WS_GAUSSIAN_UNBIASED;
static const enum ws_gaussian_estimator L = WS_GAUSSIAN_MLE;

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static void assert_near(double seen, double wanted, double relative)
{
    if (!(fabs(seen - wanted) <= relative * fabs(wanted)))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

static void theory__c4_is_the_bias_of_the_deviation(void **state)
{
    (void)state;
    assert_near(ws_theory_c4(2), 0.79788456080286536, 1e-14); /* sqrt(2 / pi) */
    assert_near(ws_theory_c4(3), 0.88622692545275801, 1e-14); /* sqrt(pi) / 2 */
    assert_near(ws_theory_c4(10), 0.97265927412158824, 1e-14);
    assert_near(ws_theory_c4(100), 0.99747797607126351, 1e-14);
    assert_near(ws_theory_c4(1000), 0.9997497811015132, 1e-14);
    assert_near(ws_theory_c4(1000000), 0.99999974999978125, 1e-14);
}

static void theory__log_variance_falls_by_digamma(void **state)
{
    (void)state;
    assert_near(ws_theory_gaussian_log_variance(U, 2, 1), -1.2703628454614782, 1e-14);
    assert_near(ws_theory_gaussian_log_variance(U, 3, 1), -0.57721566490153286, 1e-14);
    assert_near(ws_theory_gaussian_log_variance(U, 10, 1), -0.11520647041674517, 1e-14);
    assert_near(ws_theory_gaussian_log_variance(U, 100, 1), -0.010135018848272835, 1e-14);
    assert_near(ws_theory_gaussian_log_variance(U, 1000, 10), -0.010013350018684683, 1e-14);
    assert_near(ws_theory_gaussian_log_variance(U, 1000000, 1), -1.000001333335e-6, 1e-12);
    assert_near(ws_theory_gaussian_log_variance(L, 10, 3),
                3 * (-0.11520647041674517 - 0.10536051565782628), 1e-13);
}

static void theory__w2_squared_matches_the_published_table(void **state)
{
    (void)state;
    const struct {
        enum ws_gaussian_estimator estimator;
        uint64_t M, n;
        double value;
    } table[] = {
        {U, 100, 1, 0.0150440478575}, {U, 100, 10, 0.149871857195}, {U, 100, 20, 0.298500113319},
        {U, 100, 50, 0.737229531671}, {U, 100, 100, 1.44632013799}, {U, 10, 10, 1.48421600777},
        {U, 10, 50, 6.49988877914},   {U, 10, 100, 11.8749443834},  {U, 1000, 100, 0.149428981491},
        {L, 100, 50, 0.628879478015}, {L, 100, 100, 1.0600142571},  {L, 10, 100, 1.99935549146},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_near(ws_theory_gaussian_w2_squared(table[i].estimator, table[i].M, table[i].n),
                    table[i].value, 1e-11);
}

static void theory__gaussian_moments_follow_the_estimator(void **state)
{
    (void)state;
    assert_near(ws_theory_gaussian_variance(U, 100, 50), 1, 0);
    assert_near(ws_theory_gaussian_variance(L, 20, 30), 0.2146387639429372, 1e-12); /* 0.95^30 */
    assert_near(ws_theory_gaussian_mean_error(U, 20, 30), 1.5, 1e-15);
    assert_near(ws_theory_gaussian_mean_error(L, 20, 30), 1 - 0.2146387639429372, 1e-12);
    assert_near(ws_theory_gaussian_deviation(U, 3, 2), 0.78539816339744831, 1e-14); /* pi / 4 */
    assert_near(ws_theory_gaussian_deviation(L, 3, 2), 0.52359877559829887, 1e-14); /* pi / 6 */
}

static void theory__accumulate_tends_to_a_sine(void **state)
{
    (void)state;
    assert_near(ws_theory_gaussian_accumulate_variance(10, 1), 0.9, 1e-15);
    assert_near(ws_theory_gaussian_accumulate_variance(10, 2), 0.9 * 0.975, 1e-15);
    assert_near(ws_theory_gaussian_accumulate_variance(10, 60), 0.8448, 1e-4);
    double x = 3.14159265358979323846 / sqrt(10);
    assert_near(ws_theory_gaussian_accumulate_variance(10, 1000000), sin(x) / x, 1e-6);
}

static void theory__heterozygosity_decays_geometrically(void **state)
{
    (void)state;
    assert_near(ws_theory_heterozygosity(0.9, 100, 0), 0.9, 0);
    assert_near(ws_theory_heterozygosity(0.5, 2, 3), 0.0625, 1e-15);
    assert_true(ws_theory_heterozygosity(0.9, 1, 1) == 0);
}

static void theory__survival_is_that_of_the_exact_chain(void **state)
{
    const struct {
        double p;
        uint64_t M, n;
        double value;
    } table[] = {
        {0.01, 100, 0, 1},
        {0.01, 100, 1, 0.63396765872677},
        {0.01, 100, 2, 0.470947073904655},
        {0.01, 100, 10, 0.161389355325143},
        {0.01, 100, 50, 0.0411218424020381},
        {0.25, 1, 7, 0.25}, /* one draw decides for ever */
        {0.5, 2, 2, 0.625}, /* 1/4 + 1/2 (1 - 1/4) */
        {1, 10, 5, 1},
        {0, 10, 5, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double value;
        assert_int_equal(
            ws_theory_survival(table[i].p, table[i].M, table[i].n, *state, &value, NULL), WS_OK);
        assert_near(value, table[i].value, 1e-11);
    }
    double value;
    assert_int_equal(ws_theory_survival(0.1, 4097, 1, *state, &value, NULL), WS_LIMIT);
}

static void theory__absorption_times_are_those_of_the_exact_chain(void **state)
{
    const struct {
        uint64_t K, M;
        double value;
    } table[] = {
        {2, 10, 12.5905181977},
        {10, 10, 17.495620226},
        {100, 10, 18.3986322973},
        {2, 100, 136.602278382},
        {10, 100, 187.425737953},
        {100, 100, 196.7416878},
        {1, 10, 0},
        {5, 1, 1},
        {2, 2, 2}, /* each resampling ends it with probability 1/2 */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double value;
        assert_int_equal(ws_theory_absorption_time(table[i].K, table[i].M, *state, &value, NULL),
                         WS_OK);
        assert_near(value, table[i].value, 2e-11);
    }
    double value;
    assert_int_equal(ws_theory_absorption_time(2, 4097, *state, &value, NULL), WS_LIMIT);
}

static void theory__survival_rate_iterates_one_minus_exp(void **state)
{
    (void)state;
    assert_true(ws_theory_survival_rate(0) == INFINITY);
    assert_near(ws_theory_survival_rate(1), 1, 0);
    assert_near(ws_theory_survival_rate(2), 0.63212055882855768, 1e-15);
    assert_near(ws_theory_survival_rate(5), 0.31207970997505556, 1e-14);
    assert_near(ws_theory_survival_rate(50), 0.038376669194294739, 1e-14);
}

static void theory__types_left_sums_the_bound_over_counts(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 0, 2, 1000000};
    assert_near(ws_theory_types_left(counts, 4, 0), 3, 0);
    assert_near(ws_theory_types_left(counts, 4, 1), (1 - exp(-1)) + (1 - exp(-2)) + 1, 1e-14);
    static const uint64_t one = 1; /* n p0 = 1: the published lower bounds */
    assert_near(ws_theory_types_left(&one, 1, 5), 0.26807682, 1e-7);
    assert_near(ws_theory_types_left(&one, 1, 50), 0.037649615, 1e-7);
}

/* Published, to four digits; here by a loop of Python's over g. */
static void theory__a_bernoulli_chain_is_alive_between_bounds(void **state)
{
    (void)state;
    struct ws_theory_bounds first = ws_theory_bernoulli_alive(0.01, 100, 1);
    assert_near(first.least, 0.63212055882855768, 1e-14);
    assert_near(first.most, 1 - (1 - 0.03 - 0.03) * 0.36787944117144232, 1e-14);
    assert_near(ws_theory_bernoulli_alive(0.01, 100, 50).least, 0.03764961513045418, 1e-13);
    assert_near(ws_theory_bernoulli_alive(0.001, 10000, 20).least, 0.6000635833017174, 1e-13);
    assert_true(ws_theory_bernoulli_alive(0.5, 100, 5).most == 1);
    for (uint64_t k = 1; k <= 50; k++) {
        double exact = 0;
        assert_int_equal(ws_theory_survival(0.01, 100, k, *state, &exact, NULL), WS_OK);
        struct ws_theory_bounds bounds = ws_theory_bernoulli_alive(0.01, 100, k);
        assert_true(bounds.least <= exact && exact <= bounds.most);
        ws_arena_reset(*state);
    }
}

/* Against the two-allele matrix: both are there unless one or the other is lost. */
static void theory__both_of_two_types_are_alive_between_bounds(void **state)
{
    (void)state;
    assert_near(ws_theory_both_alive(0.2, 100, 100).least, 0.64 * pow(0.99, 100), 1e-15);
    assert_near(ws_theory_both_alive(0.2, 100, 500).most, 32 * pow(0.99, 500), 1e-13);
    assert_true(ws_theory_both_alive(0.2, 100, 1).most == 1);
    for (uint64_t k = 1; k <= 400; k += 57) {
        double one = 0, other = 0;
        assert_int_equal(ws_theory_survival(0.2, 100, k, *state, &one, NULL), WS_OK);
        assert_int_equal(ws_theory_survival(0.8, 100, k, *state, &other, NULL), WS_OK);
        struct ws_theory_bounds bounds = ws_theory_both_alive(0.2, 100, k);
        assert_true(bounds.least <= one + other - 1 && one + other - 1 <= bounds.most);
        ws_arena_reset(*state);
    }
}

/* k = 1: no item of n is above 0; k = 2: E[exp(-Poisson(n lambda0))] by hand. */
static void theory__a_poisson_chain_is_alive_with_a_known_probability(void **state)
{
    (void)state;
    assert_near(ws_theory_poisson_alive(0.1, 10, 1), 1 - exp(-1), 1e-15);
    assert_near(ws_theory_poisson_alive(0.1, 10, 2), 1 - exp(-(1 - exp(-1))), 1e-15);
    assert_true(ws_theory_poisson_alive(0, 10, 3) == 0);
}

static void theory__regressions_err_by_what_is_published(void **state)
{
    (void)state;
    assert_near(ws_theory_regression_risk(10, 32), 10.0 / 21, 1e-15);
    assert_near(ws_theory_regression_risk(10, 1000), 10.0 / 989, 1e-15);
    assert_near(ws_theory_regression_design_risk(10, 100), 0.1, 1e-15);
}

static void theory__pools_grow_errors_to_a_limit(void **state)
{
    (void)state;
    const double pi = acos(-1);
    assert_true(ws_theory_accumulate_growth(1) == 1);
    assert_near(ws_theory_accumulate_growth(3), 1 + 0.25 + 1.0 / 9, 1e-15);
    assert_near(ws_theory_accumulate_growth(10000000), pi * pi / 6, 1.1e-7);
    assert_true(ws_theory_subsample_growth(1) == 1);
    assert_near(ws_theory_subsample_growth(2), 1.75, 1e-15);
    assert_near(ws_theory_subsample_growth(3), 25.0 / 12, 1e-15);
    assert_near(ws_theory_subsample_growth(100), 2.905, 2e-4);
    assert_near(ws_theory_subsample_growth(10000000), pi * pi / 2 - 2, 2e-7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(theory__##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(theory__a_bernoulli_chain_is_alive_between_bounds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(theory__both_of_two_types_are_alive_between_bounds, set_up,
                                        tear_down),
        cmocka_unit_test(theory__a_poisson_chain_is_alive_with_a_known_probability),
        cmocka_unit_test(theory__regressions_err_by_what_is_published),
        cmocka_unit_test(theory__pools_grow_errors_to_a_limit),
        TEST(c4_is_the_bias_of_the_deviation),
        TEST(log_variance_falls_by_digamma),
        TEST(w2_squared_matches_the_published_table),
        TEST(gaussian_moments_follow_the_estimator),
        TEST(accumulate_tends_to_a_sine),
        TEST(heterozygosity_decays_geometrically),
        TEST(survival_is_that_of_the_exact_chain),
        TEST(absorption_times_are_those_of_the_exact_chain),
        TEST(survival_rate_iterates_one_minus_exp),
        TEST(types_left_sums_the_bound_over_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
