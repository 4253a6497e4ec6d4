#include "ledger/mark_order.h"

#include <assert.h>

#include "ledger/pair_sort.h"

/* Values are sorted a part at a time, by their first bits, so that there is memory for one. */
enum { PART_BITS = 4, PARTS = 1 << PART_BITS };

static unsigned part_of(uint64_t value)
{
    return (unsigned)(value >> (64 - PART_BITS));
}

/* Puts the marks of one part in order; returns how many. */
static size_t order_part(const struct ws_verdict_mark *marks, size_t count, unsigned part,
                         struct ws_range_pair *pairs, struct ws_range_pair *scratch, uint32_t *out)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++)
        if (part_of(marks[i].value) == part)
            pairs[taken++] = (struct ws_range_pair){.key = marks[i].value, .number = (uint32_t)i};
    ws_pair_sort(pairs, scratch, taken);
    for (size_t i = 0; i < taken; i++)
        out[i] = pairs[i].number;
    return taken;
}

static size_t largest_part(const struct ws_verdict_mark *marks, size_t count)
{
    size_t sizes[PARTS] = {0}, most = 0;
    for (size_t i = 0; i < count; i++)
        sizes[part_of(marks[i].value)]++;
    for (unsigned part = 0; part < PARTS; part++)
        most = sizes[part] > most ? sizes[part] : most;
    return most;
}

const uint32_t *ws_mark_order(const struct ws_verdict_mark *marks, size_t count,
                              struct ws_arena *arena)
{
    const size_t most = largest_part(marks, count);
    uint32_t *order = WS_ARENA_NEW(arena, uint32_t, count + 1);
    struct ws_arena scratch;
    assert(count <= UINT32_MAX);
    ws_arena_init(&scratch, arena->allocator);
    struct ws_range_pair *pairs = WS_ARENA_NEW(&scratch, struct ws_range_pair, 2 * most + 1);
    size_t done = 0;
    for (unsigned part = 0; order && pairs && part < PARTS; part++)
        done += order_part(marks, count, part, pairs, pairs + most, order + done);
    ws_arena_release(&scratch);
    return pairs ? order : NULL;
}

/* A copy of the marks with what stands in place of their fingerprints. */
static enum ws_status apply_key(const struct ws_verdict_mark *marks, size_t count,
                                const struct ws_shard_key *key, struct ws_arena *arena,
                                const struct ws_verdict_mark **out, struct ws_error *err)
{
    struct ws_verdict_mark *keyed = WS_ARENA_NEW(arena, struct ws_verdict_mark, count + 1);
    if (!keyed)
        return ws_fail_memory(err, "the fingerprints of a text");
    for (size_t i = 0; i < count; i++) {
        keyed[i] = marks[i];
        WS_TRY(ws_shard_key_apply(key, marks[i].value, &keyed[i].value, err));
    }
    *out = keyed;
    return WS_OK;
}

enum ws_status ws_ordered_marks_make(const struct ws_verdict_mark *marks, size_t count,
                                     const struct ws_shard_key *key, struct ws_arena *arena,
                                     struct ws_ordered_marks *out, struct ws_error *err)
{
    struct ws_ordered_marks made = {.items = marks, .count = count};
    if (key)
        WS_TRY(apply_key(marks, count, key, arena, &made.items, err));
    made.order = ws_mark_order(made.items, count, arena);
    if (!made.order)
        return ws_fail_memory(err, "the fingerprints of a text");
    *out = made;
    return WS_OK;
}
