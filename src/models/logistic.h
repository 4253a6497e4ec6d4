/*
 * Logistic regression: the label, 0 or 1, is 1 with probability 1 / (1 + exp(-x w)). An item is a
 * vector whose last coordinate is the label, and where the inputs of a model's items come from is
 * its design (models/design.h). No intercept: an input that is always 1 is one.
 *
 * The fit minimises sum of weight log(1 + exp(-side x w)) + ridge W |w|^2 / 2, side 1 or -1 and W
 * the sum of the weights, by Newton's method with steps halved until they lead downwards; the
 * matrix of each step is factorised by Cholesky. It ends when a step promises less than 1e-12 of
 * mean loss and moves no item's x w by more than 1e-6. Without a ridge there is no minimum when a
 * plane through 0 has every item on its side or on itself: that is found and refused.
 *
 * Labels are drawn, or the likelier one is taken, as where a classifier labels data for the next
 * (Feng et al. 2024).
 *
 * The log density is that of the label, given the inputs.
 *
 * Contract: tests/unit/test_families.c, test_logistic.c. Stored form: docs/formats/logistic.md.
 */
#ifndef WS_MODELS_LOGISTIC_H
#define WS_MODELS_LOGISTIC_H

#include "models/design.h"
#include "models/family.h"

enum ws_logistic_labels {
    WS_LOGISTIC_DRAWN,
    WS_LOGISTIC_LIKELIEST, /* 1 where x w is 0 */
};

struct ws_logistic_settings {
    struct ws_design design;
    double ridge;
    uint32_t labels; /* enum ws_logistic_labels */
};

struct ws_logistic_model {
    struct ws_model base;
    uint32_t inputs;
    const double *weights; /* (inputs) */
};

#endif
