/* Contract of data/npy.h: files are made here byte by byte, and one is NumPy's own. */
#include "data/npy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "support/failing_heap.h"

static const struct ws_text_list all = {NULL, 0};

struct fixture {
    struct ws_arena arena;
    struct ws_buffer file;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    ws_arena_init(&fixture.arena, NULL);
    ws_buffer_init(&fixture.file, NULL, 1 << 20);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    ws_buffer_release(&fixture->file);
    ws_arena_release(&fixture->arena);
    return 0;
}

/* What lies before the numbers, with a header of this text and a length of the version's size. */
static void begin(struct fixture *fixture, uint8_t major, const char *header)
{
    struct ws_buffer *file = &fixture->file;
    ws_buffer_reset(file);
    ws_buffer_append(file, "\x93NUMPY", 6);
    ws_buffer_u8(file, major);
    ws_buffer_u8(file, 0);
    if (major == 1) {
        ws_buffer_u8(file, (uint8_t)strlen(header));
        ws_buffer_u8(file, (uint8_t)(strlen(header) >> 8));
    } else {
        ws_buffer_u32(file, (uint32_t)strlen(header));
    }
    ws_buffer_text(file, header);
}

static void assert_read(struct fixture *fixture, const struct ws_text_list *columns, uint64_t rows,
                        uint32_t dimension, const double *wanted)
{
    struct ws_payload table = {0};
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_npy_read(ws_buffer_bytes(&fixture->file), "t.npy", columns,
                                        &fixture->arena, &table, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, WS_OK);
    assert_true(table.kind == WS_DATA_VECTORS && table.count == rows);
    assert_int_equal(table.dimension, dimension);
    assert_memory_equal(table.vectors, wanted, rows * dimension * sizeof *wanted);
}

static void assert_refused(struct fixture *fixture, const struct ws_text_list *columns,
                           enum ws_status wanted, const char *message)
{
    struct ws_payload table;
    struct ws_error err;
    assert_int_equal(ws_npy_read(ws_buffer_bytes(&fixture->file), "t.npy", columns, &fixture->arena,
                                 &table, &err),
                     wanted);
    assert_string_equal(err.message, message);
}

static const double numbers[] = {1, -2, 3.5, 4, 0.25, -6};

static void npy__versions_1_to_3_and_any_spelling_are_read(void **state)
{
    static const char *const headers[] = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }      \n",
        "{\"shape\":(2,3,),\"descr\":\"<f8\",\"fortran_order\":False}",
        "{ 'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '<f8' }\n",
    };
    for (uint8_t major = 1; major <= 3; major++)
        for (size_t i = 0; i < 3; i++) {
            begin(*state, major, headers[i]);
            ws_buffer_f64s(&((struct fixture *)*state)->file, numbers, 6);
            assert_read(*state, &all, 2, 3, numbers);
        }
}

/* numpy.save of array([[1, 2], [3, 4]], dtype="<i2", order="F"), NumPy 1.24.2 */
static void npy__a_file_of_numpy_is_read(void **state)
{
    struct fixture *fixture = *state;
    static const char head[] = "\x93NUMPY\x01\x00v\x00"
                               "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }";
    ws_buffer_append(&fixture->file, head, sizeof head - 1);
    while (fixture->file.size < 127)
        ws_buffer_text(&fixture->file, " ");
    ws_buffer_append(&fixture->file, "\n\x01\x00\x03\x00\x02\x00\x04\x00", 9);
    assert_read(fixture, &all, 2, 2, (const double[]){1, 2, 3, 4});
}

static void npy__columns_come_in_both_orders(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}");
    ws_buffer_f64s(&fixture->file, numbers, 6);
    assert_read(fixture, &all, 2, 3, (const double[]){1, 3.5, 0.25, -2, 4, -6});
    const char *items[] = {"3", "1"};
    assert_read(fixture, &(struct ws_text_list){items, 2}, 2, 2, (const double[]){0.25, 1, -6, -2});
    begin(fixture, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (6,)}");
    ws_buffer_f64s(&fixture->file, numbers, 6);
    assert_read(fixture, &all, 6, 1, numbers);
    assert_refused(fixture, &(struct ws_text_list){items, 1}, WS_INVALID,
                   "t.npy: 'columns' has '3', wanted numbers from 1 to 1");
    items[0] = "x";
    assert_refused(fixture, &(struct ws_text_list){items, 1}, WS_INVALID,
                   "t.npy: 'columns' has 'x', and the columns have no names: wanted numbers from 1 "
                   "to 1");
}

