#include "compute/cuda/cuda_memory.h"

#include <inttypes.h>
#include <string.h>

/* What was allocated, in no order: there are tens of them. */
struct block {
    unsigned char *start;
    size_t size;
    bf16 *shadow; /* the block's numbers in bf16; NULL until it is used as a weight */
    bool stale;   /* the shadow is not what the block is */
};

struct ws_cuda_memory {
    struct block *blocks;
    size_t count;
    size_t room;
};

enum { BLOCKS_FIRST = 16 };

enum ws_status ws_cuda_memory_open(struct ws_cuda *cuda, struct ws_error *err)
{
    cuda->memory =
        (struct ws_cuda_memory *)ws_realloc(cuda->allocator, NULL, 0, sizeof *cuda->memory);
    if (!cuda->memory)
        return ws_fail_memory(err, "the device");
    *cuda->memory = {};
    return WS_OK;
}

void ws_cuda_memory_empty(struct ws_cuda *cuda)
{
    struct ws_cuda_memory *memory = cuda->memory;
    for (size_t i = 0; i < memory->count; i++) {
        (void)cudaFree(memory->blocks[i].shadow);
        (void)cudaFree(memory->blocks[i].start);
    }
    memory->count = 0;
}

void ws_cuda_memory_close(struct ws_cuda *cuda)
{
    struct ws_cuda_memory *memory = cuda->memory;
    if (!memory)
        return;
    ws_cuda_memory_empty(cuda);
    ws_free(cuda->allocator, memory->blocks, memory->room * sizeof *memory->blocks);
    ws_free(cuda->allocator, memory, sizeof *memory);
    cuda->memory = NULL;
}

void *ws_cuda_take(struct ws_cuda *cuda, size_t size, const char *what)
{
    void *memory = NULL;
    const double since = ws_cuda_times_now(cuda);
    cudaError_t error = cudaMalloc(&memory, size > 0 ? size : 1);
    ws_cuda_times_waited(cuda, "taking memory", since);
    if (error == cudaSuccess)
        return memory;
    (void)cudaGetLastError(); /* this one is remembered here */
    if (error != cudaErrorMemoryAllocation) {
        (void)ws_cuda_ok(cuda, error, what);
        return NULL;
    }
    size_t left = 0, all = 0;
    (void)cudaMemGetInfo(&left, &all);
    if (cuda->failure.status == WS_OK)
        (void)ws_fail(&cuda->failure, WS_NO_MEMORY,
                      "GPU %d has no memory for %s: it takes %zu MiB more, %zu of its %zu MiB are "
                      "left",
                      cuda->number, what, (size >> 20) + 1, left >> 20, all >> 20);
    return NULL;
}

static struct block *find(struct ws_cuda *cuda, const void *address)
{
    struct ws_cuda_memory *memory = cuda->memory;
    for (size_t i = 0; i < memory->count; i++) {
        struct block *b = &memory->blocks[i];
        if ((const unsigned char *)address >= b->start &&
            (const unsigned char *)address < b->start + b->size)
            return b;
    }
    return NULL;
}

static bool remember(struct ws_cuda *cuda, void *start, size_t size)
{
    struct ws_cuda_memory *memory = cuda->memory;
    if (memory->count == memory->room) {
        size_t room = memory->room > 0 ? 2 * memory->room : (size_t)BLOCKS_FIRST;
        struct block *more = (struct block *)ws_realloc(
            cuda->allocator, memory->blocks, memory->room * sizeof *more, room * sizeof *more);
        if (!more)
            return false;
        memory->blocks = more;
        memory->room = room;
    }
    memory->blocks[memory->count++] = {(unsigned char *)start, size, NULL, false};
    return true;
}

void *ws_cuda_alloc(struct ws_device *device, size_t size)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    void *memory = cuda ? ws_cuda_take(cuda, size, "numbers of a network") : NULL;
    if (!memory)
        return NULL;
    if (!remember(cuda, memory, size)) {
        (void)cudaFree(memory);
        ws_cuda_fail(cuda, WS_NO_MEMORY, "no memory for the list of a device's blocks");
        return NULL;
    }
    ws_cuda_zero(device, memory, size);
    return memory;
}

/* Nothing that was put on the stream may still use it. */
void ws_cuda_release(struct ws_device *device, void *memory, size_t size)
{
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    (void)size;
    struct block *block = memory ? find(cuda, memory) : NULL;
    if (!block)
        return;
    const double since = ws_cuda_times_now(cuda);
    (void)cudaStreamSynchronize(cuda->stream); /* an error is seen by the next check */
    (void)cudaFree(block->shadow);
    (void)cudaFree(block->start);
    ws_cuda_times_waited(cuda, "giving memory back", since);
    *block = cuda->memory->blocks[--cuda->memory->count];
}

/* Bytes ---------------------------------------------------------------------------------------- */

static void move(struct ws_cuda *cuda, void *out, const void *in, size_t size,
                 enum cudaMemcpyKind kind, const char *what)
{
    if (size == 0)
        return;
    const double since = ws_cuda_times_now(cuda);
    if (cuda->times)
        ws_cuda_times_begin(cuda, what);
    (void)ws_cuda_ok(cuda, cudaMemcpyAsync(out, in, size, kind, cuda->stream), what);
    if (cuda->times)
        ws_cuda_times_end(cuda);
    ws_cuda_times_waited(cuda, "starting copies", since);
}

