#include "data/dataset.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

const char *ws_data_kind_name(enum ws_data_kind kind)
{
    static const char *const names[WS_DATA_KIND_COUNT] = {"unknown", "symbols", "counts", "vectors",
                                                          "token sequences"};
    assert((unsigned)kind < WS_DATA_KIND_COUNT);
    return names[kind];
}

const char *ws_source_name(enum ws_source source)
{
    static const char *const names[WS_SOURCE_COUNT] = {"unknown", "original", "fresh", "model"};
    assert((unsigned)source < WS_SOURCE_COUNT);
    return names[source];
}

/* A dataset like `like`, without items, and room for `capacity` segments. */
static enum ws_status begin(const struct ws_dataset *like, size_t capacity, struct ws_arena *arena,
                            struct ws_dataset *out, struct ws_segment **room, struct ws_error *err)
{
    *room = WS_ARENA_NEW(arena, struct ws_segment, capacity);
    if (!*room)
        return ws_fail_memory(err, "the segments of a dataset");
    *out = (struct ws_dataset){
        .kind = like->kind,
        .types = like->types,
        .dimension = like->dimension,
        .segments = *room,
    };
    return WS_OK;
}

/* The segment goes into the room that `dataset` was begun with. */
static void add(struct ws_dataset *dataset, struct ws_segment *room, struct ws_segment segment)
{
    room[dataset->segment_count++] = segment;
    dataset->count += segment.count;
    if (segment.origin.depth > dataset->depth)
        dataset->depth = segment.origin.depth;
}

enum ws_status ws_dataset_of(const struct ws_payload *payload, struct ws_origin origin,
                             struct ws_arena *arena, struct ws_dataset *out, struct ws_error *err)
{
    assert(payload->count >= 1);
    struct ws_segment *place = WS_ARENA_NEW(arena, struct ws_segment, 1);
    if (!place)
        return ws_fail_memory(err, "the segments of a dataset");
    *out = ws_dataset_in(place, payload, origin);
    return WS_OK;
}

enum ws_status ws_dataset_concat(const struct ws_dataset *parts, size_t part_count,
                                 struct ws_arena *arena, struct ws_dataset *out,
                                 struct ws_error *err)
{
    assert(part_count >= 1);
    const struct ws_dataset *like = &parts[0];
    size_t capacity = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (like->count == 0)
            like = &parts[i];
        capacity += parts[i].segment_count;
    }
    struct ws_dataset dataset;
    struct ws_segment *room;
    WS_TRY(begin(like, capacity, arena, &dataset, &room, err));
    for (size_t i = 0; i < part_count; i++) {
        const struct ws_dataset *part = &parts[i];
        assert(part->count == 0 || (part->kind == like->kind && part->types == like->types &&
                                    part->dimension == like->dimension));
        for (size_t s = 0; s < part->segment_count; s++)
            add(&dataset, room, part->segments[s]);
    }
    *out = dataset;
    return WS_OK;
}

/* Items of a segment are drawn without replacement into a payload of their own. */
static enum ws_status draw_counts(const struct ws_payload *from, uint64_t count, struct ws_rng *rng,
                                  struct ws_arena *arena, const struct ws_payload **out,
                                  struct ws_error *err)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    uint64_t *drawn = WS_ARENA_NEW(arena, uint64_t, from->counts.size);
    if (!payload || !drawn)
        return ws_fail_memory(err, "a subset of counts");
    ws_sample_multivariate_hypergeometric(rng, count, from->counts.count, from->counts.size, drawn);
    WS_TRY(ws_payload_of_counts(from->counts.type, drawn, from->counts.size, from->types, arena,
                                payload, err));
    *out = payload;
    return WS_OK;
}

/* First how many items come from each segment, then which types: the same law as over all types at
 * once. */
static enum ws_status subset_counts(const struct ws_dataset *dataset, uint64_t count,
                                    struct ws_rng *rng, struct ws_arena *arena,
                                    struct ws_dataset *subset, struct ws_segment *room,
                                    struct ws_error *err)
{
    size_t segments = dataset->segment_count;
    uint64_t *sizes = WS_ARENA_NEW(arena, uint64_t, segments);
    uint64_t *shares = WS_ARENA_NEW(arena, uint64_t, segments);
    if (!sizes || !shares)
        return ws_fail_memory(err, "a subset of counts");
    for (size_t s = 0; s < segments; s++)
        sizes[s] = dataset->segments[s].count;
    ws_sample_multivariate_hypergeometric(rng, count, sizes, segments, shares);
    for (size_t s = 0; s < segments; s++) {
        const struct ws_segment *from = &dataset->segments[s];
        const struct ws_payload *payload = NULL;
        if (shares[s] == 0)
            continue;
        WS_TRY(draw_counts(from->payload, shares[s], rng, arena, &payload, err));
        add(subset, room,
            (struct ws_segment){from->origin, payload, 0, shares[s], NULL, from->weight});
    }
    return WS_OK;
}

