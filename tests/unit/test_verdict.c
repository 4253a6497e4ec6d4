/* The table of docs/formats/verdict.md, row by row, on texts of 1,000 characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/verdict.h"

enum { CHARACTERS = 1000, MARKS = 20, WIDTH = 50 };

/* Mark i is of characters 50 i to 50 i + 49. */
static struct ws_verdict_mark marks[MARKS];
static struct ws_arena arena;

static int set_up(void **state)
{
    (void)state;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < MARKS; i++)
        marks[i] = (struct ws_verdict_mark){1000 + i, i * WIDTH, (i + 1) * WIDTH};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ws_arena_release(&arena);
    return 0;
}

/* What is looked up, put together piece by piece. */
struct case_ {
    struct ws_verdict_claim claims[8];
    struct ws_verdict_hit hits[256];
    struct ws_verdict_exact exacts[8];
    struct ws_verdict_input input;
};

static void begin(struct case_ *c)
{
    *c = (struct case_){.input = {.characters = CHARACTERS, .marks = marks, .mark_count = MARKS}};
    c->input.claims = c->claims;
    c->input.hits = c->hits;
    c->input.exacts = c->exacts;
}

static size_t archive(struct case_ *c, uint64_t since)
{
    c->claims[c->input.claim_count] = (struct ws_verdict_claim){.since = since};
    return c->input.claim_count++;
}

static size_t emission(struct case_ *c, uint64_t since, uint64_t start)
{
    c->claims[c->input.claim_count] = (struct ws_verdict_claim){.is_emission = true,
                                                                .since = since,
                                                                .start = start,
                                                                .at_least = 1,
                                                                .has_most = true,
                                                                .at_most = 2};
    return c->input.claim_count++;
}

/* Document `document` of a claim has marks first .. last. */
static void shares(struct case_ *c, size_t claim, uint64_t document, size_t first, size_t last)
{
    for (size_t m = first; m <= last; m++)
        c->hits[c->input.hit_count++] = (struct ws_verdict_hit){claim, document, m, 1};
}

static struct ws_verdict decide(const struct case_ *c)
{
    struct ws_verdict verdict;
    assert_int_equal(ws_verdict_decide(&ws_verdict_rules_5, &c->input, &arena, &verdict, NULL),
                     WS_OK);
    uint64_t sum = 0;
    for (int label = 0; label < WS_VERDICT_LABELS; label++)
        sum += verdict.characters[label];
    assert_int_equal(sum, c->input.characters);
    return verdict;
}

static void assert_label(const struct case_ *c, enum ws_verdict_label wanted)
{
    assert_string_equal(ws_verdict_word(decide(c).label), ws_verdict_word(wanted));
}

static void a_text_of_no_claim__is_unknown(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    assert_label(&c, WS_VERDICT_UNKNOWN);
    assert_int_equal(decide(&c).distinct, MARKS);
    c.input.characters = c.input.mark_count = 0;
    assert_label(&c, WS_VERDICT_UNKNOWN);
}

static void a_claim__labels_what_it_covers(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    shares(&c, archive(&c, 100), 7, 0, 11);
    struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.label, WS_VERDICT_HUMAN);
    assert_int_equal(verdict.span_count, 1);
    assert_int_equal(verdict.spans[0].begin, 0);
    assert_int_equal(verdict.spans[0].end, 600);
    assert_int_equal(verdict.spans[0].archive, 0);
    assert_int_equal(verdict.match_count, 1);
    assert_int_equal(verdict.matches[0].document, 7);
    assert_int_equal(verdict.matches[0].hits, 12);
    assert_int_equal(verdict.matches[0].characters, 600);

    begin(&c);
    shares(&c, emission(&c, 100, 50), 7, 5, 19);
    verdict = decide(&c);
    assert_int_equal(verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(verdict.characters[WS_VERDICT_MODEL], 750);
    assert_int_equal(verdict.spans[0].at_least, 1);
    assert_int_equal(verdict.spans[0].at_most, 2);
}

static void few_fingerprints__never_label(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c); /* 150 characters */
    shares(&c, emission(&c, 100, 50), 0, 0, 2);
    assert_label(&c, WS_VERDICT_UNKNOWN);
    assert_int_equal(decide(&c).match_count, 0);

    begin(&c); /* 4 marks, but all are of one fingerprint */
    struct ws_verdict_mark same[4] = {{1, 0, 50}, {1, 50, 100}, {1, 100, 150}, {1, 150, 200}};
    c.input.marks = same;
    c.input.mark_count = 4;
    shares(&c, emission(&c, 100, 50), 0, 0, 3);
    assert_label(&c, WS_VERDICT_UNKNOWN);

    begin(&c); /* enough in all, but of no one document */
    size_t claim = emission(&c, 100, 50);
    for (size_t m = 0; m < MARKS; m++)
        shares(&c, claim, m, m, m);
    assert_label(&c, WS_VERDICT_UNKNOWN);

    begin(&c); /* 4 fingerprints that overlap: 80 characters */
    struct ws_verdict_mark near[4] = {{1, 0, 50}, {2, 10, 60}, {3, 20, 70}, {4, 30, 80}};
    c.input.marks = near;
    c.input.mark_count = 4;
    shares(&c, emission(&c, 100, 50), 0, 0, 3);
    assert_label(&c, WS_VERDICT_UNKNOWN);

    begin(&c); /* the least there must be: 200 characters, in 4 */
    shares(&c, emission(&c, 100, 50), 0, 0, 3);
    assert_label(&c, WS_VERDICT_MIXED);
}

