/*
 * Contract of fingerprint/iscc.h and what it is made of: codes of short texts that the standard's
 * reference prints, and a plain reference that has the whole text at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fingerprint/collapse.h"
#include "fingerprint/iscc.h"
#include "fingerprint/minhash.h"
#include "fingerprint/unicode.h"
#include "support/canon_text.h"
#include "support/failing_heap.h"

static struct ws_collapse *open_collapse(void)
{
    struct ws_collapse *collapse;
    assert_int_equal(ws_collapse_open(NULL, &collapse, NULL), WS_OK);
    return collapse;
}

static void append(struct ws_buffer *out, struct ws_bytes text)
{
    assert_true(text.size <= WS_COLLAPSE_CHUNK);
    ws_buffer_append(out, text.data, text.size);
}

/* In pieces of at most `most` bytes. */
static void collapse_text(struct ws_collapse *collapse, struct ws_bytes raw, size_t most,
                          struct ws_buffer *out)
{
    ws_buffer_reset(out);
    while (raw.size > 0) {
        struct ws_bytes piece = ws_bytes_of(raw.data, raw.size < most ? raw.size : most);
        raw = ws_bytes_of(raw.data + piece.size, raw.size - piece.size);
        while (piece.size > 0)
            append(out, ws_collapse_read(collapse, &piece));
    }
    append(out, ws_collapse_end(collapse));
}

/* The reference ----------------------------------------------------------------------------------
 */

enum { MOST = 1 << 16 };

struct characters {
    int32_t list[MOST];
    size_t count;
};

static void read_characters(const struct ws_buffer *text, struct characters *out)
{
    struct ws_bytes left = ws_buffer_bytes(text);
    out->count = 0;
    while (left.size > 0) {
        const size_t size = ws_utf8_decode(left, false, &out->list[out->count++]);
        left = ws_bytes_of(left.data + size, left.size - size);
        assert_true(out->count < MOST);
    }
}

static bool is_case_ignorable(int32_t c)
{
    return ws_code_among(&ws_unicode_case_ignorable, c);
}

static bool is_cased(int32_t c)
{
    return ws_code_among(&ws_unicode_cased, c);
}

/* As the Unicode Standard defines Final_Sigma (table 3-17), looking both ways. */
static bool is_final_sigma(const struct characters *text, size_t at)
{
    size_t before = at, behind = at + 1;
    while (before > 0 && is_case_ignorable(text->list[before - 1]))
        before--;
    while (behind < text->count && is_case_ignorable(text->list[behind]))
        behind++;
    return before > 0 && is_cased(text->list[before - 1]) &&
           (behind == text->count || !is_cased(text->list[behind]));
}

static bool is_filtered(int32_t c)
{
    const char category = utf8proc_category_string(c)[0];
    return category == 'C' || category == 'M' || category == 'P';
}

