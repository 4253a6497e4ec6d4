/*
 * Contract of models/ngram.h. The expected probabilities come from a plain reading of the formulas
 * over lists of k-grams (struct gram below), from examples worked by hand, and from KenLM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/ngram_model.h"

enum {
    MOST_GRAMS = 2000,
    MOST_ITEMS = 16,
    MOST_TOKENS = 200,
};

/* A text of blocks written as words of letters: "abca|ba|c". 'a' is token 0. */
struct text {
    uint32_t types;
    uint32_t ids[MOST_TOKENS];
    uint64_t ends[MOST_ITEMS];
    struct ws_payload payload;
    struct ws_segment segment;
    struct ws_dataset data;
};

static void make_text(struct text *text, uint32_t types, const char *letters)
{
    memset(text, 0, sizeof *text);
    uint64_t at = 0;
    uint64_t items = 0;
    for (const char *c = letters;; c++) {
        if (*c == '|' || *c == '\0')
            text->ends[items++] = at;
        else
            text->ids[at++] = (uint32_t)(*c - 'a');
        if (*c == '\0')
            break;
    }
    text->types = types;
    text->payload.kind = WS_DATA_TOKENS;
    text->payload.count = items;
    text->payload.types = types;
    text->payload.tokens.ids = text->ids;
    text->payload.tokens.ends = text->ends;
    text->segment.origin = (struct ws_origin){WS_SOURCE_ORIGINAL, 0, 0};
    text->segment.payload = &text->payload;
    text->segment.count = items;
    text->segment.weight = 1;
    text->data = (struct ws_dataset){WS_DATA_TOKENS, types, 0, 0, items, 1, &text->segment};
}

/* The reference. */

struct gram {
    uint32_t size;
    uint32_t token[WS_NGRAM_ORDER_LIMIT];
    uint32_t count;
};

struct reference {
    uint32_t order;
    uint32_t types;  /* also the start token */
    bool likelihood; /* maximum likelihood instead of Kneser-Ney */
    struct gram grams[MOST_GRAMS];
    size_t gram_count;
    double discount[WS_NGRAM_ORDER_LIMIT + 1][4];
};

static struct gram *find_gram(struct reference *r, const uint32_t *token, uint32_t size)
{
    for (size_t i = 0; i < r->gram_count; i++)
        if (r->grams[i].size == size && memcmp(r->grams[i].token, token, size * sizeof *token) == 0)
            return &r->grams[i];
    return NULL;
}

static void count_gram(struct reference *r, const uint32_t *token, uint32_t size)
{
    struct gram *gram = find_gram(r, token, size);
    if (!gram) {
        assert_true(r->gram_count < MOST_GRAMS);
        gram = &r->grams[r->gram_count++];
        gram->size = size;
        gram->count = 0;
        memcpy(gram->token, token, size * sizeof *token);
    }
    gram->count++;
}

/* a(): the count, or the number of distinct left neighbours. */
static double effective_count(struct reference *r, const struct gram *gram)
{
    if (!gram)
        return 0;
    if (r->likelihood || gram->size == r->order || gram->token[0] == r->types)
        return gram->count;
    double neighbours = 0;
    for (size_t i = 0; i < r->gram_count; i++)
        neighbours +=
            r->grams[i].size == gram->size + 1 &&
            memcmp(r->grams[i].token + 1, gram->token, gram->size * sizeof *gram->token) == 0;
    return neighbours;
}

static double discount_for(const struct reference *r, uint32_t size, double count)
{
    return r->discount[size][count < 3 ? (int)count : 3];
}

