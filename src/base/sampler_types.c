/* Counts of many types at once. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

/* How many of n go to `part` when the others go to `rest`; part + rest > 0. */
static uint64_t split(struct ws_rng *rng, uint64_t n, double part, double rest)
{
    double whole = part + rest;
    if (part <= rest)
        return ws_sample_binomial(rng, n, part / whole);
    return n - ws_sample_binomial(rng, n, rest / whole);
}

/* `out` first holds, as doubles, the weight of all types after each, so that the last type with a
 * weight is given exactly what is left. */
void ws_sample_multinomial(struct ws_rng *rng, uint64_t n, const double *weights, size_t types,
                           uint64_t *out)
{
    double rest = 0;
    for (size_t i = types; i-- > 0;) {
        memcpy(&out[i], &rest, sizeof rest);
        rest += weights[i];
    }
    assert(rest > 0 && isfinite(rest));
    for (size_t i = 0; i < types; i++) {
        memcpy(&rest, &out[i], sizeof rest);
        out[i] = n > 0 ? split(rng, n, weights[i], rest) : 0;
        n -= out[i];
    }
}

/* So many types are dealt with together. Items for a block that gets few of them are placed one by
 * one: that takes a search in the block's running sums, a binomial for each type several times as
 * long. */
enum { BLOCK = 64, FEW_ITEMS_PER_TYPE = 8 };

static uint64_t sum(const uint64_t *values, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i];
    return total;
}

/* How many of the `BLOCK` ascending sums are at most `place`: the type it falls on. Written so that
 * nothing branches on a random number. */
static inline size_t find(const uint64_t sums[BLOCK], uint64_t place)
{
    size_t at = 0;
    for (size_t half = BLOCK / 2; half > 0; half /= 2)
        at += sums[at + half - 1] <= place ? half : 0;
    return at;
}

static void place_items(struct ws_rng *rng, uint64_t n, const uint64_t *weights, size_t types,
                        uint64_t *out)
{
    uint64_t sums[BLOCK];
    uint64_t total = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        total += i < types ? weights[i] : 0;
        sums[i] = total;
    }
    for (uint64_t item = 0; item < n; item++)
        out[find(sums, ws_rng_below(rng, total))]++;
}

static void split_by_type(struct ws_rng *rng, uint64_t n, const uint64_t *weights, size_t types,
                          uint64_t *out)
{
    uint64_t rest = sum(weights, types);
    for (size_t i = 0; i < types && n > 0; i++) {
        rest -= weights[i];
        out[i] = split(rng, n, (double)(int64_t)weights[i], (double)(int64_t)rest);
        n -= out[i];
    }
}

void ws_sample_multinomial_counts(struct ws_rng *rng, uint64_t n, const uint64_t *weights,
                                  size_t types, uint64_t *out)
{
    uint64_t rest = sum(weights, types);
    assert(rest > 0);
    memset(out, 0, types * sizeof *out);
    for (size_t start = 0; start < types && n > 0; start += BLOCK) {
        size_t size = types - start < BLOCK ? types - start : BLOCK;
        uint64_t here = sum(weights + start, size);
        rest -= here;
        uint64_t items = split(rng, n, (double)(int64_t)here, (double)(int64_t)rest);
        if (items > FEW_ITEMS_PER_TYPE * size)
            split_by_type(rng, items, weights + start, size, out + start);
        else
            place_items(rng, items, weights + start, size, out + start);
        n -= items;
    }
}

void ws_sample_multivariate_hypergeometric(struct ws_rng *rng, uint64_t draws,
                                           const uint64_t *counts, size_t types, uint64_t *out)
{
    uint64_t rest = sum(counts, types);
    assert(draws <= rest);
    for (size_t i = 0; i < types; i++) {
        rest -= counts[i];
        out[i] = ws_sample_hypergeometric(rng, counts[i], rest, draws);
        draws -= out[i];
    }
}
