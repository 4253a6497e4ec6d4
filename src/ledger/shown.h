/*
 * What issuers showed of their documents: openings of commitments, each of the text that is looked
 * up or with a text of its own.
 *
 * An opening shows that a document is in its shard, and its text which fingerprints that has. It
 * does not show who wrote it: of a shard that two parties name, it speaks for both.
 * docs/formats/verdict.md has the rules. Contract: tests/unit/test_shown.c.
 */
#ifndef WS_LEDGER_SHOWN_H
#define WS_LEDGER_SHOWN_H

#include "ledger/shard_key.h"

struct ws_shown_document {
    const struct ws_shard_opening *opening;
    struct ws_hash shard;
    bool is_query;          /* it is the text that is looked up, and has its fingerprints */
    const uint64_t *values; /* else of its text, by rising value, as they stand in the shard */
    size_t count;
};

struct ws_shown {
    struct ws_shown_document *items; /* by shard and number; equal ones can be there */
    size_t count;
    size_t refused; /* openings that open nothing, or another text than they show */
};

/* Whoever asks knows the text with the digest `query`, if it is not NULL, and these keys: of a
 * keyed shard whose key is not there nothing can be found, and nothing is shown. WS_NO_MEMORY. It
 * lives in the arena and in the openings. */
WS_MUST_CHECK enum ws_status ws_shown_read(const struct ws_shard_opening *openings, size_t count,
                                           const struct ws_hash *query,
                                           const struct ws_shard_keys *keys, struct ws_arena *arena,
                                           struct ws_shown *out, struct ws_error *err);

/* Whether item i is the document that the one before it is. */
bool ws_shown_is_again(const struct ws_shown *shown, size_t i);

/* Those of one shard, which stand in `shown`. */
struct ws_shown ws_shown_of_shard(const struct ws_shown *shown, const struct ws_hash *shard);

/* The document with this number, of those of one shard, and of equal ones the first; NULL where it
 * was not shown. */
const struct ws_shown_document *ws_shown_find(const struct ws_shown *of_shard, uint32_t number);

/* Whether the document has what stands for a fingerprint of the text that is looked up. */
bool ws_shown_has(const struct ws_shown_document *document, uint64_t value);

#endif
