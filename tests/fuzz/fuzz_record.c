/*
 * Any bytes as a line of metrics.jsonl: one record with all its texts, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_record record;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_record_parse(ws_bytes_of(data, size), "line", &arena, &record, &err);
    if (status == WS_OK) {
        require(strlen(record.place.arm) < size && strlen(record.metric) < size);
        require(strlen(record.definition) < size && record.n <= INT64_MAX);
    } else {
        require(status == WS_CORRUPT && strncmp(err.message, "line:", 5) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
