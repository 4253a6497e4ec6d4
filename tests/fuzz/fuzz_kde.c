/*
 * Any bytes: the kernel density family refuses them, or what it loaded gives finite samples and is
 * saved as the very bytes it was loaded from.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/kde.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const uint64_t count = 3;
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_payload *payload;
    require(model->ops->sample(1, &model, &count, &key, NULL, arena, &payload, NULL) == WS_OK);
    for (uint64_t i = 0; i < count * payload->dimension; i++)
        require(isfinite(payload->vectors[i]));
    struct ws_dataset sample;
    double sum;
    uint64_t terms;
    require(ws_dataset_of(payload, (struct ws_origin){0}, arena, &sample, NULL) == WS_OK);
    require(model->ops->log_density(model, &sample, arena, &sum, &terms, NULL) == WS_OK);
    require(!isnan(sum) && terms == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_kde_settings settings = {WS_KDE_FIXED, 1};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model;
    if (ws_family_kde.load(&settings, ws_bytes_of(data, size), &arena, &model, NULL) == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, size);
        ws_family_kde.save(model, &out);
        require(out.status == WS_OK && out.size == size && memcmp(out.data, data, size) == 0);
        ws_buffer_release(&out);
        use(model, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