static void reference_discounts(struct reference *r, uint32_t size)
{
    double n[5] = {0};
    for (size_t i = 0; i < r->gram_count; i++) {
        double count = effective_count(r, &r->grams[i]);
        if (r->grams[i].size == size && count < 5)
            n[(int)count]++;
    }
    double *d = r->discount[size];
    double y = n[1] / (n[1] + 2 * n[2]);
    d[0] = 0;
    d[1] = 1 - 2 * y * n[2] / n[1];
    d[2] = 2 - 3 * y * n[3] / n[2];
    d[3] = 3 - 4 * y * n[4] / n[3];
    if (n[1] == 0 || n[2] == 0 || n[3] == 0 || d[1] <= 0 || d[1] >= 1 || d[2] <= 0 || d[2] >= 2 ||
        d[3] <= 0 || d[3] >= 3) {
        d[1] = 0.5;
        d[2] = 1;
        d[3] = 1.5;
    }
}

static void make_reference(struct reference *r, const struct text *text, uint32_t order,
                           bool likelihood)
{
    memset(r, 0, sizeof *r);
    r->order = order;
    r->types = text->types;
    r->likelihood = likelihood;
    for (uint64_t item = 0; item < text->payload.count; item++) {
        uint32_t line[MOST_TOKENS + 1] = {text->types};
        size_t size;
        const uint32_t *ids = ws_payload_tokens(&text->payload, item, &size);
        memcpy(line + 1, ids, size * sizeof *ids);
        for (size_t end = 2; end <= size + 1; end++)
            for (uint32_t k = 1; k <= order && k <= end; k++)
                count_gram(r, line + end - k, k);
    }
    for (uint32_t k = 1; !likelihood && k <= order; k++)
        reference_discounts(r, k);
}

/* P(w | context), from the sums over all types. */
static double reference_probability(struct reference *r, const uint32_t *context, uint32_t size,
                                    uint32_t w)
{
    if (size >= r->order)
        return reference_probability(r, context + 1, size - 1, w);
    uint32_t token[WS_NGRAM_ORDER_LIMIT];
    memcpy(token, context, size * sizeof *token);
    double total = 0;
    double freed = 0;
    double own = 0;
    for (uint32_t v = 0; v < r->types; v++) {
        token[size] = v;
        double count = effective_count(r, find_gram(r, token, size + 1));
        double kept = count - discount_for(r, size + 1, count);
        total += count;
        freed += count - kept;
        if (v == w)
            own = kept;
    }
    double shorter = 1 / (double)r->types;
    if (size > 0 && (total == 0 || !r->likelihood))
        shorter = reference_probability(r, context + 1, size - 1, w);
    return total == 0 ? shorter : own / total + freed / total * shorter;
}

static double reference_block(struct reference *r, const uint32_t *ids, size_t size)
{
    uint32_t line[MOST_TOKENS + 1] = {r->types};
    memcpy(line + 1, ids, size * sizeof *ids);
    double product = 1;
    for (uint32_t i = 1; i <= size; i++)
        product *= reference_probability(r, line, i, line[i]);
    return product;
}

/* The model. */

