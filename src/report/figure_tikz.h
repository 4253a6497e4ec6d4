/*
 * The same figure for LaTeX: a tikzpicture with a pgfplots axis for each panel, laid out as in the
 * other formats and set in the document's font. Title and caption are comments, for \caption. Its
 * head says which packages it wants. What people wrote is escaped.
 */
#ifndef WS_REPORT_FIGURE_TIKZ_H
#define WS_REPORT_FIGURE_TIKZ_H

#include "report/figure_layout.h"

void ws_figure_write_tikz(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                          struct ws_buffer *out);

/* `text` as LaTeX prints it, appended, in one line. */
void ws_tex_escape(const char *text, struct ws_buffer *out);

#endif
