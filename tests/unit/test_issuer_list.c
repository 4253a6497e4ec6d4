/*
 * Lists of issuers: what is in one, and what is refused with its line. Quotas: what is left of them
 * as time goes by.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/issuer_list.h"

#define FIRST  "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define SECOND "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static void a_list__has_keys_and_limits(void **state)
{
    static const char text[] = "# ours\n\n \tissuer " FIRST "\n"
                               "issuer\t" SECOND " minute=3 day=40 bytes=5000 ";
    struct ws_arena arena;
    struct ws_issuer_list list;
    struct ws_error err;
    (void)state;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_issuer_list_read(ws_bytes_of_text(text), "x", &arena, &list, &err), WS_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].key.name, "example.com/log/testdata");
    assert_int_equal(list.items[0].quota.entries_a_day, ws_usual_quota.entries_a_day);
    assert_string_equal(list.items[1].key.name, "PeterNeumann");
    assert_int_equal(list.items[1].quota.entries_a_minute, 3);
    assert_int_equal(list.items[1].quota.entries_a_day, 40);
    assert_int_equal(list.items[1].quota.bytes_a_day, 5000);
    ws_issuer_list_close(&list);
    ws_arena_release(&arena);
}

static void wrong_lines__are_named(void **state)
{
    static const char *const wrong[][2] = {
        {"\nwitness x\n", "x:2: the line begins with 'witness', wanted 'issuer'"},
        {"issuer nonsense\n", "x:1: "},
        {"issuer\n", "x:1: "},
        {"issuer " FIRST "\n#\nissuer " FIRST "\n", "x:3: the key of 'example.com/log/testdata' is "
                                                    "there twice"},
        {"issuer " FIRST " hour=3\n", "x:1: 'hour=3' is no limit"},
        {"issuer " FIRST " day=\n", "x:1: 'day=' is no limit"},
        {"issuer " FIRST " day=-1\n", "x:1: 'day=-1' is no limit"},
        {"issuer " FIRST " day\n", "x:1: 'day' is no limit"},
    };
    struct ws_arena arena;
    struct ws_issuer_list list;
    struct ws_error err;
    (void)state;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            ws_issuer_list_read(ws_bytes_of_text(wrong[i][0]), "x", &arena, &list, &err),
            WS_INVALID);
        if (strncmp(err.message, wrong[i][1], strlen(wrong[i][1])) != 0)
            fail_msg("'%s', wanted '%s'", err.message, wrong[i][1]);
    }
    ws_arena_release(&arena);
}

static void quotas__are_used_up_and_filled_again(void **state)
{
    static const struct ws_quota quota = {
        .entries_a_minute = 2, .entries_a_day = 4, .bytes_a_day = 1000};
    struct ws_quota_left left;
    (void)state;
    ws_quota_begin(&left, &quota, 100);
    assert_true(ws_quota_take(&left, &quota, 100, 100) == 0);
    assert_true(ws_quota_take(&left, &quota, 100, 100) == 0);
    assert_true(ws_quota_take(&left, &quota, 100, 100) == 30); /* seconds an entry */
    assert_true(ws_quota_take(&left, &quota, 100, 129) == 1);
    assert_true(ws_quota_take(&left, &quota, 100, 130) == 0);
    assert_true(ws_quota_take(&left, &quota, 100, 160) == 0);
    /* The day's are gone but for what came in a minute. */
    double wait = ws_quota_take(&left, &quota, 100, 1000);
    assert_true(wait > 86400.0 / 4 - 1000 && wait < 86400.0 / 4);
    assert_true(ws_quota_take(&left, &quota, 100, 1000 + wait) == 0);
}

static void quotas__count_bytes(void **state)
{
    static const struct ws_quota quota = {
        .entries_a_minute = 100, .entries_a_day = 100, .bytes_a_day = 1000};
    struct ws_quota_left left;
    (void)state;
    ws_quota_begin(&left, &quota, 0);
    assert_true(ws_quota_take(&left, &quota, 900, 0) == 0);
    assert_true(ws_quota_take(&left, &quota, 200, 0) == 8640);
    assert_true(isinf(ws_quota_take(&left, &quota, 1001, 0))); /* never */
    assert_true(ws_quota_take(&left, &quota, 100, 0) == 0);    /* nothing was taken for those */
    /* Two days fill it no further than one. */
    assert_true(ws_quota_take(&left, &quota, 1000, 172800) == 0);
    assert_true(ws_quota_take(&left, &quota, 1, 172800) > 0);
    /* A clock that goes back gives nothing. */
    assert_true(ws_quota_take(&left, &quota, 1, 0) > 0);
}

static void a_quota_of_nothing__lets_nothing_through(void **state)
{
    static const struct ws_quota none = {.entries_a_minute = 0, .entries_a_day = 1};
    struct ws_quota_left left;
    (void)state;
    ws_quota_begin(&left, &none, 0);
    assert_true(isinf(ws_quota_take(&left, &none, 0, 1e6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list__has_keys_and_limits),
        cmocka_unit_test(wrong_lines__are_named),
        cmocka_unit_test(quotas__are_used_up_and_filled_again),
        cmocka_unit_test(quotas__count_bytes),
        cmocka_unit_test(a_quota_of_nothing__lets_nothing_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
