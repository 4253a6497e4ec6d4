/*
 * Runs as JSON for the dashboard's pages. What makes JSON returns NULL when memory is out; the
 * caller gives it back with json_decref. Names of directories are any bytes: a run's "id" is its
 * name as a segment of a path (server/http_target.h), "directory" the name for people.
 */
#ifndef WS_SERVER_RUN_JSON_H
#define WS_SERVER_RUN_JSON_H

#include "base/json.h"
#include "lab/run_index.h"
#include "lab/run_progress.h"

/* A run of a list. One that is running has how far it is, as ws_progress_json. */
json_t *ws_run_entry_json(const char *parent, const struct ws_run_entry *entry,
                          struct ws_arena *arena);

/* Everything that run.json says that people ask for. */
struct ws_run_description;
json_t *ws_run_description_json(const char *name, const struct ws_run_description *run,
                                struct ws_arena *arena);

/* How far the run in `directory` is, or null where it is not going on. "process" is "there", "gone"
 * (killed) or "elsewhere". */
json_t *ws_progress_json(const char *directory, struct ws_arena *arena);

/* What changes while a run goes on: "state", "finished", "progress", "log_size" in bytes of its
 * events.log, and "results": whether it has any. */
WS_MUST_CHECK enum ws_status ws_run_state_json(const char *directory, struct ws_arena *arena,
                                               json_t **out, struct ws_error *err);

#endif
