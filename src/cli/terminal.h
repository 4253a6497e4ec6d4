/*
 * Live progress on stderr: one bar that is redrawn on a terminal, plain lines elsewhere.
 */
#ifndef WS_CLI_TERMINAL_H
#define WS_CLI_TERMINAL_H

#include "lab/run.h"

struct terminal {
    bool quiet;
    bool live;        /* stderr is a terminal that can redraw */
    bool utf8;        /* blocks and arrows may be used */
    double drawn;     /* when the bar was drawn last, seconds */
    unsigned percent; /* last whole tenth that was printed as a line */
    bool bar_shown;
    uint64_t steps; /* of a run: generations of chains, in this call */
};

void terminal_init(struct terminal *terminal, bool quiet);
/* Some long work, of which `share` is done after `elapsed` seconds and `left` more are expected
 * (negative: not known). On a terminal `bar` stands behind the bar, at most ten times a second;
 * elsewhere there is a line with `words` at each tenth. */
struct terminal_state {
    double share, elapsed, left;
    const char *bar;
    const char *words;
    const char *brief; /* instead of the bar's, where these have no room; NULL: they are cut */
};
void terminal_show(struct terminal *terminal, const struct terminal_state *state);
/* For struct ws_run_options.progress; `user` is the terminal. Elsewhere than on a terminal a line
 * says that a generation of an arm was taken, of which seeds. */
void terminal_progress(void *user, const struct ws_progress *progress);
void terminal_clear(struct terminal *terminal); /* takes the bar away */

bool terminal_is_utf8(void);
int terminal_columns(int descriptor); /* 100 for what is no terminal */
/* "1 h 05 min", "2 min 10 s", "14 s" */
void format_duration(double seconds, char *out, size_t size);

/* Columns a text takes on it: bytes that continue a UTF-8 character take none. */
int width_of(const char *text);
/* At the right of so many columns, or as wide as it is. */
void print_right(const char *text, int width);
/* Words one after the other, in lines of at most `width` columns that are indented. */
void print_wrapped(const char *text, int indent, int width);

#endif
