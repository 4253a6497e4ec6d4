/*
 * Times what adding statements costs beyond checking their signatures, as bench_log_statements.sh
 * asks: seconds of N statements, on THREADS threads.
 *
 *     add_statements verify N THREADS       their Ed25519 signatures alone, and nothing read
 *     add_statements add N THREADS DIR      added to a new log in DIR: envelopes read, signatures
 *                                           and statements checked, 4,096 at a time, each group
 *                                           synced to the disk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/number.h"
#include "ledger/admission.h"
#include "ledger/log_store.h"

enum { KINDS = 512, BATCH = 4096, PIECE = 64, SHARDS = 4 };

/* Statements that are signed, each many times over: what they say costs the same each time. */
struct made {
    struct ws_arena arena;
    struct ws_note_signer signer;
    struct ws_note_key key;
    struct ws_bytes entries[KINDS];
    struct ws_bytes messages[KINDS]; /* that were signed */
    uint8_t signatures[KINDS][WS_ED25519_SIGNATURE_SIZE];
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(enum ws_status status, const struct ws_error *err)
{
    if (status == WS_OK)
        return;
    (void)fprintf(stderr, "add_statements: %s\n", err->message);
    exit(EXIT_FAILURE);
}

static void make_entry(struct made *made, size_t i, struct ws_error *err)
{
    struct ws_statement_subject subjects[SHARDS] = {{.name = "shard-0.bin"},
                                                    {.name = "shard-1.bin"},
                                                    {.name = "shard-2.bin"},
                                                    {.name = "shard-3.bin"}};
    const struct ws_statement statement = {
        .kind = WS_STATEMENT_EMISSION,
        .subjects = subjects,
        .subject_count = SHARDS,
        .emission = {.model = "example.com/storyteller",
                     .started = "2026-11-01T00:00:00Z",
                     .ended = "2026-11-20T00:00:00Z",
                     .documents = 1000 + i,
                     .source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/"
                                    "trainedAlgorithmicMedia",
                     .depth = {.at_least = 1}}};
    struct ws_buffer text, entry;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&entry, NULL, SIZE_MAX);
    must(ws_statement_append(&text, &statement, 0, err), err);
    must(ws_envelope_append(&entry, WS_STATEMENT_PAYLOAD_TYPE, ws_buffer_bytes(&text),
                            &made->signer, &made->arena, err),
         err);
    made->entries[i] = ws_bytes_of(ws_arena_copy(&made->arena, entry.data, entry.size), entry.size);
    const char *message =
        ws_arena_format(&made->arena, "DSSEv1 %zu %s %zu %s", strlen(WS_STATEMENT_PAYLOAD_TYPE),
                        WS_STATEMENT_PAYLOAD_TYPE, text.size, ws_buffer_string(&text));
    made->messages[i] = ws_bytes_of_text(message);
    must(ws_ed25519_sign(&made->signer.private_key, made->messages[i], made->signatures[i], err),
         err);
    ws_buffer_release(&entry);
    ws_buffer_release(&text);
}

static void make(struct made *made)
{
    struct ws_error err;
    ws_arena_init(&made->arena, NULL);
    must(ws_note_signer_make("example.com", WS_KEY_ED25519, &made->arena, &made->signer, &err),
         &err);
    must(ws_note_signer_key(&made->signer, &made->key, &err), &err);
    for (size_t i = 0; i < KINDS; i++)
        make_entry(made, i, &err);
}

static void verify_piece(void *user, size_t piece)
{
    const struct made *made = user;
    for (size_t i = piece * PIECE; i < (piece + 1) * PIECE; i++)
        if (!ws_ed25519_verify(&made->key.public_key, made->messages[i % KINDS],
                               made->signatures[i % KINDS]))
            exit(EXIT_FAILURE);
}

static double time_verify(struct made *made, size_t count, struct ws_pool *pool)
{
    const double start = now();
    ws_pool_run(pool, count / PIECE, verify_piece, made);
    return now() - start;
}

static double time_add(struct made *made, size_t count, struct ws_pool *pool, const char *directory)
{
    static struct ws_bytes batch[BATCH];
    static struct ws_admitted admitted[BATCH];
    const struct ws_note_key *const keys[] = {&made->key};
    const struct ws_admission admission = {.keys = keys, .key_count = 1};
    struct ws_log_store store;
    struct ws_error err;
    uint64_t first;
    size_t bad;
    must(ws_log_make(directory, &made->signer, &err), &err);
    must(ws_log_open(directory, NULL, &store, &err), &err);
    const double start = now();
    for (size_t done = 0; done < count; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            batch[i] = made->entries[i % KINDS];
        must(ws_admission_check(&admission, batch, BATCH, pool, admitted, &bad, &err), &err);
        must(ws_log_add(&store, batch, BATCH, &first, &err), &err);
    }
    const double seconds = now() - start;
    ws_log_close(&store);
    return seconds;
}

int main(int argc, char **argv)
{
    static struct made made;
    struct ws_pool *pool;
    struct ws_error err;
    uint64_t count, threads;
    const bool adds = argc == 5 && strcmp(argv[1], "add") == 0;
    if ((!adds && argc != 4) || !ws_whole_parse(argv[2], &count) || count % BATCH != 0 ||
        !ws_whole_parse(argv[3], &threads) || threads == 0) {
        (void)fprintf(stderr, "usage: add_statements verify N THREADS | add N THREADS DIR\n"
                              "N is a multiple of 4096\n");
        return 2;
    }
    json_object_seed(0);
    make(&made);
    must(ws_pool_new((unsigned)threads, NULL, &pool, &err), &err);
    (void)printf("%.6f\n",
                 adds ? time_add(&made, count, pool, argv[4]) : time_verify(&made, count, pool));
    ws_pool_free(pool);
    return 0;
}
