/*
 * Files of private keys: one line, as ws_note_signer_append prints it, that its owner alone may
 * read. What they hold is never printed. Contract: tests/unit/test_key_file.c, tests/cli/ledger.sh.
 */
#ifndef WS_LEDGER_KEY_FILE_H
#define WS_LEDGER_KEY_FILE_H

#include "base/file.h"
#include "ledger/note.h"

/* WS_INVALID where others than its owner may read the file. */
WS_MUST_CHECK enum ws_status ws_key_file_check_mode(const char *path, struct ws_error *err);

/* WS_CONFLICT where there is a file already, which is left as it is. */
WS_MUST_CHECK enum ws_status
ws_key_file_write(const char *path, const struct ws_note_signer *signer, struct ws_error *err);

/* WS_INVALID where it is no key of `type`, or where others than its owner may read it. The caller
 * closes the signer; its name lives in the arena. */
WS_MUST_CHECK enum ws_status ws_key_file_read(const char *path, enum ws_key_type type,
                                              struct ws_arena *arena, struct ws_note_signer *out,
                                              struct ws_error *err);
/* The same for a key of any type. */
WS_MUST_CHECK enum ws_status ws_key_file_read_any(const char *path, struct ws_arena *arena,
                                                  struct ws_note_signer *out, struct ws_error *err);

#endif
