#include "base/text_set.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

struct ws_text_slot {
    uint64_t hash;
    uint32_t number; /* 1 + the text's id; 0: empty */
};

void ws_text_set_init(struct ws_text_set *set, const struct ws_allocator *allocator)
{
    *set = (struct ws_text_set){0};
    ws_arena_init(&set->arena, allocator);
    ws_buffer_init(&set->letters, allocator, SIZE_MAX);
    ws_buffer_init(&set->offsets, allocator, SIZE_MAX);
}

void ws_text_set_release(struct ws_text_set *set)
{
    ws_buffer_release(&set->letters);
    ws_buffer_release(&set->offsets);
    ws_arena_release(&set->arena);
}

/* FNV-1a, with its high bits folded down because the table looks at the low ones. */
static uint64_t hash_text(const char *text, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001B3U;
    return hash ^ hash >> 32;
}

static enum ws_status grow(struct ws_text_set *set, struct ws_error *err)
{
    size_t capacity = set->capacity ? set->capacity * 2 : FIRST_SLOTS;
    struct ws_text_slot *slots = WS_ARENA_ZNEW(&set->arena, struct ws_text_slot, capacity);
    if (!slots)
        return ws_fail_memory(err, "a set of texts");
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i].number == 0)
            continue;
        size_t at = set->slots[i].hash & (capacity - 1);
        while (slots[at].number)
            at = (at + 1) & (capacity - 1);
        slots[at] = set->slots[i];
    }
    set->slots = slots;
    set->capacity = capacity;
    return WS_OK;
}

const char *ws_text_set_at(const struct ws_text_set *set, uint32_t id)
{
    size_t offset;
    assert(id < set->count);
    memcpy(&offset, set->offsets.data + id * sizeof offset, sizeof offset);
    return set->letters.data + offset;
}

static bool holds(const struct ws_text_set *set, const struct ws_text_slot *slot, uint64_t hash,
                  const char *text, size_t size)
{
    if (slot->hash != hash)
        return false;
    const char *there = ws_text_set_at(set, slot->number - 1);
    return strncmp(there, text, size) == 0 && there[size] == '\0';
}

static enum ws_status append(struct ws_text_set *set, const char *text, size_t size,
                             struct ws_error *err)
{
    size_t offset = set->letters.size;
    if (set->count == WS_TEXT_SET_LIMIT)
        return ws_fail(err, WS_LIMIT, "more than %d distinct texts", WS_TEXT_SET_LIMIT);
    ws_buffer_append(&set->offsets, &offset, sizeof offset);
    ws_buffer_append(&set->letters, text, size);
    ws_buffer_u8(&set->letters, 0);
    WS_TRY(ws_buffer_check(&set->offsets, "a set of texts", err));
    WS_TRY(ws_buffer_check(&set->letters, "a set of texts", err));
    set->count++;
    return WS_OK;
}

enum ws_status ws_text_set_add(struct ws_text_set *set, const char *text, size_t size,
                               uint32_t *out, struct ws_error *err)
{
    if (set->capacity < 2 * ((size_t)set->count + 1))
        WS_TRY(grow(set, err));
    uint64_t hash = hash_text(text, size);
    size_t at = hash & (set->capacity - 1);
    while (set->slots[at].number && !holds(set, &set->slots[at], hash, text, size))
        at = (at + 1) & (set->capacity - 1);
    struct ws_text_slot *slot = &set->slots[at];
    if (slot->number == 0) {
        WS_TRY(append(set, text, size, err));
        *slot = (struct ws_text_slot){hash, set->count};
    }
    *out = slot->number - 1;
    return WS_OK;
}
