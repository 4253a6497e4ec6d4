/*
 * Metrics of small inputs, compared with what scipy, scikit-learn and nltk give: the numbers of
 * tests/golden/metrics, which says how they were made.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sampler.h"
#include "measure/compression.h"
#include "measure/divergence.h"
#include "measure/mauve.h"
#include "measure/metric_set.h"
#include "measure/mixture_distance.h"
#include "measure/modes.h"
#include "measure/mtld.h"
#include "measure/power_tail.h"
#include "measure/quantile_recall.h"
#include "measure/richness.h"
#include "measure/support.h"
#include "measure/transport.h"
#include "measure/vendi.h"
#include "measure/wasserstein.h"
#include "measure/zipf_exponent.h"

struct stand {
    struct ws_arena arena;
    json_t *numbers;
};

static struct stand stand;

static int set_up(void **state)
{
    struct ws_bytes text;
    ws_arena_init(&stand.arena, NULL);
    if (ws_file_read(WS_SOURCE_DIR "/tests/golden/metrics/metric_numbers.json", 1 << 20,
                     &stand.arena, &text, NULL) != WS_OK ||
        ws_json_parse(text, "metric_numbers.json", &stand.numbers, NULL) != WS_OK)
        return -1;
    *state = &stand.arena;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(stand.numbers);
    ws_arena_release(&stand.arena);
    return 0;
}

static void assert_near(double seen, double wanted)
{
    if (!(fabs(seen - wanted) <= 1e-9 * (1 + fabs(wanted))))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

static json_t *part(const json_t *object, const char *name)
{
    json_t *found = json_object_get(object, name);
    if (!found)
        fail_msg("no %s", name);
    return found;
}

static double number(const json_t *object, const char *name)
{
    assert_true(json_is_number(part(object, name)));
    return json_number_value(part(object, name));
}

/* All numbers of an array, or of an array of arrays one after the other. */
static size_t flatten(const json_t *array, double *out)
{
    size_t count = 0, i;
    json_t *member;
    json_array_foreach(array, i, member)
    {
        if (json_is_array(member))
            count += flatten(member, out ? out + count : NULL);
        else if (out)
            out[count++] = json_number_value(member);
        else
            count++;
    }
    return count;
}

static double *reals(struct ws_arena *arena, const json_t *array, size_t *count)
{
    *count = flatten(array, NULL);
    double *out = WS_ARENA_NEW(arena, double, *count);
    assert_non_null(out);
    assert_true(*count > 0 && flatten(array, out) == *count);
    return out;
}

static struct ws_dataset vectors(struct ws_arena *arena, const json_t *rows, uint32_t dimension)
{
    size_t count;
    struct ws_dataset out;
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = WS_DATA_VECTORS;
    payload->dimension = dimension;
    payload->vectors = reals(arena, rows, &count);
    payload->count = count / dimension;
    assert_int_equal(ws_dataset_of(payload, (struct ws_origin){0}, arena, &out, NULL), WS_OK);
    return out;
}

/* ---- Vectors ---- */

static void numbers__w2_is_that_of_the_best_assignment(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "transport"), i, one)
    {
        size_t a_count, b_count;
        uint64_t work[32];
        double *a = reals(*state, part(one, "a"), &a_count);
        double *b = reals(*state, part(one, "b"), &b_count);
        ws_sort_reals(a, a_count, work, a);
        ws_sort_reals(b, b_count, work, b);
        assert_near(ws_w2_squared_sorted(a, a_count, b, b_count), number(one, "w2_squared"));
        assert_near(ws_w2_squared_sorted(b, b_count, a, a_count), number(one, "w2_squared"));
    }
    assert_int_equal(i, 5);
}

static void numbers__sliced_w2_is_the_root_of_the_mean_over_directions(void **state)
{
    const json_t *one = part(stand.numbers, "sliced");
    size_t count;
    double w2;
    struct ws_slices slices = {.dimension = 3,
                               .direction = reals(*state, part(one, "directions"), &count)};
    slices.count = count / 3;
    struct ws_dataset a = vectors(*state, part(one, "a"), 3);
    struct ws_dataset b = vectors(*state, part(one, "b"), 3);
    assert_int_equal(ws_slices_project(&slices, &a, *state, NULL), WS_OK);
    assert_int_equal(ws_sliced_w2(&slices, &b, *state, &w2, NULL), WS_OK);
    assert_near(w2, number(one, "w2"));
}

