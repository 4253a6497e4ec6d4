#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/gaussian.h"

static const struct ws_family_ops *const family = &ws_family_gaussian;
static const struct ws_origin ORIGINAL = {.source = WS_SOURCE_ORIGINAL};
static const struct ws_gaussian_settings unbiased = {WS_GAUSSIAN_UNBIASED};
static const struct ws_gaussian_settings mle = {WS_GAUSSIAN_MLE};

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

static struct ws_dataset vectors(const double *values, uint64_t count, uint32_t dimension,
                                 struct ws_arena *arena)
{
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = WS_DATA_VECTORS;
    payload->count = count;
    payload->dimension = dimension;
    payload->vectors = values;
    struct ws_dataset data;
    assert_int_equal(ws_dataset_of(payload, ORIGINAL, arena, &data, NULL), WS_OK);
    return data;
}

static enum ws_status try_fit(const struct ws_gaussian_settings *settings,
                              const struct ws_dataset *data, struct ws_arena *arena,
                              const struct ws_gaussian_model **out, struct ws_error *err)
{
    const struct ws_model *model;
    struct ws_rng_key key = {{0, 0}, 0};
    WS_TRY(family->fit(settings, 1, &data, &key, NULL, arena, &model, err));
    *out = (const struct ws_gaussian_model *)model;
    return WS_OK;
}

static const struct ws_gaussian_model *fit(const struct ws_gaussian_settings *settings,
                                           const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_gaussian_model *model = NULL;
    assert_int_equal(try_fit(settings, data, arena, &model, NULL), WS_OK);
    return model;
}

