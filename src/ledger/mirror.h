/*
 * Mirrors of a reader's roles (ledger/roles.h): whoever reads a log from one asks that it has
 * cosigned the checkpoint that it shows, which it does once all that the checkpoint covers is
 * stored there. It is no witness: it counts in no quorum and dates nothing, and what its files say
 * is verified as anybody's. Contract: tests/unit/test_roles.c.
 */
#ifndef WS_LEDGER_MIRROR_H
#define WS_LEDGER_MIRROR_H

#include "ledger/roles.h"

/* The mirror whose URL `from` is, or is below; NULL: of none. */
const struct ws_mirror *ws_mirror_at(const struct ws_roles *roles, const char *from);

/* WS_CORRUPT where the mirror has not cosigned the note; else `time` is when it had stored what it
 * covers, POSIX seconds. */
WS_MUST_CHECK enum ws_status ws_mirror_check(const struct ws_mirror *mirror, struct ws_bytes note,
                                             struct ws_arena *arena, uint64_t *time,
                                             struct ws_error *err);

#endif
