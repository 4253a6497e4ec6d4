#include "measure/rare_trigrams.h"

#include <inttypes.h>
#include <string.h>

enum { FILTER = 8 }; /* bits of the filter for a slot */

struct ws_trigram {
    uint32_t token[3];
    uint32_t times;
};

/* Places of trigrams. */
static uint64_t places_of(const struct ws_dataset *text)
{
    uint64_t places = 0;
    for (size_t s = 0; s < text->segment_count; s++)
        for (uint64_t i = 0; i < text->segments[s].count; i++) {
            const struct ws_segment *segment = &text->segments[s];
            size_t size;
            (void)ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            places += size < 3 ? 0 : size - 2;
        }
    return places;
}

static enum ws_status table_init(struct ws_rare_trigrams *table, uint64_t most,
                                 struct ws_arena *arena, struct ws_error *err)
{
    if (most >= UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "%" PRIu64 " trigrams of a text, at most %" PRIu32, most,
                       UINT32_MAX - 1);
    unsigned bits = 4;
    while (UINT64_C(1) << bits < 2 * most)
        bits++;
    *table = (struct ws_rare_trigrams){
        .trigrams = WS_ARENA_NEW(arena, struct ws_trigram, most),
        .slots = WS_ARENA_ZNEW(arena, uint32_t, (size_t)1 << bits),
        .filter = WS_ARENA_ZNEW(arena, uint8_t, (size_t)1 << bits),
        .shift = 64 - bits,
    };
    if (!table->trigrams || !table->slots || !table->filter)
        return ws_fail_memory(err, "the trigrams of a text");
    return WS_OK;
}

static inline uint64_t hash_of(const uint32_t token[3])
{
    uint64_t hash = ((uint64_t)token[0] << 32 | token[1]) * UINT64_C(0x9e3779b97f4a7c15);
    return ((hash ^ hash >> 32) + token[2]) * UINT64_C(0xbf58476d1ce4e5b9);
}

/* Where the trigram is, or the free slot where it belongs. */
static inline uint32_t *slot_of(const struct ws_rare_trigrams *table, const uint32_t token[3],
                                uint64_t hash)
{
    uint32_t *slot = &table->slots[hash >> table->shift];
    const uint32_t *last = &table->slots[UINT64_MAX >> table->shift];
    while (*slot != 0 && memcmp(table->trigrams[*slot - 1].token, token, 3 * sizeof *token) != 0)
        slot = slot == last ? table->slots : slot + 1;
    return slot;
}

/* The bit of the filter that a trigram of the table has set, in a byte for each slot. */
static inline uint8_t filter_bit(uint64_t hash, unsigned shift)
{
    return (uint8_t)(1U << (hash >> (shift - 3)) % FILTER);
}

static void add(struct ws_rare_trigrams *table, const uint32_t token[3], uint32_t times)
{
    uint64_t hash = hash_of(token);
    uint32_t *slot = slot_of(table, token, hash);
    if (*slot == 0) {
        table->trigrams[table->count] = (struct ws_trigram){{token[0], token[1], token[2]}, 0};
        table->filter[hash >> table->shift] |= filter_bit(hash, table->shift);
        *slot = (uint32_t)++table->count;
    }
    table->trigrams[*slot - 1].times += times;
}

static void add_text(struct ws_rare_trigrams *table, const struct ws_dataset *text)
{
    for (size_t s = 0; s < text->segment_count; s++)
        for (uint64_t i = 0; i < text->segments[s].count; i++) {
            const struct ws_segment *segment = &text->segments[s];
            size_t size;
            const uint32_t *item =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            for (size_t t = 2; t < size; t++)
                add(table, item + t - 2, 1);
        }
}

enum ws_status ws_rare_trigrams_of(const struct ws_dataset *text, struct ws_arena *arena,
                                   struct ws_rare_trigrams *out, struct ws_error *err)
{
    struct ws_arena scratch;
    struct ws_rare_trigrams all;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = table_init(&all, places_of(text), &scratch, err);
    if (status == WS_OK) {
        uint64_t rare = 0;
        add_text(&all, text);
        for (uint64_t i = 0; i < all.count; i++)
            rare += all.trigrams[i].times <= WS_RARE;
        status = table_init(out, rare, arena, err);
    }
    for (uint64_t i = 0; status == WS_OK && i < all.count; i++)
        if (all.trigrams[i].times <= WS_RARE)
            add(out, all.trigrams[i].token, all.trigrams[i].times);
    ws_arena_release(&scratch);
    return status;
}

/* Marks those that the item has. */
static void find_in_item(const struct ws_rare_trigrams *rare, const uint32_t *item, size_t size,
                         bool *is_found)
{
    for (size_t t = 2; t < size; t++) {
        const uint32_t *token = item + t - 2;
        uint64_t hash = hash_of(token);
        if (!(rare->filter[hash >> rare->shift] & filter_bit(hash, rare->shift)))
            continue; /* most are not: 11 -> 6 ns a place */
        uint32_t found = *slot_of(rare, token, hash);
        if (found != 0)
            is_found[found - 1] = true;
    }
}

enum ws_status ws_rare_trigrams_found(const struct ws_rare_trigrams *rare,
                                      const struct ws_dataset *text, struct ws_arena *scratch,
                                      uint64_t *found, struct ws_error *err)
{
    bool *is_found = WS_ARENA_ZNEW(scratch, bool, rare->count);
    if (!is_found)
        return ws_fail_memory(err, "the trigrams of a text");
    for (size_t s = 0; s < text->segment_count; s++)
        for (uint64_t i = 0; i < text->segments[s].count; i++) {
            const struct ws_segment *segment = &text->segments[s];
            size_t size;
            const uint32_t *item =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            find_in_item(rare, item, size, is_found);
        }
    *found = 0;
    for (uint64_t i = 0; i < rare->count; i++)
        *found += is_found[i];
    return WS_OK;
}