static void numbers__test_nll_is_that_of_scipy(void **state)
{
    const json_t *one = part(stand.numbers, "density");
    size_t count;
    double sum;
    uint64_t terms;
    const struct ws_gaussian_model model = {
        .base = {.ops = &ws_family_gaussian, .training_items = 100},
        .dimension = 3,
        .mean = reals(*state, part(one, "mean"), &count),
        .covariance = reals(*state, part(one, "covariance"), &count),
    };
    struct ws_dataset points = vectors(*state, part(one, "points"), 3);
    assert_int_equal(
        ws_family_gaussian.log_density(&model.base, &points, *state, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, points.count);
    assert_near(-sum / (double)terms, number(one, "nll"));
}

static void numbers__gaussians_are_as_far_apart_as_scipys_matrix_root_says(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "frechet"), i, one)
    {
        size_t dimension, count;
        struct ws_gaussian a = {.mean = reals(*state, part(one, "mean_a"), &dimension)};
        struct ws_gaussian b = {.mean = reals(*state, part(one, "mean_b"), &count)};
        double seen;
        a.covariance = reals(*state, part(one, "a"), &count);
        b.covariance = reals(*state, part(one, "b"), &count);
        a.dimension = b.dimension = (uint32_t)dimension;
        assert_int_equal(ws_gaussian_w2_squared(a, b, *state, &seen, NULL), WS_OK);
        assert_near(seen, number(one, "w2_squared"));
    }
    assert_int_equal(i, 3);
}

static struct ws_gmm mixture(struct ws_arena *arena, const char *name)
{
    const json_t *one = part(stand.numbers, "mixtures");
    const char *const parts[] = {"weights", "means", "covariances"};
    double *numbers[3];
    size_t counts[3];
    for (int i = 0; i < 3; i++) {
        char member[32];
        (void)snprintf(member, sizeof member, "%s_%s", name, parts[i]);
        numbers[i] = reals(arena, part(one, member), &counts[i]);
    }
    assert_true(counts[1] == 2 * counts[0] && counts[2] == 4 * counts[0]);
    return (struct ws_gmm){.components = (uint32_t)counts[0],
                           .dimension = 2,
                           .weights = numbers[0],
                           .means = numbers[1],
                           .covariances = numbers[2]};
}

static void numbers__mixtures_differ_by_what_scipy_says(void **state)
{
    const struct ws_gmm f = mixture(*state, "f"), g = mixture(*state, "g");
    double distance;
    assert_int_equal(ws_gmm_l2_squared(&f, &g, *state, &distance, NULL), WS_OK);
    assert_near(distance, number(part(stand.numbers, "mixtures"), "l2_squared"));
}

static void numbers__modes_are_those_of_scikit_learns_neighbours(void **state)
{
    const json_t *one = part(stand.numbers, "modes");
    size_t count;
    struct ws_modes_kept kept;
    struct ws_law truth = {.dimension = 2,
                           .modes = reals(*state, part(one, "centers"), &count),
                           .deviation = number(one, "deviation")};
    truth.mode_count = count / 2;
    struct ws_dataset items = vectors(*state, part(one, "items"), 2);
    assert_int_equal(ws_modes_measure(&truth, &items, *state, &kept, NULL), WS_OK);
    assert_near(kept.covered, number(one, "covered"));
    assert_near(kept.good, number(one, "good"));
    assert_near(kept.variance, number(one, "variance"));
    /* The approximation is good to half a percent, and exact where it is used most. */
    const double *radii = reals(*state, part(one, "radii"), &count);
    for (size_t i = 0; i < count; i += 2)
        assert_true(fabs(ws_modes_radius((uint32_t)radii[i]) / radii[i + 1] - 1) < 0.005);
    assert_true(fabs(ws_modes_radius(2) - 3) < 1e-5);
}

static struct ws_cloud cloud(struct ws_arena *arena, const json_t *rows, size_t dimension)
{
    size_t count;
    const double *values = reals(arena, rows, &count);
    return (struct ws_cloud){values, count / dimension, dimension};
}

