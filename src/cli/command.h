/*
 * What the commands share: their arguments, their exit statuses, their messages.
 *
 * Results go to stdout, everything else to stderr. A command prints one line for what went wrong
 * and returns an exit status; only main.c leaves the program.
 */
#ifndef WS_CLI_COMMAND_H
#define WS_CLI_COMMAND_H

#include "base/json.h"
#include "lab/run.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_VERIFIED = 3, /* what was to be checked is not so */
};

/* clang-format off */
#define WS_COMMANDS(X)                                                                  \
    X(run,       "run or resume an experiment: an experiment file or a preset")         \
    X(plan,      "what would run: arms, time, memory, disk; runs nothing")              \
    X(reproduce, "published experiments against their published numbers")               \
    X(attribute, "which of three errors lost how much: statistical, expressivity, fit")  \
    X(profile,   "a run by eight published definitions of collapse, each with its test")    \
    X(theory,    "a run's curves beside the closed forms that are known for them")         \
    X(runs,      "list the runs in a directory")                                        \
    X(report,    "runs as one HTML file: words, charts, texts, settings; opens offline") \
    X(export,    "a run's metrics as CSV, JSON lines or Parquet")                       \
    X(plot,      "figures of runs: SVG, PDF, PNG, TikZ")                                    \
    X(compare,   "runs side by side: settings that differ, metrics with intervals")     \
    X(serve,     "runs in a browser: a live dashboard")                                 \
    X(train,     "train a transformer on text, or go on training one")                  \
    X(generate,  "texts from a model: sampled, greedy, or by beam search")              \
    X(evaluate,  "a model against reference numbers, or over a text")                   \
    X(tokenize,  "text to token ids and back; training a tokenizer")                      \
    X(fingerprint, "what stands for a document in the registry: digest, ISCC, fingerprints") \
    X(ledger,    "logs of who made which data: signed, witnessed, only ever growing")   \
    X(witness,   "cosign logs of others when they only grew, with the time")           \
    X(shard,     "fingerprints of documents, sorted, with proofs of what is not there")  \
    X(index,     "all shards that a log names as one, signed by a mirror")             \
    X(lookup,    "whose a document is: human or which model, since when, on whose word") \
    X(vault,     "preserved originals: each once, with when and where from")
/* clang-format on */

#define X(name, summary) int cmd_##name(int argc, char **argv);
WS_COMMANDS(X)
#undef X

/* One flag of a command. A flag without a value sets *flag. */
struct flag {
    const char *name;  /* without the dashes */
    char letter;       /* or 0 */
    const char *value; /* what to call its value in the help; NULL when it takes none */
    const char *help;
    bool *set;
    const char **text;
};

/* A command line taken apart. Settings may be given as --set name=value or as --name value. */
struct arguments {
    struct ws_arena arena;
    const char **positional;
    size_t positional_count;
    struct ws_override *overrides;
    size_t override_count;
    const struct ws_option **given; /* settings of the command's tables that were named */
    size_t given_count;
    bool help;
};

/* A table of settings of a command, and where they are kept: --learning-rate 1e-3 sets
 * learning_rate, --keep-best sets the flag keep_best. */
struct command_settings {
    const struct ws_option_table *table;
    void *settings;
};

/* One of several commands under one name: "ledger add". */
struct subcommand {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* its own name is argv[0] */
};

struct command_line {
    const char *usage; /* "run FILE|PRESET [options]" */
    const char *about; /* a few lines, each at most 100 columns */
    const struct flag *flags;
    size_t flag_count;
    const struct command_settings *settings;
    size_t settings_count;
    bool takes_settings; /* those of experiments */
    size_t positional_most;
    const char *wanted; /* of command_of_one: "which run? 'wellspring runs' lists them" */
    const struct subcommand *subcommands; /* of command_of_several */
    size_t subcommand_count;
};

/* Settings get their defaults first; texts in them live in the arena. WS_INVALID for an unknown
 * flag, a missing value, one that a setting does not take, or too many arguments. --help is taken
 * by every command. The caller releases the arena, also after a failure. */
WS_MUST_CHECK enum ws_status arguments_parse(const struct command_line *line, int argc, char **argv,
                                             struct arguments *out, struct ws_error *err);
