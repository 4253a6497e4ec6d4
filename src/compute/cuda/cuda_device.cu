#include "compute/cuda/cuda_device.h"

#include <stdlib.h>
#include <string.h>

#include "compute/cuda/cuda_memory.h"

/* The first GPU whose matrix instructions know bf16. */
enum { LEAST_MAJOR = 8 };

/* Failures ------------------------------------------------------------------------------------- */

struct ws_cuda *ws_cuda_ready(struct ws_device *device)
{
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    return cuda->failure.status == WS_OK ? cuda : NULL;
}

void ws_cuda_fail(struct ws_cuda *cuda, enum ws_status status, const char *text)
{
    if (cuda->failure.status == WS_OK)
        (void)ws_fail(&cuda->failure, status, "%s", text);
}

bool ws_cuda_ok(struct ws_cuda *cuda, cudaError_t error, const char *what)
{
    if (error == cudaSuccess)
        return true;
    enum ws_status status = error == cudaErrorMemoryAllocation ? WS_NO_MEMORY : WS_IO;
    if (cuda->failure.status == WS_OK)
        (void)ws_fail(&cuda->failure, status, "GPU %d failed at %s: %s (%s)", cuda->number, what,
                      cudaGetErrorString(error), cudaGetErrorName(error));
    return false;
}

static enum ws_status check(struct ws_device *device, struct ws_error *err)
{
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    ws_cuda_deliver(cuda);
    if (cuda->failure.status != WS_OK && err)
        *err = cuda->failure;
    return cuda->failure.status;
}

void *ws_cuda_scratch(struct ws_cuda *cuda, size_t size)
{
    if (size <= cuda->scratch_size)
        return cuda->scratch;
    const double since = ws_cuda_times_now(cuda);
    if (!ws_cuda_ok(cuda, cudaStreamSynchronize(cuda->stream), "waiting for the GPU"))
        return NULL;
    (void)cudaFree(cuda->scratch);
    cuda->scratch = ws_cuda_take(cuda, size, "what an operation needs beside");
    ws_cuda_times_waited(cuda, "taking more scratch", since);
    cuda->scratch_size = cuda->scratch ? size : 0;
    return cuda->scratch;
}

/* Opening -------------------------------------------------------------------------------------- */

static void destroy(struct ws_cuda *cuda)
{
    if (cuda->stream)
        (void)cudaStreamSynchronize(cuda->stream);
    ws_cuda_times_close(cuda);
    ws_cuda_matrix_close(cuda);
    ws_cuda_staging_close(cuda);
    ws_cuda_memory_close(cuda);
    (void)cudaFree(cuda->scratch);
    if (cuda->stream)
        (void)cudaStreamDestroy(cuda->stream);
    ws_free(cuda->allocator, cuda, sizeof *cuda);
}

/* Devices that were closed, one a GPU, until they are opened again. Each fit, sample and score of a
 * run opens its own; what takes time to make is kept: the stream, pinned memory, the matrix library
 * and its plans. Kept too is whatever that takes of the GPU, which is little: numbers and scratch
 * are given back. Only those with the process's own allocator, which outlives them. */
enum { KEPT_GPUS = 64 };

static struct ws_cuda *kept[KEPT_GPUS];

static bool keeps(const struct ws_allocator *allocator, unsigned number)
{
    const char *wanted = getenv("WELLSPRING_CUDA_KEEP");
    return !allocator && number < KEPT_GPUS && !(wanted && strcmp(wanted, "none") == 0);
}

