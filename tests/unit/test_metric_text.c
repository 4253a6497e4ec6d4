/*
 * Metrics of text. What is expected is worked out by hand, has a closed form, or was computed once
 * by the tool that is named beside it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "measure/compression.h"
#include "measure/k_means.h"
#include "measure/mauve.h"
#include "measure/metric_set.h"
#include "support/failing_heap.h"
#include "support/laboratory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

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

static struct ws_payload tokens_of(const uint32_t *ids, const uint64_t *ends, uint64_t count)
{
    return (struct ws_payload){
        .kind = WS_DATA_TOKENS, .count = count, .types = 100, .tokens = {.ids = ids, .ends = ends}};
}

/* ---- Self-BLEU ---- */

static double self_bleu(const struct ws_payload *text, struct ws_arena *arena)
{
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(text, arena, &set, NULL), WS_OK);
    assert_true(set.has[WS_METRIC_SELF_BLEU]);
    assert_int_equal(set.n[WS_METRIC_SELF_BLEU], text->count);
    return set.value[WS_METRIC_SELF_BLEU];
}

static void self_bleu__matches_the_worked_example(void **state)
{
    static const uint32_t copies[] = {1, 2, 3, 4, /**/ 1, 2, 3, 4, /**/ 1, 2, 3, 4, 5};
    static const uint64_t copy_ends[] = {4, 8, 13};
    struct ws_payload text = tokens_of(copies, copy_ends, 3);
    /* The third: 4 of 5, 3 of 4, 2 of 3, 1 of 2, and longer than its references. */
    double third = pow(4.0 / 5 * 3 / 4 * 2 / 3 * 1 / 2, 0.25);
    assert_close(self_bleu(&text, *state), (1 + 1 + third) / 3);

    /* The first is shorter: exp(1 - 8/6), and 1 2 3 match: 3 of 6, 2 of 5, 1 of 4, 0.1 of 3. The
     * second: 3 of 8, 2 of 7, 1 of 6, 0.1 of 5. */
    static const uint32_t ids[] = {1, 2, 3, 4, 5, 6, /**/ 1, 2, 3, 9, 9, 9, 9, 9};
    static const uint64_t ends[] = {6, 14};
    text = tokens_of(ids, ends, 2);
    double first = exp(1 - 8.0 / 6) * pow(3.0 / 6 * 2 / 5 * 1 / 4 * 0.1 / 3, 0.25);
    double second = pow(3.0 / 8 * 2 / 7 * 1 / 6 * 0.1 / 5, 0.25);
    assert_close(self_bleu(&text, *state), (first + second) / 2);
}

static void self_bleu__clips_what_the_others_have_less_often(void **state)
{
    /* Of five 7s, the others have three at most; they find theirs all. 77 and 777 likewise. */
    static const uint32_t ids[] = {7, 7, 7, 7, 7, /**/ 7, 7, 7, 1, 1, /**/ 7, 7, 2, 2, 2};
    static const uint64_t ends[] = {5, 10, 15};
    struct ws_payload text = tokens_of(ids, ends, 3);
    double first = pow(3.0 / 5 * 2 / 4 * 1 / 3 * 0.1 / 2, 0.25);
    double second = pow(3.0 / 5 * 2 / 4 * 1 / 3 * 0.1 / 2, 0.25);
    double third = pow(2.0 / 5 * 1 / 4 * 0.1 / 3 * 0.1 / 2, 0.25);
    assert_close(self_bleu(&text, *state), (first + second + third) / 3);
}

static void self_bleu__of_strangers_is_zero_and_of_one_item_not_there(void **state)
{
    static const uint32_t ids[] = {1, 2};
    static const uint64_t ends[] = {1, 2};
    struct ws_payload text = tokens_of(ids, ends, 2);
    assert_true(self_bleu(&text, *state) == 0);
    text = tokens_of(ids, ends, 1);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&text, *state, &set, NULL), WS_OK);
    assert_false(set.has[WS_METRIC_SELF_BLEU]);
}

