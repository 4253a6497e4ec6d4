#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/reference.h"

/* y[r, o] = sum_i x[r, i] weight[o, i] + bias[o] */
static void multiply(float *y, const float *x, const struct ws_linear *l)
{
    for (size_t r = 0; r < l->rows; r++) {
        for (size_t o = 0; o < l->out; o++) {
            double sum = l->bias ? (double)l->bias[o] : 0;
            for (size_t i = 0; i < l->in; i++)
                sum += (double)x[r * l->in + i] * (double)l->weight[o * l->in + i];
            y[r * l->out + o] = (float)sum;
        }
    }
}

void ws_reference_linear(struct ws_device *device, float *y, const float *x,
                         const struct ws_linear *l)
{
    if (ws_cpu_ready(device))
        multiply(y, x, l);
}

/* dx[r, i] = sum_o dy[r, o] weight[o, i] */
static void input_gradient(float *dx, const float *dy, const struct ws_linear *l, bool add_input)
{
    for (size_t r = 0; r < l->rows; r++) {
        for (size_t i = 0; i < l->in; i++) {
            double sum = add_input ? (double)dx[r * l->in + i] : 0;
            for (size_t o = 0; o < l->out; o++)
                sum += (double)dy[r * l->out + o] * (double)l->weight[o * l->in + i];
            dx[r * l->in + i] = (float)sum;
        }
    }
}

/* dweight[o, i] += sum_r dy[r, o] x[r, i] */
static void weight_gradient(float *dweight, const float *dy, const float *x,
                            const struct ws_linear *l)
{
    for (size_t o = 0; o < l->out; o++) {
        for (size_t i = 0; i < l->in; i++) {
            double sum = (double)dweight[o * l->in + i];
            for (size_t r = 0; r < l->rows; r++)
                sum += (double)dy[r * l->out + o] * (double)x[r * l->in + i];
            dweight[o * l->in + i] = (float)sum;
        }
    }
}

/* dbias[o] += sum_r dy[r, o] */
static void bias_gradient(float *dbias, const float *dy, const struct ws_linear *l)
{
    for (size_t o = 0; o < l->out; o++) {
        double sum = (double)dbias[o];
        for (size_t r = 0; r < l->rows; r++)
            sum += (double)dy[r * l->out + o];
        dbias[o] = (float)sum;
    }
}

void ws_reference_linear_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                                  const float *dy, const float *x, const struct ws_linear *l,
                                  bool add_input)
{
    if (!ws_cpu_ready(device))
        return;
    if (dx)
        input_gradient(dx, dy, l, add_input);
    if (dweight)
        weight_gradient(dweight, dy, x, l);
    if (dbias)
        bias_gradient(dbias, dy, l);
}

struct ws_packed *ws_reference_pack(struct ws_device *device, const float *weight, size_t out,
                                    size_t in, size_t rows)
{
    (void)rows;
    struct ws_packed *packed = ws_cpu_packed_new(device, out, in, out * in);
    if (packed)
        memcpy(packed->weight, weight, out * in * sizeof *weight);
    return packed;
}

void ws_reference_linear_packed(struct ws_device *device, float *y, const float *x,
                                const struct ws_packed *packed, const float *bias, size_t rows)
{
    if (!ws_cpu_ready(device))
        return;
    const struct ws_linear l = {rows, packed->in, packed->out, packed->weight, bias};
    multiply(y, x, &l);
}
