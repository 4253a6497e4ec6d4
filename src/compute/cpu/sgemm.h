/*
 * Matrix products: one single-threaded call of oneDNN, and one cut into such calls.
 *
 * Row-major; `stride` is the distance of rows. Cut by shape alone, and oneDNN is told to use only
 * the thread that calls it (ws_cpu_run), so the bytes depend on the shape only. Private to
 * compute/cpu/.
 */
#ifndef WS_COMPUTE_CPU_SGEMM_H
#define WS_COMPUTE_CPU_SGEMM_H

#include "compute/cpu/cpu_device.h"

/* What is read; element (i, j) is at i * stride + j, or transposed at j * stride + i. */
struct ws_view {
    const float *numbers;
    size_t stride;
    bool transposed;
};

struct ws_product_shape {
    size_t m, n, k;
};

/* c (m, n) = alpha a (m, k) b (k, n) + beta c; beta 0 reads nothing of c. On the calling thread:
 * inside ws_cpu_run. A failure is remembered. */
void ws_sgemm(struct ws_cpu *cpu, float *c, size_t stride, struct ws_view a, struct ws_view b,
              struct ws_product_shape shape, float alpha, float beta);

/* The distance of rows of this width where it is ours to choose: rows at a multiple of a large
 * power of two would share few places of the cache. */
size_t ws_stride_of(size_t width);

/* out (columns, rows) = the transpose of in (rows, columns), on all threads; `stride` is out's. */
void ws_transpose_all(struct ws_cpu *cpu, float *out, size_t stride, const float *in, size_t rows,
                      size_t columns);

/* c = a b + beta c on all threads; with `bias` (n), each row begins as it, and beta is 0. */
void ws_product(struct ws_cpu *cpu, float *c, size_t stride, struct ws_view a, struct ws_view b,
                const float *bias, struct ws_product_shape shape, float beta);

#endif
