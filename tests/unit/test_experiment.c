/*
 * Experiments: settings and where they come from, faults told with their place, arms and the keys
 * that identify them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "lab/experiment.h"
#include "models/gaussian.h"
#include "models/ngram.h"
#include "support/failing_heap.h"
#include "support/laboratory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char discrete[] = "family: discrete\nsource: zipf\n";

static struct ws_experiment parsed(const char *text, const struct ws_override *overrides,
                                   size_t count)
{
    struct ws_experiment experiment;
    struct ws_error err;
    if (ws_experiment_parse(ws_bytes_of_text(text), "test", "test.yaml", overrides, count, NULL,
                            &experiment, &err) != WS_OK)
        fail_msg("%s", err.message);
    return experiment;
}

static struct ws_experiment with(const char *text, const char *name, const char *value)
{
    const struct ws_override override = {name, value};
    return parsed(text, &override, 1);
}

/* What is said of a fault; WS_INVALID always. */
static const char *refusal(const char *text, const struct ws_override *overrides, size_t count)
{
    static struct ws_error err;
    struct ws_experiment experiment;
    assert_int_equal(ws_experiment_parse(ws_bytes_of_text(text), "test", "test.yaml", overrides,
                                         count, NULL, &experiment, &err),
                     WS_INVALID);
    return err.message;
}

/* Settings ------------------------------------------------------------------------------------- */

/* A family that takes each item for one would leave the weights without effect. */
static void experiment__weights_need_a_family_that_honours_them(void **state)
{
    (void)state;
    struct ws_experiment e;
    struct ws_error err;
    static const char text[] = "family: discrete\nsource: zipf\npolicies: [naive, golden-ratio]\n";
    assert_int_equal(
        ws_experiment_parse(ws_bytes_of_text(text), "test", "test.yaml", NULL, 0, NULL, &e, &err),
        WS_INVALID);
    assert_string_equal(err.message,
                        "test.yaml:3: policy 'golden-ratio' weighs items, fits of family "
                        "'discrete' take each for one");
}

static void experiment__defaults_fill_what_is_not_given(void **state)
{
    (void)state;
    struct ws_experiment e = parsed("family: gaussian\n", NULL, 0);
    assert_string_equal(e.name, "test");
    assert_string_equal(e.settings.title, "");
    assert_ptr_equal(e.family, &ws_family_gaussian);
    assert_int_equal(e.settings.generations, 10);
    assert_int_equal(e.settings.seeds, 5);
    assert_int_equal(e.settings.measure_every, 1);
    assert_int_equal(e.settings.threads, 0);
    assert_int_equal(e.settings.keep_every, 0);
    assert_true(e.settings.checkpoint_seconds == 5);
    assert_int_equal(e.growth.law, WS_GROWTH_CONSTANT);
    assert_int_equal(e.data.source, WS_HUMAN_NORMAL);
    assert_int_equal(e.data.items, 100);
    assert_int_equal(e.arms[0].data->sample_items, 0); /* of vectors, only when asked for */
    const struct ws_gaussian_settings *family = e.family_settings;
    assert_int_equal(family->estimator, WS_GAUSSIAN_UNBIASED);
    /* The default policy, and the control beside it. */
    assert_int_equal(e.arm_count, 2);
    assert_string_equal(e.arms[0].name, "replace");
    assert_string_equal(e.arms[1].name, "control");
    ws_experiment_release(&e);
}

static void experiment__a_source_may_have_defaults_of_its_own(void **state)
{
    (void)state;
    struct ws_experiment e = parsed("family: gaussian\n", NULL, 0);
    assert_true(e.data.law.dimension == 1 && e.data.law.std == 1);
    ws_experiment_release(&e);
    e = with("family: gaussian\n", "source", "blobs");
    assert_true(e.data.law.dimension == 2 && e.data.law.std == 1);
    assert_non_null(strstr(e.canonical, "\ndimension=2\nstd=1\nlayout=even\nblobs=3\n"));
    ws_experiment_release(&e);
    e = with("family: gaussian\n", "source", "grid");
    assert_true(e.data.law.std == 0.05);
    ws_experiment_release(&e);
    e = with("family: gaussian\nstd: 1\n", "source", "grid");
    assert_true(e.data.law.std == 1);
    ws_experiment_release(&e);
}

static void experiment__overrides_win_over_the_file_and_later_ones_over_earlier(void **state)
{
    (void)state;
    static const struct ws_override overrides[] = {
        {"seeds", "3"}, {"items", "1k"}, {"seeds", "4"}, {"metric_items", "50"}};
    struct ws_experiment e =
        parsed("seeds: 2\nitems: 10\nfamily: gaussian\nestimator: mle\n", overrides, 4);
    assert_int_equal(e.settings.seeds, 4);
    assert_int_equal(e.data.items, 1000);
    assert_int_equal(e.arms[0].data->sample_items, 50);
    assert_int_equal(((struct ws_gaussian_settings *)e.family_settings)->estimator,
                     WS_GAUSSIAN_MLE);
    ws_experiment_release(&e);
}

static void experiment__overrides_need_not_live_on(void **state)
{
    (void)state;
    char name[] = "seeds", value[] = "7";
    struct ws_experiment e = with("family: gaussian\n", name, value);
    memset(name, 'x', sizeof name - 1);
    memset(value, 'x', sizeof value - 1);
    assert_int_equal(e.settings.seeds, 7);
    assert_string_equal(ws_experiment_place(&e, "seeds"), "--set");
    ws_experiment_release(&e);
}

