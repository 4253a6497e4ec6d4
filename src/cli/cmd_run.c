/*
 * wellspring run: runs or resumes an experiment, and shows what came of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/installed.h"
#include "cli/mpi_ranks.h"
#include "cli/overview.h"
#include "cli/run_register.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "lab/chain_files.h"

struct run_flags {
    bool quiet, json, allow_other_machine;
    const char *output;
    const struct arguments *given;
    const char *cuda_module;      /* path */
    const struct ws_ranks *ranks; /* NULL: this process is alone */
    struct register_flags registering;
    bool parted; /* ranks have agreed that something failed, and talk no more */
};

/* An experiment that is run, and where it came from. */
struct job {
    const char *what; /* as it was asked for */
    struct run_flags *flags;
    const struct ws_experiment *experiment;
    const char *directory;
    bool last; /* no other follows */
};

/* What to do about a failure. */
static void print_advice(const struct job *job, const struct ws_failure *failure)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const char *files =
        ws_block_files(&arena, job->directory, job->experiment, failure->arm, failure->seed);
    if (failure->error.status == WS_CORRUPT && files)
        (void)fprintf(stderr, "; remove %s, and the same command makes them anew\n", files);
    else
        (void)fprintf(stderr, "; the same command tries again\n");
    ws_arena_release(&arena);
}

enum { FAILURES_SHOWN = 20 };

/* Seeds of an arm that failed for the same reason, from `first` on; what comes behind them. */
static const struct ws_failure *print_alike(const struct job *job, const struct ws_failure *first)
{
    const struct ws_failure *last = first;
    while (last->next && last->next->arm == first->arm && last->next->seed == last->seed + 1 &&
           strcmp(last->next->error.message, first->error.message) == 0)
        last = last->next;
    char seeds[48];
    (void)snprintf(seeds, sizeof seeds, last == first ? "%" PRIu64 : "%" PRIu64 "-%" PRIu64,
                   first->seed, last->seed);
    (void)fprintf(stderr, "%-20s %-9s %s", first->arm->name, seeds, first->error.message);
    print_advice(job, first);
    return last->next;
}

/* For people: what failed, and why. */
static void print_failure_table(const struct job *job, const struct ws_run_result *result)
{
    (void)fprintf(stderr,
                  "wellspring: %zu of %zu chains failed\n"
                  "%-20s %-9s %s\n",
                  result->failed, result->chains, "arm", "seeds", "why");
    const struct ws_failure *next = result->failures;
    for (int shown = 0; next && shown < FAILURES_SHOWN; shown++)
        next = print_alike(job, next);
    if (next)
        (void)fprintf(stderr, "... events.log has all\n");
}

/* The first failure in one line; events.log has them all. */
static void print_first_failure(const struct job *job, const struct ws_run_result *result)
{
    const struct ws_failure *first = result->failures;
    char more[80] = "";
    if (result->failed > 1)
        (void)snprintf(more, sizeof more, " (one of %zu failures, events.log has all)",
                       result->failed);
    (void)fprintf(stderr, "wellspring: arm '%s' seed %" PRIu64 ": %s%s", first->arm->name,
                  first->seed, first->error.message, more);
    print_advice(job, first);
}

static void begin_run(const char *what)
{
    begin_command(stdout, " ");
    print_words("run");
    print_word(what);
}

static void print_directory_command(const char *command, const char *directory, const char *rest,
                                    const char *comment)
{
    begin_command(stdout, " ");
    print_words("%s", command);
    print_word(directory);
    if (rest)
        print_words("%s", rest);
    end_command(comment);
}

static void print_next_steps(const struct job *job)
{
    (void)printf("\nEverything is in %s ('export' shows every number).%s\n", job->directory,
                 job->last ? " Next:" : "\n");
    if (!job->last)
        return;
    print_directory_command("report", job->directory, NULL, "a page to look at and to send round");
    print_directory_command("export", job->directory, "--summary -o results.csv", NULL);
    begin_run(job->what);
    if (job->flags->output) {
        print_words("-o");
        print_word(job->flags->output);
    }
    print_settings(job->flags->given, "seeds");
    print_words("--set seeds=%" PRIu64, 2 * job->experiment->settings.seeds);
    end_command("more seeds in this run");
    begin_run(job->what);
    print_words("-o runs/mine");
    print_settings(job->flags->given, "policies");
    print_words("--set policies=keep:0.5,augment");
    end_command(NULL);
    if (job->experiment->settings.then[0] == '\0')
        return;
    begin_run(job->experiment->settings.then);
    end_command("follows where nothing is changed");
}

