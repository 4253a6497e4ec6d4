/*
 * wellspring compare: runs side by side, or the arms of one run against its control.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/run_comparison.h"
#include "view/comparison_json.h"
#include "view/headline.h"

enum {
    ARM_WIDTH = 20, /* what is longer has a line of its own */
    SEEDS_WIDTH = 6,
    RUN_WIDTH = 4,
    PAIRS_WIDTH = 10, /* " 123 pairs" */
    SETTING_WIDTH = 22,
};

struct compare_flags {
    const char *generation;
    const char *metric;
    bool json;
};

/* What is shown, and how. */
struct view {
    const struct ws_comparison *comparison;
    const char **metrics; /* NULL: every one */
    size_t metric_count;
    bool utf8;
    int columns;        /* that a line may have */
    double least_level; /* of an interval that was printed */
};

static bool is_shown(const struct view *view, const char *metric)
{
    if (!view->metrics)
        return true;
    for (size_t i = 0; i < view->metric_count; i++)
        if (strcmp(view->metrics[i], metric) == 0)
            return true;
    return false;
}

/* Which metrics -------------------------------------------------------------------------------- */

static bool has_metric(const struct ws_comparison *comparison, const char *metric)
{
    for (size_t i = 0; i < comparison->row_count; i++)
        if (strcmp(comparison->rows[i].metric, metric) == 0)
            return true;
    return false;
}

static enum ws_status refuse_metric(const struct ws_comparison *comparison, const char *metric,
                                    struct ws_arena *arena, struct ws_error *err)
{
    const char **names = WS_ARENA_NEW(arena, const char *, comparison->row_count);
    if (!names)
        return ws_fail_memory(err, "the metrics");
    for (size_t i = 0; i < comparison->row_count; i++)
        names[i] = comparison->rows[i].metric;
    const char *nearest = ws_nearest_name(metric, names, comparison->row_count);
    if (nearest)
        return ws_fail(err, WS_INVALID, "--metric: no metric '%.80s' here; did you mean '%s'?",
                       metric, nearest);
    return ws_fail(err, WS_INVALID, "--metric: no metric '%.80s' here; '--metric all' shows them",
                   metric);
}

/* Those of a list "types,entropy". */
static enum ws_status choose_named(struct view *view, const char *list, struct ws_arena *arena,
                                   struct ws_error *err)
{
    view->metrics = WS_ARENA_NEW(arena, const char *, strlen(list) + 1);
    if (!view->metrics)
        return ws_fail_memory(err, "the metrics");
    for (const char *next = list; *next;) {
        size_t size = strcspn(next, ",");
        const char *name = ws_arena_format(arena, "%.*s", (int)size, next);
        if (!name)
            return ws_fail_memory(err, "the metrics");
        if (!has_metric(view->comparison, name))
            return refuse_metric(view->comparison, name, arena, err);
        view->metrics[view->metric_count++] = name;
        next += size + (next[size] == ',');
    }
    return WS_OK;
}

/* All but the parts that a metric falls into: "mix/model/2", "training_loss/100". */
static enum ws_status choose_whole(struct view *view, struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_comparison *comparison = view->comparison;
    view->metrics = WS_ARENA_NEW(arena, const char *, comparison->row_count);
    if (!view->metrics)
        return ws_fail_memory(err, "the metrics");
    for (size_t i = 0; i < comparison->row_count; i++) {
        const char *metric = comparison->rows[i].metric;
        bool new = i == 0 || strcmp(metric, comparison->rows[i - 1].metric) != 0;
        if (new && !strchr(metric, '/'))
            view->metrics[view->metric_count++] = metric;
    }
    return WS_OK;
}

