/*
 * Canonical text twice: as the program makes it, whole and in memory, and by a plain reference that
 * has the whole text at hand and asks the library of Unicode data for NFD and NFC of it. And
 * texts to compare them on.
 */
#ifndef WS_TESTS_CANON_TEXT_H
#define WS_TESTS_CANON_TEXT_H

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buffer.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "fingerprint/canon.h"

/* A canonical text, and the raw code points that each of its bytes came from. */
struct canon_text {
    struct ws_buffer text;
    struct ws_buffer begins, ends; /* uint64_t, one a byte */
    struct ws_canon_counts counts;
};

static inline void canon_text_init(struct canon_text *text)
{
    ws_buffer_init(&text->text, NULL, SIZE_MAX);
    ws_buffer_init(&text->begins, NULL, SIZE_MAX);
    ws_buffer_init(&text->ends, NULL, SIZE_MAX);
}

static inline void canon_text_release(struct canon_text *text)
{
    ws_buffer_release(&text->text);
    ws_buffer_release(&text->begins);
    ws_buffer_release(&text->ends);
}

static inline void canon_text_append(struct canon_text *out, const struct ws_canon_chunk *chunk)
{
    assert_true(chunk->text.size <= WS_CANON_CHUNK);
    assert_int_equal(chunk->text.size > 0, chunk->run_count > 0);
    for (size_t r = 0; r < chunk->run_count; r++) {
        const struct ws_canon_run *run = &chunk->runs[r];
        const bool last = r + 1 == chunk->run_count;
        const uint64_t end = last ? out->text.size + chunk->text.size : run[1].at;
        assert_int_equal(run->at, out->begins.size / 8);
        assert_true(end > run->at && (end - run->at) % run->width == 0 && run->cover > 0);
        for (uint64_t at = run->at; at < end; at++) {
            const uint64_t piece = (at - run->at) / run->width;
            ws_buffer_u64(&out->begins, run->raw + piece * run->cover);
            ws_buffer_u64(&out->ends, run->raw + (piece + 1) * run->cover);
        }
    }
    ws_buffer_append(&out->text, chunk->text.data, chunk->text.size);
}

/* Feeds pieces of at most `most` bytes, or of random sizes up to it. */
static inline void canon_text_make(struct ws_canon *canon, struct ws_bytes raw, size_t most,
                                   struct ws_rng *sizes, struct canon_text *out)
{
    struct ws_canon_chunk chunk;
    while (raw.size > 0) {
        size_t size = sizes ? 1 + (size_t)ws_rng_below(sizes, most) : most;
        struct ws_bytes piece = ws_bytes_of(raw.data, size < raw.size ? size : raw.size);
        raw = ws_bytes_of(raw.data + piece.size, raw.size - piece.size);
        while (piece.size > 0) {
            ws_canon_read(canon, &piece, &chunk);
            canon_text_append(out, &chunk);
        }
    }
    ws_canon_end(canon, &chunk);
    canon_text_append(out, &chunk);
    ws_canon_count(canon, &out->counts);
    assert_int_equal(out->text.size, out->counts.bytes);
    assert_int_equal(out->begins.size, 8 * out->text.size);
    assert_int_equal(ws_buffer_check(&out->ends, "the test", NULL), WS_OK);
}

/* The reference ---------------------------------------------------------------------------------
 */

static inline bool plain_is_among(int32_t character, const int32_t *list)
{
    for (; *list; list++)
        if (*list == character)
            return true;
    return false;
}

/* The tables of docs/formats/fingerprint.md, written out. */
static const int32_t plain_single_quotes[] = {0x60,   0xB4,   0x2B9,  0x2BB,  0x2BC,  0x2BD,
                                              0x1FFD, 0x2018, 0x2019, 0x201A, 0x201B, 0x2032,
                                              0x2035, 0x2039, 0x203A, 0xFF07, 0};
static const int32_t plain_double_quotes[] = {
    0xAB,   0xBB,   0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0x2036, 0x2E42, 0x300C, 0x300D, 0x300E,
    0x300F, 0x301D, 0x301E, 0x301F, 0xFE41, 0xFE42, 0xFE43, 0xFE44, 0xFF02, 0xFF62, 0xFF63, 0};
static const int32_t plain_dashes[] = {
    0x58A,  0x5BE,  0x1400, 0x1806, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014,  0x2015,
    0x2053, 0x207B, 0x208B, 0x2212, 0x2E17, 0x2E1A, 0x2E3A, 0x2E3B, 0x2E40,  0x2E5D,
    0x301C, 0x3030, 0x30A0, 0xFE31, 0xFE32, 0xFE58, 0xFE63, 0xFF0D, 0x10EAD, 0};
static const int32_t plain_spaces[] = {0x9,    0xA,    0xB,    0xC,    0xD,    0x20,   0x85,
                                       0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                       0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                       0x2029, 0x202F, 0x205F, 0x3000, 0};

