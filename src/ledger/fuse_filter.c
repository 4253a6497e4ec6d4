#include "ledger/fuse_filter.h"

#include <assert.h>
#include <math.h>

#include "base/memory.h"

enum {
    ARITY = 3,              /* places a key */
    SEGMENT_MOST = 1 << 18, /* places of a segment */
    PART_KEYS = 1 << 17,    /* pairs of a part at most, on average */
    PART_LIMIT = 1 << 22,   /* keys of a part that are still taken for hashes */
    SEED_MOST = 100,        /* tries; each fails about once in a hundred times */
    TOGETHER = 32,          /* keys that wait together for memory that no cache has */
};

/* Where a key is: in one of three places, each in a segment of its own, all near each other. */
struct places {
    uint32_t at[ARITY];
    uint16_t remainder;
};

/* Austin Appleby's finaliser of MurmurHash3: a key and a seed become 64 bits that look random. */
static uint64_t mix(uint64_t key, uint64_t seed)
{
    uint64_t h = key + seed;
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

static inline struct places places_of(const struct ws_fuse_part *part, uint64_t hash)
{
    const uint32_t mask = part->segment - 1;
    struct places p;
    p.at[0] = (uint32_t)((hash >> 32) * part->starts >> 32);
    p.at[1] = (p.at[0] + part->segment) ^ ((uint32_t)(hash >> 18) & mask);
    p.at[2] = (p.at[0] + 2 * part->segment) ^ ((uint32_t)hash & mask);
    p.remainder = (uint16_t)(hash ^ hash >> 32);
    return p;
}

/* Sizes that the paper found to work, of n > 0 keys. */
static void lay_out(struct ws_fuse_part *part, uint32_t n)
{
    const double keys = n;
    const double capacity = n == 1 ? 1 : keys * fmax(1.125, 0.875 + 0.25 * log(1e6) / log(keys));
    const unsigned exponent = (unsigned)(log(keys) / log(3.33) + 2.25);
    part->segment = exponent > 18 ? SEGMENT_MOST : UINT32_C(1) << exponent;
    const uint32_t segments = (uint32_t)(ceil(capacity) / part->segment) + 1;
    part->starts = (segments > ARITY - 1 ? segments - (ARITY - 1) : 1) * part->segment;
}

static uint32_t length_of(const struct ws_fuse_part *part)
{
    return part->starts + (ARITY - 1) * part->segment;
}

/* What is known of a place while keys are taken out one by one. */
struct slot {
    uint64_t hashes; /* of the keys that have it, exclusive or */
    uint32_t count;  /* of these */
    uint32_t which;  /* their first, second or third place this is, exclusive or */
};

/* Memory for making a part, for as many keys as there is room. */
struct bench {
    uint64_t *keys;
    size_t count, room;
    struct slot *slots;
    uint32_t *single; /* places that one key alone has */
    uint64_t *taken;  /* hashes of keys, in the order in which they were taken out */
    uint8_t *which;   /* their places then */
};

/* Takes out keys that have a place alone, until none is left; false where some always share theirs.
 */
static bool take_out(const struct ws_fuse_part *part, struct bench *b)
{
    const uint32_t length = length_of(part);
    size_t singles = 0, taken = 0;
    memset(b->slots, 0, length * sizeof *b->slots);
    for (size_t i = 0; i < b->count; i++) {
        const uint64_t hash = mix(b->keys[i], part->seed);
        const struct places p = places_of(part, hash);
        for (uint32_t w = 0; w < ARITY; w++) {
            struct slot *slot = &b->slots[p.at[w]];
            slot->hashes ^= hash;
            slot->which ^= w;
            slot->count++;
        }
    }
    for (uint32_t i = 0; i < length; i++)
        if (b->slots[i].count == 1)
            b->single[singles++] = i;
    while (singles > 0) {
        const struct slot found = b->slots[b->single[--singles]];
        if (found.count != 1)
            continue; /* its key was taken out by another place */
        const struct places p = places_of(part, found.hashes);
        b->taken[taken] = found.hashes;
        b->which[taken++] = (uint8_t)found.which;
        for (uint32_t w = 0; w < ARITY; w++) {
            struct slot *slot = &b->slots[p.at[w]];
            slot->hashes ^= found.hashes;
            slot->which ^= w;
            if (--slot->count == 1)
                b->single[singles++] = p.at[w];
        }
    }
    return taken == b->count;
}

/* The last one that was taken out is the first to be set: when a key's turn comes, its own place is
 * free and the other two have their last values. */
static void set_remainders(const struct ws_fuse_part *part, const struct bench *b)
{
    for (size_t i = b->count; i-- > 0;) {
        const struct places p = places_of(part, b->taken[i]);
        uint16_t *own = &part->remainders[p.at[b->which[i]]];
        *own = 0;
        const unsigned others = (unsigned)part->remainders[p.at[0]] ^ part->remainders[p.at[1]] ^
                                part->remainders[p.at[2]];
        *own = (uint16_t)(others ^ p.remainder);
    }
}

/* The next places of the filter are the part's. */
static enum ws_status make_part(struct ws_fuse_filter *filter, struct ws_fuse_part *part,
                                struct bench *b, struct ws_error *err)
{
    if (b->count == 0)
        return WS_OK;
    lay_out(part, (uint32_t)b->count);
    assert(length_of(part) <= filter->room - filter->places);
    part->remainders = filter->remainders + filter->places;
    memset(part->remainders, 0, length_of(part) * sizeof *part->remainders);
    filter->places += length_of(part);
    for (uint64_t seed = 1; seed <= SEED_MOST; seed++) {
        part->seed = seed * UINT64_C(0x9e3779b97f4a7c15);
        if (take_out(part, b)) {
            set_remainders(part, b);
            return WS_OK;
        }
    }
    return ws_fail(err, WS_LIMIT,
                   "%d tries to make a filter of %zu keys failed: they are no hashes", SEED_MOST,
                   b->count);
}

static void free_bench(const struct ws_allocator *allocator, struct bench *b)
{
    struct ws_fuse_part part = {.seed = 0};
    if (b->room == 0)
        return;
    lay_out(&part, (uint32_t)b->room);
    ws_free(allocator, b->keys, b->room * sizeof *b->keys);
    ws_free(allocator, b->taken, b->room * sizeof *b->taken);
    ws_free(allocator, b->which, b->room);
    ws_free(allocator, b->slots, length_of(&part) * sizeof *b->slots);
    ws_free(allocator, b->single, length_of(&part) * sizeof *b->single);
    *b = (struct bench){.count = 0};
}

/* For parts of up to `room` keys: the keys that are there are given up. */
static enum ws_status make_bench(const struct ws_allocator *allocator, size_t room, struct bench *b,
                                 struct ws_error *err)
{
    struct ws_fuse_part part = {.seed = 0};
    free_bench(allocator, b);
    b->room = room;
    lay_out(&part, (uint32_t)room);
    b->keys = ws_realloc(allocator, NULL, 0, room * sizeof *b->keys);
    b->taken = ws_realloc(allocator, NULL, 0, room * sizeof *b->taken);
    b->which = ws_realloc(allocator, NULL, 0, room);
    b->slots = ws_realloc(allocator, NULL, 0, length_of(&part) * sizeof *b->slots);
    b->single = ws_realloc(allocator, NULL, 0, length_of(&part) * sizeof *b->single);
    return b->keys && b->taken && b->which && b->slots && b->single
               ? WS_OK
               : ws_fail_memory(err, "a filter");
}

/* The distinct keys of these tiles. */
static enum ws_status gather(const struct ws_range_file *file, uint32_t from, uint32_t to,
                             const struct ws_allocator *allocator, struct bench *b,
                             struct ws_error *err)
{
    struct ws_range_tile tile;
    struct ws_bytes bytes;
    size_t pairs = 0;
    for (uint32_t i = from; i < to; i++) {
        WS_TRY(ws_range_file_tile(file, i, &bytes, &tile, err));
        pairs += tile.count;
    }
    b->count = 0;
    if (pairs == 0)
        return WS_OK;
    if (!b->keys || pairs > b->room)
        WS_TRY(make_bench(allocator, pairs, b, err));
    for (uint32_t i = from; i < to; i++) {
        WS_TRY(ws_range_file_tile(file, i, &bytes, &tile, err));
        for (uint32_t j = 0; j < tile.count; j++) {
            const uint64_t key = ws_range_tile_key(&tile, j);
            if (b->count == 0 || b->keys[b->count - 1] != key)
                b->keys[b->count++] = key;
        }
    }
    return WS_OK;
}

static unsigned bits_for(const struct ws_range *range)
{
    unsigned bits = 0;
    while (bits < range->bits && range->pairs >> bits > PART_KEYS)
        bits++;
    return bits;
}

/* Pairs in so many tiles from this one on. */
static uint64_t pairs_in(const struct ws_range_file *file, uint32_t from, uint32_t tiles)
{
    uint64_t pairs = 0;
    for (uint32_t i = from; i < from + tiles && pairs <= PART_LIMIT; i++)
        pairs += ws_range_file_pairs(file, i);
    return pairs;
}

/* Places that a part of some of these pairs takes at most: fewer keys may round up further. */
static uint64_t room_for(uint64_t pairs)
{
    struct ws_fuse_part part;
    if (pairs == 0)
        return 0;
    lay_out(&part, (uint32_t)pairs);
    return length_of(&part) + part.segment + 1;
}

/* One block for all parts: in many small ones each look would wait for the table of pages. */
static enum ws_status make_room(struct ws_fuse_filter *filter, const struct ws_range_file *file,
                                struct ws_error *err)
{
    const uint32_t tiles = UINT32_C(1) << (file->range.bits - filter->bits);
    for (uint32_t i = 0; i < UINT32_C(1) << filter->bits; i++) {
        const uint64_t pairs = pairs_in(file, i * tiles, tiles);
        if (pairs > PART_LIMIT)
            return ws_fail(
                err, WS_LIMIT,
                "more than %d pairs of a key and a number under one prefix: the keys are "
                "not spread as hashes are",
                PART_LIMIT);
        filter->room += room_for(pairs);
    }
    if (filter->room == 0)
        return WS_OK;
    const size_t size = filter->room * sizeof *filter->remainders;
    filter->remainders = ws_realloc(filter->arena.allocator, NULL, 0, size);
    if (!filter->remainders)
        return ws_fail_memory(err, "a filter");
    ws_memory_ask_large_pages(filter->remainders, size);
    return WS_OK;
}

static enum ws_status make_parts(struct ws_fuse_filter *filter, const struct ws_range_file *file,
                                 const struct ws_allocator *allocator, struct bench *b,
                                 struct ws_error *err)
{
    const uint32_t tiles = UINT32_C(1) << (file->range.bits - filter->bits);
    for (uint32_t i = 0; i < UINT32_C(1) << filter->bits; i++) {
        WS_TRY(gather(file, i * tiles, (i + 1) * tiles, allocator, b, err));
        WS_TRY(make_part(filter, &filter->parts[i], b, err));
    }
    return WS_OK;
}

enum ws_status ws_fuse_filter_make(struct ws_fuse_filter *filter, const struct ws_range_file *file,
                                   const struct ws_allocator *allocator, struct ws_error *err)
{
    struct bench b = {.count = 0};
    *filter = (struct ws_fuse_filter){.bits = bits_for(&file->range)};
    ws_arena_init(&filter->arena, allocator);
    filter->parts = WS_ARENA_ZNEW(&filter->arena, struct ws_fuse_part, (size_t)1 << filter->bits);
    if (!filter->parts)
        return ws_fail_memory(err, "a filter");
    enum ws_status status = make_room(filter, file, err);
    if (status == WS_OK)
        status = make_parts(filter, file, allocator, &b, err);
    free_bench(allocator, &b);
    return status;
}

void ws_fuse_filter_close(struct ws_fuse_filter *filter)
{
    ws_free(filter->arena.allocator, filter->remainders, filter->room * sizeof *filter->remainders);
    ws_arena_release(&filter->arena);
    filter->remainders = NULL;
    filter->room = 0;
}

static const struct ws_fuse_part *part_of(const struct ws_fuse_filter *filter, uint64_t key)
{
    return &filter->parts[ws_range_tile_of(key, filter->bits)];
}

static bool has_remainder(const struct ws_fuse_part *part, const struct places *p)
{
    return p->remainder ==
           (part->remainders[p->at[0]] ^ part->remainders[p->at[1]] ^ part->remainders[p->at[2]]);
}

bool ws_fuse_filter_may_have(const struct ws_fuse_filter *filter, uint64_t key)
{
    const struct ws_fuse_part *part = part_of(filter, key);
    if (!part->remainders)
        return false;
    const struct places places = places_of(part, mix(key, part->seed));
    return has_remainder(part, &places);
}

/* All that the keys need of memory is asked for before any of it is looked at. */
static void look_together(const struct ws_fuse_filter *filter, const uint64_t *keys, size_t count,
                          bool *out)
{
    const struct ws_fuse_part *parts[TOGETHER];
    struct places places[TOGETHER];
    for (size_t i = 0; i < count; i++) {
        parts[i] = part_of(filter, keys[i]);
        __builtin_prefetch(parts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!parts[i]->remainders)
            continue;
        places[i] = places_of(parts[i], mix(keys[i], parts[i]->seed));
        for (int j = 0; j < ARITY; j++)
            __builtin_prefetch(&parts[i]->remainders[places[i].at[j]]);
    }
    for (size_t i = 0; i < count; i++)
        out[i] = parts[i]->remainders && has_remainder(parts[i], &places[i]);
}

void ws_fuse_filter_may_have_each(const struct ws_fuse_filter *filter, const uint64_t *keys,
                                  size_t count, bool *out)
{
    for (size_t i = 0; i < count; i += TOGETHER)
        look_together(filter, keys + i, count - i < TOGETHER ? count - i : TOGETHER, out + i);
}
