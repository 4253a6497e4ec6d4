/*
 * wellspring attribute: runs an experiment without one or several of the three errors, and says
 * which of them lost how much.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/temporary_directory.h"
#include "cli/attribution_output.h"
#include "cli/command.h"
#include "cli/installed.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "lab/plan.h"
#include "measure/metric.h"

/* An interval's width falls with the root of the seeds, the time that it takes with their number:
 * more are run if they are asked for. */
enum { FACTOR_MOST = 1000000, SEEDS = 40 };

/* What a larger factor may take where none is asked for: of one core by the families' own costs,
 * and so the same on any machine, and of a disk. */
static const double SECONDS_MOST = 10, DISK_MOST = 1e9;

struct attribute_flags {
    const char *metric, *generation, *factor, *arm, *runs, *output;
    bool json, quiet, allow_other_machine;
};

/* One variation of the experiment. */
struct part {
    struct ws_experiment experiment;
    const char *directory; /* of its runs, below the one of all; "" where there is one part */
    const char *directories[WS_COUNTERFACTUALS_MOST];
};

/* The whole command. */
struct work {
    const struct arguments *arguments;
    struct attribute_flags flags;
    uint64_t factor; /* that was asked for; 0: none */
    uint64_t seeds;
    struct ws_arena arena;
    struct terminal terminal;
    const char *what; /* as it was asked for */
    const char *run;  /* the directory of a whole run that has all errors; or NULL */
    struct ws_experiment experiment;
    struct part *parts;
    struct attribution_part *results; /* (part_count), those before `made` have counterfactuals */
    size_t part_count, made;
    const char *directory; /* of the runs */
    size_t runs, done;
    double started;
};

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

/* The experiment ------------------------------------------------------------------------------- */

static enum ws_status is_complete(struct work *w, const char *directory, bool *out,
                                  struct ws_error *err)
{
    struct ws_run_description description;
    WS_TRY(ws_run_read(directory, &w->arena, &description, err));
    *out = strcmp(description.state, "complete") == 0;
    return WS_OK;
}

static bool is_overridden(const struct arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->override_count; i++)
        if (strcmp(arguments->overrides[i].name, name) == 0)
            return true;
    return false;
}

/* A run that has not ended is left as it is, and its experiment run anew. */
static enum ws_status load(struct work *w, struct ws_error *err)
{
    const char *file = ws_run_path(&w->arena, w->what, "run.json");
    bool complete;
    if (!file)
        return ws_fail_memory(err, "the experiment");
    if (!ws_file_exists(file))
        return load_experiment(w->what, w->arguments, &w->experiment, err);
    WS_TRY(is_complete(w, w->what, &complete, err));
    WS_TRY(ws_run_experiment(w->what, w->arguments->overrides, w->arguments->override_count, NULL,
                             &w->experiment, err));
    w->run = complete && w->arguments->override_count == 0 ? w->what : NULL;
    return WS_OK;
}

/* All seeds that were asked for here, or the first SEEDS of those of the experiment. */
static void choose_seeds(struct work *w)
{
    w->seeds = w->experiment.settings.seeds;
    if (w->seeds > SEEDS && !is_overridden(w->arguments, "seeds"))
        w->seeds = SEEDS;
}

/* Parts ---------------------------------------------------------------------------------------- */

/* The first arm of each variation, or the one that was named. */
static bool is_chosen(const struct work *w, size_t arm)
{
    const struct ws_arm *arms = w->experiment.arms;
    if (w->flags.arm)
        return strcmp(arms[arm].name, w->flags.arm) == 0;
    for (size_t a = 0; a < arm; a++)
        if (strcmp(arms[a].variation, arms[arm].variation) == 0)
            return false;
    return true;
}

static enum ws_status fail_arm(struct work *w, struct ws_error *err)
{
    const char *names = "";
    for (size_t a = 0; a < w->experiment.arm_count && names; a++)
        names = ws_arena_format(&w->arena, "%s%s'%s'", names, a > 0 ? ", " : "",
                                w->experiment.arms[a].name);
    return names ? ws_fail(err, WS_INVALID, "--arm is '%.80s', wanted one of %.600s", w->flags.arm,
                           names)
                 : ws_fail_memory(err, "the arms");
}

