/*
 * Neighbours, and the metrics that stand on them, against plain loops in double, and on cases whose
 * answer is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "measure/mtld.h"
#include "measure/power_tail.h"
#include "measure/quantile_recall.h"
#include "measure/support.h"
#include "measure/vendi.h"
#include "support/failing_heap.h"

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static double *normals(struct ws_arena *arena, uint64_t item, size_t count, double mean,
                       double deviation)
{
    struct ws_rng rng;
    double *out = WS_ARENA_NEW(arena, double, count);
    assert_non_null(out);
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), item);
    ws_sample_normals(&rng, mean, deviation, out, count);
    return out;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double square_between(const struct ws_cloud *a, size_t i, const struct ws_cloud *b, size_t j)
{
    double sum = 0;
    for (size_t d = 0; d < a->dimension; d++) {
        double step = a->vectors[i * a->dimension + d] - b->vectors[j * b->dimension + d];
        sum += step * step;
    }
    return sum;
}

static void assert_distances(struct ws_arena *arena, const struct ws_cloud *cloud, size_t k)
{
    double *out = WS_ARENA_NEW(arena, double, cloud->count);
    double *again = WS_ARENA_NEW(arena, double, cloud->count);
    double *all = WS_ARENA_NEW(arena, double, cloud->count);
    assert_true(out && again && all);
    assert_int_equal(ws_neighbour_distances(cloud, k, 1, arena, out, NULL), WS_OK);
    assert_int_equal(ws_neighbour_distances(cloud, k, 3, arena, again, NULL), WS_OK);
    assert_memory_equal(out, again, cloud->count * sizeof *out);
    for (size_t i = 0; i<cloud->count; i += cloud->count> 500 ? 17 : 1) {
        size_t others = 0;
        for (size_t j = 0; j < cloud->count; j++)
            if (j != i)
                all[others++] = square_between(cloud, i, cloud, j);
        qsort(all, others, sizeof *all, ascending);
        if (out[i] != all[k - 1])
            fail_msg("vector %zu: saw %.17g, wanted %.17g", i, out[i], all[k - 1]);
    }
}

static void neighbours__distances_are_those_of_doubles(void **state)
{
    static const struct {
        size_t count, dimension, k;
        double mean, deviation;
    } cases[] = {
        {2, 1, 1, 0, 1},         {6, 3, 5, 0, 1},        {1500, 64, 5, 0, 1},
        {700, 1, 5, 0, 1},       {600, 2, 32, 1e6, 1},   {600, 5, 3, 0, 1e-200},
        {600, 5, 3, 1e60, 1e55}, {1025, 17, 1, -3, 100},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const struct ws_cloud cloud = {normals(*state, c, cases[c].count * cases[c].dimension,
                                               cases[c].mean, cases[c].deviation),
                                       cases[c].count, cases[c].dimension};
        assert_distances(*state, &cloud, cases[c].k);
    }
}

/* Where floats cannot tell distances: a lattice of equal ones, copies, a crowd far from a few, and
 * differences that only doubles have. */
static void neighbours__distances_that_floats_cannot_tell_are_right_too(void **state)
{
    enum { COUNT = 640, D = 2 };
    double *lattice = WS_ARENA_NEW(*state, double, COUNT *D);
    double *copies = normals(*state, 1, COUNT * D, 0, 1);
    double *crowd = normals(*state, 2, COUNT * D, 5, 1e-9);
    double *one = normals(*state, 3, COUNT * D, 0, 0);
    assert_non_null(lattice);
    for (size_t i = 0; i < COUNT; i++) {
        size_t row = i / 32;
        lattice[i * D] = (double)(i % 32);
        lattice[i * D + 1] = (double)row * 1e-3;
        if (i >= 100)
            memcpy(copies + i * D, copies + i % 7 * D, D * sizeof *copies);
        if (i < 4)
            crowd[i * D] = 1e4 * (double)i;
    }
    double *const all[] = {lattice, copies, crowd, one};
    for (size_t c = 0; c < 4; c++) {
        const struct ws_cloud cloud = {all[c], COUNT, D};
        assert_distances(*state, &cloud, 5);
        assert_distances(*state, &cloud, 1);
    }
}

