/*
 * Any bytes as a run's summary, with their hash as it is and as it should be: curves that are
 * written back as they were read, or a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lab/summary_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void read_summary(struct ws_bytes bytes)
{
    struct ws_arena arena;
    struct ws_summary_extent extent;
    struct ws_results results;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_summary_read(bytes, &arena, &extent, &results, &err);
    if (status == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, SIZE_MAX);
        require(ws_summary_write(&extent, &results, &out, NULL) == WS_OK);
        require(out.size == bytes.size && memcmp(out.data, bytes.data, out.size) == 0);
        ws_buffer_release(&out);
    } else {
        require((status == WS_CORRUPT || status == WS_UNSUPPORTED) && err.message[0] != '\0');
    }
    ws_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_summary(ws_bytes_of(data, size));
    if (size < WS_HASH_SIZE)
        return 0;
    uint8_t *fixed = malloc(size);
    struct ws_hash hash;
    require(fixed != NULL);
    memcpy(fixed, data, size);
    require(ws_hash_of(ws_bytes_of(fixed, size - WS_HASH_SIZE), &hash, NULL) == WS_OK);
    memcpy(fixed + size - WS_HASH_SIZE, hash.bytes, WS_HASH_SIZE);
    read_summary(ws_bytes_of(fixed, size));
    free(fixed);
    return 0;
}