static enum ws_status make_parts(struct work *w, struct ws_error *err)
{
    const struct ws_experiment *e = &w->experiment;
    w->parts = WS_ARENA_ZNEW(&w->arena, struct part, e->arm_count);
    w->results = WS_ARENA_ZNEW(&w->arena, struct attribution_part, e->arm_count);
    if (!w->parts || !w->results)
        return ws_fail_memory(err, "the arms");
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_arm *arm = &e->arms[a];
        const struct ws_subject subject = {a, w->flags.arm != NULL, w->seeds};
        struct part *part = &w->parts[w->part_count];
        if (!is_chosen(w, a))
            continue;
        WS_TRY(ws_subject_make(e, &subject, NULL, &part->experiment, err));
        part->directory = subject.alone || arm->variation[0] ? arm->directory : "";
        w->results[w->part_count].variation = arm->variation;
        w->part_count++;
    }
    return w->part_count > 0 ? WS_OK : fail_arm(w, err);
}

static enum ws_status make_counterfactuals(struct work *w, size_t p, uint64_t factor,
                                           struct ws_counterfactuals *out, struct ws_error *err)
{
    struct ws_experiment *experiment = &w->parts[p].experiment;
    struct ws_human *human = NULL;
    WS_TRY(ws_counterfactuals_check(experiment, err));
    WS_TRY(open_human(experiment, &human, err));
    enum ws_status status = ws_counterfactuals_make(experiment, human, factor, NULL, out, err);
    ws_human_close(human);
    if (status != WS_OK && w->results[p].variation[0])
        ws_error_prefix(err, "with %s", w->results[p].variation);
    return status;
}

/* Those that are run first. */
static enum ws_status make_first(struct work *w, size_t p, struct ws_error *err)
{
    struct ws_counterfactuals *out = &w->results[p].counterfactuals;
    WS_TRY(make_counterfactuals(w, p, w->factor > 0 ? w->factor : WS_FACTOR_FIRST, out, err));
    w->runs += out->count;
    w->made++;
    return WS_OK;
}

static void release_parts(struct work *w)
{
    for (size_t p = 0; p < w->part_count; p++) {
        if (p < w->made)
            ws_counterfactuals_release(&w->results[p].counterfactuals);
        ws_experiment_release(&w->parts[p].experiment);
    }
}

/* What is asked for ---------------------------------------------------------------------------- */

static enum ws_status read_factor(struct work *w, struct ws_error *err)
{
    const char *text = w->flags.factor;
    if (text && (!ws_whole_parse(text, &w->factor) || w->factor < 2 || w->factor > FACTOR_MOST))
        return ws_fail(err, WS_INVALID, "--factor is '%.40s', wanted a whole number from 2 to %d",
                       text, FACTOR_MOST);
    return WS_OK;
}

static enum ws_status check_truth(enum ws_metric_id id, struct ws_error *err)
{
    const struct ws_metric *metric = ws_metric(id);
    if (ws_attribution_is_of_truth(metric->definition))
        return WS_OK;
    const bool mixture = id == WS_METRIC_MIXTURE_L2_SQUARED;
    return ws_fail(err, WS_INVALID,
                   "--metric: '%s' compares a model with the first of its own chain, which makes "
                   "the errors too; wanted one of human data or the truth, such as '%s'",
                   metric->name, mixture ? "mixture_l2_truth" : "perplexity");
}

