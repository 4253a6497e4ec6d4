/*
 * Writes what bash, zsh and fish need to complete the program's command lines, from its tables.
 *
 *   make_completions DIRECTORY
 *
 * In each shell: commands; a command's options; presets, or files; after --set the names of
 * settings, and their values where there are few.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/preset.h"
#include "command_tables.h"

static const char made_from[] = "# Made from the program's tables by tools/make_completions.c.\n";

/* Single quotes, which all three shells take. `in_quotes`: how one stands inside. */
static void put_quoted(const char *text, const char *in_quotes)
{
    (void)putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs(in_quotes, stdout);
        else
            (void)putchar(*text);
    (void)putchar('\'');
}

static void put_presets(void)
{
    for (size_t i = 0; i < preset_count; i++)
        (void)printf("%s%s", i > 0 ? " " : "", presets[i].name);
}

static void put_reproductions(void)
{
    (void)fputs("all", stdout);
    for (size_t i = 0; i < reproduction_count; i++)
        (void)printf(" %s", reproductions[i].name);
}

static bool reproduces(const struct command *command)
{
    return strcmp(command->name, "reproduce") == 0;
}

/* Those that the command takes. */
static void put_presets_of(const struct command *command)
{
    if (reproduces(command))
        put_reproductions();
    else
        put_presets();
}

/* The values of a setting, or nothing when there are many. */
static void put_values(const struct ws_option *option)
{
    if (option->type == WS_OPTION_FLAG)
        (void)fputs("true false", stdout);
    else if (option->type == WS_OPTION_CHOICE)
        for (const char *c = option->choices; *c; c++)
            (void)putchar(*c == '|' ? ' ' : *c);
    else if (strcmp(option->name, "family") == 0)
        for (size_t i = 0; i < ws_family_count; i++)
            (void)printf("%s%s", i > 0 ? " " : "", ws_families[i]->name);
}

static bool has_values(const struct ws_option *option)
{
    return option->type == WS_OPTION_FLAG || option->type == WS_OPTION_CHOICE ||
           strcmp(option->name, "family") == 0;
}

/* Calls `put` for every setting of experiments, each name once: families share some. */
static void each_setting(void (*put)(const struct ws_option *option))
{
    const struct ws_option_table *tables[WS_EXPERIMENT_TABLES_MOST];
    size_t count = ws_experiment_tables(tables);
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t]->count; i++) {
            bool again = false;
            for (size_t before = 0; before < t && !again; before++)
                again = ws_option_find(tables[before], tables[t]->options[i].name) != NULL;
            if (!again)
                put(&tables[t]->options[i]);
        }
}

/* bash ------------------------------------------------------------------------------------------*/

static void put_bash_name(const struct ws_option *option)
{
    (void)printf(" %s=", option->name);
}

static void put_bash_values(const struct ws_option *option)
{
    if (!has_values(option))
        return;
    (void)printf("    %s) echo '", option->name);
    put_values(option);
    (void)fputs("' ;;\n", stdout);
}

static void put_bash_options(const struct command_line *line)
{
    (void)fputs("options='--help", stdout);
    for (size_t i = 0; i < line->flag_count; i++)
        (void)printf(" --%s", line->flags[i].name);
    if (line->takes_settings)
        (void)fputs(" --set", stdout);
    for (size_t t = 0; t < line->settings_count; t++)
        for (size_t i = 0; i < line->settings[t].table->count; i++) {
            (void)fputs(" --", stdout);
            write_dashed(line->settings[t].table->options[i].name);
        }
    (void)fputs("'", stdout);
}

static void put_subcommand_names(const struct command_line *line)
{
    for (size_t i = 0; i < line->subcommand_count; i++)
        (void)printf("%s%s", i > 0 ? " " : "", line->subcommands[i].name);
}

static void put_bash_subcommand(const struct command *command, const struct command_line *line)
{
    (void)printf("        %s) ", command->name);
    put_bash_options(line);
    (void)fputs(" ;;\n", stdout);
}

