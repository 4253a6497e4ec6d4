/*
 * Data policies: their names, what each step asks of its sources, and that the training set which
 * is built is the one that was planned, for every kind of data.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/policy.h"
#include "support/failing_heap.h"

static struct ws_policy parsed(const char *text, struct ws_arena *arena)
{
    struct ws_policy policy;
    struct ws_error err;
    if (ws_policy_parse(text, arena, &policy, &err) != WS_OK)
        fail_msg("%s", err.message);
    return policy;
}

static struct ws_growth grown(const char *text)
{
    struct ws_growth growth;
    assert_int_equal(ws_growth_parse(text, &growth, NULL), WS_OK);
    return growth;
}

/* Names --------------------------------------------------------------------------------------- */

static void policy__every_name_sets_its_shares(void **state)
{
    (void)state;
    static const struct ws_policy expected[] = {
        {.name = "replace", .generated = 1},
        {.name = "keep:0.25", .original = 0.25, .generated = 0.75},
        {.name = "mix:0.5:0.25:0.25", .generated = 0.5, .previous = 0.25, .original = 0.25},
        {.name = "accumulate", .pool = WS_SHARE_ALL},
        {.name = "accumulate-subsample", .pool = 1},
        {.name = "augment", .original = WS_SHARE_ALL, .generated = 1},
        {.name = "augment:0.5", .original = WS_SHARE_ALL, .generated = 0.5},
        {.name = "window:3", .original = WS_SHARE_ALL, .recent = 3},
        {.name = "recent:2", .recent = 2},
        {.name = "history:0.25", .history = 0.25, .generated = 0.75},
        {.name = "history:0.25:0.5", .history = 0.25, .generated = 0.75, .original = 0.5},
        {.name = "fresh:0.25", .fresh = 0.25, .generated = 0.75},
        {.name = "weighted:0.75", .fresh = 1, .generated = 1, .weight = 0.75},
        {.name = "weighted:0.75:2", .fresh = 1, .generated = 0.5, .weight = 0.75},
        {.name = "golden-ratio:0.5", .fresh = 1, .generated = 2, .weight = 0.5},
        {.name = "naive:4", .fresh = 1, .generated = 0.25},
        {.name = "control", .control = true},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct ws_policy *want = &expected[i];
        struct ws_policy policy = parsed(want->name, &arena);
        assert_string_equal(policy.name, want->name);
        assert_true(policy.original == want->original && policy.fresh == want->fresh);
        assert_true(policy.previous == want->previous && policy.generated == want->generated);
        assert_true(policy.pool == want->pool && policy.control == want->control);
        assert_true(policy.history == want->history && policy.recent == want->recent);
        assert_true(fabs(policy.weight - want->weight) < 1e-15);
    }
    ws_arena_release(&arena);
}

/* published-results: w* = (sqrt(k^2 + 4 k) - k) / 2 */
static void policy__the_golden_ratio_is_the_best_weight(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double weight;
    } cases[] = {{"golden-ratio:0.1", 0.2702},
                 {"golden-ratio:0.5", 0.5},
                 {"golden-ratio", 0.6180},
                 {"golden-ratio:2", 0.7321}};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(fabs(parsed(cases[i].text, &arena).weight - cases[i].weight) < 5e-5);
    ws_arena_release(&arena);
}

static void policy__filters_follow_its_name(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_policy policy = parsed("keep:0.10|biased:.8|oversample:2|drop-detected:0.90:5e-2|"
                                     "confidence:4:4|resample:10:3:1.5|edit:0.99",
                                     &arena);
    assert_string_equal(policy.name, "keep:0.1|biased:0.8|oversample:2|drop-detected:0.9:0.05|"
                                     "confidence:4:4|resample:10:3:1.5|edit:0.99");
    assert_true(policy.original == 0.1 && policy.bias == 0.8 && policy.oversample == 2);
    assert_int_equal(policy.filter_count, 4);
    static const enum ws_filter_kind kinds[] = {WS_FILTER_DROP_DETECTED, WS_FILTER_CONFIDENCE,
                                                WS_FILTER_RESAMPLE, WS_FILTER_EDIT};
    static const double arguments[4][3] = {{0.9, 0.05}, {4, 4}, {10, 3, 1.5}, {0.99}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(policy.filters[i].kind, kinds[i]);
        assert_memory_equal(policy.filters[i].x, arguments[i], sizeof arguments[i]);
    }
    assert_string_equal(policy.filters[0].name, "drop-detected:0.9:0.05");
    assert_true(ws_policy_filters(&policy, WS_FILTER_NEEDS_EDITOR));
    assert_false(ws_policy_filters(&policy, WS_FILTER_NEEDS_FIRST));
    ws_arena_release(&arena);
}

static void policy__equal_shares_have_one_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"keep:0.10", "keep:0.1"},       {"keep:1e-1", "keep:0.1"},
        {"keep:.1", "keep:0.1"},         {"keep:-0", "keep:0"},
        {"keep:1.0", "keep:1"},          {"keep:0.30000000000000004", "keep:0.30000000000000004"},
        {"keep:0.3", "keep:0.3"},        {"mix:0.50:0.3:0.20", "mix:0.5:0.3:0.2"},
        {"window:1e1", "window:10"},     {"golden-ratio:1.0", "golden-ratio"},
        {"augment:1.0", "augment"},      {"weighted:0.50:1", "weighted:0.5"},
        {"history:.5:0", "history:0.5"},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(parsed(cases[i].text, &arena).name, cases[i].name);
    ws_arena_release(&arena);
}

