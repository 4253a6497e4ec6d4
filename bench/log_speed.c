/*
 * Measures a transparency log, as bench_log.sh asks: seconds, or KiB.
 *
 *     log_speed add N SIZE BATCH DIR   adds N entries of SIZE bytes to a new log in DIR, BATCH at a
 *                                      time, each batch synced and published; wall time
 *     log_speed one N DIR              adds N entries of 128 bytes to a new log, one at a time, and
 *                                      after each appends as much to a file and syncs that: the
 *                                      time that 99 of 100 entries take at most, and the median of
 *                                      the file's
 *     log_speed statements N DIR       reads N signed statements, checks them, and adds them, 1,000
 *                                      at a time; and checks as many signatures and nothing else
 *     log_speed prove N DIR            proves N entries of DIR's log, each somewhere in it, from
 * its files; wall time of one log_speed verify N DIR           checks a proof of an entry of that
 * log N times; CPU time log_speed memory N DIR           opens that log, adds and publishes N
 * entries, 1,000 at a time, and proves as many: KiB of memory at the most
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "ledger/envelope.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "ledger/statement.h"

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
    for (const uint64_t end = log->size + n; log->size < end;) {
        uint64_t first;
        size_t count = end - log->size < batch ? (size_t)(end - log->size) : batch;
        make_batch(log->size, size, count, bytes, entries);
        WS_TRY(ws_log_add(log, entries, count, &first, err));
        WS_TRY(ws_log_publish(log, signer, err));
    }
    return WS_OK;
}

/* A log that is written, with the key that signs it. */
struct writing {
    struct ws_note_signer signer;
    struct ws_log_store log;
};

static void end_writing(struct writing *writing)
{
    ws_log_close(&writing->log);
    ws_note_signer_close(&writing->signer);
}

