/*
 * The reader of RFC 8259 texts. It builds jansson's values but is not jansson's: that one (2.14)
 * writes out of bounds when memory is out in the middle of a long string, and takes other failures
 * to allocate for faults of the text. fuzz_json compares the two.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"

enum { DEEPEST = 100 };

struct reading {
    const uint8_t *next, *end;
    const char *name;
    size_t line;
    int depth;
    struct ws_error *err;
};

/* A string or number out of the text: a view, or `owned` where it had to be copied. */
struct piece {
    const char *text;
    size_t size;
    char *owned;
};

static enum ws_status fail_memory(const struct reading *r)
{
    return ws_fail_memory(r->err, r->name);
}

static enum ws_status fail_wanted(const struct reading *r, const char *wanted)
{
    size_t left = (size_t)(r->end - r->next);
    if (left == 0)
        return ws_fail(r->err, WS_CORRUPT, "%s:%zu: ends, wanted %s", r->name, r->line, wanted);
    return ws_fail(r->err, WS_CORRUPT, "%s:%zu: '%.*s', wanted %s", r->name, r->line,
                   (int)(left < 20 ? left : 20), (const char *)r->next, wanted);
}

/* Memory for a piece comes from jansson's allocator, as all that is made here. */
static char *piece_copy(struct piece *piece, const char *text, size_t size)
{
    json_malloc_t allocate;
    json_free_t give_back;
    json_get_alloc_funcs(&allocate, &give_back);
    char *copy = allocate(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
        *piece = (struct piece){copy, size, copy};
    }
    return copy;
}

static void piece_release(struct piece *piece)
{
    json_malloc_t allocate;
    json_free_t give_back;
    json_get_alloc_funcs(&allocate, &give_back);
    if (piece->owned)
        give_back(piece->owned);
}

static bool is_next(const struct reading *r, char c)
{
    return r->next < r->end && *r->next == (uint8_t)c;
}

static void skip_blanks(struct reading *r)
{
    for (; is_next(r, ' ') || is_next(r, '\t') || is_next(r, '\r') || is_next(r, '\n'); r->next++)
        r->line += *r->next == '\n';
}

/* Steps over `c` and the blanks before it, if it comes next. */
static bool take(struct reading *r, char c)
{
    skip_blanks(r);
    if (!is_next(r, c))
        return false;
    r->next++;
    return true;
}

/* ---- strings ---- */

/* The four digits of "\u00e9", from `text` on; -1 when they are not there. */
static long take_hex(const char *text, size_t left)
{
    long code = 0;
    if (left < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return -1;
        long value = digit - digits;
        code = code * 16 + (value < 16 ? value : value - 6);
    }
    return code;
}

/* Puts the character of "\uXXXX", or of a surrogate pair, to `out`. Returns the size of what was
 * read, behind "\u"; 0 for half a pair, the zero character and what is no number. */
static size_t unescape_code(const char *text, size_t left, char *out, size_t *written)
{
    long code = take_hex(text, left);
    size_t used = 4;
    if (code >= 0xD800 && code < 0xDC00 && left > 6 && text[4] == '\\' && text[5] == 'u') {
        long low = take_hex(text + 6, left - 6);
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        used = 10;
    }
    if (code <= 0 || (code >= 0xD800 && code < 0xE000))
        return 0;
    *written = ws_utf8_encode((uint32_t)code, out);
    return used;
}

/* Shortens the text in place: no escape is longer than what it stands for. */
static bool unescape(char *text, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    size_t to = 0;
    for (size_t from = 0; from < *size;) {
        if (text[from] != '\\') {
            text[to++] = text[from++];
            continue;
        }
        char letter = text[from + 1]; /* there is one: the closing quote was not escaped */
        const char *known = letter ? strchr(letters, letter) : NULL;
        from += 2;
        if (known) {
            text[to++] = meanings[known - letters];
            continue;
        }
        size_t written = 0;
        size_t used =
            letter == 'u' ? unescape_code(text + from, *size - from, text + to, &written) : 0;
        if (used == 0)
            return false;
        from += used;
        to += written;
    }
    text[to] = '\0';
    *size = to;
    return true;
}

