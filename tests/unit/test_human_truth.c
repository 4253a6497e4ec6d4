/*
 * Generators of human data follow their laws.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>

#include "data/human.h"
#include "support/failing_heap.h"
#include "support/human_data.h"

static void human__truth_is_uniform_or_zipf(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = zipf_settings(fixture);
    settings.types = 3;
    struct ws_human *human = open_human(&settings);
    const struct ws_truth *truth = ws_human_truth(human);
    const double harmonic[] = {6.0 / 11, 3.0 / 11, 2.0 / 11};
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fabs(ws_truth_of(truth, i) - harmonic[i]) < 1e-15);
    ws_human_close(human);

    settings.shift = 1; /* 1/4, 1/9, 1/16, over 61/144 */
    settings.exponent = 2;
    human = open_human(&settings);
    truth = ws_human_truth(human);
    const double shifted[] = {36.0 / 61, 16.0 / 61, 9.0 / 61};
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fabs(ws_truth_of(truth, i) - shifted[i]) < 1e-15);
    ws_human_close(human);

    settings.source = WS_HUMAN_UNIFORM;
    settings.types = 8;
    human = open_human(&settings);
    truth = ws_human_truth(human);
    for (uint32_t i = 0; i < 8; i++)
        assert_true(ws_truth_of(truth, i) == 0.125);
    size_t inputs;
    (void)ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 0);
    assert_null(ws_human_vocabulary(human));
    assert_null(deal_of(human, 1, &fixture->arena).law);
    ws_human_close(human);

    settings = normal_settings(fixture);
    human = open_human(&settings);
    assert_null(ws_human_truth(human));
    assert_true(deal_of(human, 1, &fixture->arena).law->isotropic_variance == 4);
    ws_human_close(human);
}

static void human__steep_zipf_laws_stay_finite(void **state)
{
    struct ws_human_settings settings = zipf_settings(*state);
    settings.exponent = 100;
    settings.shift = -0.999;
    settings.types = 100000;
    struct ws_human *human = open_human(&settings);
    const struct ws_truth *truth = ws_human_truth(human);
    for (uint32_t i = 0; i < settings.types; i++)
        assert_true(ws_truth_of(truth, i) >= 0 && ws_truth_of(truth, i) <= 1);
    assert_true(ws_truth_of(truth, 0) > 0.999);
    ws_human_close(human);
}

static void human__symbols_follow_the_truth(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = zipf_settings(fixture);
    settings.types = 20;
    settings.items = 100000;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    uint64_t seen[20] = {0};
    tally(&deal.original, seen, &fixture->arena);
    double sum = 0;
    for (uint32_t i = 0; i < 20; i++) {
        double expected = 100000 * ws_truth_of(ws_human_truth(human), i);
        sum += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
    }
    assert_true(sum < 43.82); /* 19 degrees of freedom, 0.1 % */
    ws_human_close(human);
}

static void human__normals_have_their_mean_and_covariance(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = normal_settings(fixture);
    settings.law.dimension = 2;
    settings.items = 100000;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const double *x = deal.original.segments[0].payload->vectors;
    double n = 100000, mean[2] = {0}, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < 100000; i++) {
        mean[0] += x[2 * i] / n;
        mean[1] += x[2 * i + 1] / n;
        xx += x[2 * i] * x[2 * i] / n;
        yy += x[2 * i + 1] * x[2 * i + 1] / n;
        xy += x[2 * i] * x[2 * i + 1] / n;
    }
    /* Four standard errors: of a mean 2 / sqrt(n), of a variance 4 sqrt(2 / n), of a covariance
     * 4 / sqrt(n). */
    for (size_t d = 0; d < 2; d++)
        assert_true(fabs(mean[d]) < 4 * 2 / sqrt(n));
    assert_true(fabs(xx - 4) < 4 * 4 * sqrt(2 / n));
    assert_true(fabs(yy - 4) < 4 * 4 * sqrt(2 / n));
    assert_true(fabs(xy) < 4 * 4 / sqrt(n));
    ws_human_close(human);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truth_is_uniform_or_zipf),
        TEST(steep_zipf_laws_stay_finite),
        TEST(symbols_follow_the_truth),
        TEST(normals_have_their_mean_and_covariance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
