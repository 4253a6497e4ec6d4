#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/kde.h"
#include "support/long_double.h"
#include "support/vectors.h"
#include "unit/density_numbers.h"

static const struct ws_rng_key KEY = {{21, 22}, 23};

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

static const struct ws_kde_model *fitted(const struct ws_kde_settings *settings,
                                         const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_model *model;
    assert_int_equal(ws_family_kde.fit(settings, 1, &data, &KEY, NULL, arena, &model, NULL), WS_OK);
    return (const struct ws_kde_model *)model;
}

static double log_density_at(const struct ws_kde_model *model, const struct ws_dataset *data,
                             struct ws_arena *arena)
{
    double sum;
    uint64_t terms;
    assert_int_equal(ws_family_kde.log_density(&model->base, data, arena, &sum, &terms, NULL),
                     WS_OK);
    assert_int_equal(terms, data->count);
    return sum;
}

static void assert_near(double seen, double wanted)
{
    bool near = fabs(seen - wanted) <= 1e-12 * fabs(wanted);
    if (!near)
        print_error("%.17g, wanted %.17g\n", seen, wanted);
    assert_true(near);
}

static void kde__gives_what_scikit_learn_gives(void **state)
{
    static const double *const numbers[] = {kernels_1, kernels_2, kernels_3};
    static const struct ws_kde_settings settings[] = {
        {WS_KDE_FIXED, 0.1}, {WS_KDE_FIXED, 0.5}, {WS_KDE_SCOTT, 9}, {WS_KDE_SILVERMAN, 9}};
    for (uint32_t dimension = 1; dimension <= 3; dimension++) {
        struct ws_dataset data = vectors_made(VECTORS_ITEMS, dimension, 1, 0, *state);
        struct ws_dataset queries = vectors_made(20, dimension, 0.98, 0.05, *state);
        for (size_t s = 0; s < 4; s++) {
            const struct ws_kde_model *model = fitted(&settings[s], &data, *state);
            assert_near(log_density_at(model, &queries, *state), numbers[dimension - 1][2 * s]);
            assert_near(model->bandwidth, numbers[dimension - 1][2 * s + 1]);
        }
    }
}

/* Two kernels at 0 and 2 of weight 3 and 1; the log density at 1 and far out, by hand. */
static void kde__is_what_hand_computation_gives(void **state)
{
    struct ws_arena *arena = *state;
    static const double zero = 0, two = 2, at[] = {1, 1e4};
    struct ws_dataset parts[2] = {vectors_dataset(&zero, 1, 1, arena),
                                  vectors_dataset(&two, 1, 1, arena)};
    struct ws_dataset heavy, both, queries = vectors_dataset(at, 1, 1, arena);
    assert_int_equal(ws_dataset_weigh(&parts[0], 3, arena, &heavy, NULL), WS_OK);
    parts[0] = heavy;
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &both, NULL), WS_OK);
    struct ws_kde_settings settings = {WS_KDE_FIXED, 0.5};
    const struct ws_kde_model *model = fitted(&settings, &both, arena);
    double log_constant = log(0.5 * sqrt(2 * acos(-1)));
    assert_near(log_density_at(model, &queries, arena), -2 - log_constant);
    queries = vectors_dataset(at + 1, 1, 1, arena);
    assert_near(log_density_at(model, &queries, arena),
                log(0.25) - 2 * (1e4 - 2) * (1e4 - 2) - log_constant);
    /* Kish: (3 + 1)^2 / (9 + 1) items. */
    settings.rule = WS_KDE_SCOTT;
    assert_near(fitted(&settings, &both, arena)->bandwidth, pow(1.6, -0.2));
    settings.rule = WS_KDE_SILVERMAN;
    assert_near(fitted(&settings, &both, arena)->bandwidth, pow(1.6 * 0.75, -0.2));
}

