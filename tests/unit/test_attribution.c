/*
 * Attribution: the arithmetic of shares, by hand; how errors are switched off in each family; and
 * populations against samples so large that they are as good.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/attribution.h"
#include "lab/run.h"
#include "models/discrete.h"
#include "models/gaussian.h"
#include "models/gmm.h"
#include "models/kde.h"
#include "models/mean_count.h"
#include "models/regression.h"
#include "support/failing_heap.h"
#include "support/place.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Shares --------------------------------------------------------------------------------------- */

static void assert_close(double seen, double wanted)
{
    if (!(fabs(seen - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("%.17g, wanted %.17g", seen, wanted);
}

/* Statistical 1, expressivity 2, approximation 4, each alone; 3 more where the first two meet. */
static void shares__what_two_add_together_is_halved(void **state)
{
    (void)state;
    const double v[WS_ERROR_SETS] = {10, 11, 12, 16, 14, 15, 16, 20};
    double shares[WS_ERROR_SOURCES], interactions[WS_INTERACTIONS];
    ws_attribution_shares(v, shares);
    ws_attribution_interactions(v, interactions);
    assert_close(shares[WS_ERROR_STATISTICAL], 2.5);
    assert_close(shares[WS_ERROR_EXPRESSIVITY], 3.5);
    assert_close(shares[WS_ERROR_APPROXIMATION], 4);
    assert_close(interactions[0], 3);
    assert_close(interactions[1], 0);
    assert_close(interactions[2], 0);
    assert_close(interactions[3], 0);
}

/* The glove game (Shapley 1953): the first is worth something with either of the others alone. */
static void shares__of_the_glove_game_are_two_thirds_and_two_sixths(void **state)
{
    (void)state;
    const double v[WS_ERROR_SETS] = {0, 0, 0, 1, 0, 1, 0, 1};
    double shares[WS_ERROR_SOURCES], interactions[WS_INTERACTIONS];
    ws_attribution_shares(v, shares);
    ws_attribution_interactions(v, interactions);
    assert_close(shares[0], 2.0 / 3);
    assert_close(shares[1], 1.0 / 6);
    assert_close(shares[2], 1.0 / 6);
    assert_close(interactions[3], -1);
}

static void shares__sum_to_the_total_and_to_their_interactions(void **state)
{
    (void)state;
    const double v[WS_ERROR_SETS] = {0.3, -1.7, 2.9, 4.4, 0.01, -8, 1e3, 12.5};
    double shares[WS_ERROR_SOURCES], d[WS_INTERACTIONS];
    ws_attribution_shares(v, shares);
    ws_attribution_interactions(v, d);
    assert_close(shares[0] + shares[1] + shares[2], v[WS_ALL_ERRORS] - v[0]);
    assert_close(shares[0], v[1] - v[0] + d[0] / 2 + d[1] / 2 + d[3] / 3);
    assert_close(shares[2], v[4] - v[0] + d[1] / 2 + d[2] / 2 + d[3] / 3);
}

static void shares__an_error_that_changes_nothing_has_exactly_none(void **state)
{
    (void)state;
    const double v[WS_ERROR_SETS] = {0.1, 0.7, 0.1, 0.7, 0.3, 0.123, 0.3, 0.123};
    double shares[WS_ERROR_SOURCES];
    ws_attribution_shares(v, shares);
    assert_true(shares[WS_ERROR_EXPRESSIVITY] == 0);
}

/* An error of 8 that falls as 1/items is 0.5 on 16 times as many, and 7.5 is seen; one that falls
 * as their root is 2 then, and 6 is seen. To leave 1 of the latter it takes 4 times as many again.
 */
static void left__is_what_more_items_leave(void **state)
{
    (void)state;
    struct ws_left left = {.factor = 16, .noise = 1};
    ws_attribution_left(7.5, 16, &left);
    assert_close(left.low, 0.5);
    ws_attribution_left(-6, 16, &left);
    assert_close(left.high, 2);
    assert_true(left.wanted == 64);
    left.noise = 2;
    ws_attribution_left(-6, 16, &left);
    assert_true(left.wanted == 0);
    left.noise = NAN;
    ws_attribution_left(-6, 16, &left);
    assert_true(left.wanted == 0);
}

/* The error of 8 once more, whose noise is 0.2. Where it falls as 1/items, 7.5 is seen of it on 16
 * times as many and 7.875 on 64: 0.125 is left, and as roots 0.375 would be. */
static void left__is_told_by_two_factors(void **state)
{
    (void)state;
    struct ws_attributed before[] = {
        {.arm = "a", .metric = "other", .left = {.factor = 16}},
        {.arm = "a",
         .metric = "m",
         .shares[WS_ERROR_STATISTICAL] = {7.5, NAN, NAN},
         .left = {.factor = 16}},
        {.arm = "b", .metric = "m"},
    };
    struct ws_attributed now[] = {
        {.arm = "a",
         .metric = "m",
         .shares[WS_ERROR_STATISTICAL] = {7.875, NAN, NAN},
         .left = {.factor = 64, .noise = 0.2}},
        {.arm = "a", .metric = "new", .left = {.factor = 64, .low = 3}},
        {.arm = "b", .metric = "m"},
    };
    struct ws_attribution first = {before, COUNT(before), 10}, second = {now, COUNT(now), 10};
    ws_attribution_compare(&second, &first);
    assert_close(now[0].left.low, 0.125);
    assert_close(now[0].left.high, 0.375);
    assert_true(now[1].left.low == 3);
    assert_true(now[2].left.factor == 0 && now[2].left.high == 0);
    assert_true(ws_attribution_wanted(&second) == ceil(64 * 1.875 * 1.875));
}

/* Switches ------------------------------------------------------------------------------------- */

struct asked {
    struct ws_experiment experiment;
    struct ws_human *human;
    struct ws_counterfactuals made;
};

static enum ws_status ask(const char *yaml, struct asked *out, struct ws_error *err)
{
    struct ws_error error;
    if (ws_experiment_parse(ws_bytes_of(yaml, strlen(yaml)), "asked", "asked", NULL, 0, NULL,
                            &out->experiment, &error) != WS_OK ||
        ws_experiment_open_human(&out->experiment, NULL, &out->human, &error) != WS_OK)
        fail_msg("%s", error.message);
    return ws_counterfactuals_make(&out->experiment, out->human, 16, NULL, &out->made, err);
}

static void release(struct asked *asked)
{
    ws_counterfactuals_release(&asked->made);
    ws_human_close(asked->human);
    ws_experiment_release(&asked->experiment);
}

/* Texts of an n-gram that learnt from a text. */
#define TAUGHT(order)                                                                              \
    "source: teacher\nteacher_order: " #order "\ncorpus: " WS_SOURCE_DIR "/README.md"              \
    "\nblock: 8\nitems: 20\n"

/* The settings, which errors they make (a bit each), and how many different experiments. */
static void switches__of_every_family(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        unsigned made;
        size_t count;
    } cases[] = {
        {"family: discrete\nsource: zipf\nitems: 10\n", 1, 2},
        {"family: bernoulli\nsource: bernoulli\nitems: 10\n", 1, 2},
        {"family: poisson\nsource: poisson\nitems: 10\n", 1, 2},
        {"family: gaussian\nsource: normal\nitems: 10\n", 1, 2},
        {"family: gaussian\nsource: normal\nitems: 10\nfit_to: populations\npolicies: [replace]\n",
         0, 1},
        {"family: gaussian\nsource: normal\nitems: 10\npolicies: [replace, accumulate]\n", 1, 2},
        /* The policies that draw from outputs have more items; the others populations. */
        {"family: gaussian\nsource: normal\nitems: 10\n"
         "policies: [replace, accumulate-subsample]\n",
         1, 3},
        {"family: gaussian\nsource: moons\nitems: 10\n", 3, 4},
        {"family: gmm\nsource: circles\nitems: 10\n", 7, 6},
        {"family: kde\nsource: swiss-roll\nitems: 10\n", 3, 4},
        {"family: kde\nrule: none\nsource: moons\nitems: 10\n", 1, 2},
        {"family: gaussian\nsource: grid\nitems: 10\n", 3, 4},
        {"family: gmm\nsource: normal\nitems: 10\n", 5, 4},
        {"family: gmm\ncomponents: 2\nsource: grid\nitems: 40\n", 7, 8},
        {"family: kde\nsource: normal\nitems: 10\n", 3, 4},
        {"family: regression\nsource: linear\nitems: 40\ninputs: 3\n", 1, 2},
        {"family: regression\nsource: linear\nitems: 40\ninputs: 3\nridge: 0.1\n", 5, 4},
        {"family: regression\nsource: linear\nitems: 40\ninputs: 3\nknown_variance: 2\n", 3, 4},
        {"family: logistic\nsource: two-class\nitems: 40\ninputs: 3\nridge: 0.1\n"
         "label_noise: 0\n",
         5, 4},
        {"family: ngram\norder: 3\n" TAUGHT(2), 1, 2},
        {"family: ngram\norder: 1\n" TAUGHT(2), 3, 4},
        {"family: ngram\norder: 1\nsampling: kneser-ney\n" TAUGHT(2), 7, 8},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct asked asked;
        struct ws_error err;
        if (ask(cases[i].yaml, &asked, &err) != WS_OK)
            fail_msg("%s: %s", cases[i].yaml, err.message);
        unsigned made = 0;
        for (unsigned s = 0; s < WS_ERROR_SOURCES; s++)
            made |= (unsigned)asked.made.made[s] << s;
        if (made != cases[i].made || asked.made.count != cases[i].count)
            fail_msg("%s: errors %u, experiments %zu", cases[i].yaml, made, asked.made.count);
        assert_true(asked.made.all[0].sets & 1u << WS_ALL_ERRORS);
        assert_string_equal(asked.made.all[0].experiment.canonical, asked.experiment.canonical);
        release(&asked);
    }
}

static void switches__what_is_missing_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *words;
    } cases[] = {
        {"family: logistic\nsource: two-class\nitems: 40\nlabel_noise: 0.1\n", "made wrong"},
        {"family: gaussian\nsource: normal\nitems: [10, 20]\n", "'items' is varied"},
        {"family: ngram\nsource: text\ncorpus: " WS_SOURCE_DIR "/README.md"
         "\nblock: 8\nitems: 20\n",
         "source=teacher"},
        {"family: transformer\ncontext: 8\nsteps: 1\n" TAUGHT(2), "no transformer is known"},
        {"family: external\ntrain: a {data} {model}\nsample: b {model} {items} {out}\nsource: "
         "normal\nitems: 10\n",
         "no switches"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct asked asked;
        struct ws_error err;
        assert_true(ask(cases[i].yaml, &asked, &err) != WS_OK);
        if (!strstr(err.message, cases[i].words))
            fail_msg("%s: %s", cases[i].yaml, err.message);
        release(&asked);
    }
}

/* Subjects ------------------------------------------------------------------------------------- */

static const char varied[] = "family: gaussian\nsource: grid\nitems: [10, 20]\nseeds: 7\n"
                             "policies: [replace, keep:0.5]\n";

static enum ws_status parse_varied(const struct ws_allocator *allocator, struct ws_experiment *out)
{
    struct ws_error err;
    return ws_experiment_parse(ws_bytes_of(varied, strlen(varied)), "varied", "varied", NULL, 0,
                               allocator, out, &err);
}

/* Arms: replace, keep and control with 10 items, then with 20. */
static void subject__is_a_variation_or_one_arm(void **state)
{
    (void)state;
    struct ws_experiment e, subject;
    struct ws_error err;
    assert_int_equal(parse_varied(NULL, &e), WS_OK);
    assert_int_equal(e.arm_count, 6);
    const struct ws_subject all = {4, false, 3}, one = {4, true, 7};
    assert_int_equal(ws_subject_make(&e, &all, NULL, &subject, &err), WS_OK);
    assert_int_equal(subject.arm_count, 3);
    assert_int_equal(subject.arms[0].varied_count, 0);
    assert_int_equal(subject.data.items, 20);
    assert_int_equal(subject.settings.seeds, 3);
    ws_experiment_release(&subject);
    assert_int_equal(ws_subject_make(&e, &one, NULL, &subject, &err), WS_OK);
    assert_int_equal(subject.arm_count, 1);
    assert_string_equal(subject.arms[0].name, "keep:0.5");
    assert_int_equal(subject.data.items, 20);
    ws_experiment_release(&subject);
    ws_experiment_release(&e);
}

static void subject__and_counterfactuals_without_memory_fail_cleanly(void **state)
{
    (void)state;
    struct ws_experiment e;
    struct ws_human *human;
    struct ws_error err;
    assert_int_equal(parse_varied(NULL, &e), WS_OK);
    const struct ws_subject of_ten = {0, false, 2};
    struct ws_experiment plain;
    assert_int_equal(ws_subject_make(&e, &of_ten, NULL, &plain, &err), WS_OK);
    assert_int_equal(ws_experiment_open_human(&plain, NULL, &human, &err), WS_OK);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_experiment subject;
        struct ws_counterfactuals made;
        status = ws_subject_make(&e, &of_ten, &allocator, &subject, &err);
        if (status == WS_OK) {
            ws_experiment_release(&subject);
            status = ws_counterfactuals_make(&plain, human, 16, &allocator, &made, &err);
        }
        if (status == WS_OK)
            ws_counterfactuals_release(&made);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    ws_human_close(human);
    ws_experiment_release(&plain);
    ws_experiment_release(&e);
}

/* Reading -------------------------------------------------------------------------------------- */

/* The runs of an experiment with and without errors. */
struct runs {
    struct asked asked;
    struct place place;
    struct ws_arena arena;
    const char *directories[WS_COUNTERFACTUALS_MOST];
};

static void run_all(const char *yaml, struct runs *out)
{
    struct ws_error err;
    ws_arena_init(&out->arena, NULL);
    new_place(&out->place);
    if (ask(yaml, &out->asked, &err) != WS_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < out->asked.made.count; i++) {
        struct ws_counterfactual *one = &out->asked.made.all[i];
        struct ws_run_result result;
        struct ws_human *human;
        out->directories[i] = join(&out->arena, out->place.path, one->name);
        const struct ws_run_options options = {.directory = out->directories[i]};
        if (ws_experiment_open_human(&one->experiment, NULL, &human, &err) != WS_OK ||
            ws_run_execute(&one->experiment, human, &options, &result, &err) != WS_OK)
            fail_msg("%s", err.message);
        ws_arena_release(&result.arena);
        ws_human_close(human);
    }
}

static void release_runs(struct runs *runs)
{
    remove_place(&runs->place);
    release(&runs->asked);
    ws_arena_release(&runs->arena);
}

static const struct ws_attribution_query last = {2, 2, "w2_squared"};

static enum ws_status read_runs(const struct runs *runs, const struct ws_attribution_query *query,
                                struct ws_arena *arena, struct ws_attribution *out)
{
    struct ws_error err;
    return ws_attribution_read(&runs->asked.made, runs->directories, query, arena, out, &err);
}

/* One seed fewer than an interval takes has none; with that seed there is one, which holds what it
 * is of. */
static void rows__have_intervals_from_ten_seeds_on(void **state)
{
    (void)state;
    for (size_t seeds = WS_ATTRIBUTION_SEEDS - 1; seeds <= WS_ATTRIBUTION_SEEDS; seeds++) {
        char yaml[200];
        struct runs runs;
        struct ws_attribution read;
        (void)snprintf(yaml, sizeof yaml,
                       "family: gaussian\nsource: normal\nitems: 10\ngenerations: 3\n"
                       "seeds: %zu\npolicies: [replace]\ncontrol: false\n",
                       seeds);
        run_all(yaml, &runs);
        assert_int_equal(read_runs(&runs, &last, &runs.arena, &read), WS_OK);
        assert_int_equal(read.count, 1);
        const struct ws_attributed *row = &read.rows[0];
        const struct ws_shared_out *share = &row->shares[WS_ERROR_STATISTICAL];
        assert_int_equal(row->seeds, seeds);
        assert_true(row->total.value == row->values[WS_ALL_ERRORS] - row->values[0]);
        assert_close(share->value, row->total.value);
        if (seeds < WS_ATTRIBUTION_SEEDS) {
            assert_true(isnan(share->low) && isnan(share->high) && isnan(row->total.low));
            assert_true(isnan(row->interactions[0].low));
        } else {
            assert_true(share->low < share->value && share->value < share->high);
            assert_true(row->total.low < row->total.value && row->total.value < row->total.high);
            /* What one error does alone, no two do together. */
            for (size_t i = 0; i < WS_INTERACTIONS; i++)
                assert_true(row->interactions[i].low == 0 && row->interactions[i].high == 0);
        }
        release_runs(&runs);
    }
}

static void rows__without_memory_fail_cleanly(void **state)
{
    (void)state;
    struct runs runs;
    run_all("family: gaussian\nsource: normal\nitems: 10\ngenerations: 3\nseeds: 2\n"
            "policies: [replace]\ncontrol: false\n",
            &runs);
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_attribution read;
        ws_arena_init(&arena, &allocator);
        status = read_runs(&runs, &last, &arena, &read);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    release_runs(&runs);
}

/* Populations ---------------------------------------------------------------------------------- */

enum { MANY = 1000000 };

/* A population of a tenth human items and of what a model makes, against a fit to MANY of them. */
struct pair {
    struct ws_arena arena;
    struct asked asked;
    struct ws_deal deal;
    const struct ws_model *exact, *fitted;
};

static void fit_both(const char *yaml, struct pair *p)
{
    struct ws_error err;
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 7, 1);
    ws_arena_init(&p->arena, NULL);
    if (ask(yaml, &p->asked, &err) != WS_OK)
        fail_msg("%s", err.message);
    const struct ws_family_ops *ops = p->asked.experiment.family;
    const void *settings = p->asked.experiment.arms[0].family_settings;
    if (ws_human_deal(p->asked.human, 1, &p->arena, &p->deal, &err) != WS_OK)
        fail_msg("%s", err.message);
    const struct ws_dataset *original = &p->deal.original;
    const struct ws_model *first;
    if (ops->fit(settings, 1, &original, &key, NULL, &p->arena, &first, &err) != WS_OK)
        fail_msg("%s", err.message);

    const struct ws_population_part parts[] = {{0.1, NULL}, {0.9, first}};
    const struct ws_population population = {&p->deal, parts, 2, MANY, key};
    if (ops->fit_population(settings, &population, &p->arena, &p->exact, &err) != WS_OK)
        fail_msg("%s", err.message);

    const struct ws_payload *made;
    const struct ws_job job = {.threads = 1, .prompts = &original};
    struct ws_dataset human, own;
    const uint64_t count = MANY / 10 * 9;
    struct ws_segment segments[2];
    if (ops->sample(1, &first, &count, &key, &job, &p->arena, &made, &err) != WS_OK ||
        ws_deal_human(&p->deal, MANY / 10, key, &p->arena, &human, &err) != WS_OK ||
        ws_dataset_of(made, (struct ws_origin){0}, &p->arena, &own, &err) != WS_OK)
        fail_msg("%s", err.message);
    segments[0] = human.segments[0];
    segments[1] = own.segments[0];
    struct ws_dataset both = human;
    both.segments = segments;
    both.segment_count = 2;
    both.count = MANY;
    const struct ws_dataset *data = &both;
    if (ops->fit(settings, 1, &data, &key, NULL, &p->arena, &p->fitted, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static void release_pair(struct pair *p)
{
    release(&p->asked);
    ws_arena_release(&p->arena);
}

/* Within 4 standard errors of a number that has this deviation an item, about. */
static void assert_near(double seen, double wanted, double deviation)
{
    if (!(fabs(seen - wanted) <= 4 * deviation / sqrt(MANY)))
        fail_msg("%.9g, wanted %.9g", seen, wanted);
}

static void population__of_a_gaussian(void **state)
{
    (void)state;
    struct pair p;
    fit_both("family: gaussian\nsource: normal\ndimension: 2\nvariance: 4\nitems: 50\n", &p);
    const struct ws_gaussian_model *a = (const struct ws_gaussian_model *)p.exact;
    const struct ws_gaussian_model *b = (const struct ws_gaussian_model *)p.fitted;
    for (size_t i = 0; i < 2; i++)
        assert_near(b->mean[i], a->mean[i], 3);
    for (size_t i = 0; i < 4; i++)
        assert_near(b->covariance[i], a->covariance[i], 8);
    release_pair(&p);
}

static void population__of_symbols(void **state)
{
    (void)state;
    struct pair p;
    fit_both("family: discrete\nsource: zipf\ntypes: 20\nitems: 50\n", &p);
    const struct ws_discrete_model *a = (const struct ws_discrete_model *)p.exact;
    const struct ws_discrete_model *b = (const struct ws_discrete_model *)p.fitted;
    assert_int_equal(a->size, 20);
    assert_int_equal(b->size, 20);
    for (size_t i = 0; i < a->size; i++) {
        double x = (double)a->count[i] / (double)a->total;
        assert_near((double)b->count[i] / (double)b->total, x, sqrt(x));
    }
    release_pair(&p);
}

static void population__of_means_of_counts(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "family: bernoulli\nsource: bernoulli\nprobability: 0.3\nitems: 50\n",
        "family: poisson\nsource: poisson\nrate: 2.5\nitems: 50\n",
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct pair p;
        fit_both(settings[i], &p);
        const struct ws_mean_count_model *a = (const struct ws_mean_count_model *)p.exact;
        const struct ws_mean_count_model *b = (const struct ws_mean_count_model *)p.fitted;
        assert_near(b->mean, a->mean, 2);
        release_pair(&p);
    }
}

static void population__of_a_regression(void **state)
{
    (void)state;
    struct pair p;
    fit_both("family: regression\nsource: linear\ninputs: 2\nridge: 0.3\nitems: 50\n"
             "design: fresh\ndesign_variance: 3\nsample_noise: estimated\n",
             &p);
    const struct ws_regression_model *a = (const struct ws_regression_model *)p.exact;
    const struct ws_regression_model *b = (const struct ws_regression_model *)p.fitted;
    for (size_t i = 0; i < 2; i++)
        assert_near(b->weights[i], a->weights[i], 2);
    assert_near(b->variance, a->variance, 4);
    release_pair(&p);
}

/* What a population of these parts is under kernels, and the log density of it at x. */
static const struct ws_model *kernels_on(const struct asked *asked, const struct ws_deal *deal,
                                         const struct ws_population_part *parts, size_t count,
                                         struct ws_arena *arena)
{
    const struct ws_population population = {
        .truth = deal, .parts = parts, .part_count = count, .items = 50};
    const struct ws_model *out;
    struct ws_error err;
    if (ws_family_kde.fit_population(asked->experiment.arms[0].family_settings, &population, arena,
                                     &out, &err) != WS_OK)
        fail_msg("%s", err.message);
    return out;
}

static double log_density_at(const struct ws_model *model, double x, struct ws_arena *arena)
{
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 1, .dimension = 1, .vectors = &x};
    struct ws_dataset data;
    struct ws_error err;
    double sum;
    uint64_t terms;
    assert_int_equal(
        ws_dataset_of(&payload, (struct ws_origin){WS_SOURCE_FRESH, 0, 0}, arena, &data, &err),
        WS_OK);
    assert_int_equal(ws_family_kde.log_density(model, &data, arena, &sum, &terms, &err), WS_OK);
    assert_int_equal(terms, 1);
    return sum;
}

static double normal_density(double x, double mean, double variance)
{
    return exp(-0.5 * (x - mean) * (x - mean) / variance) / sqrt(2 * acos(-1) * variance);
}

/* Kernels of variance h^2 = 0.25 on two modes of variance 1: they are of 1.25. A quarter truth and
 * the rest of that again: of 1.25 and 1.5. A rule's kernels of items without end add nothing. */
static void population__of_kernels_is_the_truth_that_they_blur(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct asked asked;
    struct ws_deal deal;
    struct ws_error err;
    ws_arena_init(&arena, NULL);
    if (ask("family: kde\nbandwidth: 0.5\nsource: blobs\ncenters: [-3, 3]\nitems: 50\n", &asked,
            &err) != WS_OK ||
        ws_human_deal(asked.human, 1, &arena, &deal, &err) != WS_OK)
        fail_msg("%s", err.message);
    const struct ws_population_part truth = {1, NULL};
    const struct ws_model *first = kernels_on(&asked, &deal, &truth, 1, &arena);
    const struct ws_population_part parts[] = {{0.25, NULL}, {0.5, first}, {0.25, first}};
    const struct ws_model *second = kernels_on(&asked, &deal, parts, COUNT(parts), &arena);
    assert_int_equal(((const struct ws_kde_model *)second)->data.segment_count, 2);
    for (double x = -9; x < 9; x += 0.7) {
        const double once = normal_density(x, -3, 1.25) + normal_density(x, 3, 1.25);
        const double twice = normal_density(x, -3, 1.5) + normal_density(x, 3, 1.5);
        assert_close(log_density_at(first, x, &arena), log(once / 2));
        assert_close(log_density_at(second, x, &arena), log((0.25 * once + 0.75 * twice) / 2));
    }

    /* Of a sample: E x^2 = 9 + 1.25 / 4 + 1.5 * 3 / 4, and its square is 118 about. */
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 7, 1);
    const uint64_t count = MANY;
    const struct ws_payload *made;
    assert_int_equal(ws_family_kde.sample(1, &second, &count, &key, NULL, &arena, &made, &err),
                     WS_OK);
    double squares = 0;
    for (uint64_t i = 0; i < count; i++)
        squares += made->vectors[i] * made->vectors[i];
    assert_near(squares / MANY, 10.4375, 8);

    struct ws_buffer bytes, again;
    const struct ws_model *loaded;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_family_kde.save(second, &bytes);
    assert_int_equal(ws_family_kde.load(asked.experiment.arms[0].family_settings,
                                        ws_buffer_bytes(&bytes), &arena, &loaded, &err),
                     WS_OK);
    ws_family_kde.save(loaded, &again);
    assert_int_equal(bytes.size, again.size);
    assert_memory_equal(bytes.data, again.data, bytes.size);
    assert_true(loaded->training_items == second->training_items);
    ws_buffer_release(&bytes);
    ws_buffer_release(&again);

    struct ws_kde_settings settings =
        *(const struct ws_kde_settings *)asked.experiment.arms[0].family_settings;
    settings.rule = WS_KDE_SCOTT;
    const struct ws_population population = {
        .truth = &deal, .parts = &truth, .part_count = 1, .items = 50};
    const struct ws_model *narrow;
    assert_int_equal(ws_family_kde.fit_population(&settings, &population, &arena, &narrow, &err),
                     WS_OK);
    assert_close(log_density_at(narrow, 2.5, &arena),
                 log((normal_density(2.5, -3, 1) + normal_density(2.5, 3, 1)) / 2));
    ws_arena_release(&arena);
    release(&asked);
}

