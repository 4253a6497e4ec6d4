#include "ledger/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char BUNDLES[] = "entries";

/* Paths ---------------------------------------------------------------------------------------- */

/* 1234067 is x001/x234/067. */
static void append_index(struct ws_buffer *out, uint64_t index)
{
    unsigned groups[7];
    size_t count = 0;
    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    while (count > 1)
        ws_buffer_format(out, "x%03u/", groups[--count]);
    ws_buffer_format(out, "%03u", groups[0]);
}

void ws_tile_path(const struct ws_tile *tile, char out[WS_TILE_PATH_SIZE])
{
    struct ws_buffer path;
    ws_buffer_fix(&path, out, WS_TILE_PATH_SIZE);
    ws_buffer_text(&path, "tile/");
    if (tile->is_bundle)
        ws_buffer_text(&path, BUNDLES);
    else
        ws_buffer_format(&path, "%u", tile->level);
    ws_buffer_text(&path, "/");
    append_index(&path, tile->index);
    if (tile->width < WS_TILE_WIDTH)
        ws_buffer_format(&path, ".p/%u", tile->width);
    assert(path.status == WS_OK);
}

/* The next characters of a path, taken when they are there. */
struct path {
    const char *next;
    size_t left;
};

static bool take(struct path *path, const char *text)
{
    size_t size = strlen(text);
    if (path->left < size || memcmp(path->next, text, size) != 0)
        return false;
    path->next += size;
    path->left -= size;
    return true;
}

static bool take_digit(struct path *path, unsigned *digit)
{
    if (path->left == 0 || *path->next < '0' || *path->next > '9')
        return false;
    *digit = (unsigned)(*path->next - '0');
    path->next++;
    path->left--;
    return true;
}

/* A whole number of up to three digits, without leading zeros. */
static bool take_number(struct path *path, unsigned *number)
{
    unsigned digit;
    if (!take_digit(path, number))
        return false;
    bool zero = *number == 0;
    for (int i = 1; i < 3 && !zero && take_digit(path, &digit); i++)
        *number = 10 * *number + digit;
    return true;
}

static bool take_group(struct path *path, uint64_t *index)
{
    unsigned a, b, c;
    if (!take_digit(path, &a) || !take_digit(path, &b) || !take_digit(path, &c))
        return false;
    uint64_t group = 100 * a + 10 * b + c;
    if (*index > (UINT64_MAX - group) / 1000)
        return false;
    *index = 1000 * *index + group;
    return true;
}

static bool take_index(struct path *path, uint64_t *index)
{
    bool first = true;
    *index = 0;
    while (take(path, "x")) {
        if (!take_group(path, index) || !take(path, "/"))
            return false;
        if (first && *index == 0)
            return false;
        first = false;
    }
    return take_group(path, index);
}

bool ws_tile_read_path(struct ws_bytes bytes, struct ws_tile *out)
{
    struct path path = {(const char *)bytes.data, bytes.size};
    struct ws_tile tile = {.width = WS_TILE_WIDTH};
    if (!take(&path, "tile/"))
        return false;
    tile.is_bundle = take(&path, BUNDLES);
    if (!tile.is_bundle && (!take_number(&path, &tile.level) || tile.level > 63))
        return false;
    if (!take(&path, "/") || !take_index(&path, &tile.index))
        return false;
    if (take(&path, ".p/") &&
        (!take_number(&path, &tile.width) || tile.width < 1 || tile.width >= WS_TILE_WIDTH))
        return false;
    if (path.left > 0)
        return false;
    *out = tile;
    return true;
}

/* Hashes --------------------------------------------------------------------------------------- */

unsigned ws_tile_width(unsigned level, uint64_t index, uint64_t size)
{
    uint64_t nodes = level < WS_TILE_LEVELS ? size >> (WS_TILE_HEIGHT * level) : 0;
    uint64_t before = index > UINT64_MAX / WS_TILE_WIDTH ? UINT64_MAX : index * WS_TILE_WIDTH;
    if (nodes <= before)
        return 0;
    return nodes - before < WS_TILE_WIDTH ? (unsigned)(nodes - before) : WS_TILE_WIDTH;
}

struct ws_tile ws_tile_of_node(unsigned level, uint64_t index, uint64_t size)
{
    unsigned tile_level = level / WS_TILE_HEIGHT;
    uint64_t first = index << level % WS_TILE_HEIGHT;
    struct ws_tile tile = {.level = tile_level, .index = first / WS_TILE_WIDTH};
    tile.width = ws_tile_width(tile_level, tile.index, size);
    return tile;
}

void ws_tile_fold(const uint8_t *hashes, size_t count, struct ws_hash *out)
{
    struct ws_hash row[WS_TILE_WIDTH];
    memcpy(row, hashes, count * WS_HASH_SIZE);
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            ws_merkle_node(&row[2 * i], &row[2 * i + 1], &row[i]);
    *out = row[0];
}

void ws_tile_node(unsigned level, uint64_t index, const uint8_t *hashes, struct ws_hash *out)
{
    unsigned height = level % WS_TILE_HEIGHT;
    size_t first = (size_t)(index << height) % WS_TILE_WIDTH;
    ws_tile_fold(hashes + first * WS_HASH_SIZE, (size_t)1 << height, out);
}

/* Entries -------------------------------------------------------------------------------------- */

void ws_bundle_append(struct ws_buffer *out, struct ws_bytes entry)
{
    assert(entry.size <= WS_ENTRY_LIMIT);
    ws_buffer_u8(out, (uint8_t)(entry.size >> 8));
    ws_buffer_u8(out, (uint8_t)entry.size);
    ws_buffer_append(out, entry.data, entry.size);
}

enum ws_status ws_bundle_read(struct ws_bytes bundle, unsigned count,
                              struct ws_bytes out[WS_TILE_WIDTH], struct ws_error *err)
{
    struct ws_reader in;
    assert(count <= WS_TILE_WIDTH);
    ws_reader_init(&in, bundle);
    for (unsigned i = 0; i < count; i++) {
        size_t high = ws_read_u8(&in);
        size_t size = high << 8 | ws_read_u8(&in);
        out[i] = ws_bytes_of(ws_read_bytes(&in, size), size);
    }
    if (!ws_reader_at_end(&in))
        return ws_fail(err, WS_CORRUPT, "a bundle of %zu bytes does not hold %u entries exactly",
                       bundle.size, count);
    return WS_OK;
}
