/*
 * One run: what it is, how far it is, its log and its numbers, and its end.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "lab/export.h"
#include "server/dashboard_internal.h"
#include "server/run_json.h"
#include "view/figure_offer.h"
#include "view/headline.h"

enum { LOG_TAIL = 1 << 16 }; /* bytes that one answer has, at most */

enum ws_status ws_answer_run(void *dashboard_, const struct ws_http_request *request,
                             struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_dashboard *dashboard = dashboard_;
    const char *directory, *name = request->names[0];
    struct ws_run_description run;
    json_t *state = NULL;
    WS_TRY(ws_request_run(dashboard, request, name, &directory, err));
    WS_TRY(ws_run_read(directory, request->arena, &run, err));
    WS_TRY(ws_run_state_json(directory, request->arena, &state, err));
    json_t *object = ws_run_description_json(name, &run, request->arena);
    if (object && (json_object_update(object, state) != 0 ||
                   json_object_set_new(object, "control", json_boolean(dashboard->control)) != 0)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(state);
    return ws_answer_json(answer, object, err);
}

enum ws_status ws_answer_run_events(void *dashboard_, const struct ws_http_request *request,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_dashboard *dashboard = dashboard_;
    const char *directory;
    WS_TRY(ws_request_run(dashboard, request, request->names[0], &directory, err));
    answer->type = "text/event-stream";
    return ws_event_hub_join(dashboard->hub, request->names[0], &answer->viewer, err);
}

/* The log -------------------------------------------------------------------------------------- */

/* The last LOG_TAIL bytes from `from` on; a log that there is not is empty. */
static enum ws_status read_tail(const char *path, uint64_t *from, struct ws_arena *arena,
                                struct ws_bytes *out, struct ws_error *err)
{
    struct stat about;
    uint8_t *bytes = WS_ARENA_NEW(arena, uint8_t, LOG_TAIL);
    *out = ws_bytes_of(bytes, 0);
    if (!bytes)
        return ws_fail_memory(err, "the log");
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return WS_OK;
    ssize_t size = 0;
    if (fstat(descriptor, &about) == 0) {
        const uint64_t end = (uint64_t)about.st_size;
        if (end > LOG_TAIL && *from < end - LOG_TAIL)
            *from = end - LOG_TAIL;
        size = pread(descriptor, bytes, LOG_TAIL, (off_t)*from);
    }
    (void)close(descriptor);
    if (size < 0)
        return ws_fail_system(err, "read", path);
    *out = ws_bytes_of(bytes, (size_t)size);
    return WS_OK;
}

enum ws_status ws_answer_log(void *dashboard, const struct ws_http_request *request,
                             struct ws_http_answer *answer, struct ws_error *err)
{
    const char *directory;
    uint64_t from;
    struct ws_bytes tail;
    struct ws_buffer text;
    WS_TRY(ws_target_whole(request->target, "from", 0, INT64_MAX, &from, err));
    WS_TRY(ws_request_run(dashboard, request, request->names[0], &directory, err));
    const char *path = ws_run_path(request->arena, directory, "events.log");
    if (!path)
        return ws_fail_memory(err, "the log");
    WS_TRY(read_tail(path, &from, request->arena, &tail, err));
    ws_buffer_init(&text, NULL, 4 * LOG_TAIL);
    ws_utf8_repair(tail, &text);
    json_t *object = json_pack("{s:I, s:I, s:o}", "from", (json_int_t)from, "next",
                               (json_int_t)from + (json_int_t)tail.size, "text",
                               json_stringn(ws_buffer_string(&text), text.size));
    ws_buffer_release(&text);
    return ws_answer_json(answer, object, err);
}

/* Numbers -------------------------------------------------------------------------------------- */

static json_t *point_json(const struct ws_point *point)
{
    const struct ws_summary *s = &point->summary;
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "generation", (json_int_t)point->generation,
                     "n", (json_int_t)point->n, "seeds", (json_int_t)s->count, "median",
                     ws_json_real(s->median), "low", ws_json_real(s->low), "high",
                     ws_json_real(s->high));
}

