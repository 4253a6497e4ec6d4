/*
 * Which forms are known of an arm, what is said of numbers that were made by hand, and the theory
 * of a run whose records were.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/policy.h"
#include "lab/theory.h"
#include "support/made_run.h"

/* Known forms ---------------------------------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct known_forms {
    struct ws_arena arena;
    struct ws_known_form all[WS_KNOWN_FORMS_MOST];
    size_t count;
};

static void find_forms(struct known_forms *out, const char *family, struct ws_setting *settings,
                       size_t setting_count, const char *policy, const char *metric)
{
    struct ws_error err = {.message = ""};
    struct ws_run_arm arm = {.name = policy, .policy = policy};
    const struct ws_run_description run = {.family = family,
                                           .generations = 10,
                                           .seeds = 100,
                                           .settings = settings,
                                           .setting_count = setting_count,
                                           .arms = &arm,
                                           .arm_count = 1};
    ws_arena_init(&out->arena, NULL);
    if (ws_known_forms(&run, &arm, metric, &out->arena, out->all, &out->count, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* One line a form, as "exact gaussian-variance estimator=mle M=10". */
static void assert_known(const char *family, struct ws_setting *settings, size_t setting_count,
                         const char *policy, const char *metric, const char *wanted)
{
    struct known_forms forms;
    char seen[1024] = "";
    size_t size = 0;
    find_forms(&forms, family, settings, setting_count, policy, metric);
    for (size_t i = 0; i < forms.count; i++)
        size += (size_t)snprintf(seen + size, sizeof seen - size, "%s%s %s", i > 0 ? "\n" : "",
                                 ws_form_kind_name(forms.all[i].kind), forms.all[i].form);
    if (strcmp(seen, wanted) != 0)
        fail_msg("%s, %s:\n%s\nwanted\n%s", policy, metric, seen, wanted);
    ws_arena_release(&forms.arena);
}

#define GAUSSIAN(estimator)                                                                        \
    {                                                                                              \
        {"growth", "constant", NULL, 0}, {"source", "normal", NULL, 0}, {"items", "100", NULL, 0}, \
            {"dimension", "1", NULL, 0}, {"variance", "4", NULL, 0},                               \
            {"estimator", estimator, NULL, 0},                                                     \
    }

static void theory__knows_the_forms_of_a_gaussian_by_its_policy(void **state)
{
    (void)state;
    struct ws_setting unbiased[] = GAUSSIAN("unbiased"), mle[] = GAUSSIAN("mle");
    assert_known("gaussian", unbiased, COUNT(unbiased), "replace", "variance_ratio",
                 "exact gaussian-variance estimator=unbiased M=100\n"
                 "at-most gaussian-median-bound M=100\n"
                 "at-most gaussian-median-bound-c4 M=100");
    assert_known("gaussian", unbiased, COUNT(unbiased), "control", "variance_ratio",
                 "exact gaussian-variance estimator=unbiased M=100");
    assert_known("gaussian", mle, COUNT(mle), "accumulate", "mean_error_squared",
                 "exact accumulate-mean-error M=100\nlimit accumulate-mean-error-limit M=100");
    assert_known("gaussian", unbiased, COUNT(unbiased), "accumulate", "mean_error_squared",
                 "exact accumulate-mean-error-unbiased M=100");
    assert_known("gaussian", unbiased, COUNT(unbiased), "fresh:0.25", "mean_error_squared",
                 "exact fresh-loop-mean-error estimator=unbiased M=100 human=25 model=75 "
                 "weight=0.25 bias=1\nlimit fresh-mean-error p=0.25 M=100");
    assert_known("gaussian", unbiased, COUNT(unbiased), "naive:2", "mean_error_squared",
                 "exact fresh-loop-mean-error estimator=unbiased M=100 human=100 model=50 "
                 "weight=0.6666666667 bias=1\n"
                 "limit fresh-mean-error p=0.6666666667 M=150");
    assert_known("gaussian", unbiased, COUNT(unbiased), "weighted:0.6:2", "mean_error_squared",
                 "exact fresh-loop-mean-error estimator=unbiased M=100 human=100 model=50 "
                 "weight=0.6 bias=1\nlimit weighted-mean-error weight=0.6 human=100 model=50");
    assert_known("gaussian", unbiased, COUNT(unbiased), "keep:0.1", "variance_ratio",
                 "exact kept-loop-variance estimator=unbiased M=100 human=10 model=90 weight=0.1 "
                 "bias=1");
    assert_known("gaussian", unbiased, COUNT(unbiased), "fresh:0.5|biased:0.9", "variance_ratio",
                 "exact fresh-loop-variance estimator=unbiased M=100 human=50 model=50 weight=0.5 "
                 "bias=0.9\nlimit biased-variance p=0.5 bias=0.9");
    assert_known("gaussian", unbiased, COUNT(unbiased), "accumulate-subsample",
                 "mean_error_squared", "about subsample-growth\nlimit subsample-growth-limit");
}

