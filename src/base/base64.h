/*
 * Base64 with the standard alphabet and padding (RFC 4648, section 4), through OpenSSL.
 *
 * Only what encoding gives is read: a text with blanks, line breaks, too little padding or bits
 * beyond its last byte is refused, so that bytes have one text. Contract: tests/unit/test_base64.c.
 */
#ifndef WS_BASE_BASE64_H
#define WS_BASE_BASE64_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

void ws_base64_append(struct ws_buffer *out, struct ws_bytes bytes);

/* WS_CORRUPT where the text is no such encoding, without saying where it came from. The bytes
 * live in the arena. */
WS_MUST_CHECK enum ws_status ws_base64_read(struct ws_bytes text, struct ws_arena *arena,
                                            struct ws_bytes *out, struct ws_error *err);

/* The text of exactly `size` bytes, into `out`; false for anything else. For hashes and keys. */
enum { WS_BASE64_FIXED_LIMIT = 96 };
WS_MUST_CHECK bool ws_base64_read_fixed(struct ws_bytes text, uint8_t *out, size_t size);

#endif
