#include "ledger/range_merge.h"

#include "ledger/pair_sort.h"

static enum ws_status grow(struct ws_pair_batch *batch, struct ws_error *err)
{
    const size_t room = batch->room == 0 ? (size_t)1 << 16 : 2 * batch->room;
    if (room > WS_PAIR_BATCH_LIMIT)
        return ws_fail(err, WS_LIMIT,
                       "more than %d pairs of a key and a number in %d tiles: the keys are not "
                       "spread as hashes are",
                       WS_PAIR_BATCH_LIMIT, WS_RANGE_MERGE_TILES);
    struct ws_range_pair *pairs = ws_realloc(batch->allocator, batch->pairs,
                                             batch->room * sizeof *pairs, room * sizeof *pairs);
    if (!pairs)
        return ws_fail_memory(err, "pairs to sort");
    batch->pairs = pairs;
    /* What was in the scratch nobody needs. */
    ws_free(batch->allocator, batch->scratch, batch->room * sizeof *pairs);
    batch->scratch = NULL;
    batch->room = room;
    return WS_OK;
}

enum ws_status ws_pair_batch_add(struct ws_pair_batch *batch, struct ws_range_pair pair,
                                 struct ws_error *err)
{
    if (batch->count == batch->room)
        WS_TRY(grow(batch, err));
    batch->pairs[batch->count++] = pair;
    return WS_OK;
}

static enum ws_status sort(struct ws_pair_batch *batch, struct ws_error *err)
{
    if (!batch->scratch && batch->room > 0)
        batch->scratch =
            ws_realloc(batch->allocator, NULL, 0, batch->room * sizeof *batch->scratch);
    if (!batch->scratch && batch->room > 0)
        return ws_fail_memory(err, "pairs to sort");
    ws_pair_sort(batch->pairs, batch->scratch, batch->count);
    return WS_OK;
}

/* Takes out what is there twice and what is too much of one key. */
static void thin(struct ws_pair_batch *batch, size_t most_of_key)
{
    size_t kept = 0, of_key = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct ws_range_pair pair = batch->pairs[i];
        const bool same_key = kept > 0 && batch->pairs[kept - 1].key == pair.key;
        of_key = same_key ? of_key : 0;
        if (of_key == most_of_key || (same_key && batch->pairs[kept - 1].number == pair.number))
            continue;
        batch->pairs[kept++] = pair;
        of_key++;
    }
    batch->count = kept;
}

/* The largest key of a tile. */
static uint64_t last_key(uint64_t tile, unsigned bits)
{
    return bits == 0 ? UINT64_MAX : (tile << (64 - bits)) | UINT64_MAX >> bits;
}

static enum ws_status write_tiles(const struct ws_pair_batch *batch, uint64_t from, uint64_t to,
                                  struct ws_range_writer *writer, struct ws_error *err)
{
    size_t at = 0;
    for (uint64_t tile = from; tile < to; tile++) {
        const uint64_t last = last_key(tile, writer->range.bits);
        size_t end = at;
        while (end < batch->count && batch->pairs[end].key <= last)
            end++;
        WS_TRY(ws_range_writer_add(writer, end > at ? &batch->pairs[at] : NULL, end - at, err));
        at = end;
    }
    return WS_OK;
}

static enum ws_status merge(const struct ws_pair_source *sources, size_t count, size_t most_of_key,
                            struct ws_pair_batch *batch, struct ws_range_writer *writer,
                            struct ws_error *err)
{
    const unsigned bits = writer->range.bits;
    const uint64_t tiles = UINT64_C(1) << bits;
    for (uint64_t from = 0; from < tiles; from += WS_RANGE_MERGE_TILES) {
        const uint64_t to =
            tiles - from < WS_RANGE_MERGE_TILES ? tiles : from + WS_RANGE_MERGE_TILES;
        batch->count = 0;
        for (size_t i = 0; i < count; i++)
            WS_TRY(sources[i].take(sources[i].user, last_key(to - 1, bits), batch, err));
        WS_TRY(sort(batch, err));
        thin(batch, most_of_key);
        WS_TRY(write_tiles(batch, from, to, writer, err));
    }
    return WS_OK;
}

enum ws_status ws_range_merge(const struct ws_pair_source *sources, size_t count,
                              size_t most_of_key, struct ws_range_writer *writer,
                              struct ws_error *err)
{
    struct ws_pair_batch batch = {.allocator = writer->allocator};
    enum ws_status status = merge(sources, count, most_of_key, &batch, writer, err);
    ws_free(batch.allocator, batch.pairs, batch.room * sizeof *batch.pairs);
    ws_free(batch.allocator, batch.scratch, batch.room * sizeof *batch.scratch);
    return status;
}
