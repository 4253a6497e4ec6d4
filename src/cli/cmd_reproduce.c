/*
 * wellspring reproduce: runs published experiments and holds what they give against the published
 * numbers, row by row.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/temporary_directory.h"
#include "cli/command.h"
#include "cli/preset.h"
#include "cli/stop_signal.h"
#include "cli/study.h"
#include "cli/terminal.h"

enum { PRESETS_MOST = 64, FILE_LIMIT = 1 << 20, HELP_WIDTH = 98 };

struct reproduce_flags {
    const char *tier;
    const char *runs;
    const char *corpus; /* NAME=PATH */
    bool json, quiet, allow_other_machine;
};

/* The whole command. */
struct session {
    struct reproduce_flags flags;
    enum ws_tier tier;
    struct ws_arena arena;
    struct terminal terminal;
    const char *directory; /* of the runs */
    struct study studies[PRESETS_MOST];
    size_t study_count;
    size_t experiments, experiments_done;
    double started; /* seconds of the clock */
};

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

static double seconds_since(double start)
{
    return now() - start;
}

/* Which ones ----------------------------------------------------------------------------------- */

static const struct preset *find_reproduction(const char *name)
{
    for (size_t i = 0; i < reproduction_count; i++)
        if (strcmp(reproductions[i].name, name) == 0)
            return &reproductions[i];
    return NULL;
}

static enum ws_status refuse_name(const char *what, struct ws_arena *arena, struct ws_error *err)
{
    const char *names[PRESETS_MOST + 1] = {"all"};
    const char *all = "all";
    for (size_t i = 0; i < reproduction_count && i < PRESETS_MOST && all; i++) {
        names[i + 1] = reproductions[i].name;
        all = ws_arena_format(arena, "%s, %s", all, reproductions[i].name);
    }
    const char *nearest = ws_nearest_name(what, names, reproduction_count + 1);
    if (!all)
        return ws_fail_memory(err, "the presets");
    if (nearest)
        return ws_fail(err, WS_INVALID, "no file and no preset '%.80s'; did you mean '%s'?", what,
                       nearest);
    return ws_fail(err, WS_INVALID, "no file and no preset '%.80s'; there are %s", what, all);
}

/* "some/where/mine.yaml" is called "mine". */
static const char *name_of_file(struct ws_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = ws_arena_text(arena, slash ? slash + 1 : path);
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot && dot != name)
        *dot = '\0';
    return name;
}

static enum ws_status read_file(struct session *s, const char *path, struct ws_reproduction *out,
                                struct ws_error *err)
{
    struct ws_bytes text;
    enum ws_status status = ws_file_read(path, FILE_LIMIT, &s->arena, &text, err);
    if (status == WS_NOT_FOUND)
        return refuse_name(path, &s->arena, err);
    WS_TRY(status);
    const char *name = name_of_file(&s->arena, path);
    if (!name)
        return ws_fail_memory(err, "the preset");
    return ws_reproduction_parse(text, name, path, NULL, 0, NULL, out, err);
}

static enum ws_status prepare(struct session *s, struct study *study, struct ws_error *err)
{
    const struct ws_reproduction *r = &study->reproduction;
    study->results = WS_ARENA_ZNEW(&s->arena, struct ws_row_result, r->row_count);
    study->skipped = WS_ARENA_ZNEW(&s->arena, const char *, r->experiment_count);
    return study->results && study->skipped ? WS_OK : ws_fail_memory(err, "the results");
}

static enum ws_status load(struct session *s, const char *what, const struct preset *preset,
                           struct ws_error *err)
{
    if (s->study_count == PRESETS_MOST)
        return ws_fail(err, WS_INVALID, "more than %d presets", PRESETS_MOST);
    struct study *study = &s->studies[s->study_count];
    if (preset)
        WS_TRY(ws_reproduction_parse(ws_bytes_of(preset->text, preset->size), preset->name,
                                     preset->name, NULL, 0, NULL, &study->reproduction, err));
    else
        WS_TRY(read_file(s, what, &study->reproduction, err));
    s->study_count++;
    return prepare(s, study, err);
}

