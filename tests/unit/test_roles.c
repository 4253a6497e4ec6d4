/* Roles beside a policy: the example of docs/formats/trust.md, namespaces, witnesses of one
 * operator, and every line that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/mirror.h"
#include "ledger/roles.h"
#include "support/failing_heap.h"

#define PETER     "c2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH     "qJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define LOG       "PeterNeumann+c74f20a3+ARp" PETER
#define WITNESS_A "a+1e094502+BBp" PETER
#define WITNESS_B "b+4a6900f0+BDt" ENOCH
#define KEY       "EnochRoot+af0cfe78+ATt" ENOCH

static const char EXAMPLE_POLICY[] = "log " LOG "\nwitness A " WITNESS_A "\nwitness B " WITNESS_B
                                     "\ngroup two any A B\nquorum two\n";
static const char EXAMPLE[] = "urn:wellspring:roles:v1\n"
                              "key alpha-labs " KEY "\n"
                              "issuer alpha-labs example.com/alpha\n"
                              "operator north A B\n"
                              "max-age 86400\n"
                              "max-delay 3600\n";

struct reading {
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_roles roles;
    struct ws_error err;
};

/* Reads both; the status of the roles. */
static enum ws_status read_roles(struct reading *in, const char *policy, const char *text)
{
    *in = (struct reading){.err.message = ""};
    ws_arena_init(&in->arena, NULL);
    assert_int_equal(
        ws_trust_read(ws_bytes_of_text(policy), "policy", &in->arena, &in->trust, &in->err), WS_OK);
    return ws_roles_read(ws_bytes_of_text(text), "roles", &in->trust, &in->arena, &in->roles,
                         &in->err);
}

static void release(struct reading *in)
{
    ws_roles_close(&in->roles);
    ws_trust_close(&in->trust);
    ws_arena_release(&in->arena);
}

static void roles__read_the_documented_example(void **state)
{
    (void)state;
    struct reading in;
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY, EXAMPLE), WS_OK);
    const struct ws_roles *roles = &in.roles;
    assert_int_equal(roles->party_count, 1);
    assert_string_equal(roles->parties[0], "alpha-labs");
    assert_int_equal(roles->key_count, 1);
    assert_string_equal(roles->keys[0].key.name, "EnochRoot");
    assert_false(roles->keys[0].is_root);
    assert_int_equal(roles->max_age, 86400);
    assert_int_equal(roles->max_delay, 3600);
    assert_int_equal(in.trust.members[0].run_by, in.trust.members[1].run_by);
    assert_int_not_equal(in.trust.members[2].run_by, in.trust.members[0].run_by);
    release(&in);
}

static void roles__cover_a_name_and_what_is_behind_it(void **state)
{
    (void)state;
    struct reading in;
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY, EXAMPLE), WS_OK);
    static const struct {
        const char *name;
        bool allowed;
    } cases[] = {
        {"example.com/alpha", true},   {"example.com/alpha/7b", true},
        {"example.com/alpha/", true},  {"example.com/alpha-7b", false},
        {"example.com/alph", false},   {"example.com", false},
        {"xexample.com/alpha", false}, {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ws_roles_allow(&in.roles, 0, WS_ROLE_ISSUER, cases[i].name),
                         cases[i].allowed);
        assert_false(ws_roles_allow(&in.roles, 0, WS_ROLE_ARCHIVE, cases[i].name));
        assert_false(ws_roles_allow(&in.roles, 1, WS_ROLE_ISSUER, cases[i].name));
    }
    release(&in);
}

static void roles__tell_roots_and_mirrors_from_keys(void **state)
{
    (void)state;
    struct reading in;
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY,
                                "urn:wellspring:roles:v1\n# offline\n\n\troot  p " LOG
                                "\nmirror m " WITNESS_B " https://m.example/\narchive p cc\n"),
                     WS_OK);
    assert_int_equal(in.roles.party_count, 2);
    assert_int_equal(in.roles.key_count, 1);
    assert_true(in.roles.keys[0].is_root);
    assert_int_equal(in.roles.mirror_count, 1);
    assert_int_equal(in.roles.mirrors[0].party, 1);
    assert_string_equal(in.roles.mirrors[0].url, "https://m.example/");
    assert_true(ws_roles_allow(&in.roles, 0, WS_ROLE_ARCHIVE, "cc"));
    assert_int_equal(in.roles.max_age, 0);
    assert_int_equal(in.roles.max_delay, WS_ROLES_DELAY); /* no start is believed without limit */
    release(&in);
}

/* The one of the longest URL that is not longer than what is asked for. */
static void mirrors__are_known_by_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        size_t party; /* 2: nobody */
    } cases[] = {
        {"https://m.example", 0},
        {"https://m.example/", 0},
        {"https://m.example/hash", 0},
        {"https://m.example/deep", 1},
        {"https://m.example/deep/hash", 1},
        {"https://m.example/deeper", 0},
        {"https://m.example.org", 2},
        {"http://m.example", 2},
        {"log", 2},
    };
    struct reading in;
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY,
                                "urn:wellspring:roles:v1\nmirror m " WITNESS_B
                                " https://m.example/\nmirror n " WITNESS_A
                                " https://m.example/deep\n"),
                     WS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_mirror *mirror = ws_mirror_at(&in.roles, cases[i].from);
        if ((mirror ? mirror->party : 2) != cases[i].party)
            fail_msg("'%s'", cases[i].from);
    }
    release(&in);
}

