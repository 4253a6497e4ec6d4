#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/logistic.h"
#include "support/regression_items.h"

static const struct ws_family_ops *const family = &ws_family_logistic;
static const struct ws_rng_key KEY = {{7, 8}, 1};

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

static const struct ws_logistic_settings plain = {.design = {WS_DESIGN_FIXED, 1, 0}};

static enum ws_status try_fit(const struct ws_logistic_settings *settings,
                              const struct ws_dataset *data, struct ws_arena *arena,
                              const struct ws_model **out, struct ws_error *err)
{
    return family->fit(settings, 1, &data, &KEY, NULL, arena, out, err);
}

static const struct ws_logistic_model *fit(const struct ws_logistic_settings *settings,
                                           const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_model *model;
    struct ws_error err = {0};
    if (try_fit(settings, data, arena, &model, &err) != WS_OK)
        fail_msg("%s", err.message);
    return (const struct ws_logistic_model *)model;
}

static const struct ws_payload *sample(const struct ws_logistic_model *model,
                                       const struct ws_dataset *original, uint64_t count,
                                       struct ws_arena *arena)
{
    const struct ws_model *base = &model->base;
    const struct ws_job job = {.threads = 1, .prompts = &original};
    const struct ws_payload *payload;
    assert_int_equal(
        family->sample(1, &base, &count, &KEY, original ? &job : NULL, arena, &payload, NULL),
        WS_OK);
    return payload;
}

static void assert_weights(const struct ws_logistic_model *model, const double *wanted)
{
    for (uint32_t j = 0; j < model->inputs; j++)
        assert_near(model->weights[j], wanted[j], 1e-12);
}

/* Expected numbers: tests/unit/regression_reference.py. */

static void the_likeliest_weights__are_those_of_scipy(void **state)
{
    static const double wanted[] = {-0.148521328774203, -1.03049791282561, 0.621838509820766};
    struct ws_dataset data = regression_items(true, *state);
    const struct ws_logistic_model *model = fit(&plain, &data, *state);
    assert_int_equal(model->inputs, REGRESSION_INPUTS);
    assert_weights(model, wanted);
}

static void a_ridge__shrinks_as_much_an_item(void **state)
{
    static const double wanted[] = {0.0315096035455844, -0.658116159242435, 0.50990764678836};
    struct ws_dataset data = regression_items(true, *state), twice;
    struct ws_logistic_settings settings = plain;
    settings.ridge = 0.1;
    assert_weights(fit(&settings, &data, *state), wanted);
    const struct ws_dataset parts[] = {data, data};
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &twice, NULL), WS_OK);
    assert_weights(fit(&settings, &twice, *state), wanted);
}

static void weights_of_items__count(void **state)
{
    static const double wanted[] = {-0.264620826045343, -0.784192006458917, 0.493382702707286};
    struct ws_dataset data = weighted_items(true, *state), heavier;
    struct ws_logistic_settings settings = plain;
    settings.ridge = 0.1;
    assert_weights(fit(&settings, &data, *state), wanted);
    assert_int_equal(ws_dataset_weigh(&data, 7, *state, &heavier, NULL), WS_OK);
    assert_weights(fit(&settings, &heavier, *state), wanted);
}

static void labels_that_a_plane_separates__need_a_ridge(void **state)
{
    static const double values[] = {1, 2, 1, 2, 0.5, 1, -1, -3, 0, 0, -2, 0};
    struct ws_dataset data = dataset_of_vectors(values, 4, 3, *state);
    struct ws_logistic_settings settings = plain;
    const struct ws_model *model;
    struct ws_error err;
    assert_int_equal(try_fit(&settings, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "a plane separates the labels of all 4 items"));
    settings.ridge = 0.01;
    const struct ws_logistic_model *found = fit(&settings, &data, *state);
    assert_true(found->weights[0] > 0 && found->weights[1] > 0);
}

/* One item lies on the only plane there is: the weights of the other direction have no bound. */
static void labels_that_a_plane_all_but_separates__need_a_ridge(void **state)
{
    static const double values[] = {1, 0, 1, 1, 0, 0, 0, 1, 1, 0, -1, 0};
    struct ws_dataset data = dataset_of_vectors(values, 4, 3, *state);
    struct ws_logistic_settings settings = plain;
    const struct ws_model *model;
    struct ws_error err;
    assert_int_equal(try_fit(&settings, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "ridge"));
    settings.ridge = 0.01;
    assert_near(fit(&settings, &data, *state)->weights[0], 0, 1e-9);
}

static void equal_inputs__need_a_ridge(void **state)
{
    static const double values[] = {1, 1, 1, 2, 2, 0, -1, -1, 1, -2, -2, 0};
    struct ws_dataset data = dataset_of_vectors(values, 4, 3, *state);
    struct ws_logistic_settings settings = plain;
    const struct ws_model *model;
    struct ws_error err;
    assert_int_equal(try_fit(&settings, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "input 2"));
}

