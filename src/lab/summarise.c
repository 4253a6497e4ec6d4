#include "lab/summarise.h"

#include <string.h>

#include "base/text_set.h"
#include "lab/block_records.h"
#include "lab/summary_file.h"

/* One metric of the arm at hand. */
struct column {
    size_t curve;    /* of the results */
    size_t capacity; /* of its points */
    bool is_share;   /* a seed without a record has a share of zero */
    uint64_t n;
    size_t count;      /* values at the generation at hand */
    size_t first, end; /* where they lie in `values` */
};

struct value {
    uint32_t column;
    double value;
};

/* A chain whose records are read as the generations come. */
struct cursor {
    struct ws_records_reader reader;
    const char *path;
    bool more; /* a generation is begun that was not read */
};

struct summing {
    const char *directory;
    const struct ws_run_description *run;
    const struct ws_allocator *allocator;
    struct ws_arena arena; /* of the results */
    struct ws_results results;
    size_t curve_capacity;
    struct ws_summary_extent extent;
    /* Of the arm at hand: */
    struct ws_arena life;
    struct ws_block_records *blocks;
    size_t block_count;
    struct cursor *cursors;
    size_t cursor_count;
    struct ws_text_set names; /* of the columns, numbered as they are */
    struct column *columns;
    size_t column_capacity;
    uint32_t next_column; /* the one that follows the last, to be tried first */
    /* Of the generation at hand: */
    struct ws_buffer here;   /* uint32_t: the columns that have values */
    struct ws_buffer pairs;  /* struct value, as they come */
    struct ws_buffer values; /* double, column by column */
};

/* Room for one more element of `size` bytes. */
static void *grown(struct ws_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t larger = *capacity ? 2 * *capacity : 16;
    void *moved = ws_arena_alloc(arena, larger, size);
    if (!moved)
        return NULL;
    if (count > 0)
        memcpy(moved, items, count * size);
    *capacity = larger;
    return moved;
}

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the summary");
}

/* Columns -------------------------------------------------------------------------------------- */

static enum ws_status add_column(struct summing *s, const char *arm, const struct ws_record *record,
                                 struct ws_error *err)
{
    struct ws_results *results = &s->results;
    size_t count = s->names.count - 1; /* the name is in the set already */
    s->columns = grown(&s->life, s->columns, count, &s->column_capacity, sizeof *s->columns);
    results->curves = grown(&s->arena, results->curves, results->count, &s->curve_capacity,
                            sizeof *results->curves);
    if (!s->columns || !results->curves)
        return no_memory(err);
    struct ws_curve *curve = &results->curves[results->count];
    *curve = (struct ws_curve){arm, ws_arena_text(&s->arena, record->metric),
                               ws_arena_text(&s->arena, record->definition), 0, NULL};
    if (!curve->metric || !curve->definition)
        return no_memory(err);
    s->columns[count] =
        (struct column){.curve = results->count++, .is_share = ws_record_is_share(record->metric)};
    return WS_OK;
}

/* Chains of an arm measure the same in the same order, but for an origin or a bin here and there.
 */
static enum ws_status find_column(struct summing *s, const char *arm,
                                  const struct ws_record *record, uint32_t *out,
                                  struct ws_error *err)
{
    uint32_t count = s->names.count;
    *out = s->next_column;
    if (*out < count && strcmp(ws_text_set_at(&s->names, *out), record->metric) == 0)
        return WS_OK;
    WS_TRY(ws_text_set_add(&s->names, record->metric, strlen(record->metric), out, err));
    return s->names.count > count ? add_column(s, arm, record, err) : WS_OK;
}

static enum ws_status take(struct summing *s, const char *arm, const struct ws_record *record,
                           struct ws_error *err)
{
    struct value pair = {.value = record->value};
    WS_TRY(find_column(s, arm, record, &pair.column, err));
    struct column *column = &s->columns[pair.column];
    if (column->count++ == 0) {
        column->n = record->n;
        ws_buffer_append(&s->here, &pair.column, sizeof pair.column);
    }
    s->next_column = pair.column + 1;
    ws_buffer_append(&s->pairs, &pair, sizeof pair);
    return WS_OK;
}

/* One generation ------------------------------------------------------------------------------- */

static enum ws_status read_generation(struct summing *s, const char *arm, struct cursor *cursor,
                                      struct ws_error *err)
{
    struct ws_record record;
    bool more;
    s->next_column = 0;
    WS_TRY(ws_records_next(&cursor->reader, &record, &more, err));
    while (more) {
        WS_TRY(take(s, arm, &record, err));
        WS_TRY(ws_records_next(&cursor->reader, &record, &more, err));
    }
    return ws_records_next_generation(&cursor->reader, &cursor->more, err);
}

/* Every seed that has this generation has one "mix/human", which comes first. */
static size_t count_seeds(const struct summing *s)
{
    bool known = s->names.count > 0 && strcmp(ws_text_set_at(&s->names, 0), "mix/human") == 0;
    return known ? s->columns[0].count : 0;
}

