#include "lab/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/text_set.h"
#include "lab/parquet.h"
#include "lab/theory.h"

enum { PIECE = 1 << 20 };

static const struct ws_column record_columns[] = {
    {"arm", WS_COLUMN_TEXT},    {"seed", WS_COLUMN_WHOLE},      {"generation", WS_COLUMN_WHOLE},
    {"metric", WS_COLUMN_TEXT}, {"definition", WS_COLUMN_TEXT}, {"n", WS_COLUMN_WHOLE},
    {"value", WS_COLUMN_REAL},  {"floor", WS_COLUMN_REAL},
};

static const struct ws_column summary_columns[] = {
    {"arm", WS_COLUMN_TEXT},
    {"generation", WS_COLUMN_WHOLE},
    {"metric", WS_COLUMN_TEXT},
    {"definition", WS_COLUMN_TEXT},
    {"n", WS_COLUMN_WHOLE},
    {"seeds", WS_COLUMN_WHOLE},
    {"median", WS_COLUMN_REAL},
    {"low", WS_COLUMN_REAL},
    {"high", WS_COLUMN_REAL},
    {"mean", WS_COLUMN_REAL},
    {"standard_error", WS_COLUMN_REAL},
    {"floor", WS_COLUMN_REAL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Rows that wait to be written. */
struct exporter {
    struct ws_arena arena; /* of the run's description and the columns */
    struct ws_run_description run;
    const struct ws_column *columns; /* (own_count), then those of the arm's settings */
    size_t column_count, own_count;
    const struct ws_run_arm *arm; /* of the row before */
    union ws_cell *cells;         /* of a row; those of the settings are `arm`'s */
    struct ws_buffer rows;
    struct ws_parquet parquet;
    const struct ws_export_target *target;
    enum ws_export_format format;
    struct ws_text_set floored; /* the metrics of the chain at hand that have a noise floor ... */
    struct ws_buffer floors;    /* ... and what it is: double, in their order */
    uint32_t next_floor;        /* the one that follows the last, to be tried first */
};

/* Columns -------------------------------------------------------------------------------------- */

static bool is_whole(const char *text)
{
    uint64_t whole;
    return strspn(text, "0123456789") == strlen(text) && ws_whole_parse(text, &whole);
}

static bool is_real(const char *text)
{
    double real;
    return ws_real_parse(text, &real);
}

/* What all arms' values of their setting number `i` are. */
static enum ws_column_type type_of(const struct ws_run_description *run, size_t i)
{
    enum ws_column_type type = WS_COLUMN_WHOLE;
    for (size_t a = 0; a < run->arm_count; a++) {
        const char *value = run->arms[a].varied[i].value;
        if (type == WS_COLUMN_WHOLE && !is_whole(value))
            type = WS_COLUMN_REAL;
        if (type == WS_COLUMN_REAL && !is_real(value))
            return WS_COLUMN_TEXT;
    }
    return type;
}

/* How many settings vary between arms: the same ones in all. */
static size_t varied_count(const struct ws_run_description *run)
{
    const struct ws_run_arm *first = run->arms;
    for (size_t a = 0; a < run->arm_count; a++) {
        if (run->arms[a].varied_count != first->varied_count)
            return 0;
        for (size_t i = 0; i < first->varied_count; i++)
            if (strcmp(run->arms[a].varied[i].name, first->varied[i].name) != 0)
                return 0;
    }
    return run->arm_count > 0 ? first->varied_count : 0;
}

static enum ws_status make_columns(struct exporter *exporter, const struct ws_column *own,
                                   size_t own_count, struct ws_error *err)
{
    const size_t varied = varied_count(&exporter->run);
    struct ws_column *columns =
        WS_ARENA_NEW(&exporter->arena, struct ws_column, own_count + 1 + varied);
    exporter->cells = WS_ARENA_NEW(&exporter->arena, union ws_cell, own_count + 1 + varied);
    if (!columns || !exporter->cells)
        return ws_fail_memory(err, "the export");
    memcpy(columns, own, own_count * sizeof *own);
    exporter->columns = columns;
    exporter->own_count = own_count;
    exporter->column_count = own_count;
    if (varied == 0)
        return WS_OK;
    columns[exporter->column_count++] = (struct ws_column){"policy", WS_COLUMN_TEXT};
    for (size_t i = 0; i < varied; i++)
        columns[exporter->column_count++] =
            (struct ws_column){exporter->run.arms[0].varied[i].name, type_of(&exporter->run, i)};
    return WS_OK;
}

/* The cells behind the row's own. */
static void take_arm(struct exporter *exporter, const struct ws_run_arm *arm)
{
    exporter->arm = arm;
    exporter->cells[exporter->own_count].text = arm->policy;
    for (size_t c = exporter->own_count + 1; c < exporter->column_count; c++) {
        const char *value = arm->varied[c - exporter->own_count - 1].value;
        union ws_cell *cell = &exporter->cells[c];
        if (exporter->columns[c].type == WS_COLUMN_TEXT)
            cell->text = value;
        else if (exporter->columns[c].type == WS_COLUMN_WHOLE)
            (void)ws_whole_parse(value, &cell->whole);
        else
            (void)ws_real_parse(value, &cell->real);
    }
}

/* Rows come arm by arm. */
static enum ws_status find_arm(struct exporter *exporter, const char *name, struct ws_error *err)
{
    if (exporter->column_count == exporter->own_count ||
        (exporter->arm && strcmp(exporter->arm->name, name) == 0))
        return WS_OK;
    for (size_t a = 0; a < exporter->run.arm_count; a++)
        if (strcmp(exporter->run.arms[a].name, name) == 0) {
            take_arm(exporter, &exporter->run.arms[a]);
            return WS_OK;
        }
    return ws_fail(err, WS_CORRUPT, "run '%.100s' has no arm '%.200s', but numbers of it",
                   exporter->run.name, name);
}

/* Rows ----------------------------------------------------------------------------------------- */

/* Quoted where RFC 4180 wants it. */
static void csv_text(struct ws_buffer *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        ws_buffer_text(out, text);
        return;
    }
    ws_buffer_text(out, "\"");
    for (; *text; text++)
        ws_buffer_format(out, *text == '"' ? "\"\"" : "%c", *text);
    ws_buffer_text(out, "\"");
}

static void csv_cell(enum ws_column_type type, const union ws_cell *cell, struct ws_buffer *out)
{
    char text[WS_REAL_TEXT_SIZE];
    switch (type) {
    case WS_COLUMN_TEXT:
        csv_text(out, cell->text);
        return;
    case WS_COLUMN_WHOLE:
        ws_buffer_format(out, "%" PRIu64, cell->whole);
        return;
    case WS_COLUMN_REAL:
        ws_real_text(cell->real, text);
        ws_buffer_text(out, text);
        return;
    }
}

static void csv_row(struct exporter *exporter)
{
    for (size_t c = 0; c < exporter->column_count; c++) {
        if (c > 0)
            ws_buffer_text(&exporter->rows, ",");
        csv_cell(exporter->columns[c].type, &exporter->cells[c], &exporter->rows);
    }
    ws_buffer_text(&exporter->rows, "\r\n");
}

static json_t *cell_json(enum ws_column_type type, const union ws_cell *cell)
{
    if (type == WS_COLUMN_TEXT)
        return json_string(cell->text);
    return type == WS_COLUMN_WHOLE ? json_integer((json_int_t)cell->whole)
                                   : ws_json_real(cell->real);
}

static void jsonl_row(struct exporter *exporter)
{
    json_t *line = json_object();
    for (size_t c = 0; line && c < exporter->column_count; c++)
        if (json_object_set_new(line, exporter->columns[c].name,
                                cell_json(exporter->columns[c].type, &exporter->cells[c])) != 0) {
            json_decref(line);
            line = NULL;
        }
    ws_json_append(line, &exporter->rows);
    ws_buffer_text(&exporter->rows, "\n");
    json_decref(line);
}

static enum ws_status flush(struct exporter *exporter, struct ws_error *err)
{
    WS_TRY(ws_buffer_check(&exporter->rows, "the export", err));
    WS_TRY(exporter->target->write(exporter->target->user, ws_buffer_bytes(&exporter->rows), err));
    ws_buffer_reset(&exporter->rows);
    return WS_OK;
}

/* Its own cells are filled in. */
static enum ws_status add_row(struct exporter *exporter, struct ws_error *err)
{
    WS_TRY(find_arm(exporter, exporter->cells[0].text, err));
    switch (exporter->format) {
    case WS_EXPORT_CSV:
        csv_row(exporter);
        break;
    case WS_EXPORT_JSONL:
        jsonl_row(exporter);
        break;
    case WS_EXPORT_PARQUET:
        WS_TRY(ws_parquet_add(&exporter->parquet, exporter->cells, &exporter->rows, err));
        break;
    }
    return exporter->rows.size >= PIECE ? flush(exporter, err)
                                        : ws_buffer_check(&exporter->rows, "the export", err);
}

static enum ws_status begin(struct exporter *exporter, const char *directory,
                            const struct ws_column *own, size_t own_count, struct ws_error *err)
{
    WS_TRY(ws_run_read(directory, &exporter->arena, &exporter->run, err));
    WS_TRY(make_columns(exporter, own, own_count, err));
    if (exporter->format == WS_EXPORT_PARQUET)
        return ws_parquet_begin(&exporter->parquet, exporter->columns, exporter->column_count,
                                exporter->arena.allocator, &exporter->rows, err);
    if (exporter->format == WS_EXPORT_JSONL)
        return WS_OK;
    for (size_t c = 0; c < exporter->column_count; c++) {
        ws_buffer_text(&exporter->rows, c > 0 ? "," : "");
        csv_text(&exporter->rows, exporter->columns[c].name);
    }
    ws_buffer_text(&exporter->rows, "\r\n");
    return WS_OK;
}

/* What is exported ------------------------------------------------------------------------------*/

/* A chain's floors come at its first generation, before the metrics that they are of. */
static enum ws_status take_floor(struct exporter *exporter, const struct ws_record *record,
                                 struct ws_error *err)
{
    const char *metric = record->metric + strlen(WS_FLOOR_NAME);
    uint32_t at;
    WS_TRY(ws_text_set_add(&exporter->floored, metric, strlen(metric), &at, err));
    ws_buffer_append(&exporter->floors, &record->value, sizeof record->value);
    return ws_buffer_check(&exporter->floors, "the export", err);
}

static void forget_floors(struct exporter *exporter)
{
    const struct ws_allocator *allocator = exporter->arena.allocator;
    ws_text_set_release(&exporter->floored);
    ws_text_set_init(&exporter->floored, allocator);
    ws_buffer_reset(&exporter->floors);
}

static double floor_of(struct exporter *exporter, const char *metric)
{
    const double *floors = (const double *)(const void *)exporter->floors.data;
    const uint32_t count = exporter->floored.count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = (exporter->next_floor + i) % count;
        if (strcmp(ws_text_set_at(&exporter->floored, at), metric) == 0) {
            exporter->next_floor = at + 1;
            return floors[at];
        }
    }
    return NAN;
}

