/*
 * What the commands on indices share: a log, whom its reader trusts, the shards that are at hand,
 * and what becomes of those that the log names.
 */
#ifndef WS_CLI_INDEX_COMMAND_H
#define WS_CLI_INDEX_COMMAND_H

#include "cli/shard_command.h"
#include "ledger/index_build.h"
#include "ledger/roles.h"
#include "ledger/trust.h"

/* What was asked for; NULL: not given. */
struct stock_request {
    const char *log, *shards, *policy, *roles;
};

struct stock {
    struct ws_arena arena;
    struct ws_log_source source;
    struct ws_trust trust;
    struct ws_roles roles;
    struct ws_hash roles_digest;
    struct ws_shard_shelf shelf;
    struct ws_index_plan plan;
    struct ws_checkpoint shown; /* the log's last checkpoint, as the policy has it */
    struct ws_index_list list;
    const struct ws_shard **live;
};

/* The log and whom its reader trusts; no shards yet. The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status stock_open(struct stock *stock, const struct stock_request *request,
                                        struct ws_error *err);
/* Reads the log as far as `of` goes (NULL: to its last checkpoint), whose scheme and entries those
 * of the index are then, and takes stock of its shards; those that are not in the index for what
 * they are get a line on stderr. The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status stock_take(struct stock *stock, const struct stock_request *request,
                                        const struct ws_index_list *of, struct ws_error *err);
void stock_close(struct stock *stock); /* zeroed is fine */

#endif
