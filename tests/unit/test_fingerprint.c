/*
 * Contract of fingerprint/fingerprint.h: vectors of docs/formats/fingerprint.md, the guarantee
 * through canonical text, and spans that lead back to the raw text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fingerprint/fingerprint.h"
#include "support/canon_text.h"
#include "support/failing_heap.h"

/* Fingerprints of a document, in a buffer of them. */
static enum ws_status take(void *context, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct ws_buffer *out = context;
    (void)err;
    ws_buffer_append(out, found, count * sizeof *found);
    return WS_OK;
}

struct document {
    struct ws_buffer raw, found;
    struct ws_document_print print;
};

static void document_init(struct document *d)
{
    ws_buffer_init(&d->raw, NULL, SIZE_MAX);
    ws_buffer_init(&d->found, NULL, SIZE_MAX);
}

static void document_release(struct document *d)
{
    ws_buffer_release(&d->raw);
    ws_buffer_release(&d->found);
}

static void document_read_in(struct document *d, size_t most)
{
    struct ws_fingerprinter *f;
    ws_buffer_reset(&d->found);
    assert_int_equal(ws_fingerprinter_open(NULL, take, &d->found, &f, NULL), WS_OK);
    for (size_t at = 0; at < d->raw.size; at += most) {
        const size_t left = d->raw.size - at;
        struct ws_bytes piece = ws_bytes_of(d->raw.data + at, left < most ? left : most);
        assert_int_equal(ws_fingerprinter_add(f, piece, NULL), WS_OK);
    }
    assert_int_equal(ws_fingerprinter_end(f, &d->print, NULL), WS_OK);
    assert_int_equal(d->print.fingerprints, d->found.size / sizeof(struct ws_fingerprint));
    ws_fingerprinter_close(f);
}

static void document_read(struct document *d)
{
    document_read_in(d, 1 << 20);
}

static const struct ws_fingerprint *found(const struct document *d)
{
    return (const struct ws_fingerprint *)(const void *)d->found.data;
}

static bool have(const struct document *d, uint64_t value)
{
    for (size_t i = 0; i < d->print.fingerprints; i++)
        if (found(d)[i].value == value)
            return true;
    return false;
}

/* Vectors ----------------------------------------------------------------------------------------
 */

static const char example[] =
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season "
    "of Light, it was the season of Darkness.\n";

static void fingerprint__gives_the_vectors_of_the_format(void **state)
{
    (void)state;
    static const struct ws_fingerprint wanted[] = {
        {UINT64_C(0x2ef35e2608cc1b98), 5, 55},    {UINT64_C(0x4fe6b707f900f237), 62, 112},
        {UINT64_C(0x265899420028070d), 89, 139},  {UINT64_C(0xa71bcae0c25ed17c), 102, 152},
        {UINT64_C(0x0c3147be1b851b94), 157, 207}, {UINT64_C(0x92839c8e060719df), 171, 221},
    };
    static const char digest_wanted[] =
        "31f62b08abd895fe4aca2d00d4bb248052190612582f5358b024a637d0089b45";
    char digest[WS_HASH_TEXT_SIZE];
    struct document d;
    document_init(&d);
    ws_buffer_text(&d.raw, example);
    document_read(&d);
    ws_hash_text(&d.print.digest, digest);
    assert_string_equal(digest, digest_wanted);
    assert_int_equal(d.print.counts.bytes, sizeof example - 2);
    assert_int_equal(d.print.fingerprints, sizeof wanted / sizeof *wanted);
    assert_memory_equal(found(&d), wanted, sizeof wanted);
    document_release(&d);
}

/* The first eight bytes of what sha256sum prints. */
static void fingerprint__is_the_beginning_of_sha_256(void **state)
{
    (void)state;
    const char *gram = "it was the best of times, it was the worst of time";
    assert_int_equal(strlen(gram), WS_FINGERPRINT_GRAM);
    assert_true(ws_fingerprint_of((const uint8_t *)gram) == UINT64_C(0x651d0961d69fd2e5));
}