static enum ws_status show(const struct job *job, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_run_description run;
    struct ws_results results;
    struct ws_shortage *shortages = NULL;
    size_t count = 0;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_run_read(job->directory, &arena, &run, err);
    if (status == WS_OK)
        status = ws_results_load(job->directory, &arena, &results, err);
    if (status == WS_OK)
        status = ws_shortages_of(&run, &results, &arena, &shortages, &count, err);
    if (status == WS_OK && job->flags->json) {
        status = print_overview_json(job->directory, &run, &results, shortages, count, err);
    } else if (status == WS_OK && !job->flags->quiet) {
        print_overview(&run, &results);
        print_shortages(shortages, count, run.arm_count);
        print_next_steps(job);
    }
    ws_arena_release(&arena);
    return status;
}

/* Who watches a run. */
struct observer {
    struct terminal terminal;
    const struct job *job;
};

static void announce(void *user)
{
    /* A run saves its chains before it stops; until now a signal just ended the program. */
    stop_signal_take();
    const struct observer *observer = user;
    const struct ws_experiment *e = observer->job->experiment;
    const struct ws_ranks *ranks = observer->job->flags->ranks;
    char shared[60] = "";
    if (ranks)
        (void)snprintf(shared, sizeof shared, ", on %u ranks; below, what rank 0 does",
                       ranks->count);
    if (!observer->terminal.quiet)
        (void)fprintf(stderr,
                      "%s: %zu arms x %" PRIu64 " seeds x %" PRIu64 " generations in %s%s\n",
                      e->name, e->arm_count, e->settings.seeds, e->settings.generations,
                      observer->job->directory, shared);
}

static void show_progress(void *user, const struct ws_progress *progress)
{
    struct observer *observer = user;
    terminal_progress(&observer->terminal, progress);
}

static int run_experiment(const struct job *job, const struct ws_human *human,
                          const struct run_register *registering)
{
    struct run_flags *flags = job->flags;
    struct observer observer = {.job = job};
    struct ws_run_result result;
    struct ws_error error;
    terminal_init(&observer.terminal, flags->quiet);
    struct ws_run_options options = {
        .directory = job->directory,
        .allow_other_machine = flags->allow_other_machine,
        .cuda_module = flags->cuda_module,
        .ranks = flags->ranks,
        .stop = stop_signal_flag(),
        .stops_on_signal = true,
        .begun = announce,
        .progress = show_progress,
        .user = &observer,
        .samples = registering->has_signer ? &registering->sink : NULL,
    };
    enum ws_status status = ws_run_execute(job->experiment, human, &options, &result, &error);
    flags->parted = status != WS_OK;
    terminal_clear(&observer.terminal);
    int exit_status = EXIT_DONE;
    if (result.failures && status != WS_INTERRUPTED) {
        if (flags->quiet)
            print_first_failure(job, &result);
        else
            print_failure_table(job, &result);
        exit_status = EXIT_FAILED;
    } else if (status != WS_OK) {
        exit_status = report(status, &error);
    }
    bool wanted = (flags->json || !flags->quiet) && (!flags->ranks || flags->ranks->rank == 0);
    if (wanted && result.summarised && result.failed < result.chains) {
        status = show(job, &error);
        if (status != WS_OK)
            exit_status = report(status, &error);
    }
    if (registering->has_signer && status == WS_OK && wanted && !flags->json)
        run_register_tell(registering);
    ws_arena_release(&result.arena);
    return exit_status;
}

/* Whether all ranks are well. They ask in the same places, one after the other, up to the first
 * time that one is not: then all leave, so that nobody waits for who has gone. */
