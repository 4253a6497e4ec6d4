/* Continuous samplers, and choices among things; counts are in test_sampler_count.c and
 * test_sampler_types.c. */
#include "base/sampler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/draw.h"
#include "support/statistics.h"

static struct ws_rng generator(uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), item);
    return rng;
}

static double *values_of(size_t count)
{
    double *values = malloc(count * sizeof *values);
    assert_non_null(values);
    return values;
}

static double *normals_of(uint64_t item, size_t count)
{
    double *values = values_of(count);
    struct ws_rng rng = generator(item);
    ws_sample_normals(&rng, 0, 1, values, count);
    return values;
}

static double normal_cdf(const void *law, double x)
{
    (void)law;
    return 0.5 * erfc(-x / sqrt(2));
}

static void normal__follows_its_law(void **state)
{
    (void)state;
    size_t count = statistics_draws(1000000);
    double *values = normals_of(1, count);
    assert_true(statistics_accept("normal", statistics_ks_p(values, count, normal_cdf, NULL)));
    free(values);
}

/* E x, E x^2, E x^3, E x^4 are 0, 1, 0, 3; the variances of the powers 1, 2, 15, 96. */
static void normal__has_its_moments(void **state)
{
    (void)state;
    static const double mean[] = {0, 1, 0, 3}, variance[] = {1, 2, 15, 96};
    size_t count = statistics_draws(10000000);
    double total[4] = {0};
    double *values = normals_of(2, count);
    for (size_t i = 0; i < count; i++) {
        double power = 1;
        for (int m = 0; m < 4; m++)
            total[m] += power *= values[i];
    }
    free(values);
    for (int m = 0; m < 4; m++) {
        double z = (total[m] / (double)count - mean[m]) / sqrt(variance[m] / (double)count);
        assert_true(statistics_accept("normal moment", statistics_normal_p(z)));
    }
}

/* Cells of width 1/100. */
static void normal__is_right_in_every_cell(void **state)
{
    (void)state;
    enum { CELLS = 500 };
    size_t count = statistics_draws(20000000);
    static uint64_t seen[2][CELLS + 1];
    static double expected[CELLS + 1];
    double *values = normals_of(3, count);
    for (size_t i = 0; i < count; i++) {
        size_t cell = (size_t)fmin(fabs(values[i]) * 100, CELLS);
        seen[values[i] < 0][cell]++;
    }
    free(values);
    for (int i = 0; i <= CELLS; i++) {
        double beyond = i < CELLS ? erfc((i + 1) / 100.0 / sqrt(2)) : 0;
        expected[i] = (double)count / 2 * (erfc(i / 100.0 / sqrt(2)) - beyond);
    }
    for (int negative = 0; negative < 2; negative++) {
        double p = statistics_chi_squared_p(seen[negative], expected, CELLS + 1);
        assert_true(statistics_accept(negative ? "x < 0" : "x > 0", p));
    }
}

static double tail_cdf(const void *law, double x)
{
    double start = *(const double *)law;
    return 1 - erfc(x / sqrt(2)) / erfc(start / sqrt(2));
}

static const double tail_start = 3.65;

static void normal__has_its_tail_on_both_sides(void **state)
{
    (void)state;
    size_t count = statistics_draws(20000000);
    double *values = normals_of(4, count);
    size_t found = 0, positive = 0;
    for (size_t i = 0; i < count; i++)
        if (fabs(values[i]) > tail_start) {
            positive += values[i] > 0;
            values[found++] = values[i];
        }
    double share = erfc(tail_start / sqrt(2)); /* 2.6e-4 */
    double wanted = (double)count * share;
    double z = ((double)found - wanted) / sqrt(wanted * (1 - share));
    assert_true(statistics_accept("size of the tail", statistics_normal_p(z)));
    z = (2 * (double)positive - (double)found) / sqrt((double)found);
    assert_true(statistics_accept("sides of the tail", statistics_normal_p(z)));
    for (size_t i = 0; i < found; i++)
        values[i] = fabs(values[i]);
    assert_true(statistics_accept("tail", statistics_ks_p(values, found, tail_cdf, &tail_start)));
    free(values);
}

/* What Box and Muller's method rests on: neighbours have nothing to do with each other. Products of
 * normals have variance 1, those of their squares less one 4. */
