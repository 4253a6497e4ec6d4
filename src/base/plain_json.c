#include "base/plain_json.h"

#include <string.h>

enum { DIGITS = 18 }; /* every number of so many is below 2^63 */

bool ws_plain_json_is_next(struct ws_bytes left, const char *text)
{
    const size_t size = strlen(text);
    return left.size >= size && memcmp(left.data, text, size) == 0;
}

bool ws_plain_json_take(struct ws_bytes *left, const char *text)
{
    if (!ws_plain_json_is_next(*left, text))
        return false;
    const size_t size = strlen(text);
    *left = ws_bytes_of(left->data + size, left->size - size);
    return true;
}

bool ws_plain_json_text(struct ws_bytes *left, const char *before, struct ws_bytes *out)
{
    if (!ws_plain_json_take(left, before) || !ws_bytes_split(*left, '"', out, left))
        return false;
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] < ' ' || out->data[i] > '~' || out->data[i] == '\\')
            return false;
    return true;
}

bool ws_plain_json_whole(struct ws_bytes *left, const char *before, uint64_t *out)
{
    size_t count = 0;
    if (!ws_plain_json_take(left, before))
        return false;
    for (*out = 0; count < left->size && left->data[count] >= '0' && left->data[count] <= '9';
         count++) {
        if (count == DIGITS)
            return false;
        *out = 10 * *out + (uint64_t)(left->data[count] - '0');
    }
    const bool leads_with_zero = count > 1 && left->data[0] == '0';
    *left = ws_bytes_of(left->data + count, left->size - count);
    return count > 0 && !leads_with_zero;
}
