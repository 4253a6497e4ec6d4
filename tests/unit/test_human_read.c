/*
 * Corpora that are cut into tokens while they are read: the tokens are those of the whole text,
 * wherever its pieces end, and what can be read once only is read once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "data/human.h"
#include "support/effort.h"
#include "support/place.h"
#include "support/tokenizers.h"

#ifdef WS_SMALL_LIMITS
enum { SHORT = 8000, LONG = 8000, LONG_RUN = 500 };
#else
enum { SHORT = 1200000, LONG = 3000000, LONG_RUN = 1100000 }; /* pieces are of 1 MiB */
#endif

struct fixture {
    struct ws_arena arena;
    struct ws_buffer text; /* lines, and a run without white space that is longer than a piece */
    struct place place;
    const char *path; /* of the text */
};

static int set_up(void **state)
{
    static const char *const parts[] = {"word",         " ",   "\n",       "'s ",  "42",
                                        "\u03A3",       "  ",  "e\u0301",  "\r\n", "<s>",
                                        "\u039F\u03A3", "the", "\u4F60 a", ".",    " \t"};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    uint32_t x = 1;
    const size_t size = by_effort(SHORT, LONG, LONG);
    ws_arena_init(&fixture->arena, NULL);
    ws_buffer_init(&fixture->text, NULL, SIZE_MAX);
    for (size_t half = 1; half <= 2; half++) {
        while (fixture->text.size < half * size / 2) {
            x = x * 1664525U + 1013904223U;
            ws_buffer_text(&fixture->text, parts[(x >> 16) % (sizeof parts / sizeof *parts)]);
        }
        char *run = half == 1 ? ws_buffer_extend(&fixture->text, LONG_RUN) : NULL;
        if (run)
            memset(run, 'x', LONG_RUN);
    }
    new_place(&fixture->place);
    fixture->path = join(&fixture->arena, fixture->place.path, "corpus");
    *state = fixture;
    return ws_file_replace(fixture->path, ws_buffer_bytes(&fixture->text), NULL) == WS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    remove_place(&fixture->place);
    ws_buffer_release(&fixture->text);
    ws_arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

/* Blocks of one token, and the corpus once more as a test corpus, which is dealt in its order. */
static struct ws_human_settings settings_of(const struct fixture *fixture, enum ws_human_unit unit)
{
    return (struct ws_human_settings){.source = WS_HUMAN_TEXT,
                                      .corpus = fixture->path,
                                      .test_corpus = fixture->path,
                                      .unit = unit,
                                      .vocabulary = 300,
                                      .block = 1,
                                      .items = 1};
}

static struct ws_human *open_human(const struct ws_human_settings *settings)
{
    struct ws_human *human;
    struct ws_error err;
    if (ws_human_open(settings, NULL, &human, NULL, &err) != WS_OK)
        fail_msg("%s", err.message);
    return human;
}

static void assert_tokens(const struct ws_human *human, const struct ws_buffer *ids)
{
    struct ws_arena arena;
    struct ws_deal deal;
    size_t size;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_human_deal(human, 1, &arena, &deal, NULL), WS_OK);
    const struct ws_segment *segment = &deal.reference.segments[0];
    assert_int_equal(segment->count, ids->size / sizeof(uint32_t));
    for (uint64_t i = 0; i < segment->count; i++) {
        const uint32_t *id =
            ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        if (memcmp(id, ids->data + i * sizeof *id, sizeof *id) != 0)
            fail_msg("token %zu of %zu differs", (size_t)i, (size_t)segment->count);
    }
    ws_arena_release(&arena);
}

static void assert_hash(const struct ws_human *human, const struct ws_buffer *text)
{
    struct ws_hash hash;
    size_t inputs;
    assert_int_equal(ws_hash_of(ws_buffer_bytes(text), &hash, NULL), WS_OK);
    assert_memory_equal(&ws_human_inputs(human, &inputs)[0].hash, &hash, sizeof hash);
}

static void words__are_those_of_the_whole_text(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = settings_of(fixture, WS_UNIT_WORDS);
    struct ws_human *human = open_human(&settings);
    const struct ws_text text = {ws_buffer_bytes(&fixture->text), "corpus", 0};
    struct ws_words words;
    struct ws_buffer ids;
    ws_words_init(&words, NULL);
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    assert_int_equal(ws_words_encode(&words, &text, &ids, NULL), WS_OK);
    assert_tokens(human, &ids);
    assert_hash(human, &fixture->text);
    const struct ws_vocabulary *vocabulary = ws_human_vocabulary(human);
    assert_int_equal(vocabulary->count, words.set.count);
    for (uint32_t i = 0; i < vocabulary->count; i++)
        assert_string_equal(vocabulary->words[i], ws_text_set_at(&words.set, i));
    ws_human_close(human);

    uint64_t counted = 0;
    settings.source = WS_HUMAN_WORDS;
    settings.items = 0;
    human = open_human(&settings);
    assert_int_equal(ws_human_items(human), ids.size / sizeof(uint32_t));
    struct ws_deal deal;
    struct ws_payload counts;
    assert_int_equal(ws_human_deal(human, 1, &fixture->arena, &deal, NULL), WS_OK);
    assert_int_equal(ws_dataset_type_counts(&deal.original, &fixture->arena, &counts, NULL), WS_OK);
    assert_int_equal(counts.counts.size, words.set.count);
    for (size_t i = 0; i < ids.size / sizeof(uint32_t); i++)
        counted += ((const uint32_t *)(const void *)ids.data)[i] == 1;
    assert_int_equal(counts.counts.count[1], counted);
    ws_human_close(human);
    ws_buffer_release(&ids);
    ws_words_release(&words);
}