static void neighbours__what_cannot_be_is_refused(void **state)
{
    struct ws_error err;
    double out[6];
    struct ws_cloud cloud = {normals(*state, 1, 12, 0, 1), 5, 2};
    assert_int_equal(ws_neighbour_distances(&cloud, 5, 1, *state, out, &err), WS_INVALID);
    assert_string_equal(err.message, "5 vectors have no 5 neighbours: 6 at least");
    assert_int_equal(ws_neighbour_distances(&cloud, 33, 1, *state, out, &err), WS_INVALID);
    cloud.vectors = normals(*state, 1, 12, 0, 1e200);
    assert_int_equal(ws_neighbour_distances(&cloud, 2, 1, *state, out, &err), WS_NUMERIC);
}

/* ---- Balls ---- */

/* With it the human side's own share is 0.05; 1 where at most one vector is as far. */
static double weight_of_ties(const struct ws_support *support)
{
    size_t beyond = 0, at = 0;
    for (size_t i = 0; i < support->human.count; i++) {
        beyond += support->radius[i] > support->far;
        at += support->radius[i] == support->far;
    }
    return at > 1 ? (0.05 * (double)support->human.count - (double)beyond) / (double)at : 1;
}

/* The definitions in plain loops. */
static struct ws_support_kept plain(struct ws_arena *arena, const struct ws_support *support,
                                    const struct ws_cloud *model)
{
    const struct ws_cloud *human = &support->human;
    double *radius = WS_ARENA_NEW(arena, double, model->count);
    struct ws_support_kept kept = {0};
    const double weight = weight_of_ties(support);
    assert_int_equal(ws_neighbour_distances(model, WS_SUPPORT_K, 1, arena, radius, NULL), WS_OK);
    for (size_t j = 0; j < model->count; j++) {
        size_t balls = 0, near = 0, as_far = 0;
        for (size_t i = 0; i < human->count; i++) {
            double square = square_between(model, j, human, i);
            balls += square < support->radius[i];
            near += square < support->far;
            as_far += square == support->far;
        }
        kept.precision += (balls > 0) / (double)model->count;
        kept.density += (double)balls / (double)(model->count * WS_SUPPORT_K);
        const bool beyond = near + as_far < WS_SUPPORT_K, at = near < WS_SUPPORT_K && !beyond;
        kept.low_density += (beyond + weight * at) / (double)model->count;
    }
    for (size_t i = 0; i < human->count; i++) {
        bool filled = false, found = false;
        for (size_t j = 0; j < model->count; j++) {
            double square = square_between(model, j, human, i);
            filled = filled || square < support->radius[i];
            found = found || square < radius[j];
        }
        kept.coverage += filled / (double)human->count;
        kept.recall += found / (double)human->count;
    }
    return kept;
}

static struct ws_support_kept measure(struct ws_arena *arena, const struct ws_cloud *human,
                                      const struct ws_cloud *model)
{
    struct ws_support support;
    struct ws_support_kept kept, again;
    assert_int_equal(ws_support_of(human, 1, arena, &support, NULL), WS_OK);
    assert_int_equal(ws_support_measure(&support, model, 1, arena, &kept, NULL), WS_OK);
    assert_int_equal(ws_support_measure(&support, model, 3, arena, &again, NULL), WS_OK);
    assert_memory_equal(&kept, &again, sizeof kept);
    struct ws_support_kept wanted = plain(arena, &support, model);
    assert_true(fabs(kept.precision - wanted.precision) < 1e-12);
    assert_true(fabs(kept.recall - wanted.recall) < 1e-12);
    assert_true(fabs(kept.density - wanted.density) < 1e-12);
    assert_true(fabs(kept.coverage - wanted.coverage) < 1e-12);
    assert_true(fabs(kept.low_density - wanted.low_density) < 1e-12);
    return kept;
}