static enum ws_status load_all(struct session *s, const struct arguments *arguments,
                               struct ws_error *err)
{
    for (size_t i = 0; i < arguments->positional_count; i++) {
        const char *what = arguments->positional[i];
        if (strcmp(what, "all") != 0) {
            WS_TRY(load(s, what, find_reproduction(what), err));
            continue;
        }
        for (size_t p = 0; p < reproduction_count; p++)
            WS_TRY(load(s, reproductions[p].name, &reproductions[p], err));
    }
    return WS_OK;
}

/* Running -------------------------------------------------------------------------------------- */

static bool is_asked_for(const struct session *s, const struct ws_reproduction *r, size_t e)
{
    for (size_t c = 0; c < r->claim_count; c++)
        for (size_t i = 0; i < r->claims[c].row_count; i++)
            if (r->claims[c].rows[i].experiment == e && r->claims[c].rows[i].tier <= s->tier)
                return true;
    return false;
}

/* The progress of one run as a part of all. */
struct observer {
    struct session *session;
    const char *preset;
    const char *experiment;
};

static void show_progress(void *user, const struct ws_progress *progress)
{
    struct observer *o = user;
    struct session *s = o->session;
    char bar[160], words[160];
    double total = (double)progress->work + (double)progress->work_left;
    double here = total > 0 ? (double)progress->work / total : 1;
    double share = ((double)s->experiments_done + here) / (double)s->experiments;
    double elapsed = seconds_since(s->started);
    (void)snprintf(bar, sizeof bar, "%s: %s", o->preset, o->experiment);
    (void)snprintf(words, sizeof words, "%zu of %zu experiments", s->experiments_done,
                   s->experiments);
    terminal_show(
        &s->terminal,
        &(struct terminal_state){share, elapsed,
                                 share > 0.02 && elapsed >= 1 ? elapsed * (1 - share) / share : -1,
                                 bar, words, NULL});
}

/* What a run that failed says. */
static enum ws_status explain(const struct ws_run_result *result, enum ws_status status,
                              struct ws_error *err)
{
    if (!result->failures)
        return status;
    return ws_fail(err, status, "arm '%.80s' seed %" PRIu64 ": %.300s", result->failures->arm->name,
                   result->failures->seed, result->failures->error.message);
}

static enum ws_status run(struct session *s, struct study *study, size_t e,
                          const struct ws_human *human, const char *directory, struct ws_error *err)
{
    const struct ws_reproduction *r = &study->reproduction;
    const struct ws_experiment *experiment = &r->experiments[e].experiment;
    struct observer observer = {s, r->name, experiment->name};
    struct ws_run_result result;
    const struct ws_run_options options = {
        .directory = directory,
        .allow_other_machine = s->flags.allow_other_machine,
        .stop = stop_signal_flag(),
        .stops_on_signal = true,
        .progress = show_progress,
        .user = &observer,
    };
    enum ws_status status = ws_run_execute(experiment, human, &options, &result, err);
    if (status != WS_OK && status != WS_INTERRUPTED)
        status = explain(&result, status, err);
    ws_arena_release(&result.arena);
    s->experiments_done++;
    return status;
}

/* The user's text for an experiment that needs one; false says why not. */
static bool find_needed(struct session *s, struct study *study, size_t e)
{
    struct ws_reproduced *reproduced = &study->reproduction.experiments[e];
    size_t size = strlen(reproduced->needs);
    const char *given = s->flags.corpus;
    if (size == 0)
        return true;
    if (given && strncmp(given, reproduced->needs, size) == 0 && given[size] == '=') {
        reproduced->experiment.data.corpus = given + size + 1;
        return true;
    }
    const char *why = ws_arena_format(&s->arena, "wants --corpus %s=FILE", reproduced->needs);
    study->skipped[e] = why ? why : reproduced->needs;
    return false;
}

/* A text that is not there skips the rows that it is wanted for; all other failures end it all. */
static enum ws_status open_or_skip(struct session *s, struct study *study, size_t e,
                                   struct ws_human **out, struct ws_error *err)
{
    struct ws_reproduced *reproduced = &study->reproduction.experiments[e];
    if (!find_needed(s, study, e))
        return WS_OK;
    enum ws_status status = open_human(&reproduced->experiment, out, err);
    if (status != WS_NOT_FOUND || reproduced->needs[0] != '\0')
        return status;
    study->skipped[e] = ws_arena_text(&s->arena, err->message);
    return study->skipped[e] ? WS_OK : ws_fail_memory(err, "the results");
}