static enum ws_status check_pickable(const struct ws_dataset *dataset, struct ws_error *err)
{
    uint64_t most = dataset->count;
    for (size_t s = 0; s < dataset->segment_count; s++)
        if (dataset->segments[s].payload->count > most)
            most = dataset->segments[s].payload->count;
    if (most > UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "a subset of %" PRIu64 " items; the most is %" PRIu32, most,
                       UINT32_MAX);
    return WS_OK;
}

static enum ws_status subset_items(const struct ws_dataset *dataset, uint64_t count,
                                   struct ws_rng *rng, struct ws_arena *arena,
                                   struct ws_dataset *subset, struct ws_segment *room,
                                   struct ws_error *err)
{
    WS_TRY(check_pickable(dataset, err));
    uint64_t *bitmap = WS_ARENA_NEW(arena, uint64_t, (size_t)(dataset->count / 64 + 1));
    uint32_t *picks = WS_ARENA_NEW(arena, uint32_t, (size_t)count);
    if (!bitmap || !picks)
        return ws_fail_memory(err, "the picks of a subset");
    ws_sample_subset(rng, dataset->count, count, bitmap, picks);

    /* From items of the dataset to items of the payloads, segment by segment. */
    uint64_t base = 0, next = 0;
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *from = &dataset->segments[s];
        uint64_t first = next;
        for (; next < count && picks[next] < base + from->count; next++)
            picks[next] = (uint32_t)ws_segment_item(from, picks[next] - base);
        if (next > first)
            add(subset, room,
                (struct ws_segment){from->origin, from->payload, 0, next - first, picks + first,
                                    from->weight});
        base += from->count;
    }
    return WS_OK;
}

enum ws_status ws_dataset_subset(const struct ws_dataset *dataset, uint64_t count,
                                 struct ws_rng *rng, struct ws_arena *arena, struct ws_dataset *out,
                                 struct ws_error *err)
{
    if (count > dataset->count)
        return ws_fail(err, WS_INVALID, "a subset of %" PRIu64 " items from %" PRIu64, count,
                       dataset->count);
    struct ws_dataset subset;
    struct ws_segment *room;
    WS_TRY(begin(dataset, dataset->segment_count, arena, &subset, &room, err));
    if (count > 0 && dataset->kind == WS_DATA_COUNTS)
        WS_TRY(subset_counts(dataset, count, rng, arena, &subset, room, err));
    else if (count > 0)
        WS_TRY(subset_items(dataset, count, rng, arena, &subset, room, err));
    *out = subset;
    return WS_OK;
}

/* What `times` leaves of a segment of counts, which has at least one item. */
static enum ws_status take_counts(const struct ws_payload *from, const uint8_t *times,
                                  struct ws_arena *arena, const struct ws_payload **out,
                                  struct ws_error *err)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    uint64_t *taken = WS_ARENA_ZNEW(arena, uint64_t, from->counts.size);
    if (!payload || !taken)
        return ws_fail_memory(err, "a subset of counts");
    for (size_t i = 0; i < from->counts.size; i++)
        for (uint64_t n = 0; n < from->counts.count[i]; n++)
            taken[i] += *times++;
    WS_TRY(ws_payload_of_counts(from->counts.type, taken, from->counts.size, from->types, arena,
                                payload, err));
    *out = payload;
    return WS_OK;
}

static enum ws_status take_items(const struct ws_segment *from, const uint8_t *times,
                                 uint64_t count, struct ws_arena *arena, const uint32_t **out,
                                 struct ws_error *err)
{
    uint32_t *picks = WS_ARENA_NEW(arena, uint32_t, (size_t)count);
    if (!picks)
        return ws_fail_memory(err, "the picks of a subset");
    *out = picks;
    for (uint64_t i = 0; i < from->count; i++)
        for (unsigned n = 0; n < times[i]; n++)
            *picks++ = (uint32_t)ws_segment_item(from, i);
    return WS_OK;
}

