/* Closed forms by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "measure/closed_form_name.h"

static double value_of(const char *text, const struct ws_form_setting *setting)
{
    struct ws_form_call call;
    struct ws_error err = {.message = ""};
    double value = NAN;
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    enum ws_status status = ws_form_parse(text, &call, &err);
    if (status == WS_OK)
        status = ws_form_value(&call, setting, &scratch, &value, &err);
    ws_arena_release(&scratch);
    if (status != WS_OK)
        fail_msg("%s", err.message);
    return value;
}

static void assert_value(const char *text, uint64_t n, double wanted, double width)
{
    double seen = value_of(text, &(struct ws_form_setting){.n = n});
    if (!(fabs(seen - wanted) <= width))
        fail_msg("%s at n = %d: %.9g, wanted %.9g", text, (int)n, seen, wanted);
}

/* Numbers of the literature, to the digits that are printed there. */
static void closed_form_name__gives_what_is_published(void **state)
{
    (void)state;
    assert_value("gaussian-w2-squared estimator=unbiased M=100", 10, 0.1499, 5e-5);
    assert_value("gaussian-w2-squared M=100 estimator=unbiased", 100, 1.4463, 5e-5);
    assert_value("gaussian-w2-squared estimator=mle M=100", 50, 0.6289, 5e-5);
    assert_value("gaussian-log-variance estimator=unbiased M=100", 100, -1.0135, 5e-4);
    assert_value("gaussian-variance estimator=mle M=100", 100, 0.366, 5e-4);
    assert_value("gaussian-mean-error estimator=unbiased M=1k", 100, 0.1, 1e-12);
    assert_value("gaussian-sample-variance estimator=mle M=100", 77, 1, 1e-12);
    assert_value("gaussian-sample-variance estimator=unbiased M=100", 50, 1.5, 1e-12);
    assert_value("accumulate-variance M=10", 100, 0.8443, 5e-5);
    assert_value("accumulate-mean-error M=10", 100, 0.1557, 5e-5);
    assert_value("absorption-time K=10 M=100", 1, 187.43, 5e-3);
    assert_value("absorption-time K=2 M=10", 1, 12.59, 5e-3);
    assert_value("survival p=0.01 M=100", 50, 0.0411, 5e-5);
    assert_value("survival-least p=0.01 M=100", 50, 0.0376, 5e-5);
    assert_value("survival-least p=0.001 M=10000", 20, 0.6001, 5e-5);
    assert_value("regression-replace d=10 M=100", 1, 0.1124, 5e-5);
    assert_value("regression-replace d=10 M=100", 100, 11.24, 5e-3);
    assert_value("regression-accumulate d=10 M=100", 2, 1.25 * 10 / 89, 1e-12);
    assert_value("regression-subsample d=10 M=1000", 2, 1.75 * 10 / 989, 1e-12);
    assert_value("poisson-alive lambda=1 M=10", 1, 1 - exp(-10), 1e-12);
    assert_value("heterozygosity start=0.5 M=100", 1, 0.495, 1e-12);
    assert_value("replace-growth", 7, 7, 0);
    assert_value("accumulate-growth", 1000000, 1.6449, 5e-5);
    assert_value("subsample-growth", 1, 1, 0);
    assert_value("subsample-growth", 2, 1.75, 1e-12);
    assert_value("subsample-growth", 3, 2.0833, 5e-5);
    assert_value("subsample-growth", 100, 2.905, 5e-4);
    assert_value("subsample-growth", 1000000, M_PI * M_PI / 2 - 2, 1e-5);
}

