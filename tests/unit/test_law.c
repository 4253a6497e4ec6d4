/* Contract of data/law.h: what the table promises of every row, and each row's own law. */
#include "data/law.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "data/human.h"
#include "support/failing_heap.h"
#include "support/statistics.h"

enum { SEED = 7, ITEMS = 100000, MOST_NUMBERS = 4 /* in an item */ };

static const char *one_center[] = {"2 -1"};
static const char *three_centers[] = {"0 0", "4 0", "-1.5  1e1"};

/* Laws that are held to what all promise. */
static const struct {
    enum ws_law_id id;
    struct ws_law_settings settings;
} cases[] = {
    {WS_LAW_NORMAL, {.dimension = 3, .variance = 4}},
    {WS_LAW_BLOBS, {.dimension = 3, .blobs = 4, .box = 5, .std = 0.5, .layout = WS_LAW_RANDOM}},
    {WS_LAW_BLOBS, {.centers = {one_center, 1}, .std = 3}},
    {WS_LAW_BLOBS, {.centers = {three_centers, 3}, .std = 0.25}},
    {WS_LAW_GRID, {.side = 5, .spacing = 2, .std = 0.05}},
    {WS_LAW_MOONS, {.noise = 0.1}},
    {WS_LAW_MOONS, {.noise = 0}},
    {WS_LAW_CIRCLES, {.noise = 0.1, .factor = 0.5}},
    {WS_LAW_SWISS_ROLL, {.noise = 1, .dimension = 3}},
    {WS_LAW_SWISS_ROLL, {.noise = 0, .dimension = 2}},
    {WS_LAW_LINEAR,
     {.inputs = 3, .input_variance = 0.5, .weight_variance = 4, .noise_variance = 0.25}},
    {WS_LAW_TWO_CLASS, {.inputs = 2, .input_variance = 0.5, .separation = 1.5, .label_noise = 0.1}},
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

static void law__every_row_is_a_source_that_reads_its_settings(void **state)
{
    const struct ws_option *source = ws_option_find(&ws_human_options, "source");
    for (int id = 0; id < WS_LAW_COUNT; id++) {
        const struct ws_law_row *row = ws_law_row((enum ws_law_id)id);
        struct ws_human_settings settings = {0};
        assert_int_equal(ws_option_set(source, &settings, row->name, "here", *state, NULL), WS_OK);
        assert_ptr_equal(ws_human_law(&settings), row);
        assert_string_equal(ws_human_obstacle(&settings, "corpus"), "source");
        for (size_t i = 0; i < WS_LAW_SETTINGS && row->settings[i]; i++) {
            assert_non_null(ws_option_find(&ws_human_options, row->settings[i]));
            assert_null(ws_human_obstacle(&settings, row->settings[i]));
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

/* The mean of `count` numbers is `wanted`, to four standard errors of its own and the rounding of a
 * sum whose terms may all be the same. */
static void assert_mean(const double *x, size_t count, double wanted)
{
    double n = (double)count, sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] / n;
    for (size_t i = 0; i < count; i++)
        squares += (x[i] - sum) * (x[i] - sum) / (n - 1);
    if (statistics_decide())
        assert_true(fabs(sum - wanted) <= 4 * sqrt(squares / n) + 1e-12);
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

/* ---- Mixtures ---- */

static struct ws_law open_law(enum ws_law_id id, const struct ws_law_settings *settings,
                              uint64_t seed, struct ws_arena *arena)
{
    struct ws_law law;
    assert_int_equal(ws_law_open(ws_law_row(id), settings, seed, arena, &law, NULL), WS_OK);
    return law;
}

static void blobs__centers_are_given_or_drawn_for_each_seed(void **state)
{
    struct ws_law_settings settings = {.centers = {three_centers, 3}, .std = 1};
    static const double wanted[] = {0, 0, 4, 0, -1.5, 10};
    struct ws_law law = open_law(WS_LAW_BLOBS, &settings, 1, *state);
    assert_int_equal(law.dimension, 2);
    assert_int_equal(law.mode_count, 3);
    assert_memory_equal(law.modes, wanted, sizeof wanted);
    assert_false(law.gaussian);

    settings = (struct ws_law_settings){.dimension = 2, .blobs = 1000, .box = 3, .std = 1};
    law = open_law(WS_LAW_BLOBS, &settings, 1, *state);
    struct ws_law same = open_law(WS_LAW_BLOBS, &settings, 1, *state);
    struct ws_law other = open_law(WS_LAW_BLOBS, &settings, 2, *state);
    assert_memory_equal(law.modes, same.modes, 2000 * sizeof(double));
    assert_memory_not_equal(law.modes, other.modes, 2000 * sizeof(double));
    for (size_t i = 0; i < 2000; i++)
        assert_true(fabs(law.modes[i]) <= 3);
    assert_mean(law.modes, 2000, 0);
    double squares[2000];
    for (size_t i = 0; i < 2000; i++)
        squares[i] = law.modes[i] * law.modes[i];
    assert_mean(squares, 2000, 3); /* 3^2 / 3 */

    settings.blobs = 1;
    assert_true(open_law(WS_LAW_BLOBS, &settings, 1, *state).gaussian);
}

static void assert_centers_refused(const char **items, size_t count, const char *message)
{
    const struct ws_law_settings settings = {.centers = {items, count}};
    struct ws_error err;
    const char *at_fault = "";
    assert_int_equal(ws_law_blobs.check(&settings, &at_fault, &err), WS_INVALID);
    assert_string_equal(at_fault, "centers");
    assert_string_equal(err.message, message);
}

static void blobs__centers_that_are_no_points_are_refused(void **state)
{
    (void)state;
    const char *ragged[] = {"1 2", "3"};
    const char *words[] = {"1 2", "3 four"};
    assert_centers_refused(ragged, 2, "center 2, '3', has 1 numbers, wanted 2 as the first has");
    assert_centers_refused(words, 2, "center 2 is '3 four', wanted numbers separated by blanks");
}

/* The mode nearest to an item; how far it is. */
static size_t nearest(const struct ws_law *law, const double *item, double *distance)
{
    size_t best = 0;
    *distance = INFINITY;
    for (size_t m = 0; m < law->mode_count; m++) {
        double squares = 0;
        for (size_t i = 0; i < law->dimension; i++) {
            double step = item[i] - law->modes[m * law->dimension + i];
            squares += step * step;
        }
        if (squares < *distance * *distance) {
            *distance = sqrt(squares);
            best = m;
        }
    }
    return best;
}

static void blobs__an_even_set_shares_them_out(void **state)
{
    const struct ws_law_settings settings = {.centers = {three_centers, 3}, .std = 1e-3};
    struct ws_law law = open_law(WS_LAW_BLOBS, &settings, 1, *state);
    double values[2 * 20], distance;
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 0, 20, NULL, values, NULL), WS_OK);
    size_t seen[3] = {0}, in_order = 0;
    for (size_t i = 0; i < 20; i++) {
        size_t mode = nearest(&law, values + 2 * i, &distance);
        assert_true(distance < 0.01);
        seen[mode]++;
        in_order += mode == i % 3;
    }
    assert_true(seen[0] == 7 && seen[1] == 7 && seen[2] == 6);
    assert_true(in_order < 20);
}

static void grid__has_25_modes_two_apart(void **state)
{
    const struct ws_law_settings settings = {.side = 5, .spacing = 2, .std = 0.05};
    struct ws_law law = open_law(WS_LAW_GRID, &settings, 1, *state);
    assert_int_equal(law.mode_count, 25);
    for (size_t m = 0; m < 25; m++) {
        size_t row = m / 5, column = m % 5;
        assert_true(law.modes[2 * m] == -4 + 2 * (double)row);
        assert_true(law.modes[2 * m + 1] == -4 + 2 * (double)column);
    }
    /* A chi-squared test of the modes' shares at four standard errors. */
    size_t n = statistics_draws(ITEMS);
    const double *x = draw(&law, 0, n, *state);
    double seen[25] = {0}, distance, sum = 0;
    for (size_t i = 0; i < n; i++) {
        seen[nearest(&law, x + 2 * i, &distance)]++;
        assert_true(distance < 0.05 * 7);
    }
    for (size_t m = 0; m < 25; m++)
        sum += (seen[m] - (double)n / 25) * (seen[m] - (double)n / 25) / ((double)n / 25);
    assert_true(statistics_accept("modes of the grid", statistics_upper_gamma(12, sum / 2)));
}

/* Three modes in the plane, by hand: at the first one the others are 4 and sqrt(102.25) away. */
static void blobs__have_their_density(void **state)
{
    const struct ws_law_settings settings = {.centers = {three_centers, 3}, .std = 2};
    struct ws_law law = open_law(WS_LAW_BLOBS, &settings, 1, *state);
    double sum = 1 + exp(-16.0 / 8) + exp(-102.25 / 8);
    assert_true(fabs(law.row->log_density(&law, law.modes) - log(sum / 3 / (8 * M_PI))) < 1e-12);
    const double far[] = {1e6, 0};
    double value = law.row->log_density(&law, far);
    double step = (1e6 - 4) / 2;
    assert_true(fabs(value + step * step / 2 + log(3 * 8 * M_PI)) < 1e-4);
}

/* ---- Curves ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The angles of an even set without noise, each curve's sorted: of the first `first` items. */
static size_t split_angles(const double *values, size_t count, bool (*on_first)(const double *),
                           double (*angle)(const double *), double *first, double *second)
{
    size_t a = 0, b = 0;
    for (size_t i = 0; i < count; i++) {
        const double *item = values + 2 * i;
        if (on_first(item))
            first[a++] = angle(item);
        else
            second[b++] = angle(item);
    }
    qsort(first, a, sizeof *first, ascending);
    qsort(second, b, sizeof *second, ascending);
    return a;
}

static bool is_upper(const double *item)
{
    return fabs(hypot(item[0], item[1]) - 1) < 1e-12 && item[1] > -1e-12;
}

static double moon_angle(const double *item)
{
    return is_upper(item) ? atan2(fabs(item[1]), item[0]) : atan2(fabs(0.5 - item[1]), 1 - item[0]);
}

/* make_moons(11, shuffle=False): 5 angles from 0 to pi, then 6. */
static void moons__an_even_set_has_the_angles_of_make_moons(void **state)
{
    const struct ws_law_settings settings = {.noise = 0};
    struct ws_law law = open_law(WS_LAW_MOONS, &settings, 1, *state);
    double values[22], upper[11], lower[11];
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 0, 11, NULL, values, NULL), WS_OK);
    assert_int_equal(split_angles(values, 11, is_upper, moon_angle, upper, lower), 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(upper[i] - M_PI * (double)i / 4) < 1e-7);
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(lower[i] - M_PI * (double)i / 5) < 1e-7);
    /* Another set of the same seed has the same points in another order. */
    double again[22];
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 1, 11, NULL, again, NULL), WS_OK);
    assert_memory_not_equal(values, again, sizeof values);
    qsort(values, 22, sizeof *values, ascending);
    qsort(again, 22, sizeof *again, ascending);
    assert_memory_equal(values, again, sizeof values);
}

