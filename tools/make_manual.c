/*
 * Writes the manual: wellspring(1), one page for each command, and wellspring-experiment(5), from
 * the tables of the commands and settings and, where it is there, docs/man/<page>.md.
 *
 *   make_manual DIRECTORY DOCS DATE
 *
 * Of Markdown it knows what the pages need: '# ' a section, '- ' an item, four blanks a line as it
 * stands, `code`. Text before the first section goes on with the description.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/preset.h"
#include "command_tables.h"
#include "lab/reproduction.h"

enum { PAGE_LIMIT = 1 << 20 };

struct manual {
    const char *directory;
    const char *docs;
    const char *date;
};
static struct manual manual;

/* Text ------------------------------------------------------------------------------------------*/

/* What roff would take for something else. */
static void put_character(char c)
{
    switch (c) {
    case '\\':
        (void)fputs("\\e", stdout);
        break;
    case '-':
        (void)fputs("\\-", stdout);
        break;
    case '\'':
        (void)fputs("\\(aq", stdout);
        break;
    case '`':
        (void)fputs("\\(ga", stdout);
        break;
    case '^':
        (void)fputs("\\(ha", stdout);
        break;
    case '~':
        (void)fputs("\\(ti", stdout);
        break;
    default:
        (void)putchar(c);
    }
}

/* A line that begins with '.' or '\'' would be a request. */
static void put_text(const char *text, size_t size)
{
    if (size > 0 && (text[0] == '.' || text[0] == '\''))
        (void)fputs("\\&", stdout);
    for (size_t i = 0; i < size; i++)
        put_character(text[i]);
}

static void put(const char *text)
{
    put_text(text, strlen(text));
}

/* `code` in bold. */
static void put_markdown(const char *text, size_t size)
{
    bool code = false;
    if (size > 0 && (text[0] == '.' || text[0] == '\''))
        (void)fputs("\\&", stdout);
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '`') {
            put_character(text[i]);
            continue;
        }
        code = !code;
        (void)fputs(code ? "\\fB" : "\\fR", stdout);
    }
    (void)putchar('\n');
}

static void section(const char *name, size_t size)
{
    (void)fputs(".SH ", stdout);
    for (size_t i = 0; i < size; i++)
        (void)putchar(toupper((unsigned char)name[i]));
    (void)putchar('\n');
}

/* Markdown --------------------------------------------------------------------------------------*/

enum line_kind { LINE_BLANK, LINE_SECTION, LINE_ITEM, LINE_VERBATIM, LINE_TEXT };

static enum line_kind kind_of(const char *line, size_t size)
{
    if (size == 0)
        return LINE_BLANK;
    if (size > 2 && memcmp(line, "# ", 2) == 0)
        return LINE_SECTION;
    if (size > 2 && memcmp(line, "- ", 2) == 0)
        return LINE_ITEM;
    if (size > 4 && memcmp(line, "    ", 4) == 0)
        return LINE_VERBATIM;
    return LINE_TEXT;
}

/* Between a verbatim block's first and last line, roff fills nothing. */
static void change_block(enum line_kind before, enum line_kind kind)
{
    if (before == LINE_VERBATIM && kind != LINE_VERBATIM)
        (void)fputs(".EE\n.RE\n", stdout);
    if (before != LINE_VERBATIM && kind == LINE_VERBATIM)
        (void)fputs(".PP\n.RS 4\n.EX\n", stdout);
}

static void put_markdown_line(const char *line, size_t size, enum line_kind kind, bool paragraph)
{
    switch (kind) {
    case LINE_SECTION:
        section(line + 2, size - 2);
        break;
    case LINE_ITEM:
        (void)fputs(".IP \\(bu 2\n", stdout);
        put_markdown(line + 2, size - 2);
        break;
    case LINE_VERBATIM:
        put_text(line + 4, size - 4);
        (void)putchar('\n');
        break;
    case LINE_TEXT:
        if (paragraph)
            (void)fputs(".PP\n", stdout);
        size_t indent = strspn(line, " ");
        put_markdown(line + indent, size - indent);
        break;
    case LINE_BLANK:
        break;
    }
}

static void put_markdown_text(const char *next, const char *end, bool fresh)
{
    enum line_kind before = LINE_BLANK;
    while (next < end) {
        const char *newline = memchr(next, '\n', (size_t)(end - next));
        size_t size = (size_t)((newline ? newline : end) - next);
        enum line_kind kind = kind_of(next, size);
        change_block(before, kind);
        put_markdown_line(next, size, kind, before == LINE_BLANK && !fresh);
        if (kind != LINE_BLANK)
            fresh = kind == LINE_SECTION;
        before = kind;
        next += size + 1;
    }
    change_block(before, LINE_BLANK);
}

/* A page's own words; a page need not have any. */
struct docs {
    struct ws_arena arena;
    const char *description;
    const char *sections; /* where the description ends */
    const char *end;
};

