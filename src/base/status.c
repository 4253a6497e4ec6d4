#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#undef ws_fail /* the functions behind the macros are here */
#undef ws_fail_memory

const char *ws_status_phrase(enum ws_status status)
{
    static const char *const phrases[] = {
#define X(name, phrase, http) phrase,
        WS_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < WS_STATUS_COUNT ? phrases[status] : "unknown status";
}

/* Bytes of the UTF-8 character at `p`; 0 when it is malformed or a control character. */
static size_t printable_size(const unsigned char *p)
{
    static const unsigned least[] = {0, ' ', 0xA0, 0x800, 0x10000};
    size_t size = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    unsigned code = size == 1 ? p[0] : p[0] & (0xFFU >> (size + 1));
    if (p[0] == 0x7F || (p[0] >= 0x80 && p[0] < 0xC0) || p[0] >= 0xF8)
        return 0;
    for (size_t i = 1; i < size; i++) { /* the final zero byte ends this too */
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3FU);
    }
    bool surrogate = code >= 0xD800 && code < 0xE000;
    return code >= least[size] && code < 0x110000 && !surrogate ? size : 0;
}

/* Messages quote what was seen, which may be anything, and may be cut inside a character. */
static void make_one_line(char *message)
{
    for (unsigned char *p = (unsigned char *)message; *p;) {
        size_t size = printable_size(p);
        if (size == 0)
            *p = '?';
        p += size ? size : 1;
    }
}

enum ws_status ws_fail(struct ws_error *err, enum ws_status status, const char *format, ...)
{
    if (err) {
        va_list arguments;
        va_start(arguments, format);
        err->status = status;
        (void)vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
        make_one_line(err->message);
    }
    return status;
}

void ws_error_prefix(struct ws_error *err, const char *format, ...)
{
    if (!err)
        return;
    const struct ws_error inner = *err;
    char text[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)ws_fail(err, inner.status, "%s: %s", text, inner.message);
}

enum ws_status ws_fail_memory(struct ws_error *err, const char *what)
{
    return ws_fail(err, WS_NO_MEMORY, "out of memory for %s", what);
}
