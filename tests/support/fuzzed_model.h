/*
 * What the fuzz targets of families share: a model that was loaded from any bytes is saved as those
 * very bytes, gives items, and weighs them.
 */
#ifndef WS_TESTS_FUZZED_MODEL_H
#define WS_TESTS_FUZZED_MODEL_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/family.h"

enum { FUZZED_ITEMS = 3 };

static inline void require(int condition)
{
    if (!condition)
        abort();
}

/* FUZZED_ITEMS items; false where the model says that a number is not finite. */
static inline bool fuzzed_sample(const struct ws_model *model, struct ws_arena *arena,
                                 const struct ws_payload **out)
{
    const uint64_t count = FUZZED_ITEMS;
    const struct ws_rng_key key = {{1, 2}, 3};
    enum ws_status status = model->ops->sample(1, &model, &count, &key, NULL, arena, out, NULL);
    require(status == WS_OK || status == WS_NUMERIC);
    return status == WS_OK;
}

static inline void require_finite(const struct ws_payload *payload)
{
    for (uint64_t i = 0; i < FUZZED_ITEMS * payload->dimension; i++)
        require(isfinite(payload->vectors[i]));
}

/* The log density of what the model gave. */
static inline double fuzzed_density(const struct ws_model *model, const struct ws_payload *payload,
                                    struct ws_arena *arena)
{
    struct ws_dataset sample;
    double sum;
    uint64_t terms;
    require(ws_dataset_of(payload, (struct ws_origin){0}, arena, &sample, NULL) == WS_OK);
    require(model->ops->log_density(model, &sample, arena, &sum, &terms, NULL) == WS_OK);
    require(terms == FUZZED_ITEMS);
    return sum;
}

/* The whole of it for families of vectors whose samples are always finite. */
static inline void use_vectors(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_payload *payload;
    require(fuzzed_sample(model, arena, &payload));
    require_finite(payload);
    require(!isnan(fuzzed_density(model, payload, arena)));
}

/* Uses what the family makes of the bytes, if it takes them. */
static inline void fuzz_model(const struct ws_family_ops *family, const void *settings,
                              struct ws_bytes bytes,
                              void (*use)(const struct ws_model *model, struct ws_arena *arena))
{
    struct ws_arena arena;
    const struct ws_model *model;
    ws_arena_init(&arena, NULL);
    if (family->load(settings, bytes, &arena, &model, NULL) == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, bytes.size);
        model->ops->save(model, &out);
        require(out.status == WS_OK && out.size == bytes.size &&
                memcmp(out.data, bytes.data, bytes.size) == 0);
        ws_buffer_release(&out);
        use(model, &arena);
    }
    ws_arena_release(&arena);
}

#endif
