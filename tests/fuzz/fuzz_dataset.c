/*
 * Any bytes: the reader refuses them, or what it read can be used and is written back as the very
 * bytes it was read from.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void use(const struct ws_dataset *dataset, struct ws_arena *arena)
{
    struct ws_mix_part *parts;
    size_t part_count;
    require(ws_dataset_mix(dataset, arena, &parts, &part_count, NULL) == WS_OK);
    uint64_t items = 0;
    for (size_t i = 0; i < part_count; i++)
        items += parts[i].items;
    require(items == dataset->count);
    struct ws_payload counts;
    if (dataset->kind != WS_DATA_VECTORS)
        require(ws_dataset_type_counts(dataset, arena, &counts, NULL) == WS_OK);
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
    struct ws_dataset half;
    require(ws_dataset_subset(dataset, dataset->count / 2, &rng, arena, &half, NULL) == WS_OK);
    require(half.count == dataset->count / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    struct ws_reader in;
    ws_reader_init(&in, ws_bytes_of(data, size));
    struct ws_dataset dataset;
    if (ws_dataset_read(&in, &arena, &dataset, NULL) == WS_OK) {
        struct ws_buffer out;
        ws_buffer_init(&out, NULL, size);
        ws_dataset_write(&dataset, &out);
        require(out.status == WS_OK && out.size == size - in.left);
        require(memcmp(out.data, data, out.size) == 0);
        ws_buffer_release(&out);
        use(&dataset, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
