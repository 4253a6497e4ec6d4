/*
 * The memory of a CUDA device: what was allocated, what is rounded to bf16, and what is on its way
 * to and from the host.
 *
 * Private to compute/cuda/. Contract: tests/unit/test_cuda.c.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_MEMORY_H
#define WS_COMPUTE_CUDA_CUDA_MEMORY_H

#include "compute/cuda/cuda_device.h"

enum ws_status ws_cuda_memory_open(struct ws_cuda *cuda, struct ws_error *err);
void ws_cuda_memory_empty(struct ws_cuda *cuda); /* of blocks that were not given back */
void ws_cuda_memory_close(struct ws_cuda *cuda); /* of them, too */

/* Memory as it comes; whoever takes it gives it to cudaFree. NULL and a remembered failure. */
void *ws_cuda_take(struct ws_cuda *cuda, size_t size, const char *what);

/* Both begin at a multiple of WIDE bytes. */
void ws_cuda_narrow(struct ws_cuda *cuda, bf16 *out, const float *in, size_t count);

enum ws_status ws_cuda_staging_open(struct ws_cuda *cuda, struct ws_error *err);
void ws_cuda_staging_close(struct ws_cuda *cuda);
/* Of what nobody waits for any more. */
void ws_cuda_staging_empty(struct ws_cuda *cuda);
/* Waits for the stream and puts on the host what is there for it. */
void ws_cuda_deliver(struct ws_cuda *cuda);

#endif
