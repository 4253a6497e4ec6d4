#include "lab/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RECORDS_LIMIT = 1 << 28, NUMBER_DIGITS = 18 };

/* A metric that was named: where its stem and its definition lie, as offsets, for what they lie in
 * may move; and its sample size when it last came. */
struct key {
    size_t stem, definition;
    uint64_t n;
};

static void init_keys(struct ws_record_keys *keys, const struct ws_allocator *allocator)
{
    ws_buffer_init(&keys->known, allocator, RECORDS_LIMIT);
    keys->next = 0;
}

static void forget_keys(struct ws_record_keys *keys)
{
    ws_buffer_reset(&keys->known);
    keys->next = 0;
}

static size_t key_count(const struct ws_record_keys *keys)
{
    return keys->known.size / sizeof(struct key);
}

static struct key *key_at(const struct ws_record_keys *keys, size_t i)
{
    return (struct key *)(void *)keys->known.data + i;
}

/* Writing -------------------------------------------------------------------------------------- */

void ws_records_init(struct ws_records *records, const struct ws_allocator *allocator)
{
    ws_buffer_init(&records->bytes, allocator, RECORDS_LIMIT);
    init_keys(&records->keys, allocator);
}

void ws_records_reset(struct ws_records *records)
{
    ws_buffer_reset(&records->bytes);
    forget_keys(&records->keys);
}

void ws_records_release(struct ws_records *records)
{
    ws_buffer_release(&records->bytes);
    ws_buffer_release(&records->keys.known);
}

/* Learns the keys of what is in `records`. */
static enum ws_status learn(struct ws_records *records, struct ws_error *err)
{
    struct ws_records_reader reader;
    struct ws_record record;
    bool more;
    ws_records_open(&reader, ws_buffer_bytes(&records->bytes), records->bytes.allocator);
    enum ws_status status = ws_records_next_generation(&reader, &more, err);
    while (status == WS_OK && more) {
        while (status == WS_OK && more)
            status = ws_records_next(&reader, &record, &more, err);
        if (status == WS_OK)
            status = ws_records_next_generation(&reader, &more, err);
    }
    ws_buffer_release(&records->keys.known);
    records->keys = reader.keys;
    return status;
}

enum ws_status ws_records_resume(struct ws_records *records, struct ws_bytes bytes,
                                 struct ws_error *err)
{
    ws_buffer_append(&records->bytes, bytes.data, bytes.size);
    WS_TRY(ws_buffer_check(&records->bytes, "the metric records", err));
    return learn(records, err);
}

void ws_records_cut(struct ws_records *records, size_t size)
{
    ws_buffer_reset(&records->keys.known);
    records->bytes.size = size; /* what stands before it is whole, even where an append failed */
    records->bytes.status = WS_OK;
    if (learn(records, NULL) != WS_OK)
        records->bytes.status = WS_NO_MEMORY;
}

void ws_records_begin(struct ws_records *records, uint32_t generation)
{
    ws_buffer_varint(&records->bytes, generation);
    records->keys.next = 0;
}

/* The digits at the end of a name as a number, and where they begin. A number has one form alone:
 * no zeros in front, and not more digits than surely fit. */
static size_t split_name(const char *name, uint64_t *number, bool *numbered)
{
    size_t size = strlen(name), stem = size;
    while (stem > 0 && size - stem < NUMBER_DIGITS && name[stem - 1] >= '0' &&
           name[stem - 1] <= '9')
        stem--;
    while (stem + 1 < size && name[stem] == '0')
        stem++;
    *number = 0;
    for (size_t i = stem; i < size; i++)
        *number = 10 * *number + (uint64_t)(name[i] - '0');
    *numbered = stem < size;
    return stem;
}

static bool is_key(const struct ws_records *records, const struct key *key, const char *name,
                   size_t stem, const char *definition)
{
    const char *bytes = records->bytes.data, *known = bytes + key->stem;
    if (stem > 0 && *known != *name) /* most others: floors lie between mix and metrics */
        return false;
    return strncmp(known, name, stem) == 0 && known[stem] == '\0' &&
           strcmp(bytes + key->definition, definition) == 0;
}

/* The number of a key, or the count of keys when it is new. Metrics come in the same order at every
 * generation, so the one behind the last is tried first. */
static size_t find_key(const struct ws_records *records, const char *name, size_t stem,
                       const char *definition)
{
    size_t count = key_count(&records->keys);
    for (size_t i = 0; i < count; i++) {
        size_t at = (records->keys.next + i) % count;
        if (is_key(records, key_at(&records->keys, at), name, stem, definition))
            return at;
    }
    return count;
}

static void add_key(struct ws_records *records, const char *name, size_t stem,
                    const char *definition)
{
    struct ws_buffer *out = &records->bytes;
    struct key key = {.stem = out->size, .definition = out->size + stem + 1, .n = UINT64_MAX};
    ws_buffer_append(out, name, stem);
    ws_buffer_append(out, "", 1);
    ws_buffer_append(out, definition, strlen(definition) + 1);
    ws_buffer_append(&records->keys.known, &key, sizeof key);
}

