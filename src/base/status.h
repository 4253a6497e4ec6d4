/*
 * What can go wrong, and how it is told.
 *
 * Every function that can fail returns an `enum ws_status` and takes a `struct ws_error *` last,
 * which may be NULL. The message is written where the facts are, in the statement that returns:
 * lower case, the thing in single quotes, what was seen, what was wanted, and a next step if there
 * is one. Outputs are set only on success. Programmer mistakes are asserted. A message is
 * one line of valid UTF-8: anything else in what it quotes becomes '?'.
 * Contract: tests/unit/test_base.c.
 */
#ifndef WS_BASE_STATUS_H
#define WS_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>

/* clang-format off */
/*    name         phrase                                  HTTP answer */
#define WS_STATUS_MAP(X)                                          \
    X(OK,          "ok",                                   200)   \
    X(INVALID,     "invalid setting or argument",          400)   \
    X(NOT_FOUND,   "not found",                            404)   \
    X(CONFLICT,    "conflicts with what is stored",        409)   \
    X(LIMIT,       "over a limit",                         413)   \
    X(BUSY,        "in use by another process",            423)   \
    X(IO,          "input or output failed",               500)   \
    X(CORRUPT,     "stored data is damaged or forged",     500)   \
    X(NUMERIC,     "arithmetic has no finite answer",      500)   \
    X(UNSUPPORTED, "not supported",                        501)   \
    X(NO_MEMORY,   "out of memory",                        503)   \
    X(INTERRUPTED, "stopped on request",                   503)
/* clang-format on */

enum ws_status {
#define X(name, phrase, http) WS_##name,
    WS_STATUS_MAP(X)
#undef X
        WS_STATUS_COUNT
};

#define WS_MUST_CHECK          __attribute__((warn_unused_result))
#define WS_PRINTF(text, first) __attribute__((format(printf, text, first)))

struct ws_error {
    enum ws_status status;
    char message[480];
};

/* The phrase of the table above: a literal, never NULL. */
const char *ws_status_phrase(enum ws_status status);

/* Writes the message into `err` (NULL is fine) and returns `status`. */
enum ws_status ws_fail(struct ws_error *err, enum ws_status status, const char *format, ...)
    WS_PRINTF(3, 4);

/* Puts "<text>: " before the message that is there, for a caller that knows where it happened. */
void ws_error_prefix(struct ws_error *err, const char *format, ...) WS_PRINTF(2, 3);

/* Whether `text` can stand in a message as it is: valid UTF-8 without control characters. */
bool ws_is_one_line(const char *text);

/* The one message for a failed allocation of `what`. */
enum ws_status ws_fail_memory(struct ws_error *err, const char *what);

/* A compiler that sees one file at a time must be told that a failure returns its status, never
 * WS_OK, lest it warn of outputs that were not set. `status` is evaluated twice. */
#define ws_fail(err, status, ...)                                                                  \
    ((void)ws_fail((err), (status), __VA_ARGS__), (enum ws_status)(status))
#define ws_fail_memory(err, what)                                                                  \
    ((void)ws_fail_memory((err), (what)), (enum ws_status)WS_NO_MEMORY)

/* Returns early; only for functions that own nothing. */
#define WS_TRY(call)                                                                               \
    do {                                                                                           \
        enum ws_status ws_try_status = (call);                                                     \
        if (ws_try_status != WS_OK)                                                                \
            return ws_try_status;                                                                  \
    } while (0)

#endif
