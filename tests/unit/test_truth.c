/* Contract of data/truth.h and of the Zipf sampler behind it. */
#include "data/truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/statistics.h"

enum { KNOWN = 1 << 20 }; /* what a table holds */

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

static struct ws_rng generator(uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 2, 0, 0), item);
    return rng;
}

static struct ws_truth truth_of(uint32_t types, double exponent, double first,
                                struct ws_arena *arena)
{
    struct ws_truth truth;
    assert_int_equal(ws_truth_init(&truth, types, exponent, first, arena, NULL), WS_OK);
    return truth;
}

/* Every rank a cell, over laws flat and steep, of few ranks and of many. */
static void zipf__follows_its_law(void **state)
{
    (void)state;
    static const double exponents[] = {0, 0.5, 1, 1.5, 3, 100},
                        firsts[] = {0.001, 0.4, 1, 2.7, 1e9};
    static const uint32_t types[] = {1, 2, 50, 1000};
    size_t draws = statistics_draws(200000);
    uint64_t item = 0;
    for (size_t e = 0; e < 6; e++) {
        for (size_t f = 0; f < 5; f++) {
            for (size_t t = 0; t < 4; t++) {
                uint64_t seen[1000] = {0};
                double expected[1000], sum = 0;
                struct ws_zipf zipf;
                struct ws_rng rng = generator(item++);
                ws_zipf_init(&zipf, types[t], exponents[e], firsts[f]);
                for (size_t i = 0; i < draws; i++) {
                    uint32_t rank = ws_sample_zipf(&zipf, &rng);
                    assert_true(rank < types[t]);
                    seen[rank]++;
                }
                for (uint32_t i = 0; i < types[t]; i++)
                    sum += expected[i] = pow(firsts[f] / (firsts[f] + i), exponents[e]);
                for (uint32_t i = 0; i < types[t]; i++)
                    expected[i] *= (double)draws / sum;
                double p = statistics_chi_squared_p(seen, expected, types[t]);
                assert_true(statistics_accept("zipf", p));
            }
        }
    }
}

/* Against the plain sum, in long double and smallest first, of three tables' worth of types. */
static void truth__beyond_its_table_is_exact(void **state)
{
    static const struct {
        double exponent, first;
    } laws[] = {{0, 1}, {0.5, 0.3}, {1, 1}, {1, 1e6}, {1.7, 2.7}, {100, 1e9}};
    enum { TYPES = 3 * KNOWN + 17 };
    for (size_t l = 0; l < sizeof laws / sizeof *laws; l += by_effort(3, 1, 1)) {
        double a = laws[l].exponent, first = laws[l].first;
        struct ws_truth truth = truth_of(TYPES, a, first, *state);
        long double sum = 0;
        for (uint32_t i = TYPES; i-- > 0;)
            sum += powl(first / ((long double)first + i), a);
        static const uint32_t types[] = {0, 1, KNOWN - 1, KNOWN, 2 * KNOWN, TYPES - 1};
        for (size_t i = 0; i < 6; i++) {
            long double expected = powl(first / ((long double)first + types[i]), a) / sum;
            double off = (double)(ws_truth_of(&truth, types[i]) / expected - 1);
            assert_true(fabs(off) < 1e-11);
        }
    }
}

static void truth__of_uniform_types_is_one_over_their_number(void **state)
{
    struct ws_truth truth = truth_of(100000000, 0, 1, *state);
    assert_true(ws_truth_of(&truth, 0) == 1e-8);
    assert_true(ws_truth_of(&truth, 99999999) == 1e-8);
}

/* Types in cells that double in size; cell c begins at type 2^c - 1. */
enum { CELLS = 40 };

static size_t cell_of(uint32_t type)
{
    return 63 - (size_t)__builtin_clzll((uint64_t)type + 1);
}

static void check_draw(uint32_t types, uint64_t items, double exponent, uint64_t item,
                       struct ws_arena *arena)
{
    struct ws_truth truth = truth_of(types, exponent, 1, arena);
    struct ws_rng rng = generator(item);
    struct ws_payload out;
    assert_int_equal(ws_truth_draw(&truth, items, &rng, arena, &out, NULL), WS_OK);
    uint64_t seen[CELLS] = {0}, sum = 0;
    double expected[CELLS] = {0};
    for (size_t i = 0; i < out.counts.size; i++) {
        assert_true(out.counts.type[i] < types && out.counts.count[i] > 0);
        assert_true(i == 0 || out.counts.type[i] > out.counts.type[i - 1]);
        seen[cell_of(out.counts.type[i])] += out.counts.count[i];
        sum += out.counts.count[i];
    }
    assert_true(sum == items && out.count == items && out.types == types);
    for (uint32_t i = 0; i < types; i++)
        expected[cell_of(i)] += ws_truth_of(&truth, i) * (double)items;
    double p = statistics_chi_squared_p(seen, expected, CELLS);
    assert_true(statistics_accept("draw from the truth", p));
}

/* Few types, many types with few items, and with more items than types. */
static void truth__is_what_draws_follow(void **state)
{
    static const double exponents[] = {0, 1, 1.5};
    for (uint64_t e = 0; e < 3; e++) {
        check_draw(5000, 100000, exponents[e], 400 + e, *state);
        check_draw(2 * KNOWN, 100000, exponents[e], 410 + e, *state);
        check_draw(KNOWN + 1000, 2 * KNOWN, exponents[e], 420 + e, *state);
        ws_arena_reset(*state);
    }
}

/* A heap that knows how much of it was ever in use at once. */
struct heap {
    size_t used, peak;
};

static void *counting_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = user;
    heap->used += new_size - old_size;
    heap->peak = heap->used > heap->peak ? heap->used : heap->peak;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

/* What 10^5 items of 10^8 types need goes with the items; with the types it would be 800 MB. */
static void truth__costs_no_memory_for_types_that_are_not_drawn(void **state)
{
    (void)state;
    struct heap heap = {0};
    const struct ws_allocator allocator = {counting_realloc, &heap};
    struct ws_arena arena;
    ws_arena_init(&arena, &allocator);
    for (uint64_t e = 0; e < 2; e++) {
        struct ws_truth truth = truth_of(100000000, (double)e, 1, &arena);
        struct ws_rng rng = generator(430 + e);
        struct ws_payload out;
        assert_int_equal(ws_truth_draw(&truth, 100000, &rng, &arena, &out, NULL), WS_OK);
        assert_true(out.count == 100000);
    }
    assert_true(heap.peak < 40 << 20);
    ws_arena_release(&arena);
    assert_int_equal(heap.used, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(zipf__follows_its_law),
        TEST(truth__beyond_its_table_is_exact),
        TEST(truth__of_uniform_types_is_one_over_their_number),
        TEST(truth__is_what_draws_follow),
        TEST(truth__costs_no_memory_for_types_that_are_not_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
