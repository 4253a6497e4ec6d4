/*
 * Contract of models/ngram.h: estimates and scores. The expected probabilities come from a plain
 * reading of the formulas over lists of k-grams (support/ngram_texts.h), from examples worked by
 * hand, and from KenLM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "models/ngram_model.h"
#include "support/ngram_texts.h"

/* The reference. */

/* The model. */

static void ngram__estimates_discounts_where_counts_allow(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 11, ESTIMABLE, 3, WS_NGRAM_MLE);
    make_reference(&f->reference, &f->text, 3, false);
    bool estimated = false;
    for (uint32_t k = 1; k <= 3; k++) {
        for (int r = 0; r < 4; r++)
            assert_true(fabs(model->discount[k][r] - f->reference.discount[k][r]) < 1e-15);
        estimated = estimated || f->reference.discount[k][1] != 0.5;
    }
    assert_true(estimated);
}

/* Every token after one context, whose state is `node`. */
static void compare_context(struct fixture *f, const struct ws_ngram_model *model, uint32_t node,
                            const uint32_t *context, uint32_t size)
{
    double sum = 0;
    for (uint32_t w = 0; w < f->text.types; w++) {
        uint32_t after = node;
        double p = ws_ngram_score(model, &after, w);
        double expected = reference_probability(&f->reference, context, size, w);
        assert_true(p > 0 && fabs(p - expected) < 1e-12);
        sum += p;
    }
    assert_true(fabs(sum - 1) < 1e-12);
}

/* Every context of up to two tokens, at the start of a block and inside it, and every token. */
static void compare_all(struct fixture *f, const struct ws_ngram_model *model, bool at_start)
{
    uint32_t types = f->text.types;
    for (uint32_t i = 0; i <= types; i++) {
        for (uint32_t j = 0; j <= (i < types ? types : 0); j++) {
            uint32_t context[3];
            uint32_t size = 0;
            uint32_t node = at_start ? model->start : 0;
            if (at_start)
                context[size++] = types;
            if (i < types)
                (void)ws_ngram_score(model, &node, context[size++] = i);
            if (i < types && j < types)
                (void)ws_ngram_score(model, &node, context[size++] = j);
            compare_context(f, model, node, context, size);
        }
    }
}

/* Every context that stands in the text, from the start of its block and from the token before it,
 * and every token: those of the high orders, too many to try all that could be. */
static void compare_text(struct fixture *f, const struct ws_ngram_model *model)
{
    for (uint64_t item = 0; item < f->text.payload.count; item++) {
        uint32_t line[MOST_TOKENS + 1] = {f->text.types};
        size_t size;
        const uint32_t *ids = ws_payload_tokens(&f->text.payload, item, &size);
        memcpy(line + 1, ids, size * sizeof *ids);
        uint32_t node = model->start;
        for (uint32_t i = 1; i <= size; i++) {
            uint32_t first = i > WS_NGRAM_ORDER_LIMIT ? i - WS_NGRAM_ORDER_LIMIT : 0;
            compare_context(f, model, node, line + first, i - first);
            (void)ws_ngram_score(model, &node, line[i]);
        }
        for (uint32_t i = 1; i + 1 < size; i++) {
            node = 0;
            (void)ws_ngram_score(model, &node, line[i]);
            compare_context(f, model, node, line + i, 1);
        }
    }
}

static void ngram__gives_kneser_ney_probabilities_that_sum_to_one(void **state)
{
    struct fixture *f = *state;
    for (size_t t = 0; t < TEXT_COUNT; t++) {
        for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
            const struct ws_ngram_model *model =
                fit_text(f, TEXTS[t].types, TEXTS[t].letters, order, WS_NGRAM_MLE);
            make_reference(&f->reference, &f->text, order, false);
            compare_all(f, model, false);
            compare_all(f, model, true);
            compare_text(f, model);
        }
    }
}

/*
 * KenLM's lmplz (commit 4cb443e, -o 3 --discount_fallback) on the same text, one block a line. It
 * ends each line with a token of its own, here 'l', and keeps one for unknown words, here 'm'. The
 * discounts of level 1 are its fallback, the others estimated. On 250,000 words of Jane Austen all
 * 303,460 probabilities of both agree to 5e-7 in log10: KenLM computes in single precision.
 */
