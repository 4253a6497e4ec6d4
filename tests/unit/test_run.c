/*
 * Runs in a directory: whatever the threads, stops, resumes and raises, the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/effort.h"
#include "support/laboratory.h"
#include "support/place.h"
#include "support/running.h"

/* The order of records ------------------------------------------------------------------- */

struct order {
    const struct ws_experiment *experiment;
    size_t arm;
    uint64_t seed;
    uint32_t generation;
    int metric; /* -1: the mix, the loss curve behind it, and the floors */
    size_t models;
};

/* Of a histogram too: "perplexity_histogram/3.162". */
static int metric_number(const char *name)
{
    size_t size = strcspn(name, "/");
    for (int i = 0; i < WS_METRIC_COUNT; i++) {
        const char *known = ws_metric((enum ws_metric_id)i)->name;
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return i;
    }
    return -1;
}

/* The mix, and a histogram, have several records. */
static bool has_several(int metric)
{
    return metric < 0 || ws_metric_is_histogram((enum ws_metric_id)metric);
}

static enum ws_status check_order(void *user, const struct ws_record *record, struct ws_error *err)
{
    (void)err;
    struct order *order = user;
    int metric = metric_number(record->metric);
    assert_true(metric >= 0 || strncmp(record->metric, "mix/", 4) == 0 ||
                strncmp(record->metric, "training_loss/", 14) == 0 ||
                (strncmp(record->metric, "floor/", 6) == 0 && record->place.generation == 0));
    bool same_model = order->models > 0 && record->place.generation == order->generation &&
                      record->place.seed == order->seed &&
                      strcmp(record->place.arm, order->experiment->arms[order->arm].name) == 0;
    if (same_model) {
        assert_true(metric > order->metric || (metric == order->metric && has_several(metric)));
    } else {
        /* The next in (arm, seed, generation) order, and its mix first. */
        size_t n = order->models++;
        order->arm = n / ((size_t)RUN_SEEDS * GENERATIONS);
        order->seed = n / GENERATIONS % RUN_SEEDS + 1;
        order->generation = (uint32_t)(n % GENERATIONS);
        assert_string_equal(record->place.arm, order->experiment->arms[order->arm].name);
        assert_int_equal(record->place.seed, order->seed);
        assert_int_equal(record->place.generation, order->generation);
        assert_int_equal(metric, -1);
    }
    order->metric = metric;
    return WS_OK;
}

static void run__its_metrics_lie_in_order(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place place;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&place);
        run_well(&lab, &place);
        assert_state(&place, "complete");
        struct order order = {.experiment = &lab.experiment};
        assert_int_equal(ws_results_visit(place.path, NULL, check_order, &order, NULL), WS_OK);
        assert_int_equal(order.models, CHAINS * GENERATIONS);
        remove_place(&place);
        laboratory_close(&lab);
    }
}

/* Same bytes ------------------------------------------------------------------------------------
 */

static void run__any_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place alone;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&alone);
        lab.experiment.settings.threads = 1;
        run_well(&lab, &alone);
        for (unsigned threads = 2; threads <= 7; threads += 5) {
            struct place other;
            new_place(&other);
            lab.experiment.settings.threads = threads;
            run_well(&lab, &other);
            assert_same_run(&alone, &other);
            remove_place(&other);
        }
        remove_place(&alone);
        laboratory_close(&lab);
    }
}

struct stopper {
    sig_atomic_t stop;
    size_t left; /* steps until it stops */
};

static void count_down(void *user, const struct ws_progress *progress)
{
    struct stopper *stopper = user;
    assert_true(progress->chains_done <= progress->chains && progress->generation < GENERATIONS);
    if (stopper->left > 0 && --stopper->left == 0)
        __atomic_store_n(&stopper->stop, 1, __ATOMIC_RELAXED);
}

static struct went run_until(const struct laboratory *lab, const struct place *place, size_t steps)
{
    struct stopper stopper = {.left = steps};
    return run_with(lab, &(struct ws_run_options){.directory = place->path,
                                                  .stop = &stopper.stop,
                                                  .progress = count_down,
                                                  .user = &stopper});
}

