/*
 * The commands on logs: "wellspring ledger add" is cmd_ledger_add, and what they share.
 */
#ifndef WS_CLI_LEDGER_COMMAND_H
#define WS_CLI_LEDGER_COMMAND_H

#include <jansson.h>

#include "cli/command.h"
#include "ledger/key_file.h"

/* clang-format off */
#define WS_LEDGER_COMMANDS(X)                                                           \
    X(keys,    "make keys, and print the public halves of those that are there")        \
    X(monitor, "follow a log, verify every byte of it, and shout when it forks")
/* clang-format on */

#define X(name, summary) int cmd_ledger_##name(int argc, char **argv);
WS_LEDGER_COMMANDS(X)
#undef X

/* Prints it, and gives it back; NULL: memory is out. */
WS_MUST_CHECK enum ws_status print_ledger_json(json_t *json, struct ws_error *err);

/* "name+id+base64", on no line of its own; in the arena. NULL when memory is out. */
const char *vkey_text(const struct ws_note_key *key, struct ws_arena *arena);

#endif
