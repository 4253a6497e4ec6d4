/*
 * How matrix products are made: by NVIDIA's library where it is found, else by our own kernels.
 *
 * Private to cuda_linear.cu, cuda_product.cu and cuda_blas.cu.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_MATRIX_H
#define WS_COMPUTE_CUDA_CUDA_MATRIX_H

#include "compute/cuda/cuda_device.h"

struct ws_cuda_blas; /* cuBLASLt and its plans */

enum { WS_CUDA_WORKSPACE = 64 << 20 }; /* bytes */

/* Products have memory of their own: whoever multiplies may be using the device's scratch. */
struct ws_cuda_matrix {
    void *workspace; /* WS_CUDA_WORKSPACE bytes on the device, for one product at a time */
    size_t shared;   /* the most bytes of shared memory that a block can have */
    struct ws_cuda_blas *blas; /* NULL where the library was not found */
};

/* NULL in `out` when there is no library; WS_NO_MEMORY. The environment's WELLSPRING_CUBLASLT may
 * name its file, or say `none`. */
enum ws_status ws_cuda_blas_open(struct ws_cuda_blas **out, const struct ws_allocator *allocator,
                                 struct ws_error *err);
void ws_cuda_blas_close(struct ws_cuda_blas *blas);           /* NULL is fine */
size_t ws_cuda_blas_version(const struct ws_cuda_blas *blas); /* as the library counts */
/* Whether the library takes products of this shape; if so it is made, or a failure remembered. */
bool ws_cuda_blas_multiply(struct ws_cuda *cuda, const struct ws_cuda_product *product);

#endif
