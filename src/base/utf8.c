#include "base/utf8.h"

/* The smallest character that needs a sequence of this size. */
static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t size_from_first(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC0 || first >= 0xF8)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

size_t ws_utf8_decode(const uint8_t *bytes, size_t size, uint32_t *code)
{
    size_t needed = size > 0 ? size_from_first(bytes[0]) : 0;
    if (needed == 0 || needed > size)
        return 0;
    uint32_t value = needed == 1 ? bytes[0] : bytes[0] & (0x7FU >> needed);
    for (size_t i = 1; i < needed; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3FU);
    }
    if (value < least[needed] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *code = value;
    return needed;
}

size_t ws_utf8_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < least[3] ? 2 : code < least[4] ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)((0xF00 >> size & 0xFF) | code);
    return size;
}
