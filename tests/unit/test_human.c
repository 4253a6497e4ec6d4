/*
 * Contract of data/human.h: settings, deals, fresh items.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "data/human.h"
#include "support/failing_heap.h"
#include "support/human_data.h"

static struct ws_dataset fresh_of(const struct ws_deal *deal, uint32_t step, uint64_t used,
                                  uint64_t count, struct ws_arena *arena)
{
    struct ws_dataset fresh;
    assert_int_equal(ws_deal_fresh(deal, step, used, count, arena, &fresh, NULL), WS_OK);
    assert_int_equal(fresh.count, count);
    assert_int_equal(fresh.kind, ws_human_shape(deal->human)->kind);
    return fresh;
}

static struct ws_dataset human_of(const struct ws_deal *deal, uint64_t count, uint32_t generation,
                                  struct ws_arena *arena)
{
    struct ws_dataset human;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_POLICY, deal->seed, 5, generation);
    assert_int_equal(ws_deal_human(deal, count, key, arena, &human, NULL), WS_OK);
    assert_int_equal(human.count, count);
    return human;
}

static void assert_source(const struct ws_dataset *dataset, enum ws_source source)
{
    for (size_t s = 0; s < dataset->segment_count; s++) {
        assert_int_equal(dataset->segments[s].origin.source, source);
        assert_int_equal(dataset->segments[s].origin.depth, 0);
        assert_int_equal(dataset->segments[s].origin.model, 0);
    }
}

static void human__defaults_are_one_standard_normal(void **state)
{
    struct ws_human_settings settings = defaults(*state);
    assert_int_equal(settings.source, WS_HUMAN_NORMAL);
    assert_int_equal(settings.unit, WS_UNIT_WORDS);
    assert_string_equal(settings.corpus, "");
    assert_int_equal(settings.block, 1000);
    assert_int_equal(settings.items, 100);
    assert_int_equal(settings.test_items, 0);
    assert_int_equal(settings.fresh_items, 0);
    assert_int_equal(settings.types, 10);
    assert_true(settings.exponent == 1 && settings.shift == 0);
    assert_int_equal(settings.law.dimension, 1);
    assert_true(settings.law.variance == 1);
}

static void human__settings_out_of_range_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name, *good, *bad;
    } cases[] = {
        {"source", "zipf", "book"}, {"unit", "bytes", "letters"},  {"block", "1e9", "0"},
        {"items", "0", "1.5"},      {"types", "2147483648", "0"},  {"exponent", "1.5", "-1"},
        {"shift", "-0.5", "-1"},    {"dimension", "1000", "1001"}, {"variance", "1e-9", "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_human_settings settings = defaults(fixture);
        const struct ws_option *option = ws_option_find(&ws_human_options, cases[i].name);
        assert_non_null(option);
        assert_int_equal(
            ws_option_set(option, &settings, cases[i].good, "--set", &fixture->arena, NULL), WS_OK);
        assert_int_equal(
            ws_option_set(option, &settings, cases[i].bad, "--set", &fixture->arena, NULL),
            WS_INVALID);
    }
}

static void human__text_is_dealt_in_whole_blocks_that_never_overlap(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    struct ws_human *human = open_human(&settings);
    assert_int_equal(ws_human_shape(human)->kind, WS_DATA_TOKENS);
    assert_int_equal(ws_human_vocabulary(human)->count, WORDS);
    assert_string_equal(ws_human_vocabulary(human)->words[104], "w104");
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct ws_deal deal = deal_of(human, seed, &fixture->arena);
        assert_int_equal(deal.original.count, 4);
        assert_int_equal(deal.reference.count, 2);
        assert_int_equal(deal.fresh.count, 4);
        assert_source(&deal.original, WS_SOURCE_ORIGINAL);
        assert_source(&deal.fresh, WS_SOURCE_FRESH);
        uint64_t seen[WORDS] = {0};
        const struct ws_dataset *const sets[] = {&deal.original, &deal.reference, &deal.fresh};
        for (size_t d = 0; d < 3; d++) {
            tally(sets[d], seen, &fixture->arena);
            const struct ws_segment *segment = &sets[d]->segments[0];
            for (uint64_t i = 0; i < segment->count; i++) {
                size_t size;
                const uint32_t *ids =
                    ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
                assert_int_equal(size, 10);
                assert_int_equal(ids[0] % 10, 0);
                for (uint32_t t = 0; t < 10; t++)
                    assert_int_equal(ids[t], ids[0] + t);
            }
        }
        for (size_t t = 0; t < WORDS; t++)
            assert_int_equal(seen[t], t < 100); /* the incomplete block is left out */
    }
    ws_human_close(human);
}

