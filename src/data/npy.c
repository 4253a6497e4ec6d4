#include "data/npy.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "data/table_columns.h"

enum {
    MAGIC_SIZE = 8,         /* "\x93NUMPY", major, minor */
    HEADER_LIMIT = 1 << 16, /* bytes of text */
    NAME_SIZE = 32,         /* of a type or a key */
    RANK_LIMIT = 32,        /* numbers in a shape, as in NumPy */
    EXACT_BITS = 53,        /* of the integers up to which a double holds all */
};

/* ---- The header: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } ---- */

struct header {
    char type[NAME_SIZE];
    bool is_fortran;
    uint64_t shape[RANK_LIMIT];
    size_t rank;
};

struct scanner {
    const char *next, *end;
    const char *name;
    struct ws_error *err;
};

static void skip_blanks(struct scanner *s)
{
    while (s->next < s->end && (*s->next == ' ' || *s->next == '\n' || *s->next == '\t'))
        s->next++;
}

static bool is_next(struct scanner *s, char wanted)
{
    skip_blanks(s);
    return s->next < s->end && *s->next == wanted;
}

static bool take(struct scanner *s, char wanted)
{
    if (!is_next(s, wanted))
        return false;
    s->next++;
    return true;
}

static enum ws_status header_fault(const struct scanner *s, const char *wanted)
{
    size_t left = (size_t)(s->end - s->next);
    return ws_fail(s->err, WS_CORRUPT, "%s: the header has '%.*s', wanted %s", s->name,
                   left < 40 ? (int)left : 40, s->next, wanted);
}

/* A text in single or double quotes; Python's escapes stand in no key and no type. */
static enum ws_status take_text(struct scanner *s, char out[NAME_SIZE], const char *wanted)
{
    skip_blanks(s);
    if (s->next == s->end || (*s->next != '\'' && *s->next != '"'))
        return header_fault(s, wanted);
    const char *start = s->next + 1;
    const char *close = memchr(start, *s->next, (size_t)(s->end - start));
    if (!close || close - start >= NAME_SIZE || memchr(start, '\\', (size_t)(close - start)))
        return header_fault(s, wanted);
    memcpy(out, start, (size_t)(close - start));
    out[close - start] = '\0';
    s->next = close + 1;
    return WS_OK;
}

static bool take_word(struct scanner *s, const char *word)
{
    size_t size = strlen(word);
    skip_blanks(s);
    if ((size_t)(s->end - s->next) < size || memcmp(s->next, word, size) != 0)
        return false;
    s->next += size;
    return true;
}

static enum ws_status take_flag(struct scanner *s, bool *out)
{
    *out = take_word(s, "True");
    if (*out || take_word(s, "False"))
        return WS_OK;
    return header_fault(s, "True or False");
}

static enum ws_status take_whole(struct scanner *s, uint64_t *out)
{
    uint64_t value = 0;
    skip_blanks(s);
    const char *start = s->next;
    for (; s->next < s->end && *s->next >= '0' && *s->next <= '9'; s->next++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*s->next - '0'), &value))
            return ws_fail(s->err, WS_CORRUPT, "%s: the shape has a number of 2^64 or more",
                           s->name);
    if (s->next == start)
        return header_fault(s, "a tuple of whole numbers");
    *out = value;
    return WS_OK;
}

static enum ws_status take_shape(struct scanner *s, struct header *out)
{
    if (!take(s, '('))
        return header_fault(s, "a tuple of whole numbers");
    out->rank = 0;
    bool comma = true;
    while (!take(s, ')')) {
        if (!comma || out->rank == RANK_LIMIT)
            return header_fault(s, "a tuple of at most 32 whole numbers");
        WS_TRY(take_whole(s, &out->shape[out->rank++]));
        comma = take(s, ',');
    }
    if (out->rank == 1 && !comma)
        return ws_fail(s->err, WS_CORRUPT, "%s: the shape is a number, wanted a tuple", s->name);
    return WS_OK;
}

