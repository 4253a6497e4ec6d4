/*
 * wellspring theory: the curves of a run beside the closed forms, bounds and limits that are known
 * for them.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/theory_output.h"

struct theory_flags {
    bool json;
    const char *output;
};

static enum ws_status print_theory(const struct ws_theory *theory, const char *directory,
                                   const struct theory_flags *flags, struct ws_error *err)
{
    if (flags->output)
        return theory_write_csv(theory, flags->output, err);
    if (flags->json)
        return theory_print_json(theory, err);
    theory_print(theory);
    begin_command(stdout, "Every generation:");
    print_words("theory");
    print_word(directory);
    print_words("-o theory.csv");
    end_command(NULL);
    return WS_OK;
}

static enum ws_status show(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct theory_flags *flags = context;
    const char *directory = arguments->positional[0];
    struct ws_arena arena;
    struct ws_theory theory;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_theory_read(directory, &arena, &theory, err);
    if (status == WS_OK && theory.count == 0 && theory.left_out)
        status = ws_fail(err, WS_NOT_FOUND, "%s", theory.left_out);
    else if (status == WS_OK && theory.count == 0)
        status = ws_fail(err, WS_NOT_FOUND,
                         "no closed form is known for '%.200s'; there are some of gaussian (normal "
                         "data), discrete, bernoulli, poisson, regression (linear data, with the "
                         "known_variance and, of a fresh design, the design_variance of the data) "
                         "and ngram",
                         directory);
    if (status == WS_OK)
        status = print_theory(&theory, directory, flags, err);
    ws_arena_release(&arena);
    return status;
}

int cmd_theory(int argc, char **argv)
{
    struct theory_flags flags = {.json = false};
    const struct flag table[] = {
        {"json", 0, NULL, "every generation as JSON", &flags.json, NULL},
        {"output", 'o', "FILE", "write every generation as CSV, whole or not at all", NULL,
         &flags.output},
    };
    const struct command_line line = {
        .usage = "theory RUN [options]",
        .about =
            "Holds the curves of the run in directory RUN against the closed forms, bounds and\n"
            "limits that are known for them, and says where they differ and by how much.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which run? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, show, &flags);
}
