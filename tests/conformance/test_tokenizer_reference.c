/*
 * Tokenizers against the Hugging Face library `tokenizers` 0.23, id for id. tests/golden/tokenizer
 * holds a tokenizer of 1,024 tokens, ids of hard texts under it and under it with other settings,
 * and the merges of a training; all ids and merges there are that library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/tokenizer_internal.h"

#define GOLDEN WS_SOURCE_DIR "/tests/golden/tokenizer"
#define SHARED WS_SOURCE_DIR "/../shared"

static struct ws_bytes read_file(const char *path, struct ws_arena *arena)
{
    struct ws_bytes bytes;
    struct ws_error err = {.message = ""};
    if (ws_file_read(path, SIZE_MAX, arena, &bytes, &err) != WS_OK)
        fail_msg("%s", err.message);
    return bytes;
}

/* With the zero characters that ws_json_parse refuses. */
static json_t *read_json(const char *path, struct ws_arena *arena)
{
    struct ws_bytes bytes = read_file(path, arena);
    json_error_t error;
    json_t *json = json_loadb((const char *)bytes.data, bytes.size, JSON_ALLOW_NUL, &error);
    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static const struct ws_tokenizer *parse(const json_t *json, const char *name,
                                        struct ws_arena *arena)
{
    struct ws_buffer text;
    struct ws_error err = {.message = ""};
    const struct ws_tokenizer *tokenizer = NULL;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append(json, &text);
    if (ws_tokenizer_parse(ws_buffer_bytes(&text), name, arena, &tokenizer, &err) != WS_OK)
        fail_msg("%s", err.message);
    ws_buffer_release(&text);
    return tokenizer;
}

static void assert_ids(const struct ws_tokenizer *tokenizer, struct ws_bytes text,
                       const json_t *wanted, const char *name)
{
    struct ws_buffer buffer;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&buffer, NULL, SIZE_MAX);
    if (ws_tokenizer_encode(tokenizer, text, WS_ENCODE_FRONT | WS_ENCODE_BACK, &buffer, &err) !=
        WS_OK)
        fail_msg("%s: %s", name, err.message);
    const uint32_t *ids = (const uint32_t *)(const void *)buffer.data;
    size_t count = buffer.size / sizeof *ids;
    for (size_t i = 0; i < count && i < json_array_size(wanted); i++)
        if (ids[i] != (uint32_t)json_integer_value(json_array_get(wanted, i)))
            fail_msg("%s: id %zu of '%.*s' is %u, wanted %lld", name, i, (int)text.size,
                     (const char *)text.data, ids[i],
                     (long long)json_integer_value(json_array_get(wanted, i)));
    if (count != json_array_size(wanted))
        fail_msg("%s: %zu ids for '%.*s', wanted %zu", name, count, (int)text.size,
                 (const char *)text.data, json_array_size(wanted));
    ws_buffer_release(&buffer);
}

static void assert_cases(const struct ws_tokenizer *tokenizer, const json_t *cases,
                         const char *name)
{
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        const json_t *text = json_object_get(item, "text");
        assert_ids(tokenizer, ws_bytes_of(json_string_value(text), json_string_length(text)),
                   json_object_get(item, "ids"), name);
    }
}

/* "model.ignore_merges": of the model; other keys are of the file. */
static void change(json_t *json, const json_t *changes)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)changes, key, value)
    {
        bool of_model = strncmp(key, "model.", 6) == 0;
        json_t *object = of_model ? json_object_get(json, "model") : json;
        assert_int_equal(json_object_set(object, of_model ? key + 6 : key, value), 0);
    }
}