static void wait(struct ws_cuda *cuda, const char *what)
{
    const double since = ws_cuda_times_now(cuda);
    (void)ws_cuda_ok(cuda, cudaStreamSynchronize(cuda->stream), what);
    ws_cuda_times_waited(cuda, "waiting for copies", since);
}

void ws_cuda_write(struct ws_device *device, void *out, const void *host, size_t size)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    move(cuda, out, host, size, cudaMemcpyHostToDevice, "writing to the GPU");
    wait(cuda, "writing to the GPU"); /* `host` may change */
    ws_cuda_changed(cuda, out);
}

void ws_cuda_read(struct ws_device *device, void *host, const void *in, size_t size)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    move(cuda, host, in, size, cudaMemcpyDeviceToHost, "reading from the GPU");
    wait(cuda, "reading from the GPU");
}

void ws_cuda_copy(struct ws_device *device, void *out, const void *in, size_t size)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    move(cuda, out, in, size, cudaMemcpyDeviceToDevice, "copying on the GPU");
    ws_cuda_changed(cuda, out);
}

void ws_cuda_zero(struct ws_device *device, void *out, size_t size)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || size == 0)
        return;
    if (cuda->times)
        ws_cuda_times_begin(cuda, "clearing GPU memory");
    (void)ws_cuda_ok(cuda, cudaMemsetAsync(out, 0, size, cuda->stream), "clearing GPU memory");
    if (cuda->times)
        ws_cuda_times_end(cuda);
    ws_cuda_changed(cuda, out);
}

/* Numbers in two types --------------------------------------------------------------------------
 */

enum { THREADS = 256, EACH = 8 /* numbers a thread */ };

/* `count` is any; both begin at a multiple of WIDE bytes. */
static __global__ void narrow(bf16 *out, const float *in, size_t count)
{
    size_t first = ((size_t)blockIdx.x * THREADS + threadIdx.x) * EACH;
    if (first + EACH <= count) {
        wide<float> low = load_wide(in + first), high = load_wide(in + first + EACH / 2);
        wide<bf16> both;
        for (int i = 0; i < EACH / 2; i++) {
            both.at[i] = from_float<bf16>(low.at[i]);
            both.at[i + EACH / 2] = from_float<bf16>(high.at[i]);
        }
        store_wide(out + first, both);
        return;
    }
    for (size_t i = first; i < count; i++)
        out[i] = from_float<bf16>(in[i]);
}

static __global__ void widen(float *out, const bf16 *in, size_t count)
{
    size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (i < count)
        out[i] = to_float(in[i]);
}

void ws_cuda_narrow(struct ws_cuda *cuda, bf16 *out, const float *in, size_t count)
{
    ws_cuda_launch(cuda, "rounding to bf16", narrow,
                   dim3(ws_cuda_blocks(count, (size_t)THREADS * EACH)), THREADS, 0, out, in, count);
}

void ws_cuda_put(struct ws_device *device, float *out, const float *host, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    if (cuda->precision != WS_PRECISION_BF16) {
        ws_cuda_write(device, out, host, count * sizeof *host);
        return;
    }
    float *numbers = (float *)ws_cuda_scratch(cuda, count * sizeof *host);
    if (!numbers)
        return;
    move(cuda, numbers, host, count * sizeof *host, cudaMemcpyHostToDevice, "writing to the GPU");
    ws_cuda_narrow(cuda, activations<bf16>(out), numbers, count);
    wait(cuda, "writing to the GPU");
    ws_cuda_changed(cuda, out);
}

void ws_cuda_get(struct ws_device *device, float *host, const float *in, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    if (cuda->precision != WS_PRECISION_BF16) {
        ws_cuda_read(device, host, in, count * sizeof *host);
        return;
    }
    float *numbers = (float *)ws_cuda_scratch(cuda, count * sizeof *host);
    if (!numbers)
        return;
    ws_cuda_launch(cuda, "widening bf16", widen, dim3(ws_cuda_blocks(count, THREADS)), THREADS, 0,
                   numbers, activations<bf16>(in), count);
    ws_cuda_read(device, host, numbers, count * sizeof *host);
}

/* Weights in bf16 -------------------------------------------------------------------------------
 */

void ws_cuda_changed(struct ws_cuda *cuda, const void *memory)
{
    struct block *block = find(cuda, memory);
    if (block)
        block->stale = true;
}

bf16 *ws_cuda_shadow(struct ws_cuda *cuda, float *weight)
{
    struct block *block = find(cuda, weight);
    if (!block || !block->shadow || block->stale)
        return NULL;
    return block->shadow + (weight - (float *)block->start);
}

/* The whole block is rounded at once: a block of parameters is used as a whole, too. */
const void *ws_cuda_weight(struct ws_cuda *cuda, const float *weight)
{
    struct block *block = cuda->precision == WS_PRECISION_BF16 ? find(cuda, weight) : NULL;
    if (!block)
        return weight;
    size_t count = block->size / sizeof *weight;
    if (!block->shadow) {
        block->shadow =
            (bf16 *)ws_cuda_take(cuda, count * sizeof *block->shadow, "weights in bf16");
        block->stale = true;
        if (!block->shadow)
            return weight; /* nothing runs any more */
    }
    if (block->stale) {
        ws_cuda_narrow(cuda, block->shadow, (const float *)block->start, count);
        block->stale = false;
    }
    return block->shadow + (weight - (const float *)block->start);
}
