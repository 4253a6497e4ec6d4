#include "data/human_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "data/count_law.h"

#define FIELD(name) offsetof(struct ws_human_settings, name)

#define X(id, name, row) "|" name
#define SOURCES          "text|words|csv|npy|uniform|zipf|bernoulli|poisson|teacher" WS_LAW_MAP(X)

/* clang-format off */
static const struct ws_option options[] = {
    {"source", WS_OPTION_CHOICE, FIELD(source), 0, 0, "normal", SOURCES, 0,
     "where human data comes from"},
    {"corpus", WS_OPTION_TEXT, FIELD(corpus), 0, 0, "", NULL, WS_OPTION_INPUT,
     "text, words, teacher: a file or directory of text, .gz and .zst are inflated; csv, npy: a file"},
    {"test_corpus", WS_OPTION_TEXT, FIELD(test_corpus), 0, 0, "", NULL, WS_OPTION_INPUT,
     "text, csv, npy: the same for test items; empty: they are dealt from the corpus"},
    {"validation_corpus", WS_OPTION_TEXT, FIELD(validation_corpus), 0, 0, "", NULL, WS_OPTION_INPUT,
     "text: the same for validation items"},
    {"unit", WS_OPTION_CHOICE, FIELD(unit), 0, 0, "words", "words|bytes|bpe", 0,
     "text, words, teacher: what a token is"},
    {"tokenizer", WS_OPTION_TEXT, FIELD(tokenizer), 0, 0, "", NULL, WS_OPTION_INPUT,
     "bpe: a tokenizer's file or directory; 'base': the family's; empty: it is trained on the corpus"},
    {"vocabulary", WS_OPTION_WHOLE, FIELD(vocabulary), 257, 1e6, "4096", NULL, 0,
     "bpe: tokens of a tokenizer that is trained"},
    {"block", WS_OPTION_WHOLE, FIELD(block), 1, 1e9, "1000", NULL, 0,
     "text, teacher: tokens in an item"},
    {"teacher", WS_OPTION_TEXT, FIELD(teacher), 0, 0, "", NULL, WS_OPTION_INPUT,
     "teacher: directory of the transformer that writes all texts; empty: an n-gram does, fitted on "
     "the corpus"},
    {"teacher_order", WS_OPTION_WHOLE, FIELD(teacher_order), 1, 5, "5", NULL, 0,
     "teacher: tokens in an n-gram of that model"},
    {"items", WS_OPTION_WHOLE, FIELD(items), 0, 1e12, "100", NULL, 0,
     "items that the first model is trained on; of a corpus: 0 for all that the others leave"},
    {"test_items", WS_OPTION_WHOLE, FIELD(test_items), 0, 1e12, "0", NULL, 0,
     "held-out items that metrics compare with; 0 with a test_corpus: all of it"},
    {"validation_items", WS_OPTION_WHOLE, FIELD(validation_items), 0, 1e12, "0", NULL, 0,
     "text, teacher: held-out items that fits stop early by; 0 with a validation_corpus: all of it"},
    {"fresh_items", WS_OPTION_WHOLE, FIELD(fresh_items), 0, 1e12, "0", NULL, 0,
     "text, words, csv, npy: items of the fresh human stream"},
    {"columns", WS_OPTION_LIST, FIELD(columns), 0, 0, "", NULL, 0,
     "csv, npy: numbers (from 1) or names of the columns that make a vector; empty: all"},
    {"delimiter", WS_OPTION_CHOICE, FIELD(csv.delimiter), 0, 0, "comma",
     "comma|semicolon|tab|space|bar", 0, "csv: what separates columns"},
    {"header", WS_OPTION_CHOICE, FIELD(csv.header), 0, 0, "detect", "detect|yes|no", 0,
     "csv: whether the first line has names; detect: when nothing in it is a number"},
    {"types", WS_OPTION_WHOLE, FIELD(types), 1, 2147483648.0, "10", NULL, 0,
     "uniform, zipf: number of symbols"},
    {"exponent", WS_OPTION_REAL, FIELD(exponent), 0, 100, "1", NULL, 0,
     "zipf: a in p(i) ~ 1 / (i + shift)^a"},
    {"shift", WS_OPTION_REAL, FIELD(shift), -0.999, 1e9, "0", NULL, 0,
     "zipf: what is added to the rank"},
    {"probability", WS_OPTION_REAL, FIELD(probability), 0, 1, "0.5", NULL, 0,
     "bernoulli: of 1"},
    {"rate", WS_OPTION_REAL, FIELD(rate), 0, 1e9, "1", NULL, 0,
     "poisson: mean of the counts"},
    {"dimension", WS_OPTION_WHOLE, FIELD(law.dimension), 1, 1000, "1", NULL, 0,
     "normal, blobs (2 unless set), swiss-roll (3 unless set; 2: without its height): numbers in an "
     "item"},
    {"variance", WS_OPTION_REAL, FIELD(law.variance), 1e-100, 1e100, "1", NULL, 0,
     "normal: variance of every number"},
    {"std", WS_OPTION_REAL, FIELD(law.std), 1e-100, 1e100, "1", NULL, 0,
     "blobs, grid (0.05 unless set): standard deviation of a mode in each direction"},
    {"noise", WS_OPTION_REAL, FIELD(law.noise), 0, 1e100, "0", NULL, 0,
     "moons, circles, swiss-roll: standard deviation of what is added to every number"},
    {"layout", WS_OPTION_CHOICE, FIELD(law.layout), 0, 0, "even", "even|random", 0,
     "blobs, moons, circles: whether original and test items are spaced evenly, or at random as "
     "fresh ones always are"},
    {"blobs", WS_OPTION_WHOLE, FIELD(law.blobs), 1, 1e4, "3", NULL, 0,
     "blobs: how many, their centers drawn for each seed"},
    {"box", WS_OPTION_REAL, FIELD(law.box), 1e-100, 1e100, "10", NULL, 0,
     "blobs: centers that are drawn have coordinates from -box to box"},
    {"centers", WS_OPTION_LIST, FIELD(law.centers), 0, 0, "", NULL, 0,
     "blobs: their centers, if they are not to be drawn; coordinates separated by blanks"},
    {"side", WS_OPTION_WHOLE, FIELD(law.side), 1, 1000, "5", NULL, 0,
     "grid: modes along each side"},
    {"spacing", WS_OPTION_REAL, FIELD(law.spacing), 1e-100, 1e100, "2", NULL, 0,
     "grid: from one mode to the next"},
    {"factor", WS_OPTION_REAL, FIELD(law.factor), 0, 1, "0.8", NULL, 0,
     "circles: radius of the inner one; that of the outer is 1"},
    {"inputs", WS_OPTION_WHOLE, FIELD(law.inputs), 1, 1000, "1", NULL, 0,
     "linear, two-class: numbers of an item before its target, which is the last"},
    {"input_variance", WS_OPTION_REAL, FIELD(law.input_variance), 1e-100, 1e100, "1", NULL, 0,
     "linear, two-class: variance of every input (round its class's centre)"},
    {"weight_variance", WS_OPTION_REAL, FIELD(law.weight_variance), 0, 1e100, "1", NULL, 0,
     "linear: variance of the true weights, which are drawn for each seed"},
    {"noise_variance", WS_OPTION_REAL, FIELD(law.noise_variance), 0, 1e100, "1", NULL, 0,
     "linear: variance of the target round what the true weights say"},
    {"separation", WS_OPTION_REAL, FIELD(law.separation), 0, 1e100, "1", NULL, 0,
     "two-class: distance of the two centres from 0, on opposite sides of it"},
    {"label_noise", WS_OPTION_REAL, FIELD(law.label_noise), 0, 1, "0", NULL, 0,
     "two-class: share of labels that are the wrong ones"},
};
/* clang-format on */
#undef X

