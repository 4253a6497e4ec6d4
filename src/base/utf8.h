/*
 * Bytes that should be UTF-8 and may not be. Contract: tests/unit/test_utf8.c.
 */
#ifndef WS_BASE_UTF8_H
#define WS_BASE_UTF8_H

#include "base/buffer.h"
#include "base/bytes.h"

/* Appends `text` with U+FFFD in place of what is no character: one for each part that could begin
 * one, at least a byte (the Unicode Standard, "U+FFFD substitution of maximal subparts"). */
void ws_utf8_repair(struct ws_bytes text, struct ws_buffer *out);

/* Whether `text` is UTF-8 without control characters below U+0020 but the line's end. */
bool ws_utf8_is_lines(struct ws_bytes text);
/* Whether `text` is UTF-8 without white space (as Unicode counts it) and such characters. */
bool ws_utf8_is_word(struct ws_bytes text);

#endif
