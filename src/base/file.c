#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, FILE_MODE = 0644, PRIVATE_MODE = 0600, DIRECTORY_MODE = 0755 };

enum ws_status ws_fail_system(struct ws_error *err, const char *doing, const char *path)
{
    enum ws_status status = errno == ENOENT ? WS_NOT_FOUND : errno == ENOMEM ? WS_NO_MEMORY : WS_IO;
    const char *said = strerrordesc_np(errno); /* constants, where strerror is not for threads */
    return ws_fail(err, status, "cannot %s '%.300s': %s", doing, path,
                   said ? said : "unknown error");
}

static enum ws_status fail_reading(struct ws_error *err, const char *path)
{
    return ws_fail_system(err, "read", path);
}

static enum ws_status fail_writing(struct ws_error *err, const char *path)
{
    return ws_fail_system(err, "write", path);
}

static int open_for_reading(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static ssize_t read_some(int descriptor, void *to, size_t size)
{
    ssize_t got;
    do
        got = read(descriptor, to, size);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool write_all(int descriptor, struct ws_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(descriptor, bytes.data, bytes.size);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0)
            bytes = ws_bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return true;
}

static bool sync_all(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result < 0 && errno == EINTR);
    return result == 0;
}

/* A new name is durable once its directory is. File systems that cannot sync a directory say
 * EINVAL and need no sync. */
static bool sync_directory(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    bool synced = sync_all(directory) || errno == EINVAL;
    int reason = errno;
    (void)close(directory);
    errno = reason;
    return synced;
}

static bool sync_parent(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash && slash > path ? (int)(slash - path) : 1;
    (void)snprintf(parent, sizeof parent, "%.*s", size, slash ? path : ".");
    return sync_directory(parent);
}

enum ws_status ws_directory_sync(const char *path, struct ws_error *err)
{
    return sync_directory(path) ? WS_OK : ws_fail_system(err, "sync", path);
}

/* ---- reading ---- */

