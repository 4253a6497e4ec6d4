/*
 * Signed notes: the keys and signatures of Go's note package and the examples of C2SP, restated,
 * and every way to spoil them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/note.h"
#include "support/failing_heap.h"

#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_PRIVATE                                                                              \
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                                                       \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_LINE                                                                                   \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ" \
    "b6KE6RyyBwJnAM=\n"
#define ENOCH_LINE                                                                                   \
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33" \
    "WWd1RvMc+QQ=\n"

struct place {
    struct ws_arena arena;
    struct ws_error err;
    struct ws_note_key peter, enoch;
};

static struct ws_note_key read_key(struct place *place, const char *text)
{
    struct ws_note_key key = {0};
    if (ws_note_key_read(ws_bytes_of_text(text), &place->arena, &key, &place->err) != WS_OK)
        fail_msg("%s: %s", text, place->err.message);
    return key;
}

static int open_place(void **state)
{
    static struct place place;
    ws_arena_init(&place.arena, NULL);
    place.peter = read_key(&place, PETER);
    place.enoch = read_key(&place, ENOCH);
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    ws_note_key_close(&place->peter);
    ws_note_key_close(&place->enoch);
    ws_arena_release(&place->arena);
    return 0;
}

/* ---- keys ---- */

static enum ws_status try_key(struct place *place, const char *text, size_t size)
{
    struct ws_note_key key;
    enum ws_status status =
        ws_note_key_read(ws_bytes_of(text, size), &place->arena, &key, &place->err);
    if (status == WS_OK)
        ws_note_key_close(&key);
    return status;
}

static enum ws_status try_signer(struct place *place, const char *text, size_t size)
{
    struct ws_note_signer signer;
    enum ws_status status =
        ws_note_signer_read(ws_bytes_of(text, size), &place->arena, &signer, &place->err);
    if (status == WS_OK)
        ws_note_signer_close(&signer);
    return status;
}

/* Every part of the text, and the text with one byte changed. */
static void assert_only_whole(struct place *place, const char *text,
                              enum ws_status (*try)(struct place *, const char *, size_t))
{
    char changed[200];
    size_t size = strlen(text);
    assert_int_equal(try(place, text, size), WS_OK);
    for (size_t i = 0; i < size; i++) {
        for (size_t j = i + 1; j <= size; j++)
            if (j - i < size)
                assert_int_not_equal(try(place, text + i, j - i), WS_OK);
        memcpy(changed, text, size);
        changed[i]++;
        assert_int_not_equal(try(place, changed, size), WS_OK);
    }
}

static void key__is_read_whole_or_not_at_all(void **state)
{
    struct place *place = *state;
    assert_only_whole(place, PETER, try_key);
    assert_only_whole(place, PETER_PRIVATE, try_signer);
}

static void key__of_another_kind_is_refused(void **state)
{
    struct place *place = *state;
    static const char longer[] =
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    static const char unknown[] =
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_int_equal(try_key(place, longer, sizeof longer - 1), WS_INVALID);
    assert_int_equal(try_key(place, unknown, sizeof unknown - 1), WS_UNSUPPORTED);
    assert_non_null(strstr(place->err.message, "type 101"));
}

static void key__names_have_no_blanks(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "example.com/log", "\xc3\xa9\xe2\x82\xac", "a-b_c"};
    static const char *const bad[] = {"",          "a b",          "a+b",          "a\tb", "a\nb",
                                      "a\xc2\xa0", "\xe2\x80\xa8", "\xe3\x80\x80", "\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ws_key_name_ok(ws_bytes_of_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ws_key_name_ok(ws_bytes_of_text(bad[i])));
}

