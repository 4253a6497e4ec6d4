#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sum.h"
#include "models/least_squares.h"
#include "models/product_ops.h"
#include "support/regression_items.h"

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static void products__sum_over_all_items(void **state)
{
    /* Five items: four at once, and one that is left. */
    static const double values[] = {1, 2, 3, 4, -1, 0, 2, 2, 0.5, 1};
    struct ws_dataset data = dataset_of_vectors(values, 5, 2, *state);
    double triangle[16];
    assert_int_equal(ws_products_stride(2), 8);
    ws_products_of(&data, triangle);
    assert_near(triangle[0], 1 + 9 + 1 + 4 + 0.25, 1e-15);
    assert_near(triangle[8], 2 + 12 + 0 + 4 + 0.5, 1e-15);
    assert_near(triangle[9], 4 + 16 + 0 + 4 + 1, 1e-15);
}

static void products__weigh_items(void **state)
{
    (void)state;
    static const double items[3][2] = {{1, 2}, {3, 4}, {-1, 1}};
    static const double weights[3] = {2, 0.5, 3};
    double triangle[16];
    struct ws_products products;
    ws_products_begin(&products, 2, triangle);
    for (int i = 0; i < 3; i++)
        ws_products_add(&products, items[i], weights[i]);
    ws_products_end(&products);
    assert_near(triangle[0], 2 + 4.5 + 3, 1e-15);
    assert_near(triangle[8], 4 + 6 - 3, 1e-15);
    assert_near(triangle[9], 8 + 8 + 3, 1e-15);
}

static void products__do_not_depend_on_segments(void **state)
{
    struct ws_arena *arena = *state;
    struct ws_dataset data = regression_items(false, arena);
    struct ws_segment cut[3] = {data.segments[0], data.segments[0], data.segments[0]};
    uint32_t pick[REGRESSION_ITEMS - 8];
    for (uint32_t i = 0; i < REGRESSION_ITEMS - 8; i++)
        pick[i] = 8 + i;
    cut[0].count = 3;
    cut[1].first = 3;
    cut[1].count = 5;
    cut[2].count = REGRESSION_ITEMS - 8;
    cut[2].pick = pick;
    struct ws_dataset pieces = data;
    pieces.segments = cut;
    pieces.segment_count = 3;
    double whole[REGRESSION_NUMBERS * 8];
    double summed[REGRESSION_NUMBERS * 8];
    ws_products_of(&data, whole);
    ws_products_of(&pieces, summed);
    assert_memory_equal(whole, summed, sizeof whole);
}

/* An item of its own length, so that the sanitizer sees what is read beyond its end. */
static double *new_item(size_t size, int which)
{
    double *item = malloc(size * sizeof *item);
    assert_non_null(item);
    for (size_t i = 0; i < size; i++)
        item[i] = spread_out((double)(which * 100 + (int)i + 1), 2);
    return item;
}

/* One number of a triangle, by the formula as it stands in the comment of models/product_ops.h. */
static double sum_of_fours(double *const item[], const double weight[], int count, size_t i,
                           size_t j)
{
    double sum = 0.25;
    for (int f = 0; f < count; f += 4) {
        double term[4];
        for (int k = 0; k < 4; k++)
            term[k] = item[f + k][i] * (weight[f + k] * item[f + k][j]);
        sum += (term[0] + term[1]) + (term[2] + term[3]);
    }
    return sum;
}

static void products__are_the_same_on_every_instruction_set(void **state)
{
    enum { FOURS = 3, ITEMS = 4 * FOURS };
    const struct ws_product_ops *sets[WS_PRODUCT_SETS];
    const size_t count = ws_product_list(sets);
    static const double weight[ITEMS] = {1, 0.5, 3, 0.7, 1, 1, 1, 1, 0.1, 0.2, 0, 0};
    assert_ptr_equal(ws_product_pick(), sets[count - 1]);
    for (size_t size = 1; size <= 35; size++) {
        size_t stride = ws_products_stride(size);
        double *item[ITEMS],
            *wanted = WS_ARENA_NEW((struct ws_arena *)*state, double, size *stride);
        for (int k = 0; k < ITEMS; k++)
            item[k] = new_item(size, k);
        for (size_t i = 0; i < size; i++)
            for (size_t j = 0; j < size; j++)
                wanted[i * stride + j] = sum_of_fours(item, weight, ITEMS, i, j);
        for (size_t s = 0; s < count; s++) {
            double *seen = WS_ARENA_NEW((struct ws_arena *)*state, double, size *stride);
            for (size_t i = 0; i < size * stride; i++)
                seen[i] = 0.25;
            sets[s]->add_fours((const double *const *)item, weight, FOURS, size, seen, stride);
            for (size_t i = 0; i < size; i++)
                assert_memory_equal(seen + i * stride, wanted + i * stride, (i + 1) * sizeof *seen);
        }
        for (int k = 0; k < ITEMS; k++)
            free(item[k]);
    }
}

