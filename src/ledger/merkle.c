/* The plain functions of SHA-256, which OpenSSL 3 deprecates, are four times as fast on 65 bytes as
 * those that take an algorithm: half of a log's work is such hashes. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "ledger/merkle.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

static const uint8_t LEAF = 0, NODE = 1;

void ws_merkle_leaf(struct ws_bytes entry, struct ws_hash *out)
{
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, &LEAF, 1);
    (void)SHA256_Update(&context, entry.data, entry.size);
    (void)SHA256_Final(out->bytes, &context);
}

void ws_merkle_node(const struct ws_hash *left, const struct ws_hash *right, struct ws_hash *out)
{
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, &NODE, 1);
    (void)SHA256_Update(&context, left->bytes, WS_HASH_SIZE);
    (void)SHA256_Update(&context, right->bytes, WS_HASH_SIZE);
    (void)SHA256_Final(out->bytes, &context);
}

void ws_merkle_empty(struct ws_hash *out)
{
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    (void)SHA256_Final(out->bytes, &context);
}

bool ws_hash_equal(const struct ws_hash *a, const struct ws_hash *b)
{
    return memcmp(a->bytes, b->bytes, WS_HASH_SIZE) == 0;
}

/* Proofs that are checked ---------------------------------------------------------------------- */

static enum ws_status no_inclusion(uint64_t index, uint64_t size, struct ws_error *err)
{
    return ws_fail(err, WS_CORRUPT,
                   "not proven: that the entry is number %" PRIu64 " of the %" PRIu64
                   " of this log",
                   index, size);
}