/* Every generation of a chain begins with it. */
static bool begins_chain(const struct ws_record *record)
{
    return record->place.generation == 0 && strcmp(record->metric, "mix/human") == 0;
}

static enum ws_status export_record(void *user, const struct ws_record *record,
                                    struct ws_error *err)
{
    struct exporter *exporter = user;
    union ws_cell *cells = exporter->cells;
    if (begins_chain(record))
        forget_floors(exporter);
    if (strncmp(record->metric, WS_FLOOR_NAME, strlen(WS_FLOOR_NAME)) == 0)
        WS_TRY(take_floor(exporter, record, err));
    cells[0].text = record->place.arm;
    cells[1].whole = record->place.seed;
    cells[2].whole = record->place.generation;
    cells[3].text = record->metric;
    cells[4].text = record->definition;
    cells[5].whole = record->n;
    cells[6].real = record->value;
    cells[7].real = floor_of(exporter, record->metric);
    return add_row(exporter, err);
}

static enum ws_status lose_chains(void *user, const struct ws_lost_chains *lost,
                                  struct ws_error *err)
{
    const struct exporter *exporter = user;
    return exporter->target->lose(exporter->target->user, lost, err);
}

static enum ws_status export_records(struct exporter *exporter, const char *directory,
                                     struct ws_error *err)
{
    WS_TRY(begin(exporter, directory, record_columns, COUNT(record_columns), err));
    const struct ws_results_visitor visitor = {
        export_record, exporter->target->lose ? lose_chains : NULL, exporter};
    return ws_results_visit_whole(directory, exporter->arena.allocator, &visitor, err);
}

