/*
 * Every number that is expected here is worked out by hand, or counted by brute force.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "data/law_regression.h"
#include "measure/divergence.h"
#include "measure/metric_set.h"
#include "measure/modes.h"
#include "measure/wasserstein.h"
#include "measure/zipf_exponent.h"
#include "support/failing_heap.h"

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

static void assert_close(double seen, double wanted)
{
    if (!(fabs(seen - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

static void assert_metric(const struct ws_metric_set *set, enum ws_metric_id id, uint64_t n,
                          double value)
{
    if (!set->has[id])
        fail_msg("no %s", ws_metric(id)->name);
    assert_int_equal(set->n[id], n);
    assert_close(set->value[id], value);
}

/* ---- Types ---- */

static struct ws_payload counts_of(const uint32_t *type, const uint64_t *count, size_t size,
                                   uint32_t types)
{
    struct ws_payload payload = {.kind = WS_DATA_COUNTS,
                                 .types = types,
                                 .counts = {.type = type, .count = count, .size = size}};
    for (size_t i = 0; i < size; i++)
        payload.count += count[i];
    return payload;
}

#define COUNTS(type, count) counts_of(type, count, sizeof(type) / sizeof *(type), 6)

static const uint32_t original_type[] = {0, 1, 2, 3};
static const uint64_t original_count[] = {5, 3, 1, 1};
static const uint32_t reference_type[] = {0, 2, 3, 4, 5};
static const uint64_t reference_count[] = {4, 2, 1, 1, 3};
static const uint32_t human_type[] = {0, 2, 4};
static const uint64_t human_count[] = {6, 1, 1};
static const uint32_t sample_type[] = {0, 2, 5};
static const uint64_t sample_count[] = {7, 1, 2};

static struct ws_reference small_reference(void)
{
    struct ws_reference reference = {
        .original = COUNTS(original_type, original_count),
        .reference = COUNTS(reference_type, reference_count),
        .human_sample = COUNTS(human_type, human_count),
    };
    ws_reference_compare_human(&reference);
    return reference;
}

static const double SIX_TYPES[] = {0.4, 0.2, 0.1, 0.1, 0.1, 0.1};

static void metric__types_match_the_worked_example(void **state)
{
    (void)state;
    struct ws_reference reference = small_reference();
    struct ws_payload sample = COUNTS(sample_type, sample_count);
    const struct ws_truth truth = {.table = SIX_TYPES, .known = 6};
    struct ws_metric_set set = {0};
    ws_measure_types(&reference, &truth, &sample, &set);
    assert_int_equal(reference.rare_types, 3); /* 2, 3 and 4 */
    assert_metric(&set, WS_METRIC_TYPES, 10, 3);
    assert_metric(&set, WS_METRIC_SUPPORT_KEPT, 10, 2.0 / 4);
    assert_metric(&set, WS_METRIC_RARE_RECALL, 10, 1.0 / 3);
    assert_metric(&set, WS_METRIC_RARE_RECALL_HUMAN, 8, 2.0 / 3);
    assert_metric(&set, WS_METRIC_RARE_KEPT, 10, 1.0 / 2);
    assert_metric(&set, WS_METRIC_MISSING_MASS, 10, 1.0 / 10);
    assert_metric(&set, WS_METRIC_MASS_LOST, 10, 2.0 / 11);
    assert_metric(&set, WS_METRIC_MASS_LOST_TRUTH, 10, 0.2 + 0.1 + 0.1);
    double entropy = 0.7 * log(10.0 / 7) + 0.1 * log(10) + 0.2 * log(5);
    assert_metric(&set, WS_METRIC_ENTROPY, 10, entropy);
    assert_metric(&set, WS_METRIC_ENTROPY_MM, 10, entropy + 2.0 / 20);
}

static void metric__of_a_collapsed_sample_has_exact_zeros(void **state)
{
    (void)state;
    struct ws_reference reference = small_reference();
    static const uint32_t type[] = {1};
    static const uint64_t count[] = {30};
    const struct ws_truth truth = {.table = SIX_TYPES, .known = 6};
    struct ws_payload sample = COUNTS(type, count);
    struct ws_metric_set set = {0};
    ws_measure_types(&reference, &truth, &sample, &set);
    assert_true(set.value[WS_METRIC_ENTROPY] == 0 && set.value[WS_METRIC_ENTROPY_MM] == 0);
    assert_true(set.value[WS_METRIC_MASS_LOST] == 1 && set.value[WS_METRIC_RARE_RECALL] == 0);
    assert_close(set.value[WS_METRIC_MASS_LOST_TRUTH], 0.8);
    struct ws_discrete_model model = {.size = 1, .type = type, .count = count, .total = 30};
    ws_measure_heterozygosity(&model, &set);
    assert_true(set.value[WS_METRIC_HETEROZYGOSITY] == 0);
}

