/*
 * Transformers as a family, where they differ from others: what a fit takes over from a base model.
 * The contract of every family is tested in test_families.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/transformer_family.h"
#include "support/place.h"

/* The base has more rows in its vocabulary than the data have types. */
enum { ROWS = 12, TYPES = 7, ITEMS = 4, BLOCK = 5 };

struct fixture {
    struct ws_arena arena;
    struct place place; /* where the base model lies */
    struct ws_transformer base;
    struct ws_transformer_settings settings;
    struct ws_dataset data;
};

static void save_base(struct fixture *f, uint32_t bos, uint32_t pad)
{
    const struct ws_form form = {WS_ARCHITECTURE_OPT, 1, 8, 2, 0, 8, 2 * BLOCK, true};
    struct ws_description *d = &f->base.description;
    assert_int_equal(ws_form_describe(&form, ROWS, bos, d, NULL), WS_OK);
    d->pad = pad;
    ws_layout_of(d, &f->base.layout);
    float *parameters = WS_ARENA_ZNEW(&f->arena, float, f->base.layout.size);
    assert_non_null(parameters);
    ws_transformer_init(d, &f->base.layout, ws_rng_key(WS_STREAM_INIT, 1, 0, 0), parameters);
    f->base.parameters = parameters;
    new_place(&f->place);
    assert_int_equal(ws_hf_save(&f->base, WS_DTYPE_F32, f->place.path, &f->arena, NULL), WS_OK);
}

static void set(struct fixture *f, const char *name, const char *value)
{
    const struct ws_option *option = ws_option_find(&ws_family_transformer.options, name);
    assert_int_equal(ws_option_set(option, &f->settings, value, "test", &f->arena, NULL), WS_OK);
}

static void make_data(struct fixture *f)
{
    struct ws_payload *payload = WS_ARENA_ZNEW(&f->arena, struct ws_payload, 1);
    uint32_t *ids = WS_ARENA_NEW(&f->arena, uint32_t, ITEMS * BLOCK);
    uint64_t *ends = WS_ARENA_NEW(&f->arena, uint64_t, ITEMS);
    assert_true(payload && ids && ends);
    for (uint32_t i = 0; i < ITEMS * BLOCK; i++)
        ids[i] = i % (TYPES - 1); /* the last type is in no text */
    for (uint64_t i = 0; i < ITEMS; i++)
        ends[i] = (i + 1) * BLOCK;
    *payload = (struct ws_payload){.kind = WS_DATA_TOKENS, .count = ITEMS, .types = TYPES};
    payload->tokens.ids = ids;
    payload->tokens.ends = ends;
    const struct ws_origin origin = {.source = WS_SOURCE_ORIGINAL};
    assert_int_equal(ws_dataset_of(payload, origin, &f->arena, &f->data, NULL), WS_OK);
}

static void fixture_open(struct fixture *f, uint32_t bos, uint32_t pad)
{
    *f = (struct fixture){.base = {.parameters = NULL}};
    ws_arena_init(&f->arena, NULL);
    save_base(f, bos, pad);
    assert_int_equal(
        ws_options_defaults(&ws_family_transformer.options, &f->settings, &f->arena, NULL), WS_OK);
    set(f, "base", f->place.path);
    make_data(f);
}

static void fixture_close(struct fixture *f)
{
    remove_place(&f->place);
    ws_arena_release(&f->arena);
}

static const struct ws_transformer_model *fitted(struct fixture *f)
{
    const struct ws_dataset *data[] = {&f->data};
    const struct ws_rng_key key[] = {ws_rng_key(WS_STREAM_INIT, 2, 0, 0)};
    const struct ws_model *model;
    struct ws_error err = {.message = ""};
    if (ws_family_transformer.fit(&f->settings, 1, data, key, NULL, &f->arena, &model, &err) !=
        WS_OK)
        fail_msg("%s", err.message);
    return (const struct ws_transformer_model *)model;
}

static void base__rows_that_the_data_do_not_have_are_cut_off(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 2, ROWS - 1);
    set(&f, "learning_rate", "0"); /* so that all parameters stay */
    const struct ws_transformer *made = &fitted(&f)->transformer;
    assert_int_equal(made->description.vocabulary, TYPES);
    assert_int_equal(made->description.bos, 2);
    for (enum ws_tensor_kind kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
        struct ws_tensor there = ws_layout_at(&f.base.layout, kind, 0);
        struct ws_tensor here = ws_layout_at(&made->layout, kind, 0);
        assert_int_equal(here.columns, there.columns);
        assert_int_equal(here.rows, kind == WS_TENSOR_TOKENS ? TYPES : there.rows);
        assert_memory_equal(made->parameters + here.offset, f.base.parameters + there.offset,
                            here.rows * here.columns * sizeof(float));
    }
    fixture_close(&f);
}

/* A checkpoint of such a model could not be read otherwise. */
static void base__special_tokens_among_them_are_none(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 2, ROWS - 1);
    const struct ws_transformer_model *model = fitted(&f);
    assert_int_equal(model->transformer.description.pad, WS_NO_TOKEN);
    struct ws_buffer bytes;
    const struct ws_model *read;
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_family_transformer.save(&model->base, &bytes);
    assert_int_equal(
        ws_family_transformer.load(&f.settings, ws_buffer_bytes(&bytes), &f.arena, &read, NULL),
        WS_OK);
    ws_buffer_release(&bytes);
    fixture_close(&f);
}

static void base__a_start_token_among_them_is_refused_before_a_fit(void **state)
{
    (void)state;
    struct fixture f;
    struct ws_error err;
    fixture_open(&f, TYPES, WS_NO_TOKEN);
    assert_int_equal(ws_family_transformer.check(&f.settings, &f.data, ITEMS, BLOCK, &err),
                     WS_INVALID);
    assert_non_null(strstr(err.message, "has no token that begins a text"));
    set(&f, "start", "false");
    set(&f, "continue", "true");
    assert_int_equal(ws_family_transformer.check(&f.settings, &f.data, ITEMS, BLOCK, &err), WS_OK);
    (void)fitted(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base__rows_that_the_data_do_not_have_are_cut_off),
        cmocka_unit_test(base__special_tokens_among_them_are_none),
        cmocka_unit_test(base__a_start_token_among_them_is_refused_before_a_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
