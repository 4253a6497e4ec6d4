#include "data/text.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

enum {
    DOTTED_CAPITAL_I = 0x130,
    CAPITAL_SIGMA = 0x3A3,
    FINAL_SIGMA = 0x3C2,
};

/* A text while it is cut into words. */
struct cutting {
    struct ws_words *words;
    const struct ws_text *text;
    struct ws_buffer *ids; /* uint32_t */
    struct ws_error *err;
};

/* Ends the word that is being read, if there is one. */
static enum ws_status end_word(const struct cutting *c)
{
    struct ws_buffer *word = &c->words->word;
    WS_TRY(ws_buffer_check(word, "a word", c->err));
    if (word->size == 0)
        return WS_OK;
    uint32_t id = 0;
    enum ws_status status = ws_text_set_add(&c->words->set, word->data, word->size, &id, c->err);
    if (status == WS_LIMIT)
        ws_error_prefix(c->err, "'%s'", c->text->name);
    WS_TRY(status);
    ws_buffer_append(c->ids, &id, sizeof id);
    ws_buffer_reset(word);
    return ws_buffer_check(c->ids, "tokens", c->err);
}

static bool is_word_character(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return c == '_';
    }
}

/* Unicode's Cased and Case_Ignorable (The Unicode Standard, 3.13), from what the library knows. */
static bool is_cased(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
           category == UTF8PROC_CATEGORY_LT || utf8proc_tolower(c) != c || utf8proc_toupper(c) != c;
}

static bool is_case_ignorable(int32_t c)
{
    static const int32_t inside_words[] = {'\'',   '.',    ':',    0xB7,   0x387,  0x55F,
                                           0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                           0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
    for (size_t i = 0; i < sizeof inside_words / sizeof *inside_words; i++)
        if (c == inside_words[i])
            return true;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return false;
    }
}

/* One code point at `at`; false when it is not valid UTF-8 or is zero. */
static bool decode(struct ws_bytes text, size_t at, int32_t *c, size_t *size)
{
    size_t left = text.size - at;
    utf8proc_ssize_t used = utf8proc_iterate(text.data + at, left < 4 ? (int)left : 4, c);
    if (used < 1 || *c == 0)
        return false;
    *size = (size_t)used;
    return true;
}

/* Whether the sigma in bytes [begin, end) ends a word: a cased letter comes before and none after,
 * case-ignorable characters left aside (The Unicode Standard, table 3-17, Final_Sigma). */
static bool is_final_sigma(struct ws_bytes text, size_t begin, size_t end)
{
    int32_t c = 0;
    size_t size;
    bool cased = false;
    while (begin > 0) {
        do /* what came before was valid */
            begin--;
        while ((text.data[begin] & 0xC0) == 0x80);
        if (!decode(text, begin, &c, &size))
            return false;
        cased = is_cased(c);
        if (!is_case_ignorable(c))
            break;
        cased = false;
    }
    if (!cased)
        return false;
    for (; end < text.size && decode(text, end, &c, &size); end += size)
        if (!is_case_ignorable(c))
            return !is_cased(c);
    return true;
}

static enum ws_status put_character(const struct cutting *c, int32_t character)
{
    if (!is_word_character(character))
        return end_word(c);
    uint8_t bytes[4];
    ws_buffer_append(&c->words->word, bytes, (size_t)utf8proc_encode_char(character, bytes));
    return WS_OK;
}

/* The run of ASCII word characters at `at`, lower-cased into the word; returns its end. */
static size_t put_ascii_run(struct ws_words *words, struct ws_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] < 128 && words->fold[text.data[end]])
        end++;
    char *room = ws_buffer_extend(&words->word, end - at);
    for (size_t i = at; room && i < end; i++)
        *room++ = (char)words->fold[text.data[i]];
    return end;
}

static enum ws_status put_beyond_ascii(const struct cutting *c, size_t at, size_t *size)
{
    struct ws_bytes text = c->text->bytes;
    int32_t character = 0;
    if (!decode(text, at, &character, size))
        return ws_fail(c->err, WS_UNSUPPORTED,
                       "'%s' is binary: byte 0x%02x at offset %zu is not UTF-8 text", c->text->name,
                       text.data[at], c->text->offset + at);
    if (character == CAPITAL_SIGMA && is_final_sigma(text, at, at + *size))
        return put_character(c, FINAL_SIGMA);
    if (character == DOTTED_CAPITAL_I) { /* i and a combining dot, which is no word character */
        ws_buffer_u8(&c->words->word, 'i');
        return end_word(c);
    }
    return put_character(c, utf8proc_tolower(character));
}

enum ws_status ws_words_encode(struct ws_words *words, const struct ws_text *text,
                               struct ws_buffer *ids, struct ws_error *err)
{
    const struct cutting cutting = {words, text, ids, err};
    struct ws_bytes bytes = text->bytes;
    ws_buffer_reset(&words->word);
    for (size_t at = 0; at < bytes.size;) {
        uint8_t byte = bytes.data[at];
        size_t size = 1;
        if (byte >= 128 || byte == 0) {
            WS_TRY(put_beyond_ascii(&cutting, at, &size));
        } else if (words->fold[byte]) {
            size = put_ascii_run(words, bytes, at) - at;
        } else {
            WS_TRY(end_word(&cutting));
        }
        at += size;
    }
    return end_word(&cutting);
}

/* Behind white space: it ends words, and is_final_sigma looks no further than to it. */
size_t ws_words_cut(struct ws_bytes text)
{
    size_t size = text.size;
    while (size > 0 && text.data[size - 1] != ' ' && text.data[size - 1] != '\n')
        size--;
    return size;
}

enum ws_status ws_words_vocabulary(const struct ws_words *words, struct ws_arena *arena,
                                   struct ws_vocabulary *out, struct ws_error *err)
{
    const struct ws_text_set *set = &words->set;
    const char **texts = WS_ARENA_NEW(arena, const char *, set->count);
    const char *letters = ws_arena_copy(arena, set->letters.data, set->letters.size);
    if (!texts || !letters)
        return ws_fail_memory(err, "a vocabulary");
    for (uint32_t i = 0; i < set->count; i++)
        texts[i] = letters + (ws_text_set_at(set, i) - set->letters.data);
    *out = (struct ws_vocabulary){set->count, texts};
    return WS_OK;
}

void ws_words_init(struct ws_words *words, const struct ws_allocator *allocator)
{
    *words = (struct ws_words){.fold = {['_'] = '_'}};
    ws_text_set_init(&words->set, allocator);
    ws_buffer_init(&words->word, allocator, SIZE_MAX);
    for (int c = '0'; c <= '9'; c++)
        words->fold[c] = (uint8_t)c;
    for (int c = 'a'; c <= 'z'; c++)
        words->fold[c] = words->fold[c - 'a' + 'A'] = (uint8_t)c;
}

void ws_words_release(struct ws_words *words)
{
    ws_buffer_release(&words->word);
    ws_text_set_release(&words->set);
}
