/*
 * Any bytes: the mixture family refuses them, or what it loaded gives finite samples and is
 * saved as the very bytes it was loaded from.
 */
#include <stdint.h>

#include "models/gmm.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_gmm_settings settings = {2, 1e-3, 100, 1, 1e-6};
    fuzz_model(&ws_family_gmm, &settings, ws_bytes_of(data, size), use_vectors);
    return 0;
}
