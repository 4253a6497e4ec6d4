/*
 * Files that grow while a run goes on, and the lock that says whose they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { FILE_MODE = 0644 };

static enum ws_status cut_to_size(int descriptor, const char *path, uint64_t size,
                                  struct ws_error *err)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return ws_fail_system(err, "read", path);
    if ((uint64_t)about.st_size < size)
        return ws_fail(err, WS_CORRUPT,
                       "'%.300s' is %jd bytes long, wanted at least the %" PRIu64 " on record",
                       path, (intmax_t)about.st_size, size);
    if ((uint64_t)about.st_size > size && ftruncate(descriptor, (off_t)size) != 0)
        return ws_fail_system(err, "shorten", path);
    return WS_OK;
}

enum ws_status ws_append_open(struct ws_append_file *file, const char *path, uint64_t size,
                              struct ws_error *err)
{
    file->descriptor = -1;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | (size == 0 ? O_CREAT : 0), FILE_MODE);
    if (descriptor < 0)
        return ws_fail_system(err, "open", path);
    enum ws_status status = cut_to_size(descriptor, path, size, err);
    if (status != WS_OK) {
        (void)close(descriptor);
        return status;
    }
    *file = (struct ws_append_file){descriptor, size};
    return WS_OK;
}

enum ws_status ws_append_write(struct ws_append_file *file, struct ws_bytes bytes, const char *path,
                               struct ws_error *err)
{
    for (size_t done = 0; done < bytes.size;) {
        ssize_t put = pwrite(file->descriptor, bytes.data + done, bytes.size - done,
                             (off_t)(file->size + done));
        if (put < 0 && errno != EINTR) {
            enum ws_status status = ws_fail_system(err, "write", path);
            (void)!ftruncate(file->descriptor, (off_t)file->size);
            return status;
        }
        if (put > 0)
            done += (size_t)put;
    }
    file->size += bytes.size;
    return WS_OK;
}

enum ws_status ws_append_sync(struct ws_append_file *file, const char *path, struct ws_error *err)
{
    while (fdatasync(file->descriptor) != 0)
        if (errno != EINTR)
            return ws_fail_system(err, "write", path);
    return WS_OK;
}

void ws_append_close(struct ws_append_file *file)
{
    if (file->descriptor >= 0)
        (void)close(file->descriptor);
    file->descriptor = -1;
}

static enum ws_status lock_file(int lock, int kind, const char *path, struct ws_error *err)
{
    int result;
    do
        result = flock(lock, kind);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return WS_OK;
    return errno == EWOULDBLOCK
               ? ws_fail(err, WS_BUSY, "'%.300s' is held by another process; wait until it ends",
                         path)
               : ws_fail_system(err, "lock", path);
}

static enum ws_status open_lock(const char *path, int kind, int *out, struct ws_error *err)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (lock < 0)
        return ws_fail_system(err, "lock", path);
    enum ws_status status = lock_file(lock, kind, path, err);
    if (status == WS_OK)
        *out = lock;
    else
        (void)close(lock);
    return status;
}

enum ws_status ws_lock_take(const char *path, int *out, struct ws_error *err)
{
    return open_lock(path, LOCK_EX | LOCK_NB, out, err);
}

/* Over NFS a lock is of who may write, and nobody opens a directory to write. */
enum ws_status ws_lock_directory(const char *path, int *out, struct ws_error *err)
{
    *out = -1;
    int lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        return ws_fail_system(err, "lock", path);
    enum ws_status status = lock_file(lock, LOCK_EX | LOCK_NB, path, err);
    if (status == WS_OK)
        *out = lock;
    else
        (void)close(lock);
    return status == WS_BUSY ? status : WS_OK;
}

enum ws_status ws_lock_wait(const char *path, int *out, struct ws_error *err)
{
    return open_lock(path, LOCK_EX, out, err);
}

enum ws_status ws_lock_share(int lock, const char *path, struct ws_error *err)
{
    return lock_file(lock, LOCK_SH | LOCK_NB, path, err);
}

enum ws_status ws_lock_join(const char *path, int *out, struct ws_error *err)
{
    return open_lock(path, LOCK_SH | LOCK_NB, out, err);
}

void ws_lock_drop(int lock)
{
    if (lock >= 0)
        (void)close(lock);
}
