#include "data/human_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct ws_human_settings, name)

/* clang-format off */
static const struct ws_option options[] = {
    {"source", WS_OPTION_CHOICE, FIELD(source), 0, 0, "normal", "text|words|uniform|zipf|normal", 0,
     "where human data comes from"},
    {"corpus", WS_OPTION_TEXT, FIELD(corpus), 0, 0, "", NULL, 0,
     "text, words: a file or directory of text; .gz and .zst are inflated"},
    {"unit", WS_OPTION_CHOICE, FIELD(unit), 0, 0, "words", "words|bytes", 0,
     "text, words: what a token is"},
    {"block", WS_OPTION_WHOLE, FIELD(block), 1, 1e9, "1000", NULL, 0,
     "text: tokens in an item"},
    {"items", WS_OPTION_WHOLE, FIELD(items), 1, 1e12, "100", NULL, 0,
     "items that the first model is trained on"},
    {"test_items", WS_OPTION_WHOLE, FIELD(test_items), 0, 1e12, "0", NULL, 0,
     "held-out items that metrics compare with"},
    {"fresh_items", WS_OPTION_WHOLE, FIELD(fresh_items), 0, 1e12, "0", NULL, 0,
     "text, words: items of the fresh human stream"},
    {"types", WS_OPTION_WHOLE, FIELD(types), 1, 2147483648.0, "10", NULL, 0,
     "uniform, zipf: number of symbols"},
    {"exponent", WS_OPTION_REAL, FIELD(exponent), 0, 100, "1", NULL, 0,
     "zipf: a in p(i) ~ 1 / (i + shift)^a"},
    {"shift", WS_OPTION_REAL, FIELD(shift), -0.999, 1e9, "0", NULL, 0,
     "zipf: what is added to the rank"},
    {"dimension", WS_OPTION_WHOLE, FIELD(dimension), 1, 1000, "1", NULL, 0,
     "normal: numbers in an item"},
    {"variance", WS_OPTION_REAL, FIELD(variance), 1e-100, 1e100, "1", NULL, 0,
     "normal: variance of every number"},
};
/* clang-format on */

const struct ws_option_table ws_human_options = {"data", options, sizeof options / sizeof *options};

#define CORPUS_LIMIT ((size_t)1 << 32) /* bytes after inflation */

static enum ws_status tokenise(struct ws_human *human, struct ws_buffer *text, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    WS_TRY(ws_text_read(settings->corpus, CORPUS_LIMIT, text, err));
    WS_TRY(ws_hash_of(ws_buffer_bytes(text), &human->hash, err));
    return ws_text_tokens(ws_buffer_bytes(text), (enum ws_text_unit)settings->unit,
                          settings->corpus, &human->arena, &human->tokens, err);
}

/* Whole blocks; the rest at the end is left out. */
static enum ws_status cut_blocks(struct ws_human *human, struct ws_error *err)
{
    uint64_t block = human->settings.block;
    uint64_t count = human->tokens.count / block;
    uint64_t *ends = WS_ARENA_NEW(&human->arena, uint64_t, count);
    if (!ends)
        return ws_fail_memory(err, "the blocks of the corpus");
    for (uint64_t i = 0; i < count; i++)
        ends[i] = (i + 1) * block;
    human->corpus = (struct ws_payload){
        .kind = WS_DATA_TOKENS,
        .count = count,
        .types = human->tokens.vocabulary.count,
        .tokens = {.ids = human->tokens.ids, .ends = ends},
    };
    return WS_OK;
}

static enum ws_status count_words(struct ws_human *human, struct ws_error *err)
{
    const struct ws_payload words = {
        .kind = WS_DATA_SYMBOLS,
        .count = human->tokens.count,
        .types = human->tokens.vocabulary.count,
        .symbols = human->tokens.ids,
    };
    struct ws_dataset all;
    WS_TRY(ws_dataset_of(&words, (struct ws_origin){.source = WS_SOURCE_ORIGINAL}, &human->arena,
                         &all, err));
    return ws_dataset_type_counts(&all, &human->arena, &human->corpus, err);
}

static enum ws_status check_size(const struct ws_human *human, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    uint64_t needed = settings->items + settings->test_items + settings->fresh_items;
    if (needed <= human->corpus.count)
        return WS_OK;
    const char *unit = settings->unit == WS_TEXT_WORDS ? "words" : "bytes";
    char item[64];
    if (settings->source == WS_HUMAN_TEXT)
        (void)snprintf(item, sizeof item, "blocks of %" PRIu64 " %s", settings->block, unit);
    else
        (void)snprintf(item, sizeof item, "%s", unit);
    return ws_fail(err, WS_INVALID,
                   "corpus '%s' has %" PRIu64 " %s; items=%" PRIu64 " + test_items=%" PRIu64
                   " + fresh_items=%" PRIu64 " need %" PRIu64,
                   settings->corpus, human->corpus.count, item, settings->items,
                   settings->test_items, settings->fresh_items, needed);
}

