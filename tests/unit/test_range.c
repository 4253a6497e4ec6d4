/* Ranges: sorting, tiles, their tree and their proofs, against plain ones; and every kind of lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ledger/pair_sort.h"
#include "ledger/range_merge.h"
#include "support/place.h"

static int compare(const void *a, const void *b)
{
    const struct ws_range_pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void new_rng(struct ws_rng *rng, uint64_t item)
{
    ws_rng_init(rng, ws_rng_key(WS_STREAM_DATA, 9, 0, 0), item);
}

/* Keys as hashes are, with few values, that begin alike, and that end alike. */
static uint64_t key_of(struct ws_rng *rng, unsigned kind)
{
    switch (kind) {
    case 0:
        return ws_rng_u64(rng);
    case 1:
        return ws_rng_below(rng, 5) * UINT64_C(0x3333333333333333);
    case 2:
        return UINT64_C(0xabcdef0000000000) | ws_rng_below(rng, 1 << 20);
    default:
        return ws_rng_below(rng, 1 << 10) << 54 | 77;
    }
}

static void pair_sort__is_a_sort(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 16, 17, 100, 4097, 100000};
    for (unsigned kind = 0; kind < 4; kind++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            const size_t count = counts[c], size = (count + 1) * sizeof(struct ws_range_pair);
            struct ws_range_pair *pairs = malloc(size), *scratch = malloc(size),
                                 *plain = malloc(size);
            struct ws_rng rng;
            assert_true(pairs && scratch && plain);
            new_rng(&rng, kind);
            for (size_t i = 0; i < count; i++) {
                pairs[i] = (struct ws_range_pair){.key = key_of(&rng, kind)};
                pairs[i].number = (uint32_t)ws_rng_below(&rng, 50);
                plain[i] = pairs[i];
            }
            ws_pair_sort(pairs, scratch, count);
            qsort(plain, count, sizeof *plain, compare);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(compare(&pairs[i], &plain[i]), 0);
            free(pairs);
            free(scratch);
            free(plain);
        }
}

/* A range of pairs that are there already, sorted or not, in a file. */
struct made {
    struct place place;
    char path[60];
    struct ws_range range;
    struct ws_range_pair *pairs; /* sorted, each once */
    size_t count, taken;
};

static enum ws_status take(void *user, uint64_t last, struct ws_pair_batch *batch,
                           struct ws_error *err)
{
    struct made *made = user;
    while (made->taken < made->count && made->pairs[made->taken].key <= last)
        WS_TRY(ws_pair_batch_add(batch, made->pairs[made->taken++], err));
    return WS_OK;
}

static void make(struct made *made, unsigned bits, struct ws_range_pair *pairs, size_t count)
{
    struct ws_range_writer writer;
    struct ws_error err;
    *made = (struct made){.range = {.id = "sixteen bytes id", .bits = bits}, .pairs = pairs};
    qsort(pairs, count, sizeof *pairs, compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare(&pairs[made->count - 1], &pairs[i]) != 0)
            pairs[made->count++] = pairs[i];
    new_place(&made->place);
    (void)snprintf(made->path, sizeof made->path, "%s/range", made->place.path);
    const struct ws_pair_source source = {take, made};
    assert_int_equal(ws_range_writer_open(&writer, made->path, &made->range, NULL, &err), WS_OK);
    assert_int_equal(ws_range_merge(&source, 1, SIZE_MAX, &writer, &err), WS_OK);
    assert_int_equal(ws_range_writer_keep(&writer, &made->range, &err), WS_OK);
    ws_range_writer_close(&writer);
    assert_int_equal(made->range.pairs, made->count);
}

/* Every key of `pairs`, and those next to it, is found as often as a plain look finds it. */
static void assert_answers(const struct made *made, const struct ws_range_file *file, uint64_t key)
{
    uint8_t way[WS_RANGE_WAY_LIMIT];
    struct ws_range_proof proof;
    struct ws_range_tile tile;
    uint32_t first, plain = 0;
    assert_int_equal(ws_range_file_prove(file, key, way, &proof, NULL), WS_OK);
    assert_int_equal(
        ws_range_check(&made->range, ws_range_tile_of(key, made->range.bits), &proof, &tile, NULL),
        WS_OK);
    const uint32_t found = ws_range_tile_find(&tile, key, &first);
    for (size_t i = 0; i < made->count; i++) {
        if (made->pairs[i].key != key)
            continue;
        assert_true(plain < found);
        assert_int_equal(ws_range_tile_number(&tile, first + plain), made->pairs[i].number);
        plain++;
    }
    assert_int_equal(found, plain);
}

