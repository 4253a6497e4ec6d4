#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "data/dataset.h"
#include "support/effort.h"
#include "support/failing_heap.h"

/* With little effort too few to decide; they only run the code. */
static size_t trials(void)
{
    return by_effort(120, 12000, 12000);
}

static const struct ws_origin ORIGINAL = {.source = WS_SOURCE_ORIGINAL};
static const struct ws_origin FRESH = {.source = WS_SOURCE_FRESH};
static const struct ws_origin MODEL_7 = {WS_SOURCE_MODEL, 2, 7};

static int set_up(void **state)
{
    static struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ws_arena_release(*state);
    return 0;
}

static struct ws_rng test_rng(uint32_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_POLICY, 1, 0, 0), item);
    return rng;
}

/* Payloads of every kind. Symbols 0, 1, ..., so that a symbol tells which item it is. */
static const uint32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const struct ws_payload symbols = {
    .kind = WS_DATA_SYMBOLS, .count = 10, .types = 100, .symbols = numbers};
static const uint32_t count_types[] = {2, 40, 99};
static const uint64_t count_counts[] = {5, 1, 4};
static const struct ws_payload counts = {
    .kind = WS_DATA_COUNTS,
    .count = 10,
    .types = 100,
    .counts = {.type = count_types, .count = count_counts, .size = 3}};
static const double vector_values[] = {0.5, -1, 3e10, -0.0, 1e-300, 7};
static const struct ws_payload vectors = {
    .kind = WS_DATA_VECTORS, .count = 3, .dimension = 2, .vectors = vector_values};
static const uint32_t token_ids[] = {8, 0, 8, 1, 4, 4};
static const uint64_t token_ends[] = {3, 4, 6};
static const struct ws_payload tokens = {.kind = WS_DATA_TOKENS,
                                         .count = 3,
                                         .types = 9,
                                         .tokens = {.ids = token_ids, .ends = token_ends}};
static const struct ws_payload *const payloads[] = {&symbols, &counts, &vectors, &tokens};
enum { PAYLOADS = 4 };

static struct ws_dataset dataset_of(const struct ws_payload *payload, struct ws_origin origin,
                                    struct ws_arena *arena)
{
    struct ws_dataset dataset;
    assert_int_equal(ws_dataset_of(payload, origin, arena, &dataset, NULL), WS_OK);
    return dataset;
}

/* Twice the payload, original and then model 7's. */
static struct ws_dataset twice(const struct ws_payload *payload, struct ws_arena *arena)
{
    const struct ws_dataset parts[] = {dataset_of(payload, ORIGINAL, arena),
                                       dataset_of(payload, MODEL_7, arena)};
    struct ws_dataset dataset;
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &dataset, NULL), WS_OK);
    return dataset;
}

static struct ws_dataset subset(const struct ws_dataset *dataset, uint64_t count,
                                struct ws_rng *rng, struct ws_arena *arena)
{
    struct ws_dataset out;
    assert_int_equal(ws_dataset_subset(dataset, count, rng, arena, &out, NULL), WS_OK);
    return out;
}

/* The dataset's i-th symbol, found by walking. */
static uint32_t symbol_at(const struct ws_dataset *dataset, uint64_t i, struct ws_origin *origin)
{
    const struct ws_segment *segment = dataset->segments;
    for (; i >= segment->count; segment++)
        i -= segment->count;
    if (origin)
        *origin = segment->origin;
    return segment->payload->symbols[ws_segment_item(segment, i)];
}

static struct ws_payload type_counts(const struct ws_dataset *dataset, struct ws_arena *arena)
{
    struct ws_payload out;
    assert_int_equal(ws_dataset_type_counts(dataset, arena, &out, NULL), WS_OK);
    assert_int_equal(out.kind, WS_DATA_COUNTS);
    assert_int_equal(out.types, dataset->types);
    return out;
}

static void assert_counts(const struct ws_payload *payload, size_t size, const uint32_t *type,
                          const uint64_t *count)
{
    uint64_t sum = 0;
    assert_int_equal(payload->counts.size, size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(payload->counts.type[i], type[i]);
        assert_int_equal(payload->counts.count[i], count[i]);
        sum += count[i];
    }
    assert_int_equal(payload->count, sum);
}

/* Pearson's statistic; few trials do not decide. */
static void assert_fits(const unsigned *seen, const double *expected, size_t size, double critical)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
    if (effort() > EFFORT_SMALL)
        assert_true(sum < critical);
}

