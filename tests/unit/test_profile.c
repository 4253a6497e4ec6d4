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
#include "support/failing_heap.h"
#include "support/made_run.h"

enum { SEEDS = 6, GENERATIONS = 8, RECORDS_MOST = 4000 };

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

static struct ws_profile read_profile(struct made *made, struct ws_arena *arena)
{
    struct ws_profile profile;
    struct ws_error err;
    ws_arena_init(arena, NULL);
    if (ws_profile_make(made->place.path, arena, &profile, &err) != WS_OK)
        fail_msg("%s", err.message);
    return profile;
}

static struct ws_profile profile_of(struct made *made, struct ws_arena *arena)
{
    make_run(&made->place, made->records, made->count);
    return read_profile(made, arena);
}

/* The value of `value(g)` at each generation, for all seeds but for a little. */
static void add_curve(struct made *made, const char *arm, const char *metric, uint32_t generations,
                      double (*value)(double fits))
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (uint32_t g = 0; g < generations; g++)
            made->records[made->count++] = (struct ws_record){
                {arm, seed, g}, metric, "m/1", 10, value(g + 1.0) + 1e-9 * (double)seed};
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

/* Where all that is made is 1, nothing varies, though it is not 0. */
static void profile__ones_alone_do_not_vary(void **state)
{
    (void)state;
    static const struct course ones[] = {{"alive", "a/1", 1, 1}, {"both_alive", "b/1", 1, 0}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS, GENERATIONS, ones, 2);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 5, WS_VERDICT_SHOWN);
    assert_int_equal(profile.stages[0], WS_STAGE_LATE);
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
    assert_string_equal(row(&profile, 0, 7)->would_do, "6 seeds would do");
    assert_int_equal(profile.stages[0], WS_STAGE_UNKNOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A line wants three generations in the second quarter. */
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
    assert_string_equal(row(&profile, 0, 3)->would_do, "8 measured generations would do");
    ws_arena_release(&arena);
    remove_place(&made.place);
}

static double linear(double fits)
{
    return fits;
}

static double logarithm(double fits)
{
    return 1 + log(fits);
}

static double bounded(double fits) /* as the sum of 1/i^2 under accumulate */
{
    return 2 - 1 / fits;
}

static double falling(double fits)
{
    return 2 + 1 / fits;
}

/* Growth with fits, or with their logarithm, has no end; 1 - 1/n has one. */
static void profile__divergence_is_told_from_a_bounded_rise(void **state)
{
    (void)state;
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_curve(&made, "linear", "test_nll", 20, linear);
    add_curve(&made, "logarithm", "test_nll", 20, logarithm);
    add_curve(&made, "bounded", "test_nll", 20, bounded);
    add_curve(&made, "falling", "test_nll", 20, falling);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 3, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 1, 3, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 2, 3, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 3, 3, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 2, 2, WS_VERDICT_SHOWN);
    /* Of 20 fits the line through 10 .. 20 rises by 10, that through 5 .. 10 by 5. */
    assert_true(fabs(row(&profile, 0, 3)->bad.estimate - (10 - 0.75 * 5)) < 1e-6);
    assert_false(row(&profile, 0, 3)->has_since);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A risk that is infinite at the last has no bound. */
