/*
 * wellspring index verify: every byte of an index, the same index built anew, or a proof that came
 * without it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/temporary_directory.h"
#include "cli/index_command.h"

struct verify_request {
    struct stock_request stock;
    const char *digest, *fingerprint;
    bool json;
    bool refused; /* something is not what it should be */
};

/* Proofs ----------------------------------------------------------------------------------------
 */

static enum ws_status verify_proof(const struct verify_request *request, const char *path,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_index_proof proof;
    struct ws_range_tile tile;
    struct ws_bytes bytes;
    struct ws_hash digest;
    uint64_t fingerprint;
    if (!request->digest || !request->fingerprint)
        return ws_fail(err, WS_INVALID,
                       "'%.200s' is a proof: of which index, as its statement says, and of what? "
                       "--digest HEX --fingerprint HEX",
                       path);
    WS_TRY(read_digest("digest", request->digest, &digest, err));
    WS_TRY(read_fingerprint("fingerprint", request->fingerprint, &fingerprint, err));
    WS_TRY(ws_file_read(path, PROOF_FILE_LIMIT, arena, &bytes, err));
    WS_TRY(ws_index_proof_read(bytes, &proof, err));
    WS_TRY(ws_index_proof_check(&proof, &digest, fingerprint, &tile, err));
    return print_finding(&tile, fingerprint, fingerprint, "shard", request->json, err);
}

/* Building anew ---------------------------------------------------------------------------------
 */

/* The first line in which the lists differ. */
static enum ws_status compare_lists(const struct ws_index_list *said,
                                    const struct ws_index_list *built, struct ws_error *err)
{
    const size_t count =
        said->shard_count < built->shard_count ? said->shard_count : built->shard_count;
    if (said->has_roles != built->has_roles ||
        (said->has_roles && !ws_hash_equal(&said->roles, &built->roles)))
        return ws_fail(err, WS_CORRUPT,
                       "the index was built %s; --roles FILE, the same file, is needed to compare",
                       said->has_roles ? "with other roles" : "without roles");
    for (size_t i = 0; i < count; i++) {
        const struct ws_index_shard *a = &said->shards[i], *b = &built->shards[i];
        if (a->entry != b->entry || a->subject != b->subject || a->state != b->state ||
            a->withdrawn_at != b->withdrawn_at || !ws_hash_equal(&a->digest, &b->digest))
            return ws_fail(err, WS_CORRUPT,
                           "the index says of entry %" PRIu64 ", shard %" PRIu32
                           ": %s; here entry %" PRIu64 ", shard %" PRIu32 " is %s",
                           a->entry, a->subject, ws_index_state_word(a->state), b->entry,
                           b->subject, ws_index_state_word(b->state));
    }
    if (said->shard_count != built->shard_count)
        return ws_fail(err, WS_CORRUPT, "the index lists %zu shards, and the log names %zu",
                       said->shard_count, built->shard_count);
    return WS_OK;
}

static enum ws_status compare_built(const struct ws_index *index, struct stock *stock,
                                    struct ws_error *err)
{
    const char *directory;
    struct ws_index_head head = {.entries = 0};
    WS_TRY(compare_lists(&index->list, &stock->list, err));
    WS_TRY(ws_temporary_directory_make(&stock->arena, &directory, err));
    const char *path = ws_arena_format(&stock->arena, "%s/index", directory);
    enum ws_status status = path ? ws_index_write(path, &stock->list, stock->live, NULL, &head, err)
                                 : ws_fail_memory(err, "an index");
    ws_directory_remove(directory);
    WS_TRY(status);
    if (!ws_hash_equal(&head.range.root, &index->head.range.root) ||
        !ws_hash_equal(&head.list, &index->head.list))
        return ws_fail(err, WS_CORRUPT,
                       "the same shards make another index: this one has another root");
    return WS_OK;
}

static enum ws_status build_anew(const struct verify_request *request, const struct ws_index *index,
                                 struct ws_error *err)
{
    struct stock stock = {.live = NULL};
    enum ws_status status = stock_take(&stock, &request->stock, &index->list, err);
    if (status == WS_OK)
        status = compare_built(index, &stock, err);
    stock_close(&stock);
    return status;
}

