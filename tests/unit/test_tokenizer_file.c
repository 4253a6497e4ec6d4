/*
 * Contract of data/tokenizer.h: reading and writing files.
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
#include "support/effort.h"
#include "support/failing_jansson.h"
#include "support/tokenizers.h"

#define GOLDEN WS_SOURCE_DIR "/tests/golden/tokenizer/tokenizer-dev.json"

/* A directory for one test's files. */
struct place {
    char root[64];
    struct ws_arena arena;
    struct ws_error err;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (!place)
        return -1;
    (void)snprintf(place->root, sizeof place->root, "test-tokenizer-XXXXXX");
    ws_arena_init(&place->arena, NULL);
    *state = place;
    return mkdtemp(place->root) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->root);
    int result = system(command);
    ws_arena_release(&place->arena);
    free(place);
    return result;
}

static const char *path_of(struct place *place, const char *name)
{
    const char *path = ws_arena_format(&place->arena, "%s/%s", place->root, name);
    assert_non_null(path);
    return path;
}

static void write_text(struct place *place, const char *name, const char *text)
{
    assert_int_equal(ws_file_replace(path_of(place, name), ws_bytes_of_text(text), &place->err),
                     WS_OK);
}

static void remove_file(struct place *place, const char *name)
{
    assert_int_equal(remove(path_of(place, name)), 0);
}

static const struct ws_tokenizer *open_path(struct place *place, const char *path)
{
    const struct ws_tokenizer *tokenizer = NULL;
    if (ws_tokenizer_open(path, &place->arena, &tokenizer, &place->err) != WS_OK)
        fail_msg("%s", place->err.message);
    return tokenizer;
}

