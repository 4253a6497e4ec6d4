/*
 * A table from anywhere: the first two bytes say its form and which columns are wanted. It is
 * refused with its name, or gives finite numbers that can be written and read back the same.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_and_read(const struct ws_payload *table, struct ws_arena *arena)
{
    static const struct ws_csv_form bare = {WS_CSV_TAB, WS_CSV_HEADER_NO};
    static const struct ws_text_list all = {NULL, 0};
    size_t numbers = (size_t)table->count * table->dimension;
    struct ws_buffer text;
    struct ws_payload again;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    for (size_t i = 0; i < numbers; i++) {
        char number[WS_REAL_TEXT_SIZE];
        require(isfinite(table->vectors[i]));
        ws_real_text(table->vectors[i], number);
        ws_buffer_text(&text, number);
        ws_buffer_u8(&text, (i + 1) % table->dimension == 0 ? '\n' : '\t');
    }
    require(ws_csv_read(ws_buffer_bytes(&text), "again", &bare, &all, arena, &again, NULL) ==
            WS_OK);
    require(again.count == table->count && again.dimension == table->dimension);
    require(memcmp(again.vectors, table->vectors, numbers * sizeof(double)) == 0);
    ws_buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *wanted[] = {"2", "x", "a \"b\"", "1"};
    if (size < 2)
        return 0;
    const struct ws_csv_form form = {data[0] % 5, data[0] / 5 % 3};
    size_t first = data[1] % 4, count = data[1] / 4 % (5 - first);
    const struct ws_text_list columns = {wanted + first, count};
    struct ws_arena arena;
    struct ws_payload table;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_csv_read(ws_bytes_of(data + 2, size - 2), "fuzz", &form, &columns, &arena, &table, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED ||
            status == WS_LIMIT || status == WS_INVALID);
    if (status == WS_OK) {
        require(table.kind == WS_DATA_VECTORS && table.count > 0 && table.dimension > 0);
        require(columns.count == 0 || table.dimension == columns.count);
        write_and_read(&table, &arena);
    } else {
        require(strncmp(err.message, "fuzz:", 5) == 0 || strncmp(err.message, "'fuzz'", 6) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
