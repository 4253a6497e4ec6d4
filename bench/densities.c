/*
 * Times mixtures and kernel densities, as the benchmark scripts ask: seconds of wall time, the
 * median of three.
 *
 *     densities data N D FILE     N vectors of D numbers, normals about one of 16 points: raw
 * doubles densities gmm N D K FILE    one iteration of a mixture of K on all processors, and the
 * mean log likelihood after ITERATIONS of them from the first K items densities kde N M D FILE the
 * log density of M vectors under kernels of width 0.1 on the N before them, on one core, and what
 * it is, a vector
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/sampler.h"
#include "models/gmm_fit.h"
#include "models/kde.h"

enum { ITERATIONS = 20, PLACES = 16 };

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

static enum ws_status write_data(size_t n, size_t d, const char *path, struct ws_arena *arena,
                                 struct ws_error *err)
{
    double *places = WS_ARENA_NEW(arena, double, PLACES *d);
    double *x = WS_ARENA_NEW(arena, double, n *d);
    if (!places || !x)
        return ws_fail_memory(err, "vectors");
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
    ws_sample_normals(&rng, 0, 3, places, PLACES * d);
    ws_sample_normals(&rng, 0, 1, x, n * d);
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < d; a++)
            x[i * d + a] += places[i % PLACES * d + a];
    return ws_file_replace(path, ws_bytes_of(x, n * d * sizeof *x), err);
}

static enum ws_status read_data(const char *path, size_t n, size_t d, struct ws_arena *arena,
                                const double **out, struct ws_error *err)
{
    struct ws_bytes bytes;
    WS_TRY(ws_file_read(path, n * d * sizeof **out, arena, &bytes, err));
    if (bytes.size != n * d * sizeof **out)
        return ws_fail(err, WS_CORRUPT, "%s has %zu bytes", path, bytes.size);
    *out = ws_arena_copy(arena, bytes.data, bytes.size);
    return *out ? WS_OK : ws_fail_memory(err, "vectors");
}

static struct ws_dataset dataset_of(struct ws_payload *payload, struct ws_segment *segment,
                                    const double *x, size_t n, size_t d)
{
    *payload = (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = n, .dimension = (uint32_t)d, .vectors = x};
    return ws_dataset_in(segment, payload, (struct ws_origin){.source = WS_SOURCE_ORIGINAL});
}

/* Equal weights, the first items for means, unit covariances. */
static void begin(struct ws_gmm *mixture, const double *x)
{
    size_t k = mixture->components, d = mixture->dimension;
    memcpy(mixture->means, x, k * d * sizeof *x);
    memset(mixture->covariances, 0, k * d * d * sizeof *x);
    for (size_t i = 0; i < k; i++) {
        mixture->weights[i] = 1 / (double)k;
        for (size_t a = 0; a < d; a++)
            mixture->covariances[i * d * d + a * (d + 1)] = 1;
    }
}

static enum ws_status time_iterations(const struct ws_gmm_work *work, struct ws_gmm *mixture,
                                      const double *x, struct ws_arena *arena, struct ws_error *err)
{
    static const struct ws_gmm_settings settings = {0, 0, ITERATIONS, 1, 1e-6};
    double times[3];
    for (int i = 0; i < 3; i++) {
        begin(mixture, x);
        double start = now();
        WS_TRY(ws_gmm_iterate(work, &settings, arena, mixture, err));
        times[i] = (now() - start) / ITERATIONS;
    }
    (void)printf("%.6f %.12f\n", median_of_three(times), mixture->log_likelihood);
    return WS_OK;
}

static enum ws_status bench_gmm(size_t n, size_t d, size_t components, const char *path,
                                struct ws_arena *arena, struct ws_error *err)
{
    const double *x;
    struct ws_payload payload;
    struct ws_segment segment;
    struct ws_packed packed;
    struct ws_gmm mixture;
    WS_TRY(read_data(path, n, d, arena, &x, err));
    struct ws_dataset data = dataset_of(&payload, &segment, x, n, d);
    WS_TRY(ws_packed_of(&data, arena, &packed, err));
    WS_TRY(ws_gmm_new((uint32_t)components, (uint32_t)d, arena, &mixture, err));
    struct ws_gmm_work work = {&packed, ws_density_pick(), NULL, ws_gmm_pieces(&packed)};
    WS_TRY(ws_pool_new(ws_processor_count(), NULL, &work.pool, err));
    enum ws_status status = time_iterations(&work, &mixture, x, arena, err);
    ws_pool_free(work.pool);
    return status;
}

static enum ws_status bench_kde(size_t n, size_t m, size_t d, const char *path,
                                struct ws_arena *arena, struct ws_error *err)
{
    static const struct ws_kde_settings settings = {WS_KDE_FIXED, 0.1};
    static const struct ws_rng_key key;
    const double *x;
    struct ws_payload payloads[2];
    struct ws_segment segments[2];
    WS_TRY(read_data(path, n + m, d, arena, &x, err));
    struct ws_dataset kernels = dataset_of(&payloads[0], &segments[0], x, n, d);
    struct ws_dataset items = dataset_of(&payloads[1], &segments[1], x + n * d, m, d);
    const struct ws_dataset *data = &kernels;
    const struct ws_model *model;
    double times[3], sum = 0;
    uint64_t terms = 1;
    WS_TRY(ws_family_kde.fit(&settings, 1, &data, &key, NULL, arena, &model, err));
    for (int i = 0; i < 3; i++) {
        double start = now();
        WS_TRY(ws_family_kde.log_density(model, &items, arena, &sum, &terms, err));
        times[i] = now() - start;
    }
    (void)printf("%.6f %.12f\n", median_of_three(times), sum / (double)terms);
    return WS_OK;
}

static size_t number(const char *text)
{
    return strtoul(text, NULL, 10);
}

static enum ws_status run(int argc, char **argv, struct ws_arena *arena, struct ws_error *err)
{
    if (argc == 5 && strcmp(argv[1], "data") == 0)
        return write_data(number(argv[2]), number(argv[3]), argv[4], arena, err);
    if (argc == 6 && strcmp(argv[1], "gmm") == 0)
        return bench_gmm(number(argv[2]), number(argv[3]), number(argv[4]), argv[5], arena, err);
    if (argc == 6 && strcmp(argv[1], "kde") == 0)
        return bench_kde(number(argv[2]), number(argv[3]), number(argv[4]), argv[5], arena, err);
    return ws_fail(err, WS_INVALID, "usage: densities data|gmm|kde ...; see the source");
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err = {0};
    ws_arena_init(&arena, NULL);
    enum ws_status status = run(argc, argv, &arena, &err);
    if (status != WS_OK)
        (void)fprintf(stderr, "densities: %s\n", err.message);
    ws_arena_release(&arena);
    return status != WS_OK;
}