/* The values of each column side by side, in the order of the chains; of a share, zeros for the
 * seeds that lack it. */
static enum ws_status sort_by_column(struct summing *s, const uint32_t *here, size_t columns,
                                     struct ws_error *err)
{
    size_t seeds = count_seeds(s), total = 0;
    for (size_t i = 0; i < columns; i++) {
        struct column *column = &s->columns[here[i]];
        size_t count = column->is_share && seeds > column->count ? seeds : column->count;
        column->first = column->end = total;
        column->count = count;
        total += count;
    }
    ws_buffer_reset(&s->values);
    double *values = ws_buffer_extend(&s->values, total * sizeof *values);
    if (!values)
        return no_memory(err);
    memset(values, 0, total * sizeof *values);
    const struct value *pairs = (const struct value *)(const void *)s->pairs.data;
    for (size_t i = 0; i < s->pairs.size / sizeof *pairs; i++)
        values[s->columns[pairs[i].column].end++] = pairs[i].value;
    return WS_OK;
}

static enum ws_status add_points(struct summing *s, uint32_t generation, struct ws_error *err)
{
    const uint32_t *here = (const uint32_t *)(const void *)s->here.data;
    size_t columns = s->here.size / sizeof *here;
    WS_TRY(sort_by_column(s, here, columns, err));
    for (size_t i = 0; i < columns; i++) {
        struct column *column = &s->columns[here[i]];
        struct ws_curve *curve = &s->results.curves[column->curve];
        curve->points = grown(&s->arena, curve->points, curve->point_count, &column->capacity,
                              sizeof *curve->points);
        if (!curve->points)
            return no_memory(err);
        double *values = (double *)(void *)s->values.data + column->first;
        curve->points[curve->point_count++] =
            (struct ws_point){generation, column->n, ws_summarise(values, column->count)};
        column->count = 0;
    }
    return WS_OK;
}

static enum ws_status sum_generation(struct summing *s, const char *arm, uint32_t generation,
                                     struct ws_error *err)
{
    ws_buffer_reset(&s->here);
    ws_buffer_reset(&s->pairs);
    for (size_t i = 0; i < s->cursor_count; i++) {
        struct cursor *cursor = &s->cursors[i];
        if (!cursor->more || cursor->reader.generation != generation)
            continue;
        enum ws_status status = read_generation(s, arm, cursor, err);
        if (status == WS_CORRUPT)
            ws_error_prefix(err, "'%s'", cursor->path);
        WS_TRY(status);
    }
    WS_TRY(ws_buffer_check(&s->here, "the summary", err));
    WS_TRY(ws_buffer_check(&s->pairs, "the summary", err));
    return s->pairs.size > 0 ? add_points(s, generation, err) : WS_OK;
}

/* One arm -------------------------------------------------------------------------------------- */

static enum ws_status open_cursors(struct summing *s, uint32_t part, struct ws_error *err)
{
    for (size_t b = 0; b < s->block_count; b++) {
        const struct ws_block_records *block = &s->blocks[b];
        for (size_t c = 0; c < block->checkpoint.chains.count; c++) {
            struct ws_bytes bytes;
            struct cursor *cursor = &s->cursors[s->cursor_count];
            WS_TRY(ws_block_records_of(block, c, part, &bytes, err));
            ws_records_open(&cursor->reader, bytes, s->allocator);
            cursor->path = block->checkpoint.path;
            s->cursor_count++;
            WS_TRY(ws_records_next_generation(&cursor->reader, &cursor->more, err));
        }
    }
    return WS_OK;
}

static void close_cursors(struct summing *s)
{
    for (size_t i = 0; i < s->cursor_count; i++)
        ws_records_close(&s->cursors[i].reader);
    s->cursor_count = 0;
}

/* The lowest generation that is still to be read; false when there is none. */
static bool next_generation(const struct summing *s, uint32_t *out)
{
    bool found = false;
    for (size_t i = 0; i < s->cursor_count; i++) {
        const struct cursor *cursor = &s->cursors[i];
        if (cursor->more && (!found || cursor->reader.generation < *out)) {
            *out = cursor->reader.generation;
            found = true;
        }
    }
    return found;
}

static enum ws_status sum_part(struct summing *s, const char *arm, uint32_t part,
                               struct ws_error *err)
{
    uint32_t generation = 0;
    enum ws_status status = open_cursors(s, part, err);
    while (status == WS_OK && next_generation(s, &generation))
        status = sum_generation(s, arm, generation, err);
    close_cursors(s);
    return status;
}