static void other_labels__are_refused(void **state)
{
    static const double values[] = {1, 0, 2, 1, 3, 0.5};
    struct ws_dataset data = dataset_of_vectors(values, 3, 2, *state);
    const struct ws_model *model;
    struct ws_error err;
    assert_int_equal(try_fit(&plain, &data, *state, &model, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "last number is 0.5, wanted a label, 0 or 1"));
}

static void large_inputs__do_not_overflow(void **state)
{
    static const double values[] = {1000, 1, 2000, 0, -1000, 1, -3000, 1};
    struct ws_dataset data = dataset_of_vectors(values, 4, 2, *state);
    const struct ws_logistic_model *model = fit(&plain, &data, *state);
    /* The slope of the loss is 0. */
    double slope = 0;
    for (size_t i = 0; i < 4; i++) {
        double x = values[2 * i];
        slope += x * (1 / (1 + exp(-x * model->weights[0])) - values[2 * i + 1]);
    }
    assert_near(slope / 1000, 0, 1e-10);
}

static void drawn_labels__have_their_probabilities(void **state)
{
    enum { COUNT = 100000 };
    static const double value[] = {1, 1};
    struct ws_dataset data = dataset_of_vectors(value, 1, 2, *state);
    struct ws_logistic_settings settings = plain;
    settings.ridge = 1;
    struct ws_logistic_model model = *fit(&settings, &data, *state);
    static const double weight[] = {-1.2};
    model.weights = weight;
    const struct ws_payload *made = sample(&model, &data, COUNT, *state);
    double ones = 0, p = 1 / (1 + exp(1.2));
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(made->vectors[2 * i] == 1);
        ones += made->vectors[2 * i + 1];
    }
    assert_true(fabs(ones / COUNT - p) <= 4 * sqrt(p * (1 - p) / COUNT));
}

static void the_likeliest_labels__are_on_their_side(void **state)
{
    enum { COUNT = 10000 };
    struct ws_logistic_settings settings = {
        .design = {WS_DESIGN_FRESH, 0.25, 3}, .ridge = 0.1, .labels = WS_LOGISTIC_LIKELIEST};
    struct ws_dataset data = regression_items(true, *state);
    const struct ws_logistic_model *model = fit(&settings, &data, *state);
    const struct ws_payload *made = sample(model, NULL, COUNT, *state);
    double centre = 3 / sqrt(3), up = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const double *x = made->vectors + i * REGRESSION_NUMBERS;
        double score = 0;
        for (size_t j = 0; j < REGRESSION_INPUTS; j++)
            score += x[j] * model->weights[j];
        assert_true(x[REGRESSION_INPUTS] == (score >= 0));
        double side = x[0] + x[1] + x[2] > 0 ? 1 : -1;
        up += side > 0;
        sum += side * x[0];
        squares += (x[0] - side * centre) * (x[0] - side * centre);
    }
    /* Six deviations lie between the centres: an item in 10^9 is on the wrong side. */
    assert_true(fabs(up / COUNT - 0.5) <= 2 / sqrt(COUNT));
    assert_true(fabs(sum / COUNT - centre) <= 4 * 0.5 / sqrt(COUNT));
    assert_true(fabs(squares / COUNT / 0.25 - 1) <= 4 * sqrt(2.0 / COUNT));
}

static void the_density__is_of_the_label(void **state)
{
    static const double values[] = {1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1e300, 1};
    struct ws_dataset all = regression_items(true, *state);
    struct ws_dataset data = dataset_of_vectors(values, 3, 4, *state);
    const struct ws_logistic_model *model = fit(&plain, &all, *state);
    double sum;
    uint64_t terms;
    assert_int_equal(family->log_density(&model->base, &data, *state, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, 3);
    /* The third, far on its side, is sure. */
    assert_near(sum, -log1p(exp(-model->weights[0])) - log1p(exp(model->weights[1])), 1e-14);
}

static void settings__say_where_they_have_no_effect(void **state)
{
    (void)state;
    struct ws_logistic_settings settings = plain;
    assert_non_null(family->ignores(&settings, false, "design_variance"));
    assert_non_null(family->ignores(&settings, false, "design_separation"));
    assert_null(family->ignores(&settings, false, "labels"));
    settings.design.kind = WS_DESIGN_FRESH;
    assert_null(family->ignores(&settings, false, "design_separation"));
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(the_likeliest_weights__are_those_of_scipy),
        ARENA_TEST(a_ridge__shrinks_as_much_an_item),
        ARENA_TEST(weights_of_items__count),
        ARENA_TEST(labels_that_a_plane_separates__need_a_ridge),
        ARENA_TEST(labels_that_a_plane_all_but_separates__need_a_ridge),
        ARENA_TEST(equal_inputs__need_a_ridge),
        ARENA_TEST(other_labels__are_refused),
        ARENA_TEST(large_inputs__do_not_overflow),
        ARENA_TEST(drawn_labels__have_their_probabilities),
        ARENA_TEST(the_likeliest_labels__are_on_their_side),
        ARENA_TEST(the_density__is_of_the_label),
        cmocka_unit_test(settings__say_where_they_have_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
