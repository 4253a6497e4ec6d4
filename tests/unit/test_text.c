/*
 * Contract of data/text.h. Expected words come from Python 3.11:
 * re.sub(r'\W+', ' ', text.lower()).split().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "data/text.h"

/* A directory for one test's files. */
struct place {
    char root[64];
    char path[4200]; /* the last one named */
    struct ws_arena arena;
    struct ws_buffer text;
    struct ws_error err;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (!place)
        return -1;
    (void)snprintf(place->root, sizeof place->root, "test-text-XXXXXX");
    ws_arena_init(&place->arena, NULL);
    ws_buffer_init(&place->text, NULL, 1 << 24);
    *state = place;
    return mkdtemp(place->root) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->root);
    int result = system(command);
    ws_buffer_release(&place->text);
    ws_arena_release(&place->arena);
    free(place);
    return result;
}

static const char *path_of(struct place *place, const char *name)
{
    (void)snprintf(place->path, sizeof place->path, "%s/%s", place->root, name);
    return place->path;
}

static void write_bytes(struct place *place, const char *name, const void *data, size_t size)
{
    FILE *file = fopen(path_of(place, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_text(struct place *place, const char *name, const char *text)
{
    write_bytes(place, name, text, strlen(text));
}

static enum ws_status read_name(struct place *place, const char *name)
{
    ws_buffer_reset(&place->text);
    return ws_text_read(path_of(place, name), 1 << 20, &place->text, &place->err);
}

static size_t deflate_gzip(const char *text, size_t size, uint8_t *out, size_t room)
{
    z_stream stream = {.next_in = (const Bytef *)text,
                       .avail_in = (uInt)size,
                       .next_out = out,
                       .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed = room - stream.avail_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return packed;
}

static size_t deflate_zstd(const char *text, size_t size, uint8_t *out, size_t room)
{
    size_t packed = ZSTD_compress(out, room, text, size, 3);
    assert_false(ZSTD_isError(packed));
    return packed;
}

/* Words by number, and what the numbers mean. */
struct tokens {
    const uint32_t *ids;
    size_t count;
    struct ws_vocabulary vocabulary;
};

/* Cut in pieces at every place where ws_words_cut sees one in the next `step` bytes; whole for 0.
 */
static enum ws_status encode_pieces(struct ws_words *words, struct ws_bytes bytes, size_t step,
                                    struct ws_buffer *ids, struct ws_error *err)
{
    struct ws_text piece = {.name = "corpus"};
    size_t done = 0;
    for (size_t known = step; step > 0 && known < bytes.size; known += step) {
        size_t cut = ws_words_cut(ws_bytes_of(bytes.data + done, known - done));
        piece.bytes = ws_bytes_of(bytes.data + done, cut);
        piece.offset = done;
        WS_TRY(ws_words_encode(words, &piece, ids, err));
        done += cut;
    }
    piece.bytes = ws_bytes_of(bytes.data + done, bytes.size - done);
    piece.offset = done;
    return ws_words_encode(words, &piece, ids, err);
}

static enum ws_status words_of_bytes(const struct ws_bytes bytes, size_t step,
                                     struct ws_arena *arena, struct tokens *out,
                                     struct ws_error *err)
{
    struct ws_words words;
    struct ws_buffer ids;
    ws_words_init(&words, arena->allocator);
    ws_buffer_init(&ids, arena->allocator, SIZE_MAX);
    enum ws_status status = encode_pieces(&words, bytes, step, &ids, err);
    if (status == WS_OK)
        status = ws_words_vocabulary(&words, arena, &out->vocabulary, err);
    out->count = ids.size / sizeof *out->ids;
    out->ids = ws_arena_copy(arena, ids.data, ids.size);
    if (status == WS_OK && !out->ids)
        status = ws_fail_memory(err, "tokens");
    ws_buffer_release(&ids);
    ws_words_release(&words);
    return status;
}

static enum ws_status words_of(struct place *place, const char *text, struct tokens *tokens)
{
    return words_of_bytes(ws_bytes_of_text(text), 0, &place->arena, tokens, &place->err);
}

static void assert_words(struct place *place, const char *text, const char *expected)
{
    struct tokens tokens;
    assert_int_equal(words_of(place, text, &tokens), WS_OK);
    struct ws_buffer joined;
    ws_buffer_init(&joined, NULL, 4096);
    for (size_t i = 0; i < tokens.count; i++)
        ws_buffer_format(&joined, "%s%s", i ? " " : "", tokens.vocabulary.words[tokens.ids[i]]);
    assert_string_equal(ws_buffer_string(&joined), expected);
    ws_buffer_release(&joined);
}

static void text__lower_cases_and_splits_at_what_is_no_word_character(void **state)
{
    assert_words(*state, "Don't panic -- it's only\r\n\t4_2, isn't IT?",
                 "don t panic it s only 4_2 isn t it");
    assert_words(*state, "a", "a");
    assert_words(*state, "...A", "a");
    assert_words(*state, "_", "_");
}

static void text__knows_letters_and_numbers_of_every_script(void **state)
{
    assert_words(*state, "\uFEFF\u00C9T\u00C9 na\u00EFve \u2014 STRASSE \u1E9E",
                 "\u00E9t\u00E9 na\u00EFve strasse \u00DF");
    assert_words(*state, "\u4F60\u597D\uFF0C\u4E16\u754C x\u00B2 \u00BD \u2167 \u0663",
                 "\u4F60\u597D \u4E16\u754C x\u00B2 \u00BD \u2177 \u0663");
    /* Combining marks are no word characters; the dotted capital I makes one. */
    assert_words(*state, "e\u0301te \u0130stanbul", "e te i stanbul");
}

static void text__writes_a_sigma_at_the_end_of_a_word_as_a_final_one(void **state)
{
    assert_words(*state, "\u039F\u0394\u039F\u03A3 \u03A3\u039F\u03A6\u039F\u03A3.",
                 "\u03BF\u03B4\u03BF\u03C2 \u03C3\u03BF\u03C6\u03BF\u03C2");
    assert_words(*state, "\u03A3 A'\u03A3 A\u03A3'B 1\u03A3", "\u03C3 a \u03C2 a\u03C3 b 1\u03C3");
}

static void text__numbers_words_in_order_of_first_appearance(void **state)
{
    struct place *place = *state;
    struct tokens tokens;
    assert_int_equal(words_of(place, "the cat saw the dog; The CAT ran", &tokens), WS_OK);
    const uint32_t expected[] = {0, 1, 2, 0, 3, 0, 1, 4};
    assert_int_equal(tokens.count, 8);
    assert_memory_equal(tokens.ids, expected, sizeof expected);
    assert_int_equal(tokens.vocabulary.count, 5);
    assert_string_equal(tokens.vocabulary.words[3], "dog");
}

static void text__keeps_a_large_vocabulary_apart(void **state)
{
    struct place *place = *state;
    enum { TYPES = 20000 };
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < TYPES; i++)
            ws_buffer_format(&place->text, "W%u ", i * 7919U);
    struct tokens tokens;
    assert_int_equal(
        words_of_bytes(ws_buffer_bytes(&place->text), 0, &place->arena, &tokens, &place->err),
        WS_OK);
    assert_int_equal(tokens.vocabulary.count, TYPES);
    assert_int_equal(tokens.count, 2 * TYPES);
    for (uint32_t i = 0; i < TYPES; i++) {
        char word[16];
        (void)snprintf(word, sizeof word, "w%u", i * 7919U);
        assert_int_equal(tokens.ids[i], i);
        assert_int_equal(tokens.ids[TYPES + i], i);
        assert_string_equal(tokens.vocabulary.words[i], word);
    }
}

/* Sigmas and apostrophes look at what lies around them, and characters may be cut in two. */
static void text__gives_the_same_words_in_pieces(void **state)
{
    struct place *place = *state;
    static const char text[] = "The caf\u00E9's \u0130ris\n\u039F\u0394\u039F\u03A3 A\u03A3' B "
                               "\u03A3'\u03A3.\u4F60\u597D 'the' A\u03A3\n'b\tand\r\nend";
    struct tokens whole, tokens;
    assert_int_equal(words_of(place, text, &whole), WS_OK);
    assert_int_equal(whole.count, 16);
    for (size_t step = 1; step < sizeof text; step++) {
        assert_int_equal(
            words_of_bytes(ws_bytes_of_text(text), step, &place->arena, &tokens, &place->err),
            WS_OK);
        assert_int_equal(tokens.count, whole.count);
        assert_int_equal(tokens.vocabulary.count, whole.vocabulary.count);
        assert_memory_equal(tokens.ids, whole.ids, whole.count * sizeof *whole.ids);
        for (uint32_t i = 0; i < whole.vocabulary.count; i++)
            assert_string_equal(tokens.vocabulary.words[i], whole.vocabulary.words[i]);
    }
    assert_int_equal(ws_words_cut(ws_bytes_of_text("one two")), 4);
    assert_int_equal(ws_words_cut(ws_bytes_of_text("one\n")), 4);
    assert_int_equal(ws_words_cut(ws_bytes_of_text("one,two")), 0);
    assert_int_equal(ws_words_cut(ws_bytes_of(NULL, 0)), 0);
}

static void assert_binary(struct place *place, const char *bytes, size_t size, const char *message)
{
    struct tokens tokens;
    for (size_t step = 0; step < 3; step++) {
        assert_int_equal(
            words_of_bytes(ws_bytes_of(bytes, size), step, &place->arena, &tokens, &place->err),
            WS_UNSUPPORTED);
        assert_string_equal(place->err.message, message);
    }
}

static void text__refuses_binary_and_says_where(void **state)
{
    assert_binary(*state, "plain \xFF", 7,
                  "'corpus' is binary: byte 0xff at offset 6 is not UTF-8 text");
    assert_binary(*state, "ab\0c", 4,
                  "'corpus' is binary: byte 0x00 at offset 2 is not UTF-8 text");
    /* A surrogate, an overlong form, a sequence cut short, a lone continuation byte. */
    assert_binary(*state, "\xED\xA0\x80", 3,
                  "'corpus' is binary: byte 0xed at offset 0 is not UTF-8 text");
    assert_binary(*state, "a \xC0\xAF", 4,
                  "'corpus' is binary: byte 0xc0 at offset 2 is not UTF-8 text");
    assert_binary(*state, "\xE4\xBD", 2,
                  "'corpus' is binary: byte 0xe4 at offset 0 is not UTF-8 text");
    assert_binary(*state, "\x80", 1, "'corpus' is binary: byte 0x80 at offset 0 is not UTF-8 text");
}

static void text__reads_a_plain_file(void **state)
{
    struct place *place = *state;
    write_text(place, "a.txt", "hello\n");
    assert_int_equal(read_name(place, "a.txt"), WS_OK);
    assert_string_equal(ws_buffer_string(&place->text), "hello\n");
}

/* Text that packs badly enough to need many chunks: 300,000 bytes. */
static void fill_text(char *text, size_t size)
{
    uint32_t x = 1;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525U + 1013904223U;
        text[i] = (char)('!' + (x >> 24) % 90);
    }
}

static void check_inflation(struct place *place, const char *name,
                            size_t (*deflate_text)(const char *, size_t, uint8_t *, size_t))
{
    enum { SIZE = 300000, ROOM = 2 * SIZE };
    char *text = malloc(SIZE);
    uint8_t *packed = malloc(ROOM);
    assert_non_null(text);
    assert_non_null(packed);
    fill_text(text, SIZE);
    size_t first = deflate_text(text, SIZE, packed, ROOM - 100);
    size_t both = first + deflate_text("tail", 4, packed + first, ROOM - first);

    write_bytes(place, name, packed, first);
    assert_int_equal(read_name(place, name), WS_OK);
    assert_int_equal(place->text.size, SIZE);
    assert_memory_equal(place->text.data, text, SIZE);

    write_bytes(place, name, packed, both);
    assert_int_equal(read_name(place, name), WS_OK);
    assert_int_equal(place->text.size, SIZE + 4);
    assert_memory_equal(place->text.data + SIZE, "tail", 4);

    const size_t cuts[] = {0, 1, first / 2, first - 1, first + 1, both - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        write_bytes(place, name, packed, cuts[i]);
        assert_int_equal(read_name(place, name), WS_CORRUPT);
    }
    memcpy(packed + first, "garbage that follows", 20);
    write_bytes(place, name, packed, first + 20);
    assert_int_equal(read_name(place, name), WS_CORRUPT);
    packed[first / 2] ^= 0x10;
    write_bytes(place, name, packed, first);
    enum ws_status status = read_name(place, name); /* zstd has no checksum by default */
    assert_true(status == WS_CORRUPT || (status == WS_OK && strstr(name, ".zst")));

    size_t limit = SIZE - 1;
    (void)deflate_text(text, SIZE, packed, ROOM);
    write_bytes(place, name, packed, first);
    ws_buffer_reset(&place->text);
    assert_int_equal(ws_text_read(path_of(place, name), limit, &place->text, &place->err),
                     WS_LIMIT);
    ws_buffer_reset(&place->text);
    assert_int_equal(ws_text_read(path_of(place, name), limit + 1, &place->text, &place->err),
                     WS_OK);
    free(packed);
    free(text);
}

static void text__inflates_gzip_members_and_finds_damage(void **state)
{
    check_inflation(*state, "text.gz", deflate_gzip);
}

static void text__inflates_zstd_frames_and_finds_damage(void **state)
{
    check_inflation(*state, "text.zst", deflate_zstd);
}

static void text__stops_at_the_limit_of_a_bomb(void **state)
{
    struct place *place = *state;
    enum { SIZE = 1 << 24 };
    char *zeros = calloc(1, SIZE);
    uint8_t *packed = malloc(1 << 17);
    assert_non_null(zeros);
    assert_non_null(packed);
    write_bytes(place, "bomb.gz", packed, deflate_gzip(zeros, SIZE, packed, 1 << 17));
    assert_int_equal(read_name(place, "bomb.gz"), WS_LIMIT);
    assert_true(place->text.size <= 1 << 20);
    free(packed);
    free(zeros);
}

static void text__reads_a_directory_in_order_of_paths(void **state)
{
    struct place *place = *state;
    assert_int_equal(mkdir(path_of(place, "d"), 0700), 0);
    assert_int_equal(mkdir(path_of(place, "d/b"), 0700), 0);
    assert_int_equal(mkdir(path_of(place, "d/.hidden"), 0700), 0);
    write_text(place, "d/b/x", "three");
    write_text(place, "d/b.txt", "two"); /* '.' sorts before '/' */
    write_text(place, "d/a", "one");
    write_text(place, "d/.secret", "never");
    write_text(place, "d/.hidden/y", "never");
    write_text(place, "outside", "four");
    uint8_t packed[100];
    write_bytes(place, "d/c.gz", packed, deflate_gzip("five", 4, packed, sizeof packed));
    assert_int_equal(symlink("../outside", path_of(place, "d/bb")), 0);
    assert_int_equal(symlink(".", path_of(place, "d/loop")), 0);
    assert_int_equal(mkfifo(path_of(place, "d/pipe"), 0600), 0);
    assert_int_equal(read_name(place, "d"), WS_OK);
    assert_string_equal(ws_buffer_string(&place->text), "one\ntwo\nthree\nfour\nfive");
    assert_int_equal(read_name(place, "d/"), WS_OK);
    assert_string_equal(ws_buffer_string(&place->text), "one\ntwo\nthree\nfour\nfive");
}

static void text__says_why_a_path_cannot_be_read(void **state)
{
    struct place *place = *state;
    assert_int_equal(read_name(place, "absent"), WS_NOT_FOUND);
    assert_non_null(strstr(place->err.message, "/absent'"));
    write_text(place, "nothing", "");
    assert_int_equal(read_name(place, "nothing"), WS_UNSUPPORTED);
    assert_non_null(strstr(place->err.message, "is empty"));
    assert_int_equal(mkdir(path_of(place, "d"), 0700), 0);
    assert_int_equal(read_name(place, "d"), WS_UNSUPPORTED);
    assert_int_equal(symlink("nowhere", path_of(place, "d/link")), 0);
    assert_int_equal(read_name(place, "d"), WS_NOT_FOUND);
    char deep[200] = "e";
    for (size_t i = 1; i <= 40; i++) {
        assert_int_equal(mkdir(path_of(place, deep), 0700), 0);
        (void)snprintf(deep + strlen(deep), 3, "/e");
    }
    assert_int_equal(read_name(place, "e"), WS_LIMIT);
}

/* A heap that fails at its countdown and knows what is alive. */
struct failing_heap {
    long countdown;
    size_t live;
};

static void *failing_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing_heap *heap = user;
    if (new_size > 0 && heap->countdown-- <= 0)
        return NULL;
    heap->live += new_size - old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static void text__survives_every_allocation_that_fails(void **state)
{
    struct place *place = *state;
    uint8_t packed[100];
    assert_int_equal(mkdir(path_of(place, "d"), 0700), 0);
    write_bytes(place, "d/a.gz", packed, deflate_gzip("The cat \u00C9", 10, packed, sizeof packed));
    write_text(place, "d/b", "the dog");
    enum ws_status status = WS_NO_MEMORY;
    long count = 0;
    for (; status == WS_NO_MEMORY; count++) {
        struct failing_heap heap = {.countdown = count};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        struct ws_buffer text;
        struct tokens tokens;
        ws_arena_init(&arena, &allocator);
        ws_buffer_init(&text, &allocator, 1000);
        status = ws_text_read(path_of(place, "d"), 1000, &text, &place->err);
        if (status == WS_OK)
            status = words_of_bytes(ws_buffer_bytes(&text), 0, &arena, &tokens, &place->err);
        if (status == WS_OK)
            assert_int_equal(tokens.vocabulary.count, 4);
        ws_buffer_release(&text);
        ws_arena_release(&arena);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(status, WS_OK);
    assert_true(count > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text__lower_cases_and_splits_at_what_is_no_word_character),
        TEST(text__knows_letters_and_numbers_of_every_script),
        TEST(text__writes_a_sigma_at_the_end_of_a_word_as_a_final_one),
        TEST(text__numbers_words_in_order_of_first_appearance),
        TEST(text__keeps_a_large_vocabulary_apart),
        TEST(text__gives_the_same_words_in_pieces),
        TEST(text__refuses_binary_and_says_where),
        TEST(text__reads_a_plain_file),
        TEST(text__inflates_gzip_members_and_finds_damage),
        TEST(text__inflates_zstd_frames_and_finds_damage),
        TEST(text__stops_at_the_limit_of_a_bomb),
        TEST(text__reads_a_directory_in_order_of_paths),
        TEST(text__says_why_a_path_cannot_be_read),
        TEST(text__survives_every_allocation_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
