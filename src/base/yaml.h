/*
 * The YAML of experiment files, through libyaml: one mapping from names to scalars, to lists of
 * scalars, or to lists of flat mappings. Files of published experiments have lists of such
 * mappings, too. Anything else (deeper nesting, anchors, tags, several documents, a key twice) is
 * an error that names the line. Pure functions of bytes; fuzz targets tests/fuzz/fuzz_experiment.c,
 * tests/fuzz/fuzz_reproduction.c. Contract: tests/unit/test_yaml.c.
 */
#ifndef WS_BASE_YAML_H
#define WS_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_yaml_entry {
    const char *name;
    const char *text; /* a scalar as written; a list is joined by ',', "a=1 b=2" a mapping in it */
    size_t line;      /* of the name, from 1 */
    bool list;
};

struct ws_yaml {
    const struct ws_yaml_entry *entries; /* in file order */
    size_t count;
};

/* At most 1 MiB and 1,000 entries; every fault of the text is WS_INVALID. `name` is the file's, for
 * messages. Items of lists must not contain ',', values of mappings in them neither that nor a
 * blank. */
WS_MUST_CHECK enum ws_status ws_yaml_parse(struct ws_bytes text, const char *name,
                                           struct ws_arena *arena, struct ws_yaml *out,
                                           struct ws_error *err);

/* A mapping that is an item of a list. */
struct ws_yaml_part {
    const char *list; /* the list's name */
    size_t line;      /* of the mapping's first name */
    struct ws_yaml settings;
};

struct ws_yaml_parts {
    struct ws_yaml head;              /* what is no list of mappings */
    const struct ws_yaml_part *parts; /* in file order */
    size_t count;
};

/* The same, for a mapping whose lists may hold mappings of scalars and lists of scalars: at most
 * 1,000 of at most 100 entries each. */
WS_MUST_CHECK enum ws_status ws_yaml_parse_parts(struct ws_bytes text, const char *name,
                                                 struct ws_arena *arena, struct ws_yaml_parts *out,
                                                 struct ws_error *err);

#endif
