#include "base/status.h"

#include <stdio.h>
#include <string.h>

const char *ws_status_phrase(enum ws_status status)
{
    static const char *const phrases[] = {
#define X(name, phrase, http) phrase,
        WS_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < WS_STATUS_COUNT ? phrases[status] : "unknown status";
}

enum ws_status ws_fail(struct ws_error *err, enum ws_status status, const char *format, ...)
{
    if (err) {
        va_list arguments;
        va_start(arguments, format);
        err->status = status;
        (void)vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

void ws_error_prefix(struct ws_error *err, const char *format, ...)
{
    if (!err)
        return;
    char text[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size >= 0 && (size_t)size < sizeof text)
        (void)snprintf(text + size, sizeof text - (size_t)size, ": %s", err->message);
    memcpy(err->message, text, sizeof text);
}

enum ws_status ws_fail_memory(struct ws_error *err, const char *what)
{
    return ws_fail(err, WS_NO_MEMORY, "out of memory for %s", what);
}