struct fixture {
    struct ws_arena arena;
    struct ws_ngram_settings settings;
    struct ws_error err;
    struct text text;
    struct reference reference;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    ws_arena_init(&fixture->arena, NULL);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    ws_arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

static const struct ws_ngram_model *fit_text(struct fixture *f, uint32_t types, const char *letters,
                                             uint64_t order, enum ws_ngram_sampling sampling)
{
    make_text(&f->text, types, letters);
    f->settings = (struct ws_ngram_settings){order, sampling};
    const struct ws_dataset *data = &f->text.data;
    const struct ws_model *model = NULL;
    const struct ws_rng_key init = {{0, 0}, 0};
    assert_int_equal(
        ws_family_ngram.fit(&f->settings, 1, &data, &init, NULL, &f->arena, &model, &f->err),
        WS_OK);
    return (const struct ws_ngram_model *)model;
}

/* Texts of several shapes: enough counts to estimate discounts from, too few, and edges. */
static const char ESTIMABLE[] =
    "aabacadaeafbbcbdbebfccdcecfddedfeeffabcabcabdabdabdabeabfabfabfabfacbacbacdaceacfacfacfacf"
    "|badbadbaebafbafbafbcabcdbcebcfbcfacegbdfhacegbdfhijkaab|cabcadcaecafeeabfeabfefefefdcdcdc";
static const struct {
    uint32_t types;
    const char *letters;
} TEXTS[] = {
    {11, ESTIMABLE},        {13, ESTIMABLE}, /* two types that never occur */
    {4, "abacabad|abba|c"}, {3, "a"},        {2, "ab|ab|abb"},
    {5, "cab|ab|e"},        {1, "aaaa|aa"},  {26, "zyxw|zyxwzyxwzyxw|a"},
};
enum { TEXT_COUNT = sizeof TEXTS / sizeof *TEXTS };

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

static const struct ws_payload *sample_items(struct fixture *f, const struct ws_ngram_model *model,
                                             uint64_t count, uint32_t seed)
{
    const struct ws_model *base = &model->base;
    const struct ws_rng_key key = {{seed, 7}, 3};
    const struct ws_payload *payload = NULL;
    assert_int_equal(
        ws_family_ngram.sample(1, &base, &count, &key, NULL, &f->arena, &payload, &f->err), WS_OK);
    assert_int_equal(payload->kind, WS_DATA_TOKENS);
    assert_int_equal(payload->count, count);
    return payload;
}

#ifdef WS_SANITIZE
enum { SAMPLES = 2000, DECIDES = 0 };
#else
enum { SAMPLES = 200000, DECIDES = 1 };
#endif

/* Chi-squared over all blocks of the sampled length against the reference; blocks that cannot be
 * must not be, and cells with few expected are taken together. Four standard deviations decide. */
static void check_law(struct fixture *f, uint32_t types, const char *letters, uint32_t order,
                      enum ws_ngram_sampling sampling)
{
    const struct ws_ngram_model *model = fit_text(f, types, letters, order, sampling);
    make_reference(&f->reference, &f->text, order, sampling == WS_NGRAM_MLE);
    const struct ws_payload *payload = sample_items(f, model, SAMPLES, 1);
    size_t block = model->block;
    size_t cells = 1;
    for (size_t i = 0; i < block; i++)
        cells *= types;
    double *seen = calloc(cells, sizeof *seen);
    assert_non_null(seen);
    for (uint64_t item = 0; item < SAMPLES; item++) {
        size_t size;
        const uint32_t *ids = ws_payload_tokens(payload, item, &size);
        assert_int_equal(size, block);
        size_t cell = 0;
        for (size_t i = 0; i < block; i++)
            cell = cell * types + ids[i];
        assert_true(cell < cells);
        seen[cell]++;
    }
    double chi_squared = 0;
    double rest_seen = 0;
    double rest_expected = 0;
    double mass = 0;
    int freedom = -1;
    for (size_t cell = 0; cell < cells; cell++) {
        uint32_t ids[8];
        size_t left = cell;
        for (size_t i = block; i-- > 0; left /= types)
            ids[i] = (uint32_t)(left % types);
        double p = reference_block(&f->reference, ids, block);
        double expected = p * SAMPLES;
        mass += p;
        if (p < 1e-12) {
            assert_true(seen[cell] == 0);
        } else if (expected < 10) {
            rest_seen += seen[cell];
            rest_expected += expected;
        } else {
            chi_squared += (seen[cell] - expected) * (seen[cell] - expected) / expected;
            freedom++;
        }
    }
    if (rest_expected >= 10) {
        chi_squared += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
        freedom++;
    }
    assert_true(fabs(mass - 1) < 1e-9);
    if (DECIDES && freedom > 0)
        assert_true(chi_squared < freedom + 4 * sqrt(2.0 * freedom));
    free(seen);
}

static void ngram__samples_the_maximum_likelihood_law(void **state)
{
    struct fixture *f = *state;
    for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
        check_law(f, 4, "abcd|abca|acbd|bbda|abda", order, WS_NGRAM_MLE);
        /* Contexts that were only seen at the end of a block fall back. */
        check_law(f, 4, "abac|d|ad|cad|adb", order, WS_NGRAM_MLE);
        check_law(f, 3, "bbbbb|bbb", order, WS_NGRAM_MLE);
    }
}