static void read_docs(const char *page, struct docs *docs)
{
    struct ws_bytes text;
    *docs = (struct docs){.end = NULL};
    ws_arena_init(&docs->arena, NULL);
    const char *path = ws_arena_format(&docs->arena, "%s/%s.md", manual.docs, page);
    if (!path || ws_file_read(path, PAGE_LIMIT, &docs->arena, &text, NULL) != WS_OK)
        return;
    docs->description = (const char *)text.data;
    docs->end = docs->description + text.size;
    const char *section = memmem(text.data, text.size, "\n# ", 3);
    docs->sections = section ? section + 1 : docs->end;
    if (text.size > 2 && memcmp(text.data, "# ", 2) == 0)
        docs->sections = docs->description;
}

/* Pages -----------------------------------------------------------------------------------------*/

static void begin_page(const char *page, int number, const char *summary)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%s.%d", page, number);
    write_to(manual.directory, name);
    (void)fputs(".\\\" Made from the program's tables and docs/man by tools/make_manual.c.\n.TH ",
                stdout);
    for (const char *c = page; *c; c++)
        put_character((char)toupper((unsigned char)*c));
    (void)printf(" %d %s \"wellspring %s\" \"Wellspring\"\n.SH NAME\n", number, manual.date,
                 WS_VERSION);
    put(page);
    (void)fputs(" \\- ", stdout);
    put(summary);
    (void)putchar('\n');
}

static void put_reference(const char *page, int number, const char *self, bool *first)
{
    if (strcmp(page, self) == 0)
        return;
    (void)fputs(*first ? "" : ",\n", stdout);
    *first = false;
    (void)fputs("\\fB", stdout);
    put(page);
    (void)printf("\\fR(%d)", number);
}

/* All other pages. */
static void put_see_also(const char *self)
{
    bool first = true;
    (void)fputs(".SH SEE ALSO\n", stdout);
    put_reference("wellspring", 1, self, &first);
    for (size_t i = 0; i < command_count; i++) {
        char page[80];
        (void)snprintf(page, sizeof page, "wellspring-%s", commands[i].name);
        put_reference(page, 1, self, &first);
    }
    put_reference("wellspring-experiment", 5, self, &first);
    (void)putchar('\n');
}

/* A flag in bold and what its value is called in italics. */
static void put_flag(const struct flag *flag)
{
    (void)fputs(".TP\n", stdout);
    if (flag->letter)
        (void)printf("\\fB\\-%c\\fR, ", flag->letter);
    (void)fputs("\\fB\\-\\-", stdout);
    put(flag->name);
    (void)fputs("\\fR", stdout);
    if (flag->value) {
        (void)fputs(" \\fI", stdout);
        put(flag->value);
        (void)fputs("\\fR", stdout);
    }
    (void)putchar('\n');
    put(flag->help);
    (void)putchar('\n');
}

static void put_option(const struct ws_option *option, bool dashed)
{
    struct ws_buffer help;
    ws_buffer_init(&help, NULL, PAGE_LIMIT);
    ws_option_help(option, &help);
    (void)fputs(".TP\n\\fB", stdout);
    if (dashed) {
        (void)fputs("\\-\\-", stdout);
        for (const char *c = option->name; *c; c++)
            put_character(*c == '_' ? '-' : *c);
    } else {
        put(option->name);
    }
    (void)fputs("\\fR\n", stdout);
    put(ws_buffer_string(&help));
    (void)putchar('\n');
    ws_buffer_release(&help);
}

static void put_table(const struct ws_option_table *table, bool dashed)
{
    (void)fputs(".SS ", stdout);
    put(table->owner);
    (void)putchar('\n');
    for (size_t i = 0; i < table->count; i++)
        put_option(&table->options[i], dashed);
}

static void put_exit_status(void)
{
    section("exit status", strlen("exit status"));
    (void)fputs(".TP\n0\ndone\n.TP\n1\nfailed\n.TP\n2\nthe command line or an experiment is wrong\n"
                ".TP\n3\nwhat was to be checked is not so\n",
                stdout);
}

/* "run FILE|PRESET [options]" after the program's name. */
static void put_synopsis(const char *usage)
{
    size_t name = strcspn(usage, " ");
    (void)fputs(".SH SYNOPSIS\n\\fBwellspring ", stdout);
    put_text(usage, name);
    (void)fputs("\\fR", stdout);
    put(usage + name);
    (void)putchar('\n');
}

/* Lines, and paragraphs where one is empty. */
static void put_about(const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        if (size == 0)
            (void)fputs(text[1] ? ".PP" : "", stdout);
        put_text(text, size);
        if (size > 0 || text[1])
            (void)putchar('\n');
        text += size + (text[size] == '\n');
    }
}

static void put_preset(const char *name, const char *title)
{
    (void)fputs(".TP\n\\fB", stdout);
    put(name);
    (void)fputs("\\fR\n", stdout);
    put(title);
    (void)putchar('\n');
}

static void refuse_preset(const struct ws_error *error)
{
    (void)fprintf(stderr, "make_manual: %s\n", error->message);
    exit(EXIT_FAILED);
}

