#include "compute/cpu/columns.h"
#include "compute/cpu/fast.h"
#include "compute/cpu/sgemm.h"

/* From this many rows on a transposed copy of the weight is made first: the library is a tenth
 * slower where its second operand is to be read transposed. */
enum { MANY_ROWS = 512 };

void ws_fast_linear(struct ws_device *device, float *y, const float *x, const struct ws_linear *l)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (!cpu)
        return;
    struct ws_view weight = {l->weight, l->in, true};
    if (l->rows >= MANY_ROWS) {
        size_t stride = ws_stride_of(l->out);
        float *copy = ws_cpu_scratch(cpu, stride * l->in * sizeof *copy);
        if (!copy)
            return;
        ws_transpose_all(cpu, copy, stride, l->weight, l->out, l->in);
        weight = (struct ws_view){copy, stride, false};
    }
    ws_product(cpu, y, l->out, (struct ws_view){x, l->in, false}, weight, l->bias,
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

/* Packed is transposed: read that way the library is as fast as with its own blocked layouts, and
 * any number of rows will do. */
struct ws_packed *ws_fast_pack(struct ws_device *device, const float *weight, size_t out, size_t in,
                               size_t rows)
{
    (void)rows;
    struct ws_packed *packed = ws_cpu_packed_new(device, out, in, ws_stride_of(out) * in);
    if (packed)
        ws_transpose_all((struct ws_cpu *)device, packed->weight, ws_stride_of(out), weight, out,
                         in);
    return packed;
}

void ws_fast_linear_packed(struct ws_device *device, float *y, const float *x,
                           const struct ws_packed *packed, const float *bias, size_t rows)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (cpu)
        ws_product(cpu, y, packed->out, (struct ws_view){x, packed->in, false},
                   (struct ws_view){packed->weight, ws_stride_of(packed->out), false}, bias,
                   (struct ws_product_shape){rows, packed->out, packed->in}, 0);
}
