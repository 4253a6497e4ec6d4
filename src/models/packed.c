#include "models/packed.h"

#include <string.h>

/* So that what one block needs, some rows for each coordinate, stays in a processor's own cache. */
uint32_t ws_packed_block_items(uint32_t dimension)
{
    return dimension <= 32 ? WS_PACKED_MOST : dimension <= 128 ? WS_PACKED_MOST / 2 : 64;
}

/* Segments of one weight, one after the other. */
struct run {
    size_t first, end; /* segments */
    uint64_t count;    /* items */
};

static struct run run_from(const struct ws_dataset *data, size_t first)
{
    struct run run = {first, first, 0};
    while (run.end < data->segment_count &&
           data->segments[run.end].weight == data->segments[first].weight)
        run.count += data->segments[run.end++].count;
    return run;
}

static uint64_t blocks_of(struct run run, uint32_t block_items)
{
    return run.count / block_items + (run.count % block_items > 0);
}

static uint32_t width_of(uint64_t count)
{
    return (uint32_t)(count + WS_PACKED_LANES - 1) / WS_PACKED_LANES * WS_PACKED_LANES;
}

/* The items of a run, in order. */
struct place {
    const struct ws_segment *segment;
    uint64_t item;
};

static const double *next_item(struct place *place)
{
    while (place->item == place->segment->count) {
        place->segment++;
        place->item = 0;
    }
    const struct ws_payload *payload = place->segment->payload;
    return payload->vectors +
           ws_segment_item(place->segment, place->item++) * (size_t)payload->dimension;
}

/* Coordinates that lie `width` apart, from place `column` on; to be copied up to the end. */
static void put_items(double *x, uint32_t dimension, uint32_t count, uint32_t width,
                      struct place *place)
{
    for (uint32_t i = 0; i < count; i++) {
        const double *item = next_item(place);
        for (uint32_t a = 0; a < dimension; a++)
            x[(size_t)a * width + i] = item[a];
    }
    for (uint32_t a = 0; a < dimension; a++)
        for (uint32_t i = count; i < width; i++)
            x[(size_t)a * width + i] = x[(size_t)a * width + count - 1];
}

/* Blocks of the run, from `blocks` on. */
static enum ws_status put_run(const struct ws_dataset *data, struct run run, double weight,
                              struct ws_packed *out, struct ws_packed_block *blocks,
                              struct ws_arena *arena, struct ws_error *err)
{
    uint32_t block_items = ws_packed_block_items(data->dimension);
    struct place place = {&data->segments[run.first], 0};
    for (uint64_t left = run.count; left > 0;) {
        uint32_t count = left < block_items ? (uint32_t)left : block_items;
        uint32_t width = width_of(count);
        double *x = WS_ARENA_NEW(arena, double, (size_t)data->dimension *width);
        if (!x)
            return ws_fail_memory(err, "a copy of the vectors");
        put_items(x, data->dimension, count, width, &place);
        blocks[out->block_count++] = (struct ws_packed_block){x, count, width, out->places, weight};
        out->places += width;
        left -= count;
    }
    return WS_OK;
}

enum ws_status ws_packed_of(const struct ws_dataset *data, struct ws_arena *arena,
                            struct ws_packed *out, struct ws_error *err)
{
    uint32_t block_items = ws_packed_block_items(data->dimension);
    uint64_t block_count = 0;
    struct run run;
    for (size_t s = 0; s < data->segment_count; s = run.end) {
        run = run_from(data, s);
        block_count += blocks_of(run, block_items);
    }
    struct ws_packed_block *blocks = WS_ARENA_NEW(arena, struct ws_packed_block, block_count);
    if (!blocks)
        return ws_fail_memory(err, "a copy of the vectors");
    double mean =
        ws_dataset_is_weighted(data) ? ws_dataset_weights(data).sum / (double)data->count : 1;
    *out = (struct ws_packed){.dimension = data->dimension, .count = data->count, .blocks = blocks};
    for (size_t s = 0; s < data->segment_count; s = run.end) {
        run = run_from(data, s);
        WS_TRY(put_run(data, run, data->segments[s].weight / mean, out, blocks, arena, err));
    }
    return WS_OK;
}

void ws_packed_item(const struct ws_packed *packed, const struct ws_packed_block *block, uint32_t i,
                    double *out)
{
    for (uint32_t a = 0; a < packed->dimension; a++)
        out[a] = block->x[(size_t)a * block->width + i];
}
