/*
 * A log that lies nowhere: its tree, its checkpoints of every size, and forks of it. To be included
 * behind cmocka.h.
 */
#ifndef WS_TESTS_MADE_LOG_H
#define WS_TESTS_MADE_LOG_H

#include <stdio.h>

#include "ledger/note.h"
#include "ledger/witness_request.h"

struct made_log {
    struct ws_note_signer signer;
    const char *origin;
    uint64_t forks_at; /* entries from here on are others' */
};

/* A new key whose name is given; what is made lives in the arena. */
static inline void make_signer(const char *name, enum ws_key_type type, struct ws_arena *arena,
                               struct ws_note_signer *out)
{
    struct ws_error err;
    if (ws_note_signer_make(name, type, arena, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static inline struct made_log make_log(const char *origin, struct ws_arena *arena)
{
    struct made_log log = {.origin = origin, .forks_at = UINT64_MAX};
    make_signer(origin, WS_KEY_ED25519, arena, &log.signer);
    return log;
}

static inline const char *print_key(const struct ws_note_signer *signer, struct ws_arena *arena)
{
    struct ws_note_key key;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    assert_int_equal(ws_note_signer_key(signer, &key, NULL), WS_OK);
    ws_note_key_append(&text, &key);
    const char *copy = ws_arena_text(arena, ws_buffer_string(&text));
    ws_note_key_close(&key);
    ws_buffer_release(&text);
    return copy;
}

static inline void made_leaf(const struct made_log *log, uint64_t index, struct ws_hash *out)
{
    char entry[64];
    int size = snprintf(entry, sizeof entry, "%s entry %llu",
                        index < log->forks_at ? "true" : "false", (unsigned long long)index);
    ws_merkle_leaf(ws_bytes_of(entry, (size_t)size), out);
}

static inline enum ws_status made_node(void *log, unsigned level, uint64_t index,
                                       struct ws_hash *out, struct ws_error *err)
{
    struct ws_frontier frontier = {0};
    (void)err;
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        struct ws_hash leaf;
        made_leaf(log, i, &leaf);
        ws_frontier_add(&frontier, &leaf);
    }
    ws_frontier_root(&frontier, out);
    return WS_OK;
}

static inline struct ws_merkle_nodes made_nodes(struct made_log *log)
{
    return (struct ws_merkle_nodes){made_node, log};
}

static inline struct ws_bytes keep_buffer(struct ws_buffer *buffer, struct ws_arena *arena)
{
    assert_int_equal(buffer->status, WS_OK);
    struct ws_bytes bytes = {ws_arena_copy(arena, buffer->data, buffer->size), buffer->size};
    ws_buffer_release(buffer);
    return bytes;
}

/* A checkpoint that says what is wanted, signed by the log's key. */
static inline struct ws_bytes sign_checkpoint(const struct made_log *log,
                                              const struct ws_checkpoint *checkpoint,
                                              struct ws_arena *arena)
{
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, WS_NOTE_LIMIT);
    ws_checkpoint_append(&note, checkpoint);
    struct ws_bytes text = {ws_arena_copy(arena, note.data, note.size), note.size};
    ws_buffer_u8(&note, '\n');
    assert_int_equal(ws_note_sign(&note, text, &log->signer, 0, arena, NULL), WS_OK);
    return keep_buffer(&note, arena);
}

static inline struct ws_bytes made_checkpoint(struct made_log *log, uint64_t size,
                                              struct ws_arena *arena)
{
    struct ws_checkpoint checkpoint = {.origin = log->origin, .size = size};
    const struct ws_merkle_nodes nodes = made_nodes(log);
    assert_int_equal(ws_merkle_root(&nodes, size, &checkpoint.root, NULL), WS_OK);
    return sign_checkpoint(log, &checkpoint, arena);
}

static inline struct ws_bytes print_request(const struct ws_witness_request *request,
                                            struct ws_arena *arena)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, WS_NOTE_LIMIT);
    ws_witness_request_append(&text, request);
    return keep_buffer(&text, arena);
}

/* The bytes with another letter of base64 at `at`, so that they stay what they are in form. */
static inline struct ws_bytes turn_letter(struct ws_bytes bytes, size_t at, struct ws_arena *arena)
{
    uint8_t *turned = ws_arena_copy(arena, bytes.data, bytes.size);
    turned[at] = turned[at] == 'A' ? 'B' : 'A';
    return ws_bytes_of(turned, bytes.size);
}

/* What an honest log would send: the proof from `old` on, where there is one. */
static inline struct ws_bytes made_request(struct made_log *log, uint64_t old, uint64_t size,
                                           struct ws_arena *arena)
{
    struct ws_witness_request request = {
        .old_size = old, .proof.count = 0, .checkpoint = made_checkpoint(log, size, arena)};
    const struct ws_merkle_nodes nodes = made_nodes(log);
    if (old > 0 && old <= size)
        assert_int_equal(ws_merkle_prove_consistency(&nodes, old, size, &request.proof, NULL),
                         WS_OK);
    return print_request(&request, arena);
}

#endif