static void put_bash_subcommands(const struct command_line *line)
{
    (void)fputs("        if [ \"$COMP_CWORD\" = 2 ]; then words='", stdout);
    put_subcommand_names(line);
    (void)fputs("'; fi\n        case ${COMP_WORDS[2]} in\n", stdout);
    visit_subcommands(line, put_bash_subcommand);
    (void)fputs("        esac\n", stdout);
}

static void put_bash_command(const struct command *command, const struct command_line *line)
{
    (void)printf("    %s)\n        ", command->name);
    put_bash_options(line);
    (void)fputs("\n", stdout);
    if (line->subcommand_count > 0)
        put_bash_subcommands(line);
    if (takes_preset(line)) {
        (void)fputs("        words='", stdout);
        put_presets_of(command);
        (void)fputs("'\n", stdout);
    }
    (void)fputs("        ;;\n", stdout);
}

static void write_bash(const char *directory)
{
    write_to(directory, "wellspring.bash");
    (void)printf("# shellcheck shell=bash disable=SC2207 # no word has a blank\n%s\n", made_from);
    (void)fputs("_wellspring_values() {\n    case $1 in\n", stdout);
    each_setting(put_bash_values);
    (void)fputs("    esac\n}\n\n"
                "_wellspring() {\n"
                "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                "    local options= words= name=\n"
                "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
                "        COMPREPLY=($(compgen -W '--help --version",
                stdout);
    for (size_t i = 0; i < command_count; i++)
        (void)printf(" %s", commands[i].name);
    (void)fputs("' -- \"$current\"))\n        return\n    fi\n"
                "    # bash makes name, = and value three words.\n"
                "    if [ \"$current\" = = ]; then\n"
                "        name=$before current=\n"
                "    elif [ \"$before\" = = ]; then\n"
                "        name=${COMP_WORDS[COMP_CWORD - 2]}\n"
                "    fi\n"
                "    if [ -n \"$name\" ]; then\n"
                "        COMPREPLY=($(compgen -W \"$(_wellspring_values \"$name\")\" -- "
                "\"$current\"))\n"
                "        [ \"${#COMPREPLY[@]}\" != 0 ] || COMPREPLY=($(compgen -f -- "
                "\"$current\"))\n"
                "        return\n    fi\n"
                "    if [ \"$before\" = --set ]; then\n"
                "        compopt -o nospace\n"
                "        COMPREPLY=($(compgen -W '",
                stdout);
    each_setting(put_bash_name);
    (void)fputs("' -- \"$current\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n",
                stdout);
    for (size_t i = 0; i < command_count; i++)
        visit_command(&commands[i], put_bash_command);
    (void)fputs("    esac\n"
                "    case $current in\n"
                "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
                "    *)\n        compopt -o filenames\n"
                "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\")"
                " $(compgen -f -- \"$current\"))\n        ;;\n"
                "    esac\n}\n\ncomplete -F _wellspring wellspring\n",
                stdout);
}

/* zsh -------------------------------------------------------------------------------------------*/

/* In the help of an option brackets and colons mean something. */
static void put_zsh_help(const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            (void)printf("\\%c", *text);
        else
            (void)putchar(*text);
}

static void put_zsh_values(const struct ws_option *option)
{
    if (!has_values(option))
        return;
    (void)printf("        %s) compadd ", option->name);
    put_values(option);
    (void)fputs(" ;;\n", stdout);
}

static void put_zsh_name(const struct ws_option *option)
{
    (void)printf(" %s", option->name);
}

/* '(-o --output)'{-o,--output}'[help]:DIR:_files' */
static void put_zsh_flag(const struct flag *flag)
{
    (void)fputs(" \\\n            ", stdout);
    if (flag->letter)
        (void)printf("'(-%c --%s)'{-%c,--%s}", flag->letter, flag->name, flag->letter, flag->name);
    else
        (void)printf("--%s", flag->name);
    (void)fputs("'[", stdout);
    put_zsh_help(flag->help);
    (void)fputs(flag->value ? "]:" : "]", stdout);
    if (flag->value) {
        put_zsh_help(flag->value);
        (void)fputs(":_files", stdout);
    }
    (void)putchar('\'');
}

