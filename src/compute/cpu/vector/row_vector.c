#include <math.h>

#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

float VECTOR(row_max)(const float *x, size_t count)
{
    v16 most = splat(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        most = larger(most, load(x + i));
    if (i < count)
        most = larger(most, load_part(x + i, count - i, -INFINITY));
    return largest_lane(most);
}

double VECTOR(row_exp)(float *y, const float *x, float max, float factor, size_t count)
{
    v8d sums[2] = {{0}};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v16 e = exp16((load(x + i) - splat(max)) * splat(factor));
        store(y + i, e);
        add_wide(sums, e);
    }
    if (i < count) {
        v16 e = exp16((load_part(x + i, count - i, max) - splat(max)) * splat(factor));
        store_part(y + i, e, count - i);
        v16 padded = load_part(y + i, count - i, 0);
        add_wide(sums, padded);
    }
    return sum_wide(sums);
}

/* 0 * exp(-infinity) is wanted as 0, as its limit is. */
VECTOR_INLINE v16 weighted(v16 e, v16 x)
{
    return choose(e > splat(0), e * x, splat(0));
}

void VECTOR(row_sums)(double sums[2], const float *x, float max, size_t count)
{
    v8d total[2] = {{0}}, products[2] = {{0}};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v16 centred = load(x + i) - splat(max);
        v16 e = exp16(centred);
        add_wide(total, e);
        add_wide(products, weighted(e, centred));
    }
    if (i < count) {
        v16 centred = load_part(x + i, count - i, -INFINITY) - splat(max);
        v16 e = exp16(centred);
        add_wide(total, e);
        add_wide(products, weighted(e, centred));
    }
    sums[0] = sum_wide(total);
    sums[1] = sum_wide(products);
}

void VECTOR(scale)(float *x, float factor, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(x + i, load(x + i) * splat(factor));
    if (i < count)
        store_part(x + i, load_part(x + i, count - i, 0) * splat(factor), count - i);
}

float VECTOR(softmax)(float *x, float factor, size_t count)
{
    float max = VECTOR(row_max)(x, count);
    double sum = VECTOR(row_exp)(x, x, max, factor, count);
    VECTOR(scale)(x, (float)(1 / sum), count);
    return (float)((double)max * (double)factor + log(sum));
}

struct softmax_step {
    v16 scale, log_sum, mean;
};

VECTOR_INLINE void softmax_backward_16(v16 *s, v16 *d, v16 factors, const struct softmax_step *c)
{
    v16 p = exp16(*s * c->scale - c->log_sum);
    *s = p * factors;
    *d = p * (*d * factors - c->mean) * c->scale;
}

void VECTOR(softmax_backward)(float *s, float *d, const float *factors, float scale, float log_sum,
                              float mean, size_t count)
{
    const struct softmax_step c = {splat(scale), splat(log_sum), splat(mean)};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v16 a = load(s + i), b = load(d + i);
        softmax_backward_16(&a, &b, factors ? load(factors + i) : splat(1), &c);
        store(s + i, a);
        store(d + i, b);
    }
    if (i < count) {
        size_t rest = count - i;
        v16 a = load_part(s + i, rest, 0), b = load_part(d + i, rest, 0);
        softmax_backward_16(&a, &b, factors ? load_part(factors + i, rest, 0) : splat(1), &c);
        store_part(s + i, a, rest);
        store_part(d + i, b, rest);
    }
}
