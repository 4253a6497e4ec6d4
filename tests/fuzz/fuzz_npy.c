/*
 * An array from anywhere; the first byte says which columns are wanted. It is refused with its
 * name, or gives finite numbers, as many as its bytes can hold.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *wanted[] = {"2", "1", "x"};
    if (size < 1)
        return 0;
    size_t first = data[0] % 3, count = data[0] / 3 % (4 - first);
    const struct ws_text_list columns = {wanted + first, count};
    struct ws_arena arena;
    struct ws_payload table;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_npy_read(ws_bytes_of(data + 1, size - 1), "fuzz", &columns, &arena, &table, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED ||
            status == WS_LIMIT || status == WS_INVALID);
    if (status == WS_OK) {
        require(table.kind == WS_DATA_VECTORS && table.count > 0 && table.dimension > 0);
        require(columns.count == 0 || table.dimension == columns.count);
        require(table.count * table.dimension < size);
        for (uint64_t i = 0; i < table.count * table.dimension; i++)
            require(isfinite(table.vectors[i]));
    } else {
        require(strncmp(err.message, "fuzz:", 5) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