static void dataset__names_its_kinds_and_sources(void **state)
{
    (void)state;
    assert_string_equal(ws_data_kind_name(WS_DATA_UNKNOWN), "unknown");
    assert_string_equal(ws_data_kind_name(WS_DATA_SYMBOLS), "symbols");
    assert_string_equal(ws_data_kind_name(WS_DATA_COUNTS), "counts");
    assert_string_equal(ws_data_kind_name(WS_DATA_VECTORS), "vectors");
    assert_string_equal(ws_data_kind_name(WS_DATA_TOKENS), "token sequences");
    assert_string_equal(ws_source_name(WS_SOURCE_UNKNOWN), "unknown");
    assert_string_equal(ws_source_name(WS_SOURCE_ORIGINAL), "original");
    assert_string_equal(ws_source_name(WS_SOURCE_FRESH), "fresh");
    assert_string_equal(ws_source_name(WS_SOURCE_MODEL), "model");
}

static void dataset__of_a_payload_is_one_segment(void **state)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset dataset = dataset_of(payloads[i], MODEL_7, *state);
        assert_int_equal(dataset.kind, payloads[i]->kind);
        assert_int_equal(dataset.types, payloads[i]->types);
        assert_int_equal(dataset.dimension, payloads[i]->dimension);
        assert_int_equal(dataset.count, payloads[i]->count);
        assert_int_equal(dataset.segment_count, 1);
        assert_ptr_equal(dataset.segments[0].payload, payloads[i]);
        assert_int_equal(dataset.segments[0].origin.model, 7);
    }
}

static void dataset__concat_keeps_order_and_skips_the_empty(void **state)
{
    const struct ws_dataset parts[] = {
        {.kind = WS_DATA_UNKNOWN},
        dataset_of(&symbols, FRESH, *state),
        {.kind = WS_DATA_SYMBOLS, .types = 100},
        dataset_of(&symbols, MODEL_7, *state),
    };
    struct ws_dataset all;
    assert_int_equal(ws_dataset_concat(parts, 4, *state, &all, NULL), WS_OK);
    assert_int_equal(all.kind, WS_DATA_SYMBOLS);
    assert_int_equal(all.types, 100);
    assert_int_equal(all.count, 20);
    assert_int_equal(all.segment_count, 2);
    for (uint32_t i = 0; i < 20; i++) {
        struct ws_origin origin;
        assert_int_equal(symbol_at(&all, i, &origin), i % 10);
        assert_int_equal(origin.source, i < 10 ? WS_SOURCE_FRESH : WS_SOURCE_MODEL);
    }
    assert_int_equal(ws_dataset_concat(parts + 2, 1, *state, &all, NULL), WS_OK);
    assert_int_equal(all.count, 0);
    assert_int_equal(all.types, 100);
}

static void dataset__subset_keeps_order_and_origin(void **state)
{
    struct ws_dataset all = twice(&symbols, *state);
    struct ws_rng rng = test_rng(0);
    for (uint64_t count = 0; count <= 20; count++) {
        struct ws_dataset some = subset(&all, count, &rng, *state);
        assert_int_equal(some.count, count);
        uint32_t least = 0; /* place in `all` that the next item may have */
        for (uint64_t i = 0; i < count; i++) {
            struct ws_origin origin;
            uint32_t place = symbol_at(&some, i, &origin);
            place += origin.source == WS_SOURCE_MODEL ? 10 : 0;
            assert_true(place >= least);
            least = place + 1;
        }
    }
}

static void dataset__subset_takes_every_pair_equally_often(void **state)
{
    const struct ws_payload five = {
        .kind = WS_DATA_SYMBOLS, .count = 5, .types = 5, .symbols = numbers};
    struct ws_dataset all = dataset_of(&five, ORIGINAL, *state);
    unsigned seen[25] = {0}, pairs[10];
    double expected[10];
    struct ws_rng rng = test_rng(1);
    for (size_t i = 0; i < trials(); i++) {
        struct ws_dataset pair = subset(&all, 2, &rng, *state);
        seen[5 * symbol_at(&pair, 0, NULL) + symbol_at(&pair, 1, NULL)]++;
    }
    size_t size = 0;
    for (size_t a = 0; a < 5; a++)
        for (size_t b = a + 1; b < 5; b++)
            pairs[size++] = seen[5 * a + b];
    for (size_t i = 0; i < 10; i++)
        expected[i] = (double)trials() / 10;
    assert_fits(pairs, expected, 10, 27.88); /* 9 degrees of freedom, 0.1 % */
}

