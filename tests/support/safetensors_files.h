/*
 * Files of tensors for tests. To be included behind cmocka.h.
 */
#ifndef WS_TESTS_SAFETENSORS_FILES_H
#define WS_TESTS_SAFETENSORS_FILES_H

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "data/safetensors.h"
#include "support/failing_heap.h"
#include "support/failing_jansson.h"

static struct ws_arena arena;

static char root[] = "/tmp/ws-test-safetensors-XXXXXX";

static inline int set_up(void **state)
{
    (void)state;
    ws_arena_init(&arena, NULL);
    return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

/* Every test clears what it made in the root. */
static inline int tear_down(void **state)
{
    (void)state;
    ws_arena_release(&arena);
    return chdir("/") == 0 ? rmdir(root) : -1;
}

static inline struct ws_safetensors parse(struct ws_bytes file)
{
    struct ws_safetensors tensors = {.count = 0};
    struct ws_error err = {.message = ""};
    if (ws_safetensors_parse(file, "m.safetensors", &arena, &tensors, &err) != WS_OK)
        fail_msg("%s", err.message);
    return tensors;
}

static const uint64_t shape_2_3[] = {2, 3}, shape_5[] = {5}, shape_0[] = {0}, shape_4[] = {4};

static const float numbers[] = {1, -2.5F, 3, 0x1p-24F, 65504, INFINITY};

static const struct ws_tensor_source sources[] = {
    {"z", WS_DTYPE_F32, 2, shape_2_3, numbers}, {"half", WS_DTYPE_F16, 1, shape_5, numbers},
    {"b", WS_DTYPE_BF16, 1, shape_4, numbers},  {"a", WS_DTYPE_F32, 0, NULL, numbers + 1},
    {"none", WS_DTYPE_F32, 1, shape_0, NULL},
};

enum { SOURCE_COUNT = sizeof sources / sizeof *sources };

/* By type from the table's end, then by name; blanks up to a multiple of 8. */
static const char sources_header[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
    "\"none\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},"
    "\"z\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]},"
    "\"b\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[28,36]},"
    "\"half\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[36,46]}}";

static inline void assert_is_sources(struct ws_bytes file)
{
    size_t length = (sizeof sources_header - 1 + 7) / 8 * 8;
    assert_int_equal(file.size, 8 + length + 46);
    assert_int_equal(load64_le(file.data), length);
    assert_memory_equal(file.data + 8, sources_header, sizeof sources_header - 1);
    for (size_t i = 8 + sizeof sources_header - 1; i < 8 + length; i++)
        assert_int_equal(file.data[i], ' ');
    struct ws_safetensors tensors = parse(file);
    assert_int_equal(tensors.count, SOURCE_COUNT);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        float values[6];
        const struct ws_tensor_view *view = ws_safetensors_find(&tensors, sources[i].name);
        assert_non_null(view);
        assert_int_equal(view->dtype, sources[i].dtype);
        assert_int_equal(ws_tensor_read_f32(view, values, NULL), WS_OK);
        assert_memory_equal(values, sources[i].values, view->count * sizeof *values);
    }
}

#endif
