/*
 * Contract of models/nn/transformer/transformer.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/nn/transformer/transformer.h"
#include "support/architectures.h"

/* Everything that GPT-2 has not: gated, grouped, rotary, untied. */
static const struct ws_description llama = {
    LLAMA_PARTS, .vocabulary = 50, .context = 32,        .width = 24,
    .layers = 3, .heads = 6,       .kv_heads = 2,        .head_size = 6,
    .inner = 20, .rotated = 6,     .rotary_base = 10000, .initial_deviation = 0.02F,
    .bos = 1,    .eos = 2,
};

/* The layout ----------------------------------------------------------------------------------- */

static void transformer__has_as_many_parameters_as_published(void **state)
{
    (void)state;
    static const struct {
        const struct ws_description *model;
        size_t parameters;
    } published[] = {{&gpt2_small, 124439808},
                     {&opt_125m, 125239296},
                     {&smollm2_135m, 134515008},
                     {&pythia_70m, 70426624}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct ws_layout layout;
        ws_layout_of(published[i].model, &layout);
        assert_int_equal(layout.parameters, published[i].parameters);
    }
}

static void require_shape(const struct ws_layout *layout, enum ws_tensor_kind kind, size_t rows,
                          size_t columns)
{
    struct ws_tensor tensor = ws_layout_at(layout, kind, 0);
    assert_int_equal(tensor.rows, rows);
    assert_int_equal(tensor.columns, columns);
}

static void transformer__gives_each_tensor_its_shape(void **state)
{
    (void)state;
    struct ws_layout layout;
    ws_layout_of(&gpt2_small, &layout);
    require_shape(&layout, WS_TENSOR_PLACES, 1024, 768);
    require_shape(&layout, WS_TENSOR_QKV, 3 * 768, 768);
    require_shape(&layout, WS_TENSOR_QKV_BIAS, 1, 3 * 768);
    require_shape(&layout, WS_TENSOR_UP, 3072, 768);
    require_shape(&layout, WS_TENSOR_DOWN, 768, 3072);
    require_shape(&layout, WS_TENSOR_NORM_BIAS, 1, 768);
    require_shape(&layout, WS_TENSOR_HEAD, 0, 0);

    ws_layout_of(&llama, &layout);
    require_shape(&layout, WS_TENSOR_PLACES, 0, 0);
    require_shape(&layout, WS_TENSOR_QKV, (6 + 2 * 2) * 6, 24);
    require_shape(&layout, WS_TENSOR_QKV_BIAS, 0, 0);
    require_shape(&layout, WS_TENSOR_OUT, 24, 36);
    require_shape(&layout, WS_TENSOR_UP, 40, 24);
    require_shape(&layout, WS_TENSOR_DOWN, 24, 20);
    require_shape(&layout, WS_TENSOR_NORM1_BIAS, 0, 0);
    require_shape(&layout, WS_TENSOR_HEAD, 50, 24);
}

/* Marks the tensor's floats as taken; they must have been free. */
static void take(const struct ws_layout *layout, struct ws_tensor tensor, bool *taken)
{
    assert_int_equal(tensor.offset % 16, 0);
    size_t count = tensor.rows * tensor.columns;
    assert_true(tensor.offset + count <= layout->size);
    for (size_t i = 0; i < count; i++) {
        assert_false(taken[tensor.offset + i]);
        taken[tensor.offset + i] = true;
    }
}

static void transformer__lays_tensors_side_by_side(void **state)
{
    (void)state;
    struct ws_layout layout;
    ws_layout_of(&llama, &layout);
    bool *taken = calloc(layout.size, sizeof *taken);
    assert_non_null(taken);
    for (int kind = 0; kind < WS_TENSOR_KIND_COUNT; kind++) {
        uint32_t layers = ws_tensor_in_layer((enum ws_tensor_kind)kind) ? llama.layers : 1;
        for (uint32_t layer = 0; layer < layers; layer++)
            take(&layout, ws_layout_at(&layout, (enum ws_tensor_kind)kind, layer), taken);
    }
    size_t count = 0;
    for (size_t i = 0; i < layout.size; i++)
        count += taken[i];
    assert_int_equal(count, layout.parameters);
    free(taken);
}

static void transformer__tells_vectors_from_matrices(void **state)
{
    (void)state;
    struct ws_layout layout;
    ws_layout_of(&gpt2_small, &layout);
    for (int k = 0; k < WS_TENSOR_KIND_COUNT; k++) {
        enum ws_tensor_kind kind = (enum ws_tensor_kind)k;
        struct ws_tensor tensor = ws_layout_at(&layout, kind, 0);
        if (tensor.rows > 0)
            assert_true(ws_tensor_is_vector(kind) == (tensor.rows == 1));
    }
    assert_false(ws_tensor_is_vector(WS_TENSOR_HEAD));
}

