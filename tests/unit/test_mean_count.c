#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/count_law.h"
#include "models/mean_count.h"

static const struct ws_rng_key KEY = {{7, 8}, 1};

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

/* counts[i] items of type i. */
static struct ws_dataset items(const uint64_t *counts, uint32_t size, uint32_t types,
                               struct ws_arena *arena)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    assert_int_equal(ws_payload_of_counts(NULL, counts, size, types, arena, payload, NULL), WS_OK);
    struct ws_dataset data;
    assert_int_equal(ws_dataset_of(payload, (struct ws_origin){0}, arena, &data, NULL), WS_OK);
    return data;
}

static const struct ws_model *fit(const struct ws_family_ops *family, const struct ws_dataset *data,
                                  struct ws_arena *arena)
{
    const struct ws_model *model;
    assert_int_equal(family->fit(NULL, 1, &data, &KEY, NULL, arena, &model, NULL), WS_OK);
    return model;
}

static double mean_of(const struct ws_model *model)
{
    return ((const struct ws_mean_count_model *)model)->mean;
}

static const struct ws_payload *sample(const struct ws_model *model, uint64_t count,
                                       struct ws_arena *arena)
{
    const struct ws_payload *payload;
    assert_int_equal(model->ops->sample(1, &model, &count, &KEY, NULL, arena, &payload, NULL),
                     WS_OK);
    assert_int_equal(payload->count, count);
    return payload;
}

static void the_mean__is_that_of_all_items(void **state)
{
    static const uint32_t symbols[] = {1, 0, 0, 1, 0};
    static const uint64_t counts[] = {3, 4};
    const struct ws_payload payload = {
        .kind = WS_DATA_SYMBOLS, .count = 5, .types = 2, .symbols = symbols};
    struct ws_dataset single, counted = items(counts, 2, 2, *state), all;
    assert_int_equal(ws_dataset_of(&payload, (struct ws_origin){0}, *state, &single, NULL), WS_OK);
    assert_true(mean_of(fit(&ws_family_bernoulli, &single, *state)) == 2.0 / 5);
    assert_true(mean_of(fit(&ws_family_bernoulli, &counted, *state)) == 4.0 / 7);
    static const uint64_t many[] = {1, 0, 5, 0, 2};
    struct ws_dataset poisson = items(many, 5, 1000, *state);
    const struct ws_dataset parts[] = {poisson, poisson};
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &all, NULL), WS_OK);
    assert_true(mean_of(fit(&ws_family_poisson, &all, *state)) == 18.0 / 8);
    assert_int_equal(fit(&ws_family_poisson, &all, *state)->training_items, 16);
}

static void weights_of_items__count(void **state)
{
    static const uint64_t counts[] = {1, 0, 3}, other[] = {2, 2}, ones[] = {0, 3};
    struct ws_dataset parts[] = {items(counts, 3, 1000, *state), items(other, 2, 1000, *state)};
    struct ws_dataset all, heavy;
    assert_int_equal(ws_dataset_weigh(&parts[0], 0.25, *state, &parts[0], NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &all, NULL), WS_OK);
    /* (0.25 * 6 + 2) / (0.25 * 4 + 4) */
    assert_true(fabs(mean_of(fit(&ws_family_poisson, &all, *state)) - 0.7) < 1e-15);
    /* What is always 1 is so whatever it weighs. */
    struct ws_dataset sure = items(ones, 2, 2, *state);
    assert_int_equal(ws_dataset_weigh(&sure, 0.1, *state, &heavy, NULL), WS_OK);
    assert_true(mean_of(fit(&ws_family_bernoulli, &heavy, *state)) == 1);
}

static void other_data__are_refused(void **state)
{
    (void)state;
    struct ws_dataset example = {.kind = WS_DATA_COUNTS, .types = 3};
    struct ws_error err;
    assert_int_equal(ws_family_bernoulli.check(NULL, &example, 10, 0, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "takes 2 types, not 3"));
    assert_int_equal(ws_family_poisson.check(NULL, &example, 10, 0, &err), WS_OK);
    assert_int_equal(ws_family_poisson.check(NULL, &example, UINT64_C(1) << 40, 0, &err),
                     WS_INVALID);
}

