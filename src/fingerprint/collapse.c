#include "fingerprint/collapse.h"

#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "fingerprint/cluster.h"
#include "fingerprint/iscc.h"
#include "fingerprint/unicode.h"

enum {
    /* The most bytes that one raw code point gives: the parts of its decomposition, again
     * decomposed, after a cluster and what waits for a sigma. */
    MARGIN = 4 * (WS_CLUSTER_MOST + WS_UNICODE_PARTS * (1 + 4 + WS_ISCC_LOOKAHEAD)),
    CAPITAL_SIGMA = 0x3A3,
    SMALL_SIGMA = 0x3C3,
    FINAL_SIGMA = 0x3C2,
    REPLACEMENT = 0xFFFD,
    TABLE_SIZE = 1 << 16,
};

/* What becomes of a character that stands beside no capital sigma; with KIND_LETTER, of which
 * letter (the low bits). */
enum kind {
    KIND_UNKNOWN, /* not looked up yet */
    KIND_DROPPED,
    KIND_LETTER, /* a cluster of one character that begins here, whatever was before */
    KIND_PARTS,  /* looked at part by part */
};
enum { KIND_SHIFT = 24, LETTER_MASK = (1 << 21) - 1 };
/* What the next sigma sees: the character counts, and it is a letter with a case. */
static const uint32_t COUNTS = UINT32_C(1) << 30, CASED = UINT32_C(1) << 31;

struct ws_collapse {
    const struct ws_allocator *allocator;
    uint8_t held[4]; /* the beginning of a character at the end of a piece */
    size_t held_size;
    bool after_cased; /* the last character that counts was a letter with a case */
    bool sigma;       /* a capital sigma that may be the last letter of its word, and behind it: */
    int32_t waiting[WS_ISCC_LOOKAHEAD];
    size_t waiting_count;
    struct ws_cluster cluster; /* that may still grow */
    size_t size;
    uint8_t text[WS_COLLAPSE_CHUNK];
    uint32_t kinds[TABLE_SIZE]; /* of the characters of the first plane, as they come up */
};

static void begin_text(struct ws_collapse *c)
{
    c->held_size = 0;
    c->after_cased = false;
    c->sigma = false;
    c->waiting_count = 0;
    ws_cluster_clear(&c->cluster);
}

enum ws_status ws_collapse_open(const struct ws_allocator *allocator, struct ws_collapse **out,
                                struct ws_error *err)
{
    WS_TRY(ws_unicode_check(err));
    struct ws_collapse *c = ws_realloc(allocator, NULL, 0, sizeof *c);
    if (!c)
        return ws_fail_memory(err, "collapsed text");
    memset(c, 0, sizeof *c);
    c->allocator = allocator;
    begin_text(c);
    *out = c;
    return WS_OK;
}

void ws_collapse_close(struct ws_collapse *c)
{
    if (c)
        ws_free(c->allocator, c, sizeof *c);
}

/* What a character is ----------------------------------------------------------------------------
 */

static bool is_space(int32_t character)
{
    return ws_code_among(&ws_unicode_space, character) || (character >= 0x1C && character <= 0x1F);
}

static bool is_filtered(int32_t character)
{
    if (!ws_code_among(&ws_unicode_assigned, character))
        return true;
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return true;
    default:
        return false;
    }
}

static uint32_t context_of(int32_t character)
{
    if (ws_code_among(&ws_unicode_case_ignorable, character))
        return 0;
    return COUNTS | (ws_code_among(&ws_unicode_cased, character) ? CASED : 0);
}

/* What is left of a raw character but for sigmas, decomposed; how many characters. SIZE_MAX: to be
 * looked at part by part. */
static size_t letters_of(int32_t character, uint32_t *context, int32_t letters[WS_UNICODE_PARTS])
{
    int32_t parts[WS_UNICODE_PARTS];
    const size_t count = ws_unicode_parts(character, WS_UNICODE_CANONICAL, parts);
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t more[WS_UNICODE_PARTS];
        if (parts[i] == CAPITAL_SIGMA)
            return SIZE_MAX;
        if (is_space(parts[i]))
            continue;
        if (context_of(parts[i]) & COUNTS)
            *context = context_of(parts[i]);
        if (is_filtered(parts[i]))
            continue;
        const size_t m = ws_unicode_parts(utf8proc_tolower(parts[i]), WS_UNICODE_COMPATIBLE, more);
        if (left + m > WS_UNICODE_PARTS)
            return SIZE_MAX;
        memcpy(letters + left, more, m * sizeof *more);
        left += m;
    }
    return left;
}

static bool begins_cluster(int32_t character)
{
    return ws_unicode_class(character) == 0 && !ws_code_among(&ws_unicode_joining, character);
}

static uint32_t kind_of(int32_t character)
{
    int32_t letters[WS_UNICODE_PARTS];
    uint32_t context = 0;
    size_t count = letters_of(character, &context, letters);
    if (count == 0)
        return (uint32_t)KIND_DROPPED << KIND_SHIFT | context;
    if (count != SIZE_MAX && begins_cluster(letters[0])) {
        count = ws_unicode_compose(letters, count);
        if (count == 1)
            return (uint32_t)KIND_LETTER << KIND_SHIFT | context | (uint32_t)letters[0];
    }
    return (uint32_t)KIND_PARTS << KIND_SHIFT;
}