static enum ws_status export_point(struct exporter *exporter, const struct ws_curve *curve,
                                   const struct ws_point *point, double floor, struct ws_error *err)
{
    union ws_cell *cells = exporter->cells;
    cells[0].text = curve->arm;
    cells[1].whole = point->generation;
    cells[2].text = curve->metric;
    cells[3].text = curve->definition;
    cells[4].whole = point->n;
    cells[5].whole = point->summary.count;
    cells[6].real = point->summary.median;
    cells[7].real = point->summary.low;
    cells[8].real = point->summary.high;
    cells[9].real = point->summary.mean;
    cells[10].real = point->summary.standard_error;
    cells[11].real = floor;
    return add_row(exporter, err);
}

/* "theory/exact/variance_ratio"; its definition is the form with its arguments. */
static enum ws_status export_theory(struct exporter *exporter, const struct ws_theory_row *row,
                                    struct ws_error *err)
{
    char metric[WS_METRIC_NAME_SIZE + 32];
    union ws_cell *cells = exporter->cells;
    (void)snprintf(metric, sizeof metric, "theory/%s/%s", ws_form_kind_name(row->kind),
                   row->metric);
    cells[0].text = row->arm;
    cells[1].whole = row->generation;
    cells[2].text = metric;
    cells[3].text = row->form;
    cells[4].whole = 0;
    cells[5].whole = 0;
    cells[6].real = row->of_median ? row->expected : NAN;
    cells[7].real = NAN;
    cells[8].real = NAN;
    cells[9].real = row->of_median ? NAN : row->expected;
    cells[10].real = NAN;
    cells[11].real = NAN;
    return add_row(exporter, err);
}

