/*
 * Figures: laid out so that nothing overlaps, and written as the same bytes each time.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cairo-ft.h>
#include <cmocka.h>

#include "base/module.h"
#include "report/cairo/figures_module.h"
#include "report/figure_tikz.h"

enum { POINTS = 20, PANELS_MOST = 12, SERIES = 5 };

struct example {
    double x[POINTS], y[SERIES][POINTS], low[SERIES][POINTS], high[SERIES][POINTS];
    struct ws_series series[2 * SERIES];
    struct ws_panel panels[PANELS_MOST];
    struct ws_figure figure;
};

static const char *const labels[SERIES] = {
    "replace", "keep:0.1 temperature=0.8 repetition_penalty=2", "accumulate",
    "a & b <script>alert(\"x\")</script> 'quoted'", "größer \xE2\x86\x92 \xC2\xB5"};

static void make(struct example *e, size_t panels, double width, double scale, bool log)
{
    memset(e, 0, sizeof *e);
    for (int i = 0; i < POINTS; i++)
        e->x[i] = i;
    for (int s = 0; s < SERIES; s++) {
        for (int i = 0; i < POINTS; i++) {
            e->y[s][i] = scale * (1 + s + i * 0.37);
            e->low[s][i] = e->y[s][i] * 0.9;
            e->high[s][i] = e->y[s][i] * 1.2;
        }
        e->series[2 * s] = (struct ws_series){.mark = WS_MARK_BAND,
                                              .look = s,
                                              .count = POINTS,
                                              .x = e->x,
                                              .y = e->low[s],
                                              .y2 = e->high[s]};
        e->series[2 * s + 1] = (struct ws_series){.mark = WS_MARK_LINE,
                                                  .label = labels[s],
                                                  .look = s,
                                                  .count = POINTS,
                                                  .x = e->x,
                                                  .y = e->y[s]};
    }
    for (size_t p = 0; p < panels; p++)
        e->panels[p] = (struct ws_panel){
            .title = p % 2 ? "n = 1,000 to 20,000 of a variation with a long name" : NULL,
            .x = {.label = "generation", .whole = true},
            .y = {.label = p % 3 ? "perplexity (of real text)" : "rare words", .log = log},
            .series = e->series,
            .series_count = 2 * SERIES};
    e->figure = (struct ws_figure){.title = "An experiment with a title of some length",
                                   .caption = "perplexity (perplexity.reference/1): n = 1,000; "
                                              "median and 10 % to 90 % of 5 seeds.",
                                   .width = width,
                                   .panels = e->panels,
                                   .panel_count = panels};
}

/* Layout --------------------------------------------------------------------------------------- */

static void check_axis_texts(const struct ws_panel_layout *p)
{
    double end = -INFINITY;
    for (size_t i = 0; p->x.has_texts && i < p->x.ticks.count; i++) {
        double half = ws_font_width(WS_SIZE_TICK, p->x.ticks.texts[i]) / 2;
        double at = p->left + ws_scale_place(&p->x.scale, p->x.ticks.at[i]) * p->width;
        assert_true(at - half > end);
        end = at + half;
    }
    double last = INFINITY;
    for (size_t i = 0; p->y.has_texts && i < p->y.ticks.count; i++) {
        double at = p->top + (1 - ws_scale_place(&p->y.scale, p->y.ticks.at[i])) * p->height;
        assert_true(at < last - WS_SIZE_TICK);
        last = at;
    }
}

/* What stands on the left of a panel's area and below it. */
static double left_of(const struct ws_panel_layout *p)
{
    return p->left - (p->y.has_texts ? p->y.texts_room : 0) -
           (double)p->y.label.count * WS_SIZE_LABEL * WS_LEADING;
}

static double bottom_of(const struct ws_panel_layout *p)
{
    return p->top + p->height + (p->x.has_texts ? p->x.texts_room : 0) +
           (double)p->x.label.count * WS_SIZE_LABEL * WS_LEADING;
}

static void check_panels(const struct ws_figure *figure, const struct ws_figure_layout *l)
{
    for (size_t a = 0; a < figure->panel_count; a++) {
        const struct ws_panel_layout *p = &l->panels[a];
        if (!(left_of(p) >= 0 && p->left + p->width <= l->width))
            fail_msg("panel %zu of %zu stands from %g to %g of %g", a, figure->panel_count,
                     left_of(p), p->left + p->width, l->width);
        for (size_t b = a + 1; b < figure->panel_count; b++) {
            const struct ws_panel_layout *q = &l->panels[b];
            double title = (double)q->title.count * WS_SIZE_LABEL * WS_LEADING;
            assert_true(p->left + p->width < left_of(q) || bottom_of(p) < q->top - title ||
                        q->left + q->width < left_of(p));
        }
    }
}