static void assert_starts(const char *text, const char *wanted)
{
    if (strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("'%s' does not start with '%s'", text, wanted);
}

static void assert_ids(const struct ws_tokenizer *tokenizer, const char *text,
                       const uint32_t *wanted, size_t count)
{
    struct ws_buffer ids;
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    assert_int_equal(ws_tokenizer_encode(tokenizer, ws_bytes_of_text(text),
                                         WS_ENCODE_FRONT | WS_ENCODE_BACK, &ids, NULL),
                     WS_OK);
    assert_int_equal(ids.size / sizeof *wanted, count);
    assert_memory_equal(ids.data, wanted, ids.size);
    ws_buffer_release(&ids);
}

#define ASSERT_IDS(tokenizer, text, ...)                                                           \
    do {                                                                                           \
        const uint32_t wanted_ids[] = {__VA_ARGS__};                                               \
        assert_ids((tokenizer), (text), wanted_ids, sizeof wanted_ids / sizeof *wanted_ids);       \
    } while (0)

/* tokenizer.json ------------------------------------------------------------------------------- */

#define SEQUENCE(items) "{\"type\": \"Sequence\", \"pretokenizers\": [" items "]}"
#define TEMPLATE(single, tokens)                                                                   \
    "{\"type\": \"TemplateProcessing\", \"single\": [" single                                      \
    "], \"pair\": [], \"special_tokens\": {" tokens "}}"
#define TEXT_A "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}"

static void json__with_what_is_not_supported_is_refused_by_name(void **state)
{
    struct place *place = *state;
    static const struct {
        struct small_tokenizer parts;
        const char *message;
    } cases[] = {
        {{.root = ", \"truncation\": {\"max_length\": 5}"}, "small.json: 'truncation' is not"},
        {{.root = ", \"padding\": {}"}, "small.json: 'padding' is not supported"},
        {{.root = ", \"extra\": null"}, "small.json: 'extra' is not supported"},
        {{.root = ", \"type|x\": null"}, "small.json: 'type|x' is not supported"},
        {{.normalizer = "{\"type\": \"Lowercase\"}"},
         "small.json: normalizer: type 'Lowercase' is not supported, wanted NFC or null"},
        {{.normalizer = "{\"type\": \"NFC\", \"strict\": true}"},
         "small.json: normalizer: 'strict' is not supported"},
        {{.pre_tokenizer = "null"}, "small.json: pre_tokenizer: none is not supported"},
        {{.pre_tokenizer = "{\"type\": \"Metaspace\"}"},
         "small.json: pre_tokenizer: type 'Metaspace' is not supported, wanted ByteLevel, or"},
        {{.pre_tokenizer = SEQUENCE("")}, "small.json: pre_tokenizer: without ByteLevel"},
        {{.pre_tokenizer = SEQUENCE(SMALL_BYTE_LEVEL("false") ", {\"type\": \"Digits\"}")},
         "small.json: pre_tokenizer[1]: 'Digits' behind ByteLevel is not supported"},
        {{.pre_tokenizer = SEQUENCE(
              "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\d\"}, "
              "\"behavior\": \"Isolated\", \"invert\": false}, " SMALL_BYTE_LEVEL("false"))},
         "small.json: pre_tokenizer[0]: the regular expression '\\d' is not supported"},
        {{.pre_tokenizer = SEQUENCE(
              "{\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, "
              "\"behavior\": \"Isolated\", \"invert\": false}, " SMALL_BYTE_LEVEL("false"))},
         "small.json: pre_tokenizer[0]: a 'pattern' other than Regex is not supported"},
        {{.decoder = "null"}, "small.json: decoder: none is not supported"},
        {{.decoder = "{\"type\": \"Metaspace\"}"}, "small.json: decoder: type 'Metaspace'"},
        {{.post_processor = "{\"type\": \"BertProcessing\"}"},
         "small.json: post_processor: type 'BertProcessing' is not supported"},
        {{.post_processor = TEMPLATE("", "")}, "small.json: post_processor: a template without"},
        {{.post_processor = TEMPLATE(TEXT_A ", " TEXT_A, "")},
         "small.json: post_processor[1]: a template for one text that holds other than 'A' once"},
        {{.post_processor = "{\"type\": \"Sequence\", \"processors\": [" TEMPLATE(
              TEXT_A, "") ", " TEMPLATE(TEXT_A, "") "]}"},
         "small.json: post_processor[1]: two templates are not supported"},
        {{.model = ", \"dropout\": 0.1"}, "small.json: model: 'dropout' is not supported"},
        {{.model = ", \"byte_fallback\": true"}, "small.json: model: 'byte_fallback' is not"},
        {{.model = ", \"end_of_word_suffix\": \"</w>\""},
         "small.json: model: 'end_of_word_suffix' of '</w>' is not supported"},
        {{.model = ", \"continuing_subword_prefix\": \"##\""},
         "small.json: model: 'continuing_subword_prefix' of '##' is not supported"},
        {{.model = ", \"vocab_size\": 7"}, "small.json: model: 'vocab_size' is not supported"},
        {{.added = SMALL_SPECIAL("233", "\303\251")},
         "small.json: the added token '\303\251' is spelt in the byte alphabet"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_tokenizer *tokenizer = NULL;
        enum ws_status status =
            small_tokenizer_parse(&cases[i].parts, &place->arena, &tokenizer, &place->err);
        assert_starts(place->err.message, cases[i].message);
        assert_int_equal(status, WS_UNSUPPORTED);
        assert_null(tokenizer);
    }
}

static void json__that_contradicts_itself_is_corrupt(void **state)
{
    struct place *place = *state;
    static const struct {
        struct small_tokenizer parts;
        const char *message;
    } cases[] = {
        {{.vocabulary = ", \"ab\": 257"},
         "small.json: model: 'ab' has id 257, wanted each of 0 to 256 once"},
        {{.vocabulary = ", \"ab\": -1"}, "small.json: model: 'ab' has id -1"},
        {{.vocabulary = ", \"ab\": 97, \"xy\": 256"},
         "small.json: model: 'a' and 'ab' both have id 97"},
        {{.vocabulary = ", \"ab\": \"256\""},
         "small.json: model: the id of 'ab' is no whole number"},
        {{.vocabulary = ", \"ab\": 256.0"}, "small.json: model: the id of 'ab' is no whole"},
        {{.vocabulary = ", \"a\": 256"}, "small.json:3: duplicate object key"},
        {{.merges = "\"a b\""}, "small.json: merge 1: 'ab' is no token of the vocabulary"},
        {{.merges = "\"a xy\""}, "small.json: merge 1: 'xy' is no token of the vocabulary"},
        {{.merges = "[\"xy\", \"a\"]"}, "small.json: merge 1: 'xy' is no token of the"},
        {{.vocabulary = ", \"ab\": 256, \"a \": 257", .merges = "\"a b\", [\"a \", \"b\"]"},
         "small.json: merge 2: 'a ' is no token of the vocabulary spelt in bytes"},
        {{.vocabulary = ", \"ab\": 256, \"aa\": 257", .merges = "\"a b\", \"a a\", \"a b\""},
         "small.json: merge 3 is merge 1 again"},
        {{.merges = "\"ab\""}, "small.json: merge 1 is 'ab', wanted two parts and a blank"},
        {{.merges = "\"a b c\""}, "small.json: merge 1 is 'a b c', wanted two parts"},
        {{.merges = "[\"a\"]"}, "small.json: model: merge 1 is neither a text nor a pair"},
        {{.merges = "7"}, "small.json: model: merge 1 is neither a text nor a pair"},
        {{.added = SMALL_SPECIAL("300", "<s>")},
         "small.json: added_tokens[0]: '<s>' has id 300, wanted 256, the next one"},
        {{.added = SMALL_SPECIAL("98", "a")},
         "small.json: added_tokens[0]: 'a' has id 98, but 97 in the vocabulary"},
        {{.added = SMALL_SPECIAL("256", "<s>") ", " SMALL_SPECIAL("257", "<s>")},
         "small.json: the added token '<s>' is there twice"},
        {{.added = SMALL_SPECIAL("256", "")}, "small.json: added_tokens[0]: 'content' has 0 bytes"},
        {{.added = "{\"id\": 256, \"content\": \"<s>\"}"},
         "small.json: added_tokens[0]: 'single_word' is missing"},
        {{.added = "7"}, "small.json: added_tokens[0] is no object"},
        {{.pre_tokenizer = "{\"type\": 7}"}, "small.json: pre_tokenizer: 'type' is a number"},
        {{.pre_tokenizer = SEQUENCE("7")}, "small.json: pre_tokenizer[0] is no object"},
        {{.post_processor = TEMPLATE("{\"SpecialToken\": {\"id\": \"b\"}}, " TEXT_A, "")},
         "small.json: post_processor[0]: 'b' is missing"},
        {{.post_processor =
              TEMPLATE("{\"SpecialToken\": {\"id\": \"b\"}}, " TEXT_A, "\"b\": {\"ids\": [256]}")},
         "small.json: post_processor[0]: an id is not in the range from 0 to 255"},
        {{.model = ", \"ignore_merges\": 1"}, "small.json: model: 'ignore_merges' is a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_tokenizer *tokenizer = NULL;
        enum ws_status status =
            small_tokenizer_parse(&cases[i].parts, &place->arena, &tokenizer, &place->err);
        assert_starts(place->err.message, cases[i].message);
        assert_int_equal(status, WS_CORRUPT);
        assert_null(tokenizer);
    }
}

static void json__of_another_shape_is_refused(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *json, *message;
        enum ws_status status;
    } cases[] = {
        {"[]", "x.json: is no object", WS_CORRUPT},
        {"", "x.json:1: ", WS_CORRUPT},
        {"{\"version\": \"2.0\"}", "x.json: version '2.0' is not supported", WS_UNSUPPORTED},
        {"{\"version\": 1}", "x.json: 'version' is a number", WS_CORRUPT},
        {"{}", "x.json: 'model' is missing", WS_CORRUPT},
        {"{\"model\": {\"type\": \"WordPiece\"}}",
         "x.json: model: type 'WordPiece' is not supported, wanted BPE", WS_UNSUPPORTED},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}, "
         "\"pre_tokenizer\": " SMALL_BYTE_LEVEL("false") ", \"decoder\": " SMALL_BYTE_LEVEL(
             "false") "}",
         "x.json: model: the vocabulary is empty", WS_CORRUPT},
        {"{\"model\": {\"vocab\": {\"a\": 0}}, \"pre_tokenizer\": " SMALL_BYTE_LEVEL(
             "false") ", \"decoder\": " SMALL_BYTE_LEVEL("false") "}",
         "x.json: model: 'merges' is missing", WS_CORRUPT},
        {"{\"model\": {\"vocab\": {\"a\": 0}, \"merges\": [], \"unk_token\": \"a\"}, "
         "\"pre_tokenizer\": " SMALL_BYTE_LEVEL("false") ", \"decoder\": " SMALL_BYTE_LEVEL(
             "false") "}",
         "x.json: model: 'unk_token' is not supported where a byte, 0x00, has no token",
         WS_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_tokenizer *tokenizer;
        enum ws_status status = ws_tokenizer_parse(ws_bytes_of_text(cases[i].json), "x.json",
                                                   &place->arena, &tokenizer, &place->err);
        assert_starts(place->err.message, cases[i].message);
        assert_int_equal(status, cases[i].status);
    }
}

/* The unknown token cannot come up where every byte has a token. */
static void json__may_say_what_changes_nothing(void **state)
{
    struct place *place = *state;
    const struct ws_tokenizer *tokenizer = NULL;
    const struct small_tokenizer parts = {
        .vocabulary = ", \"ab\": 256",
        .merges = "\"#version: 0.2\", \"a b\"",
        .model = ", \"dropout\": 0.0, \"unk_token\": \"a\", \"fuse_unk\": true, "
                 "\"continuing_subword_prefix\": \"\", \"end_of_word_suffix\": null, "
                 "\"byte_fallback\": false, \"ignore_merges\": false",
        .root = ", \"truncation\": null, \"padding\": null"};
    if (small_tokenizer_parse(&parts, &place->arena, &tokenizer, &place->err) != WS_OK)
        fail_msg("%s", place->err.message);
    ASSERT_IDS(tokenizer, "aab", 'a', 256);
}

/* Pairs ---------------------------------------------------------------------------------------- */

/* The bytes, and what `more` says. */
static void write_vocabulary(struct place *place, const char *name, const char *more)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text, "{");
    small_tokenizer_bytes(&text);
    ws_buffer_text(&text, more);
    ws_buffer_text(&text, "}");
    write_text(place, name, ws_buffer_string(&text));
    ws_buffer_release(&text);
}

