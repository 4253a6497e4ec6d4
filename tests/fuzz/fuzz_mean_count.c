/*
 * Any bytes: the Bernoulli or Poisson family refuses them, or what it loaded is saved as the very
 * bytes it was loaded from and gives counts, or says that one is too large.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/mean_count.h"

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
    struct ws_dataset sample;
    double sum;
    uint64_t terms;
    require(payload->count == count);
    require(ws_dataset_of(payload, (struct ws_origin){0}, arena, &sample, NULL) == WS_OK);
    require(model->ops->log_density(model, &sample, arena, &sum, &terms, NULL) == WS_OK);
    require(isfinite(sum) && terms == count);
}

static void try_family(const struct ws_family_ops *family, const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model;
    if (family->load(NULL, ws_bytes_of(data, size), &arena, &model, NULL) == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, size);
        family->save(model, &out);
        require(out.status == WS_OK && out.size == size && memcmp(out.data, data, size) == 0);
        ws_buffer_release(&out);
        use(model, &arena);
    }
    ws_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_family(&ws_family_bernoulli, data, size);
    try_family(&ws_family_poisson, data, size);
    return 0;
}
