/*
 * Any bytes: the logistic family refuses them, or what it loaded is saved as the very bytes it was
 * loaded from and gives labels of 0 and 1.
 */
#include <stdint.h>

#include "models/logistic.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_payload *payload;
    require(fuzzed_sample(model, arena, &payload));
    for (uint64_t i = 0; i < FUZZED_ITEMS; i++) {
        double label = payload->vectors[(i + 1) * payload->dimension - 1];
        require(label == 0 || label == 1);
    }
    require(!isnan(fuzzed_density(model, payload, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_logistic_settings settings = {
        .design = {.kind = WS_DESIGN_FRESH, .variance = 1}};
    fuzz_model(&ws_family_logistic, &settings, ws_bytes_of(data, size), use);
    return 0;
}
