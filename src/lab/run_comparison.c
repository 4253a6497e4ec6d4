#include "lab/run_comparison.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_set.h"
#include "measure/summary.h"

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the comparison");
}

/* Settings ------------------------------------------------------------------------------------- */

/* Everything of a run that a difference of results may come from, one table. */
struct facts {
    struct ws_setting *items;
    size_t count;
};

static enum ws_status list_facts(const struct ws_run_description *run, struct ws_arena *arena,
                                 struct facts *out, struct ws_error *err)
{
    out->items = WS_ARENA_NEW(arena, struct ws_setting, run->setting_count + run->input_count + 1);
    out->count = 0;
    if (!out->items)
        return no_memory(err);
    for (size_t i = 0; i < run->setting_count; i++)
        if (!ws_experiment_is_execution(run->settings[i].name))
            out->items[out->count++] = run->settings[i];
    for (size_t i = 0; i < run->input_count; i++)
        out->items[out->count++] = run->inputs[i];
    out->items[out->count++] =
        (struct ws_setting){.name = "compute_class", .value = run->compute_class};
    return WS_OK;
}

static const char *value_of(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].name, name) == 0)
            return facts->items[i].value;
    return NULL;
}

/* Adds the fact unless all runs agree in it or it is there. */
static enum ws_status add_fact(const struct facts *facts, const char *name, struct ws_arena *arena,
                               struct ws_comparison *out, struct ws_error *err)
{
    for (size_t i = 0; i < out->setting_count; i++)
        if (strcmp(out->settings[i].name, name) == 0)
            return WS_OK;
    const char **values = WS_ARENA_NEW(arena, const char *, out->run_count);
    if (!values)
        return no_memory(err);
    bool differs = false;
    for (size_t r = 0; r < out->run_count; r++) {
        values[r] = value_of(&facts[r], name);
        differs = differs || !values[r] || !values[0] || strcmp(values[r], values[0]) != 0;
    }
    if (differs)
        out->settings[out->setting_count++] = (struct ws_setting_difference){name, values};
    return WS_OK;
}

static enum ws_status compare_settings(struct ws_comparison *out, struct ws_arena *arena,
                                       struct ws_error *err)
{
    struct facts *facts = WS_ARENA_NEW(arena, struct facts, out->run_count);
    size_t most = 0;
    if (!facts)
        return no_memory(err);
    for (size_t r = 0; r < out->run_count; r++) {
        WS_TRY(list_facts(&out->runs[r], arena, &facts[r], err));
        most += facts[r].count;
    }
    out->settings = WS_ARENA_NEW(arena, struct ws_setting_difference, most);
    if (!out->settings)
        return no_memory(err);
    for (size_t r = 0; r < out->run_count; r++)
        for (size_t i = 0; i < facts[r].count; i++)
            WS_TRY(add_fact(facts, facts[r].items[i].name, arena, out, err));
    return WS_OK;
}

/* Reading -------------------------------------------------------------------------------------- */

/* A metric's value of one seed. Names are numbers of text sets: in the order in which they came. */
struct value {
    uint32_t metric, arm, definition;
    size_t run;
    uint64_t seed, n;
    double value;
};

struct reader {
    size_t run;
    uint32_t generation;       /* whose values are taken */
    struct ws_buffer measured; /* uint64_t, by generation: a bit for each run that measured it */
    struct ws_buffer values;   /* struct value */
    struct ws_buffer floors;   /* likewise, of the metrics that `floored` names, by `arms` */
    struct ws_text_set metrics, arms, definitions, floored;
};

static void reader_init(struct reader *reader, const struct ws_allocator *allocator)
{
    *reader = (struct reader){.run = 0};
    ws_buffer_init(&reader->measured, allocator, SIZE_MAX);
    ws_buffer_init(&reader->values, allocator, SIZE_MAX);
    ws_buffer_init(&reader->floors, allocator, SIZE_MAX);
    ws_text_set_init(&reader->floored, allocator);
    ws_text_set_init(&reader->metrics, allocator);
    ws_text_set_init(&reader->arms, allocator);
    ws_text_set_init(&reader->definitions, allocator);
}

