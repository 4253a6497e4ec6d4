/*
 * A text that a command is given: plain, or JSON lines by its name (.jsonl, also .gz and .zst). It
 * is read in pieces, each time that it is wanted, and may be larger than memory.
 */
#ifndef WS_CLI_TEXT_SOURCE_H
#define WS_CLI_TEXT_SOURCE_H

#include "models/nn/transformer/train_text.h"

struct text_source {
    const char *path;
    bool json_lines;
    struct ws_buffer kept; /* what cannot be read twice, a pipe for one */
    const struct ws_allocator *allocator;
};

/* `allocator` is of what waits or is kept, which may be much (base/spill.h). WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status text_source_open(const char *path,
                                              const struct ws_allocator *allocator,
                                              struct text_source *out, struct ws_error *err);
void text_source_close(struct text_source *source); /* zeroed is fine */

/* Its tokens, behind those in `out`. */
WS_MUST_CHECK enum ws_status text_source_collect(const struct text_source *source,
                                                 struct ws_train_text *out, struct ws_error *err);
/* Trains on the sources, one behind the other. */
WS_MUST_CHECK enum ws_status text_sources_teach(const struct text_source *sources, size_t count,
                                                struct ws_tokenizer_training *training,
                                                struct ws_error *err);

#endif
