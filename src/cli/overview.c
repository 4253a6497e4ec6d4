#include "cli/overview.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "view/number_words.h"

enum {
    NAME_WIDTH = 20,
    SPARK_WIDTH = 10,
    VALUE_WIDTH = 15,
    HUMAN_WIDTH = 6,
    HEADLINES = 4 /* in the table, at most */
};

/* How the table is drawn. */
struct style {
    struct ws_headline heads[HEADLINES];
    size_t head_count; /* as many as there are and fit */
    bool utf8;
    bool spreads; /* a second line with the spread over seeds */
};

/* The curve, squeezed to SPARK_WIDTH cells, between zero and its largest value. */
static void print_spark(const struct ws_curve *curve, bool utf8)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", ",", "-", "=", "+", "*", "#"};
    double top = 0;
    for (size_t i = 0; i < curve->point_count; i++)
        if (curve->points[i].summary.median > top)
            top = curve->points[i].summary.median;
    for (size_t cell = 0; cell < SPARK_WIDTH; cell++) {
        if (cell >= curve->point_count) {
            (void)putchar(' ');
            continue;
        }
        size_t cells = curve->point_count < SPARK_WIDTH ? curve->point_count : SPARK_WIDTH;
        size_t i = cells > 1 ? cell * (curve->point_count - 1) / (cells - 1) : 0;
        double height = top > 0 ? curve->points[i].summary.median / top : 0;
        int level = height > 0 ? (int)(height * 7 + 0.5) : 0;
        (void)fputs(utf8 ? blocks[level] : plain[level], stdout);
    }
}

/* The table ------------------------------------------------------------------------------------ */

static void print_heads(const struct style *style)
{
    (void)printf("\n%-*s %-*s", NAME_WIDTH, "", SPARK_WIDTH, "");
    for (size_t h = 0; h < style->head_count; h++)
        print_right(style->heads[h].title, VALUE_WIDTH + (h > 0));
    (void)printf(" human\n%-*s %-*s", NAME_WIDTH, "policy", SPARK_WIDTH, "");
    for (size_t h = 0; h < style->head_count; h++)
        print_right(style->heads[h].detail, VALUE_WIDTH + (h > 0));
    (void)printf("  data\n");
}

/* Share of human items in the training set of `generation`. */
static double human_share(const struct ws_results *results, const char *arm, uint32_t generation)
{
    const struct ws_curve *curve = ws_results_find(results, arm, "mix/human");
    for (size_t p = 0; curve && p < curve->point_count; p++)
        if (curve->points[p].generation == generation)
            return curve->points[p].summary.median;
    return NAN;
}

static const struct ws_point *last_point(const struct ws_curve *curve)
{
    return &curve->points[curve->point_count - 1];
}

static void print_values(const struct ws_results *results, const char *arm,
                         const struct style *style)
{
    for (size_t h = 0; h < style->head_count; h++) {
        const struct ws_curve *curve = ws_results_find(results, arm, style->heads[h].metric);
        char first[WS_NUMBER_WORDS_SIZE] = "-", last[WS_NUMBER_WORDS_SIZE] = "-";
        char text[2 * WS_NUMBER_WORDS_SIZE + 8];
        if (curve) {
            ws_number_cell(style->heads[h].form, curve->points[0].summary.median, first);
            ws_number_cell(style->heads[h].form, last_point(curve)->summary.median, last);
        }
        (void)snprintf(text, sizeof text, "%s %s %s", first, style->utf8 ? "→" : ">", last);
        print_right(text, VALUE_WIDTH + (h > 0));
    }
}

static void print_spreads(const struct ws_results *results, const char *arm,
                          const struct style *style)
{
    (void)printf("%-*s %-*s", NAME_WIDTH, "", SPARK_WIDTH, "");
    for (size_t h = 0; h < style->head_count; h++) {
        const struct ws_curve *curve = ws_results_find(results, arm, style->heads[h].metric);
        char low[WS_NUMBER_WORDS_SIZE] = "-", high[WS_NUMBER_WORDS_SIZE] = "-";
        char text[2 * WS_NUMBER_WORDS_SIZE + 8];
        if (curve) {
            ws_number_cell(style->heads[h].form, last_point(curve)->summary.low, low);
            ws_number_cell(style->heads[h].form, last_point(curve)->summary.high, high);
        }
        (void)snprintf(text, sizeof text, "%s%s%s", low, style->utf8 ? " … " : " .. ", high);
        print_right(text, VALUE_WIDTH + (h > 0));
    }
    (void)printf("\n");
}

