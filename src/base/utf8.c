#include "base/utf8.h"

#include <utf8proc.h>

/* How many bytes U+FFFD stands for. */
static size_t broken_size(struct ws_bytes text)
{
    uint8_t first = text.data[0];
    size_t most = first >= 0xF0 && first <= 0xF4 ? 3 : first >= 0xE0 && first <= 0xEF ? 2 : 1;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    size_t size = 1;
    for (; size < most && size < text.size; size++) {
        if (text.data[size] < low || text.data[size] > high)
            break;
        low = 0x80;
        high = 0xBF;
    }
    return size;
}

void ws_utf8_repair(struct ws_bytes text, struct ws_buffer *out)
{
    while (text.size > 0) {
        utf8proc_int32_t character;
        utf8proc_ssize_t good = utf8proc_iterate(
            text.data, (utf8proc_ssize_t)(text.size < 4 ? text.size : 4), &character);
        size_t size = good > 0 ? (size_t)good : broken_size(text);
        if (good > 0)
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
        utf8proc_int32_t character;
        utf8proc_ssize_t size = utf8proc_iterate(
            text.data, (utf8proc_ssize_t)(text.size < 4 ? text.size : 4), &character);
        if (size <= 0 || !fine(character))
            return false;
        text = ws_bytes_of(text.data + size, text.size - (size_t)size);
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
