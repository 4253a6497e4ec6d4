/*
 * Vectors for tests of densities, alike in C and in Python (tests/unit/density_numbers.py).
 */
#ifndef WS_TESTS_SUPPORT_VECTORS_H
#define WS_TESTS_SUPPORT_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/family.h"

enum { VECTORS_ITEMS = 240 };

/* A square about one of three centres, in at most 3 dimensions. */
static inline double vectors_number(uint64_t i, uint32_t a)
{
    static const double centres[3][3] = {{0, 0, 1}, {4, 1, -1}, {-1, 5, 0.5}};
    double uniform = (double)((5 * i + a + 1) * 7919 % 10007) / 10007.0;
    return centres[i % 3][a] + 3 * uniform - 1.5;
}

static inline struct ws_payload *vectors_payload(const double *x, uint64_t count,
                                                 uint32_t dimension, struct ws_arena *arena)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    *payload = (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = count, .dimension = dimension, .vectors = x};
    return payload;
}

static inline struct ws_dataset vectors_dataset(const double *x, uint64_t count, uint32_t dimension,
                                                struct ws_arena *arena)
{
    struct ws_dataset data;
    struct ws_origin origin = {.source = WS_SOURCE_ORIGINAL};
    assert_int_equal(
        ws_dataset_of(vectors_payload(x, count, dimension, arena), origin, arena, &data, NULL),
        WS_OK);
    return data;
}

/* `count` of them, each `factor` times as large and `offset` further. */
static inline struct ws_dataset vectors_made(uint64_t count, uint32_t dimension, double factor,
                                             double offset, struct ws_arena *arena)
{
    double *x = WS_ARENA_NEW(arena, double, count *dimension);
    assert_non_null(x);
    for (uint64_t i = 0; i < count; i++)
        for (uint32_t a = 0; a < dimension; a++)
            x[i * dimension + a] = vectors_number(i, a) * factor + offset;
    return vectors_dataset(x, count, dimension, arena);
}

#endif
