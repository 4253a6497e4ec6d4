/* Rows of claims against the records of the run that they are made of. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/claim_rows.h"
#include "lab/results.h"
#include "lab/run.h"
#include "support/place.h"

enum { SEEDS = 7, GENERATIONS = 4 };

#define ROW(more)                                                                                  \
    "- {title: t, experiment: e, arm: keep:0.5, expected: 1, source: s, basis: text, tolerance: "  \
    "absolute 1, " more "}\n"

static const char text[] =
    "title: t\nfamily: gaussian\nsource: normal\nitems: 8\ngenerations: 4\nseeds: 7\n"
    "control: false\npolicies: [replace, keep:0.5, keep:0.75]\n"
    "experiments:\n- {name: e}\n- {name: other}\n"
    "claims:\n" ROW("metric: variance_ratio, generation: 2")                      /* 0 */
    ROW("metric: variance_ratio, generation: 2, power: 0.5, scale: 3, shift: -1") /* 1 */
    ROW("metric: [variance_ratio, mean_error_squared], generation: 3")            /* 2 */
    ROW("metric: log_variance, generation: 1..3, over: slope")                    /* 3 */
    ROW("metric: log_variance, generation: 1..3, over: mean")                     /* 4 */
    ROW("metric: variance_ratio, generation: 0..3, over: count, above: 0.9")      /* 5 */
    ROW("metric: variance_ratio, generation: 3, statistic: ratio, base: 1")       /* 6 */
    ROW("metric: variance_ratio, generation: 3, statistic: median")               /* 7 */
    ROW("metric: variance_ratio, generation: 3, statistic: share, above: 0.7")    /* 8 */
    ROW("metric: variance_ratio, generation: 3, statistic: deviation")            /* 9 */
    ROW("metric: variance_ratio, generation: 3, statistic: quantile, level: 1")   /* 10 */
    ROW("metric: types, generation: 3")                                           /* 11 */
    "- {title: u, experiment: e, metric: log_variance, generation: 3, expected: "
    "gaussian-log-variance estimator=unbiased M=8, source: s, basis: memory}\n" /* 12 */
    "- {title: u, experiment: other, metric: log_variance, generation: 3, expected: 0, source: s, "
    "basis: text}\n" /* 13 */
    "- {title: u, experiment: e, metric: log_variance, generation: 3, expected: 0, source: s, "
    "basis: text, tier: hours}\n" /* 14 */
    "- {title: u, experiment: e, metric: log_variance, generation: 3, expected: 1000, source: s, "
    "basis: text}\n" /* 15 */
    "- {title: u, experiment: e, metric: log_variance, generation: 1..3, over: mean, expected: 0, "
    "source: s, basis: text, statistic: minimum, arms: [replace, keep:0.5, keep:0.75], places: [0, "
    "0.5, 0.75]}\n" /* 16 */
    "- {title: v, experiment: e, arm: keep:0.5, metric: log_variance, generation: 3, power: 0.5, "
    "expected: 0, "
    "tolerance: absolute 1000, source: s, basis: text}\n"; /* 17 */
enum { ROWS = 18 };

/* What was measured of the arm keep:0.5. */
struct table {
    double variance[GENERATIONS][SEEDS];
    double error[GENERATIONS][SEEDS];
    double logarithm[GENERATIONS][SEEDS];
};

static enum ws_status note(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct table *table = user;
    (void)err;
    uint32_t g = record->place.generation;
    uint64_t s = record->place.seed - 1;
    if (strcmp(record->place.arm, "keep:0.5") != 0)
        return WS_OK;
    if (strcmp(record->metric, "variance_ratio") == 0)
        table->variance[g][s] = record->value;
    if (strcmp(record->metric, "mean_error_squared") == 0)
        table->error[g][s] = record->value;
    if (strcmp(record->metric, "log_variance") == 0)
        table->logarithm[g][s] = record->value;
    return WS_OK;
}

static struct {
    struct place place;
    struct ws_reproduction reproduction;
    struct ws_human *human;
    struct table table;
    struct ws_row_result results[ROWS];
} made;

