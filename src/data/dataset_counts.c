/* How often each type occurs. */
#include <assert.h>
#include <string.h>

#include "data/dataset.h"

enum ws_status ws_payload_of_counts(const uint32_t *type, const uint64_t *counts, size_t size,
                                    uint32_t types, struct ws_arena *arena, struct ws_payload *out,
                                    struct ws_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++)
        kept += counts[i] > 0;
    uint32_t *kept_type = WS_ARENA_NEW(arena, uint32_t, kept);
    uint64_t *kept_count = WS_ARENA_NEW(arena, uint64_t, kept);
    if (!kept_type || !kept_count)
        return ws_fail_memory(err, "type counts");
    uint64_t sum = 0;
    for (size_t i = 0, k = 0; i < size; i++) {
        if (counts[i] == 0)
            continue;
        kept_type[k] = type ? type[i] : (uint32_t)i;
        kept_count[k++] = counts[i];
        sum += counts[i];
    }
    *out = (struct ws_payload){
        .kind = WS_DATA_COUNTS,
        .count = sum,
        .types = types,
        .counts = {.type = kept_type, .count = kept_count, .size = kept},
    };
    return WS_OK;
}

struct entry {
    uint64_t count;
    uint32_t type;
};

/* Where occurrences go: into one counter a type, or, when there are far more types than
 * occurrences, onto a list that is sorted later. */
struct tally {
    uint64_t *dense; /* (types) or NULL */
    struct entry *entries;
    size_t size;
};

static inline void add(struct tally *tally, uint32_t type, uint64_t count)
{
    if (tally->dense)
        tally->dense[type] += count;
    else
        tally->entries[tally->size++] = (struct entry){count, type};
}

static void add_segment(struct tally *tally, const struct ws_segment *segment)
{
    const struct ws_payload *payload = segment->payload;
    if (payload->kind == WS_DATA_COUNTS) {
        for (size_t i = 0; i < payload->counts.size; i++)
            add(tally, payload->counts.type[i], payload->counts.count[i]);
        return;
    }
    for (uint64_t i = 0; i < segment->count; i++) {
        uint64_t item = ws_segment_item(segment, i);
        size_t size = 1;
        const uint32_t *ids = payload->kind == WS_DATA_SYMBOLS
                                  ? payload->symbols + item
                                  : ws_payload_tokens(payload, item, &size);
        for (size_t t = 0; t < size; t++)
            add(tally, ids[t], 1);
    }
}

/* How many calls of `add` a segment makes. */
static uint64_t occurrences(const struct ws_segment *segment)
{
    const struct ws_payload *payload = segment->payload;
    if (payload->kind == WS_DATA_COUNTS)
        return payload->counts.size;
    if (payload->kind == WS_DATA_SYMBOLS)
        return segment->count;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < segment->count; i++) {
        size_t size;
        (void)ws_payload_tokens(payload, ws_segment_item(segment, i), &size);
        sum += size;
    }
    return sum;
}

/* Radix sort by type, lowest byte first. Returns which of the two arrays holds the result. */
static struct entry *sort_by_type(struct entry *entries, struct entry *spare, size_t size,
                                  uint32_t types)
{
    for (unsigned shift = 0; shift < 32 && (types - 1) >> shift > 0; shift += 8) {
        size_t start[257] = {0};
        for (size_t i = 0; i < size; i++)
            start[(entries[i].type >> shift & 255) + 1]++;
        for (size_t digit = 0; digit < 256; digit++)
            start[digit + 1] += start[digit];
        for (size_t i = 0; i < size; i++)
            spare[start[entries[i].type >> shift & 255]++] = entries[i];
        struct entry *sorted = spare;
        spare = entries;
        entries = sorted;
    }
    return entries;
}

/* Entries of one type become one. Returns how many are left. */
static size_t merge_equal(struct entry *entries, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (kept > 0 && entries[kept - 1].type == entries[i].type)
            entries[kept - 1].count += entries[i].count;
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

static enum ws_status count_sparse(const struct ws_dataset *dataset, uint64_t size,
                                   struct ws_arena *scratch, struct ws_arena *arena,
                                   struct ws_payload *out, struct ws_error *err)
{
    struct tally tally = {.entries = WS_ARENA_NEW(scratch, struct entry, size)};
    struct entry *spare = WS_ARENA_NEW(scratch, struct entry, size);
    if (!tally.entries || !spare)
        return ws_fail_memory(err, "type counts");
    for (size_t s = 0; s < dataset->segment_count; s++)
        add_segment(&tally, &dataset->segments[s]);
    struct entry *sorted = sort_by_type(tally.entries, spare, tally.size, dataset->types);
    size_t kept = merge_equal(sorted, tally.size);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, kept);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, kept);
    if (!type || !count)
        return ws_fail_memory(err, "type counts");
    uint64_t sum = 0;
    for (size_t i = 0; i < kept; i++) {
        type[i] = sorted[i].type;
        count[i] = sorted[i].count;
        sum += sorted[i].count;
    }
    *out = (struct ws_payload){
        .kind = WS_DATA_COUNTS,
        .count = sum,
        .types = dataset->types,
        .counts = {.type = type, .count = count, .size = kept},
    };
    return WS_OK;
}

static enum ws_status count_dense(const struct ws_dataset *dataset, struct ws_arena *scratch,
                                  struct ws_arena *arena, struct ws_payload *out,
                                  struct ws_error *err)
{
    struct tally tally = {.dense = WS_ARENA_ZNEW(scratch, uint64_t, dataset->types)};
    if (!tally.dense)
        return ws_fail_memory(err, "type counts");
    for (size_t s = 0; s < dataset->segment_count; s++)
        add_segment(&tally, &dataset->segments[s]);
    return ws_payload_of_counts(NULL, tally.dense, dataset->types, dataset->types, arena, out, err);
}

enum ws_status ws_dataset_type_counts(const struct ws_dataset *dataset, struct ws_arena *arena,
                                      struct ws_payload *out, struct ws_error *err)
{
    assert(dataset->kind != WS_DATA_VECTORS);
    if (dataset->kind == WS_DATA_COUNTS && dataset->segment_count == 1) {
        *out = *dataset->segments[0].payload;
        return WS_OK;
    }
    uint64_t size = 0;
    for (size_t s = 0; s < dataset->segment_count; s++)
        size += occurrences(&dataset->segments[s]);
    /* Sorting an occurrence costs about as much as clearing and scanning eight counters. */
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = dataset->types / 8 <= size
                                ? count_dense(dataset, &scratch, arena, out, err)
                                : count_sparse(dataset, size, &scratch, arena, out, err);
    ws_arena_release(&scratch);
    return status;
}
