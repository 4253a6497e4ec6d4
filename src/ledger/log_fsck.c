#include "ledger/log_fsck.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/kept_checkpoints.h"
#include "ledger/log_journal.h"
#include "ledger/log_reader.h"
#include "ledger/log_store.h"
#include "ledger/note.h"

enum { KEY_LIMIT = 4096 };

static const size_t BUNDLE_LIMIT = (size_t)WS_TILE_WIDTH * (WS_ENTRY_LIMIT + 2);

/* The last tile of a level, as those below it say that it must be. */
struct level {
    uint8_t hashes[WS_TILE_BYTES];
    uint64_t index;
    unsigned width;
};

struct look {
    const char *directory;
    struct ws_arena *arena;  /* of what lasts */
    struct ws_arena scratch; /* of one file */
    ws_log_damage *damage;
    void *user;
    struct ws_log_health health;
    struct ws_note_key key;
    bool has_key;
    struct ws_log_reader reader;
    struct level levels[WS_TILE_LEVELS];
    uint64_t served; /* entries of the checkpoint that readers see */
    bool served_is_kept;
    uint64_t next; /* size of the kept checkpoint to which the way leads */
};

/* Naming damage -------------------------------------------------------------------------------- */

static void name_damage(struct look *look, const char *file, const char *message)
{
    look->health.damages++;
    look->damage(look->user, file, message);
}

/* What was wrong with a file is a damage and no failure, unless memory was out. */
static enum ws_status blame(struct look *look, const char *file, enum ws_status status,
                            const struct ws_error *why, struct ws_error *err)
{
    if (status == WS_OK)
        return WS_OK;
    if (status == WS_NO_MEMORY)
        return ws_fail_memory(err, "looking at a log");
    name_damage(look, file, why->message);
    return WS_OK;
}

/* A file below the directory; *found is false where it is damaged, which is named. */
static enum ws_status read_file(struct look *look, const char *file, size_t limit,
                                struct ws_bytes *out, bool *found, struct ws_error *err)
{
    struct ws_error why;
    *found = false;
    const char *path = ws_arena_format(&look->scratch, "%s/%s", look->directory, file);
    if (!path)
        return ws_fail_memory(err, "looking at a log");
    enum ws_status status = ws_file_read(path, limit, &look->scratch, out, &why);
    if (status != WS_OK)
        return blame(look, file, status, &why, err);
    *found = true;
    look->health.files++;
    look->health.bytes += out->size;
    return WS_OK;
}

/* Tiles ---------------------------------------------------------------------------------------- */

/* The hashes of a tile, `width` of them; *found as above. */
static enum ws_status read_tile(struct look *look, const struct ws_tile *tile, struct ws_bytes *out,
                                bool *found, struct ws_error *err)
{
    char file[WS_TILE_PATH_SIZE];
    ws_tile_path(tile, file);
    WS_TRY(read_file(look, file, WS_TILE_BYTES, out, found, err));
    const size_t wanted = tile->width * (size_t)WS_HASH_SIZE;
    if (*found && out->size != wanted) {
        struct ws_error why;
        (void)ws_fail(&why, WS_CORRUPT, "it has %zu bytes, wanted %zu", out->size, wanted);
        name_damage(look, file, why.message);
        *found = false;
    }
    return WS_OK;
}

/* Names the hashes of a tile that are not as they must be. */
static void compare_hashes(struct look *look, const struct ws_tile *tile, const uint8_t *seen,
                           const uint8_t *wanted)
{
    char file[WS_TILE_PATH_SIZE];
    ws_tile_path(tile, file);
    for (unsigned i = 0; i < tile->width; i++) {
        const size_t at = i * (size_t)WS_HASH_SIZE;
        struct ws_error why;
        if (memcmp(seen + at, wanted + at, WS_HASH_SIZE) == 0)
            continue;
        if (tile->level == 0)
            (void)ws_fail(&why, WS_CORRUPT,
                          "its hash of entry %" PRIu64
                          " is not that of the entry in the bundle: one of the two is damaged",
                          tile->index * WS_TILE_WIDTH + i);
        else
            (void)ws_fail(&why, WS_CORRUPT,
                          "its hash of tile %" PRIu64 " of level %u is not that of the tile",
                          tile->index * WS_TILE_WIDTH + i, tile->level - 1);
        name_damage(look, file, why.message);
    }
}

static enum ws_status end_tile(struct look *look, unsigned number, struct ws_error *err);