static void experiment__the_family_may_come_from_an_override(void **state)
{
    (void)state;
    struct ws_experiment e = with("seeds: 2\n", "family", "discrete");
    assert_ptr_equal(e.family, &ws_family_discrete);
    assert_string_equal(e.settings.family, "discrete");
    ws_experiment_release(&e);
}

#define TRANSFORMER "family: transformer\nsource: text\ncorpus: a\n"
#define UNVALIDATED                                                                                \
    " has no meaning without validation data: set 'validation_items' or 'validation_corpus'"

static void experiment__faults_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"seeds: 2\n", "test.yaml: 'family' is missing, wanted discrete, gaussian, gmm, kde, "
                       "regression, logistic, bernoulli, poisson, ngram, transformer or external"},
        {"\nfamily: discreet\n",
         "test.yaml:2: unknown family 'discreet'; did you mean 'discrete'?"},
        {"family: diffusion\n",
         "test.yaml:1: unknown family 'diffusion', wanted discrete, gaussian, gmm, kde, "
         "regression, logistic, bernoulli, poisson, ngram, transformer or external"},
        {"family: discrete\ngeneratoins: 3\n",
         "test.yaml:2: unknown setting 'generatoins'; did you mean 'generations'?"},
        {"family: discrete\nestimator: mle\n",
         "test.yaml:2: 'estimator' belongs to family 'gaussian', this experiment's is 'discrete'"},
        {"family: gaussian\norder: 2\n",
         "test.yaml:2: 'order' belongs to family 'ngram', this experiment's is 'gaussian'"},
        {"family: gaussian\nsource: normal\n\ntypes: 5\n",
         "test.yaml:4: 'types' has no meaning for source 'normal'"},
        {"family: gaussian\nsource: moons\nvariance: 2\n",
         "test.yaml:3: 'variance' has no meaning for source 'moons'"},
        {"family: gaussian\nsource: blobs\ncenters: [0 0]\nbox: 2\n",
         "test.yaml:4: 'box' has no meaning beside 'centers'"},
        {"family: discrete\nsource: uniform\nexponent: 1\n",
         "test.yaml:3: 'exponent' has no meaning for source 'uniform'"},
        {"family: discrete\nsource: words\nblock: 10\ncorpus: a\n",
         "test.yaml:3: 'block' has no meaning for source 'words'"},
        {"family: gaussian\nitems: 0\n",
         "test.yaml:2: 'items' is '0', wanted at least 1: a generator never ends"},
        {"family: ngram\nsource: text\ncorpus: a\nvalidation_items: 3\n",
         "test.yaml:4: 'validation_items' has no meaning for family 'ngram'"},
        {"family: discrete\nsource: words\ncorpus: a\ntest_corpus: b\n",
         "test.yaml:4: 'test_corpus' has no meaning for source 'words'"},
        {"family: ngram\nsource: text\n",
         "test.yaml: 'corpus' is missing, wanted a text file or directory"},
        {"family: gaussian\ngrowth: fast\n",
         "test.yaml:2: 'growth' is 'fast', wanted constant, linear:RATE, power:EXPONENT or "
         "geometric:FACTOR"},
        {"family: gaussian\npolicies: [replace, kep:0.1]\n",
         "test.yaml:2: unknown policy 'kep'; did you mean 'keep'?"},
        {"family: gaussian\npolicies: [keep:0.1, keep:0.10]\n",
         "test.yaml:2: policy 'keep:0.1' is given twice"},
        {"family: gaussian\npolicies: []\ncontrol: false\n",
         "test.yaml:2: 'policies' is empty and 'control' is false: nothing to run"},
        {"family: gaussian\ngrowth: linear:1\npolicies: keep:1\n",
         "test.yaml:3: policy 'keep:1' needs 200 original items at generation 1, there are 100"},
        {"family: discrete\nsource: words\ncorpus: a\nfresh_items: 20\npolicies: fresh:0.1\n"
         "generations: 4\n",
         "test.yaml:5: policy 'fresh:0.1' needs 30 fresh items for 4 generations, the stream "
         "holds fresh_items=20"},
        {"family: discrete\nsource: words\ncorpus: a\nfresh_items: 20\nmetric_items: 121\n",
         "test.yaml:5: 'metric_items' is 121, wanted at most items=100 + fresh_items=20, for human "
         "samples of the same size"},
        {TRANSFORMER "base: model\nlayers: 2\n",
         "test.yaml:5: 'layers' has no meaning beside 'base', whose model has its own"},
        {TRANSFORMER "start_token: 0\nbase: model\n",
         "test.yaml:4: 'start_token' has no meaning beside 'base', whose model has its own"},
        {TRANSFORMER "base: model\nvary: [width=8|16]\n",
         "test.yaml:5: 'width' has no meaning beside 'base', whose model has its own"},
        {TRANSFORMER "vary: [base=a|b]\ntied: true\n",
         "test.yaml:5: 'tied' has no meaning beside 'base', whose model has its own"},
        {TRANSFORMER "keep_best: true\n", "test.yaml:4: 'keep_best'" UNVALIDATED},
        {TRANSFORMER "keep_best: false\npatience: 3\n", "test.yaml:5: 'patience'" UNVALIDATED},
        {TRANSFORMER "validate_every: 10\n", "test.yaml:4: 'validate_every'" UNVALIDATED},
        {TRANSFORMER "vary: [patience=0|2]\n", "test.yaml:4: 'patience'" UNVALIDATED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(refusal(cases[i].text, NULL, 0), cases[i].message);
}

