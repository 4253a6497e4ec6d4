/*
 * jansson's allocations on a failing heap. jansson takes one allocator a process and no place for a
 * heap of ours, so there is one here for each test program.
 *
 * jansson 2.14 does not look whether its scanner's token buffer (16 bytes, then doubled) could
 * grow, and reads beyond it when it could not. While JSON is being read, requests that may be that
 * buffer's are not refused; a test says when that is. While it is written, every one is.
 */
#ifndef WS_TESTS_FAILING_JANSSON_H
#define WS_TESTS_FAILING_JANSSON_H

#include <jansson.h>

#include "support/failing_heap.h"

static struct failing_heap jansson_heap;
static bool jansson_reads; /* json_load and its kin are being called */

static inline bool may_be_token_buffer(size_t size)
{
    return jansson_reads && size >= 32 && (size & (size - 1)) == 0;
}

static inline void *jansson_malloc(size_t size)
{
    if (!may_be_token_buffer(size))
        return failing_realloc(&jansson_heap, NULL, 0, size);
    long left = atomic_exchange(&jansson_heap.countdown, FAILING_HEAP_NEVER);
    bool for_good = jansson_heap.for_good;
    jansson_heap.for_good = false;
    void *block = failing_realloc(&jansson_heap, NULL, 0, size);
    jansson_heap.for_good = for_good;
    atomic_store(&jansson_heap.countdown, left);
    return block;
}

static inline void jansson_free(void *block)
{
    size_t size = block ? ((union failing_heap_header *)block - 1)->size : 0;
    (void)failing_realloc(&jansson_heap, block, size, 0);
}

#endif