static void fingerprint__defines_short_documents(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t wanted;
    } sizes[] = {{0, 0}, {49, 0}, {50, 1}, {51, 1}, {112, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct document d;
        document_init(&d);
        ws_buffer_append(&d.raw, example, sizes[i].size);
        document_read(&d);
        assert_int_equal(d.print.counts.bytes, sizes[i].size);
        assert_int_equal(d.print.fingerprints, sizes[i].wanted);
        document_release(&d);
    }
}

/* The guarantee -----------------------------------------------------------------------------------
 */

/* The raw code points [begin, end) of a document. */
static struct ws_bytes span_of(const struct document *d, uint64_t begin, uint64_t end)
{
    struct ws_bytes left = ws_buffer_bytes(&d->raw), out = left;
    for (uint64_t point = 0; point < end; point++) {
        int32_t c;
        if (point == begin)
            out.data = left.data;
        const size_t size = ws_utf8_decode(left, false, &c);
        left = ws_bytes_of(left.data + size, left.size - size);
    }
    out.size = (size_t)(left.data - out.data);
    return out;
}

/* Each k-gram is inside the canonical text of its span, which is longer by no more than the pieces
 * at both ends. */
static void require_spans(const struct document *d)
{
    struct ws_canon *canon;
    assert_int_equal(ws_canon_open(NULL, &canon, NULL), WS_OK);
    for (size_t i = 0; i < d->print.fingerprints; i++) {
        const struct ws_fingerprint *f = &found(d)[i];
        struct canon_text text;
        bool inside = false;
        assert_true(f->begin < f->end && f->end <= d->print.counts.raw_points);
        canon_text_init(&text);
        canon_text_make(canon, span_of(d, f->begin, f->end), SIZE_MAX, NULL, &text);
        /* A k-gram may begin or end with a space, which the span's own text does not have. */
        struct ws_buffer around;
        ws_buffer_init(&around, NULL, SIZE_MAX);
        ws_buffer_text(&around, " ");
        ws_buffer_append(&around, ws_buffer_string(&text.text), text.text.size);
        ws_buffer_text(&around, " ");
        for (size_t at = 0; at + WS_FINGERPRINT_GRAM <= around.size && !inside; at++)
            inside = ws_fingerprint_of((const uint8_t *)around.data + at) == f->value;
        assert_true(inside);
        ws_buffer_release(&around);
        canon_text_release(&text);
    }
    ws_canon_close(canon);
}

static bool share(const struct document *a, const struct document *b)
{
    for (size_t i = 0; i < a->print.fingerprints; i++)
        if (have(b, found(a)[i].value))
            return true;
    return false;
}

static void fingerprint__leads_back_to_the_raw_text_of_anything(void **state)
{
    (void)state;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 14, 0, 0), 0);
    for (size_t i = 0; i < 200; i++) {
        struct document d;
        document_init(&d);
        canon_random_text(&rng, i == 0 ? 4000 : (size_t)ws_rng_below(&rng, 400), &d.raw);
        document_read(&d);
        require_spans(&d);
        /* However it is cut. */
        struct document cut;
        document_init(&cut);
        ws_buffer_append(&cut.raw, ws_buffer_string(&d.raw), d.raw.size);
        document_read_in(&cut, 7);
        assert_memory_equal(&cut.print.digest, &d.print.digest, sizeof d.print.digest);
        assert_int_equal(cut.found.size, d.found.size);
        assert_memory_equal(ws_buffer_string(&cut.found), ws_buffer_string(&d.found), d.found.size);
        document_release(&cut);
        document_release(&d);
    }
}

/* Copies the passage into another document with something done to it that canonical text undoes. */
static void require_found(const char *passage, const char *changed)
{
    struct document original, copy;
    document_init(&original);
    document_init(&copy);
    ws_buffer_text(&original.raw, passage);
    ws_buffer_text(&copy.raw, "What stands before it on another page, with words of its own; ");
    ws_buffer_text(&copy.raw, changed);
    ws_buffer_text(&copy.raw, " And what stands behind it, which nobody wrote before either.");
    document_read(&original);
    document_read(&copy);
    assert_true(original.print.fingerprints > 0);
    assert_true(share(&original, &copy));
    /* And the span is in the copy, not around it. */
    for (size_t i = 0; i < copy.print.fingerprints; i++)
        if (have(&original, found(&copy)[i].value))
            assert_true(found(&copy)[i].begin >= 62);
    require_spans(&copy);
    document_release(&original);
    document_release(&copy);
}

