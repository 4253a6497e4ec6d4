/*
 * The text that n-gram models make and edit follows their laws.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/ngram_model.h"
#include "support/effort.h"
#include "support/ngram_texts.h"

static double reference_block(struct reference *r, const uint32_t *ids, size_t size)
{
    uint32_t line[MOST_TOKENS + 1] = {r->types};
    memcpy(line + 1, ids, size * sizeof *ids);
    double product = 1;
    for (uint32_t i = 1; i <= size; i++)
        product *= reference_probability(r, line, i, line[i]);
    return product;
}

/* Chi-squared over all blocks of the sampled length against the reference; blocks that cannot be
 * must not be, and cells with few expected are taken together. Four standard deviations decide. */
static void check_law(struct fixture *f, uint32_t types, const char *letters, uint32_t order,
                      enum ws_ngram_sampling sampling)
{
    const struct ws_ngram_model *model = fit_text(f, types, letters, order, sampling);
    make_reference(&f->reference, &f->text, order, sampling == WS_NGRAM_MLE);
    const uint64_t samples = by_effort(2000, 200000, 200000);
    const struct ws_payload *payload = sample_items(f, model, samples, 1);
    size_t block = model->block;
    size_t cells = 1;
    for (size_t i = 0; i < block; i++)
        cells *= types;
    double *seen = calloc(cells, sizeof *seen);
    assert_non_null(seen);
    for (uint64_t item = 0; item < samples; item++) {
        size_t size;
        const uint32_t *ids = ws_payload_tokens(payload, item, &size);
        assert_int_equal(size, block);
        size_t cell = 0;
        for (size_t i = 0; i < block; i++)
            cell = cell * types + ids[i];
        assert_true(cell < cells);
        seen[cell]++;
    }
    double chi_squared = 0;
    double rest_seen = 0;
    double rest_expected = 0;
    double mass = 0;
    int freedom = -1;
    for (size_t cell = 0; cell < cells; cell++) {
        uint32_t ids[8];
        size_t left = cell;
        for (size_t i = block; i-- > 0; left /= types)
            ids[i] = (uint32_t)(left % types);
        double p = reference_block(&f->reference, ids, block);
        double expected = p * (double)samples;
        mass += p;
        if (p < 1e-12) {
            assert_true(seen[cell] == 0);
        } else if (expected < 10) {
            rest_seen += seen[cell];
            rest_expected += expected;
        } else {
            chi_squared += (seen[cell] - expected) * (seen[cell] - expected) / expected;
            freedom++;
        }
    }
    if (rest_expected >= 10) {
        chi_squared += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
        freedom++;
    }
    assert_true(fabs(mass - 1) < 1e-9);
    if (effort() > EFFORT_SMALL && freedom > 0)
        assert_true(chi_squared < freedom + 4 * sqrt(2.0 * freedom));
    free(seen);
}

static void ngram__samples_the_maximum_likelihood_law(void **state)
{
    struct fixture *f = *state;
    for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
        check_law(f, 4, "abcd|abca|acbd|bbda|abda", order, WS_NGRAM_MLE);
        /* Contexts that were only seen at the end of a block fall back. */
        check_law(f, 4, "abac|d|ad|cad|adb", order, WS_NGRAM_MLE);
        check_law(f, 3, "bbbbb|bbb", order, WS_NGRAM_MLE);
    }
}

static void ngram__samples_the_kneser_ney_law(void **state)
{
    struct fixture *f = *state;
    for (uint32_t order = 1; order <= WS_NGRAM_ORDER_LIMIT; order++) {
        check_law(f, 4, "abcd|abca|acbd|bbda|abda", order, WS_NGRAM_KNESER_NEY);
        check_law(f, 4, "abac|d|ad|cad|adb", order, WS_NGRAM_KNESER_NEY);
        check_law(f, 5, "ab|ba|bba", order, WS_NGRAM_KNESER_NEY); /* c, d, e: never seen */
        check_law(f, 1, "aaa", order, WS_NGRAM_KNESER_NEY);
    }
}

static void ngram__gives_each_item_its_own_sequence(void **state)
{
    struct fixture *f = *state;
    for (enum ws_ngram_sampling sampling = WS_NGRAM_MLE; sampling <= WS_NGRAM_KNESER_NEY;
         sampling++) {
        const struct ws_ngram_model *model = fit_text(f, 11, ESTIMABLE, 3, sampling);
        const struct ws_payload *few = sample_items(f, model, 3, 1);
        const struct ws_payload *many = sample_items(f, model, 9, 1);
        const struct ws_payload *other = sample_items(f, model, 3, 2);
        size_t size = few->tokens.ends[2] * sizeof *few->tokens.ids;
        assert_memory_equal(few->tokens.ids, many->tokens.ids, size);
        assert_memory_not_equal(few->tokens.ids, other->tokens.ids, size);
        assert_memory_not_equal(few->tokens.ids, few->tokens.ids + few->tokens.ends[0], size / 3);
    }
}

