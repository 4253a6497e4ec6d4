/*
 * A checkpoint from anywhere: it is refused as damaged, or its three lines are written the same
 * again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/log_checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_checkpoint_read(ws_bytes_of(data, size), &arena, &checkpoint, NULL);
    require(status == WS_OK || status == WS_CORRUPT);
    if (status == WS_OK && !memchr(data, '\0', size)) {
        struct ws_buffer again;
        ws_buffer_init(&again, NULL, SIZE_MAX);
        ws_checkpoint_append(&again, &checkpoint);
        require(ws_origin_ok(checkpoint.origin));
        require(again.size <= size && memcmp(again.data, data, again.size) == 0);
        ws_buffer_release(&again);
    }
    ws_arena_release(&arena);
    return 0;
}