const struct ws_option_table ws_human_options = {"data", options, sizeof options / sizeof *options};

/* Which sources read which settings; those that are neither here nor of a law belong to all.
 */
static const struct {
    const char *name;
    unsigned sources; /* bits 1u << enum ws_human_source */
} source_settings[] = {
#define TEXTS  (1u << WS_HUMAN_TEXT | 1u << WS_HUMAN_WORDS)
#define TABLES (1u << WS_HUMAN_CSV | 1u << WS_HUMAN_NPY)
#define TAUGHT (1u << WS_HUMAN_TEACHER)
    {"corpus", TEXTS | TABLES | TAUGHT},
    {"unit", TEXTS | TAUGHT},
    {"tokenizer", TEXTS | TAUGHT},
    {"vocabulary", TEXTS | TAUGHT},
    {"fresh_items", TEXTS | TABLES},
    {"block", 1u << WS_HUMAN_TEXT | TAUGHT},
    {"teacher", TAUGHT},
    {"teacher_order", TAUGHT},
    {"test_corpus", 1u << WS_HUMAN_TEXT | TABLES},
    {"columns", TABLES},
    {"delimiter", 1u << WS_HUMAN_CSV},
    {"header", 1u << WS_HUMAN_CSV},
    {"validation_corpus", 1u << WS_HUMAN_TEXT},
    {"validation_items", 1u << WS_HUMAN_TEXT | TAUGHT},
    {"types", 1u << WS_HUMAN_UNIFORM | 1u << WS_HUMAN_ZIPF},
    {"exponent", 1u << WS_HUMAN_ZIPF},
    {"shift", 1u << WS_HUMAN_ZIPF},
    {"probability", 1u << WS_HUMAN_BERNOULLI},
    {"rate", 1u << WS_HUMAN_POISSON},
};