/* Factors: variance times dimension, over the items where a form is of growth. */
static void theory__knows_in_what_unit_a_form_is(void **state)
{
    (void)state;
    struct ws_setting settings[] = GAUSSIAN("mle");
    settings[3].value = "3";
    struct known_forms forms;
    find_forms(&forms, "gaussian", settings, COUNT(settings), "replace", "mean_error_squared");
    assert_int_equal(forms.count, 2);
    assert_true(forms.all[0].factor == 12 && forms.all[1].factor == 12);
    ws_arena_release(&forms.arena);
    find_forms(&forms, "gaussian", settings, COUNT(settings), "accumulate-subsample",
               "mean_error_squared");
    assert_int_equal(forms.count, 2);
    assert_true(fabs(forms.all[0].factor - 0.12) < 1e-15 && forms.all[0].left_out == 0.01);
    ws_arena_release(&forms.arena);
}

static void theory__knows_nothing_where_a_form_does_not_hold(void **state)
{
    (void)state;
    static const char *const policies[] = {
        "window:2",
        "recent:2",
        "history:0.5",
        "mix:0.5:0.3:0.2",
        "replace|oversample:2",
        "accumulate|biased:0.9",
        "replace|drop-detected:0.5:0",
    };
    struct ws_setting settings[] = GAUSSIAN("unbiased");
    for (size_t i = 0; i < COUNT(policies); i++)
        assert_known("gaussian", settings, COUNT(settings), policies[i], "variance_ratio", "");
    /* Half of the items original: the general form of keep. */
    assert_known("gaussian", settings, COUNT(settings), "mix:0.5:0:0.5", "variance_ratio",
                 "exact kept-loop-variance estimator=unbiased M=100 human=50 model=50 weight=0.5 "
                 "bias=1");
    settings[0].value = "linear:1";
    assert_known("gaussian", settings, COUNT(settings), "fresh:0.5", "variance_ratio", "");
    settings[0].value = "constant";
    settings[3].value = "2"; /* dimensions */
    assert_known("gaussian", settings, COUNT(settings), "replace", "log_variance", "");
    settings[1].value = "blobs";
    assert_known("gaussian", settings, COUNT(settings), "replace", "variance_ratio", "");
    assert_known("gmm", settings, COUNT(settings), "replace", "variance_ratio", "");
}

static void theory__knows_bounds_of_symbols_and_counts(void **state)
{
    (void)state;
    struct ws_setting zipf[] = {
        {"growth", "constant", NULL, 0}, {"source", "zipf", NULL, 0}, {"items", "50", NULL, 0},
        {"types", "2", NULL, 0},         {"exponent", "1", NULL, 0},  {"shift", "0", NULL, 0},
        {"metric_items", "0", NULL, 0},
    };
    /* Shares 2/3 and 1/3: 1 - 4/9 - 1/9. */
    assert_known("discrete", zipf, COUNT(zipf), "replace", "heterozygosity",
                 "exact heterozygosity start=0.4444444444 M=50");
    assert_known("discrete", zipf, COUNT(zipf), "replace", "types",
                 "at-least zipf-types-least K=2 exponent=1 shift=0 M=50\n"
                 "at-most zipf-types-most K=2 exponent=1 shift=0 M=50\nlimit types-limit");
    zipf[6].value = "10"; /* the sample is another resampling */
    assert_known("discrete", zipf, COUNT(zipf), "replace", "types", "limit types-limit");
    zipf[1].value = "uniform";
    zipf[6].value = "50";
    assert_known("discrete", zipf, COUNT(zipf), "replace", "types",
                 "exact survival p=0.5 M=50\nat-least survival-least p=0.5 M=50\n"
                 "at-most survival-most p=0.5 M=50\nlimit types-limit");
    zipf[2].value = "100000"; /* too large a matrix */
    zipf[6].value = "0";
    assert_known("discrete", zipf, COUNT(zipf), "replace", "types",
                 "at-least survival-least p=0.5 M=100000\nat-most survival-most p=0.5 M=100000\n"
                 "limit types-limit");
}

