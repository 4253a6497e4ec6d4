#include "ledger/tile_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/log_reader.h"

static const size_t BUNDLE_LIMIT = (size_t)WS_TILE_WIDTH * (WS_ENTRY_LIMIT + 2);

static enum ws_status place(const struct ws_tile_writer *writer, const struct ws_tile *tile,
                            struct ws_bytes bytes, struct ws_error *err)
{
    char path[PATH_MAX], name[WS_TILE_PATH_SIZE];
    ws_tile_path(tile, name);
    int size = snprintf(path, sizeof path, "%s/%s", writer->directory, name);
    if (size < 0 || (size_t)size >= sizeof path)
        return ws_fail(err, WS_INVALID, "the name of '%.200s' is too long", writer->directory);
    return ws_file_place(path, bytes, err);
}

/* Index and width of the last tile of a level, when the log has so many entries. */
static struct ws_tile last_tile(unsigned level, uint64_t size)
{
    uint64_t nodes = size >> (WS_TILE_HEIGHT * level);
    return (struct ws_tile){
        .level = level,
        .index = nodes / WS_TILE_WIDTH,
        .width = (unsigned)(nodes % WS_TILE_WIDTH),
    };
}

static enum ws_status load_level(struct ws_tile_writer *writer, unsigned level,
                                 struct ws_arena *arena, struct ws_error *err)
{
    struct ws_tile tile = last_tile(level, writer->size);
    struct ws_bytes bytes;
    writer->levels[level].width = tile.width;
    if (tile.width == 0)
        return WS_OK;
    size_t size = tile.width * (size_t)WS_HASH_SIZE;
    WS_TRY(ws_log_read_tile(writer->directory, &tile, arena, &bytes, err));
    if (bytes.size < size)
        return ws_fail(err, WS_CORRUPT, "a tile of level %u in '%.200s' is too short", level,
                       writer->directory);
    memcpy(writer->levels[level].hashes, bytes.data, size);
    return WS_OK;
}

/* The hashes are loaded already. They are checked against the checkpoint, and the entries, which
 * are written once more when their bundle is full, against them. */
static enum ws_status load_bundle(struct ws_tile_writer *writer, struct ws_arena *arena,
                                  struct ws_error *err)
{
    struct ws_tile tile = last_tile(0, writer->size);
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_hash leaf;
    tile.is_bundle = true;
    if (tile.width == 0)
        return WS_OK;
    WS_TRY(ws_log_read_bundle(writer->directory, &tile, arena, entries, err));
    for (unsigned i = 0; i < tile.width; i++) {
        ws_merkle_leaf(entries[i], &leaf);
        if (memcmp(leaf.bytes, writer->levels[0].hashes + i * (size_t)WS_HASH_SIZE, WS_HASH_SIZE) !=
            0)
            return ws_fail(err, WS_CORRUPT,
                           "entry %" PRIu64 " of '%.200s' and its leaf contradict each other: "
                           "somebody changed one",
                           tile.index * WS_TILE_WIDTH + i, writer->directory);
        ws_bundle_append(&writer->bundle, entries[i]);
    }
    return ws_buffer_check(&writer->bundle, "a bundle", err);
}

enum ws_status ws_tile_writer_open(struct ws_tile_writer *writer, const char *directory,
                                   uint64_t size, const struct ws_allocator *allocator,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    writer->directory = directory;
    writer->before = writer->size = size;
    ws_buffer_init(&writer->bundle, allocator, BUNDLE_LIMIT);
    ws_arena_init(&arena, allocator);
    enum ws_status status = WS_OK;
    for (unsigned level = 0; status == WS_OK && level < WS_TILE_LEVELS; level++)
        status = load_level(writer, level, &arena, err);
    if (status == WS_OK)
        status = load_bundle(writer, &arena, err);
    ws_arena_release(&arena);
    return status;
}

static enum ws_status add_hash(struct ws_tile_writer *writer, unsigned level,
                               const struct ws_hash *hash, struct ws_error *err)
{
    struct ws_hash root = *hash;
    for (; level < WS_TILE_LEVELS; level++) {
        uint8_t *hashes = writer->levels[level].hashes;
        memcpy(hashes + writer->levels[level].width * (size_t)WS_HASH_SIZE, root.bytes,
               WS_HASH_SIZE);
        if (++writer->levels[level].width < WS_TILE_WIDTH)
            return WS_OK;
        struct ws_tile tile = last_tile(level, writer->size);
        tile.width = WS_TILE_WIDTH;
        WS_TRY(place(writer, &tile, ws_bytes_of(hashes, WS_TILE_BYTES), err));
        ws_tile_fold(hashes, WS_TILE_WIDTH, &root);
        writer->levels[level].width = 0;
    }
    return ws_fail(err, WS_LIMIT, "a log has fewer than 2^63 entries");
}

enum ws_status ws_tile_writer_add(struct ws_tile_writer *writer, struct ws_bytes entry,
                                  const struct ws_hash *leaf, struct ws_error *err)
{
    struct ws_tile tile = last_tile(0, writer->size);
    ws_bundle_append(&writer->bundle, entry);
    WS_TRY(ws_buffer_check(&writer->bundle, "a bundle", err));
    if (tile.width + 1 == WS_TILE_WIDTH) {
        tile.is_bundle = true;
        tile.width = WS_TILE_WIDTH;
        WS_TRY(place(writer, &tile, ws_buffer_bytes(&writer->bundle), err));
        ws_buffer_reset(&writer->bundle);
    }
    WS_TRY(add_hash(writer, 0, leaf, err));
    writer->size++;
    return WS_OK;
}

/* Whether the last file of the level, if it is partial, has to be written. */
static bool is_new(const struct ws_tile_writer *writer, const struct ws_tile *tile)
{
    struct ws_tile before = last_tile(tile->level, writer->before);
    return tile->width > 0 && (tile->index != before.index || tile->width != before.width);
}

enum ws_status ws_tile_writer_finish(struct ws_tile_writer *writer, struct ws_error *err)
{
    for (unsigned level = 0; level < WS_TILE_LEVELS; level++) {
        struct ws_tile tile = last_tile(level, writer->size);
        if (!is_new(writer, &tile))
            continue;
        WS_TRY(place(writer, &tile,
                     ws_bytes_of(writer->levels[level].hashes, tile.width * (size_t)WS_HASH_SIZE),
                     err));
    }
    struct ws_tile bundle = last_tile(0, writer->size);
    if (!is_new(writer, &bundle))
        return WS_OK;
    bundle.is_bundle = true;
    return place(writer, &bundle, ws_buffer_bytes(&writer->bundle), err);
}

/* From the right, where the smallest full trees are. */
void ws_tile_writer_root(const struct ws_tile_writer *writer, struct ws_hash *out)
{
    bool first = true;
    ws_merkle_empty(out);
    for (unsigned level = 0; level < WS_TILE_LEVELS; level++)
        for (unsigned left = writer->levels[level].width; left > 0;) {
            unsigned lowest = left & (~left + 1);
            struct ws_hash node;
            left -= lowest;
            ws_tile_fold(writer->levels[level].hashes + left * (size_t)WS_HASH_SIZE, lowest, &node);
            if (first)
                *out = node;
            else
                ws_merkle_node(&node, out, out);
            first = false;
        }
}

void ws_tile_writer_release(struct ws_tile_writer *writer)
{
    ws_buffer_release(&writer->bundle);
}
