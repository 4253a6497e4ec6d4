/*
 * The boundary of the CUDA module: a shared object that is opened at run time, so that one binary
 * works with and without a GPU.
 *
 * The module gives one function, named WS_CUDA_MODULE_OPEN. It and the program are built together:
 * the function compares versions and refuses others.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_MODULE_H
#define WS_COMPUTE_CUDA_CUDA_MODULE_H

#include "compute/compute.h"

#define WS_CUDA_MODULE_OPEN "ws_cuda_module_open"

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

#endif
