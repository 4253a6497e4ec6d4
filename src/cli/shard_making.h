/*
 * Making a shard of documents that come in pieces: fingerprints, digests, and the issuer's secret.
 * What a command reads the documents from is its own matter; `shard build`, `vault statement` and
 * `run --register` do.
 */
#ifndef WS_CLI_SHARD_MAKING_H
#define WS_CLI_SHARD_MAKING_H

#include "fingerprint/fingerprint.h"
#include "ledger/shard_writer.h"

/* A shard that is being made; it stays where it is. */
struct shard_making {
    const char *out, *secret; /* paths of the head and of the secret */
    bool is_secret_new;       /* and of no use to anybody until there is a head */
    struct ws_shard_writer writer;
    struct ws_fingerprinter *fingerprinter;
    uint64_t bytes;       /* of documents, as they came */
    uint64_t empty;       /* documents without canonical text, which are left out */
    uint64_t short_ones;  /* documents without fingerprints */
    uint64_t least_bytes; /* canonical bytes of the shortest document that is in; 0: none is */
};

/* `secret` is a file of WS_SHARD_SECRET_SIZE bytes; NULL: "<out>.secret", which is made where it is
 * not there. `key` is a file of one key; NULL: the shard is not keyed. `memory` as struct
 * ws_shard_settings has it. WS_CONFLICT where there is a head; paths
 * live in the arena. The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status shard_making_open(struct shard_making *making, const char *out,
                                               const char *secret, const char *key, size_t memory,
                                               struct ws_arena *arena, struct ws_error *err);
/* A piece of a document, and a document's end: functions of a document_sink, of which `making_` is
 * the user. WS_INTERRUPTED when a signal asked to stop. */
WS_MUST_CHECK enum ws_status shard_making_piece(void *making_, struct ws_bytes bytes,
                                                struct ws_error *err);
WS_MUST_CHECK enum ws_status shard_making_end(void *making_, struct ws_error *err);
/* Writes the shard. WS_INVALID where no document has text. */
WS_MUST_CHECK enum ws_status shard_making_keep(struct shard_making *making, struct ws_error *err);
void shard_making_close(struct shard_making *making); /* zeroed is fine */

#endif
