/*
 * `run --register`: the texts that a run's models wrote, as model emissions for a log: of each
 * measured sample a shard and a signed statement.
 *
 * The layer of the lab knows nothing of logs: it shows samples (struct ws_sample_sink), and here
 * they are registered. What was registered is not again, so a run that was killed goes on as ever.
 * Contract: tests/cli/register.sh.
 */
#ifndef WS_CLI_RUN_REGISTER_H
#define WS_CLI_RUN_REGISTER_H

#include "lab/chain.h"
#include "ledger/note.h"

struct register_flags {
    const char *directory; /* or a registry's file; NULL: nothing is registered */
    const char *key;       /* the issuer's; NULL: the registry's */
    const char *log;       /* a directory; NULL: the registry's, or statements are only kept */
};

/* What several threads register with; it stays where it is. */
struct run_register {
    struct register_flags flags;
    struct ws_arena arena;
    struct ws_note_signer signer;
    bool has_signer;
    char begun[32]; /* when the command began */
    struct ws_sample_sink sink;
    uint64_t made; /* statements; atomic */
};

/* WS_UNSUPPORTED for a family that writes no texts; WS_INVALID for flags that lack others, and
 * where no sample is drawn. The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status run_register_open(struct run_register *out,
                                               const struct register_flags *flags,
                                               const struct ws_experiment *experiment,
                                               struct ws_error *err);
void run_register_close(struct run_register *registering); /* zeroed is fine */

/* The next step, after a run. */
void run_register_tell(const struct run_register *registering);

#endif
