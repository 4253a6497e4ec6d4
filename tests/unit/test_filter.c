/*
 * Filters: exact numbers where they are exact, else within 4 standard errors of their laws, for
 * vectors, counts and texts.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/filter.h"
#include "models/gaussian.h"
#include "models/ngram.h"
#include "support/failing_heap.h"

static const struct ws_origin HUMAN = {.source = WS_SOURCE_ORIGINAL};
static const struct ws_origin MODEL = {WS_SOURCE_MODEL, 1, 7};

enum { FILTERS_MOST = 4 };

static struct ws_rng_key key_of(uint32_t step)
{
    return ws_rng_key(WS_STREAM_POLICY, 1, 7, step);
}

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

static struct ws_policy parsed(const char *text, struct ws_arena *arena)
{
    struct ws_policy policy;
    struct ws_error err;
    if (ws_policy_parse(text, arena, &policy, &err) != WS_OK)
        fail_msg("%s", err.message);
    return policy;
}

static struct ws_payload *payload_of(enum ws_data_kind kind, uint64_t count, struct ws_arena *arena)
{
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    assert_non_null(payload);
    payload->kind = kind;
    payload->count = count;
    return payload;
}

static struct ws_dataset of(const struct ws_payload *payload, struct ws_origin origin,
                            struct ws_arena *arena)
{
    struct ws_dataset data;
    assert_int_equal(ws_dataset_of(payload, origin, arena, &data, NULL), WS_OK);
    return data;
}

/* Vectors of one dimension: 0, 1, 2, ... */
static struct ws_dataset vectors(uint64_t count, struct ws_origin origin, struct ws_arena *arena)
{
    struct ws_payload *payload = payload_of(WS_DATA_VECTORS, count, arena);
    double *values = WS_ARENA_NEW(arena, double, count);
    assert_non_null(values);
    for (uint64_t i = 0; i < count; i++)
        values[i] = (double)i;
    payload->dimension = 1;
    payload->vectors = values;
    return of(payload, origin, arena);
}

/* counts[t] of type t < 4 */
static struct ws_dataset counts(const uint64_t counts[4], struct ws_origin origin,
                                struct ws_arena *arena)
{
    struct ws_payload *payload = payload_of(WS_DATA_COUNTS, 0, arena);
    assert_int_equal(ws_payload_of_counts(NULL, counts, 4, 4, arena, payload, NULL), WS_OK);
    return of(payload, origin, arena);
}

static struct ws_dataset both(struct ws_dataset a, struct ws_dataset b, struct ws_arena *arena)
{
    const struct ws_dataset parts[] = {a, b};
    struct ws_dataset all;
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &all, NULL), WS_OK);
    return all;
}

/* Half of them human, half of them a model's. */
static struct ws_dataset halves(uint64_t count, struct ws_arena *arena)
{
    return both(vectors(count / 2, HUMAN, arena), vectors(count - count / 2, MODEL, arena), arena);
}

static struct ws_dataset filtered_by(const char *text, const struct ws_filter_view *view,
                                     const struct ws_dataset *data, uint32_t step,
                                     struct ws_filtered done[FILTERS_MOST], struct ws_arena *arena)
{
    struct ws_policy policy = parsed(text, arena);
    struct ws_dataset out;
    struct ws_error err;
    if (ws_filters_apply(&policy, view, data, key_of(step), arena, &out, done, &err) != WS_OK)
        fail_msg("%s", err.message);
    return out;
}

static uint64_t items_of(const struct ws_dataset *data, enum ws_source source)
{
    uint64_t items = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        if (data->segments[s].origin.source == source)
            items += data->segments[s].count;
    return items;
}

/* A share of `trials` that has the probability p. */
static void assert_share(uint64_t seen, uint64_t trials, double p)
{
    double n = (double)trials, share = (double)seen / n;
    if (fabs(share - p) > 4 * sqrt(p * (1 - p) / n))
        fail_msg("saw %g of %g, wanted %g", share, n, p);
}

static const struct ws_filter_view NOTHING = {.threads = 1};

