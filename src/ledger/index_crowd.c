#include "ledger/index_crowd.h"

#include <assert.h>
#include <inttypes.h>

#include "ledger/range_merge.h"

const struct ws_index_room ws_index_room = {WS_RANGE_TILE_LIMIT, WS_PAIR_BATCH_LIMIT};

/* One round, over the live shards that are left: how many decides how many tiles there are. */
struct round {
    const struct ws_index_room *room;
    const struct ws_shard **live; /* NULL: left out in this round */
    size_t count;
    unsigned bits;
    uint64_t *pairs; /* of each tile of the index */
    uint64_t *there; /* of each shard in the tiles that have too many */
    size_t left_out;
    struct ws_index_list *list;
    ws_index_note *note;
    void *user;
    struct ws_error *err;
};

/* Bounds --------------------------------------------------------------------------------------- */

static uint64_t most_of_a_tile(const struct ws_range_file *tiles)
{
    uint64_t most = 0;
    for (uint64_t i = 0; i < UINT64_C(1) << tiles->range.bits; i++) {
        const uint64_t pairs = ws_range_file_pairs(tiles, (uint32_t)i);
        most = pairs > most ? pairs : most;
    }
    return most;
}

/* At least what the shard has under any prefix of so many bits, by what its fullest tile has. */
static uint64_t bound(const struct ws_range *range, uint64_t most, unsigned bits)
{
    const uint64_t tiles = range->bits > bits ? UINT64_C(1) << (range->bits - bits) : 1;
    return most * tiles < range->pairs ? most * tiles : range->pairs;
}

static unsigned batch_bits(unsigned bits)
{
    unsigned batch = 0;
    while (WS_RANGE_MERGE_TILES >> batch > 1)
        batch++;
    return bits > batch ? bits - batch : 0;
}

/* Honest shards have about 1,024 pairs in every tile, which spares counting some thousands. */
static bool has_room_for_all(const struct round *round)
{
    uint64_t tile = 0, batch = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct ws_range_file *tiles = &round->live[i]->tiles;
        const uint64_t most = most_of_a_tile(tiles);
        tile += bound(&tiles->range, most, round->bits);
        batch += bound(&tiles->range, most, batch_bits(round->bits));
    }
    return tile <= round->room->tile && batch <= round->room->batch;
}

/* Counting ------------------------------------------------------------------------------------- */

/* Adds to `sums[tile of the index]` one for each fingerprint from `first` to `last`, or takes it
 * off; `sums` NULL: to `total` alone. */
struct counting {
    uint64_t first, last;
    uint64_t *sums;
    bool takes_off;
    uint64_t total;
};

static void count_tile(const struct round *round, const struct ws_range_tile *tile,
                       struct counting *counting)
{
    for (uint32_t i = 0; i < tile->count; i++) {
        const uint64_t key = ws_range_tile_key(tile, i);
        if (key < counting->first || key > counting->last ||
            (i > 0 && key == ws_range_tile_key(tile, i - 1)))
            continue;
        counting->total++;
        if (counting->sums)
            counting->sums[ws_range_tile_of(key, round->bits)] +=
                counting->takes_off ? UINT64_MAX : 1;
    }
}

static enum ws_status count_shard(const struct round *round, const struct ws_shard *shard,
                                  struct counting *counting)
{
    const struct ws_range_file *tiles = &shard->tiles;
    const uint64_t end = ws_range_tile_of(counting->last, tiles->range.bits);
    for (uint64_t i = ws_range_tile_of(counting->first, tiles->range.bits); i <= end; i++) {
        struct ws_range_tile tile;
        struct ws_bytes bytes;
        WS_TRY(ws_range_file_tile(tiles, (uint32_t)i, &bytes, &tile, round->err));
        count_tile(round, &tile, counting);
    }
    return WS_OK;
}

static enum ws_status count_all(struct round *round)
{
    struct counting counting = {0, UINT64_MAX, round->pairs, false, 0};
    for (size_t i = 0; i < round->count; i++)
        WS_TRY(count_shard(round, round->live[i], &counting));
    return WS_OK;
}

/* Leaving out ---------------------------------------------------------------------------------- */

/* Live in the list, or repeated there. */
static void mark_damaged(struct ws_index_list *list, const struct ws_hash *digest,
                         ws_index_note *note, void *user, const char *why)
{
    for (size_t i = 0; i < list->shard_count; i++) {
        struct ws_index_shard *shard = &list->shards[i];
        if ((shard->state != WS_INDEX_LIVE && shard->state != WS_INDEX_REPEATED) ||
            !ws_hash_equal(&shard->digest, digest))
            continue;
        shard->state = WS_INDEX_DAMAGED;
        if (note)
            note(user, shard, why);
    }
}