static void numbers__precision_and_its_like_are_those_of_whole_matrices(void **state)
{
    const json_t *one = part(stand.numbers, "support");
    const struct ws_cloud human = cloud(*state, part(one, "human"), 4);
    struct ws_support support;
    size_t i;
    json_t *wanted;
    assert_int_equal(ws_support_of(&human, 2, *state, &support, NULL), WS_OK);
    json_array_foreach(part(one, "cases"), i, wanted)
    {
        const struct ws_cloud model = cloud(*state, part(wanted, "model"), 4);
        struct ws_support_kept kept;
        assert_int_equal(ws_support_measure(&support, &model, 2, *state, &kept, NULL), WS_OK);
        assert_near(kept.precision, number(wanted, "precision"));
        assert_near(kept.recall, number(wanted, "recall"));
        assert_near(kept.density, number(wanted, "density"));
        assert_near(kept.coverage, number(wanted, "coverage"));
        assert_near(kept.low_density, number(wanted, "low_density"));
    }
    assert_int_equal(i, 4);
}

static void numbers__quantile_recall_is_that_of_numpys_quantiles(void **state)
{
    const json_t *one = part(stand.numbers, "quantile_recall");
    struct ws_dataset human = vectors(*state, part(one, "human"), 2);
    struct ws_dataset model = vectors(*state, part(one, "model"), 2);
    struct ws_tail_edges edges;
    size_t count;
    assert_int_equal(ws_tail_edges_of(&human, *state, &edges, NULL), WS_OK);
    const double *low = reals(*state, part(one, "edges_low"), &count);
    const double *high = reals(*state, part(one, "edges_high"), &count);
    for (size_t d = 0; d < 2; d++) {
        assert_near(edges.low[d], low[d]);
        assert_near(edges.high[d], high[d]);
    }
    struct ws_tails_reached reached = ws_tails_reached(&edges, &model);
    assert_near(reached.low, number(one, "low"));
    assert_near(reached.high, number(one, "high"));
}

/* Of orders as stored, and infinity. */
static void assert_orders(const double *eigenvalues, size_t size, const json_t *orders,
                          const json_t *wanted)
{
    size_t i;
    json_t *order;
    json_array_foreach(orders, i, order)
        assert_near(ws_hill_number(eigenvalues, size, json_number_value(order)),
                    json_number_value(json_array_get(wanted, i)));
    assert_near(ws_hill_number(eigenvalues, size, INFINITY),
                json_number_value(json_array_get(wanted, i)));
}

/* The first by the small matrix, scipy's by the large one: a program that forgets the order in one
 * of the two would show. */
static void numbers__vendi_scores_are_those_of_the_whole_kernels_eigenvalues(void **state)
{
    const json_t *one = part(stand.numbers, "vendi");
    size_t count;
    double eigenvalues[20];
    const double *values = reals(*state, part(one, "points"), &count);
    float points[30 * 8];
    assert_int_equal(count, 30 * 8);
    for (size_t i = 0; i < count; i++)
        points[i] = (float)values[i];
    assert_int_equal(ws_linear_kernel_eigenvalues(points, 30, 8, *state, eigenvalues, NULL), WS_OK);
    for (size_t i = 0; i < json_array_size(part(one, "orders")); i++) {
        double q = json_number_value(json_array_get(part(one, "orders"), i));
        double wanted = json_number_value(json_array_get(part(one, "linear"), i));
        assert_true(fabs(ws_hill_number(eigenvalues, 8, q) / wanted - 1) < 1e-6); /* floats */
    }
    values = reals(*state, part(one, "vectors"), &count);
    assert_int_equal(count, 60);
    assert_int_equal(ws_gaussian_kernel_eigenvalues(values, 20, 3, number(one, "width"), *state,
                                                    eigenvalues, NULL),
                     WS_OK);
    assert_orders(eigenvalues, 20, part(one, "orders"), part(one, "gaussian"));
}

/* ---- Types ---- */

