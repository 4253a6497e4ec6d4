/*
 * wellspring plot: a run's numbers as a figure for a paper.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/installed.h"
#include "view/run_figure.h"

enum { RUNS_MOST = 1000, DPI_MOST = 2400 };

struct plot_flags {
    const char *kind, *metric, *arm, *generations, *seed, *x, *y, *width, *dpi, *runs, *factor;
    const char *format, *output;
};

static enum ws_status read_kind(const char *text, enum ws_figure_kind *out, struct ws_error *err)
{
    const char *names[WS_FIGURE_KINDS];
    if (!text || ws_figure_kind_find(text, out))
        return WS_OK;
    for (int i = 0; i < WS_FIGURE_KINDS; i++)
        names[i] = ws_figure_kinds[i].name;
    const char *nearest = ws_nearest_name(text, names, WS_FIGURE_KINDS);
    return ws_fail(err, WS_INVALID, "--kind is '%.40s'%s%s%s; 'plot --help' lists the kinds", text,
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* "column", "page" or inches. */
static enum ws_status read_width(const char *text, double *out, struct ws_error *err)
{
    if (!text)
        return WS_OK;
    if (strcmp(text, "column") == 0)
        *out = WS_FIGURE_COLUMN;
    else if (strcmp(text, "page") == 0)
        *out = WS_FIGURE_PAGE;
    else if (!ws_real_parse(text, out) || !(*out >= 2 && *out <= 40))
        return ws_fail(err, WS_INVALID,
                       "--width is '%.40s', wanted 'column', 'page' or 2 to 40 inches", text);
    return WS_OK;
}

static enum ws_status read_dpi(const char *text, double *out, struct ws_error *err)
{
    *out = 0;
    if (text && (!ws_real_parse(text, out) || !(*out >= 10 && *out <= DPI_MOST)))
        return ws_fail(err, WS_INVALID, "--dpi is '%.40s', wanted 10 to %d", text, DPI_MOST);
    return WS_OK;
}

static enum ws_status read_axis(const char *flag, const char *text, enum ws_axis_choice *out,
                                struct ws_error *err)
{
    if (!text)
        return WS_OK;
    if (strcmp(text, "log") != 0 && strcmp(text, "linear") != 0)
        return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted linear or log", flag, text);
    *out = text[1] == 'o' ? WS_AXIS_LOG : WS_AXIS_LINEAR;
    return WS_OK;
}

static enum ws_status read_whole(const char *flag, const char *text, uint64_t least, uint64_t *out,
                                 struct ws_error *err)
{
    if (text && (!ws_whole_parse(text, out) || *out < least || *out > UINT32_MAX))
        return ws_fail(err, WS_INVALID, "--%s is '%.40s', wanted a whole number from %d", flag,
                       text, (int)least);
    return WS_OK;
}

/* The texts between commas; of arms, whose names have commas, the texts between semicolons. */
static enum ws_status read_list(const char *flag, const char *text, char between,
                                struct ws_arena *arena, struct ws_text_list *out,
                                struct ws_error *err)
{
    const char stops[] = {between, '\0'};
    *out = (struct ws_text_list){NULL, 0};
    if (!text)
        return WS_OK;
    out->items = WS_ARENA_NEW(arena, const char *, strlen(text) + 1);
    for (const char *next = text; out->items && *next;) {
        size_t size = strcspn(next, stops);
        const char *item = ws_arena_format(arena, "%.*s", (int)size, next);
        if (!item)
            return ws_fail_memory(err, "a list");
        if (size > 0)
            out->items[out->count++] = item;
        next += size + (next[size] == between);
    }
    if (!out->items)
        return ws_fail_memory(err, "a list");
    return out->count > 0 ? WS_OK : ws_fail(err, WS_INVALID, "--%s is empty", flag);
}

