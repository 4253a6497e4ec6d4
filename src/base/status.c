#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

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

/* Bytes of the character at `p`; 0 when it is malformed or a control character, those among them
 * that turn the direction of text. */
static size_t printable_size(const uint8_t *p, size_t left)
{
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size = utf8proc_iterate(p, (utf8proc_ssize_t)left, &code);
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || ws_utf8_turns(code);
    return size > 0 && !control ? (size_t)size : 0;
}

/* Messages quote what was seen, which may be anything, and may be cut inside a character. */
static void make_one_line(char *message)
{
    uint8_t *p = (uint8_t *)message;
    for (size_t left = strlen(message); left > 0;) {
        size_t size = printable_size(p, left);
        if (size == 0)
            *p = '?';
        p += size ? size : 1;
        left -= size ? size : 1;
    }
}

bool ws_is_one_line(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    for (size_t left = strlen(text); left > 0;) {
        size_t size = printable_size(p, left);
        if (size == 0)
            return false;
        p += size;
        left -= size;
    }
    return true;
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