/* Steps behind the closing quote and says whether there are escapes on the way. */
static enum ws_status scan_string(struct reading *r, bool *escaped)
{
    *escaped = false;
    while (r->next < r->end && *r->next != '"') {
        uint32_t code;
        size_t size = ws_utf8_decode(r->next, (size_t)(r->end - r->next), &code);
        if (size == 0 || code < ' ')
            return fail_wanted(r, "a text of UTF-8 without control characters");
        if (code == '\\') {
            *escaped = true;
            size += r->end - r->next > 1; /* what is escaped may be a quote */
        }
        r->next += size;
    }
    if (r->next == r->end)
        return fail_wanted(r, "'\"'");
    r->next++;
    return WS_OK;
}

static enum ws_status parse_text(struct reading *r, struct piece *out)
{
    if (!take(r, '"'))
        return fail_wanted(r, "a name in quotes");
    const char *start = (const char *)r->next;
    bool escaped;
    WS_TRY(scan_string(r, &escaped));
    size_t size = (size_t)((const char *)r->next - 1 - start);
    *out = (struct piece){start, size, NULL};
    if (!escaped)
        return WS_OK;
    if (!piece_copy(out, start, size))
        return fail_memory(r);
    if (unescape(out->owned, &out->size))
        return WS_OK;
    piece_release(out);
    return ws_fail(r->err, WS_CORRUPT, "%s:%zu: '%.*s' has an escape that stands for no character",
                   r->name, r->line, (int)(size < 60 ? size : 60), start);
}

static enum ws_status parse_string(struct reading *r, json_t **out)
{
    struct piece text;
    WS_TRY(parse_text(r, &text));
    *out = json_stringn_nocheck(text.text, text.size);
    piece_release(&text);
    return *out ? WS_OK : fail_memory(r);
}

/* ---- numbers and words ---- */

static size_t skip_digits(struct reading *r)
{
    const uint8_t *start = r->next;
    while (r->next < r->end && *r->next >= '0' && *r->next <= '9')
        r->next++;
    return (size_t)(r->next - start);
}

/* Steps over "-12.5e+3". JSON wants a digit on both sides of the point, and no needless zero. */
static bool scan_number(struct reading *r, bool *whole)
{
    r->next += is_next(r, '-');
    bool zero = is_next(r, '0');
    size_t digits = skip_digits(r);
    bool right = digits == 1 || (digits > 1 && !zero);
    *whole = true;
    if (right && is_next(r, '.')) {
        *whole = false;
        r->next++;
        right = skip_digits(r) > 0;
    }
    if (right && (is_next(r, 'e') || is_next(r, 'E'))) {
        *whole = false;
        r->next++;
        r->next += is_next(r, '+') || is_next(r, '-');
        right = skip_digits(r) > 0;
    }
    return right;
}

/* `text` is known to be a number: only its size can be wrong. */
static enum ws_status make_number(const struct reading *r, const char *text, bool whole,
                                  json_t **out)
{
    double real = 0;
    errno = 0;
    long long integer = whole ? strtoll(text, NULL, 10) : 0;
    if (errno == ERANGE || (!whole && !ws_real_parse(text, &real)))
        return ws_fail(r->err, WS_CORRUPT, "%s:%zu: '%.60s' is too large", r->name, r->line, text);
    *out = whole ? json_integer(integer) : json_real(real);
    return *out ? WS_OK : fail_memory(r);
}

static enum ws_status parse_number(struct reading *r, json_t **out)
{
    const char *start = (const char *)r->next;
    bool whole;
    if (!scan_number(r, &whole)) {
        r->next = (const uint8_t *)start;
        return fail_wanted(r, "a number");
    }
    struct piece number;
    if (!piece_copy(&number, start, (size_t)((const char *)r->next - start)))
        return fail_memory(r);
    enum ws_status status = make_number(r, number.text, whole, out);
    piece_release(&number);
    return status;
}

static bool take_word(struct reading *r, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(r->end - r->next) < size || memcmp(r->next, word, size) != 0)
        return false;
    r->next += size;
    return true;
}

