#include "lab/reproduction.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "measure/metric.h"

/* What the file is made of ----------------------------------------------------------------------
 */

#define BASES      "text|secondary|figure|derived|inferred|memory"
#define TIERS      "minutes|hours"
#define OVERS      "at|mean|slope|count"
#define STATISTICS "mean|median|deviation|quantile|share|ratio|chi-squared|minimum"

#define FIELD(field) offsetof(struct ws_claim, field)

static const struct ws_option claim_options[] = {
    {"title", WS_OPTION_TEXT, FIELD(title), 0, 0, NULL, NULL, 0, "what is claimed, in one line"},
    {"row", WS_OPTION_LIST, FIELD(row), 0, 0, "", NULL, 0,
     "what each row is called; else its generations"},
    {"experiment", WS_OPTION_LIST, FIELD(experiment), 1, 0, NULL, NULL, 0,
     "the experiment that shows it: one for all rows, or one for each"},
    {"arm", WS_OPTION_LIST, FIELD(arm), 1, 0, "replace", NULL, 0, "name of its arm, likewise"},
    {"metric", WS_OPTION_LIST, FIELD(metric), 1, 0, NULL, NULL, 0,
     "the metric, or several whose values are added up"},
    {"power", WS_OPTION_REAL, FIELD(power), 0.01, 100, "1", NULL, 0,
     "the value is raised to it: 0.5 is the root"},
    {"scale", WS_OPTION_REAL, FIELD(scale), -1e12, 1e12, "1", NULL, 0, "then multiplied by it"},
    {"shift", WS_OPTION_REAL, FIELD(shift), -1e12, 1e12, "0", NULL, 0, "then it is added"},
    {"generation", WS_OPTION_LIST, FIELD(generation), 1, 0, NULL, NULL, 0,
     "generation G, or a range G..H, likewise"},
    {"over", WS_OPTION_CHOICE, FIELD(over), 0, 0, "at", OVERS, 0,
     "what is made of a chain's values in the range; 'count': how many are above 'above'"},
    {"above", WS_OPTION_REAL, FIELD(above), -1e300, 1e300, "0", NULL, 0,
     "of 'over: count' and 'statistic: share'"},
    {"statistic", WS_OPTION_CHOICE, FIELD(statistic), 0, 0, "mean", STATISTICS, 0,
     "what is made of all chains"},
    {"level", WS_OPTION_REAL, FIELD(level), 0, 1, "0.5", NULL, 0, "of 'statistic: quantile'"},
    {"base", WS_OPTION_WHOLE, FIELD(base), 0, 1e7, "0", NULL, 0,
     "of 'statistic: ratio': the generation that is divided by"},
    {"cells", WS_OPTION_LIST, FIELD(cells), 0, 0, "", NULL, 0,
     "of 'statistic: chi-squared': the values there are"},
    {"shares", WS_OPTION_LIST, FIELD(shares), 0, 0, "", NULL, 0,
     "of it: the shares of chains that are expected at each"},
    {"arms", WS_OPTION_LIST, FIELD(arms), 0, 0, "", NULL, 0,
     "of 'statistic: minimum': arms, instead of 'arm'"},
    {"places", WS_OPTION_LIST, FIELD(places), 0, 0, "", NULL, 0,
     "of it: the number that each arm stands for"},
    {"ahead", WS_OPTION_WHOLE, FIELD(ahead), 0, 1e7, "1", NULL, 0,
     "n of a closed form is the generation and this"},
    {"expected", WS_OPTION_LIST, FIELD(expected), 1, 0, NULL, NULL, 0,
     "a number or a closed form, likewise"},
    {"expected_error", WS_OPTION_LIST, FIELD(expected_error), 1, 0, "0", NULL, 0,
     "standard error of a published number, likewise"},
    {"tolerance", WS_OPTION_TEXT, FIELD(tolerance_text), 0, 0, "4 se", NULL, 0,
     "N se, relative X, absolute X, factor X, at least, at most; several are joined by ' + '"},
    {"precision", WS_OPTION_REAL, FIELD(precision), 1e-6, 1e6, "0.1", NULL, 0,
     "where standard errors alone decide: most that they may allow, as a share of what is "
     "expected"},
    {"source", WS_OPTION_TEXT, FIELD(source), 0, 0, NULL, NULL, 0,
     "who published it, and where there"},
    {"basis", WS_OPTION_CHOICE, FIELD(basis), 0, 0, NULL, BASES, 0, "how the number is known"},
    {"tier", WS_OPTION_CHOICE, FIELD(tier), 0, 0, "minutes", TIERS, 0, "how long it takes"},
};
const struct ws_option_table ws_claim_options = {"claim", claim_options,
                                                 sizeof claim_options / sizeof *claim_options};

