/*
 * Which GPUs there are, and whether the driver is one for this module.
 */
#include <stdio.h>
#include <string.h>

#include "compute/cuda/gpu.h"
extern "C" {
#include "compute/cuda/cuda_module.h"
}

static enum ws_status fail_cuda(struct ws_error *err, cudaError_t error, const char *what)
{
    return ws_fail(err, WS_UNSUPPORTED, "%s: %s", what, cudaGetErrorString(error));
}

static enum ws_status count_gpus(unsigned *out, struct ws_error *err)
{
    int driver = 0, runtime = 0, count = 0;
    (void)cudaRuntimeGetVersion(&runtime);
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        return ws_fail(err, WS_UNSUPPORTED, "there is no NVIDIA driver here");
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorInsufficientDriver)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the NVIDIA driver is for CUDA %d.%d, this program's module wants one for "
                       "CUDA %d.%d or later",
                       driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (error != cudaSuccess && error != cudaErrorNoDevice)
        return fail_cuda(err, error, "the GPUs cannot be counted");
    *out = error == cudaSuccess ? (unsigned)count : 0;
    return WS_OK;
}

/* Stands for all kernels: they have code for the same GPUs. */
static __global__ void any_kernel()
{
}

static enum ws_status describe_gpu(int number, struct ws_cuda_gpu *out, struct ws_error *err)
{
    cudaDeviceProp gpu;
    size_t free_memory = 0, memory = 0;
    int runtime = 0;
    cudaFuncAttributes attributes;
    cudaError_t error = cudaGetDeviceProperties(&gpu, number);
    if (error == cudaSuccess)
        error = cudaRuntimeGetVersion(&runtime);
    if (error == cudaSuccess)
        error = cudaSetDevice(number);
    if (error == cudaSuccess)
        error = cudaFuncGetAttributes(&attributes, any_kernel);
    if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction)
        return ws_fail(
            err, WS_UNSUPPORTED,
            "the CUDA module has no code for GPU number %d, '%.60s' of architecture sm_%d%d",
            number, gpu.name, gpu.major, gpu.minor);
    if (error == cudaSuccess)
        error = cudaMemGetInfo(&free_memory, &memory);
    if (error != cudaSuccess)
        return fail_cuda(err, error, "the GPU cannot be asked what it is");
    out->free_memory = free_memory;
    (void)snprintf(out->about, sizeof out->about, "%.60s sm_%d%d cuda-%d.%d", gpu.name, gpu.major,
                   gpu.minor, runtime / 1000, runtime % 1000 / 10);
    return WS_OK;
}

extern "C" __attribute__((visibility("default"))) ws_cuda_module_look_fn ws_cuda_module_look;

enum ws_status ws_cuda_module_look(const char *version, unsigned number, struct ws_cuda_gpu *out,
                                   struct ws_error *err)
{
    memset(out, 0, sizeof *out);
    if (strcmp(version, WS_VERSION) != 0)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the CUDA module is of version %s, the program of %.40s", WS_VERSION,
                       version);
    WS_TRY(count_gpus(&out->count, err));
    return number < out->count ? describe_gpu((int)number, out, err) : WS_OK;
}
