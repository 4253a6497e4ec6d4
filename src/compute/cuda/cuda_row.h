/*
 * A row that a block goes through several times: held in shared memory where it fits, so that the
 * device's memory is read once, and else left where it is.
 *
 * All threads of the block call. For cuda_head.cu and cuda_pick.cu.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_ROW_H
#define WS_COMPUTE_CUDA_CUDA_ROW_H

#include "compute/cuda/cuda_device.h"

/* Shared memory that is left for what else a block keeps there. */
enum { BESIDE_ROW = 16 << 10 };

/* Bytes of shared memory that hold a row of so many; 0 where it does not fit. */
static inline size_t room_for_row(struct ws_cuda *cuda, size_t size)
{
    int most = 0;
    (void)ws_cuda_ok(
        cuda, cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, cuda->number),
        "asking for its shared memory");
    size = (size + WIDE - 1) / WIDE * WIDE;
    return size + BESIDE_ROW <= (size_t)most ? size : 0;
}

/* How many of a row's numbers are loaded at once, COUNT by COUNT; those after them one by one. */
template <class T> static __device__ __forceinline__ unsigned wides_of(const T *row, unsigned count)
{
    return reinterpret_cast<uintptr_t>(row) % WIDE == 0 ? count / wide<T>::COUNT : 0;
}

/* Where the row is from now on: in `room`, or where it was if there is none. */
template <class T> static __device__ T *hold_row(T *row, unsigned count, T *room)
{
    enum { COUNT = wide<T>::COUNT };
    if (!room)
        return row;
    unsigned wides = wides_of(row, count);
    for (unsigned i = threadIdx.x; i < wides; i += blockDim.x)
        copy_async(room + i * COUNT, row + i * COUNT, true);
    for (unsigned v = wides * COUNT + threadIdx.x; v < count; v += blockDim.x)
        room[v] = row[v];
    copy_async_group();
    copy_async_wait<0>();
    __syncthreads();
    return room;
}

/* f(v, number v), each by one thread. */
template <class T, class F>
static __device__ __forceinline__ void each_of_row(const T *row, unsigned count, F f)
{
    enum { COUNT = wide<T>::COUNT };
    unsigned wides = wides_of(row, count);
    for (unsigned i = threadIdx.x; i < wides; i += blockDim.x) {
        wide<T> numbers = load_wide(row + i * COUNT);
        for (unsigned j = 0; j < COUNT; j++)
            f(i * COUNT + j, to_float(numbers.at[j]));
    }
    for (unsigned v = wides * COUNT + threadIdx.x; v < count; v += blockDim.x)
        f(v, to_float(row[v]));
}

/* out[v] = f(v, number v); out may be the row. Each by the thread that each_of_row has for it. */
template <class T, class F>
static __device__ __forceinline__ void map_row(T *out, const T *row, unsigned count, F f)
{
    enum { COUNT = wide<T>::COUNT };
    unsigned wides = min(wides_of(row, count), wides_of(out, count));
    for (unsigned i = threadIdx.x; i < wides; i += blockDim.x) {
        wide<T> numbers = load_wide(row + i * COUNT);
        for (unsigned j = 0; j < COUNT; j++)
            numbers.at[j] = from_float<T>(f(i * COUNT + j, to_float(numbers.at[j])));
        store_wide(out + i * COUNT, numbers);
    }
    for (unsigned v = wides * COUNT + threadIdx.x; v < count; v += blockDim.x)
        out[v] = from_float<T>(f(v, to_float(row[v])));
}

#endif