/* A label that is not the neighbours' has ticks with numbers between itself and the axis. */
static void check_labels(const struct ws_panel_layout *p)
{
    assert_true(p->x.label.count == 0 || p->x.has_texts);
    assert_true(p->y.label.count == 0 || p->y.has_texts);
}

static void check_legend(const struct ws_figure_layout *l)
{
    for (size_t i = 0; i < l->legend_count; i++) {
        const struct ws_legend_entry *entry = &l->legend[i], *next = entry + 1;
        double end = entry->left + WS_LEGEND_SAMPLE + WS_LEGEND_GAP +
                     ws_font_width(WS_SIZE_TICK, entry->text);
        assert_true(end <= l->width);
        if (i + 1 < l->legend_count)
            assert_true(next->middle > entry->middle + WS_SIZE_TICK || next->left > end);
        assert_true(entry->middle < l->caption_top);
    }
}

static void test_nothing_overlaps(void **state)
{
    (void)state;
    static const double widths[] = {2, WS_FIGURE_COLUMN, WS_FIGURE_PAGE, 12};
    struct example example;
    for (size_t w = 0; w < 4; w++)
        for (size_t panels = 1; panels <= PANELS_MOST; panels++)
            for (int power = -9; power <= 9; power += 3) {
                struct ws_arena arena;
                struct ws_figure_layout layout;
                make(&example, panels, widths[w], pow(10, power), power % 2);
                ws_arena_init(&arena, NULL);
                assert_int_equal(ws_figure_lay_out(&example.figure, &arena, &layout, NULL), WS_OK);
                for (size_t p = 0; p < panels; p++) {
                    check_axis_texts(&layout.panels[p]);
                    check_labels(&layout.panels[p]);
                }
                check_panels(&example.figure, &layout);
                check_legend(&layout);
                ws_arena_release(&arena);
            }
}

/* Names of categories wrap in a narrow figure; they stand one above the other. */
static void test_names_have_room(void **state)
{
    (void)state;
    enum { NAMES = 9 };
    static const char *const rows[NAMES] = {"stage",
                                            "8. appearance of hallucinated data",
                                            "7. disappearance of real tail data",
                                            "6. disappearance of real modes",
                                            "5. collapsing variance",
                                            "4. change in scaling law",
                                            "3. asymptotically diverging population risk",
                                            "2. any increase of population risk",
                                            "1. catastrophic increase of population risk"};
    static const double widths[] = {2, WS_FIGURE_COLUMN, WS_FIGURE_PAGE};
    for (size_t w = 0; w < 3; w++) {
        struct example example;
        struct ws_arena arena;
        struct ws_figure_layout layout;
        make(&example, 1, widths[w], 1, false);
        example.figure.panel_height = 0.55;
        example.panels[0].y.names = rows;
        example.panels[0].y.name_count = NAMES;
        ws_arena_init(&arena, NULL);
        assert_int_equal(ws_figure_lay_out(&example.figure, &arena, &layout, NULL), WS_OK);
        const struct ws_panel_layout *panel = &layout.panels[0];
        for (size_t i = 0; i < NAMES; i++)
            assert_true((double)panel->y.names[i].count * WS_SIZE_TICK * WS_LEADING <
                        panel->height / NAMES);
        check_panels(&example.figure, &layout);
        ws_arena_release(&arena);
    }
}

/* Panels between labels of their own are not squeezed: they stand below each other instead. */
static void test_labels_do_not_squeeze_panels(void **state)
{
    (void)state;
    static const double widths[] = {2, WS_FIGURE_COLUMN, WS_FIGURE_PAGE};
    for (size_t w = 0; w < 3; w++) {
        struct example example;
        struct ws_arena arena;
        struct ws_figure_layout layout;
        make(&example, PANELS_MOST, widths[w], 1, false);
        example.figure.columns = 3;
        ws_arena_init(&arena, NULL);
        assert_int_equal(ws_figure_lay_out(&example.figure, &arena, &layout, NULL), WS_OK);
        assert_true(layout.panels[0].width >= 60);
        check_panels(&example.figure, &layout);
        ws_arena_release(&arena);
    }
}

