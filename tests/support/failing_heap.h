/*
 * An allocator that runs out when a test wants it to, and counts what is alive.
 *
 *     enum ws_status status = WS_NO_MEMORY;
 *     for (long n = 0; status == WS_NO_MEMORY; n++) {
 *         struct failing_heap heap = {.countdown = n};
 *         const struct ws_allocator allocator = {failing_realloc, &heap};
 *         ... the work; then:
 *         assert_true(failing_heap_is_clean(&heap));
 *     }
 *
 * Allocation `countdown` (from 0; growing a block counts) fails, and with `for_good` all after it.
 * Several threads may share a heap.
 */
#ifndef WS_TESTS_FAILING_HEAP_H
#define WS_TESTS_FAILING_HEAP_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/allocator.h"

#define FAILING_HEAP_NEVER LONG_MAX /* a countdown that only counts */

struct failing_heap {
    atomic_long countdown;
    bool for_good;
    atomic_long live_blocks;
    atomic_long live_bytes;
    atomic_long failures; /* how often memory was refused */
    atomic_long mistakes; /* blocks given back with another size than they have */
};

/* Lies before every block; as large as the alignment that malloc promises. */
union failing_heap_header {
    size_t size;
    max_align_t alignment;
};

static inline bool failing_heap_refuses(struct failing_heap *heap)
{
    long left = atomic_fetch_sub(&heap->countdown, 1);
    bool refuses = left == 0 || (left < 0 && heap->for_good);
    if (refuses)
        atomic_fetch_add(&heap->failures, 1);
    return refuses;
}

static inline void failing_heap_count(struct failing_heap *heap, long blocks, size_t from,
                                      size_t to)
{
    atomic_fetch_add(&heap->live_blocks, blocks);
    atomic_fetch_add(&heap->live_bytes, (long)to - (long)from);
}

static inline void *failing_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    union failing_heap_header *header = block ? (union failing_heap_header *)block - 1 : NULL;
    size_t real_size = header ? header->size : 0;
    if (real_size != old_size)
        atomic_fetch_add(&heap->mistakes, 1);
    if (new_size == 0) {
        if (header)
            failing_heap_count(heap, -1, real_size, 0);
        free(header);
        return NULL;
    }
    if (failing_heap_refuses(heap) || new_size > SIZE_MAX / 2)
        return NULL;
    union failing_heap_header *moved = realloc(header, sizeof *header + new_size);
    if (!moved)
        return NULL;
    failing_heap_count(heap, header ? 0 : 1, real_size, new_size);
    moved->size = new_size;
    return moved + 1;
}

static inline bool failing_heap_is_clean(struct failing_heap *heap)
{
    return atomic_load(&heap->live_blocks) == 0 && atomic_load(&heap->live_bytes) == 0 &&
           atomic_load(&heap->mistakes) == 0;
}

#endif
