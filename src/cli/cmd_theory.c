/*
 * wellspring theory: the curves of a run beside the closed forms that are known for them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/command.h"
#include "lab/theory.h"

static const char *verdict_of(const struct ws_theory_row *row)
{
    return !row->is_known ? "too few" : row->agrees ? "agrees" : "differs";
}

/* The last generation of each curve, and how many of the others agree. */
static void print_curve(const struct ws_theory_row *rows, size_t count)
{
    const struct ws_theory_row *last = &rows[count - 1];
    size_t agree = 0;
    for (size_t i = 0; i < count; i++)
        agree += rows[i].agrees;
    (void)printf("%s, %s: %s\n", last->arm, last->metric, last->form);
    (void)printf("  generation %" PRIu32 ": measured %.4g, standard error %.2g; expected %.4g; %s",
                 last->generation, last->mean, last->standard_error, last->expected,
                 verdict_of(last));
    if (last->is_known && last->standard_error > 0)
        (void)printf(" by %+.3g, %.1f standard errors", last->mean - last->expected,
                     (last->mean - last->expected) / last->standard_error);
    (void)printf("\n  %zu of %zu generations agree within 4 standard errors\n", agree, count);
}

static size_t length_of_curve(const struct ws_theory *theory, size_t from)
{
    size_t end = from;
    while (end < theory->count && strcmp(theory->rows[end].arm, theory->rows[from].arm) == 0 &&
           strcmp(theory->rows[end].metric, theory->rows[from].metric) == 0)
        end++;
    return end - from;
}

static void add_number(struct ws_buffer *out, double value)
{
    char text[WS_REAL_TEXT_SIZE];
    ws_real_text(value, text);
    ws_buffer_format(out, ",%s", text);
}

static enum ws_status write_csv(const struct ws_theory *theory, const char *path,
                                struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text,
                   "arm,metric,form,generation,seeds,mean,standard_error,expected,verdict\n");
    for (size_t i = 0; i < theory->count; i++) {
        const struct ws_theory_row *row = &theory->rows[i];
        ws_buffer_format(&text, "%s,%s,%s,%" PRIu32 ",%zu", row->arm, row->metric, row->form,
                         row->generation, row->seeds);
        add_number(&text, row->mean);
        add_number(&text, row->standard_error);
        add_number(&text, row->expected);
        ws_buffer_format(&text, ",%s\n", verdict_of(row));
    }
    enum ws_status status = ws_buffer_check(&text, "the theory", err);
    if (status == WS_OK)
        status = ws_file_replace(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

static enum ws_status show(const char *directory, const char *output, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_theory theory;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_theory_read(directory, &arena, &theory, err);
    if (status == WS_OK && output)
        status = write_csv(&theory, output, err);
    for (size_t i = 0; status == WS_OK && !output && i < theory.count;) {
        size_t length = length_of_curve(&theory, i);
        print_curve(&theory.rows[i], length);
        i += length;
    }
    ws_arena_release(&arena);
    return status;
}

int cmd_theory(int argc, char **argv)
{
    const char *output = NULL;
    const struct flag table[] = {
        {"output", 'o', "FILE", "write every generation as CSV, whole or not at all", NULL,
         &output},
    };
    const struct command_line line = {
        .usage = "theory RUN [options]",
        .about = "Holds the curves of the run in directory RUN against the closed forms that are\n"
                 "known for them, and says where they differ and by how much.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(&line);
    else if (status == WS_OK && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "theory: which run? 'wellspring runs' lists them");
    else if (status == WS_OK)
        status = show(arguments.positional[0], output, &error);
    ws_arena_release(&arguments.arena);
    return status == WS_OK ? finish_output(EXIT_DONE) : report(status, &error);
}
