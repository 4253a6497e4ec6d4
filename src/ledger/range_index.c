#include "ledger/range_index.h"

#include <inttypes.h>

#include "ledger/range_merge.h"

enum { MAGIC_SIZE = 8 };
static const char HEAD_MAGIC[] = "WSINDEX1", PROOF_MAGIC[] = "WSIPROF1";
#define PAIR_LIMIT (UINT64_C(1) << 56) /* so that sizes of files are numbers of 64 bits */

/* Heads and proofs ----------------------------------------------------------------------------- */

enum ws_status ws_index_head_read(struct ws_bytes bytes, struct ws_index_head *out,
                                  struct ws_error *err)
{
    struct ws_reader reader;
    struct ws_index_head head;
    if (bytes.size != WS_INDEX_HEAD_SIZE || memcmp(bytes.data, HEAD_MAGIC, MAGIC_SIZE - 1) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "no head of an index: %zu bytes, wanted %d that begin with 'WSINDEX1'",
                       bytes.size, WS_INDEX_HEAD_SIZE);
    if (bytes.data[MAGIC_SIZE - 1] != '1')
        return ws_fail(err, WS_UNSUPPORTED,
                       "an index of another version: wanted 'WSINDEX1' and no other");
    ws_reader_init(&reader, ws_bytes_of(bytes.data + MAGIC_SIZE, bytes.size - MAGIC_SIZE));
    memcpy(head.list.bytes, ws_read_bytes(&reader, WS_HASH_SIZE), WS_HASH_SIZE);
    memcpy(head.range.id, head.list.bytes, WS_RANGE_ID_SIZE);
    head.entries = ws_read_u64(&reader);
    head.range.pairs = ws_read_u64(&reader);
    const uint64_t bits = ws_read_u64(&reader);
    if (head.range.pairs >= PAIR_LIMIT || head.entries >= WS_MERKLE_SIZE_LIMIT ||
        bits > WS_RANGE_BITS_LIMIT)
        return ws_fail(err, WS_CORRUPT,
                       "an index of %" PRIu64 " pairs, %" PRIu64 " entries and %" PRIu64
                       " bits, wanted less than 2^56, less than 2^63 and at most %d",
                       head.range.pairs, head.entries, bits, WS_RANGE_BITS_LIMIT);
    head.range.bits = (unsigned)bits;
    memcpy(head.range.root.bytes, ws_read_bytes(&reader, WS_HASH_SIZE), WS_HASH_SIZE);
    *out = head;
    return WS_OK;
}

void ws_index_head_append(struct ws_buffer *out, const struct ws_index_head *head)
{
    ws_buffer_append(out, HEAD_MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, head->list.bytes, WS_HASH_SIZE);
    ws_buffer_u64(out, head->entries);
    ws_buffer_u64(out, head->range.pairs);
    ws_buffer_u64(out, head->range.bits);
    ws_buffer_append(out, head->range.root.bytes, WS_HASH_SIZE);
}

enum ws_status ws_index_proof_read(struct ws_bytes bytes, struct ws_index_proof *out,
                                   struct ws_error *err)
{
    struct ws_reader reader;
    struct ws_index_proof proof;
    ws_reader_init(&reader, bytes);
    const uint8_t *magic = ws_read_bytes(&reader, MAGIC_SIZE);
    if (!magic || memcmp(magic, PROOF_MAGIC, MAGIC_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "no proof of an index: wanted 'WSIPROF1' at its beginning");
    proof.head_bytes = ws_bytes_of(ws_read_bytes(&reader, WS_INDEX_HEAD_SIZE), WS_INDEX_HEAD_SIZE);
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "a proof of an index that ends in its head");
    WS_TRY(ws_index_head_read(proof.head_bytes, &proof.head, err));
    proof.range.way = ws_read_bytes(&reader, (size_t)proof.head.range.bits * WS_HASH_SIZE);
    proof.range.tile = ws_bytes_of(reader.next, reader.left);
    if (!ws_reader_ok(&reader))
        return ws_fail(err, WS_CORRUPT, "a proof of an index that ends before its tile: %zu bytes",
                       bytes.size);
    *out = proof;
    return WS_OK;
}

void ws_index_proof_append(struct ws_buffer *out, const struct ws_index_proof *proof)
{
    ws_buffer_append(out, PROOF_MAGIC, MAGIC_SIZE);
    ws_buffer_append(out, proof->head_bytes.data, proof->head_bytes.size);
    ws_buffer_append(out, proof->range.way, (size_t)proof->head.range.bits * WS_HASH_SIZE);
    ws_buffer_append(out, proof->range.tile.data, proof->range.tile.size);
}

