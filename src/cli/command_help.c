/*
 * What --help prints. In a file of its own because the manual and the completions are made of the
 * same tables: tools/command_tables.c takes its place there.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static void print_flag(const struct flag *flag)
{
    char left[40];
    (void)snprintf(left, sizeof left, "%s%c%s--%s%s%s", flag->letter ? "-" : " ",
                   flag->letter ? flag->letter : ' ', flag->letter ? ", " : "  ", flag->name,
                   flag->value ? " " : "", flag->value ? flag->value : "");
    (void)printf("  %-28s %s\n", left, flag->help);
}

static void print_subcommands(const struct command_line *line)
{
    const int size = (int)strcspn(line->usage, " ");
    (void)printf("\n");
    for (size_t i = 0; i < line->subcommand_count; i++)
        (void)printf("  %-9s %s\n", line->subcommands[i].name, line->subcommands[i].summary);
    (void)printf("\n'wellspring %.*s COMMAND --help' says more.\n", size, line->usage);
}

void print_help(const struct command_line *line)
{
    (void)printf("usage: wellspring %s\n\n%s\n", line->usage, line->about);
    if (line->subcommand_count > 0)
        print_subcommands(line);
    if (line->subcommand_count > 0 && line->flag_count == 0)
        return;
    (void)printf("\noptions:\n");
    for (size_t i = 0; i < line->flag_count; i++)
        print_flag(&line->flags[i]);
    if (line->takes_settings)
        print_flag(&(struct flag){
            .name = "set", .value = "NAME=VALUE", .help = "change a setting; also --NAME VALUE"});
    if (line->settings_count > 0)
        print_flag(&(struct flag){
            .name = "NAME", .value = "VALUE", .help = "change a setting, one of those below"});
    print_flag(&(struct flag){.name = "help", .help = "this text"});
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, 1 << 20);
    for (size_t t = 0; t < line->settings_count; t++) {
        ws_buffer_text(&text, "\n");
        ws_options_help(line->settings[t].table, &text);
    }
    if (line->takes_settings) {
        ws_buffer_text(&text, "\n");
        ws_experiment_help(&text);
    }
    (void)printf("%s", ws_buffer_string(&text));
    ws_buffer_release(&text);
}
