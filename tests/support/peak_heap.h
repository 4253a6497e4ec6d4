/*
 * A heap for tests that knows how much of it was ever in use at once.
 */
#ifndef WS_TESTS_PEAK_HEAP_H
#define WS_TESTS_PEAK_HEAP_H

#include <stdatomic.h>
#include <stdlib.h>

/* What is alive at most. */
struct peak_heap {
    atomic_long live, peak;
};

static inline void *peak_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct peak_heap *heap = user;
    long live = atomic_fetch_add(&heap->live, (long)new_size - (long)old_size) + (long)new_size -
                (long)old_size;
    long peak = atomic_load(&heap->peak);
    while (live > peak && !atomic_compare_exchange_weak(&heap->peak, &peak, live))
        ;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

#endif
