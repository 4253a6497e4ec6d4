/*
 * Items that are counts: Bernoulli's and Poisson's laws, exact. Type k is the count k. Contract:
 * tests/unit/test_count_law.c.
 */
#ifndef WS_DATA_COUNT_LAW_H
#define WS_DATA_COUNT_LAW_H

#include "data/dataset.h"

/* Types of a generator of Poisson's counts, and the most items of a set of them, which come one by
 * one from one sequence of 2^34 draws. */
#define WS_POISSON_TYPES (UINT32_C(1) << 31)
#define WS_POISSON_ITEMS (UINT64_C(1) << 28)

/* `count` >= 1 items of 0 and 1, which is 1 with probability p: one binomial count. WS_LIMIT over
 * 2^62 items. */
WS_MUST_CHECK enum ws_status ws_draw_bernoulli(double p, uint64_t count, struct ws_rng *rng,
                                               struct ws_arena *arena, struct ws_payload *out,
                                               struct ws_error *err);

/* `count` >= 1 items, each drawn, 0 <= mean < 2^32. WS_LIMIT over WS_POISSON_ITEMS; WS_NUMERIC when
 * a count is not below `types`. */
WS_MUST_CHECK enum ws_status ws_draw_poisson(double mean, uint32_t types, uint64_t count,
                                             struct ws_rng *rng, struct ws_arena *arena,
                                             struct ws_payload *out, struct ws_error *err);

#endif