/* What a full tile is in the tile above it. */
static enum ws_status hand_up(struct look *look, unsigned number, const uint8_t *hashes,
                              struct ws_error *err)
{
    struct level *above = &look->levels[number + 1];
    struct ws_hash node;
    if (number + 1 == WS_TILE_LEVELS)
        return WS_OK;
    ws_tile_fold(hashes, WS_TILE_WIDTH, &node);
    memcpy(above->hashes + above->width * (size_t)WS_HASH_SIZE, node.bytes, WS_HASH_SIZE);
    above->width++;
    return above->width == WS_TILE_WIDTH ? end_tile(look, number + 1, err) : WS_OK;
}

/* A tile of which all is known. What goes up is what those below it say, so that a damage is named
 * where it is; of an entry and its hash that differ it is the hash, for entries are the larger part
 * by far, and likelier damaged. */
static enum ws_status end_tile(struct look *look, unsigned number, struct ws_error *err)
{
    struct level *level = &look->levels[number];
    const struct ws_tile tile = {.level = number, .index = level->index, .width = level->width};
    struct ws_bytes seen;
    bool found;
    ws_arena_reset(&look->scratch);
    WS_TRY(read_tile(look, &tile, &seen, &found, err));
    if (found) {
        compare_hashes(look, &tile, seen.data, level->hashes);
        if (number == 0)
            memcpy(level->hashes, seen.data, seen.size);
    }
    if (level->width == WS_TILE_WIDTH)
        WS_TRY(hand_up(look, number, level->hashes, err));
    level->index++;
    level->width = 0;
    return WS_OK;
}

/* The hashes of entries that cannot be read; where they cannot be either, what is above cannot be
 * told to be right, and is named. */
static enum ws_status take_tile(struct look *look, uint64_t index, unsigned width,
                                struct ws_error *err)
{
    const struct ws_tile tile = {.index = index, .width = width};
    struct level *level = &look->levels[0];
    struct ws_bytes bytes;
    bool found;
    memset(level->hashes, 0, sizeof level->hashes);
    WS_TRY(read_tile(look, &tile, &bytes, &found, err));
    if (found)
        memcpy(level->hashes, bytes.data, bytes.size);
    if (width == WS_TILE_WIDTH)
        WS_TRY(hand_up(look, 0, level->hashes, err));
    level->index++;
    level->width = 0;
    return WS_OK;
}

/* The leaves of a bundle's entries; where it is damaged, what the tile has stands for them. */
static enum ws_status look_at_bundle(struct look *look, uint64_t index, struct ws_error *err)
{
    struct level *level = &look->levels[0];
    struct ws_tile bundle = {.is_bundle = true, .index = index};
    struct ws_bytes bytes, entries[WS_TILE_WIDTH];
    char file[WS_TILE_PATH_SIZE];
    struct ws_error why;
    bool found;
    ws_arena_reset(&look->scratch);
    bundle.width = level->width = ws_tile_width(0, index, look->health.size);
    ws_tile_path(&bundle, file);
    WS_TRY(read_file(look, file, BUNDLE_LIMIT, &bytes, &found, err));
    enum ws_status status = found ? ws_bundle_read(bytes, bundle.width, entries, &why) : WS_OK;
    WS_TRY(blame(look, file, status, &why, err));
    if (found && status == WS_OK) {
        for (unsigned i = 0; i < bundle.width; i++) {
            struct ws_hash leaf;
            ws_merkle_leaf(entries[i], &leaf);
            memcpy(level->hashes + i * (size_t)WS_HASH_SIZE, leaf.bytes, WS_HASH_SIZE);
        }
        return end_tile(look, 0, err);
    }
    return take_tile(look, index, bundle.width, err);
}

static enum ws_status look_at_tiles(struct look *look, struct ws_error *err)
{
    const uint64_t bundles =
        look->health.size / WS_TILE_WIDTH + (look->health.size % WS_TILE_WIDTH > 0);
    for (uint64_t i = 0; i < bundles; i++)
        WS_TRY(look_at_bundle(look, i, err));
    for (unsigned l = 1; l < WS_TILE_LEVELS; l++)
        if (look->levels[l].width > 0)
            WS_TRY(end_tile(look, l, err));
    return WS_OK;
}

/* Checkpoints ---------------------------------------------------------------------------------- */

