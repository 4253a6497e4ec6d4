/*
 * Cases of the operations of compute/compute.h, to be run on any device and compared with the
 * reference: each runs some operations with numbers that depend on its shape alone, and collects
 * what comes out.
 */
#ifndef WS_TESTS_COMPUTE_CASES_H
#define WS_TESTS_COMPUTE_CASES_H

#include "compute/compute.h"

enum { CASE_MOST_ARRAYS = 64, CASE_MOST_NUMBERS = 1 << 20, CASE_SHAPE = 8 };

/* How near an array must come to the reference. */
enum case_nearness {
    CASE_EXACT,      /* the same numbers in every precision */
    CASE_PARAMETER,  /* f32 in every precision */
    CASE_SCORE,      /* f32 sums of products of numbers that have the device's precision */
    CASE_ACTIVATION, /* results that have the device's precision */
};

struct case_result {
    size_t count; /* of numbers */
    size_t arrays;
    size_t ends[CASE_MOST_ARRAYS];
    enum case_nearness nearness[CASE_MOST_ARRAYS];
    float numbers[CASE_MOST_NUMBERS]; /* one array after another */
};

struct case_side;

struct case_group {
    const char *name;
    void (*run)(struct case_side *side, const size_t *shape);
    void (*draw)(struct ws_rng *rng, size_t *shape); /* one of the shapes that it can have */
    const size_t (*shapes)[CASE_SHAPE];
    size_t count;
    size_t heavy; /* the last so many of them take long on a device that is slow */
};

enum { CASE_GROUP_COUNT = 12 };

extern const struct case_group CASE_GROUPS[CASE_GROUP_COUNT];

/* Of `group`: one of its shapes, or, from its count on, shapes that are drawn. */
void case_run(struct case_result *out, struct ws_device *device, enum ws_precision precision,
              const struct case_group *group, size_t number);

/* Fails the test where `result`, of a device of this precision, is too far from `reference`, which
 * was run for the same precision. */
void case_compare(const struct case_result *reference, const struct case_result *result,
                  enum ws_precision precision, const struct case_group *group, size_t number);

#endif
