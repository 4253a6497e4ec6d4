/*
 * Cutting text into words: GPT-2's regular expression by hand, and Digits.
 */
#include <string.h>

#include "data/tokenizer_internal.h"

/* enum ws_char_class of ASCII. */
static const uint8_t ascii[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 0, 0, /* \0 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* blank */
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, /* 0 */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* @ */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, /* P */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* ` */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, /* p */
};

static struct ws_bytes behind(struct ws_bytes text, size_t at)
{
    return ws_bytes_of(text.data + at, text.size - at);
}

static unsigned class_at(struct ws_bytes text, size_t at, size_t *size)
{
    if (text.data[at] < 0x80) {
        *size = 1;
        return ascii[text.data[at]];
    }
    int32_t character;
    *size = ws_char_at(behind(text, at), &character);
    return ws_char_class(character);
}

/* Where the characters of `class` that begin at `at` end. */
static size_t run_end(struct ws_bytes text, size_t at, unsigned class)
{
    size_t size = 0;
    while (at < text.size && class_at(text, at, &size) == class)
        at += size;
    return at;
}

/* 's 't 're 've 'm 'll 'd */
static size_t contraction(struct ws_bytes text)
{
    if (text.size < 2)
        return 0;
    switch (text.data[1]) {
    case 's':
    case 't':
    case 'm':
    case 'd':
        return 2;
    case 'r':
    case 'v':
        return text.size > 2 && text.data[2] == 'e' ? 3 : 0;
    case 'l':
        return text.size > 2 && text.data[2] == 'l' ? 3 : 0;
    default:
        return 0;
    }
}

/* White space up to its last character, which goes with what follows; all of it when there is only
 * one character or nothing follows. */
static size_t white_space(struct ws_bytes text)
{
    size_t end = 0, last = 0, size = 0;
    while (end < text.size && class_at(text, end, &size) == WS_CHAR_SPACE) {
        last = end;
        end += size;
    }
    return end == text.size || last == 0 ? end : last;
}

static size_t word(struct ws_bytes text)
{
    size_t start = 0, size = 0;
    if (text.data[0] == '\'') {
        size = contraction(text);
        if (size > 0)
            return size;
    } else if (text.data[0] == ' ' && text.size > 1) {
        start = 1;
    }
    unsigned class = class_at(text, start, &size);
    return class == WS_CHAR_SPACE ? white_space(text) : run_end(text, start + size, class);
}

static bool digit_at(struct ws_bytes text, size_t at, size_t *size)
{
    if (text.data[at] < 0x80) {
        *size = 1;
        return ascii[text.data[at]] == WS_CHAR_NUMBER;
    }
    int32_t character;
    *size = ws_char_at(behind(text, at), &character);
    return ws_char_is_numeric(character);
}

static size_t digits(struct ws_bytes text, bool each)
{
    size_t size = 0;
    bool first = digit_at(text, 0, &size);
    size_t end = size;
    if (first && each)
        return end;
    while (end < text.size && digit_at(text, end, &size) == first)
        end += size;
    return end;
}

size_t ws_split_piece(enum ws_split_step step, struct ws_bytes text)
{
    switch (step) {
    case WS_SPLIT_WORDS:
        return word(text);
    case WS_SPLIT_DIGITS:
        return digits(text, false);
    case WS_SPLIT_EACH_DIGIT:
        return digits(text, true);
    case WS_SPLIT_PREFIX_SPACE:
        break;
    }
    return text.size;
}
