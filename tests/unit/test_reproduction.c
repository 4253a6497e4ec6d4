/* Files of published experiments: what is read, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/reproduction.h"
#include "support/failing_heap.h"

#define HEAD                                                                                       \
    "title: a title\n"                                                                             \
    "family: gaussian\n"                                                                           \
    "source: normal\n"                                                                             \
    "control: false\n"                                                                             \
    "experiments:\n"                                                                               \
    "  - {name: small, items: 10, generations: 5, seeds: 3}\n"                                     \
    "  - {name: large, items: 100, generations: 9, measure_every: 4, policies: [replace, "         \
    "keep:0.5]}\n"
#define CLAIM                                                                                      \
    "claims:\n"                                                                                    \
    "  - title: a claim\n"                                                                         \
    "    experiment: small\n"                                                                      \
    "    metric: variance_ratio\n"                                                                 \
    "    source: somebody\n"                                                                       \
    "    basis: text\n"

static enum ws_status parse(const char *text, struct ws_reproduction *out, struct ws_error *err)
{
    return ws_reproduction_parse(ws_bytes_of_text(text), "p", "p.yaml", NULL, 0, NULL, out, err);
}

static struct ws_reproduction read(const char *text)
{
    struct ws_reproduction r;
    struct ws_error err = {.message = ""};
    if (parse(text, &r, &err) != WS_OK)
        fail_msg("%s", err.message);
    return r;
}

static void reproduction__reads_experiments_with_shared_settings(void **state)
{
    (void)state;
    struct ws_reproduction r = read(HEAD CLAIM "    generation: 4\n    expected: 1\n");
    assert_string_equal(r.title, "a title");
    assert_int_equal(r.experiment_count, 2);
    const struct ws_experiment *small = &r.experiments[0].experiment;
    assert_string_equal(small->name, "small");
    assert_string_equal(small->family->name, "gaussian");
    assert_int_equal(small->settings.generations, 5);
    assert_int_equal(small->data.items, 10);
    assert_int_equal(small->arm_count, 1);
    assert_int_equal(r.experiments[1].experiment.arm_count, 2);
    assert_int_equal(r.experiments[1].tier, WS_TIER_MINUTES);
    ws_reproduction_release(&r);
}

static void reproduction__gives_each_claim_its_rows(void **state)
{
    (void)state;
    struct ws_reproduction r =
        read(HEAD CLAIM "    generation: [0, 2, 4]\n"
                        "    expected: gaussian-variance estimator=mle M=10\n"
                        "    expected_error: [0.1, 0.2, 0.3]\n"
                        "  - title: another\n"
                        "    row: [a, b]\n"
                        "    experiment: [small, large]\n"
                        "    arm: [replace, keep:0.5]\n"
                        "    metric: [variance_ratio, mean_error_squared]\n"
                        "    generation: [4, 8]\n"
                        "    expected: [1, 0.5]\n"
                        "    tolerance: relative 0.25\n"
                        "    source: x\n"
                        "    basis: memory\n"
                        "    tier: hours\n");
    assert_int_equal(r.claim_count, 2);
    assert_int_equal(r.row_count, 5);
    const struct ws_claim *first = &r.claims[0], *second = &r.claims[1];
    assert_int_equal(first->row_count, 3);
    assert_int_equal(first->rows[1].first, 2);
    assert_int_equal(first->rows[1].last, 2);
    assert_true(first->rows[2].is_form);
    assert_true(first->rows[2].expected.standard_error == 0.3);
    assert_true(first->tolerance.errors == 4 && first->tolerance.precision == 0.1);
    assert_int_equal(second->first_row, 3);
    assert_int_equal(second->rows[1].experiment, 1);
    assert_string_equal(second->rows[1].arm, "keep:0.5");
    assert_string_equal(second->rows[1].label, "b");
    assert_false(second->rows[1].is_form);
    assert_true(second->rows[1].expected.value == 0.5);
    assert_int_equal(second->rows[0].tier, WS_TIER_HOURS);
    assert_int_equal(second->basis, WS_BASIS_MEMORY);
    assert_string_equal(ws_basis_name(second->basis), "memory");
    ws_reproduction_release(&r);
}

static void reproduction__reads_ranges_and_cells(void **state)
{
    (void)state;
    struct ws_reproduction r = read(HEAD CLAIM "    generation: 0..4\n    over: slope\n"
                                               "    expected: -0.1\n");
    assert_int_equal(r.claims[0].rows[0].last, 4);
    assert_int_equal(r.claims[0].over, WS_OVER_SLOPE);
    ws_reproduction_release(&r);
    r = read(HEAD CLAIM "    generation: 4\n    statistic: chi-squared\n    cells: [1, 2]\n"
                        "    shares: [0.25, 0.75]\n    expected: 1e-4\n    tolerance: at least\n");
    assert_true(r.claims[0].cell_values[1] == 2 && r.claims[0].cell_shares[0] == 0.25);
    ws_reproduction_release(&r);
}

static void reproduction__takes_what_the_user_is_to_name(void **state)
{
    (void)state;
    struct ws_reproduction r =
        read("title: t\nexperiments:\n- {name: a, needs: some-text, tier: hours, family: discrete, "
             "source: words}\nclaims:\n- {title: x, experiment: a, metric: types, generation: 0, "
             "expected: vocabulary-least, source: s, basis: figure}\n");
    assert_string_equal(r.experiments[0].needs, "some-text");
    assert_int_equal(r.claims[0].rows[0].tier, WS_TIER_HOURS); /* its experiment's */
    ws_reproduction_release(&r);
}

