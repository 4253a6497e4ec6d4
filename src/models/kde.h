/*
 * Kernel density estimates: a Gaussian on each item of the training data, all of one width.
 *
 * The width (bandwidth) h is the deviation of every kernel in every coordinate: fixed, or by
 * Scott's rule n^(-1/(d + 4)) or Silverman's (n (d + 2) / 4)^(-1/(d + 4)), found anew at each fit.
 * These are scikit-learn's KernelDensity, which the literature of collapse used. scipy's
 * gaussian_kde has the same two numbers and multiplies the data's covariance by their squares, so
 * that its kernels shrink and stretch with the data; under it a chain would keep its shape, under
 * this one it grows by h^2 in each coordinate a generation.
 *
 * Kernels of no width are the items themselves, drawn again (Efron 1979's bootstrap): what they
 * have is no density, and its logarithm counts as -infinity.
 *
 * Weights of items weigh kernels. The rules then count items as scipy does: n is (sum w)^2 / sum
 * w^2 (Kish), which is their number when they weigh the same.
 *
 * The model is a copy of its training data. A sample draws the kernel of each item from
 * item 1 of the key and its normals from item 0. A log density compares every item with every
 * kernel, in doubles, and leaves none out.
 *
 * Fitted to a population, kernels stand on the truth's modes: those of a mixture of Gaussians, and
 * of kernels on it, are one kernel each, as wide as both together. A rule's width of items without
 * end is 0. So there every segment has a variance of its own.
 *
 * Contract: tests/unit/test_kde.c, tests/unit/test_families.c. Stored form: docs/formats/kde.md.
 */
#ifndef WS_MODELS_KDE_H
#define WS_MODELS_KDE_H

#include "models/family.h"

enum ws_kde_rule {
    WS_KDE_FIXED,
    WS_KDE_SCOTT,
    WS_KDE_SILVERMAN,
    WS_KDE_NONE,
};

enum { WS_KDE_DIMENSION_LIMIT = 1024 };

struct ws_kde_settings {
    uint32_t rule; /* enum ws_kde_rule */
    double bandwidth;
};

struct ws_kde_model {
    struct ws_model base;
    double bandwidth;        /* 0 or more */
    struct ws_dataset data;  /* what it was fitted on; modes of a population */
    const double *variances; /* of kernels, (segments of data), above 0; NULL: bandwidth squared */
};

#endif