static void reader_release(struct reader *reader)
{
    ws_buffer_release(&reader->measured);
    ws_buffer_release(&reader->values);
    ws_buffer_release(&reader->floors);
    ws_text_set_release(&reader->floored);
    ws_text_set_release(&reader->metrics);
    ws_text_set_release(&reader->arms);
    ws_text_set_release(&reader->definitions);
}

static uint64_t *measured(const struct reader *reader, size_t *generations)
{
    *generations = reader->measured.size / sizeof(uint64_t);
    return (uint64_t *)(void *)reader->measured.data;
}

static enum ws_status see_generation(void *user, const struct ws_record *record,
                                     struct ws_error *err)
{
    struct reader *reader = user;
    const uint64_t nobody = 0;
    size_t generations;
    while (measured(reader, &generations), generations <= record->place.generation) {
        ws_buffer_append(&reader->measured, &nobody, sizeof nobody);
        WS_TRY(ws_buffer_check(&reader->measured, "the comparison", err));
    }
    measured(reader, &generations)[record->place.generation] |= UINT64_C(1) << reader->run;
    return WS_OK;
}

/* Floors come once for each chain, at its first generation. */
static enum ws_status take_floor(struct reader *reader, const struct ws_record *record,
                                 struct ws_error *err)
{
    const char *metric = record->metric + strlen(WS_FLOOR_NAME);
    struct value value = {
        .run = reader->run, .seed = record->place.seed, .n = record->n, .value = record->value};
    WS_TRY(ws_text_set_add(&reader->floored, metric, strlen(metric), &value.metric, err));
    WS_TRY(ws_text_set_add(&reader->arms, record->place.arm, strlen(record->place.arm), &value.arm,
                           err));
    ws_buffer_append(&reader->floors, &value, sizeof value);
    return ws_buffer_check(&reader->floors, "the comparison", err);
}

static enum ws_status take_value(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct reader *reader = user;
    if (strncmp(record->metric, WS_FLOOR_NAME, strlen(WS_FLOOR_NAME)) == 0)
        WS_TRY(take_floor(reader, record, err));
    if (record->place.generation != reader->generation)
        return WS_OK;
    struct value value = {
        .run = reader->run, .seed = record->place.seed, .n = record->n, .value = record->value};
    WS_TRY(ws_text_set_add(&reader->metrics, record->metric, strlen(record->metric), &value.metric,
                           err));
    WS_TRY(ws_text_set_add(&reader->arms, record->place.arm, strlen(record->place.arm), &value.arm,
                           err));
    WS_TRY(ws_text_set_add(&reader->definitions, record->definition, strlen(record->definition),
                           &value.definition, err));
    ws_buffer_append(&reader->values, &value, sizeof value);
    return ws_buffer_check(&reader->values, "the comparison", err);
}

static enum ws_status visit_runs(struct reader *reader, const struct ws_comparison *comparison,
                                 enum ws_status (*visit)(void *user, const struct ws_record *record,
                                                         struct ws_error *err),
                                 struct ws_error *err)
{
    for (reader->run = 0; reader->run < comparison->run_count; reader->run++) {
        const char *directory = comparison->directories[reader->run];
        enum ws_status status =
            ws_results_visit(directory, reader->values.allocator, visit, reader, err);
        if (status == WS_NOT_FOUND)
            return ws_fail(err, WS_NOT_FOUND,
                           "run '%.200s' has no metrics yet: it is not complete; "
                           "'wellspring run' with the same experiment goes on",
                           directory);
        WS_TRY(status);
    }
    return WS_OK;
}