static void theory__knows_regressions_of_enough_items_that_are_as_the_truths(void **state)
{
    (void)state;
    struct ws_setting settings[] = {
        {"growth", "constant", NULL, 0},   {"source", "linear", NULL, 0},
        {"items", "20", NULL, 0},          {"inputs", "5", NULL, 0},
        {"ridge", "0", NULL, 0},           {"sample_noise", "known", NULL, 0},
        {"design", "fixed", NULL, 0},      {"noise_variance", "2", NULL, 0},
        {"known_variance", "2", NULL, 0},  {"input_variance", "3", NULL, 0},
        {"design_variance", "1", NULL, 0},
    };
    assert_known("regression", settings, COUNT(settings), "accumulate", "excess_risk",
                 "exact regression-accumulate d=5 M=20\n"
                 "at-most regression-accumulate-limit d=5 M=20\n"
                 "limit regression-accumulate-limit d=5 M=20");
    assert_known("regression", settings, COUNT(settings), "accumulate-subsample", "excess_risk",
                 "about regression-subsample d=5 M=20\nlimit regression-subsample-limit d=5 M=20");
    assert_known("regression", settings, COUNT(settings), "control", "weight_error_squared",
                 "exact regression-replace d=5 M=20");
    settings[6].value = "fresh";
    assert_known("regression", settings, COUNT(settings), "replace", "excess_risk", "");
    assert_known("regression", settings, COUNT(settings), "control", "excess_risk",
                 "exact regression-replace d=5 M=20");
    settings[10].value = "3";
    assert_known("regression", settings, COUNT(settings), "replace", "excess_risk",
                 "exact regression-replace d=5 M=20");
    assert_known("regression", settings, COUNT(settings), "accumulate", "excess_risk", "");
    settings[8].value = "1";
    assert_known("regression", settings, COUNT(settings), "replace", "excess_risk", "");
    settings[8].value = "2";
    settings[2].value = "6";
    assert_known("regression", settings, COUNT(settings), "replace", "excess_risk", "");
}

/* Bounds of a vocabulary are of the whole corpus, or of what a seed deals of it, and of words that
 * are drawn as they were counted. */
static void theory__knows_bounds_of_words(void **state)
{
    (void)state;
    struct ws_setting settings[] = {
        {"growth", "constant", NULL, 0}, {"source", "words", NULL, 0}, {"items", "0", NULL, 0},
        {"metric_items", "0", NULL, 0},  {"sampling", "mle", NULL, 0},
    };
    assert_known("discrete", settings, COUNT(settings), "replace", "support_kept",
                 "at-least vocabulary-least\nat-most vocabulary-most");
    assert_known("discrete", settings, COUNT(settings), "keep:0.1", "support_kept", "");
    settings[1].value = "text";
    assert_known("ngram", settings, COUNT(settings), "replace", "support_kept",
                 "at-least vocabulary-least\nat-most vocabulary-most");
    settings[4].value = "kneser-ney";
    assert_known("ngram", settings, COUNT(settings), "replace", "support_kept", "");
}

/* Two alleles: the chance that neither is lost, and what is there in the end. */
static void theory__knows_bounds_of_two_types(void **state)
{
    (void)state;
    struct ws_setting settings[] = {
        {"growth", "constant", NULL, 0},
        {"source", "bernoulli", NULL, 0},
        {"items", "20", NULL, 0},
        {"probability", "0.25", NULL, 0},
    };
    assert_known("bernoulli", settings, COUNT(settings), "replace", "both_alive",
                 "exact both p=0.25 M=20\nat-least both-least p=0.25 M=20\n"
                 "at-most both-most p=0.25 M=20");
    assert_known("bernoulli", settings, COUNT(settings), "replace", "alive",
                 "exact survival p=0.25 M=20\nat-least survival-least p=0.25 M=20\n"
                 "at-most survival-most p=0.25 M=20\nlimit survival-limit p=0.25");
    assert_known("poisson", settings, COUNT(settings), "replace", "both_alive", "");
    assert_known("bernoulli", settings, COUNT(settings), "replace", "count_mean",
                 "exact bernoulli-mean p=0.25");
}

