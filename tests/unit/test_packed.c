#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/packed.h"

enum { ITEMS = 700 };

/* Item i is (i, -i / 8, ...). */
static struct ws_payload numbered(uint32_t dimension, struct ws_arena *arena)
{
    double *vectors = WS_ARENA_NEW(arena, double, ITEMS *(size_t)dimension);
    assert_non_null(vectors);
    for (size_t i = 0; i < ITEMS; i++)
        for (uint32_t a = 0; a < dimension; a++)
            vectors[i * dimension + a] = a % 2 ? -(double)i / 8 : (double)i;
    return (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = ITEMS, .dimension = dimension, .vectors = vectors};
}

static struct ws_dataset of_segments(const struct ws_segment *segments, size_t count,
                                     uint32_t dimension)
{
    struct ws_dataset data = {.kind = WS_DATA_VECTORS,
                              .dimension = dimension,
                              .segment_count = count,
                              .segments = segments};
    for (size_t s = 0; s < count; s++)
        data.count += segments[s].count;
    return data;
}

static void assert_well_formed(const struct ws_packed *packed)
{
    uint64_t count = 0;
    size_t places = 0;
    for (size_t b = 0; b < packed->block_count; b++) {
        const struct ws_packed_block *block = &packed->blocks[b];
        assert_true(block->count >= 1 && block->count <= block->width);
        assert_true(block->width % WS_PACKED_LANES == 0 && block->width <= WS_PACKED_MOST);
        assert_true(block->width - block->count < WS_PACKED_LANES);
        assert_int_equal((uintptr_t)block->x % 64, 0);
        assert_int_equal(block->place, places);
        places += block->width;
        count += block->count;
        for (uint32_t a = 0; a < packed->dimension; a++)
            for (uint32_t i = block->count; i < block->width; i++)
                assert_true(block->x[(size_t)a * block->width + i] ==
                            block->x[(size_t)a * block->width + block->count - 1]);
    }
    assert_int_equal(count, packed->count);
    assert_int_equal(places, packed->places);
}

static void packed__holds_all_items_in_order(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    for (uint32_t dimension = 1; dimension <= 200; dimension += 37) {
        struct ws_payload payload = numbered(dimension, &arena);
        struct ws_dataset data;
        struct ws_packed packed;
        assert_int_equal(ws_dataset_of(&payload, (struct ws_origin){0}, &arena, &data, NULL),
                         WS_OK);
        assert_int_equal(ws_packed_of(&data, &arena, &packed, NULL), WS_OK);
        assert_well_formed(&packed);
        size_t expected =
            (ITEMS + ws_packed_block_items(dimension) - 1) / ws_packed_block_items(dimension);
        assert_int_equal(packed.block_count, expected);
        size_t i = 0;
        double item[200];
        for (size_t b = 0; b < packed.block_count; b++)
            for (uint32_t own = 0; own < packed.blocks[b].count; own++, i++) {
                ws_packed_item(&packed, &packed.blocks[b], own, item);
                assert_true(packed.blocks[b].weight == 1);
                assert_memory_equal(item, payload.vectors + i * dimension,
                                    dimension * sizeof *item);
            }
        assert_int_equal(i, ITEMS);
    }
    ws_arena_release(&arena);
}

/* Segments of one weight share blocks, others do not; the mean weight of an item is 1. */
static void packed__cuts_blocks_where_weights_change(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_payload payload = numbered(2, &arena);
    static const uint32_t picks[] = {3, 5, 699};
    const struct ws_segment segments[] = {
        {.payload = &payload, .first = 10, .count = 5, .weight = 2},
        {.payload = &payload, .count = 3, .pick = picks, .weight = 2},
        {.payload = &payload, .first = 0, .count = 32, .weight = 0.5},
        {.payload = &payload, .first = 1, .count = 1, .weight = 2},
    };
    struct ws_dataset data = of_segments(segments, 4, 2);
    struct ws_packed packed;
    assert_int_equal(ws_packed_of(&data, &arena, &packed, NULL), WS_OK);
    assert_well_formed(&packed);
    assert_int_equal(packed.block_count, 3);
    static const uint32_t counts[] = {8, 32, 1};
    double sum = 0;
    for (size_t b = 0; b < 3; b++) {
        assert_int_equal(packed.blocks[b].count, counts[b]);
        sum += packed.blocks[b].weight * counts[b];
    }
    assert_true(fabs(sum - 41) < 1e-12);
    assert_true(fabs(packed.blocks[0].weight - 4 * packed.blocks[1].weight) < 1e-14);
    static const double first[] = {10, 11, 12, 13, 14, 3, 5, 699};
    for (uint32_t i = 0; i < 8; i++) {
        double item[2];
        ws_packed_item(&packed, &packed.blocks[0], i, item);
        assert_true(item[0] == first[i] && item[1] == -first[i] / 8);
    }
    /* All alike weigh 1, whatever the weight. */
    struct ws_segment alike[2] = {segments[2], segments[2]};
    data = of_segments(alike, 2, 2);
    assert_int_equal(ws_packed_of(&data, &arena, &packed, NULL), WS_OK);
    assert_int_equal(packed.block_count, 1);
    assert_true(packed.blocks[0].weight == 1);
    ws_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed__holds_all_items_in_order),
        cmocka_unit_test(packed__cuts_blocks_where_weights_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