static void test_text_wraps_at_blanks(void **state)
{
    (void)state;
    struct ws_arena arena;
    struct ws_lines lines;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_font_wrap(10, 60, "one two three four", &arena, &lines, NULL), WS_OK);
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.texts[0], "one two");
    assert_string_equal(lines.texts[1], "three four");
    /* A word that is too wide breaks between characters, never inside one. */
    assert_int_equal(ws_font_wrap(10, 20, "ääääääää", &arena, &lines, NULL), WS_OK);
    assert_true(lines.count > 2);
    for (size_t i = 0; i < lines.count; i++)
        assert_int_equal(strlen(lines.texts[i]) % 2, 0);
    assert_int_equal(ws_font_wrap(10, 20, "", &arena, &lines, NULL), WS_OK);
    assert_int_equal(lines.count, 0);
    ws_arena_release(&arena);
}

/* What is laid out is as wide as what is drawn. */
static void test_text_is_as_wide_as_cairo_draws_it(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "perplexity (of real text), n = 1,000",
                                        "größer \xE2\x86\x92 \xC2\xB5 \xE2\x96\xB4 \xE2\x80\xA6",
                                        "\xE4\xB8\xAD\xE6\x96\x87", /* which the font lacks */
                                        "\xF0\x9D\x95\x8F \xF4\x8F\xBF\xBD"};
    FT_Library library;
    FT_Face face;
    cairo_matrix_t size, identity;
    assert_int_equal(FT_Init_FreeType(&library), 0);
    assert_int_equal(FT_New_Face(library, WS_FONT, 0, &face), 0);
    cairo_font_face_t *font = cairo_ft_font_face_create_for_ft_face(face, 0);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_matrix_init_scale(&size, 100, 100);
    cairo_matrix_init_identity(&identity);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_scaled_font_t *scaled = cairo_scaled_font_create(font, &size, &identity, options);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cairo_text_extents_t extents;
        cairo_scaled_font_text_extents(scaled, texts[i], &extents);
        double width = ws_font_width(100, texts[i]);
        if (!(fabs(width - extents.x_advance) <= 1e-4 * extents.x_advance))
            fail_msg("'%s' is %.4f wide, of cairo %.4f", texts[i], width, extents.x_advance);
    }
    assert_true(ws_font_width(10, "\xFF") > 0); /* no UTF-8 */
    cairo_scaled_font_destroy(scaled);
    cairo_font_options_destroy(options);
    cairo_font_face_destroy(font);
    cairo_debug_reset_static_data(); /* before the face goes, which cairo may keep */
    (void)FT_Done_Face(face);
    (void)FT_Done_FreeType(library);
}

/* Files ---------------------------------------------------------------------------------------- */

static void write_as(const struct ws_figure *figure, enum ws_figure_format format,
                     struct ws_buffer *out)
{
    const struct ws_figure_output output = {.format = format, .module = FIGURES_MODULE};
    struct ws_error err;
    ws_buffer_init(out, NULL, SIZE_MAX);
    if (ws_figure_write(figure, &output, out, &err) != WS_OK)
        fail_msg("%s", err.message);
}

static bool holds(const struct ws_buffer *file, const char *bytes)
{
    return memmem(file->data, file->size, bytes, strlen(bytes)) != NULL;
}

static void test_the_same_figure_is_the_same_bytes(void **state)
{
    (void)state;
    static struct example example;
    make(&example, 2, WS_FIGURE_PAGE, 1, false);
    for (int format = WS_FIGURE_SVG; format <= WS_FIGURE_TEX; format++) {
        struct ws_buffer first, second;
        write_as(&example.figure, (enum ws_figure_format)format, &first);
        write_as(&example.figure, (enum ws_figure_format)format, &second);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
        if (format == WS_FIGURE_PDF) {
            assert_memory_equal(first.data, "%PDF-", 5);
            assert_true(holds(&first, "DejaVuSans")); /* a part of the file */
        }
        ws_buffer_release(&first);
        ws_buffer_release(&second);
    }
}

static void test_svg_holds_no_text_of_others(void **state)
{
    (void)state;
    static struct example example;
    struct ws_buffer file;
    make(&example, 1, WS_FIGURE_PAGE, 1, false);
    example.figure.title = "</svg><script>alert(1)</script>";
    write_as(&example.figure, WS_FIGURE_SVG, &file);
    assert_false(holds(&file, "script"));
    assert_memory_equal(file.data + file.size - 7, "</svg>\n", 7);
    ws_buffer_release(&file);
}

static void test_tex_prints_what_people_wrote(void **state)
{
    (void)state;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, SIZE_MAX);
    ws_tex_escape("50 % of a_b & {c} \\input{x} $y$ #1 ~ ^\n<é>", &out);
    assert_string_equal(ws_buffer_string(&out),
                        "50 \\% of a\\_b \\& \\{c\\} \\textbackslash{}input\\{x\\} \\$y\\$ \\#1 "
                        "\\textasciitilde{} \\textasciicircum{} \\textless{}é\\textgreater{}");
    ws_buffer_release(&out);
}

