/*
 * The rare trigrams of a text: those that it has once or twice, and how many of them another text
 * has too. None spans two items.
 *
 * Trigrams are compared token by token; a hash only says where to look. Contract:
 * tests/unit/test_metric_text.c.
 */
#ifndef WS_MEASURE_RARE_TRIGRAMS_H
#define WS_MEASURE_RARE_TRIGRAMS_H

#include "data/dataset.h"

enum { WS_RARE = 2 }; /* what is rare is seen at most so often */

struct ws_rare_trigrams {
    uint64_t count;
    struct ws_trigram *trigrams; /* (count) */
    uint32_t *slots;             /* (2^(64 - shift)) 1 + a trigram; 0: free. Open addressing */
    uint8_t *filter;             /* a byte a slot, a bit for some hash of each trigram there */
    unsigned shift;
};

/* Of token sequences, none of them perhaps. WS_LIMIT from 2^32 - 1 tokens on. */
WS_MUST_CHECK enum ws_status ws_rare_trigrams_of(const struct ws_dataset *text,
                                                 struct ws_arena *arena,
                                                 struct ws_rare_trigrams *out,
                                                 struct ws_error *err);
/* How many of them `text` has. */
WS_MUST_CHECK enum ws_status ws_rare_trigrams_found(const struct ws_rare_trigrams *rare,
                                                    const struct ws_dataset *text,
                                                    struct ws_arena *scratch, uint64_t *found,
                                                    struct ws_error *err);

#endif
