#include "base/bytes.h"

bool ws_bytes_split(struct ws_bytes bytes, uint8_t mark, struct ws_bytes *before,
                    struct ws_bytes *behind)
{
    const uint8_t *at = bytes.size > 0 ? memchr(bytes.data, mark, bytes.size) : NULL;
    if (!at)
        return false;
    size_t size = (size_t)(at - bytes.data);
    *before = ws_bytes_of(bytes.data, size);
    *behind = ws_bytes_of(at + 1, bytes.size - size - 1);
    return true;
}

void ws_reader_init(struct ws_reader *reader, struct ws_bytes bytes)
{
    *reader = (struct ws_reader){bytes.data, bytes.size, false};
}

bool ws_reader_ok(const struct ws_reader *reader)
{
    return !reader->failed;
}

bool ws_reader_at_end(const struct ws_reader *reader)
{
    return !reader->failed && reader->left == 0;
}

const uint8_t *ws_read_bytes(struct ws_reader *reader, size_t size)
{
    if (reader->failed || reader->left < size) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *data = reader->next;
    if (size > 0) { /* an empty input may have no address to add to */
        reader->next += size;
        reader->left -= size;
    }
    return data;
}

uint8_t ws_read_u8(struct ws_reader *reader)
{
    const uint8_t *p = ws_read_bytes(reader, 1);
    return p ? *p : 0;
}

uint32_t ws_read_u32(struct ws_reader *reader)
{
    const uint8_t *p = ws_read_bytes(reader, 4);
    return p ? load32_le(p) : 0;
}

uint64_t ws_read_u64(struct ws_reader *reader)
{
    const uint8_t *p = ws_read_bytes(reader, 8);
    return p ? load64_le(p) : 0;
}

double ws_read_f64(struct ws_reader *reader)
{
    uint64_t bits = ws_read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t ws_read_varint(struct ws_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = ws_read_u8(reader);
        uint64_t part = byte & 0x7F;
        if ((part << shift) >> shift != part || (byte == 0 && shift > 0))
            break;
        value |= part << shift;
        if (byte < 0x80)
            return value;
    }
    reader->failed = true;
    return 0;
}

const char *ws_read_text(struct ws_reader *reader)
{
    const uint8_t *end =
        !reader->failed && reader->left > 0 ? memchr(reader->next, 0, reader->left) : NULL;
    if (end)
        return (const char *)ws_read_bytes(reader, (size_t)(end - reader->next) + 1);
    reader->failed = true;
    return "";
}

bool ws_reader_holds(struct ws_reader *reader, uint64_t count, size_t size)
{
    if (reader->failed || count > reader->left / size)
        reader->failed = true;
    return !reader->failed;
}

void ws_read_u32s(struct ws_reader *reader, uint32_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = ws_read_u32(reader);
}

void ws_read_u64s(struct ws_reader *reader, uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = ws_read_u64(reader);
}

void ws_read_f64s(struct ws_reader *reader, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = ws_read_f64(reader);
}
