/*
 * The names of the functions of one instruction set, and the table made of them.
 *
 * WS_VECTOR_SET is baseline, avx2 or avx512, said by the build. Private to compute/cpu/vector/.
 */
#ifndef WS_COMPUTE_CPU_VECTOR_FUNCTIONS_H
#define WS_COMPUTE_CPU_VECTOR_FUNCTIONS_H

#include "compute/cpu/vector/vector_ops.h"

#define VECTOR_PASTE(name, set) ws_vector_##name##_##set
#define VECTOR_NAME(name, set)  VECTOR_PASTE(name, set)
#define VECTOR(name)            VECTOR_NAME(name, WS_VECTOR_SET)

float VECTOR(row_max)(const float *x, size_t count);
double VECTOR(row_exp)(float *y, const float *x, float max, float factor, size_t count);
void VECTOR(row_sums)(double sums[2], const float *x, float max, size_t count);
float VECTOR(softmax)(float *x, float factor, size_t count);
void VECTOR(scale)(float *x, float factor, size_t count);
void VECTOR(softmax_backward)(float *s, float *d, const float *factors, float scale, float log_sum,
                              float mean, size_t count);
float VECTOR(dot)(const float *a, const float *b, size_t count);
void VECTOR(multiply)(float *y, const float *a, const float *b, size_t count);
void VECTOR(activation)(float *y, const float *x, enum ws_activation kind, size_t count);
void VECTOR(activation_backward)(float *dx, const float *dy, const float *x,
                                 enum ws_activation kind, size_t count);
void VECTOR(gate)(float *y, const float *gate, const float *up, enum ws_activation kind,
                  size_t count);
void VECTOR(gate_backward)(float *dgate, float *dup, const float *dy, const float *gate,
                           const float *up, enum ws_activation kind, size_t count);
void VECTOR(norm)(float *y, float *sum, float stats[2], const float *x, const float *addend,
                  const float *weight, const float *bias, const struct ws_norm_shape *shape);
void VECTOR(norm_backward)(float *dx, float *dweight, float *dbias, const float *dy, const float *x,
                           const float stats[2], const float *weight,
                           const struct ws_norm_shape *shape, bool add_input);
void VECTOR(attend)(float *y, float *p, const struct ws_attend *a);
void VECTOR(rotate)(float *a, float *b, const float *cosines, const float *sines, bool inverse,
                    size_t count);
void VECTOR(small_product)(const struct ws_small_product *p);
void VECTOR(transpose)(float *out, size_t out_stride, const float *in, size_t in_stride,
                       size_t rows, size_t columns);
void VECTOR(add)(float *y, const float *a, const float *b, size_t count);
void VECTOR(dropout_factors)(float *factors, const struct ws_dropout_draws *draws);
double VECTOR(sum_squares)(const float *x, size_t count);
void VECTOR(adamw)(float *weight, float *first, float *second, const float *gradient,
                   const struct ws_adamw_step *step, size_t count);

#endif