/* The least, -1 or 1, and the most of each type. */
static void npy__every_type_keeps_its_range(void **state)
{
    static const struct {
        const char *type, *bytes;
        size_t size;
        double wanted[3];
    } cases[] = {
        {"|i1", "\x80\xff\x7f", 3, {-128, -1, 127}},
        {"|u1", "\x00\x01\xff", 3, {0, 1, 255}},
        {"<i2", "\x00\x80\xff\xff\xff\x7f", 6, {-32768, -1, 32767}},
        {"<u2", "\x00\x00\x01\x00\xff\xff", 6, {0, 1, 65535}},
        {"<i4",
         "\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\x7f",
         12,
         {-2147483648.0, -1, 2147483647.0}},
        {"<u4", "\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff", 12, {0, 1, 4294967295.0}},
        {"<i8",
         "\x00\x00\x00\x00\x00\x00\xe0\xff\xff\xff\xff\xff\xff\xff\xff\xff"
         "\x00\x00\x00\x00\x00\x00\x20\x00",
         24,
         {-0x1p53, -1, 0x1p53}},
        {"<u8",
         "\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
         "\x00\x00\x00\x00\x00\x00\x20\x00",
         24,
         {0, 1, 0x1p53}},
        {"<f4",
         "\xff\xff\x7f\xff\x00\x00\x80\xbf\x01\x00\x00\x00",
         12,
         {-0x1.fffffep127, -1, 0x1p-149}},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[80];
        (void)snprintf(header, sizeof header,
                       "{'descr': '%s', 'fortran_order': False, 'shape': (3,), }", cases[i].type);
        begin(fixture, 1, header);
        ws_buffer_append(&fixture->file, cases[i].bytes, cases[i].size);
        assert_read(fixture, &all, 3, 1, cases[i].wanted);
    }
}

static void npy__numbers_that_no_double_holds_are_refused(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2)}");
    ws_buffer_f64s(&fixture->file, (const double[]){1, 2, 3, -1.0 / 0.0}, 4);
    assert_refused(fixture, &all, WS_CORRUPT,
                   "t.npy: row 2, column 2 is -inf, wanted a finite number");
    const char *first[] = {"1"}; /* what is not wanted is not looked at */
    assert_read(fixture, &(struct ws_text_list){first, 1}, 2, 1, (const double[]){1, 2});
    begin(fixture, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}");
    ws_buffer_u32(&fixture->file, 0x7fc00000);
    assert_refused(fixture, &all, WS_CORRUPT,
                   "t.npy: row 1, column 1 is nan, wanted a finite number");
    static const char *const headers[] = {
        "{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}",
    };
    for (size_t i = 0; i < 2; i++) {
        begin(fixture, 1, headers[i]);
        ws_buffer_u64(&fixture->file, ((uint64_t)1 << 53) + 1);
        assert_refused(fixture, &all, WS_UNSUPPORTED,
                       "t.npy: row 1, column 1 is a whole number beyond 2^53, which a double does "
                       "not hold");
    }
}

static void npy__types_and_shapes_that_are_not_taken_are_named(void **state)
{
    static const struct {
        const char *header, *message;
    } faults[] = {
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}",
         "t.npy: items of type '>f8', wanted '<f8', '<f4' or whole numbers such as '<i8'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
         "t.npy: items of type '|O', wanted '<f8', '<f4' or whole numbers such as '<i8'"},
        {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,)}",
         "t.npy: the items are structures, wanted an array of numbers"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': ()}",
         "t.npy: an array of 0 dimensions, wanted 1 or 2"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1)}",
         "t.npy: an array of 3 dimensions, wanted 1 or 2"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3)}",
         "t.npy: 0 rows of 3 numbers, wanted at least 1 of each"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        begin(*state, 1, faults[i].header);
        assert_refused(*state, &all, WS_UNSUPPORTED, faults[i].message);
    }
}

