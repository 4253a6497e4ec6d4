#include "ledger/naming.h"

#include <stdlib.h>

bool ws_claim_names_shards(const struct ws_claim *claim)
{
    return (claim->standing == WS_CLAIM_COUNTS || claim->standing == WS_CLAIM_EARLY) &&
           ws_statement_has_shards(claim->statement.kind);
}

static int compare(const void *a_, const void *b_)
{
    const struct ws_naming *a = a_, *b = b_;
    const int order = memcmp(a->digest.bytes, b->digest.bytes, WS_HASH_SIZE);
    return order ? order : (a->entry > b->entry) - (a->entry < b->entry);
}

size_t ws_namings_find(const struct ws_naming *namings, size_t count, const struct ws_hash *digest,
                       uint64_t entry)
{
    const struct ws_naming wanted = {.digest = *digest, .entry = entry};
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&namings[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ws_hash_equal(&namings[low].digest, digest) ? low : count;
}

size_t ws_namings_equal(const struct ws_naming *namings, size_t count, size_t i)
{
    size_t n = 1;
    while (i + n < count && ws_hash_equal(&namings[i + n].digest, &namings[i].digest))
        n++;
    return n;
}

/* Of one shard, in order of entries. */
static void settle(struct ws_naming *namings, size_t count)
{
    const size_t owner = namings[0].party;
    uint64_t withdrawn_at = 0;
    for (size_t i = 0; i < count; i++) {
        if (namings[i].party != owner)
            continue;
        if (namings[i].fate == WS_CLAIM_HOLDS)
            return;
        if (namings[i].fate == WS_CLAIM_WITHDRAWN && namings[i].at > withdrawn_at)
            withdrawn_at = namings[i].at;
    }
    /* No entry 0 is a withdrawal: there is nothing before it. */
    for (size_t i = 0; i < count && withdrawn_at > 0; i++)
        if (namings[i].party != owner && namings[i].fate == WS_CLAIM_HOLDS) {
            namings[i].fate = WS_CLAIM_WITHDRAWN;
            namings[i].at = withdrawn_at;
        }
}

void ws_namings_settle(struct ws_naming *namings, size_t count)
{
    if (count > 0)
        qsort(namings, count, sizeof *namings, compare);
    for (size_t i = 0, n; i < count; i += n) {
        n = ws_namings_equal(namings, count, i);
        settle(namings + i, n);
    }
}
