#include "view/contour.h"

#include <math.h>

struct point {
    double x, y;
};

/* A corner of a cell. */
struct corner {
    struct point at;
    double above; /* its value less the level */
};

/* Where the line crosses an edge whose ends lie on both sides of it. */
static struct point crossing(const struct corner *a, const struct corner *b)
{
    double t = a->above / (a->above - b->above);
    if (isinf(a->above) || isinf(b->above))
        t = isinf(a->above) ? 1 : 0;
    return (struct point){a->at.x + t * (b->at.x - a->at.x), a->at.y + t * (b->at.y - a->at.y)};
}

static void append(struct ws_buffer *xs, struct ws_buffer *ys, struct point p)
{
    ws_buffer_append(xs, &p.x, sizeof p.x);
    ws_buffer_append(ys, &p.y, sizeof p.y);
}

static struct corner corner_at(const struct ws_contour_grid *grid, size_t row, size_t column,
                               double level)
{
    const double u = (double)column / (double)(grid->columns - 1);
    const double v = (double)row / (double)(grid->rows - 1);
    return (struct corner){{grid->x_low + u * (grid->x_high - grid->x_low),
                            grid->y_low + v * (grid->y_high - grid->y_low)},
                           grid->values[row * grid->columns + column] - level};
}

/* The line crosses 0, 2 or 4 edges of a cell, which are taken in pairs around it: of a saddle that
 * cuts its high corners apart. */
static void trace_cell(const struct corner corners[4], struct ws_buffer *xs, struct ws_buffer *ys)
{
    struct point ends[4];
    size_t count = 0;
    size_t first = 0; /* an edge on which the line goes into what is above */
    while (first < 4 && !(corners[first].above < 0 && corners[(first + 1) % 4].above >= 0))
        first++;
    for (size_t i = 0; first < 4 && i < 4; i++) {
        const struct corner *a = &corners[(first + i) % 4], *b = &corners[(first + i + 1) % 4];
        if ((a->above < 0) != (b->above < 0))
            ends[count++] = crossing(a, b);
    }
    for (size_t i = 0; i < count; i++)
        append(xs, ys, ends[i]);
}

void ws_contour_trace(const struct ws_contour_grid *grid, double level, struct ws_buffer *xs,
                      struct ws_buffer *ys)
{
    for (size_t row = 0; row + 1 < grid->rows; row++)
        for (size_t column = 0; column + 1 < grid->columns; column++) {
            const struct corner corners[4] = {
                corner_at(grid, row, column, level),
                corner_at(grid, row, column + 1, level),
                corner_at(grid, row + 1, column + 1, level),
                corner_at(grid, row + 1, column, level),
            };
            trace_cell(corners, xs, ys);
        }
}
