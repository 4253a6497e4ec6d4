#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/installed.h"
#include "cli/preset.h"
#include "cli/terminal.h"
#include "lab/experiment_file.h"

enum { MOST_EXPERIMENTS = 16 };

/* Experiments that follow each other, and what they were asked for as. */
struct experiment_chain {
    struct ws_experiment experiments[MOST_EXPERIMENTS];
    const char *names[MOST_EXPERIMENTS];
    size_t count;
};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "the command line");
}

/* Arguments ------------------------------------------------------------------------------------ */

static const struct flag *find_flag(const struct command_line *line, const char *name, size_t size)
{
    for (size_t i = 0; i < line->flag_count; i++)
        if (strlen(line->flags[i].name) == size && memcmp(line->flags[i].name, name, size) == 0)
            return &line->flags[i];
    return NULL;
}

static const struct flag *find_letter(const struct command_line *line, char letter)
{
    for (size_t i = 0; i < line->flag_count; i++)
        if (line->flags[i].letter == letter)
            return &line->flags[i];
    return NULL;
}

static enum ws_status add_override(struct arguments *arguments, const char *text,
                                   struct ws_error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return ws_fail(err, WS_INVALID, "--set: '%.80s' is not of the form name=value", text);
    char *name = ws_arena_text(&arguments->arena, text);
    if (!name)
        return no_memory(err);
    name[equals - text] = '\0';
    arguments->overrides[arguments->override_count++] = (struct ws_override){name, equals + 1};
    return WS_OK;
}

/* A setting's name as it is typed. */
static const char *dashed(struct ws_arena *arena, const char *name)
{
    char *copy = ws_arena_text(arena, name);
    for (char *c = copy; c && *c; c++)
        if (*c == '_')
            *c = '-';
    return copy ? copy : name;
}

static const char *nearest_flag(const struct command_line *line, const char *name,
                                struct ws_arena *arena)
{
    size_t most = 2 + line->flag_count;
    for (size_t t = 0; t < line->settings_count; t++)
        most += line->settings[t].table->count;
    const char **names = WS_ARENA_NEW(arena, const char *, most);
    if (!names)
        return NULL;
    size_t count = 0;
    names[count++] = "help";
    if (line->takes_settings)
        names[count++] = "set";
    for (size_t i = 0; i < line->flag_count; i++)
        names[count++] = line->flags[i].name;
    for (size_t t = 0; t < line->settings_count; t++)
        for (size_t i = 0; i < line->settings[t].table->count; i++)
            names[count++] = dashed(arena, line->settings[t].table->options[i].name);
    const char *nearest = ws_nearest_name(name, names, count);
    if (!nearest && line->takes_settings)
        nearest = ws_experiment_nearest_setting(name);
    return nearest;
}

static enum ws_status unknown_flag(const struct command_line *line, const char *argument,
                                   struct ws_arena *arena, struct ws_error *err)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    const char *nearest = nearest_flag(line, name, arena);
    if (nearest)
        return ws_fail(err, WS_INVALID, "unknown option '%.80s'; did you mean '--%s'?", argument,
                       nearest);
    return ws_fail(err, WS_INVALID, "unknown option '%.80s'; --help lists them", argument);
}

/* A cursor over argv. */
struct cursor {
    int next, count;
    char **items;
};

static enum ws_status take_value(struct cursor *cursor, const char *option, const char *attached,
                                 const char **out, struct ws_error *err)
{
    if (attached) {
        *out = attached;
        return WS_OK;
    }
    if (cursor->next == cursor->count)
        return ws_fail(err, WS_INVALID, "option '%.80s' wants a value", option);
    *out = cursor->items[cursor->next++];
    return WS_OK;
}

/* "learning-rate", cut from an argument, as the setting's name. */
static char *setting_name(struct ws_arena *arena, const char *argument, size_t size)
{
    char *name = ws_arena_format(arena, "%.*s", (int)size, argument + 2);
    for (char *c = name; c && *c; c++)
        if (*c == '-')
            *c = '_';
    return name;
}

/* --learning-rate 0.1 sets learning_rate=0.1, when experiments have such a setting. */
static enum ws_status take_setting(struct cursor *cursor, struct arguments *arguments,
                                   const char *argument, size_t size, const char *attached,
                                   bool *found, struct ws_error *err)
{
    const char *name = setting_name(&arguments->arena, argument, size);
    if (!name)
        return no_memory(err);
    *found = ws_experiment_has_setting(name);
    if (!*found)
        return WS_OK;
    const char *value;
    WS_TRY(take_value(cursor, argument, attached, &value, err));
    arguments->overrides[arguments->override_count++] = (struct ws_override){name, value};
    return WS_OK;
}

