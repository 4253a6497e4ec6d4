#include <math.h>

#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

/* sum = x + addend, or x; gives the total. */
VECTOR_INLINE float add_up(float *sum, const float *x, const float *addend, size_t width)
{
    v16 total = splat(0);
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) {
        v16 v = load(x + i);
        if (addend) {
            v += load(addend + i);
            store(sum + i, v);
        }
        total += v;
    }
    if (i < width) {
        v16 v = load_part(x + i, width - i, 0);
        if (addend) {
            v += load_part(addend + i, width - i, 0);
            store_part(sum + i, v, width - i);
        }
        total += v;
    }
    return sum_lanes(total);
}

VECTOR_INLINE float squares(const float *x, float mean, size_t width)
{
    v16 total = splat(0);
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) {
        v16 v = load(x + i) - splat(mean);
        total += v * v;
    }
    if (i < width) {
        v16 v = load_part(x + i, width - i, mean) - splat(mean);
        total += v * v;
    }
    return sum_lanes(total);
}

void VECTOR(norm)(float *y, float *sum, float stats[2], const float *x, const float *addend,
                  const float *weight, const float *bias, const struct ws_norm_shape *shape)
{
    size_t width = shape->width;
    float total = add_up(sum, x, addend, width);
    const float *row = addend ? sum : x;
    float mean = shape->kind == WS_NORM_LAYER ? total / (float)width : 0;
    float variance = squares(row, mean, width) / (float)width;
    float inverse = 1 / sqrtf(variance + shape->eps);
    size_t i = 0;
    for (; i + LANES <= width; i += LANES) {
        v16 v = (load(row + i) - splat(mean)) * splat(inverse) * load(weight + i);
        store(y + i, bias ? v + load(bias + i) : v);
    }
    if (i < width) {
        size_t rest = width - i;
        v16 v = (load_part(row + i, rest, 0) - splat(mean)) * splat(inverse) *
                load_part(weight + i, rest, 0);
        store_part(y + i, bias ? v + load_part(bias + i, rest, 0) : v, rest);
    }
    stats[0] = mean;
    stats[1] = inverse;
}

/* The terms of one row: n, what was normalised, and g = dy * weight. */
struct terms {
    v16 dy, n, g;
};

VECTOR_INLINE struct terms terms_of(v16 dy, v16 x, v16 weight, const float stats[2])
{
    return (struct terms){dy, (x - splat(stats[0])) * splat(stats[1]), dy * weight};
}

VECTOR_INLINE void means(float out[2], const float *dy, const float *x, const float stats[2],
                         const float *weight, const struct ws_norm_shape *shape)
{
    v16 sum = splat(0), product = splat(0);
    size_t width = shape->width, i = 0;
    for (; i + LANES <= width; i += LANES) {
        struct terms t = terms_of(load(dy + i), load(x + i), load(weight + i), stats);
        sum += t.g;
        product += t.g * t.n;
    }
    if (i < width) {
        size_t rest = width - i;
        struct terms t = terms_of(load_part(dy + i, rest, 0), load_part(x + i, rest, 0),
                                  load_part(weight + i, rest, 0), stats);
        sum += t.g;
        product += t.g * t.n;
    }
    out[0] = shape->kind == WS_NORM_LAYER ? sum_lanes(sum) / (float)width : 0;
    out[1] = sum_lanes(product) / (float)width;
}

VECTOR_INLINE v16 input_gradient(struct terms t, const float mean[2], float inverse)
{
    return splat(inverse) * (t.g - splat(mean[0]) - t.n * splat(mean[1]));
}

void VECTOR(norm_backward)(float *dx, float *dweight, float *dbias, const float *dy, const float *x,
                           const float stats[2], const float *weight,
                           const struct ws_norm_shape *shape, bool add_input)
{
    float mean[2];
    means(mean, dy, x, stats, weight, shape);
    size_t width = shape->width, i = 0;
    for (; i + LANES <= width; i += LANES) {
        struct terms t = terms_of(load(dy + i), load(x + i), load(weight + i), stats);
        v16 d = input_gradient(t, mean, stats[1]);
        store(dx + i, add_input ? load(dx + i) + d : d);
        store(dweight + i, load(dweight + i) + t.dy * t.n);
        store(dbias + i, load(dbias + i) + t.dy);
    }
    if (i < width) {
        size_t rest = width - i;
        struct terms t = terms_of(load_part(dy + i, rest, 0), load_part(x + i, rest, 0),
                                  load_part(weight + i, rest, 0), stats);
        v16 d = input_gradient(t, mean, stats[1]);
        store_part(dx + i, add_input ? load_part(dx + i, rest, 0) + d : d, rest);
        store_part(dweight + i, load_part(dweight + i, rest, 0) + t.dy * t.n, rest);
        store_part(dbias + i, load_part(dbias + i, rest, 0) + t.dy, rest);
    }
}