#define SPECIALS ", \"ab\": 256, \"<s>\": 257, \"</s>\": 258, \"<|endoftext|>\": 259, \"abb\": 260"

static void pair__is_read_with_gpt_2_s_special_token(void **state)
{
    struct place *place = *state;
    write_vocabulary(place, "encoder.json", SPECIALS);
    write_text(place, "vocab.bpe", "#version: 0.2\r\na b\r\nab b");
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    ASSERT_IDS(tokenizer, "aabb<|endoftext|><s>", 'a', 260, 259, '<', 's', '>');
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 259);
    /* vocab.json comes before encoder.json. */
    write_vocabulary(place, "vocab.json", ", \"ab\": 256");
    write_text(place, "merges.txt", "a b\n");
    tokenizer = open_path(place, place->root);
    ASSERT_IDS(tokenizer, "abb", 256, 'b');
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), WS_NO_TOKEN);
}

static const char opt_config[] =
    "{\"bos_token\": {\"content\": \"</s>\", \"lstrip\": false, \"normalized\": true}, "
    "\"eos_token\": {\"content\": \"</s>\", \"single_word\": false}, \"unk_token\": \"</s>\", "
    "\"pad_token\": \"<s>\", \"add_prefix_space\": false, \"add_bos_token\": true, "
    "\"tokenizer_class\": \"GPT2Tokenizer\", \"model_max_length\": 2048}";

