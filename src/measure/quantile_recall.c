#include "measure/quantile_recall.h"

#include <inttypes.h>
#include <math.h>

#include "measure/transport.h"

static const double TAIL = 1.0 / WS_TAIL_PARTS;

/* At place (n + 1) q, which lies in 1 .. n. */
static double quantile(const double *sorted, uint64_t count, double q)
{
    double place = (double)(count + 1) * q - 1;
    double below = fmin(fmax(floor(place), 0), (double)count - 1);
    uint64_t i = (uint64_t)below;
    if (i + 1 == count)
        return sorted[i];
    return sorted[i] + fmax(place - below, 0) * (sorted[i + 1] - sorted[i]);
}

static void take_column(const struct ws_dataset *data, uint32_t d, double *out)
{
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            const struct ws_segment *segment = &data->segments[s];
            *out++ = segment->payload->vectors[ws_segment_item(segment, i) * data->dimension + d];
        }
}

enum ws_status ws_tail_edges_of(const struct ws_dataset *human, struct ws_arena *arena,
                                struct ws_tail_edges *out, struct ws_error *err)
{
    if (human->count < WS_QUANTILE_RECALL_LEAST)
        return ws_fail(err, WS_INVALID,
                       "%" PRIu64 " human vectors have no tail of 1 in %d: %d at least",
                       human->count, WS_TAIL_PARTS, WS_QUANTILE_RECALL_LEAST);
    double *column = WS_ARENA_NEW(arena, double, human->count);
    uint64_t *work = WS_ARENA_NEW(arena, uint64_t, 2 * human->count);
    double *low = WS_ARENA_NEW(arena, double, human->dimension);
    double *high = WS_ARENA_NEW(arena, double, human->dimension);
    if (!column || !work || !low || !high)
        return ws_fail_memory(err, "the tails of human data");
    for (uint32_t d = 0; d < human->dimension; d++) {
        take_column(human, d, column);
        ws_sort_reals(column, human->count, work, column);
        low[d] = quantile(column, human->count, TAIL);
        high[d] = quantile(column, human->count, 1 - TAIL);
    }
    *out = (struct ws_tail_edges){human->dimension, low, high};
    return WS_OK;
}

struct ws_tails_reached ws_tails_reached(const struct ws_tail_edges *edges,
                                         const struct ws_dataset *sample)
{
    uint64_t below = 0, above = 0;
    for (size_t s = 0; s < sample->segment_count; s++)
        for (uint64_t i = 0; i < sample->segments[s].count; i++) {
            const struct ws_segment *segment = &sample->segments[s];
            const double *x =
                segment->payload->vectors + ws_segment_item(segment, i) * (size_t)edges->dimension;
            for (uint32_t d = 0; d < edges->dimension; d++) {
                below += x[d] < edges->low[d];
                above += x[d] > edges->high[d];
            }
        }
    double expected = (double)sample->count * edges->dimension * TAIL;
    return (struct ws_tails_reached){(double)below / expected, (double)above / expected};
}
