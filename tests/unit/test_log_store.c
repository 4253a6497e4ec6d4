/*
 * A log in a directory: what is added is kept, what is published can be proven, one writer at a
 * time, and what was cut short or changed is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_journal.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "support/failing_heap.h"
#include "support/place.h"

enum { ENTRY_SIZE = 32 };

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer;
    struct place place;
    struct ws_log_store store;
};

static void open_log(struct stand *stand)
{
    if (ws_log_open(stand->place.path, NULL, &stand->store, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
}

static int open_stand(void **state)
{
    static struct stand stand;
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &stand.arena, &stand.signer, &stand.err),
        WS_OK);
    if (ws_log_make(stand.place.path, &stand.signer, &stand.err) != WS_OK)
        fail_msg("%s", stand.err.message);
    open_log(&stand);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_log_close(&stand->store);
    ws_log_close(&stand->store);
    ws_note_signer_close(&stand->signer);
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

static struct ws_bytes entry_of(uint64_t index, char out[ENTRY_SIZE])
{
    int size = snprintf(out, ENTRY_SIZE, "entry %llu", (unsigned long long)index);
    return ws_bytes_of(out, (size_t)size);
}

/* `count` more, in one go. */
static void add(struct stand *stand, size_t count)
{
    static char texts[70000][ENTRY_SIZE];
    static struct ws_bytes entries[70000];
    uint64_t first, before = stand->store.count;
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_of(before + i, texts[i]);
    if (ws_log_add(&stand->store, entries, count, &first, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
    assert_int_equal(first, before);
    assert_int_equal(stand->store.count, before + count);
}

static void publish(struct stand *stand)
{
    if (ws_log_publish(&stand->store, &stand->signer, &stand->err) != WS_OK)
        fail_msg("%s", stand->err.message);
    assert_int_equal(stand->store.size, stand->store.count);
}

static void open_again(struct stand *stand)
{
    ws_log_close(&stand->store);
    open_log(stand);
}

/* The checkpoint that the files have, whose signature is the log's. */
static struct ws_checkpoint checkpoint_of(struct stand *stand, const char *name)
{
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    assert_int_equal(ws_note_signer_key(&stand->signer, &key, &stand->err), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    struct ws_bytes bytes = contents(&stand->arena, join(&stand->arena, stand->place.path, name));
    assert_int_equal(ws_note_read(bytes, &stand->arena, &note, &stand->err), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, &stand->arena, &proof, &stand->err), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(ws_checkpoint_read(note.text, &stand->arena, &checkpoint, &stand->err), WS_OK);
    ws_note_key_close(&key);
    return checkpoint;
}

static struct ws_log_reader reader; /* too large for a stack */

/* Every `step`th entry is there and proven. */
static void assert_log(struct stand *stand, uint64_t size, uint64_t step)
{
    struct ws_checkpoint checkpoint = checkpoint_of(stand, "checkpoint");
    struct ws_frontier frontier = {0};
    struct ws_hash leaf, root;
    char text[ENTRY_SIZE];
    assert_int_equal(checkpoint.size, size);
    assert_string_equal(checkpoint.origin, "log.example");
    for (uint64_t i = 0; i < size; i++) {
        ws_merkle_leaf(entry_of(i, text), &leaf);
        ws_frontier_add(&frontier, &leaf);
    }
    ws_frontier_root(&frontier, &root);
    assert_true(ws_hash_equal(&root, &checkpoint.root));
    ws_log_reader_init(&reader, stand->place.path, size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    for (uint64_t i = 0; i < size; i += step) {
        struct ws_bytes entry;
        struct ws_merkle_proof proof;
        assert_int_equal(ws_log_reader_entry(&reader, i, &stand->arena, &entry, &stand->err),
                         WS_OK);
        assert_int_equal(entry.size, entry_of(i, text).size);
        assert_memory_equal(entry.data, text, entry.size);
        assert_int_equal(ws_merkle_prove_inclusion(&nodes, i, size, &proof, &stand->err), WS_OK);
        ws_merkle_leaf(entry, &leaf);
        assert_int_equal(ws_merkle_check_inclusion(i, size, &leaf, &proof, &root, &stand->err),
                         WS_OK);
    }
}

static void log__proves_what_it_published(void **state)
{
    struct stand *stand = *state;
    static const size_t batches[] = {1, 2, 252, 1, 1, 255, 300, 1000, 65536};
    uint64_t size = 0;
    assert_log(stand, 0, 1);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        add(stand, batches[i]);
        publish(stand);
        size += batches[i];
        assert_log(stand, size, 1 + size / 300);
    }
}

/* Old checkpoints stay, and each leads to the next. */
static void log__keeps_every_checkpoint(void **state)
{
    struct stand *stand = *state;
    add(stand, 3);
    publish(stand);
    add(stand, 1500);
    publish(stand);
    struct ws_checkpoint old = checkpoint_of(stand, "checkpoints/003");
    struct ws_checkpoint new = checkpoint_of(stand, "checkpoints/x001/503");
    struct ws_merkle_proof proof;
    assert_int_equal(old.size, 3);
    assert_int_equal(new.size, 1503);
    assert_int_equal(checkpoint_of(stand, "checkpoints/000").size, 0);
    ws_log_reader_init(&reader, stand->place.path, new.size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 3, 1503, &proof, &stand->err), WS_OK);
    assert_int_equal(
        ws_merkle_check_consistency(3, &old.root, 1503, &new.root, &proof, &stand->err), WS_OK);
}

/* The tree of an old checkpoint is read from the full tiles that took the partial ones' place. */
static void log__proves_what_old_checkpoints_cover(void **state)
{
    struct stand *stand = *state;
    char *partial, text[ENTRY_SIZE];
    struct ws_merkle_proof proof;
    struct ws_hash leaf;
    struct ws_bytes entry;
    add(stand, 300);
    publish(stand);
    struct ws_checkpoint old = checkpoint_of(stand, "checkpoint");
    add(stand, 300);
    publish(stand);
    partial = join(&stand->arena, stand->place.path, "tile/0/001.p/44");
    assert_int_equal(ws_file_remove(partial, &stand->err), WS_OK);
    partial = join(&stand->arena, stand->place.path, "tile/entries/001.p/44");
    assert_int_equal(ws_file_remove(partial, &stand->err), WS_OK);
    ws_log_reader_init(&reader, stand->place.path, 300);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_prove_inclusion(&nodes, 299, 300, &proof, &stand->err), WS_OK);
    ws_merkle_leaf(entry_of(299, text), &leaf);
    assert_int_equal(ws_merkle_check_inclusion(299, 300, &leaf, &proof, &old.root, &stand->err),
                     WS_OK);
    assert_int_equal(ws_log_reader_entry(&reader, 299, &stand->arena, &entry, &stand->err), WS_OK);
    assert_true(ws_bytes_is(entry, text));
    assert_int_equal(ws_log_reader_entry(&reader, 300, &stand->arena, &entry, &stand->err),
                     WS_INVALID);
}

static void log__keeps_what_waits(void **state)
{
    struct stand *stand = *state;
    add(stand, 10);
    publish(stand);
    add(stand, 5);
    add(stand, 7);
    open_again(stand);
    assert_int_equal(stand->store.size, 10);
    assert_int_equal(stand->store.count, 22);
    assert_log(stand, 10, 1);
    publish(stand);
    assert_log(stand, 22, 1);
}

/* A write that was cut short anywhere in its last entry. */
static void log__cuts_what_is_torn(void **state)
{
    struct stand *stand = *state;
    const char *path = join(&stand->arena, stand->place.path, "journal");
    add(stand, 4);
    struct ws_bytes whole = contents(&stand->arena, path);
    size_t last = 4 + WS_HASH_SIZE + strlen("entry 3");
    for (size_t cut = 1; cut <= last; cut++) {
        ws_log_close(&stand->store);
        assert_int_equal(
            ws_file_replace(path, ws_bytes_of(whole.data, whole.size - cut), &stand->err), WS_OK);
        open_log(stand);
        assert_int_equal(stand->store.count, 3);
    }
    add(stand, 2);
    open_again(stand);
    assert_int_equal(stand->store.count, 5);
    publish(stand);
    assert_log(stand, 5, 1);
}

/* Stopped behind the checkpoint and before the new journal. */
static void log__knows_what_was_published_already(void **state)
{
    struct stand *stand = *state;
    const char *path = join(&stand->arena, stand->place.path, "journal");
    add(stand, 300);
    struct ws_bytes journal = contents(&stand->arena, path);
    publish(stand);
    ws_log_close(&stand->store);
    assert_int_equal(ws_file_replace(path, journal, &stand->err), WS_OK);
    open_log(stand);
    assert_int_equal(stand->store.size, 300);
    assert_int_equal(stand->store.count, 300);
    add(stand, 8);
    publish(stand);
    assert_log(stand, 308, 1);
}

/* Stopped behind the tiles and before the checkpoint: they are written again. */
static void log__writes_the_same_again(void **state)
{
    struct stand *stand = *state;
    const char *checkpoint = join(&stand->arena, stand->place.path, "checkpoint");
    const char *path = join(&stand->arena, stand->place.path, "journal");
    struct ws_bytes before = contents(&stand->arena, checkpoint);
    add(stand, 700);
    struct ws_bytes journal = contents(&stand->arena, path);
    publish(stand);
    struct ws_bytes after = contents(&stand->arena, checkpoint);
    ws_log_close(&stand->store);
    assert_int_equal(ws_file_replace(checkpoint, before, &stand->err), WS_OK);
    assert_int_equal(ws_file_replace(path, journal, &stand->err), WS_OK);
    open_log(stand);
    assert_int_equal(stand->store.size, 0);
    assert_int_equal(stand->store.count, 700);
    publish(stand);
    struct ws_bytes again = contents(&stand->arena, checkpoint);
    assert_int_equal(again.size, after.size);
    assert_memory_equal(again.data, after.data, after.size);
    assert_log(stand, 700, 1);
}

static void log__has_one_writer(void **state)
{
    struct stand *stand = *state;
    struct ws_log_store second;
    assert_int_equal(ws_log_open(stand->place.path, NULL, &second, &stand->err), WS_BUSY);
    assert_int_equal(ws_log_make(stand->place.path, &stand->signer, &stand->err), WS_CONFLICT);
}

static void assert_refused(struct stand *stand, const char *why)
{
    ws_log_close(&stand->store);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err), WS_CORRUPT);
    if (!strstr(stand->err.message, why))
        fail_msg("%s", stand->err.message);
}

