/* Registry files: what a lookup needs, in one file beside the policy that it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/registry.h"
#include "support/place.h"

#define FIRST "urn:wellspring:registry:v1\n"

static void registry__places_are_meant_from_its_folder(void **state)
{
    (void)state;
    static const char text[] =
        FIRST "# mine\n\npolicy policy.txt\n roles\tmy  roles.txt \t\n"
              "log https://log.example/2026\nshards /srv/shards\nissuer my.key\n";
    struct ws_arena arena;
    struct ws_registry registry;
    ws_arena_init(&arena, NULL);
    assert_true(ws_registry_is(ws_bytes_of_text(text)));
    assert_true(ws_registry_is(ws_bytes_of_text("urn:wellspring:registry:v2\r\n")));
    assert_false(ws_registry_is(ws_bytes_of_text("urn:wellspring:roles:v1\n")));
    assert_int_equal(ws_registry_read(ws_bytes_of_text(text), "r", "etc/", &arena, &registry, NULL),
                     WS_OK);
    assert_string_equal(registry.policy, "etc/policy.txt");
    assert_string_equal(registry.roles, "etc/my  roles.txt");
    assert_string_equal(registry.log, "https://log.example/2026");
    assert_string_equal(registry.shards, "/srv/shards");
    assert_string_equal(registry.issuer, "etc/my.key");
    assert_null(registry.index);
    assert_null(registry.openings);
    assert_null(registry.state);
    ws_arena_release(&arena);
}

static void registry__says_which_line_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "r:1: wanted 'urn:wellspring:registry:v1' and the line's end"},
        {"urn:wellspring:registry:v1", "r:1: wanted"},
        {FIRST, "r: on whose word? No line says 'policy FILE'"},
        {FIRST "roles a\n", "r: on whose word?"},
        {FIRST "policy a\npolicy b\n", "r:3: this was said before"},
        {FIRST "policy  \n", "r:2: a file, a directory or a URL is missing"},
        {FIRST "policy a", "r:2: the line does not end"},
        {FIRST "witness a\n", "r:2: 'witness', wanted policy, roles, log, shards, index"},
        {FIRST "policy a\1\n", "r:2: a control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_arena arena;
        struct ws_registry registry;
        struct ws_error err;
        ws_arena_init(&arena, NULL);
        assert_int_equal(
            ws_registry_read(ws_bytes_of_text(cases[i].text), "r", "", &arena, &registry, &err),
            WS_INVALID);
        if (strncmp(err.message, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("'%s', wanted '%s'", err.message, cases[i].says);
        ws_arena_release(&arena);
    }
}

static void request__goes_before_the_registry(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    new_place(&place);
    ws_arena_init(&arena, NULL);
    const char *path = ws_arena_format(&arena, "%s/registry", place.path);
    assert_non_null(path);
    assert_int_equal(
        ws_file_place(path, ws_bytes_of_text(FIRST "policy p\nlog l\nshards s\nindex i\n"), NULL),
        WS_OK);
    struct ws_lookup_request request = {.policy = path, .log = "mine"};
    assert_int_equal(ws_registry_complete(&request, &arena, NULL), WS_OK);
    assert_string_equal(request.log, "mine");
    assert_string_equal(request.policy, ws_arena_format(&arena, "%s/p", place.path));
    assert_string_equal(request.shards, ws_arena_format(&arena, "%s/s", place.path));
    assert_string_equal(request.index, ws_arena_format(&arena, "%s/i", place.path));
    assert_null(request.roles);
    /* A policy stays what it is. */
    assert_int_equal(ws_file_place(path, ws_bytes_of_text("quorum none\n"), NULL), WS_OK);
    request = (struct ws_lookup_request){.policy = path};
    assert_int_equal(ws_registry_complete(&request, &arena, NULL), WS_OK);
    assert_ptr_equal(request.policy, path);
    assert_null(request.log);
    ws_arena_release(&arena);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry__places_are_meant_from_its_folder),
        cmocka_unit_test(registry__says_which_line_is_wrong),
        cmocka_unit_test(request__goes_before_the_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
