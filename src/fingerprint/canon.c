#include "fingerprint/canon.h"

#include <string.h>

#include "base/utf8.h"
#include "fingerprint/cluster.h"
#include "fingerprint/unicode.h"

enum {
    ASCII_BLOCK = 64,
    /* The most bytes that one raw code point gives: the parts of its decomposition, each after a
     * cluster that it ends, or the rest of a block. */
    MARGIN = 4 * (WS_CLUSTER_MOST + WS_UNICODE_PARTS) + ASCII_BLOCK,
    SMALL_DOTLESS_I = 0x131,
    DOT_ABOVE = 0x307,
    REPLACEMENT = 0xFFFD,
    CLASS_ABOVE = 230,
};

/* What becomes of a character alone: a kind, the character for LETTER and MARK, and a mark's class,
 * in one word. */
enum kind {
    UNKNOWN, /* not looked up yet */
    DROPPED,
    SPACE,
    LETTER, /* a cluster of one character that begins here, whatever was before */
    MARK,
    JOINING, /* no mark, and may join what was before; the character itself */
    PARTS,   /* looked at part by part */
};
enum { KIND_SHIFT = 21, CLASS_SHIFT = 24, TABLE_SIZE = 1 << 16 };

static uint32_t pack(enum kind kind, int32_t character, unsigned class)
{
    return (uint32_t)character | (uint32_t)kind << KIND_SHIFT | (uint32_t) class << CLASS_SHIFT;
}

static enum kind kind_in(uint32_t packed)
{
    return (enum kind)(packed >> KIND_SHIFT & 7);
}

static int32_t character_in(uint32_t packed)
{
    return (int32_t)(packed & ((UINT32_C(1) << KIND_SHIFT) - 1));
}

struct ws_canon {
    const struct ws_allocator *allocator;
    struct ws_canon_counts counts;
    bool ended;
    uint8_t held[4]; /* the beginning of a character at the end of a piece */
    size_t held_size;
    struct ws_cluster cluster; /* that may still grow */
    bool space;                /* comes before the next cluster, when there is one before it */
    uint64_t space_begin, space_end;
    /* The chunk. */
    size_t size, run_count;
    uint64_t next_raw; /* where the last run's next piece would begin */
    uint8_t text[WS_CANON_CHUNK];
    struct ws_canon_run runs[WS_CANON_CHUNK];
    uint32_t known[TABLE_SIZE]; /* of the characters of the first plane, as they come up */
};

enum ws_status ws_canon_open(const struct ws_allocator *allocator, struct ws_canon **out,
                             struct ws_error *err)
{
    WS_TRY(ws_unicode_check(err));
    struct ws_canon *canon = ws_realloc(allocator, NULL, 0, sizeof *canon);
    if (!canon)
        return ws_fail_memory(err, "canonical text");
    memset(canon, 0, sizeof *canon);
    canon->allocator = allocator;
    ws_cluster_clear(&canon->cluster);
    *out = canon;
    return WS_OK;
}

void ws_canon_close(struct ws_canon *canon)
{
    if (canon)
        ws_free(canon->allocator, canon, sizeof *canon);
}

/* What a character becomes ----------------------------------------------------------------------
 */

/* Quotation marks become ' or ", what is written for one too; dashes become '-'. Else itself. */
static int32_t fold(int32_t character)
{
    switch (character) {
    case '`':
    case 0xB4: /* acute accent */
    case 0x1FFD:
    case 0x2B9: /* modifier letters: prime, turned comma, apostrophe, reversed comma */
    case 0x2BB:
    case 0x2BC:
    case 0x2BD:
    case 0x2018: /* single quotation marks */
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032: /* prime */
    case 0x2035: /* reversed prime */
    case 0x2039: /* single angle quotation marks */
    case 0x203A:
    case 0xFF07: /* fullwidth apostrophe */
        return '\'';
    case '\'':
        return character;
    case 0x2033: /* double prime */
    case 0x2036: /* reversed double prime */
        return '"';
    case SMALL_DOTLESS_I:
        return 'i';
    default:
        if (ws_code_among(&ws_unicode_quote, character))
            return '"';
        return ws_code_among(&ws_unicode_dash, character) ? '-' : character;
    }
}

