/*
 * A GPU played on the CPU, so that CUDA sources can be compiled as C++17 and their kernels run and
 * checked where there is no GPU and no CUDA. src/compute/cuda/gpu.h includes this in place of
 * CUDA's own header; it has the words that the sources of compute/cuda/ use and no more.
 *
 * One block runs at a time, each of its threads until it must wait for others. The order of
 * threads and blocks can be turned round or shuffled (gpu_on_cpu_order, or the environment's
 * GPU_ON_CPU_ORDER: forwards, backwards, or a number to shuffle by): a kernel that lacks a barrier
 * gives different results. What else shows mistakes:
 * - Memory is filled with 0xff, which is not a number, before its first use: the device's, the
 *   host's pinned, and shared memory at the start of each block. (gcc cannot do so for __shared__
 *   arrays in templates; clang can.)
 * - An access past either end of device memory or GPU_SHARED ends the program with a message; up
 *   to 255 bytes past a block are seen at the next synchronisation, if they were written.
 * - Device memory can be reached by kernels and the runtime's copies alone, not by the host; blocks
 *   above 256 KiB by it, too, for closing them takes long.
 * - A stream does nothing until something waits for it: pinned host memory that is read too early
 *   or changed too early has the wrong contents. So have targets of copy_async until the wait.
 * - Threads that wait for others that have ended, or that never come, end the program with a
 *   message.
 *
 * What goes wrong with real ones can be asked for by the environment's GPU_ON_CPU_FAULT: driver (it
 * is older than the runtime), code (the program has none for this GPU), memory:MIB (there is no
 * more), lost:LAUNCHES (after so many everything fails).
 *
 * What is done alone by a device (errors are returned as CUDA does it) is marked so. Blocks are
 * one-dimensional, of whole warps. A thread has 256 KiB of stack. Contract:
 * tests/gpu_on_cpu/test_emulator.cc.
 */
#ifndef WS_TESTS_GPU_ON_CPU_H
#define WS_TESTS_GPU_ON_CPU_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gpu_on_cpu_control.h"

/* Words ---------------------------------------------------------------------------------------- */

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(size) alignas(size)
#define __shared__      static __attribute__((section("gpu_shared")))

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned columns = 1, unsigned rows = 1, unsigned planes = 1)
        : x(columns), y(rows), z(planes)
    {
    }
};

struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) double2 {
    double x, y;
};

static inline float2 make_float2(float x, float y)
{
    return {x, y};
}

static inline float4 make_float4(float x, float y, float z, float w)
{
    return {x, y, z, w};
}

static inline uint2 make_uint2(unsigned x, unsigned y)
{
    return {x, y};
}

static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w)
{
    return {x, y, z, w};
}

static inline double2 make_double2(double x, double y)
{
    return {x, y};
}

/* Where a thread is ---------------------------------------------------------------------------- */

enum { GPU_ON_CPU_WARP = 32 };

/* Of the thread that runs now. */
extern uint3 gpu_on_cpu_thread_index, gpu_on_cpu_block_index;
extern dim3 gpu_on_cpu_block_size, gpu_on_cpu_grid_size;
extern unsigned char *gpu_on_cpu_shared; /* GPU_SHARED */

#define threadIdx gpu_on_cpu_thread_index
#define blockIdx  gpu_on_cpu_block_index
#define blockDim  gpu_on_cpu_block_size
#define gridDim   gpu_on_cpu_grid_size
#define warpSize  GPU_ON_CPU_WARP

/* Ends the program with a message that says which kernel, block and thread was at it. */
[[noreturn]] void gpu_on_cpu_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waiting for each other ----------------------------------------------------------------------- */

void __syncthreads();

/* What the lanes of a warp do together. Each of `mask` hands over what it has at `operand`; the
 * last one that comes calls `act` with all of them, by lane (NULL: not of the mask). */
typedef void gpu_on_cpu_act(void *const operands[GPU_ON_CPU_WARP]);

void gpu_on_cpu_together(unsigned mask, const char *name, void *operand, gpu_on_cpu_act *act);

static inline unsigned gpu_on_cpu_lane()
{
    return threadIdx.x % GPU_ON_CPU_WARP;
}

static inline void __syncwarp(unsigned mask = 0xffffffffU)
{
    gpu_on_cpu_together(mask, "__syncwarp", NULL, [](void *const *) {});
}