/* By hand. */
static void closed_form_name__gives_bounds_and_limits(void **state)
{
    (void)state;
    assert_value("gaussian-wide-bound epsilon=0.1 M=10", 117, 10 * exp(-3), 1e-12);
    assert_value("gaussian-wide-bound epsilon=0.1 M=10", 1, 1, 0); /* a probability */
    assert_value("gaussian-wide-bound-c4 epsilon=0.1 M=10", 200, 10 * pow(0.9726592741, 200), 1e-6);
    assert_value("fresh-mean-error p=0.5 M=100", 1, 1 / 75.0, 1e-12);
    assert_value("fresh-mean-error p=1 M=100", 1, 0.01, 1e-12);
    /* k = 1, g = 1: 1 - (1 - 3 0.01 - 3 0.01) exp(-1) */
    assert_value("survival-most p=0.01 M=100", 1, 1 - 0.94 * exp(-1), 1e-12);
    assert_value("both-least p=0.5 M=100", 100, pow(0.99, 100), 1e-12);
    assert_value("both-most p=0.5 M=100", 500, 50 * pow(0.99, 500), 1e-12);
    assert_value("accumulate-heterozygosity start=0.5 M=10", 2, 0.5 * 0.9 * 0.975, 1e-12);
    assert_value("gaussian-median-bound M=10", 39, 4 * exp(-2), 1e-12);
    assert_value("gaussian-w2-leading M=100", 50, 0.75, 1e-12);
    assert_value("accumulate-variance-limit M=10", 7, 0.8434, 5e-5);
    assert_value("accumulate-mean-error-limit M=32", 7, 0.051, 5e-4);
    assert_value("accumulate-heterozygosity-limit start=0.5 M=100", 1, 0.5 * 0.9836, 5e-5);
    assert_value("accumulate-variance-unbiased M=2", 2, 0.625 * 4 / 3, 1e-12);
    assert_value("accumulate-mean-error-unbiased M=2", 2, 0.625, 1e-12);
    assert_value("accumulate-growth-limit", 1, M_PI * M_PI / 6, 1e-12);
    assert_value("subsample-growth-limit", 1, 2.935, 5e-4);
    assert_value("weighted-mean-error weight=0.5 human=1 model=2", 1, 0.5, 1e-12);
    assert_value("biased-variance p=0.5 bias=0.9", 1, 0.909091, 1e-6);
    assert_value("fresh-loop-mean-error estimator=unbiased M=2 human=1 model=1 weight=0.5 bias=1",
                 2, 0.625, 1e-12);
    assert_value("kept-loop-variance estimator=unbiased M=2 human=1 model=1 weight=0.5 bias=1", 2,
                 0.75, 1e-12);
    assert_value("fresh-loop-heterozygosity start=0.5 M=2 human=1 model=1", 2, 0.25, 1e-12);
    assert_value("kept-loop-heterozygosity start=0.5 M=2 human=1 model=1", 2, 0.125, 1e-12);
    assert_value("regression-accumulate-limit d=10 M=100", 1, M_PI * M_PI / 6 * 10 / 89, 1e-12);
    assert_value("regression-subsample-limit d=10 M=100", 1, (M_PI * M_PI / 2 - 2) * 10 / 89,
                 1e-12);
    assert_value("design-replace d=10 M=100", 3, 0.3, 1e-12);
    assert_value("design-accumulate d=10 M=100", 2, 0.125, 1e-12);
    /* Two types, of 2/3 and 1/3, one resampling of 3, g = 1. */
    assert_value("zipf-types-least K=2 exponent=1 shift=0 M=3", 1, 2 - exp(-2) - exp(-1), 1e-12);
    assert_value("zipf-types-most K=2 exponent=1 shift=0 M=3", 1, 2, 1e-12);
    /* s^2 of two samples, unbiased, is chi-squared of one: E[s] = sqrt(2/pi). */
    assert_value("gaussian-deviation-spread estimator=unbiased M=2", 1, sqrt(1 - 2 / M_PI), 1e-9);
}

/* By hand, of 2, 3 and 4 items, and of 2, 4 and 8. */
static void closed_form_name__of_samples_that_grow(void **state)
{
    (void)state;
    static const double log_variance = -1.8475785103; /* psi(1/2) + log 2 + psi(1) */
#define LINEAR " M=2 linear=0.5 power=0 geometric=1"
    assert_value("growing-variance estimator=mle" LINEAR, 2, 1 / 3.0, 1e-12);
    assert_value("growing-variance estimator=unbiased" LINEAR, 2, 1, 1e-12);
    assert_value("growing-mean-error estimator=mle" LINEAR, 2, 2 / 3.0, 1e-12);
    assert_value("growing-mean-error estimator=unbiased" LINEAR, 3, 13 / 12.0, 1e-12);
    /* As it is published: 1 + 1/M_0 + 1/M_1; with the divisor M it stays. */
    assert_value("growing-sample-variance estimator=unbiased" LINEAR, 2, 11 / 6.0, 1e-12);
    assert_value("growing-sample-variance estimator=mle" LINEAR, 3, 1, 1e-12);
    assert_value("growing-deviation estimator=unbiased" LINEAR, 2, sqrt(0.5), 1e-12);
    assert_value("growing-log-variance estimator=unbiased" LINEAR, 2, log_variance, 1e-9);
    assert_value("growing-w2-squared estimator=unbiased" LINEAR, 2, 17 / 6.0 - sqrt(2), 1e-12);
    assert_value("growing-w2-leading estimator=unbiased" LINEAR, 2, 1.25, 1e-12);
#undef LINEAR
    assert_value("growing-heterozygosity start=0.5 M=2 linear=0 power=1 geometric=1", 2, 0.1875,
                 1e-12);
    assert_value("growing-regression d=1 M=4 linear=0 power=0 geometric=1.5", 2, 0.75, 1e-12);
    /* One size is the growth of none. */
    assert_value("growing-w2-squared estimator=mle M=100 linear=0 power=0 geometric=1", 50, 0.6289,
                 5e-5);
    struct ws_form_call call;
    struct ws_error err;
    double value;
    assert_int_equal(
        ws_form_parse("growing-regression d=3 M=4 linear=1 power=0 geometric=1", &call, NULL),
        WS_OK);
    assert_int_equal(ws_form_value(&call, &(struct ws_form_setting){.n = 1}, NULL, &value, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "wanted more than inputs + 1"));
}

