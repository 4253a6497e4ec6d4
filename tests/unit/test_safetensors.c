/*
 * Contract of data/safetensors.h: reading and writing bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/safetensors.h"
#include "support/failing_heap.h"
#include "support/failing_jansson.h"
#include "support/safetensors_files.h"

/* A file with that header; byte i of its data is i + 1. */
static struct ws_bytes file_of(const char *header, size_t data_size)
{
    size_t length = strlen(header);
    uint8_t *file = ws_arena_alloc(&arena, 8 + length + data_size, 1);
    assert_non_null(file);
    store64_le(file, length);
    memcpy(file + 8, header, length);
    for (size_t i = 0; i < data_size; i++)
        file[8 + length + i] = (uint8_t)(i + 1);
    return ws_bytes_of(file, 8 + length + data_size);
}

static void assert_refuses(struct ws_bytes file, enum ws_status wanted, const char *message)
{
    struct ws_safetensors tensors = {.count = 77};
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_safetensors_parse(file, "m.safetensors", &arena, &tensors, &err), wanted);
    assert_string_equal(err.message, message);
    assert_int_equal(tensors.count, 77);
}

/* ---- reading ---- */

static const char small[] =
    "{\"__metadata__\":{\"format\":\"pt\",\"by\":\"hand\"},"
    "\"b\":{\"dtype\":\"I16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
    "\"none\":{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[4,4]}}  ";

static void safetensors__are_views_into_the_file(void **state)
{
    (void)state;
    struct ws_bytes file = file_of(small, 16);
    struct ws_safetensors tensors = parse(file);
    const uint8_t *data = file.data + file.size - 16;
    assert_int_equal(tensors.count, 3);
    const struct ws_tensor_view *a = &tensors.tensors[0], *b = &tensors.tensors[1];
    assert_string_equal(a->name, "a");
    assert_int_equal(a->dtype, WS_DTYPE_F32);
    assert_int_equal(a->rank, 0);
    assert_int_equal(a->count, 1);
    assert_ptr_equal(a->data, data);
    assert_string_equal(b->name, "b");
    assert_int_equal(b->dtype, WS_DTYPE_I16);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(b->shape[1], 3);
    assert_int_equal(b->count, 6);
    assert_ptr_equal(b->data, data + 4);
    const struct ws_tensor_view *none = ws_safetensors_find(&tensors, "none");
    assert_non_null(none);
    assert_int_equal(none->count, 0);
    assert_ptr_equal(ws_safetensors_find(&tensors, "b"), b);
    assert_null(ws_safetensors_find(&tensors, "c"));
    assert_null(ws_safetensors_find(&tensors, "__metadata__"));
}

static void safetensors__may_be_none(void **state)
{
    (void)state;
    struct ws_safetensors tensors = parse(file_of("{}", 0));
    assert_int_equal(tensors.count, 0);
    assert_null(ws_safetensors_find(&tensors, "a"));
}

static void safetensors__know_every_type_of_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
    } types[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},   {"U16", 2},
                 {"U32", 4}, {"U64", 8}, {"BOOL", 1}};
    assert_int_equal(sizeof types / sizeof *types, WS_DTYPE_COUNT - 1);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[200];
        (void)snprintf(header, sizeof header,
                       "{\"x\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}",
                       types[i].name, 3 * types[i].size);
        struct ws_safetensors tensors = parse(file_of(header, 3 * types[i].size));
        assert_string_equal(ws_dtype_name(tensors.tensors[0].dtype), types[i].name);
        assert_int_equal(ws_dtype_size(tensors.tensors[0].dtype), types[i].size);
    }
}

static void safetensors__find_one_of_thousands(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct ws_buffer header;
    char name[20];
    ws_buffer_init(&header, NULL, SIZE_MAX);
    for (int i = 0; i < COUNT; i++)
        ws_buffer_format(&header,
                         "%s\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":"
                         "[%d,%d]}",
                         i ? "," : "{", i, i, i + 1);
    ws_buffer_text(&header, "}");
    struct ws_safetensors tensors = parse(file_of(ws_buffer_string(&header), COUNT));
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        const struct ws_tensor_view *view = ws_safetensors_find(&tensors, name);
        assert_non_null(view);
        assert_int_equal(*view->data, (uint8_t)(i + 1));
    }
    assert_null(ws_safetensors_find(&tensors, "t5000"));
    ws_buffer_release(&header);
}

