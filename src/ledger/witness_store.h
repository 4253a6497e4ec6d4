/*
 * What a witness remembers, in an SQLite file: the logs that it knows, their keys, and the last
 * checkpoint of each that it cosigned. To forget one is to be ready to cosign a fork, so what was
 * ended with `keep` is on the disk: the file's journal is a rollback journal, synced fully, its
 * folder too.
 *
 * A store is used by one thread at a time; several processes may have the same file open.
 * Contract: tests/unit/test_witness.c.
 */
#ifndef WS_LEDGER_WITNESS_STORE_H
#define WS_LEDGER_WITNESS_STORE_H

#include "ledger/log_checkpoint.h"
#include "ledger/note.h"

struct ws_witness_store {
    const char *path;
    struct sqlite3 *database; /* NULL: closed */
};

/* A log that is known. */
struct ws_witnessed_log {
    const char *origin;
    bool is_cosigned;    /* a checkpoint was ever cosigned; else there is nothing of these: */
    uint64_t size;       /* of the last one; 0 */
    struct ws_hash root; /* of no entries */
    uint64_t time;       /* of the cosignature, POSIX seconds; 0 */
    struct ws_bytes checkpoint; /* the note, with the log's signatures and the cosignature */
};

/* `path` is the caller's and stays. WS_CONFLICT for making one where there is one, WS_NOT_FOUND for
 * opening where there is none, WS_CORRUPT for another file. */
WS_MUST_CHECK enum ws_status ws_witness_store_make(const char *path, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_witness_store_open(const char *path, struct ws_witness_store *out,
                                                   struct ws_error *err);
void ws_witness_store_close(struct ws_witness_store *store); /* zeroed or closed before is fine */

/* From here to the end nobody else, of this process or others, changes what is stored. */
WS_MUST_CHECK enum ws_status ws_witness_store_begin(struct ws_witness_store *store,
                                                    struct ws_error *err);
/* Keeps what was put in between, durably, or undoes it. After a failure it is undone. */
WS_MUST_CHECK enum ws_status ws_witness_store_end(struct ws_witness_store *store, bool keep,
                                                  struct ws_error *err);

/* WS_NOT_FOUND for a log that is not known. What is read lives in the arena. */
WS_MUST_CHECK enum ws_status ws_witness_store_find(struct ws_witness_store *store,
                                                   const char *origin, struct ws_arena *arena,
                                                   struct ws_witnessed_log *out,
                                                   struct ws_error *err);
/* The same by the SHA-256 of the origin. */
WS_MUST_CHECK enum ws_status ws_witness_store_find_hash(struct ws_witness_store *store,
                                                        const struct ws_hash *origin,
                                                        struct ws_arena *arena,
                                                        struct ws_witnessed_log *out,
                                                        struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_witness_store_put(struct ws_witness_store *store,
                                                  const struct ws_witnessed_log *log,
                                                  struct ws_error *err);

/* All logs, by origin. */
struct ws_witnessed_logs {
    struct ws_witnessed_log *items;
    size_t count;
};
WS_MUST_CHECK enum ws_status ws_witness_store_list(struct ws_witness_store *store,
                                                   struct ws_arena *arena,
                                                   struct ws_witnessed_logs *out,
                                                   struct ws_error *err);

/* A key that may sign for the log, as keys are printed. WS_INVALID for what is no key of a log or
 * no origin; that it is there already is fine. */
WS_MUST_CHECK enum ws_status ws_witness_store_add_key(struct ws_witness_store *store,
                                                      const char *origin, const char *key,
                                                      struct ws_error *err);
/* The texts of a log's keys. */
WS_MUST_CHECK enum ws_status ws_witness_store_keys(struct ws_witness_store *store,
                                                   const char *origin, struct ws_arena *arena,
                                                   const char *const **out, size_t *count,
                                                   struct ws_error *err);

#endif
