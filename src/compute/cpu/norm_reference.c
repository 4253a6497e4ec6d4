#include <math.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/reference.h"

/* y = (x - mean) * inverse * weight + bias, where `inverse` is 1 / sqrt(mean((x - mean)^2) + eps);
 * for WS_NORM_RMS the mean is taken as 0 and the bias too. */
static void norm_row(float *y, float stats[2], const float *x, const float *weight,
                     const float *bias, const struct ws_norm_shape *shape)
{
    double mean = 0;
    if (shape->kind == WS_NORM_LAYER) {
        for (size_t i = 0; i < shape->width; i++)
            mean += (double)x[i];
        mean /= (double)shape->width;
    }
    double squares = 0;
    for (size_t i = 0; i < shape->width; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    double inverse = 1 / sqrt(squares / (double)shape->width + (double)shape->eps);
    for (size_t i = 0; i < shape->width; i++)
        y[i] = (float)(((double)x[i] - mean) * inverse * (double)weight[i] +
                       (bias ? (double)bias[i] : 0));
    if (stats) {
        stats[0] = (float)mean;
        stats[1] = (float)inverse;
    }
}

void ws_reference_norm(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                       const float *addend, const float *weight, const float *bias,
                       const struct ws_norm_shape *shape)
{
    if (!ws_cpu_ready(device))
        return;
    for (size_t r = 0; r < shape->rows; r++) {
        size_t at = r * shape->width;
        for (size_t i = at; addend && i < at + shape->width; i++)
            sum[i] = x[i] + addend[i];
        norm_row(y + at, stats ? stats + 2 * r : NULL, (addend ? sum : x) + at, weight, bias,
                 shape);
    }
}

/* With n = (x - mean) * inverse and g = dy * weight,
 *     dx = inverse * (g - mean(g) - n * mean(g * n)),
 * for WS_NORM_RMS without mean(g). */
static void input_gradient(float *dx, const float *dy, const float *x, const float stats[2],
                           const float *weight, const struct ws_norm_shape *shape, bool add_input)
{
    double mean = (double)stats[0], inverse = (double)stats[1];
    double sum = 0, product = 0;
    for (size_t i = 0; i < shape->width; i++) {
        double g = (double)dy[i] * (double)weight[i];
        sum += g;
        product += g * ((double)x[i] - mean) * inverse;
    }
    sum = shape->kind == WS_NORM_LAYER ? sum / (double)shape->width : 0;
    product /= (double)shape->width;
    for (size_t i = 0; i < shape->width; i++) {
        double n = ((double)x[i] - mean) * inverse;
        double g = (double)dy[i] * (double)weight[i];
        double gradient = inverse * (g - sum - n * product);
        dx[i] = (float)(add_input ? (double)dx[i] + gradient : gradient);
    }
}

/* dweight += sum over rows of dy * n, dbias += sum over rows of dy */
static void weight_gradient(float *dweight, float *dbias, const float *dy, const float *x,
                            const float *stats, const struct ws_norm_shape *shape)
{
    for (size_t i = 0; i < shape->width; i++) {
        double product = 0, sum = 0;
        for (size_t r = 0; r < shape->rows; r++) {
            size_t at = r * shape->width + i;
            double mean = (double)stats[2 * r], inverse = (double)stats[2 * r + 1];
            product += (double)dy[at] * ((double)x[at] - mean) * inverse;
            sum += (double)dy[at];
        }
        if (dweight)
            dweight[i] = (float)((double)dweight[i] + product);
        if (dbias)
            dbias[i] = (float)((double)dbias[i] + sum);
    }
}

void ws_reference_norm_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                                const float *dy, const float *x, const float *stats,
                                const float *weight, const struct ws_norm_shape *shape,
                                bool add_input)
{
    if (!ws_cpu_ready(device))
        return;
    weight_gradient(dweight, dbias, dy, x, stats, shape);
    for (size_t r = 0; r < shape->rows; r++) {
        size_t at = r * shape->width;
        input_gradient(dx + at, dy + at, x + at, stats + 2 * r, weight, shape, add_input);
    }
}