static void safetensors__are_refused_wherever_they_are_cut(void **state)
{
    (void)state;
    struct ws_bytes file = file_of(small, 16);
    for (size_t size = 0; size < file.size; size++) {
        struct ws_safetensors tensors;
        struct ws_error err;
        uint8_t *cut = malloc(size + 1); /* of that size, for the sanitizer to see */
        assert_non_null(cut);
        memcpy(cut, file.data, size);
        assert_int_equal(ws_safetensors_parse(ws_bytes_of(cut, size), "m", &arena, &tensors, &err),
                         WS_CORRUPT);
        free(cut);
    }
    assert_refuses(ws_bytes_of(file.data, 7), WS_CORRUPT,
                   "m.safetensors: is 7 bytes long, wanted the 8 of a header's length");
    assert_refuses(ws_bytes_of(NULL, 0), WS_CORRUPT,
                   "m.safetensors: is 0 bytes long, wanted the 8 of a header's length");
    assert_refuses(ws_bytes_of(file.data, 20), WS_CORRUPT,
                   "m.safetensors: its header claims 212 bytes, wanted at most 100000000 and the "
                   "12 that are there");
    assert_refuses(ws_bytes_of(file.data, file.size - 1), WS_CORRUPT,
                   "m.safetensors: tensor 'b': its data are bytes 4 to 16, wanted a range in the 15"
                   " that are there");
}

static void safetensors__bound_their_header(void **state)
{
    (void)state;
    uint8_t huge[16] = {0};
    store64_le(huge, UINT64_MAX);
    assert_refuses(ws_bytes_of(huge, 16), WS_CORRUPT,
                   "m.safetensors: its header claims 18446744073709551615 bytes, wanted at most "
                   "100000000 and the 8 that are there");
    store64_le(huge, 0);
    assert_refuses(ws_bytes_of(huge, 16), WS_CORRUPT,
                   "m.safetensors: its header does not begin with '{'");
    /* By its size alone: not a byte of it is read. */
    store64_le(huge, 100000001);
    assert_refuses(ws_bytes_of(huge, 200000000), WS_CORRUPT,
                   "m.safetensors: its header claims 100000001 bytes, wanted at most 100000000 and "
                   "the 199999992 that are there");
    huge[8] = '{';
    store64_le(huge, WS_JSON_LIMIT + 1);
    assert_refuses(ws_bytes_of(huge, 200000000), WS_LIMIT,
                   "m.safetensors: is 67108865 bytes long, wanted at most 67108864");
}

