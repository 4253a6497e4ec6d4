/*
 * A log as its one writer keeps it, in a directory that any web server can serve:
 *
 *     checkpoint                the last one, signed
 *     checkpoints/<size>        each one that was ever published
 *     tile/...                  c2sp.org/tlog-tiles
 *     vkey                      the key that signs, public
 *     pending                   the last one, signed, where witnesses have still to cosign it
 *     journal, lock, confirmed  the writer's own, as is `pending`
 *
 * An entry that was added has its index and survives a loss of power: it is in the journal, which
 * is synced once for as many entries as come together. It is in the log when a checkpoint covers
 * it: publishing writes bundles and tiles, syncs them, signs, and begins a new journal. What comes
 * to nothing between two of these steps is done again, with the same bytes.
 *
 * A log has witnesses once a checkpoint is served that others than its key have signed. It then
 * signs only what they confirm to be a continuation (ledger/log_cosign.h), serves only what they
 * cosigned, and takes entries only in a copy that they confirmed (ledger/log_copy.h). Memory does
 * not grow with the log. Contract: tests/unit/test_log_store.c; docs/formats/log.md has the
 * journal's form.
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
    int lock, directory_lock;
    const char *journal_path;
    struct ws_append_file journal; /* closed after some failures: adding opens it again */
    bool has_witnesses;
    bool is_confirmed; /* by the witnesses, since it was opened */
    bool is_marked;    /* this copy of the directory is one that they confirmed */
    uint64_t size;     /* entries that the last checkpoint covers, the one that was signed last */
    uint64_t count;    /* entries that are kept: those, and what waits in the journal */
    /* Called before and after witnesses are asked, which may take long and touches nothing of this:
     * meanwhile others may add entries. NULL: nobody else has it. */
    void (*let_go)(void *holder);
    void (*take_back)(void *holder);
    void *holder;
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

/* Keeps entries, of at most WS_ENTRY_LIMIT bytes, all or none; the first gets the index `first`.
 * WS_BUSY in a copy of a log with witnesses that these have not confirmed: it may be an old one. */
WS_MUST_CHECK enum ws_status ws_log_add(struct ws_log_store *store, const struct ws_bytes entries[],
                                        size_t count, uint64_t *first, struct ws_error *err);

/* Publishes a checkpoint of all entries that are kept; that of no new ones is there already.
 * WS_CONFLICT for a log with witnesses. */
WS_MUST_CHECK enum ws_status ws_log_publish(struct ws_log_store *store,
                                            const struct ws_note_signer *signer,
                                            struct ws_error *err);

/* For logs with witnesses (ledger/log_cosign.h), instead: the checkpoint that was signed last, a
 * note, which lies in the arena; ... */
WS_MUST_CHECK enum ws_status ws_log_last_signed(const struct ws_log_store *store,
                                                struct ws_arena *arena, struct ws_bytes *out,
                                                struct ws_error *err);
/* ... that the witnesses confirm it, or that one of them contradicts it; ... */
WS_MUST_CHECK enum ws_status ws_log_set_confirmed(struct ws_log_store *store, bool is_confirmed,
                                                  struct ws_error *err);
/* ... a new one of all entries that are kept, which is not served yet. WS_BUSY unless the witnesses
 * have confirmed the size; ... */
WS_MUST_CHECK enum ws_status ws_log_sign(struct ws_log_store *store,
                                         const struct ws_note_signer *signer, struct ws_error *err);
/* ... and that one served with its cosignatures; `kept` is the same, with each witness's first. */
WS_MUST_CHECK enum ws_status ws_log_serve(struct ws_log_store *store, struct ws_bytes note,
                                          struct ws_bytes kept, struct ws_error *err);

/* "<directory>/checkpoints/x001/503": where the checkpoint of this size is kept for ever. NULL when
 * memory is out. */
const char *ws_log_kept_checkpoint_path(struct ws_arena *arena, const char *directory,
                                        uint64_t size);

#endif
