#include "ledger/log_copy.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

enum { LIMIT = 4096 /* bytes of the file */ };

static const char *path_of(const char *directory, struct ws_arena *arena)
{
    return ws_arena_format(arena, "%s/confirmed", directory);
}

/* Which file this is. Its change time is the kernel's: nobody who puts a file back can set it. */
static const char *identity_of(const char *directory, const char *name, struct ws_arena *arena)
{
    struct stat about;
    const char *path = ws_arena_format(arena, "%s/%s", directory, name);
    if (!path)
        return NULL;
    if (stat(path, &about) != 0)
        return errno == ENOENT ? ws_arena_format(arena, "%s none\n", name) : NULL;
    return ws_arena_format(arena, "%s %ju:%ju %jd.%09ld\n", name, (uintmax_t)about.st_dev,
                           (uintmax_t)about.st_ino, (intmax_t)about.st_ctim.tv_sec,
                           about.st_ctim.tv_nsec);
}

/* Whatever brings an older state of a disk back also starts the machine that uses it, or writes
 * these files, which each new checkpoint replaces: also where a backup is written over the log. */
static const char *name_of(const char *directory, struct ws_arena *arena)
{
    const char *served = identity_of(directory, "checkpoint", arena);
    const char *pending = identity_of(directory, "pending", arena);
    struct ws_bytes boot = {NULL, 0};
    /* Where it cannot be read it is none, here as there. */
    (void)!ws_file_read("/proc/sys/kernel/random/boot_id", LIMIT, arena, &boot, NULL);
    return served && pending ? ws_arena_format(arena, "boot %.*s%s%s", (int)boot.size,
                                               (const char *)boot.data, served, pending)
                             : NULL;
}

bool ws_log_copy_is_confirmed(const char *directory, struct ws_arena *arena)
{
    const char *path = path_of(directory, arena);
    const char *name = name_of(directory, arena);
    struct ws_bytes bytes;
    return path && name && ws_file_read(path, LIMIT, arena, &bytes, NULL) == WS_OK &&
           ws_bytes_is(bytes, name);
}

enum ws_status ws_log_copy_confirm(const char *directory, struct ws_arena *arena,
                                   struct ws_error *err)
{
    const char *path = path_of(directory, arena);
    const char *name = name_of(directory, arena);
    if (!path || !name)
        return ws_fail_memory(err, "a log's copy");
    return ws_file_replace_quickly(path, ws_bytes_of_text(name), err);
}

enum ws_status ws_log_copy_disown(const char *directory, struct ws_arena *arena,
                                  struct ws_error *err)
{
    const char *path = path_of(directory, arena);
    return path ? ws_file_remove(path, err) : ws_fail_memory(err, "a log's copy");
}
