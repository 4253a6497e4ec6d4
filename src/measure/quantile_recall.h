/*
 * Quantile recall: how much of the human tails a sample still reaches.
 *
 * Of each coordinate, the share of the sample's values below the q-quantile of the human ones, over
 * q: 1 is as many as humans, 0 is none, above 1 is more than there should be. And the same above
 * the (1 - q)-quantile. Both are means over coordinates. q = 1/20.
 *
 * Quantiles are those for which a new human value lies below with probability q exactly, whatever
 * its distribution: at place (n + 1) q of the order statistics, linearly between two (Hyndman and
 * Fan 1996, type 6). So the mean of either number is 1 for human samples, and at least
 * WS_QUANTILE_RECALL_LEAST values are needed.
 * Contract: tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_QUANTILE_RECALL_H
#define WS_MEASURE_QUANTILE_RECALL_H

#include "data/dataset.h"

enum {
    WS_TAIL_PARTS = 20, /* 1 / q */
    WS_QUANTILE_RECALL_LEAST = WS_TAIL_PARTS - 1,
};

/* Of the human side: (dimension) each. */
struct ws_tail_edges {
    uint32_t dimension;
    const double *low, *high;
};

struct ws_tails_reached {
    double low, high;
};

/* WS_INVALID below WS_QUANTILE_RECALL_LEAST vectors. */
WS_MUST_CHECK enum ws_status ws_tail_edges_of(const struct ws_dataset *human,
                                              struct ws_arena *arena, struct ws_tail_edges *out,
                                              struct ws_error *err);
/* `sample` has vectors of the same dimension, at least one. */
struct ws_tails_reached ws_tails_reached(const struct ws_tail_edges *edges,
                                         const struct ws_dataset *sample);

#endif
