#include "server/run_json.h"

#include <string.h>

#include "base/file.h"
#include "lab/run_directory.h"
#include "server/http_target.h"

static json_t *lines_json(const char *lines)
{
    json_t *array = json_array();
    for (const char *next = lines; *next;) {
        size_t size = strcspn(next, "\n");
        ws_json_add(&array, json_stringn(next, size));
        next += size + (next[size] == '\n');
    }
    return array;
}

static json_t *id_json(const char *name, struct ws_arena *arena)
{
    const char *id = ws_target_escape(name, arena);
    return id ? json_string(id) : NULL;
}

json_t *ws_progress_json(const char *directory, struct ws_arena *arena)
{
    static const char *const states[] = {[WS_PROCESS_GONE] = "gone",
                                         [WS_PROCESS_THERE] = "there",
                                         [WS_PROCESS_ELSEWHERE] = "elsewhere"};
    struct ws_run_progress p;
    if (ws_progress_read(directory, arena, &p, NULL) != WS_OK)
        return json_null();
    const double total = (double)p.work + (double)p.work_left;
    return json_pack("{s:s, s:b, s:f, s:f, s:f, s:f, s:I, s:I, s:o, s:I}", "process",
                     states[ws_process_look(&p.process)], "stops", p.stops, "share",
                     total > 0 ? (double)p.work / total : 1, "elapsed", p.elapsed, "seconds_left",
                     ws_progress_seconds_left(&p), "rate",
                     p.elapsed > 0 ? (double)p.work / p.elapsed : 0, "chains", (json_int_t)p.chains,
                     "chains_done", (json_int_t)p.chains_done, "arm", ws_json_path(p.arm),
                     "generation", (json_int_t)p.generation);
}

json_t *ws_run_entry_json(const char *parent, const struct ws_run_entry *entry,
                          struct ws_arena *arena)
{
    json_t *progress = json_null();
    if (strcmp(entry->state, "running") == 0) {
        const char *directory = ws_run_path(arena, parent, entry->directory);
        progress = directory ? ws_progress_json(directory, arena) : NULL;
    }
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:s, s:o}", "id",
                     id_json(entry->directory, arena), "directory", ws_json_path(entry->directory),
                     "name", entry->name, "title", entry->title, "state", entry->state, "family",
                     entry->family, "policies", lines_json(entry->policies), "arms",
                     (json_int_t)entry->arms, "seeds", (json_int_t)entry->seeds, "generations",
                     (json_int_t)entry->generations, "started", entry->started, "finished",
                     entry->finished, "progress", progress);
}

static json_t *settings_json(const struct ws_setting *settings, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, settings[i].name, json_string(settings[i].value)) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *arms_json(const struct ws_run_description *run)
{
    json_t *array = json_array();
    for (size_t a = 0; a < run->arm_count; a++) {
        const struct ws_run_arm *arm = &run->arms[a];
        ws_json_add(&array, json_pack("{s:s, s:s, s:s, s:b}", "name", arm->name, "policy",
                                      arm->policy, "variation", arm->variation, "outgrows_control",
                                      arm->outgrows_control));
    }
    return array;
}

json_t *ws_run_description_json(const char *name, const struct ws_run_description *run,
                                struct ws_arena *arena)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "id",
                     id_json(name, arena), "directory", ws_json_path(name), "name", run->name,
                     "title", run->title, "state", run->state, "family", run->family,
                     "compute_class", run->compute_class, "started", run->started, "finished",
                     run->finished, "generations", (json_int_t)run->generations, "seeds",
                     (json_int_t)run->seeds, "arms", arms_json(run), "settings",
                     settings_json(run->settings, run->setting_count), "inputs",
                     settings_json(run->inputs, run->input_count));
}

enum ws_status ws_run_state_json(const char *directory, struct ws_arena *arena, json_t **out,
                                 struct ws_error *err)
{
    struct ws_run_description run;
    uint64_t log_size = 0;
    const char *log = ws_run_path(arena, directory, "events.log");
    const char *summary = ws_run_path(arena, directory, "summary");
    if (!log || !summary)
        return ws_fail_memory(err, "a run's state");
    WS_TRY(ws_run_read(directory, arena, &run, err));
    if (ws_file_exists(log) && ws_file_size(log, &log_size, NULL) != WS_OK)
        log_size = 0;
    const bool ended = strcmp(run.state, "running") != 0;
    *out = json_pack("{s:s, s:s, s:o, s:I, s:b}", "state", run.state, "finished", run.finished,
                     "progress", ended ? json_null() : ws_progress_json(directory, arena),
                     "log_size", (json_int_t)log_size, "results", ended && ws_file_exists(summary));
    return *out ? WS_OK : ws_fail_memory(err, "a run's state");
}
