#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

VECTOR_INLINE float dot(const float *a, const float *b, size_t count)
{
    v16 sum = splat(0);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        sum += load(a + i) * load(b + i);
    if (i < count)
        sum += load_part(a + i, count - i, 0) * load_part(b + i, count - i, 0);
    return sum_lanes(sum);
}

/* y = sum over j of p[j] rows[j], `wide` vectors of columns at a time, which stay in registers. */
VECTOR_INLINE void mix(float *y, const float *p, const float *rows, size_t count, size_t stride,
                       size_t wide)
{
    v16 sums[4];
    for (size_t w = 0; w < wide; w++)
        sums[w] = splat(0);
    for (size_t j = 0; j < count; j++)
        for (size_t w = 0; w < wide; w++)
            sums[w] += splat(p[j]) * load(rows + j * stride + w * LANES);
    for (size_t w = 0; w < wide; w++)
        store(y + w * LANES, sums[w]);
}

VECTOR_INLINE void mix_part(float *y, const float *p, const float *rows, size_t count,
                            size_t stride, size_t columns)
{
    v16 sum = splat(0);
    for (size_t j = 0; j < count; j++)
        sum += splat(p[j]) * load_part(rows + j * stride, columns, 0);
    store_part(y, sum, columns);
}

void VECTOR(attend)(float *y, float *p, const float *query, const float *keys, const float *values,
                    size_t positions, size_t size, float scale)
{
    for (size_t j = 0; j < positions; j++)
        p[j] = dot(query, keys + j * size, size);
    (void)VECTOR(softmax)(p, scale, positions);
    size_t c = 0;
    for (; c + 4 * (size_t)LANES <= size; c += 4 * (size_t)LANES)
        mix(y + c, p, values + c, positions, size, 4);
    for (; c + LANES <= size; c += LANES)
        mix(y + c, p, values + c, positions, size, 1);
    if (c < size)
        mix_part(y + c, p, values + c, positions, size, size - c);
}
