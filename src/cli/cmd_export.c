/*
 * wellspring export: a run's metrics as CSV, JSON lines or Parquet.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "lab/export.h"

struct export_flags {
    const char *format;
    const char *output;
    bool summary;
};

/* From --format, or the output's name; CSV where neither says. */
static enum ws_status choose_format(const struct export_flags *flags, enum ws_export_format *out,
                                    struct ws_error *err)
{
    const char *dot = flags->output ? strrchr(flags->output, '.') : NULL;
    const char *format = flags->format ? flags->format : dot ? dot + 1 : "csv";
    if (strcmp(format, "csv") == 0)
        *out = WS_EXPORT_CSV;
    else if (strcmp(format, "jsonl") == 0)
        *out = WS_EXPORT_JSONL;
    else if (strcmp(format, "parquet") == 0)
        *out = WS_EXPORT_PARQUET;
    else
        return ws_fail(err, WS_INVALID, "--format is '%.40s', wanted csv, jsonl or parquet",
                       format);
    return WS_OK;
}

/* Where the rows go: a file that is replaced whole; or standard output, a device, a pipe or what a
 * link points to, which cannot be replaced. */
struct output {
    const char *path; /* NULL: standard output */
    FILE *stream;
    struct ws_file_draft draft;
};

static enum ws_status open_output(struct output *output, const char *path, struct ws_error *err)
{
    *output = (struct output){.path = path, .stream = path ? NULL : stdout};
    output->draft.descriptor = -1;
    if (!path)
        return WS_OK;
    if (can_be_replaced(path))
        return ws_file_draft_open(&output->draft, path, err);
    output->stream = fopen(path, "w");
    return output->stream ? WS_OK : ws_fail_system(err, "write", path);
}

static enum ws_status write_rows(void *user, struct ws_bytes rows, struct ws_error *err)
{
    struct output *output = user;
    if (!output->stream)
        return ws_file_draft_write(&output->draft, rows, output->path, err);
    size_t written = fwrite(rows.data, 1, rows.size, output->stream);
    /* Of standard output main() asks at the end. */
    return written == rows.size || !output->path ? WS_OK
                                                 : ws_fail_system(err, "write", output->path);
}

static enum ws_status tell_lost(void *output, const struct ws_lost_chains *lost,
                                struct ws_error *err)
{
    struct ws_buffer words;
    (void)output;
    ws_buffer_init(&words, NULL, SIZE_MAX);
    ws_lost_chains_append(lost, &words);
    enum ws_status status = ws_buffer_check(&words, "what was left out", err);
    if (status == WS_OK)
        (void)fprintf(stderr, "wellspring: %s\n", ws_buffer_string(&words));
    ws_buffer_release(&words);
    return status;
}

/* Keeps the file if all went well. */
static enum ws_status close_output(struct output *output, enum ws_status status,
                                   struct ws_error *err)
{
    if (output->path && output->stream) {
        bool flushed = fflush(output->stream) == 0;
        if (status == WS_OK && !flushed)
            status = ws_fail_system(err, "write", output->path);
        (void)fclose(output->stream);
    } else if (output->path && status == WS_OK) {
        status = ws_file_draft_keep(&output->draft, output->path, err);
    } else {
        ws_file_draft_drop(&output->draft);
    }
    return status;
}

/* Why there is nothing to export. */
static enum ws_status fail_empty(const char *directory, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_run_description run;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_run_read(directory, &arena, &run, err);
    if (status == WS_OK)
        status = ws_fail(err, WS_NOT_FOUND,
                         "run '%.200s' has no metrics yet: it is not complete; "
                         "'wellspring run' with the same experiment goes on",
                         directory);
    else if (status == WS_NOT_FOUND)
        status = ws_fail(err, WS_NOT_FOUND, "no run in '%.200s'; 'wellspring runs' lists them",
                         directory);
    ws_arena_release(&arena);
    return status;
}

static enum ws_status export_run(void *context, const struct arguments *arguments,
                                 struct ws_error *err)
{
    const struct export_flags *flags = context;
    const char *directory = arguments->positional[0];
    enum ws_export_format format;
    WS_TRY(choose_format(flags, &format, err));
    struct output output;
    const struct ws_export_target target = {write_rows, &output, tell_lost};
    WS_TRY(open_output(&output, flags->output, err));
    enum ws_status status = flags->summary
                                ? ws_export_summary(directory, format, NULL, &target, err)
                                : ws_export_records(directory, format, NULL, &target, err);
    if (status == WS_NOT_FOUND)
        status = fail_empty(directory, err);
    return close_output(&output, status, err);
}

int cmd_export(int argc, char **argv)
{
    struct export_flags flags = {0};
    const struct flag table[] = {
        {"format", 'f', "csv|jsonl|parquet", "default: by the name of the output, else csv", NULL,
         &flags.format},
        {"output", 'o', "FILE", "write there, whole or not at all (default: standard output)", NULL,
         &flags.output},
        {"summary", 's', NULL, "median, quantiles and mean over seeds", &flags.summary, NULL},
    };
    const struct command_line line = {
        .usage = "export RUN [options]",
        .about = "Writes every metric record of the run in directory RUN, one row each.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which run? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, export_run, &flags);
}
