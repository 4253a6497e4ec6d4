/*
 * A run's directory for a test: made, compared with another, damaged, removed. To be included
 * behind cmocka.h.
 */
#ifndef WS_TESTS_PLACE_H
#define WS_TESTS_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/run_directory.h"
#include "support/laboratory.h"

struct place {
    char path[40];
};

static inline void new_place(struct place *place)
{
    (void)snprintf(place->path, sizeof place->path, "%s/ws-run-XXXXXX", laboratory_temporary());
    assert_non_null(mkdtemp(place->path));
}

static inline char *join(struct ws_arena *arena, const char *directory, const char *name)
{
    char *path = ws_run_path(arena, directory, name);
    assert_non_null(path);
    return path;
}

static inline struct ws_names names_in(struct ws_arena *arena, const char *directory)
{
    struct ws_names names;
    assert_int_equal(ws_directory_list(directory, arena, &names, NULL), WS_OK);
    return names;
}

static inline void remove_tree(struct ws_arena *arena, const char *path)
{
    if (!ws_directory_exists(path)) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    struct ws_names names = names_in(arena, path);
    for (size_t i = 0; i < names.count; i++)
        remove_tree(arena, join(arena, path, names.items[i]));
    assert_int_equal(rmdir(path), 0);
}

static inline void remove_place(const struct place *place)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    remove_tree(&arena, place->path);
    ws_arena_release(&arena);
}

static inline struct ws_bytes contents(struct ws_arena *arena, const char *path)
{
    struct ws_bytes bytes;
    struct ws_error err;
    if (ws_file_read(path, SIZE_MAX / 2, arena, &bytes, &err) != WS_OK)
        fail_msg("%s", err.message);
    return bytes;
}

static inline bool has_times(const char *name)
{
    return strcmp(name, "run.json") == 0 || strcmp(name, "events.log") == 0;
}

/* All but the files that hold times. */
static inline void assert_same_tree(struct ws_arena *arena, const char *a, const char *b)
{
    if (!ws_directory_exists(a)) {
        struct ws_bytes x = contents(arena, a), y = contents(arena, b);
        if (x.size != y.size || memcmp(x.data, y.data, x.size) != 0)
            fail_msg("'%s' and '%s' differ", a, b);
        return;
    }
    struct ws_names x = names_in(arena, a), y = names_in(arena, b);
    assert_int_equal(x.count, y.count);
    for (size_t i = 0; i < x.count; i++) {
        assert_string_equal(x.items[i], y.items[i]);
        if (!has_times(x.items[i]))
            assert_same_tree(arena, join(arena, a, x.items[i]), join(arena, b, y.items[i]));
    }
}

static inline void assert_same_run(const struct place *a, const struct place *b)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_same_tree(&arena, a->path, b->path);
    ws_arena_release(&arena);
}

/* Adds `text` to the file, or writes it anew over the bytes from `at` on. */
static inline void damage(const struct place *place, const char *name, long at, const char *text)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", place->path, name);
    FILE *file = fopen(path, "r+");
    if (!file)
        fail_msg("no '%s'", path);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    if (at < 0)
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#endif
