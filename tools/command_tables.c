#include "command_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command commands[] = {
#define X(name, summary) {#name, summary, cmd_##name},
    WS_COMMANDS(X)
#undef X
};
const size_t command_count = sizeof commands / sizeof *commands;

/* The visit that is under way. */
static struct {
    const struct command *command;
    command_visit *visit;
} current;

void print_help(const struct command_line *line)
{
    current.visit(current.command, line);
}

void visit_command(const struct command *command, command_visit *visit)
{
    char name[32], help[] = "--help";
    char *arguments[] = {name, help, NULL};
    (void)snprintf(name, sizeof name, "%s", command->name);
    current.command = command;
    current.visit = visit;
    if (command->run(2, arguments) != EXIT_DONE)
        exit(EXIT_FAILED);
}

void visit_subcommands(const struct command_line *line, command_visit *visit)
{
    for (size_t i = 0; i < line->subcommand_count; i++) {
        const struct subcommand *sub = &line->subcommands[i];
        visit_command(&(struct command){sub->name, sub->summary, sub->run}, visit);
    }
}

bool takes_preset(const struct command_line *line)
{
    return strstr(line->usage, "PRESET") != NULL;
}

void write_dashed(const char *name)
{
    for (; *name; name++)
        (void)putchar(*name == '_' ? '-' : *name);
}

void write_to(const char *directory, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    if (!freopen(path, "w", stdout)) {
        (void)fprintf(stderr, "cannot write '%s'\n", path);
        exit(EXIT_FAILED);
    }
}
