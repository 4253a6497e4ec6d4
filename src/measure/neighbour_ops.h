/*
 * The loops of measure/neighbours.h over a row of products.
 *
 * One table for each instruction set (base/draw.h does the same): they do the same operations in
 * the same order and give the same bytes, so which one runs never shows. Contract:
 * tests/unit/test_neighbour_ops.c.
 */
#ifndef WS_MEASURE_NEIGHBOUR_OPS_H
#define WS_MEASURE_NEIGHBOUR_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns come in groups of so many, a bit of a word each. */
enum { WS_NEIGHBOUR_GROUP = 32 };

/* A y above `in` is inside, one at or below `out` is not, and between the two doubles decide. */
struct ws_limits {
    float out, in;
};

/* A row of the model beside human columns. */
struct ws_ball_row {
    const float *y;
    const float *half;        /* of each column: half the squared radius of its ball */
    struct ws_limits human;   /* of y + half: in the ball of the column */
    struct ws_limits model;   /* of y: the column is in the ball of the row */
    struct ws_limits far;     /* of y: the two are nearer than far */
    uint32_t *filled, *found; /* of each column: |= 1 where a ball holds the row, or the row's it */
    uint32_t balls, near;     /* of the row: how many were counted */
};

struct ws_neighbour_ops {
    const char *name;

    /* Bits of near[g]: y + add of a column of group g is at or above the row's limit or its own.
     * Whether there is any. */
    bool (*near)(const float *y, size_t groups, float add, float row_limit,
                 const float *column_limit, uint32_t *near);

    /* Counts what is sure. unsure[g] is not 0 where a column of group g is left to doubles. */
    void (*count)(struct ws_ball_row *row, size_t groups, uint32_t *unsure);
};

extern const struct ws_neighbour_ops ws_neighbour_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_neighbour_ops ws_neighbour_avx2;
extern const struct ws_neighbour_ops ws_neighbour_avx512;
#endif

/* The fastest for this processor. */
const struct ws_neighbour_ops *ws_neighbour_pick(void);

/* All that this processor can run, from slow to fast; how many there are. */
enum { WS_NEIGHBOUR_SETS = 3 };
size_t ws_neighbour_list(const struct ws_neighbour_ops *out[WS_NEIGHBOUR_SETS]);

#endif
