#include "data/count_law.h"

#include <inttypes.h>

#include "base/sampler.h"

enum ws_status ws_draw_bernoulli(double p, uint64_t count, struct ws_rng *rng,
                                 struct ws_arena *arena, struct ws_payload *out,
                                 struct ws_error *err)
{
    if (count > WS_SAMPLE_MAX)
        return ws_fail(err, WS_LIMIT, "%" PRIu64 " Bernoulli items, at most 2^62 are drawn", count);
    uint64_t ones = ws_sample_binomial(rng, count, p);
    const uint64_t counts[] = {count - ones, ones};
    return ws_payload_of_counts(NULL, counts, 2, 2, arena, out, err);
}

enum ws_status ws_draw_poisson(double mean, uint32_t types, uint64_t count, struct ws_rng *rng,
                               struct ws_arena *arena, struct ws_payload *out, struct ws_error *err)
{
    if (count > WS_POISSON_ITEMS)
        return ws_fail(err, WS_LIMIT, "%" PRIu64 " Poisson items, at most 2^28 are drawn", count);
    uint32_t *symbols = WS_ARENA_NEW(arena, uint32_t, count);
    if (!symbols)
        return ws_fail_memory(err, "Poisson items");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value = ws_sample_poisson(rng, mean);
        if (value >= types)
            return ws_fail(err, WS_NUMERIC,
                           "a Poisson law of mean %g gave %" PRIu64
                           ", and counts are below %" PRIu32,
                           mean, value, types);
        symbols[i] = (uint32_t)value;
    }
    const struct ws_payload items = {
        .kind = WS_DATA_SYMBOLS, .count = count, .types = types, .symbols = symbols};
    struct ws_dataset data;
    WS_TRY(ws_dataset_of(&items, (struct ws_origin){0}, arena, &data, err));
    return ws_dataset_type_counts(&data, arena, out, err);
}