/* `count` items of `shortest` to `longest` tokens below `types`, small ones more often. */
static struct ws_payload made_up_text(uint32_t seed, uint32_t count, uint32_t shortest,
                                      uint32_t longest, uint32_t types, struct ws_arena *arena)
{
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, (size_t)count * longest);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, count);
    assert_true(ids && ends);
    uint64_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t length = shortest + (seed >> 16) % (longest - shortest + 1);
        for (uint32_t t = 0; t < length; t++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t a = seed >> 16;
            ids[size++] = a % types * ((a >> 8) % types) / types;
        }
        ends[i] = size;
    }
    return tokens_of(ids, ends, count);
}

/* NLTK 3.8: mean over items of sentence_bleu(all others, item, SmoothingFunction().method1). */
static void self_bleu__equals_nltk(void **state)
{
    static const struct {
        uint32_t seed, count, shortest, longest, types;
        double value;
    } cases[] = {
        {1, 12, 3, 9, 6, 0.6009208004142149},
        {2, 20, 1, 30, 12, 0.4733176158960422},
        {3, 6, 40, 40, 5, 0.8784684778294066},
        {4, 15, 2, 6, 40, 0.12975450003125885},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ws_payload text = made_up_text(cases[i].seed, cases[i].count, cases[i].shortest,
                                              cases[i].longest, cases[i].types, *state);
        assert_close(self_bleu(&text, *state), cases[i].value);
    }
}

/* ---- Rare trigrams ---- */

static struct ws_dataset dataset_of(const struct ws_payload *payload, struct ws_arena *arena)
{
    struct ws_dataset dataset;
    assert_int_equal(ws_dataset_of(payload, (struct ws_origin){0}, arena, &dataset, NULL), WS_OK);
    return dataset;
}

static uint64_t found_in(const struct ws_rare_trigrams *rare, const struct ws_payload *payload,
                         struct ws_arena *arena)
{
    struct ws_dataset text = dataset_of(payload, arena);
    uint64_t found = 0;
    assert_int_equal(ws_rare_trigrams_found(rare, &text, arena, &found, NULL), WS_OK);
    return found;
}

static void rare_trigrams__match_the_worked_example(void **state)
{
    struct ws_arena *arena = *state;
    /* 123 three times, 231 twice, 312 twice, 789 once; 12 3 is split by an end. */
    static const uint32_t ids[] = {1, 2, 3, 1, 2, 3, 1, 2, 3, /**/ 7, 8, 9, /**/ 1, 2, /**/ 3};
    static const uint64_t ends[] = {9, 12, 14, 15};
    struct ws_payload payload = tokens_of(ids, ends, 4);
    struct ws_dataset text = dataset_of(&payload, arena);
    struct ws_rare_trigrams rare;
    assert_int_equal(ws_rare_trigrams_of(&text, arena, &rare, NULL), WS_OK);
    assert_int_equal(rare.count, 3);
    assert_int_equal(found_in(&rare, &payload, arena), 3);

    static const uint32_t other[] = {2, 3, 1, 2, 3, 1, /**/ 7, 8, /**/ 9, 1, 2, 3, 3};
    static const uint64_t other_ends[] = {6, 8, 13};
    payload = tokens_of(other, other_ends, 3); /* 231 and 312 */
    assert_int_equal(found_in(&rare, &payload, arena), 2);
    static const uint32_t none[] = {5, 5};
    static const uint64_t none_ends[] = {2};
    payload = tokens_of(none, none_ends, 1);
    assert_int_equal(found_in(&rare, &payload, arena), 0);
    text = dataset_of(&payload, arena);
    assert_int_equal(ws_rare_trigrams_of(&text, arena, &rare, NULL), WS_OK);
    assert_int_equal(rare.count, 0);
}

/* How often the trigram stands in the text. */
static unsigned times_in(const struct ws_payload *text, const uint32_t trigram[3])
{
    unsigned times = 0;
    for (uint64_t i = 0; i < text->count; i++) {
        size_t size;
        const uint32_t *item = ws_payload_tokens(text, i, &size);
        for (size_t t = 2; t < size; t++)
            times += memcmp(item + t - 2, trigram, 3 * sizeof *trigram) == 0;
    }
    return times;
}