static void tokenizer__gives_the_library_s_ids_for_hard_texts_under_all_settings(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    json_t *golden = read_json(GOLDEN "/tokenizer-cases.json", &arena);
    const json_t *variants = json_object_get(golden, "variants");
    assert_int_equal(json_array_size(variants), 9);
    for (size_t i = 0; i < json_array_size(variants); i++) {
        const json_t *variant = json_array_get(variants, i);
        const char *name = json_string_value(json_object_get(variant, "name"));
        json_t *json = read_json(GOLDEN "/tokenizer-dev.json", &arena);
        change(json, json_object_get(variant, "changes"));
        assert_cases(parse(json, name, &arena), json_object_get(variant, "cases"), name);
        json_decref(json);
    }
    json_decref(golden);
    ws_arena_release(&arena);
}

static void assert_spelt(const struct ws_tokenizer *tokenizer, uint32_t id, const char *wanted)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_alphabet_spell(ws_tokenizer_piece(tokenizer, id), &text);
    assert_string_equal(ws_buffer_string(&text), wanted);
    ws_buffer_release(&text);
}

static void tokenizer__is_trained_to_the_library_s_merges(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_buffer text;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    json_t *golden = read_json(GOLDEN "/tokenizer-cases.json", &arena);
    const json_t *training = json_object_get(golden, "training");
    const json_t *lines = json_object_get(training, "text");
    const json_t *merges = json_object_get(training, "merges");
    for (size_t i = 0; i < json_array_size(lines); i++)
        ws_buffer_text(&text, json_string_value(json_array_get(lines, i)));
    /* More than there are pairs: every merge there can be. */
    assert_int_equal(
        ws_tokenizer_train(ws_buffer_bytes(&text), 10000, NULL, 0, &arena, &tokenizer, NULL),
        WS_OK);
    assert_int_equal(tokenizer->merge_count, json_array_size(merges));
    for (uint32_t rank = 0; rank < tokenizer->merge_count; rank++) {
        const json_t *merge = json_array_get(merges, rank);
        assert_spelt(tokenizer, tokenizer->merges[rank].left,
                     json_string_value(json_array_get(merge, 0)));
        assert_spelt(tokenizer, tokenizer->merges[rank].right,
                     json_string_value(json_array_get(merge, 1)));
    }
    json_decref(golden);
    ws_buffer_release(&text);
    ws_arena_release(&arena);
}

static void need(const char *path)
{
    if (ws_file_exists(path))
        return;
    print_message("skipped: there is no '%s'\n", path);
    skip();
}

static void tokenizer__gives_the_library_s_ids_for_the_shared_cases(void **state)
{
    (void)state;
    static const char path[] = SHARED "/conformance/tokenizer/tokenizer-dev-cases.json";
    need(path);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    json_t *cases = read_json(path, &arena);
    json_t *json = read_json(GOLDEN "/tokenizer-dev.json", &arena);
    assert_int_equal(json_array_size(cases), 343);
    assert_cases(parse(json, "tokenizer-dev.json", &arena), cases, "shared cases");
    json_decref(json);
    json_decref(cases);
    ws_arena_release(&arena);
}

/* The golden tokenizer was trained on WikiText-2's validation text. */
static void tokenizer__is_trained_to_the_golden_file_on_wikitext(void **state)
{
    (void)state;
    need(SHARED "/data/wikitext-2/wiki.valid.tokens.xz");
    if (system("command -v xz >/dev/null") != 0) {
        print_message("skipped: there is no xz\n");
        skip();
    }
    static const char *const special[] = {"<|endoftext|>"};
    struct ws_arena arena;
    struct ws_buffer text, written;
    const struct ws_tokenizer *tokenizer;
    json_t *json = NULL;
    char chunk[1 << 16];
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&written, NULL, SIZE_MAX);
    FILE *pipe = popen("xz -dc '" SHARED "/data/wikitext-2/wiki.valid.tokens.xz'", "r");
    assert_non_null(pipe);
    for (size_t size; (size = fread(chunk, 1, sizeof chunk, pipe)) > 0;)
        ws_buffer_append(&text, chunk, size);
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(
        ws_tokenizer_train(ws_buffer_bytes(&text), 1024, special, 1, &arena, &tokenizer, NULL),
        WS_OK);
    ws_tokenizer_write_json(tokenizer, &written);
    assert_int_equal(ws_json_parse(ws_buffer_bytes(&written), "written", &json, NULL), WS_OK);
    json_t *golden = read_json(GOLDEN "/tokenizer-dev.json", &arena);
    assert_true(json_equal(json, golden));
    json_decref(golden);
    json_decref(json);
    ws_buffer_release(&written);
    ws_buffer_release(&text);
    ws_arena_release(&arena);
}

