#include "server/dashboard.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/run_directory.h"
#include "server/dashboard_internal.h"
#include "server/run_json.h"

enum { HEAVY_MOST = 2, ROWS = 200 };

#define STOP_SECONDS 3.0

static const struct ws_http_route routes[] = {
    {"GET", "/", NULL, "index.html", 0},
    {"GET", "/runs/*", NULL, "run.html", 0},
    {"GET", "/compare", NULL, "compare.html", 0},
    {"GET", "/assets/*", NULL, "*", 0},
    {"GET", "/api/runs", ws_answer_runs, NULL, 0},
    {"GET", "/api/events", ws_answer_list_events, NULL, 0},
    {"GET", "/api/runs/*", ws_answer_run, NULL, 0},
    {"GET", "/api/runs/*/events", ws_answer_run_events, NULL, 0},
    {"GET", "/api/runs/*/log", ws_answer_log, NULL, 0},
    {"GET", "/api/runs/*/summary", ws_answer_summary, NULL, 0},
    {"GET", "/api/runs/*/export", ws_answer_export, NULL, 0},
    {"POST", "/api/runs/*/stop", ws_answer_stop, NULL, 0},
    {"GET", "/api/compare", ws_answer_comparison, NULL, 0},
    {"GET", "/api/figure", ws_answer_figure, NULL, 0},
    {"GET", "/api/report", ws_answer_report, NULL, 0},
};

/* What answers share --------------------------------------------------------------------------- */

enum ws_status ws_answer_json(struct ws_http_answer *answer, json_t *object, struct ws_error *err)
{
    answer->type = "application/json";
    ws_json_append(object, &answer->body);
    json_decref(object);
    return ws_buffer_check(&answer->body, "an answer", err);
}

enum ws_status ws_request_run(const struct ws_dashboard *dashboard,
                              const struct ws_http_request *request, const char *name,
                              const char **directory, struct ws_error *err)
{
    const char *path = ws_run_path(request->arena, ws_run_list_parent(dashboard->list), name);
    const char *about = path ? ws_run_path(request->arena, path, "run.json") : NULL;
    if (!about)
        return ws_fail_memory(err, "a run");
    if (!ws_file_exists(about))
        return ws_fail(err, WS_NOT_FOUND, "there is no run '%.200s' here", name);
    *directory = path;
    return WS_OK;
}

enum ws_status ws_request_runs(const struct ws_dashboard *dashboard,
                               const struct ws_http_request *request, size_t most,
                               const char *const **directories, size_t *count, struct ws_error *err)
{
    const struct ws_target *target = request->target;
    const char **found = WS_ARENA_NEW(request->arena, const char *, WS_TARGET_PARAMETERS);
    size_t runs = 0;
    if (!found)
        return ws_fail_memory(err, "the runs");
    for (size_t i = 0; i < target->parameter_count; i++) {
        const char *name = target->parameters[i].value;
        if (strcmp(target->parameters[i].name, "run") != 0)
            continue;
        if (runs == most)
            return ws_fail(err, WS_LIMIT, "at most %zu runs at a time", most);
        if (!ws_is_segment(name))
            return ws_fail(err, WS_INVALID, "run is '%.200s', wanted the name of one", name);
        WS_TRY(ws_request_run(dashboard, request, name, &found[runs++], err));
    }
    if (runs == 0)
        return ws_fail(err, WS_INVALID, "which runs? 'run=NAME' names each");
    *directories = found;
    *count = runs;
    return WS_OK;
}

enum ws_status ws_heavy_begin(struct ws_dashboard *dashboard, struct ws_error *err)
{
    if (__atomic_add_fetch(&dashboard->heavy, 1, __ATOMIC_RELAXED) <= HEAVY_MOST)
        return WS_OK;
    ws_heavy_end(dashboard);
    return ws_fail(err, WS_BUSY, "others are waiting for large answers; try again");
}

void ws_heavy_end(struct ws_dashboard *dashboard)
{
    (void)__atomic_sub_fetch(&dashboard->heavy, 1, __ATOMIC_RELAXED);
}

/* The list ------------------------------------------------------------------------------------- */

static enum ws_status choose(const struct ws_target *target, const char *name,
                             const char *const *names, size_t count, size_t *out,
                             struct ws_error *err)
{
    const char *wanted = ws_target_parameter(target, name);
    *out = 0;
    if (!wanted)
        return WS_OK;
    for (size_t i = 0; i < count; i++) {
        *out = i;
        if (strcmp(names[i], wanted) == 0)
            return WS_OK;
    }
    return ws_fail(err, WS_INVALID, "%s is '%.40s', which is none of those there are", name,
                   wanted);
}

/* A filter that is empty is none. */
static const char *filter(const struct ws_target *target, const char *name)
{
    const char *value = ws_target_parameter(target, name);
    return value && *value ? value : NULL;
}

static enum ws_status read_request(const struct ws_target *target, struct ws_run_request *out,
                                   struct ws_error *err)
{
    size_t order, grouping;
    *out = (struct ws_run_request){
        .search = ws_target_parameter(target, "search"),
        .state = filter(target, "state"),
        .family = filter(target, "family"),
        .group = ws_target_parameter(target, "in"),
        .descending = ws_target_parameter(target, "reverse") != NULL,
    };
    WS_TRY(choose(target, "sort", ws_run_orders, WS_RUN_ORDER_COUNT, &order, err));
    WS_TRY(choose(target, "group", ws_run_groupings, WS_GROUPING_COUNT, &grouping, err));
    out->order = (enum ws_run_order)order;
    out->grouping = (enum ws_run_grouping)grouping;
    if (out->grouping == WS_GROUP_NONE)
        out->group = NULL;
    WS_TRY(ws_target_whole(target, "first", 0, UINT32_MAX, &out->first, err));
    return ws_target_whole(target, "most", ROWS, WS_RUN_ROWS_MOST, &out->most, err);
}