/* Those that an overview of one of the runs shows. */
static enum ws_status choose_headlines(struct view *view, struct ws_arena *arena,
                                       struct ws_error *err)
{
    const struct ws_comparison *comparison = view->comparison;
    view->metrics = WS_ARENA_NEW(arena, const char *, WS_HEADLINES * comparison->run_count);
    if (!view->metrics)
        return ws_fail_memory(err, "the metrics");
    for (size_t r = 0; r < comparison->run_count; r++)
        for (const struct ws_headline *h = ws_headlines(comparison->runs[r].family); h->metric; h++)
            if (!is_shown(view, h->metric) && has_metric(comparison, h->metric))
                view->metrics[view->metric_count++] = h->metric;
    return WS_OK;
}

static enum ws_status choose_metrics(struct view *view, const struct compare_flags *flags,
                                     struct ws_arena *arena, struct ws_error *err)
{
    if (flags->metric && strcmp(flags->metric, "all") != 0)
        return choose_named(view, flags->metric, arena, err);
    if (flags->json)
        return WS_OK;
    return flags->metric ? choose_whole(view, arena, err) : choose_headlines(view, arena, err);
}

/* Text ----------------------------------------------------------------------------------------- */

/* Three digits or all before the point, in at most eight characters. */
static void format_number(double value, bool is_signed, char *out, size_t size)
{
    double magnitude = fabs(value);
    const char *sign = is_signed && value > 0 ? "+" : "";
    if (isnan(value))
        (void)snprintf(out, size, "-");
    else if (magnitude == 0 || (magnitude >= 99.95 && magnitude < 1e6))
        (void)snprintf(out, size, "%s%.0f", sign, magnitude == 0 ? 0 : value);
    else if (magnitude >= 1e6 || magnitude < 1e-3)
        (void)snprintf(out, size, "%s%.1e", sign, value);
    else
        (void)snprintf(out, size, "%s%.3g", sign, value);
}

/* What a row shows of an interval. */
struct cells {
    char value[32], range[80];
};

static void format_interval(const struct view *view, const struct ws_interval *interval,
                            bool is_signed, struct cells *out)
{
    char low[32], high[32];
    format_number(interval->estimate, is_signed, out->value, sizeof out->value);
    out->range[0] = '\0';
    if (interval->count <= 1)
        return;
    format_number(interval->low, is_signed, low, sizeof low);
    format_number(interval->high, is_signed, high, sizeof high);
    (void)snprintf(out->range, sizeof out->range, "%s %s %s%s", low, view->utf8 ? "…" : "..", high,
                   interval->level < WS_INTERVAL_LEVEL ? "*" : " ");
}

/* Settings ------------------------------------------------------------------------------------- */

static const char *setting_text(const struct ws_setting_difference *setting, size_t run)
{
    const char *value = setting->values[run];
    return !value ? "-" : value[0] ? value : "''";
}

static void print_setting(const struct ws_setting_difference *setting, size_t run_count, int width)
{
    bool fits = width_of(setting->name) < SETTING_WIDTH;
    for (size_t r = 0; r < run_count; r++)
        fits = fits && width_of(setting_text(setting, r)) < width;
    (void)printf("%-*s", fits ? SETTING_WIDTH : 0, setting->name);
    for (size_t r = 0; r < run_count; r++) {
        const char *text = setting_text(setting, r);
        if (fits)
            (void)printf(" %s%*s", text, r + 1 < run_count ? width - 1 - width_of(text) : 0, "");
        else
            (void)printf("\n  %zu  %s", r + 1, text);
    }
    (void)printf("\n");
}

/* A column a run; what does not fit in one has a line a run. */
static void print_settings_that_differ(const struct ws_comparison *comparison, int columns)
{
    const int width = (columns - SETTING_WIDTH) / (int)comparison->run_count;
    if (comparison->setting_count == 0) {
        (void)printf("\nThe runs have the same settings and inputs.\n");
        return;
    }
    (void)printf("\n%-*s", SETTING_WIDTH, "settings that differ");
    for (size_t r = 0; r < comparison->run_count; r++)
        (void)printf(" %zu%*s", r + 1, r + 1 < comparison->run_count ? width - (r < 9 ? 2 : 3) : 0,
                     "");
    (void)printf("\n");
    for (size_t i = 0; i < comparison->setting_count; i++)
        print_setting(&comparison->settings[i], comparison->run_count, width);
}

