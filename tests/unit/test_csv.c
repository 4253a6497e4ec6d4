/* Contract of data/csv.h and of data/table_columns.h behind it. */
#include "data/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_heap.h"

static const struct ws_csv_form plain = {WS_CSV_COMMA, WS_CSV_HEADER_DETECTED};
static const struct ws_csv_form headed = {WS_CSV_COMMA, WS_CSV_HEADER_YES};
static const struct ws_csv_form bare = {WS_CSV_COMMA, WS_CSV_HEADER_NO};
static const struct ws_text_list all = {NULL, 0};

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static struct ws_payload read_csv(const char *text, struct ws_csv_form form,
                                  const struct ws_text_list *columns, struct ws_arena *arena)
{
    struct ws_payload table = {0};
    struct ws_error err = {.message = ""};
    enum ws_status status =
        ws_csv_read(ws_bytes_of_text(text), "t.csv", &form, columns, arena, &table, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, WS_OK);
    assert_int_equal(table.kind, WS_DATA_VECTORS);
    return table;
}

static void assert_table(struct ws_payload table, uint64_t rows, uint32_t columns,
                         const double *wanted)
{
    assert_int_equal(table.count, rows);
    assert_int_equal(table.dimension, columns);
    assert_memory_equal(table.vectors, wanted, rows * columns * sizeof *wanted);
}

static void assert_refused(struct ws_bytes text, struct ws_csv_form form,
                           const struct ws_text_list *columns, enum ws_status wanted,
                           const char *message)
{
    struct ws_arena arena;
    struct ws_payload table;
    struct ws_error err;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_csv_read(text, "t.csv", &form, columns, &arena, &table, &err), wanted);
    assert_string_equal(err.message, message);
    ws_arena_release(&arena);
}

static const double squares[] = {1, 2, 3, 4};