enum ws_status ws_merkle_check_inclusion(uint64_t index, uint64_t size, const struct ws_hash *leaf,
                                         const struct ws_merkle_proof *proof,
                                         const struct ws_hash *root, struct ws_error *err)
{
    struct ws_hash hash = *leaf;
    uint64_t at = index, last = size - 1;
    if (index >= size)
        return no_inclusion(index, size, err);
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0)
            return no_inclusion(index, size, err);
        if (at & 1 || at == last) {
            ws_merkle_node(&proof->hashes[i], &hash, &hash);
            while (!(at & 1) && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            ws_merkle_node(&hash, &proof->hashes[i], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    if (last != 0 || !ws_hash_equal(&hash, root))
        return no_inclusion(index, size, err);
    return WS_OK;
}

static enum ws_status no_consistency(uint64_t old_size, uint64_t size, struct ws_error *err)
{
    return ws_fail(err, WS_CORRUPT,
                   "not proven: that the log of %" PRIu64 " entries is that of %" PRIu64 ", grown",
                   size, old_size);
}

/* Both roots at once, from the node where the old tree ends. */
static bool leads_to_both(uint64_t old_size, const struct ws_hash *old_root, uint64_t size,
                          const struct ws_hash *root, const struct ws_hash *start,
                          const struct ws_hash *hashes, size_t count)
{
    struct ws_hash old_hash = *start, hash = *start;
    uint64_t at = old_size - 1, last = size - 1;
    while (at & 1) {
        at >>= 1;
        last >>= 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return false;
        if (at & 1 || at == last) {
            ws_merkle_node(&hashes[i], &old_hash, &old_hash);
            ws_merkle_node(&hashes[i], &hash, &hash);
            while (!(at & 1) && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            ws_merkle_node(&hash, &hashes[i], &hash);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && ws_hash_equal(&old_hash, old_root) && ws_hash_equal(&hash, root);
}

enum ws_status ws_merkle_check_consistency(uint64_t old_size, const struct ws_hash *old_root,
                                           uint64_t size, const struct ws_hash *root,
                                           const struct ws_merkle_proof *proof,
                                           struct ws_error *err)
{
    if (old_size == 0)
        return ws_fail(err, WS_INVALID, "nothing proves that a log grew from no entries");
    if (old_size > size)
        return ws_fail(err, WS_INVALID,
                       "a log of %" PRIu64 " entries cannot have grown to %" PRIu64, old_size,
                       size);
    if (old_size == size) {
        if (proof->count == 0 && ws_hash_equal(old_root, root))
            return WS_OK;
        return no_consistency(old_size, size, err);
    }
    /* The root of a full tree is a node of the new one, and is not repeated in the proof. */
    bool full = (old_size & (old_size - 1)) == 0;
    if (!full && proof->count == 0)
        return no_consistency(old_size, size, err);
    const struct ws_hash *start = full ? old_root : &proof->hashes[0];
    size_t skip = full ? 0 : 1;
    if (!leads_to_both(old_size, old_root, size, root, start, proof->hashes + skip,
                       proof->count - skip))
        return no_consistency(old_size, size, err);
    return WS_OK;
}

/* A tree that grows ---------------------------------------------------------------------------- */

void ws_frontier_add(struct ws_frontier *frontier, const struct ws_hash *leaf)
{
    struct ws_hash hash = *leaf;
    for (uint64_t size = frontier->size; size & 1; size >>= 1)
        ws_merkle_node(&frontier->peaks[--frontier->count], &hash, &hash);
    frontier->peaks[frontier->count++] = hash;
    frontier->size++;
}

void ws_frontier_root(const struct ws_frontier *frontier, struct ws_hash *out)
{
    if (frontier->count == 0) {
        ws_merkle_empty(out);
        return;
    }
    *out = frontier->peaks[frontier->count - 1];
    for (size_t i = frontier->count - 1; i > 0; i--)
        ws_merkle_node(&frontier->peaks[i - 1], out, out);
}

/* Proofs that are made ------------------------------------------------------------------------- */

static unsigned highest_bit(uint64_t value)
{
    unsigned bit = 0;
    while (value >>= 1)
        bit++;
    return bit;
}

/* The largest power of two below `count` > 1, as its exponent: where RFC 9162 splits a tree. */
static unsigned split_of(uint64_t count)
{
    return highest_bit(count - 1);
}

/* The root of the leaves [start, end): `start` is where a full tree of that many begins, so its
 * full parts are nodes, the smallest at the right. */
static enum ws_status range_root(const struct ws_merkle_nodes *nodes, uint64_t start, uint64_t end,
                                 struct ws_hash *out, struct ws_error *err)
{
    uint64_t left = end - start;
    for (bool first = true; left > 0; first = false) {
        uint64_t lowest = left & (~left + 1);
        unsigned level = highest_bit(lowest);
        struct ws_hash node;
        left -= lowest;
        WS_TRY(nodes->read(nodes->user, level, (start + left) >> level, &node, err));
        if (first)
            *out = node;
        else
            ws_merkle_node(&node, out, out);
    }
    return WS_OK;
}

enum ws_status ws_merkle_root(const struct ws_merkle_nodes *nodes, uint64_t size,
                              struct ws_hash *out, struct ws_error *err)
{
    if (size == 0) {
        ws_merkle_empty(out);
        return WS_OK;
    }
    return range_root(nodes, 0, size, out, err);
}

static enum ws_status add_range(const struct ws_merkle_nodes *nodes, uint64_t start, uint64_t end,
                                struct ws_merkle_proof *proof, struct ws_error *err)
{
    return range_root(nodes, start, end, &proof->hashes[proof->count++], err);
}

/* Proofs are found from the root on and told from the leaves on. */
static void reverse(struct ws_merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct ws_hash swapped = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = swapped;
    }
}

enum ws_status ws_merkle_prove_inclusion(const struct ws_merkle_nodes *nodes, uint64_t index,
                                         uint64_t size, struct ws_merkle_proof *out,
                                         struct ws_error *err)
{
    if (index >= size || size > WS_MERKLE_SIZE_LIMIT)
        return ws_fail(err, WS_INVALID, "entry %" PRIu64 " of a log of %" PRIu64 " entries", index,
                       size);
    uint64_t start = 0, end = size;
    out->count = 0;
    while (end - start > 1) {
        uint64_t middle = start + (UINT64_C(1) << split_of(end - start));
        if (index < middle) {
            WS_TRY(add_range(nodes, middle, end, out, err));
            end = middle;
        } else {
            WS_TRY(add_range(nodes, start, middle, out, err));
            start = middle;
        }
    }
    reverse(out);
    return WS_OK;
}

enum ws_status ws_merkle_prove_consistency(const struct ws_merkle_nodes *nodes, uint64_t old_size,
                                           uint64_t size, struct ws_merkle_proof *out,
                                           struct ws_error *err)
{
    if (old_size == 0 || old_size > size || size > WS_MERKLE_SIZE_LIMIT)
        return ws_fail(err, WS_INVALID,
                       "a log that grew from %" PRIu64 " to %" PRIu64 " entries: there is no proof",
                       old_size, size);
    uint64_t start = 0, end = size;
    out->count = 0;
    while (end != old_size) {
        uint64_t middle = start + (UINT64_C(1) << split_of(end - start));
        if (old_size <= middle) {
            WS_TRY(add_range(nodes, middle, end, out, err));
            end = middle;
        } else {
            WS_TRY(add_range(nodes, start, middle, out, err));
            start = middle;
        }
    }
    /* Where the old tree ends inside the new one its last part is a node that the checker lacks. */
    if (start != 0)
        WS_TRY(add_range(nodes, start, end, out, err));
    reverse(out);
    return WS_OK;
}
