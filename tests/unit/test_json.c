/* JSON through jansson. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/failing_heap.h"
#include "support/failing_jansson.h"

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    struct ws_error err = {.message = ""};
    if (ws_json_parse(ws_bytes_of_text(text), "run.json", &json, &err) != WS_OK)
        fail_msg("%s", err.message);
    return json;
}

static void assert_refuses_at(struct ws_bytes text, const char *start)
{
    json_t *json = NULL;
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_json_parse(text, "run.json", &json, &err), WS_CORRUPT);
    if (strncmp(err.message, start, strlen(start)) != 0)
        fail_msg("'%s' does not start with '%s'", err.message, start);
    assert_null(json);
}

static void assert_refuses(const char *text, const char *start)
{
    assert_refuses_at(ws_bytes_of_text(text), start);
}

static void json__names_the_line_of_a_fault(void **state)
{
    (void)state;
    assert_refuses("{\"a\": 1,\n\"b\": }", "run.json:2: ");
    assert_refuses("{\"a\": 1,\n\n\"a\": 2}", "run.json:3: ");
    assert_refuses("", "run.json:1: ");
    assert_refuses("{}\n {}", "run.json:2: ");
    assert_refuses("7", "run.json:1: ");
    assert_refuses_at(ws_bytes_of(NULL, 0), "run.json:1: ");
    assert_refuses_at(ws_bytes_of("[1]\0", 4), "run.json: has a zero byte");
    assert_refuses_at(ws_bytes_of_text("[\"\xFF\"]"), "run.json:1: ");
}

static void json__refuses_what_is_not_json(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "[01]",  "[1.]", "[NaN]",  "[+1]",          "[1e999]",   "[1,]",
        "[\"ab", "[1",   "{a: 1}", "[\"\\u0000\"]", "[\"\\x\"]", "[9223372036854775808]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refuses(wrong[i], "run.json:1: ");
}

static void json__reads_escapes(void **state)
{
    (void)state;
    json_t *json =
        parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00 z\","
              " {\"k\\u0065y\": 1}]");
    assert_string_equal(json_string_value(json_array_get(json, 0)), "\"\\/\b\f\n\r\t");
    assert_string_equal(json_string_value(json_array_get(json, 1)),
                        "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 z");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 2), "key")), 1);
    json_decref(json);
}

static void json__reads_numbers(void **state)
{
    (void)state;
    json_t *json = parse("[0, -0, -12, 9223372036854775807, 0.5, -1.25e2, 1E+2, 1e-999,"
                         " -9223372036854775808]");
    static const double values[] = {0, 0, -12, 0x1p63, 0.5, -125, 100, 0, -0x1p63};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_true(json_number_value(json_array_get(json, i)) == values[i]);
    assert_true(json_is_integer(json_array_get(json, 2)));
    assert_true(json_integer_value(json_array_get(json, 3)) == INT64_MAX);
    assert_true(json_is_real(json_array_get(json, 6)));
    json_decref(json);
}

static void json__bounds_its_size(void **state)
{
    (void)state;
    json_t *json;
    struct ws_error err;
    assert_int_equal(ws_json_parse(ws_bytes_of("", WS_JSON_LIMIT + 1), "run.json", &json, &err),
                     WS_LIMIT); /* refused by its size alone: not a byte is read */
    assert_string_equal(err.message, "run.json: is 67108865 bytes long, wanted at most 67108864");
}

static void json__gives_members_of_the_wanted_kind(void **state)
{
    (void)state;
    json_t *run =
        parse("{\"name\": \"quick\", \"seeds\": 5, \"share\": 0.25, \"control\": true,"
              " \"most\": 9223372036854775807, \"arms\": [1, 2], \"machine\": {\"n\": 2}}");
    const char *text;
    uint64_t whole;
    double real;
    bool flag;
    json_t *inner;
    assert_int_equal(ws_json_read_text(run, "name", "run.json", &text, NULL), WS_OK);
    assert_string_equal(text, "quick");
    assert_int_equal(ws_json_read_whole(run, "seeds", "run.json", &whole, NULL), WS_OK);
    assert_int_equal(whole, 5);
    assert_int_equal(ws_json_read_whole(run, "most", "run.json", &whole, NULL), WS_OK);
    assert_true(whole == INT64_MAX);
    assert_int_equal(ws_json_read_real(run, "share", "run.json", &real, NULL), WS_OK);
    assert_true(real == 0.25);
    assert_int_equal(ws_json_read_real(run, "seeds", "run.json", &real, NULL), WS_OK);
    assert_true(real == 5);
    assert_int_equal(ws_json_read_flag(run, "control", "run.json", &flag, NULL), WS_OK);
    assert_true(flag);
    assert_int_equal(ws_json_read_array(run, "arms", "run.json", &inner, NULL), WS_OK);
    assert_int_equal(json_array_size(inner), 2);
    assert_int_equal(ws_json_read_object(run, "machine", "run.json", &inner, NULL), WS_OK);
    assert_int_equal(json_object_size(inner), 1);
    json_decref(run);
}