static void mirrors__have_cosigned_what_they_show(void **state)
{
    (void)state;
    static const char text[] = "log.example\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n";
    struct ws_note_signer signer, other;
    struct ws_mirror mirror = {.url = "https://m.example"};
    struct ws_arena arena;
    struct ws_buffer note;
    struct ws_error err;
    uint64_t time = 0;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_note_signer_make("m", WS_KEY_COSIGNATURE, &arena, &signer, &err), WS_OK);
    assert_int_equal(ws_note_signer_make("o", WS_KEY_COSIGNATURE, &arena, &other, &err), WS_OK);
    assert_int_equal(ws_note_signer_key(&signer, &mirror.key, &err), WS_OK);
    ws_buffer_init(&note, NULL, WS_NOTE_LIMIT);
    ws_buffer_format(&note, "%s\n", text);
    assert_int_equal(ws_note_sign(&note, ws_bytes_of_text(text), &other, 900, &arena, &err), WS_OK);
    assert_int_equal(ws_mirror_check(&mirror, ws_buffer_bytes(&note), &arena, &time, &err),
                     WS_CORRUPT);
    assert_non_null(strstr(err.message, "the mirror 'm' has not cosigned"));
    assert_int_equal(ws_note_sign(&note, ws_bytes_of_text(text), &signer, 1000, &arena, &err),
                     WS_OK);
    assert_int_equal(ws_mirror_check(&mirror, ws_buffer_bytes(&note), &arena, &time, &err), WS_OK);
    assert_int_equal(time, 1000);
    note.data[0] ^= 1; /* and what it cosigned is another */
    assert_int_equal(ws_mirror_check(&mirror, ws_buffer_bytes(&note), &arena, &time, &err),
                     WS_CORRUPT);
    ws_buffer_release(&note);
    ws_note_key_close(&mirror.key);
    ws_note_signer_close(&signer);
    ws_note_signer_close(&other);
    ws_arena_release(&arena);
}

#define POLICY_OF(groups) "log " LOG "\nwitness A " WITNESS_A "\nwitness B " WITNESS_B "\n" groups