static void plain_collapse_text(struct ws_bytes raw, struct ws_buffer *out)
{
    static struct characters text, joined;
    ws_buffer_reset(out);
    ws_utf8_repair(raw, out);
    plain_normalize(out, UTF8PROC_DECOMPOSE);
    read_characters(out, &text);
    joined.count = 0;
    for (size_t i = 0; i < text.count; i++)
        if (!plain_is_among(text.list[i], plain_spaces) &&
            !(text.list[i] >= 0x1C && text.list[i] <= 0x1F))
            joined.list[joined.count++] = text.list[i];
    ws_buffer_reset(out);
    for (size_t i = 0; i < joined.count; i++) {
        const int32_t c = joined.list[i];
        uint8_t bytes[4];
        const int32_t lower = c != 0x3A3                   ? utf8proc_tolower(c)
                              : is_final_sigma(&joined, i) ? 0x3C2
                                                           : 0x3C3;
        if (!is_filtered(c))
            ws_buffer_append(out, bytes, ws_utf8_encode(lower, bytes));
    }
    plain_normalize(out, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

/* Texts ------------------------------------------------------------------------------------------
 */

static const struct {
    const char *what, *raw, *collapsed;
} vectors[] = {
    {"nothing", "", ""},
    {"case, space and punctuation", " Hello,\n World! ", "helloworld"},
    {"marks", "Iñtërnâtiônàlizætiøn☃", "internationalizætiøn☃"},
    {"sigmas", "ΣΑΣ ΟΔΟΣ", "σασοδος"},
    {"a sigma, and what does not count", "ΑΣ'. ΑΣ’α ΑΣ", "ασασαας"},
    {"Hangul", "한글 \u1112\u1161\u11AB", "한글한"},
    {"forms of width", "ｶﾞＡ①", "ガa1"},
    {"symbols stay", "1 + 1 = 2 €", "1+1=2€"},
};

static void collapse__gives_the_vectors(void **state)
{
    (void)state;
    struct ws_collapse *collapse = open_collapse();
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        collapse_text(collapse, ws_bytes_of_text(vectors[i].raw), SIZE_MAX, &text);
        if (strcmp(ws_buffer_string(&text), vectors[i].collapsed) != 0)
            fail_msg("%s: '%s' became '%s', wanted '%s'", vectors[i].what, vectors[i].raw,
                     ws_buffer_string(&text), vectors[i].collapsed);
    }
    ws_buffer_release(&text);
    ws_collapse_close(collapse);
}

static void collapse__is_the_plain_reference_for_any_text_and_cut(void **state)
{
    (void)state;
    struct ws_collapse *collapse = open_collapse();
    struct ws_rng rng;
    struct ws_buffer raw, text, plain;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 16, 0, 0), 0);
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_init(&plain, NULL, SIZE_MAX);
    for (size_t i = 0; i < 1000; i++) {
        canon_random_text(&rng, 1 + (size_t)ws_rng_below(&rng, 120), &raw);
        plain_collapse_text(ws_buffer_bytes(&raw), &plain);
        const size_t cuts[] = {SIZE_MAX, 1 + (size_t)ws_rng_below(&rng, 5)};
        for (size_t c = 0; c < 2; c++) {
            collapse_text(collapse, ws_buffer_bytes(&raw), cuts[c], &text);
            assert_int_equal(text.size, plain.size);
            assert_memory_equal(ws_buffer_string(&text), ws_buffer_string(&plain), plain.size);
        }
    }
    ws_buffer_release(&raw);
    ws_buffer_release(&text);
    ws_buffer_release(&plain);
    ws_collapse_close(collapse);
}

/* What the standard does not bound is bounded. */
static void collapse__takes_a_sigma_before_many_modifiers_for_the_last(void **state)
{
    (void)state;
    struct ws_collapse *collapse = open_collapse();
    struct ws_buffer raw, text;
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    for (size_t modifiers = WS_ISCC_LOOKAHEAD; modifiers <= WS_ISCC_LOOKAHEAD + 1; modifiers++) {
        ws_buffer_reset(&raw);
        ws_buffer_text(&raw, "ΑΣ");
        for (size_t i = 0; i < modifiers; i++)
            ws_buffer_text(&raw, "ʰ");
        ws_buffer_text(&raw, "Α");
        collapse_text(collapse, ws_buffer_bytes(&raw), 3, &text);
        assert_memory_equal(ws_buffer_string(&text),
                            modifiers > WS_ISCC_LOOKAHEAD ? "αςhh" : "ασhh", strlen("αςhh"));
    }
    ws_buffer_release(&raw);
    ws_buffer_release(&text);
    ws_collapse_close(collapse);
}

/* Codes ------------------------------------------------------------------------------------------
 */

static struct ws_iscc_code code_of(struct ws_bytes raw)
{
    struct ws_iscc *iscc;
    struct ws_iscc_code code;
    assert_int_equal(ws_iscc_open(NULL, &iscc, NULL), WS_OK);
    ws_iscc_add(iscc, ws_bytes_of_text("another text, of which nothing stays"));
    ws_iscc_end(iscc, &code);
    ws_iscc_add(iscc, raw);
    ws_iscc_end(iscc, &code);
    ws_iscc_close(iscc);
    return code;
}