/* For whoever goes on with the log. */
static enum ws_status keep_secret(const char *directory, const struct ws_note_signer *signer,
                                  struct ws_arena *arena, struct ws_error *err)
{
    struct ws_buffer text;
    const char *path = ws_arena_format(arena, "%s/secret", directory);
    if (!path)
        return ws_fail_memory(err, "a key");
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_note_signer_append(&text, signer);
    enum ws_status status = ws_file_replace(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

static enum ws_status make_log(const char *directory, struct ws_arena *arena,
                               struct writing *writing, struct ws_error *err)
{
    *writing = (struct writing){.log.lock = -1};
    WS_TRY(ws_note_signer_make("log.example", WS_KEY_ED25519, arena, &writing->signer, err));
    WS_TRY(ws_log_make(directory, &writing->signer, err));
    WS_TRY(keep_secret(directory, &writing->signer, arena, err));
    return ws_log_open(directory, NULL, &writing->log, err);
}

struct job {
    uint64_t numbers[3];
    const char *directory;
    struct ws_arena *arena;
    double results[2];
    size_t result_count;
};

static enum ws_status time_adding(struct job *job, struct ws_error *err)
{
    struct writing w;
    enum ws_status status = make_log(job->directory, job->arena, &w, err);
    double start = now(CLOCK_MONOTONIC);
    if (status == WS_OK)
        status = grow(&w.log, &w.signer, job->numbers[0], (size_t)job->numbers[1],
                      (size_t)job->numbers[2], job->arena, err);
    job->results[0] = now(CLOCK_MONOTONIC) - start;
    end_writing(&w);
    return status;
}

/* One by one --------------------------------------------------------------------------------------
 */

enum { ONE_SIZE = 128 };

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[(size_t)(part * (double)(count - 1))];
}

static enum ws_status add_one_by_one(struct job *job, struct ws_log_store *log, int file,
                                     double *adds, double *syncs, struct ws_error *err)
{
    uint8_t bytes[ONE_SIZE] = {0};
    struct ws_bytes entry;
    uint64_t first;
    for (uint64_t i = 0; i < job->numbers[0]; i++) {
        make_batch(i, sizeof bytes, 1, bytes, &entry);
        double start = now(CLOCK_MONOTONIC);
        WS_TRY(ws_log_add(log, &entry, 1, &first, err));
        double middle = now(CLOCK_MONOTONIC);
        if (write(file, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fsync(file) != 0)
            return ws_fail_system(err, "write", "a file beside the log");
        adds[i] = middle - start;
        syncs[i] = now(CLOCK_MONOTONIC) - middle;
    }
    return WS_OK;
}

static enum ws_status time_one(struct job *job, struct ws_error *err)
{
    struct writing w;
    size_t count = (size_t)job->numbers[0];
    double *adds = WS_ARENA_NEW(job->arena, double, count);
    double *syncs = WS_ARENA_NEW(job->arena, double, count);
    const char *beside = ws_arena_format(job->arena, "%s-beside", job->directory);
    if (!adds || !syncs || !beside)
        return ws_fail_memory(err, "times");
    enum ws_status status = make_log(job->directory, job->arena, &w, err);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (status == WS_OK)
        status = file < 0 ? ws_fail_system(err, "write", beside)
                          : add_one_by_one(job, &w.log, file, adds, syncs, err);
    if (file >= 0)
        (void)close(file);
    (void)unlink(beside);
    end_writing(&w);
    WS_TRY(status);
    job->results[0] = quantile(adds, count, 0.99);
    job->results[1] = quantile(syncs, count, 0.5);
    job->result_count = 2;
    return WS_OK;
}

/* Statements --------------------------------------------------------------------------------------
 */

enum { TOGETHER = 1000 };

static enum ws_status make_statements(const struct ws_note_signer *issuer, struct ws_arena *arena,
                                      struct ws_bytes out[TOGETHER], struct ws_error *err)
{
    for (size_t i = 0; i < TOGETHER; i++) {
        struct ws_buffer text, envelope;
        const char *name = ws_arena_format(arena, "shard-%zu", i);
        struct ws_statement_subject shard = {.name = name};
        const struct ws_statement statement = {
            .kind = WS_STATEMENT_ARCHIVE,
            .subjects = &shard,
            .subject_count = 1,
            .archive = {.collection = "a collection of documents",
                        .started = "2026-11-01T00:00:00Z",
                        .ended = "2026-11-02T00:00:00Z",
                        .documents = 1000000,
                        .method = "crawl"},
        };
        ws_buffer_init(&text, NULL, SIZE_MAX);
        ws_buffer_init(&envelope, NULL, SIZE_MAX);
        enum ws_status status = ws_statement_append(&text, &statement, i, err);
        if (status == WS_OK)
            status = ws_envelope_append(&envelope, WS_STATEMENT_PAYLOAD_TYPE,
                                        ws_buffer_bytes(&text), issuer, arena, err);
        out[i] = ws_bytes_of(ws_arena_copy(arena, envelope.data, envelope.size), envelope.size);
        ws_buffer_release(&text);
        ws_buffer_release(&envelope);
        WS_TRY(status);
    }
    return WS_OK;
}

static enum ws_status check_one(struct ws_bytes entry, uint64_t index,
                                const struct ws_note_key *issuer, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_envelope envelope;
    struct ws_statement statement;
    const struct ws_note_key *const keys[] = {issuer};
    bool is_signed = false;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_envelope_read(entry, &arena, &envelope, err);
    if (status == WS_OK)
        status = ws_envelope_check(&envelope, keys, 1, &arena, &is_signed, err);
    if (status == WS_OK)
        status = ws_statement_read(envelope.payload, index, &arena, &statement, err);
    if (status == WS_OK && !is_signed)
        status = ws_fail(err, WS_CORRUPT, "a statement that its issuer did not sign");
    ws_arena_release(&arena);
    return status;
}

static enum ws_status add_statements(struct job *job, struct ws_log_store *log,
                                     const struct ws_bytes entries[TOGETHER],
                                     const struct ws_note_key *issuer, struct ws_error *err)
{
    uint64_t first;
    double start = now(CLOCK_MONOTONIC);
    for (uint64_t done = 0; done < job->numbers[0]; done += TOGETHER) {
        for (size_t i = 0; i < TOGETHER; i++)
            WS_TRY(check_one(entries[i], done + i, issuer, err));
        WS_TRY(ws_log_add(log, entries, TOGETHER, &first, err));
    }
    job->results[0] = now(CLOCK_MONOTONIC) - start;
    return WS_OK;
}

/* As many bytes as an envelope has. */
static enum ws_status check_bare(struct job *job, const struct ws_bytes entries[TOGETHER],
                                 const struct ws_note_signer *issuer, const struct ws_note_key *key,
                                 struct ws_error *err)
{
    uint8_t signature[WS_ED25519_SIGNATURE_SIZE];
    WS_TRY(ws_ed25519_sign(&issuer->private_key, entries[0], signature, err));
    double start = now(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < job->numbers[0]; i++)
        if (!ws_ed25519_verify(&key->public_key, entries[0], signature))
            return ws_fail(err, WS_CORRUPT, "a bad signature");
    job->results[1] = now(CLOCK_MONOTONIC) - start;
    job->result_count = 2;
    return WS_OK;
}

static enum ws_status time_statements(struct job *job, struct ws_error *err)
{
    static struct ws_bytes entries[TOGETHER];
    struct writing w;
    struct ws_note_key key = {0};
    enum ws_status status = make_log(job->directory, job->arena, &w, err);
    if (status == WS_OK)
        status = ws_note_signer_key(&w.signer, &key, err);
    if (status == WS_OK)
        status = make_statements(&w.signer, job->arena, entries, err);
    if (status == WS_OK)
        status = add_statements(job, &w.log, entries, &key, err);
    if (status == WS_OK)
        status = check_bare(job, entries, &w.signer, &key, err);
    ws_note_key_close(&key);
    end_writing(&w);
    return status;
}

/* Proofs ------------------------------------------------------------------------------------------
 */

static struct ws_log_reader reader;

static enum ws_status open_reader(const char *directory, struct ws_error *err)
{
    struct ws_log_store log = {0};
    WS_TRY(ws_log_open(directory, NULL, &log, err));
    ws_log_reader_init(&reader, directory, log.size);
    ws_log_close(&log);
    return WS_OK;
}

static enum ws_status prove_some(uint64_t n, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    struct ws_merkle_proof proof;
    uint64_t index = 0;
    for (uint64_t i = 0; i < n; i++) {
        index = (index * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407));
        WS_TRY(ws_merkle_prove_inclusion(&nodes, index % reader.size, reader.size, &proof, err));
    }
    return WS_OK;
}

static enum ws_status time_proving(struct job *job, struct ws_error *err)
{
    WS_TRY(open_reader(job->directory, err));
    double start = now(CLOCK_MONOTONIC);
    WS_TRY(prove_some(job->numbers[0], err));
    job->results[0] = (now(CLOCK_MONOTONIC) - start) / (double)job->numbers[0];
    return WS_OK;
}

static enum ws_status time_checking(struct job *job, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&reader);
    struct ws_merkle_proof proof;
    struct ws_hash leaf, root;
    WS_TRY(open_reader(job->directory, err));
    uint64_t index = reader.size / 2;
    WS_TRY(ws_log_reader_node(&reader, 0, index, &leaf, err));
    WS_TRY(ws_merkle_root(&nodes, reader.size, &root, err));
    WS_TRY(ws_merkle_prove_inclusion(&nodes, index, reader.size, &proof, err));
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < job->numbers[0]; i++)
        WS_TRY(ws_merkle_check_inclusion(index, reader.size, &leaf, &proof, &root, err));
    job->results[0] = now(CLOCK_PROCESS_CPUTIME_ID) - start;
    return WS_OK;
}