/* Controls that are no white space, what is not drawn, and what stands for a lost character. */
static bool is_dropped(int32_t character)
{
    bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
    bool annotation = character >= 0xFFF9 && character <= 0xFFFB;
    return control || annotation || character == REPLACEMENT ||
           ws_code_among(&ws_unicode_ignorable, character);
}

/* Of a character that is a part already. */
static uint32_t look_at_part(int32_t part)
{
    const unsigned class = ws_unicode_class(part);
    if (ws_code_among(&ws_unicode_space, part))
        return pack(SPACE, part, 0);
    if (is_dropped(part))
        return pack(DROPPED, part, 0);
    if (class > 0)
        return pack(MARK, part, class);
    return pack(ws_code_among(&ws_unicode_joining, part) ? JOINING : LETTER, fold(part), 0);
}

static size_t parts_of(int32_t character, int32_t parts[WS_UNICODE_PARTS])
{
    parts[0] = fold(character);
    if (parts[0] != character)
        return 1;
    size_t count = ws_unicode_parts(character, WS_UNICODE_FOLDED, parts);
    for (size_t i = 0; i < count; i++)
        parts[i] = fold(parts[i]);
    return count;
}

static uint32_t look_at(int32_t character)
{
    int32_t parts[WS_UNICODE_PARTS];
    if (ws_code_among(&ws_unicode_space, character) || is_dropped(character))
        return look_at_part(character);
    size_t count = parts_of(character, parts);
    /* A letter whose marks are a part of it stays one, as long as no further mark comes. */
    if (count > 1 && ws_unicode_class(parts[0]) == 0)
        count = ws_unicode_compose(parts, count);
    return count == 1 ? look_at_part(parts[0]) : pack(PARTS, character, 0);
}

static uint32_t look_up(struct ws_canon *canon, int32_t character)
{
    if (character >= TABLE_SIZE)
        return look_at(character);
    uint32_t *known = &canon->known[character];
    if (*known == 0)
        *known = look_at(character);
    return *known;
}

/* Bytes that leave ------------------------------------------------------------------------------
 */

/* The bytes at the chunk's end, up to `size`, are a piece of these raw code points. */
static void end_piece(struct ws_canon *canon, size_t size, uint64_t begin, uint64_t end)
{
    const uint32_t width = (uint32_t)(size - canon->size);
    const struct ws_canon_run *last = canon->runs + canon->run_count - 1;
    if (canon->run_count == 0 || begin != canon->next_raw || width != last->width ||
        end - begin != last->cover)
        canon->runs[canon->run_count++] = (struct ws_canon_run){
            .at = canon->counts.bytes,
            .raw = begin,
            .cover = end - begin,
            .width = width,
        };
    canon->next_raw = end;
    canon->counts.bytes += width;
    canon->size = size;
}

static void put_space(struct ws_canon *canon)
{
    canon->space = false;
    if (canon->counts.bytes == 0)
        return;
    canon->text[canon->size] = ' ';
    end_piece(canon, canon->size + 1, canon->space_begin, canon->space_end);
}

/* Writes the cluster, when there is one. */
static void end_cluster(struct ws_canon *canon)
{
    struct ws_cluster *cluster = &canon->cluster;
    if (ws_cluster_is_empty(cluster))
        return;
    size_t size = canon->size;
    if (cluster->mark_count == 0) {
        size += ws_utf8_encode(cluster->starter, canon->text + size);
    } else {
        int32_t characters[WS_CLUSTER_MOST];
        size_t count = ws_cluster_compose(cluster, characters);
        for (size_t i = 0; i < count; i++)
            size += ws_utf8_encode(characters[i], canon->text + size);
    }
    end_piece(canon, size, cluster->begin, cluster->end);
    ws_cluster_clear(cluster);
}

/* Raw code points that come in -------------------------------------------------------------------
 */