static void support__is_that_of_plain_loops(void **state)
{
    static const double shifts[] = {0, 0.5, 10}, widths[] = {1, 0.3, 1e-7};
    for (size_t d = 1; d <= 16; d *= 4)
        for (size_t c = 0; c < 3; c++) {
            const struct ws_cloud human = {normals(*state, 1, 700 * d, 0, 1), 700, d};
            const struct ws_cloud model = {normals(*state, 2 + c, 531 * d, shifts[c], widths[c]),
                                           531, d};
            (void)measure(*state, &human, &model);
        }
    /* Distances on the edges of balls, all of them: a lattice against itself, and shifted. */
    double *lattice = WS_ARENA_NEW(*state, double, 400);
    double *shifted = WS_ARENA_NEW(*state, double, 400);
    assert_true(lattice && shifted);
    for (size_t i = 0; i < 400; i++) {
        size_t row = i / 2 / 14, column = i / 2 % 14;
        lattice[i] = (double)(i % 2 ? row : column);
        shifted[i] = lattice[i] + (i % 2 ? 0 : 1);
    }
    const struct ws_cloud human = {lattice, 200, 2}, model = {shifted, 200, 2};
    (void)measure(*state, &human, &human);
    (void)measure(*state, &human, &model);
}

/* A program that takes its arguments in the other order gives a model of one mode a recall of
 * nearly 1. Two modes far from each other, the model has one of them. */
static void support__a_model_that_lost_a_mode_has_precision_and_no_recall_there(void **state)
{
    enum { SIDE = 400, D = 8 };
    double *both = normals(*state, 1, 2 * SIDE * D, 0, 1);
    for (size_t i = 0; i < SIDE * D; i++)
        both[i] += 50;
    const struct ws_cloud human = {both, 2 * SIDE, D};
    const struct ws_cloud model = {normals(*state, 2, SIDE * D, 0, 1), SIDE, D};
    struct ws_support_kept kept = measure(*state, &human, &model);
    assert_true(kept.precision > 0.9);
    assert_true(kept.recall > 0.4 && kept.recall <= 0.5);
    assert_true(kept.coverage > 0.4 && kept.coverage <= 0.5);
    struct ws_support_kept exchanged = measure(*state, &model, &human);
    assert_true(exchanged.precision <= 0.5 && exchanged.recall > 0.9);
    /* One vector for ever: among the human ones, and none of them is anywhere near a ball of 0. */
    double *copies = WS_ARENA_NEW(*state, double, (size_t)SIDE *D);
    assert_non_null(copies);
    for (size_t i = 0; i < SIDE; i++)
        memcpy(copies + i * D, both, D * sizeof *copies);
    const struct ws_cloud point = {copies, SIDE, D};
    kept = measure(*state, &human, &point);
    assert_true(kept.precision == 1 && kept.recall == 0);
}

/* The sign that a public monitor got wrong: a model whose tail is gone has less mass where humans
 * are rare, and one that wanders off has more. */
static void support__mass_at_low_density_falls_with_the_tail_and_rises_beyond_it(void **state)
{
    enum { COUNT = 4000, D = 2 };
    const struct ws_cloud human = {normals(*state, 1, COUNT * D, 0, 1), COUNT, D};
    static const double widths[] = {1, 0.5, 2};
    double mass[3];
    for (size_t c = 0; c < 3; c++) {
        const struct ws_cloud model = {normals(*state, 2 + c, COUNT * D, 0, widths[c]), COUNT, D};
        mass[c] = measure(*state, &human, &model).low_density;
    }
    /* 4 standard errors of two shares of 4,000, the model's and the quantile's. */
    assert_true(fabs(mass[0] - 0.05) < 4 * sqrt(2 * 0.05 * 0.95 / COUNT));
    assert_true(mass[1] < 0.01 && mass[2] > 0.2);
}

/* Five items a place of a lattice, in the mean, whose distances to the fifth nearest are 0, 1 and
 * sqrt 2 alone, and another sample of the same: most are as far as the quantile, and yet the share
 * is 0.05. So it is where all human vectors are copies of one, of which a model makes more; what it
 * makes elsewhere is all beyond. */
