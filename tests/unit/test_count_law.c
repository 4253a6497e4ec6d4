#include "data/count_law.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "data/human.h"
#include "support/statistics.h"

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

static struct ws_rng rng_of(uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{3, 4}, 0}, item);
    return rng;
}

static void bernoulli__counts_are_binomial(void **state)
{
    enum { SETS = 20000, N = 5 };
    size_t sets = statistics_draws(SETS);
    uint64_t seen[N + 1] = {0};
    double expected[N + 1];
    for (size_t i = 0; i < sets; i++) {
        struct ws_rng rng = rng_of(i);
        struct ws_payload made;
        assert_int_equal(ws_draw_bernoulli(0.3, N, &rng, *state, &made, NULL), WS_OK);
        assert_true(made.kind == WS_DATA_COUNTS && made.count == N && made.types == 2);
        size_t last = made.counts.size - 1;
        seen[made.counts.type[last] == 1 ? made.counts.count[last] : 0]++;
    }
    for (int k = 0; k <= N; k++)
        expected[k] = (double)sets * tgamma(N + 1) / tgamma(k + 1) / tgamma(N - k + 1) *
                      pow(0.3, k) * pow(0.7, N - k);
    assert_true(statistics_accept("binomial", statistics_chi_squared_p(seen, expected, N + 1)));
}

static void bernoulli__is_sure_at_the_ends(void **state)
{
    struct ws_rng rng = rng_of(0);
    struct ws_payload made;
    for (uint32_t p = 0; p <= 1; p++) {
        assert_int_equal(ws_draw_bernoulli(p, 9, &rng, *state, &made, NULL), WS_OK);
        assert_int_equal(made.counts.size, 1);
        assert_int_equal(made.counts.type[0], p);
    }
}

static void poisson__items_have_their_law(void **state)
{
    enum { ITEMS = 100000, CELLS = 20 };
    size_t items = statistics_draws(ITEMS);
    struct ws_rng rng = rng_of(0);
    struct ws_payload made;
    uint64_t seen[CELLS] = {0};
    double expected[CELLS], term = (double)items * exp(-2.5);
    assert_int_equal(ws_draw_poisson(2.5, WS_POISSON_TYPES, items, &rng, *state, &made, NULL),
                     WS_OK);
    assert_true(made.kind == WS_DATA_COUNTS && made.count == items);
    for (size_t i = 0; i < made.counts.size; i++)
        seen[made.counts.type[i] < CELLS ? made.counts.type[i] : CELLS - 1] += made.counts.count[i];
    for (int k = 0; k < CELLS; k++, term *= 2.5 / k)
        expected[k] = term;
    assert_true(statistics_accept("Poisson", statistics_chi_squared_p(seen, expected, CELLS)));
}

static void poisson__counts_have_a_limit(void **state)
{
    struct ws_rng rng = rng_of(0);
    struct ws_payload made;
    struct ws_error err;
    assert_int_equal(ws_draw_poisson(1, 2, 1000, &rng, *state, &made, &err), WS_NUMERIC);
    assert_non_null(strstr(err.message, "counts are below 2"));
    assert_int_equal(ws_draw_poisson(1, 2, WS_POISSON_ITEMS + 1, &rng, *state, &made, &err),
                     WS_LIMIT);
}

/* Both as sources of human data. */
static void sources__deal_their_counts(void **state)
{
    static const enum ws_human_source sources[] = {WS_HUMAN_BERNOULLI, WS_HUMAN_POISSON};
    static const uint32_t types[] = {2, WS_POISSON_TYPES};
    static const double means[] = {0.2, 7}, deviations[] = {0.4, 2.6457513110645906};
    for (size_t i = 0; i < 2; i++) {
        struct ws_human_settings settings = {
            .source = sources[i], .items = 20000, .test_items = 10, .probability = 0.2, .rate = 7};
        struct ws_human *human;
        struct ws_deal deal;
        struct ws_dataset fresh;
        assert_int_equal(ws_human_open(&settings, NULL, &human, NULL, NULL), WS_OK);
        assert_int_equal(ws_human_shape(human)->kind, WS_DATA_COUNTS);
        assert_int_equal(ws_human_shape(human)->types, types[i]);
        assert_int_equal(ws_human_deal(human, 1, *state, &deal, NULL), WS_OK);
        assert_int_equal(ws_deal_fresh(&deal, 3, 0, 20000, *state, &fresh, NULL), WS_OK);
        assert_int_equal(deal.reference.count, 10);
        const struct ws_dataset *sets[] = {&deal.original, &fresh};
        for (size_t s = 0; s < 2; s++) {
            double sum = 0;
            const struct ws_payload *payload = sets[s]->segments[0].payload;
            for (size_t k = 0; k < payload->counts.size; k++)
                sum += payload->counts.type[k] * (double)payload->counts.count[k];
            assert_true(fabs(sum / 20000 - means[i]) <= 4 * deviations[i] / sqrt(20000));
        }
        ws_human_close(human);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bernoulli__counts_are_binomial), TEST(bernoulli__is_sure_at_the_ends),
        TEST(poisson__items_have_their_law),  TEST(poisson__counts_have_a_limit),
        TEST(sources__deal_their_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