static json_t *curves_json(const struct ws_results *results, const char *metric)
{
    json_t *curves = json_array();
    for (size_t i = 0; i < results->count; i++) {
        const struct ws_curve *curve = &results->curves[i];
        if (strcmp(curve->metric, metric) != 0)
            continue;
        json_t *points = json_array();
        for (size_t p = 0; p < curve->point_count; p++)
            ws_json_add(&points, point_json(&curve->points[p]));
        ws_json_add(&curves,
                    json_pack("{s:s, s:s, s:s, s:o}", "arm", curve->arm, "metric", curve->metric,
                              "definition", curve->definition, "points", points));
    }
    return curves;
}

/* Each metric once, but for the parts that one falls into ("mix/model/2"). */
static json_t *metrics_json(const struct ws_results *results)
{
    json_t *seen = json_object(), *names = json_array();
    for (size_t i = 0; i < results->count; i++) {
        const char *metric = results->curves[i].metric;
        if (strchr(metric, '/') || json_object_get(seen, metric))
            continue;
        (void)json_object_set_new(seen, metric, json_true());
        ws_json_add(&names, json_string(metric));
    }
    json_decref(seen);
    return names;
}

/* The metric that says most of the family, of those that the run has; or NULL. */
static const char *headline_of(const char *family, const struct ws_results *results)
{
    for (const struct ws_headline *h = ws_headlines(family); h->metric; h++)
        for (size_t i = 0; i < results->count; i++)
            if (strcmp(results->curves[i].metric, h->metric) == 0)
                return h->metric;
    return NULL;
}

/* Kinds of figures that are offered in one way, and what they are. */
static json_t *figures_json(const enum ws_figure_offer offers[WS_FIGURE_KINDS],
                            enum ws_figure_offer wanted)
{
    json_t *kinds = json_array();
    for (int kind = 0; kind < WS_FIGURE_KINDS; kind++)
        if (offers[kind] == wanted)
            ws_json_add(&kinds, json_pack("{s:s, s:s}", "kind", ws_figure_kinds[kind].name,
                                          "meaning", ws_figure_kinds[kind].meaning));
    return kinds;
}

enum ws_status ws_answer_summary(void *dashboard, const struct ws_http_request *request,
                                 struct ws_http_answer *answer, struct ws_error *err)
{
    const char *directory, *metric = ws_target_parameter(request->target, "metric");
    struct ws_run_description run;
    struct ws_results results;
    enum ws_figure_offer offers[WS_FIGURE_KINDS];
    WS_TRY(ws_request_run(dashboard, request, request->names[0], &directory, err));
    WS_TRY(ws_run_read(directory, request->arena, &run, err));
    WS_TRY(ws_results_load(directory, request->arena, &results, err));
    WS_TRY(ws_figure_offers(&run, &results, request->arena, offers, err));
    return ws_answer_json(
        answer,
        json_pack("{s:s?, s:o, s:o, s:o, s:o, s:o}", "headline", headline_of(run.family, &results),
                  "metrics", metrics_json(&results), "figures",
                  figures_json(offers, WS_FIGURE_STORED), "replayed",
                  figures_json(offers, WS_FIGURE_REPLAYED), "directory", ws_json_path(directory),
                  "curves", curves_json(&results, metric ? metric : "")),
        err);
}

struct download {
    struct ws_buffer *body;
    struct ws_buffer warning; /* the first chains that are left out, in words */
    size_t lost;              /* more of them */
};

static enum ws_status append_rows(void *download_, struct ws_bytes rows, struct ws_error *err)
{
    const struct download *download = download_;
    ws_buffer_append(download->body, rows.data, rows.size);
    return ws_buffer_check(download->body, "the export", err);
}