static void support__mass_at_low_density_is_that_of_humans_where_distances_are_equal(void **state)
{
    enum { COUNT = 2000, SIDE = 20, D = 2 };
    double *places[2];
    struct ws_support support;
    for (size_t c = 0; c < 2; c++) {
        struct ws_rng rng;
        places[c] = WS_ARENA_NEW(*state, double, (size_t)COUNT *D);
        assert_non_null(places[c]);
        ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1 + c, 0, 0), 0);
        for (size_t i = 0; i < (size_t)COUNT * D; i++)
            places[c][i] = (double)ws_rng_below(&rng, SIDE);
    }
    const struct ws_cloud human = {places[0], COUNT, D}, model = {places[1], COUNT, D};
    assert_int_equal(ws_support_of(&human, 1, *state, &support, NULL), WS_OK);
    assert_true(support.far == 1 && support.far_weight < 0.2);
    double mass = measure(*state, &human, &model).low_density;
    assert_true(fabs(mass - 0.05) < 4 * sqrt(2 * 0.05 * 0.95 / COUNT));
    /* Squares that roots do not give back: every distance is sqrt 2 as large. */
    for (size_t i = 0; i < (size_t)COUNT; i++) {
        double *at = places[0] + i * D, x = at[0], y = at[1];
        at[0] = x + y, at[1] = x - y;
    }
    assert_int_equal(ws_support_of(&human, 1, *state, &support, NULL), WS_OK);
    assert_true(support.far == 2);
    mass = measure(*state, &human, &human).low_density;
    assert_true(mass < 0.05); /* every item has itself near */

    double *copies = WS_ARENA_ZNEW(*state, double, (size_t)COUNT *D);
    double *others = normals(*state, 7, (size_t)COUNT * D, 50, 1);
    assert_non_null(copies);
    const struct ws_cloud one = {copies, COUNT, D}, other = {others, COUNT, D};
    assert_true(fabs(measure(*state, &one, &one).low_density - 0.05) < 1e-12);
    assert_true(measure(*state, &one, &other).low_density == 1);
}

static void support__too_few_vectors_are_refused(void **state)
{
    struct ws_error err;
    struct ws_support support;
    struct ws_support_kept kept;
    struct ws_cloud human = {normals(*state, 1, 300, 0, 1), 99, 3};
    assert_int_equal(ws_support_of(&human, 1, *state, &support, &err), WS_INVALID);
    assert_string_equal(err.message, "99 vectors of the human side are too few to say where they "
                                     "lie: 100 at least");
    human.count = 100;
    assert_int_equal(ws_support_of(&human, 1, *state, &support, NULL), WS_OK);
    struct ws_cloud model = {human.vectors, 60, 3};
    assert_int_equal(ws_support_measure(&support, &model, 1, *state, &kept, &err), WS_INVALID);
    assert_string_equal(err.message,
                        "60 vectors of the model are too few to say where they lie: 100 at least");
    model = (struct ws_cloud){human.vectors, 150, 2};
    assert_int_equal(ws_support_measure(&support, &model, 1, *state, &kept, &err), WS_INVALID);
    assert_string_equal(err.message,
                        "human vectors of 3 numbers, the model's of 2: they do not compare");
}