static void dataset__subset_of_a_subset_follows_its_picks(void **state)
{
    struct ws_dataset all = twice(&symbols, *state);
    struct ws_rng rng = test_rng(2);
    struct ws_dataset twelve = subset(&all, 12, &rng, *state);
    struct ws_dataset five = subset(&twelve, 5, &rng, *state);
    assert_int_equal(five.count, 5);
    for (uint64_t i = 0; i < 5; i++) {
        struct ws_origin origin, other;
        uint32_t symbol = symbol_at(&five, i, &origin);
        bool found = false;
        for (uint64_t j = 0; j < 12; j++)
            found |= symbol_at(&twelve, j, &other) == symbol && other.source == origin.source;
        assert_true(found);
    }
}

static void dataset__subset_larger_than_the_whole_is_refused(void **state)
{
    struct ws_rng rng = test_rng(3);
    struct ws_error err;
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset all = dataset_of(payloads[i], ORIGINAL, *state), out;
        assert_int_equal(ws_dataset_subset(&all, all.count + 1, &rng, *state, &out, &err),
                         WS_INVALID);
    }
    assert_string_equal(err.message, "a subset of 4 items from 3");
}

static void dataset__subset_of_counts_has_its_size_and_is_within(void **state)
{
    struct ws_dataset all = twice(&counts, *state);
    struct ws_rng rng = test_rng(4);
    for (uint64_t count = 0; count <= 20; count++) {
        struct ws_dataset some = subset(&all, count, &rng, *state);
        assert_int_equal(some.count, count);
        for (size_t s = 0; s < some.segment_count; s++) {
            const struct ws_payload *payload = some.segments[s].payload;
            uint64_t sum = 0;
            for (size_t i = 0; i < payload->counts.size; i++) {
                uint32_t type = payload->counts.type[i];
                assert_true(i == 0 || payload->counts.type[i - 1] < type);
                uint64_t most = type == 2 ? 5 : type == 40 ? 1 : type == 99 ? 4 : 0;
                assert_in_range(payload->counts.count[i], 1, most);
                sum += payload->counts.count[i];
            }
            assert_int_equal(sum, some.segments[s].count);
        }
    }
    struct ws_dataset whole = subset(&all, 20, &rng, *state);
    assert_counts(whole.segments[1].payload, 3, count_types, count_counts);
}

/* 2 of {a, a, b} and {c}: the law over all four items at once is aa 1/6, ab 2/6, ac 2/6, bc 1/6. */
static void dataset__subset_of_counts_follows_the_hypergeometric_law(void **state)
{
    const uint32_t type[] = {0, 1}, last[] = {2};
    const uint64_t count[] = {2, 1}, one[] = {1};
    const struct ws_payload first = {.kind = WS_DATA_COUNTS,
                                     .count = 3,
                                     .types = 3,
                                     .counts = {.type = type, .count = count, .size = 2}};
    const struct ws_payload second = {.kind = WS_DATA_COUNTS,
                                      .count = 1,
                                      .types = 3,
                                      .counts = {.type = last, .count = one, .size = 1}};
    const struct ws_dataset parts[] = {dataset_of(&first, ORIGINAL, *state),
                                       dataset_of(&second, FRESH, *state)};
    struct ws_dataset all;
    assert_int_equal(ws_dataset_concat(parts, 2, *state, &all, NULL), WS_OK);
    unsigned seen[4] = {0};
    struct ws_rng rng = test_rng(5);
    for (size_t i = 0; i < trials(); i++) {
        struct ws_dataset pair = subset(&all, 2, &rng, *state);
        struct ws_payload got = type_counts(&pair, *state);
        uint64_t of[3] = {0};
        for (size_t t = 0; t < got.counts.size; t++)
            of[got.counts.type[t]] = got.counts.count[t];
        seen[of[0] == 2 ? 0 : of[2] == 0 ? 1 : of[0] == 1 ? 2 : 3]++;
    }
    const double tries = (double)trials();
    const double expected[] = {tries / 6, tries / 3, tries / 3, tries / 6};
    assert_int_equal(seen[0] + seen[1] + seen[2] + seen[3], trials());
    assert_fits(seen, expected, 4, 16.27); /* 3 degrees of freedom, 0.1 % */
}

