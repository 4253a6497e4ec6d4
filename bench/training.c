/*
 * Times training steps of a transformer on random tokens. Prints tokens a second, the best of three
 * rounds, and the most memory of the host that was used, in MiB.
 *
 *     training opt|gpt2 LAYERS WIDTH HEADS VOCABULARY BATCH LENGTH STEPS THREADS
 *              [DEVICE PRECISION MODULE]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/number.h"
#include "bench_device.h"
#include "models/nn/transformer/form.h"
#include "models/nn/transformer/train.h"

enum { NUMBERS = 7, ROUNDS = 3, WARM_STEPS = 2 };

struct shape {
    uint32_t architecture;
    uint64_t layers, width, heads, vocabulary, batch, length, steps;
};

static const struct ws_rng_key key = {{1, 2}, 3};

static enum ws_status make_examples(const struct shape *shape, struct ws_arena *arena,
                                    struct ws_examples *out, struct ws_error *err)
{
    uint64_t count = shape->batch;
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, count);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, count * shape->length);
    if (!ends || !tokens)
        return ws_fail_memory(err, "examples");
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (uint64_t i = 0; i < count; i++)
        ends[i] = (i + 1) * shape->length;
    for (uint64_t t = 0; t < count * shape->length; t++)
        tokens[t] = (uint32_t)ws_rng_below(&rng, shape->vocabulary);
    return ws_examples_of(&(struct ws_blocks){count, ends, tokens}, 0, arena, out, err);
}

static enum ws_status open_trainer(const struct shape *shape, struct ws_device *device,
                                   struct ws_arena *arena, struct ws_trainer **out,
                                   struct ws_error *err)
{
    const struct ws_form form = {.architecture = shape->architecture,
                                 .layers = shape->layers,
                                 .width = shape->width,
                                 .heads = shape->heads,
                                 .context = shape->length,
                                 .tied = true};
    struct ws_train_settings settings;
    struct ws_description description;
    struct ws_layout layout;
    struct ws_examples examples;
    WS_TRY(ws_options_defaults(&ws_train_options, &settings, arena, err));
    settings.batch = shape->batch;
    settings.steps = WARM_STEPS + ROUNDS * shape->steps;
    WS_TRY(ws_form_describe(&form, (uint32_t)shape->vocabulary, 0, &description, err));
    WS_TRY(make_examples(shape, arena, &examples, err));
    ws_layout_of(&description, &layout);
    float *parameters = ws_realloc(NULL, NULL, 0, layout.size * sizeof(float));
    if (!parameters)
        return ws_fail_memory(err, "the model");
    ws_transformer_init(&description, &layout, key, parameters);
    enum ws_status status = ws_trainer_open(&settings, device, &description, parameters, &examples,
                                            NULL, key, NULL, out, err);
    ws_free(NULL, parameters, layout.size * sizeof(float));
    return status;
}

static enum ws_status take_steps(struct ws_trainer *trainer, uint64_t count, struct ws_error *err)
{
    for (uint64_t i = 0; i < count; i++)
        WS_TRY(ws_trainer_step(trainer, err));
    return WS_OK;
}

static enum ws_status time_steps(const struct shape *shape, struct ws_trainer *trainer,
                                 struct ws_error *err)
{
    double best = 0;
    WS_TRY(take_steps(trainer, WARM_STEPS, err));
    for (int round = 0; round < ROUNDS; round++) {
        double start = ws_system_clock.elapsed(NULL);
        WS_TRY(take_steps(trainer, shape->steps, err));
        double seconds = ws_system_clock.elapsed(NULL) - start;
        double speed = (double)(shape->steps * shape->batch * shape->length) / seconds;
        best = speed > best ? speed : best;
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("%.1f %ld\n", best, usage.ru_maxrss >> 10);
    return WS_OK;
}

static bool read_shape(char **texts, struct shape *out)
{
    uint64_t *fields[NUMBERS] = {&out->layers, &out->width,  &out->heads, &out->vocabulary,
                                 &out->batch,  &out->length, &out->steps};
    for (int i = 0; i < NUMBERS; i++)
        if (!ws_whole_parse(texts[i + 1], fields[i]) || *fields[i] == 0)
            return false;
    out->architecture = strcmp(texts[0], "opt") == 0 ? WS_ARCHITECTURE_OPT : WS_ARCHITECTURE_GPT2;
    return true;
}

int main(int argc, char **argv)
{
    struct shape shape;
    if (argc < NUMBERS + 3 || !read_shape(argv + 1, &shape)) {
        (void)fprintf(stderr, "usage: training opt|gpt2 LAYERS WIDTH HEADS VOCABULARY BATCH LENGTH "
                              "STEPS " BENCH_DEVICE_USAGE "\n");
        return 2;
    }
    struct ws_arena arena;
    struct ws_device *device = NULL;
    struct ws_trainer *trainer = NULL;
    struct ws_error error;
    ws_arena_init(&arena, NULL);
    enum ws_status status = bench_device_open(argv + NUMBERS + 2, &device, &error);
    if (status == WS_OK)
        status = open_trainer(&shape, device, &arena, &trainer, &error);
    if (status == WS_OK)
        status = time_steps(&shape, trainer, &error);
    ws_trainer_close(trainer);
    if (device)
        device->ops->close(device);
    ws_arena_release(&arena);
    return bench_exit_status("training", status, &error);
}