/* Of an experiment, beside its settings. */
struct experiment_part {
    const char *name;
    const char *needs;
    uint32_t tier;
};
#define PART(field) offsetof(struct experiment_part, field)
static const struct ws_option part_options[] = {
    {"name", WS_OPTION_TEXT, PART(name), 0, 0, NULL, NULL, 0, "of the experiment"},
    {"needs", WS_OPTION_TEXT, PART(needs), 0, 0, "", NULL, 0, "the data that its corpus must be"},
    {"tier", WS_OPTION_CHOICE, PART(tier), 0, 0, "minutes", TIERS, 0, "how long it takes"},
};
static const struct ws_option_table part_table = {"experiments", part_options,
                                                  sizeof part_options / sizeof *part_options};

/* Whatever else stands at the head is a setting of the experiments. */
struct head {
    const char *title;
};
static const struct ws_option head_options[] = {
    {"title", WS_OPTION_TEXT, offsetof(struct head, title), 0, 0, NULL, NULL, 0,
     "what is reproduced, in one line"},
};
static const struct ws_option_table head_table = {"head", head_options, 1};

/* The `index`-th of "a|b|c". */
static const char *choice_name(const char *const *names, size_t count, uint32_t index)
{
    return index < count ? names[index] : "";
}

#define CHOICE_NAME(names, index) choice_name(names, sizeof(names) / sizeof *(names), index)

const char *ws_basis_name(uint32_t basis)
{
    static const char *const names[] = {"text",    "secondary", "figure",
                                        "derived", "inferred",  "memory"};
    return CHOICE_NAME(names, basis);
}

const char *ws_statistic_name(uint32_t statistic)
{
    static const char *const names[] = {"mean",  "median", "deviation",   "quantile",
                                        "share", "ratio",  "chi-squared", "minimum"};
    return CHOICE_NAME(names, statistic);
}

const char *ws_over_name(uint32_t over)
{
    static const char *const names[] = {"at", "mean", "slope", "count"};
    return CHOICE_NAME(names, over);
}

/* Reading ---------------------------------------------------------------------------------------
 */

struct parsing {
    struct ws_reproduction *out;
    const char *file;
    struct ws_yaml_parts yaml;
    const struct ws_override *overrides;
    size_t override_count;
    const struct ws_allocator *allocator;
    struct ws_error *err;
};

static struct ws_arena *arena_of(const struct parsing *p)
{
    return &p->out->arena;
}

#define FAIL_AT(p, line, ...) fail_at(p, line, ws_fail((p)->err, WS_INVALID, __VA_ARGS__))

/* Puts the place before the message that was just written. */
static enum ws_status fail_at(const struct parsing *p, size_t line, enum ws_status status)
{
    if (status == WS_INVALID || status == WS_LIMIT)
        ws_error_prefix(p->err, "%s:%zu", p->file, line);
    return status == WS_LIMIT ? WS_INVALID : status;
}

/* Stores one entry by its table; false in `found` when the table has no such name. */
static enum ws_status take_entry(const struct parsing *p, const struct ws_option_table *table,
                                 const struct ws_yaml_entry *entry, void *settings, bool *found)
{
    const struct ws_option *option = ws_option_find(table, entry->name);
    *found = option != NULL;
    if (!option)
        return WS_OK;
    const char *where = ws_arena_format(arena_of(p), "%s:%zu", p->file, entry->line);
    if (!where)
        return ws_fail_memory(p->err, p->file);
    return ws_option_set(option, settings, entry->text, where, arena_of(p), p->err);
}

