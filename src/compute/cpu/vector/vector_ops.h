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

/* struct ws_adamw as the loop wants it. */
struct ws_adamw_step {
    float rate, decay, epsilon, scale;
    float beta1, beta2;
    float rest1, rest2;       /* 1 - beta */
    float inverse1, inverse2; /* 1 / (1 - beta^step) */
};

/* 64 elements of dropout from a multiple of 64 on: the Philox counter of the first block, the key,
 * and the law of a word. */
struct ws_dropout_draws {
    uint32_t counter[4];
    uint32_t key[2];
    uint32_t least; /* that is kept */
    float kept;     /* the factor then */
};

/* Some heads of one token that looks back: y = sum over j of softmax(scale q . k_j) v_j, `group`
 * queries to a key head. Position j's heads lie j * stride behind those of position 0. */
struct ws_attend {
    const float *queries; /* (kv_heads * group, size) */
    const float *keys;    /* (kv_heads, size) at each position */
    const float *values;
    size_t positions, stride, kv_heads, group, size;
    float scale;
};

/* c (rows, columns) = a b, or c + a b: a product of matrices that lie in the cache. Number (i, k)
 * of a is at i * a_row + k * a_step. Each sum goes through k in order. */
struct ws_small_product {
    float *c;
    const float *a, *b;
    size_t c_stride, a_row, a_step, b_stride;
    size_t rows, columns, depth;
    bool add;
};

struct ws_vector_ops {
    const char *name;

    float (*row_max)(const float *x, size_t count);
    /* y[i] = exp((x[i] - max) * factor); the sum in double */
    double (*row_exp)(float *y, const float *x, float max, float factor, size_t count);
    /* With e[i] = exp(x[i] - max): sums[0] = sum of e, sums[1] = sum of e (x - max). */
    void (*row_sums)(double sums[2], const float *x, float max, size_t count);
    /* x = softmax(x * factor); gives the log of its sum. */
    float (*softmax)(float *x, float factor, size_t count);
    void (*scale)(float *x, float factor, size_t count);
    /* Attention's row: s becomes p f, where p = exp(s * scale - log_sum), and d becomes
     * p (f d - mean) * scale. factors f NULL: all 1. */
    void (*softmax_backward)(float *s, float *d, const float *factors, float scale, float log_sum,
                             float mean, size_t count);

    /* As the entries of these names in compute.h; gates and their products apart. */
    void (*activation)(float *y, const float *x, enum ws_activation kind, size_t count);
    void (*activation_backward)(float *dx, const float *dy, const float *x, enum ws_activation kind,
                                size_t count);
    void (*gate)(float *y, const float *gate, const float *up, enum ws_activation kind,
                 size_t count);
    void (*gate_backward)(float *dgate, float *dup, const float *dy, const float *gate,
                          const float *up, enum ws_activation kind, size_t count);
    /* One row. The backward call adds to dweight and dbias. */
    void (*norm)(float *y, float *sum, float stats[2], const float *x, const float *addend,
                 const float *weight, const float *bias, const struct ws_norm_shape *shape);
    void (*norm_backward)(float *dx, float *dweight, float *dbias, const float *dy, const float *x,
                          const float stats[2], const float *weight,
                          const struct ws_norm_shape *shape, bool add_input);
    /* y (kv_heads * group, size). p has room for kv_heads * group * positions. */
    void (*attend)(float *y, float *p, const struct ws_attend *a);
    /* Turns the pairs (a[i], b[i]). */
    void (*rotate)(float *a, float *b, const float *cosines, const float *sines, bool inverse,
                   size_t count);

    /* y may be a or b */
    void (*add)(float *y, const float *a, const float *b, size_t count);
    float (*dot)(const float *a, const float *b, size_t count);
    void (*multiply)(float *y, const float *a, const float *b, size_t count);
    void (*small_product)(const struct ws_small_product *p);
    /* out (columns, rows) = the transpose of in (rows, columns) */
    void (*transpose)(float *out, size_t out_stride, const float *in, size_t in_stride, size_t rows,
                      size_t columns);
    void (*dropout_factors)(float *factors, const struct ws_dropout_draws *draws); /* (64) */
    double (*sum_squares)(const float *x, size_t count);
    void (*adamw)(float *weight, float *first, float *second, const float *gradient,
                  const struct ws_adamw_step *step, size_t count);
};

extern const struct ws_vector_ops ws_vector_ops_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_vector_ops ws_vector_ops_avx2;
extern const struct ws_vector_ops ws_vector_ops_avx512;
#endif

/* The best for this processor. */
const struct ws_vector_ops *ws_vector_pick(void);

#endif
