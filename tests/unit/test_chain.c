/*
 * Chains: what they do does not depend on the block they are in, nor on being stored and read back
 * between two steps; what is stored may be anything when it is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/checkpoint.h"
#include "support/effort.h"
#include "support/failing_heap.h"
#include "support/laboratory.h"

enum { GENERATIONS = 5, SEEDS = 8 };

/* One in how many policies is looked at; other ones of each family. */
static size_t arm_step(void)
{
    return by_effort(5, 1, 1);
}

#define SETTINGS LABORATORY_POLICIES "generations: 5\n"

/* Those of LABORATORY_POLICIES, and every other way to draw on outputs and to filter them. */
#define EVERY_POLICY                                                                               \
    "policies: [replace, keep:0.25, mix:0.5:0.25:0.25, accumulate, accumulate-subsample, augment," \
    " fresh:0.1, window:2, history:0.5:0.1, history:0.001,"                                        \
    " replace|oversample:2|keep-surprising:0.5,"                                                   \
    " keep:0.5|likelihood|resample:1:3:1.2, fresh:0.2|drop-detected:0.2:0.1]\n"                    \
    "generations: 5\n"

/* Families whose fits and samples of a batch are made together. */
static const char *const batched_texts[] = {
    "family: gmm\ncomponents: 2\nsource: moons\nlayout: random\nitems: 30\ntest_items: 5\n",
    "family: kde\nsource: moons\nlayout: random\nitems: 20\ntest_items: 5\n",
    "family: regression\nsource: linear\ninputs: 3\nitems: 20\ntest_items: 5\n",
    "family: regression\ndesign: fresh\nsource: linear\ninputs: 3\nitems: 20\ntest_items: 5\n",
    "family: logistic\nridge: 1\nsource: two-class\nitems: 40\ntest_items: 5\n",
    "family: bernoulli\nsource: bernoulli\nitems: 20\ntest_items: 5\n",
    "family: poisson\nsource: poisson\nitems: 20\ntest_items: 5\n",
};

static void open_text(struct laboratory *lab, const char *text, const char *settings)
{
    struct ws_error err = {.message = ""};
    if (!laboratory_open(lab, text, settings, NULL, &err))
        fail_msg("%s", err.message);
}

static void open_laboratory(struct laboratory *lab, size_t family, const char *settings)
{
    open_text(lab, laboratory_texts[family], settings);
}

static void begin(struct ws_block *block, const struct laboratory *lab, const struct ws_arm *arm,
                  uint64_t first_seed, size_t count)
{
    assert_int_equal(
        ws_block_init(block, &lab->experiment, lab->human, arm, first_seed, count, NULL, NULL),
        WS_OK);
    for (size_t c = 0; c < count; c++)
        assert_int_equal(ws_chain_start(block, &block->chains[c], NULL), WS_OK);
}

static void steps(struct ws_block *block, uint32_t first, uint32_t end)
{
    for (uint32_t step = first; step < end; step++)
        ws_block_step(block, step, NULL);
    for (size_t c = 0; c < block->count; c++)
        if (block->chains[c].status != WS_OK)
            fail_msg("seed %zu: %s", (size_t)block->chains[c].seed, block->chains[c].error.message);
}

static void stored(const struct ws_chain *chain, struct ws_buffer *out)
{
    ws_buffer_init(out, NULL, 1 << 24);
    ws_chain_write(chain, 0, out);
    assert_int_equal(out->status, WS_OK);
}