/* Metrics -------------------------------------------------------------------------------------- */

/* Before why there is no difference. */
#define NOT_COMPARABLE " not comparable: "

/* The columns of one metric, each wide enough for all that it shows and two blanks before. */
struct layout {
    int arm, run, value, range, difference, difference_range;
    int why_not;  /* of what stands in place of differences */
    bool stacked; /* differences stand below the medians, where a line has no room for both */
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int wider(int width, const char *text)
{
    return larger(width, 2 + width_of(text));
}

static void make_room(const struct view *view, const struct ws_compared *row, struct layout *layout)
{
    struct cells cells;
    char text[64];
    if (width_of(row->arm) <= ARM_WIDTH && width_of(row->arm) > layout->arm)
        layout->arm = width_of(row->arm);
    format_interval(view, &row->median, false, &cells);
    layout->value = wider(layout->value, cells.value);
    layout->range = wider(layout->range, cells.range);
    if (row->base && ws_compares(row)) {
        format_interval(view, &row->difference, true, &cells);
        layout->difference = wider(layout->difference, cells.value);
        layout->difference_range = wider(layout->difference_range, cells.range);
    } else if (row->base) {
        ws_why_not_compared(row, text, sizeof text);
        layout->why_not = larger(layout->why_not, width_of(NOT_COMPARABLE) + width_of(text));
    }
}

static struct layout lay_out(const struct view *view, const struct ws_compared *rows, size_t count)
{
    struct layout layout = {
        .arm = width_of("arm"),
        .run = view->comparison->run_count > 1 ? RUN_WIDTH : 0,
        .value = wider(0, "median"),
        .range = wider(0, "interval "),
        .difference = wider(0, "difference"),
        .difference_range = wider(0, "interval "),
    };
    for (size_t i = 0; i < count; i++)
        make_room(view, &rows[i], &layout);
    int width = layout.arm + layout.run + SEEDS_WIDTH + layout.value + layout.range +
                larger(layout.difference + layout.difference_range + PAIRS_WIDTH, layout.why_not);
    layout.stacked = width > view->columns;
    if (layout.stacked) {
        layout.value = layout.difference = larger(layout.value, layout.difference);
        layout.range = layout.difference_range = larger(layout.range, layout.difference_range);
    }
    return layout;
}

/* To where differences begin. */
static void go_to_difference(const struct layout *layout)
{
    if (layout->stacked)
        (void)printf("\n%*s", layout->arm + layout->run + SEEDS_WIDTH, "");
}

static void print_interval(struct view *view, const struct ws_interval *interval, bool is_signed,
                           int value_width, int range_width)
{
    struct cells cells;
    format_interval(view, interval, is_signed, &cells);
    print_right(cells.value, value_width);
    print_right(cells.range, range_width);
    if (interval->count > 1)
        view->least_level = fmin(view->least_level, interval->level);
}

static void print_difference(struct view *view, const struct ws_compared *row,
                             const struct layout *layout)
{
    char text[64];
    if (row->base)
        go_to_difference(layout);
    if (row->base && ws_compares(row)) {
        print_interval(view, &row->difference, true, layout->difference, layout->difference_range);
        if (row->paired)
            (void)printf(" %zu pair%s", row->difference.count,
                         row->difference.count == 1 ? "" : "s");
        else
            (void)printf(" unpaired");
    } else if (row->base) {
        ws_why_not_compared(row, text, sizeof text);
        (void)printf(NOT_COMPARABLE "%s", text);
    }
    (void)printf("\n");
}

/* Where a row is not of what the head of its metric says. */
static void print_own_size(const struct ws_compared *head, const struct ws_compared *row)
{
    if (strcmp(row->definition, head->definition) != 0)
        (void)printf("  %s, n = %" PRIu64 "\n", row->definition, row->n);
    else if (row->n != head->n)
        (void)printf("  n = %" PRIu64 "\n", row->n);
}

static void print_row(struct view *view, const struct ws_compared *row, bool first_of_arm,
                      const struct layout *layout)
{
    const char *arm = first_of_arm ? row->arm : "";
    if (width_of(arm) > layout->arm) {
        (void)printf("%s\n", arm);
        arm = "";
    }
    (void)printf("%s%*s", arm, layout->arm - width_of(arm), "");
    if (layout->run > 0)
        (void)printf(" %*zu", layout->run - 1, row->run + 1);
    (void)printf(" %*zu", SEEDS_WIDTH - 1, row->median.count);
    print_interval(view, &row->median, false, layout->value, layout->range);
    print_difference(view, row, layout);
}

static void print_metric_head(const struct ws_compared *row, const struct layout *layout)
{
    (void)printf("\n%s (%s, n = %" PRIu64 ")\n%-*s", row->metric, row->definition, row->n,
                 layout->arm, "arm");
    if (layout->run > 0)
        print_right("run", layout->run);
    print_right("seeds", SEEDS_WIDTH);
    print_right("median", layout->value);
    print_right("interval ", layout->range);
    go_to_difference(layout);
    print_right("difference", layout->difference);
    print_right("interval ", layout->difference_range);
    (void)printf("\n");
}

/* What another human sample scores in each run: of all arms about the same, since arms share their
 * human data unless settings are varied. */
static void print_floors(const struct view *view, const struct ws_compared *rows, size_t count)
{
    for (size_t run = 0; run < view->comparison->run_count; run++) {
        char low[32], high[32];
        double least = INFINITY, most = -INFINITY;
        for (size_t i = 0; i < count; i++)
            if (rows[i].run == run && !isnan(rows[i].floor)) {
                least = fmin(least, rows[i].floor);
                most = fmax(most, rows[i].floor);
            }
        if (least > most)
            continue;
        format_number(least, false, low, sizeof low);
        format_number(most, false, high, sizeof high);
        (void)printf("another human sample");
        if (view->comparison->run_count > 1)
            (void)printf(", run %zu", run + 1);
        (void)printf(least < most ? ": %s to %s\n" : ": %s\n", low, high);
    }
}

/* The rows of one metric, which follow each other. */
static void print_metric(struct view *view, const struct ws_compared *rows, size_t count)
{
    const struct layout layout = lay_out(view, rows, count);
    print_metric_head(rows, &layout);
    for (size_t i = 0; i < count; i++) {
        print_row(view, &rows[i], i == 0 || strcmp(rows[i].arm, rows[i - 1].arm) != 0, &layout);
        print_own_size(rows, &rows[i]);
    }
    print_floors(view, rows, count);
}

static void print_metrics(struct view *view)
{
    const struct ws_compared *const rows = view->comparison->rows;
    const size_t count = view->comparison->row_count;
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && strcmp(rows[end].metric, rows[first].metric) == 0;)
            end++;
        if (is_shown(view, rows[first].metric))
            print_metric(view, &rows[first], end - first);
    }
}