static void human__words_are_dealt_by_counts_that_never_overlap(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = words_settings(fixture);
    struct ws_human *human = open_human(&settings);
    assert_int_equal(ws_human_shape(human)->kind, WS_DATA_COUNTS);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct ws_deal deal = deal_of(human, seed, &fixture->arena);
        assert_int_equal(deal.original.count, 20);
        assert_int_equal(deal.reference.count, 10);
        assert_int_equal(deal.fresh.count, 25);
        uint64_t seen[10] = {0};
        tally(&deal.original, seen, &fixture->arena);
        tally(&deal.reference, seen, &fixture->arena);
        tally(&deal.fresh, seen, &fixture->arena);
        for (size_t t = 0; t < 10; t++) /* the three are the whole corpus */
            assert_int_equal(seen[t], t + 1);
    }
    ws_human_close(human);
}

static void human__all_words_are_the_corpus_itself(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = words_settings(fixture);
    settings.items = REPEATED;
    settings.test_items = settings.fresh_items = 0;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    uint64_t seen[10] = {0};
    tally(&deal.original, seen, &fixture->arena);
    for (size_t t = 0; t < 10; t++)
        assert_int_equal(seen[t], t + 1);
    assert_int_equal(deal.reference.count, 0);
    assert_int_equal(deal.fresh.count, 0);
    assert_int_equal(deal.fresh.kind, WS_DATA_COUNTS);
    ws_human_close(human);
}

static void human__bytes_have_256_types(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = words_settings(fixture);
    settings.unit = WS_UNIT_BYTES;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    assert_int_equal(deal.original.types, 256);
    uint64_t seen[256] = {0};
    tally(&deal.original, seen, &fixture->arena);
    assert_int_equal(seen['v'] + seen[' '] + seen['0'] + seen['1'] + seen['2'] + seen['3'] +
                         seen['4'] + seen['5'] + seen['6'] + seen['7'] + seen['8'] + seen['9'],
                     20);
    ws_human_close(human);
}

/* Everything that is made from a seed, for every source. */
static void human__a_seed_gives_the_same_data_and_another_seed_other(void **state)
{
    struct fixture *fixture = *state;
    struct ws_arena *arena = &fixture->arena;
    const struct ws_human_settings all[] = {text_settings(fixture), words_settings(fixture),
                                            zipf_settings(fixture), normal_settings(fixture)};
    for (size_t i = 0; i < 4; i++) {
        struct ws_human *one = open_human(&all[i]), *two = open_human(&all[i]);
        struct ws_deal a = deal_of(one, 1, arena), b = deal_of(two, 1, arena),
                       c = deal_of(one, 2, arena);
        struct ws_dataset x = fresh_of(&a, 3, 2, 2, arena), y = fresh_of(&b, 3, 2, 2, arena),
                          z = fresh_of(&c, 3, 2, 2, arena);
        assert_true(same(&a.original, &b.original, arena));
        assert_true(same(&a.reference, &b.reference, arena));
        assert_true(same(&a.fresh, &b.fresh, arena));
        assert_true(same(&x, &y, arena));
        assert_false(same(&a.original, &c.original, arena));
        assert_false(same(&a.reference, &c.reference, arena));
        assert_false(same(&x, &z, arena));
        ws_human_close(one);
        ws_human_close(two);
    }
}

