/* Poisson, binomial and hypergeometric counts; those of many types are in test_sampler_types.c. */
#include "base/sampler.h"

#include <setjmp.h>
#include <stdarg.h>

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

/* A distribution of one count, and what it is held against. */
struct law {
    uint64_t n, good, bad; /* n: of a hypergeometric, the draws */
    double p;              /* of a Poisson, the mean */
    double mean, variance;
    uint64_t least, most; /* the support */
    uint64_t (*draw)(struct ws_rng *rng, const struct law *law);
    double (*log_density)(const struct law *law, uint64_t k);
};

static uint64_t draw_poisson(struct ws_rng *rng, const struct law *law)
{
    return ws_sample_poisson(rng, law->p);
}

static double log_poisson_density(const struct law *law, uint64_t k)
{
    return (double)k * log(law->p) - law->p - log_factorial(k);
}

static struct law poisson(double mean)
{
    return (struct law){.p = mean,
                        .mean = mean,
                        .variance = mean,
                        .most = UINT64_C(1) << 63,
                        .draw = draw_poisson,
                        .log_density = log_poisson_density};
}

static uint64_t draw_binomial(struct ws_rng *rng, const struct law *law)
{
    return ws_sample_binomial(rng, law->n, law->p);
}

static double log_binomial_density(const struct law *law, uint64_t k)
{
    return log_choose(law->n, k) + (double)k * log(law->p) + (double)(law->n - k) * log1p(-law->p);
}

static struct law binomial(uint64_t n, double p)
{
    return (struct law){.n = n,
                        .p = p,
                        .mean = (double)n * p,
                        .variance = (double)n * p * (1 - p),
                        .most = n,
                        .draw = draw_binomial,
                        .log_density = log_binomial_density};
}

static uint64_t draw_hypergeometric(struct ws_rng *rng, const struct law *law)
{
    return ws_sample_hypergeometric(rng, law->good, law->bad, law->n);
}

static double log_hypergeometric_density(const struct law *law, uint64_t k)
{
    return log_choose(law->good, k) + log_choose(law->bad, law->n - k) -
           log_choose(law->good + law->bad, law->n);
}

static struct law hypergeometric(uint64_t good, uint64_t bad, uint64_t draws)
{
    double total = (double)good + (double)bad;
    double p = (double)good / total, n = (double)draws;
    return (struct law){.n = draws,
                        .good = good,
                        .bad = bad,
                        .mean = n * p,
                        .variance = n * p * (1 - p) * (total - n) / (total - 1),
                        .least = draws > bad ? draws - bad : 0,
                        .most = draws < good ? draws : good,
                        .draw = draw_hypergeometric,
                        .log_density = log_hypergeometric_density};
}

/* Draws, checked to lie in the support, with mean and variance within 4 standard errors (that of
 * the variance from the fourth moment of the draws). */
static uint64_t *draw_many(const struct law *law, size_t count, uint64_t item)
{
    uint64_t *draws = malloc(count * sizeof *draws);
    assert_non_null(draws);
    struct ws_rng rng = generator(item);
    double first = 0, second = 0, fourth = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        draws[i] = law->draw(&rng, law);
        assert_true(draws[i] >= law->least && draws[i] <= law->most);
        double x = (double)draws[i] - law->mean;
        first += x;
        second += x * x;
        fourth += x * x * x * x;
    }
    double z_mean = first / sqrt(n * law->variance);
    double spread = fourth - second * second / n;
    double z_variance = spread > 0 ? (second - n * law->variance) / sqrt(spread) : 0;
    assert_true(statistics_accept("mean", statistics_normal_p(z_mean)));
    assert_true(statistics_accept("variance", statistics_normal_p(z_variance)));
    return draws;
}

/* Chi-squared over every count within 9 standard deviations, the rest lumped into the ends. A
 * million draws show a constant of a rejection method that is 2 % off. */
static void check_every_count(const char *what, struct law law, uint64_t item)
{
    size_t count = statistics_draws(1000000);
    uint64_t *draws = draw_many(&law, count, item);
    double reach = 9 * sqrt(law.variance) + 9;
    uint64_t low = law.mean - reach > (double)law.least ? (uint64_t)(law.mean - reach) : law.least;
    uint64_t high = law.mean + reach < (double)law.most ? (uint64_t)(law.mean + reach) : law.most;
    size_t cells = high - low + 1;
    uint64_t *seen = calloc(cells, sizeof *seen);
    double *expected = calloc(cells, sizeof *expected);
    assert_true(seen && expected);
    double total = 0;
    for (size_t i = 0; i < cells; i++)
        total += expected[i] = (double)count * exp(law.log_density(&law, low + i));
    assert_true(fabs(total / (double)count - 1) < 1e-6);
    for (size_t i = 0; i < count; i++)
        seen[draws[i] < low ? 0 : draws[i] > high ? cells - 1 : draws[i] - low]++;
    if (!statistics_accept(what, statistics_chi_squared_p(seen, expected, cells)))
        fail_msg("%s: n %g, p %g, good %g, bad %g", what, (double)law.n, law.p, (double)law.good,
                 (double)law.bad);
    free(expected);
    free(seen);
    free(draws);
}