static void pair__takes_opt_s_special_tokens_from_its_configuration(void **state)
{
    struct place *place = *state;
    write_vocabulary(place, "vocab.json", SPECIALS);
    write_text(place, "merges.txt", "a b\n");
    write_text(place, "tokenizer_config.json", opt_config);
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    ASSERT_IDS(tokenizer, "ab</s><s><|", 258, 256, 258, 257, '<', '|');
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 258);
    /* What is put at the front is part of tokenizer.json. */
    const char *copy = path_of(place, "copy");
    assert_int_equal(ws_tokenizer_save(tokenizer, copy, &place->err), WS_OK);
    tokenizer = open_path(place, copy);
    ASSERT_IDS(tokenizer, "ab</s><s><|", 258, 256, 258, 257, '<', '|');
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 258);
}

static void pair__takes_more_tokens_from_its_configuration(void **state)
{
    struct place *place = *state;
    write_vocabulary(place, "vocab.json", SPECIALS);
    write_text(place, "merges.txt", "a b\n");
    write_text(place, "added_tokens.json", "{\"<pad>\": 261}");
    write_text(
        place, "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"259\": {\"content\": \"<|endoftext|>\", \"lstrip\": false, "
        "\"normalized\": true, \"rstrip\": false, \"single_word\": false, \"special\": true}, "
        "\"261\": {\"content\": \"<pad>\", \"lstrip\": true, \"normalized\": false, \"rstrip\": "
        "false, \"single_word\": false, \"special\": true}}, \"pad_token\": \"<pad>\", "
        "\"additional_special_tokens\": [\"<s>\"], \"add_prefix_space\": true}");
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    ASSERT_IDS(tokenizer, "ab  <pad><s>", ' ', 256, 261, 257);
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), 259);
    assert_int_equal(ws_tokenizer_count(tokenizer), 262);
}