static void ngram__samples_the_kneser_ney_law(void **state)
{
    struct fixture *f = *state;
    for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
        check_law(f, 4, "abcd|abca|acbd|bbda|abda", order, WS_NGRAM_KNESER_NEY);
        check_law(f, 4, "abac|d|ad|cad|adb", order, WS_NGRAM_KNESER_NEY);
        check_law(f, 5, "ab|ba|bba", order, WS_NGRAM_KNESER_NEY); /* c, d, e: never seen */
        check_law(f, 1, "aaa", order, WS_NGRAM_KNESER_NEY);
    }
}

static void ngram__gives_each_item_its_own_sequence(void **state)
{
    struct fixture *f = *state;
    for (enum ws_ngram_sampling sampling = WS_NGRAM_MLE; sampling <= WS_NGRAM_KNESER_NEY;
         sampling++) {
        const struct ws_ngram_model *model = fit_text(f, 11, ESTIMABLE, 3, sampling);
        const struct ws_payload *few = sample_items(f, model, 3, 1);
        const struct ws_payload *many = sample_items(f, model, 9, 1);
        const struct ws_payload *other = sample_items(f, model, 3, 2);
        size_t size = few->tokens.ends[2] * sizeof *few->tokens.ids;
        assert_memory_equal(few->tokens.ids, many->tokens.ids, size);
        assert_memory_not_equal(few->tokens.ids, other->tokens.ids, size);
        assert_memory_not_equal(few->tokens.ids, few->tokens.ids + few->tokens.ends[0], size / 3);
    }
}

/* After a: b twice, c and d once; after every other letter, and at the start: a. */
static const char skewed[] = "abacabad";

/* Squared shares 4 : 1 : 1 at lambda = 1/2, b alone at 0. */
static void ngram__biased_it_prefers_what_is_frequent(void **state)
{
    enum { BLOCKS = 20000 };
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_MLE);
    for (int step = 0; step < 2; step++) {
        const double lambda = step == 0 ? 0.5 : 0;
        const struct ws_model *biased;
        const struct ws_payload *sample;
        const uint64_t count = BLOCKS;
        const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 2, 3);
        uint64_t seen[4] = {0};
        assert_int_equal(ws_family_ngram.bias(&model->base, lambda, &f->arena, &biased, NULL),
                         WS_OK);
        assert_int_equal(
            ws_family_ngram.sample(1, &biased, &count, &key, NULL, &f->arena, &sample, NULL),
            WS_OK);
        for (size_t i = 0; i < BLOCKS; i++)
            seen[sample->tokens.ids[8 * i + 1]]++; /* the first one after an a */
        assert_int_equal(seen[0], 0);
        if (step == 1) {
            assert_int_equal(seen[1], BLOCKS);
            continue;
        }
        const double share = (double)seen[1] / BLOCKS, p = 2.0 / 3;
        assert_true(fabs(share - p) < 4 * sqrt(p * (1 - p) / BLOCKS));
        assert_true(seen[2] > 0 && seen[3] > 0);
    }
}

static uint64_t edited(struct fixture *f, const struct ws_ngram_model *model, double likely,
                       uint64_t first, const uint32_t **ids)
{
    const struct ws_payload *payload;
    uint64_t changed;
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_POLICY, 1, 2, 3);
    assert_int_equal(ws_family_ngram.edit(&model->base, &f->text.data, likely, key, first,
                                          &f->arena, &payload, &changed, NULL),
                     WS_OK);
    assert_int_equal(payload->count, f->text.payload.count);
    assert_int_equal(payload->types, f->text.types);
    assert_memory_equal(payload->tokens.ends, f->text.ends,
                        payload->count * sizeof *payload->tokens.ends);
    *ids = payload->tokens.ids;
    return changed;
}