static double score(const struct ws_gaussian_model *model, const double *values, uint64_t count,
                    struct ws_arena *arena)
{
    struct ws_dataset data = vectors(values, count, model->dimension, arena);
    double sum;
    uint64_t terms;
    assert_int_equal(family->log_density(&model->base, &data, arena, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, count);
    return sum;
}

static void assert_close(double seen, double wanted)
{
    if (!(fabs(seen - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

/* Correlated, covariance (1, 0.5; 0.5, 1) with divisor n - 1, mean (1, 1). */
static const double triangle[] = {0, 0, 1, 2, 2, 1};

static void gaussian__divides_by_what_the_estimator_says(void **state)
{
    static const double x[] = {1, 2, 4};
    struct ws_dataset data = vectors(x, 3, 1, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    assert_close(model->mean[0], 7.0 / 3);
    assert_close(model->covariance[0], 7.0 / 3);
    assert_close(fit(&mle, &data, *state)->covariance[0], 14.0 / 9);
}

/* A sum of 12,500 terms loses 12,500 half ulps at most, and at most 65 times as much when squares
 * are taken from an item 8 deviations from the mean: 9e-11. Taken from the first item here, 100,000
 * times. */
static void gaussian__fits_what_lies_far_from_the_first_item(void **state)
{
    enum { ITEMS = 100001 };
    static double x[ITEMS];
    for (int i = 1; i < ITEMS; i++)
        x[i] = 0.1 * (i % 7 - 3);
    static const double firsts[] = {1e3, 1, 0.2};
    for (int first = 0; first < 3; first++) {
        x[0] = firsts[first];
        struct ws_dataset data = vectors(x, ITEMS, 1, *state);
        long double mean = 0, squares = 0;
        for (int i = 0; i < ITEMS; i++)
            mean += (long double)x[i] / ITEMS;
        for (int i = 0; i < ITEMS; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        const struct ws_gaussian_model *model = fit(&mle, &data, *state);
        assert_close(model->mean[0], (double)mean);
        assert_true(fabs(model->covariance[0] / (double)(squares / ITEMS) - 1) < 1e-10);
    }
}

static void gaussian__fits_covariances(void **state)
{
    struct ws_dataset data = vectors(triangle, 3, 2, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    static const double covariance[] = {1, 0.5, 0.5, 1};
    for (int i = 0; i < 4; i++)
        assert_close(model->covariance[i], covariance[i]);
    assert_close(model->mean[0], 1);
    assert_close(model->mean[1], 1);
    assert_close(fit(&mle, &data, *state)->covariance[1], 1.0 / 3);
}

static void gaussian__fits_all_segments_and_picked_items(void **state)
{
    static const double x[] = {100, 1, 2, 200, 4, 3, 300};
    struct ws_dataset all = vectors(x, 7, 1, *state);
    static const uint32_t pick[] = {1, 4};
    struct ws_segment segments[] = {all.segments[0], all.segments[0], all.segments[0]};
    segments[0].first = 2;
    segments[0].count = 1; /* 2 */
    segments[1].pick = pick;
    segments[1].count = 2; /* 1, 4 */
    segments[2].first = 5;
    segments[2].count = 1; /* 3 */
    all.segments = segments;
    all.segment_count = 3;
    all.count = 4;
    const struct ws_gaussian_model *model = fit(&unbiased, &all, *state);
    assert_close(model->mean[0], 2.5);
    assert_close(model->covariance[0], 5.0 / 3);
}

/* Weights 2 and 1 of items are the first item twice. */
static void gaussian__weighs_items(void **state)
{
    static const double x[] = {1, 2, 4, 8, 5, -3, 0.5, 7};
    for (uint32_t dimension = 1; dimension <= 2; dimension++) {
        struct ws_dataset plain = vectors(x, 4, dimension, *state);
        struct ws_dataset other = vectors(x + 2, 3, dimension, *state);
        struct ws_dataset heavy, weighed, repeated;
        assert_int_equal(ws_dataset_weigh(&plain, 2, *state, &heavy, NULL), WS_OK);
        const struct ws_dataset weights[] = {heavy, other}, repeats[] = {plain, plain, other};
        assert_int_equal(ws_dataset_concat(weights, 2, *state, &weighed, NULL), WS_OK);
        assert_int_equal(ws_dataset_concat(repeats, 3, *state, &repeated, NULL), WS_OK);
        const struct ws_gaussian_model *a = fit(&mle, &weighed, *state);
        const struct ws_gaussian_model *b = fit(&mle, &repeated, *state);
        const struct ws_gaussian_model *c = fit(&unbiased, &weighed, *state);
        for (uint32_t i = 0; i < dimension; i++)
            assert_close(a->mean[i], b->mean[i]);
        /* W = 11, the sum of squares 19. */
        for (uint32_t i = 0; i < dimension * dimension; i++) {
            assert_close(a->covariance[i], b->covariance[i]);
            assert_close(c->covariance[i], a->covariance[i] * 11 / (11 - 19.0 / 11));
        }
    }
}

/* A weight that all share changes nothing but rounding. */
static void gaussian__of_equal_weights_is_the_unweighted_one(void **state)
{
    static const double x[] = {1, 2, 4, 8, 5, -3};
    struct ws_dataset data = vectors(x, 6, 1, *state), weighed;
    assert_int_equal(ws_dataset_weigh(&data, 0.3, *state, &weighed, NULL), WS_OK);
    const struct ws_gaussian_model *a = fit(&unbiased, &data, *state);
    const struct ws_gaussian_model *b = fit(&unbiased, &weighed, *state);
    assert_close(a->mean[0], b->mean[0]);
    assert_close(a->covariance[0], b->covariance[0]);
}

static void gaussian__biased_it_has_less_covariance(void **state)
{
    struct ws_dataset data = vectors(triangle, 3, 2, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    const struct ws_model *out;
    assert_int_equal(family->bias(&model->base, 0.25, *state, &out, NULL), WS_OK);
    const struct ws_gaussian_model *biased = (const struct ws_gaussian_model *)out;
    for (int i = 0; i < 4; i++)
        assert_close(biased->covariance[i], 0.25 * model->covariance[i]);
    assert_close(biased->mean[0], 1);
}

static void gaussian__keeps_its_precision_far_from_zero(void **state)
{
    static const double x[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    struct ws_dataset data = vectors(x, 4, 1, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    assert_close(model->mean[0], 1e9 + 10);
    assert_close(model->covariance[0], 30);
}

static void gaussian__of_equal_items_has_zero_variance_and_stays_there(void **state)
{
    double x[300];
    for (int i = 0; i < 300; i++)
        x[i] = 0.1; /* its multiples are not exact */
    for (uint32_t dimension = 1; dimension <= 3; dimension++) {
        struct ws_dataset data = vectors(x, 99, dimension, *state);
        const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
        const struct ws_model *base = &model->base;
        uint64_t count = 50;
        struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 0, 0);
        const struct ws_payload *payload;
        assert_int_equal(family->sample(1, &base, &count, &key, NULL, *state, &payload, NULL),
                         WS_OK);
        for (uint32_t i = 0; i < dimension; i++)
            assert_true(model->mean[i] == 0.1);
        for (uint32_t i = 0; i < dimension * dimension; i++)
            assert_true(model->covariance[i] == 0);
        for (uint32_t i = 0; i < 50 * dimension; i++)
            assert_true(payload->vectors[i] == 0.1);
        double log_determinant;
        assert_int_equal(ws_gaussian_log_determinant(model, *state, &log_determinant, NULL), WS_OK);
        assert_true(log_determinant == -INFINITY);
        assert_true(score(model, x, 4, *state) == -INFINITY);
    }
}

static void gaussian__scores_by_its_density(void **state)
{
    const double log_two_pi = 1.8378770664093454836;
    static const double line[] = {-1, 1};
    struct ws_dataset data = vectors(line, 2, 1, *state);
    static const double two[] = {0, 2};
    assert_close(score(fit(&mle, &data, *state), two, 2, *state), -log_two_pi - 2);

    data = vectors(triangle, 3, 2, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    static const double points[] = {1, 1, 2, 1}; /* distances 0 and 4/3 */
    assert_close(score(model, points, 2, *state), -2 * log_two_pi - log(0.75) - 2.0 / 3);
    double log_determinant;
    assert_int_equal(ws_gaussian_log_determinant(model, *state, &log_determinant, NULL), WS_OK);
    assert_close(log_determinant, log(0.75));
    static const double far[] = {1e300, -1e300};
    assert_true(score(model, far, 1, *state) == -INFINITY);
}

static void gaussian__samples_a_singular_covariance_on_its_support(void **state)
{
    static const double diagonal[] = {0, 0, 1, -2, 3, -6}; /* y = -2 x */
    struct ws_dataset data = vectors(diagonal, 3, 2, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    const struct ws_model *base = &model->base;
    uint64_t count = 1000;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 0, 0);
    const struct ws_payload *payload;
    assert_int_equal(family->sample(1, &base, &count, &key, NULL, *state, &payload, NULL), WS_OK);
    double widest = 0;
    for (uint64_t i = 0; i < count; i++) {
        double x = payload->vectors[2 * i];
        assert_true(fabs(payload->vectors[2 * i + 1] + 2 * x) < 1e-12 * (1 + fabs(x)));
        widest = fmax(widest, fabs(x));
    }
    assert_true(widest > 3); /* it did move: the deviation of x is 1.53 */
    assert_true(score(model, diagonal, 3, *state) == -INFINITY);
}

/* Sampled moments against the model's, each within five of its standard errors. */
static void gaussian__samples_have_the_mean_and_covariance_of_the_model(void **state)
{
    static const double x[] = {0, 0, 0, 1, 2, 0, 2, 1, 5, 3, 3, 3, -1, 0, 4};
    struct ws_dataset data = vectors(x, 5, 3, *state);
    const struct ws_gaussian_model *model = fit(&unbiased, &data, *state);
    const struct ws_model *base = &model->base;
    uint64_t count = 20000;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 0, 0);
    const struct ws_payload *payload;
    assert_int_equal(family->sample(1, &base, &count, &key, NULL, *state, &payload, NULL), WS_OK);
    struct ws_dataset sample = vectors(payload->vectors, count, 3, *state);
    const struct ws_gaussian_model *again = fit(&unbiased, &sample, *state);
    const double *c = model->covariance;
    for (int i = 0; i < 3; i++) {
        double error = sqrt(c[i * 3 + i] / (double)count);
        assert_true(fabs(again->mean[i] - model->mean[i]) < 5 * error);
        for (int j = 0; j < 3; j++) {
            error =
                sqrt((c[i * 3 + i] * c[j * 3 + j] + c[i * 3 + j] * c[i * 3 + j]) / (double)count);
            assert_true(fabs(again->covariance[i * 3 + j] - c[i * 3 + j]) < 5 * error);
        }
    }
}

static void gaussian__says_when_arithmetic_overflows(void **state)
{
    struct ws_error err;
    const struct ws_gaussian_model *model;
    static const double huge[] = {1.5e308, -1.5e308};
    struct ws_dataset data = vectors(huge, 2, 1, *state);
    assert_int_equal(try_fit(&unbiased, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "mean"));
    static const double large[] = {1e200, -1e200, 3e199, 1e199};
    data = vectors(large, 4, 1, *state);
    assert_int_equal(try_fit(&unbiased, &data, *state, &model, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "covariance"));
    data = vectors(large, 2, 2, *state);
    assert_int_equal(try_fit(&unbiased, &data, *state, &model, &err), WS_NUMERIC);
}

static void gaussian__wants_two_items_for_an_unbiased_covariance(void **state)
{
    static const double x[] = {1};
    struct ws_dataset data = vectors(x, 1, 1, *state);
    struct ws_error err;
    assert_int_equal(family->check(&unbiased, &data, 1, 0, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "estimator=mle"));
    assert_int_equal(family->check(&unbiased, &data, 2, 0, &err), WS_OK);
    assert_int_equal(family->check(&mle, &data, 1, 0, &err), WS_OK);
    assert_true(fit(&mle, &data, *state)->covariance[0] == 0);
    data.dimension = WS_GAUSSIAN_DIMENSION_LIMIT + 1;
    assert_int_equal(family->check(&mle, &data, 1, 0, &err), WS_INVALID);
}

static enum ws_status save_and_load(uint32_t dimension, const double *covariance,
                                    struct ws_arena *arena)
{
    static const double mean[] = {0, 1e300, 0};
    struct ws_gaussian_model model = {{family, &mle, 3}, dimension, mean, covariance};
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1000);
    family->save(&model.base, &out);
    const struct ws_model *loaded;
    enum ws_status status = family->load(&mle, ws_buffer_bytes(&out), arena, &loaded, NULL);
    ws_buffer_release(&out);
    return status;
}

static void gaussian__refuses_stored_models_that_are_not_covariances(void **state)
{
    static const double good[][4] = {{1, 0.5, 0.5, 1}, {4, -6, -6, 9}, {0, 0, 0, 1}, {0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(save_and_load(2, good[i], *state), WS_OK);
    static const double bad[][4] = {
        {-1, 0, 0, 1}, {1, 2, 2, 1}, {NAN, 0, 0, 1}, {1, INFINITY, INFINITY, 1}, {0, 0.1, 0.1, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(save_and_load(2, bad[i], *state), WS_CORRUPT);
    /* Each pair is possible, all three are not. */
    static const double three[] = {1, 0.9, 0.9, 0.9, 1, -0.9, 0.9, -0.9, 1};
    assert_int_equal(save_and_load(3, three, *state), WS_CORRUPT);
}

/* psi(k / 2) and psi'(k / 2), by psi(x + 1) = psi(x) + 1 / x from x = 1/2 or 1
 * (DLMF 5.4, 5.5, 5.15). */
static void polygammas_of_half(int k, double *digamma, double *trigamma)
{
    const double euler = 0.57721566490153286061;
    const double pi = 3.14159265358979323846;
    bool odd = k % 2 == 1;
    *digamma = odd ? -euler - 2 * log(2) : -euler;
    *trigamma = odd ? pi * pi / 2 : pi * pi / 6;
    for (int i = odd ? 1 : 2; i < k; i += 2) {
        *digamma += 2.0 / i;
        *trigamma -= 4.0 / i / i;
    }
}

enum { CHAIN_DIMENSION = 5, CHAIN_ITEMS = 20 };

/* What a chain of unbiased fits to nothing but its own draws shows, by generation: fit 1 is to
 * items of N(0, I). */
struct record {
    double log_determinant;
    double trace;
    uint32_t rank;
};

static void record_chain(uint64_t seed, uint32_t generations, struct record *out)
{
    static const double origin[CHAIN_DIMENSION];
    double identity[CHAIN_DIMENSION * CHAIN_DIMENSION] = {0};
    for (int i = 0; i < CHAIN_DIMENSION; i++)
        identity[i * (CHAIN_DIMENSION + 1)] = 1;
    const struct ws_gaussian_model truth = {
        {family, &unbiased, CHAIN_ITEMS}, CHAIN_DIMENSION, origin, identity};
    struct ws_arena arenas[2]; /* a generation's, and the one's before */
    ws_arena_init(&arenas[0], NULL);
    ws_arena_init(&arenas[1], NULL);
    const struct ws_model *base = &truth.base;
    uint64_t count = CHAIN_ITEMS;
    for (uint32_t g = 0; g < generations; g++) {
        struct ws_arena *arena = &arenas[g % 2];
        ws_arena_reset(arena);
        struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, seed, 0, g);
        const struct ws_payload *payload;
        assert_int_equal(family->sample(1, &base, &count, &key, NULL, arena, &payload, NULL),
                         WS_OK);
        struct ws_dataset data = vectors(payload->vectors, count, CHAIN_DIMENSION, arena);
        const struct ws_gaussian_model *model = fit(&unbiased, &data, arena);
        struct record *record = &out[g];
        assert_int_equal(ws_gaussian_rank(model, arena, &record->rank, NULL), WS_OK);
        assert_int_equal(ws_gaussian_log_determinant(model, arena, &record->log_determinant, NULL),
                         WS_OK);
        record->trace = 0;
        for (int i = 0; i < CHAIN_DIMENSION; i++)
            record->trace += model->covariance[i * (CHAIN_DIMENSION + 1)];
        base = &model->base;
    }
    ws_arena_release(&arenas[0]);
    ws_arena_release(&arenas[1]);
}

/* The directions go one by one, some 20 times e apart each, and the last leaves equal items behind.
 */
static void gaussian__never_gets_a_lost_direction_back(void **state)
{
    enum { SEEDS = 5, GENERATIONS = 2500 };
    struct record *chain = WS_ARENA_NEW(*state, struct record, GENERATIONS);
    assert_non_null(chain);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        record_chain(seed, GENERATIONS, chain);
        uint32_t rank = CHAIN_DIMENSION;
        for (uint32_t g = 0; g < GENERATIONS; g++) {
            assert_true(chain[g].rank <= rank);
            rank = chain[g].rank;
            assert_int_equal(isfinite(chain[g].log_determinant), rank == CHAIN_DIMENSION);
        }
        assert_int_equal(rank, 0);
        assert_true(chain[GENERATIONS - 1].trace == 0);
    }
}

/* A fit multiplies the determinant by that of a Wishart matrix of M - 1 degrees of freedom over its
 * degrees, a product of independent chi-squares of M - 1, ..., M - d degrees (Bartlett). */
static void gaussian__log_determinants_fall_as_theirs_of_wishart_matrices(void **state)
{
    enum { SEEDS = 100, GENERATIONS = 50 };
    (void)state;
    double drift = -CHAIN_DIMENSION * log((CHAIN_ITEMS - 1) / 2.0);
    double variance = 0;
    for (int j = 1; j <= CHAIN_DIMENSION; j++) {
        double digamma;
        double trigamma;
        polygammas_of_half(CHAIN_ITEMS - j, &digamma, &trigamma);
        drift += digamma;
        variance += trigamma;
    }
    struct record chain[GENERATIONS];
    double sum = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        record_chain(seed, GENERATIONS, chain);
        sum += chain[GENERATIONS - 1].log_determinant;
    }
    double error = sqrt(GENERATIONS * variance / SEEDS);
    double away = sum / SEEDS - GENERATIONS * drift;
    if (!(fabs(away) < 4 * error))
        fail_msg("%g from theory, standard error %g", away, error);
}

/* Beside a mean of 2^40, items are multiples of 2^-12: a deviation of 2^-12 is rounding, 1 is not.
 */
static void gaussian__counts_spread_below_the_rounding_of_the_mean_as_none(void **state)
{
    const double far = 0x1p40;
    const double step = 0x1p-12;
    const double narrow[] = {far, 0, far + step, step, far + step, 0, far, step};
    struct ws_dataset data = vectors(narrow, 4, 2, *state);
    uint32_t rank;
    assert_int_equal(ws_gaussian_rank(fit(&mle, &data, *state), *state, &rank, NULL), WS_OK);
    assert_int_equal(rank, 0);
    const double wide[] = {far, 0, far + 1, 1, far + 1, 0, far, 1};
    data = vectors(wide, 4, 2, *state);
    assert_int_equal(ws_gaussian_rank(fit(&mle, &data, *state), *state, &rank, NULL), WS_OK);
    assert_int_equal(rank, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(gaussian__##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(divides_by_what_the_estimator_says),
        TEST(fits_what_lies_far_from_the_first_item),
        TEST(fits_covariances),
        TEST(fits_all_segments_and_picked_items),
        TEST(weighs_items),
        TEST(biased_it_has_less_covariance),
        TEST(of_equal_weights_is_the_unweighted_one),
        TEST(keeps_its_precision_far_from_zero),
        TEST(of_equal_items_has_zero_variance_and_stays_there),
        TEST(scores_by_its_density),
        TEST(samples_a_singular_covariance_on_its_support),
        TEST(samples_have_the_mean_and_covariance_of_the_model),
        TEST(says_when_arithmetic_overflows),
        TEST(wants_two_items_for_an_unbiased_covariance),
        TEST(refuses_stored_models_that_are_not_covariances),
        TEST(never_gets_a_lost_direction_back),
        TEST(log_determinants_fall_as_theirs_of_wishart_matrices),
        TEST(counts_spread_below_the_rounding_of_the_mean_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
