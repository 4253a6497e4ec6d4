/*
 * Where a model's vectors lie beside human ones: whether what it makes could be human, and whether
 * it could make what humans do.
 *
 * Every vector has a ball that reaches to its k-th nearest neighbour on its own side, k =
 * WS_SUPPORT_K; inside is strictly nearer.
 * - precision: share of the model's vectors in some human ball (Kynkaanniemi et al. 2019, arXiv
 *   1904.06991);
 * - recall: share of human vectors in some ball of the model;
 * - density: human balls that a vector of the model lies in, mean, over k (Naeem et al. 2020, arXiv
 *   2002.09797); may be above 1;
 * - coverage: share of human balls that hold a vector of the model.
 * - low_density: share of the model's vectors where human vectors are thinner than about all but
 *   5 % of them have it: whose k-th nearest human vector is at or beyond the 0.95 quantile
 *   (measure/summary.h) of the distances of human vectors to their k-th nearest other. Where
 *   several human vectors are just as far as the quantile (lattices, copies), a vector of the model
 *   that is, too, counts for that part of one for which the human share is 0.05. So for human
 *   vectors it is about 0.05. Below, the tail is lost; above, the model makes what is not human.
 *
 * A model that makes one human vector for ever has precision 1 and recall 0: exchanging the two
 * sides exchanges these. Contract: tests/unit/test_neighbours.c,
 * tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_SUPPORT_H
#define WS_MEASURE_SUPPORT_H

#include "measure/neighbours.h"

enum {
    WS_SUPPORT_K = 5,
    WS_SUPPORT_LEAST = 100, /* vectors of a side: 5 of 100 are the 5 % */
    WS_SUPPORT_MOST = 5000, /* vectors of a side that are looked at in runs */
};

/* The human side, made once. */
struct ws_support {
    struct ws_cloud human;
    const double *radius; /* (human.count) squared */
    double far;           /* squared: the 0.95 quantile */
    double far_weight;    /* of a vector that is just as far; 1 but for ties */
};

struct ws_support_kept {
    double precision, recall, density, coverage, low_density;
};

/* `human` stays the caller's. WS_INVALID below WS_SUPPORT_LEAST vectors; WS_NUMERIC where squares
 * of distances do not fit a double. */
WS_MUST_CHECK enum ws_status ws_support_of(const struct ws_cloud *human, unsigned threads,
                                           struct ws_arena *arena, struct ws_support *out,
                                           struct ws_error *err);
/* WS_INVALID also for vectors of another dimension. */
WS_MUST_CHECK enum ws_status ws_support_measure(const struct ws_support *support,
                                                const struct ws_cloud *model, unsigned threads,
                                                struct ws_arena *scratch,
                                                struct ws_support_kept *out, struct ws_error *err);

#endif