/* `from` is the lane whose number this one takes. */
template <class X> static inline X gpu_on_cpu_shuffle(unsigned mask, X x, unsigned from)
{
    static_assert(sizeof(X) == 4 || sizeof(X) == 8, "shuffles are of 4 or 8 bytes");
    struct shuffle {
        X given, taken;
        unsigned from;
    } mine = {x, x, from};
    gpu_on_cpu_together(mask, "a shuffle", &mine, [](void *const *lanes) {
        for (int i = 0; i < GPU_ON_CPU_WARP; i++) {
            shuffle *to = (shuffle *)lanes[i];
            if (to && lanes[to->from])
                to->taken = ((shuffle *)lanes[to->from])->given;
            else if (to) /* of a lane that is not there: anything */
                memset(&to->taken, 0xff, sizeof to->taken);
        }
    });
    return mine.taken;
}

template <class X> static inline X __shfl_sync(unsigned mask, X x, int from, int width = 32)
{
    unsigned first = gpu_on_cpu_lane() / (unsigned)width * (unsigned)width;
    return gpu_on_cpu_shuffle(mask, x, first + (unsigned)from % (unsigned)width);
}

template <class X> static inline X __shfl_xor_sync(unsigned mask, X x, int with, int width = 32)
{
    unsigned lane = gpu_on_cpu_lane(), from = lane ^ (unsigned)with;
    /* The lanes of later parts are not reached. */
    bool there = from / (unsigned)width <= lane / (unsigned)width;
    return gpu_on_cpu_shuffle(mask, x, there ? from : lane);
}

template <class X> static inline X __shfl_up_sync(unsigned mask, X x, unsigned by, int width = 32)
{
    unsigned lane = gpu_on_cpu_lane();
    bool there = lane % (unsigned)width >= by;
    return gpu_on_cpu_shuffle(mask, x, there ? lane - by : lane);
}

template <class X> static inline X __shfl_down_sync(unsigned mask, X x, unsigned by, int width = 32)
{
    unsigned lane = gpu_on_cpu_lane();
    bool there = lane % (unsigned)width + by < (unsigned)width;
    return gpu_on_cpu_shuffle(mask, x, there ? lane + by : lane);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    struct vote {
        int predicate;
        unsigned ballot;
    } mine = {predicate, 0};
    gpu_on_cpu_together(mask, "a vote", &mine, [](void *const *lanes) {
        unsigned ballot = 0;
        for (int i = 0; i < GPU_ON_CPU_WARP; i++)
            if (lanes[i] && ((vote *)lanes[i])->predicate)
                ballot |= 1U << i;
        for (int i = 0; i < GPU_ON_CPU_WARP; i++)
            if (lanes[i])
                ((vote *)lanes[i])->ballot = ballot;
    });
    return mine.ballot;
}

static inline int __any_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) != 0;
}

static inline int __all_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) == mask;
}

/* Matrix instructions: what gpu.h says of them ------------------------------------------------- */

static inline void mma_bf16(float c[4], const uint32_t a[4], const uint32_t b[2]);
static inline void mma_tf32(float c[4], const uint32_t a[4], const uint32_t b[2]);
static inline void load_matrices(uint32_t out[4], const void *row);
static inline void load_matrices_transposed(uint32_t out[4], const void *row);

/* One lane's part of each. */
struct gpu_on_cpu_product {
    float *c;
    const uint32_t *a, *b;
};
struct gpu_on_cpu_load {
    uint32_t *out;
    const void *row;
};

gpu_on_cpu_act gpu_on_cpu_mma_bf16, gpu_on_cpu_mma_tf32;
gpu_on_cpu_act gpu_on_cpu_load_matrices, gpu_on_cpu_load_transposed;

static inline void mma_bf16(float c[4], const uint32_t a[4], const uint32_t b[2])
{
    gpu_on_cpu_product mine = {c, a, b};
    gpu_on_cpu_together(0xffffffffU, "mma_bf16", &mine, gpu_on_cpu_mma_bf16);
}

static inline void mma_tf32(float c[4], const uint32_t a[4], const uint32_t b[2])
{
    gpu_on_cpu_product mine = {c, a, b};
    gpu_on_cpu_together(0xffffffffU, "mma_tf32", &mine, gpu_on_cpu_mma_tf32);
}

static inline void load_matrices(uint32_t out[4], const void *row)
{
    gpu_on_cpu_load mine = {out, row};
    gpu_on_cpu_together(0xffffffffU, "load_matrices", &mine, gpu_on_cpu_load_matrices);
}

static inline void load_matrices_transposed(uint32_t out[4], const void *row)
{
    gpu_on_cpu_load mine = {out, row};
    gpu_on_cpu_together(0xffffffffU, "load_matrices_transposed", &mine, gpu_on_cpu_load_transposed);
}

/* Copies that are late: made by the wait, not before ------------------------------------------- */

void copy_async(void *shared, const void *global, bool there);
void copy_async_group();
void gpu_on_cpu_wait_for_copies(unsigned most);

template <int most> static inline void copy_async_wait()
{
    gpu_on_cpu_wait_for_copies(most);
}