static void ngram__agrees_with_another_implementation(void **state)
{
    static const struct {
        const char *context; /* '^' is the start of a block */
        char token;
        double log10;
    } expected[] = {
        {"", 'm', -1.6989701},    {"", 'l', -1.30103},     {"", 'a', -0.76955104},
        {"", 'k', -1.5228788},    {"f", 'l', -1.2306696},  {"^", 'a', -0.60593766},
        {"a", 'b', -0.6886499},   {"j", 'k', -0.308119},   {"dc", 'l', -0.9817071},
        {"jk", 'a', -0.14374864}, {"ab", 'c', -0.5972184}, {"cd", 'c', -0.2920294},
        {"af", 'e', -0.9516246},
    };
    struct fixture *f = *state;
    char ended[sizeof ESTIMABLE + 3];
    size_t size = 0;
    for (const char *c = ESTIMABLE; *c; c++) {
        if (*c == '|')
            ended[size++] = 'l';
        ended[size++] = *c;
    }
    ended[size++] = 'l';
    ended[size] = '\0';
    const struct ws_ngram_model *model = fit_text(f, 13, ended, 3, WS_NGRAM_MLE);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint32_t node = 0;
        for (const char *c = expected[i].context; *c; c++) {
            if (*c == '^')
                node = model->start;
            else
                (void)ws_ngram_score(model, &node, (uint32_t)(*c - 'a'));
        }
        double p = ws_ngram_score(model, &node, (uint32_t)(expected[i].token - 'a'));
        assert_true(fabs(log10(p) - expected[i].log10) < 1e-6);
    }
}

/*
 * One block "abab" over two types, order 2, by hand. No bigram occurs three times: discounts are
 * 0.5, 1, 1.5. Left neighbours: of a {start, b}, of b {a}; so P(a) = (2 - 1)/3 + (1.5/3)/2 = 7/12,
 * P(b) = 5/12. P(b | a) = (2 - 1)/2 + (1/2) 5/12 = 17/24. P(a | b) = P(a | start) = 0.5/1 +
 * (0.5/1) 7/12 = 19/24, P(b | start) = 5/24.
 */
static void ngram__scores_a_block_as_worked_by_hand(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "abab", 2, WS_NGRAM_MLE);
    make_text(&f->text, 2, "bab|a");
    struct ws_item_score scores[2];
    assert_int_equal(
        ws_family_ngram.score(&model->base, &f->text.data, NULL, &f->arena, scores, &f->err),
        WS_OK);
    assert_int_equal(scores[0].tokens, 3);
    assert_int_equal(scores[1].tokens, 1);
    double first = log(5.0 / 24 * 19 / 24 * 17 / 24);
    assert_true(fabs(scores[0].log_probability - first) < 1e-14);
    assert_true(fabs(scores[1].log_probability - log(19.0 / 24)) < 1e-14);
}

/* More sequences than are scored at once, of 1 to 1901 tokens, token by token. */
static void ngram__scores_many_sequences_as_each_alone(void **state)
{
    enum { ITEMS = 20, STEP = 100, TOKENS = STEP * ITEMS * (ITEMS - 1) / 2 + ITEMS };
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 11, ESTIMABLE, 3, WS_NGRAM_MLE);
    uint32_t *ids = WS_ARENA_NEW(&f->arena, uint32_t, TOKENS);
    assert_non_null(ids);
    uint64_t ends[ITEMS];
    double expected[ITEMS] = {0};
    uint64_t size = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t context = model->start;
        for (uint32_t t = 0; t <= STEP * i; t++, size++) {
            ids[size] = (uint32_t)((size * size + i) % 11);
            expected[i] += log(ws_ngram_score(model, &context, ids[size]));
        }
        ends[i] = size;
    }
    const struct ws_payload payload = {
        .kind = WS_DATA_TOKENS, .count = ITEMS, .types = 11, .tokens = {.ids = ids, .ends = ends}};
    struct ws_dataset data;
    struct ws_item_score scores[ITEMS];
    assert_int_equal(ws_dataset_of(&payload, (struct ws_origin){0}, &f->arena, &data, NULL), WS_OK);
    assert_int_equal(ws_family_ngram.score(&model->base, &data, NULL, &f->arena, scores, NULL),
                     WS_OK);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(scores[i].tokens, STEP * i + 1);
        assert_true(isnan(scores[i].entropy));
        assert_true(fabs(scores[i].log_probability - expected[i]) < 1e-12 * fabs(expected[i]));
    }
}

