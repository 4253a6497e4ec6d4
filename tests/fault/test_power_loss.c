/*
 * A log whose disk loses its power at any moment, and is full or broken at any moment. What was
 * acknowledged is there, what was published is the beginning of what is published later, nothing is
 * damaged for who looks, and the log goes on. And every sync is needed: without any one of them a
 * moment is found at which that is not so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log_fsck.h"
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
    uint64_t served;   /* what readers see at the least */
    uint64_t cosigned; /* kept with a cosignature; 0: none is */
};

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer, witness;
    struct place place;
    const char *log;
    const int *steps;
    size_t step_count;
    struct mark marks[MARK_LIMIT];
    size_t mark_count;
    char damage[400];
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
    assert_int_equal(ws_note_signer_make("witness.example", WS_KEY_COSIGNATURE, &stand.arena,
                                         &stand.witness, &stand.err),
                     WS_OK);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    record_end();
    ws_note_signer_close(&stand->signer);
    ws_note_signer_close(&stand->witness);
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

/* The steps of a life: how many entries are added, or one of these. */
enum { MAKE = -1, OPEN = -2, PUBLISH = -3, CLOSE = -4, SIGN = -5, SERVE = -6 };
static const int usual_life[] = {MAKE, OPEN,    2,       PUBLISH, 255,  PUBLISH, 1,
                                 1,    PUBLISH, PUBLISH, CLOSE,   OPEN, 3};
/* With witnesses: what was signed is theirs at once, and must not be lost, served or not. */
static const int witnessed_life[] = {MAKE, OPEN, 2,    SIGN,  SERVE, 255,   SIGN, 1,
                                     SIGN, 1,    SIGN, SERVE, SERVE, CLOSE, OPEN, 3};
enum { LIFE = 262 };

/* They confirm; whether is not in question here. */
static enum ws_status sign(struct stand *stand, struct ws_log_store *log)
{
    WS_TRY(ws_log_set_confirmed(log, true, &stand->err));
    return ws_log_sign(log, &stand->signer, &stand->err);
}

/* With a cosignature. */
static enum ws_status serve(struct stand *stand, struct ws_log_store *log)
{
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_buffer all;
    WS_TRY(ws_log_last_signed(log, &stand->arena, &bytes, &stand->err));
    WS_TRY(ws_note_read(bytes, &stand->arena, &note, &stand->err));
    ws_buffer_init(&all, NULL, WS_NOTE_LIMIT);
    ws_buffer_append(&all, bytes.data, bytes.size);
    enum ws_status status =
        ws_note_sign(&all, note.text, &stand->witness, 1000, &stand->arena, &stand->err);
    if (status == WS_OK)
        status = ws_log_serve(log, ws_buffer_bytes(&all), ws_buffer_bytes(&all), &stand->err);
    ws_buffer_release(&all);
    return status;
}

static enum ws_status publish(struct stand *stand, struct ws_log_store *log)
{
    if (!log->has_witnesses)
        return ws_log_publish(log, &stand->signer, &stand->err);
    WS_TRY(sign(stand, log));
    return serve(stand, log);
}

static enum ws_status take_step(struct stand *stand, int step, struct ws_log_store *log)
{
    switch (step) {
    case MAKE:
        return ws_log_make(stand->log, &stand->signer, &stand->err);
    case OPEN:
        return ws_log_open(stand->log, NULL, log, &stand->err);
    case PUBLISH:
        return publish(stand, log);
    case SIGN:
        return sign(stand, log);
    case SERVE:
        return serve(stand, log);
    case CLOSE:
        ws_log_close(log);
        return WS_OK;
    default:
        return add(log, (size_t)step, UINT64_MAX, &stand->err);
    }
}

/* Records the whole life, with what was promised when. */
static void live(struct stand *stand, const int steps[], size_t count)
{
    struct ws_log_store log = {0};
    struct mark mark = {0};
    stand->steps = steps;
    stand->step_count = count;
    stand->mark_count = 0;
    record_from(stand->place.path);
    for (size_t i = 0; i < count; i++) {
        if (take_step(stand, steps[i], &log) != WS_OK)
            fail_msg("step %zu: %s", i, stand->err.message);
        mark.operations = record_size();
        if (steps[i] != CLOSE) {
            mark.kept = log.count;
            mark.published = log.size;
        }
        if (steps[i] == PUBLISH || steps[i] == SERVE)
            mark.served = log.size;
        if (steps[i] == SERVE)
            mark.cosigned = log.size;
        stand->marks[stand->mark_count++] = mark;
    }
    record_end();
    ws_log_close(&log);
    assert_int_equal(mark.kept, LIFE);
}
#define LIVE(stand, steps) live(stand, steps, sizeof(steps) / sizeof *(steps))

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

/* The checkpoint of so many entries is kept as it was cosigned. */
static const char *problem_of_cosigned(struct stand *stand, uint64_t size, struct ws_arena *arena)
{
    const char *path = ws_log_kept_checkpoint_path(arena, stand->log, size);
    struct ws_bytes bytes;
    struct ws_note note;
    assert_non_null(path);
    if (size == 0)
        return NULL;
    if (ws_file_read(path, WS_NOTE_LIMIT, arena, &bytes, &stand->err) != WS_OK ||
        ws_note_read(bytes, arena, &note, &stand->err) != WS_OK)
        return stand->err.message;
    return note.signature_count == 2 ? NULL : "a cosignature is lost";
}

static void note_damage(void *stand_, const char *file, const char *message)
{
    struct stand *stand = stand_;
    (void)snprintf(stand->damage, sizeof stand->damage, "fsck: %.80s: %.300s", file, message);
}