static void metric__without_a_reference_or_rare_types_says_so(void **state)
{
    (void)state;
    struct ws_reference reference = small_reference();
    struct ws_payload sample = COUNTS(sample_type, sample_count);
    reference.reference = COUNTS(sample_type, sample_count);
    static const uint64_t frequent[] = {7, 3, 3};
    reference.reference.counts.count = frequent;
    ws_reference_compare_human(&reference);
    struct ws_metric_set set = {0};
    ws_measure_types(&reference, NULL, &sample, &set);
    assert_true(isnan(set.value[WS_METRIC_RARE_RECALL]));
    assert_true(isnan(set.value[WS_METRIC_RARE_RECALL_HUMAN]));
    assert_true(isnan(set.value[WS_METRIC_RARE_KEPT]));
    assert_false(set.has[WS_METRIC_MASS_LOST_TRUTH]);

    reference.reference = (struct ws_payload){.kind = WS_DATA_COUNTS, .types = 6};
    set = (struct ws_metric_set){0};
    ws_measure_types(&reference, NULL, &sample, &set);
    assert_true(set.has[WS_METRIC_TYPES] && set.has[WS_METRIC_ENTROPY]);
    assert_false(set.has[WS_METRIC_RARE_RECALL] || set.has[WS_METRIC_RARE_RECALL_HUMAN] ||
                 set.has[WS_METRIC_RARE_KEPT] || set.has[WS_METRIC_MASS_LOST]);
}

static void metric__heterozygosity_is_the_models_own(void **state)
{
    (void)state;
    struct ws_discrete_model model = {.base = {.training_items = 10},
                                      .size = 3,
                                      .type = sample_type,
                                      .count = sample_count,
                                      .total = 10};
    struct ws_metric_set set = {0};
    ws_measure_heterozygosity(&model, &set);
    assert_metric(&set, WS_METRIC_HETEROZYGOSITY, 10, 1 - 0.49 - 0.01 - 0.04);
}

enum { MANY = 400 };

/* Each type below MANY with probability 1 / sparsity, with a count of 1 to 4. */
static struct ws_payload random_counts(struct ws_rng *rng, uint64_t sparsity,
                                       struct ws_arena *arena)
{
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, MANY);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, MANY);
    assert_true(type && count);
    size_t size = 0;
    for (uint32_t t = 0; t < MANY; t++) {
        type[size] = t;
        count[size] = 1 + ws_rng_below(rng, 4);
        size += ws_rng_below(rng, sparsity) == 0;
    }
    return counts_of(type, count, size, MANY);
}

static uint64_t count_in(const struct ws_payload *payload, uint32_t type)
{
    for (size_t i = 0; i < payload->counts.size; i++)
        if (payload->counts.type[i] == type)
            return payload->counts.count[i];
    return 0;
}

/* Overlaps by brute force, for sparse and dense samples and references. */
static void metric__overlaps_match_a_search_of_every_type(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), 0);
    double table[MANY];
    for (int t = 0; t < MANY; t++)
        table[t] = 1.0 / MANY;
    const struct ws_truth truth = {.table = table, .known = MANY};
    for (int trial = 0; trial < 300; trial++) {
        struct ws_reference reference = {
            .original = random_counts(&rng, 1 + ws_rng_below(&rng, 40), arena),
            .reference = random_counts(&rng, 1 + ws_rng_below(&rng, 40), arena),
            .human_sample = random_counts(&rng, 1 + ws_rng_below(&rng, 40), arena),
        };
        struct ws_payload sample = random_counts(&rng, 1 + ws_rng_below(&rng, 40), arena);
        if (sample.count == 0 || reference.reference.count == 0 || reference.original.count == 0 ||
            reference.human_sample.count == 0)
            continue;
        ws_reference_compare_human(&reference);
        struct ws_metric_set set = {0};
        ws_measure_types(&reference, &truth, &sample, &set);
        uint64_t kept = 0;
        uint64_t lost = 0;
        uint64_t rare = 0;
        uint64_t rare_kept = 0;
        double apart = 0;
        for (uint32_t t = 0; t < MANY; t++) {
            bool is_there = count_in(&sample, t) > 0;
            uint64_t held_out = count_in(&reference.reference, t);
            apart += fabs((double)count_in(&sample, t) / (double)sample.count -
                          (double)held_out / (double)reference.reference.count);
            kept += is_there && count_in(&reference.original, t) > 0;
            lost += is_there ? 0 : held_out;
            rare += held_out == 1 || held_out == 2;
            rare_kept += is_there && (held_out == 1 || held_out == 2);
        }
        assert_int_equal(reference.rare_types, rare);
        assert_metric(&set, WS_METRIC_SUPPORT_KEPT, sample.count,
                      (double)kept / (double)reference.original.counts.size);
        assert_metric(&set, WS_METRIC_MASS_LOST, sample.count,
                      (double)lost / (double)reference.reference.count);
        assert_metric(&set, WS_METRIC_TV_REFERENCE, sample.count, apart / 2);
        if (rare > 0)
            assert_metric(&set, WS_METRIC_RARE_RECALL, sample.count,
                          (double)rare_kept / (double)rare);
        assert_metric(&set, WS_METRIC_MASS_LOST_TRUTH, sample.count,
                      1 - (double)sample.counts.size / MANY);
    }
}

/* 2 N D(sample|truth) is a likelihood ratio: chi-squared, of mean V - 1 and variance 2 (V - 1). And
 * the exponent is found again: ranks 20 and below are 4 standard errors apart, so each is a rank of
 * the sample, too. */
