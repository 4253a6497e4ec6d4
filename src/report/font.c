#include "report/font.h"

#include <string.h>

#include <cairo-ft.h>

/* The font's file, as it is. */
extern const unsigned char ws_font_bytes[], ws_font_end[];
__asm__(".section .rodata\n"
        ".balign 16\n"
        ".hidden ws_font_bytes\n"
        ".globl ws_font_bytes\n"
        "ws_font_bytes:\n"
        ".incbin \"" WS_FONT "\"\n"
        ".hidden ws_font_end\n"
        ".globl ws_font_end\n"
        "ws_font_end:\n"
        ".byte 0\n"
        ".previous\n");

enum { RULER_SIZE = 100 };

/* FreeType's side of a font. Cairo may keep a face in a cache after everybody has let it go. */
struct opened {
    FT_Library library;
    FT_Face face;
};

static void close_face(void *user)
{
    struct opened *opened = user;
    (void)FT_Done_Face(opened->face);
    (void)FT_Done_FreeType(opened->library);
    ws_free(NULL, opened, sizeof *opened);
}

static struct opened *open_face(void)
{
    struct opened *opened = ws_realloc(NULL, NULL, 0, sizeof *opened);
    if (!opened)
        return NULL;
    if (FT_Init_FreeType(&opened->library) != 0) {
        ws_free(NULL, opened, sizeof *opened);
        return NULL;
    }
    if (FT_New_Memory_Face(opened->library, ws_font_bytes, (FT_Long)(ws_font_end - ws_font_bytes),
                           0, &opened->face) != 0) {
        (void)FT_Done_FreeType(opened->library);
        ws_free(NULL, opened, sizeof *opened);
        return NULL;
    }
    return opened;
}

static cairo_scaled_font_t *make_ruler(cairo_font_face_t *face)
{
    cairo_matrix_t size, identity;
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_matrix_init_scale(&size, RULER_SIZE, RULER_SIZE);
    cairo_matrix_init_identity(&identity);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_scaled_font_t *ruler = cairo_scaled_font_create(face, &size, &identity, options);
    cairo_font_options_destroy(options);
    return ruler;
}

enum ws_status ws_font_open(struct ws_font *out, struct ws_error *err)
{
    static const cairo_user_data_key_t key;
    struct opened *opened = open_face();
    if (!opened)
        return ws_fail_memory(err, "the font");
    cairo_font_face_t *face = cairo_ft_font_face_create_for_ft_face(opened->face, 0);
    if (cairo_font_face_set_user_data(face, &key, opened, close_face) != CAIRO_STATUS_SUCCESS) {
        cairo_font_face_destroy(face);
        close_face(opened);
        return ws_fail_memory(err, "the font");
    }
    *out = (struct ws_font){face, make_ruler(face)};
    if (cairo_scaled_font_status(out->ruler) != CAIRO_STATUS_SUCCESS) {
        ws_font_release(out);
        return ws_fail_memory(err, "the font");
    }
    return WS_OK;
}

void ws_font_release(struct ws_font *font)
{
    cairo_scaled_font_destroy(font->ruler);
    cairo_font_face_destroy(font->face);
}

double ws_font_width(const struct ws_font *font, double size, const char *text)
{
    cairo_text_extents_t extents;
    cairo_scaled_font_text_extents(font->ruler, text, &extents);
    return extents.x_advance * size / RULER_SIZE;
}

/* Wrapping ------------------------------------------------------------------------------------- */

/* Bytes of the character at `text`. */
static size_t character(const char *text)
{
    size_t size = 1;
    while ((text[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* How much of `text` stands in a line, and where the next one begins. */
struct cut {
    size_t size, next;
};

static struct cut first_line(const struct ws_font *font, double size, double width,
                             const char *text, char *room)
{
    struct cut cut = {0, 0};
    size_t at = 0;
    while (text[at]) {
        size_t end = at + character(text + at);
        memcpy(room, text, end);
        room[end] = '\0';
        if (at > 0 && ws_font_width(font, size, room) > width)
            return cut.next > 0 ? cut : (struct cut){at, at};
        if (text[at] == ' ')
            cut = (struct cut){at, end};
        at = end;
    }
    return (struct cut){at, at};
}

enum ws_status ws_font_wrap(const struct ws_font *font, double size, double width, const char *text,
                            struct ws_arena *arena, struct ws_lines *out, struct ws_error *err)
{
    const size_t length = strlen(text);
    char *room = ws_arena_alloc(arena, 1, length + 1);
    *out = (struct ws_lines){.texts = WS_ARENA_NEW(arena, char *, length + 1)};
    if (!room || !out->texts)
        return ws_fail_memory(err, "a figure");
    for (size_t at = 0; at < length;) {
        struct cut cut = first_line(font, size, width, text + at, room);
        char *line = ws_arena_format(arena, "%.*s", (int)cut.size, text + at);
        if (!line)
            return ws_fail_memory(err, "a figure");
        double wide = ws_font_width(font, size, line);
        out->width = wide > out->width ? wide : out->width;
        out->texts[out->count++] = line;
        at += cut.next;
    }
    return WS_OK;
}