static void population__of_a_mixture_that_is_held_is_itself(void **state)
{
    (void)state;
    struct asked asked;
    struct ws_arena arena;
    struct ws_deal deal;
    struct ws_error err;
    const struct ws_model *model, *again;
    ws_arena_init(&arena, NULL);
    if (ask("family: gmm\ncomponents: 2\nsource: blobs\ncenters: [-3, 3]\nitems: 50\n"
            "tolerance: 1e-9\niterations: 10000\n",
            &asked, &err) != WS_OK ||
        ws_human_deal(asked.human, 1, &arena, &deal, &err) != WS_OK)
        fail_msg("%s", err.message);
    struct ws_gmm_settings settings =
        *(const struct ws_gmm_settings *)asked.experiment.arms[0].family_settings;
    const struct ws_population_part truth = {1, NULL};
    struct ws_population population = {
        .truth = &deal, .parts = &truth, .part_count = 1, .items = 50};
    assert_int_equal(ws_family_gmm.fit_population(&settings, &population, &arena, &model, &err),
                     WS_OK);
    const struct ws_gmm *mixture = &((const struct ws_gmm_model *)model)->mixture;
    assert_int_equal(mixture->components, 2);
    assert_true(mixture->weights[0] == 0.5 && mixture->means[0] == -3 && mixture->means[1] == 3);
    assert_true(mixture->covariances[0] == 1 && mixture->covariances[1] == 1);
    const struct ws_population_part parts[] = {{0.5, NULL}, {0.5, model}};
    population.parts = parts;
    population.part_count = 2;
    assert_int_equal(ws_family_gmm.fit_population(&settings, &population, &arena, &again, &err),
                     WS_OK);
    /* One Gaussian has the moments of both: 1 + 3^2, and the floor. */
    settings.components = 1;
    assert_int_equal(ws_family_gmm.fit_population(&settings, &population, &arena, &again, &err),
                     WS_OK);
    const struct ws_gmm *one = &((const struct ws_gmm_model *)again)->mixture;
    assert_true(fabs(one->means[0]) < 1e-9 && fabs(one->covariances[0] - 10 - 1e-6) < 1e-9);
    ws_arena_release(&arena);
    release(&asked);
}

