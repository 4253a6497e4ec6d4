/*
 * Contract of models/nn/transformer/form.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "models/nn/transformer/form.h"

static struct ws_form defaults(void)
{
    struct ws_form form = {0};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_options_defaults(&ws_form_options, &form, &arena, NULL), WS_OK);
    ws_arena_release(&arena);
    return form;
}

/* Those of published models, from their layout's arithmetic in test_transformer.c and elsewhere. */
static void form__gives_models_the_size_that_they_are_published_with(void **state)
{
    (void)state;
    const struct {
        struct ws_form form;
        uint32_t vocabulary;
        size_t parameters;
    } models[] = {
        /* gpt2, opt-125m, SmolLM2-135M, pythia-70m */
        {{WS_ARCHITECTURE_GPT2, 12, 768, 12, 0, 0, 1024, true}, 50257, 124439808},
        {{WS_ARCHITECTURE_OPT, 12, 768, 12, 0, 0, 2048, true}, 50272, 125239296},
        {{WS_ARCHITECTURE_LLAMA, 30, 576, 9, 3, 0, 8192, true}, 49152, 134515008},
        {{WS_ARCHITECTURE_NEOX, 6, 512, 8, 0, 0, 2048, false}, 50304, 70426624},
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct ws_description d;
        struct ws_layout layout;
        assert_int_equal(ws_form_describe(&models[i].form, models[i].vocabulary, 0, &d, NULL),
                         WS_OK);
        assert_int_equal(d.architecture, models[i].form.architecture);
        ws_layout_of(&d, &layout);
        assert_int_equal(layout.parameters, models[i].parameters);
    }
}

static void form__names_architectures_as_the_enumeration_does(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum ws_architecture wanted;
    } names[] = {{"opt", WS_ARCHITECTURE_OPT},
                 {"gpt2", WS_ARCHITECTURE_GPT2},
                 {"llama", WS_ARCHITECTURE_LLAMA},
                 {"neox", WS_ARCHITECTURE_NEOX}};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (size_t i = 0; i < 4; i++) {
        struct ws_form form = defaults();
        assert_int_equal(ws_option_set(ws_option_find(&ws_form_options, "architecture"), &form,
                                       names[i].name, "test", &arena, NULL),
                         WS_OK);
        assert_int_equal(form.architecture, names[i].wanted);
    }
    ws_arena_release(&arena);
}

static void form__knows_what_tells_the_architectures_apart(void **state)
{
    (void)state;
    struct ws_form form = defaults();
    struct ws_description d;
    form.architecture = WS_ARCHITECTURE_OPT;
    assert_int_equal(ws_form_describe(&form, 300, 7, &d, NULL), WS_OK);
    assert_int_equal(d.activation, WS_ACTIVATION_RELU);
    assert_int_equal(d.position_offset, 2);
    assert_int_equal(d.eos, 7);
    form.architecture = WS_ARCHITECTURE_LLAMA;
    assert_int_equal(ws_form_describe(&form, 300, 7, &d, NULL), WS_OK);
    assert_true(d.gated && !d.qkv_bias && !d.learned_positions && !d.parallel_residual);
    assert_int_equal(d.rotated, d.head_size);
    assert_int_equal(d.norm, WS_NORM_RMS);
    form.architecture = WS_ARCHITECTURE_NEOX;
    assert_int_equal(ws_form_describe(&form, 300, 7, &d, NULL), WS_OK);
    assert_true(d.parallel_residual && d.qkv_bias);
    assert_int_equal(4 * d.rotated, d.head_size);
}

static void refuses(const struct ws_form *form, const char *message)
{
    struct ws_description d;
    struct ws_error error;
    assert_int_equal(ws_form_describe(form, 300, 0, &d, &error), WS_INVALID);
    assert_string_equal(error.message, message);
}

static void form__refuses_sizes_that_do_not_fit(void **state)
{
    (void)state;
    struct ws_form form = defaults();
    form.heads = 3;
    refuses(&form, "a 'width' of 256 cannot be shared among 3 'heads'");
    form = defaults();
    form.kv_heads = 2;
    refuses(&form, "'kv_heads' is 2, but only llama has fewer of them than heads");
    form.architecture = WS_ARCHITECTURE_LLAMA;
    form.kv_heads = 3;
    refuses(&form, "a transformer's 'kv_heads' is 3, wanted a divisor of the 4 heads");
    form = defaults();
    form.architecture = WS_ARCHITECTURE_LLAMA;
    form.width = 260;
    form.heads = 20;
    refuses(&form, "a transformer's 'rotated' is 13, wanted an even number of at most the 13 of a "
                   "head");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form__gives_models_the_size_that_they_are_published_with),
        cmocka_unit_test(form__names_architectures_as_the_enumeration_does),
        cmocka_unit_test(form__knows_what_tells_the_architectures_apart),
        cmocka_unit_test(form__refuses_sizes_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
