#include "ledger/log_source.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"

enum { FILE_LIMIT = WS_TILE_WIDTH * (WS_ENTRY_LIMIT + 2) /* bytes of the largest bundle */ };

static const struct ws_http_limits limits = {.seconds = 60, .bytes = FILE_LIMIT};

enum ws_status ws_log_source_open(const char *from, struct ws_log_source *out, struct ws_error *err)
{
    struct ws_log_source source = {.from = from};
    if (strncmp(from, "http://", 7) == 0 || strncmp(from, "https://", 8) == 0)
        WS_TRY(ws_http_client_open(&limits, &source.client, err));
    *out = source;
    return WS_OK;
}

void ws_log_source_close(struct ws_log_source *source)
{
    ws_http_client_close(source->client);
    source->client = NULL;
}

enum ws_status ws_log_source_read(const struct ws_log_source *source, const char *path,
                                  struct ws_arena *arena, struct ws_bytes *out,
                                  struct ws_error *err)
{
    struct ws_http_reply reply;
    const size_t size = strlen(source->from);
    const bool has_slash = size > 0 && source->from[size - 1] == '/';
    const char *whole = ws_arena_format(arena, "%s%s%s", source->from, has_slash ? "" : "/", path);
    if (!whole)
        return ws_fail_memory(err, "a log's file");
    if (!source->client)
        return ws_file_read(whole, FILE_LIMIT, arena, out, err);
    WS_TRY(ws_http_get(source->client, whole, arena, &reply, err));
    if (reply.status != 200)
        return ws_http_fail(err, whole, &reply);
    *out = reply.body;
    return WS_OK;
}

/* `width`: that of the file that was found. */
static enum ws_status read_tile(const struct ws_log_source *source, const struct ws_tile *tile,
                                struct ws_arena *arena, struct ws_bytes *out, unsigned *width,
                                struct ws_error *err)
{
    char path[WS_TILE_PATH_SIZE];
    struct ws_tile full = *tile;
    ws_tile_path(tile, path);
    *width = tile->width;
    enum ws_status status = ws_log_source_read(source, path, arena, out, err);
    if (status != WS_NOT_FOUND || tile->width == WS_TILE_WIDTH)
        return status;
    *width = full.width = WS_TILE_WIDTH;
    ws_tile_path(&full, path);
    return ws_log_source_read(source, path, arena, out, err);
}

enum ws_status ws_log_source_hashes(const struct ws_log_source *source, const struct ws_tile *tile,
                                    struct ws_arena *arena, const uint8_t **out,
                                    struct ws_error *err)
{
    char path[WS_TILE_PATH_SIZE];
    struct ws_bytes bytes = {NULL, 0};
    unsigned width = 0;
    WS_TRY(read_tile(source, tile, arena, &bytes, &width, err));
    if (bytes.size != width * (size_t)WS_HASH_SIZE) {
        ws_tile_path(tile, path);
        return ws_fail(err, WS_CORRUPT, "'%s' has %zu bytes, wanted %u hashes of %d", path,
                       bytes.size, width, WS_HASH_SIZE);
    }
    *out = bytes.data;
    return WS_OK;
}

enum ws_status ws_log_source_entries(const struct ws_log_source *source, const struct ws_tile *tile,
                                     struct ws_arena *arena, struct ws_bytes out[WS_TILE_WIDTH],
                                     struct ws_error *err)
{
    char path[WS_TILE_PATH_SIZE];
    struct ws_bytes bytes = {NULL, 0};
    unsigned width = 0;
    WS_TRY(read_tile(source, tile, arena, &bytes, &width, err));
    enum ws_status status = ws_bundle_read(bytes, width, out, err);
    ws_tile_path(tile, path);
    if (status != WS_OK)
        ws_error_prefix(err, "'%s'", path);
    return status;
}

static enum ws_status read_node(void *tree_, unsigned level, uint64_t index, struct ws_hash *out,
                                struct ws_error *err)
{
    const struct ws_log_source_tree *tree = tree_;
    const struct ws_tile tile = ws_tile_of_node(level, index, tree->checkpoint.size);
    const uint8_t *hashes;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_log_source_hashes(tree->source, &tile, &arena, &hashes, err);
    if (status == WS_OK)
        ws_tile_node(level, index, hashes, out);
    ws_arena_release(&arena);
    return status;
}

struct ws_merkle_nodes ws_log_source_nodes(const struct ws_log_source_tree *tree)
{
    return (struct ws_merkle_nodes){read_node, (void *)tree};
}

enum ws_status ws_log_source_entry(const struct ws_log_source_tree *tree, uint64_t index,
                                   struct ws_arena *arena, struct ws_bytes *out,
                                   struct ws_error *err)
{
    const struct ws_checkpoint *checkpoint = &tree->checkpoint;
    const struct ws_merkle_nodes nodes = ws_log_source_nodes(tree);
    struct ws_merkle_proof proof;
    struct ws_hash leaf;
    struct ws_bytes *entries = WS_ARENA_NEW(arena, struct ws_bytes, WS_TILE_WIDTH);
    if (!entries)
        return ws_fail_memory(err, "an entry");
    if (index >= checkpoint->size)
        return ws_fail(err, WS_NOT_FOUND, "the log has %" PRIu64 " entries, and none %" PRIu64,
                       checkpoint->size, index);
    const uint64_t bundle = index / WS_TILE_WIDTH;
    const struct ws_tile tile = {
        .is_bundle = true, .index = bundle, .width = ws_tile_width(0, bundle, checkpoint->size)};
    WS_TRY(ws_log_source_entries(tree->source, &tile, arena, entries, err));
    WS_TRY(ws_merkle_prove_inclusion(&nodes, index, checkpoint->size, &proof, err));
    ws_merkle_leaf(entries[index % WS_TILE_WIDTH], &leaf);
    WS_TRY(
        ws_merkle_check_inclusion(index, checkpoint->size, &leaf, &proof, &checkpoint->root, err));
    *out = entries[index % WS_TILE_WIDTH];
    return WS_OK;
}