static void dataset__slice_is_a_run_of_items(void **state)
{
    struct ws_dataset all = twice(&symbols, *state);
    struct ws_rng rng = test_rng(6);
    const struct ws_dataset from[] = {all, subset(&all, 13, &rng, *state)};
    for (size_t d = 0; d < 2; d++) {
        for (uint64_t first = 0; first <= from[d].count; first++) {
            for (uint64_t count = 0; count <= from[d].count - first; count++) {
                struct ws_dataset slice;
                assert_int_equal(ws_dataset_slice(&from[d], first, count, *state, &slice, NULL),
                                 WS_OK);
                assert_int_equal(slice.count, count);
                for (uint64_t i = 0; i < count; i++) {
                    struct ws_origin origin, wanted;
                    assert_int_equal(symbol_at(&slice, i, &origin),
                                     symbol_at(&from[d], first + i, &wanted));
                    assert_int_equal(origin.source, wanted.source);
                }
            }
        }
    }
}

static void dataset__mix_adds_up_by_source_and_depth(void **state)
{
    const struct ws_origin origins[] = {
        {WS_SOURCE_MODEL, 3, 8}, {WS_SOURCE_ORIGINAL, 0, 0}, {WS_SOURCE_MODEL, 1, 5},
        {WS_SOURCE_MODEL, 3, 9}, {WS_SOURCE_UNKNOWN, 0, 0},
    };
    struct ws_dataset parts[5], all;
    for (size_t i = 0; i < 5; i++)
        parts[i] = dataset_of(&symbols, origins[i], *state);
    assert_int_equal(ws_dataset_slice(&parts[2], 1, 4, *state, &parts[2], NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(parts, 5, *state, &all, NULL), WS_OK);
    struct ws_mix_part *mix;
    size_t size;
    assert_int_equal(ws_dataset_mix(&all, *state, &mix, &size, NULL), WS_OK);
    const struct ws_mix_part wanted[] = {{WS_SOURCE_UNKNOWN, 0, 10},
                                         {WS_SOURCE_ORIGINAL, 0, 10},
                                         {WS_SOURCE_MODEL, 1, 4},
                                         {WS_SOURCE_MODEL, 3, 20}};
    assert_int_equal(size, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mix[i].source, wanted[i].source);
        assert_int_equal(mix[i].depth, wanted[i].depth);
        assert_int_equal(mix[i].items, wanted[i].items);
    }
    assert_int_equal(all.depth, 3);
    assert_int_equal(parts[1].depth, 0);
}

static void dataset__type_counts_of_tokens_count_tokens(void **state)
{
    struct ws_dataset all = twice(&tokens, *state);
    struct ws_payload got = type_counts(&all, *state);
    assert_counts(&got, 4, (const uint32_t[]){0, 1, 4, 8}, (const uint64_t[]){2, 2, 4, 4});

    const uint32_t picks[] = {0, 2};
    const struct ws_segment segment = {ORIGINAL, &tokens, 0, 2, picks, 1};
    const struct ws_dataset picked = {
        .kind = WS_DATA_TOKENS, .types = 9, .count = 2, .segment_count = 1, .segments = &segment};
    got = type_counts(&picked, *state);
    assert_counts(&got, 3, (const uint32_t[]){0, 4, 8}, (const uint64_t[]){1, 2, 2});
}

static void dataset__type_counts_of_counts_add_up(void **state)
{
    struct ws_dataset one = dataset_of(&counts, ORIGINAL, *state);
    struct ws_dataset all = twice(&counts, *state);
    struct ws_payload got = type_counts(&one, *state);
    assert_counts(&got, 3, count_types, count_counts);
    got = type_counts(&all, *state);
    assert_counts(&got, 3, count_types, (const uint64_t[]){10, 2, 8});
}

static void dataset__type_counts_of_nothing_are_empty(void **state)
{
    const struct ws_dataset empty = {.kind = WS_DATA_SYMBOLS, .types = 1u << 31};
    struct ws_payload got = type_counts(&empty, *state);
    assert_counts(&got, 0, NULL, NULL);
}

/* The same occurrences among few types (counters) and, 2^22 apart, among many (sorting). */
static void dataset__type_counts_do_not_depend_on_how_many_types_there_are(void **state)
{
    enum { ITEMS = 1000, TYPES = 300 };
    uint32_t few[ITEMS], many[ITEMS];
    uint64_t wanted[TYPES] = {0};
    struct ws_rng rng = test_rng(7);
    for (size_t i = 0; i < ITEMS; i++) {
        few[i] = (uint32_t)ws_rng_below(&rng, TYPES);
        many[i] = few[i] << 22;
        wanted[few[i]]++;
    }
    const struct ws_payload both[] = {
        {.kind = WS_DATA_SYMBOLS, .count = ITEMS, .types = TYPES, .symbols = few},
        {.kind = WS_DATA_SYMBOLS, .count = ITEMS, .types = TYPES << 22, .symbols = many},
    };
    for (size_t p = 0; p < 2; p++) {
        struct ws_dataset all = dataset_of(&both[p], ORIGINAL, *state);
        struct ws_payload got = type_counts(&all, *state);
        size_t at = 0;
        for (uint32_t t = 0; t < TYPES; t++) {
            if (wanted[t] == 0)
                continue;
            assert_true(at < got.counts.size);
            assert_int_equal(got.counts.type[at], p == 0 ? t : t << 22);
            assert_int_equal(got.counts.count[at++], wanted[t]);
        }
        assert_int_equal(at, got.counts.size);
        assert_int_equal(got.count, ITEMS);
    }
}