static void experiment__validation_data_of_either_kind_let_a_fit_validate(void **state)
{
    (void)state;
    static const char *const texts[] = {
        TRANSFORMER "keep_best: true\npatience: 3\nvalidation_items: 5\n",
        TRANSFORMER "validate_every: 10\nvalidation_corpus: b\n",
        TRANSFORMER "keep_best: false\npatience: 0\nvalidate_every: 0\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct ws_experiment e = parsed(texts[i], NULL, 0);
        ws_experiment_release(&e);
    }
}

static void experiment__a_value_out_of_range_names_place_and_range(void **state)
{
    (void)state;
    const char *message = refusal("family: gaussian\nseeds: 0\n", NULL, 0);
    assert_non_null(strstr(message, "test.yaml:2: 'seeds' is '0', wanted a whole number from 1"));
    message = refusal("family: gaussian\nestimator: mel\n", NULL, 0);
    assert_non_null(strstr(message, "test.yaml:2: 'estimator' is 'mel'"));
}

static void experiment__a_fault_of_an_override_is_told_as_one(void **state)
{
    (void)state;
    static const struct ws_override unknown[] = {{"sedes", "3"}};
    assert_string_equal(refusal("family: gaussian\n", unknown, 1),
                        "--set: unknown setting 'sedes'; did you mean 'seeds'?");
    static const struct ws_override policy[] = {{"policies", "nothing"}};
    assert_non_null(strstr(refusal("family: gaussian\npolicies: replace\n", policy, 1),
                           "--set: unknown policy 'nothing', wanted replace"));
    static const struct ws_override family[] = {{"family", "discrete"}};
    assert_string_equal(
        refusal("family: gaussian\nestimator: mle\n", family, 1),
        "test.yaml:2: 'estimator' belongs to family 'gaussian', this experiment's is 'discrete'");
    static const struct ws_override base[] = {{"base", "model"}, {"context", "64"}};
    assert_string_equal(refusal(TRANSFORMER, base, 2),
                        "--set: 'context' has no meaning beside 'base', whose model has its own");
}

static void experiment__a_text_experiment_has_all_it_was_given(void **state)
{
    (void)state;
    static const char text[] = "title: words\n"
                               "family: ngram\n"
                               "order: 2\n"
                               "sampling: kneser-ney\n"
                               "source: text\n"
                               "corpus: novels.txt\n"
                               "block: 50\n"
                               "items: 40\n"
                               "test_items: 10\n"
                               "fresh_items: 40\n"
                               "policies: [replace, mix:0.5:0.25:0.25, fresh:0.1]\n"
                               "control: false\n";
    struct ws_experiment e = parsed(text, NULL, 0);
    const struct ws_ngram_settings *family = e.family_settings;
    assert_int_equal(family->order, 2);
    assert_int_equal(family->sampling, WS_NGRAM_KNESER_NEY);
    assert_string_equal(e.data.corpus, "novels.txt");
    assert_int_equal(e.data.block, 50);
    assert_int_equal(e.arm_count, 3);
    assert_string_equal(e.arms[1].name, "mix:0.5:0.25:0.25");
    assert_string_equal(e.arms[1].directory, "mix-0.5-0.25-0.25");
    ws_experiment_release(&e);
}

/* Arms ---------------------------------------------------------------------------------------- */

static void experiment__a_control_that_is_asked_for_runs_once(void **state)
{
    (void)state;
    struct ws_experiment e = with(discrete, "policies", "control,replace");
    assert_int_equal(e.arm_count, 2);
    assert_string_equal(e.arms[0].name, "control");
    ws_experiment_release(&e);
    e = with(discrete, "policies", "");
    assert_int_equal(e.arm_count, 1);
    assert_string_equal(e.arms[0].name, "control");
    ws_experiment_release(&e);
}

static void experiment__arms_that_outgrow_the_control_are_marked(void **state)
{
    (void)state;
    struct ws_experiment e =
        with(discrete, "policies", "replace,accumulate,accumulate-subsample,augment");
    static const bool outgrows[] = {false, true, false, true, false};
    assert_int_equal(e.arm_count, COUNT(outgrows));
    for (size_t i = 0; i < COUNT(outgrows); i++)
        assert_int_equal(e.arms[i].outgrows_control, outgrows[i]);
    assert_int_equal(e.arms[1].totals.largest, 1000);
    ws_experiment_release(&e);
    static const struct ws_override growing[] = {{"growth", "linear:0.1"}};
    e = parsed(discrete, growing, 1);
    assert_true(e.arms[0].outgrows_control);
    assert_false(e.arms[1].outgrows_control);
    ws_experiment_release(&e);
}

static uint64_t key_of(const struct ws_experiment *e, const char *arm)
{
    for (size_t i = 0; i < e->arm_count; i++)
        if (strcmp(e->arms[i].name, arm) == 0)
            return e->arms[i].key;
    fail_msg("no arm '%s'", arm);
    return 0;
}

