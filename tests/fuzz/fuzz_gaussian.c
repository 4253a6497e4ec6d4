/*
 * Any bytes: the Gaussian family refuses them, or what it loaded gives finite samples and is saved
 * as the very bytes it was loaded from.
 */
#include <stdint.h>

#include "models/gaussian.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_gaussian_settings settings = {WS_GAUSSIAN_MLE};
    fuzz_model(&ws_family_gaussian, &settings, ws_bytes_of(data, size), use_vectors);
    return 0;
}
