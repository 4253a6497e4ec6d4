/*
 * The tables of the program's commands, for what is made of them: the manual and the completions.
 *
 * A command's table lives on its stack and is handed to print_help when it is called with --help;
 * the print_help here hands it on. So no command has to be written down twice.
 */
#ifndef WS_TOOLS_COMMAND_TABLES_H
#define WS_TOOLS_COMMAND_TABLES_H

#include "cli/command.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};
extern const struct command commands[];
extern const size_t command_count;

/* What is done with a command and its table. */
typedef void command_visit(const struct command *command, const struct command_line *line);

void visit_command(const struct command *command, command_visit *visit);

/* Likewise for each of the commands that a command is. */
void visit_subcommands(const struct command_line *line, command_visit *visit);

/* Whether its first argument may be the name of a preset. */
bool takes_preset(const struct command_line *line);

/* Writes the name of a setting as it is typed: '-' for '_'. */
void write_dashed(const char *name);

/* Opens the file for what is written from now on to standard output; ends the program when it
 * cannot. */
void write_to(const char *directory, const char *name);

#endif