static void dataset__payload_of_counts_leaves_out_zeros(void **state)
{
    const uint64_t dense[] = {0, 3, 0, 1};
    const uint32_t type[] = {5, 6, 8, 9};
    struct ws_payload got;
    assert_int_equal(ws_payload_of_counts(NULL, dense, 4, 4, *state, &got, NULL), WS_OK);
    assert_counts(&got, 2, (const uint32_t[]){1, 3}, (const uint64_t[]){3, 1});
    assert_int_equal(ws_payload_of_counts(type, dense, 4, 10, *state, &got, NULL), WS_OK);
    assert_counts(&got, 2, (const uint32_t[]){6, 9}, (const uint64_t[]){3, 1});
    assert_int_equal(got.types, 10);
}

static struct ws_buffer written(const struct ws_dataset *dataset)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, 1 << 20);
    ws_dataset_write(dataset, &out);
    assert_int_equal(out.status, WS_OK);
    return out;
}

static enum ws_status read_back(const void *bytes, size_t size, struct ws_arena *arena,
                                struct ws_dataset *out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, ws_bytes_of(bytes, size));
    enum ws_status status = ws_dataset_read(&in, arena, out, err);
    if (status == WS_OK)
        assert_true(ws_reader_at_end(&in));
    return status;
}

static void assert_same_bytes(const struct ws_buffer *a, const struct ws_buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

/* docs/formats/dataset.md */
static const uint8_t example[50] = {
    0x57, 0x53, 0x44, 0x53, 1, 0, 0, 0, 1, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* header */
    3,    2,    0,    0,    0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* segment */
    3,    0,    0,    0,    1, 0, 0, 0,
};

static void dataset__stored_form_is_the_documented_one(void **state)
{
    const uint32_t ids[] = {3, 1};
    const struct ws_payload payload = {
        .kind = WS_DATA_SYMBOLS, .count = 2, .types = 5, .symbols = ids};
    struct ws_dataset dataset = dataset_of(&payload, MODEL_7, *state);
    struct ws_buffer out = written(&dataset);
    assert_int_equal(out.size, sizeof example);
    assert_memory_equal(out.data, example, sizeof example);
    ws_buffer_release(&out);
}

static void dataset__every_kind_survives_a_round_trip(void **state)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset before = twice(payloads[i], *state), after;
        struct ws_buffer first = written(&before);
        assert_int_equal(read_back(first.data, first.size, *state, &after, NULL), WS_OK);
        assert_int_equal(after.kind, before.kind);
        assert_int_equal(after.types, before.types);
        assert_int_equal(after.dimension, before.dimension);
        assert_int_equal(after.count, before.count);
        assert_int_equal(after.segment_count, 2);
        assert_int_equal(after.segments[1].origin.source, WS_SOURCE_MODEL);
        assert_int_equal(after.segments[1].origin.depth, 2);
        assert_int_equal(after.segments[1].origin.model, 7);
        struct ws_buffer second = written(&after);
        assert_same_bytes(&first, &second);
        ws_buffer_release(&first);
        ws_buffer_release(&second);
    }
}

/* Two segments, of weights 1 and 0.25. */
static struct ws_dataset weighed(const struct ws_payload *payload, struct ws_arena *arena)
{
    struct ws_dataset parts[] = {dataset_of(payload, ORIGINAL, arena),
                                 dataset_of(payload, MODEL_7, arena)};
    struct ws_dataset all;
    assert_int_equal(ws_dataset_weigh(&parts[1], 0.25, arena, &parts[1], NULL), WS_OK);
    assert_int_equal(ws_dataset_concat(parts, 2, arena, &all, NULL), WS_OK);
    return all;
}

static void assert_weighed(const struct ws_dataset *dataset)
{
    assert_true(ws_dataset_is_weighted(dataset));
    for (size_t s = 0; s < dataset->segment_count; s++) {
        const struct ws_segment *segment = &dataset->segments[s];
        assert_true(segment->weight == (segment->origin.source == WS_SOURCE_MODEL ? 0.25 : 1));
    }
}