/* A name that no run has. Whether the counterfactuals measure a metric, only they tell. */
static enum ws_status check_metric(const struct work *w, struct ws_error *err)
{
    const char *names[WS_METRIC_COUNT];
    for (size_t m = 0; m < WS_METRIC_COUNT; m++) {
        names[m] = ws_metric((enum ws_metric_id)m)->name;
        if (!w->flags.metric)
            return WS_OK;
        if (strcmp(w->flags.metric, names[m]) == 0)
            return check_truth((enum ws_metric_id)m, err);
    }
    const char *nearest = ws_nearest_name(w->flags.metric, names, WS_METRIC_COUNT);
    return ws_fail(err, WS_INVALID, "--metric: no metric '%.80s'%s%s%s", w->flags.metric,
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
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
    if (named % settings->measure_every != 0)
        return ws_fail(err, WS_INVALID,
                       "--generation: %" PRIu64 " is not measured: measure_every is %" PRIu64,
                       named, settings->measure_every);
    out->first = out->last = (uint32_t)named;
    return WS_OK;
}

/* Running -------------------------------------------------------------------------------------- */

static void show_progress(void *user, const struct ws_progress *progress)
{
    struct work *w = user;
    const size_t count = w->runs;
    char words[80];
    double total = (double)progress->work + (double)progress->work_left;
    double share =
        ((double)w->done + (total > 0 ? (double)progress->work / total : 1)) / (double)count;
    (void)snprintf(words, sizeof words, "%zu of %zu counterfactuals", w->done, count);
    terminal_show(&w->terminal,
                  &(struct terminal_state){share, now() - w->started, -1, words, words, NULL});
}

static enum ws_status run(struct work *w, const struct ws_experiment *experiment,
                          const struct ws_human *human, const char *directory, struct ws_error *err)
{
    struct ws_run_result result;
    const struct ws_run_options options = {
        .directory = directory,
        .allow_other_machine = w->flags.allow_other_machine,
        .cuda_module = installed_module(&w->arena, WS_CUDA_MODULE_FILE),
        .stop = stop_signal_flag(),
        .stops_on_signal = true,
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

/* A run that was given is the first counterfactual, the one with all errors, if it is of the very
 * arms that are looked at. */
static bool is_there(const struct work *w, size_t p, size_t i)
{
    return w->run && i == 0 &&
           strcmp(w->parts[p].experiment.canonical, w->experiment.canonical) == 0;
}

static enum ws_status run_one(struct work *w, size_t p, size_t i, struct ws_error *err)
{
    struct ws_counterfactual *one = &w->results[p].counterfactuals.all[i];
    struct part *part = &w->parts[p];
    struct ws_human *human = NULL;
    const char *name =
        part->directory[0] ? ws_run_path(&w->arena, part->directory, one->name) : one->name;
    if (is_there(w, p, i))
        part->directories[i] = w->run;
    else if (name)
        part->directories[i] = ws_run_path(&w->arena, w->directory, name);
    if (!part->directories[i])
        return ws_fail_memory(err, "a run's directory");
    if (is_there(w, p, i))
        return WS_OK;
    WS_TRY(open_human(&one->experiment, &human, err));
    enum ws_status status = run(w, &one->experiment, human, part->directories[i], err);
    ws_human_close(human);
    if (status != WS_OK && status != WS_INTERRUPTED)
        ws_error_prefix(err, "with errors '%s'", one->name);
    w->done++;
    return status;
}

static enum ws_status read_part(struct work *w, size_t p, struct ws_error *err)
{
    struct ws_attribution_query query;
    struct attribution_part *part = &w->results[p];
    WS_TRY(read_query(w, &query, err));
    WS_TRY(ws_attribution_read(&part->counterfactuals, w->parts[p].directories, &query, &w->arena,
                               &part->attribution, err));
    for (size_t i = 0; i < part->attribution.count && part->variation[0]; i++) {
        const char **arm = &part->attribution.rows[i].arm;
        *arm = ws_arena_format(&w->arena, "%s %s", *arm, part->variation);
        if (!*arm)
            return ws_fail_memory(err, "the attribution");
    }
    return WS_OK;
}

static enum ws_status show(struct work *w, struct ws_error *err)
{
    const uint64_t seeds = w->experiment.settings.seeds;
    if (w->flags.output)
        WS_TRY(attribution_write_csv(w->results, w->part_count, w->flags.output, err));
    if (w->flags.json)
        return attribution_print_json(w->results, w->part_count, seeds, err);
    if (!w->flags.output)
        attribution_print(w->results, w->part_count, seeds);
    return WS_OK;
}

static enum ws_status run_part(struct work *w, size_t p, struct ws_error *err)
{
    for (size_t i = 0; i < w->results[p].counterfactuals.count; i++)
        WS_TRY(run_one(w, p, i, err));
    return read_part(w, p, err);
}

/* More items ----------------------------------------------------------------------------------- */

static enum ws_status is_affordable(struct work *w, struct ws_counterfactuals *c, bool *out,
                                    struct ws_error *err)
{
    double seconds = 0, disk = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct ws_experiment *experiment = &c->all[i].experiment;
        struct ws_human *human = NULL;
        struct ws_cost cost;
        WS_TRY(open_human(experiment, &human, err));
        enum ws_status status =
            ws_plan_cost(experiment, human, NULL, NULL, 1, &w->arena, &cost, err);
        ws_human_close(human);
        WS_TRY(status);
        seconds += cost.seconds;
        disk += cost.disk;
    }
    *out = seconds <= SECONDS_MOST && disk <= DISK_MOST;
    return WS_OK;
}

/* With more items, unless that takes too long. Names in rows are those of the experiments that they
 * were read with. */
static enum ws_status raise_factor(struct work *w, size_t p, uint64_t factor, bool *out,
                                   struct ws_error *err)
{
    struct attribution_part *part = &w->results[p];
    struct attribution_part before = *part;
    struct ws_counterfactuals more;
    WS_TRY(make_counterfactuals(w, p, factor, &more, err));
    enum ws_status status = is_affordable(w, &more, out, err);
    if (status != WS_OK || !*out) {
        ws_counterfactuals_release(&more);
        return status;
    }
    part->counterfactuals = more;
    w->runs += more.count;
    status = run_part(w, p, err);
    if (status == WS_OK)
        ws_attribution_compare(&part->attribution, &before.attribution);
    ws_counterfactuals_release(&before.counterfactuals);
    return status;
}

/* As many items as leave less of the statistical error than its noise, as far as they can be had.
 */
static enum ws_status leave_less(struct work *w, size_t p, struct ws_error *err)
{
    const struct attribution_part *part = &w->results[p];
    bool raised = w->factor == 0;
    while (raised && ws_attribution_wanted(&part->attribution) > 0 &&
           part->counterfactuals.factor < WS_FACTOR_LAST)
        WS_TRY(raise_factor(w, p, part->counterfactuals.factor * WS_FACTOR_STEP, &raised, err));
    return WS_OK;
}

static enum ws_status run_all(struct work *w, struct ws_error *err)
{
    for (size_t p = 0; p < w->part_count; p++) {
        WS_TRY(run_part(w, p, err));
        WS_TRY(leave_less(w, p, err));
    }
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
        WS_TRY(ws_temporary_directory_make(&w->arena, &w->directory, err));
    stop_signal_take();
    enum ws_status status = run_all(w, err);
    terminal_clear(&w->terminal);
    if (!w->flags.runs)
        ws_directory_remove(w->directory);
    return status;
}

/* What cannot be attributed is told before anything runs. */
static enum ws_status attribute_parts(struct work *w, struct ws_error *err)
{
    struct ws_attribution_query query;
    WS_TRY(check_metric(w, err));
    WS_TRY(read_query(w, &query, err));
    WS_TRY(make_parts(w, err));
    for (size_t p = 0; p < w->part_count; p++)
        WS_TRY(make_first(w, p, err));
    return run_in_place(w, err);
}

static enum ws_status attribute(struct work *w, struct ws_error *err)
{
    WS_TRY(read_factor(w, err));
    WS_TRY(load(w, err));
    choose_seeds(w);
    enum ws_status status = attribute_parts(w, err);
    release_parts(w);
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
        {"factor", 0, "N", "times as many items without a population (default: what it takes)",
         NULL, &w.flags.factor},
        {"arm", 'a', "NAME", "this one alone, as the table of its run calls it (default: all)",
         NULL, &w.flags.arm},
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
