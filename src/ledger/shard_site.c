#include "ledger/shard_site.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

/* A shard on its way. */
struct arrival {
    const struct ws_shard_fetching *fetching;
    char digest[WS_HASH_TEXT_SIZE];
    double begun;
    uint8_t head[WS_SHARD_HEAD_SIZE];
};

/* Asks for "shards/<digest><rest>"; `wanted` bytes are to come. */
static enum ws_status ask(const struct arrival *arrival, const char *rest, size_t wanted,
                          struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err)
{
    const struct ws_shard_fetching *fetching = arrival->fetching;
    const size_t size = strlen(fetching->site);
    const bool has_slash = size > 0 && fetching->site[size - 1] == '/';
    struct ws_http_reply reply;
    const char *url = ws_arena_format(arena, "%s%sshards/%s%s", fetching->site,
                                      has_slash ? "" : "/", arrival->digest, rest);
    if (!url)
        return ws_fail_memory(err, "a shard's address");
    if (ws_system_clock.elapsed(NULL) - arrival->begun > fetching->seconds)
        return ws_fail(err, WS_LIMIT, "the shard takes more than %g s", fetching->seconds);
    WS_TRY(ws_http_get(fetching->client, url, arena, &reply, err));
    if (reply.status != 200)
        return ws_http_fail(err, url, &reply);
    if (reply.body.size != wanted)
        return ws_fail(err, WS_CORRUPT, "'%.200s' has %zu bytes, wanted %zu", url, reply.body.size,
                       wanted);
    *out = reply.body;
    return WS_OK;
}

static enum ws_status fetch_head(struct arrival *arrival, const struct ws_hash *digest,
                                 struct ws_shard_head *head, struct ws_error *err)
{
    struct ws_bytes bytes = {NULL, 0};
    struct ws_hash own;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ask(arrival, "", WS_SHARD_HEAD_SIZE, &arena, &bytes, err);
    if (status == WS_OK)
        status = ws_hash_of(bytes, &own, err);
    if (status == WS_OK && !ws_hash_equal(&own, digest))
        status = ws_fail(err, WS_CORRUPT, "the head that came has another SHA-256");
    if (status == WS_OK)
        status = ws_shard_head_read(bytes, head, err);
    if (status == WS_OK && bytes.size == WS_SHARD_HEAD_SIZE)
        memcpy(arrival->head, bytes.data, WS_SHARD_HEAD_SIZE);
    ws_arena_release(&arena);
    return status;
}

static enum ws_status fetch_parts(const struct arrival *arrival, const char *file, uint64_t size,
                                  struct ws_file_draft *draft, const char *path,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    enum ws_status status = WS_OK;
    ws_arena_init(&arena, NULL);
    for (uint64_t part = 0; status == WS_OK && part < ws_shard_parts(size); part++) {
        const uint64_t left = size - part * WS_SHARD_PART;
        struct ws_bytes bytes = {NULL, 0};
        char rest[64];
        (void)snprintf(rest, sizeof rest, "/%s/%" PRIu64, file, part);
        ws_arena_reset(&arena);
        status = ask(arrival, rest, (size_t)(left < WS_SHARD_PART ? left : WS_SHARD_PART), &arena,
                     &bytes, err);
        if (status == WS_OK)
            status = ws_file_draft_write(draft, bytes, path, err);
    }
    ws_arena_release(&arena);
    return status;
}

/* The file `<path>.<file>`. */
static enum ws_status fetch_file(const struct arrival *arrival, const char *file, uint64_t size,
                                 const char *path, struct ws_error *err)
{
    char name[PATH_MAX];
    struct ws_file_draft draft;
    const int length = snprintf(name, sizeof name, "%s.%s", path, file);
    if (length < 0 || (size_t)length >= sizeof name)
        return ws_fail(err, WS_LIMIT, "'%.100s...': a path that is too long", path);
    WS_TRY(ws_file_draft_open(&draft, name, err));
    enum ws_status status = fetch_parts(arrival, file, size, &draft, name, err);
    if (status == WS_OK)
        return ws_file_draft_keep(&draft, name, err);
    ws_file_draft_drop(&draft);
    return status;
}

static enum ws_status verify(const struct arrival *arrival, const char *path, struct ws_error *err)
{
    struct ws_shard shard;
    WS_TRY(ws_shard_open_behind(&shard, path, ws_bytes_of(arrival->head, WS_SHARD_HEAD_SIZE), err));
    enum ws_status status = ws_shard_verify(&shard, err);
    ws_shard_close(&shard);
    return status;
}

enum ws_status ws_shard_fetch(const struct ws_shard_fetching *fetching,
                              const struct ws_hash *digest, const char *path, struct ws_error *err)
{
    struct arrival arrival = {.fetching = fetching, .begun = ws_system_clock.elapsed(NULL)};
    struct ws_shard_head head;
    ws_hash_text(digest, arrival.digest);
    WS_TRY(fetch_head(&arrival, digest, &head, err));
    const uint64_t tiles = ws_range_file_size(&head.range),
                   documents = head.documents * WS_HASH_SIZE;
    if (tiles > fetching->bytes || documents > fetching->bytes - tiles)
        return ws_fail(err, WS_LIMIT,
                       "the shard has %" PRIu64 " bytes, and at most %" PRIu64 " are fetched",
                       tiles + documents, fetching->bytes);
    WS_TRY(fetch_file(&arrival, &WS_SHARD_TILES[1], tiles, path, err));
    WS_TRY(fetch_file(&arrival, &WS_SHARD_DOCUMENTS[1], documents, path, err));
    WS_TRY(verify(&arrival, path, err));
    return ws_file_replace(path, ws_bytes_of(arrival.head, WS_SHARD_HEAD_SIZE), err);
}
