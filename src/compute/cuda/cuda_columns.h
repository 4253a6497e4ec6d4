/*
 * Sums of columns: a block sums a stretch of rows, and the sums of stretches are added in order.
 *
 * For gradients of biases, by themselves and beside what makes the rows. Private to cuda_linear.cu
 * and cuda_element.cu.
 */
#ifndef WS_COMPUTE_CUDA_CUDA_COLUMNS_H
#define WS_COMPUTE_CUDA_CUDA_COLUMNS_H

#include "compute/cuda/cuda_device.h"

enum {
    COLUMN_ACROSS = 32, /* threads along a row */
    COLUMN_DOWN = 8,    /* rows that a block reads at once */
    COLUMN_THREADS = COLUMN_ACROSS * COLUMN_DOWN,
    COLUMN_STRETCHES = 256, /* at most */
    COLUMN_ROWS = 128,      /* of a stretch, at least: blocks that end soon leave no tail */
};

/* Where a thread is: numbers column .. column + there - 1 of every COLUMN_DOWN-th row from `row` to
 * end - 1. */
struct column_place {
    size_t column, row, end;
    unsigned there;
};

template <class T>
static __device__ __forceinline__ column_place place_in_columns(size_t rows, size_t width,
                                                                size_t each)
{
    constexpr unsigned EACH = WIDE / sizeof(T);
    unsigned across = threadIdx.x % COLUMN_ACROSS, down = threadIdx.x / COLUMN_ACROSS;
    size_t first = blockIdx.y * each, column = ((size_t)blockIdx.x * COLUMN_ACROSS + across) * EACH;
    return {column, first + down, min(first + each, rows),
            column < width ? (unsigned)min(width - column, (size_t)EACH) : 0};
}

/* parts (stretches, width): the block's row of it, of what its threads summed. All of them call. */
template <unsigned EACH>
static __device__ __forceinline__ void put_column_sums(float *parts, const float (&sums)[EACH],
                                                       size_t width)
{
    constexpr unsigned WIDTH = COLUMN_ACROSS * EACH;
    __shared__ float shared[COLUMN_DOWN * WIDTH];
    unsigned across = threadIdx.x % COLUMN_ACROSS, down = threadIdx.x / COLUMN_ACROSS;
#pragma unroll
    for (unsigned i = 0; i < EACH; i++)
        shared[down * WIDTH + across * EACH + i] = sums[i];
    __syncthreads();
    for (unsigned i = threadIdx.x; i < WIDTH; i += COLUMN_THREADS) {
        float sum = 0;
        for (unsigned d = 0; d < COLUMN_DOWN; d++)
            sum += shared[d * WIDTH + i];
        size_t at = blockIdx.x * (size_t)WIDTH + i;
        if (at < width)
            parts[blockIdx.y * width + at] = sum;
    }
}

/* Rows of a stretch, and the blocks for all of them. */
template <class T> static inline dim3 column_blocks(size_t rows, size_t width, size_t *each)
{
    *each = (rows + COLUMN_STRETCHES - 1) / COLUMN_STRETCHES;
    *each = *each < COLUMN_ROWS ? (size_t)COLUMN_ROWS : *each;
    return dim3(ws_cuda_blocks(width, COLUMN_ACROSS * WIDE / sizeof(T)),
                ws_cuda_blocks(rows, *each));
}

/* Whether all threads may load whole WIDEs. */
template <class T> static inline bool columns_are_wide(const T *x, size_t width)
{
    return (uintptr_t)x % WIDE == 0 && width * sizeof(T) % WIDE == 0;
}

/* y (width) += the sum of the rows of parts (count, width): cuda_linear.cu */
void ws_cuda_add_parts(struct ws_cuda *cuda, float *y, const float *parts, size_t count,
                       size_t width);

#endif
