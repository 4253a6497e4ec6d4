#include "base/allocator.h"

#include <stdlib.h>

static void *libc_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static const struct ws_allocator libc_allocator = {libc_realloc, NULL};

void *ws_realloc(const struct ws_allocator *allocator, void *block, size_t old_size,
                 size_t new_size)
{
    const struct ws_allocator *a = allocator ? allocator : &libc_allocator;
    if (block && old_size == 0)
        old_size = 1;
    return a->realloc(a->user, block, old_size, new_size ? new_size : 1);
}

void ws_free(const struct ws_allocator *allocator, void *block, size_t size)
{
    const struct ws_allocator *a = allocator ? allocator : &libc_allocator;
    if (block)
        (void)a->realloc(a->user, block, size ? size : 1, 0);
}
