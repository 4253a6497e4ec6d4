/*
 * Diversity of n-grams: worked out by hand, and counted by brute force.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "measure/metric_set.h"

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

static struct ws_payload tokens_of(const uint32_t *ids, const uint64_t *ends, uint64_t count)
{
    return (struct ws_payload){
        .kind = WS_DATA_TOKENS, .count = count, .types = 10, .tokens = {.ids = ids, .ends = ends}};
}

static void metric__ngrams_match_the_worked_example(void **state)
{
    static const uint32_t ids[] = {1, 2, 1, 2, 1, /**/ 1, 2, 3, /**/ 5};
    static const uint64_t ends[] = {5, 8, 9};
    struct ws_payload sample = tokens_of(ids, ends, 3);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&sample, *state, &set, NULL), WS_OK);
    assert_metric(&set, WS_METRIC_DISTINCT_1, 9, 4.0 / 9);        /* 1 2 3 5 */
    assert_metric(&set, WS_METRIC_DISTINCT_2, 9, 3.0 / 6);        /* 12 21 23; none spans items */
    assert_metric(&set, WS_METRIC_DISTINCT_3, 9, 3.0 / 4);        /* 121 212 123 */
    assert_metric(&set, WS_METRIC_DISTINCT_1_SAMPLE, 3, 2.4 / 3); /* 2/5, 1, 1 */
    assert_metric(&set, WS_METRIC_DISTINCT_2_SAMPLE, 3, 1.5 / 2); /* 2/4, 1; the third has none */
    assert_metric(&set, WS_METRIC_DISTINCT_3_SAMPLE, 3, (2.0 / 3 + 1) / 2);
    assert_metric(&set, WS_METRIC_REPEATED_4, 9, 0); /* 1212 2121 */
}

static void metric__repeated_4_counts_every_place_of_a_repeat(void **state)
{
    static const uint32_t ids[] = {1, 2, 3, 4, 5, /**/ 1, 2, 3, 4};
    static const uint64_t ends[] = {5, 9};
    struct ws_payload sample = tokens_of(ids, ends, 2);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&sample, *state, &set, NULL), WS_OK);
    assert_metric(&set, WS_METRIC_REPEATED_4, 9, 2.0 / 3); /* 1234 twice, 2345 once */
    assert_metric(&set, WS_METRIC_DISTINCT_2_SAMPLE, 2, 1);
}

static void metric__ngrams_of_too_short_samples_are_undefined(void **state)
{
    static const uint32_t ids[] = {1, 2, 1};
    static const uint64_t ends[] = {2, 3};
    struct ws_payload sample = tokens_of(ids, ends, 2);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&sample, *state, &set, NULL), WS_OK);
    assert_metric(&set, WS_METRIC_DISTINCT_2, 3, 1);
    assert_true(isnan(set.value[WS_METRIC_DISTINCT_3]));
    assert_true(isnan(set.value[WS_METRIC_DISTINCT_3_SAMPLE]));
    assert_true(isnan(set.value[WS_METRIC_REPEATED_4]));
}

enum { WORDS = 600, BLOCK = 25 };

static bool is_same_gram(const uint32_t *a, const uint32_t *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* Whether the n-gram at `place` stands at an earlier place; *times counts all its places. */
static bool stood_before(const uint32_t *ids, size_t place, size_t n, size_t *times)
{
    bool before = false;
    *times = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (i % BLOCK > BLOCK - n || !is_same_gram(ids + i, ids + place, n))
            continue;
        before |= i < place;
        ++*times;
    }
    return before;
}

static void metric__ngrams_match_a_comparison_of_every_pair(void **state)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), 1);
    uint32_t ids[WORDS];
    uint64_t ends[WORDS / BLOCK];
    for (int i = 0; i < WORDS; i++)
        ids[i] = (uint32_t)ws_rng_below(&rng, 1 + ws_rng_below(&rng, 10)) * UINT32_C(400000001);
    for (uint64_t i = 0; i < WORDS / BLOCK; i++)
        ends[i] = (i + 1) * BLOCK;
    struct ws_payload sample = tokens_of(ids, ends, WORDS / BLOCK);
    struct ws_metric_set set = {0};
    assert_int_equal(ws_measure_ngrams(&sample, *state, &set, NULL), WS_OK);
    for (size_t n = 1; n <= 4; n++) {
        size_t places = 0;
        size_t distinct = 0;
        size_t repeated = 0;
        for (size_t i = 0; i < WORDS; i++) {
            size_t times;
            if (i % BLOCK > BLOCK - n)
                continue;
            places++;
            distinct += !stood_before(ids, i, n, &times);
            repeated += times > 1;
        }
        assert_int_equal(places, (BLOCK - n + 1) * (WORDS / BLOCK));
        if (n < 4)
            assert_metric(&set, (enum ws_metric_id)(WS_METRIC_DISTINCT_1 + n - 1), WORDS,
                          (double)distinct / (double)places);
        else
            assert_metric(&set, WS_METRIC_REPEATED_4, WORDS, (double)repeated / (double)places);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(metric__ngrams_match_the_worked_example),
        TEST(metric__repeated_4_counts_every_place_of_a_repeat),
        TEST(metric__ngrams_of_too_short_samples_are_undefined),
        TEST(metric__ngrams_match_a_comparison_of_every_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