/* By hand; at several n at once as at each. */
static void closed_form_name__of_two_types(void **state)
{
    (void)state;
    static const uint64_t n[] = {1, 2, 5};
    struct ws_form_call call;
    struct ws_arena scratch;
    double values[3];
    assert_value("both p=0.5 M=2", 2, 0.25, 1e-12);
    assert_value("both p=0.25 M=2", 1, 0.375, 1e-12);
    assert_value("survival-limit p=0.25", 9, 0.25, 0);
    assert_value("bernoulli-mean p=0.25", 9, 0.25, 0);
    assert_value("poisson-mean lambda=3", 9, 3, 0);
    assert_value("lost p=0.5 M=2", 1, 0.25, 1e-12);
    assert_value("types-limit", 9, 1, 0);
    assert_value("gaussian-median-bound-c4 M=2", 1, 8 / M_PI, 1e-12);
    assert_value("gaussian-mean-error-limit", 9, 1, 0);
    assert_value("gaussian-w2-limit", 9, 2, 0);
    ws_arena_init(&scratch, NULL);
    assert_int_equal(ws_form_parse("both p=0.25 M=20", &call, NULL), WS_OK);
    assert_int_equal(
        ws_form_values(&call, &(struct ws_form_setting){0}, n, 3, &scratch, values, NULL), WS_OK);
    for (size_t i = 0; i < 3; i++)
        assert_value("both p=0.25 M=20", n[i], values[i], 1e-12);
    assert_int_equal(ws_form_parse("lost p=0.25 M=20", &call, NULL), WS_OK);
    assert_int_equal(
        ws_form_values(&call, &(struct ws_form_setting){0}, n, 3, &scratch, values, NULL), WS_OK);
    for (size_t i = 0; i < 3; i++)
        assert_value("lost p=0.25 M=20", n[i], values[i], 1e-12);
    ws_arena_release(&scratch);
}

/* Counts 1 and 3, N = 4, k = 1, g = 1. */
static void closed_form_name__of_a_vocabulary(void **state)
{
    (void)state;
    const uint64_t counts[] = {1, 3};
    const struct ws_form_setting setting = {1, counts, 2};
    double least = (1 - exp(-1) + 1 - exp(-3)) / 2;
    assert_true(fabs(value_of("vocabulary-least", &setting) - least) < 1e-12);
    assert_true(value_of("vocabulary-most", &setting) == 1); /* 1 - 3/4 - 3/4 < 0 */
    const uint64_t many[] = {1, 99};
    const struct ws_form_setting rare = {1, many, 2};
    double most = (1 - (1 - 0.03 - 0.03) * exp(-1) + 1) / 2;
    assert_true(fabs(value_of("vocabulary-most", &rare) - most) < 1e-12);
    struct ws_form_call call;
    double value;
    assert_int_equal(ws_form_parse("vocabulary-least", &call, NULL), WS_OK);
    assert_true(ws_form_needs_counts(&call));
    assert_int_equal(ws_form_value(&call, &(struct ws_form_setting){.n = 1}, NULL, &value, NULL),
                     WS_INVALID);
}

static void assert_refuses(const char *text, const char *words)
{
    struct ws_form_call call;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_form_parse(text, &call, &err), WS_INVALID);
    if (!strstr(err.message, words))
        fail_msg("'%s': wanted '%s'", err.message, words);
}

static void closed_form_name__refuses_a_regression_of_too_few(void **state)
{
    (void)state;
    struct ws_form_call call;
    double value;
    assert_int_equal(ws_form_parse("regression-replace d=10 M=11", &call, NULL), WS_OK);
    assert_int_equal(ws_form_value(&call, &(struct ws_form_setting){.n = 1}, NULL, &value, NULL),
                     WS_INVALID);
}

