/*
 * Merkle trees: the hashes of RFC 6962, roots against the definition in RFC 9162, section 2.1.1,
 * and proofs of every kind for all sizes up to 70, good and spoiled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "ledger/merkle.h"

enum { LEAVES = 70 };

static struct ws_hash leaves[LEAVES];

static int make_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEAVES; i++)
        ws_merkle_leaf(ws_bytes_of(&(uint8_t){(uint8_t)i}, 1), &leaves[i]);
    return 0;
}

/* MTH(D[start:end]), word for word. */
static void define(uint64_t start, uint64_t end, struct ws_hash *out)
{
    struct ws_hash left, right;
    uint64_t k = 1;
    if (end == start) {
        ws_merkle_empty(out);
    } else if (end - start == 1) {
        *out = leaves[start];
    } else {
        while (2 * k < end - start)
            k *= 2;
        define(start, start + k, &left);
        define(start + k, end, &right);
        ws_merkle_node(&left, &right, out);
    }
}

static enum ws_status read_node(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                                struct ws_error *err)
{
    uint64_t end = (index + 1) << level;
    if (end > *(const uint64_t *)user)
        return ws_fail(err, WS_NOT_FOUND, "node %u %llu is not full", level,
                       (unsigned long long)index);
    define(index << level, end, out);
    return WS_OK;
}

static void assert_hex(const struct ws_hash *hash, const char *wanted)
{
    char text[WS_HASH_TEXT_SIZE];
    ws_hash_text(hash, text);
    assert_string_equal(text, wanted);
}

