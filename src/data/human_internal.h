/*
 * What human.c loads and human_deal.c deals from; nobody else includes it.
 */
#ifndef WS_DATA_HUMAN_INTERNAL_H
#define WS_DATA_HUMAN_INTERNAL_H

#include <stdbool.h>

#include "data/human.h"

struct ws_human {
    const struct ws_allocator *allocator;
    struct ws_human_settings settings;
    struct ws_arena arena;
    struct ws_dataset empty;  /* of the kind, types and dimension of all its data */
    struct ws_hash hash;      /* corpora */
    struct ws_tokens tokens;  /* corpora */
    struct ws_payload corpus; /* text: all whole blocks; words: the type counts */
    const double *truth;      /* uniform, zipf */
};

static inline bool ws_human_has_corpus(const struct ws_human *human)
{
    return human->settings.source == WS_HUMAN_TEXT || human->settings.source == WS_HUMAN_WORDS;
}

#endif
