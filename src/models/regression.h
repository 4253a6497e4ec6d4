/*
 * Linear regression: the target is x w plus normal noise. An item is a vector whose last coordinate
 * is the target, and where the inputs of a model's items come from is its design (models/design.h).
 * No intercept: an input that is always 1 is one.
 *
 * The fit minimises sum of weight (y - x w)^2 + ridge W |w|^2, W the sum of the weights: least
 * squares when ridge is 0, and then singular inputs are refused. The noise of the samples is known,
 * as in the loops of the literature (Dohmatob et al. 2024, Gerstgrasser et al. 2024), or estimated:
 * the weighted mean of squared residuals times n / (n - d), which is unbiased for least squares on
 * n items of equal weight and d inputs.
 *
 * The log density is that of the target, given the inputs.
 *
 * Contract: tests/unit/test_families.c, test_regression.c. Stored form: docs/formats/regression.md.
 */
#ifndef WS_MODELS_REGRESSION_H
#define WS_MODELS_REGRESSION_H

#include "models/design.h"
#include "models/family.h"

enum ws_regression_noise {
    WS_REGRESSION_KNOWN,
    WS_REGRESSION_ESTIMATED,
};

struct ws_regression_settings {
    struct ws_design design;
    double ridge;
    uint32_t noise;        /* enum ws_regression_noise */
    double known_variance; /* of the noise, when it is known */
};

struct ws_regression_model {
    struct ws_model base;
    uint32_t inputs;
    const double *weights; /* (inputs) */
    double variance;       /* of the noise */
};

#endif