static void test_strange_values_are_told(void **state)
{
    (void)state;
    static struct example example;
    struct ws_arena arena;
    struct ws_figure_layout layout;
    struct ws_buffer plain, strange;
    make(&example, 1, WS_FIGURE_COLUMN, 1, false);
    write_as(&example.figure, WS_FIGURE_PNG, &plain);
    example.y[0][3] = NAN;
    example.y[1][4] = INFINITY;
    example.y[2][5] = -INFINITY;
    write_as(&example.figure, WS_FIGURE_PNG, &strange);
    assert_true(plain.size != strange.size || memcmp(plain.data, strange.data, plain.size) != 0);
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_figure_lay_out(&example.figure, &arena, &layout, NULL), WS_OK);
    assert_int_equal(layout.legend_count, SERIES + 2);
    ws_arena_release(&arena);
    ws_buffer_release(&plain);
    ws_buffer_release(&strange);
}

static void test_a_picture_has_a_largest_size(void **state)
{
    (void)state;
    static struct example example;
    const struct ws_figure_output large = {WS_FIGURE_PNG, 2400, FIGURES_MODULE};
    const struct ws_figure_output svg = {WS_FIGURE_SVG, 0, FIGURES_MODULE};
    struct ws_buffer out;
    struct ws_error err;
    make(&example, 1, 30, 1, false);
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_figure_write(&example.figure, &large, &out, &err), WS_LIMIT);
    ws_buffer_release(&out);
    ws_buffer_init(&out, NULL, 100); /* a file that does not fit */
    assert_int_equal(ws_figure_write(&example.figure, &svg, &out, &err), WS_NO_MEMORY);
    ws_buffer_release(&out);
}

/* The module ----------------------------------------------------------------------------------- */

static void refuses(const char *module, const char *words)
{
    static struct example example;
    const struct ws_figure_output output = {WS_FIGURE_SVG, 0, module};
    struct ws_buffer out;
    struct ws_error err;
    make(&example, 1, WS_FIGURE_COLUMN, 1, false);
    ws_buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(ws_figure_write(&example.figure, &output, &out, &err), WS_UNSUPPORTED);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
    ws_buffer_release(&out);
}

static void test_a_module_that_is_none_is_told(void **state)
{
    (void)state;
    refuses(NULL, WS_FIGURES_MODULE_FILE ", which is not here: write .tex");
    refuses(WS_SOURCE_DIR "/no-such.so", "the module that draws figures cannot be loaded");
    refuses("libm.so.6", "the module that draws figures cannot be loaded"); /* a library */
}

static void test_a_module_of_another_version_is_refused(void **state)
{
    (void)state;
    const struct ws_figures_request request = {.version = "0.0.0"};
    ws_figures_module_draw_fn *draw;
    struct ws_error err;
    assert_int_equal(ws_module_function("it", FIGURES_MODULE, WS_FIGURES_MODULE_DRAW, &draw, &err),
                     WS_OK);
    assert_int_equal(draw(&request, NULL, &err), WS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "the program of 0.0.0"));
}

static void test_tex_needs_no_module(void **state)
{
    (void)state;
    static struct example example;
    const struct ws_figure_output alone = {.format = WS_FIGURE_TEX};
    struct ws_buffer with, without;
    struct ws_error err;
    make(&example, 2, WS_FIGURE_PAGE, 1, true);
    write_as(&example.figure, WS_FIGURE_TEX, &with);
    ws_buffer_init(&without, NULL, SIZE_MAX);
    assert_int_equal(ws_figure_write(&example.figure, &alone, &without, &err), WS_OK);
    assert_int_equal(with.size, without.size);
    assert_memory_equal(with.data, without.data, with.size);
    ws_buffer_release(&with);
    ws_buffer_release(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_overlaps),
        cmocka_unit_test(test_names_have_room),
        cmocka_unit_test(test_labels_do_not_squeeze_panels),
        cmocka_unit_test(test_text_wraps_at_blanks),
        cmocka_unit_test(test_text_is_as_wide_as_cairo_draws_it),
        cmocka_unit_test(test_the_same_figure_is_the_same_bytes),
        cmocka_unit_test(test_svg_holds_no_text_of_others),
        cmocka_unit_test(test_tex_prints_what_people_wrote),
        cmocka_unit_test(test_strange_values_are_told),
        cmocka_unit_test(test_a_picture_has_a_largest_size),
        cmocka_unit_test(test_a_module_that_is_none_is_told),
        cmocka_unit_test(test_a_module_of_another_version_is_refused),
        cmocka_unit_test(test_tex_needs_no_module),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
