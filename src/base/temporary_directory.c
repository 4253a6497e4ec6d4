#include "base/temporary_directory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/spill.h"

enum { OPEN_MOST = 16 };

enum ws_status ws_temporary_directory_make(struct ws_arena *arena, const char **out,
                                           struct ws_error *err)
{
    const char *parent = ws_temporary_directory();
    char *path = ws_arena_format(arena, "%s/wellspring-XXXXXX", parent);
    if (!path)
        return ws_fail_memory(err, "a temporary directory");
    if (!mkdtemp(path))
        return ws_fail_system(err, "make a directory in", parent);
    *out = path;
    return WS_OK;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

void ws_directory_remove(const char *path)
{
    (void)nftw(path, remove_one, OPEN_MOST, FTW_DEPTH | FTW_PHYS);
}
