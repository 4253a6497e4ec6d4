/*
 * The user's own model: two commands, one that trains and one that samples.
 *
 * Both are lines for /bin/sh in which words in braces stand for what Wellspring fills in, quoted:
 *
 *   train    {data} {model}          reads items from the file {data}, writes a model, one file
 *   sample   {model} {items} {out}   reads the model, writes {items} items to the file {out}
 *   both     {seed}                  a whole number below 2^31: the same for the same call
 *            {threads} {types} {dimension} {length}
 *
 * Items are JSON objects, one a line (docs/guides/external.md). What a run makes of a seed is the
 * same again only if the commands see to it. Files lie in a directory of their own under $TMPDIR or
 * /var/tmp, which is removed. Stored form: docs/formats/external.md. Contract:
 * tests/unit/test_external.c, tests/unit/test_families.c, tests/cli/external.sh.
 */
#ifndef WS_MODELS_EXTERNAL_H
#define WS_MODELS_EXTERNAL_H

#include "models/family.h"

struct ws_external_settings {
    const char *train;
    const char *sample;
    double command_seconds; /* that a command may take */
    uint64_t model_bytes;   /* that a model may have */
};

struct ws_external_model {
    struct ws_model base;
    enum ws_data_kind kind; /* of the items it was trained on, as the three below */
    uint32_t types;
    uint32_t dimension;
    uint64_t length; /* tokens of the longest item; 0 for other kinds */
    struct ws_bytes bytes;
};

/* One item a line, in order. */
enum ws_status ws_external_write_items(const struct ws_dataset *data, struct ws_buffer *out,
                                       struct ws_error *err);

/* What a command wrote: `count` items like the model's. A pure function of hostile bytes.
 * WS_CORRUPT names the line; messages start with `name`. */
WS_MUST_CHECK enum ws_status ws_external_read_items(struct ws_bytes text, const char *name,
                                                    const struct ws_external_model *model,
                                                    uint64_t count, struct ws_arena *arena,
                                                    struct ws_payload *out, struct ws_error *err);

#endif