static struct ws_payload counts(struct ws_arena *arena, const json_t *array)
{
    size_t size;
    struct ws_payload out;
    const double *values = reals(arena, array, &size);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, size);
    assert_non_null(count);
    for (size_t i = 0; i < size; i++)
        count[i] = (uint64_t)values[i];
    assert_int_equal(ws_payload_of_counts(NULL, count, size, (uint32_t)size, arena, &out, NULL),
                     WS_OK);
    return out;
}

static void numbers__divergences_are_those_of_scipy(void **state)
{
    const json_t *one = part(stand.numbers, "divergence");
    struct ws_payload a = counts(*state, part(one, "a"));
    struct ws_payload b = counts(*state, part(one, "b"));
    struct ws_truth truth;
    assert_int_equal(
        ws_truth_init(&truth, a.types, number(one, "exponent"), number(one, "first"), *state, NULL),
        WS_OK);
    assert_near(ws_total_variation(&a, &b), number(one, "tv"));
    assert_near(ws_total_variation(&b, &a), number(one, "tv"));
    assert_near(ws_kl_half(&a, &b), number(one, "kl_half"));
    assert_true(ws_total_variation(&a, &a) == 0 && ws_kl_half(&a, &a) == 0);
    /* All that is known of the truth, through the table of metrics. */
    struct ws_reference reference = {.original = a, .reference = b, .human_sample = b};
    struct ws_metric_set set = {0};
    ws_reference_compare_human(&reference);
    ws_measure_types(&reference, &truth, &a, &set);
    assert_near(set.value[WS_METRIC_TV_TRUTH], number(one, "tv_truth"));
    assert_near(set.value[WS_METRIC_KL_TRUTH], number(one, "kl_truth"));
    assert_near(set.value[WS_METRIC_TV_REFERENCE], number(one, "tv"));
    assert_near(set.value[WS_METRIC_KL_REFERENCE], number(one, "kl_half"));
    assert_true(set.value[WS_METRIC_TV_REFERENCE_HUMAN] == 0 &&
                set.value[WS_METRIC_KL_REFERENCE_HUMAN] == 0);
    assert_true(set.n[WS_METRIC_KL_REFERENCE] == a.count &&
                set.n[WS_METRIC_KL_REFERENCE_HUMAN] == b.count);
}

static void numbers__zipf_exponents_are_those_of_the_largest_likelihood(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "zipf"), i, one)
    {
        struct ws_payload sample = counts(*state, part(one, "counts"));
        assert_near(ws_zipf_exponent(sample.counts.count, sample.counts.size),
                    number(one, "exponent"));
    }
    assert_int_equal(i, 5);
}

static void assert_bound(double seen, const json_t *wanted)
{
    if (json_is_null(wanted))
        assert_true(isnan(seen));
    else
        assert_near(seen, json_number_value(wanted));
}

static void numbers__richness_is_that_of_exact_arithmetic(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "richness"), i, one)
    {
        struct ws_payload sample = counts(*state, part(one, "counts"));
        const struct ws_richness r = ws_richness_of(sample.counts.count, sample.counts.size);
        const struct ws_missing_mass mass = ws_missing_mass(&r);
        assert_near(ws_chao1(&r), number(one, "chao1"));
        assert_near(ws_yule_k(&r), number(one, "yule_k"));
        assert_near(mass.estimate, number(one, "missing"));
        assert_bound(mass.low, part(one, "low"));
        assert_bound(mass.high, part(one, "high"));
    }
    assert_int_equal(i, 6);
}

static void numbers__hurwitz_zeta_is_scipys(void **state)
{
    size_t i;
    json_t *one;
    (void)state;
    json_array_foreach(part(stand.numbers, "hurwitz"), i, one)
    {
        double s = json_number_value(json_array_get(one, 0));
        double q = json_number_value(json_array_get(one, 1));
        double wanted = json_number_value(json_array_get(one, 2)), logs;
        assert_true(fabs(ws_hurwitz_zeta(s, q, &logs) / wanted - 1) < 1e-12);
        /* Minus the derivative, by differences. */
        double step = 1e-5 * s;
        double slope =
            (ws_hurwitz_zeta(s - step, q, NULL) - ws_hurwitz_zeta(s + step, q, NULL)) / (2 * step);
        if (s > 1.2) /* at 1 differences are of large numbers */
            assert_true(fabs(logs / slope - 1) < 1e-6);
    }
    assert_int_equal(i, 8);
}