static void csv__records_are_rows(void **state)
{
    static const char *const same[] = {
        "1,2\n3,4\n",
        "1,2\n3,4",
        "1,2\r\n3,4\r\n",
        "1,2\n3,4\n\n\r\n\n",         /* blank lines at the end are no records */
        "\xef\xbb\xbf\"1\",2\n3,4\n", /* a byte order mark */
        "\"1\",\"2\"\n\"3\",4\n",     /* quoted numbers are numbers */
        " 1 ,\t2\n 3,4 \n",           /* blanks around them */
        "+1e0,0.2E1\n30e-1,.4e+1\n",
        "a,b\n1,2\n3,4\n",    /* a header that is seen to be one */
        "\"a\",\n1,2\n3,4\n", /* with an empty name */
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_table(read_csv(same[i], plain, &all, *state), 2, 2, squares);
    assert_table(read_csv("7", plain, &all, *state), 1, 1, (const double[]){7});
}

static void csv__every_delimiter_separates(void **state)
{
    static const struct {
        enum ws_csv_delimiter delimiter;
        const char *text;
    } ways[] = {{WS_CSV_COMMA, "1,2\n3,4\n"},
                {WS_CSV_SEMICOLON, "1;2\n3;4\n"},
                {WS_CSV_TAB, "1\t2\n3\t4\n"},
                {WS_CSV_SPACE, "1 2\n3 4\n"},
                {WS_CSV_BAR, "1|2\n3|4\n"}};
    for (size_t i = 0; i < 5; i++) {
        struct ws_csv_form form = {ways[i].delimiter, WS_CSV_HEADER_DETECTED};
        assert_table(read_csv(ways[i].text, form, &all, *state), 2, 2, squares);
    }
}

static void csv__numbers_read_back_to_the_bit(void **state)
{
    static const double wanted[] = {0.1, 1.0 / 3, -5e-324, 1.7976931348623157e308, -0.0};
    assert_table(read_csv("0.1,0.33333333333333331,-4.9406564584124654e-324,"
                          "1.7976931348623157e308,-0\n",
                          plain, &all, *state),
                 1, 5, wanted);
}

/* Names, numbers, quoted separators, doubled quotes and line breaks; what is not wanted may hold
 * anything, and columns come in the order in which they are wanted. */
static void csv__columns_are_chosen_by_name_or_number(void **state)
{
    static const char text[] = "id,\"x, y\",\"say \"\"z\"\"\",note\n"
                               "a,1,10,\"two\nlines, \"\"quoted\"\"\"\n"
                               ",2,20,\n";
    const char *items[] = {"say \"z\"", "2"};
    const struct ws_text_list columns = {items, 2};
    static const double wanted[] = {10, 1, 20, 2};
    assert_table(read_csv(text, plain, &columns, *state), 2, 2, wanted);
    const char *comma[] = {"x, y"};
    assert_table(read_csv(text, plain, &(struct ws_text_list){comma, 1}, *state), 2, 1,
                 (const double[]){1, 2});
    /* By a name of which every other cell of the first line looks like a number. */
    const char *year[] = {"x"};
    assert_table(read_csv("2019,x\n5,6\n", plain, &(struct ws_text_list){year, 1}, *state), 1, 1,
                 (const double[]){6});
}

static void csv__a_header_is_there_when_it_is_said(void **state)
{
    assert_table(read_csv("2019,2020\n1,2\n3,4\n", headed, &all, *state), 2, 2, squares);
    assert_table(read_csv("1,2\n3,4\n", bare, &all, *state), 2, 2, squares);
    assert_refused(ws_bytes_of_text("a,b\n1,2\n"), bare, &all, WS_CORRUPT,
                   "t.csv:1: column 1 is 'a', wanted a finite number");
    /* One number, or what stands for one, makes a first line data. */
    assert_refused(ws_bytes_of_text("1,x\n1,2\n"), plain, &all, WS_CORRUPT,
                   "t.csv:1: column 2 is 'x', wanted a finite number");
    assert_refused(ws_bytes_of_text("nan,NaN\n1,2\n"), plain, &all, WS_CORRUPT,
                   "t.csv:1: column 1 is 'nan', wanted a finite number");
    assert_refused(ws_bytes_of_text(",\n1,2\n"), plain, &all, WS_CORRUPT,
                   "t.csv:1: column 1 is '', wanted a finite number");
}

static void csv__what_is_no_number_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } faults[] = {
        {"1,2\n3,\n", "t.csv:2: column 2 is '', wanted a finite number"},
        {"1,2\n3,4x\n", "t.csv:2: column 2 is '4x', wanted a finite number"},
        {"1,2\n-inf,4\n", "t.csv:2: column 1 is '-inf', wanted a finite number"},
        {"1,2\n3,1e999\n", "t.csv:2: column 2 is '1e999', wanted a finite number"},
        {"1,2\n3,0x10\n", "t.csv:2: column 2 is '0x10', wanted a finite number"},
        {"1,2\n3,1 000\n", "t.csv:2: column 2 is '1 000', wanted a finite number"},
        {"a,b\n1,2\n3,NA\n", "t.csv:3: column 2, 'b', is 'NA', wanted a finite number"},
        {"a,b\n\"1\",\"\n\n2\"\n3,NA\n",
         "t.csv:2: column 2, 'b', is '??2', wanted a finite number"},
        {"1\n\n2\n", "t.csv:2: column 1 is '', wanted a finite number"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_refused(ws_bytes_of_text(faults[i].text), plain, &all, WS_CORRUPT,
                       faults[i].message);
    assert_refused(ws_bytes_of("1,\0002\n", 5), plain, &all, WS_CORRUPT,
                   "t.csv:1: column 2 is '', wanted a finite number");
}

static void csv__records_of_another_length_are_refused(void **state)
{
    (void)state;
    assert_refused(ws_bytes_of_text("1,2\n3\n"), plain, &all, WS_CORRUPT,
                   "t.csv:2: 1 column, wanted 2 as line 1 has");
    assert_refused(ws_bytes_of_text("a,b\n\"1\n\",2\n3,4,5\n"), plain, &all, WS_CORRUPT,
                   "t.csv:4: 3 columns, wanted 2 as line 1 has");
    assert_refused(ws_bytes_of_text("1,2\n\n3,4\n"), plain, &all, WS_CORRUPT,
                   "t.csv:2: 1 column, wanted 2 as line 1 has");
}

static void csv__quotes_follow_rfc_4180(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } faults[] = {
        {"1,\"2\n3,4\n", "t.csv:1: column 2 begins with a quote that is never closed"},
        {"1,\"2\"x\n", "t.csv:1: column 2 has text behind its closing quote"},
        {"1,2\n3,4\"\n",
         "t.csv:2: column 2 has a quote inside; a field with quotes is quoted as a whole"},
        {"1, \"2\"\n",
         "t.csv:1: column 2 has a quote inside; a field with quotes is quoted as a whole"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_refused(ws_bytes_of_text(faults[i].text), plain, &all, WS_CORRUPT,
                       faults[i].message);
}

static void csv__empty_tables_are_refused(void **state)
{
    (void)state;
    assert_refused(ws_bytes_of_text(""), plain, &all, WS_UNSUPPORTED,
                   "'t.csv' is empty, wanted rows of numbers");
    assert_refused(ws_bytes_of_text("\xef\xbb\xbf\n\r\n"), plain, &all, WS_UNSUPPORTED,
                   "'t.csv' is empty, wanted rows of numbers");
    assert_refused(ws_bytes_of_text("a,b\n"), plain, &all, WS_UNSUPPORTED,
                   "'t.csv' has no row of numbers");
}

static void csv__columns_that_are_not_there_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *column, *message;
    } faults[] = {
        {"0", "t.csv: 'columns' has '0', wanted numbers from 1 to 3, or names"},
        {"4", "t.csv: 'columns' has '4', wanted numbers from 1 to 3, or names"},
        {"99999999999999999999",
         "t.csv: 'columns' has '99999999999999999999', wanted numbers from 1 to 3, or names"},
        {"hieght",
         "t.csv: 'columns' has 'hieght', no column has this name; did you mean 'height'?"},
        {"weight and more", "t.csv: 'columns' has 'weight and more', no column has this name"},
        {"age", "t.csv: 'columns' has 'age', the name of columns 2 and 3: wanted its number"},
    };
    struct ws_bytes text = ws_bytes_of_text("height,age,age\n1,2,3\n");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *items[] = {faults[i].column};
        assert_refused(text, plain, &(struct ws_text_list){items, 1}, WS_INVALID,
                       faults[i].message);
    }
    const char *twice[] = {"height", "1"};
    assert_refused(text, plain, &(struct ws_text_list){twice, 2}, WS_INVALID,
                   "t.csv: 'columns' has column 1 twice");
    const char *name[] = {"x"};
    assert_refused(ws_bytes_of_text("1,2\n"), bare, &(struct ws_text_list){name, 1}, WS_INVALID,
                   "t.csv: 'columns' has 'x', and the columns have no names: wanted numbers from 1 "
                   "to 2");
}