enum ws_status ws_index_proof_check(const struct ws_index_proof *proof,
                                    const struct ws_hash *digest, uint64_t key,
                                    struct ws_range_tile *out, struct ws_error *err)
{
    struct ws_hash own;
    WS_TRY(ws_hash_of(proof->head_bytes, &own, err));
    if (!ws_hash_equal(&own, digest))
        return ws_fail(err, WS_CORRUPT, "a proof of another index: its head has another SHA-256");
    return ws_range_check(&proof->head.range, ws_range_tile_of(key, proof->head.range.bits),
                          &proof->range, out, err);
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status read_head(struct ws_index *index, const char *path, struct ws_arena *arena,
                                struct ws_error *err)
{
    struct ws_bytes bytes;
    WS_TRY(ws_file_read(path, WS_INDEX_HEAD_SIZE, arena, &bytes, err));
    const enum ws_status status = ws_index_head_read(bytes, &index->head, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "'%.200s'", path);
        return status;
    }
    memcpy(index->head_bytes, bytes.data, WS_INDEX_HEAD_SIZE);
    return ws_hash_of(bytes, &index->digest, err);
}

static enum ws_status read_list(struct ws_index *index, const char *path, struct ws_arena *arena,
                                struct ws_error *err)
{
    struct ws_bytes text;
    struct ws_hash hash;
    WS_TRY(ws_file_read(path, WS_INDEX_LIST_LIMIT, arena, &text, err));
    WS_TRY(ws_hash_of(text, &hash, err));
    if (!ws_hash_equal(&hash, &index->head.list))
        return ws_fail(err, WS_CORRUPT, "'%.300s' is not the list that the index's head says",
                       path);
    WS_TRY(ws_index_list_read(text, arena, &index->list, err));
    if (index->list.log.size != index->head.entries)
        return ws_fail(err, WS_CORRUPT,
                       "'%.200s' tells of %" PRIu64 " entries, and the index's head of %" PRIu64,
                       path, index->list.log.size, index->head.entries);
    return WS_OK;
}

enum ws_status ws_index_open(struct ws_index *index, const char *path, struct ws_arena *arena,
                             struct ws_error *err)
{
    const char *list = ws_arena_format(arena, "%s" WS_INDEX_LIST, path);
    const char *tiles = ws_arena_format(arena, "%s" WS_INDEX_TILES, path);
    *index = (struct ws_index){.list = {.shard_count = 0}};
    if (!list || !tiles)
        return ws_fail_memory(err, "an index");
    WS_TRY(read_head(index, path, arena, err));
    WS_TRY(read_list(index, list, arena, err));
    return ws_range_file_open(&index->tiles, tiles, &index->head.range, err);
}

void ws_index_close(struct ws_index *index)
{
    ws_range_file_close(&index->tiles);
}

enum ws_status ws_index_verify(const struct ws_index *index, struct ws_error *err)
{
    return ws_range_file_verify(&index->tiles, ws_index_list_live_count(&index->list), err);
}

enum ws_status ws_index_prove(const struct ws_index *index, uint64_t key,
                              uint8_t way[WS_RANGE_WAY_LIMIT], struct ws_index_proof *out,
                              struct ws_error *err)
{
    struct ws_index_proof proof = {.head_bytes = ws_bytes_of(index->head_bytes, WS_INDEX_HEAD_SIZE),
                                   .head = index->head};
    WS_TRY(ws_range_file_prove(&index->tiles, key, way, &proof.range, err));
    *out = proof;
    return WS_OK;
}

/* Writing -------------------------------------------------------------------------------------- */

/* Bytes of all shards together that are in memory ahead of the merge, and of one at least and at
 * most. */
enum { WINDOWS = 1 << 30, WINDOW_LEAST = 1 << 17, WINDOW_MOST = 1 << 23 };

/* A live shard, from its smallest fingerprint on. */
struct shard_source {
    const struct ws_shard *shard;
    struct ws_file_window window;
    uint32_t number;
    uint64_t next_tile;
    struct ws_range_tile tile; /* the one before */
    uint32_t taken;            /* pairs of it */
};