static void roles__refuse_lines_that_are_none(void **state)
{
    (void)state;
    static const char plain[] = POLICY_OF("group g any A B\nquorum g\n");
    static const struct {
        const char *policy, *lines, *message;
    } bad[] = {
        {plain, "Key p " KEY "\n", "roles:2: 'Key', wanted key, root, issuer"},
        {plain, "key p " KEY, "roles:2: the line does not end"},
        {plain, "key\n", "roles:2: a party is missing"},
        {plain, "key p\n", "roles:2: a key is missing"},
        {plain, "key p x\n", "roles:2: this is no key"},
        {plain, "key \xff " KEY "\n", "roles:2: a party's name is not UTF-8"},
        {plain, "key p " KEY " x\n", "roles:2: 'x' is too much"},
        {plain, "key p " WITNESS_A "\n", "roles:2: a key of statements is of type 1, this one is"},
        {plain, "mirror p " KEY " u\n", "roles:2: a mirror's key is of type 4, this one is"},
        {plain, "mirror p " WITNESS_A "\n", "roles:2: a URL is missing"},
        {plain, "key p " KEY "\nroot q " KEY "\n", "roles:3: this key was there before"},
        {plain, "issuer p x\nkey p " KEY "\n", "roles:2: no key of 'p' stands above"},
        {plain, "key p " KEY "\nissuer p\n", "roles:3: a namespace is missing"},
        {plain, "key p " KEY "\nissuer p x/\n", "roles:3: a namespace is UTF-8 and goes on"},
        {plain, "key p " KEY "\narchive p x y\n", "roles:3: 'y' is too much"},
        {plain, "operator\n", "roles:2: an operator is missing"},
        {plain, "operator o\n", "roles:2: a witness is missing"},
        {plain, "operator o C\n", "roles:2: the policy has no witness 'C'"},
        {plain, "operator o g\n", "roles:2: the policy has no witness 'g'"},
        {plain, "operator o A A\n", "roles:2: 'A' has an operator already"},
        {plain, "operator o A\noperator p A\n", "roles:3: 'A' has an operator already"},
        {plain, "operator o A\noperator o B\n", "roles:3: 'o' was there before"},
        {POLICY_OF("group g any A\ngroup h all g B\nquorum h\n"), "operator o A B\n",
         "roles:2: 'A' and 'B' are in different groups"},
        {POLICY_OF("group g all A B\nquorum g\n"), "operator o A B\n",
         "roles: the policy's group 'g' wants 2 of its members, and 1 operators"},
        {plain, "max-age\n", "roles:2: a number of seconds is missing"},
        {plain, "max-age 0\n", "roles:2: '0', wanted whole seconds"},
        {plain, "max-age 1d\n", "roles:2: '1d', wanted whole seconds"},
        {plain, "max-age 1\nmax-age 1\n", "roles:3: this limit was there before"},
        {plain, "max-delay 1 2\n", "roles:2: '2' is too much"},
        {plain, "index-quorum\n", "roles:2: a number of mirrors is missing"},
        {plain, "index-quorum 0\n", "roles:2: '0', wanted a whole number of mirrors"},
        {plain, "index-quorum 1 2\n", "roles:2: '2' is too much"},
        {plain, "index-quorum 1\nindex-quorum 1\n", "roles:3: this quorum was there before"},
        {plain, "index-quorum 1\n",
         "roles: index-quorum is 1, more than the parties with mirrors, 0"},
        {plain, "mirror p " WITNESS_A " u\nmirror p " WITNESS_B " v\nindex-quorum 2\n",
         "roles: index-quorum is 2, more than the parties with mirrors, 1"},
        {plain, "max-opening 1\nmax-opening 2\n", "roles:3: this limit was there before"},
        {POLICY_OF("quorum none\n"), "max-delay 1\n", "roles:2: the policy wants no quorum"},
        {plain, "\x01\n", "roles:2: a control character"},
        {plain, "issuer a\xE2\x80\xAEz x\n", "roles:2: a control character"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reading in;
        char text[1000];
        (void)snprintf(text, sizeof text, "urn:wellspring:roles:v1\n%s", bad[i].lines);
        assert_int_equal(read_roles(&in, bad[i].policy, text), WS_INVALID);
        if (strncmp(in.err.message, bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("%zu: %s", i, in.err.message);
        release(&in);
    }
}

static void roles__of_another_version_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "urn:wellspring:roles:v1", "urn:wellspring:roles:v2\n",
                                      "\nurn:wellspring:roles:v1\n", "urn:wellspring:roles:v1 \n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reading in;
        assert_int_equal(read_roles(&in, EXAMPLE_POLICY, bad[i]), WS_INVALID);
        assert_non_null(strstr(in.err.message, "roles:1: wanted 'urn:wellspring:roles:v1'"));
        release(&in);
    }
}

static void roles__say_how_many_mirrors_sign_an_index(void **state)
{
    (void)state;
    static const char one[] = "urn:wellspring:roles:v1\nmirror p " WITNESS_A " u\n";
    static const char two[] = "urn:wellspring:roles:v1\nindex-quorum 2\nmirror p " WITNESS_A
                              " u\nmirror q " WITNESS_B " v\n";
    struct reading in;
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY, one), WS_OK);
    assert_int_equal(in.roles.index_quorum, 1);
    release(&in);
    assert_int_equal(read_roles(&in, EXAMPLE_POLICY, two), WS_OK);
    assert_int_equal(in.roles.index_quorum, 2);
    assert_int_equal(ws_roles_mirror_parties(&in.roles), 2);
    release(&in);
}

/* What a policy makes of roles that are refused stays as it was. */
static void roles__that_are_refused_leave_the_policy_alone(void **state)
{
    (void)state;
    struct reading in;
    assert_int_equal(
        read_roles(&in, EXAMPLE_POLICY, "urn:wellspring:roles:v1\noperator o A B\nmax-age 0\n"),
        WS_INVALID);
    assert_int_equal(in.trust.members[0].run_by, 0);
    assert_int_equal(in.trust.members[1].run_by, 1);
    release(&in);
}

static void roles__live_with_little_memory(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct reading in = {.err.message = ""};
        ws_arena_init(&in.arena, &allocator);
        status =
            ws_trust_read(ws_bytes_of_text(EXAMPLE_POLICY), "policy", &in.arena, &in.trust, NULL);
        if (status == WS_OK)
            status = ws_roles_read(ws_bytes_of_text(EXAMPLE), "roles", &in.trust, &in.arena,
                                   &in.roles, NULL);
        release(&in);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

/* The time is counted by the reader's own clock. */
static void opening__is_limited_without_a_quorum(void **state)
{
    (void)state;
    struct reading in;
    assert_int_equal(
        read_roles(&in, POLICY_OF("quorum none\n"), "urn:wellspring:roles:v1\nmax-opening 3600\n"),
        WS_OK);
    assert_int_equal(in.roles.max_opening, 3600);
    release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening__is_limited_without_a_quorum),
        cmocka_unit_test(roles__read_the_documented_example),
        cmocka_unit_test(roles__cover_a_name_and_what_is_behind_it),
        cmocka_unit_test(roles__tell_roots_and_mirrors_from_keys),
        cmocka_unit_test(mirrors__are_known_by_where_they_are),
        cmocka_unit_test(mirrors__have_cosigned_what_they_show),
        cmocka_unit_test(roles__say_how_many_mirrors_sign_an_index),
        cmocka_unit_test(roles__refuse_lines_that_are_none),
        cmocka_unit_test(roles__of_another_version_are_refused),
        cmocka_unit_test(roles__that_are_refused_leave_the_policy_alone),
        cmocka_unit_test(roles__live_with_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