/* As it can be typed. */
static void print_next_step(const struct ws_comparison *comparison,
                            const struct compare_flags *flags)
{
    begin_command(stdout, "\nNext:");
    print_words("compare");
    for (size_t r = 0; r < comparison->run_count; r++)
        print_word(comparison->directories[r]);
    if (flags->generation)
        print_words("--generation %" PRIu32, comparison->generation);
    print_words(flags->metric ? "--json" : "--metric all");
    end_command(flags->metric ? "every number" : "every metric");
}

static void print_runs(const struct ws_comparison *comparison)
{
    for (size_t r = 0; r < comparison->run_count; r++) {
        const struct ws_run_description *run = &comparison->runs[r];
        (void)printf("%2zu  %s%s%s%s%s%s\n", r + 1, comparison->directories[r],
                     run->title[0] ? ": " : "", run->title,
                     strcmp(run->state, "complete") == 0 ? "" : " (",
                     strcmp(run->state, "complete") == 0 ? "" : run->state,
                     strcmp(run->state, "complete") == 0 ? "" : ")");
    }
}

static void print_comparison(struct view *view, const struct compare_flags *flags)
{
    const struct ws_comparison *comparison = view->comparison;
    print_runs(comparison);
    if (comparison->run_count > 1)
        print_settings_that_differ(comparison, view->columns);
    (void)printf("\ngeneration %" PRIu32 ": medians over seeds; differences %s\n",
                 comparison->generation,
                 comparison->run_count > 1 ? "to the same arm of run 1" : "to the control");
    print_metrics(view);
    (void)printf("\nIntervals cover the median, or the median difference, with at least 95 %%.\n");
    if (view->least_level < WS_INTERVAL_LEVEL)
        (void)printf("* too few seeds for that: from the smallest to the largest, which covers\n"
                     "  with %.0f %% or more.\n",
                     floor(100 * view->least_level));
    print_next_step(comparison, flags);
}