static void numbers__tails_of_counts_are_those_of_the_largest_likelihood(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "power_tail"), i, one)
    {
        struct ws_payload sample = counts(*state, part(one, "counts"));
        struct ws_power_tail tail;
        assert_int_equal(
            ws_power_tail(sample.counts.count, sample.counts.size, *state, &tail, NULL), WS_OK);
        assert_near(tail.exponent, number(one, "exponent"));
        assert_near(tail.distance, number(one, "distance"));
        assert_true((double)tail.from == number(one, "from"));
        assert_true((double)tail.count == number(one, "count"));
        assert_near(ws_power_tail_exponent(sample.counts.count, sample.counts.size, tail.from),
                    number(one, "exponent"));
    }
    assert_int_equal(i, 2);
}

/* ---- Text ---- */

static struct ws_payload tokens_of(struct ws_arena *arena, const json_t *items, uint32_t types)
{
    size_t total = flatten(items, NULL), at = 0, i, t;
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, total);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, json_array_size(items));
    json_t *item, *token;
    assert_non_null(ids);
    assert_non_null(ends);
    json_array_foreach(items, i, item)
    {
        json_array_foreach(item, t, token) ids[at++] = (uint32_t)json_integer_value(token);
        ends[i] = at;
    }
    return (struct ws_payload){.kind = WS_DATA_TOKENS,
                               .count = json_array_size(items),
                               .types = types,
                               .tokens = {.ids = ids, .ends = ends}};
}

static void numbers__mtld_is_that_of_the_definition(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "mtld"), i, one)
    {
        json_t *items = json_pack("[O]", part(one, "tokens"));
        struct ws_payload text = tokens_of(*state, items, 200);
        double value;
        json_decref(items);
        assert_int_equal(ws_mtld(&text, *state, &value, NULL), WS_OK);
        assert_near(value, number(one, "mtld"));
    }
    assert_int_equal(i, 3);
}

static void numbers__self_bleu_is_nltks(void **state)
{
    const json_t *one = part(stand.numbers, "self_bleu");
    struct ws_payload text = tokens_of(*state, part(one, "items"), (uint32_t)number(one, "words"));
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&text, *state, &set, NULL), WS_OK);
    assert_near(set.value[WS_METRIC_SELF_BLEU], number(one, "value"));
}

static void numbers__distinct_n_is_that_of_nltks_ngrams(void **state)
{
    static const enum ws_metric_id pooled[] = {WS_METRIC_DISTINCT_1, WS_METRIC_DISTINCT_2,
                                               WS_METRIC_DISTINCT_3};
    static const enum ws_metric_id mean[] = {
        WS_METRIC_DISTINCT_1_SAMPLE, WS_METRIC_DISTINCT_2_SAMPLE, WS_METRIC_DISTINCT_3_SAMPLE};
    const json_t *one = part(stand.numbers, "distinct");
    struct ws_payload text = tokens_of(*state, part(one, "items"), (uint32_t)number(one, "types"));
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&text, *state, &set, NULL), WS_OK);
    for (size_t n = 0; n < 3; n++) {
        assert_near(set.value[pooled[n]],
                    json_number_value(json_array_get(part(one, "pooled"), n)));
        assert_near(set.value[mean[n]], json_number_value(json_array_get(part(one, "mean"), n)));
    }
    assert_near(set.value[WS_METRIC_REPEATED_4], number(one, "repeated"));
}

static void numbers__perplexities_are_those_of_numpy(void **state)
{
    const json_t *one = part(stand.numbers, "perplexity");
    struct ws_item_score scores[60];
    struct ws_perplexity all;
    size_t count, bins;
    const double *tokens = reals(*state, part(one, "tokens"), &count);
    const double *nll = reals(*state, part(one, "nll"), &count);
    assert_int_equal(count, 60);
    for (size_t i = 0; i < count; i++)
        scores[i] = (struct ws_item_score){-nll[i], NAN, (uint64_t)tokens[i]};
    assert_int_equal(ws_perplexity_of(scores, count, &all, NULL), WS_OK);
    assert_near(all.pooled, number(one, "pooled"));
    assert_near(all.mean, number(one, "mean"));
    const double *wanted = reals(*state, part(one, "bins"), &bins);
    assert_int_equal(bins, WS_PERPLEXITY_BINS);
    for (size_t b = 0; b < bins; b++)
        assert_true((double)all.bin[b] == wanted[b]);
}

