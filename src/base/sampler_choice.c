/* Choosing among things: categories, orders, subsets. */
#include <assert.h>
#include <string.h>

#include "base/sampler.h"

size_t ws_sample_categorical(struct ws_rng *rng, const double *cumulative, size_t types)
{
    assert(types > 0 && cumulative[types - 1] > 0);
    double place = ws_rng_uniform(rng) * cumulative[types - 1];
    size_t low = 0, high = types - 1; /* the answer lies in low .. high */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cumulative[middle] > place)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE Trans.
 * Softw. Eng. 17 (1991). `work` holds two stacks: columns with too little from the left, with
 * enough or more from the right. */
void ws_alias_init(struct ws_alias *alias, const double *weights, size_t types, double *keep,
                   uint32_t *other, uint32_t *work)
{
    assert(types > 0 && types <= UINT32_MAX);
    double sum = 0;
    for (size_t i = 0; i < types; i++)
        sum += weights[i];
    assert(sum > 0);
    size_t small = 0, large = types; /* the stacks are work[0 .. small) and work[large .. types) */
    for (size_t i = 0; i < types; i++) {
        keep[i] = weights[i] / sum * (double)types;
        other[i] = (uint32_t)i;
        if (keep[i] < 1)
            work[small++] = (uint32_t)i;
        else
            work[--large] = (uint32_t)i;
    }
    while (small > 0 && large < types) {
        uint32_t taker = work[--small];
        uint32_t giver = work[large];
        other[taker] = giver;
        keep[giver] = keep[giver] + keep[taker] - 1;
        if (keep[giver] < 1) {
            large++;
            work[small++] = giver;
        }
    }
    /* Whoever is left has 1 but for rounding, and itself as the other. */
    *alias = (struct ws_alias){types, keep, other};
}

size_t ws_alias_sample(const struct ws_alias *alias, struct ws_rng *rng)
{
    size_t column = ws_rng_below(rng, alias->types);
    return ws_rng_uniform(rng) < alias->keep[column] ? column : alias->other[column];
}

void ws_sample_permutation(struct ws_rng *rng, uint32_t *values, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t chosen = ws_rng_below(rng, left);
        uint32_t value = values[chosen];
        values[chosen] = values[left - 1];
        values[left - 1] = value;
    }
}

static uint64_t bit_of(uint64_t number)
{
    return UINT64_C(1) << (number % 64);
}

/* Floyd: for each number j of the last `draws`, take a random one up to j, or j if it was taken
 * (Bentley and Floyd, "A sample of brilliance", CACM 30, 1987). */
void ws_sample_subset(struct ws_rng *rng, uint64_t count, uint64_t draws, uint64_t *bitmap,
                      uint32_t *out)
{
    assert(draws <= count && count <= UINT64_C(1) << 32);
    memset(bitmap, 0, (count + 63) / 64 * sizeof *bitmap);
    for (uint64_t j = count - draws; j < count; j++) {
        uint64_t chosen = ws_rng_below(rng, j + 1);
        if (bitmap[chosen / 64] & bit_of(chosen))
            chosen = j;
        bitmap[chosen / 64] |= bit_of(chosen);
    }
    for (uint64_t word = 0; word < (count + 63) / 64; word++)
        for (uint64_t bits = bitmap[word]; bits; bits &= bits - 1)
            *out++ = (uint32_t)(64 * word + (uint64_t)__builtin_ctzll(bits));
}
