#include "view/run_figure.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "view/figure_parts.h"

struct kind {
    ws_figure_maker *make;
    bool of_many; /* takes several runs */
    bool replays; /* runs a chain again */
    unsigned uses;
};

enum {
    OF_CURVES = WS_USES_METRICS | WS_USES_AXES,
    OF_MODELS = WS_USES_GENERATIONS | WS_USES_SEED | WS_USES_AXES,
};

static const struct kind kinds[WS_FIGURE_KINDS] = {
    [WS_FIGURE_OF_METRIC] = {ws_figure_of_metric, true, false, OF_CURVES},
    [WS_FIGURE_OF_MULTIPLES] = {ws_figure_of_multiples, true, false, OF_CURVES},
    [WS_FIGURE_OF_DISTRIBUTION] = {ws_figure_of_distribution, false, true, OF_MODELS},
    [WS_FIGURE_OF_PERPLEXITY] = {ws_figure_of_perplexity, false, false,
                                 OF_CURVES | WS_USES_GENERATIONS},
    [WS_FIGURE_OF_SURVIVAL] = {ws_figure_of_survival, false, true, OF_MODELS},
    [WS_FIGURE_OF_ZIPF] = {ws_figure_of_zipf, false, true, OF_MODELS},
    [WS_FIGURE_OF_ATTRIBUTION] = {ws_figure_of_attribution, false, false,
                                  WS_USES_METRICS | WS_USES_COUNTERFACTUALS},
    [WS_FIGURE_OF_PROFILE] = {ws_figure_of_profile, false, false, 0},
    [WS_FIGURE_OF_THEORY] = {ws_figure_of_theory, false, false, OF_CURVES},
};

const struct ws_figure_kind_row ws_figure_kinds[WS_FIGURE_KINDS] = {
#define X(id, name, meaning) [WS_FIGURE_OF_##id] = {name, meaning},
    WS_FIGURE_KIND_MAP(X)
#undef X
};

bool ws_figure_kind_find(const char *name, enum ws_figure_kind *out)
{
    for (int i = 0; i < WS_FIGURE_KINDS; i++)
        if (strcmp(ws_figure_kinds[i].name, name) == 0) {
            *out = (enum ws_figure_kind)i;
            return true;
        }
    return false;
}

bool ws_figure_kind_replays(enum ws_figure_kind kind)
{
    return kinds[kind].replays;
}

unsigned ws_figure_kind_uses(enum ws_figure_kind kind)
{
    return kinds[kind].uses;
}

/* Runs ----------------------------------------------------------------------------------------- */

static enum ws_status open_run(const char *directory, struct ws_arena *arena,
                               struct ws_shown_run *out, struct ws_error *err)
{
    out->directory = directory;
    enum ws_status status = ws_run_read(directory, arena, &out->description, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, WS_NOT_FOUND, "no run in '%.200s'; 'wellspring runs' lists them",
                       directory);
    WS_TRY(status);
    status = ws_results_load(directory, arena, &out->results, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, WS_NOT_FOUND,
                       "run '%.200s' has no metrics yet: it is not complete; "
                       "'wellspring run' with the same experiment goes on",
                       directory);
    return status;
}

/* The last part of a path, whatever its bytes are. */
static const char *base_name(const char *path, struct ws_arena *arena)
{
    struct ws_buffer text;
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t from = end;
    while (from > 0 && path[from - 1] != '/')
        from--;
    ws_buffer_init(&text, arena->allocator, SIZE_MAX);
    ws_utf8_repair((struct ws_bytes){(const uint8_t *)path + from, end - from}, &text);
    const char *name = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return name;
}

/* Runs are called by their directories; by their numbers too where two have one name. */
static enum ws_status name_runs(struct ws_shown_run *runs, size_t count, struct ws_arena *arena,
                                struct ws_error *err)
{
    for (size_t r = 0; r < count; r++) {
        runs[r].name = base_name(runs[r].directory, arena);
        for (size_t other = 0; runs[r].name && other < r; other++)
            if (runs[other].name && strcmp(runs[other].name, runs[r].name) == 0)
                runs[r].name = ws_arena_format(arena, "%s (%zu)", runs[r].name, r + 1);
        if (!runs[r].name)
            return ws_fail_memory(err, "a figure");
    }
    return WS_OK;
}

