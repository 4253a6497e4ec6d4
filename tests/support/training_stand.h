/*
 * A trainer of a tiny model with its device and its examples, for tests. To be included behind
 * cmocka.h.
 */
#ifndef WS_TESTS_TRAINING_STAND_H
#define WS_TESTS_TRAINING_STAND_H

#include "models/nn/transformer/train.h"
#include "support/tiny_models.h"

enum { EXAMPLES = 11, TOKENS = 64, GPT2 = 1, LLAMA = 2 };

static const struct ws_rng_key key = {{11, 12}, 13};

/* Ragged examples of random tokens, small ones more often wanted, some masked. */
struct text {
    uint64_t ends[EXAMPLES];
    uint32_t tokens[TOKENS];
    uint32_t targets[TOKENS];
    struct ws_examples examples;
};

static inline void make_text(struct text *text, uint32_t vocabulary, uint64_t count, uint64_t seed)
{
    struct ws_rng rng;
    uint64_t at = 0;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, seed, 0, 0), 0);
    for (uint64_t i = 0; i < count; i++) {
        for (uint64_t left = 2 + (i * 3 + seed) % 5; left > 0; left--, at++) {
            text->tokens[at] = (uint32_t)ws_rng_below(&rng, vocabulary);
            text->targets[at] = (uint32_t)ws_rng_below(&rng, ws_rng_below(&rng, vocabulary) + 1);
        }
        text->targets[at - 1] = i % 3 == 1 ? WS_NO_TARGET : text->targets[at - 1];
        text->ends[i] = at;
    }
    text->examples = (struct ws_examples){count, text->ends, text->tokens, text->targets};
}

static inline struct ws_train_settings settings_with(const char *const *texts, size_t count)
{
    struct ws_train_settings settings = {0};
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_options_defaults(&ws_train_options, &settings, &arena, NULL), WS_OK);
    for (size_t i = 0; i < count; i += 2)
        assert_int_equal(ws_option_set(ws_option_find(&ws_train_options, texts[i]), &settings,
                                       texts[i + 1], "test", &arena, NULL),
                         WS_OK);
    ws_arena_release(&arena);
    return settings;
}

#define SETTINGS(...)                                                                              \
    settings_with((const char *const[]){__VA_ARGS__},                                              \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* Something of everything that a state holds. */
#define RICH                                                                                       \
    SETTINGS("batch", "3", "micro_batch", "2", "epochs", "3", "warmup", "2", "schedule", "cosine", \
             "dropout", "0.1", "validate_every", "2", "keep_best", "true", "learning_rate",        \
             "0.01")

/* A trainer with its device and its parameters on the host. */
struct stand {
    struct ws_device *device;
    struct ws_trainer *trainer;
    size_t size;
    float *start;
    float *parameters; /* as read last */
};

static inline struct stand open_stand(const struct ws_train_settings *settings,
                                      const struct ws_description *d,
                                      const struct ws_examples *examples,
                                      const struct ws_examples *validation, enum ws_cpu_kind kind,
                                      unsigned threads)
{
    struct stand stand;
    struct ws_layout layout;
    ws_layout_of(d, &layout);
    stand.size = layout.size;
    stand.start = test_malloc(layout.size * sizeof(float));
    stand.parameters = test_malloc(layout.size * sizeof(float));
    tiny_parameters(&layout, 3, stand.start);
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &stand.device, NULL), WS_OK);
    assert_int_equal(ws_trainer_open(settings, stand.device, d, stand.start, examples, validation,
                                     key, NULL, &stand.trainer, NULL),
                     WS_OK);
    return stand;
}

static inline void close_stand(struct stand *stand)
{
    ws_trainer_close(stand->trainer);
    stand->device->ops->close(stand->device);
    test_free(stand->start);
    test_free(stand->parameters);
}

static inline const float *read_parameters(struct stand *stand)
{
    ws_trainer_parameters(stand->trainer, stand->parameters);
    return stand->parameters;
}

static inline void take_steps(struct stand *stand, uint64_t count)
{
    for (uint64_t i = 0; i < count && !ws_trainer_done(stand->trainer); i++)
        assert_int_equal(ws_trainer_step(stand->trainer, NULL), WS_OK);
}

static inline const struct ws_train_point *curve(struct stand *stand, size_t wanted)
{
    size_t count;
    const struct ws_train_point *points = ws_trainer_curve(stand->trainer, &count);
    assert_int_equal(count, wanted);
    return points;
}

#endif