static bool are_same(const struct ws_buffer *a, const struct ws_buffer *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void assert_same_bytes(const struct ws_buffer *a, const struct ws_buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

/* Records and last state of every seed. */
struct outcome {
    struct ws_buffer records[SEEDS];
    struct ws_buffer state[SEEDS];
};

/* Takes over what the block's chains have made, as those from `first` on. */
static void collect(struct ws_block *block, size_t first, struct outcome *out)
{
    for (size_t c = 0; c < block->count; c++) {
        out->records[first + c] = block->chains[c].records.bytes;
        ws_buffer_init(&block->chains[c].records.bytes, NULL, 0);
        stored(&block->chains[c], &out->state[first + c]);
    }
    ws_block_release(block);
}

static void run_in_blocks(const struct laboratory *lab, const struct ws_arm *arm, size_t size,
                          struct outcome *out)
{
    for (size_t first = 0; first < SEEDS; first += size) {
        size_t count = SEEDS - first < size ? SEEDS - first : size;
        struct ws_block block;
        begin(&block, lab, arm, first + 1, count);
        steps(&block, 0, GENERATIONS);
        collect(&block, first, out);
    }
}

/* Among one, two and three threads in turn. */
static void run_divided(const struct laboratory *lab, const struct ws_arm *arm, struct outcome *out)
{
    struct ws_pool *pools[2];
    struct ws_block block;
    begin(&block, lab, arm, 1, SEEDS);
    for (unsigned p = 0; p < 2; p++)
        assert_int_equal(ws_pool_new(2 + p, NULL, &pools[p], NULL), WS_OK);
    for (uint32_t step = 0; step < GENERATIONS; step++) {
        const struct ws_step_support support = {
            .threads = 1 + step % 3,
            .pool = step % 3 > 0 ? pools[step % 3 - 1] : NULL,
        };
        ws_block_step(&block, step, &support);
    }
    assert_int_equal(block.lane_count, 3);
    collect(&block, 0, out);
    for (unsigned p = 0; p < 2; p++)
        ws_pool_free(pools[p]);
}

static void release_outcome(struct outcome *outcome)
{
    for (size_t i = 0; i < SEEDS; i++) {
        ws_buffer_release(&outcome->records[i]);
        ws_buffer_release(&outcome->state[i]);
    }
}

/* Releases what it has checked. */
static void check_same(struct outcome *outcome, const struct outcome *expected)
{
    for (size_t i = 0; i < SEEDS; i++) {
        assert_same_bytes(&expected->records[i], &outcome->records[i]);
        assert_same_bytes(&expected->state[i], &outcome->state[i]);
    }
    release_outcome(outcome);
}

static void check_blocks_and_threads(const char *text, size_t number)
{
    struct laboratory lab;
    open_text(&lab, text, EVERY_POLICY);
    for (size_t a = number % arm_step(); a < lab.experiment.arm_count; a += arm_step()) {
        struct outcome alone, other;
        run_in_blocks(&lab, &lab.experiment.arms[a], 1, &alone);
        for (size_t size = 3; size <= SEEDS; size += 5) {
            run_in_blocks(&lab, &lab.experiment.arms[a], size, &other);
            check_same(&other, &alone);
        }
        run_divided(&lab, &lab.experiment.arms[a], &other);
        check_same(&other, &alone);
        /* Seeds differ, or the comparison above says nothing. */
        assert_false(are_same(&alone.records[0], &alone.records[1]));
        release_outcome(&alone);
    }
    laboratory_close(&lab);
}

static void chain__its_results_do_not_depend_on_block_and_threads(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++)
        check_blocks_and_threads(laboratory_texts[family], family);
    for (size_t i = 0; i < sizeof batched_texts / sizeof *batched_texts; i++)
        check_blocks_and_threads(batched_texts[i], i);
}

/* Stores the chain after `cut` steps, reads it into another block and goes on there. What its
 * models made for a pool before step `aside` is stored by itself. */
static void check_cut(const struct laboratory *lab, const struct ws_arm *arm, uint32_t cut,
                      uint32_t aside, const struct ws_buffer *records, const struct ws_buffer *last)
{
    struct ws_block before, after;
    struct ws_buffer all, state, again, end;
    begin(&before, lab, arm, 1, 1);
    steps(&before, 0, aside);
    ws_buffer_init(&all, NULL, SIZE_MAX);
    ws_chain_write_outputs(before.chains, 0, &all);
    steps(&before, aside, cut);
    ws_buffer_init(&state, NULL, SIZE_MAX);
    ws_chain_write(before.chains, aside, &state);
    const struct ws_buffer *measured = &before.chains[0].records.bytes;
    assert_memory_equal(measured->data, records->data, measured->size);

    begin(&after, lab, arm, 1, 1);
    struct ws_error err;
    struct ws_bytes part = ws_buffer_bytes(&all);
    if (ws_chain_read(&after, after.chains, ws_buffer_bytes(&state), &part, 1, &err) != WS_OK ||
        ws_records_resume(&after.chains[0].records, ws_buffer_bytes(measured), &err) != WS_OK)
        fail_msg("arm %s after %u: %s", arm->name, cut, err.message);
    ws_buffer_init(&again, NULL, SIZE_MAX);
    ws_chain_write(after.chains, aside, &again);
    assert_same_bytes(&state, &again);
    steps(&after, cut, GENERATIONS);
    stored(after.chains, &end);
    assert_same_bytes(&end, last);
    assert_same_bytes(&after.chains[0].records.bytes, records);
    ws_buffer_release(&all);
    ws_buffer_release(&state);
    ws_buffer_release(&again);
    ws_buffer_release(&end);
    ws_block_release(&before);
    ws_block_release(&after);
}

static void chain__read_back_it_goes_on_as_if_never_stored(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        open_laboratory(&lab, family, EVERY_POLICY);
        for (size_t a = family % arm_step(); a < lab.experiment.arm_count; a += arm_step()) {
            struct outcome whole;
            run_in_blocks(&lab, &lab.experiment.arms[a], 1, &whole);
            for (uint32_t cut = 1; cut <= GENERATIONS; cut += (uint32_t)by_effort(2, 1, 1))
                for (uint32_t aside = 0; aside <= cut; aside += 2)
                    check_cut(&lab, &lab.experiment.arms[a], cut, aside, &whole.records[0],
                              &whole.state[0]);
            release_outcome(&whole);
        }
        laboratory_close(&lab);
    }
}

/* Chains that are absorbed within the run, and what stops at other places: one dimension and two,
 * a metric sample or none, not every generation measured, a stop between. */
static const struct {
    const char *experiment;
    uint32_t generations;
} absorbing[] = {
    {"family: discrete\nsource: zipf\ntypes: 3\nitems: 4\ntest_items: 10\n", 60},
    {"family: discrete\nsource: uniform\ntypes: 2\nitems: 3\nmetric_items: 5\nmeasure_every: 7\n",
     50},
    {"family: gaussian\nsource: normal\nitems: 3\ntest_items: 5\n", 300},
    {"family: gaussian\nsource: normal\nestimator: mle\nitems: 4\ndimension: 2\nmeasure_every: 2\n",
     300},
    {"family: discrete\nsource: zipf\ntypes: 3\nitems: 4\ngrowth: linear:0.1\n", 60},
};