static void weighed_items__are_the_same_on_every_instruction_set(void **state)
{
    (void)state;
    enum { ITEMS = 3, LARGEST = 35 };
    const struct ws_product_ops *sets[WS_PRODUCT_SETS];
    const size_t count = ws_product_list(sets);
    for (size_t size = 1; size <= LARGEST; size++) {
        /* The target after each item's inputs is not read; after the last there is nothing. */
        double *w = new_item(size, ITEMS), *items = new_item(ITEMS * (size + 1) - 1, 0);
        for (size_t s = 0; s < count; s++) {
            double seen[ITEMS];
            sets[s]->weigh(items, ITEMS, size + 1, w, size, seen);
            for (size_t i = 0; i < ITEMS; i++) {
                double sums[WS_SUM_LANES] = {0};
                for (size_t j = 0; j < size; j++)
                    sums[j % WS_SUM_LANES] += items[i * (size + 1) + j] * w[j];
                double wanted = ws_sums_total(sums);
                assert_memory_equal(&seen[i], &wanted, sizeof wanted);
            }
        }
        free(items);
        free(w);
    }
}

static void a_positive_matrix__is_solved(void **state)
{
    (void)state;
    /* Rows of a wider matrix; what lies above the diagonal is not looked at. */
    double triangle[] = {4, NAN, NAN, 9, 2, 3, NAN, 9, -1, 0.5, 2, 9};
    static const double b[] = {1, 2, 3};
    double w[3], work[3];
    assert_int_equal(ws_solve_positive(triangle, 3, 4, b, w, work, NULL), WS_OK);
    assert_near(4 * w[0] + 2 * w[1] - w[2], 1, 1e-14);
    assert_near(2 * w[0] + 3 * w[1] + 0.5 * w[2], 2, 1e-14);
    assert_near(-w[0] + 0.5 * w[1] + 2 * w[2], 3, 1e-14);
}

/* Within one block of LAPACK's, on its border, and in more. */
static void a_large_positive_matrix__is_solved(void **state)
{
    (void)state;
    enum { LARGEST = 130 };
    static const size_t sizes[] = {63, 64, 65, LARGEST};
    static double triangle[LARGEST * LARGEST];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t size = sizes[s];
        double b[LARGEST] = {0}, w[LARGEST], work[LARGEST];
        for (size_t i = 0; i < size; i++)
            for (size_t j = 0; j < size; j++) {
                double smaller = (double)(i < j ? i : j) + 1;
                triangle[i * size + j] = j <= i ? smaller : NAN;
                b[i] += smaller * (double)(j % 5);
            }
        assert_int_equal(ws_solve_positive(triangle, size, size, b, w, work, NULL), WS_OK);
        for (size_t i = 0; i < size; i++)
            assert_near(w[i], (double)(i % 5), 1e-9);
    }
}

static void a_singular_matrix__is_refused_and_its_row_named(void **state)
{
    (void)state;
    /* Row 3 is the sum of rows 1 and 2, but for less than counts. */
    double triangle[] = {2, 0, 0, 1, 3, 0, 3, 4, 7 + 1e-13};
    static const double b[] = {1, 2, 3};
    double w[3], work[3];
    struct ws_error err;
    assert_int_equal(ws_solve_positive(triangle, 3, 3, b, w, work, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "input 3"));
    assert_non_null(strstr(err.message, "ridge"));
    double nothing[] = {0};
    assert_int_equal(ws_solve_positive(nothing, 1, 1, b, w, work, &err), WS_NUMERIC);
}

static void sums_that_overflow__are_called_so(void **state)
{
    (void)state;
    static const double triangles[][3] = {{INFINITY, 0, 1}, {1, 0, NAN}, {1, 0, 1}};
    static const double sides[][2] = {{1, 1}, {1, 1}, {1, -INFINITY}};
    for (size_t i = 0; i < 3; i++) {
        double w[2], work[2];
        double triangle[] = {triangles[i][0], NAN, triangles[i][1], triangles[i][2]};
        struct ws_error err;
        assert_int_equal(ws_solve_positive(triangle, 2, 2, sides[i], w, work, &err), WS_NUMERIC);
        assert_string_equal(err.message,
                            "sums of products of items are not finite: the items are too large");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(products__sum_over_all_items, set_up, tear_down),
        cmocka_unit_test(products__weigh_items),
        cmocka_unit_test_setup_teardown(products__do_not_depend_on_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(products__are_the_same_on_every_instruction_set, set_up,
                                        tear_down),
        cmocka_unit_test(weighed_items__are_the_same_on_every_instruction_set),
        cmocka_unit_test(a_positive_matrix__is_solved),
        cmocka_unit_test(a_large_positive_matrix__is_solved),
        cmocka_unit_test(a_singular_matrix__is_refused_and_its_row_named),
        cmocka_unit_test(sums_that_overflow__are_called_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