static void policy__what_is_no_policy_is_told_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"acumulate", "unknown policy 'acumulate'; did you mean 'accumulate'?"},
        {"keeep:0.1", "unknown policy 'keeep'; did you mean 'keep'?"},
        {"everything",
         "unknown policy 'everything', wanted replace, keep:SHARE, mix:MODEL:PREVIOUS:ORIGINAL, "
         "accumulate, accumulate-subsample, augment[:MULTIPLE], window:OUTPUTS, recent:OUTPUTS, "
         "history:SHARE[:ORIGINAL], fresh:SHARE, weighted:WEIGHT[:RATIO], "
         "golden-ratio[:RATIO], naive[:RATIO] or control"},
        {"",
         "unknown policy '', wanted replace, keep:SHARE, mix:MODEL:PREVIOUS:ORIGINAL, "
         "accumulate, accumulate-subsample, augment[:MULTIPLE], window:OUTPUTS, recent:OUTPUTS, "
         "history:SHARE[:ORIGINAL], fresh:SHARE, weighted:WEIGHT[:RATIO], "
         "golden-ratio[:RATIO], naive[:RATIO] or control"},
        {"keep", "policy 'keep' is not of the form keep:SHARE"},
        {"keep:", "policy 'keep:' is not of the form keep:SHARE"},
        {"keep:0.1:0.2", "policy 'keep:0.1:0.2' is not of the form keep:SHARE"},
        {"keep:tenth", "policy 'keep:tenth' is not of the form keep:SHARE"},
        {"keep: 0.1", "policy 'keep: 0.1' is not of the form keep:SHARE"},
        {"keep:0x1p-3", "policy 'keep:0x1p-3' is not of the form keep:SHARE"},
        {"keep:nan", "policy 'keep:nan' is not of the form keep:SHARE"},
        {"replace:1", "policy 'replace:1' is not of the form replace"},
        {"mix:0.5:0.5", "policy 'mix:0.5:0.5' is not of the form mix:MODEL:PREVIOUS:ORIGINAL"},
        {"mix:0.2:0.2:0.2:0.4",
         "policy 'mix:0.2:0.2:0.2:0.4' is not of the form mix:MODEL:PREVIOUS:ORIGINAL"},
        {"keep:1.5", "policy 'keep:1.5' has a share of 1.5, wanted 0 to 1"},
        {"fresh:-0.1", "policy 'fresh:-0.1' has a share of -0.1, wanted 0 to 1"},
        {"mix:0.5:0.5:0.5", "policy 'mix:0.5:0.5:0.5' has shares that sum to 1.5, wanted 1"},
        {"window:0", "policy 'window:0' has a window of 0, wanted a whole number from 1 to 1e7"},
        {"window:1.5",
         "policy 'window:1.5' has a window of 1.5, wanted a whole number from 1 to 1e7"},
        {"augment:0", "policy 'augment:0' has a multiple of 0, wanted above 0 and at most 1e6"},
        {"weighted:0", "policy 'weighted:0' has a weight of 0, wanted above 0 and below 1"},
        {"weighted:1", "policy 'weighted:1' has a weight of 1, wanted above 0 and below 1"},
        {"weighted", "policy 'weighted' is not of the form weighted:WEIGHT[:RATIO]"},
        {"naive:0", "policy 'naive:0' has a ratio of 0, wanted 1e-6 to 1e6"},
        {"golden-ratio:1:2", "policy 'golden-ratio:1:2' is not of the form golden-ratio[:RATIO]"},
        {"replace|", "unknown filter '', wanted "
                     "biased:LAMBDA, oversample:FACTOR, drop-detected:COVERAGE:FALSE_POSITIVES, "
                     "confidence:MODEL:HUMAN, likelihood, drop-above:SCORE, "
                     "resample:EXPONENT:REPEATS:SHARE, keep-surprising:SHARE, "
                     "keep-correct:RIGHT:WRONG, keep-chosen:GROUP:WEIGHT or edit:PROBABILITY"},
        {"replace|keep-surprise:0.5",
         "unknown filter 'keep-surprise'; did you mean 'keep-surprising'?"},
        {"|replace",
         "unknown policy '', wanted replace, keep:SHARE, mix:MODEL:PREVIOUS:ORIGINAL, accumulate, "
         "accumulate-subsample, augment[:MULTIPLE], window:OUTPUTS, recent:OUTPUTS, "
         "history:SHARE[:ORIGINAL], "
         "fresh:SHARE, weighted:WEIGHT[:RATIO], golden-ratio[:RATIO], naive[:RATIO] or control"},
        {"replace|biased:2", "filter 'biased:2' has a lambda of 2, wanted 0 to 1"},
        {"replace|biased", "filter 'biased' is not of the form biased:LAMBDA"},
        {"replace|biased:0.5|biased:0.5",
         "policy 'replace|biased:0.5|biased:0.5' has two of 'biased'"},
        {"replace|drop-detected:0.9",
         "filter 'drop-detected:0.9' is not of the form drop-detected:COVERAGE:FALSE_POSITIVES"},
        {"replace|keep-chosen:1.5:1",
         "filter 'keep-chosen:1.5:1' has a group of 1.5, wanted a whole number from 2 to 1e6"},
        {"replace|drop-above:0.5", "filter 'drop-above:0.5' looks at scores, wanted "
                                   "'confidence:MODEL:HUMAN' or 'likelihood' before it"},
        {"replace|likelihood", "filter 'likelihood' gives scores that no filter looks at, wanted "
                               "'drop-above:SCORE' or 'resample:EXPONENT:REPEATS:SHARE' behind it"},
        {"replace|likelihood|resample:1:1:1.5", "filter 'resample:1:1:1.5' draws 1.5 items for "
                                                "each there is, wanted at most its 1 repeats"},
        {"control|drop-detected:1:0",
         "policy 'control|drop-detected:1:0' filters the control, which is human data alone"},
        {"mix:0.5:0.5:0|drop-detected:1:0",
         "policy 'mix:0.5:0.5:0|drop-detected:1:0' takes a share of the training set before, of "
         "which filters leave no known number"},
        {"mix:0.1:0.1:0.1", "policy 'mix:0.1:0.1:0.1' has shares that sum to 0.3, wanted 1"},
    };
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_policy policy;
        struct ws_error err;
        assert_int_equal(ws_policy_parse(cases[i].text, &arena, &policy, &err), WS_INVALID);
        assert_string_equal(err.message, cases[i].message);
    }
    ws_arena_release(&arena);
}

