#include <assert.h>
#include <math.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/dropout_mask.h"
#include "compute/cpu/reference.h"

void ws_reference_embedding(struct ws_device *device, float *y, const float *table,
                            const float *places, const uint32_t *tokens, const uint32_t *positions,
                            size_t rows, size_t width)
{
    for (size_t r = 0; ws_cpu_ready(device) && r < rows; r++) {
        const float *row = table + (tokens[r] == WS_NO_TARGET ? 0 : tokens[r] * width);
        for (size_t c = 0; c < width; c++)
            y[r * width + c] = row[c] + (places ? places[positions[r] * width + c] : 0);
    }
}

/* dtable[token of r] += dy[r] for each row, dplaces likewise. */
void ws_reference_embedding_backward(struct ws_device *device, float *dtable, float *dplaces,
                                     const float *dy, const uint32_t *tokens,
                                     const uint32_t *positions, size_t rows, size_t width)
{
    for (size_t r = 0; ws_cpu_ready(device) && r < rows; r++) {
        for (size_t c = 0; c < width; c++) {
            dtable[tokens[r] * width + c] += dy[r * width + c];
            if (dplaces)
                dplaces[positions[r] * width + c] += dy[r * width + c];
        }
    }
}

void ws_reference_add(struct ws_device *device, float *y, const float *x, const float *addend,
                      size_t count)
{
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        y[i] = x[i] + addend[i];
}

void ws_reference_dropout(struct ws_device *device, float *y, const float *x,
                          const struct ws_dropout *dropout, size_t count)
{
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        y[i] = dropout->p > 0 ? x[i] * ws_dropout_factor(dropout, i) : x[i];
}

void ws_reference_accumulate(struct ws_device *device, float *sum, const float *x, size_t count)
{
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        sum[i] += x[i];
}

double ws_reference_sum_squares(struct ws_device *device, const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

/* Loshchilov and Hutter 2019, algorithm 2, with g = scale * gradient:
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     w = w - rate (decay w + m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + epsilon)) */
void ws_reference_adamw(struct ws_device *device, float *weight, float *first, float *second,
                        const float *gradient, const struct ws_adamw *settings, size_t count)
{
    assert(settings->step >= 1);
    double beta1 = (double)settings->beta1, beta2 = (double)settings->beta2;
    double correction1 = 1 - pow(beta1, (double)settings->step);
    double correction2 = 1 - pow(beta2, (double)settings->step);
    size_t turn = 0;
    for (size_t i = 0; ws_cpu_ready(device) && i < count; i++) {
        while (turn < settings->turn_count && settings->turns[turn] <= i)
            turn++;
        double decay = turn % 2 == 0 ? (double)settings->decay : 0;
        double g = (double)settings->scale * (double)gradient[i];
        double m = beta1 * (double)first[i] + (1 - beta1) * g;
        double v = beta2 * (double)second[i] + (1 - beta2) * g * g;
        double w = (double)weight[i];
        first[i] = (float)m;
        second[i] = (float)v;
        double update = m / correction1 / (sqrt(v / correction2) + (double)settings->epsilon);
        weight[i] = (float)(w - (double)settings->rate * (decay * w + update));
    }
}
