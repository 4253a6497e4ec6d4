/* Contract of data/law_regression.h; what all laws promise is held in test_law.c. */
#include "data/law_regression.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/statistics.h"

enum { SEED = 7, ITEMS = 100000 };

static const struct ws_law_settings settings = {.inputs = 3,
                                                .input_variance = 0.5,
                                                .weight_variance = 4,
                                                .noise_variance = 0.25,
                                                .separation = 1.5,
                                                .label_noise = 0.1};

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

static struct ws_law open_law(enum ws_law_id id, uint64_t seed, struct ws_arena *arena)
{
    struct ws_law law;
    assert_int_equal(ws_law_open(ws_law_row(id), &settings, seed, arena, &law, NULL), WS_OK);
    assert_int_equal(law.dimension, 4);
    return law;
}

static const double *draw(const struct ws_law *law, size_t count, struct ws_arena *arena)
{
    double *values = WS_ARENA_NEW(arena, double, count * law->dimension);
    assert_non_null(values);
    ws_law_draw(law, ws_rng_key(WS_STREAM_DATA, SEED, 0, 0), 0, count, values);
    return values;
}

/* The mean of `count` numbers is `wanted`, to four standard errors of its own. */
static void assert_mean(const double *x, size_t count, double wanted)
{
    double n = (double)count, sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] / n;
    for (size_t i = 0; i < count; i++)
        squares += (x[i] - sum) * (x[i] - sum) / (n - 1);
    if (statistics_decide())
        assert_true(fabs(sum - wanted) <= 4 * sqrt(squares / n));
}

static void linear__targets_lie_round_what_the_weights_say(void **state)
{
    struct ws_law law = open_law(WS_LAW_LINEAR, SEED, *state);
    const struct ws_linear_truth *truth = ws_law_linear_truth(&law);
    assert_non_null(truth);
    assert_int_equal(truth->inputs, 3);
    size_t n = statistics_draws(ITEMS);
    double *squares = WS_ARENA_NEW((struct ws_arena *)*state, double, n);
    const double *x = draw(&law, n, *state);
    for (size_t i = 0; i < n; i++) {
        double residual = x[i * 4 + 3];
        for (size_t j = 0; j < 3; j++)
            residual -= x[i * 4 + j] * truth->weights[j];
        squares[i] = residual * residual;
    }
    assert_mean(squares, n, 0.25);
    assert_true(law.gaussian && law.isotropic_variance == 0);
    assert_null(ws_law_two_class_truth(&law));
    assert_null(ws_law_linear_truth(NULL));
}

static void linear__weights_are_the_seed_s(void **state)
{
    struct ws_law law = open_law(WS_LAW_LINEAR, SEED, *state);
    struct ws_law same = open_law(WS_LAW_LINEAR, SEED, *state);
    struct ws_law other = open_law(WS_LAW_LINEAR, SEED + 1, *state);
    size_t size = 3 * sizeof(double);
    const double *weights = ws_law_linear_truth(&law)->weights;
    assert_memory_equal(ws_law_linear_truth(&same)->weights, weights, size);
    assert_memory_not_equal(ws_law_linear_truth(&other)->weights, weights, size);
    /* Over seeds they have their variance. */
    double squares[1000];
    for (uint64_t seed = 0; seed < 1000; seed++) {
        other = open_law(WS_LAW_LINEAR, seed, *state);
        squares[seed] = pow(ws_law_linear_truth(&other)->weights[1], 2);
    }
    assert_mean(squares, 1000, 4);
}

static void linear__has_its_density(void **state)
{
    struct ws_law law = open_law(WS_LAW_LINEAR, SEED, *state);
    const double *w = ws_law_linear_truth(&law)->weights;
    const double x[] = {1, -2, 0.5, 0.3};
    double residual = 0.3 - (w[0] - 2 * w[1] + 0.5 * w[2]);
    double wanted = -(5.25 / 0.5 + 3 * log(M_PI) + residual * residual / 0.25 + log(M_PI / 2)) / 2;
    assert_true(fabs(law.row->log_density(&law, x) - wanted) < 1e-12 * fabs(wanted));
}

static void two_class__labels_are_wrong_as_often_as_told(void **state)
{
    struct ws_law law = open_law(WS_LAW_TWO_CLASS, SEED, *state);
    const struct ws_two_class_truth *truth = ws_law_two_class_truth(&law);
    assert_non_null(truth);
    assert_true(fabs(truth->centre - 1.5 / sqrt(3)) < 1e-15);
    /* Seen from the label the inputs lie round the centre, but for the wrong ones: 1 - 2 * 0.1. */
    size_t n = statistics_draws(ITEMS);
    double *seen = WS_ARENA_NEW((struct ws_arena *)*state, double, n);
    const double *x = draw(&law, n, *state);
    for (size_t i = 0; i < n; i++) {
        assert_true(x[i * 4 + 3] == 0 || x[i * 4 + 3] == 1);
        seen[i] = x[i * 4 + 3] == 1 ? x[i * 4] : -x[i * 4];
    }
    assert_mean(seen, n, 0.8 * truth->centre);
    assert_null(ws_law_linear_truth(&law));
}

/* Wrong are labels that noise turned, and those of inputs beyond the middle that it did not. */
static void two_class__a_label_is_right_if_its_centre_is_nearer(void **state)
{
    struct ws_law law = open_law(WS_LAW_TWO_CLASS, SEED, *state);
    const struct ws_two_class_truth *truth = ws_law_two_class_truth(&law);
    const double near[] = {1, 1, -1.5, 1}, far[] = {-1, -1, 1.5, 1};
    assert_true(law.row->is_right(&law, near));
    assert_false(law.row->is_right(&law, far));
    size_t n = statistics_draws(ITEMS);
    double *right = WS_ARENA_NEW((struct ws_arena *)*state, double, n);
    const double *x = draw(&law, n, *state);
    for (size_t i = 0; i < n; i++)
        right[i] = law.row->is_right(&law, x + i * 4);
    double distance = truth->centre * sqrt(truth->inputs) / sqrt(truth->input_variance);
    double beyond = erfc(distance / M_SQRT2) / 2, noise = truth->label_noise;
    assert_mean(right, n, (1 - beyond) * (1 - noise) + beyond * noise);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(linear__targets_lie_round_what_the_weights_say),
        TEST(linear__weights_are_the_seed_s),
        TEST(linear__has_its_density),
        TEST(two_class__labels_are_wrong_as_often_as_told),
        TEST(two_class__a_label_is_right_if_its_centre_is_nearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
