#include "report/figure.h"

#include <math.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include "report/figure_draw.h"
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

static cairo_status_t append(void *user, const unsigned char *data, unsigned size)
{
    struct ws_buffer *out = user;
    ws_buffer_append(out, data, size);
    return out->status == WS_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Vectors, written as they are drawn; or dots. */
static cairo_surface_t *open_surface(const struct ws_figure *figure,
                                     const struct ws_figure_layout *layout,
                                     enum ws_figure_format format, double dpi,
                                     struct ws_buffer *out)
{
    cairo_surface_t *surface;
    if (format == WS_FIGURE_PNG)
        return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(layout->width * dpi / 72),
                                          (int)ceil(layout->height * dpi / 72));
    if (format == WS_FIGURE_SVG) {
        surface = cairo_svg_surface_create_for_stream(append, out, layout->width, layout->height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PT);
        return surface;
    }
    surface = cairo_pdf_surface_create_for_stream(append, out, layout->width, layout->height);
    if (figure->title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, figure->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Wellspring");
    /* The time of drawing would make every file another one. */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    return surface;
}

static enum ws_status check(cairo_status_t status, struct ws_error *err)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return WS_OK;
    if (status == CAIRO_STATUS_NO_MEMORY || status == CAIRO_STATUS_WRITE_ERROR)
        return ws_fail_memory(err, "a figure");
    return ws_fail(err, WS_INVALID, "a figure cannot be drawn: %s", cairo_status_to_string(status));
}

static enum ws_status draw(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                           const struct ws_font *font, enum ws_figure_format format, double dpi,
                           struct ws_buffer *out, struct ws_error *err)
{
    cairo_surface_t *surface = open_surface(figure, layout, format, dpi, out);
    cairo_t *cr = cairo_create(surface);
    if (format == WS_FIGURE_PNG)
        cairo_scale(cr, dpi / 72, dpi / 72);
    ws_figure_draw(figure, layout, font, cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS && format == WS_FIGURE_PNG)
        status = cairo_surface_write_to_png_stream(surface, append, out);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return check(status, err);
}

/* An SVG without the number that cairo gives a surface, which counts all of the process: the same
 * figure is the same bytes. Texts are shapes there, so that nothing else is called so. */
static void copy_without_number(struct ws_bytes svg, struct ws_buffer *out)
{
    static const char name[] = "\"surface";
    const size_t size = sizeof name - 1;
    for (size_t at = 0; at < svg.size;) {
        const uint8_t *found = memmem(svg.data + at, svg.size - at, name, size);
        size_t end = found ? (size_t)(found - svg.data) + size : svg.size;
        ws_buffer_append(out, svg.data + at, end - at);
        for (at = end; at < svg.size && svg.data[at] >= '0' && svg.data[at] <= '9';)
            at++;
    }
}

static enum ws_status draw_svg(const struct ws_figure *figure,
                               const struct ws_figure_layout *layout, const struct ws_font *font,
                               struct ws_buffer *out, struct ws_error *err)
{
    struct ws_buffer svg;
    ws_buffer_init(&svg, out->allocator, out->limit);
    enum ws_status status = draw(figure, layout, font, WS_FIGURE_SVG, 0, &svg, err);
    if (status == WS_OK)
        copy_without_number(ws_buffer_bytes(&svg), out);
    ws_buffer_release(&svg);
    return status;
}

static enum ws_status lay_out_and_draw(const struct ws_figure *figure, const struct ws_font *font,
                                       enum ws_figure_format format, double dpi,
                                       struct ws_arena *arena, struct ws_buffer *out,
                                       struct ws_error *err)
{
    struct ws_figure_layout layout;
    WS_TRY(ws_figure_lay_out(figure, font, arena, &layout, err));
    const double dots = fmax(layout.width, layout.height) * dpi / 72;
    if (format == WS_FIGURE_PNG && dots > DOTS_MOST)
        return ws_fail(err, WS_LIMIT, "the picture has %.0f dots a side, wanted %d at most", dots,
                       DOTS_MOST);
    if (format == WS_FIGURE_TEX) {
        ws_figure_write_tikz(figure, &layout, out);
        return WS_OK;
    }
    if (format == WS_FIGURE_SVG)
        return draw_svg(figure, &layout, font, out, err);
    return draw(figure, &layout, font, format, dpi, out, err);
}

enum ws_status ws_figure_write(const struct ws_figure *figure, enum ws_figure_format format,
                               double dpi, struct ws_buffer *out, struct ws_error *err)
{
    struct ws_font font;
    struct ws_arena arena;
    WS_TRY(ws_font_open(&font, err));
    ws_arena_init(&arena, out->allocator);
    enum ws_status status =
        lay_out_and_draw(figure, &font, format, dpi > 0 ? dpi : DPI, &arena, out, err);
    ws_arena_release(&arena);
    ws_font_release(&font);
    return status == WS_OK ? ws_buffer_check(out, "a figure", err) : status;
}