static double standard_normal_cdf(const void *law, double x)
{
    (void)law;
    return 0.5 * erfc(-x / sqrt(2));
}

/* For laws so wide (a standard deviation of 10^5 and more) that their distance from a normal one
 * is far below what the test can see. */
static void check_against_normal(const char *what, struct law law, uint64_t item)
{
    size_t count = statistics_draws(200000);
    uint64_t *draws = draw_many(&law, count, item);
    double *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = ((double)draws[i] - law.mean) / sqrt(law.variance);
    double p = statistics_ks_p(values, count, standard_normal_cdf, NULL);
    if (!statistics_accept(what, p))
        fail_msg("%s: n %g, p %g", what, (double)law.n, law.p);
    free(values);
    free(draws);
}

static void poisson__follows_its_law(void **state)
{
    (void)state;
    static const double means[] = {1e-3, 0.5, 3, 9.99, 10, 14.3, 40, 1000, 123456.7};
    for (uint64_t i = 0; i < sizeof means / sizeof means[0]; i++)
        check_every_count("Poisson", poisson(means[i]), i);
    check_against_normal("Poisson", poisson(1e12), 20);
    check_against_normal("Poisson", poisson(0x1p60), 21);
}

static void poisson__of_mean_0_is_0(void **state)
{
    (void)state;
    struct ws_rng rng = generator(22);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ws_sample_poisson(&rng, 0), 0);
}

static void binomial__of_small_mean_follows_its_law(void **state)
{
    (void)state;
    check_every_count("binomial", binomial(1, 0.3), 100);
    check_every_count("binomial", binomial(10, 0.5), 101);
    check_every_count("binomial", binomial(19, 0.5), 102);
    check_every_count("binomial", binomial(100, 0.05), 103);
    check_every_count("binomial", binomial(1000000, 3e-6), 104);
    check_every_count("binomial", binomial(1000000, 1e-9), 105);
    check_every_count("binomial", binomial(50, 0.97), 106);
    check_every_count("binomial", binomial(1000, 0.999), 107);
}

static void binomial__of_large_mean_follows_its_law(void **state)
{
    (void)state;
    check_every_count("binomial", binomial(20, 0.5), 110);
    check_every_count("binomial", binomial(21, 0.49), 111);
    check_every_count("binomial", binomial(100, 0.12), 112);
    check_every_count("binomial", binomial(100, 0.7), 113);
    check_every_count("binomial", binomial(1000, 0.5), 114);
    check_every_count("binomial", binomial(100000, 0.0002), 115);
    check_every_count("binomial", binomial(1000000, 0.4), 116);
    check_every_count("binomial", binomial(1000000, 0.9), 117);
}

/* At n = 2^62 a count has more bits than a double; with a mean of 7 or 20 the law is Poisson's, but
 * for 10^-17. */
static void binomial__of_huge_n_follows_its_law(void **state)
{
    (void)state;
    uint64_t huge = UINT64_C(1) << 62;
    check_against_normal("binomial", binomial(UINT64_C(1000000000000), 0.3), 120);
    check_against_normal("binomial", binomial(UINT64_C(1000000000000), 0.99), 121);
    check_against_normal("binomial", binomial(huge, 0.5), 122);
    check_against_normal("binomial", binomial(huge, 0.125), 123);
    check_against_normal("binomial", binomial(huge, 0.9), 124);
    for (int i = 0; i < 2; i++) {
        double mean = i ? 20 : 7;
        struct law law = poisson(mean);
        law.n = huge;
        law.p = mean / 0x1p62;
        law.draw = draw_binomial;
        struct law poisson_law = poisson(mean);
        uint64_t *draws = draw_many(&law, statistics_draws(200000), 125);
        uint64_t seen[64] = {0};
        double expected[64];
        for (size_t d = 0; d < statistics_draws(200000); d++)
            seen[draws[d] < 63 ? draws[d] : 63]++;
        for (uint64_t k = 0; k < 64; k++)
            expected[k] =
                (double)statistics_draws(200000) * exp(poisson_law.log_density(&poisson_law, k));
        assert_true(statistics_accept("huge n", statistics_chi_squared_p(seen, expected, 64)));
        free(draws);
    }
}

