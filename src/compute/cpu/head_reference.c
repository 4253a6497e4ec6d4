#include <assert.h>
#include <math.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/reference.h"

/* p = softmax(x W^T + b); writes loss and entropy where they are wanted. */
static void predict(double *p, float *loss, float *entropy, const float *x,
                    const struct ws_head *head, uint32_t target)
{
    assert(target == WS_NO_TARGET || target < head->vocabulary);
    double max = -INFINITY, sum = 0, information = 0;
    for (size_t v = 0; v < head->vocabulary; v++) {
        p[v] = head->bias ? (double)head->bias[v] : 0;
        for (size_t c = 0; c < head->width; c++)
            p[v] += (double)x[c] * (double)head->weight[v * head->width + c];
        max = fmax(max, p[v]);
    }
    double at_target = target == WS_NO_TARGET ? 0 : p[target];
    for (size_t v = 0; v < head->vocabulary; v++) {
        sum += exp(p[v] - max);
        information += exp(p[v] - max) * (p[v] - max);
    }
    for (size_t v = 0; v < head->vocabulary; v++)
        p[v] = exp(p[v] - max) / sum;
    if (loss)
        *loss = target == WS_NO_TARGET ? 0 : (float)(max + log(sum) - at_target);
    if (entropy)
        *entropy = (float)(log(sum) - information / sum);
}

void ws_reference_head_loss(struct ws_device *device, float *loss, float *entropy, const float *x,
                            const struct ws_head *head)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double *p = cpu ? ws_cpu_scratch(cpu, head->vocabulary * sizeof *p) : NULL;
    for (size_t r = 0; p && r < head->rows; r++)
        predict(p, loss ? loss + r : NULL, entropy ? entropy + r : NULL, x + r * head->width, head,
                head->target[r]);
}

/* With d = scale * (p - onehot(target)): dx = d W, dweight += d x, dbias += d. */
static void gradients_of_row(float *dx, float *dweight, float *dbias, const double *p,
                             const float *x, const struct ws_head *head, uint32_t target,
                             float scale)
{
    for (size_t c = 0; dx && c < head->width; c++) {
        double sum = 0;
        for (size_t v = 0; v < head->vocabulary; v++)
            sum += (p[v] - (v == target)) * (double)head->weight[v * head->width + c];
        dx[c] = (float)((double)scale * sum);
    }
    for (size_t v = 0; v < head->vocabulary; v++) {
        double d = (double)scale * (p[v] - (v == target));
        for (size_t c = 0; dweight && c < head->width; c++)
            dweight[v * head->width + c] =
                (float)((double)dweight[v * head->width + c] + d * (double)x[c]);
        if (dbias)
            dbias[v] = (float)((double)dbias[v] + d);
    }
}

void ws_reference_head_loss_backward(struct ws_device *device, float *loss, float *dx,
                                     float *dweight, float *dbias, const float *x,
                                     const struct ws_head *head, float scale)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double *p = cpu ? ws_cpu_scratch(cpu, head->vocabulary * sizeof *p) : NULL;
    for (size_t r = 0; p && r < head->rows; r++) {
        const float *row = x + r * head->width;
        predict(p, loss ? loss + r : NULL, NULL, row, head, head->target[r]);
        if (head->target[r] != WS_NO_TARGET)
            gradients_of_row(dx ? dx + r * head->width : NULL, dweight, dbias, p, row, head,
                             head->target[r], scale);
        for (size_t c = 0; dx && head->target[r] == WS_NO_TARGET && c < head->width; c++)
            dx[r * head->width + c] = 0;
    }
}