/* The presets say themselves what they are. */
static void put_presets(void)
{
    (void)fputs(".SH PRESETS\n", stdout);
    for (size_t i = 0; i < preset_count; i++) {
        struct ws_experiment experiment;
        struct ws_error error;
        if (ws_experiment_parse(ws_bytes_of(presets[i].text, presets[i].size), presets[i].name,
                                presets[i].name, NULL, 0, NULL, &experiment, &error) != WS_OK)
            refuse_preset(&error);
        put_preset(presets[i].name, experiment.settings.title);
        ws_experiment_release(&experiment);
    }
}

static void put_reproductions(void)
{
    (void)fputs(".SH PRESETS\n", stdout);
    for (size_t i = 0; i < reproduction_count; i++) {
        struct ws_reproduction reproduction;
        struct ws_error error;
        if (ws_reproduction_parse(ws_bytes_of(reproductions[i].text, reproductions[i].size),
                                  reproductions[i].name, reproductions[i].name, NULL, 0, NULL,
                                  &reproduction, &error) != WS_OK)
            refuse_preset(&error);
        put_preset(reproductions[i].name, reproduction.title);
        ws_reproduction_release(&reproduction);
    }
}

static void put_subcommand(const struct command *command, const struct command_line *line)
{
    (void)fputs(".SS ", stdout);
    put(command->name);
    (void)fputs("\n\\fBwellspring\\fR ", stdout);
    put(line->usage);
    (void)fputs("\n.PP\n", stdout);
    put_about(line->about);
    for (size_t i = 0; i < line->flag_count; i++)
        put_flag(&line->flags[i]);
}

static void write_command_page(const struct command *command, const struct command_line *line)
{
    char page[80];
    struct docs docs;
    (void)snprintf(page, sizeof page, "wellspring-%s", command->name);
    read_docs(page, &docs);
    begin_page(page, 1, command->summary);
    put_synopsis(line->usage);
    (void)fputs(".SH DESCRIPTION\n", stdout);
    put_about(line->about);
    put_markdown_text(docs.description, docs.sections, false);
    (void)fputs(line->subcommand_count > 0 ? ".SH COMMANDS\n" : ".SH OPTIONS\n", stdout);
    visit_subcommands(line, put_subcommand);
    if (line->subcommand_count > 0 && line->flag_count > 0)
        (void)fputs(".SH OPTIONS\n", stdout);
    for (size_t i = 0; i < line->flag_count; i++)
        put_flag(&line->flags[i]);
    if (line->takes_settings)
        put_flag(&(struct flag){.name = "set",
                                .value = "NAME=VALUE",
                                .help = "change a setting of wellspring-experiment(5); also --NAME "
                                        "VALUE"});
    if (line->subcommand_count == 0)
        put_flag(&(struct flag){.name = "help", .help = "a summary of this"});
    for (size_t t = 0; t < line->settings_count; t++)
        put_table(line->settings[t].table, true);
    if (strcmp(command->name, "reproduce") == 0)
        put_reproductions();
    put_markdown_text(docs.sections, docs.end, true);
    ws_arena_release(&docs.arena);
    put_exit_status();
    put_see_also(page);
}

static void write_main_page(void)
{
    struct docs docs;
    read_docs("wellspring", &docs);
    begin_page("wellspring", 1, "measure what training on model output does to a model");
    (void)fputs(".SH SYNOPSIS\n\\fBwellspring\\fR COMMAND [arguments]\n"
                ".br\n\\fBwellspring \\-\\-help\\fR\n.br\n\\fBwellspring \\-\\-version\\fR\n"
                ".SH DESCRIPTION\n",
                stdout);
    put_markdown_text(docs.description, docs.sections, true);
    (void)fputs(".SH COMMANDS\n", stdout);
    for (size_t i = 0; i < command_count; i++) {
        (void)printf(".TP\n\\fBwellspring\\-%s\\fR(1)\n", commands[i].name);
        put(commands[i].summary);
        (void)putchar('\n');
    }
    put_presets();
    put_markdown_text(docs.sections, docs.end, true);
    ws_arena_release(&docs.arena);
    put_exit_status();
    put_see_also("wellspring");
}

static void write_experiment_page(void)
{
    const struct ws_option_table *tables[WS_EXPERIMENT_TABLES_MOST];
    size_t count = ws_experiment_tables(tables);
    struct docs docs;
    read_docs("wellspring-experiment", &docs);
    begin_page("wellspring-experiment", 5, "experiment files and their settings");
    (void)fputs(".SH DESCRIPTION\n", stdout);
    put_markdown_text(docs.description, docs.sections, true);
    (void)fputs(".SH SETTINGS\n", stdout);
    for (size_t i = 0; i < count; i++)
        put_table(tables[i], false);
    put_markdown_text(docs.sections, docs.end, true);
    ws_arena_release(&docs.arena);
    put_see_also("wellspring-experiment");
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: make_manual DIRECTORY DOCS DATE\n");
        return EXIT_USAGE;
    }
    manual = (struct manual){argv[1], argv[2], argv[3]};
    write_main_page();
    write_experiment_page();
    for (size_t i = 0; i < command_count; i++)
        visit_command(&commands[i], write_command_page);
    return finish_output(EXIT_DONE);
}