static enum ws_status agree(struct run_flags *flags, enum ws_status status, struct ws_error *err)
{
    if (flags->parted)
        return status;
    status = ws_ranks_agree(flags->ranks, status, NULL, err);
    flags->parted = status != WS_OK;
    return status;
}

static int agree_on_exit(struct run_flags *flags, int exit_status)
{
    struct ws_error error;
    enum ws_status status = WS_OK;
    if (exit_status != EXIT_DONE)
        status = ws_fail(&error, WS_IO, "it failed before the run; does it see the same files?");
    return agree(flags, status, &error) != WS_OK && exit_status == EXIT_DONE ? EXIT_FAILED
                                                                             : exit_status;
}

static int run_in_directory(void *context, const char *what, struct ws_experiment *experiment,
                            bool last)
{
    struct run_flags *flags = context;
    struct ws_human *human = NULL;
    struct run_register registering;
    struct ws_error error;
    enum ws_status status =
        run_register_open(&registering, &flags->registering, experiment, &error);
    if (status == WS_OK)
        status = open_human(experiment, &human, &error);
    const char *directory = run_directory(experiment, flags->output, &experiment->arena);
    if (status == WS_OK && !directory)
        status = ws_fail_memory(&error, "the run directory");
    status = agree(flags, status, &error);
    const struct job job = {what, flags, experiment, directory, last};
    int exit_status =
        status == WS_OK ? run_experiment(&job, human, &registering) : report(status, &error);
    ws_human_close(human);
    run_register_close(&registering);
    return agree_on_exit(flags, exit_status);
}

static const char about[] =
    "Trains generation after generation of a model on what the one before produced, under\n"
    "several data policies, and measures what is lost. A run that was stopped or killed goes on\n"
    "where it was; one that is complete can be given more generations or seeds.\n";

static int help(struct command_line *line, struct arguments *arguments)
{
    const char *names = preset_names(&arguments->arena);
    line->about = names ? ws_arena_format(&arguments->arena, "%sPresets: %s.", about, names) : NULL;
    if (!line->about)
        line->about = about;
    print_help(line);
    return EXIT_DONE;
}

static int run_command(int argc, char **argv, const struct ws_ranks *ranks)
{
    struct run_flags flags = {.ranks = ranks};
    const struct flag table[] = {
        {"output", 'o', "DIR", "the run's directory (default runs/<name>)", NULL, &flags.output},
        {"quiet", 'q', NULL, "no progress, no table", &flags.quiet, NULL},
        {"json", 0, NULL, "results as JSON", &flags.json, NULL},
        {"register", 0, "DIR",
         "shards and statements of the texts that models write; or a registry", NULL,
         &flags.registering.directory},
        {"key", 0, "FILE", "of --register: the private key that signs them", NULL,
         &flags.registering.key},
        {"log", 0, "LOG", "of --register: the directory of a log that they are added to", NULL,
         &flags.registering.log},
        {"allow-other-machine", 0, NULL, "resume a run begun on another kind of machine",
         &flags.allow_other_machine, NULL},
    };
    struct command_line line = {
        .usage = "run FILE|PRESET [options]",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .takes_settings = true,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "run: which experiment? Try 'run quickstart'");
    if (status != WS_OK) {
        exit_status = report(status, &error);
    } else if (arguments.help) {
        exit_status = help(&line, &arguments);
    } else {
        flags.given = &arguments;
        flags.cuda_module = installed_module(&arguments.arena, WS_CUDA_MODULE_FILE);
        exit_status = visit_experiments(arguments.positional[0], &arguments, !flags.output,
                                        run_in_directory, &flags);
    }
    ws_arena_release(&arguments.arena);
    return exit_status == EXIT_DONE ? EXIT_DONE : agree_on_exit(&flags, exit_status);
}

int cmd_run(int argc, char **argv)
{
    struct ws_arena arena;
    const struct ws_ranks *ranks;
    struct ws_error error;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ranks_open(&arena, &ranks, &error);
    int exit_status = status == WS_OK ? run_command(argc, argv, ranks) : report(status, &error);
    ranks_close(ranks);
    ws_arena_release(&arena);
    return exit_status;
}
