#include "measure/richness.h"

#include <math.h>

static const double NORMAL_975 = 1.959963984540054;

struct ws_richness ws_richness_of(const uint64_t *counts, size_t size)
{
    struct ws_richness r = {.types = size};
    for (size_t i = 0; i < size; i++) {
        r.items += counts[i];
        r.once += counts[i] == 1;
        r.twice += counts[i] == 2;
        r.squares += (double)counts[i] * (double)counts[i];
    }
    return r;
}

double ws_chao1(const struct ws_richness *r)
{
    double seen = (double)r->types, once = (double)r->once, twice = (double)r->twice;
    return seen + (r->twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2);
}

double ws_yule_k(const struct ws_richness *r)
{
    double items = (double)r->items;
    return 1e4 * (r->squares - items) / (items * items);
}

struct ws_missing_mass ws_missing_mass(const struct ws_richness *r)
{
    double items = (double)r->items, once = (double)r->once, twice = (double)r->twice;
    double estimate = once / items;
    double variance = (once * (items - once) + 2 * items * twice) / (items * items * items);
    double reach = variance > 0 ? NORMAL_975 * sqrt(variance) : NAN;
    struct ws_missing_mass mass = {estimate, estimate - reach, estimate + reach};
    if (mass.low < 0)
        mass.low = 0;
    if (mass.high > 1)
        mass.high = 1;
    return mass;
}
