/*
 * Who named which shard, and what became of it.
 *
 * A shard belongs to the party whose statement was the first to name it. Once
 * that party has withdrawn what it said of the shard, and says nothing of it any more, the shard is
 * withdrawn for all: else its documents, which its owner has to erase, stayed as long as anybody
 * else names them. Others' statements of it, which can only be copies, neither end it nor revive
 * it. A statement whose key was stolen ends itself alone: nobody knows who made it.
 *
 * Contract: tests/unit/test_naming.c; docs/formats/shard.md, Withdrawal.
 */
#ifndef WS_LEDGER_NAMING_H
#define WS_LEDGER_NAMING_H

#include "ledger/claims.h"

/* Whether it names shards for all readers alike: it counts, or would but for dates, which are those
 * of a reader's witnesses. */
bool ws_claim_names_shards(const struct ws_claim *claim);

/* A shard of a statement that does when it is read. */
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

#endif
