/*
 * A file of JSON lines that grows batch by batch and can be gone on with after a kill: the bytes
 * are those of an uninterrupted run.
 *
 * What the texts are made of lies beside it, in FILE.settings; a file whose texts are made of
 * something else is refused. What a killed program left of an unfinished batch is cut off.
 */
#ifndef WS_CLI_GENERATED_FILE_H
#define WS_CLI_GENERATED_FILE_H

#include <jansson.h>

#include "base/file.h"

struct generated_file {
    const char *path;
    char *settings; /* path */
    struct ws_arena arena;
    int lock;
    struct ws_append_file file;
    uint64_t texts; /* that it holds, all of whole batches or all there are to be */
    double synced;  /* seconds */
};

/* `about` is an object; `total` texts are to be made, `batch` at a time. WS_CONFLICT when the file
 * is something else: says in what. WS_BUSY when another process writes it. */
WS_MUST_CHECK enum ws_status generated_file_open(const char *path, json_t *about, uint64_t total,
                                                 uint64_t batch, struct generated_file *out,
                                                 struct ws_error *err);
/* The lines of the next `count` texts. */
WS_MUST_CHECK enum ws_status generated_file_append(struct generated_file *file,
                                                   struct ws_bytes lines, uint64_t count,
                                                   struct ws_error *err);
/* Everything is on the disk. */
WS_MUST_CHECK enum ws_status generated_file_finish(struct generated_file *file,
                                                   struct ws_error *err);
void generated_file_close(struct generated_file *file); /* one that was not opened is fine */

#endif
