/*
 * A text that a command is given: plain, or JSON lines by its name (.jsonl, also .gz and .zst).
 */
#ifndef WS_CLI_TEXT_SOURCE_H
#define WS_CLI_TEXT_SOURCE_H

#include "models/nn/transformer/train_text.h"

struct text_source {
    const char *path;
    struct ws_buffer bytes; /* released by the caller, also after a failure */
    bool json_lines;
};

WS_MUST_CHECK enum ws_status text_source_read(const char *path, struct text_source *out,
                                              struct ws_error *err);
WS_MUST_CHECK enum ws_status text_source_collect(const struct text_source *source,
                                                 struct ws_train_text *out, struct ws_error *err);

#endif