static void take_space(struct ws_canon *canon, uint64_t raw)
{
    end_cluster(canon);
    if (!canon->space)
        canon->space_begin = raw;
    canon->space = true;
    canon->space_end = raw + 1;
}

static void take_letter(struct ws_canon *canon, int32_t letter, uint64_t raw)
{
    end_cluster(canon);
    if (canon->space)
        put_space(canon);
    ws_cluster_start(&canon->cluster, letter, raw, raw + 1);
}

static void take_mark(struct ws_canon *canon, int32_t mark, unsigned class, uint64_t raw)
{
    struct ws_cluster *cluster = &canon->cluster;
    if (ws_cluster_is_empty(cluster) && canon->space)
        put_space(canon);
    ws_cluster_mark(cluster, mark, class, raw, raw + 1);
}

/* The dot of an i, which says nothing: what İ becomes in lower case has one more than what I does.
 * Any other mark above takes the dot's place, and then it would say something. */
static bool is_dot_of_i(struct ws_cluster *cluster, int32_t mark)
{
    if (mark != DOT_ABOVE)
        return false;
    ws_cluster_take_apart(cluster);
    if (cluster->starter != 'i')
        return false;
    for (size_t i = 0; i < cluster->mark_count; i++)
        if (cluster->classes[i] == CLASS_ABOVE)
            return false;
    return true;
}

/* What a character alone, or a part of one, has become; none is PARTS. */
static void take_known(struct ws_canon *canon, uint32_t known, uint64_t raw)
{
    struct ws_cluster *cluster = &canon->cluster;
    const int32_t character = character_in(known);
    switch (kind_in(known)) {
    case SPACE:
        take_space(canon, raw);
        break;
    case LETTER:
        take_letter(canon, character, raw);
        break;
    case MARK:
        if (is_dot_of_i(cluster, character))
            cluster->end = raw + 1;
        else
            take_mark(canon, character, known >> CLASS_SHIFT, raw);
        break;
    case JOINING:
        if (!ws_cluster_join(cluster, character, raw + 1))
            take_letter(canon, character, raw);
        break;
    default: /* dropped */
        break;
    }
}

/* -1: a part of the text that is not UTF-8. */
static void take_character(struct ws_canon *canon, int32_t character)
{
    const uint64_t raw = canon->counts.raw_points++;
    if (character < 0 || character == REPLACEMENT) {
        canon->counts.malformed++;
        return;
    }
    const uint32_t known = look_up(canon, character);
    if (kind_in(known) != PARTS) {
        take_known(canon, known, raw);
        return;
    }
    int32_t parts[WS_UNICODE_PARTS];
    const size_t count = parts_of(character, parts);
    for (size_t i = 0; i < count; i++)
        take_known(canon, look_at_part(parts[i]), raw);
}

/* Plain text ------------------------------------------------------------------------------------
 */

/* Writes what these bytes become, and says how many at their front are ASCII that becomes one byte
 * each: no controls but white space, and no two white spaces side by side. */
static size_t fold_plain(const uint8_t in[ASCII_BLOCK], uint8_t out[ASCII_BLOCK])
{
    uint8_t space[ASCII_BLOCK + 1] = {0}, wrong[ASCII_BLOCK];
    for (size_t i = 0; i < ASCII_BLOCK; i++) {
        const uint8_t c = in[i];
        const uint8_t upper = (uint8_t)(c - 'A') < 26, white = c == ' ' || (uint8_t)(c - '\t') < 5;
        space[i + 1] = white;
        wrong[i] = (uint8_t)(c >= 0x7F) | (uint8_t)((c < ' ') & !white);
        out[i] = (uint8_t)(white ? ' ' : c == '`' ? '\'' : c + 32 * upper);
    }
    for (size_t i = 0; i < ASCII_BLOCK; i++)
        wrong[i] |= space[i] & space[i + 1];
    for (size_t i = 0; i < ASCII_BLOCK; i += 8) {
        const uint64_t eight = load64_le(wrong + i);
        if (eight != 0)
            return i + (size_t)__builtin_ctzll(eight) / 8;
    }
    return ASCII_BLOCK;
}

