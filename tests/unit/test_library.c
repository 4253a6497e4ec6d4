/*
 * The published library: everything here goes through include/wellspring/wellspring.h and the
 * shared library, as a program elsewhere would.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <wellspring/wellspring.h>

#include "support/place.h"

static const char text[] = "title: symbols\n"
                           "family: discrete\n"
                           "source: zipf\n"
                           "types: 20\n"
                           "items: 40\n"
                           "test_items: 10\n"
                           "policies: [replace, keep:0.5]\n"
                           "generations: 6\n"
                           "seeds: 3\n";
/* Where the chains of one of its arms are kept. */
static const char chains[] = "arms/replace/seeds-1-64.checkpoint";

static struct wellspring_experiment *make(const struct wellspring_setting *settings, size_t count)
{
    struct wellspring_experiment *experiment = NULL;
    struct wellspring_error error;
    if (wellspring_experiment_parse(text, sizeof text - 1, "symbols", settings, count, &experiment,
                                    &error) != WELLSPRING_OK)
        fail_msg("%s", error.message);
    return experiment;
}

static void run_whole(const char *directory, const struct wellspring_run_options *options,
                      struct wellspring_run_result *result)
{
    struct wellspring_experiment *experiment = make(NULL, 0);
    struct wellspring_error error;
    if (wellspring_run(experiment, directory, options, result, &error) != WELLSPRING_OK)
        fail_msg("%s", error.message);
    wellspring_experiment_free(experiment);
}

static void library__version_is_the_projects(void **state)
{
    (void)state;
    assert_string_equal(wellspring_version(), WS_VERSION);
    assert_string_equal(wellspring_status_phrase(WELLSPRING_OK), "ok");
}

static void experiment__text_and_settings_are_resolved(void **state)
{
    (void)state;
    const struct wellspring_setting settings[] = {{"seeds", "9"}, {"seeds", "4"}};
    struct wellspring_experiment *experiment = make(settings, 2);
    assert_string_equal(wellspring_experiment_name(experiment), "symbols");
    assert_int_equal(wellspring_experiment_seeds(experiment), 4);
    assert_int_equal(wellspring_experiment_generations(experiment), 6);
    assert_int_equal(wellspring_experiment_arm_count(experiment), 3);
    assert_string_equal(wellspring_experiment_arm(experiment, 0), "replace");
    assert_string_equal(wellspring_experiment_arm(experiment, 1), "keep:0.5");
    assert_string_equal(wellspring_experiment_arm(experiment, 2), "control");
    assert_null(wellspring_experiment_arm(experiment, 3));
    wellspring_experiment_free(experiment);
    wellspring_experiment_free(NULL);
}

static void experiment__mistakes_are_told(void **state)
{
    (void)state;
    static const char bad[] = "family: discrete\ngeneratoins: 5\n";
    struct wellspring_experiment *experiment = NULL;
    struct wellspring_error error;
    assert_int_equal(
        wellspring_experiment_parse(bad, sizeof bad - 1, "bad", NULL, 0, &experiment, &error),
        WELLSPRING_INVALID);
    assert_int_equal(error.status, WELLSPRING_INVALID);
    assert_non_null(strstr(error.message, "bad:2"));
    assert_non_null(strstr(error.message, "did you mean 'generations'?"));
    assert_null(experiment);
    /* Nobody has to listen. */
    assert_int_equal(
        wellspring_experiment_parse(bad, sizeof bad - 1, "bad", NULL, 0, &experiment, NULL),
        WELLSPRING_INVALID);
    assert_int_equal(wellspring_experiment_parse(text, sizeof text - 1, "two\nlines", NULL, 0,
                                                 &experiment, &error),
                     WELLSPRING_INVALID);
    assert_int_equal(wellspring_experiment_read("/nowhere/at.all", NULL, 0, &experiment, &error),
                     WELLSPRING_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere/at.all"));
    assert_int_equal(wellspring_experiment_read("/", NULL, 0, &experiment, NULL),
                     WELLSPRING_INVALID);
}

static void experiment__file_gives_the_name(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct wellspring_experiment *experiment = NULL;
    struct wellspring_error error;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    const char *path = join(&arena, place.path, "my.first.yaml");
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text(text), NULL), WS_OK);
    if (wellspring_experiment_read(path, NULL, 0, &experiment, &error) != WELLSPRING_OK)
        fail_msg("%s", error.message);
    assert_string_equal(wellspring_experiment_name(experiment), "my.first");
    wellspring_experiment_free(experiment);
    remove_place(&place);
    ws_arena_release(&arena);
}