/* Runs all seeds; how many of them were settled at the end. */
static size_t run_settling(const struct laboratory *lab, const struct ws_arm *arm,
                           struct outcome *out)
{
    const uint32_t end = (uint32_t)lab->experiment.settings.generations;
    struct ws_block block;
    size_t settled = 0;
    begin(&block, lab, arm, 1, SEEDS);
    steps(&block, 0, end);
    for (size_t i = 0; i < SEEDS; i++) {
        settled += block.chains[i].settled != NULL;
        stored(&block.chains[i], &out->state[i]);
        out->records[i] = block.chains[i].records.bytes;
        ws_buffer_init(&block.chains[i].records.bytes, NULL, 0);
    }
    ws_block_release(&block);
    return settled;
}

static void chain__absorbed_it_skips_what_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof absorbing / sizeof *absorbing; i++) {
        struct laboratory lab;
        struct ws_error err = {.message = ""};
        char more[200];
        /* A training set that grows cannot be the previous one again. */
        bool grows = strstr(absorbing[i].experiment, "growth") != NULL;
        (void)snprintf(more, sizeof more,
                       "policies: [replace, keep:0.1, mix:1:0:0%s]\ngenerations: %u\n",
                       grows ? "" : ", mix:0:1:0, mix:0.5:0.5:0, accumulate-subsample",
                       absorbing[i].generations);
        if (!laboratory_open(&lab, absorbing[i].experiment, more, NULL, &err))
            fail_msg("%s", err.message);
        for (size_t a = 0; a < lab.experiment.arm_count; a += arm_step()) {
            const struct ws_arm *arm = &lab.experiment.arms[a];
            struct outcome skipping, plain;
            lab.experiment.settings.skip_absorbed = true;
            size_t settled = run_settling(&lab, arm, &skipping);
            lab.experiment.settings.skip_absorbed = false;
            assert_int_equal(run_settling(&lab, arm, &plain), 0);
            for (size_t s = 0; s < SEEDS; s++) {
                assert_same_bytes(&skipping.records[s], &plain.records[s]);
                assert_same_bytes(&skipping.state[s], &plain.state[s]);
            }
            bool closed = strcmp(arm->name, "replace") == 0 || strcmp(arm->name, "mix:1:0:0") == 0;
            assert_true(closed && !grows ? settled > 0 : settled == 0);
            release_outcome(&skipping);
            release_outcome(&plain);
        }
        laboratory_close(&lab);
    }
}

static void chain__absorbed_it_can_be_stored_and_read_back(void **state)
{
    (void)state;
    struct laboratory lab;
    struct ws_error err = {.message = ""};
    if (!laboratory_open(&lab, absorbing[0].experiment, "policies: replace\ngenerations: 60\n",
                         NULL, &err))
        fail_msg("%s", err.message);
    struct ws_block whole, before, after;
    struct ws_buffer bytes, last, end;
    begin(&whole, &lab, lab.experiment.arms, 1, 1);
    begin(&before, &lab, lab.experiment.arms, 1, 1);
    begin(&after, &lab, lab.experiment.arms, 1, 1);
    steps(&whole, 0, 60);
    assert_non_null(whole.chains[0].settled);
    stored(whole.chains, &last);
    steps(&before, 0, 50);
    stored(before.chains, &bytes);
    assert_int_equal(ws_chain_read(&after, after.chains, ws_buffer_bytes(&bytes), NULL, 0, &err),
                     WS_OK);
    steps(&after, 50, 60);
    assert_non_null(after.chains[0].settled);
    stored(after.chains, &end);
    assert_same_bytes(&end, &last);
    ws_buffer_release(&bytes);
    ws_buffer_release(&last);
    ws_buffer_release(&end);
    ws_block_release(&whole);
    ws_block_release(&before);
    ws_block_release(&after);
    laboratory_close(&lab);
}

static const struct ws_arm *arm_of(const struct laboratory *lab, const char *name)
{
    for (size_t a = 0; a < lab->experiment.arm_count; a++)
        if (strcmp(lab->experiment.arms[a].name, name) == 0)
            return &lab->experiment.arms[a];
    fail_msg("no arm '%s'", name);
    return NULL;
}

/* How many records each generation has. */
static void count_records(const struct ws_chain *chain, size_t counts[GENERATIONS])
{
    struct ws_records_reader reader;
    struct ws_record record;
    bool more;
    memset(counts, 0, GENERATIONS * sizeof *counts);
    ws_records_open(&reader, ws_buffer_bytes(&chain->records.bytes), NULL);
    assert_int_equal(ws_records_next_generation(&reader, &more, NULL), WS_OK);
    while (more) {
        assert_true(reader.generation < GENERATIONS);
        do {
            assert_int_equal(ws_records_next(&reader, &record, &more, NULL), WS_OK);
            counts[reader.generation] += more;
        } while (more);
        assert_int_equal(ws_records_next_generation(&reader, &more, NULL), WS_OK);
    }
    ws_records_close(&reader);
}

static void chain__only_measured_generations_have_records(void **state)
{
    (void)state;
    struct laboratory every, third;
    size_t all_counts[GENERATIONS], some_counts[GENERATIONS];
    open_laboratory(&every, 1, "generations: 5\ncontrol: false\n");
    open_laboratory(&third, 1, "generations: 5\ncontrol: false\nmeasure_every: 3\n");
    struct ws_block all, some;
    begin(&all, &every, every.experiment.arms, 1, 1);
    begin(&some, &third, third.experiment.arms, 1, 1);
    steps(&all, 0, 5);
    steps(&some, 0, 5);
    count_records(all.chains, all_counts);
    count_records(some.chains, some_counts);
    for (size_t g = 0; g < GENERATIONS; g++) {
        assert_true(all_counts[g] > 2);
        assert_int_equal(some_counts[g], g % 3 == 0 ? all_counts[g] : 0);
    }
    ws_block_release(&all);
    ws_block_release(&some);
    laboratory_close(&every);
    laboratory_close(&third);
}

