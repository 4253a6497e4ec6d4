/*
 * A fresh transformer in a few numbers: an architecture and its sizes; everything else is as the
 * architecture usually has it.
 *
 * OPT: Zhang et al. 2022. GPT-2: Radford et al. 2019. Llama: Touvron et al. 2023, with biases
 * nowhere. GPT-NeoX: Black et al. 2022, turning a quarter of each head. No dropout; a training has
 * a setting for it. Contract: tests/unit/test_form.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_FORM_H
#define WS_MODELS_NN_TRANSFORMER_FORM_H

#include "base/option.h"
#include "models/nn/transformer/transformer.h"

struct ws_form {
    uint32_t architecture; /* enum ws_architecture */
    uint64_t layers;
    uint64_t width;
    uint64_t heads;
    uint64_t kv_heads; /* 0: as many as heads. Llama only */
    uint64_t inner;    /* 0: 4 width; Llama: 8/3 width, rounded up to a multiple of 32 */
    uint64_t context;
    bool tied;
};

/* For lab settings and the command line alike. */
extern const struct ws_option_table ws_form_options;

/* `end`: the token of the vocabulary that begins and ends texts, or WS_NO_TOKEN. WS_INVALID: a
 * width that the heads do not share evenly, and what ws_description_check says. */
WS_MUST_CHECK enum ws_status ws_form_describe(const struct ws_form *form, uint32_t vocabulary,
                                              uint32_t end, struct ws_description *out,
                                              struct ws_error *err);

#endif
