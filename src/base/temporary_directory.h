/* A directory for work that nobody wants to keep. */
#ifndef WS_BASE_TEMPORARY_DIRECTORY_H
#define WS_BASE_TEMPORARY_DIRECTORY_H

#include "base/arena.h"
#include "base/status.h"

/* A new one in ws_temporary_directory (base/spill.h). */
WS_MUST_CHECK enum ws_status ws_temporary_directory_make(struct ws_arena *arena, const char **out,
                                                         struct ws_error *err);
/* The directory with everything in it; links are removed, not followed. What cannot be removed
 * stays. */
void ws_directory_remove(const char *path);

#endif
