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
static size_t order_part(const struct ws_ordered_marks *marks, unsigned part,
                         struct ws_range_pair *pairs, struct ws_range_pair *scratch, uint32_t *out)
{
    size_t taken = 0;
    for (size_t i = 0; i < marks->count; i++) {
        const uint64_t value = ws_mark_value(marks, i);
        if (part_of(value) == part)
            pairs[taken++] = (struct ws_range_pair){.key = value, .number = (uint32_t)i};
    }
    ws_pair_sort(pairs, scratch, taken);
    for (size_t i = 0; i < taken; i++)
        out[i] = pairs[i].number;
    return taken;
}

static size_t largest_part(const struct ws_ordered_marks *marks)
{
    size_t sizes[PARTS] = {0}, most = 0;
    for (size_t i = 0; i < marks->count; i++)
        sizes[part_of(ws_mark_value(marks, i))]++;
    for (unsigned part = 0; part < PARTS; part++)
        most = sizes[part] > most ? sizes[part] : most;
    return most;
}

/* NULL when memory is out. */
static const uint32_t *make_order(const struct ws_ordered_marks *marks, struct ws_arena *arena)
{
    const size_t most = largest_part(marks);
    uint32_t *order = WS_ARENA_NEW(arena, uint32_t, marks->count + 1);
    struct ws_arena scratch;
    assert(marks->count <= UINT32_MAX);
    ws_arena_init(&scratch, arena->allocator);
    struct ws_range_pair *pairs = WS_ARENA_NEW(&scratch, struct ws_range_pair, 2 * most + 1);
    size_t done = 0;
    for (unsigned part = 0; order && pairs && part < PARTS; part++)
        done += order_part(marks, part, pairs, pairs + most, order + done);
    ws_arena_release(&scratch);
    return pairs ? order : NULL;
}

const uint32_t *ws_mark_order(const struct ws_verdict_mark *marks, size_t count,
                              struct ws_arena *arena)
{
    return make_order(&(struct ws_ordered_marks){.items = marks, .count = count}, arena);
}

static enum ws_status apply_key(const struct ws_verdict_mark *marks, size_t count,
                                const struct ws_shard_key *key, struct ws_arena *arena,
                                const uint64_t **out, struct ws_error *err)
{
    uint64_t *keyed = WS_ARENA_NEW(arena, uint64_t, count + 1);
    if (!keyed)
        return ws_fail_memory(err, "the fingerprints of a text");
    for (size_t i = 0; i < count; i++)
        WS_TRY(ws_shard_key_apply(key, marks[i].value, &keyed[i], err));
    *out = keyed;
    return WS_OK;
}

enum ws_status ws_ordered_marks_make(const struct ws_verdict_mark *marks, size_t count,
                                     const struct ws_shard_key *key, struct ws_arena *arena,
                                     struct ws_ordered_marks *out, struct ws_error *err)
{
    struct ws_ordered_marks made = {.items = marks, .count = count};
    if (key)
        WS_TRY(apply_key(marks, count, key, arena, &made.keyed, err));
    made.order = make_order(&made, arena);
    if (!made.order)
        return ws_fail_memory(err, "the fingerprints of a text");
    *out = made;
    return WS_OK;
}
