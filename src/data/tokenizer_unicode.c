/*
 * What the tokenizer knows of characters. utf8proc knows most of it; the tables here make up for
 * the difference between its Unicode (15 in Debian 12) and those of the library that defines the
 * ids: 16 for classes, 9 for NFC.
 */
#include <string.h>
#include <utf8proc.h>

#include "data/tokenizer_internal.h"

struct range {
    int32_t first, last;
};

/* clang-format off */
/* Letters that came with Unicode 15.1 and 16. */
static const struct range new_letters[] = {
    {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3},
    {0x10D4A, 0x10D65}, {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389},
    {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113B7},
    {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0}, {0x13460, 0x143FA},
    {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
    {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D},
};

static const struct range new_numbers[] = {
    {0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9}, {0x16130, 0x16139},
    {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9}, {0x1E5F1, 0x1E5FA},
};

/* Of Unicode 17: Digits takes them for numbers, GPT-2's regular expression does not. */
static const struct range newest_numbers[] = {
    {0x11DE0, 0x11DE9}, {0x16FF4, 0x16FF6},
};

/* Marks that came with Unicode 15.1 and 16. */
static const struct range new_marks[] = {
    {0x0897, 0x0897},   {0x10D69, 0x10D6D}, {0x10EFC, 0x10EFC}, {0x113B8, 0x113C0},
    {0x113C2, 0x113C2}, {0x113C5, 0x113C5}, {0x113C7, 0x113CA}, {0x113CC, 0x113D0},
    {0x113D2, 0x113D2}, {0x113E1, 0x113E2}, {0x11F5A, 0x11F5A}, {0x1611E, 0x1612F},
    {0x1E5EE, 0x1E5EF},
};

/* Letters to \w though they are symbols: circled and squared ones. */
static const struct range letter_symbols[] = {
    {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
};

/* Marks that came after Unicode 9: its NFC neither moves nor joins them. */
static const struct range inert_marks[] = {
    {0x07FD, 0x07FD},   {0x0898, 0x089F},   {0x08CA, 0x08D3},   {0x09FE, 0x09FE},
    {0x0C3C, 0x0C3C},   {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},   {0x1715, 0x1715},
    {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x10D24, 0x10D27},
    {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1},
    {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF},
    {0x1E4EC, 0x1E4EF},
};
/* clang-format on */

static bool among(const struct range *ranges, size_t count, int32_t character)
{
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < character)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ranges[low].first <= character;
}

#define AMONG(ranges, character) among((ranges), sizeof(ranges) / sizeof *(ranges), (character))

enum ws_char_class ws_char_class(int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return WS_CHAR_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return WS_CHAR_NUMBER;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return WS_CHAR_SPACE;
    case UTF8PROC_CATEGORY_CC:
        return (character >= '\t' && character <= '\r') || character == 0x85 ? WS_CHAR_SPACE
                                                                             : WS_CHAR_OTHER;
    case UTF8PROC_CATEGORY_CN:
        return AMONG(new_letters, character)   ? WS_CHAR_LETTER
               : AMONG(new_numbers, character) ? WS_CHAR_NUMBER
                                               : WS_CHAR_OTHER;
    default:
        return WS_CHAR_OTHER;
    }
}

bool ws_char_is_numeric(int32_t character)
{
    return ws_char_class(character) == WS_CHAR_NUMBER || AMONG(newest_numbers, character);
}

bool ws_char_is_word(int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    case UTF8PROC_CATEGORY_CF:
        return character == 0x200C || character == 0x200D; /* the joiners */
    case UTF8PROC_CATEGORY_SO:
        return AMONG(letter_symbols, character);
    case UTF8PROC_CATEGORY_CN:
        return AMONG(new_letters, character) || AMONG(new_numbers, character) ||
               AMONG(new_marks, character);
    default:
        return ws_char_class(character) == WS_CHAR_LETTER;
    }
}

size_t ws_char_at(struct ws_bytes text, int32_t *out)
{
    if (text.data[0] < 0x80) {
        *out = text.data[0];
        return 1;
    }
    size_t most = text.size < 4 ? text.size : 4;
    utf8proc_int32_t character;
    utf8proc_ssize_t size = utf8proc_iterate(text.data, (utf8proc_ssize_t)most, &character);
    *out = size > 0 ? character : -1;
    return size > 0 ? (size_t)size : 1;
}

size_t ws_char_before(struct ws_bytes text, int32_t *out)
{
    size_t most = text.size < 4 ? text.size : 4;
    for (size_t size = 1; size <= most; size++) {
        const uint8_t *start = text.data + text.size - size;
        if ((*start & 0xC0) == 0x80) /* the middle of a character */
            continue;
        if (ws_char_at(ws_bytes_of(start, size), out) == size)
            return size;
        break;
    }
    *out = -1;
    return 1;
}

/* NFC ------------------------------------------------------------------------------------------ */

/* Nothing before an ASCII character ever joins it, so a text is normalised in runs of an ASCII
 * character and what follows it up to the next. */

static unsigned combining_class(int32_t character)
{
    return (unsigned)utf8proc_get_property(character)->combining_class;
}

/* Marks in the order of their classes, those of one class as they came: a sort by counting,
 * because a text may be nothing but marks. */
static bool order_marks(int32_t *marks, size_t count, struct ws_buffer *scratch)
{
    size_t starts[257] = {0};
    bool ordered = true;
    for (size_t i = 0; i < count; i++) {
        starts[combining_class(marks[i]) + 1]++;
        if (i > 0 && combining_class(marks[i]) < combining_class(marks[i - 1]))
            ordered = false;
    }
    if (ordered)
        return true;
    ws_buffer_reset(scratch);
    int32_t *sorted = ws_buffer_extend(scratch, count * sizeof *sorted);
    if (!sorted)
        return false;
    for (int i = 0; i < 256; i++)
        starts[i + 1] += starts[i];
    for (size_t i = 0; i < count; i++)
        sorted[starts[combining_class(marks[i])]++] = marks[i];
    memcpy(marks, sorted, count * sizeof *marks);
    return true;
}

