/*
 * The vector code: plain loops over rows and ranges that one thread runs on one piece of work.
 *
 * Three tables hold the same functions for the instruction sets of an x86-64 (elsewhere one):
 * they give the same bytes, so which one runs never shows. Private to compute/cpu/; contract:
 * tests/unit/test_compute_vector.c.
 */
#ifndef WS_COMPUTE_CPU_VECTOR_OPS_H
#define WS_COMPUTE_CPU_VECTOR_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/compute.h"

struct ws_vector_ops {
    const char *name;

    float (*row_max)(const float *x, size_t count);
    /* y[i] = exp((x[i] - max) * factor); the sum in double */
    double (*row_exp)(float *y, const float *x, float max, float factor, size_t count);
    /* With e[i] = exp(x[i] - max): sums[0] = sum of e, sums[1] = sum of e (x - max). */
    void (*row_sums)(double sums[2], const float *x, float max, size_t count);
    /* x = softmax(x * factor); gives the log of its sum. */
    float (*softmax)(float *x, float factor, size_t count);
    /* x = exp(x - log_sum) * scale */
    void (*loss_gradient)(float *x, float log_sum, float scale, size_t count);
    /* Attention's row: s becomes p f, where p = exp(s * scale - log_sum), and d becomes
     * p (f d - mean) * scale. factors f NULL: all 1. */
    void (*softmax_backward)(float *s, float *d, const float *factors, float scale, float log_sum,
                             float mean, size_t count);
    void (*multiply)(float *y, const float *a, const float *b, size_t count); /* y may be a */
};

extern const struct ws_vector_ops ws_vector_ops_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_vector_ops ws_vector_ops_avx2;
extern const struct ws_vector_ops ws_vector_ops_avx512;
#endif

/* The best for this processor. */
const struct ws_vector_ops *ws_vector_pick(void);

#endif