static void ngram__refuses_to_score_other_types(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "abab", 2, WS_NGRAM_MLE);
    make_text(&f->text, 3, "cab");
    struct ws_item_score score;
    assert_int_equal(
        ws_family_ngram.score(&model->base, &f->text.data, NULL, &f->arena, &score, &f->err),
        WS_INVALID);
}

/* A pick of items is the text of those items. */
static void ngram__counts_only_the_items_a_segment_picks(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *whole = fit_text(f, 3, "abc|ca", 3, WS_NGRAM_MLE);
    struct ws_buffer stored[2];
    ws_buffer_init(&stored[0], NULL, 10000);
    ws_buffer_init(&stored[1], NULL, 10000);
    ws_family_ngram.save(&whole->base, &stored[0]);
    make_text(&f->text, 3, "bbb|abc|aa|ca|cc");
    static const uint32_t pick[] = {1};
    struct ws_segment segments[2] = {f->text.segment, f->text.segment};
    segments[0].pick = pick;
    segments[0].count = 1;
    segments[1].first = 3;
    segments[1].count = 1;
    f->text.data.segments = segments;
    f->text.data.segment_count = 2;
    f->text.data.count = 2;
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key init = {{0, 0}, 0};
    const struct ws_model *model = NULL;
    assert_int_equal(
        ws_family_ngram.fit(&f->settings, 1, &data, &init, NULL, &f->arena, &model, &f->err),
        WS_OK);
    ws_family_ngram.save(model, &stored[1]);
    assert_int_equal(stored[0].size, stored[1].size);
    assert_memory_equal(stored[0].data, stored[1].data, stored[0].size);
    ws_buffer_release(&stored[0]);
    ws_buffer_release(&stored[1]);
}

/* Many segments of one payload: more tokens than node numbers of the order reach. */
static void ngram__says_how_many_tokens_are_too_many(void **state)
{
    enum { TOKENS = 1 << 20, SEGMENTS = 820 };
    struct fixture *f = *state;
    uint32_t *ids = WS_ARENA_ZNEW(&f->arena, uint32_t, TOKENS);
    assert_non_null(ids);
    const uint64_t end = TOKENS;
    make_text(&f->text, 2, "");
    f->text.payload.tokens.ids = ids;
    f->text.payload.tokens.ends = &end;
    struct ws_segment *segments = WS_ARENA_NEW(&f->arena, struct ws_segment, SEGMENTS);
    assert_non_null(segments);
    for (size_t s = 0; s < SEGMENTS; s++)
        segments[s] = f->text.segment;
    f->text.data.segments = segments;
    f->text.data.segment_count = f->text.data.count = SEGMENTS;
    f->settings = (struct ws_ngram_settings){5, WS_NGRAM_MLE};
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key init = {{0, 0}, 0};
    const struct ws_model *model = NULL;
    assert_int_equal(
        ws_family_ngram.fit(&f->settings, 1, &data, &init, NULL, &f->arena, &model, &f->err),
        WS_LIMIT);
    assert_string_equal(f->err.message,
                        "family 'ngram' of order 5 takes at most 858993458 tokens and blocks, the "
                        "data have 859832320 tokens in 820 blocks");
}

