#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/discrete.h"

static const struct ws_family_ops *const family = &ws_family_discrete;
static const struct ws_origin ORIGINAL = {.source = WS_SOURCE_ORIGINAL};

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

static struct ws_dataset dataset_of(const struct ws_payload *payload, struct ws_arena *arena)
{
    struct ws_dataset data;
    assert_int_equal(ws_dataset_of(payload, ORIGINAL, arena, &data, NULL), WS_OK);
    return data;
}

static const struct ws_discrete_model *fit(const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_model *model;
    struct ws_rng_key key = {{0, 0}, 0};
    assert_int_equal(family->fit(NULL, 1, &data, &key, NULL, arena, &model, NULL), WS_OK);
    return (const struct ws_discrete_model *)model;
}

static const uint32_t four_symbols[] = {2, 2, 5, 0};
static const struct ws_payload symbols = {
    .kind = WS_DATA_SYMBOLS, .count = 4, .types = 6, .symbols = four_symbols};

static const uint32_t two_types[] = {1, 2};
static const uint64_t two_counts[] = {10, 3};
static const struct ws_payload counts = {
    .kind = WS_DATA_COUNTS,
    .count = 13,
    .types = 6,
    .counts = {.type = two_types, .count = two_counts, .size = 2}};

static void discrete__counts_symbols(void **state)
{
    struct ws_dataset data = dataset_of(&symbols, *state);
    const struct ws_discrete_model *model = fit(&data, *state);
    assert_int_equal(model->types, 6);
    assert_int_equal(model->total, 4);
    assert_int_equal(model->size, 3);
    const uint32_t type[] = {0, 2, 5};
    const uint64_t count[] = {1, 2, 1};
    assert_memory_equal(model->type, type, sizeof type);
    assert_memory_equal(model->count, count, sizeof count);
}

/* 10 : 3 to the power of 2, and the likeliest alone. */
static void discrete__biased_it_has_powers_of_its_shares(void **state)
{
    struct ws_dataset data = dataset_of(&counts, *state);
    const struct ws_discrete_model *model = fit(&data, *state);
    const struct ws_model *out;
    assert_int_equal(family->bias(&model->base, 0.5, *state, &out, NULL), WS_OK);
    const struct ws_discrete_model *biased = (const struct ws_discrete_model *)out;
    assert_int_equal(biased->size, 2);
    double share = (double)biased->count[0] / (double)biased->total;
    assert_true(fabs(share - 100.0 / 109) < 1e-15);
    assert_int_equal(biased->total, biased->count[0] + biased->count[1]);
    assert_int_equal(family->bias(&model->base, 0, *state, &out, NULL), WS_OK);
    biased = (const struct ws_discrete_model *)out;
    assert_int_equal(biased->size, 1);
    assert_int_equal(biased->type[0], 1);
    assert_true(biased->total > 0);
}

static void discrete__adds_the_counts_of_all_segments(void **state)
{
    const struct ws_dataset parts[] = {dataset_of(&counts, *state), dataset_of(&counts, *state)};
    struct ws_dataset data;
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &data, NULL), WS_OK);
    const struct ws_discrete_model *model = fit(&data, *state);
    assert_int_equal(model->total, 26);
    assert_int_equal(model->size, 2);
    const uint64_t count[] = {20, 6};
    assert_memory_equal(model->type, two_types, sizeof two_types);
    assert_memory_equal(model->count, count, sizeof count);
}

static void discrete__scores_by_shares(void **state)
{
    struct ws_dataset data = dataset_of(&symbols, *state);
    const struct ws_discrete_model *model = fit(&data, *state);
    static const uint32_t seen[] = {2, 0, 2};
    struct ws_payload payload = {.kind = WS_DATA_SYMBOLS, .count = 3, .types = 6, .symbols = seen};
    struct ws_dataset other = dataset_of(&payload, *state);
    double sum;
    uint64_t terms;
    assert_int_equal(family->log_density(&model->base, &other, *state, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, 3);
    assert_true(fabs(sum - (2 * log(0.5) + log(0.25))) < 1e-15);

    static const uint32_t unseen[] = {2, 4, 2};
    payload.symbols = unseen;
    other = dataset_of(&payload, *state);
    assert_int_equal(family->log_density(&model->base, &other, *state, &sum, &terms, NULL), WS_OK);
    assert_true(sum == -INFINITY && terms == 3);
}

static void discrete__samples_only_what_it_saw(void **state)
{
    struct ws_dataset data = dataset_of(&counts, *state);
    const struct ws_discrete_model *fitted = fit(&data, *state);
    const struct ws_model *model = &fitted->base;
    const struct ws_payload *payload;
    uint64_t n = 100000;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 0, 0);
    assert_int_equal(family->sample(1, &model, &n, &key, NULL, *state, &payload, NULL), WS_OK);
    assert_int_equal(payload->counts.size, 2);
    assert_memory_equal(payload->counts.type, two_types, sizeof two_types);
    assert_int_equal(payload->counts.count[0] + payload->counts.count[1], n);
    /* p = 10/13: four standard deviations of the binomial are 533. */
    assert_true(fabs((double)payload->counts.count[0] - 76923.08) < 533);
    n = 1; /* types that were not drawn are left out */
    assert_int_equal(family->sample(1, &model, &n, &key, NULL, *state, &payload, NULL), WS_OK);
    assert_int_equal(payload->counts.size, 1);
    assert_int_equal(payload->counts.count[0], 1);
}

static void discrete__refuses_stored_models_that_make_no_sense(void **state)
{
    struct {
        uint32_t type[2];
        uint64_t count[2];
    } cases[] = {
        {{3, 1}, {1, 1}},                 /* not ascending */
        {{1, 1}, {1, 1}},                 /* twice the same */
        {{1, 6}, {1, 1}},                 /* not below types */
        {{1, 2}, {1, 0}},                 /* nothing seen */
        {{1, 2}, {1, UINT64_C(1) << 63}}, /* total over the limit */
        {{1, 2}, {UINT64_MAX, 2}},        /* total wraps */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_discrete_model model = {.base = {family, NULL, 2},
                                          .types = 6,
                                          .size = 2,
                                          .type = cases[i].type,
                                          .count = cases[i].count,
                                          .total = 2};
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, 1000);
        family->save(&model.base, &out);
        const struct ws_model *loaded;
        assert_int_equal(family->load(NULL, ws_buffer_bytes(&out), *state, &loaded, NULL),
                         WS_CORRUPT);
        ws_buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(discrete__counts_symbols, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discrete__adds_the_counts_of_all_segments, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(discrete__biased_it_has_powers_of_its_shares, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(discrete__scores_by_shares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discrete__samples_only_what_it_saw, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discrete__refuses_stored_models_that_make_no_sense, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
