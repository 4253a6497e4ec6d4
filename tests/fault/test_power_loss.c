/*
 * A log whose disk loses its power at any moment, and is full or broken at any moment. What was
 * acknowledged is there, what was published is the beginning of what is published later, and the
 * log goes on. And every sync is needed: without any one of them a moment is found at which that is
 * not so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "support/place.h"
#include "support/recorded_disk.h"

enum {
    ENTRY_SIZE = 32,
    BATCH_LIMIT = 300,
    MARK_LIMIT = 16,
    AGAIN = 2,     /* entries that are added when the power is back */
    SOME_LOST = 3, /* times that things are lost at random */
};

/* What the log had promised behind so many operations of the disk. */
struct mark {
    size_t operations;
    uint64_t kept, published;
};

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer;
    struct place place;
    const char *log;
    struct mark marks[MARK_LIMIT];
    size_t mark_count;
};

static int open_stand(void **state)
{
    static struct stand stand;
    stand.mark_count = 0;
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    stand.log = join(&stand.arena, stand.place.path, "log");
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &stand.arena, &stand.signer, &stand.err),
        WS_OK);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    record_end();
    ws_note_signer_close(&stand->signer);
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

/* A log's life ----------------------------------------------------------------------------------
 */

/* Entry `index`; those from `kept` on were added when the power was back, and are others. */
static struct ws_bytes entry_of(uint64_t index, uint64_t kept, char out[ENTRY_SIZE])
{
    int size = snprintf(out, ENTRY_SIZE, index < kept ? "entry %llu" : "another entry %llu",
                        (unsigned long long)index);
    return ws_bytes_of(out, (size_t)size);
}

static enum ws_status add(struct ws_log_store *log, size_t count, uint64_t kept,
                          struct ws_error *err)
{
    static char texts[BATCH_LIMIT][ENTRY_SIZE];
    struct ws_bytes entries[BATCH_LIMIT];
    uint64_t first;
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_of(log->count + i, kept, texts[i]);
    return ws_log_add(log, entries, count, &first, err);
}

/* The steps of the life: how many entries are added, or one of these. */
enum { MAKE = -1, OPEN = -2, PUBLISH = -3, CLOSE = -4 };
static const int steps[] = {MAKE, OPEN,    2,       PUBLISH, 255,  PUBLISH, 1,
                            1,    PUBLISH, PUBLISH, CLOSE,   OPEN, 3};
enum { STEP_COUNT = sizeof steps / sizeof *steps, LIFE = 262 };

static enum ws_status take_step(struct stand *stand, int step, struct ws_log_store *log)
{
    switch (step) {
    case MAKE:
        return ws_log_make(stand->log, &stand->signer, &stand->err);
    case OPEN:
        return ws_log_open(stand->log, NULL, log, &stand->err);
    case PUBLISH:
        return ws_log_publish(log, &stand->signer, &stand->err);
    case CLOSE:
        ws_log_close(log);
        return WS_OK;
    default:
        return add(log, (size_t)step, UINT64_MAX, &stand->err);
    }
}

/* Records the whole life, with what was promised when. */
static void live(struct stand *stand)
{
    struct ws_log_store log = {0};
    record_from(stand->place.path);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (take_step(stand, steps[i], &log) != WS_OK)
            fail_msg("step %zu: %s", i, stand->err.message);
        stand->marks[stand->mark_count++] = (struct mark){record_size(), log.count, log.size};
    }
    record_end();
    ws_log_close(&log);
    stand->marks[STEP_COUNT - 3].kept = stand->marks[STEP_COUNT - 4].kept; /* closed */
    stand->marks[STEP_COUNT - 3].published = stand->marks[STEP_COUNT - 4].published;
    assert_int_equal(stand->marks[STEP_COUNT - 1].kept, LIFE);
}

/* What must be true of a log --------------------------------------------------------------------
 */

static struct ws_log_reader reader; /* too large for a stack */

static void root_of(uint64_t size, uint64_t kept, struct ws_hash *out)
{
    struct ws_frontier frontier = {0};
    struct ws_hash leaf;
    char text[ENTRY_SIZE];
    for (uint64_t i = 0; i < size; i++) {
        ws_merkle_leaf(entry_of(i, kept, text), &leaf);
        ws_frontier_add(&frontier, &leaf);
    }
    ws_frontier_root(&frontier, out);
}