/* What a progress function saw. */
struct seen {
    size_t calls;
    size_t chains_done;
    uint64_t work_left;
    volatile sig_atomic_t stop;
    size_t stop_at; /* calls; 0: never */
};

static void see(void *user, const struct wellspring_progress *progress)
{
    struct seen *seen = user;
    assert_non_null(progress->arm);
    assert_true(progress->generation < 6);
    assert_true(progress->seeds > 0);
    assert_int_equal(progress->chains, 9);
    seen->chains_done = progress->chains_done;
    seen->work_left = progress->work_left;
    if (++seen->calls == seen->stop_at)
        seen->stop = 1;
}

static void run__tells_progress_and_counts_chains(void **state)
{
    (void)state;
    struct place place;
    struct seen seen = {0};
    struct wellspring_run_result result;
    new_place(&place);
    const struct wellspring_run_options options = {.threads = 1, .progress = see, .user = &seen};
    run_whole(place.path, &options, &result);
    assert_true(seen.calls >= 6);
    assert_int_equal(seen.chains_done, 9);
    assert_int_equal(seen.work_left, 0);
    assert_int_equal(result.chains, 9);
    assert_int_equal(result.resumed, 0);
    assert_int_equal(result.already_complete, 0);
    assert_int_equal(result.failed, 0);
    run_whole(place.path, NULL, &result);
    assert_int_equal(result.already_complete, 9);
    remove_place(&place);
}

static void run__stopped_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    struct place whole, stopped;
    struct seen seen = {.stop_at = 2};
    struct wellspring_run_result result;
    struct wellspring_error error;
    new_place(&whole);
    new_place(&stopped);
    const struct wellspring_run_options three_threads = {.threads = 3};
    run_whole(whole.path, &three_threads, NULL);
    const struct wellspring_run_options options = {
        .threads = 1, .stop = &seen.stop, .progress = see, .user = &seen};
    struct wellspring_experiment *experiment = make(NULL, 0);
    assert_int_equal(wellspring_run(experiment, stopped.path, &options, &result, &error),
                     WELLSPRING_INTERRUPTED);
    assert_int_equal(seen.calls, 2);
    /* The same handle again. */
    struct wellspring_results *results = NULL;
    assert_int_equal(wellspring_results_load(stopped.path, &results, &error), WELLSPRING_NOT_FOUND);
    assert_int_equal(wellspring_run(experiment, stopped.path, NULL, &result, &error),
                     WELLSPRING_OK);
    assert_true(result.resumed > 0);
    assert_same_run(&whole, &stopped);
    wellspring_experiment_free(experiment);
    remove_place(&whole);
    remove_place(&stopped);
}

static void run__other_settings_are_refused(void **state)
{
    (void)state;
    struct place place;
    struct wellspring_error error;
    const struct wellspring_setting settings[] = {{"types", "21"}};
    struct wellspring_experiment *experiment = make(settings, 1);
    new_place(&place);
    run_whole(place.path, NULL, NULL);
    struct wellspring_run_result result = {.chains = 99};
    assert_int_equal(wellspring_run(experiment, place.path, NULL, &result, &error),
                     WELLSPRING_CONFLICT);
    assert_non_null(strstr(error.message, "types"));
    assert_int_equal(result.chains, 0);
    wellspring_experiment_free(experiment);
    remove_place(&place);
}

struct walk {
    size_t records;
    size_t most;
    double first_types; /* of seed 1 at generation 5 under replace */
};