static void ngram__edits_what_is_likely_alone(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_MLE);
    const uint32_t *ids;
    /* Sure tokens are the four a's, and what is drawn for them is an a again. */
    assert_int_equal(edited(f, model, 0.99, 0, &ids), 4);
    assert_memory_equal(ids, f->text.ids, 8 * sizeof *ids);
    /* P(b | a) = 1/2 is likely enough, P(c | a) = P(d | a) = 1/4 is not. */
    uint64_t b = 0, all = 0;
    for (uint64_t trial = 0; trial < 5000; trial++) {
        assert_int_equal(edited(f, model, 0.5, trial, &ids), 6);
        for (size_t i = 0; i < 8; i += 2)
            assert_int_equal(ids[i], 0);
        assert_int_equal(ids[3], 2);
        assert_int_equal(ids[7], 3);
        b += ids[1] == 1;
        b += ids[5] == 1;
        all += 2;
    }
    assert_true(fabs((double)b / (double)all - 0.5) < 4 * 0.5 / sqrt((double)all));
    /* Every token is drawn where every probability will do; an unseen one has probability 0. */
    assert_int_equal(edited(f, model, 0, 0, &ids), 8);
    make_text(&f->text, 4, "cc");
    assert_int_equal(edited(f, model, 0.01, 0, &ids), 0);
    assert_int_equal(ids[0], 2);
}

/* The same item, other items before it: the same edit. */
static void ngram__edits_every_item_by_itself(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_KNESER_NEY);
    const uint32_t *alone, *second;
    make_text(&f->text, 4, "abacabad");
    (void)edited(f, model, 0.1, 5, &alone);
    make_text(&f->text, 4, "bad|abacabad");
    (void)edited(f, model, 0.1, 4, &second);
    assert_memory_equal(alone, second + 3, 8 * sizeof *alone);
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

static void ngram__is_the_same_after_saving_and_loading(void **state)
{
    struct fixture *f = *state;
    for (size_t t = 0; t < TEXT_COUNT; t++) {
        for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
            enum ws_ngram_sampling sampling = t % 2 ? WS_NGRAM_KNESER_NEY : WS_NGRAM_MLE;
            const struct ws_ngram_model *model =
                fit_text(f, TEXTS[t].types, TEXTS[t].letters, order, sampling);
            struct ws_buffer stored, again;
            ws_buffer_init(&stored, NULL, 100000);
            ws_buffer_init(&again, NULL, 100000);
            ws_family_ngram.save(&model->base, &stored);
            const struct ws_model *loaded = NULL;
            assert_int_equal(ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena,
                                                  &loaded, &f->err),
                             WS_OK);
            assert_int_equal(loaded->training_items, model->base.training_items);
            ws_family_ngram.save(loaded, &again);
            assert_int_equal(stored.size, again.size);
            assert_memory_equal(stored.data, again.data, stored.size);
            const struct ws_payload *before = sample_items(f, model, 5, 1);
            const struct ws_payload *after =
                sample_items(f, (const struct ws_ngram_model *)loaded, 5, 1);
            assert_memory_equal(before->tokens.ids, after->tokens.ids,
                                before->tokens.ends[4] * sizeof *before->tokens.ids);
            const struct ws_model *models[2] = {&model->base, loaded};
            struct ws_item_score *scores[2];
            for (int i = 0; i < 2; i++) {
                scores[i] = WS_ARENA_NEW(&f->arena, struct ws_item_score, f->text.data.count);
                assert_non_null(scores[i]);
                assert_int_equal(ws_family_ngram.score(models[i], &f->text.data, NULL, &f->arena,
                                                       scores[i], &f->err),
                                 WS_OK);
            }
            for (uint64_t i = 0; i < f->text.data.count; i++)
                assert_true(scores[0][i].log_probability == scores[1][i].log_probability &&
                            isfinite(scores[0][i].log_probability));
            ws_buffer_release(&stored);
            ws_buffer_release(&again);
        }
    }
}