/* The checkpoint of this name is of so many of the entries, and signed. */
static const char *problem_of_checkpoint(struct stand *stand, const char *name, uint64_t size,
                                         uint64_t kept, struct ws_arena *arena)
{
    const char *path = join(arena, stand->log, name);
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_checkpoint checkpoint;
    struct ws_hash root;
    assert_int_equal(ws_note_signer_key(&stand->signer, &key, &stand->err), WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    bool good = ws_file_read(path, WS_NOTE_LIMIT, arena, &bytes, &stand->err) == WS_OK &&
                ws_note_read(bytes, arena, &note, &stand->err) == WS_OK &&
                ws_note_check(&note, keys, 1, arena, &proof, &stand->err) == WS_OK &&
                ws_checkpoint_read(note.text, arena, &checkpoint, &stand->err) == WS_OK;
    ws_note_key_close(&key);
    if (!good)
        return stand->err.message;
    root_of(size, kept, &root);
    return proof.is_signed && checkpoint.size == size && ws_hash_equal(&checkpoint.root, &root)
               ? NULL
               : "a checkpoint is of something else";
}

/* Every bundle and every tile of leaves; what is above them is read for the root. */
static const char *problem_of_files(struct stand *stand, uint64_t size, uint64_t kept,
                                    struct ws_arena *arena)
{
    struct ws_bytes entries[WS_TILE_WIDTH], hashes;
    struct ws_hash leaf, root, wanted;
    char text[ENTRY_SIZE];
    for (uint64_t i = 0; i < size; i++) {
        struct ws_tile tile = {.index = i / WS_TILE_WIDTH};
        size_t at = i % WS_TILE_WIDTH;
        if (at == 0) {
            tile.width = ws_tile_width(0, tile.index, size);
            if (ws_log_read_tile(stand->log, &tile, arena, &hashes, &stand->err) != WS_OK)
                return stand->err.message;
            if (hashes.size != tile.width * (size_t)WS_HASH_SIZE)
                return "a tile is of another size";
            tile.is_bundle = true;
            if (ws_log_read_bundle(stand->log, &tile, arena, entries, &stand->err) != WS_OK)
                return stand->err.message;
        }
        struct ws_bytes entry = entry_of(i, kept, text);
        ws_merkle_leaf(entry, &leaf);
        if (entries[at].size != entry.size || memcmp(entries[at].data, entry.data, entry.size) != 0)
            return "an entry is another";
        if (memcmp(hashes.data + at * WS_HASH_SIZE, leaf.bytes, WS_HASH_SIZE) != 0)
            return "a leaf is another";
    }
    ws_log_reader_init(&reader, stand->log, size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    if (ws_merkle_root(&nodes, size, &root, &stand->err) != WS_OK)
        return stand->err.message;
    root_of(size, kept, &wanted);
    return ws_hash_equal(&root, &wanted) ? NULL : "the root is another";
}

/* Every checkpoint that was published by then is kept, and `kept` entries are as they were. */
static const char *problem_of_log(struct stand *stand, size_t marks, uint64_t size, uint64_t kept,
                                  struct ws_arena *arena)
{
    const char *problem = problem_of_files(stand, size, kept, arena);
    if (!problem)
        problem = problem_of_checkpoint(stand, "checkpoint", size, kept, arena);
    for (size_t i = 0; !problem && i < marks; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "checkpoints/%03u", (unsigned)stand->marks[i].published);
        problem = problem_of_checkpoint(stand, name, stand->marks[i].published, kept, arena);
    }
    return problem;
}

/* What is wrong with the log that was found when the power was back; NULL: nothing. */
static const char *problem_found(struct stand *stand, size_t operations, struct ws_arena *arena)
{
    struct ws_log_store log;
    size_t marks = 0;
    while (marks < stand->mark_count && stand->marks[marks].operations <= operations)
        marks++;
    const struct mark nothing = {0};
    const struct mark *promised = marks > 0 ? &stand->marks[marks - 1] : &nothing;
    enum ws_status status = ws_log_open(stand->log, NULL, &log, &stand->err);
    if (status == WS_NOT_FOUND && marks == 0) {
        status = ws_log_make(stand->log, &stand->signer, &stand->err);
        if (status == WS_OK)
            status = ws_log_open(stand->log, NULL, &log, &stand->err);
    }
    if (status != WS_OK)
        return stand->err.message;
    uint64_t kept = log.count;
    const char *problem = NULL;
    if (kept < promised->kept)
        problem = "an acknowledged entry is lost";
    else if (log.size < promised->published)
        problem = "a published checkpoint is lost";
    else if (add(&log, AGAIN, kept, &stand->err) != WS_OK ||
             ws_log_publish(&log, &stand->signer, &stand->err) != WS_OK)
        problem = stand->err.message;
    ws_log_close(&log);
    return problem ? problem : problem_of_log(stand, marks, kept + AGAIN, kept, arena);
}

static const char *lose_power(struct stand *stand, size_t operations, enum loss loss, uint64_t seed,
                              size_t without)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    if (ws_directory_exists(stand->log))
        remove_tree(&arena, stand->log);
    write_disk(operations, loss, seed, without, stand->place.path);
    const char *problem = problem_found(stand, operations, &arena);
    ws_arena_release(&arena);
    return problem;
}