static void run__stopped_at_any_step_it_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place whole;
        open_laboratory(&lab, family,
                        "policies: [mix:0.5:0.25:0.25, accumulate]\ncontrol: false\n"
                        "generations: 4\nseeds: 2\nkeep_every: 3\n");
        new_place(&whole);
        lab.experiment.settings.threads = 1;
        run_well(&lab, &whole);
        enum ws_status status = WS_INTERRUPTED;
        size_t steps = 1;
        for (; status == WS_INTERRUPTED; steps += by_effort(5, 1, 1)) {
            struct place place;
            new_place(&place);
            struct went went = run_until(&lab, &place, steps);
            status = went.status;
            if (status == WS_INTERRUPTED) {
                assert_string_equal(went.error.message, "stopped; the same command goes on");
                assert_state(&place, "stopped");
                run_well(&lab, &place);
            }
            assert_same_run(&whole, &place);
            remove_place(&place);
        }
        assert_int_equal(status, WS_OK);
        assert_true(steps > 2 * GENERATIONS);
        remove_place(&whole);
        laboratory_close(&lab);
    }
}

static void run__stopped_after_every_step_it_still_ends(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place whole, place;
    open_laboratory(&lab, 1, SETTINGS);
    new_place(&whole);
    new_place(&place);
    run_well(&lab, &whole);
    enum ws_status status = WS_INTERRUPTED;
    size_t calls = 0;
    for (; status == WS_INTERRUPTED; calls++)
        status = run_until(&lab, &place, 1).status;
    assert_int_equal(status, WS_OK);
    assert_true(calls > GENERATIONS);
    assert_same_run(&whole, &place);
    remove_place(&whole);
    remove_place(&place);
    laboratory_close(&lab);
}

static void run__generations_and_seeds_may_be_raised(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct place whole, place;
        open_laboratory(&lab, family, SETTINGS);
        new_place(&whole);
        new_place(&place);
        run_well(&lab, &whole);

        set(&lab, 2, 2);
        run_well(&lab, &place);
        set(&lab, 2, RUN_SEEDS);
        struct went went = run(&lab, &place);
        assert_int_equal(went.status, WS_OK);
        assert_int_equal(went.already_complete, ARMS * 2);
        assert_int_equal(went.resumed, 0);
        set(&lab, GENERATIONS, RUN_SEEDS);
        went = run(&lab, &place);
        assert_int_equal(went.status, WS_OK);
        assert_int_equal(went.already_complete, 0);
        assert_int_equal(went.resumed, CHAINS);
        assert_same_run(&whole, &place);
        went = run(&lab, &place);
        assert_int_equal(went.already_complete, CHAINS);
        assert_same_run(&whole, &place);
        remove_place(&whole);
        remove_place(&place);
        laboratory_close(&lab);
    }
}

static void run__every_kth_model_is_kept(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    open_laboratory(&lab, 0, "generations: 6\nseeds: 1\ncontrol: false\nkeep_every: 2\n");
    new_place(&place);
    ws_arena_init(&arena, NULL);
    run_well(&lab, &place);
    for (uint32_t g = 0; g < 6; g++) {
        struct ws_checkpoint checkpoint;
        char *path = ws_arena_format(&arena, "%s/arms/replace/seed-1.%u.checkpoint", place.path,
                                     (unsigned)g);
        assert_int_equal(ws_file_exists(path), g % 2 == 0);
        if (g % 2 > 0)
            continue;
        assert_int_equal(ws_checkpoint_open(contents(&arena, path), &arena, &checkpoint, NULL),
                         WS_OK);
        assert_int_equal(checkpoint.count, 1);
        assert_int_equal(checkpoint.chains[0].seed, 1);
        assert_int_equal(checkpoint.chains[0].next_step, g + 1);
    }
    ws_arena_release(&arena);
    remove_place(&place);
    laboratory_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__its_metrics_lie_in_order),
        cmocka_unit_test(run__any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(run__stopped_at_any_step_it_goes_on_to_the_same_bytes),
        cmocka_unit_test(run__stopped_after_every_step_it_still_ends),
        cmocka_unit_test(run__generations_and_seeds_may_be_raised),
        cmocka_unit_test(run__every_kth_model_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
