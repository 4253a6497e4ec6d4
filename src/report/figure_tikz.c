#include "report/figure_tikz.h"

#include <math.h>
#include <string.h>

#include "report/palette.h"

/* Text ----------------------------------------------------------------------------------------- */

void ws_tex_escape(const char *text, struct ws_buffer *out)
{
    static const struct {
        const char *from, *to;
    } escapes[] = {
        {"\\", "\\textbackslash{}"},
        {"~", "\\textasciitilde{}"},
        {"^", "\\textasciicircum{}"},
        {"<", "\\textless{}"},
        {">", "\\textgreater{}"},
        {"\"", "\\textquotedblright{}"}, /* the straight one is not in OT1 */
        {"|", "\\textbar{}"},
        {"&", "\\&"},
        {"%", "\\%"},
        {"$", "\\$"},
        {"#", "\\#"},
        {"_", "\\_"},
        {"{", "\\{"},
        {"}", "\\}"},
        {"\u00a0", "~"},
        {"×", "$\\times$"},
        {"−", "$-$"},
    };
    while (*text) {
        size_t e = 0;
        const size_t count = sizeof escapes / sizeof *escapes;
        while (e < count && strncmp(text, escapes[e].from, strlen(escapes[e].from)) != 0)
            e++;
        if (e < count)
            ws_buffer_text(out, escapes[e].to);
        else
            ws_buffer_append(out, (unsigned char)*text < ' ' ? " " : text, 1);
        text += e < count ? strlen(escapes[e].from) : 1;
    }
}

/* Lines of one text, one below the other. */
static void escape_lines(const struct ws_lines *lines, struct ws_buffer *out)
{
    for (size_t i = 0; i < lines->count; i++) {
        ws_buffer_text(out, i > 0 ? "\\\\" : "");
        ws_tex_escape(lines->texts[i], out);
    }
}

static void comment(const char *what, const char *text, struct ws_buffer *out)
{
    if (!text)
        return;
    ws_buffer_format(out, "%% %s: ", what);
    ws_tex_escape(text, out);
    ws_buffer_text(out, "\n");
}

/* Numbers -------------------------------------------------------------------------------------- */

struct pen {
    const struct ws_panel_layout *place;
    const struct ws_series *series;
    struct ws_buffer *out;
};

/* As many digits as TeX has. */
static void number(double value, struct ws_buffer *out)
{
    ws_buffer_format(out, "%.7g", value);
}

/* A coordinate of a plot; nan where it has no place, for pgfplots leaves a gap there. */
static void plot_point(const struct pen *pen, double x, double y)
{
    const double place = ws_scale_place(&pen->place->y.scale, y);
    ws_buffer_text(pen->out, " (");
    number(x, pen->out);
    ws_buffer_text(pen->out, ",");
    number(isfinite(place) ? y : NAN, pen->out);
    ws_buffer_text(pen->out, ")");
}

/* Within the panel, for what is drawn and not plotted. */
static double within(const struct ws_scale *scale, double value)
{
    return !(value > scale->low) ? scale->low : value < scale->high ? value : scale->high;
}

static void axis_point(const struct pen *pen, double x, double y)
{
    ws_buffer_text(pen->out, "(axis cs:");
    number(within(&pen->place->x.scale, x), pen->out);
    ws_buffer_text(pen->out, ",");
    number(within(&pen->place->y.scale, y), pen->out);
    ws_buffer_text(pen->out, ")");
}

/* Looks ---------------------------------------------------------------------------------------- */

static void colour(const struct ws_series *series, struct ws_buffer *out)
{
    struct ws_colour c = ws_colour_of(series);
    ws_buffer_format(out, "{rgb,1:red,%.3f;green,%.3f;blue,%.3f}", c.red, c.green, c.blue);
}

static void dashes(const struct ws_series *series, struct ws_buffer *out)
{
    struct ws_dashes d = ws_dashes_of(series);
    if (d.count == 0 || series->mark == WS_MARK_SEGMENTS)
        return;
    ws_buffer_text(out, ", dash pattern=");
    for (int i = 0; i < d.count; i++)
        ws_buffer_format(out, "%s %.1fbp ", i % 2 ? "off" : "on", d.lengths[i]);
}

static const char *sign(const struct ws_series *series)
{
    static const char *const names[] = {"*", "square*", "triangle*", "diamond*", "pentagon*", "+"};
    return names[ws_sign_of(series)];
}

