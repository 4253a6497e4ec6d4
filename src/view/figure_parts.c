#include "view/figure_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* Arms ----------------------------------------------------------------------------------------- */

bool ws_arm_is_shown(const struct ws_figure_request *request, const struct ws_run_arm *arm)
{
    const struct ws_text_list *wanted = &request->settings->arms;
    for (size_t i = 0; i < wanted->count; i++)
        if (strcmp(wanted->items[i], arm->name) == 0 || strcmp(wanted->items[i], arm->policy) == 0)
            return true;
    return wanted->count == 0;
}

bool ws_arm_is_control(const struct ws_run_arm *arm)
{
    return strcmp(arm->policy, "control") == 0;
}

int ws_arm_look(const struct ws_run_description *run, size_t a)
{
    size_t control = 0;
    while (control < run->arm_count && !ws_arm_is_control(&run->arms[control]))
        control++;
    return a == control ? WS_LOOK_INK : (int)(a - (a > control));
}

/* Generations ---------------------------------------------------------------------------------- */

static bool is_among(const uint32_t *measured, size_t count, uint64_t generation)
{
    for (size_t i = 0; i < count; i++)
        if (measured[i] == generation)
            return true;
    return false;
}

static enum ws_status take_named(const struct ws_text_list *named, const uint32_t *measured,
                                 size_t count, struct ws_generations *out, struct ws_error *err)
{
    for (size_t i = 0; i < named->count; i++) {
        uint64_t generation;
        if (!ws_whole_parse(named->items[i], &generation) || !is_among(measured, count, generation))
            return ws_fail(err, WS_INVALID,
                           "--generations: no generation '%.40s' here, the last is %" PRIu32,
                           named->items[i], measured[count - 1]);
        if (out->count > 0 && generation <= out->items[out->count - 1])
            return ws_fail(err, WS_INVALID, "--generations: '%.40s' does not ascend",
                           named->items[i]);
        out->items[out->count++] = (uint32_t)generation;
    }
    return WS_OK;
}

enum ws_status ws_generations_asked(const struct ws_figure_request *request,
                                    const uint32_t *measured, size_t count, size_t most,
                                    struct ws_generations *out, struct ws_error *err)
{
    const struct ws_text_list *named = &request->settings->generations;
    *out = (struct ws_generations){WS_ARENA_NEW(request->arena, uint32_t, most + named->count), 0};
    if (!out->items)
        return ws_fail_memory(err, "a figure");
    if (named->count > 0)
        return take_named(named, measured, count, out, err);
    out->count = count < most ? count : most;
    for (size_t i = 0; i < out->count; i++)
        out->items[i] = measured[out->count > 1 ? i * (count - 1) / (out->count - 1) : 0];
    return WS_OK;
}

enum ws_status ws_generations_of_run(const struct ws_figure_request *request, size_t most,
                                     struct ws_generations *out, struct ws_error *err)
{
    const size_t count = (size_t)request->runs[0].description.generations;
    uint32_t *all = WS_ARENA_NEW(request->arena, uint32_t, count);
    if (!all)
        return ws_fail_memory(err, "a figure");
    for (size_t i = 0; i < count; i++)
        all[i] = (uint32_t)i;
    return ws_generations_asked(request, all, count, most, out, err);
}

double ws_generation_shade(size_t i, size_t count)
{
    return count > 1 ? (double)i / (double)(count - 1) : 0;
}

const char *ws_generation_label(const struct ws_figure_request *request, uint32_t g)
{
    return ws_arena_format(request->arena, "generation %" PRIu32, g);
}

/* Panels --------------------------------------------------------------------------------------- */

enum ws_status ws_panel_open(struct ws_panel *panel, size_t series_most, struct ws_arena *arena,
                             struct ws_error *err)
{
    *panel = (struct ws_panel){.series = WS_ARENA_NEW(arena, struct ws_series, series_most + 1)};
    return panel->series ? WS_OK : ws_fail_memory(err, "a figure");
}

