/*
 * Distinct texts, numbered in the order in which they first came.
 *
 * An open-addressing table over texts kept one behind the other, so that a vocabulary of millions
 * costs little more than its letters. Contract: tests/unit/test_text_set.c.
 */
#ifndef WS_BASE_TEXT_SET_H
#define WS_BASE_TEXT_SET_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

enum { WS_TEXT_SET_LIMIT = 1 << 30 }; /* texts in a set */

struct ws_text_slot;

struct ws_text_set {
    struct ws_arena arena;    /* of the table */
    struct ws_buffer letters; /* all texts, zero-terminated */
    struct ws_buffer offsets; /* size_t: where each begins in `letters` */
    struct ws_text_slot *slots;
    size_t capacity; /* slots: a power of two, at least twice `count` */
    uint32_t count;
};

void ws_text_set_init(struct ws_text_set *set, const struct ws_allocator *allocator);
void ws_text_set_release(struct ws_text_set *set);

/* The number of `text` (`size` bytes, none of them zero), which is added when it is new: then `out`
 * is the count before the call. WS_LIMIT when the set is full. */
WS_MUST_CHECK enum ws_status ws_text_set_add(struct ws_text_set *set, const char *text, size_t size,
                                             uint32_t *out, struct ws_error *err);

/* The text of number `id` < count; valid until the next text is added. */
const char *ws_text_set_at(const struct ws_text_set *set, uint32_t id);

#endif