/* Samples that grow: forms of their own, and none that is of one size. A control
 * has always as many items. */
static void theory__knows_the_forms_of_samples_that_grow(void **state)
{
    (void)state;
    static const char *const growths[][2] = {
        {"linear:0.5", "linear=0.5 power=0 geometric=1"},
        {"power:1.5", "linear=0 power=1.5 geometric=1"},
        {"geometric:1.1", "linear=0 power=0 geometric=1.1"},
    };
    struct ws_setting settings[] = GAUSSIAN("unbiased");
    struct known_forms forms;
    char wanted[256];
    for (size_t i = 0; i < COUNT(growths); i++) {
        settings[0].value = growths[i][0];
        (void)snprintf(wanted, sizeof wanted, "exact growing-variance estimator=unbiased M=100 %s",
                       growths[i][1]);
        assert_known("gaussian", settings, COUNT(settings), "replace", "variance_ratio", wanted);
        assert_known("gaussian", settings, COUNT(settings), "control", "variance_ratio",
                     "exact gaussian-variance estimator=unbiased M=100");
    }
    find_forms(&forms, "gaussian", settings, COUNT(settings), "replace", "variance_ratio");
    /* 1 + 2 / (M - 1) of 100 items and of 110 */
    assert_true(fabs(ws_known_form_spread(&forms.all[0], 2, 1) - (101.0 / 99 * 111 / 109 - 1)) <
                1e-12);
    ws_arena_release(&forms.arena);
    assert_known("gaussian", settings, COUNT(settings), "accumulate", "variance_ratio", "");
}

/* The sizes of the forms are those that policies plan. */
static void theory__samples_grow_as_policies_have_them(void **state)
{
    (void)state;
    static const struct {
        struct ws_growth growth;
        struct ws_growing growing;
    } cases[] = {
        {{WS_GROWTH_CONSTANT, 0}, {37, 0, 0, 1}},
        {{WS_GROWTH_LINEAR, 0.3}, {37, 0.3, 0, 1}},
        {{WS_GROWTH_POWER, 1.2}, {37, 0, 1.2, 1}},
        {{WS_GROWTH_GEOMETRIC, 1.07}, {37, 0, 0, 1.07}},
    };
    struct ws_policy policy;
    struct ws_arena arena;
    struct ws_error err;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_policy_parse("replace", &arena, &policy, &err), WS_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ws_step before, step;
        for (uint32_t g = 0; g < 40; g++, before = step) {
            assert_int_equal(
                ws_policy_step(&policy, &cases[i].growth, 37, g, g ? &before : NULL, &step, &err),
                WS_OK);
            assert_int_equal(ws_growing_items(&cases[i].growing, g), step.training);
        }
    }
    ws_arena_release(&arena);
}

static void theory__refuses_a_policy_that_no_run_has(void **state)
{
    (void)state;
    struct ws_setting settings[] = GAUSSIAN("mle");
    struct ws_run_arm arm = {.name = "nonsense", .policy = "nonsense"};
    const struct ws_run_description run = {.family = "gaussian",
                                           .settings = settings,
                                           .setting_count = COUNT(settings),
                                           .arms = &arm,
                                           .arm_count = 1};
    struct ws_arena arena;
    struct ws_known_form known[WS_KNOWN_FORMS_MOST];
    struct ws_error err;
    size_t count;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_known_forms(&run, &arm, "variance_ratio", &arena, known, &count, &err),
                     WS_CORRUPT);
    assert_non_null(strstr(err.message, "nonsense"));
    ws_arena_release(&arena);
}

/* Judging -------------------------------------------------------------------------------------- */

static struct ws_theory_row judge(struct ws_known_form known, double expected,
                                  struct ws_summary summary, bool is_last)
{
    const struct ws_point point = {.generation = 7, .summary = summary};
    struct ws_theory_row row = {
        .kind = known.kind, .of_median = known.of_median, .expected = expected};
    known.factor = known.factor > 0 ? known.factor : 1;
    ws_theory_judge(&known, 8, &point, is_last, &row);
    return row;
}

static void assert_verdict(const struct ws_theory_row *row, enum ws_theory_verdict wanted)
{
    if (row->verdict != wanted)
        fail_msg("%s, wanted %s", ws_theory_verdict_name(row->verdict),
                 ws_theory_verdict_name(wanted));
}