/* The generation that is asked for, or the last, among those that all runs have measured. */
static enum ws_status choose_generation(const struct reader *reader, size_t run_count,
                                        uint32_t wanted, uint32_t *out, struct ws_error *err)
{
    size_t generations;
    const uint64_t *runs = measured(reader, &generations);
    const uint64_t all = UINT64_MAX >> (WS_COMPARED_RUNS_MOST - run_count);
    size_t last = generations;
    while (last > 0 && runs[last - 1] != all)
        last--;
    if (last == 0)
        return ws_fail(err, WS_NOT_FOUND, "there is no generation that all of the runs measured");
    *out = wanted == WS_LAST_GENERATION ? (uint32_t)(last - 1) : wanted;
    if (*out >= generations || runs[*out] != all)
        return ws_fail(err, WS_NOT_FOUND,
                       "generation %" PRIu32 " was not measured by %s; the last is %zu", *out,
                       run_count > 1 ? "all of the runs" : "the run", last - 1);
    return WS_OK;
}

/* Rows ----------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    if (x->arm != y->arm)
        return x->arm < y->arm ? -1 : 1;
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

static bool same_row(const struct value *a, const struct value *b)
{
    return a->metric == b->metric && a->arm == b->arm && a->run == b->run;
}

/* Looks through the rows of a metric, the first of which is number `first`. */
static const struct ws_compared *find_row(const struct ws_comparison *comparison, size_t first,
                                          const char *arm, size_t run)
{
    const char *metric = comparison->rows[first].metric;
    for (size_t i = first; i < comparison->row_count; i++) {
        const struct ws_compared *row = &comparison->rows[i];
        if (strcmp(row->metric, metric) != 0)
            return NULL;
        if (row->run == run && strcmp(row->arm, arm) == 0)
            return row;
    }
    return NULL;
}

/* A zero for every seed without a record of a share. Each seed has one of "mix/human", which comes
 * before all others. */
static enum ws_status fill_share(const struct ws_comparison *comparison, struct ws_compared *row,
                                 struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_compared *all =
        comparison->row_count > 0 ? find_row(comparison, 0, row->arm, row->run) : NULL;
    if (!all || strcmp(all->metric, "mix/human") != 0 || all->count <= row->count)
        return WS_OK;
    struct ws_seed_value *values = WS_ARENA_NEW(arena, struct ws_seed_value, all->count);
    if (!values)
        return no_memory(err);
    for (size_t i = 0, next = 0; i < all->count; i++) {
        bool there = next < row->count && row->values[next].seed == all->values[i].seed;
        values[i] =
            (struct ws_seed_value){all->values[i].seed, there ? row->values[next].value : 0};
        next += there;
    }
    row->values = values;
    row->count = all->count;
    return WS_OK;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static const char *input_of(const struct ws_run_description *run, const char *name)
{
    for (size_t i = 0; i < run->input_count; i++)
        if (strcmp(run->inputs[i].name, name) == 0)
            return run->inputs[i].value;
    return NULL;
}

static bool counts_items(const char *metric)
{
    return strncmp(metric, "mix/", 4) == 0 || strncmp(metric, "filter/", 7) == 0;
}

/* Words and bytes are the same everywhere, pairs of bytes those of one tokenizer. */
const char *ws_compared_tokens(const struct ws_run_description *run, const char *metric)
{
    if (counts_items(metric))
        return "";
    const char *source = or_empty(ws_run_setting(run, "source"));
    const char *unit = or_empty(ws_run_setting(run, "unit"));
    if (strcmp(source, "text") != 0 && strcmp(source, "words") != 0)
        return "";
    return strcmp(unit, "bpe") == 0 ? or_empty(input_of(run, "tokenizer_sha256")) : unit;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the row of `like`, whose metric is named; `room` is for as many numbers as there are floors.
 */
static double find_floor(const struct reader *reader, const struct value *like, const char *metric,
                         double *room)
{
    const struct value *floors = (const struct value *)(const void *)reader->floors.data;
    const size_t count = reader->floors.size / sizeof *floors;
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (floors[i].run == like->run && floors[i].arm == like->arm && !isnan(floors[i].value) &&
            strcmp(ws_text_set_at(&reader->floored, floors[i].metric), metric) == 0)
            room[found++] = floors[i].value;
    qsort(room, found, sizeof *room, ascending);
    return found > 0 ? ws_quantile(room, found, 0.5) : NAN;
}

static enum ws_status make_row(const struct reader *reader, const struct value *values,
                               size_t count, double *room, struct ws_comparison *comparison,
                               struct ws_arena *arena, struct ws_error *err)
{
    struct ws_compared row = {
        .metric = ws_arena_text(arena, ws_text_set_at(&reader->metrics, values->metric)),
        .arm = ws_arena_text(arena, ws_text_set_at(&reader->arms, values->arm)),
        .run = values->run,
        .definition =
            ws_arena_text(arena, ws_text_set_at(&reader->definitions, values->definition)),
        .n = values->n,
        .tokens = ws_compared_tokens(&comparison->runs[values->run],
                                     ws_text_set_at(&reader->metrics, values->metric)),
        .uniform = true,
        .values = WS_ARENA_NEW(arena, struct ws_seed_value, count),
        .count = count,
    };
    if (!row.metric || !row.arm || !row.definition || !row.values)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        row.values[i] = (struct ws_seed_value){values[i].seed, values[i].value};
        row.uniform =
            row.uniform && values[i].n == row.n && values[i].definition == values->definition;
    }
    row.floor = find_floor(reader, values, row.metric, room);
    if (ws_record_is_share(row.metric))
        WS_TRY(fill_share(comparison, &row, arena, err));
    comparison->rows[comparison->row_count++] = row;
    return WS_OK;
}

static enum ws_status make_rows(const struct reader *reader, struct ws_comparison *comparison,
                                struct ws_arena *arena, struct ws_error *err)
{
    struct value *values = (struct value *)(void *)reader->values.data;
    const size_t count = reader->values.size / sizeof *values;
    double *room = WS_ARENA_NEW(arena, double, reader->floors.size / sizeof *values + 1);
    comparison->rows = WS_ARENA_NEW(arena, struct ws_compared, count);
    if (!comparison->rows || !room)
        return no_memory(err);
    qsort(values, count, sizeof *values, by_place);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && same_row(&values[first], &values[end]);)
            end++;
        WS_TRY(make_row(reader, &values[first], end - first, room, comparison, arena, err));
    }
    return WS_OK;
}

