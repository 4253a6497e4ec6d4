#include <math.h>

#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

void VECTOR(add)(float *y, const float *a, const float *b, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(y + i, load(a + i) + load(b + i));
    if (i < count)
        store_part(y + i, load_part(a + i, count - i, 0) + load_part(b + i, count - i, 0),
                   count - i);
}

void VECTOR(multiply)(float *y, const float *a, const float *b, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(y + i, load(a + i) * load(b + i));
    if (i < count)
        store_part(y + i, load_part(a + i, count - i, 0) * load_part(b + i, count - i, 0),
                   count - i);
}

/* Products of floats, their sum in double. */
float VECTOR(dot)(const float *a, const float *b, size_t count)
{
    v8d sums[2] = {{0}};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        add_wide(sums, load(a + i) * load(b + i));
    if (i < count)
        add_wide(sums, load_part(a + i, count - i, 0) * load_part(b + i, count - i, 0));
    return (float)sum_wide(sums);
}

/* Squares are taken in double: those of small gradients are no floats. */
VECTOR_INLINE void add_squares(v8d sums[2], v16 x)
{
    v8 halves[2];
    memcpy(halves, &x, sizeof x);
    v8d low = __builtin_convertvector(halves[0], v8d);
    v8d high = __builtin_convertvector(halves[1], v8d);
    sums[0] += low * low;
    sums[1] += high * high;
}

double VECTOR(sum_squares)(const float *x, size_t count)
{
    v8d sums[2] = {{0}};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        add_squares(sums, load(x + i));
    if (i < count)
        add_squares(sums, load_part(x + i, count - i, 0));
    return sum_wide(sums);
}

/* Lane by lane, because there is no other way to write it; compilers see the vector. */
VECTOR_INLINE v16 root(v16 x)
{
    float lanes[LANES];
    memcpy(lanes, &x, sizeof x);
    for (size_t i = 0; i < LANES; i++)
        lanes[i] = sqrtf(lanes[i]);
    memcpy(&x, lanes, sizeof x);
    return x;
}

struct adamw_numbers {
    v16 w, m, v;
};

VECTOR_INLINE struct adamw_numbers adamw_16(struct adamw_numbers old, v16 gradient,
                                            const struct ws_adamw_step *s)
{
    v16 g = gradient * splat(s->scale);
    v16 m = splat(s->beta1) * old.m + splat(s->rest1) * g;
    v16 v = splat(s->beta2) * old.v + splat(s->rest2) * (g * g);
    v16 update = m * splat(s->inverse1) / (root(v * splat(s->inverse2)) + splat(s->epsilon));
    v16 w = old.w - splat(s->rate) * (splat(s->decay) * old.w + update);
    return (struct adamw_numbers){w, m, v};
}

void VECTOR(adamw)(float *weight, float *first, float *second, const float *gradient,
                   const struct ws_adamw_step *step, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        struct adamw_numbers n = {load(weight + i), load(first + i), load(second + i)};
        n = adamw_16(n, load(gradient + i), step);
        store(weight + i, n.w);
        store(first + i, n.m);
        store(second + i, n.v);
    }
    if (i < count) {
        size_t rest = count - i;
        struct adamw_numbers n = {load_part(weight + i, rest, 0), load_part(first + i, rest, 0),
                                  load_part(second + i, rest, 0)};
        n = adamw_16(n, load_part(gradient + i, rest, 0), step);
        store_part(weight + i, n.w, rest);
        store_part(first + i, n.m, rest);
        store_part(second + i, n.v, rest);
    }
}

void VECTOR(rotate)(float *a, float *b, const float *cosines, const float *sines, bool inverse,
                    size_t count)
{
    v16 sign = splat(inverse ? -1 : 1);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v16 x = load(a + i), y = load(b + i), c = load(cosines + i), s = load(sines + i) * sign;
        store(a + i, x * c - y * s);
        store(b + i, y * c + x * s);
    }
    if (i < count) {
        size_t rest = count - i;
        v16 x = load_part(a + i, rest, 0), y = load_part(b + i, rest, 0);
        v16 c = load_part(cosines + i, rest, 0), s = load_part(sines + i, rest, 0) * sign;
        store_part(a + i, x * c - y * s, rest);
        store_part(b + i, y * c + x * s, rest);
    }
}
