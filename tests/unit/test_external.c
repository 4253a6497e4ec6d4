#include "models/external.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct ws_family_ops *const family = &ws_family_external;

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static const struct ws_external_model vectors_of_two = {
    .base = {&ws_family_external, NULL, 1}, .kind = WS_DATA_VECTORS, .dimension = 2};
static const struct ws_external_model words = {
    .base = {&ws_family_external, NULL, 1}, .kind = WS_DATA_TOKENS, .types = 9, .length = 3};
static const struct ws_external_model counts = {
    .base = {&ws_family_external, NULL, 1}, .kind = WS_DATA_COUNTS, .types = 9};

static enum ws_status read_as(const struct ws_external_model *model, const char *text,
                              uint64_t count, struct ws_arena *arena, struct ws_payload *out,
                              struct ws_error *err)
{
    return ws_external_read_items(ws_bytes_of_text(text), "{out}", model, count, arena, out, err);
}

static void items__are_read_line_by_line(void **state)
{
    struct ws_payload out;
    assert_int_equal(read_as(&vectors_of_two,
                             "{\"vector\": [1, -2.5]}\n\n{\"x\": 0, \"vector\": [3e2, 4]}", 2,
                             *state, &out, NULL),
                     WS_OK);
    static const double numbers[] = {1, -2.5, 300, 4};
    assert_int_equal(out.count, 2);
    assert_memory_equal(out.vectors, numbers, sizeof numbers);
    assert_int_equal(
        read_as(&words, "{\"tokens\":[8,0]}\n{\"tokens\":[1,2,3]}\n", 2, *state, &out, NULL),
        WS_OK);
    static const uint32_t ids[] = {8, 0, 1, 2, 3};
    assert_int_equal(out.tokens.ends[0], 2);
    assert_int_equal(out.tokens.ends[1], 5);
    assert_memory_equal(out.tokens.ids, ids, sizeof ids);
    assert_int_equal(
        read_as(&counts, "{\"symbol\":5}\n{\"symbol\":2}\n{\"symbol\":5}\n", 3, *state, &out, NULL),
        WS_OK);
    assert_int_equal(out.kind, WS_DATA_COUNTS);
    assert_int_equal(out.counts.size, 2);
    assert_int_equal(out.counts.type[1], 5);
    assert_int_equal(out.counts.count[1], 2);
}

static void items__that_are_wrong_are_refused_with_their_line(void **state)
{
    static const struct {
        const struct ws_external_model *model;
        const char *text, *message;
    } cases[] = {
        {&vectors_of_two, "{\"vector\":[1,2]}\n{\"vector\":[1]}\n",
         "{out}:2: 'vector' has 1 numbers, wanted 2"},
        {&vectors_of_two, "{\"vector\":[1,\"2\"]}\n\n", "{out}:1: 'vector' has something in it"},
        {&vectors_of_two, "{\"vector\":[1,NaN]}\n\n", "{out}:1"},
        {&vectors_of_two, "{\"vector\":[1,1e999]}\n", "{out}:1"},
        {&vectors_of_two, "{\"tokens\":[1,2]}\n\n", "{out}:1: wanted {\"vector\": [...]}"},
        {&vectors_of_two, "[1,2]\n\n", "{out}:1: wanted an object"},
        {&vectors_of_two, "{\"vector\":[1,2]}\n", "has 1 items, wanted the 2"},
        {&vectors_of_two, "{\"vector\":[1,2]}\n{\"vector\":[1,2]}\n{\"vector\":[1,2]}",
         "{out}:3: has more than the 2 items"},
        {&vectors_of_two, "x", "too few for 2 items"},
        {&words, "{\"tokens\":[9]}\n\n", "no whole number from 0 to 8"},
        {&words, "{\"tokens\":[-1]}\n\n", "no whole number from 0 to 8"},
        {&words, "{\"tokens\":[1.5]}\n\n", "no whole number from 0 to 8"},
        {&words, "{\"tokens\":[]}\n\n", "has 0 tokens, wanted 1 to 3"},
        {&words, "{\"tokens\":[1,2,3,4]}\n", "has 4 tokens, wanted 1 to 3"},
        {&counts, "{\"symbol\":9}\n\n", "a 'symbol' that is no whole number from 0 to 8"},
        {&counts, "{\"symbol\":[1]}\n", "a 'symbol'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_payload out;
        struct ws_error err;
        assert_int_equal(read_as(cases[i].model, cases[i].text, 2, *state, &out, &err), WS_CORRUPT);
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: '%s' lacks '%s'", i, err.message, cases[i].message);
    }
}

static void items__are_written_with_their_origin(void **state)
{
    static const double numbers[] = {0.1, 2};
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 1, .dimension = 2, .vectors = numbers};
    const struct ws_origin output = {WS_SOURCE_MODEL, 3, 7};
    struct ws_dataset data;
    struct ws_buffer out;
    assert_int_equal(ws_dataset_of(&payload, output, *state, &data, NULL), WS_OK);
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_external_write_items(&data, &out, NULL), WS_OK);
    assert_string_equal(
        ws_buffer_string(&out),
        "{\"vector\":[0.10000000000000001,2.0],\"source\":\"model\",\"depth\":3}\n");
    ws_buffer_release(&out);
}

