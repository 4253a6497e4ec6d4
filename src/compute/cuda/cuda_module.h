/*
 * The boundary of the CUDA module: a shared object that is opened at run time, so that one binary
 * works with and without a GPU.
 *
 * The module gives two functions. It and the program are built together: each function compares
 * versions and refuses others. Contract: tests/unit/test_device.c, tests/cuda/module.sh.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_MODULE_H
#define WS_COMPUTE_CUDA_CUDA_MODULE_H

#include "compute/compute.h"

#define WS_CUDA_MODULE_OPEN "ws_cuda_module_open"
#define WS_CUDA_MODULE_LOOK "ws_cuda_module_look"

struct ws_cuda_request {
    const char *version; /* of the program */
    unsigned number;     /* of the GPU */
    enum ws_precision precision;
    const struct ws_allocator *allocator;
};

/* WS_UNSUPPORTED: another version, no GPU of this number, a driver that is too old, a GPU that the
 * module has no code for. WS_NO_MEMORY. */
typedef enum ws_status ws_cuda_module_open_fn(const struct ws_cuda_request *request,
                                              struct ws_device **out, struct ws_error *err);

/* A GPU, before anything is opened on it. */
struct ws_cuda_gpu {
    unsigned count;       /* of GPUs that there are; 0: the rest is not set */
    uint64_t free_memory; /* bytes */
    char about[96];       /* "NVIDIA H100 80GB HBM3 sm_90 cuda-13.0": what decides its results */
};

/* Looks at GPU `number`, or only counts where there is none of this number. WS_UNSUPPORTED: another
 * version, no driver or one that is too old. */
typedef enum ws_status ws_cuda_module_look_fn(const char *version, unsigned number,
                                              struct ws_cuda_gpu *out, struct ws_error *err);

#endif