/* Tests ---------------------------------------------------------------------------------------- */

/* The record is whole: all of it gives the files that are there. */
static void record__has_all_that_was_written(void **state)
{
    struct stand *stand = *state;
    live(stand);
    const char *copy = join(&stand->arena, stand->place.path, "copy");
    assert_int_equal(ws_directory_make(copy, &stand->err), WS_OK);
    write_disk(record_size(), LOSE_NOTHING, 0, SIZE_MAX, copy);
    assert_same_tree(&stand->arena, stand->log, join(&stand->arena, copy, "log"));
}

static void log__outlives_a_loss_of_power(void **state)
{
    struct stand *stand = *state;
    live(stand);
    for (size_t n = 0; n <= record_size(); n++)
        for (uint64_t way = 0; way < 2 + SOME_LOST; way++) {
            enum loss loss = way == 0 ? LOSE_ALL : way == 1 ? LOSE_NOTHING : LOSE_SOME;
            const char *problem = lose_power(stand, n, loss, way + 100 * n, SIZE_MAX);
            if (problem)
                fail_msg("behind operation %zu, loss %d, seed %llu: %s", n, (int)loss,
                         (unsigned long long)(way + 100 * n), problem);
        }
}

static bool is_needed(struct stand *stand, size_t site)
{
    for (size_t n = 0; n <= record_size(); n++)
        for (uint64_t way = 0; way <= SOME_LOST; way++)
            if (lose_power(stand, n, way == 0 ? LOSE_ALL : LOSE_SOME, way + 100 * n, site))
                return true;
    return false;
}

static void log__needs_each_of_its_syncs(void **state)
{
    struct stand *stand = *state;
    live(stand);
    assert_true(sync_site_count() >= 6);
    for (size_t site = 0; site < sync_site_count(); site++)
        if (!is_needed(stand, site))
            fail_msg("'%s' makes no difference", sync_site_name(site));
}

/* Each step of a life in which operation `at` fails; a step that fails is taken once more. */
static void live_with_failure(struct stand *stand, size_t at)
{
    struct ws_log_store log = {0};
    size_t failures = 0;
    record_from(stand->place.path);
    record_fail_at(at);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (take_step(stand, steps[i], &log) == WS_OK)
            continue;
        failures++;
        enum ws_status status = take_step(stand, steps[i], &log);
        if (steps[i] == MAKE && status == WS_CONFLICT)
            continue; /* it was made, and only not certain to stay */
        if (status != WS_OK)
            fail_msg("operation %zu, step %zu again: %s", at, i, stand->err.message);
    }
    record_end();
    record_fail_at(SIZE_MAX);
    assert_true(failures <= 1);
    assert_int_equal(log.count, LIFE);
    if (ws_log_publish(&log, &stand->signer, &stand->err) != WS_OK)
        fail_msg("operation %zu: %s", at, stand->err.message);
    ws_log_close(&log);
}

static void log__outlives_a_disk_that_fails(void **state)
{
    struct stand *stand = *state;
    live(stand);
    size_t count = record_size();
    for (size_t at = 0; at < count; at++) {
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        remove_tree(&arena, stand->log);
        live_with_failure(stand, at);
        const char *problem = problem_of_log(stand, 0, LIFE, UINT64_MAX, &arena);
        if (problem)
            fail_msg("operation %zu: %s", at, problem);
        ws_arena_release(&arena);
    }
}

int main(void)
{
#define POWER_TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        POWER_TEST(record__has_all_that_was_written),
        POWER_TEST(log__outlives_a_loss_of_power),
        POWER_TEST(log__needs_each_of_its_syncs),
        POWER_TEST(log__outlives_a_disk_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