static void samples__are_the_laws_own(void **state)
{
    static const uint64_t two[] = {7, 3}, counts[] = {0, 1, 0, 0, 1};
    struct ws_dataset pair = items(two, 2, 2, *state), data = items(counts, 5, 1000, *state);
    struct ws_payload wanted;
    struct ws_rng rng;
    ws_rng_init(&rng, KEY, 0);
    assert_int_equal(ws_draw_bernoulli(0.3, 50, &rng, *state, &wanted, NULL), WS_OK);
    const struct ws_payload *made = sample(fit(&ws_family_bernoulli, &pair, *state), 50, *state);
    assert_int_equal(made->counts.count[0], wanted.counts.count[0]);
    ws_rng_init(&rng, KEY, 0);
    assert_int_equal(ws_draw_poisson(2.5, 1000, 50, &rng, *state, &wanted, NULL), WS_OK);
    made = sample(fit(&ws_family_poisson, &data, *state), 50, *state);
    assert_int_equal(made->counts.size, wanted.counts.size);
    assert_memory_equal(made->counts.count, wanted.counts.count,
                        made->counts.size * sizeof(uint64_t));
}

static void a_count_that_is_no_type__is_refused(void **state)
{
    static const uint64_t counts[] = {0, 1};
    struct ws_dataset data = items(counts, 2, 2, *state);
    const struct ws_model *model = fit(&ws_family_poisson, &data, *state);
    const uint64_t count = 1000;
    const struct ws_payload *payload;
    struct ws_error err;
    assert_int_equal(model->ops->sample(1, &model, &count, &KEY, NULL, *state, &payload, &err),
                     WS_NUMERIC);
    assert_non_null(strstr(err.message, "counts are below 2"));
}

static void what_always_gives_the_same__is_absorbed(void **state)
{
    static const uint64_t none[] = {9, 0}, all[] = {0, 9}, some[] = {1, 8};
    struct ws_dataset zeros = items(none, 2, 2, *state), ones = items(all, 2, 2, *state);
    struct ws_dataset mixed = items(some, 2, 2, *state);
    assert_true(ws_family_bernoulli.absorbed(fit(&ws_family_bernoulli, &zeros, *state)));
    assert_true(ws_family_bernoulli.absorbed(fit(&ws_family_bernoulli, &ones, *state)));
    assert_false(ws_family_bernoulli.absorbed(fit(&ws_family_bernoulli, &mixed, *state)));
    assert_true(ws_family_poisson.absorbed(fit(&ws_family_poisson, &zeros, *state)));
    assert_false(ws_family_poisson.absorbed(fit(&ws_family_poisson, &ones, *state)));
}

static double density(const struct ws_model *model, const struct ws_dataset *data,
                      struct ws_arena *arena)
{
    double sum;
    uint64_t terms;
    assert_int_equal(model->ops->log_density(model, data, arena, &sum, &terms, NULL), WS_OK);
    assert_int_equal(terms, data->count);
    return sum;
}

static void densities__are_those_of_the_laws(void **state)
{
    static const uint64_t two[] = {3, 1}, one[] = {4, 0}, counts[] = {1, 2, 0, 1};
    struct ws_dataset pair = items(two, 2, 2, *state), zeros = items(one, 2, 2, *state);
    struct ws_dataset data = items(counts, 4, 1000, *state);
    const struct ws_model *p = fit(&ws_family_bernoulli, &pair, *state);
    assert_true(fabs(density(p, &pair, *state) - (3 * log(0.75) + log(0.25))) < 1e-14);
    assert_true(density(fit(&ws_family_bernoulli, &zeros, *state), &pair, *state) == -INFINITY);
    assert_true(density(fit(&ws_family_bernoulli, &zeros, *state), &zeros, *state) == 0);
    double mean = 5.0 / 4;
    double wanted = 5 * log(mean) - 4 * mean - log(6);
    assert_true(fabs(density(fit(&ws_family_poisson, &data, *state), &data, *state) - wanted) <
                1e-14);
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(the_mean__is_that_of_all_items),
        ARENA_TEST(weights_of_items__count),
        cmocka_unit_test(other_data__are_refused),
        ARENA_TEST(samples__are_the_laws_own),
        ARENA_TEST(a_count_that_is_no_type__is_refused),
        ARENA_TEST(what_always_gives_the_same__is_absorbed),
        ARENA_TEST(densities__are_those_of_the_laws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
