/*
 * Metrics of mixtures against formulas by hand and plain integration.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "measure/metric_set.h"
#include "measure/mixture_distance.h"

enum { MOST = 3 };

/* Numbers of a mixture in a test's hands. */
struct made {
    struct ws_gmm mixture;
    double weights[MOST], means[MOST * MOST], covariances[MOST * MOST * MOST];
};

static const struct ws_gmm *of(struct made *made, uint32_t components, uint32_t dimension)
{
    made->mixture = (struct ws_gmm){.components = components,
                                    .dimension = dimension,
                                    .weights = made->weights,
                                    .means = made->means,
                                    .covariances = made->covariances};
    return &made->mixture;
}

static double l2_squared(const struct ws_gmm *f, const struct ws_gmm *g)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    double distance, back;
    assert_int_equal(ws_gmm_l2_squared(f, g, &arena, &distance, NULL), WS_OK);
    assert_int_equal(ws_gmm_l2_squared(g, f, &arena, &back, NULL), WS_OK);
    assert_true(distance == back || fabs(distance - back) <= 1e-12 * distance);
    ws_arena_release(&arena);
    return distance;
}

/* N(0, 1) and N(m, s^2): 1/sqrt(4 pi) + 1/sqrt(4 pi s^2) - 2 N(m; 0, 1 + s^2). */
static void mixture_metrics__two_gaussians_by_hand(void **state)
{
    (void)state;
    const double pi = acos(-1);
    struct made a = {.weights = {1}, .covariances = {1}};
    struct made b = {.weights = {1}, .means = {0.7}, .covariances = {0.25}};
    double expected =
        1 / sqrt(4 * pi) + 1 / sqrt(pi) - 2 * exp(-0.5 * 0.49 / 1.25) / sqrt(2 * pi * 1.25);
    assert_true(fabs(l2_squared(of(&a, 1, 1), of(&b, 1, 1)) - expected) < 1e-14);
}

/* In two dimensions the narrow one's own term is 1 / (4 pi s^2): 534.6 for 0.0122. */
static void mixture_metrics__a_narrow_mixture_is_far_away(void **state)
{
    (void)state;
    const double pi = acos(-1), narrow = 0.0122 * 0.0122;
    struct made a = {.weights = {1}, .covariances = {1, 0, 0, 1}};
    struct made b = {.weights = {1}, .covariances = {narrow, 0, 0, narrow}};
    double expected = 1 / (4 * pi) + 1 / (4 * pi * narrow) - 2 / (2 * pi * (1 + narrow));
    double seen = l2_squared(of(&a, 1, 2), of(&b, 1, 2));
    assert_true(fabs(seen - expected) < 1e-11 * expected);
    assert_true(seen > 533 && seen < 536);
}

static double density(const struct ws_gmm *m, double x, double y)
{
    double sum = 0;
    for (size_t k = 0; k < m->components; k++) {
        const double *c = m->covariances + 4 * k;
        double u = x - m->means[2 * k], v = y - m->means[2 * k + 1];
        double det = c[0] * c[3] - c[1] * c[1];
        double square = (c[3] * u * u - 2 * c[1] * u * v + c[0] * v * v) / det;
        sum += m->weights[k] * exp(-0.5 * square) / (2 * acos(-1) * sqrt(det));
    }
    return sum;
}

/* The midpoint rule converges fast where all vanishes at the edges. */
static void mixture_metrics__is_the_integral(void **state)
{
    (void)state;
    struct made a = {.weights = {0.4, 0.6},
                     .means = {-1, 0.5, 1, -0.25},
                     .covariances = {1, 0.3, 0.3, 0.5, 0.4, -0.2, -0.2, 0.8}};
    struct made b = {.weights = {0.2, 0.5, 0.3},
                     .means = {0, 0, 1, 1, -0.5, 0.75},
                     .covariances = {0.5, 0, 0, 0.5, 1, 0.6, 0.6, 0.7, 0.3, 0.1, 0.1, 0.9}};
    const struct ws_gmm *f = of(&a, 2, 2), *g = of(&b, 3, 2);
    const double step = 0.05;
    double expected = 0;
    for (int i = -200; i < 200; i++)
        for (int j = -200; j < 200; j++) {
            double x = (i + 0.5) * step, y = (j + 0.5) * step;
            double difference = density(f, x, y) - density(g, x, y);
            expected += difference * difference * step * step;
        }
    assert_true(fabs(l2_squared(f, g) - expected) < 1e-12);
}

static void mixture_metrics__equal_mixtures_are_at_no_distance(void **state)
{
    (void)state;
    struct made a = {.weights = {0.4, 0.6},
                     .means = {-1, 0.5, 1, -0.25},
                     .covariances = {1, 0.3, 0.3, 0.5, 0.4, -0.2, -0.2, 0.8}};
    struct made b = a;
    assert_true(l2_squared(of(&a, 2, 2), of(&b, 2, 2)) == 0);
    /* A density beyond double's range: infinite, and equal ones are still equal. */
    for (size_t i = 0; i < 8; i++)
        a.covariances[i] = i % 4 == 0 || i % 4 == 3 ? 1e-310 : 0;
    assert_true(l2_squared(of(&a, 2, 2), of(&b, 2, 2)) > 1e300);
    assert_true(l2_squared(of(&a, 2, 2), of(&a, 2, 2)) == 0);
}

