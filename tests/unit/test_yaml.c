/* The YAML of experiment files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/yaml.h"
#include "support/failing_heap.h"

static struct ws_arena arena;

static int set_up(void **state)
{
    (void)state;
    ws_arena_init(&arena, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ws_arena_release(&arena);
    return 0;
}

static struct ws_yaml parse(const char *text)
{
    struct ws_yaml yaml = {0};
    struct ws_error err = {.message = ""};
    if (ws_yaml_parse(ws_bytes_of_text(text), "a.yaml", &arena, &yaml, &err) != WS_OK)
        fail_msg("%s", err.message);
    return yaml;
}

static void assert_entry(struct ws_yaml yaml, size_t index, size_t line, const char *name,
                         const char *text)
{
    assert_true(index < yaml.count);
    assert_int_equal(yaml.entries[index].line, line);
    assert_string_equal(yaml.entries[index].name, name);
    assert_string_equal(yaml.entries[index].text, text);
}

static void assert_refuses_bytes(struct ws_bytes text, const char *message)
{
    struct ws_yaml yaml = {.count = 77};
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_yaml_parse(text, "a.yaml", &arena, &yaml, &err), WS_INVALID);
    assert_string_equal(err.message, message);
    assert_int_equal(yaml.count, 77);
}

static void assert_refuses(const char *text, const char *message)
{
    assert_refuses_bytes(ws_bytes_of_text(text), message);
}

static void yaml__gives_entries_in_file_order_with_their_lines(void **state)
{
    (void)state;
    struct ws_yaml yaml = parse("# an experiment\n"
                                "\n"
                                "seeds: 5\n"
                                "policies: [replace, 'keep:0.1', \"fresh:0.1\"]\n"
                                "corpus: a b.txt   # where it is\n"
                                "generations:\n"
                                "  10\n"
                                "window:\n"
                                "  - last\n"
                                "  - all\n"
                                "note: \"\"\n");
    assert_int_equal(yaml.count, 6);
    assert_entry(yaml, 0, 3, "seeds", "5");
    assert_entry(yaml, 1, 4, "policies", "replace,keep:0.1,fresh:0.1");
    assert_entry(yaml, 2, 5, "corpus", "a b.txt");
    assert_entry(yaml, 3, 6, "generations", "10");
    assert_entry(yaml, 4, 8, "window", "last,all");
    assert_entry(yaml, 5, 11, "note", "");
}

static void yaml__takes_what_editors_write(void **state)
{
    (void)state;
    assert_entry(parse("seeds: 5\r\nnext: 6\r\n"), 1, 2, "next", "6");
    assert_entry(parse("\xEF\xBB\xBFseeds: 5"), 0, 1, "seeds", "5");
    assert_entry(parse("---\nseeds: 5\n...\n"), 0, 2, "seeds", "5");
    assert_entry(parse("{seeds: 5, next: 6}"), 1, 1, "next", "6");
    assert_entry(parse("name: b\xC3\xBC"
                       "cher\n"),
                 0, 1, "name",
                 "b\xC3\xBC"
                 "cher");
    assert_entry(parse("name: 'null'\n"), 0, 1, "name", "null");
    assert_entry(parse("list: []\n"), 0, 1, "list", "");
    assert_int_equal(parse("{}").count, 0);
}

static void yaml__refuses_a_setting_twice(void **state)
{
    (void)state;
    assert_refuses("seeds: 5\nnext: 1\n\"seeds\": 6\n",
                   "a.yaml:3: 'seeds' is given twice, first on line 1");
}

static void yaml__refuses_an_empty_file(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n\n", "# nothing\n", "---\n", "---\n...\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        assert_refuses(empty[i], "a.yaml: is empty, wanted lines of 'name: value'");
    assert_refuses_bytes(ws_bytes_of(NULL, 0), "a.yaml: is empty, wanted lines of 'name: value'");
}

static void yaml__refuses_values_that_are_missing(void **state)
{
    (void)state;
    assert_refuses("a: 1\nseeds:\n", "a.yaml:2: 'seeds' has no value");
    assert_refuses("seeds:\nnext: 5\n", "a.yaml:1: 'seeds' has no value");
    assert_refuses("seeds: ~\n", "a.yaml:1: 'seeds' has no value");
    assert_refuses("seeds: null\n", "a.yaml:1: 'seeds' has no value");
    assert_refuses("list: [a, '']\n", "a.yaml:1: 'list' has an empty item");
    assert_refuses("list:\n- a\n-\n", "a.yaml:3: 'list' has an empty item");
    assert_refuses("?\n: 5\n", "a.yaml:1: empty name, wanted the name of a setting");
    assert_refuses("'': 5\n", "a.yaml:1: empty name, wanted the name of a setting");
}

static void yaml__refuses_items_with_commas(void **state)
{
    (void)state;
    assert_refuses("list:\n  - a\n  - b,c\n",
                   "a.yaml:3: 'list' has the item 'b,c', wanted items without ','");
}

static void yaml__joins_mappings_in_a_list(void **state)
{
    (void)state;
    struct ws_yaml yaml = parse("a:\n  - {b: 1, c: x}\n  - b: 2\n    c: y\n  - d\ne: 5\n");
    assert_int_equal(yaml.count, 2);
    assert_entry(yaml, 0, 1, "a", "b=1 c=x,b=2 c=y,d");
    assert_true(yaml.entries[0].list);
    assert_false(yaml.entries[1].list);
    assert_refuses("a: [{b: 1, c: 'x y'}]\n",
                   "a.yaml:1: 'a' has the value 'x y', wanted one without blanks");
    assert_refuses("a: [{b c: 1}]\n",
                   "a.yaml:1: 'a' has the name 'b c', wanted the name of a setting");
    assert_refuses("a: [{}]\n", "a.yaml:1: 'a' has an empty item");
    assert_refuses("a:\n  - b:\n", "a.yaml:2: 'a' has an empty item");
    assert_refuses("a: [&x {b: 1}]\n",
                   "a.yaml:1: 'a' has an anchor or a tag, wanted a plain mapping");
}

static void yaml__refuses_nesting(void **state)
{
    (void)state;
    assert_refuses("a:\n  b: 1\n",
                   "a.yaml:2: a mapping inside, wanted a value or a list of values");
    assert_refuses("a: [1, [2]]\n", "a.yaml:1: a list inside, wanted a plain item of a list");
    assert_refuses("a:\n  - b: [1]\n", "a.yaml:2: a list inside, wanted a plain item of a list");
    assert_refuses("a:\n  - [1]\n", "a.yaml:2: a list inside, wanted a plain item of a list");
    assert_refuses("a: [{b: {c: 1}}]\n",
                   "a.yaml:1: a mapping inside, wanted a plain item of a list");
    assert_refuses("? [a]\n: 1\n", "a.yaml:1: a list inside, wanted the name of a setting");
    assert_refuses("- a\n- b\n", "a.yaml:1: wanted lines of 'name: value' from the first on");
    assert_refuses("just text\n", "a.yaml:1: wanted lines of 'name: value' from the first on");
}

static void yaml__refuses_anchors_aliases_and_tags(void **state)
{
    (void)state;
    assert_refuses("a: &x 1\nb: 2\n",
                   "a.yaml:1: anchor '&x', wanted a value or a list of values without anchors");
    assert_refuses("a: *x\n", "a.yaml:1: alias '*x', wanted a value or a list of values");
    assert_refuses("a: !!int 1\n",
                   "a.yaml:1: tag 'tag:yaml.org,2002:int', wanted a value or a list "
                   "of values without tags");
    assert_refuses("&x a: 1\n",
                   "a.yaml:1: anchor '&x', wanted the name of a setting without anchors");
    assert_refuses("a: &x [1]\n", "a.yaml:1: 'a' has an anchor or a tag, wanted a plain list");
    assert_refuses("a: !t [1]\n", "a.yaml:1: 'a' has an anchor or a tag, wanted a plain list");
    assert_refuses("--- &x\na: 1\n", "a.yaml:1: wanted lines of 'name: value' from the first on");
}

static void yaml__refuses_a_second_document(void **state)
{
    (void)state;
    assert_refuses("a: 1\n---\nb: 1\n", "a.yaml:2: a second document, wanted one");
}

/* What libyaml says is its own; that a line is named, and which, is ours. */
static void assert_refuses_at(struct ws_bytes text, const char *start)
{
    struct ws_yaml yaml;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_yaml_parse(text, "a.yaml", &arena, &yaml, &err), WS_INVALID);
    if (strncmp(err.message, start, strlen(start)) != 0)
        fail_msg("'%s' does not start with '%s'", err.message, start);
    assert_true(strlen(err.message) > strlen(start));
}

