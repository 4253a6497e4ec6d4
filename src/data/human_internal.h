/*
 * What human.c loads and human_deal.c deals from; nobody else includes it.
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
    struct ws_vocabulary vocabulary;      /* of words and bytes */
    const struct ws_tokenizer *tokenizer; /* of bpe */
    /* text: all whole blocks; words: the type counts; empty for what is dealt from the first */
    struct ws_payload corpora[WS_CORPUS_COUNT];
    struct ws_truth truth; /* uniform, zipf */
};

static inline bool ws_human_has_corpus(const struct ws_human *human)
{
    return human->settings.source == WS_HUMAN_TEXT || human->settings.source == WS_HUMAN_WORDS;
}

#endif
