/* A description from anywhere: it is refused by name, or the statement that it says can be written
 * and read again, and none of its shards leads out of its folder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/description.h"
#include "ledger/merkle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void look_at(const struct ws_statement *statement, struct ws_arena *arena)
{
    struct ws_statement read;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    for (size_t i = 0; ws_statement_has_shards(statement->kind) && i < statement->subject_count;
         i++)
        require(*statement->subjects[i].name != '/' && !strstr(statement->subjects[i].name, "../"));
    require(ws_statement_append(&text, statement, WS_MERKLE_SIZE_LIMIT - 1, NULL) == WS_OK);
    require(ws_statement_read(ws_buffer_bytes(&text), WS_MERKLE_SIZE_LIMIT - 1, arena, &read,
                              NULL) == WS_OK);
    require(read.kind == statement->kind && read.subject_count == statement->subject_count);
    ws_buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_description description;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_description_read(ws_bytes_of(data, size), "fuzz", &arena, &description, &err);
    if (status == WS_OK)
        look_at(&description.statement, &arena);
    else
        require(status == WS_INVALID && strncmp(err.message, "fuzz", 4) == 0);
    ws_arena_release(&arena);
    return 0;
}