/* A flag that is named alone is set. */
static enum ws_status take_option_value(struct cursor *cursor, const struct ws_option *option,
                                        const char *argument, const char *attached,
                                        const char **out, struct ws_error *err)
{
    const char *next = cursor->next < cursor->count ? cursor->items[cursor->next] : "";
    bool told = attached || strcmp(next, "true") == 0 || strcmp(next, "false") == 0;
    if (option->type != WS_OPTION_FLAG || told)
        return take_value(cursor, argument, attached, out, err);
    *out = "true";
    return WS_OK;
}

/* The same for the command's own tables. */
static enum ws_status take_option(const struct command_line *line, struct cursor *cursor,
                                  struct arguments *arguments, const char *argument, size_t size,
                                  const char *attached, bool *found, struct ws_error *err)
{
    const char *name = setting_name(&arguments->arena, argument, size);
    if (!name)
        return no_memory(err);
    for (size_t t = 0; t < line->settings_count; t++) {
        const struct ws_option *option = ws_option_find(line->settings[t].table, name);
        if (!option)
            continue;
        const char *value;
        *found = true;
        WS_TRY(take_option_value(cursor, option, argument, attached, &value, err));
        arguments->given[arguments->given_count++] = option;
        return ws_option_set(option, line->settings[t].settings, value, argument, &arguments->arena,
                             err);
    }
    return WS_OK;
}

static enum ws_status take_flag(struct cursor *cursor, const struct flag *flag,
                                const char *argument, const char *attached, struct ws_error *err)
{
    if (flag->value)
        return take_value(cursor, argument, attached, flag->text, err);
    if (attached)
        return ws_fail(err, WS_INVALID, "option '--%s' takes no value", flag->name);
    *flag->set = true;
    return WS_OK;
}

static enum ws_status take_long(const struct command_line *line, struct cursor *cursor,
                                struct arguments *arguments, const char *argument,
                                struct ws_error *err)
{
    size_t size = strcspn(argument + 2, "=");
    const char *attached = argument[2 + size] ? argument + 2 + size + 1 : NULL;
    const struct flag *flag = find_flag(line, argument + 2, size);
    if (flag)
        return take_flag(cursor, flag, argument, attached, err);
    if (strcmp(argument, "--help") == 0) {
        arguments->help = true;
        return WS_OK;
    }
    if (line->takes_settings && size == 3 && memcmp(argument + 2, "set", 3) == 0) {
        const char *value;
        WS_TRY(take_value(cursor, argument, attached, &value, err));
        return add_override(arguments, value, err);
    }
    bool found = false;
    if (line->takes_settings)
        WS_TRY(take_setting(cursor, arguments, argument, size, attached, &found, err));
    if (!found)
        WS_TRY(take_option(line, cursor, arguments, argument, size, attached, &found, err));
    return found ? WS_OK : unknown_flag(line, argument, &arguments->arena, err);
}

static enum ws_status take_argument(const struct command_line *line, struct cursor *cursor,
                                    struct arguments *arguments, struct ws_error *err)
{
    const char *argument = cursor->items[cursor->next++];
    if (argument[0] == '-' && argument[1] == '-' && argument[2] != '\0')
        return take_long(line, cursor, arguments, argument, err);
    if (argument[0] == '-' && argument[1] != '\0') {
        const struct flag *flag = find_letter(line, argument[1]);
        if (!flag)
            return ws_fail(err, WS_INVALID, "unknown option '%.80s'; --help lists them", argument);
        return take_flag(cursor, flag, argument, argument[2] ? argument + 2 : NULL, err);
    }
    if (arguments->positional_count == line->positional_most)
        return ws_fail(err, WS_INVALID, "unexpected argument '%.80s'", argument);
    arguments->positional[arguments->positional_count++] = argument;
    return WS_OK;
}

enum ws_status arguments_parse(const struct command_line *line, int argc, char **argv,
                               struct arguments *out, struct ws_error *err)
{
    *out = (struct arguments){0};
    ws_arena_init(&out->arena, NULL);
    out->positional = WS_ARENA_NEW(&out->arena, const char *, (size_t)argc + 1);
    out->overrides = WS_ARENA_NEW(&out->arena, struct ws_override, (size_t)argc + 1);
    out->given = WS_ARENA_NEW(&out->arena, const struct ws_option *, (size_t)argc + 1);
    if (!out->positional || !out->overrides || !out->given)
        return no_memory(err);
    for (size_t t = 0; t < line->settings_count; t++)
        WS_TRY(ws_options_defaults(line->settings[t].table, line->settings[t].settings, &out->arena,
                                   err));
    struct cursor cursor = {1, argc, argv};
    while (cursor.next < cursor.count)
        WS_TRY(take_argument(line, &cursor, out, err));
    return WS_OK;
}

