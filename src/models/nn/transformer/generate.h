/*
 * Text from a transformer: sampling, greedy and beam search, with a key-value cache.
 *
 * Prompts are continued in batches of `batch`, in order. Prompt i draws from item i of the key and
 * from nothing else; what it becomes is a function of the model, the settings, the prompts and the
 * key. Prompts may differ in length.
 *
 * The order in which a distribution is changed is that of `transformers`: repetition penalty,
 * no-repeat n-gram, minimum length; then, for sampling, temperature, top-k, top-p, min-p, typical.
 * Penalty: Keskar et al. 2019; top-p: Holtzman et al. 2020; typical: Meister et al. 2023; min-p:
 * Nguyen et al. 2024. Beam search scores finished hypotheses by sum of log probabilities /
 * length^length_penalty, length being the tokens made.
 *
 * Contract: tests/unit/test_generate.c, tests/conformance/test_decoding.c.
 */
#ifndef WS_MODELS_NN_TRANSFORMER_GENERATE_H
#define WS_MODELS_NN_TRANSFORMER_GENERATE_H

#include "base/option.h"
#include "models/nn/transformer/transformer.h"

struct ws_decoding {
    uint64_t new_tokens;     /* at most */
    uint64_t min_new_tokens; /* no end of sequence before */
    double temperature;      /* 0: greedy */
    uint64_t top_k;          /* 0: all */
    double top_p;            /* 1: all */
    double min_p;            /* 0: all */
    double typical_p;        /* 1: all */
    uint64_t beams; /* 1: no beam search; more: temperature must be 0 or 1 and is not used */
    double length_penalty;
    double repetition_penalty; /* 1: none; looks at the prompt too */
    uint64_t no_repeat_ngram;  /* 0: none */
    bool stop_at_end;          /* a sequence ends with the end-of-sequence token */
    uint64_t batch;            /* prompts at a time; 0: chosen by shape */
};

/* The rows of an option table whose field `x` lies at FIELD(x), so that larger settings may hold
 * these. */
/* clang-format off */
#define WS_DECODING_LENGTH_OPTIONS(FIELD)                                            \
    {"new_tokens", WS_OPTION_WHOLE, FIELD(new_tokens), 1, 1e6, "64", NULL, 0,        \
     "tokens made of each prompt, at most"},                                         \
    {"min_new_tokens", WS_OPTION_WHOLE, FIELD(min_new_tokens), 0, 1e6, "0", NULL, 0, \
     "no end of sequence before so many"},                                           \
    {"stop_at_end", WS_OPTION_FLAG, FIELD(stop_at_end), 0, 0, "true", NULL, 0,       \
     "a text ends with the end-of-sequence token"}

#define WS_DECODING_OPTIONS(FIELD)                                                             \
    {"temperature", WS_OPTION_REAL, FIELD(temperature), 0, 100, "1", NULL, 0,                  \
     "of the softmax that tokens are drawn from; 0 takes the most probable"},                  \
    {"top_k", WS_OPTION_WHOLE, FIELD(top_k), 0, 1e9, "0", NULL, 0,                             \
     "draw from the so many most probable; 0: from all"},                                      \
    {"top_p", WS_OPTION_REAL, FIELD(top_p), 0, 1, "1", NULL, 0,                                \
     "draw from the fewest most probable that sum to it; 1: from all"},                        \
    {"min_p", WS_OPTION_REAL, FIELD(min_p), 0, 1, "0", NULL, 0,                                \
     "draw from those at least this part as probable as the most probable; 0: from all"},      \
    {"typical_p", WS_OPTION_REAL, FIELD(typical_p), 0, 1, "1", NULL, 0,                        \
     "draw from the fewest most typical that sum to it; 1: from all"},                         \
    {"beams", WS_OPTION_WHOLE, FIELD(beams), 1, 1000, "1", NULL, 0,                            \
     "hypotheses of a beam search; 1: none is made"},                                          \
    {"length_penalty", WS_OPTION_REAL, FIELD(length_penalty), -100, 100, "1", NULL, 0,         \
     "hypotheses are compared by log probability / length^this"},                              \
    {"repetition_penalty", WS_OPTION_REAL, FIELD(repetition_penalty), 0.01, 100, "1", NULL, 0, \
     "scores of tokens that were there before are divided by it; 1: none"},                    \
    {"no_repeat_ngram", WS_OPTION_WHOLE, FIELD(no_repeat_ngram), 0, 1e6, "0", NULL, 0,         \
     "no n-gram of this size twice; 0: no matter"},                                            \
    {"decode_batch", WS_OPTION_WHOLE, FIELD(batch), 0, 65536, "0", NULL, 0,                    \
     "prompts at a time; 0: chosen by shape"}
