/*
 * Contract of models/nn/transformer/train_text.h. The tokenizer has no merges: 'a' is one token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "models/nn/transformer/train_text.h"

enum { SPECIAL = 0, END = 0 };

struct stand {
    struct ws_arena arena;
    struct ws_train_text_form form;
    struct ws_train_text text;
    struct ws_examples examples;
};

static void open_stand(struct stand *stand, size_t block, uint32_t start, uint32_t end)
{
    static const char *const special[] = {"<|endoftext|>"};
    ws_arena_init(&stand->arena, NULL);
    stand->form = (struct ws_train_text_form){.block = block, .start = start, .end = end};
    assert_int_equal(ws_tokenizer_train(ws_bytes_of_text("a"), 257, special, 1, &stand->arena,
                                        &stand->form.tokenizer, NULL),
                     WS_OK);
    ws_train_text_init(&stand->text, &stand->form, NULL);
}

static void close_stand(struct stand *stand)
{
    ws_train_text_release(&stand->text);
    ws_arena_release(&stand->arena);
}

static void add_plain(struct stand *stand, const char *text)
{
    assert_int_equal(ws_train_text_plain(&stand->text, ws_bytes_of_text(text), "a.txt", NULL),
                     WS_OK);
}

static void add_lines(struct stand *stand, const char *text)
{
    assert_int_equal(ws_train_text_json_lines(&stand->text, ws_bytes_of_text(text), "a.jsonl",
                                              &(uint64_t){0}, NULL),
                     WS_OK);
}

/* '^' for token 0, '.' for no target. */
static char letter(const struct stand *stand, uint32_t token)
{
    if (token == WS_NO_TARGET)
        return '.';
    return token == SPECIAL ? '^' : (char)ws_tokenizer_piece(stand->form.tokenizer, token).data[0];
}

/* Each example as "input>targets ". */
static void requires(struct stand *stand, const char *wanted)
{
    char seen[256];
    size_t at = 0;
    assert_int_equal(ws_train_text_examples(&stand->text, &stand->arena, &stand->examples, NULL),
                     WS_OK);
    const struct ws_examples *e = &stand->examples;
    for (uint64_t i = 0; i < e->count; i++) {
        for (uint64_t t = i > 0 ? e->ends[i - 1] : 0; t < e->ends[i]; t++)
            seen[at++] = letter(stand, e->tokens[t]);
        seen[at++] = '>';
        for (uint64_t t = i > 0 ? e->ends[i - 1] : 0; t < e->ends[i]; t++)
            seen[at++] = letter(stand, e->targets[t]);
        seen[at++] = ' ';
    }
    seen[at] = '\0';
    assert_string_equal(seen, wanted);
}

static void train_text__cuts_plain_text_in_whole_blocks(void **state)
{
    (void)state;
    struct stand stand;
    open_stand(&stand, 3, WS_NO_TOKEN, END);
    add_plain(&stand, "abcdefgh");
    add_plain(&stand, "xy");
    add_plain(&stand, "");
    add_plain(&stand, "uvw");
    requires(&stand, "abc>bc. def>ef. xy>y. uvw>vw. ");
    close_stand(&stand);

    open_stand(&stand, 3, SPECIAL, WS_NO_TOKEN);
    add_plain(&stand, "abcdefgh");
    requires(&stand, "^ab>abc ^de>def ");
    close_stand(&stand);
}

static void train_text__takes_documents_of_json_lines(void **state)
{
    (void)state;
    struct stand stand;
    open_stand(&stand, 3, WS_NO_TOKEN, END);
    add_lines(&stand,
              "{\"text\": \"abcd\", \"id\": 7}\n\n  \r\n{\"text\":\"\"}\n{\"text\":\"xyz\"}");
    requires(&stand, "abc>bc. d^>^. ^>. xyz>yz. ^>. ");
    close_stand(&stand);

    open_stand(&stand, 3, SPECIAL, WS_NO_TOKEN);
    add_lines(&stand, "{\"text\": \"abcd\"}\n{\"text\": \"\\u0061\"}\n");
    requires(&stand, "^ab>abc ^>d ^>a ");
    close_stand(&stand);
}

static void train_text__learns_only_the_completion_of_a_prompt(void **state)
{
    (void)state;
    const char *const lines = "{\"prompt\": \"ab\", \"completion\": \"cd\"}\n"
                              "{\"prompt\": \"\", \"completion\": \"cd\"}\n"
                              "{\"prompt\": \"abcdef\", \"completion\": \"g\"}\n"
                              "{\"prompt\": \"abcd\", \"completion\": \"gh\"}\n";
    struct stand stand;
    open_stand(&stand, 5, WS_NO_TOKEN, END);
    add_lines(&stand, lines);
    requires(&stand, "abcd^>.cd^. cd^>d^. abcdg>...g. ");
    assert_int_equal(stand.text.left_out, 1);
    close_stand(&stand);

    open_stand(&stand, 5, SPECIAL, END);
    add_lines(&stand, lines);
    requires(&stand, "^abcd>..cd^ ^cd>cd^ ^abcd>....g ");
    assert_int_equal(stand.text.left_out, 1);
    close_stand(&stand);
}

