#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/allocator.h"
#include "rdb_text.h"
#include "support/effort.h"

/* What R writes for c("So", "", "it goes"), version 3. */
static const char vector[] = "X\n"
                             "\0\0\0\x03"
                             "\0\x04\x02\x01"
                             "\0\x03\x05\0"
                             "\0\0\0\x05UTF-8"
                             "\0\0\0\x10"
                             "\0\0\0\x03"
                             "\0\x04\0\x09\0\0\0\x02So"
                             "\0\x04\0\x09\0\0\0\0"
                             "\0\x04\0\x09\0\0\0\x07it goes";
/* The same for c("now"), version 2. */
static const char old_vector[] = "X\n"
                                 "\0\0\0\x02"
                                 "\0\x02\x04\x01"
                                 "\0\x02\x03\0"
                                 "\0\0\0\x10"
                                 "\0\0\0\x01"
                                 "\0\0\0\x09\0\0\0\x03now";

enum {
    VECTOR_SIZE = sizeof vector - 1,
    OLD_VECTOR_SIZE = sizeof old_vector - 1,
    COUNT_AT = 30, /* the lowest byte of the count in `vector` */
    FLAGS_AT = COUNT_AT - 4,
    STRING_SIZE_AT = COUNT_AT + 8,
};

static void append_u32_be(struct ws_buffer *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        ws_buffer_u8(out, (uint8_t)(value >> shift));
}

static void append_chunk(struct ws_buffer *rdb, const void *vector_bytes, size_t size)
{
    uint8_t stream[512];
    uLongf stream_size = sizeof stream;
    assert_int_equal(compress(stream, &stream_size, vector_bytes, size), Z_OK);
    append_u32_be(rdb, (uint32_t)size);
    ws_buffer_append(rdb, stream, stream_size);
}

static enum ws_status text_of(struct ws_bytes rdb, struct ws_buffer *out, struct ws_error *err)
{
    ws_buffer_init(out, NULL, 4096);
    return ws_rdb_text(rdb, out, err);
}

/* The status of a file of one chunk, which is `vector` with one byte changed. */
static enum ws_status status_with(size_t at, uint8_t value)
{
    char changed[VECTOR_SIZE];
    struct ws_buffer rdb;
    struct ws_buffer text;
    memcpy(changed, vector, sizeof changed);
    changed[at] = (char)value;
    ws_buffer_init(&rdb, NULL, 4096);
    append_chunk(&rdb, changed, sizeof changed);
    enum ws_status status = text_of(ws_buffer_bytes(&rdb), &text, NULL);
    ws_buffer_release(&text);
    ws_buffer_release(&rdb);
    return status;
}

static void rdb_text__joins_the_strings_of_every_chunk_by_newlines(void **state)
{
    (void)state;
    struct ws_buffer rdb;
    struct ws_buffer text;
    ws_buffer_init(&rdb, NULL, 4096);
    append_chunk(&rdb, vector, VECTOR_SIZE);
    append_chunk(&rdb, old_vector, OLD_VECTOR_SIZE);
    assert_int_equal(text_of(ws_buffer_bytes(&rdb), &text, NULL), WS_OK);
    assert_string_equal(ws_buffer_string(&text), "So\n\nit goes\nnow\n");
    ws_buffer_release(&text);
    ws_buffer_release(&rdb);
}

static void rdb_text__of_an_empty_file_is_empty(void **state)
{
    (void)state;
    struct ws_buffer text;
    assert_int_equal(text_of(ws_bytes_of("", 0), &text, NULL), WS_OK);
    assert_int_equal(text.size, 0);
    ws_buffer_release(&text);
}

static void rdb_text__refuses_a_file_cut_anywhere(void **state)
{
    (void)state;
    struct ws_buffer rdb;
    struct ws_buffer text;
    ws_buffer_init(&rdb, NULL, 4096);
    append_chunk(&rdb, vector, VECTOR_SIZE);
    for (size_t size = 1; size < rdb.size; size++) {
        assert_int_equal(text_of(ws_bytes_of(rdb.data, size), &text, NULL), WS_CORRUPT);
        ws_buffer_release(&text);
    }
    ws_buffer_release(&rdb);
}

static void rdb_text__refuses_a_vector_cut_anywhere(void **state)
{
    (void)state;
    for (size_t size = 1; size < VECTOR_SIZE; size++) {
        struct ws_buffer rdb;
        struct ws_buffer text;
        ws_buffer_init(&rdb, NULL, 4096);
        append_chunk(&rdb, vector, size);
        assert_int_not_equal(text_of(ws_buffer_bytes(&rdb), &text, NULL), WS_OK);
        ws_buffer_release(&text);
        ws_buffer_release(&rdb);
    }
}

static void rdb_text__refuses_what_is_not_a_plain_character_vector(void **state)
{
    (void)state;
    assert_int_equal(status_with(COUNT_AT, 3), WS_OK);
    assert_int_equal(status_with(0, 'A'), WS_CORRUPT);
    assert_int_equal(status_with(5, 4), WS_UNSUPPORTED);             /* a later version */
    assert_int_equal(status_with(FLAGS_AT, 13), WS_UNSUPPORTED);     /* integers */
    assert_int_equal(status_with(FLAGS_AT - 1, 2), WS_UNSUPPORTED);  /* with attributes */
    assert_int_equal(status_with(COUNT_AT + 4, 13), WS_UNSUPPORTED); /* a string that is none */
}