static void policy__every_allocation_of_a_name_may_fail(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_policy policy;
        ws_arena_init(&arena, &allocator);
        status = ws_policy_parse("mix:0.5:0.25:0.25", &arena, &policy, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

static void growth__what_is_no_law_is_told_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"fast", "'growth' is 'fast', wanted constant, linear:RATE, power:EXPONENT or "
                 "geometric:FACTOR"},
        {"constant:1", "'growth' is 'constant:1', wanted constant, linear:RATE, power:EXPONENT or "
                       "geometric:FACTOR"},
        {"linear", "'growth' is 'linear', wanted constant, linear:RATE, power:EXPONENT or "
                   "geometric:FACTOR"},
        {"linear:1:2", "'growth' is 'linear:1:2', wanted constant, linear:RATE, power:EXPONENT or "
                       "geometric:FACTOR"},
        {"linear:-1", "'growth' is 'linear:-1', wanted a number of at least 0"},
        {"power:-1", "'growth' is 'power:-1', wanted a number of at least 0"},
        {"geometric:0.9", "'growth' is 'geometric:0.9', wanted a number of at least 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_growth growth;
        struct ws_error err;
        assert_int_equal(ws_growth_parse(cases[i].text, &growth, &err), WS_INVALID);
        assert_string_equal(err.message, cases[i].message);
    }
}

/* Planning ------------------------------------------------------------------------------------ */

/* The plan of `step`, from step 0 on. */
static enum ws_status plan_until(const char *policy_text, const char *growth_text, uint64_t base,
                                 uint32_t step, struct ws_step *out, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_policy policy = parsed(policy_text, &arena);
    struct ws_growth growth = grown(growth_text);
    enum ws_status status = WS_OK;
    for (uint32_t g = 0; status == WS_OK && g <= step; g++) {
        struct ws_step before = *out;
        status = ws_policy_step(&policy, &growth, base, g, g > 0 ? &before : NULL, out, err);
    }
    ws_arena_release(&arena);
    return status;
}

static struct ws_step planned(const char *policy, const char *growth, uint64_t base, uint32_t step)
{
    struct ws_step plan;
    assert_int_equal(plan_until(policy, growth, base, step, &plan, NULL), WS_OK);
    return plan;
}

static void step__the_first_trains_on_the_original_data(void **state)
{
    (void)state;
    static const char *const policies[] = {"replace", "keep:0.1", "accumulate", "augment",
                                           "fresh:0.1"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        struct ws_step plan = planned(policies[i], "geometric:2", 250, 0);
        assert_int_equal(plan.original, 250);
        assert_int_equal(plan.training, 250);
        assert_int_equal(plan.output, 0);
    }
}

static void step__parts_are_rounded_so_that_they_sum_to_the_size(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        uint64_t base, original, fresh, previous, generated;
    } cases[] = {
        {"replace", 250, 0, 0, 0, 250},
        {"keep:0.1", 250, 25, 0, 0, 225},
        {"keep:0.9", 250, 225, 0, 0, 25},
        {"keep:0.333", 100, 33, 0, 0, 67},
        {"keep:0.335", 100, 34, 0, 0, 66}, /* 33.5 and 66.5: the earlier part gets the item */
        {"keep:0.5", 1, 1, 0, 0, 0},
        {"keep:0.001", 100, 0, 0, 0, 100},
        {"keep:0", 100, 0, 0, 0, 100},
        {"keep:1", 100, 100, 0, 0, 0},
        {"fresh:0.1", 250, 0, 25, 0, 225},
        {"fresh:0.7", 10, 0, 7, 0, 3},
        /* 33.3, 33.3 and 33.4 of 100: the largest remainder is the model's. */
        {"mix:0.334:0.333:0.333", 100, 33, 0, 33, 34},
        /* 3.5, 2.1 and 1.4 of 7: one item is left, for the largest remainder. */
        {"mix:0.5:0.3:0.2", 7, 1, 0, 2, 4},
        /* 1.4, 2.1 and 3.5 */
        {"mix:0.2:0.3:0.5", 7, 4, 0, 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_step plan = planned(cases[i].policy, "constant", cases[i].base, 1);
        assert_int_equal(plan.original, cases[i].original);
        assert_int_equal(plan.fresh, cases[i].fresh);
        assert_int_equal(plan.previous, cases[i].previous);
        assert_int_equal(plan.generated, cases[i].generated);
        assert_int_equal(plan.output, cases[i].generated);
        assert_int_equal(plan.training, cases[i].base);
    }
}