static void iscc__gives_the_codes_of_short_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bits;
        uint64_t characters;
        const char *wanted;
    } codes[] = {
        {"", 64, 0, "ISCC:EAASL4F2WZY7KBXB"},
        {"Hello World", 64, 10, "ISCC:EAASKDNZNYGUUF5A"},
        {"Hello World", 32, 10, "ISCC:EAACKDNZNY"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[WS_ISCC_TEXT_SIZE];
        const struct ws_iscc_code code = code_of(ws_bytes_of_text(codes[i].text));
        ws_iscc_text(&code, codes[i].bits, text);
        assert_string_equal(text, codes[i].wanted);
        assert_int_equal(code.characters, codes[i].characters);
    }
}

/* The formula of the standard with a division, for the first of the 64 hashes, on features that
 * reach its corners; and all of them on every instruction set. */
static void minhash__is_the_formula_on_every_instruction_set(void **state)
{
    (void)state;
    enum { FEATURES = 300 };
    static const uint64_t factor = UINT64_C(853146490016488653),
                          offset = UINT64_C(1089606993368836715);
    const struct ws_minhash_ops *all[WS_MINHASH_SETS];
    struct ws_rng rng;
    uint32_t features[FEATURES] = {0, 1, UINT32_MAX}, first[WS_MINHASH_SIZE];
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 17, 0, 0), 0);
    for (size_t i = 3; i < FEATURES; i++)
        features[i] = ws_rng_u32(&rng);
    const size_t sets = ws_minhash_list(all);
    for (size_t s = 0; s < sets; s++) {
        uint32_t least[WS_MINHASH_SIZE], wanted = UINT32_MAX;
        memset(least, 0xFF, sizeof least);
        for (size_t i = 0; i < FEATURES; i++) {
            const uint64_t product = factor * features[i] + offset;
            const uint32_t value = (uint32_t)(product % ((UINT64_C(1) << 61) - 1));
            wanted = value < wanted ? value : wanted;
            all[s]->add(least, features + i, 1);
            assert_int_equal(least[0], wanted);
        }
        if (s == 0)
            memcpy(first, least, sizeof least);
        assert_memory_equal(least, first, sizeof least);
        memset(least, 0xFF, sizeof least);
        all[s]->add(least, features, FEATURES);
        assert_memory_equal(least, first, sizeof least);
    }
}

static void iscc__does_not_depend_on_cuts(void **state)
{
    (void)state;
    struct ws_rng rng;
    struct ws_buffer raw;
    struct ws_iscc *iscc;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 18, 0, 0), 0);
    ws_buffer_init(&raw, NULL, SIZE_MAX);
    assert_int_equal(ws_iscc_open(NULL, &iscc, NULL), WS_OK);
    for (size_t i = 0; i < 50; i++) {
        struct ws_iscc_code whole, cut;
        canon_random_text(&rng, (size_t)ws_rng_below(&rng, i % 10 ? 30 : 1000), &raw);
        whole = code_of(ws_buffer_bytes(&raw));
        for (size_t at = 0; at < raw.size; at += 3) {
            const size_t left = raw.size - at;
            ws_iscc_add(iscc, ws_bytes_of(raw.data + at, left < 3 ? left : 3));
        }
        ws_iscc_end(iscc, &cut);
        assert_memory_equal(cut.digest, whole.digest, sizeof cut.digest);
        assert_int_equal(cut.characters, whole.characters);
    }
    ws_iscc_close(iscc);
    ws_buffer_release(&raw);
}

static void iscc__says_when_memory_is_out(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_iscc *iscc = NULL;
        status = ws_iscc_open(&allocator, &iscc, NULL);
        ws_iscc_close(status == WS_OK ? iscc : NULL);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collapse__gives_the_vectors),
        cmocka_unit_test(collapse__is_the_plain_reference_for_any_text_and_cut),
        cmocka_unit_test(collapse__takes_a_sigma_before_many_modifiers_for_the_last),
        cmocka_unit_test(iscc__gives_the_codes_of_short_texts),
        cmocka_unit_test(minhash__is_the_formula_on_every_instruction_set),
        cmocka_unit_test(iscc__does_not_depend_on_cuts),
        cmocka_unit_test(iscc__says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
