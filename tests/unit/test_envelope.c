/* DSSE envelopes: what is signed, who signed, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/envelope.h"

#define TYPE "http://example.com/HelloWorld"

struct place {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_signer signers[2];
    struct ws_note_key keys[2];
};

static int open_place(void **state)
{
    static struct place place;
    static const char *const names[] = {"a.example", "b.example"};
    ws_arena_init(&place.arena, NULL);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ws_note_signer_make(names[i], WS_KEY_ED25519, &place.arena,
                                             &place.signers[i], &place.err),
                         WS_OK);
        assert_int_equal(ws_note_signer_key(&place.signers[i], &place.keys[i], &place.err), WS_OK);
    }
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < 2; i++) {
        ws_note_signer_close(&place->signers[i]);
        ws_note_key_close(&place->keys[i]);
    }
    ws_arena_release(&place->arena);
    return 0;
}

static void write_hello(struct place *place, struct ws_buffer *out)
{
    ws_buffer_init(out, NULL, 1 << 20);
    assert_int_equal(ws_envelope_append(out, TYPE, ws_bytes_of_text("hello world"),
                                        &place->signers[0], &place->arena, &place->err),
                     WS_OK);
}

static enum ws_status check(struct place *place, struct ws_bytes bytes, bool signed_by[2])
{
    const struct ws_note_key *const keys[] = {&place->keys[0], &place->keys[1]};
    struct ws_envelope envelope;
    WS_TRY(ws_envelope_read(bytes, &place->arena, &envelope, &place->err));
    return ws_envelope_check(&envelope, keys, 2, &place->arena, signed_by, &place->err);
}

/* The encoding that the specification gives as its example. */
static void envelope__signs_type_and_bytes(void **state)
{
    struct place *place = *state;
    struct ws_buffer text;
    struct ws_envelope envelope;
    write_hello(place, &text);
    assert_int_equal(
        ws_envelope_read(ws_buffer_bytes(&text), &place->arena, &envelope, &place->err), WS_OK);
    assert_true(ws_bytes_is(envelope.payload, "hello world"));
    assert_string_equal(envelope.payload_type, TYPE);
    assert_int_equal(envelope.signature_count, 1);
    assert_int_equal(envelope.signatures[0].bytes.size, 64);
    assert_true(ws_ed25519_verify(&place->keys[0].public_key,
                                  ws_bytes_of_text("DSSEv1 29 " TYPE " 11 hello world"),
                                  envelope.signatures[0].bytes.data));
    ws_buffer_release(&text);
}

static void envelope__is_signed_by_those_who_did(void **state)
{
    struct place *place = *state;
    struct ws_buffer text;
    bool signed_by[2];
    write_hello(place, &text);
    assert_int_equal(check(place, ws_buffer_bytes(&text), signed_by), WS_OK);
    assert_true(signed_by[0] && !signed_by[1]);
    ws_buffer_release(&text);
}

/* `text` with `from` replaced by `to`, which is no longer. */
static char *change(const struct ws_buffer *text, const char *from, const char *to)
{
    char *copy = strdup(ws_buffer_string(text));
    char *at = strstr(copy, from);
    assert_non_null(at);
    size_t old = strlen(from), new = strlen(to);
    memcpy(at, to, new);
    memmove(at + new, at + old, strlen(at + old) + 1);
    return copy;
}

static void envelope__is_refused_when_changed(void **state)
{
    struct place *place = *state;
    struct ws_buffer text;
    bool signed_by[2];
    write_hello(place, &text);
    /* Bytes, type and signer. */
    char *other = change(&text, "aGVsbG8g", "aGVsbG9g");
    assert_int_equal(check(place, ws_bytes_of_text(other), signed_by), WS_CORRUPT);
    assert_non_null(strstr(place->err.message, "a.example"));
    free(other);
    other = change(&text, "HelloWorld", "HelloW0rld");
    assert_int_equal(check(place, ws_bytes_of_text(other), signed_by), WS_CORRUPT);
    free(other);
    /* A signer that is not known, and none that is named: every key is tried. */
    other = change(&text, "a.example", "c.example");
    assert_int_equal(check(place, ws_bytes_of_text(other), signed_by), WS_OK);
    assert_true(!signed_by[0] && !signed_by[1]);
    free(other);
    other = change(&text, "\"keyid\"", "\"keyed\"");
    assert_int_equal(check(place, ws_bytes_of_text(other), signed_by), WS_OK);
    assert_true(signed_by[0] && !signed_by[1]);
    free(other);
    ws_buffer_release(&text);
}

