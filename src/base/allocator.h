/*
 * All heap goes through one function, so that a test can make any allocation fail and count what
 * is alive.
 *
 * Whoever starts a piece of work passes the allocator; NULL means the C library's. Nothing keeps
 * one in a global. Contract: tests/unit/test_base.c, tests/fault/.
 */
#ifndef WS_BASE_ALLOCATOR_H
#define WS_BASE_ALLOCATOR_H

#include <stddef.h>

struct ws_allocator {
    /* As realloc, but told the old size. `block` NULL allocates; `new_size` 0 frees and returns
     * NULL. Returns NULL on failure and leaves `block` as it was. Called from several threads. */
    void *(*realloc)(void *user, void *block, size_t old_size, size_t new_size);
    void *user;
};

/* Sizes of zero are rounded up to one byte, so NULL always means failure. */
void *ws_realloc(const struct ws_allocator *allocator, void *block, size_t old_size,
                 size_t new_size);
void ws_free(const struct ws_allocator *allocator, void *block, size_t size); /* NULL is fine */

#endif