/* How often each sample was shown, by seed and generation; what a chosen one is answered with. */
struct shown {
    unsigned times[SEEDS][GENERATIONS]; /* atomic */
    uint64_t refused_seed;
    enum ws_status answer;
    bool is_wrong;
};

static enum ws_status note_sample(void *shown_, const struct ws_sampled *sampled,
                                  struct ws_error *err)
{
    struct shown *shown = shown_;
    if (sampled->seed < 1 || sampled->seed > SEEDS || sampled->generation >= GENERATIONS ||
        sampled->sample->count != sampled->arm->data->sample_items ||
        sampled->training->depth != sampled->generation || !sampled->model)
        shown->is_wrong = true;
    else
        (void)__atomic_fetch_add(&shown->times[sampled->seed - 1][sampled->generation], 1,
                                 __ATOMIC_RELAXED);
    if (sampled->seed == shown->refused_seed && sampled->generation == 2)
        return ws_fail(err, shown->answer, "not this one");
    return WS_OK;
}

/* Divided among threads, in one batch, one by one: each sample of what was measured is shown. */
static void chain__its_samples_are_shown(void **state)
{
    (void)state;
    struct laboratory lab;
    struct ws_pool *pool;
    open_laboratory(&lab, 2,
                    "generations: 5\npolicies: replace\ncontrol: false\n"
                    "measure_every: 2\n");
    assert_int_equal(ws_pool_new(2, NULL, &pool, NULL), WS_OK);
    for (int divided = 0; divided < 2; divided++) {
        struct shown shown = {.is_wrong = false};
        const struct ws_sample_sink sink = {note_sample, &shown};
        const struct ws_step_support support = {
            .threads = 2, .pool = divided ? pool : NULL, .samples = &sink};
        struct ws_block block;
        begin(&block, &lab, lab.experiment.arms, 1, SEEDS);
        for (uint32_t step = 0; step < GENERATIONS; step++)
            assert_int_equal(ws_block_step(&block, step, &support), SEEDS);
        for (size_t s = 0; s < SEEDS; s++)
            for (size_t g = 0; g < GENERATIONS; g++)
                assert_int_equal(shown.times[s][g], g % 2 == 0);
        assert_false(shown.is_wrong);
        ws_block_release(&block);
    }
    ws_pool_free(pool);
    laboratory_close(&lab);
}

/* Who refuses a sample ends its chain, who asks to stop leaves it before the step; the others are
 * not disturbed. */
static void chain__a_refused_sample_takes_no_step(void **state)
{
    (void)state;
    static const enum ws_status answers[] = {WS_IO, WS_INTERRUPTED};
    struct laboratory lab;
    open_laboratory(&lab, 2, "generations: 5\npolicies: replace\ncontrol: false\n");
    for (size_t i = 0; i < 2; i++) {
        struct shown shown = {.refused_seed = 3, .answer = answers[i]};
        const struct ws_sample_sink sink = {note_sample, &shown};
        const struct ws_step_support support = {.threads = 1, .samples = &sink};
        struct ws_block block;
        begin(&block, &lab, lab.experiment.arms, 1, SEEDS);
        for (uint32_t step = 0; step < 3; step++)
            assert_int_equal(ws_block_step(&block, step, &support), step == 2 ? SEEDS - 1 : SEEDS);
        assert_int_equal(block.chains[2].next_step, 2);
        assert_int_equal(block.chains[2].status, answers[i] == WS_IO ? WS_IO : WS_OK);
        assert_int_equal(block.chains[3].next_step, 3);
        ws_block_release(&block);
    }
    laboratory_close(&lab);
}

static void chain__a_control_never_leaves_depth_0(void **state)
{
    (void)state;
    struct laboratory lab;
    open_laboratory(&lab, 0, SETTINGS);
    static const struct {
        const char *arm;
        uint32_t depth;
    } cases[] = {{"control", 0}, {"replace", 4}, {"accumulate", 4}, {"augment", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_block block;
        begin(&block, &lab, arm_of(&lab, cases[i].arm), 1, 1);
        steps(&block, 0, GENERATIONS);
        assert_int_equal(block.chains[0].model_depth, cases[i].depth);
        ws_block_release(&block);
    }
    laboratory_close(&lab);
}

/* The arms of a seed share their human data and where fits start, and nothing else. */
static void chain__arms_of_a_seed_begin_with_the_same_model(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        struct ws_block blocks[2];
        struct ws_buffer first[2] = {{0}};
        open_laboratory(&lab, family, SETTINGS);
        static const char *const arms[] = {"replace", "keep:0.25"};
        for (size_t i = 0; i < 2; i++) {
            begin(&blocks[i], &lab, arm_of(&lab, arms[i]), 1, 1);
            steps(&blocks[i], 0, 1);
            stored(blocks[i].chains, &first[i]);
        }
        assert_same_bytes(&first[0], &first[1]);
        for (size_t i = 0; i < 2; i++) {
            ws_buffer_release(&first[i]);
            ws_block_release(&blocks[i]);
        }
        laboratory_close(&lab);
    }
}

/* A family that cannot fit one chain at one generation. */
enum { SICK_SEED = 2, SICK_STEP = 3 };

