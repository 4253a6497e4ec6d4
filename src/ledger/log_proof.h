/*
 * Proofs that can be checked without the log (c2sp.org/tlog-proof, files named .tlog-proof): an
 * entry's index, its Merkle proof, and a checkpoint that is signed and cosigned.
 *
 * Contract: tests/unit/test_trust.c, tests/fuzz/fuzz_log_proof.c.
 */
#ifndef WS_LEDGER_LOG_PROOF_H
#define WS_LEDGER_LOG_PROOF_H

#include "ledger/trust.h"

struct ws_log_proof {
    bool has_extra;
    struct ws_bytes extra; /* the application's own; nothing vouches for it */
    uint64_t index;
    struct ws_merkle_proof way;
    struct ws_bytes checkpoint; /* a note */
};

/* Takes a proof apart and believes nothing in it. WS_CORRUPT where it is none. The checkpoint lies
 * in what was read, the rest in the arena. */
WS_MUST_CHECK enum ws_status ws_log_proof_read(struct ws_bytes bytes, struct ws_arena *arena,
                                               struct ws_log_proof *out, struct ws_error *err);
void ws_log_proof_append(struct ws_buffer *out, const struct ws_log_proof *proof);

/* Whether a log of the policy has this entry. WS_CORRUPT where that is not proven; else `out` says
 * in which log, and since when at the latest. */
WS_MUST_CHECK enum ws_status ws_log_proof_check(const struct ws_log_proof *proof,
                                                struct ws_bytes entry, const struct ws_trust *trust,
                                                struct ws_arena *arena,
                                                struct ws_trusted_checkpoint *out,
                                                struct ws_error *err);

#endif