static void rare_trigrams__match_a_comparison_of_every_pair(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_payload reference = made_up_text(5, 20, 1, 60, 20, arena);
    struct ws_payload other = made_up_text(6, 30, 1, 60, 20, arena);
    uint64_t places = 0; /* of rare trigrams; one that stands twice counts half */
    uint64_t kept = 0;
    for (uint64_t i = 0; i < reference.count; i++) {
        size_t size;
        const uint32_t *item = ws_payload_tokens(&reference, i, &size);
        for (size_t t = 2; t < size; t++) {
            unsigned times = times_in(&reference, item + t - 2);
            if (times > 2)
                continue;
            places += 2 / times;
            kept += times_in(&other, item + t - 2) > 0 ? 2 / times : 0;
        }
    }
    struct ws_dataset text = dataset_of(&reference, arena);
    struct ws_rare_trigrams rare;
    assert_int_equal(ws_rare_trigrams_of(&text, arena, &rare, NULL), WS_OK);
    assert_true(kept > 0 && kept < places);
    assert_int_equal(rare.count, places / 2);
    assert_int_equal(found_in(&rare, &other, arena), kept / 2);
}

/* ---- MAUVE ---- */

static void mauve__area_of_the_same_and_of_strangers_has_a_closed_form(void **state)
{
    (void)state;
    static const double p[] = {0.25, 0.25, 0.5, 0};
    assert_close(ws_mauve_area(p, p, 4), 1);
    /* The curve is ((1 - w)^5, w^5), the area under its 25 points this fraction, under itself
     * 1/252. */
    static const double left[] = {1, 0};
    static const double right[] = {0, 1};
    assert_close(ws_mauve_area(left, right, 2), 336177991 / 82556485632.0);
    assert_true(fabs(ws_mauve_area(left, right, 2) - 1 / 252.0) < 2e-4);
}

/* The definition in numpy 1.24.2, with the same 25 weights. */
static void mauve__area_equals_numpy(void **state)
{
    (void)state;
    static const struct {
        double p[4], q[4], area;
    } cases[] = {
        {{0.9, 0.1}, {0.5, 0.5}, 0.6710958107867495},
        {{0.7, 0.2, 0.1}, {0.1, 0.2, 0.7}, 0.2190616869842421},
        {{0.25, 0.25, 0.5, 0}, {0, 0.5, 0.25, 0.25}, 0.28229883913052756},
        {{0.6, 0.4, 0}, {0.5, 0.3, 0.2}, 0.749748766376642},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_close(ws_mauve_area(cases[i].p, cases[i].q, 4), cases[i].area);
        assert_close(ws_mauve_area(cases[i].q, cases[i].p, 4), cases[i].area);
    }
}

static const struct ws_rng_key key = {{1, 2}, 3};

static double mauve(const struct ws_payload *a, const struct ws_payload *b, struct ws_arena *arena)
{
    uint64_t count = a->count;
    float *points = WS_ARENA_NEW(arena, float, 2 * count * WS_MAUVE_DIMENSION);
    assert_non_null(points);
    struct ws_dataset first = dataset_of(a, arena);
    struct ws_dataset second = dataset_of(b, arena);
    ws_mauve_points(&first, count, points);
    ws_mauve_points(&second, count, points + count * WS_MAUVE_DIMENSION);
    double value = -1;
    assert_int_equal(ws_mauve(points, count, key, 0, 1, arena, &value, NULL), WS_OK);
    return value;
}

static void mauve__of_a_text_and_itself_is_one_and_of_strangers_small(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_payload text = made_up_text(1, 100, 40, 60, 12, arena);
    struct ws_payload other = made_up_text(2, 100, 40, 60, 12, arena);
    assert_close(mauve(&text, &text, arena), 1);
    double same_law = mauve(&text, &other, arena);
    assert_true(same_law > 0.8 && same_law <= 1);

    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, other.tokens.ends[99]);
    assert_non_null(ids);
    for (uint64_t i = 0; i < other.tokens.ends[99]; i++)
        ids[i] = other.tokens.ids[i] + 50;
    struct ws_payload stranger = tokens_of(ids, other.tokens.ends, 100);
    /* Ten cells with half an item more in each: the two share 5 of 105 items. */
    assert_true(mauve(&text, &stranger, arena) < 0.05);
}

