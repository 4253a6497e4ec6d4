/*
 * The discrete family: a probability for each type that was seen, its share of the training data
 * (maximum likelihood). Sparse: cost and memory go with the types seen, not with the types there
 * are, and the counts of a training set of one payload are not copied. Resampled generation after
 * generation it is the neutral Wright-Fisher model.
 * Contract: tests/unit/test_families.c. Stored form: docs/formats/discrete.md.
 */
#ifndef WS_MODELS_DISCRETE_H
#define WS_MODELS_DISCRETE_H

#include "models/family.h"

struct ws_discrete_model {
    struct ws_model base;
    uint32_t types;        /* ids are below this */
    size_t size;           /* types with probability > 0 */
    const uint32_t *type;  /* (size), ascending */
    const uint64_t *count; /* (size): p = count / total */
    uint64_t total;
};

#endif
