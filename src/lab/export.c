#include "lab/export.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"

enum { PIECE = 1 << 20 };

/* Rows that wait to be written. */
struct exporter {
    struct ws_buffer rows;
    const struct ws_export_target *target;
    enum ws_export_format format;
};

static enum ws_status flush(struct exporter *exporter, struct ws_error *err)
{
    WS_TRY(ws_buffer_check(&exporter->rows, "the export", err));
    WS_TRY(exporter->target->write(exporter->target->user, ws_buffer_bytes(&exporter->rows), err));
    ws_buffer_reset(&exporter->rows);
    return WS_OK;
}

static enum ws_status end_row(struct exporter *exporter, struct ws_error *err)
{
    if (exporter->rows.size >= PIECE)
        return flush(exporter, err);
    return ws_buffer_check(&exporter->rows, "the export", err);
}

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

static void csv_real(struct ws_buffer *out, double value)
{
    char text[WS_REAL_TEXT_SIZE];
    ws_real_text(value, text);
    ws_buffer_format(out, ",%s", text);
}

static void json_line(json_t *line, struct ws_buffer *out)
{
    ws_json_append(line, out);
    ws_buffer_text(out, "\n");
    json_decref(line);
}

static void record_csv(const struct ws_record *record, struct ws_buffer *out)
{
    csv_text(out, record->place.arm);
    ws_buffer_format(out, ",%" PRIu64 ",%" PRIu32 ",", record->place.seed,
                     record->place.generation);
    csv_text(out, record->metric);
    ws_buffer_text(out, ",");
    csv_text(out, record->definition);
    ws_buffer_format(out, ",%" PRIu64, record->n);
    csv_real(out, record->value);
    ws_buffer_text(out, "\r\n");
}

static void record_jsonl(const struct ws_record *record, struct ws_buffer *out)
{
    json_line(json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:o}", "arm", record->place.arm, "seed",
                        (json_int_t)record->place.seed, "generation",
                        (json_int_t)record->place.generation, "metric", record->metric,
                        "definition", record->definition, "n", (json_int_t)record->n, "value",
                        ws_json_real(record->value)),
              out);
}

static enum ws_status export_record(void *user, const struct ws_record *record,
                                    struct ws_error *err)
{
    struct exporter *exporter = user;
    if (exporter->format == WS_EXPORT_CSV)
        record_csv(record, &exporter->rows);
    else
        record_jsonl(record, &exporter->rows);
    return end_row(exporter, err);
}

enum ws_status ws_export_records(const char *directory, enum ws_export_format format,
                                 const struct ws_allocator *allocator,
                                 const struct ws_export_target *target, struct ws_error *err)
{
    struct exporter exporter = {.target = target, .format = format};
    ws_buffer_init(&exporter.rows, allocator, SIZE_MAX);
    if (format == WS_EXPORT_CSV)
        ws_buffer_text(&exporter.rows, "arm,seed,generation,metric,definition,n,value\r\n");
    enum ws_status status = ws_results_visit(directory, allocator, export_record, &exporter, err);
    if (status == WS_OK)
        status = flush(&exporter, err);
    ws_buffer_release(&exporter.rows);
    return status;
}

static void point_csv(const struct ws_curve *curve, const struct ws_point *point,
                      struct ws_buffer *out)
{
    csv_text(out, curve->arm);
    ws_buffer_format(out, ",%" PRIu32 ",", point->generation);
    csv_text(out, curve->metric);
    ws_buffer_text(out, ",");
    csv_text(out, curve->definition);
    ws_buffer_format(out, ",%" PRIu64 ",%zu", point->n, point->summary.count);
    csv_real(out, point->summary.median);
    csv_real(out, point->summary.low);
    csv_real(out, point->summary.high);
    csv_real(out, point->summary.mean);
    csv_real(out, point->summary.standard_error);
    ws_buffer_text(out, "\r\n");
}

static void point_jsonl(const struct ws_curve *curve, const struct ws_point *point,
                        struct ws_buffer *out)
{
    const struct ws_summary *s = &point->summary;
    json_line(json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "arm",
                        curve->arm, "generation", (json_int_t)point->generation, "metric",
                        curve->metric, "definition", curve->definition, "n", (json_int_t)point->n,
                        "seeds", (json_int_t)s->count, "median", ws_json_real(s->median), "low",
                        ws_json_real(s->low), "high", ws_json_real(s->high), "mean",
                        ws_json_real(s->mean), "standard_error", ws_json_real(s->standard_error)),
              out);
}

static enum ws_status export_curve(const struct ws_curve *curve, struct exporter *exporter,
                                   struct ws_error *err)
{
    for (size_t p = 0; p < curve->point_count; p++) {
        if (exporter->format == WS_EXPORT_CSV)
            point_csv(curve, &curve->points[p], &exporter->rows);
        else
            point_jsonl(curve, &curve->points[p], &exporter->rows);
        WS_TRY(end_row(exporter, err));
    }
    return WS_OK;
}

enum ws_status ws_export_summary(const char *directory, enum ws_export_format format,
                                 const struct ws_allocator *allocator,
                                 const struct ws_export_target *target, struct ws_error *err)
{
    struct exporter exporter = {.target = target, .format = format};
    struct ws_arena arena;
    struct ws_results results;
    ws_arena_init(&arena, allocator);
    ws_buffer_init(&exporter.rows, allocator, SIZE_MAX);
    enum ws_status status = ws_results_load(directory, &arena, &results, err);
    if (format == WS_EXPORT_CSV)
        ws_buffer_text(&exporter.rows, "arm,generation,metric,definition,n,seeds,median,low,high,"
                                       "mean,standard_error\r\n");
    for (size_t i = 0; status == WS_OK && i < results.count; i++)
        status = export_curve(&results.curves[i], &exporter, err);
    if (status == WS_OK)
        status = flush(&exporter, err);
    ws_buffer_release(&exporter.rows);
    ws_arena_release(&arena);
    return status;
}
