#include "measure/compression.h"

#include <math.h>
#include <zlib.h>

enum { LEVEL = 6, CHUNK = 1 << 16 };

/* zlib's memory comes from the arena, which frees it. */
static voidpf take_memory(voidpf arena, uInt count, uInt size)
{
    return ws_arena_alloc(arena, count, size);
}

static void keep_memory(voidpf arena, voidpf piece)
{
    (void)arena;
    (void)piece;
}

enum ws_status ws_compression_ratio(struct ws_bytes text, struct ws_arena *scratch, double *out,
                                    struct ws_error *err)
{
    if (text.size == 0) {
        *out = NAN;
        return WS_OK;
    }
    z_stream stream = {.zalloc = take_memory, .zfree = keep_memory, .opaque = scratch};
    unsigned char *thrown_away = WS_ARENA_NEW(scratch, unsigned char, CHUNK);
    if (!thrown_away || deflateInit(&stream, LEVEL) != Z_OK)
        return ws_fail_memory(err, "compressing a text");
    uint64_t compressed = 0;
    size_t read = 0;
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        if (stream.avail_in == 0) {
            size_t left = text.size - read;
            stream.avail_in = (uInt)(left < UINT32_MAX ? left : UINT32_MAX);
            stream.next_in = (z_const Bytef *)(const void *)(text.data + read);
            read += stream.avail_in;
        }
        stream.next_out = thrown_away;
        stream.avail_out = CHUNK;
        result = deflate(&stream, read == text.size ? Z_FINISH : Z_NO_FLUSH);
        compressed += CHUNK - stream.avail_out;
    }
    (void)deflateEnd(&stream);
    *out = (double)text.size / (double)compressed;
    return WS_OK;
}
