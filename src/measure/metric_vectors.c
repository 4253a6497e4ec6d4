#include "measure/metric_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/modes.h"
#include "measure/summary.h"
#include "measure/transport.h"
#include "measure/vendi.h"

/* Items of the seed's metric stream; 0 draws the human sample. */
enum { DRAW_DIRECTIONS = 1, DRAW_SUPPORT = 2 };

/* Items whose kernel is looked at: eigenvalues cost the cube. */
enum { VENDI_ITEMS = 200 };

static struct ws_rng_key key_of(const struct ws_reference *reference)
{
    return ws_rng_key(WS_STREAM_METRIC, reference->deal->seed, 0, 0);
}

/* The dataset's vectors side by side. */
static enum ws_status gather(const struct ws_dataset *data, struct ws_arena *arena,
                             struct ws_cloud *out, struct ws_error *err)
{
    const size_t d = data->dimension;
    double *vectors = WS_ARENA_NEW(arena, double, data->count *d), *next = vectors;
    if (!vectors)
        return ws_fail_memory(err, "vectors");
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++, next += d) {
            const struct ws_segment *segment = &data->segments[s];
            memcpy(next, segment->payload->vectors + ws_segment_item(segment, i) * d,
                   d * sizeof *next);
        }
    *out = (struct ws_cloud){vectors, data->count, d};
    return WS_OK;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The median distance of two items, the usual width of a Gaussian kernel; of some of them, evenly
 * spaced. */
static enum ws_status width_of(const struct ws_cloud *human, struct ws_arena *scratch, double *out,
                               struct ws_error *err)
{
    const size_t n = human->count < VENDI_ITEMS ? human->count : VENDI_ITEMS, d = human->dimension;
    double *distances = WS_ARENA_NEW(scratch, double, n *(n - 1) / 2);
    size_t count = 0;
    if (!distances)
        return ws_fail_memory(err, "distances");
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double *x = human->vectors + i * human->count / n * d;
            const double *y = human->vectors + j * human->count / n * d;
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += (x[k] - y[k]) * (x[k] - y[k]);
            distances[count++] = sqrt(sum);
        }
    qsort(distances, count, sizeof *distances, ascending);
    *out = ws_quantile(distances, count, 0.5);
    return WS_OK;
}

/* Human items lie in the order of the corpus, so those that are looked at are drawn. */
static enum ws_status prepare_support(struct ws_reference *reference,
                                      const struct ws_dataset *human, struct ws_arena *arena,
                                      struct ws_error *err)
{
    struct ws_dataset side = *human;
    struct ws_cloud cloud;
    if (human->count > WS_SUPPORT_MOST) {
        struct ws_rng rng;
        ws_rng_init(&rng, key_of(reference), DRAW_SUPPORT);
        WS_TRY(ws_dataset_subset(human, WS_SUPPORT_MOST, &rng, arena, &side, err));
    }
    WS_TRY(gather(&side, arena, &cloud, err));
    if (cloud.count >= WS_VENDI_LEAST)
        WS_TRY(width_of(&cloud, arena, &reference->vendi_width, err));
    if (cloud.count >= WS_SUPPORT_LEAST)
        return ws_support_of(&cloud, 1, arena, &reference->support, err);
    return WS_OK;
}

enum ws_status ws_reference_prepare_vectors(struct ws_reference *reference,
                                            const struct ws_dataset *human, struct ws_arena *arena,
                                            struct ws_error *err)
{
    const struct ws_dataset *held_out = &reference->deal->reference;
    WS_TRY(prepare_support(reference, human, arena, err));
    if (held_out->count == 0)
        return WS_OK;
    if (held_out->count >= WS_QUANTILE_RECALL_LEAST)
        WS_TRY(ws_tail_edges_of(held_out, arena, &reference->tails, err));
    WS_TRY(ws_slices_draw(human->dimension, key_of(reference), DRAW_DIRECTIONS, arena,
                          &reference->slices, err));
    WS_TRY(ws_slices_project(&reference->slices, held_out, arena, err));
    return ws_sliced_w2(&reference->slices, human, arena, &reference->human_w2, err);
}

static enum ws_status measure_distance(const struct ws_reference *reference,
                                       const struct ws_dataset *sample, struct ws_arena *scratch,
                                       struct ws_metric_set *set, struct ws_error *err)
{
    double distance;
    if (reference->slices.count == 0)
        return WS_OK;
    WS_TRY(ws_sliced_w2(&reference->slices, sample, scratch, &distance, err));
    bool exact = sample->dimension == 1;
    ws_metric_put(set, exact ? WS_METRIC_W2_SAMPLE : WS_METRIC_SLICED_W2, sample->count, distance);
    ws_metric_put(set, exact ? WS_METRIC_W2_SAMPLE_HUMAN : WS_METRIC_SLICED_W2_HUMAN,
                  reference->sample_items, reference->human_w2);
    return WS_OK;
}