static const struct ws_yaml_entry *find_entry(const struct ws_yaml *yaml, const char *name)
{
    for (size_t i = 0; i < yaml->count; i++)
        if (strcmp(yaml->entries[i].name, name) == 0)
            return &yaml->entries[i];
    return NULL;
}

/* What has no default must be given. */
static enum ws_status require_given(const struct parsing *p, const struct ws_option_table *table,
                                    const struct ws_yaml *yaml, size_t line)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->options[i].initial && !find_entry(yaml, table->options[i].name))
            return FAIL_AT(p, line, "'%s' is missing, wanted %s", table->options[i].name,
                           table->options[i].help);
    return WS_OK;
}

/* Takes what the table knows of `yaml`; the rest goes to `others`, which has room. */
static enum ws_status take_known(const struct parsing *p, const struct ws_option_table *table,
                                 const struct ws_yaml *yaml, size_t line, void *settings,
                                 struct ws_yaml_entry *others, size_t *other_count)
{
    WS_TRY(ws_options_defaults(table, settings, arena_of(p), p->err));
    for (size_t i = 0; i < yaml->count; i++) {
        bool found;
        WS_TRY(take_entry(p, table, &yaml->entries[i], settings, &found));
        if (!found)
            others[(*other_count)++] = yaml->entries[i];
    }
    return require_given(p, table, yaml, line);
}

/* Experiments -----------------------------------------------------------------------------------
 */

