#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/regression.h"
#include "support/regression_items.h"

static const struct ws_family_ops *const family = &ws_family_regression;
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

static const struct ws_regression_settings plain = {
    .design = {.kind = WS_DESIGN_FIXED, .variance = 1}, .known_variance = 1};

static enum ws_status try_fit(const struct ws_regression_settings *settings,
                              const struct ws_dataset *data, struct ws_arena *arena,
                              const struct ws_model **out, struct ws_error *err)
{
    return family->fit(settings, 1, &data, &KEY, NULL, arena, out, err);
}

static const struct ws_regression_model *fit(const struct ws_regression_settings *settings,
                                             const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_model *model;
    struct ws_error err = {0};
    if (try_fit(settings, data, arena, &model, &err) != WS_OK)
        fail_msg("%s", err.message);
    return (const struct ws_regression_model *)model;
}

static enum ws_status try_sample(const struct ws_regression_model *model,
                                 const struct ws_dataset *original, uint64_t count,
                                 struct ws_arena *arena, const struct ws_payload **out,
                                 struct ws_error *err)
{
    const struct ws_model *base = &model->base;
    const struct ws_job job = {.threads = 1, .prompts = &original};
    return family->sample(1, &base, &count, &KEY, original ? &job : NULL, arena, out, err);
}

static const struct ws_payload *sample(const struct ws_regression_model *model,
                                       const struct ws_dataset *original, uint64_t count,
                                       struct ws_arena *arena)
{
    const struct ws_payload *payload;
    struct ws_error err = {0};
    if (try_sample(model, original, count, arena, &payload, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(payload->count, count);
    return payload;
}

static void assert_weights(const struct ws_regression_model *model, const double *wanted)
{
    for (uint32_t j = 0; j < model->inputs; j++)
        assert_near(model->weights[j], wanted[j], 1e-12);
}

/* Expected numbers: tests/unit/regression_reference.py. */

static void least_squares__is_that_of_numpy(void **state)
{
    static const double wanted[] = {0.760133295167362, -2.15426167107982, 0.644129812659818};
    struct ws_dataset data = regression_items(false, *state);
    const struct ws_regression_model *model = fit(&plain, &data, *state);
    assert_int_equal(model->inputs, REGRESSION_INPUTS);
    assert_int_equal(model->base.training_items, REGRESSION_ITEMS);
    assert_weights(model, wanted);
    assert_true(model->variance == 1);
}

static void the_noise__is_estimated_without_bias(void **state)
{
    struct ws_dataset data = regression_items(false, *state);
    struct ws_regression_settings settings = plain;
    settings.noise = WS_REGRESSION_ESTIMATED;
    assert_near(fit(&settings, &data, *state)->variance, 1.26877631941642, 1e-12);
}

static void a_ridge__shrinks_as_much_an_item(void **state)
{
    static const double wanted[] = {0.78213026130013, -1.80198871663374, 0.672089600171129};
    struct ws_dataset data = regression_items(false, *state);
    struct ws_regression_settings settings = plain;
    settings.ridge = 0.25;
    assert_weights(fit(&settings, &data, *state), wanted);
    const struct ws_dataset parts[] = {data, data};
    struct ws_dataset twice;
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &twice, NULL), WS_OK);
    assert_weights(fit(&settings, &twice, *state), wanted);
}

static void weights_of_items__count(void **state)
{
    static const double wanted[] = {0.601391273227862, -2.00891002508478, 0.692021846836345};
    static const double shrunk[] = {0.645138614675207, -1.69668731374852, 0.682245293979708};
    struct ws_dataset data = weighted_items(false, *state), heavier;
    struct ws_regression_settings settings = plain;
    settings.noise = WS_REGRESSION_ESTIMATED;
    const struct ws_regression_model *model = fit(&settings, &data, *state);
    assert_weights(model, wanted);
    assert_near(model->variance, 1.06772308989482, 1e-12);
    /* What all weigh does not count. */
    assert_int_equal(ws_dataset_weigh(&data, 7, *state, &heavier, NULL), WS_OK);
    model = fit(&settings, &heavier, *state);
    assert_weights(model, wanted);
    assert_near(model->variance, 1.06772308989482, 1e-12);
    settings.ridge = 0.25;
    assert_weights(fit(&settings, &data, *state), shrunk);
    assert_weights(fit(&settings, &heavier, *state), shrunk);
}

