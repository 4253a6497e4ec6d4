/*
 * The known truth behind generated symbols: p(i) ~ (first / (first + i))^exponent, i = 0 .. types
 * - 1.
 *
 * It is a function, not a table: up to 2^32 types cost no memory, but for the first, the likeliest,
 * whose probabilities are kept to be quick. Contract: tests/unit/test_truth.c.
 */
#ifndef WS_DATA_TRUTH_H
#define WS_DATA_TRUTH_H

#include "base/sampler.h"
#include "data/dataset.h"

struct ws_truth {
    struct ws_zipf law;
    double sum;          /* of (first / (first + i))^exponent over all types */
    const double *table; /* (known) */
    size_t known;        /* p of the types below this is in the table */
};

/* types >= 1, exponent >= 0 (0: uniform), first > 0. The table, of at most 8 MiB, is in `arena`. */
WS_MUST_CHECK enum ws_status ws_truth_init(struct ws_truth *truth, uint32_t types, double exponent,
                                           double first, struct ws_arena *arena,
                                           struct ws_error *err);

double ws_truth_of(const struct ws_truth *truth, uint32_t type);

/* `count` >= 1 items as type counts, in `arena`. Beside them it needs memory for as many numbers as
 * there are items or types, whichever are fewer, and 2^20 at most if that is more. */
WS_MUST_CHECK enum ws_status ws_truth_draw(const struct ws_truth *truth, uint64_t count,
                                           struct ws_rng *rng, struct ws_arena *arena,
                                           struct ws_payload *out, struct ws_error *err);

#endif