static void what_many_documents_have__counts_for_nothing(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    shares(&c, emission(&c, 100, 50), 0, 0, 19);
    for (size_t h = 0; h < c.input.hit_count; h++)
        c.hits[h].documents = 64;
    assert_label(&c, WS_VERDICT_MODEL);
    for (size_t h = 0; h < c.input.hit_count; h++)
        c.hits[h].documents = 65;
    assert_label(&c, WS_VERDICT_UNKNOWN);
    assert_int_equal(decide(&c).common, MARKS);
}

/* An archive has a phrase in so many documents that it says of none whose it is. */
static void what_an_archive_has_often__is_no_models(void **state)
{
    static const struct {
        uint64_t archive_since;
        enum ws_verdict_label wanted;
    } cases[] = {
        {49, WS_VERDICT_UNKNOWN}, /* before the emission can have started */
        {50, WS_VERDICT_CONTESTED},
        {0, WS_VERDICT_CONTESTED}, /* not dated */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct case_ c;
        begin(&c);
        const size_t claim = archive(&c, cases[i].archive_since);
        for (size_t m = 0; m < MARKS; m++)
            c.hits[c.input.hit_count++] = (struct ws_verdict_hit){claim, 0, m, 65};
        shares(&c, emission(&c, 100, 50), 0, 0, 19);
        assert_label(&c, cases[i].wanted);
    }
    /* A phrase here and there is contested, and the rest a model's. */
    struct case_ c;
    begin(&c);
    c.hits[c.input.hit_count++] = (struct ws_verdict_hit){archive(&c, 60), 0, 4, 65};
    shares(&c, emission(&c, 100, 50), 0, 0, 19);
    const struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(verdict.characters[WS_VERDICT_CONTESTED], WIDTH);
    assert_int_equal(verdict.match_count, 1);
}

static void of_archive_and_emission__dates_decide(void **state)
{
    static const struct {
        uint64_t archive_since, emission_start;
        enum ws_verdict_label label;
    } rows[] = {
        {49, 50, WS_VERDICT_HUMAN},     /* before the emission can have started */
        {50, 50, WS_VERDICT_CONTESTED}, /* not before */
        {80, 50, WS_VERDICT_CONTESTED}, /* archived when the model had made it: laundering */
        {200, 50, WS_VERDICT_CONTESTED}, {0, 50, WS_VERDICT_CONTESTED}, /* nobody dated it */
        {49, 0, WS_VERDICT_CONTESTED},                                  /* believed from ever on */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct case_ c;
        begin(&c);
        shares(&c, archive(&c, rows[i].archive_since), 0, 0, 19);
        shares(&c, emission(&c, 100, rows[i].emission_start), 0, 0, 19);
        assert_label(&c, rows[i].label);
    }
}

static void the_earliest_archive__decides(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    shares(&c, archive(&c, 0), 0, 0, 19);
    shares(&c, archive(&c, 200), 0, 0, 19);
    shares(&c, archive(&c, 49), 0, 0, 19);
    shares(&c, emission(&c, 100, 50), 0, 0, 19);
    assert_label(&c, WS_VERDICT_HUMAN);
    assert_int_equal(decide(&c).spans[0].archive, 2);
    shares(&c, emission(&c, 60, 40), 0, 0, 19); /* not beaten */
    assert_label(&c, WS_VERDICT_CONTESTED);
    assert_int_equal(decide(&c).spans[0].emission, 4);
}

static void parts_of_a_text__have_their_own_labels(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    shares(&c, archive(&c, 10), 0, 0, 9);
    shares(&c, emission(&c, 100, 50), 0, 8, 17); /* repeats the end of the human part */
    struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.label, WS_VERDICT_MIXED);
    assert_int_equal(verdict.span_count, 2);
    assert_int_equal(verdict.spans[0].end, 500);
    assert_int_equal(verdict.spans[1].begin, 500);
    assert_int_equal(verdict.spans[1].end, 900);
    assert_int_equal(verdict.characters[WS_VERDICT_UNKNOWN], 100);

    begin(&c); /* a model's part in an unknown text */
    shares(&c, emission(&c, 100, 50), 0, 10, 18);
    assert_label(&c, WS_VERDICT_MIXED);
    begin(&c); /* a human part in an unknown text says nothing of the rest */
    shares(&c, archive(&c, 10), 0, 10, 18);
    assert_label(&c, WS_VERDICT_UNKNOWN);
    assert_int_equal(decide(&c).characters[WS_VERDICT_HUMAN], 450);
    begin(&c); /* contested comes before all */
    shares(&c, archive(&c, 10), 0, 0, 15);
    shares(&c, archive(&c, 60), 0, 16, 19);
    shares(&c, emission(&c, 100, 50), 0, 16, 19);
    assert_label(&c, WS_VERDICT_CONTESTED);
}

