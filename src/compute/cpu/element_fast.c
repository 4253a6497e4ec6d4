#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/dropout_mask.h"
#include "compute/cpu/fast.h"

/* Numbers of a piece; of the tables' columns that one piece of embedding_backward owns. */
enum { PIECE = 1 << 14, PIECE_COLUMNS = 64, PIECE_ROWS = 64 };

static size_t pieces_of(size_t count, size_t piece)
{
    return (count + piece - 1) / piece;
}

struct element_work {
    const struct ws_cpu *cpu;
    float *y, *first, *second;
    const float *a, *b;
    const struct ws_dropout *dropout;
    const struct ws_adamw_step *step;
    double *sums;
    size_t count;
};

static void add_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct element_work *w = context;
    size_t from = piece * PIECE;
    w->cpu->vector->add(w->y + from, w->a + from, w->b + from, ws_smaller(PIECE, w->count - from));
}

void ws_fast_add(struct ws_device *device, float *y, const float *x, const float *addend,
                 size_t count)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct element_work w = {.cpu = cpu, .y = y, .a = x, .b = addend, .count = count};
    if (cpu)
        ws_cpu_run(cpu, pieces_of(count, PIECE), add_piece, &w);
}

void ws_fast_accumulate(struct ws_device *device, float *sum, const float *x, size_t count)
{
    ws_fast_add(device, sum, sum, x, count);
}

static void dropout_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    enum { CHUNK = 1024 };
    const struct element_work *w = context;
    float factors[CHUNK];
    size_t end = ws_smaller((piece + 1) * PIECE, w->count);
    for (size_t from = piece * PIECE; from < end; from += CHUNK) {
        size_t count = ws_smaller(CHUNK, end - from);
        ws_dropout_factors(w->cpu->vector, factors, w->dropout, from, count);
        w->cpu->vector->multiply(w->y + from, w->a + from, factors, count);
    }
}

void ws_fast_dropout(struct ws_device *device, float *y, const float *x,
                     const struct ws_dropout *dropout, size_t count)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct element_work w = {.cpu = cpu, .y = y, .a = x, .dropout = dropout, .count = count};
    if (cpu && ws_dropout_is_on(dropout))
        ws_cpu_run(cpu, pieces_of(count, PIECE), dropout_piece, &w);
    else if (y != x)
        ws_cpu_copy(device, y, x, count * sizeof *y);
}

static void squares_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct element_work *w = context;
    size_t from = piece * PIECE;
    w->sums[piece] = w->cpu->vector->sum_squares(w->a + from, ws_smaller(PIECE, w->count - from));
}

double ws_fast_sum_squares(struct ws_device *device, const float *x, size_t count)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    size_t pieces = pieces_of(count, PIECE);
    struct element_work w = {.cpu = cpu, .a = x, .count = count};
    w.sums = cpu ? ws_cpu_scratch(cpu, pieces * sizeof *w.sums) : NULL;
    if (!w.sums)
        return 0;
    ws_cpu_run(cpu, pieces, squares_piece, &w);
    double sum = 0;
    for (size_t i = 0; i < pieces; i++)
        sum += w.sums[i];
    return sum;
}

static void adamw_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct element_work *w = context;
    size_t from = piece * PIECE;
    w->cpu->vector->adamw(w->y + from, w->first + from, w->second + from, w->a + from, w->step,
                          ws_smaller(PIECE, w->count - from));
}

void ws_fast_adamw(struct ws_device *device, float *weight, float *first, float *second,
                   const float *gradient, const struct ws_adamw *settings, size_t count)
{
    assert(settings->step >= 1);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double beta1 = (double)settings->beta1, beta2 = (double)settings->beta2;
    struct ws_adamw_step step = {
        .rate = settings->rate,
        .decay = settings->decay,
        .epsilon = settings->epsilon,
        .scale = settings->scale,
        .beta1 = settings->beta1,
        .beta2 = settings->beta2,
        .rest1 = (float)(1 - beta1),
        .rest2 = (float)(1 - beta2),
        .inverse1 = (float)(1 / (1 - pow(beta1, (double)settings->step))),
        .inverse2 = (float)(1 / (1 - pow(beta2, (double)settings->step))),
    };
    for (size_t from = 0, turn = 0; cpu && from < count; turn++) {
        size_t end = turn < settings->turn_count ? settings->turns[turn] : count;
        struct element_work w = {.cpu = cpu,
                                 .y = weight + from,
                                 .first = first + from,
                                 .second = second + from,
                                 .a = gradient + from,
                                 .step = &step,
                                 .count = end - from};
        step.decay = turn % 2 == 0 ? settings->decay : 0;
        ws_cpu_run(cpu, pieces_of(w.count, PIECE), adamw_piece, &w);
        from = end;
    }
}

struct embedding_work {
    const struct ws_cpu *cpu;
    float *y, *dtable, *dplaces;
    const float *table, *places, *dy;
    const uint32_t *tokens, *positions;
    size_t rows, width;
};

static void embed_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct embedding_work *w = context;
    size_t width = w->width;
    for (size_t r = piece * PIECE_ROWS; r < ws_smaller((piece + 1) * PIECE_ROWS, w->rows); r++) {
        const float *row = w->table + (w->tokens[r] == WS_NO_TARGET ? 0 : w->tokens[r] * width);
        if (w->places)
            w->cpu->vector->add(w->y + r * width, row, w->places + w->positions[r] * width, width);
        else
            memcpy(w->y + r * width, row, width * sizeof *row);
    }
}

void ws_fast_embedding(struct ws_device *device, float *y, const float *table, const float *places,
                       const uint32_t *tokens, const uint32_t *positions, size_t rows, size_t width)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct embedding_work w = {.cpu = cpu,
                               .y = y,
                               .table = table,
                               .places = places,
                               .tokens = tokens,
                               .positions = positions,
                               .rows = rows,
                               .width = width};
    if (cpu)
        ws_cpu_run(cpu, pieces_of(rows, PIECE_ROWS), embed_piece, &w);
}

/* Rows may meet in the same row of a table, so a piece is some columns of all. */
static void embed_backward_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct embedding_work *w = context;
    size_t from = piece * PIECE_COLUMNS, columns = ws_smaller(PIECE_COLUMNS, w->width - from);
    for (size_t r = 0; r < w->rows; r++) {
        const float *d = w->dy + r * w->width + from;
        float *row = w->dtable + w->tokens[r] * w->width + from;
        w->cpu->vector->add(row, row, d, columns);
        if (w->dplaces) {
            float *place = w->dplaces + w->positions[r] * w->width + from;
            w->cpu->vector->add(place, place, d, columns);
        }
    }
}

void ws_fast_embedding_backward(struct ws_device *device, float *dtable, float *dplaces,
                                const float *dy, const uint32_t *tokens, const uint32_t *positions,
                                size_t rows, size_t width)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct embedding_work w = {.cpu = cpu,
                               .dtable = dtable,
                               .dplaces = dplaces,
                               .dy = dy,
                               .tokens = tokens,
                               .positions = positions,
                               .rows = rows,
                               .width = width};
    if (cpu)
        ws_cpu_run(cpu, pieces_of(width, PIECE_COLUMNS), embed_backward_piece, &w);
}