static void fingerprint__finds_a_copy_with_zero_widths_every_forty_characters(void **state)
{
    (void)state;
    static const char *const hidden[] = {"\u200B", "\u200D",     "\uFEFF", "\u00AD", "\uFE0F",
                                         "\u2060", "\U000E0041", "\x01",   "\xFF",   "\uFFFD"};
    for (size_t h = 0; h < sizeof hidden / sizeof *hidden; h++) {
        struct ws_buffer changed;
        ws_buffer_init(&changed, NULL, SIZE_MAX);
        for (size_t i = 0; i < strlen(example); i++) {
            if (i % 40 == 20)
                ws_buffer_text(&changed, hidden[h]);
            ws_buffer_u8(&changed, (uint8_t)example[i]);
        }
        require_found(example, ws_buffer_string(&changed));
        ws_buffer_release(&changed);
    }
}

static void fingerprint__finds_a_copy_in_other_clothes(void **state)
{
    (void)state;
    require_found("KIŞIN İSTANBUL'DA ISINMAK İÇİN ODUN YAKILIRDI, ÇÜNKÜ KÖMÜR PAHALIYDI; SOKAKLAR "
                  "SESSİZ, IŞIKLAR SÖNÜK, İNSANLAR YORGUNDU VE KAR DİNMEDEN YAĞIYORDU.",
                  "kışın istanbul’da ısınmak için odun yakılırdı, çünkü kömür pahalıydı; sokaklar "
                  "sessiz, ışıklar sönük, insanlar yorgundu ve kar dinmeden yağıyordu.");
    require_found("Ο ΟΔΥΣΣΕΥΣ ΕΦΥΓΕ ΑΠΟ ΤΗΝ ΙΘΑΚΗ ΚΑΙ ΠΕΡΙΠΛΑΝΗΘΗΚΕ ΧΡΟΝΟΥΣ ΠΟΛΛΟΥΣ",
                  "ο οδυσσευς εφυγε απο την ιθακη και περιπλανηθηκε χρονους πολλους");
    require_found(
        "漢字かな交じり文は、漢字と仮名を混ぜて書く。長い文章の一部であっても見つかる。ガギグゲゴ",
        "漢字かな交じり文は、漢字と仮名を混ぜて書く。長い文章の一部であっても見つかる。ｶﾞｷﾞｸﾞｹﾞｺﾞ");
    require_found(
        "Số phận của những ngôn ngữ có nhiều dấu: mỗi chữ có thể viết bằng nhiều cách khác "
        "nhau, mà người đọc không thấy gì.",
        "So\u0302\u0301 pha\u0323\u0302n cu\u0309a nhu\u031B\u0303ng ngo\u0302n "
        "ngu\u031B\u0303 co\u0301 nhie\u0302\u0300u da\u0302\u0301u: mo\u0302\u0303i "
        "chu\u031B\u0303 co\u0301 the\u0302\u0309 vie\u0302\u0301t ba\u0306\u0300ng "
        "nhie\u0302\u0300u ca\u0301ch kha\u0301c nhau, ma\u0300 ngu\u031Bo\u031B\u0300i "
        "đo\u0323c kho\u0302ng tha\u0302\u0301y gi\u0300.");
    require_found(
        "\"Quotes\" and 'quotes' - with dashes - survive a typesetter's care, as do line "
        "ends, tabs and the double spaces after a full stop. Really.",
        "“Quotes” and ‘quotes’ — with dashes – survive\n\ta typesetter’s care, as do line\r\n"
        "ends, tabs and\u00A0the double spaces  after a full stop.   Really.");
}

