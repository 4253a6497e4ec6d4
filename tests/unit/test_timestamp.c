/*
 * Timestamps of an authority that Debian's openssl plays: what it stamped is believed, and nothing
 * else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "ledger/timestamp.h"
#include "support/made_log.h"
#include "support/place.h"

/* An authority, one of another root, and one that may not stamp. */
static const char setup[] =
    "set -e; cd '%s'\n"
    "ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key"
    " -out $1.pem -subj /CN=$1 -days 30; }\n"
    "issue() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key"
    " -out $1.csr -subj /CN=$1; printf '%%s\\n' \"$3\" >$1.ext; openssl x509 -req -in $1.csr"
    " -CA $2.pem -CAkey $2.key -set_serial 0x$((RANDOM + 1)) -days 30 -extfile $1.ext"
    " -out $1.pem; }\n"
    "conf() { printf '%%s\\n' '[tsa]' 'default_tsa = t' '[t]' 'serial = serial'"
    " \"signer_cert = $1.pem\" \"signer_key = $1.key\" 'signer_digest = sha256'"
    " 'default_policy = 1.2.3.4' 'digests = sha256, sha512' 'accuracy = secs:2, millisecs:500'"
    " >$1.cnf; }\n"
    "ca root; ca other; issue tsa root 'extendedKeyUsage = critical,timeStamping'\n"
    "issue web root 'extendedKeyUsage = serverAuth'\n"
    "echo 01 >serial; conf tsa\n";

struct stand {
    struct ws_arena arena;
    struct ws_error err;
    struct place place;
    struct made_log log;
    const char *root, *other;
    uint64_t now;
};

/* The status of a script that says nothing. */
static int shell(struct stand *stand, const char *script)
{
    const char *path = join(&stand->arena, stand->place.path, "script");
    assert_int_equal(ws_file_replace(path, ws_bytes_of_text(script), &stand->err), WS_OK);
    int status = system(ws_arena_format(&stand->arena, "bash '%s' >/dev/null 2>&1", path));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_stand(void **state)
{
    static struct stand stand;
    ws_arena_init(&stand.arena, NULL);
    new_place(&stand.place);
    stand.log = make_log("log.example", &stand.arena);
    stand.root = join(&stand.arena, stand.place.path, "root.pem");
    stand.other = join(&stand.arena, stand.place.path, "other.pem");
    *state = &stand;
    stand.now = (uint64_t)time(NULL);
    return shell(&stand, ws_arena_format(&stand.arena, setup, stand.place.path));
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    ws_note_signer_close(&stand->log.signer);
    remove_place(&stand->place);
    ws_arena_release(&stand->arena);
    return 0;
}

/* What the authority answers to a request, with its key or another's. */
static struct ws_bytes stamp(struct stand *stand, struct ws_bytes request, const char *more)
{
    const char *directory = stand->place.path;
    assert_int_equal(ws_file_replace(join(&stand->arena, directory, "request"), request, NULL),
                     WS_OK);
    assert_int_equal(shell(stand, ws_arena_format(&stand->arena,
                                                  "cd '%s'; openssl ts -reply -config tsa.cnf "
                                                  "-queryfile request -out answer %s",
                                                  directory, more)),
                     0);
    return contents(&stand->arena, join(&stand->arena, directory, "answer"));
}

static struct ws_bytes request_for(struct stand *stand, struct ws_bytes note)
{
    struct ws_bytes request;
    assert_int_equal(ws_timestamp_request(note, &stand->arena, &request, &stand->err), WS_OK);
    return request;
}

static enum ws_status check(struct stand *stand, struct ws_bytes answer, struct ws_bytes note,
                            const char *authorities, uint64_t now, struct ws_timestamp *out)
{
    return ws_timestamp_check(answer, note, authorities, now, &stand->arena, out, &stand->err);
}

static void timestamp__of_a_checkpoint_is_believed(void **state)
{
    struct stand *stand = *state;
    struct ws_timestamp read, checked;
    struct ws_hash digest;
    struct ws_bytes note = made_checkpoint(&stand->log, 7, &stand->arena);
    struct ws_bytes answer = stamp(stand, request_for(stand, note), "");
    assert_int_equal(ws_timestamp_read(answer, &read, &stand->err), WS_OK);
    if (check(stand, answer, note, stand->root, stand->now + 10, &checked) != WS_OK)
        fail_msg("%s", stand->err.message);
    assert_int_equal(
        ws_hash_of(ws_bytes_of(note.data, (size_t)(strstr((const char *)note.data, "\n\n") -
                                                   (const char *)note.data) +
                                              1),
                   &digest, NULL),
        WS_OK);
    assert_true(ws_hash_equal(&checked.digest, &digest));
    assert_int_equal(checked.time, read.time);
    assert_int_equal(checked.accuracy, 3);
    assert_true(checked.time + 600 > stand->now && checked.time < stand->now + 600);
}

static void timestamp__of_something_else_is_not(void **state)
{
    struct stand *stand = *state;
    struct ws_timestamp out;
    struct ws_bytes note = made_checkpoint(&stand->log, 7, &stand->arena);
    struct ws_bytes next = made_checkpoint(&stand->log, 8, &stand->arena);
    struct ws_bytes answer = stamp(stand, request_for(stand, note), "");
    assert_int_equal(check(stand, answer, next, stand->root, stand->now, &out), WS_CORRUPT);
    assert_int_equal(check(stand, answer, note, stand->other, stand->now, &out), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "does not hold"));
    /* Before and behind the days of the certificate. */
    assert_int_equal(check(stand, answer, note, stand->root, 1000, &out), WS_CORRUPT);
    assert_int_equal(check(stand, answer, note, stand->root, stand->now + 31 * 86400, &out),
                     WS_CORRUPT);
    assert_int_equal(check(stand, answer, note, "/nowhere", stand->now, &out), WS_NOT_FOUND);
    const char *key = join(&stand->arena, stand->place.path, "root.key");
    assert_int_equal(check(stand, answer, note, key, stand->now, &out), WS_INVALID);
    assert_int_equal(
        check(stand, answer, ws_bytes_of_text("no note"), stand->root, stand->now, &out),
        WS_CORRUPT);
    /* A byte of anything that was signed. */
    for (size_t i = 0; i < answer.size; i += 7) {
        uint8_t *turned = ws_arena_copy(&stand->arena, answer.data, answer.size);
        turned[i] ^= 0x10;
        struct ws_timestamp changed = {.time = 0};
        if (check(stand, ws_bytes_of(turned, answer.size), note, stand->root, stand->now,
                  &changed) != WS_OK)
            continue;
        /* What was not signed may change, and says nothing. */
        assert_int_equal(ws_timestamp_read(answer, &out, NULL), WS_OK);
        assert_int_equal(changed.time, out.time);
    }
    assert_int_equal(check(stand, ws_bytes_of(answer.data, answer.size - 1), note, stand->root,
                           stand->now, &out),
                     WS_CORRUPT);
}