static enum ws_status fit_all_but_one(const void *settings, size_t chains,
                                      const struct ws_dataset *const data[],
                                      const struct ws_rng_key init[], const struct ws_job *job,
                                      struct ws_arena *arena, const struct ws_model *models[],
                                      struct ws_error *err)
{
    struct ws_rng_key sick = ws_rng_key(WS_STREAM_INIT, SICK_SEED, 0, SICK_STEP);
    for (size_t c = 0; c < chains; c++)
        if (init[c].generation == sick.generation && init[c].word[0] == sick.word[0] &&
            init[c].word[1] == sick.word[1])
            return ws_fail(err, WS_NUMERIC, "no finite answer");
    return ws_family_discrete.fit(settings, chains, data, init, job, arena, models, err);
}

/* With pair=all every stream of two arms is the same, with pair=data those that begin them. */
static void chain__arms_share_the_random_numbers_that_were_asked_for(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct laboratory lab;
        struct ws_block blocks[2];
        open_laboratory(&lab, 1,
                        all ? "policies: [weighted:0.5, weighted:0.7]\npair: all\n"
                            : "policies: [weighted:0.5, weighted:0.7]\n");
        for (size_t i = 0; i < 2; i++)
            begin(&blocks[i], &lab, &lab.experiment.arms[i], 1, 2);
        for (enum ws_stream s = WS_STREAM_INIT; s < WS_STREAM_COUNT; s++) {
            const struct ws_rng_key a = ws_chain_key(&blocks[0].chains[0], s, 7);
            const struct ws_rng_key b = ws_chain_key(&blocks[1].chains[0], s, 7);
            const struct ws_rng_key other = ws_chain_key(&blocks[0].chains[1], s, 7);
            bool shared = all || s == WS_STREAM_INIT;
            assert_int_equal(memcmp(a.word, b.word, sizeof a.word) == 0, shared);
            assert_memory_not_equal(a.word, other.word, sizeof a.word);
            assert_int_equal(a.generation, 7);
        }
        for (size_t i = 0; i < 2; i++)
            ws_block_release(&blocks[i]);
        laboratory_close(&lab);
    }
}

static void chain__one_that_fails_does_not_disturb_its_neighbours(void **state)
{
    (void)state;
    struct laboratory lab;
    open_laboratory(&lab, 0, SETTINGS);
    static const char *const arms[] = {"replace", "accumulate", "mix:0.5:0.25:0.25"};
    for (size_t a = 0; a < 3; a++) {
        const struct ws_arm *arm = arm_of(&lab, arms[a]);
        struct outcome healthy;
        lab.experiment.family = &ws_family_discrete;
        run_in_blocks(&lab, arm, 4, &healthy);

        struct ws_family_ops sick = ws_family_discrete;
        sick.fit = fit_all_but_one;
        lab.experiment.family = &sick;
        struct ws_block block;
        begin(&block, &lab, arm, 1, 4);
        for (uint32_t step = 0; step < GENERATIONS; step++)
            ws_block_step(&block, step, NULL);
        for (size_t c = 0; c < 4; c++) {
            const struct ws_chain *chain = &block.chains[c];
            if (chain->seed == SICK_SEED) {
                assert_int_equal(chain->status, WS_NUMERIC);
                assert_string_equal(chain->error.message, "no finite answer");
                assert_int_equal(chain->next_step, SICK_STEP);
                const struct ws_buffer *measured = &chain->records.bytes;
                assert_true(measured->size < healthy.records[c].size);
                assert_memory_equal(measured->data, healthy.records[c].data, measured->size);
                continue;
            }
            assert_int_equal(chain->status, WS_OK);
            assert_same_bytes(&chain->records.bytes, &healthy.records[c]);
            struct ws_buffer last;
            stored(chain, &last);
            assert_same_bytes(&last, &healthy.state[c]);
            ws_buffer_release(&last);
        }
        ws_block_release(&block);
        release_outcome(&healthy);
    }
    laboratory_close(&lab);
}

/* Memory that fails once is failed chains or none; the others are as they would have been. `pool`
 * divides the chains at every other try. */
static void check_failing_memory(const struct laboratory *lab, const struct ws_arm *arm,
                                 struct ws_pool *pool)
{
    enum { CHAINS = 2, STEPS = 3 };
    struct ws_block healthy;
    begin(&healthy, lab, arm, 1, CHAINS);
    steps(&healthy, 0, STEPS);
    const struct ws_step_support divided = {.threads = CHAINS, .pool = pool};
    bool failed = true;
    /* A transformer makes thousands of allocations. */
    const bool each = effort() > EFFORT_SMALL;
    for (long n = 0; failed; n += each ? 1 : 1 + n / 4) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_block block = {0};
        enum ws_status status =
            ws_block_init(&block, &lab->experiment, lab->human, arm, 1, CHAINS, &allocator, NULL);
        for (size_t c = 0; status == WS_OK && c < CHAINS; c++) {
            struct ws_chain *chain = &block.chains[c];
            chain->status = ws_chain_start(&block, chain, &chain->error);
        }
        for (uint32_t step = 0; status == WS_OK && step < STEPS; step++)
            ws_block_step(&block, step, n % 2 ? &divided : NULL);
        for (size_t c = 0; status == WS_OK && c < CHAINS; c++) {
            const struct ws_chain *chain = &block.chains[c];
            assert_true(chain->status == WS_OK || chain->status == WS_NO_MEMORY);
            if (chain->status == WS_OK)
                assert_same_bytes(&chain->records.bytes, &healthy.chains[c].records.bytes);
        }
        failed = heap.failures > 0;
        ws_block_release(&block);
        assert_true(failing_heap_is_clean(&heap));
    }
    ws_block_release(&healthy);
}