static void json__says_what_a_member_is_and_should_be(void **state)
{
    (void)state;
    json_t *run = parse("{\"name\": 5, \"seeds\": \"five\", \"share\": null, \"control\": {},"
                        " \"minus\": -1, \"half\": 0.5, \"arms\": true}");
    const char *text = "as before";
    uint64_t whole = 77;
    double real = 77;
    bool flag = true;
    json_t *inner = NULL;
    struct ws_error err;
    assert_int_equal(ws_json_read_text(run, "name", "run.json", &text, &err), WS_CORRUPT);
    assert_string_equal(err.message, "run.json: 'name' is a number, wanted a text");
    assert_int_equal(ws_json_read_text(run, "title", "run.json", &text, &err), WS_CORRUPT);
    assert_string_equal(err.message, "run.json: 'title' is missing, wanted a text");
    assert_int_equal(ws_json_read_whole(run, "seeds", "run.json", &whole, &err), WS_CORRUPT);
    assert_string_equal(err.message, "run.json: 'seeds' is the text 'five', wanted a whole number "
                                     "of at least 0");
    assert_int_equal(ws_json_read_whole(run, "minus", "run.json", &whole, &err), WS_CORRUPT);
    assert_int_equal(ws_json_read_whole(run, "half", "run.json", &whole, &err), WS_CORRUPT);
    assert_int_equal(ws_json_read_real(run, "seeds", "run.json", &real, &err), WS_CORRUPT);
    assert_int_equal(ws_json_read_real(run, "share", "run.json", &real, &err), WS_CORRUPT);
    assert_string_equal(err.message,
                        "run.json: 'share' is null, wanted a number, 'nan', 'inf' or '-inf'");
    assert_int_equal(ws_json_read_flag(run, "control", "run.json", &flag, &err), WS_CORRUPT);
    assert_string_equal(err.message, "run.json: 'control' is an object, wanted true or false");
    assert_int_equal(ws_json_read_array(run, "arms", "run.json", &inner, &err), WS_CORRUPT);
    assert_string_equal(err.message, "run.json: 'arms' is true or false, wanted an array");
    assert_int_equal(ws_json_read_object(run, "arms", "run.json", &inner, &err), WS_CORRUPT);
    /* Not an object at all: every member is missing. */
    json_t *array = parse("[1]");
    assert_int_equal(ws_json_read_text(array, "name", "run.json", &text, &err), WS_CORRUPT);
    json_decref(array);
    assert_string_equal(text, "as before");
    assert_true(whole == 77 && real == 77 && flag && !inner);
    json_decref(run);
}

static json_t *sample(void)
{
    json_t *json = json_object();
    json_object_set_new(json, "zeta", json_integer(1));
    json_object_set_new(json, "alpha", json_string("caf\xC3\xA9 \"x\"\n"));
    json_object_set_new(json, "third", ws_json_real(1.0 / 3));
    json_object_set_new(json, "whole", ws_json_real(2));
    json_object_set_new(json, "list", json_pack("[b, n]", 1));
    json_object_set_new(json, "zeta", json_integer(2)); /* set again, it keeps its place */
    return json;
}

static void json__prints_members_in_the_order_they_were_set(void **state)
{
    (void)state;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 10000);
    json_t *json = sample();
    ws_buffer_text(&text, "> ");
    ws_json_append(json, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "> {\"zeta\":2,\"alpha\":\"caf\xC3\xA9 \\\"x\\\"\\n\","
                        "\"third\":0.33333333333333331,\"whole\":2.0,\"list\":[true,null]}");
    ws_buffer_reset(&text);
    ws_json_append_members(json, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "\"zeta\":2,\"alpha\":\"caf\xC3\xA9 \\\"x\\\"\\n\","
                        "\"third\":0.33333333333333331,\"whole\":2.0,\"list\":[true,null]");
    ws_buffer_reset(&text);
    ws_json_append_pretty(json, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "{\n  \"zeta\": 2,\n  \"alpha\": \"caf\xC3\xA9 \\\"x\\\"\\n\",\n"
                        "  \"third\": 0.33333333333333331,\n  \"whole\": 2.0,\n"
                        "  \"list\": [\n    true,\n    null\n  ]\n}");
    json_decref(json);
    ws_buffer_release(&text);
}

