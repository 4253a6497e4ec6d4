/*
 * Files that are replaced whole or not at all.
 *
 * A replaced file is written beside its target, synced, renamed over it, and its directory is
 * synced: a reader sees the old bytes or the new ones. Errors name the path and what the system
 * said. A full disk is an error that leaves the target as it was; a
 * process that sets a file-size limit ignores SIGXFSZ to get the same.
 * Contract: tests/unit/test_file.c, tests/fault/.
 */
#ifndef WS_BASE_FILE_H
#define WS_BASE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"

/* "cannot read 'corpus.txt': No such file or directory": what was being done, and errno in words.
 * WS_NOT_FOUND for a missing file or directory, WS_NO_MEMORY, else WS_IO. */
enum ws_status ws_fail_system(struct ws_error *err, const char *doing, const char *path);

/* The whole file, at most `limit` bytes (WS_LIMIT beyond). WS_NOT_FOUND when there is none. */
WS_MUST_CHECK enum ws_status ws_file_read(const char *path, size_t limit, struct ws_arena *arena,
                                          struct ws_bytes *out, struct ws_error *err);

/* A file's bytes as they lie in the page cache, read-only: for files that need not fit in memory. A
 * file that is shortened meanwhile ends the program with SIGBUS; replacing it is fine. */
struct ws_mapped_file {
    struct ws_bytes bytes;
};
WS_MUST_CHECK enum ws_status ws_file_map(const char *path, struct ws_mapped_file *out,
                                         struct ws_error *err);
void ws_file_unmap(struct ws_mapped_file *file); /* zeroed or unmapped before is fine */

/* A mapped file that is read once, from front to back, beside many others. Left to itself the
 * system reads some megabytes ahead in each of them, which for a thousand may be more than there is
 * memory, so that it reads all of it again and again. A window has two steps of the file in memory.
 */
struct ws_file_window {
    struct ws_bytes bytes; /* of the map */
    size_t step;
    size_t asked; /* bytes that were asked for, whole steps */
};
/* With steps of at least `step` bytes. Until the file is unmapped the system reads nothing of it
 * ahead. */
void ws_file_window_open(struct ws_file_window *window, const struct ws_mapped_file *file,
                         size_t step);
void ws_file_window_turn(struct ws_file_window *window, size_t offset); /* what reach does */
/* To be called before bytes from `offset` on are read; it never goes back. */
static inline void ws_file_window_reach(struct ws_file_window *window, size_t offset)
{
    if (offset + window->step >= window->asked)
        ws_file_window_turn(window, offset);
}

/* What the names of unfinished replacements have behind the target's name: a killed program may
 * leave one, and whoever owns the directory removes it. */
#define WS_FILE_DRAFT ".tmp-"
WS_MUST_CHECK enum ws_status ws_file_replace(const char *path, struct ws_bytes bytes,
                                             struct ws_error *err);

/* The same but for the directory: after a power cut the file is whole, but may be the old one until
 * the directory is synced. For many files in one directory, and for those that are replaced again
 * and again. */
