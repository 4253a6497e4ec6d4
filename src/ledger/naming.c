#include "ledger/naming.h"

#include <stdlib.h>

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

static void end_others(struct ws_naming *namings, size_t count, size_t owner, uint64_t at)
{
    for (size_t i = 0; i < count; i++)
        if (namings[i].party != owner && namings[i].fate == WS_CLAIM_HOLDS) {
            namings[i].fate = WS_CLAIM_WITHDRAWN;
            namings[i].at = at;
        }
}

/* The party of the first; if a stolen key signed all that it said, that of the first that none
 * signed. */
static size_t owner_of(const struct ws_naming *namings, size_t count)
{
    size_t other = count;
    for (size_t i = 0; i < count; i++) {
        if (namings[i].fate == WS_CLAIM_REVOKED)
            continue;
        if (namings[i].party == namings[0].party)
            return namings[0].party;
        if (other == count)
            other = i;
    }
    return namings[other < count ? other : 0].party;
}

/* Of one shard, in order of entries. No entry 0 is a withdrawal: there is nothing before it. */
static void settle(struct ws_naming *namings, size_t count)
{
    const size_t owner = owner_of(namings, count);
    uint64_t end = 0; /* of what the owner said so far, where it was withdrawn; UINT64_MAX: not */
    size_t settled = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ws_naming *naming = &namings[i];
        if (naming->party != owner || naming->fate == WS_CLAIM_REVOKED)
            continue;
        if (end > 0 && end < naming->entry) {
            end_others(namings + settled, i - settled, owner, end);
            settled = i;
        }
        const uint64_t stands = naming->fate == WS_CLAIM_HOLDS ? UINT64_MAX : naming->at;
        end = stands > end ? stands : end;
    }
    if (end > 0 && end < UINT64_MAX)
        end_others(namings + settled, count - settled, owner, end);
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

bool ws_namings_hold(const struct ws_naming *namings, size_t count, uint64_t *at)
{
    const size_t owner = owner_of(namings, count);
    uint64_t withdrawn = 0;
    for (size_t i = 0; i < count; i++) {
        if (namings[i].fate == WS_CLAIM_HOLDS)
            return true;
        if (namings[i].party == owner && namings[i].fate == WS_CLAIM_WITHDRAWN &&
            namings[i].at > withdrawn)
            withdrawn = namings[i].at;
    }
    *at = withdrawn > 0 ? withdrawn : namings[0].entry;
    return false;
}