static void csv__long_fields_are_refused(void **state)
{
    size_t size = WS_CSV_FIELD_LIMIT + 16;
    char *text = ws_arena_zalloc(*state, size, 1);
    assert_non_null(text);
    const char *first[] = {"1"};
    const struct ws_text_list columns = {first, 1};
    memset(text, 'x', size);
    memcpy(text, "1,", 2);
    assert_int_equal(read_csv("1,xyz\n", plain, &columns, *state).dimension,
                     1); /* it may be any text */
    assert_refused(ws_bytes_of(text, size), plain, &columns, WS_LIMIT,
                   "t.csv:1: column 2 is longer than 65536 bytes");
    text[2] = '"';
    assert_refused(ws_bytes_of(text, size), plain, &columns, WS_LIMIT,
                   "t.csv:1: column 2 is longer than 65536 bytes; is its quote closed?");
}

static void csv__too_many_columns_are_refused(void **state)
{
    char *text = ws_arena_alloc(*state, WS_CSV_FIELDS_LIMIT, 1);
    assert_non_null(text);
    memset(text, ',', WS_CSV_FIELDS_LIMIT);
    assert_refused(ws_bytes_of(text, WS_CSV_FIELDS_LIMIT), plain, &all, WS_LIMIT,
                   "t.csv:1: more than 1048576 columns");
}

static void csv__every_failing_allocation_is_reported(void **state)
{
    (void)state;
    const char *items[] = {"b"};
    const struct ws_text_list columns = {items, 1};
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_payload table;
        ws_arena_init(&arena, &allocator);
        status = ws_csv_read(ws_bytes_of_text("a,b\n1,2\n"), "t.csv", &plain, &columns, &arena,
                             &table, NULL);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_true(n < 20);
    }
    assert_int_equal(status, WS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(csv__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_rows),
        TEST(every_delimiter_separates),
        TEST(numbers_read_back_to_the_bit),
        TEST(columns_are_chosen_by_name_or_number),
        TEST(a_header_is_there_when_it_is_said),
        TEST(what_is_no_number_is_refused_with_its_place),
        TEST(records_of_another_length_are_refused),
        TEST(quotes_follow_rfc_4180),
        TEST(empty_tables_are_refused),
        TEST(columns_that_are_not_there_are_refused),
        TEST(long_fields_are_refused),
        TEST(too_many_columns_are_refused),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