static void json__keeps_every_real(void **state)
{
    (void)state;
    static const double values[] = {0.1,     1.0 / 3,  -0.0,      5e-324,
                                    DBL_MAX, INFINITY, -INFINITY, 123456789.123456789};
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "v", ws_json_real(values[i]));
        ws_buffer_reset(&text);
        ws_json_append(object, &text);
        json_decref(object);
        object = parse(ws_buffer_string(&text));
        double back;
        assert_int_equal(ws_json_read_real(object, "v", "x", &back, NULL), WS_OK);
        assert_memory_equal(&back, &values[i], sizeof back);
        json_decref(object);
    }
    json_t *object = json_object();
    json_object_set_new(object, "v", ws_json_real(-NAN));
    ws_buffer_reset(&text);
    ws_json_append(object, &text);
    assert_string_equal(ws_buffer_string(&text), "{\"v\":\"nan\"}");
    double back;
    assert_int_equal(ws_json_read_real(object, "v", "x", &back, NULL), WS_OK);
    assert_true(isnan(back));
    json_decref(object);
    ws_buffer_release(&text);
}

static void json__prints_short_reals_where_all_are(void **state)
{
    (void)state;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1000);
    json_t *json = json_pack("{s:f, s:[f, i], s:{s:f}}", "a", 0.1, "b", 1e-5, 3, "c", "d", 2.0);
    ws_json_append_short(json, &text);
    assert_string_equal(ws_buffer_string(&text),
                        "{\n  \"a\": 0.1,\n  \"b\": [\n    1e-5,\n    3\n  ],\n"
                        "  \"c\": {\n    \"d\": 2.0\n  }\n}");
    ws_buffer_reset(&text);
    json_array_append_new(json_object_get(json, "b"), json_real(1.0 / 3));
    ws_json_append_short(json, &text);
    assert_non_null(strstr(ws_buffer_string(&text), "0.33333333333333331"));
    assert_non_null(strstr(ws_buffer_string(&text), "0.10000000000000001"));
    json_decref(json);
    ws_buffer_release(&text);
}

static void json__leaves_a_full_buffer_full(void **state)
{
    (void)state;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 10);
    json_t *json = sample();
    ws_json_append(json, &text);
    assert_int_equal(text.status, WS_LIMIT);
    ws_buffer_reset(&text);
    ws_json_append(NULL, &text);
    assert_int_equal(text.status, WS_NO_MEMORY);
    json_decref(json);
    ws_buffer_release(&text);
}

static enum ws_status parse_and_print(const struct ws_allocator *allocator)
{
    static const char text[] = "{\"name\": \"a text longer than sixteen bytes\", \"list\":"
                               " [1, 0.5, \"t\\u0077o\", {\"a\": null}],"
                               " \"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5, \"f\": 6,"
                               " \"g\": 7, \"h\": 8, \"i\": 9}";
    json_t *json;
    jansson_reads = true;
    enum ws_status read = ws_json_parse(ws_bytes_of_text(text), "run.json", &json, NULL);
    jansson_reads = false;
    if (read != WS_OK)
        return read;
    struct ws_buffer out;
    ws_buffer_init(&out, allocator, 10000);
    ws_json_append(json, &out);
    ws_json_append_pretty(json, &out);
    ws_json_append_short(json, &out);
    json_decref(json);
    json_t *real = ws_json_real(NAN);
    ws_json_append(real, &out);
    json_decref(real);
    enum ws_status status = ws_buffer_check(&out, "the run", NULL);
    ws_buffer_release(&out);
    return status;
}

static void json__survives_every_failing_allocation(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        status = parse_and_print(&allocator);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);

    json_malloc_t before_malloc;
    json_free_t before_free;
    json_get_alloc_funcs(&before_malloc, &before_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
    /* A text that is refused memory once is parsed once more; printing is not. */
    bool refused = true, clean = true;
    for (n = 0; refused && clean && (status == WS_OK || status == WS_NO_MEMORY); n++) {
        jansson_heap = (struct failing_heap){.countdown = n / 2, .for_good = n % 2};
        status = parse_and_print(NULL);
        refused = jansson_heap.failures > 0;
        clean = failing_heap_is_clean(&jansson_heap);
        if (jansson_heap.for_good && refused != (status == WS_NO_MEMORY))
            break;
    }
    json_set_alloc_funcs(before_malloc, before_free);
    assert_int_equal(status, WS_OK);
    assert_false(refused);
    assert_true(clean);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__names_the_line_of_a_fault),
        cmocka_unit_test(json__refuses_what_is_not_json),
        cmocka_unit_test(json__reads_escapes),
        cmocka_unit_test(json__reads_numbers),
        cmocka_unit_test(json__bounds_its_size),
        cmocka_unit_test(json__gives_members_of_the_wanted_kind),
        cmocka_unit_test(json__says_what_a_member_is_and_should_be),
        cmocka_unit_test(json__prints_members_in_the_order_they_were_set),
        cmocka_unit_test(json__keeps_every_real),
        cmocka_unit_test(json__prints_short_reals_where_all_are),
        cmocka_unit_test(json__leaves_a_full_buffer_full),
        cmocka_unit_test(json__survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