static void line_options(const struct ws_series *series, struct ws_buffer *out)
{
    ws_buffer_text(out, "[line width=1bp, draw=");
    colour(series, out);
    dashes(series, out);
}

/* Marks ---------------------------------------------------------------------------------------- */

static void write_line(const struct pen *pen, const char *more)
{
    const struct ws_series *s = pen->series;
    ws_buffer_text(pen->out, "\\addplot");
    line_options(s, pen->out);
    if (ws_line_has_signs(s)) {
        ws_buffer_format(pen->out,
                         ", mark=%s, mark size=1.7bp, mark options={solid, fill=", sign(s));
        colour(s, pen->out);
        ws_buffer_text(pen->out, "}");
    }
    ws_buffer_format(pen->out, "%s] coordinates {", more);
    for (size_t i = 0; i < s->count; i++)
        plot_point(pen, s->x[i], s->y[i]);
    ws_buffer_text(pen->out, "};\n");
}

static void write_points(const struct pen *pen, double size)
{
    const struct ws_series *s = pen->series;
    ws_buffer_format(pen->out,
                     "\\addplot[only marks, mark=%s, mark size=%.2fbp, mark options={fill=",
                     s->mark == WS_MARK_DOTS ? "*" : sign(s), size);
    colour(s, pen->out);
    ws_buffer_text(pen->out, ", draw=");
    colour(s, pen->out);
    ws_buffer_text(pen->out, "}] coordinates {");
    for (size_t i = 0; i < s->count; i++)
        plot_point(pen, s->x[i], s->y[i]);
    ws_buffer_text(pen->out, "};\n");
}

static bool has_band(const struct ws_series *s, size_t i)
{
    return i < s->count && !isnan(s->y[i]) && !isnan(s->y2[i]);
}

/* Each stretch without a gap is an area. */
static void write_band(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    for (size_t from = 0, to; from < s->count; from = to + 1) {
        for (to = from; has_band(s, to);)
            to++;
        if (to == from)
            continue;
        ws_buffer_text(pen->out, "\\fill[opacity=0.22, fill=");
        colour(s, pen->out);
        ws_buffer_text(pen->out, "] ");
        for (size_t i = from; i < to; i++) {
            axis_point(pen, s->x[i], s->y[i]);
            ws_buffer_text(pen->out, " -- ");
        }
        for (size_t i = to; i-- > from;) {
            axis_point(pen, s->x[i], s->y2[i]);
            ws_buffer_text(pen->out, " -- ");
        }
        ws_buffer_text(pen->out, "cycle;\n");
    }
}

static void write_boxes(const struct pen *pen, double wide, double tall)
{
    const struct ws_series *s = pen->series;
    for (size_t i = 0; i < s->count; i++) {
        const double low = s->y2 ? s->y[i] : s->y[i] - tall / 2;
        const double high = s->y2 ? s->y2[i] : s->y[i] + tall / 2;
        if (!isfinite(low) || !isfinite(high))
            continue;
        ws_buffer_text(pen->out, "\\fill[fill=");
        colour(s, pen->out);
        ws_buffer_text(pen->out, s->mark == WS_MARK_TILES ? ", opacity=0.55] " : "] ");
        axis_point(pen, s->x[i] - wide / 2, low);
        ws_buffer_text(pen->out, " rectangle ");
        axis_point(pen, s->x[i] + wide / 2, high);
        ws_buffer_text(pen->out, ";\n");
    }
}

static void write_errors(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    for (size_t i = 0; i < s->count; i++)
        if (!isnan(s->y[i]) && !isnan(s->y2[i])) {
            ws_buffer_text(pen->out, "\\draw");
            line_options(s, pen->out);
            ws_buffer_text(pen->out, ", |-|] ");
            axis_point(pen, s->x[i], s->y[i]);
            ws_buffer_text(pen->out, " -- ");
            axis_point(pen, s->x[i], s->y2[i]);
            ws_buffer_text(pen->out, ";\n");
        }
}

static bool is_inside(const struct pen *pen, size_t i)
{
    const double x = ws_scale_place(&pen->place->x.scale, pen->series->x[i]);
    const double y = ws_scale_place(&pen->place->y.scale, pen->series->y[i]);
    return x >= 0 && x <= 1 && y >= 0 && y <= 1;
}

