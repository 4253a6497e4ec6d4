/* Status, allocator, arena, buffer, bytes, hash and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/status.h"
#include "support/failing_heap.h"

/* ---- status ---- */

static void status__names_every_value_once(void **state)
{
    (void)state;
    for (int i = 0; i < WS_STATUS_COUNT; i++) {
        assert_true(strlen(ws_status_phrase((enum ws_status)i)) > 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ws_status_phrase((enum ws_status)i),
                                    ws_status_phrase((enum ws_status)j));
    }
    assert_string_equal(ws_status_phrase(WS_STATUS_COUNT), "unknown status");
}

static void status__writes_the_message_and_returns_itself(void **state)
{
    (void)state;
    struct ws_error err;
    assert_int_equal(ws_fail(&err, WS_INVALID, "'%s' is %d", "seeds", 0), WS_INVALID);
    assert_int_equal(err.status, WS_INVALID);
    assert_string_equal(err.message, "'seeds' is 0");
    assert_int_equal(ws_fail(NULL, WS_IO, "unheard"), WS_IO);
    ws_error_prefix(&err, "file '%s'", "a.yaml");
    assert_string_equal(err.message, "file 'a.yaml': 'seeds' is 0");
    assert_int_equal(err.status, WS_INVALID);
    ws_error_prefix(NULL, "nobody listens");
}

static void status__cuts_long_messages(void **state)
{
    (void)state;
    struct ws_error err;
    char text[600];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)ws_fail(&err, WS_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    ws_error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    ws_error_prefix(&err, "short");
    assert_memory_equal(err.message, "short: xxx", 10);
}

static void status__keeps_messages_to_one_printable_line(void **state)
{
    (void)state;
    static const struct {
        const char *seen, *shown;
    } cases[] = {
        {"two\nlines\tof", "two?lines?of"},
        {"\033[31mred\177", "?[31mred?"},
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"cut \xE2\x82", "cut ??"},        /* inside a character */
        {"bare \x80\xBF", "bare ??"},      /* no first byte */
        {"\xC0\xAF", "??"},                /* longer than it needs to be */
        {"\xE0\x80\xAF", "???"},           /* the same in three bytes */
        {"\xC2\x9B", "??"},                /* a control character beyond ASCII */
        {"a\xE2\x80\xAEz", "a???z"},       /* one that turns what follows around */
        {"\xE2\x81\xA6\xD8\x9C", "?????"}, /* and two more */
        {"\xED\xA0\x80", "???"},           /* half of a surrogate pair */
        {"\xF4\x90\x80\x80", "????"},      /* beyond the last code point */
        {"\xF8\x88\x80\x80\x80", "?????"}, /* five bytes */
        {"\xFF", "?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_error err;
        (void)ws_fail(&err, WS_INVALID, "%s", cases[i].seen);
        assert_string_equal(err.message, cases[i].shown);
    }
}

/* ---- allocator ---- */

static void allocator__rounds_nothing_up_to_one_byte(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    void *block = ws_realloc(&allocator, NULL, 0, 0);
    assert_non_null(block);
    assert_int_equal(heap.live_bytes, 1);
    block = ws_realloc(&allocator, block, 0, 10);
    assert_non_null(block);
    assert_int_equal(heap.live_bytes, 10);
    ws_free(&allocator, block, 10);
    ws_free(&allocator, NULL, 0);
    assert_true(failing_heap_is_clean(&heap));
}

static void allocator__is_the_c_library_by_default(void **state)
{
    (void)state;
    char *block = ws_realloc(NULL, NULL, 0, 3);
    assert_non_null(block);
    memcpy(block, "abc", 3);
    block = ws_realloc(NULL, block, 3, 3000);
    assert_non_null(block);
    assert_memory_equal(block, "abc", 3);
    ws_free(NULL, block, 3000);
}

