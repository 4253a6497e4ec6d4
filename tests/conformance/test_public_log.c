/*
 * A whole log that another implementation wrote (transparency-dev/tessera), where it is: every
 * checkpoint, tile and bundle of sizes 0 to 15.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "ledger/log_checkpoint.h"
#include "ledger/note.h"
#include "ledger/tile.h"

#define LOG WS_SOURCE_DIR "/../shared/conformance/tlog/log"
#define KEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

enum { SIZE = 15 };

static const char *const words[SIZE] = {"one",    "two",   "three",    "four",    "five",
                                        "six",    "seven", "eit",      "nain",    "ten",
                                        "ileven", "twelf", "threeten", "fourten", "fivten"};

static struct ws_bytes read_file(const char *name, struct ws_arena *arena)
{
    char path[PATH_MAX];
    struct ws_bytes bytes;
    struct ws_error err;
    (void)snprintf(path, sizeof path, LOG "/%s", name);
    if (ws_file_read(path, 1 << 20, arena, &bytes, &err) != WS_OK)
        fail_msg("%s", err.message);
    return bytes;
}

static void assert_checkpoint(unsigned size, const struct ws_note_key *key,
                              const struct ws_frontier *frontier, struct ws_arena *arena)
{
    const struct ws_note_key *const keys[] = {key};
    char name[32];
    struct ws_note note;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    struct ws_hash root;
    (void)snprintf(name, sizeof name, "checkpoint.%u", size);
    assert_int_equal(ws_note_read(read_file(name, arena), arena, &note, NULL), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, arena, &proof, NULL), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(ws_checkpoint_read(note.text, arena, &checkpoint, NULL), WS_OK);
    assert_string_equal(checkpoint.origin, key->name);
    assert_int_equal(checkpoint.size, size);
    ws_frontier_root(frontier, &root);
    assert_true(ws_hash_equal(&checkpoint.root, &root));
}

static void assert_files(unsigned size, const struct ws_hash leaves[], struct ws_arena *arena)
{
    char path[WS_TILE_PATH_SIZE];
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_tile tile = {.width = size};
    ws_tile_path(&tile, path);
    struct ws_bytes hashes = read_file(path, arena);
    assert_int_equal(hashes.size, size * WS_HASH_SIZE);
    assert_memory_equal(hashes.data, leaves, hashes.size);
    tile.is_bundle = true;
    ws_tile_path(&tile, path);
    assert_int_equal(ws_bundle_read(read_file(path, arena), size, entries, NULL), WS_OK);
    for (unsigned i = 0; i < size; i++) {
        assert_int_equal(entries[i].size, strlen(words[i]));
        assert_memory_equal(entries[i].data, words[i], entries[i].size);
    }
}

static void log__of_others_is_read_whole(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_note_key key;
    struct ws_frontier frontier = {0};
    struct ws_hash leaves[SIZE];
    if (!ws_directory_exists(LOG))
        skip();
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_note_key_read(ws_bytes_of_text(KEY), &arena, &key, NULL), WS_OK);
    assert_checkpoint(0, &key, &frontier, &arena);
    for (unsigned size = 1; size <= SIZE; size++) {
        ws_merkle_leaf(ws_bytes_of_text(words[size - 1]), &leaves[size - 1]);
        ws_frontier_add(&frontier, &leaves[size - 1]);
        assert_checkpoint(size, &key, &frontier, &arena);
        assert_files(size, leaves, &arena);
    }
    ws_note_key_close(&key);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__of_others_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
