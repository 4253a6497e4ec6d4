/*
 * The fingerprints of a text in the order of their values: those that one tile answers for stand
 * together, and so do equal ones. Contract: tests/unit/test_lookup.c.
 */
#ifndef WS_LEDGER_MARK_ORDER_H
#define WS_LEDGER_MARK_ORDER_H

#include "ledger/shard_key.h"
#include "ledger/verdict.h"

/* Numbers of marks by rising value, and then by place; count is at most UINT32_MAX. They live in
 * the arena: 4 bytes each, and for a while some 2 more. NULL when memory is out. */
const uint32_t *ws_mark_order(const struct ws_verdict_mark *marks, size_t count,
                              struct ws_arena *arena);

/* Marks as shards of one scheme are asked for them. */
struct ws_ordered_marks {
    const struct ws_verdict_mark *items; /* in the order of their places */
    const uint64_t *keyed; /* what stands in place of each fingerprint; NULL: itself */
    size_t count;
    const uint32_t *order; /* of their values; NULL: not made yet */
};

/* Fingerprints as they are, or as they are under a key, which takes 8 bytes more of each. Lives in
 * the arena. */
WS_MUST_CHECK enum ws_status ws_ordered_marks_make(const struct ws_verdict_mark *marks,
                                                   size_t count, const struct ws_shard_key *key,
                                                   struct ws_arena *arena,
                                                   struct ws_ordered_marks *out,
                                                   struct ws_error *err);
static inline uint64_t ws_mark_value(const struct ws_ordered_marks *marks, size_t place)
{
    return marks->keyed ? marks->keyed[place] : marks->items[place].value;
}
static inline uint64_t ws_ordered_mark(const struct ws_ordered_marks *marks, size_t i)
{
    return ws_mark_value(marks, marks->order[i]);
}

#endif