static void failing_heap__fails_once_or_for_good(void **state)
{
    (void)state;
    for (int for_good = 0; for_good <= 1; for_good++) {
        struct failing_heap heap = {.countdown = 1, .for_good = for_good};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        void *first = ws_realloc(&allocator, NULL, 0, 5);
        assert_non_null(first);
        assert_null(ws_realloc(&allocator, first, 5, 50)); /* the block stays as it was */
        void *third = ws_realloc(&allocator, NULL, 0, 5);
        assert_int_equal(third == NULL, for_good);
        assert_int_equal(heap.failures, 1 + for_good);
        ws_free(&allocator, third, 5);
        assert_false(failing_heap_is_clean(&heap));
        ws_free(&allocator, first, 5);
        assert_true(failing_heap_is_clean(&heap));
    }
}

static void failing_heap__notices_a_wrong_size(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    ws_free(&allocator, ws_realloc(&allocator, NULL, 0, 8), 7);
    assert_int_equal(heap.mistakes, 1);
    assert_false(failing_heap_is_clean(&heap));
}

/* ---- arena ---- */

static void arena__gives_aligned_pieces_that_do_not_overlap(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum { PIECES = 300 };
    unsigned char *pieces[PIECES];
    size_t total = 0;
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = (i * 37) % 1000; /* 0 is a piece too */
        pieces[i] = ws_arena_alloc(&arena, size, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 64, 0);
        memset(pieces[i], (int)(i & 0xff), size);
        total += size ? size : 1;
    }
    assert_int_equal(arena.size, total);
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < (i * 37) % 1000; k++)
            assert_int_equal(pieces[i][k], i & 0xff);
    ws_arena_release(&arena);
    ws_arena_release(&arena);
}

static void arena__keeps_its_blocks_when_reset(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_arena arena;
    ws_arena_init(&arena, &allocator);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 100; i++)
            assert_non_null(ws_arena_alloc(&arena, 100, 10));
        assert_int_equal(arena.size, 100000);
        if (round == 0) { /* later rounds need nothing new */
            heap.countdown = 0;
            heap.for_good = true;
        }
        ws_arena_reset(&arena);
        assert_int_equal(arena.size, 0);
    }
    assert_int_equal(heap.failures, 0);
    ws_arena_release(&arena);
    assert_true(failing_heap_is_clean(&heap));
}

static void arena__refuses_what_overflows(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_null(ws_arena_alloc(&arena, SIZE_MAX, 2));
    assert_null(ws_arena_zalloc(&arena, SIZE_MAX / 2 + 1, 2));
    assert_null(ws_arena_alloc(&arena, SIZE_MAX - 10, 1));
    assert_int_equal(arena.size, 0);
    assert_non_null(ws_arena_alloc(&arena, 1, 1));
    ws_arena_release(&arena);
}

static void arena__copies_texts_and_clears(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_string_equal(ws_arena_text(&arena, ""), "");
    assert_string_equal(ws_arena_text(&arena, "word"), "word");
    assert_string_equal(ws_arena_format(&arena, "%s %d", "item", 7), "item 7");
    memset(ws_arena_alloc(&arena, 1, 500), 0xAA, 500);
    ws_arena_reset(&arena);
    const unsigned char *zeros = ws_arena_zalloc(&arena, 100, 5);
    for (int i = 0; i < 500; i++)
        assert_int_equal(zeros[i], 0);
    assert_non_null(ws_arena_copy(&arena, NULL, 0));
    ws_arena_release(&arena);
}