static void inputs_made_of_others__need_a_ridge(void **state)
{
    static const double values[] = {1, 2, 5, 2, 4, 1, -1, -2, 0, 3, 6, 2};
    struct ws_dataset data = dataset_of_vectors(values, 4, 3, *state);
    struct ws_regression_settings settings = plain;
    const struct ws_model *model;
    struct ws_error err;
    assert_int_equal(try_fit(&settings, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "input 2"));
    settings.ridge = 1e-3;
    const struct ws_regression_model *shrunk = fit(&settings, &data, *state);
    assert_near(shrunk->weights[1], 2 * shrunk->weights[0], 1e-10); /* the shortest */
}

static void too_few_items__are_refused(void **state)
{
    static const double values[] = {1, 2, 5, 7};
    struct ws_dataset data = dataset_of_vectors(values, 1, 4, *state);
    struct ws_regression_settings settings = plain;
    struct ws_error err;
    assert_int_equal(family->check(&settings, &data, 3, 0, &err), WS_OK);
    assert_int_equal(family->check(&settings, &data, 2, 0, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "at least 3 items without a ridge, not 2"));
    const struct ws_model *model;
    assert_int_equal(try_fit(&settings, &data, *state, &model, &err), WS_NUMERIC);
    settings.ridge = 1;
    assert_int_equal(family->check(&settings, &data, 1, 0, &err), WS_OK);
    settings.noise = WS_REGRESSION_ESTIMATED;
    assert_int_equal(family->check(&settings, &data, 3, 0, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "at least 4 items to estimate the noise"));
    data.dimension = 1;
    assert_int_equal(family->check(&settings, &data, 3, 0, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "the target last"));
}

static void items_near_overflow__have_no_weights(void **state)
{
    static const double values[] = {1e200, 1, 1e200, 2};
    struct ws_dataset data = dataset_of_vectors(values, 2, 2, *state);
    const struct ws_model *model;
    assert_int_equal(try_fit(&plain, &data, *state, &model, NULL), WS_NUMERIC);
}

static void a_fixed_design__has_the_original_inputs_in_turn(void **state)
{
    enum { COUNT = 2 * REGRESSION_ITEMS + 7 };
    struct ws_dataset data = regression_items(false, *state);
    const struct ws_payload *made = sample(fit(&plain, &data, *state), &data, COUNT, *state);
    const double *original = data.segments[0].payload->vectors;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < REGRESSION_INPUTS; j++)
            assert_true(made->vectors[i * REGRESSION_NUMBERS + j] ==
                        original[i % REGRESSION_ITEMS * REGRESSION_NUMBERS + j]);
}

static void a_fixed_design__follows_what_segments_pick(void **state)
{
    static const uint32_t pick[] = {1, 4, 5};
    struct ws_dataset data = regression_items(false, *state);
    struct ws_segment segments[2] = {data.segments[0], data.segments[0]};
    segments[0].pick = pick;
    segments[0].count = 3;
    segments[1].first = 10;
    segments[1].count = 1;
    struct ws_dataset few = data;
    few.segments = segments;
    few.segment_count = 2;
    few.count = 4;
    static const size_t wanted[] = {1, 4, 5, 10, 1, 4};
    const struct ws_payload *made = sample(fit(&plain, &data, *state), &few, 6, *state);
    for (size_t i = 0; i < 6; i++)
        assert_true(made->vectors[i * REGRESSION_NUMBERS] ==
                    data.segments[0].payload->vectors[wanted[i] * REGRESSION_NUMBERS]);
}

static void a_fixed_design__needs_original_items(void **state)
{
    struct ws_dataset data = regression_items(false, *state);
    const struct ws_payload *made;
    struct ws_error err;
    assert_int_equal(try_sample(fit(&plain, &data, *state), NULL, 3, *state, &made, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "fixed design"));
}

static void pooled_outputs_of_a_fixed_design__have_the_mean_of_their_fits(void **state)
{
    struct ws_dataset data = regression_items(false, *state);
    const struct ws_regression_model *first = fit(&plain, &data, *state);
    const struct ws_payload *made = sample(first, &data, REGRESSION_ITEMS, *state);
    struct ws_dataset output, pool;
    assert_int_equal(
        ws_dataset_of(made, (struct ws_origin){WS_SOURCE_MODEL, 1, 1}, *state, &output, NULL),
        WS_OK);
    const struct ws_dataset parts[] = {data, output};
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &pool, NULL), WS_OK);
    const struct ws_regression_model *second = fit(&plain, &output, *state);
    const struct ws_regression_model *both = fit(&plain, &pool, *state);
    for (size_t j = 0; j < REGRESSION_INPUTS; j++)
        assert_near(both->weights[j], (first->weights[j] + second->weights[j]) / 2, 1e-13);
}