/* Any run of WS_FINGERPRINT_RUN canonical bytes, in texts of any characters. */
static void fingerprint__finds_every_shared_run(void **state)
{
    (void)state;
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 15, 0, 0), 0);
    struct ws_canon *canon;
    assert_int_equal(ws_canon_open(NULL, &canon, NULL), WS_OK);
    unsigned tried = 0;
    while (tried < 300) {
        struct document side[2];
        struct ws_buffer passage;
        struct canon_text text;
        ws_buffer_init(&passage, NULL, SIZE_MAX);
        canon_text_init(&text);
        canon_random_text(&rng, 20, &passage);
        canon_text_make(canon, ws_buffer_bytes(&passage), SIZE_MAX, NULL, &text);
        /* Spaces keep the passage's clusters apart from what is beside it. */
        const bool long_enough = text.text.size >= WS_FINGERPRINT_RUN;
        for (size_t s = 0; s < 2; s++) {
            struct ws_buffer after;
            ws_buffer_init(&after, NULL, SIZE_MAX);
            document_init(&side[s]);
            canon_random_text(&rng, (size_t)ws_rng_below(&rng, 40), &side[s].raw);
            canon_random_text(&rng, (size_t)ws_rng_below(&rng, 40), &after);
            ws_buffer_text(&side[s].raw, " ");
            ws_buffer_append(&side[s].raw, ws_buffer_string(&passage), passage.size);
            ws_buffer_text(&side[s].raw, " ");
            ws_buffer_append(&side[s].raw, ws_buffer_string(&after), after.size);
            ws_buffer_release(&after);
            document_read(&side[s]);
        }
        if (long_enough) {
            assert_true(share(&side[0], &side[1]));
            tried++;
        }
        document_release(&side[0]);
        document_release(&side[1]);
        ws_buffer_release(&passage);
        canon_text_release(&text);
    }
    ws_canon_close(canon);
}

/* Failures ----------------------------------------------------------------------------------------
 */

static enum ws_status refuse(void *context, const struct ws_fingerprint *given, size_t count,
                             struct ws_error *err)
{
    unsigned *calls = context;
    (void)given;
    (void)count;
    return ++*calls == 1 ? ws_fail(err, WS_IO, "no") : WS_OK;
}

static void fingerprint__begins_anew_after_a_failure(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct ws_fingerprinter *f;
    struct ws_document_print print, again;
    assert_int_equal(ws_fingerprinter_open(NULL, refuse, &calls, &f, NULL), WS_OK);
    assert_int_equal(ws_fingerprinter_add(f, ws_bytes_of_text(example), NULL), WS_OK);
    assert_int_equal(ws_fingerprinter_end(f, &print, NULL), WS_IO);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ws_fingerprinter_add(f, ws_bytes_of_text(example), NULL), WS_OK);
        assert_int_equal(ws_fingerprinter_end(f, i == 0 ? &print : &again, NULL), WS_OK);
    }
    assert_int_equal(print.counts.raw_bytes, strlen(example));
    assert_int_equal(print.fingerprints, again.fingerprints);
    assert_memory_equal(&print.digest, &again.digest, sizeof print.digest);
    ws_fingerprinter_close(f);
}

static void fingerprint__says_when_memory_is_out(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_fingerprinter *f = NULL;
        status = ws_fingerprinter_open(&allocator, take, NULL, &f, NULL);
        ws_fingerprinter_close(status == WS_OK ? f : NULL);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprint__gives_the_vectors_of_the_format),
        cmocka_unit_test(fingerprint__is_the_beginning_of_sha_256),
        cmocka_unit_test(fingerprint__defines_short_documents),
        cmocka_unit_test(fingerprint__leads_back_to_the_raw_text_of_anything),
        cmocka_unit_test(fingerprint__finds_a_copy_with_zero_widths_every_forty_characters),
        cmocka_unit_test(fingerprint__finds_a_copy_in_other_clothes),
        cmocka_unit_test(fingerprint__finds_every_shared_run),
        cmocka_unit_test(fingerprint__begins_anew_after_a_failure),
        cmocka_unit_test(fingerprint__says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
