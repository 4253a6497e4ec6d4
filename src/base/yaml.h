/*
 * The YAML of experiment files, through libyaml: one mapping from names to scalars or to lists of
 * scalars. Anything else (nesting, anchors, tags, several documents, a key twice) is an error that
 * names the line. A pure function of bytes; fuzz target tests/fuzz/fuzz_experiment.c.
 * Contract: tests/unit/test_yaml.c.
 */
#ifndef WS_BASE_YAML_H
#define WS_BASE_YAML_H

#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_yaml_entry {
    const char *name;
    const char *text; /* a scalar as written; a list is joined by ',' */
    size_t line;      /* of the name, from 1 */
};

struct ws_yaml {
    const struct ws_yaml_entry *entries; /* in file order */
    size_t count;
};

/* At most 1 MiB and 1,000 entries; every fault of the text is WS_INVALID. `name` is the file's, for
 * messages. Items of lists must not contain ','. */
WS_MUST_CHECK enum ws_status ws_yaml_parse(struct ws_bytes text, const char *name,
                                           struct ws_arena *arena, struct ws_yaml *out,
                                           struct ws_error *err);

#endif
