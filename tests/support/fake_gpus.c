/*
 * A CUDA module without CUDA: two GPUs that are the CPU, so that whatever chooses, deals out and
 * names GPUs is tested where there is none.
 */
#include <stdio.h>
#include <string.h>

#include "compute/cuda/cuda_module.h"

enum { GPUS = 2 };

__attribute__((visibility("default"))) ws_cuda_module_look_fn ws_cuda_module_look;
__attribute__((visibility("default"))) ws_cuda_module_open_fn ws_cuda_module_open;

enum ws_status ws_cuda_module_look(const char *version, unsigned number, struct ws_cuda_gpu *out,
                                   struct ws_error *err)
{
    if (strcmp(version, FAKE_VERSION) != 0)
        return ws_fail(err, WS_UNSUPPORTED, "the module is of version " FAKE_VERSION);
    *out = (struct ws_cuda_gpu){.count = GPUS, .free_memory = UINT64_C(1) << 30};
    if (number < GPUS)
        (void)snprintf(out->about, sizeof out->about, "Fake sm_0");
    return WS_OK;
}

enum ws_status ws_cuda_module_open(const struct ws_cuda_request *request, struct ws_device **out,
                                   struct ws_error *err)
{
    if (request->number >= GPUS)
        return ws_fail(err, WS_UNSUPPORTED, "there is no such GPU");
    WS_TRY(ws_cpu_open(WS_CPU_FAST, 1, request->allocator, out, err));
    (void)snprintf((*out)->library, sizeof(*out)->library, "fake-1");
    return WS_OK;
}
