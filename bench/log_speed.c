/*
 * Times a transparency log, as bench_log.sh asks: seconds.
 *
 *     log_speed add N SIZE BATCH DIR   adds N entries of SIZE bytes to a new log in DIR, BATCH at
 *                                      a time, each batch synced and published; wall time
 *     log_speed prove N DIR            proves N entries of DIR's log, each somewhere in it, from
 * its files; wall time of one log_speed verify N DIR           checks a proof of that log's last
 * entry N times; CPU time
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"

static double now(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Entry i of so many bytes begins with i, so that no two are the same. */
static void make_batch(uint64_t first, size_t size, size_t count, uint8_t *bytes,
                       struct ws_bytes entries[])
{
    for (size_t i = 0; i < count; i++) {
        store64_le(bytes + i * size, first + i);
        entries[i] = ws_bytes_of(bytes + i * size, size);
    }
}

static enum ws_status grow(struct ws_log_store *log, const struct ws_note_signer *signer,
                           uint64_t n, size_t size, size_t batch, struct ws_arena *arena,
                           struct ws_error *err)
{
    uint8_t *bytes = ws_arena_zalloc(arena, batch, size);
    struct ws_bytes *entries = WS_ARENA_NEW(arena, struct ws_bytes, batch);
    if (!bytes || !entries)
        return ws_fail_memory(err, "entries");
    while (log->size < n) {
        uint64_t first;
        size_t count = n - log->size < batch ? (size_t)(n - log->size) : batch;
        make_batch(log->size, size, count, bytes, entries);
        WS_TRY(ws_log_add(log, entries, count, &first, err));
        WS_TRY(ws_log_publish(log, signer, err));
    }
    return WS_OK;
}

static enum ws_status time_adding(const uint64_t numbers[3], const char *directory,
                                  struct ws_arena *arena, double *seconds, struct ws_error *err)
{
    struct ws_note_signer signer;
    struct ws_log_store log = {0};
    WS_TRY(ws_note_signer_make("log.example", WS_KEY_ED25519, arena, &signer, err));
    enum ws_status status = ws_log_make(directory, &signer, err);
    if (status == WS_OK)
        status = ws_log_open(directory, NULL, &log, err);
    double start = now(CLOCK_MONOTONIC);
    if (status == WS_OK)
        status =
            grow(&log, &signer, numbers[0], (size_t)numbers[1], (size_t)numbers[2], arena, err);
    *seconds = now(CLOCK_MONOTONIC) - start;
    ws_log_close(&log);
    ws_note_signer_close(&signer);
    return status;
}

static struct ws_log_reader reader;

static enum ws_status open_reader(const char *directory, struct ws_error *err)
{
    struct ws_log_store log = {0};
    WS_TRY(ws_log_open(directory, NULL, &log, err));
    ws_log_reader_init(&reader, directory, log.size);
    ws_log_close(&log);
    return WS_OK;
}

static enum ws_status time_proving(uint64_t n, double *seconds, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    struct ws_merkle_proof proof;
    uint64_t index = 0;
    double start = now(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < n; i++) {
        index = (index * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407));
        WS_TRY(ws_merkle_prove_inclusion(&nodes, index % reader.size, reader.size, &proof, err));
    }
    *seconds = (now(CLOCK_MONOTONIC) - start) / (double)n;
    return WS_OK;
}

static enum ws_status time_checking(uint64_t n, double *seconds, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    struct ws_merkle_proof proof;
    struct ws_hash leaf, root;
    uint64_t index = reader.size / 2;
    WS_TRY(ws_log_reader_node(&reader, 0, index, &leaf, err));
    WS_TRY(ws_merkle_root(&nodes, reader.size, &root, err));
    WS_TRY(ws_merkle_prove_inclusion(&nodes, index, reader.size, &proof, err));
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < n; i++)
        WS_TRY(ws_merkle_check_inclusion(index, reader.size, &leaf, &proof, &root, err));
    *seconds = now(CLOCK_PROCESS_CPUTIME_ID) - start;
    return WS_OK;
}

/* Those between the first argument and the last. */
static bool read_numbers(int argc, char **argv, uint64_t numbers[3])
{
    for (int i = 2; i < argc - 1; i++)
        if (!ws_whole_parse(argv[i], &numbers[i - 2]))
            return false;
    return true;
}

static enum ws_status measure(int argc, char **argv, struct ws_arena *arena, double *seconds,
                              struct ws_error *err)
{
    uint64_t numbers[3];
    const char *work = argc > 1 ? argv[1] : "";
    bool adds = strcmp(work, "add") == 0;
    if (argc != (adds ? 6 : 4) || !read_numbers(argc, argv, numbers) || numbers[0] == 0 ||
        (adds && (numbers[1] < 8 || numbers[2] == 0)))
        return ws_fail(err, WS_INVALID,
                       "usage: log_speed add N SIZE BATCH DIR | prove N DIR | verify N DIR");
    if (adds)
        return time_adding(numbers, argv[argc - 1], arena, seconds, err);
    WS_TRY(open_reader(argv[argc - 1], err));
    return strcmp(work, "prove") == 0 ? time_proving(numbers[0], seconds, err)
                                      : time_checking(numbers[0], seconds, err);
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err;
    double seconds = 0;
    ws_arena_init(&arena, NULL);
    enum ws_status status = measure(argc, argv, &arena, &seconds, &err);
    if (status != WS_OK)
        (void)fprintf(stderr, "log_speed: %s\n", err.message);
    else
        (void)printf("%.9f\n", seconds);
    ws_arena_release(&arena);
    return status == WS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
