/* A directory for work that nobody wants to keep. */
#ifndef WS_CLI_TEMPORARY_DIRECTORY_H
#define WS_CLI_TEMPORARY_DIRECTORY_H

#include "base/arena.h"
#include "base/status.h"

/* A new one in $TMPDIR, or /var/tmp, which may hold more than memory. */
WS_MUST_CHECK enum ws_status temporary_directory_make(struct ws_arena *arena, const char **out,
                                                      struct ws_error *err);
/* The directory with everything in it; links are removed, not followed. What cannot be removed
 * stays. */
void directory_remove(const char *path);

#endif