static void pair__with_a_fault_is_refused_by_name(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *vocabulary, *merges, *config, *added;
        enum ws_status status;
        const char *message; /* behind the directory */
    } cases[] = {
        {"", "a b\n", NULL, NULL, WS_CORRUPT, "/merges.txt: merge 1: 'ab' is no token"},
        {", \"ab\": 256", "a b\n\n", NULL, NULL, WS_CORRUPT,
         "/merges.txt: merge 2 is '', wanted two parts"},
        {", \"ab\": 256", "a b\na b\n", NULL, NULL, WS_CORRUPT,
         "/merges.txt: merge 2 is merge 1 again"},
        {", \"ab\": 256", "a \xFF\n", NULL, NULL, WS_CORRUPT, "/merges.txt: merge 1: '?' is no"},
        {", \"ab\": 300", "", NULL, NULL, WS_CORRUPT, "/vocab.json: 'ab' has id 300"},
        {"", "", "[]", NULL, WS_CORRUPT, "/tokenizer_config.json: is no object"},
        {"", "", "{", NULL, WS_CORRUPT, "/tokenizer_config.json:1: "},
        {"", "", "{\"tokenizer_class\": \"RobertaTokenizer\"}", NULL, WS_UNSUPPORTED,
         "/tokenizer_config.json: 'tokenizer_class' RobertaTokenizer is not supported"},
        {"", "", "{\"add_eos_token\": true}", NULL, WS_UNSUPPORTED,
         "/tokenizer_config.json: 'add_eos_token' is not supported"},
        {"", "", "{\"pad_token\": \"<pad>\"}", NULL, WS_UNSUPPORTED,
         "/tokenizer_config.json: pad_token: '<pad>' is not in the vocabulary"},
        {"", "", "{\"pad_token\": 7}", NULL, WS_CORRUPT,
         "/tokenizer_config.json: pad_token: is no token"},
        {"", "", "{\"add_bos_token\": true}", NULL, WS_CORRUPT,
         "/tokenizer_config.json: 'add_bos_token' without a 'bos_token'"},
        {"", "", "{\"added_tokens_decoder\": {\"x\": {}}}", NULL, WS_CORRUPT,
         "/tokenizer_config.json: 'x': is no id with a token"},
        {"", "", NULL, "{}", WS_UNSUPPORTED, "/vocab.json: an added_tokens.json beside it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_tokenizer *tokenizer;
        write_vocabulary(place, "vocab.json", cases[i].vocabulary);
        write_text(place, "merges.txt", cases[i].merges);
        if (cases[i].config)
            write_text(place, "tokenizer_config.json", cases[i].config);
        if (cases[i].added)
            write_text(place, "added_tokens.json", cases[i].added);
        enum ws_status status =
            ws_tokenizer_open(place->root, &place->arena, &tokenizer, &place->err);
        assert_starts(place->err.message, place->root);
        assert_starts(place->err.message + strlen(place->root), cases[i].message);
        assert_int_equal(status, cases[i].status);
        if (cases[i].config)
            remove_file(place, "tokenizer_config.json");
    }
}