static enum ws_status reproduce_experiment(struct session *s, struct study *study, size_t e,
                                           struct ws_error *err)
{
    const struct ws_reproduction *r = &study->reproduction;
    struct ws_human *human = NULL;
    const char *directory = ws_arena_format(&s->arena, "%s/%s/%s", s->directory, r->name,
                                            r->experiments[e].experiment.name);
    if (!directory)
        return ws_fail_memory(err, "a run's directory");
    enum ws_status status = open_or_skip(s, study, e, &human, err);
    if (status == WS_OK && human)
        status = run(s, study, e, human, directory, err);
    if (status == WS_OK && human)
        status = ws_claim_rows_measure(r, e, s->tier, directory, human, NULL, study->results, err);
    ws_human_close(human);
    if (!s->flags.runs)
        ws_directory_remove(directory);
    if (status == WS_OK && *stop_signal_flag())
        status = ws_fail(err, WS_INTERRUPTED, "stopped");
    return status;
}

static enum ws_status reproduce_study(struct session *s, struct study *study, struct ws_error *err)
{
    for (size_t e = 0; e < study->reproduction.experiment_count; e++)
        if (is_asked_for(s, &study->reproduction, e))
            WS_TRY(reproduce_experiment(s, study, e, err));
    return WS_OK;
}

/* The command ---------------------------------------------------------------------------------- */

static void print_totals(const struct session *s, const struct study_tally *tally,
                         const struct arguments *arguments)
{
    char spent[32];
    format_duration(seconds_since(s->started), spent, sizeof spent);
    (void)printf("%zu rows decide: %zu pass, %zu fail (%s)",
                 tally->of[WS_ROW_PASS] + tally->of[WS_ROW_FAIL], tally->of[WS_ROW_PASS],
                 tally->of[WS_ROW_FAIL], spent);
    if (tally->of[WS_ROW_UNVERIFIED] > 0)
        (void)printf("; %zu of unverified sources", tally->of[WS_ROW_UNVERIFIED]);
    if (tally->of[WS_ROW_SKIPPED] > 0)
        (void)printf("; %zu skipped", tally->of[WS_ROW_SKIPPED]);
    (void)putchar('\n');
    if (s->flags.runs)
        (void)printf("The runs are in %s. Next:\n", s->flags.runs);
    else
        (void)printf("Next:\n");
    begin_command(stdout, " ");
    if (s->flags.runs) {
        print_words("runs %s/%s", s->flags.runs, s->studies[0].reproduction.name);
        end_command(NULL);
    } else {
        print_words("reproduce");
        for (size_t i = 0; i < arguments->positional_count; i++)
            print_word(arguments->positional[i]);
        print_words("--runs runs/reproduce");
        end_command("keeps every run");
    }
    if (tally->later == 0)
        return;
    char more[40];
    (void)snprintf(more, sizeof more, "%zu more row%s", tally->later, tally->later == 1 ? "" : "s");
    begin_command(stdout, " ");
    print_words("reproduce");
    for (size_t i = 0; i < arguments->positional_count; i++)
        print_word(arguments->positional[i]);
    print_words("--tier hours");
    end_command(more);
}

static enum ws_status choose_tier(struct session *s, struct ws_error *err)
{
    const char *tier = s->flags.tier;
    s->tier = tier && strcmp(tier, "hours") == 0 ? WS_TIER_HOURS : WS_TIER_MINUTES;
    if (tier && s->tier == WS_TIER_MINUTES && strcmp(tier, "minutes") != 0)
        return ws_fail(err, WS_INVALID, "--tier is '%.40s', wanted minutes or hours", tier);
    if (s->flags.corpus && !strchr(s->flags.corpus, '='))
        return ws_fail(err, WS_INVALID, "--corpus: '%.80s' is not of the form NAME=FILE",
                       s->flags.corpus);
    return WS_OK;
}

static enum ws_status reproduce_all(struct session *s, struct ws_error *err)
{
    for (size_t i = 0; i < s->study_count; i++)
        for (size_t e = 0; e < s->studies[i].reproduction.experiment_count; e++)
            s->experiments += is_asked_for(s, &s->studies[i].reproduction, e);
    for (size_t i = 0; i < s->study_count; i++) {
        WS_TRY(reproduce_study(s, &s->studies[i], err));
        terminal_clear(&s->terminal);
        if (!s->flags.json && !s->flags.quiet)
            study_print(&s->studies[i], s->tier);
        (void)fflush(stdout);
    }
    return WS_OK;
}

