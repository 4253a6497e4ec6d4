/*
 * UTF-8, one character at a time (RFC 3629): overlong forms, surrogates and what lies beyond
 * U+10FFFF are malformed. Contract: tests/unit/test_base.c and tests/unit/test_json.c.
 */
#ifndef WS_BASE_UTF8_H
#define WS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many of the `size` bytes the first character takes; 0 when it is malformed or size is 0. */
size_t ws_utf8_decode(const uint8_t *bytes, size_t size, uint32_t *code);

/* `code` is a character, not a surrogate. Returns the bytes written, 1 to 4. */
size_t ws_utf8_encode(uint32_t code, char out[4]);

#endif