static void key__that_was_made_prints_and_reads(void **state)
{
    struct place *place = *state;
    static const enum ws_key_type types[] = {WS_KEY_ED25519, WS_KEY_COSIGNATURE};
    for (size_t i = 0; i < 2; i++) {
        struct ws_note_signer signer, again;
        struct ws_note_key key, read;
        struct ws_buffer private_text, public_text;
        ws_buffer_init(&private_text, NULL, 1000);
        ws_buffer_init(&public_text, NULL, 1000);
        assert_int_equal(
            ws_note_signer_make("example.com/w", types[i], &place->arena, &signer, &place->err),
            WS_OK);
        ws_note_signer_append(&private_text, &signer);
        assert_int_equal(ws_note_signer_key(&signer, &key, &place->err), WS_OK);
        ws_note_key_append(&public_text, &key);
        assert_int_equal(
            ws_note_signer_read(ws_buffer_bytes(&private_text), &place->arena, &again, &place->err),
            WS_OK);
        assert_memory_equal(again.private_key.seed, signer.private_key.seed, 32);
        assert_int_equal(again.id, signer.id);
        read = read_key(place, ws_buffer_string(&public_text));
        assert_int_equal(read.id, signer.id);
        assert_int_equal(read.type, types[i]);
        assert_string_equal(read.name, "example.com/w");
        ws_note_signer_close(&signer);
        ws_note_signer_close(&again);
        ws_note_key_close(&key);
        ws_note_key_close(&read);
        ws_buffer_release(&private_text);
        ws_buffer_release(&public_text);
    }
    struct ws_note_signer none;
    assert_int_equal(
        ws_note_signer_make("two words", WS_KEY_ED25519, &place->arena, &none, &place->err),
        WS_INVALID);
}

/* ---- notes ---- */

static enum ws_status check(struct place *place, struct ws_bytes bytes,
                            const struct ws_note_key *const keys[], size_t count,
                            struct ws_note_proof proofs[])
{
    struct ws_note note;
    WS_TRY(ws_note_read(bytes, &place->arena, &note, &place->err));
    return ws_note_check(&note, keys, count, &place->arena, proofs, &place->err);
}

static void note__is_signed_as_go_does(void **state)
{
    struct place *place = *state;
    struct ws_note_signer signer;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 10000);
    assert_int_equal(
        ws_note_signer_read(ws_bytes_of_text(PETER_PRIVATE), &place->arena, &signer, &place->err),
        WS_OK);
    assert_int_equal(
        ws_note_sign(&out, ws_bytes_of_text(TEXT), &signer, 0, &place->arena, &place->err), WS_OK);
    assert_string_equal(ws_buffer_string(&out), PETER_LINE);
    ws_note_signer_close(&signer);
    ws_buffer_release(&out);
}

static void note__is_signed_by_those_who_did(void **state)
{
    struct place *place = *state;
    const struct ws_note_key *const both[] = {&place->peter, &place->enoch};
    struct ws_note_proof proofs[2];
    struct ws_bytes two = ws_bytes_of_text(TEXT "\n" PETER_LINE ENOCH_LINE);
    struct ws_bytes one = ws_bytes_of_text(TEXT "\n" ENOCH_LINE ENOCH_LINE);
    assert_int_equal(check(place, two, both, 2, proofs), WS_OK);
    assert_true(proofs[0].is_signed && proofs[1].is_signed);
    assert_int_equal(check(place, one, both, 2, proofs), WS_OK);
    assert_true(!proofs[0].is_signed && proofs[1].is_signed);
    assert_int_equal(check(place, one, both, 1, proofs), WS_OK);
    assert_false(proofs[0].is_signed);
}

static void note__is_condemned_by_one_bad_signature(void **state)
{
    struct place *place = *state;
    const struct ws_note_key *const both[] = {&place->peter, &place->enoch};
    struct ws_note_proof proofs[2];
    char spoiled[] = TEXT "\n" ENOCH_LINE PETER_LINE;
    char *at = strstr(spoiled, "SffcvIAQ");
    *at = 'T';
    assert_int_equal(check(place, ws_bytes_of_text(spoiled), both, 2, proofs), WS_CORRUPT);
    assert_non_null(strstr(place->err.message, "PeterNeumann"));
    /* Who does not know him passes it over. */
    assert_int_equal(check(place, ws_bytes_of_text(spoiled), both + 1, 1, proofs), WS_OK);
    assert_true(proofs[0].is_signed);
    spoiled[0] = 'i';
    *at = 'S';
    assert_int_equal(check(place, ws_bytes_of_text(spoiled), both, 2, proofs), WS_CORRUPT);
}