void print_help(const struct command_line *line);

/* What a command does with its arguments, one positional at least. */
typedef enum ws_status command_work(void *context, const struct arguments *arguments,
                                    struct ws_error *err);

/* The whole of a command that wants a run or an experiment, or several where its line takes
 * several: takes its line apart, prints its help or does its work, and returns the exit status. */
int command_of_one(const struct command_line *line, int argc, char **argv, command_work *work,
                   void *context);

/* The whole of a command that is several: its first argument names which, and the rest is that
 * one's. Manual and completions tell of each. */
int command_of_several(const struct command_line *line, int argc, char **argv);

/* Whether a setting of the command's tables was named, whatever its value. */
bool arguments_name(const struct arguments *arguments, const char *setting);

/* The name of a table's row and what marks it, `width` columns wide; on a line of its own above the
 * row where it is longer. */
void print_row_name(const char *name, const char *mark, int width);

/* A command as it can be typed, after `lead`: the program as it was called, then what the following
 * print, and maybe what it is for. A line that would be wider than 80 columns goes on in the next.
 */
void begin_command(FILE *out, const char *lead);
void end_command(const char *comment); /* or NULL */
/* Prints a blank and words of a command as they are. */
void print_words(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a blank and a word of a command, quoted where a shell needs it. */
void print_word(const char *word);
/* Likewise " --flag word", in one line; nothing where the word is NULL. */
void print_flag_word(const char *flag, const char *word);

/* Words from outside: as they are where they are one line of text, else as a command would have
 * them, for a terminal obeys what stands in them. */
void print_safely(const char *words);
/* Likewise the settings that were given of an experiment, so that they can be given again, all but
 * `except` (NULL: none). */
void print_settings(const struct arguments *arguments, const char *except);

/* Prints "wellspring: <message>" and returns the exit status that belongs to it. */
int report(enum ws_status status, const struct ws_error *error);

/* Prints results as JSON and gives `json` back; NULL is memory that ran out while it was made.
 * `what` is for messages: "the results". */
WS_MUST_CHECK enum ws_status print_json(json_t *json, const char *what, struct ws_error *err);

/* False: a device, a pipe or a link, which would be gone when a file took its place. It is written
 * to, or to what it points to. */
bool can_be_replaced(const char *path);
/* Replaces the file, whole or not at all, where it can be; without a path, or where that is "-", to
 * stdout. */
WS_MUST_CHECK enum ws_status write_output(const char *path, struct ws_bytes bytes,
                                          struct ws_error *err);

/* Flushes stdout and returns `status`, or 1 when results could not be written. */
int finish_output(int status);

/* "discrete, gaussian and quickstart": all presets that are built in; NULL when memory is out. */
const char *preset_names(struct ws_arena *arena);

/* Reads the preset or file `what` and applies the overrides. */
WS_MUST_CHECK enum ws_status load_experiment(const char *what, const struct arguments *arguments,
                                             struct ws_experiment *out, struct ws_error *err);

/* What a command does with an experiment that `what` names; `last` when none follows. */
typedef int experiment_visit(void *context, const char *what, struct ws_experiment *experiment,
                             bool last);

/* Loads `what` and, with `follow` and when no setting was changed, what its `then` names, and so
 * on; then visits them in order, until one gives another exit status than EXIT_DONE. */
int visit_experiments(const char *what, const struct arguments *arguments, bool follow,
                      experiment_visit *visit, void *context);

/* Opens the experiment's human data and checks that the family can take them. */
WS_MUST_CHECK enum ws_status open_human(struct ws_experiment *experiment, struct ws_human **out,
                                        struct ws_error *err);

/* The device of these settings, by the CUDA module that came with the program. */
WS_MUST_CHECK enum ws_status choose_device(const struct ws_device_settings *settings,
                                           struct ws_arena *arena, struct ws_device_choice *out,
                                           struct ws_error *err);

/* The directory a run of `experiment` goes to: `output`, or runs/<name>. */
const char *run_directory(const struct ws_experiment *experiment, const char *output,
                          struct ws_arena *arena);

#endif