/* JSON ----------------------------------------------------------------------------------------- */

static bool is_chosen(void *view, const char *metric)
{
    return is_shown(view, metric);
}

/* The command ---------------------------------------------------------------------------------- */

static enum ws_status read_generation(const char *text, uint32_t *out, struct ws_error *err)
{
    static const struct ws_option option = {
        .name = "generation", .type = WS_OPTION_WHOLE, .min = 0, .max = UINT32_MAX - 1};
    uint64_t generation = WS_LAST_GENERATION;
    if (text)
        WS_TRY(ws_option_set(&option, &generation, text, "--generation", NULL, err));
    *out = (uint32_t)generation;
    return WS_OK;
}

static enum ws_status compare_in(struct ws_arena *arena, const struct arguments *arguments,
                                 const struct compare_flags *flags, struct ws_error *err)
{
    uint32_t generation;
    struct ws_comparison comparison;
    WS_TRY(read_generation(flags->generation, &generation, err));
    WS_TRY(ws_compare_runs(arguments->positional, arguments->positional_count, generation, arena,
                           &comparison, err));
    struct view view = {.comparison = &comparison,
                        .utf8 = terminal_is_utf8(),
                        .columns = terminal_columns(STDOUT_FILENO),
                        .least_level = 1};
    WS_TRY(choose_metrics(&view, flags, arena, err));
    if (flags->json)
        return print_json(ws_comparison_json(view.comparison, is_chosen, &view), "the comparison",
                          err);
    print_comparison(&view, flags);
    return WS_OK;
}

static enum ws_status compare(void *flags, const struct arguments *arguments, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = compare_in(&arena, arguments, flags, err);
    ws_arena_release(&arena);
    return status;
}

int cmd_compare(int argc, char **argv)
{
    struct compare_flags flags = {0};
    const struct flag table[] = {
        {"generation", 'g', "G", "default: the last one that all of the runs measured", NULL,
         &flags.generation},
        {"metric", 'm', "NAME,...", "default: those of the run's overview; 'all': all but parts",
         NULL, &flags.metric},
        {"json", 0, NULL, "every number of every metric, or of those named, as JSON", &flags.json,
         NULL},
    };
    const struct command_line line = {
        .usage = "compare RUN... [options]",
        .about =
            "Runs side by side: the settings that differ, then metrics at one generation, arm by "
            "arm, as\nmedians over seeds, with the difference to the same arm of the first run. "
            "Of one run: its arms\nagainst the control.\n\n"
            "An interval of a median reaches from the i-th smallest to the i-th largest value, "
            "the largest i\nthat covers the true median with at least 95 %, whatever the "
            "distribution. A difference is the\nmedian of the differences seed by seed, where two "
            "seeds or more are in both, with the same\ninterval; else that of two medians "
            "(unpaired), between the ends of two intervals of 97.5 %.\nNumbers of different "
            "definition or sample size n, or counted in other tokens, have no difference:\n"
            "they do not compare.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = WS_COMPARED_RUNS_MOST,
        .wanted = "which runs? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, compare, &flags);
}