static enum ws_status note_lost(void *download_, const struct ws_lost_chains *lost,
                                struct ws_error *err)
{
    struct download *download = download_;
    (void)err;
    if (download->warning.size == 0)
        ws_lost_chains_append(lost, &download->warning);
    else
        download->lost++;
    return WS_OK;
}

static enum ws_status export_run(const char *directory, bool summary, enum ws_export_format format,
                                 const struct ws_http_request *request,
                                 struct ws_http_answer *answer, struct ws_error *err)
{
    struct download download = {.body = &answer->body};
    const struct ws_export_target target = {append_rows, &download, note_lost};
    ws_buffer_init(&download.warning, NULL, SIZE_MAX);
    enum ws_status status = summary ? ws_export_summary(directory, format, NULL, &target, err)
                                    : ws_export_records(directory, format, NULL, &target, err);
    if (download.lost > 0)
        ws_buffer_format(&download.warning, "; 'wellspring export' names %zu more", download.lost);
    if (status == WS_OK)
        status = ws_buffer_check(&download.warning, "the export", err);
    if (status == WS_OK && download.warning.size > 0) {
        answer->warning = ws_arena_text(request->arena, ws_buffer_string(&download.warning));
        status = answer->warning ? WS_OK : ws_fail_memory(err, "the export");
    }
    ws_buffer_release(&download.warning);
    return status;
}

enum ws_status ws_answer_export(void *dashboard, const struct ws_http_request *request,
                                struct ws_http_answer *answer, struct ws_error *err)
{
    static const char *const formats[] = {
        [WS_EXPORT_CSV] = "csv", [WS_EXPORT_JSONL] = "jsonl", [WS_EXPORT_PARQUET] = "parquet"};
    static const char *const types[] = {[WS_EXPORT_CSV] = "text/csv; charset=utf-8",
                                        [WS_EXPORT_JSONL] = "application/jsonl",
                                        [WS_EXPORT_PARQUET] = "application/vnd.apache.parquet"};
    const char *directory, *wanted = ws_target_parameter(request->target, "format");
    const bool summary = ws_target_parameter(request->target, "summary") != NULL;
    size_t format = WS_EXPORT_CSV;
    while (wanted && format < 3 && strcmp(formats[format], wanted) != 0)
        format++;
    if (format == 3)
        return ws_fail(err, WS_INVALID, "format is '%.40s', wanted csv, jsonl or parquet", wanted);
    WS_TRY(ws_request_run(dashboard, request, request->names[0], &directory, err));
    WS_TRY(ws_heavy_begin(dashboard, err));
    enum ws_status status =
        export_run(directory, summary, (enum ws_export_format)format, request, answer, err);
    ws_heavy_end(dashboard);
    WS_TRY(status);
    answer->type = types[format];
    answer->download =
        ws_arena_format(request->arena, "%s%s%s.%s", request->names[0], summary ? "-summary" : "",
                        answer->warning ? "-incomplete" : "", formats[format]);
    return answer->download ? WS_OK : ws_fail_memory(err, "the export");
}

/* Its end -------------------------------------------------------------------------------------- */

enum ws_status ws_answer_stop(void *dashboard_, const struct ws_http_request *request,
                              struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_dashboard *dashboard = dashboard_;
    const char *directory;
    struct ws_run_progress progress;
    if (!dashboard->control)
        return ws_fail(err, WS_UNSUPPORTED,
                       "runs cannot be stopped from here; 'wellspring serve --allow-control' lets "
                       "them");
    WS_TRY(ws_request_run(dashboard, request, request->names[0], &directory, err));
    if (ws_progress_read(directory, request->arena, &progress, NULL) != WS_OK)
        return ws_fail(err, WS_CONFLICT, "the run is not going on");
    if (!progress.stops)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the run is of several processes or of another program; stop it there");
    WS_TRY(ws_process_ask_to_end(&progress.process, err));
    return ws_answer_json(answer, json_pack("{s:b}", "stopping", true), err);
}