const struct ws_law_row *ws_human_law(const struct ws_human_settings *settings)
{
    unsigned first = WS_HUMAN_SOURCE_COUNT - WS_LAW_COUNT;
    return settings->source >= first ? ws_law_row((enum ws_law_id)(settings->source - first))
                                     : NULL;
}

static bool is_for_bpe(const char *name)
{
    return strcmp(name, "tokenizer") == 0 || strcmp(name, "vocabulary") == 0;
}

/* A model in a directory has its own tokens. */
static bool is_for_fitted_teacher(const char *name)
{
    return is_for_bpe(name) || strcmp(name, "corpus") == 0 || strcmp(name, "unit") == 0 ||
           strcmp(name, "teacher_order") == 0;
}

static bool is_for_drawn_centers(const char *name)
{
    return strcmp(name, "blobs") == 0 || strcmp(name, "box") == 0 || strcmp(name, "dimension") == 0;
}

static bool source_reads(const struct ws_human_settings *settings, const char *name)
{
    for (size_t i = 0; i < sizeof source_settings / sizeof *source_settings; i++)
        if (strcmp(source_settings[i].name, name) == 0)
            return (source_settings[i].sources & 1u << settings->source) != 0;
    const struct ws_law_row *row = ws_human_law(settings);
    if (row && ws_law_reads(row, name))
        return true;
    for (int i = 0; i < WS_LAW_COUNT; i++)
        if (ws_law_reads(ws_law_row((enum ws_law_id)i), name))
            return false;
    return true;
}

const char *ws_human_initial(const struct ws_human_settings *settings,
                             const struct ws_option *option)
{
    const struct ws_law_row *row = ws_human_law(settings);
    const char *initial = row ? ws_law_default(row, option->name) : NULL;
    return initial ? initial : option->initial;
}

const char *ws_human_obstacle(const struct ws_human_settings *settings, const char *name)
{
    if (!source_reads(settings, name))
        return "source";
    if (settings->source == WS_HUMAN_TEACHER && settings->teacher[0] != '\0' &&
        is_for_fitted_teacher(name))
        return "teacher";
    if (is_for_bpe(name) && settings->unit != WS_UNIT_BPE)
        return "unit";
    if (strcmp(name, "vocabulary") == 0 && settings->tokenizer[0] != '\0')
        return "tokenizer";
    if (settings->source == WS_HUMAN_BLOBS && is_for_drawn_centers(name) &&
        settings->law.centers.count > 0)
        return "centers";
    return NULL;
}

/* Corpora -------------------------------------------------------------------------------------- */