static enum ws_status parse_word(struct reading *r, json_t **out)
{
    if (take_word(r, "true"))
        *out = json_true();
    else if (take_word(r, "false"))
        *out = json_false();
    else if (take_word(r, "null"))
        *out = json_null();
    else
        return fail_wanted(r, "a value");
    return WS_OK;
}

/* ---- objects and arrays ---- */

static enum ws_status parse_value(struct reading *r, json_t **out);

static enum ws_status parse_named(struct reading *r, json_t *object, const struct piece *key)
{
    if (json_object_getn(object, key->text, key->size))
        return ws_fail(r->err, WS_CORRUPT, "%s:%zu: '%.*s' is given twice", r->name, r->line,
                       (int)(key->size < 100 ? key->size : 100), key->text);
    if (!take(r, ':'))
        return fail_wanted(r, "':'");
    json_t *value;
    WS_TRY(parse_value(r, &value));
    return json_object_setn_new_nocheck(object, key->text, key->size, value) == 0 ? WS_OK
                                                                                  : fail_memory(r);
}

static enum ws_status parse_member(struct reading *r, json_t *object)
{
    struct piece key;
    WS_TRY(parse_text(r, &key));
    enum ws_status status = parse_named(r, object, &key);
    piece_release(&key);
    return status;
}

static enum ws_status parse_item(struct reading *r, json_t *array)
{
    json_t *value;
    WS_TRY(parse_value(r, &value));
    return json_array_append_new(array, value) == 0 ? WS_OK : fail_memory(r);
}

static enum ws_status parse_members(struct reading *r, json_t *object)
{
    if (take(r, '}'))
        return WS_OK;
    do
        WS_TRY(parse_member(r, object));
    while (take(r, ','));
    return take(r, '}') ? WS_OK : fail_wanted(r, "',' or '}'");
}

static enum ws_status parse_items(struct reading *r, json_t *array)
{
    if (take(r, ']'))
        return WS_OK;
    do
        WS_TRY(parse_item(r, array));
    while (take(r, ','));
    return take(r, ']') ? WS_OK : fail_wanted(r, "',' or ']'");
}

static enum ws_status parse_container(struct reading *r, json_t **out)
{
    bool is_object = *r->next++ == '{';
    if (r->depth == DEEPEST)
        return ws_fail(r->err, WS_LIMIT, "%s:%zu: more than %d values inside each other", r->name,
                       r->line, DEEPEST);
    json_t *container = is_object ? json_object() : json_array();
    if (!container)
        return fail_memory(r);
    r->depth++;
    enum ws_status status = is_object ? parse_members(r, container) : parse_items(r, container);
    r->depth--;
    if (status == WS_OK)
        *out = container;
    else
        json_decref(container);
    return status;
}

static enum ws_status parse_value(struct reading *r, json_t **out)
{
    skip_blanks(r);
    if (is_next(r, '{') || is_next(r, '['))
        return parse_container(r, out);
    if (is_next(r, '"'))
        return parse_string(r, out);
    if (is_next(r, '-') || (r->next < r->end && *r->next >= '0' && *r->next <= '9'))
        return parse_number(r, out);
    return parse_word(r, out);
}

enum ws_status ws_json_parse(struct ws_bytes text, const char *name, json_t **out,
                             struct ws_error *err)
{
    if (text.size > WS_JSON_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: is %zu bytes long, wanted at most %d", name, text.size,
                       WS_JSON_LIMIT);
    const uint8_t *data = text.size > 0 ? text.data : (const uint8_t *)"";
    struct reading r = {.next = data, .end = data + text.size, .name = name, .line = 1, .err = err};
    skip_blanks(&r);
    if (!is_next(&r, '{') && !is_next(&r, '['))
        return fail_wanted(&r, "'{' or '['");
    json_t *json;
    WS_TRY(parse_value(&r, &json));
    skip_blanks(&r);
    if (r.next < r.end) {
        json_decref(json);
        return fail_wanted(&r, "nothing more");
    }
    *out = json;
    return WS_OK;
}
