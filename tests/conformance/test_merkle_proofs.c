/*
 * Inclusion and consistency proofs of transparency-dev/merkle, good and bad ones, where they are:
 * their licence is another, so the project does not hold them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "ledger/merkle.h"

#define PROOFS WS_SOURCE_DIR "/../shared/conformance/merkle"

/* Some cases have roots of a few letters, for whom only equality counts: their hash stands for
 * them. */
static bool read_root(const json_t *json, struct ws_hash *out)
{
    struct ws_bytes text = ws_bytes_of_text(json_string_value(json));
    return ws_base64_read_fixed(text, out->bytes, WS_HASH_SIZE) ||
           ws_hash_of(text, out, NULL) == WS_OK;
}

/* False where the text is no hash: such a case must be refused too. */
static bool read_hash(const json_t *json, struct ws_hash *out)
{
    return ws_base64_read_fixed(ws_bytes_of_text(json_string_value(json)), out->bytes,
                                WS_HASH_SIZE);
}

static bool read_proof(const json_t *json, struct ws_merkle_proof *out)
{
    out->count = json_array_size(json);
    if (out->count > WS_MERKLE_PROOF_LIMIT)
        return false;
    for (size_t i = 0; i < out->count; i++)
        if (!read_hash(json_array_get(json, i), &out->hashes[i]))
            return false;
    return true;
}

/* Read as reals, since one case has 2^64 - 1, which jansson takes for no integer. */
static uint64_t number(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));
    return value < 0x1p64 ? (uint64_t)value : UINT64_MAX;
}

static bool is_included(const json_t *test)
{
    struct ws_hash leaf, root;
    struct ws_merkle_proof proof;
    return read_hash(json_object_get(test, "leafHash"), &leaf) &&
           read_root(json_object_get(test, "root"), &root) &&
           read_proof(json_object_get(test, "proof"), &proof) &&
           ws_merkle_check_inclusion(number(test, "leafIdx"), number(test, "treeSize"), &leaf,
                                     &proof, &root, NULL) == WS_OK;
}

static bool is_consistent(const json_t *test)
{
    struct ws_hash old_root, root;
    struct ws_merkle_proof proof;
    return read_root(json_object_get(test, "root1"), &old_root) &&
           read_root(json_object_get(test, "root2"), &root) &&
           read_proof(json_object_get(test, "proof"), &proof) &&
           ws_merkle_check_consistency(number(test, "size1"), &old_root, number(test, "size2"),
                                       &root, &proof, NULL) == WS_OK;
}

static void check_file(const char *path, bool (*verify)(const json_t *), struct ws_arena *arena)
{
    struct ws_bytes bytes;
    assert_int_equal(ws_file_read(path, 1 << 20, arena, &bytes, NULL), WS_OK);
    json_t *test = json_loadb((const char *)bytes.data, bytes.size, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(test);
    bool wanted = !json_is_true(json_object_get(test, "wantErr"));
    if (verify(test) != wanted)
        fail_msg("%s: %s", path, wanted ? "refused" : "taken");
    json_decref(test);
}

/* How many there are in a folder and those below. */
static size_t check_all(const char *folder, bool (*verify)(const json_t *), struct ws_arena *arena)
{
    struct ws_names names;
    size_t count = 0;
    assert_int_equal(ws_directory_list(folder, arena, &names, NULL), WS_OK);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = ws_arena_format(arena, "%s/%s", folder, names.items[i]);
        if (ws_directory_exists(path)) {
            count += check_all(path, verify, arena);
        } else {
            check_file(path, verify, arena);
            count++;
        }
    }
    return count;
}

static void check_kind(const char *folder, bool (*verify)(const json_t *))
{
    struct ws_arena arena;
    if (!ws_directory_exists(folder))
        skip();
    ws_arena_init(&arena, NULL);
    assert_int_equal(check_all(folder, verify, &arena), 98);
    ws_arena_release(&arena);
}

static void proofs__of_inclusion_are_judged_alike(void **state)
{
    (void)state;
    check_kind(PROOFS "/inclusion", is_included);
}

static void proofs__of_consistency_are_judged_alike(void **state)
{
    (void)state;
    check_kind(PROOFS "/consistency", is_consistent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs__of_inclusion_are_judged_alike),
        cmocka_unit_test(proofs__of_consistency_are_judged_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
