#include "ledger/range_file.h"

#include <inttypes.h>

enum { WRITE_AT = 1 << 20 /* bytes that are written at once */ };

static uint64_t tiles_of(unsigned bits)
{
    return UINT64_C(1) << bits;
}

static uint64_t nodes_of(unsigned bits)
{
    return 2 * tiles_of(bits) - 1;
}

/* Where tile `index` begins, behind so many pairs; at the last one, where the tiles end. */
static uint64_t tile_offset(uint64_t index, uint64_t pairs_before)
{
    return WS_RANGE_TILE_HEAD * index + WS_RANGE_PAIR_BYTES * pairs_before;
}

/* The place of a node among those of all levels, the leaves first. */
static uint64_t node_place(unsigned bits, unsigned level, uint64_t index)
{
    return 2 * tiles_of(bits) - 2 * (tiles_of(bits) >> level) + index;
}

/* Writing -------------------------------------------------------------------------------------- */

enum ws_status ws_range_writer_open(struct ws_range_writer *writer, const char *path,
                                    const struct ws_range *range,
                                    const struct ws_allocator *allocator, struct ws_error *err)
{
    *writer = (struct ws_range_writer){
        .allocator = allocator, .path = path, .range = *range, .draft = {.descriptor = -1}};
    writer->range.pairs = 0;
    ws_buffer_init(&writer->bytes, allocator, SIZE_MAX);
    writer->nodes = ws_realloc(allocator, NULL, 0, (size_t)nodes_of(range->bits) * WS_HASH_SIZE);
    writer->first =
        ws_realloc(allocator, NULL, 0, (size_t)(tiles_of(range->bits) + 1) * sizeof(uint64_t));
    if (!writer->nodes || !writer->first)
        return ws_fail_memory(err, "the tree of a range");
    return ws_file_draft_open(&writer->draft, path, err);
}

static enum ws_status write_out(struct ws_range_writer *writer, size_t least, struct ws_error *err)
{
    WS_TRY(ws_buffer_check(&writer->bytes, "tiles", err));
    if (writer->bytes.size < least)
        return WS_OK;
    WS_TRY(ws_file_draft_write(&writer->draft, ws_buffer_bytes(&writer->bytes), writer->path, err));
    ws_buffer_reset(&writer->bytes);
    return WS_OK;
}

enum ws_status ws_range_writer_add(struct ws_range_writer *writer,
                                   const struct ws_range_pair *pairs, size_t count,
                                   struct ws_error *err)
{
    const size_t start = writer->bytes.size;
    struct ws_hash leaf;
    if (count > WS_RANGE_TILE_LIMIT)
        return ws_fail(err, WS_LIMIT,
                       "%zu pairs of a key and a number in tile %" PRIu64
                       ", wanted at most %d: the keys are not spread as hashes are",
                       count, writer->tiles, WS_RANGE_TILE_LIMIT);
    ws_range_tile_append(&writer->bytes, writer->range.id, (uint32_t)writer->tiles, pairs,
                         (uint32_t)count);
    WS_TRY(ws_buffer_check(&writer->bytes, "tiles", err));
    ws_merkle_leaf(ws_bytes_of(writer->bytes.data + start, writer->bytes.size - start), &leaf);
    memcpy(writer->nodes + writer->tiles * WS_HASH_SIZE, leaf.bytes, WS_HASH_SIZE);
    writer->first[writer->tiles++] = writer->range.pairs;
    writer->range.pairs += count;
    return write_out(writer, WRITE_AT, err);
}

/* Every node above the leaves, level by level: a node's children are the two behind each other that
 * come next. */
static void hash_nodes(uint8_t *nodes, unsigned bits)
{
    uint8_t *out = nodes + tiles_of(bits) * WS_HASH_SIZE;
    uint8_t *const end = nodes + nodes_of(bits) * WS_HASH_SIZE;
    for (const uint8_t *in = nodes; out < end; in += 2 * WS_HASH_SIZE, out += WS_HASH_SIZE) {
        struct ws_hash left, right;
        memcpy(left.bytes, in, WS_HASH_SIZE);
        memcpy(right.bytes, in + WS_HASH_SIZE, WS_HASH_SIZE);
        ws_merkle_node(&left, &right, &left);
        memcpy(out, left.bytes, WS_HASH_SIZE);
    }
}

