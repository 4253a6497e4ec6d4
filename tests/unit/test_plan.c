/*
 * Plans: what a transformer costs follows its steps or epochs, its memory is near what a run takes,
 * and a run that would not fit in what there is does not begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "lab/plan.h"
#include "lab/run.h"
#include "support/effort.h"
#include "support/laboratory.h"
#include "support/peak_heap.h"
#include "support/place.h"

#define SMALL                                                                                      \
    "family: transformer\nsource: text\nlayers: 1\nwidth: 8\nheads: 2\ncontext: 8\nbatch: 4\n"     \
    "block: 4\nitems: 20\ntest_items: 5\nseeds: 1\nthreads: 1\n"

/* Of `text` with `more`, on two processors. */
static struct ws_cost cost_of(const char *text, const char *more)
{
    struct laboratory lab;
    struct ws_arena arena;
    struct ws_cost cost;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    if (!laboratory_open(&lab, text, more, NULL, &err) ||
        ws_plan_cost(&lab.experiment, lab.human, NULL, NULL, 2, &arena, &cost, &err) != WS_OK)
        fail_msg("%s", err.message);
    laboratory_close(&lab);
    ws_arena_release(&arena);
    cost.arms = NULL;
    return cost;
}

/* Time ----------------------------------------------------------------------------------------- */

/* Seconds of a fit in epochs more than one. */
static double beyond_an_epoch(const char *more)
{
    return cost_of(SMALL "generations: 1\n", more).seconds -
           cost_of(SMALL "generations: 1\n", "").seconds;
}

static void assert_near(double value, double expected)
{
    assert_true(value > 0.999 * expected && value < 1.001 * expected);
}

/* An epoch of twenty items has five steps of four. */
static void plan__epochs_and_steps_are_counted(void **state)
{
    (void)state;
    double epoch = beyond_an_epoch("epochs: 2\n");
    assert_true(epoch > 0);
    assert_near(beyond_an_epoch("epochs: 6\n"), 5 * epoch);
    assert_near(beyond_an_epoch("steps: 30\n"), 5 * epoch);
    assert_near(beyond_an_epoch("steps: 30\nepochs: 9\n"), 5 * epoch);
}

/* Accumulated items are more and more, and the steps are as many. */
static void plan__every_generation_takes_its_steps(void **state)
{
    (void)state;
    static const char few[] = SMALL "growth: linear:1\nfresh_items: 60\nsteps: 1000\n";
    static const char more[] = SMALL "growth: linear:1\nfresh_items: 60\nsteps: 2000\n";
    double one =
        cost_of(more, "generations: 1\n").seconds - cost_of(few, "generations: 1\n").seconds;
    double three =
        cost_of(more, "generations: 3\n").seconds - cost_of(few, "generations: 3\n").seconds;
    assert_near(three, 3 * one);
}

/* Validation data are looked at once an epoch, or every few steps. */
static void plan__validations_are_counted(void **state)
{
    (void)state;
#define WHOLE SMALL "generations: 1\nepochs: 4\n"
    double none = cost_of(WHOLE, "").seconds;
    double each_epoch = cost_of(WHOLE, "validation_items: 5\n").seconds - none;
    assert_true(each_epoch > 0);
    assert_near(cost_of(WHOLE, "validation_items: 10\n").seconds - none, 2 * each_epoch);
    assert_near(cost_of(WHOLE, "validation_items: 5\nvalidate_every: 10\n").seconds - none,
                each_epoch / 2);
}

/* Says that between two looks at it some seconds have passed. */
struct ticking {
    double tick, now;
};

static double tick(void *user)
{
    struct ticking *clock = user;
    return clock->now += clock->tick;
}

