/* Zstandard in pieces: what goes in comes out, measured, whatever its size. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/compress.h"
#include "base/file.h"

static const char PLAIN[] = "compress.plain", PACKED[] = "compress.packed";

static int set_up(void **state)
{
    (void)state;
    static char place[] = "/tmp/test_compress_XXXXXX";
    return mkdtemp(place) && chdir(place) == 0 ? 0 : 1;
}

static int tear_down(void **state)
{
    char place[PATH_MAX];
    (void)state;
    (void)unlink(PLAIN);
    (void)unlink(PACKED);
    return getcwd(place, sizeof place) && chdir("/") == 0 ? rmdir(place) : 1;
}

static enum ws_status collect(void *user, struct ws_bytes piece, struct ws_error *err)
{
    ws_buffer_append(user, piece.data, piece.size);
    return ws_buffer_check(user, "what comes out", err);
}

/* Half of it text that repeats, half numbers that do not. */
static char *made(size_t size)
{
    char *bytes = malloc(size + 1);
    uint64_t x = 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = i < size / 2 ? "wellspring"[i % 10] : (char)(x >> 56);
    }
    return bytes;
}

static struct ws_measured pack(const char *bytes, size_t size, struct ws_buffer *packed)
{
    struct ws_measured measured;
    assert_int_equal(ws_file_replace(PLAIN, ws_bytes_of(bytes, size), NULL), WS_OK);
    int descriptor = open(PLAIN, O_RDONLY);
    assert_true(descriptor >= 0);
    assert_int_equal(ws_compress(descriptor, PLAIN, collect, packed, &measured, NULL), WS_OK);
    (void)close(descriptor);
    return measured;
}

static void what_goes_in__comes_out(void **state)
{
    (void)state;
    /* The borders of pieces, and many pieces. */
    static const size_t sizes[] = {0, 1, 131071, 131072, 131073, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *bytes = made(sizes[i]);
        struct ws_buffer packed, again;
        struct ws_measured in, out;
        struct ws_hash digest;
        ws_buffer_init(&packed, NULL, SIZE_MAX);
        ws_buffer_init(&again, NULL, SIZE_MAX);
        in = pack(bytes, sizes[i], &packed);
        assert_true(packed.size <= sizes[i] * 6 / 10 + 32);
        assert_int_equal(ws_file_replace(PACKED, ws_buffer_bytes(&packed), NULL), WS_OK);
        assert_int_equal(ws_decompress(PACKED, sizes[i], collect, &again, &out, NULL), WS_OK);
        assert_int_equal(again.size, sizes[i]);
        if (sizes[i] > 0)
            assert_memory_equal(again.data, bytes, sizes[i]);
        assert_int_equal(ws_hash_of(ws_bytes_of(bytes, sizes[i]), &digest, NULL), WS_OK);
        assert_int_equal(in.size, sizes[i]);
        assert_int_equal(out.size, sizes[i]);
        assert_memory_equal(&in.digest, &digest, sizeof digest);
        assert_memory_equal(&out.digest, &digest, sizeof digest);
        ws_buffer_release(&again);
        ws_buffer_release(&packed);
        free(bytes);
    }
}

static enum ws_status unpack(struct ws_bytes packed, uint64_t limit)
{
    struct ws_measured out;
    assert_int_equal(ws_file_replace(PACKED, packed, NULL), WS_OK);
    return ws_decompress(PACKED, limit, NULL, NULL, &out, NULL);
}

static void what_is_not_one_whole_frame__is_refused(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    char *bytes = made(SIZE);
    struct ws_buffer packed;
    ws_buffer_init(&packed, NULL, SIZE_MAX);
    (void)pack(bytes, SIZE, &packed);
    assert_int_equal(unpack(ws_buffer_bytes(&packed), SIZE), WS_OK);
    assert_int_equal(unpack(ws_buffer_bytes(&packed), SIZE - 1), WS_LIMIT);
    for (size_t cut = 1; cut < packed.size; cut += packed.size / 17)
        assert_int_equal(unpack(ws_bytes_of(packed.data, packed.size - cut), SIZE), WS_CORRUPT);
    assert_int_equal(unpack(ws_bytes_of("", 0), SIZE), WS_CORRUPT);
    packed.data[packed.size / 2] ^= 1;
    assert_int_equal(unpack(ws_buffer_bytes(&packed), SIZE), WS_CORRUPT);
    packed.data[packed.size / 2] ^= 1;
    ws_buffer_text(&packed, "x");
    assert_int_equal(unpack(ws_buffer_bytes(&packed), SIZE), WS_CORRUPT);
    ws_buffer_release(&packed);
    free(bytes);
}

static void a_file_that_is_not_there__is_named(void **state)
{
    struct ws_measured out;
    struct ws_error err;
    (void)state;
    assert_int_equal(ws_decompress("nowhere", 1, NULL, NULL, &out, &err), WS_NOT_FOUND);
    assert_non_null(strstr(err.message, "nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in__comes_out),
        cmocka_unit_test(what_is_not_one_whole_frame__is_refused),
        cmocka_unit_test(a_file_that_is_not_there__is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
