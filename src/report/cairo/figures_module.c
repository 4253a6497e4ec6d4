#include "report/cairo/figures_module.h"

#include <math.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include "report/cairo/figure_draw.h"
#include "report/cairo/font_face.h"

static cairo_status_t append(void *user, const unsigned char *data, unsigned size)
{
    struct ws_buffer *out = user;
    ws_buffer_append(out, data, size);
    return out->status == WS_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Vectors, written as they are drawn; or dots. */
static cairo_surface_t *open_surface(const struct ws_figures_request *request,
                                     struct ws_buffer *out)
{
    const struct ws_figure_layout *layout = request->layout;
    const double scale = request->dpi / 72;
    cairo_surface_t *surface;
    if (request->format == WS_FIGURE_PNG)
        return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(layout->width * scale),
                                          (int)ceil(layout->height * scale));
    if (request->format == WS_FIGURE_SVG) {
        surface = cairo_svg_surface_create_for_stream(append, out, layout->width, layout->height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PT);
        return surface;
    }
    surface = cairo_pdf_surface_create_for_stream(append, out, layout->width, layout->height);
    if (request->figure->title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, request->figure->title);
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

static enum ws_status draw(const struct ws_figures_request *request, cairo_font_face_t *font,
                           struct ws_buffer *out, struct ws_error *err)
{
    cairo_surface_t *surface = open_surface(request, out);
    cairo_t *cr = cairo_create(surface);
    if (request->format == WS_FIGURE_PNG)
        cairo_scale(cr, request->dpi / 72, request->dpi / 72);
    ws_figure_draw(request->figure, request->layout, font, cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS && request->format == WS_FIGURE_PNG)
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

static enum ws_status draw_svg(const struct ws_figures_request *request, cairo_font_face_t *font,
                               struct ws_buffer *out, struct ws_error *err)
{
    struct ws_buffer svg;
    ws_buffer_init(&svg, out->allocator, out->limit);
    enum ws_status status = draw(request, font, &svg, err);
    if (status == WS_OK)
        copy_without_number(ws_buffer_bytes(&svg), out);
    ws_buffer_release(&svg);
    return status;
}

__attribute__((visibility("default"))) ws_figures_module_draw_fn ws_figures_module_draw;

enum ws_status ws_figures_module_draw(const struct ws_figures_request *request,
                                      struct ws_buffer *out, struct ws_error *err)
{
    cairo_font_face_t *font;
    if (strcmp(request->version, WS_VERSION) != 0)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the module that draws figures is of version %s, the program of %.40s",
                       WS_VERSION, request->version);
    WS_TRY(ws_font_face_open(&font, err));
    enum ws_status status =
        (request->format == WS_FIGURE_SVG ? draw_svg : draw)(request, font, out, err);
    cairo_font_face_destroy(font);
    return status;
}