/* Mark i of `claim`, whose 50 characters have 200 blanks between them, and 16 marks that it has
 * not: most characters are its own, and four of twenty fingerprints. */
static enum ws_verdict_label label_of_padded(bool is_emission)
{
    struct case_ c;
    struct ws_verdict_mark padded[MARKS];
    begin(&c);
    for (size_t i = 0; i < MARKS; i++) {
        const uint64_t at = i < 4 ? i * 250 : 1000 + (i - 4) * WIDTH;
        padded[i] = (struct ws_verdict_mark){1000 + i, at, at + (i < 4 ? 250 : WIDTH)};
    }
    c.input.marks = padded;
    c.input.characters = 1800;
    shares(&c, is_emission ? emission(&c, 100, 50) : archive(&c, 100), 0, 0, 3);
    const struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.characters[is_emission ? WS_VERDICT_MODEL : WS_VERDICT_HUMAN], 1000);
    return verdict.label;
}

static void blanks_in_a_quotation__make_no_more_of_it(void **state)
{
    (void)state;
    assert_int_equal(label_of_padded(false), WS_VERDICT_UNKNOWN);
    assert_int_equal(label_of_padded(true), WS_VERDICT_MIXED);
}

static void depth__is_that_of_all_emissions(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    size_t first = emission(&c, 100, 50), second = emission(&c, 90, 50);
    c.claims[first].at_least = 3;
    c.claims[first].at_most = 3;
    shares(&c, first, 0, 0, 19);
    shares(&c, second, 0, 0, 19);
    struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.spans[0].emission, second);
    assert_int_equal(verdict.spans[0].at_least, 1);
    assert_true(verdict.spans[0].has_most);
    assert_int_equal(verdict.spans[0].at_most, 3);
    c.claims[second].has_most = false;
    verdict = decide(&c);
    assert_false(verdict.spans[0].has_most);
}

static void an_opened_commitment__covers_all_of_the_text(void **state)
{
    struct case_ c;
    (void)state;
    begin(&c);
    shares(&c, emission(&c, 100, 50), 4, 3, 3); /* too few by themselves */
    c.exacts[c.input.exact_count++] = (struct ws_verdict_exact){0, 4};
    struct ws_verdict verdict = decide(&c);
    assert_int_equal(verdict.label, WS_VERDICT_MODEL);
    assert_int_equal(verdict.characters[WS_VERDICT_MODEL], CHARACTERS);
    assert_int_equal(verdict.match_count, 1);
    assert_true(verdict.matches[0].is_exact);

    begin(&c); /* a text too short for fingerprints */
    c.input.characters = 12;
    c.input.mark_count = 0;
    c.exacts[c.input.exact_count++] = (struct ws_verdict_exact){archive(&c, 10), 0};
    assert_label(&c, WS_VERDICT_HUMAN);
}

/* Hits come in any order. */
static void the_order_of_hits__does_not_matter(void **state)
{
    struct case_ c, turned;
    (void)state;
    begin(&c);
    shares(&c, archive(&c, 60), 0, 2, 9);
    shares(&c, archive(&c, 10), 1, 4, 12);
    shares(&c, emission(&c, 100, 50), 5, 0, 19);
    turned = c;
    turned.input.claims = turned.claims;
    turned.input.hits = turned.hits;
    for (size_t h = 0; h < c.input.hit_count; h++)
        turned.hits[h] = c.hits[c.input.hit_count - 1 - h];
    struct ws_verdict a = decide(&c), b = decide(&turned);
    assert_int_equal(a.span_count, b.span_count);
    for (size_t s = 0; s < a.span_count; s++) {
        assert_int_equal(a.spans[s].begin, b.spans[s].begin);
        assert_int_equal(a.spans[s].end, b.spans[s].end);
        assert_int_equal(a.spans[s].label, b.spans[s].label);
        assert_int_equal(a.spans[s].archive, b.spans[s].archive);
    }
    assert_memory_equal(a.characters, b.characters, sizeof a.characters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_no_claim__is_unknown),
        cmocka_unit_test(a_claim__labels_what_it_covers),
        cmocka_unit_test(few_fingerprints__never_label),
        cmocka_unit_test(what_many_documents_have__counts_for_nothing),
        cmocka_unit_test(what_an_archive_has_often__is_no_models),
        cmocka_unit_test(of_archive_and_emission__dates_decide),
        cmocka_unit_test(the_earliest_archive__decides),
        cmocka_unit_test(parts_of_a_text__have_their_own_labels),
        cmocka_unit_test(blanks_in_a_quotation__make_no_more_of_it),
        cmocka_unit_test(depth__is_that_of_all_emissions),
        cmocka_unit_test(an_opened_commitment__covers_all_of_the_text),
        cmocka_unit_test(the_order_of_hits__does_not_matter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
