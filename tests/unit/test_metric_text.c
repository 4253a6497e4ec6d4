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

#include "measure/metric_set.h"

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

static void self_bleu__of_strangers_is_zero_and_of_one_item_undefined(void **state)
{
    static const uint32_t ids[] = {1, 2};
    static const uint64_t ends[] = {1, 2};
    struct ws_payload text = tokens_of(ids, ends, 2);
    assert_true(self_bleu(&text, *state) == 0);
    text = tokens_of(ids, ends, 1);
    assert_true(isnan(self_bleu(&text, *state)));
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(self_bleu__matches_the_worked_example),
        TEST(self_bleu__clips_what_the_others_have_less_often),
        TEST(self_bleu__of_strangers_is_zero_and_of_one_item_undefined),
        TEST(self_bleu__equals_nltk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