static const char *const corpus_names[WS_CORPUS_COUNT] = {
    [WS_CORPUS_TRAINING] = "corpus",
    [WS_CORPUS_TEST] = "test_corpus",
    [WS_CORPUS_VALIDATION] = "validation_corpus",
};

const char *ws_corpus_name(enum ws_corpus which)
{
    return corpus_names[which];
}

enum ws_status ws_human_note_input(struct ws_human *human, const char *name, struct ws_bytes bytes,
                                   struct ws_error *err)
{
    struct ws_human_input *input = &human->inputs[human->input_count];
    input->name = name;
    WS_TRY(ws_hash_of(bytes, &input->hash, err));
    human->input_count++;
    return WS_OK;
}

/* Whole blocks; the rest at the end is left out. */
static enum ws_status cut_blocks(struct ws_human *human, const struct ws_buffer *tokens,
                                 struct ws_payload *out, struct ws_error *err)
{
    const uint32_t *ids = (const uint32_t *)(const void *)tokens->data;
    uint64_t block = human->settings.block;
    uint64_t count = tokens->size / sizeof *ids / block;
    uint64_t *ends = WS_ARENA_NEW(&human->arena, uint64_t, count);
    if (!ends)
        return ws_fail_memory(err, "the blocks of the corpus");
    for (uint64_t i = 0; i < count; i++)
        ends[i] = (i + 1) * block;
    *out = (struct ws_payload){
        .kind = WS_DATA_TOKENS,
        .count = count,
        .types = human->empty.types,
        .tokens = {.ids = ids, .ends = ends},
    };
    return WS_OK;
}

/* "blocks of 100 words", "rows" */
static void name_items(const struct ws_human_settings *settings, char out[64])
{
    static const char *const units[] = {"words", "bytes", "tokens"};
    if (settings->source == WS_HUMAN_CSV || settings->source == WS_HUMAN_NPY) {
        (void)snprintf(out, 64, "rows");
        return;
    }
    const char *unit = units[settings->unit];
    if (settings->source == WS_HUMAN_TEXT)
        (void)snprintf(out, 64, "blocks of %" PRIu64 " %s", settings->block, unit);
    else
        (void)snprintf(out, 64, "%s", unit);
}

/* Items that come from a corpus of their own: *items of them, or all when it is 0. What is dealt
 * from the training corpus is added to *dealt. */
static enum ws_status settle_held_out(struct ws_human *human, enum ws_corpus which,
                                      const char *path, const char *name, uint64_t *items,
                                      uint64_t *dealt, const char **at_fault, struct ws_error *err)
{
    uint64_t there = human->corpora[which].count;
    if (path[0] == '\0' || !ws_human_has_items(human)) {
        *dealt += *items;
        return WS_OK;
    }
    *at_fault = name;
    if (*items == 0)
        *items = there;
    if (there > 0 && *items <= there)
        return WS_OK;
    char unit[64];
    name_items(&human->settings, unit);
    return ws_fail(err, WS_INVALID, "'%s' has %" PRIu64 " %s; %s=%" PRIu64 " needs %" PRIu64, path,
                   there, unit, name, *items, *items > 0 ? *items : 1);
}

enum ws_status ws_human_settle_sizes(struct ws_human *human, const char **at_fault,
                                     struct ws_error *err)
{
    struct ws_human_settings *settings = &human->settings;
    uint64_t there = human->corpora[WS_CORPUS_TRAINING].count;
    uint64_t dealt = settings->fresh_items;
    WS_TRY(settle_held_out(human, WS_CORPUS_TEST, settings->test_corpus, "test_items",
                           &settings->test_items, &dealt, at_fault, err));
    WS_TRY(settle_held_out(human, WS_CORPUS_VALIDATION, settings->validation_corpus,
                           "validation_items", &settings->validation_items, &dealt, at_fault, err));
    *at_fault = "items";
    bool all = settings->items == 0;
    if (all && dealt < there)
        settings->items = there - dealt;
    if (settings->items > 0 && settings->items + dealt <= there)
        return WS_OK;
    char unit[64], validation[64] = "";
    name_items(settings, unit);
    if (settings->validation_items > 0 && settings->validation_corpus[0] == '\0')
        (void)snprintf(validation, sizeof validation, " + validation_items=%" PRIu64,
                       settings->validation_items);
    return ws_fail(err, WS_INVALID,
                   "corpus '%s' has %" PRIu64 " %s; items=%" PRIu64 " + test_items=%" PRIu64
                   " + fresh_items=%" PRIu64 "%s need %" PRIu64,
                   settings->corpus, there, unit, all ? (uint64_t)0 : settings->items,
                   settings->test_corpus[0] == '\0' ? settings->test_items : (uint64_t)0,
                   settings->fresh_items, validation, dealt + (all ? 1 : settings->items));
}

