#include "data/text.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text_set.h"

enum {
    DOTTED_CAPITAL_I = 0x130,
    CAPITAL_SIGMA = 0x3A3,
    FINAL_SIGMA = 0x3C2,
};

struct tokenizer {
    const char *name;
    struct ws_text_set words;
    struct ws_buffer word; /* the one being read */
    struct ws_buffer ids;  /* uint32_t: the text so far */
    uint8_t fold[128];     /* ASCII: the lower-case word character, or 0 */
    struct ws_error *err;
};

/* Ends the word that is being read, if there is one. */
static enum ws_status end_word(struct tokenizer *t)
{
    WS_TRY(ws_buffer_check(&t->word, "a word", t->err));
    if (t->word.size == 0)
        return WS_OK;
    uint32_t id = 0;
    enum ws_status status = ws_text_set_add(&t->words, t->word.data, t->word.size, &id, t->err);
    if (status == WS_LIMIT)
        ws_error_prefix(t->err, "'%s'", t->name);
    WS_TRY(status);
    ws_buffer_append(&t->ids, &id, sizeof id);
    ws_buffer_reset(&t->word);
    return ws_buffer_check(&t->ids, "tokens", t->err);
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

static enum ws_status put_character(struct tokenizer *t, int32_t c)
{
    if (!is_word_character(c))
        return end_word(t);
    uint8_t bytes[4];
    ws_buffer_append(&t->word, bytes, (size_t)utf8proc_encode_char(c, bytes));
    return WS_OK;
}

/* The run of ASCII word characters at `at`, lower-cased into the word; returns its end. */
static size_t put_ascii_run(struct tokenizer *t, struct ws_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] < 128 && t->fold[text.data[end]])
        end++;
    char *room = ws_buffer_extend(&t->word, end - at);
    for (size_t i = at; room && i < end; i++)
        *room++ = (char)t->fold[text.data[i]];
    return end;
}

static enum ws_status put_beyond_ascii(struct tokenizer *t, struct ws_bytes text, size_t at,
                                       size_t *size)
{
    int32_t c = 0;
    if (!decode(text, at, &c, size))
        return ws_fail(t->err, WS_UNSUPPORTED,
                       "'%s' is binary: byte 0x%02x at offset %zu is not UTF-8 text", t->name,
                       text.data[at], at);
    if (c == CAPITAL_SIGMA && is_final_sigma(text, at, at + *size))
        return put_character(t, FINAL_SIGMA);
    if (c == DOTTED_CAPITAL_I) { /* becomes i and a combining dot, which is no word character */
        ws_buffer_u8(&t->word, 'i');
        return end_word(t);
    }
    return put_character(t, utf8proc_tolower(c));
}

static enum ws_status scan(struct tokenizer *t, struct ws_bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = text.data[at];
        size_t size = 1;
        if (byte >= 128 || byte == 0) {
            WS_TRY(put_beyond_ascii(t, text, at, &size));
        } else if (t->fold[byte]) {
            size = put_ascii_run(t, text, at) - at;
        } else {
            WS_TRY(end_word(t));
        }
        at += size;
    }
    return end_word(t);
}

/* The ids of all texts and the vocabulary, once for all. */
static enum ws_status finish(struct tokenizer *t, struct ws_arena *arena, size_t count,
                             struct ws_tokens *out)
{
    const struct ws_text_set *set = &t->words;
    const char **words = WS_ARENA_NEW(arena, const char *, set->count);
    const char *letters = ws_arena_copy(arena, set->letters.data, set->letters.size);
    const uint32_t *ids = ws_arena_copy(arena, t->ids.data, t->ids.size);
    if (!words || !letters || !ids)
        return ws_fail_memory(t->err, "tokens");
    for (uint32_t i = 0; i < set->count; i++)
        words[i] = letters + (ws_text_set_at(set, i) - set->letters.data);
    for (size_t i = 0; i < count; i++) {
        out[i].ids = ids;
        out[i].vocabulary = (struct ws_vocabulary){set->count, words};
        ids += out[i].count;
    }
    return WS_OK;
}

static void init_tokenizer(struct tokenizer *t, const struct ws_allocator *allocator,
                           struct ws_error *err)
{
    *t = (struct tokenizer){.err = err};
    ws_text_set_init(&t->words, allocator);
    ws_buffer_init(&t->word, allocator, SIZE_MAX);
    ws_buffer_init(&t->ids, allocator, SIZE_MAX);
    for (int c = '0'; c <= '9'; c++)
        t->fold[c] = (uint8_t)c;
    for (int c = 'a'; c <= 'z'; c++)
        t->fold[c] = t->fold[c - 'a' + 'A'] = (uint8_t)c;
    t->fold['_'] = '_';
}

static void release_tokenizer(struct tokenizer *t)
{
    ws_buffer_release(&t->ids);
    ws_buffer_release(&t->word);
    ws_text_set_release(&t->words);
}

/* out[i].count, and the ids of all texts one after another in the tokenizer. */
static enum ws_status scan_texts(struct tokenizer *t, const struct ws_text *texts, size_t count,
                                 struct ws_tokens *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t before = t->ids.size / sizeof(uint32_t);
        t->name = texts[i].name;
        WS_TRY(scan(t, texts[i].bytes));
        out[i].count = t->ids.size / sizeof(uint32_t) - before;
        if (out[i].count == 0)
            return ws_fail(t->err, WS_UNSUPPORTED, "'%s' has no word in it", t->name);
    }
    return WS_OK;
}

static enum ws_status tokens_of_words(const struct ws_text *texts, size_t count,
                                      struct ws_arena *arena, struct ws_tokens *out,
                                      struct ws_error *err)
{
    struct tokenizer tokenizer;
    init_tokenizer(&tokenizer, arena->allocator, err);
    enum ws_status status = scan_texts(&tokenizer, texts, count, out);
    if (status == WS_OK)
        status = finish(&tokenizer, arena, count, out);
    release_tokenizer(&tokenizer);
    return status;
}

static enum ws_status tokens_of_bytes(const struct ws_text *text, struct ws_arena *arena,
                                      struct ws_tokens *out, struct ws_error *err)
{
    struct ws_bytes bytes = text->bytes;
    if (bytes.size == 0)
        return ws_fail(err, WS_UNSUPPORTED, "'%s' has no byte in it", text->name);
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, bytes.size);
    if (!ids)
        return ws_fail_memory(err, "tokens");
    for (size_t i = 0; i < bytes.size; i++)
        ids[i] = bytes.data[i];
    *out = (struct ws_tokens){ids, bytes.size, {256, NULL}};
    return WS_OK;
}

enum ws_status ws_text_tokens(const struct ws_text *texts, size_t count, enum ws_text_unit unit,
                              struct ws_arena *arena, struct ws_tokens *out, struct ws_error *err)
{
    if (unit == WS_TEXT_WORDS)
        return tokens_of_words(texts, count, arena, out, err);
    for (size_t i = 0; i < count; i++)
        WS_TRY(tokens_of_bytes(&texts[i], arena, &out[i], err));
    return WS_OK;
}