int command_of_one(const struct command_line *line, int argc, char **argv, command_work *work,
                   void *context)
{
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(line);
    else if (status == WS_OK && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "%.*s: %s", (int)strcspn(line->usage, " "),
                         line->usage, line->wanted);
    else if (status == WS_OK)
        status = work(context, &arguments, &error);
    ws_arena_release(&arguments.arena);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}

static enum ws_status no_such_subcommand(const struct command_line *line, const char *seen,
                                         struct ws_error *err)
{
    const int size = (int)strcspn(line->usage, " ");
    const char *names[32];
    const size_t count = line->subcommand_count < 32 ? line->subcommand_count : 32;
    for (size_t i = 0; i < count; i++)
        names[i] = line->subcommands[i].name;
    const char *nearest = seen ? ws_nearest_name(seen, names, count) : NULL;
    if (!seen)
        return ws_fail(err, WS_INVALID, "%.*s: %s", size, line->usage, line->wanted);
    if (nearest)
        return ws_fail(err, WS_INVALID, "%.*s: no '%.80s'; did you mean '%s'?", size, line->usage,
                       seen, nearest);
    return ws_fail(err, WS_INVALID, "%.*s: no '%.80s'; --help lists what there is", size,
                   line->usage, seen);
}

int command_of_several(const struct command_line *line, int argc, char **argv)
{
    struct ws_error error;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        print_help(line);
        return EXIT_DONE;
    }
    for (size_t i = 0; argc > 1 && i < line->subcommand_count; i++)
        if (strcmp(argv[1], line->subcommands[i].name) == 0)
            return line->subcommands[i].run(argc - 1, argv + 1);
    return report(no_such_subcommand(line, argc > 1 ? argv[1] : NULL, &error), &error);
}

bool arguments_name(const struct arguments *arguments, const char *setting)
{
    for (size_t i = 0; i < arguments->given_count; i++)
        if (strcmp(arguments->given[i]->name, setting) == 0)
            return true;
    return false;
}

/* Commands to be typed ------------------------------------------------------------------------- */

enum { COMMAND_WIDTH = 80, COMMAND_INDENT = 5, BACKSLASH = 2 };

/* The command that is being printed. */
static struct {
    FILE *out; /* NULL: none is */
    int column;
} typed;

/* A blank and text that is broken nowhere. */
static void print_piece(const char *text)
{
    const int width = 1 + width_of(text);
    FILE *out = typed.out ? typed.out : stdout;
    if (typed.out && typed.column + width > COMMAND_WIDTH - BACKSLASH) {
        (void)fprintf(out, " \\\n%*s", COMMAND_INDENT, "");
        typed.column = COMMAND_INDENT;
    }
    (void)fprintf(out, " %s", text);
    typed.column += width;
}

void begin_command(FILE *out, const char *lead)
{
    (void)fputs(lead, out);
    typed.out = out;
    const char *line = strrchr(lead, '\n');
    typed.column = width_of(line ? line + 1 : lead);
    print_word(program_invocation_name);
}

void end_command(const char *comment)
{
    const bool fits = !comment || typed.column + 3 + width_of(comment) <= COMMAND_WIDTH;
    if (comment)
        (void)fprintf(typed.out, "%s # %s", fits ? "" : "\n   ", comment);
    (void)fputc('\n', typed.out);
    typed.out = NULL;
}

/* A shell takes these as they are. */
static bool is_plain(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "%+,-./:=@_")] == '\0';
}

/* Within single quotes nothing has a meaning but they themselves. Behind a dollar they hold
 * escapes, in bash and the next POSIX: a terminal would obey control characters. */
static void append_word(const char *word, struct ws_buffer *out)
{
    const bool escapes = !ws_is_one_line(word);
    if (*word && is_plain(word)) {
        ws_buffer_text(out, word);
        return;
    }
    ws_buffer_text(out, escapes ? "$'" : "'");
    for (const char *c = word; *c; c++)
        if (escapes && (*c < ' ' || *c > '~'))
            ws_buffer_format(out, "\\%03o", (unsigned)(unsigned char)*c);
        else if (*c == '\'')
            ws_buffer_text(out, escapes ? "\\'" : "'\\''");
        else if (*c == '\\' && escapes)
            ws_buffer_text(out, "\\\\");
        else
            ws_buffer_append(out, c, 1);
    ws_buffer_text(out, "'");
}

