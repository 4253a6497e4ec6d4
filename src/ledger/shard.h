/*
 * A shard: the fingerprints of a batch of documents, which anybody can look up, and commitments to
 * the documents' digests, which its issuer can open. It never changes.
 *
 *     <name>            the head: sizes and roots. Its SHA-256 is what a statement says of the
 * shard <name>.tiles      a range (ledger/range_tile.h) of fingerprint and document number
 *     <name>.documents  a commitment for each document, in the order of their numbers
 *     <name>.secret     the issuer's own: what the numbers and the salts are made of
 *
 * Numbers are in a random order, so that they say nothing of the order of documents. A fingerprint
 * of more than WS_SHARD_KEY_LIMIT documents keeps that many of them, a random sample. A shard
 * proves what is in it and what is not in it, and nothing of other shards.
 * docs/formats/shard.md has the bytes. Contract: tests/unit/test_shard.c,
 * tests/fuzz/fuzz_shard.c.
 */
#ifndef WS_LEDGER_SHARD_H
#define WS_LEDGER_SHARD_H

#include "ledger/range_file.h"

enum {
    WS_SHARD_HEAD_SIZE = 176,
    WS_SHARD_SCHEME_LIMIT = 63, /* bytes of the scheme's name */
    WS_SHARD_KEY_LIMIT = 1024,  /* documents that are kept of a fingerprint */
    WS_SHARD_SALT_SIZE = 16,
    WS_SHARD_SECRET_SIZE = 32,
    WS_SHARD_TEXT_LIMIT = 1 << 24, /* bytes of a text that an opening has */
};
#define WS_SHARD_TILES     ".tiles"
#define WS_SHARD_DOCUMENTS ".documents"
#define WS_SHARD_SECRET    ".secret"
/* Documents of a shard: their numbers have four bytes. */
#define WS_SHARD_DOCUMENT_LIMIT UINT32_MAX

struct ws_shard_head {
    char scheme[WS_SHARD_SCHEME_LIMIT + 1]; /* how the fingerprints were made: printable ASCII */
    struct ws_range range;                  /* numbers are those of documents */
    uint64_t documents;
    struct ws_hash documents_root;
};

/* Exactly WS_SHARD_HEAD_SIZE bytes. WS_CORRUPT, or WS_UNSUPPORTED for another version. */
WS_MUST_CHECK enum ws_status ws_shard_head_read(struct ws_bytes bytes, struct ws_shard_head *out,
                                                struct ws_error *err);
void ws_shard_head_append(struct ws_buffer *out, const struct ws_shard_head *head);

/* Proofs ------------------------------------------------------------------------------------- */

/* All that a shard has under one prefix, to be checked without the shard. */
struct ws_shard_proof {
    struct ws_bytes head_bytes;
    struct ws_shard_head head;
    struct ws_range_proof range;
};

/* Takes a proof apart and believes nothing in it. WS_CORRUPT where it is none. */
WS_MUST_CHECK enum ws_status ws_shard_proof_read(struct ws_bytes bytes, struct ws_shard_proof *out,
                                                 struct ws_error *err);
void ws_shard_proof_append(struct ws_buffer *out, const struct ws_shard_proof *proof);

/* WS_OK when the tile of `key` of the shard with this digest is `out`: ws_range_tile_find says then
 * whether the key is there. WS_CORRUPT otherwise. */
WS_MUST_CHECK enum ws_status ws_shard_proof_check(const struct ws_shard_proof *proof,
                                                  const struct ws_hash *digest, uint64_t key,
                                                  struct ws_range_tile *out, struct ws_error *err);

/* A commitment opened: the digest of a document, which nobody could guess before, and perhaps its
 * text, to be checked without the shard. */
struct ws_shard_opening {
    struct ws_bytes head_bytes;
    struct ws_shard_head head;
    uint32_t number;
    uint8_t salt[WS_SHARD_SALT_SIZE];
    struct ws_hash document; /* SHA-256 of its canonical text */
    struct ws_merkle_proof way;
    struct ws_bytes text; /* of the document, as its issuer has it; of no bytes: not shown */
};
/* Takes an opening apart and believes nothing in it. WS_CORRUPT where it is none. */
WS_MUST_CHECK enum ws_status
ws_shard_opening_read(struct ws_bytes bytes, struct ws_shard_opening *out, struct ws_error *err);
void ws_shard_opening_append(struct ws_buffer *out, const struct ws_shard_opening *opening);
/* WS_OK when the shard with this digest has a commitment to the opening's document. Whether the
 * text is that document's is asked by ws_shown_read (ledger/shown.h). */
WS_MUST_CHECK enum ws_status ws_shard_opening_check(const struct ws_shard_opening *opening,
                                                    const struct ws_hash *digest,
                                                    struct ws_error *err);
/* The commitment is the Merkle leaf of salt and digest. */
void ws_shard_commit(const uint8_t salt[WS_SHARD_SALT_SIZE], const struct ws_hash *digest,
                     struct ws_hash *out);

/* Reading ------------------------------------------------------------------------------------ */

struct ws_shard {
    struct ws_hash digest; /* of the head */
    uint8_t head_bytes[WS_SHARD_HEAD_SIZE];
    struct ws_shard_head head;
    struct ws_range_file tiles;
    struct ws_mapped_file documents;
};

/* The shard whose head is at `path`. WS_NOT_FOUND, WS_CORRUPT where sizes contradict the head. */
WS_MUST_CHECK enum ws_status ws_shard_open(struct ws_shard *shard, const char *path,
                                           struct ws_error *err);
/* The same where only the other files are there, and these are the bytes of its head. */
WS_MUST_CHECK enum ws_status ws_shard_open_behind(struct ws_shard *shard, const char *path,
                                                  struct ws_bytes head, struct ws_error *err);
void ws_shard_close(struct ws_shard *shard); /* zeroed or closed before is fine */

/* Every byte of it. WS_CORRUPT says where. */
WS_MUST_CHECK enum ws_status ws_shard_verify(const struct ws_shard *shard, struct ws_error *err);

/* `way` is where the proof's hashes go. */
WS_MUST_CHECK enum ws_status ws_shard_prove(const struct ws_shard *shard, uint64_t key,
                                            uint8_t way[WS_RANGE_WAY_LIMIT],
                                            struct ws_shard_proof *out, struct ws_error *err);

/* Opens the commitment to a document with the issuer's secret. WS_NOT_FOUND where no commitment is
 * to this digest. Looks at all of them; the opening has bytes of the shard. */
WS_MUST_CHECK enum ws_status ws_shard_open_commitment(const struct ws_shard *shard,
                                                      const uint8_t secret[WS_SHARD_SECRET_SIZE],
                                                      const struct ws_hash *digest,
                                                      struct ws_shard_opening *out,
                                                      struct ws_error *err);

#endif