static void bytes__are_those_of_the_whole_text(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = settings_of(fixture, WS_UNIT_BYTES);
    struct ws_human *human = open_human(&settings);
    struct ws_buffer ids;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    for (size_t i = 0; i < fixture->text.size; i++)
        ws_buffer_u32(&ids, (uint8_t)fixture->text.data[i]);
    assert_tokens(human, &ids);
    ws_buffer_release(&ids);
    ws_human_close(human);
}

static void assert_encoded(const struct fixture *fixture, const struct ws_human *human,
                           const struct ws_tokenizer *tokenizer)
{
    struct ws_buffer ids;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    assert_int_equal(ws_tokenizer_encode(tokenizer, ws_buffer_bytes(&fixture->text), 0, &ids, NULL),
                     WS_OK);
    assert_tokens(human, &ids);
    assert_hash(human, &fixture->text);
    ws_buffer_release(&ids);
}

/* One that can be cut before any white space, one before blanks only, one nowhere. */
static void byte_pairs__are_those_of_the_whole_text(void **state)
{
    struct fixture *fixture = *state;
#define VOCABULARY                                                                                 \
    .vocabulary = ", \"th\": 256, \"the\": 257, \"\304\240a\": 258, \"xx\": 259",                  \
    .merges = "\"t h\", \"th e\", \"\304\240 a\", \"x x\""
    static const struct small_tokenizer variants[] = {
        {VOCABULARY, .added = SMALL_SPECIAL("260", "<s>")},
        {VOCABULARY, .pre_tokenizer = SMALL_BYTE_LEVEL("true"),
         .normalizer = "{\"type\": \"NFC\"}"},
        {VOCABULARY, .added = SMALL_ADDED("260", "a <", "true", "true", "true", "true", "false")},
    };
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const char *directory = join(&fixture->arena, fixture->place.path, "tokenizer");
        const struct ws_tokenizer *tokenizer;
        assert_int_equal(small_tokenizer_parse(&variants[i], &fixture->arena, &tokenizer, NULL),
                         WS_OK);
        assert_int_equal(ws_tokenizer_save(tokenizer, directory, NULL), WS_OK);
        struct ws_human_settings settings = settings_of(fixture, WS_UNIT_BPE);
        settings.tokenizer = directory;
        struct ws_human *human = open_human(&settings);
        assert_encoded(fixture, human, tokenizer);
        ws_human_close(human);
    }
}

static void tokenizer__is_trained_on_the_whole_text(void **state)
{
    static const char *const special[] = {WS_END_OF_TEXT};
    struct fixture *fixture = *state;
    struct ws_human_settings settings = settings_of(fixture, WS_UNIT_BPE);
    const struct ws_tokenizer *tokenizer;
    assert_int_equal(ws_tokenizer_train(ws_buffer_bytes(&fixture->text), 300, special, 1,
                                        &fixture->arena, &tokenizer, NULL),
                     WS_OK);
    struct ws_human *human = open_human(&settings);
    assert_encoded(fixture, human, tokenizer);
    assert_int_equal(ws_tokenizer_count(ws_human_tokenizer(human)), ws_tokenizer_count(tokenizer));
    ws_human_close(human);
}

/* A child that writes the text into a pipe, once. */
static pid_t feed(const struct fixture *fixture, const char *pipe)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    FILE *file = fopen(pipe, "wb");
    bool written =
        file && fwrite(fixture->text.data, 1, fixture->text.size, file) == fixture->text.size;
    _exit(written && fclose(file) == 0 ? 0 : 1);
}

static void corpus__may_be_a_pipe(void **state)
{
    struct fixture *fixture = *state;
    const enum ws_human_unit units[] = {WS_UNIT_WORDS, WS_UNIT_BPE};
    const char *pipe = join(&fixture->arena, fixture->place.path, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct ws_human_settings settings = settings_of(fixture, units[i]);
        settings.corpus = pipe;
        settings.test_corpus = "";
        int status = -1;
        pid_t child = feed(fixture, pipe);
        struct ws_human *human = open_human(&settings);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_hash(human, &fixture->text);
        settings.corpus = fixture->path;
        struct ws_human *from_file = open_human(&settings);
        assert_int_equal(ws_human_shape(human)->types, ws_human_shape(from_file)->types);
        ws_human_close(from_file);
        ws_human_close(human);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words__are_those_of_the_whole_text),
        TEST(bytes__are_those_of_the_whole_text),
        TEST(byte_pairs__are_those_of_the_whole_text),
        TEST(tokenizer__is_trained_on_the_whole_text),
        TEST(corpus__may_be_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
