/*
 * Times nearest neighbours, as bench_knn.sh asks: seconds of wall time on all processors, the
 * median of three, and what was found.
 *
 *     knn distances N D FILE    of the first N vectors of D numbers (raw doubles, as
 *                                      `densities data` writes them), each one's distance to its
 *                                      fifth neighbour; their mean
 *     knn support N D FILE      of the first N as human and the N behind them as model:
 *                                      precision, recall, density, coverage; their sum
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/pool.h"
#include "measure/support.h"

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

static enum ws_status distances(const struct ws_cloud *all, size_t n, struct ws_arena *arena,
                                double *found, struct ws_error *err)
{
    const struct ws_cloud cloud = {all->vectors, n, all->dimension};
    double *squares = WS_ARENA_NEW(arena, double, n);
    if (!squares)
        return ws_fail_memory(err, "distances");
    WS_TRY(ws_neighbour_distances(&cloud, WS_SUPPORT_K, ws_processor_count(), arena, squares, err));
    *found = 0;
    for (size_t i = 0; i < n; i++)
        *found += sqrt(squares[i]) / (double)n;
    return WS_OK;
}

static enum ws_status support(const struct ws_cloud *all, size_t n, struct ws_arena *arena,
                              double *found, struct ws_error *err)
{
    const struct ws_cloud human = {all->vectors, n, all->dimension};
    const struct ws_cloud model = {all->vectors + n * all->dimension, n, all->dimension};
    struct ws_support of_human;
    struct ws_support_kept kept;
    WS_TRY(ws_support_of(&human, ws_processor_count(), arena, &of_human, err));
    WS_TRY(ws_support_measure(&of_human, &model, ws_processor_count(), arena, &kept, err));
    *found = kept.precision + kept.recall + kept.density + kept.coverage;
    return WS_OK;
}

static enum ws_status time_it(char **argv, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_bytes bytes;
    const bool whole = strcmp(argv[1], "support") == 0;
    const size_t n = strtoul(argv[2], NULL, 10), d = strtoul(argv[3], NULL, 10);
    double times[3], found = 0;
    WS_TRY(ws_file_read(argv[4], (size_t)1 << 32, arena, &bytes, err));
    if (bytes.size < (whole ? 2 : 1) * n * d * sizeof(double))
        return ws_fail(err, WS_CORRUPT, "%s has %zu bytes", argv[4], bytes.size);
    const double *vectors = ws_arena_copy(arena, bytes.data, bytes.size);
    if (!vectors)
        return ws_fail_memory(err, "vectors");
    const struct ws_cloud all = {vectors, bytes.size / d / sizeof(double), d};
    for (size_t i = 0; i < 3; i++) {
        struct ws_arena scratch;
        ws_arena_init(&scratch, NULL);
        double start = now();
        enum ws_status status = (whole ? support : distances)(&all, n, &scratch, &found, err);
        times[i] = now() - start;
        ws_arena_release(&scratch);
        WS_TRY(status);
    }
    qsort(times, 3, sizeof *times, ascending);
    printf("%.6f %.12f\n", times[1], found);
    return WS_OK;
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_error err = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: knn distances|support N D FILE\n");
        return 2;
    }
    ws_arena_init(&arena, NULL);
    enum ws_status status = time_it(argv, &arena, &err);
    if (status != WS_OK)
        fprintf(stderr, "%s\n", err.message);
    ws_arena_release(&arena);
    return status == WS_OK ? 0 : 1;
}