static enum ws_status fit_with(const char *train, const char *sample, struct ws_arena *arena,
                               const struct ws_model **model, struct ws_error *err)
{
    static const double numbers[] = {1, 2, 3, 4};
    static struct ws_external_settings settings;
    static struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 2, .dimension = 2, .vectors = numbers};
    const struct ws_origin human = {.source = WS_SOURCE_ORIGINAL};
    const struct ws_rng_key key = {{1, 2}, 3};
    struct ws_dataset data;
    settings = (struct ws_external_settings){train, sample, 60, 200};
    WS_TRY(ws_dataset_of(&payload, human, arena, &data, err));
    WS_TRY(family->check(&settings, &data, 2, 2, err));
    const struct ws_dataset *all = &data;
    return family->fit(&settings, 1, &all, &key, NULL, arena, model, err);
}

static void external__says_what_a_training_command_did_wrong(void **state)
{
    static const struct {
        const char *train, *message;
        enum ws_status status;
    } cases[] = {
        {"", "needs a command 'train'", WS_INVALID},
        {"cp {model}", "wanted {data} in it", WS_INVALID},
        {"test -s {data} && : {model}", "wrote no {model}", WS_NOT_FOUND},
        {": {data} && mkdir {model}", "made {model} a directory", WS_IO},
        {": {data} && mkfifo {model}", "is not a regular file", WS_IO},
        {": {data} && ln -s /dev/zero {model}", "is not a regular file", WS_IO},
        {"echo oh no >&2; exit 7; {data} {model}", "exit status 7: oh no", WS_IO},
        {": {data}; head -c 201 /dev/zero > {model}", "200", WS_LIMIT},
    };
    const struct ws_model *model;
    struct ws_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum ws_status status =
            fit_with(cases[i].train, "{model}{items}{out}", *state, &model, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].message))
            fail_msg("case %zu: %d, '%s'", i, (int)status, err.message);
    }
    assert_int_equal(fit_with("cp {data} {model}", "cp {model} {out}", *state, &model, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "wanted {items} in it"));
}

static void external__samples_what_the_command_writes(void **state)
{
    const struct ws_model *model;
    const struct ws_payload *out;
    const uint64_t two = 2, three = 3;
    const struct ws_rng_key key = {{1, 2}, 3};
    struct ws_error err;
    assert_int_equal(
        fit_with("cp {data} {model}", "test {items} = 2 && cp {model} {out}", *state, &model, &err),
        WS_OK);
    assert_int_equal(family->sample(1, &model, &two, &key, NULL, *state, &out, &err), WS_OK);
    assert_true(out->vectors[0] == 1 && out->vectors[3] == 4);
    assert_int_equal(family->sample(1, &model, &three, &key, NULL, *state, &out, &err), WS_IO);
    assert_int_equal(fit_with("cp {data} {model}", ": {items} {model} {out}", *state, &model, &err),
                     WS_OK);
    assert_int_equal(family->sample(1, &model, &two, &key, NULL, *state, &out, &err), WS_NOT_FOUND);
    assert_non_null(strstr(err.message, "wrote no {out}"));
}

/* None of it is damage to a run's files, which WS_CORRUPT and WS_UNSUPPORTED mean. */
static void external__says_what_a_sampling_command_did_wrong(void **state)
{
    static const struct {
        const char *sample, *message;
    } cases[] = {
        {"mkfifo {out}; : {model} {items}", "is not a regular file"},
        {"mkdir {out}; : {model} {items}", "made {out} a directory, wanted one file"},
        {"ln -s /dev/zero {out}; : {model} {items}", "is not a regular file"},
        {"echo 'not an item' >{out}; : {model} {items}", "{out}:1"},
        {"head -n 1 {model} >{out}; : {items}", "{out}: has 1 items, wanted the 2"},
    };
    const struct ws_model *model;
    const struct ws_payload *out;
    const uint64_t two = 2;
    const struct ws_rng_key key = {{1, 2}, 3};
    struct ws_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(fit_with("cp {data} {model}", cases[i].sample, *state, &model, &err),
                         WS_OK);
        enum ws_status status = family->sample(1, &model, &two, &key, NULL, *state, &out, &err);
        if (status != WS_IO || !strstr(err.message, cases[i].message))
            fail_msg("case %zu: %d, '%s'", i, (int)status, err.message);
    }
}

/* Programs of others leave checkpoints and caches beside the file they are asked for. */
static void external__leaves_nothing_of_what_the_commands_left(void **state)
{
    char place[] = "/var/tmp/test_external-XXXXXX";
    const char *before = getenv("TMPDIR");
    char *kept = before ? strdup(before) : NULL;
    const struct ws_model *model;
    const struct ws_payload *out;
    const uint64_t two = 2;
    const struct ws_rng_key key = {{1, 2}, 3};
    struct ws_error err;
    assert_non_null(mkdtemp(place));
    assert_int_equal(setenv("TMPDIR", place, 1), 0);
    assert_int_equal(fit_with("cp {data} {model}; mkdir {model}.cache; cp {data} {model}.cache/x",
                              "cp {model} {out}; ln -s / {out}.all; : {items}", *state, &model,
                              &err),
                     WS_OK);
    assert_int_equal(family->sample(1, &model, &two, &key, NULL, *state, &out, &err), WS_OK);
    assert_int_equal(rmdir(place), 0); /* it is empty */
    assert_int_equal(kept ? setenv("TMPDIR", kept, 1) : unsetenv("TMPDIR"), 0);
    free(kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(items__are_read_line_by_line),
        TEST(items__that_are_wrong_are_refused_with_their_line),
        TEST(items__are_written_with_their_origin),
        TEST(external__says_what_a_training_command_did_wrong),
        TEST(external__samples_what_the_command_writes),
        TEST(external__says_what_a_sampling_command_did_wrong),
        TEST(external__leaves_nothing_of_what_the_commands_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