/* Of texts by a trigram teacher and by a bigram model. Contexts that only end a block are the
 * exception; here they are few. */
static void population__of_texts_is_what_a_long_text_tells(void **state)
{
    (void)state;
    struct pair p;
    struct ws_error err;
    struct ws_item_score exact[20], fitted[20];
    fit_both("family: ngram\norder: 2\nsource: teacher\nteacher_order: 3\n"
             "corpus: " WS_SOURCE_DIR "/README.md\nunit: bytes\nblock: 8\nitems: 5000\n"
             "test_items: 20\n",
             &p);
    const struct ws_dataset *texts = &p.deal.reference;
    assert_int_equal(texts->count, COUNT(exact));
    assert_int_equal(ws_family_ngram.score(p.exact, texts, NULL, &p.arena, exact, &err), WS_OK);
    assert_int_equal(ws_family_ngram.score(p.fitted, texts, NULL, &p.arena, fitted, &err), WS_OK);
    /* A share p of n contexts is off by sqrt((1 - p) / (p n)): by 0.11 where p is a hundredth, and
     * a thousandth of 8 MANY tokens are such contexts; by 0.3 over 8 tokens. */
    for (size_t i = 0; i < COUNT(exact); i++)
        assert_near(exact[i].log_probability, fitted[i].log_probability, 0.3 * sqrt(MANY));

    /* What is stored is the same model again. */
    struct ws_buffer stored, again;
    const struct ws_model *loaded;
    ws_buffer_init(&stored, NULL, SIZE_MAX);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_family_ngram.save(p.exact, &stored);
    assert_int_equal(
        ws_family_ngram.load(p.exact->settings, ws_buffer_bytes(&stored), &p.arena, &loaded, &err),
        WS_OK);
    ws_family_ngram.save(loaded, &again);
    assert_true(stored.size == again.size && memcmp(stored.data, again.data, again.size) == 0);
    ws_buffer_release(&stored);
    ws_buffer_release(&again);
    release_pair(&p);
}

