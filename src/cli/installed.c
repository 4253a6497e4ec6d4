#include "cli/installed.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* "<directory of the program>/<rest>" if it is there, else NULL. */
static const char *find_from_program(struct ws_arena *arena, const char *rest)
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
    const char *path = ws_arena_format(arena, "%s/%s", program, rest);
    return path && ws_file_exists(path) ? path : NULL;
}

const char *installed_corpus(struct ws_arena *arena)
{
    const char *plain = find_from_program(arena, WS_DATA_FROM_PROGRAM "/corpus/austen.txt");
    if (plain)
        return plain;
    return find_from_program(arena, WS_DATA_FROM_PROGRAM "/corpus/austen.txt.zst");
}

const char *installed_module(struct ws_arena *arena, const char *name)
{
    const char *installed = ws_arena_format(arena, WS_MODULES_FROM_PROGRAM "/%s", name);
    const char *built = find_from_program(arena, name);
    if (built || !installed)
        return built;
    return find_from_program(arena, installed);
}
