/*
 * Making a shard in bounded memory: pairs are sorted as far as they fit, what was sorted is put
 * away in temporary files (base/spill.h), and all of it is merged at the end. The same documents in
 * the same order with the same secret give the same bytes, whatever the memory.
 *
 * The head is written last: before it is there, there is no shard. Contract:
 * tests/unit/test_shard.c.
 */
#ifndef WS_LEDGER_SHARD_WRITER_H
#define WS_LEDGER_SHARD_WRITER_H

#include "base/spill.h"
#include "ledger/range_merge.h"
#include "ledger/shard_key.h"

struct ws_shard_settings {
    const char *scheme;                   /* at most WS_SHARD_SCHEME_LIMIT bytes */
    uint8_t secret[WS_SHARD_SECRET_SIZE]; /* the issuer's: random, and kept */
    size_t memory;                        /* bytes to sort in; 0: WS_SHARD_MEMORY */
    const struct ws_shard_key *key;       /* NULL: none; else the scheme is the key's. It stays */
};
enum { WS_SHARD_MEMORY = 512 << 20 };

struct ws_shard_run; /* pairs that were sorted and put away */

struct ws_shard_writer {
    const struct ws_allocator *allocator;
    struct ws_spill spill; /* the writer stays where it is */
    struct ws_shard_settings settings;
    struct ws_range_pair *pairs, *scratch; /* being filled */
    size_t count, room;
    struct ws_shard_run *runs;
    size_t run_count, run_room;
    struct ws_hash *digests; /* of documents, in the order in which they came */
    size_t documents, document_room;
    uint64_t total; /* pairs that were added */
};

/* The caller closes the writer, also after a failure. */
WS_MUST_CHECK enum ws_status ws_shard_writer_open(struct ws_shard_writer *writer,
                                                  const struct ws_shard_settings *settings,
                                                  const struct ws_allocator *allocator,
                                                  struct ws_error *err);
/* Fingerprints of a document, in any order, some perhaps more than once; as many calls as there are
 * pieces of it. WS_LIMIT, WS_NO_MEMORY (a full disk is one). */
WS_MUST_CHECK enum ws_status ws_shard_writer_add(struct ws_shard_writer *writer,
                                                 const uint64_t *fingerprints, size_t count,
                                                 struct ws_error *err);
/* The document ends here: the SHA-256 of its canonical text. */
WS_MUST_CHECK enum ws_status ws_shard_writer_end(struct ws_shard_writer *writer,
                                                 const struct ws_hash *digest,
                                                 struct ws_error *err);
/* Writes the shard's files but its secret. WS_CONFLICT where there is a head already. */
WS_MUST_CHECK enum ws_status ws_shard_writer_keep(struct ws_shard_writer *writer, const char *path,
                                                  struct ws_shard_head *out, struct ws_error *err);
void ws_shard_writer_close(struct ws_shard_writer *writer); /* zeroed or closed before is fine */

#endif