static enum ws_status check_note(struct look *look, struct ws_bytes bytes,
                                 struct ws_checkpoint *out, struct ws_error *err)
{
    const struct ws_note_key *const keys[] = {&look->key};
    struct ws_note_proof proof;
    struct ws_note note;
    WS_TRY(ws_note_read(bytes, &look->scratch, &note, err));
    WS_TRY(ws_checkpoint_read(note.text, &look->scratch, out, err));
    if (!look->has_key)
        return WS_OK;
    WS_TRY(ws_note_check(&note, keys, 1, &look->scratch, &proof, err));
    if (!proof.is_signed || strcmp(out->origin, look->key.name) != 0)
        return ws_fail(err, WS_CORRUPT, "the log's key '%.200s' has not signed it", look->key.name);
    return WS_OK;
}

/* A checkpoint by itself; *found is false where it is damaged, which is named. */
static enum ws_status read_checkpoint(struct look *look, const char *file,
                                      struct ws_checkpoint *out, bool *found, struct ws_error *err)
{
    struct ws_bytes bytes;
    struct ws_error why;
    ws_arena_reset(&look->scratch);
    WS_TRY(read_file(look, file, WS_NOTE_LIMIT, &bytes, found, err));
    if (!*found)
        return WS_OK;
    enum ws_status status = check_note(look, bytes, out, &why);
    *found = status == WS_OK;
    return blame(look, file, status, &why, err);
}

static enum ws_status check_root(struct look *look, const char *file,
                                 const struct ws_checkpoint *checkpoint, struct ws_error *err)
{
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(&look->reader);
    struct ws_error why;
    struct ws_hash root;
    enum ws_status status = WS_OK;
    if (checkpoint->size > look->health.size)
        status = ws_fail(&why, WS_CORRUPT,
                         "it covers %" PRIu64 " entries, and the last checkpoint %" PRIu64
                         ": this is an older copy",
                         checkpoint->size, look->health.size);
    if (status == WS_OK)
        status = ws_merkle_root(&nodes, checkpoint->size, &root, &why);
    if (status == WS_OK && !ws_hash_equal(&root, &checkpoint->root))
        status = ws_fail(&why, WS_CORRUPT, "the tiles do not lead to its root");
    return blame(look, file, status, &why, err);
}

/* A partial tile of a size that was published once: the beginning of what the level has there. */
static enum ws_status look_at_partial(struct look *look, const struct ws_tile *partial,
                                      struct ws_error *err)
{
    uint8_t wanted[WS_TILE_BYTES];
    struct ws_bytes seen;
    bool found;
    for (unsigned i = 0; i < partial->width; i++) {
        struct ws_hash hash;
        if (ws_log_reader_node(&look->reader, partial->level * WS_TILE_HEIGHT,
                               partial->index * WS_TILE_WIDTH + i, &hash, err) != WS_OK)
            return WS_OK; /* the tile itself is damaged, and named */
        memcpy(wanted + i * (size_t)WS_HASH_SIZE, hash.bytes, WS_HASH_SIZE);
    }
    WS_TRY(read_tile(look, partial, &seen, &found, err));
    if (found)
        compare_hashes(look, partial, seen.data, wanted);
    return WS_OK;
}

static enum ws_status look_at_partial_bundle(struct look *look, struct ws_tile bundle,
                                             struct ws_error *err)
{
    struct ws_bytes bytes, entries[WS_TILE_WIDTH];
    char file[WS_TILE_PATH_SIZE];
    struct ws_error why;
    bool found;
    bundle.is_bundle = true;
    ws_tile_path(&bundle, file);
    WS_TRY(read_file(look, file, BUNDLE_LIMIT, &bytes, &found, err));
    if (!found)
        return WS_OK;
    enum ws_status status = ws_bundle_read(bytes, bundle.width, entries, &why);
    for (unsigned i = 0; status == WS_OK && i < bundle.width; i++) {
        struct ws_hash leaf, node;
        const uint64_t index = bundle.index * WS_TILE_WIDTH + i;
        ws_merkle_leaf(entries[i], &leaf);
        if (ws_log_reader_node(&look->reader, 0, index, &node, &why) == WS_OK &&
            !ws_hash_equal(&leaf, &node))
            status = ws_fail(&why, WS_CORRUPT, "entry %" PRIu64 " in it is not the one of the log",
                             index);
    }
    return blame(look, file, status, &why, err);
}

