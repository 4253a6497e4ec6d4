/*
 * Which copy of a log's directory it is that the witnesses confirmed. A backup that is put back
 * looks like the log, and is older than what was promised: entries that it took would be in no log.
 * So a copy that was confirmed says so in its file `confirmed`, which names this copy and no other:
 * the start of the machine, and the very files `checkpoint` and `pending`, which no copy has. It is
 * written anew with each of them. Contract: tests/unit/test_log_cosign.c; docs/formats/log.md has
 * the file.
 */
#ifndef WS_LEDGER_LOG_COPY_H
#define WS_LEDGER_LOG_COPY_H

#include "base/file.h"

bool ws_log_copy_is_confirmed(const char *directory, struct ws_arena *arena);
/* Not synced: what is lost with the power is not true when it is back. */
WS_MUST_CHECK enum ws_status ws_log_copy_confirm(const char *directory, struct ws_arena *arena,
                                                 struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_log_copy_disown(const char *directory, struct ws_arena *arena,
                                                struct ws_error *err);

#endif