static void human__fresh_parts_are_disjoint_and_make_up_the_stream(void **state)
{
    struct fixture *fixture = *state;
    struct ws_arena *arena = &fixture->arena;
    const struct ws_human_settings corpora[] = {text_settings(fixture), words_settings(fixture)};
    for (size_t i = 0; i < 2; i++) {
        struct ws_human *human = open_human(&corpora[i]);
        struct ws_deal deal = deal_of(human, 1, arena);
        uint64_t whole[WORDS] = {0}, parts[WORDS] = {0};
        tally(&deal.fresh, whole, arena);
        uint32_t step = 0;
        for (uint64_t used = 0; used < deal.fresh.count; step++) {
            uint64_t count = 1 + step % 2;
            if (count > deal.fresh.count - used)
                count = deal.fresh.count - used;
            struct ws_dataset part = fresh_of(&deal, step, used, count, arena);
            assert_source(&part, WS_SOURCE_FRESH);
            tally(&part, parts, arena);
            used += count;
        }
        assert_memory_equal(whole, parts, sizeof whole);
        struct ws_dataset nothing = fresh_of(&deal, step, deal.fresh.count, 0, arena);
        assert_int_equal(nothing.segment_count, 0);
        ws_human_close(human);
    }
}

static void human__an_exhausted_stream_says_what_is_left(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    struct ws_dataset fresh = {.count = 77};
    struct ws_error err;
    assert_int_equal(ws_deal_fresh(&deal, 7, 3, 2, &fixture->arena, &fresh, &err), WS_INVALID);
    assert_string_equal(err.message, "the fresh stream is exhausted: step 7 needs 2 items, "
                                     "1 of fresh_items=4 are left");
    assert_int_equal(fresh.count, 77);
    ws_human_close(human);
}

static void human__a_corpus_gives_human_items_from_original_and_fresh(void **state)
{
    struct fixture *fixture = *state;
    struct ws_arena *arena = &fixture->arena;
    const struct ws_human_settings corpora[] = {text_settings(fixture), words_settings(fixture)};
    for (size_t i = 0; i < 2; i++) {
        struct ws_human *human = open_human(&corpora[i]);
        struct ws_deal deal = deal_of(human, 1, arena);
        uint64_t both[WORDS] = {0};
        uint64_t most = deal.original.count + deal.fresh.count;
        tally(&deal.original, both, arena);
        tally(&deal.fresh, both, arena);
        bool from_fresh = false, differ = false;
        struct ws_dataset before = human_of(&deal, deal.original.count, 0, arena);
        for (uint32_t generation = 1; generation <= 10; generation++) {
            struct ws_dataset some = human_of(&deal, deal.original.count, generation, arena);
            uint64_t seen[WORDS] = {0};
            tally(&some, seen, arena);
            for (size_t t = 0; t < WORDS; t++)
                assert_true(seen[t] <= both[t]);
            for (size_t s = 0; s < some.segment_count; s++)
                from_fresh |= some.segments[s].origin.source == WS_SOURCE_FRESH;
            differ |= !same(&some, &before, arena);
        }
        assert_true(from_fresh && differ);

        uint64_t seen[WORDS] = {0};
        struct ws_dataset all = human_of(&deal, most, 0, arena), more;
        tally(&all, seen, arena);
        assert_memory_equal(seen, both, sizeof seen);
        struct ws_error err;
        assert_int_equal(ws_deal_human(&deal, most + 1, ws_rng_key(WS_STREAM_POLICY, 1, 0, 0),
                                       arena, &more, &err),
                         WS_INVALID);
        assert_string_equal(err.message,
                            i == 0 ? "9 human items are needed, items=4 + fresh_items=4 are there"
                                   : "46 human items are needed, items=20 + fresh_items=25 are "
                                     "there");
        ws_human_close(human);
    }
}