/* Differences ---------------------------------------------------------------------------------- */

static const struct ws_run_arm *find_arm(const struct ws_run_description *run, const char *name)
{
    for (size_t a = 0; a < run->arm_count; a++)
        if (strcmp(run->arms[a].name, name) == 0)
            return &run->arms[a];
    return NULL;
}

/* The arm of human data alone that goes with `name`; NULL for itself, or where there is none. */
static const char *control_of(const struct ws_run_description *run, const char *name)
{
    const struct ws_run_arm *arm = find_arm(run, name);
    for (size_t a = 0; arm && a < run->arm_count; a++)
        if (&run->arms[a] != arm && strcmp(run->arms[a].policy, "control") == 0 &&
            strcmp(run->arms[a].variation, arm->variation) == 0)
            return run->arms[a].name;
    return NULL;
}

/* `first` is the number of the first row of its metric. */
static const struct ws_compared *base_of(const struct ws_comparison *comparison, size_t first,
                                         const struct ws_compared *row)
{
    if (comparison->run_count > 1)
        return row->run > 0 ? find_row(comparison, first, row->arm, 0) : NULL;
    const char *control = control_of(&comparison->runs[0], row->arm);
    return control ? find_row(comparison, first, control, 0) : NULL;
}

bool ws_compares(const struct ws_compared *row)
{
    return row->base && row->uniform && row->base->uniform && row->n == row->base->n &&
           strcmp(row->definition, row->base->definition) == 0 &&
           strcmp(row->tokens, row->base->tokens) == 0;
}

/* Values of all seeds, copied, for statistics sort them. */
static double *values_of(const struct ws_compared *row, struct ws_arena *arena)
{
    double *values = WS_ARENA_NEW(arena, double, row->count);
    for (size_t i = 0; values && i < row->count; i++)
        values[i] = row->values[i].value;
    return values;
}

