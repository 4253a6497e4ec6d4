#include "server/http_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes %XX, and '+' of a query. */
static enum ws_status decode(struct ws_bytes text, bool in_query, struct ws_arena *arena,
                             const char **out, struct ws_error *err)
{
    char *decoded = WS_ARENA_NEW(arena, char, text.size + 1);
    if (!decoded)
        return ws_fail_memory(err, "a request");
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? digit_of(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? digit_of(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return ws_fail(err, WS_INVALID,
                               "the request has a '%%' that two hexadecimal digits do not follow");
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+' && in_query) {
            c = ' ';
        }
        if (c == '\0')
            return ws_fail(err, WS_INVALID, "the request has a zero byte");
        decoded[size++] = (char)c;
    }
    decoded[size] = '\0';
    *out = decoded;
    return WS_OK;
}

/* Up to the next `mark` or the end; `rest` becomes what is behind it. */
static struct ws_bytes cut(struct ws_bytes *rest, char mark)
{
    const uint8_t *found = rest->size ? memchr(rest->data, mark, rest->size) : NULL;
    struct ws_bytes piece = {rest->data, found ? (size_t)(found - rest->data) : rest->size};
    size_t used = piece.size + (found != NULL);
    *rest = ws_bytes_of(rest->data + used, rest->size - used);
    return piece;
}

bool ws_is_segment(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

static enum ws_status add_segment(struct ws_target *target, struct ws_bytes text,
                                  struct ws_arena *arena, struct ws_error *err)
{
    const char *name;
    if (target->segment_count == WS_TARGET_SEGMENTS)
        return ws_fail(err, WS_LIMIT, "the path has more than %d parts", WS_TARGET_SEGMENTS);
    WS_TRY(decode(text, false, arena, &name, err));
    if (!ws_is_segment(name))
        return ws_fail(err, WS_INVALID, "the path has the part '%.40s', wanted a name", name);
    target->segments[target->segment_count++] = name;
    return WS_OK;
}

static enum ws_status add_parameter(struct ws_target *target, struct ws_bytes text,
                                    struct ws_arena *arena, struct ws_error *err)
{
    if (text.size == 0)
        return WS_OK;
    if (target->parameter_count == WS_TARGET_PARAMETERS)
        return ws_fail(err, WS_LIMIT, "the query has more than %d parameters",
                       WS_TARGET_PARAMETERS);
    struct ws_parameter *parameter = &target->parameters[target->parameter_count];
    struct ws_bytes name = cut(&text, '=');
    WS_TRY(decode(name, true, arena, &parameter->name, err));
    WS_TRY(decode(text, true, arena, &parameter->value, err));
    target->parameter_count++;
    return WS_OK;
}

enum ws_status ws_target_parse(struct ws_bytes text, struct ws_arena *arena, struct ws_target *out,
                               struct ws_error *err)
{
    struct ws_target target = {.segment_count = 0};
    if (text.size > WS_TARGET_SIZE)
        return ws_fail(err, WS_LIMIT, "the request's target is longer than %d bytes",
                       WS_TARGET_SIZE);
    if (text.size == 0 || text.data[0] != '/')
        return ws_fail(err, WS_INVALID, "the request's target does not begin with '/'");
    struct ws_bytes query = ws_bytes_of(text.data + 1, text.size - 1);
    struct ws_bytes path = cut(&query, '?');
    while (path.size > 0) {
        bool last = !memchr(path.data, '/', path.size);
        struct ws_bytes segment = cut(&path, '/');
        WS_TRY(add_segment(&target, segment, arena, err));
        if (!last && path.size == 0)
            return ws_fail(err, WS_INVALID, "the path ends with '/'");
    }
    while (query.size > 0) {
        struct ws_bytes parameter = cut(&query, '&');
        WS_TRY(add_parameter(&target, parameter, arena, err));
    }
    *out = target;
    return WS_OK;
}

const char *ws_target_parameter(const struct ws_target *target, const char *name)
{
    for (size_t i = 0; i < target->parameter_count; i++)
        if (strcmp(target->parameters[i].name, name) == 0)
            return target->parameters[i].value;
    return NULL;
}

enum ws_status ws_target_whole(const struct ws_target *target, const char *name, uint64_t missing,
                               uint64_t most, uint64_t *out, struct ws_error *err)
{
    const char *text = ws_target_parameter(target, name);
    uint64_t value = missing;
    if (text && (!ws_whole_parse(text, &value) || value > most))
        return ws_fail(err, WS_INVALID, "%s is '%.40s', wanted a whole number up to %" PRIu64, name,
                       text, most);
    *out = value;
    return WS_OK;
}

bool ws_target_matches(const struct ws_target *target, const char *pattern,
                       const char *names[WS_ROUTE_NAMES])
{
    size_t segment = 0, name = 0;
    for (const char *next = pattern + 1; *next; segment++) {
        size_t size = strcspn(next, "/");
        if (segment == target->segment_count)
            return false;
        if (strcmp(next, "**") == 0)
            return true;
        const char *here = target->segments[segment];
        if (size == 1 && *next == '*') {
            if (name == WS_ROUTE_NAMES)
                return false;
            names[name++] = here;
        } else if (strlen(here) != size || memcmp(here, next, size) != 0) {
            return false;
        }
        next += size + (next[size] == '/');
    }
    return segment == target->segment_count;
}

char *ws_target_escape(const char *name, struct ws_arena *arena)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *text = WS_ARENA_NEW(arena, char, 3 * strlen(name) + 1), *next = text;
    for (; text && *name; name++) {
        if (strchr(plain, *name))
            *next++ = *name;
        else
            next += snprintf(next, 4, "%%%02X", (unsigned)(unsigned char)*name);
    }
    if (text)
        *next = '\0';
    return text;
}
