/*
 * Any bytes: the kernel density family refuses them, or what it loaded gives finite samples and is
 * saved as the very bytes it was loaded from.
 */
#include <stdint.h>

#include "models/kde.h"
#include "support/fuzzed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_kde_settings settings = {WS_KDE_FIXED, 1};
    fuzz_model(&ws_family_kde, &settings, ws_bytes_of(data, size), use_vectors);
    return 0;
}