/* A name is part of a path. */
static bool is_name(const char *text)
{
    return text[0] != '\0' && text[0] != '-' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static enum ws_status check_name(const struct parsing *p, const char *name, size_t line)
{
    if (!is_name(name) || strlen(name) > 60)
        return FAIL_AT(p, line,
                       "'name' is '%.80s', wanted lower-case letters, digits and '-', at most 60",
                       name);
    for (size_t i = 0; i < p->out->experiment_count; i++)
        if (strcmp(p->out->experiments[i].experiment.name, name) == 0)
            return FAIL_AT(p, line, "a second experiment '%.80s'", name);
    return WS_OK;
}

/* `shared`, the head's settings, come first: the experiment's own replace them. */
static enum ws_status read_experiment(const struct parsing *p, const struct ws_yaml_part *part,
                                      const struct ws_yaml *shared)
{
    struct experiment_part own = {.name = ""};
    struct ws_yaml_entry *entries =
        WS_ARENA_NEW(arena_of(p), struct ws_yaml_entry, shared->count + part->settings.count + 1);
    if (!entries)
        return ws_fail_memory(p->err, p->file);
    size_t count = 0;
    for (size_t i = 0; i < shared->count; i++)
        entries[count++] = shared->entries[i];
    WS_TRY(take_known(p, &part_table, &part->settings, part->line, &own, entries, &count));
    WS_TRY(check_name(p, own.name, part->line));
    if (own.needs[0] != '\0') /* until the user names a place */
        entries[count++] = (struct ws_yaml_entry){"corpus", own.needs, part->line, false};
    const struct ws_yaml settings = {entries, count};
    struct ws_reproduced *to = &p->out->experiments[p->out->experiment_count];
    *to = (struct ws_reproduced){.needs = own.needs, .tier = own.tier};
    enum ws_status status =
        ws_experiment_of_settings(&settings, own.name, p->file, p->overrides, p->override_count,
                                  p->allocator, &to->experiment, p->err);
    /* What concerns no single setting names the file alone. */
    if (status == WS_OK)
        p->out->experiment_count++;
    return status;
}

static enum ws_status read_experiments(const struct parsing *p, const struct ws_yaml *shared)
{
    p->out->experiments = WS_ARENA_NEW(arena_of(p), struct ws_reproduced, p->yaml.count + 1);
    if (!p->out->experiments)
        return ws_fail_memory(p->err, p->file);
    for (size_t i = 0; i < p->yaml.count; i++)
        if (strcmp(p->yaml.parts[i].list, "experiments") == 0)
            WS_TRY(read_experiment(p, &p->yaml.parts[i], shared));
    return WS_OK;
}

/* Claims ----------------------------------------------------------------------------------------
 */

static size_t line_of(const struct ws_yaml_part *part, const char *name)
{
    const struct ws_yaml_entry *entry = find_entry(&part->settings, name);
    return entry ? entry->line : part->line;
}

static enum ws_status find_experiment(const struct parsing *p, const char *name, size_t *out,
                                      size_t line)
{
    const struct ws_reproduction *r = p->out;
    for (size_t i = 0; i < r->experiment_count; i++)
        if (strcmp(r->experiments[i].experiment.name, name) == 0) {
            *out = i;
            return WS_OK;
        }
    return FAIL_AT(p, line, "no experiment '%.80s' in this file", name);
}

static enum ws_status check_arm(const struct parsing *p, size_t experiment, const char *arm,
                                size_t line)
{
    const struct ws_experiment *e = &p->out->experiments[experiment].experiment;
    const char *names = "";
    for (size_t a = 0; a < e->arm_count && names; a++) {
        if (strcmp(e->arms[a].name, arm) == 0)
            return WS_OK;
        names =
            ws_arena_format(arena_of(p), "%s%s%.60s", names, a > 0 ? ", " : "", e->arms[a].name);
    }
    if (!names)
        return ws_fail_memory(p->err, p->file);
    return FAIL_AT(p, line, "experiment '%.60s' has no arm '%.60s'; it has %.200s", e->name, arm,
                   names);
}

static enum ws_status check_metrics(const struct parsing *p, const struct ws_claim *claim,
                                    size_t line)
{
    const char *names[WS_METRIC_COUNT];
    for (unsigned id = 0; id < WS_METRIC_COUNT; id++)
        names[id] = ws_metric((enum ws_metric_id)id)->name;
    for (size_t m = 0; m < claim->metric.count; m++) {
        bool known = false;
        for (size_t id = 0; id < WS_METRIC_COUNT && !known; id++)
            known = strcmp(names[id], claim->metric.items[m]) == 0;
        if (known)
            continue;
        const char *nearest = ws_nearest_name(claim->metric.items[m], names, WS_METRIC_COUNT);
        return FAIL_AT(p, line, "no metric '%.60s'%s%s%s", claim->metric.items[m],
                       nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
    }
    return WS_OK;
}

static enum ws_status check_generation(const struct parsing *p, const struct ws_claim_row *row,
                                       uint64_t generation, size_t line)
{
    const struct ws_experiment *e = &p->out->experiments[row->experiment].experiment;
    if (generation >= e->settings.generations)
        return FAIL_AT(p, line, "generation %" PRIu64 ", experiment '%.60s' has 0 to %" PRIu64,
                       generation, e->name, e->settings.generations - 1);
    if (generation % e->settings.measure_every != 0)
        return FAIL_AT(p, line,
                       "generation %" PRIu64 " is not measured: 'measure_every' is %" PRIu64,
                       generation, e->settings.measure_every);
    return WS_OK;
}

/* "9" or "0..99" */
static enum ws_status read_generations(const struct parsing *p, const struct ws_claim *claim,
                                       const char *text, struct ws_claim_row *row, size_t line)
{
    uint64_t first, last;
    const char *dots = strstr(text, "..");
    const char *head = dots ? ws_arena_format(arena_of(p), "%.*s", (int)(dots - text), text) : text;
    if (!head)
        return ws_fail_memory(p->err, p->file);
    if (!ws_whole_parse(head, &first) || !ws_whole_parse(dots ? dots + 2 : head, &last) ||
        last < first)
        return FAIL_AT(p, line, "'generation' has '%.60s', wanted G or G..H", text);
    if ((claim->over == WS_OVER_AT) != (dots == NULL))
        return FAIL_AT(p, line, "'generation' has '%.60s', 'over: %s' wants %s", text,
                       ws_over_name(claim->over), dots ? "single ones" : "a range G..H");
    WS_TRY(check_generation(p, row, first, line));
    WS_TRY(check_generation(p, row, last, line));
    row->first = (uint32_t)first;
    row->last = (uint32_t)last;
    return WS_OK;
}

static enum ws_status read_expected(const struct parsing *p, const char *text,
                                    struct ws_claim_row *row, size_t line)
{
    row->is_form = !ws_real_parse(text, &row->expected.value);
    return row->is_form ? fail_at(p, line, ws_form_parse(text, &row->form, p->err)) : WS_OK;
}

/* A row of a claim that is being made. */
struct row_place {
    const struct ws_yaml_part *part;
    const struct ws_claim *claim;
    size_t index;
};

/* The row's item of a list, and the line that the list stands on. */
static enum ws_status item_of(const struct parsing *p, const struct row_place *place,
                              const struct ws_text_list *list, const char *name, const char **out,
                              size_t *line)
{
    size_t rows = place->claim->row_count;
    *line = line_of(place->part, name);
    if (list->count != 1 && list->count != rows)
        return FAIL_AT(p, *line, "'%s' has %zu items, wanted 1 or one for each of %zu rows", name,
                       list->count, rows);
    *out = list->items[list->count == 1 ? 0 : place->index];
    return WS_OK;
}

/* One, or all that a minimum is sought among. */
static enum ws_status read_arms(const struct parsing *p, const struct row_place *place,
                                struct ws_claim_row *row)
{
    const struct ws_claim *claim = place->claim;
    size_t line = line_of(place->part, "arms");
    if (claim->statistic != WS_STATISTIC_MINIMUM) {
        WS_TRY(item_of(p, place, &claim->arm, "arm", &row->arm, &line));
        return check_arm(p, row->experiment, row->arm, line);
    }
    row->arm = "";
    for (size_t a = 0; a < claim->arms.count; a++)
        WS_TRY(check_arm(p, row->experiment, claim->arms.items[a], line));
    return WS_OK;
}

/* Which numbers a row is made of. */
static enum ws_status read_subject(const struct parsing *p, const struct row_place *place,
                                   struct ws_claim_row *row)
{
    const struct ws_claim *claim = place->claim;
    const char *text;
    size_t line;
    WS_TRY(item_of(p, place, &claim->experiment, "experiment", &text, &line));
    WS_TRY(find_experiment(p, text, &row->experiment, line));
    WS_TRY(read_arms(p, place, row));
    WS_TRY(item_of(p, place, &claim->generation, "generation", &text, &line));
    WS_TRY(read_generations(p, claim, text, row, line));
    if (claim->statistic == WS_STATISTIC_RATIO)
        WS_TRY(check_generation(p, row, claim->base, line_of(place->part, "base")));
    uint32_t tier = p->out->experiments[row->experiment].tier;
    row->tier = tier > claim->tier ? tier : claim->tier;
    return WS_OK;
}

static enum ws_status read_row(const struct parsing *p, const struct row_place *place,
                               struct ws_claim_row *row)
{
    const struct ws_claim *claim = place->claim;
    const char *text;
    size_t line;
    *row = (struct ws_claim_row){.label = "", .arm = ""};
    if (claim->row.count > 0)
        WS_TRY(item_of(p, place, &claim->row, "row", &row->label, &line));
    WS_TRY(read_subject(p, place, row));
    WS_TRY(item_of(p, place, &claim->expected, "expected", &text, &line));
    WS_TRY(read_expected(p, text, row, line));
    WS_TRY(item_of(p, place, &claim->expected_error, "expected_error", &text, &line));
    if (!ws_real_parse(text, &row->expected.standard_error) || row->expected.standard_error < 0)
        return FAIL_AT(p, line, "'expected_error' has '%.60s', wanted numbers >= 0", text);
    return WS_OK;
}

/* As many as the longest list has items. */
static size_t count_rows(const struct ws_claim *claim)
{
    const size_t counts[] = {claim->row.count,      claim->experiment.count,
                             claim->arm.count,      claim->generation.count,
                             claim->expected.count, claim->expected_error.count};
    size_t most = 1;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        most = counts[i] > most ? counts[i] : most;
    return most;
}

static enum ws_status read_rows(const struct parsing *p, const struct ws_yaml_part *part,
                                struct ws_claim *claim)
{
    claim->row_count = count_rows(claim);
    claim->rows = WS_ARENA_NEW(arena_of(p), struct ws_claim_row, claim->row_count);
    if (!claim->rows)
        return ws_fail_memory(p->err, p->file);
    for (size_t i = 0; i < claim->row_count; i++) {
        const struct row_place place = {part, claim, i};
        WS_TRY(read_row(p, &place, &claim->rows[i]));
    }
    claim->first_row = p->out->row_count;
    p->out->row_count += claim->row_count;
    return WS_OK;
}

static enum ws_status read_numbers(const struct parsing *p, const struct ws_text_list *list,
                                   const char *name, size_t line, double **out)
{
    *out = WS_ARENA_NEW(arena_of(p), double, list->count + 1);
    if (!*out)
        return ws_fail_memory(p->err, p->file);
    for (size_t i = 0; i < list->count; i++)
        if (!ws_real_parse(list->items[i], &(*out)[i]))
            return FAIL_AT(p, line, "'%s' has '%.60s', wanted numbers", name, list->items[i]);
    return WS_OK;
}

/* Cells and their shares are for one statistic. */
static enum ws_status read_cells(const struct parsing *p, const struct ws_yaml_part *part,
                                 struct ws_claim *claim)
{
    size_t line = line_of(part, "shares");
    WS_TRY(read_numbers(p, &claim->cells, "cells", line_of(part, "cells"), &claim->cell_values));
    WS_TRY(read_numbers(p, &claim->shares, "shares", line, &claim->cell_shares));
    bool wanted = claim->statistic == WS_STATISTIC_CHI_SQUARED;
    if (claim->cells.count != claim->shares.count || (claim->cells.count >= 2) != wanted)
        return FAIL_AT(p, line,
                       wanted ? "'cells' and 'shares' have %zu and %zu items, wanted as many, 2 at "
                                "least"
                              : "'cells' and 'shares' have %zu and %zu items, and are of "
                                "'statistic: chi-squared' alone",
                       claim->cells.count, claim->shares.count);
    double sum = 0;
    for (size_t i = 0; i < claim->shares.count; i++) {
        if (!(claim->cell_shares[i] > 0))
            return FAIL_AT(p, line, "'shares' has '%.60s', wanted numbers above 0",
                           claim->shares.items[i]);
        sum += claim->cell_shares[i];
    }
    if (wanted && fabs(sum - 1) > 1e-9)
        return FAIL_AT(p, line, "'shares' sum to %.12g, wanted 1", sum);
    return WS_OK;
}

/* Arms and their places are for one statistic. */
static enum ws_status read_places(const struct parsing *p, const struct ws_yaml_part *part,
                                  struct ws_claim *claim)
{
    size_t line = line_of(part, "places");
    WS_TRY(read_numbers(p, &claim->places, "places", line, &claim->place_values));
    bool wanted = claim->statistic == WS_STATISTIC_MINIMUM;
    if (claim->arms.count != claim->places.count || (claim->arms.count >= 3) != wanted)
        return FAIL_AT(p, line,
                       wanted ? "'arms' and 'places' have %zu and %zu items, wanted as many, 3 at "
                                "least"
                              : "'arms' and 'places' have %zu and %zu items, and are of "
                                "'statistic: minimum' alone",
                       claim->arms.count, claim->places.count);
    return WS_OK;
}

/* What would be looked away from, or has no meaning. */
static enum ws_status check_claim(const struct parsing *p, const struct ws_yaml_part *part,
                                  const struct ws_claim *claim)
{
    if (claim->over != WS_OVER_AT && claim->metric.count > 1)
        return FAIL_AT(p, line_of(part, "metric"), "several metrics, wanted one for a range");
    if (claim->statistic == WS_STATISTIC_RATIO && claim->over != WS_OVER_AT)
        return FAIL_AT(p, line_of(part, "statistic"), "'ratio' wants 'over: at'");
    return WS_OK;
}

static enum ws_status settle_claim(const struct parsing *p, const struct ws_yaml_part *part,
                                   struct ws_claim *claim)
{
    claim->line = part->line;
    WS_TRY(check_metrics(p, claim, line_of(part, "metric")));
    WS_TRY(check_claim(p, part, claim));
    WS_TRY(read_cells(p, part, claim));
    WS_TRY(read_places(p, part, claim));
    WS_TRY(fail_at(p, line_of(part, "tolerance"),
                   ws_tolerance_parse(claim->tolerance_text, &claim->tolerance, p->err)));
    claim->tolerance.precision = claim->precision;
    return read_rows(p, part, claim);
}

static enum ws_status read_claim(const struct parsing *p, const struct ws_yaml_part *part)
{
    struct ws_claim *claim = &p->out->claims[p->out->claim_count++];
    *claim = (struct ws_claim){.title = ""};
    WS_TRY(ws_options_defaults(&ws_claim_options, claim, arena_of(p), p->err));
    for (size_t i = 0; i < part->settings.count; i++) {
        const struct ws_yaml_entry *entry = &part->settings.entries[i];
        const struct ws_option_table *table = &ws_claim_options;
        bool found;
        WS_TRY(take_entry(p, table, entry, claim, &found));
        if (!found) {
            const char *where = ws_arena_format(arena_of(p), "%s:%zu", p->file, entry->line);
            if (!where)
                return ws_fail_memory(p->err, p->file);
            return ws_option_unknown(&table, 1, entry->name, where, p->err);
        }
    }
    WS_TRY(require_given(p, &ws_claim_options, &part->settings, part->line));
    return settle_claim(p, part, claim);
}

static enum ws_status read_claims(const struct parsing *p)
{
    p->out->claims = WS_ARENA_NEW(arena_of(p), struct ws_claim, p->yaml.count + 1);
    if (!p->out->claims)
        return ws_fail_memory(p->err, p->file);
    for (size_t i = 0; i < p->yaml.count; i++) {
        const struct ws_yaml_part *part = &p->yaml.parts[i];
        if (strcmp(part->list, "claims") == 0)
            WS_TRY(read_claim(p, part));
        else if (strcmp(part->list, "experiments") != 0)
            return FAIL_AT(p, part->line, "a list '%.80s', wanted 'experiments' and 'claims'",
                           part->list);
    }
    if (p->out->claim_count == 0)
        return ws_fail(p->err, WS_INVALID, "%s: has no 'claims'", p->file);
    return WS_OK;
}

static enum ws_status parse(struct parsing *p, struct ws_bytes text)
{
    struct head head = {.title = ""};
    struct ws_yaml shared = {NULL, 0};
    WS_TRY(ws_yaml_parse_parts(text, p->file, arena_of(p), &p->yaml, p->err));
    struct ws_yaml_entry *entries =
        WS_ARENA_NEW(arena_of(p), struct ws_yaml_entry, p->yaml.head.count + 1);
    if (!entries)
        return ws_fail_memory(p->err, p->file);
    WS_TRY(take_known(p, &head_table, &p->yaml.head, 1, &head, entries, &shared.count));
    shared.entries = entries;
    p->out->title = head.title;
    WS_TRY(read_experiments(p, &shared));
    return read_claims(p);
}

enum ws_status ws_reproduction_parse(struct ws_bytes text, const char *name, const char *file,
                                     const struct ws_override *overrides, size_t override_count,
                                     const struct ws_allocator *allocator,
                                     struct ws_reproduction *out, struct ws_error *err)
{
    struct ws_error unheard;
    struct ws_reproduction r = {.experiment_count = 0};
    struct parsing p = {.out = &r,
                        .overrides = overrides,
                        .override_count = override_count,
                        .allocator = allocator,
                        .err = err ? err : &unheard};
    ws_arena_init(&r.arena, allocator);
    r.name = ws_arena_text(&r.arena, name);
    p.file = ws_arena_text(&r.arena, file);
    enum ws_status status = r.name && p.file ? parse(&p, text) : ws_fail_memory(err, "the preset");
    if (status != WS_OK) {
        ws_reproduction_release(&r);
        return status;
    }
    *out = r;
    return WS_OK;
}

void ws_reproduction_release(struct ws_reproduction *reproduction)
{
    for (size_t i = 0; i < reproduction->experiment_count; i++)
        ws_experiment_release(&reproduction->experiments[i].experiment);
    ws_arena_release(&reproduction->arena);
}