static void profile__an_infinite_risk_diverges(void **state)
{
    (void)state;
    static const struct course courses[] = {{"test_nll", "r/1", 1, 1}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS, GENERATIONS, courses, 1);
    for (size_t i = 0; i < made.count; i++)
        if (made.records[i].place.generation == GENERATIONS - 1)
            made.records[i].value = INFINITY;
    struct ws_profile profile = profile_of(&made, &arena);
    for (size_t d = 1; d <= 3; d++)
        assert_verdict(&profile, 0, d, WS_VERDICT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* The excess of a risk beside noise of variance 1 doubles nothing until the whole does; the
 * distance of a Gaussian is measured by the truth's variance, 2 x 4; where that is not known it
 * says nothing.
 */
static void profile__catastrophes_are_of_the_whole_risk(void **state)
{
    (void)state;
    static const struct course small[] = {{"excess_risk", "r/1", 0.1, 1.15}};
    static const struct course large[] = {{"excess_risk", "r/1", 0.1, 1.25}};
    static const struct course near[] = {{"w2_squared", "w/1", 0.2, 4}};
    static const struct course far[] = {{"w2_squared", "w/1", 0.2, 4.2}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "small", SEEDS, GENERATIONS, small, 1);
    add_arm(&made, "large", SEEDS, GENERATIONS, large, 1);
    add_arm(&made, "near", SEEDS, GENERATIONS, near, 1);
    add_arm(&made, "far", SEEDS, GENERATIONS, far, 1);
    make_run_of(&made.place,
                "\"generations\":\"8\",\"seeds\":\"6\",\"family\":\"f\",\"noise_variance\":\"1\","
                "\"variance\":\"4\",\"dimension\":\"2\"",
                "", made.records, made.count);
    struct ws_profile profile = read_profile(&made, &arena);
    assert_verdict(&profile, 0, 1, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 1, 1, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 2, 1, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 3, 1, WS_VERDICT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);

    profile = profile_of(&made, &arena);
    assert_verdict(&profile, 1, 1, WS_VERDICT_NOT_MEASURED);
    assert_verdict(&profile, 1, 2, WS_VERDICT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* risk = a n^-c, with c from `first` to `last` over the generations, a from 1 to `rise`. */
static void add_law(struct made *made, const char *policy, const double *sizes, size_t count,
                    double first, double last, double rise)
{
    static char names[100][40];
    static size_t used;
    for (size_t i = 0; i < count; i++) {
        char *name = names[used++ % 100];
        (void)snprintf(name, sizeof names[0], "%s items=%.0f", policy, sizes[i]);
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            for (uint32_t g = 0; g < GENERATIONS; g++) {
                double share = (double)g / (GENERATIONS - 1);
                double c = first + share * (last - first), a = 1 + share * (rise - 1);
                made->records[made->count++] = (struct ws_record){
                    {name, seed, g},
                    "excess_risk",
                    "r/1",
                    10,
                    a * pow(sizes[i], -c) * (1 + (seed % 2 ? 1e-6 : -1e-6) * (double)i * g)};
            }
    }
}

static void profile__a_scaling_law_changes(void **state)
{
    (void)state;
    static const double sizes[] = {10, 100, 1000, 100};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_law(&made, "plateau", sizes, 3, 1, 0.25, 1);
    add_law(&made, "worse", sizes, 3, 1, 1, 9); /* by a factor, whatever the size */
    /* The small gain, and the large lose nothing: flatter, and no worse. */
    add_law(&made, "better", sizes, 3, 1, 0.5, 1e-3);
    add_law(&made, "two", sizes, 2, 1, 0, 1);
    add_law(&made, "steeper", sizes, 3, 1, 2, 2000); /* all lose, and the small the most */
    struct ws_profile profile = profile_of(&made, &arena);
    for (size_t a = 0; a < 3; a++) {
        assert_verdict(&profile, a, 4, WS_VERDICT_SHOWN);
        assert_verdict(&profile, 3 + a, 4, WS_VERDICT_NOT_SHOWN);
        assert_verdict(&profile, 6 + a, 4, WS_VERDICT_NOT_SHOWN);
        assert_verdict(&profile, 11 + a, 4, WS_VERDICT_SHOWN);
        assert_true(fabs(row(&profile, 11 + a, 4)->bad.estimate - 1) < 1e-4);
        assert_int_equal(row(&profile, a, 4)->group, 0);
        assert_int_equal(row(&profile, 3 + a, 4)->group, 3);
        assert_int_equal(row(&profile, a, 2)->group, a);
        assert_true(fabs(row(&profile, a, 4)->first - 1) < 1e-9);
        assert_true(fabs(row(&profile, a, 4)->last - 0.25) < 1e-4);
        assert_true(fabs(row(&profile, 3 + a, 4)->last - 1) < 1e-4);
    }
    assert_int_equal(row(&profile, 0, 4)->since, 1);
    assert_verdict(&profile, 9, 4, WS_VERDICT_NOT_MEASURED); /* two sizes make no law */
    assert_verdict(&profile, 10, 4, WS_VERDICT_NOT_MEASURED);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* What guesses wrong from the first cannot come half of the way to guessing. */
static void profile__a_classifier_that_is_wrong_at_first(void **state)
{
    (void)state;
    static const struct course wrong[] = {{"accuracy_truth", "a/1", 0.1, 0.1}};
    static const struct course right[] = {{"accuracy_truth", "a/1", 0.9, 0.6}};
    static const struct course good[] = {{"accuracy_truth", "a/1", 0.9, 0.8}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "wrong", SEEDS, GENERATIONS, wrong, 1);
    add_arm(&made, "right", SEEDS, GENERATIONS, right, 1);
    add_arm(&made, "good", SEEDS, GENERATIONS, good, 1);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 1, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 1, 1, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 2, 1, WS_VERDICT_NOT_SHOWN);
    assert_verdict(&profile, 2, 2, WS_VERDICT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A shift fills one end of the tail and empties the other. */
static void profile__either_end_of_a_tail_counts(void **state)
{
    (void)state;
    static const struct course shifted[] = {{"quantile_recall_low", "q/1", 1, 1.9},
                                            {"quantile_recall_high", "q/2", 1, 0.3}};
    static const struct course wider[] = {{"quantile_recall_low", "q/1", 1, 1.9},
                                          {"quantile_recall_high", "q/2", 1, 1.3}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "shifted", SEEDS, GENERATIONS, shifted, 2);
    add_arm(&made, "wider", SEEDS, GENERATIONS, wider, 2);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 7, WS_VERDICT_SHOWN);
    assert_verdict(&profile, 1, 7, WS_VERDICT_NOT_SHOWN);
    assert_true(fabs(row(&profile, 0, 7)->last - 0.3) < 1e-3);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* The first model likes its own text: what others write is less likely to it, the control's too. */
static void profile__own_text_is_compared_with_the_control(void **state)
{
    (void)state;
    static const struct course strange[] = {{"own_text_perplexity", "p/1", 18, 90}};
    static const struct course usual[] = {{"own_text_perplexity", "p/1", 18, 60}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "strange", SEEDS, GENERATIONS, strange, 1);
    add_arm(&made, "control", SEEDS, GENERATIONS, usual, 1);
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 8, WS_VERDICT_SHOWN);
    assert_true(fabs(row(&profile, 0, 8)->bad.estimate - 30) < 1e-3);
    assert_verdict(&profile, 1, 8, WS_VERDICT_NOT_SHOWN);
    ws_arena_release(&arena);
    remove_place(&made.place);

    made.count = 0;
    add_arm(&made, "strange", SEEDS, GENERATIONS, strange, 1);
    profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 8, WS_VERDICT_NOT_MEASURED);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* Experiments that want no samples take one item. */
static void profile__samples_of_one_item_say_nothing(void **state)
{
    (void)state;
    static const struct course courses[] = {{"tv_truth", "t/1", 0.5, 0.9}};
    static struct made made;
    struct ws_arena arena;
    made.count = 0;
    add_arm(&made, "a", SEEDS, GENERATIONS, courses, 1);
    for (size_t i = 0; i < made.count; i++)
        made.records[i].n = 1;
    struct ws_profile profile = profile_of(&made, &arena);
    assert_verdict(&profile, 0, 1, WS_VERDICT_NOT_MEASURED);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

static void profile__survives_a_heap_that_fails(void **state)
{
    (void)state;
    static const double sizes[] = {10, 100, 1000};
    static struct made made;
    made.count = 0;
    add_law(&made, "plateau", sizes, 3, 1, 0.25, 1);
    make_run(&made.place, made.records, made.count);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_profile profile;
        struct ws_error err;
        ws_arena_init(&arena, &allocator);
        status = ws_profile_make(made.place.path, &arena, &profile, &err);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
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
        cmocka_unit_test(profile__ones_alone_do_not_vary),
        cmocka_unit_test(profile__modes_and_hallucinations),
        cmocka_unit_test(profile__five_seeds_are_too_few),
        cmocka_unit_test(profile__few_generations_have_no_slope),
        cmocka_unit_test(profile__divergence_is_told_from_a_bounded_rise),
        cmocka_unit_test(profile__an_infinite_risk_diverges),
        cmocka_unit_test(profile__catastrophes_are_of_the_whole_risk),
        cmocka_unit_test(profile__a_scaling_law_changes),
        cmocka_unit_test(profile__a_classifier_that_is_wrong_at_first),
        cmocka_unit_test(profile__either_end_of_a_tail_counts),
        cmocka_unit_test(profile__own_text_is_compared_with_the_control),
        cmocka_unit_test(profile__samples_of_one_item_say_nothing),
        cmocka_unit_test(profile__survives_a_heap_that_fails),
        cmocka_unit_test(profile__one_generation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