#define GPU_SHARED(T, name) T *name = reinterpret_cast<T *>(gpu_on_cpu_shared)

/* Functions ------------------------------------------------------------------------------------ */

template <class To, class From> static inline To gpu_on_cpu_bits(From from)
{
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

static inline unsigned __float_as_uint(float x)
{
    return gpu_on_cpu_bits<unsigned>(x);
}

static inline int __float_as_int(float x)
{
    return gpu_on_cpu_bits<int>(x);
}

static inline float __uint_as_float(unsigned x)
{
    return gpu_on_cpu_bits<float>(x);
}

static inline float __int_as_float(int x)
{
    return gpu_on_cpu_bits<float>(x);
}

static inline long long __double_as_longlong(double x)
{
    return gpu_on_cpu_bits<long long>(x);
}

static inline double __longlong_as_double(long long x)
{
    return gpu_on_cpu_bits<double>(x);
}

/* The C library has functions of these names that are not to be called. */
#define __expf(x)    expf(x)
#define __logf(x)    logf(x)
#define __log2f(x)   log2f(x)
#define __powf(x, y) powf(x, y)
#define __sinf(x)    sinf(x)
#define __cosf(x)    cosf(x)

static inline float __fdividef(float x, float y)
{
    return x / y;
}

static inline float rsqrtf(float x)
{
    return 1 / sqrtf(x);
}

static inline double rsqrt(double x)
{
    return 1 / sqrt(x);
}

static inline float __saturatef(float x)
{
    return x > 0 ? x < 1 ? x : 1 : 0;
}

/* Rounded as it says, never fused with another. */
static inline float __fmul_rn(float x, float y)
{
    return x * y;
}

static inline float __fadd_rn(float x, float y)
{
    return x + y;
}

static inline float __fsub_rn(float x, float y)
{
    return x - y;
}

static inline float __fdiv_rn(float x, float y)
{
    return x / y;
}

static inline float __fsqrt_rn(float x)
{
    return sqrtf(x);
}

static inline float __fmaf_rn(float x, float y, float z)
{
    return fmaf(x, y, z);
}

static inline double __dmul_rn(double x, double y)
{
    return x * y;
}

static inline double __dadd_rn(double x, double y)
{
    return x + y;
}

template <class X> static inline X __ldg(const X *from)
{
    return *from;
}

template <class X> static inline X __ldcs(const X *from)
{
    return *from;
}

template <class X> static inline void __stcs(X *to, X x)
{
    *to = x;
}

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

static inline int __ffs(int x)
{
    return __builtin_ffs(x);
}

static inline int __clz(int x)
{
    return x ? __builtin_clz((unsigned)x) : 32;
}

static inline int __clzll(long long x)
{
    return x ? __builtin_clzll((unsigned long long)x) : 64;
}

static inline unsigned __brev(unsigned x)
{
    unsigned y = 0;
    for (int i = 0; i < 32; i++)
        y |= (x >> i & 1) << (31 - i);
    return y;
}

static inline unsigned __umulhi(unsigned x, unsigned y)
{
    return (unsigned)((uint64_t)x * y >> 32);
}

#define GPU_ON_CPU_MIN_MAX(X)                                                                      \
    static inline X min(X x, X y)                                                                  \
    {                                                                                              \
        return y < x ? y : x;                                                                      \
    }                                                                                              \
    static inline X max(X x, X y)                                                                  \
    {                                                                                              \
        return x < y ? y : x;                                                                      \
    }
GPU_ON_CPU_MIN_MAX(int)
GPU_ON_CPU_MIN_MAX(unsigned)
GPU_ON_CPU_MIN_MAX(long)
GPU_ON_CPU_MIN_MAX(unsigned long)
GPU_ON_CPU_MIN_MAX(long long)
GPU_ON_CPU_MIN_MAX(unsigned long long)
#undef GPU_ON_CPU_MIN_MAX

static inline float min(float x, float y)
{
    return fminf(x, y);
}

static inline float max(float x, float y)
{
    return fmaxf(x, y);
}

static inline double min(double x, double y)
{
    return fmin(x, y);
}

static inline double max(double x, double y)
{
    return fmax(x, y);
}

/* Atomics are of integers: sums of floating point would depend on their order. */
#define GPU_ON_CPU_ATOMIC(name, X, result)                                                         \
    static inline X name(X *at, X x)                                                               \
    {                                                                                              \
        X old = *at;                                                                               \
        *at = (result);                                                                            \
        return old;                                                                                \
    }
#define GPU_ON_CPU_ATOMICS(X)                                                                      \
    GPU_ON_CPU_ATOMIC(atomicAdd, X, old + x)                                                       \
    GPU_ON_CPU_ATOMIC(atomicMax, X, old < x ? x : old)                                             \
    GPU_ON_CPU_ATOMIC(atomicMin, X, x < old ? x : old)                                             \
    GPU_ON_CPU_ATOMIC(atomicOr, X, old | x)                                                        \
    GPU_ON_CPU_ATOMIC(atomicAnd, X, old &x)                                                        \
    GPU_ON_CPU_ATOMIC(atomicExch, X, x)                                                            \
    static inline X atomicCAS(X *at, X compare, X x)                                               \
    {                                                                                              \
        X old = *at;                                                                               \
        if (old == compare)                                                                        \
            *at = x;                                                                               \
        return old;                                                                                \
    }
GPU_ON_CPU_ATOMICS(int)
GPU_ON_CPU_ATOMICS(unsigned)
GPU_ON_CPU_ATOMICS(unsigned long long)
#undef GPU_ON_CPU_ATOMICS
#undef GPU_ON_CPU_ATOMIC

static inline void __threadfence()
{
}

static inline void __threadfence_block()
{
}

/* The runtime ---------------------------------------------------------------------------------- */

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorInvalidDeviceFunction = 98,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorNoKernelImageForDevice = 209,
    cudaErrorLaunchFailure = 719,
    cudaErrorNotSupported = 801,
};

enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault,
};

enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
};

enum cudaFuncAttribute {
    cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
};

enum { cudaStreamDefault = 0, cudaStreamNonBlocking = 1, cudaHostAllocDefault = 0 };
enum { cudaEventDefault = 0, cudaEventDisableTiming = 2 };

struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin;
    int multiProcessorCount, major, minor, warpSize;
};

struct cudaFuncAttributes {
    int maxThreadsPerBlock, numRegs, binaryVersion;
};

typedef struct gpu_on_cpu_stream *cudaStream_t;
typedef struct gpu_on_cpu_event *cudaEvent_t;

const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();

cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
/* What GPU_ON_CPU_BUS says. */
cudaError_t cudaDeviceGetPCIBusId(char *out, int size, int device);
cudaError_t cudaMemGetInfo(size_t *unused, size_t *total);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value);

cudaError_t gpu_on_cpu_code(cudaFuncAttributes *out);

template <class... P>
static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *out, void (*kernel)(P...))
{
    (void)kernel;
    return gpu_on_cpu_code(out);
}

/* Aligned to 256. */
cudaError_t gpu_on_cpu_malloc(void **out, size_t size);
cudaError_t gpu_on_cpu_malloc_host(void **out, size_t size);
cudaError_t cudaFree(void *memory);
cudaError_t cudaFreeHost(void *memory);

template <class X> static inline cudaError_t cudaMalloc(X **out, size_t size)
{
    return gpu_on_cpu_malloc((void **)out, size);
}

template <class X> static inline cudaError_t cudaMallocHost(X **out, size_t size)
{
    return gpu_on_cpu_malloc_host((void **)out, size);
}

template <class X> static inline cudaError_t cudaHostAlloc(X **out, size_t size, unsigned flags)
{
    (void)flags;
    return gpu_on_cpu_malloc_host((void **)out, size);
}

cudaError_t cudaStreamCreate(cudaStream_t *out);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreate(cudaEvent_t *out);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to); /* 0 */

cudaError_t cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind,
                            cudaStream_t stream = NULL);
cudaError_t cudaMemset(void *to, int byte, size_t size);
cudaError_t cudaMemsetAsync(void *to, int byte, size_t size, cudaStream_t stream = NULL);

/* Launching ------------------------------------------------------------------------------------ */

enum { GPU_SHARED_DEFAULT = 48 << 10 };

/* What one thread of a kernel does. */
struct gpu_on_cpu_work {
    virtual void run() = 0;
    virtual ~gpu_on_cpu_work()
    {
    }
};

template <class Body> struct gpu_on_cpu_body : gpu_on_cpu_work {
    Body body;
    explicit gpu_on_cpu_body(const Body &given) : body(given)
    {
    }
    void run() override
    {
        body();
    }
};

/* Takes `work`. */
cudaError_t gpu_on_cpu_launch(cudaStream_t stream, const void *kernel, gpu_on_cpu_work *work,
                              dim3 blocks, unsigned threads, size_t shared);

template <class... P, class... A>
static inline cudaError_t gpu_launch(cudaStream_t stream, void (*kernel)(P...), dim3 blocks,
                                     unsigned threads, size_t shared, A... arguments)
{
    auto body = [=] { kernel(static_cast<P>(arguments)...); };
    return gpu_on_cpu_launch(stream, (const void *)kernel,
                             new gpu_on_cpu_body<decltype(body)>(body), blocks, threads, shared);
}

#endif