static void human__generators_draw_new_items_for_every_use(void **state)
{
    struct fixture *fixture = *state;
    struct ws_arena *arena = &fixture->arena;
    const struct ws_human_settings generators[] = {zipf_settings(fixture),
                                                   normal_settings(fixture)};
    for (size_t i = 0; i < 2; i++) {
        struct ws_human *human = open_human(&generators[i]);
        struct ws_deal deal = deal_of(human, 1, arena);
        assert_int_equal(deal.original.count, 1000);
        assert_int_equal(deal.fresh.count, 0);
        assert_int_equal(deal.fresh.kind, deal.original.kind);
        assert_source(&deal.original, WS_SOURCE_ORIGINAL);
        uint64_t n = deal.reference.count;
        struct ws_dataset sets[] = {
            deal.original,
            deal.reference,
            fresh_of(&deal, 0, 0, n, arena),
            fresh_of(&deal, 1, n, n, arena),
            human_of(&deal, n, 0, arena),
            human_of(&deal, n, 1, arena),
        };
        assert_source(&sets[2], WS_SOURCE_FRESH);
        assert_source(&sets[4], WS_SOURCE_FRESH);
        for (size_t a = 1; a < 6; a++) {
            for (size_t b = 0; b < a; b++) {
                const struct ws_payload *x = sets[a].segments[0].payload;
                const struct ws_payload *y = sets[b].segments[0].payload;
                if (x->kind == WS_DATA_VECTORS)
                    assert_true(x->vectors[0] != y->vectors[0]);
                else
                    assert_false(x->counts.size == y->counts.size &&
                                 memcmp(x->counts.count, y->counts.count,
                                        x->counts.size * sizeof(uint64_t)) == 0);
            }
        }
        struct ws_dataset nothing = fresh_of(&deal, 2, 0, 0, arena);
        assert_int_equal(nothing.segment_count, 0);
        ws_human_close(human);
    }
}

static void human__closing_nothing_is_fine(void **state)
{
    (void)state;
    ws_human_close(NULL);
}

static enum ws_status work(const struct ws_human_settings *settings,
                           const struct ws_allocator *allocator)
{
    struct ws_human *human;
    WS_TRY(ws_human_open(settings, allocator, &human, NULL, NULL));
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    struct ws_deal deal;
    struct ws_dataset dataset;
    enum ws_status status = ws_human_deal(human, 1, &arena, &deal, NULL);
    if (status == WS_OK)
        status = ws_deal_fresh(&deal, 0, 0, 3, &arena, &dataset, NULL);
    if (status == WS_OK)
        status =
            ws_deal_human(&deal, 3, ws_rng_key(WS_STREAM_POLICY, 1, 0, 0), &arena, &dataset, NULL);
    ws_arena_release(&arena);
    ws_human_close(human);
    return status;
}

static void human__every_failing_allocation_is_reported(void **state)
{
    struct fixture *fixture = *state;
    const struct ws_human_settings all[] = {text_settings(fixture), words_settings(fixture),
                                            zipf_settings(fixture), normal_settings(fixture)};
    for (size_t i = 0; i < 4; i++) {
        enum ws_status status = WS_NO_MEMORY;
        long failures = -1;
        for (; status == WS_NO_MEMORY; failures++) {
            struct failing_heap heap = {.countdown = failures + 1};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            status = work(&all[i], &allocator);
            assert_true(failing_heap_is_clean(&heap));
            assert_int_equal(status == WS_OK, heap.failures == 0);
        }
        assert_int_equal(status, WS_OK);
        assert_true(failures > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_one_standard_normal),
        TEST(settings_out_of_range_are_refused),
        TEST(text_is_dealt_in_whole_blocks_that_never_overlap),
        TEST(words_are_dealt_by_counts_that_never_overlap),
        TEST(all_words_are_the_corpus_itself),
        TEST(bytes_have_256_types),
        TEST(a_seed_gives_the_same_data_and_another_seed_other),
        TEST(fresh_parts_are_disjoint_and_make_up_the_stream),
        TEST(an_exhausted_stream_says_what_is_left),
        TEST(a_corpus_gives_human_items_from_original_and_fresh),
        TEST(generators_draw_new_items_for_every_use),
        TEST(closing_nothing_is_fine),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