/* The theory of a curve, whose rows stand together. */
static enum ws_status export_theory_of(struct exporter *exporter, const struct ws_theory *theory,
                                       const struct ws_curve *curve, size_t *next,
                                       struct ws_error *err)
{
    for (; *next < theory->count; ++*next) {
        const struct ws_theory_row *row = &theory->rows[*next];
        if (strcmp(row->arm, curve->arm) != 0 || strcmp(row->metric, curve->metric) != 0)
            break;
        WS_TRY(export_theory(exporter, row, err));
    }
    return WS_OK;
}

static enum ws_status export_summary(struct exporter *exporter, const char *directory,
                                     struct ws_error *err)
{
    struct ws_results results;
    struct ws_theory theory;
    size_t next = 0;
    WS_TRY(begin(exporter, directory, summary_columns, COUNT(summary_columns), err));
    WS_TRY(ws_results_load(directory, &exporter->arena, &results, err));
    WS_TRY(ws_theory_read(directory, &exporter->arena, &theory, err));
    for (size_t i = 0; i < results.count; i++) {
        const struct ws_curve *curve = &results.curves[i];
        const double floor = ws_results_floor(&results, curve->arm, curve->metric);
        for (size_t p = 0; p < curve->point_count; p++)
            WS_TRY(export_point(exporter, curve, &curve->points[p], floor, err));
        WS_TRY(export_theory_of(exporter, &theory, curve, &next, err));
    }
    return WS_OK;
}

static enum ws_status export_run(
    const char *directory, enum ws_export_format format, const struct ws_allocator *allocator,
    const struct ws_export_target *target,
    enum ws_status (*write)(struct exporter *exporter, const char *directory, struct ws_error *err),
    struct ws_error *err)
{
    struct exporter exporter = {.target = target, .format = format};
    ws_arena_init(&exporter.arena, allocator);
    ws_buffer_init(&exporter.rows, allocator, SIZE_MAX);
    ws_buffer_init(&exporter.floors, allocator, SIZE_MAX);
    ws_text_set_init(&exporter.floored, allocator);
    enum ws_status status = write(&exporter, directory, err);
    if (status == WS_OK && format == WS_EXPORT_PARQUET)
        status = ws_parquet_end(&exporter.parquet, &exporter.rows, err);
    if (status == WS_OK)
        status = flush(&exporter, err);
    ws_parquet_release(&exporter.parquet);
    ws_buffer_release(&exporter.rows);
    ws_buffer_release(&exporter.floors);
    ws_text_set_release(&exporter.floored);
    ws_arena_release(&exporter.arena);
    return status;
}

enum ws_status ws_export_records(const char *directory, enum ws_export_format format,
                                 const struct ws_allocator *allocator,
                                 const struct ws_export_target *target, struct ws_error *err)
{
    return export_run(directory, format, allocator, target, export_records, err);
}

enum ws_status ws_export_summary(const char *directory, enum ws_export_format format,
                                 const struct ws_allocator *allocator,
                                 const struct ws_export_target *target, struct ws_error *err)
{
    return export_run(directory, format, allocator, target, export_summary, err);
}
