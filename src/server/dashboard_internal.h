/*
 * What the files of the dashboard share.
 */
#ifndef WS_SERVER_DASHBOARD_INTERNAL_H
#define WS_SERVER_DASHBOARD_INTERNAL_H

#include "base/json.h"
#include "server/dashboard.h"
#include "server/run_list.h"
#include "server/run_watch.h"

struct ws_dashboard {
    struct ws_microhttpd http;
    struct ws_run_list *list;
    struct ws_event_hub *hub;
    struct ws_run_watch *watch;
    struct ws_http_server *server;
    const char *figures_module; /* NULL: none */
    bool control;
    unsigned heavy; /* answers being made that take long; atomic */
};

/* The object as the answer; takes it. */
WS_MUST_CHECK enum ws_status ws_answer_json(struct ws_http_answer *answer, json_t *object,
                                            struct ws_error *err);

/* The directory of the run that the request names. WS_NOT_FOUND when there is no run.json. */
WS_MUST_CHECK enum ws_status ws_request_run(const struct ws_dashboard *dashboard,
                                            const struct ws_http_request *request, const char *name,
                                            const char **directory, struct ws_error *err);

/* The directories of the runs that parameters `run` name, of which there must be one and may be
 * `most`. WS_INVALID, WS_LIMIT, WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status ws_request_runs(const struct ws_dashboard *dashboard,
                                             const struct ws_http_request *request, size_t most,
                                             const char *const **directories, size_t *count,
                                             struct ws_error *err);

/* Answers that may take seconds are made a few at a time, so that threads are left for others:
 * WS_BUSY when there are as many. */
WS_MUST_CHECK enum ws_status ws_heavy_begin(struct ws_dashboard *dashboard, struct ws_error *err);
void ws_heavy_end(struct ws_dashboard *dashboard);

/* Of routes: the first argument is the dashboard. */
ws_http_function ws_answer_runs, ws_answer_list_events;              /* dashboard.c */
ws_http_function ws_answer_run, ws_answer_run_events, ws_answer_log; /* of one run */
ws_http_function ws_answer_summary, ws_answer_export, ws_answer_stop;
ws_http_function ws_answer_comparison, ws_answer_figure, ws_answer_report; /* of one or several */

#endif
