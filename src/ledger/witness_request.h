/*
 * What a witness is asked (c2sp.org/tlog-witness, add-checkpoint): to cosign a checkpoint, with the
 * proof that the log only grew since the size that the witness cosigned last.
 *
 *     old <size>
 *     <base64 of a hash>       (0 to 63)
 *                              (an empty line)
 *     <a checkpoint, signed>
 *
 * Contract: tests/unit/test_witness.c, tests/fuzz/fuzz_witness_request.c.
 */
#ifndef WS_LEDGER_WITNESS_REQUEST_H
#define WS_LEDGER_WITNESS_REQUEST_H

#include "ledger/log_checkpoint.h"

enum {
    WS_WITNESS_PROOF_LIMIT = 63,       /* hashes */
    WS_WITNESS_REQUEST_LIMIT = 1 << 17 /* bytes: room for 16 signatures of 5 kB and the proof */
};

struct ws_witness_request {
    uint64_t old_size;
    struct ws_merkle_proof proof;
    struct ws_bytes checkpoint; /* a note */
};

/* Takes a request apart and believes nothing in it. WS_CORRUPT where it is none. The checkpoint
 * lies in what was read. */
WS_MUST_CHECK enum ws_status ws_witness_request_read(struct ws_bytes bytes,
                                                     struct ws_witness_request *out,
                                                     struct ws_error *err);
void ws_witness_request_append(struct ws_buffer *out, const struct ws_witness_request *request);

#endif
