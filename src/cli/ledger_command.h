/*
 * The commands on logs: "wellspring ledger add" is cmd_ledger_add, and what they share.
 */
#ifndef WS_CLI_LEDGER_COMMAND_H
#define WS_CLI_LEDGER_COMMAND_H

#include "cli/command.h"
#include "ledger/envelope.h"
#include "ledger/key_file.h"
#include "ledger/log_store.h"
#include "ledger/statement.h"
#include "ledger/trust.h"

/* clang-format off */
#define WS_LEDGER_COMMANDS(X)                                                           \
    X(init,    "begin a log")                                                           \
    X(add,     "add statements to a log: envelopes, or descriptions that are signed")   \
    X(publish, "sign a checkpoint of what was added, and have witnesses cosign it")     \
    X(prove,   "write a proof of an entry that needs no log")                           \
    X(verify,  "check such proofs by a policy")                                         \
    X(monitor, "follow a log, verify every byte of it, and shout when it forks")           \
    X(timestamp, "have an authority of RFC 3161 stamp a log's checkpoint")              \
    X(fsck,    "look at every byte of a log")                                           \
    X(keys,    "make keys, and print the public halves of those that are there")
/* clang-format on */

#define X(name, summary) int cmd_ledger_##name(int argc, char **argv);
WS_LEDGER_COMMANDS(X)
#undef X

/* "name+id+base64", on no line of its own; in the arena. NULL when memory is out. */
const char *vkey_text(const struct ws_note_key *key, struct ws_arena *arena);

/* The policy at `path`; the caller closes it. */
WS_MUST_CHECK enum ws_status read_policy(const char *path, struct ws_arena *arena,
                                         struct ws_trust *out, struct ws_error *err);

/* ws_log_open, again and again for so many seconds while another process has the log. */
WS_MUST_CHECK enum ws_status open_log_patiently(const char *directory, double seconds,
                                                struct ws_log_store *out, struct ws_error *err);

/* The statement in an envelope, signed, wherever in a log it will be; in the arena. */
WS_MUST_CHECK enum ws_status sign_statement(const struct ws_statement *statement,
                                            const struct ws_note_signer *signer,
                                            struct ws_arena *arena, struct ws_bytes *out,
                                            struct ws_error *err);
/* Adds one entry, which is at *index then. It cites nothing. */
WS_MUST_CHECK enum ws_status add_to_log(const char *directory, double patience,
                                        struct ws_bytes entry, uint64_t *index,
                                        struct ws_error *err);

/* A number of seconds that `flag` has; `initial` where it was not given. */
WS_MUST_CHECK enum ws_status read_seconds(const char *flag, const char *text, double initial,
                                          double *out, struct ws_error *err);

/* "2026-11-27T11:20:00Z" */
void time_text(uint64_t seconds, char out[32]);

#endif