static void assert_refuses(const char *text, const char *message)
{
    struct ws_reproduction r;
    struct ws_error err = {.message = ""};
    assert_int_equal(parse(text, &r, &err), WS_INVALID);
    assert_string_equal(err.message, message);
}

#define ROW "    generation: 4\n    expected: 1\n"

static void reproduction__refuses_with_file_and_line(void **state)
{
    (void)state;
    assert_refuses("title: t\n", "p.yaml: has no 'claims'");
    assert_refuses(HEAD, "p.yaml: has no 'claims'");
    assert_refuses("family: gaussian\n",
                   "p.yaml:1: 'title' is missing, wanted what is reproduced, in one line");
    assert_refuses("title: t\nother:\n- x: 1\n",
                   "p.yaml:3: a list 'other', wanted 'experiments' and 'claims'");
    assert_refuses("title: t\nexperiments:\n- {name: a b, family: gaussian}\n",
                   "p.yaml:3: 'name' is 'a b', wanted lower-case letters, digits and '-', at most "
                   "60");
    assert_refuses("title: t\nfamily: gaussian\nexperiments:\n- name: a\n- name: a\n",
                   "p.yaml:5: a second experiment 'a'");
    assert_refuses("title: t\nfamily: gaussian\nexperiments:\n- name: a\n  seeds: 0\n",
                   "p.yaml:5: 'seeds' is '0', wanted a whole number from 1 to 10000000");
    assert_refuses(HEAD CLAIM "    generations: 4\n",
                   "p.yaml:14: unknown setting 'generations'; did you mean 'generation'?");
    assert_refuses(HEAD CLAIM "    expected: 1\n",
                   "p.yaml:9: 'generation' is missing, wanted generation G, or a range G..H, "
                   "likewise");
}

static void reproduction__refuses_claims_that_cannot_be_measured(void **state)
{
    (void)state;
    assert_refuses(HEAD CLAIM "    generation: 5\n    expected: 1\n",
                   "p.yaml:14: generation 5, experiment 'small' has 0 to 4");
    assert_refuses(HEAD CLAIM ROW "    arm: keep:0.5\n",
                   "p.yaml:16: experiment 'small' has no arm 'keep:0.5'; it has replace");
    assert_refuses(HEAD CLAIM "    generation: 0..x\n    expected: 1\n",
                   "p.yaml:14: 'generation' has '0..x', wanted G or G..H");
    assert_refuses(HEAD CLAIM "    generation: 0..4\n    expected: 1\n",
                   "p.yaml:14: 'generation' has '0..4', 'over: at' wants single ones");
    assert_refuses(HEAD CLAIM ROW "    over: mean\n",
                   "p.yaml:14: 'generation' has '4', 'over: mean' wants a range G..H");
    assert_refuses(HEAD CLAIM "    generation: 4\n    expected: [1, 2]\n    row: [a, b, c]\n",
                   "p.yaml:15: 'expected' has 2 items, wanted 1 or one for each of 3 rows");
    assert_refuses(HEAD CLAIM "    generation: 4\n    expected: nothing\n",
                   "p.yaml:15: 'nothing' is no number and no closed form");
    assert_refuses(HEAD CLAIM ROW "    tolerance: some\n",
                   "p.yaml:16: 'some' is no tolerance, wanted '4 se', 'relative X', 'absolute X', "
                   "'factor X', 'at least', 'at most', or several joined by ' + '");
    assert_refuses(HEAD CLAIM ROW "    expected_error: -1\n",
                   "p.yaml:16: 'expected_error' has '-1', wanted numbers >= 0");
    assert_refuses(HEAD CLAIM ROW "    statistic: chi-squared\n",
                   "p.yaml:9: 'cells' and 'shares' have 0 and 0 items, wanted as many, 2 at least");
    assert_refuses(HEAD CLAIM ROW "    cells: [1, 2]\n    shares: [0.5, 0.5]\n",
                   "p.yaml:17: 'cells' and 'shares' have 2 and 2 items, and are of 'statistic: "
                   "chi-squared' alone");
    assert_refuses(HEAD CLAIM ROW
                   "    statistic: chi-squared\n    cells: [1, 2]\n    shares: [0.5, 0.6]\n",
                   "p.yaml:18: 'shares' sum to 1.1, wanted 1");
}

