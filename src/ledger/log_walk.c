#include "ledger/log_walk.h"

#include <string.h>

void ws_log_walk_begin(struct ws_log_walk *walk, const struct ws_log_source *source, uint64_t goal)
{
    walk->source = source;
    walk->goal = goal;
    walk->size = 0;
    for (size_t level = 0; level < WS_TILE_LEVELS; level++)
        walk->levels[level].width = 0;
}

void ws_log_walk_frontier(const struct ws_log_walk *walk, struct ws_frontier *out)
{
    *out = (struct ws_frontier){.size = walk->size};
    for (size_t level = WS_TILE_LEVELS; level-- > 0;) {
        size_t done = 0, width = walk->levels[level].width;
        for (size_t part = WS_TILE_WIDTH / 2; part > 0; part /= 2) {
            if (!(width & part))
                continue;
            ws_tile_fold(walk->levels[level].hashes + done * WS_HASH_SIZE, part,
                         &out->peaks[out->count++]);
            done += part;
        }
    }
}

void ws_log_walk_root(const struct ws_log_walk *walk, struct ws_hash *out)
{
    struct ws_frontier frontier;
    ws_log_walk_frontier(walk, &frontier);
    ws_frontier_root(&frontier, out);
}

/* The last tile of a level before `size` entries, as a tree of `goal` entries has it. */
static struct ws_tile last_tile(unsigned level, uint64_t size, uint64_t goal)
{
    const uint64_t hashes = size >> (WS_TILE_HEIGHT * level);
    struct ws_tile tile = {.level = level, .index = hashes / WS_TILE_WIDTH};
    tile.width = ws_tile_width(level, tile.index, goal);
    return tile;
}

enum ws_status ws_log_walk_resume(struct ws_log_walk *walk, const struct ws_log_source *source,
                                  uint64_t goal, uint64_t size, const struct ws_hash *root,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_hash seen;
    enum ws_status status = WS_OK;
    ws_log_walk_begin(walk, source, goal);
    ws_arena_init(&arena, NULL);
    for (unsigned level = 0; status == WS_OK && level < WS_TILE_LEVELS; level++) {
        const unsigned width = (unsigned)(size >> (WS_TILE_HEIGHT * level)) % WS_TILE_WIDTH;
        const struct ws_tile tile = last_tile(level, size, goal);
        const uint8_t *hashes = NULL;
        if (width == 0)
            continue;
        status = ws_log_source_hashes(source, &tile, &arena, &hashes, err);
        if (status == WS_OK)
            memcpy(walk->levels[level].hashes, hashes, width * (size_t)WS_HASH_SIZE);
        walk->levels[level].width = width;
    }
    ws_arena_release(&arena);
    WS_TRY(status);
    walk->size = size;
    ws_log_walk_root(walk, &seen);
    if (!ws_hash_equal(&seen, root))
        return ws_fail(err, WS_CORRUPT, "its tiles have another beginning than before");
    return WS_OK;
}

/* The file of the level's last tile has what was worked out. */
static enum ws_status check_tile(const struct ws_log_walk *walk, unsigned level, uint64_t index,
                                 struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_tile tile = {
        .level = level, .index = index, .width = walk->levels[level].width};
    const uint8_t *hashes;
    char path[WS_TILE_PATH_SIZE];
    WS_TRY(ws_log_source_hashes(walk->source, &tile, arena, &hashes, err));
    if (memcmp(hashes, walk->levels[level].hashes, tile.width * (size_t)WS_HASH_SIZE) == 0)
        return WS_OK;
    ws_tile_path(&tile, path);
    return ws_fail(err, WS_CORRUPT, "'%s' has not the hashes of what is below it", path);
}

/* One more leaf; checks each tile that it fills. */
static enum ws_status add_leaf(struct ws_log_walk *walk, const struct ws_hash *leaf,
                               struct ws_arena *arena, struct ws_error *err)
{
    struct ws_hash hash = *leaf;
    const uint64_t leaves = ++walk->size;
    for (unsigned level = 0; level < WS_TILE_LEVELS; level++) {
        memcpy(walk->levels[level].hashes + walk->levels[level].width * (size_t)WS_HASH_SIZE,
               hash.bytes, WS_HASH_SIZE);
        if (++walk->levels[level].width < WS_TILE_WIDTH)
            return WS_OK;
        const uint64_t index = (leaves >> (WS_TILE_HEIGHT * (level + 1))) - 1;
        WS_TRY(check_tile(walk, level, index, arena, err));
        ws_tile_fold(walk->levels[level].hashes, WS_TILE_WIDTH, &hash);
        walk->levels[level].width = 0;
    }
    return WS_OK;
}

static enum ws_status check_partial_tiles(const struct ws_log_walk *walk, struct ws_arena *arena,
                                          struct ws_error *err)
{
    for (unsigned level = 0; level < WS_TILE_LEVELS; level++)
        if (walk->levels[level].width > 0)
            WS_TRY(check_tile(walk, level, last_tile(level, walk->size, walk->goal).index, arena,
                              err));
    return WS_OK;
}

enum ws_status ws_log_walk_on(struct ws_log_walk *walk, uint64_t until, struct ws_arena *arena,
                              struct ws_bytes entries[WS_TILE_WIDTH], uint64_t *first,
                              struct ws_error *err)
{
    struct ws_bytes all[WS_TILE_WIDTH];
    struct ws_tile bundle = {.is_bundle = true, .index = walk->size / WS_TILE_WIDTH};
    const unsigned begin = (unsigned)(walk->size % WS_TILE_WIDTH);
    bundle.width = ws_tile_width(0, bundle.index, walk->goal);
    WS_TRY(ws_log_source_entries(walk->source, &bundle, arena, all, err));
    *first = walk->size;
    for (unsigned i = begin; i < bundle.width && walk->size < until; i++) {
        struct ws_hash leaf;
        entries[i - begin] = all[i];
        ws_merkle_leaf(all[i], &leaf);
        WS_TRY(add_leaf(walk, &leaf, arena, err));
    }
    return walk->size == walk->goal ? check_partial_tiles(walk, arena, err) : WS_OK;
}
