/*
 * Any bytes as a run's progress: one that can be shown, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run_progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_run_progress progress;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_progress_parse(ws_bytes_of(data, size), "progress", &arena, &progress, &err);
    if (status == WS_OK) {
        require(progress.arm && progress.process.boot);
        require(strlen(progress.arm) <= size && strlen(progress.process.boot) <= size);
        (void)ws_progress_seconds_left(&progress);
    } else {
        require((status == WS_CORRUPT || status == WS_UNSUPPORTED) && err.message[0] != '\0');
    }
    ws_arena_release(&arena);
    return 0;
}
