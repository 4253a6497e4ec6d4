#include "compute/cpu/columns.h"
#include "compute/cpu/fast.h"

/* Rows of a piece: their part of the weight's gradient is summed apart. */
enum { PIECE_ROWS = 64 };

struct norm_work {
    struct ws_cpu *cpu;
    const struct ws_norm_shape *shape;
    const float *x, *addend, *weight, *bias, *dy, *stats_read;
    float *y, *sum, *stats, *dx;
    float *partial; /* of each piece: dweight, dbias */
    bool add_input;
};

static size_t pieces_of(const struct ws_norm_shape *shape)
{
    return (shape->rows + PIECE_ROWS - 1) / PIECE_ROWS;
}

static size_t last_row(const struct norm_work *w, size_t piece)
{
    return ws_smaller((piece + 1) * PIECE_ROWS, w->shape->rows);
}

static void norm_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct norm_work *w = context;
    size_t width = w->shape->width;
    for (size_t r = piece * PIECE_ROWS; r < last_row(w, piece); r++) {
        size_t at = r * width;
        float unused[2];
        w->cpu->vector->norm(w->y + at, w->addend ? w->sum + at : w->sum,
                             w->stats ? w->stats + 2 * r : unused, w->x + at,
                             w->addend ? w->addend + at : NULL, w->weight, w->bias, w->shape);
    }
}

void ws_fast_norm(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                  const float *addend, const float *weight, const float *bias,
                  const struct ws_norm_shape *shape)
{
    struct norm_work w = {.cpu = ws_cpu_ready(device),
                          .shape = shape,
                          .x = x,
                          .addend = addend,
                          .weight = weight,
                          .bias = bias,
                          .y = y,
                          .sum = sum,
                          .stats = stats};
    if (w.cpu)
        ws_cpu_run(w.cpu, pieces_of(shape), norm_piece, &w);
}

static void backward_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct norm_work *w = context;
    size_t width = w->shape->width;
    float *dweight = w->partial + piece * 2 * width, *dbias = dweight + width;
    for (size_t c = 0; c < 2 * width; c++)
        dweight[c] = 0;
    for (size_t r = piece * PIECE_ROWS; r < last_row(w, piece); r++) {
        size_t at = r * width;
        w->cpu->vector->norm_backward(w->dx + at, dweight, dbias, w->dy + at, w->x + at,
                                      w->stats_read + 2 * r, w->weight, w->shape, w->add_input);
    }
}

void ws_fast_norm_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                           const float *dy, const float *x, const float *stats, const float *weight,
                           const struct ws_norm_shape *shape, bool add_input)
{
    struct norm_work w = {.cpu = ws_cpu_ready(device),
                          .shape = shape,
                          .x = x,
                          .weight = weight,
                          .dy = dy,
                          .stats_read = stats,
                          .dx = dx,
                          .add_input = add_input};
    size_t width = shape->width, pieces = pieces_of(shape);
    if (w.cpu)
        w.partial = ws_cpu_scratch(w.cpu, pieces * 2 * width * sizeof *w.partial);
    if (!w.partial)
        return;
    ws_cpu_run(w.cpu, pieces, backward_piece, &w);
    if (dweight)
        ws_add_partials(w.cpu, dweight, w.partial, pieces, 2 * width, width);
    if (dbias)
        ws_add_partials(w.cpu, dbias, w.partial + width, pieces, 2 * width, width);
}