static void chain__every_allocation_may_fail(void **state)
{
    (void)state;
    struct ws_pool *pool;
    assert_int_equal(ws_pool_new(2, NULL, &pool, NULL), WS_OK);
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        open_laboratory(&lab, family, EVERY_POLICY);
        static const char *const arms[] = {"accumulate-subsample", "mix:0.5:0.25:0.25", "control",
                                           "keep:0.5|likelihood|resample:1:3:1.2"};
        for (size_t a = 0; a < 4; a++)
            check_failing_memory(&lab, arm_of(&lab, arms[a]), pool);
        laboratory_close(&lab);
    }
    ws_pool_free(pool);
}

/* Hostile bytes -------------------------------------------------------------------------------- */

/* Reads `bytes` into a new chain and, when they are accepted, takes the next step. */
static enum ws_status read_bytes(const struct laboratory *lab, const struct ws_arm *arm,
                                 struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_block block;
    begin(&block, lab, arm, 1, 1);
    enum ws_status status = ws_chain_read(&block, block.chains, bytes, NULL, 0, err);
    if (status == WS_OK && block.chains[0].next_step < GENERATIONS) {
        ws_block_step(&block, block.chains[0].next_step, NULL);
        status = block.chains[0].status;
        if (status != WS_OK)
            *err = block.chains[0].error;
    }
    ws_block_release(&block);
    return status;
}

/* A chain of `arm` after `count` steps. */
static void store_after(const struct laboratory *lab, const struct ws_arm *arm, uint32_t count,
                        struct ws_buffer *out)
{
    struct ws_block block;
    begin(&block, lab, arm, 1, 1);
    steps(&block, 0, count);
    stored(block.chains, out);
    ws_block_release(&block);
}

static void chain__cut_or_lengthened_it_is_refused(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        open_laboratory(&lab, family, SETTINGS);
        static const char *const arms[] = {"replace", "mix:0.5:0.25:0.25", "accumulate"};
        for (size_t a = 0; a < 3; a++) {
            const struct ws_arm *arm = arm_of(&lab, arms[a]);
            struct ws_buffer bytes;
            struct ws_error err;
            store_after(&lab, arm, 3, &bytes);
            for (size_t size = 0; size < bytes.size; size += size < 64 ? 1 : 29)
                assert_int_equal(read_bytes(&lab, arm, ws_bytes_of(bytes.data, size), &err),
                                 WS_CORRUPT);
            assert_int_equal(read_bytes(&lab, arm, ws_buffer_bytes(&bytes), &err), WS_OK);
            ws_buffer_u8(&bytes, 0);
            assert_int_equal(read_bytes(&lab, arm, ws_buffer_bytes(&bytes), &err), WS_CORRUPT);
            assert_string_equal(err.message, "the checkpoint is longer than it says");
            ws_buffer_release(&bytes);
        }
        laboratory_close(&lab);
    }
}

static void chain__any_byte_may_be_wrong(void **state)
{
    (void)state;
    for (size_t family = 0; family < LABORATORY_COUNT; family++) {
        struct laboratory lab;
        open_laboratory(&lab, family, SETTINGS);
        static const char *const arms[] = {"mix:0.5:0.25:0.25", "accumulate"};
        for (size_t a = 0; a < 2; a++) {
            const struct ws_arm *arm = arm_of(&lab, arms[a]);
            struct ws_buffer bytes;
            struct ws_error err;
            store_after(&lab, arm, 2, &bytes);
            /* A network's checkpoint is nearly all parameters, and each reading trains a step. */
            const size_t most = by_effort(300, 4000, 40000);
            size_t stride = 1 + 2 * (bytes.size / most); /* odd: both kinds of change */
            for (size_t i = 0; i < bytes.size; i += stride) {
                char kept = bytes.data[i];
                bytes.data[i] = (char)(kept ^ (i % 2 ? 0x80 : 0x01));
                /* Reals and counts may be any: it is the hash that finds those. */
                enum ws_status status = read_bytes(&lab, arm, ws_buffer_bytes(&bytes), &err);
                if (status != WS_OK && status != WS_CORRUPT && status != WS_UNSUPPORTED)
                    fail_msg("byte %zu: %s", i, err.message);
                bytes.data[i] = kept;
            }
            ws_buffer_release(&bytes);
        }
        laboratory_close(&lab);
    }
}

static void refuse_number(const struct laboratory *lab, const struct ws_arm *arm, size_t at,
                          uint32_t value, const char *message)
{
    struct ws_buffer bytes;
    struct ws_error err;
    store_after(lab, arm, 3, &bytes);
    store32_le((uint8_t *)bytes.data + at, value);
    assert_int_equal(read_bytes(lab, arm, ws_buffer_bytes(&bytes), &err), WS_CORRUPT);
    assert_string_equal(err.message, message);
    ws_buffer_release(&bytes);
}

static void chain__impossible_generations_and_depths_are_refused(void **state)
{
    (void)state;
    struct laboratory lab;
    open_laboratory(&lab, 0, SETTINGS);
    const struct ws_arm *arm = arm_of(&lab, "replace");
    refuse_number(&lab, arm, 0, 0, "the checkpoint is of 0 generations, wanted 1 to 5");
    refuse_number(&lab, arm, 0, 6, "the checkpoint is of 6 generations, wanted 1 to 5");
    refuse_number(&lab, arm, 0, UINT32_MAX,
                  "the checkpoint is of 4294967295 generations, wanted 1 to 5");
    refuse_number(&lab, arm, 4, 3, "the checkpoint's model has depth 3 after 3 generations");
    laboratory_close(&lab);
}

