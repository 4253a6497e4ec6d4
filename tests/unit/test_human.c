#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/human.h"
#include "support/failing_heap.h"

/* A corpus of 105 words, all different, and one of 55 words: 1 x "v1", 2 x "v2", ..., 10 x "v10".
 */
enum { WORDS = 105, REPEATED = 55 };

struct fixture {
    struct ws_arena arena;
    char distinct[64], repeated[64];
};

static void write_text(char path[64], const char *name, const char *text)
{
    (void)snprintf(path, 64, "/tmp/ws-human-%ld-%s.txt", (long)getpid(), name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char text[2048];
    size_t size = 0;
    ws_arena_init(&fixture.arena, NULL);
    for (int i = 0; i < WORDS; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "W%d%s", i,
                                 i % 10 == 9 ? ".\n" : ", ");
    write_text(fixture.distinct, "distinct", text);
    size = 0;
    for (int i = 1; i <= 10; i++)
        for (int j = 0; j < i; j++)
            size += (size_t)snprintf(text + size, sizeof text - size, "v%d ", i);
    write_text(fixture.repeated, "repeated", text);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->distinct);
    (void)unlink(fixture->repeated);
    ws_arena_release(&fixture->arena);
    return 0;
}

static struct ws_human_settings defaults(struct fixture *fixture)
{
    struct ws_human_settings settings;
    assert_int_equal(ws_options_defaults(&ws_human_options, &settings, &fixture->arena, NULL),
                     WS_OK);
    return settings;
}

/* 10 blocks of 10 words: 4 to train, 2 to test, 4 fresh. */
static struct ws_human_settings text_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_TEXT;
    settings.corpus = fixture->distinct;
    settings.block = 10;
    settings.items = 4;
    settings.test_items = 2;
    settings.fresh_items = 4;
    return settings;
}

static struct ws_human_settings words_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_WORDS;
    settings.corpus = fixture->repeated;
    settings.items = 20;
    settings.test_items = 10;
    settings.fresh_items = 25;
    return settings;
}

static struct ws_human_settings zipf_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_ZIPF;
    settings.types = 50;
    settings.items = 1000;
    settings.test_items = 1000;
    return settings;
}

static struct ws_human_settings normal_settings(struct fixture *fixture)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.law.dimension = 3;
    settings.law.variance = 4;
    settings.items = 1000;
    settings.test_items = 500;
    return settings;
}

static struct ws_human *open_human(const struct ws_human_settings *settings)
{
    struct ws_human *human;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_human_open(settings, NULL, &human, NULL, &err);
    if (status != WS_OK)
        fail_msg("%s", err.message);
    return human;
}

static void assert_refused(const struct ws_human_settings *settings, const char *message)
{
    struct ws_human *human = NULL;
    struct ws_error err;
    assert_int_equal(ws_human_open(settings, NULL, &human, NULL, &err), WS_INVALID);
    assert_string_equal(err.message, message);
    assert_null(human);
}

static struct ws_deal deal_of(const struct ws_human *human, uint64_t seed, struct ws_arena *arena)
{
    struct ws_deal deal;
    assert_int_equal(ws_human_deal(human, seed, arena, &deal, NULL), WS_OK);
    return deal;
}

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

static struct ws_bytes bytes_of(const struct ws_dataset *dataset, struct ws_arena *arena)
{
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, NULL, 1 << 24);
    ws_dataset_write(dataset, &buffer);
    assert_int_equal(buffer.status, WS_OK);
    struct ws_bytes bytes = ws_buffer_bytes(&buffer);
    bytes.data = ws_arena_copy(arena, bytes.data, bytes.size);
    ws_buffer_release(&buffer);
    return bytes;
}

static bool same(const struct ws_dataset *a, const struct ws_dataset *b, struct ws_arena *arena)
{
    struct ws_bytes x = bytes_of(a, arena), y = bytes_of(b, arena);
    return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* Adds to seen[type] how often each type occurs. */
static void tally(const struct ws_dataset *dataset, uint64_t *seen, struct ws_arena *arena)
{
    struct ws_payload counts;
    assert_int_equal(ws_dataset_type_counts(dataset, arena, &counts, NULL), WS_OK);
    for (size_t i = 0; i < counts.counts.size; i++)
        seen[counts.counts.type[i]] += counts.counts.count[i];
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

static void human__truth_is_uniform_or_zipf(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = zipf_settings(fixture);
    settings.types = 3;
    struct ws_human *human = open_human(&settings);
    const struct ws_truth *truth = ws_human_truth(human);
    const double harmonic[] = {6.0 / 11, 3.0 / 11, 2.0 / 11};
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fabs(ws_truth_of(truth, i) - harmonic[i]) < 1e-15);
    ws_human_close(human);

    settings.shift = 1; /* 1/4, 1/9, 1/16, over 61/144 */
    settings.exponent = 2;
    human = open_human(&settings);
    truth = ws_human_truth(human);
    const double shifted[] = {36.0 / 61, 16.0 / 61, 9.0 / 61};
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fabs(ws_truth_of(truth, i) - shifted[i]) < 1e-15);
    ws_human_close(human);

    settings.source = WS_HUMAN_UNIFORM;
    settings.types = 8;
    human = open_human(&settings);
    truth = ws_human_truth(human);
    for (uint32_t i = 0; i < 8; i++)
        assert_true(ws_truth_of(truth, i) == 0.125);
    size_t inputs;
    (void)ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 0);
    assert_null(ws_human_vocabulary(human));
    assert_null(deal_of(human, 1, &fixture->arena).law);
    ws_human_close(human);

    settings = normal_settings(fixture);
    human = open_human(&settings);
    assert_null(ws_human_truth(human));
    assert_true(deal_of(human, 1, &fixture->arena).law->isotropic_variance == 4);
    ws_human_close(human);
}