static uint64_t key_with(const char *name, const char *value)
{
    struct ws_experiment e = with(discrete, name, value);
    uint64_t key = key_of(&e, "replace");
    ws_experiment_release(&e);
    return key;
}

static void experiment__another_arm_changes_no_key(void **state)
{
    (void)state;
    struct ws_experiment few = with(discrete, "policies", "replace,keep:0.1");
    struct ws_experiment many = with(discrete, "policies", "accumulate,keep:0.10,augment,replace");
    assert_true(key_of(&few, "replace") == key_of(&many, "replace"));
    assert_true(key_of(&few, "keep:0.1") == key_of(&many, "keep:0.1"));
    assert_true(key_of(&few, "control") == key_of(&many, "control"));
    assert_true(key_of(&few, "replace") != key_of(&few, "keep:0.1"));
    assert_true(key_of(&few, "replace") != key_of(&few, "control"));
    ws_experiment_release(&few);
    ws_experiment_release(&many);
}

static void experiment__what_decides_results_changes_the_key(void **state)
{
    (void)state;
    static const struct ws_override deciding[] = {
        {"items", "99"},     {"test_items", "7"},      {"types", "11"},
        {"exponent", "1.5"}, {"growth", "linear:0.1"}, {"shift", "2"},
    };
    uint64_t key = key_with("seeds", "5");
    for (size_t i = 0; i < COUNT(deciding); i++)
        assert_true(key_with(deciding[i].name, deciding[i].value) != key);
    static const struct ws_override other[] = {
        {"seeds", "9"},      {"generations", "99"},       {"threads", "3"},  {"title", "other"},
        {"keep_every", "2"}, {"checkpoint_seconds", "0"}, {"control", "no"},
    };
    for (size_t i = 0; i < COUNT(other); i++)
        assert_true(key_with(other[i].name, other[i].value) == key);

    struct ws_experiment unbiased = parsed("family: gaussian\n", NULL, 0);
    struct ws_experiment mle = parsed("family: gaussian\nestimator: mle\n", NULL, 0);
    assert_true(unbiased.arms[0].key != mle.arms[0].key);
    ws_experiment_release(&unbiased);
    ws_experiment_release(&mle);
}

/* Variations ---------------------------------------------------------------------------------- */

static const char varied[] = "family: ngram\nsource: text\ncorpus: a\n"
                             "policies: [replace, keep:0.10]\n"
                             "vary: [order=2 | 03, sampling = mle|kneser-ney]\n";

static void experiment__every_policy_runs_with_every_variation(void **state)
{
    (void)state;
    static const char *const names[] = {
        "replace order=2 sampling=mle",         "keep:0.1 order=2 sampling=mle",
        "control order=2 sampling=mle",         "replace order=2 sampling=kneser-ney",
        "keep:0.1 order=2 sampling=kneser-ney", "control order=2 sampling=kneser-ney",
        "replace order=3 sampling=mle",         "keep:0.1 order=3 sampling=mle",
        "control order=3 sampling=mle",         "replace order=3 sampling=kneser-ney",
        "keep:0.1 order=3 sampling=kneser-ney", "control order=3 sampling=kneser-ney",
    };
    struct ws_experiment e = parsed(varied, NULL, 0);
    assert_int_equal(e.arm_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct ws_arm *arm = &e.arms[i];
        const struct ws_ngram_settings *settings = arm->family_settings;
        assert_string_equal(arm->name, names[i]);
        assert_string_equal(arm->variation, strchr(names[i], ' ') + 1);
        assert_int_equal(settings->order, i < 6 ? 2 : 3);
        assert_int_equal(settings->sampling, i / 3 % 2 == 0 ? WS_NGRAM_MLE : WS_NGRAM_KNESER_NEY);
        assert_int_equal(arm->totals.largest, 100);
    }
    assert_string_equal(e.arms[4].directory, "keep-0.1,order=2,sampling=kneser-ney");
    assert_non_null(strstr(e.canonical, "\nvary=order=2|3,sampling=mle|kneser-ney\n"));
    ws_experiment_release(&e);
}