static void normal__neighbours_are_independent(void **state)
{
    (void)state;
    enum { FURTHEST = 3 };
    size_t count = statistics_draws(10000000);
    double *x = normals_of(5, count);
    for (size_t away = 1; away <= FURTHEST; away++) {
        double products = 0, squares = 0, terms = (double)(count - away);
        for (size_t i = 0; i + away < count; i++) {
            products += x[i] * x[i + away];
            squares += (x[i] * x[i] - 1) * (x[i + away] * x[i + away] - 1);
        }
        double z = products / sqrt(terms), z2 = squares / sqrt(4 * terms);
        assert_true(statistics_accept("neighbours", statistics_normal_p(z)));
        assert_true(statistics_accept("neighbours squared", statistics_normal_p(z2)));
    }
    free(x);
}

static void normals__of_even_pieces_are_one_sequence(void **state)
{
    (void)state;
    double pieces[3001], whole[3001];
    struct ws_rng a = generator(6), b = generator(6);
    ws_sample_normals(&a, 0, 1, pieces, 1000);
    ws_sample_normals(&a, 0, 1, pieces + 1000, 2);
    ws_sample_normals(&a, 0, 1, pieces + 1002, 0);
    ws_sample_normals(&a, 0, 1, pieces + 1002, 1999);
    ws_sample_normals(&b, 0, 1, whole, 3001);
    assert_memory_equal(pieces, whole, sizeof whole);
    assert_int_equal(ws_rng_u32(&a), ws_rng_u32(&b));
}

/* Words that were drawn are not in a normal, and the words of a normal are not drawn again. */
static void normals__take_whole_blocks(void **state)
{
    (void)state;
    for (uint32_t drawn = 0; drawn <= 2 * WS_RNG_WORDS; drawn++) {
        struct ws_rng rng = generator(7), words = generator(7);
        uint32_t block = (drawn + 3) / 4;
        double x[5], expected[5];
        for (uint32_t i = 0; i < drawn; i++)
            (void)ws_rng_u32(&rng);
        ws_sample_normals(&rng, 0, 1, x, 5);
        ws_draw_reference.normals(&(struct ws_draw_place){rng.key, rng.item, block}, 0, 1, expected,
                                  5);
        assert_memory_equal(x, expected, sizeof x);
        for (uint32_t i = 0; i < 4 * (block + 3); i++)
            (void)ws_rng_u32(&words);
        assert_int_equal(ws_rng_u32(&rng), ws_rng_u32(&words));
    }
}

static double exponential_cdf(const void *law, double x)
{
    (void)law;
    return -expm1(-x);
}

static void exponential__follows_its_law(void **state)
{
    (void)state;
    size_t count = statistics_draws(1000000);
    double *values = values_of(count);
    struct ws_rng rng = generator(6);
    for (size_t i = 0; i < count; i++)
        values[i] = ws_sample_exponential(&rng);
    double p = statistics_ks_p(values, count, exponential_cdf, NULL);
    assert_true(values[0] > 0);
    assert_true(statistics_accept("exponential", p));
    free(values);
}

static double gamma_cdf(const void *law, double x)
{
    return 1 - statistics_upper_gamma(*(const double *)law, x);
}

/* The mean over all draws, the law over the first fifth. */
static void check_gamma(double shape, uint64_t item)
{
    size_t count = statistics_draws(1000000);
    double *values = values_of(count);
    struct ws_rng rng = generator(item);
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i] = ws_sample_gamma(&rng, shape);
    double z = (total / (double)count - shape) / sqrt(shape / (double)count);
    double p = statistics_ks_p(values, count / 5, gamma_cdf, &shape);
    assert_true(statistics_accept("mean of gamma", statistics_normal_p(z)));
    assert_true(statistics_accept("gamma", p));
    free(values);
}

static void gamma__follows_its_law_below_and_above_shape_1(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.3, 0.9, 1, 1.5, 2.5, 10, 300};
    for (uint64_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        check_gamma(shapes[i], 10 + i);
}

/* Types without weight first, in the middle and last. */
static const double weights[] = {0, 1, 2.5, 0, 0.01, 6, 0, 0.5, 10, 0};
enum { TYPES = sizeof weights / sizeof weights[0] };

static void check_choices(const char *what, const uint64_t seen[TYPES], size_t count)
{
    double expected[TYPES], total = 0;
    for (int i = 0; i < TYPES; i++)
        total += weights[i];
    for (int i = 0; i < TYPES; i++) {
        expected[i] = (double)count * weights[i] / total;
        assert_true(weights[i] > 0 || seen[i] == 0);
    }
    assert_true(statistics_accept(what, statistics_chi_squared_p(seen, expected, TYPES)));
}