static void put_zsh_option(const struct ws_option *option)
{
    (void)fputs(" \\\n            --", stdout);
    write_dashed(option->name);
    (void)fputs("'[", stdout);
    put_zsh_help(option->help);
    (void)fputs(has_values(option) ? "]:value:(" : "]:value:_files", stdout);
    if (has_values(option)) {
        put_values(option);
        (void)putchar(')');
    }
    (void)putchar('\'');
}

static void put_zsh_command(const struct command *command, const struct command_line *line);

static void put_zsh_subcommands(const struct command *command, const struct command_line *line)
{
    (void)printf("    %s)\n        _arguments -C '(- *)--help[a summary]' '1:command:(",
                 command->name);
    put_subcommand_names(line);
    (void)fputs(")' \\\n            '*::argument:->argument'\n    case $words[1] in\n", stdout);
    visit_subcommands(line, put_zsh_command);
    (void)fputs("    esac\n        ;;\n", stdout);
}

static void put_zsh_command(const struct command *command, const struct command_line *line)
{
    if (line->subcommand_count > 0 && line->flag_count == 0) {
        put_zsh_subcommands(command, line);
        return;
    }
    (void)printf("    %s)\n        _arguments '--help[a summary]'", command->name);
    for (size_t i = 0; i < line->flag_count; i++)
        put_zsh_flag(&line->flags[i]);
    if (line->takes_settings)
        (void)fputs(" \\\n            '*--set[change a setting]:setting:_wellspring_setting'",
                    stdout);
    for (size_t t = 0; t < line->settings_count; t++)
        for (size_t i = 0; i < line->settings[t].table->count; i++)
            put_zsh_option(&line->settings[t].table->options[i]);
    if (takes_preset(line))
        (void)printf(" \\\n            '%s:experiment:_wellspring_%s'",
                     reproduces(command) ? "*" : "1",
                     reproduces(command) ? "reproduction" : "experiment");
    if (!reproduces(command))
        (void)fputs(" \\\n            '*:file:_files'", stdout);
    (void)fputs("\n        ;;\n", stdout);
}

static void write_zsh(const char *directory)
{
    write_to(directory, "_wellspring");
    (void)printf("#compdef wellspring\n%s\n", made_from);
    (void)fputs("_wellspring_setting() {\n    if compset -P 1 '*='; then\n"
                "        case ${IPREFIX%=} in\n",
                stdout);
    each_setting(put_zsh_values);
    (void)fputs("        *) _files ;;\n        esac\n    else\n        compadd -S =", stdout);
    each_setting(put_zsh_name);
    (void)fputs("\n    fi\n}\n\n_wellspring_experiment() {\n"
                "    _alternative 'presets:preset:(",
                stdout);
    put_presets();
    (void)fputs(")' 'files:file:_files'\n}\n\n_wellspring_reproduction() {\n"
                "    _alternative 'presets:preset:(",
                stdout);
    put_reproductions();
    (void)fputs(")' 'files:file:_files'\n}\n\n_wellspring() {\n    local curcontext=$curcontext "
                "state line\n"
                "    _arguments -C '(- *)--help[a summary]' '(- *)--version[the version]' \\\n"
                "        '1:command:->command' '*::argument:->argument'\n"
                "    case $state in\n    command)\n        local -a commands=(",
                stdout);
    for (size_t i = 0; i < command_count; i++) {
        (void)printf("\n            '%s:", commands[i].name);
        put_zsh_help(commands[i].summary);
        (void)putchar('\'');
    }
    (void)fputs(")\n        _describe command commands\n        return\n        ;;\n    esac\n"
                "    case $words[1] in\n",
                stdout);
    for (size_t i = 0; i < command_count; i++)
        visit_command(&commands[i], put_zsh_command);
    (void)fputs("    esac\n}\n\n_wellspring \"$@\"\n", stdout);
}

/* fish ------------------------------------------------------------------------------------------*/

/* `words`: with which the command line begins. */
static void begin_fish(const char *words)
{
    (void)printf("complete -c wellspring -n '__wellspring_begins %s'", words);
}

static void put_fish_help(const char *help)
{
    (void)fputs(" -d ", stdout);
    put_quoted(help, "\\'");
    (void)putchar('\n');
}

