/*
 * MAUVE: the area under the divergence curve of two samples of texts (Pillutla et al. 2021, arXiv
 * 2102.01454; 2023, JMLR 24). 1: alike; near 0: nothing in common.
 *
 * Texts become points: hashed counts of their 1- and 2-grams, of length 1. The points of both sides
 * are clustered together, and the two histograms over clusters, half an item added to each cell
 * (MAUVE*, Krichevsky and Trofimov), are compared: every mixture r = w p + (1 - w) q gives a point
 * (exp(-5 KL(q | r)), exp(-5 KL(p | r))) of a curve from (1, 0) to (0, 1).
 * Contract: tests/unit/test_metric_text.c.
 */
#ifndef WS_MEASURE_MAUVE_H
#define WS_MEASURE_MAUVE_H

#include "data/dataset.h"

enum {
    WS_MAUVE_DIMENSION = 128, /* of a text's point */
    WS_MAUVE_ITEMS = 5000,    /* of a side that are looked at */
    WS_MAUVE_LEAST = 20,      /* of a side, in runs: of fewer there are no two clusters of ten */
    WS_MAUVE_WEIGHTS = 25,    /* 0, 1/24 .. 1 */
    WS_MAUVE_SCALE = 5,
};

/* The area for two distributions over `size` cells. Cells of probability 0 are fine. */
double ws_mauve_area(const double *p, const double *q, size_t size);

/* The points of the first `count` items, (count, WS_MAUVE_DIMENSION): the sum over 1- and 2-grams
 * of +1 or -1 in one coordinate, both by a hash (Weinberger et al. 2009), scaled to length 1. On
 * average inner products are those of the counts themselves. */
void ws_mauve_points(const struct ws_dataset *texts, uint64_t count, float *out);

/* MAUVE* of two sides of `count` >= 1 points each, one side after the other, in max(2, count / 10)
 * clusters. k-means starts from (key, item); any number of threads >= 1 gives the same. */
WS_MUST_CHECK enum ws_status ws_mauve(const float *points, uint64_t count, struct ws_rng_key key,
                                      uint64_t item, unsigned threads, struct ws_arena *scratch,
                                      double *out, struct ws_error *err);

#endif