static enum ws_status measure_memory(struct job *job, struct ws_error *err)
{
    struct rusage usage;
    struct ws_log_store log = {0};
    const char *path = ws_arena_format(job->arena, "%s/secret", job->directory);
    struct ws_bytes text;
    struct ws_note_signer signer;
    if (!path)
        return ws_fail_memory(err, "a key");
    WS_TRY(ws_file_read(path, 1000, job->arena, &text, err));
    WS_TRY(ws_note_signer_read(text, job->arena, &signer, err));
    enum ws_status status = ws_log_open(job->directory, NULL, &log, err);
    if (status == WS_OK)
        status = grow(&log, &signer, job->numbers[0], 8, TOGETHER, job->arena, err);
    ws_log_close(&log);
    ws_note_signer_close(&signer);
    WS_TRY(status);
    WS_TRY(open_reader(job->directory, err));
    WS_TRY(prove_some(job->numbers[0], err));
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return ws_fail_system(err, "measure", "memory");
    job->results[0] = (double)usage.ru_maxrss;
    return WS_OK;
}

static const struct {
    const char *name;
    int number_count;
    enum ws_status (*run)(struct job *job, struct ws_error *err);
} works[] = {
    {"add", 3, time_adding},    {"one", 1, time_one},         {"statements", 1, time_statements},
    {"prove", 1, time_proving}, {"verify", 1, time_checking}, {"memory", 1, measure_memory},
};

static enum ws_status measure(int argc, char **argv, struct job *job, struct ws_error *err)
{
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        bool fits = argc == works[i].number_count + 3 && strcmp(argv[1], works[i].name) == 0;
        for (int k = 0; fits && k < works[i].number_count; k++)
            fits = ws_whole_parse(argv[2 + k], &job->numbers[k]) && job->numbers[k] > 0;
        if (fits && (works[i].run != time_adding || job->numbers[1] >= 8)) {
            job->directory = argv[argc - 1];
            return works[i].run(job, err);
        }
    }
    return ws_fail(err, WS_INVALID,
                   "usage: log_speed add N SIZE BATCH DIR | one|statements|prove|verify|memory N "
                   "DIR, with numbers above 0 and sizes from 8 on");
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err;
    struct job job = {.arena = &arena, .result_count = 1};
    ws_arena_init(&arena, NULL);
    enum ws_status status = measure(argc, argv, &job, &err);
    if (status != WS_OK)
        (void)fprintf(stderr, "log_speed: %s\n", err.message);
    for (size_t i = 0; status == WS_OK && i < job.result_count; i++)
        (void)printf("%.9f\n", job.results[i]);
    ws_arena_release(&arena);
    return status == WS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