static void step__the_law_of_growth_sets_the_size(void **state)
{
    (void)state;
    static const struct {
        const char *growth;
        uint32_t step;
        uint64_t size;
    } cases[] = {
        {"constant", 9, 100},      {"linear:0", 9, 100},        {"linear:0.5", 3, 250},
        {"linear:0.125", 1, 113}, /* 112.5 */
        {"power:1", 4, 500},       {"power:0.5", 1, 141},       {"power:2", 2, 900},
        {"geometric:1.1", 2, 121}, {"geometric:2", 10, 102400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(planned("replace", cases[i].growth, 100, cases[i].step).training,
                         cases[i].size);
}

static void step__a_pool_holds_everything_so_far(void **state)
{
    (void)state;
    struct ws_step all = planned("accumulate", "constant", 100, 4);
    assert_int_equal(all.pool_items, 500);
    assert_int_equal(all.pool, 500);
    assert_int_equal(all.training, 500);
    assert_int_equal(all.output, 100);
    struct ws_step some = planned("accumulate-subsample", "constant", 100, 4);
    assert_int_equal(some.pool_items, 500);
    assert_int_equal(some.pool, 100);
    assert_int_equal(some.training, 100);
    /* 100 + 150 + 200 */
    struct ws_step growing = planned("accumulate", "linear:0.5", 100, 2);
    assert_int_equal(growing.pool_items, 450);
    assert_int_equal(growing.output, 200);
}

static void step__a_window_holds_the_latest_outputs(void **state)
{
    (void)state;
    /* outputs of 150, 200, 250 and 300 */
    struct ws_step plan = planned("window:2", "linear:0.5", 100, 4);
    assert_int_equal(plan.original, 100);
    assert_int_equal(plan.recent, 550);
    assert_int_equal(plan.training, 650);
    assert_int_equal(plan.output, 300);
    assert_int_equal(plan.pool_items, 1000);
    plan = planned("recent:3", "constant", 100, 2);
    assert_int_equal(plan.recent, 200);
    assert_int_equal(plan.training, 200);
    assert_int_equal(planned("recent:3", "constant", 100, 9).training, 300);
}

static void step__history_is_all_but_the_latest_output(void **state)
{
    (void)state;
    struct ws_step plan = planned("history:0.5:0.2", "constant", 100, 3);
    assert_int_equal(plan.original, 20);
    assert_int_equal(plan.history, 50);
    assert_int_equal(plan.generated, 50);
    assert_int_equal(plan.output, 50);
    assert_int_equal(plan.pool_items, 250);
    assert_int_equal(plan.training, 120);
    struct ws_error err;
    assert_int_equal(plan_until("history:0.9", "linear:1", 100, 1, &plan, &err), WS_INVALID);
    assert_string_equal(err.message,
                        "policy 'history:0.9' needs 180 earlier items at generation 1, "
                        "there are 100");
    assert_int_equal(plan_until("history:1", "constant", 100, 1, &plan, &err), WS_INVALID);
    assert_string_equal(err.message, "policy 'history:1' generates no item at generation 1");
}

static void step__a_ratio_sets_human_against_generated_items(void **state)
{
    (void)state;
    struct ws_step plan = planned("golden-ratio:0.5", "constant", 100, 3);
    assert_int_equal(plan.fresh, 100);
    assert_int_equal(plan.generated, 200);
    plan = planned("naive:3", "constant", 100, 1);
    assert_int_equal(plan.fresh, 100);
    assert_int_equal(plan.generated, 33);
}

/* What filters leave is planned where it is sure, and bounded where it is not. */
static void step__filters_change_how_many_items_are_made_and_left(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        uint64_t output, gathered, training;
    } cases[] = {
        {"replace", 100, 100, 100},
        {"replace|oversample:2.5", 250, 250, 250},
        {"replace|oversample:4|keep-surprising:0.25", 400, 400, 100},
        {"keep:0.5|oversample:3", 150, 200, 200},
        {"keep:0.5|confidence:2:2|resample:1:2:1.5", 50, 100, 150},
        {"keep:0.5|drop-detected:0.5:0.5", 50, 100, 100},
        {"accumulate|oversample:2", 200, 500, 500},
        {"recent:1|oversample:2", 200, 200, 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_step plan = planned(cases[i].policy, "constant", 100, 2);
        assert_int_equal(plan.output, cases[i].output);
        assert_int_equal(plan.gathered, cases[i].gathered);
        assert_int_equal(plan.training, cases[i].training);
    }
    struct ws_step plan;
    struct ws_error err;
    assert_int_equal(
        plan_until("replace|drop-detected:1:0", "constant", UINT64_C(1) << 32, 1, &plan, &err),
        WS_INVALID);
    assert_string_equal(err.message, "policy 'replace|drop-detected:1:0' filters 4294967296 items "
                                     "at generation 1, at most 4294967295");
}

static void step__augment_adds_to_all_of_the_original(void **state)
{
    (void)state;
    struct ws_step plan = planned("augment", "linear:1", 100, 2);
    assert_int_equal(plan.original, 100);
    assert_int_equal(plan.generated, 300);
    assert_int_equal(plan.training, 400);
    plan = planned("augment:2.5", "constant", 100, 2);
    assert_int_equal(plan.original, 100);
    assert_int_equal(plan.generated, 250);
    assert_int_equal(plan.training, 350);
}

static void step__a_control_never_grows(void **state)
{
    (void)state;
    struct ws_step plan = planned("control", "geometric:2", 100, 5);
    assert_int_equal(plan.human, 100);
    assert_int_equal(plan.training, 100);
    assert_int_equal(plan.output, 0);
}

static void step__what_a_source_lacks_is_refused(void **state)
{
    (void)state;
    struct ws_step plan;
    struct ws_error err;
    assert_int_equal(plan_until("keep:0.5", "linear:1", 100, 1, &plan, &err), WS_OK);
    assert_int_equal(plan_until("keep:0.5", "linear:1", 100, 2, &plan, &err), WS_INVALID);
    assert_string_equal(err.message, "policy 'keep:0.5' needs 150 original items at generation 2, "
                                     "there are 100");
    assert_int_equal(plan_until("mix:0.5:0.5:0", "geometric:3", 100, 1, &plan, &err), WS_INVALID);
    assert_string_equal(err.message, "policy 'mix:0.5:0.5:0' needs 150 previous items at "
                                     "generation 1, there are 100");
    assert_int_equal(plan_until("replace", "geometric:10", 100, 20, &plan, &err), WS_INVALID);
    assert_string_equal(err.message, "the growth asks for 1e+16 items at generation 14");
}

static enum ws_status plan_totals(const char *text, const char *growth_text, uint64_t base,
                                  uint64_t fresh_items, uint32_t generations,
                                  struct ws_policy_totals *out, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_policy policy = parsed(text, &arena);
    struct ws_growth growth = grown(growth_text);
    enum ws_status status =
        ws_policy_plan(&policy, &growth, base, fresh_items, generations, out, err);
    ws_arena_release(&arena);
    return status;
}

static void plan__adds_up_all_steps(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        struct ws_policy_totals totals; /* trained, sampled, largest, fresh, gathered, widest */
    } cases[] = {
        {"replace", {400, 300, 100, 0, 400, 100}},
        {"control", {400, 0, 100, 0, 400, 100}},
        {"keep:0.1", {400, 270, 100, 0, 400, 100}},
        {"fresh:0.1", {400, 270, 100, 30, 400, 100}},
        {"accumulate", {1000, 300, 400, 0, 1000, 400}},
        {"accumulate-subsample", {400, 300, 100, 0, 400, 100}},
        {"augment", {700, 300, 200, 0, 700, 200}},
        {"replace|oversample:3|keep-surprising:0.5", {550, 900, 150, 0, 1000, 300}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_policy_totals totals;
        assert_int_equal(plan_totals(cases[i].policy, "constant", 100, 30, 4, &totals, NULL),
                         WS_OK);
        assert_int_equal(totals.trained, cases[i].totals.trained);
        assert_int_equal(totals.sampled, cases[i].totals.sampled);
        assert_int_equal(totals.largest, cases[i].totals.largest);
        assert_int_equal(totals.fresh, cases[i].totals.fresh);
        assert_int_equal(totals.gathered, cases[i].totals.gathered);
        assert_int_equal(totals.widest, cases[i].totals.widest);
    }
}

static void plan__a_fresh_stream_can_be_exhausted(void **state)
{
    (void)state;
    struct ws_policy_totals totals;
    struct ws_error err;
    assert_int_equal(plan_totals("fresh:0.1", "constant", 100, 30, 5, &totals, &err), WS_INVALID);
    assert_string_equal(err.message, "policy 'fresh:0.1' needs 40 fresh items for 5 generations, "
                                     "the stream holds fresh_items=30");
    assert_int_equal(plan_totals("fresh:0.1", "constant", 100, 0, 2, &totals, NULL), WS_INVALID);
    assert_int_equal(plan_totals("fresh:0", "constant", 100, 0, 2, &totals, NULL), WS_OK);
    assert_int_equal(
        plan_totals("fresh:0.1", "constant", 100, WS_FRESH_ENDLESS, 1000, &totals, NULL), WS_OK);
    assert_int_equal(totals.fresh, 9990);
}

static void plan__more_items_than_can_be_counted_are_refused(void **state)
{
    (void)state;
    struct ws_policy_totals totals;
    struct ws_error err;
    uint64_t most = (uint64_t)1 << 40;
    /* 2^40 (1 + 2 + ... + m) passes 2^62 at m = 2896: 2895 * 2896 / 2 < 2^22 < 2896 * 2897 / 2. */
    assert_int_equal(
        plan_totals("accumulate", "constant", most, WS_FRESH_ENDLESS, 10000000, &totals, &err),
        WS_INVALID);
    assert_string_equal(err.message,
                        "policy 'accumulate' asks for more than 2^62 items by generation 2895");
}

/* Building ------------------------------------------------------------------------------------ */

enum { ITEMS = 60, STEPS = 4, OUTPUT_TYPES = 40, DIMENSION = 2, BLOCK = 3 };

/* Human data of every kind, and models that make items nobody else has: what is in a training set
 * can be told from its items alone. */
struct world {
    struct ws_arena arena;
    struct ws_human *human;
    struct ws_deal deal;
};

static void world_open(struct world *world, struct ws_human_settings settings)
{
    ws_arena_init(&world->arena, NULL);
    struct ws_error err;
    if (ws_human_open(&settings, NULL, &world->human, NULL, &err) != WS_OK ||
        ws_human_deal(world->human, 1, &world->arena, &world->deal, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static void world_close(struct world *world)
{
    ws_human_close(world->human);
    ws_arena_release(&world->arena);
}

/* A corpus in which no word occurs twice. */
static void write_corpus(char path[32])
{
    (void)snprintf(path, 32, "/tmp/ws-policy-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    assert_non_null(file);
    for (int i = 0; i < STEPS * ITEMS * BLOCK; i++)
        assert_true(fprintf(file, "w%d ", i) > 0);
    assert_int_equal(fclose(file), 0);
}

/* `count` items that the model of `step` made, of the kind of the original data. */
static struct ws_dataset output_of(struct world *world, uint32_t step, uint64_t count)
{
    const struct ws_dataset *like = &world->deal.original;
    struct ws_payload *payload = WS_ARENA_ZNEW(&world->arena, struct ws_payload, 1);
    assert_non_null(payload);
    *payload = (struct ws_payload){
        .kind = like->kind, .count = count, .types = like->types, .dimension = like->dimension};
    if (like->kind == WS_DATA_VECTORS) {
        double *vectors = WS_ARENA_NEW(&world->arena, double, count *DIMENSION);
        assert_non_null(vectors);
        for (uint64_t i = 0; i < count * DIMENSION; i++)
            vectors[i] = 1000.0 * step + (double)i;
        payload->vectors = vectors;
    } else if (like->kind == WS_DATA_TOKENS) {
        uint32_t *ids = WS_ARENA_NEW(&world->arena, uint32_t, count * BLOCK);
        uint64_t *ends = WS_ARENA_NEW(&world->arena, uint64_t, count);
        assert_true(ids && ends);
        for (uint64_t i = 0; i < count * BLOCK; i++)
            ids[i] = (uint32_t)(i % OUTPUT_TYPES);
        for (uint64_t i = 0; i < count; i++)
            ends[i] = (i + 1) * BLOCK;
        payload->tokens.ids = ids;
        payload->tokens.ends = ends;
    } else {
        uint64_t counts[OUTPUT_TYPES] = {0};
        for (uint64_t i = 0; i < count; i++)
            counts[i % OUTPUT_TYPES]++;
        assert_int_equal(ws_payload_of_counts(NULL, counts, OUTPUT_TYPES, like->types,
                                              &world->arena, payload, NULL),
                         WS_OK);
    }
    struct ws_dataset output;
    struct ws_origin origin = {WS_SOURCE_MODEL, step, 100 + step};
    assert_int_equal(ws_dataset_of(payload, origin, &world->arena, &output, NULL), WS_OK);
    return output;
}

static uint64_t items_of(const struct ws_dataset *data, enum ws_source source)
{
    uint64_t items = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        if (data->segments[s].origin.source == source)
            items += data->segments[s].count;
    return items;
}

/* No segment has an item of its payload twice. */
static void check_distinct(const struct ws_dataset *data)
{
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        uint64_t last = 0;
        for (uint64_t i = 0; data->kind != WS_DATA_COUNTS && i < segment->count; i++) {
            uint64_t item = ws_segment_item(segment, i);
            assert_true(item < segment->payload->count);
            assert_true(i == 0 || item > last);
            last = item;
        }
    }
}

/* No type of counts occurs more often than in what they were drawn from. */
static void check_within(const struct ws_dataset *part, const struct ws_dataset *whole,
                         enum ws_source source)
{
    uint64_t there[OUTPUT_TYPES] = {0}, drawn[OUTPUT_TYPES] = {0};
    if (part->kind != WS_DATA_COUNTS)
        return;
    for (int side = 0; side < 2; side++) {
        const struct ws_dataset *data = side ? part : whole;
        for (size_t s = 0; s < data->segment_count; s++)
            if (data->segments[s].origin.source == source)
                for (size_t i = 0; i < data->segments[s].payload->counts.size; i++)
                    (side ? drawn : there)[data->segments[s].payload->counts.type[i]] +=
                        data->segments[s].payload->counts.count[i];
    }
    for (size_t i = 0; i < OUTPUT_TYPES; i++)
        assert_true(drawn[i] <= there[i]);
}

static void check_origins(const struct ws_dataset *data, uint32_t step)
{
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_origin *origin = &data->segments[s].origin;
        if (origin->source == WS_SOURCE_MODEL) {
            assert_true(origin->depth >= 1 && origin->depth <= step);
            assert_int_equal(origin->model, 100 + origin->depth);
        } else {
            assert_int_equal(origin->depth, 0);
            assert_int_equal(origin->model, 0);
        }
    }
}

static uint64_t items_at_depth(const struct ws_dataset *data, uint32_t depth)
{
    uint64_t items = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        if (data->segments[s].origin.depth == depth)
            items += data->segments[s].count;
    return items;
}

static void check_weights(const struct ws_policy *policy, const struct ws_dataset *data)
{
    double all = 0, human = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        double weight = segment->weight * (double)segment->count;
        all += weight;
        human += ws_origin_is_human(&segment->origin) ? weight : 0;
    }
    assert_true(fabs(all - (double)data->count) < 1e-9 * all);
    if (policy->weight > 0 && items_of(data, WS_SOURCE_MODEL) > 0)
        assert_true(fabs(human - policy->weight * all) < 1e-9 * all);
    else
        assert_false(ws_dataset_is_weighted(data));
}

static void check_step(const struct ws_policy *policy, const struct ws_step *plan, uint32_t step,
                       const struct world *world, const struct ws_dataset *built)
{
    assert_int_equal(built->count, plan->training);
    check_distinct(built);
    check_origins(built, step);
    if (policy->previous == 0 && policy->history == 0) /* may be drawn from the original again */
        check_within(built, &world->deal.original, WS_SOURCE_ORIGINAL);
    if (policy->previous == 0 && !ws_policy_keeps_outputs(policy) && !policy->control) {
        assert_int_equal(items_of(built, WS_SOURCE_ORIGINAL), plan->original);
        assert_int_equal(items_of(built, WS_SOURCE_FRESH), plan->fresh);
        assert_int_equal(items_of(built, WS_SOURCE_MODEL), plan->generated);
    }
    if (policy->pool == 0 && policy->recent == 0 &&
        step > 0) /* nothing kept from before is as deep as the latest model's */
        assert_int_equal(items_at_depth(built, step), plan->generated);
    if (policy->pool == WS_SHARE_ALL) {
        assert_int_equal(items_of(built, WS_SOURCE_ORIGINAL), ITEMS);
        assert_int_equal(items_of(built, WS_SOURCE_MODEL), step * ITEMS);
    }
    if (policy->recent > 0) {
        uint32_t outputs = step < policy->recent ? step : policy->recent;
        assert_int_equal(items_of(built, WS_SOURCE_MODEL), outputs * ITEMS);
        assert_true(step == 0 || items_at_depth(built, step + 1 - outputs) == ITEMS);
    }
    if (policy->control)
        assert_int_equal(built->depth, 0);
    check_weights(policy, built);
}

/* Builds every step of `text` and checks the mix that is there against the plan. */
static void check_policy(struct world *world, const char *text)
{
    struct ws_policy policy = parsed(text, &world->arena);
    struct ws_growth growth = grown("constant");
    struct ws_dataset outputs[STEPS], training[STEPS] = {{0}};
    struct ws_step plan = {0};
    size_t output_count = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        struct ws_step before = plan;
        struct ws_error err;
        assert_int_equal(ws_policy_step(&policy, &growth, ITEMS, step, &before, &plan, NULL),
                         WS_OK);
        if (plan.output > 0)
            outputs[output_count++] = output_of(world, step, plan.output);
        bool pool = ws_policy_keeps_outputs(&policy);
        struct ws_sources sources = {
            .deal = &world->deal,
            .previous = step > 0 ? &training[step - 1] : NULL,
            .outputs = pool || output_count == 0 ? outputs : &outputs[output_count - 1],
            .output_count = pool || output_count == 0 ? output_count : 1,
        };
        struct ws_rng_key key = ws_rng_key(WS_STREAM_POLICY, 1, 7, step);
        if (ws_policy_build(&policy, &plan, step, &sources, key, &world->arena, &training[step],
                            &err) != WS_OK ||
            ws_policy_weigh(&policy, &training[step], &world->arena, &training[step], &err) !=
                WS_OK)
            fail_msg("%s at %u: %s", text, step, err.message);
        check_step(&policy, &plan, step, world, &training[step]);
        assert_int_equal(plan.fresh_used, step > 0 ? before.fresh_used + before.fresh : 0);
    }
}

static void check_policies(struct world *world)
{
    static const char *const policies[] = {
        "replace",      "keep:0.1",  "mix:0.5:0.3:0.2", "accumulate", "accumulate-subsample",
        "augment",      "fresh:0.1", "window:2",        "recent:2",   "history:0.5:0.1",
        "weighted:0.7", "control"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        check_policy(world, policies[i]);
}

static void build__the_mix_of_counts_is_the_plan(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, (struct ws_human_settings){
                           .source = WS_HUMAN_UNIFORM, .items = ITEMS, .types = OUTPUT_TYPES});
    check_policies(&world);
    world_close(&world);
}

static void build__the_mix_of_vectors_is_the_plan(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, (struct ws_human_settings){.source = WS_HUMAN_NORMAL,
                                                  .items = ITEMS,
                                                  .law.dimension = DIMENSION,
                                                  .law.variance = 1});
    check_policies(&world);
    world_close(&world);
}

static void build__the_mix_of_token_sequences_is_the_plan(void **state)
{
    (void)state;
    struct world world;
    char corpus[32];
    write_corpus(corpus);
    world_open(&world, (struct ws_human_settings){.source = WS_HUMAN_TEXT,
                                                  .corpus = corpus,
                                                  .block = BLOCK,
                                                  .items = ITEMS,
                                                  .fresh_items = (STEPS - 1) * ITEMS});
    check_policies(&world);
    world_close(&world);
    assert_int_equal(unlink(corpus), 0);
}

/* Counts that a model may borrow must not be those of the training set before, which is gone
 * sooner, not even where all of it is taken again. */
static void build__counts_of_the_training_set_before_are_copied(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, (struct ws_human_settings){
                           .source = WS_HUMAN_UNIFORM, .items = ITEMS, .types = OUTPUT_TYPES});
    struct ws_policy policy = parsed("mix:0:1:0", &world.arena);
    struct ws_growth growth = grown("constant");
    struct ws_step first, plan;
    assert_int_equal(ws_policy_step(&policy, &growth, ITEMS, 0, NULL, &first, NULL), WS_OK);
    assert_int_equal(ws_policy_step(&policy, &growth, ITEMS, 1, &first, &plan, NULL), WS_OK);
    const struct ws_sources sources = {.deal = &world.deal, .previous = &world.deal.original};
    struct ws_dataset built;
    assert_int_equal(ws_policy_build(&policy, &plan, 1, &sources,
                                     ws_rng_key(WS_STREAM_POLICY, 1, 7, 1), &world.arena, &built,
                                     NULL),
                     WS_OK);
    const struct ws_payload *before = sources.previous->segments[0].payload;
    const struct ws_payload *after = built.segments[0].payload;
    assert_int_equal(built.segment_count, 1);
    assert_int_equal(after->counts.size, before->counts.size);
    assert_memory_equal(after->counts.type, before->counts.type,
                        before->counts.size * sizeof *before->counts.type);
    assert_memory_equal(after->counts.count, before->counts.count,
                        before->counts.size * sizeof *before->counts.count);
    assert_ptr_not_equal(after->counts.type, before->counts.type);
    assert_ptr_not_equal(after->counts.count, before->counts.count);
    world_close(&world);
}