enum ws_status ws_range_writer_keep(struct ws_range_writer *writer, struct ws_range *out,
                                    struct ws_error *err)
{
    const unsigned bits = writer->range.bits;
    const size_t nodes = (size_t)nodes_of(bits) * WS_HASH_SIZE;
    writer->first[tiles_of(bits)] = writer->range.pairs;
    hash_nodes(writer->nodes, bits);
    memcpy(writer->range.root.bytes, writer->nodes + nodes - WS_HASH_SIZE, WS_HASH_SIZE);
    ws_buffer_u64s(&writer->bytes, writer->first, (size_t)tiles_of(bits) + 1);
    WS_TRY(write_out(writer, 0, err));
    WS_TRY(
        ws_file_draft_write(&writer->draft, ws_bytes_of(writer->nodes, nodes), writer->path, err));
    WS_TRY(ws_file_draft_keep(&writer->draft, writer->path, err));
    *out = writer->range;
    return WS_OK;
}

void ws_range_writer_close(struct ws_range_writer *writer)
{
    const unsigned bits = writer->range.bits;
    if (writer->path)
        ws_file_draft_drop(&writer->draft);
    ws_buffer_release(&writer->bytes);
    ws_free(writer->allocator, writer->nodes, (size_t)nodes_of(bits) * WS_HASH_SIZE);
    ws_free(writer->allocator, writer->first, (size_t)(tiles_of(bits) + 1) * sizeof(uint64_t));
    *writer = (struct ws_range_writer){.draft = {.descriptor = -1}};
}

/* Reading -------------------------------------------------------------------------------------- */

/* Where the parts of a file begin. */
struct parts {
    uint64_t first, nodes, end;
};

static struct parts parts_of(const struct ws_range *range)
{
    struct parts parts;
    parts.first = tile_offset(tiles_of(range->bits), range->pairs);
    parts.nodes = parts.first + 8 * (tiles_of(range->bits) + 1);
    parts.end = parts.nodes + WS_HASH_SIZE * nodes_of(range->bits);
    return parts;
}

uint64_t ws_range_file_size(const struct ws_range *range)
{
    return parts_of(range).end;
}

enum ws_status ws_range_file_open(struct ws_range_file *file, const char *path,
                                  const struct ws_range *range, struct ws_error *err)
{
    *file = (struct ws_range_file){.range = *range};
    WS_TRY(ws_file_map(path, &file->map, err));
    const uint64_t wanted = ws_range_file_size(range), size = file->map.bytes.size;
    if (size == wanted)
        return WS_OK;
    ws_range_file_close(file);
    return ws_fail(err, WS_CORRUPT,
                   "'%.300s' has %" PRIu64 " bytes, wanted %" PRIu64 " for %" PRIu64
                   " pairs in 2^%u tiles",
                   path, size, wanted, range->pairs, range->bits);
}

void ws_range_file_close(struct ws_range_file *file)
{
    ws_file_unmap(&file->map);
}

static uint64_t pairs_before(const struct ws_range_file *file, uint64_t index)
{
    return load64_le(file->map.bytes.data + parts_of(&file->range).first + 8 * index);
}

uint64_t ws_range_file_pairs(const struct ws_range_file *file, uint32_t index)
{
    return pairs_before(file, (uint64_t)index + 1) - pairs_before(file, index);
}

static const uint8_t *node_at(const struct ws_range_file *file, uint64_t place)
{
    return file->map.bytes.data + parts_of(&file->range).nodes + WS_HASH_SIZE * place;
}

