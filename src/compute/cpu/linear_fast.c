#include "compute/cpu/columns.h"
#include "compute/cpu/fast.h"
#include "compute/cpu/sgemm.h"

void ws_fast_linear(struct ws_device *device, float *y, const float *x, const struct ws_linear *l)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (cpu)
        ws_product(cpu, y, l->out, (struct ws_view){x, l->in, false},
                   (struct ws_view){l->weight, l->in, true}, l->bias,
                   (struct ws_product_shape){l->rows, l->out, l->in}, 0);
}

void ws_fast_linear_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                             const float *dy, const float *x, const struct ws_linear *l,
                             bool add_input)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (!cpu)
        return;
    if (dx)
        ws_product(cpu, dx, l->in, (struct ws_view){dy, l->out, false},
                   (struct ws_view){l->weight, l->in, false}, NULL,
                   (struct ws_product_shape){l->rows, l->in, l->out}, add_input ? 1 : 0);
    if (dweight)
        ws_product(cpu, dweight, l->in, (struct ws_view){dy, l->out, true},
                   (struct ws_view){x, l->in, false}, NULL,
                   (struct ws_product_shape){l->out, l->in, l->rows}, 1);
    if (dbias)
        ws_add_rows(cpu, dbias, dy, l->rows, l->out);
}
