#include "server/run_watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run_directory.h"
#include "server/http_target.h"
#include "server/run_json.h"

#define LOOK_SECONDS 1.0

enum { RUNNING_TOLD = 100, MESSAGE_SIZE = 1 << 20 };

struct ws_run_watch {
    struct ws_run_list *list;
    struct ws_event_hub *hub;
    pthread_t thread;
};

/* {"version": 7, "running": [...]} */
static enum ws_status look_at_list(struct ws_run_list *list, struct ws_arena *arena, json_t **out,
                                   struct ws_error *err)
{
    const struct ws_run_request request = {
        .state = "running", .order = WS_RUN_BY_STARTED, .descending = true, .most = RUNNING_TOLD};
    struct ws_run_page page;
    WS_TRY(ws_run_list_ask(list, &request, arena, &page, err));
    json_t *running = json_array();
    for (size_t i = 0; i < page.count; i++) {
        const char *name = page.runs[i].directory;
        const char *directory = ws_run_path(arena, ws_run_list_parent(list), name);
        const char *id = ws_target_escape(name, arena);
        if (directory && id)
            ws_json_add(&running, json_pack("{s:s, s:o}", "id", id, "progress",
                                            ws_progress_json(directory, arena)));
    }
    *out = json_pack("{s:I, s:o}", "version", (json_int_t)page.version, "running", running);
    return *out ? WS_OK : ws_fail_memory(err, "the list of runs");
}

static enum ws_status look_at(struct ws_run_list *list, const char *topic, struct ws_arena *arena,
                              json_t **out, struct ws_error *err)
{
    if (strcmp(topic, WS_WATCH_LIST) == 0)
        return look_at_list(list, arena, out, err);
    const char *directory = ws_run_path(arena, ws_run_list_parent(list), topic);
    if (!directory)
        return ws_fail_memory(err, "a run's state");
    return ws_run_state_json(directory, arena, out, err);
}

/* What went wrong is told, too. */
static void tell(struct ws_run_watch *watch, const char *topic, struct ws_arena *arena)
{
    struct ws_buffer text;
    struct ws_error error;
    json_t *seen = NULL;
    if (look_at(watch->list, topic, arena, &seen, &error) != WS_OK)
        seen = json_pack("{s:o}", "error", ws_json_path(error.message));
    ws_buffer_init(&text, NULL, MESSAGE_SIZE);
    ws_json_append(seen, &text);
    if (ws_buffer_check(&text, "an event", NULL) == WS_OK) /* else the next may fit in memory */
        (void)!ws_event_hub_publish(watch->hub, topic, ws_buffer_string(&text), NULL);
    json_decref(seen);
    ws_buffer_release(&text);
}

static void *watch_runs(void *watch_)
{
    struct ws_run_watch *watch = watch_;
    struct ws_arena topics, arena;
    ws_arena_init(&topics, NULL);
    ws_arena_init(&arena, NULL);
    do {
        const char **names;
        size_t count = 0;
        ws_arena_reset(&topics);
        if (ws_event_hub_topics(watch->hub, &topics, &names, &count, NULL) != WS_OK)
            continue;
        for (size_t i = 0; i < count; i++) {
            ws_arena_reset(&arena);
            tell(watch, names[i], &arena);
        }
    } while (ws_event_hub_wait(watch->hub, LOOK_SECONDS));
    ws_arena_release(&arena);
    ws_arena_release(&topics);
    return NULL;
}

enum ws_status ws_run_watch_start(struct ws_run_list *list, struct ws_event_hub *hub,
                                  struct ws_run_watch **out, struct ws_error *err)
{
    struct ws_run_watch *watch = malloc(sizeof *watch);
    if (!watch)
        return ws_fail_memory(err, "the watch over runs");
    *watch = (struct ws_run_watch){.list = list, .hub = hub};
    if (pthread_create(&watch->thread, NULL, watch_runs, watch) != 0) {
        free(watch);
        return ws_fail(err, WS_IO, "a thread cannot be started");
    }
    *out = watch;
    return WS_OK;
}

void ws_run_watch_end(struct ws_run_watch *watch)
{
    if (!watch)
        return;
    (void)pthread_join(watch->thread, NULL);
    free(watch);
}
