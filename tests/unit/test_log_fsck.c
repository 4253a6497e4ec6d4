/*
 * A look at every byte of a log of several levels of tiles finds it sound while a writer goes on,
 * names damage by its file, and never fails for memory without saying so. Kept checkpoints come in
 * order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/kept_checkpoints.h"
#include "ledger/log_fsck.h"
#include "support/failing_heap.h"
#include "support/kept_log.h"

struct stand {
    struct kept_log log;
    struct ws_log_health health;
    char files[20][64];
    size_t count;
};

static void note_damage(void *user, const char *file, const char *message)
{
    struct stand *stand = user;
    (void)message;
    assert_true(stand->count < 20);
    (void)snprintf(stand->files[stand->count++], sizeof stand->files[0], "%s", file);
}

static void look(struct stand *stand)
{
    stand->count = 0;
    if (ws_log_fsck(stand->log.place.path, note_damage, stand, &stand->log.arena, &stand->health,
                    &stand->log.err) != WS_OK)
        fail_msg("%s", stand->log.err.message);
    assert_int_equal(stand->health.damages, stand->count);
}

static void add(struct stand *stand, size_t count)
{
    static char texts[70000][16];
    static struct ws_bytes entries[70000];
    uint64_t first;
    for (size_t i = 0; i < count; i++) {
        int size = snprintf(texts[i], sizeof texts[i], "%zu", (size_t)stand->log.store.count + i);
        entries[i] = ws_bytes_of(texts[i], (size_t)size);
    }
    assert_int_equal(ws_log_add(&stand->log.store, entries, count, &first, &stand->log.err), WS_OK);
}

static int open_stand(void **state)
{
    static struct stand stand;
    make_kept_log(&stand.log);
    *state = &stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    remove_kept_log(&stand->log);
    return 0;
}

/* Adds to the byte of a file, and takes it back when it is called again with -delta. */
static void change(const struct stand *stand, const char *name, long at, int delta)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", stand->log.place.path, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_true(byte >= 0);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_true(fputc((byte + delta) & 255, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_sizes(void **state)
{
    struct stand *stand = *state;
    static const size_t steps[] = {1, 254, 1, 1, 300, 65279, 1};
    look(stand);
    assert_int_equal(stand->health.size, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        add(stand, steps[i]);
        look(stand);
        assert_int_equal(stand->count, 0);
        assert_int_equal(stand->health.waiting, steps[i]);
        publish_kept(&stand->log);
        look(stand);
        assert_int_equal(stand->count, 0);
        assert_int_equal(stand->health.size, stand->log.store.size);
        assert_int_equal(stand->health.checkpoints, i + 2);
        assert_string_equal(stand->health.origin, "log.example");
    }
}

/* Damage in one file is named once, and not again in all that is above it. */
static void test_damage(void **state)
{
    struct stand *stand = *state;
    static const struct {
        const char *file, *named;
        long at;
    } cases[] = {
        {"tile/entries/007", "tile/0/007", 100},
        {"tile/1/000", "tile/1/000", 40},
        {"tile/2/000.p/1", "tile/2/000.p/1", 3},
        {"tile/entries/257.p/8", "tile/0/257.p/8", 9},
        {"tile/entries/000.p/100", "tile/entries/000.p/100", 100},
        {"tile/0/000.p/100", "tile/0/000.p/100", 100},
        {"checkpoints/100", "checkpoints/100", 20},
        {"checkpoints/100.next", "checkpoints/100.next", 1},
        {"journal", "journal", 2},
    };
    add(stand, 100);
    publish_kept(&stand->log);
    add(stand, 65700);
    publish_kept(&stand->log);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        change(stand, cases[i].file, cases[i].at, 1);
        look(stand);
        assert_int_equal(stand->count, i == 2 ? 3 : 1);
        assert_string_equal(stand->files[stand->count - 1 < 2 ? 0 : 1], cases[i].named);
        change(stand, cases[i].file, cases[i].at, -1);
    }
    look(stand);
    assert_int_equal(stand->count, 0);
}

static enum ws_status collect(void *user, uint64_t size, const char *path, bool *stop,
                              struct ws_error *err)
{
    uint64_t *sizes = user;
    (void)path;
    (void)err;
    sizes[++sizes[0]] = size;
    *stop = sizes[0] == 4;
    return WS_OK;
}

static void test_kept_order(void **state)
{
    struct stand *stand = *state;
    uint64_t sizes[8] = {0};
    static const size_t steps[] = {1, 998, 1, 1000, 10};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        add(stand, steps[i]);
        publish_kept(&stand->log);
    }
    assert_int_equal(
        ws_kept_checkpoints(stand->log.place.path, 0, NULL, collect, sizes, &stand->log.err),
        WS_OK);
    assert_int_equal(sizes[0], 4);
    assert_int_equal(sizes[1], 0);
    assert_int_equal(sizes[2], 1);
    assert_int_equal(sizes[3], 999);
    assert_int_equal(sizes[4], 1000);
    sizes[0] = 0;
    assert_int_equal(
        ws_kept_checkpoints(stand->log.place.path, 1001, NULL, collect, sizes, &stand->log.err),
        WS_OK);
    assert_int_equal(sizes[0], 2);
    assert_int_equal(sizes[1], 2000);
    assert_int_equal(sizes[2], 2010);
}

static void test_memory(void **state)
{
    struct stand *stand = *state;
    enum ws_status status = WS_NO_MEMORY;
    add(stand, 300);
    publish_kept(&stand->log);
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        stand->count = 0;
        status = ws_log_fsck(stand->log.place.path, note_damage, stand, &arena, &stand->health,
                             &stand->log.err);
        assert_int_equal(stand->count, 0);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
    }
    assert_int_equal(status, WS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_damage, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_kept_order, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(test_memory, open_stand, close_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