static void human__steep_zipf_laws_stay_finite(void **state)
{
    struct ws_human_settings settings = zipf_settings(*state);
    settings.exponent = 100;
    settings.shift = -0.999;
    settings.types = 100000;
    struct ws_human *human = open_human(&settings);
    const struct ws_truth *truth = ws_human_truth(human);
    for (uint32_t i = 0; i < settings.types; i++)
        assert_true(ws_truth_of(truth, i) >= 0 && ws_truth_of(truth, i) <= 1);
    assert_true(ws_truth_of(truth, 0) > 0.999);
    ws_human_close(human);
}

static void human__symbols_follow_the_truth(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = zipf_settings(fixture);
    settings.types = 20;
    settings.items = 100000;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    uint64_t seen[20] = {0};
    tally(&deal.original, seen, &fixture->arena);
    double sum = 0;
    for (uint32_t i = 0; i < 20; i++) {
        double expected = 100000 * ws_truth_of(ws_human_truth(human), i);
        sum += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
    }
    assert_true(sum < 43.82); /* 19 degrees of freedom, 0.1 % */
    ws_human_close(human);
}

static void human__normals_have_their_mean_and_covariance(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = normal_settings(fixture);
    settings.law.dimension = 2;
    settings.items = 100000;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const double *x = deal.original.segments[0].payload->vectors;
    double n = 100000, mean[2] = {0}, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < 100000; i++) {
        mean[0] += x[2 * i] / n;
        mean[1] += x[2 * i + 1] / n;
        xx += x[2 * i] * x[2 * i] / n;
        yy += x[2 * i + 1] * x[2 * i + 1] / n;
        xy += x[2 * i] * x[2 * i + 1] / n;
    }
    /* Four standard errors: of a mean 2 / sqrt(n), of a variance 4 sqrt(2 / n), of a covariance
     * 4 / sqrt(n). */
    for (size_t d = 0; d < 2; d++)
        assert_true(fabs(mean[d]) < 4 * 2 / sqrt(n));
    assert_true(fabs(xx - 4) < 4 * 4 * sqrt(2 / n));
    assert_true(fabs(yy - 4) < 4 * 4 * sqrt(2 / n));
    assert_true(fabs(xy) < 4 * 4 / sqrt(n));
    ws_human_close(human);
}

/* printf "v1 v2 v2 v3 ... " | sha256sum, all 55 */
static void human__hash_is_that_of_the_corpus(void **state)
{
    struct ws_human_settings settings = words_settings(*state);
    struct ws_human *human = open_human(&settings);
    char text[WS_HASH_TEXT_SIZE];
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 1);
    assert_string_equal(input->name, "corpus");
    ws_hash_text(&input->hash, text);
    assert_string_equal(text, "5ff60d30e6fe7f647a80a167c6c65d9993ddb0572cc2291fd5295da69307ea62");
    ws_human_close(human);
}

static void human__a_corpus_too_small_says_what_is_needed(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    char wanted[256];
    settings.fresh_items = 5;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 10 blocks of 10 words; items=4 + test_items=2 + "
                   "fresh_items=5 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);

    settings.block = 1000;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 0 blocks of 1000 words; items=4 + test_items=2 + "
                   "fresh_items=5 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);

    settings = words_settings(fixture);
    settings.items = 21;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 55 words; items=21 + test_items=10 + fresh_items=25 need 56",
                   fixture->repeated);
    assert_refused(&settings, wanted);
}

/* Test and validation -------------------------------------------------------------------------- */

