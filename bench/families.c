/*
 * Times a family's own operations, as the benchmark scripts ask: seconds of CPU time, so that a
 * busy machine can be used for comparisons, the median of three.
 *
 *     families discrete       one generation, fit and sample, of 10^6 items over 10^6 symbols that
 *                             are all there; the peak of memory in bytes a symbol, data included
 *     families trigram CORPUS fit a trigram on 250 blocks of 1,000 words, and draw as many
 *     families ngram ORDER SAMPLING CORPUS
 *                             draw as many blocks of 1,000 words as the whole corpus has; how many
 *                             tokens that is
 *     families gaussian       the fits and samples of 16 times 64 one-dimensional chains of 100
 *                             items over 2,000 generations, and how many items that is
 *     families hypergeometric half of 2 x 10^6 items of 10^6 types without replacement
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sampler.h"
#include "data/human.h"
#include "models/family.h"
#include "models/gaussian.h"
#include "models/ngram.h"

static const struct ws_rng_key KEY = {{1, 2}, 3};

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of_three(double times[3])
{
    qsort(times, 3, sizeof *times, ascending);
    return times[1];
}

/* A heap that knows how much of it was ever in use at once. */
struct heap {
    size_t used, peak;
};

static void *counting_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = user;
    if (new_size == 0) {
        free(block);
        heap->used -= old_size;
        return NULL;
    }
    void *moved = realloc(block, new_size);
    if (!moved)
        return NULL;
    heap->used += new_size - old_size;
    heap->peak = heap->used > heap->peak ? heap->used : heap->peak;
    return moved;
}

/* One family on the data that `settings` describe. */
struct work {
    const struct ws_family_ops *family;
    const void *settings;
    const struct ws_dataset *data;
    const struct ws_model *model;
    struct ws_arena *arena;
};

static enum ws_status fit(struct work *work, struct ws_error *err)
{
    return work->family->fit(work->settings, 1, &work->data, &KEY, NULL, work->arena, &work->model,
                             err);
}

static enum ws_status sample(struct work *work, struct ws_error *err)
{
    const struct ws_payload *payload;
    return work->family->sample(1, (const struct ws_model *const *)&work->model, &work->data->count,
                                &KEY, NULL, work->arena, &payload, err);
}

/* Sampling alone when the model is there, or fitting it, too. */
static enum ws_status time_three(struct work *work, bool fits, double *seconds,
                                 struct ws_error *err)
{
    double times[3];
    for (int i = 0; i < 3; i++) {
        double start = cpu_seconds();
        if (fits)
            WS_TRY(fit(work, err));
        WS_TRY(sample(work, err));
        times[i] = cpu_seconds() - start;
        if (fits)
            ws_arena_reset(work->arena);
    }
    *seconds = median_of_three(times);
    return WS_OK;
}

/* Every symbol once. */
static enum ws_status bench_discrete(struct heap *heap, struct ws_arena *life,
                                     struct ws_arena *arena, struct ws_error *err)
{
    enum { SYMBOLS = 1000000 };
    uint32_t *type = WS_ARENA_NEW(life, uint32_t, SYMBOLS);
    uint64_t *count = WS_ARENA_NEW(life, uint64_t, SYMBOLS);
    if (!type || !count)
        return ws_fail_memory(err, "symbols");
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        type[i] = i;
        count[i] = 1;
    }
    const struct ws_payload payload = {
        .kind = WS_DATA_COUNTS,
        .count = SYMBOLS,
        .types = SYMBOLS,
        .counts = {.type = type, .count = count, .size = SYMBOLS},
    };
    const struct ws_origin human = {.source = WS_SOURCE_ORIGINAL};
    struct ws_dataset data;
    double seconds;
    WS_TRY(ws_dataset_of(&payload, human, life, &data, err));
    struct work work = {.family = &ws_family_discrete, .data = &data, .arena = arena};
    WS_TRY(time_three(&work, true, &seconds, err));
    (void)printf("%.6f %.1f\n", seconds, (double)heap->peak / SYMBOLS);
    return WS_OK;
}

static enum ws_status bench_ngram(const struct ws_ngram_settings *settings, const char *corpus,
                                  uint64_t items, bool fits, struct ws_arena *life,
                                  struct ws_arena *arena, struct ws_error *err)
{
    struct ws_human_settings human_settings = {.source = WS_HUMAN_TEXT,
                                               .corpus = corpus,
                                               .unit = WS_UNIT_WORDS,
                                               .block = 1000,
                                               .items = items};
    struct ws_human *human;
    struct ws_deal deal;
    double seconds = 0;
    WS_TRY(ws_human_open(&human_settings, NULL, &human, NULL, err));
    enum ws_status status = ws_human_deal(human, 1, life, &deal, err);
    struct work work = {&ws_family_ngram, settings, &deal.original, NULL, life};
    if (status == WS_OK && !fits)
        status = fit(&work, err);
    work.arena = arena;
    if (status == WS_OK)
        status = time_three(&work, fits, &seconds, err);
    if (status == WS_OK)
        (void)printf("%.6f %.0f\n", seconds, (double)(1000 * deal.original.count));
    ws_human_close(human);
    return status;
}

enum { BLOCKS = 16, CHAINS = 64, GENERATIONS = 2000, ITEMS = 100 };

struct chains {
    const struct ws_model *models[CHAINS];
    const struct ws_payload *payloads[CHAINS];
    const struct ws_dataset *data[CHAINS];
    struct ws_dataset datasets[CHAINS];
    struct ws_segment segments[CHAINS];
    struct ws_rng_key keys[CHAINS];
    uint64_t counts[CHAINS];
};

