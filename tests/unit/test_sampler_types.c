/* Counts of many types at once: multinomial and multivariate hypergeometric. */
#include "base/sampler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/statistics.h"

static struct ws_rng generator(uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), item);
    return rng;
}

static double log_factorial(uint64_t n)
{
    return lgamma((double)n + 1);
}

static double log_choose(uint64_t n, uint64_t k)
{
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

/* The forms over many types, with one signature; weights are whole numbers. */
typedef void draw_types(struct ws_rng *rng, uint64_t n, const uint64_t *weights, size_t types,
                        uint64_t *out);

static void multinomial_of_doubles(struct ws_rng *rng, uint64_t n, const uint64_t *weights,
                                   size_t types, uint64_t *out)
{
    double shares[256];
    assert_true(types <= 256);
    for (size_t i = 0; i < types; i++)
        shares[i] = 0.37 * (double)weights[i];
    ws_sample_multinomial(rng, n, shares, types, out);
}

static double log_multinomial_density(uint64_t n, const uint64_t *weights, const uint64_t *counts)
{
    double total = (double)(weights[0] + weights[1] + weights[2]);
    double density = log_factorial(n);
    for (int i = 0; i < 3; i++)
        density += (double)counts[i] * log((double)weights[i] / total) - log_factorial(counts[i]);
    return density;
}

static double log_multivariate_density(uint64_t n, const uint64_t *weights, const uint64_t *counts)
{
    double density = -log_choose(weights[0] + weights[1] + weights[2], n);
    for (int i = 0; i < 3; i++)
        density += counts[i] <= weights[i] ? log_choose(weights[i], counts[i]) : -INFINITY;
    return density;
}

/* Three types: every outcome (a, b, n - a - b) is a cell. */
static void check_jointly(draw_types *draw,
                          double (*log_density)(uint64_t n, const uint64_t *weights,
                                                const uint64_t *counts),
                          uint64_t n, const uint64_t weights[3], uint64_t item)
{
    size_t count = statistics_draws(200000), side = n + 1;
    uint64_t *seen = calloc(side * side, sizeof *seen);
    double *expected = calloc(side * side, sizeof *expected);
    assert_true(seen && expected);
    struct ws_rng rng = generator(item);
    for (size_t i = 0; i < count; i++) {
        uint64_t out[3];
        draw(&rng, n, weights, 3, out);
        assert_int_equal(out[0] + out[1] + out[2], n);
        seen[out[0] * side + out[1]]++;
    }
    for (uint64_t a = 0; a <= n; a++)
        for (uint64_t b = 0; a + b <= n; b++)
            expected[a * side + b] =
                (double)count * exp(log_density(n, weights, (const uint64_t[]){a, b, n - a - b}));
    double p = statistics_chi_squared_p(seen, expected, side * side);
    assert_true(statistics_accept("three types", p));
    free(expected);
    free(seen);
}

/* Few items are placed one by one, many type by type. */
static void multinomial__follows_its_law_jointly(void **state)
{
    (void)state;
    static const uint64_t weights[3] = {2, 5, 3};
    draw_types *const forms[] = {ws_sample_multinomial_counts, multinomial_of_doubles};
    for (uint64_t i = 0; i < 2; i++) {
        check_jointly(forms[i], log_multinomial_density, 1, weights, 300 + i);
        check_jointly(forms[i], log_multinomial_density, 5, weights, 302 + i);
        check_jointly(forms[i], log_multinomial_density, 40, weights, 304 + i);
    }
}

static void multivariate_hypergeometric__follows_its_law_jointly(void **state)
{
    (void)state;
    static const uint64_t few[3] = {3, 2, 4}, many[3] = {40, 30, 60};
    draw_types *draw = ws_sample_multivariate_hypergeometric;
    check_jointly(draw, log_multivariate_density, 1, few, 310);
    check_jointly(draw, log_multivariate_density, 6, few, 311);
    check_jointly(draw, log_multivariate_density, 25, many, 312);
    check_jointly(draw, log_multivariate_density, 100, many, 313);
}

/* Few types are part of a block, many are several. */
enum { TYPES = 200, MANY = 2 * WS_TYPE_BLOCK + 900, MOST_TYPES = MANY };

/* Some types weigh nothing, the first and the last ones among them, and one weighs much. */
static uint64_t set_weights(uint64_t *weights, size_t types, uint64_t unit)
{
    uint64_t total = 0;
    for (size_t i = 0; i < types; i++)
        total += weights[i] = i + 4 >= types ? 0 : unit * (i == 71 ? 500 : i % 7);
    return total;
}

/* Over many rounds: all counts together are multinomial; and the chi-squared statistic of a single
 * round has a mean of `shrink` times its degrees of freedom, exactly. `shrink` is 1 with
 * replacement and (W - n) / (W - 1) without. */
static void check_many_types(draw_types *draw, size_t types, uint64_t n, uint64_t unit,
                             bool replace, uint64_t item)
{
    size_t rounds = statistics_draws(4000000 / types);
    static uint64_t weights[MOST_TYPES], out[MOST_TYPES], seen[MOST_TYPES];
    static double expected[MOST_TYPES];
    double first = 0, second = 0;
    uint64_t total = set_weights(weights, types, unit);
    memset(seen, 0, sizeof seen);
    size_t alive = 0;
    for (size_t i = 0; i < types; i++)
        alive += weights[i] > 0;
    struct ws_rng rng = generator(item);
    for (size_t round = 0; round < rounds; round++) {
        memset(out, 0xff, sizeof out);
        draw(&rng, n, weights, types, out);
        double statistic = 0;
        uint64_t given = 0;
        for (size_t i = 0; i < types; i++) {
            double mean = (double)n * (double)weights[i] / (double)total;
            double off = (double)out[i] - mean;
            assert_true(weights[i] > 0 || out[i] == 0);
            assert_true(replace || out[i] <= weights[i]);
            statistic += mean > 0 ? off * off / mean : 0;
            given += out[i];
            seen[i] += out[i];
            expected[i] = mean * (double)rounds;
        }
        assert_true(given == n);
        first += statistic;
        second += statistic * statistic;
    }
    double r = (double)rounds, n_ = (double)n, w = (double)total;
    double shrink = replace ? 1 : (w - n_) / (w - 1);
    double off = first / r - shrink * (double)(alive - 1);
    double error = sqrt((second / r - first / r * first / r) / r);
    assert_true(statistics_accept("spread of types", statistics_normal_p(off / error)));
    double statistic = 0;
    for (size_t i = 0; i < types; i++)
        if (expected[i] > 0)
            statistic += ((double)seen[i] - expected[i]) * ((double)seen[i] - expected[i]) /
                         (expected[i] * shrink);
    double p = statistics_upper_gamma((double)(alive - 1) / 2, statistic / 2);
    assert_true(statistics_accept("many types", p));
}

static void multinomial__over_many_types_follows_its_law(void **state)
{
    (void)state;
    draw_types *const forms[] = {ws_sample_multinomial_counts, multinomial_of_doubles};
    for (uint64_t i = 0; i < 2; i++) {
        check_many_types(forms[i], TYPES, 5, 1, true, 320 + i);
        check_many_types(forms[i], TYPES, 300, 1, true, 322 + i);
        check_many_types(forms[i], TYPES, 100000, 1, true, 324 + i);
        check_many_types(forms[i], TYPES, 300, UINT64_C(1) << 50, true, 326 + i);
    }
    check_many_types(forms[0], MANY, 300, 1, true, 350);
    check_many_types(forms[0], MANY, 5 * MANY, 1, true, 351);
    check_many_types(forms[0], MANY, 5 * MANY, 1000, true, 352);
    check_many_types(forms[0], MANY, 100 * MANY, 1, true, 353);
}

static void multivariate_hypergeometric__over_many_types_follows_its_law(void **state)
{
    (void)state;
    draw_types *draw = ws_sample_multivariate_hypergeometric;
    check_many_types(draw, TYPES, 5, 1, false, 330);
    check_many_types(draw, TYPES, 300, 1, false, 331);
    check_many_types(draw, TYPES, 1000, 1, false, 332);
    check_many_types(draw, TYPES, 20000, 1000, false, 333);
    check_many_types(draw, MANY, 300, 1, false, 354);
    check_many_types(draw, MANY, 2 * MANY, 1, false, 355);
    check_many_types(draw, MANY, 5 * MANY, 1000, false, 356);
}

static void multinomial__gives_a_lone_type_everything(void **state)
{
    (void)state;
    uint64_t weights[TYPES] = {0}, out[TYPES];
    weights[130] = 3;
    struct ws_rng rng = generator(340);
    draw_types *const forms[] = {ws_sample_multinomial_counts, multinomial_of_doubles};
    for (int i = 0; i < 2; i++) {
        forms[i](&rng, WS_SAMPLE_MAX, weights, TYPES, out);
        for (size_t t = 0; t < TYPES; t++)
            assert_true(out[t] == (t == 130 ? WS_SAMPLE_MAX : 0));
        forms[i](&rng, 0, weights, TYPES, out);
        for (size_t t = 0; t < TYPES; t++)
            assert_true(out[t] == 0);
    }
}

static void multivariate_hypergeometric__of_all_is_all(void **state)
{
    (void)state;
    uint64_t counts[TYPES], out[TYPES];
    uint64_t total = set_weights(counts, TYPES, 1000);
    struct ws_rng rng = generator(341);
    ws_sample_multivariate_hypergeometric(&rng, total, counts, TYPES, out);
    assert_memory_equal(out, counts, sizeof counts);
}

static void multinomial__repeats_itself(void **state)
{
    (void)state;
    uint64_t weights[TYPES], first[TYPES], second[TYPES];
    (void)set_weights(weights, TYPES, 10);
    draw_types *const forms[] = {ws_sample_multinomial_counts, multinomial_of_doubles,
                                 ws_sample_multivariate_hypergeometric};
    for (int i = 0; i < 3; i++) {
        struct ws_rng a = generator(342), b = generator(342);
        forms[i](&a, 1000, weights, TYPES, first);
        forms[i](&b, 1000, weights, TYPES, second);
        assert_memory_equal(first, second, sizeof first);
        assert_int_equal(ws_rng_u32(&a), ws_rng_u32(&b));
    }
}

/* Block by block the same, up to where all items are placed. */
static void multinomial__gives_the_counts_of_one_block_after_the_other(void **state)
{
    (void)state;
    static uint64_t weights[MANY], whole[MANY], block[WS_TYPE_BLOCK];
    uint64_t total = set_weights(weights, MANY, 1);
    struct ws_rng a = generator(357), b = generator(357);
    ws_sample_multinomial_counts(&a, 1000, weights, MANY, whole);
    struct ws_multinomial it = {&b, weights, MANY, 1000, total};
    size_t done = 0;
    for (size_t size; (size = ws_multinomial_next(&it, block)) > 0; done += size) {
        assert_int_equal(size, done + WS_TYPE_BLOCK <= MANY ? WS_TYPE_BLOCK : MANY - done);
        assert_memory_equal(block, whole + done, size * sizeof *block);
    }
    assert_int_equal(done, MANY);
    memset(weights + WS_TYPE_BLOCK, 0, (MANY - WS_TYPE_BLOCK) * sizeof *weights);
    it = (struct ws_multinomial){&b, weights, MANY, 10, 0};
    for (size_t i = 0; i < WS_TYPE_BLOCK; i++)
        it.rest += weights[i];
    assert_int_equal(ws_multinomial_next(&it, block), WS_TYPE_BLOCK);
    assert_int_equal(ws_multinomial_next(&it, block), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multinomial__follows_its_law_jointly),
        cmocka_unit_test(multivariate_hypergeometric__follows_its_law_jointly),
        cmocka_unit_test(multinomial__over_many_types_follows_its_law),
        cmocka_unit_test(multivariate_hypergeometric__over_many_types_follows_its_law),
        cmocka_unit_test(multinomial__gives_a_lone_type_everything),
        cmocka_unit_test(multivariate_hypergeometric__of_all_is_all),
        cmocka_unit_test(multinomial__repeats_itself),
        cmocka_unit_test(multinomial__gives_the_counts_of_one_block_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
