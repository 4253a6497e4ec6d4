/*
 * A metric by generation; and the same as small multiples.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/figure_parts.h"

enum { METRICS_MOST = 16, LINES_MOST = 24, PANELS_MOST = 256, TOKENS_SHOWN = 12 /* of a hash */ };

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

/* "n = 1,000" or "n = 1,000 to 50,000" of a group. */
static const char *sizes_of(const struct ws_shown_curve *const *curves, size_t count,
                            struct ws_arena *arena)
{
    char least_text[WS_COUNT_TEXT_SIZE], most_text[WS_COUNT_TEXT_SIZE];
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t p = 0; p < curves[c]->curve->point_count; p++) {
            uint64_t n = curves[c]->curve->points[p].n;
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
    ws_count_text(least, least_text);
    ws_count_text(most, most_text);
    return least == most ? ws_arena_format(arena, "n = %s", most_text)
                         : ws_arena_format(arena, "n = %s to %s", least_text, most_text);
}

/* What tells the groups apart: sample sizes, and the definition and the kind of token where those
 * are not the same in all. */
static const char *group_title(const struct ws_shown_curves *all,
                               const struct ws_shown_curve *const *curves, size_t count,
                               struct ws_arena *arena)
{
    const char *n = sizes_of(curves, count, arena);
    bool definitions = false, tokens = false;
    for (size_t c = 1; c < all->count; c++) {
        const struct ws_shown_curve *a = &all->items[0], *b = &all->items[c];
        definitions = definitions || strcmp(a->curve->definition, b->curve->definition) != 0;
        tokens = tokens || strcmp(a->tokens, b->tokens) != 0;
    }
    const char *of = curves[0]->tokens;
    if (n && tokens && of[0])
        n = ws_arena_format(arena, "%s, tokens: %.*s", n, TOKENS_SHOWN, of);
    if (n && definitions)
        n = ws_arena_format(arena, "%s, %s", curves[0]->curve->definition, n);
    return n;
}

/* Panels of one metric, one after the other. */
struct panels {
    struct ws_panel *items;
    size_t count;
};

static enum ws_status room_for_panels(const struct ws_figure_request *request,
                                      struct panels *panels, struct ws_error *err)
{
    *panels = (struct panels){WS_ARENA_NEW(request->arena, struct ws_panel, PANELS_MOST), 0};
    return panels->items ? WS_OK : no_memory(err);
}

/* Which curves go together: those of a group, and in small multiples also of a run and of what is
 * varied. */
static bool go_together(const struct ws_shown_curve *a, const struct ws_shown_curve *b,
                        bool multiples)
{
    return a->group == b->group &&
           (!multiples || (a->run == b->run && strcmp(a->arm->variation, b->arm->variation) == 0));
}

static const char *panel_title(const struct ws_figure_request *request,
                               const struct ws_shown_curves *all,
                               const struct ws_shown_curve *const *curves, size_t count,
                               bool multiples)
{
    const struct ws_shown_curve *first = curves[0];
    const char *n = all->group_count > 1 ? group_title(all, curves, count, request->arena) : "";
    if (!multiples)
        return n ? n : NULL;
    const bool runs = request->run_count > 1, varies = first->arm->variation[0] != '\0';
    if (!n)
        return NULL;
    return ws_arena_format(request->arena, "%s%s%s%s%s", runs ? first->run->name : "",
                           runs && varies ? ", " : "", first->arm->variation,
                           (runs || varies) && n[0] ? ", " : "", n);
}

static enum ws_status add_panels(const struct ws_figure_request *request,
                                 const struct ws_shown_curves *all, bool multiples,
                                 struct panels *out, struct ws_error *err)
{
    bool *done = WS_ARENA_ZNEW(request->arena, bool, all->count);
    const struct ws_shown_curve **picked =
        WS_ARENA_NEW(request->arena, const struct ws_shown_curve *, all->count);
    if (!done || !picked)
        return no_memory(err);
    for (size_t first = 0; first < all->count; first++) {
        size_t count = 0;
        if (done[first])
            continue;
        for (size_t c = first; c < all->count; c++)
            if (go_together(&all->items[first], &all->items[c], multiples)) {
                done[c] = true;
                picked[count++] = &all->items[c];
            }
        if (count > LINES_MOST)
            return ws_fail(err, WS_INVALID,
                           "%zu lines in one panel, wanted %d at most: choose with --arm, or draw "
                           "'--kind multiples'",
                           count, LINES_MOST);
        if (out->count == PANELS_MOST)
            return ws_fail(err, WS_LIMIT, "more than %d panels in one figure", PANELS_MOST);
        WS_TRY(ws_curves_panel(request, picked, count, &out->items[out->count], err));
        const char *title = panel_title(request, all, picked, count, multiples);
        if (!title)
            return no_memory(err);
        out->items[out->count++].title = title[0] ? title : NULL;
    }
    return WS_OK;
}

enum ws_status ws_figure_of_metric(const struct ws_figure_request *request, struct ws_figure *out,
                                   struct ws_error *err)
{
    struct ws_text_list metrics;
    struct panels panels;
    struct ws_shown_curves curves[METRICS_MOST];
    WS_TRY(ws_metrics_asked(request, &metrics, err));
    if (metrics.count > METRICS_MOST)
        return ws_fail(err, WS_INVALID, "%zu metrics in one figure, wanted %d at most",
                       metrics.count, METRICS_MOST);
    WS_TRY(room_for_panels(request, &panels, err));
    for (size_t m = 0; m < metrics.count; m++) {
        const size_t before = panels.count;
        WS_TRY(ws_curves_find(request, metrics.items[m], false, &curves[m], err));
        WS_TRY(add_panels(request, &curves[m], false, &panels, err));
        ws_panels_share_y(panels.items + before, panels.count - before);
    }
    *out = (struct ws_figure){
        .caption = ws_curves_caption(request, curves, metrics.count),
        .panels = panels.items,
        .panel_count = panels.count,
    };
    return out->caption ? WS_OK : no_memory(err);
}

enum ws_status ws_figure_of_multiples(const struct ws_figure_request *request,
                                      struct ws_figure *out, struct ws_error *err)
{
    struct ws_text_list metrics;
    struct ws_shown_curves curves;
    struct panels panels;
    WS_TRY(ws_metrics_asked(request, &metrics, err));
    if (metrics.count > 1)
        return ws_fail(err, WS_INVALID, "small multiples are of one metric, not of %zu",
                       metrics.count);
    WS_TRY(room_for_panels(request, &panels, err));
    WS_TRY(ws_curves_find(request, metrics.items[0], true, &curves, err));
    WS_TRY(add_panels(request, &curves, true, &panels, err));
    ws_panels_share_y(panels.items, panels.count);
    *out = (struct ws_figure){
        .caption = ws_curves_caption(request, &curves, 1),
        .width = WS_FIGURE_PAGE,
        .panel_height = 0.8,
        .panels = panels.items,
        .panel_count = panels.count,
    };
    return out->caption ? WS_OK : no_memory(err);
}
