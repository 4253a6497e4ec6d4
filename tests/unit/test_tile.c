/* Tiles: paths as tlog-tiles and others' tests write them, widths, nodes, and bundles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/tile.h"

static const struct {
    struct ws_tile tile;
    const char *path;
} paths[] = {
    {{false, 0, 0, 256}, "tile/0/000"},
    {{false, 0, 1234067, 256}, "tile/0/x001/x234/067"},
    {{false, 0, 1234067, 112}, "tile/0/x001/x234/067.p/112"},
    {{false, 15, 123456789, 41}, "tile/15/x123/x456/789.p/41"},
    {{false, 63, 999, 255}, "tile/63/999.p/255"},
    {{true, 0, 0, 3}, "tile/entries/000.p/3"},
    {{true, 0, 123456789, 256}, "tile/entries/x123/x456/789"},
    {{false, 0, UINT64_MAX, 1}, "tile/0/x018/x446/x744/x073/x709/x551/615.p/1"},
};

static void tile__writes_and_reads_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[WS_TILE_PATH_SIZE];
        struct ws_tile tile;
        ws_tile_path(&paths[i].tile, path);
        assert_string_equal(path, paths[i].path);
        assert_true(ws_tile_read_path(ws_bytes_of_text(path), &tile));
        assert_int_equal(tile.is_bundle, paths[i].tile.is_bundle);
        assert_int_equal(tile.level, paths[i].tile.level);
        assert_int_equal(tile.index, paths[i].tile.index);
        assert_int_equal(tile.width, paths[i].tile.width);
    }
}

static void tile__refuses_every_other_path(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/001/001",
        "tile/0/x01/001",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1000",
        "tile/0/000.p/1/",
        "tile/0/../000",
        "tile/entries/",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000 ",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ws_tile tile;
        if (ws_tile_read_path(ws_bytes_of_text(bad[i]), &tile))
            fail_msg("'%s' was read", bad[i]);
    }
}

/* The example of tlog-tiles. */
static void tile__widths_of_a_log_of_70000(void **state)
{
    (void)state;
    assert_int_equal(ws_tile_width(0, 272, 70000), 256);
    assert_int_equal(ws_tile_width(0, 273, 70000), 112);
    assert_int_equal(ws_tile_width(0, 274, 70000), 0);
    assert_int_equal(ws_tile_width(1, 0, 70000), 256);
    assert_int_equal(ws_tile_width(1, 1, 70000), 17);
    assert_int_equal(ws_tile_width(2, 0, 70000), 1);
    assert_int_equal(ws_tile_width(3, 0, 70000), 0);
    assert_int_equal(ws_tile_width(1, 0, 256), 1);
    assert_int_equal(ws_tile_width(0, UINT64_MAX, UINT64_MAX), 0);
    assert_int_equal(ws_tile_width(63, 0, UINT64_MAX), 0);
}

enum { SIZE = 70000 };

static struct ws_hash row[17][SIZE]; /* levels of a tree */

static int make_tree(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SIZE; i++) {
        uint8_t entry[4];
        store32_le(entry, i);
        ws_merkle_leaf(ws_bytes_of(entry, sizeof entry), &row[0][i]);
    }
    for (size_t level = 1; level < 17; level++)
        for (size_t i = 0; i < (size_t)SIZE >> level; i++)
            ws_merkle_node(&row[level - 1][2 * i], &row[level - 1][2 * i + 1], &row[level][i]);
    return 0;
}

static void tile__gives_every_node_of_a_tree(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 17; level++)
        for (uint64_t i = 0; i < (size_t)SIZE >> level; i += level < 4 ? 97 : 1) {
            struct ws_tile tile = ws_tile_of_node(level, i, SIZE);
            struct ws_hash hash;
            assert_int_equal(tile.level, level / 8);
            assert_true(tile.width > 0);
            assert_true(((i + 1) << level % 8) - tile.index * 256 <= tile.width);
            ws_tile_node(level, i, row[tile.level * 8][tile.index * 256].bytes, &hash);
            assert_true(ws_hash_equal(&hash, &row[level][i]));
        }
}

static void bundle__keeps_entries(void **state)
{
    (void)state;
    static uint8_t large[WS_ENTRY_LIMIT];
    struct ws_bytes entries[WS_TILE_WIDTH];
    struct ws_buffer bundle;
    memset(large, 7, sizeof large);
    ws_buffer_init(&bundle, NULL, 1 << 20);
    ws_bundle_append(&bundle, ws_bytes_of_text(""));
    ws_bundle_append(&bundle, ws_bytes_of_text("one"));
    ws_bundle_append(&bundle, ws_bytes_of(large, sizeof large));
    assert_memory_equal(bundle.data, "\0\0\0\3one\xff\xff", 9);
    struct ws_bytes bytes = ws_buffer_bytes(&bundle);
    assert_int_equal(ws_bundle_read(bytes, 3, entries, NULL), WS_OK);
    assert_int_equal(entries[0].size, 0);
    assert_memory_equal(entries[1].data, "one", 3);
    assert_int_equal(entries[2].size, WS_ENTRY_LIMIT);
    assert_int_equal(ws_bundle_read(bytes, 2, entries, NULL), WS_CORRUPT);
    assert_int_equal(ws_bundle_read(bytes, 4, entries, NULL), WS_CORRUPT);
    bytes.size--;
    assert_int_equal(ws_bundle_read(bytes, 3, entries, NULL), WS_CORRUPT);
    ws_buffer_release(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tile__writes_and_reads_paths),
        cmocka_unit_test(tile__refuses_every_other_path),
        cmocka_unit_test(tile__widths_of_a_log_of_70000),
        cmocka_unit_test_setup(tile__gives_every_node_of_a_tree, make_tree),
        cmocka_unit_test(bundle__keeps_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
