/*
 * Looks at every byte of a log's directory: entries against the hashes of their leaves, tiles
 * against those below them, checkpoints against the tiles and the key, partial tiles against the
 * full ones, the journal against what was published. Every damage is named; looking goes on behind
 * it. Takes no lock, and a writer may go on meanwhile. Memory does not grow with the log.
 *
 * Contract: tests/unit/test_log_fsck.c, tests/cli/ledger_fsck.sh.
 */
#ifndef WS_LEDGER_LOG_FSCK_H
#define WS_LEDGER_LOG_FSCK_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct ws_log_health {
    const char *origin; /* NULL: its checkpoint cannot be read */
    uint64_t size;      /* entries that the last checkpoint covers */
    uint64_t waiting;   /* in the journal, for the next one */
    uint64_t torn;      /* bytes at the journal's end, of a write that was cut short: no damage */
    uint64_t files, bytes; /* that were read */
    uint64_t checkpoints;  /* that are kept */
    uint64_t damages;
};

/* `file` is below the directory: "tile/entries/000". */
typedef void ws_log_damage(void *user, const char *file, const char *message);

/* WS_OK whatever it finds; WS_NOT_FOUND where there is no log, WS_NO_MEMORY. The origin lives in
 * the arena. */
WS_MUST_CHECK enum ws_status ws_log_fsck(const char *directory, ws_log_damage *damage, void *user,
                                         struct ws_arena *arena, struct ws_log_health *out,
                                         struct ws_error *err);

#endif
