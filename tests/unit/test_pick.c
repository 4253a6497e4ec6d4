/*
 * Contract of `pick` and `rank` in compute/compute.h: examples worked by hand on both sets, the
 * fast set against the reference, and the law of what is drawn. Equality with `transformers` is in
 * tests/conformance/test_decoding.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/compute.h"
#include "support/failing_heap.h"
#include "support/pick_cases.h"
#include "support/statistics.h"

static struct ws_device *open_device(enum ws_cpu_kind kind, unsigned threads)
{
    struct ws_device *device = NULL;
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &device, NULL), WS_OK);
    return device;
}

static void compare_fast(void (*compare)(const struct pick_sides *), unsigned threads)
{
    struct pick_sides sides = {open_device(WS_CPU_REFERENCE, 1), open_device(WS_CPU_FAST, 1),
                               open_device(WS_CPU_FAST, threads)};
    compare(&sides);
    sides.reference->ops->close(sides.reference);
    sides.device->ops->close(sides.device);
    sides.again->ops->close(sides.again);
}

static void pick__fast_is_as_the_reference(void **state)
{
    (void)state;
    compare_fast(pick_compare_settings, 7);
}

static void pick__fast_keeps_the_same_equals(void **state)
{
    (void)state;
    compare_fast(pick_compare_equals, 2);
}

static void rank__fast_is_as_the_reference(void **state)
{
    (void)state;
    compare_fast(pick_compare_ranks, 3);
}

static void long_rows__fast_are_as_the_reference(void **state)
{
    (void)state;
    compare_fast(pick_compare_long_rows, 3);
}

/* The law of draws ----------------------------------------------------------------------------- */

static void pick__draws_from_its_distribution(void **state)
{
    enum { SIZE = 1200, AT_ONCE = 100 };
    static float scores[AT_ONCE * SIZE], probabilities[AT_ONCE * SIZE];
    static uint64_t seen[SIZE];
    static double expected[SIZE];
    size_t draws = statistics_draws(30000);
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{7, 7}, 7}, 0);
    pick_make_scores(&rng, scores, SIZE, 8, 0);
    for (size_t r = 1; r < AT_ONCE; r++)
        memcpy(scores + r * SIZE, scores, SIZE * sizeof *scores);
    double uniforms[AT_ONCE];
    struct ws_pick pick = pick_plain(AT_ONCE, SIZE);
    pick.top_p = 0.95F;
    pick.uniforms = uniforms;
    memset(seen, 0, sizeof seen);
    for (size_t done = 0; done < draws; done += AT_ONCE) {
        uint32_t tokens[AT_ONCE];
        for (size_t r = 0; r < AT_ONCE; r++)
            uniforms[r] = ws_rng_uniform(&rng);
        pick_run(*state, &pick, scores, tokens, probabilities);
        for (size_t r = 0; r < AT_ONCE; r++)
            seen[tokens[r]]++;
    }
    for (size_t v = 0; v < SIZE; v++)
        expected[v] = (double)probabilities[v] * (double)draws;
    assert_true(statistics_accept("pick", statistics_chi_squared_p(seen, expected, SIZE)));
}

/* Memory --------------------------------------------------------------------------------------- */

static void pick__remembers_that_memory_was_out(void **state)
{
    (void)state;
    static float scores[2 * 600];
    const double uniforms[] = {0.5, 0.5};
    uint32_t tokens[2];
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_device *device = NULL;
        status = ws_cpu_open(WS_CPU_FAST, 2, &allocator, &device, NULL);
        if (status == WS_OK) {
            struct ws_pick pick = pick_plain(2, 600);
            pick.top_k = 5;
            pick.uniforms = uniforms;
            device->ops->pick(device, tokens, NULL, scores, &pick);
            status = device->ops->check(device, NULL);
            device->ops->close(device);
        }
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

static int open_reference(void **state)
{
    *state = open_device(WS_CPU_REFERENCE, 1);
    return 0;
}

static int open_fast(void **state)
{
    *state = open_device(WS_CPU_FAST, 2);
    return 0;
}

static int close_device(void **state)
{
    struct ws_device *device = *state;
    device->ops->close(device);
    return 0;
}

int main(void)
{
    struct CMUnitTest examples[2 * PICK_EXAMPLE_COUNT];
    for (size_t i = 0; i < PICK_EXAMPLE_COUNT; i++) {
        const struct pick_example *e = &PICK_EXAMPLES[i];
        examples[2 * i] = (struct CMUnitTest){e->name, e->run, open_reference, close_device, NULL};
        examples[2 * i + 1] = (struct CMUnitTest){e->name, e->run, open_fast, close_device, NULL};
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pick__fast_is_as_the_reference),
        cmocka_unit_test(pick__fast_keeps_the_same_equals),
        cmocka_unit_test(rank__fast_is_as_the_reference),
        cmocka_unit_test(long_rows__fast_are_as_the_reference),
        cmocka_unit_test_setup_teardown(pick__draws_from_its_distribution, open_reference,
                                        close_device),
        cmocka_unit_test_setup_teardown(pick__draws_from_its_distribution, open_fast, close_device),
        cmocka_unit_test(pick__remembers_that_memory_was_out),
    };
    int failed =
        _cmocka_run_group_tests("examples", examples, (size_t)2 * PICK_EXAMPLE_COUNT, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
