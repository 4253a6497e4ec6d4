#include "compute/cpu/dropout_mask.h"

#include <assert.h>

/* Words below it are dropped. p < 1. */
static uint32_t threshold(const struct ws_dropout *dropout)
{
    assert(dropout->p >= 0 && dropout->p < 1);
    return (uint32_t)((double)dropout->p * 0x1p32);
}

static uint64_t item_of(const struct ws_dropout *dropout, uint64_t block)
{
    return (uint64_t)dropout->site << 32 | block >> 32;
}

float ws_dropout_factor(const struct ws_dropout *dropout, uint64_t number)
{
    uint64_t block = number / 4, item = item_of(dropout, block);
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)item, (uint32_t)(item >> 32),
                                 dropout->key.generation};
    uint32_t words[4];
    ws_philox(counter, dropout->key.word, words);
    return words[number % 4] >= threshold(dropout) ? 1 / (1 - dropout->p) : 0;
}

/* Starts a sequence of draws at `block`, which the generator's own numbering allows. */
static void seek(struct ws_rng *rng, const struct ws_dropout *dropout, uint64_t block)
{
    ws_rng_init(rng, dropout->key, item_of(dropout, block));
    rng->block = (uint32_t)block;
}

void ws_dropout_factors(float *factors, const struct ws_dropout *dropout, uint64_t first,
                        size_t count)
{
    uint32_t least = threshold(dropout);
    float kept = 1 / (1 - dropout->p);
    struct ws_rng rng;
    seek(&rng, dropout, first / 4);
    for (uint64_t skip = first % 4; skip > 0; skip--)
        (void)ws_rng_u32(&rng);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = first + i;
        if (number % (UINT64_C(1) << 34) == 0)
            seek(&rng, dropout, number / 4);
        factors[i] = ws_rng_u32(&rng) >= least ? kept : 0;
    }
}
