#include "view/run_report.h"

#include <string.h>

#include "base/json.h"
#include "lab/run_comparison.h"
#include "view/run_source.h"

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the report");
}

/* Settings and how to run it again ------------------------------------------------------------- */

static enum ws_status take_settings(const struct ws_run_source *source,
                                    const struct ws_setting *settings, size_t count,
                                    const struct ws_report_setting **out, struct ws_error *err)
{
    struct ws_report_setting *taken =
        WS_ARENA_NEW(source->arena, struct ws_report_setting, count + 1);
    if (!taken)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        taken[i] = (struct ws_report_setting){settings[i].name, settings[i].value};
    *out = taken;
    return WS_OK;
}

/* Whether YAML takes the text for itself. */
static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";
    return text[strspn(text, plain)] == '\0';
}

/* Other texts stand in the quotes of JSON, which YAML reads too. */
static void say_setting(const struct ws_setting *setting, struct ws_buffer *out)
{
    json_t *value = json_string(setting->value);
    ws_buffer_format(out, "%s: ", setting->name);
    if (is_plain(setting->value))
        ws_buffer_text(out, setting->value);
    else
        ws_json_append(value, out);
    ws_buffer_text(out, "\n");
    json_decref(value);
}

/* The experiment as a file that 'wellspring run' takes. */
static enum ws_status take_experiment(const struct ws_run_source *source, struct ws_report_run *out,
                                      struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, source->arena->allocator, SIZE_MAX);
    for (size_t i = 0; i < source->run.setting_count; i++)
        if (source->run.settings[i].value[0] != '\0')
            say_setting(&source->run.settings[i], &text);
    enum ws_status status = ws_buffer_check(&text, "the experiment", err);
    out->experiment = ws_arena_text(source->arena, ws_buffer_string(&text));
    ws_buffer_release(&text);
    return status == WS_OK && !out->experiment ? no_memory(err) : status;
}

static enum ws_status take_arms(const struct ws_run_source *source, struct ws_report_run *out,
                                struct ws_error *err)
{
    const struct ws_run_description *run = &source->run;
    struct ws_report_arm *arms =
        WS_ARENA_NEW(source->arena, struct ws_report_arm, run->arm_count + 1);
    if (!arms)
        return no_memory(err);
    for (size_t a = 0; a < run->arm_count; a++)
        arms[a] = (struct ws_report_arm){run->arms[a].name, run->arms[a].policy,
                                         run->arms[a].outgrows_control};
    out->arms = arms;
    out->arm_count = run->arm_count;
    return WS_OK;
}

static enum ws_status describe(const struct ws_run_source *source, struct ws_report_run *out,
                               struct ws_error *err)
{
    const struct ws_run_description *run = &source->run;
    *out = (struct ws_report_run){
        .directory = source->directory,
        .name = run->name,
        .title = run->title,
        .state = run->state,
        .family = run->family,
        .started = run->started,
        .finished = run->finished,
        .version = run->version,
        .compute_class = run->compute_class,
        .tokens = ws_compared_tokens(run, ""),
        .generations = run->generations,
        .seeds = run->seeds,
        .setting_count = run->setting_count,
        .input_count = run->input_count,
    };
    WS_TRY(take_settings(source, run->settings, run->setting_count, &out->settings, err));
    WS_TRY(take_settings(source, run->inputs, run->input_count, &out->inputs, err));
    WS_TRY(take_experiment(source, out, err));
    return take_arms(source, out, err);
}

/* Runs ----------------------------------------------------------------------------------------- */

/* A report that is being made. */
struct work {
    const struct ws_run_report_settings *settings;
    struct ws_arena *arena;
    struct ws_report_run *runs;
    size_t run_count;
    struct ws_run_report_skipped *skipped;
    size_t skipped_count;
    struct ws_error first; /* why the first that was skipped was */
};

static enum ws_status open_source(const char *directory, struct ws_arena *arena,
                                  struct ws_run_source *out, struct ws_error *err)
{
    *out = (struct ws_run_source){.directory = directory, .arena = arena};
    enum ws_status status = ws_run_read(directory, arena, &out->run, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, status, "no run in '%.200s'; 'wellspring runs' lists them", directory);
    WS_TRY(status);
    status = ws_results_load(directory, arena, &out->results, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, status,
                       "run '%.200s' has no metrics yet: it is not complete; 'wellspring run' with "
                       "the same experiment goes on",
                       directory);
    return status;
}

