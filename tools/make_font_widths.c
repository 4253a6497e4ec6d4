/*
 * Writes how wide the characters of a font are, as C: see struct ws_font_row in src/report/font.h.
 *
 *   make_font_widths FONT FILE
 */
#include <stdio.h>
#include <stdlib.h>

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_ADVANCES_H

enum { CHARACTERS = 0x110000 };

/* Widths are as designed, for no size. Characters that the font lacks are its glyph 0. */
static int write_rows(FT_Face face, FILE *file)
{
    FT_Fixed width, last = -1;
    (void)fputs("/* Made by tools/make_font_widths.c. */\n#include \"report/font.h\"\n\n"
                "const struct ws_font_row ws_font_rows[] = {\n",
                file);
    for (FT_ULong character = 0; character < CHARACTERS; character++) {
        FT_UInt glyph = FT_Get_Char_Index(face, character);
        if (FT_Get_Advance(face, glyph, FT_LOAD_NO_SCALE, &width) != 0)
            return EXIT_FAILURE;
        if (width != last)
            (void)fprintf(file, "    {%lu, %ld},\n", character, width);
        last = width;
    }
    (void)fprintf(
        file,
        "};\nconst size_t ws_font_row_count = sizeof ws_font_rows / sizeof *ws_font_rows;\n"
        "const double ws_font_units = %u;\n",
        face->units_per_EM);
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    FT_Library library;
    FT_Face face;
    FILE *file = argc == 3 ? fopen(argv[2], "w") : NULL;
    if (!file || FT_Init_FreeType(&library) != 0 || FT_New_Face(library, argv[1], 0, &face) != 0) {
        (void)fprintf(stderr, "usage: make_font_widths FONT FILE, the one to be read, the other to "
                              "be written\n");
        return EXIT_FAILURE;
    }
    int status = write_rows(face, file);
    (void)FT_Done_Face(face);
    (void)FT_Done_FreeType(library);
    return status;
}