/* Consecutive counts of a wide law come equally often: their low bits are fair. */
static void counts__have_fair_low_bits(void **state)
{
    (void)state;
    size_t count = statistics_draws(100000);
    const struct law laws[] = {
        binomial(UINT64_C(1) << 62, 0.3),
        binomial(UINT64_C(1) << 61, 0.75),
        hypergeometric(UINT64_C(1) << 60, UINT64_C(1) << 61, UINT64_C(1) << 59),
        poisson(0x1p60),
    };
    for (size_t l = 0; l < sizeof laws / sizeof laws[0]; l++) {
        uint64_t seen[16] = {0};
        double expected[16];
        struct ws_rng rng = generator(130 + l);
        for (size_t i = 0; i < count; i++)
            seen[laws[l].draw(&rng, &laws[l]) % 16]++;
        for (int i = 0; i < 16; i++)
            expected[i] = (double)count / 16;
        assert_true(statistics_accept("low bits", statistics_chi_squared_p(seen, expected, 16)));
    }
}

static void binomial__of_a_certain_outcome_is_certain(void **state)
{
    (void)state;
    struct ws_rng rng = generator(140);
    uint64_t huge = WS_SAMPLE_MAX;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ws_sample_binomial(&rng, 0, 0.5), 0);
        assert_true(ws_sample_binomial(&rng, huge, 0) == 0);
        assert_true(ws_sample_binomial(&rng, huge, 1) == huge);
        assert_true(ws_sample_binomial(&rng, huge, 1e-300) == 0);
    }
}

static void hypergeometric__item_by_item_follows_its_law(void **state)
{
    (void)state;
    check_every_count("hypergeometric", hypergeometric(5, 10, 6), 200);
    check_every_count("hypergeometric", hypergeometric(10, 5, 12), 201);
    check_every_count("hypergeometric", hypergeometric(3, 1000, 500), 202);
    check_every_count("hypergeometric", hypergeometric(1000, 3, 500), 203);
    check_every_count("hypergeometric", hypergeometric(16, 100, 90), 204);
    check_every_count("hypergeometric", hypergeometric(1000000, 2000000, 10), 205);
    check_every_count("hypergeometric", hypergeometric(1000000, 2000000, 2999990), 206);
}

static void hypergeometric__by_ratio_follows_its_law(void **state)
{
    (void)state;
    check_every_count("hypergeometric", hypergeometric(17, 17, 17), 210);
    check_every_count("hypergeometric", hypergeometric(17, 1000, 100), 211);
    check_every_count("hypergeometric", hypergeometric(20, 1000000, 300), 212);
    check_every_count("hypergeometric", hypergeometric(50, 60, 40), 213);
    check_every_count("hypergeometric", hypergeometric(50, 60, 90), 214);
    check_every_count("hypergeometric", hypergeometric(60, 50, 90), 215);
    check_every_count("hypergeometric", hypergeometric(1000, 1000000, 1000), 216);
    check_every_count("hypergeometric", hypergeometric(1000, 1000000, 100000), 217);
    check_every_count("hypergeometric", hypergeometric(300000, 500000, 700000), 218);
    uint64_t giga = UINT64_C(1000000000);
    check_against_normal("hypergeometric", hypergeometric(300 * giga, 500 * giga, 100 * giga), 220);
    check_against_normal("hypergeometric",
                         hypergeometric(UINT64_C(1) << 61, UINT64_C(1) << 60, UINT64_C(1) << 61),
                         221);
}

static void hypergeometric__of_a_certain_outcome_is_certain(void **state)
{
    (void)state;
    struct ws_rng rng = generator(230);
    assert_int_equal(ws_sample_hypergeometric(&rng, 0, 0, 0), 0);
    assert_int_equal(ws_sample_hypergeometric(&rng, 1000, 500, 0), 0);
    assert_int_equal(ws_sample_hypergeometric(&rng, 1000, 500, 1500), 1000);
    assert_int_equal(ws_sample_hypergeometric(&rng, 1000, 0, 700), 700);
    assert_int_equal(ws_sample_hypergeometric(&rng, 0, 1000, 700), 0);
}

static void samplers__repeat_themselves(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct ws_rng a = generator(240), b = generator(240);
        assert_true(ws_sample_poisson(&a, 50) == ws_sample_poisson(&b, 50));
        assert_true(ws_sample_binomial(&a, 99, 0.4) == ws_sample_binomial(&b, 99, 0.4));
        assert_true(ws_sample_hypergeometric(&a, 50, 60, 40) ==
                    ws_sample_hypergeometric(&b, 50, 60, 40));
        assert_int_equal(ws_rng_u32(&a), ws_rng_u32(&b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson__follows_its_law),
        cmocka_unit_test(poisson__of_mean_0_is_0),
        cmocka_unit_test(binomial__of_small_mean_follows_its_law),
        cmocka_unit_test(binomial__of_large_mean_follows_its_law),
        cmocka_unit_test(binomial__of_huge_n_follows_its_law),
        cmocka_unit_test(counts__have_fair_low_bits),
        cmocka_unit_test(binomial__of_a_certain_outcome_is_certain),
        cmocka_unit_test(hypergeometric__item_by_item_follows_its_law),
        cmocka_unit_test(hypergeometric__by_ratio_follows_its_law),
        cmocka_unit_test(hypergeometric__of_a_certain_outcome_is_certain),
        cmocka_unit_test(samplers__repeat_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