/* scipy 1.10: t.isf(norm.sf(4), freedom). */
static void theory__few_seeds_need_more_standard_errors(void **state)
{
    (void)state;
    assert_true(fabs(ws_theory_errors(4, 1000) - 4.0170815) < 1e-5);
    assert_true(fabs(ws_theory_errors(4, 100) - 4.1784508) < 1e-3);
    assert_true(fabs(ws_theory_errors(4, 20) - 5.1019608) < 1e-2);
    assert_true(fabs(ws_theory_errors(4, 10) / 6.9986391 - 1) < 1e-2);
    assert_true(ws_theory_errors(4, 3) > 125.6); /* on the safe side */
}

static void theory__a_form_holds_within_four_standard_errors(void **state)
{
    (void)state;
    static const struct {
        enum ws_form_kind kind;
        bool is_last;
        enum ws_theory_verdict below, within, above;
    } cases[] = {
        {WS_FORM_EXACT, false, WS_THEORY_DIFFERS, WS_THEORY_AGREES, WS_THEORY_DIFFERS},
        {WS_FORM_ABOUT, true, WS_THEORY_DIFFERS, WS_THEORY_AGREES, WS_THEORY_DIFFERS},
        {WS_FORM_AT_LEAST, true, WS_THEORY_DIFFERS, WS_THEORY_AGREES, WS_THEORY_AGREES},
        {WS_FORM_AT_MOST, true, WS_THEORY_AGREES, WS_THEORY_AGREES, WS_THEORY_DIFFERS},
        {WS_FORM_LIMIT, true, WS_THEORY_NOT_REACHED, WS_THEORY_REACHED, WS_THEORY_NOT_REACHED},
        {WS_FORM_LIMIT, false, WS_THEORY_NOT_YET, WS_THEORY_NOT_YET, WS_THEORY_NOT_YET},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct ws_known_form known = {.kind = cases[i].kind};
        struct ws_summary summary = {.count = 100000, .mean = 1 - 0.041, .standard_error = 0.01};
        struct ws_theory_row row = judge(known, 1, summary, cases[i].is_last);
        assert_verdict(&row, cases[i].below);
        summary.mean = 1 + 0.039;
        row = judge(known, 1, summary, cases[i].is_last);
        assert_verdict(&row, cases[i].within);
        summary.mean = 1 + 0.041;
        row = judge(known, 1, summary, cases[i].is_last);
        assert_verdict(&row, cases[i].above);
        assert_true(row.generation == 7 && row.seeds == 100000 && row.measured == summary.mean);
    }
    /* A hundredth is left out of what is expected. */
    const struct ws_known_form about = {.kind = WS_FORM_ABOUT, .left_out = 0.01};
    struct ws_theory_row row =
        judge(about, 1, (struct ws_summary){.count = 100000, .mean = 1.049, .standard_error = 0.01},
              true);
    assert_verdict(&row, WS_THEORY_AGREES);
}

/* 100 seeds of s^2 that theory says differ by 1.2 times the mean: all happen to be small. */
static void theory__a_sample_without_the_tail_is_no_difference(void **state)
{
    (void)state;
    struct ws_known_form known = {
        .kind = WS_FORM_EXACT, .spread = WS_SPREAD_VARIANCE, .items = {20, 0, 0, 1}};
    const struct ws_summary summary = {.count = 100, .mean = 0.6, .standard_error = 0.02};
    struct ws_theory_row row = judge(known, 1, summary, false); /* spread (21/19)^8 - 1 = 1.227 */
    assert_verdict(&row, WS_THEORY_AGREES);
    assert_true(fabs(row.standard_error - sqrt(1.2269 / 100)) < 1e-3);
    /* Four standard errors are more than the mean: it is said how many seeds would do. */
    known.items.first = 5;
    row = judge(known, 1, summary, false); /* (6/4)^8 - 1 */
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == ceil(16 * (pow(1.5, 8) - 1)));
    /* A bound that is kept is kept. */
    known.kind = WS_FORM_AT_MOST;
    row = judge(known, 1, summary, false);
    assert_verdict(&row, WS_THEORY_AGREES);
    /* No number of seeds finds a mean without a variance. */
    const struct ws_known_form risk = {
        .kind = WS_FORM_EXACT, .spread = WS_SPREAD_RISK, .dimension = 5, .items = {8, 0, 0, 1}};
    row = judge(risk, 1, summary, false);
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == INFINITY);
}

