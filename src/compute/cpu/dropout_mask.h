/*
 * Which elements dropout keeps: the law at struct ws_dropout. Private to compute/cpu/.
 */
#ifndef WS_COMPUTE_CPU_DROPOUT_MASK_H
#define WS_COMPUTE_CPU_DROPOUT_MASK_H

#include "compute/compute.h"
#include "compute/cpu/vector/vector_ops.h"

/* What element `number` is multiplied by: 0, or 1 / (1 - p). */
float ws_dropout_factor(const struct ws_dropout *dropout, uint64_t number);
/* Those of elements first, first + 1, ..., many at once. */
void ws_dropout_factors(const struct ws_vector_ops *vector, float *factors,
                        const struct ws_dropout *dropout, uint64_t first, size_t count);

static inline bool ws_dropout_is_on(const struct ws_dropout *dropout)
{
    return dropout && dropout->p > 0;
}

#endif
