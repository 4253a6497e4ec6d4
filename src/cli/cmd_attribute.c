/*
 * wellspring attribute: runs an experiment without one or several of the three errors, and says
 * which of them lost how much.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/attribution_output.h"
#include "cli/command.h"
#include "cli/stop_signal.h"
#include "cli/temporary_directory.h"
#include "cli/terminal.h"

enum { FACTOR = 16, FACTOR_MOST = 1000000 };

struct attribute_flags {
    const char *metric, *generation, *factor, *runs, *output;
    bool json, quiet, allow_other_machine;
};

/* The whole command. */
struct work {
    const struct arguments *arguments;
    struct attribute_flags flags;
    uint64_t factor;
    struct ws_arena arena;
    struct terminal terminal;
    const char *what; /* as it was asked for */
    const char *run;  /* the directory of a run that has all errors; or NULL */
    struct ws_experiment experiment;
    struct ws_counterfactuals counterfactuals;
    const char *directory; /* of the runs */
    const char *directories[WS_COUNTERFACTUALS_MOST];
    size_t done;
    double started;
};

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

/* What is asked for ---------------------------------------------------------------------------- */

static enum ws_status load(struct work *w, struct ws_error *err)
{
    const char *file = ws_run_path(&w->arena, w->what, "run.json");
    if (!file)
        return ws_fail_memory(err, "the experiment");
    if (!ws_file_exists(file))
        return load_experiment(w->what, w->arguments, &w->experiment, err);
    WS_TRY(ws_run_experiment(w->what, w->arguments->overrides, w->arguments->override_count, NULL,
                             &w->experiment, err));
    w->run = w->arguments->override_count == 0 ? w->what : NULL;
    return WS_OK;
}

static enum ws_status read_factor(struct work *w, struct ws_error *err)
{
    const char *text = w->flags.factor;
    w->factor = FACTOR;
    if (text && (!ws_whole_parse(text, &w->factor) || w->factor < 2 || w->factor > FACTOR_MOST))
        return ws_fail(err, WS_INVALID, "--factor is '%.40s', wanted a whole number from 2 to %d",
                       text, FACTOR_MOST);
    return WS_OK;
}

/* The last generation that is measured, one that is named, or all. */
static enum ws_status read_query(const struct work *w, struct ws_attribution_query *out,
                                 struct ws_error *err)
{
    const struct ws_experiment_settings *settings = &w->experiment.settings;
    const char *text = w->flags.generation;
    const uint64_t last = settings->generations - 1;
    uint64_t named = last / settings->measure_every * settings->measure_every;
    *out = (struct ws_attribution_query){.metric = w->flags.metric, .last = (uint32_t)last};
    if (text && strcmp(text, "all") == 0)
        return WS_OK;
    if (text && (!ws_whole_parse(text, &named) || named > last))
        return ws_fail(err, WS_INVALID,
                       "--generation is '%.40s', wanted 'all' or one from 0 to %" PRIu64, text,
                       last);
    out->first = out->last = (uint32_t)named;
    return WS_OK;
}

/* Running -------------------------------------------------------------------------------------- */

static void show_progress(void *user, const struct ws_progress *progress)
{
    struct work *w = user;
    const size_t count = w->counterfactuals.count;
    char words[80];
    double total = (double)progress->work + (double)progress->work_left;
    double share =
        ((double)w->done + (total > 0 ? (double)progress->work / total : 1)) / (double)count;
    (void)snprintf(words, sizeof words, "%zu of %zu counterfactuals", w->done, count);
    terminal_show(&w->terminal,
                  &(struct terminal_state){share, now() - w->started, -1, words, words});
}

static enum ws_status run(struct work *w, const struct ws_experiment *experiment,
                          const struct ws_human *human, const char *directory, struct ws_error *err)
{
    struct ws_run_result result;
    const struct ws_run_options options = {
        .directory = directory,
        .allow_other_machine = w->flags.allow_other_machine,
        .stop = stop_signal_flag(),
        .progress = show_progress,
        .user = w,
    };
    enum ws_status status = ws_run_execute(experiment, human, &options, &result, err);
    if (status != WS_OK && status != WS_INTERRUPTED && result.failures)
        status =
            ws_fail(err, status, "arm '%.80s' seed %" PRIu64 ": %.300s", result.failures->arm->name,
                    result.failures->seed, result.failures->error.message);
    ws_arena_release(&result.arena);
    return status;
}

static enum ws_status is_complete(struct work *w, const char *directory, bool *out,
                                  struct ws_error *err)
{
    struct ws_run_description description;
    WS_TRY(ws_run_read(directory, &w->arena, &description, err));
    *out = strcmp(description.state, "complete") == 0;
    return WS_OK;
}

