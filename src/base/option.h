/*
 * One table of options a module, from which come its parser, flags, help, and the canonical text
 * that is hashed into a run.
 *
 * A module declares a struct of settings and a table that says where each option lies in it. Values
 * arrive as text (default, experiment file, command line), are checked against the table and
 * stored; the same table prints them back in one canonical form. Later sources overwrite earlier
 * ones. Contract: tests/unit/test_option.c.
 */
#ifndef WS_BASE_OPTION_H
#define WS_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

enum ws_option_type {
    WS_OPTION_UNKNOWN = 0,
    WS_OPTION_FLAG,   /* bool: true or false */
    WS_OPTION_WHOLE,  /* uint64_t in [min, max]; 1e6 and 250k are fine, 1.5 is not */
    WS_OPTION_REAL,   /* double in [min, max], finite */
    WS_OPTION_TEXT,   /* const char *, one line, owned by the arena given to ws_option_set */
    WS_OPTION_CHOICE, /* uint32_t: the index into `choices` */
    WS_OPTION_LIST,   /* struct ws_text_list: texts separated by commas, none empty */
};

struct ws_text_list {
    const char **items;
    size_t count;
};

enum {
    WS_OPTION_EXECUTION = 1, /* how, not what: never part of the canonical text */
    WS_OPTION_GROWS = 2,     /* may be raised when a run is resumed */
    WS_OPTION_LATER =
        8, /* came later: at its default it is no part of the text, which is as before */
    WS_OPTION_INPUT = 4, /* a path: known by what is there, so it is no part of the text either */
};

struct ws_option {
    const char *name; /* lower case, words joined by '_' */
    enum ws_option_type type;
    size_t offset;       /* of the field in the module's settings */
    double min, max;     /* of the value; `min` is the fewest items of a list */
    const char *initial; /* the default, as text; NULL: must be given */
    const char *choices; /* "mle|unbiased" for WS_OPTION_CHOICE, else NULL */
    unsigned traits;     /* of the enumeration above */
    const char *help;    /* one line: what it is, in which unit */
};

/* A table and what it belongs to. */
struct ws_option_table {
    const char *owner; /* "experiment", "family gaussian": for messages and help */
    const struct ws_option *options;
    size_t count;
};

const struct ws_option *ws_option_find(const struct ws_option_table *table, const char *name);

/* Every default of the table into `settings`; options without one are left zero. */
WS_MUST_CHECK enum ws_status ws_options_defaults(const struct ws_option_table *table,
                                                 void *settings, struct ws_arena *arena,
                                                 struct ws_error *err);

/* Checks `text` and stores it; a refused value leaves the settings as they were. `where` starts the
 * message of an error, for example "quickstart.yaml:7" or "--set". WS_INVALID: "quickstart.yaml:7:
 * 'seeds' is '0', wanted a whole number from 1 to 1000000". */
WS_MUST_CHECK enum ws_status ws_option_set(const struct ws_option *option, void *settings,
                                           const char *text, const char *where,
                                           struct ws_arena *arena, struct ws_error *err);

/* The value in canonical form: counts in decimal, reals with the fewest digits that read back the
 * same, lists joined by ','. */
void ws_option_print(const struct ws_option *option, const void *settings, struct ws_buffer *out);

/* "name=value\n" for every option that is neither WS_OPTION_EXECUTION nor WS_OPTION_INPUT, in table
 * order; those that grow only if `with_growing`, and those that came later unless at their
 * defaults.
 */
void ws_options_canonical(const struct ws_option_table *table, const void *settings,
                          bool with_growing, struct ws_buffer *out);

/* The help of one option in one line, with its default and range. */
void ws_option_help(const struct ws_option *option, struct ws_buffer *out);

/* The help of a table: two columns, at most 100 wide, defaults and ranges shown. */
void ws_options_help(const struct ws_option_table *table, struct ws_buffer *out);

/* WS_INVALID for a value that the option does not take: says what was seen, what was wanted and, of
 * choices, which was probably meant. For modules that check what the table cannot. */
enum ws_status ws_option_refused(const struct ws_option *option, const char *text,
                                 const char *where, struct ws_error *err);

/* WS_INVALID for a name that none of the tables has: "quickstart.yaml:7: unknown setting
 * 'generatoins'; did you mean 'generations'?" (closest name within a third of its length by
 * Damerau-Levenshtein distance, else without a suggestion). */
enum ws_status ws_option_unknown(const struct ws_option_table *const *tables, size_t table_count,
                                 const char *name, const char *where, struct ws_error *err);

/* The closest of `names`, or NULL when none is near. Also for commands and presets. */
const char *ws_nearest_name(const char *name, const char *const *names, size_t count);

#endif
