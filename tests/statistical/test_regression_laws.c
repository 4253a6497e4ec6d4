/*
 * The laboratory's own loop against theory (support/lab_trial.h): regressions, Poisson and
 * Bernoulli chains. A model of generation g has n = g + 1 fits behind it.
 *
 * With noise of variance 1 and M items of d inputs, the weights err by a normal vector of
 * covariance c A, A = (X'X)^-1, given the inputs X of a fixed design; c is n under replace, the sum
 * of 1 / i^2 under accumulate. So `design_risk` is c / M times a chi-squared of d degrees: cv^2 = 2
 * / d, exactly. `excess_risk` is c e'Ae of normals e: E[2 tr A^2 + (tr A)^2] of the inverse Wishart
 * matrix A (von Rosen 1988) gives its cv^2, 0.22759 for d = 10 and M = 100. With new inputs for
 * each fit A is a sum of n: 0.20276 at n = 10.
 */
#include <stdint.h>

#include "measure/closed_form.h"
#include "support/lab_trial.h"

#define REGRESSION "family: regression\nsource: linear\n"
#define TEN        REGRESSION "inputs: 10\nitems: 100\n"
#define UP_TO_9    "generations: 10\nmeasure_every: 9\n"

#define CV_DESIGN 0.2
#define CV_RISK   0.22759

static void check(const char *settings, const char *arm, size_t chains,
                  const struct trial_row *rows, size_t count)
{
    struct laboratory lab;
    open_trial(&lab, settings);
    check_trial(&lab, arm, chains, rows, count);
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* 22,500 x 0.22759 = 5,121 chains. */
static void regression__errs_by_as_much_again_each_generation(void **state)
{
    (void)state;
    double risk = ws_theory_regression_risk(10, 100);
    double design = ws_theory_regression_design_risk(10, 100);
    const struct trial_row rows[] = {
        {"design_risk", 0, design, CV_DESIGN},
        {"design_risk", 9, 10 * design, CV_DESIGN},
        {"excess_risk", 0, risk, CV_RISK},
        {"excess_risk", 9, 10 * risk, CV_RISK},
    };
    check(TEN "policies: replace\n" UP_TO_9, "replace", 6000, rows, COUNT(rows));
}

static void regression__of_new_inputs_errs_by_as_much_again(void **state)
{
    (void)state;
    double risk = ws_theory_regression_risk(10, 100);
    const struct trial_row rows[] = {
        {"excess_risk", 0, risk, CV_RISK},
        {"excess_risk", 9, 10 * risk, 0.20276},
    };
    check(TEN "design: fresh\npolicies: replace\n" UP_TO_9, "replace", 6000, rows, COUNT(rows));
}

static void regression__on_all_there_is_errs_by_the_sum_of_inverse_squares(void **state)
{
    (void)state;
    double risk = ws_theory_regression_risk(10, 100);
    double design = ws_theory_regression_design_risk(10, 100);
    const struct trial_row rows[] = {
        {"design_risk", 1, 1.25 * design, CV_DESIGN},
        {"excess_risk", 1, 1.25 * risk, CV_RISK},
        {"design_risk", 9, ws_theory_accumulate_growth(10) * design, CV_DESIGN},
        {"excess_risk", 9, ws_theory_accumulate_growth(10) * risk, CV_RISK},
    };
    check(TEN "policies: accumulate\ngenerations: 10\n", "accumulate", 6000, rows, COUNT(rows));
}

static void regression__of_human_items_does_not_change(void **state)
{
    (void)state;
    double risk = ws_theory_regression_risk(10, 100);
    const struct trial_row rows[] = {
        {"excess_risk", 0, risk, CV_RISK},
        {"excess_risk", 9, risk, CV_RISK},
    };
    check(TEN UP_TO_9, "control", 6000, rows, COUNT(rows));
}

/* The recursion is the limit of many items: 1,000 for 2 inputs are within half a percent. The error
 * is all but a chi-squared of 2 degrees, 1.02 leaves room: 22,950 chains. */
static void regression__on_a_part_of_the_pool_follows_the_recursion(void **state)
{
    (void)state;
    double risk = ws_theory_regression_risk(2, 1000);
    const struct trial_row rows[] = {
        {"excess_risk", 0, risk, 1.02},
        {"excess_risk", 1, ws_theory_subsample_growth(2) * risk, 1.02},
        {"excess_risk", 5, ws_theory_subsample_growth(6) * risk, 1.02},
    };
    check(REGRESSION "inputs: 2\nitems: 1000\npolicies: accumulate-subsample\ngenerations: 6\n",
          "accumulate-subsample", 23000, rows, COUNT(rows));
}

/* Of a probability p, cv^2 = (1 - p) / p. */
static double cv_of_probability(double p)
{
    return (1 - p) / p;
}

/* The mean's variance is n / M of it: cv^2 = n / (M lambda0), 1 for n = 10; 22,500 chains. */
static void poisson__is_alive_as_often_as_theory_says(void **state)
{
    (void)state;
    double early = ws_theory_poisson_alive(1, 10, 10), late = ws_theory_poisson_alive(1, 10, 20);
    const struct trial_row rows[] = {
        {"alive", 9, early, cv_of_probability(early)},
        {"alive", 19, late, cv_of_probability(late)},
        {"count_mean", 0, 1, 0.1},
        {"count_mean", 9, 1, 1},
    };
    check("family: poisson\nsource: poisson\nrate: 1\nitems: 10\npolicies: replace\n"
          "generations: 20\n",
          "replace", 23000, rows, COUNT(rows));
}

/* Exactly, by the Wright-Fisher matrix; alive at n = 5 with probability 0.268: 61,400 chains. The
 * mean p is a martingale with variance p (1 - p) (1 - (1 - 1/M)^n): cv^2 = 4.85 at n = 5 would need
 * more, 0.99 at n = 1 does not. */
static void bernoulli__is_alive_as_often_as_theory_says(void **state)
{
    double first, fifth;
    assert_int_equal(ws_theory_survival(0.01, 100, 1, *state, &first, NULL), WS_OK);
    assert_int_equal(ws_theory_survival(0.01, 100, 5, *state, &fifth, NULL), WS_OK);
    const struct trial_row rows[] = {
        {"alive", 0, first, cv_of_probability(first)},
        {"alive", 4, fifth, cv_of_probability(fifth)},
        {"count_mean", 0, 0.01, 0.99},
    };
    check("family: bernoulli\nsource: bernoulli\nprobability: 0.01\nitems: 100\n"
          "policies: replace\ngenerations: 5\n",
          "replace", 62000, rows, COUNT(rows));
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression__errs_by_as_much_again_each_generation),
        cmocka_unit_test(regression__of_new_inputs_errs_by_as_much_again),
        cmocka_unit_test(regression__on_all_there_is_errs_by_the_sum_of_inverse_squares),
        cmocka_unit_test(regression__of_human_items_does_not_change),
        cmocka_unit_test(regression__on_a_part_of_the_pool_follows_the_recursion),
        cmocka_unit_test(poisson__is_alive_as_often_as_theory_says),
        cmocka_unit_test_setup_teardown(bernoulli__is_alive_as_often_as_theory_says, set_up,
                                        tear_down),
    };
    law_print_header();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