static void mixture_metrics__spreads_by_hand(void **state)
{
    (void)state;
    struct made a = {.weights = {0.4, 0.6},
                     .means = {-1, 0.5, 1, -0.25},
                     .covariances = {1, 0.3, 0.3, 7, 0.4, -0.1, -0.1, 0.1}};
    const struct ws_gmm_settings settings = {.floor = 1e-6};
    struct ws_gmm_model model = {{.settings = &settings, .training_items = 33}, *of(&a, 2, 2)};
    assert_true(fabs(ws_gmm_spread(&model.mixture, 0) - 2) < 1e-15);
    assert_true(fabs(ws_gmm_spread(&model.mixture, 1) - 0.5) < 1e-15);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_mixture(&model, NULL, NULL, &arena, &set, NULL), WS_OK);
    assert_true(set.value[WS_METRIC_SPREAD_LEAST] == ws_gmm_spread(&model.mixture, 1));
    assert_true(set.value[WS_METRIC_SPREAD_MOST] == ws_gmm_spread(&model.mixture, 0));
    assert_false(set.has[WS_METRIC_MIXTURE_L2_SQUARED]);
    assert_int_equal(ws_measure_mixture(&model, &model, NULL, &arena, &set, NULL), WS_OK);
    assert_true(set.has[WS_METRIC_MIXTURE_L2_SQUARED]);
    assert_true(set.value[WS_METRIC_MIXTURE_L2_SQUARED] == 0);
    assert_int_equal(set.n[WS_METRIC_MIXTURE_L2_SQUARED], 33);
    ws_arena_release(&arena);
}

/* Of three components one is wide, one lies on a line that no coordinate runs along, and one is the
 * floor alone. */
static void mixture_metrics__the_floor_is_seen_in_any_direction(void **state)
{
    (void)state;
    const double floor = 1e-4;
    struct made a = {
        .weights = {0.4, 0.3, 0.3},
        .covariances = {1, 0.3, 0.3, 0.5, 1 + floor, 2, 2, 4 + floor, floor, 0, 0, floor}};
    static const struct {
        double floor;
        double floored;
    } cases[] = {{1e-4, 2}, {0.49e-4, 0}, {0, 0}, {0.2, 3}};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_gmm_settings settings = {.floor = cases[i].floor};
        struct ws_gmm_model model = {{.settings = &settings, .training_items = 9}, *of(&a, 3, 2)};
        struct ws_metric_set set = {0};
        assert_int_equal(ws_measure_mixture(&model, NULL, NULL, &arena, &set, NULL), WS_OK);
        assert_true(set.value[WS_METRIC_COMPONENTS_FLOORED] == cases[i].floored);
        assert_int_equal(set.n[WS_METRIC_COMPONENTS_FLOORED], 9);
    }
    ws_arena_release(&arena);
}

/* One Gaussian of mean 0 and variance 10 against two modes at -3 and 3. <f, f> is 1 / sqrt(4 pi
 * 10), <g, g> is (1 + exp(-9)) / 2 sqrt(4 pi), <f, g> is N(3; 0, 11). A truth of no width has no
 * density, and moons are no mixture. */
static void mixture_metrics__of_a_truth_by_hand(void **state)
{
    (void)state;
    double weight = 1, mean = 0, covariance = 10;
    const double modes[] = {-3, 3};
    const struct ws_gmm_settings settings = {.floor = 1e-6};
    const struct ws_gmm_model model = {{.settings = &settings, .training_items = 33},
                                       {.components = 1,
                                        .dimension = 1,
                                        .weights = &weight,
                                        .means = &mean,
                                        .covariances = &covariance}};
    struct ws_law law = {
        .row = &ws_law_blobs, .dimension = 1, .deviation = 1, .modes = modes, .mode_count = 2};
    struct ws_metric_set set = {0};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_measure_mixture(&model, NULL, &law, &arena, &set, NULL), WS_OK);
    const double pi = acos(-1);
    const double wanted =
        1 / sqrt(40 * pi) + (1 + exp(-9)) / 2 / sqrt(4 * pi) - 2 * exp(-9.0 / 22) / sqrt(22 * pi);
    assert_true(fabs(set.value[WS_METRIC_MIXTURE_L2_TRUTH] - wanted) < 1e-14);
    assert_int_equal(set.n[WS_METRIC_MIXTURE_L2_TRUTH], 33);
    law = (struct ws_law){.row = &ws_law_normal, .dimension = 1, .deviation = sqrt(10)};
    assert_int_equal(ws_measure_mixture(&model, NULL, &law, &arena, &set, NULL), WS_OK);
    assert_true(set.value[WS_METRIC_MIXTURE_L2_TRUTH] < 1e-15);
    set = (struct ws_metric_set){0};
    law.deviation = 0;
    assert_int_equal(ws_measure_mixture(&model, NULL, &law, &arena, &set, NULL), WS_OK);
    law.deviation = 1;
    law.row = &ws_law_moons;
    assert_int_equal(ws_measure_mixture(&model, NULL, &law, &arena, &set, NULL), WS_OK);
    assert_false(set.has[WS_METRIC_MIXTURE_L2_TRUTH]);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixture_metrics__two_gaussians_by_hand),
        cmocka_unit_test(mixture_metrics__a_narrow_mixture_is_far_away),
        cmocka_unit_test(mixture_metrics__is_the_integral),
        cmocka_unit_test(mixture_metrics__equal_mixtures_are_at_no_distance),
        cmocka_unit_test(mixture_metrics__spreads_by_hand),
        cmocka_unit_test(mixture_metrics__the_floor_is_seen_in_any_direction),
        cmocka_unit_test(mixture_metrics__of_a_truth_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
