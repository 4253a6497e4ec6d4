#include "rdb_text.h"

#include <inttypes.h>
#include <limits.h>
#define ZLIB_CONST /* zlib only reads its input */
#include <zlib.h>

enum {
    CHARACTER_VECTOR = 16,
    STRING = 9,
    DEFLATE_RATIO = 1032, /* no stream of deflate grows more than this (zlib's technical notes) */
};

static uint32_t read_u32_be(struct ws_reader *reader)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | ws_read_u8(reader);
    return value;
}

static enum ws_status read_preamble(struct ws_reader *reader, struct ws_error *err)
{
    const uint8_t *format = ws_read_bytes(reader, 2);
    if (!format || memcmp(format, "X\n", 2) != 0)
        return ws_fail(err, WS_CORRUPT, "not an XDR serialization of R");
    uint32_t version = read_u32_be(reader);
    if (version != 2 && version != 3)
        return ws_fail(err, WS_UNSUPPORTED,
                       "serialization version %" PRIu32 " was found, 2 or 3 is wanted", version);
    (void)ws_read_bytes(reader, 8);
    if (version == 3)
        (void)ws_read_bytes(reader, read_u32_be(reader));
    uint32_t flags = read_u32_be(reader);
    if (ws_reader_ok(reader) && flags != CHARACTER_VECTOR)
        return ws_fail(err, WS_UNSUPPORTED,
                       "flags %#" PRIx32 " were found, a plain character vector is wanted", flags);
    return WS_OK;
}

static enum ws_status append_string(struct ws_reader *reader, struct ws_buffer *out,
                                    struct ws_error *err)
{
    uint32_t flags = read_u32_be(reader);
    uint32_t size = read_u32_be(reader);
    const uint8_t *text = ws_read_bytes(reader, size);
    if (!text)
        return ws_fail(err, WS_CORRUPT, "a string of %" PRIu32 " bytes ends early", size);
    if ((flags & 0xff) != STRING)
        return ws_fail(err, WS_UNSUPPORTED, "flags %#" PRIx32 " were found, a string is wanted",
                       flags);
    ws_buffer_append(out, text, size);
    ws_buffer_append(out, "\n", 1);
    return WS_OK;
}

static enum ws_status append_vector(struct ws_bytes chunk, struct ws_buffer *out,
                                    struct ws_error *err)
{
    struct ws_reader reader;
    ws_reader_init(&reader, chunk);
    WS_TRY(read_preamble(&reader, err));
    uint32_t count = read_u32_be(&reader);
    if (!ws_reader_holds(&reader, count, 8))
        return ws_fail(err, WS_CORRUPT, "a vector of %" PRIu32 " strings ends early", count);
    for (uint32_t i = 0; i < count; i++)
        WS_TRY(append_string(&reader, out, err));
    if (!ws_reader_at_end(&reader))
        return ws_fail(err, WS_CORRUPT, "%zu bytes follow the last string", reader.left);
    return ws_buffer_check(out, "the text", err);
}

/* Inflates the stream at the front of `reader` to exactly `size` bytes and steps over it. */
static enum ws_status inflate_chunk(struct ws_reader *reader, size_t size, struct ws_buffer *chunk,
                                    struct ws_error *err)
{
    if (size / DEFLATE_RATIO > reader->left)
        return ws_fail(err, WS_CORRUPT, "%zu bytes cannot inflate to %zu", reader->left, size);
    uint8_t *inflated = ws_buffer_extend(chunk, size);
    WS_TRY(ws_buffer_check(chunk, "an inflated chunk", err));
    uInt given = reader->left < UINT_MAX ? (uInt)reader->left : UINT_MAX;
    z_stream stream = {
        .next_in = reader->next,
        .avail_in = given,
        .next_out = inflated,
        .avail_out = (uInt)size,
    };
    if (inflateInit(&stream) != Z_OK)
        return ws_fail_memory(err, "zlib's state");
    int end = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (end != Z_STREAM_END || stream.avail_out != 0)
        return ws_fail(err, WS_CORRUPT, "no zlib stream of %zu bytes", size);
    (void)ws_read_bytes(reader, given - stream.avail_in);
    return WS_OK;
}

enum ws_status ws_rdb_text(struct ws_bytes rdb, struct ws_buffer *out, struct ws_error *err)
{
    struct ws_reader reader;
    struct ws_buffer chunk;
    enum ws_status status = WS_OK;
    ws_reader_init(&reader, rdb);
    ws_buffer_init(&chunk, out->allocator, UINT_MAX);
    while (status == WS_OK && reader.left > 0) {
        size_t start = rdb.size - reader.left;
        ws_buffer_reset(&chunk);
        uint32_t size = read_u32_be(&reader);
        status = ws_reader_ok(&reader) ? inflate_chunk(&reader, size, &chunk, err)
                                       : ws_fail(err, WS_CORRUPT, "its size ends early");
        if (status == WS_OK)
            status = append_vector(ws_buffer_bytes(&chunk), out, err);
        if (status != WS_OK)
            ws_error_prefix(err, "chunk at byte %zu", start);
    }
    ws_buffer_release(&chunk);
    return status;
}
