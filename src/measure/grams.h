/*
 * The n-grams of a sample of token sequences, one length after the other: how many there are, and
 * what each item has in common with the others. None spans two items. A place is where one stands.
 *
 * ws_grams_lengthen goes from n - 1 to n; the first call is for the tokens themselves. Exact:
 * places are sorted, nothing is hashed. Linear in places, and only those whose n-gram stands
 * elsewhere too are looked at again for longer ones. Contract: tests/unit/test_metric_ngrams.c.
 */
#ifndef WS_MEASURE_GRAMS_H
#define WS_MEASURE_GRAMS_H

#include "data/dataset.h"

struct ws_grams_item {
    uint64_t first; /* its first token */
    uint64_t places;
    uint64_t distinct; /* n-grams in the item */
    uint64_t matched;  /* its places, of each n-gram at most as many as some other item has of it */
};

struct ws_grams {
    uint64_t length; /* n */
    uint64_t tokens;
    uint64_t places;
    uint64_t distinct; /* n-grams in all items together */
    uint64_t repeated; /* places whose n-gram stands at another place too */
    uint64_t item_count;
    struct ws_grams_item *items; /* (item_count) */

    struct ws_grams_token *token; /* (tokens) */
    struct ws_grams_place *order; /* (repeated) n-gram by n-gram, ascending in each */
    struct ws_grams_place *work;  /* (tokens) */
    uint32_t *begin;              /* (max(tokens, 2^digit) + 1) */
    unsigned digit;               /* bits of a token that a pass of the sort looks at */
    uint32_t words;               /* distinct tokens that stand at two places or more */
};

/* WS_LIMIT from 2^32 - 1 tokens on. Lives in `arena`; `sample` is not needed afterwards. */
WS_MUST_CHECK enum ws_status ws_grams_init(struct ws_grams *grams, const struct ws_payload *sample,
                                           struct ws_arena *arena, struct ws_error *err);
void ws_grams_lengthen(struct ws_grams *grams);

#endif
