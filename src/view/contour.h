/*
 * Lines along which a function of the plane has a value, by marching squares with linear
 * interpolation. Contract: tests/unit/test_contour.c.
 */
#ifndef WS_VIEW_CONTOUR_H
#define WS_VIEW_CONTOUR_H

#include <stddef.h>

#include "base/buffer.h"

/* Values at the points of a grid: row by row, from low y to high y. */
struct ws_contour_grid {
    double x_low, x_high, y_low, y_high;
    size_t columns, rows; /* points, >= 2 each */
    const double *values; /* (rows, columns); -infinity is fine */
};

/* Appends to `xs` and `ys` (double) the two ends of each piece of the line. */
void ws_contour_trace(const struct ws_contour_grid *grid, double level, struct ws_buffer *xs,
                      struct ws_buffer *ys);

#endif