static void arena__survives_every_failing_allocation(void **state)
{
    (void)state;
    bool done = false;
    for (long n = 0; !done; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        done = ws_arena_alloc(&arena, 10, 10) && ws_arena_zalloc(&arena, 5000, 10) &&
               ws_arena_copy(&arena, "x", 1) && ws_arena_format(&arena, "%09000d", 1);
        assert_int_equal(done, heap.failures == 0);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
}

/* ---- buffer and bytes ---- */

static void buffer__holds_what_a_reader_gives_back(void **state)
{
    (void)state;
    static const uint32_t words[] = {1, 0xFFFFFFFF};
    static const uint64_t longs[] = {2, UINT64_MAX};
    static const double reals[] = {0.1, -0.0, 1e308};
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, NULL, SIZE_MAX);
    ws_buffer_u8(&buffer, 0xFE);
    ws_buffer_u32(&buffer, 0x01020304);
    ws_buffer_u64(&buffer, 0x0102030405060708);
    ws_buffer_f64(&buffer, -2.5);
    ws_buffer_u32s(&buffer, words, 2);
    ws_buffer_u64s(&buffer, longs, 2);
    ws_buffer_f64s(&buffer, reals, 3);
    assert_int_equal(ws_buffer_check(&buffer, "numbers", NULL), WS_OK);
    /* Little-endian, by hand; -2.5 is 0xC004000000000000. */
    static const uint8_t head[] = {0xFE, 4, 3, 2, 1, 8, 7, 6, 5, 4,   3,
                                   2,    1, 0, 0, 0, 0, 0, 0, 4, 0xC0};
    assert_memory_equal(buffer.data, head, sizeof head);

    struct ws_reader reader;
    ws_reader_init(&reader, ws_buffer_bytes(&buffer));
    uint32_t words_back[2];
    uint64_t longs_back[2];
    double reals_back[3];
    assert_int_equal(ws_read_u8(&reader), 0xFE);
    assert_int_equal(ws_read_u32(&reader), 0x01020304);
    assert_int_equal(ws_read_u64(&reader), 0x0102030405060708);
    assert_true(ws_read_f64(&reader) == -2.5);
    assert_true(ws_reader_holds(&reader, 2, 4));
    ws_read_u32s(&reader, words_back, 2);
    ws_read_u64s(&reader, longs_back, 2);
    assert_true(ws_reader_holds(&reader, 3, 8));
    ws_read_f64s(&reader, reals_back, 3);
    assert_memory_equal(words_back, words, sizeof words);
    assert_memory_equal(longs_back, longs, sizeof longs);
    assert_memory_equal(reals_back, reals, sizeof reals);
    assert_true(ws_reader_at_end(&reader));
    ws_buffer_release(&buffer);
}

static void reader__never_passes_the_end_and_remembers(void **state)
{
    (void)state;
    static const uint8_t three[] = {1, 2, 3};
    struct ws_reader reader;
    ws_reader_init(&reader, ws_bytes_of(three, 3));
    assert_int_equal(ws_read_u8(&reader), 1);
    assert_int_equal(ws_read_u32(&reader), 0);
    assert_false(ws_reader_ok(&reader));
    assert_int_equal(ws_read_u8(&reader), 0); /* two bytes are left, but it has failed */
    assert_null(ws_read_bytes(&reader, 0));
    assert_false(ws_reader_at_end(&reader));
    assert_false(ws_reader_holds(&reader, 0, 1));

    ws_reader_init(&reader, ws_bytes_of(NULL, 0));
    assert_true(ws_reader_at_end(&reader));
    (void)ws_read_bytes(&reader, 0);
    assert_true(ws_reader_ok(&reader));

    ws_reader_init(&reader, ws_bytes_of(three, 3));
    assert_true(ws_reader_holds(&reader, 3, 1));
    assert_false(ws_reader_holds(&reader, UINT64_MAX, 8)); /* the product would overflow */
}

static void reader__gives_back_whole_numbers_of_any_size(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        size_t size;
    } cases[] = {{0, 1},           {127, 1},        {128, 2},        {16383, 2},
                 {16384, 3},       {UINT32_MAX, 5}, {1ULL << 62, 9}, {(1ULL << 63) - 1, 9},
                 {1ULL << 63, 10}, {UINT64_MAX, 10}};
    struct ws_buffer buffer;
    struct ws_reader reader;
    ws_buffer_init(&buffer, NULL, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t before = buffer.size;
        ws_buffer_varint(&buffer, cases[i].value);
        assert_int_equal(buffer.size - before, cases[i].size);
    }
    ws_reader_init(&reader, ws_buffer_bytes(&buffer));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(ws_read_varint(&reader) == cases[i].value);
    assert_true(ws_reader_at_end(&reader));
    ws_buffer_release(&buffer);

    static const struct {
        const char *bytes;
        size_t size;
    } wrong[] = {{"", 0},
                 {"\x80", 1},
                 {"\x80\x00", 2}, /* 0 in two bytes */
                 {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},
                 {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ws_reader_init(&reader, ws_bytes_of(wrong[i].bytes, wrong[i].size));
        assert_true(ws_read_varint(&reader) == 0);
        assert_false(ws_reader_ok(&reader));
    }
}