/* A run that was given is the first counterfactual, the one with all errors. */
static enum ws_status run_one(struct work *w, size_t i, struct ws_error *err)
{
    struct ws_counterfactual *one = &w->counterfactuals.all[i];
    struct ws_human *human = NULL;
    bool complete = false;
    w->directories[i] = i == 0 && w->run ? w->run : ws_run_path(&w->arena, w->directory, one->name);
    if (!w->directories[i])
        return ws_fail_memory(err, "a run's directory");
    if (i == 0 && w->run)
        WS_TRY(is_complete(w, w->run, &complete, err));
    if (complete)
        return WS_OK;
    WS_TRY(open_human(&one->experiment, &human, err));
    enum ws_status status = run(w, &one->experiment, human, w->directories[i], err);
    ws_human_close(human);
    if (status != WS_OK && status != WS_INTERRUPTED)
        ws_error_prefix(err, "with errors '%s'", one->name);
    w->done++;
    return status;
}

static enum ws_status show(struct work *w, struct ws_error *err)
{
    struct ws_attribution_query query;
    struct ws_attribution attribution;
    WS_TRY(read_query(w, &query, err));
    WS_TRY(ws_attribution_read(&w->counterfactuals, w->directories, &query, &w->arena, &attribution,
                               err));
    if (w->flags.output)
        WS_TRY(attribution_write_csv(&attribution, w->flags.output, err));
    if (w->flags.json)
        return attribution_print_json(&w->counterfactuals, &attribution, err);
    if (!w->flags.output)
        attribution_print(&w->counterfactuals, &attribution);
    return WS_OK;
}

static enum ws_status run_all(struct work *w, struct ws_error *err)
{
    for (size_t i = 0; i < w->counterfactuals.count; i++)
        WS_TRY(run_one(w, i, err));
    terminal_clear(&w->terminal);
    return show(w, err);
}

/* Runs lie in the given directory, or in one that is gone afterwards. */
static enum ws_status run_in_place(struct work *w, struct ws_error *err)
{
    w->directory = w->flags.runs;
    if (w->directory)
        WS_TRY(ws_directory_make(w->directory, err));
    else
        WS_TRY(temporary_directory_make(&w->arena, &w->directory, err));
    stop_signal_take();
    enum ws_status status = run_all(w, err);
    terminal_clear(&w->terminal);
    if (!w->flags.runs)
        directory_remove(w->directory);
    return status;
}

static enum ws_status attribute_experiment(struct work *w, struct ws_error *err)
{
    struct ws_attribution_query query;
    struct ws_human *human = NULL;
    WS_TRY(read_query(w, &query, err)); /* a mistake in it is told before anything runs */
    WS_TRY(open_human(&w->experiment, &human, err));
    enum ws_status status =
        ws_counterfactuals_make(&w->experiment, human, w->factor, NULL, &w->counterfactuals, err);
    ws_human_close(human);
    WS_TRY(status);
    status = run_in_place(w, err);
    ws_counterfactuals_release(&w->counterfactuals);
    return status;
}

static enum ws_status attribute(struct work *w, struct ws_error *err)
{
    WS_TRY(read_factor(w, err));
    WS_TRY(load(w, err));
    enum ws_status status = attribute_experiment(w, err);
    ws_experiment_release(&w->experiment);
    return status;
}

static enum ws_status attribute_as_asked(void *context, const struct arguments *arguments,
                                         struct ws_error *err)
{
    struct work *w = context;
    w->arguments = arguments;
    w->what = arguments->positional[0];
    w->started = now();
    ws_arena_init(&w->arena, NULL);
    terminal_init(&w->terminal, w->flags.quiet);
    enum ws_status status = attribute(w, err);
    ws_arena_release(&w->arena);
    return status;
}

/* The command ---------------------------------------------------------------------------------- */

int cmd_attribute(int argc, char **argv)
{
    struct work w = {.done = 0};
    const struct flag table[] = {
        {"metric", 'm', "NAME", "this one alone (default: all that every counterfactual has)", NULL,
         &w.flags.metric},
        {"generation", 'g', "N|all", "default: the last that is measured", NULL,
         &w.flags.generation},
        {"factor", 0, "N", "times as many items where no population is fitted to (default 16)",
         NULL, &w.flags.factor},
        {"runs", 0, "DIR", "keep the counterfactual runs there, and go on with those that are",
         NULL, &w.flags.runs},
        {"output", 'o', "FILE", "write every row as CSV, whole or not at all", NULL,
         &w.flags.output},
        {"quiet", 'q', NULL, "no progress", &w.flags.quiet, NULL},
        {"json", 0, NULL, "every row as JSON", &w.flags.json, NULL},
        {"allow-other-machine", 0, NULL, "resume runs begun on another kind of machine",
         &w.flags.allow_other_machine, NULL},
    };
    const struct command_line line = {
        .usage = "attribute RUN|PRESET|FILE [options]",
        .about =
            "Runs the experiment without one or several of the three errors that models of\n"
            "models make, and shares out what was lost: to finite samples (statistical), to a\n"
            "family that does not hold the truth (expressivity), to a fit that is not the\n"
            "best there is (approximation). The truth must be known.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .takes_settings = true,
        .positional_most = 1,
        .wanted = "which experiment? Try 'attribute gaussian'",
    };
    return command_of_one(&line, argc, argv, attribute_as_asked, &w);
}