static bool is_outer(const double *item)
{
    return hypot(item[0], item[1]) > 0.75;
}

static double circle_angle(const double *item)
{
    double angle = atan2(item[1], item[0]);
    return angle < -1e-9 ? angle + 2 * M_PI : angle;
}

/* make_circles(9, shuffle=False): 4 angles on the outer circle, 5 on the inner, none at 2 pi. */
static void circles__an_even_set_has_the_angles_of_make_circles(void **state)
{
    const struct ws_law_settings settings = {.noise = 0, .factor = 0.5};
    struct ws_law law = open_law(WS_LAW_CIRCLES, &settings, 1, *state);
    double values[18], outer[9], inner[9];
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 0, 9, NULL, values, NULL), WS_OK);
    assert_int_equal(split_angles(values, 9, is_outer, circle_angle, outer, inner), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(outer[i] - 2 * M_PI * (double)i / 4) < 1e-12);
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(inner[i] - 2 * M_PI * (double)i / 5) < 1e-12);
}

static void curves__a_random_set_is_the_stream(void **state)
{
    const struct ws_law_settings settings = {.noise = 0.1, .layout = WS_LAW_RANDOM};
    struct ws_law law = open_law(WS_LAW_MOONS, &settings, 1, *state);
    double set[200], stream[200];
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 0, 100, NULL, set, NULL), WS_OK);
    ws_law_draw(&law, data_key(0), 0, 100, stream);
    assert_memory_equal(set, stream, sizeof set);
}