static void dataset__items_keep_their_weight(void **state)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset before = weighed(payloads[i], *state), after;
        struct ws_rng rng;
        assert_weighed(&before);
        ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
        uint64_t most = before.count - 1; /* so that both segments are drawn from */
        assert_int_equal(ws_dataset_subset(&before, most, &rng, *state, &after, NULL), WS_OK);
        assert_int_equal(after.segment_count, 2);
        assert_weighed(&after);
        if (before.kind != WS_DATA_COUNTS) {
            assert_int_equal(ws_dataset_slice(&before, 1, most, *state, &after, NULL), WS_OK);
            assert_int_equal(after.segment_count, 2);
            assert_weighed(&after);
        }
        struct ws_buffer first = written(&before);
        assert_int_equal(read_back(first.data, first.size, *state, &after, NULL), WS_OK);
        assert_int_equal(after.segment_count, 2);
        assert_weighed(&after);
        struct ws_buffer second = written(&after);
        assert_same_bytes(&first, &second);
        ws_buffer_release(&first);
        ws_buffer_release(&second);
    }
}

static void dataset__weights_add_up(void **state)
{
    struct ws_dataset all = weighed(&tokens, *state);
    struct ws_dataset_weights weights = ws_dataset_weights(&all);
    double each = (double)tokens.count;
    assert_true(weights.sum == each * 1.25);
    assert_true(weights.squares == each * (1 + 0.0625));
    struct ws_dataset plain = twice(&tokens, *state);
    assert_false(ws_dataset_is_weighted(&plain));
    assert_true(ws_dataset_weights(&plain).sum == (double)plain.count);
}

static void dataset__impossible_weights_are_refused(void **state)
{
    static const struct {
        double weight;
        const char *message;
    } cases[] = {
        {0, "dataset: a weight is not finite or not above 0"},
        {-1, "dataset: a weight is not finite or not above 0"},
        {INFINITY, "dataset: a weight is not finite or not above 0"},
        {NAN, "dataset: a weight is not finite or not above 0"},
        {1, "dataset: of version 2, and every item weighs 1"},
    };
    struct ws_dataset one = dataset_of(&symbols, ORIGINAL, *state), after;
    assert_int_equal(ws_dataset_weigh(&one, 0.5, *state, &one, NULL), WS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_buffer out = written(&one);
        struct ws_error err;
        memcpy(out.data + 42, &cases[i].weight, sizeof(double));
        assert_int_equal(read_back(out.data, out.size, *state, &after, &err), WS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        ws_buffer_release(&out);
    }
}

static void dataset__an_empty_one_survives_a_round_trip(void **state)
{
    const struct ws_dataset empty = {.kind = WS_DATA_VECTORS, .dimension = 3};
    struct ws_dataset after;
    struct ws_buffer out = written(&empty);
    assert_int_equal(read_back(out.data, out.size, *state, &after, NULL), WS_OK);
    assert_int_equal(after.kind, WS_DATA_VECTORS);
    assert_int_equal(after.dimension, 3);
    assert_int_equal(after.count, 0);
    ws_buffer_release(&out);
}

static void dataset__only_picked_items_are_stored(void **state)
{
    const uint32_t picks[] = {0, 2};
    for (size_t i = 0; i < PAYLOADS; i++) {
        if (payloads[i]->kind == WS_DATA_COUNTS)
            continue;
        const struct ws_segment segment = {ORIGINAL, payloads[i], 0, 2, picks, 1};
        const struct ws_dataset picked = {.kind = payloads[i]->kind,
                                          .types = payloads[i]->types,
                                          .dimension = payloads[i]->dimension,
                                          .count = 2,
                                          .segment_count = 1,
                                          .segments = &segment};
        struct ws_dataset after;
        struct ws_buffer out = written(&picked);
        assert_int_equal(read_back(out.data, out.size, *state, &after, NULL), WS_OK);
        const struct ws_payload *payload = after.segments[0].payload;
        assert_int_equal(payload->count, 2);
        if (payload->kind == WS_DATA_SYMBOLS)
            assert_int_equal(payload->symbols[1], 2);
        if (payload->kind == WS_DATA_VECTORS)
            assert_memory_equal(payload->vectors + 2, vector_values + 4, 2 * sizeof(double));
        if (payload->kind == WS_DATA_TOKENS) {
            assert_int_equal(payload->tokens.ends[1], 5);
            assert_int_equal(payload->tokens.ids[4], 4);
        }
        ws_buffer_release(&out);
    }
}

static void dataset__every_truncation_is_refused(void **state)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset dataset = weighed(payloads[i], *state), after;
        struct ws_buffer out = written(&dataset);
        for (size_t size = 0; size < out.size; size++)
            assert_int_equal(read_back(out.data, size, *state, &after, NULL), WS_CORRUPT);
        ws_buffer_release(&out);
    }
}