static enum ws_status check_arms(const struct ws_figure_request *request, struct ws_error *err)
{
    const struct ws_text_list *wanted = &request->settings->arms;
    for (size_t i = 0; i < wanted->count; i++) {
        const struct ws_run_arm *there = NULL;
        const char **names = NULL;
        size_t most = 0, count = 0;
        for (size_t r = 0; r < request->run_count; r++)
            most += 2 * request->runs[r].description.arm_count;
        names = WS_ARENA_NEW(request->arena, const char *, most + 1);
        if (!names)
            return ws_fail_memory(err, "a figure");
        for (size_t r = 0; r < request->run_count; r++)
            for (size_t a = 0; a < request->runs[r].description.arm_count; a++) {
                const struct ws_run_arm *arm = &request->runs[r].description.arms[a];
                names[count++] = arm->name;
                names[count++] = arm->policy;
                if (strcmp(arm->name, wanted->items[i]) == 0 ||
                    strcmp(arm->policy, wanted->items[i]) == 0)
                    there = arm;
            }
        const char *nearest = there ? NULL : ws_nearest_name(wanted->items[i], names, count);
        if (!there)
            return ws_fail(err, WS_INVALID, "--arm: no arm '%.80s' here%s%s%s", wanted->items[i],
                           nearest ? "; did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    return WS_OK;
}

/* Figures -------------------------------------------------------------------------------------- */

/* "quickstart: trigram language models on ..." */
static const char *title_of(const struct ws_figure_request *request)
{
    const struct ws_run_description *run = &request->runs[0].description;
    if (request->run_count > 1)
        return ws_arena_format(request->arena, "%zu runs", request->run_count);
    return ws_arena_format(request->arena, "%s%s%s", run->name, run->title[0] ? ": " : "",
                           run->title);
}

enum ws_status ws_run_figure(const char *const *directories, size_t run_count,
                             const struct ws_figure_settings *settings, struct ws_arena *arena,
                             struct ws_figure *out, struct ws_error *err)
{
    const struct kind *kind = &kinds[settings->kind];
    struct ws_shown_run *runs = WS_ARENA_ZNEW(arena, struct ws_shown_run, run_count + 1);
    if (!runs)
        return ws_fail_memory(err, "a figure");
    if (run_count == 0)
        return ws_fail(err, WS_INVALID, "a figure of which run?");
    if (run_count > 1 && !kind->of_many)
        return ws_fail(err, WS_INVALID, "a figure of kind '%s' is of one run, not of %zu",
                       ws_figure_kinds[settings->kind].name, run_count);
    for (size_t r = 0; r < run_count; r++)
        WS_TRY(open_run(directories[r], arena, &runs[r], err));
    WS_TRY(name_runs(runs, run_count, arena, err));
    const struct ws_figure_request request = {settings, runs, run_count, arena};
    WS_TRY(check_arms(&request, err));
    WS_TRY(kind->make(&request, out, err));
    out->title = title_of(&request);
    if (!out->title)
        return ws_fail_memory(err, "a figure");
    if (settings->width > 0)
        out->width = settings->width;
    else if (out->width == 0)
        out->width = out->panel_count == 1 ? WS_FIGURE_COLUMN : WS_FIGURE_PAGE;
    return WS_OK;
}

enum ws_status ws_run_figure_file(const char *const *directories, size_t run_count,
                                  const struct ws_figure_settings *settings,
                                  const struct ws_figure_output *output, struct ws_buffer *out,
                                  struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_figure figure;
    ws_arena_init(&arena, out->allocator);
    enum ws_status status = ws_run_figure(directories, run_count, settings, &arena, &figure, err);
    if (status == WS_OK)
        status = ws_figure_write(&figure, output, out, err);
    ws_arena_release(&arena);
    return status;
}
