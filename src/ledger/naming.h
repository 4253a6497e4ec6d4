/*
 * Who named which shard, and what became of it.
 *
 * A shard belongs to the party whose statement was the first to name it, of those that count. Where
 * a stolen key signed all that this party said of it, it belongs to the next. From
 * where that party has withdrawn all that it said of the shard until it names it again the shard is
 * withdrawn, and with it for good what others said of it before: else its documents, which its
 * owner has to erase, stayed as long as anybody else names them. Others' statements of it, which
 * can only be copies, neither end it nor revive it.
 *
 * Contract: tests/unit/test_naming.c; docs/formats/shard.md, Withdrawal.
 */
#ifndef WS_LEDGER_NAMING_H
#define WS_LEDGER_NAMING_H

#include "ledger/claims.h"

/* A shard of a statement that counted when it was read. */
struct ws_naming {
    struct ws_hash digest;
    uint64_t entry;
    size_t party;
    /* Of the statement; once settled, of the shard as far as this statement names it. */
    enum ws_claim_fate fate;
    uint64_t at; /* where it is withdrawn */
};

/* Those of all statements that are read, once. Sorts them by digest and entry. */
void ws_namings_settle(struct ws_naming *namings, size_t count);

/* Of settled ones: the first that has this digest and no earlier entry; `count` where there is
 * none. */
size_t ws_namings_find(const struct ws_naming *namings, size_t count, const struct ws_hash *digest,
                       uint64_t entry);
/* Those of the i-th one's digest, from it on. */
size_t ws_namings_equal(const struct ws_naming *namings, size_t count, size_t i);
/* Of all settled ones of one shard: whether it holds by any of them; else where its owner withdrew
 * it last, or if a stolen key signed all that there is, the entry of the first. */
bool ws_namings_hold(const struct ws_naming *namings, size_t count, uint64_t *at);

#endif
