/*
 * What human_read.c and human_table.c read, human.c makes corpora of and human_deal.c deals from;
 * nobody else includes it.
 */
#ifndef WS_DATA_HUMAN_INTERNAL_H
#define WS_DATA_HUMAN_INTERNAL_H

#include <stdbool.h>

#include "base/spill.h"
#include "data/human.h"

/* What has a corpus of its own, or is dealt from the first. */
enum ws_corpus {
    WS_CORPUS_TRAINING,
    WS_CORPUS_TEST,
    WS_CORPUS_VALIDATION,
    WS_CORPUS_COUNT,
};

struct ws_human {
    const struct ws_allocator *allocator; /* of this struct alone */
    struct ws_spill spill;                /* of all that grows with the corpora */
    struct ws_human_settings settings;    /* no number of items is 0 for "all" */
    struct ws_arena arena;
    struct ws_dataset empty; /* of the kind, types and dimension of all its data */
    struct ws_human_input inputs[WS_CORPUS_COUNT + 1]; /* the corpora and the tokenizer */
    size_t input_count;
    struct ws_vocabulary vocabulary;          /* of words and bytes */
    const struct ws_tokenizer *tokenizer;     /* of bpe */
    struct ws_buffer tokens[WS_CORPUS_COUNT]; /* text: uint32_t */
    struct ws_buffer word_counts;             /* words: uint64_t by type */
    /* text: all whole blocks; words: the type counts; csv, npy: the rows; empty for what is dealt
     * from the first */
    struct ws_payload corpora[WS_CORPUS_COUNT];
    struct ws_truth truth; /* uniform, zipf */
    const void *teacher;   /* teacher */
    struct ws_human *next; /* variant; or NULL */
};

/* Corpora whose items are dealt one by one, not by counts. */
static inline bool ws_human_has_items(const struct ws_human *human)
{
    uint32_t source = human->settings.source;
    return source == WS_HUMAN_TEXT || source == WS_HUMAN_CSV || source == WS_HUMAN_NPY;
}

static inline bool ws_human_has_corpus(const struct ws_human *human)
{
    return ws_human_has_items(human) || human->settings.source == WS_HUMAN_WORDS;
}

/* Those that texts are read for. */
static inline bool ws_human_reads_texts(const struct ws_human *human)
{
    uint32_t source = human->settings.source;
    return source == WS_HUMAN_TEXT || source == WS_HUMAN_WORDS || source == WS_HUMAN_TEACHER;
}

/* The setting that names it. */
const char *ws_corpus_name(enum ws_corpus which);

/* One more input; the name is not copied. */
WS_MUST_CHECK enum ws_status ws_human_note_input(struct ws_human *human, const char *name,
                                                 struct ws_bytes bytes, struct ws_error *err);

/* Reads the corpora of text, words or a teacher: their tokens or counts, what they depend on
 * (`inputs`), the vocabulary or tokenizer, and how many types there are. */
WS_MUST_CHECK enum ws_status ws_human_read(struct ws_human *human, const char **at_fault,
                                           struct ws_error *err);

/* Numbers of items in place of 0 for "all", once the corpora are there. WS_INVALID when they are
 * too small. */
WS_MUST_CHECK enum ws_status ws_human_settle_sizes(struct ws_human *human, const char **at_fault,
                                                   struct ws_error *err);

WS_MUST_CHECK enum ws_status ws_human_open_tables(struct ws_human *human, const char **at_fault,
                                                  struct ws_error *err);

#endif