/* No byte can be changed so that the reader takes it for the stored form of something else than
 * what it returns. */
static void dataset__what_is_read_is_what_was_stored(void **state)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset dataset = twice(payloads[i], *state), after;
        struct ws_buffer out = written(&dataset);
        for (size_t at = 0; at < out.size; at++) {
            for (unsigned change = 1; change < 256; change += 1 + change) {
                out.data[at] = (char)(out.data[at] ^ (char)change);
                struct ws_reader in;
                ws_reader_init(&in, ws_buffer_bytes(&out));
                if (ws_dataset_read(&in, *state, &after, NULL) == WS_OK) {
                    struct ws_buffer again = written(&after);
                    assert_int_equal(again.size, out.size - in.left);
                    assert_memory_equal(again.data, out.data, again.size);
                    ws_buffer_release(&again);
                }
                out.data[at] = (char)(out.data[at] ^ (char)change);
            }
        }
        ws_buffer_release(&out);
    }
}

struct hostile {
    size_t offset;
    uint8_t byte;
    enum ws_status status;
    const char *message;
};

static void dataset__hostile_bytes_are_refused_by_name(void **state)
{
    static const struct hostile cases[] = {
        {0, 'X', WS_CORRUPT, "dataset: does not start with 'WSDS'"},
        {4, 3, WS_UNSUPPORTED, "dataset: version 3; this program reads 1 and 2"},
        {4, 2, WS_CORRUPT, "dataset: ends before its ids"},
        {8, 0, WS_CORRUPT, "dataset: of no known kind"},
        {8, 5, WS_CORRUPT, "dataset: of no known kind"},
        {9, 3, WS_CORRUPT, "dataset: id 3 of 3 types"},
        {13, 2, WS_CORRUPT, "dataset: ends before its segments"},
        {20, 255, WS_CORRUPT, "dataset: ends before its segments"},
        {21, 4, WS_CORRUPT, "dataset: an origin of no known source"},
        {21, 1, WS_CORRUPT, "dataset: human items with the depth of a model's output"},
        {22, 0, WS_CORRUPT, "dataset: a model's output with the depth of human items"},
        {34, 0, WS_CORRUPT, "dataset: a segment of no or too many items"},
        {34, 3, WS_CORRUPT, "dataset: ends before its ids"},
        {41, 255, WS_CORRUPT, "dataset: a segment of no or too many items"},
        {41, 32, WS_CORRUPT, "dataset: ends before its ids"},
        {43, 1, WS_CORRUPT, "dataset: id 259 of 5 types"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[sizeof example];
        memcpy(bytes, example, sizeof bytes);
        bytes[cases[i].offset] = cases[i].byte;
        struct ws_dataset after;
        struct ws_error err;
        assert_int_equal(read_back(bytes, sizeof bytes, *state, &after, &err), cases[i].status);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void assert_refused(const struct ws_payload *payload, const char *message,
                           struct ws_arena *arena)
{
    struct ws_dataset dataset = dataset_of(payload, ORIGINAL, arena), after;
    struct ws_buffer out = written(&dataset);
    struct ws_error err;
    assert_int_equal(read_back(out.data, out.size, arena, &after, &err), WS_CORRUPT);
    assert_string_equal(err.message, message);
    ws_buffer_release(&out);
}

/* Written from payloads that break the rules. */
static void dataset__impossible_items_are_refused(void **state)
{
    static const struct {
        uint32_t type[2];
        uint64_t count[2], items;
        const char *message;
    } cases[] = {
        {{4, 4}, {1, 1}, 2, "dataset: types do not ascend"},
        {{4, 3}, {1, 1}, 2, "dataset: types do not ascend"},
        {{3, 9}, {1, 1}, 2, "dataset: id 9 of 9 types"},
        {{3, 4}, {0, 2}, 2, "dataset: a type occurs 0 times"},
        {{3, 4}, {1, 2}, 2, "dataset: counts sum to more than its items"},
        {{3, 4}, {3, UINT64_MAX}, 2, "dataset: counts sum to more than its items"},
        {{3, 4}, {1, 2}, 4, "dataset: counts sum to less than its items"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ws_payload bad = {
            .kind = WS_DATA_COUNTS,
            .count = cases[i].items,
            .types = 9,
            .counts = {.type = cases[i].type, .count = cases[i].count, .size = 2}};
        assert_refused(&bad, cases[i].message, *state);
    }
    const double infinite[] = {1, INFINITY};
    const struct ws_payload far = {
        .kind = WS_DATA_VECTORS, .count = 1, .dimension = 2, .vectors = infinite};
    assert_refused(&far, "dataset: a vector is not finite", *state);
    const uint64_t ends[] = {2, 2};
    const struct ws_payload hollow = {
        .kind = WS_DATA_TOKENS, .count = 2, .types = 9, .tokens = {.ids = token_ids, .ends = ends}};
    assert_refused(&hollow, "dataset: a token sequence is empty or ends before it begins", *state);
}

/* Everything that allocates, once. */
static enum ws_status work(struct ws_arena *arena)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        struct ws_dataset one, all, some, slice, after;
        struct ws_rng rng = test_rng(8);
        WS_TRY(ws_dataset_of(payloads[i], ORIGINAL, arena, &one, NULL));
        const struct ws_dataset parts[] = {one, one};
        WS_TRY(ws_dataset_concat(parts, 2, arena, &all, NULL));
        WS_TRY(ws_dataset_subset(&all, 3, &rng, arena, &some, NULL));
        if (one.kind != WS_DATA_COUNTS)
            WS_TRY(ws_dataset_slice(&all, 2, 2, arena, &slice, NULL));
        struct ws_mix_part *mix;
        size_t size;
        WS_TRY(ws_dataset_mix(&all, arena, &mix, &size, NULL));
        struct ws_payload got;
        if (one.kind != WS_DATA_VECTORS)
            WS_TRY(ws_dataset_type_counts(&all, arena, &got, NULL));
        struct ws_dataset wide = all;
        wide.types = UINT32_MAX;
        if (one.kind == WS_DATA_SYMBOLS)
            WS_TRY(ws_dataset_type_counts(&wide, arena, &got, NULL));
        struct ws_buffer out = written(&all);
        enum ws_status status = read_back(out.data, out.size, arena, &after, NULL);
        ws_buffer_release(&out);
        WS_TRY(status);
    }
    return WS_OK;
}

static void dataset__every_failing_allocation_is_reported(void **state)
{
    (void)state;
    enum ws_status status = WS_NO_MEMORY;
    long failures = 0;
    for (long n = 0; status == WS_NO_MEMORY; n++) {
        struct failing_heap heap = {.countdown = n};
        const struct ws_allocator allocator = {failing_realloc, &heap};
        struct ws_arena arena;
        ws_arena_init(&arena, &allocator);
        status = work(&arena);
        ws_arena_release(&arena);
        assert_true(failing_heap_is_clean(&heap));
        assert_int_equal(status == WS_OK, heap.failures == 0);
        failures = n;
    }
    assert_int_equal(status, WS_OK);
    assert_true(failures > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(dataset__##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_its_kinds_and_sources),
        TEST(of_a_payload_is_one_segment),
        TEST(concat_keeps_order_and_skips_the_empty),
        TEST(subset_keeps_order_and_origin),
        TEST(subset_takes_every_pair_equally_often),
        TEST(subset_of_a_subset_follows_its_picks),
        TEST(subset_larger_than_the_whole_is_refused),
        TEST(subset_of_counts_has_its_size_and_is_within),
        TEST(subset_of_counts_follows_the_hypergeometric_law),
        TEST(slice_is_a_run_of_items),
        TEST(mix_adds_up_by_source_and_depth),
        TEST(type_counts_of_tokens_count_tokens),
        TEST(type_counts_of_counts_add_up),
        TEST(type_counts_of_nothing_are_empty),
        TEST(type_counts_do_not_depend_on_how_many_types_there_are),
        TEST(payload_of_counts_leaves_out_zeros),
        TEST(stored_form_is_the_documented_one),
        TEST(every_kind_survives_a_round_trip),
        TEST(items_keep_their_weight),
        TEST(weights_add_up),
        TEST(impossible_weights_are_refused),
        TEST(an_empty_one_survives_a_round_trip),
        TEST(only_picked_items_are_stored),
        TEST(every_truncation_is_refused),
        TEST(what_is_read_is_what_was_stored),
        TEST(hostile_bytes_are_refused_by_name),
        TEST(impossible_items_are_refused),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
