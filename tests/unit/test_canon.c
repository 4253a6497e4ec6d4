/*
 * Contract of fingerprint/canon.h: vectors, a plain reference beside it, and where bytes came from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/canon_text.h"
#include "support/failing_heap.h"

static struct ws_canon *open_canon(void)
{
    struct ws_canon *canon;
    assert_int_equal(ws_canon_open(NULL, &canon, NULL), WS_OK);
    return canon;
}

/* Texts as docs/formats/fingerprint.md lists them, and their canonical text. */
static const struct {
    const char *what, *raw, *canonical;
} vectors[] = {
    {"nothing", "", ""},
    {"case and space", "  The  Quick\r\n\tBrown\u00A0Fox\u3000 ", "the quick brown fox"},
    {"quotes", "‘a’ ‚b‛ ‹c› `d´ “e” „f‟ «g» 「h」 ʼi ′j ″k",
     "'a' 'b' 'c' 'd' \"e\" \"f\" \"g\" \"h\" 'i 'j \"k"},
    {"dashes", "a‐b‑c‒d–e—f―g−h－i﹣j⸺k", "a-b-c-d-e-f-g-h-i-j-k"},
    {"Turkish I", "I İ ı i i\u0307 I\u0307", "i i i i i i"},
    {"Turkish words", "KIŞIN ISINDI İSTANBUL | kışın ısındı istanbul",
     "kişin isindi istanbul | kişin isindi istanbul"},
    {"a dot that says something", "i\u0301\u0307 j\u0307 e\u0307", "í\u0307 j\u0307 ė"},
    {"the dot of an i with an ogonek", "į\u0307 i\u0307\u0328 i\u0328\u0307", "į į į"},
    {"final sigma", "ΟΔΥΣΣΕΥΣ οδυσσευς Οδυσσεύς", "οδυσσευσ οδυσσευσ οδυσσεύσ"},
    {"sharp s", "STRASSE Straße STRAẞE", "strasse strasse strasse"},
    {"Chinese", "漢字，「かな」　ｶﾞ", "漢字,\"かな\" ガ"},
    {"Hangul, syllables and jamo", "한글 \u1112\u1161\u11AB\u1100\u1173\u11AF", "한글 한글"},
    {"combining marks", "e\u0301 é e\u0323\u0301 e\u0301\u0323 é\u0323 ẹ\u0301",
     "é é ẹ\u0301 ẹ\u0301 ẹ\u0301 ẹ\u0301"},
    {"a mark alone", "\u0301a \u0301b", "\u0301a \u0301b"},
    {"Tamil", "\u0B95\u0BC6\u0BBE \u0B95\u0BCA", "\u0B95\u0BCA \u0B95\u0BCA"},
    {"ligatures and fractions", "ﬁne ½ ℡ ①", "fine 1⁄2 tel 1"},
    {"mathematical letters", "𝐇𝐞𝐥𝐥𝐨 Ｗｏｒｌｄ", "hello world"},
    {"zero width", "a\u200Bb\u200Cc\u200Dd\u2060e\uFEFFf\u00ADg", "abcdefg"},
    {"variation selectors", "☃\uFE0F a\uFE00b\U000E0100c", "☃ abc"},
    {"tags", "a\U000E0041\U000E0042b", "ab"},
    {"between a letter and its mark", "e\u200B\u0301", "é"},
    {"between spaces", "a \u200B b", "a b"},
    {"controls", "a\x01\x7F\xC2\x80z \x1B[1m", "az [1m"},
    {"broken UTF-8", "a\xFFz\xC3 \xED\xA0\x80z\xF0\x9F\x98", "az z"},
    {"replacement characters", "a\uFFFDb", "ab"},
    {"unassigned and private", "\u0378 \uE000 \U0010FFFF", "\u0378 \uE000 \U0010FFFF"},
    {"a spacing mark", "a¨b", "a \u0308b"},
    {"emoji", "👩\u200D👩\u200D👧 👍🏽", "👩👩👧 👍🏽"},
};

static void canon__gives_the_vectors(void **state)
{
    (void)state;
    struct ws_canon *canon = open_canon();
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct canon_text text;
        canon_text_init(&text);
        canon_text_make(canon, ws_bytes_of_text(vectors[i].raw), SIZE_MAX, NULL, &text);
        if (strcmp(ws_buffer_string(&text.text), vectors[i].canonical) != 0)
            fail_msg("%s: '%s' became '%s', wanted '%s'", vectors[i].what, vectors[i].raw,
                     ws_buffer_string(&text.text), vectors[i].canonical);
        canon_text_release(&text);
    }
    ws_canon_close(canon);
}