static void
metric__samples_of_a_known_truth_have_the_divergence_and_exponent_they_should(void **state)
{
    enum { TYPES = 20, SAMPLES = 400 };
    const uint64_t items = 1000000;
    struct ws_truth truth;
    assert_int_equal(ws_truth_init(&truth, TYPES, 1.2, 1, *state, NULL), WS_OK);
    double ratios = 0, exponents = 0, mean = 0, square = 0;
    for (uint32_t t = 0; t < TYPES; t++) {
        mean += ws_truth_of(&truth, t) * log(t + 1);
        square += ws_truth_of(&truth, t) * log(t + 1) * log(t + 1);
    }
    for (uint64_t i = 0; i < SAMPLES; i++) {
        struct ws_rng rng;
        struct ws_payload sample;
        ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 7, 0, 0), i);
        assert_int_equal(ws_truth_draw(&truth, items, &rng, *state, &sample, NULL), WS_OK);
        ratios += 2 * (double)items * ws_kl_truth(&sample, &truth) / SAMPLES;
        exponents += ws_zipf_exponent(sample.counts.count, sample.counts.size) / SAMPLES;
    }
    assert_true(fabs(ratios - (TYPES - 1)) < 4 * sqrt(2.0 * (TYPES - 1) / SAMPLES));
    assert_true(fabs(exponents - 1.2) < 4 / sqrt((square - mean * mean) * (double)items * SAMPLES));
}

/* ---- Gaussians ---- */

static double w2_squared(uint32_t dimension, const double *mean_a, const double *covariance_a,
                         const double *mean_b, const double *covariance_b, struct ws_arena *arena)
{
    struct ws_gaussian a = {dimension, mean_a, covariance_a};
    struct ws_gaussian b = {dimension, mean_b, covariance_b};
    double forth;
    double back;
    assert_int_equal(ws_gaussian_w2_squared(a, b, arena, &forth, NULL), WS_OK);
    assert_int_equal(ws_gaussian_w2_squared(b, a, arena, &back, NULL), WS_OK);
    assert_close(forth, back);
    return forth;
}

static void metric__w2_matches_cases_with_a_closed_form(void **state)
{
    static const double zero[] = {0, 0, 0};
    static const double mean[] = {1, -2, 2};
    static const double one[] = {1};
    static const double four[] = {4};
    assert_close(w2_squared(1, mean, four, zero, one, *state), 1 + 1);
    static const double diagonal[] = {4, 0, 0, 9};
    static const double identity[] = {1, 0, 0, 1};
    assert_close(w2_squared(2, mean, diagonal, zero, identity, *state), 5 + 1 + 4);
    assert_close(w2_squared(2, mean, diagonal, mean, diagonal, *state), 0);
    /* 2 x 2: tr (ab)^1/2 = (tr ab + 2 (det ab)^1/2)^1/2 = (8 + 6)^1/2; they do not commute. */
    static const double a[] = {2, 1, 1, 2};
    static const double b[] = {1, 0, 0, 3};
    assert_close(w2_squared(2, zero, a, zero, b, *state), 4 + 4 - 2 * sqrt(14));
    /* Both singular, along (1, 1) and (1, 0): the coupling is the cosine, deviations 2 and 3. */
    static const double along[] = {2, 2, 2, 2};
    static const double across[] = {9, 0, 0, 0};
    assert_close(w2_squared(2, zero, along, zero, across, *state), 4 + 9 - 2 * 6 * sqrt(0.5));
    static const double nothing[9] = {0};
    static const double three[] = {2, 0, 1, 0, 5, 0, 1, 0, 2};
    assert_close(w2_squared(3, mean, three, zero, nothing, *state), 9 + 9);
}

static struct ws_law normal_law(const struct ws_law_settings *settings, struct ws_arena *arena)
{
    struct ws_law law;
    assert_int_equal(ws_law_open(&ws_law_normal, settings, 1, arena, &law, NULL), WS_OK);
    return law;
}

static void metric__gaussians_match_the_worked_example(void **state)
{
    static const struct ws_law_settings settings = {.dimension = 2, .variance = 2};
    const struct ws_law truth = normal_law(&settings, *state);
    static const double mean[] = {1, 1};
    static const double covariance[] = {1, 0.5, 0.5, 1}; /* eigenvalues 1.5 and 0.5 */
    struct ws_gaussian_model model = {{&ws_family_gaussian, NULL, 17}, 2, mean, covariance};
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_gaussian(&model, &truth, *state, &set, NULL), WS_OK);
    assert_metric(&set, WS_METRIC_LOG_VARIANCE, 17, log(0.75) / 2 - log(2));
    assert_metric(&set, WS_METRIC_VARIANCE_RATIO, 17, 0.5);
    assert_metric(&set, WS_METRIC_MEAN_ERROR, 17, 2);
    double first = sqrt(1.5) - sqrt(2);
    double second = sqrt(0.5) - sqrt(2);
    assert_metric(&set, WS_METRIC_W2_SQUARED, 17, 2 + first * first + second * second);

    static const double point[4] = {0};
    model.covariance = point;
    assert_int_equal(ws_measure_gaussian(&model, &truth, *state, &set, NULL), WS_OK);
    assert_true(set.value[WS_METRIC_LOG_VARIANCE] == -INFINITY);
    assert_metric(&set, WS_METRIC_W2_SQUARED, 17, 2 + 4);
}

/* A truth that is no Gaussian has a mean and a covariance, but no distance from one. */
static void slanted_moments(const struct ws_law *law, double *mean, double *covariance)
{
    static const double slanted[] = {2, 1, 1, 3}; /* determinant 5 */
    (void)law;
    mean[0] = 3;
    mean[1] = 0;
    memcpy(covariance, slanted, sizeof slanted);
}