static void mauve__points_have_length_one_and_count_words_and_pairs(void **state)
{
    struct ws_arena *arena = *state;
    static const uint32_t ids[] = {10, 20, 30, /**/ 10, 20, 30, 10, 20, 30, /**/ 7};
    static const uint64_t ends[] = {3, 9, 10};
    static const int grams[] = {5, 6, 1}; /* three and two; 30 10 too; one */
    struct ws_payload payload = tokens_of(ids, ends, 3);
    struct ws_dataset text = dataset_of(&payload, arena);
    float points[3 * WS_MAUVE_DIMENSION];
    ws_mauve_points(&text, 3, points);
    for (int i = 0; i < 3; i++) {
        double norm = 0;
        int used = 0;
        for (int d = 0; d < WS_MAUVE_DIMENSION; d++) {
            double value = (double)points[i * WS_MAUVE_DIMENSION + d];
            norm += value * value;
            used += value != 0;
        }
        assert_true(fabs(norm - 1) < 1e-6);
        assert_int_equal(used, grams[i]);
    }
}

/* Inner products of sketches against those of the counts, over many pairs of texts. */
static void mauve__points_keep_inner_products_on_average(void **state)
{
    enum { PAIRS = 200, SIZE = 40 };
    struct ws_arena *arena = *state;
    double difference = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        /* All tokens differ, but for the first half of the items: 20 words and 19 pairs of 79. */
        uint32_t ids[2 * SIZE];
        static const uint64_t ends[] = {SIZE, 2 * SIZE};
        for (uint32_t t = 0; t < 2 * SIZE; t++)
            ids[t] = 1000 * i + (t >= SIZE && t < SIZE + SIZE / 2 ? t - SIZE : t);
        struct ws_payload payload = tokens_of(ids, ends, 2);
        struct ws_dataset text = dataset_of(&payload, arena);
        float points[2 * WS_MAUVE_DIMENSION];
        ws_mauve_points(&text, 2, points);
        double product = 0;
        for (int d = 0; d < WS_MAUVE_DIMENSION; d++)
            product += (double)points[d] * (double)points[WS_MAUVE_DIMENSION + d];
        difference += product - 39.0 / 79;
    }
    /* One pair is off by less than 1.1 / sqrt(128); four of its standard errors. */
    assert_true(fabs(difference / PAIRS) < 4 * 1.1 / sqrt(WS_MAUVE_DIMENSION * (double)PAIRS));
}

/* ---- k-means ---- */

enum { POINTS = 60, DIMENSION = WS_K_MEANS_LANES };

/* Three groups in turn, 10 apart, each within 1. */
static struct ws_points grouped_points(struct ws_arena *arena)
{
    float *values = WS_ARENA_ZNEW(arena, float, POINTS *DIMENSION);
    assert_non_null(values);
    struct ws_rng rng;
    ws_rng_init(&rng, key, 7);
    for (size_t i = 0; i < POINTS; i++) {
        values[i * DIMENSION + i % 3] = 10;
        values[i * DIMENSION + 5] = (float)ws_rng_uniform(&rng);
    }
    return (struct ws_points){values, POINTS, DIMENSION};
}

static void k_means__finds_groups_that_lie_apart(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_points points = grouped_points(arena);
    for (uint64_t start = 0; start < 20; start++) {
        uint32_t cluster[POINTS];
        assert_int_equal(ws_k_means(&points, 3, key, start, 1, arena, cluster, NULL), WS_OK);
        assert_true(cluster[0] < 3 && cluster[1] < 3 && cluster[2] < 3);
        assert_true(cluster[0] != cluster[1] && cluster[1] != cluster[2] &&
                    cluster[0] != cluster[2]);
        for (size_t i = 3; i < POINTS; i++)
            assert_int_equal(cluster[i], cluster[i % 3]);
    }
}

