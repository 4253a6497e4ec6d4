/*
 * All that a lookup rests on, in one file: what was asked, the statements that count with their
 * proofs, the tiles that answer for each fingerprint, and the checkpoint that says as of when.
 *
 * A lookup is decided from a bundle (ledger/finding.h), whether it was gathered a moment ago
 * (ledger/lookup.h) or comes from somebody else: so who has a bundle comes to what its maker came
 * to, or to less, but for texts against claims that he does not doubt. The text that is looked up
 * is not in it; what issuers showed of others that, by their shards, share something with it is.
 * docs/formats/bundle.md has the bytes. Contract: tests/unit/test_lookup.c,
 * tests/fuzz/fuzz_bundle.c.
 */
#ifndef WS_LEDGER_EVIDENCE_H
#define WS_LEDGER_EVIDENCE_H

#include "ledger/log_proof.h"
#include "ledger/query.h"
#include "ledger/range_index.h"

enum {
    WS_EVIDENCE_LIMIT = 1 << 28,       /* bytes */
    WS_EVIDENCE_WORD_LIMIT = 63,       /* of the names of rules and scheme */
    WS_EVIDENCE_PROOF_LIMIT = 1 << 21, /* bytes of an entry's proof */
};

/* Tiles of one range with their ways to the root, by rising index. */
struct ws_evidence_tiles {
    struct ws_range_proof *items;
    size_t count;
};
static inline uint32_t ws_evidence_tile_index(const struct ws_range_proof *tile)
{
    return load32_le(tile->tile.data + WS_RANGE_ID_SIZE);
}
/* The tile with this index; NULL where it is not there. */
const struct ws_range_proof *ws_evidence_tile(const struct ws_evidence_tiles *tiles,
                                              uint32_t index);

struct ws_evidence_shard {
    struct ws_bytes head_bytes;
    struct ws_shard_head head;
    struct ws_evidence_tiles tiles;
};

struct ws_evidence_index {
    struct ws_bytes list;
    struct ws_bytes head_bytes;
    struct ws_index_head head;
    struct ws_evidence_tiles tiles;
};

struct ws_evidence {
    struct ws_hash policy, roles; /* SHA-256 of the files of whoever made it */
    const char *rules;            /* of verdicts */
    const char *scheme;           /* of fingerprints */
    struct ws_query query;
    struct ws_bytes checkpoint;   /* of the log, a note: as of when */
    struct ws_log_proof *entries; /* each with the entry itself, by rising index */
    size_t entry_count;
    struct ws_evidence_shard *shards;
    size_t shard_count;
    struct ws_shard_opening *openings;
    size_t opening_count;
    bool has_index;
    struct ws_evidence_index index;
};

/* Takes a bundle apart and believes nothing in it. WS_CORRUPT where it is none, WS_UNSUPPORTED for
 * another version, WS_LIMIT. What is read lives in the arena and in the bytes. */
WS_MUST_CHECK enum ws_status ws_evidence_take_apart(struct ws_bytes bytes, struct ws_arena *arena,
                                                    struct ws_evidence *out, struct ws_error *err);
/* WS_LIMIT where it would be longer than WS_EVIDENCE_LIMIT. */
WS_MUST_CHECK enum ws_status
ws_evidence_append(struct ws_buffer *out, const struct ws_evidence *bundle, struct ws_error *err);

#endif
