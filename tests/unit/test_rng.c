#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/statistics.h"

/* Random123's kat_vectors, rows "philox4x32 10". */
static void philox__gives_the_published_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint32_t out[4];
        ws_philox(answers[i].counter, answers[i].key, out);
        assert_memory_equal(out, answers[i].out, sizeof out);
    }
}

static void philox__may_write_over_its_counter(void **state)
{
    (void)state;
    uint32_t words[4] = {0, 0, 0, 0};
    ws_philox(words, (const uint32_t[2]){0, 0}, words);
    assert_int_equal(words[0], 0x6627e8d5);
    assert_int_equal(words[3], 0x9b00dbd8);
}

/* The same three answers, each as block number counter[0] of an item. */
static void rng__puts_block_item_and_generation_in_the_counter(void **state)
{
    (void)state;
    struct ws_rng rng;
    struct ws_rng_key key = {{0xa4093822, 0x299f31d0}, 0x03707344};
    ws_rng_init(&rng, key, UINT64_C(0x13198a2e85a308d3));
    rng.block = 0x243f6a88;
    assert_int_equal(ws_rng_u32(&rng), 0xd16cfe09);
    assert_int_equal(ws_rng_u32(&rng), 0x94fdcceb);
    assert_int_equal(ws_rng_u32(&rng), 0x5001e420);
    assert_int_equal(ws_rng_u32(&rng), 0x24126ea1);
    ws_rng_init(&rng, (struct ws_rng_key){{0, 0}, 0}, 0);
    assert_int_equal(ws_rng_u32(&rng), 0x6627e8d5);
}

static void check_blocks(struct ws_rng *rng, uint32_t first)
{
    for (uint32_t block = 0; block < 5 * WS_RNG_BLOCKS; block++) {
        const uint32_t counter[4] = {first + block, (uint32_t)rng->item,
                                     (uint32_t)(rng->item >> 32), rng->key.generation};
        uint32_t expected[4];
        ws_philox(counter, rng->key.word, expected);
        for (int w = 0; w < 4; w++)
            assert_int_equal(ws_rng_u32(rng), expected[w]);
    }
}

static void rng__is_philox_block_by_block(void **state)
{
    (void)state;
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{0xfedcba98, 0x76543210}, 0xffffffff}, UINT64_MAX - 7);
    check_blocks(&rng, 0);
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, UINT64_C(0x100000000));
    check_blocks(&rng, 0);
}

static void rng__repeats_after_the_last_block(void **state)
{
    (void)state;
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 4);
    rng.block = 0xfffffffd;
    check_blocks(&rng, 0xfffffffd);
}

static void rng__draws_the_low_word_first(void **state)
{
    (void)state;
    struct ws_rng words, rng;
    struct ws_rng_key key = {{1, 2}, 3};
    ws_rng_init(&words, key, 4);
    ws_rng_init(&rng, key, 4);
    assert_int_equal(ws_rng_u32(&rng), ws_rng_u32(&words)); /* from now on across refills */
    for (int i = 0; i < 100; i++) {
        uint64_t low = ws_rng_u32(&words), high = ws_rng_u32(&words);
        assert_true(ws_rng_u64(&rng) == (high << 32 | low));
    }
}

/* Made with Python: struct.unpack("<II", hashlib.sha256(b"wellspring-rng-1" +
 * struct.pack("<IQQ", stream, seed, arm)).digest()[:8]). */
static void key__is_a_hash_of_stream_seed_and_arm(void **state)
{
    (void)state;
    static const struct {
        enum ws_stream stream;
        uint64_t seed, arm;
        uint32_t word[2];
    } keys[] = {
        {WS_STREAM_DATA, 1, 0, {0x86060a5f, 0x599c4677}},
        {WS_STREAM_INIT, 1, 0, {0xca1bbfe5, 0x46ce63dd}},
        {WS_STREAM_SAMPLING, 1, 0, {0x3e31ed8a, 0xf2443581}},
        {WS_STREAM_SAMPLING, 7, UINT64_C(0x0123456789abcdef), {0x94418dd9, 0x0325c37e}},
        {WS_STREAM_METRIC, UINT64_MAX, 42, {0xfd901444, 0x618b58f2}},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct ws_rng_key key = ws_rng_key(keys[i].stream, keys[i].seed, keys[i].arm, 9);
        assert_int_equal(key.word[0], keys[i].word[0]);
        assert_int_equal(key.word[1], keys[i].word[1]);
        assert_int_equal(key.generation, 9);
    }
}