WS_MUST_CHECK enum ws_status ws_file_replace_in_turn(const char *path, struct ws_bytes bytes,
                                                     struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_directory_sync(const char *path, struct ws_error *err);

/* The same without waiting for the disk: for what is true for a moment. After a power cut the file
 * may be the old one, the new one or empty. */
WS_MUST_CHECK enum ws_status ws_file_replace_quickly(const char *path, struct ws_bytes bytes,
                                                     struct ws_error *err);

/* As ws_file_replace for bytes that come in pieces: open, write, and keep. `path` is the target's
 * each time. A draft that is open and not kept is dropped; one that was not kept for a failure is
 * gone. */
struct ws_file_draft {
    char path[PATH_MAX];
    int descriptor; /* -1 when closed */
};
WS_MUST_CHECK enum ws_status ws_file_draft_open(struct ws_file_draft *draft, const char *path,
                                                struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_file_draft_write(struct ws_file_draft *draft, struct ws_bytes bytes,
                                                 const char *path, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_file_draft_keep(struct ws_file_draft *draft, const char *path,
                                                struct ws_error *err);
void ws_file_draft_drop(struct ws_file_draft *draft);

/* A new file that only its owner may read: of secrets. WS_CONFLICT where there is one already,
 * which is left as it is. */
WS_MUST_CHECK enum ws_status ws_file_create_private(const char *path, struct ws_bytes bytes,
                                                    struct ws_error *err);

/* Many files at once: each is replaced whole, but may be lost with the power until all that lies on
 * the file system of `directory` is synced. The directories above `path` are made, likewise. */
WS_MUST_CHECK enum ws_status ws_file_place(const char *path, struct ws_bytes bytes,
                                           struct ws_error *err);
/* The directory and those above it; that it is there is fine. */
WS_MUST_CHECK enum ws_status ws_directory_place(const char *path, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_file_sync_all(const char *directory, struct ws_error *err);

/* That there is none is fine. */
WS_MUST_CHECK enum ws_status ws_file_remove(const char *path, struct ws_error *err);
bool ws_file_exists(const char *path);
bool ws_directory_exists(const char *path);
WS_MUST_CHECK enum ws_status ws_file_size(const char *path, uint64_t *out, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_file_hash(const char *path, struct ws_hash *out,
                                          struct ws_error *err);

/* The directory and its parents; that it exists already is fine. */
WS_MUST_CHECK enum ws_status ws_directory_make(const char *path, struct ws_error *err);

/* Names in a directory without "." and "..", sorted by bytes. */
struct ws_names {
    const char **items;
    size_t count;
};
WS_MUST_CHECK enum ws_status ws_directory_list(const char *path, struct ws_arena *arena,
                                               struct ws_names *out, struct ws_error *err);

/* A file that only grows. Opening cuts it to `size` bytes (creating it when `size` is 0): what lies
 * beyond is the torn tail of an interrupted run. WS_CORRUPT when it is shorter than `size`,
 * WS_NOT_FOUND when it should be there and is not. */
struct ws_append_file {
    int descriptor; /* -1 when closed */
    uint64_t size;
};
WS_MUST_CHECK enum ws_status ws_append_open(struct ws_append_file *file, const char *path,
                                            uint64_t size, struct ws_error *err);
/* All of `bytes` at the end; after a failure the file is as it was before. */
WS_MUST_CHECK enum ws_status ws_append_write(struct ws_append_file *file, struct ws_bytes bytes,
                                             const char *path, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_append_sync(struct ws_append_file *file, const char *path,
                                            struct ws_error *err);
void ws_append_close(struct ws_append_file *file);

/* Copies whole files, one after another, into a new file that appears at the end: for merges that
 * need not fit in memory. */
WS_MUST_CHECK enum ws_status ws_file_concatenate(const char *path, const char *const *parts,
                                                 size_t part_count, struct ws_error *err);

/* A lock on `path` (created empty) that dies with the process. WS_BUSY when another holds it. */
WS_MUST_CHECK enum ws_status ws_lock_take(const char *path, int *out, struct ws_error *err);
/* The same of a directory itself, which, unlike a file in it, nobody takes for a leftover; -1 where
 * the file system locks no directories. */
WS_MUST_CHECK enum ws_status ws_lock_directory(const char *path, int *out, struct ws_error *err);
/* The same for what is held for moments: waits for whoever holds it. */
WS_MUST_CHECK enum ws_status ws_lock_wait(const char *path, int *out, struct ws_error *err);
/* Shares a lock that was taken with others, who join it: nobody can take it while one of them
 * lives. WS_BUSY when somebody took it in between. */
WS_MUST_CHECK enum ws_status ws_lock_share(int lock, const char *path, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_lock_join(const char *path, int *out, struct ws_error *err);
void ws_lock_drop(int lock); /* -1 is fine */

#endif
