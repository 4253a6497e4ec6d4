/*
 * Times one generation of a family, fit and sample, as the benchmark scripts ask. Prints seconds,
 * the median of three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/human.h"
#include "models/family.h"
#include "models/ngram.h"

struct work {
    const struct ws_family_ops *family;
    const void *settings;
    const struct ws_dataset *data;
    uint64_t items;
};

static enum ws_status generation(const struct work *work, struct ws_arena *arena,
                                 struct ws_error *err)
{
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_model *model;
    const struct ws_payload *sample;
    WS_TRY(work->family->fit(work->settings, 1, &work->data, &key, NULL, arena, &model, err));
    return work->family->sample(1, &model, &work->items, &key, NULL, arena, &sample, err);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum ws_status time_generations(const struct work *work, struct ws_error *err)
{
    double times[3];
    struct ws_arena arena;
    enum ws_status status = WS_OK;
    ws_arena_init(&arena, NULL);
    for (int i = 0; i < 3 && status == WS_OK; i++) {
        ws_arena_reset(&arena);
        double start = ws_system_clock.elapsed(NULL);
        status = generation(work, &arena, err);
        times[i] = ws_system_clock.elapsed(NULL) - start;
    }
    ws_arena_release(&arena);
    if (status == WS_OK) {
        qsort(times, 3, sizeof *times, ascending);
        (void)printf("%.6f\n", times[1]);
    }
    return status;
}

static enum ws_status run(const struct ws_human_settings *human_settings,
                          const struct ws_family_ops *family, const void *settings,
                          struct ws_error *err)
{
    struct ws_human *human;
    struct ws_deal deal;
    struct ws_arena arena;
    WS_TRY(ws_human_open(human_settings, NULL, &human, NULL, err));
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_human_deal(human, 1, &arena, &deal, err);
    if (status == WS_OK) {
        struct work work = {family, settings, &deal.original, human_settings->items};
        status = time_generations(&work, err);
    }
    ws_arena_release(&arena);
    ws_human_close(human);
    return status;
}

int main(int argc, char **argv)
{
    struct ws_error error;
    enum ws_status status;
    if (argc == 2 && strcmp(argv[1], "discrete") == 0) {
        struct ws_human_settings settings = {
            .source = WS_HUMAN_UNIFORM, .items = 1000000, .types = 1000000};
        status = run(&settings, &ws_family_discrete, NULL, &error);
    } else if (argc == 3 && strcmp(argv[1], "trigram") == 0) {
        struct ws_human_settings settings = {.source = WS_HUMAN_TEXT,
                                             .corpus = argv[2],
                                             .unit = WS_TEXT_WORDS,
                                             .block = 1000,
                                             .items = 250};
        struct ws_ngram_settings ngram = {.order = 3, .sampling = WS_NGRAM_MLE};
        status = run(&settings, &ws_family_ngram, &ngram, &error);
    } else {
        (void)fprintf(stderr, "usage: %s discrete | trigram CORPUS\n", argv[0]);
        return 2;
    }
    if (status != WS_OK)
        (void)fprintf(stderr, "%s\n", error.message);
    return status == WS_OK ? 0 : 1;
}
