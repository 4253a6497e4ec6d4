/*
 * What a run says that it could not measure: from curves and settings made by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab/shortage.h"
#include "measure/metric_need.h"
#include "support/failing_heap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A point of `seeds` seeds, all with one value. */
#define POINT(generation, n, seeds, value)                                                         \
    {                                                                                              \
        generation, n,                                                                             \
        {                                                                                          \
            .count = (seeds), .median = (value)                                                    \
        }                                                                                          \
    }

static struct ws_point wide[] = {POINT(0, 200, 2, 90), POINT(3, 200, 2, 80), POINT(6, 200, 2, 70)};
static struct ws_point narrow[] = {POINT(0, 200, 2, 90), POINT(3, 200, 2, 51),
                                   POINT(6, 200, 2, 20)};
static struct ws_point first_two[] = {POINT(0, 200, 2, 2), POINT(3, 200, 1, 2)};
static struct ws_point one_token[] = {POINT(0, 1, 2, 1)};
static struct ws_point once[] = {POINT(0, 200, 2, 0.5)};

#define CURVE(arm, metric, points)                                                                 \
    {                                                                                              \
        arm, metric, metric "/1", COUNT(points), points                                            \
    }

static struct ws_run_arm arms[] = {{.name = "a"}, {.name = "b"}};

struct found {
    struct ws_arena arena;
    struct ws_shortage *list;
    size_t count;
};

static struct found find(struct ws_setting *settings, size_t setting_count, struct ws_curve *curves,
                         size_t curve_count, size_t arm_count)
{
    struct found found;
    const struct ws_run_description run = {
        .settings = settings, .setting_count = setting_count, .arms = arms, .arm_count = arm_count};
    const struct ws_results results = {curves, curve_count};
    ws_arena_init(&found.arena, NULL);
    assert_int_equal(ws_shortages_of(&run, &results, &found.arena, &found.list, &found.count, NULL),
                     WS_OK);
    return found;
}

static void assert_shortage(const struct ws_shortage *s, const char *metric, uint64_t least,
                            double seen, uint32_t from)
{
    assert_string_equal(s->metrics[0], metric);
    assert_int_equal(s->least, least);
    assert_true(s->seen == seen);
    assert_int_equal(s->from, from);
}

/* Of two arms one has 50 types at the first generation only, with one seed of two at the next. */
static void shortage__is_found_by_what_stands_beside(void **state)
{
    (void)state;
    struct ws_curve curves[] = {CURVE("a", "types", wide),
                                CURVE("a", "tail_exponent", wide),
                                CURVE("a", "floor/types", once),
                                CURVE("b", "types", narrow),
                                CURVE("b", "tail_exponent", first_two),
                                CURVE("b", "floor/types", once),
                                CURVE("a", "missing_mass_low", wide),
                                CURVE("b", "missing_mass_low", narrow)};
    struct found found = find(NULL, 0, curves, COUNT(curves), 2);
    assert_int_equal(found.count, 1);
    assert_shortage(&found.list[0], "tail_exponent", 50, 51, 3);
    assert_int_equal(found.list[0].metric_count, 2);
    assert_int_equal(found.list[0].arm_count, 1);
    assert_string_equal(found.list[0].arms[0], "b");
    ws_arena_release(&found.arena);
}

static void shortage__of_tokens_is_in_their_number(void **state)
{
    (void)state;
    struct ws_curve curves[] = {CURVE("a", "types", one_token), CURVE("a", "distinct_1", one_token),
                                CURVE("a", "floor/types", one_token)};
    struct found found = find(NULL, 0, curves, COUNT(curves), 1);
    assert_int_equal(found.count, 3);
    assert_shortage(&found.list[0], "missing_mass_low", 2, 1, 0);
    assert_shortage(&found.list[1], "tail_exponent", 50, 1, 0);
    assert_shortage(&found.list[2], "mtld", 100, 1, 0);
    ws_arena_release(&found.arena);
}

