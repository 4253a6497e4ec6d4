#include "cli/terminal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CELLS_LEAST = 8, CELLS_MOST = 24 /* of a bar */, LINE_WIDTH = 80 };

bool terminal_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "utf-8");
    }
    return false;
}

void format_duration(double seconds, char *out, size_t size)
{
    uint64_t s = seconds > 0 ? (uint64_t)(seconds + 0.5) : 0;
    if (s >= 3600)
        (void)snprintf(out, size, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        (void)snprintf(out, size, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else
        (void)snprintf(out, size, "%" PRIu64 " s", s);
}

void terminal_init(struct terminal *terminal, bool quiet)
{
    const char *kind = getenv("TERM");
    *terminal = (struct terminal){
        .quiet = quiet,
        .live = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0,
        .utf8 = terminal_is_utf8(),
        .drawn = -1,
    };
}

int terminal_columns(int descriptor)
{
    struct winsize window;
    if (ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
    return 100;
}

static void format_left(const struct terminal_state *state, char *out, size_t size)
{
    if (state->left < 0)
        (void)snprintf(out, size, "...");
    else
        format_duration(state->left, out, size);
}

/* A fifth of the line, so that there is room for words. */
static int bar_cells(int columns)
{
    int cells = columns / 5;
    return cells < CELLS_LEAST ? CELLS_LEAST : cells > CELLS_MOST ? CELLS_MOST : cells;
}

static void draw_bar(const struct terminal *terminal, const struct terminal_state *state)
{
    char left[32], tail[300], bar[CELLS_MOST * 3 + 1];
    format_left(state, left, sizeof left);
    int columns = terminal_columns(STDERR_FILENO), cells = bar_cells(columns);
    int full = (int)(state->share * cells + 0.5);
    size_t at = 0;
    for (int i = 0; i < cells; i++) {
        const char *cell = i < full ? (terminal->utf8 ? "█" : "#") : (terminal->utf8 ? "░" : ".");
        memcpy(bar + at, cell, strlen(cell));
        at += strlen(cell);
    }
    bar[at] = '\0';
    const int room = columns - cells - 1;
    const int size = snprintf(tail, sizeof tail, " %3.0f %%  ETA %s  ", 100 * state->share, left);
    const bool fits = size + width_of(state->bar) <= room || !state->brief;
    (void)snprintf(tail + size, sizeof tail - (size_t)size, "%s", fits ? state->bar : state->brief);
    (void)fprintf(stderr, "\r%s%.*s\033[K", bar, room > 0 ? room : 0, tail);
    (void)fflush(stderr);
}

static unsigned tenth_of(double share)
{
    return (unsigned)(share * 10);
}

/* Whether there is anything to draw or print: steps may be many, and words cost more than they do.
 */
static bool is_due_on_terminal(const struct terminal *terminal, double share, double elapsed)
{
    return !terminal->quiet && terminal->live &&
           (share >= 1 || !terminal->bar_shown || elapsed - terminal->drawn >= 0.1);
}

static bool is_due(const struct terminal *terminal, double share, double elapsed)
{
    return is_due_on_terminal(terminal, share, elapsed) ||
           (!terminal->quiet && !terminal->live && tenth_of(share) > terminal->percent);
}

static void print_line(struct terminal *terminal, const struct terminal_state *state)
{
    unsigned tenth = tenth_of(state->share);
    terminal->percent = tenth;
    char left[32], spent[32];
    format_left(state, left, sizeof left);
    format_duration(state->elapsed, spent, sizeof spent);
    (void)fprintf(stderr, "%3u %% done after %s, %s left, %s\n", tenth * 10, spent,
                  tenth < 10 ? left : "0 s", state->words);
}

void terminal_show(struct terminal *terminal, const struct terminal_state *state)
{
    if (!is_due(terminal, state->share, state->elapsed))
        return;
    if (!terminal->live) {
        print_line(terminal, state);
        return;
    }
    terminal->drawn = state->elapsed;
    terminal->bar_shown = true;
    draw_bar(terminal, state);
}

/* Generations of chains a second or a minute; "" before there is one to speak of. */
static void format_rate(const struct terminal *terminal, const struct ws_progress *p,
                        const char *unit, char *out, size_t size)
{
    double rate = p->elapsed >= 1 ? (double)terminal->steps / p->elapsed : 0;
    out[0] = '\0';
    if (rate >= 1)
        (void)snprintf(out, size, rate < 10 ? "  %.1f%s/s" : "  %.0f%s/s", rate, unit);
    else if (rate > 0)
        (void)snprintf(out, size, "  %.3g%s/min", 60 * rate, unit);
}

/* "seed 3", "seeds 1-64" */
static void format_seeds(const struct ws_progress *p, char *out, size_t size)
{
    if (p->seeds == 1)
        (void)snprintf(out, size, "seed %" PRIu64, p->first_seed);
    else
        (void)snprintf(out, size, "seeds %" PRIu64 "-%" PRIu64, p->first_seed,
                       p->first_seed + p->seeds - 1);
}

/* The rate comes last, where the line has room for it. */
static void print_step(const struct ws_progress *p, const struct terminal_state *state,
                       const char *rate)
{
    char left[32], spent[32], seeds[60], line[400];
    format_left(state, left, sizeof left);
    format_duration(state->elapsed, spent, sizeof spent);
    format_seeds(p, seeds, sizeof seeds);
    (void)snprintf(line, sizeof line,
                   "%3.0f %% after %s, %s left: %zu/%zu chains  %s %s generation %" PRIu32,
                   floor(100 * state->share), spent, p->work_left > 0 ? left : "0 s",
                   p->chains_done, p->chains, p->arm, seeds, p->generation);
    const bool fits = width_of(line) + width_of(rate) <= LINE_WIDTH;
    (void)fprintf(stderr, "%s%s\n", line, fits ? rate : "");
}

void terminal_progress(void *user, const struct ws_progress *progress)
{
    struct terminal *terminal = user;
    const struct ws_progress *p = progress;
    char text[300], brief[300], rate[60], brief_rate[60];
    double total = (double)p->work + (double)p->work_left;
    double share = total > 0 ? (double)p->work / total : 1;
    terminal->steps += p->taken ? p->seeds : 0;
    /* What is all done but for a chain's last file is not yet. */
    if (p->chains_done < p->chains && share > 0.999)
        share = 0.999;
    const bool has_line = !terminal->quiet && !terminal->live && p->taken;
    if (!has_line && !is_due_on_terminal(terminal, share, p->elapsed))
        return;
    bool known = share > 0 && p->elapsed >= 1;
    format_rate(terminal, p, " generations", rate, sizeof rate);
    format_rate(terminal, p, "", brief_rate, sizeof brief_rate);
    (void)snprintf(text, sizeof text, "%zu/%zu chains  %s generation %" PRIu32 "%s", p->chains_done,
                   p->chains, p->arm, p->generation, rate);
    (void)snprintf(brief, sizeof brief, "%zu/%zu%s  %s gen. %" PRIu32, p->chains_done, p->chains,
                   brief_rate, p->arm, p->generation);
    const struct terminal_state state = {.share = share,
                                         .elapsed = p->elapsed,
                                         .left = known ? p->elapsed * (1 - share) / share : -1,
                                         .bar = text,
                                         .words = text,
                                         .brief = brief};
    if (terminal->live)
        terminal_show(terminal, &state);
    else
        print_step(p, &state, brief_rate);
}

void terminal_clear(struct terminal *terminal)
{
    if (terminal->bar_shown)
        (void)fprintf(stderr, "\r\033[K");
    terminal->bar_shown = false;
}

int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xC0) != 0x80;
    return width;
}

void print_right(const char *text, int width)
{
    (void)printf("%*s%s", width > width_of(text) ? width - width_of(text) : 0, "", text);
}

void print_wrapped(const char *text, int indent, int width)
{
    int column = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        char word[256];
        (void)snprintf(word, sizeof word, "%.*s", (int)size, text);
        int wide = width_of(word);
        if (column > 0 && column + 1 + wide > width) {
            (void)putchar('\n');
            column = 0;
        }
        if (column == 0)
            column = printf("%*s", indent, "");
        else
            column += printf(" ");
        (void)fputs(word, stdout);
        column += wide;
        text += size;
        text += strspn(text, " ");
    }
    (void)putchar('\n');
}