static void close_device(struct ws_device *device)
{
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    if (!cuda)
        return;
    (void)ws_cuda_ok(cuda, cudaStreamSynchronize(cuda->stream), "closing it");
    ws_cuda_times_close(cuda);
    if (cuda->failure.status == WS_OK && keeps(cuda->allocator, (unsigned)cuda->number)) {
        struct ws_cuda *none = NULL;
        ws_cuda_staging_empty(cuda);
        ws_cuda_memory_empty(cuda);
        (void)cudaFree(cuda->scratch);
        cuda->scratch = NULL;
        cuda->scratch_size = 0;
        if (__atomic_compare_exchange_n(&kept[cuda->number], &none, cuda, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return;
    }
    destroy(cuda);
}

/* The one that was kept for such a request, or NULL. */
static struct ws_cuda *take_kept(const struct ws_cuda_request *request)
{
    if (!keeps(request->allocator, request->number))
        return NULL;
    struct ws_cuda *cuda = __atomic_exchange_n(&kept[request->number], NULL, __ATOMIC_ACQ_REL);
    if (!cuda)
        return NULL;
    /* Which GPU is meant is a thread's own. */
    if (cudaSetDevice(cuda->number) == cudaSuccess && cuda->precision == request->precision)
        return cuda;
    destroy(cuda);
    return NULL;
}

static const struct ws_device_ops ops = {
    .name = "cuda",
    .close = close_device,
    .check = check,
    .alloc = ws_cuda_alloc,
    .release = ws_cuda_release,
    .write = ws_cuda_write,
    .read = ws_cuda_read,
    .zero = ws_cuda_zero,
    .copy = ws_cuda_copy,
    .put = ws_cuda_put,
    .get = ws_cuda_get,
    .rows = ws_cuda_rows,
    .linear = ws_cuda_linear,
    .linear_activation = ws_cuda_linear_activation,
    .linear_backward = ws_cuda_linear_backward,
    .pack = ws_cuda_pack,
    .unpack = ws_cuda_unpack,
    .linear_packed = ws_cuda_linear_packed,
    .scores = ws_cuda_scores,
    .scores_packed = ws_cuda_scores_packed,
    .norm = ws_cuda_norm,
    .norm_backward = ws_cuda_norm_backward,
    .activation = ws_cuda_activation,
    .activation_backward = ws_cuda_activation_backward,
    .gate = ws_cuda_gate,
    .gate_backward = ws_cuda_gate_backward,
    .rotary = ws_cuda_rotary,
    .attention = ws_cuda_attention,
    .attention_backward = ws_cuda_attention_backward,
    .cache_store = ws_cuda_cache_store,
    .cache_attention = ws_cuda_cache_attention,
    .cache_move = NULL,
    .cache_follow = ws_cuda_cache_follow,
    .embedding = ws_cuda_embedding,
    .embedding_backward = ws_cuda_embedding_backward,
    .head_loss = ws_cuda_head_loss,
    .head_loss_backward = ws_cuda_head_loss_backward,
    .pick = ws_cuda_pick,
    .rank = ws_cuda_rank,
    .add = ws_cuda_add,
    .dropout = ws_cuda_dropout,
    .accumulate = ws_cuda_accumulate,
    .sum_squares = ws_cuda_sum_squares,
    .adamw = ws_cuda_adamw,
    .exchange = ws_cuda_exchange,
};

/* A driver that is older than the module's runtime refuses the first call. */
static enum ws_status check_gpu(const struct ws_cuda_request *request, cudaDeviceProp *properties,
                                struct ws_error *err)
{
    int count = 0, driver = 0, runtime = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    if (error == cudaErrorInsufficientDriver && driver > 0)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the NVIDIA driver is too old: it knows CUDA %d.%d, wanted %d.%d or newer",
                       driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver)
        return ws_fail(err, WS_UNSUPPORTED, "there is no NVIDIA GPU, or no driver for it");
    if (error != cudaSuccess)
        return ws_fail(err, WS_UNSUPPORTED, "no NVIDIA GPU can be used: %s (%s)",
                       cudaGetErrorString(error), cudaGetErrorName(error));
    if (request->number >= (unsigned)count)
        return ws_fail(err, WS_UNSUPPORTED, "there is no GPU %u: this machine has %d, from 0 on",
                       request->number, count);
    error = cudaGetDeviceProperties(properties, (int)request->number);
    if (error != cudaSuccess)
        return ws_fail(err, WS_UNSUPPORTED, "GPU %u cannot be asked what it is: %s",
                       request->number, cudaGetErrorString(error));
    if (properties->major < LEAST_MAJOR)
        return ws_fail(err, WS_UNSUPPORTED,
                       "GPU %u is a %.100s of compute capability %d.%d, wanted %d.0 or newer",
                       request->number, properties->name, properties->major, properties->minor,
                       LEAST_MAJOR);
    return WS_OK;
}

static enum ws_status open_parts(struct ws_cuda *cuda, struct ws_error *err)
{
    cudaError_t error = cudaSetDevice(cuda->number);
    if (error == cudaSuccess)
        error = cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking);
    if (!ws_cuda_ok(cuda, error, "opening it")) {
        *err = cuda->failure;
        return err->status;
    }
    ws_cuda_times_open(cuda);
    WS_TRY(ws_cuda_memory_open(cuda, err));
    WS_TRY(ws_cuda_staging_open(cuda, err));
    WS_TRY(ws_cuda_matrix_open(cuda, err));
    return check(&cuda->device, err);
}

extern "C" __attribute__((visibility("default"))) enum ws_status
ws_cuda_module_open(const struct ws_cuda_request *request, struct ws_device **out,
                    struct ws_error *err)
{
    cudaDeviceProp properties;
    if (strcmp(request->version, WS_VERSION) != 0)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the CUDA module is of version %s, the program of version %.50s", WS_VERSION,
                       request->version);
    struct ws_cuda *cuda = take_kept(request);
    if (cuda) {
        ws_cuda_times_open(cuda);
        *out = &cuda->device;
        return WS_OK;
    }
    WS_TRY(check_gpu(request, &properties, err));
    cuda = (struct ws_cuda *)ws_realloc(request->allocator, NULL, 0, sizeof *cuda);
    if (!cuda)
        return ws_fail_memory(err, "the device");
    memset(cuda, 0, sizeof *cuda);
    cuda->device.ops = &ops;
    cuda->allocator = request->allocator;
    cuda->precision = request->precision;
    cuda->number = (int)request->number;
    cuda->processors = (unsigned)properties.multiProcessorCount;
    cuda->memory_size = properties.totalGlobalMem;
    enum ws_status status = open_parts(cuda, err);
    if (status != WS_OK)
        destroy(cuda);
    else
        *out = &cuda->device;
    return status;
}
