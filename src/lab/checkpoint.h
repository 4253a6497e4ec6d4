/*
 * Checkpoints: a chain between two steps, with what its logs must hold by then; and drafts: the
 * half-done work of one phase of the step that follows.
 *
 * A checkpoint is written whole after the records and texts up to it are on disk. It says how long
 * their files were and what their hashes were, so that a resume can cut what came later and can
 * tell a damaged file. Every byte is covered by a SHA-256 at the end. Format:
 * docs/formats/checkpoint.md. Contract: tests/unit/test_chain.c; fuzz targets:
 * tests/fuzz/fuzz_checkpoint.c, fuzz_draft.c.
 */
#ifndef WS_LAB_CHECKPOINT_H
#define WS_LAB_CHECKPOINT_H

#include "base/hash.h"
#include "lab/chain.h"

/* What is only ever appended to. */
enum ws_log { WS_LOG_RECORDS, WS_LOG_TEXTS, WS_LOG_COUNT };

struct ws_log_state {
    uint64_t size;
    struct ws_hash hash; /* of the first `size` bytes */
};

struct ws_checkpoint {
    uint64_t arm_key;
    uint64_t seed;
    struct ws_log_state logs[WS_LOG_COUNT];
    uint32_t next_step;
    struct ws_bytes chain; /* for ws_chain_read; points into the bytes that were read */
};

/* `chain` has taken at least one step. */
WS_MUST_CHECK enum ws_status ws_checkpoint_write(const struct ws_chain *chain,
                                                 const struct ws_log_state logs[WS_LOG_COUNT],
                                                 struct ws_buffer *out, struct ws_error *err);

/* WS_CORRUPT unless every byte is as it was written. A pure function of bytes. */
WS_MUST_CHECK enum ws_status ws_checkpoint_open(struct ws_bytes bytes, struct ws_checkpoint *out,
                                                struct ws_error *err);

/* A draft belongs to one phase of one step of one chain. Format: docs/formats/draft.md. */
struct ws_stored_draft {
    uint64_t arm_key;
    uint64_t seed;
    uint32_t step;
    enum ws_phase phase;
    struct ws_bytes bytes; /* the family's; points into the bytes that were read */
};

enum { WS_DRAFT_HEADER_SIZE = 40 };

/* What stands before the family's bytes, and the hash behind them: they are large and are not
 * copied. */
WS_MUST_CHECK enum ws_status ws_stored_draft_frame(const struct ws_stored_draft *draft,
                                                   uint8_t header[WS_DRAFT_HEADER_SIZE],
                                                   struct ws_hash *hash, struct ws_error *err);

/* WS_CORRUPT unless every byte is as it was written. A pure function of bytes. */
WS_MUST_CHECK enum ws_status
ws_stored_draft_open(struct ws_bytes bytes, struct ws_stored_draft *out, struct ws_error *err);

#endif