static void chain__the_state_of_another_policy_is_refused(void **state)
{
    (void)state;
    struct laboratory lab;
    open_laboratory(&lab, 0, SETTINGS);
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"replace", "mix:0.5:0.25:0.25", "the checkpoint holds 0 training sets, wanted 1"},
        {"mix:0.5:0.25:0.25", "replace", "the checkpoint holds 1 training sets, wanted 0"},
        {"replace", "accumulate", "the checkpoint holds 0 outputs, wanted 2"},
        {"accumulate", "replace", "the checkpoint holds 2 outputs, wanted 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_buffer bytes;
        struct ws_error err;
        store_after(&lab, arm_of(&lab, cases[i].from), 3, &bytes);
        assert_int_equal(read_bytes(&lab, arm_of(&lab, cases[i].to), ws_buffer_bytes(&bytes), &err),
                         WS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        ws_buffer_release(&bytes);
    }
    laboratory_close(&lab);
}

/* The same arm over data of another size or shape. */
static void chain__the_state_of_other_data_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t family;
        const char *arm, *others, *message;
    } cases[] = {
        {0, "replace", "types: 21\n", "the checkpoint is of other data: counts, depth 3"},
        {0, "accumulate", "types: 21\n", "the checkpoint is of other data: counts, depth 1"},
        {0, "accumulate", "items: 41\n", "the checkpoint's pool has 122 items, wanted 120"},
        {0, "mix:0.5:0.25:0.25", "items: 41\n",
         "the checkpoint's training set has 41 items, wanted 40"},
        {1, "replace", "dimension: 3\n", "the checkpoint is of other data: vectors, depth 3"},
        {1, "mix:0.5:0.25:0.25", "dimension: 3\n",
         "the checkpoint is of other data: vectors, depth 2"},
    };
    static const char *const others[] = {
        "family: discrete\nsource: zipf\n",
        "family: gaussian\nsource: normal\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct laboratory lab, other;
        struct ws_buffer bytes;
        struct ws_error err;
        char settings[400];
        open_laboratory(&lab, cases[i].family, SETTINGS);
        (void)snprintf(settings, sizeof settings, SETTINGS "%s%s", cases[i].others,
                       strstr(cases[i].others, "items") ? "types: 20\n"
                       : cases[i].family == 0           ? "items: 40\n"
                                                        : "items: 20\n");
        assert_true(laboratory_open(&other, others[cases[i].family], settings, NULL, &err));
        store_after(&other, arm_of(&other, cases[i].arm), 3, &bytes);
        assert_int_equal(
            read_bytes(&lab, arm_of(&lab, cases[i].arm), ws_buffer_bytes(&bytes), &err),
            WS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        ws_buffer_release(&bytes);
        laboratory_close(&other);
        laboratory_close(&lab);
    }
}

/* Checkpoints ---------------------------------------------------------------------------------- */

enum { PART_STEPS = 2 };

/* Two chains after three steps, and between them one that was stored before. */
static void checkpoint_of(const struct laboratory *lab, const struct ws_arm *arm,
                          struct ws_buffer *out)
{
    struct ws_block block;
    const struct ws_stored_chain second = {2, 1, 99, ws_bytes_of_text("state"),
                                           ws_bytes_of_text("records")};
    begin(&block, lab, arm, 1, 3);
    steps(&block, 0, 3);
    block.chains[2].texts_size = 7;
    ws_buffer_init(out, NULL, 1 << 20);
    ws_checkpoint_begin(arm->key, PART_STEPS, out);
    ws_checkpoint_add_chain(&block.chains[0], PART_STEPS, out);
    ws_checkpoint_add(&second, out);
    ws_checkpoint_add_chain(&block.chains[2], PART_STEPS, out);
    assert_int_equal(ws_checkpoint_end(out, NULL), WS_OK);
    ws_block_release(&block);
}

static void assert_bytes(struct ws_bytes bytes, struct ws_bytes expected)
{
    assert_int_equal(bytes.size, expected.size);
    assert_memory_equal(bytes.data, expected.data, expected.size);
}

static void checkpoint__opened_it_says_what_was_written(void **state)
{
    (void)state;
    struct laboratory lab;
    struct ws_buffer bytes, chain;
    struct ws_arena arena;
    struct ws_checkpoint checkpoint;
    struct ws_block block;
    open_laboratory(&lab, 0, SETTINGS);
    const struct ws_arm *arm = arm_of(&lab, "accumulate");
    checkpoint_of(&lab, arm, &bytes);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_checkpoint_open(ws_buffer_bytes(&bytes), &arena, &checkpoint, NULL), WS_OK);
    assert_true(checkpoint.arm_key == arm->key);
    assert_int_equal(checkpoint.part_steps, PART_STEPS);
    assert_int_equal(checkpoint.count, 3);
    begin(&block, &lab, arm, 1, 1);
    steps(&block, 0, 3);
    ws_buffer_init(&chain, NULL, 1 << 20);
    ws_chain_write(block.chains, 2, &chain); /* the first part is put aside */
    const struct ws_stored_chain *first = ws_checkpoint_find(&checkpoint, 1);
    assert_non_null(first);
    assert_int_equal(first->next_step, 3);
    assert_int_equal(first->texts_size, 0);
    assert_bytes(first->state, ws_buffer_bytes(&chain));
    assert_bytes(first->records, ws_buffer_bytes(&block.chains[0].records.bytes));
    const struct ws_stored_chain *second = ws_checkpoint_find(&checkpoint, 2);
    assert_non_null(second);
    assert_int_equal(second->next_step, 1);
    assert_int_equal(second->texts_size, 99);
    assert_bytes(second->state, ws_bytes_of_text("state"));
    assert_bytes(second->records, ws_bytes_of_text("records"));
    const struct ws_stored_chain *third = ws_checkpoint_find(&checkpoint, 3);
    assert_non_null(third);
    assert_int_equal(third->texts_size, 7);
    assert_null(ws_checkpoint_find(&checkpoint, 4));
    ws_block_release(&block);
    ws_arena_release(&arena);
    ws_buffer_release(&bytes);
    ws_buffer_release(&chain);
    laboratory_close(&lab);
}