/* In a corpus whose words are all different, a word twice is an item twice. */
static void build__no_human_item_is_drawn_twice(void **state)
{
    (void)state;
    struct world world;
    char corpus[32];
    write_corpus(corpus);
    world_open(&world, (struct ws_human_settings){.source = WS_HUMAN_TEXT,
                                                  .corpus = corpus,
                                                  .block = BLOCK,
                                                  .items = ITEMS,
                                                  .fresh_items = ITEMS});
    static const char *const policies[] = {"control", "keep:1", "fresh:1"};
    for (size_t p = 0; p < 3; p++) {
        struct ws_policy policy = parsed(policies[p], &world.arena);
        struct ws_growth growth = grown("constant");
        struct ws_step first, plan;
        assert_int_equal(ws_policy_step(&policy, &growth, ITEMS, 0, NULL, &first, NULL), WS_OK);
        assert_int_equal(ws_policy_step(&policy, &growth, ITEMS, 1, &first, &plan, NULL), WS_OK);
        const struct ws_sources sources = {.deal = &world.deal};
        struct ws_dataset built;
        struct ws_payload words;
        assert_int_equal(ws_policy_build(&policy, &plan, 1, &sources,
                                         ws_rng_key(WS_STREAM_POLICY, 1, 7, 1), &world.arena,
                                         &built, NULL),
                         WS_OK);
        assert_int_equal(ws_dataset_type_counts(&built, &world.arena, &words, NULL), WS_OK);
        assert_int_equal(words.counts.size, ITEMS * BLOCK);
    }
    world_close(&world);
    assert_int_equal(unlink(corpus), 0);
}

