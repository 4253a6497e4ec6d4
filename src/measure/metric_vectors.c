#include "measure/metric_set.h"
#include "measure/modes.h"
#include "measure/transport.h"

enum { DRAW_DIRECTIONS = 1 }; /* item of the seed's metric stream; 0 draws the human sample */

enum ws_status ws_reference_prepare_vectors(struct ws_reference *reference,
                                            const struct ws_dataset *human, struct ws_arena *arena,
                                            struct ws_error *err)
{
    const struct ws_dataset *held_out = &reference->deal->reference;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, reference->deal->seed, 0, 0);
    if (held_out->count == 0)
        return WS_OK;
    WS_TRY(ws_slices_draw(human->dimension, key, DRAW_DIRECTIONS, arena, &reference->slices, err));
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

enum ws_status ws_measure_vectors(const struct ws_reference *reference,
                                  const struct ws_payload *sample, struct ws_arena *scratch,
                                  struct ws_metric_set *set, struct ws_error *err)
{
    struct ws_dataset items;
    WS_TRY(ws_dataset_of(sample, (struct ws_origin){0}, scratch, &items, err));
    WS_TRY(measure_distance(reference, &items, scratch, set, err));
    return measure_modes(reference->deal->law, &items, scratch, set, err);
}