static void metric__a_gaussian_is_compared_with_the_moments_of_any_truth(void **state)
{
    static const struct ws_law_row slanted = {.name = "slanted", .moments = slanted_moments};
    const struct ws_law truth = {.row = &slanted, .dimension = 2};
    static const double mean[] = {1, 1};
    static const double covariance[] = {1, 0.5, 0.5, 1};
    struct ws_gaussian_model model = {{&ws_family_gaussian, NULL, 17}, 2, mean, covariance};
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_gaussian(&model, &truth, *state, &set, NULL), WS_OK);
    assert_false(set.has[WS_METRIC_W2_SQUARED]);
    assert_metric(&set, WS_METRIC_LOG_VARIANCE, 17, log(0.75) / 2 - log(5) / 2);
    assert_metric(&set, WS_METRIC_VARIANCE_RATIO, 17, 0.4);
    assert_metric(&set, WS_METRIC_MEAN_ERROR, 17, 5);
}

/* ---- All together ---- */

struct world {
    struct ws_human *human;
    struct ws_deal deal;
    struct ws_reference reference;
};

static enum ws_status open_world(struct world *world, enum ws_human_source source,
                                 uint32_t dimension, uint64_t sample_items, struct ws_arena *arena)
{
    struct ws_human_settings settings;
    memset(&settings, 0, sizeof settings);
    WS_TRY(ws_options_defaults(&ws_human_options, &settings, arena, NULL));
    settings.source = source;
    settings.items = 40;
    settings.test_items = 30;
    settings.types = 8;
    settings.law.dimension = dimension;
    settings.law.variance = 4;
    settings.law.side = 3;
    settings.law.spacing = 2;
    settings.law.std = 0.1;
    settings.law.inputs = 2;
    settings.law.input_variance = 9;
    settings.law.separation = sqrt(2);
    WS_TRY(ws_human_open(&settings, arena->allocator, &world->human, NULL, NULL));
    WS_TRY(ws_human_deal(world->human, 1, arena, &world->deal, NULL));
    return ws_reference_prepare(&world->deal, sample_items, arena, &world->reference, NULL);
}

/* Fits a model on the world's original data and measures it. */
static enum ws_status measure_fit(const struct ws_family_ops *family, const void *settings,
                                  enum ws_human_source source, uint32_t dimension, uint64_t items,
                                  struct ws_arena *arena,
                                  struct ws_measurement out[WS_MEASUREMENT_LIMIT], size_t *count)
{
    struct world world = {0};
    enum ws_status status = open_world(&world, source, dimension, items, arena);
    const struct ws_dataset *data = &world.deal.original;
    const struct ws_model *model = NULL;
    const struct ws_payload *sample = NULL;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 1, 5, 0);
    if (status == WS_OK)
        status = family->fit(settings, 1, &data, &key, NULL, arena, &model, NULL);
    if (status == WS_OK && items > 0)
        status = family->sample(1, &model, &items, &key, NULL, arena, &sample, NULL);
    if (status == WS_OK)
        status = ws_measure(&world.reference, model, NULL, sample, NULL, arena, out, count, NULL);
    ws_human_close(world.human);
    return status;
}

static void assert_measured(const struct ws_measurement *out, size_t count,
                            const enum ws_metric_id *wanted, size_t wanted_count)
{
    assert_int_equal(count, wanted_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out[i].metric, wanted[i]);
        assert_true(out[i].n > 0);
    }
}

static const struct ws_gaussian_settings unbiased = {WS_GAUSSIAN_UNBIASED};

static void metric__measures_what_applies_in_the_order_of_the_table(void **state)
{
    static const enum ws_metric_id discrete[] = {WS_METRIC_TYPES,
                                                 WS_METRIC_SUPPORT_KEPT,
                                                 WS_METRIC_RARE_RECALL,
                                                 WS_METRIC_RARE_RECALL_HUMAN,
                                                 WS_METRIC_RARE_KEPT,
                                                 WS_METRIC_MISSING_MASS,
                                                 WS_METRIC_MISSING_MASS_LOW,
                                                 WS_METRIC_MISSING_MASS_HIGH,
                                                 WS_METRIC_CHAO1,
                                                 WS_METRIC_MASS_LOST,
                                                 WS_METRIC_MASS_LOST_TRUTH,
                                                 WS_METRIC_TV_TRUTH,
                                                 WS_METRIC_KL_TRUTH,
                                                 WS_METRIC_TV_REFERENCE,
                                                 WS_METRIC_TV_REFERENCE_HUMAN,
                                                 WS_METRIC_KL_REFERENCE,
                                                 WS_METRIC_KL_REFERENCE_HUMAN,
                                                 WS_METRIC_ENTROPY,
                                                 WS_METRIC_ENTROPY_MM,
                                                 WS_METRIC_ZIPF_EXPONENT,
                                                 WS_METRIC_YULE_K,
                                                 WS_METRIC_HETEROZYGOSITY};
    static const enum ws_metric_id gaussian[] = {
        WS_METRIC_TEST_NLL,       WS_METRIC_W2_SQUARED,      WS_METRIC_LOG_VARIANCE,
        WS_METRIC_VARIANCE_RATIO, WS_METRIC_DEVIATION_RATIO, WS_METRIC_MEAN_ERROR};
    struct ws_measurement out[WS_MEASUREMENT_LIMIT] = {{0}};
    size_t count = 0;
    assert_int_equal(
        measure_fit(&ws_family_discrete, NULL, WS_HUMAN_UNIFORM, 1, 25, *state, out, &count),
        WS_OK);
    assert_measured(out, count, discrete, sizeof discrete / sizeof *discrete);
    assert_int_equal(
        measure_fit(&ws_family_gaussian, &unbiased, WS_HUMAN_NORMAL, 2, 0, *state, out, &count),
        WS_OK);
    assert_measured(out, count, gaussian, sizeof gaussian / sizeof *gaussian);
    /* A 2-D normal of variance 4 has 1 + log(2 pi 4) = 4.22 nats; 30 of them are within 1. */
    assert_true(fabs(out[0].value - 4.22) < 1 && out[0].n == 30 && out[1].n == 40);
}