static void experiment__another_value_changes_no_key(void **state)
{
    (void)state;
    struct ws_experiment two = parsed(varied, NULL, 0);
    struct ws_experiment one = with(varied, "vary", "sampling=kneser-ney,order=3");
    for (size_t i = 0; i < two.arm_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(two.arms[i].key != two.arms[j].key);
    /* The order in which settings are varied is part of an arm's name, other values are not. */
    assert_true(key_of(&one, "replace sampling=kneser-ney order=3") !=
                key_of(&two, "replace order=3 sampling=kneser-ney"));
    struct ws_experiment fewer = with(varied, "vary", "order=3,sampling=kneser-ney");
    assert_true(key_of(&fewer, "replace order=3 sampling=kneser-ney") ==
                key_of(&two, "replace order=3 sampling=kneser-ney"));
    ws_experiment_release(&fewer);
    ws_experiment_release(&one);
    ws_experiment_release(&two);
}

static void experiment__a_variation_that_makes_no_sense_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *vary, *message;
    } cases[] = {
        {"order", "--set: 'vary' has 'order', wanted NAME=VALUE|VALUE"},
        {"=2", "--set: 'vary' has '=2', wanted NAME=VALUE|VALUE"},
        {"ordre=2", "--set: unknown setting 'ordre'; did you mean 'order'?"},
        {"seeds=2|3",
         "--set: 'seeds' cannot be varied: it is no setting of family 'ngram' or of its data"},
        {"estimator=mle",
         "--set: 'estimator' cannot be varied: it is no setting of family 'ngram' or of its data"},
        {"source=words|text", "--set: 'source' cannot be varied: all arms share it"},
        {"corpus=a|b", "--set: 'corpus' cannot be varied: all arms share it"},
        {"dimension=1|2", "--set: 'dimension' has no meaning for source 'text'"},
        {"order=2,order=3", "--set: 'order' is varied twice"},
        {"order=2|3|02", "--set: 'order' is varied over '2' twice"},
        {"order=2|9", "--set: 'order' is '9', wanted a whole number from 1 to 5"},
        {"order=2|", "--set: 'order' is '', wanted a whole number from 1 to 5"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct ws_override override = {"vary", cases[i].vary};
        assert_string_equal(refusal("family: ngram\nsource: text\ncorpus: a\n", &override, 1),
                            cases[i].message);
    }
    /* Somebody who sets it wants it to be so in every arm. */
    const struct ws_override order = {"order", "1"};
    assert_string_equal(refusal(varied, &order, 1),
                        "--set: 'order' is set here and varied at test.yaml:5");
}

/* Data and family, in lists of their own, in 'vary', and together in 'sweep'. */
static const char swept[] = "family: gaussian\n"
                            "policies: [replace]\n"
                            "control: false\n"
                            "sweep:\n"
                            "  - {items: 10, estimator: mle}\n"
                            "  - {estimator: unbiased, items: 2k}\n"
                            "vary: [dimension=1|2]\n"
                            "variance: [1.0, 4]\n";

static void experiment__data_may_differ_between_arms(void **state)
{
    (void)state;
    static const char *const names[] = {
        "replace items=10 estimator=mle dimension=1 variance=1",
        "replace items=10 estimator=mle dimension=1 variance=4",
        "replace items=10 estimator=mle dimension=2 variance=1",
        "replace items=10 estimator=mle dimension=2 variance=4",
        "replace items=2000 estimator=unbiased dimension=1 variance=1",
        "replace items=2000 estimator=unbiased dimension=1 variance=4",
        "replace items=2000 estimator=unbiased dimension=2 variance=1",
        "replace items=2000 estimator=unbiased dimension=2 variance=4",
    };
    struct laboratory lab;
    assert_true(laboratory_open(&lab, swept, "", NULL, NULL));
    const struct ws_experiment *e = &lab.experiment;
    assert_int_equal(e->arm_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct ws_arm *arm = &e->arms[i];
        const struct ws_gaussian_settings *settings = arm->family_settings;
        const struct ws_human *human = ws_human_variant(lab.human, arm->variant);
        const uint64_t items = i < 4 ? 10 : 2000;
        assert_string_equal(arm->name, names[i]);
        assert_int_equal(arm->varied_count, 4);
        assert_int_equal(arm->data->items, items);
        assert_int_equal(arm->totals.largest, items);
        assert_true(arm->data->settings.law.variance == (i % 2 == 0 ? 1 : 4));
        assert_int_equal(settings->estimator, i < 4 ? WS_GAUSSIAN_MLE : WS_GAUSSIAN_UNBIASED);
        assert_int_equal(ws_human_items(human), items);
        assert_int_equal(ws_human_shape(human)->dimension, i / 2 % 2 == 0 ? 1 : 2);
    }
    assert_non_null(strstr(e->canonical, "\nvary=dimension=1|2,variance=1|4\n"
                                         "sweep=items=10 estimator=mle,"
                                         "items=2000 estimator=unbiased\n"));
    laboratory_close(&lab);
}

static void experiment__a_list_may_come_from_an_override(void **state)
{
    (void)state;
    struct ws_experiment e = with("family: gaussian\nitems: 50\n", "items", "[10, 20]");
    assert_int_equal(e.arm_count, 4);
    assert_string_equal(e.arms[2].name, "replace items=20");
    struct ws_experiment again = with("family: gaussian\n", "vary", "items=10|20");
    assert_string_equal(e.canonical, again.canonical);
    assert_true(key_of(&e, "replace items=20") == key_of(&again, "replace items=20"));
    struct ws_experiment one = with(swept, "variance", "2");
    assert_int_equal(one.arm_count, 4);
    assert_true(one.arms[0].data->settings.law.variance == 2);
    struct ws_experiment listed = with("family: gaussian\n", "policies", "[replace, augment]");
    assert_string_equal(listed.arms[1].name, "augment");
    ws_experiment_release(&listed);
    ws_experiment_release(&one);
    ws_experiment_release(&again);
    ws_experiment_release(&e);
}

