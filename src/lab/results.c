#include "lab/results.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text_set.h"

enum ws_status ws_results_visit(const char *directory, const struct ws_allocator *allocator,
                                enum ws_status (*visit)(void *user, const struct ws_record *record,
                                                        struct ws_error *err),
                                void *user, struct ws_error *err)
{
    struct ws_arena file, line;
    struct ws_bytes bytes = {0};
    ws_arena_init(&file, allocator);
    ws_arena_init(&line, allocator);
    char *path = ws_run_path(&file, directory, "metrics.jsonl");
    enum ws_status status = path ? ws_file_read(path, SIZE_MAX / 2, &file, &bytes, err)
                                 : ws_fail_memory(err, "metrics.jsonl");
    const uint8_t *next = bytes.data;
    size_t left = bytes.size;
    for (size_t number = 1; status == WS_OK && left > 0; number++) {
        const uint8_t *end = memchr(next, '\n', left);
        size_t size = end ? (size_t)(end - next) : left;
        struct ws_record record;
        ws_arena_reset(&line);
        status = ws_record_parse(ws_bytes_of(next, size), "record", &line, &record, err);
        if (status == WS_CORRUPT)
            ws_error_prefix(err, "%s:%zu", path, number);
        if (status == WS_OK)
            status = visit(user, &record, err);
        size_t used = end ? size + 1 : size;
        next += used;
        left -= used;
    }
    ws_arena_release(&line);
    ws_arena_release(&file);
    return status;
}

/* All values, in file order, before they are gathered into curves. */
struct sample {
    size_t curve;
    uint32_t generation;
    uint64_t n;
    double value;
};

struct loader {
    struct ws_arena *arena;
    struct ws_results *results;
    size_t curve_capacity;
    struct ws_text_set names; /* "arm\nmetric" of every curve, numbered as the curves are */
    struct ws_buffer name;
    struct sample *samples;
    size_t sample_count, sample_capacity;
};

/* Room for one more element of `size` bytes. */
static void *grown(struct ws_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t larger = *capacity ? 2 * *capacity : 64;
    void *moved = ws_arena_alloc(arena, larger, size);
    if (!moved)
        return NULL;
    if (count > 0)
        memcpy(moved, items, count * size);
    *capacity = larger;
    return moved;
}

static bool is_curve(const struct ws_curve *curve, const char *arm, const char *metric)
{
    return strcmp(curve->metric, metric) == 0 && strcmp(curve->arm, arm) == 0;
}

/* The number of a curve; one that is not there yet gets the number of the next. */
static enum ws_status find_curve(struct loader *loader, const char *arm, const char *metric,
                                 uint32_t *out, struct ws_error *err)
{
    struct ws_buffer *name = &loader->name;
    ws_buffer_reset(name);
    ws_buffer_format(name, "%s\n%s", arm, metric);
    WS_TRY(ws_buffer_check(name, "the results", err));
    return ws_text_set_add(&loader->names, name->data, name->size, out, err);
}

static enum ws_status find_or_add(struct loader *loader, const struct ws_record *record,
                                  uint32_t *out, struct ws_error *err)
{
    struct ws_results *results = loader->results;
    WS_TRY(find_curve(loader, record->place.arm, record->metric, out, err));
    if (*out < results->count)
        return WS_OK;
    results->curves = grown(loader->arena, results->curves, results->count, &loader->curve_capacity,
                            sizeof *results->curves);
    if (!results->curves)
        return ws_fail_memory(err, "the results");
    struct ws_curve *curve = &results->curves[results->count];
    *curve = (struct ws_curve){ws_arena_text(loader->arena, record->place.arm),
                               ws_arena_text(loader->arena, record->metric),
                               ws_arena_text(loader->arena, record->definition), 0, NULL};
    if (!curve->arm || !curve->metric || !curve->definition)
        return ws_fail_memory(err, "the results");
    results->count++;
    return WS_OK;
}