/* ---- Samples of vectors ---- */

/* A model at (100, 0, ..) of no spread: in one dimension W2 to the reference is what its mean and
 * variance say; in more, projections see 100 times a direction's first coordinate. */
static void metric__samples_of_vectors_are_compared_with_the_reference(void **state)
{
    for (uint32_t dimension = 1; dimension <= 3; dimension++) {
        struct world world = {0};
        assert_int_equal(open_world(&world, WS_HUMAN_NORMAL, dimension, 25, *state), WS_OK);
        double *points = WS_ARENA_ZNEW(*state, double, 25 * (size_t)dimension);
        assert_non_null(points);
        for (size_t i = 0; i < 25; i++)
            points[i * dimension] = 100;
        const struct ws_payload sample = {
            .kind = WS_DATA_VECTORS, .count = 25, .dimension = dimension, .vectors = points};
        struct ws_metric_set set = {0};
        assert_int_equal(ws_measure_vectors(&world.reference, &sample, NULL, *state, &set, NULL),
                         WS_OK);
        enum ws_metric_id id = dimension == 1 ? WS_METRIC_W2_SAMPLE : WS_METRIC_SLICED_W2;
        enum ws_metric_id human =
            dimension == 1 ? WS_METRIC_W2_SAMPLE_HUMAN : WS_METRIC_SLICED_W2_HUMAN;
        const struct ws_slices *slices = &world.reference.slices;
        const double *held_out = world.deal.reference.segments[0].payload->vectors;
        assert_int_equal(world.deal.reference.segment_count, 1);
        assert_int_equal(slices->count, dimension == 1 ? 1 : WS_SLICES);
        double sum = 0;
        for (size_t s = 0; s < slices->count; s++) {
            const double *direction = slices->direction + s * dimension;
            double length = 0;
            for (size_t k = 0; k < dimension; k++)
                length += direction[k] * direction[k];
            assert_close(length, 1);
            for (size_t i = 0; i < 30; i++) {
                double seen = 100 * direction[0];
                for (size_t k = 0; k < dimension; k++)
                    seen -= direction[k] * held_out[i * dimension + k];
                sum += seen * seen / 30;
            }
        }
        assert_metric(&set, id, 25, sqrt(sum / (double)slices->count));
        /* A human sample is far closer: a few tenths of the deviation, which is 2. */
        assert_true(set.has[human] && set.n[human] == 25 && set.value[human] > 0 &&
                    set.value[human] < 2);
        ws_human_close(world.human);
    }
}

static void metric__vectors_without_a_sample_or_a_reference_have_none(void **state)
{
    struct world world = {0};
    assert_int_equal(open_world(&world, WS_HUMAN_NORMAL, 2, 0, *state), WS_OK);
    assert_int_equal(world.reference.slices.count, 0);
    struct ws_deal deal = world.deal;
    deal.reference.count = 0;
    assert_int_equal(ws_reference_prepare(&deal, 25, *state, &world.reference, NULL), WS_OK);
    const double points[] = {1, 2};
    const struct ws_payload sample = {
        .kind = WS_DATA_VECTORS, .count = 1, .dimension = 2, .vectors = points};
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_vectors(&world.reference, &sample, NULL, *state, &set, NULL),
                     WS_OK);
    for (int i = 0; i < WS_METRIC_COUNT; i++)
        assert_false(set.has[i]);
    ws_human_close(world.human);
}

/* Of 9 modes at 20 deviations from each other. Of the truth itself 98.889 % lie within 3 deviations
 * of one, and the squares of the 2 n coordinates' steps have variance 2. */
