/*
 * A vault: preserved originals, kept under their SHA-256, compressed, each once.
 *
 * An item is any file's bytes. Its records say when it was captured and where it came from, as who
 * put it in claims; a removal keeps its record and takes the bytes away. One process writes at a
 * time; any number read. What was committed survives power loss; what was not leaves no trace that
 * counts. docs/formats/vault.md is the directory. Contract: tests/unit/test_vault.c,
 * tests/cli/vault.sh, tests/fault/vault_kills.sh.
 */
#ifndef WS_LEDGER_VAULT_H
#define WS_LEDGER_VAULT_H

#include "base/compress.h"
#include "base/file.h"
#include "ledger/vault_record.h"

struct ws_vault_slot;

struct ws_vault {
    const char *directory; /* borrowed */
    struct ws_arena arena;
    struct ws_vault_record *records;
    uint64_t *earlier; /* of each record the number of the same item's record before it, and 1; 0 */
    size_t count, room;
    struct ws_vault_slot *slots; /* by digest: the last record of each item */
    size_t slot_count;           /* a power of two */
    struct ws_vault_head head;
    /* of a writer */
    int lock; /* -1: a reader */
    struct ws_append_file file;
    struct ws_buffer pending; /* lines that are not committed yet */
};

/* Makes the directory. WS_CONFLICT where it holds a vault, or anything else. */
WS_MUST_CHECK enum ws_status ws_vault_make(const char *directory, struct ws_error *err);

/* WS_NOT_FOUND where there is no vault; WS_BUSY where another process writes to it; WS_CORRUPT
 * where its records are damaged, which ws_vault_verify names. */
WS_MUST_CHECK enum ws_status ws_vault_open(const char *directory, bool to_write,
                                           struct ws_vault *out, struct ws_error *err);
void ws_vault_close(struct ws_vault *vault);

/* The item's last record, a removal or not; NULL where it never was in the vault. */
const struct ws_vault_record *ws_vault_find(const struct ws_vault *vault,
                                            const struct ws_hash *item);

enum ws_vault_outcome {
    WS_VAULT_NEW,     /* its bytes are kept, and a record of them */
    WS_VAULT_KNOWN,   /* its bytes were there: a record more, of another origin or time */
    WS_VAULT_SAME,    /* all of it was there */
    WS_VAULT_MENDED,  /* there, and damaged or gone: its bytes are kept anew */
    WS_VAULT_REMOVED, /* it was taken out before, and is not kept again */
};
/* Keeps the bytes of an open file, from where it stands to its end; `name` is for messages. Counts
 * once it is committed. `time` is now, `captured` and `origin` what is claimed. */
WS_MUST_CHECK enum ws_status ws_vault_put(struct ws_vault *vault, int descriptor, const char *name,
                                          const char *time, const char *captured,
                                          const char *origin, struct ws_hash *item,
                                          enum ws_vault_outcome *outcome, struct ws_error *err);

/* Records that it is taken out, at once for good, and then takes its bytes out. WS_NOT_FOUND where
 * it is not there. What was put in before is committed, too. */
WS_MUST_CHECK enum ws_status ws_vault_remove(struct ws_vault *vault, const struct ws_hash *item,
                                             const char *time, const char *reason,
                                             struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_vault_commit(struct ws_vault *vault, struct ws_error *err);

/* An item's bytes. WS_CORRUPT, after some of them, where they are not what was put in;
 * WS_NOT_FOUND, with the reason, for what was taken out. */
WS_MUST_CHECK enum ws_status ws_vault_get(const struct ws_vault *vault, const struct ws_hash *item,
                                          ws_piece_sink *sink, void *user, struct ws_error *err);

struct ws_vault_health {
    uint64_t records, items, removed; /* distinct items that are there, and that are not any more */
    uint64_t bytes;                   /* of items, uncompressed */
    uint64_t strays;                  /* files that no record names: of an add that was cut short */
    uint64_t damages;
};
/* Told of each damage: of the item `item`, or of the records where that is NULL. `what` is an
 * item's origin, or the line's number. */
typedef void ws_vault_damage(void *user, const struct ws_hash *item, const char *what,
                             const char *message);
/* Reads every byte. A writer may go on meanwhile. Fails only where it cannot look. */
WS_MUST_CHECK enum ws_status ws_vault_verify(const char *directory, ws_vault_damage *tell,
                                             void *user, struct ws_vault_health *out,
                                             struct ws_error *err);

#endif
