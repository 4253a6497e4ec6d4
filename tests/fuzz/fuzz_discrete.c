/*
 * Any bytes: the discrete family refuses them, or what it loaded can be sampled and is saved as the
 * very bytes it was loaded from.
 */
#include <stdint.h>

#include "models/discrete.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_payload *payload;
    uint64_t items = 0;
    require(fuzzed_sample(model, arena, &payload));
    for (size_t i = 0; i < payload->counts.size; i++) {
        require(payload->counts.type[i] < payload->types && payload->counts.count[i] > 0);
        items += payload->counts.count[i];
    }
    require(items == FUZZED_ITEMS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_model(&ws_family_discrete, NULL, ws_bytes_of(data, size), use);
    return 0;
}