static double squared(double x)
{
    return x * x;
}

/* Squared distance of point i from the mean of cluster c; infinite when that is empty. */
static double distance_from_mean(const struct ws_points *points, const uint32_t *cluster, size_t i,
                                 uint32_t c)
{
    double distance = 0;
    for (size_t d = 0; d < points->dimension; d++) {
        double sum = 0;
        double size = 0;
        for (size_t j = 0; j < points->count; j++)
            if (cluster[j] == c) {
                sum += (double)points->values[j * points->dimension + d];
                size++;
            }
        if (size == 0)
            return INFINITY;
        distance += squared((double)points->values[i * points->dimension + d] - sum / size);
    }
    return distance;
}

static void k_means__leaves_each_point_with_the_nearest_mean(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_points points = grouped_points(arena);
    uint32_t cluster[POINTS];
    assert_int_equal(ws_k_means(&points, 5, key, 1, 1, arena, cluster, NULL), WS_OK);
    for (size_t i = 0; i < POINTS; i++)
        for (uint32_t c = 0; c < 5; c++)
            assert_true(distance_from_mean(&points, cluster, i, cluster[i]) <=
                        distance_from_mean(&points, cluster, i, c) + 1e-5);
}

static void k_means__depends_on_points_and_key_alone(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_points points = grouped_points(arena);
    uint32_t cluster[2][POINTS];
    for (int i = 0; i < 2; i++)
        assert_int_equal(ws_k_means(&points, 8, key, 3, 1, arena, cluster[i], NULL), WS_OK);
    assert_memory_equal(cluster[0], cluster[1], sizeof cluster[0]);
}

static void k_means__gives_the_same_for_any_number_of_threads(void **state)
{
    struct ws_arena *arena = *state;
    enum { COUNT = 1500, CLUSTERS = 100 };
    float *values = WS_ARENA_NEW(arena, float, COUNT *DIMENSION);
    uint32_t *cluster[2] = {WS_ARENA_NEW(arena, uint32_t, COUNT),
                            WS_ARENA_NEW(arena, uint32_t, COUNT)};
    assert_true(values && cluster[0] && cluster[1]);
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (size_t i = 0; i < (size_t)COUNT * DIMENSION; i++)
        values[i] = (float)ws_rng_uniform(&rng);
    const struct ws_points points = {values, COUNT, DIMENSION};
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ws_k_means(&points, CLUSTERS, key, 0, 1 + 2 * i, arena, cluster[i], NULL),
                         WS_OK);
    assert_memory_equal(cluster[0], cluster[1], COUNT * sizeof *cluster[0]);
}

static void k_means__takes_fewer_different_points_than_clusters(void **state)
{
    struct ws_arena *arena = *state;
    static const float values[3 * DIMENSION] = {[0] = 1, [DIMENSION] = 1, [2 * DIMENSION] = 2};
    const struct ws_points points = {values, 3, DIMENSION};
    uint32_t cluster[3];
    assert_int_equal(ws_k_means(&points, 6, key, 0, 1, arena, cluster, NULL), WS_OK);
    assert_int_equal(cluster[0], cluster[1]);
    assert_int_not_equal(cluster[0], cluster[2]);
    assert_true(cluster[0] < 6 && cluster[2] < 6);
}

/* ---- Perplexity ---- */