/* 65 words, of which the first corpus has every other one. */
static void write_other(char path[64])
{
    char text[600];
    size_t size = 0;
    for (int i = 0; i < 65; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%d ", i % 2 ? "w" : "u", i);
    write_text(path, "other", text);
}

static void human__validation_is_dealt_like_the_rest_and_moves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.fresh_items = 2;
    struct ws_human *without = open_human(&settings);
    settings.validation_items = 2;
    struct ws_human *with = open_human(&settings);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ws_deal a = deal_of(without, seed, &fixture->arena);
        struct ws_deal b = deal_of(with, seed, &fixture->arena);
        assert_int_equal(a.validation.count, 0);
        assert_int_equal(b.validation.count, 2);
        assert_true(same(&a.original, &b.original, &fixture->arena));
        assert_true(same(&a.reference, &b.reference, &fixture->arena));
        assert_true(same(&a.fresh, &b.fresh, &fixture->arena));
        uint64_t seen[WORDS] = {0};
        tally(&b.original, seen, &fixture->arena);
        tally(&b.reference, seen, &fixture->arena);
        tally(&b.fresh, seen, &fixture->arena);
        tally(&b.validation, seen, &fixture->arena);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(seen[i], 1);
    }
    ws_human_close(without);
    ws_human_close(with);
}

static void human__corpora_of_their_own_share_the_vocabulary(void **state)
{
    struct fixture *fixture = *state;
    char other[64];
    write_other(other);
    struct ws_human_settings settings = text_settings(fixture);
    settings.test_corpus = fixture->repeated;
    settings.validation_corpus = other;
    settings.test_items = 0;
    settings.validation_items = 4;
    struct ws_human *human = open_human(&settings);
    const struct ws_vocabulary *vocabulary = ws_human_vocabulary(human);
    assert_int_equal(vocabulary->count, WORDS + 10 + 33); /* v1 to v10; u0, u2, ..., u64 */
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 3);
    assert_string_equal(input[1].name, "test_corpus");
    assert_string_equal(input[2].name, "validation_corpus");
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ws_deal deal = deal_of(human, seed, &fixture->arena);
        assert_int_equal(deal.original.count, 4);
        assert_int_equal(deal.reference.count, 5); /* all of 55 words in whole blocks */
        assert_int_equal(deal.validation.count, 4);
        uint64_t seen[WORDS + 43] = {0};
        tally(&deal.reference, seen, &fixture->arena);
        for (size_t i = 0; i < WORDS + 43; i++) {
            bool is_v = vocabulary->words[i][0] == 'v';
            assert_true(is_v ? seen[i] >= 1 : seen[i] == 0);
        }
        memset(seen, 0, sizeof seen);
        tally(&deal.validation, seen, &fixture->arena);
        for (size_t i = 0; i < WORDS + 43; i++)
            assert_true(vocabulary->words[i][0] != 'v' || seen[i] == 0);
    }
    /* Which four of the six blocks is the seed's matter. */
    struct ws_deal one = deal_of(human, 1, &fixture->arena);
    struct ws_deal two = deal_of(human, 2, &fixture->arena);
    assert_false(same(&one.validation, &two.validation, &fixture->arena));
    ws_human_close(human);

    settings.validation_items = 7;
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted,
                   "'%s' has 6 blocks of 10 words; validation_items=7 needs 7", other);
    assert_refused(&settings, wanted);
    (void)unlink(other);
}

static void human__no_items_are_all_that_the_others_leave(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.items = 0;
    settings.validation_items = 1;
    struct ws_human *human = open_human(&settings);
    assert_int_equal(ws_human_items(human), 3); /* 10 - 2 - 1 - 4 */
    assert_int_equal(deal_of(human, 1, &fixture->arena).original.count, 3);
    ws_human_close(human);
    settings.fresh_items = 7;
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 10 blocks of 10 words; items=0 + test_items=2 + fresh_items=7 "
                   "+ validation_items=1 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);
    settings = words_settings(fixture);
    settings.items = 0;
    human = open_human(&settings);
    assert_int_equal(ws_human_items(human), 20);
    ws_human_close(human);
    settings = normal_settings(fixture);
    settings.items = 0;
    assert_refused(&settings, "'items' is '0', wanted at least 1: a generator never ends");
}