/* A sample of the models, and new ones that are fitted on it. */
static enum ws_status next_generation(struct chains *all,
                                      const struct ws_gaussian_settings *settings,
                                      struct ws_arena *arena, struct ws_error *err)
{
    static const struct ws_origin output = {WS_SOURCE_MODEL, 1, 1};
    const struct ws_family_ops *family = &ws_family_gaussian;
    WS_TRY(family->sample(CHAINS, all->models, all->counts, all->keys, NULL, arena, all->payloads,
                          err));
    for (size_t c = 0; c < CHAINS; c++)
        all->datasets[c] = ws_dataset_in(&all->segments[c], all->payloads[c], output);
    return family->fit(settings, CHAINS, all->data, all->keys, NULL, arena, all->models, err);
}

/* From a model of mean 0 on. */
static enum ws_status run_chains(struct chains *all, struct ws_arena *const arenas[2],
                                 struct ws_error *err)
{
    static const double first[] = {-1, 1};
    static const struct ws_gaussian_settings settings = {WS_GAUSSIAN_UNBIASED};
    static const struct ws_origin human = {.source = WS_SOURCE_ORIGINAL};
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = 2, .dimension = 1, .vectors = first};
    for (size_t c = 0; c < CHAINS; c++) {
        all->data[c] = &all->datasets[c];
        all->datasets[c] = ws_dataset_in(&all->segments[c], &payload, human);
        all->counts[c] = ITEMS;
        all->keys[c] = (struct ws_rng_key){{1, (uint32_t)c}, 0};
    }
    ws_arena_reset(arenas[1]);
    WS_TRY(ws_family_gaussian.fit(&settings, CHAINS, all->data, all->keys, NULL, arenas[1],
                                  all->models, err));
    for (uint32_t g = 0; g < GENERATIONS; g++) {
        for (size_t c = 0; c < CHAINS; c++)
            all->keys[c].generation = g;
        ws_arena_reset(arenas[g % 2]);
        WS_TRY(next_generation(all, &settings, arenas[g % 2], err));
    }
    return WS_OK;
}

static enum ws_status bench_gaussian(struct ws_arena *life, struct ws_arena *arena,
                                     struct ws_error *err)
{
    struct chains *all = WS_ARENA_ZNEW(life, struct chains, 1);
    struct ws_arena other; /* a model is needed for one generation after its own */
    struct ws_arena *const arenas[] = {arena, &other};
    enum ws_status status = WS_OK;
    if (!all)
        return ws_fail_memory(err, "chains");
    ws_arena_init(&other, life->allocator);
    double start = cpu_seconds();
    for (int i = 0; i < BLOCKS && status == WS_OK; i++)
        status = run_chains(all, arenas, err);
    if (status == WS_OK)
        (void)printf("%.6f %d\n", cpu_seconds() - start, BLOCKS * CHAINS * GENERATIONS * ITEMS);
    ws_arena_release(&other);
    return status;
}

static enum ws_status bench_hypergeometric(struct ws_arena *arena, struct ws_error *err)
{
    enum { TYPES = 1000000 };
    uint64_t *counts = WS_ARENA_NEW(arena, uint64_t, TYPES);
    uint64_t *out = WS_ARENA_NEW(arena, uint64_t, TYPES);
    if (!counts || !out)
        return ws_fail_memory(err, "types");
    for (size_t i = 0; i < TYPES; i++)
        counts[i] = 1 + i % 3;
    double times[3];
    for (int i = 0; i < 3; i++) {
        struct ws_rng rng;
        ws_rng_init(&rng, KEY, 0);
        double start = cpu_seconds();
        ws_sample_multivariate_hypergeometric(&rng, TYPES, counts, TYPES, out);
        times[i] = cpu_seconds() - start;
    }
    (void)printf("%.6f\n", median_of_three(times));
    return WS_OK;
}

static enum ws_status run(int argc, char **argv, struct heap *heap, struct ws_arena *life,
                          struct ws_arena *arena, struct ws_error *err)
{
    struct ws_ngram_settings ngram = {.order = 3, .sampling = WS_NGRAM_MLE};
    if (argc == 2 && strcmp(argv[1], "discrete") == 0)
        return bench_discrete(heap, life, arena, err);
    if (argc == 2 && strcmp(argv[1], "gaussian") == 0)
        return bench_gaussian(life, arena, err);
    if (argc == 2 && strcmp(argv[1], "hypergeometric") == 0)
        return bench_hypergeometric(arena, err);
    if (argc == 3 && strcmp(argv[1], "trigram") == 0)
        return bench_ngram(&ngram, argv[2], 250, true, life, arena, err);
    if (argc == 5 && strcmp(argv[1], "ngram") == 0) {
        ngram.order = strtoul(argv[2], NULL, 10);
        ngram.sampling = strcmp(argv[3], "mle") == 0 ? WS_NGRAM_MLE : WS_NGRAM_KNESER_NEY;
        return bench_ngram(&ngram, argv[4], 0, false, life, arena, err);
    }
    return ws_fail(err, WS_INVALID,
                   "usage: families discrete | gaussian | trigram CORPUS | "
                   "ngram ORDER SAMPLING CORPUS | hypergeometric");
}

int main(int argc, char **argv)
{
    struct heap heap = {0};
    const struct ws_allocator allocator = {counting_realloc, &heap};
    struct ws_arena life, arena;
    struct ws_error error;
    ws_arena_init(&life, &allocator);
    ws_arena_init(&arena, &allocator);
    enum ws_status status = run(argc, argv, &heap, &life, &arena, &error);
    if (status != WS_OK)
        (void)fprintf(stderr, "%s\n", error.message);
    ws_arena_release(&arena);
    ws_arena_release(&life);
    return status == WS_OK ? 0 : 1;
}