static void perplexity__matches_the_worked_example(void **state)
{
    (void)state;
    const struct ws_item_score scores[] = {
        {-2 * log(2), 3, 2}, {-3 * log(20), 4, 3}, {0, NAN, 0}, {0, 1, 1}, {-log(20.5), 2, 1}};
    struct ws_perplexity all;
    assert_int_equal(ws_perplexity_of(scores, 2, &all, NULL), WS_OK);
    assert_int_equal(all.tokens, 5);
    assert_int_equal(all.sequences, 2);
    assert_close(all.pooled, pow(2 * 2 * 20.0 * 20 * 20, 0.2));
    assert_close(all.mean, 11);
    assert_close(all.entropy, 7.0 / 5);

    /* Bins begin at 10^(b/8): 1.778 and 2.371 are around 2; 17.78 and 23.71 around 20. */
    assert_int_equal(ws_perplexity_of(scores, 5, &all, NULL), WS_OK);
    assert_int_equal(all.sequences, 4); /* the one without tokens is left out */
    assert_int_equal(all.bin[0], 1);
    assert_int_equal(all.bin[2], 1);
    assert_int_equal(all.bin[10], 2);
    assert_close(all.entropy, 10.0 / 7);
    assert_close(ws_perplexity_edge(0), 1);
    assert_close(ws_perplexity_edge(8), 10);
    assert_close(ws_perplexity_edge(WS_PERPLEXITY_BINS - 1), 100000);
}

static void perplexity__of_what_is_impossible_is_infinite(void **state)
{
    (void)state;
    const struct ws_item_score scores[] = {{-log(1e6), NAN, 1}, {-INFINITY, NAN, 4}, {-1, 0, 1}};
    struct ws_perplexity all;
    assert_int_equal(ws_perplexity_of(scores, 3, &all, NULL), WS_OK);
    assert_true(all.pooled == INFINITY && all.mean == INFINITY && isnan(all.entropy));
    assert_int_equal(all.bin[WS_PERPLEXITY_BINS - 1], 2);
    assert_int_equal(all.bin[3], 1); /* e */
}

static void perplexity__refuses_what_is_no_number(void **state)
{
    (void)state;
    const struct ws_item_score scores[] = {{-1, 0, 1}, {NAN, 0, 1}};
    struct ws_perplexity all;
    struct ws_error err;
    assert_int_equal(ws_perplexity_of(scores, 2, &all, &err), WS_NUMERIC);
    assert_string_equal(err.message, "the model gives sequence 1 no probability");
}

/* ---- All together ---- */

enum { SAMPLE = 25, BLOCK = 5, TEST_ITEMS = 5 };

struct world {
    struct ws_deal deal;
    struct ws_reference reference;
    const struct ws_model *model;
    const struct ws_payload *sample;
    struct ws_measurement out[WS_MEASUREMENT_LIMIT];
    size_t count;
};

/* A trigram of 20 blocks of 5 words, measured as its own first model. */
static enum ws_status measure_trigram(const struct laboratory *lab, bool first,
                                      struct ws_arena *arena, struct world *world)
{
    const struct ws_family_ops *family = lab->experiment.family;
    const struct ws_dataset *data = &world->deal.original;
    const uint64_t items = SAMPLE;
    WS_TRY(ws_human_deal(lab->human, 1, arena, &world->deal, NULL));
    WS_TRY(ws_reference_prepare(&world->deal, items, arena, &world->reference, NULL));
    WS_TRY(family->fit(lab->experiment.family_settings, 1, &data, &key, NULL, arena, &world->model,
                       NULL));
    WS_TRY(family->sample(1, &world->model, &items, &key, NULL, arena, &world->sample, NULL));
    return ws_measure(&world->reference, world->model, first ? world->model : NULL, world->sample,
                      NULL, arena, world->out, &world->count, NULL);
}

static const struct ws_measurement *measured(const struct world *world, enum ws_metric_id id)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->out[i].metric == id)
            return &world->out[i];
    fail_msg("no %s", ws_metric(id)->name);
    return NULL;
}

static void assert_perplexity(const struct world *world, const struct ws_dataset *text,
                              enum ws_metric_id pooled, enum ws_metric_id mean)
{
    struct ws_item_score scores[SAMPLE];
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(world->model->ops->score(world->model, text, NULL, &arena, scores, NULL),
                     WS_OK);
    ws_arena_release(&arena);
    double log_probability = 0;
    double sum = 0;
    for (uint64_t i = 0; i < text->count; i++) {
        log_probability += scores[i].log_probability;
        sum += exp(-scores[i].log_probability / BLOCK);
    }
    assert_int_equal(measured(world, pooled)->n, text->count * BLOCK);
    assert_close(measured(world, pooled)->value,
                 exp(-log_probability / ((double)text->count * BLOCK)));
    assert_int_equal(measured(world, mean)->n, text->count);
    assert_close(measured(world, mean)->value, sum / (double)text->count);
}