static void swiss_roll__lies_on_its_curve(void **state)
{
    const struct ws_law_settings settings = {.noise = 0, .dimension = 3};
    struct ws_law law = open_law(WS_LAW_SWISS_ROLL, &settings, 1, *state);
    const double *x = draw(&law, 0, 1000, *state);
    for (size_t i = 0; i < 1000; i++) {
        double t = hypot(x[3 * i], x[3 * i + 2]);
        assert_true(t >= 1.5 * M_PI - 1e-9 && t <= 4.5 * M_PI);
        assert_true(fabs(t * cos(t) - x[3 * i]) < 1e-9 && fabs(t * sin(t) - x[3 * i + 2]) < 1e-9);
        assert_true(x[3 * i + 1] >= 0 && x[3 * i + 1] < 21);
    }
    struct ws_error err;
    const char *at_fault;
    const struct ws_law_settings flat = {.dimension = 4};
    assert_int_equal(ws_law_swiss_roll.check(&flat, &at_fault, &err), WS_INVALID);
    assert_string_equal(err.message,
                        "'dimension' is '4', wanted 3, or 2 for a roll without its height");
}

static void law__a_failing_allocation_of_an_even_set_is_reported(void **state)
{
    const struct ws_law_settings settings = {.noise = 0};
    struct ws_law law = open_law(WS_LAW_MOONS, &settings, 1, *state);
    struct failing_heap heap = {.countdown = 0};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    double values[22];
    assert_int_equal(ws_law_draw_set(&law, data_key(0), 0, 11, &allocator, values, NULL),
                     WS_NO_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(law__every_row_is_a_source_that_reads_its_settings),
        TEST(law__a_larger_set_begins_with_a_smaller_one),
        TEST(law__items_are_finite_and_of_their_own_set),
        TEST(law__items_have_the_true_mean_and_covariance),
        TEST(normal__items_are_the_sampler_s_own),
        TEST(normal__has_its_density),
        TEST(law__a_failing_allocation_of_an_even_set_is_reported),
        TEST(blobs__centers_are_given_or_drawn_for_each_seed),
        TEST(blobs__centers_that_are_no_points_are_refused),
        TEST(blobs__an_even_set_shares_them_out),
        TEST(blobs__have_their_density),
        TEST(grid__has_25_modes_two_apart),
        TEST(moons__an_even_set_has_the_angles_of_make_moons),
        TEST(circles__an_even_set_has_the_angles_of_make_circles),
        TEST(curves__a_random_set_is_the_stream),
        TEST(swiss_roll__lies_on_its_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
