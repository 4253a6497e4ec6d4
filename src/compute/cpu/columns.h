/*
 * Sums over rows, for gradients of what all rows share.
 *
 * Rows are summed in pieces whose sums are then added in order, so the bytes do not depend on
 * which thread took which. Private to compute/cpu/.
 */
#ifndef WS_COMPUTE_CPU_COLUMNS_H
#define WS_COMPUTE_CPU_COLUMNS_H

#include "compute/cpu/cpu_device.h"

/* out (width) += the sum of `pieces` rows at distance `stride`. */
void ws_add_partials(const struct ws_cpu *cpu, float *out, const float *partials, size_t pieces,
                     size_t stride, size_t width);
/* out (width) += the sum of the rows of x (rows, width). */
void ws_add_rows(struct ws_cpu *cpu, float *out, const float *x, size_t rows, size_t width);

#endif
