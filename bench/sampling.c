/*
 * Times sampling from a transformer with random parameters, or searching with several beams: new
 * tokens a second of decode time, the prompts' own pass excluded, and of the whole call, each the
 * best of three rounds.
 *
 *     sampling opt|gpt2 LAYERS WIDTH HEADS VOCABULARY BATCH PROMPT NEW BEAMS THREADS
 *              [DEVICE PRECISION MODULE]
 *
 * Decode time is that of a batch that makes NEW tokens of each prompt, less that of one that makes
 * one.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "bench_device.h"
#include "models/nn/transformer/form.h"
#include "models/nn/transformer/generate.h"

enum { NUMBERS = 8, ROUNDS = 3 };

struct shape {
    uint32_t architecture;
    uint64_t layers, width, heads, vocabulary, batch, prompt, made, beams;
};

static const struct ws_rng_key key = {{1, 2}, 3};

static enum ws_status make_model(const struct shape *shape, struct ws_arena *arena,
                                 struct ws_transformer *out, struct ws_error *err)
{
    const struct ws_form form = {.architecture = shape->architecture,
                                 .layers = shape->layers,
                                 .width = shape->width,
                                 .heads = shape->heads,
                                 .context = shape->prompt + shape->made,
                                 .tied = true};
    WS_TRY(ws_form_describe(&form, (uint32_t)shape->vocabulary, 0, &out->description, err));
    ws_layout_of(&out->description, &out->layout);
    float *parameters = WS_ARENA_NEW(arena, float, out->layout.size);
    if (!parameters)
        return ws_fail_memory(err, "the model");
    ws_transformer_init(&out->description, &out->layout, key, parameters);
    out->parameters = parameters;
    return WS_OK;
}

static enum ws_status make_prompts(const struct shape *shape, struct ws_arena *arena,
                                   struct ws_prompts *out, struct ws_error *err)
{
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, shape->batch);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, shape->batch * shape->prompt);
    if (!ends || !tokens)
        return ws_fail_memory(err, "the prompts");
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (uint64_t i = 0; i < shape->batch; i++)
        ends[i] = (i + 1) * shape->prompt;
    for (uint64_t t = 0; t < shape->batch * shape->prompt; t++)
        tokens[t] = (uint32_t)ws_rng_below(&rng, shape->vocabulary);
    *out = (struct ws_prompts){shape->batch, ends, tokens};
    return WS_OK;
}

/* The best of the rounds that make so many tokens of each prompt. */
static enum ws_status time_batches(const struct shape *shape, const struct ws_transformer *model,
                                   struct ws_device *device, uint64_t made, double *seconds,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_prompts prompts;
    struct ws_generator *generator = NULL;
    const struct ws_decoding decoding = {.new_tokens = made,
                                         .temperature = 1,
                                         .top_p = 1,
                                         .typical_p = 1,
                                         .beams = shape->beams,
                                         .length_penalty = 1,
                                         .repetition_penalty = 1,
                                         .batch = shape->batch};
    ws_arena_init(&arena, NULL);
    enum ws_status status = make_prompts(shape, &arena, &prompts, err);
    if (status == WS_OK)
        status = ws_generator_open(device, model, &decoding, shape->prompt, NULL, &generator, err);
    for (int round = 0; status == WS_OK && round <= ROUNDS; round++) {
        struct ws_continuations texts;
        double start = ws_system_clock.elapsed(NULL);
        status = ws_generate_batch(generator, &prompts, 0, key, &arena, &texts, err);
        double took = ws_system_clock.elapsed(NULL) - start;
        if (round <= 1 || took < *seconds) /* the first one warms up */
            *seconds = took;
    }
    ws_generator_close(generator);
    ws_arena_release(&arena);
    return status;
}

static enum ws_status run(const struct shape *shape, struct ws_arena *arena,
                          struct ws_device *device, struct ws_error *err)
{
    struct ws_transformer model;
    double first, all;
    WS_TRY(make_model(shape, arena, &model, err));
    WS_TRY(time_batches(shape, &model, device, 1, &first, err));
    WS_TRY(time_batches(shape, &model, device, shape->made, &all, err));
    (void)printf("%.1f %.1f\n", (double)(shape->batch * (shape->made - 1)) / (all - first),
                 (double)(shape->batch * shape->made) / all);
    return WS_OK;
}

static bool read_shape(char **texts, struct shape *out)
{
    uint64_t *fields[NUMBERS] = {&out->layers, &out->width,  &out->heads, &out->vocabulary,
                                 &out->batch,  &out->prompt, &out->made,  &out->beams};
    for (int i = 0; i < NUMBERS; i++)
        if (!ws_whole_parse(texts[i + 1], fields[i]) || *fields[i] == 0)
            return false;
    out->architecture = strcmp(texts[0], "opt") == 0 ? WS_ARCHITECTURE_OPT : WS_ARCHITECTURE_GPT2;
    return out->made > 1;
}

int main(int argc, char **argv)
{
    struct shape shape;
    if (argc < NUMBERS + 3 || !read_shape(argv + 1, &shape)) {
        (void)fprintf(stderr, "usage: sampling opt|gpt2 LAYERS WIDTH HEADS VOCABULARY BATCH PROMPT "
                              "NEW BEAMS " BENCH_DEVICE_USAGE "\n");
        return 2;
    }
    struct ws_arena arena;
    struct ws_device *device = NULL;
    struct ws_error error;
    ws_arena_init(&arena, NULL);
    enum ws_status status = bench_device_open(argv + NUMBERS + 2, &device, &error);
    if (status == WS_OK)
        status = run(&shape, &arena, device, &error);
    if (device)
        device->ops->close(device);
    ws_arena_release(&arena);
    return bench_exit_status("sampling", status, &error);
}
