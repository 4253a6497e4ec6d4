/*
 * Any bytes: the discrete family refuses them, or what it loaded can be sampled and is saved as the
 * very bytes it was loaded from.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/discrete.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const uint64_t count = 5;
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_payload *payload;
    require(model->ops->sample(1, &model, &count, &key, NULL, arena, &payload, NULL) == WS_OK);
    uint64_t items = 0;
    for (size_t i = 0; i < payload->counts.size; i++) {
        require(payload->counts.type[i] < payload->types && payload->counts.count[i] > 0);
        items += payload->counts.count[i];
    }
    require(items == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model;
    if (ws_family_discrete.load(NULL, ws_bytes_of(data, size), &arena, &model, NULL) == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, size);
        ws_family_discrete.save(model, &out);
        require(out.status == WS_OK && out.size == size && memcmp(out.data, data, size) == 0);
        ws_buffer_release(&out);
        use(model, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