void print_safely(const char *words)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    if (ws_is_one_line(words))
        ws_buffer_text(&text, words);
    else
        append_word(words, &text);
    (void)fputs(text.status == WS_OK ? ws_buffer_string(&text) : "?", stdout);
    ws_buffer_release(&text);
}

/* `before` and a word. */
static void print_after(const char *before, const char *word)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_text(&text, before);
    append_word(word, &text);
    print_piece(text.status == WS_OK ? ws_buffer_string(&text) : word);
    ws_buffer_release(&text);
}

void print_word(const char *word)
{
    print_after("", word);
}

void print_flag_word(const char *flag, const char *word)
{
    char before[64];
    (void)snprintf(before, sizeof before, "--%s ", flag);
    if (word)
        print_after(before, word);
}

void print_words(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const bool made = vasprintf(&text, format, arguments) >= 0;
    va_end(arguments);
    if (made)
        print_piece(text);
    free(made ? text : NULL);
}

/* One that a later one replaces is left out. */
static bool is_replaced(const struct arguments *arguments, size_t i)
{
    for (size_t later = i + 1; later < arguments->override_count; later++)
        if (strcmp(arguments->overrides[later].name, arguments->overrides[i].name) == 0)
            return true;
    return false;
}

void print_settings(const struct arguments *arguments, const char *except)
{
    for (size_t i = 0; i < arguments->override_count; i++) {
        const struct ws_override *setting = &arguments->overrides[i];
        if (is_replaced(arguments, i) || (except && strcmp(setting->name, except) == 0))
            continue;
        char name[80];
        (void)snprintf(name, sizeof name, "--set %s=", setting->name);
        print_after(name, setting->value);
    }
}

void print_row_name(const char *name, const char *mark, int width)
{
    if (strlen(name) + strlen(mark) > (size_t)width) {
        (void)printf("%s%s\n", name, mark);
        name = mark = "";
    }
    (void)printf("%s%-*s", name, width - (int)strlen(name), mark);
}

/* Messages and exit statuses ------------------------------------------------------------------- */

int report(enum ws_status status, const struct ws_error *error)
{
    (void)fprintf(stderr, "wellspring: %s\n", error->message);
    /* A fault in the command line or the experiment file; a changed setting is one too. */
    return status == WS_INVALID || status == WS_CONFLICT ? EXIT_USAGE : EXIT_FAILED;
}

enum ws_status print_json(json_t *json, const char *what, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append_pretty(json, &text);
    json_decref(json);
    enum ws_status status = ws_buffer_check(&text, what, err);
    if (status == WS_OK)
        (void)printf("%s\n", ws_buffer_string(&text));
    ws_buffer_release(&text);
    return status;
}

bool can_be_replaced(const char *path)
{
    struct stat about;
    return lstat(path, &about) != 0 || S_ISREG(about.st_mode);
}

static enum ws_status write_into(const char *path, struct ws_bytes bytes, struct ws_error *err)
{
    FILE *stream = fopen(path, "w");
    if (!stream)
        return ws_fail_system(err, "write", path);
    bool written = fwrite(bytes.data, 1, bytes.size, stream) == bytes.size && fflush(stream) == 0;
    enum ws_status status = written ? WS_OK : ws_fail_system(err, "write", path);
    (void)fclose(stream);
    return status;
}

enum ws_status write_output(const char *path, struct ws_bytes bytes, struct ws_error *err)
{
    if (path && strcmp(path, "-") != 0)
        return can_be_replaced(path) ? ws_file_replace(path, bytes, err)
                                     : write_into(path, bytes, err);
    (void)fwrite(bytes.data, 1, bytes.size, stdout); /* main() asks at the end how it went */
    return WS_OK;
}

int finish_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    (void)fprintf(stderr, "wellspring: cannot write the results to standard output\n");
    return status == EXIT_DONE ? EXIT_FAILED : status;
}

/* Experiments ---------------------------------------------------------------------------------- */

