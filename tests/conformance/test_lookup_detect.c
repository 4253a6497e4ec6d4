/*
 * Lookups of labelled documents: what models made is registered by its generators, what humans
 * wrote by an archive, or not at all. The first 30 tokens or so of a model's text are a human's,
 * with which it was prompted. Every 32nd document is looked up, all of them where WS_EVERY is 1 in
 * the environment; the table is in docs/formats/verdict.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/made_registry.h"

#define TEXTS WS_SOURCE_DIR "/../shared/data/detect/detect.jsonl.xz"

/* clang-format off */
#define SOURCES(X)                                                                                 \
    X(HUMAN,   "human",    "example.org/detect")                                                   \
    X(GPT2,    "gpt2-xl",  "example.com/alpha/gpt2-xl")                                            \
    X(OPT,     "opt-2.7b", "example.com/alpha/opt-2.7b")                                           \
    X(GPT4,    "gpt-4",    "example.com/bravo/gpt-4")
#define ANSWERS(X)                                                                                 \
    X(AS_HUMAN,  "human") X(AS_OWN, "own model") X(AS_OTHER, "other model") X(AS_MIXED, "mixed")   \
    X(AS_CONTESTED, "contested") X(AS_UNKNOWN, "unknown")
/* clang-format on */
enum source {
#define X(name, word, namespace) name,
    SOURCES(X)
#undef X
        SOURCE_COUNT
};
enum answer {
#define X(name, word) name,
    ANSWERS(X)
#undef X
        ANSWER_COUNT
};
static const char *const source_words[] = {
#define X(name, word, namespace) word,
    SOURCES(X)
#undef X
};
static const char *const namespaces[] = {
#define X(name, word, namespace) namespace,
    SOURCES(X)
#undef X
};
static const char *const answer_words[] = {
#define X(name, word) word,
    ANSWERS(X)
#undef X
};

/* A text of n characters, each a byte of canonical text, of which everything is found: from its
 * first fingerprint to its last, 50 of any 64 are covered, and these are less than 64 + 50 from its
 * ends. From so many on, 200 and half of them are covered. */
enum { SURE_LENGTH = 400 };

struct document {
    enum source source;
    struct ws_query query;
    bool is_long; /* SURE_LENGTH or more, and all of it ASCII */
};

struct documents {
    struct document *items;
    size_t count;
};

enum { DOCUMENT_LIMIT = 10000, LINE_LIMIT = 1 << 16 };

static enum source source_of(const char *word)
{
    size_t i = 0;
    while (i < SOURCE_COUNT && strcmp(word, source_words[i]) != 0)
        i++;
    assert_true(i < SOURCE_COUNT);
    return (enum source)i;
}

static bool is_ascii(struct ws_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

static struct documents read_documents(struct made_registry *r)
{
    struct documents all = {.items = WS_ARENA_NEW(&r->made.arena, struct document, DOCUMENT_LIMIT)};
    static char line[LINE_LIMIT];
    FILE *in = popen("xz -dc '" TEXTS "'", "r");
    assert_non_null(all.items);
    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        json_t *json = json_loads(line, 0, NULL);
        const json_t *text = json_object_get(json, "text");
        const struct ws_bytes bytes = {(const uint8_t *)json_string_value(text),
                                       json_string_length(text)};
        assert_true(all.count < DOCUMENT_LIMIT);
        all.items[all.count++] = (struct document){
            .source = source_of(json_string_value(json_object_get(json, "generator"))),
            .query = registry_query(r, bytes),
            .is_long = bytes.size >= SURE_LENGTH && is_ascii(bytes),
        };
        json_decref(json);
    }
    (void)pclose(in);
    return all;
}

