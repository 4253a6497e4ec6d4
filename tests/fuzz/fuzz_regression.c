/*
 * Any bytes: the regression family refuses them, or what it loaded is saved as the very bytes it
 * was loaded from and gives finite samples, or says that they are not finite.
 */
#include <stdint.h>

#include "models/regression.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct ws_model *model, struct ws_arena *arena)
{
    const struct ws_payload *payload;
    if (!fuzzed_sample(model, arena, &payload))
        return;
    require_finite(payload);
    require(!isnan(fuzzed_density(model, payload, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_regression_settings settings = {
        .design = {.kind = WS_DESIGN_FRESH, .variance = 1}};
    fuzz_model(&ws_family_regression, &settings, ws_bytes_of(data, size), use);
    return 0;
}
