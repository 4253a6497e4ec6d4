/*
 * Checkpoints (c2sp.org/tlog-checkpoint): the text of a signed note that says what a log is, how
 * many entries it has, and the root of their Merkle tree. Contract:
 * tests/unit/test_log_checkpoint.c, tests/fuzz/fuzz_log_checkpoint.c.
 */
#ifndef WS_LEDGER_LOG_CHECKPOINT_H
#define WS_LEDGER_LOG_CHECKPOINT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "ledger/merkle.h"

struct ws_checkpoint {
    const char *origin; /* the log's name, which no two logs share */
    uint64_t size;      /* below 2^63 */
    struct ws_hash root;
};

/* A line as an origin can be: UTF-8, not empty, without control characters. */
bool ws_origin_ok(const char *origin);

/* The text of a note. Lines behind the third are extensions, which are passed over. WS_CORRUPT
 * where it is no checkpoint. The origin lives in the arena. */
WS_MUST_CHECK enum ws_status ws_checkpoint_read(struct ws_bytes text, struct ws_arena *arena,
                                                struct ws_checkpoint *out, struct ws_error *err);
void ws_checkpoint_append(struct ws_buffer *out, const struct ws_checkpoint *checkpoint);

/* A decimal number below 2^63 as these formats write it: without sign and leading zeros. */
WS_MUST_CHECK bool ws_read_size(struct ws_bytes text, uint64_t *out);

#endif
