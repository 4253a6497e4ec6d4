#include "base/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/arena.h"
#include "base/file.h"

enum {
    LEVEL = 3,
    PIECE = 1 << 17,
};

/* One way through, from a file to a sink. */
struct stream {
    int descriptor;
    const char *name;
    ws_piece_sink *sink;
    void *user;
    struct ws_hasher hasher;
    uint64_t size;
    struct ws_arena arena;
    uint8_t *in, *out; /* PIECE each */
};

static enum ws_status stream_open(struct stream *stream, struct ws_error *err)
{
    ws_arena_init(&stream->arena, NULL);
    stream->in = WS_ARENA_NEW(&stream->arena, uint8_t, PIECE);
    stream->out = WS_ARENA_NEW(&stream->arena, uint8_t, PIECE);
    if (!stream->in || !stream->out)
        return ws_fail_memory(err, "a stream");
    return ws_hasher_init(&stream->hasher, err);
}

static void stream_close(struct stream *stream)
{
    ws_hasher_release(&stream->hasher);
    ws_arena_release(&stream->arena);
}

static enum ws_status read_piece(struct stream *stream, size_t *out, struct ws_error *err)
{
    ssize_t got;
    do
        got = read(stream->descriptor, stream->in, PIECE);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ws_fail_system(err, "read", stream->name);
    *out = (size_t)got;
    return WS_OK;
}

static void measure(struct stream *stream, const uint8_t *bytes, size_t size)
{
    ws_hasher_update(&stream->hasher, ws_bytes_of(bytes, size));
    stream->size += size;
}

static enum ws_status measured(struct stream *stream, struct ws_measured *out, struct ws_error *err)
{
    out->size = stream->size;
    return ws_hasher_finish(&stream->hasher, &out->digest, err);
}

static enum ws_status zstd_failed(const struct stream *stream, size_t code, struct ws_error *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return ws_fail_memory(err, "a zstd stream");
    return ws_fail(err, WS_CORRUPT, "'%.300s' is damaged: %s", stream->name,
                   ZSTD_getErrorName(code));
}

/* Compressing ---------------------------------------------------------------------------------- */

/* Puts a piece in and passes on what comes out; all of it where the piece is the last. */
static enum ws_status compress_piece(struct stream *stream, ZSTD_CCtx *context, size_t size,
                                     ZSTD_EndDirective end, struct ws_error *err)
{
    ZSTD_inBuffer in = {stream->in, size, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {stream->out, PIECE, 0};
        left = ZSTD_compressStream2(context, &out, &in, end);
        if (ZSTD_isError(left))
            return zstd_failed(stream, left, err);
        if (out.pos > 0)
            WS_TRY(stream->sink(stream->user, ws_bytes_of(stream->out, out.pos), err));
    } while (in.pos < in.size || (end == ZSTD_e_end && left > 0));
    return WS_OK;
}

static enum ws_status compress_all(struct stream *stream, ZSTD_CCtx *context, struct ws_error *err)
{
    size_t size = 0;
    do {
        WS_TRY(read_piece(stream, &size, err));
        measure(stream, stream->in, size);
        WS_TRY(
            compress_piece(stream, context, size, size == 0 ? ZSTD_e_end : ZSTD_e_continue, err));
    } while (size > 0);
    return WS_OK;
}

enum ws_status ws_compress(int descriptor, const char *name, ws_piece_sink *sink, void *user,
                           struct ws_measured *out, struct ws_error *err)
{
    struct stream stream = {.descriptor = descriptor, .name = name, .sink = sink, .user = user};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    enum ws_status status = stream_open(&stream, err);
    if (status == WS_OK &&
        (!context ||
         ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
         ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))))
        status = ws_fail_memory(err, "a zstd stream");
    if (status == WS_OK)
        status = compress_all(&stream, context, err);
    if (status == WS_OK)
        status = measured(&stream, out, err);
    (void)ZSTD_freeCCtx(context);
    stream_close(&stream);
    return status;
}

/* Decompressing -------------------------------------------------------------------------------- */

static enum ws_status pass_on(struct stream *stream, size_t size, uint64_t limit,
                              struct ws_error *err)
{
    if (size == 0)
        return WS_OK;
    measure(stream, stream->out, size);
    if (stream->size > limit)
        return ws_fail(err, WS_LIMIT, "'%.300s' holds more than the %" PRIu64 " bytes on record",
                       stream->name, limit);
    return stream->sink ? stream->sink(stream->user, ws_bytes_of(stream->out, size), err) : WS_OK;
}

/* Sets *left to what zstd still wants, 0 at the frame's end. */
static enum ws_status decompress_piece(struct stream *stream, ZSTD_DCtx *context, size_t size,
                                       uint64_t limit, size_t *left, struct ws_error *err)
{
    ZSTD_inBuffer in = {stream->in, size, 0};
    bool is_full;
    do {
        ZSTD_outBuffer out = {stream->out, PIECE, 0};
        if (*left == 0)
            return ws_fail(err, WS_CORRUPT, "'%.300s' is damaged: bytes follow its end",
                           stream->name);
        *left = ZSTD_decompressStream(context, &out, &in);
        if (ZSTD_isError(*left))
            return zstd_failed(stream, *left, err);
        WS_TRY(pass_on(stream, out.pos, limit, err));
        is_full = out.pos == out.size && *left > 0;
    } while (in.pos < in.size || is_full);
    return WS_OK;
}

static enum ws_status decompress_all(struct stream *stream, ZSTD_DCtx *context, uint64_t limit,
                                     struct ws_error *err)
{
    size_t size = 0, left = 1;
    for (;;) {
        WS_TRY(read_piece(stream, &size, err));
        if (size == 0)
            break;
        WS_TRY(decompress_piece(stream, context, size, limit, &left, err));
    }
    if (left > 0)
        return ws_fail(err, WS_CORRUPT, "'%.300s' is damaged: it is cut short", stream->name);
    return WS_OK;
}

enum ws_status ws_decompress(const char *path, uint64_t limit, ws_piece_sink *sink, void *user,
                             struct ws_measured *out, struct ws_error *err)
{
    struct stream stream = {.name = path, .sink = sink, .user = user};
    stream.descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (stream.descriptor < 0)
        return ws_fail_system(err, "read", path);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    enum ws_status status = stream_open(&stream, err);
    if (status == WS_OK && !context)
        status = ws_fail_memory(err, "a zstd stream");
    if (status == WS_OK)
        status = decompress_all(&stream, context, limit, err);
    if (status == WS_OK)
        status = measured(&stream, out, err);
    (void)ZSTD_freeDCtx(context);
    stream_close(&stream);
    (void)close(stream.descriptor);
    return status;
}
