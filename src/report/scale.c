#include "report/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What it reaches over ------------------------------------------------------------------------- */

struct range {
    double low, high;
};

static void widen(struct range *range, double value, bool log)
{
    if (!isfinite(value) || (log && value <= 0))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static void widen_by_series(struct range *range, const struct ws_series *s,
                            enum ws_direction direction, bool log)
{
    const double half = s->mark == WS_MARK_BARS ? s->bar / 2 : s->mark == WS_MARK_TILES ? 0.5 : 0;
    for (size_t i = 0; i < s->count; i++) {
        if (direction == WS_ALONG_X) {
            widen(range, s->x[i] - half, log);
            widen(range, s->x[i] + half, log);
            continue;
        }
        bool read = s->mark != WS_MARK_STEPS || i + 1 < s->count;
        const double tall = s->mark == WS_MARK_TILES ? 0.5 : 0;
        if (read) {
            widen(range, s->y[i] - tall, log);
            widen(range, s->y[i] + tall, log);
        }
        if (s->y2)
            widen(range, s->y2[i], log);
    }
}

static bool has(const struct ws_panel *panel, enum ws_mark mark)
{
    for (size_t i = 0; i < panel->series_count; i++)
        if (panel->series[i].mark == mark)
            return true;
    return false;
}

/* Some room at both ends; not below zero where nothing is. */
static struct range with_room(struct range r, bool log, double share)
{
    if (log) {
        double factor = pow(r.high / r.low, share);
        return r.low == r.high ? (struct range){r.low / 2, r.high * 2}
                               : (struct range){r.low / factor, r.high * factor};
    }
    double room = (r.high - r.low) * share;
    if (room == 0)
        room = r.low == 0 ? 0.5 : fabs(r.low) * 0.1;
    return (struct range){r.low >= 0 && r.low - room < 0 ? 0 : r.low - room, r.high + room};
}

struct ws_scale ws_scale_of(const struct ws_panel *panel, enum ws_direction direction)
{
    const struct ws_axis *axis = direction == WS_ALONG_X ? &panel->x : &panel->y;
    struct ws_scale scale = {axis->low, axis->high, axis->log, axis->percent, axis->whole};
    if (axis->names)
        return (struct ws_scale){-0.5, (double)axis->name_count - 0.5, false, false, true};
    if (axis->low < axis->high)
        return scale;
    struct range range = {INFINITY, -INFINITY};
    for (size_t i = 0; i < panel->series_count; i++)
        widen_by_series(&range, &panel->series[i], direction, axis->log);
    if (range.low > range.high)
        range = axis->log ? (struct range){1, 10} : (struct range){0, 1};
    bool tight = direction == WS_ALONG_X && (has(panel, WS_MARK_STEPS) || has(panel, WS_MARK_BARS));
    double share = tight && range.low < range.high ? 0 : direction == WS_ALONG_X ? 0.025 : 0.06;
    range = with_room(range, axis->log, share);
    if (direction == WS_ALONG_X && axis->whole && range.low == 0 && range.high > 0)
        range.low = -0.025 * range.high; /* generation 0 does not stand on the axis */
    scale.low = range.low;
    scale.high = range.high;
    return scale;
}

double ws_scale_place(const struct ws_scale *scale, double value)
{
    if (isnan(value))
        return value;
    if (!scale->log)
        return (value - scale->low) / (scale->high - scale->low);
    if (value <= 0)
        return -INFINITY;
    return (log(value) - log(scale->low)) / (log(scale->high) - log(scale->low));
}

/* Texts ---------------------------------------------------------------------------------------- */

static void superscript(int number, char out[WS_TICK_TEXT_SIZE])
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    size_t used = 0;
    (void)snprintf(plain, sizeof plain, "%d", number);
    out[0] = '\0';
    for (const char *p = plain; *p; p++) {
        const char *sign = *p == '-' ? "⁻" : digits[*p - '0'];
        size_t size = strlen(sign);
        if (used + size >= WS_TICK_TEXT_SIZE)
            return;
        memcpy(out + used, sign, size + 1);
        used += size;
    }
}

/* "12,345", and a true minus. */
static void group_digits(const char *plain, char out[WS_TICK_TEXT_SIZE])
{
    const bool negative = plain[0] == '-';
    const char *digits = plain + negative;
    const size_t whole = strspn(digits, "0123456789");
    char *to = out;
    char *const end = out + WS_TICK_TEXT_SIZE - 1;
    if (negative)
        to += snprintf(to, (size_t)(end - to), "−");
    for (size_t i = 0; digits[i] && to + 1 < end; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && whole > 4)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
}

static void plain_text(double value, int decimals, bool percent, char out[WS_TICK_TEXT_SIZE])
{
    char plain[WS_TICK_TEXT_SIZE];
    (void)snprintf(plain, sizeof plain, "%.*f", decimals, percent ? 100 * value : value);
    group_digits(plain, out);
    size_t used = strlen(out);
    if (percent)
        (void)snprintf(out + used, WS_TICK_TEXT_SIZE - used, " %%");
}

/* Linear --------------------------------------------------------------------------------------- */