/* All documents of a source in a shard, which its party claims. */
static void claim(struct made_registry *r, const struct documents *all, enum source source)
{
    struct ws_shard_settings settings = {.scheme = WS_FINGERPRINT_ID,
                                         .secret = {(uint8_t)(source + 1)}};
    struct ws_shard_writer writer;
    struct ws_shard_head head;
    struct ws_shard shard;
    struct ws_statement statement = made_archive(namespaces[source]);
    const char *path =
        registry_path(r, ws_arena_format(&r->made.arena, "shards/%s", source_words[source]));
    assert_int_equal(ws_shard_writer_open(&writer, &settings, NULL, NULL), WS_OK);
    for (size_t i = 0; i < all->count; i++) {
        const struct ws_query *query = &all->items[i].query;
        if (all->items[i].source != source)
            continue;
        for (size_t m = 0; m < query->mark_count; m++)
            assert_int_equal(ws_shard_writer_add(&writer, &query->marks[m].value, 1, NULL), WS_OK);
        assert_int_equal(ws_shard_writer_end(&writer, &query->digest, NULL), WS_OK);
    }
    assert_int_equal(ws_shard_writer_keep(&writer, path, &head, NULL), WS_OK);
    ws_shard_writer_close(&writer);
    assert_int_equal(ws_shard_open(&shard, path, NULL), WS_OK);
    if (source != HUMAN) {
        statement = registry_emission(ALPHA);
        statement.emission.model = namespaces[source];
    }
    (void)registry_say(r,
                       source == HUMAN  ? ARCHIVE
                       : source == GPT4 ? BRAVO
                                        : ALPHA,
                       statement, &shard.digest);
    ws_shard_close(&shard);
}

static bool is_of(const struct ws_finding *finding, const struct ws_verdict_span *span,
                  enum source source)
{
    return strcmp(finding->claims[span->emission].claim.statement.emission.model,
                  namespaces[source]) == 0;
}

/* Of the characters of models, those that are said to be of this one's, and all others. */
static void weigh_models(const struct ws_finding *finding, enum source source, uint64_t *own,
                         uint64_t *others)
{
    *own = *others = 0;
    for (size_t i = 0; i < finding->verdict.span_count; i++) {
        const struct ws_verdict_span *span = &finding->verdict.spans[i];
        if (span->label == WS_VERDICT_MODEL)
            *(is_of(finding, span, source) ? own : others) += span->end - span->begin;
    }
}

static enum answer answer_of(const struct ws_finding *finding, enum source source)
{
    uint64_t own, others;
    switch (finding->verdict.label) {
    case WS_VERDICT_HUMAN:
        return AS_HUMAN;
    case WS_VERDICT_MIXED:
        return AS_MIXED;
    case WS_VERDICT_CONTESTED:
        return AS_CONTESTED;
    case WS_VERDICT_MODEL:
        break;
    case WS_VERDICT_UNKNOWN:
    case WS_VERDICT_LABELS:
        return AS_UNKNOWN;
    }
    weigh_models(finding, source, &own, &others);
    return own > others ? AS_OWN : AS_OTHER;
}

/* Exact intervals ------------------------------------------------------------------------------ */

/* The chance of at most k among n. */
static double chance_up_to(size_t k, size_t n, double p)
{
    double sum = 0.0;
    for (size_t i = 0; i <= k; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                   (double)i * log(p) + (double)(n - i) * log1p(-p));
    return sum;
}

/* Clopper and Pearson, 95 %: where the chance of what was seen or more (or less) is 2.5 %. */
static double bound(size_t k, size_t n, bool is_upper)
{
    double low = 0.0, high = 1.0;
    if (k == (is_upper ? n : 0))
        return is_upper ? 1.0 : 0.0;
    for (int i = 0; i < 50; i++) {
        const double p = (low + high) / 2;
        const bool is_below =
            is_upper ? chance_up_to(k, n, p) > 0.025 : 1.0 - chance_up_to(k - 1, n, p) < 0.025;
        *(is_below ? &low : &high) = p;
    }
    return (low + high) / 2;
}

/* The table ------------------------------------------------------------------------------------ */

typedef size_t confusion[SOURCE_COUNT][ANSWER_COUNT];

static void print_table(const char *title, confusion counts)
{
    (void)printf("%s\n| documents of | number |", title);
    for (size_t a = 0; a < ANSWER_COUNT; a++)
        (void)printf(" %s |", answer_words[a]);
    (void)printf("\n|---|---|---|---|---|---|---|---|\n");
    for (size_t s = 0; s < SOURCE_COUNT; s++) {
        size_t n = 0;
        for (size_t a = 0; a < ANSWER_COUNT; a++)
            n += counts[s][a];
        (void)printf("| %s | %zu |", source_words[s], n);
        for (size_t a = 0; a < ANSWER_COUNT; a++)
            (void)printf(" %zu: %.2f to %.2f %% |", counts[s][a],
                         100.0 * bound(counts[s][a], n, false),
                         100.0 * bound(counts[s][a], n, true));
        (void)printf("\n");
    }
}

