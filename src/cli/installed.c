#include "cli/installed.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

const char *installed_corpus(struct ws_arena *arena)
{
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        return NULL;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    const char *path =
        ws_arena_format(arena, "%s/" WS_DATA_FROM_PROGRAM "/corpus/austen.txt", program);
    return path && ws_file_exists(path) ? path : NULL;
}
