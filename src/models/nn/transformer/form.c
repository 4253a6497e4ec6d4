#include "models/nn/transformer/form.h"

#include <inttypes.h>

#define FIELD(name) offsetof(struct ws_form, name)

static const struct ws_option options[] = {WS_FORM_OPTIONS(FIELD)};

const struct ws_option_table ws_form_options = {"fresh model", options,
                                                sizeof options / sizeof *options};

static void as_opt(struct ws_description *d)
{
    d->activation = WS_ACTIVATION_RELU;
    d->learned_positions = true;
    d->position_offset = 2;
}

static void as_gpt2(struct ws_description *d)
{
    d->activation = WS_ACTIVATION_GELU_TANH;
    d->learned_positions = true;
}

static void as_llama(struct ws_description *d)
{
    d->norm = WS_NORM_RMS;
    d->activation = WS_ACTIVATION_SILU;
    d->gated = true;
    d->rotated = d->head_size;
    d->rotary_base = 10000;
    d->qkv_bias = d->out_bias = d->feed_bias = false;
}

static void as_neox(struct ws_description *d)
{
    d->activation = WS_ACTIVATION_GELU;
    d->rotated = d->head_size / 8 * 2; /* a quarter, even */
    d->rotary_base = 10000;
    d->parallel_residual = true;
}

static uint64_t usual_inner(const struct ws_form *form)
{
    if (form->architecture != WS_ARCHITECTURE_LLAMA)
        return 4 * form->width;
    return ((8 * form->width + 2) / 3 + 31) / 32 * 32;
}

static enum ws_status check(const struct ws_form *form, struct ws_error *err)
{
    if (form->width % form->heads != 0)
        return ws_fail(err, WS_INVALID,
                       "a 'width' of %" PRIu64 " cannot be shared among %" PRIu64 " 'heads'",
                       form->width, form->heads);
    if (form->kv_heads > 0 && form->kv_heads != form->heads &&
        form->architecture != WS_ARCHITECTURE_LLAMA)
        return ws_fail(err, WS_INVALID,
                       "'kv_heads' is %" PRIu64 ", but only llama has fewer of them than heads",
                       form->kv_heads);
    return WS_OK;
}

enum ws_status ws_form_describe(const struct ws_form *form, uint32_t vocabulary, uint32_t end,
                                struct ws_description *out, struct ws_error *err)
{
    WS_TRY(check(form, err));
    struct ws_description d = {
        .architecture = (enum ws_architecture)form->architecture,
        .vocabulary = vocabulary,
        .context = (uint32_t)form->context,
        .width = (uint32_t)form->width,
        .layers = (uint32_t)form->layers,
        .heads = (uint32_t)form->heads,
        .kv_heads = (uint32_t)(form->kv_heads > 0 ? form->kv_heads : form->heads),
        .head_size = (uint32_t)(form->width / form->heads),
        .inner = (uint32_t)(form->inner > 0 ? form->inner : usual_inner(form)),
        .norm = WS_NORM_LAYER,
        .norm_epsilon = 1e-5F,
        .qkv_bias = true,
        .out_bias = true,
        .feed_bias = true,
        .tied = form->tied,
        .initial_deviation = 0.02F,
        .bos = end,
        .eos = end,
        .pad = WS_NO_TOKEN,
    };
    switch (d.architecture) {
    case WS_ARCHITECTURE_OPT:
        as_opt(&d);
        break;
    case WS_ARCHITECTURE_GPT2:
        as_gpt2(&d);
        break;
    case WS_ARCHITECTURE_LLAMA:
        as_llama(&d);
        break;
    case WS_ARCHITECTURE_NEOX:
        as_neox(&d);
        break;
    }
    WS_TRY(ws_description_check(&d, err));
    *out = d;
    return WS_OK;
}