static void experiment__a_sweep_that_makes_no_sense_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *message;
    } cases[] = {
        {"sweep", "items", "--set: 'sweep' has 'items', wanted NAME=VALUE NAME=VALUE"},
        {"sweep", "items=1 =2", "--set: 'sweep' has '=2', wanted NAME=VALUE NAME=VALUE"},
        {"sweep", "items=1 items=2", "--set: 'items' is varied twice"},
        {"sweep", "items=1 variance=1,items=2",
         "--set: 'sweep' has 'variance' in some combinations only"},
        {"sweep", "items=1,items=2 variance=1",
         "--set: 'sweep' has 'variance' in some combinations only"},
        {"sweep", "items=1 variance=1,items=1 items=2",
         "--set: 'sweep' has 'items' twice in one combination"},
        {"sweep", "items=1,items=01", "--set: 'sweep' has 'items=1' twice"},
        {"sweep", "items=x",
         "--set: 'items' is 'x', wanted a whole number from 0 to "
         "1000000000000"},
        {"items", "[1, x]",
         "--set: 'items' is 'x', wanted a whole number from 0 to "
         "1000000000000"},
        {"items", "[1, 2, 1]", "--set: 'items' is varied over '1' twice"},
        {"items", "[0, 1]", "--set: 'items' is '0', wanted at least 1: a generator never ends"},
        {"estimator", "[mle, unbiased, mel]",
         "--set: 'estimator' is 'mel', wanted one of unbiased, mle; did you mean 'mle'?"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct ws_override override = {cases[i].name, cases[i].value};
        assert_string_equal(refusal("family: gaussian\n", &override, 1), cases[i].message);
    }
    const struct ws_override twice[] = {{"items", "[1, 2]"}, {"vary", "items=1|2"}};
    assert_string_equal(refusal("family: gaussian\n", twice, 2), "--set: 'items' is varied twice");
}

static void experiment__the_list_leaves_out_what_is_varied(void **state)
{
    (void)state;
    struct ws_experiment e = with(varied, "vary", "order=1|2");
    struct ws_arena arena;
    struct ws_setting *settings;
    size_t count;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_experiment_list(&e, &arena, &settings, &count, NULL), WS_OK);
    bool has_sampling = false;
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(settings[i].name, "order");
        has_sampling = has_sampling || strcmp(settings[i].name, "sampling") == 0;
    }
    assert_true(has_sampling);
    ws_arena_release(&arena);
    ws_experiment_release(&e);
}

static void experiment__the_list_leaves_out_what_a_base_model_has_of_its_own(void **state)
{
    (void)state;
    struct ws_experiment e = parsed(TRANSFORMER "base: model\nepochs: 2\n", NULL, 0);
    struct ws_arena arena;
    struct ws_setting *settings;
    size_t count;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_experiment_list(&e, &arena, &settings, &count, NULL), WS_OK);
    bool has_epochs = false;
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(settings[i].name, "layers");
        assert_string_not_equal(settings[i].name, "start_token");
        has_epochs = has_epochs || strcmp(settings[i].name, "epochs") == 0;
    }
    assert_true(has_epochs);
    ws_arena_release(&arena);
    ws_experiment_release(&e);
}

/* Canonical text ------------------------------------------------------------------------------ */

static void experiment__the_canonical_text_holds_what_identifies_a_run(void **state)
{
    (void)state;
    struct ws_experiment e = parsed("types: 1k\nfamily: discrete\npolicies: [keep:.1, replace]\n"
                                    "source: zipf\nexponent: 1.50\ntitle: any\nthreads: 2\n",
                                    NULL, 0);
    assert_string_equal(e.canonical, "policies=keep:0.1,replace\n"
                                     "control=true\n"
                                     "vary=\n"
                                     "sweep=\n"
                                     "pair=data\n"
                                     "fit_to=samples\n"
                                     "family=discrete\n"
                                     "growth=constant\n"
                                     "metric_items=0\n"
                                     "measure_every=1\n"
                                     "source=zipf\n"
                                     "items=100\n"
                                     "test_items=0\n"
                                     "types=1000\n"
                                     "exponent=1.5\n"
                                     "shift=0\n");
    ws_experiment_release(&e);
}

static void experiment__what_may_change_is_not_in_the_canonical_text(void **state)
{
    (void)state;
    static const struct ws_override free_settings[] = {
        {"seeds", "9"},     {"generations", "99"}, {"threads", "3"},
        {"title", "other"}, {"keep_every", "2"},   {"checkpoint_seconds", "0"},
    };
    struct ws_experiment e = parsed(discrete, NULL, 0);
    struct ws_experiment changed = parsed(discrete, free_settings, COUNT(free_settings));
    assert_string_equal(e.canonical, changed.canonical);
    ws_experiment_release(&changed);
    changed = with(discrete, "items", "101");
    assert_string_not_equal(e.canonical, changed.canonical);
    ws_experiment_release(&changed);
    ws_experiment_release(&e);
}

/* A corpus is known by its hash, so it may lie elsewhere when a run goes on. */
static void experiment__the_place_of_a_corpus_is_not_in_the_canonical_text(void **state)
{
    (void)state;
    static const char text[] = "family: discrete\nsource: words\n";
    struct ws_experiment here = with(text, "corpus", "here.txt");
    struct ws_experiment there = with(text, "corpus", "there.txt");
    assert_string_equal(here.canonical, there.canonical);
    assert_true(here.arms[0].key == there.arms[0].key);
    ws_experiment_release(&here);
    ws_experiment_release(&there);
}