enum { HAS_TYPE = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

/* One key and its value; the bit of the key. */
static enum ws_status take_entry(struct scanner *s, struct header *out, unsigned *bit)
{
    char key[NAME_SIZE];
    WS_TRY(take_text(s, key, "a key"));
    if (!take(s, ':'))
        return header_fault(s, "':'");
    if (strcmp(key, "descr") == 0) {
        *bit = HAS_TYPE;
        if (is_next(s, '['))
            return ws_fail(s->err, WS_UNSUPPORTED,
                           "%s: the items are structures, wanted an array of numbers", s->name);
        return take_text(s, out->type, "a type such as '<f8'");
    }
    if (strcmp(key, "fortran_order") == 0) {
        *bit = HAS_ORDER;
        return take_flag(s, &out->is_fortran);
    }
    if (strcmp(key, "shape") == 0) {
        *bit = HAS_SHAPE;
        return take_shape(s, out);
    }
    return ws_fail(s->err, WS_CORRUPT,
                   "%s: the header has a key '%s', wanted descr, fortran_order and shape", s->name,
                   key);
}

static enum ws_status read_header(struct ws_bytes text, const char *name, struct header *out,
                                  struct ws_error *err)
{
    struct scanner s = {(const char *)text.data, (const char *)text.data + text.size, name, err};
    unsigned seen = 0;
    if (!take(&s, '{'))
        return header_fault(&s, "'{'");
    while (!take(&s, '}')) {
        unsigned bit = 0;
        WS_TRY(take_entry(&s, out, &bit));
        if (seen & bit)
            return ws_fail(err, WS_CORRUPT, "%s: the header has a key twice", name);
        seen |= bit;
        if (!take(&s, ',') && !is_next(&s, '}'))
            return header_fault(&s, "',' or '}'");
    }
    skip_blanks(&s);
    if (s.next < s.end)
        return header_fault(&s, "its end");
    if (seen != HAS_ALL)
        return ws_fail(err, WS_CORRUPT, "%s: the header lacks %s", name,
                       !(seen & HAS_TYPE)    ? "'descr'"
                       : !(seen & HAS_ORDER) ? "'fortran_order'"
                                             : "'shape'");
    return WS_OK;
}

/* The text of the header; `*rest` is what follows. */
static enum ws_status find_header(struct ws_bytes bytes, const char *name, struct ws_bytes *text,
                                  struct ws_bytes *rest, struct ws_error *err)
{
    static const char magic[] = "\x93NUMPY";
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    const uint8_t *start = ws_read_bytes(&in, MAGIC_SIZE);
    if (!start || memcmp(start, magic, sizeof magic - 1) != 0)
        return ws_fail(err, WS_UNSUPPORTED, "%s: no .npy file, which begins with \\x93NUMPY", name);
    unsigned major = start[6], minor = start[7];
    if (major < 1 || major > 3 || minor != 0)
        return ws_fail(err, WS_UNSUPPORTED, "%s: version %u.%u, wanted 1.0, 2.0 or 3.0", name,
                       major, minor);
    uint32_t size = ws_read_u8(&in);
    size |= (uint32_t)ws_read_u8(&in) << 8;
    if (major > 1) {
        size |= (uint32_t)ws_read_u8(&in) << 16;
        size |= (uint32_t)ws_read_u8(&in) << 24;
    }
    if (size > HEADER_LIMIT)
        return ws_fail(err, WS_LIMIT, "%s: a header of %" PRIu32 " bytes; the most is %d", name,
                       size, HEADER_LIMIT);
    const uint8_t *header = ws_read_bytes(&in, size);
    if (!ws_reader_ok(&in) || !header)
        return ws_fail(err, WS_CORRUPT, "%s: ends inside its header", name);
    *text = ws_bytes_of(header, size);
    *rest = ws_bytes_of(in.next, in.left);
    return WS_OK;
}

/* ---- Types ---- */

static uint64_t load16_le(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8;
}

static double load_f8(const uint8_t *p)
{
    uint64_t bits = load64_le(p);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double load_f4(const uint8_t *p)
{
    uint32_t bits = load32_le(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double load_i1(const uint8_t *p)
{
    return (int8_t)p[0];
}

static double load_u1(const uint8_t *p)
{
    return p[0];
}

static double load_i2(const uint8_t *p)
{
    return (int16_t)load16_le(p);
}

static double load_u2(const uint8_t *p)
{
    return (double)load16_le(p);
}

static double load_i4(const uint8_t *p)
{
    return (int32_t)load32_le(p);
}

static double load_u4(const uint8_t *p)
{
    return load32_le(p);
}

/* NaN for what a double may not hold. */
static double load_i8(const uint8_t *p)
{
    int64_t value = (int64_t)load64_le(p);
    const int64_t most = (int64_t)1 << EXACT_BITS;
    return value >= -most && value <= most ? (double)value : NAN;
}

static double load_u8(const uint8_t *p)
{
    uint64_t value = load64_le(p);
    return value <= (uint64_t)1 << EXACT_BITS ? (double)value : NAN;
}

static const struct type {
    const char *name;
    size_t size;
    double (*load)(const uint8_t *bytes);
} types[] = {
    {"<f8", 8, load_f8}, {"<f4", 4, load_f4}, {"|i1", 1, load_i1}, {"|u1", 1, load_u1},
    {"<i2", 2, load_i2}, {"<u2", 2, load_u2}, {"<i4", 4, load_i4}, {"<u4", 4, load_u4},
    {"<i8", 8, load_i8}, {"<u8", 8, load_u8},
};

/* ---- The array ---- */

struct array {
    const struct type *type;
    uint64_t rows, columns;
    bool is_fortran;
    const uint8_t *data;
    const char *name;
    struct ws_error *err;
};

static enum ws_status find_type(const struct header *header, struct array *out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, header->type) == 0) {
            out->type = &types[i];
            return WS_OK;
        }
    return ws_fail(out->err, WS_UNSUPPORTED,
                   "%s: items of type '%s', wanted '<f8', '<f4' or whole numbers such as '<i8'",
                   out->name, header->type);
}

static enum ws_status check_shape(const struct header *header, size_t size, struct array *out)
{
    if (header->rank < 1 || header->rank > 2)
        return ws_fail(out->err, WS_UNSUPPORTED, "%s: an array of %zu dimensions, wanted 1 or 2",
                       out->name, header->rank);
    out->rows = header->shape[0];
    out->columns = header->rank == 2 ? header->shape[1] : 1;
    if (out->rows == 0 || out->columns == 0)
        return ws_fail(out->err, WS_UNSUPPORTED,
                       "%s: %" PRIu64 " rows of %" PRIu64 " numbers, wanted at least 1 of each",
                       out->name, out->rows, out->columns);
    uint64_t wanted;
    if (__builtin_mul_overflow(out->rows, out->columns, &wanted) ||
        __builtin_mul_overflow(wanted, out->type->size, &wanted) || wanted != size)
        return ws_fail(out->err, WS_CORRUPT,
                       "%s: %zu bytes behind the header, wanted %" PRIu64 " x %" PRIu64
                       " numbers of %zu",
                       out->name, size, out->rows, out->columns, out->type->size);
    if (out->rows > UINT32_MAX || out->columns >= UINT32_MAX)
        return ws_fail(out->err, WS_LIMIT,
                       "%s: %" PRIu64 " rows of %" PRIu64 " numbers; the most is 2^32 - 1",
                       out->name, out->rows, out->columns);
    return WS_OK;
}

static enum ws_status refuse_number(const struct array *array, uint64_t row, uint64_t column,
                                    const uint8_t *place)
{
    if (array->type->load == load_f8 || array->type->load == load_f4)
        return ws_fail(array->err, WS_CORRUPT,
                       "%s: row %" PRIu64 ", column %" PRIu64 " is %g, wanted a finite number",
                       array->name, row + 1, column + 1, array->type->load(place));
    return ws_fail(array->err, WS_UNSUPPORTED,
                   "%s: row %" PRIu64 ", column %" PRIu64
                   " is a whole number beyond 2^53, which a double does not hold",
                   array->name, row + 1, column + 1);
}

static enum ws_status read_numbers(const struct array *array, const struct ws_columns *columns,
                                   double *values)
{
    uint64_t row_step = array->is_fortran ? 1 : array->columns;
    uint64_t column_step = array->is_fortran ? array->rows : 1;
    for (uint64_t r = 0; r < array->rows; r++)
        for (uint64_t c = 0; c < array->columns; c++) {
            if (columns->slots[c] == WS_COLUMN_LEFT_OUT)
                continue;
            const uint8_t *place =
                array->data + (r * row_step + c * column_step) * array->type->size;
            double value = array->type->load(place);
            if (!isfinite(value))
                return refuse_number(array, r, c, place);
            values[r * columns->count + columns->slots[c]] = value;
        }
    return WS_OK;
}

enum ws_status ws_npy_read(struct ws_bytes bytes, const char *name,
                           const struct ws_text_list *columns, struct ws_arena *arena,
                           struct ws_payload *out, struct ws_error *err)
{
    struct ws_bytes text, data;
    struct header header = {.rank = 0};
    WS_TRY(find_header(bytes, name, &text, &data, err));
    WS_TRY(read_header(text, name, &header, err));
    struct array array = {
        .is_fortran = header.is_fortran, .data = data.data, .name = name, .err = err};
    WS_TRY(find_type(&header, &array));
    WS_TRY(check_shape(&header, data.size, &array));
    struct ws_columns chosen;
    enum ws_status status =
        ws_columns_choose(columns, (uint32_t)array.columns, NULL, arena, &chosen, err);
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", name);
    WS_TRY(status);
    double *values = ws_arena_alloc(arena, array.rows, chosen.count * sizeof *values);
    if (!values)
        return ws_fail_memory(err, "the numbers of an array");
    WS_TRY(read_numbers(&array, &chosen, values));
    *out = (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = array.rows, .dimension = chosen.count, .vectors = values};
    return WS_OK;
}
