/*
 * Exact samplers of the usual distributions. Every draw comes from the caller's ws_rng.
 *
 * "Exact" means that the only error is that of double arithmetic: no normal approximation of a
 * binomial, no tail cut short but by the 53 or 64 bits of a draw. Each function names its method.
 * How many 32-bit draws one value takes varies, so give each item its own ws_rng where items must
 * be independent of one another's methods. Parameters out of range are programmer mistakes and are
 * asserted. Contract: tests/unit/test_sampler*.c (Kolmogorov-Smirnov or chi-squared at fixed
 * seeds).
 */
#ifndef WS_BASE_SAMPLER_H
#define WS_BASE_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

/* No count drawn from is larger, nor a sum of them: offsets from it stay in int64_t. */
#define WS_SAMPLE_MAX (UINT64_C(1) << 62)

/* Two from each whole block that nothing was drawn of (base/draw.h). In pieces of even size it is
 * the same sequence. */
void ws_sample_normals(struct ws_rng *rng, double mean, double deviation, double *out,
                       size_t count);
double ws_sample_exponential(struct ws_rng *rng);                      /* rate 1 */
double ws_sample_gamma(struct ws_rng *rng, double shape);              /* shape > 0, scale 1 */
uint64_t ws_sample_poisson(struct ws_rng *rng, double mean);           /* 0 <= mean <= 2^62 */
uint64_t ws_sample_binomial(struct ws_rng *rng, uint64_t n, double p); /* 0 <= p <= 1 */

/* How many of `draws` items, taken without replacement from `good` + `bad`, are good. */
uint64_t ws_sample_hypergeometric(struct ws_rng *rng, uint64_t good, uint64_t bad, uint64_t draws);

/* out[i], i < types, sums to n: conditional binomials over weights that need not be normalised
 * (each >= 0, at least one > 0, their sum finite). `out` does not overlap the weights. */
void ws_sample_multinomial(struct ws_rng *rng, uint64_t n, const double *weights, size_t types,
                           uint64_t *out);
/* The same over integer weights, exact in the weights: binomials over blocks of types, and inside
 * a block item by item or type by type. Their sum is at most WS_SAMPLE_MAX. The iterator gives the
 * counts of the next types, of a block at a time, and how many types these are; 0 when all have
 * their counts or all that are left have none. It begins with `rest` the sum of all weights. */
enum { WS_TYPE_BLOCK = 2048 };
struct ws_multinomial {
    struct ws_rng *rng;
    const uint64_t *weights; /* (types), of those that are left */
    size_t types;
    uint64_t n;    /* items that are left */
    uint64_t rest; /* weight that is left */
};
size_t ws_multinomial_next(struct ws_multinomial *it, uint64_t *out /* (WS_TYPE_BLOCK) */);
void ws_sample_multinomial_counts(struct ws_rng *rng, uint64_t n, const uint64_t *weights,
                                  size_t types, uint64_t *out);

/* out[i] of colour i, `draws` in all, taken without replacement; draws <= the sum of counts. */
void ws_sample_multivariate_hypergeometric(struct ws_rng *rng, uint64_t draws,
                                           const uint64_t *counts, size_t types, uint64_t *out);

/* One index with probability proportional to its weight. `cumulative` holds running sums, the last
 * one > 0: a binary search. For many draws from one distribution use the alias table. */
size_t ws_sample_categorical(struct ws_rng *rng, const double *cumulative, size_t types);

/* Walker's alias table in Vose's form: O(types) to build, O(1) a draw. The arrays are the caller's
 * and hold `types` entries each; types < 2^32. */
struct ws_alias {
    size_t types;
    double *keep;    /* probability of staying in a column */
    uint32_t *other; /* where to go otherwise */
};
void ws_alias_init(struct ws_alias *alias, const double *weights, size_t types, double *keep,
                   uint32_t *other, uint32_t *work /* types entries, free afterwards */);
size_t ws_alias_sample(const struct ws_alias *alias, struct ws_rng *rng);

/* A rank below `types`, k with probability proportional to (first / (first + k))^exponent, first >
 * 0 and exponent >= 0: rejection-inversion, without a table. The mass is the integral of that from
 * 0 to x >= -1/2. */
struct ws_zipf {
    uint32_t types;
    double exponent, first;
    double low, high; /* where its points lie */
    double sure;      /* no point that falls so little below its rank is rejected */
};
void ws_zipf_init(struct ws_zipf *zipf, uint32_t types, double exponent, double first);
uint32_t ws_sample_zipf(const struct ws_zipf *zipf, struct ws_rng *rng);
double ws_zipf_mass(const struct ws_zipf *zipf, double x);

/* A uniformly random order of the `count` values in place (Fisher-Yates). */
void ws_sample_permutation(struct ws_rng *rng, uint32_t *values, size_t count);

/* `draws` distinct numbers below `count` in ascending order, every subset equally likely (Floyd,
 * over a bitmap). `bitmap` holds (count + 63) / 64 words of any content. */
void ws_sample_subset(struct ws_rng *rng, uint64_t count, uint64_t draws, uint64_t *bitmap,
                      uint32_t *out);

#endif