static void experiment__the_list_holds_every_setting_in_force(void **state)
{
    (void)state;
    struct ws_experiment e = parsed("family: gaussian\nseeds: 1e3\n", NULL, 0);
    struct ws_arena arena;
    struct ws_setting *settings;
    size_t count;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_experiment_list(&e, &arena, &settings, &count, NULL), WS_OK);
    static const struct ws_setting expected[] = {
        {"policies", "replace", "replace", 0},
        {"control", "true", "true", 0},
        {"vary", "", "", 0},
        {"sweep", "", "", 0},
        {"pair", "data", "data", 0},
        {"fit_to", "samples", "samples", 0},
        {"family", "gaussian", NULL, 0},
        {"generations", "10", "10", WS_OPTION_GROWS},
        {"seeds", "1000", "5", WS_OPTION_GROWS},
        {"growth", "constant", "constant", 0},
        {"metric_items", "0", "0", 0},
        {"measure_every", "1", "1", 0},
        {"source", "normal", "normal", 0},
        {"items", "100", "100", 0},
        {"test_items", "0", "0", 0},
        {"dimension", "1", "1", 0},
        {"variance", "1", "1", 0},
        {"estimator", "unbiased", "unbiased", 0},
        {"title", "", "", WS_OPTION_EXECUTION},
        {"threads", "0", "0", WS_OPTION_EXECUTION},
        {"device", "auto", "auto", WS_OPTION_EXECUTION},
        {"precision", "auto", "auto", WS_OPTION_EXECUTION},
        {"checkpoint_seconds", "5", "5", WS_OPTION_EXECUTION},
        {"keep_every", "0", "0", WS_OPTION_EXECUTION},
        {"keep_texts", "10", "10", WS_OPTION_EXECUTION},
        {"keep_models", "false", "false", WS_OPTION_EXECUTION},
        {"fail_fast", "false", "false", WS_OPTION_EXECUTION},
        {"skip_absorbed", "true", "true", WS_OPTION_EXECUTION},
        {"then", "", "", WS_OPTION_EXECUTION},
    };
    assert_int_equal(count, COUNT(expected));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(settings[i].name, expected[i].name);
        assert_string_equal(settings[i].value, expected[i].value);
        assert_int_equal(settings[i].traits, expected[i].traits);
        assert_int_equal(!settings[i].initial, !expected[i].initial);
        if (expected[i].initial)
            assert_string_equal(settings[i].initial, expected[i].initial);
    }
    ws_arena_release(&arena);
    ws_experiment_release(&e);
}

static void experiment__settings_of_all_families_and_sources_are_known_by_name(void **state)
{
    (void)state;
    static const char *const known[] = {"order",  "estimator", "corpus",   "types",
                                        "family", "threads",   "policies", "sampling"};
    for (size_t i = 0; i < COUNT(known); i++)
        assert_true(ws_experiment_has_setting(known[i]));
    assert_false(ws_experiment_has_setting("seed"));
}

/* Documents ------------------------------------------------------------------------------------ */

static void assert_documented(const char *document, const char *name)
{
    char quoted[80];
    (void)snprintf(quoted, sizeof quoted, "| `%s` |", name);
    if (!strstr(document, quoted))
        fail_msg("docs/formats/experiment.md has no row for '%s'", name);
}

