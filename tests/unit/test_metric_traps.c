/*
 * Where programs of others went wrong: numbers that go by one name and differ, and what a metric
 * must not be mistaken for. The table in docs/metrics.md says which test is of which trap; those
 * that stand beside the worked examples of their metric are not here.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "measure/compression.h"
#include "measure/metric_set.h"
#include "measure/mtld.h"
#include "measure/power_tail.h"
#include "measure/richness.h"
#include "measure/transport.h"
#include "measure/wasserstein.h"
#include "measure/zipf_exponent.h"

enum { ITEM = 20, ITEMS_MOST = 50 };

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

/* Items of ITEM tokens, which are drawn uniformly from `types`. */
static struct ws_payload uniform_text(struct ws_arena *arena, size_t items, uint32_t types)
{
    struct ws_rng rng;
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, items * ITEM);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, items);
    assert_true(ids && ends);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 3, 0, 0), 0);
    for (size_t i = 0; i < items * ITEM; i++)
        ids[i] = (uint32_t)ws_rng_below(&rng, types);
    for (size_t i = 0; i < items; i++)
        ends[i] = (i + 1) * ITEM;
    return (struct ws_payload){.kind = WS_DATA_TOKENS,
                               .count = items,
                               .types = types,
                               .tokens = {.ids = ids, .ends = ends}};
}

static double ngram_metric(struct ws_arena *arena, const struct ws_payload *text,
                           enum ws_metric_id id)
{
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(text, arena, &set, NULL), WS_OK);
    assert_true(set.has[id]);
    return set.value[id];
}

/* Both are called distinct-n, and have names of their own here. Pooled falls with the sample, the
 * mean over items does not. */
static void trap__distinct_n_is_pooled_or_of_items(void **state)
{
    struct ws_payload text = uniform_text(*state, ITEMS_MOST, 60);
    const double pooled = ngram_metric(*state, &text, WS_METRIC_DISTINCT_1);
    const double of_items = ngram_metric(*state, &text, WS_METRIC_DISTINCT_1_SAMPLE);
    assert_true(pooled < 0.07 && of_items > 0.8);
    text.count = 5;
    assert_true(ngram_metric(*state, &text, WS_METRIC_DISTINCT_1) > 5 * pooled);
    assert_true(fabs(ngram_metric(*state, &text, WS_METRIC_DISTINCT_1_SAMPLE) - of_items) < 0.1);
    assert_string_not_equal(ws_metric(WS_METRIC_DISTINCT_1)->definition,
                            ws_metric(WS_METRIC_DISTINCT_1_SAMPLE)->definition);
}

/* The m of expectation-adjusted distinct-n is the vocabulary's. With the types of the sample itself
 * one word again and again would score 1. */
static void trap__ead_divides_by_the_vocabulary_not_by_the_samples_types(void **state)
{
    static const uint32_t ids[30] = {0};
    static const uint64_t ends[] = {30};
    const struct ws_payload text = {
        .kind = WS_DATA_TOKENS, .count = 1, .types = 100, .tokens = {.ids = ids, .ends = ends}};
    const double expected = 1 / (100 * (1 - pow(0.99, 30)));
    assert_true(fabs(ngram_metric(*state, &text, WS_METRIC_EAD_1) - expected) < 1e-12);
}

/* rep-n is 1 - distinct-n, and a public program rounds each to two decimals before it multiplies
 * them: nothing is rounded here. */
static void trap__shares_of_repeats_are_not_rounded(void **state)
{
    static const uint32_t ids[] = {0, 1, 2, 3, 4, 0, 1};
    static const uint64_t ends[] = {7};
    const struct ws_payload text = {
        .kind = WS_DATA_TOKENS, .count = 1, .types = 5, .tokens = {.ids = ids, .ends = ends}};
    assert_true(fabs(ngram_metric(*state, &text, WS_METRIC_DISTINCT_1) - 5.0 / 7) < 1e-15);
    assert_true(fabs(ngram_metric(*state, &text, WS_METRIC_DISTINCT_2) - 5.0 / 6) < 1e-15);
}

