/*
 * A corpus of several times the memory that there is: it is dealt as with memory for all of it.
 *
 * The limit is on memory that belongs to the process alone (RLIMIT_DATA); a mapped file's pages can
 * be dropped, and do not count. A second limit, on how large a temporary file may be
 * (RLIMIT_FSIZE), shows that a text whose tokens are not kept is kept nowhere.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "data/human.h"
#include "support/effort.h"

enum { PIECE = 1 << 18, ROOM = 24 << 20 };

/* Of a piece of text, and of 2^12 rows of three numbers. */
static int repeats(void)
{
    return (int)by_effort(20, 240, 240);
}

/* What sanitizers and valgrind keep beside every byte is not ours. */
static bool decides(void)
{
    return effort() > EFFORT_SMALL;
}

/* A quarter of a megabyte of words, digits and letters beyond ASCII, again and again. */
static void write_corpus(const char *path)
{
    static char piece[PIECE];
    static const char *const endings[] = {" ", ", ", ".\n", " \xCE\xA3\xCE\xA3 ", "'s 42 "};
    size_t size = 0;
    uint32_t x = 7;
    while (size + 40 < PIECE) {
        x = x * 1664525 + 1013904223;
        unsigned word = (x >> 16) % 997;
        size += (size_t)snprintf(piece + size, PIECE - size, "w%u%s", word * word / 997,
                                 endings[(x >> 8) % 5]);
    }
    gzFile file = gzopen(path, "wb1");
    assert_non_null(file);
    for (int i = 0; i < repeats(); i++)
        assert_int_equal(gzwrite(file, piece, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_table(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < repeats() << 12; i++)
        assert_true(fprintf(file, "%d,%d,.5\n", i, i % 7) > 0);
    assert_int_equal(fclose(file), 0);
}

/* Of the corpus, and of all that a seed is dealt. */
static enum ws_status hash_of_deal(const char *corpus, enum ws_human_source source,
                                   enum ws_human_unit unit, struct ws_hash out[2],
                                   struct ws_error *err)
{
    struct ws_human_settings settings = {.source = source,
                                         .corpus = corpus,
                                         .unit = unit,
                                         .vocabulary = 400,
                                         .block = 100,
                                         .items = 500,
                                         .test_items = 50,
                                         .fresh_items = 50};
    struct ws_human *human;
    struct ws_arena arena;
    struct ws_deal deal;
    struct ws_buffer bytes;
    size_t inputs;
    WS_TRY(ws_human_open(&settings, NULL, &human, NULL, err));
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    enum ws_status status = ws_human_deal(human, 3, &arena, &deal, err);
    if (status == WS_OK) {
        ws_dataset_write(&deal.original, &bytes);
        ws_dataset_write(&deal.reference, &bytes);
        ws_dataset_write(&deal.fresh, &bytes);
        status = ws_buffer_check(&bytes, "the deal", err);
    }
    if (status == WS_OK) {
        out[0] = ws_human_inputs(human, &inputs)[0].hash;
        status = ws_hash_of(ws_buffer_bytes(&bytes), &out[1], err);
    }
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
    ws_human_close(human);
    return status;
}

/* Bytes that belong to the process alone, as RLIMIT_DATA counts them. */
static size_t own_bytes(void)
{
    char line[200];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmData:", 7) == 0)
            kilobytes = strtoul(line + 7, NULL, 10);
    (void)fclose(file);
    assert_true(kilobytes > 0);
    return 1024 * kilobytes;
}

static const struct {
    enum ws_human_source source;
    enum ws_human_unit unit;
    rlim_t file; /* bytes that a file may have */
} ways[] = {
    {WS_HUMAN_TEXT, WS_UNIT_WORDS, RLIM_INFINITY}, {WS_HUMAN_TEXT, WS_UNIT_BYTES, RLIM_INFINITY},
    {WS_HUMAN_TEXT, WS_UNIT_BPE, RLIM_INFINITY},   {WS_HUMAN_WORDS, WS_UNIT_WORDS, 1 << 10},
    {WS_HUMAN_WORDS, WS_UNIT_BPE, 1 << 10},        {WS_HUMAN_CSV, 0, RLIM_INFINITY}};
enum { WAYS = sizeof ways / sizeof *ways };

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* An empty file whose name ends in `ending` letters after the pattern. */
static void reserve(char *path, int ending)
{
    int descriptor = mkstemps(path, ending);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
}

static void corpus__larger_than_memory_is_dealt_as_ever(void **state)
{
    (void)state;
    char text[] = "/var/tmp/ws-large-XXXXXX.gz", table[] = "/var/tmp/ws-large-XXXXXX.csv";
    reserve(text, 3);
    reserve(table, 4);
    write_corpus(text);
    write_table(table);
    struct ws_hash whole[WAYS][2], tight[WAYS][2];
    struct ws_error err = {.message = ""};
    for (size_t i = 0; i < WAYS; i++)
        if (hash_of_deal(ways[i].source == WS_HUMAN_CSV ? table : text, ways[i].source,
                         ways[i].unit, whole[i], &err) != WS_OK)
            fail_msg("%s", err.message);
    assert_memory_not_equal(&whole[0][1], &whole[1][1], sizeof whole[0][1]);

    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    struct rlimit limit = {own_bytes() + ROOM, before.rlim_max};
    if (decides())
        assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
    void *too_large = malloc((size_t)2 * ROOM);
    assert_true(!decides() || !too_large);
    (void)signal(SIGXFSZ, SIG_IGN); /* an error is enough */
    for (size_t i = 0; i < WAYS; i++) {
        limit_files(decides() ? ways[i].file : RLIM_INFINITY);
        enum ws_status status = hash_of_deal(ways[i].source == WS_HUMAN_CSV ? table : text,
                                             ways[i].source, ways[i].unit, tight[i], &err);
        limit_files(RLIM_INFINITY);
        if (status != WS_OK)
            fail_msg("%s", err.message);
        assert_memory_equal(tight[i], whole[i], sizeof whole[i]);
    }
    assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
    (void)unlink(text);
    (void)unlink(table);
    free(too_large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus__larger_than_memory_is_dealt_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
