/*
 * The two families of one parameter, the mean of counts: Bernoulli (types 0 and 1, and the mean is
 * the probability of 1) and Poisson (type k is the count k). The fit is the weighted mean of the
 * items, which is maximum likelihood in both.
 *
 * A Bernoulli sample of n items is one binomial count, exact; of a Poisson sample every item is
 * drawn. A mean of 0, for Bernoulli also of 1, gives itself for ever.
 *
 * Beside the discrete family with two types, which is the same under replace, Bernoulli honours
 * weights. Source of both: Suresh et al. 2024 (arXiv 2412.17646).
 *
 * Contract: tests/unit/test_families.c, test_mean_count.c. Stored form: docs/formats/mean_count.md.
 */
#ifndef WS_MODELS_MEAN_COUNT_H
#define WS_MODELS_MEAN_COUNT_H

#include "models/family.h"

struct ws_mean_count_model {
    struct ws_model base;
    uint32_t types; /* ids, which are the counts, are below it */
    double mean;
};

#endif
