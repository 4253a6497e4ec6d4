/*
 * A view of bytes, and a reader that never runs past its end.
 *
 * Formats on disk are little-endian. A reader remembers its first failure: read everything, then
 * ask once with ws_reader_ok. After a failure every read gives zero or NULL.
 * Contract: tests/unit/test_base.c; every parser built on it has a fuzz target.
 */
#ifndef WS_BASE_BYTES_H
#define WS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ws_bytes {
    const uint8_t *data;
    size_t size;
};

struct ws_reader {
    const uint8_t *next;
    size_t left;
    bool failed;
};

static inline struct ws_bytes ws_bytes_of(const void *data, size_t size)
{
    return (struct ws_bytes){data, size};
}

static inline struct ws_bytes ws_bytes_of_text(const char *text)
{
    return ws_bytes_of(text, strlen(text));
}

/* Whether these are the text's bytes. */
static inline bool ws_bytes_is(struct ws_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

/* What stands before the first `mark`, and what stands behind it; false when there is none. `bytes`
 * may be what is set. */
bool ws_bytes_split(struct ws_bytes bytes, uint8_t mark, struct ws_bytes *before,
                    struct ws_bytes *behind);

static inline uint32_t load32_le(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t load64_le(const uint8_t *p)
{
    return (uint64_t)load32_le(p) | (uint64_t)load32_le(p + 4) << 32;
}

static inline void store32_le(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static inline void store64_le(uint8_t *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

void ws_reader_init(struct ws_reader *reader, struct ws_bytes bytes);
bool ws_reader_ok(const struct ws_reader *reader);     /* nothing failed so far */
bool ws_reader_at_end(const struct ws_reader *reader); /* nothing failed and nothing is left */

/* `size` bytes inside the input, or NULL. */
const uint8_t *ws_read_bytes(struct ws_reader *reader, size_t size);
uint8_t ws_read_u8(struct ws_reader *reader);
uint32_t ws_read_u32(struct ws_reader *reader);
uint64_t ws_read_u64(struct ws_reader *reader);
double ws_read_f64(struct ws_reader *reader);
/* A number of ws_buffer_varint; one in more bytes than it needs is a failure. */
uint64_t ws_read_varint(struct ws_reader *reader);
/* A text that ends with a zero byte, where it lies; "" after a failure. */
const char *ws_read_text(struct ws_reader *reader);

/* Whether `count` more records of `size` bytes can be there: ask before allocating for them. */
bool ws_reader_holds(struct ws_reader *reader, uint64_t count, size_t size);
void ws_read_u32s(struct ws_reader *reader, uint32_t *out, size_t count);
void ws_read_u64s(struct ws_reader *reader, uint64_t *out, size_t count);
void ws_read_f64s(struct ws_reader *reader, double *out, size_t count);

#endif
