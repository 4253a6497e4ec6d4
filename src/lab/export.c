#include "lab/export.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"

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

static enum ws_status json_line(json_t *line, struct ws_buffer *out, struct ws_error *err)
{
    ws_json_append(line, out);
    ws_buffer_text(out, "\n");
    json_decref(line);
    return ws_buffer_check(out, "the export", err);
}

static enum ws_status record_csv(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct ws_buffer *out = user;
    csv_text(out, record->place.arm);
    ws_buffer_format(out, ",%" PRIu64 ",%" PRIu32 ",", record->place.seed,
                     record->place.generation);
    csv_text(out, record->metric);
    ws_buffer_text(out, ",");
    csv_text(out, record->definition);
    ws_buffer_format(out, ",%" PRIu64, record->n);
    csv_real(out, record->value);
    ws_buffer_text(out, "\r\n");
    return ws_buffer_check(out, "the export", err);
}

static enum ws_status record_jsonl(void *user, const struct ws_record *record, struct ws_error *err)
{
    return json_line(json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:o}", "arm", record->place.arm,
                               "seed", (json_int_t)record->place.seed, "generation",
                               (json_int_t)record->place.generation, "metric", record->metric,
                               "definition", record->definition, "n", (json_int_t)record->n,
                               "value", ws_json_real(record->value)),
                     user, err);
}

enum ws_status ws_export_records(const char *directory, enum ws_export_format format,
                                 struct ws_buffer *out, struct ws_error *err)
{
    if (format == WS_EXPORT_CSV)
        ws_buffer_text(out, "arm,seed,generation,metric,definition,n,value\r\n");
    return ws_results_visit(directory, out->allocator,
                            format == WS_EXPORT_CSV ? record_csv : record_jsonl, out, err);
}

static enum ws_status point_csv(const struct ws_curve *curve, const struct ws_point *point,
                                struct ws_buffer *out, struct ws_error *err)
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
    return ws_buffer_check(out, "the export", err);
}

static enum ws_status point_jsonl(const struct ws_curve *curve, const struct ws_point *point,
                                  struct ws_buffer *out, struct ws_error *err)
{
    const struct ws_summary *s = &point->summary;
    return json_line(json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "arm",
                               curve->arm, "generation", (json_int_t)point->generation, "metric",
                               curve->metric, "definition", curve->definition, "n",
                               (json_int_t)point->n, "seeds", (json_int_t)s->count, "median",
                               ws_json_real(s->median), "low", ws_json_real(s->low), "high",
                               ws_json_real(s->high), "mean", ws_json_real(s->mean),
                               "standard_error", ws_json_real(s->standard_error)),
                     out, err);
}

static enum ws_status export_curves(const struct ws_results *results, enum ws_export_format format,
                                    struct ws_buffer *out, struct ws_error *err)
{
    for (size_t i = 0; i < results->count; i++)
        for (size_t p = 0; p < results->curves[i].point_count; p++) {
            const struct ws_curve *curve = &results->curves[i];
            WS_TRY(format == WS_EXPORT_CSV ? point_csv(curve, &curve->points[p], out, err)
                                           : point_jsonl(curve, &curve->points[p], out, err));
        }
    return WS_OK;
}

enum ws_status ws_export_summary(const char *directory, enum ws_export_format format,
                                 struct ws_buffer *out, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_results results;
    ws_arena_init(&arena, out->allocator);
    enum ws_status status = ws_results_load(directory, &arena, &results, err);
    if (status == WS_OK && format == WS_EXPORT_CSV)
        ws_buffer_text(out, "arm,generation,metric,definition,n,seeds,median,low,high,mean,"
                            "standard_error\r\n");
    if (status == WS_OK)
        status = export_curves(&results, format, out, err);
    ws_arena_release(&arena);
    return status;
}
