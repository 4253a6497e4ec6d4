/* Counts of many types at once. */
#include <assert.h>
#include <math.h>
#include <stdbool.h>
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

/* So many types are dealt with together: what is needed of them lies in the nearest cache. Items
 * for a block that gets few of them are placed one by one, a matter of 3 ns; a binomial for each
 * type takes 50 to 100. */
enum { BLOCK = WS_TYPE_BLOCK, FEW_ITEMS_PER_TYPE = 16 };

static uint64_t sum(const uint64_t *values, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i];
    return total;
}

/*
 * From places, whole numbers below the sum of the weights of a block, to types. Places come in
 * parts of 2^shift; `first` says which type the first place of a part falls on. The shift is 0 as
 * long as there is room for a part a place, and then the part is the type. Otherwise a type ends at
 * its `end`, and one or two steps lead from the first type of a part to that of a place in it.
 */
enum { PARTS = 4 * BLOCK, STRIDE = 8 };

struct map {
    uint64_t total;
    unsigned shift;
    uint16_t first[PARTS + STRIDE]; /* STRIDE more, see fill_map */
    uint64_t end[BLOCK];            /* when shift > 0 */
};

static unsigned shift_for(uint64_t total, size_t types)
{
    unsigned shift = 0;
    while (total >> shift >= 4 * types)
        shift++;
    return shift;
}

/* Most types have few parts: STRIDE are written whatever their number, for a branch on it would be
 * mispredicted half of the time, and the next types write over what is too much. */
static void fill_map(struct map *map, const uint64_t *weights, size_t types, uint64_t total)
{
    map->total = total;
    map->shift = shift_for(total, types);
    uint64_t mask = (UINT64_C(1) << map->shift) - 1;
    uint64_t end = 0, part = 0;
    for (size_t i = 0; i < types; i++) {
        end += weights[i];
        map->end[i] = end;
        uint64_t next = (end + mask) >> map->shift;
        for (size_t k = 0; k < STRIDE; k++)
            map->first[part + k] = (uint16_t)i;
        for (uint64_t k = part + STRIDE; k < next; k++)
            map->first[k] = (uint16_t)i;
        part = next;
    }
}

static inline size_t type_at(const struct map *map, uint64_t place)
{
    size_t type = map->first[place >> map->shift];
    while (map->end[type] <= place)
        type++;
    return type;
}

/* As ws_rng_below, which would work out the surplus (2^32 mod bound) for many a draw. */
static inline uint32_t below(struct ws_rng *rng, uint32_t bound, uint32_t surplus)
{
    uint64_t product = (uint64_t)ws_rng_u32(rng) * bound;
    while ((uint32_t)product < surplus)
        product = (uint64_t)ws_rng_u32(rng) * bound;
    return (uint32_t)(product >> 32);
}

static void place_items(struct ws_rng *rng, uint64_t n, const struct map *map, uint64_t *out)
{
    if (map->shift == 0) {
        uint32_t bound = (uint32_t)map->total, surplus = (0U - bound) % bound;
        for (uint64_t item = 0; item < n; item++)
            out[map->first[below(rng, bound, surplus)]]++;
    } else {
        for (uint64_t item = 0; item < n; item++)
            out[type_at(map, ws_rng_below(rng, map->total))]++;
    }
}

static void split_by_type(struct ws_rng *rng, uint64_t n, const uint64_t *weights, size_t types,
                          uint64_t total, uint64_t *out)
{
    uint64_t rest = total;
    for (size_t i = 0; i < types && n > 0; i++) {
        rest -= weights[i];
        out[i] = split(rng, n, (double)(int64_t)weights[i], (double)(int64_t)rest);
        n -= out[i];
    }
}

size_t ws_multinomial_next(struct ws_multinomial *it, uint64_t *out)
{
    if (it->n == 0 || it->types == 0)
        return 0;
    size_t size = it->types < BLOCK ? it->types : BLOCK;
    uint64_t here = sum(it->weights, size);
    it->rest -= here;
    uint64_t items = split(it->rng, it->n, (double)(int64_t)here, (double)(int64_t)it->rest);
    memset(out, 0, size * sizeof *out);
    if (items > FEW_ITEMS_PER_TYPE * size) {
        split_by_type(it->rng, items, it->weights, size, here, out);
    } else if (items > 0) {
        struct map map;
        fill_map(&map, it->weights, size, here);
        place_items(it->rng, items, &map, out);
    }
    it->n -= items;
    it->weights += size;
    it->types -= size;
    return size;
}

void ws_sample_multinomial_counts(struct ws_rng *rng, uint64_t n, const uint64_t *weights,
                                  size_t types, uint64_t *out)
{
    struct ws_multinomial it = {rng, weights, types, n, sum(weights, types)};
    assert(it.rest > 0);
    size_t done = 0;
    for (size_t size; (size = ws_multinomial_next(&it, out + done)) > 0;)
        done += size;
    memset(out + done, 0, (types - done) * sizeof *out);
}

/* Items of a block without replacement, from the left end of a random order of its places, which is
 * made only as far as it is needed. The map gives a part to each place. */
static void take_items(struct ws_rng *rng, uint64_t n, struct map *map, uint64_t *out)
{
    for (uint64_t item = 0; item < n; item++) {
        uint64_t place = item + ws_rng_below(rng, map->total - item);
        uint16_t type = map->first[place];
        map->first[place] = map->first[item];
        out[type]++;
    }
}

static void take_by_type(struct ws_rng *rng, uint64_t n, const uint64_t *counts, size_t types,
                         uint64_t total, uint64_t *out)
{
    uint64_t rest = total;
    for (size_t i = 0; i < types; i++) {
        rest -= counts[i];
        out[i] = ws_sample_hypergeometric(rng, counts[i], rest, n);
        n -= out[i];
    }
}

/* Of a block: item by item those that are taken, or those that stay when they are fewer. */
static void take_of_block(struct ws_rng *rng, uint64_t n, const uint64_t *counts, size_t types,
                          uint64_t total, uint64_t *out)
{
    if (shift_for(total, types) > 0) {
        take_by_type(rng, n, counts, types, total, out);
        return;
    }
    struct map map;
    fill_map(&map, counts, types, total);
    memset(out, 0, types * sizeof *out);
    bool most = n > total - n;
    take_items(rng, most ? total - n : n, &map, out);
    for (size_t i = 0; most && i < types; i++)
        out[i] = counts[i] - out[i];
}

void ws_sample_multivariate_hypergeometric(struct ws_rng *rng, uint64_t draws,
                                           const uint64_t *counts, size_t types, uint64_t *out)
{
    uint64_t rest = sum(counts, types);
    assert(draws <= rest);
    for (size_t start = 0; start < types; start += BLOCK) {
        size_t size = types - start < BLOCK ? types - start : BLOCK;
        uint64_t here = sum(counts + start, size);
        rest -= here;
        uint64_t taken = ws_sample_hypergeometric(rng, here, rest, draws);
        take_of_block(rng, taken, counts + start, size, here, out + start);
        draws -= taken;
    }
}
