/*
 * wellspring shard fetch: a mirror gets the live shards that a log names and that it lacks.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"
#include "cli/index_command.h"
#include "cli/ledger_command.h"
#include "cli/stop_signal.h"
#include "ledger/shard_roll.h"
#include "ledger/shard_site.h"

enum { MOST = 4096 /* MiB */, SECONDS = 3600, ANSWER_SECONDS = 60 };

struct fetch_request {
    struct stock_request stock;
    const char *from, *most, *seconds;
    bool json;
};

struct fetching {
    const struct fetch_request *request;
    struct stock stock;
    struct ws_shard_fetching limits;
    uint64_t there, fetched, missing;
    json_t *list;
};

static void tell(struct fetching *fetching, const struct ws_named_shard *named,
                 const struct ws_error *why)
{
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&named->digest, digest);
    if (fetching->request->json)
        ws_json_add(&fetching->list,
                    json_pack("{s:s, s:I, s:b, s:o}", "digest", digest, "entry",
                              (json_int_t)named->entry, "fetched", why == NULL, "message",
                              why ? ws_json_path(why->message) : json_null()));
    else if (why)
        (void)printf("missing %s of entry %" PRIu64 ": %s\n", digest, named->entry, why->message);
    else
        (void)printf("fetched %s of entry %" PRIu64 "\n", digest, named->entry);
    (void)fflush(stdout);
}

/* What cannot be had is told, and the others still are fetched; but not without a disk. */
static enum ws_status fetch_one(struct fetching *fetching, const struct ws_named_shard *named,
                                struct ws_error *err)
{
    struct ws_error why;
    char digest[WS_HASH_TEXT_SIZE];
    ws_hash_text(&named->digest, digest);
    const char *path = ws_arena_format(&fetching->stock.arena, "%s/%s.shard",
                                       fetching->request->stock.shards, digest);
    if (!path)
        return ws_fail_memory(err, "a shard");
    if (ws_file_exists(path)) { /* another statement named it, too */
        fetching->there++;
        return WS_OK;
    }
    if (*stop_signal_flag())
        return ws_fail(err, WS_INTERRUPTED, "stopped; what was fetched is kept");
    const bool missing = ws_shard_fetch(&fetching->limits, &named->digest, path, &why) != WS_OK;
    fetching->missing += missing;
    fetching->fetched += !missing;
    tell(fetching, named, missing ? &why : NULL);
    return WS_OK;
}

static enum ws_status fetch_named(struct fetching *fetching, struct ws_shard_roll *roll,
                                  struct ws_error *err)
{
    struct stock *stock = &fetching->stock;
    uint64_t at;
    WS_TRY(ws_shard_roll_read(roll, &stock->shown, err));
    WS_TRY(ws_shard_shelf_open(&stock->shelf, fetching->request->stock.shards, &stock->arena, err));
    for (size_t i = 0; i < ws_shard_roll_count(roll); i++) {
        const struct ws_named_shard named = ws_shard_roll_at(roll, i);
        if (ws_shard_roll_state(roll, &named, &at) != WS_INDEX_LIVE)
            continue;
        if (ws_shard_shelf_find(&stock->shelf, &named.digest))
            fetching->there++;
        else
            WS_TRY(fetch_one(fetching, &named, err));
    }
    return WS_OK;
}

static enum ws_status print_fetched(struct fetching *fetching, struct ws_error *err)
{
    const struct stock_request *stock = &fetching->request->stock;
    if (fetching->request->json)
        return print_json(json_pack("{s:I, s:I, s:I, s:O}", "there", (json_int_t)fetching->there,
                                    "fetched", (json_int_t)fetching->fetched, "missing",
                                    (json_int_t)fetching->missing, "shards", fetching->list),
                          "the answer", err);
    (void)printf("%" PRIu64 " shards fetched and verified, %" PRIu64 " were there, %" PRIu64
                 " are missing.\n",
                 fetching->fetched, fetching->there, fetching->missing);
    begin_command(stdout, "Next:\n ");
    print_words("index build");
    print_word(stock->log);
    print_flag_word("shards", stock->shards);
    print_words("--out FILE");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status fetch_with(struct fetching *fetching, struct ws_error *err)
{
    const struct ws_http_limits limits = {.seconds = ANSWER_SECONDS, .bytes = WS_SHARD_PART};
    struct stock *stock = &fetching->stock;
    struct ws_shard_roll roll = {.source = NULL};
    WS_TRY(stock_open(stock, &fetching->request->stock, err));
    WS_TRY(ws_directory_make(fetching->request->stock.shards, err));
    WS_TRY(ws_http_client_open(&limits, &fetching->limits.client, err));
    stop_signal_take();
    enum ws_status status = ws_shard_roll_open(&roll, &stock->source, stock->plan.roles, NULL, err);
    if (status == WS_OK)
        status = fetch_named(fetching, &roll, err);
    ws_shard_roll_close(&roll);
    return status == WS_OK ? print_fetched(fetching, err) : status;
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static enum ws_status read_limits(struct fetching *fetching, struct ws_error *err)
{
    const struct fetch_request *request = fetching->request;
    uint64_t most = MOST;
    if (request->most && (!ws_whole_parse(request->most, &most) || most == 0 || most > 1 << 30))
        return ws_fail(err, WS_INVALID, "--most is '%.40s', wanted MiB, 1 to %d", request->most,
                       1 << 30);
    WS_TRY(read_seconds("seconds", request->seconds, SECONDS, &fetching->limits.seconds, err));
    fetching->limits.bytes = most << 20;
    fetching->limits.site = request->from ? request->from : request->stock.log;
    if (!is_url(fetching->limits.site))
        return ws_fail(err, WS_INVALID, "'%.200s' is no URL: whose site has the shards? --from URL",
                       fetching->limits.site);
    return WS_OK;
}

static enum ws_status fetch(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct fetching *fetching = context;
    struct fetch_request request = *fetching->request;
    request.stock.log = arguments->positional[0];
    fetching->request = &request;
    fetching->list = json_array();
    enum ws_status status = read_limits(fetching, err);
    if (status == WS_OK)
        status = fetch_with(fetching, err);
    ws_http_client_close(fetching->limits.client);
    json_decref(fetching->list);
    stock_close(&fetching->stock);
    return status;
}

int cmd_shard_fetch(int argc, char **argv)
{
    struct fetch_request request = {.json = false};
    struct fetching fetching = {.request = &request};
    const struct flag table[] = {
        {"shards", 0, "DIR", "where shards are, and where those that are fetched go", NULL,
         &request.stock.shards},
        {"from", 0, "URL", "the site that has them (default: LOG)", NULL, &request.from},
        {"policy", 0, "FILE", "whose log it is", NULL, &request.stock.policy},
        {"roles", 0, "FILE", "whose statements count (docs/formats/trust.md)", NULL,
         &request.stock.roles},
        {"most", 0, "MIB", "of a shard (default 4096); larger ones are left out", NULL,
         &request.most},
        {"seconds", 0, "S", "for a shard (default 3600)", NULL, &request.seconds},
        {"json", 0, NULL, "what was fetched as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "shard fetch LOG --shards DIR [options]",
        .about = "Fetches the live shards that a log names and that are not in the directory yet, "
                 "and verifies every\nbyte before a shard counts. With --roles those whose "
                 "statements do not count, or were withdrawn, are\nleft out. Ends with 3 when some "
                 "cannot be had.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "fetch: of which log?",
    };
    const int status = command_of_one(&line, argc, argv, fetch, &fetching);
    return status == EXIT_DONE && fetching.missing > 0 ? EXIT_NOT_VERIFIED : status;
}