/* Bins ascend and their shares are all there is. */
/* Of the bytes of `items` items, evenly spaced, each on a line of its own; here a token is a byte.
 */
static void assert_compression(const struct ws_dataset *text, uint64_t items,
                               const struct ws_measurement *seen)
{
    struct ws_arena arena;
    struct ws_buffer bytes;
    double ratio;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    for (uint64_t i = 0; i < items; i++) {
        size_t size;
        const uint32_t *ids =
            ws_payload_tokens(text->segments[0].payload, i * text->count / items, &size);
        for (size_t t = 0; t < size; t++)
            ws_buffer_u8(&bytes, (uint8_t)ids[t]);
        ws_buffer_u8(&bytes, '\n');
    }
    assert_int_equal(ws_compression_ratio(ws_buffer_bytes(&bytes), &arena, &ratio, NULL), WS_OK);
    assert_close(seen->value, ratio);
    assert_int_equal(seen->n, items * BLOCK);
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
}

static void assert_histogram(const struct world *world, enum ws_metric_id id, uint64_t sequences)
{
    double sum = 0;
    unsigned next = 0;
    for (size_t i = 0; i < world->count; i++) {
        if (world->out[i].metric != id)
            continue;
        assert_int_equal(world->out[i].n, sequences);
        assert_true(world->out[i].bin >= next && world->out[i].bin < WS_PERPLEXITY_BINS);
        assert_true(world->out[i].value > 0);
        sum += world->out[i].value;
        next = world->out[i].bin + 1;
    }
    assert_close(sum, 1);
}

static void text__is_measured_in_both_directions(void **state)
{
    struct laboratory lab;
    struct world world = {.count = 0};
    assert_true(laboratory_open(&lab, laboratory_texts[2], "unit: bytes\n", NULL, NULL));
    assert_int_equal(measure_trigram(&lab, true, *state, &world), WS_OK);
    for (size_t i = 1; i < world.count; i++)
        assert_true(world.out[i].metric > world.out[i - 1].metric ||
                    ws_metric_is_histogram(world.out[i].metric));
    struct ws_dataset own = dataset_of(world.sample, *state);
    assert_perplexity(&world, &world.deal.reference, WS_METRIC_PERPLEXITY,
                      WS_METRIC_PERPLEXITY_MEAN);
    assert_perplexity(&world, &own, WS_METRIC_OWN_TEXT_PERPLEXITY,
                      WS_METRIC_OWN_TEXT_PERPLEXITY_MEAN);
    assert_histogram(&world, WS_METRIC_PERPLEXITY_HISTOGRAM, TEST_ITEMS);
    assert_histogram(&world, WS_METRIC_OWN_TEXT_PERPLEXITY_HISTOGRAM, SAMPLE);
    assert_compression(&own, SAMPLE, measured(&world, WS_METRIC_COMPRESSION));
    assert_int_equal(measured(&world, WS_METRIC_COMPRESSION_HUMAN)->n, SAMPLE * BLOCK);
    assert_true(measured(&world, WS_METRIC_COMPRESSION_HUMAN)->value > 1);
    double recall = measured(&world, WS_METRIC_RARE_TRIGRAM_RECALL)->value;
    double human = measured(&world, WS_METRIC_RARE_TRIGRAM_RECALL_HUMAN)->value;
    assert_int_equal(measured(&world, WS_METRIC_RARE_TRIGRAM_RECALL_HUMAN)->n, SAMPLE * BLOCK);
    assert_true(recall > 0 && recall <= 1 && human > 0 && human <= 1);
    assert_close(measured(&world, WS_METRIC_RARE_TRIGRAM_KEPT)->value, recall / human);
    const struct ws_measurement *alike = measured(&world, WS_METRIC_MAUVE);
    assert_true(alike->n == SAMPLE && alike->value > 0 && alike->value <= 1);
    laboratory_close(&lab);
}