static void reader__gives_texts_where_they_lie(void **state)
{
    (void)state;
    static const char bytes[] = "first\0\0torn";
    struct ws_reader reader;
    ws_reader_init(&reader, ws_bytes_of(bytes, sizeof bytes - 1));
    assert_ptr_equal(ws_read_text(&reader), bytes);
    assert_string_equal(ws_read_text(&reader), "");
    assert_true(ws_reader_ok(&reader));
    assert_string_equal(ws_read_text(&reader), "");
    assert_false(ws_reader_ok(&reader));
    ws_reader_init(&reader, ws_bytes_of(NULL, 0));
    assert_string_equal(ws_read_text(&reader), "");
    assert_false(ws_reader_ok(&reader));
}

static void buffer__formats_short_and_long_text(void **state)
{
    (void)state;
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, NULL, 10000);
    assert_string_equal(ws_buffer_string(&buffer), "");
    ws_buffer_text(&buffer, "a");
    ws_buffer_format(&buffer, "%d-%s", 5, "b");
    assert_string_equal(ws_buffer_string(&buffer), "a5-b");
    ws_buffer_format(&buffer, "%255d", 7);
    ws_buffer_format(&buffer, "%256d", 8);
    ws_buffer_format(&buffer, "%3000d", 9);
    assert_int_equal(buffer.size, 4 + 255 + 256 + 3000);
    assert_int_equal(buffer.data[4 + 254], '7');
    assert_int_equal(buffer.data[4 + 255 + 255], '8');
    assert_int_equal(buffer.data[buffer.size - 1], '9');
    assert_int_equal(strlen(buffer.data), buffer.size);
    ws_buffer_reset(&buffer);
    assert_string_equal(ws_buffer_string(&buffer), "");
    ws_buffer_release(&buffer);
}

static void buffer__stops_at_its_limit_and_remembers(void **state)
{
    (void)state;
    struct ws_buffer buffer;
    struct ws_error err;
    ws_buffer_init(&buffer, NULL, 5);
    ws_buffer_text(&buffer, "12345");
    assert_int_equal(ws_buffer_check(&buffer, "the note", &err), WS_OK);
    ws_buffer_text(&buffer, "6");
    ws_buffer_text(&buffer, ""); /* would fit */
    assert_int_equal(ws_buffer_check(&buffer, "the note", &err), WS_LIMIT);
    assert_string_equal(err.message, "the note is larger than the limit of 5 bytes");
    assert_string_equal(ws_buffer_string(&buffer), "12345");
    ws_buffer_reset(&buffer);
    assert_int_equal(ws_buffer_check(&buffer, "the note", &err), WS_OK);
    ws_buffer_release(&buffer);
}

static void buffer__may_lie_in_storage_that_is_there(void **state)
{
    (void)state;
    char storage[6];
    struct ws_buffer buffer;
    ws_buffer_fix(&buffer, storage, sizeof storage);
    assert_string_equal(ws_buffer_string(&buffer), "");
    ws_buffer_text(&buffer, "123");
    ws_buffer_format(&buffer, "%d", 45);
    assert_int_equal(buffer.status, WS_OK);
    ws_buffer_text(&buffer, "6");
    assert_int_equal(buffer.status, WS_LIMIT);
    assert_string_equal(storage, "12345");
}

