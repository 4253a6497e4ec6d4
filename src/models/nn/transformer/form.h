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

/* The rows of an option table whose field `x` lies at FIELD(x), so that larger settings may hold
 * it. Choices are in the order of enum ws_architecture. */
/* clang-format off */
#define WS_FORM_OPTIONS(FIELD)                                                              \
    {"architecture", WS_OPTION_CHOICE, FIELD(architecture), 0, 0, "gpt2",                   \
     "opt|gpt2|llama|neox", 0, "the form of a fresh model"},                                \
    {"layers", WS_OPTION_WHOLE, FIELD(layers), 1, 1e4, "4", NULL, 0, "layers"},             \
    {"width", WS_OPTION_WHOLE, FIELD(width), 1, 1e6, "256", NULL, 0,                        \
     "channels of the residual stream"},                                                    \
    {"heads", WS_OPTION_WHOLE, FIELD(heads), 1, 1e4, "4", NULL, 0, "attention heads"},      \
    {"kv_heads", WS_OPTION_WHOLE, FIELD(kv_heads), 0, 1e4, "0", NULL, 0,                    \
     "heads of keys and values, llama only; 0: as many as heads"},                          \
    {"inner", WS_OPTION_WHOLE, FIELD(inner), 0, 1e7, "0", NULL, 0,                          \
     "channels inside feed-forward blocks; 0: four times the width (llama: 8/3)"},          \
    {"context", WS_OPTION_WHOLE, FIELD(context), 1, 1e7, "128", NULL, 0,                    \
     "most tokens that the model can look at"},                                             \
    {"tied", WS_OPTION_FLAG, FIELD(tied), 0, 0, "true", NULL, 0,                            \
     "the output layer is the token table"}
/* clang-format on */

/* For lab settings and the command line alike. */
extern const struct ws_option_table ws_form_options;

/* `end`: the token of the vocabulary that begins and ends texts, or WS_NO_TOKEN. WS_INVALID: a
 * width that the heads do not share evenly, and what ws_description_check says. */
WS_MUST_CHECK enum ws_status ws_form_describe(const struct ws_form *form, uint32_t vocabulary,
                                              uint32_t end, struct ws_description *out,
                                              struct ws_error *err);

#endif
