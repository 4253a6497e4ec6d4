#include "base/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/sampler.h"

enum { MOST = 200 };

static void fill(double x[MOST], uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, item);
    ws_sample_normals(&rng, 5, 1, x, MOST);
}

static void moments__are_those_of_the_reference_on_every_instruction_set(void **state)
{
    (void)state;
    const struct ws_sum_ops *sets[WS_SUM_SETS];
    size_t count = ws_sum_list(sets);
    double x[MOST];
    fill(x, 0);
    for (size_t s = 0; s < count; s++)
        for (size_t first = 0; first < 8; first++)
            for (size_t size = 0; first + size <= MOST; size++) {
                struct ws_moments wanted = ws_sum_reference.moments(x + first, size, x[0]);
                struct ws_moments found = sets[s]->moments(x + first, size, x[0]);
                assert_memory_equal(&found, &wanted, sizeof found);
            }
}

static void moments__of_origins_beyond_all_numbers_are_not_finite_anywhere(void **state)
{
    (void)state;
    const struct ws_sum_ops *sets[WS_SUM_SETS];
    size_t count = ws_sum_list(sets);
    double x[MOST];
    fill(x, 0);
    for (size_t s = 0; s < count; s++) {
        bool beyond = isfinite(sets[s]->moments(x, 13, (double)INFINITY).squares);
        bool unknown = isfinite(sets[s]->moments(x, 13, (double)NAN).squares);
        assert_false(beyond);
        assert_false(unknown);
    }
}

/* Against sums in long double: eight sums of 25 terms each lose a few ulps. */
static void moments__are_sums_of_deviations_and_their_squares(void **state)
{
    (void)state;
    for (uint64_t item = 0; item < 100; item++) {
        double x[MOST];
        long double deviations = 0, squares = 0, sizes = 0;
        fill(x, item);
        struct ws_moments found = ws_sum_pick()->moments(x, MOST, 4.5);
        for (size_t i = 0; i < MOST; i++) {
            long double deviation = (long double)x[i] - 4.5L;
            deviations += deviation;
            sizes += fabsl(deviation);
            squares += deviation * deviation;
        }
        assert_true(fabsl((long double)found.deviations - deviations) <= 8e-15L * sizes);
        assert_true(fabsl((long double)found.squares - squares) <= 8e-15L * squares);
    }
}

static void pick__is_the_last_of_the_list(void **state)
{
    (void)state;
    const struct ws_sum_ops *sets[WS_SUM_SETS];
    size_t count = ws_sum_list(sets);
    assert_true(count >= 2);
    assert_ptr_equal(sets[0], &ws_sum_reference);
    assert_ptr_equal(sets[count - 1], ws_sum_pick());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments__are_those_of_the_reference_on_every_instruction_set),
        cmocka_unit_test(moments__of_origins_beyond_all_numbers_are_not_finite_anywhere),
        cmocka_unit_test(moments__are_sums_of_deviations_and_their_squares),
        cmocka_unit_test(pick__is_the_last_of_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
