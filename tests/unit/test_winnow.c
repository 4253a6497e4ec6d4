/*
 * Contract of fingerprint/winnow.h: the plain reference, which looks at each window anew, and the
 * guarantee, in texts where ties are the rule and in texts where they are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/rng.h"
#include "fingerprint/winnow.h"
#include "support/failing_heap.h"

/* Places, uint64_t. */
static void winnow(struct ws_winnow *w, struct ws_bytes text, size_t most, struct ws_buffer *out)
{
    const struct ws_gram *grams;
    const uint8_t *whole = text.data;
    ws_buffer_reset(out);
    while (text.size > 0) {
        struct ws_bytes piece = ws_bytes_of(text.data, text.size < most ? text.size : most);
        text = ws_bytes_of(text.data + piece.size, text.size - piece.size);
        while (piece.size > 0) {
            const size_t count = ws_winnow_read(w, &piece, &grams);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(grams[i].text[0], whole[grams[i].at]);
                ws_buffer_u64(out, grams[i].at);
            }
        }
    }
    const size_t count = ws_winnow_end(w, &grams);
    for (size_t i = 0; i < count; i++)
        ws_buffer_u64(out, grams[i].at);
}

/* The reference ---------------------------------------------------------------------------------
 */

static uint64_t rotate(uint64_t word, unsigned by)
{
    by %= 64;
    return by == 0 ? word : word << by | word >> (64 - by);
}

static uint64_t order_of(const uint8_t *gram, unsigned k)
{
    static uint64_t words[256];
    static bool made;
    for (unsigned i = 0; !made && i < 256; i++) {
        const uint8_t byte = (uint8_t)i;
        struct ws_hash hash;
        assert_int_equal(ws_hash_of(ws_bytes_of(&byte, 1), &hash, NULL), WS_OK);
        for (unsigned j = 0; j < 8; j++)
            words[i] = words[i] << 8 | hash.bytes[j];
    }
    made = true;
    uint64_t order = 0;
    for (unsigned i = 0; i < k; i++)
        order ^= rotate(words[gram[i]], k - 1 - i);
    return order;
}

static int compare(const uint8_t *a, const uint8_t *b, unsigned k)
{
    const uint64_t first = order_of(a, k), second = order_of(b, k);
    return first != second ? (first < second ? -1 : 1) : memcmp(a, b, k);
}

static void plain_winnow(struct ws_bytes text, unsigned k, unsigned w, struct ws_buffer *out)
{
    ws_buffer_reset(out);
    if (text.size < k)
        return;
    const size_t grams = text.size - k + 1, window = grams < w ? grams : w;
    size_t kept = SIZE_MAX;
    for (size_t from = 0; from + window <= grams; from++) {
        size_t least = from;
        for (size_t i = from + 1; i < from + window; i++)
            if (compare(text.data + i, text.data + least, k) <= 0)
                least = i;
        if (kept != SIZE_MAX && kept >= from &&
            compare(text.data + kept, text.data + least, k) == 0)
            continue;
        kept = least;
        ws_buffer_u64(out, kept);
    }
}

/* Texts -----------------------------------------------------------------------------------------
 */

/* Of `letters` letters: with two, equal k-grams are everywhere. */
static void random_text(struct ws_rng *rng, size_t size, unsigned letters, struct ws_buffer *out)
{
    ws_buffer_reset(out);
    for (size_t i = 0; i < size; i++)
        ws_buffer_u8(out, (uint8_t)('a' + ws_rng_below(rng, letters)));
}

static const struct {
    unsigned k, w;
} settings[] = {{50, 64}, {1, 1}, {1, 7}, {8, 1}, {5, 4}, {3, 100}, {63, 1024}, {20, 33}};

static void winnow__is_the_plain_reference_for_any_cut(void **state)
{
    (void)state;
    struct ws_rng rng;
    struct ws_buffer text, kept, plain;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 11, 0, 0), 0);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&kept, NULL, SIZE_MAX);
    ws_buffer_init(&plain, NULL, SIZE_MAX);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        struct ws_winnow *w;
        assert_int_equal(ws_winnow_open(settings[s].k, settings[s].w, NULL, &w, NULL), WS_OK);
        for (unsigned i = 0; i < 40; i++) {
            static const unsigned letters[] = {1, 2, 3, 26};
            const size_t most = settings[s].w > 1000 ? 1500 : i % 8 == 0 ? 5000 : 600;
            random_text(&rng, (size_t)ws_rng_below(&rng, most), letters[i % 4], &text);
            plain_winnow(ws_buffer_bytes(&text), settings[s].k, settings[s].w, &plain);
            winnow(w, ws_buffer_bytes(&text), SIZE_MAX, &kept);
            assert_int_equal(kept.size, plain.size);
            assert_memory_equal(ws_buffer_string(&kept), ws_buffer_string(&plain), plain.size);
            winnow(w, ws_buffer_bytes(&text), 1 + (size_t)ws_rng_below(&rng, 200), &kept);
            assert_int_equal(kept.size, plain.size);
            assert_memory_equal(ws_buffer_string(&kept), ws_buffer_string(&plain), plain.size);
        }
        ws_winnow_close(w);
    }
    ws_buffer_release(&text);
    ws_buffer_release(&kept);
    ws_buffer_release(&plain);
}

