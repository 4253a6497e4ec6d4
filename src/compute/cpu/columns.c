#include "compute/cpu/columns.h"

#include <string.h>

enum { PIECE_ROWS = 64 };

void ws_add_partials(const struct ws_cpu *cpu, float *out, const float *partials, size_t pieces,
                     size_t stride, size_t width)
{
    for (size_t p = 0; p < pieces; p++)
        cpu->vector->add(out, out, partials + p * stride, width);
}

struct rows_work {
    const struct ws_cpu *cpu;
    float *partials;
    const float *x;
    size_t rows, width;
};

static void sum_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct rows_work *w = context;
    float *sum = w->partials + piece * w->width;
    size_t first = piece * PIECE_ROWS;
    memcpy(sum, w->x + first * w->width, w->width * sizeof *sum);
    for (size_t r = first + 1; r < ws_smaller(first + PIECE_ROWS, w->rows); r++)
        w->cpu->vector->add(sum, sum, w->x + r * w->width, w->width);
}

void ws_add_rows(struct ws_cpu *cpu, float *out, const float *x, size_t rows, size_t width)
{
    size_t pieces = (rows + PIECE_ROWS - 1) / PIECE_ROWS;
    struct rows_work w = {cpu, NULL, x, rows, width};
    w.partials = ws_cpu_scratch(cpu, pieces * width * sizeof *w.partials);
    if (!w.partials)
        return;
    ws_cpu_run(cpu, pieces, sum_piece, &w);
    ws_add_partials(cpu, out, w.partials, pieces, width, width);
}