static void metric__a_sample_of_the_truth_keeps_its_modes(void **state)
{
    enum { ITEMS = 200000 };
    struct world world = {0};
    struct ws_dataset sample;
    struct ws_modes_kept kept;
    assert_int_equal(open_world(&world, WS_HUMAN_GRID, 2, 25, *state), WS_OK);
    const struct ws_law *law = world.deal.law;
    assert_int_equal(ws_deal_human(&world.deal, ITEMS, ws_rng_key(WS_STREAM_METRIC, 1, 5, 0),
                                   *state, &sample, NULL),
                     WS_OK);
    assert_int_equal(ws_modes_measure(law, &sample, *state, &kept, NULL), WS_OK);
    double wanted = 1 - exp(-4.5);
    assert_true(kept.covered == 1);
    assert_true(fabs(kept.good - wanted) < 4 * sqrt(wanted * (1 - wanted) / ITEMS));
    assert_true(fabs(kept.variance - 1) < 4 * sqrt(2.0 / (2.0 * ITEMS)));

    /* Three items at one centre and one between two: a mode of nine, no spread. */
    const double few[] = {2, 2, 2, 2, 2, 2, 1, -2};
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 4, .dimension = 2, .vectors = few};
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_vectors(&world.reference, &payload, NULL, *state, &set, NULL),
                     WS_OK);
    assert_metric(&set, WS_METRIC_MODE_COVERAGE, 4, 1.0 / 9);
    assert_metric(&set, WS_METRIC_MODE_QUALITY, 4, 3.0 / 4);
    assert_metric(&set, WS_METRIC_MODAL_VARIANCE, 4, 0);
    assert_true(set.has[WS_METRIC_SLICED_W2]);
    ws_human_close(world.human);
}

/* ---- Noise floors ---- */

static const struct ws_measurement *found(const struct ws_measurement *out, size_t count,
                                          enum ws_metric_id id)
{
    for (size_t i = 0; i < count; i++)
        if (out[i].metric == id)
            return &out[i];
    return NULL;
}

/* Human vectors beside human vectors: what is known of it is within 4 standard errors, and a model
 * that was fitted to none of it is not. */
static void floor__is_what_another_human_sample_scores(void **state)
{
    enum { ITEMS = 2000 };
    struct world world = {0};
    struct ws_measurement out[WS_MEASUREMENT_LIMIT], again[WS_MEASUREMENT_LIMIT];
    size_t count, same;
    assert_int_equal(open_world(&world, WS_HUMAN_NORMAL, 2, ITEMS, *state), WS_OK);
    assert_int_equal(ws_measure_floor(&world.reference, NULL, *state, out, &count, NULL), WS_OK);
    assert_int_equal(ws_measure_floor(&world.reference, NULL, *state, again, &same, NULL), WS_OK);
    assert_int_equal(count, same);
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].metric == again[i].metric && out[i].value == again[i].value);
        assert_true(i == 0 || out[i].metric > out[i - 1].metric);
        const char *name = ws_metric(out[i].metric)->name;
        assert_true(strlen(name) < 6 || strcmp(name + strlen(name) - 6, "_human") != 0);
    }
    /* By the symmetry of the two sides each measures the other; none is 1, and none is far. */
    assert_true(found(out, count, WS_METRIC_PRECISION)->value > 0.9);
    assert_true(found(out, count, WS_METRIC_RECALL)->value > 0.9);
    assert_true(found(out, count, WS_METRIC_PRECISION)->value < 1);
    double low = found(out, count, WS_METRIC_LOW_DENSITY_MASS)->value;
    assert_true(fabs(low - 0.05) < 4 * sqrt(2 * 0.05 * 0.95 / ITEMS));
    assert_int_equal(found(out, count, WS_METRIC_LOW_DENSITY_MASS)->n, ITEMS);
    assert_non_null(found(out, count, WS_METRIC_SLICED_W2));
    assert_null(found(out, count, WS_METRIC_SLICED_W2_HUMAN));
    assert_null(found(out, count, WS_METRIC_TEST_NLL)); /* of a model, not of a sample */
    ws_human_close(world.human);
}

static void metric__samples_in_other_units_are_refused(void **state)
{
    struct world world = {0};
    struct ws_error err;
    struct ws_metric_set set = {0};
    assert_int_equal(open_world(&world, WS_HUMAN_UNIFORM, 1, 25, *state), WS_OK);
    struct ws_payload sample = COUNTS(sample_type, sample_count);
    sample.types = world.deal.original.types;
    assert_int_equal(ws_measure_sample(&world.reference, &sample, NULL, *state, &set, NULL), WS_OK);
    sample.types++;
    assert_int_equal(ws_measure_sample(&world.reference, &sample, NULL, *state, &set, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "what is counted in other tokens does not compare"));
    static const double point[] = {1};
    const struct ws_payload vector = {
        .kind = WS_DATA_VECTORS, .count = 1, .dimension = 1, .vectors = point};
    assert_int_equal(ws_measure_sample(&world.reference, &vector, NULL, *state, &set, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "a sample of vectors beside human "));
    ws_human_close(world.human);
    assert_int_equal(open_world(&world, WS_HUMAN_NORMAL, 2, 25, *state), WS_OK);
    assert_int_equal(ws_measure_sample(&world.reference, &vector, NULL, *state, &set, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "vectors of 1 numbers beside human ones of 2"));
    ws_human_close(world.human);
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void metric__reals_are_sorted_whatever_they_are(void **state)
{
    enum { MOST = 3000 };
    static const double odd[] = {0,       -0.0,  INFINITY, -INFINITY, 5e-324,
                                 -5e-324, 1e308, -1e308,   1,         1};
    double values[MOST], wanted[MOST];
    uint64_t work[2 * MOST];
    struct ws_rng rng;
    (void)state;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), 2);
    for (size_t count = 0; count <= MOST; count = count < 5 ? count + 1 : 3 * count) {
        ws_sample_normals(&rng, 0, exp((double)count / 100 - 10), values, count);
        for (size_t i = 0; i < count && count > 10; i++)
            if (ws_rng_below(&rng, 8) == 0)
                values[i] = odd[ws_rng_below(&rng, sizeof odd / sizeof *odd)];
        memcpy(wanted, values, sizeof wanted);
        qsort(wanted, count, sizeof *wanted, ascending);
        ws_sort_reals(values, count, work, values);
        for (size_t i = 0; i < count; i++)
            assert_true(values[i] == wanted[i]);
    }
}