static void open__says_what_it_looked_for(void **state)
{
    struct place *place = *state;
    const struct ws_tokenizer *tokenizer;
    assert_int_equal(ws_tokenizer_open(place->root, &place->arena, &tokenizer, &place->err),
                     WS_NOT_FOUND);
    assert_starts(place->err.message, "no tokenizer in 'test-tokenizer-");
    assert_int_equal(
        ws_tokenizer_open(path_of(place, "no.json"), &place->arena, &tokenizer, &place->err),
        WS_NOT_FOUND);
    write_vocabulary(place, "vocab.json", "");
    assert_int_equal(ws_tokenizer_open(place->root, &place->arena, &tokenizer, &place->err),
                     WS_NOT_FOUND);
    assert_non_null(strstr(place->err.message, "merges.txt"));
}

/* Writing -------------------------------------------------------------------------------------- */

static const struct ws_tokenizer *parse_all_settings(struct place *place)
{
    const struct ws_tokenizer *tokenizer = NULL;
    const struct small_tokenizer parts = {
        .vocabulary = ", \"ab\": 256, \"a b\": 257, \"abc\": 258",
        .merges = "\"a b\"",
        .added =
            SMALL_ADDED("257", "a b", "false", "false", "true", "true", "false") ", " SMALL_ADDED(
                "259", "<s>\\n\\\"", "true", "true", "false", "false", "true"),
        .normalizer = "{\"type\": \"NFC\"}",
        .pre_tokenizer = SEQUENCE(
            "{\"type\": \"Digits\", \"individual_digits\": true}, " SMALL_BYTE_LEVEL("true")),
        .post_processor = TEMPLATE("{\"SpecialToken\": {\"id\": \"b\", \"type_id\": 0}}, " TEXT_A,
                                   "\"b\": {\"id\": \"b\", \"ids\": [259], \"tokens\": [\"<s>\"]}"),
        .model = ", \"ignore_merges\": true",
    };
    if (small_tokenizer_parse(&parts, &place->arena, &tokenizer, &place->err) != WS_OK)
        fail_msg("%s", place->err.message);
    return tokenizer;
}

static void save__keeps_everything(void **state)
{
    struct place *place = *state;
    const char *directory = path_of(place, "deep/er");
    struct ws_buffer before, after;
    ws_buffer_init(&before, NULL, SIZE_MAX);
    ws_buffer_init(&after, NULL, SIZE_MAX);
    const struct ws_tokenizer *tokenizer = parse_all_settings(place);
    assert_int_equal(ws_tokenizer_save(tokenizer, directory, &place->err), WS_OK);
    const struct ws_tokenizer *again = open_path(place, directory);
    ws_tokenizer_write_json(tokenizer, &before);
    ws_tokenizer_write_json(again, &after);
    assert_int_equal(before.status, WS_OK);
    assert_string_equal(ws_buffer_string(&before), ws_buffer_string(&after));
    ASSERT_IDS(again, "abc a b 12<s>\n\"", 259, ' ', 256, 'c', ' ', 257, ' ', '1', ' ', '2', ' ',
               '<', 's', '>', '\n', '"');
    ws_buffer_release(&before);
    ws_buffer_release(&after);
}

