/*
 * Plans: what a transformer costs follows its steps or epochs, its memory is near what a run takes,
 * and a run that would not fit in what there is does not begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "lab/plan.h"
#include "lab/run.h"
#include "support/laboratory.h"
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
        ws_plan_cost(&lab.experiment, lab.human, 2, &arena, &cost, &err) != WS_OK)
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

/* Memory --------------------------------------------------------------------------------------- */

/* What is alive at most. */
struct peak_heap {
    atomic_long live, peak;
};

static void *peak_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct peak_heap *heap = user;
    long live = atomic_fetch_add(&heap->live, (long)new_size - (long)old_size) + (long)new_size -
                (long)old_size;
    long peak = atomic_load(&heap->peak);
    while (live > peak && !atomic_compare_exchange_weak(&heap->peak, &peak, live))
        ;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static double measured_peak(const char *text)
{
    struct peak_heap heap = {0};
    const struct ws_allocator allocator = {peak_realloc, &heap};
    struct laboratory lab;
    struct place place;
    struct ws_run_result result;
    struct ws_error err = {.message = ""};
    if (!laboratory_open(&lab, text, "", NULL, &err))
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

/* Wide enough that neither the data nor the device's own memory count for much. */
#define WIDE                                                                                       \
    "family: transformer\nsource: text\nlayers: 2\nwidth: 512\nheads: 8\ncontext: 64\n"            \
    "block: 32\nitems: 12\ntest_items: 3\nbatch: 12\npolicies: replace\ncontrol: false\n"          \
    "generations: 2\nseeds: 1\ncheckpoint_seconds: 0\n"

static void plan__memory_is_near_what_a_run_takes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        WIDE "steps: 2\n",
        WIDE "steps: 1\nstart: false\ncontinue: true\nbeams: 8\ndecode_batch: 60\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double planned = cost_of(texts[i], "").memory, taken = measured_peak(texts[i]);
        if (planned < taken / 1.5 || planned > taken * 1.5)
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
    assert_int_equal(ws_plan_cost(&lab.experiment, lab.human, 2, &arena, &three, &err), WS_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__epochs_and_steps_are_counted),
        cmocka_unit_test(plan__every_generation_takes_its_steps),
        cmocka_unit_test(plan__memory_is_near_what_a_run_takes),
        cmocka_unit_test(plan__a_cache_that_is_too_large_is_told_before_the_first_fit),
        cmocka_unit_test(plan__chains_at_a_time_add_up),
        cmocka_unit_test(plan__a_guess_refuses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