/* Every character between two letters. A library of Unicode data that gives another digest breaks
 * the promise of the name `ws-canon-1`, and cannot be used. */
static void canon__maps_every_character_as_unicode_15_does(void **state)
{
    (void)state;
    static const char wanted[] = "646453a3f25d6dd4acdafae0bb9431346bdeebfb2ff74af2e6ca5559ce974097";
    struct ws_canon *canon = open_canon();
    struct canon_text text;
    struct ws_buffer raw;
    struct ws_hash hash;
    char digest[WS_HASH_TEXT_SIZE];
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    canon_text_init(&text);
    for (int32_t c = 0; c < 0x110000; c++) {
        uint8_t bytes[4];
        if (c >= 0xD800 && c < 0xE000)
            continue;
        ws_buffer_text(&raw, "x");
        ws_buffer_append(&raw, bytes, ws_utf8_encode(c, bytes));
        ws_buffer_text(&raw, "x\u0323\u0301 ");
    }
    canon_text_make(canon, ws_buffer_bytes(&raw), SIZE_MAX, NULL, &text);
    assert_int_equal(ws_hash_of(ws_buffer_bytes(&text.text), &hash, NULL), WS_OK);
    ws_hash_text(&hash, digest);
    assert_string_equal(digest, wanted);
    canon_text_release(&text);
    ws_buffer_release(&raw);
    ws_canon_close(canon);
}

enum { TEXTS = 1500, PIECES = 120 };

static void canon__is_the_plain_reference_for_any_text_and_cut(void **state)
{
    (void)state;
    struct ws_canon *canon = open_canon();
    struct ws_buffer raw, plain;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 9, 0, 0), 0);
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    ws_buffer_init(&plain, NULL, SIZE_MAX);
    for (size_t i = 0; i < TEXTS; i++) {
        struct canon_text whole, cut, again;
        canon_text_init(&whole);
        canon_text_init(&cut);
        canon_text_init(&again);
        canon_random_text(&rng, 1 + (size_t)ws_rng_below(&rng, PIECES), &raw);
        plain_canon(ws_buffer_bytes(&raw), &plain);
        canon_text_make(canon, ws_buffer_bytes(&raw), SIZE_MAX, NULL, &whole);
        canon_text_make(canon, ws_buffer_bytes(&raw), 9, &rng, &cut);
        canon_text_make(canon, ws_buffer_bytes(&whole.text), SIZE_MAX, NULL, &again);
        assert_int_equal(whole.text.size, plain.size);
        assert_memory_equal(ws_buffer_string(&whole.text), ws_buffer_string(&plain), plain.size);
        /* However it is cut, and of itself. */
        assert_int_equal(cut.text.size, plain.size);
        assert_memory_equal(ws_buffer_string(&cut.text), ws_buffer_string(&plain), plain.size);
        assert_int_equal(cut.ends.size, whole.ends.size);
        assert_memory_equal(ws_buffer_string(&cut.ends), ws_buffer_string(&whole.ends),
                            cut.ends.size);
        assert_memory_equal(&cut.counts, &whole.counts, sizeof cut.counts);
        assert_int_equal(again.text.size, plain.size);
        assert_memory_equal(ws_buffer_string(&again.text), ws_buffer_string(&plain), plain.size);
        canon_text_release(&whole);
        canon_text_release(&cut);
        canon_text_release(&again);
    }
    ws_buffer_release(&raw);
    ws_buffer_release(&plain);
    ws_canon_close(canon);
}

