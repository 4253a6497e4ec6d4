/*
 * Any bytes: the regression family refuses them, or what it loaded is saved as the very bytes it
 * was loaded from and gives finite samples, or says that they are not finite.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/regression.h"

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
    enum ws_status status =
        model->ops->sample(1, &model, &count, &key, NULL, arena, &payload, NULL);
    if (status != WS_OK) {
        require(status == WS_NUMERIC);
        return;
    }
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
    static const struct ws_regression_settings settings = {
        .design = {.kind = WS_DESIGN_FRESH, .variance = 1}};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model;
    if (ws_family_regression.load(&settings, ws_bytes_of(data, size), &arena, &model, NULL) ==
        WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, size);
        model->ops->save(model, &out);
        require(out.status == WS_OK && out.size == size && memcmp(out.data, data, size) == 0);
        ws_buffer_release(&out);
        use(model, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