/* Texts are each other's references: more of them score higher, and an item has no prompt. */
static void trap__self_bleu_rises_with_the_number_of_items(void **state)
{
    struct ws_payload text = uniform_text(*state, ITEMS_MOST, 60);
    const double many = ngram_metric(*state, &text, WS_METRIC_SELF_BLEU);
    text.count = 5;
    assert_true(many > 2 * ngram_metric(*state, &text, WS_METRIC_SELF_BLEU));
}

static double compressed(struct ws_arena *arena, const char *text, size_t size)
{
    double ratio;
    assert_int_equal(
        ws_compression_ratio((struct ws_bytes){(const uint8_t *)text, size}, arena, &ratio, NULL),
        WS_OK);
    return ratio;
}

/* Longer is higher, and so is what has its repeats near: a ratio is of one length and order. */
static void trap__compression_depends_on_length_and_order(void **state)
{
    enum { LINE = 40, LINES = 3000, ALL = LINE * LINES };
    char *near = WS_ARENA_NEW(*state, char, ALL), *apart = WS_ARENA_NEW(*state, char, ALL);
    struct ws_rng rng;
    assert_true(near && apart);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 4, 0, 0), 0);
    for (size_t i = 0; i < ALL / 2; i++)
        apart[i] = apart[ALL / 2 + i] = (char)('a' + ws_rng_below(&rng, 26));
    for (size_t l = 0; l < LINES; l++) /* each line beside its copy */
        memcpy(near + l * LINE, apart + l / 2 * LINE, LINE);
    assert_true(compressed(*state, near, ALL) > 1.5 * compressed(*state, apart, ALL));
    assert_true(compressed(*state, near, ALL) > 1.1 * compressed(*state, near, 2 * LINE));
}

/* Plug-in entropy is low by (T - 1) / 2N; Miller and Madow's term mends that. 4 standard errors of
 * the mean over samples. */
static void trap__plug_in_entropy_is_biased_low(void **state)
{
    enum { TYPES = 20, N = 100, SAMPLES = 2000 };
    double plain = 0, mended = 0, squares = 0;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 5, 0, 0), 0);
    for (size_t s = 0; s < SAMPLES; s++) {
        uint64_t counts[TYPES] = {0};
        struct ws_payload sample;
        struct ws_metric_set set = {0};
        for (size_t i = 0; i < N; i++)
            counts[ws_rng_below(&rng, TYPES)]++;
        assert_int_equal(ws_payload_of_counts(NULL, counts, TYPES, TYPES, *state, &sample, NULL),
                         WS_OK);
        const struct ws_reference reference = {.original = sample};
        ws_measure_types(&reference, NULL, &sample, &set);
        const double bias = set.value[WS_METRIC_ENTROPY] - log(TYPES);
        plain += bias / SAMPLES;
        squares += bias * bias / SAMPLES;
        mended += (set.value[WS_METRIC_ENTROPY_MM] - log(TYPES)) / SAMPLES;
    }
    const double error = sqrt((squares - plain * plain) / SAMPLES);
    const double next = 1.0 / (12.0 * N * N) * (TYPES * TYPES - 1); /* of the expansion */
    assert_true(fabs(plain + (TYPES - 1) / (2.0 * N) + next) < 4 * error + next);
    assert_true(fabs(mended) < 4 * error + 2 * next && fabs(mended) < -plain / 5);
}

/* By least squares through (log count, log of the types that have it), the usual way. */
static double slope_of_logarithms(const uint64_t *ascending, size_t size)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0, next = 0; i < size; i = next) {
        while (next < size && ascending[next] == ascending[i])
            next++;
        const double a = log((double)ascending[i]), b = log((double)(next - i));
        n++;
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
    }
    return -(n * xy - x * y) / (n * xx - x * x);
}

/* Counts of 400 types drawn from c^-2.5: the largest likelihood finds the exponent within 4
 * standard errors, (a - 1) / sqrt(n) about; a line through logarithms is off by more. */