static uint32_t look_up(struct ws_collapse *c, int32_t character)
{
    if (character >= TABLE_SIZE)
        return kind_of(character);
    uint32_t *kind = &c->kinds[character];
    if (*kind == KIND_UNKNOWN)
        *kind = kind_of(character);
    return *kind;
}

/* NFKC -------------------------------------------------------------------------------------------
 */

static void end_cluster(struct ws_collapse *c)
{
    int32_t characters[WS_CLUSTER_MOST];
    const size_t count = ws_cluster_compose(&c->cluster, characters);
    for (size_t i = 0; i < count; i++)
        c->size += ws_utf8_encode(characters[i], c->text + c->size);
    ws_cluster_clear(&c->cluster);
}

static void put_letter(struct ws_collapse *c, int32_t letter)
{
    end_cluster(c);
    ws_cluster_start(&c->cluster, letter, 0, 0);
}

/* A character that is left, in lower case. */
static void put(struct ws_collapse *c, int32_t character)
{
    int32_t parts[WS_UNICODE_PARTS];
    const size_t count = ws_unicode_parts(character, WS_UNICODE_COMPATIBLE, parts);
    for (size_t i = 0; i < count; i++) {
        const unsigned class = ws_unicode_class(parts[i]);
        if (class > 0)
            ws_cluster_mark(&c->cluster, parts[i], class, 0, 0);
        else if (begins_cluster(parts[i]) || !ws_cluster_join(&c->cluster, parts[i], 0))
            put_letter(c, parts[i]);
    }
}

/* Lower case -------------------------------------------------------------------------------------
 */

static void end_sigma(struct ws_collapse *c, bool last)
{
    if (!c->sigma)
        return;
    put(c, last ? FINAL_SIGMA : SMALL_SIGMA);
    for (size_t i = 0; i < c->waiting_count; i++)
        put(c, c->waiting[i]);
    c->sigma = false;
    c->waiting_count = 0;
}

/* Of NFD. The last letter of a word, for a capital sigma: a letter with a case is before it, and
 * none behind it, whatever else there is between that does not count. */
static void take_part(struct ws_collapse *c, int32_t part)
{
    const uint32_t context = context_of(part);
    if (is_space(part))
        return;
    if (context & COUNTS)
        end_sigma(c, !(context & CASED));
    if (part == CAPITAL_SIGMA && c->after_cased) {
        c->sigma = true;
    } else if (!is_filtered(part)) {
        if (c->sigma && c->waiting_count == WS_ISCC_LOOKAHEAD)
            end_sigma(c, true);
        if (c->sigma)
            c->waiting[c->waiting_count++] = utf8proc_tolower(part);
        else
            put(c, utf8proc_tolower(part));
    }
    if (context & COUNTS)
        c->after_cased = context & CASED;
}

static void take_character(struct ws_collapse *c, int32_t character)
{
    if (character < 0)
        character = REPLACEMENT;
    const uint32_t kind = look_up(c, character);
    const unsigned what = kind >> KIND_SHIFT & 3;
    if (what == KIND_PARTS || c->sigma) {
        int32_t parts[WS_UNICODE_PARTS];
        const size_t count = ws_unicode_parts(character, WS_UNICODE_CANONICAL, parts);
        for (size_t i = 0; i < count; i++)
            take_part(c, parts[i]);
        return;
    }
    if (what == KIND_LETTER)
        put_letter(c, (int32_t)(kind & LETTER_MASK));
    if (kind & COUNTS)
        c->after_cased = kind & CASED;
}

/* The whole --------------------------------------------------------------------------------------
 */

struct ws_bytes ws_collapse_read(struct ws_collapse *c, struct ws_bytes *raw)
{
    c->size = 0;
    while (raw->size > 0 && c->size <= WS_COLLAPSE_CHUNK - MARGIN) {
        struct ws_bytes from = *raw;
        int32_t character;
        const size_t held = c->held_size;
        if (held > 0) { /* a byte more, until they are a character */
            c->held[held] = raw->data[0];
            from = ws_bytes_of(c->held, held + 1);
        }
        size_t size = ws_utf8_decode(from, true, &character);
        if (size == 0) {
            memcpy(c->held, from.data, from.size);
            c->held_size = from.size;
            size = from.size;
        } else {
            c->held_size = 0;
            take_character(c, character);
        }
        raw->data += size - held;
        raw->size -= size - held;
    }
    return ws_bytes_of(c->text, c->size);
}

struct ws_bytes ws_collapse_end(struct ws_collapse *c)
{
    c->size = 0;
    if (c->held_size > 0)
        take_character(c, -1);
    end_sigma(c, true);
    end_cluster(c);
    begin_text(c);
    return ws_bytes_of(c->text, c->size);
}