/* After a: b twice, c and d once; after every other letter, and at the start: a. */
static const char skewed[] = "abacabad";

/* Squared shares 4 : 1 : 1 at lambda = 1/2, b alone at 0. */
static void ngram__biased_it_prefers_what_is_frequent(void **state)
{
    enum { BLOCKS = 20000 };
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_MLE);
    for (int step = 0; step < 2; step++) {
        const double lambda = step == 0 ? 0.5 : 0;
        const struct ws_model *biased;
        const struct ws_payload *sample;
        const uint64_t count = BLOCKS;
        const struct ws_rng_key key = ws_rng_key(WS_STREAM_SAMPLING, 1, 2, 3);
        uint64_t seen[4] = {0};
        assert_int_equal(ws_family_ngram.bias(&model->base, lambda, &f->arena, &biased, NULL),
                         WS_OK);
        assert_int_equal(
            ws_family_ngram.sample(1, &biased, &count, &key, NULL, &f->arena, &sample, NULL),
            WS_OK);
        for (size_t i = 0; i < BLOCKS; i++)
            seen[sample->tokens.ids[8 * i + 1]]++; /* the first one after an a */
        assert_int_equal(seen[0], 0);
        if (step == 1) {
            assert_int_equal(seen[1], BLOCKS);
            continue;
        }
        const double share = (double)seen[1] / BLOCKS, p = 2.0 / 3;
        assert_true(fabs(share - p) < 4 * sqrt(p * (1 - p) / BLOCKS));
        assert_true(seen[2] > 0 && seen[3] > 0);
    }
}

static uint64_t edited(struct fixture *f, const struct ws_ngram_model *model, double likely,
                       uint64_t first, const uint32_t **ids)
{
    const struct ws_payload *payload;
    uint64_t changed;
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_POLICY, 1, 2, 3);
    assert_int_equal(ws_family_ngram.edit(&model->base, &f->text.data, likely, key, first,
                                          &f->arena, &payload, &changed, NULL),
                     WS_OK);
    assert_int_equal(payload->count, f->text.payload.count);
    assert_int_equal(payload->types, f->text.types);
    assert_memory_equal(payload->tokens.ends, f->text.ends,
                        payload->count * sizeof *payload->tokens.ends);
    *ids = payload->tokens.ids;
    return changed;
}

static void ngram__edits_what_is_likely_alone(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_MLE);
    const uint32_t *ids;
    /* Sure tokens are the four a's, and what is drawn for them is an a again. */
    assert_int_equal(edited(f, model, 0.99, 0, &ids), 4);
    assert_memory_equal(ids, f->text.ids, 8 * sizeof *ids);
    /* P(b | a) = 1/2 is likely enough, P(c | a) = P(d | a) = 1/4 is not. */
    uint64_t b = 0, all = 0;
    for (uint64_t trial = 0; trial < 5000; trial++) {
        assert_int_equal(edited(f, model, 0.5, trial, &ids), 6);
        for (size_t i = 0; i < 8; i += 2)
            assert_int_equal(ids[i], 0);
        assert_int_equal(ids[3], 2);
        assert_int_equal(ids[7], 3);
        b += ids[1] == 1;
        b += ids[5] == 1;
        all += 2;
    }
    assert_true(fabs((double)b / (double)all - 0.5) < 4 * 0.5 / sqrt((double)all));
    /* Every token is drawn where every probability will do; an unseen one has probability 0. */
    assert_int_equal(edited(f, model, 0, 0, &ids), 8);
    make_text(&f->text, 4, "cc");
    assert_int_equal(edited(f, model, 0.01, 0, &ids), 0);
    assert_int_equal(ids[0], 2);
}

/* The same item, other items before it: the same edit. */
static void ngram__edits_every_item_by_itself(void **state)
{
    struct fixture *f = *state;
    const struct ws_ngram_model *model = fit_text(f, 4, skewed, 2, WS_NGRAM_KNESER_NEY);
    const uint32_t *alone, *second;
    make_text(&f->text, 4, "abacabad");
    (void)edited(f, model, 0.1, 5, &alone);
    make_text(&f->text, 4, "bad|abacabad");
    (void)edited(f, model, 0.1, 4, &second);
    assert_memory_equal(alone, second + 3, 8 * sizeof *alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ngram__samples_the_maximum_likelihood_law),
        TEST(ngram__samples_the_kneser_ney_law),
        TEST(ngram__gives_each_item_its_own_sequence),
        TEST(ngram__biased_it_prefers_what_is_frequent),
        TEST(ngram__edits_what_is_likely_alone),
        TEST(ngram__edits_every_item_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