/* Ids far apart, twice each: the reader refuses what is not sorted and counted right. */
static void ngram__counts_over_the_largest_vocabulary(void **state)
{
    enum { DISTINCT = 3000 };
    static const uint32_t LARGEST = 1U << 31;
    struct fixture *f = *state;
    uint32_t *ids = WS_ARENA_NEW(&f->arena, uint32_t, 2 * DISTINCT);
    assert_non_null(ids);
    for (uint32_t i = 0; i < 2 * DISTINCT; i++)
        ids[i] = (i % DISTINCT) * 715827U % LARGEST; /* an odd factor: all differ */
    const uint64_t end = 2 * DISTINCT;
    make_text(&f->text, LARGEST, "");
    f->text.payload.tokens.ids = ids;
    f->text.payload.tokens.ends = &end;
    f->settings = (struct ws_ngram_settings){2, WS_NGRAM_MLE};
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key init = {{0, 0}, 0};
    const struct ws_model *model = NULL;
    assert_int_equal(
        ws_family_ngram.fit(&f->settings, 1, &data, &init, NULL, &f->arena, &model, &f->err),
        WS_OK);
    struct ws_buffer stored, line;
    ws_buffer_init(&stored, NULL, 1000000);
    ws_buffer_init(&line, NULL, 100);
    ws_family_ngram.describe(model, &line);
    assert_string_equal(ws_buffer_string(&line), "2-gram, 3,002 contexts, 3,000 types");
    ws_family_ngram.save(model, &stored);
    assert_int_equal(
        ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena, &model, &f->err),
        WS_OK);
    ws_buffer_release(&stored);
    ws_buffer_release(&line);
}

static void ngram__refuses_a_model_of_other_settings(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, "abac|abad|dab", 3, WS_NGRAM_MLE);
    struct ws_buffer stored;
    ws_buffer_init(&stored, NULL, 10000);
    ws_family_ngram.save(&model->base, &stored);
    const struct ws_model *loaded = NULL;
    const struct ws_ngram_settings shorter = {2, WS_NGRAM_MLE};
    assert_int_equal(
        ws_family_ngram.load(&shorter, ws_buffer_bytes(&stored), &f->arena, &loaded, &f->err),
        WS_CORRUPT);
    assert_string_equal(f->err.message, "n-gram model of order 3, wanted 2");
    const struct ws_ngram_settings smoothed = {3, WS_NGRAM_KNESER_NEY};
    assert_int_equal(
        ws_family_ngram.load(&smoothed, ws_buffer_bytes(&stored), &f->arena, &loaded, &f->err),
        WS_CORRUPT);
    ws_buffer_release(&stored);
}

static void ngram__says_which_data_it_needs(void **state)
{
    struct fixture *f = *state;
    make_text(&f->text, 3, "abc");
    f->settings = (struct ws_ngram_settings){3, WS_NGRAM_MLE};
    assert_int_equal(ws_family_ngram.check(&f->settings, &f->text.data, 1, 0, &f->err), WS_OK);
    f->text.data.kind = WS_DATA_VECTORS;
    assert_int_equal(ws_family_ngram.check(&f->settings, &f->text.data, 1, 0, &f->err), WS_INVALID);
    assert_string_equal(f->err.message,
                        "family 'ngram' needs token sequences, the data are vectors");
    f->text.data.kind = WS_DATA_TOKENS;
    f->text.data.count = 0;
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key init = {{0, 0}, 0};
    const struct ws_model *model = NULL;
    assert_int_equal(
        ws_family_ngram.fit(&f->settings, 1, &data, &init, NULL, &f->arena, &model, &f->err),
        WS_INVALID);
}

/* Distinct types seen: 3. Contexts with a continuation: none, a, b, start, and of two tokens ab,
 * ba, start a. */
static void ngram__describes_itself(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 9, "abac", 3, WS_NGRAM_MLE);
    struct ws_buffer line;
    ws_buffer_init(&line, NULL, 200);
    ws_family_ngram.describe(&model->base, &line);
    assert_string_equal(ws_buffer_string(&line), "3-gram, 7 contexts, 3 types");
    ws_buffer_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ngram__estimates_discounts_where_counts_allow),
        TEST(ngram__gives_kneser_ney_probabilities_that_sum_to_one),
        TEST(ngram__agrees_with_another_implementation),
        TEST(ngram__scores_a_block_as_worked_by_hand),
        TEST(ngram__scores_many_sequences_as_each_alone),
        TEST(ngram__refuses_to_score_other_types),
        TEST(ngram__counts_only_the_items_a_segment_picks),
        TEST(ngram__says_how_many_tokens_are_too_many),
        TEST(ngram__counts_over_the_largest_vocabulary),
        TEST(ngram__refuses_a_model_of_other_settings),
        TEST(ngram__says_which_data_it_needs),
        TEST(ngram__describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