static void yaml__names_the_line_of_broken_syntax(void **state)
{
    (void)state;
    assert_refuses_at(ws_bytes_of_text("a: 1\nb: 2\n\tc: 3\n"), "a.yaml:3: ");
    assert_refuses_at(ws_bytes_of_text("a: 1\nb: [1, 2\n"), "a.yaml:3: ");
    assert_refuses_at(ws_bytes_of_text("a: 1\nb: 1: 2\n"), "a.yaml:2: ");
    assert_refuses_at(ws_bytes_of_text("a: 'x\n"), "a.yaml:2: ");
    assert_refuses_at(ws_bytes_of_text("a: @x\n"), "a.yaml:1: ");
}

static void yaml__refuses_what_is_not_text(void **state)
{
    (void)state;
    assert_refuses_at(ws_bytes_of_text("a: 1\nb: \xFF\xFE\n"), "a.yaml:2: ");
    assert_refuses_at(ws_bytes_of_text("a: 1\nb: 2\nc: \001\n"), "a.yaml:3: ");
    assert_refuses_at(ws_bytes_of("a: 1\n\0", 6), "a.yaml:2: ");
    assert_refuses_at(ws_bytes_of("\xFF\xFE"
                                  "a\0:\0 \0"
                                  "1\0",
                                  10),
                      "a.yaml:1: "); /* UTF-16 */
    assert_refuses_at(ws_bytes_of_text("a: \"x\\0y\"\n"), "a.yaml:1: a zero byte");
}