/* An entry that was synced before others were written was acknowledged: it is not cut off,
 * whichever of its bytes is another. */
static void log__refuses_a_damaged_journal(void **state)
{
    struct stand *stand = *state;
    const char *path = join(&stand->arena, stand->place.path, "journal");
    add(stand, 1);
    add(stand, 2);
    struct ws_bytes whole = contents(&stand->arena, path);
    uint8_t *changed = ws_arena_copy(&stand->arena, whole.data, whole.size);
    const size_t one = 4 + WS_HASH_SIZE + strlen("entry 0");
    for (size_t at = WS_JOURNAL_HEAD; at < WS_JOURNAL_HEAD + one; at++) {
        ws_log_close(&stand->store);
        changed[at] ^= 1;
        assert_int_equal(ws_file_replace(path, ws_bytes_of(changed, whole.size), &stand->err),
                         WS_OK);
        assert_refused(stand, "damaged at byte 16");
        assert_memory_equal(contents(&stand->arena, path).data, changed, whole.size);
        changed[at] ^= 1;
    }
    assert_int_equal(ws_file_replace(path, whole, &stand->err), WS_OK);
    open_again(stand);
    assert_int_equal(stand->store.count, 3);
}

static void log__notices_what_was_changed(void **state)
{
    struct stand *stand = *state;
    const char *checkpoint = join(&stand->arena, stand->place.path, "checkpoint");
    add(stand, 300);
    publish(stand);
    struct ws_bytes before = contents(&stand->arena, checkpoint);
    damage(&stand->place, "tile/0/000", 100, "x");
    open_again(stand); /* nothing is read there: that is for a check of the whole log */
    damage(&stand->place, "tile/1/000.p/1", 10, "x");
    assert_refused(stand, "do not lead to the root");
    damage(&stand->place, "tile/0/001.p/44", 100, "x");
    assert_refused(stand, "entry 259 of");
    damage(&stand->place, "checkpoint", 14, "9");
    assert_refused(stand, "signature of 'log.example' is bad");
    assert_int_equal(ws_file_replace(checkpoint, before, &stand->err), WS_OK);
    damage(&stand->place, "vkey", 3, "x");
    ws_log_close(&stand->store);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err), WS_INVALID);
}

