/*
 * Bytes that should be UTF-8 and may not be. Contract: tests/unit/test_utf8.c.
 */
#ifndef WS_BASE_UTF8_H
#define WS_BASE_UTF8_H

#include "base/buffer.h"
#include "base/bytes.h"

/* The character at the front of `text`, which is not empty, and how many bytes it takes. -1 for
 * what is no character, one for each part that could begin one, at least a byte (the Unicode
 * Standard, "U+FFFD substitution of maximal subparts"). With `more` bytes to come, 0 where they
 * decide. */
size_t ws_utf8_decode(struct ws_bytes text, bool more, int32_t *out);
/* Its bytes, and how many. `character` is one that ws_utf8_decode gives and not -1. */
size_t ws_utf8_encode(int32_t character, uint8_t out[4]);

/* Appends `text` with U+FFFD in place of each -1 that ws_utf8_decode gives. */
void ws_utf8_repair(struct ws_bytes text, struct ws_buffer *out);

/* Whether `text` is UTF-8 without control characters below U+0020 but the line's end. */
bool ws_utf8_is_lines(struct ws_bytes text);
/* Whether `text` is UTF-8 without white space (as Unicode counts it) and such characters. */
bool ws_utf8_is_word(struct ws_bytes text);

/* Whether a character is one of those that turn the direction of what stands behind it (the Unicode
 * property Bidi_Control): in a name it would show another than there is. */
static inline bool ws_utf8_turns(int32_t character)
{
    return character == 0x061C || character == 0x200E || character == 0x200F ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

#endif