static enum ws_status sum_blocks(struct summing *s, const char *arm, struct ws_error *err)
{
    size_t chains = 0;
    uint32_t part_steps = 0, parts = 0;
    for (size_t b = 0; b < s->block_count; b++) {
        const struct ws_checkpoint *stored = &s->blocks[b].checkpoint.chains;
        if (b > 0 && stored->part_steps != part_steps)
            return ws_fail(err, WS_CORRUPT, "'%s' has parts of %u steps, others of %u",
                           s->blocks[b].checkpoint.path, stored->part_steps, part_steps);
        part_steps = stored->part_steps;
        chains += stored->count;
        for (size_t c = 0; c < stored->count; c++)
            s->extent.chains += stored->chains[c].next_step >= s->run->generations;
        if (s->blocks[b].part_count > parts)
            parts = s->blocks[b].part_count;
    }
    s->cursors = WS_ARENA_NEW(&s->life, struct cursor, chains);
    if (!s->cursors)
        return no_memory(err);
    for (uint32_t part = 0; s->block_count > 0 && part <= parts; part++)
        WS_TRY(sum_part(s, arm, part, err));
    return WS_OK;
}

static enum ws_status open_blocks(struct summing *s, size_t arm,
                                  bool (*is_damaged)(void *user, size_t arm, uint64_t first_seed),
                                  void *user, struct ws_error *err)
{
    const struct ws_run_description *run = s->run;
    s->blocks = WS_ARENA_NEW(&s->life, struct ws_block_records, run->seeds / run->block + 1);
    if (!s->blocks)
        return no_memory(err);
    for (uint64_t seed = 1; seed <= run->seeds; seed += run->block) {
        const struct ws_block_place place = {s->directory, run->arms[arm].directory, seed,
                                             run->block};
        if (is_damaged(user, arm, seed))
            continue;
        enum ws_status status =
            ws_block_records_open(&place, &s->life, &s->blocks[s->block_count], err);
        if (status == WS_OK)
            s->block_count++;
        else if (status != WS_NOT_FOUND)
            return status;
    }
    return WS_OK;
}

static enum ws_status sum_arm(struct summing *s, size_t arm,
                              bool (*is_damaged)(void *user, size_t arm, uint64_t first_seed),
                              void *user, struct ws_error *err)
{
    ws_arena_init(&s->life, s->allocator);
    ws_text_set_init(&s->names, s->allocator);
    s->block_count = 0;
    s->columns = NULL;
    s->column_capacity = 0;
    enum ws_status status = open_blocks(s, arm, is_damaged, user, err);
    if (status == WS_OK)
        status = sum_blocks(s, s->run->arms[arm].name, err);
    for (size_t b = 0; b < s->block_count; b++)
        ws_block_records_close(&s->blocks[b]);
    ws_text_set_release(&s->names);
    ws_arena_release(&s->life);
    return status;
}

/* The whole ------------------------------------------------------------------------------------ */

static enum ws_status replace_summary(const struct summing *s, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer bytes;
    ws_arena_init(&arena, s->allocator);
    ws_buffer_init(&bytes, s->allocator, SIZE_MAX);
    char *path = ws_run_path(&arena, s->directory, "summary");
    enum ws_status status =
        path ? ws_summary_write(&s->extent, &s->results, &bytes, err) : no_memory(err);
    if (status == WS_OK)
        status = ws_file_replace(path, ws_buffer_bytes(&bytes), err);
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_summary_make(const char *directory, const struct ws_run_description *run,
                               const struct ws_allocator *allocator,
                               bool (*is_damaged)(void *user, size_t arm, uint64_t first_seed),
                               void *user, struct ws_error *err)
{
    struct summing s = {.directory = directory,
                        .run = run,
                        .allocator = allocator,
                        .extent = {.generations = run->generations}};
    ws_arena_init(&s.arena, allocator);
    ws_buffer_init(&s.here, allocator, SIZE_MAX);
    ws_buffer_init(&s.pairs, allocator, SIZE_MAX);
    ws_buffer_init(&s.values, allocator, SIZE_MAX);
    enum ws_status status = WS_OK;
    for (size_t arm = 0; status == WS_OK && arm < run->arm_count; arm++)
        status = sum_arm(&s, arm, is_damaged, user, err);
    if (status == WS_OK)
        status = replace_summary(&s, err);
    ws_buffer_release(&s.values);
    ws_buffer_release(&s.pairs);
    ws_buffer_release(&s.here);
    ws_arena_release(&s.arena);
    return status;
}

bool ws_summary_is_of(const char *directory, const struct ws_run_description *run)
{
    struct ws_arena arena;
    struct ws_mapped_file file;
    struct ws_summary_extent extent;
    struct ws_results results;
    bool found = false;
    ws_arena_init(&arena, NULL);
    char *path = ws_run_path(&arena, directory, "summary");
    if (path && ws_file_map(path, &file, NULL) == WS_OK) {
        found = ws_summary_read(file.bytes, &arena, &extent, &results, NULL) == WS_OK &&
                extent.generations == run->generations &&
                extent.chains == run->arm_count * run->seeds;
        ws_file_unmap(&file);
    }
    ws_arena_release(&arena);
    return found;
}