static void buffer__refuses_sizes_that_overflow(void **state)
{
    (void)state;
    static const uint32_t word = 1;
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, NULL, SIZE_MAX);
    assert_null(ws_buffer_extend(&buffer, SIZE_MAX));
    assert_int_equal(buffer.status, WS_LIMIT);
    ws_buffer_reset(&buffer);
    ws_buffer_u8(&buffer, 1);
    assert_null(ws_buffer_extend(&buffer, SIZE_MAX - 1));
    assert_int_equal(buffer.status, WS_LIMIT);
    ws_buffer_reset(&buffer);
    ws_buffer_u32s(&buffer, &word, SIZE_MAX / 4 + 2); /* 4 bytes, modulo 2^64 */
    assert_int_equal(buffer.status, WS_LIMIT);
    ws_buffer_release(&buffer);
}

static void buffer__grows_seldom(void **state)
{
    (void)state;
    struct failing_heap heap = {.countdown = FAILING_HEAP_NEVER};
    const struct ws_allocator allocator = {failing_realloc, &heap};
    struct ws_buffer buffer;
    ws_buffer_init(&buffer, &allocator, 1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        ws_buffer_u8(&buffer, 'x');
    assert_int_equal(buffer.size, 1 << 20);
    assert_true(FAILING_HEAP_NEVER - heap.countdown < 20); /* 2^20 bytes by doubling */
    assert_int_equal(buffer.capacity, (1 << 20) + 1);      /* and not beyond the limit */
    ws_buffer_release(&buffer);
    assert_true(failing_heap_is_clean(&heap));
}

static void buffer__survives_every_failing_allocation(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_buffer buffer;
        struct ws_error err = {.message = ""};
        ws_buffer_init(&buffer, &allocator, 1 << 16);
        for (int i = 0; i < 100; i++)
            ws_buffer_format(&buffer, "%100d", i);
        status = ws_buffer_check(&buffer, "the table", &err);
        assert_int_equal(status == WS_OK, heap.failures == 0);
        if (status != WS_OK)
            assert_string_equal(err.message, "out of memory for the table");
        ws_buffer_release(&buffer);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

/* ---- hash ---- */

static void check_hash(const char *text, const char *expected)
{
    struct ws_hash hash;
    char hex[WS_HASH_TEXT_SIZE];
    assert_int_equal(ws_hash_of(ws_bytes_of_text(text), &hash, NULL), WS_OK);
    ws_hash_text(&hash, hex);
    assert_string_equal(hex, expected);
}

static void hash__gives_the_digests_of_the_standard(void **state)
{
    (void)state;
    /* FIPS 180-2, appendix B; the empty message from the NIST test vectors. */
    check_hash("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_hash("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct ws_hash hash;
    assert_int_equal(ws_hash_of(ws_bytes_of_text("abc"), &hash, NULL), WS_OK);
    assert_true(ws_hash_u64(&hash) == 0xeacf018fbf1678ba);
    assert_int_equal(ws_hash_of(ws_bytes_of(NULL, 0), &hash, NULL), WS_OK);
    assert_int_equal(hash.bytes[0], 0xe3);
}

static void hash__of_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    /* FIPS 180-2, appendix B.3: a million times the letter a. */
    char piece[1000];
    memset(piece, 'a', sizeof piece);
    struct ws_hasher hasher;
    struct ws_hash hash;
    char hex[WS_HASH_TEXT_SIZE];
    assert_int_equal(ws_hasher_init(&hasher, NULL), WS_OK);
    for (int i = 0; i < 1000; i++)
        ws_hasher_update(&hasher, ws_bytes_of(piece, sizeof piece));
    assert_int_equal(ws_hasher_finish(&hasher, &hash, NULL), WS_OK);
    ws_hasher_release(&hasher);
    ws_hasher_release(&hasher);
    ws_hash_text(&hash, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* ---- memory ---- */

static uint64_t available_in(const char *text)
{
    return ws_meminfo_available(ws_bytes_of_text(text));
}

static void memory__that_is_written_is_resident(void **state)
{
    (void)state;
    enum { SIZE = 1 << 26 };
    uint64_t before = ws_memory_resident();
    char *block = malloc(SIZE);
    assert_non_null(block);
    memset(block, 1, SIZE);
    assert_true(before > 0 && ws_memory_resident() >= before + SIZE / 2 + (block[SIZE / 2] != 1));
    free(block);
}

static void memory__is_read_from_what_the_kernel_says(void **state)
{
    (void)state;
    assert_int_equal(available_in("MemTotal:  9 kB\nMemAvailable:   24117084 kB\nBuffers: 3 kB\n"),
                     UINT64_C(24117084) * 1024);
    assert_int_equal(available_in("MemTotal: 1 kB\nMemAvailable: 0 kB\n"), 0);
    assert_true(available_in("MemTotal: 1 kB\n") == UINT64_MAX);
    assert_true(available_in("") == UINT64_MAX);
    assert_true(available_in("x\nMemAvailable:") == UINT64_MAX);
    assert_true(available_in("x\nMemAvailable: kB") == UINT64_MAX);
    assert_true(available_in("x\nMemAvailable: 99999999999999999999999 kB") == UINT64_MAX);
    assert_true(ws_memory_available() > 1 << 20);
}

static void memory__that_does_not_suffice_is_refused_with_both_sizes(void **state)
{
    (void)state;
    struct ws_error error;
    assert_int_equal(ws_memory_suffices(5 << 20, 5 << 20, "training", &error), WS_OK);
    assert_int_equal(ws_memory_suffices((5 << 20) + 1, 5 << 20, "training", &error), WS_NO_MEMORY);
    assert_string_equal(error.message,
                        "training needs about 6 MiB of memory, and 5 MiB are available");
}

/* A witness signs any time of 64 bits. */
static void clock__prints_what_calendars_have(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1767139200.9, "2025-12-31T00:00:00Z"},
        {0x1p54, "570"},
        {0x1p64, "unknown"},
        {-0x1p64, "unknown"},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[32];
        ws_clock_text(times[i].seconds, text);
        assert_memory_equal(text, times[i].text, strlen(times[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__names_every_value_once),
        cmocka_unit_test(status__writes_the_message_and_returns_itself),
        cmocka_unit_test(status__cuts_long_messages),
        cmocka_unit_test(status__keeps_messages_to_one_printable_line),
        cmocka_unit_test(allocator__rounds_nothing_up_to_one_byte),
        cmocka_unit_test(allocator__is_the_c_library_by_default),
        cmocka_unit_test(failing_heap__fails_once_or_for_good),
        cmocka_unit_test(failing_heap__notices_a_wrong_size),
        cmocka_unit_test(arena__gives_aligned_pieces_that_do_not_overlap),
        cmocka_unit_test(arena__keeps_its_blocks_when_reset),
        cmocka_unit_test(arena__refuses_what_overflows),
        cmocka_unit_test(arena__copies_texts_and_clears),
        cmocka_unit_test(arena__survives_every_failing_allocation),
        cmocka_unit_test(buffer__holds_what_a_reader_gives_back),
        cmocka_unit_test(reader__never_passes_the_end_and_remembers),
        cmocka_unit_test(reader__gives_back_whole_numbers_of_any_size),
        cmocka_unit_test(reader__gives_texts_where_they_lie),
        cmocka_unit_test(buffer__formats_short_and_long_text),
        cmocka_unit_test(buffer__stops_at_its_limit_and_remembers),
        cmocka_unit_test(buffer__may_lie_in_storage_that_is_there),
        cmocka_unit_test(buffer__refuses_sizes_that_overflow),
        cmocka_unit_test(buffer__grows_seldom),
        cmocka_unit_test(buffer__survives_every_failing_allocation),
        cmocka_unit_test(hash__gives_the_digests_of_the_standard),
        cmocka_unit_test(hash__of_pieces_is_that_of_the_whole),
        cmocka_unit_test(clock__prints_what_calendars_have),
        cmocka_unit_test(memory__that_is_written_is_resident),
        cmocka_unit_test(memory__is_read_from_what_the_kernel_says),
        cmocka_unit_test(memory__that_does_not_suffice_is_refused_with_both_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