enum ws_status ws_dataset_take(const struct ws_dataset *dataset, const uint8_t *times,
                               struct ws_arena *arena, struct ws_dataset *out, struct ws_error *err)
{
    struct ws_dataset taken;
    struct ws_segment *room;
    WS_TRY(begin(dataset, dataset->segment_count, arena, &taken, &room, err));
    if (dataset->kind != WS_DATA_COUNTS)
        WS_TRY(check_pickable(dataset, err));
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *from = &dataset->segments[s];
        struct ws_segment segment = *from;
        segment.count = 0;
        for (uint64_t i = 0; i < from->count; i++)
            segment.count += times[i];
        if (segment.count > 0) {
            segment.first = 0;
            if (dataset->kind == WS_DATA_COUNTS)
                WS_TRY(take_counts(from->payload, times, arena, &segment.payload, err));
            else
                WS_TRY(take_items(from, times, segment.count, arena, &segment.pick, err));
            add(&taken, room, segment);
        }
        times += from->count;
    }
    *out = taken;
    return WS_OK;
}

enum ws_status ws_dataset_slice(const struct ws_dataset *dataset, uint64_t first, uint64_t count,
                                struct ws_arena *arena, struct ws_dataset *out,
                                struct ws_error *err)
{
    assert(dataset->kind != WS_DATA_COUNTS);
    assert(first <= dataset->count && count <= dataset->count - first);
    struct ws_dataset slice;
    struct ws_segment *room;
    WS_TRY(begin(dataset, dataset->segment_count, arena, &slice, &room, err));
    for (size_t s = 0; s < dataset->segment_count && slice.count < count; s++) {
        struct ws_segment segment = dataset->segments[s];
        if (first >= segment.count) {
            first -= segment.count;
            continue;
        }
        if (segment.pick)
            segment.pick += first;
        else
            segment.first += first;
        segment.count -= first;
        first = 0;
        if (segment.count > count - slice.count)
            segment.count = count - slice.count;
        add(&slice, room, segment);
    }
    *out = slice;
    return WS_OK;
}

enum ws_status ws_dataset_weigh(const struct ws_dataset *dataset, double weight,
                                struct ws_arena *arena, struct ws_dataset *out,
                                struct ws_error *err)
{
    struct ws_dataset weighed;
    struct ws_segment *room;
    WS_TRY(begin(dataset, dataset->segment_count, arena, &weighed, &room, err));
    for (size_t s = 0; s < dataset->segment_count; s++) {
        struct ws_segment segment = dataset->segments[s];
        segment.weight *= weight;
        assert(isfinite(segment.weight) && segment.weight > 0);
        add(&weighed, room, segment);
    }
    *out = weighed;
    return WS_OK;
}

bool ws_dataset_is_weighted(const struct ws_dataset *dataset)
{
    for (size_t s = 0; s < dataset->segment_count; s++)
        if (dataset->segments[s].weight != 1)
            return true;
    return false;
}

struct ws_dataset_weights ws_dataset_weights(const struct ws_dataset *dataset)
{
    struct ws_dataset_weights weights = {0, 0};
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *segment = &dataset->segments[s];
        double own = segment->weight * (double)segment->count;
        weights.sum += own;
        weights.squares += segment->weight * own;
    }
    return weights;
}

static bool comes_before(const struct ws_mix_part *part, const struct ws_origin *origin)
{
    if (part->source != origin->source)
        return part->source < origin->source;
    return part->depth < origin->depth;
}

enum ws_status ws_dataset_mix(const struct ws_dataset *dataset, struct ws_arena *arena,
                              struct ws_mix_part **parts, size_t *part_count, struct ws_error *err)
{
    struct ws_mix_part *mix = WS_ARENA_NEW(arena, struct ws_mix_part, dataset->segment_count);
    if (!mix)
        return ws_fail_memory(err, "the mix of a dataset");
    size_t size = 0;
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *segment = &dataset->segments[s];
        size_t at = 0;
        while (at < size && comes_before(&mix[at], &segment->origin))
            at++;
        if (at == size || mix[at].source != segment->origin.source ||
            mix[at].depth != segment->origin.depth) {
            memmove(&mix[at + 1], &mix[at], (size - at) * sizeof *mix);
            mix[at] = (struct ws_mix_part){segment->origin.source, segment->origin.depth, 0};
            size++;
        }
        mix[at].items += segment->count;
    }
    *parts = mix;
    *part_count = size;
    return WS_OK;
}

struct ws_dataset_lengths ws_dataset_lengths(const struct ws_dataset *dataset)
{
    struct ws_dataset_lengths lengths = {0, 0};
    assert(dataset->kind == WS_DATA_TOKENS);
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *segment = &dataset->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            size_t size;
            (void)ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            lengths.total += size;
            lengths.longest = size > lengths.longest ? size : lengths.longest;
        }
    }
    return lengths;
}
