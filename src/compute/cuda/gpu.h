/*
 * What kernels are written in, beyond CUDA C++: bf16, wide loads, sums over warps and blocks,
 * matrix instructions, and launching.
 *
 * What is machine code here has a twin in tests/gpu_on_cpu/gpu_on_cpu.h, which runs kernels thread
 * by thread on a CPU: there every operation is checked against the reference without a GPU. So
 * kernels use CUDA's own words only as far as that header knows them.
 *
 * A kernel is a function of its shape: no atomics in floating point, no order that depends on which
 * block runs first. Contract: tests/unit/test_cuda.c, tests/gpu_on_cpu/.
 */
#ifndef WS_COMPUTE_CUDA_GPU_H
#define WS_COMPUTE_CUDA_GPU_H

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "gpu_on_cpu.h"
#endif
#include <stddef.h>
#include <stdint.h>

enum { WARP = 32, WIDE = 16 /* bytes that a thread loads best */ };

/* Numbers -------------------------------------------------------------------------------------- */

/* The upper half of an f32. */
struct bf16 {
    uint16_t bits;
};

static __device__ __forceinline__ float to_float(float x)
{
    return x;
}

static __device__ __forceinline__ float to_float(bf16 x)
{
    return __uint_as_float((uint32_t)x.bits << 16);
}

/* To the nearest, of two to the even one. */
template <class T> static __device__ __forceinline__ T from_float(float x);

template <> __device__ __forceinline__ float from_float<float>(float x)
{
    return x;
}

template <> __device__ __forceinline__ bf16 from_float<bf16>(float x)
{
    bf16 out;
#ifdef __CUDACC__
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
#else
    uint32_t bits = __float_as_uint(x);
    out.bits = x != x ? 0x7fff : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
    return out;
}

/* The bits of the nearest tf32, of two the one away from 0: what mma_tf32 takes. */
static __device__ __forceinline__ uint32_t to_tf32(float x)
{
#ifdef __CUDACC__
    uint32_t out;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(out) : "f"(x));
    return out;
#else
    return x != x ? __float_as_uint(x) : (__float_as_uint(x) + 0x1000) & ~(uint32_t)0x1fff;
#endif
}

/* Two bf16 in a word, the first in its lower half: what matrix instructions take. */
static __device__ __forceinline__ uint32_t two_bf16(float first, float second)
{
    return (uint32_t)from_float<bf16>(first).bits | (uint32_t)from_float<bf16>(second).bits << 16;
}

/* N numbers that a thread loads at once, as many as it can unless told. Where they lie must be a
 * multiple of their size (of WIDE where they are more). */
template <class T, int N = WIDE / sizeof(T)> struct alignas(N * sizeof(T)) wide {
    enum { COUNT = N };
    T at[N];
};

template <class T> static __device__ __forceinline__ wide<T> load_wide(const T *from)
{
    return *reinterpret_cast<const wide<T> *>(from);
}

template <int N, class T> static __device__ __forceinline__ wide<T, N> load_wide(const T *from)
{
    return *reinterpret_cast<const wide<T, N> *>(from);
}

template <class T, int N>
static __device__ __forceinline__ void store_wide(T *to, const wide<T, N> &numbers)
{
    *reinterpret_cast<wide<T, N> *>(to) = numbers;
}

/* Runs `body` with N: as many T as are loaded at once where that divides `count`, else 1. */
#define GPU_WIDE(T, count, ...)                                                                    \
    do {                                                                                           \
        if ((count) % wide<T>::COUNT == 0) {                                                       \
            enum { N = wide<T>::COUNT };                                                           \
            __VA_ARGS__;                                                                           \
        } else {                                                                                   \
            enum { N = 1 };                                                                        \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
    } while (0)

/* Of all threads of a launch in one dimension. */
static __device__ __forceinline__ size_t thread_number()
{
    return (size_t)blockIdx.x * blockDim.x + threadIdx.x;
}

/* Sums: the same order always, and every thread of the warp or block gets them ------------------
 */

static __device__ __forceinline__ float warp_sum(float x)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        x += __shfl_xor_sync(0xffffffffU, x, distance);
    return x;
}

static __device__ __forceinline__ double warp_sum(double x)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        x += __shfl_xor_sync(0xffffffffU, x, distance);
    return x;
}