static enum ws_status read_run(struct work *work, const char *directory, struct ws_error *err)
{
    struct ws_run_source source;
    struct ws_report_run *run = &work->runs[work->run_count];
    WS_TRY(open_source(directory, work->arena, &source, err));
    WS_TRY(describe(&source, run, err));
    WS_TRY(ws_source_curves(&source, run, err));
    WS_TRY(ws_source_explained(&source, run, err));
    WS_TRY(ws_source_texts(&source, run, err));
    if (work->settings->counterfactuals)
        WS_TRY(ws_source_attribution(&source, work->settings->counterfactuals,
                                     work->settings->factor, &run->attribution, err));
    WS_TRY(ws_source_words(&source, run, err));
    work->run_count++;
    return WS_OK;
}

static enum ws_status skip_run(struct work *work, const char *directory, struct ws_error *err)
{
    const char *why = ws_arena_text(work->arena, err->message);
    if (!why)
        return no_memory(err);
    if (work->skipped_count == 0)
        work->first = *err;
    work->skipped[work->skipped_count++] = (struct ws_run_report_skipped){directory, why};
    return WS_OK;
}

static enum ws_status read_runs(struct work *work, const char *const *directories, size_t count,
                                struct ws_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct ws_error why;
        enum ws_status status = read_run(work, directories[i], &why);
        if (status == WS_NO_MEMORY)
            return no_memory(err);
        if (status != WS_OK)
            WS_TRY(skip_run(work, directories[i], &why));
    }
    if (work->run_count > 0)
        return WS_OK;
    return ws_fail(err, work->first.status, "%s", work->first.message);
}

/* Whole ---------------------------------------------------------------------------------------- */

static const char *title_of(const struct work *work)
{
    if (work->settings->title)
        return work->settings->title;
    if (work->run_count > 1)
        return ws_arena_format(work->arena, "%zu runs", work->run_count);
    return work->runs[0].title[0] ? work->runs[0].title : work->runs[0].name;
}

static enum ws_status write_report(const struct work *work, struct ws_buffer *out,
                                   struct ws_error *err)
{
    struct ws_report_skipped *skipped =
        WS_ARENA_NEW(work->arena, struct ws_report_skipped, work->skipped_count + 1);
    const char *title = title_of(work);
    if (!skipped || !title)
        return no_memory(err);
    for (size_t i = 0; i < work->skipped_count; i++)
        skipped[i] = (struct ws_report_skipped){work->skipped[i].directory, work->skipped[i].why};
    const struct ws_report report = {
        .title = title,
        .version = WS_VERSION,
        .runs = work->runs,
        .run_count = work->run_count,
        .skipped = skipped,
        .skipped_count = work->skipped_count,
    };
    return ws_report_write(&report, out, err);
}

enum ws_status ws_run_report(const char *const *directories, size_t count,
                             const struct ws_run_report_settings *settings, struct ws_arena *arena,
                             struct ws_buffer *out, struct ws_run_report_outcome *outcome,
                             struct ws_error *err)
{
    static const struct ws_run_report_settings plain = {NULL, NULL, 0};
    struct work work = {
        .settings = settings ? settings : &plain,
        .arena = arena,
        .runs = WS_ARENA_NEW(arena, struct ws_report_run, count + 1),
        .skipped = WS_ARENA_NEW(arena, struct ws_run_report_skipped, count + 1),
    };
    if (count == 0 || count > WS_REPORT_RUNS_MOST)
        return ws_fail(err, WS_INVALID, "a report is of 1 to %d runs, not of %zu",
                       WS_REPORT_RUNS_MOST, count);
    if (work.settings->counterfactuals && count > 1)
        return ws_fail(err, WS_INVALID, "attribution is of one run, and %zu were given", count);
    if (!work.runs || !work.skipped)
        return no_memory(err);
    WS_TRY(read_runs(&work, directories, count, err));
    if (outcome)
        *outcome = (struct ws_run_report_outcome){work.run_count, work.skipped, work.skipped_count};
    return write_report(&work, out, err);
}