static void rdb_text__refuses_sizes_that_do_not_fit(void **state)
{
    (void)state;
    assert_int_equal(status_with(17, 0xff), WS_CORRUPT);                 /* of the encoding */
    assert_int_equal(status_with(COUNT_AT, 4), WS_CORRUPT);              /* one string too many */
    assert_int_equal(status_with(COUNT_AT, 2), WS_CORRUPT);              /* one string too few */
    assert_int_equal(status_with(COUNT_AT - 3, 0xff), WS_CORRUPT);       /* billions of strings */
    assert_int_equal(status_with(STRING_SIZE_AT, 0xff), WS_CORRUPT);     /* a long string */
    assert_int_equal(status_with(STRING_SIZE_AT - 3, 0xff), WS_CORRUPT); /* a very long one */
}

static void rdb_text__refuses_a_chunk_of_another_size_than_it_says(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, VECTOR_SIZE - 1, VECTOR_SIZE + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ws_buffer rdb;
        struct ws_buffer text;
        struct ws_error err = {0};
        ws_buffer_init(&rdb, NULL, 4096);
        append_chunk(&rdb, vector, VECTOR_SIZE);
        for (int byte = 0; byte < 4; byte++)
            rdb.data[byte] = (char)(uint8_t)(sizes[i] >> (24 - 8 * byte));
        assert_int_equal(text_of(ws_buffer_bytes(&rdb), &text, &err), WS_CORRUPT);
        assert_non_null(strstr(err.message, "chunk at byte 0"));
        ws_buffer_release(&text);
        ws_buffer_release(&rdb);
    }
}

static void rdb_text__stops_at_the_limit_of_its_buffer(void **state)
{
    (void)state;
    struct ws_buffer rdb;
    struct ws_buffer text;
    ws_buffer_init(&rdb, NULL, 4096);
    ws_buffer_init(&text, NULL, 5);
    append_chunk(&rdb, vector, VECTOR_SIZE);
    assert_int_equal(ws_rdb_text(ws_buffer_bytes(&rdb), &text, NULL), WS_LIMIT);
    ws_buffer_release(&text);
    ws_buffer_release(&rdb);
}

static void rdb_text__survives_any_changed_byte(void **state)
{
    (void)state;
    struct ws_buffer rdb;
    struct ws_buffer text;
    ws_buffer_init(&rdb, NULL, 4096);
    append_chunk(&rdb, vector, VECTOR_SIZE);
    for (size_t i = 0; i < rdb.size * 8; i++) {
        rdb.data[i / 8] = (char)(rdb.data[i / 8] ^ 1 << i % 8);
        assert_int_not_equal(text_of(ws_buffer_bytes(&rdb), &text, NULL), WS_NO_MEMORY);
        ws_buffer_release(&text);
        rdb.data[i / 8] = (char)(rdb.data[i / 8] ^ 1 << i % 8);
    }
    for (size_t at = 0; at < VECTOR_SIZE; at++)
        for (size_t value = 0; value < 256; value += by_effort(17, 1, 1))
            (void)status_with(at, (uint8_t)value);
    ws_buffer_release(&rdb);
}

struct failing_heap {
    long countdown;
    long live;
};

static void *failing_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    (void)old_size;
    if (new_size == 0) {
        heap->live -= block != NULL;
        free(block);
        return NULL;
    }
    if (heap->countdown-- == 0)
        return NULL;
    heap->live += block == NULL;
    return realloc(block, new_size);
}

static void rdb_text__survives_every_failed_allocation(void **state)
{
    (void)state;
    struct ws_buffer rdb;
    enum ws_status status = WS_NO_MEMORY;
    ws_buffer_init(&rdb, NULL, 4096);
    append_chunk(&rdb, vector, VECTOR_SIZE);
    long tries = 0;
    for (; status == WS_NO_MEMORY; tries++) {
        struct failing_heap heap = {.countdown = tries};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_buffer text;
        ws_buffer_init(&text, &allocator, 4096);
        status = ws_rdb_text(ws_buffer_bytes(&rdb), &text, NULL);
        ws_buffer_release(&text);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(status, WS_OK);
    assert_true(tries > 2);
    ws_buffer_release(&rdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rdb_text__joins_the_strings_of_every_chunk_by_newlines),
        cmocka_unit_test(rdb_text__of_an_empty_file_is_empty),
        cmocka_unit_test(rdb_text__refuses_a_file_cut_anywhere),
        cmocka_unit_test(rdb_text__refuses_a_vector_cut_anywhere),
        cmocka_unit_test(rdb_text__refuses_what_is_not_a_plain_character_vector),
        cmocka_unit_test(rdb_text__refuses_sizes_that_do_not_fit),
        cmocka_unit_test(rdb_text__refuses_a_chunk_of_another_size_than_it_says),
        cmocka_unit_test(rdb_text__stops_at_the_limit_of_its_buffer),
        cmocka_unit_test(rdb_text__survives_any_changed_byte),
        cmocka_unit_test(rdb_text__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