static void filter__a_sure_detector_drops_what_it_says_exactly(void **state)
{
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(100, *state);
    struct ws_dataset out =
        filtered_by("replace|drop-detected:1:0", &NOTHING, &data, 1, done, *state);
    assert_int_equal(out.count, 50);
    assert_int_equal(items_of(&out, WS_SOURCE_ORIGINAL), 50);
    for (uint64_t i = 0; i < 50; i++)
        assert_int_equal(ws_segment_item(&out.segments[0], i), i);
    assert_int_equal(out.depth, 0);
    assert_int_equal(done[0].in[WS_SOURCE_MODEL], 50);
    assert_int_equal(done[0].out[WS_SOURCE_MODEL], 0);
    assert_int_equal(done[0].in[WS_SOURCE_ORIGINAL], 50);
    assert_int_equal(done[0].out[WS_SOURCE_ORIGINAL], 50);
    out = filtered_by("replace|drop-detected:0:1", &NOTHING, &data, 1, done, *state);
    assert_int_equal(items_of(&out, WS_SOURCE_MODEL), 50);
    assert_int_equal(out.count, 50);
    out = filtered_by("replace|drop-detected:0:0", &NOTHING, &data, 1, done, *state);
    assert_int_equal(out.count, 100);
}

static void filter__a_detector_errs_as_often_as_it_says(void **state)
{
    enum { ITEMS = 100000 };
    static const uint64_t many[4] = {ITEMS / 2, 0, ITEMS / 4, ITEMS / 4};
    const struct ws_dataset kinds[] = {
        halves(2 * ITEMS, *state),
        both(counts(many, HUMAN, *state), counts(many, MODEL, *state), *state),
    };
    for (size_t k = 0; k < 2; k++) {
        struct ws_filtered done[FILTERS_MOST];
        struct ws_dataset out =
            filtered_by("replace|drop-detected:0.9:0.05", &NOTHING, &kinds[k], 1, done, *state);
        assert_share(items_of(&out, WS_SOURCE_MODEL), ITEMS, 0.1);
        assert_share(items_of(&out, WS_SOURCE_ORIGINAL), ITEMS, 0.95);
        assert_int_equal(done[0].out[WS_SOURCE_MODEL], items_of(&out, WS_SOURCE_MODEL));
        assert_int_equal(done[0].out[WS_SOURCE_ORIGINAL], items_of(&out, WS_SOURCE_ORIGINAL));
        assert_int_equal(done[0].in[WS_SOURCE_MODEL], ITEMS);
        if (kinds[k].kind == WS_DATA_COUNTS) /* whatever the type */
            assert_share(out.segments[0].payload->counts.count[0], ITEMS / 2, 0.95);
    }
}

/* P(U^(1/M) >= T) = 1 - T^M and P(1 - U^(1/H) >= T) = (1 - T)^H */
static void filter__confidence_has_the_laws_it_says(void **state)
{
    enum { ITEMS = 100000 };
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(2 * ITEMS, *state);
    struct ws_dataset out =
        filtered_by("replace|confidence:3:2|drop-above:0.6", &NOTHING, &data, 1, done, *state);
    assert_share(items_of(&out, WS_SOURCE_MODEL), ITEMS, 0.6 * 0.6 * 0.6);
    assert_share(items_of(&out, WS_SOURCE_ORIGINAL), ITEMS, 1 - 0.4 * 0.4);
    assert_int_equal(done[0].out[WS_SOURCE_MODEL], ITEMS);
}

static void filter__scores_stay_with_their_items(void **state)
{
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(10000, *state);
    struct ws_dataset once =
        filtered_by("replace|confidence:3:2|drop-above:0.4", &NOTHING, &data, 1, done, *state);
    struct ws_dataset twice = filtered_by("replace|confidence:3:2|drop-above:0.8|drop-above:0.4",
                                          &NOTHING, &data, 1, done, *state);
    assert_int_equal(twice.count, once.count);
    for (size_t s = 0; s < once.segment_count; s++)
        assert_memory_equal(once.segments[s].pick, twice.segments[s].pick,
                            once.segments[s].count * sizeof(uint32_t));
}

static void filter__resampling_gives_its_share_of_items_and_no_more_repeats(void **state)
{
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(1001, *state);
    struct ws_dataset out =
        filtered_by("replace|confidence:4:4|resample:10:3:1.5", &NOTHING, &data, 1, done, *state);
    assert_int_equal(out.count, 1502); /* 1501.5 */
    unsigned most = 0;
    for (size_t s = 0; s < out.segment_count; s++)
        for (uint64_t i = 0, run = 0; i < out.segments[s].count; i++) {
            const uint32_t *pick = out.segments[s].pick;
            run = i > 0 && pick[i] == pick[i - 1] ? run + 1 : 1;
            most = run > most ? (unsigned)run : most;
        }
    assert_int_equal(most, 3);
    assert_true(items_of(&out, WS_SOURCE_ORIGINAL) > items_of(&out, WS_SOURCE_MODEL));
    /* All of them R times */
    out = filtered_by("replace|confidence:4:4|resample:10:2:2", &NOTHING, &data, 1, done, *state);
    assert_int_equal(items_of(&out, WS_SOURCE_MODEL), 2 * 501);
    assert_int_equal(items_of(&out, WS_SOURCE_ORIGINAL), 2 * 500);
}

