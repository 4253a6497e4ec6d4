/*
 * The items whose regressions tests/unit/regression_reference.py computes by other means: their
 * numbers are fractional parts of multiples of irrational numbers.
 */
#ifndef WS_TESTS_SUPPORT_REGRESSION_ITEMS_H
#define WS_TESTS_SUPPORT_REGRESSION_ITEMS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/dataset.h"

enum { REGRESSION_ITEMS = 40, REGRESSION_INPUTS = 3, REGRESSION_NUMBERS = REGRESSION_INPUTS + 1 };

static inline double spread_out(double k, double root)
{
    return 4 * fmod(k * sqrt(root), 1) - 2;
}

/* Targets round x w, or labels of 0 and 1. */
static inline void fill_regression_items(bool labels, double *out)
{
    static const double w[REGRESSION_INPUTS] = {1, -2, 0.5};
    for (int i = 0; i < REGRESSION_ITEMS; i++) {
        double *x = out + i * REGRESSION_NUMBERS;
        double y = (labels ? 3 : 1) * spread_out(i + 1, 3);
        for (int j = 0; j < REGRESSION_INPUTS; j++) {
            x[j] = spread_out(i * REGRESSION_INPUTS + j + 1, 2);
            y += x[j] * w[j];
        }
        x[REGRESSION_INPUTS] = labels ? y > 0 : y;
    }
}

static inline struct ws_dataset dataset_of_vectors(const double *values, uint64_t count,
                                                   uint32_t dimension, struct ws_arena *arena)
{
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = WS_DATA_VECTORS;
    payload->count = count;
    payload->dimension = dimension;
    payload->vectors = values;
    struct ws_dataset data;
    const struct ws_origin origin = {.source = WS_SOURCE_ORIGINAL};
    assert_int_equal(ws_dataset_of(payload, origin, arena, &data, NULL), WS_OK);
    return data;
}

static inline struct ws_dataset regression_items(bool labels, struct ws_arena *arena)
{
    double *values = WS_ARENA_NEW(arena, double, REGRESSION_ITEMS *REGRESSION_NUMBERS);
    assert_non_null(values);
    fill_regression_items(labels, values);
    return dataset_of_vectors(values, REGRESSION_ITEMS, REGRESSION_NUMBERS, arena);
}

/* The first ten items weigh three times as much as the others. */
static inline struct ws_dataset weighted_items(bool labels, struct ws_arena *arena)
{
    struct ws_dataset all = regression_items(labels, arena), parts[2], heavy, out;
    assert_int_equal(ws_dataset_slice(&all, 0, 10, arena, &heavy, NULL), WS_OK);
    assert_int_equal(ws_dataset_slice(&all, 10, REGRESSION_ITEMS - 10, arena, &parts[1], NULL),
                     WS_OK);
    assert_int_equal(ws_dataset_weigh(&heavy, 3, arena, &parts[0], NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &out, NULL), WS_OK);
    return out;
}

static inline void assert_near(double seen, double wanted, double tolerance)
{
    if (!(fabs(seen - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("saw %.17g, wanted %.17g", seen, wanted);
}

#endif