static void print_arm(const struct ws_run_arm *arm, const struct ws_results *results,
                      const struct style *style)
{
    const struct ws_curve *curve = ws_results_find(results, arm->name, style->heads[0].metric);
    print_row_name(arm->policy, arm->outgrows_control ? " *" : "", NAME_WIDTH);
    (void)printf(" ");
    if (!curve) {
        (void)printf("no measurement\n");
        return;
    }
    print_spark(curve, style->utf8);
    print_values(results, arm->name, style);
    (void)printf(" %3.0f %%\n",
                 100 * human_share(results, arm->name, last_point(curve)->generation));
    if (style->spreads)
        print_spreads(results, arm->name, style);
}

/* What another human sample of the same size scores, beside the last value of each column: the
 * first arm's, for arms of a seed share their human data. Nothing where no column has one. */
static void print_floors(const struct ws_results *results, const char *arm,
                         const struct style *style)
{
    bool any = false;
    for (size_t h = 0; h < style->head_count; h++)
        any = any || !isnan(ws_results_floor(results, arm, style->heads[h].metric));
    if (!any)
        return;
    (void)printf("%-*s %-*s", NAME_WIDTH, "another human sample", SPARK_WIDTH, "");
    for (size_t h = 0; h < style->head_count; h++) {
        double floor = ws_results_floor(results, arm, style->heads[h].metric);
        char text[WS_NUMBER_WORDS_SIZE] = "";
        if (!isnan(floor))
            ws_number_cell(style->heads[h].form, floor, text);
        print_right(text, VALUE_WIDTH + (h > 0));
    }
    (void)printf("\n");
}

static bool is_measured(const struct ws_results *results, const char *metric)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->curves[i].metric, metric) == 0)
            return true;
    return false;
}

static struct style style_of(const struct ws_run_description *run, const struct ws_results *results)
{
    int room = terminal_columns(STDOUT_FILENO) - NAME_WIDTH - SPARK_WIDTH - HUMAN_WIDTH;
    int fitting = room / (VALUE_WIDTH + 1);
    size_t most = fitting >= HEADLINES ? HEADLINES : fitting > 1 ? (size_t)fitting : 1;
    const struct ws_headline *all = ws_headlines(run->family);
    struct style style = {.utf8 = terminal_is_utf8(), .spreads = run->seeds > 1};
    for (size_t h = 0; all[h].metric && style.head_count < most; h++)
        if (is_measured(results, all[h].metric))
            style.heads[style.head_count++] = all[h];
    if (results->count == 0) /* no chain came to its end, which is said arm by arm */
        style.heads[style.head_count++] = all[0];
    return style;
}

/* The last generation of any arm that was measured. */
static uint32_t last_generation(const struct ws_results *results)
{
    uint32_t last = 0;
    for (size_t i = 0; i < results->count; i++)
        if (last_point(&results->curves[i])->generation > last)
            last = last_point(&results->curves[i])->generation;
    return last;
}

void print_overview(const struct ws_run_description *run, const struct ws_results *results)
{
    const struct style style = style_of(run, results);
    if (style.head_count == 0)
        return;
    (void)printf("%s%s%s\n", run->name, run->title[0] ? ": " : "", run->title);
    (void)printf("generation 0 %s %" PRIu32 ", medians over %" PRIu64 " seed%s%s\n",
                 style.utf8 ? "→" : ">", last_generation(results), run->seeds,
                 run->seeds == 1 ? "" : "s",
                 run->seeds > 1 ? "; below, 10 % to 90 % of seeds" : "");
    print_heads(&style);
    bool outgrown = false;
    const char *variation = "";
    for (size_t a = 0; a < run->arm_count; a++) {
        if (strcmp(run->arms[a].variation, variation) != 0) {
            if (a > 0)
                print_floors(results, run->arms[a - 1].name, &style);
            (void)printf("%s\n", run->arms[a].variation);
        }
        variation = run->arms[a].variation;
        print_arm(&run->arms[a], results, &style);
        outgrown = outgrown || run->arms[a].outgrows_control;
    }
    if (run->arm_count > 0)
        print_floors(results, run->arms[run->arm_count - 1].name, &style);
    if (outgrown)
        (void)printf("* trains on more items than the control\n");
}