enum ws_status ws_range_file_tile(const struct ws_range_file *file, uint32_t index,
                                  struct ws_bytes *bytes, struct ws_range_tile *out,
                                  struct ws_error *err)
{
    const uint64_t from = pairs_before(file, index), to = pairs_before(file, (uint64_t)index + 1);
    if (from > to || to > file->range.pairs)
        return ws_fail(err, WS_CORRUPT,
                       "tile %" PRIu32 " is said to be pairs %" PRIu64 " to %" PRIu64
                       " of %" PRIu64,
                       index, from, to, file->range.pairs);
    *bytes = ws_bytes_of(file->map.bytes.data + tile_offset(index, from),
                         (size_t)(WS_RANGE_TILE_HEAD + WS_RANGE_PAIR_BYTES * (to - from)));
    return ws_range_tile_read(*bytes, &file->range, index, out, err);
}

enum ws_status ws_range_file_prove(const struct ws_range_file *file, uint64_t key,
                                   uint8_t way[WS_RANGE_WAY_LIMIT], struct ws_range_proof *out,
                                   struct ws_error *err)
{
    const unsigned bits = file->range.bits;
    const uint32_t index = ws_range_tile_of(key, bits);
    struct ws_range_tile tile;
    WS_TRY(ws_range_file_tile(file, index, &out->tile, &tile, err));
    for (unsigned level = 0; level < bits; level++)
        memcpy(way + (size_t)level * WS_HASH_SIZE,
               node_at(file, node_place(bits, level, index >> level ^ 1)), WS_HASH_SIZE);
    out->way = way;
    return WS_OK;
}

static enum ws_status verify_tile(const struct ws_range_file *file, uint32_t index,
                                  uint64_t numbers, struct ws_error *err)
{
    struct ws_range_tile tile;
    struct ws_bytes bytes;
    struct ws_hash leaf;
    WS_TRY(ws_range_file_tile(file, index, &bytes, &tile, err));
    for (uint32_t i = 0; i < tile.count; i++)
        if (ws_range_tile_number(&tile, i) >= numbers)
            return ws_fail(err, WS_CORRUPT,
                           "tile %" PRIu32 ": pair %" PRIu32 " has number %" PRIu32
                           ", wanted one below %" PRIu64,
                           index, i, ws_range_tile_number(&tile, i), numbers);
    ws_merkle_leaf(bytes, &leaf);
    if (memcmp(leaf.bytes, node_at(file, index), WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "tile %" PRIu32 " has another hash than the tree", index);
    return WS_OK;
}

static enum ws_status verify_nodes(const struct ws_range_file *file, struct ws_error *err)
{
    const unsigned bits = file->range.bits;
    for (unsigned level = 1; level <= bits; level++)
        for (uint64_t i = 0; i < tiles_of(bits) >> level; i++) {
            struct ws_hash left, right;
            memcpy(left.bytes, node_at(file, node_place(bits, level - 1, 2 * i)), WS_HASH_SIZE);
            memcpy(right.bytes, node_at(file, node_place(bits, level - 1, 2 * i + 1)),
                   WS_HASH_SIZE);
            ws_merkle_node(&left, &right, &left);
            if (memcmp(left.bytes, node_at(file, node_place(bits, level, i)), WS_HASH_SIZE) != 0)
                return ws_fail(err, WS_CORRUPT,
                               "node %" PRIu64 " of level %u is not that of those below it", i,
                               level);
        }
    if (memcmp(file->range.root.bytes, node_at(file, nodes_of(bits) - 1), WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "the tiles have another root than the head");
    return WS_OK;
}

enum ws_status ws_range_file_verify(const struct ws_range_file *file, uint64_t numbers,
                                    struct ws_error *err)
{
    const uint64_t tiles = tiles_of(file->range.bits);
    if (pairs_before(file, 0) != 0 || pairs_before(file, tiles) != file->range.pairs)
        return ws_fail(err, WS_CORRUPT, "the tiles are not all pairs of the range");
    for (uint64_t i = 0; i < tiles; i++)
        WS_TRY(verify_tile(file, (uint32_t)i, numbers, err));
    return verify_nodes(file, err);
}
