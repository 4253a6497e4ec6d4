/*
 * Memory with one lifetime: allocated piece by piece, given back all at once.
 *
 * An arena holds what lives as long as a generation, a run or a command. There is no free for a
 * piece; reset keeps the blocks for the next round. An arena is used by one thread at a time.
 * Contract: tests/unit/test_base.c.
 */
#ifndef WS_BASE_ARENA_H
#define WS_BASE_ARENA_H

#include <stddef.h>

#include "base/allocator.h"

struct ws_arena_block;

struct ws_arena {
    const struct ws_allocator *allocator;
    struct ws_arena_block *blocks; /* the one in use first */
    struct ws_arena_block *spare;  /* kept by reset */
    size_t size;                   /* bytes handed out since the last reset */
};

void ws_arena_init(struct ws_arena *arena, const struct ws_allocator *allocator);
void ws_arena_reset(struct ws_arena *arena);   /* every piece is invalid; blocks are kept */
void ws_arena_release(struct ws_arena *arena); /* zeroed or released before is fine */

/* `count` pieces of `size` bytes, aligned to 64, not cleared. NULL when memory is out or the
 * product overflows. */
void *ws_arena_alloc(struct ws_arena *arena, size_t count, size_t size);
void *ws_arena_zalloc(struct ws_arena *arena, size_t count, size_t size); /* cleared */
void *ws_arena_copy(struct ws_arena *arena, const void *data, size_t size);

/* Zero-terminated copies. */
char *ws_arena_text(struct ws_arena *arena, const char *text);
char *ws_arena_text_of(struct ws_arena *arena, const void *bytes, size_t size);
char *ws_arena_format(struct ws_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define WS_ARENA_NEW(arena, type, count)  ((type *)ws_arena_alloc((arena), (count), sizeof(type)))
#define WS_ARENA_ZNEW(arena, type, count) ((type *)ws_arena_zalloc((arena), (count), sizeof(type)))

#endif