/* Reads to the end of the file or `most` bytes, whichever is first. -1 on failure. */
static ssize_t read_up_to(int descriptor, uint8_t *to, size_t most)
{
    size_t size = 0;
    while (size < most) {
        ssize_t got = read_some(descriptor, to + size, most - size);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    return (ssize_t)size;
}

/* Files are read in one piece of the size they claim and one byte more. What claims nothing (a
 * pipe) or still grows is read in pieces twice as large each time. */
static enum ws_status read_whole(int descriptor, size_t expected, const char *path, size_t limit,
                                 struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err)
{
    uint8_t *data = NULL;
    size_t size = 0, capacity = expected > 0 ? expected : CHUNK;
    for (;; capacity *= 2) {
        if (capacity > limit)
            capacity = limit;
        uint8_t *larger = ws_arena_alloc(arena, capacity + 1, 1);
        if (!larger)
            return ws_fail_memory(err, path);
        if (size > 0)
            memcpy(larger, data, size);
        data = larger;
        ssize_t got = read_up_to(descriptor, data + size, capacity + 1 - size);
        if (got < 0)
            return fail_reading(err, path);
        size += (size_t)got;
        if (size <= capacity) {
            *out = ws_bytes_of(data, size);
            return WS_OK;
        }
        if (capacity == limit)
            return ws_fail(err, WS_LIMIT, "'%.300s' is larger than the limit of %zu bytes", path,
                           limit);
    }
}

enum ws_status ws_file_read(const char *path, size_t limit, struct ws_arena *arena,
                            struct ws_bytes *out, struct ws_error *err)
{
    int descriptor = open_for_reading(path);
    if (descriptor < 0)
        return fail_reading(err, path);
    struct stat about;
    enum ws_status status;
    if (limit > SSIZE_MAX / 2)
        limit = SSIZE_MAX / 2;
    if (fstat(descriptor, &about) != 0)
        status = fail_reading(err, path);
    else if (about.st_size > (off_t)limit)
        status = ws_fail(err, WS_LIMIT, "'%.300s' is %jd bytes long, the limit is %zu", path,
                         (intmax_t)about.st_size, limit);
    else
        status = read_whole(descriptor, (size_t)about.st_size, path, limit, arena, out, err);
    (void)close(descriptor);
    return status;
}

bool ws_file_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

bool ws_directory_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

enum ws_status ws_file_size(const char *path, uint64_t *out, struct ws_error *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return fail_reading(err, path);
    if (!S_ISREG(about.st_mode))
        return ws_fail(err, WS_IO, "'%.300s' is not a regular file", path);
    *out = (uint64_t)about.st_size;
    return WS_OK;
}

static enum ws_status hash_descriptor(int descriptor, const char *path, struct ws_hasher *hasher,
                                      struct ws_hash *out, struct ws_error *err)
{
    uint8_t chunk[CHUNK];
    ssize_t got;
    while ((got = read_some(descriptor, chunk, sizeof chunk)) > 0)
        ws_hasher_update(hasher, ws_bytes_of(chunk, (size_t)got));
    if (got < 0)
        return fail_reading(err, path);
    return ws_hasher_finish(hasher, out, err);
}

enum ws_status ws_file_hash(const char *path, struct ws_hash *out, struct ws_error *err)
{
    struct ws_hasher hasher;
    WS_TRY(ws_hasher_init(&hasher, err));
    int descriptor = open_for_reading(path);
    enum ws_status status = descriptor < 0 ? fail_reading(err, path)
                                           : hash_descriptor(descriptor, path, &hasher, out, err);
    if (descriptor >= 0)
        (void)close(descriptor);
    ws_hasher_release(&hasher);
    return status;
}

/* ---- replacing ---- */

static enum ws_status open_draft(struct ws_file_draft *draft, const char *path, mode_t mode,
                                 struct ws_error *err)
{
    uint64_t random;
    draft->descriptor = -1;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return fail_writing(err, path);
    int size =
        snprintf(draft->path, sizeof draft->path, "%s" WS_FILE_DRAFT "%016" PRIx64, path, random);
    if (size < 0 || (size_t)size >= sizeof draft->path) {
        errno = ENAMETOOLONG;
        return fail_writing(err, path);
    }
    draft->descriptor = open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return draft->descriptor < 0 ? fail_writing(err, path) : WS_OK;
}

enum ws_status ws_file_draft_open(struct ws_file_draft *draft, const char *path,
                                  struct ws_error *err)
{
    return open_draft(draft, path, FILE_MODE, err);
}

enum ws_status ws_file_draft_write(struct ws_file_draft *draft, struct ws_bytes bytes,
                                   const char *path, struct ws_error *err)
{
    return write_all(draft->descriptor, bytes) ? WS_OK : fail_writing(err, path);
}

void ws_file_draft_drop(struct ws_file_draft *draft)
{
    if (draft->descriptor < 0)
        return;
    (void)close(draft->descriptor);
    (void)unlink(draft->path);
    draft->descriptor = -1;
}

/* Whole after a power cut, but under a name that may not be durable yet. */
static enum ws_status name_draft(struct ws_file_draft *draft, const char *path,
                                 struct ws_error *err)
{
    if (!sync_all(draft->descriptor) || rename(draft->path, path) != 0) {
        enum ws_status status = fail_writing(err, path);
        ws_file_draft_drop(draft);
        return status;
    }
    (void)close(draft->descriptor); /* synced: it has nothing more to say */
    draft->descriptor = -1;
    return WS_OK;
}

enum ws_status ws_file_draft_keep(struct ws_file_draft *draft, const char *path,
                                  struct ws_error *err)
{
    WS_TRY(name_draft(draft, path, err));
    return sync_parent(path) ? WS_OK : fail_writing(err, path);
}

enum ws_status ws_file_replace_in_turn(const char *path, struct ws_bytes bytes,
                                       struct ws_error *err)
{
    struct ws_file_draft draft;
    WS_TRY(ws_file_draft_open(&draft, path, err));
    enum ws_status status = ws_file_draft_write(&draft, bytes, path, err);
    if (status == WS_OK)
        return name_draft(&draft, path, err);
    ws_file_draft_drop(&draft);
    return status;
}

enum ws_status ws_file_replace(const char *path, struct ws_bytes bytes, struct ws_error *err)
{
    WS_TRY(ws_file_replace_in_turn(path, bytes, err));
    return sync_parent(path) ? WS_OK : fail_writing(err, path);
}

enum ws_status ws_file_replace_quickly(const char *path, struct ws_bytes bytes,
                                       struct ws_error *err)
{
    struct ws_file_draft draft;
    WS_TRY(ws_file_draft_open(&draft, path, err));
    enum ws_status status = ws_file_draft_write(&draft, bytes, path, err);
    if (status == WS_OK && rename(draft.path, path) != 0)
        status = fail_writing(err, path);
    if (status != WS_OK) {
        ws_file_draft_drop(&draft);
        return status;
    }
    (void)close(draft.descriptor);
    return WS_OK;
}

/* A second name is refused where there is one, as renaming is not. */
static enum ws_status name_anew(const struct ws_file_draft *draft, const char *path,
                                struct ws_error *err)
{
    if (!sync_all(draft->descriptor))
        return fail_writing(err, path);
    if (link(draft->path, path) == 0)
        return WS_OK;
    if (errno == EEXIST)
        return ws_fail(err, WS_CONFLICT, "there is a file '%.300s' already; it is left as it is",
                       path);
    return fail_writing(err, path);
}

enum ws_status ws_file_create_private(const char *path, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_file_draft draft;
    WS_TRY(open_draft(&draft, path, PRIVATE_MODE, err));
    enum ws_status status = ws_file_draft_write(&draft, bytes, path, err);
    if (status == WS_OK)
        status = name_anew(&draft, path, err);
    ws_file_draft_drop(&draft);
    if (status == WS_OK && !sync_parent(path))
        status = fail_writing(err, path);
    return status;
}

enum ws_status ws_file_remove(const char *path, struct ws_error *err)
{
    if (unlink(path) == 0)
        return sync_parent(path) ? WS_OK : ws_fail_system(err, "remove", path);
    return errno == ENOENT ? WS_OK : ws_fail_system(err, "remove", path);
}

static enum ws_status copy_part(struct ws_file_draft *to, const char *path, const char *part,
                                struct ws_error *err)
{
    int from = open_for_reading(part);
    if (from < 0)
        return fail_reading(err, part);
    enum ws_status status = WS_OK;
    uint8_t chunk[CHUNK];
    for (ssize_t got = 1; status == WS_OK && got > 0;) {
        got = read_some(from, chunk, sizeof chunk);
        if (got < 0)
            status = fail_reading(err, part);
        else
            status = ws_file_draft_write(to, ws_bytes_of(chunk, (size_t)got), path, err);
    }
    (void)close(from);
    return status;
}

enum ws_status ws_file_concatenate(const char *path, const char *const *parts, size_t part_count,
                                   struct ws_error *err)
{
    struct ws_file_draft draft;
    WS_TRY(ws_file_draft_open(&draft, path, err));
    for (size_t i = 0; i < part_count; i++) {
        enum ws_status status = copy_part(&draft, path, parts[i], err);
        if (status != WS_OK) {
            ws_file_draft_drop(&draft);
            return status;
        }
    }
    return ws_file_draft_keep(&draft, path, err);
}

/* ---- directories ---- */

static enum ws_status fail_making(struct ws_error *err, const char *path)
{
    return ws_fail_system(err, "make directory", path);
}

static enum ws_status make_one(const char *path, struct ws_error *err)
{
    if (mkdir(path, DIRECTORY_MODE) == 0)
        return sync_parent(path) ? WS_OK : fail_making(err, path);
    int reason = errno;
    if (ws_directory_exists(path))
        return WS_OK;
    errno = reason == EEXIST ? ENOTDIR : reason; /* what is there is something else */
    return fail_making(err, path);
}

enum ws_status ws_directory_make(const char *path, struct ws_error *err)
{
    char prefix[PATH_MAX];
    int size = snprintf(prefix, sizeof prefix, "%s", path);
    if (size < 0 || (size_t)size >= sizeof prefix) {
        errno = ENAMETOOLONG;
        return fail_making(err, path);
    }
    for (char *p = prefix + 1; size > 0 && *p; p++) {
        if (*p != '/' || p[-1] == '/')
            continue;
        *p = '\0';
        WS_TRY(make_one(prefix, err));
        *p = '/';
    }
    return make_one(prefix, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Appends the address of a copy of every name to `names`. */
static enum ws_status list_names(DIR *directory, const char *path, struct ws_arena *arena,
                                 struct ws_buffer *names, struct ws_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry)
            return errno ? fail_reading(err, path) : WS_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const char *name = ws_arena_text(arena, entry->d_name);
        if (!name)
            return ws_fail_memory(err, path);
        ws_buffer_append(names, &name, sizeof name);
        WS_TRY(ws_buffer_check(names, path, err));
    }
}

enum ws_status ws_directory_list(const char *path, struct ws_arena *arena, struct ws_names *out,
                                 struct ws_error *err)
{
    DIR *directory = opendir(path);
    if (!directory)
        return fail_reading(err, path);
    struct ws_buffer names;
    ws_buffer_init(&names, arena->allocator, SIZE_MAX);
    enum ws_status status = list_names(directory, path, arena, &names, err);
    (void)closedir(directory);
    if (status == WS_OK) {
        size_t count = names.size / sizeof(const char *);
        const char **items = ws_arena_copy(arena, names.data, names.size);
        if (items && count > 0)
            qsort(items, count, sizeof *items, compare_names);
        if (items)
            *out = (struct ws_names){items, count};
        else
            status = ws_fail_memory(err, path);
    }
    ws_buffer_release(&names);
    return status;
}
