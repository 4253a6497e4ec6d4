/*
 * Any bytes as a stored n-gram model: refused, or a model that samples, scores what it sampled and
 * is stored as the very bytes it came from.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/ngram_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_rng_key key = {{1, 2}, 3};
    const uint64_t count = 2;
    const struct ws_payload *payload = NULL;
    require(ws_family_ngram.sample(1, &model, &count, &key, NULL, arena, &payload, NULL) == WS_OK);
    for (uint64_t i = 0; i < payload->tokens.ends[1]; i++)
        require(payload->tokens.ids[i] < payload->types);
    const struct ws_segment segment = {.payload = payload, .count = count, .weight = 1};
    const struct ws_dataset data = {WS_DATA_TOKENS, payload->types, 0, 0, count, 1, &segment};
    struct ws_item_score scores[2];
    require(ws_family_ngram.score(model, &data, NULL, arena, scores, NULL) == WS_OK);
    for (uint64_t i = 0; i < count; i++)
        require(isfinite(scores[i].log_probability));
    require(scores[0].tokens + scores[1].tokens == payload->tokens.ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ORDER_AT = 16, SAMPLING_AT = 20, LONGEST_BLOCK = 4096 };
    if (size < SAMPLING_AT + 4)
        return 0;
    /* The settings are whatever would let the model pass, were they possible. */
    const struct ws_ngram_settings settings = {load32_le(data + ORDER_AT),
                                               load32_le(data + SAMPLING_AT)};
    if (settings.sampling > WS_NGRAM_KNESER_NEY)
        return 0;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model = NULL;
    if (ws_family_ngram.load(&settings, ws_bytes_of(data, size), &arena, &model, NULL) == WS_OK) {
        struct ws_buffer stored;
        ws_buffer_init(&stored, NULL, size);
        ws_family_ngram.save(model, &stored);
        require(stored.status == WS_OK && stored.size == size);
        require(memcmp(stored.data, data, size) == 0);
        ws_buffer_release(&stored);
        if (((const struct ws_ngram_model *)model)->block <= LONGEST_BLOCK)
            use(model, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