static void key__of_a_shared_stream_leaves_the_arm_out(void **state)
{
    (void)state;
    for (unsigned s = WS_STREAM_DATA; s < WS_STREAM_COUNT; s++) {
        struct ws_rng_key a = ws_rng_key((enum ws_stream)s, 5, 0, 0);
        struct ws_rng_key b = ws_rng_key((enum ws_stream)s, 5, 77, 0);
        bool same = memcmp(&a, &b, sizeof a) == 0;
        assert_int_equal(same, s == WS_STREAM_DATA || s == WS_STREAM_INIT);
    }
}

/* A generator that is about to give these words. */
static struct ws_rng about_to_give(uint64_t first, uint64_t second)
{
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{0, 0}, 0}, 0);
    rng.used = WS_RNG_WORDS - 4;
    for (uint32_t i = 0; i < 2; i++) {
        rng.words[rng.used + i] = (uint32_t)(first >> (32 * i));
        rng.words[rng.used + 2 + i] = (uint32_t)(second >> (32 * i));
    }
    return rng;
}

static void uniform__holds_its_ends(void **state)
{
    (void)state;
    struct ws_rng rng = about_to_give(0, UINT64_MAX);
    assert_true(ws_rng_uniform(&rng) == 0);
    assert_true(ws_rng_uniform(&rng) == 1 - 0x1p-53);
    rng = about_to_give(0, UINT64_MAX);
    assert_true(ws_rng_uniform_open(&rng) == 0x1p-53);
    assert_true(ws_rng_uniform_open(&rng) == 1 - 0x1p-53);
}

static double identity(const void *law, double x)
{
    (void)law;
    return x;
}

static void check_uniform(double (*draw)(struct ws_rng *))
{
    size_t count = statistics_draws(1000000);
    double *values = malloc(count * sizeof *values);
    assert_non_null(values);
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), 0);
    for (size_t i = 0; i < count; i++) {
        values[i] = draw(&rng);
        assert_true(values[i] >= 0 && values[i] < 1);
    }
    assert_true(statistics_accept("uniform", statistics_ks_p(values, count, identity, NULL)));
    free(values);
}

static void uniform__is_uniform(void **state)
{
    (void)state;
    check_uniform(ws_rng_uniform);
    check_uniform(ws_rng_uniform_open);
}

static void u32__has_fair_bytes(void **state)
{
    (void)state;
    size_t count = statistics_draws(1000000);
    uint64_t seen[4][256] = {{0}};
    double expected[256];
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t word = ws_rng_u32(&rng);
        for (int byte = 0; byte < 4; byte++)
            seen[byte][word >> (8 * byte) & 255]++;
    }
    for (int i = 0; i < 256; i++)
        expected[i] = (double)count / 256;
    for (int byte = 0; byte < 4; byte++)
        assert_true(statistics_accept("byte", statistics_chi_squared_p(seen[byte], expected, 256)));
}

static void below__stays_below(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {
        1, 2, 3, 64, UINT32_MAX, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_MAX};
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), 2);
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++)
        for (int i = 0; i < 1000; i++)
            assert_true(ws_rng_below(&rng, bounds[b]) < bounds[b]);
}

/* Three quarters of what a word can hold: without rejection, every third value would come twice as
 * often. */
static void check_thirds(uint64_t unit)
{
    size_t count = statistics_draws(300000);
    uint64_t by_size[3] = {0}, by_rest[3] = {0};
    const double expected[3] = {(double)count / 3, (double)count / 3, (double)count / 3};
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 1, 0, 0), 3);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = ws_rng_below(&rng, 3 * unit);
        by_size[value / unit]++;
        by_rest[value % 3]++;
    }
    assert_true(statistics_accept("thirds", statistics_chi_squared_p(by_size, expected, 3)));
    assert_true(statistics_accept("remainders", statistics_chi_squared_p(by_rest, expected, 3)));
}

static void below__has_no_bias(void **state)
{
    (void)state;
    check_thirds(1);
    check_thirds(UINT64_C(1) << 30);
    check_thirds(UINT64_C(1) << 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox__gives_the_published_answers),
        cmocka_unit_test(philox__may_write_over_its_counter),
        cmocka_unit_test(rng__puts_block_item_and_generation_in_the_counter),
        cmocka_unit_test(rng__is_philox_block_by_block),
        cmocka_unit_test(rng__repeats_after_the_last_block),
        cmocka_unit_test(rng__draws_the_low_word_first),
        cmocka_unit_test(key__is_a_hash_of_stream_seed_and_arm),
        cmocka_unit_test(key__of_a_shared_stream_leaves_the_arm_out),
        cmocka_unit_test(uniform__holds_its_ends),
        cmocka_unit_test(uniform__is_uniform),
        cmocka_unit_test(u32__has_fair_bytes),
        cmocka_unit_test(below__stays_below),
        cmocka_unit_test(below__has_no_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
