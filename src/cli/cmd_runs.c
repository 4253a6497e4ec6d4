/*
 * wellspring runs: the runs below a directory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "cli/command.h"
#include "lab/run_index.h"

struct runs_flags {
    const char *sort, *limit;
    struct ws_run_query query;
    bool json;
};

/* What prints the list. */
struct list {
    const char *parent;
    struct ws_arena arena; /* of one run */
    json_t *json;          /* or NULL */
    size_t count;
};

static json_t *policies_json(const char *policies)
{
    json_t *array = json_array();
    for (const char *next = policies; array && *next;) {
        size_t size = strcspn(next, "\n");
        if (json_array_append_new(array, json_stringn(next, size)) != 0) {
            json_decref(array);
            array = NULL;
        }
        next += size + (next[size] == '\n');
    }
    return array;
}

static json_t *run_json(const char *directory, const struct ws_run_entry *run)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:s}", "directory",
                     ws_json_path(directory), "name", run->name, "title", run->title, "state",
                     run->state, "family", run->family, "policies", policies_json(run->policies),
                     "arms", (json_int_t)run->arms, "seeds", (json_int_t)run->seeds, "generations",
                     (json_int_t)run->generations, "started", run->started, "finished",
                     run->finished);
}

static void print_run(const char *directory, const struct ws_run_entry *run)
{
    (void)printf("%-32s %-9s %-9s %5" PRIu64 " %7" PRIu64 " %7" PRIu64 "  %s\n", directory,
                 run->state, run->family, run->arms, run->seeds, run->generations, run->started);
}

static enum ws_status show_run(void *user, const struct ws_run_entry *run, struct ws_error *err)
{
    struct list *list = user;
    ws_arena_reset(&list->arena);
    const char *directory = ws_run_path(&list->arena, list->parent, run->directory);
    if (!directory)
        return ws_fail_memory(err, "the list of runs");
    if (list->json)
        return json_array_append_new(list->json, run_json(directory, run)) == 0
                   ? WS_OK
                   : ws_fail_memory(err, "the list of runs");
    if (list->count++ == 0)
        (void)printf("%-32s %-9s %-9s %5s %7s %7s  %s\n", "run", "state", "family", "arms", "seeds",
                     "gener.", "started");
    print_run(directory, run);
    return WS_OK;
}

static void name_damaged(void *user, const char *message)
{
    (void)user;
    (void)fprintf(stderr, "wellspring: %s\n", message);
}

static bool selects(const struct ws_run_query *query)
{
    return query->family || query->policy || query->state || query->since;
}

static enum ws_status list_runs(const char *parent, const struct runs_flags *flags,
                                struct ws_error *err)
{
    struct list list = {.parent = parent, .json = flags->json ? json_array() : NULL};
    const struct ws_run_visitor visitor = {show_run, name_damaged, &list};
    ws_arena_init(&list.arena, NULL);
    enum ws_status status =
        flags->json && !list.json ? ws_fail_memory(err, "the list of runs") : WS_OK;
    if (status == WS_OK)
        status = ws_run_index_visit(parent, &flags->query, NULL, &visitor, err);
    if (status == WS_OK && list.json)
        status = print_json(json_incref(list.json), "the list of runs", err);
    else if (status == WS_OK && list.count == 0 && selects(&flags->query))
        (void)printf("no such runs in '%s'\n", parent);
    else if (status == WS_OK && list.count == 0)
        (void)printf("no runs in '%s'; 'wellspring run quickstart' makes one\n", parent);
    json_decref(list.json);
    ws_arena_release(&list.arena);
    return status;
}

/* Flags that are more than a text -------------------------------------------------------------- */

static enum ws_status fail_name(const char *flag, const char *seen, const char *const *names,
                                size_t count, struct ws_error *err)
{
    const char *nearest = ws_nearest_name(seen, names, count);
    struct ws_buffer wanted;
    char text[120];
    ws_buffer_fix(&wanted, text, sizeof text);
    for (size_t i = 0; i < count; i++)
        ws_buffer_format(&wanted, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i]);
    return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted %s%s%s%s", flag, seen,
                   ws_buffer_string(&wanted), nearest ? "; did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'?" : "");
}

static bool is_among(const char *text, const char *const *names, size_t count, size_t *out)
{
    for (*out = 0; *out < count; (*out)++)
        if (strcmp(names[*out], text) == 0)
            return true;
    return false;
}

/* The beginning of "2026-11-27T10:30:00Z", the day at least. */
static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t size = strlen(text);
    if (size < strlen("dddd-dd-dd") || size >= sizeof form)
        return false;
    for (size_t i = 0; i < size; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i])
            return false;
    }
    return true;
}

static enum ws_status read_flags(struct runs_flags *flags, struct ws_error *err)
{
    static const char *const states[] = {"running", "stopped", "failed", "complete"};
    struct ws_run_query *query = &flags->query;
    size_t number = WS_RUN_BY_DIRECTORY;
    if (query->state && !is_among(query->state, states, 4, &number))
        return fail_name("state", query->state, states, 4, err);
    number = WS_RUN_BY_DIRECTORY;
    if (flags->sort && !is_among(flags->sort, ws_run_orders, WS_RUN_ORDER_COUNT, &number))
        return fail_name("sort", flags->sort, ws_run_orders, WS_RUN_ORDER_COUNT, err);
    query->order = (enum ws_run_order)number;
    if (query->since && !is_time(query->since))
        return ws_fail(err, WS_INVALID,
                       "--since is '%.40s', wanted a day or a time of UTC: 2026-11-27 or "
                       "2026-11-27T10:30",
                       query->since);
    if (flags->limit && (!ws_whole_parse(flags->limit, &query->most) || query->most == 0))
        return ws_fail(err, WS_INVALID, "--limit is '%.40s', wanted a whole number from 1",
                       flags->limit);
    return WS_OK;
}

int cmd_runs(int argc, char **argv)
{
    struct runs_flags flags = {.json = false};
    struct ws_run_query *query = &flags.query;
    const struct flag table[] = {
        {"family", 0, "NAME", "those of a family of models", NULL, &query->family},
        {"policy", 0, "NAME", "those with an arm of a policy; keep stands for every keep:X", NULL,
         &query->policy},
        {"state", 0, "NAME", "running (also after a kill), stopped, failed or complete", NULL,
         &query->state},
        {"since", 0, "TIME", "begun at that day or time (UTC) or later", NULL, &query->since},
        {"sort", 0, "KEY", "by name, state, family, started, finished, arms, seeds or generations",
         NULL, &flags.sort},
        {"reverse", 'r', NULL, "the other way round", &query->descending, NULL},
        {"limit", 'n', "N", "the first N", NULL, &flags.limit},
        {"json", 0, NULL, "the list as JSON", &flags.json, NULL},
    };
    const struct command_line line = {
        .usage = "runs [DIR] [options]",
        .about = "Lists the runs in DIR (default runs). DIR/" WS_RUN_INDEX
                 " makes that quick, and can be deleted.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(&line);
    else if (status == WS_OK)
        status = read_flags(&flags, &error);
    if (status == WS_OK && !arguments.help)
        status = list_runs(arguments.positional_count ? arguments.positional[0] : "runs", &flags,
                           &error);
    ws_arena_release(&arguments.arena);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}
