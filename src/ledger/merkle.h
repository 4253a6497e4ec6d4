/*
 * Merkle trees over SHA-256 as RFC 6962 and RFC 9162 (section 2.1) have them: what a log's root
 * says of its entries, and the proofs that one entry is among them and that a tree only grew.
 *
 * A node is named by its level and its index there: the leaves are level 0, and node i of level l
 * is the root of the 2^l leaves from i 2^l on, all of which are there. The root of any other range
 * of leaves is made of such nodes. Contract: tests/unit/test_merkle.c, and the proofs of others in
 * tests/conformance/test_merkle_proofs.c.
 */
#ifndef WS_LEDGER_MERKLE_H
#define WS_LEDGER_MERKLE_H

#include <stdint.h>

#include "base/hash.h"

/* SHA-256(0x00, entry), SHA-256(0x01, left, right), and the root of no entries, SHA-256(). */
void ws_merkle_leaf(struct ws_bytes entry, struct ws_hash *out);
void ws_merkle_node(const struct ws_hash *left, const struct ws_hash *right, struct ws_hash *out);
void ws_merkle_empty(struct ws_hash *out);

bool ws_hash_equal(const struct ws_hash *a, const struct ws_hash *b);

/* The hashes of the way, from the leaves to the root: at most 63 of inclusion and 64 of
 * consistency. */
enum { WS_MERKLE_PROOF_LIMIT = 64 };
struct ws_merkle_proof {
    struct ws_hash hashes[WS_MERKLE_PROOF_LIMIT];
    size_t count;
};

/* Sizes are below 2^63. */
#define WS_MERKLE_SIZE_LIMIT (UINT64_C(1) << 63)

/* WS_OK when the leaf `index` of the tree of `size` leaves and this root is `leaf`; WS_CORRUPT when
 * that is not proven (RFC 9162, 2.1.3.2). */
WS_MUST_CHECK enum ws_status ws_merkle_check_inclusion(uint64_t index, uint64_t size,
                                                       const struct ws_hash *leaf,
                                                       const struct ws_merkle_proof *proof,
                                                       const struct ws_hash *root,
                                                       struct ws_error *err);

/* WS_OK when the tree of `old_size` leaves is the beginning of that of `size`; WS_CORRUPT when that
 * is not proven (RFC 9162, 2.1.4.2). Of nothing, every tree is the continuation, and there is
 * nothing to prove it with: a size of 0 is refused as WS_INVALID. */
WS_MUST_CHECK enum ws_status ws_merkle_check_consistency(uint64_t old_size,
                                                         const struct ws_hash *old_root,
                                                         uint64_t size, const struct ws_hash *root,
                                                         const struct ws_merkle_proof *proof,
                                                         struct ws_error *err);

/* A tree that grows, without its leaves: the roots of the largest full trees that it is made of,
 * from the left, one for each bit of its size. */
struct ws_frontier {
    uint64_t size;
    size_t count;
    struct ws_hash peaks[64];
};
void ws_frontier_add(struct ws_frontier *frontier, const struct ws_hash *leaf);
void ws_frontier_root(const struct ws_frontier *frontier, struct ws_hash *out);

/* Where proofs get the nodes of a tree from. */
struct ws_merkle_nodes {
    enum ws_status (*read)(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                           struct ws_error *err);
    void *user;
};

/* The root of the first `size` leaves. */
WS_MUST_CHECK enum ws_status ws_merkle_root(const struct ws_merkle_nodes *nodes, uint64_t size,
                                            struct ws_hash *out, struct ws_error *err);
/* WS_INVALID unless index < size. */
WS_MUST_CHECK enum ws_status ws_merkle_prove_inclusion(const struct ws_merkle_nodes *nodes,
                                                       uint64_t index, uint64_t size,
                                                       struct ws_merkle_proof *out,
                                                       struct ws_error *err);
/* WS_INVALID unless 0 < old_size <= size. */
WS_MUST_CHECK enum ws_status ws_merkle_prove_consistency(const struct ws_merkle_nodes *nodes,
                                                         uint64_t old_size, uint64_t size,
                                                         struct ws_merkle_proof *out,
                                                         struct ws_error *err);

#endif