/* The last bundle is read to be written again, larger: not with what somebody wrote into it. */
static void log__notices_a_changed_entry(void **state)
{
    struct stand *stand = *state;
    add(stand, 300);
    publish(stand);
    damage(&stand->place, "tile/entries/001.p/44", 20, "x");
    assert_refused(stand, "entry 257 of");
}

/* Partial files may be removed once their full ones are there. */
static void log__goes_on_from_full_files(void **state)
{
    struct stand *stand = *state;
    const char *checkpoint = join(&stand->arena, stand->place.path, "checkpoint");
    const char *path = join(&stand->arena, stand->place.path, "journal");
    add(stand, 300);
    publish(stand);
    struct ws_bytes before = contents(&stand->arena, checkpoint);
    add(stand, 300);
    struct ws_bytes journal = contents(&stand->arena, path);
    publish(stand);
    ws_log_close(&stand->store);
    assert_int_equal(ws_file_replace(checkpoint, before, &stand->err), WS_OK);
    assert_int_equal(ws_file_replace(path, journal, &stand->err), WS_OK);
    assert_int_equal(
        ws_file_remove(join(&stand->arena, stand->place.path, "tile/0/001.p/44"), &stand->err),
        WS_OK);
    assert_int_equal(ws_file_remove(join(&stand->arena, stand->place.path, "tile/entries/001.p/44"),
                                    &stand->err),
                     WS_OK);
    open_log(stand);
    publish(stand);
    assert_log(stand, 600, 1);
}