static void trap__a_line_through_logarithms_is_biased(void **state)
{
    enum { TYPES = 400 };
    const double exponent = 2.5, whole = ws_hurwitz_zeta(exponent, 1, NULL);
    uint64_t counts[TYPES];
    struct ws_rng rng;
    (void)state;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 6, 0, 0), 0);
    for (size_t i = 0; i < TYPES; i++) {
        double u = ws_rng_uniform(&rng) * whole;
        uint64_t c = 1;
        for (; c < 1000000 && u > pow((double)c, -exponent); c++)
            u -= pow((double)c, -exponent);
        size_t at = i;
        for (; at > 0 && counts[at - 1] > c; at--)
            counts[at] = counts[at - 1];
        counts[at] = c;
    }
    const double reach = 4 * (exponent - 1) / sqrt(TYPES);
    assert_true(fabs(ws_power_tail_exponent(counts, TYPES, 1) - exponent) < reach);
    assert_true(fabs(slope_of_logarithms(counts, TYPES) - exponent) > reach);
}

/* A collapsed model leaves nothing unseen: its missing mass is 0, as that of a perfect one. */
static void trap__no_missing_mass_is_no_proof_of_health(void **state)
{
    static const uint64_t collapsed[] = {50, 50}, human[] = {20, 20, 20, 20, 20};
    struct ws_payload sample, reference;
    struct ws_metric_set set = {0};
    assert_int_equal(ws_payload_of_counts(NULL, collapsed, 2, 5, *state, &sample, NULL), WS_OK);
    assert_int_equal(ws_payload_of_counts(NULL, human, 5, 5, *state, &reference, NULL), WS_OK);
    const struct ws_reference side = {.original = reference, .reference = reference};
    ws_measure_types(&side, NULL, &sample, &set);
    assert_true(set.value[WS_METRIC_MISSING_MASS] == 0);
    assert_true(fabs(set.value[WS_METRIC_MASS_LOST] - 0.6) < 1e-12);
    /* Half an item a type keeps the divergence finite although types are lost. */
    assert_true(isfinite(set.value[WS_METRIC_KL_REFERENCE]) &&
                set.value[WS_METRIC_KL_REFERENCE] > 0.5);
}

/* A public program shows the mean of W1 as W2. One point that goes far away: W1 is 1/n of its way,
 * W2 the way over sqrt(n). */
static void trap__w2_is_not_w1(void **state)
{
    static const double a[] = {0, 0, 0, 0}, b[] = {0, 0, 0, 8};
    (void)state;
    const double w2 = sqrt(ws_w2_squared_sorted(a, 4, b, 4));
    assert_true(fabs(w2 - 4) < 1e-12); /* W1 is 2 */
}

/* Programs add 1e-6 to a singular covariance, or take the root of a product that is not symmetric
 * and drop what is imaginary. Distances of singular Gaussians are exact here. */
static void trap__frechet_distance_of_singular_covariances_is_exact(void **state)
{
    static const double zero[2] = {0}, point[4] = {0}, line[] = {4, 4, 4, 4};
    const struct ws_gaussian a = {2, zero, point}, b = {2, zero, line};
    double distance;
    assert_int_equal(ws_gaussian_w2_squared(a, b, *state, &distance, NULL), WS_OK);
    assert_true(fabs(distance - 8) < 1e-12);
    assert_int_equal(ws_gaussian_w2_squared(b, b, *state, &distance, NULL), WS_OK);
    assert_true(fabs(distance) < 1e-12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trap__distinct_n_is_pooled_or_of_items),
        TEST(trap__ead_divides_by_the_vocabulary_not_by_the_samples_types),
        TEST(trap__shares_of_repeats_are_not_rounded),
        TEST(trap__self_bleu_rises_with_the_number_of_items),
        TEST(trap__compression_depends_on_length_and_order),
        TEST(trap__plug_in_entropy_is_biased_low),
        TEST(trap__a_line_through_logarithms_is_biased),
        TEST(trap__no_missing_mass_is_no_proof_of_health),
        TEST(trap__w2_is_not_w1),
        TEST(trap__frechet_distance_of_singular_covariances_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