/* What was not measured ------------------------------------------------------------------------ */

static void print_shortage(const struct ws_shortage *s, size_t arm_count)
{
    const int width = isatty(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : INT_MAX;
    struct ws_buffer what, wanted;
    ws_buffer_init(&what, NULL, SIZE_MAX);
    ws_buffer_init(&wanted, NULL, SIZE_MAX);
    for (size_t m = 0; m < s->metric_count; m++)
        ws_buffer_format(&what, "%s%s", m > 0 ? ", " : "", s->metrics[m]);
    if (s->metric_count == 0)
        ws_buffer_text(&what, "the noise floor, another human sample");
    if (s->arm_count < arm_count)
        ws_buffer_format(&what, " in %zu of %zu arms", s->arm_count, arm_count);
    if (s->from > 0)
        ws_buffer_format(&what, " from generation %" PRIu32 " on", s->from);
    ws_buffer_text(&wanted, "wants ");
    if (s->least > 0)
        ws_buffer_format(&wanted, "%" PRIu64 " or more ", s->least);
    ws_buffer_text(&wanted, s->wanted);
    if (!isnan(s->seen))
        ws_buffer_format(&wanted, "; there %s %.12g", s->seen == 1 ? "is" : "are", s->seen);
    print_wrapped(ws_buffer_string(&what), 2, width);
    print_wrapped(ws_buffer_string(&wanted), 6, width);
    ws_buffer_release(&what);
    ws_buffer_release(&wanted);
}

void print_shortages(const struct ws_shortage *shortages, size_t count, size_t arm_count)
{
    if (count > 0)
        (void)printf("\nNot measured, for there are too few:\n");
    for (size_t i = 0; i < count; i++)
        print_shortage(&shortages[i], arm_count);
}

/* JSON ----------------------------------------------------------------------------------------- */

static json_t *point_json(const struct ws_point *point)
{
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I}", "generation", (json_int_t)point->generation,
        "n", (json_int_t)point->n, "median", ws_json_real(point->summary.median), "low",
        ws_json_real(point->summary.low), "high", ws_json_real(point->summary.high), "mean",
        ws_json_real(point->summary.mean), "standard_error",
        ws_json_real(point->summary.standard_error), "seeds", (json_int_t)point->summary.count);
}

static json_t *arm_json(const struct ws_run_arm *arm, const struct ws_results *results)
{
    json_t *metrics = json_object();
    for (size_t i = 0; metrics && i < results->count; i++) {
        const struct ws_curve *curve = &results->curves[i];
        if (strcmp(curve->arm, arm->name) != 0)
            continue;
        json_t *entry =
            json_pack("{s:s, s:o, s:o}", "definition", curve->definition, "first",
                      point_json(&curve->points[0]), "last", point_json(last_point(curve)));
        if (json_object_set_new(metrics, curve->metric, entry) != 0) {
            json_decref(metrics);
            metrics = NULL;
        }
    }
    return json_pack("{s:s, s:b, s:o}", "arm", arm->name, "outgrows_control", arm->outgrows_control,
                     "metrics", metrics);
}

static json_t *names_json(const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, json_string(names[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *shortage_json(const struct ws_shortage *s)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:I, s:o}", "metrics",
                     names_json(s->metrics, s->metric_count), "wants", s->wanted, "least",
                     s->least > 0 ? json_integer((json_int_t)s->least) : json_null(), "seen",
                     isnan(s->seen) ? json_null() : ws_json_real(s->seen), "from",
                     (json_int_t)s->from, "arms", names_json(s->arms, s->arm_count));
}

static json_t *shortages_json(const struct ws_shortage *shortages, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, shortage_json(&shortages[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

enum ws_status print_overview_json(const char *directory, const struct ws_run_description *run,
                                   const struct ws_results *results,
                                   const struct ws_shortage *shortages, size_t count,
                                   struct ws_error *err)
{
    json_t *arms = json_array();
    for (size_t a = 0; a < run->arm_count; a++)
        ws_json_add(&arms, arm_json(&run->arms[a], results));
    json_t *root = json_pack("{s:s, s:o, s:s, s:I, s:I, s:o, s:o}", "run", run->name, "directory",
                             ws_json_path(directory), "state", run->state, "generations",
                             (json_int_t)run->generations, "seeds", (json_int_t)run->seeds, "arms",
                             arms, "not_measured", shortages_json(shortages, count));
    return print_json(root, "the results", err);
}
