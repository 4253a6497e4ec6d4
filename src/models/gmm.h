/*
 * Gaussian mixtures, fitted by expectation and maximisation, full covariances.
 *
 * What a setting means is what scikit-learn's GaussianMixture means by it: a fit begins with
 * k-means, itself begun by k-means++; an iteration is one look at the data and one new estimate;
 * it ends when the mean log likelihood of an item changes by less than `tolerance` or after
 * `iterations`; `floor` (reg_covar) is added to every variance of every component in every
 * iteration, so that it is a bound and also a push outwards; of several starts the likeliest fit is
 * kept. Three differences in the start: k-means++ draws one candidate a centre and not several, a
 * cluster that lost all its items keeps its centre, and the random numbers are others.
 *
 * A component that no item is close to keeps its mean, and has the floor for a covariance and next
 * to no weight. That is what becomes of components beyond the number of distinct points.
 *
 * Weights of items multiply their log likelihoods; the mean is over weights. A fit fails
 * (WS_NUMERIC) where a covariance is singular, which takes a floor of 0 or one below the rounding
 * of the data, and where sums overflow.
 *
 * A sample draws the component of each item from item 1 of the key and its normals from item 0.
 *
 * Contract: tests/unit/test_gmm.c (against plain formulas, and against scikit-learn's numbers),
 * tests/unit/test_families.c. Stored form: docs/formats/gmm.md.
 */
#ifndef WS_MODELS_GMM_H
#define WS_MODELS_GMM_H

#include "models/family.h"

enum { WS_GMM_COMPONENTS_LIMIT = 4096, WS_GMM_DIMENSION_LIMIT = 1024 };

struct ws_gmm_settings {
    uint64_t components;
    double tolerance;    /* nats an item */
    uint64_t iterations; /* at most, of each start */
    uint64_t starts;
    double floor; /* added to variances */
};

struct ws_gmm {
    uint32_t components;
    uint32_t dimension;
    uint32_t iterations;   /* of the start that was kept */
    bool converged;        /* it ended by tolerance */
    double log_likelihood; /* mean of an item, before the last iteration's new estimate */
    double *weights;       /* (components), above 0, sum 1 */
    double *means;         /* (components, dimension) */
    double *covariances;   /* (components, dimension, dimension), positive definite */
};

struct ws_gmm_model {
    struct ws_model base;
    struct ws_gmm mixture;
};

#endif
