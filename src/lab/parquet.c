#include "lab/parquet.h"

#include <string.h>

#include "base/text_set.h"

enum {
#ifdef WS_SMALL_LIMITS
    GROUP_ROWS = 7,
#else
    GROUP_ROWS = 1 << 17,
#endif
};

/* A column of the row group at hand. */
struct ws_parquet_chunk {
    struct ws_buffer values;  /* the page's bytes; of texts their numbers, uint32_t */
    struct ws_text_set texts; /* of this group */
};

/* Thrift's compact protocol: fields are numbered by their distance from the one before. */
struct thrift {
    struct ws_buffer *out;
    int last; /* field of this struct */
};

enum thrift_type {
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_STRUCT = 12
};

/* Numbers of parquet.thrift. */
enum { TYPE_INT64 = 2, TYPE_DOUBLE = 5, TYPE_BYTE_ARRAY = 6 };
enum { CONVERTED_UTF8 = 0 };
enum { REPETITION_REQUIRED = 0 };
enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3, ENCODING_RLE_DICTIONARY = 8 };
enum { PAGE_DATA = 0, PAGE_DICTIONARY = 2 };
enum { CODEC_UNCOMPRESSED = 0 };
enum { FORMAT_VERSION = 1 };
static const char magic[] = "PAR1";

/* Thrift --------------------------------------------------------------------------------------- */

