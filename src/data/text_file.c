/*
 * Reading text from files and directories, inflating on the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/file.h"
#include "data/text.h"

enum {
    CHUNK = 1 << 16,
    DEEPEST = 32, /* directories below the one that was named */
};

/* A file being read, and what takes its bytes. */
struct source {
    const char *path;
    int descriptor;
    const struct ws_text_sink *sink;
    size_t given; /* bytes that the sink has, of all files */
    size_t limit; /* and may have when all is done */
    struct ws_arena *scratch;
    uint8_t *in;       /* (CHUNK) */
    uint8_t *inflated; /* (CHUNK) */
    struct ws_error *err;
};

static enum ws_status fail_damaged(const struct source *source, const char *why)
{
    return ws_fail(source->err, WS_CORRUPT, "'%s' is damaged: %s", source->path, why);
}

/* The next bytes of the file into `in`; *size is 0 at its end. */
static enum ws_status read_chunk(const struct source *source, size_t *size)
{
    ssize_t got;
    do
        got = read(source->descriptor, source->in, CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ws_fail_system(source->err, "read", source->path);
    *size = (size_t)got;
    return WS_OK;
}

static enum ws_status put(struct source *source, const uint8_t *data, size_t size)
{
    if (size > source->limit - source->given)
        return ws_fail(source->err, WS_LIMIT, "'%s' takes the text over the limit of %zu bytes",
                       source->path, source->limit);
    source->given += size;
    return source->sink->take(source->sink->user, ws_bytes_of(data, size), source->err);
}

static enum ws_status copy_plain(struct source *source)
{
    for (;;) {
        size_t size = 0;
        WS_TRY(read_chunk(source, &size));
        if (size == 0)
            return WS_OK;
        WS_TRY(put(source, source->in, size));
    }
}

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

/* Inflates what lies in `in`. *inside says whether a member has begun and not ended. */
static enum ws_status inflate_gzip_chunk(struct source *source, z_stream *stream, bool *inside)
{
    do {
        if (!*inside && stream->avail_in > 0) {
            (void)inflateReset(stream);
            *inside = true;
        }
        stream->next_out = source->inflated;
        stream->avail_out = CHUNK;
        int result = inflate(stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return ws_fail_memory(source->err, "inflating");
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return fail_damaged(source, "not a sequence of gzip members");
        WS_TRY(put(source, source->inflated, CHUNK - stream->avail_out));
        if (result == Z_STREAM_END)
            *inside = false;
    } while (stream->avail_in > 0 || (*inside && stream->avail_out == 0));
    return WS_OK;
}

static enum ws_status inflate_gzip(struct source *source)
{
    z_stream stream = {.zalloc = take_memory, .zfree = keep_memory, .opaque = source->scratch};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) /* the largest window, gzip headers only */
        return ws_fail_memory(source->err, "inflating");
    bool inside = true;
    for (;;) {
        size_t size = 0;
        WS_TRY(read_chunk(source, &size));
        if (size == 0)
            return inside ? fail_damaged(source, "it ends inside a gzip member") : WS_OK;
        stream.next_in = source->in;
        stream.avail_in = (uInt)size;
        WS_TRY(inflate_gzip_chunk(source, &stream, &inside));
    }
}

/* *left is 0 when the input so far ends with a frame. */
static enum ws_status inflate_zstd_chunk(struct source *source, ZSTD_DStream *stream, size_t size,
                                         size_t *left)
{
    ZSTD_inBuffer in = {source->in, size, 0};
    ZSTD_outBuffer out;
    do {
        out = (ZSTD_outBuffer){source->inflated, CHUNK, 0};
        *left = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_isError(*left))
            return ZSTD_getErrorCode(*left) == ZSTD_error_memory_allocation
                       ? ws_fail_memory(source->err, "inflating")
                       : fail_damaged(source, ZSTD_getErrorName(*left));
        WS_TRY(put(source, source->inflated, out.pos));
    } while (in.pos < in.size || (*left > 0 && out.pos == out.size));
    return WS_OK;
}

static enum ws_status inflate_zstd(struct source *source)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (!stream)
        return ws_fail_memory(source->err, "inflating");
    size_t left = 1;
    enum ws_status status;
    for (;;) {
        size_t size = 0;
        status = read_chunk(source, &size);
        if (status != WS_OK || size == 0)
            break;
        status = inflate_zstd_chunk(source, stream, size, &left);
        if (status != WS_OK)
            break;
    }
    (void)ZSTD_freeDStream(stream);
    if (status == WS_OK && left > 0)
        return fail_damaged(source, "it ends inside a zstd frame");
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static enum ws_status read_file(struct source *source, const char *path)
{
    source->path = path;
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (source->descriptor < 0)
        return ws_fail_system(source->err, "open", path);
    enum ws_status status;
    if (ends_with(path, ".gz"))
        status = inflate_gzip(source);
    else if (ends_with(path, ".zst"))
        status = inflate_zstd(source);
    else
        status = copy_plain(source);
    (void)close(source->descriptor);
    return status;
}