/* 5,000 kernels against 600 items, by a plain double loop. */
static void kde__leaves_no_kernel_out(void **state)
{
    if (!long_double_is_wide())
        skip();
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(5000, 2, 1, 0, arena);
    struct ws_dataset queries = vectors_made(600, 2, 2, 0.3, arena);
    struct ws_kde_settings settings = {WS_KDE_FIXED, 0.05};
    const double *x = data.segments[0].payload->vectors;
    const double *y = queries.segments[0].payload->vectors;
    double expected = 0;
    for (size_t i = 0; i < 600; i++) {
        long double sum = 0;
        for (size_t j = 0; j < 5000; j++) {
            long double u = (long double)y[2 * i] - x[2 * j];
            long double v = (long double)y[2 * i + 1] - x[2 * j + 1];
            sum += expl(-(u * u + v * v) / (2 * 0.05L * 0.05L));
        }
        expected += (double)logl(sum);
    }
    expected -= 600 * log(5000 * 2 * acos(-1) * 0.05 * 0.05);
    double seen = log_density_at(fitted(&settings, &data, arena), &queries, arena);
    assert_true(fabs(seen - expected) < 1e-9 * fabs(expected));
}

static void kde__has_no_density_where_squares_overflow(void **state)
{
    struct ws_arena *arena = *state;
    static const double far[] = {1e300, -1e300};
    struct ws_dataset data = vectors_made(100, 2, 1, 0, arena);
    struct ws_dataset queries = vectors_dataset(far, 1, 2, arena);
    struct ws_kde_settings settings = {WS_KDE_FIXED, 1};
    assert_true(log_density_at(fitted(&settings, &data, arena), &queries, arena) == -INFINITY);
}

/* Items that are all equal are a single Gaussian. */
static void kde__takes_equal_items_for_one(void **state)
{
    struct ws_arena *arena = *state;
    double x[100];
    for (size_t i = 0; i < 100; i++)
        x[i] = 4;
    struct ws_dataset data = vectors_dataset(x, 50, 2, arena);
    struct ws_kde_settings settings = {WS_KDE_FIXED, 0.1};
    double seen = log_density_at(fitted(&settings, &data, arena), &data, arena);
    assert_near(seen, -50 * log(2 * acos(-1) * 0.01));
}

/* Kernels far apart, of which one is three times as heavy: shares, means and variances. */
static void kde__samples_what_it_is(void **state)
{
    struct ws_arena *arena = *state;
    enum { DRAWS = 100000 };
    static const double low[] = {-10, 1}, high[] = {10, 2, 10, 2};
    struct ws_dataset parts[2] = {vectors_dataset(low, 1, 2, arena),
                                  vectors_dataset(high, 2, 2, arena)};
    struct ws_dataset heavy, both;
    assert_int_equal(ws_dataset_weigh(&parts[0], 6, arena, &heavy, NULL), WS_OK);
    parts[0] = heavy;
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &both, NULL), WS_OK);
    struct ws_kde_settings settings = {WS_KDE_FIXED, 0.5};
    const struct ws_model *base = &fitted(&settings, &both, arena)->base;
    const struct ws_payload *sample;
    const uint64_t count = DRAWS;
    assert_int_equal(ws_family_kde.sample(1, &base, &count, &KEY, NULL, arena, &sample, NULL),
                     WS_OK);
    double below = 0, sums[4] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        const double *x = sample->vectors + 2 * i;
        const double *centre = x[0] < 0 ? low : high;
        double u = x[0] - centre[0], v = x[1] - centre[1];
        below += x[0] < 0;
        sums[0] += u;
        sums[1] += v;
        sums[2] += u * u;
        sums[3] += u * v;
    }
    assert_true(fabs(below / DRAWS - 0.75) < 4 * sqrt(0.1875 / DRAWS));
    assert_true(fabs(sums[0] / DRAWS) < 4 * 0.5 / sqrt(DRAWS));
    assert_true(fabs(sums[1] / DRAWS) < 4 * 0.5 / sqrt(DRAWS));
    assert_true(fabs(sums[2] / DRAWS - 0.25) < 4 * 0.25 * sqrt(2.0 / DRAWS));
    assert_true(fabs(sums[3] / DRAWS) < 4 * 0.25 / sqrt(DRAWS));
}

