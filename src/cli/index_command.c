#include "cli/index_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/ledger_command.h"
#include "fingerprint/fingerprint.h"

/* The checkpoint that the log shows, which the policy accepts where there is one. */
static enum ws_status read_shown(struct stock *stock, const struct stock_request *request,
                                 struct ws_checkpoint *out, struct ws_error *err)
{
    struct ws_trusted_checkpoint trusted;
    struct ws_bytes bytes;
    struct ws_note note;
    WS_TRY(ws_log_source_read(&stock->source, "checkpoint", &stock->arena, &bytes, err));
    if (!request->policy) {
        WS_TRY(ws_note_read(bytes, &stock->arena, &note, err));
        return ws_checkpoint_read(note.text, &stock->arena, out, err);
    }
    WS_TRY(ws_trust_check(&stock->trust, bytes, &stock->arena, &trusted, err));
    *out = trusted.checkpoint;
    return WS_OK;
}

/* That the log of the index is the beginning of the one that is shown. */
static enum ws_status check_beginning(struct stock *stock, const struct ws_checkpoint *shown,
                                      const struct ws_checkpoint *of, struct ws_error *err)
{
    const struct ws_log_source_tree tree = {&stock->source, *shown};
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(&tree);
    struct ws_merkle_proof proof;
    if (strcmp(shown->origin, of->origin) != 0)
        return ws_fail(err, WS_CORRUPT, "the index is of log '%.150s', and this one is '%.150s'",
                       of->origin, shown->origin);
    if (of->size > shown->size)
        return ws_fail(err, WS_CORRUPT,
                       "the index is of %" PRIu64 " entries, and the log shows %" PRIu64, of->size,
                       shown->size);
    if (of->size == 0)
        return WS_OK;
    WS_TRY(ws_merkle_prove_consistency(&nodes, of->size, shown->size, &proof, err));
    return ws_merkle_check_consistency(of->size, &of->root, shown->size, &shown->root, &proof, err);
}

static enum ws_status read_trust(struct stock *stock, const struct stock_request *request,
                                 struct ws_error *err)
{
    struct ws_bytes text;
    if (request->policy)
        WS_TRY(read_policy(request->policy, &stock->arena, &stock->trust, err));
    if (!request->roles)
        return WS_OK;
    WS_TRY(ws_file_read(request->roles, WS_TRUST_LIMIT, &stock->arena, &text, err));
    WS_TRY(ws_hash_of(text, &stock->roles_digest, err));
    WS_TRY(ws_roles_read(text, request->roles, &stock->trust, &stock->arena, &stock->roles, err));
    stock->plan.roles = &stock->roles;
    stock->plan.roles_digest = &stock->roles_digest;
    return WS_OK;
}

static void tell(void *user, const struct ws_index_shard *shard, const char *message)
{
    (void)user;
    (void)fprintf(stderr, "wellspring: entry %" PRIu64 ", shard %" PRIu32 ": %s: %s\n",
                  shard->entry, shard->subject, ws_index_state_word(shard->state), message);
}

enum ws_status stock_open(struct stock *stock, const struct stock_request *request,
                          struct ws_error *err)
{
    *stock = (struct stock){.plan = {.scheme = WS_FINGERPRINT_ID}};
    ws_arena_init(&stock->arena, NULL);
    stock->plan.source = &stock->source;
    if (!request->shards)
        return ws_fail(err, WS_INVALID, "where are the shards? --shards DIR");
    if (request->roles && !request->policy)
        return ws_fail(err, WS_INVALID, "--roles stand beside a policy: --policy FILE");
    WS_TRY(read_trust(stock, request, err));
    WS_TRY(ws_log_source_open(request->log, &stock->source, err));
    return read_shown(stock, request, &stock->shown, err);
}

enum ws_status stock_take(struct stock *stock, const struct stock_request *request,
                          const struct ws_index_list *of, struct ws_error *err)
{
    WS_TRY(stock_open(stock, request, err));
    if (of) {
        WS_TRY(check_beginning(stock, &stock->shown, &of->log, err));
        stock->plan.scheme = of->scheme;
    }
    stock->plan.log = of ? of->log : stock->shown;
    WS_TRY(ws_shard_shelf_open(&stock->shelf, request->shards, &stock->arena, err));
    return ws_index_take_stock(&stock->plan, &stock->shelf, tell, NULL, &stock->arena, &stock->list,
                               &stock->live, err);
}

void stock_close(struct stock *stock)
{
    ws_shard_shelf_close(&stock->shelf);
    ws_log_source_close(&stock->source);
    ws_roles_close(&stock->roles);
    ws_trust_close(&stock->trust);
    ws_arena_release(&stock->arena);
}
