#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "view/number_words.h"
#include "view/run_source.h"

enum { SENTENCES_MOST = 16, HEADLINES_TOLD = 3, ARMS_TOLD = 8, LINE_LIMIT = 1 << 16 };

/* Sentences that are being written. */
struct words {
    const struct ws_run_source *source;
    struct ws_report_run *out;
    const char **lines;
    struct ws_buffer line; /* the one that is begun */
};

static void say(struct words *w, const char *text)
{
    ws_buffer_text(&w->line, text);
}

static enum ws_status end_line(struct words *w, struct ws_error *err)
{
    WS_TRY(ws_buffer_check(&w->line, "the summary", err));
    char *line = ws_arena_text(w->source->arena, ws_buffer_string(&w->line));
    if (!line)
        return ws_fail_memory(err, "the summary");
    if (line[0] != '\0' && w->out->word_count < SENTENCES_MOST)
        w->lines[w->out->word_count++] = line;
    ws_buffer_reset(&w->line);
    return WS_OK;
}

static void say_number(struct words *w, enum ws_number_form form, double value)
{
    char text[WS_NUMBER_WORDS_SIZE];
    ws_number_words(form, value, text);
    say(w, text);
}

static void say_count(struct words *w, uint64_t count, const char *one, const char *many)
{
    ws_buffer_format(&w->line, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static bool is_control(const struct ws_run_arm *arm)
{
    return strcmp(arm->policy, "control") == 0;
}

/* What was run --------------------------------------------------------------------------------- */

static bool has_variations(const struct ws_run_description *run)
{
    for (size_t a = 0; a < run->arm_count; a++)
        if (run->arms[a].variation[0] != '\0')
            return true;
    return false;
}

static void say_arms(struct words *w)
{
    size_t controls = 0;
    for (size_t a = 0; a < w->out->arm_count; a++)
        controls += is_control(&w->source->run.arms[a]);
    size_t others = w->out->arm_count - controls;
    if (has_variations(&w->source->run))
        say_count(w, others, "arm, which is a policy with settings,",
                  "arms, which are policies with settings,");
    else
        say_count(w, others, "policy", "policies");
    if (controls > 0)
        say(w, controls == 1 ? " beside a control that sees human data alone"
                             : " beside controls that see human data alone");
}

static enum ws_status say_what_was_run(struct words *w, struct ws_error *err)
{
    const struct ws_report_run *run = w->out;
    if (run->title[0])
        ws_buffer_format(&w->line, "%s. ", run->title);
    say_count(w, run->generations, "generation", "generations");
    ws_buffer_format(&w->line,
                     " of models of the family %s: the first is trained on human data, each later "
                     "one on what its data policy takes of human data and of what the models "
                     "before it made. ",
                     run->family);
    say_arms(w);
    if (run->seeds > 1)
        ws_buffer_format(&w->line, "; %" PRIu64 " seeds, independent repetitions, of each.",
                         run->seeds);
    else
        say(w, "; one seed, which is one repetition, of each: nothing is known of the spread, and "
               "a difference may be chance.");
    return end_line(w, err);
}

static enum ws_status say_state(struct words *w, struct ws_error *err)
{
    double fewest = (double)w->out->seeds;
    for (size_t i = 0; i < w->out->curve_count; i++) {
        const struct ws_report_curve *curve = &w->out->curves[i];
        if (strcmp(curve->metric, "mix/human") == 0 && curve->seeds[curve->count - 1] < fewest)
            fewest = curve->seeds[curve->count - 1];
    }
    if (strcmp(w->out->state, "complete") != 0)
        ws_buffer_format(&w->line, "The run is %s: numbers are of what there is. ", w->out->state);
    if (fewest < (double)w->out->seeds)
        ws_buffer_format(&w->line, "Of %" PRIu64 " seeds, %.0f came to the end in some arm.",
                         w->out->seeds, fewest);
    WS_TRY(end_line(w, err));
    if (w->out->damage)
        ws_buffer_format(&w->line,
                         "Its records are damaged, so that single seeds and, of the arms that they "
                         "are of, the profile of collapse are left out; medians and ranges were "
                         "kept apart: %s.",
                         w->out->damage);
    return end_line(w, err);
}

/* What was lost -------------------------------------------------------------------------------- */

static const struct ws_report_curve *curve_of(const struct ws_report_run *run, size_t arm,
                                              const char *metric)
{
    for (size_t i = 0; i < run->curve_count; i++)
        if (run->curves[i].arm == arm && strcmp(run->curves[i].metric, metric) == 0)
            return &run->curves[i];
    return NULL;
}

/* The control that an arm stands beside, of the same variation; the count of arms for none. */
static size_t control_of(const struct ws_run_source *source, size_t arm)
{
    size_t control = 0;
    while (control < source->run.arm_count &&
           (!is_control(&source->run.arms[control]) ||
            strcmp(source->run.arms[control].variation, source->run.arms[arm].variation) != 0))
        control++;
    return control;
}

static double last_of(const struct ws_report_curve *curve)
{
    return curve->median[curve->count - 1];
}

static bool is_comparable(const struct ws_report_curve *a, const struct ws_report_curve *b)
{
    return strcmp(a->definition, b->definition) == 0 && a->n[a->count - 1] == b->n[b->count - 1];
}

/* The control's curve of the same metric; NULL where there is none that is measured alike. */
static const struct ws_report_curve *beside(const struct words *w, size_t arm,
                                            const struct ws_report_curve *curve)
{
    size_t control = control_of(w->source, arm);
    const struct ws_report_curve *found =
        control < w->out->arm_count ? curve_of(w->out, control, curve->metric) : NULL;
    return found && is_comparable(curve, found) ? found : NULL;
}

/* The arms that ended furthest away and nearest; equal where there is one, the count for none. */
struct extremes {
    size_t furthest, nearest;
    bool from_control; /* else from their own first generation, for want of a control */
};

/* Whether some arm can be held against its control. */
static bool has_controls(const struct words *w, const char *metric)
{
    for (size_t a = 0; a < w->out->arm_count; a++) {
        const struct ws_report_curve *curve = curve_of(w->out, a, metric);
        if (curve && !is_control(&w->source->run.arms[a]) && beside(w, a, curve))
            return true;
    }
    return false;
}

static struct extremes find_extremes(const struct words *w, const char *metric)
{
    const size_t none = w->out->arm_count;
    struct extremes found = {none, none, has_controls(w, metric)};
    double most = 0, least = 0;
    for (size_t a = 0; a < w->out->arm_count; a++) {
        const struct ws_report_curve *curve = curve_of(w->out, a, metric);
        if (!curve || is_control(&w->source->run.arms[a]))
            continue;
        const struct ws_report_curve *control = beside(w, a, curve);
        if (found.from_control && !control)
            continue;
        double from = found.from_control ? last_of(control) : curve->median[0];
        double distance = fabs(last_of(curve) - from);
        if (isnan(distance))
            continue;
        if (found.furthest == none || distance > most) {
            most = distance;
            found.furthest = a;
        }
        if (found.nearest == none || distance < least) {
            least = distance;
            found.nearest = a;
        }
    }
    return found;
}

/* "from 8,099 to 4,339 (4,311 to 4,385 over 5 seeds, n = 250,000)" */
static void say_change(struct words *w, enum ws_number_form form,
                       const struct ws_report_curve *curve)
{
    const size_t last = curve->count - 1;
    say(w, "from ");
    say_number(w, form, curve->median[0]);
    say(w, " to ");
    say_number(w, form, curve->median[last]);
    say(w, " (");
    if (curve->seeds[last] > 1) {
        say_number(w, form, curve->low[last]);
        say(w, " to ");
        say_number(w, form, curve->high[last]);
        ws_buffer_format(&w->line, " over %.0f seeds", curve->seeds[last]);
    } else {
        say(w, "one seed");
    }
    say(w, ", n = ");
    say_number(w, WS_NUMBER_COUNT, curve->n[last]);
    say(w, ")");
}

static void say_arm(struct words *w, const char *before, size_t arm,
                    const struct ws_headline *headline)
{
    ws_buffer_format(
        &w->line, "%s%s%s: ", before, w->out->arms[arm].name,
        w->out->arms[arm].outgrows_control ? ", which trains on more items than the control" : "");
    say_change(w, headline->form, curve_of(w->out, arm, headline->metric));
    say(w, ".");
}

/* Whether the middle 80 % of seeds of an arm and of its control have anything in common. */
static void say_overlap(struct words *w, size_t arm, const char *metric)
{
    const struct ws_report_curve *a = curve_of(w->out, arm, metric), *b = beside(w, arm, a);
    const size_t i = a->count - 1, j = b->count - 1;
    if (a->seeds[i] < 2 || b->seeds[j] < 2)
        return;
    bool apart = a->low[i] > b->high[j] || a->high[i] < b->low[j];
    ws_buffer_format(&w->line, " The ranges of %s and its control %s.", w->out->arms[arm].name,
                     apart ? "do not overlap" : "overlap");
}

/* Arms that are measured at another size than the control. */
static void say_others(struct words *w, const struct ws_headline *headline)
{
    const char *before = " At another sample size, so not to be compared, ";
    for (size_t a = 0; a < w->out->arm_count; a++) {
        const struct ws_report_curve *curve = curve_of(w->out, a, headline->metric);
        if (!curve || is_control(&w->source->run.arms[a]) || beside(w, a, curve))
            continue;
        say_arm(w, before, a, headline);
        before = " Likewise ";
    }
}

static enum ws_status say_headline(struct words *w, const struct ws_headline *headline,
                                   struct ws_error *err)
{
    const struct extremes found = find_extremes(w, headline->metric);
    if (found.furthest == w->out->arm_count)
        return WS_OK;
    const struct ws_report_curve *curve = curve_of(w->out, found.furthest, headline->metric);
    ws_buffer_format(&w->line, "%s (%s), generation %.0f to %.0f.", headline->title,
                     headline->detail, curve->generations[0], curve->generations[curve->count - 1]);
    if (found.furthest == found.nearest) {
        say_arm(w, " ", found.nearest, headline);
    } else {
        say_arm(w, found.from_control ? " Furthest from the control is " : " Most changed is ",
                found.furthest, headline);
        say_arm(w, found.from_control ? " Nearest is " : " Least changed is ", found.nearest,
                headline);
    }
    if (found.from_control) {
        say_arm(w, " On human data alone, ", control_of(w->source, found.nearest), headline);
        say_overlap(w, found.nearest, headline->metric);
        say_others(w, headline);
    }
    return end_line(w, err);
}

static enum ws_status say_what_was_lost(struct words *w, struct ws_error *err)
{
    const struct ws_report_run *run = w->out;
    if (run->headline_count > 0)
        say(w, run->seeds > 1 ? "Numbers are medians over seeds at the first and at the last "
                                "generation; in brackets are the range of 10 % to 90 % of seeds at "
                                "the last, and the sample size n."
                              : "Numbers are those of the first and of the last generation, with "
                                "the sample size n.");
    WS_TRY(end_line(w, err));
    for (size_t h = 0; h < run->headline_count && h < HEADLINES_TOLD; h++)
        WS_TRY(say_headline(w, ws_headline_find(w->source->run.family, run->headlines[h].metric),
                            err));
    return WS_OK;
}

/* By whose definition -------------------------------------------------------------------------- */

static size_t count_verdicts(const struct ws_report_profile *profile, size_t arm,
                             const char *verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < profile->verdict_count; i++)
        count +=
            profile->verdicts[i].arm == arm && strcmp(profile->verdicts[i].verdict, verdict) == 0;
    return count;
}

/* Whether some definition can be told shown from not shown. */
static bool has_verdicts(const struct ws_report_run *run)
{
    size_t count = 0;
    for (size_t a = 0; a < run->arm_count; a++)
        count += count_verdicts(&run->profile, a, "shown") +
                 count_verdicts(&run->profile, a, "not shown");
    return count > 0;
}

static void say_verdicts(struct words *w, size_t arm)
{
    static const char *const verdicts[][2] = {{"shown", "shown"},
                                              {"not shown", "not shown"},
                                              {"too few", "of too few seeds"},
                                              {"not measured", "not measured"}};
    const char *before = "";
    ws_buffer_format(&w->line, "%s under %s ", arm == 0 ? "" : ";", w->out->arms[arm].name);
    for (size_t v = 0; v < sizeof verdicts / sizeof *verdicts; v++) {
        size_t count = count_verdicts(&w->out->profile, arm, verdicts[v][0]);
        if (count == 0)
            continue;
        ws_buffer_format(&w->line, "%s%zu %s", before, count, verdicts[v][1]);
        before = ", ";
    }
    ws_buffer_format(&w->line, " (stage: %s)", w->out->profile.stages[arm]);
}

static enum ws_status say_profile(struct words *w, struct ws_error *err)
{
    const struct ws_report_profile *profile = &w->out->profile;
    const size_t told = w->out->arm_count < ARMS_TOLD ? w->out->arm_count : ARMS_TOLD;
    if (!profile->stages)
        return WS_OK;
    ws_buffer_format(&w->line,
                     "%zu published definitions of collapse, each with its own metric and test, "
                     "generation %" PRIu32 " to %" PRIu32 ":",
                     profile->definition_count, profile->first, profile->last);
    if (has_verdicts(w->out)) {
        for (size_t a = 0; a < told; a++)
            say_verdicts(w, a);
        say(w, told < w->out->arm_count ? "; the other arms are below." : ".");
    } else {
        say(w, " none can be told shown from not shown with ");
        say_count(w, w->out->seeds, "seed; a test takes 6.", "seeds; a test takes 6.");
    }
    return end_line(w, err);
}

/* Whole ---------------------------------------------------------------------------------------- */

static enum ws_status say_all(struct words *w, struct ws_error *err)
{
    WS_TRY(say_what_was_run(w, err));
    WS_TRY(say_state(w, err));
    WS_TRY(say_what_was_lost(w, err));
    return say_profile(w, err);
}

enum ws_status ws_source_words(const struct ws_run_source *source, struct ws_report_run *out,
                               struct ws_error *err)
{
    struct words w = {.source = source,
                      .out = out,
                      .lines = WS_ARENA_NEW(source->arena, const char *, SENTENCES_MOST)};
    if (!w.lines)
        return ws_fail_memory(err, "the summary");
    out->words = w.lines;
    ws_buffer_init(&w.line, source->arena->allocator, LINE_LIMIT);
    enum ws_status status = say_all(&w, err);
    ws_buffer_release(&w.line);
    return status;
}