static json_t *groups_json(const struct ws_run_page *page)
{
    json_t *array = json_array();
    for (size_t i = 0; i < page->group_count; i++)
        ws_json_add(&array, json_pack("{s:s, s:I, s:I}", "name", page->groups[i].name, "runs",
                                      (json_int_t)page->groups[i].runs, "running",
                                      (json_int_t)page->groups[i].running));
    return array;
}

/* Everything but the runs. */
static json_t *head_json(const struct ws_dashboard *dashboard, const struct ws_run_page *page)
{
    json_t *damaged = json_array();
    for (size_t i = 0; i < page->damaged_count; i++)
        ws_json_add(&damaged, ws_json_path(page->damaged[i]));
    return json_pack("{s:o, s:b, s:I, s:I, s:I, s:o, s:o, s:I}", "directory",
                     ws_json_path(ws_run_list_parent(dashboard->list)), "control",
                     dashboard->control, "version", (json_int_t)page->version, "total",
                     (json_int_t)page->total, "matched", (json_int_t)page->matched, "groups",
                     groups_json(page), "damaged", damaged, "damaged_total",
                     (json_int_t)page->damaged_total);
}

static void append_json(json_t *json, struct ws_buffer *out)
{
    ws_json_append(json, out);
    json_decref(json);
}

/* One run's JSON at a time: that of ten thousand in one piece is a quarter of a million small
 * pieces of memory, and asking for them and giving them back takes longer than all the rest. */
static void append_page(const struct ws_dashboard *dashboard, const struct ws_run_page *page,
                        struct ws_arena *arena, struct ws_buffer *out)
{
    const char *parent = ws_run_list_parent(dashboard->list);
    json_t *head = head_json(dashboard, page);
    ws_buffer_text(out, "{");
    ws_json_append_members(head, out);
    json_decref(head);
    ws_buffer_text(out, ",\"runs\":[");
    for (size_t i = 0; i < page->count; i++) {
        ws_buffer_text(out, i > 0 ? "," : "");
        append_json(ws_run_entry_json(parent, &page->runs[i], arena), out);
    }
    ws_buffer_text(out, "]}");
}

enum ws_status ws_answer_runs(void *dashboard_, const struct ws_http_request *request,
                              struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_dashboard *dashboard = dashboard_;
    struct ws_run_request wanted;
    struct ws_run_page page;
    WS_TRY(read_request(request->target, &wanted, err));
    WS_TRY(ws_run_list_ask(dashboard->list, &wanted, request->arena, &page, err));
    answer->type = "application/json";
    append_page(dashboard, &page, request->arena, &answer->body);
    return ws_buffer_check(&answer->body, "an answer", err);
}

enum ws_status ws_answer_list_events(void *dashboard_, const struct ws_http_request *request,
                                     struct ws_http_answer *answer, struct ws_error *err)
{
    struct ws_dashboard *dashboard = dashboard_;
    (void)request;
    answer->type = "text/event-stream";
    return ws_event_hub_join(dashboard->hub, WS_WATCH_LIST, &answer->viewer, err);
}

/* Start and stop ------------------------------------------------------------------------------- */

static void free_dashboard(struct ws_dashboard *dashboard)
{
    if (dashboard->hub)
        ws_event_hub_close(dashboard->hub);
    ws_run_watch_end(dashboard->watch);
    if (dashboard->server)
        ws_http_server_stop(dashboard->server, STOP_SECONDS);
    ws_event_hub_free(dashboard->hub);
    ws_run_list_free(dashboard->list);
    ws_microhttpd_close(&dashboard->http);
    free(dashboard);
}

enum ws_status ws_dashboard_start(const char *parent, bool control, const char *figures_module,
                                  const struct ws_http_settings *settings,
                                  struct ws_dashboard **out, struct ws_error *err)
{
    struct ws_dashboard *dashboard = calloc(1, sizeof *dashboard);
    if (!dashboard)
        return ws_fail_memory(err, "the dashboard");
    dashboard->control = control;
    dashboard->figures_module = figures_module;
    const struct ws_http_site site = {
        .routes = routes, .route_count = sizeof routes / sizeof *routes, .user = dashboard};
    enum ws_status status = ws_microhttpd_open(&dashboard->http, err);
    if (status == WS_OK)
        status = ws_run_list_new(parent, &dashboard->list, err);
    if (status == WS_OK)
        status = ws_run_list_read(dashboard->list, err);
    if (status == WS_OK)
        status = ws_event_hub_new(&dashboard->http, &dashboard->hub, err);
    if (status == WS_OK)
        status = ws_run_watch_start(dashboard->list, dashboard->hub, &dashboard->watch, err);
    if (status == WS_OK)
        status = ws_http_server_start(&dashboard->http, settings, &site, &dashboard->server, err);
    if (status == WS_OK)
        *out = dashboard;
    else
        free_dashboard(dashboard);
    return status;
}

unsigned ws_dashboard_port(const struct ws_dashboard *dashboard)
{
    return ws_http_server_port(dashboard->server);
}

void ws_dashboard_stop(struct ws_dashboard *dashboard)
{
    free_dashboard(dashboard);
}