static void safetensors__name_the_tensor_at_fault(void **state)
{
    (void)state;
#define TENSOR(members) "{\"w\":{" members "}}"
    static const struct {
        const char *header;
        size_t data_size;
        const char *message;
    } cases[] = {
        {TENSOR("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': its data are 4 bytes, wanted 2 numbers of type F32"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"), 4,
         "m.safetensors: tensor 'w': its data are bytes 4 to 0, wanted a range in the 4 that are "
         "there"},
        {TENSOR("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'shape' has more than 2^64 elements"},
        {TENSOR("\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]"), 0,
         "m.safetensors: tensor 'w': its data are 0 bytes, wanted 2305843009213693952 numbers of "
         "type F64"},
        {TENSOR("\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'dtype' is 'Q4', wanted a type such as F32 or BF16"},
        {TENSOR("\"dtype\":\"unknown\",\"shape\":[1],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'dtype' is 'unknown', wanted a type such as F32 or BF16"},
        {TENSOR("\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'dtype' is a number, wanted a text"},
        {TENSOR("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'shape' is missing, wanted an array"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1,-1],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'shape' has no whole number of at least 0 at 1"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]"), 4,
         "m.safetensors: tensor 'w': 'shape' has no whole number of at least 0 at 0"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]"), 4,
         "m.safetensors: tensor 'w': 'data_offsets' has 3 numbers, wanted 2"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]"), 4,
         "m.safetensors: tensor 'w': 'data_offsets' has no whole number of at least 0 at 0"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,\"4\"]"), 4,
         "m.safetensors: tensor 'w': 'data_offsets' has no whole number of at least 0 at 1"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]"), 8,
         "m.safetensors: tensor 'w' begins at byte 4 of the data, wanted 0, where the one before "
         "it ends"},
        {TENSOR("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), 5,
         "m.safetensors: has 5 bytes of data, its tensors end at 4"},
        {"{}", 1, "m.safetensors: has 1 bytes of data, its tensors end at 0"},
        {"{\"w\":[]}", 0, "m.safetensors: tensor 'w' is not an object"},
        {"{\"__metadata__\":[]}", 0, "m.safetensors: '__metadata__' is not an object"},
        {"{\"__metadata__\":{\"a\":\"b\",\"c\":{\"d\":\"e\"}}}", 0,
         "m.safetensors: 'c' of '__metadata__' is not a text"},
        {" {}", 0, "m.safetensors: its header does not begin with '{'"},
        {"[]", 0, "m.safetensors: its header does not begin with '{'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refuses(file_of(cases[i].header, cases[i].data_size), WS_CORRUPT, cases[i].message);
    static const char *const foreign[] = {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F6_E2M3",
                                          "F6_E3M2", "F4",      "C64"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        char header[200], message[200];
        (void)snprintf(header, sizeof header,
                       TENSOR("\"dtype\":\"%s\",\"shape\":[4],\"data_offsets\":[0,4]"), foreign[i]);
        (void)snprintf(message, sizeof message,
                       "m.safetensors: tensor 'w': numbers of type '%s' cannot be read",
                       foreign[i]);
        assert_refuses(file_of(header, 4), WS_UNSUPPORTED, message);
    }
#undef TENSOR
}

static void safetensors__share_no_byte_and_leave_none(void **state)
{
    (void)state;
#define TWO(first, second)                                                                         \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" first "]},"                        \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" second "]}}"
    assert_int_equal(parse(file_of(TWO("4,8", "0,4"), 8)).count, 2);
    assert_refuses(file_of(TWO("0,4", "3,7"), 7), WS_CORRUPT,
                   "m.safetensors: tensor 'b' begins at byte 3 of the data, wanted 4, where the one"
                   " before it ends");
    assert_refuses(file_of(TWO("5,9", "0,4"), 9), WS_CORRUPT,
                   "m.safetensors: tensor 'a' begins at byte 5 of the data, wanted 4, where the one"
                   " before it ends");
#undef TWO
    struct ws_safetensors tensors;
    struct ws_error err;
    struct ws_bytes twice =
        file_of("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                2);
    assert_int_equal(ws_safetensors_parse(twice, "m", &arena, &tensors, &err), WS_CORRUPT);
    assert_non_null(strstr(err.message, "duplicate"));
}

/* ---- numbers ---- */

static struct ws_tensor_view view_of(enum ws_dtype dtype, const uint8_t *data, uint64_t count)
{
    return (struct ws_tensor_view){"w", dtype, 1, NULL, count, data};
}

static void tensor__is_read_as_f32_at_any_address(void **state)
{
    (void)state;
    float out[3];
    const uint8_t f32[] = {0, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC1};
    struct ws_tensor_view view = view_of(WS_DTYPE_F32, f32 + 1, 2);
    assert_int_equal(ws_tensor_read_f32(&view, out, NULL), WS_OK);
    assert_true(out[0] == 1 && out[1] == -10);
    const uint8_t f16[] = {0, 0x00, 0x3C, 0x00, 0xC9, 0x01, 0x00};
    view = view_of(WS_DTYPE_F16, f16 + 1, 3);
    assert_int_equal(ws_tensor_read_f32(&view, out, NULL), WS_OK);
    assert_true(out[0] == 1 && out[1] == -10 && out[2] == 0x1p-24F);
    const uint8_t bf16[] = {0, 0x80, 0x3F, 0x20, 0xC1};
    view = view_of(WS_DTYPE_BF16, bf16 + 1, 2);
    assert_int_equal(ws_tensor_read_f32(&view, out, NULL), WS_OK);
    assert_true(out[0] == 1 && out[1] == -10);
    uint8_t f64[25] = {0};
    store64_le(f64 + 1, 0x3FF0000010000001); /* 1 + 2^-24 and a little more: rounded up */
    store64_le(f64 + 9, 0xC024000000000000);
    store64_le(f64 + 17, 0x7FEFFFFFFFFFFFFF);
    view = view_of(WS_DTYPE_F64, f64 + 1, 3);
    assert_int_equal(ws_tensor_read_f32(&view, out, NULL), WS_OK);
    assert_true(out[0] == 1 + 0x1p-23F && out[1] == -10 && isinf(out[2]));
    view = view_of(WS_DTYPE_F32, f32, 0);
    assert_int_equal(ws_tensor_read_f32(&view, out, NULL), WS_OK);
    struct ws_error err;
    view = view_of(WS_DTYPE_I32, f32, 1);
    assert_int_equal(ws_tensor_read_f32(&view, out, &err), WS_UNSUPPORTED);
    assert_string_equal(err.message, "tensor 'w' is I32, wanted F32, F16, BF16 or F64");
}

static void tensor__is_read_as_i32_where_it_fits(void **state)
{
    (void)state;
    int32_t out[2];
    struct ws_error err;
    const uint8_t i32[] = {0, 7, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF};
    struct ws_tensor_view view = view_of(WS_DTYPE_I32, i32 + 1, 2);
    assert_int_equal(ws_tensor_read_i32(&view, out, NULL), WS_OK);
    assert_true(out[0] == 7 && out[1] == -2);
    uint8_t i64[17] = {0};
    store64_le(i64 + 1, INT32_MAX);
    store64_le(i64 + 9, (uint64_t)INT32_MIN);
    view = view_of(WS_DTYPE_I64, i64 + 1, 2);
    assert_int_equal(ws_tensor_read_i32(&view, out, NULL), WS_OK);
    assert_true(out[0] == INT32_MAX && out[1] == INT32_MIN);
    store64_le(i64 + 9, UINT64_C(1) << 31);
    assert_int_equal(ws_tensor_read_i32(&view, out, &err), WS_CORRUPT);
    assert_string_equal(err.message, "tensor 'w' has 2147483648 at 1, wanted numbers of 32 bits");
    store64_le(i64 + 9, (uint64_t)INT32_MIN - 1);
    assert_int_equal(ws_tensor_read_i32(&view, out, NULL), WS_CORRUPT);
    view = view_of(WS_DTYPE_U8, i32, 1);
    assert_int_equal(ws_tensor_read_i32(&view, out, &err), WS_UNSUPPORTED);
    assert_string_equal(err.message, "tensor 'w' is U8, wanted I32 or I64");
}

/* ---- writing ---- */

static void safetensors__are_written_as_the_reference_does(void **state)
{
    (void)state;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_safetensors_append(sources, SOURCE_COUNT, &out, NULL), WS_OK);
    assert_is_sources(ws_buffer_bytes(&out));
    ws_buffer_reset(&out);
    assert_int_equal(ws_safetensors_append(NULL, 0, &out, NULL), WS_OK);
    assert_memory_equal(out.data + 8, "{\"__metadata__\":{\"format\":\"pt\"}}", 32);
    assert_int_equal(out.size, 40);
    ws_buffer_release(&out);
}

static void safetensors__are_rounded_to_the_type_they_are_written_as(void **state)
{
    (void)state;
    const float values[] = {1 + 0x1p-11F, 1 + 0x3p-11F, 65520};
    const uint64_t shape[] = {3};
    const struct ws_tensor_source rounded[] = {{"b", WS_DTYPE_BF16, 1, shape, values},
                                               {"f", WS_DTYPE_F16, 1, shape, values}};
    struct ws_buffer out;
    float back[3];
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_safetensors_append(rounded, 2, &out, NULL), WS_OK);
    struct ws_safetensors tensors = parse(ws_buffer_bytes(&out));
    assert_int_equal(ws_tensor_read_f32(ws_safetensors_find(&tensors, "f"), back, NULL), WS_OK);
    assert_true(back[0] == 1 && back[1] == 1 + 0x1p-9F && isinf(back[2]));
    assert_int_equal(ws_tensor_read_f32(ws_safetensors_find(&tensors, "b"), back, NULL), WS_OK);
    assert_true(back[0] == 1 && back[1] == 1 && back[2] == 65536);
    ws_buffer_release(&out);
}

static void assert_unwritten(const struct ws_tensor_source *tensors, size_t count,
                             enum ws_status wanted, const char *message)
{
    struct ws_buffer out;
    struct ws_error err = {.message = ""};
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_safetensors_append(tensors, count, &out, &err), wanted);
    assert_string_equal(err.message, message);
    assert_int_equal(out.size, 0);
    assert_int_equal(ws_safetensors_save("m", tensors, count, NULL, &err), wanted);
    assert_int_equal(ws_weights_save(".", tensors, count, 4, NULL, &err), wanted);
    assert_string_equal(err.message, message);
    assert_int_equal(ws_weights_save(".", tensors, count, UINT64_MAX, NULL, &err), wanted);
    struct ws_names names;
    assert_int_equal(ws_directory_list(".", &arena, &names, NULL), WS_OK);
    assert_int_equal(names.count, 0);
    ws_buffer_release(&out);
}

static void safetensors__cannot_be_written_wrong(void **state)
{
    (void)state;
    struct ws_tensor_source two[] = {{"w", WS_DTYPE_F32, 1, shape_4, numbers},
                                     {"w", WS_DTYPE_F16, 1, shape_4, numbers}};
    assert_unwritten(two, 2, WS_INVALID, "tensor 'w' is there twice");
    two[1].name = "\xFF";
    assert_unwritten(two, 2, WS_INVALID, "the tensor name '?' is not one line of UTF-8");
    two[1].name = "v";
    two[1].dtype = WS_DTYPE_I32;
    assert_unwritten(two, 2, WS_INVALID,
                     "tensor 'v' cannot be written as I32, wanted F32, F16 or BF16");
    const uint64_t large[] = {UINT64_C(1) << 60};
    two[0].shape = two[1].shape = large;
    two[1].dtype = WS_DTYPE_F32;
    assert_unwritten(two, 2, WS_LIMIT, "the tensors have more than 2^63 bytes");
    const uint64_t largest[] = {0, UINT64_C(1) << 63};
    two[1].shape = largest;
    two[1].rank = 2;
    assert_unwritten(two, 2, WS_LIMIT, "tensor 'v' has more than 2^63 bytes");
    const struct ws_tensor_source metadata = {"__metadata__", WS_DTYPE_F32, 1, shape_4, numbers};
    struct ws_error err;
    assert_int_equal(ws_safetensors_save("m", &metadata, 1, NULL, &err), WS_INVALID);
    assert_false(ws_file_exists("m"));
}

static void safetensors__fill_no_buffer_beyond_its_limit(void **state)
{
    (void)state;
    struct ws_buffer out;
    struct ws_error err;
    size_t size = 8 + (sizeof sources_header - 1 + 7) / 8 * 8 + 46;
    ws_buffer_init(&out, NULL, size);
    assert_int_equal(ws_safetensors_append(sources, SOURCE_COUNT, &out, NULL), WS_OK);
    ws_buffer_release(&out);
    ws_buffer_init(&out, NULL, size - 1);
    assert_int_equal(ws_safetensors_append(sources, SOURCE_COUNT, &out, &err), WS_LIMIT);
    assert_non_null(strstr(err.message, "the tensors is larger than the limit of"));
    ws_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors__are_views_into_the_file),
        cmocka_unit_test(safetensors__may_be_none),
        cmocka_unit_test(safetensors__know_every_type_of_the_table),
        cmocka_unit_test(safetensors__find_one_of_thousands),
        cmocka_unit_test(safetensors__are_refused_wherever_they_are_cut),
        cmocka_unit_test(safetensors__bound_their_header),
        cmocka_unit_test(safetensors__name_the_tensor_at_fault),
        cmocka_unit_test(safetensors__share_no_byte_and_leave_none),
        cmocka_unit_test(tensor__is_read_as_f32_at_any_address),
        cmocka_unit_test(tensor__is_read_as_i32_where_it_fits),
        cmocka_unit_test(safetensors__are_written_as_the_reference_does),
        cmocka_unit_test(safetensors__are_rounded_to_the_type_they_are_written_as),
        cmocka_unit_test(safetensors__cannot_be_written_wrong),
        cmocka_unit_test(safetensors__fill_no_buffer_beyond_its_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
