/*
 * Targets of requests: what names and parameters they hold, which are refused, what answers them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/http_route.h"

static enum ws_status parse(const char *text, struct ws_arena *arena, struct ws_target *out)
{
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_target_parse(ws_bytes_of_text(text), arena, out, &err);
    assert_true(status == WS_OK || err.message[0] != '\0');
    return status;
}

static void names_and_parameters_are_decoded(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_target target;
    ws_arena_init(&arena, NULL);
    assert_int_equal(
        parse("/api/runs/a%20%3Cb%3e+c?sort=name&search=two+w%6frds&flag&x=", &arena, &target),
        WS_OK);
    assert_int_equal(target.segment_count, 3);
    assert_string_equal(target.segments[1], "runs");
    assert_string_equal(target.segments[2], "a <b>+c");
    assert_int_equal(target.parameter_count, 4);
    assert_string_equal(ws_target_parameter(&target, "search"), "two words");
    assert_string_equal(ws_target_parameter(&target, "flag"), "");
    assert_null(ws_target_parameter(&target, "sor"));
    assert_int_equal(parse("/", &arena, &target), WS_OK);
    assert_int_equal(target.segment_count, 0);
    assert_int_equal(parse("/?a=1", &arena, &target), WS_OK);
    assert_string_equal(ws_target_parameter(&target, "a"), "1");
    ws_arena_release(&arena);
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",         "runs",   "*",       "http://x/", "/..",     "/runs/../x", "/%2e%2E/x",
        "/.",       "/a%2fb", "/a%2F..", "//",        "/a//b",   "/a/",        "/a%00",
        "/a?b=%00", "/%",     "/%4",     "/%zz",      "/a?b=%4", "/a?%=1",     "/1/2/3/4/5/6/7/8/9",
    };
    struct ws_arena arena;
    struct ws_target target;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_not_equal(parse(refused[i], &arena, &target), WS_OK);
    char long_one[WS_TARGET_SIZE + 2];
    memset(long_one, 'a', sizeof long_one);
    long_one[0] = '/';
    long_one[sizeof long_one - 1] = '\0';
    assert_int_equal(parse(long_one, &arena, &target), WS_LIMIT);
    char many[3 * (WS_TARGET_PARAMETERS + 1) + 3] = "/?";
    for (size_t i = 0; i <= WS_TARGET_PARAMETERS; i++)
        memcpy(many + 2 + 3 * i, "a=&", 3);
    assert_int_equal(parse(many, &arena, &target), WS_LIMIT);
    ws_arena_release(&arena);
}

static void whole_numbers_are_bounded(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_target target;
    uint64_t value = 0;
    ws_arena_init(&arena, NULL);
    assert_int_equal(parse("/?a=7&b=x&c=-1&d=101", &arena, &target), WS_OK);
    assert_int_equal(ws_target_whole(&target, "a", 3, 100, &value, NULL), WS_OK);
    assert_int_equal(value, 7);
    assert_int_equal(ws_target_whole(&target, "none", 3, 100, &value, NULL), WS_OK);
    assert_int_equal(value, 3);
    for (const char *name = "bcd"; *name; name++)
        assert_int_equal(ws_target_whole(&target, (char[]){*name, '\0'}, 3, 100, &value, NULL),
                         WS_INVALID);
    ws_arena_release(&arena);
}

static void patterns_match_segment_by_segment(void **state)
{
    (void)state;
    static const struct {
        const char *target, *pattern, *name;
        bool matches;
    } known[] = {
        {"/", "/", NULL, true},
        {"/a", "/", NULL, false},
        {"/", "/a", NULL, false},
        {"/api/runs", "/api/runs", NULL, true},
        {"/api/runs", "/api/run", NULL, false},
        {"/api/run", "/api/runs", NULL, false},
        {"/api/runs/x%20y", "/api/runs/*", "x y", true},
        {"/api/runs/x/log", "/api/runs/*", NULL, false},
        {"/api/runs/x/log", "/api/runs/*/log", "x", true},
        {"/api/runs/x", "/api/runs/*/log", NULL, false},
        {"/api/runs/*", "/api/runs/*", "*", true},
        {"/api/*", "/api/a", NULL, false},
        {"/a/b/c", "/*/*/*", NULL, false}, /* more stars than names */
    };
    struct ws_arena arena;
    struct ws_target target;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *names[WS_ROUTE_NAMES] = {NULL};
        assert_int_equal(parse(known[i].target, &arena, &target), WS_OK);
        assert_int_equal(ws_target_matches(&target, known[i].pattern, names), known[i].matches);
        if (known[i].name)
            assert_string_equal(names[0], known[i].name);
    }
    ws_arena_release(&arena);
}

/* Any name, of bytes that are no text too, comes back from a target that it was put into. */
static void names_come_back_from_their_escapes(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_target target;
    char all[256];
    size_t size = 0;
    ws_arena_init(&arena, NULL);
    for (int c = 1; c < 256; c++)
        if (c != '/')
            all[size++] = (char)c;
    all[size] = '\0';
    const char *escaped = ws_target_escape(all, &arena);
    for (const char *c = escaped; *c; c++)
        assert_true(*c > ' ' && *c < 127 && !strchr("/?#\"<>&=+", *c));
    assert_int_equal(
        parse(ws_arena_format(&arena, "/%s?run=%s", escaped, escaped), &arena, &target), WS_OK);
    assert_string_equal(target.segments[0], all);
    assert_string_equal(ws_target_parameter(&target, "run"), all);
    assert_false(ws_is_segment("") || ws_is_segment(".") || ws_is_segment("..") ||
                 ws_is_segment("a/b"));
    assert_true(ws_is_segment("...") && ws_is_segment(".a"));
    ws_arena_release(&arena);
}

static void routes_are_found_by_method_and_path(void **state)
{
    (void)state;
    static const struct ws_http_route routes[] = {
        {"GET", "/a/*", NULL, "a", 0}, {"POST", "/a/*", NULL, "b", 7}, {"GET", "/b", NULL, "c", 0}};
    static const struct ws_http_site site = {.routes = routes, .route_count = 3};
    static const struct {
        const char *method, *target, *file, *allow;
    } known[] = {
        {"GET", "/a/x", "a", NULL},  {"HEAD", "/a/x", "a", NULL},
        {"POST", "/a/x", "b", NULL}, {"PUT", "/a/x", NULL, "GET, POST"},
        {"HEAD", "/b", "c", NULL},   {"POST", "/b", NULL, "GET"},
        {"GET", "/c", NULL, NULL},   {"get", "/b", NULL, "GET"},
    };
    struct ws_arena arena;
    struct ws_target target;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(parse(known[i].target, &arena, &target), WS_OK);
        const struct ws_http_found found = ws_http_find(&site, known[i].method, &target, &arena);
        assert_int_equal(found.route != NULL, known[i].file != NULL);
        if (known[i].file)
            assert_string_equal(found.route->file, known[i].file);
        assert_int_equal(found.allow != NULL, known[i].allow != NULL);
        if (known[i].allow)
            assert_string_equal(found.allow, known[i].allow);
    }
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_parameters_are_decoded),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(whole_numbers_are_bounded),
        cmocka_unit_test(patterns_match_segment_by_segment),
        cmocka_unit_test(names_come_back_from_their_escapes),
        cmocka_unit_test(routes_are_found_by_method_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
