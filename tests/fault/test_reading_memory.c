/*
 * Memory runs out at every allocation while what others made is read: compressed text, tokenizers,
 * reference numbers. The status is WS_NO_MEMORY, nothing leaks, and with memory it is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "compute/compute.h"
#include "data/text.h"
#include "data/tokenizer.h"
#include "models/nn/transformer/comparison.h"
#include "models/nn/transformer/hugging_face.h"
#include "support/failing_heap.h"
#include "support/place.h"

typedef enum ws_status reading(const char *path, const struct ws_allocator *allocator,
                               struct ws_error *err);

/* Refuses every allocation in its turn; how many there are. */
static long exhaust(reading *read, const char *path)
{
    enum ws_status status = WS_NO_MEMORY;
    long n = 0;
    for (; status != WS_OK; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_error err = {.message = ""};
        status = read(path, &allocator, &err);
        if (!failing_heap_is_clean(&heap))
            fail_msg("%s: allocation %ld leaks", path, n);
        if (status == WS_OK)
            assert_int_equal(heap.failures, 0);
        else if (status != WS_NO_MEMORY || !strstr(err.message, "memory"))
            fail_msg("%s: allocation %ld: status %d, %s", path, n, (int)status, err.message);
    }
    return n;
}

/* Text ----------------------------------------------------------------------------------------- */

static enum ws_status read_text(const char *path, const struct ws_allocator *allocator,
                                struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, allocator, SIZE_MAX);
    enum ws_status status = ws_text_read(path, SIZE_MAX, &text, err);
    if (status == WS_OK)
        assert_memory_equal(text.data, "first\n\nsecond", 12);
    ws_buffer_release(&text);
    return status;
}

static void write_gzip(const char *path, const char *text)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_zstd(const char *path, const char *text)
{
    char packed[200];
    size_t size = ZSTD_compress(packed, sizeof packed, text, strlen(text), 1);
    assert_false(ZSTD_isError(size));
    assert_int_equal(ws_file_replace(path, ws_bytes_of(packed, size), NULL), WS_OK);
}

static void memory__may_end_in_compressed_text(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct place place;
    ws_arena_init(&arena, NULL);
    new_place(&place);
    write_gzip(join(&arena, place.path, "1.gz"), "first\n");
    write_zstd(join(&arena, place.path, "2.zst"), "second\n");
    assert_true(exhaust(read_text, place.path) > 3);
    remove_place(&place);
    ws_arena_release(&arena);
}

/* Tokenizers ----------------------------------------------------------------------------------- */

static enum ws_status read_tokenizer(const char *path, const struct ws_allocator *allocator,
                                     struct ws_error *err)
{
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer;
    ws_arena_init(&arena, allocator);
    enum ws_status status = ws_tokenizer_open(path, &arena, &tokenizer, err);
    ws_arena_release(&arena);
    return status;
}

/* The corpus of the fuzz target holds every part that a tokenizer may have. */
static void memory__may_end_in_a_tokenizer(void **state)
{
    (void)state;
    static const char corpus[] = WS_SOURCE_DIR "/tests/fuzz/corpus/tokenizer";
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_names names = names_in(&arena, corpus);
    size_t whole = 0;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = join(&arena, corpus, names.items[i]);
        if (read_tokenizer(path, NULL, NULL) != WS_OK)
            continue;
        assert_true(exhaust(read_tokenizer, path) > 5);
        whole++;
    }
    assert_true(whole > 3);
    ws_arena_release(&arena);
}

/* Reference numbers ---------------------------------------------------------------------------- */

static enum ws_status compare(const char *path, const struct ws_allocator *allocator,
                              struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_transformer model;
    struct ws_comparisons rows;
    struct ws_device *device = NULL;
    ws_arena_init(&arena, allocator);
    char *reference = ws_arena_format(&arena, "%s/reference.safetensors", path);
    enum ws_status status = reference ? ws_hf_open(path, &arena, &model, err)
                                      : ws_fail_memory(err, "the reference's name");
    if (status == WS_OK)
        status = ws_cpu_open(WS_CPU_FAST, 1, allocator, &device, err);
    if (status == WS_OK)
        status = ws_reference_compare(device, &model, reference, &arena, &rows, err);
    if (device)
        device->ops->close(device);
    ws_arena_release(&arena);
    return status;
}

static void memory__may_end_in_reference_numbers(void **state)
{
    (void)state;
    assert_true(exhaust(compare, WS_SOURCE_DIR "/tests/golden/models/gpt2-tiny") > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__may_end_in_compressed_text),
        cmocka_unit_test(memory__may_end_in_a_tokenizer),
        cmocka_unit_test(memory__may_end_in_reference_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