/* Nothing of a sample of vectors may be there to tell that there was one. */
static void shortage__of_vectors_is_in_the_settings(void **state)
{
    (void)state;
    struct ws_setting settings[] = {{.name = "metric_items", .value = "19"},
                                    {.name = "test_items", .value = "18"}};
    struct ws_curve curves[] = {CURVE("a", "log_variance", once)};
    struct found found = find(settings, 2, curves, 1, 1);
    assert_int_equal(found.count, 3);
    assert_shortage(&found.list[0], "quantile_recall_low", 19, 18, 0);
    assert_shortage(&found.list[1], "precision", 100, 19, 0);
    assert_shortage(&found.list[2], "vendi_half", 20, 19, 0);
    ws_arena_release(&found.arena);
    /* Enough of each; and none asked for. */
    struct ws_curve all[] = {CURVE("a", "quantile_recall_low", once), CURVE("a", "precision", once),
                             CURVE("a", "vendi_half", once), CURVE("a", "floor/precision", once)};
    settings[0].value = "100";
    settings[1].value = "19";
    found = find(settings, 2, all, COUNT(all), 1);
    assert_int_equal(found.count, 0);
    ws_arena_release(&found.arena);
    settings[0].value = "0";
    found = find(settings, 2, curves, 1, 1);
    assert_int_equal(found.count, 0);
    ws_arena_release(&found.arena);
}

static void shortage__of_what_an_arm_varies_is_the_arms(void **state)
{
    (void)state;
    struct ws_setting settings[] = {{.name = "metric_items", .value = "200"}};
    struct ws_setting few[] = {{.name = "test_items", .value = "7"}};
    struct ws_setting many[] = {{.name = "test_items", .value = "70"}};
    struct ws_curve curves[] = {CURVE("a", "log_variance", once),
                                CURVE("b", "quantile_recall_low", once),
                                CURVE("b", "floor/precision", once)};
    arms[0].varied = few;
    arms[1].varied = many;
    arms[0].varied_count = arms[1].varied_count = 1;
    struct found found = find(settings, 1, curves, COUNT(curves), 2);
    arms[0].varied_count = arms[1].varied_count = 0;
    assert_int_equal(found.count, 1);
    assert_shortage(&found.list[0], "quantile_recall_low", 19, 7, 0);
    assert_int_equal(found.list[0].arm_count, 1);
    ws_arena_release(&found.arena);
}

static void shortage__of_a_second_human_sample_is_told(void **state)
{
    (void)state;
    struct ws_setting settings[] = {{.name = "items", .value = "150"},
                                    {.name = "fresh_items", .value = "30"},
                                    {.name = "metric_items", .value = "0"}};
    struct ws_curve curves[] = {CURVE("a", "types", wide), CURVE("a", "missing_mass_low", wide),
                                CURVE("a", "tail_exponent", wide)};
    struct found found = find(settings, 3, curves, COUNT(curves), 1);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].metric_count, 0);
    assert_int_equal(found.list[0].least, 300); /* as many as are trained on */
    assert_true(found.list[0].seen == 180);
    ws_arena_release(&found.arena);
    settings[2].value = "100";
    found = find(settings, 3, curves, COUNT(curves), 1);
    assert_int_equal(found.list[0].least, 200);
    ws_arena_release(&found.arena);
    /* All of a corpus: how much that is the settings do not say. */
    found = find(NULL, 0, curves, COUNT(curves), 1);
    assert_int_equal(found.list[0].least, 0);
    assert_true(isnan(found.list[0].seen));
    ws_arena_release(&found.arena);
}

static void shortage__needs_are_of_metrics_that_exist(void **state)
{
    (void)state;
    size_t count;
    const struct ws_metric_need *needs = ws_metric_needs(&count);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(needs[i].metric_count, 1, WS_NEED_METRICS);
        assert_true(needs[i].least > 1);
        for (size_t m = 0; m < needs[i].metric_count; m++)
            assert_true(needs[i].metrics[m] < WS_METRIC_COUNT);
    }
}

static void shortage__every_allocation_may_fail(void **state)
{
    (void)state;
    struct ws_curve curves[] = {CURVE("a", "types", one_token)};
    const struct ws_run_description run = {.arms = arms, .arm_count = 1};
    const struct ws_results results = {curves, 1};
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_shortage *list;
        size_t count;
        ws_arena_init(&arena, &allocator);
        status = ws_shortages_of(&run, &results, &arena, &list, &count, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortage__is_found_by_what_stands_beside),
        cmocka_unit_test(shortage__of_tokens_is_in_their_number),
        cmocka_unit_test(shortage__of_vectors_is_in_the_settings),
        cmocka_unit_test(shortage__of_what_an_arm_varies_is_the_arms),
        cmocka_unit_test(shortage__of_a_second_human_sample_is_told),
        cmocka_unit_test(shortage__needs_are_of_metrics_that_exist),
        cmocka_unit_test(shortage__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
