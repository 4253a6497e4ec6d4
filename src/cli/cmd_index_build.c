/*
 * wellspring index build: the shards of a log as one index, and a description of it that can be
 * signed and logged.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/index_command.h"

struct build_request {
    struct stock_request stock;
    const char *out;
    bool json;
};

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "<out>.yaml", beside the head. */
static enum ws_status describe(const char *out, const struct stock *stock, struct ws_arena *arena,
                               const char **path, struct ws_error *err)
{
    char root[WS_HASH_TEXT_SIZE];
    json_t *json;
    struct ws_buffer text;
    ws_hash_text(&stock->list.log.root, root);
    *path = ws_arena_format(arena, "%s.yaml", out);
    if (!*path)
        return ws_fail_memory(err, "a description");
    /* JSON is YAML, and quotes what has to be quoted. */
    json = json_pack("{s:s, s:s, s:I, s:s, s:o}", "kind", "index", "log", stock->list.log.origin,
                     "entries", (json_int_t)stock->list.log.size, "root", root, "head",
                     ws_json_path(base_of(out)));
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append_pretty(json, &text);
    json_decref(json);
    ws_buffer_text(&text, "\n");
    enum ws_status status = ws_buffer_check(&text, "a description", err);
    if (status == WS_OK)
        status = ws_file_replace(*path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

static json_t *shards_json(const struct ws_index_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->shard_count; i++) {
        char digest[WS_HASH_TEXT_SIZE];
        ws_hash_text(&list->shards[i].digest, digest);
        ws_json_add(&array, json_pack("{s:s, s:I, s:I, s:s}", "state",
                                      ws_index_state_word(list->shards[i].state), "entry",
                                      (json_int_t)list->shards[i].entry, "subject",
                                      (json_int_t)list->shards[i].subject, "digest", digest));
    }
    return array;
}

static enum ws_status print_built(const struct build_request *request, const struct stock *stock,
                                  const struct ws_index_head *head, const char *description,
                                  struct ws_error *err)
{
    const struct ws_index_list *list = &stock->list;
    char digest[WS_HASH_TEXT_SIZE], storage[WS_INDEX_HEAD_SIZE + 1];
    struct ws_buffer bytes;
    struct ws_hash hash;
    ws_buffer_fix(&bytes, storage, sizeof storage);
    ws_index_head_append(&bytes, head);
    WS_TRY(ws_hash_of(ws_buffer_bytes(&bytes), &hash, err));
    ws_hash_text(&hash, digest);
    if (request->json)
        return print_json(json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:o}", "index",
                                    ws_json_path(request->out), "digest", digest, "log",
                                    list->log.origin, "entries", (json_int_t)list->log.size,
                                    "fingerprints", (json_int_t)head->range.pairs, "live",
                                    (json_int_t)ws_index_list_live_count(list), "shards",
                                    shards_json(list)),
                          "the answer", err);
    (void)printf("'%s': %" PRIu64 " fingerprints of %zu live shards that %" PRIu64
                 " entries of '%s' name; digest %s.\n",
                 request->out, head->range.pairs, ws_index_list_live_count(list), list->log.size,
                 list->log.origin, digest);
    for (size_t i = 0; i < list->shard_count; i++)
        if (list->shards[i].state != WS_INDEX_LIVE)
            (void)printf("Not in it: entry %" PRIu64 ", shard %" PRIu32 ": %s\n",
                         list->shards[i].entry, list->shards[i].subject,
                         ws_index_state_word(list->shards[i].state));
    begin_command(stdout, "Next, to sign and log it:\n ");
    print_words("ledger add LOG");
    print_word(description);
    print_words("--issuer KEY");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status build_with(const struct build_request *request, struct stock *stock,
                                 struct ws_error *err)
{
    struct ws_index_head head;
    const char *description;
    WS_TRY(stock_take(stock, &request->stock, NULL, err));
    WS_TRY(ws_index_write(request->out, &stock->list, stock->live, NULL, &head, err));
    WS_TRY(describe(request->out, stock, &stock->arena, &description, err));
    return print_built(request, stock, &head, description, err);
}

static enum ws_status build(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct build_request *request = context;
    struct stock stock = {.live = NULL};
    request->stock.log = arguments->positional[0];
    if (!request->out)
        return ws_fail(err, WS_INVALID, "build: where does the index go? --out FILE");
    if (ws_file_exists(request->out))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already, and an index never changes",
                       request->out);
    enum ws_status status = build_with(request, &stock, err);
    stock_close(&stock);
    return status;
}

int cmd_index_build(int argc, char **argv)
{
    struct build_request request = {.json = false};
    const struct flag table[] = {
        {"shards", 0, "DIR", "where shards are; their names do not matter", NULL,
         &request.stock.shards},
        {"out", 'o', "FILE", "the index's head; its other files have longer names", NULL,
         &request.out},
        {"policy", 0, "FILE", "whose log it is", NULL, &request.stock.policy},
        {"roles", 0, "FILE", "whose statements count (docs/formats/trust.md)", NULL,
         &request.stock.roles},
        {"json", 0, NULL, "what was made as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "index build LOG --shards DIR --out FILE [options]",
        .about =
            "Reads every entry of a log, URL or directory, verifies the shards that it names, and "
            "merges those\nthat are live. The others are listed with the reason. With --roles "
            "statements that do not count and\nthose that were withdrawn are left out; without, "
            "all count. The same log, roles and shards give\nthe same index.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "build: of which log?",
    };
    return command_of_one(&line, argc, argv, build, &request);
}