static bool walk_on(void *user, const struct wellspring_record *record)
{
    struct walk *walk = user;
    assert_non_null(record->definition);
    assert_true(record->seed >= 1 && record->seed <= 3);
    if (strcmp(record->arm, "replace") == 0 && record->seed == 1 && record->generation == 5 &&
        strcmp(record->metric, "types") == 0)
        walk->first_types = record->value;
    return ++walk->records < walk->most;
}

static void results__records_and_curves_agree(void **state)
{
    (void)state;
    struct place place;
    struct wellspring_error error;
    struct wellspring_results *results = NULL;
    new_place(&place);
    run_whole(place.path, NULL, NULL);
    struct walk few = {.most = 5}, all = {.most = SIZE_MAX, .first_types = NAN};
    assert_int_equal(wellspring_records_visit(place.path, walk_on, &few, &error), WELLSPRING_OK);
    assert_int_equal(few.records, 5);
    assert_int_equal(wellspring_records_visit(place.path, walk_on, &all, &error), WELLSPRING_OK);
    if (wellspring_results_load(place.path, &results, &error) != WELLSPRING_OK)
        fail_msg("%s", error.message);
    size_t values = 0;
    for (size_t i = 0; i < wellspring_results_count(results); i++) {
        const struct wellspring_curve *curve = wellspring_results_curve(results, i);
        assert_ptr_equal(wellspring_results_find(results, curve->arm, curve->metric), curve);
        for (size_t p = 0; p < curve->point_count; p++) {
            const struct wellspring_point *point = &curve->points[p];
            assert_true(p == 0 || point->generation > curve->points[p - 1].generation);
            assert_false(point->low > point->median || point->median > point->high);
            /* Shares that have no record count as zeros. */
            if (!strchr(curve->metric, '/'))
                values += point->seeds + point->missing;
        }
    }
    assert_true(values > 0 && values < all.records);
    assert_null(wellspring_results_curve(results, wellspring_results_count(results)));
    assert_null(wellspring_results_find(results, "replace", "no such metric"));
    const struct wellspring_curve *types = wellspring_results_find(results, "replace", "types");
    assert_non_null(types);
    assert_int_equal(types->point_count, 6);
    assert_int_equal(types->points[5].generation, 5);
    assert_int_equal(types->points[5].seeds, 3);
    assert_true(all.first_types >= 1 && all.first_types <= 20);
    wellspring_results_free(results);
    wellspring_results_free(NULL);
    remove_place(&place);
}

static void results__absent_and_damaged_are_told(void **state)
{
    (void)state;
    struct place place;
    struct wellspring_error error;
    struct wellspring_results *results = NULL;
    struct walk walk = {.most = SIZE_MAX};
    assert_int_equal(wellspring_results_load("/nowhere", &results, &error), WELLSPRING_NOT_FOUND);
    assert_int_equal(wellspring_records_visit("/nowhere", walk_on, &walk, NULL),
                     WELLSPRING_NOT_FOUND);
    new_place(&place);
    run_whole(place.path, NULL, NULL);
    damage(&place, "summary", 0, "!");
    assert_int_equal(wellspring_results_load(place.path, &results, &error), WELLSPRING_CORRUPT);
    assert_non_null(strstr(error.message, "summary"));
    assert_null(results);
    assert_int_equal(wellspring_records_visit(place.path, walk_on, &walk, &error), WELLSPRING_OK);
    damage(&place, chains, 0, "!");
    assert_int_equal(wellspring_records_visit(place.path, walk_on, &walk, &error),
                     WELLSPRING_CORRUPT);
    assert_non_null(strstr(error.message, chains));
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library__version_is_the_projects),
        cmocka_unit_test(experiment__text_and_settings_are_resolved),
        cmocka_unit_test(experiment__mistakes_are_told),
        cmocka_unit_test(experiment__file_gives_the_name),
        cmocka_unit_test(run__tells_progress_and_counts_chains),
        cmocka_unit_test(run__stopped_goes_on_to_the_same_bytes),
        cmocka_unit_test(run__other_settings_are_refused),
        cmocka_unit_test(results__records_and_curves_agree),
        cmocka_unit_test(results__absent_and_damaged_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
