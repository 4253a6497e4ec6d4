/*
 * The dashboard: the runs of a directory for a browser, as pages and as JSON.
 *
 *   GET  /                        pages: the list, a run, a comparison
 *   GET  /runs/<id>  /compare
 *   GET  /api/runs                the list: search, state, family, group, in, sort, reverse, first,
 *                                 most
 *   GET  /api/events              its changes, as server-sent events (server/run_watch.h)
 *   GET  /api/runs/<id>           a run: settings, arms, state
 *   GET  /api/runs/<id>/events    its progress, as server-sent events
 *   GET  /api/runs/<id>/log       the end of its events.log, from byte `from` on
 *   GET  /api/runs/<id>/summary   its metrics over seeds
 *   GET  /api/runs/<id>/export    its metrics as a file: format, summary
 *   GET  /api/compare             runs side by side: run, run, ..., generation
 *   GET  /api/figure              a figure of runs: run, run, ..., kind, metric, format, download
 *   GET  /api/report              one HTML file of runs: run, run, ...
 *   POST /api/runs/<id>/stop      ends it cleanly, where that is allowed
 *
 * Contract: tests/cli/serve.sh.
 */
#ifndef WS_SERVER_DASHBOARD_H
#define WS_SERVER_DASHBOARD_H

#include "server/http_server.h"

struct ws_dashboard;

/* json_object_seed is called before, once for the process. `control`: runs may be stopped.
 * `figures_module`: see struct ws_figure_output; it stays the caller's and is used to the end.
 * WS_NOT_FOUND: there is no directory `parent`. */
WS_MUST_CHECK enum ws_status ws_dashboard_start(const char *parent, bool control,
                                                const char *figures_module,
                                                const struct ws_http_settings *settings,
                                                struct ws_dashboard **out, struct ws_error *err);
unsigned ws_dashboard_port(const struct ws_dashboard *dashboard);
void ws_dashboard_stop(struct ws_dashboard *dashboard);

#endif