/* "ab|b" as docs/formats/ngram.md shows it. */
static void ngram__stores_what_the_format_says(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "ab|b", 2, WS_NGRAM_MLE);
    static const uint32_t numbers[] = {
        1, 2, 2, 0, 2, 0, 2, 0, 3, 3, /* header: block 2, 2 items, 3 + 3 n-grams */
        1, 0, 2,                      /* children of a, b, start */
        0, 1, 2, 1, 0, 1,             /* a, b, start; ab, start a, start b */
        1, 2, 0, 1, 1, 1,             /* counts */
    };
    struct ws_buffer expected, stored;
    ws_buffer_init(&expected, NULL, 1000);
    ws_buffer_init(&stored, NULL, 1000);
    ws_buffer_text(&expected, "WSNGRAM1");
    ws_buffer_u32s(&expected, numbers, sizeof numbers / sizeof *numbers);
    ws_family_ngram.save(&model->base, &stored);
    assert_int_equal(stored.size, expected.size);
    assert_memory_equal(stored.data, expected.data, stored.size);
    ws_buffer_release(&expected);
    ws_buffer_release(&stored);
}

/* Every damage of one byte is refused, or leaves a model that works; none may be cut. */
static void ngram__loads_no_damaged_model(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, "abac|abad|dab", 3, WS_NGRAM_KNESER_NEY);
    struct ws_buffer stored;
    ws_buffer_init(&stored, NULL, 10000);
    ws_family_ngram.save(&model->base, &stored);
    const struct ws_model *loaded = NULL;
    for (size_t size = 0; size < stored.size; size++)
        assert_int_equal(ws_family_ngram.load(&f->settings, ws_bytes_of(stored.data, size),
                                              &f->arena, &loaded, &f->err),
                         WS_CORRUPT);
    size_t refused = 0;
    for (size_t at = 0; at < stored.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            stored.data[at] = (char)(stored.data[at] ^ 1 << bit);
            enum ws_status status = ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored),
                                                         &f->arena, &loaded, &f->err);
            if (status == WS_OK) {
                const struct ws_payload *payload =
                    sample_items(f, (const struct ws_ngram_model *)loaded, 2, 1);
                for (uint64_t i = 0; i < payload->tokens.ends[1]; i++)
                    assert_true(payload->tokens.ids[i] < payload->types);
            } else {
                assert_int_equal(status, WS_CORRUPT);
                refused++;
            }
            stored.data[at] = (char)(stored.data[at] ^ 1 << bit);
            ws_arena_reset(&f->arena);
        }
    }
    /* What may pass: types that never occur, the block's length, the number of items. */
    assert_true(refused > stored.size * 8 - 128);
    ws_buffer_u8(&stored, 0);
    assert_int_equal(
        ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena, &loaded, &f->err),
        WS_CORRUPT);
    ws_buffer_release(&stored);
}

/* "ab|b" in order 3: after the magic and 11 numbers of header the children of a, b, start and of
 * ab, start a, start b; then the tokens of all 7 k-grams and their counts. */
static void ngram__says_what_is_wrong_with_a_model(void **state)
{
    static const struct {
        size_t number;
        uint32_t value;
        const char *message;
    } damages[] = {
        {0, 2, "not version 1"},
        {1, 0, "types or order out of range"},
        {4, 4, "more tokens than there can be"},       /* block */
        {6, 1, "more continuations than occurrences"}, /* items */
        {8, 1, "it has no token"},
        {8, 0xFFFFFFFE, "too many n-grams"},
        {8, 4, "it ends too early"},
        {10, 0, "more bytes than it says"},
        {11, 0xFFFFFFFF, "children beyond their level"},
        {11, 0, "n-grams without a parent"},
        {17, 1, "tokens out of order"},
        {18, 2, "a token or count out of range"},
        {22, 0, "tokens out of order"},
        {19, 3, "it has no start of a block"},
        {20, 0, "an n-gram without its suffix"}, /* ab, which start a b needs */
        {20, 2, "a token or count out of range"},
        {24, 0, "a token or count out of range"},
        {26, 1, "it has no start of a block"},
        {25, 3, "occurrences without a left neighbour"},
        {30, 2, "more continuations than occurrences"},
    };
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 2, "ab|b", 3, WS_NGRAM_MLE);
    struct ws_buffer stored;
    ws_buffer_init(&stored, NULL, 1000);
    ws_family_ngram.save(&model->base, &stored);
    assert_int_equal(stored.size, 8 + 4 * 31);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        uint8_t *number = (uint8_t *)stored.data + 8 + 4 * damages[i].number;
        uint32_t before = load32_le(number);
        store32_le(number, damages[i].value);
        const struct ws_model *loaded = NULL;
        assert_int_equal(ws_family_ngram.load(&f->settings, ws_buffer_bytes(&stored), &f->arena,
                                              &loaded, &f->err),
                         WS_CORRUPT);
        char message[100];
        (void)snprintf(message, sizeof message, "damaged n-gram model: %s", damages[i].message);
        assert_string_equal(f->err.message, message);
        store32_le(number, before);
    }
    ws_buffer_release(&stored);
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