/* Takes plain text off the front of a block, all but its last character, which a mark may follow;
 * how many characters. What is before them is whole, for ASCII joins nothing. */
static size_t take_plain(struct ws_canon *canon, const uint8_t in[ASCII_BLOCK])
{
    uint8_t out[ASCII_BLOCK];
    if ((load64_le(in) & UINT64_C(0x8080808080808080)) != 0 || canon->space ||
        (in[0] <= ' ' && ws_cluster_is_empty(&canon->cluster)))
        return 0;
    const size_t plain = fold_plain(in, out);
    if (plain < 2)
        return 0;
    const uint64_t raw = canon->counts.raw_points, more = plain - 2;
    end_cluster(canon);
    memcpy(canon->text + canon->size, out, ASCII_BLOCK);
    end_piece(canon, canon->size + 1, raw, raw + 1); /* a run of single bytes, which goes on */
    canon->size += more;
    canon->counts.bytes += more;
    canon->next_raw += more;
    canon->counts.raw_points += plain - 1;
    return plain - 1;
}

/* The whole -------------------------------------------------------------------------------------
 */

static void skip(struct ws_bytes *bytes, size_t size)
{
    bytes->data += size;
    bytes->size -= size;
}

static void begin_chunk(struct ws_canon *canon)
{
    if (canon->ended)
        canon->counts = (struct ws_canon_counts){0};
    canon->ended = false;
    canon->size = 0;
    canon->run_count = 0;
}

static void end_chunk(const struct ws_canon *canon, struct ws_canon_chunk *out)
{
    *out = (struct ws_canon_chunk){
        .text = ws_bytes_of(canon->text, canon->size),
        .runs = canon->runs,
        .run_count = canon->run_count,
    };
}

/* Completes the character that the last piece began; false when `raw` ran out before. */
static bool take_held(struct ws_canon *canon, struct ws_bytes *raw)
{
    while (canon->held_size > 0) {
        if (raw->size == 0)
            return false;
        int32_t character;
        canon->held[canon->held_size] = raw->data[0];
        const size_t size =
            ws_utf8_decode(ws_bytes_of(canon->held, canon->held_size + 1), true, &character);
        if (size == 0 || size > canon->held_size)
            skip(raw, 1);
        canon->held_size = size == 0 ? canon->held_size + 1 : 0;
        if (size > 0)
            take_character(canon, character);
    }
    return true;
}

/* The character at the front of `raw`, or what there is of it; how many bytes. */
static size_t take_first(struct ws_canon *canon, struct ws_bytes raw)
{
    int32_t character;
    const size_t size = ws_utf8_decode(raw, true, &character);
    if (size > 0) {
        take_character(canon, character);
        return size;
    }
    memcpy(canon->held, raw.data, raw.size);
    canon->held_size = raw.size;
    return raw.size;
}

void ws_canon_read(struct ws_canon *canon, struct ws_bytes *raw, struct ws_canon_chunk *out)
{
    begin_chunk(canon);
    const size_t before = raw->size;
    bool go_on = take_held(canon, raw);
    while (go_on && raw->size > 0 && canon->size <= WS_CANON_CHUNK - MARGIN) {
        size_t size = raw->size >= ASCII_BLOCK ? take_plain(canon, raw->data) : 0;
        if (size == 0)
            size = take_first(canon, *raw);
        skip(raw, size);
    }
    canon->counts.raw_bytes += before - raw->size;
    end_chunk(canon, out);
}

void ws_canon_end(struct ws_canon *canon, struct ws_canon_chunk *out)
{
    begin_chunk(canon);
    if (canon->held_size > 0)
        take_character(canon, -1);
    canon->held_size = 0;
    end_cluster(canon);
    canon->space = false;
    canon->ended = true;
    end_chunk(canon, out);
}

void ws_canon_count(const struct ws_canon *canon, struct ws_canon_counts *out)
{
    *out = canon->counts;
}
