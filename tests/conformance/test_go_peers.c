/*
 * Go's golang.org/x/mod/sumdb/note and tlog read and verify a log that was written here, and what
 * they write is verified here: tiles, bundles, checkpoints, proofs. Debian's golang-go and
 * golang-golang-x-mod-dev; skipped where they are not installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "support/place.h"

#define GO_PACKAGES "/usr/share/gocode"
#define PEER        WS_SOURCE_DIR "/tests/conformance/go/log_peer.go"

enum { OLD = 300, NEW = 66000, TEXT_SIZE = 160 };

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct place place;
    const char *log; /* in `place`, with the peer and what its compiler keeps */
};

/* Go's program, compiled, with these arguments; what it says is in `said`. */
static bool run_peer(const struct stand *stand, const char *work, const char *more)
{
    char command[400];
    (void)snprintf(command, sizeof command, "cd '%s' && ./log_peer %s log %s >said 2>&1",
                   stand->place.path, work, more);
    return system(command) == 0;
}

static const char *said(struct stand *stand)
{
    struct ws_bytes text = contents(&stand->arena, join(&stand->arena, stand->place.path, "said"));
    return ws_arena_text_of(&stand->arena, text.data, text.size);
}

static int open_stand(void **state)
{
    static struct stand stand;
    char command[600];
    *state = NULL;
    if (system("command -v go >/dev/null") != 0 || !ws_file_exists(PEER) ||
        !ws_directory_exists(GO_PACKAGES "/src/golang.org/x/mod/sumdb/tlog"))
        return 0;
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    stand.log = join(&stand.arena, stand.place.path, "log");
    (void)snprintf(command, sizeof command,
                   "GO111MODULE=off CGO_ENABLED=0 GOPATH=" GO_PACKAGES " GOCACHE='%s/cache' "
                   "go build -o '%s/log_peer' '%s'",
                   stand.place.path, stand.place.path, PEER);
    if (system(command) != 0)
        return -1;
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    if (!stand)
        return 0;
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

static struct ws_log_reader reader; /* too large for a stack */

/* Ours, for Go -------------------------------------------------------------------------------- */

static void add(struct stand *stand, struct ws_log_store *log, uint64_t size)
{
    static char texts[NEW][TEXT_SIZE];
    static struct ws_bytes entries[NEW];
    uint64_t first;
    size_t count = (size_t)(size - log->count);
    for (size_t i = 0; i < count; i++) {
        uint64_t index = log->count + i;
        int length =
            snprintf(texts[i], TEXT_SIZE, "%*llu", (int)(index % 150), (unsigned long long)index);
        entries[i] = ws_bytes_of(texts[i], index == 7 ? 0 : (size_t)length);
    }
    if (ws_log_add(log, entries, count, &first, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
}

static void append_proof(struct ws_buffer *out, const char *kind, uint64_t a, uint64_t size,
                         const struct ws_merkle_proof *proof)
{
    ws_buffer_format(out, "%s %llu %llu", kind, (unsigned long long)a, (unsigned long long)size);
    for (size_t i = 0; i < proof->count; i++) {
        ws_buffer_u8(out, ' ');
        ws_base64_append(out, ws_bytes_of(proof->hashes[i].bytes, WS_HASH_SIZE));
    }
    ws_buffer_u8(out, '\n');
}

static void append_proofs(struct stand *stand, struct ws_buffer *out, uint64_t size)
{
    struct ws_merkle_proof proof;
    ws_log_reader_init(&reader, stand->log, size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    for (uint64_t i = 0; i < size; i += 1 + size / 50) {
        assert_int_equal(ws_merkle_prove_inclusion(&nodes, i, size, &proof, &stand->err), WS_OK);
        append_proof(out, "record", i, size, &proof);
        assert_int_equal(ws_merkle_prove_consistency(&nodes, i + 1, size, &proof, &stand->err),
                         WS_OK);
        append_proof(out, "tree", i + 1, size, &proof);
    }
}

static void log__is_verified_by_go(void **state)
{
    struct stand *stand = *state;
    struct ws_note_signer signer;
    struct ws_log_store log;
    struct ws_buffer proofs;
    if (!stand)
        skip();
    assert_int_equal(ws_note_signer_make("log.example/ours", WS_KEY_ED25519, &stand->arena, &signer,
                                         &stand->err),
                     WS_OK);
    assert_int_equal(ws_log_make(stand->log, &signer, &stand->err), WS_OK);
    assert_int_equal(ws_log_open(stand->log, NULL, &log, &stand->err), WS_OK);
    ws_buffer_init(&proofs, NULL, SIZE_MAX);
    for (int i = 0; i < 2; i++) {
        add(stand, &log, i == 0 ? OLD : NEW);
        assert_int_equal(ws_log_publish(&log, &signer, &stand->err), WS_OK);
        append_proofs(stand, &proofs, log.size);
    }
    assert_int_equal(ws_file_replace(join(&stand->arena, stand->log, "proofs"),
                                     ws_buffer_bytes(&proofs), &stand->err),
                     WS_OK);
    ws_log_close(&log);
    ws_note_signer_close(&signer);

    if (!run_peer(stand, "check", ""))
        fail_msg("%s", said(stand));
    assert_string_equal(said(stand), "66000 3 186\n"); /* entries, checkpoints, proofs */

    /* It would have noticed. */
    ws_buffer_text(&proofs, "record 5 300 5n6mhgfNLfKTQ2KDsCHk1bnZbmQDdMZM6Gz4cn0TDuM=\n");
    assert_int_equal(ws_file_replace(join(&stand->arena, stand->log, "proofs"),
                                     ws_buffer_bytes(&proofs), &stand->err),
                     WS_OK);
    assert_false(run_peer(stand, "check", ""));
    assert_non_null(strstr(said(stand), "invalid transparency proof"));
    ws_buffer_release(&proofs);
}

/* Go's, for us -------------------------------------------------------------------------------- */

static struct ws_checkpoint checkpoint_of_go(struct stand *stand)
{
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    struct ws_bytes rest, vkey = contents(&stand->arena, join(&stand->arena, stand->log, "vkey"));
    struct ws_bytes bytes = contents(&stand->arena, join(&stand->arena, stand->log, "checkpoint"));
    assert_true(ws_bytes_split(vkey, '\n', &vkey, &rest));
    assert_int_equal(ws_note_key_read(vkey, &stand->arena, &key, &stand->err), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    assert_int_equal(ws_note_read(bytes, &stand->arena, &note, &stand->err), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, &stand->arena, &proof, &stand->err), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(ws_checkpoint_read(note.text, &stand->arena, &checkpoint, &stand->err), WS_OK);
    assert_string_equal(checkpoint.origin, "go.example/log");
    ws_note_key_close(&key);
    return checkpoint;
}

/* Every entry is the leaf in its tile, and all lead to the root. */
static void assert_entries(struct stand *stand, const struct ws_checkpoint *checkpoint)
{
    struct ws_frontier frontier = {0};
    struct ws_bytes entries[WS_TILE_WIDTH], hashes;
    struct ws_hash leaf, root;
    for (uint64_t n = 0; n * WS_TILE_WIDTH < checkpoint->size; n++) {
        struct ws_tile tile = {.index = n, .width = ws_tile_width(0, n, checkpoint->size)};
        assert_int_equal(ws_log_read_tile(stand->log, &tile, &stand->arena, &hashes, &stand->err),
                         WS_OK);
        tile.is_bundle = true;
        assert_int_equal(ws_log_read_bundle(stand->log, &tile, &stand->arena, entries, &stand->err),
                         WS_OK);
        for (unsigned i = 0; i < tile.width; i++) {
            ws_merkle_leaf(entries[i], &leaf);
            assert_memory_equal(leaf.bytes, hashes.data + i * (size_t)WS_HASH_SIZE, WS_HASH_SIZE);
            ws_frontier_add(&frontier, &leaf);
        }
    }
    ws_frontier_root(&frontier, &root);
    assert_true(ws_hash_equal(&root, &checkpoint->root));
    ws_log_reader_init(&reader, stand->log, checkpoint->size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_root(&nodes, checkpoint->size, &root, &stand->err), WS_OK);
    assert_true(ws_hash_equal(&root, &checkpoint->root));
}

static uint64_t take_number(struct ws_bytes *line)
{
    struct ws_bytes word;
    uint64_t number;
    if (!ws_bytes_split(*line, ' ', &word, line)) {
        word = *line;
        line->size = 0;
    }
    assert_true(ws_read_size(word, &number));
    return number;
}

static void take_hashes(struct ws_bytes line, struct ws_merkle_proof *out)
{
    struct ws_bytes word;
    for (out->count = 0; line.size > 0; out->count++) {
        if (!ws_bytes_split(line, ' ', &word, &line)) {
            word = line;
            line.size = 0;
        }
        assert_true(ws_base64_read_fixed(word, out->hashes[out->count].bytes, WS_HASH_SIZE));
    }
}

/* Go's proof leads from the tiles' nodes to the roots, and is the one that we would have made. */
static void assert_proof(struct stand *stand, struct ws_bytes line)
{
    struct ws_bytes kind;
    struct ws_merkle_proof proof, ours;
    struct ws_hash root, old;
    assert_true(ws_bytes_split(line, ' ', &kind, &line));
    uint64_t a = take_number(&line), size = take_number(&line);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    take_hashes(line, &proof);
    assert_int_equal(ws_merkle_root(&nodes, size, &root, &stand->err), WS_OK);
    if (ws_bytes_is(kind, "record")) {
        assert_int_equal(ws_log_reader_node(&reader, 0, a, &old, &stand->err), WS_OK);
        assert_int_equal(ws_merkle_check_inclusion(a, size, &old, &proof, &root, &stand->err),
                         WS_OK);
        assert_int_equal(ws_merkle_prove_inclusion(&nodes, a, size, &ours, &stand->err), WS_OK);
    } else {
        assert_int_equal(ws_merkle_root(&nodes, a, &old, &stand->err), WS_OK);
        assert_int_equal(ws_merkle_check_consistency(a, &old, size, &root, &proof, &stand->err),
                         WS_OK);
        assert_int_equal(ws_merkle_prove_consistency(&nodes, a, size, &ours, &stand->err), WS_OK);
    }
    assert_int_equal(ours.count, proof.count);
    assert_memory_equal(ours.hashes, proof.hashes, proof.count * sizeof *proof.hashes);
}

static void log__of_go_is_verified(void **state)
{
    struct stand *stand = *state;
    struct ws_bytes line, proofs;
    size_t count = 0;
    if (!stand)
        skip();
    if (!run_peer(stand, "write", "300 66000"))
        fail_msg("%s", said(stand));
    struct ws_checkpoint checkpoint = checkpoint_of_go(stand);
    assert_int_equal(checkpoint.size, NEW);
    assert_entries(stand, &checkpoint);
    proofs = contents(&stand->arena, join(&stand->arena, stand->log, "proofs"));
    for (; ws_bytes_split(proofs, '\n', &line, &proofs); count++)
        assert_proof(stand, line);
    assert_int_equal(count, 186);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log__is_verified_by_go, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(log__of_go_is_verified, open_stand, close_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