/* Fresh items of one step are no items of another. */
static void build__a_fresh_stream_gives_no_item_twice(void **state)
{
    (void)state;
    struct world world;
    char corpus[32];
    write_corpus(corpus);
    world_open(&world, (struct ws_human_settings){.source = WS_HUMAN_TEXT,
                                                  .corpus = corpus,
                                                  .block = BLOCK,
                                                  .items = ITEMS,
                                                  .fresh_items = 3 * ITEMS});
    struct ws_policy policy = parsed("fresh:1", &world.arena);
    struct ws_dataset steps[3], all;
    for (uint32_t step = 1; step <= 3; step++) {
        const struct ws_step plan = {
            .fresh = ITEMS, .training = ITEMS, .fresh_used = (step - 1) * ITEMS};
        const struct ws_sources sources = {.deal = &world.deal};
        assert_int_equal(ws_policy_build(&policy, &plan, step, &sources,
                                         ws_rng_key(WS_STREAM_POLICY, 1, 7, step), &world.arena,
                                         &steps[step - 1], NULL),
                         WS_OK);
    }
    struct ws_payload words;
    assert_int_equal(ws_dataset_concat(steps, 3, &world.arena, &all, NULL), WS_OK);
    assert_int_equal(ws_dataset_type_counts(&all, &world.arena, &words, NULL), WS_OK);
    assert_int_equal(words.counts.size, 3 * ITEMS * BLOCK);
    world_close(&world);
    assert_int_equal(unlink(corpus), 0);
}