static enum ws_status open_texts(struct ws_human *human, const char **at_fault,
                                 struct ws_error *err)
{
    const struct ws_buffer *counts = &human->word_counts;
    WS_TRY(ws_human_read(human, at_fault, err));
    if (human->settings.source == WS_HUMAN_WORDS)
        WS_TRY(ws_payload_of_counts(NULL, (const uint64_t *)(const void *)counts->data,
                                    counts->size / sizeof(uint64_t), human->empty.types,
                                    &human->arena, &human->corpora[WS_CORPUS_TRAINING], err));
    else
        for (size_t i = 0; i < WS_CORPUS_COUNT; i++)
            WS_TRY(cut_blocks(human, &human->tokens[i], &human->corpora[i], err));
    human->empty.kind = human->corpora[WS_CORPUS_TRAINING].kind;
    return ws_human_settle_sizes(human, at_fault, err);
}

static enum ws_status open_corpora(struct ws_human *human, const char **at_fault,
                                   struct ws_error *err)
{
    static const char *const sources[] = {"text", "words", "csv", "npy"};
    const struct ws_human_settings *settings = &human->settings;
    *at_fault = corpus_names[WS_CORPUS_TRAINING];
    if (settings->corpus[0] == '\0')
        return ws_fail(err, WS_INVALID, "source '%s' needs a corpus: set corpus=PATH",
                       sources[settings->source]);
    if (settings->source == WS_HUMAN_CSV || settings->source == WS_HUMAN_NPY)
        return ws_human_open_tables(human, at_fault, err);
    return open_texts(human, at_fault, err);
}

/* Generators ----------------------------------------------------------------------------------- */

/* What the corpus or the directory gives: the vocabulary, and what a teacher is fitted on. */
static enum ws_status read_for_teacher(struct ws_human *human, const char **at_fault,
                                       struct ws_error *err)
{
    struct ws_human_settings *settings = &human->settings;
    if (settings->teacher[0] != '\0') {
        settings->unit = WS_UNIT_BPE;
        settings->tokenizer = settings->teacher;
    } else if (settings->corpus[0] == '\0') {
        *at_fault = corpus_names[WS_CORPUS_TRAINING];
        return ws_fail(err, WS_INVALID,
                       "source 'teacher' needs a corpus that it learns from: set corpus=PATH; or "
                       "teacher=DIRECTORY, a model that is there");
    }
    WS_TRY(ws_human_read(human, at_fault, err));
    human->empty.kind = WS_DATA_TOKENS;
    return cut_blocks(human, &human->tokens[WS_CORPUS_TRAINING],
                      &human->corpora[WS_CORPUS_TRAINING], err);
}

static enum ws_status open_teacher(struct ws_human *human, const char **at_fault,
                                   struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    const struct ws_payload *corpus = &human->corpora[WS_CORPUS_TRAINING];
    const bool is_named = settings->teacher[0] != '\0';
    assert(settings->teachers);
    WS_TRY(read_for_teacher(human, at_fault, err));
    struct ws_dataset texts = human->empty;
    struct ws_human_input *input = &human->inputs[human->input_count];
    *at_fault = is_named ? "teacher" : "block";
    if (!is_named && corpus->count == 0)
        return ws_fail(err, WS_INVALID, "corpus '%s' has no %" PRIu64 " tokens for a teacher",
                       settings->corpus, settings->block);
    if (!is_named)
        WS_TRY(ws_dataset_of(corpus, (struct ws_origin){.source = WS_SOURCE_ORIGINAL},
                             &human->arena, &texts, err));
    WS_TRY(settings->teachers->open(settings, &texts, &human->arena, &human->teacher, &input->hash,
                                    err));
    input->name = "teacher";
    human->input_count += is_named;
    return WS_OK;
}