static enum ws_status measure_modes(const struct ws_law *truth, const struct ws_dataset *sample,
                                    struct ws_arena *scratch, struct ws_metric_set *set,
                                    struct ws_error *err)
{
    struct ws_modes_kept kept;
    if (!truth || truth->mode_count == 0)
        return WS_OK;
    WS_TRY(ws_modes_measure(truth, sample, scratch, &kept, err));
    ws_metric_put(set, WS_METRIC_MODE_COVERAGE, sample->count, kept.covered);
    ws_metric_put(set, WS_METRIC_MODE_QUALITY, sample->count, kept.good);
    ws_metric_put(set, WS_METRIC_MODAL_VARIANCE, sample->count, kept.variance);
    return WS_OK;
}

static void measure_tails(const struct ws_reference *reference, const struct ws_dataset *sample,
                          struct ws_metric_set *set)
{
    if (reference->tails.dimension == 0)
        return;
    struct ws_tails_reached reached = ws_tails_reached(&reference->tails, sample);
    ws_metric_put(set, WS_METRIC_QUANTILE_RECALL_LOW, sample->count, reached.low);
    ws_metric_put(set, WS_METRIC_QUANTILE_RECALL_HIGH, sample->count, reached.high);
}

/* A chain may wander off beyond what squares of distances can hold: then the model's items are far
 * from all human ones, and from each other nobody knows. */
static enum ws_status support_kept(const struct ws_reference *reference,
                                   const struct ws_cloud *cloud, unsigned threads,
                                   struct ws_arena *scratch, struct ws_support_kept *out,
                                   struct ws_error *err)
{
    enum ws_status status =
        ws_support_measure(&reference->support, cloud, threads, scratch, out, err);
    if (status != WS_NUMERIC)
        return status;
    *out = (struct ws_support_kept){NAN, NAN, NAN, NAN, NAN};
    return WS_OK;
}

static enum ws_status measure_support(const struct ws_reference *reference,
                                      const struct ws_cloud *sample, const struct ws_job *job,
                                      struct ws_arena *scratch, struct ws_metric_set *set,
                                      struct ws_error *err)
{
    struct ws_support_kept kept;
    struct ws_cloud cloud = *sample;
    if (reference->support.human.count == 0)
        return WS_OK;
    if (cloud.count > reference->support.human.count)
        cloud.count = reference->support.human.count;
    WS_TRY(support_kept(reference, &cloud, job ? job->threads : 1, scratch, &kept, err));
    ws_metric_put(set, WS_METRIC_PRECISION, cloud.count, kept.precision);
    ws_metric_put(set, WS_METRIC_RECALL, cloud.count, kept.recall);
    ws_metric_put(set, WS_METRIC_DENSITY, cloud.count, kept.density);
    ws_metric_put(set, WS_METRIC_COVERAGE, cloud.count, kept.coverage);
    ws_metric_put(set, WS_METRIC_LOW_DENSITY_MASS, cloud.count, kept.low_density);
    return WS_OK;
}

static enum ws_status measure_vendi(const struct ws_reference *reference,
                                    const struct ws_cloud *sample, struct ws_arena *scratch,
                                    struct ws_metric_set *set, struct ws_error *err)
{
    double eigenvalues[VENDI_ITEMS];
    const size_t count = sample->count < VENDI_ITEMS ? sample->count : VENDI_ITEMS;
    if (!(reference->vendi_width > 0) || count < WS_VENDI_LEAST)
        return WS_OK;
    WS_TRY(ws_gaussian_kernel_eigenvalues(sample->vectors, count, sample->dimension,
                                          reference->vendi_width, scratch, eigenvalues, err));
    ws_metric_put(set, WS_METRIC_VENDI_HALF, count, ws_hill_number(eigenvalues, count, 0.5));
    ws_metric_put(set, WS_METRIC_VENDI_1, count, ws_hill_number(eigenvalues, count, 1));
    ws_metric_put(set, WS_METRIC_VENDI_2, count, ws_hill_number(eigenvalues, count, 2));
    return WS_OK;
}

enum ws_status ws_measure_vectors(const struct ws_reference *reference,
                                  const struct ws_payload *sample, const struct ws_job *job,
                                  struct ws_arena *scratch, struct ws_metric_set *set,
                                  struct ws_error *err)
{
    struct ws_dataset items;
    const struct ws_cloud cloud = {sample->vectors, sample->count, sample->dimension};
    WS_TRY(ws_dataset_of(sample, (struct ws_origin){0}, scratch, &items, err));
    WS_TRY(measure_distance(reference, &items, scratch, set, err));
    measure_tails(reference, &items, set);
    WS_TRY(measure_support(reference, &cloud, job, scratch, set, err));
    WS_TRY(measure_vendi(reference, &cloud, scratch, set, err));
    return measure_modes(reference->deal->law, &items, scratch, set, err);
}
