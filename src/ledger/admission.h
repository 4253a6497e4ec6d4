/*
 * What an entry must be before a log takes it: an envelope that an issuer signed, with a statement
 * in it. Contract: tests/unit/test_admission.c.
 */
#ifndef WS_LEDGER_ADMISSION_H
#define WS_LEDGER_ADMISSION_H

#include "base/pool.h"
#include "ledger/envelope.h"
#include "ledger/statement.h"

/* Whose statements are taken. Without keys signatures cannot be checked, and are not. */
struct ws_admission {
    const struct ws_note_key *const *keys; /* of type WS_KEY_ED25519 */
    size_t key_count;
};

struct ws_admitted {
    enum ws_statement_kind kind;
    uint64_t least_index; /* it cites entries below this, and so cannot stand before it */
    size_t signer;        /* index of a key that signed; key_count without keys */
};

/* Checks every entry, in pieces that threads of the pool share (NULL: this one alone). WS_OK, or
 * the fault of the first entry that has one, whose index `bad` gets: WS_CORRUPT, WS_UNSUPPORTED,
 * WS_LIMIT, WS_NO_MEMORY. */
WS_MUST_CHECK enum ws_status ws_admission_check(const struct ws_admission *admission,
                                                const struct ws_bytes entries[], size_t count,
                                                struct ws_pool *pool, struct ws_admitted out[],
                                                size_t *bad, struct ws_error *err);

#endif