static enum ws_status open_symbols(struct ws_human *human, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    assert(settings->types >= 1 && settings->types < UINT32_MAX && settings->shift > -1 &&
           settings->exponent >= 0);
    human->empty.kind = WS_DATA_COUNTS;
    human->empty.types = (uint32_t)settings->types;
    return ws_truth_init(&human->truth, human->empty.types,
                         settings->source == WS_HUMAN_ZIPF ? settings->exponent : 0,
                         1 + settings->shift, &human->arena, err);
}

static void open_counts(struct ws_human *human)
{
    human->empty.kind = WS_DATA_COUNTS;
    human->empty.types = human->settings.source == WS_HUMAN_BERNOULLI ? 2 : WS_POISSON_TYPES;
}

static enum ws_status open_vectors(struct ws_human *human, const char **at_fault,
                                   struct ws_error *err)
{
    const struct ws_law_row *row = ws_human_law(&human->settings);
    if (row->check)
        WS_TRY(row->check(&human->settings.law, at_fault, err));
    human->empty.kind = WS_DATA_VECTORS;
    human->empty.dimension = row->dimension(&human->settings.law);
    return WS_OK;
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status copy_path(struct ws_human *human, const char **path, struct ws_error *err)
{
    *path = ws_arena_text(&human->arena, *path ? *path : "");
    return *path ? WS_OK : ws_fail_memory(err, "the name of a corpus");
}

static enum ws_status copy_list(struct ws_human *human, struct ws_text_list *list,
                                struct ws_error *err)
{
    const char **items = WS_ARENA_NEW(&human->arena, const char *, list->count);
    if (!items)
        return ws_fail_memory(err, "a list of settings");
    for (size_t i = 0; i < list->count; i++) {
        items[i] = ws_arena_text(&human->arena, list->items[i]);
        if (!items[i])
            return ws_fail_memory(err, "a list of settings");
    }
    list->items = items;
    return WS_OK;
}

/* What the settings point to need not outlive the call. */
static enum ws_status copy_settings(struct ws_human *human, struct ws_error *err)
{
    struct ws_human_settings *settings = &human->settings;
    WS_TRY(copy_path(human, &settings->corpus, err));
    WS_TRY(copy_path(human, &settings->test_corpus, err));
    WS_TRY(copy_path(human, &settings->validation_corpus, err));
    WS_TRY(copy_path(human, &settings->tokenizer, err));
    WS_TRY(copy_path(human, &settings->teacher, err));
    WS_TRY(copy_list(human, &settings->columns, err));
    return copy_list(human, &settings->law.centers, err);
}

static enum ws_status load(struct ws_human *human, const char **at_fault, struct ws_error *err)
{
    WS_TRY(copy_settings(human, err));
    if (!ws_human_has_corpus(human) && human->settings.items == 0) {
        *at_fault = "items";
        return ws_fail(err, WS_INVALID,
                       "'items' is '0', wanted at least 1: a generator never ends");
    }
    switch (human->settings.source) {
    case WS_HUMAN_TEXT:
    case WS_HUMAN_WORDS:
    case WS_HUMAN_CSV:
    case WS_HUMAN_NPY:
        return open_corpora(human, at_fault, err);
    case WS_HUMAN_UNIFORM:
    case WS_HUMAN_ZIPF:
        return open_symbols(human, err);
    case WS_HUMAN_BERNOULLI:
    case WS_HUMAN_POISSON:
        open_counts(human);
        return WS_OK;
    case WS_HUMAN_TEACHER:
        return open_teacher(human, at_fault, err);
    default:
        return open_vectors(human, at_fault, err);
    }
}

enum ws_status ws_human_open(const struct ws_human_settings *settings,
                             const struct ws_allocator *allocator, struct ws_human **out,
                             const char **at_fault, struct ws_error *err)
{
    const char *ignored;
    struct ws_human *human = ws_realloc(allocator, NULL, 0, sizeof *human);
    if (!human)
        return ws_fail_memory(err, "human data");
    *human = (struct ws_human){.allocator = allocator, .settings = *settings};
    ws_spill_init(&human->spill, allocator);
    const bool may_be_large = ws_human_has_corpus(human) || ws_human_reads_texts(human);
    ws_arena_init(&human->arena, may_be_large ? &human->spill.allocator : allocator);
    for (size_t i = 0; i < WS_CORPUS_COUNT; i++)
        ws_buffer_init(&human->tokens[i], &human->spill.allocator, SIZE_MAX);
    ws_buffer_init(&human->word_counts, &human->spill.allocator, SIZE_MAX);
    enum ws_status status = load(human, at_fault ? at_fault : &ignored, err);
    if (status != WS_OK) {
        ws_human_close(human);
        return status;
    }
    *out = human;
    return WS_OK;
}

void ws_human_close(struct ws_human *human)
{
    while (human) {
        struct ws_human *next = human->next;
        for (size_t i = 0; i < WS_CORPUS_COUNT; i++)
            ws_buffer_release(&human->tokens[i]);
        ws_buffer_release(&human->word_counts);
        ws_arena_release(&human->arena);
        ws_free(human->allocator, human, sizeof *human);
        human = next;
    }
}

enum ws_status ws_human_open_variant(struct ws_human *human,
                                     const struct ws_human_settings *settings,
                                     const char **at_fault, struct ws_error *err)
{
    while (human->next)
        human = human->next;
    return ws_human_open(settings, human->allocator, &human->next, at_fault, err);
}

const struct ws_human *ws_human_variant(const struct ws_human *human, size_t variant)
{
    while (variant-- > 0) {
        human = human->next;
        assert(human);
    }
    return human;
}

const struct ws_dataset *ws_human_shape(const struct ws_human *human)
{
    return &human->empty;
}

uint64_t ws_human_item_size(const struct ws_human *human)
{
    if (human->empty.kind == WS_DATA_TOKENS)
        return human->settings.block;
    return human->empty.kind == WS_DATA_VECTORS ? human->empty.dimension : 1;
}

uint64_t ws_human_items(const struct ws_human *human)
{
    return human->settings.items;
}

const struct ws_human_input *ws_human_inputs(const struct ws_human *human, size_t *count)
{
    *count = human->input_count;
    return human->inputs;
}

const struct ws_vocabulary *ws_human_vocabulary(const struct ws_human *human)
{
    return human->vocabulary.count > 0 ? &human->vocabulary : NULL;
}

const struct ws_tokenizer *ws_human_tokenizer(const struct ws_human *human)
{
    return human->tokenizer;
}

enum ws_status ws_human_text(const struct ws_human *human, const uint32_t *ids, size_t count,
                             struct ws_buffer *out, struct ws_error *err)
{
    assert(human->empty.kind == WS_DATA_TOKENS);
    if (human->tokenizer)
        return ws_tokenizer_decode(human->tokenizer, ids, count, 0, out, err);
    for (size_t i = 0; i < count; i++) {
        if (human->settings.unit == WS_UNIT_BYTES)
            ws_buffer_u8(out, (uint8_t)ids[i]);
        else
            ws_buffer_format(out, "%s%s", i > 0 ? " " : "", human->vocabulary.words[ids[i]]);
    }
    return ws_buffer_check(out, "a text", err);
}

const struct ws_truth *ws_human_truth(const struct ws_human *human)
{
    return human->truth.table ? &human->truth : NULL;
}

const void *ws_human_teacher(const struct ws_human *human)
{
    return human->teacher;
}

double ws_human_mean(const struct ws_human *human)
{
    if (human->settings.source == WS_HUMAN_BERNOULLI)
        return human->settings.probability;
    return human->settings.source == WS_HUMAN_POISSON ? human->settings.rate : NAN;
}
