/*
 * What a lookup knows of its log, between the files that make it: ledger/lookup.c reads, and
 * ledger/lookup_gather.c gathers what is said of a document.
 */
#ifndef WS_LEDGER_LOOKUP_INTERNAL_H
#define WS_LEDGER_LOOKUP_INTERNAL_H

#include "ledger/lookup.h"

/* A checkpoint that the policy accepts, and that dates what it covers. */
struct ws_lookup_date {
    struct ws_bytes note; /* data NULL: the one that the log shows */
    struct ws_trusted_checkpoint trusted;
};

/* A statement that counted when it was read. */
struct ws_lookup_entry {
    uint64_t index;
    size_t key, party;
    enum ws_statement_kind kind;
    const struct ws_hash *subjects;
    size_t subject_count;
    const uint64_t *sources; /* entries that it cites, which a reader needs, too */
    size_t source_count;
    uint64_t indexed; /* of a mirror's index: so many entries of this log, with that root; else 0 */
    struct ws_hash indexed_root;
    struct ws_log_proof *proof; /* once it was wanted */
};

static inline size_t ws_lookup_entry_count(const struct ws_lookup *lookup)
{
    return lookup->entries.size / sizeof(struct ws_lookup_entry);
}

static inline struct ws_lookup_entry *ws_lookup_entry_at(const struct ws_lookup *lookup, size_t i)
{
    return (struct ws_lookup_entry *)(void *)lookup->entries.data + i;
}

/* It tells of documents. */
static inline bool ws_lookup_entry_has_shards(const struct ws_lookup_entry *entry)
{
    return ws_statement_has_shards(entry->kind);
}

/* The date of an entry that was read: that of the first checkpoint that covers it. */
const struct ws_lookup_date *ws_lookup_entry_date(const struct ws_lookup *lookup, uint64_t index);
/* Of all entries. */
size_t ws_lookup_subject_count(const struct ws_lookup *lookup);
/* Nobody took it back. */
bool ws_lookup_entry_holds(const struct ws_lookup *lookup, const struct ws_lookup_entry *entry);
/* What became of a shard that an entry of the list names. */
const struct ws_naming *ws_lookup_naming(const struct ws_lookup *lookup,
                                         const struct ws_hash *digest, uint64_t entry);

#endif
