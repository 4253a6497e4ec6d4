#include <assert.h>
#include <math.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/reference.h"

/* sqrt(2 / pi) and the cubic coefficient of the tanh approximation. */
#define TANH_SCALE 0.79788456080286535588
#define TANH_CUBE  0.044715

static double value(enum ws_activation kind, double x)
{
    switch (kind) {
    case WS_ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case WS_ACTIVATION_GELU:
        return x * 0.5 * erfc(-x * M_SQRT1_2);
    case WS_ACTIVATION_GELU_TANH:
        return 0.5 * x * (1 + tanh(TANH_SCALE * (x + TANH_CUBE * x * x * x)));
    case WS_ACTIVATION_SILU:
        return x / (1 + exp(-x));
    }
    assert(false);
    return 0;
}

static double slope(enum ws_activation kind, double x)
{
    switch (kind) {
    case WS_ACTIVATION_RELU:
        return x > 0 ? 1 : 0;
    case WS_ACTIVATION_GELU: /* Phi(x) + x phi(x) */
        return 0.5 * erfc(-x * M_SQRT1_2) + x * exp(-0.5 * x * x) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
    case WS_ACTIVATION_GELU_TANH: {
        double t = tanh(TANH_SCALE * (x + TANH_CUBE * x * x * x));
        double inner = TANH_SCALE * (1 + 3 * TANH_CUBE * x * x);
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner;
    }
    case WS_ACTIVATION_SILU: {
        double s = 1 / (1 + exp(-x));
        return s * (1 + x * (1 - s));
    }
    }
    assert(false);
    return 0;
}

void ws_reference_activation(struct ws_device *device, float *y, const float *x,
                             enum ws_activation kind, size_t count)
{
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        y[i] = (float)value(kind, (double)x[i]);
}

void ws_reference_activation_backward(struct ws_device *device, float *dx, float *dbias,
                                      const float *dy, const float *x, enum ws_activation kind,
                                      size_t rows, size_t width)
{
    if (!ws_cpu_ready(device))
        return;
    for (size_t i = 0; i < rows * width; i++)
        dx[i] = (float)((double)dy[i] * slope(kind, (double)x[i]));
    for (size_t i = 0; dbias && i < width; i++) {
        double sum = (double)dbias[i];
        for (size_t r = 0; r < rows; r++)
            sum += (double)dx[r * width + i];
        dbias[i] = (float)sum;
    }
}

void ws_reference_gate(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                       size_t rows, size_t width)
{
    for (size_t r = 0; ws_cpu_ready(device) && r < rows; r++) {
        const float *gate = x + r * 2 * width, *up = gate + width;
        for (size_t i = 0; i < width; i++)
            y[r * width + i] = (float)(value(kind, (double)gate[i]) * (double)up[i]);
    }
}

void ws_reference_gate_backward(struct ws_device *device, float *dx, const float *dy,
                                const float *x, enum ws_activation kind, size_t rows, size_t width)
{
    for (size_t r = 0; ws_cpu_ready(device) && r < rows; r++) {
        const float *gate = x + r * 2 * width, *up = gate + width;
        float *dgate = dx + r * 2 * width, *dup = dgate + width;
        for (size_t i = 0; i < width; i++) {
            double d = (double)dy[r * width + i];
            dgate[i] = (float)(d * (double)up[i] * slope(kind, (double)gate[i]));
            dup[i] = (float)(d * value(kind, (double)gate[i]));
        }
    }
}