static enum ws_status leave_out(struct round *round, size_t which)
{
    struct counting counting = {0, UINT64_MAX, round->pairs, true, 0};
    const struct ws_shard *shard = round->live[which];
    struct ws_error why;
    assert(shard); /* what is too much is somebody's who is left */
    WS_TRY(count_shard(round, shard, &counting));
    (void)ws_fail(&why, WS_LIMIT,
                  "it has %" PRIu64 " fingerprints under one prefix, more than an index has room "
                  "for beside those of other shards: they are not spread as hashes are",
                  round->there[which]);
    mark_damaged(round->list, &shard->digest, round->note, round->user, why.message);
    round->live[which] = NULL;
    round->there[which] = 0;
    round->left_out++;
    return WS_OK;
}

/* What each shard has in the tiles `from` .. `to` - 1 of the index. */
static enum ws_status count_there(const struct round *round, uint64_t from, uint64_t to)
{
    const unsigned bits = round->bits, shift = 64 - bits;
    const uint64_t first = bits == 0 ? 0 : from << shift;
    const uint64_t last = bits == 0 ? UINT64_MAX : (to - 1) << shift | UINT64_MAX >> bits;
    for (size_t i = 0; i < round->count; i++) {
        struct counting counting = {first, last, NULL, false, 0};
        if (round->live[i])
            WS_TRY(count_shard(round, round->live[i], &counting));
        round->there[i] = counting.total;
    }
    return WS_OK;
}

static size_t find_most(const struct round *round)
{
    size_t most = 0;
    for (size_t i = 0; i < round->count; i++)
        if (round->there[i] >= round->there[most])
            most = i;
    return most;
}

static uint64_t sum_of(const struct round *round, uint64_t from, uint64_t to)
{
    uint64_t sum = 0;
    for (uint64_t i = from; i < to; i++)
        sum += round->pairs[i];
    return sum;
}

/* In every `step` tiles there are at most `most` pairs. */
static enum ws_status make_room(struct round *round, uint64_t step, uint64_t most)
{
    const uint64_t tiles = UINT64_C(1) << round->bits;
    for (uint64_t from = 0; from < tiles; from += step) {
        const uint64_t to = tiles - from < step ? tiles : from + step;
        if (sum_of(round, from, to) <= most)
            continue;
        WS_TRY(count_there(round, from, to));
        while (sum_of(round, from, to) > most)
            WS_TRY(leave_out(round, find_most(round)));
    }
    return WS_OK;
}

static enum ws_status count_and_leave_out(struct round *round, const struct ws_allocator *allocator)
{
    const size_t pairs = sizeof *round->pairs << round->bits;
    const size_t there = round->count * sizeof *round->there;
    round->pairs = ws_realloc(allocator, NULL, 0, pairs);
    round->there = ws_realloc(allocator, NULL, 0, there);
    enum ws_status status = WS_OK;
    if (!round->pairs || !round->there)
        status = ws_fail_memory(round->err, "the tiles of an index");
    else
        memset(round->pairs, 0, pairs);
    if (status == WS_OK)
        status = count_all(round);
    if (status == WS_OK)
        status = make_room(round, 1, round->room->tile);
    if (status == WS_OK)
        status = make_room(round, WS_RANGE_MERGE_TILES, round->room->batch);
    ws_free(allocator, round->pairs, pairs);
    ws_free(allocator, round->there, there);
    return status;
}

enum ws_status ws_index_leave_out_crowds(const struct ws_index_room *room,
                                         struct ws_index_list *list, const struct ws_shard **live,
                                         ws_index_note *note, void *user,
                                         const struct ws_allocator *allocator, struct ws_error *err)
{
    struct round round = {.room = room,
                          .live = live,
                          .count = ws_index_list_live_count(list),
                          .list = list,
                          .note = note,
                          .user = user,
                          .err = err};
    do {
        uint64_t pairs = 0;
        size_t kept = 0;
        for (size_t i = 0; i < round.count; i++)
            if (live[i])
                live[kept++] = live[i];
        round.count = kept;
        round.left_out = 0;
        for (size_t i = 0; i < kept; i++)
            pairs += live[i]->head.range.pairs;
        round.bits = ws_range_bits_for(pairs);
        if (!has_room_for_all(&round))
            WS_TRY(count_and_leave_out(&round, allocator));
    } while (round.left_out > 0); /* of fewer shards tiles are larger */
    return WS_OK;
}
