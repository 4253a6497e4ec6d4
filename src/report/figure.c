#include "report/figure.h"

#include <math.h>
#include <string.h>

#include "base/module.h"
#include "report/cairo/figures_module.h"
#include "report/figure_tikz.h"

enum { DPI = 300, DOTS_MOST = 20000 /* a side */ };

bool ws_figure_format_find(const char *name, enum ws_figure_format *out)
{
    static const char *const names[] = {"svg", "pdf", "png", "tex"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum ws_figure_format)i;
            return true;
        }
    return false;
}

static enum ws_status draw(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                           const struct ws_figure_output *output, double dpi, struct ws_buffer *out,
                           struct ws_error *err)
{
    const struct ws_figures_request request = {WS_VERSION, figure, layout, output->format, dpi};
    ws_figures_module_draw_fn *draw_figure;
    const double dots = fmax(layout->width, layout->height) * dpi / 72;
    if (output->format == WS_FIGURE_PNG && dots > DOTS_MOST)
        return ws_fail(err, WS_LIMIT, "the picture has %.0f dots a side, wanted %d at most", dots,
                       DOTS_MOST);
    if (!output->module)
        return ws_fail(err, WS_UNSUPPORTED,
                       "SVG, PDF and PNG are drawn by " WS_FIGURES_MODULE_FILE
                       ", which is not here: write .tex, which needs none, or copy the run to "
                       "where Wellspring is installed with it");
    WS_TRY(ws_module_function("the module that draws figures", output->module,
                              WS_FIGURES_MODULE_DRAW, &draw_figure, err));
    return draw_figure(&request, out, err);
}

enum ws_status ws_figure_write(const struct ws_figure *figure,
                               const struct ws_figure_output *output, struct ws_buffer *out,
                               struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_figure_layout layout;
    ws_arena_init(&arena, out->allocator);
    enum ws_status status = ws_figure_lay_out(figure, &arena, &layout, err);
    if (status == WS_OK && output->format == WS_FIGURE_TEX)
        ws_figure_write_tikz(figure, &layout, out);
    else if (status == WS_OK)
        status = draw(figure, &layout, output, output->dpi > 0 ? output->dpi : DPI, out, err);
    ws_arena_release(&arena);
    return status == WS_OK ? ws_buffer_check(out, "a figure", err) : status;
}
