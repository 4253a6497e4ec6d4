#include "report/cairo/font_face.h"

#include <cairo-ft.h>

#include "base/allocator.h"

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

enum ws_status ws_font_face_open(cairo_font_face_t **out, struct ws_error *err)
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
    *out = face;
    return WS_OK;
}