/* Of one human item and one of a model, with weights w = 1 - U^(1/2) and v uniform, the first that
 * is drawn is the model's with probability E[w / (w + v)] = 4/3 (1 - log 2). */
static void filter__resampling_draws_by_weight(void **state)
{
    enum { TRIALS = 20000 };
    struct ws_dataset data = halves(2, *state);
    uint64_t models = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        struct ws_arena arena;
        struct ws_filtered done[FILTERS_MOST];
        ws_arena_init(&arena, NULL);
        struct ws_dataset out = filtered_by("replace|confidence:2:1|resample:1:1:0.5", &NOTHING,
                                            &data, trial, done, &arena);
        assert_int_equal(out.count, 1);
        models += items_of(&out, WS_SOURCE_MODEL);
        ws_arena_release(&arena);
    }
    assert_share(models, TRIALS, 4.0 / 3 * (1 - log(2)));
}

static const struct ws_model *fitted(const struct ws_family_ops *family, const void *settings,
                                     const struct ws_dataset *data, struct ws_arena *arena)
{
    const struct ws_model *model;
    struct ws_rng_key init = key_of(0);
    assert_int_equal(family->fit(settings, 1, &data, &init, NULL, arena, &model, NULL), WS_OK);
    return model;
}

/* Of 0 .. 99 the least likely under a Gaussian round 49.5 are the outer ones. */
static void filter__surprising_vectors_are_far_from_the_mean(void **state)
{
    static const struct ws_gaussian_settings mle = {WS_GAUSSIAN_MLE};
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = vectors(100, MODEL, *state);
    const struct ws_model *model = fitted(&ws_family_gaussian, &mle, &data, *state);
    const struct ws_filter_view latest = {.latest = model, .threads = 1};
    const struct ws_filter_view first = {.first = model, .threads = 1};
    struct ws_dataset out =
        filtered_by("replace|keep-surprising:0.2", &latest, &data, 1, done, *state);
    assert_int_equal(out.count, 20);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(ws_segment_item(&out.segments[0], i), i < 10 ? i : 80 + i);
    /* The likelier half is the more suspect under model 0, too. */
    out = filtered_by("replace|likelihood|drop-above:0.5", &first, &data, 1, done, *state);
    assert_int_equal(out.count, 50);
    for (uint64_t i = 0; i < 50; i++)
        assert_int_equal(ws_segment_item(&out.segments[0], i), i < 25 ? i : 50 + i);
}