/* ---- Regressions and counts ---- */

static double value_of(const struct ws_measurement *out, size_t count, enum ws_metric_id id)
{
    for (size_t i = 0; i < count; i++)
        if (out[i].metric == id)
            return out[i].value;
    fail_msg("'%s' was not measured", ws_metric(id)->name);
    return NAN;
}

static const struct ws_regression_settings least_squares = {.design = {WS_DESIGN_FIXED, 1, 0},
                                                            .known_variance = 1};
static const struct ws_logistic_settings logistic = {.design = {WS_DESIGN_FIXED, 1, 0},
                                                     .ridge = 0.1};

/* With the truth asked for once more, and the definitions written out. */
static void metric__regressions_are_compared_with_the_true_weights(void **state)
{
    static const enum ws_metric_id wanted[] = {WS_METRIC_TEST_NLL, WS_METRIC_EXCESS_RISK,
                                               WS_METRIC_DESIGN_RISK, WS_METRIC_WEIGHT_ERROR};
    struct world world = {0};
    struct ws_measurement out[WS_MEASUREMENT_LIMIT];
    size_t count = 0;
    assert_int_equal(measure_fit(&ws_family_regression, &least_squares, WS_HUMAN_LINEAR, 1, 0,
                                 *state, out, &count),
                     WS_OK);
    assert_measured(out, count, wanted, 4);
    assert_true(out[0].n == 30 && out[1].n == 40);
    assert_int_equal(open_world(&world, WS_HUMAN_LINEAR, 1, 0, *state), WS_OK);
    const struct ws_dataset *data = &world.deal.original;
    const struct ws_model *base;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 1, 5, 0);
    assert_int_equal(
        ws_family_regression.fit(&least_squares, 1, &data, &key, NULL, *state, &base, NULL), WS_OK);
    const double *w = ((const struct ws_regression_model *)base)->weights;
    const double *truth = ws_law_linear_truth(world.deal.law)->weights;
    const double *x = data->segments[0].payload->vectors;
    double squares = 0, risk = 0;
    for (size_t i = 0; i < 40; i++) {
        double error = 0;
        for (size_t j = 0; j < 2; j++)
            error += x[i * 3 + j] * (w[j] - truth[j]);
        risk += error * error / 40;
    }
    for (size_t j = 0; j < 2; j++)
        squares += (w[j] - truth[j]) * (w[j] - truth[j]);
    assert_true(fabs(out[1].value - 9 * squares) < 1e-14);
    assert_true(fabs(out[2].value - risk) < 1e-14);
    assert_true(fabs(out[3].value - squares) < 1e-14);
    ws_human_close(world.human);
}

static void metric__accuracies_are_of_labels_and_of_classes(void **state)
{
    static const enum ws_metric_id wanted[] = {WS_METRIC_TEST_NLL, WS_METRIC_ACCURACY,
                                               WS_METRIC_ACCURACY_TRUTH};
    struct ws_measurement out[WS_MEASUREMENT_LIMIT];
    size_t count = 0;
    assert_int_equal(
        measure_fit(&ws_family_logistic, &logistic, WS_HUMAN_TWO_CLASS, 1, 0, *state, out, &count),
        WS_OK);
    assert_measured(out, count, wanted, 3);

    /* Inputs of variance 9 round (1, 1) and (-1, -1), and weights of the first alone: Phi(1 / 3).
     * Of three items the second has the other label. */
    static const double weights[] = {2, 0}, none[] = {0, 0};
    static const double items[] = {1, -5, 1, 3, 4, 0, -0.5, 9, 0};
    struct world world = {0};
    assert_int_equal(open_world(&world, WS_HUMAN_TWO_CLASS, 1, 0, *state), WS_OK);
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 3, .dimension = 3, .vectors = items};
    assert_int_equal(
        ws_dataset_of(&payload, (struct ws_origin){0}, *state, &world.deal.reference, NULL), WS_OK);
    struct ws_logistic_model model = {
        .base = {&ws_family_logistic, &logistic, 7}, .inputs = 2, .weights = weights};
    assert_int_equal(
        ws_measure(&world.reference, &model.base, NULL, NULL, NULL, *state, out, &count, NULL),
        WS_OK);
    assert_true(value_of(out, count, WS_METRIC_ACCURACY) == 2.0 / 3);
    assert_true(fabs(value_of(out, count, WS_METRIC_ACCURACY_TRUTH) - 0.63055865981823642) < 1e-14);
    model.weights = none;
    assert_int_equal(
        ws_measure(&world.reference, &model.base, NULL, NULL, NULL, *state, out, &count, NULL),
        WS_OK);
    assert_true(value_of(out, count, WS_METRIC_ACCURACY_TRUTH) == 0.5);
    ws_human_close(world.human);
}