/* The raw code points that a piece is said to be made of give the piece. */
static void canon__knows_where_each_piece_came_from(void **state)
{
    (void)state;
    struct ws_canon *canon = open_canon();
    struct ws_buffer raw;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 10, 0, 0), 0);
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    for (size_t i = 0; i < TEXTS / 5; i++) {
        struct canon_text text;
        canon_text_init(&text);
        canon_random_text(&rng, 1 + (size_t)ws_rng_below(&rng, PIECES), &raw);
        canon_text_make(canon, ws_buffer_bytes(&raw), SIZE_MAX, NULL, &text);
        /* The byte at which each raw code point begins. */
        size_t *points = calloc(raw.size + 1, sizeof *points), count = 0;
        assert_non_null(points);
        for (size_t at = 0; at < raw.size;) {
            int32_t c;
            points[count++] = at;
            at += ws_utf8_decode(ws_bytes_of(raw.data + at, raw.size - at), false, &c);
        }
        points[count] = raw.size;
        assert_int_equal(count, text.counts.raw_points);
        assert_int_equal(raw.size, text.counts.raw_bytes);
        const uint64_t *begins = (const uint64_t *)(const void *)text.begins.data;
        const uint64_t *ends = (const uint64_t *)(const void *)text.ends.data;
        for (size_t at = 0; at < text.text.size;) {
            size_t size = 1;
            while (at + size < text.text.size && begins[at + size] == begins[at])
                size++;
            const uint64_t end = ends[at + size - 1];
            assert_true(begins[at] < end && end <= count);
            assert_true(at == 0 || (begins[at - 1] < begins[at] && ends[at - 1] <= end));
            if (text.text.data[at] != ' ') { /* a space alone is nothing, and so is a mark's */
                struct canon_text piece;
                const size_t from = points[begins[at]];
                canon_text_init(&piece);
                canon_text_make(canon, ws_bytes_of(raw.data + from, points[end] - from), SIZE_MAX,
                                NULL, &piece);
                assert_int_equal(piece.text.size, size);
                assert_memory_equal(ws_buffer_string(&piece.text), text.text.data + at, size);
                canon_text_release(&piece);
            }
            at += size;
        }
        free(points);
        canon_text_release(&text);
    }
    ws_buffer_release(&raw);
    ws_canon_close(canon);
}

/* What would need memory without end is bounded by rule, whatever the size. */
static void canon__keeps_thirty_marks_of_a_letter(void **state)
{
    (void)state;
    struct ws_canon *canon = open_canon();
    struct canon_text text;
    struct ws_buffer raw, wanted;
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    ws_buffer_init(&wanted, NULL, SIZE_MAX);
    canon_text_init(&text);
    ws_buffer_text(&raw, "ke");
    ws_buffer_text(&wanted, "ké");
    for (size_t i = 0; i < 100000; i++)
        ws_buffer_text(&raw, "\u0301");
    for (size_t i = 0; i < 29; i++)
        ws_buffer_text(&wanted, "\u0301");
    ws_buffer_text(&raw, "y");
    ws_buffer_text(&wanted, "y");
    canon_text_make(canon, ws_buffer_bytes(&raw), 1000, NULL, &text);
    assert_string_equal(ws_buffer_string(&text.text), ws_buffer_string(&wanted));
    assert_int_equal(text.counts.raw_points, 100003);
    /* A space, however long. */
    canon_text_release(&text);
    ws_buffer_reset(&raw);
    ws_buffer_text(&raw, "a");
    for (size_t i = 0; i < 100000; i++)
        ws_buffer_text(&raw, "\u2003");
    ws_buffer_text(&raw, "b");
    canon_text_make(canon, ws_buffer_bytes(&raw), 1000, NULL, &text);
    assert_string_equal(ws_buffer_string(&text.text), "a b");
    canon_text_release(&text);
    ws_buffer_release(&raw);
    ws_buffer_release(&wanted);
    ws_canon_close(canon);
}

static void canon__counts_what_is_broken(void **state)
{
    (void)state;
    struct ws_canon *canon = open_canon();
    struct canon_text text;
    canon_text_init(&text);
    canon_text_make(canon, ws_bytes_of_text("a\xFF\xE2\x82z\uFFFD\xF0\x9F"), 1, NULL, &text);
    assert_int_equal(text.counts.raw_bytes, 10);
    assert_int_equal(text.counts.raw_points, 6);
    assert_int_equal(text.counts.malformed, 4);
    assert_int_equal(text.counts.bytes, 2);
    canon_text_release(&text);
    ws_canon_close(canon);
}

static void canon__says_when_memory_is_out(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = 0};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_canon *canon;
    assert_int_equal(ws_canon_open(&allocator, &canon, NULL), WS_NO_MEMORY);
    assert_true(failing_heap_is_clean(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canon__gives_the_vectors),
        cmocka_unit_test(canon__maps_every_character_as_unicode_15_does),
        cmocka_unit_test(canon__is_the_plain_reference_for_any_text_and_cut),
        cmocka_unit_test(canon__knows_where_each_piece_came_from),
        cmocka_unit_test(canon__keeps_thirty_marks_of_a_letter),
        cmocka_unit_test(canon__counts_what_is_broken),
        cmocka_unit_test(canon__says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
