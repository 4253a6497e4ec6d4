/*
 * Whether a file or a directory, which others replace, is another than it was when it was looked at
 * last. A change within the file system's tick, that leaves the number as it was, is not seen.
 * Contract: tests/unit/test_file.c.
 */
#ifndef WS_BASE_FILE_CHANGE_H
#define WS_BASE_FILE_CHANGE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

/* Zeroed: it was never looked at. */
struct ws_file_change {
    struct timespec changed;
    ino_t number;
};

/* True, too, where it is not there. */
bool ws_file_is_other(const char *path, struct ws_file_change *seen);

#endif