static void transformer__finds_no_absent_tensor(void **state)
{
    (void)state;
    struct ws_layout layout;
    float block[1];
    ws_layout_of(&llama, &layout);
    assert_null(ws_layout_find(&layout, block, WS_TENSOR_PLACES, 0));
    assert_null(ws_layout_find(&layout, block, WS_TENSOR_UP_BIAS, 2));
    assert_ptr_equal(ws_layout_find(&layout, block, WS_TENSOR_TOKENS, 0), block);
}

/* The check ------------------------------------------------------------------------------------ */

static void require_refused(const struct ws_description *d, enum ws_status wanted, const char *part)
{
    struct ws_error err = {.message = ""};
    assert_int_equal(ws_description_check(d, &err), wanted);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static void transformer__takes_real_models(void **state)
{
    (void)state;
    assert_int_equal(ws_description_check(&gpt2_small, NULL), WS_OK);
    assert_int_equal(ws_description_check(&llama, NULL), WS_OK);
}

static void transformer__refuses_sizes_that_do_not_fit(void **state)
{
    (void)state;
    struct ws_description d = gpt2_small;
    d.layers = 0;
    require_refused(&d, WS_INVALID, "'layers' is 0");
    d = llama;
    d.kv_heads = 4;
    require_refused(&d, WS_INVALID, "'kv_heads' is 4");
    d = llama;
    d.rotated = 3;
    require_refused(&d, WS_INVALID, "'rotated' is 3");
    d.rotated = 8;
    require_refused(&d, WS_INVALID, "'rotated' is 8");
    d = gpt2_small;
    d.position_offset = UINT32_MAX;
    require_refused(&d, WS_INVALID, "'position_offset'");
}

static void transformer__refuses_sizes_beyond_any_memory(void **state)
{
    (void)state;
    struct ws_description d = gpt2_small;
    d.inner = d.layers = UINT32_MAX;
    require_refused(&d, WS_UNSUPPORTED, "parameters");
    d = gpt2_small;
    d.vocabulary = d.context = d.width = d.layers = d.heads = d.kv_heads = d.head_size = d.inner =
        UINT32_MAX;
    d.bos = d.eos = WS_NO_TOKEN;
    require_refused(&d, WS_UNSUPPORTED, "parameters");
}

static void transformer__refuses_reals_out_of_range(void **state)
{
    (void)state;
    struct ws_description d = gpt2_small;
    d.attention_dropout = 1;
    require_refused(&d, WS_INVALID, "'attention_dropout' is 1");
    d = gpt2_small;
    d.norm_epsilon = NAN;
    require_refused(&d, WS_INVALID, "'norm_epsilon'");
    d = gpt2_small;
    d.initial_deviation = INFINITY;
    require_refused(&d, WS_INVALID, "'initial_deviation' is inf");
    d = llama;
    d.rotary_base = 0;
    require_refused(&d, WS_INVALID, "'rotary_base' is 0");
}

static void transformer__refuses_tokens_out_of_the_vocabulary(void **state)
{
    (void)state;
    struct ws_description d = llama;
    d.pad = 50;
    require_refused(&d, WS_INVALID, "'pad' is token 50");
}

/* Fresh parameters ----------------------------------------------------------------------------- */

static void require_all(const float *values, size_t count, float wanted)
{
    for (size_t i = 0; i < count; i++)
        assert_true(values[i] == wanted);
}

static double deviation_of(const float *values, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
    }
    double mean = sum / (double)count;
    return sqrt(squares / (double)count - mean * mean);
}

/* A fresh model with tensors of some thousand numbers. */
struct fresh {
    struct ws_description description;
    struct ws_layout layout;
    float *parameters;
};

static void make_fresh(struct fresh *fresh, struct ws_rng_key key)
{
    fresh->description = gpt2_small;
    fresh->description.vocabulary = 200;
    fresh->description.context = 100;
    fresh->description.width = fresh->description.inner = 64;
    fresh->description.heads = fresh->description.kv_heads = 4;
    fresh->description.head_size = 16;
    fresh->description.layers = 8;
    fresh->description.tied = false;
    ws_layout_of(&fresh->description, &fresh->layout);
    fresh->parameters = malloc(fresh->layout.size * sizeof(float));
    assert_non_null(fresh->parameters);
    memset(fresh->parameters, 0xff, fresh->layout.size * sizeof(float));
    ws_transformer_init(&fresh->description, &fresh->layout, key, fresh->parameters);
}