/* All at once as one by one. */
static void closed_form_name__gives_several_values(void **state)
{
    (void)state;
    static const char *const forms[] = {"survival p=0.1 M=20", "heterozygosity start=0.5 M=10"};
    const uint64_t n[] = {1, 2, 7, 7, 30};
    double values[5];
    for (size_t i = 0; i < 2; i++) {
        struct ws_form_call call;
        struct ws_arena scratch;
        ws_arena_init(&scratch, NULL);
        assert_int_equal(ws_form_parse(forms[i], &call, NULL), WS_OK);
        assert_int_equal(
            ws_form_values(&call, &(struct ws_form_setting){0}, n, 5, &scratch, values, NULL),
            WS_OK);
        for (size_t k = 0; k < 5; k++)
            assert_true(values[k] == value_of(forms[i], &(struct ws_form_setting){.n = n[k]}));
        ws_arena_release(&scratch);
    }
}

static void assert_no_value(const char *text, const char *words)
{
    struct ws_form_call call;
    struct ws_arena scratch;
    struct ws_error err = {.message = ""};
    double value;
    ws_arena_init(&scratch, NULL);
    assert_int_equal(ws_form_parse(text, &call, NULL), WS_OK);
    enum ws_status status =
        ws_form_value(&call, &(struct ws_form_setting){.n = 2}, &scratch, &value, &err);
    ws_arena_release(&scratch);
    assert_true(status == WS_INVALID || status == WS_LIMIT);
    if (!strstr(err.message, words))
        fail_msg("'%s': wanted '%s'", err.message, words);
}

static void closed_form_name__refuses_loops_that_cannot_be(void **state)
{
    (void)state;
    assert_no_value("fresh-loop-variance estimator=mle M=2 human=1 model=0 weight=1 bias=1",
                    "1 human items and 0 of the model, wanted 2 or more");
    assert_no_value("kept-loop-heterozygosity start=0.5 M=2 human=3 model=1",
                    "no more human ones than M");
    assert_no_value("weighted-mean-error weight=0 human=1 model=1", "wanted all above 0");
    assert_no_value("zipf-types-least K=2000000 exponent=1 shift=0 M=10", "at most 1048576");
}

static void closed_form_name__refuses_with_a_reason(void **state)
{
    (void)state;
    assert_refuses("", "empty");
    assert_refuses("survivla p=0.1 M=10", "did you mean 'survival'?");
    assert_refuses("x", "'x' is no number and no closed form");
    assert_refuses("survival p=0.1", "'survival' wants 'M='");
    assert_refuses("survival p=0.1 M=10 M=11", "'M' of 'survival' is given twice");
    assert_refuses("survival p=0.1 M=10 K=2", "'K=2' is no parameter of 'survival'");
    assert_refuses("survival p M=10", "'p' is no parameter");
    assert_refuses("survival p=1.5 M=10", "'p' is '1.5', wanted a number from 0 to 1");
    assert_refuses("survival p=nan M=10", "'p' is 'nan'");
    assert_refuses("survival p=0.1 M=1", "'M' is '1', wanted a whole number from 2");
    assert_refuses("survival p=0.1 M=10.5", "'M' is '10.5'");
    assert_refuses("gaussian-variance estimator=best M=10", "wanted unbiased or mle");
    assert_refuses("absorption-time K=0 M=10", "'K' is '0'");
}

static void closed_form_name__lists_every_form(void **state)
{
    (void)state;
    size_t count = 0;
    for (; ws_form_name(count); count++)
        assert_non_null(ws_form_meaning(count));
    assert_true(count > 20);
    assert_null(ws_form_meaning(count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_form_name__gives_what_is_published),
        cmocka_unit_test(closed_form_name__gives_bounds_and_limits),
        cmocka_unit_test(closed_form_name__of_samples_that_grow),
        cmocka_unit_test(closed_form_name__of_two_types),
        cmocka_unit_test(closed_form_name__of_a_vocabulary),
        cmocka_unit_test(closed_form_name__gives_several_values),
        cmocka_unit_test(closed_form_name__refuses_loops_that_cannot_be),
        cmocka_unit_test(closed_form_name__refuses_a_regression_of_too_few),
        cmocka_unit_test(closed_form_name__refuses_with_a_reason),
        cmocka_unit_test(closed_form_name__lists_every_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