static void put_zigzag(struct ws_buffer *out, int64_t value)
{
    ws_buffer_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void put_text(struct ws_buffer *out, const char *text)
{
    ws_buffer_varint(out, strlen(text));
    ws_buffer_text(out, text);
}

static void put_field(struct thrift *t, int field, enum thrift_type type)
{
    ws_buffer_u8(t->out, (uint8_t)((field - t->last) << 4 | (int)type));
    t->last = field;
}

static void put_i32(struct thrift *t, int field, int32_t value)
{
    put_field(t, field, THRIFT_I32);
    put_zigzag(t->out, value);
}

static void put_i64(struct thrift *t, int field, uint64_t value)
{
    put_field(t, field, THRIFT_I64);
    put_zigzag(t->out, (int64_t)value);
}

static void put_name(struct thrift *t, int field, const char *text)
{
    put_field(t, field, THRIFT_BINARY);
    put_text(t->out, text);
}

static void put_list(struct thrift *t, int field, enum thrift_type of, uint32_t count)
{
    put_field(t, field, THRIFT_LIST);
    ws_buffer_u8(t->out, (uint8_t)((count < 15 ? count : 15) << 4 | (uint32_t)of));
    if (count >= 15)
        ws_buffer_varint(t->out, count);
}

static struct thrift begin_struct(struct thrift *t, int field)
{
    put_field(t, field, THRIFT_STRUCT);
    return (struct thrift){t->out, 0};
}

static void end_struct(struct thrift *t)
{
    ws_buffer_u8(t->out, 0);
}

/* Pages ---------------------------------------------------------------------------------------- */

/* Both kinds of page are described alike, but for the fields at the end. */
static void put_page(struct ws_buffer *out, int kind, uint32_t values, int encoding,
                     struct ws_bytes page)
{
    struct thrift header = {out, 0};
    put_i32(&header, 1, kind);
    put_i32(&header, 2, (int32_t)page.size);
    put_i32(&header, 3, (int32_t)page.size); /* compressed */
    struct thrift of = begin_struct(&header, kind == PAGE_DATA ? 5 : 7);
    put_i32(&of, 1, (int32_t)values);
    put_i32(&of, 2, encoding);
    if (kind == PAGE_DATA) { /* of levels, which columns without nulls have none of */
        put_i32(&of, 3, ENCODING_RLE);
        put_i32(&of, 4, ENCODING_RLE);
    }
    end_struct(&of);
    end_struct(&header);
    ws_buffer_append(out, page.data, page.size);
}

static void list_texts(const struct ws_text_set *texts, struct ws_buffer *out)
{
    for (uint32_t i = 0; i < texts->count; i++) {
        const char *text = ws_text_set_at(texts, i);
        ws_buffer_u32(out, (uint32_t)strlen(text));
        ws_buffer_text(out, text);
    }
}

/* The numbers as one bit-packed run, the lowest bits first, filled up to a multiple of eight. */
static void pack(const uint32_t *numbers, uint64_t count, uint32_t most, struct ws_buffer *out)
{
    unsigned width = 1;
    while (most >> width)
        width++;
    const uint64_t groups = (count + 7) / 8;
    uint64_t bits = 0;
    unsigned held = 0;
    ws_buffer_u8(out, (uint8_t)width);
    ws_buffer_varint(out, groups << 1 | 1);
    for (uint64_t i = 0; i < groups * 8; i++) {
        bits |= (uint64_t)(i < count ? numbers[i] : 0) << held;
        for (held += width; held >= 8; held -= 8, bits >>= 8)
            ws_buffer_u8(out, (uint8_t)bits);
    }
}

/* Where a column of a group lies. */
struct place {
    uint64_t dictionary, data; /* offsets of the pages; no dictionary: 0 */
    uint64_t size;
};

static enum ws_status put_texts(const struct ws_parquet *file, struct ws_parquet_chunk *chunk,
                                struct place *place, struct ws_buffer *out, struct ws_error *err)
{
    const uint32_t *numbers = (const uint32_t *)(const void *)chunk->values.data;
    const size_t begin = out->size;
    struct ws_buffer page;
    ws_buffer_init(&page, file->allocator, INT32_MAX);
    list_texts(&chunk->texts, &page);
    place->dictionary = file->written;
    put_page(out, PAGE_DICTIONARY, chunk->texts.count, ENCODING_PLAIN, ws_buffer_bytes(&page));
    place->data = file->written + out->size - begin;
    enum ws_status status = ws_buffer_check(&page, "a Parquet page", err);
    ws_buffer_reset(&page);
    pack(numbers, file->rows, chunk->texts.count - 1, &page);
    put_page(out, PAGE_DATA, (uint32_t)file->rows, ENCODING_RLE_DICTIONARY, ws_buffer_bytes(&page));
    if (status == WS_OK)
        status = ws_buffer_check(&page, "a Parquet page", err);
    ws_buffer_release(&page);
    return status;
}

static enum ws_status put_chunk(struct ws_parquet *file, size_t column, struct place *place,
                                struct ws_buffer *out, struct ws_error *err)
{
    struct ws_parquet_chunk *chunk = &file->chunks[column];
    const size_t begin = out->size;
    *place = (struct place){.data = file->written};
    WS_TRY(ws_buffer_check(&chunk->values, "a Parquet page", err));
    if (file->columns[column].type == WS_COLUMN_TEXT)
        WS_TRY(put_texts(file, chunk, place, out, err));
    else
        put_page(out, PAGE_DATA, (uint32_t)file->rows, ENCODING_PLAIN,
                 ws_buffer_bytes(&chunk->values));
    place->size = out->size - begin;
    file->written += place->size;
    return ws_buffer_check(out, "a Parquet file", err);
}

/* The footer ----------------------------------------------------------------------------------- */

static int type_of(const struct ws_column *column)
{
    switch (column->type) {
    case WS_COLUMN_TEXT:
        return TYPE_BYTE_ARRAY;
    case WS_COLUMN_WHOLE:
        return TYPE_INT64;
    default:
        return TYPE_DOUBLE;
    }
}

/* ColumnChunk, with its ColumnMetaData */
static void describe_chunk(const struct ws_parquet *file, const struct ws_column *column,
                           const struct place *place, struct ws_buffer *out)
{
    const bool is_text = column->type == WS_COLUMN_TEXT;
    struct thrift chunk = {out, 0};
    put_i64(&chunk, 2, place->dictionary ? place->dictionary : place->data);
    struct thrift meta = begin_struct(&chunk, 3);
    put_i32(&meta, 1, type_of(column));
    put_list(&meta, 2, THRIFT_I32, is_text ? 2 : 1);
    put_zigzag(out, ENCODING_PLAIN);
    if (is_text)
        put_zigzag(out, ENCODING_RLE_DICTIONARY);
    put_list(&meta, 3, THRIFT_BINARY, 1);
    put_text(out, column->name);
    put_i32(&meta, 4, CODEC_UNCOMPRESSED);
    put_i64(&meta, 5, file->rows);
    put_i64(&meta, 6, place->size);
    put_i64(&meta, 7, place->size);
    put_i64(&meta, 9, place->data);
    if (is_text)
        put_i64(&meta, 11, place->dictionary);
    end_struct(&meta);
    end_struct(&chunk);
}

static void describe_schema(const struct ws_parquet *file, struct thrift *footer)
{
    put_list(footer, 2, THRIFT_STRUCT, (uint32_t)file->column_count + 1);
    struct thrift root = {footer->out, 0};
    put_name(&root, 4, "schema");
    put_i32(&root, 5, (int32_t)file->column_count);
    end_struct(&root);
    for (size_t c = 0; c < file->column_count; c++) {
        struct thrift element = {footer->out, 0};
        put_i32(&element, 1, type_of(&file->columns[c]));
        put_i32(&element, 3, REPETITION_REQUIRED);
        put_name(&element, 4, file->columns[c].name);
        if (file->columns[c].type == WS_COLUMN_TEXT)
            put_i32(&element, 6, CONVERTED_UTF8);
        end_struct(&element);
    }
}

/* Row groups ----------------------------------------------------------------------------------- */

static void empty_chunks(struct ws_parquet *file)
{
    for (size_t c = 0; c < file->column_count; c++) {
        ws_buffer_reset(&file->chunks[c].values);
        ws_text_set_release(&file->chunks[c].texts);
        ws_text_set_init(&file->chunks[c].texts, file->allocator);
    }
}

static enum ws_status end_group(struct ws_parquet *file, struct ws_buffer *out,
                                struct ws_error *err)
{
    struct thrift group = {&file->groups, 0};
    uint64_t size = 0;
    put_list(&group, 1, THRIFT_STRUCT, (uint32_t)file->column_count);
    for (size_t c = 0; c < file->column_count; c++) {
        struct place place;
        WS_TRY(put_chunk(file, c, &place, out, err));
        describe_chunk(file, &file->columns[c], &place, &file->groups);
        size += place.size;
    }
    put_i64(&group, 2, size);
    put_i64(&group, 3, file->rows);
    end_struct(&group);
    file->group_count++;
    file->total_rows += file->rows;
    file->rows = 0;
    empty_chunks(file);
    return ws_buffer_check(&file->groups, "a Parquet file", err);
}

/* The whole ------------------------------------------------------------------------------------ */

enum ws_status ws_parquet_begin(struct ws_parquet *file, const struct ws_column *columns,
                                size_t column_count, const struct ws_allocator *allocator,
                                struct ws_buffer *out, struct ws_error *err)
{
    *file = (struct ws_parquet){
        .allocator = allocator, .columns = columns, .column_count = column_count};
    file->chunks = ws_realloc(allocator, NULL, 0, column_count * sizeof *file->chunks);
    if (!file->chunks)
        return ws_fail_memory(err, "a Parquet file");
    ws_buffer_init(&file->groups, allocator, INT32_MAX);
    for (size_t c = 0; c < column_count; c++) {
        ws_buffer_init(&file->chunks[c].values, allocator, INT32_MAX);
        ws_text_set_init(&file->chunks[c].texts, allocator);
    }
    ws_buffer_text(out, magic);
    file->written = strlen(magic);
    return WS_OK;
}

enum ws_status ws_parquet_add(struct ws_parquet *file, const union ws_cell *cells,
                              struct ws_buffer *out, struct ws_error *err)
{
    for (size_t c = 0; c < file->column_count; c++) {
        struct ws_parquet_chunk *chunk = &file->chunks[c];
        uint32_t number;
        switch (file->columns[c].type) {
        case WS_COLUMN_TEXT:
            WS_TRY(
                ws_text_set_add(&chunk->texts, cells[c].text, strlen(cells[c].text), &number, err));
            ws_buffer_append(&chunk->values, &number, sizeof number);
            break;
        case WS_COLUMN_WHOLE:
            ws_buffer_u64(&chunk->values, cells[c].whole);
            break;
        case WS_COLUMN_REAL:
            ws_buffer_f64(&chunk->values, cells[c].real);
            break;
        }
    }
    return ++file->rows == GROUP_ROWS ? end_group(file, out, err) : WS_OK;
}

enum ws_status ws_parquet_end(struct ws_parquet *file, struct ws_buffer *out, struct ws_error *err)
{
    if (file->rows > 0)
        WS_TRY(end_group(file, out, err));
    const size_t begin = out->size;
    struct thrift footer = {out, 0};
    put_i32(&footer, 1, FORMAT_VERSION);
    describe_schema(file, &footer);
    put_i64(&footer, 3, file->total_rows);
    put_list(&footer, 4, THRIFT_STRUCT, file->group_count);
    ws_buffer_append(out, file->groups.data, file->groups.size);
    put_name(&footer, 6, "wellspring");
    end_struct(&footer);
    ws_buffer_u32(out, (uint32_t)(out->size - begin));
    ws_buffer_text(out, magic);
    return ws_buffer_check(out, "a Parquet file", err);
}

void ws_parquet_release(struct ws_parquet *file)
{
    for (size_t c = 0; file->chunks && c < file->column_count; c++) {
        ws_buffer_release(&file->chunks[c].values);
        ws_text_set_release(&file->chunks[c].texts);
    }
    if (file->chunks)
        ws_buffer_release(&file->groups);
    ws_free(file->allocator, file->chunks, file->column_count * sizeof *file->chunks);
    file->chunks = NULL;
}
