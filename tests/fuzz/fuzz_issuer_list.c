/*
 * A list of a log's issuers from anywhere: it is refused with its line, or every key is there once
 * and signs entries.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/issuer_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void look_at(const struct ws_issuer_list *list)
{
    require(list->count <= WS_ISSUER_LIMIT);
    for (size_t i = 0; i < list->count; i++) {
        require(list->items[i].key.type == WS_KEY_ED25519);
        for (size_t k = 0; k < i; k++)
            require(list->items[i].key.id != list->items[k].key.id ||
                    strcmp(list->items[i].key.name, list->items[k].key.name) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_issuer_list list;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_issuer_list_read(ws_bytes_of(data, size), "fuzz", &arena, &list, &err);
    if (status == WS_OK) {
        look_at(&list);
        ws_issuer_list_close(&list);
    } else {
        require(status == WS_INVALID || status == WS_LIMIT || status == WS_UNSUPPORTED);
        require(strncmp(err.message, "fuzz:", 5) == 0);
    }
    ws_arena_release(&arena);
    return 0;
}
