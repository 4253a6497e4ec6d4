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
#include "support/kept_log.h"

enum { ENTRY_SIZE = 32 };

static int open_log(void **state)
{
    static struct kept_log log;
    make_kept_log(&log);
    *state = &log;
    return 0;
}

static int close_log(void **state)
{
    remove_kept_log(*state);
    return 0;
}

static struct ws_bytes entry_of(uint64_t index, char out[ENTRY_SIZE])
{
    int size = snprintf(out, ENTRY_SIZE, "entry %llu", (unsigned long long)index);
    return ws_bytes_of(out, (size_t)size);
}

/* `count` more, in one go. */
static void add(struct kept_log *log, size_t count)
{
    static char texts[70000][ENTRY_SIZE];
    static struct ws_bytes entries[70000];
    uint64_t first, before = log->store.count;
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_of(before + i, texts[i]);
    if (ws_log_add(&log->store, entries, count, &first, &log->err) != WS_OK)
        fail_msg("%s", log->err.message);
    assert_int_equal(first, before);
    assert_int_equal(log->store.count, before + count);
}

static void open_again(struct kept_log *log)
{
    ws_log_close(&log->store);
    open_kept_log(log);
}

/* The checkpoint that the files have, whose signature is the log's. */
static struct ws_checkpoint checkpoint_of(struct kept_log *log, const char *name)
{
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    assert_int_equal(ws_note_signer_key(&log->signer, &key, &log->err), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    struct ws_bytes bytes = contents(&log->arena, join(&log->arena, log->place.path, name));
    assert_int_equal(ws_note_read(bytes, &log->arena, &note, &log->err), WS_OK);
    assert_int_equal(ws_note_check(&note, keys, 1, &log->arena, &proof, &log->err), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(ws_checkpoint_read(note.text, &log->arena, &checkpoint, &log->err), WS_OK);
    ws_note_key_close(&key);
    return checkpoint;
}

static struct ws_log_reader reader; /* too large for a stack */

/* Every `step`th entry is there and proven. */
static void assert_log(struct kept_log *log, uint64_t size, uint64_t step)
{
    struct ws_checkpoint checkpoint = checkpoint_of(log, "checkpoint");
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
    ws_log_reader_init(&reader, log->place.path, size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    for (uint64_t i = 0; i < size; i += step) {
        struct ws_bytes entry;
        struct ws_merkle_proof proof;
        assert_int_equal(ws_log_reader_entry(&reader, i, &log->arena, &entry, &log->err), WS_OK);
        assert_int_equal(entry.size, entry_of(i, text).size);
        assert_memory_equal(entry.data, text, entry.size);
        assert_int_equal(ws_merkle_prove_inclusion(&nodes, i, size, &proof, &log->err), WS_OK);
        ws_merkle_leaf(entry, &leaf);
        assert_int_equal(ws_merkle_check_inclusion(i, size, &leaf, &proof, &root, &log->err),
                         WS_OK);
    }
}

static void log__proves_what_it_published(void **state)
{
    struct kept_log *log = *state;
    static const size_t batches[] = {1, 2, 252, 1, 1, 255, 300, 1000, 65536};
    uint64_t size = 0;
    assert_log(log, 0, 1);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        add(log, batches[i]);
        publish_kept(log);
        size += batches[i];
        assert_log(log, size, 1 + size / 300);
    }
}

/* Old checkpoints stay, and each leads to the next. */
static void log__keeps_every_checkpoint(void **state)
{
    struct kept_log *log = *state;
    add(log, 3);
    publish_kept(log);
    add(log, 1500);
    publish_kept(log);
    struct ws_checkpoint old = checkpoint_of(log, "checkpoints/003");
    struct ws_checkpoint new = checkpoint_of(log, "checkpoints/x001/503");
    struct ws_merkle_proof proof;
    assert_int_equal(old.size, 3);
    assert_int_equal(new.size, 1503);
    assert_int_equal(checkpoint_of(log, "checkpoints/000").size, 0);
    ws_log_reader_init(&reader, log->place.path, new.size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_prove_consistency(&nodes, 3, 1503, &proof, &log->err), WS_OK);
    assert_int_equal(ws_merkle_check_consistency(3, &old.root, 1503, &new.root, &proof, &log->err),
                     WS_OK);
}

/* The tree of an old checkpoint is read from the full tiles that took the partial ones' place. */
static void log__proves_what_old_checkpoints_cover(void **state)
{
    struct kept_log *log = *state;
    char *partial, text[ENTRY_SIZE];
    struct ws_merkle_proof proof;
    struct ws_hash leaf;
    struct ws_bytes entry;
    add(log, 300);
    publish_kept(log);
    struct ws_checkpoint old = checkpoint_of(log, "checkpoint");
    add(log, 300);
    publish_kept(log);
    partial = join(&log->arena, log->place.path, "tile/0/001.p/44");
    assert_int_equal(ws_file_remove(partial, &log->err), WS_OK);
    partial = join(&log->arena, log->place.path, "tile/entries/001.p/44");
    assert_int_equal(ws_file_remove(partial, &log->err), WS_OK);
    ws_log_reader_init(&reader, log->place.path, 300);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_prove_inclusion(&nodes, 299, 300, &proof, &log->err), WS_OK);
    ws_merkle_leaf(entry_of(299, text), &leaf);
    assert_int_equal(ws_merkle_check_inclusion(299, 300, &leaf, &proof, &old.root, &log->err),
                     WS_OK);
    assert_int_equal(ws_log_reader_entry(&reader, 299, &log->arena, &entry, &log->err), WS_OK);
    assert_true(ws_bytes_is(entry, text));
    assert_int_equal(ws_log_reader_entry(&reader, 300, &log->arena, &entry, &log->err), WS_INVALID);
}

static void log__keeps_what_waits(void **state)
{
    struct kept_log *log = *state;
    add(log, 10);
    publish_kept(log);
    add(log, 5);
    add(log, 7);
    open_again(log);
    assert_int_equal(log->store.size, 10);
    assert_int_equal(log->store.count, 22);
    assert_log(log, 10, 1);
    publish_kept(log);
    assert_log(log, 22, 1);
}

/* A write that was cut short anywhere in its last entry. */
static void log__cuts_what_is_torn(void **state)
{
    struct kept_log *log = *state;
    const char *path = join(&log->arena, log->place.path, "journal");
    add(log, 4);
    struct ws_bytes whole = contents(&log->arena, path);
    size_t last = 4 + WS_HASH_SIZE + strlen("entry 3");
    for (size_t cut = 1; cut <= last; cut++) {
        ws_log_close(&log->store);
        assert_int_equal(
            ws_file_replace(path, ws_bytes_of(whole.data, whole.size - cut), &log->err), WS_OK);
        open_kept_log(log);
        assert_int_equal(log->store.count, 3);
    }
    add(log, 2);
    open_again(log);
    assert_int_equal(log->store.count, 5);
    publish_kept(log);
    assert_log(log, 5, 1);
}

/* Stopped behind the checkpoint and before the new journal. */
static void log__knows_what_was_published_already(void **state)
{
    struct kept_log *log = *state;
    const char *path = join(&log->arena, log->place.path, "journal");
    add(log, 300);
    struct ws_bytes journal = contents(&log->arena, path);
    publish_kept(log);
    ws_log_close(&log->store);
    assert_int_equal(ws_file_replace(path, journal, &log->err), WS_OK);
    open_kept_log(log);
    assert_int_equal(log->store.size, 300);
    assert_int_equal(log->store.count, 300);
    add(log, 8);
    publish_kept(log);
    assert_log(log, 308, 1);
}

/* Stopped behind the tiles and before the checkpoint: they are written again. */
static void log__writes_the_same_again(void **state)
{
    struct kept_log *log = *state;
    const char *checkpoint = join(&log->arena, log->place.path, "checkpoint");
    const char *path = join(&log->arena, log->place.path, "journal");
    struct ws_bytes before = contents(&log->arena, checkpoint);
    add(log, 700);
    struct ws_bytes journal = contents(&log->arena, path);
    publish_kept(log);
    struct ws_bytes after = contents(&log->arena, checkpoint);
    ws_log_close(&log->store);
    assert_int_equal(ws_file_replace(checkpoint, before, &log->err), WS_OK);
    assert_int_equal(ws_file_replace(path, journal, &log->err), WS_OK);
    open_kept_log(log);
    assert_int_equal(log->store.size, 0);
    assert_int_equal(log->store.count, 700);
    publish_kept(log);
    struct ws_bytes again = contents(&log->arena, checkpoint);
    assert_int_equal(again.size, after.size);
    assert_memory_equal(again.data, after.data, after.size);
    assert_log(log, 700, 1);
}

/* The example of docs/formats/log.md. */
static void log__writes_its_journal_as_documented(void **state)
{
    struct kept_log *log = *state;
    static const uint8_t wanted[] = {
        0x57, 0x53, 0x4a, 0x4f, 0x55, 0x52, 0x4e, 0x32, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x80, 0x4e, 0xcc, 0xf3, 0x46, 0x08, 0xd3,
        0x1b, 0xac, 0x5c, 0x7b, 0xec, 0xf6, 0x00, 0x6d, 0xf5, 0x90, 0x05, 0xd8, 0x28,
        0x18, 0x10, 0x56, 0xd0, 0x92, 0x08, 0x4e, 0x34, 0x1e, 0x6b, 0xb0, 0x05, 0xbd,
        0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x77, 0x6f, 0x72, 0x6c, 0x64};
    const struct ws_bytes entry = ws_bytes_of_text("hello world");
    uint64_t first;
    assert_int_equal(ws_log_add(&log->store, &entry, 1, &first, &log->err), WS_OK);
    const struct ws_bytes journal =
        contents(&log->arena, join(&log->arena, log->place.path, "journal"));
    assert_int_equal(journal.size, sizeof wanted);
    assert_memory_equal(journal.data, wanted, sizeof wanted);
}

static void log__has_one_writer(void **state)
{
    struct kept_log *log = *state;
    struct ws_log_store second;
    assert_int_equal(ws_log_open(log->place.path, NULL, &second, &log->err), WS_BUSY);
    assert_int_equal(ws_log_make(log->place.path, &log->signer, &log->err), WS_CONFLICT);
    /* Also where somebody takes the lock for a leftover. */
    assert_int_equal(ws_file_remove(join(&log->arena, log->place.path, "lock"), &log->err), WS_OK);
    assert_int_equal(ws_log_open(log->place.path, NULL, &second, &log->err), WS_BUSY);
    ws_log_close(&log->store);
    assert_int_equal(ws_log_open(log->place.path, NULL, &log->store, &log->err), WS_OK);
}

static void assert_refused(struct kept_log *log, const char *why)
{
    ws_log_close(&log->store);
    assert_int_equal(ws_log_open(log->place.path, NULL, &log->store, &log->err), WS_CORRUPT);
    if (!strstr(log->err.message, why))
        fail_msg("%s", log->err.message);
}

/* An entry that was synced before others were written was acknowledged: it is not cut off,
 * whichever of its bytes is another. */
static void log__refuses_a_damaged_journal(void **state)
{
    struct kept_log *log = *state;
    const char *path = join(&log->arena, log->place.path, "journal");
    add(log, 1);
    add(log, 2);
    struct ws_bytes whole = contents(&log->arena, path);
    uint8_t *changed = ws_arena_copy(&log->arena, whole.data, whole.size);
    const size_t one = 4 + WS_HASH_SIZE + strlen("entry 0");
    for (size_t at = WS_JOURNAL_HEAD; at < WS_JOURNAL_HEAD + one; at++) {
        ws_log_close(&log->store);
        changed[at] ^= 1;
        assert_int_equal(ws_file_replace(path, ws_bytes_of(changed, whole.size), &log->err), WS_OK);
        assert_refused(log, "damaged at byte 16");
        assert_memory_equal(contents(&log->arena, path).data, changed, whole.size);
        changed[at] ^= 1;
    }
    assert_int_equal(ws_file_replace(path, whole, &log->err), WS_OK);
    open_again(log);
    assert_int_equal(log->store.count, 3);
}

static void log__notices_what_was_changed(void **state)
{
    struct kept_log *log = *state;
    const char *checkpoint = join(&log->arena, log->place.path, "checkpoint");
    add(log, 300);
    publish_kept(log);
    struct ws_bytes before = contents(&log->arena, checkpoint);
    damage(&log->place, "tile/0/000", 100, "x");
    open_again(log); /* nothing is read there: that is for a check of the whole log */
    damage(&log->place, "tile/1/000.p/1", 10, "x");
    assert_refused(log, "do not lead to the root");
    damage(&log->place, "tile/0/001.p/44", 100, "x");
    assert_refused(log, "entry 259 of");
    damage(&log->place, "checkpoint", 14, "9");
    assert_refused(log, "signature of 'log.example' is bad");
    assert_int_equal(ws_file_replace(checkpoint, before, &log->err), WS_OK);
    damage(&log->place, "vkey", 3, "x");
    ws_log_close(&log->store);
    assert_int_equal(ws_log_open(log->place.path, NULL, &log->store, &log->err), WS_INVALID);
}

/* The last bundle is read to be written again, larger: not with what somebody wrote into it. */
static void log__notices_a_changed_entry(void **state)
{
    struct kept_log *log = *state;
    add(log, 300);
    publish_kept(log);
    damage(&log->place, "tile/entries/001.p/44", 20, "x");
    assert_refused(log, "entry 257 of");
}

/* Partial files may be removed once their full ones are there. */
static void log__goes_on_from_full_files(void **state)
{
    struct kept_log *log = *state;
    const char *checkpoint = join(&log->arena, log->place.path, "checkpoint");
    const char *path = join(&log->arena, log->place.path, "journal");
    add(log, 300);
    publish_kept(log);
    struct ws_bytes before = contents(&log->arena, checkpoint);
    add(log, 300);
    struct ws_bytes journal = contents(&log->arena, path);
    publish_kept(log);
    ws_log_close(&log->store);
    assert_int_equal(ws_file_replace(checkpoint, before, &log->err), WS_OK);
    assert_int_equal(ws_file_replace(path, journal, &log->err), WS_OK);
    assert_int_equal(
        ws_file_remove(join(&log->arena, log->place.path, "tile/0/001.p/44"), &log->err), WS_OK);
    assert_int_equal(
        ws_file_remove(join(&log->arena, log->place.path, "tile/entries/001.p/44"), &log->err),
        WS_OK);
    open_kept_log(log);
    publish_kept(log);
    assert_log(log, 600, 1);
}

/* A maker that was stopped anywhere before the checkpoint leaves no log, and can begin again. */
static void log__is_made_where_a_maker_was_stopped(void **state)
{
    struct kept_log *log = *state;
    ws_log_close(&log->store);
    assert_int_equal(ws_file_remove(join(&log->arena, log->place.path, "checkpoint"), &log->err),
                     WS_OK);
    assert_int_equal(ws_log_open(log->place.path, NULL, &log->store, &log->err), WS_NOT_FOUND);
    assert_int_equal(ws_log_make(log->place.path, &log->signer, &log->err), WS_OK);
    open_kept_log(log);
    ws_log_close(&log->store);
    assert_int_equal(ws_file_remove(join(&log->arena, log->place.path, "checkpoint"), &log->err),
                     WS_OK);
    assert_int_equal(ws_file_replace(join(&log->arena, log->place.path, "thesis.tex"),
                                     ws_bytes_of_text("x"), &log->err),
                     WS_OK);
    assert_int_equal(ws_log_make(log->place.path, &log->signer, &log->err), WS_CONFLICT);
}

/* A journal of another time: entries between it and the checkpoint are missing. */
static void log__refuses_a_journal_with_a_gap(void **state)
{
    struct kept_log *log = *state;
    char storage[WS_JOURNAL_HEAD + 1];
    struct ws_buffer head;
    add(log, 3);
    publish_kept(log);
    ws_buffer_fix(&head, storage, sizeof storage);
    ws_journal_head(&head, 4);
    assert_int_equal(ws_file_replace(join(&log->arena, log->place.path, "journal"),
                                     ws_buffer_bytes(&head), &log->err),
                     WS_OK);
    assert_refused(log, "begins with entry 4");
}

static void log__signs_with_its_own_key(void **state)
{
    struct kept_log *log = *state;
    struct ws_note_signer same_name;
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &log->arena, &same_name, &log->err),
        WS_OK);
    add(log, 1);
    assert_int_equal(ws_log_publish(&log->store, &same_name, &log->err), WS_INVALID);
    publish_kept(log);
    ws_note_signer_close(&same_name);
}