/* A heap that fails at its countdown and knows what is alive. */
struct failing_heap {
    long countdown;
    size_t live;
};

static void *failing_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    if (new_size > 0 && heap->countdown-- <= 0)
        return NULL;
    heap->live += new_size - old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static enum ws_status live_once(const struct fixture *f, struct ws_arena *arena,
                                struct ws_buffer *stored)
{
    const struct ws_dataset *data = &f->text.data;
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_model *model = NULL;
    const struct ws_payload *payload = NULL;
    uint64_t count = 4;
    WS_TRY(ws_family_ngram.fit(&f->settings, 1, &data, &key, NULL, arena, &model, NULL));
    WS_TRY(ws_family_ngram.sample(1, &model, &count, &key, NULL, arena, &payload, NULL));
    ws_family_ngram.save(model, stored);
    WS_TRY(ws_buffer_check(stored, "a model", NULL));
    return ws_family_ngram.load(&f->settings, ws_buffer_bytes(stored), arena, &model, NULL);
}

static void ngram__survives_every_allocation_that_fails(void **state)
{
    struct fixture *f = *state;
    make_text(&f->text, 11, ESTIMABLE);
    f->settings = (struct ws_ngram_settings){3, WS_NGRAM_KNESER_NEY};
    enum ws_status status = WS_NO_MEMORY;
    long count = 0;
    for (; status == WS_NO_MEMORY; count++) {
        struct failing_heap heap = {.countdown = count};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_buffer stored;
        ws_arena_init(&arena, &allocator);
        ws_buffer_init(&stored, &allocator, 100000);
        status = live_once(f, &arena, &stored);
        ws_buffer_release(&stored);
        ws_arena_release(&arena);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(status, WS_OK);
    assert_true(count > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ngram__estimates_discounts_where_counts_allow),
        TEST(ngram__gives_kneser_ney_probabilities_that_sum_to_one),
        TEST(ngram__agrees_with_another_implementation),
        TEST(ngram__scores_a_block_as_worked_by_hand),
        TEST(ngram__scores_many_sequences_as_each_alone),
        TEST(ngram__refuses_to_score_other_types),
        TEST(ngram__samples_the_maximum_likelihood_law),
        TEST(ngram__samples_the_kneser_ney_law),
        TEST(ngram__gives_each_item_its_own_sequence),
        TEST(ngram__biased_it_prefers_what_is_frequent),
        TEST(ngram__edits_what_is_likely_alone),
        TEST(ngram__edits_every_item_by_itself),
        TEST(ngram__counts_only_the_items_a_segment_picks),
        TEST(ngram__is_the_same_after_saving_and_loading),
        TEST(ngram__stores_what_the_format_says),
        TEST(ngram__loads_no_damaged_model),
        TEST(ngram__says_what_is_wrong_with_a_model),
        TEST(ngram__says_how_many_tokens_are_too_many),
        TEST(ngram__counts_over_the_largest_vocabulary),
        TEST(ngram__refuses_a_model_of_other_settings),
        TEST(ngram__says_which_data_it_needs),
        TEST(ngram__describes_itself),
        TEST(ngram__survives_every_allocation_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