static bool share_gram(struct ws_bytes a, const struct ws_buffer *kept_a, struct ws_bytes b,
                       const struct ws_buffer *kept_b, unsigned k)
{
    const uint64_t *places_a = (const uint64_t *)(const void *)kept_a->data;
    const uint64_t *places_b = (const uint64_t *)(const void *)kept_b->data;
    for (size_t i = 0; i < kept_a->size / 8; i++)
        for (size_t j = 0; j < kept_b->size / 8; j++)
            if (memcmp(a.data + places_a[i], b.data + places_b[j], k) == 0)
                return true;
    return false;
}

/* Letters that are others than those of random_text, so that the run is all that two texts share.
 */
static void append_other_letters(struct ws_rng *rng, uint8_t change, struct ws_buffer *out)
{
    const size_t size = (size_t)ws_rng_below(rng, 300);
    for (size_t i = 0; i < size; i++)
        ws_buffer_u8(out, (uint8_t)('a' + ws_rng_below(rng, 26)) ^ change);
}

static void require_found(struct ws_winnow *winnower, struct ws_bytes run, unsigned k,
                          struct ws_rng *rng)
{
    struct ws_buffer text[2], kept[2];
    for (size_t side = 0; side < 2; side++) {
        const uint8_t change = side == 0 ? 0x80 : 0x20;
        ws_buffer_init(&text[side], NULL, SIZE_MAX);
        ws_buffer_init(&kept[side], NULL, SIZE_MAX);
        append_other_letters(rng, change, &text[side]);
        ws_buffer_append(&text[side], run.data, run.size);
        append_other_letters(rng, change, &text[side]);
        winnow(winnower, ws_buffer_bytes(&text[side]), SIZE_MAX, &kept[side]);
    }
    assert_true(
        share_gram(ws_buffer_bytes(&text[0]), &kept[0], ws_buffer_bytes(&text[1]), &kept[1], k));
    for (size_t side = 0; side < 2; side++) {
        ws_buffer_release(&text[side]);
        ws_buffer_release(&kept[side]);
    }
}

/* Any w + k - 1 bytes that two texts share, wherever they stand in either: always. */
static void winnow__finds_every_shared_run(void **state)
{
    (void)state;
    struct ws_rng rng;
    struct ws_buffer run;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 12, 0, 0), 0);
    ws_buffer_init(&run, NULL, SIZE_MAX);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        const unsigned k = settings[s].k, w = settings[s].w;
        struct ws_winnow *winnower;
        assert_int_equal(ws_winnow_open(k, w, NULL, &winnower, NULL), WS_OK);
        for (unsigned i = 0; i < 500; i++) {
            random_text(&rng, w + k - 1, i % 3 == 0 ? 2 : 26, &run);
            require_found(winnower, ws_buffer_bytes(&run), k, &rng);
        }
        ws_winnow_close(winnower);
    }
    ws_buffer_release(&run);
}

/* 2 / (w + 1) of the places on random text (Schleimer and others, theorem 1); 4 standard errors,
 * which are those of counting a renewal: no wider than those of as many independent places. */
static void winnow__keeps_two_in_w_plus_one(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct ws_rng rng;
    struct ws_buffer text, kept;
    struct ws_winnow *w;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 13, 0, 0), 0);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&kept, NULL, SIZE_MAX);
    assert_int_equal(ws_winnow_open(50, 64, NULL, &w, NULL), WS_OK);
    random_text(&rng, SIZE, 26, &text);
    winnow(w, ws_buffer_bytes(&text), SIZE_MAX, &kept);
    const double wanted = 2.0 / 65 * SIZE, count = (double)kept.size / 8;
    assert_true((count - wanted) * (count - wanted) <= 16 * wanted);
    ws_winnow_close(w);
    ws_buffer_release(&text);
    ws_buffer_release(&kept);
}

static void winnow__takes_a_short_text_as_one_window(void **state)
{
    (void)state;
    struct ws_buffer kept;
    struct ws_winnow *w;
    const char *text = "abcdefghijkl";
    ws_buffer_init(&kept, NULL, SIZE_MAX);
    assert_int_equal(ws_winnow_open(5, 8, NULL, &w, NULL), WS_OK);
    for (size_t size = 0; size <= 12; size++) { /* w + k - 1 = 12 */
        winnow(w, ws_bytes_of(text, size), SIZE_MAX, &kept);
        assert_int_equal(kept.size / 8, size >= 5);
    }
    /* The last of equal ones. */
    winnow(w, ws_bytes_of_text("aaaaaaaa"), SIZE_MAX, &kept);
    assert_int_equal(kept.size / 8, 1);
    assert_int_equal(load64_le((const uint8_t *)kept.data), 3);
    ws_winnow_close(w);
    ws_buffer_release(&kept);
}

static void winnow__says_when_memory_is_out(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = 0};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_winnow *w;
    assert_int_equal(ws_winnow_open(50, 64, &allocator, &w, NULL), WS_NO_MEMORY);
    assert_true(failing_heap_is_clean(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winnow__is_the_plain_reference_for_any_cut),
        cmocka_unit_test(winnow__finds_every_shared_run),
        cmocka_unit_test(winnow__keeps_two_in_w_plus_one),
        cmocka_unit_test(winnow__takes_a_short_text_as_one_window),
        cmocka_unit_test(winnow__says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