static void log__takes_entries_of_any_size_up_to_the_limit(void **state)
{
    struct kept_log *log = *state;
    static uint8_t large[WS_ENTRY_LIMIT + 1];
    uint64_t first;
    struct ws_bytes entry, entries[] = {{large, 0}, {large, WS_ENTRY_LIMIT}};
    assert_int_equal(ws_log_add(&log->store, entries, 2, &first, &log->err), WS_OK);
    entries[1].size++;
    assert_int_equal(ws_log_add(&log->store, entries, 2, &first, &log->err), WS_LIMIT);
    assert_int_equal(log->store.count, 2);
    publish_kept(log);
    ws_log_reader_init(&reader, log->place.path, 2);
    assert_int_equal(ws_log_reader_entry(&reader, 0, &log->arena, &entry, &log->err), WS_OK);
    assert_int_equal(entry.size, 0);
    assert_int_equal(ws_log_reader_entry(&reader, 1, &log->arena, &entry, &log->err), WS_OK);
    assert_int_equal(entry.size, WS_ENTRY_LIMIT);
}

static void log__lives_with_little_memory(void **state)
{
    struct kept_log *log = *state;
    enum ws_status status = WS_NO_MEMORY;
    add(log, 300);
    ws_log_close(&log->store);
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_log_store store = {0};
        status = ws_log_open(log->place.path, &allocator, &store, NULL);
        if (status == WS_OK)
            status = ws_log_publish(&store, &log->signer, NULL);
        ws_log_close(&store);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_log(log, 300, 10);
}

int main(void)
{
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)
    const struct CMUnitTest tests[] = {
        LOG_TEST(log__proves_what_it_published),
        LOG_TEST(log__keeps_every_checkpoint),
        LOG_TEST(log__proves_what_old_checkpoints_cover),
        LOG_TEST(log__keeps_what_waits),
        LOG_TEST(log__cuts_what_is_torn),
        LOG_TEST(log__refuses_a_damaged_journal),
        LOG_TEST(log__knows_what_was_published_already),
        LOG_TEST(log__writes_the_same_again),
        LOG_TEST(log__writes_its_journal_as_documented),
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
