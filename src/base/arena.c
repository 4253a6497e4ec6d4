#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 64,
#ifdef WS_SMALL_LIMITS
    FIRST_BLOCK = 64,
#else
    FIRST_BLOCK = 4096,
#endif
    LARGEST_STEP = 1 << 22, /* blocks stop doubling here */
};

struct ws_arena_block {
    struct ws_arena_block *next;
    size_t capacity; /* bytes of the whole allocation, header included */
    size_t used;     /* offset of the next free byte, header included */
};

void ws_arena_init(struct ws_arena *arena, const struct ws_allocator *allocator)
{
    *arena = (struct ws_arena){.allocator = allocator};
}

static void free_blocks(const struct ws_allocator *allocator, struct ws_arena_block *block)
{
    while (block) {
        struct ws_arena_block *next = block->next;
        ws_free(allocator, block, block->capacity);
        block = next;
    }
}

void ws_arena_release(struct ws_arena *arena)
{
    free_blocks(arena->allocator, arena->blocks);
    free_blocks(arena->allocator, arena->spare);
    ws_arena_init(arena, arena->allocator);
}

void ws_arena_reset(struct ws_arena *arena)
{
    while (arena->blocks) {
        struct ws_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        block->used = sizeof *block;
        block->next = arena->spare;
        arena->spare = block;
    }
    arena->size = 0;
}

static void *take(struct ws_arena_block *block, size_t size)
{
    uintptr_t base = (uintptr_t)block;
    uintptr_t start = (base + block->used + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    if (start - base > block->capacity || block->capacity - (start - base) < size)
        return NULL;
    block->used = start - base + size;
    return (char *)block + (start - base);
}

/* First fit among the blocks that a reset kept. */
static void *take_spare(struct ws_arena *arena, size_t size)
{
    for (struct ws_arena_block **link = &arena->spare; *link; link = &(*link)->next) {
        struct ws_arena_block *block = *link;
        void *piece = take(block, size);
        if (piece) {
            *link = block->next;
            block->next = arena->blocks;
            arena->blocks = block;
            return piece;
        }
    }
    return NULL;
}

static void *take_new(struct ws_arena *arena, size_t size)
{
    size_t capacity = arena->blocks ? arena->blocks->capacity * 2 : FIRST_BLOCK;
    if (capacity > LARGEST_STEP)
        capacity = LARGEST_STEP;
    size_t needed = sizeof(struct ws_arena_block) + ALIGNMENT;
    if (size > SIZE_MAX - needed)
        return NULL;
    needed += size;
    if (capacity < needed)
        capacity = needed;
    struct ws_arena_block *block = ws_realloc(arena->allocator, NULL, 0, capacity);
    if (!block)
        return NULL;
    *block = (struct ws_arena_block){arena->blocks, capacity, sizeof *block};
    arena->blocks = block;
    return take(block, size);
}

void *ws_arena_alloc(struct ws_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    if (total == 0)
        total = 1;
    void *piece = arena->blocks ? take(arena->blocks, total) : NULL;
    if (!piece)
        piece = take_spare(arena, total);
    if (!piece)
        piece = take_new(arena, total);
    if (piece)
        arena->size += total;
    return piece;
}

void *ws_arena_zalloc(struct ws_arena *arena, size_t count, size_t size)
{
    void *piece = ws_arena_alloc(arena, count, size);
    if (piece)
        memset(piece, 0, count * size);
    return piece;
}

void *ws_arena_copy(struct ws_arena *arena, const void *data, size_t size)
{
    void *piece = ws_arena_alloc(arena, 1, size);
    if (piece && size > 0)
        memcpy(piece, data, size);
    return piece;
}

char *ws_arena_text(struct ws_arena *arena, const char *text)
{
    return ws_arena_copy(arena, text, strlen(text) + 1);
}

char *ws_arena_text_of(struct ws_arena *arena, const void *bytes, size_t size)
{
    char *text = ws_arena_alloc(arena, 1, size + 1);
    if (text) {
        if (size > 0)
            memcpy(text, bytes, size);
        text[size] = '\0';
    }
    return text;
}

char *ws_arena_format(struct ws_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return NULL;
    char *text = ws_arena_alloc(arena, (size_t)size + 1, 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}