static void samples_without_noise__give_the_weights_back(void **state)
{
    struct ws_dataset data = regression_items(false, *state);
    struct ws_regression_settings settings = plain;
    settings.known_variance = 0;
    const struct ws_regression_model *model = fit(&settings, &data, *state);
    const struct ws_payload *made = sample(model, &data, REGRESSION_ITEMS, *state);
    struct ws_dataset output;
    assert_int_equal(ws_dataset_of(made, (struct ws_origin){0}, *state, &output, NULL), WS_OK);
    assert_weights(fit(&settings, &output, *state), model->weights);
}

static void a_fresh_design__has_the_variances_it_is_told(void **state)
{
    enum { COUNT = 100000 };
    const struct ws_regression_settings settings = {
        .design = {.kind = WS_DESIGN_FRESH, .variance = 4}, .known_variance = 0.25};
    struct ws_dataset data = regression_items(false, *state);
    const struct ws_regression_model *model = fit(&settings, &data, *state);
    const struct ws_payload *made = sample(model, NULL, COUNT, *state);
    double inputs = 0, residuals = 0, product = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const double *x = made->vectors + i * REGRESSION_NUMBERS;
        double residual = x[REGRESSION_INPUTS];
        for (size_t j = 0; j < REGRESSION_INPUTS; j++) {
            residual -= x[j] * model->weights[j];
            inputs += x[j] * x[j];
        }
        residuals += residual * residual;
        product += residual * x[0];
    }
    /* A mean of squares of n normals errs by sqrt(2 / n) of itself; that of products by 1 / sqrt n.
     */
    double n = COUNT;
    assert_near(inputs / (3 * n) / 4, 1, 2 * sqrt(2 / (3 * n)));
    assert_near(residuals / n / 0.25, 1, 2 * sqrt(2 / n));
    assert_near(product / n, 0, 4 / sqrt(n));
}

static void weights_near_overflow__make_no_samples(void **state)
{
    struct ws_dataset data = regression_items(false, *state);
    struct ws_regression_model model = *fit(&plain, &data, *state);
    static const double weights[] = {1.7e308, -1.7e308, 1.7e308};
    model.weights = weights;
    const struct ws_payload *made;
    struct ws_error err;
    assert_int_equal(try_sample(&model, &data, 30, *state, &made, &err), WS_NUMERIC);
}

static void the_density__is_of_the_target(void **state)
{
    static const double values[] = {1, 0, 0, 2, 0, 1, 0, -1};
    struct ws_dataset all = regression_items(false, *state);
    struct ws_dataset data = dataset_of_vectors(values, 2, 4, *state);
    struct ws_regression_settings settings = plain;
    settings.known_variance = 2;
    const struct ws_regression_model *model = fit(&settings, &all, *state);
    double sum, first = 2 - model->weights[0], second = -1 - model->weights[1];
    uint64_t terms;
    assert_int_equal(family->log_density(&model->base, &data, *state, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, 2);
    assert_near(sum, -log(4 * acos(-1)) - (first * first + second * second) / 4, 1e-14);
    settings.known_variance = 0;
    model = fit(&settings, &all, *state);
    assert_int_equal(family->log_density(&model->base, &data, *state, &sum, &terms, NULL), WS_OK);
    assert_true(sum == -INFINITY);
}

static void settings__say_where_they_have_no_effect(void **state)
{
    (void)state;
    struct ws_regression_settings settings = plain;
    assert_non_null(family->ignores(&settings, false, "design_variance"));
    assert_null(family->ignores(&settings, false, "known_variance"));
    settings.design.kind = WS_DESIGN_FRESH;
    settings.noise = WS_REGRESSION_ESTIMATED;
    assert_null(family->ignores(&settings, false, "design_variance"));
    assert_non_null(family->ignores(&settings, false, "known_variance"));
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(least_squares__is_that_of_numpy),
        ARENA_TEST(the_noise__is_estimated_without_bias),
        ARENA_TEST(a_ridge__shrinks_as_much_an_item),
        ARENA_TEST(weights_of_items__count),
        ARENA_TEST(inputs_made_of_others__need_a_ridge),
        ARENA_TEST(too_few_items__are_refused),
        ARENA_TEST(items_near_overflow__have_no_weights),
        ARENA_TEST(a_fixed_design__has_the_original_inputs_in_turn),
        ARENA_TEST(a_fixed_design__follows_what_segments_pick),
        ARENA_TEST(a_fixed_design__needs_original_items),
        ARENA_TEST(pooled_outputs_of_a_fixed_design__have_the_mean_of_their_fits),
        ARENA_TEST(samples_without_noise__give_the_weights_back),
        ARENA_TEST(a_fresh_design__has_the_variances_it_is_told),
        ARENA_TEST(weights_near_overflow__make_no_samples),
        ARENA_TEST(the_density__is_of_the_target),
        cmocka_unit_test(settings__say_where_they_have_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