/* Only the front of the first piece is the front of the text, and lines are counted on. */
static void train_text__may_come_in_pieces(void **state)
{
    (void)state;
    struct stand whole, pieces;
    struct ws_error error;
    uint64_t lines = 0;
    open_stand(&whole, 3, WS_NO_TOKEN, END);
    open_stand(&pieces, 3, WS_NO_TOKEN, END);
    add_plain(&whole, "abcdefg");
    for (const char *const *piece = (const char *const[]){"ab", "cde", "fg", NULL}; *piece; piece++)
        assert_int_equal(ws_train_text_piece(&pieces.text, ws_bytes_of_text(*piece), "a.txt", NULL),
                         WS_OK);
    assert_int_equal(ws_train_text_end(&pieces.text, NULL), WS_OK);
    assert_int_equal(pieces.text.tokens.size, whole.text.tokens.size);
    assert_memory_equal(pieces.text.tokens.data, whole.text.tokens.data, whole.text.tokens.size);
    assert_int_equal(pieces.text.ends.size, whole.text.ends.size);
    assert_memory_equal(pieces.text.ends.data, whole.text.ends.data, whole.text.ends.size);
    assert_int_equal(ws_train_text_json_lines(&pieces.text,
                                              ws_bytes_of_text("{\"text\": \"a\"}\n\n"), "a.jsonl",
                                              &lines, NULL),
                     WS_OK);
    assert_int_equal(
        ws_train_text_json_lines(&pieces.text, ws_bytes_of_text("[]\n"), "a.jsonl", &lines, &error),
        WS_CORRUPT);
    assert_memory_equal(error.message, "a.jsonl, line 3:", 16);
    close_stand(&whole);
    close_stand(&pieces);
}

static void train_text__gathers_what_a_tokenizer_learns_from(void **state)
{
    (void)state;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1000);
    const char *const lines =
        "{\"text\": \"one\"}\n{\"prompt\": \"two\", \"completion\": \" three\"}";
    assert_int_equal(ws_json_lines_text(ws_bytes_of_text(lines), "a", &(uint64_t){0}, &out, NULL),
                     WS_OK);
    assert_string_equal(ws_buffer_string(&out), "one\ntwo three\n");
    ws_buffer_release(&out);
}

static void train_text__refuses_lines_of_another_form(void **state)
{
    (void)state;
    const char *const lines[] = {"[]", "{\"text\": 3}", "{\"prompt\": \"a\"}",
                                 "{\"completion\": \"a\"}", "{}"};
    struct stand stand;
    struct ws_error error;
    open_stand(&stand, 5, WS_NO_TOKEN, END);
    for (size_t i = 0; i < 5; i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "{\"text\": \"a\"}\n%s\n", lines[i]);
        assert_int_equal(ws_train_text_json_lines(&stand.text, ws_bytes_of_text(text), "a.jsonl",
                                                  &(uint64_t){0}, &error),
                         WS_CORRUPT);
        assert_string_equal(error.message, "a.jsonl, line 2: wanted an object with the text "
                                           "'text', or 'prompt' and 'completion'");
    }
    assert_int_equal(ws_train_text_json_lines(&stand.text, ws_bytes_of_text("\n{\"text"), "a.jsonl",
                                              &(uint64_t){0}, &error),
                     WS_CORRUPT);
    assert_memory_equal(error.message, "a.jsonl, line 2:", 16);
    close_stand(&stand);
    open_stand(&stand, 5, WS_NO_TOKEN, END);
    add_plain(&stand, "");
    assert_int_equal(ws_train_text_examples(&stand.text, &stand.arena, &stand.examples, &error),
                     WS_UNSUPPORTED);
    assert_string_equal(error.message, "there is nothing in the text to learn from");
    close_stand(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_text__cuts_plain_text_in_whole_blocks),
        cmocka_unit_test(train_text__takes_documents_of_json_lines),
        cmocka_unit_test(train_text__learns_only_the_completion_of_a_prompt),
        cmocka_unit_test(train_text__may_come_in_pieces),
        cmocka_unit_test(train_text__gathers_what_a_tokenizer_learns_from),
        cmocka_unit_test(train_text__refuses_lines_of_another_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
