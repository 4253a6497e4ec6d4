#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

/* Rows a and b exchange the blocks beside the diagonal. */
#define EXCHANGE(a, b, side)                                                                       \
    do {                                                                                           \
        v16 x = (a), y = (b);                                                                      \
        (a) = __builtin_shufflevector(x, y, FIRST_##side);                                         \
        (b) = __builtin_shufflevector(x, y, SECOND_##side);                                        \
    } while (0)

#define FIRST_8  0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define SECOND_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define FIRST_4  0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define SECOND_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define FIRST_2  0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SECOND_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define FIRST_1  0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define SECOND_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31

/* Blocks of half the side are exchanged, then those inside them, down to single numbers. */
#define EXCHANGE_ALL(v, side)                                                                      \
    for (size_t i = 0; i < LANES; i += 2 * (side))                                                 \
        for (size_t j = i; j < i + (side); j++)                                                    \
    EXCHANGE((v)[j], (v)[j + (side)], side)

VECTOR_INLINE void transpose_16(float *out, size_t out_stride, const float *in, size_t in_stride)
{
    v16 v[LANES];
    for (size_t r = 0; r < LANES; r++)
        v[r] = load(in + r * in_stride);
    EXCHANGE_ALL(v, 8);
    EXCHANGE_ALL(v, 4);
    EXCHANGE_ALL(v, 2);
    EXCHANGE_ALL(v, 1);
    for (size_t c = 0; c < LANES; c++)
        store(out + c * out_stride, v[c]);
}

VECTOR_INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks of one cache line a row, so that all lines of a block stay until they are full. */
void VECTOR(transpose)(float *out, size_t out_stride, const float *in, size_t in_stride,
                       size_t rows, size_t columns)
{
    for (size_t c = 0; c < columns; c += LANES)
        for (size_t r = 0; r < rows; r += LANES) {
            float *to = out + c * out_stride + r;
            const float *from = in + r * in_stride + c;
            size_t height = least(LANES, rows - r), width = least(LANES, columns - c);
            if (height == LANES && width == LANES)
                transpose_16(to, out_stride, from, in_stride);
            else
                for (size_t i = 0; i < width; i++)
                    for (size_t j = 0; j < height; j++)
                        to[i * out_stride + j] = from[j * in_stride + i];
        }
}