static void categorical__follows_its_weights(void **state)
{
    (void)state;
    size_t count = statistics_draws(1000000);
    double cumulative[TYPES], total = 0;
    for (int i = 0; i < TYPES; i++)
        cumulative[i] = total += weights[i];
    uint64_t seen[TYPES] = {0};
    struct ws_rng rng = generator(20);
    for (size_t i = 0; i < count; i++)
        seen[ws_sample_categorical(&rng, cumulative, TYPES)]++;
    check_choices("categorical", seen, count);
    assert_int_equal(ws_sample_categorical(&rng, (const double[]){3}, 1), 0);
}

/* The greatest and least draw fall on the first and last type that has a weight. */
static void categorical__keeps_to_types_with_weight(void **state)
{
    (void)state;
    const double cumulative[] = {0, 0.1, 0.3, 0.3};
    struct ws_rng rng = generator(21);
    rng.used = 0;
    memset(rng.words, 0, sizeof rng.words);
    assert_int_equal(ws_sample_categorical(&rng, cumulative, 4), 1);
    memset(rng.words, 0xff, sizeof rng.words);
    assert_int_equal(ws_sample_categorical(&rng, cumulative, 4), 2);
}

static void alias__follows_its_weights(void **state)
{
    (void)state;
    size_t count = statistics_draws(1000000);
    double keep[TYPES];
    uint32_t other[TYPES], work[TYPES];
    struct ws_alias alias;
    ws_alias_init(&alias, weights, TYPES, keep, other, work);
    uint64_t seen[TYPES] = {0};
    struct ws_rng rng = generator(22);
    for (size_t i = 0; i < count; i++)
        seen[ws_alias_sample(&alias, &rng)]++;
    check_choices("alias", seen, count);
}

/* Read back from the columns, the chances are the weights. */
static void check_table(const double *given, size_t types)
{
    double *keep = values_of(types), *chance = values_of(types), total = 0;
    uint32_t *other = malloc(types * sizeof *other), *work = malloc(types * sizeof *work);
    assert_true(other && work);
    struct ws_alias alias;
    ws_alias_init(&alias, given, types, keep, other, work);
    memset(chance, 0, types * sizeof *chance);
    for (size_t i = 0; i < types; i++) {
        double kept = fmin(keep[i], 1);
        chance[i] += kept / (double)types;
        chance[other[i]] += (1 - kept) / (double)types;
        total += given[i];
    }
    for (size_t i = 0; i < types; i++) {
        assert_true(fabs(chance[i] - given[i] / total) < 1e-12);
        assert_true(given[i] > 0 || chance[i] == 0);
    }
    free(work);
    free(other);
    free(chance);
    free(keep);
}

static void alias__holds_the_weights_exactly(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    double *given = values_of(MANY);
    check_table(weights, TYPES);
    check_table((const double[]){7}, 1);
    for (size_t i = 0; i < MANY; i++)
        given[i] = 1; /* every column exactly full */
    check_table(given, MANY);
    for (size_t i = 0; i < MANY; i++)
        given[i] = i % 5 ? 1 / (double)i : 0;
    check_table(given, MANY);
    free(given);
}

static void permutation__makes_every_order_equally_often(void **state)
{
    (void)state;
    size_t count = statistics_draws(240000);
    uint64_t seen[256] = {0}; /* two bits a value: 24 of them can occur */
    double expected[256] = {0};
    struct ws_rng rng = generator(30);
    for (size_t i = 0; i < count; i++) {
        uint32_t order[4] = {0, 1, 2, 3};
        ws_sample_permutation(&rng, order, 4);
        assert_int_equal(1U << order[0] | 1U << order[1] | 1U << order[2] | 1U << order[3], 15);
        uint32_t code = order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6;
        seen[code]++;
        expected[code] = (double)count / 24;
    }
    size_t orders = 0;
    for (int i = 0; i < 256; i++)
        orders += seen[i] > 0;
    assert_int_equal(orders, 24);
    assert_true(statistics_accept("order", statistics_chi_squared_p(seen, expected, 256)));
}

