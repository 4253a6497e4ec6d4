/* A statement from anywhere: it is refused, or can be written, and that reads and writes the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* What is read as it stands is read the same as any JSON is: with a blank before it. */
static void require_same(struct ws_bytes data, const struct ws_statement *plain, uint64_t index,
                         struct ws_arena *arena)
{
    struct ws_statement statement;
    struct ws_buffer blank, text, again;
    ws_buffer_init(&blank, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_buffer_u8(&blank, ' ');
    ws_buffer_append(&blank, data.data, data.size);
    require(ws_statement_read(ws_buffer_bytes(&blank), index, arena, &statement, NULL) == WS_OK);
    require(ws_statement_append(&text, plain, index, NULL) == WS_OK);
    require(ws_statement_append(&again, &statement, index, NULL) == WS_OK);
    require(text.size == again.size && memcmp(text.data, again.data, text.size) == 0);
    ws_buffer_release(&blank);
    ws_buffer_release(&text);
    ws_buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { INDEX = 1000 };
    struct ws_arena arena;
    struct ws_statement statement, read;
    struct ws_buffer text, again;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    enum ws_status status =
        ws_statement_read(ws_bytes_of(data, size), INDEX, &arena, &statement, NULL);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED ||
            status == WS_LIMIT);
    if (status == WS_OK) {
        require_same(ws_bytes_of(data, size), &statement, INDEX, &arena);
        require(ws_statement_append(&text, &statement, INDEX, NULL) == WS_OK);
        require(ws_statement_read(ws_buffer_bytes(&text), INDEX, &arena, &read, NULL) == WS_OK);
        require(ws_statement_append(&again, &read, INDEX, NULL) == WS_OK);
        require(text.size == again.size && memcmp(text.data, again.data, text.size) == 0);
    }
    ws_buffer_release(&text);
    ws_buffer_release(&again);
    ws_arena_release(&arena);
    return 0;
}