static void write_segments(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    ws_buffer_text(pen->out, "\\draw");
    line_options(s, pen->out);
    ws_buffer_text(pen->out, "]");
    for (size_t i = 0; i + 1 < s->count; i += 2)
        if (is_inside(pen, i) && is_inside(pen, i + 1)) {
            ws_buffer_text(pen->out, " ");
            axis_point(pen, s->x[i], s->y[i]);
            ws_buffer_text(pen->out, " -- ");
            axis_point(pen, s->x[i + 1], s->y[i + 1]);
        }
    ws_buffer_text(pen->out, ";\n");
}

static void write_texts(const struct pen *pen)
{
    for (size_t i = 0; i < pen->series->count; i++) {
        ws_buffer_text(pen->out, "\\node at ");
        axis_point(pen, pen->series->x[i], pen->series->y[i]);
        ws_buffer_text(pen->out, " {");
        ws_tex_escape(pen->series->texts[i], pen->out);
        ws_buffer_text(pen->out, "};\n");
    }
}

/* What has no place, at the edge. */
static void write_strange(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    for (size_t i = 0; i < s->count; i++) {
        const double place = ws_scale_place(&pen->place->y.scale, s->y[i]);
        const bool above = place > 0;
        if (isfinite(place))
            continue;
        ws_buffer_format(pen->out,
                         "\\node[anchor=%s, inner sep=0pt, text=", above ? "north" : "south");
        colour(s, pen->out);
        ws_buffer_text(pen->out, "] at ");
        axis_point(pen, s->x[i], above ? pen->place->y.scale.high : pen->place->y.scale.low);
        ws_buffer_format(pen->out, " {$\\%s$};\n",
                         isnan(place) ? "times"
                         : above      ? "blacktriangle"
                                      : "blacktriangledown");
    }
}

static void write_series(const struct pen *pen)
{
    switch (pen->series->mark) {
    case WS_MARK_LINE:
        write_line(pen, "");
        write_strange(pen);
        break;
    case WS_MARK_STEPS:
        write_line(pen, ", const plot");
        break;
    case WS_MARK_POINTS:
        write_points(pen, 2);
        write_strange(pen);
        break;
    case WS_MARK_DOTS:
        write_points(pen, 0.65);
        break;
    case WS_MARK_SEGMENTS:
        write_segments(pen);
        break;
    case WS_MARK_BAND:
        write_band(pen);
        break;
    case WS_MARK_BARS:
        write_boxes(pen, pen->series->bar, 0);
        break;
    case WS_MARK_TILES:
        write_boxes(pen, 0.92, 0.86);
        break;
    case WS_MARK_ERRORS:
        write_errors(pen);
        break;
    case WS_MARK_TEXT:
        write_texts(pen);
        break;
    }
}

/* Axes ----------------------------------------------------------------------------------------- */

/* As they are laid out: names along y wrap. */
static void write_names(char direction, const struct ws_axis_layout *axis, struct ws_buffer *out)
{
    ws_buffer_format(out, ",\n  %ctick={", direction);
    for (size_t i = 0; i < axis->name_count; i++)
        ws_buffer_format(out, "%s%zu", i > 0 ? "," : "", i);
    ws_buffer_format(out, "}, %cticklabels={", direction);
    for (size_t i = 0; i < axis->name_count; i++) {
        ws_buffer_text(out, i > 0 ? ",{" : "{");
        escape_lines(&axis->names[i], out);
        ws_buffer_text(out, "}");
    }
    ws_buffer_text(out, "}");
}

/* Our own ticks, where pgfplots would not know the texts. */
static void write_ticks(char direction, const struct ws_ticks *ticks, struct ws_buffer *out)
{
    ws_buffer_format(out, ",\n  %ctick={", direction);
    for (size_t i = 0; i < ticks->count; i++) {
        ws_buffer_text(out, i > 0 ? "," : "");
        number(ticks->at[i], out);
    }
    ws_buffer_format(out, "}, %cticklabels={", direction);
    for (size_t i = 0; i < ticks->count; i++) {
        ws_buffer_text(out, i > 0 ? ",{" : "{");
        ws_tex_escape(ticks->texts[i], out);
        ws_buffer_text(out, "}");
    }
    ws_buffer_text(out, "}");
}