static const struct preset *find_preset(const char *name)
{
    for (size_t i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

const char *preset_names(struct ws_arena *arena)
{
    const char *all = "";
    for (size_t i = 0; i < preset_count && all; i++) {
        const char *joint = i == 0 ? "" : i + 1 < preset_count ? ", " : " and ";
        all = ws_arena_format(arena, "%s%s%s", all, joint, presets[i].name);
    }
    return all;
}

static enum ws_status no_such_experiment(const char *what, struct ws_arena *arena,
                                         struct ws_error *err)
{
    const char *names[64] = {NULL};
    size_t count = preset_count < 64 ? preset_count : 64;
    for (size_t i = 0; i < count; i++)
        names[i] = presets[i].name;
    const char *nearest = ws_nearest_name(what, names, count);
    if (nearest)
        return ws_fail(err, WS_INVALID, "no file and no preset '%.80s'; did you mean '%s'?", what,
                       nearest);
    const char *all = preset_names(arena);
    if (!all)
        return no_memory(err);
    return ws_fail(err, WS_INVALID, "no file and no preset '%.80s'; presets are %s", what, all);
}

enum ws_status load_experiment(const char *what, const struct arguments *arguments,
                               struct ws_experiment *out, struct ws_error *err)
{
    const struct preset *preset = find_preset(what);
    if (preset)
        return ws_experiment_parse(ws_bytes_of(preset->text, preset->size), preset->name,
                                   preset->name, arguments->overrides, arguments->override_count,
                                   NULL, out, err);
    enum ws_status status =
        ws_experiment_read(what, arguments->overrides, arguments->override_count, NULL, out, err);
    if (status == WS_NOT_FOUND) {
        struct ws_arena arena;
        ws_arena_init(&arena, NULL);
        status = no_such_experiment(what, &arena, err);
        ws_arena_release(&arena);
    }
    return status;
}

/* Loads experiments into `chain`, each the one that the `then` of the one before names. */
static enum ws_status load_chain(const char *what, const struct arguments *arguments, bool follow,
                                 struct experiment_chain *chain, struct ws_error *err)
{
    while (what[0] != '\0') {
        if (chain->count == MOST_EXPERIMENTS)
            return ws_fail(err, WS_INVALID,
                           "more than %d experiments follow '%.80s'; does 'then' lead back?",
                           MOST_EXPERIMENTS, chain->names[0]);
        struct ws_experiment *experiment = &chain->experiments[chain->count];
        WS_TRY(load_experiment(what, arguments, experiment, err));
        chain->names[chain->count++] = what;
        what = follow ? experiment->settings.then : "";
    }
    return WS_OK;
}

int visit_experiments(const char *what, const struct arguments *arguments, bool follow,
                      experiment_visit *visit, void *context)
{
    struct experiment_chain chain = {.count = 0};
    struct ws_error error;
    enum ws_status status =
        load_chain(what, arguments, follow && arguments->override_count == 0, &chain, &error);
    int exit_status = status == WS_OK ? EXIT_DONE : report(status, &error);
    for (size_t i = 0; i < chain.count && exit_status == EXIT_DONE; i++)
        exit_status = visit(context, chain.names[i], &chain.experiments[i], i + 1 == chain.count);
    for (size_t i = 0; i < chain.count; i++)
        ws_experiment_release(&chain.experiments[i]);
    return exit_status;
}

/* The presets' corpus is that of the source tree, or else what was installed. */
static void find_corpus(struct ws_experiment *experiment)
{
    const char **corpus = &experiment->data.corpus;
    if (strcmp(*corpus, PRESET_CORPUS) != 0 || ws_file_exists(*corpus))
        return;
    const char *installed = installed_corpus(&experiment->arena);
    if (installed)
        *corpus = installed;
}

enum ws_status open_human(struct ws_experiment *experiment, struct ws_human **out,
                          struct ws_error *err)
{
    find_corpus(experiment);
    enum ws_status status = ws_experiment_open_human(experiment, NULL, out, err);
    const char *corpus = experiment->data.corpus;
    const bool is_named = corpus[0] != '\0';
    if (status == WS_NOT_FOUND && is_named && !ws_file_exists(corpus) &&
        !ws_directory_exists(corpus)) {
        const struct ws_error inner = *err;
        const char *fetched = strcmp(corpus, PRESET_CORPUS) == 0
                                  ? "in the source tree './dev corpus' fetches it, "
                                  : "";
        status =
            ws_fail(err, status, "%s; %s--set corpus=PATH takes another", inner.message, fetched);
    }
    return status;
}

enum ws_status choose_device(const struct ws_device_settings *settings, struct ws_arena *arena,
                             struct ws_device_choice *out, struct ws_error *err)
{
    return ws_device_choose(settings, installed_module(arena, WS_CUDA_MODULE_FILE), out, err);
}

const char *run_directory(const struct ws_experiment *experiment, const char *output,
                          struct ws_arena *arena)
{
    return output ? output : ws_arena_format(arena, "runs/%s", experiment->name);
}
