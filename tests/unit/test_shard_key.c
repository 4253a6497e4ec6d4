/*
 * Keys of shards: what stands in place of fingerprints, how a key is named, and files of keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ledger/shard_key.h"
#include "support/place.h"

#define KEY   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER "00000000000000000000000000000000000000000000000000000000000000ff"

static struct ws_shard_key count_up(void)
{
    uint8_t bytes[WS_SHARD_KEY_SIZE];
    struct ws_shard_key key;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(ws_shard_key_of(bytes, &key, NULL), WS_OK);
    return key;
}

/* HMAC fills a short key with zeros up to the block: this is case 1 of RFC 4231, "Hi There". */
static void key__is_applied_as_hmac(void **state)
{
    (void)state;
    uint8_t bytes[WS_SHARD_KEY_SIZE] = {0};
    struct ws_shard_key key;
    uint64_t value;
    memset(bytes, 0x0b, 20);
    assert_int_equal(ws_shard_key_of(bytes, &key, NULL), WS_OK);
    assert_int_equal(ws_shard_key_apply(&key, UINT64_C(0x6572656854206948), &value, NULL), WS_OK);
    assert_int_equal(value, UINT64_C(0x5338dbd8614c34b0));
}

/* The example of docs/formats/shard.md. */
static void key__is_as_documented(void **state)
{
    (void)state;
    const struct ws_shard_key key = count_up();
    uint64_t value;
    assert_string_equal(key.scheme, "ws-winnow-1+hmac:94ff1ab641aaed2788b03aff754f579b4bc548f7");
    assert_int_equal(ws_shard_key_apply(&key, 0x10, &value, NULL), WS_OK);
    assert_int_equal(value, UINT64_C(0xb54b6326f197c778));
}

static void scheme__names_the_key(void **state)
{
    (void)state;
    static const char *const none[] = {
        "ws-winnow-1",
        "ws-winnow-1+hmac:",
        "ws-winnow-1+hmac:000102030405060708090a0b0c0d0e0f1011121",
        "ws-winnow-1+hmac:000102030405060708090a0b0c0d0e0f101112130",
        "ws-winnow-1+hmac:000102030405060708090A0B0C0D0E0F10111213",
        "other-1+hmac:000102030405060708090a0b0c0d0e0f10111213",
    };
    const struct ws_shard_key key = count_up();
    const struct ws_shard_keys keys = {&key, 1};
    assert_string_equal(ws_shard_key_name(key.scheme), "94ff1ab641aaed2788b03aff754f579b4bc548f7");
    assert_ptr_equal(ws_shard_keys_find(&keys, key.scheme), &key);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(ws_shard_key_name(none[i]));
        assert_null(ws_shard_keys_find(&keys, none[i]));
    }
}

static void keys__are_lines_of_hex(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "there is no key"},
        {KEY, "line 1 is no key of a shard, wanted 64 digits"},
        {KEY "\n\n", "line 2 is no key"},
        {KEY "\r\n", "line 1 is no key"},
        {KEY "0\n", "line 1 is no key"},
        {"000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "line 1 is no key"},
    };
    struct ws_arena arena;
    struct ws_shard_keys keys;
    struct ws_error err;
    const struct ws_shard_key first = count_up();
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_shard_keys_read(ws_bytes_of_text(KEY "\n" OTHER "\n"), &arena, &keys, NULL),
                     WS_OK);
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.items[0].scheme, first.scheme);
    assert_int_equal(keys.items[1].bytes[31], 0xff);
    assert_string_not_equal(keys.items[1].scheme, first.scheme);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ws_shard_keys_read(ws_bytes_of_text(bad[i].text), &arena, &keys, &err),
                         WS_INVALID);
        if (strncmp(err.message, bad[i].says, strlen(bad[i].says)) != 0)
            fail_msg("'%s', wanted '%s'", err.message, bad[i].says);
        assert_null(strstr(err.message, "0001"));
    }
    ws_arena_release(&arena);
}

static void file__is_its_owners_alone(void **state)
{
    (void)state;
    struct place place;
    struct ws_arena arena;
    struct ws_shard_keys keys;
    struct ws_error err;
    new_place(&place);
    ws_arena_init(&arena, NULL);
    const char *path = ws_arena_format(&arena, "%s/keys", place.path);
    assert_int_equal(ws_file_create_private(path, ws_bytes_of_text(KEY "\n"), NULL), WS_OK);
    assert_int_equal(ws_shard_keys_load(path, &arena, &keys, NULL), WS_OK);
    assert_int_equal(keys.count, 1);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(ws_shard_keys_load(path, &arena, &keys, &err), WS_INVALID);
    assert_non_null(strstr(err.message, "(mode 640); wanted 600"));
    assert_int_equal(ws_shard_keys_load(NULL, &arena, &keys, NULL), WS_OK);
    assert_int_equal(keys.count, 0);
    ws_arena_release(&arena);
    remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key__is_applied_as_hmac),   cmocka_unit_test(key__is_as_documented),
        cmocka_unit_test(scheme__names_the_key),     cmocka_unit_test(keys__are_lines_of_hex),
        cmocka_unit_test(file__is_its_owners_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
