#include "view/figure_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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
    int look = 0;
    for (size_t i = 0; i < a; i++)
        look += !ws_arm_is_control(&run->arms[i]);
    return ws_arm_is_control(&run->arms[a]) ? WS_LOOK_INK : look;
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