static void save__writes_the_older_files_too(void **state)
{
    struct place *place = *state;
    assert_int_equal(ws_tokenizer_save(parse_all_settings(place), place->root, &place->err), WS_OK);
    remove_file(place, "tokenizer.json");
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    /* Added tokens stand in the configuration. */
    assert_int_equal(ws_tokenizer_count(tokenizer), 260);
    ASSERT_IDS(tokenizer, "abc <s>\n\"", 256, 'c', 259);
}

static void save__says_the_special_tokens_to_transformers(void **state)
{
    struct place *place = *state;
    struct ws_bytes bytes;
    json_t *json = NULL;
    write_vocabulary(place, "vocab.json", SPECIALS);
    write_text(place, "merges.txt", "a b\n");
    write_text(place, "tokenizer_config.json", opt_config);
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    const char *copy = path_of(place, "copy");
    assert_int_equal(ws_tokenizer_save(tokenizer, copy, &place->err), WS_OK);
    assert_int_equal(ws_file_read(path_of(place, "copy/tokenizer_config.json"), SIZE_MAX,
                                  &place->arena, &bytes, &place->err),
                     WS_OK);
    assert_int_equal(ws_json_parse(bytes, "written", &json, NULL), WS_OK);
    assert_string_equal(json_string_value(json_object_get(json, "tokenizer_class")),
                        "PreTrainedTokenizerFast");
    assert_string_equal(json_string_value(json_object_get(json, "bos_token")), "</s>");
    assert_string_equal(json_string_value(json_object_get(json, "eos_token")), "</s>");
    assert_true(json_is_null(json_object_get(json, "unk_token")));
    json_decref(json);
    /* The older files with it give the same tokens, special as before. */
    remove_file(place, "copy/tokenizer.json");
    const struct ws_tokenizer *older = open_path(place, copy);
    assert_int_equal(ws_tokenizer_count(older), ws_tokenizer_count(tokenizer));
    assert_int_equal(ws_tokenizer_end_of_text(older), 258);
    ASSERT_IDS(older, "ab</s><s><|", 256, 258, 257, '<', '|');
}

static void save__names_no_special_token_where_there_is_none(void **state)
{
    struct place *place = *state;
    write_vocabulary(place, "vocab.json", ", \"ab\": 256, \"<|endoftext|>\": 257");
    write_text(place, "merges.txt", "a b\n");
    write_text(place, "tokenizer_config.json",
               "{\"bos_token\": null, \"eos_token\": null, \"unk_token\": null}");
    const struct ws_tokenizer *tokenizer = open_path(place, place->root);
    assert_int_equal(ws_tokenizer_end_of_text(tokenizer), WS_NO_TOKEN);
    assert_int_equal(ws_tokenizer_save(tokenizer, place->root, &place->err), WS_OK);
    remove_file(place, "tokenizer.json");
    assert_int_equal(ws_tokenizer_end_of_text(open_path(place, place->root)), WS_NO_TOKEN);
}

static void write_json__gives_the_library_s_file(void **state)
{
    struct place *place = *state;
    struct ws_bytes bytes;
    struct ws_buffer written;
    json_t *wanted = NULL, *seen = NULL;
    ws_buffer_init(&written, NULL, SIZE_MAX);
    assert_int_equal(ws_file_read(GOLDEN, SIZE_MAX, &place->arena, &bytes, &place->err), WS_OK);
    assert_int_equal(ws_json_parse(bytes, "golden", &wanted, NULL), WS_OK);
    ws_tokenizer_write_json(open_path(place, GOLDEN), &written);
    assert_int_equal(ws_json_parse(ws_buffer_bytes(&written), "written", &seen, NULL), WS_OK);
    assert_true(json_equal(wanted, seen));
    json_decref(wanted);
    json_decref(seen);
    ws_buffer_release(&written);
}