static void yaml__has_limits(void **state)
{
    (void)state;
    enum { MOST = 1000, LARGEST = 1 << 20 };
    struct ws_buffer text;
    struct ws_error err;
    struct ws_yaml yaml;
    ws_buffer_init(&text, NULL, 2 * LARGEST);
    for (int i = 0; i < MOST; i++)
        ws_buffer_format(&text, "k%d: %d\n", i, i);
    assert_int_equal(parse(ws_buffer_string(&text)).count, MOST);
    ws_buffer_text(&text, "last: 1\n");
    assert_int_equal(ws_yaml_parse(ws_buffer_bytes(&text), "a.yaml", &arena, &yaml, &err),
                     WS_INVALID);
    assert_string_equal(err.message, "a.yaml:1001: more than 1000 settings");

    ws_buffer_reset(&text);
    ws_buffer_text(&text, "a: ");
    while (text.size < LARGEST)
        ws_buffer_u8(&text, 'x');
    assert_int_equal(strlen(parse(ws_buffer_string(&text)).entries[0].text), LARGEST - 3);
    ws_buffer_u8(&text, 'x');
    assert_int_equal(ws_yaml_parse(ws_buffer_bytes(&text), "a.yaml", &arena, &yaml, &err),
                     WS_INVALID);
    assert_string_equal(err.message, "a.yaml: is 1048577 bytes long, wanted at most 1048576");
    ws_buffer_release(&text);
}

static struct ws_yaml_parts parse_parts(const char *text)
{
    struct ws_yaml_parts parts = {.count = 0};
    struct ws_error err = {.message = ""};
    if (ws_yaml_parse_parts(ws_bytes_of_text(text), "a.yaml", &arena, &parts, &err) != WS_OK)
        fail_msg("%s", err.message);
    return parts;
}

static void assert_refuses_parts(const char *text, const char *message)
{
    struct ws_yaml_parts parts;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_yaml_parse_parts(ws_bytes_of_text(text), "a.yaml", &arena, &parts, &err),
                     WS_INVALID);
    assert_string_equal(err.message, message);
}

static void yaml__gives_lists_of_mappings_as_parts(void **state)
{
    (void)state;
    struct ws_yaml_parts parts = parse_parts("a: 1\nrows:\n  - x: 2\n    y: [3, 4]\n  - {x: 5}\n"
                                             "plain: [6, 7]\nmore:\n- x: 8\nempty: []\n");
    assert_int_equal(parts.head.count, 3);
    assert_entry(parts.head, 0, 1, "a", "1");
    assert_entry(parts.head, 1, 6, "plain", "6,7");
    assert_entry(parts.head, 2, 9, "empty", "");
    assert_int_equal(parts.count, 3);
    assert_string_equal(parts.parts[0].list, "rows");
    assert_int_equal(parts.parts[0].line, 3);
    assert_entry(parts.parts[0].settings, 0, 3, "x", "2");
    assert_entry(parts.parts[0].settings, 1, 4, "y", "3,4");
    assert_entry(parts.parts[1].settings, 0, 5, "x", "5");
    assert_string_equal(parts.parts[2].list, "more");
    assert_int_equal(parts.parts[2].line, 8);
}

static void yaml__refuses_what_parts_may_not_hold(void **state)
{
    (void)state;
    assert_refuses_parts("rows:\n  - x: 1\n  - 2\n",
                         "a.yaml:3: 'rows' has an item that is no mapping among mappings");
    assert_refuses_parts("rows:\n  - x: {y: 1}\n",
                         "a.yaml:2: a mapping inside, wanted a value or a list of values");
    assert_refuses_parts("rows:\n  - x: [{y: {z: 1}}]\n",
                         "a.yaml:2: a mapping inside, wanted a plain item of a list");
    assert_refuses_parts("rows:\n  - x: 1\n    x: 2\n",
                         "a.yaml:3: 'x' is given twice, first on line 2");
    assert_refuses_parts("rows:\n  - &a {x: 1}\n",
                         "a.yaml:2: 'rows' has an anchor or a tag inside, wanted plain settings");
    assert_refuses_parts("rows: {x: 1}\n",
                         "a.yaml:1: a mapping inside, wanted a value or a list of values");
}

