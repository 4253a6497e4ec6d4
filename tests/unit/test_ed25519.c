/* Ed25519: tests 1 to 3 of RFC 8032, section 7.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ed25519.h"
#include "base/pool.h"

struct vector {
    const char *seed, *key, *message, *signature;
};

static const struct vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

static size_t from_hex(const char *text, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) * 16 +
                           (strchr(digits, text[2 * i + 1]) - digits));
    return size;
}

static void ed25519__signs_and_verifies_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t seed[32], key[32], message[8], wanted[64], made[64];
        struct ws_ed25519_private private_key;
        struct ws_ed25519_public public_key;
        struct ws_error err;
        from_hex(vectors[i].seed, seed);
        from_hex(vectors[i].key, key);
        from_hex(vectors[i].signature, wanted);
        struct ws_bytes bytes = ws_bytes_of(message, from_hex(vectors[i].message, message));
        assert_int_equal(ws_ed25519_private_open(seed, &private_key, &err), WS_OK);
        assert_memory_equal(private_key.public_bytes, key, 32);
        assert_int_equal(ws_ed25519_sign(&private_key, bytes, made, &err), WS_OK);
        assert_memory_equal(made, wanted, 64);
        assert_int_equal(ws_ed25519_public_open(key, &public_key, &err), WS_OK);
        for (int again = 0; again < 2; again++)
            assert_true(ws_ed25519_verify(&public_key, bytes, made));
        for (size_t bit = 0; bit < 64 * 8; bit += 37) {
            made[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(ws_ed25519_verify(&public_key, bytes, made));
            made[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        assert_false(ws_ed25519_verify(&public_key, ws_bytes_of_text("another"), made));
        ws_ed25519_public_close(&public_key);
        ws_ed25519_public_close(&public_key);
        ws_ed25519_private_close(&private_key);
        assert_memory_equal(private_key.seed, (uint8_t[32]){0}, 32);
    }
}

/* One key, and threads that each check another message with it. */
struct checks {
    struct ws_ed25519_private private_key;
    struct ws_ed25519_public public_key;
    bool good[64];
};

static void check_one(void *checks_, size_t i)
{
    struct checks *checks = checks_;
    const uint8_t byte = (uint8_t)i, other = (uint8_t)(i + 1);
    uint8_t signature[64];
    checks->good[i] =
        ws_ed25519_sign(&checks->private_key, ws_bytes_of(&byte, 1), signature, NULL) == WS_OK &&
        ws_ed25519_verify(&checks->public_key, ws_bytes_of(&byte, 1), signature) &&
        !ws_ed25519_verify(&checks->public_key, ws_bytes_of(&other, 1), signature);
}

static void ed25519__keys_are_of_many_threads(void **state)
{
    (void)state;
    struct checks checks = {.good = {false}};
    struct ws_pool *pool;
    struct ws_error err;
    assert_int_equal(ws_ed25519_private_make(&checks.private_key, &err), WS_OK);
    assert_int_equal(
        ws_ed25519_public_open(checks.private_key.public_bytes, &checks.public_key, &err), WS_OK);
    assert_int_equal(ws_pool_new(4, NULL, &pool, &err), WS_OK);
    ws_pool_run(pool, 64, check_one, &checks);
    ws_pool_free(pool);
    for (size_t i = 0; i < 64; i++)
        assert_true(checks.good[i]);
    ws_ed25519_public_close(&checks.public_key);
    ws_ed25519_private_close(&checks.private_key);
}

static void ed25519__makes_keys_that_differ(void **state)
{
    (void)state;
    struct ws_ed25519_private a, b;
    struct ws_error err;
    assert_int_equal(ws_ed25519_private_make(&a, &err), WS_OK);
    assert_int_equal(ws_ed25519_private_make(&b, &err), WS_OK);
    assert_memory_not_equal(a.seed, b.seed, 32);
    ws_ed25519_private_close(&a);
    ws_ed25519_private_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519__signs_and_verifies_the_vectors),
        cmocka_unit_test(ed25519__keys_are_of_many_threads),
        cmocka_unit_test(ed25519__makes_keys_that_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
