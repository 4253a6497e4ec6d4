/*
 * Who may ask: names of this machine, origins, tokens, entity tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/http_guard.h"

#define TOKEN "abcdefghijklmnop-_09"

static void loopback_has_few_names(void **state)
{
    (void)state;
    static const char *const ours[] = {"localhost",   "LocalHost:80",     "127.0.0.1",
                                       "127.0.0.1:8", "127.255.0.1:9999", "[::1]",
                                       "[::1]:8080"};
    static const char *const others[] = {"",
                                         "localhost.evil.example",
                                         "localhost:80:80",
                                         "localhost:x",
                                         "evil.example",
                                         "127.0.0",
                                         "127.0.0.1.evil.example",
                                         "127.0.0.1:800000",
                                         "127.1",
                                         "::1",
                                         "[::1].com",
                                         "[::2]",
                                         "1127.0.0.1",
                                         "127.0.0.1@evil",
                                         "128.0.0.1",
                                         "localhostx",
                                         "127.0.0.1111"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_true(ws_host_is_loopback(ours[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(ws_host_is_loopback(others[i]));
    assert_false(ws_host_is_loopback(NULL));
}

static void origins_are_of_their_host(void **state)
{
    (void)state;
    assert_true(ws_origin_is_of_host("http://localhost:8080", "localhost:8080"));
    assert_true(ws_origin_is_of_host("https://Runs.example", "runs.example"));
    assert_false(ws_origin_is_of_host("http://localhost:8081", "localhost:8080"));
    assert_false(ws_origin_is_of_host("http://localhost:8080.evil.example", "localhost:8080"));
    assert_false(ws_origin_is_of_host("null", "localhost"));
    assert_false(ws_origin_is_of_host("", "localhost"));
    assert_false(ws_origin_is_of_host("file://", ""));
}

static void tokens_are_shown_as_bearer_or_cookie(void **state)
{
    (void)state;
    assert_true(ws_token_is_fit(TOKEN));
    assert_false(ws_token_is_fit("short"));
    assert_false(ws_token_is_fit("abcdefghijklmnop;Path=/"));
    assert_true(ws_token_equals(TOKEN, TOKEN, strlen(TOKEN)));
    assert_false(ws_token_equals(TOKEN, TOKEN, strlen(TOKEN) - 1));
    assert_false(ws_token_equals(TOKEN, TOKEN TOKEN, 2 * strlen(TOKEN)));
    assert_false(ws_token_equals(TOKEN, "", 0));
    assert_true(ws_bearer_is("Bearer " TOKEN, TOKEN));
    assert_true(ws_bearer_is("bearer " TOKEN, TOKEN));
    assert_false(ws_bearer_is("Bearer " TOKEN "x", TOKEN));
    assert_false(ws_bearer_is("Bearer", TOKEN));
    assert_false(ws_bearer_is(TOKEN, TOKEN));
    assert_false(ws_bearer_is(NULL, TOKEN));
    assert_true(ws_cookie_is("w-1=" TOKEN, "w-1", TOKEN));
    assert_true(ws_cookie_is("a=b; w-1=" TOKEN "; c", "w-1", TOKEN));
    assert_true(ws_cookie_is("w-1=old; w-1=" TOKEN, "w-1", TOKEN));
    assert_false(ws_cookie_is("xw-1=" TOKEN, "w-1", TOKEN));
    assert_false(ws_cookie_is("w-1=" TOKEN "x", "w-1", TOKEN));
    assert_false(ws_cookie_is("w-1", "w-1", TOKEN));
    assert_false(ws_cookie_is("w-2=" TOKEN, "w-1", TOKEN));
    assert_false(ws_cookie_is("", "w-1", TOKEN));
    assert_false(ws_cookie_is(NULL, "w-1", TOKEN));
}

/* Every token that differs in one letter is refused. */
static void one_letter_makes_another_token(void **state)
{
    (void)state;
    char seen[] = TOKEN;
    for (size_t i = 0; i < strlen(TOKEN); i++) {
        seen[i] ^= 1;
        assert_false(ws_token_equals(TOKEN, seen, strlen(seen)));
        seen[i] ^= 1;
    }
}

static void tags_are_known_in_lists(void **state)
{
    (void)state;
    assert_true(ws_tag_is_known("\"ab\"", "\"ab\""));
    assert_true(ws_tag_is_known("\"x\", W/\"ab\"", "\"ab\""));
    assert_true(ws_tag_is_known("*", "\"ab\""));
    assert_false(ws_tag_is_known("\"abc\"", "\"ab\""));
    assert_false(ws_tag_is_known(NULL, "\"ab\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_has_few_names),
        cmocka_unit_test(origins_are_of_their_host),
        cmocka_unit_test(tokens_are_shown_as_bearer_or_cookie),
        cmocka_unit_test(one_letter_makes_another_token),
        cmocka_unit_test(tags_are_known_in_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