/* Of 400 chains none is alive. Where each is with probability 0.04 that is hardly chance; where
 * each is with 0.03, four standard errors are more than 0.03. Then of chains that end at 0, where
 * most have ended, and where most have not. */
static void theory__chances_are_not_taken_for_certainties(void **state)
{
    (void)state;
    const struct ws_known_form chance = {.kind = WS_FORM_EXACT, .spread = WS_SPREAD_CHANCE};
    struct ws_summary none = {.count = 400, .mean = 0, .standard_error = 0};
    struct ws_theory_row row = judge(chance, 0.04, none, false);
    assert_verdict(&row, WS_THEORY_DIFFERS);
    row = judge(chance, 0.03, none, false);
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == ceil(16 * (1 / 0.03 - 1)));
    none.count = 100000;
    row = judge(chance, 0.03, none, false);
    assert_verdict(&row, WS_THEORY_DIFFERS);
    const struct ws_known_form ending = {.kind = WS_FORM_EXACT, .spread = WS_SPREAD_ENDING};
    struct ws_summary few = {.count = 400, .mean = 0.02, .standard_error = 0.003, .median = 0};
    row = judge(ending, 0.05, few, false);
    assert_verdict(&row, WS_THEORY_AGREES);
    few.median = 0.01;
    row = judge(ending, 0.05, few, false);
    assert_verdict(&row, WS_THEORY_DIFFERS);
}

/* The mean of counts after 8 fits of 10 to a mean of 0.4: chains differ by 8 / (10 0.4) = 2. */
static void theory__means_of_counts_are_soon_carried_by_few(void **state)
{
    (void)state;
    const struct ws_known_form mean = {
        .kind = WS_FORM_EXACT, .spread = WS_SPREAD_POISSON, .items = {10, 0, 0, 1}};
    const struct ws_summary none = {.count = 31, .mean = 0, .standard_error = 0};
    struct ws_theory_row row = judge(mean, 0.4, none, false);
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == 32);
    const struct ws_summary many = {.count = 100, .mean = 0.2, .standard_error = 0.01};
    row = judge(mean, 0.4, many, false);
    assert_verdict(&row, WS_THEORY_AGREES);
}

/* Of 20,000 chains none has lost one of two types, which one in 12,000 does by now; and none can
 * have by then. */
static void theory__a_loss_that_is_rare_or_none(void **state)
{
    (void)state;
    const struct ws_known_form types = {
        .kind = WS_FORM_EXACT, .spread = WS_SPREAD_TYPES, .factor = 2, .dimension = 2};
    const struct ws_summary both = {.count = 20000, .mean = 2, .standard_error = 0, .median = 2};
    struct ws_theory_row row = judge(types, 2 - 8e-5, both, false);
    assert_verdict(&row, WS_THEORY_AGREES);
    row = judge(types, 2 + 1e-12, both, false);
    assert_verdict(&row, WS_THEORY_AGREES);
    row = judge(types, 2 - 4e-3, both, false);
    assert_verdict(&row, WS_THEORY_DIFFERS);
}

static void theory__a_median_is_held_against_quantiles(void **state)
{
    (void)state;
    const struct ws_known_form bound = {.kind = WS_FORM_AT_MOST, .of_median = true};
    struct ws_summary summary = {
        .count = 25, .low = 0.2, .median = 0.5, .high = 2, .mean = 9, .standard_error = 3};
    struct ws_theory_row row = judge(bound, 0.3, summary, true);
    assert_verdict(&row, WS_THEORY_AGREES);
    assert_true(row.measured == 0.5 && isnan(row.standard_error));
    row = judge(bound, 0.1, summary, true);
    assert_verdict(&row, WS_THEORY_DIFFERS);
    summary.count = 24;
    row = judge(bound, 0.1, summary, true);
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == 25);
}

static void theory__says_nothing_of_one_seed_or_no_mean(void **state)
{
    (void)state;
    const struct ws_known_form known = {.kind = WS_FORM_EXACT};
    struct ws_theory_row row =
        judge(known, 1, (struct ws_summary){.count = 1, .mean = 9, .standard_error = NAN}, true);
    assert_verdict(&row, WS_THEORY_TOO_FEW);
    assert_true(row.seeds_wanted == 2);
    row = judge(known, 1, (struct ws_summary){.count = 9, .mean = -INFINITY, .standard_error = NAN},
                true);
    assert_verdict(&row, WS_THEORY_NO_MEAN);
    row = judge(known, 1, (struct ws_summary){.count = 0, .mean = NAN}, true);
    assert_verdict(&row, WS_THEORY_NO_MEAN);
}