static void reproduction__seeks_a_minimum_among_arms(void **state)
{
    (void)state;
#define AMONG(arms, places)                                                                        \
    "title: t\nfamily: gaussian\nexperiments:\n- {name: e, policies: [keep:0.1, keep:0.2, "        \
    "keep:0.3]}\nclaims:\n- {title: t, experiment: e, metric: variance_ratio, generation: 2, "     \
    "expected: 1, source: s, basis: text, statistic: minimum, arms: " arms ", places: " places     \
    "}\n"
    struct ws_reproduction r = read(AMONG("[keep:0.1, keep:0.2, keep:0.3]", "[0.1, 0.2, 0.3]"));
    assert_int_equal(r.claims[0].arms.count, 3);
    assert_true(r.claims[0].place_values[2] == 0.3);
    ws_reproduction_release(&r);
    assert_refuses(AMONG("[keep:0.1, keep:0.2]", "[0.1, 0.2]"),
                   "p.yaml:6: 'arms' and 'places' have 2 and 2 items, wanted as many, 3 at least");
    assert_refuses(AMONG("[keep:0.1, keep:0.2, keep:0.4]", "[1, 2, 3]"),
                   "p.yaml:6: experiment 'e' has no arm 'keep:0.4'; it has keep:0.1, keep:0.2, "
                   "keep:0.3, control");
    assert_refuses(HEAD CLAIM ROW "    arms: [a, b, c]\n    places: [1, 2, 3]\n",
                   "p.yaml:17: 'arms' and 'places' have 3 and 3 items, and are of 'statistic: "
                   "minimum' alone");
}

static void reproduction__refuses_unknown_names(void **state)
{
    (void)state;
#define OTHER(experiment, metric, generation)                                                      \
    HEAD "claims:\n- {title: t, experiment: " experiment ", metric: " metric                       \
         ", generation: " generation ", expected: 1, source: s, basis: text}\n"
    assert_refuses(OTHER("tiny", "types", "0"), "p.yaml:9: no experiment 'tiny' in this file");
    assert_refuses(OTHER("small", "typse", "0"),
                   "p.yaml:9: no metric 'typse'; did you mean 'types'?");
    assert_refuses(OTHER("large", "types", "6"),
                   "p.yaml:9: generation 6 is not measured: 'measure_every' is 4");
}

static void reproduction__survives_every_failing_allocation(void **state)
{
    (void)state;
    static const char text[] = HEAD CLAIM "    generation: [0, 4]\n    expected: "
                                          "gaussian-variance estimator=mle M=10\n";
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_reproduction r;
        status = ws_reproduction_parse(ws_bytes_of_text(text), "p", "p.yaml", NULL, 0, &allocator,
                                       &r, NULL);
        assert_int_equal(status == WS_OK, heap.failures == 0);
        if (status == WS_OK)
            ws_reproduction_release(&r);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reproduction__reads_experiments_with_shared_settings),
        cmocka_unit_test(reproduction__gives_each_claim_its_rows),
        cmocka_unit_test(reproduction__reads_ranges_and_cells),
        cmocka_unit_test(reproduction__takes_what_the_user_is_to_name),
        cmocka_unit_test(reproduction__refuses_with_file_and_line),
        cmocka_unit_test(reproduction__refuses_claims_that_cannot_be_measured),
        cmocka_unit_test(reproduction__seeks_a_minimum_among_arms),
        cmocka_unit_test(reproduction__refuses_unknown_names),
        cmocka_unit_test(reproduction__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
