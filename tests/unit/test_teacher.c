/*
 * Contract of models/teacher.h: a model as the truth behind texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "models/ngram.h"
#include "models/teacher.h"
#include "support/failing_heap.h"
#include "support/human_data.h"

/* 11 blocks of 5 words, of which "v<i>" is i of 55. */
static struct ws_human_settings teacher_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_TEACHER;
    settings.corpus = fixture->repeated;
    settings.block = 5;
    settings.teacher_order = 1;
    settings.items = 2000;
    settings.test_items = 20;
    settings.validation_items = 30;
    settings.teachers = &ws_teachers;
    return settings;
}

/* All tokens of a set, of which it has one segment. */
static const uint32_t *tokens_of(const struct ws_dataset *set)
{
    assert_int_equal(set->segment_count, 1);
    return set->segments[0].payload->tokens.ids;
}

static bool begin_alike(const struct ws_dataset *a, const struct ws_dataset *b, uint64_t tokens)
{
    return memcmp(tokens_of(a), tokens_of(b), tokens * sizeof(uint32_t)) == 0;
}

static void human__teacher_of_order_1_writes_words_by_their_shares(void **state)
{
    struct fixture *fixture = *state;
    const struct ws_human_settings settings = teacher_settings(fixture);
    struct ws_human *human = open_human(&settings);
    const struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const struct ws_vocabulary *vocabulary = ws_human_vocabulary(human);
    const double tokens = 5 * 2000;
    uint64_t counts[10] = {0};
    assert_int_equal(deal.original.kind, WS_DATA_TOKENS);
    assert_int_equal(deal.original.count, 2000);
    assert_int_equal(vocabulary->count, 10);
    for (uint64_t i = 0; i < 5 * 2000; i++)
        counts[tokens_of(&deal.original)[i]]++;
    for (uint32_t t = 0; t < 10; t++) {
        double p = atof(vocabulary->words[t] + 1) / REPEATED;
        double off = (double)counts[t] / tokens - p;
        assert_true(fabs(off) <= 4 * sqrt(p * (1 - p) / tokens));
    }
    ws_human_close(human);
}

/* Words that all differ follow each other in one way. */
static void human__teacher_of_a_higher_order_writes_what_it_read(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = teacher_settings(fixture);
    settings.corpus = fixture->distinct;
    settings.teacher_order = 3;
    struct ws_human *human = open_human(&settings);
    const struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    uint64_t seen[WORDS] = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        const uint32_t *block = tokens_of(&deal.original) + 5 * i;
        assert_int_equal(block[0] % 5, 0); /* where the corpus was cut */
        seen[block[0]]++;
        for (uint32_t t = 1; t < 5; t++)
            assert_int_equal(block[t], block[0] + t);
    }
    for (uint32_t first = 0; first < WORDS; first += 5)
        assert_true(seen[first] > 0);
    ws_human_close(human);
}

static void human__teacher_gives_sets_that_are_a_function_of_the_seed(void **state)
{
    struct fixture *fixture = *state;
    const struct ws_human_settings settings = teacher_settings(fixture);
    struct ws_human *human = open_human(&settings), *again = open_human(&settings);
    const struct ws_deal a = deal_of(human, 1, &fixture->arena);
    const struct ws_deal b = deal_of(again, 1, &fixture->arena);
    const struct ws_deal other = deal_of(human, 2, &fixture->arena);
    struct ws_dataset sets[6] = {a.original, a.reference, a.validation};
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 1, 0, 0);
    assert_int_equal(ws_deal_fresh(&a, 0, 0, 20, &fixture->arena, &sets[3], NULL), WS_OK);
    assert_int_equal(ws_deal_fresh(&a, 1, 20, 20, &fixture->arena, &sets[4], NULL), WS_OK);
    assert_int_equal(ws_deal_human(&a, 20, key, &fixture->arena, &sets[5], NULL), WS_OK);
    assert_true(begin_alike(&a.original, &b.original, 5 * 2000));
    assert_true(begin_alike(&a.reference, &b.reference, 5 * 20));
    assert_false(begin_alike(&a.original, &other.original, 5 * 20));
    assert_int_equal(a.fresh.count, 0);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(begin_alike(&sets[i], &sets[j], 5 * 20));
    for (size_t i = 0; i < 6; i++)
        assert_true(ws_origin_is_human(&sets[i].segments[0].origin));
    ws_human_close(human);
    ws_human_close(again);
}

static void human__teacher_is_the_model_that_was_named(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = teacher_settings(fixture);
    settings.teacher_order = 2;
    struct ws_human *human = open_human(&settings);
    const struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const struct ws_model *teacher = ws_teacher_of(&deal);
    size_t inputs;
    assert_ptr_equal(teacher->ops, &ws_family_ngram);
    assert_int_equal(((const struct ws_ngram_settings *)teacher->settings)->order, 2);
    (void)ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 1); /* the corpus */
    ws_human_close(human);

    settings = text_settings(fixture);
    human = open_human(&settings);
    const struct ws_deal text = deal_of(human, 1, &fixture->arena);
    assert_null(ws_teacher_of(&text));
    ws_human_close(human);
}

static void human__teacher_that_cannot_be_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human *human;
    struct ws_error err;
    const char *at_fault;
    struct ws_human_settings settings = teacher_settings(fixture);
    settings.corpus = "";
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, &err), WS_INVALID);
    assert_string_equal(at_fault, "corpus");
    assert_non_null(strstr(err.message, "needs a corpus that it learns from"));
    settings = teacher_settings(fixture);
    settings.block = 56;
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, &err), WS_INVALID);
    assert_string_equal(at_fault, "block");
    assert_non_null(strstr(err.message, "has no 56 tokens for a teacher"));
    settings = teacher_settings(fixture);
    settings.teacher = "/nowhere/at/all";
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, &err), WS_NOT_FOUND);
    settings = teacher_settings(fixture);
    settings.items = 0;
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, &err), WS_INVALID);
    assert_string_equal(at_fault, "items");
    settings = teacher_settings(fixture);
    settings.teacher = "directory";
    assert_string_equal(ws_human_obstacle(&settings, "teacher_order"), "teacher");
    assert_string_equal(ws_human_obstacle(&settings, "corpus"), "teacher");
    assert_null(ws_human_obstacle(&settings, "block"));
}

static void human__teacher_without_memory_fails_cleanly(void **state)
{
    struct fixture *fixture = *state;
    const struct ws_human_settings settings = teacher_settings(fixture);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_human *human = NULL;
        struct ws_deal deal;
        struct ws_error err;
        ws_arena_init(&arena, &allocator);
        status = ws_human_open(&settings, &allocator, &human, NULL, &err);
        if (status == WS_OK)
            status = ws_human_deal(human, 1, &arena, &deal, &err);
        ws_human_close(human);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(teacher_of_order_1_writes_words_by_their_shares),
        TEST(teacher_of_a_higher_order_writes_what_it_read),
        TEST(teacher_gives_sets_that_are_a_function_of_the_seed),
        TEST(teacher_is_the_model_that_was_named),
        TEST(teacher_that_cannot_be_is_refused),
        TEST(teacher_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