/* The smallest of 1, 2, 5 times a power of ten that is not below `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    double times = least / power;
    return (times <= 1.0000001 ? 1 : times <= 2.0000001 ? 2 : times <= 5.0000001 ? 5 : 10) * power;
}

static int exponent_of(double value)
{
    return (int)floor(log10(value) + 1e-9);
}

static void linear_text(double value, double step, double largest, bool percent,
                        char out[WS_TICK_TEXT_SIZE])
{
    const int unit = exponent_of(percent ? 100 * step : step);
    const int top = exponent_of(largest);
    if (percent || (top < 6 && unit > -5)) {
        plain_text(value, unit < 0 ? -unit : 0, percent, out);
        return;
    }
    char times[WS_TICK_TEXT_SIZE], power[WS_TICK_TEXT_SIZE];
    if (value == 0) {
        (void)snprintf(out, WS_TICK_TEXT_SIZE, "0");
        return;
    }
    superscript(top, power);
    plain_text(value / pow(10, top), top > unit ? top - unit : 0, false, times);
    struct ws_buffer text;
    ws_buffer_fix(&text, out, WS_TICK_TEXT_SIZE);
    ws_buffer_format(&text, "%s×10%s", times, power);
}

/* Of so few that none of them may lie inside, two that do. */
static double linear_step(const struct ws_scale *scale, int most)
{
    double step;
    do
        step = round_step((scale->high - scale->low) / most++);
    while (floor(scale->high / step) - ceil(scale->low / step) < 1);
    return scale->whole && step < 1 ? 1 : step;
}

static void linear_ticks(const struct ws_scale *scale, int most, struct ws_ticks *out)
{
    const double step = linear_step(scale, most);
    const double slack = step * 1e-6, first = ceil((scale->low - slack) / step);
    const double largest = fmax(fabs(scale->low), fabs(scale->high));
    for (int i = 0; out->count < WS_TICKS_MOST && (first + i) * step <= scale->high + slack; i++) {
        double at = (first + i) * step;
        if (at == 0)
            at = 0; /* and not -0 */
        out->at[out->count] = at;
        linear_text(at, step, largest, scale->percent, out->texts[out->count]);
        out->count++;
    }
}

/* Logarithmic ---------------------------------------------------------------------------------- */

static void power_text(const struct ws_scale *scale, int power, bool plain,
                       char out[WS_TICK_TEXT_SIZE])
{
    char exponent[WS_TICK_TEXT_SIZE];
    if (plain) {
        int decimals = -power - (scale->percent ? 2 : 0);
        plain_text(pow(10, power), decimals > 0 ? decimals : 0, scale->percent, out);
        return;
    }
    superscript(power, exponent);
    (void)snprintf(out, WS_TICK_TEXT_SIZE, "10%.24s", exponent);
}

/* Whether numbers from 10^first to 10^last are written out. */
static bool are_plain(const struct ws_scale *scale, int first, int last)
{
    return scale->percent ? first >= -5 : first >= -3 && last <= 4;
}

static void add_minor(const struct ws_scale *scale, double at, struct ws_ticks *out)
{
    if (at >= scale->low && at <= scale->high && out->minor_count < WS_MINOR_TICKS_MOST)
        out->minor[out->minor_count++] = at;
}

static void power_ticks(const struct ws_scale *scale, int first, int last, int most,
                        struct ws_ticks *out)
{
    int every = (last - first + most) / most;
    int start = first + ((-first % every) + every) % every; /* 10^0 is one of them ... */
    if (start + every > last)
        start = first; /* ... where there are two */
    for (int power = start; power <= last && out->count < WS_TICKS_MOST; power += every) {
        out->at[out->count] = pow(10, power);
        power_text(scale, power, are_plain(scale, first, last), out->texts[out->count]);
        out->count++;
    }
    for (int power = first - 1; power <= last; power++)
        for (int times = every == 1 ? 2 : 10; every <= 3 && times <= (every == 1 ? 9 : 10); times++)
            add_minor(scale, times * pow(10, power), out);
}

/* A number on a logarithmic scale with its text. */
static void add_fine(const struct ws_scale *scale, int times, int power, struct ws_ticks *out)
{
    const double at = times * pow(10, power);
    const int decimals = -power - (scale->percent ? 2 : 0);
    if (at < scale->low * (1 - 1e-9) || at > scale->high * (1 + 1e-9) ||
        out->count == WS_TICKS_MOST)
        return;
    out->at[out->count] = at;
    if (!scale->percent && (power < -4 || power > 5))
        linear_text(at, pow(10, power), at, false, out->texts[out->count]);
    else
        plain_text(at, decimals > 0 ? decimals : 0, scale->percent, out->texts[out->count]);
    out->count++;
}

/* Within two powers of ten: of ever finer steps the first that has three numbers or more. */
static void fine_ticks(const struct ws_scale *scale, int most, struct ws_ticks *out)
{
    static const char *const choices[] = {"125", "12357", "123456789"};
    const int from = exponent_of(scale->low), to = exponent_of(scale->high);
    for (size_t c = 0; c < sizeof choices / sizeof *choices && out->count < 3; c++) {
        struct ws_ticks ticks = {.count = 0};
        for (int power = from; power <= to; power++)
            for (const char *times = choices[c]; *times; times++)
                add_fine(scale, *times - '0', power, &ticks);
        if (ticks.count >= 2 && ((int)ticks.count <= most || out->count < 2))
            *out = ticks;
    }
    if (out->count < 2) {
        out->count = 0;
        linear_ticks(scale, most, out);
    }
}

void ws_scale_ticks(const struct ws_scale *scale, int most, struct ws_ticks *out)
{
    out->count = out->minor_count = 0;
    if (!scale->log) {
        linear_ticks(scale, most, out);
        return;
    }
    const int first = (int)ceil(log10(scale->low) - 1e-9), last = exponent_of(scale->high);
    if (last - first >= 2 || (last > first && most < 4))
        power_ticks(scale, first, last, most, out);
    else
        fine_ticks(scale, most, out);
}
