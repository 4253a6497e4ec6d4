/*
 * Contract of view/chain_replay.h: what a chain makes when it is run again is what the run saw.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/running.h"
#include "view/chain_replay.h"

static const uint32_t generations[] = {0, 2, 3};
enum { SHOWN = sizeof generations / sizeof *generations };

/* The records of one metric of a chain, by generation. */
struct recorded {
    const char *metric, *arm;
    uint64_t seed;
    double values[GENERATIONS];
};

static enum ws_status take(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct recorded *r = user;
    (void)err;
    if (strcmp(record->metric, r->metric) == 0 && strcmp(record->place.arm, r->arm) == 0 &&
        record->place.seed == r->seed)
        r->values[record->place.generation] = record->value;
    return WS_OK;
}

struct seen {
    size_t count;
    double types[GENERATIONS];
};

static enum ws_status count_types(void *user, const struct ws_replayed *replayed,
                                  struct ws_arena *scratch, struct ws_error *err)
{
    struct seen *seen = user;
    struct ws_dataset data;
    struct ws_payload counts;
    assert_int_equal(replayed->generation, generations[seen->count++]);
    WS_TRY(ws_dataset_of(replayed->sample, (struct ws_origin){WS_SOURCE_MODEL, 0, 0}, scratch,
                         &data, err));
    WS_TRY(ws_dataset_type_counts(&data, scratch, &counts, err));
    seen->types[replayed->generation] = (double)counts.counts.size;
    return WS_OK;
}

static struct ws_replay open_replay(const struct place *place, struct ws_arena *arena)
{
    struct ws_run_description description = described(arena, place);
    struct ws_replay replay;
    struct ws_error err;
    if (ws_replay_open(place->path, &description, &replay, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_true(replay.same_machine);
    return replay;
}

static void check_chain(const struct place *place, const struct ws_replay *replay, const char *arm,
                        uint64_t seed)
{
    struct recorded recorded = {.metric = "types", .arm = arm, .seed = seed};
    struct seen seen = {.count = 0};
    struct ws_error err;
    const struct ws_replay_visitor visitor = {count_types, &seen};
    if (ws_replay_chain(replay, arm, seed, generations, SHOWN, 0, &visitor, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(seen.count, SHOWN);
    assert_int_equal(ws_results_visit(place->path, NULL, take, &recorded, NULL), WS_OK);
    for (size_t i = 0; i < SHOWN; i++)
        assert_true(seen.types[generations[i]] == recorded.values[generations[i]]);
}

static void check_family(size_t family)
{
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    open_laboratory(&lab, family, SETTINGS);
    run_well(&lab, &place);
    struct ws_replay replay = open_replay(&place, &arena);
    for (uint64_t seed = 1; seed <= RUN_SEEDS; seed++)
        for (size_t a = 0; a < lab.experiment.arm_count; a++)
            check_chain(&place, &replay, lab.experiment.arms[a].name, seed);
    ws_replay_close(&replay);
    laboratory_close(&lab);
    ws_arena_release(&arena);
    remove_place(&place);
}

static void test_samples_are_those_that_metrics_saw(void **state)
{
    (void)state;
    check_family(0); /* discrete */
    check_family(2); /* ngram */
}

static void test_slow_families_are_refused(void **state)
{
    (void)state;
    const struct ws_run_description run = {.family = "transformer", .compute_class = ""};
    struct ws_replay replay;
    struct ws_error err;
    assert_int_equal(ws_replay_open("nowhere", &run, &replay, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "transformer"));
}

static void test_an_arm_must_be_there(void **state)
{
    (void)state;
    struct laboratory lab;
    struct place place;
    struct ws_arena arena;
    struct ws_error err;
    const struct ws_replay_visitor visitor = {count_types, NULL};
    ws_arena_init(&arena, NULL);
    new_place(&place);
    open_laboratory(&lab, 0, SETTINGS);
    run_well(&lab, &place);
    struct ws_replay replay = open_replay(&place, &arena);
    assert_int_equal(ws_replay_chain(&replay, "nobody", 1, generations, SHOWN, 0, &visitor, &err),
                     WS_NOT_FOUND);
    ws_replay_close(&replay);
    laboratory_close(&lab);
    ws_arena_release(&arena);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_are_those_that_metrics_saw),
        cmocka_unit_test(test_slow_families_are_refused),
        cmocka_unit_test(test_an_arm_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