static void permutation__of_nothing_draws_nothing(void **state)
{
    (void)state;
    struct ws_rng a = generator(31), b = generator(31);
    uint32_t one = 5;
    ws_sample_permutation(&a, NULL, 0);
    ws_sample_permutation(&a, &one, 1);
    assert_int_equal(one, 5);
    assert_int_equal(ws_rng_u32(&a), ws_rng_u32(&b));
}

static void subset__of_three_out_of_six_is_any_of_twenty(void **state)
{
    (void)state;
    size_t count = statistics_draws(200000);
    uint64_t seen[64] = {0}, bitmap = UINT64_MAX;
    double expected[64] = {0};
    struct ws_rng rng = generator(32);
    for (size_t i = 0; i < count; i++) {
        uint32_t out[3];
        ws_sample_subset(&rng, 6, 3, &bitmap, out);
        assert_true(out[0] < out[1] && out[1] < out[2] && out[2] < 6);
        uint32_t code = 1U << out[0] | 1U << out[1] | 1U << out[2];
        seen[code]++;
        expected[code] = (double)count / 20;
    }
    size_t subsets = 0;
    for (int i = 0; i < 64; i++)
        subsets += seen[i] > 0;
    assert_int_equal(subsets, 20);
    assert_true(statistics_accept("subset", statistics_chi_squared_p(seen, expected, 64)));
}

/* How often each number is in a subset, over words of the bitmap: the counts are those of simple
 * random samples, correlated by -1 / (N - 1), so that sum (o - R p)^2 (N - 1) / (N R p (1 - p)) is
 * chi-squared with N - 1 degrees. */
static void subset__takes_every_number_equally_often(void **state)
{
    (void)state;
    enum { COUNT = 130, DRAWS = 100 };
    size_t rounds = statistics_draws(100000);
    uint64_t bitmap[3];
    double seen[COUNT] = {0};
    struct ws_rng rng = generator(33);
    for (size_t i = 0; i < rounds; i++) {
        uint32_t out[DRAWS];
        ws_sample_subset(&rng, COUNT, DRAWS, bitmap, out);
        for (int j = 0; j < DRAWS; j++) {
            assert_true(out[j] < COUNT && (j == 0 || out[j - 1] < out[j]));
            seen[out[j]]++;
        }
    }
    double p = (double)DRAWS / COUNT, statistic = 0;
    for (int i = 0; i < COUNT; i++) {
        double off = seen[i] - (double)rounds * p;
        statistic += off * off * (COUNT - 1) / (COUNT * (double)rounds * p * (1 - p));
    }
    double chance = statistics_upper_gamma((COUNT - 1) / 2.0, statistic / 2);
    assert_true(statistics_accept("members", chance));
}

static void subset__of_all_or_nothing_is_just_that(void **state)
{
    (void)state;
    uint64_t bitmap[2];
    uint32_t out[70] = {99};
    struct ws_rng rng = generator(34);
    ws_sample_subset(&rng, 70, 0, bitmap, out);
    ws_sample_subset(&rng, 0, 0, bitmap, out);
    assert_int_equal(out[0], 99);
    ws_sample_subset(&rng, 70, 70, bitmap, out);
    for (uint32_t i = 0; i < 70; i++)
        assert_int_equal(out[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal__follows_its_law),
        cmocka_unit_test(normal__has_its_moments),
        cmocka_unit_test(normal__is_right_in_every_cell),
        cmocka_unit_test(normal__has_its_tail_on_both_sides),
        cmocka_unit_test(normal__neighbours_are_independent),
        cmocka_unit_test(normals__of_even_pieces_are_one_sequence),
        cmocka_unit_test(normals__take_whole_blocks),
        cmocka_unit_test(exponential__follows_its_law),
        cmocka_unit_test(gamma__follows_its_law_below_and_above_shape_1),
        cmocka_unit_test(categorical__follows_its_weights),
        cmocka_unit_test(categorical__keeps_to_types_with_weight),
        cmocka_unit_test(alias__follows_its_weights),
        cmocka_unit_test(alias__holds_the_weights_exactly),
        cmocka_unit_test(permutation__makes_every_order_equally_often),
        cmocka_unit_test(permutation__of_nothing_draws_nothing),
        cmocka_unit_test(subset__of_three_out_of_six_is_any_of_twenty),
        cmocka_unit_test(subset__takes_every_number_equally_often),
        cmocka_unit_test(subset__of_all_or_nothing_is_just_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
