/*
 * Any bytes: the Bernoulli or Poisson family refuses them, or what it loaded is saved as the very
 * bytes it was loaded from and gives counts, or says that one is too large.
 */
#include <stdint.h>

#include "models/mean_count.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_payload *payload;
    if (!fuzzed_sample(model, arena, &payload))
        return;
    require(payload->count == FUZZED_ITEMS);
    require(isfinite(fuzzed_density(model, payload, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model(&ws_family_bernoulli, NULL, ws_bytes_of(data, size), use);
    fuzz_model(&ws_family_poisson, NULL, ws_bytes_of(data, size), use);
    return 0;
}