/* Rare types go on whole; equally likely items are a lottery. */
static void filter__surprising_counts_are_rare(void **state)
{
    static const uint64_t many[4] = {50, 30, 15, 5};
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = counts(many, MODEL, *state);
    const struct ws_filter_view view = {.latest = fitted(&ws_family_discrete, NULL, &data, *state),
                                        .threads = 1};
    struct ws_dataset out =
        filtered_by("replace|keep-surprising:0.4", &view, &data, 1, done, *state);
    const struct ws_payload *left = out.segments[0].payload;
    assert_int_equal(left->counts.size, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(left->counts.type[i], i + 1);
    assert_int_equal(left->counts.count[0], 20);
    assert_int_equal(left->counts.count[1], 15);
    assert_int_equal(left->counts.count[2], 5);
}

/* One of two, by exp(reward), of items whose reward is 0 or 1: 1 goes on from pairs (0, 1) with
 * probability e / (1 + e). Human items are nobody's to choose. */
static void filter__chosen_items_are_better(void **state)
{
    enum { ITEMS = 40001 };
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data =
        both(vectors(100, HUMAN, *state), vectors(ITEMS, MODEL, *state), *state);
    double *values = (double *)(uintptr_t)data.segments[1].payload->vectors;
    for (uint64_t i = 0; i < ITEMS; i++)
        values[i] = (double)(i % 2);
    struct ws_dataset out =
        filtered_by("replace|keep-chosen:2:1", &NOTHING, &data, 1, done, *state);
    assert_int_equal(items_of(&out, WS_SOURCE_ORIGINAL), 100);
    assert_int_equal(items_of(&out, WS_SOURCE_MODEL), ITEMS / 2);
    uint64_t ones = 0;
    for (uint64_t i = 0; i < ITEMS / 2; i++)
        ones += ws_segment_item(&out.segments[1], i) % 2;
    assert_share(ones, ITEMS / 2, 0.25 + 0.5 * M_E / (1 + M_E));
    /* A strong preference takes the best of every group, even where exp() overflows. */
    out = filtered_by("replace|keep-chosen:40001:1e6", &NOTHING, &data, 1, done, *state);
    assert_int_equal(items_of(&out, WS_SOURCE_MODEL), 1);
    assert_int_equal(ws_segment_item(&out.segments[1], 0) % 2, 1);
    /* Groups are drawn: sorted counts would else meet their own kind alone. */
    static const uint64_t many[4] = {10000, 0, 0, 10000};
    data = counts(many, MODEL, *state);
    out = filtered_by("replace|keep-chosen:2:1e6", &NOTHING, &data, 1, done, *state);
    assert_share(out.segments[0].payload->counts.count[1], 10000, 0.75);
}

/* "aba" and "abc" of human and of a model's: a's are sure, and b after an a is; other texts are not
 * touched. */
static void filter__human_texts_are_edited(void **state)
{
    static const uint32_t ids[] = {0, 1, 0, 0, 1, 2};
    static const uint64_t ends[] = {3, 6};
    static const struct ws_ngram_settings settings = {2, WS_NGRAM_MLE};
    struct ws_filtered done[FILTERS_MOST];
    struct ws_payload *payload = payload_of(WS_DATA_TOKENS, 2, *state);
    payload->types = 3;
    payload->tokens.ids = ids;
    payload->tokens.ends = ends;
    struct ws_dataset human = of(payload, HUMAN, *state), models = of(payload, MODEL, *state);
    struct ws_dataset data = both(human, models, *state);
    const struct ws_filter_view view = {
        .latest = fitted(&ws_family_ngram, &settings, &human, *state), .threads = 1};
    struct ws_dataset out = filtered_by("replace|edit:0.99", &view, &data, 1, done, *state);
    assert_int_equal(out.count, 4);
    assert_int_equal(done[0].tokens, 6);
    assert_int_equal(done[0].changed, 4);
    assert_int_equal(done[0].out[WS_SOURCE_ORIGINAL], 2);
    assert_memory_equal(out.segments[0].payload->tokens.ids, ids, sizeof ids); /* sure ones */
    assert_ptr_equal(out.segments[1].payload, payload);
    /* An item of a pick is edited as it is elsewhere; the last tokens are a or c. */
    out = filtered_by("replace|edit:0.4", &view, &data, 1, done, *state);
    assert_int_equal(done[0].changed, 6);
    assert_int_equal(out.segments[0].origin.source, WS_SOURCE_ORIGINAL);
    for (size_t i = 0; i < 6; i++)
        assert_true(out.segments[0].payload->tokens.ids[i] == ids[i] || i % 3 == 2);
    assert_int_not_equal(out.segments[0].payload->tokens.ids[2], 1);
}

static bool is_even(const struct ws_law *law, const double *vector)
{
    (void)law;
    return fmod(vector[0], 2) == 0;
}

static void filter__a_verifier_looks_at_labels_alone(void **state)
{
    enum { ITEMS = 40000 };
    static const struct ws_law_row labelled = {.name = "labelled", .is_right = is_even};
    static const struct ws_law law = {.row = &labelled, .dimension = 1};
    const struct ws_filter_view view = {.law = &law, .threads = 1};
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(ITEMS, *state);
    struct ws_dataset out = filtered_by("replace|keep-correct:1:0", &view, &data, 1, done, *state);
    assert_int_equal(out.count, ITEMS / 2);
    for (size_t s = 0; s < 2; s++)
        for (uint64_t i = 0; i < out.segments[s].count; i++)
            assert_int_equal(ws_segment_item(&out.segments[s], i), 2 * i);
    out = filtered_by("replace|keep-correct:0.8:0.3", &view, &data, 1, done, *state);
    uint64_t right = 0;
    for (size_t s = 0; s < 2; s++)
        for (uint64_t i = 0; i < out.segments[s].count; i++)
            right += ws_segment_item(&out.segments[s], i) % 2 == 0;
    assert_share(right, ITEMS / 2, 0.8);
    assert_share(out.count - right, ITEMS / 2, 0.3);
}

static void filter__one_behind_another_does_not_change_it(void **state)
{
    struct ws_filtered alone[FILTERS_MOST], first[FILTERS_MOST];
    struct ws_dataset data = halves(10000, *state);
    (void)filtered_by("replace|drop-detected:0.5:0.3", &NOTHING, &data, 1, alone, *state);
    struct ws_dataset out =
        filtered_by("replace|drop-detected:0.5:0.3|drop-detected:0.5:0.3|keep-chosen:2:0", &NOTHING,
                    &data, 1, first, *state);
    assert_memory_equal(alone[0].out, first[0].out, sizeof alone[0].out);
    assert_memory_equal(first[1].in, first[0].out, sizeof first[0].out);
    /* Nor does it draw the same numbers: the second would else drop nothing. */
    assert_share(first[1].out[WS_SOURCE_MODEL], first[1].in[WS_SOURCE_MODEL], 0.5);
    assert_int_equal(first[2].out[WS_SOURCE_MODEL], first[2].in[WS_SOURCE_MODEL] / 2);
    assert_int_equal(out.count, first[2].out[WS_SOURCE_MODEL] + first[2].out[WS_SOURCE_ORIGINAL]);
}

static void filter__items_keep_weight_and_origin(void **state)
{
    struct ws_filtered done[FILTERS_MOST];
    struct ws_dataset data = halves(100, *state);
    assert_int_equal(ws_dataset_weigh(&data, 0.25, *state, &data, NULL), WS_OK);
    struct ws_dataset out =
        filtered_by("replace|drop-detected:0.5:0.5", &NOTHING, &data, 1, done, *state);
    assert_int_equal(out.segment_count, 2);
    assert_true(out.segments[0].weight == 0.25 && out.segments[1].weight == 0.25);
    assert_int_equal(out.segments[1].origin.model, 7);
    assert_int_equal(out.depth, 1);
}

static void filter__what_leaves_nothing_is_an_error(void **state)
{
    struct ws_dataset data = vectors(10, MODEL, *state), out;
    struct ws_policy policy = parsed("replace|drop-detected:1:0|keep-chosen:2:1", *state);
    struct ws_filtered done[FILTERS_MOST];
    struct ws_error err;
    assert_int_equal(
        ws_filters_apply(&policy, &NOTHING, &data, key_of(1), *state, &out, done, &err),
        WS_NUMERIC);
    assert_string_equal(err.message, "filter 'drop-detected:1:0' left no item to train on");
}

static void filter__every_allocation_may_fail(void **state)
{
    static const struct ws_gaussian_settings mle = {WS_GAUSSIAN_MLE};
    struct ws_dataset data = halves(50, *state);
    const struct ws_model *model = fitted(&ws_family_gaussian, &mle, &data, *state);
    const struct ws_filter_view view = {.latest = model, .first = model, .threads = 1};
    struct ws_policy policy = parsed("replace|likelihood|resample:1:2:1.5|keep-surprising:0.5|"
                                     "keep-chosen:2:1",
                                     *state);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_dataset out;
        struct ws_filtered done[FILTERS_MOST];
        ws_arena_init(&arena, &allocator);
        status = ws_filters_apply(&policy, &view, &data, key_of(1), &arena, &out, done, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(status == (heap.failures > 0 ? WS_NO_MEMORY : WS_OK));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(filter__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sure_detector_drops_what_it_says_exactly),
        TEST(a_detector_errs_as_often_as_it_says),
        TEST(confidence_has_the_laws_it_says),
        TEST(scores_stay_with_their_items),
        TEST(resampling_gives_its_share_of_items_and_no_more_repeats),
        TEST(resampling_draws_by_weight),
        TEST(surprising_vectors_are_far_from_the_mean),
        TEST(surprising_counts_are_rare),
        TEST(chosen_items_are_better),
        TEST(human_texts_are_edited),
        TEST(a_verifier_looks_at_labels_alone),
        TEST(one_behind_another_does_not_change_it),
        TEST(items_keep_weight_and_origin),
        TEST(what_leaves_nothing_is_an_error),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