/* Bytes 0 to 255: `-` and `_` for `+` and `/`, but not one of each kind. */
static void envelope__is_read_in_either_alphabet(void **state)
{
    struct place *place = *state;
    struct ws_buffer text;
    struct ws_envelope envelope;
    uint8_t all[256];
    bool signed_by[2];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    ws_buffer_init(&text, NULL, 1 << 20);
    assert_int_equal(ws_envelope_append(&text, "bytes", ws_bytes_of(all, sizeof all),
                                        &place->signers[0], &place->arena, &place->err),
                     WS_OK);
    char *plain = ws_arena_text(&place->arena, ws_buffer_string(&text));
    for (char *c = plain; c < strstr(plain, "payloadType"); c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    assert_string_not_equal(plain, ws_buffer_string(&text));
    assert_int_equal(check(place, ws_bytes_of_text(plain), signed_by), WS_OK);
    assert_true(signed_by[0]);
    assert_int_equal(
        ws_envelope_read(ws_bytes_of_text(plain), &place->arena, &envelope, &place->err), WS_OK);
    assert_memory_equal(envelope.payload.data, all, sizeof all);
    *strchr(plain, '_') = '/';
    assert_int_equal(check(place, ws_bytes_of_text(plain), signed_by), WS_CORRUPT);
    ws_buffer_release(&text);
}

static void envelope__that_is_none_is_refused(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}",
        "{\"payload\":\"A\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
        "{\"payload\":\"AAAA\",\"payloadType\":1,\"signatures\":[{\"sig\":\"AAAA\"}]}",
        "{\"payload\":\"AAAA\",\"payloadType\":\"\",\"signatures\":{\"sig\":\"AAAA\"}}",
        "{\"payload\":\"AAAA\",\"payloadType\":\"\",\"signatures\":[\"AAAA\"]}",
        "{\"payload\":\"AAAA\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"A===\"}]}",
        "{\"payload\":\"AAAA\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"A\",\"keyid\":1}]}",
        "{\"payload\":\"\",\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"\"}]}",
    };
    struct ws_envelope envelope;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ws_envelope_read(ws_bytes_of_text(bad[i]), &place->arena, &envelope, &place->err) !=
            WS_CORRUPT)
            fail_msg("%zu was read", i);
}

static void envelope__fits_an_entry_or_is_not_made(void **state)
{
    struct place *place = *state;
    static char payload[50000];
    struct ws_buffer text;
    memset(payload, 'x', sizeof payload);
    ws_buffer_init(&text, NULL, 1 << 20);
    assert_int_equal(ws_envelope_append(&text, TYPE, ws_bytes_of(payload, 48900),
                                        &place->signers[0], &place->arena, &place->err),
                     WS_OK);
    assert_true(text.size > 65000 && text.size <= WS_ENVELOPE_LIMIT);
    ws_buffer_reset(&text);
    assert_int_equal(ws_envelope_append(&text, TYPE, ws_bytes_of(payload, sizeof payload),
                                        &place->signers[0], &place->arena, &place->err),
                     WS_LIMIT);
    ws_buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope__signs_type_and_bytes),
        cmocka_unit_test(envelope__is_signed_by_those_who_did),
        cmocka_unit_test(envelope__is_refused_when_changed),
        cmocka_unit_test(envelope__is_read_in_either_alphabet),
        cmocka_unit_test(envelope__that_is_none_is_refused),
        cmocka_unit_test(envelope__fits_an_entry_or_is_not_made),
    };
    return cmocka_run_group_tests(tests, open_place, close_place);
}
