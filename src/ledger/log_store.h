/*
 * A log as its one writer keeps it, in a directory that any web server can serve:
 *
 *     checkpoint                the last one, signed
 *     checkpoints/<size>        each one that was ever published
 *     tile/...                  c2sp.org/tlog-tiles
 *     vkey                      the key that signs, public
 *     journal, lock             the writer's own
 *
 * An entry that was added has its index and survives a loss of power: it is in the journal, which
 * is synced once for as many entries as come together. It is in the log when a checkpoint covers
 * it: publishing writes bundles and tiles, syncs them, signs, and begins a new journal. What comes
 * to nothing between two of these steps is done again, with the same bytes. Memory does not grow
 * with the log. Contract: tests/unit/test_log_store.c; docs/formats/log.md has the journal's form.
 */
#ifndef WS_LEDGER_LOG_STORE_H
#define WS_LEDGER_LOG_STORE_H

#include "base/file.h"
#include "ledger/log_checkpoint.h"
#include "ledger/note.h"
#include "ledger/tile.h"

struct ws_log_store {
    const struct ws_allocator *allocator;
    struct ws_arena arena; /* texts of the store */
    const char *directory;
    const char *origin;
    uint32_t key; /* id of the key that signs */
    int lock;
    struct ws_append_file journal;
    uint64_t size;  /* entries that the last checkpoint covers */
    uint64_t count; /* entries that are kept: those, and what waits in the journal */
};

/* A new log without entries, in a directory that is empty or not there; its origin is the key's
 * name. WS_CONFLICT where there is a log. */
WS_MUST_CHECK enum ws_status ws_log_make(const char *directory, const struct ws_note_signer *signer,
                                         struct ws_error *err);

/* Takes the log for this process alone. WS_BUSY when another has it; WS_CORRUPT when its checkpoint
 * is not signed by its key or its tiles do not lead to the checkpoint's root; WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status ws_log_open(const char *directory,
                                         const struct ws_allocator *allocator,
                                         struct ws_log_store *out, struct ws_error *err);
void ws_log_close(struct ws_log_store *store); /* zeroed or closed before is fine */

/* Keeps entries, of at most WS_ENTRY_LIMIT bytes, all or none; the first gets the index `first`. */
WS_MUST_CHECK enum ws_status ws_log_add(struct ws_log_store *store, const struct ws_bytes entries[],
                                        size_t count, uint64_t *first, struct ws_error *err);

/* Publishes a checkpoint of all entries that are kept. */
WS_MUST_CHECK enum ws_status ws_log_publish(struct ws_log_store *store,
                                            const struct ws_note_signer *signer,
                                            struct ws_error *err);

#endif