static void write_axis(char direction, const struct ws_axis *axis,
                       const struct ws_axis_layout *place, struct ws_buffer *out)
{
    ws_buffer_format(out, ",\n  %cmin=", direction);
    number(place->scale.low, out);
    ws_buffer_format(out, ", %cmax=", direction);
    number(place->scale.high, out);
    ws_buffer_format(out, ", %cmode=%s", direction, place->scale.log ? "log" : "normal");
    if (axis->names)
        write_names(direction, place, out);
    else if (axis->percent)
        write_ticks(direction, &place->ticks, out);
    if (!place->has_texts)
        ws_buffer_format(out, ", %cticklabels={}", direction);
    if (place->slanted)
        ws_buffer_format(out, ", %cticklabel style={rotate=40, anchor=north east}", direction);
    else if (axis->names)
        ws_buffer_format(out, ", %cticklabel style={align=right}", direction);
    if (place->label.count == 0)
        return;
    ws_buffer_format(out, ",\n  %clabel={", direction);
    escape_lines(&place->label, out);
    ws_buffer_format(out, "}, %clabel style={align=center}", direction);
}

static void write_panel(const struct ws_panel *panel, const struct ws_panel_layout *place,
                        struct ws_buffer *out)
{
    ws_buffer_format(out,
                     "\\begin{axis}[at={(%.2fbp,%.2fbp)}, anchor=north west, scale only axis,\n"
                     "  width=%.2fbp, height=%.2fbp, axis lines=left, axis line style={-},\n"
                     "  tick align=outside, unbounded coords=jump, grid style={black!10},\n"
                     "  scaled ticks=false%s",
                     place->left, -place->top, place->width, place->height,
                     panel->y.names ? "" : ", ymajorgrids");
    write_axis('x', &panel->x, &place->x, out);
    write_axis('y', &panel->y, &place->y, out);
    if (place->title.count > 0) {
        ws_buffer_text(out, ",\n  title={");
        escape_lines(&place->title, out);
        ws_buffer_text(out, "}, title style={align=center}");
    }
    ws_buffer_text(out, "]\n");
    for (size_t s = 0; s < panel->series_count; s++)
        write_series(&(struct pen){place, &panel->series[s], out});
    ws_buffer_text(out, "\\end{axis}\n");
}

/* The legend ----------------------------------------------------------------------------------- */

static void write_sample(const struct ws_series *series, double x, double y, struct ws_buffer *out)
{
    switch (series->mark) {
    case WS_MARK_POINTS:
    case WS_MARK_DOTS:
        ws_buffer_text(out, "\\fill[fill=");
        colour(series, out);
        ws_buffer_format(out, "] (%.2fbp,%.2fbp) circle[radius=2bp];\n", x + WS_LEGEND_SAMPLE / 2.0,
                         y);
        break;
    case WS_MARK_BARS:
    case WS_MARK_BAND:
    case WS_MARK_TILES:
        ws_buffer_text(out, "\\fill[fill=");
        colour(series, out);
        ws_buffer_format(out, "%s] (%.2fbp,%.2fbp) rectangle (%.2fbp,%.2fbp);\n",
                         series->mark == WS_MARK_BARS ? "" : ", opacity=0.55", x + 3, y - 2.8,
                         x + WS_LEGEND_SAMPLE - 3, y + 2.8);
        break;
    default:
        ws_buffer_text(out, "\\draw");
        line_options(series, out);
        ws_buffer_format(out, "] (%.2fbp,%.2fbp) -- (%.2fbp,%.2fbp);\n", x, y, x + WS_LEGEND_SAMPLE,
                         y);
    }
}

static void write_legend(const struct ws_figure_layout *layout, struct ws_buffer *out)
{
    for (size_t i = 0; i < layout->legend_count; i++) {
        const struct ws_legend_entry *entry = &layout->legend[i];
        double x = entry->left;
        if (!entry->series)
            continue; /* what signs at an edge mean: a caption can say it */
        write_sample(entry->series, x, -entry->middle, out);
        x += WS_LEGEND_SAMPLE + WS_LEGEND_GAP;
        ws_buffer_format(out, "\\node[anchor=west, inner sep=0pt] at (%.2fbp,%.2fbp) {", x,
                         -entry->middle);
        ws_tex_escape(entry->text, out);
        ws_buffer_text(out, "};\n");
    }
}

void ws_figure_write_tikz(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                          struct ws_buffer *out)
{
    ws_buffer_text(out, "% Wants \\usepackage{pgfplots,amssymb} and \\pgfplotsset{compat=1.16}.\n");
    comment("Title", figure->title, out);
    comment("Caption", figure->caption, out);
    ws_buffer_text(out, "\\begin{tikzpicture}[font=\\fontsize{7}{8.4}\\selectfont]\n");
    for (size_t p = 0; p < figure->panel_count; p++)
        write_panel(&figure->panels[p], &layout->panels[p], out);
    write_legend(layout, out);
    ws_buffer_text(out, "\\end{tikzpicture}\n");
}
