/*
 * Corpora of human data: those of their own for test and validation, tokenizers, and what is wrong
 * with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/human.h"
#include "support/failing_heap.h"
#include "support/human_data.h"

static void assert_refused(const struct ws_human_settings *settings, const char *message)
{
    struct ws_human *human = NULL;
    struct ws_error err;
    assert_int_equal(ws_human_open(settings, NULL, &human, NULL, &err), WS_INVALID);
    assert_string_equal(err.message, message);
    assert_null(human);
}

/* printf "v1 v2 v2 v3 ... " | sha256sum, all 55 */
static void human__hash_is_that_of_the_corpus(void **state)
{
    struct ws_human_settings settings = words_settings(*state);
    struct ws_human *human = open_human(&settings);
    char text[WS_HASH_TEXT_SIZE];
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 1);
    assert_string_equal(input->name, "corpus");
    ws_hash_text(&input->hash, text);
    assert_string_equal(text, "5ff60d30e6fe7f647a80a167c6c65d9993ddb0572cc2291fd5295da69307ea62");
    ws_human_close(human);
}

static void human__a_corpus_too_small_says_what_is_needed(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    char wanted[256];
    settings.fresh_items = 5;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 10 blocks of 10 words; items=4 + test_items=2 + "
                   "fresh_items=5 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);

    settings.block = 1000;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 0 blocks of 1000 words; items=4 + test_items=2 + "
                   "fresh_items=5 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);

    settings = words_settings(fixture);
    settings.items = 21;
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 55 words; items=21 + test_items=10 + fresh_items=25 need 56",
                   fixture->repeated);
    assert_refused(&settings, wanted);
}

/* Test and validation -------------------------------------------------------------------------- */

/* 65 words, of which the first corpus has every other one. */
static void write_other(char path[64])
{
    char text[600];
    size_t size = 0;
    for (int i = 0; i < 65; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%d ", i % 2 ? "w" : "u", i);
    write_text(path, "other", text);
}

static void human__validation_is_dealt_like_the_rest_and_moves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.fresh_items = 2;
    struct ws_human *without = open_human(&settings);
    settings.validation_items = 2;
    struct ws_human *with = open_human(&settings);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ws_deal a = deal_of(without, seed, &fixture->arena);
        struct ws_deal b = deal_of(with, seed, &fixture->arena);
        assert_int_equal(a.validation.count, 0);
        assert_int_equal(b.validation.count, 2);
        assert_true(same(&a.original, &b.original, &fixture->arena));
        assert_true(same(&a.reference, &b.reference, &fixture->arena));
        assert_true(same(&a.fresh, &b.fresh, &fixture->arena));
        uint64_t seen[WORDS] = {0};
        tally(&b.original, seen, &fixture->arena);
        tally(&b.reference, seen, &fixture->arena);
        tally(&b.fresh, seen, &fixture->arena);
        tally(&b.validation, seen, &fixture->arena);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(seen[i], 1);
    }
    ws_human_close(without);
    ws_human_close(with);
}

static void human__corpora_of_their_own_share_the_vocabulary(void **state)
{
    struct fixture *fixture = *state;
    char other[64];
    write_other(other);
    struct ws_human_settings settings = text_settings(fixture);
    settings.test_corpus = fixture->repeated;
    settings.validation_corpus = other;
    settings.test_items = 0;
    settings.validation_items = 4;
    struct ws_human *human = open_human(&settings);
    const struct ws_vocabulary *vocabulary = ws_human_vocabulary(human);
    assert_int_equal(vocabulary->count, WORDS + 10 + 33); /* v1 to v10; u0, u2, ..., u64 */
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 3);
    assert_string_equal(input[1].name, "test_corpus");
    assert_string_equal(input[2].name, "validation_corpus");
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct ws_deal deal = deal_of(human, seed, &fixture->arena);
        assert_int_equal(deal.original.count, 4);
        assert_int_equal(deal.reference.count, 5); /* all of 55 words in whole blocks */
        assert_int_equal(deal.validation.count, 4);
        uint64_t seen[WORDS + 43] = {0};
        tally(&deal.reference, seen, &fixture->arena);
        for (size_t i = 0; i < WORDS + 43; i++) {
            bool is_v = vocabulary->words[i][0] == 'v';
            assert_true(is_v ? seen[i] >= 1 : seen[i] == 0);
        }
        memset(seen, 0, sizeof seen);
        tally(&deal.validation, seen, &fixture->arena);
        for (size_t i = 0; i < WORDS + 43; i++)
            assert_true(vocabulary->words[i][0] != 'v' || seen[i] == 0);
    }
    /* Which four of the six blocks is the seed's matter. */
    struct ws_deal one = deal_of(human, 1, &fixture->arena);
    struct ws_deal two = deal_of(human, 2, &fixture->arena);
    assert_false(same(&one.validation, &two.validation, &fixture->arena));
    ws_human_close(human);

    settings.validation_items = 7;
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted,
                   "'%s' has 6 blocks of 10 words; validation_items=7 needs 7", other);
    assert_refused(&settings, wanted);
    (void)unlink(other);
}

static void human__no_items_are_all_that_the_others_leave(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.items = 0;
    settings.validation_items = 1;
    struct ws_human *human = open_human(&settings);
    assert_int_equal(ws_human_items(human), 3); /* 10 - 2 - 1 - 4 */
    assert_int_equal(deal_of(human, 1, &fixture->arena).original.count, 3);
    ws_human_close(human);
    settings.fresh_items = 7;
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted,
                   "corpus '%s' has 10 blocks of 10 words; items=0 + test_items=2 + fresh_items=7 "
                   "+ validation_items=1 need 11",
                   fixture->distinct);
    assert_refused(&settings, wanted);
    settings = words_settings(fixture);
    settings.items = 0;
    human = open_human(&settings);
    assert_int_equal(ws_human_items(human), 20);
    ws_human_close(human);
    settings = normal_settings(fixture);
    settings.items = 0;
    assert_refused(&settings, "'items' is '0', wanted at least 1: a generator never ends");
}