static void save__into_what_is_no_directory_fails(void **state)
{
    struct place *place = *state;
    write_text(place, "file", "x");
    assert_int_not_equal(
        ws_tokenizer_save(parse_all_settings(place), path_of(place, "file"), &place->err), WS_OK);
    assert_non_null(strstr(place->err.message, "file"));
}

/* Memory --------------------------------------------------------------------------------------- */

/* Opens a pair, saves it and opens what was saved. */
static enum ws_status open_and_save(const char *from, const char *to,
                                    const struct ws_allocator *allocator)
{
    struct ws_arena arena;
    struct ws_error err;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, allocator);
    enum ws_status status = ws_tokenizer_open(from, &arena, &tokenizer, &err);
    if (status == WS_OK)
        status = ws_tokenizer_save(tokenizer, to, &err);
    if (status == WS_OK)
        status = ws_tokenizer_open(to, &arena, &tokenizer, &err);
    ws_arena_release(&arena);
    return status;
}

static void write_opt(struct place *place)
{
    write_vocabulary(place, "vocab.json", SPECIALS);
    write_text(place, "merges.txt", "a b\nab b\n");
    write_text(place, "tokenizer_config.json", opt_config);
}

static void files__survive_every_failing_allocation(void **state)
{
    struct place *place = *state;
    const char *to = path_of(place, "to");
    enum ws_status status = WS_NO_MEMORY;
    long n;
    write_opt(place);
    for (n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n / 2, .for_good = n % 2};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        status = open_and_save(place->root, to, &allocator);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 20);
}

static void files__survive_jansson_s_failing_allocations(void **state)
{
    const long stride = (long)by_effort(97, 7, 1);
    struct place *place = *state;
    const char *to = path_of(place, "to");
    enum ws_status status = WS_NO_MEMORY;
    bool refused = true, clean = true;
    json_malloc_t before_malloc;
    json_free_t before_free;
    write_opt(place);
    json_get_alloc_funcs(&before_malloc, &before_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    jansson_reads = true;
    for (long n = 0; refused && clean; n += stride) {
        jansson_heap = (struct failing_heap){.countdown = n, .for_good = true};
        status = open_and_save(place->root, to, NULL);
        refused = jansson_heap.failures > 0;
        clean = failing_heap_is_clean(&jansson_heap);
        if (refused != (status == WS_NO_MEMORY))
            break;
    }
    json_set_alloc_funcs(before_malloc, before_free);
    assert_int_equal(status, WS_OK);
    assert_false(refused);
    assert_true(clean);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(json__with_what_is_not_supported_is_refused_by_name),
        PLACED(json__that_contradicts_itself_is_corrupt),
        PLACED(json__of_another_shape_is_refused),
        PLACED(json__may_say_what_changes_nothing),
        PLACED(pair__is_read_with_gpt_2_s_special_token),
        PLACED(pair__takes_opt_s_special_tokens_from_its_configuration),
        PLACED(pair__takes_more_tokens_from_its_configuration),
        PLACED(pair__with_a_fault_is_refused_by_name),
        PLACED(open__says_what_it_looked_for),
        PLACED(save__keeps_everything),
        PLACED(save__writes_the_older_files_too),
        PLACED(save__says_the_special_tokens_to_transformers),
        PLACED(save__names_no_special_token_where_there_is_none),
        PLACED(write_json__gives_the_library_s_file),
        PLACED(save__into_what_is_no_directory_fails),
        PLACED(files__survive_every_failing_allocation),
        PLACED(files__survive_jansson_s_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
