/*
 * wellspring runs: the runs below a directory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"

static json_t *run_json(const char *directory, const struct ws_run_description *run)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "directory",
                     ws_json_path(directory), "name", run->name, "state", run->state, "family",
                     run->family, "arms", (json_int_t)run->arm_count, "seeds",
                     (json_int_t)run->seeds, "generations", (json_int_t)run->generations, "started",
                     run->started, "finished", run->finished);
}

static void print_run(const char *directory, const struct ws_run_description *run)
{
    (void)printf("%-32s %-9s %-9s %5zu %7" PRIu64 " %7" PRIu64 "  %s\n", directory, run->state,
                 run->family, run->arm_count, run->seeds, run->generations, run->started);
}

/* What is no run is passed over; a damaged one is named. */
static enum ws_status show_run(const char *directory, json_t *list, size_t *shown,
                               struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_run_description run;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_run_read(directory, &arena, &run, err);
    if (status == WS_OK) {
        if (list && json_array_append_new(list, run_json(directory, &run)) != 0)
            status = ws_fail_memory(err, "the list of runs");
        else if (!list && (*shown)++ == 0)
            (void)printf("%-32s %-9s %-9s %5s %7s %7s  %s\n", "run", "state", "family", "arms",
                         "seeds", "gener.", "started");
        if (!list)
            print_run(directory, &run);
    } else if (status == WS_CORRUPT || status == WS_UNSUPPORTED) {
        (void)fprintf(stderr, "wellspring: %s\n", err->message);
        status = WS_OK;
    } else if (status == WS_NOT_FOUND) {
        status = WS_OK;
    }
    ws_arena_release(&arena);
    return status;
}

static enum ws_status show_all(const char *parent, json_t *list, size_t *shown,
                               struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_names names;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_directory_list(parent, &arena, &names, err);
    for (size_t i = 0; status == WS_OK && i < names.count; i++) {
        const char *directory = ws_run_path(&arena, parent, names.items[i]);
        if (!directory)
            status = ws_fail_memory(err, "the list of runs");
        else if (ws_directory_exists(directory))
            status = show_run(directory, list, shown, err);
    }
    ws_arena_release(&arena);
    return status;
}

static enum ws_status print_list(json_t *list, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append_pretty(list, &text);
    enum ws_status status = ws_buffer_check(&text, "the list of runs", err);
    if (status == WS_OK)
        (void)printf("%s\n", ws_buffer_string(&text));
    ws_buffer_release(&text);
    return status;
}

static int list_runs(const char *parent, bool json)
{
    struct ws_error error;
    size_t shown = 0;
    json_t *list = json ? json_array() : NULL;
    enum ws_status status = json && !list ? ws_fail_memory(&error, "the list of runs") : WS_OK;
    if (status == WS_OK)
        status = show_all(parent, list, &shown, &error);
    if (status == WS_OK && json)
        status = print_list(list, &error);
    else if (status == WS_OK && shown == 0)
        (void)printf("no runs in '%s'; 'wellspring run quickstart' makes one\n", parent);
    json_decref(list);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}

int cmd_runs(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {{"json", 0, NULL, "the list as JSON", &json, NULL}};
    const struct command_line line = {
        .usage = "runs [DIR] [options]",
        .about = "Lists the runs in DIR (default runs).",
        .flags = table,
        .flag_count = 1,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        print_help(&line);
    else
        exit_status =
            list_runs(arguments.positional_count ? arguments.positional[0] : "runs", json);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
