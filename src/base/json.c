#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* jansson leaves its error empty when an allocation fails outside its lexer. */
static enum ws_status fail_parsing(const json_error_t *error, const char *name,
                                   struct ws_error *err)
{
    if (error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory)
        return ws_fail_memory(err, name);
    return ws_fail(err, WS_CORRUPT, "%s:%d: %s", name, error->line, error->text);
}

enum ws_status ws_json_parse(struct ws_bytes text, const char *name, json_t **out,
                             struct ws_error *err)
{
    if (text.size > WS_JSON_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: is %zu bytes long, wanted at most %d", name, text.size,
                       WS_JSON_LIMIT);
    /* jansson overlooks a zero byte behind a number. */
    if (text.size > 0 && memchr(text.data, 0, text.size))
        return ws_fail(err, WS_CORRUPT, "%s: has a zero byte in it, wanted JSON", name);
    json_error_t error;
    const char *data = text.size > 0 ? (const char *)text.data : "";
    json_t *json = json_loadb(data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json) /* jansson calls a string that finds no memory a mistake of syntax: only once */
        json = json_loadb(data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return fail_parsing(&error, name, err);
    *out = json;
    return WS_OK;
}

static const char *kind_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "unknown";
}

static enum ws_status fail_member(const json_t *member, const char *key, const char *name,
                                  const char *wanted, struct ws_error *err)
{
    if (!member)
        return ws_fail(err, WS_CORRUPT, "%s: '%s' is missing, wanted %s", name, key, wanted);
    if (json_is_string(member))
        return ws_fail(err, WS_CORRUPT, "%s: '%s' is the text '%.100s', wanted %s", name, key,
                       json_string_value(member), wanted);
    return ws_fail(err, WS_CORRUPT, "%s: '%s' is %s, wanted %s", name, key, kind_of(member),
                   wanted);
}

enum ws_status ws_json_read_text(const json_t *object, const char *key, const char *name,
                                 const char **out, struct ws_error *err)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_string(member))
        return fail_member(member, key, name, "a text", err);
    *out = json_string_value(member);
    return WS_OK;
}

enum ws_status ws_json_read_whole(const json_t *object, const char *key, const char *name,
                                  uint64_t *out, struct ws_error *err)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_integer(member) || json_integer_value(member) < 0)
        return fail_member(member, key, name, "a whole number of at least 0", err);
    *out = (uint64_t)json_integer_value(member);
    return WS_OK;
}

static const struct {
    const char *text;
    double value;
} not_finite[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};

enum { NOT_FINITE = sizeof not_finite / sizeof *not_finite };

enum ws_status ws_json_read_real(const json_t *object, const char *key, const char *name,
                                 double *out, struct ws_error *err)
{
    const json_t *member = json_object_get(object, key);
    if (json_is_number(member)) {
        *out = json_number_value(member);
        return WS_OK;
    }
    for (int i = 0; json_is_string(member) && i < NOT_FINITE; i++) {
        if (strcmp(json_string_value(member), not_finite[i].text) == 0) {
            *out = not_finite[i].value;
            return WS_OK;
        }
    }
    return fail_member(member, key, name, "a number, 'nan', 'inf' or '-inf'", err);
}

enum ws_status ws_json_read_flag(const json_t *object, const char *key, const char *name, bool *out,
                                 struct ws_error *err)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_boolean(member))
        return fail_member(member, key, name, "true or false", err);
    *out = json_is_true(member);
    return WS_OK;
}

enum ws_status ws_json_read_object(const json_t *object, const char *key, const char *name,
                                   json_t **out, struct ws_error *err)
{
    json_t *member = json_object_get(object, key);
    if (!json_is_object(member))
        return fail_member(member, key, name, "an object", err);
    *out = member;
    return WS_OK;
}

enum ws_status ws_json_read_array(const json_t *object, const char *key, const char *name,
                                  json_t **out, struct ws_error *err)
{
    json_t *member = json_object_get(object, key);
    if (!json_is_array(member))
        return fail_member(member, key, name, "an array", err);
    *out = member;
    return WS_OK;
}

json_t *ws_json_path(const char *path)
{
    struct ws_error text; /* whatever is put in a message becomes one line of UTF-8 */
    if (ws_is_one_line(path))
        return json_string(path);
    (void)ws_fail(&text, WS_OK, "%s", path);
    return json_string(text.message);
}

void ws_json_add(json_t **array, json_t *item)
{
    if (json_array_append_new(*array, item) == 0) /* which gives the item back where it fails */
        return;
    json_decref(*array);
    *array = NULL;
}

json_t *ws_json_real(double value)
{
    if (isfinite(value))
        return json_real(value);
    if (isnan(value))
        return json_string("nan");
    return json_string(value > 0 ? "inf" : "-inf");
}

static int append_piece(const char *piece, size_t size, void *user)
{
    struct ws_buffer *out = user;
    ws_buffer_append(out, piece, size);
    return out->status == WS_OK ? 0 : -1;
}

/* Every real reads back the same. */
#define EXACT JSON_REAL_PRECISION(17)

/* A dump fails for want of memory alone: values that jansson could not write cannot be made. */
static void append(const json_t *json, size_t flags, struct ws_buffer *out)
{
    flags |= JSON_ENCODE_ANY;
    if (json_dump_callback(json, append_piece, out, flags) != 0 && out->status == WS_OK)
        out->status = WS_NO_MEMORY;
}

void ws_json_append(const json_t *json, struct ws_buffer *out)
{
    append(json, JSON_COMPACT | EXACT, out);
}

void ws_json_append_members(const json_t *object, struct ws_buffer *out)
{
    append(object, JSON_COMPACT | JSON_EMBED | EXACT, out);
}

void ws_json_append_pretty(const json_t *json, struct ws_buffer *out)
{
    append(json, JSON_INDENT(2) | EXACT, out);
}

/* Whether no real in it needs more than 15 digits. */
static bool is_short(const json_t *json)
{
    double back = 0;
    char text[WS_REAL_TEXT_SIZE];
    bool all = true;
    for (size_t i = 0; all && i < json_array_size(json); i++)
        all = is_short(json_array_get(json, i));
    void *next = json_object_iter((json_t *)(uintptr_t)json);
    for (; all && next; next = json_object_iter_next((json_t *)(uintptr_t)json, next))
        all = is_short(json_object_iter_value(next));
    if (!json_is_real(json))
        return all;
    (void)snprintf(text, sizeof text, "%.15g", json_real_value(json));
    return ws_real_parse(text, &back) && back == json_real_value(json);
}

void ws_json_append_short(const json_t *json, struct ws_buffer *out)
{
    append(json, JSON_INDENT(2) | (is_short(json) ? JSON_REAL_PRECISION(15) : EXACT), out);
}
