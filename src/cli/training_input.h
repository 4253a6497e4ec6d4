/*
 * What `wellspring train` trains on and begins from: text, tokenizer, model.
 */
#ifndef WS_CLI_TRAINING_INPUT_H
#define WS_CLI_TRAINING_INPUT_H

#include "base/spill.h"
#include "compute/device.h"
#include "data/safetensors.h"
#include "data/tokenizer.h"
#include "models/nn/transformer/form.h"
#include "models/nn/transformer/train.h"

struct training_options {
    const char *model;      /* directory; empty: a fresh one */
    const char *tokenizer;  /* path; empty: the model's, or one trained on the text */
    const char *validation; /* path; empty: none */
    const char *start;      /* token, "none", or empty: as the model wants it */
    uint64_t vocabulary;
    uint64_t block;
    uint64_t seed;
    uint64_t threads; /* 0: all processors */
    struct ws_device_settings device;
    double checkpoint_seconds;
    uint32_t save_type; /* see training_save_type */
};
extern const struct ws_option_table training_options;

/* What the finished model's numbers are stored as. */
enum ws_dtype training_save_type(const struct training_options *options);

struct training_input {
    struct ws_spill spill; /* of what the text makes, which may be larger than memory */
    struct ws_arena arena;
    const struct ws_tokenizer *tokenizer;
    struct ws_examples examples;
    struct ws_examples validation; /* count 0: none */
    uint64_t left_out;             /* JSON lines with nothing to learn */
    /* The model, whose parameters may be given back before everything else. */
    struct ws_arena weights;
    struct ws_transformer model;
};

/* The caller releases it, also after a failure; it stays where it is until then. */
WS_MUST_CHECK enum ws_status training_input_read(const char *const *texts, size_t count,
                                                 const struct training_options *options,
                                                 const struct ws_form *form,
                                                 struct training_input *out, struct ws_error *err);
void training_input_release(struct training_input *input);

/* The keys of fresh parameters, and of order and dropout. */
struct ws_rng_key training_init_key(const struct training_options *options);
struct ws_rng_key training_key(const struct training_options *options);

#endif
