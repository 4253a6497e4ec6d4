#include "fingerprint/minhash.h"

#include <string.h>

#include "base/instruction_set.h"

size_t ws_minhash_list(const struct ws_minhash_ops *out[WS_MINHASH_SETS])
{
    size_t count = 0;
    out[count++] = &ws_minhash_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_minhash_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_minhash_avx512;
#endif
    return count;
}

void ws_minhash_begin(struct ws_minhash *hash)
{
    const struct ws_minhash_ops *all[WS_MINHASH_SETS];
    hash->ops = all[ws_minhash_list(all) - 1];
    memset(hash->least, 0xFF, sizeof hash->least);
}

void ws_minhash_add(struct ws_minhash *hash, const uint32_t *features, size_t count)
{
    hash->ops->add(hash->least, features, count);
}

void ws_minhash_digest(const struct ws_minhash *hash, uint8_t out[WS_MINHASH_DIGEST])
{
    memset(out, 0, WS_MINHASH_DIGEST);
    for (size_t bit = 0; bit < 8 * WS_MINHASH_DIGEST; bit++) {
        const uint32_t value = hash->least[bit % WS_MINHASH_SIZE] >> (bit / WS_MINHASH_SIZE) & 1;
        out[bit / 8] |= (uint8_t)(value << (7 - bit % 8));
    }
}