static enum ws_status opened(const char *data, size_t size, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_checkpoint_open(ws_bytes_of(data, size), &arena, &checkpoint, err);
    ws_arena_release(&arena);
    return status;
}

static void checkpoint__no_byte_can_change_unseen(void **state)
{
    (void)state;
    struct laboratory lab;
    struct ws_buffer bytes;
    struct ws_error err;
    open_laboratory(&lab, 0, SETTINGS);
    checkpoint_of(&lab, arm_of(&lab, "accumulate"), &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 0x10;
        assert_int_equal(opened(bytes.data, bytes.size, &err),
                         i >= 8 && i < 12 ? WS_UNSUPPORTED : WS_CORRUPT);
        bytes.data[i] ^= 0x10;
    }
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(opened(bytes.data, size, &err), WS_CORRUPT);
    assert_int_equal(opened(NULL, 0, &err), WS_CORRUPT);
    assert_string_equal(err.message, "not a checkpoint: 0 bytes long");
    store32_le((uint8_t *)bytes.data + 8, 2);
    assert_int_equal(opened(bytes.data, bytes.size, &err), WS_UNSUPPORTED);
    assert_string_equal(err.message, "checkpoint version 2, this program reads 3");
    ws_buffer_release(&bytes);
    laboratory_close(&lab);
}

/* With a hash that fits. */
static void checkpoint__what_cannot_be_is_told(void **state)
{
    (void)state;
    const struct ws_stored_chain one = {1, 1, 0, {NULL, 0}, {NULL, 0}};
    struct ws_buffer bytes;
    struct ws_error err;
    ws_buffer_init(&bytes, NULL, 1 << 10);
    ws_checkpoint_begin(5, 0, &bytes);
    assert_int_equal(ws_checkpoint_end(&bytes, NULL), WS_OK);
    assert_int_equal(opened(bytes.data, bytes.size, &err), WS_CORRUPT);
    assert_string_equal(err.message, "the checkpoint has parts of no steps");

    ws_buffer_reset(&bytes);
    ws_checkpoint_begin(5, 1, &bytes);
    ws_checkpoint_add(&one, &bytes);
    ws_checkpoint_add(&one, &bytes);
    assert_int_equal(ws_checkpoint_end(&bytes, NULL), WS_OK);
    assert_int_equal(opened(bytes.data, bytes.size, &err), WS_CORRUPT);
    assert_string_equal(err.message, "the checkpoint's seeds do not ascend");

    for (size_t cut = 1; cut < 20; cut += 9) {
        ws_buffer_reset(&bytes);
        ws_checkpoint_begin(5, 1, &bytes);
        ws_checkpoint_add(&one, &bytes);
        bytes.size -= cut;
        assert_int_equal(ws_checkpoint_end(&bytes, NULL), WS_OK);
        assert_int_equal(opened(bytes.data, bytes.size, &err), WS_CORRUPT);
        assert_string_equal(err.message, "the checkpoint ends inside a chain");
    }
    ws_buffer_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain__its_results_do_not_depend_on_block_and_threads),
        cmocka_unit_test(chain__read_back_it_goes_on_as_if_never_stored),
        cmocka_unit_test(chain__absorbed_it_skips_what_changes_nothing),
        cmocka_unit_test(chain__absorbed_it_can_be_stored_and_read_back),
        cmocka_unit_test(chain__only_measured_generations_have_records),
        cmocka_unit_test(chain__a_control_never_leaves_depth_0),
        cmocka_unit_test(chain__arms_of_a_seed_begin_with_the_same_model),
        cmocka_unit_test(chain__arms_share_the_random_numbers_that_were_asked_for),
        cmocka_unit_test(chain__one_that_fails_does_not_disturb_its_neighbours),
        cmocka_unit_test(chain__every_allocation_may_fail),
        cmocka_unit_test(chain__cut_or_lengthened_it_is_refused),
        cmocka_unit_test(chain__any_byte_may_be_wrong),
        cmocka_unit_test(chain__impossible_generations_and_depths_are_refused),
        cmocka_unit_test(chain__its_samples_are_shown),
        cmocka_unit_test(chain__a_refused_sample_takes_no_step),
        cmocka_unit_test(chain__the_state_of_another_policy_is_refused),
        cmocka_unit_test(chain__the_state_of_other_data_is_refused),
        cmocka_unit_test(checkpoint__opened_it_says_what_was_written),
        cmocka_unit_test(checkpoint__no_byte_can_change_unseen),
        cmocka_unit_test(checkpoint__what_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
