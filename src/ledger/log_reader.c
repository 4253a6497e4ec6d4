#include "ledger/log_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ws_log_reader_init(struct ws_log_reader *reader, const char *directory, uint64_t size)
{
    reader->directory = directory;
    reader->size = size;
    for (size_t level = 0; level < WS_TILE_LEVELS; level++)
        reader->kept[level].tile.width = 0;
}

static enum ws_status read_file(const char *directory, const struct ws_tile *tile,
                                struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err)
{
    char name[WS_TILE_PATH_SIZE];
    ws_tile_path(tile, name);
    const char *path = ws_arena_format(arena, "%s/%s", directory, name);
    if (!path)
        return ws_fail_memory(err, "a tile");
    return ws_file_read(path, (size_t)WS_TILE_WIDTH * (WS_ENTRY_LIMIT + 2), arena, out, err);
}

enum ws_status ws_log_read_tile(const char *directory, const struct ws_tile *tile,
                                struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err)
{
    struct ws_tile full = *tile;
    enum ws_status status = read_file(directory, tile, arena, out, err);
    if (status != WS_NOT_FOUND || tile->width == WS_TILE_WIDTH)
        return status;
    full.width = WS_TILE_WIDTH;
    return read_file(directory, &full, arena, out, err);
}

/* Hashes of a full tile that took a partial one's place begin with that one's. */
static enum ws_status load(struct ws_log_reader *reader, const struct ws_tile *tile,
                           struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_bytes bytes;
    size_t size = tile->width * (size_t)WS_HASH_SIZE;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_log_read_tile(reader->directory, tile, &arena, &bytes, err);
    if (status == WS_OK && bytes.size != size && bytes.size != WS_TILE_BYTES)
        status = ws_fail(err, WS_CORRUPT,
                         "tile %" PRIu64 " of level %u in '%.200s' has %zu bytes, wanted %zu",
                         tile->index, tile->level, reader->directory, bytes.size, size);
    if (status == WS_OK) {
        memcpy(reader->kept[tile->level].hashes, bytes.data, size);
        reader->kept[tile->level].tile = *tile;
    }
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_log_reader_node(void *user, unsigned level, uint64_t index, struct ws_hash *out,
                                  struct ws_error *err)
{
    struct ws_log_reader *reader = user;
    struct ws_tile tile = ws_tile_of_node(level, index, reader->size);
    const struct ws_tile *kept = &reader->kept[tile.level].tile;
    if (kept->width != tile.width || kept->index != tile.index)
        WS_TRY(load(reader, &tile, err));
    ws_tile_node(level, index, reader->kept[tile.level].hashes, out);
    return WS_OK;
}

struct ws_merkle_nodes ws_log_reader_nodes(struct ws_log_reader *reader)
{
    return (struct ws_merkle_nodes){ws_log_reader_node, reader};
}

enum ws_status ws_log_read_bundle(const char *directory, const struct ws_tile *bundle,
                                  struct ws_arena *arena, struct ws_bytes out[WS_TILE_WIDTH],
                                  struct ws_error *err)
{
    struct ws_bytes bytes;
    WS_TRY(ws_log_read_tile(directory, bundle, arena, &bytes, err));
    enum ws_status status = ws_bundle_read(bytes, bundle->width, out, err);
    if (status == WS_CORRUPT) /* it may be the full one */
        status = ws_bundle_read(bytes, WS_TILE_WIDTH, out, err);
    return status;
}

enum ws_status ws_log_reader_entry(const struct ws_log_reader *reader, uint64_t index,
                                   struct ws_arena *arena, struct ws_bytes *out,
                                   struct ws_error *err)
{
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_tile tile = {.is_bundle = true, .index = index / WS_TILE_WIDTH};
    if (index >= reader->size)
        return ws_fail(err, WS_INVALID, "entry %" PRIu64 " of a log of %" PRIu64 " entries", index,
                       reader->size);
    tile.width = ws_tile_width(0, tile.index, reader->size);
    WS_TRY(ws_log_read_bundle(reader->directory, &tile, arena, entries, err));
    *out = entries[index % WS_TILE_WIDTH];
    return WS_OK;
}
