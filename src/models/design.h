/*
 * The inputs of the items that a regression makes.
 *
 * An item is a vector whose last coordinate is the target; the others are its inputs, x. A model
 * says what the target is, given x, but not where x comes from: that is the design.
 *
 * Fixed: item i has the inputs of item i mod n of the chain's original data, n their number, as in
 * the published code of Kazdan et al. 2024. Each output is one more set of targets for the same
 * inputs, so under accumulate every input stands in the pool once for each output, and least
 * squares on the pool is the mean of those on each output: the pi^2 / 6 of Gerstgrasser et al.
 * 2024.
 *
 * Fresh: independent normals of mean 0, or, for two classes, round a centre or the centre mirrored
 * at 0, each equally likely.
 *
 * Contract: tests/unit/test_regression.c, test_logistic.c.
 */
#ifndef WS_MODELS_DESIGN_H
#define WS_MODELS_DESIGN_H

#include "data/dataset.h"

enum ws_design_kind {
    WS_DESIGN_FIXED,
    WS_DESIGN_FRESH,
};

struct ws_design {
    uint32_t kind;     /* enum ws_design_kind */
    double variance;   /* fresh: of every input */
    double separation; /* fresh: of the centres from 0; the same in every coordinate */
};

/* An item has a target and at least one input. */
enum { WS_DESIGN_DIMENSION_LEAST = 2, WS_DESIGN_DIMENSION_LIMIT = 4096 };

/* WS_INVALID names the family. */
WS_MUST_CHECK enum ws_status ws_design_check(const char *family, const struct ws_dataset *example,
                                             struct ws_error *err);

/* The inputs of `count` items of `dimension` numbers, and in place of each target a standard normal
 * for the noise. Fresh inputs and noise are normals in order of item 0 of `key`, sides of 0 bits of
 * item 1. `original`: the chain's, NULL when there is none; its dimension is the same (asserted).
 * WS_INVALID when the design is fixed and there is none; WS_LIMIT over 2^32 numbers. */
WS_MUST_CHECK enum ws_status ws_design_draw(const struct ws_design *design,
                                            const struct ws_dataset *original, uint64_t count,
                                            uint32_t dimension, struct ws_rng_key key,
                                            struct ws_arena *arena, double **out,
                                            struct ws_error *err);

#endif