/* What the key is for: other keys pick other items, the same key the same. */
static void build__the_key_decides_what_is_kept(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, (struct ws_human_settings){.source = WS_HUMAN_NORMAL,
                                                  .items = ITEMS,
                                                  .law.dimension = DIMENSION,
                                                  .law.variance = 1});
    struct ws_policy policy = parsed("keep:0.5", &world.arena);
    struct ws_dataset output = output_of(&world, 1, ITEMS / 2);
    const struct ws_step plan = {
        .original = ITEMS / 2, .generated = ITEMS / 2, .output = ITEMS / 2, .training = ITEMS};
    const struct ws_sources sources = {.deal = &world.deal, .outputs = &output, .output_count = 1};
    struct ws_buffer bytes[3];
    for (uint64_t i = 0; i < 3; i++) {
        struct ws_dataset built;
        ws_buffer_init(&bytes[i], NULL, 1 << 20);
        assert_int_equal(ws_policy_build(&policy, &plan, 1, &sources,
                                         ws_rng_key(WS_STREAM_POLICY, 1, i / 2, 1), &world.arena,
                                         &built, NULL),
                         WS_OK);
        ws_dataset_write(&built, &bytes[i]);
    }
    assert_int_equal(bytes[0].size, bytes[1].size);
    assert_int_equal(bytes[0].size, bytes[2].size);
    assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].size);
    assert_int_not_equal(memcmp(bytes[0].data, bytes[2].data, bytes[0].size), 0);
    for (int i = 0; i < 3; i++)
        ws_buffer_release(&bytes[i]);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy__every_name_sets_its_shares),
        cmocka_unit_test(policy__the_golden_ratio_is_the_best_weight),
        cmocka_unit_test(policy__filters_follow_its_name),
        cmocka_unit_test(policy__equal_shares_have_one_name),
        cmocka_unit_test(policy__what_is_no_policy_is_told_in_one_line),
        cmocka_unit_test(policy__every_allocation_of_a_name_may_fail),
        cmocka_unit_test(growth__what_is_no_law_is_told_in_one_line),
        cmocka_unit_test(step__the_first_trains_on_the_original_data),
        cmocka_unit_test(step__parts_are_rounded_so_that_they_sum_to_the_size),
        cmocka_unit_test(step__the_law_of_growth_sets_the_size),
        cmocka_unit_test(step__a_pool_holds_everything_so_far),
        cmocka_unit_test(step__a_window_holds_the_latest_outputs),
        cmocka_unit_test(step__history_is_all_but_the_latest_output),
        cmocka_unit_test(step__a_ratio_sets_human_against_generated_items),
        cmocka_unit_test(step__filters_change_how_many_items_are_made_and_left),
        cmocka_unit_test(step__augment_adds_to_all_of_the_original),
        cmocka_unit_test(step__a_control_never_grows),
        cmocka_unit_test(step__what_a_source_lacks_is_refused),
        cmocka_unit_test(plan__adds_up_all_steps),
        cmocka_unit_test(plan__a_fresh_stream_can_be_exhausted),
        cmocka_unit_test(plan__more_items_than_can_be_counted_are_refused),
        cmocka_unit_test(build__the_mix_of_counts_is_the_plan),
        cmocka_unit_test(build__counts_of_the_training_set_before_are_copied),
        cmocka_unit_test(build__the_mix_of_vectors_is_the_plan),
        cmocka_unit_test(build__the_mix_of_token_sequences_is_the_plan),
        cmocka_unit_test(build__no_human_item_is_drawn_twice),
        cmocka_unit_test(build__a_fresh_stream_gives_no_item_twice),
        cmocka_unit_test(build__the_key_decides_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