void ws_records_add(struct ws_records *records, const char *metric, const char *definition,
                    uint64_t n, double value)
{
    struct ws_buffer *out = &records->bytes;
    uint64_t number;
    bool numbered;
    if (out->status != WS_OK)
        return;
    size_t stem = split_name(metric, &number, &numbered);
    size_t at = find_key(records, metric, stem, definition);
    ws_buffer_varint(out, at + 1);
    if (at == key_count(&records->keys))
        add_key(records, metric, stem, definition);
    if (out->status != WS_OK || records->keys.known.status != WS_OK)
        return;
    struct key *key = key_at(&records->keys, at);
    ws_buffer_varint(out, numbered ? number + 1 : 0);
    ws_buffer_varint(out, n == key->n ? 0 : n + 1);
    ws_buffer_f64(out, value);
    key->n = n;
    records->keys.next = at + 1;
}

enum ws_status ws_records_end(struct ws_records *records, struct ws_error *err)
{
    ws_buffer_varint(&records->bytes, 0);
    WS_TRY(ws_buffer_check(&records->keys.known, "the metric records", err));
    return ws_buffer_check(&records->bytes, "the metric records", err);
}

/* How many parts from the first on are consecutive depths of one source with equally many items. */
static size_t equal_depths(const struct ws_mix_part *parts, size_t count)
{
    size_t n = 1;
    while (n < count && parts[n].source == parts[0].source &&
           parts[n].depth == parts[n - 1].depth + 1 && parts[n].items == parts[0].items)
        n++;
    return n;
}

static uint64_t human_items(const struct ws_mix_part *parts, size_t count)
{
    uint64_t items = 0;
    for (size_t i = 0; i < count; i++)
        if (parts[i].source == WS_SOURCE_ORIGINAL || parts[i].source == WS_SOURCE_FRESH)
            items += parts[i].items;
    return items;
}

static void add_share(struct ws_records *records, const char *name, uint64_t part, uint64_t items)
{
    ws_records_add(records, name, WS_MIX_DEFINITION, items, (double)part / (double)items);
}

void ws_record_mix(struct ws_records *records, const struct ws_mix_part *parts, size_t part_count,
                   uint64_t items, bool whole_pool)
{
    add_share(records, "mix/human", human_items(parts, part_count), items);
    for (size_t i = 0, n; i < part_count; i += n) {
        const struct ws_mix_part *first = &parts[i];
        char name[64];
        n = whole_pool ? equal_depths(first, part_count - i) : 1;
        int size = snprintf(name, sizeof name, "mix/%s/%" PRIu32, ws_source_name(first->source),
                            first->depth);
        if (n > 1)
            (void)snprintf(name + size, sizeof name - (size_t)size, "..%" PRIu32,
                           parts[i + n - 1].depth);
        add_share(records, name, n * first->items, items);
    }
}

/* "drop-detected", for "drop-detected:0.9:0.05" */
static int name_size(const struct ws_filter *filter)
{
    return (int)strcspn(filter->name, ":");
}

static uint64_t all_sources(const uint64_t items[WS_SOURCE_COUNT])
{
    uint64_t sum = 0;
    for (unsigned s = 0; s < WS_SOURCE_COUNT; s++)
        sum += items[s];
    return sum;
}

static void record_filter(struct ws_records *records, size_t number,
                          const struct ws_filtered *filtered)
{
    char name[WS_METRIC_NAME_SIZE];
    uint64_t all = all_sources(filtered->in);
    int size = snprintf(name, sizeof name, "filter/%zu/%.*s/", number, name_size(filtered->filter),
                        filtered->filter->name);
    for (unsigned s = 0; s < WS_SOURCE_COUNT; s++) {
        if (filtered->in[s] == 0)
            continue;
        const char *source = ws_source_name((enum ws_source)s);
        (void)snprintf(name + size, sizeof name - (size_t)size, "%s/in", source);
        ws_records_add(records, name, WS_FILTER_DEFINITION, all, (double)filtered->in[s]);
        (void)snprintf(name + size, sizeof name - (size_t)size, "%s/out", source);
        ws_records_add(records, name, WS_FILTER_DEFINITION, all, (double)filtered->out[s]);
    }
    if (filtered->tokens == 0)
        return;
    (void)snprintf(name + size, sizeof name - (size_t)size, "changed");
    ws_records_add(records, name, WS_EDIT_DEFINITION, filtered->tokens,
                   (double)filtered->changed / (double)filtered->tokens);
}

void ws_record_filters(struct ws_records *records, const struct ws_filtered *filtered, size_t count)
{
    uint64_t first = all_sources(filtered[0].in), last = all_sources(filtered[count - 1].out);
    for (size_t i = 0; i < count; i++)
        if (!(filtered[i].filter->traits & WS_FILTER_SCORES))
            record_filter(records, i + 1, &filtered[i]);
    ws_records_add(records, "filter/kept", WS_FILTER_DEFINITION, first,
                   (double)last / (double)first);
}

