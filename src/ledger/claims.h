/*
 * What the statements of a log mean to a reader: who may say what he says is asked of the reader's
 * roles, and what counts is asked of the log's order. Entries are read from the first on. A claim
 * that counted when it was read may be withdrawn later, or turn out to be signed with a stolen key:
 * ws_claims_fate.
 *
 * - A key speaks from where it was introduced until it is retired or revoked. The old key
 * introduces its successor, or a root key of its party does; a root key alone can say that another
 * was stolen earlier than it says so. What was revoked stays revoked.
 * - Dates are those of the log's witnesses, not of issuers: when documents were captured is the
 *   archive's claim, and the start of an emission is believed as far as the roles let it precede
 *   its entry's date.
 * - Depth is at least 1 more than the deepest of what is cited.
 *
 * Memory grows with keys and withdrawals, not with entries. Contract: tests/unit/test_claims.c,
 * tests/fuzz/fuzz_claims.c; docs/formats/trust.md has the rules.
 */
#ifndef WS_LEDGER_CLAIMS_H
#define WS_LEDGER_CLAIMS_H

#include "ledger/envelope.h"
#include "ledger/roles.h"
#include "ledger/statement.h"

/* clang-format off */
/*    name          what a reader says of the entry */
#define WS_CLAIM_MAP(X)                                                                            \
    X(COUNTS,       "counts")                                                                      \
    X(FOREIGN,      "is no statement of a kind that is known here")                                \
    X(UNKNOWN,      "is signed by nobody whom the roles name")                                     \
    X(FORGED,       "has a bad signature of a known key")                                          \
    X(UNTIMELY,     "is signed with a key that did not speak for its party there")                 \
    X(MALFORMED,    "is no statement that its format allows")                                      \
    X(OUT_OF_ROLE,  "is of what its party may not speak")                                          \
    X(SHALLOW,      "declares less depth than what it cites has")                                  \
    X(VOID,         "changes what its party may not change")
/* clang-format on */

enum ws_claim_standing {
#define X(name, text) WS_CLAIM_##name,
    WS_CLAIM_MAP(X)
#undef X
        WS_CLAIM_STANDINGS
};
const char *ws_claim_text(enum ws_claim_standing standing);

/* Where earlier entries are: of the tree that the entries that are read are of, too. */
struct ws_claims_log {
    enum ws_status (*read)(void *user, uint64_t index, struct ws_arena *arena, struct ws_bytes *out,
                           struct ws_error *err);
    void *user;
};

enum { WS_CLAIMS_KEY_LIMIT = 1024 }; /* of a party */
#define WS_CLAIMS_NO_KEY SIZE_MAX

/* A key of the roles, or one that another introduced. It speaks in entries from .. until - 1. */
struct ws_claims_key {
    const char *text; /* as notes print it */
    struct ws_note_key key;
    size_t party;
    bool is_root;
    size_t introducer; /* which spoke in entry `from`; WS_CLAIMS_NO_KEY for those of the roles */
    uint64_t from, until;
};

struct ws_claims_withdrawal {
    uint64_t entry; /* sorted by it */
    uint64_t at;
    size_t key; /* that signed */
};

struct ws_claims {
    const struct ws_roles *roles;
    struct ws_claims_log log;
    struct ws_arena arena;
    uint64_t size; /* entries that were read */
    struct ws_claims_key *keys;
    size_t key_count, key_room;
    struct ws_claims_withdrawal *withdrawals;
    size_t withdrawal_count, withdrawal_room;
};

/* An entry, as it is to be understood where it stands. */
struct ws_claim {
    enum ws_claim_standing standing;
    uint64_t index;
    bool is_of_party; /* it names a known key */
    /* Then the one that speaks there, and for whom it does; where none does, the first. */
    size_t key, party;
    struct ws_statement statement; /* of what counts */
    /* Its period ends after its date. It counts all the same: dates are those of a reader's
     * witnesses, and what counts is to be the same for all. */
    bool is_early;
    /* Of an emission: the earliest POSIX second for which it is believed. */
    uint64_t start;
};

/* Nothing was read yet. The roles and the log stay as long as the claims. The caller closes them,
 * also after a failure. */
WS_MUST_CHECK enum ws_status ws_claims_open(struct ws_claims *claims, const struct ws_roles *roles,
                                            struct ws_claims_log log,
                                            const struct ws_allocator *allocator,
                                            struct ws_error *err);
void ws_claims_close(struct ws_claims *claims);

/* Reads the entry `claims->size`. `date` is when it was there at the latest, by the log's
 * witnesses; 0 where nobody knows. Whatever the entry is, it is WS_OK; a failure is one of memory,
 * or of reading what is cited, and then nothing was read. The claim lives in the arena. */
WS_MUST_CHECK enum ws_status ws_claims_read(struct ws_claims *claims, struct ws_bytes entry,
                                            uint64_t date, struct ws_arena *arena,
                                            struct ws_claim *out, struct ws_error *err);

/* What became of a claim that counted, as far as the log was read. */
enum ws_claim_fate {
    WS_CLAIM_HOLDS,
    WS_CLAIM_WITHDRAWN, /* in entry *at */
    WS_CLAIM_REVOKED,   /* its key was stolen before */
};
enum ws_claim_fate ws_claims_fate(const struct ws_claims *claims, uint64_t index, size_t key,
                                  uint64_t *at);

#endif