/* Runs lie in the given directory, or in one that is gone afterwards. */
static enum ws_status reproduce_in_place(struct session *s, struct ws_error *err)
{
    s->directory = s->flags.runs;
    if (!s->directory)
        WS_TRY(ws_temporary_directory_make(&s->arena, &s->directory, err));
    /* A run saves its chains before it stops, and the directory is to be removed. */
    stop_signal_take();
    enum ws_status status = reproduce_all(s, err);
    terminal_clear(&s->terminal);
    if (!s->flags.runs)
        ws_directory_remove(s->directory);
    return status;
}

static enum ws_status reproduce(struct session *s, const struct arguments *arguments,
                                int *exit_status, struct ws_error *err)
{
    struct study_tally tally = {.later = 0};
    WS_TRY(choose_tier(s, err));
    WS_TRY(load_all(s, arguments, err));
    WS_TRY(reproduce_in_place(s, err));
    for (size_t i = 0; i < s->study_count; i++)
        study_count(&s->studies[i], s->tier, &tally);
    if (s->flags.json)
        WS_TRY(studies_print_json(s->studies, s->study_count, s->tier, &tally, err));
    else
        print_totals(s, &tally, arguments);
    if (tally.of[WS_ROW_FAIL] > 0)
        *exit_status = EXIT_NOT_VERIFIED;
    else if (tally.of[WS_ROW_PASS] == 0)
        return ws_fail(err, WS_NOT_FOUND, "no row decides: nothing was reproduced");
    return WS_OK;
}

static const char about[] =
    "Runs published experiments and compares what they give with the published numbers, row by\n"
    "row. Exit status 3 when a row fails. Rows whose source is not verified decide nothing.\n";

static int help(struct command_line *line, struct arguments *arguments)
{
    const char *text = ws_arena_format(&arguments->arena, "%sPresets:", about);
    size_t column = strlen("Presets:");
    for (size_t i = 0; i < reproduction_count && text; i++) {
        const char *name = reproductions[i].name;
        bool fits = column + strlen(name) + 2 <= HELP_WIDTH;
        column = (fits ? column : 0) + strlen(name) + 2;
        text = ws_arena_format(&arguments->arena, "%s%s%s%s", text, fits ? " " : "\n", name,
                               i + 1 < reproduction_count ? "," : "");
    }
    line->about = text ? ws_arena_format(&arguments->arena, "%s.", text) : about;
    print_help(line);
    return EXIT_DONE;
}

static int run_session(struct session *s, const struct arguments *arguments)
{
    struct ws_error error;
    int exit_status = EXIT_DONE;
    ws_arena_init(&s->arena, NULL);
    s->started = now();
    terminal_init(&s->terminal, s->flags.quiet);
    enum ws_status status = reproduce(s, arguments, &exit_status, &error);
    if (status != WS_OK)
        exit_status = report(status, &error);
    for (size_t i = 0; i < s->study_count; i++)
        ws_reproduction_release(&s->studies[i].reproduction);
    ws_arena_release(&s->arena);
    return exit_status;
}

int cmd_reproduce(int argc, char **argv)
{
    struct session session = {.study_count = 0};
    struct reproduce_flags *flags = &session.flags;
    const struct flag table[] = {
        {"tier", 0, "minutes|hours", "rows that take hours, too (default minutes)", NULL,
         &flags->tier},
        {"runs", 0, "DIR", "keep the runs there, and go on with those that are there", NULL,
         &flags->runs},
        {"corpus", 0, "NAME=FILE", "a text that some rows need, as the table names it", NULL,
         &flags->corpus},
        {"quiet", 'q', NULL, "no progress, the last lines only", &flags->quiet, NULL},
        {"json", 0, NULL, "every row as JSON", &flags->json, NULL},
        {"allow-other-machine", 0, NULL, "resume runs begun on another kind of machine",
         &flags->allow_other_machine, NULL},
    };
    struct command_line line = {
        .usage = "reproduce PRESET|all|FILE [options]",
        .about = about,
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = PRESETS_MOST,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "reproduce: which preset? Try 'reproduce all'");
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        exit_status = help(&line, &arguments);
    else
        exit_status = run_session(&session, &arguments);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