void ws_record_measurements(struct ws_records *records, const struct ws_measurement *measurements,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_measurement *measured = &measurements[i];
        const struct ws_metric *metric = ws_metric(measured->metric);
        const char *name = metric->name;
        char bin[64];
        if (ws_metric_is_histogram(measured->metric)) {
            (void)snprintf(bin, sizeof bin, "%s/%.3f", metric->name,
                           ws_perplexity_edge(measured->bin));
            name = bin;
        }
        ws_records_add(records, name, metric->definition, measured->n, measured->value);
    }
}

void ws_record_floors(struct ws_records *records, const struct ws_measurement *measurements,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_metric *metric = ws_metric(measurements[i].metric);
        char name[WS_METRIC_NAME_SIZE], definition[WS_METRIC_NAME_SIZE];
        (void)snprintf(name, sizeof name, WS_FLOOR_NAME "%s", metric->name);
        (void)snprintf(definition, sizeof definition, WS_FLOOR_DEFINITION "%s", metric->definition);
        ws_records_add(records, name, definition, measurements[i].n, measurements[i].value);
    }
}

bool ws_record_is_share(const char *metric)
{
    return strncmp(metric, "mix/", 4) == 0 || strstr(metric, "_histogram/");
}

void ws_record_curve(struct ws_records *records, const struct ws_loss_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_loss_point *point = &points[i];
        char name[64];
        (void)snprintf(name, sizeof name, "%s_loss/%" PRIu64,
                       point->validation ? "validation" : "training", point->step);
        ws_records_add(records, name,
                       point->validation ? WS_VALIDATION_DEFINITION : WS_TRAINING_DEFINITION,
                       point->tokens, point->loss);
    }
}

/* Reading -------------------------------------------------------------------------------------- */

void ws_records_open(struct ws_records_reader *reader, struct ws_bytes bytes,
                     const struct ws_allocator *allocator)
{
    *reader = (struct ws_records_reader){.start = (const char *)bytes.data};
    ws_reader_init(&reader->in, bytes);
    init_keys(&reader->keys, allocator);
}

void ws_records_close(struct ws_records_reader *reader)
{
    ws_buffer_release(&reader->keys.known);
}

static enum ws_status fail_damaged(struct ws_error *err)
{
    return ws_fail(err, WS_CORRUPT, "its metric records are damaged");
}

enum ws_status ws_records_next_generation(struct ws_records_reader *reader, bool *out,
                                          struct ws_error *err)
{
    *out = reader->in.left > 0;
    if (!*out)
        return WS_OK;
    uint64_t generation = ws_read_varint(&reader->in);
    if (!ws_reader_ok(&reader->in) || generation > UINT32_MAX || reader->inside)
        return fail_damaged(err);
    reader->generation = (uint32_t)generation;
    reader->inside = true;
    return WS_OK;
}

static enum ws_status read_key(struct ws_records_reader *reader, uint64_t number,
                               struct ws_error *err)
{
    if (number > key_count(&reader->keys))
        return fail_damaged(err);
    if (number < key_count(&reader->keys))
        return WS_OK;
    struct key key = {.n = UINT64_MAX};
    const char *stem = ws_read_text(&reader->in);
    const char *definition = ws_read_text(&reader->in);
    if (!ws_reader_ok(&reader->in) || strlen(stem) >= WS_METRIC_NAME_SIZE)
        return fail_damaged(err);
    key.stem = (size_t)(stem - reader->start);
    key.definition = (size_t)(definition - reader->start);
    ws_buffer_append(&reader->keys.known, &key, sizeof key);
    return ws_buffer_check(&reader->keys.known, "the metric records", err);
}

/* The metric's whole name: the stem itself where no number follows. */
static const char *name_of(struct ws_records_reader *reader, const char *stem, uint64_t number)
{
    if (number == 0)
        return stem;
    int size = snprintf(reader->name, sizeof reader->name, "%s%" PRIu64, stem, number - 1);
    return size > 0 && (size_t)size < sizeof reader->name ? reader->name : NULL;
}

enum ws_status ws_records_next(struct ws_records_reader *reader, struct ws_record *record,
                               bool *out, struct ws_error *err)
{
    struct ws_reader *in = &reader->in;
    uint64_t number = ws_read_varint(in);
    *out = number > 0;
    if (number == 0) {
        reader->inside = false;
        return ws_reader_ok(in) ? WS_OK : fail_damaged(err);
    }
    WS_TRY(read_key(reader, number - 1, err));
    struct key *key = key_at(&reader->keys, (size_t)number - 1);
    uint64_t ending = ws_read_varint(in);
    uint64_t n = ws_read_varint(in);
    key->n = n > 0 ? n - 1 : key->n;
    record->n = key->n;
    record->value = ws_read_f64(in);
    record->metric = name_of(reader, reader->start + key->stem, ending);
    record->definition = reader->start + key->definition;
    if (!ws_reader_ok(in) || !record->metric || record->n > INT64_MAX)
        return fail_damaged(err);
    return WS_OK;
}