static void text__of_a_long_sample_some_items_are_compressed(void **state)
{
    struct laboratory lab;
    struct world world = {.count = 0};
    const uint64_t items = 10000;
    assert_true(laboratory_open(&lab, laboratory_texts[2], "unit: bytes\n", NULL, NULL));
    assert_int_equal(measure_trigram(&lab, false, *state, &world), WS_OK);
    assert_int_equal(lab.experiment.family->sample(1, &world.model, &items, &key, NULL, *state,
                                                   &world.sample, NULL),
                     WS_OK);
    assert_int_equal(ws_measure(&world.reference, world.model, NULL, world.sample, NULL, *state,
                                world.out, &world.count, NULL),
                     WS_OK);
    struct ws_dataset own = dataset_of(world.sample, *state);
    assert_compression(&own, 32768 / BLOCK, measured(&world, WS_METRIC_COMPRESSION));
    laboratory_close(&lab);
}

static void text__without_a_first_model_or_a_reference_has_no_such_numbers(void **state)
{
    struct laboratory lab;
    struct world world = {.count = 0};
    assert_true(laboratory_open(&lab, laboratory_texts[2], "", NULL, NULL));
    assert_int_equal(measure_trigram(&lab, false, *state, &world), WS_OK);
    for (size_t i = 0; i < world.count; i++)
        assert_null(strstr(ws_metric(world.out[i].metric)->definition, "under-first"));
    (void)measured(&world, WS_METRIC_PERPLEXITY);
    laboratory_close(&lab);

    static const char untested[] = "family: ngram\norder: 2\nsource: text\nblock: 5\nitems: 20\n"
                                   "test_items: 0\nfresh_items: 20\n";
    assert_true(laboratory_open(&lab, untested, "", NULL, NULL));
    assert_int_equal(measure_trigram(&lab, true, *state, &world), WS_OK);
    for (size_t i = 0; i < world.count; i++)
        assert_null(strstr(ws_metric(world.out[i].metric)->definition, "reference"));
    (void)measured(&world, WS_METRIC_OWN_TEXT_PERPLEXITY);
    (void)measured(&world, WS_METRIC_MAUVE);
    laboratory_close(&lab);
}

static void text__every_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct laboratory lab;
    assert_true(laboratory_open(&lab, laboratory_texts[2], "", NULL, NULL));
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        assert_true(n < 10000);
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct world world;
        ws_arena_init(&arena, &allocator);
        status = measure_trigram(&lab, true, &arena, &world);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(status == (heap.failures > 0 ? WS_NO_MEMORY : WS_OK));
    }
    laboratory_close(&lab);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(self_bleu__matches_the_worked_example),
        TEST(self_bleu__clips_what_the_others_have_less_often),
        TEST(self_bleu__of_strangers_is_zero_and_of_one_item_not_there),
        TEST(self_bleu__equals_nltk),
        TEST(rare_trigrams__match_the_worked_example),
        TEST(rare_trigrams__match_a_comparison_of_every_pair),
        TEST(mauve__area_of_the_same_and_of_strangers_has_a_closed_form),
        TEST(mauve__area_equals_numpy),
        TEST(mauve__of_a_text_and_itself_is_one_and_of_strangers_small),
        TEST(mauve__points_have_length_one_and_count_words_and_pairs),
        TEST(mauve__points_keep_inner_products_on_average),
        TEST(k_means__finds_groups_that_lie_apart),
        TEST(k_means__leaves_each_point_with_the_nearest_mean),
        TEST(k_means__depends_on_points_and_key_alone),
        TEST(k_means__gives_the_same_for_any_number_of_threads),
        TEST(k_means__takes_fewer_different_points_than_clusters),
        TEST(perplexity__matches_the_worked_example),
        TEST(perplexity__of_what_is_impossible_is_infinite),
        TEST(perplexity__refuses_what_is_no_number),
        TEST(text__is_measured_in_both_directions),
        TEST(text__of_a_long_sample_some_items_are_compressed),
        TEST(text__without_a_first_model_or_a_reference_has_no_such_numbers),
        TEST(text__every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
