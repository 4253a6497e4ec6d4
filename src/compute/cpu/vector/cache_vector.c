#include <string.h>

#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

/* Positions are gone through one after another, all heads of one together: memory gives most to
 * who reads it in one stream. */

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

/* y += p x */
VECTOR_INLINE void add_times(float *y, float p, const float *x, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(y + i, load(y + i) + splat(p) * load(x + i));
    if (i < count)
        store_part(y + i,
                   load_part(y + i, count - i, 0) + splat(p) * load_part(x + i, count - i, 0),
                   count - i);
}

/* p[j] of every head, p (heads, positions). */
VECTOR_INLINE void score(float *p, const struct ws_attend *a, size_t size)
{
    for (size_t j = 0; j < a->positions; j++) {
        const float *query = a->queries, *key = a->keys + j * a->stride;
        float *out = p + j;
        for (size_t k = 0; k < a->kv_heads; k++, key += size)
            for (size_t g = 0; g < a->group; g++, query += size, out += a->positions)
                *out = dot(query, key, size);
    }
}

/* y (heads, size) */
VECTOR_INLINE void mix(float *y, const float *p, const struct ws_attend *a, size_t size)
{
    memset(y, 0, a->kv_heads * a->group * size * sizeof *y);
    for (size_t j = 0; j < a->positions; j++) {
        const float *value = a->values + j * a->stride, *weight = p + j;
        float *out = y;
        for (size_t k = 0; k < a->kv_heads; k++, value += size)
            for (size_t g = 0; g < a->group; g++, out += size, weight += a->positions)
                add_times(out, *weight, value, size);
    }
}

VECTOR_INLINE void attend(float *y, float *p, const struct ws_attend *a, size_t size)
{
    score(p, a, size);
    for (size_t h = 0; h < a->kv_heads * a->group; h++)
        (void)VECTOR(softmax)(p + h * a->positions, a->scale, a->positions);
    mix(y, p, a, size);
}

/* The usual sizes of heads are compiled apart. */
void VECTOR(attend)(float *y, float *p, const struct ws_attend *a)
{
    if (a->size == 64)
        attend(y, p, a, 64);
    else if (a->size == 32)
        attend(y, p, a, 32);
    else
        attend(y, p, a, a->size);
}
