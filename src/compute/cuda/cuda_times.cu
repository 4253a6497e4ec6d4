/*
 * Where the time of a device goes, for whoever asks with WELLSPRING_CUDA_TIMES=FILE: when the
 * device is closed a table is added to the file, a line for each kind of work with the calls, the
 * milliseconds that the GPU took for them, and those that the host waited in them.
 *
 * What the GPU does is timed by events before and after it, which make it a little slower; results
 * are the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/cuda/cuda_device.h"

enum { KINDS = 256, PAIRS = 2048, NAME_SIZE = 96 };

struct kind {
    char name[NAME_SIZE];
    size_t calls;
    double gpu, host; /* milliseconds */
};

struct pair {
    cudaEvent_t before, after;
    unsigned kind;
};

struct ws_cuda_times {
    const struct ws_allocator *allocator;
    char path[512];
    double opened;            /* milliseconds of the clock */
    struct kind kinds[KINDS]; /* the last: whatever has no place */
    unsigned kind_count;
    struct pair pairs[PAIRS];
    unsigned pair_count; /* under way, or done and not yet counted */
    unsigned made;       /* events there are */
};

static double clock_now()
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* Without memory for it nothing is timed. */
void ws_cuda_times_open(struct ws_cuda *cuda)
{
    const char *path = getenv("WELLSPRING_CUDA_TIMES");
    if (!path || !*path)
        return;
    if (!cuda->times)
        cuda->times =
            (struct ws_cuda_times *)ws_realloc(cuda->allocator, NULL, 0, sizeof *cuda->times);
    if (!cuda->times)
        return;
    memset(cuda->times, 0, sizeof *cuda->times);
    cuda->times->allocator = cuda->allocator;
    (void)snprintf(cuda->times->path, sizeof cuda->times->path, "%s", path);
    cuda->times->opened = clock_now();
}

static unsigned kind_of(struct ws_cuda_times *t, const char *name)
{
    for (unsigned k = 0; k < t->kind_count; k++)
        if (strcmp(t->kinds[k].name, name) == 0)
            return k;
    if (t->kind_count == KINDS)
        return KINDS - 1;
    (void)snprintf(t->kinds[t->kind_count].name, NAME_SIZE, "%s",
                   t->kind_count == KINDS - 1 ? "whatever else" : name);
    return t->kind_count++;
}

/* Counts what is under way, for which it waits. */
static void collect(struct ws_cuda *cuda)
{
    struct ws_cuda_times *t = cuda->times;
    if (t->pair_count > 0)
        (void)cudaStreamSynchronize(cuda->stream);
    for (unsigned p = 0; p < t->pair_count; p++) {
        float took = 0;
        if (cudaEventElapsedTime(&took, t->pairs[p].before, t->pairs[p].after) == cudaSuccess)
            t->kinds[t->pairs[p].kind].gpu += (double)took;
    }
    t->pair_count = 0;
}

void ws_cuda_times_begin(struct ws_cuda *cuda, const char *name)
{
    struct ws_cuda_times *t = cuda->times;
    if (t->pair_count == PAIRS)
        collect(cuda);
    struct pair *pair = &t->pairs[t->pair_count];
    if (t->pair_count == t->made && (cudaEventCreate(&pair->before) != cudaSuccess ||
                                     cudaEventCreate(&pair->after) != cudaSuccess))
        return; /* the next call that fails says so */
    if (t->pair_count == t->made)
        t->made++;
    pair->kind = kind_of(t, name);
    t->kinds[pair->kind].calls++;
    (void)cudaEventRecord(pair->before, cuda->stream);
}

void ws_cuda_times_end(struct ws_cuda *cuda)
{
    struct ws_cuda_times *t = cuda->times;
    if (t->pair_count < t->made)
        (void)cudaEventRecord(t->pairs[t->pair_count++].after, cuda->stream);
}

double ws_cuda_times_now(const struct ws_cuda *cuda)
{
    return cuda->times ? clock_now() : 0;
}

void ws_cuda_times_waited(struct ws_cuda *cuda, const char *name, double since)
{
    if (!cuda->times)
        return;
    struct kind *kind = &cuda->times->kinds[kind_of(cuda->times, name)];
    kind->calls++;
    kind->host += clock_now() - since;
}

static int by_time(const void *a, const void *b)
{
    const struct kind *first = (const struct kind *)a, *second = (const struct kind *)b;
    double x = first->gpu + first->host, y = second->gpu + second->host;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print(struct ws_cuda_times *t)
{
    double whole = clock_now() - t->opened, gpu = 0, host = 0;
    FILE *out = fopen(t->path, "a");
    if (!out)
        return;
    for (unsigned k = 0; k < t->kind_count; k++) {
        gpu += t->kinds[k].gpu;
        host += t->kinds[k].host;
    }
    qsort(t->kinds, t->kind_count, sizeof *t->kinds, by_time);
    (void)fprintf(out,
                  "# a device was open for %.1f ms: the GPU worked %.1f, the host waited %.1f\n",
                  whole, gpu, host);
    (void)fprintf(out, "calls,gpu_ms,host_ms,work\n");
    for (unsigned k = 0; k < t->kind_count; k++)
        (void)fprintf(out, "%zu,%.3f,%.3f,%s\n", t->kinds[k].calls, t->kinds[k].gpu,
                      t->kinds[k].host, t->kinds[k].name);
    (void)fclose(out);
}

void ws_cuda_times_close(struct ws_cuda *cuda)
{
    struct ws_cuda_times *t = cuda->times;
    if (!t)
        return;
    collect(cuda);
    print(t);
    for (unsigned p = 0; p < t->made; p++) {
        (void)cudaEventDestroy(t->pairs[p].before);
        (void)cudaEventDestroy(t->pairs[p].after);
    }
    ws_free(t->allocator, t, sizeof *t);
    cuda->times = NULL;
}