static __device__ __forceinline__ float warp_max(float x)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffU, x, distance));
    return x;
}

/* `shared` has room for WARP numbers, and may be used again at once. All threads of the block
 * call, of which there are whole warps in one dimension. */
template <class X> static __device__ __forceinline__ X block_sum(X x, X *shared)
{
    unsigned warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
    x = warp_sum(x);
    if (lane == 0)
        shared[threadIdx.x / WARP] = x;
    __syncthreads();
    x = warp_sum(lane < warps ? shared[lane] : (X)0);
    __syncthreads();
    return x;
}

static __device__ __forceinline__ float block_max(float x, float *shared)
{
    unsigned warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
    x = warp_max(x);
    if (lane == 0)
        shared[threadIdx.x / WARP] = x;
    __syncthreads();
    x = warp_max(shared[lane < warps ? lane : 0]);
    __syncthreads();
    return x;
}

#ifdef __CUDACC__

/* Matrix instructions: c += a b, a warp together ----------------------------------------------- */

/* Lane l has, with g = l / 4 and t = l % 4: of a (16 x 16) in word 0 row g, columns 2t and 2t + 1;
 * word 1 row g + 8; words 2 and 3 the same rows, columns 8 more; of b (16 x 8) in word 0 rows 2t
 * and 2t + 1, word 1 rows 8 more, column g; of c (16 x 8) c[0], c[1] row g, columns 2t and 2t + 1,
 * c[2], c[3] row g + 8. Sums in f32. */
static __device__ __forceinline__ void mma_bf16(float c[4], const uint32_t a[4],
                                                const uint32_t b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* The bits of f32, of which tf32 drops the lower 13. Of a (16 x 8) lane l has in word 0 row g,
 * column t; word 1 row g + 8; words 2 and 3 column t + 4; of b (8 x 8) rows t and t + 4, column g;
 * c as above. */
static __device__ __forceinline__ void mma_tf32(float c[4], const uint32_t a[4],
                                                const uint32_t b[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, "
                 "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* Four matrices of 8 x 8 bf16 from shared memory: lane l hands over the address of row l % 8 of
 * matrix l / 8, 16 bytes; word m of lane l becomes row l / 4, columns 2 (l % 4) and one more, of
 * matrix m; `transposed`: of the matrix transposed. */
static __device__ __forceinline__ void load_matrices(uint32_t out[4], const void *row)
{
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(address)
                 : "memory");
}

static __device__ __forceinline__ void load_matrices_transposed(uint32_t out[4], const void *row)
{
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(address)
                 : "memory");
}

/* Copies to shared memory that go on while the thread does ------------------------------------- */

/* WIDE bytes, or zeros where there are none. */
static __device__ __forceinline__ void copy_async(void *shared, const void *global, bool there)
{
    uint32_t address = (uint32_t)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global),
                 "r"(there ? WIDE : 0)
                 : "memory");
}

/* Those since the last call become a group. */
static __device__ __forceinline__ void copy_async_group()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits until at most `most` groups of this thread are under way; the others of the block see what
 * was copied after the next __syncthreads(). */
template <int most> static __device__ __forceinline__ void copy_async_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(most) : "memory");
}

/* Shared memory whose size a launch says, WIDE-aligned. One a kernel. */
#define GPU_SHARED(T, name)                                                                        \
    extern __shared__ __align__(128) unsigned char gpu_shared_bytes[];                             \
    T *name = reinterpret_cast<T *>(gpu_shared_bytes)

/* Launching ------------------------------------------------------------------------------------ */

enum { GPU_SHARED_DEFAULT = 48 << 10 };

/* The first error, or cudaSuccess. */
template <class... P, class... A>
static inline cudaError_t gpu_launch(cudaStream_t stream, void (*kernel)(P...), dim3 blocks,
                                     unsigned threads, size_t shared, A... arguments)
{
    if (shared > GPU_SHARED_DEFAULT) {
        cudaError_t error = cudaFuncSetAttribute(
            (const void *)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared);
        if (error != cudaSuccess)
            return error;
    }
    kernel<<<blocks, threads, shared, stream>>>(static_cast<P>(arguments)...);
    return cudaGetLastError();
}

#endif
#endif