static void npy__hostile_headers_are_refused(void **state)
{
    static const struct {
        const char *header, *message;
    } faults[] = {
        {"", "t.npy: the header has '', wanted '{'"},
        {"import os", "t.npy: the header has 'import os', wanted '{'"},
        {"{", "t.npy: the header has '', wanted a key"},
        {"{}", "t.npy: the header lacks 'descr'"},
        {"{'descr': '<f8'}", "t.npy: the header lacks 'fortran_order'"},
        {"{'descr': '<f8', 'fortran_order': True}", "t.npy: the header lacks 'shape'"},
        {"{'descr': '<f8', 'descr': '<f8'}", "t.npy: the header has a key twice"},
        {"{'descr': f(1)}", "t.npy: the header has 'f(1)}', wanted a type such as '<f8'"},
        {"{'descr': '<f8", "t.npy: the header has ''<f8', wanted a type such as '<f8'"},
        {"{'descr' '<f8'}", "t.npy: the header has ''<f8'}', wanted ':'"},
        {"{'order': 1}",
         "t.npy: the header has a key 'order', wanted descr, fortran_order and shape"},
        {"{'fortran_order': 1}", "t.npy: the header has '1}', wanted True or False"},
        {"{'shape': 3}", "t.npy: the header has '3}', wanted a tuple of whole numbers"},
        {"{'shape': (3)}", "t.npy: the shape is a number, wanted a tuple"},
        {"{'shape': (-3,)}", "t.npy: the header has '-3,)}', wanted a tuple of whole numbers"},
        {"{'shape': (18446744073709551616,)}", "t.npy: the shape has a number of 2^64 or more"},
        {"{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
         "t.npy: the header has '1)}', wanted a tuple of at most 32 whole numbers"},
        {"{'shape': (1,) 'descr': '<f8'}",
         "t.npy: the header has ''descr': '<f8'}', wanted ',' or '}'"},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (1,)} + 1",
         "t.npy: the header has '+ 1', wanted its end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
         "t.npy: 0 bytes behind the header, wanted 4294967296 x 4294967296 numbers of 8"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}",
         "t.npy: 0 bytes behind the header, wanted 2 x 3 numbers of 8"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        begin(*state, 2, faults[i].header);
        assert_refused(*state, &all, WS_CORRUPT, faults[i].message);
    }
}

static void npy__files_that_are_cut_or_too_long_are_refused(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (6,)}");
    size_t header = fixture->file.size;
    ws_buffer_f64s(&fixture->file, numbers, 6);
    size_t whole = fixture->file.size;
    for (size_t size = 0; size < whole; size++) {
        struct ws_payload table;
        struct ws_error err;
        enum ws_status status = ws_npy_read(ws_bytes_of(fixture->file.data, size), "t.npy", &all,
                                            &fixture->arena, &table, &err);
        assert_int_equal(status, size < 8 ? WS_UNSUPPORTED : WS_CORRUPT);
        if (size >= 8 && size < header)
            assert_string_equal(err.message, "t.npy: ends inside its header");
    }
    ws_buffer_u8(&fixture->file, 0);
    assert_refused(fixture, &all, WS_CORRUPT,
                   "t.npy: 49 bytes behind the header, wanted 6 x 1 numbers of 8");
    begin(fixture, 4, "{}");
    assert_refused(fixture, &all, WS_UNSUPPORTED, "t.npy: version 4.0, wanted 1.0, 2.0 or 3.0");
    ws_buffer_reset(&fixture->file);
    ws_buffer_append(&fixture->file, "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
    assert_refused(fixture, &all, WS_LIMIT,
                   "t.npy: a header of 4294967295 bytes; the most is 65536");
    ws_buffer_reset(&fixture->file);
    ws_buffer_text(&fixture->file, "1,2\n3,4\n5,6\n");
    assert_refused(fixture, &all, WS_UNSUPPORTED,
                   "t.npy: no .npy file, which begins with \\x93NUMPY");
}

static void npy__every_failing_allocation_is_reported(void **state)
{
    struct fixture *fixture = *state;
    enum ws_status status = WS_NO_MEMORY;
    begin(fixture, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (6,)}");
    ws_buffer_f64s(&fixture->file, numbers, 6);
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_payload table;
        ws_arena_init(&arena, &allocator);
        status = ws_npy_read(ws_buffer_bytes(&fixture->file), "t.npy", &all, &arena, &table, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(n < 20);
    }
    assert_int_equal(status, WS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(npy__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_1_to_3_and_any_spelling_are_read),
        TEST(a_file_of_numpy_is_read),
        TEST(columns_come_in_both_orders),
        TEST(every_type_keeps_its_range),
        TEST(numbers_that_no_double_holds_are_refused),
        TEST(types_and_shapes_that_are_not_taken_are_named),
        TEST(hostile_headers_are_refused),
        TEST(files_that_are_cut_or_too_long_are_refused),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