/* Canonical order (the Unicode Standard, D109). */
static bool order_all_marks(int32_t *characters, size_t count, struct ws_buffer *scratch)
{
    for (size_t i = 0; i < count;) {
        size_t start = i;
        while (i < count && combining_class(characters[i]) != 0)
            i++;
        if (i - start > 1 && !order_marks(characters + start, i - start, scratch))
            return false;
        if (i == start)
            i++;
    }
    return true;
}

static void append_character(int32_t character, struct ws_buffer *out)
{
    uint8_t bytes[4];
    ws_buffer_append(out, bytes, (size_t)utf8proc_encode_char(character, bytes));
}

/* Puts the decomposed characters together again and empties their buffer. */
static bool compose(struct ws_buffer *decomposed, struct ws_buffer *scratch, struct ws_buffer *out)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    if (decomposed->status != WS_OK)
        return false;
    if (decomposed->size == 0)
        return true;
    int32_t *characters = (int32_t *)(void *)decomposed->data;
    size_t count = decomposed->size / sizeof *characters;
    if (!order_all_marks(characters, count, scratch))
        return false;
    utf8proc_ssize_t left = utf8proc_normalize_utf32(characters, (utf8proc_ssize_t)count, options);
    for (utf8proc_ssize_t i = 0; i < left; i++)
        append_character(characters[i], out);
    ws_buffer_reset(decomposed);
    return true;
}

static void decompose(int32_t character, struct ws_buffer *out)
{
    enum { MOST = 8 }; /* no canonical decomposition is longer than 4 */
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_int32_t parts[MOST];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(character, parts, MOST, options, &boundary);
    ws_buffer_append(out, parts, (size_t)count * sizeof *parts);
}

static bool normalize_run(struct ws_bytes run, struct ws_buffer *decomposed,
                          struct ws_buffer *scratch, struct ws_buffer *out)
{
    for (size_t at = 0; at < run.size;) {
        int32_t character;
        size_t size = ws_char_at(ws_bytes_of(run.data + at, run.size - at), &character);
        if (character < 0 || AMONG(inert_marks, character)) {
            if (!compose(decomposed, scratch, out))
                return false;
            ws_buffer_append(out, run.data + at, size);
        } else {
            decompose(character, decomposed);
        }
        at += size;
    }
    return compose(decomposed, scratch, out);
}

static bool normalize(struct ws_bytes text, struct ws_buffer *decomposed, struct ws_buffer *scratch,
                      struct ws_buffer *out)
{
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        while (at < text.size && text.data[at] < 0x80)
            at++;
        size_t plain = at < text.size && at > start ? at - 1 : at; /* its last may be joined */
        ws_buffer_append(out, text.data + start, plain - start);
        while (at < text.size && text.data[at] >= 0x80)
            at++;
        if (!normalize_run(ws_bytes_of(text.data + plain, at - plain), decomposed, scratch, out))
            return false;
    }
    return out->status == WS_OK;
}

enum ws_status ws_normalize(struct ws_bytes text, struct ws_buffer *out, struct ws_error *err)
{
    struct ws_buffer decomposed, scratch;
    ws_buffer_init(&decomposed, out->allocator, SIZE_MAX);
    ws_buffer_init(&scratch, out->allocator, SIZE_MAX);
    bool done = normalize(text, &decomposed, &scratch, out);
    ws_buffer_release(&decomposed);
    ws_buffer_release(&scratch);
    return done ? WS_OK : ws_fail_memory(err, "the normalised text");
}

/* The byte alphabet ---------------------------------------------------------------------------- */

/* Bytes that spell themselves lie in 33..126, 161..172 and 174..255; the others are numbered from
 * U+0100 in their order. */
enum { FIRST_SPELT = 0x100, DELETE = 127, SOFT_HYPHEN = 173, BELOW_PRINTABLE = 33 };

int ws_alphabet_byte(int32_t character)
{
    if (character < 0 || character >= WS_ALPHABET_END)
        return -1;
    if (character < FIRST_SPELT) {
        bool spelt = character < BELOW_PRINTABLE || character == SOFT_HYPHEN ||
                     (character >= DELETE && character <= 160);
        return spelt ? -1 : character;
    }
    int number = character - FIRST_SPELT;
    if (number == WS_ALPHABET_END - FIRST_SPELT - 1)
        return SOFT_HYPHEN;
    return number < BELOW_PRINTABLE ? number : DELETE + number - BELOW_PRINTABLE;
}

static int32_t spell(uint8_t byte)
{
    if (byte < BELOW_PRINTABLE)
        return FIRST_SPELT + byte;
    if (byte >= DELETE && byte <= 160)
        return FIRST_SPELT + BELOW_PRINTABLE + (byte - DELETE);
    return byte == SOFT_HYPHEN ? WS_ALPHABET_END - 1 : byte;
}

void ws_alphabet_spell(struct ws_bytes bytes, struct ws_buffer *out)
{
    for (size_t i = 0; i < bytes.size; i++)
        append_character(spell(bytes.data[i]), out);
}

bool ws_alphabet_read(struct ws_bytes text, uint8_t *out, size_t *size)
{
    *size = 0;
    while (text.size > 0) {
        int32_t character;
        size_t step = ws_char_at(text, &character);
        int byte = ws_alphabet_byte(character);
        if (byte < 0)
            return false;
        out[(*size)++] = (uint8_t)byte;
        text = ws_bytes_of(text.data + step, text.size - step);
    }
    return true;
}
