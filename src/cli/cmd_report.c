/*
 * wellspring report: runs as one HTML file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "view/run_report.h"

enum { FACTOR_MOST = 1000000 };

struct report_flags {
    const char *output, *title, *attribution, *factor;
};

static enum ws_status read_settings(const struct report_flags *flags,
                                    struct ws_run_report_settings *out, struct ws_error *err)
{
    *out = (struct ws_run_report_settings){flags->title, flags->attribution, 0};
    if (flags->factor && (!ws_whole_parse(flags->factor, &out->factor) || out->factor < 2 ||
                          out->factor > FACTOR_MOST))
        return ws_fail(err, WS_INVALID, "--factor is '%.40s', wanted a whole number from 2 to %d",
                       flags->factor, FACTOR_MOST);
    if (flags->factor && !flags->attribution)
        return ws_fail(err, WS_INVALID, "--factor is of --attribution, which is not given");
    return WS_OK;
}

/* Beside the only run; of several, here. */
static const char *output_of(const struct report_flags *flags, const struct arguments *arguments,
                             struct ws_arena *arena)
{
    if (flags->output)
        return flags->output;
    if (arguments->positional_count > 1)
        return "report.html";
    return ws_run_path(arena, arguments->positional[0], "report.html");
}

static void tell(const char *path, const struct ws_run_report_outcome *outcome)
{
    for (size_t i = 0; i < outcome->skipped_count; i++)
        (void)fprintf(stderr, "wellspring: left out '%s': %s\n", outcome->skipped[i].directory,
                      outcome->skipped[i].why);
    if (strcmp(path, "-") != 0)
        (void)printf("%s: %zu run%s; open it in a browser\n", path, outcome->shown,
                     outcome->shown == 1 ? "" : "s");
}

static enum ws_status make_report(void *flags, const struct arguments *arguments,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer page;
    struct ws_run_report_settings settings;
    struct ws_run_report_outcome outcome;
    WS_TRY(read_settings(flags, &settings, err));
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&page, NULL, SIZE_MAX);
    const char *path = output_of(flags, arguments, &arena);
    enum ws_status status = path ? WS_OK : ws_fail_memory(err, "the report");
    if (status == WS_OK)
        status = ws_run_report(arguments->positional, arguments->positional_count, &settings,
                               &arena, &page, &outcome, err);
    if (status == WS_OK)
        status = write_output(path, ws_buffer_bytes(&page), err);
    if (status == WS_OK)
        tell(path, &outcome);
    ws_buffer_release(&page);
    ws_arena_release(&arena);
    return status;
}

int cmd_report(int argc, char **argv)
{
    struct report_flags flags = {NULL, NULL, NULL, NULL};
    const struct flag table[] = {
        {"output", 'o', "FILE", "default: report.html in the run; of several runs, here; -: stdout",
         NULL, &flags.output},
        {"title", 't', "TEXT", "default: the run's", NULL, &flags.title},
        {"attribution", 0, "DIR", "show shares of errors from what 'attribute --runs DIR' left",
         NULL, &flags.attribution},
        {"factor", 0, "N", "as it was given to 'attribute'", NULL, &flags.factor},
    };
    const struct command_line line = {
        .usage = "report RUN... [options]",
        .about =
            "Makes one HTML file of the runs, to look at and to send round: a summary in words,\n"
            "results, interactive charts, sample texts, profile, theory, settings. It opens\n"
            "offline and loads nothing.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = WS_REPORT_RUNS_MOST,
        .wanted = "which runs? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, make_report, &flags);
}
