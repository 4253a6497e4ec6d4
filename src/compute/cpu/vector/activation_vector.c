#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

/* 2 sqrt(2 / pi) and the cubic coefficient of the tanh approximation. */
#define TANH_SCALE 1.5957691216057308F
#define TANH_CUBE  0.044715F
/* 1 / sqrt(2 pi) */
#define DENSITY_SCALE 0.3989422804014327F

VECTOR_INLINE v16 logistic(v16 x)
{
    return splat(1) / (splat(1) + exp16(-x));
}

/* Both tails of the standard normal distribution from one: for u = |x| and t = 1 / (1 + 0.3 u),
 * Phi(-u) = t Q(t) exp(-u^2 / 2), Q fitted to 3.4e-9 relative for u <= 14, where it underflows. */
VECTOR_INLINE v16 normal_cdf(v16 x, v16 bell)
{
    v16 u = choose(x < splat(0), -x, x);
    v16 t = splat(1) / (splat(1) + splat(0.3F) * u);
    v16 q = splat(-0x1.51b888p-6F);
    q = q * t + splat(0x1.cc4a9ep-4F);
    q = q * t + splat(-0x1.d31522p-3F);
    q = q * t + splat(0x1.885c12p-3F);
    q = q * t + splat(-0x1.4498fap-4F);
    q = q * t + splat(0x1.8973fcp-4F);
    q = q * t + splat(0x1.413b2ap-4F);
    q = q * t + splat(0x1.c37dbap-4F);
    q = q * t + splat(0x1.e9c536p-4F);
    q = q * t + splat(0x1.ea3c88p-4F);
    v16 tail = t * q * bell;
    return choose(x < splat(0), tail, splat(1) - tail);
}

/* The value and, unless `slope` is NULL, the derivative. tanh(v) = 2 logistic(2 v) - 1. */
VECTOR_INLINE v16 activate(enum ws_activation kind, v16 x, v16 *slope)
{
    if (kind == WS_ACTIVATION_RELU) {
        if (slope)
            *slope = choose(x > splat(0), splat(1), splat(0));
        return choose(x > splat(0), x, splat(0));
    }
    if (kind == WS_ACTIVATION_GELU) {
        v16 bell = exp16(x * x * splat(-0.5F));
        v16 below = normal_cdf(x, bell);
        if (slope)
            *slope = below + x * bell * splat(DENSITY_SCALE);
        return x * below;
    }
    if (kind == WS_ACTIVATION_GELU_TANH) {
        v16 square = x * x;
        v16 s = logistic(x * splat(TANH_SCALE) * (splat(1) + splat(TANH_CUBE) * square));
        if (slope)
            *slope = s + x * s * (splat(1) - s) * splat(TANH_SCALE) *
                             (splat(1) + splat(3 * TANH_CUBE) * square);
        return x * s;
    }
    v16 s = logistic(x);
    if (slope)
        *slope = s * (splat(1) + x * (splat(1) - s));
    return x * s;
}

VECTOR_INLINE void activate_all(float *y, const float *x, const float *factor,
                                enum ws_activation kind, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        v16 v = activate(kind, load(x + i), NULL);
        store(y + i, factor ? v * load(factor + i) : v);
    }
    if (i < count) {
        size_t rest = count - i;
        v16 v = activate(kind, load_part(x + i, rest, 0), NULL);
        store_part(y + i, factor ? v * load_part(factor + i, rest, 0) : v, rest);
    }
}

VECTOR_INLINE void slope_all(float *dx, const float *dy, const float *x, enum ws_activation kind,
                             size_t count)
{
    size_t i = 0;
    v16 slope;
    for (; i + LANES <= count; i += LANES) {
        (void)activate(kind, load(x + i), &slope);
        store(dx + i, load(dy + i) * slope);
    }
    if (i < count) {
        size_t rest = count - i;
        (void)activate(kind, load_part(x + i, rest, 0), &slope);
        store_part(dx + i, load_part(dy + i, rest, 0) * slope, rest);
    }
}

VECTOR_INLINE void gate_16(v16 *dgate, v16 *dup, v16 dy, v16 gate, v16 up, enum ws_activation kind)
{
    v16 slope;
    *dup = dy * activate(kind, gate, &slope);
    *dgate = dy * up * slope;
}

VECTOR_INLINE void gate_slope_all(float *dgate, float *dup, const float *dy, const float *gate,
                                  const float *up, enum ws_activation kind, size_t count)
{
    size_t i = 0;
    v16 a, b;
    for (; i + LANES <= count; i += LANES) {
        gate_16(&a, &b, load(dy + i), load(gate + i), load(up + i), kind);
        store(dgate + i, a);
        store(dup + i, b);
    }
    if (i < count) {
        size_t rest = count - i;
        gate_16(&a, &b, load_part(dy + i, rest, 0), load_part(gate + i, rest, 0),
                load_part(up + i, rest, 0), kind);
        store_part(dgate + i, a, rest);
        store_part(dup + i, b, rest);
    }
}

/* Each call below is one more copy of its loop, in which `kind` is known. */
#define FOR_EACH_KIND(kind, loop)                                                                  \
    switch (kind) {                                                                                \
    case WS_ACTIVATION_RELU:                                                                       \
        loop(WS_ACTIVATION_RELU);                                                                  \
        break;                                                                                     \
    case WS_ACTIVATION_GELU:                                                                       \
        loop(WS_ACTIVATION_GELU);                                                                  \
        break;                                                                                     \
    case WS_ACTIVATION_GELU_TANH:                                                                  \
        loop(WS_ACTIVATION_GELU_TANH);                                                             \
        break;                                                                                     \
    case WS_ACTIVATION_SILU:                                                                       \
        loop(WS_ACTIVATION_SILU);                                                                  \
        break;                                                                                     \
    }

void VECTOR(activation)(float *y, const float *x, enum ws_activation kind, size_t count)
{
#define LOOP(known) activate_all(y, x, NULL, known, count)
    FOR_EACH_KIND(kind, LOOP)
#undef LOOP
}

void VECTOR(activation_backward)(float *dx, const float *dy, const float *x,
                                 enum ws_activation kind, size_t count)
{
#define LOOP(known) slope_all(dx, dy, x, known, count)
    FOR_EACH_KIND(kind, LOOP)
#undef LOOP
}

void VECTOR(gate)(float *y, const float *gate, const float *up, enum ws_activation kind,
                  size_t count)
{
#define LOOP(known) activate_all(y, gate, up, known, count)
    FOR_EACH_KIND(kind, LOOP)
#undef LOOP
}

void VECTOR(gate_backward)(float *dgate, float *dup, const float *dy, const float *gate,
                           const float *up, enum ws_activation kind, size_t count)
{
#define LOOP(known) gate_slope_all(dgate, dup, dy, gate, up, known, count)
    FOR_EACH_KIND(kind, LOOP)
#undef LOOP
}