/* Runs ----------------------------------------------------------------------------------------- */

#define SETTINGS                                                                                   \
    "\"family\":\"gaussian\",\"generations\":\"2\",\"seeds\":\"2\",\"growth\":\"constant\","       \
    "\"source\":\"normal\",\"items\":\"100\",\"dimension\":\"1\",\"variance\":\"4\","              \
    "\"estimator\":\"mle\""

static void theory__reads_a_run(void **state)
{
    (void)state;
    static const struct ws_record records[] = {
        RECORD("replace", 1, 0, "mean_error_squared", 100, 0.03),
        RECORD("replace", 1, 1, "mean_error_squared", 100, 0.07),
        RECORD("replace", 2, 0, "mean_error_squared", 100, 0.05),
        RECORD("replace", 2, 1, "mean_error_squared", 100, 0.09),
    };
    struct place place;
    struct ws_arena arena;
    struct ws_theory theory;
    struct ws_error err = {.message = ""};
    make_run_of(&place, SETTINGS, "", records, COUNT(records));
    ws_arena_init(&arena, NULL);
    if (ws_theory_read(place.path, &arena, &theory, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(theory.count, 4); /* and a limit, twice */
    assert_null(theory.left_out);
    assert_string_equal(theory.rows[1].form, "gaussian-mean-error estimator=mle M=100");
    assert_int_equal(theory.rows[1].generation, 1);
    /* 4 (1 - 0.99^2); two seeds of a number that takes 32. */
    assert_true(fabs(theory.rows[1].expected - 4 * 0.0199) < 1e-15);
    assert_true(fabs(theory.rows[1].measured - 0.08) < 1e-15);
    assert_verdict(&theory.rows[1], WS_THEORY_TOO_FEW);
    ws_arena_release(&arena);
    remove_place(&place);
}

static void theory__of_a_run_without_forms_or_without_a_run(void **state)
{
    (void)state;
    static const struct ws_record records[] = {RECORD("replace", 1, 0, "types", 10, 3)};
    struct place place;
    struct ws_arena arena;
    struct ws_theory theory;
    make_run(&place, records, COUNT(records));
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_theory_read(place.path, &arena, &theory, NULL), WS_OK);
    assert_int_equal(theory.count, 0);
    remove_place(&place);
    assert_int_equal(ws_theory_read(place.path, &arena, &theory, NULL), WS_NOT_FOUND);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theory__knows_the_forms_of_a_gaussian_by_its_policy),
        cmocka_unit_test(theory__knows_in_what_unit_a_form_is),
        cmocka_unit_test(theory__knows_nothing_where_a_form_does_not_hold),
        cmocka_unit_test(theory__knows_bounds_of_symbols_and_counts),
        cmocka_unit_test(theory__knows_regressions_of_enough_items_that_are_as_the_truths),
        cmocka_unit_test(theory__knows_bounds_of_words),
        cmocka_unit_test(theory__knows_bounds_of_two_types),
        cmocka_unit_test(theory__knows_the_forms_of_samples_that_grow),
        cmocka_unit_test(theory__samples_grow_as_policies_have_them),
        cmocka_unit_test(theory__refuses_a_policy_that_no_run_has),
        cmocka_unit_test(theory__few_seeds_need_more_standard_errors),
        cmocka_unit_test(theory__a_form_holds_within_four_standard_errors),
        cmocka_unit_test(theory__a_sample_without_the_tail_is_no_difference),
        cmocka_unit_test(theory__chances_are_not_taken_for_certainties),
        cmocka_unit_test(theory__means_of_counts_are_soon_carried_by_few),
        cmocka_unit_test(theory__a_loss_that_is_rare_or_none),
        cmocka_unit_test(theory__a_median_is_held_against_quantiles),
        cmocka_unit_test(theory__says_nothing_of_one_seed_or_no_mean),
        cmocka_unit_test(theory__reads_a_run),
        cmocka_unit_test(theory__of_a_run_without_forms_or_without_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