/* Documents do not count here, so a fingerprint that comes again is taken once. */
static enum ws_status take_shard(void *user, uint64_t last, struct ws_pair_batch *batch,
                                 struct ws_error *err)
{
    struct shard_source *source = user;
    const struct ws_range_file *tiles = &source->shard->tiles;
    for (;;) {
        for (; source->taken < source->tile.count; source->taken++) {
            const uint64_t key = ws_range_tile_key(&source->tile, source->taken);
            if (key > last)
                return WS_OK;
            if (source->taken == 0 || key != ws_range_tile_key(&source->tile, source->taken - 1))
                WS_TRY(ws_pair_batch_add(batch, (struct ws_range_pair){key, source->number}, err));
        }
        struct ws_bytes bytes;
        if (source->next_tile >> tiles->range.bits != 0)
            return WS_OK;
        WS_TRY(ws_range_file_tile(tiles, (uint32_t)source->next_tile, &bytes, &source->tile, err));
        source->next_tile++;
        source->taken = 0;
        ws_file_window_reach(&source->window,
                             (size_t)(bytes.data - tiles->map.bytes.data) + bytes.size);
    }
}

/* A window has two steps. */
static size_t window_step(size_t shards)
{
    const size_t share = WINDOWS / shards;
    return (share < WINDOW_LEAST ? WINDOW_LEAST : share < WINDOW_MOST ? share : WINDOW_MOST) / 2;
}

static enum ws_status merge_shards(const struct ws_shard *const shards[], size_t count,
                                   struct ws_range_writer *tiles, struct ws_arena *arena,
                                   struct ws_error *err)
{
    struct shard_source *from = WS_ARENA_ZNEW(arena, struct shard_source, count + 1);
    struct ws_pair_source *sources = WS_ARENA_NEW(arena, struct ws_pair_source, count + 1);
    if (!from || !sources)
        return ws_fail_memory(err, "an index");
    for (size_t i = 0; i < count; i++) {
        from[i].shard = shards[i];
        from[i].number = (uint32_t)i;
        ws_file_window_open(&from[i].window, &shards[i]->tiles.map, window_step(count));
        ws_file_window_reach(&from[i].window, 0);
        sources[i] = (struct ws_pair_source){take_shard, &from[i]};
    }
    return ws_range_merge(sources, count, SIZE_MAX, tiles, err);
}

static enum ws_status write_tiles(const char *path, const struct ws_shard *const shards[],
                                  size_t count, struct ws_arena *arena, struct ws_range *range,
                                  struct ws_error *err)
{
    struct ws_range_writer tiles;
    const char *name = ws_arena_format(arena, "%s" WS_INDEX_TILES, path);
    if (!name)
        return ws_fail_memory(err, "an index");
    enum ws_status status = ws_range_writer_open(&tiles, name, range, arena->allocator, err);
    if (status == WS_OK)
        status = merge_shards(shards, count, &tiles, arena, err);
    if (status == WS_OK)
        status = ws_range_writer_keep(&tiles, range, err);
    ws_range_writer_close(&tiles);
    return status;
}

static enum ws_status write_files(const char *path, const struct ws_index_list *list,
                                  const struct ws_shard *const shards[], struct ws_arena *arena,
                                  struct ws_buffer *text, struct ws_index_head *head,
                                  struct ws_error *err)
{
    char storage[WS_INDEX_HEAD_SIZE + 1];
    struct ws_buffer bytes;
    const char *name = ws_arena_format(arena, "%s" WS_INDEX_LIST, path);
    const size_t count = ws_index_list_live_count(list);
    uint64_t pairs = 0;
    if (!name)
        return ws_fail_memory(err, "an index");
    ws_index_list_append(text, list);
    WS_TRY(ws_buffer_check(text, "an index's list", err));
    WS_TRY(ws_hash_of(ws_buffer_bytes(text), &head->list, err));
    for (size_t i = 0; i < count; i++)
        pairs += shards[i]->head.range.pairs;
    memcpy(head->range.id, head->list.bytes, WS_RANGE_ID_SIZE);
    head->range.bits = ws_range_bits_for(pairs);
    head->entries = list->log.size;
    WS_TRY(write_tiles(path, shards, count, arena, &head->range, err));
    WS_TRY(ws_file_replace(name, ws_buffer_bytes(text), err));
    ws_buffer_fix(&bytes, storage, sizeof storage);
    ws_index_head_append(&bytes, head);
    return ws_file_replace(path, ws_buffer_bytes(&bytes), err);
}

enum ws_status ws_index_write(const char *path, const struct ws_index_list *list,
                              const struct ws_shard *const shards[],
                              const struct ws_allocator *allocator, struct ws_index_head *out,
                              struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer text;
    struct ws_index_head head = {.entries = 0};
    if (ws_file_exists(path))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already, and an index never changes",
                       path);
    ws_arena_init(&arena, allocator);
    ws_buffer_init(&text, allocator, WS_INDEX_LIST_LIMIT);
    enum ws_status status = write_files(path, list, shards, &arena, &text, &head, err);
    ws_buffer_release(&text);
    ws_arena_release(&arena);
    if (status == WS_OK)
        *out = head;
    return status;
}