static void numbers__mauve_of_given_histograms_is_the_mean_of_both_areas(void **state)
{
    size_t i;
    json_t *one;
    json_array_foreach(part(stand.numbers, "mauve"), i, one)
    {
        size_t size;
        const double *p = reals(*state, part(one, "p"), &size);
        const double *q = reals(*state, part(one, "q"), &size);
        assert_near(ws_mauve_area(p, q, size), number(one, "area"));
    }
    assert_int_equal(i, 4);
}

static void numbers__expectation_adjusted_distinct_n_is_that_of_exact_arithmetic(void **state)
{
    const json_t *one = part(stand.numbers, "expectation_adjusted");
    static const enum ws_metric_id ids[] = {WS_METRIC_EAD_1, WS_METRIC_EAD_2, WS_METRIC_EAD_3};
    uint32_t tokens[64];
    uint64_t ends[8];
    size_t i, size, total = 0;
    json_t *item;
    json_array_foreach(part(one, "items"), i, item)
    {
        const double *values = reals(*state, item, &size);
        for (size_t t = 0; t < size; t++)
            tokens[total++] = (uint32_t)values[t];
        ends[i] = total;
    }
    const struct ws_payload sample = {.kind = WS_DATA_TOKENS,
                                      .count = i,
                                      .types = (uint32_t)number(one, "words"),
                                      .tokens = {.ids = tokens, .ends = ends}};
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&sample, *state, &set, NULL), WS_OK);
    const double *wanted = reals(*state, part(one, "ead"), &size);
    assert_int_equal(size, 3);
    for (size_t n = 0; n < size; n++) {
        assert_near(set.value[ids[n]], wanted[n]);
        assert_int_equal(set.n[ids[n]], total);
    }
}

/* Another zlib may pack otherwise. */
static void numbers__compression_ratios_are_those_of_pythons_zlib(void **state)
{
    size_t i;
    json_t *one;
    if (strcmp(json_string_value(part(stand.numbers, "zlib")), zlibVersion()) != 0)
        skip();
    json_array_foreach(part(stand.numbers, "compression"), i, one)
    {
        double ratio;
        struct ws_bytes text = ws_bytes_of_text(json_string_value(part(one, "text")));
        assert_int_equal(ws_compression_ratio(text, *state, &ratio, NULL), WS_OK);
        assert_near(ratio, number(one, "ratio"));
    }
    assert_int_equal(i, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers__w2_is_that_of_the_best_assignment),
        TEST(numbers__sliced_w2_is_the_root_of_the_mean_over_directions),
        TEST(numbers__test_nll_is_that_of_scipy),
        TEST(numbers__gaussians_are_as_far_apart_as_scipys_matrix_root_says),
        TEST(numbers__mixtures_differ_by_what_scipy_says),
        TEST(numbers__modes_are_those_of_scikit_learns_neighbours),
        TEST(numbers__precision_and_its_like_are_those_of_whole_matrices),
        TEST(numbers__quantile_recall_is_that_of_numpys_quantiles),
        TEST(numbers__vendi_scores_are_those_of_the_whole_kernels_eigenvalues),
        TEST(numbers__divergences_are_those_of_scipy),
        TEST(numbers__zipf_exponents_are_those_of_the_largest_likelihood),
        TEST(numbers__richness_is_that_of_exact_arithmetic),
        TEST(numbers__hurwitz_zeta_is_scipys),
        TEST(numbers__tails_of_counts_are_those_of_the_largest_likelihood),
        TEST(numbers__mtld_is_that_of_the_definition),
        TEST(numbers__self_bleu_is_nltks),
        TEST(numbers__distinct_n_is_that_of_nltks_ngrams),
        TEST(numbers__perplexities_are_those_of_numpy),
        TEST(numbers__mauve_of_given_histograms_is_the_mean_of_both_areas),
        TEST(numbers__expectation_adjusted_distinct_n_is_that_of_exact_arithmetic),
        TEST(numbers__compression_ratios_are_those_of_pythons_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