/* The command -----------------------------------------------------------------------------------
 */

static enum ws_status print_verdict(const struct verify_request *request, const char *path,
                                    const struct ws_index *index, struct ws_error *err)
{
    const struct ws_index_list *list = &index->list;
    const bool anew = request->stock.log != NULL;
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&index->digest, digest);
    if (request->json)
        return print_json(json_pack("{s:b, s:b, s:o, s:s, s:s, s:I, s:I, s:I, s:I}", "verified", 1,
                                    "rebuilt", (int)anew, "index", ws_json_path(path), "digest",
                                    digest, "log", list->log.origin, "entries",
                                    (json_int_t)list->log.size, "fingerprints",
                                    (json_int_t)index->head.range.pairs, "live",
                                    (json_int_t)ws_index_list_live_count(list), "listed",
                                    (json_int_t)list->shard_count),
                          "the answer", err);
    (void)printf("Sound%s: '%s': %" PRIu64 " fingerprints of %zu live shards of %zu that %" PRIu64
                 " entries of '%s' name; digest %s.\n",
                 anew ? ", and the same when built anew" : "", path, index->head.range.pairs,
                 ws_index_list_live_count(list), list->shard_count, list->log.size,
                 list->log.origin, digest);
    if (!anew)
        (void)printf("That it is what the shards make was not looked for.\n"
                     "Next: --log LOG --shards DIR\n");
    return WS_OK;
}

static enum ws_status verify_index(const struct verify_request *request, const char *path,
                                   struct ws_arena *arena, struct ws_error *err)
{
    struct ws_index index;
    struct ws_hash wanted;
    if (request->digest)
        WS_TRY(read_digest("digest", request->digest, &wanted, err));
    WS_TRY(ws_index_open(&index, path, arena, err));
    enum ws_status status = WS_OK;
    if (request->digest && !ws_hash_equal(&wanted, &index.digest))
        status = ws_fail(err, WS_CORRUPT, "another index: its head has another SHA-256");
    if (status == WS_OK)
        status = ws_index_verify(&index, err);
    if (status == WS_OK && request->stock.log)
        status = build_anew(request, &index, err);
    if (status == WS_OK)
        status = print_verdict(request, path, &index, err);
    else
        ws_error_prefix(err, "'%.200s'", path);
    ws_index_close(&index);
    return status;
}

static enum ws_status verify(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct verify_request *request = context;
    const char *path = arguments->positional[0];
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = begins_with(path, "WSIPROF1")
                                ? verify_proof(request, path, &arena, err)
                                : verify_index(request, path, &arena, err);
    request->refused = status == WS_CORRUPT;
    ws_arena_release(&arena);
    return status;
}

int cmd_index_verify(int argc, char **argv)
{
    struct verify_request request = {.json = false};
    const struct flag table[] = {
        {"log", 0, "LOG", "URL or directory: build the index anew and compare", NULL,
         &request.stock.log},
        {"shards", 0, "DIR", "with --log: where shards are", NULL, &request.stock.shards},
        {"policy", 0, "FILE", "with --log: whose log it is", NULL, &request.stock.policy},
        {"roles", 0, "FILE", "with --log: the roles that the index was built with", NULL,
         &request.stock.roles},
        {"digest", 0, "HEX", "the index's digest, as its statement says", NULL, &request.digest},
        {"fingerprint", 0, "HEX", "of a proof: what was looked for", NULL, &request.fingerprint},
        {"json", 0, NULL, "the answer as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "index verify INDEX|PROOF [options]",
        .about =
            "Reads every byte of an index; with --log and --shards builds it anew, as a monitor "
            "does, and\ncompares. Or checks a proof of 'index prove', which needs no index. "
            "Ends with 3 when something is\nnot what it should be.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "verify: which index, or which proof?",
    };
    const int status = command_of_one(&line, argc, argv, verify, &request);
    return request.refused ? EXIT_NOT_VERIFIED : status;
}