/* Modes that overlap, in a plane, and a fit in haste: nothing of it is known but by fitting. */
static void population__of_a_mixture_is_fitted_as_items_are(void **state)
{
    (void)state;
    struct pair p;
    fit_both("family: gmm\ncomponents: 2\niterations: 3\nsource: blobs\n"
             "centers: [-1.5 0, 1.5 0]\nitems: 1000\n",
             &p);
    for (int i = 0; i < 9; i++) {
        const double x[] = {i - 4, i % 3 - 1};
        const struct ws_payload payload = {
            .kind = WS_DATA_VECTORS, .count = 1, .dimension = 2, .vectors = x};
        struct ws_dataset data;
        struct ws_error err;
        double exact, fitted;
        uint64_t terms;
        assert_int_equal(ws_dataset_of(&payload, (struct ws_origin){0}, &p.arena, &data, &err),
                         WS_OK);
        assert_int_equal(ws_family_gmm.log_density(p.exact, &data, &p.arena, &exact, &terms, &err),
                         WS_OK);
        assert_int_equal(
            ws_family_gmm.log_density(p.fitted, &data, &p.arena, &fitted, &terms, &err), WS_OK);
        /* A log density has about the deviation of the score, x^2 and more; starts differ. */
        assert_near(exact, fitted, 10);
    }
    release_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares__what_two_add_together_is_halved),
        cmocka_unit_test(shares__of_the_glove_game_are_two_thirds_and_two_sixths),
        cmocka_unit_test(shares__sum_to_the_total_and_to_their_interactions),
        cmocka_unit_test(shares__an_error_that_changes_nothing_has_exactly_none),
        cmocka_unit_test(left__is_what_more_items_leave),
        cmocka_unit_test(left__is_told_by_two_factors),
        cmocka_unit_test(switches__of_every_family),
        cmocka_unit_test(switches__what_is_missing_is_said),
        cmocka_unit_test(subject__is_a_variation_or_one_arm),
        cmocka_unit_test(subject__and_counterfactuals_without_memory_fail_cleanly),
        cmocka_unit_test(rows__have_intervals_from_ten_seeds_on),
        cmocka_unit_test(rows__without_memory_fail_cleanly),
        cmocka_unit_test(population__of_a_gaussian),
        cmocka_unit_test(population__of_symbols),
        cmocka_unit_test(population__of_means_of_counts),
        cmocka_unit_test(population__of_a_regression),
        cmocka_unit_test(population__of_kernels_is_the_truth_that_they_blur),
        cmocka_unit_test(population__of_a_mixture_that_is_held_is_itself),
        cmocka_unit_test(population__of_texts_is_what_a_long_text_tells),
        cmocka_unit_test(population__of_a_mixture_is_fitted_as_items_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
