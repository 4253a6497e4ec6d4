#include "compute/device.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/module.h"
#include "base/number.h"
#include "compute/cuda/cuda_module.h"

/* More gains little in matrix products, and their activations are to stay small beside the cache.
 */
const struct ws_batching ws_cpu_batching = {
    .prompt_tokens = 1024,
    .scored_tokens = 4096,
    .scores_rows = 64,
    .sampled_rows = 128,
    .cache_bytes = 0x1p31,
    .trained_tokens_least = 512,
    .trained_tokens_most = 4096,
    .trained_bytes = UINT64_C(512) << 20,
};

/* A GPU of a hundred processors wants tens of thousands of rows in flight. Rows that do not fit the
 * cache are halved until they do: 7 x 1024 become the 1,792 that OPT-125m's 64 + 64 tokens have
 * room for, where 8 x 1024 became 1,024. */
const struct ws_batching ws_gpu_batching = {
    .prompt_tokens = 16384,
    .scored_tokens = 32768,
    .scores_rows = 1024,
    .sampled_rows = 7168,
    .cache_bytes = 0x1p34,
    .trained_tokens_least = 512,
    .trained_tokens_most = 32768,
    .trained_bytes = UINT64_C(32) << 30,
};

/* Settings ------------------------------------------------------------------------------------- */

enum kind { AUTO, CPU, CUDA };

static const char *const precisions[] = {"f32", "tf32", "bf16"};

/* What a device's text asks for. */
struct request {
    enum kind kind;
    bool numbered; /* one GPU alone */
    unsigned number;
};

static bool parse(const char *text, struct request *out)
{
    static const char cuda[] = "cuda:";
    uint64_t number;
    *out = (struct request){AUTO, false, 0};
    if (strcmp(text, "auto") == 0)
        return true;
    out->kind = strcmp(text, "cpu") == 0 ? CPU : CUDA;
    if (out->kind == CPU || strcmp(text, "cuda") == 0)
        return true;
    if (strncmp(text, cuda, strlen(cuda)) != 0 || !ws_whole_parse(text + strlen(cuda), &number) ||
        number > UINT16_MAX)
        return false;
    out->numbered = true;
    out->number = (unsigned)number;
    return true;
}

static enum ws_status read_request(const struct ws_device_settings *settings, const char *where,
                                   struct request *out, struct ws_error *err)
{
    static const char *const names[] = {"auto", "cpu", "cuda"};
    if (!parse(settings->device, out)) {
        const char *nearest = strcmp(settings->device, "gpu") == 0
                                  ? "cuda"
                                  : ws_nearest_name(settings->device, names, 3);
        return ws_fail(err, WS_INVALID,
                       "%s: 'device' is '%.80s', wanted auto, cpu, cuda or cuda:N%s%s%s", where,
                       settings->device, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
    }
    if (out->kind == CPU && settings->precision > 1 + WS_PRECISION_F32)
        return ws_fail(err, WS_INVALID,
                       "%s: 'precision' is '%s' with 'device' at cpu, which knows f32 alone", where,
                       precisions[settings->precision - 1]);
    return WS_OK;
}

enum ws_status ws_device_settings_check(const struct ws_device_settings *settings,
                                        const char *where, struct ws_error *err)
{
    struct request request;
    return read_request(settings, where, &request, err);
}

static bool wants_gpu(const struct ws_device_settings *settings, const struct request *request)
{
    return request->kind == CUDA || settings->precision > 1 + WS_PRECISION_F32;
}

bool ws_device_settings_want_gpu(const struct ws_device_settings *settings)
{
    struct request request;
    return parse(settings->device, &request) && wants_gpu(settings, &request);
}

/* The module ----------------------------------------------------------------------------------- */

#define MODULE "the CUDA module"

static enum ws_status look(const char *module, unsigned number, struct ws_cuda_gpu *out,
                           struct ws_error *err)
{
    ws_cuda_module_look_fn *look_at;
    if (!module)
        return ws_fail(err, WS_UNSUPPORTED,
                       "this program was built without CUDA: there is no " WS_CUDA_MODULE_FILE
                       " beside it");
    WS_TRY(ws_module_function(MODULE, module, WS_CUDA_MODULE_LOOK, &look_at, err));
    return look_at(WS_VERSION, number, out, err);
}

/* Choosing ------------------------------------------------------------------------------------- */

static enum ws_status choose_gpus(const struct request *request, enum ws_precision precision,
                                  const char *module, struct ws_device_choice *out,
                                  struct ws_error *err)
{
    struct ws_cuda_gpu gpu;
    WS_TRY(look(module, request->number, &gpu, err));
    if (gpu.count == 0)
        return ws_fail(err, WS_UNSUPPORTED, "there is no NVIDIA GPU here");
    if (request->number >= gpu.count)
        return ws_fail(err, WS_UNSUPPORTED,
                       "there is no GPU number %u: this machine has %u, counted from 0",
                       request->number, gpu.count);
    out->module = module;
    out->number = request->number;
    out->count = request->numbered ? 1 : gpu.count;
    out->precision = precision;
    (void)snprintf(out->about, sizeof out->about, "%s %s", gpu.about, precisions[precision]);
    return WS_OK;
}

enum ws_status ws_device_choose(const struct ws_device_settings *settings, const char *module,
                                struct ws_device_choice *out, struct ws_error *err)
{
    struct request request;
    struct ws_device_choice choice = {.precision = WS_PRECISION_F32};
    WS_TRY(read_request(settings, "--device", &request, err));
    const bool told = settings->precision != WS_PRECISION_BY_DEVICE;
    enum ws_status status = WS_OK;
    if (request.kind != CPU)
        status = choose_gpus(
            &request, told ? (enum ws_precision)(settings->precision - 1) : WS_PRECISION_BF16,
            module, &choice, err);
    if (status != WS_OK && wants_gpu(settings, &request)) {
        if (request.kind == CUDA)
            ws_error_prefix(err, "'device' is '%s'", settings->device);
        else
            ws_error_prefix(err, "'precision' is '%s'", precisions[settings->precision - 1]);
        return status;
    }
    *out = choice;
    return WS_OK;
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status open_gpu(const struct ws_device_choice *choice,
                               const struct ws_allocator *allocator, struct ws_device **out,
                               struct ws_error *err)
{
    const struct ws_cuda_request request = {WS_VERSION, choice->number, choice->precision,
                                            allocator};
    ws_cuda_module_open_fn *open_device;
    struct ws_cuda_gpu gpu;
    struct ws_device *device;
    WS_TRY(look(choice->module, choice->number, &gpu, err));
    WS_TRY(ws_module_function(MODULE, choice->module, WS_CUDA_MODULE_OPEN, &open_device, err));
    enum ws_status status = open_device(&request, &device, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "GPU number %u", choice->number);
        return status;
    }
    device->batching = &ws_gpu_batching;
    device->memory = gpu.free_memory;
    memcpy(device->about, choice->about, sizeof device->about);
    *out = device;
    return WS_OK;
}

enum ws_status ws_device_open(const struct ws_device_choice *choice, unsigned threads,
                              const struct ws_allocator *allocator, struct ws_device **out,
                              struct ws_error *err)
{
    if (choice && choice->module)
        return open_gpu(choice, allocator, out, err);
    return ws_cpu_open(WS_CPU_FAST, threads, allocator, out, err);
}
