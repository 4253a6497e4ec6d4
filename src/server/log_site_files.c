#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/tile.h"
#include "server/log_site_internal.h"

/* What never changes may be kept for ever. A partial tile has its width in its name: wider, it is
 * another file. Checkpoints are asked for anew each time, the last one and those that are kept,
 * which cosignatures still join: what a cache between has of them is a few seconds old at most. */
#define FOR_EVER "public, max-age=31536000, immutable"
#define FOR_NOW  "public, max-age=1"

#define TEXT  "text/plain; charset=utf-8"
#define BYTES "application/octet-stream"

/* "tile/0/x001/067", from the segments that were asked for. */
static bool join(const struct ws_target *target, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < target->segment_count; i++) {
        size_t length = strlen(target->segments[i]);
        if (used + length + 2 > size)
            return false;
        if (i > 0)
            out[used++] = '/';
        memcpy(out + used, target->segments[i], length);
        used += length;
    }
    out[used] = '\0';
    return true;
}

/* "x001/503": the size of a kept checkpoint is written as the index of a full tile. */
static bool is_size(const char *text, size_t length)
{
    struct ws_tile tile;
    char numbered[WS_TILE_PATH_SIZE];
    int size = snprintf(numbered, sizeof numbered, "tile/0/%.*s", (int)length, text);
    return size > 0 && (size_t)size < sizeof numbered &&
           ws_tile_read_path(ws_bytes_of_text(numbered), &tile) && tile.width == WS_TILE_WIDTH;
}

static bool is_kept(const char *name)
{
    static const char next[] = ".next";
    const size_t length = strlen(name), end = strlen(next);
    if (length > end && strcmp(name + length - end, next) == 0)
        return is_size(name, length - end);
    return is_size(name, length);
}

/* Whether this is the one way to name a file of the log that is served. */
static bool is_served(const char *path, const char **type, const char **cache)
{
    static const char kept[] = "checkpoints/";
    struct ws_tile tile;
    *type = TEXT;
    *cache = FOR_NOW;
    if (strcmp(path, "checkpoint") == 0 || strcmp(path, "vkey") == 0)
        return true;
    if (strncmp(path, kept, strlen(kept)) == 0)
        return is_kept(path + strlen(kept));
    *type = BYTES;
    *cache = FOR_EVER;
    return ws_tile_read_path(ws_bytes_of_text(path), &tile);
}

enum ws_status log_site_file(void *site_, const struct ws_http_request *request,
                             struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_log_site *site = site_;
    char path[WS_TILE_PATH_SIZE];
    const char *type, *cache;
    struct stat about;
    if (!join(request->target, path, sizeof path) || !is_served(path, &type, &cache))
        return ws_fail(err, WS_NOT_FOUND, "there is nothing of that name");
    int file = openat(site->directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno != ENOENT && errno != ENOTDIR)
        return ws_fail_system(err, "cannot read", path);
    if (file < 0)
        return ws_fail(err, WS_NOT_FOUND, "the log has no '%s' yet", path);
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        (void)close(file);
        return ws_fail(err, WS_NOT_FOUND, "the log has no file '%s'", path);
    }
    answer->is_file = true;
    answer->descriptor = file;
    answer->file_size = (size_t)about.st_size;
    answer->type = type;
    answer->cache = cache;
    return WS_OK;
}
