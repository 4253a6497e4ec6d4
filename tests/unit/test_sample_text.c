/*
 * What models write, for people: as JSON lines, however little of it is text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/sample_text.h"
#include "support/laboratory.h"

static struct ws_human *human_of(const char *corpus, const char *unit, struct ws_arena *arena)
{
    struct ws_human_settings settings = {0};
    struct ws_human *human;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_options_defaults(&ws_human_options, &settings, arena, NULL), WS_OK);
    settings.source = WS_HUMAN_TEXT;
    settings.corpus = corpus;
    settings.block = settings.items = 1;
    const struct ws_option *option = ws_option_find(&ws_human_options, "unit");
    assert_int_equal(ws_option_set(option, &settings, unit, "test", arena, NULL), WS_OK);
    if (ws_human_open(&settings, NULL, &human, NULL, &err) != WS_OK)
        fail_msg("%s", err.message);
    return human;
}

/* `sizes` of items, one behind the other in `ids`. */
static const char *lines_of(const char *unit, const uint32_t *ids, const uint64_t *ends,
                            uint64_t count, uint64_t items, struct ws_arena *arena)
{
    char corpus[40];
    struct ws_buffer out;
    assert_true(laboratory_write_corpus(corpus));
    struct ws_human *human = human_of(corpus, unit, arena);
    const struct ws_payload sample = {.kind = WS_DATA_TOKENS,
                                      .count = count,
                                      .types = ws_human_shape(human)->types,
                                      .tokens = {ids, ends}};
    ws_buffer_init(&out, NULL, 1 << 20);
    assert_int_equal(ws_sample_text_append(human, &sample, 3, items, &out, NULL), WS_OK);
    const char *text = ws_arena_text(arena, ws_buffer_string(&out));
    ws_buffer_release(&out);
    ws_human_close(human);
    (void)unlink(corpus);
    return text;
}

static void sample_text__of_words_has_a_line_for_each_item(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    /* The corpus begins "w1 w0 ...": ids are in order of appearance. */
    static const uint32_t ids[] = {0, 1, 0, 1, 1};
    static const uint64_t ends[] = {2, 3, 5};
    const char *lines = lines_of("words", ids, ends, 3, 2, &arena);
    const char *second = strchr(lines, '\n') + 1;
    assert_ptr_equal(strstr(lines, "{\"generation\":3,\"item\":0,\"text\":\"w"), lines);
    assert_ptr_equal(strstr(second, "{\"generation\":3,\"item\":1,\"text\":\"w"), second);
    assert_non_null(strstr(lines, " w")); /* words are apart */
    assert_null(strstr(lines, "\"item\":2"));
    assert_string_equal(lines_of("words", ids, ends, 3, 0, &arena), "");
    ws_arena_release(&arena);
}

static void sample_text__of_bytes_is_repaired_where_it_is_no_text(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    /* é, half of it, a zero, a quote, a byte that is never text, and the first byte of é at the
     * end. */
    static const uint32_t ids[] = {0xC3, 0xA9, 0xC3, 0, '"', 0xFF, 'a', 0xC3};
    static const uint64_t ends[] = {8};
    assert_string_equal(lines_of("bytes", ids, ends, 1, 5, &arena),
                        "{\"generation\":3,\"item\":0,\"text\":\"é\xEF\xBF\xBD\\u0000\\\""
                        "\xEF\xBF\xBD"
                        "a\xEF\xBF\xBD\"}\n");
    ws_arena_release(&arena);
}

static void sample_text__of_a_long_item_is_its_beginning(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    uint32_t ids[WS_SAMPLE_TEXT_TOKENS + 50];
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        ids[i] = i < WS_SAMPLE_TEXT_TOKENS ? 'x' : 'y';
    const uint64_t ends[] = {sizeof ids / sizeof *ids};
    const char *line = lines_of("bytes", ids, ends, 1, 1, &arena);
    assert_int_equal(strlen(line), strlen("{\"generation\":3,\"item\":0,\"text\":\"\"}\n") +
                                       WS_SAMPLE_TEXT_TOKENS);
    assert_null(strchr(line, 'y'));
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_text__of_words_has_a_line_for_each_item),
        cmocka_unit_test(sample_text__of_bytes_is_repaired_where_it_is_no_text),
        cmocka_unit_test(sample_text__of_a_long_item_is_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
