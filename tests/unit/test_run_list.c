/*
 * The list of runs as pages ask for it: searched, grouped, ordered, a part at a time; of runs that
 * are there, have names of any bytes, or cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/run_list.h"
#include "support/place.h"

static void add(const struct place *place, const char *directory, const char *text)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const char *path = join(&arena, place->path, directory);
    assert_int_equal(ws_directory_make(path, NULL), WS_OK);
    assert_int_equal(ws_file_replace(join(&arena, path, "run.json"), ws_bytes_of_text(text), NULL),
                     WS_OK);
    ws_arena_release(&arena);
}

static void add_run(const struct place *place, const char *directory, const char *name,
                    const char *state, const char *family, const char *policy, unsigned seeds)
{
    char text[600];
    (void)snprintf(text, sizeof text,
                   "{\"format\":\"" WS_RUN_FORMAT
                   "\",\"version\":\"1\",\"name\":\"%s\",\"title\":\"of %s\","
                   "\"state\":\"%s\",\"started\":\"2026-11-%02uT10:00:00Z\",\"finished\":\"\","
                   "\"block\":1,\"settings\":{\"family\":\"%s\",\"generations\":\"2\","
                   "\"seeds\":\"%u\"},\"inputs\":{},\"arms\":[{\"name\":\"a\",\"policy\":\"%s\","
                   "\"variation\":\"\",\"directory\":\"a\"}],"
                   "\"machine\":{\"compute_class\":\"c\"}}",
                   name, name, state, seeds, family, seeds, policy);
    add(place, directory, text);
}

static struct ws_run_list *open_list(struct place *place)
{
    struct ws_run_list *list;
    new_place(place);
    add_run(place, "b", "words", "complete", "ngram", "replace", 3);
    add_run(place, "a", "Words", "running", "ngram", "keep:0.5", 2);
    add_run(place, "two words\377", "curves", "running", "gmm", "replace", 1);
    add_run(place, "c", "<b>\\\"bold\\\"</b>", "failed", "gmm", "replace", 2);
    add(place, "damaged", "{\"format\": 7}");
    add(place, "later", "{\"format\": \"wellspring-run/99\"}");
    assert_int_equal(ws_run_list_new(place->path, &list, NULL), WS_OK);
    return list;
}

static void close_list(struct ws_run_list *list, struct place *place)
{
    char command[100];
    ws_run_list_free(list);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->path);
    assert_int_equal(system(command), 0);
}

/* The names of the directories that are listed, with a blank behind each. */
static void lists(struct ws_run_list *list, const struct ws_run_request *request,
                  const char *wanted, uint64_t matched)
{
    struct ws_arena arena;
    struct ws_run_page page;
    const char *seen = "";
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_run_list_ask(list, request, &arena, &page, NULL), WS_OK);
    for (size_t i = 0; i < page.count; i++)
        seen = ws_arena_format(&arena, "%s%s ", seen, page.runs[i].directory);
    assert_string_equal(seen, wanted);
    assert_int_equal(page.matched, matched);
    assert_int_equal(page.total, 4);
    assert_int_equal(page.damaged_count, 2);
    ws_arena_release(&arena);
}

#define LISTS(list, wanted, matched, ...)                                                          \
    lists(list, &(const struct ws_run_request){.most = 100, __VA_ARGS__}, wanted, matched)

static void runs_are_searched_and_ordered(void **state)
{
    (void)state;
    struct place place;
    struct ws_run_list *list = open_list(&place);
    LISTS(list, "a b c two words\377 ", 4, .search = NULL);
    LISTS(list, "two words\377 c b a ", 4, .descending = true);
    LISTS(list, "a b two words\377 ", 3, .search = "wORDs");
    LISTS(list, "a ", 1, .search = "  keep words\t");
    LISTS(list, "", 0, .search = "words nothing");
    LISTS(list, "c ", 1, .search = "<b>\"bold\"");
    LISTS(list, "a two words\377 ", 2, .state = "running");
    LISTS(list, "c ", 1, .state = "failed", .family = "gmm");
    LISTS(list, "b a c two words\377 ", 4, .order = WS_RUN_BY_SEEDS, .descending = true);
    LISTS(list, "two words\377 a c b ", 4, .order = WS_RUN_BY_STARTED);
    lists(list, &(struct ws_run_request){.first = 1, .most = 2}, "b c ", 4);
    lists(list, &(struct ws_run_request){.first = 9, .most = 2}, "", 4);
    lists(list, &(struct ws_run_request){.most = 0}, "", 4);
    close_list(list, &place);
}

static void runs_are_grouped(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_run_page page;
    struct ws_run_list *list = open_list(&place);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_run_list_ask(list,
                                     &(struct ws_run_request){.grouping = WS_GROUP_FAMILY,
                                                              .group = "ngram",
                                                              .search = "words",
                                                              .most = 9},
                                     &arena, &page, NULL),
                     WS_OK);
    assert_int_equal(page.group_count, 2); /* of all that match, not of the group alone */
    assert_string_equal(page.groups[0].name, "gmm");
    assert_int_equal(page.groups[0].runs, 1);
    assert_int_equal(page.groups[0].running, 1);
    assert_string_equal(page.groups[1].name, "ngram");
    assert_int_equal(page.groups[1].runs, 2);
    assert_int_equal(page.groups[1].running, 1);
    assert_int_equal(page.matched, 2);
    LISTS(list, "b c two words\377 ", 3, .grouping = WS_GROUP_POLICIES, .group = "replace");
    LISTS(list, "a c ", 2, .grouping = WS_GROUP_DAY, .group = "2026-11-02");
    LISTS(list, "", 0, .grouping = WS_GROUP_STATE, .group = "stopped");
    ws_arena_release(&arena);
    close_list(list, &place);
}

static void a_directory_that_vanishes_is_an_error(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_run_page page;
    struct ws_run_list *list = open_list(&place);
    ws_arena_init(&arena, NULL);
    close_list(NULL, &place);
    assert_int_equal(
        ws_run_list_ask(list, &(struct ws_run_request){.most = 1}, &arena, &page, NULL),
        WS_NOT_FOUND);
    ws_arena_release(&arena);
    ws_run_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_searched_and_ordered),
        cmocka_unit_test(runs_are_grouped),
        cmocka_unit_test(a_directory_that_vanishes_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
