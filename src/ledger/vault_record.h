/*
 * The records of a vault: what was put in, and what was taken out again.
 *
 * A record is a line: 64 hex digits, a blank, and an object of JSON. The digits are the SHA-256 of
 * those of the line before (32 bytes; zeros before the first) and of the object's bytes, so that a
 * line that is changed, lost or moved shows. docs/formats/vault.md is the format. Pure functions.
 * Contract: tests/unit/test_vault.c, tests/fuzz/fuzz_vault.c.
 */
#ifndef WS_LEDGER_VAULT_RECORD_H
#define WS_LEDGER_VAULT_RECORD_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"

enum {
    WS_VAULT_TEXT_LIMIT = 4096, /* bytes of an origin or a reason */
    WS_VAULT_LINE_LIMIT = 1 << 16,
};

struct ws_vault_record {
    bool is_removal;
    struct ws_hash item;  /* SHA-256 of its bytes */
    const char *time;     /* of the record, "2026-11-01T00:00:00Z" */
    uint64_t bytes;       /* of the item; of a removal 0 */
    const char *captured; /* such a time: the claim of who put it in; of a removal NULL */
    const char *origin;   /* where it came from, one line; of a removal NULL */
    const char *reason;   /* of a removal, one line; else NULL */
};

/* WS_INVALID says which member cannot be kept. */
WS_MUST_CHECK enum ws_status ws_vault_record_check(const struct ws_vault_record *record,
                                                   struct ws_error *err);

/* A line, which is checked before; *chain is that of the line before and becomes its own. */
WS_MUST_CHECK enum ws_status ws_vault_record_append(struct ws_buffer *out,
                                                    const struct ws_vault_record *record,
                                                    struct ws_hash *chain, struct ws_error *err);

/* A line without its end. WS_CORRUPT where it is none, or does not follow on *chain, which becomes
 * what the line says, so that those behind it can be looked at in any case. */
WS_MUST_CHECK enum ws_status ws_vault_record_read(struct ws_bytes line, struct ws_hash *chain,
                                                  struct ws_arena *arena,
                                                  struct ws_vault_record *out,
                                                  struct ws_error *err);

/* How far the records of a vault go: replaced whole each time, so that what was written behind and
 * is not in it yet was never acknowledged. */
struct ws_vault_head {
    uint64_t records;
    uint64_t bytes;       /* of their lines */
    struct ws_hash chain; /* of the last line; zeros where there is none */
};
void ws_vault_head_append(struct ws_buffer *out, const struct ws_vault_head *head);
WS_MUST_CHECK enum ws_status ws_vault_head_read(struct ws_bytes text, struct ws_vault_head *out,
                                                struct ws_error *err);

/* A line of a manifest, which says of a file what the command line would say of all:
 * {"file": ..., "captured": ..., "origin": ...}; without the last two they are NULL. WS_CORRUPT
 * where it is none. */
struct ws_vault_manifest_line {
    const char *file, *captured, *origin;
};
WS_MUST_CHECK enum ws_status ws_vault_manifest_read(struct ws_bytes line, struct ws_arena *arena,
                                                    struct ws_vault_manifest_line *out,
                                                    struct ws_error *err);

#endif