static void human__byte_pairs_are_trained_or_given_and_read_as_text(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.unit = WS_UNIT_BPE;
    settings.vocabulary = 300;
    settings.test_corpus = fixture->repeated;
    settings.test_items = 0;
    struct ws_human *human = open_human(&settings);
    const struct ws_tokenizer *tokenizer = ws_human_tokenizer(human);
    assert_non_null(tokenizer);
    assert_null(ws_human_vocabulary(human));
    assert_int_equal(ws_tokenizer_find(tokenizer, WS_END_OF_TEXT), 0);
    assert_int_equal(ws_human_shape(human)->types, ws_tokenizer_count(tokenizer));
    assert_in_range(ws_tokenizer_count(tokenizer), 258, 300);
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 3);
    assert_string_equal(input[2].name, "tokenizer");
    /* The test corpus in its order: its text. */
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const struct ws_segment *segment = &deal.reference.segments[0];
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 16);
    for (uint64_t i = 0; i < segment->count; i++) {
        size_t size;
        const uint32_t *ids =
            ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        assert_int_equal(size, 10);
        assert_int_equal(ws_human_text(human, ids, size, &text, NULL), WS_OK);
    }
    assert_ptr_equal(strstr(ws_buffer_string(&text), "v1 v2 v2 v3 v3 v3 v4"),
                     ws_buffer_string(&text));
    ws_buffer_release(&text);

    char place[64];
    (void)snprintf(place, sizeof place, "/tmp/ws-human-%ld-tokenizer", (long)getpid());
    assert_int_equal(ws_tokenizer_save(tokenizer, place, NULL), WS_OK);
    settings.tokenizer = place;
    struct ws_human *given = open_human(&settings);
    struct ws_deal again = deal_of(given, 1, &fixture->arena);
    assert_true(same(&deal.original, &again.original, &fixture->arena));
    assert_memory_equal(ws_human_inputs(given, &inputs)[2].hash.bytes, input[2].hash.bytes,
                        WS_HASH_SIZE);
    ws_human_close(given);
    ws_human_close(human);
    static const char *const files[] = {"tokenizer.json", "tokenizer_config.json", "vocab.json",
                                        "merges.txt"};
    for (size_t i = 0; i < 4; i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s/%s", place, files[i]);
        assert_int_equal(unlink(file), 0);
    }
    assert_int_equal(rmdir(place), 0);
    const char *at_fault;
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, NULL), WS_NOT_FOUND);
    assert_string_equal(at_fault, "tokenizer");
}

static void human__says_which_setting_is_at_fault(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *setting;
        enum ws_status status;
    } cases[] = {{"corpus", WS_NOT_FOUND},
                 {"test_corpus", WS_NOT_FOUND},
                 {"validation_corpus", WS_NOT_FOUND},
                 {"items", WS_INVALID},
                 {"test_items", WS_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_human_settings settings = text_settings(fixture);
        settings.test_corpus = fixture->repeated;
        if (i == 0)
            settings.corpus = "/nowhere";
        if (i == 1)
            settings.test_corpus = "/nowhere";
        if (i == 2)
            settings.validation_corpus = "/nowhere";
        if (i == 3)
            settings.items = 1000;
        if (i == 4)
            settings.test_items = 1000;
        struct ws_human *human;
        const char *at_fault = NULL;
        assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, NULL), cases[i].status);
        assert_string_equal(at_fault, cases[i].setting);
    }
}

static void human__a_corpus_must_be_named_and_be_there(void **state)
{
    struct ws_human_settings settings = text_settings(*state);
    settings.corpus = "";
    assert_refused(&settings, "source 'text' needs a corpus: set corpus=PATH");
    settings.source = WS_HUMAN_WORDS;
    assert_refused(&settings, "source 'words' needs a corpus: set corpus=PATH");
    settings.corpus = "/nonexistent/corpus.txt";
    struct ws_human *human;
    assert_int_equal(ws_human_open(&settings, NULL, &human, NULL, NULL), WS_NOT_FOUND);
}

static void human__empty_and_binary_corpora_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = words_settings(fixture);
    struct ws_human *human;
    static const char *const texts[] = {"", " .,;\n", "good \xff bad"};
    for (size_t i = 0; i < 3; i++) {
        write_text(fixture->repeated, "repeated", texts[i]);
        assert_int_equal(ws_human_open(&settings, NULL, &human, NULL, NULL), WS_UNSUPPORTED);
    }
    write_text(fixture->repeated, "repeated", "one");
    settings.items = 1;
    settings.test_items = settings.fresh_items = 0;
    human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    assert_int_equal(deal.original.count, 1);
    ws_human_close(human);
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
#define TEST(name) cmocka_unit_test_setup_teardown(human__##name, set_up, tear_down)
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
        TEST(truth_is_uniform_or_zipf),
        TEST(steep_zipf_laws_stay_finite),
        TEST(symbols_follow_the_truth),
        TEST(normals_have_their_mean_and_covariance),
        TEST(hash_is_that_of_the_corpus),
        TEST(a_corpus_too_small_says_what_is_needed),
        TEST(validation_is_dealt_like_the_rest_and_moves_nothing),
        TEST(corpora_of_their_own_share_the_vocabulary),
        TEST(no_items_are_all_that_the_others_leave),
        TEST(byte_pairs_are_trained_or_given_and_read_as_text),
        TEST(says_which_setting_is_at_fault),
        TEST(a_corpus_must_be_named_and_be_there),
        TEST(empty_and_binary_corpora_are_refused),
        TEST(closing_nothing_is_fine),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