static double probed_seconds(const char *text, double seconds, struct ws_probe *probe)
{
    struct ticking ticking = {seconds, 0};
    const struct ws_clock clock = {tick, tick, &ticking};
    struct laboratory lab;
    struct ws_arena arena;
    struct ws_cost cost;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    if (!laboratory_open(&lab, text, "generations: 3\n", NULL, &err) ||
        ws_probe(&lab.experiment, lab.human, NULL, &clock, &arena, probe, &err) != WS_OK ||
        ws_plan_cost(&lab.experiment, lab.human, NULL, probe, 2, &arena, &cost, &err) != WS_OK)
        fail_msg("%s", err.message);
    for (size_t a = 0; a < lab.experiment.arm_count; a++)
        assert_true(probe->steps[a] >= 0);
    probe->steps = NULL;
    laboratory_close(&lab);
    ws_arena_release(&arena);
    return cost.seconds;
}

static void plan__on_a_machine_half_as_fast_it_takes_twice_as_long(void **state)
{
    (void)state;
    for (size_t i = 0; i < LABORATORY_COUNT; i++) {
        struct ws_probe probe, slow;
        double seconds = probed_seconds(laboratory_texts[i], 1, &probe);
        assert_true(seconds > 0);
        assert_near(probed_seconds(laboratory_texts[i], 2, &slow), 2 * seconds);
        assert_true(probe.fit.items == 2 && probe.fit.seconds == 1 && slow.fit.seconds == 2);
        assert_true(probe.model.bytes > 0 && probe.stored.bytes > 0 && probe.measurements > 0);
    }
}

/* On a quick one everything is tried, up to as many items as there are, and steps are taken. */
static void plan__on_a_fast_machine_all_items_are_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < LABORATORY_COUNT; i++) {
        struct ws_probe probe;
        assert_true(probed_seconds(laboratory_texts[i], 1e-4, &probe) > 0);
        assert_int_equal(probe.fit.items, i == 0 ? 40 : 20);
        assert_int_equal(probe.sample.items, probe.fit.items);
        assert_true(probe.start > 0 && probe.drawn_each > 0 && probe.drawn_each <= 1);
    }
}

/* Memory --------------------------------------------------------------------------------------- */

/* Of `text` with `more`. */
static double measured_peak(const char *text, const char *more)
{
    struct peak_heap heap = {0};
    const struct ws_allocator allocator = {peak_realloc, &heap};
    struct laboratory lab;
    struct place place;
    struct ws_run_result result;
    struct ws_error err = {.message = ""};
    if (!laboratory_open(&lab, text, more, NULL, &err))
        fail_msg("%s", err.message);
    new_place(&place);
    struct ws_run_options options = {.directory = place.path, .allocator = &allocator};
    if (ws_run_execute(&lab.experiment, lab.human, &options, &result, &err) != WS_OK)
        fail_msg("%s", err.message);
    ws_arena_release(&result.arena);
    remove_place(&place);
    laboratory_close(&lab);
    return (double)atomic_load(&heap.peak);
}

#define WIDE                                                                                       \
    "family: transformer\nsource: text\nlayers: 2\nheads: 8\ncontext: 64\n"                        \
    "block: 32\nitems: 12\ntest_items: 3\nbatch: 12\npolicies: replace\ncontrol: false\n"          \
    "generations: 2\nseeds: 1\ncheckpoint_seconds: 0\n"

/* Wide enough that neither the data nor the device's own memory count for much; with little effort
 * too narrow to decide. */
static void plan__memory_is_near_what_a_run_takes(void **state)
{
    (void)state;
    const bool decides = effort() > EFFORT_SMALL;
    const char *width = decides ? "width: 512\n" : "width: 32\n";
    static const char *const texts[] = {
        WIDE "steps: 2\n",
        WIDE "steps: 1\nstart: false\ncontinue: true\nbeams: 8\ndecode_batch: 60\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double planned = cost_of(texts[i], width).memory, taken = measured_peak(texts[i], width);
        assert_true(planned > 0 && taken > 0);
        if (decides && (planned < taken / 1.5 || planned > taken * 1.5))
            fail_msg("planned %.0f MB, taken %.0f MB", planned / 1e6, taken / 1e6);
    }
}