/* clang-format on */

/* For lab settings and the command line alike. */
extern const struct ws_option_table ws_decoding_options;
/* What the table cannot check: WS_INVALID also for a setting that another leaves without effect. */
WS_MUST_CHECK enum ws_status ws_decoding_check(const struct ws_decoding *decoding,
                                               struct ws_error *err);

/* Whether a model can do it with prompts of up to so many tokens, on such a device: WS_INVALID when
 * they and their continuations are longer than its context, WS_NO_MEMORY for what no machine holds.
 */
WS_MUST_CHECK enum ws_status
ws_decoding_fits(const struct ws_decoding *decoding, const struct ws_description *d,
                 uint64_t longest_prompt, const struct ws_batching *batching, struct ws_error *err);

/* A prompt, >= 1 token each, on the host. */
struct ws_prompts {
    uint64_t count;
    const uint64_t *ends; /* prompt i is tokens ends[i - 1] .. ends[i] */
    const uint32_t *tokens;
};

/* What was made of each prompt, without it; an end-of-sequence token is included. */
struct ws_continuations {
    uint64_t count;
    uint64_t *ends;
    uint32_t *tokens;
};

struct ws_generator;

/* Packs the model's weights on the device. WS_NO_MEMORY says how much it needs; see
 * ws_decoding_check and ws_decoding_fits too. */
WS_MUST_CHECK enum ws_status ws_generator_open(struct ws_device *device,
                                               const struct ws_transformer *model,
                                               const struct ws_decoding *decoding,
                                               uint64_t longest_prompt,
                                               const struct ws_allocator *allocator,
                                               struct ws_generator **out, struct ws_error *err);
void ws_generator_close(struct ws_generator *generator); /* NULL is fine */
/* Prompts that are continued together. */
uint64_t ws_generator_batch_of(const struct ws_description *d, const struct ws_decoding *decoding,
                               uint64_t longest_prompt, const struct ws_batching *batching);
/* Bytes of the device that opening takes, for what fits. */
uint64_t ws_generator_memory(const struct ws_description *d, const struct ws_decoding *decoding,
                             uint64_t longest_prompt, const struct ws_batching *batching);
/* Prompts that one call of ws_generate_batch takes. */
uint64_t ws_generator_batch(const struct ws_generator *generator);

/* Continues prompts first .. first + ws_generator_batch - 1 (or the last one), so that a caller can
 * show progress and keep what is done: cutting a list of prompts into calls at multiples of the
 * batch changes nothing. The result's prompts are numbered from 0; it lives in `arena`. WS_INVALID:
 * a prompt and its continuation longer than the context, an unknown token. */
WS_MUST_CHECK enum ws_status ws_generate_batch(struct ws_generator *generator,
                                               const struct ws_prompts *prompts, uint64_t first,
                                               struct ws_rng_key key, struct ws_arena *arena,
                                               struct ws_continuations *out, struct ws_error *err);

/* The next token's probabilities for each prompt of one batch after everything that `decoding` does
 * to them, (count, vocabulary), host: for comparisons. */
WS_MUST_CHECK enum ws_status ws_generate_probabilities(struct ws_generator *generator,
                                                       const struct ws_prompts *prompts,
                                                       struct ws_arena *arena, float **out,
                                                       struct ws_error *err);

#endif