static size_t look_at_each(void)
{
    const char *each = getenv("WS_EVERY");
    return each && strcmp(each, "1") == 0 ? 1 : 32;
}

/* Looks up; `unsure` are long documents of a registered source that are not labelled as of it, and
 * `borrowed` those of models of which a span is said to be another's: the opening of a human that
 * both were prompted with, if it is as long as a match. */
static void look_up_all(struct made_registry *r, const struct documents *all, bool has_archive,
                        confusion counts, size_t *unsure, size_t *borrowed)
{
    struct ws_lookup lookup;
    assert_int_equal(ws_lookup_open(&lookup, &r->request, NULL), WS_OK);
    const struct ws_finding_reader reader = registry_reader(&lookup);
    *unsure = *borrowed = 0;
    for (size_t i = 0; i < all->count; i += look_at_each()) {
        const struct document *document = &all->items[i];
        struct ws_evidence evidence;
        struct ws_finding finding;
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        assert_int_equal(ws_lookup_gather(&lookup, &document->query, &arena, &evidence, NULL),
                         WS_OK);
        assert_int_equal(ws_finding_make(&evidence, &reader, &arena, &finding, NULL), WS_OK);
        const enum answer answer = answer_of(&finding, document->source);
        uint64_t own, others;
        counts[document->source][answer]++;
        weigh_models(&finding, document->source, &own, &others);
        /* A model's text passes for its human opening where less of it is its own than counts. */
        if (document->source != HUMAN && answer == AS_HUMAN)
            assert_true(own + others < ws_verdict_rules_5.least_characters);
        *borrowed += document->source != HUMAN && others > 0;
        if (document->is_long && (document->source != HUMAN || has_archive))
            *unsure += document->source == HUMAN
                           ? answer != AS_HUMAN
                           : answer != AS_OWN && answer != AS_MIXED && answer != AS_HUMAN;
        ws_arena_release(&arena);
    }
    ws_lookup_close(&lookup);
}

static void lookup__tells_models_from_humans_and_from_each_other(void **state)
{
    (void)state;
    if (!ws_file_exists(TEXTS) || system("command -v xz >/dev/null") != 0) {
        print_message("no labelled documents at " TEXTS ", or no xz\n");
        skip();
    }
    for (int has_archive = 0; has_archive < 2; has_archive++) {
        struct made_registry r;
        confusion counts = {{0}};
        size_t unsure, borrowed;
        const uint64_t before = MADE_STARTED - UINT64_C(30) * MADE_DAY;
        registry_begin(&r);
        const struct documents all = read_documents(&r);
        if (has_archive)
            claim(&r, &all, HUMAN);
        if (has_archive)
            registry_publish_with(&r, (const uint64_t[4]){before, before, before, 0});
        for (enum source s = GPT2; s < SOURCE_COUNT; s++)
            claim(&r, &all, s);
        registry_publish(&r, 2);
        look_up_all(&r, &all, has_archive, counts, &unsure, &borrowed);
        print_table(has_archive ? "\nModels are registered, and humans archived before:"
                                : "\nModels are registered, and humans are not:",
                    counts);
        (void)printf("A span is said to be another model's, too, in %zu.\n", borrowed);
        /* What a model's text and a human's share, or two models', is how they begin. */
        for (enum source s = HUMAN; s < SOURCE_COUNT; s++)
            assert_int_equal(counts[s][AS_OTHER], 0);
        assert_int_equal(counts[HUMAN][AS_MIXED] + counts[HUMAN][AS_CONTESTED], 0);
        for (enum source s = HUMAN; !has_archive && s < SOURCE_COUNT; s++)
            assert_int_equal(counts[s][AS_HUMAN], 0);
        assert_int_equal(unsure, 0);
        registry_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup__tells_models_from_humans_and_from_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