/* A maker that was stopped anywhere before the checkpoint leaves no log, and can begin again. */
static void log__is_made_where_a_maker_was_stopped(void **state)
{
    struct stand *stand = *state;
    ws_log_close(&stand->store);
    assert_int_equal(
        ws_file_remove(join(&stand->arena, stand->place.path, "checkpoint"), &stand->err), WS_OK);
    assert_int_equal(ws_log_open(stand->place.path, NULL, &stand->store, &stand->err),
                     WS_NOT_FOUND);
    assert_int_equal(ws_log_make(stand->place.path, &stand->signer, &stand->err), WS_OK);
    open_log(stand);
    ws_log_close(&stand->store);
    assert_int_equal(
        ws_file_remove(join(&stand->arena, stand->place.path, "checkpoint"), &stand->err), WS_OK);
    assert_int_equal(ws_file_replace(join(&stand->arena, stand->place.path, "thesis.tex"),
                                     ws_bytes_of_text("x"), &stand->err),
                     WS_OK);
    assert_int_equal(ws_log_make(stand->place.path, &stand->signer, &stand->err), WS_CONFLICT);
}

/* A journal of another time: entries between it and the checkpoint are missing. */
static void log__refuses_a_journal_with_a_gap(void **state)
{
    struct stand *stand = *state;
    char storage[WS_JOURNAL_HEAD + 1];
    struct ws_buffer head;
    add(stand, 3);
    publish(stand);
    ws_buffer_fix(&head, storage, sizeof storage);
    ws_journal_head(&head, 4);
    assert_int_equal(ws_file_replace(join(&stand->arena, stand->place.path, "journal"),
                                     ws_buffer_bytes(&head), &stand->err),
                     WS_OK);
    assert_refused(stand, "begins with entry 4");
}

static void log__signs_with_its_own_key(void **state)
{
    struct stand *stand = *state;
    struct ws_note_signer same_name;
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &stand->arena, &same_name, &stand->err),
        WS_OK);
    add(stand, 1);
    assert_int_equal(ws_log_publish(&stand->store, &same_name, &stand->err), WS_INVALID);
    publish(stand);
    ws_note_signer_close(&same_name);
}

static void log__takes_entries_of_any_size_up_to_the_limit(void **state)
{
    struct stand *stand = *state;
    static uint8_t large[WS_ENTRY_LIMIT + 1];
    uint64_t first;
    struct ws_bytes entry, entries[] = {{large, 0}, {large, WS_ENTRY_LIMIT}};
    assert_int_equal(ws_log_add(&stand->store, entries, 2, &first, &stand->err), WS_OK);
    entries[1].size++;
    assert_int_equal(ws_log_add(&stand->store, entries, 2, &first, &stand->err), WS_LIMIT);
    assert_int_equal(stand->store.count, 2);
    publish(stand);
    ws_log_reader_init(&reader, stand->place.path, 2);
    assert_int_equal(ws_log_reader_entry(&reader, 0, &stand->arena, &entry, &stand->err), WS_OK);
    assert_int_equal(entry.size, 0);
    assert_int_equal(ws_log_reader_entry(&reader, 1, &stand->arena, &entry, &stand->err), WS_OK);
    assert_int_equal(entry.size, WS_ENTRY_LIMIT);
}

static void log__lives_with_little_memory(void **state)
{
    struct stand *stand = *state;
    enum ws_status status = WS_NO_MEMORY;
    add(stand, 300);
    ws_log_close(&stand->store);
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_log_store store = {0};
        status = ws_log_open(stand->place.path, &allocator, &store, NULL);
        if (status == WS_OK)
            status = ws_log_publish(&store, &stand->signer, NULL);
        ws_log_close(&store);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_log(stand, 300, 10);
}

int main(void)
{
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        LOG_TEST(log__proves_what_it_published),
        LOG_TEST(log__keeps_every_checkpoint),
        LOG_TEST(log__proves_what_old_checkpoints_cover),
        LOG_TEST(log__keeps_what_waits),
        LOG_TEST(log__cuts_what_is_torn),
        LOG_TEST(log__refuses_a_damaged_journal),
        LOG_TEST(log__knows_what_was_published_already),
        LOG_TEST(log__writes_the_same_again),
        LOG_TEST(log__has_one_writer),
        LOG_TEST(log__notices_what_was_changed),
        LOG_TEST(log__notices_a_changed_entry),
        LOG_TEST(log__goes_on_from_full_files),
        LOG_TEST(log__is_made_where_a_maker_was_stopped),
        LOG_TEST(log__refuses_a_journal_with_a_gap),
        LOG_TEST(log__signs_with_its_own_key),
        LOG_TEST(log__takes_entries_of_any_size_up_to_the_limit),
        LOG_TEST(log__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