/* What is asked for is in the figure, or there is none. */
static enum ws_status check_uses(const struct plot_flags *flags, enum ws_figure_kind kind,
                                 struct ws_error *err)
{
    const struct {
        const char *name, *given;
        unsigned use;
    } some[] = {
        {"metric", flags->metric, WS_USES_METRICS},
        {"generations", flags->generations, WS_USES_GENERATIONS},
        {"seed", flags->seed, WS_USES_SEED},
        {"x", flags->x, WS_USES_AXES},
        {"y", flags->y, WS_USES_AXES},
        {"runs", flags->runs, WS_USES_COUNTERFACTUALS},
        {"factor", flags->factor, WS_USES_COUNTERFACTUALS},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (some[i].given && !(ws_figure_kind_uses(kind) & some[i].use))
            return ws_fail(err, WS_INVALID, "--%s is '%.40s', but the kind '%s' has no use for it",
                           some[i].name, some[i].given, ws_figure_kinds[kind].name);
    return WS_OK;
}

static void warn(const char *arm, const char *why)
{
    (void)fprintf(stderr, "wellspring: left out arm '%s': %s\n", arm, why);
}

static enum ws_status read_settings(const struct plot_flags *flags, struct ws_arena *arena,
                                    struct ws_figure_settings *out, struct ws_error *err)
{
    *out = (struct ws_figure_settings){.counterfactuals = flags->runs, .warn = warn};
    WS_TRY(read_kind(flags->kind, &out->kind, err));
    WS_TRY(check_uses(flags, out->kind, err));
    WS_TRY(read_list("metric", flags->metric, ',', arena, &out->metrics, err));
    WS_TRY(read_list("arm", flags->arm, ';', arena, &out->arms, err));
    WS_TRY(read_list("generations", flags->generations, ',', arena, &out->generations, err));
    WS_TRY(read_whole("seed", flags->seed, 1, &out->seed, err));
    WS_TRY(read_whole("factor", flags->factor, 2, &out->factor, err));
    WS_TRY(read_axis("x", flags->x, &out->x, err));
    WS_TRY(read_axis("y", flags->y, &out->y, err));
    return read_width(flags->width, &out->width, err);
}

/* From --format, or the output's name. */
static enum ws_status read_format(const struct plot_flags *flags, enum ws_figure_format *out,
                                  struct ws_error *err)
{
    const char *dot = flags->output ? strrchr(flags->output, '.') : NULL;
    const char *format = flags->format ? flags->format : dot ? dot + 1 : "";
    if (ws_figure_format_find(format, out))
        return WS_OK;
    if (flags->format)
        return ws_fail(err, WS_INVALID, "--format is '%.40s', wanted svg, pdf, png or tex", format);
    return ws_fail(
        err, WS_INVALID,
        "the output '%.80s' ends in no format: wanted .svg, .pdf, .png or .tex, or --format",
        flags->output ? flags->output : "-");
}

static enum ws_status plot_in(struct ws_arena *arena, const struct arguments *arguments,
                              const struct plot_flags *flags, struct ws_error *err)
{
    struct ws_figure_settings settings;
    struct ws_figure_output output = {.module = installed_module(arena, WS_FIGURES_MODULE_FILE)};
    struct ws_buffer file;
    WS_TRY(read_settings(flags, arena, &settings, err));
    WS_TRY(read_format(flags, &output.format, err));
    WS_TRY(read_dpi(flags->dpi, &output.dpi, err));
    ws_buffer_init(&file, NULL, SIZE_MAX);
    enum ws_status status = ws_run_figure_file(arguments->positional, arguments->positional_count,
                                               &settings, &output, &file, err);
    if (status == WS_OK)
        status = write_output(flags->output, ws_buffer_bytes(&file), err);
    ws_buffer_release(&file);
    return status;
}

static enum ws_status plot(void *flags, const struct arguments *arguments, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = plot_in(&arena, arguments, flags, err);
    ws_arena_release(&arena);
    return status;
}

/* What --help says of kinds, in the arena. */
static const char *about(struct ws_arena *arena)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text,
                   "Draws runs as a figure for a paper: SVG, PDF, PNG or TikZ by the name of the "
                   "output.\n\nKinds:\n");
    for (int i = 0; i < WS_FIGURE_KINDS; i++)
        ws_buffer_format(&text, "  %-13s %s\n", ws_figure_kinds[i].name,
                         ws_figure_kinds[i].meaning);
    const char *out = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : "";
    ws_buffer_release(&text);
    return out ? out : "";
}

int cmd_plot(int argc, char **argv)
{
    struct plot_flags flags = {.kind = NULL};
    struct ws_arena arena;
    const struct flag table[] = {
        {"kind", 'k', "KIND", "what is drawn (default metric)", NULL, &flags.kind},
        {"output", 'o', "FILE", "write there, whole or not at all (default: standard output)", NULL,
         &flags.output},
        {"format", 'f', "svg|pdf|png|tex", "default: by the name of the output", NULL,
         &flags.format},
        {"metric", 'm', "NAMES", "one or several, 'types,entropy' (default: the family's first)",
         NULL, &flags.metric},
        {"arm", 'a', "NAMES", "arms or policies, 'replace;keep:0.1' (default: all)", NULL,
         &flags.arm},
        {"generations", 'g', "LIST", "'0,5,9' (default: a few from the first to the last)", NULL,
         &flags.generations},
        {"seed", 0, "N", "whose models are shown where those of one seed are (default 1)", NULL,
         &flags.seed},
        {"x", 0, "linear|log", "the horizontal axis (default: as fits)", NULL, &flags.x},
        {"y", 0, "linear|log", "the vertical axis (default: as fits)", NULL, &flags.y},
        {"width", 'w', "column|page|INCHES", "of the figure: 3.3, 7, or as given", NULL,
         &flags.width},
        {"dpi", 0, "N", "dots an inch of a PNG (default 300)", NULL, &flags.dpi},
        {"runs", 0, "DIR", "attribution: where 'attribute --runs DIR' left its runs", NULL,
         &flags.runs},
        {"factor", 0, "N", "attribution: as it was given to 'attribute'", NULL, &flags.factor},
    };
    ws_arena_init(&arena, NULL);
    const struct command_line line = {
        .usage = "plot RUN... [options]",
        .about = about(&arena),
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = RUNS_MOST,
        .wanted = "which run? 'wellspring runs' lists them",
    };
    int status = command_of_one(&line, argc, argv, plot, &flags);
    ws_arena_release(&arena);
    return status;
}
