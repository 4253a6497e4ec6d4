/*
 * The profile of runs whose records were made by hand, so that what each definition says is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/profile.h"
#include "support/made_run.h"

enum { SEEDS = 6, GENERATIONS = 8, RECORDS_MOST = 2000 };

/* A metric of all seeds of an arm goes in a line from `first` to `last`; seeds differ a little. */
struct course {
    const char *metric, *definition;
    double first, last;
};

struct made {
    struct place place;
    struct ws_record records[RECORDS_MOST];
    size_t count;
};

static void add_arm(struct made *made, const char *arm, uint64_t seeds, uint32_t generations,
                    const struct course *courses, size_t count)
{
    for (uint64_t seed = 1; seed <= seeds; seed++)
        for (uint32_t g = 0; g < generations; g++)
            for (size_t c = 0; c < count; c++) {
                const struct course *course = &courses[c];
                double share = generations > 1 ? (double)g / (generations - 1) : 0;
                double value = course->first + share * (course->last - course->first);
                made->records[made->count++] = (struct ws_record){{arm, seed, g},
                                                                  course->metric,
                                                                  course->definition,
                                                                  10,
                                                                  value + 1e-6 * (double)seed * g};
            }
}

static struct ws_profile profile_of(struct made *made, struct ws_arena *arena)
{
    struct ws_profile profile;
    struct ws_error err;
    make_run(&made->place, made->records, made->count);
    ws_arena_init(arena, NULL);
    if (ws_profile_make(made->place.path, arena, &profile, &err) != WS_OK)
        fail_msg("%s", err.message);
    return profile;
}

static const struct ws_profile_row *row(const struct ws_profile *profile, size_t arm,
                                        size_t definition)
{
    return &profile->rows[arm * WS_DEFINITIONS + definition - 1];
}

static void assert_verdict(const struct ws_profile *profile, size_t arm, size_t definition,
                           enum ws_verdict wanted)
{
    enum ws_verdict seen = row(profile, arm, definition)->verdict;
    if (seen != wanted)
        fail_msg("definition %zu of arm %zu: %s, wanted %s", definition, arm, ws_verdict_name(seen),
                 ws_verdict_name(wanted));
}

static void profile__tells_early_from_late_and_from_none(void **state)
{
    (void)state;
    static const struct course late[] = {
        {"tv_truth", "t/1", 0.1, 0.9}, {"entropy_mm", "e/1", 5, 2}, {"rare_kept", "r/1", 0.9, 0.1}};
    static const struct course early[] = {{"tv_truth", "t/1", 0.1, 0.2},
                                          {"entropy_mm", "e/1", 5, 4.5},
                                          {"rare_kept", "r/1", 0.9, 0.6}};
    static const struct course none[] = {{"tv_truth", "t/1", 0.2, 0.1},
                                         {"entropy_mm", "e/1", 5, 5.5},
                                         {"rare_kept", "r/1", 0.8, 0.9}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "late", SEEDS, GENERATIONS, late, 3);
    add_arm(&made, "early", SEEDS, GENERATIONS, early, 3);
    add_arm(&made, "none", SEEDS, GENERATIONS, none, 3);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_int_equal(profile.arm_count, 3);
    assert_int_equal(profile.stages[0], WS_STAGE_LATE);
    assert_int_equal(profile.stages[1], WS_STAGE_EARLY);
    assert_int_equal(profile.stages[2], WS_STAGE_NONE);

    static const size_t measured[] = {1, 2, 3, 5, 7};
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        assert_verdict(&profile, 0, measured[i], WS_VERDICT_SHOWN);
        assert_verdict(&profile, 1, measured[i],
                       measured[i] == 1 ? WS_VERDICT_NOT_SHOWN : WS_VERDICT_SHOWN);
        assert_verdict(&profile, 2, measured[i], WS_VERDICT_NOT_SHOWN);
    }
    assert_verdict(&profile, 0, 4, WS_VERDICT_NOT_MEASURED);
    assert_verdict(&profile, 0, 6, WS_VERDICT_NOT_MEASURED);
    assert_verdict(&profile, 0, 8, WS_VERDICT_NOT_MEASURED);
    /* 0.1 + 0.8 g / 7 is beyond 0.55, half the way from 0.1 to 1, from g = 4 on; any increase is
     * there from the first step on. */
    assert_true(row(&profile, 0, 1)->has_since && row(&profile, 0, 1)->since == 4);
    assert_true(row(&profile, 0, 2)->has_since && row(&profile, 0, 2)->since == 1);
    assert_true(fabs(row(&profile, 0, 2)->bad.estimate - 0.8) < 1e-3);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A variance of a tenth is late collapse, whatever the risk says; log_variance is a logarithm. */
static void profile__a_lost_variance_is_late_collapse(void **state)
{
    (void)state;
    static const struct course kept[] = {{"log_variance", "v/1", 0, -2}};
    static const struct course lost[] = {{"log_variance", "v/1", 0, -2.5}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "kept", SEEDS, GENERATIONS, kept, 1);
    add_arm(&made, "lost", SEEDS, GENERATIONS, lost, 1);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 5, WS_VERDICT_SHOWN);
    assert_int_equal(profile.stages[0], WS_STAGE_UNKNOWN); /* nothing tells of the tail */
    assert_int_equal(profile.stages[1], WS_STAGE_LATE);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* Modes and what lies outside of them. */
static void profile__modes_and_hallucinations(void **state)
{
    (void)state;
    static const struct course courses[] = {{"mode_coverage", "m/1", 1, 0.4},
                                            {"mode_quality", "q/1", 0.9, 0.95}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS, GENERATIONS, courses, 2);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 6, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 0, 8, WS_VERDICT_NOT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

static void profile__five_seeds_are_too_few(void **state)
{
    (void)state;
    static const struct course courses[] = {{"rare_kept", "r/1", 0.9, 0.1}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS - 1, GENERATIONS, courses, 1);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 7, WS_VERDICT_TOO_FEW);
    assert_int_equal(profile.stages[0], WS_STAGE_UNKNOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A slope wants four generations in the last half. */
static void profile__few_generations_have_no_slope(void **state)
{
    (void)state;
    static const struct course courses[] = {{"test_nll", "r/1", 1, 2}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS, 6, courses, 1);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 1, WS_VERDICT_SHOWN); /* by more than log 2 */
    assert_verdict(&profile, 0, 3, WS_VERDICT_TOO_FEW);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

static void profile__one_generation_is_refused(void **state)
{
    (void)state;
    static const struct course courses[] = {{"rare_kept", "r/1", 0.9, 0.1}};
    static struct made made;
    struct ws_arena arena;
    struct ws_profile profile;
    struct ws_error err;
    made.count = 0;
    add_arm(&made, "a", SEEDS, 1, courses, 1);
    make_run(&made.place, made.records, made.count);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_profile_make(made.place.path, &arena, &profile, &err), WS_NOT_FOUND);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile__tells_early_from_late_and_from_none),
        cmocka_unit_test(profile__a_lost_variance_is_late_collapse),
        cmocka_unit_test(profile__modes_and_hallucinations),
        cmocka_unit_test(profile__five_seeds_are_too_few),
        cmocka_unit_test(profile__few_generations_have_no_slope),
        cmocka_unit_test(profile__one_generation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
