/*
 * The one thread that looks at the runs that somebody watches, and tells them what it sees.
 *
 * A topic of the hub is a run's name in the directory, or WS_WATCH_LIST for the list of runs. What
 * is told of a run is server/run_json.h's ws_run_state_json; of the list "version", which is
 * another when the list is, and "running": each run that is, with "id" and "progress". Runs that
 * nobody watches are not looked at. Contract: tests/cli/serve.sh.
 */
#ifndef WS_SERVER_RUN_WATCH_H
#define WS_SERVER_RUN_WATCH_H

#include "server/event_hub.h"
#include "server/run_list.h"

#define WS_WATCH_LIST ""

struct ws_run_watch;

/* It reads `list` and publishes on `hub`. */
WS_MUST_CHECK enum ws_status ws_run_watch_start(struct ws_run_list *list, struct ws_event_hub *hub,
                                                struct ws_run_watch **out, struct ws_error *err);
/* After the hub was closed. NULL is fine. */
void ws_run_watch_end(struct ws_run_watch *watch);

#endif