static void support__every_allocation_may_fail(void **state)
{
    enum { COUNT = 600, D = 3 };
    const struct ws_cloud human = {normals(*state, 1, COUNT * D, 0, 1), COUNT, D};
    const struct ws_cloud model = {normals(*state, 2, COUNT * D, 0, 1), COUNT, D};
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_support support;
        struct ws_support_kept kept;
        ws_arena_init(&arena, &allocator);
        status = ws_support_of(&human, 2, &arena, &support, NULL);
        if (status == WS_OK)
            status = ws_support_measure(&support, &model, 2, &arena, &kept, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

/* ---- Others that refuse, and their ends ---- */

static struct ws_dataset vectors(struct ws_arena *arena, const double *values, uint64_t count)
{
    struct ws_dataset out;
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = WS_DATA_VECTORS;
    payload->dimension = 1;
    payload->vectors = values;
    payload->count = count;
    assert_int_equal(ws_dataset_of(payload, (struct ws_origin){0}, arena, &out, NULL), WS_OK);
    return out;
}

/* The mean over human samples is 1 whatever their size: of 19, whose edges are their ends, too. */
static void tails__human_samples_reach_both_ends_and_a_shift_is_seen_at_each(void **state)
{
    enum { SMALL = 19, ROUNDS = 4000 };
    double low = 0, squares = 0;
    struct ws_tail_edges edges;
    for (size_t r = 0; r < ROUNDS; r++) {
        struct ws_dataset human = vectors(*state, normals(*state, 2 * r, SMALL, 0, 1), SMALL);
        struct ws_dataset model = vectors(*state, normals(*state, 2 * r + 1, 20, 0, 1), 20);
        assert_int_equal(ws_tail_edges_of(&human, *state, &edges, NULL), WS_OK);
        double one = ws_tails_reached(&edges, &model).low;
        low += one / ROUNDS;
        squares += one * one / ROUNDS;
    }
    assert_true(fabs(low - 1) < 4 * sqrt((squares - low * low) / ROUNDS));
    struct ws_dataset human = vectors(*state, normals(*state, 1, 1000, 0, 1), 1000);
    struct ws_dataset right = vectors(*state, normals(*state, 2, 1000, 2, 1), 1000);
    struct ws_dataset narrow = vectors(*state, normals(*state, 3, 1000, 0, 0.1), 1000);
    assert_int_equal(ws_tail_edges_of(&human, *state, &edges, NULL), WS_OK);
    struct ws_tails_reached reached = ws_tails_reached(&edges, &right);
    assert_true(reached.low < 0.1 && reached.high > 5);
    reached = ws_tails_reached(&edges, &narrow);
    assert_true(reached.low == 0 && reached.high == 0);
    struct ws_error err;
    human = vectors(*state, normals(*state, 1, 18, 0, 1), 18);
    assert_int_equal(ws_tail_edges_of(&human, *state, &edges, &err), WS_INVALID);
    assert_string_equal(err.message, "18 human vectors have no tail of 1 in 20: 19 at least");
}

static void vendi__counts_kinds_and_orders_tell_rare_from_common(void **state)
{
    static const double three[] = {1, 1, 1}, uneven[] = {0.9, 0.05, 0.05}, none[] = {0, 0};
    (void)state;
    assert_true(fabs(ws_hill_number(three, 3, 1) - 3) < 1e-12);
    assert_true(fabs(ws_hill_number(three, 3, 0) - 3) < 1e-12);
    assert_true(fabs(ws_hill_number(three, 3, INFINITY) - 3) < 1e-12);
    double before = INFINITY;
    static const double orders[] = {0, 0.5, 1, 2, INFINITY};
    for (size_t i = 0; i < 5; i++) { /* an order that is ignored would not fall */
        double value = ws_hill_number(uneven, 3, orders[i]);
        assert_true(value < before);
        before = value;
    }
    assert_true(isnan(ws_hill_number(none, 2, 1)));
}

static void small_samples__are_refused_with_the_smallest_that_would_do(void **state)
{
    struct ws_error err;
    static const uint32_t ids[99] = {1};
    static const uint64_t ends[] = {99};
    const struct ws_payload text = {
        .kind = WS_DATA_TOKENS, .count = 1, .types = 2, .tokens = {.ids = ids, .ends = ends}};
    double value;
    assert_int_equal(ws_mtld(&text, *state, &value, &err), WS_INVALID);
    assert_string_equal(err.message, "MTLD of 99 tokens: 100 at least");
    uint64_t counts[60];
    struct ws_power_tail tail;
    for (size_t i = 0; i < 60; i++)
        counts[i] = 1 + (i == 59);
    assert_int_equal(ws_power_tail(counts, 49, *state, &tail, &err), WS_INVALID);
    assert_string_equal(err.message, "49 types with 1 different counts have no tail to fit: 50 "
                                     "types with two different counts at least");
    assert_int_equal(ws_power_tail(counts, 60, *state, &tail, NULL), WS_OK);
    assert_true(tail.from == 1 && tail.count == 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(neighbours__distances_are_those_of_doubles),
        TEST(neighbours__distances_that_floats_cannot_tell_are_right_too),
        TEST(neighbours__what_cannot_be_is_refused),
        TEST(support__is_that_of_plain_loops),
        TEST(support__a_model_that_lost_a_mode_has_precision_and_no_recall_there),
        TEST(support__mass_at_low_density_falls_with_the_tail_and_rises_beyond_it),
        TEST(support__mass_at_low_density_is_that_of_humans_where_distances_are_equal),
        TEST(support__too_few_vectors_are_refused),
        TEST(support__every_allocation_may_fail),
        TEST(tails__human_samples_reach_both_ends_and_a_shift_is_seen_at_each),
        TEST(vendi__counts_kinds_and_orders_tell_rare_from_common),
        TEST(small_samples__are_refused_with_the_smallest_that_would_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