static int make(void **state)
{
    (void)state;
    struct ws_run_result result;
    struct ws_error err = {.message = ""};
    new_place(&made.place);
    if (ws_reproduction_parse(ws_bytes_of_text(text), "p", "p.yaml", NULL, 0, NULL,
                              &made.reproduction, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(made.reproduction.row_count, ROWS);
    struct ws_experiment *experiment = &made.reproduction.experiments[0].experiment;
    assert_int_equal(ws_experiment_open_human(experiment, NULL, &made.human, NULL), WS_OK);
    const struct ws_run_options options = {.directory = made.place.path};
    assert_int_equal(ws_run_execute(experiment, made.human, &options, &result, NULL), WS_OK);
    ws_arena_release(&result.arena);
    assert_int_equal(ws_results_visit(made.place.path, NULL, note, &made.table, NULL), WS_OK);
    if (ws_claim_rows_measure(&made.reproduction, 0, WS_TIER_MINUTES, made.place.path, made.human,
                              NULL, made.results, &err) != WS_OK)
        fail_msg("%s", err.message);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    remove_place(&made.place);
    ws_human_close(made.human);
    ws_reproduction_release(&made.reproduction);
    return 0;
}

static double mean(const double values[SEEDS])
{
    double sum = 0;
    for (int s = 0; s < SEEDS; s++)
        sum += values[s];
    return sum / SEEDS;
}

static void assert_measured(size_t row, double wanted)
{
    if (!(fabs(made.results[row].measured.value - wanted) < 1e-12))
        fail_msg("row %zu is %.17g, wanted %.17g", row, made.results[row].measured.value, wanted);
    assert_int_equal(made.results[row].measured.count, SEEDS);
}

static void claim_rows__are_of_one_generation(void **state)
{
    (void)state;
    double rooted[SEEDS], summed[SEEDS];
    for (int s = 0; s < SEEDS; s++) {
        rooted[s] = 3 * sqrt(made.table.variance[2][s]) - 1;
        summed[s] = made.table.variance[3][s] + made.table.error[3][s];
    }
    assert_measured(0, mean(made.table.variance[2]));
    assert_measured(1, mean(rooted));
    assert_measured(2, mean(summed));
}

static void claim_rows__are_of_several_generations(void **state)
{
    (void)state;
    double slope[SEEDS], average[SEEDS], above[SEEDS];
    for (int s = 0; s < SEEDS; s++) {
        double(*l)[SEEDS] = made.table.logarithm;
        slope[s] = (l[3][s] - l[1][s]) / 2; /* of three points, one apart */
        average[s] = (l[1][s] + l[2][s] + l[3][s]) / 3;
        above[s] = 0;
        for (int g = 0; g < GENERATIONS; g++)
            above[s] += made.table.variance[g][s] > 0.9;
    }
    assert_measured(3, mean(slope));
    assert_measured(4, mean(average));
    assert_measured(5, mean(above));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void claim_rows__are_of_every_statistic(void **state)
{
    (void)state;
    double *last = made.table.variance[3];
    double share = 0, squares = 0, average = mean(last);
    assert_measured(6, average / mean(made.table.variance[1]));
    for (int s = 0; s < SEEDS; s++) {
        share += last[s] > 0.7;
        squares += (last[s] - average) * (last[s] - average);
    }
    assert_measured(8, share / SEEDS);
    assert_measured(9, sqrt(squares / (SEEDS - 1)));
    double sorted[SEEDS];
    memcpy(sorted, last, sizeof sorted);
    qsort(sorted, SEEDS, sizeof *sorted, ascending);
    assert_measured(7, sorted[SEEDS / 2]);
    assert_measured(10, sorted[SEEDS - 1]);
}

static void claim_rows__say_what_decides(void **state)
{
    (void)state;
    assert_int_equal(made.results[0].status, WS_ROW_PASS);
    assert_int_equal(made.results[11].measured.count, 0); /* a Gaussian has no types */
    assert_int_equal(made.results[11].status, WS_ROW_FAIL);
    assert_int_equal(made.results[12].status, WS_ROW_UNVERIFIED);
    double expected = ws_theory_gaussian_log_variance(WS_GAUSSIAN_UNBIASED, 8, 4);
    assert_true(made.results[12].expected.value == expected);
    assert_int_equal(made.results[13].status, WS_ROW_SKIPPED); /* of another experiment */
    assert_int_equal(made.results[14].status, WS_ROW_SKIPPED); /* takes longer */
    assert_int_equal(made.results[15].status, WS_ROW_FAIL);
}

/* The root of a logarithm below 0 is no number. */
static void claim_rows__want_a_number_of_every_chain(void **state)
{
    (void)state;
    size_t with_root = 0;
    for (int s = 0; s < SEEDS; s++)
        with_root += made.table.logarithm[3][s] >= 0;
    assert_in_range(with_root, 1, SEEDS - 1);
    assert_int_equal(made.results[17].measured.count, with_root);
    assert_int_equal(made.results[17].status, WS_ROW_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claim_rows__are_of_one_generation),
        cmocka_unit_test(claim_rows__are_of_several_generations),
        cmocka_unit_test(claim_rows__are_of_every_statistic),
        cmocka_unit_test(claim_rows__say_what_decides),
        cmocka_unit_test(claim_rows__want_a_number_of_every_chain),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