/* The partial tiles that the log of `size` entries had; the last ones were looked at already. */
static enum ws_status look_at_partials(struct look *look, uint64_t size, struct ws_error *err)
{
    for (unsigned level = 0; level < WS_TILE_LEVELS; level++) {
        const uint64_t nodes = size >> (WS_TILE_HEIGHT * level);
        const struct ws_tile partial = {.level = level,
                                        .index = nodes / WS_TILE_WIDTH,
                                        .width = (unsigned)(nodes % WS_TILE_WIDTH)};
        if (partial.width == 0 ||
            partial.width == ws_tile_width(level, partial.index, look->health.size))
            continue;
        WS_TRY(look_at_partial(look, &partial, err));
        if (level == 0)
            WS_TRY(look_at_partial_bundle(look, partial, err));
    }
    return WS_OK;
}

/* The size that the way from a kept checkpoint leads to; 0 where it leads nowhere, which is named.
 */
static enum ws_status read_next(struct look *look, uint64_t size, uint64_t *out,
                                struct ws_error *err)
{
    const char *file = ws_kept_next_name(look->arena, size);
    struct ws_bytes text, line, rest;
    bool found;
    *out = 0;
    if (!file)
        return ws_fail_memory(err, "looking at a log");
    WS_TRY(read_file(look, file, KEY_LIMIT, &text, &found, err));
    if (!found)
        return WS_OK;
    if (ws_bytes_split(text, '\n', &line, &rest) && rest.size == 0 && ws_read_size(line, out) &&
        *out > size) {
        const char *kept = ws_log_kept_checkpoint_path(&look->scratch, look->directory, *out);
        if (!kept)
            return ws_fail_memory(err, "looking at a log");
        if (ws_file_exists(kept))
            return WS_OK;
    }
    *out = 0;
    name_damage(look, file, "it has not the size of a later checkpoint that is kept");
    return WS_OK;
}

/* A writer that was stopped before its checkpoint was the last one leaves it here, whole or not,
 * and nobody saw it: the way leads past it, or its entries wait in the journal still. */
static bool is_left_behind(const struct look *look, uint64_t size)
{
    return size < look->next ||
           (size > look->health.size && size - look->health.size <= look->health.waiting);
}

static enum ws_status look_at_kept(void *user, uint64_t size, const char *path, bool *stop,
                                   struct ws_error *err)
{
    struct look *look = user;
    struct ws_checkpoint checkpoint;
    const char *file = path + strlen(look->directory) + 1;
    bool found;
    (void)stop;
    if (is_left_behind(look, size))
        return WS_OK;
    look->health.checkpoints++;
    look->served_is_kept |= size == look->served;
    if (size < look->health.size)
        WS_TRY(read_next(look, size, &look->next, err));
    WS_TRY(read_checkpoint(look, file, &checkpoint, &found, err));
    if (found && checkpoint.size != size) {
        name_damage(look, file, "it is the checkpoint of another size");
        found = false;
    }
    if (!found)
        return WS_OK;
    WS_TRY(check_root(look, file, &checkpoint, err));
    return size < look->health.size ? look_at_partials(look, size, err) : WS_OK;
}

static enum ws_status look_at_all_kept(struct look *look, struct ws_error *err)
{
    struct ws_error why;
    enum ws_status status =
        ws_kept_checkpoints(look->directory, 0, look->arena->allocator, look_at_kept, look, &why);
    WS_TRY(blame(look, "checkpoints", status, &why, err));
    if (status == WS_OK && look->health.origin && !look->served_is_kept)
        name_damage(look, "checkpoints", "the last checkpoint is not among those that are kept");
    return WS_OK;
}

/* The journal ---------------------------------------------------------------------------------- */

/* Entries that were published and are still there are those of the log. */
static enum ws_status walk_journal(struct look *look, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_journal journal;
    struct ws_bytes entry;
    struct ws_hash leaf, node;
    WS_TRY(ws_journal_open(bytes, &journal, err));
    if (journal.next > look->health.size)
        return ws_fail(err, WS_CORRUPT,
                       "it begins with entry %" PRIu64 ", and the last checkpoint covers %" PRIu64
                       ": what is between them is lost, or the checkpoint is older",
                       journal.next, look->health.size);
    while (ws_journal_next(&journal, &entry, &leaf)) {
        const uint64_t index = journal.next - 1;
        if (index >= look->health.size)
            look->health.waiting++;
        else if (ws_log_reader_node(&look->reader, 0, index, &node, err) == WS_OK &&
                 !ws_hash_equal(&leaf, &node))
            return ws_fail(err, WS_CORRUPT, "entry %" PRIu64 " in it is not the one of the log",
                           index);
    }
    look->health.torn = bytes.size - journal.offset;
    return ws_journal_check_end(&journal, err);
}

