#include "base/utf8.h"

#include <utf8proc.h>

/* What may follow a first byte: so many bytes, the first of them from `low` to `high`. */
struct tail {
    uint8_t size, low, high;
};

static struct tail tail_of(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF)
        return (struct tail){1, 0x80, 0xBF};
    if (first >= 0xE0 && first <= 0xEF)
        return (struct tail){2, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF};
    if (first >= 0xF0 && first <= 0xF4)
        return (struct tail){3, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF};
    return (struct tail){0};
}

size_t ws_utf8_decode(struct ws_bytes text, bool more, int32_t *out)
{
    const uint8_t first = text.data[0];
    if (first < 0x80) {
        *out = first;
        return 1;
    }
    struct tail tail = tail_of(first);
    int32_t character = first & (0x3F >> tail.size);
    size_t size = 1;
    for (; size <= tail.size && size < text.size; size++) {
        uint8_t byte = text.data[size];
        if (byte < tail.low || byte > tail.high)
            break;
        character = character << 6 | (byte & 0x3F);
        tail.low = 0x80;
        tail.high = 0xBF;
    }
    bool whole = tail.size > 0 && size > tail.size;
    *out = whole ? character : -1;
    return !whole && more && size <= tail.size && size == text.size ? 0 : size;
}

size_t ws_utf8_encode(int32_t character, uint8_t out[4])
{
    return (size_t)utf8proc_encode_char(character, out);
}

void ws_utf8_repair(struct ws_bytes text, struct ws_buffer *out)
{
    while (text.size > 0) {
        int32_t character;
        size_t size = ws_utf8_decode(text, false, &character);
        if (character >= 0)
            ws_buffer_append(out, text.data, size);
        else
            ws_buffer_text(out, "\xEF\xBF\xBD");
        text = ws_bytes_of(text.data + size, text.size - size);
    }
}

/* Whether `text` is UTF-8 and each of its characters is `fine`. */
static bool holds(struct ws_bytes text, bool (*fine)(utf8proc_int32_t character))
{
    while (text.size > 0) {
        int32_t character;
        size_t size = ws_utf8_decode(text, false, &character);
        if (character < 0 || !fine(character))
            return false;
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    return true;
}

static bool stands_in_line(utf8proc_int32_t character)
{
    return character >= 0x20 || character == '\n';
}

/* White space is what separates, and the controls U+0009 to U+000D and U+0085. */
static bool stands_in_word(utf8proc_int32_t character)
{
    utf8proc_category_t category = utf8proc_category(character);
    return character > 0x20 && character != 0x85 && category != UTF8PROC_CATEGORY_ZS &&
           category != UTF8PROC_CATEGORY_ZL && category != UTF8PROC_CATEGORY_ZP;
}

bool ws_utf8_is_lines(struct ws_bytes text)
{
    return holds(text, stands_in_line);
}

bool ws_utf8_is_word(struct ws_bytes text)
{
    return holds(text, stands_in_word);
}