static void metric__means_of_counts_are_alive_or_not(void **state)
{
    static const struct ws_mean_count_model poisson = {{&ws_family_poisson, NULL, 7}, 100, 2.5};
    static const struct ws_mean_count_model dead = {{&ws_family_bernoulli, NULL, 7}, 2, 0};
    struct ws_metric_set set = {0};
    (void)state;
    ws_measure_mean_count(&poisson, &set);
    assert_true(set.value[WS_METRIC_ALIVE] == 1 && set.value[WS_METRIC_COUNT_MEAN] == 2.5);
    assert_false(set.has[WS_METRIC_BOTH_ALIVE]);
    for (int tenths = 0; tenths <= 10; tenths += 5) {
        const struct ws_mean_count_model coin = {{&ws_family_bernoulli, NULL, 7}, 2, tenths / 10.0};
        ws_measure_mean_count(&coin, &set);
        assert_true(set.value[WS_METRIC_BOTH_ALIVE] == (tenths == 5));
    }
    ws_measure_mean_count(&dead, &set);
    assert_true(set.value[WS_METRIC_ALIVE] == 0 && set.value[WS_METRIC_COUNT_MEAN] == 0);
    assert_int_equal(set.n[WS_METRIC_ALIVE], 7);
    struct ws_measurement out[WS_MEASUREMENT_LIMIT];
    size_t count = 0;
    assert_int_equal(
        measure_fit(&ws_family_bernoulli, NULL, WS_HUMAN_BERNOULLI, 1, 25, *state, out, &count),
        WS_OK);
    assert_true(value_of(out, count, WS_METRIC_ALIVE) == 1);
    assert_int_equal(
        measure_fit(&ws_family_poisson, NULL, WS_HUMAN_POISSON, 1, 25, *state, out, &count), WS_OK);
    assert_true(value_of(out, count, WS_METRIC_COUNT_MEAN) > 0);
}

/* ---- Human samples, names and memory ---- */

static void metric__human_sample_is_the_same_for_all_arms(void **state)
{
    struct world first = {0};
    struct world second = {0};
    assert_int_equal(open_world(&first, WS_HUMAN_ZIPF, 1, 25, *state), WS_OK);
    assert_int_equal(open_world(&second, WS_HUMAN_ZIPF, 1, 25, *state), WS_OK);
    const struct ws_payload *a = &first.reference.human_sample;
    const struct ws_payload *b = &second.reference.human_sample;
    assert_int_equal(a->count, 25);
    assert_int_equal(a->counts.size, b->counts.size);
    assert_memory_equal(a->counts.count, b->counts.count, a->counts.size * sizeof *a->counts.count);
    ws_human_close(first.human);
    ws_human_close(second.human);
}

static void metric__names_and_definitions_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < WS_METRIC_COUNT; i++)
        for (int j = 0; j < i; j++) {
            const struct ws_metric *a = ws_metric((enum ws_metric_id)i);
            const struct ws_metric *b = ws_metric((enum ws_metric_id)j);
            assert_string_not_equal(a->name, b->name);
            assert_string_not_equal(a->definition, b->definition);
        }
}

static enum ws_status measure_all(struct ws_arena *arena)
{
    struct ws_measurement out[WS_MEASUREMENT_LIMIT];
    size_t count;
    WS_TRY(measure_fit(&ws_family_discrete, NULL, WS_HUMAN_UNIFORM, 1, 25, arena, out, &count));
    WS_TRY(measure_fit(&ws_family_gaussian, &unbiased, WS_HUMAN_NORMAL, 2, 25, arena, out, &count));
    static const uint32_t ids[] = {1, 2, 1, 2, 1};
    static const uint64_t ends[] = {2, 5};
    const struct ws_payload sample = {
        .kind = WS_DATA_TOKENS, .count = 2, .types = 10, .tokens = {.ids = ids, .ends = ends}};
    struct ws_metric_set set = {0};
    return ws_measure_ngrams(&sample, arena, &set, NULL);
}

static void metric__every_failed_allocation_is_reported(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        assert_true(n < 10000);
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = measure_all(&arena);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(status == (heap.failures > 0 ? WS_NO_MEMORY : WS_OK));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(metric__types_match_the_worked_example),
        TEST(metric__of_a_collapsed_sample_has_exact_zeros),
        TEST(metric__without_a_reference_or_rare_types_says_so),
        TEST(metric__heterozygosity_is_the_models_own),
        TEST(metric__overlaps_match_a_search_of_every_type),
        TEST(metric__samples_of_a_known_truth_have_the_divergence_and_exponent_they_should),
        TEST(metric__w2_matches_cases_with_a_closed_form),
        TEST(metric__gaussians_match_the_worked_example),
        TEST(metric__a_gaussian_is_compared_with_the_moments_of_any_truth),
        TEST(metric__measures_what_applies_in_the_order_of_the_table),
        TEST(metric__samples_of_vectors_are_compared_with_the_reference),
        TEST(metric__vectors_without_a_sample_or_a_reference_have_none),
        TEST(metric__a_sample_of_the_truth_keeps_its_modes),
        TEST(floor__is_what_another_human_sample_scores),
        TEST(metric__samples_in_other_units_are_refused),
        TEST(metric__reals_are_sorted_whatever_they_are),
        TEST(metric__regressions_are_compared_with_the_true_weights),
        TEST(metric__accuracies_are_of_labels_and_of_classes),
        TEST(metric__means_of_counts_are_alive_or_not),
        TEST(metric__human_sample_is_the_same_for_all_arms),
        TEST(metric__names_and_definitions_are_unique),
        TEST(metric__every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
