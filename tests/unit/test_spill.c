/*
 * Blocks in files: they hold what was written through every change of size, from one kind of block
 * to the other, and failures leave them as they were.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/spill.h"

/* Every 1,000th byte, so that a large block is quickly written. */
enum { STRIDE = 1000 };

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i / STRIDE * 7 + 1);
}

static void fill(uint8_t *block, size_t from, size_t to)
{
    for (size_t i = (from + STRIDE - 1) / STRIDE * STRIDE; i < to; i += STRIDE)
        block[i] = pattern(i);
}

static bool holds(const uint8_t *block, size_t size)
{
    for (size_t i = 0; i < size; i += STRIDE)
        if (block[i] != pattern(i))
            return false;
    return true;
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    (void)closedir(directory);
    return count;
}

static void spill__a_block_keeps_its_bytes_through_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {100,
                                   WS_SPILL_BLOCK - 1,
                                   WS_SPILL_BLOCK,
                                   3 * (size_t)WS_SPILL_BLOCK + 17,
                                   WS_SPILL_BLOCK + 5,
                                   2000,
                                   2 * (size_t)WS_SPILL_BLOCK,
                                   1};
    struct ws_spill spill;
    ws_spill_init(&spill, NULL);
    const size_t before = open_files();
    uint8_t *block = NULL;
    size_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = ws_realloc(&spill.allocator, block, old, sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        assert_true(holds(block, old < sizes[i] ? old : sizes[i]));
        fill(block, old < sizes[i] ? old : 0, sizes[i]);
        old = sizes[i];
        /* Only a large block has a file. */
        assert_int_equal(open_files() - before, sizes[i] >= WS_SPILL_BLOCK);
    }
    ws_free(&spill.allocator, block, old);
    block = ws_realloc(&spill.allocator, NULL, 0, WS_SPILL_BLOCK);
    assert_int_equal(open_files() - before, 1);
    ws_free(&spill.allocator, block, WS_SPILL_BLOCK);
    assert_int_equal(open_files(), before);
}

static void spill__no_room_is_a_failed_allocation(void **state)
{
    (void)state;
    struct ws_spill spill;
    ws_spill_init(&spill, NULL);
    const size_t size = WS_SPILL_BLOCK, small = 100;
    uint8_t *block = ws_realloc(&spill.allocator, NULL, 0, size);
    uint8_t *other = ws_realloc(&spill.allocator, NULL, 0, small);
    assert_non_null(block);
    assert_non_null(other);
    fill(block, 0, size);
    fill(other, 0, small);
    /* More than any file system holds. */
    assert_null(ws_realloc(&spill.allocator, block, size, SIZE_MAX / 2));
    assert_null(ws_realloc(&spill.allocator, block, size, (size_t)1 << 61));
    assert_true(holds(block, size));

    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_null(ws_realloc(&spill.allocator, NULL, 0, size));
    assert_null(ws_realloc(&spill.allocator, other, small, size));
    assert_true(holds(other, small));
    assert_int_equal(unsetenv("TMPDIR"), 0);
    ws_free(&spill.allocator, block, size);
    ws_free(&spill.allocator, other, small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spill__a_block_keeps_its_bytes_through_every_size),
        cmocka_unit_test(spill__no_room_is_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
