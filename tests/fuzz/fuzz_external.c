/*
 * Any bytes: the external family refuses them as a stored model, or saves the very bytes it loaded;
 * and as what a command wrote, or gives items that are what they should be.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/external.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void load(struct ws_bytes bytes, struct ws_arena *arena)
{
    const struct ws_model *model;
    struct ws_buffer out;
    if (ws_family_external.load(NULL, bytes, arena, &model, NULL) != WS_OK)
        return;
    ws_buffer_init(&out, NULL, bytes.size);
    ws_family_external.save(model, &out);
    require(out.status == WS_OK && out.size == bytes.size &&
            memcmp(out.data, bytes.data, bytes.size) == 0);
    ws_buffer_release(&out);
}

static void read_items(struct ws_bytes text, struct ws_arena *arena)
{
    enum { ITEMS = 2, TYPES = 9, LENGTH = 3 };
    static const struct ws_external_model models[] = {
        {{NULL, NULL, 1}, WS_DATA_VECTORS, 0, 2, 0, {0}},
        {{NULL, NULL, 1}, WS_DATA_TOKENS, TYPES, 0, LENGTH, {0}},
        {{NULL, NULL, 1}, WS_DATA_SYMBOLS, TYPES, 0, 0, {0}},
        {{NULL, NULL, 1}, WS_DATA_COUNTS, TYPES, 0, 0, {0}},
    };
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        struct ws_payload items;
        if (ws_external_read_items(text, "x", &models[m], ITEMS, arena, &items, NULL) != WS_OK)
            continue;
        require(items.count == ITEMS && items.kind == models[m].kind);
        if (items.kind == WS_DATA_VECTORS)
            for (size_t i = 0; i < 2 * ITEMS; i++)
                require(isfinite(items.vectors[i]));
        if (items.kind == WS_DATA_SYMBOLS)
            require(items.symbols[0] < TYPES && items.symbols[1] < TYPES);
        if (items.kind == WS_DATA_TOKENS)
            for (uint64_t t = 0; t < items.tokens.ends[1]; t++)
                require(items.tokens.ids[t] < TYPES && items.tokens.ends[1] <= 2 * LENGTH);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    load(ws_bytes_of(data, size), &arena);
    read_items(ws_bytes_of(data, size), &arena);
    ws_arena_release(&arena);
    return 0;
}