static void plan__a_cache_that_is_too_large_is_told_before_the_first_fit(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_run_result result;
    struct ws_error err = {.message = ""};
    if (!laboratory_open(&lab, SMALL, "decode_batch: 65536\nbeams: 8\ninner: 1000000\n", NULL,
                         &err))
        fail_msg("%s", err.message);
    new_place(&place);
    char *directory = ws_run_path(&lab.experiment.arena, place.path, "run");
    struct ws_run_options options = {.directory = directory};
    assert_int_equal(ws_run_execute(&lab.experiment, lab.human, &options, &result, &err),
                     WS_NO_MEMORY);
    assert_non_null(strstr(err.message, "this experiment needs about "));
    assert_non_null(strstr(err.message, " MiB of memory, and "));
    assert_false(ws_directory_exists(directory));
    ws_arena_release(&result.arena);
    remove_place(&place);
    laboratory_close(&lab);
}

static void plan__chains_at_a_time_add_up(void **state)
{
    (void)state;
    struct ws_cost one = cost_of(SMALL, "generations: 1\n");
    struct ws_error err;
    assert_int_equal(ws_plan_check_memory(&one, (uint64_t)one.memory, &err), WS_OK);
    assert_int_equal(ws_plan_check_memory(&one, (uint64_t)one.memory - 1, &err), WS_NO_MEMORY);
    struct laboratory lab;
    struct ws_arena arena;
    struct ws_cost three;
    ws_arena_init(&arena, NULL);
    assert_true(laboratory_open(&lab, SMALL, "generations: 1\n", NULL, &err));
    lab.experiment.settings.seeds = 5;
    lab.experiment.settings.threads = 3;
    assert_int_equal(ws_plan_cost(&lab.experiment, lab.human, NULL, NULL, 2, &arena, &three, &err),
                     WS_OK);
    assert_near(three.memory, 3 * one.memory);
    assert_int_equal(ws_plan_check_memory(&three, (uint64_t)one.memory, &err), WS_NO_MEMORY);
    assert_non_null(strstr(err.message, "3 chains on 3 'threads' at a time, needs about "));
    laboratory_close(&lab);
    ws_arena_release(&arena);
}

/* Other families only guess: nothing is refused for it. */
static void plan__a_guess_refuses_nothing(void **state)
{
    (void)state;
    struct ws_cost cost = cost_of("family: gaussian\n", "");
    assert_int_equal(ws_plan_check_memory(&cost, 0, NULL), WS_OK);
}

/* What samples of vectors are compared with: 64 projections of the reference, or one. */
static void plan__projections_of_the_reference_take_memory(void **state)
{
    static const char text[] = "family: gaussian\nseeds: 1\ncontrol: false\nthreads: 1\n";
    (void)state;
    for (int dimension = 1; dimension <= 2; dimension++) {
        const char *few = dimension == 1 ? "dimension: 1\nmetric_items: 10\ntest_items: 1000\n"
                                         : "dimension: 2\nmetric_items: 10\ntest_items: 1000\n";
        const char *many = dimension == 1 ? "dimension: 1\nmetric_items: 10\ntest_items: 3000\n"
                                          : "dimension: 2\nmetric_items: 10\ntest_items: 3000\n";
        assert_near(cost_of(text, many).memory - cost_of(text, few).memory,
                    2000 * sizeof(double) * (dimension == 1 ? 1 : 64));
    }
    assert_near(cost_of(text, "test_items: 3000\n").memory, cost_of(text, "").memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__epochs_and_steps_are_counted),
        cmocka_unit_test(plan__every_generation_takes_its_steps),
        cmocka_unit_test(plan__validations_are_counted),
        cmocka_unit_test(plan__on_a_machine_half_as_fast_it_takes_twice_as_long),
        cmocka_unit_test(plan__on_a_fast_machine_all_items_are_tried),
        cmocka_unit_test(plan__memory_is_near_what_a_run_takes),
        cmocka_unit_test(plan__a_cache_that_is_too_large_is_told_before_the_first_fit),
        cmocka_unit_test(plan__chains_at_a_time_add_up),
        cmocka_unit_test(plan__a_guess_refuses_nothing),
        cmocka_unit_test(plan__projections_of_the_reference_take_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
