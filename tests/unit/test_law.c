/* Contract of data/law.h: what the table promises of every row, and each row's own law. */
#include "data/law.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "data/human.h"
#include "support/statistics.h"

enum { SEED = 7, ITEMS = 100000, MOST_NUMBERS = 4 /* in an item */ };

/* Laws that are held to what all promise. */
static const struct {
    enum ws_law_id id;
    struct ws_law_settings settings;
} cases[] = {
    {WS_LAW_NORMAL, {.dimension = 3, .variance = 4}},
};
enum { CASES = sizeof cases / sizeof *cases };

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

static struct ws_law open_case(size_t i, struct ws_arena *arena)
{
    struct ws_law law;
    assert_int_equal(
        ws_law_open(ws_law_row(cases[i].id), &cases[i].settings, SEED, arena, &law, NULL), WS_OK);
    assert_in_range(law.dimension, 1, MOST_NUMBERS);
    return law;
}

static struct ws_rng_key data_key(uint32_t generation)
{
    return ws_rng_key(WS_STREAM_DATA, SEED, 0, generation);
}

static double *draw(const struct ws_law *law, uint64_t item, size_t count, struct ws_arena *arena)
{
    double *values = WS_ARENA_NEW(arena, double, count * law->dimension);
    assert_non_null(values);
    ws_law_draw(law, data_key(0), item, count, values);
    return values;
}

static void law__every_setting_is_one_of_the_data(void **state)
{
    (void)state;
    for (int id = 0; id < WS_LAW_COUNT; id++) {
        const struct ws_law_row *row = ws_law_row((enum ws_law_id)id);
        assert_false(ws_law_reads(row, "corpus"));
        for (size_t i = 0; i < WS_LAW_SETTINGS && row->settings[i]; i++) {
            assert_non_null(ws_option_find(&ws_human_options, row->settings[i]));
            assert_true(ws_law_reads(row, row->settings[i]));
        }
    }
}

/* The pieces in which items are made must not show. */
static void law__a_larger_set_begins_with_a_smaller_one(void **state)
{
    for (size_t i = 0; i < CASES; i++) {
        struct ws_law law = open_case(i, *state);
        const double *all = draw(&law, 0, 2000, *state);
        for (size_t count = 1; count < 2000; count += 171)
            assert_memory_equal(draw(&law, 0, count, *state), all,
                                count * law.dimension * sizeof *all);
    }
}

static void law__items_are_finite_and_of_their_own_set(void **state)
{
    for (size_t i = 0; i < CASES; i++) {
        struct ws_law law = open_case(i, *state);
        const double *first = draw(&law, 0, 1000, *state);
        const double *second = draw(&law, 1, 1000, *state);
        for (size_t k = 0; k < 1000 * law.dimension; k++)
            assert_true(isfinite(first[k]));
        assert_memory_not_equal(first, second, 1000 * law.dimension * sizeof *first);
    }
}

/* The mean of `count` numbers is `wanted`, to four standard errors of its own. */
static void assert_mean(const double *x, size_t count, double wanted)
{
    double n = (double)count, sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] / n;
    for (size_t i = 0; i < count; i++)
        squares += (x[i] - sum) * (x[i] - sum) / (n - 1);
    if (STATISTICS_DECIDE)
        assert_true(fabs(sum - wanted) <= 4 * sqrt(squares / n));
}

static void law__items_have_the_true_mean_and_covariance(void **state)
{
    size_t n = statistics_draws(ITEMS);
    double *terms = WS_ARENA_NEW((struct ws_arena *)*state, double, n);
    for (size_t i = 0; i < CASES; i++) {
        struct ws_law law = open_case(i, *state);
        size_t d = law.dimension;
        if (!law.row->moments)
            continue;
        double mean[MOST_NUMBERS], covariance[MOST_NUMBERS * MOST_NUMBERS];
        law.row->moments(&law, mean, covariance);
        const double *x = draw(&law, 0, n, *state);
        for (size_t a = 0; a < d; a++) {
            for (size_t k = 0; k < n; k++)
                terms[k] = x[k * d + a];
            assert_mean(terms, n, mean[a]);
            for (size_t b = 0; b <= a; b++) {
                for (size_t k = 0; k < n; k++)
                    terms[k] = (x[k * d + a] - mean[a]) * (x[k * d + b] - mean[b]);
                assert_mean(terms, n, covariance[a * d + b]);
                assert_true(covariance[a * d + b] == covariance[b * d + a]);
                if (law.isotropic_variance > 0)
                    assert_true(covariance[a * d + b] == (a == b ? law.isotropic_variance : 0));
            }
        }
    }
}

static void normal__items_are_the_sampler_s_own(void **state)
{
    struct ws_law law = open_case(0, *state);
    double wanted[300];
    struct ws_rng rng;
    ws_rng_init(&rng, data_key(0), 2);
    ws_sample_normals(&rng, 0, 2, wanted, 300);
    assert_memory_equal(draw(&law, 2, 100, *state), wanted, sizeof wanted);
    assert_true(law.gaussian && law.isotropic_variance == 4);
}

static void normal__has_its_density(void **state)
{
    struct ws_law law = open_case(0, *state);
    const double x[] = {1, -2, 0.5};
    /* -(5.25 / 4 + 3 log(8 pi)) / 2 */
    assert_true(fabs(law.row->log_density(&law, x) + 5.492507) < 1e-6);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(law__##name, set_up, tear_down)
#define NORMAL(name) cmocka_unit_test_setup_teardown(normal__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_setting_is_one_of_the_data),      TEST(a_larger_set_begins_with_a_smaller_one),
        TEST(items_are_finite_and_of_their_own_set), TEST(items_have_the_true_mean_and_covariance),
        NORMAL(items_are_the_sampler_s_own),         NORMAL(has_its_density),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
