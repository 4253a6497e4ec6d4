/*
 * Several runs at a time: side by side, as figures, as a report.
 */
#include <string.h>

#include "lab/run_comparison.h"
#include "server/dashboard_internal.h"
#include "view/comparison_json.h"
#include "view/run_figure.h"
#include "view/run_report.h"

/* All but the parts that a metric falls into, or the one that was asked for. */
static bool is_shown(void *metric, const char *name)
{
    return metric ? strcmp(metric, name) == 0 : !strchr(name, '/');
}

enum ws_status ws_answer_comparison(void *dashboard, const struct ws_http_request *request,
                                    struct ws_http_answer *answer, struct ws_error *err)
{
    const struct ws_target *target = request->target;
    const char *const *directories, *metric = ws_target_parameter(target, "metric");
    size_t count;
    uint64_t generation;
    struct ws_comparison comparison;
    WS_TRY(ws_target_whole(target, "generation", WS_LAST_GENERATION, WS_LAST_GENERATION,
                           &generation, err));
    WS_TRY(ws_request_runs(dashboard, request, WS_COMPARED_RUNS_MOST, &directories, &count, err));
    WS_TRY(ws_heavy_begin(dashboard, err));
    enum ws_status status =
        ws_compare_runs(directories, count, (uint32_t)generation, request->arena, &comparison, err);
    ws_heavy_end(dashboard);
    WS_TRY(status);
    return ws_answer_json(answer, ws_comparison_json(&comparison, is_shown, (void *)metric), err);
}

/* Figures -------------------------------------------------------------------------------------- */

enum { PNG_DPI = 200 };

static enum ws_status read_figure(const struct ws_target *target, struct ws_arena *arena,
                                  struct ws_figure_settings *settings,
                                  enum ws_figure_format *format, struct ws_error *err)
{
    const char *kind = ws_target_parameter(target, "kind");
    const char *wanted = ws_target_parameter(target, "format");
    const char **metric = WS_ARENA_ZNEW(arena, const char *, 1);
    if (!metric)
        return ws_fail_memory(err, "a figure");
    *format = WS_FIGURE_SVG;
    *settings = (struct ws_figure_settings){.kind = WS_FIGURE_OF_METRIC, .width = 6.5};
    if (kind && !ws_figure_kind_find(kind, &settings->kind))
        return ws_fail(err, WS_INVALID,
                       "kind is '%.40s'; 'wellspring plot --help' names those "
                       "there are",
                       kind);
    if (ws_figure_kind_replays(settings->kind))
        return ws_fail(err, WS_UNSUPPORTED,
                       "a figure of kind '%s' runs a chain again, for however long that takes: "
                       "'wellspring plot RUN --kind %s' draws it",
                       kind, kind);
    if (wanted && !ws_figure_format_find(wanted, format))
        return ws_fail(err, WS_INVALID, "format is '%.40s', wanted svg, pdf, png or tex", wanted);
    *metric = ws_target_parameter(target, "metric");
    if (*metric)
        settings->metrics = (struct ws_text_list){metric, 1};
    return WS_OK;
}

/* The figure that pages show waits for no other; those that read every record may. */
static enum ws_status draw(struct ws_dashboard *dashboard, const char *const *directories,
                           size_t count, const struct ws_figure_settings *settings,
                           enum ws_figure_format format, struct ws_buffer *out,
                           struct ws_error *err)
{
    const struct ws_figure_output output = {format, PNG_DPI, dashboard->figures_module};
    if (settings->kind == WS_FIGURE_OF_METRIC)
        return ws_run_figure_file(directories, count, settings, &output, out, err);
    WS_TRY(ws_heavy_begin(dashboard, err));
    enum ws_status status = ws_run_figure_file(directories, count, settings, &output, out, err);
    ws_heavy_end(dashboard);
    return status;
}

enum ws_status ws_answer_figure(void *dashboard, const struct ws_http_request *request,
                                struct ws_http_answer *answer, struct ws_error *err)
{
    static const char *const types[] = {[WS_FIGURE_SVG] = "image/svg+xml",
                                        [WS_FIGURE_PDF] = "application/pdf",
                                        [WS_FIGURE_PNG] = "image/png",
                                        [WS_FIGURE_TEX] = "application/x-tex"};
    static const char *const endings[] = {[WS_FIGURE_SVG] = "svg",
                                          [WS_FIGURE_PDF] = "pdf",
                                          [WS_FIGURE_PNG] = "png",
                                          [WS_FIGURE_TEX] = "tex"};
    const char *const *directories;
    struct ws_figure_settings settings;
    enum ws_figure_format format;
    size_t count;
    WS_TRY(read_figure(request->target, request->arena, &settings, &format, err));
    WS_TRY(ws_request_runs(dashboard, request, WS_COMPARED_RUNS_MOST, &directories, &count, err));
    WS_TRY(draw(dashboard, directories, count, &settings, format, &answer->body, err));
    answer->type = types[format];
    if (!ws_target_parameter(request->target, "download"))
        return WS_OK;
    answer->download =
        ws_arena_format(request->arena, "%s-%s.%s",
                        count == 1 ? ws_target_parameter(request->target, "run") : "runs",
                        ws_figure_kinds[settings.kind].name, endings[format]);
    return answer->download ? WS_OK : ws_fail_memory(err, "a figure");
}

/* The report -----------------------------------------------------------------------------------
 */

enum { REPORT_RUNS = WS_TARGET_PARAMETERS };

/* It is only ever saved, since it has programs of its own, which have no business here. */
enum ws_status ws_answer_report(void *dashboard, const struct ws_http_request *request,
                                struct ws_http_answer *answer, struct ws_error *err)
{
    const char *const *directories;
    size_t count;
    WS_TRY(ws_request_runs(dashboard, request, REPORT_RUNS, &directories, &count, err));
    WS_TRY(ws_heavy_begin(dashboard, err));
    enum ws_status status =
        ws_run_report(directories, count, NULL, request->arena, &answer->body, NULL, err);
    ws_heavy_end(dashboard);
    WS_TRY(status);
    answer->type = "text/html; charset=utf-8";
    answer->download =
        ws_arena_format(request->arena, "%s.html",
                        count == 1 ? ws_target_parameter(request->target, "run") : "runs");
    return answer->download ? WS_OK : ws_fail_memory(err, "the report");
}
