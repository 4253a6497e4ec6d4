/*
 * Four processes add to one log and publish, each as soon as it gets the lock, and one after
 * another is killed at some moment: what was acknowledged is there, every checkpoint that was seen
 * is the beginning of the log, and its files are whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "ledger/log_fsck.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "support/place.h"

enum {
    WRITERS = 4,
    KILLS = 200,
    BATCH = 5,
    ENTRY_SIZE = 32,
    ACKNOWLEDGED_LIMIT = 1 << 15, /* of each writer, who stops there */
    LONGEST = 8000000,            /* nanoseconds between two kills */
};

/* What the writers tell, in memory that outlives them. */
struct writer {
    uint64_t tries; /* entries that it began to add, each with another text */
    struct {
        uint64_t try, index;
    } acknowledged[ACKNOWLEDGED_LIMIT];
    atomic_size_t count; /* of them */
};

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signer;
    struct place place;
    struct writer *writers;
    uint64_t random;
};

static uint32_t next_random(struct stand *stand)
{
    stand->random = stand->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(stand->random >> 33);
}

static void pause_for(long nanoseconds)
{
    const struct timespec time = {.tv_nsec = nanoseconds};
    (void)nanosleep(&time, NULL);
}

/* A writer ------------------------------------------------------------------------------------- */

static struct ws_bytes text_of(size_t writer, uint64_t try, char out[ENTRY_SIZE])
{
    int size = snprintf(out, ENTRY_SIZE, "%zu: %llu", writer, (unsigned long long)try);
    return ws_bytes_of(out, (size_t)size);
}

static enum ws_status add_some(struct stand *stand, size_t number, struct ws_log_store *log)
{
    struct writer *writer = &stand->writers[number];
    char texts[BATCH][ENTRY_SIZE];
    struct ws_bytes entries[BATCH];
    uint64_t first, tries = writer->tries;
    size_t count = 1 + next_random(stand) % BATCH;
    for (size_t i = 0; i < count; i++)
        entries[i] = text_of(number, tries + i, texts[i]);
    writer->tries = tries + count;
    WS_TRY(ws_log_add(log, entries, count, &first, &stand->err));
    size_t known = atomic_load(&writer->count);
    for (size_t i = 0; i < count; i++) {
        writer->acknowledged[known + i].try = tries + i;
        writer->acknowledged[known + i].index = first + i;
    }
    atomic_store(&writer->count, known + count);
    return WS_OK;
}

static enum ws_status write_once(struct stand *stand, size_t number)
{
    struct ws_log_store log = {0};
    enum ws_status status = ws_log_open(stand->place.path, NULL, &log, &stand->err);
    for (uint32_t i = next_random(stand) % 3; status == WS_OK && i < 3; i++)
        status = add_some(stand, number, &log);
    if (status == WS_OK && next_random(stand) % 2)
        status = ws_log_publish(&log, &stand->signer, &stand->err);
    ws_log_close(&log);
    return status;
}

/* Writes until it is killed; what it exits with says why it gave up. */
static void write_on(struct stand *stand, size_t number)
{
    while (atomic_load(&stand->writers[number].count) < ACKNOWLEDGED_LIMIT - 3 * BATCH) {
        enum ws_status status = write_once(stand, number);
        if (status != WS_OK && status != WS_BUSY) {
            (void)fprintf(stderr, "writer %zu: %s\n", number, stand->err.message);
            _exit((int)status);
        }
        pause_for(next_random(stand) % 300000);
    }
    for (;;)
        pause_for(LONGEST);
}

static pid_t start(struct stand *stand, size_t number)
{
    (void)next_random(stand); /* else it would do what the one before it did */
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0)
        write_on(stand, number);
    return process;
}