static struct ws_bytes saved(const struct ws_kde_model *model, struct ws_arena *arena)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 24);
    ws_family_kde.save(&model->base, &out);
    assert_int_equal(ws_buffer_check(&out, "a model", NULL), WS_OK);
    struct ws_bytes bytes = ws_bytes_of(ws_arena_copy(arena, out.data, out.size), out.size);
    ws_buffer_release(&out);
    return bytes;
}

static enum ws_status load_with(struct ws_bytes bytes, double bandwidth, struct ws_arena *arena)
{
    uint8_t *copy = ws_arena_copy(arena, bytes.data, bytes.size);
    assert_non_null(copy);
    memcpy(copy + 8, &bandwidth, sizeof bandwidth);
    static const struct ws_kde_settings settings = {WS_KDE_FIXED, 1};
    const struct ws_model *model;
    return ws_family_kde.load(&settings, ws_bytes_of(copy, bytes.size), arena, &model, NULL);
}

static void kde__stores_its_width_and_its_data(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(9, 2, 1, 0, arena);
    struct ws_kde_settings settings = {WS_KDE_SCOTT, 1};
    const struct ws_kde_model *model = fitted(&settings, &data, arena);
    struct ws_bytes bytes = saved(model, arena);
    assert_memory_equal(bytes.data, "WSMK\1\0\0\0", 8);
    assert_int_equal(bytes.size, 16 + 21 + 21 + 9 * 2 * 8);
    assert_int_equal(load_with(bytes, 0.5, arena), WS_OK);
    assert_int_equal(load_with(bytes, 0, arena), WS_OK);
    assert_int_equal(load_with(bytes, 1e-200, arena), WS_CORRUPT);
    assert_int_equal(load_with(bytes, -1, arena), WS_CORRUPT);
    assert_int_equal(load_with(bytes, NAN, arena), WS_CORRUPT);
    assert_int_equal(load_with(bytes, INFINITY, arena), WS_CORRUPT);
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    ws_family_kde.describe(&model->base, &text);
    assert_string_equal(text.data, "Gaussian kernels of width 0.6934, dimension 2, on 9 items");
    ws_buffer_release(&text);
}

/* Kernels of no width are the items, drawn again. */
static void kde__of_no_width_draws_its_items(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(9, 2, 1, 0, arena);
    struct ws_kde_settings settings = {WS_KDE_NONE, 1};
    const struct ws_kde_model *model = fitted(&settings, &data, arena);
    const struct ws_model *base = &model->base;
    const uint64_t count = 100;
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 7, 1);
    const struct ws_payload *made;
    struct ws_error err;
    double sum;
    uint64_t terms;
    assert_int_equal(ws_family_kde.sample(1, &base, &count, &key, NULL, arena, &made, &err), WS_OK);
    const double *items = data.segments[0].payload->vectors;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = 0;
        while (at < data.count && (made->vectors[2 * i] != items[2 * at] ||
                                   made->vectors[2 * i + 1] != items[2 * at + 1]))
            at++;
        assert_true(at < data.count);
    }
    assert_int_equal(ws_family_kde.log_density(base, &data, arena, &sum, &terms, &err), WS_OK);
    assert_true(sum == -INFINITY && terms == 9);
}

static void kde__says_when_a_width_is_not_asked_for(void **state)
{
    (void)state;
    struct ws_kde_settings settings = {WS_KDE_FIXED, 1};
    assert_null(ws_family_kde.ignores(&settings, false, "bandwidth"));
    settings.rule = WS_KDE_SILVERMAN;
    assert_non_null(ws_family_kde.ignores(&settings, false, "bandwidth"));
    assert_null(ws_family_kde.ignores(&settings, false, "rule"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(kde__gives_what_scikit_learn_gives), TEST(kde__is_what_hand_computation_gives),
        TEST(kde__leaves_no_kernel_out),          TEST(kde__has_no_density_where_squares_overflow),
        TEST(kde__takes_equal_items_for_one),     TEST(kde__samples_what_it_is),
        TEST(kde__stores_its_width_and_its_data), TEST(kde__says_when_a_width_is_not_asked_for),
        TEST(kde__of_no_width_draws_its_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