static void merkle__hashes_as_rfc_6962(void **state)
{
    (void)state;
    struct ws_hash hash;
    ws_merkle_empty(&hash);
    assert_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ws_merkle_leaf(ws_bytes_of_text(""), &hash);
    assert_hex(&hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    ws_merkle_leaf(ws_bytes_of_text("L123456"), &hash);
    assert_hex(&hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    /* Of two nodes of four letters; here all have 32 bytes. */
    assert_int_equal(ws_hash_of(ws_bytes_of_text("\x01N123N456"), &hash, NULL), WS_OK);
    assert_hex(&hash, "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

/* The eight leaves of Certificate Transparency's tests, and their roots. */
static void merkle__has_the_roots_of_the_reference_tree(void **state)
{
    static const struct {
        const char *leaf;
        size_t size;
        const char *root;
    } tree[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"@ABC", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"PQRSTUVW", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"`abcdefghijklmno", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    (void)state;
    struct ws_frontier frontier = {0};
    for (size_t i = 0; i < sizeof tree / sizeof *tree; i++) {
        struct ws_hash leaf, root;
        ws_merkle_leaf(ws_bytes_of(tree[i].leaf, tree[i].size), &leaf);
        ws_frontier_add(&frontier, &leaf);
        ws_frontier_root(&frontier, &root);
        assert_hex(&root, tree[i].root);
    }
}

/* The leaf that Go's tlog tests name. */
static void merkle__hashes_as_go(void **state)
{
    (void)state;
    struct ws_hash hash;
    char storage[64];
    struct ws_buffer text;
    ws_buffer_fix(&text, storage, sizeof storage);
    ws_merkle_leaf(ws_bytes_of_text("hello world"), &hash);
    ws_base64_append(&text, ws_bytes_of(hash.bytes, WS_HASH_SIZE));
    assert_string_equal(ws_buffer_string(&text), "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=");
}

static void merkle__roots_follow_the_definition(void **state)
{
    (void)state;
    struct ws_frontier frontier = {0};
    for (uint64_t size = 0; size <= LEAVES; size++) {
        struct ws_hash defined, grown, read;
        const struct ws_merkle_nodes nodes = {read_node, &size};
        define(0, size, &defined);
        ws_frontier_root(&frontier, &grown);
        assert_true(ws_hash_equal(&grown, &defined));
        assert_int_equal(ws_merkle_root(&nodes, size, &read, NULL), WS_OK);
        assert_true(ws_hash_equal(&read, &defined));
        assert_int_equal(frontier.size, size);
        if (size < LEAVES)
            ws_frontier_add(&frontier, &leaves[size]);
    }
}

static void merkle__proves_every_leaf_of_every_size(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct ws_hash root;
        struct ws_error err;
        const struct ws_merkle_nodes nodes = {read_node, &size};
        define(0, size, &root);
        for (uint64_t index = 0; index < size; index++) {
            struct ws_merkle_proof proof;
            assert_int_equal(ws_merkle_prove_inclusion(&nodes, index, size, &proof, &err), WS_OK);
            assert_int_equal(
                ws_merkle_check_inclusion(index, size, &leaves[index], &proof, &root, &err), WS_OK);
            uint64_t other = (index + 1) % LEAVES;
            assert_int_equal(
                ws_merkle_check_inclusion(index, size, &leaves[other], &proof, &root, &err),
                WS_CORRUPT);
            if (size > 1)
                assert_int_equal(ws_merkle_check_inclusion((index + 1) % size, size, &leaves[index],
                                                           &proof, &root, &err),
                                 WS_CORRUPT);
            for (size_t i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i % 32] ^= 1;
                assert_int_equal(
                    ws_merkle_check_inclusion(index, size, &leaves[index], &proof, &root, &err),
                    WS_CORRUPT);
                proof.hashes[i].bytes[i % 32] ^= 1;
            }
            proof.hashes[proof.count++] = leaves[0];
            assert_int_equal(
                ws_merkle_check_inclusion(index, size, &leaves[index], &proof, &root, &err),
                WS_CORRUPT);
            proof.count -= 2;
            if (proof.count < WS_MERKLE_PROOF_LIMIT)
                assert_int_equal(
                    ws_merkle_check_inclusion(index, size, &leaves[index], &proof, &root, &err),
                    WS_CORRUPT);
        }
    }
}

/* Of an entry behind the tree's end, and of a tree that is larger than the one it should become. */
static void merkle__refuses_proofs_ahead_of_the_tree(void **state)
{
    (void)state;
    for (uint64_t size = 1; size < LEAVES; size++) {
        struct ws_merkle_proof way, growth;
        struct ws_hash root, next_root;
        struct ws_error err;
        uint64_t next = size + 1;
        const struct ws_merkle_nodes nodes = {read_node, &next};
        define(0, size, &root);
        define(0, next, &next_root);
        assert_int_equal(ws_merkle_prove_inclusion(&nodes, size, next, &way, &err), WS_OK);
        assert_int_equal(ws_merkle_check_inclusion(size, size, &leaves[size], &way, &root, &err),
                         WS_CORRUPT);
        assert_int_equal(
            ws_merkle_check_inclusion(size, size, &leaves[size], &way, &next_root, &err),
            WS_CORRUPT);
        assert_int_equal(ws_merkle_prove_consistency(&nodes, size, next, &growth, &err), WS_OK);
        assert_int_equal(ws_merkle_check_consistency(next, &next_root, size, &root, &growth, &err),
                         WS_INVALID);
    }
}

static void merkle__proves_every_growth(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct ws_hash root, old_root;
        struct ws_error err;
        const struct ws_merkle_nodes nodes = {read_node, &size};
        define(0, size, &root);
        for (uint64_t old = 1; old <= size; old++) {
            struct ws_merkle_proof proof;
            define(0, old, &old_root);
            assert_int_equal(ws_merkle_prove_consistency(&nodes, old, size, &proof, &err), WS_OK);
            assert_int_equal(ws_merkle_check_consistency(old, &old_root, size, &root, &proof, &err),
                             WS_OK);
            assert_int_equal(
                ws_merkle_check_consistency(old, &leaves[1], size, &root, &proof, &err),
                WS_CORRUPT);
            assert_int_equal(
                ws_merkle_check_consistency(old, &old_root, size, &leaves[1], &proof, &err),
                WS_CORRUPT);
            for (size_t i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i % 32] ^= 0x80;
                assert_int_equal(
                    ws_merkle_check_consistency(old, &old_root, size, &root, &proof, &err),
                    WS_CORRUPT);
                proof.hashes[i].bytes[i % 32] ^= 0x80;
            }
            proof.hashes[proof.count++] = leaves[0];
            assert_int_equal(ws_merkle_check_consistency(old, &old_root, size, &root, &proof, &err),
                             WS_CORRUPT);
        }
    }
}

static void merkle__refuses_sizes_that_prove_nothing(void **state)
{
    (void)state;
    uint64_t size = 8;
    const struct ws_merkle_nodes nodes = {read_node, &size};
    struct ws_merkle_proof proof = {.count = 0};
    struct ws_error err;
    assert_int_equal(ws_merkle_check_consistency(0, &leaves[0], 8, &leaves[1], &proof, &err),
                     WS_INVALID);
    assert_int_equal(ws_merkle_check_consistency(9, &leaves[0], 8, &leaves[1], &proof, &err),
                     WS_INVALID);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 0, 8, &proof, &err), WS_INVALID);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 9, 8, &proof, &err), WS_INVALID);
    assert_int_equal(ws_merkle_prove_inclusion(&nodes, 8, 8, &proof, &err), WS_INVALID);
    assert_int_equal(ws_merkle_check_inclusion(0, 0, &leaves[0], &proof, &leaves[0], &err),
                     WS_CORRUPT);
    assert_int_equal(ws_merkle_check_inclusion(8, 8, &leaves[0], &proof, &leaves[0], &err),
                     WS_CORRUPT);
}

/* The longest way there is. */
static void merkle__proofs_fit_the_largest_log(void **state)
{
    (void)state;
    struct ws_merkle_proof proof = {.count = 63};
    struct ws_hash root = leaves[0];
    struct ws_error err;
    for (size_t i = 0; i < 63; i++) {
        proof.hashes[i] = leaves[i];
        ws_merkle_node(&root, &leaves[i], &root);
    }
    assert_int_equal(
        ws_merkle_check_inclusion(0, WS_MERKLE_SIZE_LIMIT, &leaves[0], &proof, &root, &err), WS_OK);
    proof.count = 62;
    assert_int_equal(
        ws_merkle_check_inclusion(0, WS_MERKLE_SIZE_LIMIT, &leaves[0], &proof, &root, &err),
        WS_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merkle__hashes_as_rfc_6962),
        cmocka_unit_test(merkle__has_the_roots_of_the_reference_tree),
        cmocka_unit_test(merkle__hashes_as_go),
        cmocka_unit_test(merkle__roots_follow_the_definition),
        cmocka_unit_test(merkle__proves_every_leaf_of_every_size),
        cmocka_unit_test(merkle__refuses_proofs_ahead_of_the_tree),
        cmocka_unit_test(merkle__proves_every_growth),
        cmocka_unit_test(merkle__refuses_sizes_that_prove_nothing),
        cmocka_unit_test(merkle__proofs_fit_the_largest_log),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
