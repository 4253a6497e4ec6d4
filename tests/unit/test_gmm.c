#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "models/gmm.h"
#include "models/gmm_fit.h"
#include "support/vectors.h"
#include "unit/density_numbers.h"

enum { COMPONENTS = 3 };

static const struct ws_rng_key KEY = {{11, 12}, 13};

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

static struct ws_gmm_settings settings_of(uint64_t components)
{
    return (struct ws_gmm_settings){components, 1e-3, 100, 1, 1e-6};
}

static const struct ws_gmm_model *fitted(const struct ws_gmm_settings *settings,
                                         const struct ws_dataset *data, unsigned threads,
                                         struct ws_arena *arena)
{
    const struct ws_model *model;
    const struct ws_job job = {.threads = threads};
    struct ws_error err = {0};
    enum ws_status status = ws_family_gmm.fit(settings, 1, &data, &KEY, &job, arena, &model, &err);
    if (status != WS_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, WS_OK);
    return (const struct ws_gmm_model *)model;
}

static struct ws_bytes saved(const struct ws_model *model, struct ws_arena *arena)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 24);
    model->ops->save(model, &out);
    assert_int_equal(ws_buffer_check(&out, "a model", NULL), WS_OK);
    struct ws_bytes bytes = ws_bytes_of(ws_arena_copy(arena, out.data, out.size), out.size);
    ws_buffer_release(&out);
    return bytes;
}