static enum ws_status look_at_journal(struct look *look, const struct ws_mapped_file *file,
                                      struct ws_error *err)
{
    struct ws_error why;
    look->health.files++;
    look->health.bytes += file->bytes.size;
    return blame(look, "journal", walk_journal(look, file->bytes, &why), &why, err);
}

/* All of it ------------------------------------------------------------------------------------ */

static enum ws_status read_key(struct look *look, struct ws_error *err)
{
    struct ws_bytes text, rest;
    struct ws_error why;
    bool found;
    WS_TRY(read_file(look, "vkey", KEY_LIMIT, &text, &found, err));
    if (!found)
        return WS_OK;
    enum ws_status status = WS_OK;
    if (!ws_bytes_split(text, '\n', &text, &rest) || rest.size > 0)
        status = ws_fail(&why, WS_CORRUPT, "wanted a key on a line, and nothing else");
    if (status == WS_OK)
        status = ws_note_key_read(text, look->arena, &look->key, &why);
    look->has_key = status == WS_OK;
    return blame(look, "vkey", status, &why, err);
}

/* The checkpoint that was signed last, which may wait for witnesses, says what there is. */
static enum ws_status read_last(struct look *look, struct ws_error *err)
{
    struct ws_checkpoint served = {.size = 0}, pending = {.size = 0};
    bool found, is_pending = false;
    WS_TRY(read_checkpoint(look, "checkpoint", &served, &found, err));
    if (found) {
        look->served = look->health.size = served.size;
        look->health.origin = ws_arena_text(look->arena, served.origin);
        if (!look->health.origin)
            return ws_fail_memory(err, "looking at a log");
    }
    const char *path = ws_arena_format(look->arena, "%s/pending", look->directory);
    if (!path)
        return ws_fail_memory(err, "looking at a log");
    if (ws_file_exists(path))
        WS_TRY(read_checkpoint(look, "pending", &pending, &is_pending, err));
    if (is_pending && pending.size > look->health.size)
        look->health.size = pending.size;
    ws_log_reader_init(&look->reader, look->directory, look->health.size);
    if (found)
        WS_TRY(check_root(look, "checkpoint", &served, err));
    return is_pending ? check_root(look, "pending", &pending, err) : WS_OK;
}

/* The journal is opened first: whatever is published meanwhile, the checkpoint then covers at least
 * what it begins with. */
static enum ws_status look_at_all(struct look *look, struct ws_error *err)
{
    struct ws_mapped_file journal = {.bytes = {NULL, 0}};
    struct ws_error why;
    const char *path = ws_arena_format(look->arena, "%s/journal", look->directory);
    if (!path)
        return ws_fail_memory(err, "looking at a log");
    enum ws_status mapped = ws_file_map(path, &journal, &why);
    enum ws_status status = blame(look, "journal", mapped, &why, err);
    if (status == WS_OK)
        status = read_key(look, err);
    if (status == WS_OK)
        status = read_last(look, err);
    if (status == WS_OK)
        status = look_at_tiles(look, err);
    if (status == WS_OK && mapped == WS_OK)
        status = look_at_journal(look, &journal, err);
    if (status == WS_OK)
        status = look_at_all_kept(look, err);
    ws_file_unmap(&journal);
    return status;
}

enum ws_status ws_log_fsck(const char *directory, ws_log_damage *damage, void *user,
                           struct ws_arena *arena, struct ws_log_health *out, struct ws_error *err)
{
    struct look *look = WS_ARENA_ZNEW(arena, struct look, 1);
    const char *key = ws_arena_format(arena, "%s/vkey", directory);
    const char *checkpoint = ws_arena_format(arena, "%s/checkpoint", directory);
    if (!look || !key || !checkpoint)
        return ws_fail_memory(err, "looking at a log");
    if (!ws_file_exists(key) && !ws_file_exists(checkpoint))
        return ws_fail(err, WS_NOT_FOUND,
                       "there is no log in '%.300s': neither 'vkey' nor 'checkpoint'", directory);
    look->directory = directory;
    look->arena = arena;
    look->damage = damage;
    look->user = user;
    ws_arena_init(&look->scratch, arena->allocator);
    enum ws_status status = look_at_all(look, err);
    if (look->has_key)
        ws_note_key_close(&look->key);
    ws_arena_release(&look->scratch);
    if (status == WS_OK)
        *out = look->health;
    return status;
}