static inline bool plain_is_dropped(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x34F || c == 0x61C ||
           c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 ||
           (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x3164 ||
           (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xFFA0 ||
           (c >= 0xFFF0 && c <= 0xFFFB) || c == 0xFFFD || (c >= 0x1BCA0 && c <= 0x1BCA3) ||
           (c >= 0x1D173 && c <= 0x1D17A) || (c >= 0xE0000 && c <= 0xE0FFF);
}

static inline int32_t plain_fold(int32_t c)
{
    return plain_is_among(c, plain_spaces)          ? ' '
           : plain_is_among(c, plain_single_quotes) ? '\''
           : plain_is_among(c, plain_double_quotes) ? '"'
           : plain_is_among(c, plain_dashes)        ? '-'
           : c == 0x131                             ? 'i'
                                                    : c;
}

/* What one character becomes, appended as UTF-8. */
static inline void plain_map(int32_t c, struct ws_buffer *out)
{
    int32_t parts[32] = {plain_fold(c)};
    utf8proc_ssize_t count = 1;
    int boundary = 0;
    if (parts[0] == c && plain_is_dropped(c))
        return;
    if (parts[0] == c)
        count = utf8proc_decompose_char(
            c, parts, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &boundary);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        ws_buffer_append(out, bytes, (size_t)utf8proc_encode_char(plain_fold(parts[i]), bytes));
    }
}

/* NFD or NFC of UTF-8. */
static inline void plain_normalize(struct ws_buffer *text, utf8proc_option_t form)
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)ws_buffer_string(text), (utf8proc_ssize_t)text->size,
                     &normal, form | UTF8PROC_STABLE);
    assert_true(size >= 0);
    ws_buffer_reset(text);
    ws_buffer_append(text, normal, (size_t)size);
    free(normal);
}

/* Of NFD: takes away the dots of i's. */
static inline void plain_drop_dots(struct ws_buffer *text)
{
    size_t kept = 0;
    int32_t letter = 0;
    bool above = false;
    for (size_t at = 0; at < text->size;) {
        int32_t c;
        size_t size = ws_utf8_decode(ws_bytes_of(text->data + at, text->size - at), false, &c);
        const int class = utf8proc_get_property(c)->combining_class;
        if (class == 0) {
            letter = c;
            above = false;
        }
        const bool dot = c == 0x307 && letter == 'i' && !above;
        above = above || (class == 230 && !dot);
        if (!dot) {
            memmove(text->data + kept, text->data + at, size);
            kept += size;
        }
        at += size;
    }
    text->size = kept;
}

static inline void plain_collapse(struct ws_buffer *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text->size; i++)
        if (text->data[i] != ' ' || (kept > 0 && text->data[kept - 1] != ' '))
            text->data[kept++] = text->data[i];
    text->size = kept > 0 && text->data[kept - 1] == ' ' ? kept - 1 : kept;
}

/* Not for texts with more than 30 marks on a letter, which the library has no word on. */
static inline void plain_canon(struct ws_bytes raw, struct ws_buffer *out)
{
    ws_buffer_reset(out);
    while (raw.size > 0) {
        int32_t c;
        size_t size = ws_utf8_decode(raw, false, &c);
        raw = ws_bytes_of(raw.data + size, raw.size - size);
        if (c >= 0)
            plain_map(c, out);
    }
    plain_normalize(out, UTF8PROC_DECOMPOSE);
    plain_drop_dots(out);
    plain_normalize(out, UTF8PROC_COMPOSE);
    plain_collapse(out);
}

/* Texts -----------------------------------------------------------------------------------------
 */

/* What is hard, what is frequent, and what is broken. */
static const char *const canon_pieces[] = {
    "a",
    "B",
    "i",
    "I",
    "İ",
    "ı",
    " ",
    "  ",
    "\n",
    "\t",
    ".",
    "the",
    "QUICK",
    "brown fox jumps over it",
    "\u0301",
    "\u0307",
    "\u0323",
    "\u0345",
    "\u0328",
    "é",
    "É",
    "ị",
    "\u200B",
    "\u200D",
    "\uFEFF",
    "\uFE0F",
    "\u00AD",
    "\u034F",
    "Σ",
    "ς",
    "漢",
    "字",
    "が",
    "か",
    "\u3099",
    "ｶ",
    "ﾞ",
    "한",
    "\u1112",
    "\u1161",
    "\u11AB",
    "\u0BC6",
    "\u0BBE",
    "ß",
    "ﬁ",
    "½",
    "¨",
    "’",
    "“",
    "—",
    "…",
    "\u00A0",
    "\u3000",
    "į",
    "😀",
    "\U000E0041",
    "\U0001D400",
    "\U0010FFFF",
    "\xFF",
    "\xE2\x82",
    "\xED\xA0\x80",
    "\xF0\x9F",
    "\uFFFD",
    "й",
    "Й",
    "ש",
    "\u05C1",
    "\u0378",
    "\uFDFA",
    "\u1E9E",
};

static inline void canon_random_text(struct ws_rng *rng, size_t pieces, struct ws_buffer *out)
{
    ws_buffer_reset(out);
    for (size_t i = 0; i < pieces; i++) {
        const uint64_t kind = ws_rng_below(rng, 8);
        if (kind == 0) { /* any character */
            uint8_t bytes[4];
            const int32_t c = (int32_t)ws_rng_below(rng, ws_rng_below(rng, 2) ? 0x110000 : 0x3100);
            if (c < 0xD800 || c > 0xDFFF)
                ws_buffer_append(out, bytes, ws_utf8_encode(c, bytes));
        } else if (kind == 1) {
            ws_buffer_text(out, "and some plain text of a length that fills a block of it, ");
        } else {
            const size_t count = sizeof canon_pieces / sizeof *canon_pieces;
            ws_buffer_text(out, canon_pieces[ws_rng_below(rng, count)]);
        }
    }
}

#endif
