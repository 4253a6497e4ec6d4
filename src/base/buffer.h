/*
 * Bytes that grow, up to a limit that was said at the start.
 *
 * A buffer remembers its first failure: append everything, then ask once with ws_buffer_check.
 * After a failure appends do nothing. The text is always followed by a zero byte that does not
 * count. Numbers are little-endian. Contract: tests/unit/test_base.c.
 */
#ifndef WS_BASE_BUFFER_H
#define WS_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_buffer {
    const struct ws_allocator *allocator;
    char *data; /* NULL until the first append */
    size_t size;
    size_t capacity;
    size_t limit;
    enum ws_status status; /* the first failure */
};

void ws_buffer_init(struct ws_buffer *buffer, const struct ws_allocator *allocator, size_t limit);
/* In the caller's storage of `size` >= 1 bytes: never grows, needs no release. */
void ws_buffer_fix(struct ws_buffer *buffer, char *storage, size_t size);
void ws_buffer_reset(struct ws_buffer *buffer); /* empty and without failure; keeps the storage */
void ws_buffer_release(struct ws_buffer *buffer);

void ws_buffer_append(struct ws_buffer *buffer, const void *data, size_t size);
void ws_buffer_text(struct ws_buffer *buffer, const char *text);
void ws_buffer_format(struct ws_buffer *buffer, const char *format, ...) WS_PRINTF(2, 3);
void ws_buffer_u8(struct ws_buffer *buffer, uint8_t value);
void ws_buffer_u32(struct ws_buffer *buffer, uint32_t value);
void ws_buffer_u64(struct ws_buffer *buffer, uint64_t value);
void ws_buffer_f64(struct ws_buffer *buffer, double value);
/* Seven bits a byte, the lowest first, the eighth set where more follow (LEB128): 1 to 10 bytes. */
void ws_buffer_varint(struct ws_buffer *buffer, uint64_t value);
void ws_buffer_u32s(struct ws_buffer *buffer, const uint32_t *values, size_t count);
void ws_buffer_u64s(struct ws_buffer *buffer, const uint64_t *values, size_t count);
void ws_buffer_f64s(struct ws_buffer *buffer, const double *values, size_t count);

/* Room for `size` more bytes to be written at the returned address; NULL after a failure. */
void *ws_buffer_extend(struct ws_buffer *buffer, size_t size);

WS_MUST_CHECK enum ws_status ws_buffer_check(const struct ws_buffer *buffer, const char *what,
                                             struct ws_error *err);
struct ws_bytes ws_buffer_bytes(const struct ws_buffer *buffer);
const char *ws_buffer_string(const struct ws_buffer *buffer); /* "" when nothing was appended */

#endif