static double mean_log_density(const struct ws_model *model, const struct ws_dataset *data,
                               struct ws_arena *arena)
{
    double sum;
    uint64_t terms;
    assert_int_equal(model->ops->log_density(model, data, arena, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, data->count);
    return sum / (double)terms;
}

/* ---- against scikit-learn ---- */

/* Where density_numbers.py begins. */
static struct ws_gmm begin(uint32_t dimension, struct ws_arena *arena)
{
    static const double centres[COMPONENTS][3] = {{0, 0, 1}, {4, 1, -1}, {-1, 5, 0.5}};
    struct ws_gmm mixture;
    assert_int_equal(ws_gmm_new(COMPONENTS, dimension, arena, &mixture, NULL), WS_OK);
    for (uint32_t k = 0; k < COMPONENTS; k++) {
        mixture.weights[k] = k == 0 ? 0.5 : 0.25;
        for (uint32_t a = 0; a < dimension; a++) {
            mixture.means[k * dimension + a] = centres[k][a] + 0.5;
            for (uint32_t b = 0; b < dimension; b++)
                mixture.covariances[(k * dimension + a) * dimension + b] = a == b;
        }
    }
    return mixture;
}

static struct ws_gmm iterated(uint32_t dimension, const struct ws_gmm_settings *settings,
                              struct ws_arena *arena)
{
    struct ws_dataset data = vectors_made(VECTORS_ITEMS, dimension, 1, 0, arena);
    struct ws_packed packed;
    assert_int_equal(ws_packed_of(&data, arena, &packed, NULL), WS_OK);
    struct ws_gmm_work work = {&packed, ws_density_pick(), NULL, ws_gmm_pieces(&packed)};
    assert_int_equal(ws_pool_new(1, NULL, &work.pool, NULL), WS_OK);
    struct ws_gmm mixture = begin(dimension, arena);
    assert_int_equal(ws_gmm_iterate(&work, settings, arena, &mixture, NULL), WS_OK);
    ws_pool_free(work.pool);
    return mixture;
}

static void assert_all_near(const double *seen, const double *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(fabs(seen[i] - wanted[i]) <= 1e-11 * (1 + fabs(wanted[i])));
}

struct numbers {
    const double *weights, *means, *covariances, *log_likelihood, *score;
};
#define NUMBERS(name)                                                                              \
    {                                                                                              \
        name##_weights, name##_means, name##_covariances, name##_log_likelihood, name##_score      \
    }

static void assert_mixture(const struct ws_gmm *mixture, struct numbers wanted,
                           struct ws_arena *arena)
{
    size_t d = mixture->dimension;
    assert_all_near(mixture->weights, wanted.weights, COMPONENTS);
    assert_all_near(mixture->means, wanted.means, COMPONENTS * d);
    assert_all_near(mixture->covariances, wanted.covariances, COMPONENTS * d * d);
    assert_all_near(&mixture->log_likelihood, wanted.log_likelihood, 1);
    struct ws_gmm_settings settings = settings_of(COMPONENTS);
    struct ws_gmm_model model = {{&ws_family_gmm, &settings, VECTORS_ITEMS}, *mixture};
    struct ws_dataset data = vectors_made(VECTORS_ITEMS, mixture->dimension, 1, 0, arena);
    double score = mean_log_density(&model.base, &data, arena);
    assert_all_near(&score, wanted.score, 1);
}

static void gmm__iterates_as_scikit_learn_does(void **state)
{
    static const struct numbers five[] = {NUMBERS(five_1), NUMBERS(five_2), NUMBERS(five_3)};
    const struct ws_gmm_settings settings = {COMPONENTS, 0, 5, 1, 1e-3};
    for (uint32_t dimension = 1; dimension <= 3; dimension++) {
        struct ws_gmm mixture = iterated(dimension, &settings, *state);
        assert_int_equal(mixture.iterations, 5);
        assert_false(mixture.converged);
        assert_mixture(&mixture, five[dimension - 1], *state);
    }
}

static void gmm__ends_where_scikit_learn_ends(void **state)
{
    const struct ws_gmm_settings settings = {COMPONENTS, 1e-5, 2000, 1, 1e-3};
    struct ws_gmm mixture = iterated(2, &settings, *state);
    assert_int_equal(mixture.iterations, CONVERGED_ITERATIONS);
    assert_true(mixture.converged);
    assert_mixture(&mixture, (struct numbers)NUMBERS(converged), *state);
}

/* ---- against plain formulas ---- */

/* The reference: one iteration in the order of the textbook, two looks at the data and all. */
struct plain {
    size_t count, d, components;
    const double *x;      /* (count, d) */
    const double *weight; /* (count) */
    double *shares;       /* (count, components) */
};

/* log N(x; mean, covariance), by Cholesky's factor and one substitution. */
static double plain_log_density(const double *x, const double *mean, const double *covariance,
                                size_t d)
{
    double lower[8][8], y[8], sum = (double)d * log(2 * acos(-1));
    for (size_t i = 0; i < d; i++) {
        double rest = x[i] - mean[i];
        for (size_t j = 0; j <= i; j++) {
            double own = covariance[i * d + j];
            for (size_t k = 0; k < j; k++)
                own -= lower[i][k] * lower[j][k];
            lower[i][j] = i == j ? sqrt(own) : own / lower[j][j];
        }
        for (size_t k = 0; k < i; k++)
            rest -= lower[i][k] * y[k];
        y[i] = rest / lower[i][i];
        sum += y[i] * y[i] + 2 * log(lower[i][i]);
    }
    return -0.5 * sum;
}

static double plain_expect(struct plain *plain, const struct ws_gmm *mixture)
{
    size_t d = plain->d, K = plain->components;
    double total = 0, weight = 0;
    for (size_t i = 0; i < plain->count; i++) {
        double *share = plain->shares + i * K, sum = 0;
        for (size_t k = 0; k < K; k++) {
            share[k] = mixture->weights[k] *
                       exp(plain_log_density(plain->x + i * d, mixture->means + k * d,
                                             mixture->covariances + k * d * d, d));
            sum += share[k];
        }
        for (size_t k = 0; k < K; k++)
            share[k] *= plain->weight[i] / sum;
        total += plain->weight[i] * log(sum);
        weight += plain->weight[i];
    }
    return total / weight;
}

static void plain_maximise(const struct plain *plain, double floor, struct ws_gmm *mixture)
{
    size_t d = plain->d, K = plain->components;
    double weight = 0;
    for (size_t i = 0; i < plain->count; i++)
        weight += plain->weight[i];
    for (size_t k = 0; k < K; k++) {
        double *mean = mixture->means + k * d, *covariance = mixture->covariances + k * d * d;
        double total = 0;
        memset(mean, 0, d * sizeof *mean);
        memset(covariance, 0, d * d * sizeof *covariance);
        for (size_t i = 0; i < plain->count; i++) {
            double share = plain->shares[i * K + k];
            total += share;
            for (size_t a = 0; a < d; a++)
                mean[a] += share * plain->x[i * d + a];
        }
        for (size_t a = 0; a < d; a++)
            mean[a] /= total;
        for (size_t i = 0; i < plain->count; i++)
            for (size_t a = 0; a < d; a++)
                for (size_t b = 0; b < d; b++)
                    covariance[a * d + b] += plain->shares[i * K + k] / total *
                                             (plain->x[i * d + a] - mean[a]) *
                                             (plain->x[i * d + b] - mean[b]);
        for (size_t a = 0; a < d; a++)
            covariance[a * (d + 1)] += floor;
        mixture->weights[k] = total / weight;
    }
}

/* Two segments of other weights; the second has other items. */
static struct ws_dataset weighed(size_t count, uint32_t dimension, struct plain *plain,
                                 struct ws_arena *arena)
{
    struct ws_dataset all = vectors_made(count, dimension, 1, 0, arena), parts[2], light, out;
    assert_int_equal(ws_dataset_slice(&all, 0, count / 4, arena, &parts[0], NULL), WS_OK);
    assert_int_equal(ws_dataset_slice(&all, count / 4, count - count / 4, arena, &light, NULL),
                     WS_OK);
    assert_int_equal(ws_dataset_weigh(&light, 0.3, arena, &parts[1], NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &out, NULL), WS_OK);
    double *weight = WS_ARENA_NEW(arena, double, count);
    double *shares = WS_ARENA_NEW(arena, double, count *COMPONENTS);
    assert_true(weight && shares);
    for (size_t i = 0; i < count; i++)
        weight[i] = i < count / 4 ? 1 : 0.3;
    *plain = (struct plain){count,  dimension, COMPONENTS, all.segments[0].payload->vectors,
                            weight, shares};
    return out;
}

static void gmm__is_what_plain_formulas_give(void **state)
{
    struct ws_arena *arena = *state;
    enum { STEPS = 12 };
    const struct ws_gmm_settings settings = {COMPONENTS, 0, STEPS, 1, 1e-4};
    for (uint32_t dimension = 1; dimension <= 3; dimension++) {
        struct plain plain;
        struct ws_dataset data = weighed(3000, dimension, &plain, arena);
        struct ws_packed packed;
        assert_int_equal(ws_packed_of(&data, arena, &packed, NULL), WS_OK);
        struct ws_gmm_work work = {&packed, ws_density_pick(), NULL, ws_gmm_pieces(&packed)};
        assert_int_equal(ws_pool_new(1, NULL, &work.pool, NULL), WS_OK);
        struct ws_gmm fast = begin(dimension, arena), slow = begin(dimension, arena);
        assert_int_equal(ws_gmm_iterate(&work, &settings, arena, &fast, NULL), WS_OK);
        ws_pool_free(work.pool);
        for (int step = 0; step < STEPS; step++) {
            slow.log_likelihood = plain_expect(&plain, &slow);
            plain_maximise(&plain, settings.floor, &slow);
        }
        size_t numbers = COMPONENTS * (1 + dimension + (size_t)dimension * dimension);
        assert_all_near(fast.weights, slow.weights, numbers);
        assert_all_near(&fast.log_likelihood, &slow.log_likelihood, 1);
    }
}

/* An item of weight 3 beside items of weight 1 is that item three times. */
static void gmm__takes_a_weight_for_a_count(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset all = vectors_made(300, 2, 1, 0, arena), some, heavy, weighed, repeated;
    assert_int_equal(ws_dataset_slice(&all, 0, 100, arena, &some, NULL), WS_OK);
    assert_int_equal(ws_dataset_weigh(&some, 3, arena, &heavy, NULL), WS_OK);
    const struct ws_dataset with_weight[] = {all, heavy}, three_times[] = {all, some, some, some};
    assert_int_equal(ws_dataset_concat(with_weight, 2, arena, &weighed, NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(three_times, 4, arena, &repeated, NULL), WS_OK);
    /* One component has one optimum, whatever the start. */
    struct ws_gmm_settings settings = settings_of(1);
    const struct ws_gmm *one = &fitted(&settings, &weighed, 1, arena)->mixture;
    const struct ws_gmm *other = &fitted(&settings, &repeated, 1, arena)->mixture;
    assert_all_near(one->weights, other->weights, 1 + 2 + 4);
    assert_all_near(&one->log_likelihood, &other->log_likelihood, 1);
}

/* ---- the whole fit ---- */

static void gmm__finds_clusters(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(3000, 2, 1, 0, arena);
    struct ws_gmm_settings settings = settings_of(3);
    settings.starts = 4;
    const struct ws_gmm *mixture = &fitted(&settings, &data, 1, arena)->mixture;
    static const double centres[3][2] = {{0, 0}, {4, 1}, {-1, 5}};
    bool found[3] = {false};
    for (size_t k = 0; k < 3; k++)
        for (size_t c = 0; c < 3; c++)
            if (hypot(mixture->means[2 * k] - centres[c][0],
                      mixture->means[2 * k + 1] - centres[c][1]) < 0.1) {
                found[c] = true;
                assert_true(fabs(mixture->weights[k] - 1.0 / 3) < 0.01);
                assert_true(fabs(mixture->covariances[4 * k] - 0.75) < 0.05);
            }
    assert_true(found[0] && found[1] && found[2] && mixture->converged);
    /* The likelihood rises from what one start gives, or stays. */
    settings.starts = 1;
    const struct ws_gmm *once = &fitted(&settings, &data, 1, arena)->mixture;
    assert_true(mixture->log_likelihood >= once->log_likelihood);
}

static void gmm__never_loses_likelihood(void **state)
{
    struct ws_arena *arena = *state;
    double x[1000];
    struct ws_rng rng;
    ws_rng_init(&rng, KEY, 5);
    ws_sample_normals(&rng, 0, 1, x, 1000);
    struct ws_dataset data = vectors_dataset(x, 500, 2, arena);
    double before = -INFINITY;
    for (uint64_t iterations = 1; iterations < 30; iterations++) {
        const struct ws_gmm_settings settings = {3, 0, iterations, 1, 0};
        double now = fitted(&settings, &data, 1, arena)->mixture.log_likelihood;
        assert_true(now >= before - 1e-12);
        before = now;
    }
}

static void gmm__gives_the_same_bytes_on_any_number_of_threads(void **state)
{
    struct ws_arena *arena = *state;
    static const uint32_t dimensions[] = {1, 2, 3};
    for (size_t s = 0; s < 3; s++) {
        struct ws_dataset data = vectors_made(30000, dimensions[s], 1, 0, arena);
        struct ws_gmm_settings settings = settings_of(4);
        settings.iterations = 12;
        struct ws_bytes one = saved(&fitted(&settings, &data, 1, arena)->base, arena);
        for (unsigned threads = 2; threads <= 5; threads++) {
            struct ws_bytes other = saved(&fitted(&settings, &data, threads, arena)->base, arena);
            assert_int_equal(one.size, other.size);
            assert_memory_equal(one.data, other.data, one.size);
        }
    }
}

/* ---- bad input ---- */

static void gmm__refuses_more_components_than_items(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(3, 2, 1, 0, arena);
    struct ws_gmm_settings settings = settings_of(4);
    struct ws_error err = {0};
    assert_int_equal(ws_family_gmm.check(&settings, &data, 3, 2, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "a mixture of 4 components needs at least as many items"));
    settings.components = 3;
    assert_int_equal(ws_family_gmm.check(&settings, &data, 3, 2, &err), WS_OK);
    const struct ws_gmm *mixture = &fitted(&settings, &data, 1, arena)->mixture;
    /* A component each: nothing but the floor about every item. */
    for (size_t k = 0; k < 3; k++)
        assert_true(mixture->covariances[4 * k] < 1.1e-6 && mixture->covariances[4 * k] > 9e-7);
    struct ws_dataset wide = {.kind = WS_DATA_VECTORS, .dimension = WS_GMM_DIMENSION_LIMIT + 1};
    assert_int_equal(ws_family_gmm.check(&settings, &wide, 3, 2, &err), WS_INVALID);
}

/* Two distinct points, ten of each, and five components: those beyond the points are empty and
 * have the floor for a covariance. */
static void gmm__gives_equal_items_the_floor(void **state)
{
    struct ws_arena *arena = *state;
    double x[40];
    for (size_t i = 0; i < 20; i++) {
        x[2 * i] = i % 2 ? 5 : -5;
        x[2 * i + 1] = i % 2 ? 1 : 2;
    }
    struct ws_dataset data = vectors_dataset(x, 20, 2, arena);
    struct ws_gmm_settings settings = settings_of(5);
    const struct ws_gmm_model *model = fitted(&settings, &data, 1, arena);
    double weight = 0;
    for (size_t k = 0; k < 5; k++) {
        const double *covariance = model->mixture.covariances + 4 * k;
        weight += model->mixture.weights[k];
        assert_true(fabs(covariance[0] - 1e-6) < 1e-12 && fabs(covariance[3] - 1e-6) < 1e-12);
        assert_true(fabs(covariance[1]) < 1e-12);
        assert_true(fabs(fabs(model->mixture.means[2 * k]) - 5) < 1e-9);
    }
    assert_true(fabs(weight - 1) < 1e-12);
    /* log(1/2) - log(2 pi 1e-6) */
    assert_true(fabs(mean_log_density(&model->base, &data, arena) -
                     (log(0.5) - log(2 * acos(-1) * 1e-6))) < 1e-6);
    const struct ws_model *base = &model->base;
    const struct ws_payload *sample;
    const uint64_t count = 100;
    assert_int_equal(ws_family_gmm.sample(1, &base, &count, &KEY, NULL, arena, &sample, NULL),
                     WS_OK);
    for (size_t i = 0; i < 100; i++)
        assert_true(fabs(fabs(sample->vectors[2 * i]) - 5) < 0.01);
}

static enum ws_status failure(const struct ws_gmm_settings *settings, const struct ws_dataset *data,
                              struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_model *model;
    return ws_family_gmm.fit(settings, 1, &data, &KEY, NULL, arena, &model, err);
}

static void gmm__names_singular_covariances_and_overflow(void **state)
{
    struct ws_arena *arena = *state;
    double equal[20] = {0};
    struct ws_dataset data = vectors_dataset(equal, 10, 2, arena);
    struct ws_gmm_settings settings = settings_of(2);
    struct ws_error err = {0};
    settings.floor = 0;
    assert_int_equal(failure(&settings, &data, arena, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "component 1 of 2 of a mixture has a singular covariance"));
    assert_non_null(strstr(err.message, "larger floor or fewer components"));
    /* In the plane, but on a line. */
    double line[20];
    for (size_t i = 0; i < 20; i++)
        line[i] = (double)(i - i % 2);
    data = vectors_dataset(line, 10, 2, arena);
    settings.components = 1;
    assert_int_equal(failure(&settings, &data, arena, &err), WS_NUMERIC);
    settings.floor = 1e-6;
    assert_int_equal(failure(&settings, &data, arena, &err), WS_OK);
    data = vectors_made(100, 2, 1e200, 0, arena);
    assert_int_equal(failure(&settings, &data, arena, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "too large"));
    for (size_t i = 0; i < 20; i++)
        line[i] = i % 2 ? NAN : INFINITY;
    data = vectors_dataset(line, 10, 2, arena);
    assert_int_equal(failure(&settings, &data, arena, &err), WS_NUMERIC);
    settings.components = 3;
    assert_int_equal(failure(&settings, &data, arena, &err), WS_NUMERIC);
}

/* A mean far from zero costs the covariance nothing. */
static void gmm__fits_far_from_zero(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_gmm_settings settings = settings_of(1);
    settings.floor = 0;
    struct ws_dataset near = vectors_made(1000, 2, 1, 0, arena);
    struct ws_dataset far = vectors_made(1000, 2, 1, 1e7, arena);
    const struct ws_gmm *a = &fitted(&settings, &near, 1, arena)->mixture;
    const struct ws_gmm *b = &fitted(&settings, &far, 1, arena)->mixture;
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(a->covariances[i] - b->covariances[i]) < 1e-7);
}

/* ---- samples ---- */

static void gmm__samples_what_it_is(void **state)
{
    struct ws_arena *arena = *state;
    enum { DRAWS = 200000 };
    struct ws_gmm mixture;
    assert_int_equal(ws_gmm_new(2, 2, arena, &mixture, NULL), WS_OK);
    static const double weights[] = {0.3, 0.7}, means[] = {-10, 0, 10, 1};
    static const double covariances[] = {1, 0.5, 0.5, 2, 0.25, -0.3, -0.3, 1};
    memcpy(mixture.weights, weights, sizeof weights);
    memcpy(mixture.means, means, sizeof means);
    memcpy(mixture.covariances, covariances, sizeof covariances);
    struct ws_gmm_settings settings = settings_of(2);
    const struct ws_gmm_model model = {{&ws_family_gmm, &settings, 10}, mixture};
    const struct ws_model *base = &model.base;
    const struct ws_payload *sample;
    const uint64_t count = DRAWS;
    assert_int_equal(ws_family_gmm.sample(1, &base, &count, &KEY, NULL, arena, &sample, NULL),
                     WS_OK);
    double seen[2] = {0}, sums[2][5] = {{0}};
    for (size_t i = 0; i < DRAWS; i++) {
        const double *x = sample->vectors + 2 * i;
        size_t k = x[0] > 0;
        double y = x[0] - means[2 * k], z = x[1] - means[2 * k + 1];
        const double own[] = {y, z, y * y, y * z, z * z};
        seen[k]++;
        for (size_t s = 0; s < 5; s++)
            sums[k][s] += own[s];
    }
    assert_true(fabs(seen[0] / DRAWS - 0.3) < 4 * sqrt(0.21 / DRAWS));
    for (size_t k = 0; k < 2; k++) {
        const double *c = covariances + 4 * k;
        const double wanted[] = {0, 0, c[0], c[1], c[3]};
        const double variance[] = {c[0], c[3], 2 * c[0] * c[0], c[0] * c[3] + c[1] * c[1],
                                   2 * c[3] * c[3]};
        for (size_t s = 0; s < 5; s++)
            assert_true(fabs(sums[k][s] / seen[k] - wanted[s]) < 4 * sqrt(variance[s] / seen[k]));
    }
}

/* ---- stored form ---- */

static void gmm__stores_what_the_format_says(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(50, 2, 1, 0, arena);
    struct ws_gmm_settings settings = settings_of(2);
    const struct ws_gmm_model *model = fitted(&settings, &data, 1, arena);
    struct ws_bytes bytes = saved(&model->base, arena);
    assert_int_equal(bytes.size, 40 + 8 * 2 * (1 + 2 + 3));
    assert_memory_equal(bytes.data, "WSMM\1\0\0\0\2\0\0\0\2\0\0\0\62\0\0\0\0\0\0\0", 24);
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    ws_family_gmm.describe(&model->base, &text);
    assert_non_null(strstr(text.data, "mixture of 2 Gaussians, dimension 2, "));
    assert_non_null(strstr(text.data, " iterations, from 50 items"));
    ws_buffer_release(&text);
}

/* One number of a stored model changed. */
static enum ws_status load_changed(struct ws_bytes bytes, size_t offset, double value,
                                   struct ws_arena *arena)
{
    uint8_t *copy = ws_arena_copy(arena, bytes.data, bytes.size);
    assert_non_null(copy);
    memcpy(copy + offset, &value, sizeof value);
    static const struct ws_gmm_settings settings = {2, 1e-3, 100, 1, 1e-6};
    const struct ws_model *model;
    return ws_family_gmm.load(&settings, ws_bytes_of(copy, bytes.size), arena, &model, NULL);
}

static void gmm__refuses_what_is_no_mixture(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = vectors_made(50, 2, 1, 0, arena);
    struct ws_gmm_settings settings = settings_of(2);
    struct ws_bytes bytes = saved(&fitted(&settings, &data, 1, arena)->base, arena);
    const size_t weights = 40, means = weights + 16, covariances = means + 32;
    double weight;
    memcpy(&weight, bytes.data + weights, sizeof weight);
    assert_int_equal(load_changed(bytes, weights, weight, arena), WS_OK);
    assert_int_equal(load_changed(bytes, weights, weight + 0.01, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, weights, -weight, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, weights, NAN, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, means, 7, arena), WS_OK);
    assert_int_equal(load_changed(bytes, means, INFINITY, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, covariances, 0, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, covariances, -1, arena), WS_CORRUPT);
    assert_int_equal(load_changed(bytes, covariances + 8, 1e3, arena), WS_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(gmm__iterates_as_scikit_learn_does),
        TEST(gmm__ends_where_scikit_learn_ends),
        TEST(gmm__is_what_plain_formulas_give),
        TEST(gmm__takes_a_weight_for_a_count),
        TEST(gmm__finds_clusters),
        TEST(gmm__never_loses_likelihood),
        TEST(gmm__gives_the_same_bytes_on_any_number_of_threads),
        TEST(gmm__refuses_more_components_than_items),
        TEST(gmm__gives_equal_items_the_floor),
        TEST(gmm__names_singular_covariances_and_overflow),
        TEST(gmm__fits_far_from_zero),
        TEST(gmm__samples_what_it_is),
        TEST(gmm__stores_what_the_format_says),
        TEST(gmm__refuses_what_is_no_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