static void human__byte_pairs_are_trained_or_given_and_read_as_text(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = text_settings(fixture);
    settings.unit = WS_UNIT_BPE;
    settings.vocabulary = 300;
    settings.test_corpus = fixture->repeated;
    settings.test_items = 0;
    struct ws_human *human = open_human(&settings);
    const struct ws_tokenizer *tokenizer = ws_human_tokenizer(human);
    assert_non_null(tokenizer);
    assert_null(ws_human_vocabulary(human));
    assert_int_equal(ws_tokenizer_find(tokenizer, WS_END_OF_TEXT), 0);
    assert_int_equal(ws_human_shape(human)->types, ws_tokenizer_count(tokenizer));
    assert_in_range(ws_tokenizer_count(tokenizer), 258, 300);
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 3);
    assert_string_equal(input[2].name, "tokenizer");
    /* The test corpus in its order: its text. */
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    const struct ws_segment *segment = &deal.reference.segments[0];
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 16);
    for (uint64_t i = 0; i < segment->count; i++) {
        size_t size;
        const uint32_t *ids =
            ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        assert_int_equal(size, 10);
        assert_int_equal(ws_human_text(human, ids, size, &text, NULL), WS_OK);
    }
    assert_ptr_equal(strstr(ws_buffer_string(&text), "v1 v2 v2 v3 v3 v3 v4"),
                     ws_buffer_string(&text));
    ws_buffer_release(&text);

    char place[64];
    (void)snprintf(place, sizeof place, "/tmp/ws-human-%ld-tokenizer", (long)getpid());
    assert_int_equal(ws_tokenizer_save(tokenizer, place, NULL), WS_OK);
    settings.tokenizer = place;
    struct ws_human *given = open_human(&settings);
    struct ws_deal again = deal_of(given, 1, &fixture->arena);
    assert_true(same(&deal.original, &again.original, &fixture->arena));
    assert_memory_equal(ws_human_inputs(given, &inputs)[2].hash.bytes, input[2].hash.bytes,
                        WS_HASH_SIZE);
    ws_human_close(given);
    ws_human_close(human);
    static const char *const files[] = {"tokenizer.json", "tokenizer_config.json", "vocab.json",
                                        "merges.txt"};
    for (size_t i = 0; i < 4; i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s/%s", place, files[i]);
        assert_int_equal(unlink(file), 0);
    }
    assert_int_equal(rmdir(place), 0);
    const char *at_fault;
    assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, NULL), WS_NOT_FOUND);
    assert_string_equal(at_fault, "tokenizer");
}

static void human__says_which_setting_is_at_fault(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *setting;
        enum ws_status status;
    } cases[] = {{"corpus", WS_NOT_FOUND},
                 {"test_corpus", WS_NOT_FOUND},
                 {"validation_corpus", WS_NOT_FOUND},
                 {"items", WS_INVALID},
                 {"test_items", WS_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_human_settings settings = text_settings(fixture);
        settings.test_corpus = fixture->repeated;
        if (i == 0)
            settings.corpus = "/nowhere";
        if (i == 1)
            settings.test_corpus = "/nowhere";
        if (i == 2)
            settings.validation_corpus = "/nowhere";
        if (i == 3)
            settings.items = 1000;
        if (i == 4)
            settings.test_items = 1000;
        struct ws_human *human;
        const char *at_fault = NULL;
        assert_int_equal(ws_human_open(&settings, NULL, &human, &at_fault, NULL), cases[i].status);
        assert_string_equal(at_fault, cases[i].setting);
    }
}

static void human__a_corpus_must_be_named_and_be_there(void **state)
{
    struct ws_human_settings settings = text_settings(*state);
    settings.corpus = "";
    assert_refused(&settings, "source 'text' needs a corpus: set corpus=PATH");
    settings.source = WS_HUMAN_WORDS;
    assert_refused(&settings, "source 'words' needs a corpus: set corpus=PATH");
    settings.corpus = "/nonexistent/corpus.txt";
    struct ws_human *human;
    assert_int_equal(ws_human_open(&settings, NULL, &human, NULL, NULL), WS_NOT_FOUND);
}

static void human__empty_and_binary_corpora_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = words_settings(fixture);
    struct ws_human *human;
    static const char *const texts[] = {"", " .,;\n", "good \xff bad"};
    for (size_t i = 0; i < 3; i++) {
        write_text(fixture->repeated, "repeated", texts[i]);
        assert_int_equal(ws_human_open(&settings, NULL, &human, NULL, NULL), WS_UNSUPPORTED);
    }
    write_text(fixture->repeated, "repeated", "one");
    settings.items = 1;
    settings.test_items = settings.fresh_items = 0;
    human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    assert_int_equal(deal.original.count, 1);
    ws_human_close(human);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hash_is_that_of_the_corpus),
        TEST(a_corpus_too_small_says_what_is_needed),
        TEST(validation_is_dealt_like_the_rest_and_moves_nothing),
        TEST(corpora_of_their_own_share_the_vocabulary),
        TEST(no_items_are_all_that_the_others_leave),
        TEST(byte_pairs_are_trained_or_given_and_read_as_text),
        TEST(says_which_setting_is_at_fault),
        TEST(a_corpus_must_be_named_and_be_there),
        TEST(empty_and_binary_corpora_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