/* C2SP's example: a text with empty lines, and a key that is not known here. */
static void note__splits_at_the_last_empty_line(void **state)
{
    struct place *place = *state;
    static const char text[] = "Ognuno sta solo sul cuor della terra\n"
                               "trafitto da un raggio di sole:\n\n\xc3\xa8"
                               "d \xc3\xa8 subito sera.\n";
    char whole[1000];
    struct ws_note note;
    (void)snprintf(whole, sizeof whole, "%s\n%s", text,
                   "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+"
                   "EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n");
    assert_int_equal(ws_note_read(ws_bytes_of_text(whole), &place->arena, &note, &place->err),
                     WS_OK);
    assert_int_equal(note.text.size, sizeof text - 1);
    assert_int_equal(note.signature_count, 1);
    assert_int_equal(note.signatures[0].id, 0x367ba04b);
    assert_int_equal(note.signatures[0].bytes.size, 64);
}

static struct ws_note_proof assert_signed(struct place *place, const char *note, const char *by)
{
    struct ws_note_key key = read_key(place, by);
    const struct ws_note_key *const keys[] = {&key};
    struct ws_note_proof proof;
    if (check(place, ws_bytes_of_text(note), keys, 1, &proof) != WS_OK)
        fail_msg("%s", place->err.message);
    assert_true(proof.is_signed);
    ws_note_key_close(&key);
    return proof;
}

/* The example of c2sp.org/signed-note; a cosignature of another implementation (sunlight). */
static void note__of_others_is_signed_by_them(void **state)
{
    (void)assert_signed(*state,
                        "This is an example message.\n\n— example.com/foo "
                        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
                        "mFXmRKuwHjG1Yu72IneyaQM=\n",
                        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    const struct ws_note_proof proof = assert_signed(
        *state,
        "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n"
        "— mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0E"
        "iZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n",
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O");
    assert_int_equal(proof.time, 1767139200);
}

static void note__that_is_malformed_is_refused(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT "\n",
        TEXT PETER_LINE,
        "\x01" TEXT "\n" PETER_LINE,
        "\xff" TEXT "\n" PETER_LINE,
        "a\tb\n\n" PETER_LINE,
        TEXT "\n" PETER_LINE "Unexpected line.\n",
        TEXT "\n" PETER_LINE "\n",
        TEXT "\n- PeterNeumann x08goAAA\n",
        TEXT "\n— PeterNeumann\n",
        TEXT "\n— PeterNeumann \n",
        TEXT "\n— PeterNeumann x08gow==\n", /* an id and nothing behind it */
        TEXT "\n— PeterNeumann x08goAAA=\n",
        TEXT "\n— Peter+Neumann x08goAAA\n",
        TEXT "\n— Bad Name x08goAAA\n",
        TEXT "\n—  x08goAAA\n",
    };
    struct ws_note note;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ws_note_read(ws_bytes_of_text(bad[i]), &place->arena, &note, &place->err) != WS_CORRUPT)
            fail_msg("%zu was read", i);
    const char *cut = TEXT "\n" PETER_LINE;
    assert_int_equal(
        ws_note_read(ws_bytes_of(cut, strlen(cut) - 1), &place->arena, &note, &place->err),
        WS_CORRUPT);
}

static void note__has_a_hundred_signatures_at_most(void **state)
{
    struct place *place = *state;
    const struct ws_note_key *const keys[] = {&place->peter};
    struct ws_note_proof proof;
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, WS_NOTE_LIMIT);
    ws_buffer_text(&text, TEXT "\n");
    for (int i = 0; i < WS_NOTE_SIGNATURE_LIMIT; i++)
        ws_buffer_text(&text, PETER_LINE);
    assert_int_equal(check(place, ws_buffer_bytes(&text), keys, 1, &proof), WS_OK);
    assert_true(proof.is_signed);
    ws_buffer_text(&text, PETER_LINE);
    assert_int_equal(check(place, ws_buffer_bytes(&text), keys, 1, &proof), WS_CORRUPT);
    ws_buffer_release(&text);
}

