/*
 * Checkpoints: a chain between two steps, with what its metrics file must hold by then.
 *
 * A checkpoint is written whole after the records up to it are on disk. It says how long the
 * metrics file was and what its hash was, so that a resume can cut what came later and can tell a
 * damaged file. Every byte is covered by a SHA-256 at the end. Format: docs/formats/checkpoint.md.
 * Contract: tests/unit/test_chain.c; fuzz target: tests/fuzz/fuzz_checkpoint.c.
 */
#ifndef WS_LAB_CHECKPOINT_H
#define WS_LAB_CHECKPOINT_H

#include "base/hash.h"
#include "lab/chain.h"

struct ws_checkpoint {
    uint64_t arm_key;
    uint64_t seed;
    uint64_t metrics_size;
    struct ws_hash metrics_hash; /* of the first metrics_size bytes */
    uint32_t next_step;
    struct ws_bytes chain; /* for ws_chain_read; points into the bytes that were read */
};

/* `chain` has taken at least one step. */
WS_MUST_CHECK enum ws_status ws_checkpoint_write(const struct ws_chain *chain,
                                                 uint64_t metrics_size,
                                                 const struct ws_hash *metrics_hash,
                                                 struct ws_buffer *out, struct ws_error *err);

/* WS_CORRUPT unless every byte is as it was written. A pure function of bytes. */
WS_MUST_CHECK enum ws_status ws_checkpoint_open(struct ws_bytes bytes, struct ws_checkpoint *out,
                                                struct ws_error *err);

#endif
