#include "ledger/log_copy.h"

#include <inttypes.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>

enum { LIMIT = 4096 /* bytes of the file */ };

static const char *path_of(const char *directory, struct ws_arena *arena)
{
    return ws_arena_format(arena, "%s/confirmed", directory);
}

/* Whatever brings an older state of a disk back also starts the machine that uses it, or writes a
 * new file. An inode alone is used again once it is free, hence when it was born. */
static const char *name_of(int lock, struct ws_arena *arena)
{
    struct statx about = {.stx_mask = 0};
    struct ws_bytes boot = {NULL, 0};
    if (statx(lock, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &about) != 0)
        return NULL;
    /* Where it cannot be read it is none, here as there. */
    (void)!ws_file_read("/proc/sys/kernel/random/boot_id", LIMIT, arena, &boot, NULL);
    return ws_arena_format(arena, "boot %.*slock %u:%u %" PRIu64 " %" PRId64 ".%09u\n",
                           (int)boot.size, (const char *)boot.data, about.stx_dev_major,
                           about.stx_dev_minor, (uint64_t)about.stx_ino,
                           (int64_t)about.stx_btime.tv_sec, about.stx_btime.tv_nsec);
}

bool ws_log_copy_is_confirmed(const char *directory, int lock, struct ws_arena *arena)
{
    const char *path = path_of(directory, arena);
    const char *name = name_of(lock, arena);
    struct ws_bytes bytes;
    return path && name && ws_file_read(path, LIMIT, arena, &bytes, NULL) == WS_OK &&
           ws_bytes_is(bytes, name);
}

enum ws_status ws_log_copy_confirm(const char *directory, int lock, struct ws_arena *arena,
                                   struct ws_error *err)
{
    const char *path = path_of(directory, arena);
    const char *name = name_of(lock, arena);
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