static void tokenizer__reads_gpt_2_s_own_files(void **state)
{
    (void)state;
    static const char directory[] = SHARED "/data/gpt2-tokenizer";
    static const struct {
        const char *text, *ids;
    } cases[] = {
        {"Hello world", "[15496, 995]"},
        {"Hello world, this is  GPT-2's<|endoftext|>",
         "[15496, 995, 11, 428, 318, 220, 402, 11571, 12, 17, 338, 50256]"},
        {"na\303\257ve \346\227\245\346\234\254\350\252\236 don't 12345  \n\n ok",
         "[2616, 38776, 10545, 245, 98, 17312, 105, 45739, 252, 836, 470, 17031, 2231, 220, 220, "
         "628, 12876]"},
        {"   leading\t\ttabs <|endoftext|>\342\205\267",
         "[220, 220, 3756, 197, 197, 8658, 82, 220, 50256, 158, 227, 115]"},
        {"antidisestablishmentarianism hahahahahahahahahahahahahahahahahahahaha",
         "[415, 29207, 44390, 3699, 1042, 387, 71, 36225, 36225, 36225, 36225, 36225, 36225, "
         "36225, 36225, 993, 12236]"},
    };
    need(SHARED "/data/gpt2-tokenizer/encoder.json");
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    if (ws_tokenizer_open(directory, &arena, &tokenizer, &err) != WS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(ws_tokenizer_count(tokenizer), 50257);
    assert_int_equal(tokenizer->merge_count, 50000);
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 50256);
    assert_int_equal(ws_tokenizer_find(tokenizer, " the"), 262);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *ids = json_loads(cases[i].ids, 0, NULL);
        assert_ids(tokenizer, ws_bytes_of_text(cases[i].text), ids, "GPT-2");
        json_decref(ids);
    }
    ws_arena_release(&arena);
}

/* As many as the library's regular expressions and Digits know, tried one by one. */
static void characters__have_the_library_s_classes(void **state)
{
    (void)state;
    enum { SURROGATES = 0xD800, BEHIND_SURROGATES = 0xE000, END = 0x110000 };
    unsigned classes[4] = {0};
    unsigned numeric = 0, word = 0;
    for (int32_t c = 0; c < END; c++) {
        if (c >= SURROGATES && c < BEHIND_SURROGATES)
            continue;
        classes[ws_char_class(c)]++;
        numeric += ws_char_is_numeric(c);
        word += ws_char_is_word(c);
    }
    assert_int_equal(classes[WS_CHAR_LETTER], 141028);
    assert_int_equal(classes[WS_CHAR_NUMBER], 1911);
    assert_int_equal(classes[WS_CHAR_SPACE], 25);
    assert_int_equal(numeric, 1924);
    assert_int_equal(word, 144667);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokenizer__gives_the_library_s_ids_for_hard_texts_under_all_settings),
        cmocka_unit_test(tokenizer__is_trained_to_the_library_s_merges),
        cmocka_unit_test(tokenizer__gives_the_library_s_ids_for_the_shared_cases),
        cmocka_unit_test(tokenizer__is_trained_to_the_golden_file_on_wikitext),
        cmocka_unit_test(tokenizer__reads_gpt_2_s_own_files),
        cmocka_unit_test(characters__have_the_library_s_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
