#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

enum {
#ifdef WS_SMALL_LIMITS
    FIRST_CAPACITY = 23,
#else
    FIRST_CAPACITY = 256,
#endif
};

void ws_buffer_init(struct ws_buffer *buffer, const struct ws_allocator *allocator, size_t limit)
{
    /* The zero byte behind the text needs room too. */
    *buffer = (struct ws_buffer){.allocator = allocator,
                                 .limit = limit < SIZE_MAX ? limit : SIZE_MAX - 1};
}

void ws_buffer_fix(struct ws_buffer *buffer, char *storage, size_t size)
{
    storage[0] = '\0';
    *buffer = (struct ws_buffer){.data = storage, .capacity = size, .limit = size - 1};
}

void ws_buffer_reset(struct ws_buffer *buffer)
{
    buffer->size = 0;
    buffer->status = WS_OK;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void ws_buffer_release(struct ws_buffer *buffer)
{
    ws_free(buffer->allocator, buffer->data, buffer->capacity);
    ws_buffer_init(buffer, buffer->allocator, buffer->limit);
}

/* To twice the size, so that appending bit by bit costs linear time, but not beyond the limit. */
static void grow(struct ws_buffer *buffer, size_t needed)
{
    size_t most = buffer->limit + 1;
    size_t capacity = buffer->capacity > most / 2 ? most : buffer->capacity * 2;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    char *data = ws_realloc(buffer->allocator, buffer->data, buffer->capacity, capacity);
    if (!data) {
        buffer->status = WS_NO_MEMORY;
        return;
    }
    buffer->data = data;
    buffer->capacity = capacity;
}

void *ws_buffer_extend(struct ws_buffer *buffer, size_t size)
{
    if (buffer->status != WS_OK)
        return NULL;
    if (size > buffer->limit - buffer->size) {
        buffer->status = WS_LIMIT;
        return NULL;
    }
    if (buffer->capacity - buffer->size <= size)
        grow(buffer, buffer->size + size + 1);
    if (buffer->status != WS_OK)
        return NULL;
    char *room = buffer->data + buffer->size;
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return room;
}

void ws_buffer_append(struct ws_buffer *buffer, const void *data, size_t size)
{
    void *room = ws_buffer_extend(buffer, size);
    if (room && size > 0)
        memcpy(room, data, size);
}

void ws_buffer_text(struct ws_buffer *buffer, const char *text)
{
    ws_buffer_append(buffer, text, strlen(text));
}

void ws_buffer_format(struct ws_buffer *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (size < 0) { /* longer than an int can say */
        ws_buffer_extend(buffer, SIZE_MAX);
        return;
    }
    char *room = ws_buffer_extend(buffer, (size_t)size);
    if (!room)
        return;
    if ((size_t)size < sizeof small) {
        memcpy(room, small, (size_t)size);
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(room, (size_t)size + 1, format, arguments);
    va_end(arguments);
}

void ws_buffer_u8(struct ws_buffer *buffer, uint8_t value)
{
    ws_buffer_append(buffer, &value, 1);
}

void ws_buffer_u32(struct ws_buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];
    store32_le(bytes, value);
    ws_buffer_append(buffer, bytes, sizeof bytes);
}

void ws_buffer_u64(struct ws_buffer *buffer, uint64_t value)
{
    uint8_t bytes[8];
    store64_le(bytes, value);
    ws_buffer_append(buffer, bytes, sizeof bytes);
}

void ws_buffer_f64(struct ws_buffer *buffer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    ws_buffer_u64(buffer, bits);
}

void ws_buffer_varint(struct ws_buffer *buffer, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    ws_buffer_append(buffer, bytes, size);
}

/* Bytes of `count` values; what overflows is over every limit. */
static size_t bytes_of(size_t count, size_t size)
{
    return count > SIZE_MAX / size ? SIZE_MAX : count * size;
}

void ws_buffer_u32s(struct ws_buffer *buffer, const uint32_t *values, size_t count)
{
    uint8_t *room = ws_buffer_extend(buffer, bytes_of(count, 4));
    for (size_t i = 0; room && i < count; i++)
        store32_le(room + 4 * i, values[i]);
}

void ws_buffer_u64s(struct ws_buffer *buffer, const uint64_t *values, size_t count)
{
    uint8_t *room = ws_buffer_extend(buffer, bytes_of(count, 8));
    for (size_t i = 0; room && i < count; i++)
        store64_le(room + 8 * i, values[i]);
}

void ws_buffer_f64s(struct ws_buffer *buffer, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ws_buffer_f64(buffer, values[i]);
}

enum ws_status ws_buffer_check(const struct ws_buffer *buffer, const char *what,
                               struct ws_error *err)
{
    if (buffer->status == WS_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s is larger than the limit of %zu bytes", what,
                       buffer->limit);
    if (buffer->status != WS_OK)
        return ws_fail_memory(err, what);
    return WS_OK;
}

struct ws_bytes ws_buffer_bytes(const struct ws_buffer *buffer)
{
    return ws_bytes_of(buffer->data, buffer->size);
}

const char *ws_buffer_string(const struct ws_buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}