static enum ws_status open_corpus(struct ws_human *human, struct ws_error *err)
{
    const char *path = human->settings.corpus;
    if (!path || path[0] == '\0')
        return ws_fail(err, WS_INVALID, "source '%s' needs a text: set corpus=PATH",
                       human->settings.source == WS_HUMAN_TEXT ? "text" : "words");
    human->settings.corpus = ws_arena_text(&human->arena, path);
    if (!human->settings.corpus)
        return ws_fail_memory(err, "the name of the corpus");
    struct ws_buffer text;
    ws_buffer_init(&text, human->allocator, CORPUS_LIMIT);
    enum ws_status status = tokenise(human, &text, err);
    ws_buffer_release(&text);
    if (status == WS_INVALID) { /* no setting can make text of what is none */
        status = WS_UNSUPPORTED;
        if (err)
            err->status = status;
    }
    WS_TRY(status);
    if (human->settings.source == WS_HUMAN_TEXT)
        WS_TRY(cut_blocks(human, err));
    else
        WS_TRY(count_words(human, err));
    human->empty.kind = human->corpus.kind;
    human->empty.types = human->corpus.types;
    return check_size(human, err);
}

/* p(1) / p(1), ..., p(types) / p(1), none above 1; then divided by their sum, smallest first. */
static enum ws_status open_symbols(struct ws_human *human, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    size_t types = settings->types;
    assert(types >= 1 && types < UINT32_MAX && settings->shift > -1 && settings->exponent >= 0);
    double *truth = WS_ARENA_NEW(&human->arena, double, types);
    if (!truth)
        return ws_fail_memory(err, "the true probabilities");
    double exponent = settings->source == WS_HUMAN_ZIPF ? settings->exponent : 0;
    double first = 1 + settings->shift;
    double sum = 0;
    for (size_t i = types; i-- > 0;) {
        truth[i] = pow(first / (first + (double)i), exponent);
        sum += truth[i];
    }
    for (size_t i = 0; i < types; i++)
        truth[i] /= sum;
    human->truth = truth;
    human->empty.kind = WS_DATA_COUNTS;
    human->empty.types = (uint32_t)types;
    return WS_OK;
}

static enum ws_status load(struct ws_human *human, struct ws_error *err)
{
    switch ((enum ws_human_source)human->settings.source) {
    case WS_HUMAN_TEXT:
    case WS_HUMAN_WORDS:
        return open_corpus(human, err);
    case WS_HUMAN_UNIFORM:
    case WS_HUMAN_ZIPF:
        return open_symbols(human, err);
    case WS_HUMAN_NORMAL:
        assert(human->settings.dimension >= 1 && human->settings.variance > 0);
        human->empty.kind = WS_DATA_VECTORS;
        human->empty.dimension = (uint32_t)human->settings.dimension;
        return WS_OK;
    }
    return ws_fail(err, WS_INVALID, "no source of human data has number %" PRIu32,
                   human->settings.source);
}

enum ws_status ws_human_open(const struct ws_human_settings *settings,
                             const struct ws_allocator *allocator, struct ws_human **out,
                             struct ws_error *err)
{
    struct ws_human *human = ws_realloc(allocator, NULL, 0, sizeof *human);
    if (!human)
        return ws_fail_memory(err, "human data");
    *human = (struct ws_human){.allocator = allocator, .settings = *settings};
    ws_arena_init(&human->arena, allocator);
    enum ws_status status = load(human, err);
    if (status != WS_OK) {
        ws_human_close(human);
        return status;
    }
    *out = human;
    return WS_OK;
}

void ws_human_close(struct ws_human *human)
{
    if (!human)
        return;
    ws_arena_release(&human->arena);
    ws_free(human->allocator, human, sizeof *human);
}

const struct ws_dataset *ws_human_shape(const struct ws_human *human)
{
    return &human->empty;
}

const struct ws_hash *ws_human_hash(const struct ws_human *human)
{
    return ws_human_has_corpus(human) ? &human->hash : NULL;
}

const struct ws_vocabulary *ws_human_vocabulary(const struct ws_human *human)
{
    return ws_human_has_corpus(human) ? &human->tokens.vocabulary : NULL;
}

const double *ws_human_truth(const struct ws_human *human)
{
    return human->truth;
}

double ws_human_variance(const struct ws_human *human)
{
    return human->settings.source == WS_HUMAN_NORMAL ? human->settings.variance : 0;
}