static void assert_all_answers(struct made *made)
{
    struct ws_range_file file;
    struct ws_error err;
    assert_int_equal(ws_range_file_open(&file, made->path, &made->range, &err), WS_OK);
    assert_int_equal(ws_range_file_verify(&file, UINT64_MAX, &err), WS_OK);
    for (size_t i = 0; i < made->count; i++)
        for (uint64_t off = 0; off < 3; off++)
            assert_answers(made, &file, made->pairs[i].key + off - 1);
    assert_answers(made, &file, 0);
    assert_answers(made, &file, UINT64_MAX);
    ws_range_file_close(&file);
    remove_place(&made->place);
}

static void range__answers_as_a_plain_look_does(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 9; bits += 2)
        for (unsigned kind = 0; kind < 4; kind++) {
            struct ws_range_pair pairs[300];
            struct made made;
            struct ws_rng rng;
            new_rng(&rng, 100 + kind);
            for (size_t i = 0; i < 300; i++) {
                pairs[i] = (struct ws_range_pair){.key = key_of(&rng, kind)};
                pairs[i].number = (uint32_t)ws_rng_below(&rng, 9);
            }
            make(&made, bits, pairs, 300);
            assert_all_answers(&made);
        }
}

/* The first and the last key of each of eight tiles, the same one many times, and none at all. */
static void range__answers_at_the_edges_of_tiles(void **state)
{
    (void)state;
    struct ws_range_pair pairs[100];
    struct made made;
    size_t count = 0;
    for (uint64_t tile = 0; tile < 8; tile++) {
        pairs[count++] = (struct ws_range_pair){tile << 61, 1};
        pairs[count++] = (struct ws_range_pair){tile << 61 | UINT64_MAX >> 3, 2};
    }
    for (uint32_t i = 0; i < 50; i++)
        pairs[count++] = (struct ws_range_pair){UINT64_C(4) << 61, i};
    make(&made, 3, pairs, count);
    assert_all_answers(&made);
    make(&made, 3, pairs, 0);
    assert_all_answers(&made);
    make(&made, 0, pairs, 0);
    assert_all_answers(&made);
    /* Only in the last tile. */
    pairs[0] = (struct ws_range_pair){UINT64_MAX, UINT32_MAX};
    make(&made, 8, pairs, 1);
    assert_all_answers(&made);
}

static void range__keeps_what_it_is_told_of_a_key(void **state)
{
    (void)state;
    struct ws_range_pair pairs[10];
    for (uint32_t i = 0; i < 10; i++)
        pairs[i] = (struct ws_range_pair){i < 8 ? 5 : 6, i};
    struct made from = {.pairs = pairs, .count = 10};
    struct ws_pair_source source = {take, &from};
    struct ws_range range = {.bits = 1};
    struct ws_range_writer writer;
    struct ws_range_file file;
    struct ws_range_tile tile;
    struct ws_bytes bytes;
    struct place place;
    char path[60];
    new_place(&place);
    (void)snprintf(path, sizeof path, "%s/range", place.path);
    assert_int_equal(ws_range_writer_open(&writer, path, &range, NULL, NULL), WS_OK);
    assert_int_equal(ws_range_merge(&source, 1, 3, &writer, NULL), WS_OK);
    assert_int_equal(ws_range_writer_keep(&writer, &range, NULL), WS_OK);
    ws_range_writer_close(&writer);
    assert_int_equal(range.pairs, 5);
    assert_int_equal(ws_range_file_open(&file, path, &range, NULL), WS_OK);
    assert_int_equal(ws_range_file_tile(&file, 0, &bytes, &tile, NULL), WS_OK);
    static const uint32_t numbers[] = {0, 1, 2, 8, 9};
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(ws_range_tile_number(&tile, i), numbers[i]);
    /* Numbers that nothing has. */
    assert_int_equal(ws_range_file_verify(&file, 10, NULL), WS_OK);
    assert_int_equal(ws_range_file_verify(&file, 9, NULL), WS_CORRUPT);
    ws_range_file_close(&file);
    remove_place(&place);
}

/* Whatever bit of the file is changed, somebody who verifies it notices. */
static void range__notices_every_changed_byte(void **state)
{
    (void)state;
    struct ws_range_pair pairs[20];
    struct made made;
    struct ws_arena arena;
    struct ws_rng rng;
    new_rng(&rng, 7);
    for (uint32_t i = 0; i < 20; i++)
        pairs[i] = (struct ws_range_pair){ws_rng_u64(&rng), i};
    make(&made, 2, pairs, 20);
    ws_arena_init(&arena, NULL);
    const struct ws_bytes sound = contents(&arena, made.path);
    for (size_t i = 0; i < sound.size; i++) {
        struct ws_range_file file;
        uint8_t *bytes = ws_arena_copy(&arena, sound.data, sound.size);
        bytes[i] ^= (uint8_t)(1U << i % 8);
        assert_int_equal(ws_file_replace(made.path, ws_bytes_of(bytes, sound.size), NULL), WS_OK);
        assert_int_equal(ws_range_file_open(&file, made.path, &made.range, NULL), WS_OK);
        assert_int_equal(ws_range_file_verify(&file, UINT64_MAX, NULL), WS_CORRUPT);
        ws_range_file_close(&file);
    }
    struct ws_range_file file;
    assert_int_equal(ws_file_replace(made.path, ws_bytes_of(sound.data, sound.size - 1), NULL),
                     WS_OK);
    assert_int_equal(ws_range_file_open(&file, made.path, &made.range, NULL), WS_CORRUPT);
    ws_arena_release(&arena);
    remove_place(&made.place);
}