struct ws_values ws_panel_add(struct ws_panel *panel, const struct ws_series *like,
                              struct ws_arena *arena)
{
    double *room = WS_ARENA_NEW(arena, double, 3 * like->count + 1);
    struct ws_values values = {room, room + like->count, room + 2 * like->count};
    if (!room)
        return (struct ws_values){NULL, NULL, NULL};
    struct ws_series *series = (struct ws_series *)&panel->series[panel->series_count++];
    *series = *like;
    series->x = values.x;
    series->y = values.y;
    bool two =
        like->mark == WS_MARK_BAND || like->mark == WS_MARK_BARS || like->mark == WS_MARK_ERRORS;
    series->y2 = two ? values.y2 : NULL;
    return values;
}

void ws_spread_add(struct ws_spread *spread, double value)
{
    if (!isfinite(value))
        return;
    spread->low = fmin(spread->low, value);
    spread->high = fmax(spread->high, value);
}

bool ws_axis_is_log(enum ws_axis_choice choice, struct ws_spread spread)
{
    if (choice != WS_AXIS_AUTO)
        return choice == WS_AXIS_LOG;
    return spread.low > 0 && spread.high / spread.low > 100;
}

/* Of what all marks reach over; on a logarithmic axis of what is above 0. */
static struct ws_spread spread_of(const struct ws_panel *panels, size_t count, bool log)
{
    struct ws_spread spread = {INFINITY, -INFINITY};
    for (size_t p = 0; p < count; p++)
        for (size_t s = 0; s < panels[p].series_count; s++) {
            const struct ws_series *series = &panels[p].series[s];
            for (size_t i = 0; i < series->count; i++) {
                if (!log || series->y[i] > 0)
                    ws_spread_add(&spread, series->y[i]);
                if (series->y2 && (!log || series->y2[i] > 0))
                    ws_spread_add(&spread, series->y2[i]);
            }
        }
    return spread;
}

void ws_panels_share_y(struct ws_panel *panels, size_t count)
{
    size_t logs = 0;
    for (size_t p = 0; p < count; p++)
        logs += panels[p].y.log;
    const bool log = logs == count || (logs > 0 && spread_of(panels, count, false).low > 0);
    const struct ws_spread spread = spread_of(panels, count, log);
    if (!(spread.low < spread.high))
        return;
    const double room = (spread.high - spread.low) * 0.06;
    const double factor = log ? pow(spread.high / spread.low, 0.06) : 1;
    double low = log ? spread.low / factor : spread.low - room;
    if (!log && spread.low >= 0 && low < 0)
        low = 0;
    for (size_t p = 0; p < count; p++) {
        struct ws_axis *y = &panels[p].y;
        y->log = log;
        y->low = low;
        y->high = log ? spread.high * factor : spread.high + room;
    }
}

void ws_count_text(uint64_t count, char out[WS_COUNT_TEXT_SIZE])
{
    char digits[WS_COUNT_TEXT_SIZE];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

void ws_extent_add(struct ws_extent *extent, uint64_t value)
{
    extent->least = value < extent->least ? value : extent->least;
    extent->most = value > extent->most ? value : extent->most;
}

void ws_extent_add_sizes(struct ws_extent *extent, const struct ws_curve *curve)
{
    for (size_t p = 0; curve && p < curve->point_count; p++)
        ws_extent_add(extent, curve->points[p].n);
}

void ws_extent_print(const struct ws_extent *extent, struct ws_buffer *out)
{
    char least[WS_COUNT_TEXT_SIZE], most[WS_COUNT_TEXT_SIZE];
    if (extent->least > extent->most) {
        ws_buffer_text(out, "not known");
        return;
    }
    ws_count_text(extent->least, least);
    ws_count_text(extent->most, most);
    ws_buffer_text(out, least);
    if (extent->most > extent->least)
        ws_buffer_format(out, " to %s", most);
}

const char *ws_extent_text(const struct ws_extent *extent, struct ws_arena *arena)
{
    struct ws_buffer text;
    ws_buffer_init(&text, arena->allocator, SIZE_MAX);
    ws_extent_print(extent, &text);
    const char *made = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return made;
}
