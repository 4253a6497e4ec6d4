#include "fingerprint/unicode.h"

#include <stdlib.h>
#include <utf8proc.h>

bool ws_code_among(const struct ws_code_ranges *ranges, int32_t character)
{
    size_t low = 0;
    for (size_t high = ranges->count; low < high;) {
        size_t middle = (low + high) / 2;
        if (ranges->ranges[middle].last < character)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ranges->count && ranges->ranges[low].first <= character;
}

enum ws_status ws_unicode_check(struct ws_error *err)
{
    const char *version = utf8proc_unicode_version();
    if (strtol(version, NULL, 10) < 15)
        return ws_fail(err, WS_UNSUPPORTED,
                       "libutf8proc has Unicode %s; canonical text wants 15.0.0 or newer", version);
    return WS_OK;
}

unsigned ws_unicode_class(int32_t character)
{
    if (!ws_code_among(&ws_unicode_assigned, character))
        return 0;
    return (unsigned)utf8proc_get_property(character)->combining_class;
}

size_t ws_unicode_parts(int32_t character, enum ws_unicode_form form,
                        int32_t parts[WS_UNICODE_PARTS])
{
    static const int options[] = {
        [WS_UNICODE_CANONICAL] = UTF8PROC_DECOMPOSE,
        [WS_UNICODE_COMPATIBLE] = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
        [WS_UNICODE_FOLDED] = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD,
    };
    int boundary = 0;
    utf8proc_ssize_t count = 0;
    if (ws_code_among(&ws_unicode_assigned, character))
        count = utf8proc_decompose_char(character, parts, WS_UNICODE_PARTS,
                                        (utf8proc_option_t)options[form], &boundary);
    if (count > 0)
        return (size_t)count;
    parts[0] = character;
    return 1;
}

size_t ws_unicode_compose(int32_t *characters, size_t count)
{
    return (size_t)utf8proc_normalize_utf32(characters, (utf8proc_ssize_t)count,
                                            UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}