static enum ws_status take(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct loader *loader = user;
    uint32_t curve = 0;
    WS_TRY(find_or_add(loader, record, &curve, err));
    loader->samples = grown(loader->arena, loader->samples, loader->sample_count,
                            &loader->sample_capacity, sizeof *loader->samples);
    if (!loader->samples)
        return ws_fail_memory(err, "the results");
    loader->samples[loader->sample_count++] =
        (struct sample){curve, record->place.generation, record->n, record->value};
    return WS_OK;
}

static int by_curve_and_generation(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    if (x->curve != y->curve)
        return x->curve < y->curve ? -1 : 1;
    return (x->generation > y->generation) - (x->generation < y->generation);
}

static size_t same_point(const struct loader *loader, size_t first)
{
    size_t end = first + 1;
    while (end < loader->sample_count &&
           by_curve_and_generation(&loader->samples[first], &loader->samples[end]) == 0)
        end++;
    return end - first;
}

/* How many seeds the arm of a share's curve has at `generation`: each has one "mix/human". */
static enum ws_status count_seeds(struct loader *loader, const struct ws_curve *curve,
                                  uint32_t generation, size_t *out, struct ws_error *err)
{
    uint32_t human = 0;
    WS_TRY(find_curve(loader, curve->arm, "mix/human", &human, err));
    *out = 0;
    if (human >= loader->results->count)
        return WS_OK;
    const struct ws_curve *all = &loader->results->curves[human];
    size_t low = 0, high = all->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->points[middle].generation < generation)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < all->point_count && all->points[low].generation == generation)
        *out = all->points[low].summary.count;
    return WS_OK;
}

/* Curves come in the order of their first record, so "mix/human" before the shares of its arm. */
static enum ws_status gather(struct loader *loader, struct ws_error *err)
{
    if (loader->sample_count > 0)
        qsort(loader->samples, loader->sample_count, sizeof *loader->samples,
              by_curve_and_generation);
    struct ws_point *points = WS_ARENA_NEW(loader->arena, struct ws_point, loader->sample_count);
    double *values = WS_ARENA_NEW(loader->arena, double, loader->sample_count);
    if (!points || !values)
        return ws_fail_memory(err, "the results");
    for (size_t first = 0, size; first < loader->sample_count; first += size, points++) {
        const struct sample *sample = &loader->samples[first];
        struct ws_curve *curve = &loader->results->curves[sample->curve];
        size_t seeds = 0;
        size = same_point(loader, first);
        for (size_t i = 0; i < size; i++)
            values[i] = sample[i].value;
        if (strchr(curve->metric, '/'))
            WS_TRY(count_seeds(loader, curve, sample->generation, &seeds, err));
        for (size_t i = size; i < seeds; i++)
            values[i] = 0;
        *points = (struct ws_point){sample->generation, sample->n,
                                    ws_summarise(values, seeds > size ? seeds : size)};
        if (curve->point_count++ == 0)
            curve->points = points;
    }
    return WS_OK;
}

enum ws_status ws_results_load(const char *directory, struct ws_arena *arena,
                               struct ws_results *out, struct ws_error *err)
{
    *out = (struct ws_results){0};
    struct loader loader = {.arena = arena, .results = out};
    ws_text_set_init(&loader.names, arena->allocator);
    ws_buffer_init(&loader.name, arena->allocator, SIZE_MAX);
    enum ws_status status = ws_results_visit(directory, arena->allocator, take, &loader, err);
    if (status == WS_OK)
        status = gather(&loader, err);
    ws_buffer_release(&loader.name);
    ws_text_set_release(&loader.names);
    return status;
}

const struct ws_curve *ws_results_find(const struct ws_results *results, const char *arm,
                                       const char *metric)
{
    for (size_t i = 0; i < results->count; i++)
        if (is_curve(&results->curves[i], arm, metric))
            return &results->curves[i];
    return NULL;
}