static void experiment__every_setting_is_documented(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_bytes bytes;
    ws_arena_init(&arena, NULL);
    assert_int_equal(
        ws_file_read(WS_SOURCE_DIR "/docs/formats/experiment.md", 1 << 20, &arena, &bytes, NULL),
        WS_OK);
    char *document = ws_arena_format(&arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_non_null(document);
    for (size_t i = 0; i < ws_human_options.count; i++)
        assert_documented(document, ws_human_options.options[i].name);
    for (size_t f = 0; f < ws_family_count; f++)
        for (size_t i = 0; i < ws_families[f]->options.count; i++)
            assert_documented(document, ws_families[f]->options.options[i].name);
    struct ws_experiment e = parsed(discrete, NULL, 0);
    struct ws_setting *settings;
    size_t count;
    assert_int_equal(ws_experiment_list(&e, &arena, &settings, &count, NULL), WS_OK);
    for (size_t i = 0; i < count; i++)
        assert_documented(document, settings[i].name);
    ws_experiment_release(&e);
    ws_arena_release(&arena);
}

/* Checks against the data -----------------------------------------------------------------------
 */

static enum ws_status check(const char *text, struct ws_error *err)
{
    struct ws_experiment e = parsed(text, NULL, 0);
    struct ws_human *human = NULL;
    enum ws_status status = ws_experiment_open_human(&e, NULL, &human, err);
    ws_human_close(human);
    ws_experiment_release(&e);
    return status;
}

static void experiment__a_family_that_does_not_fit_the_data_is_refused(void **state)
{
    (void)state;
    struct ws_error err;
    assert_int_equal(check("family: gaussian\nsource: zipf\n", &err), WS_INVALID);
    assert_string_equal(err.message,
                        "test.yaml:1: family 'gaussian' takes vectors, source 'zipf' gives counts");
    assert_int_equal(check("family: discrete\nsource: normal\n", &err), WS_INVALID);
    assert_int_equal(check("family: gaussian\nsource: normal\n", &err), WS_OK);
    /* One item has no unbiased variance. */
    assert_int_equal(check("family: gaussian\nsource: normal\nitems: 1\n", &err), WS_INVALID);
}

/* Without the data it is not known what 'all' is. */
static void experiment__no_items_are_planned_when_the_data_are_open(void **state)
{
    (void)state;
    char corpus[40], text[400];
    assert_true(laboratory_write_corpus(corpus));
    (void)snprintf(text, sizeof text,
                   "family: ngram\nsource: text\ncorpus: %s\nblock: 10\nitems: 0\n"
                   "test_items: 20\npolicies: [replace, accumulate]\ngenerations: 3\n",
                   corpus);
    struct ws_experiment e = parsed(text, NULL, 0);
    struct ws_human *human;
    assert_int_equal(e.arms[0].data->items, 0);
    assert_int_equal(ws_experiment_open_human(&e, NULL, &human, NULL), WS_OK);
    assert_int_equal(e.arms[0].data->items, 40);
    assert_int_equal(e.arms[0].data->sample_items, 40);
    assert_int_equal(e.arms[1].totals.largest, 120);
    assert_true(e.arms[1].outgrows_control && !e.arms[2].outgrows_control);
    ws_human_close(human);
    ws_experiment_release(&e);

    struct ws_error err;
    struct ws_override many = {"metric_items", "41"};
    e = parsed(text, &many, 1);
    assert_int_equal(ws_experiment_open_human(&e, NULL, &human, &err), WS_INVALID);
    assert_string_equal(err.message, "--set: 'metric_items' is 41, wanted at most items=40 + "
                                     "fresh_items=0, for human samples of the same size");
    ws_experiment_release(&e);
    struct ws_override growing = {"policies", "keep:1"};
    e = parsed(text, &growing, 1);
    e.growth = (struct ws_growth){WS_GROWTH_LINEAR, 1};
    assert_int_equal(ws_experiment_open_human(&e, NULL, &human, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "--set: policy 'keep:1' needs 80 original items"));
    ws_experiment_release(&e);
    (void)unlink(corpus);
}

/* Memory -------------------------------------------------------------------------------------- */

static void experiment__every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "title: all of it\nfamily: ngram\nsource: text\ncorpus: a.txt\n"
                               "policies: [replace, keep:0.1, mix:0.5:0.25:0.25]\n"
                               "vary: [order=2|3]\n";
    static const struct ws_override overrides[] = {{"seeds", "3"}, {"items", "7"}};
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_experiment experiment;
        struct ws_error err;
        status = ws_experiment_parse(ws_bytes_of_text(text), "test", "test.yaml", overrides, 2,
                                     &allocator, &experiment, &err);
        if (status == WS_OK) {
            assert_string_equal(experiment.arms[2].name, "mix:0.5:0.25:0.25 order=2");
            ws_experiment_release(&experiment);
        } else {
            assert_non_null(strstr(err.message, "memory"));
        }
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experiment__weights_need_a_family_that_honours_them),
        cmocka_unit_test(experiment__defaults_fill_what_is_not_given),
        cmocka_unit_test(experiment__a_source_may_have_defaults_of_its_own),
        cmocka_unit_test(experiment__overrides_win_over_the_file_and_later_ones_over_earlier),
        cmocka_unit_test(experiment__overrides_need_not_live_on),
        cmocka_unit_test(experiment__the_family_may_come_from_an_override),
        cmocka_unit_test(experiment__faults_are_told_with_their_place),
        cmocka_unit_test(experiment__validation_data_of_either_kind_let_a_fit_validate),
        cmocka_unit_test(experiment__a_value_out_of_range_names_place_and_range),
        cmocka_unit_test(experiment__a_fault_of_an_override_is_told_as_one),
        cmocka_unit_test(experiment__a_text_experiment_has_all_it_was_given),
        cmocka_unit_test(experiment__a_control_that_is_asked_for_runs_once),
        cmocka_unit_test(experiment__arms_that_outgrow_the_control_are_marked),
        cmocka_unit_test(experiment__another_arm_changes_no_key),
        cmocka_unit_test(experiment__what_decides_results_changes_the_key),
        cmocka_unit_test(experiment__every_policy_runs_with_every_variation),
        cmocka_unit_test(experiment__another_value_changes_no_key),
        cmocka_unit_test(experiment__a_variation_that_makes_no_sense_is_told_with_its_place),
        cmocka_unit_test(experiment__data_may_differ_between_arms),
        cmocka_unit_test(experiment__a_list_may_come_from_an_override),
        cmocka_unit_test(experiment__a_sweep_that_makes_no_sense_is_told_with_its_place),
        cmocka_unit_test(experiment__the_list_leaves_out_what_is_varied),
        cmocka_unit_test(experiment__the_list_leaves_out_what_a_base_model_has_of_its_own),
        cmocka_unit_test(experiment__the_canonical_text_holds_what_identifies_a_run),
        cmocka_unit_test(experiment__what_may_change_is_not_in_the_canonical_text),
        cmocka_unit_test(experiment__the_place_of_a_corpus_is_not_in_the_canonical_text),
        cmocka_unit_test(experiment__the_list_holds_every_setting_in_force),
        cmocka_unit_test(experiment__settings_of_all_families_and_sources_are_known_by_name),
        cmocka_unit_test(experiment__every_setting_is_documented),
        cmocka_unit_test(experiment__a_family_that_does_not_fit_the_data_is_refused),
        cmocka_unit_test(experiment__no_items_are_planned_when_the_data_are_open),
        cmocka_unit_test(experiment__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
