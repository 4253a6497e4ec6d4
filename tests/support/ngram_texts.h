/*
 * Small texts and n-gram models of them, for tests. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_NGRAM_TEXTS_H
#define WS_TESTS_NGRAM_TEXTS_H

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

static inline void make_text(struct text *text, uint32_t types, const char *letters)
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

static inline struct gram *find_gram(struct reference *r, const uint32_t *token, uint32_t size)
{
    for (size_t i = 0; i < r->gram_count; i++)
        if (r->grams[i].size == size && memcmp(r->grams[i].token, token, size * sizeof *token) == 0)
            return &r->grams[i];
    return NULL;
}

static inline void count_gram(struct reference *r, const uint32_t *token, uint32_t size)
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
static inline double effective_count(struct reference *r, const struct gram *gram)
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

static inline double discount_for(const struct reference *r, uint32_t size, double count)
{
    return r->discount[size][count < 3 ? (int)count : 3];
}

static inline void reference_discounts(struct reference *r, uint32_t size)
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

static inline void make_reference(struct reference *r, const struct text *text, uint32_t order,
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
static inline double reference_probability(struct reference *r, const uint32_t *context,
                                           uint32_t size, uint32_t w)
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

struct fixture {
    struct ws_arena arena;
    struct ws_ngram_settings settings;
    struct ws_error err;
    struct text text;
    struct reference reference;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    ws_arena_init(&fixture->arena, NULL);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    ws_arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

static inline const struct ws_ngram_model *fit_text(struct fixture *f, uint32_t types,
                                                    const char *letters, uint64_t order,
                                                    enum ws_ngram_sampling sampling)
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

static inline const struct ws_payload *
sample_items(struct fixture *f, const struct ws_ngram_model *model, uint64_t count, uint32_t seed)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