static const char *problem_of_fsck(struct stand *stand, struct ws_arena *arena)
{
    struct ws_log_health health;
    if (ws_log_fsck(stand->log, note_damage, stand, arena, &health, &stand->err) != WS_OK)
        return stand->err.message;
    return health.damages > 0 ? stand->damage : NULL;
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
        if (!problem)
            problem = problem_of_cosigned(stand, stand->marks[i].cosigned, arena);
    }
    return problem ? problem : problem_of_fsck(stand, arena);
}

/* Entries of the checkpoint that readers see; 0 where there is none that can be read. */
static uint64_t served_size(const struct stand *stand, struct ws_arena *arena)
{
    struct ws_bytes bytes;
    struct ws_note note;
    struct ws_checkpoint checkpoint;
    const char *path = join(arena, stand->log, "checkpoint");
    return ws_file_read(path, WS_NOTE_LIMIT, arena, &bytes, NULL) == WS_OK &&
                   ws_note_read(bytes, arena, &note, NULL) == WS_OK &&
                   ws_checkpoint_read(note.text, arena, &checkpoint, NULL) == WS_OK
               ? checkpoint.size
               : 0;
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
    if (marks > 0) { /* the log was made, and who looks at it first writes nothing */
        const char *damage = problem_of_fsck(stand, arena);
        if (damage)
            return damage;
    }
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
    else if (served_size(stand, arena) < promised->served)
        problem = "readers see an older checkpoint";
    else if ((log.has_witnesses && ws_log_set_confirmed(&log, true, &stand->err) != WS_OK) ||
             add(&log, AGAIN, kept, &stand->err) != WS_OK || publish(stand, &log) != WS_OK)
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
    LIVE(stand, usual_life);
    const char *copy = join(&stand->arena, stand->place.path, "copy");
    assert_int_equal(ws_directory_make(copy, &stand->err), WS_OK);
    write_disk(record_size(), LOSE_NOTHING, 0, SIZE_MAX, copy);
    assert_same_tree(&stand->arena, stand->log, join(&stand->arena, copy, "log"));
}

static void lose_power_at_any_moment(struct stand *stand)
{
    for (size_t n = 0; n <= record_size(); n++)
        for (uint64_t way = 0; way < 2 + SOME_LOST; way++) {
            enum loss loss = way == 0 ? LOSE_ALL : way == 1 ? LOSE_NOTHING : LOSE_SOME;
            const char *problem = lose_power(stand, n, loss, way + 100 * n, SIZE_MAX);
            if (problem)
                fail_msg("behind operation %zu, loss %d, seed %llu: %s", n, (int)loss,
                         (unsigned long long)(way + 100 * n), problem);
        }
}

static void log__outlives_a_loss_of_power(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, usual_life);
    lose_power_at_any_moment(stand);
}

static void log__with_witnesses_outlives_a_loss_of_power(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, witnessed_life);
    lose_power_at_any_moment(stand);
}

static bool is_needed(struct stand *stand, size_t site)
{
    for (size_t n = 0; n <= record_size(); n++)
        for (uint64_t way = 0; way <= SOME_LOST; way++)
            if (lose_power(stand, n, way == 0 ? LOSE_ALL : LOSE_SOME, way + 100 * n, site))
                return true;
    return false;
}

static void need_each_sync(struct stand *stand)
{
    assert_true(sync_site_count() >= 6);
    for (size_t site = 0; site < sync_site_count(); site++)
        if (!is_needed(stand, site))
            fail_msg("'%s' makes no difference", sync_site_name(site));
}

static void log__needs_each_of_its_syncs(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, usual_life);
    need_each_sync(stand);
}

static void log__with_witnesses_needs_each_of_its_syncs(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, witnessed_life);
    need_each_sync(stand);
}

/* Each step of a life in which operation `at` fails; a step that fails is taken once more. */
static void live_with_failure(struct stand *stand, size_t at)
{
    struct ws_log_store log = {0};
    size_t failures = 0;
    record_from(stand->place.path);
    record_fail_at(at);
    for (size_t i = 0; i < stand->step_count; i++) {
        if (take_step(stand, stand->steps[i], &log) == WS_OK)
            continue;
        failures++;
        enum ws_status status = take_step(stand, stand->steps[i], &log);
        if (stand->steps[i] == MAKE && status == WS_CONFLICT)
            continue; /* it was made, and only not certain to stay */
        if (status != WS_OK)
            fail_msg("operation %zu, step %zu again: %s", at, i, stand->err.message);
    }
    record_end();
    record_fail_at(SIZE_MAX);
    assert_true(failures <= 1);
    assert_int_equal(log.count, LIFE);
    if (publish(stand, &log) != WS_OK)
        fail_msg("operation %zu: %s", at, stand->err.message);
    ws_log_close(&log);
}

static void fail_at_any_moment(struct stand *stand)
{
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

static void log__outlives_a_disk_that_fails(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, usual_life);
    fail_at_any_moment(stand);
}

static void log__with_witnesses_outlives_a_disk_that_fails(void **state)
{
    struct stand *stand = *state;
    LIVE(stand, witnessed_life);
    fail_at_any_moment(stand);
}

int main(void)
{
#define POWER_TEST(name) cmocka_unit_test_setup_teardown(name, open_stand, close_stand)
    const struct CMUnitTest tests[] = {
        POWER_TEST(record__has_all_that_was_written),
        POWER_TEST(log__outlives_a_loss_of_power),
        POWER_TEST(log__needs_each_of_its_syncs),
        POWER_TEST(log__outlives_a_disk_that_fails),
        POWER_TEST(log__with_witnesses_outlives_a_loss_of_power),
        POWER_TEST(log__with_witnesses_needs_each_of_its_syncs),
        POWER_TEST(log__with_witnesses_outlives_a_disk_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
