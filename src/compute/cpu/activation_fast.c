#include "compute/cpu/fast.h"

#include "compute/cpu/columns.h"
#include "compute/cpu/cpu_device.h"

/* Numbers of a piece. */
enum { PIECE = 1 << 14 };

struct activation_work {
    const struct ws_cpu *cpu;
    enum ws_activation kind;
    float *y;
    const float *x, *dy;
    size_t count;
    size_t rows, width; /* of a gate */
};

static void value_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct activation_work *w = context;
    size_t from = piece * PIECE;
    w->cpu->vector->activation(w->y + from, w->x + from, w->kind,
                               ws_smaller(PIECE, w->count - from));
}

static void slope_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct activation_work *w = context;
    size_t from = piece * PIECE;
    w->cpu->vector->activation_backward(w->y + from, w->dy + from, w->x + from, w->kind,
                                        ws_smaller(PIECE, w->count - from));
}

static size_t pieces_of(size_t count)
{
    return (count + PIECE - 1) / PIECE;
}

void ws_fast_activation(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                        size_t count)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct activation_work w = {.cpu = cpu, .kind = kind, .y = y, .x = x, .count = count};
    if (cpu)
        ws_cpu_run(cpu, pieces_of(count), value_piece, &w);
}

void ws_fast_activation_backward(struct ws_device *device, float *dx, float *dbias, const float *dy,
                                 const float *x, enum ws_activation kind, size_t rows, size_t width)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct activation_work w = {
        .cpu = cpu, .kind = kind, .y = dx, .x = x, .dy = dy, .count = rows * width};
    if (!cpu)
        return;
    ws_cpu_run(cpu, pieces_of(w.count), slope_piece, &w);
    if (dbias)
        ws_add_rows(cpu, dbias, dx, rows, width);
}

static size_t rows_of_piece(size_t width)
{
    return width < PIECE ? PIECE / width : 1;
}

static void gate_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct activation_work *w = context;
    size_t each = rows_of_piece(w->width), width = w->width;
    for (size_t r = piece * each; r < ws_smaller((piece + 1) * each, w->rows); r++) {
        const float *gate = w->x + r * 2 * width;
        w->cpu->vector->gate(w->y + r * width, gate, gate + width, w->kind, width);
    }
}

static void gate_slope_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct activation_work *w = context;
    size_t each = rows_of_piece(w->width), width = w->width;
    for (size_t r = piece * each; r < ws_smaller((piece + 1) * each, w->rows); r++) {
        const float *gate = w->x + r * 2 * width;
        float *dgate = w->y + r * 2 * width;
        w->cpu->vector->gate_backward(dgate, dgate + width, w->dy + r * width, gate, gate + width,
                                      w->kind, width);
    }
}

void ws_fast_gate(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                  size_t rows, size_t width)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct activation_work w = {
        .cpu = cpu, .kind = kind, .y = y, .x = x, .rows = rows, .width = width};
    size_t each = rows_of_piece(width);
    if (cpu)
        ws_cpu_run(cpu, (rows + each - 1) / each, gate_piece, &w);
}

void ws_fast_gate_backward(struct ws_device *device, float *dx, const float *dy, const float *x,
                           enum ws_activation kind, size_t rows, size_t width)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct activation_work w = {
        .cpu = cpu, .kind = kind, .y = dx, .x = x, .dy = dy, .rows = rows, .width = width};
    size_t each = rows_of_piece(width);
    if (cpu)
        ws_cpu_run(cpu, (rows + each - 1) / each, gate_slope_piece, &w);
}
