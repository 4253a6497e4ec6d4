/*
 * What is known of items that have a target, their last coordinate: for metrics of regressions.
 *
 *   linear      inputs N(0, v I), target x w + noise; w is drawn for each seed
 *   two-class   inputs N(0, v I) round a centre for label 1, round its mirror image for label 0,
 * each equally likely; then some labels are the wrong ones
 */
#ifndef WS_DATA_LAW_REGRESSION_H
#define WS_DATA_LAW_REGRESSION_H

#include "data/law.h"

struct ws_linear_truth {
    uint32_t inputs;
    const double *weights; /* (inputs): w */
    double input_variance;
    double noise_variance;
};
/* NULL when the law is another, or NULL. */
const struct ws_linear_truth *ws_law_linear_truth(const struct ws_law *law);

struct ws_two_class_truth {
    uint32_t inputs;
    double centre; /* every coordinate of the centre of label 1 */
    double input_variance;
    double label_noise;
};
const struct ws_two_class_truth *ws_law_two_class_truth(const struct ws_law *law);

#endif
