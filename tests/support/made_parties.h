/*
 * A log and its witnesses in memory: whose keys are at hand, so that a test can have them sign what
 * they never should.
 */
#ifndef WS_TESTS_MADE_PARTIES_H
#define WS_TESTS_MADE_PARTIES_H

#include <stddef.h>

#include "ledger/roles.h"

enum { MADE_WITNESSES = 4, MADE_ENTRIES = 64 };

/* Witness i is named "w<i>". */
struct made_parties {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer log, witnesses[MADE_WITNESSES];
    struct ws_trust trust;
    struct ws_roles roles;
};

/* What a log says that it holds: it may say different things to different people. */
struct made_tree {
    struct ws_bytes entries[MADE_ENTRIES];
    struct ws_hash leaves[MADE_ENTRIES];
    uint64_t size;
};

/* As notes print it; in the arena. */
static inline const char *made_key_text(const struct ws_note_signer *signer,
                                        struct made_parties *made)
{
    struct ws_note_key key;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    assert_int_equal(ws_note_signer_key(signer, &key, &made->err), WS_OK);
    ws_note_key_append(&text, &key);
    const char *copy = ws_arena_text(&made->arena, ws_buffer_string(&text));
    ws_note_key_close(&key);
    ws_buffer_release(&text);
    return copy;
}

/* The log and its witnesses. */
static inline void made_parties_begin(struct made_parties *made)
{
    *made = (struct made_parties){.err.message = ""};
    ws_arena_init(&made->arena, NULL);
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &made->arena, &made->log, &made->err),
        WS_OK);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        assert_int_equal(ws_note_signer_make(ws_arena_format(&made->arena, "w%zu", i),
                                             WS_KEY_COSIGNATURE, &made->arena, &made->witnesses[i],
                                             &made->err),
                         WS_OK);
}

/* Who trusts them: `groups` are the last lines of the policy, `roles` those behind the first of the
 * roles. */
static inline void made_parties_trust(struct made_parties *made, const char *groups,
                                      const char *roles)
{
    const char *policy = ws_arena_format(&made->arena, "log %s\n", made_key_text(&made->log, made));
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        policy = ws_arena_format(&made->arena, "%switness w%zu %s\n", policy, i,
                                 made_key_text(&made->witnesses[i], made));
    policy = ws_arena_format(&made->arena, "%s%s", policy, groups);
    roles = ws_arena_format(&made->arena, "urn:wellspring:roles:v1\n%s", roles);
    if (ws_trust_read(ws_bytes_of_text(policy), "policy", &made->arena, &made->trust, &made->err) !=
            WS_OK ||
        ws_roles_read(ws_bytes_of_text(roles), "roles", &made->trust, &made->arena, &made->roles,
                      &made->err) != WS_OK)
        fail_msg("%s", made->err.message);
}

static inline void made_parties_close(struct made_parties *made)
{
    ws_note_signer_close(&made->log);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        ws_note_signer_close(&made->witnesses[i]);
    ws_roles_close(&made->roles);
    ws_trust_close(&made->trust);
    ws_arena_release(&made->arena);
}

/* The entry's index. */
static inline uint64_t made_tree_add(struct made_tree *tree, struct ws_bytes entry)
{
    assert_true(tree->size < MADE_ENTRIES);
    tree->entries[tree->size] = entry;
    ws_merkle_leaf(entry, &tree->leaves[tree->size]);
    return tree->size++;
}

/* Adds entries until there are `size`, which name `who`. */
static inline void made_tree_grow(struct made_tree *tree, uint64_t size, const char *who,
                                  struct made_parties *made)
{
    while (tree->size < size)
        made_tree_add(tree, ws_bytes_of_text(
                                ws_arena_format(&made->arena, "%s %zu", who, (size_t)tree->size)));
}

/* For ws_merkle_nodes; `user` is the tree. */
static inline enum ws_status made_tree_node(void *user, unsigned level, uint64_t index,
                                            struct ws_hash *out, struct ws_error *err)
{
    const struct made_tree *tree = user;
    struct ws_frontier frontier = {.size = 0};
    uint64_t width = UINT64_C(1) << level;
    if ((index + 1) * width > tree->size)
        return ws_fail(err, WS_NOT_FOUND, "no such tile");
    for (uint64_t i = index * width; i < (index + 1) * width; i++)
        ws_frontier_add(&frontier, &tree->leaves[i]);
    ws_frontier_root(&frontier, out);
    return WS_OK;
}

/* A checkpoint of the first `size` entries, cosigned by the witnesses whose time is not 0. */
static inline struct ws_bytes made_checkpoint(struct made_parties *made,
                                              const struct made_tree *tree, uint64_t size,
                                              const uint64_t times[MADE_WITNESSES])
{
    struct ws_checkpoint checkpoint = {.origin = "log.example", .size = size};
    struct ws_frontier frontier = {.size = 0};
    struct ws_buffer note;
    assert_true(size <= tree->size);
    for (uint64_t i = 0; i < size; i++)
        ws_frontier_add(&frontier, &tree->leaves[i]);
    ws_frontier_root(&frontier, &checkpoint.root);
    ws_buffer_init(&note, NULL, WS_NOTE_LIMIT);
    ws_checkpoint_append(&note, &checkpoint);
    struct ws_bytes text = {ws_arena_copy(&made->arena, note.data, note.size), note.size};
    ws_buffer_u8(&note, '\n');
    assert_int_equal(ws_note_sign(&note, text, &made->log, 0, &made->arena, &made->err), WS_OK);
    for (size_t i = 0; i < MADE_WITNESSES; i++)
        if (times[i] > 0)
            assert_int_equal(
                ws_note_sign(&note, text, &made->witnesses[i], times[i], &made->arena, &made->err),
                WS_OK);
    struct ws_bytes copy = {ws_arena_copy(&made->arena, note.data, note.size), note.size};
    ws_buffer_release(&note);
    return copy;
}

#endif