static void yaml__limits_parts_and_their_entries(void **state)
{
    (void)state;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text, "rows:\n");
    for (int i = 0; i < 1001; i++)
        ws_buffer_text(&text, "- {x: 1}\n");
    assert_refuses_parts(ws_buffer_string(&text), "a.yaml:1002: more than 1000 mappings in lists");
    ws_buffer_reset(&text);
    ws_buffer_text(&text, "rows:\n");
    for (int i = 0; i < 101; i++)
        ws_buffer_format(&text, "%s x%d: 1\n", i == 0 ? "-" : " ", i);
    assert_refuses_parts(ws_buffer_string(&text), "a.yaml:102: more than 100 settings");
    ws_buffer_release(&text);
}

static const char everything[] = "seeds: 5\nlist: [a, b, c]\nlong: \"a b\\n c\"\nother:\n - x\n";

static void yaml__survives_every_failing_allocation(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena failing;
        struct ws_yaml yaml;
        ws_arena_init(&failing, &allocator);
        status = ws_yaml_parse(ws_bytes_of_text(everything), "a.yaml", &failing, &yaml, NULL);
        assert_int_equal(status == WS_OK, heap.failures == 0);
        ws_arena_release(&failing);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
    assert_true(n > 2);
}

#ifndef WS_SANITIZE
/*
 * libyaml calls malloc directly, so its allocations are made to fail by putting these in front of
 * the C library's. The sanitizers do the same for themselves.
 */
static long malloc_countdown = LONG_MAX, malloc_live;

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's. */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

void *malloc(size_t size)
{
    if (malloc_countdown-- == 0)
        return NULL;
    malloc_live++;
    return __libc_malloc(size);
}

void *realloc(void *block, size_t size)
{
    if (malloc_countdown-- == 0)
        return NULL;
    malloc_live += !block;
    return __libc_realloc(block, size);
}

void free(void *block)
{
    malloc_live -= block != NULL;
    __libc_free(block);
}

static void yaml__survives_when_libyaml_runs_out_of_memory(void **state)
{
    (void)state;
    static const char *const texts[] = {everything, "a: *x\n", "a: !t 1\n", "a: 'b\n", "a: {b: 1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        long n = 0;
        for (enum ws_status status = WS_NO_MEMORY; status == WS_NO_MEMORY; n++) {
            struct ws_arena failing;
            struct ws_yaml yaml;
            ws_arena_init(&failing, NULL);
            long live = malloc_live;
            malloc_countdown = n;
            status = ws_yaml_parse(ws_bytes_of_text(texts[i]), "a.yaml", &failing, &yaml, NULL);
            long left = malloc_countdown;
            malloc_countdown = LONG_MAX;
            ws_arena_release(&failing);
            assert_int_equal(malloc_live, live);
            assert_int_equal(status == WS_NO_MEMORY, left < 0);
        }
        assert_true(n > 10);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml__gives_entries_in_file_order_with_their_lines),
        cmocka_unit_test(yaml__takes_what_editors_write),
        cmocka_unit_test(yaml__refuses_a_setting_twice),
        cmocka_unit_test(yaml__refuses_an_empty_file),
        cmocka_unit_test(yaml__refuses_values_that_are_missing),
        cmocka_unit_test(yaml__refuses_items_with_commas),
        cmocka_unit_test(yaml__joins_mappings_in_a_list),
        cmocka_unit_test(yaml__refuses_nesting),
        cmocka_unit_test(yaml__gives_lists_of_mappings_as_parts),
        cmocka_unit_test(yaml__refuses_what_parts_may_not_hold),
        cmocka_unit_test(yaml__limits_parts_and_their_entries),
        cmocka_unit_test(yaml__refuses_anchors_aliases_and_tags),
        cmocka_unit_test(yaml__refuses_a_second_document),
        cmocka_unit_test(yaml__names_the_line_of_broken_syntax),
        cmocka_unit_test(yaml__refuses_what_is_not_text),
        cmocka_unit_test(yaml__has_limits),
        cmocka_unit_test(yaml__survives_every_failing_allocation),
#ifndef WS_SANITIZE
        cmocka_unit_test(yaml__survives_when_libyaml_runs_out_of_memory),
#endif
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