/* A proof of another tile, of a tile that was changed, and of a way that was. */
static void range__refuses_proofs_that_lie(void **state)
{
    (void)state;
    struct ws_range_pair pairs[40];
    struct made made;
    struct ws_range_file file;
    struct ws_range_proof proof;
    struct ws_range_tile tile;
    struct ws_rng rng;
    uint8_t way[WS_RANGE_WAY_LIMIT];
    uint8_t changed[1000];
    new_rng(&rng, 8);
    for (uint32_t i = 0; i < 40; i++)
        pairs[i] = (struct ws_range_pair){ws_rng_u64(&rng), i};
    make(&made, 2, pairs, 40);
    assert_int_equal(ws_range_file_open(&file, made.path, &made.range, NULL), WS_OK);
    assert_int_equal(ws_range_file_prove(&file, 0, way, &proof, NULL), WS_OK);
    for (uint32_t i = 1; i < 4; i++)
        assert_int_equal(ws_range_check(&made.range, i, &proof, &tile, NULL), WS_CORRUPT);
    for (size_t i = 0; i < (size_t)2 * WS_HASH_SIZE; i++) {
        way[i] ^= 1;
        assert_int_equal(ws_range_check(&made.range, 0, &proof, &tile, NULL), WS_CORRUPT);
        way[i] ^= 1;
    }
    const struct ws_bytes own = proof.tile;
    assert_true(own.size <= sizeof changed);
    for (size_t i = 0; i < own.size; i++) {
        memcpy(changed, own.data, own.size);
        changed[i] ^= 1;
        proof.tile = ws_bytes_of(changed, own.size);
        assert_int_equal(ws_range_check(&made.range, 0, &proof, &tile, NULL), WS_CORRUPT);
        proof.tile = ws_bytes_of(own.data, i);
        assert_int_equal(ws_range_check(&made.range, 0, &proof, &tile, NULL), WS_CORRUPT);
    }
    proof.tile = own;
    assert_int_equal(ws_range_check(&made.range, 0, &proof, &tile, NULL), WS_OK);
    ws_range_file_close(&file);
    remove_place(&made.place);
}

/* Signed and in the tree, and still a lie: a search would not find what is there. */
static void range_tile__refuses_keys_that_are_misfiled(void **state)
{
    (void)state;
    static const struct {
        struct ws_range_pair pairs[3];
        const char *why;
    } lies[] = {
        {{{1, 0}, {3, 0}, {2, 0}}, "not behind the one before"},
        {{{1, 0}, {2, 5}, {2, 5}}, "not behind the one before"},
        {{{1, 0}, {2, 6}, {2, 5}}, "not behind the one before"},
        {{{1, 0}, {2, 0}, {UINT64_C(1) << 63, 0}}, "not all under its prefix"},
    };
    const struct ws_range range = {.bits = 1};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct ws_buffer bytes;
        struct ws_range_tile tile;
        struct ws_error err;
        ws_buffer_init(&bytes, NULL, SIZE_MAX);
        ws_range_tile_append(&bytes, range.id, 0, lies[i].pairs, 3);
        assert_int_equal(ws_range_tile_read(ws_buffer_bytes(&bytes), &range, 0, &tile, &err),
                         WS_CORRUPT);
        assert_non_null(strstr(err.message, lies[i].why));
        ws_buffer_release(&bytes);
    }
}

/* Bits for tiles of 512 to 1,024 pairs. */
static void range__has_as_many_tiles_as_it_needs(void **state)
{
    (void)state;
    assert_int_equal(ws_range_bits_for(0), 0);
    assert_int_equal(ws_range_bits_for(1024), 0);
    assert_int_equal(ws_range_bits_for(1025), 1);
    assert_int_equal(ws_range_bits_for(2048), 1);
    assert_int_equal(ws_range_bits_for(2049), 2);
    assert_int_equal(ws_range_bits_for(1000000000), 20);
    assert_int_equal(ws_range_bits_for(UINT64_MAX), WS_RANGE_BITS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_sort__is_a_sort),
        cmocka_unit_test(range__answers_as_a_plain_look_does),
        cmocka_unit_test(range__answers_at_the_edges_of_tiles),
        cmocka_unit_test(range__keeps_what_it_is_told_of_a_key),
        cmocka_unit_test(range__notices_every_changed_byte),
        cmocka_unit_test(range__refuses_proofs_that_lie),
        cmocka_unit_test(range_tile__refuses_keys_that_are_misfiled),
        cmocka_unit_test(range__has_as_many_tiles_as_it_needs),
    };
    return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