/* name= for those of many values, name=value for the others. */
static void put_fish_setting(const struct ws_option *option)
{
    if (!has_values(option)) {
        (void)printf(" %s=", option->name);
        return;
    }
    (void)printf(" %s={", option->name);
    if (option->type == WS_OPTION_FLAG)
        (void)fputs("true,false", stdout);
    else if (option->type == WS_OPTION_CHOICE)
        for (const char *c = option->choices; *c; c++)
            (void)putchar(*c == '|' ? ',' : *c);
    else
        for (size_t i = 0; i < ws_family_count; i++)
            (void)printf("%s%s", i > 0 ? "," : "", ws_families[i]->name);
    (void)putchar('}');
}

static void put_fish_flag(const char *words, const struct flag *flag)
{
    begin_fish(words);
    (void)printf(" -l %s", flag->name);
    if (flag->letter)
        (void)printf(" -s %c", flag->letter);
    if (flag->value)
        (void)fputs(" -r", stdout);
    put_fish_help(flag->help);
}

static void put_fish_option(const char *words, const struct ws_option *option)
{
    begin_fish(words);
    (void)fputs(" -l ", stdout);
    write_dashed(option->name);
    (void)fputs(has_values(option) ? " -x -a '" : " -r", stdout);
    if (has_values(option)) {
        put_values(option);
        (void)putchar('\'');
    }
    put_fish_help(option->help);
}

/* Offered as the second word alone. */
static const struct command *fish_outer;
static void put_fish_subcommand(const struct command *command, const struct command_line *line)
{
    char both[80];
    (void)printf("complete -c wellspring -n '__wellspring_is %s' -a %s", fish_outer->name,
                 command->name);
    put_fish_help(command->summary);
    (void)snprintf(both, sizeof both, "%s %s", fish_outer->name, command->name);
    for (size_t i = 0; i < line->flag_count; i++)
        put_fish_flag(both, &line->flags[i]);
}

static void put_fish_command(const struct command *command, const struct command_line *line)
{
    fish_outer = command;
    visit_subcommands(line, put_fish_subcommand);
    (void)printf("complete -c wellspring -n __wellspring_is -f -a %s", command->name);
    put_fish_help(command->summary);
    for (size_t i = 0; i < line->flag_count; i++)
        put_fish_flag(command->name, &line->flags[i]);
    if (line->takes_settings) {
        begin_fish(command->name);
        (void)fputs(" -l set -x -a '", stdout);
        each_setting(put_fish_setting);
        (void)putchar('\'');
        put_fish_help("change a setting");
    }
    for (size_t t = 0; t < line->settings_count; t++)
        for (size_t i = 0; i < line->settings[t].table->count; i++)
            put_fish_option(command->name, &line->settings[t].table->options[i]);
    if (takes_preset(line)) {
        begin_fish(command->name);
        (void)fputs(" -a '", stdout);
        put_presets_of(command);
        (void)putchar('\'');
        put_fish_help("preset");
    }
}

static void write_fish(const char *directory)
{
    write_to(directory, "wellspring.fish");
    (void)fputs(made_from, stdout);
    (void)fputs("\n# The words before the one that is completed, each with a blank behind it.\n"
                "function __wellspring_words\n"
                "    set -l words (commandline -opc)\n"
                "    set -e words[1]\n"
                "    echo \"$words \"\n"
                "end\n"
                "function __wellspring_is\n"
                "    test (__wellspring_words) = \"$argv \"\n"
                "end\n"
                "function __wellspring_begins\n"
                "    string match -q -- \"$argv *\" (__wellspring_words)\n"
                "end\n\n"
                "complete -c wellspring -l help -d 'a summary'\n"
                "complete -c wellspring -n __wellspring_is -f -l version -d 'the version'\n",
                stdout);
    for (size_t i = 0; i < command_count; i++)
        visit_command(&commands[i], put_fish_command);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_completions DIRECTORY\n");
        return EXIT_USAGE;
    }
    write_bash(argv[1]);
    write_zsh(argv[1]);
    write_fish(argv[1]);
    return finish_output(EXIT_DONE);
}