static void timestamp__wants_an_authority_for_stamping(void **state)
{
    struct stand *stand = *state;
    struct ws_timestamp out;
    struct ws_bytes note = made_checkpoint(&stand->log, 7, &stand->arena);
    const char *directory = stand->place.path;
    struct ws_bytes request = request_for(stand, note);
    assert_int_equal(ws_file_replace(join(&stand->arena, directory, "request"), request, NULL),
                     WS_OK);
    /* openssl itself stamps with no such certificate. */
    assert_int_not_equal(
        shell(stand,
              ws_arena_format(&stand->arena,
                              "cd '%s'; openssl ts -reply -config tsa.cnf -queryfile request "
                              "-signer web.pem -inkey web.key -out wrong && test -s wrong",
                              directory)),
        0);
    /* Another digest, and one that it refuses. */
    assert_int_equal(
        shell(stand, ws_arena_format(&stand->arena,
                                     "cd '%s'; openssl ts -query -data root.pem -sha512 "
                                     "-cert -out strong; openssl ts -query -data "
                                     "root.pem -sha1 -cert -out weak",
                                     directory)),
        0);
    struct ws_bytes strong =
        stamp(stand, contents(&stand->arena, join(&stand->arena, directory, "strong")), "");
    assert_int_equal(ws_timestamp_read(strong, &out, &stand->err), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "no SHA-256"));
    struct ws_bytes weak =
        stamp(stand, contents(&stand->arena, join(&stand->arena, directory, "weak")), "");
    assert_int_equal(ws_timestamp_read(weak, &out, &stand->err), WS_CORRUPT);
    assert_non_null(strstr(stand->err.message, "refused"));
    assert_int_equal(check(stand, weak, note, stand->root, stand->now, &out), WS_CORRUPT);
}

/* The program that others use reads our request as we mean it. */
static void timestamp__request_is_read_by_others(void **state)
{
    struct stand *stand = *state;
    struct ws_bytes note = made_checkpoint(&stand->log, 2, &stand->arena);
    struct ws_hash digest;
    char text[WS_HASH_TEXT_SIZE];
    const char *directory = stand->place.path;
    struct ws_note read;
    assert_int_equal(ws_note_read(note, &stand->arena, &read, NULL), WS_OK);
    assert_int_equal(ws_hash_of(read.text, &digest, NULL), WS_OK);
    ws_hash_text(&digest, text);
    assert_int_equal(
        ws_file_replace(join(&stand->arena, directory, "request"), request_for(stand, note), NULL),
        WS_OK);
    assert_int_equal(shell(stand, ws_arena_format(&stand->arena,
                                                  "cd '%s'; openssl ts -query -digest %s -sha256 "
                                                  "-no_nonce -cert -out ours && cmp ours request",
                                                  directory, text)),
                     0);
    struct ws_bytes none;
    assert_int_equal(
        ws_timestamp_request(ws_bytes_of_text("no note"), &stand->arena, &none, &stand->err),
        WS_CORRUPT);
}

static void timestamp__lies_beside_its_checkpoint(void **state)
{
    struct stand *stand = *state;
    assert_string_equal(ws_timestamp_path(&stand->arena, "log", 1503), "log/timestamps/x001/503");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamp__of_a_checkpoint_is_believed),
        cmocka_unit_test(timestamp__of_something_else_is_not),
        cmocka_unit_test(timestamp__wants_an_authority_for_stamping),
        cmocka_unit_test(timestamp__request_is_read_by_others),
        cmocka_unit_test(timestamp__lies_beside_its_checkpoint),
    };
    if (system("command -v openssl >/dev/null") != 0) {
        (void)printf("skipped: no openssl here\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, open_stand, close_stand);
}
