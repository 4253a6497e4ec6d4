/*
 * The loops of measure/neighbour_ops.h: on every instruction set what plain loops give.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "measure/neighbour_ops.h"

enum { GROUPS = 5, COLUMNS = GROUPS * WS_NEIGHBOUR_GROUP, ROUNDS = 200 };

/* Floats of few values, so that many are just at a limit. */
static void fill(struct ws_rng *rng, float *out)
{
    for (size_t i = 0; i < COLUMNS; i++)
        out[i] = (float)ws_rng_below(rng, 16) - 8;
}

static void neighbour_ops__near_is_at_or_above_either_limit(void **state)
{
    const struct ws_neighbour_ops *sets[WS_NEIGHBOUR_SETS];
    const size_t count = ws_neighbour_list(sets);
    struct ws_rng rng;
    (void)state;
    ws_rng_init(&rng, (struct ws_rng_key){{5, 6}, 7}, 1);
    for (size_t round = 0; round < ROUNDS; round++) {
        float y[COLUMNS], limit[COLUMNS];
        uint32_t near[GROUPS];
        fill(&rng, y);
        fill(&rng, limit);
        y[3] = -INFINITY;
        limit[40] = INFINITY;
        limit[41] = -FLT_MAX;
        const float add = (float)ws_rng_below(&rng, 3);
        const float row_limit = round % 3 ? (float)ws_rng_below(&rng, 12) : INFINITY;
        for (size_t s = 0; s < count; s++) {
            bool any = false;
            bool found = sets[s]->near(y, GROUPS, add, row_limit, limit, near);
            for (size_t i = 0; i < COLUMNS; i++) {
                bool wanted = y[i] + add >= row_limit || y[i] + add >= limit[i];
                bool seen = near[i / WS_NEIGHBOUR_GROUP] >> i % WS_NEIGHBOUR_GROUP & 1;
                if (seen != wanted)
                    fail_msg("%s: column %zu: %d", sets[s]->name, i, seen);
                any = any || wanted;
            }
            assert_true(found == any);
        }
    }
}

static bool doubtful(float y, struct ws_limits limits)
{
    return y > limits.out && !(y > limits.in);
}

static void neighbour_ops__counts_are_those_of_plain_loops(void **state)
{
    const struct ws_neighbour_ops *sets[WS_NEIGHBOUR_SETS];
    const size_t count = ws_neighbour_list(sets);
    struct ws_rng rng;
    (void)state;
    ws_rng_init(&rng, (struct ws_rng_key){{5, 6}, 7}, 2);
    for (size_t round = 0; round < ROUNDS; round++) {
        float y[COLUMNS], half[COLUMNS];
        fill(&rng, y);
        fill(&rng, half);
        for (size_t s = 0; s < count; s++) {
            uint32_t filled[COLUMNS] = {0}, found[COLUMNS] = {0}, unsure[GROUPS];
            uint32_t balls = 0, near = 0;
            filled[7] = found[8] = 1; /* stay */
            struct ws_ball_row row = {.y = y,
                                      .half = half,
                                      .human = {1, 4},
                                      .model = {3, 3},
                                      .far = {-1, (float)(round % 4)},
                                      .filled = filled,
                                      .found = found};
            sets[s]->count(&row, GROUPS, unsure);
            for (size_t i = 0; i < COLUMNS; i++) {
                balls += y[i] + half[i] > row.human.in;
                near += y[i] > row.far.in;
                assert_int_equal(filled[i], i == 7 || y[i] + half[i] > row.human.in);
                assert_int_equal(found[i], i == 8 || y[i] > row.model.in);
            }
            assert_int_equal(row.balls, balls);
            assert_int_equal(row.near, near);
            for (size_t g = 0; g < GROUPS; g++) {
                bool any = false;
                for (size_t i = g * WS_NEIGHBOUR_GROUP; i < (g + 1) * WS_NEIGHBOUR_GROUP; i++)
                    any = any || doubtful(y[i] + half[i], row.human) || doubtful(y[i], row.model) ||
                          doubtful(y[i], row.far);
                assert_int_equal(unsure[g] != 0, any);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbour_ops__near_is_at_or_above_either_limit),
        cmocka_unit_test(neighbour_ops__counts_are_those_of_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