/* ---- cosignatures ---- */

static void cosignature__carries_its_time(void **state)
{
    struct place *place = *state;
    struct ws_note_signer signer;
    struct ws_note_key key;
    struct ws_note_proof proof;
    struct ws_buffer note;
    ws_buffer_init(&note, NULL, 10000);
    assert_int_equal(
        ws_note_signer_make("w.example", WS_KEY_COSIGNATURE, &place->arena, &signer, &place->err),
        WS_OK);
    assert_int_equal(ws_note_signer_key(&signer, &key, &place->err), WS_OK);
    ws_buffer_text(&note, TEXT "\n");
    assert_int_equal(ws_note_sign(&note, ws_bytes_of_text(TEXT), &signer, 1679315147, &place->arena,
                                  &place->err),
                     WS_OK);
    const struct ws_note_key *const keys[] = {&key};
    assert_int_equal(check(place, ws_buffer_bytes(&note), keys, 1, &proof), WS_OK);
    assert_true(proof.is_signed);
    assert_int_equal(proof.time, 1679315147);

    /* The signature is of "cosignature/v1", the time and the text, and of nothing else. */
    struct ws_note read;
    uint8_t bytes[72];
    static const char message[] = "cosignature/v1\ntime 1679315147\n" TEXT;
    assert_int_equal(ws_note_read(ws_buffer_bytes(&note), &place->arena, &read, &place->err),
                     WS_OK);
    assert_int_equal(read.signatures[0].bytes.size, 72);
    memcpy(bytes, read.signatures[0].bytes.data, 72);
    assert_memory_equal(bytes, "\0\0\0\0\x64\x18\x50\xcb", 8);
    assert_true(
        ws_ed25519_verify(&key.public_key, ws_bytes_of(message, sizeof message - 1), bytes + 8));
    bytes[7]++;
    read.signatures[0].bytes.data = bytes;
    assert_int_equal(ws_note_check(&read, keys, 1, &place->arena, &proof, &place->err), WS_CORRUPT);
    read.signatures[0].bytes = ws_bytes_of(bytes + 8, 64);
    assert_int_equal(ws_note_check(&read, keys, 1, &place->arena, &proof, &place->err), WS_CORRUPT);
    ws_note_signer_close(&signer);
    ws_note_key_close(&key);
    ws_buffer_release(&note);
}

/* ---- memory ---- */

static void note__lives_with_little_memory(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_note_key key = {0};
        const struct ws_note_key *const keys[] = {&key};
        struct ws_note note;
        struct ws_note_proof proof;
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = ws_note_key_read(ws_bytes_of_text(PETER), &arena, &key, NULL);
        if (status == WS_OK)
            status = ws_note_read(ws_bytes_of_text(TEXT "\n" PETER_LINE), &arena, &note, NULL);
        if (status == WS_OK)
            status = ws_note_check(&note, keys, 1, &arena, &proof, NULL);
        ws_note_key_close(&key);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key__is_read_whole_or_not_at_all),
        cmocka_unit_test(key__of_another_kind_is_refused),
        cmocka_unit_test(key__names_have_no_blanks),
        cmocka_unit_test(key__that_was_made_prints_and_reads),
        cmocka_unit_test(note__is_signed_as_go_does),
        cmocka_unit_test(note__is_signed_by_those_who_did),
        cmocka_unit_test(note__is_condemned_by_one_bad_signature),
        cmocka_unit_test(note__splits_at_the_last_empty_line),
        cmocka_unit_test(note__of_others_is_signed_by_them),
        cmocka_unit_test(note__that_is_malformed_is_refused),
        cmocka_unit_test(note__has_a_hundred_signatures_at_most),
        cmocka_unit_test(cosignature__carries_its_time),
        cmocka_unit_test(note__lives_with_little_memory),
    };
    return cmocka_run_group_tests(tests, open_place, close_place);
}
