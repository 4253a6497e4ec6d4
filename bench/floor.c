/*
 * Times a measurement of a model and the noise floor beside it, as bench_floor.sh asks.
 *
 *     floor symbols | vectors | text CORPUS
 *
 * Prints seconds of processor time, medians of five on one thread: of what is made ready once for a
 * chain (its human sample among it), of a sample of the model, of all metrics of that sample, and
 * of the floor. The floor is another human sample, drawn and measured once for each chain; a sample
 * of the model is made and measured at each measured generation, of which one is the fewest there
 * are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/metric_set.h"
#include "models/ngram.h"

enum { ROUNDS = 5 };

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What is measured, and the family that makes a sample as large as its training set. */
static const struct ws_family_ops *choose(int argc, char **argv, struct ws_human_settings *s,
                                          uint64_t *sample_items)
{
    if (strcmp(argv[1], "symbols") == 0) {
        s->source = WS_HUMAN_ZIPF;
        s->types = 10000;
        s->items = s->test_items = *sample_items = 100000;
        return &ws_family_discrete;
    }
    if (strcmp(argv[1], "vectors") == 0) {
        s->source = WS_HUMAN_NORMAL;
        s->law.dimension = 16;
        s->items = s->test_items = *sample_items = 5000;
        return &ws_family_gaussian;
    }
    if (strcmp(argv[1], "text") != 0 || argc < 3)
        return NULL;
    s->source = WS_HUMAN_TEXT;
    s->corpus = argv[2];
    s->block = 100;
    s->items = s->fresh_items = *sample_items = 2000;
    s->test_items = 500;
    return &ws_family_ngram;
}

struct stand {
    struct ws_human *human;
    struct ws_deal deal;
    const struct ws_family_ops *family;
    const struct ws_model *model;
    uint64_t items; /* of a sample */
};

static enum ws_status open_stand(int argc, char **argv, struct ws_arena *arena, struct stand *out,
                                 struct ws_error *err)
{
    struct ws_human_settings settings;
    union {
        char bytes[4096];
        max_align_t aligned;
    } family_settings;
    memset(&settings, 0, sizeof settings);
    memset(&family_settings, 0, sizeof family_settings);
    WS_TRY(ws_options_defaults(&ws_human_options, &settings, arena, err));
    out->family = choose(argc, argv, &settings, &out->items);
    if (!out->family)
        return ws_fail(err, WS_INVALID, "usage: floor symbols | vectors | text CORPUS");
    WS_TRY(ws_options_defaults(&out->family->options, &family_settings, arena, err));
    WS_TRY(ws_human_open(&settings, NULL, &out->human, NULL, err));
    WS_TRY(ws_human_deal(out->human, 1, arena, &out->deal, err));
    const struct ws_dataset *data = &out->deal.original;
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 1, 5, 0);
    const struct ws_job job = {.threads = 1};
    return out->family->fit(&family_settings, 1, &data, &key, &job, arena, &out->model, err);
}

enum { READY, SAMPLE, METRICS, FLOOR, PARTS };

static enum ws_status time_once(const struct stand *s, struct ws_arena *scratch,
                                double seconds[PARTS], struct ws_error *err)
{
    const struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, 1, 5, 0);
    const struct ws_job job = {.threads = 1};
    struct ws_reference reference;
    struct ws_measurement floors[WS_MEASUREMENT_LIMIT];
    struct ws_metric_set set = {0};
    const struct ws_payload *sample;
    size_t count = 0;
    double at[PARTS + 1] = {now()};
    WS_TRY(ws_reference_prepare(&s->deal, s->items, scratch, &reference, err));
    at[SAMPLE] = now();
    WS_TRY(s->family->sample(1, &s->model, &s->items, &key, &job, scratch, &sample, err));
    at[METRICS] = now();
    WS_TRY(ws_measure_sample(&reference, sample, &job, scratch, &set, err));
    at[FLOOR] = now();
    WS_TRY(ws_measure_floor(&reference, NULL, scratch, floors, &count, err));
    at[PARTS] = now();
    for (size_t p = 0; p < PARTS; p++)
        seconds[p] = at[p + 1] - at[p];
    return count > 0 ? WS_OK : ws_fail(err, WS_INVALID, "there is no floor");
}

static enum ws_status time_it(const struct stand *s, struct ws_error *err)
{
    double seconds[PARTS][ROUNDS], one[PARTS];
    struct ws_arena scratch;
    enum ws_status status = WS_OK;
    ws_arena_init(&scratch, NULL);
    for (size_t i = 0; i < ROUNDS && status == WS_OK; i++) {
        ws_arena_reset(&scratch);
        status = time_once(s, &scratch, one, err);
        for (size_t p = 0; p < PARTS && status == WS_OK; p++)
            seconds[p][i] = one[p];
    }
    ws_arena_release(&scratch);
    WS_TRY(status);
    for (size_t p = 0; p < PARTS; p++) {
        qsort(seconds[p], ROUNDS, sizeof *seconds[p], ascending);
        printf("%.6f%c", seconds[p][ROUNDS / 2], p + 1 < PARTS ? ' ' : '\n');
    }
    return WS_OK;
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err = {0};
    struct stand stand = {0};
    ws_arena_init(&arena, NULL);
    enum ws_status status = argc < 2 ? WS_INVALID : open_stand(argc, argv, &arena, &stand, &err);
    if (status == WS_OK)
        status = time_it(&stand, &err);
    if (status != WS_OK)
        fprintf(stderr, "%s\n", argc < 2 ? "usage: floor KIND" : err.message);
    ws_human_close(stand.human);
    ws_arena_release(&arena);
    return status == WS_OK ? 0 : 1;
}