struct path_list {
    struct path_list *next;
    const char *path;
};

struct walk {
    struct ws_arena *arena;
    struct path_list *found;
    size_t count;
    struct ws_error *err;
};

static enum ws_status walk_directory(struct walk *walk, const char *path, int depth);

static enum ws_status walk_entry(struct walk *walk, const char *path, int depth)
{
    struct stat entry;
    if (lstat(path, &entry) != 0)
        return ws_fail_system(walk->err, "look at", path);
    if (S_ISDIR(entry.st_mode))
        return walk_directory(walk, path, depth + 1);
    if (stat(path, &entry) != 0) /* now what a link points to; a link to a directory may loop */
        return ws_fail_system(walk->err, "look at", path);
    if (!S_ISREG(entry.st_mode))
        return WS_OK;
    struct path_list *item = WS_ARENA_NEW(walk->arena, struct path_list, 1);
    if (!item)
        return ws_fail_memory(walk->err, "a list of files");
    *item = (struct path_list){walk->found, path};
    walk->found = item;
    walk->count++;
    return WS_OK;
}

static enum ws_status walk_directory(struct walk *walk, const char *path, int depth)
{
    if (depth > DEEPEST)
        return ws_fail(walk->err, WS_LIMIT, "'%s' is more than %d directories deep", path, DEEPEST);
    struct ws_names names;
    WS_TRY(ws_directory_list(path, walk->arena, &names, walk->err));
    for (size_t i = 0; i < names.count; i++) {
        if (names.items[i][0] == '.')
            continue;
        const char *slash = ends_with(path, "/") ? "" : "/";
        const char *child = ws_arena_format(walk->arena, "%s%s%s", path, slash, names.items[i]);
        if (!child)
            return ws_fail_memory(walk->err, "a list of files");
        WS_TRY(walk_entry(walk, child, depth));
    }
    return WS_OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files below a directory, sorted by their whole paths. */
static enum ws_status list_files(const char *path, struct ws_arena *arena, struct ws_names *out,
                                 struct ws_error *err)
{
    struct walk walk = {.arena = arena, .err = err};
    WS_TRY(walk_directory(&walk, path, 0));
    const char **paths = WS_ARENA_NEW(arena, const char *, walk.count);
    if (!paths)
        return ws_fail_memory(err, "a list of files");
    size_t count = 0;
    for (const struct path_list *item = walk.found; item; item = item->next)
        paths[count++] = item->path;
    qsort(paths, count, sizeof *paths, compare_paths);
    *out = (struct ws_names){paths, count};
    return WS_OK;
}

static enum ws_status read_files(struct source *source, const char *path)
{
    struct stat entry;
    if (stat(path, &entry) != 0)
        return ws_fail_system(source->err, "open", path);
    if (!S_ISDIR(entry.st_mode))
        return read_file(source, path);
    struct ws_names files = {0};
    WS_TRY(list_files(path, source->scratch, &files, source->err));
    for (size_t i = 0; i < files.count; i++) {
        if (i > 0)
            WS_TRY(put(source, (const uint8_t *)"\n", 1));
        WS_TRY(read_file(source, files.items[i]));
    }
    return WS_OK;
}

enum ws_status ws_text_stream(const char *path, size_t limit, const struct ws_allocator *allocator,
                              const struct ws_text_sink *sink, struct ws_error *err)
{
    struct ws_arena scratch;
    ws_arena_init(&scratch, allocator);
    struct source source = {
        .sink = sink,
        .limit = limit,
        .scratch = &scratch,
        .in = WS_ARENA_NEW(&scratch, uint8_t, CHUNK),
        .inflated = WS_ARENA_NEW(&scratch, uint8_t, CHUNK),
        .err = err,
    };
    enum ws_status status = source.in && source.inflated ? read_files(&source, path)
                                                         : ws_fail_memory(err, "reading text");
    ws_arena_release(&scratch);
    if (status == WS_OK && source.given == 0)
        status = ws_fail(err, WS_UNSUPPORTED, "'%s' is empty, wanted text", path);
    return status;
}

static enum ws_status append(void *buffer, struct ws_bytes piece, struct ws_error *err)
{
    ws_buffer_append(buffer, piece.data, piece.size);
    return ws_buffer_check(buffer, "the text", err);
}

enum ws_status ws_text_read(const char *path, size_t limit, struct ws_buffer *out,
                            struct ws_error *err)
{
    const struct ws_text_sink sink = {append, out};
    return ws_text_stream(path, limit, out->allocator, &sink, err);
}
