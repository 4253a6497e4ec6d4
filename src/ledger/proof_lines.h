/*
 * A Merkle proof as C2SP's formats write it before a checkpoint: a line of base64 for each hash,
 * then an empty line. Contract: tests/unit/test_trust.c, tests/unit/test_witness.c and the fuzz
 * targets of the formats.
 */
#ifndef WS_LEDGER_PROOF_LINES_H
#define WS_LEDGER_PROOF_LINES_H

#include "base/buffer.h"
#include "ledger/merkle.h"

/* Takes the lines and the empty one off `text`, at most `most` hashes. NULL, or what is wrong. */
WS_MUST_CHECK const char *ws_proof_lines_take(struct ws_bytes *text, size_t most,
                                              struct ws_merkle_proof *out);
void ws_proof_lines_append(struct ws_buffer *out, const struct ws_merkle_proof *proof);

#endif