/* Values of the seeds that both have, in the same order. */
static size_t pair_up(const struct ws_compared *a, const struct ws_compared *b, double *x,
                      double *y)
{
    size_t pairs = 0;
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->values[i].seed == b->values[j].seed) {
            x[pairs] = a->values[i].value;
            y[pairs++] = b->values[j].value;
        }
        bool next_a = a->values[i].seed <= b->values[j].seed;
        bool next_b = b->values[j].seed <= a->values[i].seed;
        i += next_a;
        j += next_b;
    }
    return pairs;
}

static enum ws_status compare_row(struct ws_compared *row, struct ws_arena *scratch,
                                  struct ws_error *err)
{
    double *x = values_of(row->base, scratch), *y = values_of(row, scratch);
    double *paired_x = WS_ARENA_NEW(scratch, double, row->count);
    double *paired_y = WS_ARENA_NEW(scratch, double, row->count);
    double *differences = WS_ARENA_NEW(scratch, double, row->count);
    if (!x || !y || !paired_x || !paired_y || !differences)
        return no_memory(err);
    size_t pairs = pair_up(row->base, row, paired_x, paired_y);
    row->paired = pairs > 1 || (row->count == 1 && pairs == 1);
    row->difference = row->paired ? ws_paired_interval(paired_x, paired_y, pairs, differences)
                                  : ws_unpaired_interval(x, row->base->count, y, row->count);
    return WS_OK;
}

static enum ws_status compare_rows(struct ws_comparison *comparison, struct ws_arena *scratch,
                                   struct ws_error *err)
{
    for (size_t i = 0, first = 0; i < comparison->row_count; i++) {
        struct ws_compared *row = &comparison->rows[i];
        if (strcmp(row->metric, comparison->rows[first].metric) != 0)
            first = i;
        ws_arena_reset(scratch);
        double *values = values_of(row, scratch);
        if (!values)
            return no_memory(err);
        row->median = ws_median_interval(values, row->count, WS_INTERVAL_LEVEL);
        row->base = base_of(comparison, first, row);
        if (ws_compares(row))
            WS_TRY(compare_row(row, scratch, err));
    }
    return WS_OK;
}

/* Whole ---------------------------------------------------------------------------------------- */

static enum ws_status read_descriptions(struct ws_comparison *out, struct ws_arena *arena,
                                        struct ws_error *err)
{
    out->runs = WS_ARENA_ZNEW(arena, struct ws_run_description, out->run_count);
    if (!out->runs)
        return no_memory(err);
    for (size_t r = 0; r < out->run_count; r++) {
        enum ws_status status = ws_run_read(out->directories[r], arena, &out->runs[r], err);
        if (status == WS_NOT_FOUND)
            return ws_fail(err, status, "no run in '%.200s'; 'wellspring runs' lists them",
                           out->directories[r]);
        WS_TRY(status);
    }
    return WS_OK;
}

static enum ws_status compare_metrics(struct reader *reader, uint32_t generation,
                                      struct ws_arena *arena, struct ws_arena *scratch,
                                      struct ws_comparison *out, struct ws_error *err)
{
    WS_TRY(visit_runs(reader, out, see_generation, err));
    WS_TRY(choose_generation(reader, out->run_count, generation, &out->generation, err));
    reader->generation = out->generation;
    WS_TRY(visit_runs(reader, out, take_value, err));
    WS_TRY(make_rows(reader, out, arena, err));
    return compare_rows(out, scratch, err);
}

enum ws_status ws_compare_runs(const char *const *directories, size_t run_count,
                               uint32_t generation, struct ws_arena *arena,
                               struct ws_comparison *out, struct ws_error *err)
{
    *out = (struct ws_comparison){.run_count = run_count, .directories = directories};
    if (run_count > WS_COMPARED_RUNS_MOST)
        return ws_fail(err, WS_INVALID, "%zu runs to compare, at most %d", run_count,
                       WS_COMPARED_RUNS_MOST);
    WS_TRY(read_descriptions(out, arena, err));
    WS_TRY(compare_settings(out, arena, err));
    struct reader reader;
    struct ws_arena scratch;
    reader_init(&reader, arena->allocator);
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = compare_metrics(&reader, generation, arena, &scratch, out, err);
    ws_arena_release(&scratch);
    reader_release(&reader);
    return status;
}