static void end(pid_t process)
{
    int status;
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The log -------------------------------------------------------------------------------------- */

static struct ws_checkpoint served(struct stand *stand)
{
    struct ws_note note;
    struct ws_checkpoint checkpoint;
    struct ws_bytes bytes =
        contents(&stand->arena, join(&stand->arena, stand->place.path, "checkpoint"));
    assert_int_equal(ws_note_read(bytes, &stand->arena, &note, &stand->err), WS_OK);
    assert_int_equal(ws_checkpoint_read(note.text, &stand->arena, &checkpoint, &stand->err), WS_OK);
    return checkpoint;
}

static struct ws_log_reader reader; /* too large for a stack */

/* Entries as the bundles have them, each with the leaf that the tiles have. */
static struct ws_bytes *read_all(struct stand *stand, uint64_t size)
{
    struct ws_bytes *all = WS_ARENA_NEW(&stand->arena, struct ws_bytes, size + WS_TILE_WIDTH);
    struct ws_bytes hashes;
    assert_non_null(all);
    for (uint64_t n = 0; n * WS_TILE_WIDTH < size; n++) {
        struct ws_tile tile = {.index = n, .width = ws_tile_width(0, n, size)};
        assert_int_equal(
            ws_log_read_tile(stand->place.path, &tile, &stand->arena, &hashes, &stand->err), WS_OK);
        assert_int_equal(hashes.size, tile.width * (size_t)WS_HASH_SIZE);
        tile.is_bundle = true;
        struct ws_bytes *entries = all + n * WS_TILE_WIDTH;
        assert_int_equal(
            ws_log_read_bundle(stand->place.path, &tile, &stand->arena, entries, &stand->err),
            WS_OK);
        for (unsigned i = 0; i < tile.width; i++) {
            struct ws_hash leaf;
            ws_merkle_leaf(entries[i], &leaf);
            assert_memory_equal(leaf.bytes, hashes.data + i * (size_t)WS_HASH_SIZE, WS_HASH_SIZE);
        }
    }
    return all;
}

static void assert_acknowledged(struct stand *stand, const struct ws_bytes *all, uint64_t size)
{
    char text[ENTRY_SIZE];
    for (size_t w = 0; w < WRITERS; w++)
        for (size_t i = 0; i < atomic_load(&stand->writers[w].count); i++) {
            uint64_t index = stand->writers[w].acknowledged[i].index;
            struct ws_bytes wanted = text_of(w, stand->writers[w].acknowledged[i].try, text);
            assert_true(index < size);
            assert_int_equal(all[index].size, wanted.size);
            assert_memory_equal(all[index].data, wanted.data, wanted.size);
        }
}

/* `seen` grow in size. */
static void assert_beginnings(const struct ws_bytes *all, const struct ws_checkpoint *seen,
                              size_t count)
{
    struct ws_frontier frontier = {0};
    struct ws_hash root, leaf;
    for (size_t i = 0; i < count; i++) {
        assert_true(seen[i].size >= frontier.size);
        while (frontier.size < seen[i].size) {
            ws_merkle_leaf(all[frontier.size], &leaf);
            ws_frontier_add(&frontier, &leaf);
        }
        ws_frontier_root(&frontier, &root);
        assert_true(ws_hash_equal(&root, &seen[i].root));
    }
}

/* The writer is acknowledged something and the checkpoint grows, however slow the machine is, or
 * the writer is dead. */
static void wait_for_writer(struct stand *stand, size_t number, pid_t process)
{
    const size_t count = atomic_load(&stand->writers[number].count);
    const uint64_t size = served(stand).size;
    int how;
    while ((atomic_load(&stand->writers[number].count) == count || served(stand).size == size) &&
           waitpid(process, &how, WNOHANG) == 0)
        pause_for(LONGEST / 8);
}

static void name_damage(void *user, const char *file, const char *message)
{
    (void)user;
    (void)fprintf(stderr, "%s: %s\n", file, message);
}

static void assert_sound(struct stand *stand)
{
    struct ws_log_health health;
    assert_int_equal(
        ws_log_fsck(stand->place.path, name_damage, NULL, &stand->arena, &health, &stand->err),
        WS_OK);
    assert_int_equal(health.damages, 0);
}

static void log__outlives_its_writers(void **state)
{
    static struct stand stand;
    static struct ws_checkpoint seen[KILLS + 1];
    struct ws_log_store log;
    struct ws_hash root;
    pid_t processes[WRITERS];
    (void)state;
    stand.random = 8;
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    stand.writers = mmap(NULL, WRITERS * sizeof *stand.writers, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(stand.writers, MAP_FAILED);
    assert_int_equal(
        ws_note_signer_make("log.example", WS_KEY_ED25519, &stand.arena, &stand.signer, &stand.err),
        WS_OK);
    assert_int_equal(ws_log_make(stand.place.path, &stand.signer, &stand.err), WS_OK);
    for (size_t w = 0; w < WRITERS; w++)
        processes[w] = start(&stand, w);
    for (size_t i = 0; i < KILLS; i++) {
        size_t w = next_random(&stand) % WRITERS;
        if (i % 2 == 0)
            wait_for_writer(&stand, w, processes[w]);
        pause_for(next_random(&stand) % LONGEST);
        end(processes[w]);
        seen[i] = served(&stand);
        processes[w] = start(&stand, w);
    }
    for (size_t w = 0; w < WRITERS; w++)
        end(processes[w]);

    if (ws_log_open(stand.place.path, NULL, &log, &stand.err) != WS_OK ||
        ws_log_publish(&log, &stand.signer, &stand.err) != WS_OK)
        fail_msg("%s", stand.err.message);
    seen[KILLS] = served(&stand);
    assert_int_equal(seen[KILLS].size, log.count);
    const struct ws_bytes *all = read_all(&stand, log.count);
    assert_acknowledged(&stand, all, log.count);
    assert_beginnings(all, seen, KILLS + 1);
    ws_log_reader_init(&reader, stand.place.path, log.count);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    assert_int_equal(ws_merkle_root(&nodes, log.count, &root, &stand.err), WS_OK);
    assert_true(ws_hash_equal(&root, &seen[KILLS].root));
    assert_sound(&stand);
    /* Killing at once, before anything was done, would show nothing; half of the kills waited. */
    for (size_t w = 0; w < WRITERS; w++)
        assert_true(atomic_load(&stand.writers[w].count) > 0);
    assert_true(seen[KILLS / 2].size > 0 && seen[KILLS].size > seen[KILLS / 2].size);

    ws_log_close(&log);
    ws_note_signer_close(&stand.signer);
    (void)munmap(stand.writers, WRITERS * sizeof *stand.writers);
    remove_place(&stand.place);
    ws_arena_release(&stand.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__outlives_its_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
