/*
 * Contract of view/contour.h.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/contour.h"

enum { SIDE = 41 };

struct lines {
    struct ws_buffer xs, ys;
    const double *x, *y;
    size_t count; /* of ends */
};

static void trace(struct lines *lines, const double *values, double level)
{
    const struct ws_contour_grid grid = {-2, 2, -2, 2, SIDE, SIDE, values};
    ws_buffer_init(&lines->xs, NULL, SIZE_MAX);
    ws_buffer_init(&lines->ys, NULL, SIZE_MAX);
    ws_contour_trace(&grid, level, &lines->xs, &lines->ys);
    assert_int_equal(lines->xs.size, lines->ys.size);
    lines->x = (const double *)(const void *)lines->xs.data;
    lines->y = (const double *)(const void *)lines->ys.data;
    lines->count = lines->xs.size / sizeof(double);
}

static void release(struct lines *lines)
{
    ws_buffer_release(&lines->xs);
    ws_buffer_release(&lines->ys);
}

static void fill(double *values, double (*of)(double x, double y))
{
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            values[row * SIDE + column] =
                of(-2 + 4.0 * column / (SIDE - 1), -2 + 4.0 * row / (SIDE - 1));
}

static double cone(double x, double y)
{
    return -sqrt(x * x + y * y);
}

static double plane(double x, double y)
{
    return x + 2 * y;
}

static double saddle(double x, double y)
{
    return x * y;
}

/* A circle of radius 1: every end lies on it, and the pieces are as long as it is. */
static void test_a_circle(void **state)
{
    (void)state;
    double values[SIDE * SIDE], length = 0;
    struct lines lines;
    fill(values, cone);
    trace(&lines, values, -1);
    assert_true(lines.count > 40 && lines.count % 2 == 0);
    for (size_t i = 0; i < lines.count; i++)
        assert_true(fabs(hypot(lines.x[i], lines.y[i]) - 1) < 2e-3);
    for (size_t i = 0; i < lines.count; i += 2)
        length += hypot(lines.x[i] - lines.x[i + 1], lines.y[i] - lines.y[i + 1]);
    assert_true(fabs(length - 2 * 3.14159265) < 0.02);
    release(&lines);
}

/* Interpolation is exact where the function is linear. */
static void test_a_plane_gives_a_straight_line(void **state)
{
    (void)state;
    double values[SIDE * SIDE];
    struct lines lines;
    fill(values, plane);
    trace(&lines, values, 0.3);
    assert_true(lines.count > 0);
    for (size_t i = 0; i < lines.count; i++)
        assert_true(fabs(plane(lines.x[i], lines.y[i]) - 0.3) < 1e-12);
    release(&lines);
}

/* Both branches of a hyperbola; no piece joins them. */
static void test_a_saddle_keeps_its_branches_apart(void **state)
{
    (void)state;
    double values[SIDE * SIDE];
    size_t left = 0, right = 0;
    struct lines lines;
    fill(values, saddle);
    trace(&lines, values, 0.001);
    for (size_t i = 0; i < lines.count; i += 2) {
        assert_true(lines.x[i] * lines.x[i + 1] > 0);
        *(lines.x[i] > 0 ? &right : &left) += 1;
    }
    assert_true(left > 0 && left == right);
    release(&lines);
}

static void test_nothing_is_above_or_all_is(void **state)
{
    (void)state;
    double values[SIDE * SIDE];
    struct lines lines;
    fill(values, cone);
    trace(&lines, values, 1);
    assert_int_equal(lines.count, 0);
    release(&lines);
    trace(&lines, values, -10);
    assert_int_equal(lines.count, 0);
    release(&lines);
    for (int i = 0; i < SIDE * SIDE; i++)
        values[i] = i == SIDE * SIDE / 2 ? 0 : -INFINITY; /* one point has a density at all */
    trace(&lines, values, -1);
    assert_int_equal(lines.count, 8);
    for (size_t i = 0; i < lines.count; i++)
        assert_true(isfinite(lines.x[i]) && isfinite(lines.y[i]));
    release(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_circle),
        cmocka_unit_test(test_a_plane_gives_a_straight_line),
        cmocka_unit_test(test_a_saddle_keeps_its_branches_apart),
        cmocka_unit_test(test_nothing_is_above_or_all_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