static void transformer__starts_as_gpt2_does(void **state)
{
    (void)state;
    struct fresh fresh;
    make_fresh(&fresh, ws_rng_key(WS_STREAM_INIT, 1, 0, 0));
    const double base = 0.02, residual = 0.02 / 4; /* sqrt(2 * 8 layers) */
    const struct {
        enum ws_tensor_kind kind;
        double deviation; /* 0: all are `value` */
        float value;
    } wanted[] = {
        {WS_TENSOR_TOKENS, base, 0},   {WS_TENSOR_PLACES, base, 0}, {WS_TENSOR_NORM1, 0, 1},
        {WS_TENSOR_NORM1_BIAS, 0, 0},  {WS_TENSOR_QKV, base, 0},    {WS_TENSOR_QKV_BIAS, 0, 0},
        {WS_TENSOR_OUT, residual, 0},  {WS_TENSOR_OUT_BIAS, 0, 0},  {WS_TENSOR_NORM2, 0, 1},
        {WS_TENSOR_NORM2_BIAS, 0, 0},  {WS_TENSOR_UP, base, 0},     {WS_TENSOR_UP_BIAS, 0, 0},
        {WS_TENSOR_DOWN, residual, 0}, {WS_TENSOR_DOWN_BIAS, 0, 0}, {WS_TENSOR_NORM, 0, 1},
        {WS_TENSOR_NORM_BIAS, 0, 0},   {WS_TENSOR_HEAD, base, 0},
    };
    assert_int_equal(sizeof wanted / sizeof *wanted, WS_TENSOR_KIND_COUNT);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct ws_tensor t = ws_layout_at(&fresh.layout, wanted[i].kind, 5);
        const float *values = ws_layout_find(&fresh.layout, fresh.parameters, wanted[i].kind, 5);
        size_t count = t.rows * t.columns;
        if (wanted[i].deviation > 0) /* 4 standard errors of at least 4,096 draws */
            assert_true(fabs(deviation_of(values, count) / wanted[i].deviation - 1) < 0.045);
        else
            require_all(values, count, wanted[i].value);
    }
    free(fresh.parameters);
}

static void transformer__draws_each_tensor_from_its_own_item(void **state)
{
    (void)state;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_INIT, 1, 0, 0);
    struct fresh one, same, other;
    make_fresh(&one, key);
    make_fresh(&same, key);
    make_fresh(&other, ws_rng_key(WS_STREAM_INIT, 2, 0, 0));
    assert_memory_equal(one.parameters, same.parameters, one.layout.size * sizeof(float));
    const float *third = ws_layout_find(&one.layout, one.parameters, WS_TENSOR_UP, 3);
    assert_memory_not_equal(third, ws_layout_find(&one.layout, one.parameters, WS_TENSOR_UP, 4),
                            64 * sizeof(float));
    assert_memory_not_equal(third, ws_layout_find(&other.layout, other.parameters, WS_TENSOR_UP, 3),
                            64 * sizeof(float));

    /* More layers change nothing but the scale of the residual projections. */
    one.description.layers = 9;
    struct ws_layout layout;
    ws_layout_of(&one.description, &layout);
    float *more = malloc(layout.size * sizeof *more);
    assert_non_null(more);
    ws_transformer_init(&one.description, &layout, key, more);
    assert_memory_equal(third, ws_layout_find(&layout, more, WS_TENSOR_UP, 3),
                        64 * 64 * sizeof(float));
    free(more);
    free(one.parameters);
    free(same.parameters);
    free(other.parameters);
}

static void transformer__leaves_zeros_between_tensors(void **state)
{
    (void)state;
    struct ws_layout layout;
    ws_layout_of(&llama, &layout);
    assert_true(layout.size > layout.parameters);
    float *parameters = malloc(layout.size * sizeof *parameters);
    assert_non_null(parameters);
    memset(parameters, 0xff, layout.size * sizeof *parameters);
    ws_transformer_init(&llama, &layout, ws_rng_key(WS_STREAM_INIT, 1, 0, 0), parameters);
    struct ws_tensor norm = ws_layout_at(&layout, WS_TENSOR_NORM1, 1); /* 24 of 32 */
    require_all(parameters + norm.offset, 24, 1);
    require_all(parameters + norm.offset + 24, 8, 0);
    free(parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transformer__has_as_many_parameters_as_published),
        cmocka_unit_test(transformer__gives_each_tensor_its_shape),
        cmocka_unit_test(transformer__lays_tensors_side_by_side),
        cmocka_unit_test(transformer__tells_vectors_from_matrices),
        cmocka_unit_test(transformer__finds_no_absent_tensor),
        cmocka_unit_test(transformer__takes_real_models),
        cmocka_unit_test(transformer__refuses_sizes_that_do_not_fit),
        cmocka_unit_test(transformer__refuses_sizes_beyond_any_memory),
        cmocka_unit_test(transformer__refuses_reals_out_of_range),
        cmocka_unit_test(transformer__refuses_tokens_out_of_the_vocabulary),
        cmocka_unit_test(transformer__starts_as_gpt2_does),
        cmocka_unit_test(transformer__draws_each_tensor_from_its_own_item),
        cmocka_unit_test(transformer__leaves_zeros_between_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
