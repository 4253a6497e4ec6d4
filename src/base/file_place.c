/*
 * Many files that are synced together.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { DIRECTORY_MODE = 0755 };

static enum ws_status make_one(const char *path, struct ws_error *err)
{
    if (mkdir(path, DIRECTORY_MODE) == 0 || errno == EEXIST)
        return WS_OK;
    return ws_fail_system(err, "make directory", path);
}

enum ws_status ws_directory_place(const char *path, struct ws_error *err)
{
    char folder[PATH_MAX];
    int size = snprintf(folder, sizeof folder, "%s", path);
    if (size < 1 || (size_t)size >= sizeof folder) {
        errno = size < 1 ? ENOENT : ENAMETOOLONG;
        return ws_fail_system(err, "make directory", path);
    }
    for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        WS_TRY(make_one(folder, err));
        *p = '/';
    }
    return make_one(folder, err);
}

static enum ws_status make_folder_of(const char *path, struct ws_error *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1,
                        slash ? path : ".");
    if (size < 0 || (size_t)size >= sizeof folder) {
        errno = ENAMETOOLONG;
        return ws_fail_system(err, "write", path);
    }
    return ws_directory_place(folder, err);
}

/* Most folders are there, so they are made only when one is missing. */
static enum ws_status open_draft(struct ws_file_draft *draft, const char *path,
                                 struct ws_error *err)
{
    enum ws_status status = ws_file_draft_open(draft, path, err);
    if (status != WS_NOT_FOUND)
        return status;
    WS_TRY(make_folder_of(path, err));
    return ws_file_draft_open(draft, path, err);
}

enum ws_status ws_file_place(const char *path, struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_file_draft draft;
    WS_TRY(open_draft(&draft, path, err));
    enum ws_status status = ws_file_draft_write(&draft, bytes, path, err);
    if (status == WS_OK && rename(draft.path, path) != 0)
        status = ws_fail_system(err, "write", path);
    if (status != WS_OK) {
        ws_file_draft_drop(&draft);
        return status;
    }
    if (close(draft.descriptor) != 0)
        return ws_fail_system(err, "write", path);
    return WS_OK;
}

enum ws_status ws_file_sync_all(const char *directory, struct ws_error *err)
{
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return ws_fail_system(err, "open", directory);
    enum ws_status status =
        syncfs(descriptor) == 0 ? WS_OK : ws_fail_system(err, "sync", directory);
    (void)close(descriptor);
    return status;
}
